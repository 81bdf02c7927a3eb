"""Encodes the bodies of Cellcast's responses and webhooks, in both generations.

The library's tables for decoding are used here for encoding. Types vary as they do on the vendor's pages and in recorded
responses: counters in quotes, ``""`` for an empty list, a number with its plus, without it, or as its last nine digits. The
numbers in webhooks have a plus in v1 and none in v3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from ..cellcast import AccountBalance, CellcastMMS, CellcastSend, CellcastSent, Listing, OptOut, Response, SentMessage
from ..cellcast.values import sources
from ..errors import error_class
from ..model.notices import DeliveryReport, InboundSMS
from ..model.replies import Refusal
from .listener import ServerResponse
from .state import Message, printable

#: Rows of a page (v3 page).
PER_PAGE = 25

#: The sender of messages without a sender.
SHARED = "#SharedNum#"

#: A reply that belongs to another request, for the fault ``stranger``.
OTHER_REPLY = CellcastSent(queued={"+61400000000": "A21741CB-9B8E-3956-A1CE-000000000001"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Listing[Any]):
    """A listing with the number of its page, the rows that a page may have, and the number of rows in all pages.

    ``single`` is True for a row that was requested by its id.
    """

    page: int = 1
    size: int = PER_PAGE
    total: int = 0
    single: bool = False

    @property
    def pages(self) -> int:
        """The number of pages."""
        return -(-self.total // self.size)


# ------------------------------------------------------------------------------------------------ refusals


class RefusalForm(NamedTuple):
    """The HTTP status and the text of a refusal in v3 and in v1, and the most similar Skycore code.

    ``status`` is v3's name for the refusal, if it differs. ``error`` has v1's details; without it the body of v1 is short and
    has no envelope.
    """

    http: int
    text: str
    http_v1: int
    text_v1: str
    skycore_code: str
    status: str = ""
    error: Mapping[str, str] | None = None


_LOW = "the balance is too low: a test set how many credits are left"
#: The refusals by v3's name, which the library uses for both generations. In v3 the last two are FIELD_INVALID; v1 is more
#: specific.
REFUSALS: Mapping[str, RefusalForm] = {
    "AUTH_FAILED_NO_DATA": RefusalForm(401, "the request has no APPKEY", 401, "Unauthorized", "E104"),
    "AUTH_FAILED": RefusalForm(401, "no account has this APPKEY", 401, "Token expired", "E104"),
    "NO_ACCESS": RefusalForm(400, "no access", 403, "Forbidden", "E105"),
    # The v3 page mentions this refusal but does not show its body.
    "OVER_LIMIT": RefusalForm(429, "more than 15 calls a second", 429, "Too many requests", "E113"),
    "RECIPIENTS_ERROR": RefusalForm(
        400,
        "no recipient is left: their numbers are not valid, or they opted out",
        400,
        "contacts must either start with 61, or be nine digits",
        "E114",
    ),
    "BAD_REQUEST": RefusalForm(400, "the request is not what this call expects", 400, "Bad Request", "E100"),
    "NOT_IMPLEMENTED": RefusalForm(404, "there is no such call", 404, "Not found", "E108"),
    "NOT_FOUND": RefusalForm(400, "there are no responses", 200, "message not found", "E241", error={}),
    # Recorded for an id in the path of the report that is not one of the database.
    "CAST_ERROR": RefusalForm(
        400,
        "the id is not valid",
        200,
        "internal server error",
        "E241",
        "NOT_FOUND",
        {"name": "CastError", "message": "Cast to ObjectId failed", "kind": "ObjectId", "path": "_id"},
    ),
    "FIELD_EMPTY": RefusalForm(400, "a required field is empty", 400, "a required field is empty", "E311"),
    "FIELD_INVALID": RefusalForm(400, "a field is not valid", 400, "a field is not valid", "E314"),
    # A recorded response of status 500 has an envelope.
    "SERVER_ERROR": RefusalForm(500, "internal server error", 500, "internal server error", "E503", error={}),
    "LEDGER_ERROR": RefusalForm(
        400,
        "not enough credit: a test set how many credits are left",
        422,
        _LOW,
        "E713",
        "FIELD_INVALID",
        {"errorMessage": _LOW},
    ),
    "NOT_REGISTERED": RefusalForm(
        400,
        "the sender is not registered",
        400,
        "the sender id is not registered to this account",
        "E111",
        "FIELD_INVALID",
        {"sender": "not_registered"},
    ),
}
#: v3's text for FIELD_INVALID, by the field, or by the error class for the file behind a URL.
_FIELD_TEXTS = {
    "text": "a text up to 1000 characters is allowed",
    "subject": "a subject up to 40 characters is allowed",
    "image": "the image has another type: only PNG, GIF and JPEG are allowed",
    "to": "more numbers than one call may have",
    "MediaTooLargeError": "the image size exceeds the limit",
    "MediaTypeError": "the image has another type: only PNG, GIF and JPEG are allowed",
    "MediaUnreachableError": "the image cannot be fetched",
    "MediaCorruptedError": "the image cannot be read",
}


def _refusal_name(code: str) -> str:
    """Return the name of a refusal: the code itself, or the refusal that is most similar to a code of Skycore's."""
    if code in REFUSALS:
        return code
    kind = error_class(code)
    return next((name for name, form in REFUSALS.items() if issubclass(kind, error_class(form.skycore_code))), "FIELD_INVALID")


