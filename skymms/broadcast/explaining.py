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
from .countries import Country, is_without_country, other_form, with_other_forms
from .hours import SEPARATOR, zone_info
from .noting import is_erased
from .numbering import normalizer_of_ledger
from .scopes import ANY_SENDER, EVERYTHING, describe_scope, scopes_of
from .settings import Settings
from .statements import BROADCAST_SETTINGS, SECRET, VARIANTS
from .states import RESENT, SETTLED_AS_SENT, State, Why


def explain_number(store: Store, number: str | int, country: Country | None = None) -> dict[str, Any]:
    """Return what is known about a number. Times are ISO 8601 in UTC."""
    with store.reading() as transaction:
        forms = normalizer_of_ledger(transaction, country)(number)
        all_forms = with_other_forms(forms)
        erased = [form for form in all_forms if is_erased(transaction, form)]
        secret = transaction.one(SECRET)
        keys = [*forms, *(hash_number(bytes.fromhex(secret[0]), form) for form in erased if secret is not None)]
        opt_out_keys = [*keys, *all_forms[len(forms) :]]
        opt_outs = [_opt_out(row) for key in opt_out_keys for row in transaction.rows(sql.SUPPRESSIONS_OF_NUMBER, number=key)]
        said = [_said(row) for key in keys for row in transaction.rows(sql.WISHES_OF_NUMBER, number=key)]
        rows = [row for key in keys for row in transaction.rows(sql.HISTORY_OF_NUMBER, number=key)]
        hint = _hint(transaction, forms[0], len(rows))
        messages = [_message(transaction, row, opt_outs) for row in rows]
        left_out = transaction.rows(sql.LEFT_OUT_OF_NUMBER, numbers=json.dumps(sorted({*forms, str(number).strip()})))
    return {
        "number": forms[0],
        "erased": bool(erased),
        "opt_outs": [{name: _shown(name, value) for name, value in one.items()} for one in opt_outs],
        "said": said,
        "messages": messages,
        "left_out": [dict(zip(("broadcast", "line", "kind", "reason"), row, strict=True)) for row in left_out],
        "hint": hint,
    }


def _hint(transaction: Transaction, number: str, messages: int) -> str | None:
    """Say if a US number may be meant with, or without, its country code."""
    other = other_form(number)
    if other is None:
        return None
    count = len(transaction.rows(sql.HISTORY_OF_NUMBER, number=other))
    if count:
        return (
            f"the ledger also has {count} message{'' if count == 1 else 's'} to {other}, which is the same phone if it is a US "
            "number"
        )
    if messages == 0 and is_without_country(number):
        return (
            f"the number has ten digits and no country code: if it is a US number, look up {other}, or pass --country 1 "
            "(country=1)"
        )
    return None


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
    name, line, state, why, code, zone, consent = row[1:8]
    sent_at, updated_at, delivered_at = row[9:12]
    found = {
        "broadcast": name, "line": line or None, "state": state, "reason": why, "code": code, "zone": zone or None,
        "consent": json.loads(consent) if consent else None, "sent_at": _time(sent_at), "updated_at": _time(updated_at),
        "delivered_at": _time(delivered_at),
    }  # fmt: skip
    return {**found, "because": _because(transaction, row, opt_outs)}


def _because(transaction: Transaction, row: Row, opt_outs: Sequence[dict[str, Any]]) -> str | None:
    """Return in a sentence why a message is in its state."""
    broadcast, _, _, state, why, code, zone, _, sender, _, at, _, due = row
    settings_row = transaction.one(BROADCAST_SETTINGS, broadcast=broadcast)
    assert settings_row is not None
    settings = Settings.from_json(settings_row[0])
    if state not in (State.READY, State.SKIPPED):
        return _outcome(transaction, broadcast, state, why, code, at)
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
    if not is_waiting:
        return "the person had opted out then, and has opted in again since"
    return _waits(settings, zone, due, transaction.now())


def _waits(settings: Settings, zone: str, due: float, now: float) -> str:
    """Say for what a ready message waits."""
    hours = settings.hours
    names = zone or (hours.zone if hours is not None else "UTC")
    if settings.start is not None and now < settings.start:
        return f"it waits for the start of the broadcast, {_time(settings.start)}"
    if hours is not None and not hours.is_open(now, names):
        opening = datetime.fromtimestamp(hours.next_opening(now, (names,)), zone_info(names.split(SEPARATOR)[0]))
        return (
            f"it waits for the hours {hours.begin}-{hours.end} in {names.replace(SEPARATOR, ' and ')}, which begin "
            f"{opening.isoformat(timespec='minutes')}"
        )
    if due > now:
        return f"the gateway put it off until {_time(due)}"
    return "it waits for a run of the broadcast"


#: Why the outcome of a message is not known.
_UNKNOWN = {
    Why.LOST_ANSWER: "the request was sent and its answer was lost",
    Why.FAULT: "the gateway answered with a fault of its own",
    Why.UNACCOUNTED: "the gateway's answer does not mention the number",
    Why.INTERRUPTED: "the run ended while the message was being sent",
    RESENT: "it was settled as resend, and then not sent again",
}


def _outcome(
    transaction: Transaction, broadcast: int, state: str, why: str | None, code: str | None, at: float | None
) -> str | None:
    """Say what a state means for a message that was requested."""
    known = " ".join(str(part) for part in (code, f"({why})" if why else None) if part)
    match state:
        case State.UNKNOWN:
            reason = _UNKNOWN.get(why or "", why or "its outcome is not known")
            return f"{reason}: it may have arrived, so it is not sent again"
        case State.ACCEPTED if why == SETTLED_AS_SENT:
            return _settlement(transaction, broadcast, at)
        case State.ACCEPTED:
            return "the gateway queued it, and no final report has come"
        case State.DELIVERED:
            return "a delivery report says that it arrived"
        case State.FAILED:
            return f"a delivery report says that it did not arrive: {known or 'without a reason'}"
        case State.REFUSED:
            return f"the gateway refused it: {known or 'without a reason'}"
        case State.SENDING:
            return "a run is sending it, or has ended without writing what became of it"
        case _:
            return None


def _settlement(transaction: Transaction, broadcast: int, at: float | None) -> str:
    """Say who settled a message as sent, when and why."""
    for who, when, detail in transaction.rows(sql.SETTLEMENTS, broadcast=broadcast, after=(at or 0.0) - 0.001):
        found = json.loads(detail)
        if found.get("as") == "sent":
            reason = f": {found['why']}" if found.get("why") else ""
            return f"{who} settled it as sent, {_time(when)}{reason}"
    return "somebody settled it as sent"


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
