"""What a phone shows of a message, as plain values: its texts, slides, files and fallback SMS, and what is wrong with it.

All renderings (HTML, text, terminal, contact sheet) read these values and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from .._functools import character_name
from ..cellcast import CellcastSend
from ..errors import ConfigurationError, Problem
from ..gsm import first_outside_gsm, gsm_units, sms_parts
from ..limits import ADVISED_FALLBACK_TEXT, ADVISED_SMS, DOCUMENTED
from ..media import CarrierVerdict, Preflight
from ..media.joining import further_problems, join_warnings
from ..model.actions import SendSMS
from ..model.operations import SendMMS
from ..model.slideshow import Slideshow
from ..model.stored_operations import SaveMMS, SendSavedMMS
from ..slide import FILES
from ..validation.hosts import url_problem
from ..validation.validator import VALIDATOR
from ..validation.warnings import WARNINGS_VALIDATOR
from .texts import MergeValues, Run, Runs, State, direction_marks, plain

#: A slide without a duration is shown this long, in seconds (Skycore 1.3, sendMMS).
DEFAULT_SECONDS = 10
#: The longest time that the preview shows a slide, in seconds.
MAX_SECONDS = 3600
#: Units of the fallback SMS that are kept for the gateway's link: the vendor advises 110 characters of 160.
LINK_UNITS = ADVISED_SMS - ADVISED_FALLBACK_TEXT

#: What each kind of file is called.
KINDS: Mapping[str, str] = {
    "image": "picture",
    "audio": "sound",
    "video": "video",
    "vcard": "contact card",
    "ical": "calendar entry",
    "pdf": "PDF document",
    "passbook": "wallet pass",
}


@dataclass(frozen=True, slots=True)
class FileView:
    """A file on a slide. ``kind`` is the name of the slide's field, and ``address`` is written as in the message."""

    kind: str
    address: str

    @property
    def name(self) -> str:
        """The file's name, or its host if the address has no file name."""
        try:
            parts = urlsplit(self.address)
        except ValueError:
            return self.address
        return unquote(parts.path.rpartition("/")[2]) or parts.netloc or self.address

    @property
    def url(self) -> str | None:
        """The address, if it is an absolute http or https URL; None otherwise."""
        return self.address if url_problem(self.address) is None else None

    @property
    def title(self) -> str:
        """What the file is: ``picture``, ``contact card``."""
        return KINDS[self.kind]


@dataclass(frozen=True, slots=True)
class SlideView:
    """One slide: its number (from 1), its text, its files, and the seconds for which it is shown."""

    number: int
    text: Runs
    files: tuple[FileView, ...] = ()
    seconds: int = DEFAULT_SECONDS


@dataclass(frozen=True, slots=True)
class SMSView:
    """An SMS: the message itself, or the fallback for phones without MMS. ``link`` is True if the gateway adds its link."""

    text: Runs
    link: bool = True

    @property
    def parts(self) -> int:
        """How many SMS are sent and charged, with the units that are kept for the link."""
        text = plain(self.text)
        return sms_parts(f"{text} {'x' * (LINK_UNITS - 1)}" if self.link else text)

    @property
    def length(self) -> str:
        """The length as a sentence: ``23 units of GSM 03.38, 1 SMS with the gateway's link``."""
        text = plain(self.text)
        encoding, units = gsm_units(text)
        outside = first_outside_gsm(text)
        because = f" (because of {label_of(outside)})" if outside else ""
        name = "GSM 03.38" if encoding == "gsm" else "UCS-2"
        link = f", {LINK_UNITS} units of them for the gateway's link" if self.link else ""
        total = units + LINK_UNITS if self.link else units
        return f"{self.parts} SMS: {total} units of {name}{because}{link}"


def label_of(character: str) -> str:
    """Return a character in quotes, or its number and name if it cannot be seen."""
    return repr(character) if character.isprintable() else character_name(character)


