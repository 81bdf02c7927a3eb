"""Cellcast on the wire: operations to HTTP requests, responses to replies or errors, and webhooks to notices.

v3 posts webhooks as an array of events, v1 as one object. In production v1 puts the recipient's text into ``reply`` and a copy
of the message that it answers into ``message``; its page has the recipient's text in ``message``. So events are recognised by
their fields. Webhooks are not signed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin

from .. import errors
from ..errors import Nodes
from ..http import HttpRequest
from ..model.notices import DeliveryReport, InboundMMS, InboundSMS, Notice, UnknownNotice
from ..model.operations import Operation
from ..wire.codecs import DecodeError, json, multipart
from .generations import MAX_NUMBERS, ROW_CLASSES, Generation, crlf, is_given, own_fields, picture_type, slideshow_of
from .values import (
    CellcastSend,
    CellcastSent,
    Listing,
    Texts,
    as_list,
    as_object,
    as_row,
    build,
    first_text,
    first_value,
    flatten,
    mobile,
    normalize_mobile,
    normalize_status,
    parse_datetime,
    parse_decimal,
    unique_mobiles,
)

T = TypeVar("T")

# ------------------------------------------------------------------------------------------------ writing requests


def _values(operation: Operation[Any]) -> dict[str, Any]:
    """Return what is sent, under our names: the fields of the operation, of its slideshow and of its only slide."""
    values = own_fields(operation)
    if isinstance(operation, CellcastSend):
        show = slideshow_of(operation)
        values |= {"subject": show.subject, **own_fields(show.slides[0])}
        values["text"] = crlf(values["text"])
        # The v1 page's alphabet for senders has no plus, although its sample has one.
        values["sender"] = str(operation.sender or "").removeprefix("+")
    elif isinstance(before := values.get("before"), datetime):
        values["before"] = int(before.timestamp())
    return values


def write_request(operation: Operation[Any], generation: Generation, address: str, api_key: str) -> HttpRequest:
    """Return the HTTP request for an operation that was validated."""
    call, values = generation.calls[type(operation)], _values(operation)
    if isinstance(operation, CellcastSend):
        numbers = [generation.number_prefix + number.removeprefix("+") for number in unique_mobiles(operation.recipients)]
        if len(numbers) > MAX_NUMBERS:
            raise errors.ConfigurationError(
                f"to: {len(numbers):,} numbers in one request, at most {MAX_NUMBERS:,}; client.call makes several requests"
            )
        # Both samples of the v1 page lose the contacts. In a form they are one field that contains a JSON array.
        values["to"] = json.dump(numbers).decode() if call.placement == "form" else numbers
        if (named := picture_type(operation.media)) is not None:
            values["media"] = (*named, operation.media)
    sent = {wire_name: values[name] for name, wire_name in call.names.items() if wire_name and is_given(values[name])}
    end = f"/{sent.pop('/')}" if "/" in sent else ""
    if not end:  # A single row, requested by its id, needs no constants.
        sent = {**call.constants, **sent}
    url = urljoin(address, call.path) + end
    headers = {
        "Accept": json.ACCEPT,
        "Accept-Encoding": "identity",
        generation.key_header: generation.key_prefix + api_key,
    }
    if call.placement == "query":
        return HttpRequest(call.method, f"{url}?{urlencode(sent)}" if sent else url, headers)
    body, content_type = multipart.write(sent) if call.placement == "form" else (json.dump(sent), "application/json")
    return HttpRequest(call.method, url, {**headers, "Content-Type": content_type}, body)


# ------------------------------------------------------------------------------------------------ reading responses

#: The error for a refusal, and the field it is about: the first row whose pattern is found in lines such as ``http=400``,
#: ``meta/status=FIELD_INVALID`` and ``msg: …``.
REFUSALS: tuple[tuple[str, type[errors.MMSError], str | None], ...] = (
    (r"=(429|OVER_LIMIT)$", errors.ThrottledError, None),
    (r"=(401|403|AUTH_FAILED(_NO_DATA)?)$|^invalid_token=(?!0$|false$)", errors.AuthenticationError, None),
    (r"=(422|LEDGER_ERROR)$|enough credit|balance is too low", errors.BillingError, None),
    (r"=FIELD_INVALID$.*image size exceeds", errors.MediaTooLargeError, "image"),
    (r"=FIELD_INVALID$.*only png", errors.MediaTypeError, "image"),
    (r"=FIELD_INVALID$.*image", errors.MediaError, "image"),
    (r"=FIELD_INVALID$.*text up to", errors.FieldError, "text"),
    (r"=FIELD_INVALID$.*subject up to", errors.FieldError, "subject"),
    (r"=FIELD_INVALID$.*numbers", errors.FieldError, "to"),
    (r"^error/sender=|sender id is not registered", errors.SenderError, "sender"),
    (r"=RECIPIENTS_ERROR$|contacts must either start|contacts are required", errors.RecipientError, "to"),
    (r"=(FIELD_EMPTY|FIELD_INVALID|KEY_EXISTS)$", errors.FieldError, None),
    (r"=(BAD_REQUEST|NOT_IMPLEMENTED)$", errors.MalformedRequestError, None),
    (r"=NO_ACCESS$", errors.PermissionDeniedError, None),
    (r"=(NOT_FOUND|CastError)$|message not found", errors.NotFoundError, None),
)
_CODES = "meta/status error/code error/name code"
_SIGNALS = f"{_CODES} meta/code invalid_token error/sender"
_REASONS = "error/errorMessage error/error error/description error/message msg message"


def read_reply(operation: Operation[Any], document: Mapping[str, Any], status: int) -> Any:
    """Return the reply in a response.

    Raises the error for a refusal, and :class:`~skymms.wire.codecs.DecodeError` for a document that is not a response.
    """
    raw: Nodes = tuple([(path, text) for path, _, text in json.leaves(dict(document))])
    texts = flatten(document)
    # Compared without case: one recorded body has "success".
    states = {texts[name].lower() for name in ("status", "meta/status", "error/code") if name in texts}
    error_code = "data" not in document and re.match("[4-9][0-9]{2}", texts.get("code", ""))
    refused = bool(states - {"true", "success"} or error_code)
    if not (refused or states or (operation.repeatable and "data" in document)) and status < 400:
        raise DecodeError("it has no status")
    # `status: false` with HTTP 200 was recorded more than once, and v1 refuses a template with 203.
    if not (refused or status == 203 or status >= 300):
        return _read_accepted(operation, texts, document.get("data"), raw)
    error = _refusal(operation, texts, status, refused, raw)
    if isinstance(error, errors.NotFoundError) and _is_whole_listing(operation):
        empty: Listing[Any] = Listing(raw=raw)
        return empty
    raise error


def _is_whole_listing(operation: Operation[Any]) -> bool:
    return type(operation) in ROW_CLASSES and not getattr(operation, "message_id", None)


def _refusal(operation: Operation[Any], texts: Texts, status: int, refused: bool, raw: Nodes) -> errors.MMSError:
    signals = [f"{name}={texts[name]}" for name in _SIGNALS.split() if name in texts]
    reasons = [f"{name}: {texts[name]}" for name in f"{_REASONS} stack".split() if name in texts]
    lines = "\n".join([f"http={status}", *signals, *reasons])
    # A send that was answered with HTTP 500 had been delivered (recorded), so its text does not choose the class.
    fault = re.search("=5[0-9]{2}$|^http=408$", lines, re.MULTILINE) is not None
    table = () if fault and not operation.repeatable else REFUSALS
    default = ("", errors.GatewayFaultError if fault else errors.MMSError, None)
    flags = re.IGNORECASE | re.MULTILINE | re.DOTALL
    _, kind, field = next((row for row in table if re.search(row[0], lines, flags)), default)
    code = next((texts[name] for name in _CODES.split() if texts.get(name, "success").lower() != "success"), "")
    # A 203 or 3xx that contains no refusal leaves open whether the message was sent.
    maybe = not operation.repeatable and (fault or not (refused or 400 <= status < 500))
    if not code and status >= 400:
        code = str(status)
    return kind(code, first_text(texts, _REASONS) or "", field=field, reply=raw, sent_maybe=maybe)


def _read_accepted(operation: Operation[Any], texts: Texts, data: object, raw: Nodes) -> Any:
    if isinstance(operation, CellcastSend):
        return _read_sent(operation, data, raw)
    if (row_class := ROW_CLASSES.get(type(operation))) is not None:
        return _read_listing(row_class, data, raw)
    reply: type[Any] = operation.reply
    return build(reply, texts, raw=raw)


def _read_listing(row_class: type[T], data: object, raw: Nodes) -> Listing[T]:
    texts = flatten(data)
    # v3 lists "responses", v1 "items"; the report on one message is that message.
    rows = as_list(data) or ([data] if "_id" in texts else _rows(data, "responses", "items"))
    read = tuple([build(row_class, flatten(row)) for row in map(as_object, rows) if row])
    # v3 counts the pages in an object of its own; v1 beside the rows, and it names the next page.
    page = first_value(texts, "page/number current", parse_decimal)
    last_page = first_value(texts, "page/count totalPages", parse_decimal)
    more = "nextPage" in texts or bool(page and last_page and page < last_page)
    return Listing(read, more=bool(read) and more, raw=raw)


def _rows(data: object, *names: str) -> list[Any]:
    """Return the rows under these names. An empty list may come as "", and a single row without its list."""
    rows: list[Any] = []
    for name in names:
        under = as_object(data).get(name)
        rows += as_list(under) or ([under] if as_object(under) else [])
    return rows


def _read_sent(send: CellcastSend, data: object, raw: Nodes) -> CellcastSent:
    """Sort the numbers by their outcome. Only a message id shows that a number is queued."""

    def listed(*names: str) -> list[tuple[str, Texts]]:
        rows = [flatten(as_row(row, "to")) for row in _rows(data, *names)]
        # v3 calls the number "to", v1 "Contact" (its mock server "Number"); it may have quotes and brackets around it.
        return [(normalize_mobile(re.sub("[^0-9]", "", first_text(row, "to Contact Number") or "")), row) for row in rows]

    requested = dict.fromkeys(unique_mobiles(send.recipients))
    queued = {
        number: message_id
        for number, row in listed("messages", "queueResponse")
        if number in requested and (message_id := first_text(row, "message_id MessageId"))
    }
    # A number that was not requested is kept only if it is not a number at all: nothing else can show which one it was.
    invalid = {
        number: first_text(row, "Error ErrorType") or "the gateway gave no reason"
        for number, row in listed("invalidContacts")
        if number and number not in queued and (number in requested or mobile(number) is None)
    }
    unsubscribed = dict.fromkeys(
        number
        for number, _ in listed("unsubscribeContacts")
        if number in requested and number not in queued and number not in invalid
    )
    known = {**queued, **invalid, **unsubscribed}
    return CellcastSent(
        queued=queued,
        invalid=invalid,
        unsubscribed=tuple(unsubscribed),
        unaccounted=tuple(number for number in requested if number not in known),
        credits=first_value(flatten(data), "credits_used", parse_decimal),
        raw=raw,
    )


# ------------------------------------------------------------------------------------------------ reading webhooks

#: Bytes of a webhook's body: more than any documented one, a few hundred events with long texts.
MAX_WEBHOOK = 512 * 1024
#: The ``origin`` of Cellcast's notices.
ORIGIN = "CELLCAST"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellcastMMS(InboundMMS):
    """An MMS that somebody sent to the account: its text is in the event itself, and so is the id of the message it answers."""

    text: str | None = None
    original_message_id: str | None = None


def read_cellcast_webhook(body: bytes, *, max_bytes: int = MAX_WEBHOOK) -> tuple[Notice, ...]:
    """Return the notices in the body of a webhook of either generation, in their order.

    Times are naive in v3, whose page names no time zone. A delivery report's ``status`` is a value of
    :data:`~skymms.cellcast.STATES` and its ``details`` the gateway's own text. An event that is not recognised becomes an
    :class:`~skymms.UnknownNotice`. Raises :class:`~skymms.ProtocolError` if the body is not JSON, contains no event, or is
    longer than ``max_bytes``, and no other error.
    """
    if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a type checker
        raise TypeError(f"pass the body of the request as bytes, not as {type(body).__name__}")
    try:
        document = json.parse(body, max_bytes)
        if document in ([], {}, None):
            raise DecodeError("it contains no event")
        events = as_list(document) or [document]
        return tuple([_notice(as_row(event, "event")) for event in events])
    except DecodeError as error:
        raise errors.ProtocolError(f"not a Cellcast webhook: {error}", body=body) from None


def _notice(event: Mapping[str, Any]) -> Notice:
    texts, names = flatten(event), event.keys()
    kind = texts.get("type", "").lower()
    raw = tuple([(path, text) for path, _, text in json.leaves(dict(event))])
    if kind == "receive" or {"from", "body"} <= names:
        return _inbound(event, texts, raw)
    if (kind == "send" and {"_id", "status"} <= names) or {"message_id", "status", "recipient"} <= names:
        return DeliveryReport(
            origin=ORIGIN,
            raw=raw,
            tracking_id=first_text(texts, "message_id _id"),
            status=first_value(texts, "status", normalize_status),
            details=first_text(texts, "reason status"),
            to=first_value(texts, "recipient receiver", normalize_mobile),
            sender=first_value(texts, "sender", normalize_mobile),
            client_reference=first_text(texts, "custom_string"),
        )
    return UnknownNotice(origin=ORIGIN, raw=raw)


def _inbound(event: Mapping[str, Any], texts: Texts, raw: Nodes) -> Notice:
    text, media = _unwrap(first_text(texts, "reply message body"), as_list(event.get("media")))
    files = [first_text(flatten(as_row(file, "url")), "url") for file in media]
    message_id, original_id = first_text(texts, "message_id _id"), first_text(texts, "original_message_id")
    common: dict[str, Any] = {
        "origin": ORIGIN,
        "raw": raw,
        "sender": first_value(texts, "from sender", normalize_mobile),
        "to": first_value(texts, "receiver", normalize_mobile),
        "text": text,
        "timestamp": first_value(texts, "received_at", parse_datetime),
    }
    urls = tuple([url for url in files if url])
    if texts.get("type", "").lower() == "mms" or urls or texts.get("mms", "").lower() in {"true", "1"}:
        return CellcastMMS(**common, tracking_id=message_id, original_message_id=original_id, files=urls)
    return InboundSMS(**common, tracking_id=original_id, transaction_id=message_id)


def _unwrap(text: str | None, media: Sequence[Any]) -> tuple[str | None, Sequence[Any]]:
    """Return the text and the files of an MMS. A gateway with the same software as v1 wraps both in a text of JSON."""
    if text and text.lstrip().startswith("{"):
        try:
            wrapped = as_object(json.parse(text.encode("utf-8", "replace"), MAX_WEBHOOK))
        except DecodeError:
            return text, media
        if {"message", "media"} & wrapped.keys():
            return first_text(flatten(wrapped), "message"), as_list(wrapped.get("media")) or media
    return text, media
