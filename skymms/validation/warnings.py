"""Warnings: rules for what the vendors advise against but their gateways accept. A warning never prevents sending.

Warnings are rules without a code, in a list of their own, so that they cannot be mistaken for problems.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from ..gsm import first_outside_gsm, sms_parts
from ..limits import (
    ADVISED_DURATION,
    ADVISED_FALLBACK_TEXT,
    ADVISED_NUMBER,
    ADVISED_SENDER_MASK,
    ADVISED_SMS,
    ADVISED_SUBJECT,
    Limits,
)
from ..numbers import digits, number_problem
from ..slide import Slide
from .checks import is_blank, is_whole_number
from .dates import date_problem
from .hosts import unreachable_host
from .rule import Check, Rule
from .validator import Validator

WARNINGS: list[Rule] = []


def _warning(target: str, field: str) -> Callable[[Check], Check]:
    def add(check: Check) -> Check:
        WARNINGS.append(Rule(None, target, field, check))
        return check

    return add


# ------------------------------------------------------------------------------------------------ slides


@_warning("slide", "duration")
def short_enough(slide: Slide, limits: Limits) -> str | None:
    """A slide should not be shown for more than 30 seconds."""
    if slide.duration is not None and is_whole_number(slide.duration, ADVISED_DURATION + 1):
        return f"{slide.duration} seconds: shorten it to the {ADVISED_DURATION} that the vendor advises"
    return None


@_warning("slide", "duration")
def duration_of_its_own(slide: Slide, limits: Limits) -> str | None:
    """A slide with audio or video needs no duration: the file's own length replaces it."""
    if slide.duration is None or (slide.audio is None and slide.video is None):
        return None
    return "the length of the audio or video replaces the duration: leave it out"


@_warning("url", "audio")
@_warning("url", "video")
def url_without_query(url: Any, limits: Limits) -> str | None:
    """The gateway removes the query part of audio and video URLs."""
    # Skycore 1.3, sendMMS, the note under the template.
    if not isinstance(url, str) or "?" not in url:
        return None
    if name := _signature_parameter(url):
        return (
            f"the gateway removes the part from '?' on, and with it {name}, so a signed URL cannot work: "
            "use a URL without a query, for example of a public file with a name that cannot be guessed"
        )
    return "the gateway removes the part from '?' on: put ids into the path or the file name"


#: Parameters of presigned URLs: of S3, CloudFront, Google, Azure, Alibaba and Tencent storage, of Akamai and other networks.
_SIGNATURE = re.compile(
    r"(?i)[?&;]((?:x-(?:amz|goog|oss|cos|obs)-[a-z-]+)|signature|sign|sig|signed|hmac|hash|digest|policy|key-pair-id|awsaccesskeyid"
    r"|googleaccessid|ossaccesskeyid|accesskeyid|q-signature|md5|expires|expires_at|expiry|exp|[a-z_-]*token[a-z_]*"
    r"|jwt|auth|auth_key|authkey|hdn[a-z]+|verify)=[^&;#]"
)


def _signature_parameter(url: str) -> str | None:
    """Return the name of the first parameter of a URL's query that looks like a part of a signature, or None."""
    from urllib.parse import unquote

    query = url.partition("#")[0].partition("?")[2]
    found = _SIGNATURE.search("?" + unquote(query))
    return found[1] if found else None


#: How the warning about a host begins that gateways cannot reach.
UNREACHABLE_HOST = "the gateway cannot fetch it: "


@_warning("url", "image")
@_warning("url", "audio")
@_warning("url", "video")
@_warning("url", "vcard")
@_warning("url", "ical")
@_warning("url", "pdf")
@_warning("url", "passbook")
def public_host(url: Any, limits: Limits) -> str | None:
    """The host of a file's URL should not be this computer or in a private network."""
    reason = unreachable_host(url)
    return f"{UNREACHABLE_HOST}{reason}" if reason else None


# ------------------------------------------------------------------------------------------------ numbers and texts


@_warning("field", "to")
def long_number(message: Any, limits: Limits) -> str | None:
    """A recipient's number should have at least 8 digits; short codes have fewer."""
    # A missing or invalid number is a problem, which is reported as such.
    if message.to is None or number_problem(message.to) or len(digits(message.to)) >= ADVISED_NUMBER:
        return None
    return f"only {len(digits(message.to))} digits: is it a complete number with its country code?"


# Skycore 1.3, sendMMS, the notes under the template.
@_warning("field", "sender_mask")
def mask_in_the_us(message: Any, limits: Limits) -> str | None:
    """A sender's name is not supported in the United States, whose numbers begin with 1."""
    to = getattr(message, "to", None)
    if is_blank(message.sender_mask) or to is None or number_problem(to) or not digits(to).startswith("1"):
        return None
    return "is not supported in the United States, and the recipient's number begins with 1: leave it out"


