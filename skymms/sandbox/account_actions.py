"""The actions that do not send a message: stored slideshows, campaigns and subscriptions, the inbox, statistics, sessions.

Each receives a validated operation and returns its reply and the notices that follow. A campaign is referenced by its id or its
name.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ..model.action_replies import (
    Campaign,
    CampaignList,
    NewCampaign,
    RemovedInboxMessage,
    Session,
    StatisticsLink,
    Subscription,
)
from ..model.actions import (
    CreateCampaign,
    CreateSession,
    GetStatistics,
    ListCampaigns,
    RemoveInboxMessage,
    Subscribe,
    Unsubscribe,
)
from ..model.notices import EncodingReport, InboundMMS, InboundSMS, SubscriptionChange
from ..model.operations import Operation
from ..model.slideshow import Slideshow
from ..model.stored_operations import DeleteMMS, ListMMS, SaveMMS
from ..model.stored_replies import DeletedMMS, MMSList, SavedMMS, StoredMMS
from ..validation.dates import to_utc
from ..wire.dialects import Dialect
from .state import SHORT_CODE, ActionResult, CampaignRecord, SavedSlideshow, ScheduledNotice, State, content_size, refuse

#: The page size of a list if the request has none (Sinch MMS reference, 2.7).
PER_PAGE = 100

#: The paths below which the sandbox serves statistics and the texts of inbound messages.
REPORTS, INBOX = "/reports/", "/inbox/"

# ------------------------------------------------------------------------------------------------ slideshows


def _save(state: State, operation: SaveMMS, dialect: Dialect) -> ActionResult:
    slideshow = operation.slideshow
    mms_id, tracking_id = state.next_id(), f"MMS_{state.next_id()}"
    # Skycore 1.3: a slideshow with audio or video is locked while it is encoded; any other is ready at once.
    delay = state.settings.delays.encoded if any(slide.audio or slide.video for slide in slideshow.slides) else 0.0
    now = state.clock.now()
    failed, failed_file = _encoding_failure(state, slideshow)
    saved = SavedSlideshow(mms_id, slideshow, now, now + timedelta(seconds=delay), failed)
    state.saved.put(mms_id, saved, content_size(slideshow))
    # All dialects report the MMS id, which their response contains too. The JSON service of Sinch MMS has no id in its
    # response: its report has the tracking id and the client reference of the request.
    report = EncodingReport(
        failed or "N003",
        origin="MMS_MT",
        mms_id=mms_id,
        tracking_id=tracking_id,
        client_reference=None if operation.client_reference is None else str(operation.client_reference),
        **failed_file,
    )
    return SavedMMS(mms_id, tracking_id, "accepted by the sandbox, to be encoded"), [ScheduledNotice(delay, report)]


def _encoding_failure(state: State, slideshow: Slideshow) -> tuple[str | None, dict[str, Any]]:
    """Return the code of the first file that a test has arranged to fail, and the report's field that names the file."""
    for slide in slideshow.slides:
        for kind in ("audio", "video", "image"):
            url = getattr(slide, kind)
            if url in state.encoding_failures:
                return state.encoding_failures[url], {kind: url}
    return None, {}


def _delete(state: State, operation: DeleteMMS, dialect: Dialect) -> ActionResult:
    if state.saved.remove(str(operation.mms_id)) is None:
        return refuse(operation, "E241"), []
    return DeletedMMS(str(operation.mms_id)), []


def _list(state: State, operation: ListMMS, dialect: Dialect) -> ActionResult:
    newest_first = list(reversed(state.saved.values()))
    if not newest_first and dialect.empty_list_code:
        return refuse(operation, dialect.empty_list_code), []
    since = operation.start_date
    if isinstance(since, datetime) and since.tzinfo is not None:
        newest_first = [saved for saved in newest_first if saved.created > since]
    page, per_page = operation.page or 1, operation.per_page or PER_PAGE
    listed = newest_first[(page - 1) * per_page : page * per_page]
    reply = MMSList(
        mms_ids=tuple(saved.mms_id for saved in listed),
        templates=tuple(map(_list_entry, listed)),
        start_date=since,
        page=page,
        per_page=per_page,
        total=len(newest_first),
    )
    return reply, []


def _list_entry(saved: SavedSlideshow) -> StoredMMS:
    slideshow = saved.slideshow
    return StoredMMS(
        mms_id=saved.mms_id,
        name=slideshow.name,
        subject=slideshow.subject,
        created=saved.created,
        slides=len(slideshow.slides),
    )


# ------------------------------------------------------------------------------------------------ campaigns


def _list_campaigns(state: State, operation: ListCampaigns, dialect: Dialect) -> ActionResult:
    if not state.campaigns:
        return refuse(operation, "E405"), []
    return CampaignList(tuple(Campaign(one.campaign_id, one.name) for one in state.campaigns.values())), []


def _create_campaign(state: State, operation: CreateCampaign, dialect: Dialect) -> ActionResult:
    campaign = CampaignRecord(state.next_id(), operation.campaign_name, operation.brand_name)
    state.campaigns.put(campaign.campaign_id, campaign, content_size(campaign))
    return NewCampaign(campaign.campaign_id, campaign.name, campaign.brand), []


