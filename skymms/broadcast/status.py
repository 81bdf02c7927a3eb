"""Reads the state of a broadcast, and why messages that are ready are not sent now: the hours, the start, or the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from ..storage.contract import Store, Transaction
from . import statements as sql
from .hours import zone_info
from .leases import count_workers
from .settings import Settings
from .states import Phase, State
from .tallies import read_tally


class Waiting(NamedTuple):
    """How many messages wait, why, and until when the first of them does."""

    messages: int
    why: str
    until: datetime


def find_waiting(transaction: Transaction, broadcast: int, settings: Settings, now: float) -> Waiting | None:
    """Return for what all ready messages wait; None if some may be sent now, or none is ready. It reads all of them."""
    rows = transaction.rows(sql.READY_BY_ZONE, broadcast=broadcast)
    if not rows:
        return None
    hours, count = settings.hours, sum(row[2] for row in rows)
    zone = hours.zone if hours is not None else "UTC"
    if settings.start is not None and now < settings.start:
        return Waiting(count, "before the start", datetime.fromtimestamp(settings.start, zone_info(zone)))
    if hours is not None and not any(hours.is_open(now, zone or None) for zone, _, _ in rows):
        at, zones = min((hours.next_opening(max(due, now), (zone or None,)), zone or hours.zone) for zone, due, _ in rows)
        opening = datetime.fromtimestamp(at, zone_info(zones.split(",")[0]))
        return Waiting(count, f"outside the hours {hours.begin}-{hours.end}", opening)
    due = min(due for _, due, _ in rows)
    if due <= now:
        return None
    return Waiting(count, "the gateway put them off", datetime.fromtimestamp(due, zone_info(zone)))


def describe_phase(phase: str, counts: Mapping[str, int], workers: int) -> str:
    """Return what a broadcast does, in a word: its phase, or ``stopped`` if it was begun and no run is at work."""
    begun = any(count for state, count in counts.items() if state not in ("ready", "skipped"))
    is_idle = workers == 0 and (phase == "running" or (phase == "planned" and begun))
    return "stopped" if is_idle else phase


class Status(NamedTuple):
    """The state of a broadcast, why it is paused, and how many messages are in each state. ``left_out`` counts lines.

    ``workers`` is the number of runs at work, and ``waiting`` says why none of the ready messages is sent now.
    """

    name: str
    phase: Phase
    why: str | None
    counts: Mapping[str, int]
    left_out: Mapping[str, int]
    workers: int = 0
    waiting: Waiting | None = None

    @property
    def state(self) -> str:
        """The phase, or ``stopped`` if the broadcast was begun and no run is at work."""
        return describe_phase(self.phase, self.counts, self.workers)


def read_status(store: Store, broadcast: int, name: str, settings: Settings, unreported_after: float | None) -> Status:
    """Return the state of a broadcast: see ``Broadcast.status``."""
    with store.reading() as transaction:
        found = transaction.one(sql.FIND_BROADCAST, name=name)
        counts = read_tally(transaction, broadcast)
        now = transaction.now()
        if unreported_after is not None and found and counts.get(State.ACCEPTED) and now - found[6] > unreported_after:
            before = now - unreported_after
            unreported = transaction.rows(sql.COUNT_UNREPORTED, broadcast=broadcast, before=before)[0][0]
            moved = {State.ACCEPTED: counts[State.ACCEPTED] - unreported, State.UNREPORTED: unreported}
            counts = {state: n for state, n in (counts | moved).items() if n}
        left_out = {row[0]: int(row[1]) for row in transaction.rows(sql.COUNT_LEFT_OUT, broadcast=broadcast)}
        workers: Mapping[int, int] = count_workers(transaction, now)
        phase, why = found[2:4] if found else (Phase.CANCELLED, None)
        waits = phase in (Phase.PLANNED, Phase.RUNNING) and counts.get(State.READY) and unreported_after is not None
        waiting = find_waiting(transaction, broadcast, settings, now) if waits else None
    return Status(name, Phase(phase), why, counts, left_out, workers.get(broadcast, 0), waiting)
