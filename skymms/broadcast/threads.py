"""Carries the calls of a run with a Client, in threads."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ..errors import StorageError
from .hooks import instant
from .intents import Intent, groups
from .messages import Messages
from .outcomes import Answer, all_unsent
from .running import Desk, Result

#: Seconds between two looks of the caller, and until a run notices that it was told to stop.
_WATCH_EVERY = 0.2


def carry(
    desk: Desk, messages: Messages, call: Callable[[Any], Any], watch: Callable[[Desk], None] | None, threads: int
) -> Result:
    """Carry a run to its end.

    The first Ctrl-C gives back what was not requested and waits for the calls in flight. The second ends at once: the outcomes
    of those calls are then unknown.
    """
    run = _Run(desk, messages, call, threads)
    interrupts = 0
    failure: BaseException | None = None
    run.start()
    # Only a third Ctrl-C leaves this loop before the end.
    while not run.ended.is_set():
        try:
            run.ended.wait(_WATCH_EVERY)
            if watch is not None and failure is None:
                watch(desk)
        except KeyboardInterrupt as error:
            failure, interrupts = error, interrupts + 1
            if interrupts == 1:
                desk.stop()
            else:
                desk.abandon()
            if interrupts > 2:  # the ledger does not answer
                raise
        except BaseException as error:
            failure = error
            desk.stop()
    if run.failure is not None:
        raise run.failure
    if failure is not None:
        raise failure
    assert run.result is not None
    return run.result


class _Run:
    """The threads of a run.

    Blocks are taken in a thread of their own, not in the thread of the caller: Ctrl-C interrupts that one anywhere, also
    between the commit of a block and the note that it was taken.
    """

    def __init__(self, desk: Desk, messages: Messages, call: Callable[[Any], Any], threads: int) -> None:
        self._desk = desk
        self._messages = messages
        self._call = call
        self._waiting: queue.SimpleQueue[tuple[Sequence[Intent], float] | None] = queue.SimpleQueue()
        self._answered = threading.Event()
        self._workers = [
            threading.Thread(target=self._work, name=f"skymms-send-{number}", daemon=True) for number in range(threads)
        ]
        self._ledger_thread = threading.Thread(target=self._take_blocks, name="skymms-ledger", daemon=True)
        self.ended = threading.Event()
        self.result: Result | None = None
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Start the threads; ``ended`` is set when the run has ended, with ``result`` or ``failure``."""
        self._ledger_thread.start()

    def _take_blocks(self) -> None:
        desk = self._desk
        for worker in self._workers:
            worker.start()
        try:
            try:
                while not desk.over:
                    self._answered.clear()
                    block = desk.exchange()
                    if block is not None:
                        for group in groups(block.intents, self._messages.group):
                            self._waiting.put((group, block.taken_at))
                    if desk.stopping:
                        self._give_back()
                    self._answered.wait(min(max(desk.pause_seconds(), 0.001), _WATCH_EVERY))
            finally:
                # No request may be made after the run has ended, also if an error ended it.
                desk.stop()
                self._give_back()
                for _ in self._workers:
                    self._waiting.put(None)
                if not desk.abandoned:
                    for worker in self._workers:
                        worker.join()
            self.result = desk.finish()
        except BaseException as error:
            self.failure = error
            with suppress(StorageError):
                desk.finish()
        finally:
            self.ended.set()

    def _give_back(self) -> None:
        """Give back what waits for a worker: workers may be busy with calls that take long."""
        with suppress(queue.Empty):
            while (taken := self._waiting.get_nowait()) is not None:
                self._desk.answer(all_unsent(taken[0]))

    def _work(self) -> None:
        while (taken := self._waiting.get()) is not None:
            if self._desk.answer(self._request(*taken)):
                self._answered.set()

    def _request(self, intents: Sequence[Intent], taken_at: float) -> Sequence[Answer]:
        desk = self._desk
        while (wait := taken_at + intents[0].turn - time.monotonic()) > 0 and not desk.stopping:
            time.sleep(min(wait, 0.1))
        if not desk.may_request(intents[0], taken_at):
            return all_unsent(intents)
        try:
            operation = self._messages.operation(intents)
            instant("before the request")
            reply = self._call(operation)
            instant("after the answer")
            return self._messages.answers(intents, reply)
        except BaseException as error:
            return self._messages.failures(intents, error)
