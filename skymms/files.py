"""Files that people hand us: a slideshow written down in TOML, or a request as it went, or would go, over the wire.

The rule: nothing in a file is passed over in silence. A key that no slideshow has is an error, and a name that nothing was
made of in a request, which may be from a newer gateway, is told as ``unread``: a typo never becomes a message without its
picture. The kind is told by the content, not by the file's name. A request's key is dropped: nothing returned here holds it.

A slideshow::

    name = "Membership coupon"
    subject = "Welcome"
    fallback_text = "Your coupon is waiting."

    [[slide]]
    image = "http://www.example.com/welcome.jpg"
    text = "Good to have you with us."
    duration = 5
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, NamedTuple

from .errors import ConfigurationError, Problem, refusal
from .model.operations import Operation
from .model.slideshow import Slideshow
from .slide import FILES, Slide
from .wire.codecs import DecodeError, Leaf, json, query, xml
from .wire.dialects import DIALECTS, MAX_REQUEST, Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """What a file holds.

    ``slideshow`` is None where a request hands none over (sendSavedMMS and its kin); ``operation`` and ``dialect`` are None for
    a slideshow in TOML. ``unread`` are the names in a request that nothing was made of.
    """

    slideshow: Slideshow | None = None
    operation: Operation[Any] | None = None
    dialect: str | None = None
    unread: tuple[str, ...] = ()


def read_file(data: bytes, *, most: int = MAX_REQUEST) -> FileContent:
    """What is in a file of at most ``most`` bytes: a slideshow in TOML, a request in XML or JSON, or a request's GET address.

    Nothing is judged. Raises :class:`~skymms.ConfigurationError` for anything else, with the line where the parser knows it;
    for a slideshow ``error.problems`` has every key that is unknown or of the wrong kind.
    """
    if len(data) > most:
        raise ConfigurationError(f"the file is longer than the {most:,} bytes allowed")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        raise ConfigurationError("the file is empty")
    if data.lstrip()[:1] == b"<":
        return _from_xml(data, most)
    # No TOML begins with a brace.
    if data.lstrip()[:1] == b"{":
        return _from_json(data, most)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"the file is neither XML nor text in UTF-8 (line {line})") from None
    if _ADDRESS.match(text):
        return _from_query(text, most)
    try:
        table = tomllib.loads(text)
    except ValueError as error:  # its own kind, or a number too long for int()
        # Only what is no TOML can be a query, so that no slideshow is mistaken for one.
        if _QUERY.match(text):
            return _from_query(text, most)
        raise ConfigurationError(f"no slideshow in TOML: {error}") from None
    except RecursionError:
        raise ConfigurationError("no slideshow in TOML: it is nested too deeply") from None
    return FileContent(slideshow=_slideshow(table))


# ------------------------------------------------------------------------------------------------ requests

_ADDRESS = re.compile(r"\s*https?://", re.IGNORECASE)
#: ``action=`` at the beginning, or two names with their values.
_QUERY = re.compile(r"\s*\??(action=|\w+=[^&\"'\s]*\s*&\s*\w+=)", re.IGNORECASE)

_BY_ROOT: Mapping[str, Dialect] = {spoken.roots[0]: spoken for spoken in DIALECTS.values() if spoken.codec is xml}
_IN_ADDRESSES = next(spoken for spoken in DIALECTS.values() if spoken.codec is query)
_IN_JSON = next(spoken for spoken in DIALECTS.values() if spoken.codec is json)


def _from_xml(data: bytes, most: int) -> FileContent:
    try:
        root = xml.parse(data, most)
        if (name := xml.name(root)) not in _BY_ROOT:
            raise ConfigurationError(f"no request in XML: the root is {name:.40}, not {' or '.join(_BY_ROOT)}")
        return _request(_BY_ROOT[name], xml.leaves(root, _BY_ROOT[name].older))
    except DecodeError as error:
        raise ConfigurationError(f"no request in XML: {error}") from None


def _from_json(data: bytes, most: int) -> FileContent:
    try:
        _, leaves = _IN_JSON.codec.read(data, most)
    except DecodeError as error:
        raise ConfigurationError(f"no request in JSON: {error}") from None
    return _request(_IN_JSON, leaves)


def _from_query(text: str, most: int) -> FileContent:
    # People wrap long addresses, one parameter a line, as the vendor's page does and as `skymms show` prints them.
    text = "".join(line.strip() for line in text.splitlines())
    if "#" in text:
        raise ConfigurationError("no request in a query: a bare # ends an address, what follows would be lost: write %23")
    if _ADDRESS.match(text):
        text = text.partition("?")[2]
    try:
        _, leaves = _IN_ADDRESSES.codec.read(text.removeprefix("?").encode(), most)
    except DecodeError as error:
        raise ConfigurationError(f"no request in a query: {error}") from None
    return _request(_IN_ADDRESSES, leaves)


def _request(spoken: Dialect, leaves: list[Leaf]) -> FileContent:
    try:
        operation, _, unread = spoken.decode_request(leaves)
    except DecodeError as error:
        raise ConfigurationError(f"no request in {spoken.name}: {error}") from None
    slideshow: Slideshow | None = getattr(operation, "slideshow", None)
    return FileContent(slideshow=slideshow, operation=operation, dialect=spoken.name, unread=unread)


# ------------------------------------------------------------------------------------------------ slideshows in TOML


class _Shape(NamedTuple):
    """What a key may hold: in words, and as a question."""

    description: str
    fits: Callable[[Any], bool]


_WORDS = _Shape("a text in quotes", lambda value: isinstance(value, str))
_SWITCH = _Shape("true or false", lambda value: isinstance(value, bool))
# `type is`, since true is an int too.
_NUMBER = _Shape("a whole number", lambda value: type(value) is int)
_DAY = _Shape("a date, a date with a time, or a text in quotes", lambda value: isinstance(value, (date, str)))

#: The keys are the fields' names. Whether a value is right is for the rules; here only its kind is looked at.
_SLIDESHOW: Mapping[str, _Shape] = {
    "name": _WORDS,
    "subject": _WORDS,
    "fallback_text": _WORDS,
    "disable_fallback": _SWITCH,
    "disable_fallback_link": _SWITCH,
    "link_expires": _DAY,
}
_SLIDE: Mapping[str, _Shape] = {
    "text": _WORDS,
    **dict.fromkeys(FILES, _WORDS),
    "duration": _NUMBER,
    "personalized_image": _WORDS,
}
#: The one key that holds tables.
_SLIDES = "slide"


def _slideshow(table: dict[str, Any]) -> Slideshow:
    slides = table.pop(_SLIDES, [])
    found = list(_misfits(table, _SLIDESHOW, None, (*_SLIDESHOW, _SLIDES)))
    if not isinstance(slides, list) or not all(isinstance(slide, dict) for slide in slides):
        found.append(Problem(None, None, _SLIDES, "each slide is a table of its own, headed [[slide]]"))
        slides = []
    for at, slide in enumerate(slides, 1):
        found += _misfits(slide, _SLIDE, at, _SLIDE)
    if found:
        raise refusal(found)
    # A slideshow without its name is wrong, and has to be holdable for the rules to say so.
    return Slideshow(table.pop("name", ""), **table, slides=tuple(Slide(**slide) for slide in slides))


def _misfits(table: dict[str, Any], shapes: Mapping[str, _Shape], at: int | None, keys: Iterable[str]) -> Iterable[Problem]:
    """The keys of a table that are unknown or hold the wrong kind of thing."""
    for key, value in table.items():
        if key not in shapes:
            meant = get_close_matches(key, keys, 1)
            hint = f"did you mean {meant[0]}?" if meant else f"there are {', '.join(keys)}"
            yield Problem(None, at, f"{key:.40}", f"there is no such key; {hint}")
        elif not shapes[key].fits(value):
            yield Problem(None, at, key, f"must be {shapes[key].description}")
