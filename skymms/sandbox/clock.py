"""The sandbox's time: the machine's own, until somebody turns it forward.

Whatever happens later (a report, an encoding, the second try of a postback) is a job on this clock. Jobs run one after the
other, in the order in which they are due, in a thread of their own; :meth:`Clock.advance` runs in the caller's thread
everything that falls due meanwhile, and what that brings about in turn, so that a test waits for nothing.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..errors import ConfigurationError

#: How far the clock can be turned, in seconds: there has to be a date for it, and for what follows.
MOST = 100 * 365 * 86_400


class Clock:
    """Tells the time, and does things later. ``now()`` is aware, in UTC."""

    def __init__(self, turned: Callable[[float], None] = lambda seconds: None) -> None:
        """``turned`` is told by how many seconds, whenever the clock was."""
        self._told = turned
        self._ahead = 0.0
        self._jobs: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        # Held by whoever runs jobs: the thread, or the one who turns the clock.
        self._turn = threading.RLock()
        self._closing = False
        self._thread: threading.Thread | None = None

    def now(self) -> datetime:
        """What time it is here."""
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def seconds(self) -> float:
        """The same for measuring: seconds from a beginning that means nothing."""
        return time.monotonic() + self._ahead

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        """Turn the clock forward, and return when everything that is due by then has happened."""
        for name, told in (("seconds", seconds), ("minutes", minutes), ("hours", hours)):
            if type(told) not in {int, float}:
                raise ConfigurationError(f"{name}={told!r:.40}: give a number")
        span = seconds + 60 * minutes + 3600 * hours
        if not 0 <= span < float("inf"):
            raise ConfigurationError(f"the clock cannot be turned by {span:g} seconds: only forward")
        with self._turn:
            if self._ahead + span > MOST:
                raise ConfigurationError("the clock cannot be turned further than a hundred years")
            if span:
                self._told(span)
            until = self.seconds() + span
            self._run(until)
            with self._changed:
                self._ahead = max(self._ahead, until - time.monotonic())
                self._changed.notify_all()

    def later(self, seconds: float, job: Callable[[], None]) -> None:
        """Do something in so many seconds."""
        with self._changed:
            if self._closing:
                return
            entry = (self.seconds() + seconds, next(self._number), job)
            heapq.heappush(self._jobs, entry)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="skymms-sandbox-clock", daemon=True)
                self._thread.start()
            # Woken at each of a thousand sends a second, to find that nothing is due, the thread would cost more than they do.
            if self._jobs[0] is entry:
                self._changed.notify_all()

    def reset(self) -> None:
        """Back to the machine's time, with nothing to be done."""
        with self._turn, self._changed:
            self._jobs.clear()
            self._ahead = 0.0

    def close(self) -> None:
        """Drop what is still to be done, and wait for what is being done."""
        with self._changed:
            self._closing = True
            self._jobs.clear()
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._closing and (wait := self._idle()) != 0:
                    self._changed.wait(wait)
                if self._closing:
                    return
            with self._turn:
                self._run(self.seconds())

    def _idle(self) -> float | None:
        """Seconds until the next job; None without any."""
        return max(0.0, self._jobs[0][0] - self.seconds()) if self._jobs else None

    def _run(self, until: float) -> None:
        while True:
            with self._changed:
                if not self._jobs or self._jobs[0][0] > until:
                    return
                due, _, job = heapq.heappop(self._jobs)
                # While it runs it is as late as it was meant to be, and not as late as the clock will be in the end.
                self._ahead = max(self._ahead, due - time.monotonic())
            try:
                job()
            except Exception:  # one postback that cannot be written is no reason to drop the others
                traceback.print_exc()