# Skycore 1.3, sendSMS. A longer text is sent, and billed, as several SMS.
@_warning("field", "text")
def short_sms(message: Any, limits: Limits) -> str | None:
    """An SMS should fit into one part: 160 characters of GSM 03.38, or 70 in UCS-2."""
    text = message.text
    if not isinstance(text, str) or (parts := sms_parts(text)) == 1:
        return None
    length = f"{len(text)} characters, {ADVISED_SMS} at most are documented; " if len(text) > ADVISED_SMS else ""
    outside = first_outside_gsm(text)
    if outside is None:
        return f"{length}the text needs {parts} segments in GSM 03.38 (160 units, or 153 in each of several): shorten it"
    return (
        f"{length}the text needs {parts} segments in UCS-2 (70 units, or 67 in each of several), because {outside!r} is not in "
        f"GSM 03.38: shorten it, or replace such characters"
    )


# Sinch MMS, sendSavedMMS, special considerations. A production client sends messages without a subject.
@_warning("field", "subject")
def subject_given(message: Any, limits: Limits) -> str | None:
    """Sinch MMS requires a subject in its documents, but its gateway accepts messages without one."""
    if "subject" not in limits.advised or not is_blank(message.subject):
        return None
    return "the vendor's documents require a subject: pass subject"


@_warning("field", "custom_subject")
def stored_subject(message: Any, limits: Limits) -> str | None:
    """Sinch MMS requires a subject in its documents: of the stored slideshow, or a custom subject."""
    if "custom_subject" not in limits.advised or not is_blank(message.custom_subject):
        return None
    return "the vendor's documents require a subject: pass custom_subject, unless the stored slideshow has a subject"


@_warning("field", "subject")
def short_subject(message: Any, limits: Limits) -> str | None:
    """A subject should have at most 40 characters."""
    return _length_warning(message.subject, ADVISED_SUBJECT)


@_warning("field", "subject")
def plain_subject(message: Any, limits: Limits) -> str | None:
    """A subject should be ASCII, because some carriers reject other characters."""
    # Sinch MMS, sendSavedMMS, special considerations.
    return _ascii_warning(message.subject)


@_warning("field", "custom_subject")
def short_custom_subject(message: Any, limits: Limits) -> str | None:
    """A custom subject should have at most 40 characters."""
    return _length_warning(message.custom_subject, ADVISED_SUBJECT)


@_warning("field", "custom_subject")
def plain_custom_subject(message: Any, limits: Limits) -> str | None:
    """A custom subject should be ASCII, because some carriers reject other characters."""
    return _ascii_warning(message.custom_subject)


@_warning("field", "fallback_text")
def short_fallback(message: Any, limits: Limits) -> str | None:
    """The text of the fallback SMS should have at most 110 characters, because the link is added to it."""
    return _length_warning(message.fallback_text, ADVISED_FALLBACK_TEXT)


@_warning("field", "sender_mask")
def short_mask(message: Any, limits: Limits) -> str | None:
    """A sender's name has at most 11 characters; the gateway cuts a longer one."""
    return _length_warning(message.sender_mask, ADVISED_SENDER_MASK)


def _length_warning(text: Any, advised: int) -> str | None:
    if isinstance(text, str) and len(text) > advised:
        return f"{len(text)} characters: shorten it to the {advised} that the vendor advises"
    return None


def _ascii_warning(text: Any) -> str | None:
    if isinstance(text, str) and not text.isascii():
        return "contains characters outside ASCII, which some carriers reject: replace them"
    return None


# ------------------------------------------------------------------------------------------------ dates


@_warning("field", "link_expires")
def zoned_expiry(message: Any, limits: Limits) -> str | None:
    """The time at which the link expires should have a time zone."""
    return _zone_warning(message.link_expires)


@_warning("field", "expires")
def zoned_end(message: Any, limits: Limits) -> str | None:
    """The time at which the gateway stops trying to deliver should have a time zone."""
    return _zone_warning(message.expires)


@_warning("field", "start_date")
def zoned_start(message: Any, limits: Limits) -> str | None:
    """The time at which a list starts should have a time zone."""
    return _zone_warning(message.start_date)


#: The time zone at the end of ISO 8601 text.
_ZONE = re.compile(r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$", re.IGNORECASE)


def _zone_warning(when: Any) -> str | None:
    # Anything that is not a date is a problem, which is reported as such.
    if when is None or (isinstance(when, datetime) and when.tzinfo is not None) or date_problem(when):
        return None
    _, separator, time = (when.isoformat() if isinstance(when, date) else str(when)).partition("T")
    if not separator:
        # The Sinch MMS reference wants a date and time, Skycore 1.3 a date.
        return "has no time of day, so the gateway decides when the day begins: add a time with a time zone"
    return None if _ZONE.search(time) else "has no time zone, so the gateway uses its own: add one, such as Z"


#: Applies all warnings.
WARNINGS_VALIDATOR = Validator(WARNINGS)
