"""What a gateway answers when it does as asked. A refusal is an error and stands in :mod:`skymms.errors`.

Each reply keeps the document it was read from in ``raw``, as ``(name, text)`` pairs in the gateway's own spelling, so that
nothing a gateway says beyond the documents is lost. ``raw`` takes no part in comparisons.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from ..errors import MMSError, Nodes, gateway_refusal


@dataclass(frozen=True, slots=True)
class SentMMS:
    """A message was accepted and queued. What becomes of it arrives in postbacks with the same ``tracking_id``.

    ``mms_id`` is the id the message is stored under; ``sender`` may differ from the one asked for, since a gateway puts
    the default short code of the recipient's country in its place; ``details`` are the gateway's words.
    """

    mms_id: str | None = None
    tracking_id: str | None = None
    to: str | None = None
    sender: str | None = None
    details: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SavedMMS:
    """A slideshow was stored under ``mms_id``; with audio or video it can be sent after its N003 postback (E626 before).

    The JSON service does not say the id here: it comes in the N003 postback, joined by ``tracking_id`` or by the
    ``client_reference`` of the request. ``details`` are the gateway's words.
    """

    mms_id: str | None = None
    tracking_id: str | None = None
    details: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class StoredMMS:
    """A line of the successor's list: one stored slideshow. ``size`` is in a unit the vendor does not name."""

    mms_id: str | None = None
    name: str | None = None
    subject: str | None = None
    created: date | str | None = None
    slides: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class MMSList:
    """The ids of the stored slideshows; in the successor's dialect also what each is, and which page this is.

    ``mms_ids`` is filled in every dialect. The documents leave open whether ``total`` counts the page or the account.
    """

    mms_ids: tuple[str, ...] = ()
    templates: tuple[StoredMMS, ...] = ()
    start_date: date | str | None = None
    page: int | None = None
    per_page: int | None = None
    total: int | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.mms_ids:
            ids = tuple(stored.mms_id for stored in self.templates if stored.mms_id is not None)
            object.__setattr__(self, "mms_ids", ids)


@dataclass(frozen=True, slots=True)
class DeletedMMS:
    """A stored slideshow and its encoded files are gone, at once."""

    mms_id: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ScheduledMMS:
    """A stored slideshow is on its way to a campaign's subscribers. Each gets postbacks of their own."""

    mms_id: str | None = None
    scheduled_id: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SentSMS:
    """A text was accepted. What becomes of it arrives in postbacks (N201, N202) with the same ``tracking_id``."""

    tracking_id: str | None = None
    to: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SubscriberResult:
    """What became of one of a subscriber's numbers; ``error`` is what would have been raised for that number alone."""

    status: str | None = None
    tracking_id: str | None = None
    to: str | None = None
    sender: str | None = None
    details: str | None = None
    error_code: str | None = None
    error_info: str | None = None

    @property
    def error(self) -> MMSError | None:
        """The refusal as an error, not raised; None where the message was accepted."""
        # Ruling 10: another status, or an error code.
        if not self.error_code and (self.status or "").lower() == "success":
            return None
        return gateway_refusal(self.error_code, self.error_info, status=self.status)


@dataclass(frozen=True, slots=True)
class SentToSubscriber:
    """A message went to the numbers of a subscriber: one result each, some of which may have failed, or all."""

    subscriber_ref: str | None = None
    campaign_ref: str | None = None
    results: tuple[SubscriberResult, ...] = ()
    raw: Nodes = field(default=(), compare=False, repr=False)

    @property
    def failed(self) -> tuple[SubscriberResult, ...]:
        """The results that are refusals."""
        return tuple(result for result in self.results if result.error is not None)


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """A campaign was made. People subscribe to it by its id, or by the reference the account gives it."""

    campaign_id: str | None = None
    campaign_name: str | None = None
    brand_name: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Campaign:
    """A line of the list of campaigns."""

    campaign_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CampaignList:
    """The account's campaigns."""

    campaigns: tuple[Campaign, ...] = ()
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A number joined a campaign or left it; an N301 or N302 postback says so too."""

    campaign: str | None = None
    subscriber_ref: str | None = None
    mobile: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RemovedInboxMessage:
    """The files of a received message are gone from the gateway; the record that it came stays."""

    inbox_id: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class StatisticsLink:
    """Where the report lies: fetch ``link`` and read it with :func:`skymms.read_report`.

    No document shows this answer. The first address in it is taken for the link, whatever its node is called; an answer
    without an address is none.
    """

    link: str = ""
    raw: Nodes = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.link:
            words = (text.strip() for _, text in self.raw)
            object.__setattr__(self, "link", next((one for one in words if one.startswith(("https://", "http://"))), ""))
        if not self.link:
            raise ValueError("there is no address of a report in it")


@dataclass(frozen=True, slots=True)
class Session:
    """A session for the vendor's widgets. Who has the id acts for the account, so it is not shown."""

    session_id: str | None = field(default=None, repr=False)
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal as it stands on the wire. The library raises it as an error; the sandbox writes it."""

    code: str | None = None
    to: str | None = None
    info: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)
