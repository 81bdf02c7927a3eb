"""Writes reports into the ledger, and what they say into the messages that they are about.

A report may arrive before the answer to the request that it is about, or long after a crash, and more than once. It belongs to
the message with its tracking id, or with its reference if that is the ledger's. Otherwise :mod:`skymms.broadcast.matching`
compares it with the messages to its number. A report whose message is not known is kept, with the reason as its evidence, and
looked at again when an answer, an interruption or another report changes what is known about its number. Messages that were
sent once for a key are compared as well, while their outcome is unknown.

Two sessions of a database may write a report and the answer that it is about at the same time. Both lock the number first, or
the tracking id if the report has no number, so that the later one sees what the earlier one wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple, TypeAlias

from ..errors import SkymmsError
from ..model.notices import DeliveryReport, EncodingReport, Notice
from ..model.serialization import from_dict, to_dict
from ..numbers import normalize
from ..storage.contract import Row, Store, Transaction
from ..storage.texts import column_text, hash_number
from . import statements as sql
from .consent_statements import SUPPRESSED
from .keys import has_key, open_keys, prove_key
from .matching import CLOCKS, Message, Trace, match
from .outcomes import Answer, price_text
from .references import parse_reference
from .states import State
from .tallies import Changes

Report: TypeAlias = "DeliveryReport | EncodingReport"

#: A gateway's time further from the arrival of its report than this is a fault of its clock or of the report.
_PLAUSIBLE = 30 * 86400.0
#: Longer identities are hashed: a database limits the size of what it indexes.
_LONGEST_IDENTITY = 500
#: Reports change the counts of a broadcast in so many rows, so that they do not wait for each other.
_STRIPES = 8
#: The message of a report that is about one that was sent for a key.
_OF_KEY = 0
#: The states that a report can change.
_CHANGEABLE = (State.ACCEPTED, State.UNKNOWN)


class _Kept(NamedTuple):
    """A report in the ledger, and when it arrived."""

    id: int
    notice: Report
    at: float


# ---------------------------------------------------------------------------------------------------- entrances


def note(transaction: Transaction, notice: Notice) -> bool:
    """Write a notice into the ledger; return False if it was there already, or is not about a message."""
    if not isinstance(notice, (DeliveryReport, EncodingReport)):
        return False
    changes = Changes()
    added = add_report(transaction, notice, changes)
    if added is not None:
        changes.write(transaction, f"reports {added % _STRIPES}")
    return added is not None


def add_report(
    transaction: Transaction, notice: Report, changes: Changes, *, message: int | None = None, credits: Decimal | None = None
) -> int | None:
    """Write a report, and what follows from it; return its id, or None if it was there already.

    ``message`` is the id of its message if the caller knows it, ``credits`` the price of the message.
    """
    number, identity = _number(notice), notice.identity
    if number is not None:
        transaction.rows(sql.LOCK_NUMBER, number=number)
        if (secret := _secret_if_erased(transaction, number)) is not None:
            notice, number, identity = _without_number(notice), hash_number(secret, number), hash_number(secret, identity)
    elif (tracking_id := column_text(notice.tracking_id)) is not None:
        transaction.rows(sql.LOCK_TRACKING, tracking_id=tracking_id)
    if len(identity) > _LONGEST_IDENTITY:
        identity = "sha256:" + sha256(identity.encode()).hexdigest()
    now = transaction.now()
    added = transaction.one(
        sql.ADD_REPORT,
        identity=identity, at=now, notice=json.dumps(to_dict(notice)), tracking_id=column_text(notice.tracking_id),
        mms_id=column_text(getattr(notice, "mms_id", None)), number=number,
        sender=column_text(getattr(notice, "sender", None)),
        client_reference=column_text(notice.client_reference),
    )  # fmt: skip
    if added is None:
        return None
    kept = _Kept(added[0], notice, now)
    known = _get(transaction, message) if message is not None else _find(transaction, kept, number)
    if known is not None and _bind(transaction, kept, known, changes, credits):
        return kept.id
    if number is not None:
        _resolve(transaction, number, changes)
        if credits is not None and (found := transaction.one(sql.MESSAGE_OF_REPORT, id=kept.id)) is not None:
            transaction.run(sql.SET_CREDITS, id=found[0], credits=price_text(credits))
    return kept.id


def lock_number(transaction: Transaction, number: str) -> str:
    """Lock a number, and return it as the ledger has it: hashed if it was erased."""
    transaction.rows(sql.LOCK_NUMBER, number=number)
    secret = _secret_if_erased(transaction, number)
    return number if secret is None else hash_number(secret, number)


def match_number(transaction: Transaction, number: str, worker: str) -> None:
    """Look again at the reports about a number, which :func:`lock_number` has locked."""
    changes = Changes()
    _resolve(transaction, number, changes)
    changes.write(transaction, worker)


def lock_answered(transaction: Transaction, answers: Sequence[Answer]) -> None:
    """Lock the numbers and the tracking ids of answers, before anything is written about them."""
    ids, tracking_ids = _ids(answers)
    transaction.rows(sql.LOCK_ANSWERED, ids=ids, tracking_ids=tracking_ids)


def match_answers(transaction: Transaction, answers: Sequence[Answer], worker: str) -> None:
    """Look again at the reports that came before these answers, or whose messages these answers make clear."""
    if transaction.one(sql.ANY_UNMATCHED) is None:
        return
    changes = Changes()
    ids, tracking_ids = _ids(answers)
    _match(transaction, transaction.rows(sql.REPORTS_OF_ANSWERS, ids=tracking_ids), changes)
    for (number,) in transaction.rows(sql.NUMBERS_OF_ANSWERS, ids=ids):
        _resolve(transaction, number, changes)
    changes.write(transaction, worker)


def _ids(answers: Sequence[Answer]) -> tuple[str, str]:
    """Return the ids of messages with an answer, and the tracking ids that the answers name, as lists in JSON."""
    tracking_ids = [answer.tracking_id for answer in answers if answer.tracking_id is not None]
    return json.dumps([answer.id for answer in answers]), json.dumps(tracking_ids)


def match_interrupted(transaction: Transaction, broadcast: int, worker: str, now: float) -> None:
    """Look again at the reports about the unknown messages of a broadcast, some of which were interrupted ``now``."""
    changes = Changes()
    transaction.rows(sql.LOCK_INTERRUPTED, broadcast=broadcast, now=now)
    match_unknown(transaction, broadcast, changes)
    changes.write(transaction, worker)


def match_unknown(transaction: Transaction, broadcast: int, changes: Changes) -> None:
    """Look again at the reports about the unknown messages of a broadcast."""
    for (number,) in transaction.rows(sql.NUMBERS_OF_UNKNOWN, broadcast=broadcast):
        _resolve(transaction, number, changes)


def match_without_number(transaction: Transaction, rows: Iterable[Row], changes: Changes) -> None:
    """Look again at reports that have a tracking id, which a message now has."""
    _match(transaction, rows, changes)


# ---------------------------------------------------------------------------------------------------- finding


def _match(transaction: Transaction, rows: Iterable[Row], changes: Changes) -> None:
    for row in rows:
        kept = _kept(row)
        found = _find(transaction, kept, _number(kept.notice))
        if found is not None:
            _bind(transaction, kept, found, changes)


def _kept(row: Row) -> _Kept:
    return _Kept(row[0], from_dict(json.loads(row[1])), row[2])


def _number(notice: Report) -> str | None:
    to = getattr(notice, "to", None)
    try:
        return normalize(to) if to else None
    except SkymmsError:
        return None


def _get(transaction: Transaction, id: int) -> Message | None:
    row = transaction.one(sql.MESSAGE_BY_ID, id=id)
    return None if row is None else Message.of(row)


def messages_of_number(transaction: Transaction, number: str) -> list[Message]:
    """Return the messages of a number that were requested, and those of keys whose outcome is unknown."""
    requested = [Message.of(row) for row in transaction.rows(sql.MESSAGES_OF_NUMBER, number=number)]
    return requested + open_keys(transaction, number)


def _find(transaction: Transaction, kept: _Kept, number: str | None) -> Message | None:
    """Return the message with the tracking id of a report, or with its reference."""
    tracking_id = column_text(kept.notice.tracking_id)
    if tracking_id is not None:
        for row in transaction.rows(sql.MESSAGES_BY_TRACKING, tracking_id=tracking_id):
            # The gateways of two accounts may use one tracking id.
            message = Message.of(row)
            if _same_number(number, message.number):
                return message
    reference = parse_reference(transaction, kept.notice.client_reference)
    referenced = None if reference is None else _get(transaction, reference[0])
    # A message that is being sent waits for its answer.
    if reference is None or referenced is None or referenced.state is State.SENDING or not referenced.is_open:
        return None
    return referenced if referenced.attempts == reference[1] else None


def _same_number(first: str | None, second: str) -> bool:
    if first is None or second.startswith("#") or first == second:
        return True
    short, long = sorted((first, second), key=len)
    return len(short) >= 8 and long.endswith(short)


def _resolve(transaction: Transaction, number: str, changes: Changes) -> None:
    """Find out what the reports about a number are about, as far as they show it."""
    while True:
        messages = messages_of_number(transaction, number)
        if not messages:
            return
        since = min(message.sent_at for message in messages) - CLOCKS
        left: list[_Kept] = []
        for row in transaction.rows(sql.UNMATCHED_OF_NUMBER, number=number, since=since):
            known = _find(transaction, kept := _kept(row), number)
            if known is None:
                left.append(kept)
            else:
                _bind(transaction, kept, known, changes)
        now = [message for message in messages_of_number(transaction, number) if message.is_open]
        if not left or not now or not _resolve_traces(transaction, now, left, changes):
            return


def _resolve_traces(transaction: Transaction, messages: Sequence[Message], reports: Sequence[_Kept], changes: Changes) -> bool:
    """Match reports with messages that have no tracking id; return whether one was bound, so that others may be clear now."""
    by_id: dict[str | None, list[_Kept]] = {}
    for kept in reports:
        if isinstance(kept.notice, DeliveryReport):
            by_id.setdefault(kept.notice.tracking_id, []).append(kept)
    since = min(message.sent_at for message in messages) - CLOCKS
    traces = [_trace(of_id) for tracking_id, of_id in by_id.items() if not has_key(transaction, tracking_id, since)]
    bound = False
    for group in match(messages, traces):
        for place, message in group.bound:
            for kept in by_id[traces[place].tracking_id]:
                found = messages[message]
                # The report before may have changed its state.
                known = found if found.key is not None else _get(transaction, found.id)
                assert known is not None
                bound = _bind(transaction, kept, known, changes) or bound
        if group.bound:
            continue
        for message in group.messages if group.proven else ():
            _prove(transaction, messages[message], changes)
        ids = [messages[place].key or messages[place].id for place in group.messages]
        evidence = json.dumps({"why": group.why, "messages": ids})
        for place in group.traces:
            for kept in by_id[traces[place].tracking_id]:
                transaction.run(sql.SET_REPORT, id=kept.id, message=None, evidence=evidence)
    return bound


def _trace(reports: Sequence[_Kept]) -> Trace:
    first = reports[0].notice
    outcomes = [state for kept in reports if (state := state_after(kept.notice)) is not State.ACCEPTED]

    def said(name: str) -> str | None:
        return next((text for kept in reports if (text := getattr(kept.notice, name, None)) is not None), None)

    return Trace(
        tracking_id=first.tracking_id, first_at=min(min(kept.at, _time_of(kept)) for kept in reports), sender=said("sender"),
        mms_id=said("mms_id"), reference=said("client_reference"), outcome=outcomes[0] if outcomes else State.ACCEPTED,
    )  # fmt: skip


def find_evidence(store: Store, numbers: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the reports about some numbers whose message is not known, by number."""
    evidence: dict[str, list[dict[str, Any]]] = {number: [] for number in numbers}
    with store.reading() as transaction:
        rows = transaction.rows(sql.EVIDENCE, numbers=json.dumps(list(numbers)))
    for number, at, text, why in rows:
        notice: Report = from_dict(json.loads(text))
        says = getattr(notice, "status", None) or notice.meaning or notice.code
        reason = json.loads(why)["why"] if why else None
        evidence[number].append({"at": at, "tracking_id": notice.tracking_id, "says": says, "why": reason})
    return evidence


