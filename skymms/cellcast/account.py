"""Cellcast, the Australian gateway, in both its generations: another world than Skycore, behind the same clients.

Many numbers a call, JSON or a form with a file, partial success. What is sent is the library's own
:class:`~skymms.Slideshow`; what Cellcast cannot carry is refused here and never dropped. Nothing is reported as sent that the
gateway did not list, and nothing is asked again that may have been sent: a recorded 500 of this gateway had delivered.

In this order: what is asked and answered, the tables of how, and the account that puts them to use. v3 is seeds 000 and 002,
v1 seed 001 and the developer pages. Where those contradict themselves, the row says which is taken.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple, TypeVar, cast
from urllib.parse import urlencode, urljoin

from .. import errors
from ..errors import Nodes, Problem
from ..gsm import gsm_units as gsm_units
from ..gsm import most_units
from ..http import HttpRequest, HttpResponse, check_gateway_url
from ..limits import DOCUMENTED
from ..model.operations import Operation, R_co
from ..model.slideshow import Slideshow
from ..rate_limit import RateLimit, SpacedRateLimit
from ..redaction import KeyHolder, account_repr, check_key, mask_key, mask_key_in_json
from ..slide import Slide
from ..validation.slide_rules import absolute_url, xml_characters
from ..wire.codecs import DecodeError, json
from ..wire.codecs import multipart as form
from ..wire.responses import protocol_error
from .fields import Fields, build, first_value, flatten, parse_datetime, parse_decimal, read_from
from .listing import Listing as Listing
from .listing import all_pages
from .webhooks import STATES as STATES
from .webhooks import CellcastMMS as CellcastMMS
from .webhooks import mobile as mobile
from .webhooks import normalize_mobile, normalize_status
from .webhooks import read_cellcast_webhook as read_cellcast_webhook

Row = TypeVar("Row")

# ------------------------------------------------------------------------------------------------ what is answered


@dataclass(frozen=True, slots=True, kw_only=True)
class CellcastSent:
    """What became of each number; numbers are ``+614NNNNNNNN`` throughout.

    ``queued`` has the message id of each, ``invalid`` the gateway's reason; ``unaccounted`` were asked for and are in none of
    its lists: nobody can say. Where a request failed, this is the error's ``partial``: ``maybe_sent`` or ``not_sent`` are then
    the numbers of that request, ``not_tried`` those of the requests after it. ``credits`` is None in v1, which does not tell.
    """

    queued: Mapping[str, str] = field(default_factory=dict, hash=False)
    invalid: Mapping[str, str] = field(default_factory=dict, hash=False)
    unsubscribed: tuple[str, ...] = ()
    unaccounted: tuple[str, ...] = ()
    maybe_sent: tuple[str, ...] = ()
    not_sent: tuple[str, ...] = ()
    not_tried: tuple[str, ...] = ()
    credits: Decimal | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)

    def __add__(self, other: CellcastSent) -> CellcastSent:
        pairs = [(item.name, getattr(self, item.name), getattr(other, item.name)) for item in fields(self)]
        both = {name: one | two if isinstance(one, dict) else one + two for name, one, two in pairs if None not in (one, two)}
        return replace(other if self.credits is None else self, **both)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What somebody answered. ``received_at`` is naive in v3, whose documents name no zone; v1 gives no ``message_id``."""

    sender: str | None = read_from("from", normalize_mobile)
    text: str | None = read_from("body")
    received_at: datetime | None = read_from("received_at", parse_datetime)
    message_id: str | None = read_from("message_id")
    original_message_id: str | None = read_from("original_message_id")
    original_text: str | None = read_from("original_body")
    subaccount: str | None = read_from("subaccount_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """Somebody who is not to be sent anything."""

    number: str | None = read_from("number", normalize_mobile)
    first_name: str | None = read_from("first_name")
    last_name: str | None = read_from("last_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A line of v1's report: ``status`` is a word of :data:`STATES`, ``updated_at`` its last change, whichever that was."""

    message_id: str | None = read_from("_id")
    status: str | None = read_from("status", normalize_status)
    to: str | None = read_from("receiver", normalize_mobile)
    sender: str | None = read_from("sender", normalize_mobile)
    text: str | None = read_from("message")
    created_at: datetime | None = read_from("createdAt", parse_datetime)
    updated_at: datetime | None = read_from("updatedAt", parse_datetime)
    credits: Decimal | None = read_from("creditAmount", parse_decimal)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """The account and its credits."""

    name: str | None = read_from("data/account_name")
    email: str | None = read_from("data/account_email")
    sms: Decimal | None = read_from("data/sms_balance", parse_decimal)
    mms: Decimal | None = read_from("data/mms_balance", parse_decimal)
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """It was done; ``details`` are the gateway's words, which mean nothing by themselves."""

    details: str | None = read_from("msg message")
    raw: Nodes = field(default=(), compare=False, repr=False)


# ------------------------------------------------------------------------------------------------ what is asked


@dataclass(frozen=True, slots=True)
class CellcastSend(Operation[CellcastSent]):
    """Send a slideshow of one slide to Australian mobiles, any number of them: a thousand go into each request.

    v3 carries a text, a subject and the address of an ``image`` (png, jpeg, gif); all but the subject are wanted. v1 carries a
    text, a ``sender`` that is registered to the account, and a picture: either ``media``, the bytes of a jpeg or png of up to
    230 kB, or an ``image`` whose address ends with ``.gif``. A slide stands for a slideshow of its own, whose name nobody sees
    anyway. Raises :class:`~skymms.RecipientError` where not one number was taken. Source: seeds 000 and 001.
    """

    reply: ClassVar[type[CellcastSent]] = CellcastSent

    slideshow: Slideshow | Slide
    _: KW_ONLY
    to: Sequence[str]
    sender: str | None = None
    media: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "to", (self.to,) if isinstance(self.to, str) else tuple(self.to))
        if isinstance(self.slideshow, Slide):
            object.__setattr__(self, "slideshow", Slideshow("", slides=(self.slideshow,)))


