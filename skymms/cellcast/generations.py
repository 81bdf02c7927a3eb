"""Cellcast's two generations, v3 and v1: the tables of their calls, their limits, their rules and their warnings.

v3 is described by the Cellcast v3 page, v1 by the Cellcast v1 page and the developer pages beside it. Where those pages
contradict themselves or each other, a comment beside the row says which statement is followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, NamedTuple

from .. import errors
from ..gsm import max_units
from ..limits import Limits
from ..model.operations import Operation
from ..model.slideshow import Slideshow
from ..numbers import float_remedy, quote
from ..validation.checks import is_blank, is_whole_number, shown
from ..validation.dates import date_problem
from ..validation.file_types import FILE_TYPES, FileType, file_type, pixels
from ..validation.rule import Rule
from ..validation.slide_rules import absolute_url, xml_characters
from ..validation.validator import Validator
from ..validation.warnings import WARNINGS, public_host
from . import values
from .values import CellcastSend, mobile

#: Recipients of one request (both pages; an error text of v3 says ten thousand, which nobody has tried).
MAX_NUMBERS = 1000
#: Bytes of a picture in v1: 230 KB. Here and below, KB is read as the smaller of its two meanings.
MAX_MEDIA = 230_000
#: A limit that is not documented.
UNLIMITED = 2**31
#: Bytes of a message in v3, which is its file, its text and its subject together: 380 KB.
MAX_MESSAGE = 380_000

# ------------------------------------------------------------------------------------------------ the tables of calls


@dataclass(frozen=True, slots=True, kw_only=True)
class CellcastLimits(Limits):
    """The limits of a generation; ``required`` are the fields that its send needs."""

    #: The endings that the URL of a file may have, by the slide's field; "" stands for a URL without one.
    urls: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]], hash=False)
    #: The endings of the files that can be uploaded.
    uploads: tuple[str, ...] = ()
    #: Files in one message, whether they are uploaded or fetched.
    max_files: int = 1
    #: True if ``max_image`` includes the bytes of the text and the subject.
    includes_texts: bool = False
    #: A regular expression for message ids.
    message_id: str = ""


class Call(NamedTuple):
    """How an operation is requested.

    - ``placement``: the fields are sent in a ``query``, as a ``json`` object or as the parts of a ``form``.
    - ``names``: the wire name of each field. ``/`` puts the value at the end of the path; a field with an empty wire name is
      used by skymms and not sent; a field without an entry is not supported.
    - ``constants``: sent with every request.
    """

    method: str
    path: str
    placement: str
    names: Mapping[str, str] = {}
    constants: Mapping[str, str] = {}


class Generation(NamedTuple):
    """One of Cellcast's two APIs: its host, how the key and the numbers are written, its limits and its calls.

    ``on_request`` are the files that it accepts if the account manager has allowed them, by the slide's field.
    """

    name: str
    url: str
    key_header: str
    key_prefix: str
    number_prefix: str
    limits: CellcastLimits
    calls: Mapping[type[Operation[Any]], Call]
    on_request: Mapping[str, tuple[str, ...]] = {}

    @property
    def label(self) -> str:
        """The name in messages, such as ``cellcast v3``."""
        return f"cellcast {self.name}"


#: The fields of a send that only skymms uses, or whose fields are sent.
_NOT_SENT = dict.fromkeys(["slideshow", "name", "slides", "skip_invalid"], "")

#: The files that v3 accepts if the account manager has allowed them, by the slide's field. The page lists them as supported in
#: one place, and its table and its errors allow pictures only.
OTHER_FILES = {one.kind: tuple([end for other in FILE_TYPES if other.kind == one.kind for end in other.endings])
               for one in FILE_TYPES if one.kind != "image"}  # fmt: skip

V3 = Generation(
    "v3", "https://cellcast.com.au/api/v3/", "APPKEY", "", "+",
    CellcastLimits(max_text=1000, max_subject=40, required=frozenset({"media"}), message_id="[!-.0-~]+",
                   max_image=MAX_MESSAGE, includes_texts=True,
                   urls={"image": ("png", "gif", "jpeg", "jpg", "")}, uploads=("jpg", "jpeg", "png", "gif")),
    {
        # The page's sample sends JSON with a URL, its heading says "Form data", and its errors are about uploads: a message
        # with the bytes of its file is sent as a form.
        CellcastSend: Call("POST", "send-mms", "json", _NOT_SENT | {
            "subject": "subject", "text": "mms_text", "image": "mms_file", "media": "mms_file", "to": "numbers"}),
        # The page's own URL ends in "type=mms;", which is another type.
        values.Responses: Call("GET", "get-responses", "query", {"page": "page", "mark_read": ""}, {"type": "mms"}),
        # With neither id nor date, the gateway marks all messages. `everything` makes that explicit.
        values.MarkRead: Call("POST", "inbound-read", "json", {
            "message_id": "message_id", "before": "date_before", "everything": ""}),
        values.OptOuts: Call("GET", "get-optout", "query", {"page": "page"}),
        values.Balance: Call("GET", "account", "query"),
    },
    OTHER_FILES,
)  # fmt: skip
V1 = Generation(
    "v1", "https://api.cellcast.com/api/v1/", "Authorization", "Bearer ", "",
    # The samples of the page send a file and the URL of a gif together, and it requires neither.
    CellcastLimits(max_text=UNLIMITED, max_image=MAX_MEDIA, max_files=2, message_id="[0-9a-f]{24}",
                   urls={"image": ("gif",)}, uploads=("jpg", "jpeg", "png")),
    {
        CellcastSend: Call("POST", "gatewaymms", "form", _NOT_SENT | {
            "text": "message", "to": "contacts", "media": "media", "image": "gif", "sender": "sender",
            "country_code": "countryCode", "client_reference": "customString"}),
        values.Responses: Call("GET", "apiClient/getResponses", "query", {"page": "page"}),
        values.OptOuts: Call("GET", "apiClient/getOptout", "query", {"page": "page", "page_size": "size"}),
        values.Balance: Call("GET", "apiClient/account", "query"),
        values.MessageReports: Call("GET", "../v2/report/message", "query", {
            "message_id": "/", "page": "page", "page_size": "limit", "status": "status", "since": "fromDate",
            "until": "toDate", "client_reference": "customString"},
            {"campType": "mms"}),
        values.CancelScheduled: Call("POST", "gateway/cancelScheduleQuickMessage", "json", {
            "message_id": "messageId"}, {"type": "mms"}),
    },
)  # fmt: skip
GENERATIONS = {generation.name: generation for generation in (V3, V1)}


def with_other_files(generation: Generation) -> Generation:
    """Return a generation that accepts its files on request; :class:`~skymms.ConfigurationError` if it has none."""
    if not generation.on_request:
        raise errors.ConfigurationError(f"allow_other_files: {generation.label} takes pictures only: leave it out")
    limits, call = generation.limits, generation.calls[CellcastSend]
    uploads = limits.uploads + tuple([ending for endings in generation.on_request.values() for ending in endings])
    call = call._replace(names={**call.names, **dict.fromkeys(generation.on_request, call.names["media"])})
    limits = replace(limits, urls={**limits.urls, **generation.on_request}, uploads=uploads)
    return generation._replace(limits=limits, calls={**generation.calls, CellcastSend: call})


# ------------------------------------------------------------------------------------------------ values as they are sent


def crlf(text: str) -> str:
    """Return the text with the line breaks that both generations expect."""
    return re.sub(r"\r\n?|\n", "\r\n", text)


def sender_text(sender: str | int | None) -> str:
    """Return the sender as it is sent. The v1 page's alphabet for senders has no plus, although its sample has one."""
    return str(sender or "").removeprefix("+")


