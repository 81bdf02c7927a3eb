"""A program that works on a ledger until it is done or killed: ``broadcast_worker.py '{"ledger": …, "url": …}'``.

Its argument is a JSON object:

- ``ledger``, and ``url`` of the gateway
- ``name`` of a broadcast to run, or ``key`` of a message to send once to ``to``
- ``orders``: the first of many keys to send once; it prints ``working`` before the first
- ``how``: ``threads`` or ``asyncio``; ``threads``: how many calls at once; ``seconds`` of a slice
- ``crash``: an instant, at whose ``nth`` occurrence the program kills itself; ``tell``: instants that it prints
- ``create``: how many recipients to load; it kills itself at the ``nth``
- ``patch``: module constants, such as ``{"blocks.LEASE": 1.5}``; ``wait``: the seconds for a locked SQLite file
- ``clock``: a file with the seconds by which the clock is wrong

It prints how it ended.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from skymms import Account, Client, SendMMS, SkymmsError, Slideshow, TransportError
from skymms.aio import AsyncClient
from skymms.broadcast import Ledger, Recipient
from skymms.broadcast.hooks import set_hook
from skymms.errors import InDoubtError, ThrottledError
from skymms.storage import sqlite

KEY = "k" * 32
FIRST = 15551000000
MESSAGE = SendMMS(Slideshow("spring", subject="Spring").slide("Hi"), sender="60856")


def recipients(count: int) -> list[Recipient]:
    """Return fictional recipients."""
    return [Recipient(FIRST + place) for place in range(count)]


def patch(constants: dict[str, Any]) -> None:
    """Set constants of the modules of broadcasts."""
    for name, value in constants.items():
        module, _, constant = name.rpartition(".")
        found = importlib.import_module(f"skymms.broadcast.{module}")
        assert hasattr(found, constant), name
        setattr(found, constant, value)


def set_clock(file: str) -> None:
    """Make the clock of a SQLite ledger wrong by the seconds in a file, which may change."""

    def now(transaction: object) -> float:
        return time.time() + float(Path(file).read_text() or 0)

    setattr(sqlite._Transaction, "now", now)  # noqa: B010


def set_instants(crash: str | None, nth: int, tell: list[str]) -> None:
    """Kill this process at the nth occurrence of an instant, and print those in ``tell``."""
    seen = 0

    def hook(instant: str) -> None:
        nonlocal seen
        if instant in tell:
            os.write(1, f"{instant}\n".encode())
        if instant == crash:
            seen += 1
            if seen == nth:
                os.kill(os.getpid(), signal.SIGKILL)

    set_hook(hook)


def work(do: dict[str, Any]) -> None:
    """Do what the argument says."""
    account = Account(KEY, url=do["url"])
    with Ledger(do["ledger"]) as ledger:
        if count := do.get("create"):
            ledger.create(do["name"], MESSAGE, _dying(recipients(count), do["nth"]))
        elif key := do.get("key"):
            with Client(account, timeout=(10, 60)) as client:
                print(ledger.send_once(key, replace(MESSAGE, to=do["to"]), client).tracking_id, flush=True)
        elif "orders" in do:
            with Client(account, timeout=(10, 60)) as client:
                _send_orders(ledger, client, do["orders"])
        elif do.get("how") == "threads":
            with Client(account, timeout=(10, 60)) as client:
                print(ledger[do["name"]].run(client, threads=do.get("threads", 8), seconds=do.get("seconds")), flush=True)
        else:
            asyncio.run(_async(ledger, do, account))


def _send_orders(ledger: Ledger, client: Client, first: int) -> None:
    print("working", flush=True)
    for window in range(first, first + 10_000, 8):
        # Programs that work on the same orders meet at the same keys, and not always in the same order.
        for place in random.sample(range(window, window + 8), 8):
            # An order that another program has in work, or that failed, is tried again later by somebody.
            with suppress(InDoubtError, TransportError, ThrottledError):
                number = FIRST + place
                reply = ledger.send_once(f"order-{number}", replace(MESSAGE, to=number), client)
                assert (reply.tracking_id or "").startswith(f"MMS_{number}")


def _dying(people: list[Recipient], nth: int) -> Iterator[Recipient]:
    for place, one in enumerate(people, 1):
        if place == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        yield one


async def _async(ledger: Ledger, do: dict[str, Any], account: Account) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with AsyncClient(account, timeout=(10, 60)) as client:
        concurrency = do.get("threads", 16)
        print(await ledger[do["name"]].run_async(client, concurrency=concurrency, seconds=do.get("seconds")), flush=True)


def main(argument: str) -> None:
    """Run the program."""
    do = json.loads(argument)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    patch(do.get("patch", {}))
    if "wait" in do:
        (sqlite.SqliteStore.__init__.__kwdefaults__ or {})["wait"] = do["wait"]
    if "clock" in do:
        set_clock(do["clock"])
    set_instants(do.get("crash"), do.get("nth", 1), do.get("tell", []))
    try:
        work(do)
    except SkymmsError as error:
        print(type(error).__name__, error, flush=True)
        sys.exit(3)
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("interrupted", flush=True)
        sys.exit(130)


if __name__ == "__main__":
    main(sys.argv[1])
