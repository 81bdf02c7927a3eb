"""A program that runs a broadcast until it is done or killed: ``broadcast_worker.py LEDGER NAME URL [asyncio|threads] [INSTANT]``.

With INSTANT it kills itself with SIGKILL when the run comes to that instant for the third time.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from skymms import Account, Client
from skymms.aio import AsyncClient
from skymms.broadcast import Ledger
from skymms.broadcast.hooks import set_hook

KEY = "k" * 32


def crash_at(name: str) -> None:
    """Kill this process at the third occurrence of an instant."""
    seen = 0

    def hook(instant: str) -> None:
        nonlocal seen
        if instant == name:
            seen += 1
            if seen == 3:
                os.kill(os.getpid(), signal.SIGKILL)

    set_hook(hook)


def main(where: str, name: str, url: str, how: str = "asyncio", instant: str = "") -> None:
    """Run a broadcast and print how it ended."""
    if instant:
        crash_at(instant)
    account = Account(KEY, url=url)
    with Ledger(where) as ledger:
        broadcast = ledger[name]
        if how == "threads":
            with Client(account, timeout=(2, 5)) as client:
                print(broadcast.run(client, threads=8), flush=True)
        else:

            async def run() -> None:
                async with AsyncClient(account, timeout=(2, 5)) as client:
                    print(await broadcast.run_async(client, concurrency=16), flush=True)

            asyncio.run(run())


if __name__ == "__main__":
    main(*sys.argv[1:])
