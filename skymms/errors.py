"""Every error skymms raises, drawn as a tree.

The class says what kind of remedy helps and whose move it is; the data says the rest. One code of the protocol has one
class, whoever found it: ``except AudioWithVideoError`` catches the builder's refusal and the gateway's alike, and
``foreseen`` tells them apart. This file stands at the bottom of the house so that anything may raise anything in it.

::

    SkymmsError                        .problems  .sent_maybe  .partial
    ├─ MMSError                        a code of the protocol: .code .meaning .remedy .info .slide .field .foreseen .reply
    │  ├─ SlideRuleError               what one slide, or the row of slides, may hold
    │  │  ├─ MultipleObjectsError      E223   two of vCard, iCal, PDF and pass on a slide
    │  │  ├─ ObjectWithMediaError      E224   one of those beside an image, audio or video
    │  │  ├─ TooManySlidesError        E225
    │  │  ├─ AudioWithVideoError       E226
    │  │  ├─ VideoWithImageError       E227
    │  │  ├─ TextTooLongError          E228, E334
    │  │  ├─ DurationError             E230
    │  │  ├─ NoSlidesError             E312
    │  │  └─ EmptySlideError           E313
    │  ├─ MediaError                   the file behind an address
    │  │  ├─ MediaTooLargeError        E331-E338
    │  │  ├─ MediaCorruptedError       E341, E343
    │  │  ├─ MediaUnreachableError     E351-E358
    │  │  └─ MediaTypeError            E229, E629
    │  ├─ AuthenticationError          E104
    │  ├─ PermissionDeniedError        E105, E107, E109, E112
    │  ├─ ThrottledError               E106, E113, HTTP 429: wait, then ask again
    │  │  └─ QuotaExceededError        E120: waiting a few seconds does not help
    │  ├─ RecipientError               E110, E114
    │  ├─ SenderError                  E111, E115
    │  ├─ FieldError                   a field is missing or malformed: E311, E314, E620
    │  ├─ FallbackError                E617, E622
    │  ├─ CampaignError                E627, E714-E721
    │  ├─ SubscriptionError            E901-E918
    │  ├─ CarrierError                 E618, E619, E628, E650, E651
    │  ├─ BillingError                 E713
    │  ├─ NotFoundError                E241
    │  ├─ NotReadyError                E626: still being encoded
    │  ├─ PassError                    E63x, E8xx, E950-E999
    │  ├─ MalformedRequestError        E100, E108
    │  └─ GatewayFaultError            E503
    ├─ TransportError                  no usable HTTP answer
    ├─ ProtocolError                   an answer outside the protocol: .body (clipped) .status
    └─ ConfigurationError              a missing key, an unknown dialect, a field this dialect cannot say

All of them pickle and copy, and none of them holds an account's key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from . import codes

#: A document read from the wire, as ``(name, text)`` pairs in the order they came.
Nodes = tuple[tuple[str, str], ...]


class Problem(NamedTuple):
    """One thing that is wrong, found before anything left this machine.

    ``code`` is the gateway's own number for it (None for an advice, or for a field the dialect has no word for);
    ``slide`` counts from 1 and is None where the whole message is meant; ``field`` is the name used in Python.
    """

    code: str | None
    slide: int | None
    field: str
    message: str

    @property
    def where(self) -> str:
        """The place, as people say it: ``slide 2, audio``."""
        return self.field if self.slide is None else f"slide {self.slide}, {self.field}"

    def __str__(self) -> str:
        return f"{self.code + ' ' if self.code else ''}{self.where}: {self.message}"


class SkymmsError(Exception):
    """Anything skymms raises on purpose.

    ``problems`` holds everything found wrong before sending, the first being the one the class was chosen by;
    ``sent_maybe`` is True where the message may have reached the gateway, so that sending it again may send it twice.
    ``partial`` is the reply to what was done before, where a call is several requests and one of them failed; None otherwise.
    """

    partial: Any = None

    def __init__(self, message: str = "", *, problems: Sequence[Problem] = (), sent_maybe: bool = False) -> None:
        super().__init__(message)
        self.problems = tuple(problems)
        self.sent_maybe = sent_maybe


class MMSError(SkymmsError):
    """The gateway refused, or would have: ``code`` is the protocol's own number.

    ``info`` keeps the gateway's words as they came, ``meaning`` and ``remedy`` are the catalogue's; ``slide`` counts
    from 1, and ``field`` is the name in Python of the field that is meant, where one is told; ``foreseen`` is True when the
    problem was found here and nothing left this machine; ``reply`` is the whole refusal as ``(name, text)`` pairs. A code
    the catalogue does not know is raised as this class itself.
    """

    def __init__(
        self,
        code: str,
        info: str = "",
        *,
        slide: int | None = None,
        field: str | None = None,
        problems: Sequence[Problem] = (),
        foreseen: bool = False,
        reply: Nodes = (),
        sent_maybe: bool = False,
    ) -> None:
        super().__init__(info, problems=problems, sent_maybe=sent_maybe)
        # What pickle and copy call the class with again; everything else travels in __dict__.
        self.args = (code, info)
        self.code = code
        self.info = info
        self.slide = slide
        self.field = field
        self.foreseen = foreseen
        self.reply = reply

    @property
    def meaning(self) -> str:
        """What the code means, in the catalogue's words; empty for a code it does not know."""
        known = codes.ANSWERS.get(self.code)
        return known.meaning if known else ""

    @property
    def remedy(self) -> str:
        """What to do about it, in the catalogue's words; empty for a code it does not know.

        Where the message may have been sent in spite of the code, the first thing to do is to find out: see ``sent_maybe``.
        """
        if self.sent_maybe:
            return CHECK_POSTBACKS
        known = codes.ANSWERS.get(self.code)
        return known.remedy if known else ""

    def __str__(self) -> str:
        if self.foreseen and self.problems:
            # Each says its own remedy; the catalogue's is in `remedy`.
            return "\n".join(map(str, self.problems))
        said = self.info or self.meaning or "refused, without a reason"
        if self.code:
            said = f"{self.code}: {said}"
        if self.info and self.meaning and self.info != self.meaning:
            said += f" ({self.meaning})"
        return f"{said}. {self.remedy}".rstrip(". ") + "."


