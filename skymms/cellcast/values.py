"""Cellcast's operations and what they return, and how their values are read from JSON.

The fields of a reply declare under which names the gateway sends them (:func:`read_from`), so a class is also the table by
which it is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Generic, TypeVar, cast

from ..errors import Nodes
from ..model.operations import Operation
from ..model.slideshow import Slideshow
from ..slide import Slide

T = TypeVar("T")
Row = TypeVar("Row")

#: The states that Cellcast names in delivery reports, listings and webhooks, and the state that skymms returns for each.
STATES = {
    "queued": "queued", "pending": "queued", "scheduled": "scheduled", "dispatched": "sent", "sent": "sent",
    "delivered": "delivered", "delievered": "delivered", "received": "received",
    "failed": "failed", "aborted": "failed", "blocked": "failed", "dead": "failed",
    "rejected": "rejected", "expired": "expired", "canceled": "cancelled", "cancelled": "cancelled",
}  # fmt: skip

# ------------------------------------------------------------------------------------------------ numbers, states and dates


def mobile(number: object) -> str | None:
    """Return an Australian mobile number as ``+614NNNNNNNN``, or None if ``number`` is not one.

    Takes text in every form that Cellcast documents (``+61 4…``, ``61 4…``, ``04…``, ``4…``; spaces, dashes, dots and
    parentheses are ignored) and whole numbers, which lose a leading 0: ``61491570156`` and ``491570156``.
    """
    if isinstance(number, str):
        bare = re.sub(r"[\s\-\u2010-\u2015.()]", "", number)
    else:
        bare = str(number) if isinstance(number, int) else ""
    # v3 page: "+614NNNNNNNN" and "04NNNNNNNN"; v1 page: also without plus, and without 0. A plus needs the country code.
    found = re.fullmatch(r"(?:\+?61|0)?(4[0-9]{8})", bare)
    return found and f"+61{found[1]}"


def unique_mobiles(numbers: Iterable[object]) -> tuple[str, ...]:
    """Return the valid mobile numbers as ``+614NNNNNNNN``, each once, in their order."""
    return tuple(dict.fromkeys(valid for number in numbers if (valid := mobile(number))))


def normalize_mobile(text: str) -> str:
    """Return a mobile number as ``+614NNNNNNNN``, and any other text unchanged."""
    return mobile(text.strip()) or text


def normalize_status(text: str) -> str:
    """Return the state of :data:`STATES` for one of the gateway's, and any other text unchanged."""
    return STATES.get(text.strip().lower(), text)


def parse_datetime(text: str) -> datetime | None:
    """Parse a date and time, naive if the text names no time zone; None if it cannot be parsed."""
    try:
        return datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None


def parse_decimal(text: str) -> Decimal | None:
    """Parse a number such as ``5831.43``; None if it cannot be parsed."""
    return Decimal(text.strip()) if re.fullmatch(r"\s*-?[0-9]+(\.[0-9]+)?\s*", text) else None


# ------------------------------------------------------------------------------------------------ reading JSON

#: The texts of a JSON object under their paths. Cellcast's types drift: a number may come in quotes, and a missing value may be
#: "", {}, [] or null. So every value is read as text, and blank values are left out.
Texts = Mapping[str, str]


def as_object(value: object) -> Mapping[str, Any]:
    """Return a JSON object, and an empty one for any other value."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def as_row(value: object, name: str) -> Mapping[str, Any]:
    """Return a JSON object, and an object that has any other value under ``name``."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {name: value}


def as_list(value: object) -> Sequence[Any]:
    """Return a JSON array, and an empty one for any other value."""
    return cast("Sequence[Any]", value) if isinstance(value, list) else []


def flatten(document: object) -> Texts:
    """Return the texts of an object, and those of the objects in it as ``meta/status``; lists are left out."""
    outer = as_object(document)
    inner = {f"{name}/{key}": value for name, held in outer.items() for key, value in as_object(held).items()}
    texts: dict[str, str] = {}
    for path, value in {**outer, **inner}.items():
        if value is not None and not isinstance(value, (dict, list)) and str(value).strip():
            texts[path] = str(value).lower() if isinstance(value, bool) else str(value)
    return texts


def first_text(texts: Texts, names: str) -> str | None:
    """Return the text under the first of several names that is there."""
    return next((texts[name] for name in names.split() if name in texts), None)


def first_value(texts: Texts, names: str, parse: Callable[[str], T | None]) -> T | None:
    """Return the parsed text under the first of several names that is there."""
    return None if (text := first_text(texts, names)) is None else parse(text)


