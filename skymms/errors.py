"""The errors that skymms raises.

Errors with the same remedy have the same class. Each gateway code belongs to one class, whether skymms or the gateway found
the problem: ``except AudioWithVideoError`` catches both, and ``foreseen`` is True if skymms found it.

::

    SkymmsError                        .remedy  .problems  .sent_maybe  .partial
    ├─ MMSError                        a gateway's code: .code .meaning .info .slide .field .foreseen .reply
    │  ├─ SlideRuleError               about one slide, or the number of slides
    │  │  ├─ MultipleObjectsError      E223   two of vCard, iCal, PDF and pass on a slide
    │  │  ├─ ObjectWithMediaError      E224   one of those with an image, audio or video
    │  │  ├─ TooManySlidesError        E225
    │  │  ├─ AudioWithVideoError       E226
    │  │  ├─ VideoWithImageError       E227
    │  │  ├─ TextTooLongError          E228, E334
    │  │  ├─ DurationError             E230
    │  │  ├─ NoSlidesError             E312
    │  │  └─ EmptySlideError           E313
    │  ├─ MediaError                   the file behind a URL
    │  │  ├─ MediaTooLargeError        E331-E338
    │  │  ├─ MediaCorruptedError       E341, E343
    │  │  ├─ MediaUnreachableError     E351-E358
    │  │  └─ MediaTypeError            E229, E629
    │  ├─ AuthenticationError          E104
    │  ├─ PermissionDeniedError        E105, E107, E109, E112
    │  ├─ ThrottledError               E106, E113, HTTP 429: wait, then send again
    │  │  └─ QuotaExceededError        E120: waiting a few seconds does not help
    │  ├─ RecipientError               E110
    │  │  └─ BlockedRecipientError      E114: do not send to this number again
    │  ├─ SenderError                  E111, E115
    │  ├─ FieldError                   a field is missing or malformed: E311, E314, E620, E627
    │  ├─ FallbackError                E617, E622
    │  ├─ CampaignError                E714-E721
    │  ├─ SubscriptionError            E901-E918
    │  ├─ CarrierError                 E618, E619, E628, E650, E651
    │  ├─ BillingError                 E713
    │  ├─ NotFoundError                E241
    │  ├─ NotReadyError                E626: still being encoded
    │  ├─ PassError                    E63x, E8xx, E950-E999
    │  ├─ MalformedRequestError        E100, E108
    │  └─ GatewayFaultError            E503
    ├─ TransportError                  no usable HTTP response
    ├─ ProtocolError                   a response outside the protocol: .body (its beginning) .status
    ├─ ConfigurationError              a missing key, an unknown dialect, a field that the dialect does not support
    ├─ InDoubtError                    a message with this key may have been sent: .key
    └─ StorageError                    the database of a ledger or an inbox cannot be used

All of them can be pickled and copied. No error contains an API key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from . import codes
from .problems import Problem as Problem

#: A document that was read from the wire, as ``(name, text)`` pairs in their order.
Nodes = tuple[tuple[str, str], ...]


class SkymmsError(Exception):
    """The base class of all errors that skymms raises.

    ``problems`` holds all problems that were found before sending; the class belongs to the first. ``sent_maybe`` is True if
    the message may have reached the gateway, so that sending it again may deliver it twice. ``partial`` is the reply to the
    finished requests of a call that consists of several; None otherwise.
    """

    partial: Any = None
    _usual_remedy: ClassVar[str] = ""

    def __init__(self, message: str = "", *, problems: Sequence[Problem] = (), sent_maybe: bool = False) -> None:
        super().__init__(message)
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.sent_maybe = sent_maybe

    @property
    def remedy(self) -> str:
        """What to do about the error. If the message may have been sent, that is to wait for its delivery report."""
        return CHECK_POSTBACKS if self.sent_maybe else self._usual_remedy

    @property
    def summary(self) -> str:
        """The text of the error without the sentence that names ``skymms explain``: for tables and reports."""
        return str(self)


class MMSError(SkymmsError):
    """The gateway refused a request, or would refuse it; ``code`` is the gateway's code.

    ``info`` is the gateway's text; ``meaning`` and ``remedy`` come from skymms's catalogue of codes. ``slide`` counts from 1;
    ``field`` is the Python name of the field, if it is known. ``foreseen`` is True if skymms found the problem and sent
    nothing. ``reply`` is the whole refusal as ``(name, text)`` pairs. An unknown code is raised as this class itself.
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
        # pickle and copy call the class with these; all other attributes are restored from __dict__.
        self.args: tuple[Any, ...] = (code, info)
        self.code = code
        self.info = info
        self.slide = slide
        self.field = field
        self.foreseen = foreseen
        self.reply = reply

    @property
    def meaning(self) -> str:
        """The meaning of the code; empty for an unknown code."""
        known = codes.find_answer(self.code)
        return known.meaning if known else ""

    @property
    def remedy(self) -> str:
        """The remedy: what to do about the error; empty for an unknown code.

        If the message may have been sent in spite of the code (``sent_maybe``), the remedy is to wait for its delivery report.
        """
        if self.sent_maybe:
            return CHECK_POSTBACKS
        known = codes.find_answer(self.code)
        return known.remedy if known else ""

    @property
    def summary(self) -> str:
        if self.foreseen and self.problems:
            # Each problem says what to do; the catalogue's remedy is in `remedy`.
            return "\n".join(map(str, self.problems))
        text = self.info or self.meaning or "refused without a reason"
        if self.code:
            text = f"{self.code}: {text}"
        if self.info and self.meaning and self.info != self.meaning:
            text += f" ({self.meaning})"
        return f"{text}. {self.remedy}".rstrip(". ") + "."

    def __str__(self) -> str:
        listed = [problem.code for problem in self.problems] if self.foreseen and self.problems else [self.code]
        known = dict.fromkeys(code for code in listed if code and codes.find_answer(code))
        if not known:
            return self.summary
        # Problems are lines of their own, and so is what follows them.
        between = "\n" if self.foreseen and self.problems else " "
        return f"{self.summary}{between}`skymms explain {' '.join(known)}` says more."

    def __repr__(self) -> str:
        place = {"slide": self.slide, "field": self.field}
        given = [repr(self.code), *(f"{name}={value!r}" for name, value in place.items() if value is not None)]
        return f"{type(self).__name__}({', '.join(given)})"


