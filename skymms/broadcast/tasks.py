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
#: What ends a program. It must not be taken for the outcome of a call.
_INTERRUPTS = (KeyboardInterrupt, SystemExit)


async def carry(
    desk: Desk,
    messages: Messages,
    call: Callable[[Any], Awaitable[Any]],
    watch: Callable[[Desk], None] | None,
    concurrency: int,
) -> Result:
    """Carry a run to its end.

    Cancelling it once gives back what was not requested and waits for the calls in flight. Cancelling it twice cancels those
    calls as well: the outcomes of some of them are then unknown.
    """
    run = _Run(desk, messages, call, concurrency)
    result = await run.carry(watch)
    if run.interrupt is not None:
        raise run.interrupt
    if run.cancels:
        raise asyncio.CancelledError
    return result


class _Run:
    """The tasks of a run. Each makes one call after the other: a task for each message would take a tenth of its CPU time."""

    def __init__(self, desk: Desk, messages: Messages, call: Callable[[Any], Awaitable[Any]], concurrency: int) -> None:
        self._desk = desk
        self._messages = messages
        self._call = call
        self._waiting: asyncio.Queue[tuple[Sequence[Intent], float] | None] = asyncio.Queue()
        self._answered = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._workers = [self._loop.create_task(self._work()) for _ in range(concurrency)]
        self._ledger = ThreadPoolExecutor(1, "skymms-ledger")
        #: How often the run was cancelled.
        self.cancels = 0
        #: The Ctrl-C that a worker met. It may hit any line; under ``asyncio.run`` it is the second.
        self.interrupt: BaseException | None = None

    async def carry(self, watch: Callable[[Desk], None] | None) -> Result:
        """Carry the run to its end, and return how it ended."""
        desk = self._desk
        with self._ledger:
            try:
                while not desk.over:
                    self._answered.clear()
                    # A visit to the other thread takes as long as half a call.
                    block = await self._in_ledger(desk.exchange) if desk.due else None
                    if block is not None:
                        for group in groups(block.intents, self._messages.group):
                            self._waiting.put_nowait((group, block.taken_at))
                    if desk.stopping:
                        self._give_back()
                    if watch is not None:
                        watch(desk)
                    if not desk.over:
                        await self._pause()
            except BaseException as error:
                if isinstance(error, _INTERRUPTS):
                    desk.abandon()
                await self._end_workers()
                with suppress(StorageError):
                    await self._in_ledger(desk.finish)
                raise
            await self._end_workers()
            return await self._in_ledger(desk.finish)

    async def _end_workers(self) -> None:
        # No request may be made after the run has ended, also if an error ended it.
        self._desk.stop()
        self._give_back()
        for _ in self._workers:
            self._waiting.put_nowait(None)
        while running := [worker for worker in self._workers if not worker.done()]:
            if self._desk.abandoned:
                for worker in running:
                    worker.cancel()
            await self._wait(running)

    def _give_back(self) -> None:
        """Give back what waits for a worker: workers may be busy with calls that take long."""
        with suppress(asyncio.QueueEmpty):
            while (taken := self._waiting.get_nowait()) is not None:
                self._desk.answer(all_unsent(taken[0]))

    async def _in_ledger(self, function: Callable[[], _T]) -> _T:
        """Call a function in the ledger's thread. What it returns is not lost if the task is cancelled meanwhile."""
        future = self._loop.run_in_executor(self._ledger, function)
        while not future.done():
            await self._wait([future])
        return future.result()

    async def _pause(self) -> None:
        """Wait for an answer, or until the ledger has to be looked at."""
        timer = self._loop.call_later(max(self._desk.pause_seconds(), 0.001), self._answered.set)
        try:
            await self._answered.wait()
        except asyncio.CancelledError:
            self._cancelled()
        finally:
            timer.cancel()

    async def _wait(self, futures: Sequence[asyncio.Future[Any]]) -> None:
        """Wait for all of them, or until the run is cancelled."""
        try:
            await asyncio.wait(futures)
        except asyncio.CancelledError:
            self._cancelled()

    def _cancelled(self) -> None:
        self.cancels += 1
        if self.cancels == 1:
            self._desk.stop()
        else:
            self._desk.abandon()

    # -------------------------------------------------------------------------------------------- the workers

    async def _work(self) -> None:
        while (taken := await self._waiting.get()) is not None:
            if self._desk.answer(await self._request(*taken)):
                self._answered.set()

    async def _request(self, intents: Sequence[Intent], taken_at: float) -> Sequence[Answer]:
        desk, messages = self._desk, self._messages
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
            reply = await self._call(operation)
            instant("after the answer")
            return messages.answers(intents, reply)
        except BaseException as error:
            if isinstance(error, _INTERRUPTS):
                self.interrupt = error
                desk.abandon()
            return messages.failures(intents, error)
