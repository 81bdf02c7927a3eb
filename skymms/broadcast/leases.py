"""The runs that are at work, and the messages that they hold at this moment."""

from __future__ import annotations

import os
import socket
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import NamedTuple

from ..errors import StorageError
from ..storage.contract import Store, Transaction
from . import survey_statements as sql
from .blocks import LONGEST_LEASE, shorten_leases
from .noting import match_interrupted
from .statements import INTERRUPT_EXPIRED, INTERRUPT_OTHERS
from .states import State
from .tallies import add_to_tally


class Lease(NamedTuple):
    """Messages that one run has taken: how many, the time of the first, and the run's machine and process.

    ``alive`` is False if the run has not renewed its lease in time, or if its process on this machine has ended. The next run
    then calls its messages unknown. ``host`` and ``pid`` are None if the ledger does not know the run any more.
    """

    messages: int
    since: datetime
    host: str | None
    pid: int | None
    alive: bool


def list_leases(store: Store, broadcast: int) -> list[Lease]:
    """Return the leases of the messages of a broadcast that are being sent, the oldest first."""
    with store.reading() as transaction:
        now = transaction.now()
        rows = transaction.rows(sql.LEASES, broadcast=broadcast)
    return [
        Lease(count, datetime.fromtimestamp(since, UTC), host, pid, until is not None and until > now and _may_run(host, pid))
        for count, since, host, pid, until in rows
    ]


def count_workers(transaction: Transaction, now: float) -> Counter[int]:
    """Return how many runs are at work, by the id of their broadcast."""
    return Counter(broadcast for broadcast, host, pid in transaction.rows(sql.WORKERS, now=now) if _may_run(host, pid))


def interrupt_ended(store: Store, broadcast: int, name: str) -> None:
    """Call unknown what runs that have ended left behind, as the next run would."""
    with store.reading() as transaction:  # usually all runs are alive, and nothing is written
        too_long = transaction.one(sql.LONG_LEASE, latest=transaction.now() + LONGEST_LEASE)
    if too_long is not None:
        with store.transaction() as transaction:
            shorten_leases(transaction, transaction.now())
    if all(lease.alive for lease in list_leases(store, broadcast)):
        return
    with ExitStack() as held:
        try:
            alone = held.enter_context(store.lock_runner(name))
        except StorageError:  # a run is at work
            alone = False
        transaction = held.enter_context(store.transaction())
        now = transaction.now()
        if alone:
            interrupted = transaction.run(INTERRUPT_OTHERS, broadcast=broadcast, lease="", now=now)
        else:
            interrupted = transaction.run(INTERRUPT_EXPIRED, broadcast=broadcast, now=now)
        add_to_tally(transaction, broadcast, "operator", Counter({State.SENDING: -interrupted, State.UNKNOWN: interrupted}))
        match_interrupted(transaction, broadcast, "operator", now)


def _may_run(host: str, pid: int) -> bool:
    """Return whether a process may exist: False only for one of this machine that has ended."""
    # On Windows a signal would end the process.
    if sys.platform == "win32" or host != socket.gethostname():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it belongs to somebody else
    return True