def own_fields(holder: Any) -> dict[str, Any]:
    """Return the fields of a dataclass object and their values."""
    return {item.name: getattr(holder, item.name) for item in fields(holder)}


def is_given(value: Any) -> bool:
    """Return whether a field has a value that would be sent."""
    # By type: the == of pandas' NA is not a bool.
    return value is not None and value is not False and (type(value) not in {str, tuple, bytes} or bool(value))


def slideshow_of(send: CellcastSend) -> Slideshow:
    """Return the slideshow of a send; TypeError if it holds something else."""
    show: Any = send.slideshow
    if not isinstance(show, Slideshow):
        raise TypeError(f"CellcastSend needs a Slideshow or a Slide, not {type(show).__name__}")
    return show


# ------------------------------------------------------------------------------------------------ rules


def valid_text(text: Any, limits: Any) -> str | None:
    """A text has at most 1,000 units in v3; no limit is documented for v1."""
    return xml_characters(text, limits) or _too_long(crlf(text), limits.max_text)


def valid_subject(show: Any, limits: Any) -> str | None:
    """A subject has at most 40 units (v3)."""
    return None if show.subject is None else xml_characters(show.subject, limits) or _too_long(show.subject, limits.max_subject)


def _too_long(text: str, allowed: int) -> str | None:
    # The pages do not say how a text is counted, so the largest plausible count has to fit.
    if (units := max_units(text)) <= allowed:
        return None
    return f"{units:,} units, {units - allowed:,} more than the {allowed:,} allowed: shorten it"


