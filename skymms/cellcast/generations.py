"""Cellcast's two generations, v3 and v1: the tables of their calls, their limits, and the rules for what they accept.

v3 is described by the Cellcast v3 page, v1 by the Cellcast v1 page and the developer pages beside it. Where those pages
contradict themselves or each other, a comment beside the row says which statement is followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from .. import errors
from ..errors import Problem
from ..gsm import max_units
from ..limits import DOCUMENTED, Limits
from ..model.operations import Operation
from ..model.slideshow import Slideshow
from ..numbers import float_remedy, quote
from ..validation.checks import is_blank, is_whole_number, shown
from ..validation.dates import date_problem
from ..validation.rule import Rule
from ..validation.slide_rules import absolute_url, xml_characters
from ..validation.validator import Validator
from ..validation.warnings import WARNINGS
from . import values
from .values import CellcastSend, mobile

#: Recipients of one request (both pages; an error text of v3 says ten thousand, which nobody has tried).
MAX_NUMBERS = 1000
#: Bytes of a picture that v1 takes as a file: 230 KB, read as the smaller of its two meanings.
MAX_MEDIA = 230_000

# ------------------------------------------------------------------------------------------------ the tables of calls


@dataclass(frozen=True, slots=True, kw_only=True)
class CellcastLimits(Limits):
    """The limits of a generation; ``required`` are the fields that its send needs."""

    #: Endings of an image's URL; "" stands for a URL without one.
    images: tuple[str, ...] = ()
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
    """One of Cellcast's two APIs: its host, how the key and the numbers are written, its limits and its calls."""

    name: str
    url: str
    key_header: str
    key_prefix: str
    number_prefix: str
    limits: CellcastLimits
    calls: Mapping[type[Operation[Any]], Call]

    @property
    def label(self) -> str:
        """The name in messages, such as ``cellcast v3``."""
        return f"cellcast {self.name}"


#: The largest count for a text whose limit is not documented.
UNLIMITED = 2**31
#: The fields of a send that only skymms uses, or whose fields are sent.
_NOT_SENT = dict.fromkeys(["slideshow", "name", "slides", "skip_invalid"], "")

V3 = Generation(
    "v3", "https://cellcast.com.au/api/v3/", "APPKEY", "", "+",
    CellcastLimits(max_text=1000, max_subject=40, required=frozenset({"image"}), message_id=r"[^\s/]+",
                   images=("png", "gif", "jpeg", "jpg", "")),
    {
        CellcastSend: Call("POST", "send-mms", "json", _NOT_SENT | {
            "subject": "subject", "text": "mms_text", "image": "mms_file", "to": "numbers"}),
        # The page's own URL ends in "type=mms;", which is another type.
        values.Responses: Call("GET", "get-responses", "query", {"page": "page", "mark_read": ""}, {"type": "mms"}),
        # With neither id nor date, the gateway marks all messages. `everything` makes that explicit.
        values.MarkRead: Call("POST", "inbound-read", "json", {
            "message_id": "message_id", "before": "date_before", "everything": ""}),
        values.OptOuts: Call("GET", "get-optout", "query", {"page": "page"}),
        values.Balance: Call("GET", "account", "query"),
    },
)  # fmt: skip
V1 = Generation(
    "v1", "https://api.cellcast.com/api/v1/", "Authorization", "Bearer ", "",
    CellcastLimits(max_text=UNLIMITED, max_image=MAX_MEDIA, message_id="[0-9a-f]{24}", images=("gif",)),
    {
        CellcastSend: Call("POST", "gatewaymms", "form", _NOT_SENT | {
            "text": "message", "to": "contacts", "media": "media", "image": "gif", "sender": "sender"}),
        values.Responses: Call("GET", "apiClient/getResponses", "query", {"page": "page"}),
        values.OptOuts: Call("GET", "apiClient/getOptout", "query", {"page": "page"}),
        values.Balance: Call("GET", "apiClient/account", "query"),
        values.MessageReports: Call("GET", "../v2/report/message", "query", {
            "message_id": "/", "page": "page", "status": "status", "since": "fromDate", "until": "toDate"},
            {"campType": "mms"}),
        values.CancelScheduled: Call("POST", "gateway/cancelScheduleQuickMessage", "json", {
            "message_id": "messageId"}, {"type": "mms"}),
    },
)  # fmt: skip
GENERATIONS = {generation.name: generation for generation in (V3, V1)}