class _Lists(Operation[Listing[Row]]):
    __slots__ = ()
    reply: ClassVar[type[Any]] = Listing
    repeatable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Responses(_Lists[Response]):
    """What people answered: page number ``page``, or all pages. In v3 only what is not marked as read.

    ``mark_read`` (v3) marks what was listed, message by message, after all of it was read: marking in between would move the
    pages, and marking everything would mark what nobody has seen. If a marking fails, ``error.partial`` is the listing.
    """

    page: int | None = None
    _: KW_ONLY
    mark_read: bool = False


@dataclass(frozen=True, slots=True)
class OptOuts(_Lists[OptOut]):
    """Who opted out: page number ``page``, or all pages. v3 wants "Opt-out for API" switched on in the account's settings."""

    page: int | None = None


@dataclass(frozen=True, slots=True)
class MessageReports(_Lists[SentMessage]):
    """What became of messages (v1): of one, of page number ``page``, or of all; ``since`` and ``until`` are days."""

    message_id: str | None = None
    _: KW_ONLY
    page: int | None = None
    status: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Balance(Operation[AccountBalance]):
    """What credits are left; also the way to see whether a key is right."""

    reply: ClassVar[type[AccountBalance]] = AccountBalance
    repeatable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRead(Operation[Done]):
    """Mark as read (v3) one response, those ``before`` a moment, or ``everything``: exactly one of the three.

    A datetime with a zone goes out as seconds since 1970; the documents name no format, so a text goes out as it is.
    """

    reply: ClassVar[type[Done]] = Done

    message_id: str | None = None
    before: datetime | str | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class CancelScheduled(Operation[Done]):
    """Cancel a message that is scheduled (v1)."""

    reply: ClassVar[type[Done]] = Done

    message_id: str


# ------------------------------------------------------------------------------------------------ how it is asked


class Call(NamedTuple):
    """How an operation is asked: our fields with their names, what is always said, and groups of which one field is wanted.

    The name ``/`` is the end of the path; a field without a name is obeyed here and not sent.
    """

    method: str
    path: str
    placement: str
    names: Mapping[str, str] = {}
    always: Mapping[str, str] = {}
    wanted: tuple[str, ...] = ()


class Generation(NamedTuple):
    """One of the two worlds. ``plus`` stands before numbers; None for a figure means that none is documented."""

    name: str
    url: str
    header: str
    scheme: str
    plus: str
    images: tuple[str, ...]
    max_text: int | None
    max_subject: int | None
    message_id: str
    calls: Mapping[type[Operation[Any]], Call]


