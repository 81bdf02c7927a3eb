"""What Cellcast's bodies look like: refusals, replies and webhooks, of both generations, written from the library's own values.

The rows of the library's tables are written here that it reads there. Types drift as they do in the documents and in what was
recorded: counters in quotes, ``""`` for an empty list, a number with its plus, without, or by its last nine digits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from ..cellcast.account import AccountBalance, CellcastSend, CellcastSent, Response, SentMessage
from ..cellcast.fields import field_names
from ..cellcast.listing import Listing
from ..cellcast.webhooks import CellcastMMS
from ..errors import error_class
from ..model.notices import InboundSMS
from ..model.replies import Refusal
from .listener import ServerResponse
from .state import Message, printable

#: Rows of a page (seed 000: 25).
PER_PAGE = 25

#: The sender of whoever names none.
SHARED = "#SharedNum#"


#: An answer to somebody else's request.
STRANGER = CellcastSent(queued={"+61400000000": "A21741CB-9B8E-3956-A1CE-000000000001"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Listing[Any]):
    """A listing with what is said around it: which page it is, and how many rows there are in all."""

    page: int = 1
    total: int = 0

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // PER_PAGE)


# ------------------------------------------------------------------------------------------------ refusals


class Word(NamedTuple):
    """A way to say no: HTTP's status and the words in v3, the same in v1, and Skycore's code that is most like it.

    ``status`` is what v3 calls it, where that is another word. ``error`` are v1's details; without them it says no in three
    words and no envelope.
    """

    http: int
    said: str
    http_v1: int
    said_v1: str
    alike: str
    status: str = ""
    error: Mapping[str, str] | None = None


_LOW = "the balance is too low: the sandbox was told how many credits are left"
#: By v3's word, as the library names refusals of both; the last three are its FIELD_INVALID, and more in v1.
WORDS: Mapping[str, Word] = {
    "AUTH_FAILED_NO_DATA": Word(401, "the call brings no APPKEY", 401, "Unauthorized", "E104"),
    "AUTH_FAILED": Word(401, "there is no account of this APPKEY", 401, "Token expired", "E104"),
    "NO_ACCESS": Word(400, "no access to this", 403, "Forbidden", "E105"),
    # The prose of seed 000 names it and prints no body.
    "OVER_LIMIT": Word(429, "more than 15 calls a second", 429, "Too many requests", "E113"),
    "RECIPIENTS_ERROR": Word(
        400,
        "nobody is left to send to: not valid, or opted out",
        400,
        "contacts must either start with 61, or be nine digits",
        "E114",
    ),
    "BAD_REQUEST": Word(400, "this is not what the call takes", 400, "Bad Request", "E100"),
    "NOT_IMPLEMENTED": Word(404, "there is no such call", 404, "Not found", "E108"),
    "NOT_FOUND": Word(400, "there are no responses", 200, "message not found", "E241", error={}),
    "FIELD_EMPTY": Word(400, "a field is wanted and is empty", 400, "a field is wanted and is empty", "E311"),
    "FIELD_INVALID": Word(400, "a field is not valid", 400, "a field is not valid", "E314"),
    # Recorded: a 500 with an envelope around it.
    "SERVER_ERROR": Word(500, "internal server error", 500, "internal server error", "E503", error={}),
    "LEDGER_ERROR": Word(
        400,
        "not enough credit: the sandbox was told how much is left",
        422,
        _LOW,
        "E713",
        "FIELD_INVALID",
        {"errorMessage": _LOW},
    ),
    "NOT_REGISTERED": Word(
        400,
        "sender is not registered",
        400,
        "the sender id is not registered here",
        "E111",
        "FIELD_INVALID",
        {"sender": "not_registered"},
    ),
}
#: What v3 says of a field, or of the file behind an address, where it says more than which word.
OF_A_FIELD = {
    "text": "a text up to 1000 characters is taken",
    "subject": "a subject up to 40 characters is taken",
    "image": "an image of another kind: only PNG, GIF and JPEG are taken",
    "to": "more numbers than one call takes",
    "MediaTooLargeError": "the image size exceeds what is taken",
    "MediaTypeError": "an image of another kind: only PNG, GIF and JPEG are taken",
    "MediaUnreachableError": "the image cannot be had",
    "MediaCorruptedError": "the image cannot be had",
}


def nearest(code: str) -> str:
    """The word for a code: itself, or the one that is most like a code of Skycore's."""
    if code in WORDS:
        return code
    kind = error_class(code)
    return next((name for name, word in WORDS.items() if issubclass(kind, error_class(word.alike))), "FIELD_INVALID")


