"""Sends a message once for each key, for web requests and queue tasks that may be repeated."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Generator
from typing import Any, cast

from ..errors import ConfigurationError, InDoubtError, SkymmsError, StorageError
from ..model.operations import Operation, R_co
from ..model.serialization import from_dict, to_dict
from ..storage.contract import Store
from . import statements as sql
from .auditing import write_audit
from .hooks import instant


def once(store: Store, key: str, operation: Operation[R_co]) -> Generator[Operation[R_co], R_co, R_co]:
    """Yield the operation if it has to be sent now; it is sent the reply, and returns the reply to the key.

    An error of the call is thrown in. The intent is on the disk before the operation is yielded.
    """
    if not key or len(key) > 255 or not key.isprintable():
        raise ConfigurationError(f"{key!r:.120} cannot be a key: give 1 to 255 printable characters, such as order-17")
    content = hashlib.sha256(json.dumps(to_dict(operation), sort_keys=True).encode()).hexdigest()
    lease = secrets.token_hex(8)
    with store.transaction() as transaction:
        mine = transaction.run(sql.ADD_KEY, key=key, content=content, lease=lease, now=transaction.now())
        found = transaction.one(sql.FIND_KEY, key=key)
    assert found is not None
    known_content, state, reply_text = found
    if known_content != content:
        raise ConfigurationError(f"the key {key!r} was used for another message: give each message a key of its own")
    if not mine:
        if state == "done":
            return cast(R_co, from_dict(json.loads(reply_text)))
        raise InDoubtError(key=key)
    instant("key synced")
    try:
        reply = yield operation
    except BaseException as error:
        if getattr(error, "sent_maybe", not isinstance(error, SkymmsError)):
            _set(store, key, lease, "unknown", None)
        else:
            # Nothing was sent, so the key is free for another try.
            with store.transaction() as transaction:
                transaction.run(sql.RETURN_KEY, key=key, lease=lease)
        raise
    instant("key answered")
    try:
        _set(store, key, lease, "done", json.dumps(to_dict(cast(Any, reply))))
    except StorageError as error:
        # The message was sent. An error that does not say so would be read as "try again".
        raise InDoubtError(key=key) from error
    return reply


def find_reply(store: Store, key: str) -> Any:
    """Return the reply to the message that was sent with a key, or None if none was; InDoubtError if one may have been."""
    with store.reading() as transaction:
        found = transaction.one(sql.FIND_KEY, key=key)
    if found is None:
        return None
    _, state, reply = found
    if state != "done":
        raise InDoubtError(key=key)
    return from_dict(json.loads(reply))


def settle(store: Store, key: str, outcome: str, *, why: str, by: str | None) -> None:
    """Decide about a key whose fate is unknown: ``"sent"`` keeps it used, ``"resend"`` frees it."""
    if outcome not in ("sent", "resend"):
        raise ConfigurationError(f"{outcome!r:.40} is not an outcome: settle as 'sent' or 'resend'")
    with store.transaction() as transaction:
        found = transaction.one(sql.FIND_KEY, key=key)
        if found is None or found[1] == "done":
            raise ConfigurationError(
                f"the key {key!r} is {'not known' if found is None else 'done'}: there is nothing to settle"
            )
        if outcome == "resend":
            transaction.run(sql.FREE_KEY, key=key)
        write_audit(transaction, "settle key", None, by, {"key": key, "as": outcome, "why": why})


def _set(store: Store, key: str, lease: str, state: str, reply: str | None) -> None:
    with store.transaction() as transaction:
        transaction.run(sql.SET_KEY, key=key, lease=lease, state=state, reply=reply, now=transaction.now())
