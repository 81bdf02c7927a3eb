"""Deletes what is old, and erases numbers."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import NamedTuple

from ..errors import ConfigurationError
from ..numbers import normalize
from ..storage.contract import Store, Transaction
from ..storage.texts import hash_number
from . import statements as sql

#: Posts that are deleted in one transaction: a long one would keep posts from being stored.
_CHUNK = 500
#: Fewer digits are in many texts that have nothing to do with a number.
_FEWEST_DIGITS = 8


class Forgotten(NamedTuple):
    """What was erased: how many notices and posts, and where your function had put the files of the messages."""

    notices: int
    posts: int
    files: tuple[str, ...]


def prune(store: Store, older_than: timedelta) -> int:
    """Delete posts that were received longer ago, with their notices, and return how many.

    What waits for a handler is kept, unless no worker has had this handler for as long. What is dead is deleted. The keys stay,
    so a repeat of a deleted notice is still recognised.
    """
    if older_than < timedelta(0):
        raise ConfigurationError(f"older_than={older_than} is negative: give the age of what is deleted")
    with store.transaction() as transaction:
        now = transaction.now()
        before = now - older_than.total_seconds()
        for (name,) in transaction.rows(sql.UNSEEN_HANDLERS, before=before):
            transaction.run(sql.REMOVE_HANDLER, name=name)
            transaction.run(sql.REMOVE_HANDLINGS, name=name)
        transaction.run(sql.PRUNE_SENT, before=before)
        transaction.run(sql.PRUNE_KEYS, now=now)
    pruned = 0
    while True:
        with store.transaction() as transaction:
            found = transaction.run(sql.PRUNE_POSTS, before=before, most=_CHUNK)
        pruned += found
        if found < _CHUNK:
            return pruned


def forget(store: Store, number: str | int) -> Forgotten:
    """Erase a number: what it sent, the reports about it, and every post and reply that contains it.

    A hash of it stays, so that a late report is stored without the number. What it sends afterwards is new, and is stored.
    """
    normal = normalize(number)
    if len(normal) < _FEWEST_DIGITS:
        raise ConfigurationError(f"{normal} is too short to be erased: give the number of a phone, country code first")
    with store.erasing() as transaction:
        hashed = hash_number(_secret(transaction), normal)
        transaction.run(sql.ADD_ERASED, number=hashed, now=transaction.now())
        words = {"number": normal, "like": f"%{_shortest(normal)}%", "bytes": _shortest(normal).encode()}
        found = transaction.rows(sql.NOTICES_WITH_NUMBER, **words)
        ids, posts = ([row[place] for row in found] for place in (0, 1))
        files = tuple(row[0] for row in transaction.rows(sql.FILES_OF_NOTICES, ids=json.dumps(ids)))
        posts += [row[0] for row in transaction.rows(sql.POSTS_WITH_NUMBER, **words)]
        transaction.run(sql.DELETE_NOTICES, ids=json.dumps(ids))
        transaction.run(sql.ERASE_POSTS, ids=json.dumps(sorted(set(posts))))
        transaction.run(sql.DELETE_EMPTY_POSTS, ids=json.dumps(sorted(set(posts))))
        transaction.run(sql.ERASE_SENT, **words)
        transaction.run(sql.ERASE_ERRORS, **words)
    return Forgotten(len(ids), len(set(posts)), files)


def remove_handler(store: Store, name: str) -> int:
    """Remove a handler that no worker has any more, and what waits for it; return how much that was."""
    with store.transaction() as transaction:
        if not transaction.run(sql.REMOVE_HANDLER, name=name):
            raise ConfigurationError(f"{name!r:.80} is not a handler that the inbox knows")
        return transaction.run(sql.REMOVE_HANDLINGS, name=name)


def _shortest(number: str) -> str:
    """Return the digits that every way to write a number contains: in the country itself, its code is left out."""
    return number[1:] if number.startswith("1") and len(number) == 11 else number[2:] if len(number) >= 11 else number


def _secret(transaction: Transaction) -> bytes:
    transaction.run(sql.ADD_SECRET, value=secrets.token_hex(32))
    found = transaction.one(sql.SECRET)
    assert found is not None
    return bytes.fromhex(found[0])
