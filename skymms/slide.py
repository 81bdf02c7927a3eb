"""One slide: the smallest thing a message is made of.

It holds whatever it is given, right or wrong, because a wrong request read back from the wire has to be holdable too.
Judging is the business of ``skymms.validation.message_rules``; the builder checks each slide.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

#: The files that play. An image may stand beside audio; a video stands alone.
MEDIA = ("image", "audio", "video")
#: The files that are handed over, which the vendors call objects: one a slide, beside text only.
OBJECTS = ("vcard", "ical", "pdf", "passbook")
#: All kinds of file, each a field of :class:`Slide` that holds the address the gateway fetches it from.
FILES = MEDIA + OBJECTS


@dataclass(frozen=True, slots=True)
class Slide:
    """A slide: words, at most one file of each kind, and how long it shows.

    ``text`` is plain text with ``\\n`` for a line break; the seven kinds of file are absolute ``http`` or ``https``
    addresses; ``duration`` is in whole seconds (the gateway shows a slide for 10 when none is given).
    ``personalized_image`` is the id of one of the account's templates of images, which 1.3 fills in for each recipient of a
    stored slideshow, from :attr:`skymms.SendSavedMMS.data`.
    Source: seed 003, the template of sendMMS.
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
