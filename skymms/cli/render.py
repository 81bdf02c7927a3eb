"""Prints the gateway's replies.

A reply about one thing is printed as fields, a list as a table, and a link alone on its line, so that a script can use it.
Hints about the next step are printed on stderr.
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
from ..model.operations import Operation, SendMMS
from ..model.stored_operations import DeleteMMS, SaveMMS, SendSavedMMS
from ..model.stored_replies import MMSList
from . import output
from .exit_status import Status

#: The title above the fields of a reply, by operation (Subscribe and Unsubscribe have the same type of reply).
TITLES: Mapping[type[Operation[Any]], str] = {
    SendMMS: "Accepted",
    SaveMMS: "Stored",
    SendSavedMMS: "Accepted",
    DeleteMMS: "Deleted",
    SendSavedMMSCampaign: "Accepted",
    SendMMSBarcode: "Accepted",
    SendPassInMMS: "Accepted",
    SendSMS: "Accepted",
    CreateCampaign: "Campaign created",
    Subscribe: "Subscribed",
    Unsubscribe: "Unsubscribed",
    RemoveInboxMessage: "Deleted",
    # A session id gives access to the account. It is printed only here, because the user requested it.
    CreateSession: "Session created",
}


def print_reply(operation: Operation[Any], reply: Any, as_json: bool) -> Status:
    """Print a reply and return the exit status."""
    if as_json:
        output.print_json(reply)
    elif (printer := PRINTERS.get(reply.__class__)) is not None:
        printer(reply)
    else:
        output.print_fields(TITLES[type(operation)], output.labelled_fields(reply))
    if isinstance(operation, SaveMMS) and reply.mms_id is None:
        output.print_message(_id_follows(operation, reply))
    return _status(reply)


def _status(reply: Any) -> Status:
    # If one of a subscriber's numbers was refused, a script that only reads the exit status must notice.
    return Status.REFUSED if isinstance(reply, SentToSubscriber) and reply.failed else Status.DONE


def _id_follows(operation: SaveMMS, reply: Any) -> str:
    """Return a hint where the id of a stored slideshow is: sinch-json reports it in a postback only."""
    known = (("tracking id", reply.tracking_id), ("client reference", operation.client_reference))
    found = " and ".join(f"{name} {value}" for name, value in known if value)
    return f"The id is not in the response. It arrives in the N003 postback{f' with {found}' if found else ''}."


def _print_stored(listed: MMSList) -> None:
    if listed.templates:
        columns = ("Id", "Name", "Subject", "Stored on", "Slides")
        rows = [(one.mms_id, one.name, one.subject, one.created, one.slides) for one in listed.templates]
        output.print_table("Stored slideshows", columns, rows)
        return
    for mms_id in listed.mms_ids:
        output.print_line(mms_id)
    output.print_message(f"{len(listed.mms_ids)} stored")


def _print_campaigns(listed: CampaignList) -> None:
    if listed.campaigns:
        output.print_table("Campaigns", ("Id", "Name"), [(one.campaign_id, one.name) for one in listed.campaigns])
    else:
        output.print_message("no campaigns")


def _print_subscriber(sent: SentToSubscriber) -> None:
    pairs = (("subscriber ref", sent.subscriber_ref), ("campaign ref", sent.campaign_ref))
    output.print_fields("Results for each number of the subscriber", pairs)
    rows = [(one.to, one.sender, one.tracking_id, one.error or one.details) for one in sent.results]
    output.print_table("", ("To", "From", "Tracking id", "Details"), rows)
    if refused := len(sent.failed):
        accepted = len(sent.results) - refused
        again = f"; sending again would send a second message to the other {accepted}" if accepted else ""
        output.print_message(f"{refused} of {len(sent.results)} numbers refused{again}")


def _print_link(found: StatisticsLink) -> None:
    output.print_line(found.link)
    output.print_message(f"print the report with: skymms report {shlex.quote(found.link)}", "dim")


#: Functions that print lists and links. Other replies are printed as fields.
PRINTERS: Mapping[type[Any], Callable[[Any], None]] = {
    MMSList: _print_stored,
    CampaignList: _print_campaigns,
    SentToSubscriber: _print_subscriber,
    StatisticsLink: _print_link,
}
