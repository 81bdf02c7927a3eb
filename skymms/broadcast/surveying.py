"""Reads the figures of broadcasts for people who watch them: plots, outcomes by carrier and variant, unknown messages.

An overview of all broadcasts takes a millisecond. A survey of one reads all its messages, in windows: each is a short
transaction, and the caller may rest between two. While somebody reads a SQLite file, a run in another process cannot commit.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..storage.contract import Row, Store, Transaction
from . import survey_statements as sql
from .breakers import begun, has_passed
from .comparing import ACCEPTED, VariantOutcome, variant_outcomes
from .estimating import LeftOutLine
from .leases import count_workers
from .matching import CLOCKS
from .noting import find_evidence
from .outcome_statements import LAST_DECISIONS
from .settings import Settings
from .shares import Share
from .statements import COUNT_LEFT_OUT, LEFT_OUT, VARIANTS
from .states import Phase, State

#: How many unknown messages, and how many lines that were left out, a survey lists.
MOST_LISTED = 100
#: The seconds that a window should take, and the bounds of its size in messages.
_WINDOW_SECONDS, _SMALLEST, _LARGEST = 0.005, 200, 20_000
#: The most time buckets of a plot. If there are more, each becomes twice as wide.
_MOST_BUCKETS = 240
#: The states whose beginning a plot shows. Those that were requested and have none of them wait for a report.
_ENDED = (State.DELIVERED, State.FAILED, State.REFUSED, State.UNKNOWN)
#: As `status` counts them by default.
_UNREPORTED_AFTER = 72 * 3600.0


class Canary(NamedTuple):
    """The canary of a broadcast: the number of its messages, how many were sent and have an outcome, and whether it passed."""

    size: int
    sent: int
    known: int
    passed: bool


class Overview(NamedTuple):
    """The state of a broadcast, its counts by state, its settings, and how many runs are at work."""

    id: int
    name: str
    phase: Phase
    why: str | None
    counts: Mapping[str, int]
    settings: Settings
    created_at: float
    finished_at: float | None
    workers: int
    canary: Canary | None


class Timeline(NamedTuple):
    """How many messages were in each state at some times (the ends of time buckets), for a plot."""

    times: Sequence[float]
    states: Mapping[str, Sequence[int]]


class CarrierOutcome(NamedTuple):
    """What became of the messages to one carrier, None for those whose carrier no report has named.

    ``delivered`` is a share of the messages that the gateway accepted. ``code`` is that of most failures.
    """

    carrier: str | None
    counts: Mapping[str, int]
    delivered: Share
    code: str | None
    code_count: int


class Survey(NamedTuple):
    """What the messages of a broadcast say. ``seconds`` is the time for which transactions were open."""

    at: float
    seconds: float
    counts: Mapping[str, int]
    timeline: Timeline
    carriers: Sequence[CarrierOutcome]
    variants: Sequence[VariantOutcome]
    unknown: Sequence[Mapping[str, Any]]
    left_out: Sequence[LeftOutLine]
    left_out_counts: Mapping[str, int]


def overview(store: Store) -> tuple[float, list[Overview]]:
    """Return the time by the store's clock, and the state of all broadcasts, the oldest first."""
    with store.reading() as transaction:
        now = transaction.now()
        counts: dict[int, dict[str, int]] = {}
        for broadcast, state, count in transaction.rows(sql.ALL_TALLIES):
            if count:
                counts.setdefault(broadcast, {})[state] = int(count)
        workers: Mapping[int, int] = count_workers(transaction, now)
        found: list[Overview] = []
        for id, name, state, why, settings, created_at, finished_at in transaction.rows(sql.ALL_BROADCASTS):
            own, parsed = counts.get(id, {}), Settings.from_json(settings)
            canary = _canary(transaction, id, parsed, own)
            phase = Phase(state)
            found.append(Overview(id, name, phase, why, own, parsed, created_at, finished_at, workers.get(id, 0), canary))
    return now, found


def _canary(transaction: Transaction, broadcast: int, settings: Settings, counts: Mapping[str, int]) -> Canary | None:
    if settings.canary is None:
        return None
    decided: dict[str, float] = dict(transaction.rows(LAST_DECISIONS, broadcast=broadcast))
    known = sum(counts.get(state, 0) for state in (State.DELIVERED, State.FAILED, State.REFUSED))
    return Canary(settings.canary, begun(counts), known, has_passed(decided, counts, settings.canary))


# ------------------------------------------------------------------------------------------------ one broadcast


def _no_rest(seconds: float) -> None:
    """Go on at once."""


