"""Files: a slideshow in TOML or JSON, or a request as it is sent to a gateway.

Nothing in a file is ignored, so a misspelled key cannot cause a message to be sent without its picture. An unknown key of a
slideshow is an error. An unrecognised name in a request is returned in ``unread``, because the request may be for a newer
gateway. The kind of a file is recognised by its content, not by its name. The API key of a request is dropped.

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

import json as standard_json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, NamedTuple, cast

from .errors import ConfigurationError, Problem, refusal
from .model.operations import Operation
from .model.slideshow import Slideshow
from .slide import FILES, Slide
from .wire.codecs import DecodeError, Leaf, json, query, xml
from .wire.dialects import DIALECTS, MAX_REQUEST, Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """The content of a file.

    ``slideshow`` is None for an operation without a slideshow, such as sendSavedMMS. ``operation`` is None for a slideshow.
    ``dialect`` is the dialect of a request, and None for a slideshow or an operation in the form of ``to_dict``. ``unread`` has
    the names of unrecognised fields of a request.
    """

    slideshow: Slideshow | None = None
    operation: Operation[Any] | None = None
    dialect: str | None = None
    unread: tuple[str, ...] = ()


def read_file(data: bytes, *, limit: int = MAX_REQUEST) -> FileContent:
    """Return the content of a file of at most ``limit`` bytes.

    The file contains a slideshow in TOML; or a slideshow or an operation in JSON, as ``to_dict`` writes it; or a request in
    XML or JSON; or the URL of a GET request. The content is not validated. Raises :class:`~skymms.ConfigurationError` for any
    other file, with the line if the parser knows it; for a slideshow in TOML, ``error.problems`` has every wrong key.
    """
    if len(data) > limit:
        raise ConfigurationError(f"the file is longer than the {limit:,} bytes allowed")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        raise ConfigurationError("the file is empty: it must contain a slideshow or a request")
    if data.lstrip()[:1] == b"<":
        return _from_xml(data, limit)
    # A TOML file never begins with a brace.
    if data.lstrip()[:1] == b"{":
        return _from_json(data, limit)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"the file is neither XML nor text in UTF-8 (line {line})") from None
    if _ADDRESS.match(text):
        return _from_query(text, limit)
    try:
        _check_keys(text)
        table = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number too long for int()
        # Only a file that is not TOML can be a query, so that a slideshow is never mistaken for one.
        if _QUERY.match(text):
            return _from_query(text, limit)
        raise ConfigurationError(f"not a slideshow in TOML: {error}") from None
    except RecursionError:
        raise ConfigurationError("not a slideshow in TOML: it is nested too deeply") from None
    return FileContent(slideshow=_slideshow(table))


# ------------------------------------------------------------------------------------------------ requests

_ADDRESS = re.compile(r"\s*https?://", re.IGNORECASE)
#: ``action=`` at the beginning, or two names with their values.
_QUERY = re.compile(r"\s*\??(action=|\w+=[^&\"'\s]*\s*&\s*\w+=)", re.IGNORECASE)

_BY_ROOT: Mapping[str, Dialect] = {one.roots[0]: one for one in DIALECTS.values() if one.codec is xml}
_QUERY_DIALECT = next(one for one in DIALECTS.values() if one.codec is query)
_JSON_DIALECT = next(one for one in DIALECTS.values() if one.codec is json)


def _from_xml(data: bytes, limit: int) -> FileContent:
    try:
        root = xml.parse(data, limit)
        if (name := xml.name(root)) not in _BY_ROOT:
            raise ConfigurationError(f"not a request in XML: the root is {name:.40}, not {' or '.join(_BY_ROOT)}")
        return _request(_BY_ROOT[name], xml.leaves(root, _BY_ROOT[name].legacy_shape))
    except DecodeError as error:
        raise ConfigurationError(f"not a request in XML: {error}") from None


def _from_json(data: bytes, limit: int) -> FileContent:
    try:
        document = json.parse(data, limit)
        if "skymms" in document:
            return _from_dict(standard_json.loads(data))
        leaves = json.leaves(document)
    except ValueError as error:  # DecodeError, or a number too long for int()
        raise ConfigurationError(f"not a request in JSON: {error}") from None
    return _request(_JSON_DIALECT, leaves)


def _from_dict(document: dict[str, Any]) -> FileContent:
    """Return a slideshow or an operation in the form of ``to_dict``."""
    from .model.serialization import from_dict

    value = from_dict(document)
    if isinstance(value, Slideshow):
        return FileContent(slideshow=value)
    if isinstance(value, Operation):
        operation: Operation[Any] = cast(Any, value)
        return FileContent(slideshow=getattr(operation, "slideshow", None), operation=operation)
    raise ConfigurationError(f"the file contains a {type(value).__name__}: give a file with a slideshow or an operation")


def _from_query(text: str, limit: int) -> FileContent:
    # Long URLs are wrapped, one parameter a line, on the vendor's pages and by `skymms show`.
    text = "".join(line.strip() for line in text.splitlines())
    if "#" in text:
        raise ConfigurationError(
            "not a request in a URL: an unescaped # ends the URL, and what follows would be lost; write %23"
        )
    if _ADDRESS.match(text):
        text = text.partition("?")[2]
    try:
        _, leaves = query.decode(text.removeprefix("?").encode(), limit)
    except DecodeError as error:
        raise ConfigurationError(f"not a request in a URL: {error}") from None
    return _request(_QUERY_DIALECT, leaves)


def _request(dialect: Dialect, leaves: list[Leaf]) -> FileContent:
    try:
        operation, _, unread = dialect.decode_request(leaves)
    except DecodeError as error:
        raise ConfigurationError(f"not a request in {dialect.name}: {error}") from None
    slideshow: Slideshow | None = getattr(operation, "slideshow", None)
    return FileContent(slideshow=slideshow, operation=operation, dialect=dialect.name, unread=unread)


# ------------------------------------------------------------------------------------------------ slideshows in TOML


class _Type(NamedTuple):
    """The type of a key's value: a description, and the classes. Subclasses do not count, because True is an int."""

    description: str
    classes: tuple[type, ...]


