"""Registers handlers in the inbox: what is received from then on is kept for them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..storage.contract import Store, Transaction
from . import statements as sql
from .handlers import Handlers


def register(transaction: Transaction, wanted: Mapping[str, frozenset[str]], now: float) -> set[str]:
    """Register the kinds of notices that handlers want, and return the names of all that were registered before.

    A kind for which a handler is registered for the first time brings it the notices that no handler ever got. A kind that is
    not among a handler's any more brings it no more notices.
    """
    transaction.run(sql.LOCK_REGISTRATION)
    found = set(transaction.rows(sql.REGISTERED))
    pairs = {(name, kind) for name, kinds in wanted.items() for kind in kinds}
    gone = [{"name": name, "kind": kind} for name, kind in sorted(found - pairs) if name in wanted]
    if gone:
        transaction.run_many(sql.UNREGISTER, gone)
    rows = [{"name": name, "kind": kind, "now": now} for name, kind in sorted(pairs)]
    if rows:
        transaction.run_many(sql.REGISTER, rows)
    if gone:
        transaction.run_many(sql.REMOVE_UNWANTED, [{"name": name} for name in sorted({row["name"] for row in gone})])
    if pairs - found:
        transaction.run(sql.ADD_UNHANDLED, now=now, names=json.dumps(sorted({name for name, _ in pairs - found})))
    return {name for name, _ in found}


class Registration:
    """Registers the handlers of a process before it stores a post: a post that is stored before is not kept for a new one.

    The worker registers them as well, but it starts with the first post.
    """

    def __init__(self, store: Store, handlers: Handlers) -> None:
        self._store = store
        self._handlers = handlers
        self._registered: Mapping[str, frozenset[str]] = {}

    def __call__(self) -> None:
        """Register the handlers that are not registered yet."""
        wanted = self._handlers.kinds()
        if wanted != self._registered:
            with self._store.transaction() as transaction:
                register(transaction, wanted, transaction.now())
            self._registered = wanted