def _valid_url(kind: str) -> Callable[[Any, Any], str | None]:
    def check(url: Any, limits: Any) -> str | None:
        if problem := absolute_url(url, limits) or xml_characters(url, limits):
            return problem
        found = re.match(r"https?://[^/?#]+/[^?#]*\.([a-z0-9]{2,6})(?:[?#]|$)", url.lower())
        ending, endings = found[1] if found else "", limits.urls.get(kind, ())
        instead = "; pass its bytes as media=…" if ending in limits.uploads else ""
        return None if ending in endings else f"{url!r:.80} does not end in {_dotted(endings)}{instead}"

    return check


def _dotted(endings: Sequence[str]) -> str:
    return ", ".join(f".{ending}" for ending in endings if ending)


def is_upload(found: FileType | None, limits: CellcastLimits) -> bool:
    """Return whether files of this type can be uploaded."""
    return found is not None and found.endings[0] in limits.uploads


def valid_media(send: Any, limits: Any) -> str | None:
    """A file that is uploaded has a type and a size that the generation allows."""
    if (media := send.media) is None:
        return None
    if not is_upload(file_type(media), limits):
        return f"pass the bytes of a {_dotted(limits.uploads)} file"
    if (size := len(media) + counted_texts(send, limits)) <= limits.max_image:
        return None
    texts = " with the texts" if limits.includes_texts else ""
    return f"{size:,} bytes{texts}, more than the {limits.max_image:,} allowed: use a smaller file"


def counted_texts(send: CellcastSend, limits: CellcastLimits) -> int:
    """Return how many bytes of the allowed size the text and the subject of a message use."""
    if not limits.includes_texts:
        return 0
    show = slideshow_of(send)
    texts = [show.subject, *(slide.text for slide in show.slides)]
    return sum(len(crlf(str(text)).encode("utf-8", "replace")) for text in texts if text)


def _files_of(send: CellcastSend, limits: CellcastLimits) -> list[Any]:
    """Return the files of a message that are supported: the URLs of its first slide, and the bytes of the upload."""
    urls = [getattr(slide, kind) for slide in slideshow_of(send).slides[:1] for kind in limits.urls]
    return [held for held in (*urls, send.media) if held is not None]


