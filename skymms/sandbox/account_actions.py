"""The actions that send nothing: what is stored, who is subscribed, the inbox, the statistics.

A campaign's reference is its name here, or its id.
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
from ..model.notices import EncodingReport, InboundMMS, SubscriptionChange
from ..model.operations import DeleteMMS, ListMMS, Operation, SaveMMS
from ..model.replies import DeletedMMS, MMSList, SavedMMS, StoredMMS
from ..model.slideshow import Slideshow
from ..validation.dates import to_utc
from ..wire.dialects import Dialect
from .state import SHORT_CODE, Due, Joined, Outcome, Saved, State, keep, refuse

#: What the successor's list answers with when it is not told (its reference, 2.7).
PER_PAGE = 100

#: Where the sandbox serves files of its own, below its address.
REPORTS, INBOX = "/reports/", "/inbox/"

# ------------------------------------------------------------------------------------------------ slideshows


def _save(state: State, operation: SaveMMS, dialect: Dialect) -> Outcome:
    show = operation.slideshow
    mms_id, tracking_id = state.next_id(), f"MMS_{state.next_id()}"
    # 1.3: locked while it is encoded if it holds audio or video; otherwise its report comes at once.
    encoded = state.settings.delays.encoded if any(slide.audio or slide.video for slide in show.slides) else 0.0
    now = state.clock.now()
    failed, file = _unencodable(state, show)
    kept = Saved(mms_id, show, now, now + timedelta(seconds=encoded), failed)
    keep(state.saved, mms_id, kept)
    # The JSON service tells what joins the report to the request; the others say the id alone, as they did in the answer.
    report = EncodingReport(
        kept.failed or "N003",
        origin="MMS_MT",
        mms_id=mms_id,
        tracking_id=tracking_id,
        client_reference=operation.client_reference,
        **file,
    )
    return SavedMMS(mms_id, tracking_id, "accepted by the sandbox, to be encoded"), [Due(encoded, report)]


def _unencodable(state: State, show: Slideshow) -> tuple[str | None, dict[str, Any]]:
    """The first file that was told to fail: the code, and the field of the report that names it."""
    for slide in show.slides:
        for kind in ("audio", "video", "image"):
            url = getattr(slide, kind)
            if url in state.spoilt:
                return state.spoilt[url], {kind: url}
    return None, {}


def _delete(state: State, operation: DeleteMMS, dialect: Dialect) -> Outcome:
    if state.saved.pop(str(operation.mms_id), None) is None:
        return refuse(operation, "E241"), []
    return DeletedMMS(str(operation.mms_id)), []


def _list(state: State, operation: ListMMS, dialect: Dialect) -> Outcome:
    newest_first = list(reversed(state.saved.values()))
    if not newest_first and dialect.empty_list_code:
        return refuse(operation, dialect.empty_list_code), []
    since = operation.start_date
    if isinstance(since, datetime) and since.tzinfo is not None:
        newest_first = [one for one in newest_first if one.created > since]
    page, per_page = operation.page or 1, operation.per_page or PER_PAGE
    shown = newest_first[(page - 1) * per_page : page * per_page]
    reply = MMSList(
        mms_ids=tuple(one.mms_id for one in shown),
        templates=tuple(
            StoredMMS(
                mms_id=one.mms_id,
                name=one.slideshow.name,
                subject=one.slideshow.subject,
                created=one.created,
                slides=len(one.slideshow.slides),
            )
            for one in shown
        ),
        start_date=since,
        page=page,
        per_page=per_page,
        total=len(newest_first),
    )
    return reply, []


# ------------------------------------------------------------------------------------------------ campaigns


def _list_campaigns(state: State, operation: ListCampaigns, dialect: Dialect) -> Outcome:
    if not state.campaigns:
        return refuse(operation, "E405"), []
    return CampaignList(tuple(Campaign(one.campaign_id, one.name) for one in state.campaigns.values())), []


def _create_campaign(state: State, operation: CreateCampaign, dialect: Dialect) -> Outcome:
    made = Joined(state.next_id(), operation.campaign_name, operation.brand_name)
    keep(state.campaigns, made.campaign_id, made)
    return NewCampaign(made.campaign_id, made.name, made.brand), []


def _subscribe(state: State, operation: Subscribe, dialect: Dialect) -> Outcome:
    campaign = state.campaign(operation.campaign)
    if campaign is None:
        return refuse(operation, "E903"), []
    keep(campaign.numbers, operation.mobile, operation.subscriber_ref)
    # An answer repeats the reference it was asked with.
    reply = Subscription(str(operation.campaign), operation.subscriber_ref, operation.mobile)
    return reply, [_change(state, "N301", campaign, operation.mobile)]


def _unsubscribe(state: State, operation: Unsubscribe, dialect: Dialect) -> Outcome:
    campaign = state.campaign(operation.campaign)
    if campaign is None:
        return refuse(operation, "E903"), []
    if operation.mobile not in campaign.numbers:
        return refuse(operation, "E905"), []
    del campaign.numbers[operation.mobile]
    return Subscription(str(operation.campaign), mobile=operation.mobile), [_change(state, "N302", campaign, operation.mobile)]


def _change(state: State, code: str, campaign: Joined, mobile: str) -> Due:
    notice = SubscriptionChange(
        code,
        origin="SUB",
        mobile=mobile,
        campaign_ref=campaign.campaign_id,
        campaign_title=campaign.name,
        brand_name=campaign.brand,
        short_code=SHORT_CODE,
        source="API",
        timestamp=state.clock.now(),
    )
    return Due(0.0, notice)


# ------------------------------------------------------------------------------------------------ the rest


def inbound(state: State, sender: str, to: str, files: tuple[str, ...], text: str | None, subject: str | None) -> InboundMMS:
    """Put an MMS into the inbox: the notice that tells of it, whose ``tracking_id`` is its id there."""
    inbox_id = f"MMS_MO_{secrets.token_urlsafe(6)}"
    keep(state.inbox, inbox_id, True)
    if text is not None:
        # Words come as a file among the others (1.3, 5.5).
        path = f"{INBOX}{inbox_id}/text.txt"
        keep(state.files, path, ("text/plain; charset=utf-8", text.encode()))
        files = (*files, state.home + path)
    return InboundMMS(
        "N401",
        origin="MMS_MO",
        tracking_id=inbox_id,
        sender=sender,
        to=to,
        subject=subject,
        files=files,
        timestamp=state.clock.now(),
    )


def _remove(state: State, operation: RemoveInboxMessage, dialect: Dialect) -> Outcome:
    if not state.inbox.get(operation.inbox_id):
        # The files go, the record stays: a second removal finds a message that holds nothing.
        return refuse(operation, "E642" if operation.inbox_id in state.inbox else "E641"), []
    state.inbox[operation.inbox_id] = False
    state.files.pop(f"{INBOX}{operation.inbox_id}/text.txt", None)
    return RemovedInboxMessage(operation.inbox_id), []


def _statistics(state: State, operation: GetStatistics, dialect: Dialect) -> Outcome:
    start, end = to_utc(operation.start), to_utc(operation.end)
    assert start is not None
    assert end is not None
    path = f"{REPORTS}{state.next_id()}.xml"
    keep(state.files, path, ("text/xml; charset=utf-8", _report(state, start, end)))
    return StatisticsLink(state.home + path), []


def _report(state: State, start: datetime, end: datetime) -> bytes:
    """Everything sent in a span, as the vendor writes it (1.3, Appendix C)."""
    from lxml import etree

    root = etree.Element("RESPONSE")
    listed = etree.SubElement(root, "SENDING_LIST")
    for line in state.lines:
        if start <= line.at < end:
            node = etree.SubElement(listed, line.node, dict(line.attributes))
            way = etree.SubElement(node, "MSG_STATUS") if line.node == "CONTENT" else node
            for number, (name, gateway) in enumerate((("INQUE", ""), ("INIT", "0"), ("ACK", "9"), ("DLR", "20"))):
                step = etree.SubElement(way, name, time=(line.at + timedelta(seconds=number)).isoformat())
                if gateway:
                    step.set("gw", gateway)
                    step.set("net", "0")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _session(state: State, operation: CreateSession, dialect: Dialect) -> Outcome:
    state.sessions.append(secrets.token_hex(16))
    return Session(state.sessions[-1]), []


KEEPING: Mapping[type[Operation[Any]], Callable[..., Outcome]] = {
    SaveMMS: _save,
    DeleteMMS: _delete,
    ListMMS: _list,
    ListCampaigns: _list_campaigns,
    CreateCampaign: _create_campaign,
    Subscribe: _subscribe,
    Unsubscribe: _unsubscribe,
    RemoveInboxMessage: _remove,
    GetStatistics: _statistics,
    CreateSession: _session,
}
