"""Writes what people say about getting messages into a ledger, before the post that says it is answered.

If the ledger shares the store of the inbox, both are written in one transaction. Otherwise the ledger is written first, and a
post that it could not take is not answered 200, so that the gateway repeats it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..broadcast import Hours, Ledger
from ..broadcast.confirming import check_confirmation
from ..broadcast.schema import COMPONENT
from ..errors import InDoubtError, StorageError
from ..model.notices import Notice
from ..model.operations import Operation
from ..storage.contract import RefusedValueError, Store, Transaction, same
from ..storage.migrations import VERSION
from ..transport.logging import logger, one_line
from .storing import Post

_ANY_BROADCAST = same("SELECT 1 FROM skymms_broadcast LIMIT 1")


class OptOutWriter:
    """Writes opt-outs into ledgers, for the posts of one inbox."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._within: list[Ledger] = []
        self._first: list[Ledger] = []

    def add(self, ledger: Ledger) -> None:
        """Write what people say into a ledger, too."""
        ledgers = self._within if ledger.store is self._store else self._first
        if ledger not in ledgers:
            ledgers.append(ledger)

    @property
    def is_used(self) -> bool:
        """True if there is a ledger to write into."""
        return bool(self._within or self._first)

    def write_within(self, transaction: Transaction, posts: Sequence[Post]) -> None:
        """Write into the ledgers that share the store of the inbox, in the transaction that stores the posts."""
        for ledger in self._within:
            ledger.note_consent(_notices(ledger, posts), transaction)

    def write_first(self, posts: Sequence[Post]) -> list[bool]:
        """Write into the other ledgers; return for each post whether it may be stored and answered now."""
        allowed = [True] * len(posts)
        for ledger in self._first:
            told = [place for place, post in enumerate(posts) if _notices(ledger, [post])]
            if not told:
                continue
            try:
                ledger.note_consent(_notices(ledger, [posts[place] for place in told]))
            except StorageError:
                # One post of several may be the reason.
                for place in told:
                    allowed[place] = allowed[place] and _write_alone(ledger, posts[place])
        return allowed


def has_broadcasts(store: Store) -> bool:
    """Return whether the store of an inbox is also a ledger that has broadcasts."""
    with store.reading() as transaction:
        is_ledger = transaction.one(VERSION, component=COMPONENT) is not None
        return is_ledger and transaction.one(_ANY_BROADCAST) is not None


def _write_alone(ledger: Ledger, post: Post) -> bool:
    try:
        ledger.note_consent(_notices(ledger, [post]))
    except StorageError as error:
        logger.error("inbox: an opt-out could not be written into the ledger: %s", one_line(error))
        # A post that the ledger will never take is kept by the inbox at least.
        return isinstance(error, RefusedValueError)
    return True


def _notices(ledger: Ledger, posts: Sequence[Post]) -> list[Notice]:
    return [notice for post in posts for notice in post.notices if ledger.read_wish(notice) is not None]


def confirming(ledger: Ledger, client: Any, operation: Operation[Any], hours: Hours | None) -> Callable[[Any], Any]:
    """Return a handler of inbound messages that confirms opt-outs."""
    check_confirmation(operation)
    from ..client import Client

    if isinstance(client, Client):

        def confirm(notice: Notice) -> None:
            ledger.note(notice)
            try:
                ledger.confirm_opt_out(notice, operation, client, hours=hours)
            except InDoubtError:
                _log_doubt()

        return confirm

    async def confirm_async(notice: Notice) -> None:
        import asyncio

        await asyncio.to_thread(ledger.note, notice)
        try:
            await ledger.confirm_opt_out_async(notice, operation, client, hours=hours)
        except InDoubtError:
            _log_doubt()

    return confirm_async


def _log_doubt() -> None:
    logger.warning("inbox: a confirmation of an opt-out may have been sent, and is not sent again")