def valid_recipient(number: Any, limits: Any = None) -> str | None:
    """A recipient is an Australian mobile number."""
    if mobile(number) is not None:
        return None
    given = quote(number) if isinstance(number, str) else shown(number)
    return f"{given} is not an Australian mobile number: {float_remedy(number) or 'write +614 and eight digits'}"


#: v1 page: letters, digits, spaces and dashes; 16 digits at most, 11 characters if there are letters; or their shared number.
_SENDER = re.compile(r"|#SharedNum#|[0-9]{1,16}|(?=.{1,11}\Z)[A-Za-z0-9-]([A-Za-z0-9 -]*[A-Za-z0-9-])?")


def _is_time(before: Any) -> bool:
    return (
        before.tzinfo is not None if isinstance(before, datetime) else not is_blank(before) and not xml_characters(before, None)
    )


def _is_id(message_id: Any, pattern: str) -> bool:
    return type(message_id) is not bool and isinstance(message_id, (str, int)) and bool(re.fullmatch(pattern, str(message_id)))


def _text_in(name: str, *others: type[Any]) -> Callable[[Any, Any], str | None]:
    """Return the check that a field holds a text that can be sent, or an object of another type, or None."""

    def check(holder: Any, limits: Any) -> str | None:
        value = getattr(holder, name)
        return None if value is None or isinstance(value, others) else xml_characters(value, limits)

    return check


def _selections(mark: values.MarkRead) -> int:
    """Return how many of the three ways to select responses are used."""
    return sum(map(is_given, own_fields(mark).values()))


def _rule(
    code: str | None, of: str, field: str, holds: Callable[[Any, Any], object], message: str, *, checks_type: bool = False
) -> Rule:
    """Return the rule that something holds. ``{value}`` in the message for a violation is the field's value."""

    def check(holder: Any, limits: Any) -> str | None:
        return None if holds(holder, limits) else message.format(value=getattr(holder, field), limits=limits)

    return Rule(code, of, field, check, checks_type=checks_type)


def _is_flag(field: str) -> Rule:
    return _rule("FIELD_INVALID", "field", field, lambda holder, _: isinstance(getattr(holder, field), bool),
                 "{value!r:.40} is not True or False: pass one of them", checks_type=True)  # fmt: skip


