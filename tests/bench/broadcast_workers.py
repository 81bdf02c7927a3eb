"""Messages a second of several processes on PostgreSQL. ``broadcast_workers.py LEDGER [URL]`` is one of them.

Without a URL its gateway accepts everything at once and in the same process, so that only skymms and the database work.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from broadcast_load import MESSAGE
from broadcast_rate import ANSWER
from broadcast_size import StandIn
from flight import Slow
from stores import SERVER, in_schema

from skymms import Account
from skymms.aio import AsyncClient
from skymms.broadcast import Ledger


def work(where: str, url: str | None = None) -> None:
    """Wait for a line, run the broadcast, and print the seconds of CPU time that this took."""

    async def run(ledger: Ledger, client: Any) -> None:
        before = time.process_time()
        await ledger["spring"].run_async(client)
        print(time.process_time() - before)

    async def with_client(ledger: Ledger) -> None:
        async with AsyncClient(Account("k" * 32, url=url)) as client:
            await run(ledger, client)

    with Ledger(where) as ledger:
        print("ready", flush=True)
        sys.stdin.readline()
        asyncio.run(run(ledger, StandIn(10**9)) if url is None else with_client(ledger))


def measure(processes: int, count: int, url: str | None) -> tuple[float, float]:
    """Return messages a second of so many processes together, and microseconds of their CPU time a message."""
    import psycopg

    schema = f"skymms_bench_{secrets.token_hex(4)}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE SCHEMA {schema}".encode())
        try:
            where = in_schema(SERVER, schema)
            with Ledger(where) as ledger:
                ledger.create("spring", MESSAGE, (f"1555{at:07}" for at in range(count)))
            command = [sys.executable, __file__, where, *([url] if url else [])]
            workers = [
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
                for _ in range(processes)
            ]
            for worker in workers:
                assert worker.stdout is not None
                assert worker.stdout.readline() == "ready\n"
            for worker in workers:
                assert worker.stdin is not None
                worker.stdin.write("\n")
                worker.stdin.flush()
            used = sum(float(worker.communicate()[0]) for worker in workers)
            assert [worker.returncode for worker in workers] == [0] * processes
            # Processes look for the end of the broadcast once a second: that is not counted.
            times = f"SELECT count(*), max(updated_at) - min(sent_at) FROM {schema}.skymms_message WHERE state = 'accepted'"
            accepted, seconds = server.execute(times.encode()).fetchone() or (0, 0)
            assert accepted == count
        finally:
            server.execute(f"DROP SCHEMA {schema} CASCADE".encode())
    return float(count / seconds), used / count * 1e6


def compare(count: int) -> list[tuple[int, tuple[float, float], tuple[float, float]]]:
    """Measure 1, 2 and 4 processes: with a gateway that takes 50 ms, and without requests."""
    with Slow(0.05, ANSWER) as gateway:
        return [(number, measure(number, count, gateway.url), measure(number, 2 * count, None)) for number in (1, 2, 4)]


if __name__ == "__main__":
    work(*sys.argv[1:])
