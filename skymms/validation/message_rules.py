"""Rules for the fields of a slideshow or an operation."""

from __future__ import annotations

import re
from typing import Any

from ..limits import Limits
from ..numbers import DIGITS_ONLY, digits, number_problem, quote
from .checks import is_blank, is_whole_number, positive_problem, required_problem, shown, value_names_problem
from .dates import date_problem
from .rule import rule

# ------------------------------------------------------------------------------------------------ numbers


@rule("E110", "field", "to", checks_type=True)
def recipient(message: Any, limits: Limits) -> str | None:
    """The recipient is one number of at most 15 digits, country code first."""
    if is_blank(message.to):
        return "a recipient is required: pass to= with one number, country code first"
    return number_problem(message.to)


# Sinch JSON service: comma-separated numbers, which are shown and to which nothing is sent.
@rule("E110", "field", "display_to", only_if_set=True, checks_type=True)
def displayed(message: Any, limits: Limits) -> str | None:
    """Each number shown as a member of a group is a valid recipient's number."""
    return next((problem for number in message.display_to or () if (problem := number_problem(number))), None)


#: What a spreadsheet makes of a short code. A number has a second dot, or other separators too.
_DECIMAL = re.compile(r"[0-9]+\.[0-9]+")


@rule("E111", "field", "sender", checks_type=True)
def short_code(message: Any, limits: Limits) -> str | None:
    """The sender is a short code or a number in digits."""
    sender = message.sender
    if isinstance(sender, str) and sender.isdigit() and sender.isascii():  # nearly always
        return None
    if is_blank(sender):
        return "a sender is required: pass sender= with one of the account's short codes"
    if isinstance(sender, str):
        if _DECIMAL.fullmatch(sender):
            return f"{quote(sender)} is a decimal number, not a short code: give it as text, without the dot"
        if DIGITS_ONLY.fullmatch(digits(sender)):
            return None
    elif DIGITS_ONLY.fullmatch(shown(sender)):  # an int
        return None
    given = quote(sender) if isinstance(sender, str) else shown(sender)
    return f"{given} is not a short code or number in digits: pass a name as sender_mask"


# ------------------------------------------------------------------------------------------------ the slideshow


@rule("E311", "field", "name")
def named(message: Any, limits: Limits) -> str | None:
    """A slideshow has a name, which recipients do not see."""
    if not is_blank(message.name) or "name" in limits.waived:
        return None
    return "a name is required: pass name, under which the account lists the slideshow"


@rule("E312", "field", "slides")
def some_slides(message: Any, limits: Limits) -> str | None:
    """A slideshow has at least one slide."""
    return None if message.slides else "there are no slides: add one with .slide(...), or a [[slide]] section in a file"


@rule("E225", "field", "slides", at_build=True)
def not_too_many_slides(message: Any, limits: Limits) -> str | None:
    """A slideshow has at most 8 slides."""
    if len(message.slides) <= limits.max_slides:
        return None
    return f"{len(message.slides)} slides, but at most {limits.max_slides} are allowed: send the rest as a second message"


# The Skycore 1.3 pages give no code for more than 80 characters. E314 is "invalid or missing" in Sinch MMS, which fits both.
@rule("E314", "field", "subject", only_if_set=True)
def subject(message: Any, limits: Limits) -> str | None:
    """A subject has at most 80 characters, and is given if the dialect requires one."""
    if is_blank(message.subject):
        return "a subject is required in this dialect: pass subject" if "subject" in limits.required else None
    return _length_problem(message.subject, limits.max_subject)


@rule("E314", "field", "custom_subject", only_if_set=True)
def custom_subject(message: Any, limits: Limits) -> str | None:
    """A custom subject has at most 80 characters."""
    if problem := required_problem(message, "custom_subject", limits):
        return problem
    return _length_problem(message.custom_subject, limits.max_subject)


def _length_problem(text: Any, allowed: int) -> str | None:
    length = len("" if text is None else str(text))  # a whole number is sent in digits
    return f"{length} characters, {length - allowed} more than the {allowed} allowed: shorten it" if length > allowed else None


# Skycore 1.3, sendMMS: the text is required if no subject is given. Sinch MMS always requires it, unless the SMS is disabled.
@rule("E622", "field", "fallback_text")
def fallback_text(message: Any, limits: Limits) -> str | None:
    """There is a subject or a text for the fallback SMS; some dialects always require the text."""
    if not is_blank(message.fallback_text):
        return None
    if "fallback_text" in limits.required:
        disabled = message.disable_fallback
        return None if disabled else "a fallback text is required in this dialect, also with a subject: pass fallback_text"
    if "subject" in limits.required:
        return None  # the rule for the subject reports that it is missing
    if limits.waived and not limits.waived.isdisjoint({"subject", "fallback_text"}):
        return None  # nothing is required in place of a field that is waived
    # A saved message has no field `subject`: its subject and fallback text were given when it was saved.
    if not is_blank(getattr(message, "subject", "saved")):
        return None
    return "a subject or a fallback text is required: pass subject or fallback_text"


@rule("E617", "field", "link_expires", only_if_set=True, checks_type=True)
def link_expiry(message: Any, limits: Limits) -> str | None:
    """The link of the fallback SMS expires at a date, a datetime or ISO 8601 text."""
    return date_problem(message.link_expires)


