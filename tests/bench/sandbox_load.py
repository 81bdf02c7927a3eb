"""Measures the sandbox under load: 100 connections send 100,000 messages as fast as the sandbox responds.

``python tests/bench/sandbox_load.py`` prints a table; ``--write`` also puts it into performance.md. The sandbox runs as
``skymms sandbox`` in a process of its own on one core, and this process uses the other cores. CPU time and memory are read from
/proc, so the benchmark needs Linux. A busy machine reduces the sends a second, but not the CPU time of a send.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import page

from skymms import Account, SendMMS, Slideshow

CONNECTIONS = 100
#: The numbers of sends after which the server is measured.
MEASURE_AFTER = (10_000, 50_000, 100_000)

SEND = SendMMS(
    Slideshow("Membership coupon", subject="Free coupon!")
    .slide("Hi! Thank you for joining us!", image="http://www.yoursite.com/images/welcome.jpg", duration=5)
    .slide("Please enjoy!", passbook="http://www.yoursite.com/pass/coupon.pkpass", duration=5),
    to="15551234888",
    sender="60856",
)


class Measurement(NamedTuple):
    """The server after a number of sends: the time, its CPU seconds, and its resident megabytes."""

    sends: int
    at: float
    cpu: float
    megabytes: float


# ------------------------------------------------------------------------------------------------ the server


@contextmanager
def run_sandbox(core: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Run `skymms sandbox` on one core; yield its process id and its JSON description."""
    command = [sys.executable, "-m", "skymms", "sandbox", "--json"]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, {core})
    )
    assert server.stdout is not None
    try:
        yield server.pid, json.loads(b"".join(iter(server.stdout.readline, b"}\n")) + b"}")
    finally:
        server.kill()
        server.wait()


def measure(process: int, sends: int) -> Measurement:
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    resident = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    cpu = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
    return Measurement(sends, time.perf_counter(), cpu, resident * os.sysconf("SC_PAGE_SIZE") / 1e6)


# ------------------------------------------------------------------------------------------------ the connections


async def send_all(address: str, process: int) -> list[Measurement]:
    """Send all messages over all connections, and return the measurements."""
    request = Account("sandbox-key", url=address).encode(SEND)
    parts = urlsplit(request.url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(request.body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    written = head.encode() + b"\r\n" + request.body
    measurements = [measure(process, 0)]
    responses = started = 0

    async def connection() -> None:
        nonlocal responses, started
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while started < MEASURE_AFTER[-1]:
            started += 1
            writer.write(written)
            head_bytes = await reader.readuntil(b"\r\n\r\n")
            length = int(head_bytes.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
            if b"<STATUS>Success</STATUS>" not in body:
                raise SystemExit(f"not sent: {body.decode()}")
            responses += 1
            if responses in MEASURE_AFTER:
                measurements.append(measure(process, responses))
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(connection())
    return measurements


# ------------------------------------------------------------------------------------------------ the table


def table(measurements: list[Measurement]) -> str:
    lines = [
        "| sends so far | a second | CPU a send | a core alone would do | memory |",
        "| --- | --- | --- | --- | --- |",
        f"| {0} | | | | {measurements[0].megabytes:.0f} MB |",
    ]
    for before, now in pairwise(measurements):
        sends, cpu = now.sends - before.sends, now.cpu - before.cpu
        rate = sends / (now.at - before.at)
        figures = f"**{rate:,.0f}** | {cpu / sends * 1e6:.0f} µs | {sends / cpu:,.0f} a second | {now.megabytes:.0f} MB"
        lines.append(f"| {now.sends:,} | {figures} |")
    return "\n".join(lines) + f"\n\nMeasured on one of {page.machine()}; {CONNECTIONS} connections.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the table into docs/explanation/performance.md")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, set(cores[1:]) or set(cores))
    with run_sandbox(cores[0]) as (process, description):
        measurements = asyncio.run(send_all(description["addresses"]["skycore"], process))
    text = table(measurements)
    print(text)
    if options.write:
        page.put("the sandbox under load", text)


if __name__ == "__main__":
    main()
