"""Lists what failed for good, and hands notices over again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from ..errors import ConfigurationError
from ..model.notices import Notice
from ..model.serialization import from_dict
from ..storage.contract import Store, read_pages
from . import statements as sql


class Dead(NamedTuple):
    """A notice that a handler failed with for the last time. ``error`` is the traceback, which may quote the notice."""

    id: int
    handler: str
    notice: Notice
    attempts: int
    failed_at: datetime
    error: str

    def __repr__(self) -> str:
        return f"<Dead notice {self.id} handler={self.handler!r} attempts={self.attempts} failed_at={self.failed_at}>"


def list_dead(store: Store, handler: str | None = None) -> Iterator[Dead]:
    """Iterate over the notices that are dead for a handler, or for any; the oldest first."""
    for _, id, name, text, attempts, finished_at, error in read_pages(store, sql.DEAD, handler=handler):
        when = datetime.fromtimestamp(finished_at, UTC)
        yield Dead(id, name, from_dict(json.loads(text)), attempts, when, error)


def replay(
    store: Store, *, since: datetime | None, until: datetime | None, handler: str | None, id: int | None, dead: bool
) -> int:
    """Hand notices over again, and return to how many calls of handlers that leads.

    Notices that are being handled at this moment are left alone.
    """
    if since is None and until is None and id is None and not dead:
        raise ConfigurationError("replay() needs to know which notices: give since=, until=, id= or dead=True")
    for name, time in (("since", since), ("until", until)):
        if time is not None and time.tzinfo is None:
            raise ConfigurationError(f"{name}={time} has no time zone: add one, for example with datetime.astimezone()")
    with store.transaction() as transaction:
        registered = sorted({name for name, _ in transaction.rows(sql.REGISTERED)})
        if handler is not None and handler not in registered:
            known = f"it has {', '.join(registered)}" if registered else "it has none: start a worker first"
            raise ConfigurationError(f"{handler!r:.80} is not a handler that the inbox knows; {known}")
        now = transaction.now()
        which = {
            "since": None if since is None else since.timestamp(),
            "until": None if until is None else until.timestamp(),
            "id": id,
            "handler": handler,
            "now": now,
        }
        if id is not None and transaction.one(sql.NOTICE_EXISTS, id=id) is None:
            raise ConfigurationError(f"the inbox has no notice {id}")
        if dead:
            return transaction.run(sql.REPLAY_DEAD, **which)
        return transaction.run(sql.REPLAY, **which) + transaction.run(sql.REPLAY_MISSING, **which)
