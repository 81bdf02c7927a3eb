"""Reads the posts in quarantine again, for example after an upgrade of skymms that knows their form."""

from __future__ import annotations

from typing import NamedTuple

from ..storage.contract import Store
from . import statements as sql
from .intake import Parser, Read
from .listing import list_quarantine
from .storing import store as store_posts


class Reread(NamedTuple):
    """What became of the posts in quarantine: how many were read, with how many new notices, and how many still cannot be."""

    posts: int
    notices: int
    unread: int


def reread_quarantine(store: Store, read: Read) -> Reread:
    """Read the posts in quarantine again. What is new in them is given to the handlers, as when it is received.

    A post that is read gets a new number and keeps the time when it was received. Posts whose body was erased stay.
    """
    parser, posts, notices, unread = Parser(read), 0, 0, 0
    for one in list_quarantine(store):
        post = None if one.body is None else parser.parse(one.body, one.content_type, one.at.timestamp())
        if post is None or post.problem is not None:
            unread += 1
            continue
        with store.transaction() as transaction:
            # Another command may have read it meanwhile.
            if not transaction.run(sql.LEAVE_QUARANTINE, id=one.id):
                continue
            (stored,) = store_posts(transaction, [post])
        posts += 1
        notices += stored.new
    return Reread(posts, notices, unread)
