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
from typing import Any, NamedTuple

from ..errors import InDoubtError
from .handlers import Handler
from .messages import Message
from .taking import Outcome, Taken

#: Calls at once: of a function, and of an asynchronous function.
THREADS, TASKS = 8, 32
_HERE = str(Path(__file__).parent)


class _Call(NamedTuple):
    handler: Handler
    taken: Taken
    began: float


class Calls:
    """The calls of a worker. ``find`` returns the message of a notice; ``finished`` is called in the thread of a call."""

    def __init__(self, find: Callable[[Taken], Message], finished: Callable[[Outcome], None]) -> None:
        self._find = find
        self._finished = finished
        self._lock = threading.Lock()
        self._running: dict[tuple[int, str], _Call] = {}
        self._threads: dict[str, _Threads] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def room(self, handlers: Iterable[Handler]) -> dict[str, int]:
        """Return how many more calls of each handler can begin."""
        with self._lock:
            busy: dict[str, int] = {}
            for _, name in self._running:
                busy[name] = busy.get(name, 0) + 1
        return {one.name: (TASKS if one.is_async else THREADS) - busy.get(one.name, 0) for one in handlers}

    @property
    def running(self) -> list[tuple[int, str]]:
        """The calls that have not ended: the id of the notice, and the name of the handler."""
        with self._lock:
            return list(self._running)

    def longer_than(self, seconds: float) -> list[tuple[int, str]]:
        """Return the calls that have been running for longer."""
        since = time.monotonic() - seconds
        with self._lock:
            return [key for key, call in self._running.items() if call.began < since]

    def begin(self, handler: Handler, taken: Taken) -> None:
        """Begin a call. There must be room for it."""
        call = _Call(handler, taken, time.monotonic())
        with self._lock:
            self._running[taken.id, handler.name] = call
        if handler.is_async:
            asyncio.run_coroutine_threadsafe(self._await(call), self._event_loop())
            return
        if handler.name not in self._threads:
            self._threads[handler.name] = _Threads(handler.name, self._run)
        self._threads[handler.name].put(call)

    def end(self) -> None:
        """Let the threads end that have nothing to do. Calls that are still running are left alone."""
        for threads in self._threads.values():
            threads.end()
        if self._loop is not None and not self.running:
            self._loop.call_soon_threadsafe(self._loop.stop)

    # -------------------------------------------------------------------------------------------- one call

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

    async def _await(self, call: _Call) -> None:
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
        outcome = Outcome(id, name, attempt, None if error is None else _traceback(error), is_final)
        # Both at once: the worker must know of it, and must find room for another call when it hears of this one's end.
        with self._lock:
            self._running.pop((id, name), None)
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


class _Threads:
    """The threads of one handler. They are started as they are needed."""

    def __init__(self, name: str, run: Callable[[_Call], None]) -> None:
        self._name = name
        self._run = run
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._started = self._open = 0

    def put(self, call: _Call) -> None:
        """Run a call in a thread that is free, or in another."""
        with self._lock:
            self._open += 1
            is_needed = self._open > self._started
            self._started += is_needed
        self._calls.put(call)
        if is_needed:
            threading.Thread(target=self._work, name=f"skymms-{self._name}", daemon=True).start()

    def end(self) -> None:
        """Let each thread end when it has nothing to do."""
        for _ in range(self._started):
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            self._run(call)
            with self._lock:
                self._open -= 1
