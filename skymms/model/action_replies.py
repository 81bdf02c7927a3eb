"""The gateway's responses to the operations that only Skycore 1.3 has.

They are in a file of their own so that a client that sends an MMS does not load them. ``raw`` is as in
:mod:`skymms.model.replies`.
"""

from __future__ import annotations

from dataclasses import field

from .._functools import value
from ..errors import MMSError, Nodes, gateway_refusal
from .serializable import Serializable


@value
class ScheduledMMS(Serializable):
    """The gateway will send a stored slideshow to a campaign's subscribers. Each recipient has postbacks of its own."""

    mms_id: str | None = None
    scheduled_id: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@value
class SentSMS(Serializable):
    """The gateway accepted an SMS. Its delivery is reported in postbacks (N201, N202) with the same ``tracking_id``."""

    tracking_id: str | None = None
    to: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@value
class SubscriberResult(Serializable):
    """The result for one of a subscriber's numbers. ``error`` is the error that a call for this number alone would raise."""

    status: str | None = None
    tracking_id: str | None = None
    to: str | None = None
    sender: str | None = None
    details: str | None = None
    error_code: str | None = None
    error_info: str | None = None

    @property
    def error(self) -> MMSError | None:
        """The refusal as an error, which is not raised; None if the message was accepted."""
        # As for a whole response, a refusal has an error code, or a status other than success.
        if not self.error_code and (self.status or "").lower() == "success":
            return None
        return gateway_refusal(self.error_code, self.error_info, status=self.status)


@value
class SentToSubscriber(Serializable):
    """The results of a message to all numbers of a subscriber, one per number. Some or all of them may have failed."""

    subscriber_ref: str | None = None
    campaign_ref: str | None = None
    results: tuple[SubscriberResult, ...] = ()
    raw: Nodes = field(default=(), compare=False, repr=False)

    @property
    def failed(self) -> tuple[SubscriberResult, ...]:
        """The results that are refusals."""
        return tuple(result for result in self.results if result.error is not None)


@value
class NewCampaign(Serializable):
    """The gateway created a campaign. People subscribe to it by its id, or by the reference that the account gives it."""

    campaign_id: str | None = None
    campaign_name: str | None = None
    brand_name: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@value
class Campaign(Serializable):
    """One campaign of a list."""

    campaign_id: str | None = None
    name: str | None = None


@value
class CampaignList(Serializable):
    """The account's campaigns."""

    campaigns: tuple[Campaign, ...] = ()
    raw: Nodes = field(default=(), compare=False, repr=False)


@value
class Subscription(Serializable):
    """A number joined or left a campaign. An N301 or N302 postback reports it too."""

    campaign: str | None = None
    subscriber_ref: str | None = None
    mobile: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@value
class RemovedInboxMessage(Serializable):
    """The gateway deleted the files of a received message. Its record that the message arrived remains."""

    inbox_id: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@value
class StatisticsLink(Serializable):
    """The URL of a report: fetch ``link`` and parse it with :func:`skymms.read_report`.

    No vendor page shows this response, so the link is the first URL in it, in a field of any name. A response without a URL
    raises ``ValueError``.
    """

    link: str = ""
    raw: Nodes = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.link:
            texts = (text.strip() for _, text in self.raw)
            object.__setattr__(self, "link", next((text for text in texts if text.startswith(("https://", "http://"))), ""))
        if not self.link:
            raise ValueError("the response holds no URL of a report")


@value
class Session(Serializable):
    """A session for the vendor's widgets.

    ``session_id`` lets its holder act for the account, so it is not in the ``repr``. ``to_dict()`` does include it.
    """

    session_id: str | None = field(default=None, repr=False)
    raw: Nodes = field(default=(), compare=False, repr=False)
