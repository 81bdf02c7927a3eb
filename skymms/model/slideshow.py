"""The slideshow: a multimedia message, built slide by slide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, replace
from datetime import date
from typing import Any

from .._functools import copier, value
from ..errors import Problem, refusal
from ..limits import DOCUMENTED, Limits
from ..slide import Slide
from ..validation.validator import BUILDER_VALIDATOR, VALIDATOR
from .notebook import NotebookView
from .serializable import Serializable


class _Validated:
    """Base class with an attribute that is not part of a slideshow's value: not compared, copied, pickled or shown."""

    __slots__ = ("valid_slides",)

    #: The number of slides, if :meth:`Slideshow.slide` added all of them and found no problem; unset otherwise.
    valid_slides: int


@value
class Slideshow(_Validated, NotebookView, Serializable):
    """A multimedia message: a name, a subject and up to eight slides.

    A slideshow cannot be changed. :meth:`slide` returns a new one, so a slideshow that was built once can be shared by many
    messages and threads.

    :param name: the name in the account's list of stored messages. Recipients do not see it.
    :param subject: the title that a phone shows.
    :param fallback_text: replaces the subject if the message is sent as an SMS with a link.
    :param disable_fallback: True makes such a message fail instead.
    :param disable_fallback_link: True sends that SMS without the link.
    :param link_expires: until when the link works: a date, a datetime or an ISO 8601 text. The gateway's default is 365 days.
    :param slides: slides that are not validated here; :meth:`slide` validates.

    Source: Skycore 1.3, sendMMS.
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
        # A list is copied to a tuple, because its owner could change it later.
        if type(self.slides) is not tuple:
            object.__setattr__(self, "slides", tuple(self.slides))
        slide: Any
        for slide in self.slides:
            if not isinstance(slide, Slide):
                raise TypeError(f"slides must hold Slide objects; got a {type(slide).__name__}. Add slides with .slide(...)")

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
        """Return a new slideshow with one more slide, given by its parts or as a :class:`Slide`.

        Raises the error that the gateway would return: :class:`~skymms.AudioWithVideoError` (E226),
        :class:`~skymms.VideoWithImageError` (E227), :class:`~skymms.MultipleObjectsError` (E223),
        :class:`~skymms.ObjectWithMediaError` (E224), :class:`~skymms.TooManySlidesError` (E225),
        :class:`~skymms.DurationError` (E230), :class:`~skymms.EmptySlideError` (E313),
        :class:`~skymms.TextTooLongError` (E334), or
        :class:`~skymms.MediaUnreachableError` (E351-E358) for a URL that is not absolute. All problems of the slide are in
        ``error.problems``.
        """
        if isinstance(text, Slide):
            parts = (image, audio, video, vcard, ical, pdf, passbook, duration, personalized_image)
            if any(part is not None for part in parts):
                raise TypeError("slide() takes a Slide or the parts of a slide, not both")
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
        longer = _with_slides(self, (*self.slides, added))
        # Only the added slide is validated. Problems of earlier slides were reported, or passed in through `slides`.
        number = len(longer.slides)
        problems = BUILDER_VALIDATOR.validate_fields(longer, DOCUMENTED)
        if VALIDATOR.validate_slide(added, number, DOCUMENTED):
            # The builder does not raise every problem: a character that XML cannot contain is left to `problems`.
            problems = BUILDER_VALIDATOR.validate_slide(added, number, DOCUMENTED) + problems
        elif getattr(self, "valid_slides", 0) == number - 1:
            _set_valid_slides(longer, number)
        if problems:
            raise refusal(problems)
        return longer

    def replace(self, **changes: Any) -> Slideshow:
        """Return a new slideshow with other fields, for example ``subject`` or ``slides``. Nothing is validated."""
        return replace(self, **changes)

    def problems(self, limits: Limits = DOCUMENTED) -> tuple[Problem, ...]:
        """Return all problems that a gateway would refuse: first those of the whole slideshow, then slide by slide.

        An account may require more (Sinch MMS requires a fallback text): see ``account.problems(operation)``.
        """
        return tuple(VALIDATOR.validate(self, limits))

    def warnings(self, limits: Limits = DOCUMENTED) -> tuple[Problem, ...]:
        """Return the warnings: what the vendors advise against but accept. A warning never prevents sending."""
        from ..validation.warnings import WARNINGS_VALIDATOR

        return tuple(WARNINGS_VALIDATOR.validate(self, limits))


_with_slides = copier(Slideshow, "slides")
_set_valid_slides: Callable[[Slideshow, int], None] = vars(_Validated)["valid_slides"].__set__
