"""Rules for the fields of a message."""

from __future__ import annotations

from typing import Any

from ..limits import Limits
from ..numbers import DIGITS_ONLY, E164_NUMBER, digits
from .checks import is_blank, is_text_or_int, is_whole_number, positive_problem, required_problem, value_names_problem
from .dates import date_problem
from .rule import rule


# 1.3, introduction: international, country code first, without + and 00. No numbering plan is enforced: the vendor's own
# example is a number that no plan has.
@rule("E110", "field", "to", checks_type=True)
def recipient(message: Any, limits: Limits) -> str | None:
    """The recipient is one number in digits, country code first."""
    if message.to is None or message.to == "":
        return "a recipient is required: one number, country code first"
    if is_text_or_int(message.to) and E164_NUMBER.fullmatch(digits(message.to)):
        return None
    return f"{message.to!r:.40} is not one number in digits with the country code first (no 00, no list)"


# The successor's JSON service: comma-separated numbers, shown and not sent to.
@rule("E110", "field", "display_to", only_if_set=True, checks_type=True)
def displayed(message: Any, limits: Limits) -> str | None:
    """The numbers that are shown as members of a group are numbers as the recipient is."""
    wrong = [one for one in message.display_to or () if not (is_text_or_int(one) and E164_NUMBER.fullmatch(digits(one)))]
    return f"{wrong[0]!r:.40} is not one number in digits with the country code first" if wrong else None


@rule("E111", "field", "sender", checks_type=True)
def short_code(message: Any, limits: Limits) -> str | None:
    """The sender is a short code or long code in digits."""
    if message.sender is None or message.sender == "":
        return "a sender is required: one of the account's short codes"
    if is_text_or_int(message.sender) and DIGITS_ONLY.fullmatch(digits(message.sender)):
        return None
    return f"{message.sender!r:.40} is no short code or number in digits (a name goes into sender_mask)"


@rule("E311", "field", "name")
def named(message: Any, limits: Limits) -> str | None:
    """A slideshow has a name, which only its owner sees."""
    if "name" in limits.waived or not is_blank(message.name):
        return None
    return "a name is required: it is how the account lists the slideshow"


@rule("E312", "field", "slides")
def some_slides(message: Any, limits: Limits) -> str | None:
    """A slideshow has at least one slide."""
    return None if message.slides else "there are no slides: add one with .slide(...)"


@rule("E225", "field", "slides", at_build=True)
def not_too_many_slides(message: Any, limits: Limits) -> str | None:
    """A slideshow has at most 8 slides."""
    if len(message.slides) <= limits.max_slides:
        return None
    return f"{len(message.slides)} slides, the gateway takes {limits.max_slides}: send the rest as a second message"


# 80 characters have no code of their own (1.3); the successor's E314 is "invalid or missing", which fits both.
@rule("E314", "field", "subject", only_if_set=True)
def subject(message: Any, limits: Limits) -> str | None:
    """A subject has at most 80 characters, and is there where the dialect asks for one."""
    if is_blank(message.subject):
        return "a subject is required here" if "subject" in limits.required else None
    return _subject_length(message.subject, limits)


@rule("E314", "field", "custom_subject", only_if_set=True)
def custom_subject(message: Any, limits: Limits) -> str | None:
    """A custom subject has at most 80 characters."""
    return _subject_length(message.custom_subject or "", limits)


def _subject_length(words: Any, limits: Limits) -> str | None:
    words = str(words)  # a whole number is written out
    if len(words) <= limits.max_subject:
        return None
    return f"{len(words)} characters, {len(words) - limits.max_subject} more than the {limits.max_subject} allowed"


# Seed 003: the text is required if no subject is passed. The successor requires it always, unless the SMS is off.
@rule("E622", "field", "fallback_text")
def fallback_text(message: Any, limits: Limits) -> str | None:
    """There is a subject or a text for the fallback SMS; some dialects always want the text."""
    if not is_blank(message.fallback_text):
        return None
    if "fallback_text" in limits.required:
        off = message.disable_fallback
        return None if off else "the text of the fallback SMS is required here, beside any subject"
    if "subject" in limits.required:
        return None  # then it is the subject that is missing
    # A saved message has its subject, or its fallback text, where it was saved.
    if not is_blank(getattr(message, "subject", "saved")):
        return None
    return "without a subject, the text of the fallback SMS is required"


