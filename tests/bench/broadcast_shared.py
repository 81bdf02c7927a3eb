"""Several processes that share a rate in PostgreSQL. ``broadcast_shared.py URL LEDGER`` is one of them."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from broadcast_load import MESSAGE
from counting_gateway import CountingGateway
from stores import SERVER, in_schema

from skymms import Account
from skymms.aio import AsyncClient
from skymms.broadcast import Ledger
from skymms.broadcast.blocks import Holder

RATE = 200


def densest(times: list[float]) -> int:
    """Return the most of these times in any second."""
    times, first, most = sorted(times), 0, 0
    for at, time in enumerate(times):
        # A turn every 5 ms: the turn exactly a second later is not in the same second, whatever its last digits are.
        while time - times[first] >= 1 - 1e-4:
            first += 1
        most = max(most, at - first + 1)
    return most


def work(where: str, url: str) -> None:
    """Run the broadcast, and print the turns that this process was granted, by the ledger's clock."""
    turns: list[float] = []
    grant = Holder._turns

    def noted(self: Holder, transaction: Any, count: int, now: float) -> tuple[float, float]:
        first, gap = grant(self, transaction, count, now)
        turns.extend(now + first + gap * place for place in range(count))
        return first, gap

    Holder._turns = noted  # type: ignore[method-assign]

    async def run() -> None:
        with Ledger(where) as ledger:
            async with AsyncClient(Account("k" * 32, url=url)) as client:
                await ledger["spring"].run_async(client)

    asyncio.run(run())
    print(json.dumps(turns))


def measure(seconds: float, processes: int = 4) -> dict[str, float]:
    """Return messages a second, and the most turns and arrivals in any second."""
    import psycopg

    schema = f"skymms_bench_{secrets.token_hex(4)}"
    count = int(RATE * seconds)
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE SCHEMA {schema}".encode())
        try:
            where = in_schema(SERVER, schema)
            with Ledger(where) as ledger:
                ledger.create("spring", MESSAGE, (f"1555{at:07}" for at in range(count)), rate=RATE)
            with CountingGateway() as gateway:
                command = [sys.executable, __file__, where, gateway.url]
                workers = [subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ)) for _ in range(processes)]
                turns = [turn for worker in workers for turn in json.loads(worker.communicate()[0])]
                assert sorted(gateway.requests.values()) == [1] * count
                arrivals = sorted(gateway.times)
        finally:
            server.execute(f"DROP SCHEMA {schema} CASCADE".encode())
    return {
        "rate": (count - 1) / (arrivals[-1] - arrivals[0]),
        "turns": densest(turns),
        "arrivals": densest(arrivals),
    }


if __name__ == "__main__":
    work(*sys.argv[1:])
