"""Surveys the broadcasts that somebody looks at, one after the other, in a thread.

A survey reads all messages of a broadcast. It rests seven times as long as it reads, so that a run in another process gets at
least seven eighths of the time of a SQLite file, and of a processor. While nobody has the page open, nothing is surveyed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from ..broadcast.surveying import Overview, Survey, Surveyor
from ..errors import SkymmsError
from ..storage.contract import Store

#: Seconds of rest for each second of reading.
_REST = 7.0
#: Seconds between two surveys of a broadcast whose counts have changed, and of another one: a report may be new evidence.
_EVERY, _EVERY_UNCHANGED = 5.0, 30.0
#: Seconds after which a page that did not ask again is closed.
_INTEREST = 15.0
#: Surveys that are kept.
_MOST = 20


class _Closed(Exception):
    """The thread has to end."""


class _Place:
    """The last survey of one broadcast, and what is needed to make the next one."""

    def __init__(self, surveyor: Surveyor) -> None:
        self.surveyor = surveyor
        self.survey: Survey | None = None
        self.problem: str | None = None
        #: The last overview, and when a page asked for it.
        self.seen: Overview | None = None
        self.asked_at = 0.0
        #: The counts before the last survey, and when it ended and how long it took.
        self.counts: Mapping[str, int] | None = None
        self.ended_at = self.took = 0.0

    def is_due(self, now: float) -> bool:
        """Return whether somebody looks, and may see something new."""
        if self.seen is None or now - self.asked_at > _INTEREST:
            return False
        every = _EVERY if self.counts != self.seen.counts or self.problem else _EVERY_UNCHANGED
        # A survey of a long list is made less often.
        return self.counts is None or now - self.ended_at >= max(every, self.took)


class Surveys:
    """The last survey of each broadcast."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._places: dict[int, _Place] = {}
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="skymms surveys", daemon=True)
        self._thread.start()

    def look(self, broadcast: Overview) -> tuple[Survey | None, str | None]:
        """Return the last survey of a broadcast if there is one, and why there is none. A new one is made if it is time."""
        with self._changed:
            place = self._places.pop(broadcast.id, None) or _Place(Surveyor(self._store, broadcast.id))
            self._places[broadcast.id] = place
            if len(self._places) > _MOST:
                del self._places[next(iter(self._places))]
            place.seen, place.asked_at = broadcast, time.monotonic()
            self._changed.notify()
            return place.survey, place.problem

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        with self._changed:
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                while (place := self._next()) is None and not self._closing.is_set():
                    # A page asks every second, and that ends the wait.
                    self._changed.wait()
            if place is None or self._closing.is_set():
                return
            try:
                self._survey(place)
            except _Closed:
                return

    def _next(self) -> _Place | None:
        """Return the broadcast that waits for a survey for the longest time."""
        now = time.monotonic()
        due = [place for place in self._places.values() if place.is_due(now)]
        return min(due, key=lambda place: place.ended_at, default=None)

    def _survey(self, place: _Place) -> None:
        seen, began = place.seen, time.monotonic()
        assert seen is not None
        try:
            place.survey = place.surveyor.survey(self._rest, complete=seen.phase != "loading")
            place.problem = None
        except SkymmsError as error:
            place.problem = str(error)
        place.counts, place.ended_at = seen.counts, time.monotonic()
        place.took = place.ended_at - began

    def _rest(self, seconds: float) -> None:
        if self._closing.wait(_REST * seconds):
            raise _Closed
