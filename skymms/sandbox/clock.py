"""The sandbox's time: the machine's clock, plus the seconds by which a test has advanced it.

Everything that happens later (a report, the next attempt of a postback) is a job on this clock. A thread runs the jobs one at a
time, in the order in which they are due. :meth:`Clock.advance` runs all jobs that become due,
and the jobs that those create, in the caller's thread, so tests never wait.
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

#: The clock can be this many seconds ahead, about a hundred years, so that all dates calculated from it exist.
MAX_AHEAD = 100 * 365 * 86_400
#: Larger whole numbers, and NaN, cannot be added to a time.
_LARGEST = 1e300


class Clock:
    """A clock that returns the sandbox's time and runs jobs later."""

    def __init__(self, on_advance: Callable[[float], None] = lambda seconds: None) -> None:
        """Call ``on_advance`` with the number of seconds whenever :meth:`advance` moves the clock."""
        self._on_advance = on_advance
        self._ahead = 0.0
        self._jobs: list[tuple[float, int, Callable[[], object]]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        # Held while jobs run, by the clock's thread or by the caller of advance().
        self._run_lock = threading.RLock()
        self._closing = False
        self._thread: threading.Thread | None = None
        #: The thread that runs jobs at present.
        self._runner: int | None = None

    def now(self) -> datetime:
        """Return the sandbox's date and time, with the zone UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def seconds(self) -> float:
        """Return the sandbox's monotonic time in seconds, for measuring how long something takes."""
        return time.monotonic() + self._ahead

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        """Move the clock forward and run everything that becomes due, before returning."""
        for name, value in (("seconds", seconds), ("minutes", minutes), ("hours", hours)):
            if type(value) not in {int, float} or not abs(value) < _LARGEST:
                raise ConfigurationError(f"{name}={value!r:.40}: give a number")
        span = seconds + 60 * minutes + 3600 * hours
        if span < 0:
            raise ConfigurationError(
                f"the clock cannot be moved by {span:g} seconds: give a positive number, it only moves forward"
            )
        with self._run_lock:
            if self._ahead + span > MAX_AHEAD:
                raise ConfigurationError(
                    "the clock cannot be moved more than a hundred years ahead: give less, or call reset() first"
                )
            if span:
                self._on_advance(span)
            until = self.seconds() + span
            self._run_due(until)
            with self._changed:
                self._ahead = max(self._ahead, until - time.monotonic())
                self._changed.notify_all()

    def schedule(self, seconds: float, job: Callable[[], object]) -> None:
        """Run a job in this many seconds."""
        with self._changed:
            if self._closing:
                return
            entry = (self.seconds() + seconds, next(self._number), job)
            heapq.heappush(self._jobs, entry)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run_forever, name="skymms-sandbox-clock", daemon=True)
                self._thread.start()
            # Wake the thread only for a job that is due first: with a thousand sends a second, waking it each time costs more
            # than the sends.
            if self._jobs[0] is entry:
                self._changed.notify_all()

    def reset(self) -> None:
        """Return to the machine's time and drop all jobs."""
        with self._run_lock, self._changed:
            self._jobs.clear()
            self._ahead = 0.0

    def close(self) -> None:
        """Drop all jobs and wait for the one that is running."""
        with self._changed:
            self._closing = True
            self._jobs.clear()
            self._changed.notify_all()
        # A job may close the clock. Then do not join the clock's thread: it may be this thread, or wait for a lock that this
        # thread has.
        if self._thread is not None and self._runner != threading.get_ident():
            self._thread.join()

    def _run_forever(self) -> None:
        while True:
            with self._changed:
                while not self._closing and (wait := self._seconds_to_next_job()) != 0:
                    self._changed.wait(wait)
                if self._closing:
                    return
            with self._run_lock:
                self._run_due(self.seconds())

    def _seconds_to_next_job(self) -> float | None:
        """Seconds until the next job is due; None without a job."""
        return max(0.0, self._jobs[0][0] - self.seconds()) if self._jobs else None

    def _run_due(self, until: float) -> None:
        """Run the jobs that are due by ``until``, each at its own time."""
        while True:
            with self._changed:
                if not self._jobs or self._jobs[0][0] > until:
                    return
                due, _, job = heapq.heappop(self._jobs)
                # A job sees the time at which it was due, not the time to which the clock is being advanced.
                self._ahead = max(self._ahead, due - time.monotonic())
            outer, self._runner = self._runner, threading.get_ident()
            try:
                job()
            except Exception:  # a postback that cannot be encoded must not stop the other jobs
                traceback.print_exc()
            finally:
                self._runner = outer
