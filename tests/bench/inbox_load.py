"""Measures the inbox under load: posts a second, and how long each takes, until it is on the disk and answered.

``python tests/bench/inbox_load.py`` prints a table; ``--write`` also puts it into performance.md. The inbox runs under
uvicorn in processes of its own. SQLite's file is once in memory, where a commit then takes 5 ms longer, so that the figures of
two machines can be compared, and once on the disk. Every post is a new report, is parsed with ``read_postbacks``, and is looked
for in the store afterwards. PostgreSQL is ``SKYMMS_TEST_POSTGRES``, by
default on loopback. A busy machine reduces the posts a second, but not the CPU time of a post, which is read from /proc: this
needs Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import page

from skymms.inbox import Inbox, Secret
from skymms.inbox.storing import open_inbox
from skymms.storage.contract import Store, Transaction, same

SERVER = os.environ.get("SKYMMS_TEST_POSTGRES", "postgresql://postgres@127.0.0.1/test")
#: How much longer a commit takes, in seconds.
DELAY = 0.005
COUNT = same("SELECT count(*) FROM skymms_notice")
REPORT = (
    "<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><FROM>60856</FROM><TO>15551234888</TO><TRACKINGID>MMS_{}</TRACKINGID>"
    "<SPID>0001890</SPID><STATUS>Message Sent/Delivered</STATUS><STATUSDETAILS>The message was sent.</STATUSDETAILS>"
    "<TIMESTAMP>2026-11-30T09:00:00+00:00</TIMESTAMP><MMSID>35674</MMSID></POSTBACK>"
)


class Run(NamedTuple):
    """What is measured, and the bounds: at least so many posts a second, and the 99th percentile in seconds.

    The kinds are ``memory`` (SQLite, with emulated commits), ``disk`` (SQLite) and ``postgres``.
    """

    name: str
    kind: str
    processes: int
    connections: int
    at_least: int
    p99: float


RUNS = [
    Run("SQLite, commits of 5 ms", "memory", 1, 32, 1000, 0.25),
    Run("SQLite, commits of 5 ms", "memory", 1, 200, 1000, 1.0),
    Run("SQLite on this disk", "disk", 1, 32, 0, 0.25),
    Run("SQLite on this disk", "disk", 1, 200, 0, 1.0),
    Run("PostgreSQL, two processes", "postgres", 2, 32, 1000, 0.25),
    Run("PostgreSQL, two processes", "postgres", 2, 200, 1000, 1.0),
]


# ------------------------------------------------------------------------------------------------ the server


class _SlowStore:
    """A store whose transactions take longer to end."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._store.transaction() as transaction:
            yield transaction
        time.sleep(DELAY)


def serve(where: str, descriptor: int, delays: bool) -> None:
    import uvicorn

    store: Any = open_inbox(where)
    inbox = Inbox(_SlowStore(store) if delays else store, secret=Secret.from_env())  # type: ignore[arg-type]
    config = uvicorn.Config(inbox.asgi, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


@contextmanager
def servers(where: str, run: Run, secret: str) -> Iterator[tuple[int, list[int]]]:
    """Run the processes on one socket; yield its port and their ids."""
    open_inbox(where).close()
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        listening.setblocking(False)
        command = [sys.executable, __file__, "--serve", where, "--descriptor", str(listening.fileno())]
        command += ["--delays"] if run.kind == "memory" else []
        env = {**os.environ, "SKYMMS_INBOX_SECRET": secret}
        processes = [subprocess.Popen(command, env=env, pass_fds=[listening.fileno()]) for _ in range(run.processes)]
        try:
            yield listening.getsockname()[1], [process.pid for process in processes]
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(30)


def cpu_seconds(processes: list[int]) -> float:
    """Return the CPU seconds that processes have used."""
    ticks = 0
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def storage(kind: str) -> Iterator[str]:
    """Yield a place to store in that is deleted afterwards."""
    if kind != "postgres":
        with tempfile.TemporaryDirectory(dir="/dev/shm" if kind == "memory" else None) as directory:
            yield str(Path(directory, "inbox.db"))
        return
    import psycopg

    schema = f"skymms_bench_{secrets.token_hex(8)}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE SCHEMA {schema}".encode())
        try:
            yield f"{SERVER}{'&' if '?' in SERVER else '?'}options={quote(f'-csearch_path={schema}', safe='')}"
        finally:
            server.execute(f"DROP SCHEMA {schema} CASCADE".encode())


