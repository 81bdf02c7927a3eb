"""Stores posts: what is new of them is kept and given to the handlers, and repeats are dropped, in one transaction.

A batch of posts takes a few statements, however many it has, because a commit takes as long for one post as for a hundred.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any, NamedTuple

from ..errors import SkymmsError
from ..model.notices import DeliveryReport, Notice, SubscriptionChange
from ..model.serialization import to_dict
from ..numbers import normalize
from ..storage.contract import Store, Transaction
from ..storage.migrations import migrate
from ..storage.opening import open_store
from ..storage.texts import column_text, hash_number
from . import statements as sql
from .schema import COMPONENT, MIGRATIONS

#: Seconds within which an event that has no time of its own, or a body without notices, is a repeat.
_DAY = 86400.0


class Post(NamedTuple):
    """A body that was received at ``at``, in seconds since 1970, and the notices in it.

    ``problem`` says why a body could not be read. It is then in quarantine.
    """

    body: bytes
    content_type: str | None
    at: float
    notices: tuple[Notice, ...] = ()
    problem: str | None = None


class Stored(NamedTuple):
    """What became of a post: its id, or None if nothing in it was new; how many of its notices were new, and how many repeats.

    A body without notices that was received before counts as one repeat.
    """

    post: int | None
    new: int
    repeats: int


class _New(NamedTuple):
    """A notice that was not received before, and the place of its post in the batch."""

    place: int
    notice: Notice
    number: str | None
    link_id: str | None


def open_inbox(where: str | os.PathLike[str] | Store, *, adopt: bool = False) -> Store:
    """Open a store, or take an open one, and create the tables of the inbox in it. Raises :class:`~skymms.StorageError`."""
    if not isinstance(where, (str, os.PathLike)):
        migrate(where, COMPONENT, MIGRATIONS)
        return where
    store = open_store(where, adopt=adopt)
    try:
        migrate(store, COMPONENT, MIGRATIONS)
    except BaseException:
        store.close()
        raise
    return store


def store(transaction: Transaction, posts: Sequence[Post]) -> list[Stored]:
    """Store posts in the order of their arrival, and return what became of each.

    They are on the disk when the transaction has ended. Notices that were received before are dropped, and so is a post that
    has no other. Every handler that is registered for the kind of a new notice gets it.
    """
    if not posts:
        return []
    transaction.run(sql.LOCK_HANDLERS)
    keys = [[notice_key(notice) for notice in post.notices] or [_body_key(post)] for post in posts]
    rows = {key: row for post, of_post in zip(posts, keys, strict=True) for key, row in _key_rows(post, of_post)}
    unused = {key for (key,) in transaction.rows(sql.ADD_KEYS, rows=json.dumps(list(rows.values())))}
    new: list[_New] = []
    kept: list[int] = []
    for place, post in enumerate(posts):
        is_first: list[bool] = []
        for key in keys[place]:
            is_first.append(key in unused)
            unused.discard(key)
        if any(is_first):
            kept.append(place)
            new += [
                _New(place, notice, number_of(notice), _link_id(notice))
                for notice, first in zip(post.notices, is_first, strict=bool(post.notices))
                if first
            ]
    post_ids: dict[int, int] = {}
    if kept:
        new, stripped = _without_erased(transaction, new)
        post_ids = dict(zip(kept, _new_ids(transaction, "skymms_post", len(kept)), strict=True))
        transaction.run_many(sql.ADD_POST, [_post_row(id, posts[at], at in stripped) for at, id in post_ids.items()])
        _add_notices(transaction, posts, new, post_ids)
    counts = Counter(one.place for one in new)
    return [
        Stored(post_ids.get(place), counts[place], len(post.notices) - counts[place] if post.notices else place not in post_ids)
        for place, post in enumerate(posts)
    ]


def notice_key(notice: Notice) -> str:
    """Return the key that repeats of a notice share. It is a hash, because the identity contains phone numbers."""
    return _hash(b"notice", notice.identity.encode("utf-8", "backslashreplace"))


def number_of(notice: Notice) -> str | None:
    """Return the number of the person a notice is about, in digits if it is a number; None if it has none."""
    names = ("to",) if isinstance(notice, DeliveryReport) else ("sender", "mobile")
    text: str | None = next((found for name in names if (found := getattr(notice, name, None))), None)
    if text is None:
        return None
    try:
        return normalize(text)
    except SkymmsError:
        return column_text(text)


# ------------------------------------------------------------------------------------------------ keys


def _key_rows(post: Post, keys: Sequence[str]) -> Iterator[tuple[str, tuple[str, float, float | None]]]:
    """Yield the row of each key: the key, its time, and until when it stands for one event."""
    for place, key in enumerate(keys):
        lasts = bool(post.notices) and not _recurs(post.notices[place])
        yield key, (key, post.at, None if lasts else post.at + _DAY)


def _recurs(notice: Notice) -> bool:
    """Whether an event has nothing that tells it from a later one of its kind: before 2014-06, opting in had no time."""
    return isinstance(notice, SubscriptionChange) and notice.timestamp is None


def _body_key(post: Post) -> str:
    """Return the key of a body without notices."""
    return _hash(b"body", post.body)


def _hash(purpose: bytes, content: bytes) -> str:
    return blake2b(content, digest_size=16, person=purpose).hexdigest()


# ------------------------------------------------------------------------------------------------ rows


def _new_ids(transaction: Transaction, table: str, count: int) -> list[int]:
    return [row[0] for row in transaction.rows(sql.NEW_IDS, table=table, n=count)]


def _post_row(id: int, post: Post, stripped: bool) -> dict[str, Any]:
    return {
        "id": id,
        "at": post.at,
        "body": None if stripped else post.body,
        "content_type": column_text(post.content_type),
        "problem": column_text(post.problem),
    }


def _add_notices(transaction: Transaction, posts: Sequence[Post], new: Sequence[_New], post_ids: dict[int, int]) -> None:
    if not new:
        return
    ids = _new_ids(transaction, "skymms_notice", len(new))
    rows: list[dict[str, Any]] = [
        {
            "id": id,
            "post": post_ids[one.place],
            "at": posts[one.place].at,
            "kind": type(one.notice).__name__,
            "notice": json.dumps(to_dict(one.notice)),
            "tracking_id": column_text(one.notice.tracking_id or None),
            "link_id": column_text(one.link_id),
            "mms_id": column_text(getattr(one.notice, "mms_id", None)),
            "number": one.number,
        }
        for id, one in zip(ids, new, strict=True)
    ]
    transaction.run_many(sql.ADD_NOTICE, rows)
    transaction.run(sql.ADD_HANDLINGS, ids=json.dumps(ids), now=time.time())


def _link_id(notice: Notice) -> str | None:
    """Return the tracking id under which a link is reported that was sent instead of the message (until 2013-11)."""
    if not isinstance(notice, DeliveryReport):
        return None
    return next((text for name, text in notice.raw if name.upper() == "SMSID" and text), None)


def _without_erased(transaction: Transaction, new: list[_New]) -> tuple[list[_New], set[int]]:
    """Take erased numbers out of reports, and return the places of the posts that contain one.

    A late report must not bring a number back. What a person sends after the erasure is new, and kept.
    """
    secret = transaction.one(sql.SECRET)
    if secret is None:
        return new, set()
    key = bytes.fromhex(secret[0])
    hashes = {one.number: hash_number(key, one.number) for one in new if one.number is not None}
    erased = {row[0] for row in transaction.rows(sql.ERASED, hashes=json.dumps(sorted(hashes.values())))}
    stripped: set[int] = set()
    for at, one in enumerate(new):
        if one.number is not None and hashes[one.number] in erased and isinstance(one.notice, DeliveryReport):
            stripped.add(one.place)
            new[at] = one._replace(notice=replace(one.notice, to=None, raw=()), number=None)
    return new, stripped
