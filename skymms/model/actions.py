"""The operations that only Skycore 1.3 has: campaigns and their subscribers, passes, barcodes, SMS, the inbox, statistics.

They follow the same rules as the operations in :mod:`skymms.model.operations`. Sinch MMS has none of them, so an
account with one of its dialects refuses them before anything is sent. Source: the Skycore 1.3 reference, sections 2.4 to 2.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, field
from datetime import date
from typing import ClassVar

from .._functools import value
from .action_replies import (
    CampaignList,
    NewCampaign,
    RemovedInboxMessage,
    ScheduledMMS,
    SentSMS,
    SentToSubscriber,
    Session,
    StatisticsLink,
    Subscription,
)
from .operations import Operation, empty_mapping, frozen_mapping
from .replies import SentMMS

# ------------------------------------------------------------------------------------------------ sending


@value
class SendSavedMMSCampaign(Operation[ScheduledMMS]):
    """Send a stored slideshow to all subscribers of a campaign, from the campaign's own short code."""

    reply: ClassVar[type[ScheduledMMS]] = ScheduledMMS
    #: Always None: the message is sent to a whole campaign.
    to: ClassVar[None] = None

    mms_id: str | int | None
    to_campaign: str | int | None


@value
class _SendStored(Operation[SentMMS]):
    """The fields that the next two operations share. They are those of :class:`~skymms.SendSavedMMS`."""

    reply: ClassVar[type[SentMMS]] = SentMMS

    mms_id: str | int | None
    _: KW_ONLY
    to: str | int | None = None
    sender: str | int | None = None
    sender_mask: str | None = None
    campaign_ref: str | int | None = None
    custom_text: Mapping[int, str] = field(default_factory=empty_mapping, hash=False)
    custom_subject: str | None = None
    data: Mapping[str, str] = field(default_factory=empty_mapping, hash=False)
    disable_fallback: bool | None = None
    disable_fallback_link: bool | None = None
    force_pass_as_link: bool | None = None
    ddm_subject: str | None = None
    ddm_text: str | None = None
    ddm_timeout: int | None = None
    ddm_force: bool | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        # As in SendSavedMMS: a later change of the caller's dictionaries does not change this value.
        object.__setattr__(self, "custom_text", frozen_mapping("custom_text", self.custom_text))
        object.__setattr__(self, "data", frozen_mapping("data", self.data))


@value
class SendMMSBarcode(_SendStored):
    """Send a stored slideshow with ``barcode_id`` drawn into its barcode. The vendor calls this operation deprecated.

    ``database_id`` was required until 2013-09. The other fields are those of :class:`~skymms.SendSavedMMS`.
    """

    _: KW_ONLY
    barcode_id: str | int
    database_id: str | int | None = None
    operator_id: str | int | None = None
    fallback_text: str | None = None


@value
class SendPassInMMS(_SendStored):
    """Send a stored slideshow with a wallet pass that is filled in for this recipient.

    ``pass_data`` holds the values of the pass under the vendor's names in lower case: ``custompassid``, ``thumbnailurl``,
    ``barcodevalue`` (required if the template's barcode is dynamic), ``barcodetext``; ``headerlabel1`` and ``headervalue1``;
    ``primarylabel1`` to ``2``, ``seclabel``, ``auxlabel`` and ``backlabel1`` to ``4``, each with its ``value``;
    ``rellatitude``, ``rellongitude`` and ``reltext1`` to ``10``; ``ibeaconuuid``, ``ibeaconmajor``, ``ibeaconminor`` and
    ``ibeacontext1`` to ``10``. The other fields are those of :class:`~skymms.SendSavedMMS`.
    """

    _: KW_ONLY
    pass_data: Mapping[str, str] = field(default_factory=empty_mapping, hash=False)

    def __post_init__(self) -> None:
        # Not super(): a slotted dataclass is a new class, and super() would look for the class that was decorated.
        _SendStored.__post_init__(self)
        object.__setattr__(self, "pass_data", frozen_mapping("pass_data", self.pass_data))


