"""Rules for one slide: its text, the addresses of its files, and what it may hold together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ..limits import Limits
from ..slide import FILES, MEDIA, OBJECTS, Slide
from .checks import is_blank, is_whole_number
from .rule import rule

# ------------------------------------------------------------------------------------------------ any words at all

#: What XML 1.0 (section 2.2) leaves out. A gateway meets it as a parse error, so we meet it as E108 first.
#: The class says what is forbidden, which is little: one of all that is allowed takes 9 ms to compile.
INVALID_XML_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@rule("E108", "words")
def xml_characters(words: Any, limits: Limits) -> str | None:
    """Words are text, made of characters that XML can hold."""
    if not isinstance(words, str):
        return f"must be text, not {type(words).__name__}"
    # A printable string holds none of them; that is quick to ask and nearly always the answer.
    if words.isprintable() or (bad := INVALID_XML_CHARACTERS.search(words)) is None:
        return None
    half = "which is half a character" if "\ud800" <= bad[0] <= "\udfff" else "which XML cannot hold"
    return f"character {bad.start() + 1} is U+{ord(bad[0]):04X}, {half}: leave it out"


# ------------------------------------------------------------------------------------------------ the text of a slide


# Seed 003 has E228 and E334 for it and does not say which comes when; we say E334, which names the slide.
@rule("E334", "text", "text", at_build=True)
def text_length(text: Any, limits: Limits) -> str | None:
    """A slide's text has at most 5,000 characters."""
    if not isinstance(text, str) or len(text) <= limits.max_text:
        return None
    # A line break is one character however it was typed: that is how it is sent.
    length = len(text.replace("\r\n", "\n"))
    if length <= limits.max_text:
        return None
    return f"{length:,} characters, {length - limits.max_text:,} more than the {limits.max_text:,} allowed: shorten it"


# ------------------------------------------------------------------------------------------------ the address of a file

_SCHEMES = frozenset({"http", "https"})


# 1.3, saveMMS: the address is the full absolute path to the file; E351-E358 say that the gateway could not copy it.
@rule("E351", "address", "image", at_build=True)
@rule("E352", "address", "audio", at_build=True)
@rule("E353", "address", "video", at_build=True)
@rule("E355", "address", "vcard", at_build=True)
@rule("E356", "address", "ical", at_build=True)
@rule("E357", "address", "pdf", at_build=True)
@rule("E358", "address", "passbook", at_build=True)
def absolute_url(url: Any, limits: Limits) -> str | None:
    """The address of a file is an absolute http or https URL without blanks."""
    if isinstance(url, str):
        scheme, found, rest = url.partition("://")
        # The scheme and the beginning of a host; more than that, and no blank, is the media server's business. What is
        # printable holds no white space but the blank, and is quickly asked.
        if (
            found
            and scheme.lower() in _SCHEMES
            and rest[:1] not in " \t\n\r/?#"
            and " " not in url
            and (url.isprintable() or not ("\n" in url or "\t" in url or "\r" in url))
        ):
            return None
    return f"{url!r:.80} is no absolute http(s) address: the gateway fetches the file from there"


# ------------------------------------------------------------------------------------------------ one slide


# Seed 003, E223.
@rule("E223", "slide", "/".join(OBJECTS), at_build=True)
def one_object(slide: Slide, limits: Limits) -> str | None:
    """A slide holds at most one of vCard, iCal, PDF and pass."""
    # Written out, like its neighbours below: every slide of every message passes here.
    if slide.vcard is None and slide.ical is None and slide.pdf is None and slide.passbook is None:
        return None
    if sum(getattr(slide, kind) is not None for kind in OBJECTS) < 2:
        return None
    return f"{_held(slide, OBJECTS)} cannot share a slide: give each a slide of its own"


# Seed 003, E224.
@rule("E224", "slide", "/".join(OBJECTS), at_build=True)
def object_alone(slide: Slide, limits: Limits) -> str | None:
    """A vCard, iCal, PDF or pass stands on a slide without image, audio or video."""
    if slide.image is None and slide.audio is None and slide.video is None:
        return None
    if slide.vcard is None and slide.ical is None and slide.pdf is None and slide.passbook is None:
        return None
    return f"{_held(slide, OBJECTS)} cannot stand beside {_held(slide, MEDIA)}: put it on a slide of its own"


# Seed 003, E226.
@rule("E226", "slide", "audio/video", at_build=True)
def audio_without_video(slide: Slide, limits: Limits) -> str | None:
    """Audio and video are on different slides."""
    if slide.audio is None or slide.video is None:
        return None
    return "audio and video cannot share a slide: put one of them on a slide of its own"


# Seed 003, E227. An image beside audio is allowed (1.3, saveMMS).
@rule("E227", "slide", "video/image", at_build=True)
def video_without_image(slide: Slide, limits: Limits) -> str | None:
    """Video and image are on different slides."""
    if slide.video is None or slide.image is None:
        return None
    return "video and image cannot share a slide: put one of them on a slide of its own"


# Seed 003, E313. Blanks are no text: a phone would show an empty slide.
@rule("E313", "slide", "text")
def not_empty(slide: Slide, limits: Limits) -> str | None:
    """A slide holds text or a file."""
    text = slide.text
    # Nearly every slide answers here: a text that is more than white space, of whatever kind.
    if isinstance(text, str) and text and not text.isspace():
        return None
    if not is_blank(text) or any(getattr(slide, kind) is not None for kind in (*FILES, "personalized_image")):
        return None
    return "the slide is empty: give it text or a file, or leave it out"


# 1.3: an integer, in seconds. From 1 up is our ruling; above 30 is an advice.
@rule("E230", "slide", "duration", at_build=True)
def whole_seconds(slide: Slide, limits: Limits) -> str | None:
    """A duration is a whole number of seconds from 1 up."""
    if is_whole_number(slide.duration, 1):
        return None
    return f"{slide.duration!r:.40} is no whole number of seconds from 1 up"


def _held(slide: Slide, kinds: Iterable[str]) -> str:
    return " and ".join(kind for kind in kinds if getattr(slide, kind) is not None)
