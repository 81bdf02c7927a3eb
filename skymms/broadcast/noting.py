"""Finds the message that a report is about, and writes its outcome into the ledger.

A report may arrive before the answer to the request that it is about, or long after a crash, and more than once. It belongs to
the message with its tracking id. A message whose answer was lost has none, so it is looked for by what the gateway repeats:
your reference, the stored message and the number, or the number, the sender and the time. If two messages could be meant and
there is one report, both stay unknown, and the report keeps the candidates as its evidence. That there is no report proves
nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..errors import SkymmsError
from ..model.notices import DeliveryReport, EncodingReport, Notice
from ..model.serialization import from_dict, to_dict
from ..numbers import normalize
from ..storage.contract import Row, Transaction
from . import statements as sql
from .references import parse_reference
from .states import State
from .tallies import add_to_tally

#: A report is about a message that was requested at most so long before it, or up to a minute after it, as clocks differ.
_WINDOW, _CLOCKS = 7 * 86400.0, 60.0
#: How many reports are matched at once with the answers that have come in meanwhile.
_BATCH = 500


class _Report(NamedTuple):
    """What the ledger keeps of a report."""

    id: int
    notice: DeliveryReport | EncodingReport
    at: float


def note(transaction: Transaction, notice: Notice) -> bool:
    """Write a notice into the ledger; return False if it was there already, or is not about a message."""
    if not isinstance(notice, (DeliveryReport, EncodingReport)):
        return False
    now = transaction.now()
    added = transaction.one(
        sql.ADD_REPORT,
        identity=notice.identity, at=now, notice=json.dumps(to_dict(notice)), tracking_id=notice.tracking_id,
        mms_id=getattr(notice, "mms_id", None), number=_number(notice), sender=getattr(notice, "sender", None),
        client_reference=getattr(notice, "client_reference", None),
    )  # fmt: skip
    if added is None:
        return False
    _match(transaction, [_Report(added[0], notice, now)])
    return True


def match_answers(transaction: Transaction, tracking_ids: Iterable[str]) -> None:
    """Match the reports that came before the answers with these tracking ids."""
    ids = json.dumps(list(tracking_ids))
    _match(transaction, [_report(row) for row in transaction.rows(sql.REPORTS_OF_ANSWERS, ids=ids)])


def match_unmatched(transaction: Transaction) -> None:
    """Match the newest reports that had no message when they came: an answer or an interruption may have come since."""
    _match(transaction, [_report(row) for row in transaction.rows(sql.UNMATCHED, most=_BATCH)])


def _report(row: Row) -> _Report:
    return _Report(row[0], from_dict(json.loads(row[1])), row[2])


def _number(notice: DeliveryReport | EncodingReport) -> str | None:
    to = getattr(notice, "to", None)
    try:
        return normalize(to) if to else None
    except SkymmsError:
        return None


def _match(transaction: Transaction, reports: Sequence[_Report]) -> None:
    for report in reports:
        found = _find(transaction, report)
        if found is not None:
            transaction.run(sql.SET_REPORT, id=report.id, message=found[0], evidence=None)
            _apply(transaction, report, found)


def _find(transaction: Transaction, report: _Report) -> Row | None:
    """Return the message that a report is about: id, broadcast, state and tracking id."""
    notice = report.notice
    if notice.tracking_id is not None:
        found = transaction.one(sql.MESSAGE_BY_TRACKING, tracking_id=notice.tracking_id)
        if found is not None:
            return found
    reference = parse_reference(transaction, getattr(notice, "client_reference", None))
    if reference is not None:
        return transaction.one(sql.MESSAGE_BY_ID, id=reference)
    number = _number(notice)
    if number is None or not isinstance(notice, DeliveryReport):
        return None
    at = notice.timestamp.timestamp() if notice.timestamp is not None and notice.timestamp.tzinfo is not None else report.at
    candidates = [
        row
        for row in transaction.rows(sql.UNKNOWN_OF_NUMBER, number=number, since=at - _WINDOW, until=at + _CLOCKS)
        if notice.sender is None or row[4] is None or row[4] == notice.sender
    ]
    if not candidates:
        return None
    # Each tracking id is one message, so as many tracking ids as candidates prove them all.
    proofs = [row[0] for row in transaction.rows(sql.UNMATCHED_OF_NUMBER, number=number)]
    if notice.tracking_id not in proofs or len(proofs) < len(candidates):
        evidence = json.dumps({"candidates": [row[0] for row in candidates], "tracking_ids": proofs})
        transaction.run(sql.SET_REPORT, id=report.id, message=None, evidence=evidence)
        return None
    return candidates[min(proofs.index(notice.tracking_id), len(candidates) - 1)]


def _apply(transaction: Transaction, report: _Report, found: Row) -> None:
    """Write what a report says about its message. The first final state stays."""
    id, broadcast, before, _ = found[:4]
    notice = report.notice
    after = _state_after(notice)
    if before not in (State.ACCEPTED, State.UNKNOWN):
        after = State(before)
    told: Any = notice
    at = notice.timestamp.timestamp() if isinstance(notice, DeliveryReport) and notice.timestamp is not None else report.at
    transaction.run(
        sql.APPLY_REPORT,
        id=id, state=after, before=before, now=transaction.now(), tracking_id=notice.tracking_id,
        code=notice.code if after is State.FAILED else None,
        why=(getattr(told, "details", None) or notice.meaning)[:300] if after is State.FAILED else None,
        mms_id=getattr(told, "mms_id", None), sent_as=getattr(told, "sent_as", None),
        operator_id=getattr(told, "operator_id", None), handset=getattr(told, "handset", None),
        delivered_at=at if after is State.DELIVERED else None,
    )  # fmt: skip
    if after != before:
        add_to_tally(transaction, broadcast, "reports", Counter({before: -1, after: 1}))


def _state_after(notice: DeliveryReport | EncodingReport) -> State:
    if isinstance(notice, EncodingReport):
        return State.FAILED if (notice.code or "").startswith("E") else State.ACCEPTED
    if notice.delivered:
        return State.DELIVERED
    return State.FAILED if notice.failed else State.ACCEPTED
