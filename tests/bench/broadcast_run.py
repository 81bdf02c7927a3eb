"""Measures broadcasts and compares each figure with its bound: ``make bench-broadcast``.

``--write`` writes the table to docs/explanation/performance.md. ``--count`` is the length of the list, a million by default.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from pathlib import Path

import broadcast_load
import broadcast_rate
import broadcast_shared
import broadcast_workers
import page

Row = tuple[str, str, str, bool]


def size(count: int) -> list[Row]:
    command = [sys.executable, str(Path(__file__).with_name("broadcast_size.py")), str(count)]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    times = f"load {found['load']:.0f} s, run {found['run']:.0f} s, report {found['report']:.0f} s"
    ratio = found["last"] / found["first"]
    return [
        (f"{count:,} recipients: peak memory ({times})", f"{found['memory']:.0f} MB", "150 MB", found["memory"] <= 150),
        (
            f"CPU a message, last tenth of {count:,} against the first ({found['last']:.0f} / {found['first']:.0f} µs)",
            f"{ratio:.2f}",
            "1.2",
            ratio <= 1.2,
        ),
    ]


def load(count: int) -> list[Row]:
    (ours, our_cpu), (theirs, their_cpu) = broadcast_load.compare(count)
    return [
        (
            f"load {count:,} rows from CSV against csv.reader with INSERT OR IGNORE ({ours:.1f} / {theirs:.1f} s; CPU "
            f"{our_cpu:.1f} / {their_cpu:.1f} s)",
            f"{ours / theirs:.2f}",
            "2",
            ours / theirs <= 2,
        )
    ]


def rate(count: int, rounds: int) -> list[Row]:
    ours, theirs, ratio, share = asyncio.run(broadcast_rate.compare(count, rounds))
    return [
        (
            f"the ledger's part of a message's CPU over AsyncClient ({ours[1]:.0f} / {theirs[1]:.0f} µs)",
            f"{share:.0%}",
            "25 %, stretch 15 %",
            share <= 0.25,
        ),
        (
            f"messages a second at a gateway that takes 50 ms, against AsyncClient without a ledger ({ours[0]:,.0f} / "
            f"{theirs[0]:,.0f})",
            f"{ratio:.2f}",
            "at least 0.85",
            ratio >= 0.85,
        ),
    ]


def shared(seconds: float) -> list[Row]:
    found = broadcast_shared.measure(seconds)
    most = broadcast_shared.RATE
    rate, turns, left, arrivals = found["rate"], found["turns"], found["left"], found["arrivals"]
    what = f"4 processes, PostgreSQL, {most} a second shared, for {seconds:.0f} s"
    return [
        (what, f"{rate:.0f} a second", f"at least {0.95 * most:.0f}", rate >= 0.95 * most),
        ("the most turns of these in any second", f"{turns:.0f}", f"{most}", turns <= most),
        ("the most requests that left in any second", f"{left:.0f}", f"{1.05 * most:.0f}", left <= 1.05 * most),
        ("the most arrivals of these in any second", f"{arrivals:.0f}", f"{1.05 * most:.0f}", arrivals <= 1.05 * most),
    ]


def workers(count: int) -> list[Row]:
    return [
        (
            f"{number} {'process' if number == 1 else 'processes'}, PostgreSQL, a gateway that takes 50 ms "
            f"({cpu:.0f} µs of CPU a message; without requests {alone:,.0f} a second and {alone_cpu:.0f} µs)",
            f"{rate:,.0f} a second",
            "-",
            True,
        )
        for number, (rate, cpu), (alone, alone_cpu) in broadcast_workers.compare(count)
    ]


def table(rows: list[Row]) -> str:
    lines = ["| what | measured | bound | |", "| --- | --- | --- | --- |"]
    lines += [f"| {what} | **{figure}** | {bound} | {'' if kept else 'missed'} |" for what, figure, bound, kept in rows]
    return "\n".join(lines) + f"\n\nMeasured on {page.machine()}.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the table to docs/explanation/performance.md")
    parser.add_argument("--count", type=int, default=1_000_000, help="the length of the list")
    parser.add_argument("--only", choices=("size", "load", "rate", "shared", "workers"), help="measure one part")
    chosen = parser.parse_args()
    part = min(1.0, chosen.count / 1_000_000)
    parts = {
        "size": lambda: size(chosen.count),
        "load": lambda: load(chosen.count),
        "rate": lambda: rate(max(2000, int(10_000 * part)), 5),
        "shared": lambda: shared(max(10.0, 30 * part)),
        "workers": lambda: workers(max(2000, int(10_000 * part))),
    }
    printed = table([row for name, measure in parts.items() if chosen.only in (None, name) for row in measure()])
    print(printed)
    if chosen.write:
        page.put("broadcasts", printed)


if __name__ == "__main__":
    main()
