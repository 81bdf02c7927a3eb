"""What Cellcast can be asked, and what it answers: values like those of :mod:`skymms.operations` and :mod:`skymms.replies`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Generic, TypeVar

from ..errors import Nodes
from ..operations import Operation
from ..slide import Slide
from ..slideshow import Slideshow

Row = TypeVar("Row")

# ------------------------------------------------------------------------------------------------ numbers

_BETWEEN = re.compile(r"[\s\-\u2010-\u2015.()]")
# Seed 000: "+614NNNNNNNN" and "04NNNNNNNN"; seed 001 also without plus, and without zero. A plus needs the country code.
_MOBILE = re.compile(r"(?:\+?61|0)?(4[0-9]{8})")


def mobile(number: object) -> str | None:
    """An Australian mobile number as ``+614NNNNNNNN``, from any form that Cellcast documents; None for everything else."""
    found = _MOBILE.fullmatch(_BETWEEN.sub("", number)) if isinstance(number, str) else None
    return found and f"+61{found[1]}"


def echoed(number: object) -> str:
    """A number as the gateway repeats it, with quotes and brackets left over: by its last nine digits.

    What stands before them must not be another country: seed 001 repeats 62400000001, which is nobody's 0400000001.
    """
    found = "".join(re.findall("[0-9]", str(number)))
    ours = found[:-9] in {"", "0", "61", "610", "0061"}
    return (ours and mobile(found[-9:])) or found


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


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """What a list holds: iterate over it. ``more`` tells that a page has pages after it; ``marked`` are ids marked as read."""

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
    """What somebody answered. ``received_at`` is naive in v3, whose documents name no zone; v1 gives no ``message_id``."""

    sender: str | None = None
    text: str | None = None
    received_at: datetime | None = None
    message_id: str | None = None
    original_message_id: str | None = None
    original_text: str | None = None
    subaccount: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """Somebody who is not to be sent anything."""

    number: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """The account and its credits."""

    name: str | None = None
    email: str | None = None
    sms: Decimal | None = None
    mms: Decimal | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A line of v1's report.

    ``status`` is a word of :data:`~skymms.cellcast.tables.STATES`; ``updated_at`` is its last change, whichever that was.
    """

    message_id: str | None = None
    status: str | None = None
    to: str | None = None
    sender: str | None = None
    text: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    credits: Decimal | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """It was done; ``details`` are the gateway's words, which mean nothing by themselves."""

    details: str | None = None
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


@dataclass(frozen=True, slots=True)
class Responses(Operation[Listing[Response]]):
    """What people answered: page number ``page``, or all pages. In v3 only what is not marked as read.

    ``mark_read`` (v3) marks what was listed, message by message, after all of it was read: marking in between would move the
    pages, and marking everything would mark what nobody has seen. If a marking fails, ``error.partial`` is the listing.
    """

    reply: ClassVar[type[Any]] = Listing
    repeatable: ClassVar[bool] = True

    page: int | None = None
    _: KW_ONLY
    mark_read: bool = False


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
class OptOuts(Operation[Listing[OptOut]]):
    """Who opted out: page number ``page``, or all pages. v3 wants "Opt-out for API" switched on in the account's settings."""

    reply: ClassVar[type[Any]] = Listing
    repeatable: ClassVar[bool] = True

    page: int | None = None


@dataclass(frozen=True, slots=True)
class Balance(Operation[AccountBalance]):
    """What credits are left; also the way to see whether a key is right."""

    reply: ClassVar[type[AccountBalance]] = AccountBalance
    repeatable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class MessageReports(Operation[Listing[SentMessage]]):
    """What became of messages (v1): of one, of page number ``page``, or of all; ``since`` and ``until`` are days."""

    reply: ClassVar[type[Any]] = Listing
    repeatable: ClassVar[bool] = True

    message_id: str | None = None
    _: KW_ONLY
    page: int | None = None
    status: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class CancelScheduled(Operation[Done]):
    """Cancel a message that is scheduled (v1)."""

    reply: ClassVar[type[Done]] = Done

    message_id: str
