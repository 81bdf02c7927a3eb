"""What the vendors advise against and their gateways accept all the same: never a reason not to send.

Made and judged like the rules, apart from them: an advice has no code, and nobody may mistake it for a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from ..limits import ADVISED_DURATION, ADVISED_FALLBACK_TEXT, ADVISED_SENDER_MASK, ADVISED_SUBJECT, Limits
from ..slide import Slide
from .dates import date_problem
from .rule import Check, Rule

WARNINGS: list[Rule] = []

#: How a time says its zone in ISO 8601.
_ZONE = re.compile(r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$", re.IGNORECASE)


def _warning(of: str, field: str) -> Callable[[Check], Check]:
    def add(check: Check) -> Check:
        WARNINGS.append(Rule(None, of, field, check))
        return check

    return add


@_warning("slide", "duration")
def short_enough(slide: Slide, limits: Limits) -> str | None:
    """A slide should not show for more than 30 seconds."""
    if type(slide.duration) is int and slide.duration > ADVISED_DURATION:
        return f"{slide.duration} seconds: the vendor advises at most {ADVISED_DURATION}"
    return None


@_warning("slide", "duration")
def duration_of_its_own(slide: Slide, limits: Limits) -> str | None:
    """A slide with audio or video needs no duration: the file's own length replaces it."""
    if slide.duration is None or (slide.audio is None and slide.video is None):
        return None
    return "the length of the audio or video replaces it: leave it out"


@_warning("address", "audio")
@_warning("address", "video")
def bare_address(url: Any, limits: Limits) -> str | None:
    """The query of an audio or video address is stripped by the server."""
    # Seed 003, the note under the template.
    if isinstance(url, str) and "?" in url:
        return "the server strips the part from '?' on: put ids into the path or the file's name"
    return None


@_warning("field", "subject")
def short_subject(message: Any, limits: Limits) -> str | None:
    """A subject should have at most 40 characters."""
    return _lengthy(message.subject, ADVISED_SUBJECT)


@_warning("field", "subject")
def plain_subject(message: Any, limits: Limits) -> str | None:
    """A subject should be ASCII: carriers reject others."""
    # Seed 004, special considerations.
    return _not_ascii(message.subject)


@_warning("field", "custom_subject")
def short_custom_subject(message: Any, limits: Limits) -> str | None:
    """A custom subject should have at most 40 characters."""
    return _lengthy(message.custom_subject, ADVISED_SUBJECT)


@_warning("field", "custom_subject")
def plain_custom_subject(message: Any, limits: Limits) -> str | None:
    """A custom subject should be ASCII: carriers reject others."""
    return _not_ascii(message.custom_subject)


@_warning("field", "fallback_text")
def short_fallback(message: Any, limits: Limits) -> str | None:
    """The text of the fallback SMS should have at most 110 characters: the link takes the rest."""
    return _lengthy(message.fallback_text, ADVISED_FALLBACK_TEXT)


@_warning("field", "sender_mask")
def short_mask(message: Any, limits: Limits) -> str | None:
    """A sender's name has at most 11 characters; the gateway cuts a longer one."""
    return _lengthy(message.sender_mask, ADVISED_SENDER_MASK)


@_warning("field", "link_expires")
def zoned_expiry(message: Any, limits: Limits) -> str | None:
    """A time of expiry should name its zone."""
    return _zoneless(message.link_expires)


@_warning("field", "expires")
def zoned_end(message: Any, limits: Limits) -> str | None:
    """The moment at which delivery is given up should name its zone."""
    return _zoneless(message.expires)


@_warning("field", "start_date")
def zoned_start(message: Any, limits: Limits) -> str | None:
    """The moment at which a list starts should name its zone."""
    return _zoneless(message.start_date)


def _zoneless(when: Any) -> str | None:
    # What is no moment at all is a problem, and that says so.
    if when is None or (isinstance(when, datetime) and when.tzinfo is not None) or date_problem(when):
        return None
    # A datetime too is written with a T.
    _, timed, time = (when.isoformat() if isinstance(when, date) else str(when)).partition("T")
    if not timed:
        # The successor's reference asks for a date-time, 1.3 for a date.
        return "it names no time of day, so when the day begins is the gateway's to say"
    return None if _ZONE.search(time) else "it names no time zone, so the gateway's own applies"


def _lengthy(words: Any, advised: int) -> str | None:
    if isinstance(words, str) and len(words) > advised:
        return f"{len(words)} characters: at most {advised} are advised"
    return None


def _not_ascii(words: Any) -> str | None:
    if isinstance(words, str) and not words.isascii():
        return "it holds characters beyond ASCII, which carriers may reject"
    return None
