"""What the ledger costs: CPU a message and messages a second, against AsyncClient without a ledger."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from broadcast_load import MESSAGE
from flight import Slow

from skymms import Account
from skymms.aio import AsyncClient
from skymms.broadcast import Ledger

ANSWER = (
    b"<RESPONSE><STATUS>Success</STATUS><MMSID>35674</MMSID><TRACKINGID>MMS_12345</TRACKINGID>"
    b"<STATUSDETAILS>MMS request accepted and queued for delivery</STATUSDETAILS></RESPONSE>"
)
IN_FLIGHT = 200


async def without(client: AsyncClient, numbers: list[str]) -> None:
    """Send as a program without a ledger does, 200 at a time."""
    account: Any = client.account
    prepared = account.prepare(MESSAGE)
    waiting = iter(numbers)

    async def some() -> None:
        for number in waiting:
            await client.call(prepared.operation(number), once=True)

    await asyncio.gather(*(some() for _ in range(IN_FLIGHT)))


async def measured(work: Awaitable[object], count: int) -> tuple[float, float]:
    """Return messages a second, and microseconds of CPU a message."""
    started, cpu = time.perf_counter(), time.process_time()
    await work
    return count / (time.perf_counter() - started), (time.process_time() - cpu) / count * 1e6


async def compare(count: int, rounds: int) -> tuple[tuple[float, float], tuple[float, float], float, float]:
    """Return the medians of (messages a second, CPU) with and without a ledger, the ratio of rates and the ledger's share."""
    numbers = [f"1555{at:07}" for at in range(count)]
    with tempfile.TemporaryDirectory() as directory, Slow(0.05, ANSWER) as server, Ledger(Path(directory, "a.db")) as ledger:
        async with AsyncClient(Account("k" * 32, url=server.url)) as client:
            await without(client, numbers[:400])
            pairs = []
            for at in range(rounds):
                broadcast = ledger.create(f"round {at}", MESSAGE, numbers)
                ours = await measured(broadcast.run_async(client, concurrency=IN_FLIGHT), count)
                assert broadcast.status().counts == {"accepted": count}
                pairs.append((ours, await measured(without(client, numbers), count)))
    ours, theirs = (tuple(statistics.median(one[side][at] for one in pairs) for at in (0, 1)) for side in (0, 1))
    ratio = statistics.median(a[0] / b[0] for a, b in pairs)
    share = statistics.median(1 - b[1] / a[1] for a, b in pairs)
    return (ours[0], ours[1]), (theirs[0], theirs[1]), ratio, share
