"""What a gateway answered, as people read it, and the exit status it comes to.

A reply that is one thing is a sheet, a list is a table, and a link stands alone on its line, so that it can be handed on. What
a reply leaves to be done is talk, on stderr.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from ..model.action_replies import CampaignList, SentToSubscriber, StatisticsLink
from ..model.actions import (
    CreateCampaign,
    CreateSession,
    RemoveInboxMessage,
    SendMMSBarcode,
    SendPassInMMS,
    SendSavedMMSCampaign,
    SendSMS,
    Subscribe,
    Unsubscribe,
)
from ..model.operations import DeleteMMS, Operation, SaveMMS, SendMMS, SendSavedMMS
from ..model.replies import MMSList
from . import output
from .exit_status import Status

#: What was done, over the sheet of a reply that is one thing. By operation: joining and leaving have one kind of reply.
HEADS: Mapping[type[Operation[Any]], str] = {
    SendMMS: "Accepted",
    SaveMMS: "Stored",
    SendSavedMMS: "Accepted",
    DeleteMMS: "Deleted",
    SendSavedMMSCampaign: "Accepted",
    SendMMSBarcode: "Accepted",
    SendPassInMMS: "Accepted",
    SendSMS: "Accepted",
    CreateCampaign: "Made",
    Subscribe: "Subscribed",
    Unsubscribe: "Unsubscribed",
    RemoveInboxMessage: "Deleted",
    # Whoever has its id acts for the account, and to have it is why it was asked for: it stands in the answer, nowhere else.
    CreateSession: "Opened",
}


def answer(operation: Operation[Any], reply: Any, as_json: bool) -> Status:
    """Print a reply, and tell what it leaves to be done."""
    if as_json:
        output.document(reply)
    elif (printed := PRINTED.get(type(reply))) is not None:
        printed(reply)
    else:
        output.sheet(HEADS[type(operation)], output.fields_of(reply))
    if isinstance(operation, SaveMMS) and reply.mms_id is None:
        output.say(_id_to_come(operation, reply))
    return _status(reply)


def _status(reply: Any) -> Status:
    # A number that was refused is no success, though others were sent to: who reads nothing but the status has to look.
    return Status.REFUSED if isinstance(reply, SentToSubscriber) and reply.failed else Status.DONE


def _id_to_come(operation: SaveMMS, reply: Any) -> str:
    """Where the id comes that an answer has not: the JSON service tells it in the N003 postback only."""
    known = (("tracking id", reply.tracking_id), ("client reference", operation.client_reference))
    told = " and ".join(f"{name} {value}" for name, value in known if value)
    return f"The id is not in the answer: it comes with the N003 postback{f' that has {told}' if told else ''}."


def _stored(listed: MMSList) -> None:
    if listed.templates:
        columns = ("Id", "Name", "Subject", "Stored", "Slides")
        rows = [(one.mms_id, one.name, one.subject, one.created, one.slides) for one in listed.templates]
        output.table("Stored", columns, rows)
        return
    for mms_id in listed.mms_ids:
        output.show(mms_id)
    output.say(f"{len(listed.mms_ids)} stored")


def _campaigns(listed: CampaignList) -> None:
    if listed.campaigns:
        output.table("Campaigns", ("Id", "Name"), [(one.campaign_id, one.name) for one in listed.campaigns])
    else:
        output.say("no campaigns")


def _sent_to_subscriber(sent: SentToSubscriber) -> None:
    refs = (("subscriber ref", sent.subscriber_ref), ("campaign ref", sent.campaign_ref))
    output.sheet("Each number by itself", refs)
    rows = [(one.to, one.sender, one.tracking_id, one.error or one.details) for one in sent.results]
    output.table("", ("To", "From", "Tracking id", "What was said"), rows)
    if refused := len(sent.failed):
        rest = "" if refused == len(sent.results) else ", the others accepted: the same call again would send to them twice"
        output.say(f"{refused} of {len(sent.results)} refused{rest}")


def _link(found: StatisticsLink) -> None:
    output.show(found.link)
    output.say(f"read it with: skymms report {shlex.quote(found.link)}", "dim")


#: How the replies are printed that are no single thing.
PRINTED: Mapping[type[Any], Callable[[Any], None]] = {
    MMSList: _stored,
    CampaignList: _campaigns,
    SentToSubscriber: _sent_to_subscriber,
    StatisticsLink: _link,
}
