"""Calls kept apart, so that a gateway's limit of so many a second is never reached.

Apart, not counted: a bucket that holds fifteen calls a second hands out fifteen at the end of one second and fourteen at the
beginning of the next, and the gateway has seen 29 within one. The clock is passed in, and whoever takes a turn waits by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class IntervalRateLimit:
    """Hands out turns that are at least ``gap`` seconds apart, to any number of threads and event loops."""

    __slots__ = ("_clock", "_free", "_lock", "gap")

    def __init__(self, gap: float, clock: Callable[[], float]) -> None:
        self.gap = gap
        self._clock = clock
        self._free = float("-inf")
        self._lock = threading.Lock()

    def reserve(self) -> float:
        """Take the next turn, and say how many seconds away it is."""
        with self._lock:
            now = self._clock()
            start = max(now, self._free)
            self._free = start + self.gap
        return start - now