# ------------------------------------------------------------------------------------------------ values as they are sent

#: The first bytes of a picture, and the file name and content type it is sent with.
PICTURES = {b"\xff\xd8\xff": ("media.jpg", "image/jpeg"), b"\x89PNG\r\n\x1a\n": ("media.png", "image/png")}


def picture_type(media: object) -> tuple[str, str] | None:
    """Return the file name and the content type for the bytes of a jpeg or png, and None for anything else."""
    start = media[:8] if isinstance(media, bytes) else b""
    return next((named for magic, named in PICTURES.items() if start.startswith(magic)), None)


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
    return value is not None and value is not False and (type(value) not in {str, tuple} or bool(value))


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
    return (xml_characters(show.subject, limits) or _too_long(show.subject, limits.max_subject)) if show.subject else None


def _too_long(text: str, allowed: int) -> str | None:
    # The pages do not say how a text is counted, so the largest plausible count has to fit.
    if (units := max_units(text)) <= allowed:
        return None
    return f"{units:,} units, {units - allowed:,} more than the {allowed:,} allowed: shorten it"


def valid_image(url: Any, limits: Any) -> str | None:
    """An image is the URL of a png, jpeg or gif (v3), or of a gif (v1)."""
    if problem := absolute_url(url, limits):
        return problem
    found = re.match(r"https?://[^/?#]+/[^?#]*\.([a-z0-9]{2,6})(?:[?#]|$)", url.lower())
    if (found[1] if found else "") in limits.images:
        return None
    instead = "" if "image" in limits.required else "; pass the bytes of a jpeg or png as media=…"
    return f"{url!r:.80} does not end in {', '.join(f'.{ending}' for ending in limits.images if ending)}{instead}"


def valid_recipient(number: Any, limits: Any = None) -> str | None:
    """A recipient is an Australian mobile number."""
    if mobile(number) is not None:
        return None
    given = quote(number) if isinstance(number, str) else shown(number)
    return f"{given} is not an Australian mobile number: {float_remedy(number) or 'write +614 and eight digits'}"


def _is_media(media: Any, max_bytes: int) -> bool:
    return picture_type(media) is not None and len(media) <= max_bytes


#: v1 page: letters, digits, spaces and dashes; 16 digits at most, 11 characters if there are letters; or their shared number.
_SENDER = re.compile(r"|#SharedNum#|[0-9]{1,16}|(?=.{1,11}\Z)[A-Za-z0-9-]([A-Za-z0-9 -]*[A-Za-z0-9-])?")


def _is_time(before: Any) -> bool:
    return before.tzinfo is not None if isinstance(before, datetime) else isinstance(before, str) and bool(before.strip())


def _first_image(send: CellcastSend) -> bool:
    """Return whether the first slide has an image."""
    slides = slideshow_of(send).slides
    return bool(slides) and not is_blank(slides[0].image)


def _selections(mark: values.MarkRead) -> int:
    """Return how many of the three ways to select responses are used."""
    return sum(map(is_given, own_fields(mark).values()))