def refuse(v1: bool, code: str, field: str = "", info: str = "") -> Refusal:
    """A refusal by a word, or by what is nearest to a code of Skycore's; ``field`` is what v3 has a sentence for."""
    name = nearest(code)
    word = WORDS[name]
    field = field or error_class(code).__name__
    own = "" if v1 or name != "FIELD_INVALID" else OF_A_FIELD.get(field, "")
    said = word.said_v1 if v1 else word.said
    return Refusal(code=name, info=printable(own or (f"{said} ({info})" if info else said)))


def _no(v1: bool, refused: Refusal) -> ServerResponse:
    name = refused.code or ""
    word, said = WORDS[name], refused.info or ""
    if not v1:
        return told({"meta": {"code": word.http, "status": word.status or name}, "msg": said, "data": []}, word.http)
    if word.error is None:
        told_as = "contacts are required" if name == "RECIPIENTS_ERROR" else said
        return told({"code": word.http_v1, "message": said, "stack": f"APIError: {told_as}"}, word.http_v1)
    return told(_app({}, status=False, message=said, error=word.error), word.http_v1)


# ------------------------------------------------------------------------------------------------ envelopes


def told(document: Any, http: int = 200) -> ServerResponse:
    """A document as it goes out."""
    return ServerResponse(http, spelled(document), "application/json")


def spelled(document: Any) -> bytes:
    """JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _v3(data: Any, msg: str) -> Any:
    return {"meta": {"code": 200, "status": "SUCCESS"}, "msg": msg, "data": data}


def _app(data: Any, *, status: bool = True, message: str = "the sandbox has taken it", error: Any = None) -> Any:
    """The envelope of v1's that was made for an app: sends and reports come in it."""
    around = {"app_type": "web", "app_version": "1.0", "maintainence": 0, "new_version": 0, "force_update": 0}
    around |= {"invalid_token": 0, "refresh_token": "", "show_message": 0, "is_enc": False}
    return {**around, "status": status, "message": message, "message_type": "toast", "data": data, "error": error or {}}


def _meta(data: Any) -> Any:
    """The other envelope of v1's: lists and balances."""
    return {"meta": {"code": 200, "status": "SUCCESS"}, "message": "", "data": data, "error": {}}


# ------------------------------------------------------------------------------------------------ replies


def written(v1: bool, operation: Any, reply: Any, now: datetime) -> ServerResponse:
    """A reply as its generation answers."""
    if isinstance(reply, Refusal):
        return _no(v1, reply)
    if isinstance(reply, CellcastSent):
        return told(_app(_sent_v1(reply)) if v1 else _v3(_sent_v3(operation, reply, now), "Queued"))
    if isinstance(reply, Page):
        return told(_listed_v1(reply) if v1 else _listed_v3(reply))
    if isinstance(reply, AccountBalance):
        return told(_meta(_row(v1, reply)) if v1 else _v3(_row(v1, reply), "Here is your account"))
    return told(_v3([], reply.details or ""))


def _sent_v3(operation: Any, reply: CellcastSent, now: datetime) -> Any:
    show: Any = operation.slideshow if isinstance(operation, CellcastSend) else None
    same = {"subject": show.subject if show else "", "body": _lines(show.slides[0].text) if show else ""}
    date = f"{now:%Y-%m-%d %H:%M:%S}"
    rows = [{"message_id": id, "to": number, **same, "date": date, "direction": "out"} for number, id in reply.queued.items()]
    count = {"total_numbers": len(reply.queued) + len(reply.unaccounted), "success_number": str(len(rows))}
    return {"messages": rows, **count, "credits_used": str(len(rows))}


def _sent_v1(reply: CellcastSent) -> Any:
    queued = [{"Contact": nine(number), "MessageId": id, "Result": "queued"} for number, id in reply.queued.items()]
    invalid = [
        {"Contact": number, "Error": reason, "ErrorType": TOO_SHORT[1] if reason == TOO_SHORT[0] else NOT_VALID[1]}
        for number, reason in reply.invalid.items()
    ]
    return {
        "queueResponse": queued,
        "message": "the valid contacts are queued",
        "invalidContacts": invalid,
        "unsubscribeContacts": [nine(number) for number in reply.unsubscribed],
        "totalValidContact": len(queued),
        "totalInvalidContact": len(invalid),
        "totalUnsubscribeContact": len(reply.unsubscribed),
    }


