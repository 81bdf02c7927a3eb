"""Rules for the operations that only Skycore 1.3 has."""

from __future__ import annotations

from typing import Any

from ..limits import Limits
from ..numbers import number_problem
from .checks import is_blank, required_problem
from .dates import calendar_problem, to_utc, utc_problem
from .rule import rule

# ------------------------------------------------------------------------------------------------ sending


# Skycore 1.3, sendSavedMMSCampaign, where it is mandatory. E714 means that the gateway does not know it.
@rule("E624", "field", "to_campaign")
def campaign_to_send_to(message: Any, limits: Limits) -> str | None:
    """The campaign to send to is given."""
    return "the id of the campaign to send to is required: pass to_campaign" if is_blank(message.to_campaign) else None


# Skycore 1.3, sendMMSBarcode.
@rule("E631", "field", "barcode_id")
def barcode(message: Any, limits: Limits) -> str | None:
    """The text of the barcode is given."""
    return "the text of the barcode is required: pass barcode_id" if is_blank(message.barcode_id) else None


# Skycore 1.3, sendSMS. A message to a subscriber may have an MMS instead; if it has neither, that is E620.
@rule("E712", "field", "text")
def sms_text(message: Any, limits: Limits) -> str | None:
    """An SMS has a text."""
    return "the text of the SMS is required: pass text" if is_blank(message.text) and not hasattr(message, "mms_id") else None


# Skycore 1.3, sendMessageBySubscriberRef: an MMS or an SMS, never both.
@rule("E100", "field", "text")
def one_message(message: Any, limits: Limits) -> str | None:
    """A text and the id of a saved MMS are not given together."""
    if message.text is None or getattr(message, "mms_id", None) in (None, ""):
        return None
    return "mms_id and text are given, which are two messages: pass one of them"


# Skycore 1.3, sendMessageBySubscriberRef, where it is mandatory; the page gives no code for it.
@rule("E100", "field", "subscriber_ref", only_if_set=True)
def subscriber(message: Any, limits: Limits) -> str | None:
    """A subscriber reference is given if the message is for a subscriber."""
    return required_problem(message, "subscriber_ref", limits)


# ------------------------------------------------------------------------------------------------ campaigns and the inbox


# Skycore 1.3, createMMSCampaign.
@rule("E170", "field", "campaign_name")
def campaign_named(message: Any, limits: Limits) -> str | None:
    """A new campaign has a name."""
    return "the campaign's name is required: pass campaign_name" if is_blank(message.campaign_name) else None


@rule("E171", "field", "brand_name")
def brand_named(message: Any, limits: Limits) -> str | None:
    """A new campaign has a brand name."""
    return "the brand's name is required: pass brand_name" if is_blank(message.brand_name) else None


# Skycore 1.3, subscribe and unsubscribe. The pages give no code for an invalid number.
@rule("E901", "field", "mobile", checks_type=True)
def subscribers_number(message: Any, limits: Limits) -> str | None:
    """The number to subscribe is one number of at most 15 digits, country code first."""
    if is_blank(message.mobile):
        return "the number is required: pass one number, country code first"
    return number_problem(message.mobile)


@rule("E902", "field", "campaign")
def subscribers_campaign(message: Any, limits: Limits) -> str | None:
    """The campaign to subscribe to is given."""
    return "the campaign's reference is required: pass campaign" if is_blank(message.campaign) else None


# Skycore 1.3, removeMMSInboxMessage.
@rule("E640", "field", "inbox_id")
def inbox_message(message: Any, limits: Limits) -> str | None:
    """The id of the inbox message is given."""
    return (
        "the id of the inbox message is required: pass the tracking_id of its N401 postback"
        if is_blank(message.inbox_id)
        else None
    )


# ------------------------------------------------------------------------------------------------ statistics


# Skycore 1.3, getSendingStatistics: both dates are mandatory.
@rule("E506", "field", "start")
def report_starts(message: Any, limits: Limits) -> str | None:
    """The start of a report is given."""
    return "the start of the report is required: pass start" if is_blank(message.start) else None


@rule("E506", "field", "end")
def report_ends(message: Any, limits: Limits) -> str | None:
    """The end of a report is given."""
    return "the end of the report is required: pass end" if is_blank(message.end) else None


@rule("E507", "field", "start", checks_type=True)
def report_start(message: Any, limits: Limits) -> str | None:
    """A report starts at a date, a datetime or ISO 8601 text."""
    return utc_problem(message.start)


@rule("E507", "field", "end", checks_type=True)
def report_end(message: Any, limits: Limits) -> str | None:
    """A report ends at a date, a datetime or ISO 8601 text."""
    return utc_problem(message.end)


# A public client of the vendor uses E507 for the form and E508 for a date that is not in the calendar.
@rule("E508", "field", "start", checks_type=True)
def real_start(message: Any, limits: Limits) -> str | None:
    """A report starts on a day of the calendar."""
    return calendar_problem(message.start)


@rule("E508", "field", "end", checks_type=True)
def real_end(message: Any, limits: Limits) -> str | None:
    """A report ends on a day of the calendar."""
    return calendar_problem(message.end)


# The page gives no code for the order. E508 is about dates; its documented text is the same as E507's.
@rule("E508", "field", "end")
def report_order(message: Any, limits: Limits) -> str | None:
    """A report ends after it starts."""
    start, end = to_utc(message.start), to_utc(message.end)
    # Compared as they are sent, without fractions of a second.
    if not (start and end) or end.replace(microsecond=0) > start.replace(microsecond=0):
        return None
    return f"{message.end} is not later than {message.start}: the end must be at least one second after the start"
