"""Cellcast on the wire: operations to HTTP requests, responses to replies or errors, and webhooks to notices.

v3 posts webhooks as an array of events, v1 as one object. In production v1 puts the recipient's text into ``reply`` and a copy
of the message that it answers into ``message``; its page has the recipient's text in ``message``. So events are recognised by
their fields. Webhooks are not signed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urljoin

from .. import errors
from .._functools import value
from ..errors import Nodes
from ..http import NO_STORE, HttpRequest
from ..model.notices import (
    DeliveryReport,
    InboundMMS,
    InboundSMS,
    Notice,
    UnknownNotice,
    event_fingerprint,
    needs_fingerprint,
)
from ..model.operations import Operation
from ..validation.file_types import file_type
from ..validation.hosts import ascii_url
from ..wire.codecs import DecodeError, json, multipart
from ..wire.repair import parse_json
from . import values
from .generations import MAX_NUMBERS, Generation, crlf, is_given, own_fields, sender_text, slideshow_of
from .values import CellcastSend, CellcastSent, Listing, ListOperation, Texts, as_list, as_object, as_row

# ------------------------------------------------------------------------------------------------ writing requests


def write_request(operation: Operation[Any], generation: Generation, address: str, api_key: str) -> HttpRequest:
    """Return the HTTP request for an operation that was validated."""
    call = generation.calls[type(operation)]
    # A request with the bytes of a file is a form, also where the others are JSON.
    placement = "form" if is_given(getattr(operation, "media", None)) else call.placement
    given = _sent_values(operation, generation, placement) if isinstance(operation, CellcastSend) else own_fields(operation)
    if isinstance(before := given.get("before"), datetime):
        given["before"] = int(before.timestamp())
    given |= {name: day.date() for name in ("since", "until") if isinstance(day := given.get(name), datetime)}
    sent = {wire_name: given[name] for name, wire_name in call.names.items() if wire_name and is_given(given[name])}
    url = urljoin(address, call.path)
    if "/" in sent:  # A single row, requested by its id, needs no constants.
        url += f"/{sent.pop('/')}"
    else:
        sent = {**call.constants, **sent}
    key = {generation.key_header: generation.key_prefix + api_key}
    headers = {"Accept": json.ACCEPT, "Accept-Encoding": "identity", **NO_STORE, **key}
    if placement == "query":
        return HttpRequest(call.method, f"{url}?{urlencode(sent)}" if sent else url, headers)
    body, content_type = multipart.encode(sent) if placement == "form" else (json.dump(sent), "application/json")
    return HttpRequest(call.method, url, {**headers, "Content-Type": content_type}, body)


def _sent_values(send: CellcastSend, generation: Generation, placement: str) -> dict[str, Any]:
    """Return the values of the fields of a send, of its slideshow and of its only slide."""
    numbers = [generation.number_prefix + number.removeprefix("+") for number in values.unique_mobiles(send.recipients)]
    if len(numbers) > MAX_NUMBERS:
        raise errors.ConfigurationError(
            f"to: {len(numbers):,} numbers in one request, at most {MAX_NUMBERS:,}; client.call makes several requests"
        )
    show = slideshow_of(send)
    given = own_fields(send) | own_fields(show) | own_fields(show.slides[0])
    given["text"] = crlf(given["text"])
    given["image"] = given["image"] and ascii_url(given["image"])
    # Both samples of the v1 page lose the contacts. In a form they are one field that contains a JSON array, as both pages say.
    given["to"] = json.dump(numbers).decode() if placement == "form" else numbers
    given["sender"] = sender_text(send.sender)
    given["country_code"] = str(send.country_code or "")
    if (found := file_type(send.media)) is not None:
        given["media"] = (f"media.{found.endings[0]}", found.content_types[0], send.media)
    return given


# ------------------------------------------------------------------------------------------------ reading responses

#: The error for a refusal, and the field it is about: the first row whose pattern is found in lines such as ``http=400``,
#: ``meta/status=FIELD_INVALID`` and ``msg: …``. ``.*`` in a pattern means anything, line breaks too.
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
    (r"=(number_not_valid|less_nine_digit)$", errors.RecipientError, "to"),
    (r"=RECIPIENTS_ERROR$|contacts must either start|contacts are required", errors.RecipientError, "to"),
    (r"=(FIELD_EMPTY|FIELD_INVALID|KEY_EXISTS)$", errors.FieldError, None),
    (r"=(BAD_REQUEST|NOT_IMPLEMENTED)$", errors.MalformedRequestError, None),
    (r"=NO_ACCESS$", errors.PermissionDeniedError, None),
    (r"=(NOT_FOUND|CastError)$|message not found", errors.NotFoundError, None),
)
_CODES = "meta/status error/code error/name code"
_SIGNALS = f"{_CODES} meta/code invalid_token error/sender error/ErrorType"
_REASONS = "error/errorMessage error/error error/description error/message msg message"


def _texts_with_paths(document: Mapping[str, Any]) -> Nodes:
    return tuple([(path, text) for path, _, text in json.leaves(dict(document))])


def read_reply(operation: Operation[Any], document: Mapping[str, Any], status: int) -> Any:
    """Return the reply in a response.

    Raises the error for a refusal, and :class:`~skymms.wire.codecs.DecodeError` for a document that is not a response.
    """
    raw, texts = _texts_with_paths(document), Texts(document)
    # Compared without case: one recorded body has "success".
    states = {texts[name].lower() for name in ("status", "meta/status", "error/code") if name in texts}
    error_code = "data" not in document and re.match("[4-9][0-9]{2}", texts.get("code", ""))
    refused = bool(states - {"true", "success"} or error_code)
    if not (refused or states or (operation.repeatable and "data" in document)) and status < 400:
        raise DecodeError("it has no status")
    # `status: false` with HTTP 200 was recorded more than once, and v1 refuses a template with 203.
    if refused or status == 203 or status >= 300:
        contradicted = bool(states & {"true", "success"}) or _names_message(document.get("data"))
        error = _refusal(operation, texts, status, refused, raw, contradicted=contradicted)
        if isinstance(error, errors.NotFoundError) and isinstance(operation, ListOperation) and operation.is_list:
            return _read_listing(operation.row, None, raw)
        raise error
    if isinstance(operation, CellcastSend):
        return _read_sent(operation, document.get("data"), raw)
    if isinstance(operation, ListOperation):
        return _read_listing(operation.row, document.get("data"), raw)
    return texts.build(operation.reply, raw=raw)


def _refusal(
    operation: Operation[Any], texts: Texts, status: int, refused: bool, raw: Nodes, *, contradicted: bool
) -> errors.MMSError:
    signals = [f"{name}={texts[name]}" for name in _SIGNALS.split() if name in texts]
    # A line for each text: line breaks in a text would make lines that look like signals.
    reasons = [f"{name}: {' '.join(texts[name].split())}" for name in f"{_REASONS} stack".split() if name in texts]
    lines = "\n".join([f"http={status}", *signals, *reasons])
    # A send that was answered with HTTP 500 had been delivered (recorded), so its text does not choose the class.
    fault = re.search("=5[0-9]{2}$|^http=408$", lines, re.MULTILINE) is not None
    table = () if fault and not operation.repeatable else REFUSALS
    default = ("", errors.GatewayFaultError if fault else errors.MMSError, None)
    _, kind, field = next((row for row in table if _matches(row[0], lines)), default)
    code = next((texts[name] for name in _CODES.split() if texts.get(name, "success").lower() != "success"), "")
    # A 203 or 3xx that contains no refusal leaves open whether the message was sent, and so does a refusal that also reports
    # success or has the id of a message.
    maybe = not operation.repeatable and (fault or contradicted or not (refused or 400 <= status < 500))
    if not code and status >= 400:
        code = str(status)
    return kind(code, texts.first(_REASONS) or "", field=field, reply=raw, sent_maybe=maybe)


def _matches(pattern: str, lines: str) -> bool:
    """Return whether a pattern of :data:`REFUSALS` is found in these lines.

    The parts of a pattern around ``.*`` are searched one after the other. The regular expression with ``.*`` would look at the
    whole rest of the lines for each place where its first part is found, which is quadratic time.
    """
    at = 0
    for part in pattern.split(".*"):
        found = re.compile(part, re.IGNORECASE | re.MULTILINE).search(lines, at)
        if found is None:
            return False
        at = found.end()
    return True


def _names_message(data: object) -> bool:
    """Whether a response to a send has the id of a message that was queued."""
    return any(Texts(as_row(row, "to")).first(_MESSAGE_ID) for row in _rows(data, *_QUEUED))


#: The lists of numbers that are queued, and their message ids: of v3, and of v1.
_QUEUED = ("messages", "queueResponse")
_MESSAGE_ID = "message_id MessageId"


def _rows(data: object, *names: str) -> Iterator[Any]:
    """Yield the rows under these names. An empty list may come as "", and a single row without its list."""
    for name in names:
        under = as_object(data).get(name)
        yield from as_list(under) or ([under] if as_object(under) else [])


def _read_listing(row_class: type[Any], data: object, raw: Nodes) -> Listing[Any]:
    texts = Texts(data)
    # v3 lists "responses", v1 "items"; the report on one message is that message.
    rows = as_list(data) or ([data] if "_id" in texts else _rows(data, "responses", "items"))
    read = tuple([Texts(row).build(row_class) for row in rows if as_object(row)])
    # v3 counts the pages in an object of its own; v1 beside the rows, and it names the next page.
    page = texts.first("page/number current", values.parse_decimal)
    last_page = texts.first("page/count totalPages", values.parse_decimal)
    more = "nextPage" in texts or bool(page and last_page and page < last_page)
    return Listing(read, more=bool(read) and more, raw=raw)


def _echoed_number(text: str) -> str:
    """Return a number in a response as it was requested; there may be quotes and brackets around it."""
    # Text that is not a number is reduced to its digits, but never to the digits of a number.
    return values.mobile(text.strip("[]\"' ")) or re.sub("[^0-9]", "", text)


def _read_sent(send: CellcastSend, data: object, raw: Nodes) -> CellcastSent:
    """Sort the numbers by their outcome. Only a message id shows that a number is queued."""

    def listed(*names: str) -> list[tuple[str, Texts]]:
        rows = [Texts(as_row(row, "to")) for row in _rows(data, *names)]
        # v3 calls the number "to", v1 "Contact" (its mock server "Number").
        return [(_echoed_number(row.first("to Contact Number") or ""), row) for row in rows]

    requested = dict.fromkeys(values.unique_mobiles(send.recipients))
    queued = {
        number: message_id for number, row in listed(*_QUEUED) if number in requested and (message_id := row.first(_MESSAGE_ID))
    }
    # A number that was not requested is kept only if it is not a number at all: nothing else can show which one it was.
    invalid = {
        number: row.first("Error ErrorType") or "the gateway gave no reason"
        for number, row in listed("invalidContacts")
        if number and number not in queued and (number in requested or values.mobile(number) is None)
    }
    types = {number: row["ErrorType"] for number, row in listed("invalidContacts") if number in invalid and "ErrorType" in row}
    known = queued.keys() | invalid.keys()
    opted_out = dict.fromkeys(number for number, _ in listed("unsubscribeContacts") if number in requested.keys() - known)
    dates: list[datetime | None] = [row.first("date", values.parse_datetime) for _, row in listed("messages")]
    counts = Texts(data)
    return CellcastSent(
        queued=queued,
        invalid=invalid,
        unsubscribed=tuple(opted_out),
        unaccounted=tuple(number for number in requested if number not in known and number not in opted_out),
        credits=counts.first("credits_used", values.parse_decimal),
        error_types=types,
        date=next(filter(None, dates), None),
        total_numbers=counts.first("total_numbers", values.parse_count),
        success_number=counts.first("success_number", values.parse_count),
        raw=raw,
    )


# ------------------------------------------------------------------------------------------------ reading webhooks

#: Bytes of a webhook's body: more than any documented one, a few hundred events with long texts.
MAX_WEBHOOK = 512 * 1024
#: The ``origin`` of Cellcast's notices.
ORIGIN = "CELLCAST"


@value
class CellcastMMS(InboundMMS):
    """An MMS that somebody sent to the account: its text is in the event itself, and so is the id of the message it answers."""

    _: KW_ONLY
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
        shown, marked = parse_json(body, max_bytes)
        if shown in ([], {}, None):
            raise DecodeError("it contains no event")
        events, originals = as_list(shown) or [shown], as_list(marked) or [marked]
        pairs = zip(events, originals, strict=True)
        return tuple([_identified(as_row(event, "event"), as_row(original, "event")) for event, original in pairs])
    except DecodeError as error:
        raise errors.ProtocolError(f"not a Cellcast webhook: {error}", body=body) from None


def _identified(event: Mapping[str, Any], original: Mapping[str, Any]) -> Notice:
    """Return the notice of an event, with a fingerprint if its fields may not be enough to tell it from others."""
    notice = _notice(event)
    is_unparsed = getattr(notice, "timestamp", "") is None and "received_at" in event
    # Several of the gateway's states may be one of ours.
    status = Texts(event).first("status", str.lower)
    is_synonym = isinstance(notice, DeliveryReport) and status is not None and status.strip() != notice.status
    if event != original or is_unparsed or is_synonym or needs_fingerprint(notice):
        pairs = sorted(_texts_with_paths(original), key=lambda pair: pair[0])
        notice = replace(notice, fingerprint=event_fingerprint(pairs))
    return notice


def _notice(event: Mapping[str, Any]) -> Notice:
    raw, texts, names = _texts_with_paths(event), Texts(event), event.keys()
    kind = texts.get("type", "").lower()
    if kind == "receive" or {"from", "body"} <= names:
        return _inbound(event, texts, raw)
    if (kind == "send" and {"_id", "status"} <= names) or {"message_id", "status", "recipient"} <= names:
        return DeliveryReport(
            origin=ORIGIN,
            raw=raw,
            tracking_id=texts.first("message_id _id"),
            status=texts.first("status", values.normalize_status),
            details=texts.first("reason status"),
            to=texts.first("recipient receiver", values.normalize_mobile),
            sender=texts.first("sender", values.normalize_mobile),
            client_reference=texts.first("custom_string"),
        )
    return UnknownNotice(origin=ORIGIN, raw=raw)


def _inbound(event: Mapping[str, Any], texts: Texts, raw: Nodes) -> Notice:
    found = texts.first("reply message body")
    text, media = _unwrap(found, as_list(event.get("media")))
    if isinstance(event.get("reply"), str) and "reply" not in texts and text == found:
        # A reply without a text, such as a picture: `message` is the copy of the message that it answers.
        text = None
    urls = tuple([url for file in media if (url := Texts(as_row(file, "url")).first("url"))])
    message_id, original_id = texts.first("message_id _id"), texts.first("original_message_id")
    common: dict[str, Any] = {
        "origin": ORIGIN,
        "raw": raw,
        "sender": texts.first("from sender", values.normalize_mobile),
        "to": texts.first("receiver", values.normalize_mobile),
        "text": text,
        "timestamp": texts.first("received_at", values.parse_datetime),
    }
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
            return Texts(wrapped).first("message"), as_list(wrapped.get("media")) or media
    return text, media