def read_from(names: str, parse: Callable[[str], object] = str) -> Mapping[str, Any]:
    """Return the metadata of a dataclass field: the gateway's names for it, the preferred one first, and how it is parsed."""
    return {"names": names, "parse": parse}


def sources(of: Any) -> Iterator[tuple[str, str, Callable[[str], Any]]]:
    """Iterate over the fields of a dataclass with :func:`read_from`: our name, the gateway's names, the parser."""
    return ((item.name, item.metadata["names"], item.metadata["parse"]) for item in fields(of) if "names" in item.metadata)


def build(kind: type[T], texts: Texts, **values: Any) -> T:
    """Create an object of a class from the fields with :func:`read_from`, and the other values."""
    return kind(**{name: first_value(texts, names, parse) for name, names, parse in sources(kind)}, **values)


# ------------------------------------------------------------------------------------------------ replies


@dataclass(frozen=True, slots=True, kw_only=True)
class CellcastSent:
    """The outcome of a :class:`CellcastSend` for each number. Numbers are written ``+614NNNNNNNN``.

    - ``queued``: accepted, each with its message id.
    - ``invalid``: not valid, each with the reason. Those that skymms skipped (``skip_invalid``) are written as they were given.
    - ``unsubscribed``: opted out.
    - ``unaccounted``: requested, but in none of the response's lists, so their outcome is unknown.

    If a request failed, this value is the error's ``partial``. ``maybe_sent`` or ``not_sent`` are then the numbers of that
    request, and ``not_tried`` the numbers of the requests after it. ``credits`` is the price in credits; v1 does not report it.
    """

    queued: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    invalid: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    unsubscribed: tuple[str, ...] = ()
    unaccounted: tuple[str, ...] = ()
    maybe_sent: tuple[str, ...] = ()
    not_sent: tuple[str, ...] = ()
    not_tried: tuple[str, ...] = ()
    credits: Decimal | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)

    def __add__(self, other: CellcastSent) -> CellcastSent:
        """Join the outcomes of two requests."""
        spent = [credits for credits in (self.credits, other.credits) if credits is not None]
        return CellcastSent(
            queued={**self.queued, **other.queued},
            invalid={**self.invalid, **other.invalid},
            unsubscribed=self.unsubscribed + other.unsubscribed,
            unaccounted=self.unaccounted + other.unaccounted,
            maybe_sent=self.maybe_sent + other.maybe_sent,
            not_sent=self.not_sent + other.not_sent,
            not_tried=self.not_tried + other.not_tried,
            credits=sum(spent, Decimal(0)) if spent else None,
            raw=self.raw + other.raw,
        )


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """The rows of a list, which can be iterated over.

    ``more`` is True if a single page was requested and others follow it. ``marked`` are the ids that were marked as read.
    """

    rows: tuple[Row, ...] = ()
    _: KW_ONLY
    more: bool = False
    marked: tuple[str, ...] = ()
    raw: Nodes = field(default=(), compare=False, repr=False)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A message that somebody sent in reply. ``received_at`` is naive in v3, whose page names no time zone; v1 sends no id."""

    sender: str | None = field(default=None, metadata=read_from("from", normalize_mobile))
    text: str | None = field(default=None, metadata=read_from("body"))
    received_at: datetime | None = field(default=None, metadata=read_from("received_at", parse_datetime))
    message_id: str | None = field(default=None, metadata=read_from("message_id"))
    original_message_id: str | None = field(default=None, metadata=read_from("original_message_id"))
    original_text: str | None = field(default=None, metadata=read_from("original_body"))
    subaccount: str | None = field(default=None, metadata=read_from("subaccount_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """A person who opted out of messages."""

    number: str | None = field(default=None, metadata=read_from("number", normalize_mobile))
    first_name: str | None = field(default=None, metadata=read_from("first_name"))
    last_name: str | None = field(default=None, metadata=read_from("last_name"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """One message in v1's report. ``status`` is a value of :data:`STATES`, ``updated_at`` the time of its last change."""

    message_id: str | None = field(default=None, metadata=read_from("_id"))
    status: str | None = field(default=None, metadata=read_from("status", normalize_status))
    to: str | None = field(default=None, metadata=read_from("receiver", normalize_mobile))
    sender: str | None = field(default=None, metadata=read_from("sender", normalize_mobile))
    text: str | None = field(default=None, metadata=read_from("message"))
    created_at: datetime | None = field(default=None, metadata=read_from("createdAt", parse_datetime))
    updated_at: datetime | None = field(default=None, metadata=read_from("updatedAt", parse_datetime))
    credits: Decimal | None = field(default=None, metadata=read_from("creditAmount", parse_decimal))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """The account's name and its remaining credits."""

    name: str | None = field(default=None, metadata=read_from("data/account_name"))
    email: str | None = field(default=None, metadata=read_from("data/account_email"))
    sms: Decimal | None = field(default=None, metadata=read_from("data/sms_balance", parse_decimal))
    mms: Decimal | None = field(default=None, metadata=read_from("data/mms_balance", parse_decimal))
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """The operation succeeded. ``details`` is the gateway's own text."""

    details: str | None = field(default=None, metadata=read_from("msg message"))
    raw: Nodes = field(default=(), compare=False, repr=False)