class SlideRuleError(MMSError):
    """A slide, or the row of slides, holds what the gateway does not allow."""


class MultipleObjectsError(SlideRuleError):
    """E223: two of vCard, iCal, PDF and pass on one slide."""


class ObjectWithMediaError(SlideRuleError):
    """E224: a vCard, iCal, PDF or pass beside an image, audio or video."""


class TooManySlidesError(SlideRuleError):
    """E225: more slides than a message may have."""


class AudioWithVideoError(SlideRuleError):
    """E226: audio and video on one slide."""


class VideoWithImageError(SlideRuleError):
    """E227: video and an image on one slide."""


class TextTooLongError(SlideRuleError):
    """E334 (and the gateway's E228): a slide's text is too long."""


class DurationError(SlideRuleError):
    """E230: a duration that is no whole number of seconds from 1 up."""


class NoSlidesError(SlideRuleError):
    """E312: a slideshow without a slide."""


class EmptySlideError(SlideRuleError):
    """E313: a slide without text and without a file."""


class MediaError(MMSError):
    """Something is wrong with the file behind an address."""


class MediaTooLargeError(MediaError):
    """E331-E338: the file is larger than the account allows."""


class MediaCorruptedError(MediaError):
    """E341, E343: the file cannot be read."""


class MediaUnreachableError(MediaError):
    """E351-E358: the gateway cannot fetch the file from its address."""


class MediaTypeError(MediaError):
    """E229, E629: the file is of a type the gateway does not take."""


class AuthenticationError(MMSError):
    """E104: the key is missing or wrong."""


class PermissionDeniedError(MMSError):
    """E105, E107, E109, E112: the key is right and may not do this, or not from here."""


class ThrottledError(MMSError):
    """E106, E113, HTTP 429: too many calls in too short a time; the same call may be made again later."""


class QuotaExceededError(ThrottledError):
    """E120: the account's calls are used up; waiting a few seconds does not help."""