V3 = Generation(
    "v3", "https://cellcast.com.au/api/v3/", "APPKEY", "", "+", ("png", "gif", "jpeg", "jpg", ""), 1000, 40, r"[^\s/]+",
    {
        CellcastSend: Call("POST", "send-mms", "json",
                           {"slides": "", "subject": "subject", "text": "mms_text", "image": "mms_file", "to": "numbers"},
                           wanted=("slides", "text", "image", "to")),
        # The page's own address ends with "type=mms;", which is another type.
        Responses: Call("GET", "get-responses", "query", {"page": "page", "mark_read": ""}, {"type": "mms"}),
        # Seed 000: without either, all messages are marked. So that has to be said.
        MarkRead: Call("POST", "inbound-read", "json", {"message_id": "message_id", "before": "date_before", "everything": ""},
                       wanted=("message_id before everything",)),
        OptOuts: Call("GET", "get-optout", "query", {"page": "page"}),
        Balance: Call("GET", "account", "query"),
    },
)  # fmt: skip
V1 = Generation(
    "v1", "https://api.cellcast.com/api/v1/", "Authorization", "Bearer ", "", ("gif",), None, None, "[0-9a-f]{24}",
    {
        CellcastSend: Call("POST", "gatewaymms", "form", {"slides": "", "text": "message", "to": "contacts", "media": "media",
                                                          "image": "gif", "sender": "sender"},
                           wanted=("slides", "text", "image media", "to")),
        Responses: Call("GET", "apiClient/getResponses", "query", {"page": "page"}),
        OptOuts: Call("GET", "apiClient/getOptout", "query", {"page": "page"}),
        Balance: Call("GET", "apiClient/account", "query"),
        MessageReports: Call("GET", "../v2/report/message", "query", {"message_id": "/", "page": "page", "status": "status",
                                                                      "since": "fromDate", "until": "toDate"},
                             {"campType": "mms"}),
        CancelScheduled: Call("POST", "gateway/cancelScheduleQuickMessage", "json", {"message_id": "messageId"},
                              {"type": "mms"}, wanted=("message_id",)),
    },
)  # fmt: skip
GENERATIONS = {each.name: each for each in (V3, V1)}
#: The rows of each listing.
LISTED: Mapping[type[Operation[Any]], type[Any]] = {Responses: Response, OptOuts: OptOut, MessageReports: SentMessage}

MAX_NUMBERS = 1000  # Seeds 000 and 001: in one call (an error text says ten thousand; nobody has tried).
MAX_MEDIA = 230_000  # Seed 001: a file of at most 230 KB, taken as the smaller of its two readings.
MAX_RESPONSE = 8 * 1024 * 1024  # It repeats the text for each of a thousand numbers, six bytes a character at worst.
MAX_PAGES = 4000  # No list is longer; a gateway that tells of more is not believed.
SPACING = 1 / 14.5  # Seed 000: 15 calls a second.
#: Seed 001: letters, digits, space and dash; 16 digits at most, 11 characters where there are letters; or their shared number.
SENDER = re.compile(r"#SharedNum#|[0-9]{1,16}|(?=.{1,11}\Z)[A-Za-z0-9-]([A-Za-z0-9 -]*[A-Za-z0-9-])?")
#: How a picture's bytes begin, and what it is then called.
PICTURES = {b"\xff\xd8\xff": ("media.jpg", "image/jpeg"), b"\x89PNG\r\n\x1a\n": ("media.png", "image/png")}

#: What a refusal means, asked from above: of lines like ``http=400``, ``meta/status=FIELD_INVALID``, ``msg: …``.
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
#: What is found here, before anything leaves, has the class of its field.
FORESEEN = {"image": errors.MediaError, "media": errors.MediaError, "to": errors.RecipientError, "sender": errors.SenderError}

# ------------------------------------------------------------------------------------------------ judging


def fields_of(operation: Operation[Any]) -> dict[str, Any]:
    """What an operation says, under the names of the tables; for a send, what its slideshow and its first slide say."""
    said = {item.name: getattr(operation, item.name) for item in fields(cast(Any, operation))}
    if isinstance(operation, CellcastSend):
        show = said.pop("slideshow")
        if not isinstance(show, Slideshow):
            raise TypeError(f"a Slideshow or a Slide is wanted, not {type(show).__name__}")
        for value in (show, (*show.slides, Slide())[0]):
            said |= {item.name: getattr(value, item.name) for item in fields(value)}
        del said["name"]  # Nobody would see it.
        if isinstance(text := said["text"], str):  # Lines broken as both want them; blanks are no text.
            said["text"] = re.sub(r"\r\n?|\n", "\r\n", text) if text.strip() else None
        if isinstance(sender := said["sender"], str):  # Seed 001's alphabet has no plus, though its sample has one.
            said["sender"] = sender.removeprefix("+") or None
        said["subject"] = said["subject"] or None
    return said


