"""Takes notices for the handlers of this process, and writes what became of them.

A worker holds what it takes by a lease, which it renews. What a worker leaves behind when its process is killed is taken again
after its lease has ended, so a handler gets each notice at least once. Taking and writing share one transaction, because a
commit takes as long for one notice as for a hundred.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import socket
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ..errors import SkymmsError
from ..model.notices import Notice
from ..model.serialization import from_dict
from ..storage.contract import Store, Transaction
from . import statements as sql
from .handlers import Handlers
from .registering import register

#: Seconds for which a worker holds what it took, unless it renews the lease.
LEASE = 30.0
#: Attempts until a notice is dead for a handler.
ATTEMPTS = 10
#: Seconds until the second attempt, the factor for each later one, and the most. Ten attempts take about 21 hours.
FIRST_DELAY, FACTOR, LONGEST_DELAY = 10.0, 3.0, 12 * 3600.0
#: Rows of workers that ended longer ago are deleted.
_FORGET_WORKERS = 86400.0
#: The most characters of a traceback; the end says what failed.
_LONGEST_ERROR = 20_000


class Taken(NamedTuple):
    """A notice that a handler has to be called with. ``id`` is the notice's number in the inbox."""

    id: int
    handler: str
    notice: Notice
    attempt: int


class Outcome(NamedTuple):
    """What became of a call: ``error`` is the traceback if it failed. ``final`` failures are not tried again.

    ``kind`` is the name of the error's class, for the log.
    """

    id: int
    handler: str
    attempt: int
    error: str | None = None
    final: bool = False
    kind: str = ""


def usual_delay_after(attempt: int) -> float:
    """Return about how many seconds it is until the next attempt."""
    return float(min(FIRST_DELAY * FACTOR ** (attempt - 1), LONGEST_DELAY))


def delay_after(attempt: int) -> float:
    """Return the seconds until the next attempt, which are random within a quarter, so that failures spread."""
    return float(usual_delay_after(attempt) * random.uniform(0.75, 1.25))  # noqa: S311


class Desk:
    """What a worker reads and writes. It is used by one thread."""

    def __init__(self, store: Store, handlers: Handlers) -> None:
        self._store = store
        self._handlers = handlers
        self._registered: Mapping[str, frozenset[str]] = {}
        #: The id of the lease.
        self.lease: str = secrets.token_hex(8)

    # -------------------------------------------------------------------------------------------- registration

    def register(self) -> list[str]:
        """Register the handlers that are new or have other kinds, and return the names of those that other workers must have.

        See :func:`~skymms.inbox.registering.register`.
        """
        wanted = self._handlers.kinds()
        with self._store.transaction() as transaction:
            now = transaction.now()
            found = register(transaction, wanted, now)
            self._renew(transaction, now)
        self._registered = wanted
        return sorted(found - set(wanted))

    @property
    def is_registered(self) -> bool:
        """True if all handlers of this process are registered."""
        return self._registered == self._handlers.kinds()

    # -------------------------------------------------------------------------------------------- taking

    def any_ready(self) -> bool:
        """Whether a notice waits for a handler. Asking this writes nothing."""
        with self._store.reading() as transaction:
            return transaction.one(sql.ANY_READY, now=transaction.now(), names=self._names(self._registered)) is not None

    def exchange(self, outcomes: Sequence[Outcome], room: Mapping[str, int]) -> tuple[list[Taken], list[Outcome]]:
        """Write what became of calls, and take notices: for each handler as many as it has room for.

        The second list has those that cannot be read, because a newer version of skymms wrote them. They are failures.
        """
        taken: list[tuple[int, str, int]] = []
        with self._store.transaction() as transaction:
            now = transaction.now()
            self._write(transaction, outcomes, now)
            names = [name for name in sorted(self._registered) if room.get(name, 0) > 0]
            if names:
                transaction.rows(sql.LOCK_TAKING, names=self._names(names))
            for name in names:
                rows = transaction.rows(sql.TAKE, lease=self.lease, handler=name, now=now, most=room[name])
                taken += [(id, name, attempts) for id, attempts in rows]
            ids = json.dumps(sorted({id for id, _, _ in taken}))
            notices: dict[int, str] = dict(transaction.rows(sql.NOTICES, ids=ids)) if taken else {}
        read: list[Taken] = []
        unreadable: list[Outcome] = []
        for id, name, attempt in taken:
            try:
                read.append(Taken(id, name, from_dict(json.loads(notices[id])), attempt))
            except SkymmsError as error:
                unreadable.append(Outcome(id, name, attempt, f"The notice cannot be read: {error}"))
        return read, unreadable

    def _write(self, transaction: Transaction, outcomes: Sequence[Outcome], now: float) -> None:
        done = [_key(one) | {"lease": self.lease, "now": now} for one in outcomes if one.error is None]
        if done:
            transaction.run_many(sql.SET_DONE, done)
        self._write_failures(transaction, [(one, self.lease) for one in outcomes if one.error is not None], now)

    def _write_failures(self, transaction: Transaction, failures: Sequence[tuple[Outcome, str]], now: float) -> None:
        rows = [
            _key(one)
            | {
                "lease": lease,
                "state": "dead" if (dead := one.final or one.attempt >= ATTEMPTS) else "ready",
                "due": now if dead else now + delay_after(one.attempt),
                "error": _storable(one.error or ""),
                "finished": now if dead else None,
            }
            for one, lease in failures
        ]
        if rows:
            transaction.run_many(sql.SET_FAILED, rows)
            later = [{name: row[name] for name in ("notice", "handler", "due")} for row in rows if row["state"] == "ready"]
            if later:
                transaction.run_many(sql.DELAY_LATER, later)

    # -------------------------------------------------------------------------------------------- leases

    def renew(self) -> int:
        """Renew the lease, and put back what workers left behind whose leases have ended; return how much that was."""
        with self._store.transaction() as transaction:
            now = transaction.now()
            self._renew(transaction, now)
            names = self._names(self._registered)
            if transaction.run(sql.SEE_HANDLERS, now=now, names=names) < sum(map(len, self._registered.values())):
                self._registered = {}  # somebody removed a handler; it is registered again
            transaction.run(sql.END_EXPIRED, before=now - _FORGET_WORKERS)
            abandoned = transaction.rows(sql.ABANDONED, now=now)
            failures = [
                (Outcome(id, name, attempts, f"The worker ended while it handled this, in attempt {attempts}."), lease)
                for id, name, attempts, lease in abandoned
            ]
            self._write_failures(transaction, failures, now)
        return len(abandoned)

    def give_back(self, known: Collection[tuple[int, str]]) -> None:
        """Give back what this worker holds without knowing it, or has not begun: all but ``known``."""
        with self._store.transaction() as transaction:
            transaction.run(sql.GIVE_BACK, lease=self.lease, known=json.dumps(sorted(known)))

    def end(self) -> None:
        """End the lease."""
        with self._store.transaction() as transaction:
            transaction.run(sql.END_LEASE, lease=self.lease)

    def _renew(self, transaction: Transaction, now: float) -> None:
        transaction.run(
            sql.RENEW_LEASE, lease=self.lease, host=socket.gethostname(), pid=os.getpid(), now=now, until=now + LEASE
        )

    def _names(self, names: Collection[str]) -> str:
        return json.dumps(sorted(names))


def _key(outcome: Outcome) -> dict[str, object]:
    return {"notice": outcome.id, "handler": outcome.handler}


def _storable(error: str) -> str:
    return error[-_LONGEST_ERROR:].encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
