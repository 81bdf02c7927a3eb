"""Rules for the operations that only Skycore 1.3 has."""

from __future__ import annotations

from typing import Any

from ..limits import Limits
from ..numbers import E164_NUMBER, digits
from .checks import is_blank, is_text_or_int, required_problem
from .dates import calendar_problem, to_utc, utc_problem
from .rule import rule

# ------------------------------------------------------------------------------------------------ what only 1.3 has


# 1.3, sendSavedMMSCampaign, where it is mandatory. E714 is for one that the gateway does not know.
@rule("E624", "field", "to_campaign")
def campaign_to_send_to(message: Any, limits: Limits) -> str | None:
    """The campaign to send to is given."""
    return "the id of the campaign to send to is required" if is_blank(message.to_campaign) else None


# 1.3, sendMMSBarcode.
@rule("E631", "field", "barcode_id")
def barcode(message: Any, limits: Limits) -> str | None:
    """The words of the barcode are given."""
    return "what the barcode says is required" if is_blank(message.barcode_id) else None


# 1.3, sendSMS. In a message by subscriber an MMS may stand in its place, which is E620's to say.
@rule("E712", "field", "text")
def sms_text(message: Any, limits: Limits) -> str | None:
    """An SMS has a text."""
    return "the text is required" if is_blank(message.text) and not hasattr(message, "mms_id") else None


# 1.3, sendMessageBySubscriberRef: an MMS or an SMS, never both.
@rule("E100", "field", "text")
def one_message(message: Any, limits: Limits) -> str | None:
    """A text does not go with the id of a saved MMS."""
    if message.text is None or getattr(message, "mms_id", None) in (None, ""):
        return None
    return "an id and a text are two messages: give one of them"


# 1.3, sendMessageBySubscriberRef, where it is mandatory; it has no code of its own.
@rule("E100", "field", "subscriber_ref", only_if_set=True)
def subscriber(message: Any, limits: Limits) -> str | None:
    """A subscriber reference is given where the message goes to one."""
    return required_problem(message, "subscriber_ref", limits)


# 1.3, createMMSCampaign.
@rule("E170", "field", "campaign_name")
def campaign_named(message: Any, limits: Limits) -> str | None:
    """A new campaign has a name."""
    return "the campaign's name is required" if is_blank(message.campaign_name) else None


@rule("E171", "field", "brand_name")
def brand_named(message: Any, limits: Limits) -> str | None:
    """A new campaign has a brand name."""
    return "the brand's name is required" if is_blank(message.brand_name) else None


# 1.3, subscribe and unsubscribe. A number that is none has no code of its own there.
@rule("E901", "field", "mobile", checks_type=True)
def subscribers_number(message: Any, limits: Limits) -> str | None:
    """The number to subscribe is one number in digits, country code first."""
    if is_text_or_int(message.mobile) and E164_NUMBER.fullmatch(digits(message.mobile)):
        return None
    return f"{message.mobile!r:.40} is not one number in digits with the country code first"


@rule("E902", "field", "campaign")
def subscribers_campaign(message: Any, limits: Limits) -> str | None:
    """The campaign to subscribe to is given."""
    return "the campaign's reference is required" if is_blank(message.campaign) else None


# 1.3, removeMMSInboxMessage.
@rule("E640", "field", "inbox_id")
def inbox_message(message: Any, limits: Limits) -> str | None:
    """The id of the inbox message is given."""
    return "the tracking_id of the message's N401 notice is required" if is_blank(message.inbox_id) else None


# 1.3, getSendingStatistics: both dates are mandatory.
@rule("E506", "field", "start")
def report_starts(message: Any, limits: Limits) -> str | None:
    """A report has a start."""
    return "the moment the report starts at is required" if is_blank(message.start) else None


@rule("E506", "field", "end")
def report_ends(message: Any, limits: Limits) -> str | None:
    """A report has an end."""
    return "the moment the report ends at is required" if is_blank(message.end) else None


@rule("E507", "field", "start", checks_type=True)
def report_start(message: Any, limits: Limits) -> str | None:
    """A report starts at a date, a datetime or an ISO 8601 string."""
    return utc_problem(message.start)


@rule("E507", "field", "end", checks_type=True)
def report_end(message: Any, limits: Limits) -> str | None:
    """A report ends at a date, a datetime or an ISO 8601 string."""
    return utc_problem(message.end)


# A public client of the vendor's tells them apart so: E507 for the form, E508 for a date that there is not.
@rule("E508", "field", "start", checks_type=True)
def real_start(message: Any, limits: Limits) -> str | None:
    """A report starts on a day of the calendar."""
    return calendar_problem(message.start)


@rule("E508", "field", "end", checks_type=True)
def real_end(message: Any, limits: Limits) -> str | None:
    """A report ends on a day of the calendar."""
    return calendar_problem(message.end)


# The order has no code of its own; E508 is about dates, and documented with the words of E507.
@rule("E508", "field", "end")
def report_order(message: Any, limits: Limits) -> str | None:
    """A report ends after it starts."""
    start, end = to_utc(message.start), to_utc(message.end)
    # As they are sent, without fractions of a second.
    after = not (start and end) or end.replace(microsecond=0) > start.replace(microsecond=0)
    return None if after else f"{message.end} is not after {message.start}, to the second"