def refusal(v1: bool, code: str, field: str = "", info: str = "") -> Refusal:
    """Return the refusal for a name of :data:`REFUSALS` or a code of Skycore's; v3 has its own texts for some fields."""
    name = _refusal_name(code)
    form = REFUSALS[name]
    field = field or error_class(code).__name__
    field_text = "" if v1 or name != "FIELD_INVALID" else _FIELD_TEXTS.get(field, "")
    text = form.text_v1 if v1 else form.text
    return Refusal(code=name, info=printable(field_text or (f"{text} ({info})" if info else text)))


def _encode_refusal(v1: bool, refused: Refusal) -> ServerResponse:
    name = refused.code or ""
    form, text = REFUSALS[name], refused.info or ""
    if not v1:
        return _response({"meta": {"code": form.http, "status": form.status or name}, "msg": text, "data": []}, form.http)
    if form.error is None:
        cause = "contacts are required" if name == "RECIPIENTS_ERROR" else text
        return _response({"code": form.http_v1, "message": text, "stack": f"APIError: {cause}"}, form.http_v1)
    return _response(_v1_app_envelope({}, status=False, message=text, error=form.error), form.http_v1)


# ------------------------------------------------------------------------------------------------ envelopes


def _response(document: Any, http: int = 200) -> ServerResponse:
    return ServerResponse(http, dump(document), "application/json")


def dump(document: Any) -> bytes:
    """Return a document as JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _v3_envelope(data: Any, msg: str) -> Any:
    return {"meta": {"code": 200, "status": "SUCCESS"}, "msg": msg, "data": data}


def _v1_app_envelope(data: Any, *, status: bool = True, message: str = "the sandbox has accepted it", error: Any = None) -> Any:
    """Return the v1 envelope for sends and reports. Most of its fields are for the vendor's app."""
    envelope = {"app_type": "web", "app_version": "1.0", "maintainence": 0, "new_version": 0, "force_update": 0}
    envelope |= {"invalid_token": 0, "refresh_token": "", "show_message": 0, "is_enc": False}
    return {**envelope, "status": status, "message": message, "message_type": "toast", "data": data, "error": error or {}}


def _v1_list_envelope(data: Any) -> Any:
    """Return the v1 envelope for lists and balances."""
    return {"meta": {"code": 200, "status": "SUCCESS"}, "message": "", "data": data, "error": {}}


# ------------------------------------------------------------------------------------------------ replies


def encode_reply(v1: bool, operation: Any, reply: Any, now: datetime) -> ServerResponse:
    """Return the HTTP response for a reply."""
    if isinstance(reply, Refusal):
        return _encode_refusal(v1, reply)
    if isinstance(reply, CellcastSent):
        return _response(_v1_app_envelope(_sent_v1(reply)) if v1 else _v3_envelope(_sent_v3(operation, reply, now), "Queued"))
    if isinstance(reply, Page):
        return _response(_listing_v1(reply) if v1 else _listing_v3(reply))
    if isinstance(reply, AccountBalance):
        return _response(_v1_list_envelope(_row(v1, reply)) if v1 else _v3_envelope(_row(v1, reply), "Here is your account"))
    return _response(_v3_envelope([], reply.details or ""))


def _sent_v3(operation: Any, reply: CellcastSent, now: datetime) -> Any:
    show: Any = operation.slideshow if isinstance(operation, CellcastSend) else None
    content = {"subject": show.subject if show else "", "body": _crlf(show.slides[0].text) if show else ""}
    date = f"{reply.date or now:%Y-%m-%d %H:%M:%S}"
    rows = [
        {"message_id": message_id, "to": number, **content, "date": date, "direction": "out"}
        for number, message_id in reply.queued.items()
    ]
    # The types of the counters are those of the page's sample.
    counts = {"total_numbers": len(reply.queued) + len(reply.unaccounted), "success_number": str(len(rows))}
    return {"messages": rows, **counts, "credits_used": str(len(rows))}


def _sent_v1(reply: CellcastSent) -> Any:
    queued = [
        {"Contact": nine_digits(number), "MessageId": message_id, "Result": "queued"}
        for number, message_id in reply.queued.items()
    ]
    invalid = [
        {"Contact": number, "Error": reason, "ErrorType": reply.error_types[number]} for number, reason in reply.invalid.items()
    ]
    return {
        "queueResponse": queued,
        "message": "the valid contacts are queued",
        "invalidContacts": invalid,
        "unsubscribeContacts": [nine_digits(number) for number in reply.unsubscribed],
        "totalValidContact": len(queued),
        "totalInvalidContact": len(invalid),
        "totalUnsubscribeContact": len(reply.unsubscribed),
    }


