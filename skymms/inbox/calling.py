"""Calls handlers, each in threads of its own, and asynchronous ones on one event loop.

A handler that hangs keeps its own threads busy and no other's. The threads do not keep the program from ending.
"""

from __future__ import annotations

import asyncio
import inspect
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import InDoubtError
from .handlers import Handler
from .messages import Message
from .taking import Outcome, Taken

#: Calls at once: of a function, and of an asynchronous function.
THREADS, TASKS = 8, 32
#: Calls of a handler that run or wait: at most, and for how many seconds of work.
_MOST, _AHEAD = 64, 0.5
#: A call that waits longer for a thread is given back, for another worker.
WAIT = 5.0
_HERE = str(Path(__file__).parent)


class _Call:
    """One call of a handler."""

    __slots__ = ("began", "handler", "put_at", "taken")

    def __init__(self, handler: Handler, taken: Taken) -> None:
        self.handler = handler
        self.taken = taken
        self.put_at = time.monotonic()
        self.began: float | None = None


class _HandlerCalls:
    """The calls of one handler. ``limit`` of them run at once, and a call takes ``seconds`` on average."""

    def __init__(self, handler: Handler) -> None:
        self.limit = TASKS if handler.is_async else THREADS
        self.seconds = _AHEAD
        self.calls: dict[int, _Call] = {}
        self.semaphore: asyncio.Semaphore | None = None
        self.queue: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self.threads = 0

    def room(self, now: float) -> int:
        """Return how many more calls can be taken: so many that the threads have work until the next commit."""
        began = [call.began for call in self.calls.values() if call.began is not None]
        if len(began) >= self.limit and max(began) < now - WAIT:
            return 0
        most = min(_MOST, self.limit + int(self.limit * _AHEAD / max(self.seconds, 0.001)))
        return max(0, most - len(self.calls))


class Calls:
    """The calls of a worker. ``find`` returns the message of a notice; ``finished`` is called in the thread of a call."""

    def __init__(self, find: Callable[[Taken], Message], finished: Callable[[Outcome], None]) -> None:
        self._find = find
        self._finished = finished
        self._lock = threading.Lock()
        self._by_handler: dict[str, _HandlerCalls] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def room(self, handlers: Iterable[Handler]) -> dict[str, int]:
        """Return how many more calls of each handler can be taken."""
        now = time.monotonic()
        with self._lock:
            return {handler.name: self._of(handler).room(now) for handler in handlers}

    @property
    def open(self) -> list[tuple[int, str]]:
        """The calls that have not ended: the id of the notice, and the name of the handler."""
        with self._lock:
            return [(id, name) for name, of_handler in self._by_handler.items() for id in of_handler.calls]

    def longer_than(self, seconds: float) -> list[tuple[int, str]]:
        """Return the calls that have been running for longer."""
        since = time.monotonic() - seconds
        with self._lock:
            return [
                (id, name)
                for name, of_handler in self._by_handler.items()
                for id, call in of_handler.calls.items()
                if call.began is not None and call.began < since
            ]

    def begin(self, handler: Handler, taken: Taken) -> None:
        """Begin a call as soon as a thread is free."""
        call = _Call(handler, taken)
        with self._lock:
            of_handler = self._of(handler)
            of_handler.calls[taken.id] = call
            is_needed = not handler.is_async and of_handler.threads < min(of_handler.limit, len(of_handler.calls))
            of_handler.threads += is_needed
        if handler.is_async:
            asyncio.run_coroutine_threadsafe(self._await(call, of_handler), self._event_loop())
            return
        of_handler.queue.put(call)
        if is_needed:
            threading.Thread(target=self._work, args=[of_handler], name=f"skymms-{handler.name}", daemon=True).start()

    def withdraw(self, seconds: float) -> bool:
        """Forget the calls that have been waiting for so long, and return whether there were any."""
        since = time.monotonic() - seconds
        with self._lock:
            before = sum(len(of_handler.calls) for of_handler in self._by_handler.values())
            for of_handler in self._by_handler.values():
                of_handler.calls = {
                    id: call for id, call in of_handler.calls.items() if call.began is not None or call.put_at > since
                }
            return sum(len(of_handler.calls) for of_handler in self._by_handler.values()) < before

    def end(self) -> None:
        """Let the threads end that have nothing to do. Calls that are still running are left alone."""
        for of_handler in self._by_handler.values():
            for _ in range(of_handler.threads):
                of_handler.queue.put(None)
        if self._loop is not None and not self.open:
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _of(self, handler: Handler) -> _HandlerCalls:
        if handler.name not in self._by_handler:
            self._by_handler[handler.name] = _HandlerCalls(handler)
        return self._by_handler[handler.name]

    # -------------------------------------------------------------------------------------------- one call

    def _work(self, of_handler: _HandlerCalls) -> None:
        while (call := of_handler.queue.get()) is not None:
            if self._begins(call, of_handler):
                self._run(call)

    def _begins(self, call: _Call, of_handler: _HandlerCalls) -> bool:
        """Whether a call was not withdrawn, and begins now."""
        with self._lock:
            if of_handler.calls.get(call.taken.id) is not call:
                return False
            call.began = time.monotonic()
            return True

    def _run(self, call: _Call) -> None:
        try:
            handler = call.handler
            if handler.wants(call.taken.notice):
                result = handler.function(*self._arguments(call))
                if inspect.isawaitable(result):
                    asyncio.run_coroutine_threadsafe(_wait_for(result), self._event_loop()).result()
        except BaseException as error:
            self._end(call, error)
        else:
            self._end(call, None)

    async def _await(self, call: _Call, of_handler: _HandlerCalls) -> None:
        of_handler.semaphore = of_handler.semaphore or asyncio.Semaphore(of_handler.limit)
        async with of_handler.semaphore:
            if not self._begins(call, of_handler):
                return
            try:
                if call.handler.wants(call.taken.notice):
                    if call.handler.takes_message:
                        await call.handler.function(*await asyncio.to_thread(self._arguments, call))
                    else:
                        await call.handler.function(call.taken.notice)
            # An exception that left the task, such as SystemExit, would end the event loop.
            except BaseException as error:
                self._end(call, error)
            else:
                self._end(call, None)

    def _arguments(self, call: _Call) -> tuple[Any, ...]:
        return (call.taken.notice, self._find(call.taken)) if call.handler.takes_message else (call.taken.notice,)

    def _end(self, call: _Call, error: BaseException | None) -> None:
        id, name, _, attempt = call.taken
        # Trying again before the key is settled would raise the same error.
        is_final = isinstance(error, InDoubtError)
        kind = "" if error is None else type(error).__name__
        outcome = Outcome(id, name, attempt, None if error is None else _traceback(error), is_final, kind)
        assert call.began is not None
        seconds = time.monotonic() - call.began
        # Both at once: the worker must know of it, and must find room for another call when it hears of this one's end.
        with self._lock:
            of_handler = self._by_handler[name]
            of_handler.calls.pop(id, None)
            of_handler.seconds += 0.2 * (seconds - of_handler.seconds)
            self._finished(outcome)

    def _event_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_run_loop, args=[self._loop], name="skymms-handlers", daemon=True).start()
            return self._loop


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        with suppress(RuntimeError):
            loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _wait_for(result: Any) -> None:
    await result


def _traceback(error: BaseException) -> str:
    """Return the traceback of an error, from the handler on."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_HERE):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace or error.__traceback__))