class SlideRuleError(MMSError):
    """A slide breaks a rule of the gateway, or there are too few or too many slides."""


class MultipleObjectsError(SlideRuleError):
    """E223: two of vCard, iCal, PDF and pass on one slide."""


class ObjectWithMediaError(SlideRuleError):
    """E224: a vCard, iCal, PDF or pass with an image, audio or video on one slide."""


class TooManySlidesError(SlideRuleError):
    """E225: too many slides in a message."""


class AudioWithVideoError(SlideRuleError):
    """E226: audio and video on one slide."""


class VideoWithImageError(SlideRuleError):
    """E227: video and an image on one slide."""


class TextTooLongError(SlideRuleError):
    """E334 (and the gateway's E228): a slide's text is too long."""


class DurationError(SlideRuleError):
    """E230: a duration is not a whole number of seconds from 1 up."""


class NoSlidesError(SlideRuleError):
    """E312: a slideshow without a slide."""


class EmptySlideError(SlideRuleError):
    """E313: a slide without text and without a file."""


class MediaError(MMSError):
    """A problem with the file behind a URL."""


class MediaTooLargeError(MediaError):
    """E331-E338: the file is larger than the account allows."""


class MediaCorruptedError(MediaError):
    """E341, E343: the file cannot be read."""


class MediaUnreachableError(MediaError):
    """E351-E358: the gateway cannot fetch the file from its URL."""


class MediaTypeError(MediaError):
    """E229, E629: the gateway does not accept files of this type."""


class AuthenticationError(MMSError):
    """E104: the key is missing or wrong."""


class PermissionDeniedError(MMSError):
    """E105, E107, E109, E112: the key is valid but may not do this, or not from this IP address."""


class ThrottledError(MMSError):
    """E106, E113, HTTP 429: too many calls in too short a time; the call can be retried later.

    ``retry_after`` is how many seconds the gateway asked to wait, or None if it did not say.
    """

    retry_after: float | None = None


class QuotaExceededError(ThrottledError):
    """E120: the account has used up its calls; waiting a few seconds does not help."""


class RecipientError(MMSError):
    """E110: the recipient's number is missing or invalid."""


class BlockedRecipientError(RecipientError):
    """E114: the recipient is on a block list. Do not send to this number again."""


class SenderError(MMSError):
    """E111, E115: the short code or sender name does not belong to the account."""


class FieldError(MMSError):
    """A field is missing or malformed: E311, E314, E620, E627 and others."""


class FallbackError(MMSError):
    """E617, E622: the text of the fallback SMS is missing, or the date at which its link expires is invalid."""


class CampaignError(MMSError):
    """E714-E721: the campaign is missing or unknown, or the recipient is not subscribed to it."""


class SubscriptionError(MMSError):
    """E901-E918: a number or address cannot be subscribed or unsubscribed."""