def numbers(send: CellcastSend) -> tuple[str, ...]:
    """The recipients of a send, each once."""
    return tuple(dict.fromkeys(found for one in send.to if (found := mobile(one))))


def picture(media: Any) -> tuple[str, str] | None:
    """The file name and the content type for the bytes of a picture; None for what is neither jpeg nor png."""
    begins = media[:8] if isinstance(media, bytes) else b""
    return next((named for magic, named in PICTURES.items() if begins.startswith(magic)), None)


def _given(value: Any) -> bool:
    return value is not None and value is not False and value != ()


def _wrong(name: str, value: Any, its: CellcastAccount) -> str | None:
    """What is wrong with a field that is given; None where nothing is."""
    spoken = its.dialect_spec
    match name:
        case "text" | "subject":
            if said := xml_characters(value, DOCUMENTED):
                return said
            most = spoken.max_subject if name == "subject" else its.max_text or spoken.max_text
            # Nobody says how Cellcast counts, so by the largest count that it can come to.
            if most is not None and (units := most_units(value)) > most:
                return f"{units:,} units, {units - most:,} more than the {most:,} allowed: shorten it"
        case "image":
            if said := absolute_url(value, DOCUMENTED):
                return said
            kind = re.match(r"https?://[^/?#]+/[^?#]*\.([a-z0-9]{2,6})(?:[?#]|$)", value.lower())
            if (kind[1] if kind else "") not in spoken.images:
                instead = "; hand a jpeg or png over as media" * ("media" in spoken.calls[CellcastSend].names)
                return f"{its.name} fetches {', '.join(filter(None, spoken.images))}{instead}"
        case "media" if picture(value) is None or len(value) > MAX_MEDIA:
            return f"the bytes of a jpeg or png are wanted, {MAX_MEDIA:,} at most"
        case "sender" if not SENDER.fullmatch(str(value)):
            return "16 digits at most, or 11 characters: letters, digits and dashes, and blanks between them"
        case "page" if type(value) is not int or value < 1:
            return "pages are whole numbers from 1 up"
        case "message_id" if not re.fullmatch(spoken.message_id, str(value)):
            return f"{value!r:.40} is no message id of {spoken.name}"
        case "before" if not (value.tzinfo if isinstance(value, datetime) else isinstance(value, str) and value.strip()):
            return "a datetime with a zone is wanted, or the text to send"
    return None


def problems(operation: Operation[Any], its: CellcastAccount) -> Iterator[Problem]:
    """Everything that is wrong. The codes are v3's own, also for v1, which has none; what cannot be carried has no code."""
    if (call := its.dialect_spec.calls.get(type(operation))) is None:
        yield Problem(None, None, type(operation).__name__, f"{its.name} has no call for it")
        return
    said, at = fields_of(operation), dict.fromkeys([item.name for item in fields(Slide)], 1)
    for name, value in said.items():
        if _given(value) and name not in call.names:
            yield Problem(None, at.get(name), name, f"{its.name} cannot carry it: leave it out")
        elif _given(value) and (wrong := _wrong(name, value, its)):
            yield Problem("FIELD_INVALID", at.get(name), name, wrong)
    for group in map(str.split, call.wanted):
        if len(given := [name for name in group if _given(said[name])]) != 1:
            code = "FIELD_INVALID" if given else "RECIPIENTS_ERROR" if group == ["to"] else "FIELD_EMPTY"
            why = f"exactly one of {', '.join(group)} is wanted" if group[1:] else "it is required"
            yield from [Problem(code, at.get(name), name, why) for name in given or group[:1]]
    for more in range(2, len(said.get("slides", ())) + 1):
        yield Problem(None, more, "slides", "Cellcast carries one slide a message: send this one by itself")
    for place, one in enumerate(said.get("to", ())):
        if mobile(one) is None:
            why = f"{one!r:.40} is no Australian mobile number: write +614 and eight digits"
            yield Problem("RECIPIENTS_ERROR", None, f"to[{place}]", why)


# ------------------------------------------------------------------------------------------------ what an answer says


