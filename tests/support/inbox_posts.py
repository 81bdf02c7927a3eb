"""Reads what an inbox has stored."""

from __future__ import annotations

from skymms.inbox.storing import open_inbox
from skymms.storage.contract import same

POSTS = same("SELECT id, body, problem FROM skymms_post ORDER BY id")
NOTICES = same("SELECT post, tracking_id FROM skymms_notice ORDER BY id")


def posts_of(where: str) -> list[tuple[bytes, str | None, list[str]]]:
    """Return the posts: the body, why it is in quarantine, and the tracking ids of its notices."""
    store = open_inbox(where)
    try:
        with store.reading() as transaction:
            posts, notices = transaction.rows(POSTS), transaction.rows(NOTICES)
    finally:
        store.close()
    return [(bytes(body), problem, [tracking for post, tracking in notices if post == id]) for id, body, problem in posts]


def tracking_ids(where: str) -> list[str]:
    """Return the tracking ids of all notices."""
    return [tracking for _, _, ids in posts_of(where) for tracking in ids]
