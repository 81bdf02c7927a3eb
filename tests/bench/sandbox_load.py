"""What the sandbox sustains: 100 kept connections send as fast as it answers, 100,000 sends, and it runs on one core.

``python tests/bench/sandbox_load.py`` prints the table; ``--write`` also puts it into docs/performance.md. The sandbox is the
command, in a process of its own that may use one core only; this process is on the others. What it took is read from /proc,
so this runs on Linux. A busy machine makes the sends a second fewer; the CPU a send stays what it is.
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
#: How many sends there have been when it is looked at.
LOOKS = (10_000, 50_000, 100_000)

SEND = SendMMS(
    Slideshow("Membership coupon", subject="Free coupon!")
    .slide("Hi! Thank you for joining us!", image="http://www.yoursite.com/images/welcome.jpg", duration=5)
    .slide("Please enjoy!", passbook="http://www.yoursite.com/pass/coupon.pkpass", duration=5),
    to="15551234888",
    sender="60856",
)


class Look(NamedTuple):
    """The server after so many sends: when, its seconds of CPU, its resident megabytes."""

    sends: int
    at: float
    cpu: float
    megabytes: float


# ------------------------------------------------------------------------------------------------ the server


@contextmanager
def serving(core: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """`skymms sandbox` on one core: its process id, and what it says of itself."""
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


def looked(process: int, sends: int) -> Look:
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    resident = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    cpu = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
    return Look(sends, time.perf_counter(), cpu, resident * os.sysconf("SC_PAGE_SIZE") / 1e6)


# ------------------------------------------------------------------------------------------------ the callers


async def calling(address: str, process: int) -> list[Look]:
    """Everybody sends until all is sent."""
    request = Account("sandbox-key", url=address).encode(SEND)
    parts = urlsplit(request.url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(request.body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    written = head.encode() + b"\r\n" + request.body
    looks = [looked(process, 0)]
    answered = begun = 0

    async def caller() -> None:
        nonlocal answered, begun
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while begun < LOOKS[-1]:
            begun += 1
            writer.write(written)
            answer_head = await reader.readuntil(b"\r\n\r\n")
            length = int(answer_head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
            if b"<STATUS>Success</STATUS>" not in body:
                raise SystemExit(f"not sent: {body.decode()}")
            answered += 1
            if answered in LOOKS:
                looks.append(looked(process, answered))
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(caller())
    return looks


# ------------------------------------------------------------------------------------------------ telling


def table(looks: list[Look]) -> str:
    lines = [
        "| sends so far | a second | CPU a send | a core alone would do | memory |",
        "| --- | --- | --- | --- | --- |",
        f"| {0} | | | | {looks[0].megabytes:.0f} MB |",
    ]
    for before, now in pairwise(looks):
        sends, cpu = now.sends - before.sends, now.cpu - before.cpu
        rate = sends / (now.at - before.at)
        figures = f"**{rate:,.0f}** | {cpu / sends * 1e6:.0f} µs | {sends / cpu:,.0f} a second | {now.megabytes:.0f} MB"
        lines.append(f"| {now.sends:,} | {figures} |")
    return "\n".join(lines) + f"\n\nMeasured on one of {page.machine()}; {CONNECTIONS} kept connections.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    chosen = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, set(cores[1:]) or set(cores))
    with serving(cores[0]) as (process, told):
        looks = asyncio.run(calling(told["addresses"]["skycore"], process))
    text = table(looks)
    print(text)
    if chosen.write:
        page.put("the sandbox under load", text)


if __name__ == "__main__":
    main()
