"""Loading a list: against ``csv.reader`` with INSERT OR IGNORE into the same table and indexes."""

from __future__ import annotations

import csv
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from skymms import SendMMS, Slideshow
from skymms.broadcast import Ledger, read_recipients

MESSAGE = SendMMS(Slideshow("Spring", subject="Spring").slide("Hi!", image="http://a.example/a.jpg"), sender="60856")


def write_list(path: Path, count: int) -> None:
    """Write a list in which one number in fifty is there twice."""
    chosen = random.Random(1)
    numbers = chosen.sample(range(15_550_000_000, 15_559_999_999), count)
    with path.open("w") as file:
        file.write("mobile,first_name,city\n")
        for at, number in enumerate(numbers):
            file.write(f"{numbers[at - 7] if at % 50 == 49 else number},Ada{at % 1000},Springfield\n")


def plain(path: Path, database: Path) -> None:
    """Load the numbers without a library, in transactions of 10,000 that are synced."""
    with Ledger(database) as ledger:
        ledger.create("first", MESSAGE, ["15551234888"])
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_mode = PERSIST")
    sql = "INSERT OR IGNORE INTO skymms_message (broadcast, number, line, variant) VALUES (1, ?, ?, 1)"
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        next(rows)
        numbered = ((row[0], line) for line, row in enumerate(rows, 2))
        while chunk := list(islice(numbered, 10_000)):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(sql, chunk)
            connection.execute("COMMIT")
    connection.close()


def ours(path: Path, database: Path) -> None:
    """Load the list as a user does."""
    with Ledger(database) as ledger:
        ledger.create("spring", MESSAGE, read_recipients(path))


def compare(count: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the seconds and the CPU seconds of both."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "people.csv")
        write_list(path, count)

        def timed(load: Callable[[Path, Path], None]) -> tuple[float, float]:
            started, cpu = time.perf_counter(), time.process_time()
            load(path, Path(directory, f"{load.__name__}.db"))
            return time.perf_counter() - started, time.process_time() - cpu

        return timed(ours), timed(plain)
