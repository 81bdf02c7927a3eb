"""Cellcast's operations and what they return, and how their values are read from JSON.

The fields of a reply declare under which names the gateway sends them (:func:`source`), so a class is also the table by which
it is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, field, fields
from datetime import date, datetime, time
from decimal import Decimal
from os import PathLike
from typing import Any, ClassVar, Generic, TypeVar, cast

from .._functools import join_values, plain_value, value
from ..errors import Nodes
from ..model.operations import Operation, number_tuple
from ..model.serializable import Serializable
from ..model.slideshow import Slideshow
from ..numbers import digits
from ..slide import Slide
from ..wire import notation
from ..wire.dialects import MAX_REQUEST

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

    Takes text in every form that Cellcast documents (``+61 4…``, ``61 4…``, ``04…``, ``4…``), with separators as in
    :mod:`skymms.numbers`, and whole numbers, which lose a leading 0: ``61491570156`` and ``491570156``.
    """
    number = plain_value(number)
    # str() of a very large int raises ValueError.
    if not (isinstance(number, str) or (isinstance(number, int) and number.bit_length() < 64)):
        return None
    # v3 page: "+614NNNNNNNN" and "04NNNNNNNN"; v1 page: also without plus, and without 0. A plus needs the country code.
    found = re.fullmatch(r"(?:61|0)?(4[0-9]{8})", digits(number))
    if found is None or (isinstance(number, str) and number.startswith("+") and not found[0].startswith("61")):
        return None
    return f"+61{found[1]}"


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
    # EST is a time zone of Australia, too.
    when = None if re.search("[A-Z]{3}", text) else notation.parse_date(text)
    if isinstance(when, datetime):
        return when
    return datetime.combine(when, time()) if isinstance(when, date) else None


def parse_date(text: str) -> date | None:
    """Parse a day, which may have a time; None if it cannot be parsed."""
    return when.date() if (when := parse_datetime(text)) is not None else None


def parse_decimal(text: str) -> Decimal | None:
    """Parse a number such as ``5831.43``; None if it cannot be parsed."""
    return Decimal(text.strip()) if re.fullmatch(r"\s*-?[0-9]+(\.[0-9]+)?\s*", text) else None


def parse_count(text: str) -> int | None:
    """Parse a whole number of at most 18 digits, which may be written as ``2.0``; None if it cannot be parsed."""
    return int(text.partition(".")[0]) if re.fullmatch(r"\s*[0-9]{1,18}(\.0+)?\s*", text) else None


# ------------------------------------------------------------------------------------------------ reading JSON


def as_object(value: object) -> Mapping[str, Any]:
    """Return a JSON object, and an empty one for any other value."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def as_row(value: object, name: str) -> Mapping[str, Any]:
    """Return a JSON object, and an object that has any other value under ``name``."""
    return as_object(cast(object, value)) if isinstance(value, dict) else {name: value}


def as_list(value: object) -> Sequence[Any]:
    """Return a JSON array, and an empty one for any other value."""
    return cast("Sequence[Any]", value) if isinstance(value, list) else []


class Texts(dict[str, str]):
    """The texts of a JSON object by name, and those of the objects in it as ``meta/status``.

    Cellcast's types drift: a number may come in quotes, and a missing value may be "", {}, [] or null. So every value is read
    as text, and lists and blank values are left out.
    """

    def __init__(self, document: object) -> None:
        outer = as_object(document)
        inner = {f"{name}/{key}": text for name, held in outer.items() for key, text in as_object(held).items()}
        for path, held in {**outer, **inner}.items():
            if held is not None and not isinstance(held, (dict, list)) and str(held).strip():
                self[path] = str(held).lower() if isinstance(held, bool) else str(held)

    def first(self, names: str, parse: Callable[[str], Any] = str) -> Any:
        """Return the parsed text under the first of several names that is there, or None."""
        return next((parse(self[name]) for name in names.split() if name in self), None)

    def build(self, kind: type[T], **values: Any) -> T:
        """Return an object of a class, made of the texts for its fields with a :func:`source` and of other values."""
        return kind(**{name: self.first(names, parse) for name, names, parse in sources(kind)}, **values)


def source(names: str, parse: Callable[[str], Any] = str) -> Any:
    """Declare a field that is read from JSON: the gateway's names for it, the preferred one first, and how it is parsed."""
    return field(default=None, metadata={"names": names, "parse": parse})


