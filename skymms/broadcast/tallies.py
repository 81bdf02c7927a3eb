"""Counts of messages by state.

Counting a million rows takes seconds, so the counts are kept. Each worker has its own, so that workers do not wait for each
other.
"""

from __future__ import annotations

from collections import Counter

from ..storage.contract import Transaction
from . import statements as sql
from .states import State


def add_to_tally(transaction: Transaction, broadcast: int, worker: str, changed: Counter[str]) -> None:
    """Add differences to the counts of a worker."""
    rows = [
        {"broadcast": broadcast, "worker": worker, "state": str(state), "n": n} for state, n in sorted(changed.items()) if n
    ]
    if rows:
        transaction.run_many(sql.ADD_TO_TALLY, rows)


def read_tally(transaction: Transaction, broadcast: int) -> dict[str, int]:
    """Return the number of messages in each state that has any, by all workers."""
    return {row[0]: int(row[1]) for row in transaction.rows(sql.TALLY, broadcast=broadcast) if row[1]}


class Changes:
    """What a transaction changes: counts of messages by state, by broadcast. They are written at its end, in one order."""

    def __init__(self) -> None:
        self._counts: dict[int, Counter[str]] = {}
        #: How many messages are in another state than before.
        self.messages: int = 0

    def move(self, broadcast: int, before: State, after: State) -> None:
        """Count a message that changed its state."""
        if after is not before:
            self.messages += 1
            self._counts.setdefault(broadcast, Counter()).update({before: -1, after: 1})

    def write(self, transaction: Transaction, worker: str) -> None:
        """Add the changes to the counts of a worker."""
        for broadcast, counts in sorted(self._counts.items()):
            add_to_tally(transaction, broadcast, worker, counts)