#: What v1 says of a number that it does not take: words and kind.
NOT_VALID, TOO_SHORT = ("no number of a mobile", "number_not_valid"), ("fewer than nine digits", "less_nine_digit")


def nine(number: str) -> str:
    """An Australian mobile as v1 repeats it."""
    return number.removeprefix("+61")


def _listed_v3(reply: Page) -> Any:
    if not reply.rows:
        # As recorded: the count in quotes, the page 0, and no list.
        return _v3({"page": {"count": "0", "number": 0}, "total": 0, "responses": ""}, "there are no responses")
    rows = [_row(False, row) for row in reply.rows]
    around = {"page": {"count": reply.pages, "number": reply.page}, "total": str(reply.total)}
    return _v3({**around, "responses": rows}, f"You have {reply.total} of them")


def _listed_v1(reply: Page) -> Any:
    rows = [_row(True, row) for row in reply.rows]
    reports = bool(reply.rows) and isinstance(reply.rows[0], SentMessage)
    paging = {"total": reply.total, "limit": PER_PAGE, "current": reply.page, "totalPages": reply.pages}
    before, after = reply.page > 1, reply.page < reply.pages
    onward: dict[str, Any] = {"hasPrevPage": before, "hasNextPage": after}
    onward |= {"prevPage": reply.page - 1 if before else None, "nextPage": reply.page + 1 if after else None}
    return (_app if reports else _meta)({"items": rows, **paging, **onward})


def _row(v1: bool, row: Any) -> dict[str, Any]:
    spelled = {names.rpartition("/")[2]: _value(v1, ours, getattr(row, ours)) for ours, names, _ in field_names(type(row))}
    if not (v1 and isinstance(row, Response)):
        return spelled
    # The developer pages name four members, and the id has a place and nothing in it.
    return {name: spelled[name] for name in ("from", "body", "received_at")} | {"message_id": ""}


def _value(v1: bool, name: str, value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z" if v1 else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, Decimal):
        return float(value) if v1 else f"{value:.2f}"
    return nine(value) if v1 and name in {"sender", "to", "number"} else value


# ------------------------------------------------------------------------------------------------ webhooks


def report_v3(notice: Any) -> Any:
    """An array, and the recipient without its plus."""
    return [{"message_id": notice.tracking_id, "status": notice.details, "recipient": bare(notice.to), "custom_string": ""}]


def report_v1(notice: Any) -> Any:
    """One object, one call for each state."""
    who = {"sender": bare(notice.sender), "receiver": bare(notice.to)}
    return {"_id": notice.tracking_id, "status": notice.details, "type": "send", **who}


def inbound_v3(notice: Any, answered: Message | None) -> Any:
    """In production an array of one. No field for files is documented."""
    message_id = notice.transaction_id if isinstance(notice, InboundSMS) else notice.tracking_id
    event = {"from": bare(notice.sender), "body": notice.text or "", "received_at": f"{notice.timestamp:%Y-%m-%d %H:%M:%S}"}
    event |= {"message_id": message_id, "custom_string": "", "type": "MMS" if isinstance(notice, CellcastMMS) else "SMS"}
    if answered is not None:
        event |= {"original_message_id": answered.message_id, "original_body": _lines(answered.text)}
    return [event]


def inbound_v1(notice: Any, answered: Message | None) -> Any:
    """The words in ``message``, as documented, or in ``reply`` beside what is answered, as in production.

    An MMS is told as the sibling gateway tells it: its words and files in a text of JSON, and its files beside.
    """
    message_id = notice.transaction_id if isinstance(notice, InboundSMS) else notice.tracking_id
    event = {"_id": message_id, "status": "received", "type": "receive"}
    event |= {"sender": bare(notice.sender), "receiver": bare(notice.to)}
    if isinstance(notice, CellcastMMS):
        media = [{"url": url} for url in notice.files]
        return {**event, "mms": True, "message": json.dumps({"message": notice.text or "", "media": media}), "media": media}
    if answered is None:
        return {**event, "message": notice.text}
    return {**event, "reply": notice.text, "message": _lines(answered.text)}


def _lines(text: str | None) -> str:
    """A text with its lines broken as Cellcast breaks them."""
    return (text or "").replace("\n", "\r\n")


def bare(number: str | None) -> str:
    """A number without its plus."""
    return (number or "").removeprefix("+")


INBOUND: Mapping[bool, Callable[[Any, Message | None], Any]] = {False: inbound_v3, True: inbound_v1}
REPORT: Mapping[bool, Callable[[Any], Any]] = {False: report_v3, True: report_v1}
