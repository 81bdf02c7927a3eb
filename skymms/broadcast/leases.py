"""The messages that runs hold at this moment, and since when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from ..storage.contract import Store
from . import survey_statements as sql


class Lease(NamedTuple):
    """Messages that one run has taken: how many, the time of the first, and the run's machine and process.

    ``alive`` is False if the run has not renewed its lease in time: it was killed, or its machine has stopped. The next run
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
        Lease(count, datetime.fromtimestamp(since, UTC), host, pid, until is not None and until > now)
        for count, since, host, pid, until in rows
    ]