def reply_in(operation: Operation[Any], document: dict[str, Any], http: int) -> Any:
    """The reply in an answer. Raises the refusal in it, or :class:`~skymms.codecs.Unreadable` where it is no answer."""
    raw = tuple([(path, text) for path, _, text in json.leaves(document)])
    told, data, kind = flatten(document), document.get("data"), LISTED.get(type(operation))
    # Compared without case: one recorded body has "success".
    said = {told[name].lower() for name in ("status", "meta/status", "error/code") if name in told}
    no = bool(said - {"true", "success"}) or ("data" not in document and re.match("[4-9][0-9]{2}", told.get("code", "")))
    if not (no or said or (operation.repeatable and "data" in document)) and http < 400:
        raise DecodeError("it says neither yes nor no")
    # HTTP 200 with `status: false` was recorded more than once, and 203 is how v1 says no to a template.
    if no or http == 203 or http >= 300:
        error = _refusal(operation, told, http, bool(no), raw)
        if kind and isinstance(error, errors.NotFoundError) and not getattr(operation, "message_id", None):
            return Listing(raw=raw)
        raise error
    if isinstance(operation, CellcastSend):
        return _sent(operation, data, raw)
    if kind is None:
        return build(operation.reply, told, raw=raw)
    told = flatten(data)
    # v3's list is "responses", v1's is "items", and one report comes by itself.
    listed = data if isinstance(data, list) else [data] if "_id" in told else _rows(data, "responses", "items")
    rows = tuple([build(kind, flatten(row)) for row in listed if isinstance(row, dict)])
    # v3 counts its pages in a block of its own, v1 beside the rows, and names the next.
    here, last = (
        first_value(told, "page/number current", parse_decimal),
        first_value(told, "page/count totalPages", parse_decimal),
    )
    return Listing(rows, more=bool(rows) and ("nextPage" in told or bool(here and last and here < last)), raw=raw)


def _refusal(operation: Operation[Any], told: Fields, http: int, no: bool, raw: Nodes) -> errors.MMSError:
    """The error that a refusal means."""
    codes = "meta/status error/code error/name code"
    words = "error/errorMessage error/error error/description error/message msg message"
    signals = [f"{name}={told[name]}" for name in f"{codes} meta/code invalid_token error/sender".split() if name in told]
    said = [f"{name}: {told[name]}" for name in f"{words} stack".split() if name in told]
    lines = "\n".join([f"http={http}", *signals, *said])
    # A recorded 500 had delivered, whatever its words were.
    fault = re.search("=5[0-9]{2}$|^http=408$", lines, re.M) is not None
    kind: type[errors.MMSError] = errors.GatewayFaultError if fault else errors.MMSError
    rows = () if fault and not operation.repeatable else REFUSALS
    _, kind, field = next((row for row in rows if re.search(row[0], lines, re.I | re.M | re.S)), ("", kind, None))
    code = next((told[name] for name in codes.split() if told.get(name, "success").lower() != "success"), "")
    # v1 says no with a 203, too; one that does not say no is not believed, and not disbelieved either.
    maybe = not operation.repeatable and (fault or not (no or 400 <= http < 500))
    return kind(code or str(http) * (http >= 400), first_value(told, words) or "", field=field, reply=raw, sent_maybe=maybe)


def _rows(data: Any, *names: str) -> list[Any]:
    """What lies under names. A list that is empty may be "", and a single row may come without its list."""
    under = [data.get(name) for name in names] if isinstance(data, dict) else []
    lists = [rows if isinstance(rows, list) else [rows] for rows in under if rows and isinstance(rows, (list, dict))]
    return [row for rows in lists for row in rows]


def _sent(send: CellcastSend, data: Any, raw: Nodes) -> CellcastSent:
    """What became of each number. Nothing but a message id says that one is queued."""

    def listed(*names: str) -> list[tuple[str, Fields]]:
        # v3 says "to", v1 "Contact" (its mocks "Number"), or the row is the number; quotes and brackets may be left over.
        rows = [flatten(row if isinstance(row, dict) else {"to": str(row)}) for row in _rows(data, *names)]
        return [(normalize_mobile(re.sub("[^0-9]", "", first_value(told, "to Contact Number") or "")), told) for told in rows]

    asked = dict.fromkeys(numbers(send))
    ids = [(whose, first_value(told, "message_id MessageId")) for whose, told in listed("messages", "queueResponse")]
    queued = {whose: message_id for whose, message_id in ids if message_id and whose in asked}
    bad = [(whose, first_value(told, "Error ErrorType") or "no reason is told") for whose, told in listed("invalidContacts")]
    invalid = {whose: why for whose, why in bad if whose not in queued}
    out = dict.fromkeys(whose for whose, _ in listed("unsubscribeContacts") if whose not in queued)
    known = {**queued, **invalid, **out}
    lost, spent = tuple([one for one in asked if one not in known]), first_value(flatten(data), "credits_used", parse_decimal)
    return CellcastSent(queued=queued, invalid=invalid, unsubscribed=tuple(out), unaccounted=lost, credits=spent, raw=raw)


