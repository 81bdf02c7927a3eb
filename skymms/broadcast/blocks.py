"""Takes blocks of messages from the ledger and writes what became of them.

A block is one transaction: it writes the answers to the last blocks, and the intents and turns of the next. Its messages may be
requested once the transaction has ended, and not before, because an intent that is not on the disk is forgotten by a crash.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from ..storage.contract import Store, Transaction
from . import statements as sql
from .answering import check_phase, skip_all, write_answers
from .breakers import Breakers, Verdict
from .consent_statements import FIRMLY_OF_MESSAGE
from .eligibility import Eligibility
from .hooks import instant
from .intents import Intent
from .noting import match_interrupted
from .outcomes import LONGEST_WAIT, Answer
from .scopes import EVERYTHING
from .settings import Settings
from .states import Phase, State, Why
from .tallies import add_to_tally, read_tally
from .turns import slow_down, take_turns

#: Seconds until other workers take a worker for dead that does not renew its lease.
LEASE = 30.0
#: A lease that seems to last longer was given before the ledger's clock was set back.
LONGEST_LEASE = LEASE + 60.0
#: How often it is renewed before it would end, and not in each block: each time takes a page more to write.
_RENEWALS = 15
#: Seconds after its block in which a message may still be requested, at most: up to ``turns.AHEAD`` until its turn, and up to 5
#: afterwards.
_LATEST = 6.0
#: Seconds between two looks at the outcomes, while the canary is awaited and afterwards.
_JUDGE_CANARY, _JUDGE = 1.0, 10.0
#: No message waits longer than this, unless the ledger's clock was set back.
_LONGEST_WAIT = LONGEST_WAIT + 60.0
#: Seconds between two looks for workers whose lease has ended.
_SWEEP = 5.0


#: A message that is ready: id, number, variant, data, attempts, due. A number in JSON could lose digits, so ``due`` is text.
_Ready: TypeAlias = "tuple[int, str, int, str | None, int, str]"


class Block(NamedTuple):
    """The intents of a block, the state of the broadcast, and when to ask again if there are none.

    ``wait`` is None if no message is left that could become due. The turns of the intents count from ``taken_at``: the time of
    the ledger's clock at which they were granted, or later if the commit ended after the first turn.
    """

    intents: Sequence[Intent]
    phase: Phase
    why: str | None
    wait: float | None
    taken_at: float
    #: True if the messages are only waiting for the hours of the broadcast.
    outside_hours: bool = False
    #: Why the broadcast has to pause, by its own rules.
    pause: str | None = None
    #: While the broadcast waits for the outcomes of its canary: how many of them are known.
    canary_known: int | None = None


def shorten_leases(transaction: Transaction, now: float) -> None:
    """End leases in time that seem to end much later: the ledger's clock was set back since.

    A worker that has ended would count as alive until then.
    """
    transaction.run(sql.SHORTEN_LEASES, until=now + LEASE, latest=now + LONGEST_LEASE)


class Holder:
    """One worker's hold on a broadcast. ``account`` is the key of the pace that all workers of an account share."""

    def __init__(
        self,
        store: Store,
        broadcast: int,
        settings: Settings,
        *,
        account: str,
        sender: str | None,
        scopes: Iterable[str],
        group: int = 1,
        breakers: Breakers | None = None,
        lease: str | None = None,
    ) -> None:
        self._store = store
        self._broadcast = broadcast
        self._settings = settings
        self._account = account
        self._sender = sender
        self._group = group
        self._breakers = breakers or Breakers(broadcast, "", (), None)
        self._verdict = Verdict()
        self._judged_at = float("-inf")
        self._eligibility = Eligibility(broadcast, scopes, settings.cap)
        self.lease: str = lease or secrets.token_hex(8)
        self._zones: list[str] = []
        #: The last message that was taken in each time zone: what is before it is not ready.
        self._cursor: dict[str, tuple[float, int]] = {}
        self._swept_at = float("-inf")
        #: By the ledger's clock.
        self._renewed_at = float("-inf")
        #: The time of the last transaction's clock, by the clock of this process.
        self._taken_at = float("-inf")
        self._alone = False
        #: Seconds until there are turns, if the last block got none.
        self._turn_wait = 0.0

    def begin(self, *, alone: bool) -> None:
        """Start to hold: note the zones, and call unknown what an ended worker left. ``alone``: there is no other worker."""
        self._alone = alone
        with self._store.transaction() as transaction:
            now = transaction.now()
            self._zones = [row[0] for row in transaction.rows(sql.ZONES, broadcast=self._broadcast)]
            secret = transaction.one(sql.SECRET)
            self._eligibility.secret = bytes.fromhex(secret[0]) if secret else None
            if self._settings.rate is not None:
                transaction.run(sql.ADD_PACE, account=self._account, gap=1 / self._settings.rate)
            self._renew(transaction, now)
            renewed_at = now
            if alone:
                interrupted = transaction.run(sql.INTERRUPT_OTHERS, broadcast=self._broadcast, lease=self.lease, now=now)
                self._tally(transaction, Counter({State.SENDING: -interrupted, State.UNKNOWN: interrupted}))
            match_interrupted(transaction, self._broadcast, self.lease, now)
        self._renewed_at = renewed_at

    def exchange(self, answers: Sequence[Answer], most: int, *, known: Iterable[int] | None = None) -> Block:
        """Write answers and take up to ``most`` messages, in one transaction.

        ``known`` is given after a transaction whose end was not answered: the ids of all messages that are in flight. Others
        that this worker holds were taken by that transaction and have not been requested, so they are given back.
        """
        instant("before the block")
        with self._written(answers) as (transaction, now, changed):
            # A clock that was set forward would end the lease.
            if renews := not self._renewed_at <= now < self._renewed_at + LEASE / _RENEWALS:
                self._renew(transaction, now)
            self._sweep(transaction, now, changed)
            self._give_back(transaction, known, now, changed)
            found = transaction.one(sql.PHASE, broadcast=self._broadcast)
            phase, why = (Phase(found[0]), found[1]) if found else (Phase.CANCELLED, None)
            intents: list[Intent] = []
            wait: float | None = 0.0
            outside = False
            verdict = self._judge(transaction, now, changed) if phase is Phase.RUNNING else Verdict()
            if phase is Phase.RUNNING and verdict.pause is None:
                allowed = most if verdict.most is None else min(most, verdict.most)
                intents = self._take(transaction, allowed, now, changed)
                if not intents:
                    wait, outside = self._next(transaction, now)
                    if wait is not None:
                        wait = max(wait, self._turn_wait, _JUDGE_CANARY if verdict.most == 0 else 0.0)
                else:
                    instant("before the block's commit")
            if answers:
                instant("before the answers' commit")
        if renews:
            self._renewed_at = now
        if intents:
            instant("after the block's commit")
        if answers:
            instant("after the answers' commit")
        if intents:
            self._taken_at = max(self._taken_at, time.monotonic() - intents[0].turn)
        return Block(intents, phase, why, wait, self._taken_at, outside, verdict.pause, verdict.known)

    def _judge(self, transaction: Transaction, now: float, changed: Counter[str]) -> Verdict:
        """Apply the rules of the broadcast from time to time, and as long as its canary is incomplete for each block."""
        if self._breakers.idle:
            return self._verdict
        waits = self._verdict.most is not None
        every = 0.0 if self._verdict.most else _JUDGE_CANARY if waits else _JUDGE
        if time.monotonic() - self._judged_at >= every:
            # The canary counts what was taken, so the counts must be complete.
            self._tally(transaction, changed)
            changed.clear()
            self._verdict = self._breakers.judge(transaction, now)
            self._judged_at = time.monotonic()
        return self._verdict

    def counts(self) -> dict[str, int]:
        """Return the number of messages in each state, by all workers."""
        with self._store.reading() as transaction:
            return read_tally(transaction, self._broadcast)

    def end(self, answers: Sequence[Answer], *, known: Iterable[int] | None = None) -> None:
        """Write the last answers and give up the lease. ``known``: see :meth:`exchange`."""
        with self._written(answers) as (transaction, now, changed):
            self._give_back(transaction, known, now, changed)
            transaction.run(sql.END_LEASE, lease=self.lease)

    def _give_back(self, transaction: Transaction, known: Iterable[int] | None, now: float, changed: Counter[str]) -> None:
        if known is not None:
            returned = transaction.run(sql.GIVE_BACK, lease=self.lease, known=json.dumps(list(known)), now=now)
            changed.update({State.SENDING: -returned, State.READY: returned})
            if returned:
                check_phase(transaction, self._broadcast, now, changed)

    @contextmanager
    def _written(self, answers: Sequence[Answer]) -> Generator[tuple[Transaction, float, Counter[str]]]:
        """Begin a transaction and write answers in it; at its end, add what changed to the tally."""
        with self._store.transaction() as transaction:
            now, changed = transaction.now(), Counter[str]()
            self._taken_at = time.monotonic()
            self._write(transaction, answers, now, changed)
            yield transaction, now, changed
            self._tally(transaction, changed)

    def _renew(self, transaction: Transaction, now: float) -> None:
        transaction.run(
            sql.RENEW_LEASE,
            lease=self.lease, broadcast=self._broadcast, host=socket.gethostname(), pid=os.getpid(), now=now, until=now + LEASE,
        )  # fmt: skip

    def _sweep(self, transaction: Transaction, now: float, changed: Counter[str]) -> None:
        if time.monotonic() - self._swept_at < _SWEEP:
            return
        self._swept_at = time.monotonic()
        if self._alone:
            return
        shorten_leases(transaction, now)
        interrupted = transaction.run(sql.INTERRUPT_EXPIRED, broadcast=self._broadcast, now=now)
        changed.update({State.SENDING: -interrupted, State.UNKNOWN: interrupted})
        if interrupted:
            match_interrupted(transaction, self._broadcast, self.lease, now)

    # -------------------------------------------------------------------------------------------- answers

    def _write(self, transaction: Transaction, answers: Sequence[Answer], now: float, changed: Counter[str]) -> None:
        if not answers:
            return
        write_answers(transaction, self._broadcast, answers, self.lease, now, changed)
        for answer in answers:
            if answer.opt_out is not None:
                self._suppress(transaction, answer, now)
        slowest = max((answer.slow_down or 0.0 for answer in answers), default=0.0)
        if slowest:
            slow_down(transaction, self._account, self._settings.rate, slowest, now)

    def _suppress(self, transaction: Transaction, answer: Answer, now: float) -> None:
        # Not subscribed (E715) is about one campaign. What blocks a number does so for all messages of the account.
        campaigns = [scope for scope in self._eligibility.scopes if scope.startswith("campaign:")]
        scope = campaigns[0] if campaigns and answer.code == "E715" else EVERYTHING
        # Somebody who subscribes to the campaign again takes that back.
        revocable = int(scope != EVERYTHING)
        transaction.run(sql.SUPPRESS_OF_MESSAGE, id=answer.id, scope=scope, source=answer.opt_out, at=now, revocable=revocable)
        if not revocable:
            transaction.run(FIRMLY_OF_MESSAGE, id=answer.id, scope=scope)

    # -------------------------------------------------------------------------------------------- intents

    def _take(self, transaction: Transaction, most: int, now: float, changed: Counter[str]) -> list[Intent]:
        settings = self._settings
        self._turn_wait = 0.0
        if (settings.start is not None and now < settings.start) or most < 1:
            return []
        if self._has_expired(now):
            skip_all(transaction, self._broadcast, Why.EXPIRED, now, changed)
            return []
        cursor = dict(self._cursor)
        candidates = self._candidates(transaction, most, now)
        if not candidates:
            return []
        skipped, later = self._eligibility.decide(transaction, [row[1] for row in candidates], now)
        taken = [row for row in candidates if row[1] not in skipped and row[1] not in later]
        for why in sorted(set(skipped.values())):
            self._skip(transaction, [row[0] for row in candidates if skipped.get(row[1]) is why], why, now, changed)
        if not taken:
            return []
        requests = self._requests(taken, most)
        zones = self._open_zones(now)
        turns = take_turns(transaction, self._account, settings.rate, len(requests), now, self._taken_at)
        self._turn_wait = turns.wait
        if self._has_expired(now) or self._open_zones(now) != zones:  # during the wait for the turns of other workers
            return []
        if turns.granted < len(requests):
            requests, self._cursor = requests[: turns.granted], cursor
        if not requests:
            return []
        taken = [row for request in requests for row in request]
        transaction.run(
            sql.SET_SENDING, ids=json.dumps([row[0] for row in taken]), lease=self.lease, sender=self._sender, now=now
        )
        changed.update({State.READY: -len(taken), State.SENDING: len(taken)})
        return [
            Intent(id, number, variant, data, attempts + 1, turns.first + turns.gap * place)
            for place, request in enumerate(requests)
            for id, number, variant, data, attempts, _ in request
        ]

    def _requests(self, taken: list[_Ready], most: int) -> list[list[_Ready]]:
        """Return the messages of each request: each needs one turn, and has one text. The others stay ready."""
        if self._group == 1:
            return [[row] for row in taken]
        alike: dict[tuple[int, str | None], list[_Ready]] = {}
        for row in taken:
            alike.setdefault((row[2], row[3]), []).append(row)
        size = self._group
        requests = [rows[at : at + size] for rows in alike.values() for at in range(0, len(rows), size)]
        return requests[: -(-most // size)]

    def _candidates(self, transaction: Transaction, most: int, now: float) -> list[_Ready]:
        found: list[_Ready] = []
        for zone in self._open_zones(now):
            for again in (False, True):
                after_due, after_id = self._cursor.get(zone, (-1.0, 0))
                rows = transaction.document(
                    sql.READY,
                    broadcast=self._broadcast, zone=zone, now=now, most=most - len(found),
                    after_due=after_due, after_id=after_id,
                )  # fmt: skip
                if rows:
                    self._cursor[zone] = (float(rows[-1][5]), rows[-1][0])
                    found.extend(rows)
                    break
                if again or (after_due, after_id) == (-1.0, 0):
                    break
                # Messages that were put back may be before the cursor.
                del self._cursor[zone]
            if len(found) >= most:
                break
        return found

    def _open_zones(self, now: float) -> list[str]:
        hours = self._settings.hours
        if hours is None:
            return self._zones
        # The request may leave some seconds later, and the hours must not have ended then.
        times = (now, now + self._waited() + _LATEST)
        return [zone for zone in self._zones if all(hours.is_open(at, zone or None) for at in times)]

    def _has_expired(self, now: float) -> bool:
        return self._settings.until is not None and now + self._waited() >= self._settings.until

    def _waited(self) -> float:
        """Return the seconds since the ledger's clock was read: the transaction may have waited for others."""
        return time.monotonic() - self._taken_at

    def _skip(self, transaction: Transaction, skipped: list[int], why: Why, now: float, changed: Counter[str]) -> None:
        ids = json.dumps(skipped)
        again = transaction.run(sql.UNKNOWN_AGAIN_BY_ID, ids=ids, now=now)
        transaction.run(sql.SET_SKIPPED, ids=ids, why=why, now=now)
        changed.update({State.READY: -len(skipped), State.SKIPPED: len(skipped) - again, State.UNKNOWN: again})

    def _next(self, transaction: Transaction, now: float) -> tuple[float | None, bool]:
        """Return the seconds until a message may be due (None if none is left), and whether only the hours are in the way."""
        settings = self._settings
        due = [
            (row[0], zone)
            for zone in self._zones
            if (row := transaction.one(sql.NEXT_DUE, broadcast=self._broadcast, zone=zone)) and row[0] is not None
        ]
        if not due:
            # Other workers may still hold messages. If they have ended, their leases will.
            others = transaction.one(sql.HELD_BY_OTHERS, broadcast=self._broadcast, lease=self.lease)
            return (_SWEEP if others else None), False
        if settings.start is not None and now < settings.start:
            return settings.start - now, False
        if all(at > now + _LONGEST_WAIT for at, _ in due):
            transaction.run(sql.SET_DUE, broadcast=self._broadcast, latest=now + _LONGEST_WAIT)
            return 0.0, False
        hours = settings.hours
        if hours is None:
            return max(0.0, min(at for at, _ in due) - now), False
        opening = [hours.next_opening(max(at, now + _LATEST), (zone or None,)) for at, zone in due]
        closed = not any(hours.is_open(now, zone or None) for _, zone in due)
        return max(0.0, min(opening) - now), closed

    def _tally(self, transaction: Transaction, changed: Counter[str]) -> None:
        add_to_tally(transaction, self._broadcast, self.lease, changed)