class Surveyor:
    """Surveys one broadcast, as often as it is asked to. It remembers which messages are its own."""

    def __init__(self, store: Store, broadcast: int) -> None:
        self._store = store
        self._broadcast = broadcast
        #: Before the first id, and the last one. A list that was read to the end does not grow.
        self._range: tuple[int, int] | None = None
        self._size = _SMALLEST

    def survey(self, rest: Callable[[float], object] = _no_rest, *, complete: bool = True) -> Survey:
        """Read all messages. ``rest`` is called between two transactions, with the seconds that the last one took.

        ``complete`` says that the list of the broadcast was read to the end.
        """
        with self._store.reading() as transaction:
            now = transaction.now()
            variants = transaction.rows(VARIANTS, broadcast=self._broadcast)
            left_out = [LeftOutLine(*row) for row in transaction.rows(LEFT_OUT, broadcast=self._broadcast, most=MOST_LISTED)]
            left_out_counts = {row[0]: int(row[1]) for row in transaction.rows(COUNT_LEFT_OUT, broadcast=self._broadcast)}
            ids = transaction.one(sql.MESSAGE_IDS)
        counted = _Counted(now)
        all_ids = (0, 0) if ids is None or ids[0] is None else (ids[0] - 1, ids[1])
        after, last = self._range or all_ids
        seconds = 0.0
        while after < last:
            upto = min(after + self._size, last)
            took = self._read_window(counted, after, upto)
            after, seconds = upto, seconds + took
            self._size = round(max(_SMALLEST, min(self._size * min(2.0, _WINDOW_SECONDS / max(took, 1e-6)), _LARGEST)))
            rest(took)
        if complete and counted.last:
            self._range = counted.first - 1, counted.last
        return Survey(
            now, seconds, dict(counted.states), counted.timeline(), counted.carriers(),
            variant_outcomes(variants, counted.variants, counted.opted_out),
            self._with_evidence(counted.unknown), left_out, left_out_counts,
        )  # fmt: skip

    def _read_window(self, counted: _Counted, after: int, upto: int) -> float:
        """Count the messages of a window, and return how many seconds that took."""
        window = {"broadcast": self._broadcast, "after": after, "upto": upto}
        began = time.perf_counter()
        with self._store.reading() as transaction:
            before = counted.now - _UNREPORTED_AFTER
            rows = transaction.rows(sql.COUNT_WINDOW, **window, width=counted.width, now=counted.now, unreported_before=before)
            if any(row[0] == State.UNKNOWN for row in rows) and len(counted.unknown) < MOST_LISTED:
                most = MOST_LISTED - len(counted.unknown)
                counted.unknown += transaction.rows(sql.UNKNOWN_IN_WINDOW, **window, most=most)
        took = time.perf_counter() - began
        counted.add(rows)
        return took

    def _with_evidence(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return unknown messages with the reports that may be about them, as :meth:`Broadcast.unknown` has them."""
        names = ("number", "reason", "code", "attempts", "reference", "sent_at")
        found: list[dict[str, Any]] = [dict[str, Any](zip(names, row, strict=True)) for row in rows]
        evidence = find_evidence(self._store, [row["number"] for row in found]) if found else {}
        for row in found:
            row["evidence"] = [one for one in evidence[row["number"]] if one["at"] >= row["sent_at"] - CLOCKS]
        return found


class _Counted:
    """What was counted so far."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.first = self.last = 0
        #: The width of a time bucket in seconds, a power of 2, so that two buckets become one.
        self.width = 1
        self.states: Counter[str] = Counter()
        self.variants: dict[int, Counter[str]] = {}
        self.opted_out: Counter[int] = Counter()
        self.unknown: list[Row] = []
        self._carriers: dict[str | None, Counter[str]] = {}
        self._codes: dict[str | None, Counter[str]] = {}
        self._requested: Counter[int] = Counter()
        self._ended: dict[str, Counter[int]] = {state: Counter() for state in (*_ENDED, State.SKIPPED)}

    def add(self, rows: Sequence[Row]) -> None:
        """Add the counts of a window."""
        for state, variant, carrier, code, sent, ended, count, left_us, first, last in rows:
            self.first, self.last = min(self.first or first, first), max(self.last, last)
            stored = State.ACCEPTED if state == State.UNREPORTED else state
            self.states[state] += count
            self.variants.setdefault(variant, Counter())[stored] += count
            self.opted_out[variant] += int(left_us)
            if stored not in (State.READY, State.SENDING, State.SKIPPED):
                self._carriers.setdefault(carrier, Counter())[stored] += count
            if code is not None:
                self._codes.setdefault(carrier, Counter())[code] += count
            if sent is not None and stored not in (State.READY, State.SKIPPED):
                self._requested[sent] += count
            if stored in self._ended and ended is not None:
                self._ended[stored][ended] += count
        while len(self._span()) > _MOST_BUCKETS:
            self._widen()

    def _span(self) -> range:
        """Return the numbers of all time buckets, from the first in which something happened to the last."""
        all_buckets = [buckets for buckets in (self._requested, *self._ended.values()) if buckets]
        used = [place for buckets in all_buckets for place in (min(buckets), max(buckets))]
        return range(min(used), max(used) + 1) if used else range(0)

    def _widen(self) -> None:
        """Make each time bucket twice as wide."""
        self.width *= 2
        for buckets in (self._requested, *self._ended.values()):
            halved: Counter[int] = Counter()
            for place, count in buckets.items():
                halved[place // 2] += count
            buckets.clear()
            buckets.update(halved)

    def timeline(self) -> Timeline:
        """Return how many messages were in each state at the end of each bucket."""
        span = self._span()
        requested, ended = 0, dict.fromkeys(self._ended, 0)
        states: dict[str, list[int]] = {state: [0] for state in (*self._ended, State.ACCEPTED)}
        for place in span:
            requested += self._requested[place]
            for state, buckets in self._ended.items():
                ended[state] += buckets[place]
                states[state].append(ended[state])
            states[State.ACCEPTED].append(max(0, requested - sum(ended[state] for state in _ENDED)))
        times = [float(place * self.width) for place in (*span, span.stop)] if span else []
        if times:
            times[-1] = min(times[-1], self.now)
        return Timeline(times, {str(state): counts for state, counts in states.items()} if span else {})

    def carriers(self) -> list[CarrierOutcome]:
        """Return the outcomes by carrier, those with most messages first."""
        found: list[CarrierOutcome] = []
        for carrier, counts in self._carriers.items():
            delivered = Share.among(counts[State.DELIVERED], sum(counts[state] for state in ACCEPTED))
            ((code, count),) = self._codes.get(carrier, Counter[str]()).most_common(1) or ((None, 0),)
            found.append(CarrierOutcome(carrier, dict(counts), delivered, code, count))
        return sorted(found, key=lambda one: (one.carrier is None, -sum(one.counts.values()), one.carrier or ""))
