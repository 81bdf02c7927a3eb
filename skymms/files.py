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
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from difflib import get_close_matches
from os import PathLike, fspath
from typing import Any, NamedTuple, cast

from .errors import ConfigurationError, Problem, refusal
from .model.operations import Operation
from .model.slideshow import Slideshow
from .slide import FILES, Slide
from .wire.codecs import DecodeError, Leaf, json, query, xml, xml_tree
from .wire.dialects import DIALECTS, MAX_REQUEST, Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """The content of a file.

    ``slideshow`` is None for an operation without a slideshow, such as sendSavedMMS. ``operation`` is None for a slideshow.
    ``dialect`` is the dialect of a request, and None for a slideshow or an operation in the form of ``to_dict``. ``unread`` has
    the names of unrecognised fields of a request. ``problems`` has the wrong keys of a slideshow that was read with
    ``strict=False``, and ``lines`` the line of each key of a slideshow in TOML, by slide number (None outside slides) and key.
    """

    slideshow: Slideshow | None = None
    operation: Operation[Any] | None = None
    dialect: str | None = None
    unread: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    lines: Mapping[tuple[int | None, str], int] = field(
        default_factory=dict[tuple[int | None, str], int], repr=False, compare=False
    )

    def locate(self, problem: Problem) -> Problem:
        """Return a problem with the line of its key, or of its slide if the key is missing."""
        # A rule about several fields names them all: audio/video.
        keys = (*problem.field.split("/"), "")
        lines = (self.lines[problem.slide, key] for key in keys if (problem.slide, key) in self.lines)
        return problem._replace(line=next(lines, None))


def read_bytes(path: str | PathLike[str], limit: int) -> bytes:
    """Return the content of a file, at most ``limit + 1`` bytes of it, because a device has no end.

    The caller refuses content longer than ``limit``. Raises :class:`~skymms.ConfigurationError` for a file that cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ConfigurationError(f"cannot read {fspath(path)}: {getattr(error, 'strerror', None) or error}") from None


def read_file(data: bytes, *, limit: int = MAX_REQUEST, strict: bool = True) -> FileContent:
    """Return the content of a file of at most ``limit`` bytes.

    The file contains a slideshow in TOML; or a slideshow or an operation in JSON, as ``to_dict`` writes it; or a request in
    XML or JSON; or the URL of a GET request. The content is not validated. Raises :class:`~skymms.ConfigurationError` for any
    other file, with the line if the parser knows it; for a slideshow in TOML, ``error.problems`` has every wrong key. With
    ``strict=False`` a slideshow with wrong keys is returned, with the value of a misspelled key under the right one, so that
    the rest of it can be validated as well.
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
    content = _slideshow(table, _lines(text))
    if strict and content.problems:
        raise refusal(content.problems)
    return content


# ------------------------------------------------------------------------------------------------ requests

_ADDRESS = re.compile(r"\s*https?://", re.IGNORECASE)
#: ``action=`` at the beginning, or two names with their values.
_QUERY = re.compile(r"\s*\??(action=|\w+=[^&\"'\s]*\s*&\s*\w+=)", re.IGNORECASE)

_BY_ROOT: Mapping[str, Dialect] = {one.roots[0]: one for one in DIALECTS.values() if one.codec is xml}
_QUERY_DIALECT = next(one for one in DIALECTS.values() if one.codec is query)
_JSON_DIALECT = next(one for one in DIALECTS.values() if one.codec is json)


def _from_xml(data: bytes, limit: int) -> FileContent:
    try:
        root = xml_tree.parse(data, limit)
        if (name := xml_tree.name(root)) not in _BY_ROOT:
            raise ConfigurationError(f"not a request in XML: the root is {name:.40}, not {' or '.join(_BY_ROOT)}")
        return _request(_BY_ROOT[name], xml_tree.leaves(root, _BY_ROOT[name].legacy_shape))
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