class CarrierError(MMSError):
    """E618, E619, E628, E650, E651: the recipient's carrier is unknown or unsupported, or must be named."""


class BillingError(MMSError):
    """E713: the account cannot be charged."""


class NotFoundError(MMSError):
    """E241 and others: nothing is stored under this id."""


class NotReadyError(MMSError):
    """E626: the saved MMS is still being encoded; wait for its N003 postback."""


class PassError(MMSError):
    """E63x, E8xx, E950-E999: the gateway cannot make a pass or barcode as requested."""


class MalformedRequestError(MMSError):
    """E100, E108: the gateway cannot read the request."""


class GatewayFaultError(MMSError):
    """E503: the gateway failed internally; the message may have been sent."""


class TransportError(SkymmsError):
    """There is no usable HTTP response; ``sent_maybe`` says whether the request may have arrived."""

    _usual_remedy = "Check the network, the proxy and the account's url, then call again."


class ProtocolError(SkymmsError):
    """A response or postback that does not follow the protocol; ``body`` is its beginning, ``status`` the HTTP status."""

    _usual_remedy = "Check the account's url and dialect. If they are right, show body to the gateway's support."

    def __init__(self, message: str = "", *, body: bytes = b"", status: int | None = None, sent_maybe: bool = False) -> None:
        super().__init__(message, sent_maybe=sent_maybe)
        self.body: bytes = body[:MAX_BODY_EXCERPT]
        self.status = status


class ConfigurationError(SkymmsError):
    """The request cannot be written: a key is missing, a dialect is unknown, or it does not support a field."""

    _usual_remedy = "Correct what the error names, then call again."


class InDoubtError(SkymmsError):
    """A message with this key is being sent, or was and its outcome is unknown: it is not sent again. ``key`` is the key."""

    def __init__(self, message: str = "", *, key: str = "", problems: Sequence[Problem] = (), sent_maybe: bool = True) -> None:
        super().__init__(
            message
            or f"the message with the key {key!r} may have been sent, and is not sent again: wait for its delivery report, "
            "then settle the key",
            problems=problems,
            sent_maybe=sent_maybe,
        )
        self.key = key

    @property
    def remedy(self) -> str:
        return (
            "Pass the message's delivery report to ledger.note, which settles the key. If no report comes, find out whether "
            "the message was sent, and call ledger.settle_key."
        )


class StorageError(SkymmsError):
    """The database of a ledger or an inbox cannot be used: it is locked, full, damaged, a copy, or from a newer skymms."""

    _usual_remedy = "Correct what the error says about the database, then call again."


#: The remedy if a message may have been sent.
CHECK_POSTBACKS = codes.ANSWERS["E503"].remedy

#: Bytes of an unreadable body that an error keeps: enough to recognise the page, few enough for a log.
MAX_BODY_EXCERPT = 2048

_CLASSES = {name: kind for name, kind in list(globals().items()) if isinstance(kind, type)}


def error_class(code: str) -> type[MMSError]:
    """Return the error class of a code in a response; :class:`MMSError` for an unknown code."""
    known = codes.ANSWERS.get(code.strip().upper())
    return _CLASSES[known.family] if known else MMSError


#: The statuses that mean a refusal, in lower case. A missing status does too, if there is a code.
_REFUSED = frozenset({"", "failure", "failed", "fail", "error"})


def gateway_refusal(
    code: str | None, info: str | None, *, status: str | None = None, reply: Nodes = (), repeatable: bool = False
) -> MMSError:
    """Return the error for a refusal; ``status`` is the status of the response, ``repeatable`` that of the operation.

    ``sent_maybe`` is True if the response does not clearly mean that nothing was sent: after a fault inside the gateway the
    message may have been sent, and a status such as "success" or "queued" contradicts an error code.
    """
    # A refusal may have no code; it is raised as the base class, like an unknown code.
    code = (code or "").strip().upper()
    kind = error_class(code)
    refused = (status or "").strip().lower() in _REFUSED and not issubclass(kind, GatewayFaultError)
    return kind(code, info or "", reply=reply, sent_maybe=not (repeatable or refused))


def refusal(problems: Sequence[Problem], kind: type[MMSError] | None = None) -> SkymmsError:
    """Return one error with all ``problems``, of the class of the first one, or of ``kind`` for a code of another gateway."""
    first = problems[0]
    if first.code is None:
        return ConfigurationError("\n".join(map(str, problems)), problems=problems)
    kind = error_class(first.code) if kind is None else kind
    return kind(first.code, first.message, slide=first.slide, field=first.field, problems=problems, foreseen=True)
