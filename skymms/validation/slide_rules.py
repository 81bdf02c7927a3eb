"""Rules for one slide: its text, the URLs of its files, and which files may share a slide."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ..limits import Limits
from ..slide import FILES, MEDIA, OBJECTS, Slide
from .checks import is_blank, is_whole_number, shown
from .hosts import url_problem
from .rule import rule

# ------------------------------------------------------------------------------------------------ any text

#: The characters that XML 1.0 (section 2.2) excludes. All of them are unprintable. A gateway fails to parse them: E108.
# The excluded characters, because a class of the allowed ones takes 9 ms to compile.
_INVALID_XML_CHARACTERS = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"


def invalid_xml_character(text: str) -> re.Match[str] | None:
    """Return the first character that XML cannot contain, or None."""
    return re.search(_INVALID_XML_CHARACTERS, text)


@rule("E108", "any text")
def xml_characters(text: Any, limits: Limits) -> str | None:
    """Every text consists of characters that XML can contain."""
    if not isinstance(text, str):
        return f"must be text; got a {type(text).__name__}"
    if (bad := invalid_xml_character(text)) is None:
        return None
    reason = "half of a surrogate pair" if "\ud800" <= bad[0] <= "\udfff" else "not allowed in XML"
    return f"character {bad.start() + 1} is U+{ord(bad[0]):04X}, which is {reason}: remove it"


# ------------------------------------------------------------------------------------------------ the text of a slide


# The Skycore 1.3 sendMMS page lists E228 and E334 for it without saying which is returned when. E334 names the slide.
@rule("E334", "text", "text", at_build=True)
def text_length(text: Any, limits: Limits) -> str | None:
    """A slide's text has at most 5,000 characters."""
    if not isinstance(text, str) or len(text) <= limits.max_text:
        return None
    # A line break is sent as one character, so it counts as one.
    length = len(text.replace("\r\n", "\n"))
    if length <= limits.max_text:
        return None
    return f"{length:,} characters, {length - limits.max_text:,} more than the {limits.max_text:,} allowed: shorten it"


# ------------------------------------------------------------------------------------------------ the URL of a file


# Skycore 1.3, saveMMS: the URL is the full absolute path to the file; E351-E358 mean that the gateway could not fetch it.
@rule("E351", "url", "image", at_build=True)
@rule("E352", "url", "audio", at_build=True)
@rule("E353", "url", "video", at_build=True)
@rule("E355", "url", "vcard", at_build=True)
@rule("E356", "url", "ical", at_build=True)
@rule("E357", "url", "pdf", at_build=True)
@rule("E358", "url", "passbook", at_build=True)
def absolute_url(url: Any, limits: Limits) -> str | None:
    """The URL of a file is an absolute http or https URL with an ASCII host, without blanks and invisible characters."""
    if not isinstance(url, str):
        return f"must be a URL as text; got a {type(url).__name__}"
    return url_problem(url)


# ------------------------------------------------------------------------------------------------ one slide


# Skycore 1.3, sendMMS, E223.
@rule("E223", "slide", "/".join(OBJECTS), at_build=True)
def one_object(slide: Slide, limits: Limits) -> str | None:
    """A slide holds at most one of vCard, iCal, PDF and pass."""
    if sum(getattr(slide, kind) is not None for kind in OBJECTS) < 2:
        return None
    return f"{_files(slide, OBJECTS)} cannot share a slide: give each a slide of its own"


# Skycore 1.3, sendMMS, E224.
@rule("E224", "slide", "/".join(OBJECTS), at_build=True)
def object_alone(slide: Slide, limits: Limits) -> str | None:
    """A vCard, iCal, PDF or pass is on a slide without image, audio or video."""
    media, objects = _files(slide, MEDIA), _files(slide, OBJECTS)
    return f"{objects} cannot share a slide with {media}: put it on a slide of its own" if media and objects else None


# Skycore 1.3, sendMMS, E226.
@rule("E226", "slide", "audio/video", at_build=True)
def audio_without_video(slide: Slide, limits: Limits) -> str | None:
    """Audio and video are on different slides."""
    if slide.audio is None or slide.video is None:
        return None
    return "audio and video cannot share a slide: put one of them on a slide of its own"


# Skycore 1.3, sendMMS, E227. An image may share a slide with audio (Skycore 1.3, saveMMS).
@rule("E227", "slide", "video/image", at_build=True)
def video_without_image(slide: Slide, limits: Limits) -> str | None:
    """Video and image are on different slides."""
    if slide.video is None or slide.image is None:
        return None
    return "video and image cannot share a slide: put one of them on a slide of its own"


# Skycore 1.3, sendMMS, E313. White space does not count as text: a phone would show an empty slide.
@rule("E313", "slide", "text", at_build=True)
def not_empty(slide: Slide, limits: Limits) -> str | None:
    """A slide holds text or a file."""
    text = slide.text
    if isinstance(text, str) and text[:1] > " ":  # nearly always
        return None
    if not is_blank(text) or _files(slide, (*FILES, "personalized_image")):
        return None
    return "the slide is empty: give it text or a file, or leave it out"


# Skycore 1.3: an integer, in seconds. The page does not name a minimum; from 1 up is our decision.
@rule("E230", "slide", "duration", at_build=True)
def whole_seconds(slide: Slide, limits: Limits) -> str | None:
    """A duration is a whole number of seconds from 1 up."""
    duration = slide.duration
    if is_whole_number(duration, 1):
        return None
    return f"{shown(duration)} is not a whole number of seconds: give 1 or more, or leave it out"


def _files(slide: Slide, kinds: Iterable[str]) -> str:
    return " and ".join(kind for kind in kinds if getattr(slide, kind) is not None)