# ---------------------------------------------------------------------------------------------------- writing


def _bind(transaction: Transaction, kept: _Kept, message: Message, changes: Changes, credits: Decimal | None = None) -> bool:
    """Write what a report says into its message. The first final state stays.

    Return False if the message is being requested again meanwhile: the report then waits for the answer.
    """
    notice, before = kept.notice, message.state
    if message.key is not None:
        transaction.run(sql.SET_REPORT, id=kept.id, message=_OF_KEY, evidence=None)
        prove_key(transaction, message, notice)
        return True
    details = {name: column_text(getattr(notice, name, None)) for name in ("mms_id", "sent_as", "operator_id", "handset")} | {
        "id": message.id,
        "tracking_id": column_text(notice.tracking_id),
        "credits": None if credits is None else price_text(credits),
    }
    if before not in _CHANGEABLE and not message.resent:
        transaction.run(sql.SET_REPORT, id=kept.id, message=message.id, evidence=None)
        transaction.run(sql.COMPLETE, **details)
        return True
    after = state_after(notice)
    failed = after is State.FAILED
    changed = transaction.run(
        sql.APPLY_REPORT,
        state=after, before=before, now=transaction.now(), code=column_text(notice.code) if failed else None,
        why=column_text(getattr(notice, "details", None) or notice.meaning) if failed else None,
        delivered_at=_time_of(kept) if after is State.DELIVERED else None, **details,
    )  # fmt: skip
    if not changed:
        return False
    transaction.run(sql.SET_REPORT, id=kept.id, message=message.id, evidence=None)
    changes.move(message.broadcast, before, after)
    return True


