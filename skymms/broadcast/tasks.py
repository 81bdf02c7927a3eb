"""Carries the calls of a run with an AsyncClient. The ledger is written in a thread, because syncing a disk takes time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from .blocks import Intent
from .hooks import instant
from .outcomes import from_error, from_reply, unsent
from .running import Desk, Result


async def carry(
    desk: Desk, build: Callable[[Intent], Any], call: Callable[[Any], Awaitable[Any]], watch: Callable[[Desk], None] | None
) -> Result:
    """Carry a run to its end. Cancelling it once gives back what was not requested and waits for the calls in flight."""
    tasks: set[asyncio.Task[None]] = set()
    answered = asyncio.Event()

    async def request(intent: Intent, taken_at: float) -> None:
        try:
            if (wait := taken_at + intent.turn - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            if not desk.may_request(intent, taken_at):
                desk.answer(unsent(intent.id, intent.attempt))
                return
            instant("before the request")
            try:
                reply = await call(build(intent))
            except BaseException as error:
                desk.answer(from_error(intent.id, intent.attempt, error))
                if not isinstance(error, Exception):
                    raise
            else:
                instant("after the answer")
                desk.answer(from_reply(intent.id, intent.attempt, reply))
        finally:
            answered.set()

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, "skymms-ledger") as ledger:
        cancelled = False
        while not desk.over:
            try:
                answered.clear()
                block = await loop.run_in_executor(ledger, desk.exchange)
                for intent in block.intents if block is not None else ():
                    task = loop.create_task(request(intent, block.taken_at))  # type: ignore[union-attr]  # there are intents
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                if watch is not None:
                    watch(desk)
                if not desk.over:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(answered.wait(), max(desk.pause_seconds(), 0.001))
            except asyncio.CancelledError:
                if cancelled:
                    desk.stop()
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
                    desk.finish(abandoned=True)
                    raise
                cancelled = True
                desk.stop()
        result = await loop.run_in_executor(ledger, desk.finish)
        if cancelled:
            raise asyncio.CancelledError
    return result
