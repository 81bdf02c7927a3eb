"""Several processes that share a rate in PostgreSQL. ``broadcast_shared.py URL LEDGER`` is one of them."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from broadcast_load import MESSAGE
from counting_gateway import CountingGateway
from stores import SERVER, in_schema

from skymms import Account
from skymms.aio import AsyncClient
from skymms.broadcast import Ledger, blocks
from skymms.broadcast.turns import Turns
from skymms.transport.events import RequestStarted

RATE = 200


def densest(times: list[float]) -> int:
    """Return the most of these times in any second."""
    times, first, most = sorted(times), 0, 0
    for place, at in enumerate(times):
        # A turn every 5 ms: the turn exactly a second later is not in the same second, whatever its last digits are.
        while at - times[first] >= 1 - 1e-4:
            first += 1
        most = max(most, place - first + 1)
    return most


class Requests:
    """An observer that notes when each request is handed to the network, by a clock that all processes share."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def request_started(self, event: RequestStarted) -> None:
        self.times.append(time.monotonic())


def work(where: str, url: str) -> None:
    """Run the broadcast, and print the turns that this process was granted, by the ledger's clock, and when requests left."""
    turns: list[float] = []
    requests = Requests()
    worker: Any = blocks
    take = worker.take_turns

    def noted(transaction: Any, account: str, rate: float | None, most: int, now: float, begun: float) -> Turns:
        taken: Turns = take(transaction, account, rate, most, now, begun)
        turns.extend(now + taken.first + taken.gap * place for place in range(taken.granted))
        return taken

    worker.take_turns = noted

    async def run() -> None:
        with Ledger(where) as ledger:
            async with AsyncClient(Account("k" * 32, url=url), observer=requests) as client:
                await ledger["spring"].run_async(client)

    asyncio.run(run())
    print(json.dumps([turns, requests.times]))


def measure(seconds: float, processes: int = 4) -> dict[str, float]:
    """Return messages a second, and the most turns, requests that left and arrivals in any second."""
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
                printed = [json.loads(worker.communicate()[0]) for worker in workers]
                turns, left = ([time for one in printed for time in one[kind]] for kind in (0, 1))
                assert sorted(gateway.requests.values()) == [1] * count
                arrivals = sorted(gateway.times)
        finally:
            server.execute(f"DROP SCHEMA {schema} CASCADE".encode())
    return {
        "rate": (count - 1) / (arrivals[-1] - arrivals[0]),
        "turns": densest(turns),
        "left": densest(left),
        "arrivals": densest(arrivals),
    }


if __name__ == "__main__":
    work(*sys.argv[1:])
