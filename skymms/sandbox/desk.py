"""What the sandbox knows beyond slideshows: campaigns and who is in them, the inbox, the sessions, and what a report says.

Each function here is one of the actions that only 1.3 has; the gateway calls it when the request is right in form, and it
answers as far as the documents tell what is answered. A campaign's reference is its id here.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..actions import (
    CreateCampaign,
    CreateSession,
    GetStatistics,
    ListCampaigns,
    RemoveInboxMessage,
    SendMessageBySubscriberRef,
    SendMMSBarcode,
    SendPassInMMS,
    SendSavedMMSCampaign,
    SendSMS,
    Subscribe,
    Unsubscribe,
)
from ..codes import ANSWERS
from ..dialects import Dialect
from ..notices import DeliveryReport, InboundMMS, Notice, SubscriptionChange
from ..operations import Operation
from ..replies import (
    Campaign,
    CampaignList,
    NewCampaign,
    RemovedInboxMessage,
    ScheduledMMS,
    SentSMS,
    SentToSubscriber,
    Session,
    StatisticsLink,
    SubscriberResult,
    Subscription,
)
from ..rules import in_utc

if TYPE_CHECKING:
    from .gateway import Gateway

#: Where reports are served, below the sandbox's own address.
REPORTS = "/reports/"

#: The short code of every campaign here.
SHORT_CODE = "60856"

_Outcome = tuple[Any, list[Notice]]


@dataclass(slots=True)
class Joined:
    """A campaign: its names, and each of its numbers with the subscriber it belongs to."""

    campaign_id: str
    name: str
    brand: str
    numbers: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Line:
    """What a report says of one message: its node, when it was sent, and its attributes."""

    node: str
    at: datetime
    attributes: Mapping[str, str]


class Desk:
    """What is kept between requests."""

    def __init__(self, most: int) -> None:
        self.campaigns: dict[str, Joined] = {}
        #: The inbox, by id, and whether its files are still there.
        self.inbox: dict[str, bool] = {}
        #: Numbers that nothing is sent to (E114).
        self.blocked: set[str] = set()
        self.sessions: deque[str] = deque(maxlen=most)
        self.reports: dict[str, bytes] = {}
        #: Where the sandbox listens.
        self.home = ""
        self._lines: deque[_Line] = deque(maxlen=most)

    def note(self, node: str, id: str, to: str, sender: str | None, at: datetime, **more: str | None) -> None:
        """Keep a message for the reports."""
        attributes = {"id": id, "to": to, "from": sender, "carrier": "sandbox", **more}
        self._lines.append(_Line(node, at, {name: value for name, value in attributes.items() if value is not None}))

    def receive(self, sender: str, to: str, files: tuple[str, ...], at: datetime) -> InboundMMS:
        """Put a message into the inbox: the notice that tells of it, whose ``tracking_id`` is its id."""
        inbox_id = f"MMS_MO_{secrets.token_urlsafe(6)}"
        self.inbox[inbox_id] = True
        return InboundMMS("N401", origin="MMS_MO", tracking_id=inbox_id, sender=sender, to=to, files=files, timestamp=at)

    def report(self, start: datetime, end: datetime) -> bytes:
        """Everything sent in a span, as the vendor writes it (1.3, Appendix C)."""
        from lxml import etree

        root = etree.Element("RESPONSE")
        listed = etree.SubElement(root, "SENDING_LIST")
        for line in self._lines:
            if start <= line.at < end:
                node = etree.SubElement(listed, line.node, dict(line.attributes))
                way = etree.SubElement(node, "MSG_STATUS") if line.node == "CONTENT" else node
                for number, (name, gateway) in enumerate((("INQUE", ""), ("INIT", "0"), ("ACK", "9"), ("DLR", "20"))):
                    step = etree.SubElement(way, name, time=(line.at + timedelta(seconds=number)).isoformat())
                    if gateway:
                        step.set("gw", gateway)
                        step.set("net", "0")
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


# ------------------------------------------------------------------------------------------------ sending


def _send_to_campaign(gateway: Gateway, operation: SendSavedMMSCampaign, dialect: Dialect) -> _Outcome:
    mms_id = str(operation.mms_id)
    if mms_id not in gateway.saved:
        return gateway.refuse(operation, "E241"), []
    campaign = gateway.desk.campaigns.get(str(operation.to_campaign))
    if campaign is None:
        return gateway.refuse(operation, "E714"), []
    gateway.sent.append(operation)
    notices: list[Notice] = []
    for number in campaign.numbers:
        if number not in gateway.desk.blocked:
            notices += gateway.deliver(number, SHORT_CODE, mms_id)[1]
    return ScheduledMMS(mms_id, gateway.next_id()), notices


def _send_barcode(gateway: Gateway, operation: SendMMSBarcode, dialect: Dialect) -> _Outcome:
    if str(operation.mms_id) not in gateway.saved:
        return gateway.refuse(operation, "E241"), []
    reply, notices = gateway.queue(operation, str(operation.mms_id))
    # As documented, this action's answer does not tell the sender and has no details.
    return (replace(reply, sender=None, details=None) if notices else reply), notices


def _send_pass(gateway: Gateway, operation: SendPassInMMS, dialect: Dialect) -> _Outcome:
    stored = gateway.saved.get(str(operation.mms_id))
    if stored is None:
        return gateway.refuse(operation, "E241"), []
    if not any(slide.passbook for slide in stored.slideshow.slides):
        return gateway.refuse(operation, "E822"), []
    reply, notices = gateway.queue(operation, stored.mms_id)
    return (replace(reply, details=None) if notices else reply), notices


def _send_sms(gateway: Gateway, operation: SendSMS, dialect: Dialect) -> _Outcome:
    if operation.to in gateway.desk.blocked:
        return gateway.refuse(operation, "E114"), []
    gateway.sent.append(operation)
    tracking_id, notices = _text(gateway, operation.to, operation.sender, operation.text, operation.operator_id)
    return SentSMS(tracking_id, operation.to), notices


def _text(gateway: Gateway, to: str, sender: str, text: str, operator_id: str | None = None) -> tuple[str, list[Notice]]:
    """An SMS goes out, and arrives."""
    tracking_id = f"SMS_{gateway.next_id()}"
    gateway.desk.note("TEXT", tracking_id, to, sender, gateway.now(), body=text)
    report = DeliveryReport(
        "N201",
        origin="SMS_MT",
        status="Message Sent",
        sender=sender,
        to=to,
        tracking_id=tracking_id,
        operator_id=operator_id,
        timestamp=gateway.now(),
    )
    return tracking_id, [report, replace(report, code="N202", status="Message Sent/Delivered", timestamp=gateway.now())]


def _send_to_subscriber(gateway: Gateway, operation: SendMessageBySubscriberRef, dialect: Dialect) -> _Outcome:
    campaign = gateway.desk.campaigns.get(str(operation.campaign_ref))
    if campaign is None:
        return gateway.refuse(operation, "E721"), []
    if operation.mms_id and str(operation.mms_id) not in gateway.saved:
        return gateway.refuse(operation, "E241"), []
    numbers = [number for number, subscriber in campaign.numbers.items() if subscriber == operation.subscriber_ref]
    if not numbers:
        return gateway.refuse(operation, "E715"), []
    gateway.sent.append(operation)
    results, notices = [], []
    for number in numbers:
        result, told = _to_one(gateway, operation, number)
        results.append(result)
        notices += told
    return SentToSubscriber(operation.subscriber_ref, operation.campaign_ref, tuple(results)), notices


def _to_one(gateway: Gateway, operation: SendMessageBySubscriberRef, to: str) -> tuple[SubscriberResult, list[Notice]]:
    if to in gateway.desk.blocked:
        return SubscriberResult("Failure", to=to, error_code="E114", error_info=ANSWERS["E114"].meaning), []
    if operation.mms_id:
        sent, notices = gateway.deliver(to, SHORT_CODE, str(operation.mms_id))
        return SubscriberResult("Success", sent.tracking_id, to, SHORT_CODE, sent.details), notices
    tracking_id, notices = _text(gateway, to, SHORT_CODE, operation.text or "")
    return SubscriberResult("Success", tracking_id, to, SHORT_CODE, "accepted by the sandbox, no phone will ring"), notices


# ------------------------------------------------------------------------------------------------ campaigns


def _list_campaigns(gateway: Gateway, operation: ListCampaigns, dialect: Dialect) -> _Outcome:
    campaigns = gateway.desk.campaigns.values()
    if not campaigns:
        return gateway.refuse(operation, "E405"), []
    return CampaignList(tuple(Campaign(one.campaign_id, one.name) for one in campaigns)), []


def _create_campaign(gateway: Gateway, operation: CreateCampaign, dialect: Dialect) -> _Outcome:
    made = Joined(gateway.next_id(), operation.campaign_name, operation.brand_name)
    gateway.desk.campaigns[made.campaign_id] = made
    return NewCampaign(made.campaign_id, made.name, made.brand), []


def _subscribe(gateway: Gateway, operation: Subscribe, dialect: Dialect) -> _Outcome:
    campaign = gateway.desk.campaigns.get(str(operation.campaign))
    if campaign is None:
        return gateway.refuse(operation, "E903"), []
    campaign.numbers[operation.mobile] = operation.subscriber_ref
    reply = Subscription(campaign.campaign_id, operation.subscriber_ref, operation.mobile)
    return reply, [_change(gateway, "N301", campaign, operation.mobile)]


def _unsubscribe(gateway: Gateway, operation: Unsubscribe, dialect: Dialect) -> _Outcome:
    campaign = gateway.desk.campaigns.get(str(operation.campaign))
    if campaign is None:
        return gateway.refuse(operation, "E903"), []
    if operation.mobile not in campaign.numbers:
        return gateway.refuse(operation, "E905"), []
    del campaign.numbers[operation.mobile]
    reply = Subscription(campaign.campaign_id, mobile=operation.mobile)
    return reply, [_change(gateway, "N302", campaign, operation.mobile)]


def _change(gateway: Gateway, code: str, campaign: Joined, mobile: str) -> SubscriptionChange:
    return SubscriptionChange(
        code,
        origin="SUB",
        mobile=mobile,
        campaign_ref=campaign.campaign_id,
        campaign_title=campaign.name,
        brand_name=campaign.brand,
        short_code=SHORT_CODE,
        source="API",
        timestamp=gateway.now(),
    )


# ------------------------------------------------------------------------------------------------ the rest


def _remove(gateway: Gateway, operation: RemoveInboxMessage, dialect: Dialect) -> _Outcome:
    inbox = gateway.desk.inbox
    if not inbox.get(operation.inbox_id):
        # The files go, the record stays: a second removal finds a message that holds nothing.
        return gateway.refuse(operation, "E642" if operation.inbox_id in inbox else "E641"), []
    inbox[operation.inbox_id] = False
    return RemovedInboxMessage(operation.inbox_id), []


def _statistics(gateway: Gateway, operation: GetStatistics, dialect: Dialect) -> _Outcome:
    start, end = in_utc(operation.start), in_utc(operation.end)
    assert start is not None
    assert end is not None
    name = f"{gateway.next_id()}.xml"
    gateway.desk.reports[name] = gateway.desk.report(start, end)
    return StatisticsLink(f"{gateway.desk.home}{REPORTS}{name}"), []


def _session(gateway: Gateway, operation: CreateSession, dialect: Dialect) -> _Outcome:
    gateway.desk.sessions.append(secrets.token_hex(16))
    return Session(gateway.desk.sessions[-1]), []


#: Each action, and the function that answers it.
ACTIONS: Mapping[type[Operation[Any]], Callable[..., _Outcome]] = {
    SendSavedMMSCampaign: _send_to_campaign,
    SendMMSBarcode: _send_barcode,
    SendPassInMMS: _send_pass,
    SendSMS: _send_sms,
    SendMessageBySubscriberRef: _send_to_subscriber,
    ListCampaigns: _list_campaigns,
    CreateCampaign: _create_campaign,
    Subscribe: _subscribe,
    Unsubscribe: _unsubscribe,
    RemoveInboxMessage: _remove,
    GetStatistics: _statistics,
    CreateSession: _session,
}