# ------------------------------------------------------------------------------------------------ lists and saved messages


@rule("E214", "field", "start_date", only_if_set=True, checks_type=True)
def start_date(message: Any, limits: Limits) -> str | None:
    """A list starts at a date, a datetime or ISO 8601 text."""
    return date_problem(message.start_date)


@rule("E212", "field", "page", only_if_set=True, checks_type=True)
def page_number(message: Any, limits: Limits) -> str | None:
    """A page number counts from 1."""
    return positive_problem(message.page)


@rule("E213", "field", "per_page", only_if_set=True, checks_type=True)
def items_per_page(message: Any, limits: Limits) -> str | None:
    """A page holds at least 1 item."""
    return positive_problem(message.per_page)


@rule("E620", "field", "mms_id")
def saved_id(message: Any, limits: Limits) -> str | None:
    """The id of the saved MMS is given; a message to a subscriber may have a text instead."""
    if not is_blank(message.mms_id) or not is_blank(getattr(message, "text", None)):
        return None
    return "the id of the stored MMS is required: pass the mms_id that SaveMMS returned"


# ------------------------------------------------------------------------------------------------ required by some accounts


@rule("E627", "field", "service_id", only_if_set=True)
def service(message: Any, limits: Limits) -> str | None:
    """A service id is given if the dialect requires one."""
    return required_problem(message, "service_id", limits)


@rule("E650", "field", "operator_id", only_if_set=True)
def operator(message: Any, limits: Limits) -> str | None:
    """An operator id is given if the account must name the carrier."""
    return required_problem(message, "operator_id", limits)


@rule("E718", "field", "campaign_ref", only_if_set=True)
def campaign(message: Any, limits: Limits) -> str | None:
    """A campaign reference is given if the account enforces its campaign check."""
    return required_problem(message, "campaign_ref", limits)


# ------------------------------------------------------------------------------------------------ texts and values by key


# Skycore 1.3, sendSavedMMS: VALUE and SLIDE are both mandatory, and SLIDE counts from 1.
@rule("E100", "field", "custom_text")
def custom_slides(message: Any, limits: Limits) -> str | None:
    """The keys of custom texts are slide numbers, counted from 1."""
    for number in message.custom_text:
        if type(number) is not int or not 1 <= number <= limits.max_slides:
            return f"{shown(number)} is not a slide number: slides count from 1 to {limits.max_slides}"
    return None


@rule("E100", "field", "data")
def data_names(message: Any, limits: Limits) -> str | None:
    """The names of merge values consist of letters, digits, _ . - and differ by more than case."""
    return value_names_problem(message.data)


# Skycore 1.3, sendPassInMMS: the names are the vendor's, and the gateway ignores unknown ones.
@rule("E100", "field", "pass_data")
def pass_names(message: Any, limits: Limits) -> str | None:
    """The names of a pass's values consist of letters, digits, _ . - and differ by more than case."""
    return value_names_problem(message.pass_data)


@rule("E824", "field", "pass_data")
def some_pass_data(message: Any, limits: Limits) -> str | None:
    """A pass has at least one value."""
    return None if message.pass_data else "the values of the pass are required: pass pass_data"


# ------------------------------------------------------------------------------------------------ the rest


# Sinch JSON service: at most 64 characters, and a date; the page gives no code for either.
@rule("E100", "field", "client_reference", only_if_set=True)
def client_reference(message: Any, limits: Limits) -> str | None:
    """A client reference has at most 64 characters."""
    return _length_problem(message.client_reference, limits.max_reference)


@rule("E100", "field", "expires", only_if_set=True, checks_type=True)
def expiry(message: Any, limits: Limits) -> str | None:
    """The gateway stops trying to deliver at a date, a datetime or ISO 8601 text."""
    return date_problem(message.expires)


# Skycore 1.3 of 2013-15: the text is mandatory if device discovery is requested.
@rule("E100", "field", "ddm_text")
def discovery_text(message: Any, limits: Limits) -> str | None:
    """A device discovery message has a text if it has any other field."""
    if not is_blank(message.ddm_text) or (message.ddm_subject is message.ddm_timeout is message.ddm_force is None):
        return None
    return "a device discovery message needs a text: pass ddm_text, or leave out the other ddm_ fields"


# The vendor's schema of 2014 has a number from 0 up.
@rule("E100", "field", "ddm_timeout", only_if_set=True, checks_type=True)
def discovery_timeout(message: Any, limits: Limits) -> str | None:
    """The time to wait for a device discovery message's report is a whole number of minutes."""
    if is_whole_number(message.ddm_timeout, 0):
        return None
    return f"{shown(message.ddm_timeout)} is not a whole number of minutes: give 0 or more"


def _flag(field: str) -> None:
    @rule("E100", "field", field, only_if_set=True, checks_type=True)
    def flag(message: Any, limits: Limits) -> str | None:
        """A switch is True, False or left out."""
        given = getattr(message, field)
        # The text "no" would be sent as it is, and the JSON service may take any text for yes.
        if given is None or isinstance(given, bool):
            return None
        return f"{shown(given)} is not True or False: pass one of them, or leave it out"


for _field in (
    "disable_fallback",
    "disable_fallback_link",
    "cache_content",
    "force_pass_as_link",
    "ddm_force",
    "notify",
    "call_to_action",
):
    _flag(_field)
