"""Decides what a run does next, without threads and without waiting.

:class:`Desk` takes blocks from the ledger, collects answers, and ends the run: when nothing is left, when a breaker opens, when
somebody pauses or cancels the broadcast, or when the run is told to stop. The two carriers (:mod:`skymms.broadcast.threads` and
:mod:`skymms.broadcast.tasks`) make the calls.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from ..errors import StorageError
from .blocks import Block, Holder
from .intents import Intent
from .outcomes import Answer
from .states import Phase, State, Why

#: Messages that one block of a run with a rate takes at most, and the seconds that it covers.
_LARGEST_BLOCK, _BLOCK_SECONDS = 100, 0.1
#: A run without a rate holds a message more for every so many calls that it may make at once.
_TAKEN_AHEAD = 3
#: After so many failures to connect in a row, :meth:`Desk.progress` reports them as a trouble.
_REPORTED_FAILURES = 3
_LEDGER_TROUBLE = "the ledger cannot be used: {}"
#: The next block is taken so many seconds before the last turn of this one. All that is taken becomes unknown in a crash, so a
#: run does not take what it may only request much later.
_AHEAD = 0.2
#: Answers wait at most this long to be written, and a run looks at least this often whether somebody paused it.
_WRITE_WITHIN, _LOOK_EVERY = 0.1, 1.0
#: Seconds between two looks of a run that can only wait for answers.
_IDLE = 0.2
#: Seconds after it was taken in which a message may still be requested. A process that was stopped for longer gives it back.
_STALE = 5.0
#: A turn that was missed by more than this, and by more than the gap between two turns, is lost, and its message gets another
#: one. If late messages were requested at once, beside those whose turn it is, more would arrive in a second than the rate
#: allows: 5 % more at most with this figure.
_MISSED = 0.045
#: Seconds for which a run tries to reach a ledger that cannot be used. Then it ends; what it could not write is unknown.
_STORAGE_PATIENCE = 120.0
#: A broadcast is paused if more than this many of the last outcomes are unknown, or if so many calls in a row cannot connect or
#: are refused for a reason that is not about the recipient.
_UNKNOWN_LIMIT, _UNKNOWN_WINDOW, _UNREACHABLE_LIMIT, _REFUSED_LIMIT = 5, 50, 20, 20


class End(StrEnum):
    """How a run ended."""

    DONE = "done"
    UNKNOWN = "unknown"  # all messages are done, and the outcome of some is unknown
    PAUSED = "paused"
    CANCELLED = "cancelled"
    STOPPED = "stopped"  # by Ctrl-C, or at the end of a slice


class Result(NamedTuple):
    """How a run ended, why it was paused, and how many messages this run requested.

    ``wait`` is the number of seconds until a message may be due, if none was when the run ended.
    """

    end: End
    why: str | None
    requested: int
    wait: float | None = None


class Progress(NamedTuple):
    """How far a run is.

    ``counts`` are the messages in each state, by all workers, about a second old. ``requested`` are those of this run, and
    ``in_flight`` those that this run holds now. ``wait`` is the number of seconds until a message may be due, or None if the
    run is not waiting; ``outside_hours`` is True if it waits for the hours of the broadcast only. ``canary_known`` is the
    number of known outcomes if it waits for those of the canary, and else None. ``stopping`` is True
    after :meth:`Desk.stop`, and ``trouble`` says what keeps the run from going on, such as a ledger
    or a gateway that cannot be reached at the moment.
    """

    counts: Mapping[str, int]
    requested: int
    in_flight: int
    wait: float | None
    outside_hours: bool
    canary_known: int | None
    stopping: bool
    trouble: str | None


class Desk:
    """The decisions of one run. Its methods may be called by several threads, :meth:`exchange` by one at a time."""

    def __init__(
        self,
        holder: Holder,
        *,
        rate: float | None,
        concurrency: int,
        seconds: float | None,
        pause: Callable[[str], None],
        group: int = 1,
    ) -> None:
        self._holder = holder
        # In messages, of which a request of Cellcast has many.
        self._concurrency = concurrency * group
        # Calls end while a block is written. Without a rate some messages are taken ahead, for the workers that are free then.
        self._most = self._concurrency + (concurrency // _TAKEN_AHEAD * group if rate is None else 0)
        # Each block takes a commit, so a run without a rate takes as many messages at once as it may hold.
        by_rate = None if rate is None else max(1, min(_LARGEST_BLOCK, round(rate * _BLOCK_SECONDS)))
        requests = by_rate or max(_LARGEST_BLOCK, concurrency)
        #: Seconds after its turn in which a message may still be requested.
        self._stale = _STALE if rate is None else min(_STALE, max(_MISSED, 1 / rate))
        self._block = requests if group == 1 else min(requests, _LARGEST_BLOCK // 10) * group
        self._ends_at = None if seconds is None else time.monotonic() + seconds
        self._pause = pause
        self._lock = threading.Lock()
        self._answers: list[Answer] = []
        self._outcomes: deque[bool] = deque(maxlen=_UNKNOWN_WINDOW)
        self._unreachable = 0
        self._refused = 0
        self._last_exchange = float("-inf")
        self._next_look = float("-inf")
        self._stopped = False
        self._in_flight: dict[int, Intent] = {}
        #: How far the computer's clock was ahead of the monotonic one when each of them was taken.
        self._clocks: dict[int, float] = {}
        self._end: End | None = None
        self._why: str | None = None
        #: Whether the run itself has found the reason to pause the broadcast.
        self._broken = False
        #: When the ledger could not be used for the first time since it last could.
        self._failing_since: float | None = None
        self._trouble: str | None = None
        self._abandoned = False
        self._counts: Mapping[str, int] = {}
        self._counted_at = float("-inf")
        #: When a message may be due, while there is none.
        self._due_at: float | None = None
        self.requested: int = 0
        #: The numbers whose calls were in flight when the run was ended, so that their outcome is unknown.
        self.interrupted: list[str] = []
        self.outside_hours: bool = False
        self._canary_known: int | None = None

    # -------------------------------------------------------------------------------------------- carriers call these

    def stop(self) -> None:
        """Take no more messages. Those that have not been requested are given back."""
        self._stopped = True

    def abandon(self) -> None:
        """End now. The outcomes of the calls in flight will not be known, and the ledger says so."""
        self._stopped = self._abandoned = True

    @property
    def abandoned(self) -> bool:
        """True if the run does not wait for the calls in flight."""
        return self._abandoned

    def progress(self) -> Progress:
        """Return how far the run is."""
        wait = None if self._due_at is None else max(0.0, self._due_at - time.monotonic())
        with self._lock:
            in_flight = len(self._in_flight)
            trouble = self._trouble
            if trouble is None and self._unreachable >= _REPORTED_FAILURES:
                trouble = f"the gateway could not be reached {self._unreachable} times in a row"
        return Progress(
            self._counts, self.requested, in_flight, wait, self.outside_hours, self._canary_known, self._stopped, trouble
        )

    @property
    def stopping(self) -> bool:
        """True if no more messages are taken and requested."""
        ended = self._ends_at is not None and time.monotonic() >= self._ends_at
        return self._stopped or ended or self._end is not None

    def may_request(self, intent: Intent, taken_at: float) -> bool:
        """Whether a message may be requested now, at its turn."""
        # The monotonic clock stands still while a computer sleeps.
        slept = (clock := _clock()) - self._clocks.get(intent.id, clock)
        return not self.stopping and slept < _STALE and time.monotonic() - (taken_at + intent.turn) < self._stale

    def answer(self, answers: Sequence[Answer]) -> bool:
        """Note what became of the intents of one request. Returns whether :meth:`exchange` should be called soon."""
        with self._lock:
            is_first = not self._answers
            self._answers += answers
            for answer in answers:
                intent = self._in_flight.pop(answer.id, None)
                self._clocks.pop(answer.id, None)
                if answer.why == Why.INTERRUPTED:
                    self._note_interrupted(intent)
                if not answer.returned:
                    self.requested += 1
                    if answer.why != Why.INTERRUPTED:
                        self._outcomes.append(answer.state is State.UNKNOWN)
                    if not answer.about_recipient:
                        self._refused = self._refused + 1 if answer.state is State.REFUSED else 0
            self._unreachable = self._unreachable + 1 if answers[0].unreachable else 0
            reason = answers[0].pause or self._breaker(answers[-1])
        if reason is not None:
            self._break(reason)
        return is_first or self.stopping or self.due

    def wanted(self) -> int:
        """Return how many messages the next block may take."""
        with self._lock:
            free = self._most - len(self._in_flight)
        return 0 if self.stopping or time.monotonic() < self._next_look else min(self._block, free)

    @property
    def due(self) -> bool:
        """True if it is time to write the answers or to take the next block."""
        waited = time.monotonic() - self._last_exchange
        if waited >= _WRITE_WITHIN:
            return bool(self._answers) or waited >= _LOOK_EVERY or self.wanted() > 0
        return self.wanted() >= min(self._block, max(1, self._concurrency // _TAKEN_AHEAD))

    def exchange(self) -> Block | None:
        """Write the answers and take the next block, if it is time for that; None otherwise."""
        if not self.due:
            return None
        most, clock = self.wanted(), _clock()
        with self._lock:
            answers, self._answers = self._answers, []
            known = [*self._in_flight, *(answer.id for answer in self._answers)] if self._failing_since is not None else None
        try:
            block = self._holder.exchange(answers, most, known=known)
        except BaseException as error:
            with self._lock:
                # They are written by the next exchange. If the transaction was kept after all, that changes nothing.
                self._answers = answers + self._answers
            if not isinstance(error, StorageError):
                raise
            self._storage_failed(error)
            return None
        self._failing_since, self._trouble = None, None
        self._last_exchange = time.monotonic()
        with self._lock:
            self._in_flight |= {intent.id: intent for intent in block.intents}
            self._clocks |= {intent.id: clock for intent in block.intents}
        if block.intents:
            self._next_look = block.taken_at + block.intents[-1].turn - _AHEAD
        self._judge(block, most)
        self._count()
        return block

    def pause_seconds(self) -> float:
        """Return how long a carrier may wait for an answer before it calls :meth:`exchange` again."""
        now = time.monotonic()
        since = now - self._last_exchange
        if self._answers or self.wanted() > 0:
            return max(0.0, _WRITE_WITHIN - since)
        # An answer wakes the carrier. Without any, only time can bring something to do.
        look = max(self._next_look - now, 0.01) if self._next_look > now and not self.stopping else _IDLE
        return max(0.0, min(_LOOK_EVERY - since, look))

    @property
    def over(self) -> bool:
        """True if the run has ended and no call is in flight."""
        with self._lock:
            return self._abandoned or (not self._in_flight and self.stopping)

    def finish(self) -> Result:
        """Write the last answers, and give up the lease. Tries for a while if the ledger cannot be used."""
        with self._lock:
            # There are calls in flight only if the run was abandoned.
            lost = [Answer(one.id, one.attempt, State.UNKNOWN, Why.INTERRUPTED) for one in self._in_flight.values()]
            for intent in self._in_flight.values():
                self._note_interrupted(intent)
            self._answers += lost
            self._in_flight.clear()
        while True:
            try:
                # The answers are kept until they are written: messages without an answer may be given back.
                self._holder.end(list(self._answers), known=None if self._failing_since is None else ())
                # What somebody else has paused may have been resumed since.
                if self._broken and self._why is not None:
                    self._pause(self._why)
                break
            except StorageError as error:
                self._storage_failed(error)
                if self._abandoned:
                    raise
                time.sleep(_LOOK_EVERY)
        wait = None if self._end or self._due_at is None else max(0.0, self._due_at - time.monotonic())
        return Result(self._end or End.STOPPED, self._why, self.requested, wait)

    # -------------------------------------------------------------------------------------------- deciding

    def _break(self, reason: str) -> None:
        if self._end is None:
            self._end, self._why, self._broken = End.PAUSED, reason, True

    def _breaker(self, last: Answer) -> str | None:
        unknown = sum(self._outcomes)
        if unknown > _UNKNOWN_LIMIT:
            return f"{unknown} of the last {len(self._outcomes)} outcomes are unknown: check the gateway, then resume"
        if self._unreachable >= _UNREACHABLE_LIMIT:
            return f"the gateway could not be reached {self._unreachable} times in a row: check the connection, then resume"
        if self._refused >= _REFUSED_LIMIT:
            return f"{self._refused} messages in a row were refused, the last because of: {last.why} Correct that, then resume"
        return None

    def _note_interrupted(self, intent: Intent | None) -> None:
        if intent is not None:
            self.interrupted.append(intent.number)

    def _count(self) -> None:
        """Read the counts for :meth:`progress`, about once a second."""
        if time.monotonic() - self._counted_at < _LOOK_EVERY:
            return
        try:
            self._counts, self._counted_at = self._holder.counts(), time.monotonic()
        except StorageError as error:
            self._trouble = _LEDGER_TROUBLE.format(error)  # the next exchange will notice

    def _storage_failed(self, error: StorageError) -> None:
        """Wait and try again: the outcomes of the calls in flight are known, and must be written."""
        now = time.monotonic()
        self._failing_since, self._trouble = self._failing_since or now, _LEDGER_TROUBLE.format(error)
        self._last_exchange = now
        self._next_look = now + _LOOK_EVERY
        if now - self._failing_since > _STORAGE_PATIENCE:
            raise error

    def _judge(self, block: Block, most: int) -> None:
        self.outside_hours, self._canary_known = block.outside_hours, block.canary_known
        self._due_at = time.monotonic() + block.wait if block.wait and not block.intents else None
        with self._lock:
            idle = not self._in_flight and not self._answers
        if block.pause is not None:
            self._break(block.pause)
        elif block.phase is Phase.RUNNING:
            if most and block.wait is None and idle:
                self._end = self._end or End.DONE
            elif most and not block.intents:
                self._next_look = time.monotonic() + min(block.wait or 0.0, _LOOK_EVERY)
        elif block.phase is Phase.CANCELLED:
            self._end = self._end or End.CANCELLED
        elif block.phase is Phase.DONE:
            # Another worker noticed it first. It may have called messages of this run unknown, which can become ready again.
            if idle:
                self._end = self._end or End.DONE
        else:
            self._end = self._end or End.PAUSED
            self._why = self._why or block.why


def _clock() -> float:
    return time.time() - time.monotonic()


def each_second(watch: Callable[[Desk], None] | None) -> Callable[[Desk], None] | None:
    """Return a function that calls ``watch`` at most about once a second."""
    if watch is None:
        return None
    last = float("-inf")

    def call(desk: Desk) -> None:
        nonlocal last
        if time.monotonic() - last >= _LOOK_EVERY or desk.over:
            watch(desk)
            last = time.monotonic()

    return call
