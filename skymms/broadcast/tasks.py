"""Carries the calls of a run with an AsyncClient. The ledger is written in a thread, because syncing a disk takes time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from ..errors import StorageError
from .hooks import instant
from .intents import Intent, groups
from .messages import Messages
from .outcomes import Answer, all_unsent
from .running import Desk, Result

_T = TypeVar("_T")
#: Seconds until a message that waits for its turn notices that the run was told to stop.
_LOOK_EVERY = 0.2


async def carry(
    desk: Desk, messages: Messages, call: Callable[[Any], Awaitable[Any]], watch: Callable[[Desk], None] | None
) -> Result:
    """Carry a run to its end.

    Cancelling it once gives back what was not requested and waits for the calls in flight. Cancelling it twice cancels those
    calls as well: the outcomes of some of them are then unknown.
    """
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()
    answered = asyncio.Event()
    cancels = 0

    def cancelled() -> None:
        nonlocal cancels
        cancels += 1
        if cancels == 1:
            desk.stop()
        else:
            desk.abandon()

    async def request(intents: Sequence[Intent], taken_at: float) -> None:
        try:
            desk.answer(await _request(desk, messages, call, intents, taken_at))
        finally:
            answered.set()

    with ThreadPoolExecutor(1, "skymms-ledger") as ledger:

        async def in_ledger(function: Callable[[], _T]) -> _T:
            """Call a function in the ledger's thread. What it returns is not lost if the task is cancelled meanwhile."""
            future = loop.run_in_executor(ledger, function)
            while not future.done():
                try:
                    await asyncio.wait([future])
                except asyncio.CancelledError:
                    cancelled()
            return future.result()

        try:
            while not desk.over:
                answered.clear()
                block = await in_ledger(desk.exchange)
                if block is not None:
                    for group in groups(block.intents, messages.group):
                        if desk.stopping:  # a task that is cancelled before it starts could not say that nothing was sent
                            desk.answer(all_unsent(group))
                            continue
                        task = loop.create_task(request(group, block.taken_at))
                        tasks.add(task)
                        task.add_done_callback(tasks.discard)
                if watch is not None:
                    watch(desk)
                if not desk.over:
                    timer = loop.call_later(max(desk.pause_seconds(), 0.001), answered.set)
                    try:
                        await answered.wait()
                    except asyncio.CancelledError:
                        cancelled()
                    finally:
                        timer.cancel()
        except BaseException:
            # Nothing is requested after the end of the run.
            desk.stop()
            await asyncio.gather(*tasks, return_exceptions=True)
            with suppress(StorageError):
                await in_ledger(desk.finish)
            raise
        if desk.abandoned:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        result = await in_ledger(desk.finish)
    if cancels:
        raise asyncio.CancelledError
    return result


async def _request(
    desk: Desk, messages: Messages, call: Callable[[Any], Awaitable[Any]], intents: Sequence[Intent], taken_at: float
) -> Sequence[Answer]:
    try:
        # A turn may be minutes away, if the gateway asks everybody to wait; a run that is told to stop gives it back soon.
        while (wait := taken_at + intents[0].turn - time.monotonic()) > 0 and not desk.stopping:
            await asyncio.sleep(min(wait, _LOOK_EVERY))
    except asyncio.CancelledError:
        return all_unsent(intents)
    if not desk.may_request(intents[0], taken_at):
        return all_unsent(intents)
    try:
        operation = messages.operation(intents)
        instant("before the request")
        reply = await call(operation)
        instant("after the answer")
        return messages.answers(intents, reply)
    except BaseException as error:
        return messages.failures(intents, error)
