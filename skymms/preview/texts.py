"""Splits the texts of a message into runs, so that merge fields can be marked; makes hidden characters visible; wraps lines.

``{name|default}`` is filled by a broadcast, ``{$name|default}`` by the gateway when it sends a stored message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from ..errors import ConfigurationError
from ..model.merge_fields import MergeField, Template

#: ``open``: there are no values. ``value`` and ``default``: the text that is filled in. ``missing``: neither value nor default.
State: TypeAlias = Literal["open", "value", "default", "missing"]

_GATEWAY_TAG = re.compile(r"\{\$([^{}|]*)(?:\|([^{}]*))?\}")
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
#: Characters that change the writing direction of what follows them.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
#: Characters that a terminal would execute, or that would change other text than their own.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Run(NamedTuple):
    """A part of a text. ``field`` is the name of its merge field, and None for literal text."""

    text: str
    field: str | None = None
    state: State = "open"


Runs: TypeAlias = "tuple[Run, ...]"


class MergeValues:
    """The values of merge fields for one recipient, for both kinds of merge field; ``data`` is None if there are none.

    The names of the gateway's tags are compared without regard to case, as the gateway does.
    """

    def __init__(self, data: Mapping[str, object] | None, stored: Mapping[str, object] | None = None) -> None:
        self.given: bool = data is not None
        self._values = {name: str(value) for name, value in (data or {}).items()}
        tags = self._values | {name: str(value) for name, value in (stored or {}).items()}
        self._tags = {name.casefold(): value for name, value in tags.items()}

    def split(self, text: object, place: str) -> Runs:
        """Split a text into runs. Raises :class:`~skymms.ConfigurationError` for a malformed merge field, if there is data.

        Without data the doubled brace stays doubled, because only a broadcast reads it as one.
        """
        if text is None:
            return ()
        if not isinstance(text, str):
            # A wrong type is a problem that the rules report; the preview shows what is there.
            return (Run(repr(text)),)
        if not self.given:
            return tuple(self._marked(text))
        return tuple(self._filled(text, place))

    def _filled(self, text: str, place: str) -> Iterator[Run]:
        for part in Template.parse(text, place).parts:
            if isinstance(part, MergeField):
                yield _run(part.name, part.default, self._values.get(part.name), f"{{{part.name}}}")
            else:
                yield from self._tagged(part)

    def _marked(self, text: str) -> Iterator[Run]:
        try:
            parts = Template.parse(text, "").parts
        except ConfigurationError:
            # Braces are ordinary characters in a message that no broadcast sends.
            parts = (text,)
        if not any(isinstance(part, MergeField) for part in parts):
            yield from self._tagged(text)
            return
        for part in parts:
            if isinstance(part, MergeField):
                default = "" if part.default is None else f"|{part.default}"
                yield Run(f"{{{part.name}{default}}}", part.name)
            else:
                yield from self._tagged(part)

    def _tagged(self, text: str) -> Iterator[Run]:
        end = 0
        for found in _GATEWAY_TAG.finditer(text):
            if found.start() > end:
                yield Run(text[end : found.start()])
            end = found.end()
            name = found[1].strip()
            if self.given or self._tags:
                yield _run(f"${name}", found[2], self._tags.get(name.casefold()), found[0])
            else:
                yield Run(found[0], f"${name}")
        if end < len(text):
            yield Run(text[end:])


def _run(name: str, default: str | None, value: str | None, written: str) -> Run:
    if value is not None and value.strip():
        return Run(value, name, "value")
    if default is not None:
        return Run(default, name, "default")
    return Run(written, name, "missing")


def plain(runs: Sequence[Run]) -> str:
    """Return the text of runs."""
    return "".join(run.text for run in runs)


def readable(text: str) -> str:
    """Return a text for HTML: line ends are line feeds, and control characters are pictures such as ``␛``.

    Marks of writing direction stay, because a phone obeys them too; the page isolates each text.
    """
    return _UNSAFE.sub(_picture, _line_feeds(text))


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\n" if code in {0x2028, 0x2029} else "\ufffd"


def label(text: object) -> str:
    """Return a text for one line, such as a file name: control characters and marks of direction are escaped."""
    return _CONTROL.sub(_escaped, str(text))


def printable(text: str) -> str:
    """Return a text of several lines for a terminal: control characters and marks of direction are escaped."""
    return "\n".join(map(label, _line_feeds(text).replace("\t", "    ").split("\n")))


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def direction_marks(text: str) -> list[str]:
    """Return the characters of a text that change the writing direction, each once."""
    return list(dict.fromkeys(_DIRECTION.findall(text)))


def wrap(text: str, most: int, measure: Callable[[str], float]) -> Iterator[str]:
    """Yield a text in lines whose measure is at most ``most``, broken at spaces; a word that is longer is divided.

    A line has at most ``most`` characters, so that a long text is not measured as a whole.
    """
    for paragraph in text.split("\n"):
        start = 0
        while (end := start + fitting(paragraph[start : start + most], most, measure)) < len(paragraph):
            space = paragraph.rfind(" ", start + 1, end + 1)
            yield paragraph[start : space if space > start else end]
            start = space + 1 if space > start else end
        yield paragraph[start:]


def fitting(text: str, most: int, measure: Callable[[str], float]) -> int:
    """Return how many characters at the beginning of a text measure at most ``most``; at least 1, if the text has one."""
    low, high = min(len(text), 1), min(len(text), most)
    if measure(text[:high]) <= most:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if measure(text[:middle]) <= most else (low, middle)
    return low