@value
class SendMessageBySubscriberRef(Operation[SentToSubscriber]):
    """Send a stored slideshow (``mms_id``) or an SMS (``text``), one of the two, to all numbers of a subscriber in a campaign.

    One call may send many messages. Those that failed raise nothing: they are in ``reply.failed``.
    """

    reply: ClassVar[type[SentToSubscriber]] = SentToSubscriber
    #: Always None: the gateway knows the subscriber's numbers.
    to: ClassVar[None] = None

    subscriber_ref: str | int
    _: KW_ONLY
    campaign_ref: str | int | None
    mms_id: str | int | None = None
    text: str | None = None


@value
class SendSMS(Operation[SentSMS]):
    """Send an SMS to one number."""

    reply: ClassVar[type[SentSMS]] = SentSMS

    text: str
    _: KW_ONLY
    to: str | int | None = None
    sender: str | int | None = None
    sender_mask: str | None = None
    operator_id: str | int | None = None
    campaign_ref: str | int | None = None


# ------------------------------------------------------------------------------------------------ campaigns


@value
class ListCampaigns(Operation[CampaignList]):
    """List the account's campaigns."""

    reply: ClassVar[type[CampaignList]] = CampaignList
    repeatable: ClassVar[bool] = True


@value
class CreateCampaign(Operation[NewCampaign]):
    """Create a campaign. People see both names when they join and leave, and the brand's name in every help text."""

    reply: ClassVar[type[NewCampaign]] = NewCampaign

    campaign_name: str
    _: KW_ONLY
    brand_name: str


@value
class Subscribe(Operation[Subscription]):
    """Subscribe a number to a campaign. A person who left the campaign cannot be subscribed again by this call.

    :param mobile: the number, country code first.
    :param campaign: the campaign's reference, or its id in older accounts.
    :param subscriber_ref: your name for the person, which several numbers may share.
    :param data: values for merge tags, stored with the number.
    :param timezone: an abbreviation such as EST.
    :param notify: True sends the person a message about it (older documents only).
    :param call_to_action: True asks the person to confirm first (older documents only).
    """

    reply: ClassVar[type[Subscription]] = Subscription

    mobile: str | int
    _: KW_ONLY
    campaign: str | int | None
    subscriber_ref: str | int | None = None
    data: Mapping[str, str] = field(default_factory=empty_mapping, hash=False)
    operator_id: str | int | None = None
    timezone: str | None = None
    notify: bool | None = None
    call_to_action: bool | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", frozen_mapping("data", self.data))


@value
class Unsubscribe(Operation[Subscription]):
    """Remove a number from a campaign. It can be subscribed again."""

    reply: ClassVar[type[Subscription]] = Subscription

    mobile: str | int
    _: KW_ONLY
    campaign: str | int | None
    notify: bool | None = None


# ------------------------------------------------------------------------------------------------ inbox, statistics, session


@value
class RemoveInboxMessage(Operation[RemovedInboxMessage]):
    """Delete the files of a received MMS immediately. ``inbox_id`` is the ``tracking_id`` of its N401 postback."""

    reply: ClassVar[type[RemovedInboxMessage]] = RemovedInboxMessage

    inbox_id: str | int | None


@value
class GetStatistics(Operation[StatisticsLink]):
    """Request a report of all messages sent between two times; the reply is a link to the report.

    A time without a zone is taken as UTC, a date as midnight UTC; fractions of a second are dropped. The account's settings
    limit the span of one report (E509) and the number of reports per day (E510).
    """

    reply: ClassVar[type[StatisticsLink]] = StatisticsLink
    repeatable: ClassVar[bool] = True

    start: date | str
    end: date | str


@value
class CreateSession(Operation[Session]):
    """Open a session of the account for the vendor's widgets."""

    reply: ClassVar[type[Session]] = Session