def _subscribe(state: State, operation: Subscribe, dialect: Dialect) -> ActionResult:
    campaign = state.campaign(operation.campaign)
    if campaign is None:
        return refuse(operation, "E903"), []
    mobile = str(operation.mobile)
    subscriber_ref = None if operation.subscriber_ref is None else str(operation.subscriber_ref)
    state.subscribe(campaign, mobile, subscriber_ref)
    # The response repeats the campaign reference of the request.
    reply = Subscription(str(operation.campaign), subscriber_ref, mobile)
    return reply, [_subscription_change(state, "N301", campaign, mobile)]


def _unsubscribe(state: State, operation: Unsubscribe, dialect: Dialect) -> ActionResult:
    campaign = state.campaign(operation.campaign)
    if campaign is None:
        return refuse(operation, "E903"), []
    mobile = str(operation.mobile)
    if mobile not in campaign.numbers:
        return refuse(operation, "E905"), []
    state.unsubscribe(campaign, mobile)
    return Subscription(str(operation.campaign), mobile=mobile), [_subscription_change(state, "N302", campaign, mobile)]


def _subscription_change(state: State, code: str, campaign: CampaignRecord, mobile: str) -> ScheduledNotice:
    notice = SubscriptionChange(
        code,
        origin="SUB",
        mobile=mobile,
        campaign_ref=campaign.campaign_id,
        campaign_title=campaign.name,
        brand_name=campaign.brand,
        short_code=SHORT_CODE,
        source="API",
        timestamp=state.timestamp(),
    )
    return ScheduledNotice(0.0, notice)


# ------------------------------------------------------------------------------------------------ inbox, statistics, sessions


def inbound_mms(
    state: State, sender: str, to: str, files: tuple[str, ...], text: str | None, subject: str | None, keyword: str | None
) -> InboundMMS:
    """Store an MMS in the inbox, and return its notice. The notice's ``tracking_id`` is the message's id in the inbox."""
    inbox_id = f"MMS_MO_{secrets.token_urlsafe(6)}"
    state.inbox.put(inbox_id, True, 0)
    if text is not None:
        # Skycore 1.3, 5.5: the text arrives as one of the files.
        path = f"{INBOX}{inbox_id}/text.txt"
        state.add_file(path, "text/plain; charset=utf-8", text.encode())
        files = (*files, state.base_url + path)
    return InboundMMS(
        "N401",
        origin="MMS_MO",
        tracking_id=inbox_id,
        sender=sender,
        to=to,
        keyword=keyword,
        subject=subject,
        files=files,
        timestamp=state.timestamp(),
    )


def _remove(state: State, operation: RemoveInboxMessage, dialect: Dialect) -> ActionResult:
    inbox_id = str(operation.inbox_id)
    if not state.inbox.get(inbox_id):
        # Removing a message removes its files but not its entry, so a second removal gets E642.
        return refuse(operation, "E642" if inbox_id in state.inbox else "E641"), []
    state.inbox[inbox_id] = False
    state.files.remove(f"{INBOX}{inbox_id}/text.txt")
    return RemovedInboxMessage(inbox_id), []


def _create_statistics(state: State, operation: GetStatistics, dialect: Dialect) -> ActionResult:
    start, end = to_utc(operation.start), to_utc(operation.end)
    assert start is not None
    assert end is not None
    path = f"{REPORTS}{state.next_id()}.xml"
    state.add_file(path, "text/xml; charset=utf-8", _statistics_document(state, start, end))
    return StatisticsLink(state.base_url + path), []


def _statistics_document(state: State, start: datetime, end: datetime) -> bytes:
    """Return the XML statistics of all messages sent from ``start`` until before ``end`` (Skycore 1.3, Appendix C)."""
    from lxml import etree

    root = etree.Element("RESPONSE")
    sendings = etree.SubElement(root, "SENDING_LIST")
    for entry in state.statistics:
        if start <= entry.at < end:
            element = etree.SubElement(sendings, entry.element, dict(entry.attributes))
            parent = etree.SubElement(element, "MSG_STATUS") if entry.element == "CONTENT" else element
            for number, (name, gateway) in enumerate((("INQUE", ""), ("INIT", "0"), ("ACK", "9"), ("DLR", "20"))):
                step = etree.SubElement(parent, name, time=(entry.at + timedelta(seconds=number)).isoformat())
                if gateway:
                    step.set("gw", gateway)
                    step.set("net", "0")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _create_session(state: State, operation: CreateSession, dialect: Dialect) -> ActionResult:
    state.sessions.append(secrets.token_hex(16))
    return Session(state.sessions[-1]), []


#: The actions that do not send, by the class of their operation.
ACCOUNT_ACTIONS: Mapping[type[Operation[Any]], Callable[..., ActionResult]] = {
    SaveMMS: _save,
    DeleteMMS: _delete,
    ListMMS: _list,
    ListCampaigns: _list_campaigns,
    CreateCampaign: _create_campaign,
    Subscribe: _subscribe,
    Unsubscribe: _unsubscribe,
    RemoveInboxMessage: _remove,
    GetStatistics: _create_statistics,
    CreateSession: _create_session,
}


def inbound_sms(state: State, sender: str, to: str, text: str) -> InboundSMS:
    """Return the notice of an SMS from a phone."""
    id, now = f"SMS_MO_{state.next_id()}", state.timestamp()
    return InboundSMS("N211", origin="SMS_MO", sender=sender, to=to, text=text, timestamp=now, transaction_id=id)
