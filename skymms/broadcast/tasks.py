"""Carries the calls of a run with an AsyncClient. The ledger is written in a thread, because syncing a disk takes time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from .hooks import instant
from .intents import Intent, groups
from .messages import Messages
from .outcomes import unsent
from .running import Desk, Result

#: A turn may be minutes away, if the gateway asks everybody to wait. A run that is told to stop gives it back within this time.
_LOOK = 0.5


async def carry(
    desk: Desk, messages: Messages, call: Callable[[Any], Awaitable[Any]], watch: Callable[[Desk], None] | None
) -> Result:
    """Carry a run to its end. Cancelling it once gives back what was not requested and waits for the calls in flight."""
    tasks: set[asyncio.Task[None]] = set()
    answered = asyncio.Event()

    async def request(intents: Sequence[Intent], taken_at: float) -> None:
        try:
            while (wait := taken_at + intents[0].turn - time.monotonic()) > 0 and not desk.stopping:
                await asyncio.sleep(min(wait, _LOOK))
            if not desk.may_request(intents[0], taken_at):
                desk.answer([unsent(intent.id, intent.attempt) for intent in intents])
                return
            instant("before the request")
            try:
                reply = await call(messages.operation(intents))
            except BaseException as error:
                desk.answer(messages.failures(intents, error))
                if not isinstance(error, Exception):
                    raise
            else:
                instant("after the answer")
                desk.answer(messages.answers(intents, reply))
        finally:
            answered.set()

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, "skymms-ledger") as ledger:
        cancelled = False
        while not desk.over:
            try:
                answered.clear()
                block = await loop.run_in_executor(ledger, desk.exchange)
                if block is not None:
                    for group in groups(block.intents, messages.group):
                        task = loop.create_task(request(group, block.taken_at))
                        tasks.add(task)
                        task.add_done_callback(tasks.discard)
                if watch is not None:
                    watch(desk)
                if not desk.over:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(answered.wait(), max(desk.pause_seconds(), 0.001))
            except asyncio.CancelledError:
                if cancelled:
                    desk.abandon()
                    await _end(tasks)
                    desk.finish()
                    raise
                cancelled = True
                desk.stop()
        if desk.abandoned:
            await _end(tasks)
        result = await loop.run_in_executor(ledger, desk.finish)
        if cancelled:
            raise asyncio.CancelledError
    return result


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel the calls in flight. Each says whether its request may have left."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