def sources(of: Any) -> Iterator[tuple[str, str, Callable[[str], Any]]]:
    """Iterate over the fields of a class that have a :func:`source`: our name, the gateway's names, the parser."""
    return ((item.name, item.metadata["names"], item.metadata["parse"]) for item in fields(of) if item.metadata)


# ------------------------------------------------------------------------------------------------ replies


@value
class CellcastSent(Serializable):
    """The outcome of a :class:`CellcastSend` for each number. Numbers are written ``+614NNNNNNNN``.

    - ``queued``: accepted, each with its message id.
    - ``invalid``: not valid, each with the reason. Those that skymms skipped (``skip_invalid``) are written as they were given.
    - ``unsubscribed``: opted out.
    - ``unaccounted``: requested, but in none of the response's lists, so their outcome is unknown.
    - ``error_types`` (v1): the kind of the reason for each number in ``invalid``, such as ``number_not_valid``.
    - ``total_numbers``, ``success_number``, ``date`` (v3): how many it counts, how many it accepted, and when (naive).

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
    error_types: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    date: datetime | None = None
    total_numbers: int | None = None
    success_number: int | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)

    def __add__(self, other: CellcastSent) -> CellcastSent:
        """Join the outcomes of two requests."""
        return CellcastSent.joined((self, other))

    @classmethod
    def joined(cls, outcomes: Sequence[CellcastSent]) -> CellcastSent:
        """Join the outcomes of several requests."""
        return cls(**{item.name: join_values([getattr(one, item.name) for one in outcomes]) for item in fields(cls)})


@value
class Listing(Serializable, Generic[Row]):
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


@value
class Response(Serializable):
    """A message that somebody sent in reply. ``received_at`` is naive in v3, whose page names no time zone; v1 sends no id."""

    sender: str | None = source("from", normalize_mobile)
    text: str | None = source("body")
    received_at: datetime | None = source("received_at", parse_datetime)
    message_id: str | None = source("message_id")
    original_message_id: str | None = source("original_message_id")
    original_text: str | None = source("original_body")
    subaccount: str | None = source("subaccount_id")


@value
class OptOut(Serializable):
    """A person who opted out of messages. ``created_at`` is when they did, which only v3 reports; ``dob`` is their birthday."""

    number: str | None = source("number", normalize_mobile)
    first_name: str | None = source("first_name")
    last_name: str | None = source("last_name")
    gender: str | None = source("gender")
    post_code: str | None = source("post_code postalcode")
    dob: date | None = source("dob date_of_birth birthday", parse_date)
    created_at: datetime | None = source("created_at", parse_datetime)


@value
class SentMessage(Serializable):
    """One message in v1's report. ``status`` is a value of :data:`STATES`, ``updated_at`` the time of its last change."""

    message_id: str | None = source("_id")
    status: str | None = source("status", normalize_status)
    to: str | None = source("receiver", normalize_mobile)
    sender: str | None = source("sender", normalize_mobile)
    text: str | None = source("message")
    created_at: datetime | None = source("createdAt", parse_datetime)
    updated_at: datetime | None = source("updatedAt", parse_datetime)
    credits: Decimal | None = source("creditAmount", parse_decimal)
    client_reference: str | None = source("customString")


@value
class AccountBalance(Serializable):
    """The account's name and its remaining credits."""

    name: str | None = source("data/account_name")
    email: str | None = source("data/account_email")
    sms: Decimal | None = source("data/sms_balance", parse_decimal)
    mms: Decimal | None = source("data/mms_balance", parse_decimal)
    raw: Nodes = field(default=(), compare=False, repr=False)


@value
class Done(Serializable):
    """The operation succeeded. ``details`` is the gateway's own text."""

    details: str | None = source("msg message")
    raw: Nodes = field(default=(), compare=False, repr=False)


# ------------------------------------------------------------------------------------------------ operations