def _slideshow(table: dict[str, Any], lines: Mapping[tuple[str, int, str], int]) -> FileContent:
    header, found = _SLIDES, list[Problem]()
    if _SLIDES not in table and (similar := _similar_header(table)):
        found.append(Problem(None, None, similar, f"the header of each slide is [[{_SLIDES}]]"))
        table[_SLIDES], header = table.pop(similar), similar
    slides: Any = table.pop(_SLIDES, [])
    if not _is_list_of_tables(slides):
        found.append(Problem(None, None, _SLIDES, f"each slide must be a section of its own with the header [[{_SLIDES}]]"))
        slides = []
    top = _correct(table, _SLIDESHOW, None, (*_SLIDESHOW, _SLIDES))
    corrected = [_correct(slide, _SLIDE, number, _SLIDE) for number, slide in enumerate(slides, 1)]
    # A missing name is left to the rules, which report it with its code.
    slideshow = Slideshow(top.values.pop("name", ""), **top.values, slides=tuple(Slide(**one.values) for one in corrected))
    places: dict[tuple[int | None, str], int] = {
        **{(None, key): line for (section, _, key), line in lines.items() if not section},
        **{(number, key): line for (section, number, key), line in lines.items() if section == header},
        **{(None, section): line for (section, number, key), line in lines.items() if (number, key) == (1, "")},
    }
    for number, one in ((None, top), *enumerate(corrected, 1)):
        found += one.problems
        places |= {(number, meant): places[number, key] for key, meant in one.misspelled.items() if (number, key) in places}
    content = FileContent(slideshow=slideshow, lines=places)
    return replace(content, problems=tuple(map(content.locate, found)))


def _similar_header(table: Mapping[str, Any]) -> str | None:
    """Return the key of a list of sections that is meant to be the slides, such as ``slides``."""
    names = [name for name, value in table.items() if name not in _SLIDESHOW and value and _is_list_of_tables(value)]
    return next((name for name in names if get_close_matches(name.lower(), [_SLIDES], 1)), None)


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


class _Corrected(NamedTuple):
    """The values of a section by the keys that were meant, its problems, and the right key for each misspelled one."""

    values: dict[str, Any]
    problems: list[Problem]
    misspelled: dict[str, str]


def _correct(table: Mapping[str, Any], types: Mapping[str, _Type], slide: int | None, keys: Iterable[str]) -> _Corrected:
    """Report each key of a section that is unknown or has a value of the wrong type, and find out which keys were meant."""
    corrected = values, problems, misspelled = _Corrected({}, [], {})
    for key, value in table.items():
        if key in types:
            values[key] = value
            if type(value) not in types[key].classes:
                problems.append(Problem(None, slide, key, f"must be {types[key].description}"))
            continue
        similar = get_close_matches(key, keys, 1)
        hint = f"did you mean {similar[0]}?" if similar else f"the keys are {', '.join(keys)}"
        problems.append(Problem(None, slide, f"{key:.40}", f"there is no such key; {hint}"))
        if similar and similar[0] in types and similar[0] not in table and type(value) in types[similar[0]].classes:
            values[similar[0]] = value
            misspelled[key] = similar[0]
    return corrected


# ------------------------------------------------------------------------------------------------ lines of a TOML file

#: A comment, or a text in quotes of any kind. The multi-line kinds come first, because they begin like the others.
_TEXT_OR_COMMENT = re.compile(
    r"""#[^\n]*|\"{3}(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}|'{3}(?:[^']|'{1,2}(?!'))*'{3,5}"""
    r"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""",
    re.DOTALL,
)
_KEY_OR_HEADER = re.compile(r"""\s*(?:\[+\s*(?P<header>[\w-]+)\s*\]|(?P<quote>["']?)(?P<key>[\w-]+)(?P=quote)\s*[=.])""")


def _lines(text: str) -> dict[tuple[str, int, str], int]:
    """Return the line of each key of a valid TOML file, by section (empty at the top), number of the section, and key.

    The key of a section's header is empty. tomllib does not tell the lines.
    """
    # Only the new lines of longer texts are kept, so that what looks like a key in a text is not taken for one.
    text = _TEXT_OR_COMMENT.sub(lambda found: found[0] if "\n" not in found[0] else "\n" * found[0].count("\n"), text)
    lines: dict[tuple[str, int, str], int] = {}
    section, counts = "", Counter[str]()
    for number, line in enumerate(text.split("\n"), 1):
        if (found := _KEY_OR_HEADER.match(line)) is None:
            continue
        if found["header"]:
            section = found["header"]
            counts[section] += 1
        lines.setdefault((section, counts[section], found["key"] or ""), number)
    return lines
