"""Raises an exception at a chosen line of a call, as a signal handler can at any line."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any


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
    """Raise AssertionError in the main thread if the block takes longer."""

    def fail(signum: int, frame: Any) -> None:
        raise AssertionError("the call hangs")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
