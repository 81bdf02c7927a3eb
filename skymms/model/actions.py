"""What else 1.3 can be asked: campaigns and who is in them, passes and barcodes, plain texts, the inbox, the statistics.

The five everyday operations are in ``skymms.model.operations``; these follow the same rules. The successor has none of them, so
an account of its dialects refuses them before anything is sent. Source: the 1.3 reference, sections 2.4 to 2.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import date
from typing import ClassVar

from .operations import Operation, frozen_mapping
from .replies import (
    CampaignList,
    NewCampaign,
    RemovedInboxMessage,
    ScheduledMMS,
    SentMMS,
    SentSMS,
    SentToSubscriber,
    Session,
    StatisticsLink,
    Subscription,
)

# ------------------------------------------------------------------------------------------------ sending


@dataclass(frozen=True, slots=True)
class SendSavedMMSCampaign(Operation[ScheduledMMS]):
    """Send a stored slideshow to everybody who is subscribed to a campaign, from its own short code."""

    reply: ClassVar[type[ScheduledMMS]] = ScheduledMMS

    mms_id: str | int | None
    to_campaign: str | int | None


@dataclass(frozen=True, slots=True)
class _SendStored(Operation[SentMMS]):
    """What the two that follow have in common, all of it as in :class:`~skymms.SendSavedMMS`."""

    reply: ClassVar[type[SentMMS]] = SentMMS

    mms_id: str | int | None
    _: KW_ONLY
    to: str
    sender: str
    sender_mask: str | None = None
    campaign_ref: str | None = None
    custom_text: Mapping[int, str] = field(default_factory=dict, hash=False)
    custom_subject: str | None = None
    data: Mapping[str, str] = field(default_factory=dict, hash=False)
    disable_fallback: bool | None = None
    disable_fallback_link: bool | None = None
    force_pass_as_link: bool | None = None
    ddm_subject: str | None = None
    ddm_text: str | None = None
    ddm_timeout: int | None = None
    ddm_force: bool | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        # As in SendSavedMMS: what the caller does to its dictionaries afterwards does not reach a frozen value.
        object.__setattr__(self, "custom_text", frozen_mapping("custom_text", self.custom_text))
        object.__setattr__(self, "data", frozen_mapping("data", self.data))


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMMSBarcode(_SendStored):
    """Send a stored slideshow with ``barcode_id`` drawn into the barcode it has a place for. The vendor calls it deprecated.

    ``database_id`` was wanted until 2013-09. The other fields are those of :class:`~skymms.SendSavedMMS`.
    """

    barcode_id: str
    database_id: str | None = None
    operator_id: str | None = None
    fallback_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPassInMMS(_SendStored):
    """Send a stored slideshow with a wallet pass, filled in for this recipient.

    ``pass_data`` are the pass's own values, by the vendor's names in lower case: ``custompassid``, ``thumbnailurl``,
    ``barcodevalue`` (wanted where the template's barcode is dynamic), ``barcodetext``; ``headerlabel1`` and ``headervalue1``;
    ``primarylabel1`` to ``2``, ``seclabel``, ``auxlabel`` and ``backlabel1`` to ``4``, each with its ``value``;
    ``rellatitude``, ``rellongitude`` and ``reltext1`` to ``10``; ``ibeaconuuid``, ``ibeaconmajor``, ``ibeaconminor`` and
    ``ibeacontext1`` to ``10``. The other fields are those of :class:`~skymms.SendSavedMMS`.
    """

    pass_data: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        # No super(): with slots, a dataclass is made anew, and super() would look for the class that it was.
        _SendStored.__post_init__(self)
        object.__setattr__(self, "pass_data", frozen_mapping("pass_data", self.pass_data))


@dataclass(frozen=True, slots=True)
class SendMessageBySubscriberRef(Operation[SentToSubscriber]):
    """Send a stored slideshow (``mms_id``) or an SMS (``text``), one of the two, to all numbers of a subscriber in a campaign.

    One call may send many messages: see ``reply.failed``, for those that failed raise nothing.
    """

    reply: ClassVar[type[SentToSubscriber]] = SentToSubscriber

    subscriber_ref: str
    _: KW_ONLY
    campaign_ref: str
    mms_id: str | int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class SendSMS(Operation[SentSMS]):
    """Send a text to one number."""

    reply: ClassVar[type[SentSMS]] = SentSMS

    text: str
    _: KW_ONLY
    to: str
    sender: str
    sender_mask: str | None = None
    operator_id: str | None = None
    campaign_ref: str | None = None


# ------------------------------------------------------------------------------------------------ campaigns


@dataclass(frozen=True, slots=True)
class ListCampaigns(Operation[CampaignList]):
    """List the account's campaigns; E405 where there are none."""

    reply: ClassVar[type[CampaignList]] = CampaignList
    repeatable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class CreateCampaign(Operation[NewCampaign]):
    """Make a campaign. Both names are shown to people when they join and leave, the brand's in every help text too."""

    reply: ClassVar[type[NewCampaign]] = NewCampaign

    campaign_name: str
    _: KW_ONLY
    brand_name: str


@dataclass(frozen=True, slots=True)
class Subscribe(Operation[Subscription]):
    """Put a number into a campaign. Who left it by themselves cannot be put back.

    ``campaign`` is the campaign's reference, or its id in older accounts. ``subscriber_ref`` is a name of yours for the person:
    several numbers may share it. ``data`` is kept with the number, for merge tags. ``timezone`` is an abbreviation such as EST.
    ``notify`` tells the person; ``call_to_action`` asks them to confirm first (both are in older documents only).
    """

    reply: ClassVar[type[Subscription]] = Subscription

    mobile: str
    _: KW_ONLY
    campaign: str | int
    subscriber_ref: str | None = None
    data: Mapping[str, str] = field(default_factory=dict, hash=False)
    operator_id: str | None = None
    timezone: str | None = None
    notify: bool | None = None
    call_to_action: bool | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", frozen_mapping("data", self.data))


@dataclass(frozen=True, slots=True)
class Unsubscribe(Operation[Subscription]):
    """Take a number out of a campaign; it can be put back."""

    reply: ClassVar[type[Subscription]] = Subscription

    mobile: str
    _: KW_ONLY
    campaign: str | int
    notify: bool | None = None


# ------------------------------------------------------------------------------------------------ the rest


@dataclass(frozen=True, slots=True)
class RemoveInboxMessage(Operation[RemovedInboxMessage]):
    """Delete the files of a received MMS at once. ``inbox_id`` is the ``tracking_id`` of its N401 postback."""

    reply: ClassVar[type[RemovedInboxMessage]] = RemovedInboxMessage

    inbox_id: str


@dataclass(frozen=True, slots=True)
class GetStatistics(Operation[StatisticsLink]):
    """Ask for a report of everything sent between two moments; the answer is a link to it.

    A moment without a zone is taken as UTC, a date as its midnight in UTC; fractions of a second are dropped. The account's
    settings limit how long a time one report may span (E509) and how many may be asked for in a day (E510).
    """

    reply: ClassVar[type[StatisticsLink]] = StatisticsLink
    repeatable: ClassVar[bool] = True

    start: date | str
    end: date | str


@dataclass(frozen=True, slots=True)
class CreateSession(Operation[Session]):
    """Open a session of the account for the vendor's widgets."""

    reply: ClassVar[type[Session]] = Session
