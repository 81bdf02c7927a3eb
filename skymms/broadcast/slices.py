"""Keeps track of the slices of broadcasts, of which an engine carries one after the other in each slot.

An engine is a queue with workers, such as procrastinate or Celery. It may lose a slice, or deliver it twice or late. The ledger
knows the token of the one slice that may begin in each slot. Beginning it changes the token, so a second delivery does
nothing. If a slice does not begin in time, or its run was killed, another is queued for its slot, with another token.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from ..errors import ConfigurationError
from ..storage.contract import Store, Transaction
from ..storage.migrations import migrate
from . import slice_statements as sql
from . import statements
from .blocks import shorten_leases
from .running import End, Result
from .states import Phase

#: Seconds that a slice may wait in a queue. If all workers are busy for longer, another is queued, and the first does nothing.
_WAITING = 120.0
#: Seconds from the beginning of a slice until its run has a lease, and more. They also delay the replacement of a killed run.
_STARTING = 30.0
#: Seconds until the next slice after an error. It may be an error of this machine, and another one gets the slice.
_AFTER_ERROR = 60.0
#: A slot waits without a slice if the next message is due in more than so many seconds.
SOON = 60.0
#: Seconds that a slot waits without a slice at most.
_LONGEST = 4 * 3600.0
#: The most slices at once.
_MOST = 1000


class Slice(NamedTuple):
    """A slice that waits in the queue of an engine."""

    broadcast: str
    slot: int
    token: str


class Slices:
    """The slices of all broadcasts of a ledger. See :attr:`skymms.broadcast.Ledger.slices`."""

    def __init__(self, store: Store) -> None:
        if store.kind == "sqlite":
            raise ConfigurationError(
                f"{store.name} is a file, which one process at a time can use: many workers need a ledger in PostgreSQL "
                "(postgresql://…)"
            )
        self._store = store
        migrate(store, sql.COMPONENT, sql.MIGRATIONS)

    def start(self, broadcast: str, workers: int) -> list[Slice]:
        """Let so many workers send a broadcast at once, and return the slices to queue now.

        A broadcast that was started before gets or loses workers. Its slices that wait or run are left alone.
        """
        if not 1 <= workers <= _MOST:
            raise ConfigurationError(f"workers={workers}: give a number from 1 to {_MOST}")
        with self._store.transaction() as transaction:
            found = transaction.one(statements.FIND_BROADCAST, name=broadcast)
            state = Phase(found[2]) if found else None
            if found is None or state not in (Phase.PLANNED, Phase.RUNNING):
                raise ConfigurationError(f"the broadcast {broadcast!r:.100} cannot be started: it {_HINDRANCES[state]}")
            for slot in range(workers):
                transaction.run(sql.ADD_SLOT, broadcast=found[0], slot=slot)
            transaction.run(sql.REMOVE_SLOTS, broadcast=found[0], slots=workers)
            return [one for one in self._queue_due(transaction) if one.broadcast == broadcast]

    def due(self) -> list[Slice]:
        """Return slices to queue now, for slots in which none waits or runs: lost slices, and broadcasts that were resumed."""
        with self._store.transaction() as transaction:
            return self._queue_due(transaction)

    def begin(self, one: Slice) -> str | None:
        """Return the lease for the run of a slice that was delivered, or None if there is nothing to do for it."""
        with self._store.transaction() as transaction:
            found = transaction.one(statements.FIND_BROADCAST, name=one.broadcast)
            if found is None:
                return None
            if found[2] not in (Phase.PLANNED, Phase.RUNNING):
                # When the broadcast is resumed, the slot gets another slice.
                self._set(transaction, found[0], one, "", 0.0)
                return None
            lease = secrets.token_hex(8)
            return lease if self._set(transaction, found[0], one, lease, transaction.now() + _STARTING) else None

    def end(self, one: Slice, lease: str, result: Result | None) -> Slice | None:
        """Note how the run of a slice ended (None after an error), and return the next slice of its slot, to queue now."""
        with self._store.transaction() as transaction:
            found = transaction.one(statements.FIND_BROADCAST, name=one.broadcast)
            if found is None:
                return None
            now, token, due = transaction.now(), "", 0.0
            if result is None:
                due = now + _AFTER_ERROR
            elif result.end is End.STOPPED and result.wait is not None and result.wait > SOON:
                due = now + min(result.wait, _LONGEST)
            elif result.end is End.STOPPED:
                token, due = secrets.token_hex(8), now + _WAITING
            kept = self._set(transaction, found[0], one._replace(token=lease), token, due)
            return one._replace(token=token) if kept and token else None

    def _queue_due(self, transaction: Transaction) -> list[Slice]:
        now = transaction.now()
        queued: list[Slice] = []
        shorten_leases(transaction, now)
        for broadcast, name, slot, before in transaction.rows(sql.DUE_SLOTS, now=now, latest=now + _LONGEST + 60.0):
            token = secrets.token_hex(8)
            if self._set(transaction, broadcast, Slice(name, slot, before), token, now + _WAITING):
                queued.append(Slice(name, slot, token))
        return queued

    def _set(self, transaction: Transaction, broadcast: int, one: Slice, token: str, due: float) -> bool:
        """Change the token of a slot; False if it does not have the token of the slice."""
        changed = transaction.run(sql.SET_TOKEN, broadcast=broadcast, slot=one.slot, before=one.token, token=token, due=due)
        return bool(changed)


#: Why a broadcast in some state cannot be started.
_HINDRANCES = {
    None: "is not in this ledger",
    Phase.LOADING: "was not read to the end: create it again with the same arguments",
    Phase.PAUSED: "is paused: resume it, and it goes on",
    Phase.CANCELLED: "was cancelled",
    Phase.DONE: "is done",
}