@value
class CellcastSend(Operation[CellcastSent]):
    """Send a slideshow of one slide to any number of Australian mobiles; each request carries a thousand numbers.

    v3 sends a text, a subject and a picture: the slide's ``image`` (the URL of a png, jpeg or gif), or ``media`` for an upload.
    All but the subject are required, and they have at most 380 kB together. v1 sends a text, a ``sender`` that is registered to
    the account, ``media`` (a jpeg or png of at most 230 kB) and an ``image`` whose URL ends in ``.gif``; only the text is
    required. ``media`` is the bytes of a file, or its path, which is read at once. A :class:`~skymms.Slide` may be passed
    instead of a slideshow; the slideshow's name is not sent.

    ``country_code`` (v1) can only be 61. ``client_reference`` (v1) is your own id, ``customString`` in the message's report.

    ``to`` is one number or a sequence of numbers, and is kept as a tuple; see :func:`mobile` for their forms. One bad number
    refuses the whole call, unless ``skip_invalid`` is True: then the bad numbers are reported in :attr:`CellcastSent.invalid`.
    Raises :class:`~skymms.RecipientError` if no number was accepted. Source: Cellcast v3 page and v1 page, sending an MMS.
    """

    reply: ClassVar[type[CellcastSent]] = CellcastSent
    slideshow: Slideshow | Slide
    _: KW_ONLY
    to: Sequence[str | int] | int | None = None
    sender: str | int | None = None
    media: bytes | PathLike[str] | None = field(default=None, repr=False)
    skip_invalid: bool = False
    country_code: int | str | None = None
    client_reference: str | None = None

    def __post_init__(self) -> None:
        to = self.to
        object.__setattr__(self, "to", () if to is None else number_tuple(to) or ())
        if isinstance(self.media, PathLike):
            from ..files import read_bytes

            object.__setattr__(self, "media", read_bytes(self.media, MAX_REQUEST))
        if isinstance(self.slideshow, Slide):
            object.__setattr__(self, "slideshow", Slideshow("", slides=(self.slideshow,)))

    @property
    def recipients(self) -> tuple[str | int, ...]:
        """The numbers of ``to`` as they were given."""
        return cast("tuple[str | int, ...]", self.to)


class ListOperation(Operation[Listing[Row]]):
    """An operation that lists rows, which are of the class ``row``. It may be repeated."""

    __slots__ = ()
    reply: ClassVar[type[Any]] = Listing
    repeatable: ClassVar[bool] = True
    row: ClassVar[type[Any]]
    page: int | None

    @property
    def is_list(self) -> bool:
        """False if one row is requested by its id."""
        return not getattr(self, "message_id", None)


@value
class Responses(ListOperation[Response]):
    """List what people sent in reply: page number ``page``, or all pages. v3 lists only what is not marked as read.

    ``mark_read`` (v3) marks the listed messages as read, one by one, after the page or all pages were read: marking in between
    would move rows to other pages, and marking everything would mark messages that were not listed. If marking fails,
    ``error.partial`` is the listing.
    """

    row: ClassVar[type[Response]] = Response
    page: int | None = None
    _: KW_ONLY
    mark_read: bool = False


@value
class OptOuts(ListOperation[OptOut]):
    """List the people who opted out: a page, or all pages. v3 needs "Opt-out for API" on in the account's settings."""

    row: ClassVar[type[OptOut]] = OptOut
    page: int | None = None
    _: KW_ONLY
    page_size: int | None = None


@value
class MessageReports(ListOperation[SentMessage]):
    """Report the states of messages (v1): one message, or a page or all pages; the other fields select messages."""

    row: ClassVar[type[SentMessage]] = SentMessage
    message_id: str | None = None
    _: KW_ONLY
    page: int | None = None
    page_size: int | None = None
    status: str | None = None
    client_reference: str | None = None
    since: date | None = None
    until: date | None = None


@value
class Balance(Operation[AccountBalance]):
    """Report the remaining credits. This is also the way to find out whether a key is valid."""

    reply: ClassVar[type[AccountBalance]] = AccountBalance
    repeatable: ClassVar[bool] = True


@value
class MarkRead(Operation[Done]):
    """Mark responses as read (v3): the one with ``message_id``, those ``before`` a time, or ``everything``. Pass exactly one.

    A datetime needs a time zone and is sent as seconds since 1970. The v3 page names no format, so text is sent unchanged.
    """

    reply: ClassVar[type[Done]] = Done
    _: KW_ONLY
    message_id: str | None = None
    before: datetime | str | None = None
    everything: bool = False


@value
class CancelScheduled(Operation[Done]):
    """Cancel a scheduled message (v1)."""

    reply: ClassVar[type[Done]] = Done
    message_id: str
