"""Explains what a ledger knows about one number: consent, messages, opt-outs, and why it did not get a message."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ..model.serialization import from_dict
from ..storage.contract import Row, Store, Transaction
from ..storage.texts import hash_number
from . import consent_statements as sql
from .noting import is_erased
from .numbering import normalizer_of_ledger
from .scopes import ANY_SENDER, EVERYTHING, describe_scope, scopes_of
from .settings import Settings
from .statements import BROADCAST_SETTINGS, SECRET, VARIANTS
from .states import State, Why


def explain_number(store: Store, number: str | int) -> dict[str, Any]:
    """Return what is known about a number. Times are ISO 8601 in UTC."""
    with store.reading() as transaction:
        forms = normalizer_of_ledger(transaction)(number)
        erased = [form for form in forms if is_erased(transaction, form)]
        secret = transaction.one(SECRET)
        keys = [*forms, *(hash_number(bytes.fromhex(secret[0]), form) for form in erased if secret is not None)]
        opt_outs = [_opt_out(row) for key in keys for row in transaction.rows(sql.SUPPRESSIONS_OF_NUMBER, number=key)]
        said = [_said(row) for key in keys for row in transaction.rows(sql.WISHES_OF_NUMBER, number=key)]
        rows = [row for key in keys for row in transaction.rows(sql.HISTORY_OF_NUMBER, number=key)]
        messages = [_message(transaction, row, opt_outs) for row in rows]
        left_out = transaction.rows(sql.LEFT_OUT_OF_NUMBER, numbers=json.dumps(sorted({*forms, str(number).strip()})))
    return {
        "number": forms[0],
        "erased": bool(erased),
        "opt_outs": [{name: _shown(name, value) for name, value in one.items()} for one in opt_outs],
        "said": said,
        "messages": messages,
        "left_out": [dict(zip(("broadcast", "line", "kind", "reason"), row, strict=True)) for row in left_out],
    }


def _shown(name: str, value: Any) -> Any:
    return _time(value) if name in ("at", "lifted_at") else value


def _opt_out(row: Row) -> dict[str, Any]:
    scope, source, at, evidence, lifted_at = row
    return {
        "scope": scope, "about": describe_scope(scope), "source": source, "at": at, "evidence": evidence,
        "lifted_at": lifted_at,
    }  # fmt: skip


def _said(row: Row) -> dict[str, Any]:
    id, wish, scope, text, at, decided_by, notice = row
    return {
        "notice": id, "wish": wish, "scope": scope, "about": describe_scope(scope), "text": text, "at": _time(at),
        "decided_by": decided_by, "code": getattr(from_dict(json.loads(notice)), "code", None),
    }  # fmt: skip


def _message(transaction: Transaction, row: Row, opt_outs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    broadcast, name, line, state, why, code, zone, consent, sender, sent_at, updated_at, delivered_at = row
    found = {
        "broadcast": name, "line": line or None, "state": state, "reason": why, "code": code, "zone": zone or None,
        "consent": json.loads(consent) if consent else None, "sent_at": _time(sent_at), "updated_at": _time(updated_at),
        "delivered_at": _time(delivered_at),
    }  # fmt: skip
    return {**found, "because": _because(transaction, broadcast, state, why, sender, updated_at, opt_outs)}


def _because(
    transaction: Transaction,
    broadcast: int,
    state: str,
    why: str | None,
    sender: str | None,
    at: float | None,
    opt_outs: Sequence[dict[str, Any]],
) -> str | None:
    """Return in a sentence why a message was skipped, or will be."""
    settings_row = transaction.one(BROADCAST_SETTINGS, broadcast=broadcast)
    assert settings_row is not None
    settings = Settings.from_json(settings_row[0])
    if why == Why.NO_CONSENT:
        return "the broadcast requires consent, and the line of the list has none: it needs a time, and a source or a text"
    if why == Why.NO_ZONE:
        return "the broadcast keeps hours by the number, and no time zone of the number is known"
    if why == Why.HOURS_NEVER_OPEN:
        return "the hours of the broadcast are never open in all time zones of the recipient at once"
    if why == Why.CAPPED and settings.cap is not None:
        return f"the number had as many messages of other broadcasts as the frequency cap allows ({settings.cap})"
    if why == Why.EXPIRED:
        return "it was not sent before the end (until) of the broadcast"
    if why == Why.CANCELLED:
        return "the broadcast was cancelled"
    if state != State.READY and why != Why.OPTED_OUT:
        return None
    operations = {row[0]: from_dict(json.loads(row[3])) for row in transaction.rows(VARIANTS, broadcast=broadcast)}
    of_message = next((str(one.sender) for one in operations.values() if getattr(one, "sender", None)), sender)
    scopes = {EVERYTHING, *scopes_of(operations, of_message)}
    is_waiting = state == State.READY
    for one in opt_outs:
        counts = one["scope"] in scopes or (ANY_SENDER in scopes and one["scope"].startswith("sender:"))
        lifted, since = one["lifted_at"], one["at"]
        effective = lifted is None if is_waiting else lifted is None or at is None or since <= at < lifted
        if counts and effective:
            evidence = f", {one['evidence']}" if one["evidence"] else ""
            told = f"opted out of {one['about']}: {one['source']}, {_time(since)}{evidence}"
            return f"it will be skipped: {told}" if is_waiting else told
    return None if is_waiting else "the person had opted out then, and has opted in again since"


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
