"""What Cellcast would refuse, and what it cannot carry: found before anything leaves, all of it in one pass.

The codes are v3's own, also for v1, which has none. What cannot be carried has no code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ..errors import FieldError, Problem, SkymmsError, refusal
from ..gsm import most_units
from ..limits import DOCUMENTED
from ..operations import Operation
from ..rules import absolute_address, sayable
from ..slide import FILES
from ..slideshow import Slideshow
from .spoken import broken, fields_of, picture, without_plus
from .tables import FORESEEN, MOST_MEDIA, SHARED, Generation
from .values import CellcastSend, MarkRead, mobile

#: What a slideshow can have and no Cellcast message can.
_UNCARRIED = ("fallback_text", "disable_fallback", "disable_fallback_link", "link_expires")
_EMPTY = (None, "", ())


def problems(operation: Operation[Any], spoken: Generation, max_text: int | None) -> Iterator[Problem]:
    """Everything that is wrong with an operation."""
    call = spoken.calls.get(type(operation))
    if call is None:
        yield Problem(None, None, type(operation).__name__, f"Cellcast {spoken.name} has no call for it")
        return
    for name, value in fields_of(operation).items():
        if value not in _EMPTY and name not in {*call.names, call.tail}:
            yield Problem(None, None, name, f"Cellcast {spoken.name} has no word for it: leave it out")
    if isinstance(operation, CellcastSend):
        yield from _of_a_send(operation, spoken, max_text)
    else:
        yield from _of_others(operation, spoken)


def refused(found: tuple[Problem, ...]) -> SkymmsError:
    """The error that carries problems, of the class that a refusal of the first one's field has."""
    return refusal(found, FORESEEN.get(found[0].field.partition("[")[0], FieldError))


def _invalid(field: str, said: str, at: int | None = None) -> Problem:
    return Problem("FIELD_INVALID", at, field, said)


def _of_a_send(send: CellcastSend, spoken: Generation, max_text: int | None) -> Iterator[Problem]:
    show = send.slideshow
    if not isinstance(show, Slideshow):
        raise TypeError(f"a Slideshow or a Slide is wanted, not {type(show).__name__}")
    for name in _UNCARRIED:
        if getattr(show, name):
            yield Problem(None, None, name, "Cellcast cannot carry it: leave it out")
    if not show.slides:
        yield Problem("FIELD_EMPTY", None, "slides", "a slide is required")
    for at, slide in enumerate(show.slides, 1):
        if at > 1:
            yield Problem(None, at, "slides", "Cellcast carries one slide a message: send this one by itself")
            continue
        for name in (*FILES, "duration"):
            if name != "image" and getattr(slide, name) is not None:
                yield Problem(None, at, name, "Cellcast carries a text and one image: leave it out")
        if slide.text is None or not str(slide.text).strip():
            yield Problem("FIELD_EMPTY", at, "text", "a text is required")
        else:
            yield from _of_words(broken(slide.text), "text", at, max_text)
        yield from _of_the_picture(slide.image, send.media, at, spoken)
    if show.subject and "subject" in spoken.calls[CellcastSend].names:
        yield from _of_words(show.subject, "subject", None, spoken.max_subject)
    yield from _of_the_sender(without_plus(send.sender))
    if not send.to:
        yield Problem("RECIPIENTS_ERROR", None, "to", "a recipient is required")
    for at, number in enumerate(send.to):
        if mobile(number) is None:
            said = f"{number!r:.40} is no Australian mobile number: write +614 and eight digits"
            yield Problem("RECIPIENTS_ERROR", None, f"to[{at}]", said)


def _of_words(text: Any, name: str, at: int | None, most: int | None) -> Iterator[Problem]:
    if said := sayable(text, DOCUMENTED):
        yield _invalid(name, said, at)
    # Nobody says how Cellcast counts, so by the largest count that it can come to.
    elif most is not None and (units := most_units(text)) > most:
        yield _invalid(name, f"{units:,} units, {units - most:,} more than the {most:,} allowed: shorten it", at)


def _of_the_picture(image: Any, media: Any, at: int, spoken: Generation) -> Iterator[Problem]:
    uploads = "media" in spoken.calls[CellcastSend].names
    if image is None and media is None:
        yield Problem("FIELD_EMPTY", at, "image", f"a picture is required: {'media, or ' * uploads}an address")
    if image is not None:
        if said := absolute_address(image, DOCUMENTED):
            yield _invalid("image", said, at)
        elif (kind := _ending(image)) not in spoken.images and (kind or uploads):
            takes = f"Cellcast {spoken.name} fetches {', '.join(spoken.images)}"
            yield _invalid("image", takes + ("; hand a jpeg or png over as media" if uploads else ""), at)
    if media is not None and uploads:
        if image is not None:
            yield _invalid("media", "a message has one picture: media or image, not both")
        if not isinstance(media, bytes) or picture(media) is None:
            yield _invalid("media", "it is no jpeg and no png in bytes")
        elif len(media) > MOST_MEDIA:
            yield _invalid("media", f"{len(media):,} bytes: at most {MOST_MEDIA:,} are allowed")


def _ending(url: str) -> str:
    """What a path ends with; nothing where it ends with no kind of file, for then nobody can tell before fetching it."""
    found = re.search(r"\.([A-Za-z0-9]{2,6})$", urlsplit(url).path)
    return found[1].lower() if found else ""


def _of_the_sender(sender: Any) -> Iterator[Problem]:
    # Seed 001: letters, digits, space and dash; 16 digits at most, 11 characters where there are letters.
    if sender in (None, "", SHARED):
        return
    if not re.fullmatch("[A-Za-z0-9-]([A-Za-z0-9 -]*[A-Za-z0-9-])?", str(sender)):
        yield _invalid("sender", "letters, digits and dashes are allowed, and blanks between them")
    elif len(str(sender)) > (most := 16 if str(sender).isdigit() else 11):
        yield _invalid("sender", f"{len(str(sender))} characters: at most {most} are allowed")


def _of_others(operation: Any, spoken: Generation) -> Iterator[Problem]:
    page = getattr(operation, "page", None)
    if page is not None and (type(page) is not int or page < 1):
        yield _invalid("page", "pages are whole numbers from 1 up")
    if getattr(operation, "mark_read", False) and MarkRead not in spoken.calls:
        yield Problem(None, None, "mark_read", f"Cellcast {spoken.name} cannot mark: remember the last received_at instead")
    for item in fields(operation):
        given = getattr(operation, item.name)
        wanted = item.name == "message_id" and (given is not None or item.default is MISSING)
        if wanted and not re.fullmatch(spoken.message_id, str(given)):
            yield _invalid("message_id", f"{given!r:.40} is no message id of {spoken.name}")
    if isinstance(operation, MarkRead):
        # Seed 000: without either, all messages are marked. So that has to be said.
        asked = (operation.message_id is not None, operation.before is not None, bool(operation.everything))
        if sum(asked) != 1:
            yield _invalid("message_id", "give exactly one of message_id, before and everything=True")
        if operation.before is not None and not _is_moment(operation.before):
            yield _invalid("before", "a datetime with a zone is wanted, or the text to send")


def _is_moment(when: Any) -> bool:
    return when.tzinfo is not None if isinstance(when, datetime) else isinstance(when, str) and bool(when.strip())
