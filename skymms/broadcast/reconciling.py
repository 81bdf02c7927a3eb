"""Asks the gateways about messages whose outcome is not known, as far as they offer that. It only reads.

- Skycore 1.3: the statistics report (``GetStatistics``). Its ids are not documented to be tracking ids. A message of it that
  has no known id is matched only if it is the only one to its number, and the ledger requested only one.
- Cellcast v1: the reports of messages (``MessageReports``), by id, or by number, time and text.
- Cellcast v1 and v3: the people who opted out (``OptOuts``), who are suppressed.
- Sinch MMS and Cellcast v3 have nothing that tells what became of a message.

A message that a gateway does not list stays as it is: a missing report proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple, TypeAlias, TypeVar

from ..cellcast import CellcastAccount, CellcastSend, MessageReports, OptOut, OptOuts, SentMessage
from ..cellcast.wire import ORIGIN
from ..errors import MMSError
from ..model.actions import GetStatistics
from ..model.notices import DeliveryReport
from ..model.operations import Operation
from ..model.serialization import from_dict
from ..numbers import normalize, number_problem
from ..reports import MessageReport, read_report
from ..storage.contract import Store, Transaction, read_pages
from ..transport.exchange import GatewayAccount
from . import statements as sql
from .auditing import write_audit
from .consent_statements import SUPPRESS_FIRMLY
from .keys import has_key
from .matching import CLOCKS, WINDOW, Message
from .noting import Changes, add_report, match_unknown, match_without_number, messages_of_number
from .personalisation import Personalisation
from .states import State

#: An operation to call, or a link to fetch.
Question: TypeAlias = "Operation[Any] | str"
Steps: TypeAlias = "Generator[Question, Any, Reconciled]"
T = TypeVar("T")

#: Rows that are written in one transaction.
_BATCH = 200
#: "The period is too long": the account's settings limit it. It is halved, at most so often.
_TOO_LONG, _HALVINGS = "E509", 5
_DAY = 86400.0
#: The counts of messages that a reconciliation changes.
_WORKER = "reconciliation"
_STATISTICS = "STATISTICS"
_OPEN = (State.ACCEPTED, State.UNKNOWN)


class Reconciled(NamedTuple):
    """What a reconciliation did and left.

    ``asked`` counts the requests, ``reports`` the reports that were new, ``changed`` the messages of the whole ledger whose
    state they changed, and ``opted_out`` the numbers that are suppressed now and were not before. ``unknown`` and
    ``unreported`` are the messages of the broadcasts that are left. ``refused`` are the gateway's refusals, as texts.
    """

    asked: int = 0
    reports: int = 0
    changed: int = 0
    opted_out: int = 0
    unknown: int = 0
    unreported: int = 0
    refused: tuple[str, ...] = ()


class _Span(NamedTuple):
    """Messages of some broadcasts that a gateway may know more about, and when the first and last of them was requested."""

    messages: int
    unknown: int
    first: float
    last: float


def reconcile(store: Store, account: GatewayAccount, name: str | None, *, unreported_after: float, by: str | None) -> Steps:
    """Yield the questions to the gateway. The generator is sent the reply to each, or the error if the gateway refuses it.

    Only messages that are unknown, or accepted without a final report for ``unreported_after`` seconds, are asked about, and
    only those of the broadcast ``name`` if it is given.
    """
    cellcast = account if isinstance(account, CellcastAccount) else None
    broadcasts = [
        id for id, one, by_cellcast in _broadcasts(store) if by_cellcast is (cellcast is not None) and name in (None, one)
    ]
    before = _span(store, broadcasts, unreported_after)
    done = Reconciled(changed=_match_again(store, broadcasts))
    if cellcast is not None:
        done = yield from _ask_cellcast(store, cellcast, before, done)
    elif before.messages and not _problems(account, _statistics(before.first, before.last)):
        done = yield from _ask_for_statistics(store, before, done)
    left = _span(store, broadcasts, unreported_after)
    done = done._replace(unknown=left.unknown, unreported=left.messages - left.unknown)
    with store.transaction() as transaction:
        write_audit(transaction, "reconcile", name, by, done._asdict())
    return done


def _problems(account: Any, operation: Operation[Any]) -> Any:
    """Return why an account cannot make an operation; an account of your own class may not say."""
    problems = getattr(account, "problems", None)
    return problems(operation) if problems is not None else ("unknown",)


def _broadcasts(store: Store) -> Iterator[tuple[int, str, bool]]:
    """Yield each broadcast: its id, its name, and whether it is sent through Cellcast."""
    for id, name, operation in read_pages(store, sql.FIRST_VARIANTS, size=100):
        yield id, name, operation is not None and json.loads(operation).get("type") == CellcastSend.__name__


def _span(store: Store, broadcasts: Sequence[int], unreported_after: float) -> _Span:
    with store.reading() as transaction:
        now = transaction.now()
        before = now - unreported_after
        found = [transaction.one(sql.OPEN_SPAN, broadcast=id, before=before) for id in broadcasts]
    rows = [row for row in found if row is not None and row[0]]
    first, last = min((row[1] for row in rows), default=now), max((row[2] for row in rows), default=now)
    return _Span(sum(row[0] for row in rows), sum(row[3] for row in rows), first, last)


def _match_again(store: Store, broadcasts: Iterable[int]) -> int:
    """Look again at all reports that have no message; return how many messages changed their state."""
    changed = 0
    for id in broadcasts:
        with store.transaction() as transaction:
            match_unknown(transaction, id, changes := Changes())
            changes.write(transaction, _WORKER)
        changed += changes.messages
    for rows in _batches(read_pages(store, sql.UNMATCHED_WITH_MESSAGE)):
        with store.transaction() as transaction:
            match_without_number(transaction, rows, changes := Changes())
            changes.write(transaction, _WORKER)
        changed += changes.messages
    return changed


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _ask(question: Question, done: Reconciled) -> Generator[Question, Any, tuple[Any, MMSError | None, Reconciled]]:
    """Yield a question; return its answer, the error if the gateway refused it, and what was done so far."""
    answer = yield question
    done = done._replace(asked=done.asked + 1)
    return (None, answer, done) if isinstance(answer, MMSError) else (answer, None, done)


def _refused(done: Reconciled, error: MMSError) -> Reconciled:
    return done._replace(refused=(*done.refused, error.summary))


def _write(store: Store, found: Iterable[tuple[DeliveryReport, int | None, Any]], done: Reconciled) -> Reconciled:
    """Write reports, each with the id of its message if that is known, and its price."""
    for batch in _batches(found):
        with store.transaction() as transaction:
            changes = Changes()
            # Sorted, because the number of each is locked until the transaction ends.
            batch.sort(key=lambda one: one[0].to or "")
            added = [add_report(transaction, notice, changes, message=id, credits=credits) for notice, id, credits in batch]
            changes.write(transaction, _WORKER)
        new = sum(one is not None for one in added)
        done = done._replace(reports=done.reports + new, changed=done.changed + changes.messages)
    return done


def _digits(number: str | None) -> str | None:
    return None if number is None or number_problem(number) else normalize(number)


# ---------------------------------------------------------------------------------------------------- Skycore 1.3


def _statistics(first: float, last: float) -> GetStatistics:
    start, end = datetime.fromtimestamp(first - CLOCKS, UTC), datetime.fromtimestamp(last + CLOCKS, UTC)
    return GetStatistics(start, end + timedelta(seconds=1))


def _ask_for_statistics(store: Store, span: _Span, done: Reconciled) -> Steps:
    spans = [(span.first, span.last, 0)]
    while spans:
        first, last, halved = spans.pop(0)
        link, error, done = yield from _ask(_statistics(first, last), done)
        if error is not None and error.code == _TOO_LONG and halved < _HALVINGS:
            middle = (first + last) / 2
            spans[:0] = [(first, middle, halved + 1), (middle, last, halved + 1)]
        elif error is not None:
            done = _refused(done, error)
        else:
            body, _, done = yield from _ask(link.link, done)
            try:
                rows = read_report(body)
            except MMSError as refusal:
                done = _refused(done, refusal)
            else:
                done = _write(store, _statistics_reports(store, rows), done)
    return done


def _statistics_reports(store: Store, rows: Sequence[MessageReport]) -> Iterator[tuple[DeliveryReport, int | None, Any]]:
    """Yield the reports that a statistics report contains of messages in the ledger that are open."""
    by_number: dict[str, list[MessageReport]] = {}
    for row in rows:
        if (number := _digits(row.to)) is not None:
            by_number.setdefault(number, []).append(row)
    for number, of_number in by_number.items():
        with store.reading() as transaction:
            messages = messages_of_number(transaction, number)
            ids = {message.tracking_id: message for message in messages if message.tracking_id is not None}
            since = min((message.sent_at for message in messages), default=0.0) - CLOCKS
            unknown_ids = [row for row in of_number if row.id not in ids and not has_key(transaction, row.id, since)]
        for row in of_number:
            message = ids.get(row.id or "")
            if message is None and len(messages) == 1 and unknown_ids == [row] and _may_be(messages[0], row):
                message = messages[0]
            if message is not None and (message.resent or message.state in _OPEN):
                yield _statistics_report(row, message), message.id if message.key is None else None, None


def _may_be(message: Message, row: MessageReport) -> bool:
    """Whether the only message of a number in a statistics report can be the only one in the ledger."""
    times = [status.time.timestamp() for status in row.statuses if isinstance(status.time, datetime) and status.time.tzinfo]
    if not times or not message.sent_at - CLOCKS <= min(times) <= message.sent_at + WINDOW:
        return False
    if row.sender is not None and message.sender is not None and row.sender.strip("+") != message.sender.strip("+"):
        return False
    return row.mms_id is None or message.stored_id is None or row.mms_id == message.stored_id


#: The statuses of a statistics report that are final, as those of a delivery report.
_FAILURES = {"EXPIRED": "Expired", "REJECTED": "Rejected", "ERROR": "Failed"}


def _statistics_report(row: MessageReport, message: Message) -> DeliveryReport:
    failure = next((one for one in row.statuses if one.name in _FAILURES), None)
    # A report that contradicts itself says only that the message was accepted.
    delivered = row.delivered is True and failure is None
    failed = failure is not None and row.delivered is False
    status = "Delivered" if delivered else _FAILURES[failure.name] if failed and failure is not None else "Sent"
    last = next((one for one in reversed(row.statuses) if isinstance(one.time, datetime) and one.time.tzinfo), None)
    return DeliveryReport(
        origin=_STATISTICS,
        tracking_id=message.tracking_id,
        status=f"Message Sent/{status}" if status != "Sent" else "Message Sent",
        sent_as={"binary": "MMS", "xhtml": "SMS"}.get((row.delivery or "").lower(), "SMS" if row.kind == "SMS" else None),
        mms_id=row.mms_id,
        sender=row.sender,
        to=row.to,
        timestamp=last.time if last is not None and isinstance(last.time, datetime) else None,
        handset=row.handset,
        details=failure.info if failed and failure is not None else None,
        fingerprint=f"{row.id}, message {message.id}",
    )


# ---------------------------------------------------------------------------------------------------- Cellcast


def _ask_cellcast(store: Store, account: CellcastAccount, span: _Span, done: Reconciled) -> Steps:
    since = datetime.fromtimestamp(span.first - _DAY, UTC).date()
    question = MessageReports(since=since)
    if span.messages and not account.problems(question):
        listing, error, done = yield from _ask(question, done)
        done = _refused(done, error) if error is not None else _write(store, _cellcast_reports(store, listing), done)
    people, error, done = yield from _ask(OptOuts(), done)
    if error is not None:
        return _refused(done, error)
    for batch in _batches(people):
        with store.transaction() as transaction:
            done = done._replace(opted_out=done.opted_out + _suppress(transaction, batch))
    return done


def _cellcast_reports(store: Store, listing: Iterable[SentMessage]) -> Iterator[tuple[DeliveryReport, int | None, Any]]:
    """Yield the listed states of messages that may be in the ledger, and open."""
    for row in listing:
        if (number := _digits(row.to)) is None:
            continue
        with store.reading() as transaction:
            messages = messages_of_number(transaction, number)
        known = next((one for one in messages if row.message_id is not None and one.tracking_id == row.message_id), None)
        if known is not None:
            if known.state in _OPEN:
                yield _cellcast_report(row), known.id, row.credits
        elif any(message.is_open and _has_text(message, row) for message in messages):
            yield _cellcast_report(row), None, row.credits


def _cellcast_report(row: SentMessage) -> DeliveryReport:
    updated = row.updated_at or row.created_at
    return DeliveryReport(
        origin=ORIGIN, tracking_id=row.message_id, status=row.status, details=row.status, to=row.to, sender=row.sender,
        timestamp=updated, client_reference=row.client_reference,
    )  # fmt: skip


def _has_text(message: Message, row: SentMessage) -> bool:
    """Whether a listed message was sent after the request of one in the ledger, and has its text."""
    created = row.created_at
    if created is not None and created.tzinfo is not None and created.timestamp() < message.sent_at - CLOCKS:
        return False
    if row.text is None or message.operation is None:
        return True
    operation: Any = from_dict(json.loads(message.operation))
    filled = Personalisation(operation).fill(json.loads(message.data) if message.data else {})
    return (filled.slideshow.slides[0].text or "").split() == row.text.split()


def _suppress(transaction: Transaction, people: Iterable[OptOut]) -> int:
    now = transaction.now()
    rows = [
        {
            "number": number, "scope": "", "source": "Cellcast's list of opt-outs", "evidence": None,
            "at": now if person.created_at is None or person.created_at.tzinfo is None else person.created_at.timestamp(),
        }
        for person in people
        if (number := _digits(person.number)) is not None
    ]  # fmt: skip
    if not rows:
        return 0
    added = transaction.run_many(sql.SUPPRESS, rows)
    transaction.run(SUPPRESS_FIRMLY, scope="", numbers=json.dumps([row["number"] for row in rows]))
    return added