class RecipientError(MMSError):
    """E110, E114: the recipient's number cannot be sent to."""


class SenderError(MMSError):
    """E111, E115: the short code or sender name is not one of the account's."""


class FieldError(MMSError):
    """A field is missing or malformed: E311, E314, E620 and their kin."""


class FallbackError(MMSError):
    """E617, E622: the SMS sent in the message's place lacks its text, or its link's expiry is no date."""


class CampaignError(MMSError):
    """E627, E714-E721: the campaign or service id is missing, unknown, or not the recipient's."""


class SubscriptionError(MMSError):
    """E901-E918: a number or address cannot be subscribed or unsubscribed."""


class CarrierError(MMSError):
    """E618, E619, E628, E650, E651: the recipient's carrier is unknown, unsupported or has to be named."""


class BillingError(MMSError):
    """E713: the account cannot be charged."""


class NotFoundError(MMSError):
    """E241 and its kin: there is nothing under that id."""


class NotReadyError(MMSError):
    """E626: the saved MMS is still being encoded; wait for its N003 postback."""


class PassError(MMSError):
    """E63x, E8xx, E950-E999: a pass or barcode cannot be made as asked."""


class MalformedRequestError(MMSError):
    """E100, E108: the gateway cannot read the request."""


class GatewayFaultError(MMSError):
    """E503: the gateway failed inside; a message may have gone out all the same."""


class TransportError(SkymmsError):
    """There is no usable HTTP answer; ``sent_maybe`` says whether the request may have arrived."""


class ProtocolError(SkymmsError):
    """An answer or a postback outside the protocol; ``body`` is its beginning, ``status`` the HTTP status if any."""

    def __init__(self, message: str = "", *, body: bytes = b"", status: int | None = None, sent_maybe: bool = False) -> None:
        super().__init__(message, sent_maybe=sent_maybe)
        self.body = body[:MAX_BODY_EXCERPT]
        self.status = status


class ConfigurationError(SkymmsError):
    """The request cannot be written: a key is missing, a dialect unknown, or it has no word for a field."""


#: What to do first where a message may have been sent.
CHECK_POSTBACKS = codes.ANSWERS["E503"].remedy

#: How much of an unreadable body an error keeps: enough to see whose page it is, too little to fill a log.
MAX_BODY_EXCERPT = 2048

_CLASSES = {name: kind for name, kind in list(globals().items()) if isinstance(kind, type)}


def error_class(code: str) -> type[MMSError]:
    """The class of errors a response code belongs to; :class:`MMSError` for one the catalogue does not know."""
    known = codes.ANSWERS.get(code.strip().upper())
    return _CLASSES[known.family] if known else MMSError


#: The words of a status that are a plain no, in small letters; no status says so too, beside a code.
_NO = frozenset({"", "failure", "failed", "fail", "error"})


def gateway_refusal(
    code: str | None, info: str | None, *, status: str | None = None, reply: Nodes = (), repeatable: bool = False
) -> MMSError:
    """The error for a gateway's no, with the words of its ``status``; ``repeatable`` is what the operation is.

    ``sent_maybe`` is True where it is no plain no: a fault inside the gateway tells what happened there, not whether the
    message had left by then, and an answer that says "success", or "queued", beside an error's code says both.
    """
    # A refusal without a code is possible; the base class is raised for it, as for a code nobody knows.
    code = (code or "").strip().upper()
    kind = error_class(code)
    plain = (status or "").strip().lower() in _NO and not issubclass(kind, GatewayFaultError)
    return kind(code, info or "", reply=reply, sent_maybe=not (repeatable or plain))


def refusal(problems: Sequence[Problem], kind: type[MMSError] | None = None) -> SkymmsError:
    """One error that carries all ``problems``, of the class of the first one; ``kind`` where the catalogue has not its code."""
    first = problems[0]
    if first.code is None:
        return ConfigurationError("\n".join(map(str, problems)), problems=problems)
    kind = error_class(first.code) if kind is None else kind
    return kind(first.code, first.message, slide=first.slide, field=first.field, problems=problems, foreseen=True)