@rule("E617", "field", "link_expires", only_if_set=True, checks_type=True)
def link_expiry(message: Any, limits: Limits) -> str | None:
    """The link of the fallback SMS expires on a date, a datetime or an ISO 8601 string."""
    return date_problem(message.link_expires)


@rule("E214", "field", "start_date", only_if_set=True, checks_type=True)
def start_date(message: Any, limits: Limits) -> str | None:
    """The list starts at a date, a datetime or an ISO 8601 string."""
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
    """The id of the saved MMS is given; a message by subscriber may have a text instead."""
    if not is_blank(message.mms_id) or not is_blank(getattr(message, "text", None)):
        return None
    return "the id that saveMMS gave is required"


# The three that only some accounts or dialects insist on.
@rule("E627", "field", "service_id", only_if_set=True)
def service(message: Any, limits: Limits) -> str | None:
    """A service id is given where the dialect asks for one."""
    return required_problem(message, "service_id", limits)


@rule("E650", "field", "operator_id", only_if_set=True)
def operator(message: Any, limits: Limits) -> str | None:
    """An operator id is given where the account must name the carrier."""
    return required_problem(message, "operator_id", limits)


@rule("E718", "field", "campaign_ref", only_if_set=True)
def campaign(message: Any, limits: Limits) -> str | None:
    """A campaign reference is given where the account enforces its campaign check."""
    return required_problem(message, "campaign_ref", limits)


# 1.3, sendSavedMMS: VALUE and SLIDE are both mandatory, and SLIDE counts from 1.
@rule("E100", "field", "custom_text")
def custom_slides(message: Any, limits: Limits) -> str | None:
    """Custom texts are keyed by slide, counted from 1."""
    wrong = [at for at in message.custom_text if type(at) is not int or not 1 <= at <= limits.max_slides]
    return f"{wrong[0]!r:.40} is no slide: they count from 1 to {limits.max_slides}" if wrong else None


@rule("E100", "field", "data")
def data_names(message: Any, limits: Limits) -> str | None:
    """Merge values have plain names (letters, digits, _ . -) that differ by more than case."""
    return value_names_problem(message.data)


# 1.3, sendPassInMMS: the names are the vendor's, and those it does not know it leaves alone.
@rule("E100", "field", "pass_data")
def pass_names(message: Any, limits: Limits) -> str | None:
    """The values of a pass have plain names that differ by more than case."""
    return value_names_problem(message.pass_data)


@rule("E824", "field", "pass_data")
def some_pass_data(message: Any, limits: Limits) -> str | None:
    """A pass is filled in with something."""
    return None if message.pass_data else "the values of the pass are required"


# The successor's JSON service: at most 64 characters, and a moment; neither has a code of its own.
@rule("E100", "field", "client_reference", only_if_set=True)
def client_reference(message: Any, limits: Limits) -> str | None:
    """A client reference has at most 64 characters."""
    words = str(message.client_reference or "")  # a whole number is written out
    if len(words) <= limits.max_reference:
        return None
    return f"{len(words)} characters, {len(words) - limits.max_reference} more than the {limits.max_reference} allowed"


@rule("E100", "field", "expires", only_if_set=True, checks_type=True)
def expiry(message: Any, limits: Limits) -> str | None:
    """Delivery is given up at a date, a datetime or an ISO 8601 string."""
    return date_problem(message.expires)


# 1.3 of 2013-15: the text is mandatory if device discovery is wanted at all.
@rule("E100", "field", "ddm_text")
def discovery_text(message: Any, limits: Limits) -> str | None:
    """A device discovery message has a text if it has anything."""
    if not is_blank(message.ddm_text) or (message.ddm_subject is message.ddm_timeout is message.ddm_force is None):
        return None
    return "a device discovery message needs its text"


# The vendor's schema of 2014 has a number from 0 up.
@rule("E100", "field", "ddm_timeout", only_if_set=True, checks_type=True)
def discovery_timeout(message: Any, limits: Limits) -> str | None:
    """The time to wait for a device discovery message's report is a whole number of minutes."""
    return None if is_whole_number(message.ddm_timeout, 0) else f"{message.ddm_timeout!r:.40} is no whole number of minutes"


def _flag(field: str) -> None:
    @rule("E100", "field", field, only_if_set=True, checks_type=True)
    def flag(message: Any, limits: Limits) -> str | None:
        """A switch is on, off, or left alone."""
        said = getattr(message, field)
        # "no" would be sent as it stands, and the JSON service take any words for yes.
        if said is None or isinstance(said, bool):
            return None
        return f"{said!r:.40} is no switch: give True or False, or leave it out"


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