def _prove(transaction: Transaction, message: Message, changes: Changes) -> None:
    """Call a message accepted. Which of several tracking ids is its own is not known."""
    if message.key is not None:
        prove_key(transaction, message, None)
        return
    nothing = dict.fromkeys(("tracking_id", "mms_id", "sent_as", "operator_id", "handset", "delivered_at", "credits"))
    if transaction.run(
        sql.APPLY_REPORT,
        id=message.id, state=State.ACCEPTED, before=message.state, now=transaction.now(), why=None, code=None, **nothing,
    ):  # fmt: skip
        changes.move(message.broadcast, message.state, State.ACCEPTED)


def state_after(notice: Report) -> State:
    """Return the state of a message after a report. A report that says nothing of delivery proves that it was accepted."""
    if isinstance(notice, EncodingReport):
        return State.FAILED if (notice.code or "").startswith("E") else State.ACCEPTED
    if notice.delivered:
        return State.DELIVERED
    return State.FAILED if notice.failed else State.ACCEPTED


def _time_of(kept: _Kept) -> float:
    """Return the time that a report names, if it has a time zone and can be right, and else when it arrived."""
    named: datetime | None = getattr(kept.notice, "timestamp", None)
    if named is None or named.tzinfo is None:
        return kept.at
    return at if abs((at := named.timestamp()) - kept.at) < _PLAUSIBLE else kept.at


# ---------------------------------------------------------------------------------------------------- erasure


def _secret_if_erased(transaction: Transaction, number: str) -> bytes | None:
    """Return the secret of the hashes if a number was erased, else None: it must not come back with a late report."""
    row = transaction.one(sql.SECRET)
    if row is None:
        return None
    secret = bytes.fromhex(row[0])
    keys = json.dumps([hash_number(secret, number)])
    return secret if transaction.rows(SUPPRESSED, keys=keys, scopes='[""]') else None


def is_erased(transaction: Transaction, number: str) -> bool:
    """Whether a number was erased."""
    return _secret_if_erased(transaction, number) is not None


def _without_number(notice: Report) -> Report:
    return replace(notice, to=None, raw=()) if isinstance(notice, DeliveryReport) else notice
