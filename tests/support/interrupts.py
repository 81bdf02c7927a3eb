"""Raises an exception at a chosen line of a call, as a signal handler can at any line."""

from __future__ import annotations

import faulthandler
import gc
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import wraps
from types import FrameType
from typing import Any


def apart(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test in a thread of its own, and drop quietly what interrupted calls leave behind.

    An exception at any line can leave the interpreter with an exception "being handled" in this thread, and a library with
    connections that nobody closes. Neither may show up in the tests that follow.
    """

    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        with ThreadPoolExecutor(1) as thread:
            try:
                thread.submit(test, *arguments, **named).result()
            finally:
                hook, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        gc.collect()
                finally:
                    sys.unraisablehook = hook

    return run


class Interrupt(BaseException):
    """The exception that is raised. No library expects it."""


#: A line of a file, and how often it had run before in this call.
Line = tuple[str, int, int]


def lines_of(call: Callable[[], Any], inside: Callable[[str], bool]) -> list[Line]:
    """Run a call and return its lines in the files for whose name ``inside`` is true, in their order; it may raise."""
    ran: list[Line] = []
    counts: Counter[tuple[str, int]] = Counter()

    def note(file: str, line: int) -> None:
        ran.append((file, line, counts[file, line]))
        counts[file, line] += 1

    with suppress(Exception):  # a call that fails has lines too
        _traced(call, inside, note)
    return ran


def interrupted(call: Callable[[], Any], inside: Callable[[str], bool], where: Line) -> Any:
    """Run a call and raise :class:`Interrupt` just before this line."""
    counts: Counter[tuple[str, int]] = Counter()

    def stop(file: str, line: int) -> None:
        before = counts[file, line]
        counts[file, line] += 1
        if (file, line, before) == where:
            raise Interrupt

    return _traced(call, inside, stop)


def _traced(call: Callable[[], Any], inside: Callable[[str], bool], at_line: Callable[[str, int], None]) -> Any:
    known: dict[str, bool] = {}

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        file = frame.f_code.co_filename
        if file not in known:
            known[file] = inside(file)
        return trace_lines if known[file] else None

    def trace_lines(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line" and _in_the_call(frame):
            at_line(frame.f_code.co_filename, frame.f_lineno)
        return trace_lines

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return call()
    finally:
        sys.settrace(before)


def _in_the_call(frame: FrameType | None) -> bool:
    """Whether a client's ``call`` runs this frame: an exception in another task, a callback or a ``__del__`` ends no call."""
    while frame is not None and frame.f_code.co_name != "__del__":
        if frame.f_code.co_qualname in {"Client.call", "AsyncClient.call"}:
            return True
        frame = frame.f_back
    return False


@contextmanager
def no_hang(seconds: int) -> Iterator[None]:
    """End the process, with the traceback of all threads, if the block takes longer."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