#: What Cellcast refuses. The codes are v3's, also for v1, which has none.
RULES = [
    Rule("FIELD_INVALID", "any text", "", xml_characters),
    *map(_is_flag, ("mark_read", "everything", "skip_invalid")),
    Rule("FIELD_INVALID", "text", "text", valid_text),
    Rule("FIELD_INVALID", "field", "subject", valid_subject),
    *[Rule("FIELD_INVALID", "url", kind, _valid_url(kind)) for kind in ("image", *OTHER_FILES)],
    Rule("FIELD_INVALID", "field", "media", valid_media, only_if_set=True, checks_type=True),
    Rule("RECIPIENTS_ERROR", "item", "to", valid_recipient),
    _rule("RECIPIENTS_ERROR", "field", "to", lambda send, _: send.recipients,
          "there is no recipient: pass to=[…]"),
    _rule("FIELD_EMPTY", "field", "slides", lambda show, _: show.slides,
          "there is no slide: add one with .slide(…)"),
    _rule("FIELD_EMPTY", "slide", "text", lambda slide, _: not is_blank(slide.text),
          "Cellcast requires a text: give the slide one"),
    _rule("FIELD_EMPTY", "field", "media",
          lambda send, limits: "media" not in limits.required or _files_of(send, limits) or not slideshow_of(send).slides,
          "Cellcast requires a picture: "
          "give the slide an image (the URL of a png, jpeg or gif), or pass the bytes of one as media=…"),
    _rule("FIELD_INVALID", "field", "media", lambda send, limits: len(_files_of(send, limits)) <= limits.max_files,
          "Cellcast sends one file in a message: leave out media or what the slide has"),
    _rule("FIELD_INVALID", "field", "country_code", lambda send, _: send.country_code is None or str(send.country_code) == "61",
          "{value!r:.40}: Cellcast sends to Australia only: write 61", checks_type=True),
    _rule("FIELD_INVALID", "field", "sender", lambda send, _: _SENDER.fullmatch(sender_text(send.sender)),
          "{value!r:.40}: use at most 16 digits, or at most 11 letters, digits, dashes and inner spaces"),
    *[Rule("FIELD_INVALID", "field", name, _text_in(name), only_if_set=True, checks_type=True)
      for name in ("client_reference", "status")],
    _rule("FIELD_INVALID", "field", "page", lambda listing, _: is_whole_number(listing.page, 1),
          "{value!r:.40} is not a whole number from 1 up", checks_type=True),
    _rule("FIELD_INVALID", "field", "page_size", lambda listing, _: is_whole_number(listing.page_size, 1),
          "{value!r:.40} is not a whole number from 1 up", checks_type=True),
    _rule("FIELD_INVALID", "field", "message_id",
          lambda one, limits: one.message_id is None or _is_id(one.message_id, limits.message_id),
          "{value!r:.40} is not a message id of this generation"),
    _rule("FIELD_EMPTY", "field", "message_id",
          lambda one, _: one.message_id or not isinstance(one, values.CancelScheduled),
          "there is no message id"),
    _rule("FIELD_EMPTY", "field", "message_id", lambda one, _: not isinstance(one, values.MarkRead) or _selections(one) > 0,
          "nothing is selected: pass message_id=…, before=… or everything=True"),
    _rule("FIELD_INVALID", "field", "message_id", lambda one, _: not isinstance(one, values.MarkRead) or _selections(one) < 2,
          "pass only one of message_id, before and everything"),
    _rule("FIELD_INVALID", "field", "before", lambda mark, _: mark.before is None or _is_time(mark.before),
          "{value!r:.60}: pass a datetime with a time zone, or text that is sent unchanged", checks_type=True),
    _rule("FIELD_INVALID", "field", "since", lambda report, _: date_problem(report.since) is None,
          "{value!r:.40} is not a day: pass a date", checks_type=True),
    _rule("FIELD_INVALID", "field", "until", lambda report, _: date_problem(report.until) is None,
          "{value!r:.40} is not a day: pass a date", checks_type=True),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------ warnings

#: Width and height of a picture. The v3 page says 300x450 in its table, and 327 and 400 in a list that also says "vertical".
ADVISED_PIXELS = (300, 450), (327, 400)


def _advised_pixels(send: Any, limits: Any) -> str | None:
    size = pixels(send.media) if isinstance(send.media, bytes) else None
    if size is None or (size[0] < size[1] and size[0] <= 327 and size[1] <= 450):
        return None
    advised = " or ".join(f"{width} × {height}" for width, height in ADVISED_PIXELS)
    return f"{size[0]:,} × {size[1]:,} pixels: Cellcast advises a vertical picture of {advised}"


#: What the pages advise against. Of Skycore's warnings, those about the hosts of files apply as well.
CELLCAST_WARNINGS = [
    *[warning for warning in WARNINGS if warning.check is public_host],
    Rule(None, "field", "media", _advised_pixels, only_if_set=True),
    _rule(None, "field", "media", lambda send, limits: _files_of(send, limits),
          "there is no picture: the page of v1 does not say whether Cellcast sends a text alone"),
    _rule(None, "field", "sender", lambda send, _: len(sender_text(send.sender)) not in {1, 2},
          "{value!r:.40}: a registered name has at least 3 characters"),
]  # fmt: skip

#: The rules for everything but the recipients, which differ between the uses of a prepared message.
VALIDATOR = Validator((rule for rule in RULES if rule.field != "to"), wrong_type="FIELD_INVALID")
RECIPIENTS_VALIDATOR = Validator(rule for rule in RULES if rule.field == "to")
WARNINGS_VALIDATOR = Validator(CELLCAST_WARNINGS)