_TEXT = _Type("a text in quotes", (str,))
_FLAG = _Type("true or false", (bool,))
_NUMBER = _Type("a whole number", (int,))
_DATE = _Type("a date, a date with a time, or a text in quotes", (date, datetime, str))

#: The keys are the names of the fields. Only the type of a value is checked here; the rules check the value.
_SLIDESHOW: Mapping[str, _Type] = {
    "name": _TEXT,
    "subject": _TEXT,
    "fallback_text": _TEXT,
    "disable_fallback": _FLAG,
    "disable_fallback_link": _FLAG,
    "link_expires": _DATE,
}
_SLIDE: Mapping[str, _Type] = {
    "text": _TEXT,
    **dict.fromkeys(FILES, _TEXT),
    "duration": _NUMBER,
    "personalized_image": _TEXT,
}
#: The most parts of a dotted key. Those of a slideshow have one.
MAX_KEY_PARTS = 50
#: The key of the slides' sections.
_SLIDES = "slide"


def _slideshow(table: dict[str, Any]) -> Slideshow:
    slides: Any = table.pop(_SLIDES, [])
    found = list(_wrong_keys(table, _SLIDESHOW, None, (*_SLIDESHOW, _SLIDES)))
    if not _is_list_of_tables(slides):
        found.append(Problem(None, None, _SLIDES, "each slide must be a section of its own with the header [[slide]]"))
        slides = []
    for number, slide in enumerate(slides, 1):
        found += _wrong_keys(slide, _SLIDE, number, _SLIDE)
    if found:
        raise refusal(found)
    # A missing name is left to the rules, which report it with its code.
    return Slideshow(table.pop("name", ""), **table, slides=tuple(Slide(**slide) for slide in slides))


#: Texts and comments in TOML; one without an end extends to the end of the line or of the file.
_TOML_TEXTS = re.compile(
    r'"{3}(?:[^"\\]|\\.|"{1,2}(?!"))*+"{0,5}|"(?:[^"\\\n]|\\.)*+"?|'
    r"'{3}(?:[^']|'{1,2}(?!'))*+'{0,5}|'[^'\n]*+'?|#[^\n]*+",
    re.DOTALL,
)
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MAX_KEY_PARTS}}}")


def _check_keys(text: str) -> None:
    """Raise ValueError for a dotted key of very many parts, for which tomllib takes quadratic time."""
    if text.count(".") >= MAX_KEY_PARTS and _LONG_KEY.search(_TOML_TEXTS.sub("_", text)):
        raise ValueError(f"a key of more than {MAX_KEY_PARTS} parts")


def _is_list_of_tables(slides: Any) -> bool:
    items: list[Any] = cast(Any, slides) if isinstance(slides, list) else [None]
    return all(isinstance(item, dict) for item in items)


def _wrong_keys(table: dict[str, Any], types: Mapping[str, _Type], slide: int | None, keys: Iterable[str]) -> Iterable[Problem]:
    """Yield a problem for each key that is unknown or has a value of the wrong type."""
    for key, value in table.items():
        if key not in types:
            similar = get_close_matches(key, keys, 1)
            hint = f"did you mean {similar[0]}?" if similar else f"the keys are {', '.join(keys)}"
            yield Problem(None, slide, f"{key:.40}", f"there is no such key; {hint}")
        elif type(value) not in types[key].classes:
            yield Problem(None, slide, key, f"must be {types[key].description}")