def _rule(
    code: str, of: str, field: str, holds: Callable[[Any, Any], object], message: str, *, checks_type: bool = False
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
    Rule("FIELD_INVALID", "url", "image", valid_image),
    Rule("RECIPIENTS_ERROR", "item", "to", valid_recipient),
    _rule("RECIPIENTS_ERROR", "field", "to", lambda send, _: send.recipients,
          "there is no recipient: pass to=[…]"),
    _rule("FIELD_EMPTY", "field", "slides", lambda show, _: show.slides,
          "there is no slide: add one with .slide(…)"),
    _rule("FIELD_EMPTY", "slide", "text", lambda slide, _: not is_blank(slide.text),
          "Cellcast requires a text: give the slide one"),
    _rule("FIELD_EMPTY", "slide", "image", lambda slide, limits: not is_blank(slide.image) or "image" not in limits.required,
          "Cellcast requires an image: give the slide the URL of a png, jpeg or gif"),
    _rule("FIELD_EMPTY", "field", "media",
          lambda send, limits: send.media is not None or _first_image(send) or "image" in limits.required,
          "Cellcast requires a picture: "
          "pass the bytes of a jpeg or png as media=…, or give the slide an image (the URL of a gif)"),
    _rule("FIELD_INVALID", "field", "media", lambda send, _: send.media is None or not _first_image(send),
          "the slide has an image too, and Cellcast sends one picture: leave out media or the image"),
    _rule("FIELD_INVALID", "field", "media", lambda send, limits: send.media is None or _is_media(send.media, limits.max_image),
          "media must be the bytes of a jpeg or png, at most {limits.max_image:,}", checks_type=True),
    _rule("FIELD_INVALID", "field", "sender", lambda send, _: _SENDER.fullmatch(sender_text(send.sender)),
          "{value!r:.40}: use at most 16 digits, or at most 11 letters, digits, dashes and inner spaces"),
    _rule("FIELD_INVALID", "field", "page", lambda listing, _: is_whole_number(listing.page, 1),
          "{value!r:.40} is not a whole number from 1 up", checks_type=True),
    _rule("FIELD_INVALID", "field", "message_id",
          lambda one, limits: one.message_id is None or re.fullmatch(limits.message_id, str(one.message_id)),
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

# ------------------------------------------------------------------------------------------------ validation

#: The rules for everything but the recipients, which differ between the uses of a prepared message.
VALIDATOR = Validator((rule for rule in RULES if rule.field != "to"), wrong_type="FIELD_INVALID")
RECIPIENTS_VALIDATOR = Validator(rule for rule in RULES if rule.field == "to")
#: Warnings about images apply here as well; Cellcast supports none of the other fields that have warnings.
WARNINGS_VALIDATOR = Validator(warning for warning in WARNINGS if warning.field == "image")
#: The error class for a problem in these fields; it is FieldError for all others.
ERROR_CLASSES: Mapping[str, type[errors.MMSError]] = {
    "image": errors.MediaError, "media": errors.MediaError, "to": errors.RecipientError, "sender": errors.SenderError,
}  # fmt: skip


def content_problems(operation: Operation[Any], generation: Generation) -> list[Problem]:
    """Return the problems of everything but the recipients."""
    if type(operation) not in generation.calls:
        return [Problem(None, None, type(operation).__name__, f"not supported in {generation.label}")]
    found = list(_unsupported(operation, generation))
    # The rules have nothing to add about fields and slides that are not supported.
    known = {(problem.slide, problem.field) for problem in found}
    # The recipients have a validator of their own.
    broken = [one for one in VALIDATOR.validate(operation, generation.limits) if one.field != "to"]
    return found + [one for one in broken if known.isdisjoint({(one.slide, one.field), (one.slide, "slides")})]


def _unsupported(operation: Operation[Any], generation: Generation) -> Iterator[Problem]:
    """Yield a problem for each slide after the first, and for each field that has no wire name in this generation."""
    holders: list[tuple[int | None, Any]] = [(None, operation)]
    if isinstance(operation, CellcastSend):
        show = slideshow_of(operation)
        holders += [(None, show), *enumerate(show.slides, 1)]
        for number in range(2, len(show.slides) + 1):
            yield Problem(None, number, "slides", "Cellcast sends one slide in a message: send this one by itself")
    kind = type(operation)
    for slide, holder in holders:
        for name, value in own_fields(holder).items():
            if name not in generation.calls[kind].names and is_given(value):
                yield Problem(None, slide, name, f"not supported by {kind.__name__} in {generation.label}: leave it out")


def recipient_problems(operation: Operation[Any]) -> list[Problem]:
    """Return the problems of the recipients. With ``skip_invalid`` there are none if one number is valid."""
    if not isinstance(operation, CellcastSend) or (operation.skip_invalid is True and any(map(mobile, operation.recipients))):
        return []
    return RECIPIENTS_VALIDATOR.validate(operation, DOCUMENTED)


def refuse(problems: Sequence[Problem]) -> None:
    """Raise the first of these problems, if there are any, with all of them."""
    if problems:
        raise errors.refusal(problems, ERROR_CLASSES.get(problems[0].field.partition("[")[0], errors.FieldError))
