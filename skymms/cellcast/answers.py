"""What an answer says: yes or no, and what became of each number. Types drift (``"2"``, ``""`` for a list) and are read."""

from __future__ import annotations

from typing import Any

from ..codecs import json
from ..errors import GatewayFaultError, MMSError, Nodes, NotFoundError
from ..operations import Operation
from .spoken import numbers
from .tables import LISTED, REFUSALS, ROWS, amount, words
from .values import AccountBalance, Balance, CellcastSend, CellcastSent, Done, Listing, echoed

Document = dict[str, Any]


def within(document: Any, *path: str) -> Any:
    """What lies at the end of a path, None where it leads nowhere."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def verdict(document: Document, operation: Operation[Any]) -> bool | None:
    """Whether the body says yes; None where it says neither yes nor no."""
    told = [words(within(document, *path)) for path in (("status",), ("meta", "status"), ("error", "code"))]
    said = {word.lower() for word in told if word}
    code = words(document.get("code")) or ""
    # Compared without case: one recorded body has "success".
    if said - {"true", "success"} or ("data" not in document and code.isdigit() and int(code[:4]) >= 400):
        return False
    return True if said or (operation.repeatable and "data" in document) else None


def refusal_in(operation: Operation[Any], document: Document, http: int, raw: Nodes) -> MMSError:
    """The error that a refusal means."""
    signals, said, code = _signals(document, http)
    whole = f"{said} {words(document.get('stack')) or ''}".lower()
    meant = next((row for row in REFUSALS if (not row.signal or row.signal in signals) and row.words in whole), None)
    # A recorded 500 had delivered, whatever its words were.
    fault = http == 408 or any(len(signal) == 3 and "500" <= signal <= "599" for signal in signals)
    if meant is None or (fault and not operation.repeatable):
        kind, field = (GatewayFaultError if fault else MMSError), None
    else:
        kind, field = meant.kind, meant.field
    # v1 says no with a 203, too; one that does not say no is not believed, and not disbelieved either.
    told_no = 400 <= http < 500 or verdict(document, operation) is False
    maybe = not operation.repeatable and (fault or not told_no)
    return kind(code, said, field=field, reply=raw, sent_maybe=maybe)


def nothing_there(operation: Operation[Any], error: MMSError) -> bool:
    """Whether a refusal only says that a list is empty."""
    return isinstance(error, NotFoundError) and type(operation) in LISTED and not getattr(operation, "message_id", None)


def _signals(document: Document, http: int) -> tuple[set[str], str, str]:
    """What a refusal can be known by, its words, and its code."""
    error = document.get("error")
    named = [within(document, "meta", "status"), within(error, "code"), within(error, "name"), document.get("code")]
    codes = [word for word in map(words, named) if word and word.upper() != "SUCCESS"]
    signals = {code.upper() for code in codes} | {str(http), words(within(document, "meta", "code")) or ""}
    if words(document.get("invalid_token")) not in {None, "0", "false"}:
        signals.add("INVALID_TOKEN")
    if words(within(error, "sender")):
        signals.add("ERROR.SENDER")
    texts = [within(error, name) for name in ("errorMessage", "error", "description", "message")]
    said = next((text for text in map(words, [*texts, document.get("msg"), document.get("message")]) if text), "")
    return signals, said, codes[0] if codes else str(http) if http >= 400 else ""


# ------------------------------------------------------------------------------------------------ replies


def reply_in(operation: Operation[Any], document: Document, raw: Nodes) -> Any:
    """The reply that a yes holds."""
    data = document.get("data")
    if isinstance(operation, CellcastSend):
        return _sent(operation, data, raw)
    if isinstance(operation, Balance):
        return _row(AccountBalance, data)
    if (kind := LISTED.get(type(operation))) is None:
        return Done(words(document.get("msg")) or words(document.get("message")), raw=raw)
    rows = tuple([_row(kind, row) for row in _rows(data) if isinstance(row, dict)])
    return Listing(rows, more=bool(rows) and _goes_on(data), raw=raw)


def _goes_on(data: Any) -> bool:
    """Is there a page after this one? v3 counts them in a block of its own, v1 beside the rows, and names the next."""
    block = data["page"] if isinstance(within(data, "page"), dict) else data
    here = amount(within(block, "number")) or amount(within(block, "current"))
    last = amount(within(block, "count")) or amount(within(block, "totalPages"))
    return words(within(data, "nextPage")) is not None or bool(here and last and here < last)


def _rows(data: Any) -> list[Any]:
    # v3's "responses" is "" where it is empty; v1's list is "items", and one report comes by itself.
    for rows in (data, within(data, "responses"), within(data, "items")):
        if isinstance(rows, list):
            return rows
    return [data] if within(data, "_id") else []


def _row(kind: type[Any], source: Any) -> Any:
    source = source if isinstance(source, dict) else {}
    raw = tuple([(path, text) for path, _, text in json.leaves(source)])
    return kind(**{ours: make(source.get(theirs)) for ours, theirs, make in ROWS[kind]}, raw=raw)


def _sent(send: CellcastSend, data: Any, raw: Nodes) -> CellcastSent:
    """What became of each number. Nothing but a message id says that one is queued."""
    asked = dict.fromkeys(numbers(send))
    queued, invalid = {}, {}
    for row in [*_listed(data, "messages"), *_listed(data, "queueResponse")]:
        message_id = words(within(row, "message_id")) or words(within(row, "MessageId"))
        if (number := _whose(row)) in asked and message_id:
            queued[number] = message_id
    for row in _listed(data, "invalidContacts"):
        if (number := _whose(row)) not in queued:
            invalid[number] = words(within(row, "Error")) or words(within(row, "ErrorType")) or "no reason is told"
    out = dict.fromkeys(number for row in _listed(data, "unsubscribeContacts") if (number := _whose(row)) not in queued)
    listed = {*queued, *invalid, *out}
    return CellcastSent(
        queued=queued,
        invalid=invalid,
        unsubscribed=tuple(out),
        unaccounted=tuple([number for number in asked if number not in listed]),
        credits=amount(within(data, "credits_used")),
        raw=raw,
    )


def _listed(data: Any, name: str) -> list[Any]:
    rows = within(data, name)
    return rows if isinstance(rows, list) else [rows] if isinstance(rows, dict) and rows else []


def _whose(row: Any) -> str:
    """The number that a row is about: v3 says "to", v1 "Contact" (its mocks "Number"), or the row is the number."""
    told = [words(within(row, name)) for name in ("to", "Contact", "Number")] if isinstance(row, dict) else [words(row)]
    return echoed(next((number for number in told if number), ""))