@dataclass(frozen=True, slots=True)
class FieldView:
    """A merge field: its name (``$`` first for the gateway's own), and the text in its place."""

    name: str
    state: State
    text: str

    @property
    def default(self) -> str | None:
        """The default of a field that is not filled in; None for one without a default, and for other fields."""
        _, divider, default = self.text[1:-1].partition("|")
        return default if self.state == "open" and divider else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A message as a phone shows it.

    ``notes`` say what the preview does not know, such as the pictures of a stored message. ``is_sms`` is True for an SMS, whose
    text is in ``sms``; for other messages ``sms`` is the fallback. ``carriers`` has what preflight says of each carrier.
    """

    title: str
    subject: Runs = ()
    slides: tuple[SlideView, ...] = ()
    contact: str = ""
    recipient: str = ""
    sms: SMSView | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    carriers: tuple[CarrierVerdict, ...] = ()
    is_sms: bool = False

    @property
    def seconds(self) -> int:
        """The seconds for which all slides are shown."""
        return sum(slide.seconds for slide in self.slides)

    @property
    def files(self) -> tuple[FileView, ...]:
        """The files of all slides, each once."""
        return tuple(dict.fromkeys(file for slide in self.slides for file in slide.files))

    @property
    def summary(self) -> str:
        """How much it is: ``3 slides, 25 seconds, 2 files``."""
        if self.is_sms and self.sms is not None:
            return f"{self.sms.parts} SMS"
        counts = [(len(self.slides), "slide"), (self.seconds, "second"), (len(self.files), "file")]
        return ", ".join(f"{count:,} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count) or "no slides"

    @property
    def fields(self) -> tuple[FieldView, ...]:
        """The merge fields, each text of a field once, in the order in which a phone shows them."""
        texts = [self.subject, *(slide.text for slide in self.slides), self.sms.text if self.sms else ()]
        runs = [run for text in texts for run in text]
        return tuple(dict.fromkeys(FieldView(run.field, run.state, run.text) for run in runs if run.field is not None))


def view_message(message: Any, data: Mapping[str, object] | None, preflight: Preflight | None) -> MessageView:
    """Return the view of a slideshow or an operation; :class:`~skymms.ConfigurationError` for one without a message."""
    if data is not None and not isinstance(cast(object, data), Mapping):
        raise ConfigurationError(f'data must be a dict, for example {{"name": "Ada"}}; got a {type(data).__name__}')
    if data and (wrong := [name for name in data if not isinstance(cast(object, name), str)]):
        raise ConfigurationError(f"data: the name of a merge field must be a text, not {wrong[0]!r:.40}")
    if isinstance(message, Slideshow):
        view = _of_slideshow(message, MergeValues(data))
    elif isinstance(message, (SendMMS, SaveMMS, CellcastSend)):
        view = _of_sending(message, MergeValues(data))
    elif isinstance(message, SendSavedMMS):
        view = _of_stored(message, MergeValues(data, message.data))
    elif isinstance(message, SendSMS):
        view = _of_sms(message, MergeValues(data))
    else:
        wanted = "a Slideshow, SendMMS, SaveMMS, SendSavedMMS, SendSMS or CellcastSend"
        raise ConfigurationError(f"preview() takes {wanted}; got a {type(message).__name__}")
    found = Preflight() if preflight is None else preflight
    warnings = join_warnings(view.warnings, found)
    return replace(
        view,
        problems=(*view.problems, *further_problems(view.problems, found)),
        warnings=_each_once((*warnings, *_missing(view), *_reversed(view))),
        carriers=found.carriers,
    )


def has_message(message: object) -> bool:
    """Return whether :func:`view_message` accepts an object."""
    return isinstance(message, (Slideshow, SendMMS, SaveMMS, CellcastSend, SendSavedMMS, SendSMS))


def _of_slideshow(slideshow: Slideshow, values: MergeValues) -> MessageView:
    subject = values.split(slideshow.subject, "subject")
    slides = tuple(_slide(slide, number, values) for number, slide in enumerate(slideshow.slides, 1))
    fallback = values.split(slideshow.fallback_text, "fallback_text")
    filled = _filled(slideshow, subject, slides, fallback) if values.given else slideshow
    sms = None if slideshow.disable_fallback else SMSView(fallback or subject, not slideshow.disable_fallback_link)
    return MessageView(
        title=plain(subject) or _text(slideshow.name),
        subject=subject,
        slides=slides,
        sms=sms,
        problems=filled.problems(),
        warnings=filled.warnings(),
    )


def _of_sending(operation: SendMMS | SaveMMS | CellcastSend, values: MergeValues) -> MessageView:
    view = _of_slideshow(cast(Slideshow, operation.slideshow), values)
    if isinstance(operation, SaveMMS):
        return view
    view = replace(view, contact=_text(operation.sender), recipient=_recipients(operation.to))
    if not isinstance(operation, CellcastSend):
        return view
    # Its rules are other rules, which only an account for Cellcast has.
    notes = ["A file is uploaded with the message. The preview does not show it."] if operation.media is not None else []
    return replace(view, sms=None, problems=(), warnings=(), notes=(*notes, _CELLCAST))


_CELLCAST = "Cellcast has rules of its own: account.problems(operation) applies them."


def _of_stored(operation: SendSavedMMS, values: MergeValues) -> MessageView:
    numbered = cast("Mapping[Any, object]", operation.custom_text)
    texts = {number: text for number, text in numbered.items() if isinstance(number, int) and number > 0}
    subject = values.split(operation.custom_subject, "custom_subject")
    slides = tuple(SlideView(number, values.split(texts[number], f"custom_text, slide {number}")) for number in sorted(texts))
    sms = None
    if operation.fallback_text is not None and not operation.disable_fallback:
        sms = SMSView(values.split(operation.fallback_text, "fallback_text"), not operation.disable_fallback_link)
    return MessageView(
        title=plain(subject) or f"Stored message {_text(operation.mms_id)}",
        subject=subject,
        slides=slides,
        contact=_text(operation.sender),
        recipient=_recipients(operation.to),
        sms=sms,
        problems=_of_operation(VALIDATOR.validate(operation, DOCUMENTED)),
        warnings=_of_operation(WARNINGS_VALIDATOR.validate(operation, DOCUMENTED)),
        notes=("The gateway stores the message. The preview shows only the texts that this operation replaces.",),
    )


def _of_sms(operation: SendSMS, values: MergeValues) -> MessageView:
    text = values.split(operation.text, "text")
    return MessageView(
        title="A text message",
        is_sms=True,
        contact=_text(operation.sender),
        recipient=_recipients(operation.to),
        sms=SMSView(text, link=False),
        problems=_of_operation(VALIDATOR.validate(operation, DOCUMENTED)),
        warnings=_of_operation(WARNINGS_VALIDATOR.validate(replace(operation, text=plain(text)), DOCUMENTED)),
    )


def _slide(slide: Any, number: int, values: MergeValues) -> SlideView:
    given = slide.duration
    seconds = min(given, MAX_SECONDS) if type(given) is int and given > 0 else DEFAULT_SECONDS
    files = tuple(FileView(kind, _text(address)) for kind in FILES if (address := getattr(slide, kind)) is not None)
    return SlideView(number, values.split(slide.text, f"slide {number}, text"), files, seconds)


def _filled(slideshow: Slideshow, subject: Runs, slides: Sequence[SlideView], fallback: Runs) -> Slideshow:
    """Return the slideshow with its texts filled in, so that the rules see what is sent."""
    return slideshow.replace(
        subject=_filled_text(slideshow.subject, subject),
        fallback_text=_filled_text(slideshow.fallback_text, fallback),
        slides=tuple(
            replace(slide, text=_filled_text(slide.text, view.text))
            for slide, view in zip(slideshow.slides, slides, strict=True)
        ),
    )


def _filled_text(text: Any, runs: Runs) -> Any:
    # A value of a wrong type stays as it is, for the rules to find.
    return plain(runs) if isinstance(text, str) else text


def _text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else repr(value)


def _recipients(to: Any) -> str:
    if isinstance(to, Sequence) and not isinstance(to, str):
        numbers = cast("Sequence[object]", to)
        more = f" and {len(numbers) - 1:,} more" if len(numbers) > 1 else ""
        return f"{_text(numbers[0])}{more}" if numbers else ""
    return _text(to)


#: Fields that may be left out until a message is sent.
_LATER = frozenset({"to", "sender", "operator_id", "campaign_ref", "service_id"})


def _of_operation(found: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(problem for problem in found if problem.field not in _LATER)


def _each_once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))


def _missing(view: MessageView) -> Iterable[Problem]:
    for field in view.fields:
        if field.state == "missing":
            name = field.name.removeprefix("$")
            message = f"there is no value for {name!r:.60} and no default: a broadcast leaves this recipient out"
            if field.name.startswith("$"):
                message = f"there is no value for {name!r:.60} and no default: the gateway has nothing to fill in"
            yield Problem(None, None, "data", message)


def _reversed(view: MessageView) -> Iterable[Problem]:
    texts: list[tuple[int | None, str, Sequence[Run]]] = [(None, "subject", view.subject)]
    texts += [(slide.number, "text", slide.text) for slide in view.slides]
    for number, field, runs in texts:
        for mark in direction_marks(plain(runs)):
            yield Problem(None, number, field, f"contains {character_name(mark)}, which changes the direction of the text")


def pictures_in(view: MessageView) -> tuple[str, ...]:
    """Return the addresses of the pictures of a message, each once."""
    return tuple(dict.fromkeys(file.address for file in view.files if file.kind == "image"))
