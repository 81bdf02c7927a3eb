"""Remembers SIGINT (Ctrl-C) and SIGTERM for commands that run until one comes."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self


class Signals:
    """Remembers the first signal, and lets a subclass act on each. The handlers are back as they were when the context ends.

    A handler only sets values, because it may run in the middle of anything.
    """

    def __init__(self) -> None:
        self.first: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for one in (signal.SIGINT, signal.SIGTERM):
                # A signal that is ignored stays ignored, as nohup wants.
                if signal.getsignal(one) is not signal.SIG_IGN:
                    self._before[one] = signal.signal(one, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        self._restore()

    def _restore(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.first = self.first or signal.Signals(number)
        self._act()

    def _act(self) -> None:
        """Do what a signal asks for."""
        raise NotImplementedError