# ------------------------------------------------------------------------------------------------ the load


async def load(port: int, path: str, connections: int, seconds: float, processes: list[int]) -> tuple[list[float], int, float]:
    """Post over all connections; return the seconds of each stored post, the number of others, and the servers' CPU seconds."""
    times: list[float] = []
    refused = 0
    number = 0
    head = f"POST {path} HTTP/1.1\r\nHost: a.example\r\nContent-Type: text/xml\r\nContent-Length: "

    async def connection(until: float) -> None:
        nonlocal number, refused
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            number += 1
            body = REPORT.format(number)
            started = time.perf_counter()
            writer.write(f"{head}{len(body)}\r\n\r\n{body}".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            if answer.startswith(b"HTTP/1.1 200"):
                times.append(time.perf_counter() - started)
            else:
                refused += 1
        writer.close()

    # The first answer shows that the servers run.
    async with asyncio.timeout(60):
        await connection(time.perf_counter() + 0.001)
    # Its own time is that of their start.
    times.clear()
    until, cpu = time.perf_counter() + seconds, cpu_seconds(processes)
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(connection(until))
    return times, refused, cpu_seconds(processes) - cpu


def measure(run: Run, seconds: float) -> tuple[str, bool]:
    """Return a row of the table, and whether it is within its bounds."""
    secret = secrets.token_urlsafe(32)
    with storage(run.kind) as where:
        with servers(where, run, secret) as (port, processes):
            times, refused, cpu = asyncio.run(load(port, f"/mms/{secret}", run.connections, seconds, processes))
        store = open_inbox(where)
        with store.reading() as transaction:
            found = transaction.rows(COUNT)[0][0]
        store.close()
    if found != len(times) + 1:
        raise SystemExit(f"{run.name}: {len(times) + 1} posts were answered 200, and the store has {found}")
    times.sort()
    rate, p99 = len(times) / seconds, times[len(times) * 99 // 100]
    ok = rate >= run.at_least and p99 <= run.p99 and not refused
    bounds = f"{f'≥ {run.at_least:,}, ' if run.at_least else ''}≤ {run.p99 * 1000:.0f} ms"
    median, longest = times[len(times) // 2], times[-1]
    spread = " | ".join(f"{value * 1000:.0f} ms" for value in (median, p99, longest))
    figures = f"**{rate:,.0f}** | {cpu / len(times) * 1e6:.0f} µs | {spread}"
    return f"| {run.name} | {run.connections} | {figures} | {refused} | {bounds}{'' if ok else ' (missed)'} |", ok


def table(rows: list[str], seconds: float) -> str:
    lines = [
        "| store | connections | posts a second | CPU a post | median | 99th percentile | longest | not stored | bounds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        f"Measured for {seconds:.0f} s each on {page.machine()}, which also ran the load and the database; load average",
        f"{os.getloadavg()[1]:.0f}. Every post that was answered 200 was found in the store.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each row is measured")
    parser.add_argument("--write", action="store_true", help="put the table into docs/explanation/performance.md")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--descriptor", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--delays", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.descriptor, options.delays)
        return
    measured = [measure(run, options.seconds) for run in RUNS]
    text = table([row for row, _ in measured], options.seconds)
    print(text)
    if options.write:
        page.put("the inbox under load", text)
    if not all(ok for _, ok in measured):
        raise SystemExit("a bound was missed")


if __name__ == "__main__":
    main()