#: v1's text and type for a number that it does not accept.
NOT_VALID, TOO_SHORT = ("not a mobile number", "number_not_valid"), ("fewer than nine digits", "less_nine_digit")


def nine_digits(number: str) -> str:
    """Return an Australian mobile as v1 writes it in responses."""
    return number.removeprefix("+61")


def _listing_v3(reply: Page) -> Any:
    if not reply.rows:
        # As in a recorded response: the count in quotes, page 0, and no list.
        return _v3_envelope({"page": {"count": "0", "number": 0}, "total": 0, "responses": ""}, "there are no responses")
    rows = [_row(False, row) for row in reply.rows]
    counts = {"page": {"count": reply.pages, "number": reply.page}, "total": str(reply.total)}
    return _v3_envelope({**counts, "responses": rows}, f"There are {reply.total} rows")


def _listing_v1(reply: Page) -> Any:
    rows = [_row(True, row) for row in reply.rows]
    if reply.single:
        return _v1_app_envelope(rows[0])
    are_reports = bool(reply.rows) and isinstance(reply.rows[0], SentMessage)
    counts = {"total": reply.total, "limit": reply.size, "current": reply.page, "totalPages": reply.pages}
    has_previous, has_next = reply.page > 1, reply.page < reply.pages
    links: dict[str, Any] = {"hasPrevPage": has_previous, "hasNextPage": has_next}
    links |= {"prevPage": reply.page - 1 if has_previous else None, "nextPage": reply.page + 1 if has_next else None}
    return (_v1_app_envelope if are_reports else _v1_list_envelope)({"items": rows, **counts, **links})


def _row(v1: bool, row: Any) -> dict[str, Any]:
    members = {names.split()[0].rpartition("/")[2]: _value(v1, name, getattr(row, name)) for name, names, _ in sources(row)}
    if v1 and isinstance(row, Response):
        # The developer pages name four members; the id is always empty.
        return {name: members[name] for name in ("from", "body", "received_at")} | {"message_id": ""}
    if v1 and isinstance(row, OptOut):
        # v1 has another name for the birthday, and does not say when somebody opted out.
        del members["created_at"]
        members["date_of_birth"] = members.pop("dob")
    return members


def _value(v1: bool, name: str, value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z" if v1 else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, Decimal):
        return float(value) if v1 else f"{value:.2f}"
    return nine_digits(value) if v1 and name in {"sender", "to", "number"} else value


# ------------------------------------------------------------------------------------------------ webhooks


def encode_report(v1: bool, notice: DeliveryReport) -> bytes:
    """Return the webhook for a delivery report: v1 posts one object for each state, v3 an array."""
    if v1:
        ends = {"sender": notice.sender, "receiver": notice.to}
        return dump({"_id": notice.tracking_id, "status": notice.details, "type": "send", **ends})
    event = {"message_id": notice.tracking_id, "status": notice.details, "recipient": _without_plus(notice.to)}
    return dump([{**event, "custom_string": ""}])


def encode_inbound(v1: bool, notice: InboundSMS | CellcastMMS, replied_to: Message | None) -> bytes:
    """Return the webhook for an inbound message; ``replied_to`` is the message that it replies to."""
    return dump(_inbound_v1(notice, replied_to) if v1 else [_inbound_v3(notice, replied_to)])


def _inbound_v3(notice: InboundSMS | CellcastMMS, replied_to: Message | None) -> Any:
    # The v3 page names no field for files.
    event = {"from": _without_plus(notice.sender), "body": notice.text or "", "message_id": _inbound_id(notice)}
    event |= {"received_at": f"{notice.timestamp:%Y-%m-%d %H:%M:%S}", "custom_string": ""}
    event["type"] = "MMS" if isinstance(notice, CellcastMMS) else "SMS"
    if replied_to is not None:
        event |= {"original_message_id": replied_to.message_id, "original_body": _crlf(replied_to.text)}
    return event


def _inbound_v1(notice: InboundSMS | CellcastMMS, replied_to: Message | None) -> Any:
    event: dict[str, Any] = {"_id": _inbound_id(notice), "status": "received", "type": "receive"}
    event |= {"sender": notice.sender, "receiver": notice.to}
    if isinstance(notice, CellcastMMS):
        # The form of another gateway with the same software: `message` is JSON text with the text and the files, and the files
        # are also in `media`.
        media = [{"url": url} for url in notice.files]
        return {**event, "mms": True, "message": json.dumps({"message": notice.text or "", "media": media}), "media": media}
    if replied_to is None:
        # The form on the v1 page.
        return {**event, "message": notice.text}
    # The form that is posted in production.
    return {**event, "reply": notice.text, "message": _crlf(replied_to.text)}


def _inbound_id(notice: InboundSMS | CellcastMMS) -> str:
    return (notice.transaction_id if isinstance(notice, InboundSMS) else notice.tracking_id) or ""


def _crlf(text: str | None) -> str:
    return (text or "").replace("\n", "\r\n")


def _without_plus(number: str | None) -> str:
    return (number or "").removeprefix("+")
