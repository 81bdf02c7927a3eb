"""Lists what an inbox has: notices, posts in quarantine, and handlers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..errors import ConfigurationError
from ..model.notices import Notice
from ..model.serialization import from_dict
from ..storage.contract import Store, Transaction, read_pages
from ..storage.texts import column_text
from . import statements as sql

#: Notices that are read in one transaction.
_PAGE = 500


class Handled(NamedTuple):
    """What became of a notice with a handler.

    ``state`` is ``ready`` (it waits), ``working``, ``done`` or ``dead``. ``error`` is the traceback of the last failure, which
    may quote the notice. ``due`` says when the next attempt may begin, and is None unless the state is ``ready``.
    """

    handler: str
    state: str
    attempts: int
    error: str | None
    due: datetime | None = None

    def __repr__(self) -> str:
        return f"<Handled {self.handler!r} state={self.state} attempts={self.attempts}>"


class Received(NamedTuple):
    """A notice in the inbox: its number there, that of the post it came in, when it came, and what became of it."""

    id: int
    post_id: int
    at: datetime
    notice: Notice
    handled: tuple[Handled, ...]

    def __repr__(self) -> str:
        # Without the notice, which has phone numbers.
        return f"<Received notice {self.id} {type(self.notice).__name__} at={self.at}>"


class StoredPost(NamedTuple):
    """A post as it was received.

    ``body`` is None if it was erased. ``problem`` says why it could not be read, and is None for every post outside the
    quarantine.
    """

    id: int
    at: datetime
    body: bytes | None
    content_type: str | None
    problem: str | None

    def __repr__(self) -> str:
        return f"<StoredPost {self.id} at={self.at} problem={self.problem!r}>"


class HandlerStatus(NamedTuple):
    """A handler that the inbox knows: the kinds of notices it gets, when a worker last had it, and its notices by state.

    ``kinds`` are names of classes, or ``*`` for all.
    """

    name: str
    kinds: tuple[str, ...]
    seen_at: datetime
    counts: dict[str, int]


def list_notices(
    store: Store, *, since: datetime | None = None, tracking_id: str | None = None, limit: int | None = None
) -> Iterator[Received]:
    """Iterate over the notices, the oldest first; ``limit`` leaves out all but the newest."""
    if since is not None and since.tzinfo is None:
        raise ConfigurationError(f"since={since} has no time zone: add one, for example with datetime.astimezone()")
    which = {"since": None if since is None else since.timestamp(), "tracking_id": column_text(tracking_id)}
    after = 0
    if limit is not None:
        if limit < 1:
            return
        with store.reading() as transaction:
            first = transaction.one(sql.FIRST_OF_NEWEST, **which, skip=limit - 1)
        after = first[0] - 1 if first is not None else 0
    while True:
        with store.reading() as transaction:
            rows = transaction.rows(sql.LISTED_NOTICES, **which, after=after, size=_PAGE)
            page = _received(transaction, rows)
        yield from page
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


def find_notice(store: Store, id: int) -> Received:
    """Return the notice with a number. Raises :class:`~skymms.ConfigurationError` if the inbox does not have it."""
    with store.reading() as transaction:
        found = _received(transaction, transaction.rows(sql.ONE_NOTICE, id=id))
    if not found:
        raise ConfigurationError(f"the inbox has no notice {id}")
    return found[0]


def find_post(store: Store, id: int) -> StoredPost:
    """Return the post with a number. Raises :class:`~skymms.ConfigurationError` if the inbox does not have it."""
    with store.reading() as transaction:
        row = transaction.one(sql.ONE_POST, id=id)
    if row is None:
        raise ConfigurationError(f"the inbox has no post {id}")
    return _post(row)


def list_quarantine(store: Store) -> Iterator[StoredPost]:
    """Iterate over the posts that could not be read, the oldest first."""
    return map(_post, read_pages(store, sql.QUARANTINE, size=50))


def count_quarantine(store: Store) -> int:
    """Return how many posts could not be read."""
    with store.reading() as transaction:
        found = transaction.one(sql.QUARANTINE_SIZE)
    assert found is not None
    return int(found[0])


def list_handlers(store: Store) -> list[HandlerStatus]:
    """Return the handlers that the inbox knows, and how many notices each has in each state."""
    with store.reading() as transaction:
        registered = transaction.rows(sql.LISTED_HANDLERS)
        counted = transaction.rows(sql.HANDLING_COUNTS)
    counts: dict[str, dict[str, int]] = {}
    for handler, state, count in counted:
        counts.setdefault(handler, {})[state] = count
    kinds: dict[str, list[str]] = {}
    seen: dict[str, float] = {}
    for name, kind, seen_at in registered:
        kinds.setdefault(name, []).append(kind)
        seen[name] = max(seen_at, seen.get(name, 0.0))
    return [HandlerStatus(name, tuple(kinds[name]), _time(seen[name]), counts.get(name, {})) for name in kinds]


def _received(transaction: Transaction, rows: Sequence[tuple[Any, ...]]) -> list[Received]:
    ids = json.dumps([row[0] for row in rows])
    handled: dict[int, list[Handled]] = {}
    for notice, handler, state, attempts, error, due in transaction.rows(sql.HANDLED, ids=ids):
        next_attempt = _time(due) if state == "ready" else None
        handled.setdefault(notice, []).append(Handled(handler, state, attempts, error, next_attempt))
    return [
        Received(id, post, _time(at), from_dict(json.loads(text)), tuple(handled.get(id, ()))) for id, post, at, text in rows
    ]


def _post(row: tuple[Any, ...]) -> StoredPost:
    id, at, body, content_type, problem = row
    return StoredPost(id, _time(at), None if body is None else bytes(body), content_type, problem)


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