def by_the_thousand(send: CellcastSend) -> Generator[Operation[Any], Any, CellcastSent]:
    """One request for each thousand numbers, and one reply. What was answered is never lost, whichever request fails."""
    done, later = CellcastSent(), numbers(send)
    while later:
        these, later = later[:MAX_NUMBERS], later[MAX_NUMBERS:]
        try:
            done += yield replace(send, to=these)
        except BaseException as error:
            lost = {"maybe_sent" if getattr(error, "sent_maybe", True) else "not_sent": these}
            error.partial = replace(done, **lost, not_tried=later)  # type: ignore[attr-defined, arg-type]
            raise
    if not done.queued and not done.unaccounted:
        nobody = errors.RecipientError("RECIPIENTS_ERROR", "not one number was taken", field="to", reply=done.raw)
        nobody.partial = done
        raise nobody
    return done


# ------------------------------------------------------------------------------------------------ the account


@dataclass(frozen=True, slots=True, repr=False)
class CellcastAccount(KeyHolder):
    """An account at Cellcast: :meth:`v3` with an APPKEY, or :meth:`v1` with an API key. The keys are not interchangeable.

    ``url`` points elsewhere than the vendor's host, to what stands for ``https://api.cellcast.com/api/v1/``. ``max_text`` is
    how many units a text may have, instead of the generation's figure (1,000 in v3; none is documented for v1). ``spacing`` is
    how many seconds lie between two requests of everybody who calls with this object; 0 for an account without the limit of
    15 calls a second. Raises :class:`~skymms.ConfigurationError` for what cannot be an account.
    """

    max_response: ClassVar[int] = MAX_RESPONSE

    api_key: str = field(repr=False)
    _: KW_ONLY
    generation: str
    url: str | None = None
    max_text: int | None = None
    spacing: float = SPACING
    name: str = field(init=False, repr=False, compare=False)
    address: str = field(init=False, repr=False, compare=False)
    dialect_spec: Generation = field(init=False, repr=False, compare=False)
    rate_limit: RateLimit | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        generation: Any = self.generation
        spacing: Any = self.spacing
        if not isinstance(generation, str) or generation not in GENERATIONS:
            raise errors.ConfigurationError(f"generation={generation!r:.40}: it is chosen, never guessed: v3 or v1")
        check_key(self.api_key, "pass it to CellcastAccount.v3 or .v1, or set SKYMMS_CELLCAST_KEY for .from_env()")
        spoken = GENERATIONS[self.generation]
        url = spoken.url if self.url is None else self.url
        check_gateway_url(url)
        address = url.rstrip("/") + "/"
        if isinstance(spacing, bool) or not isinstance(spacing, (int, float)) or not 0 <= spacing < float("inf"):
            raise errors.ConfigurationError(f"spacing={spacing!r:.40}: give seconds from 0 up")
        if self.max_text is not None and (type(self.max_text) is not int or self.max_text < 0):
            raise errors.ConfigurationError(f"max_text={self.max_text!r:.40}: give a whole number from 0 up, or leave it out")
        rate_limit = SpacedRateLimit(self.spacing, time.monotonic) if self.spacing > 0 else None
        for name, value in (
            ("name", f"cellcast {spoken.name}"),
            ("address", address),
            ("dialect_spec", spoken),
            ("rate_limit", rate_limit),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def v3(cls, appkey: str, **options: Any) -> CellcastAccount:
        """An account of the older generation, by its APPKEY."""
        return cls(appkey, generation="v3", **options)

    @classmethod
    def v1(cls, api_key: str, **options: Any) -> CellcastAccount:
        """An account of the newer generation, by an API key made in the dashboard."""
        return cls(api_key, generation="v1", **options)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, /, **overrides: Any) -> CellcastAccount:
        """An account from ``SKYMMS_CELLCAST_KEY``, ``SKYMMS_CELLCAST_GENERATION`` (v3 or v1) and ``SKYMMS_CELLCAST_URL``."""
        named = {"api_key": "KEY", "generation": "GENERATION", "url": "URL"}
        told = {name: (os.environ if env is None else env).get(f"SKYMMS_CELLCAST_{word}") for name, word in named.items()}
        return cls(**{"api_key": "", "generation": "", **{name: value for name, value in told.items() if value}, **overrides})

    __repr__ = account_repr

    def problems(self, operation: Operation[Any]) -> tuple[Problem, ...]:
        """Everything Cellcast would refuse, and everything it cannot carry; ``code`` is None for the latter."""
        if not isinstance(operation, Operation):
            raise TypeError(f"an operation such as CellcastSend(…) is wanted, not {type(operation).__name__}")
        return tuple(problems(operation, self))

    def _judged(self, operation: Operation[Any]) -> None:
        if found := self.problems(operation):
            raise errors.refusal(found, FORESEEN.get(found[0].field.partition("[")[0], errors.FieldError))

    def parts(self, operation: Operation[R_co]) -> Generator[Operation[Any], Any, R_co]:
        """A thousand numbers at a time; page after page, and then the marking. All of it is judged before any of it leaves."""
        self._judged(operation)
        if isinstance(operation, CellcastSend):
            return cast(R_co, (yield from by_the_thousand(operation)))
        if type(operation) in LISTED and not (getattr(operation, "page", None) or getattr(operation, "message_id", None)):
            mark = (lambda one: MarkRead(message_id=one)) if getattr(operation, "mark_read", False) else None
            return cast(R_co, (yield from all_pages(operation, MAX_PAGES, mark)))
        return cast(R_co, (yield operation))

    def encode(self, operation: Operation[Any]) -> HttpRequest:
        """The HTTP request for an operation; raises the first of its :meth:`problems`, carrying them all."""
        self._judged(operation)
        spoken, said = self.dialect_spec, fields_of(operation)
        call = spoken.calls[type(operation)]
        if isinstance(operation, CellcastSend):
            to = [spoken.plus + number.removeprefix("+") for number in numbers(operation)]
            if len(to) > MAX_NUMBERS:
                raise errors.ConfigurationError(f"at most {MAX_NUMBERS:,} numbers a request; a client makes several of more")
            # Both of seed 001's samples lose the contacts: in a form they are one field, with a JSON array as its text.
            said["to"] = json.dump(to).decode() if call.placement == "form" else to
            said["media"] = (media := operation.media) and (*cast(Any, picture(media)), media)
        if isinstance(said.get("before"), datetime):
            said["before"] = int(said["before"].timestamp())
        named = {theirs: said[ours] for ours, theirs in call.names.items() if theirs and _given(said[ours])}
        end = f"/{named.pop('/')}" if "/" in named else ""
        if not end:  # One thing by its id needs no other word.
            named = {**call.always, **named}
        url = urljoin(self.address, call.path) + end
        headers = {"Accept": json.ACCEPT, "Accept-Encoding": "identity", spoken.header: spoken.scheme + self.api_key}
        if call.placement == "query":
            return HttpRequest(call.method, f"{url}?{urlencode(named)}" if named else url, headers)
        body, kind = form.encode(named) if call.placement == "form" else (json.dump(named), "application/json")
        return HttpRequest(call.method, url, {**headers, "Content-Type": kind}, body)

    def decode(self, operation: Operation[R_co], response: HttpResponse) -> R_co:
        """The reply to an operation.

        Raises the :class:`~skymms.MMSError` of a refusal (``code`` is v3's status, or v1's number), also where it comes with
        HTTP 200, or :class:`~skymms.ProtocolError` for an answer that is none of Cellcast's; then ``sent_maybe`` is true unless
        the operation only reads. A ``NOT_FOUND`` for a list is an empty list.
        """
        try:
            document = json.parse(response.body, MAX_RESPONSE)
            if not isinstance(document, dict) or 300 <= response.status < 400:
                raise DecodeError("not a JSON object")
            json.leaves(document)  # Nothing in it is too deep.
            return cast(R_co, reply_in(operation, mask_key_in_json(document, self.api_key), response.status))
        except DecodeError as error:
            trouble = mask_key(str(error), self.api_key)
        raise protocol_error(operation, response, trouble, self.api_key)
