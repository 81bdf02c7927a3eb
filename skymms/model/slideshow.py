"""A slideshow: what is said, slide after slide, and what a phone that cannot show it gets instead.

A value that never changes. :meth:`Slideshow.slide` returns a new one, so that a base built once is safely shared by ten
thousand sends, and it refuses a wrong slide at the call that writes it: there is no half-made state and no `.build()`.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from datetime import date
from typing import Any

from ..errors import Problem, refusal
from ..limits import DOCUMENTED, Limits
from ..slide import Slide
from ..validation.validator import BUILDER_VALIDATOR, VALIDATOR, WARNINGS_VALIDATOR


@dataclass(frozen=True, slots=True)
class Slideshow:
    """A multimedia message: a name, a subject, and up to eight slides.

    ``name`` is what the account lists it under; nobody else sees it. ``subject`` is the title a phone shows.
    ``fallback_text`` replaces the subject when the message goes out as an SMS with a link; ``disable_fallback`` makes it
    fail instead, ``disable_fallback_link`` sends the SMS without the link, and ``link_expires`` (a date, a datetime or an
    ISO 8601 string; the gateway's default is 365 days) says until when the link works.

    ``slides`` takes ready slides without judging them; :meth:`slide` judges. Source: seed 003.
    """

    name: str
    _: KW_ONLY
    subject: str | None = None
    fallback_text: str | None = None
    disable_fallback: bool | None = None
    disable_fallback_link: bool | None = None
    link_expires: date | str | None = None
    slides: tuple[Slide, ...] = ()

    def __post_init__(self) -> None:
        # A list is welcome; what is kept is a tuple, for a list could be changed behind a frozen value's back.
        if type(self.slides) is not tuple:
            object.__setattr__(self, "slides", tuple(self.slides))
        for slide in self.slides:
            if not isinstance(slide, Slide):
                raise TypeError(f"slides: a Slide is wanted, not {type(slide).__name__}; .slide({slide!r:.20}) makes one")

    def slide(
        self,
        text: str | Slide | None = None,
        *,
        image: str | None = None,
        audio: str | None = None,
        video: str | None = None,
        vcard: str | None = None,
        ical: str | None = None,
        pdf: str | None = None,
        passbook: str | None = None,
        duration: int | None = None,
        personalized_image: str | None = None,
    ) -> Slideshow:
        """A new slideshow with one slide more, given by its parts or as a ready :class:`Slide`.

        Raises what the gateway would: :class:`~skymms.AudioWithVideoError` (E226), :class:`~skymms.VideoWithImageError`
        (E227), :class:`~skymms.MultipleObjectsError` (E223), :class:`~skymms.ObjectWithMediaError` (E224),
        :class:`~skymms.TooManySlidesError` (E225), :class:`~skymms.DurationError` (E230),
        :class:`~skymms.TextTooLongError` (E334), or :class:`~skymms.MediaUnreachableError` (E351-E358) for an address that
        is no absolute http(s) URL; all that is wrong is in ``error.problems``.
        """
        parts = (image, audio, video, vcard, ical, pdf, passbook, duration, personalized_image)
        if isinstance(text, Slide):
            if any(part is not None for part in parts):
                raise TypeError("slide() takes a ready Slide or the parts of one, not both")
            added = text
        else:
            added = Slide(
                text,
                image=image,
                audio=audio,
                video=video,
                vcard=vcard,
                ical=ical,
                pdf=pdf,
                passbook=passbook,
                duration=duration,
                personalized_image=personalized_image,
            )
        longer = replace(self, slides=(*self.slides, added))
        # Only what this call added is judged: what was wrong before was either let in on purpose or told already.
        problems = BUILDER_VALIDATOR.validate_slide(added, len(longer.slides), DOCUMENTED) + BUILDER_VALIDATOR.validate_fields(
            longer, DOCUMENTED
        )
        if problems:
            raise refusal(problems)
        return longer

    def replace(self, **changes: Any) -> Slideshow:
        """A new slideshow with other fields, ``slides`` among them; nothing is judged."""
        return replace(self, **changes)

    def problems(self, limits: Limits = DOCUMENTED) -> tuple[Problem, ...]:
        """Everything a gateway would refuse, whole slideshow first, then slide after slide.

        A gateway may insist on more (the successor wants a fallback text): ``account.problems(operation)`` judges by it.
        """
        return tuple(VALIDATOR.validate(self, limits))

    def warnings(self, limits: Limits = DOCUMENTED) -> tuple[Problem, ...]:
        """What the vendors advise against and accept all the same; never a reason not to send."""
        return tuple(WARNINGS_VALIDATOR.validate(self, limits))
