"""One slide of a slideshow."""

from __future__ import annotations

from dataclasses import KW_ONLY

from ._functools import value

#: The files that a phone plays. An image may share a slide with audio; a video may not share one with either.
MEDIA = ("image", "audio", "video")
#: The files that a phone saves or opens, which the vendors call objects: one per slide, with text only.
OBJECTS = ("vcard", "ical", "pdf", "passbook")
#: All kinds of file. Each is a field of :class:`Slide` that holds the URL from which the gateway fetches the file.
FILES = MEDIA + OBJECTS


@value
class Slide:
    """One slide: a text, at most one file of each kind, and a duration.

    ``text`` is plain text with ``\\n`` for a line break. The seven kinds of file are absolute ``http`` or ``https`` URLs.
    ``duration`` is in whole seconds; without it the gateway shows the slide for 10 seconds. ``personalized_image`` is the id
    of one of the account's image templates, which Skycore 1.3 fills in for each recipient of a stored slideshow, from
    :attr:`skymms.SendSavedMMS.data`.

    A slide is not validated when it is created, because a wrong request that was read from the wire must be representable
    too. :meth:`skymms.Slideshow.slide` validates. Source: Skycore 1.3, sendMMS.
    """

    text: str | None = None
    _: KW_ONLY
    image: str | None = None
    audio: str | None = None
    video: str | None = None
    vcard: str | None = None
    ical: str | None = None
    pdf: str | None = None
    passbook: str | None = None
    duration: int | None = None
    personalized_image: str | None = None
