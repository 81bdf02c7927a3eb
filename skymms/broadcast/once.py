"""Sends a message once for each key, for web requests and queue tasks that may be repeated.

A key whose outcome is unknown has the number, the sender and the time of its message, so that a delivery report can close it as
it closes a message of a broadcast.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Generator
from contextlib import suppress
from typing import Any, NamedTuple, cast

from ..cellcast import CellcastSend
from ..errors import ConfigurationError, InDoubtError, SkymmsError, StorageError
from ..model.operations import Operation, R_co
from ..model.replies import SentMMS
from ..model.serialization import from_dict, to_dict
from ..storage.contract import Statement, Store, Transaction
from . import key_statements as sql
from .auditing import write_audit
from .hooks import instant
from .noting import lock_number, match_number
from .numbering import normalizer
from .states import RESEND_AFTER

#: The counts of messages that the reports about a key change.
_WORKER = "keys"


class _Trace(NamedTuple):
    """What reports are compared with. Of a message to several numbers, or to a group, there is nothing."""

    number: str | None
    sender: str | None
    about: str | None


def once(store: Store, key: str, operation: Operation[R_co]) -> Generator[Operation[R_co], R_co, R_co]:
    """Yield the operation if it has to be sent now; it is sent the reply, and returns the reply to the key.

    An error of the call is thrown in. The intent is on the disk before the operation is yielded.
    """
    if not key or len(key) > 255 or not key.isprintable():
        raise ConfigurationError(f"{key!r:.120} cannot be a key: give 1 to 255 printable characters, such as order-17")
    content = hashlib.sha256(json.dumps(to_dict(operation), sort_keys=True).encode()).hexdigest()
    lease = secrets.token_hex(8)
    trace = _trace(operation)
    with store.transaction() as transaction:
        number = _lock(transaction, trace)
        mine = transaction.run(
            sql.ADD_KEY,
            key=key, content=content, lease=lease, now=transaction.now(), number=number, sender=trace.sender, about=trace.about,
        )  # fmt: skip
        if not mine and number is not None:
            # A report may have come while the call was at work that it is about.
            match_number(transaction, number, _WORKER)
        found = transaction.one(sql.FIND_KEY, key=key)
    assert found is not None
    known_content, state, reply_text = found[:3]
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
            # Without it the key is still `sending`, which is as safe. The error of the call says more.
            with suppress(StorageError):
                _answer(store, trace, sql.LOSE_KEY, key=key, lease=lease)
        else:
            # Nothing was sent, so the key is free for another try.
            _answer(store, trace, sql.RETURN_KEY, key=key, lease=lease)
        raise
    instant("key answered")
    try:
        text = json.dumps(to_dict(cast(Any, reply)))
        _answer(store, trace, sql.FINISH_KEY, key=key, lease=lease, reply=text)
    except StorageError as error:
        # The message was sent. An error that does not say so would be read as "try again".
        raise InDoubtError(key=key) from error
    return reply


def find_reply(store: Store, key: str) -> Any:
    """Return the reply to the message that was sent with a key, or None if none was; InDoubtError if one may have been."""
    with store.reading() as transaction:
        found = transaction.one(sql.FIND_KEY, key=key)
    if found is None or found[1] == "free":
        return None
    _, state, reply = found[:3]
    if state != "done":
        raise InDoubtError(key=key)
    return from_dict(json.loads(reply))


def settle(store: Store, key: str, outcome: str, *, why: str, by: str | None) -> None:
    """Decide about a key whose fate is unknown: ``"sent"`` keeps it used, ``"resend"`` frees it.

    A report that comes before the key is used again still closes it.
    """
    if outcome not in ("sent", "resend"):
        raise ConfigurationError(f"{outcome!r:.40} is not an outcome: settle as 'sent' or 'resend'")
    with store.transaction() as transaction:
        found = transaction.one(sql.FIND_KEY, key=key)
        state = "not known" if found is None else {"done": "done", "free": "free to be sent again"}.get(found[1])
        if found is None or state is not None:
            raise ConfigurationError(f"the key {key!r} is {state}: there is nothing to settle")
        now, sent_at = transaction.now(), found[3]
        if outcome == "resend":
            if now - sent_at < RESEND_AFTER:
                raise ConfigurationError(
                    f"the message with the key {key!r} was requested {(now - sent_at) / 60:.0f} minutes ago: wait an hour for "
                    "its report"
                )
            if not transaction.run(sql.FREE_KEY, key=key, now=now):
                raise ConfigurationError(f"the key {key!r} is done: a report came just now")
        write_audit(transaction, "settle key", None, by, {"key": key, "as": outcome, "why": why})


def _trace(operation: Operation[Any]) -> _Trace:
    """Return what reports about a message are compared with."""
    numbers: tuple[Any, ...] = ()
    if isinstance(operation, CellcastSend):
        numbers = operation.recipients
    elif operation.reply is SentMMS and getattr(operation, "to", None) is not None:
        numbers = (getattr(operation, "to"),)  # noqa: B009
    try:
        (number,) = map(normalizer(operation), numbers)
    except (SkymmsError, ValueError):  # none, several, or one that the client refuses
        return _Trace(None, None, None)
    names = ("mms_id", "client_reference")
    about = {name: str(given) for name in names if (given := getattr(operation, name, None)) is not None}
    sender = getattr(operation, "sender", None)
    return _Trace(number, None if sender is None else str(sender), json.dumps({"type": type(operation).__name__, **about}))


def _lock(transaction: Transaction, trace: _Trace) -> str | None:
    """Lock the number of a message, before its key, and return it as the ledger has it."""
    return None if trace.number is None else lock_number(transaction, trace.number)


def _answer(store: Store, trace: _Trace, statement: Statement, **values: Any) -> None:
    """Write what became of the message of a key, and look again at the reports about its number."""
    with store.transaction() as transaction:
        number = _lock(transaction, trace)
        transaction.run(statement, now=transaction.now(), **values)
        if number is not None:
            match_number(transaction, number, _WORKER)