# ------------------------------------------------------------------------------------------------ operations


@dataclass(frozen=True, slots=True)
class CellcastSend(Operation[CellcastSent]):
    """Send a slideshow of one slide to any number of Australian mobiles; each request carries a thousand numbers.

    v3 sends a text, a subject and the URL of an ``image`` (png, jpeg, gif); all but the subject are required. v1 sends a text,
    a ``sender`` that is registered to the account, and a picture: either ``media``, the bytes of a jpeg or png of up to 230 kB,
    or an ``image`` whose URL ends in ``.gif``. A :class:`~skymms.Slide` may be passed instead of a slideshow; the slideshow's
    name is not sent.

    ``to`` is one number or a sequence of numbers, and is kept as a tuple; see :func:`mobile` for their forms. One bad number
    refuses the whole call, unless ``skip_invalid`` is True: then the bad numbers are reported in :attr:`CellcastSent.invalid`.
    Raises :class:`~skymms.RecipientError` if no number was accepted. Source: Cellcast v3 page and v1 page, sending an MMS.
    """

    reply: ClassVar[type[CellcastSent]] = CellcastSent

    slideshow: Slideshow | Slide
    _: KW_ONLY
    to: Sequence[str | int] | int | None = None
    sender: str | int | None = None
    media: bytes | None = field(default=None, repr=False)
    skip_invalid: bool = False

    def __post_init__(self) -> None:
        to = self.to
        object.__setattr__(self, "to", () if to is None else (to,) if isinstance(to, (str, int)) else tuple(to))
        if isinstance(self.slideshow, Slide):
            object.__setattr__(self, "slideshow", Slideshow("", slides=(self.slideshow,)))

    @property
    def recipients(self) -> tuple[str | int, ...]:
        """The numbers of ``to`` as they were given."""
        return cast("tuple[str | int, ...]", self.to)


class _ListOperation(Operation[Listing[Row]]):
    """An operation that lists rows, and may be repeated."""

    __slots__ = ()
    reply: ClassVar[type[Any]] = Listing
    repeatable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Responses(_ListOperation[Response]):
    """List what people sent in reply: page number ``page``, or all pages. v3 lists only what is not marked as read.

    ``mark_read`` (v3) marks the listed messages as read, one by one, after all pages were read: marking in between would move
    rows to other pages, and marking everything would mark messages that were not listed. If marking fails, ``error.partial``
    is the listing.
    """

    page: int | None = None
    _: KW_ONLY
    mark_read: bool = False


@dataclass(frozen=True, slots=True)
class OptOuts(_ListOperation[OptOut]):
    """List the people who opted out: page ``page``, or all pages. v3 needs "Opt-out for API" on in the account's settings."""

    page: int | None = None


@dataclass(frozen=True, slots=True)
class MessageReports(_ListOperation[SentMessage]):
    """Report the states of messages (v1): one message, page number ``page``, or all pages; ``since`` and ``until`` are days."""

    message_id: str | None = None
    _: KW_ONLY
    page: int | None = None
    status: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Balance(Operation[AccountBalance]):
    """Report the remaining credits. This is also the way to find out whether a key is valid."""

    reply: ClassVar[type[AccountBalance]] = AccountBalance
    repeatable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRead(Operation[Done]):
    """Mark responses as read (v3): the one with ``message_id``, those ``before`` a time, or ``everything``. Pass exactly one.

    A datetime needs a time zone and is sent as seconds since 1970. The v3 page names no format, so text is sent unchanged.
    """

    reply: ClassVar[type[Done]] = Done

    message_id: str | None = None
    before: datetime | str | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class CancelScheduled(Operation[Done]):
    """Cancel a scheduled message (v1)."""

    reply: ClassVar[type[Done]] = Done

    message_id: str
