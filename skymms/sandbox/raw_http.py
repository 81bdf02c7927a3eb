"""Requests and responses as they arrived and left, for people to read, without any API key.

The key is cut out when a request arrives: each text is kept in the parts between which the key stood. The key is found by its
place (the field API_KEY, its parameter, its header), because a request may have another key than the sandbox's, and by its
value in every form that :class:`~skymms.redaction.KeyMasker` knows.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, unquote_plus

from ..redaction import MASK, KeyMasker, masker
from ..wire.codecs import DecodeError, multipart, xml_tree
from ..wire.dialects import MAX_REQUEST
from .listener import ServerRequest, ServerResponse

#: The most bytes of a body that are kept for people to read.
MAX_KEPT = 65_536
#: A key that begins in the kept bytes is found if it ends within as many more.
_BEYOND = 4_096

#: Keys are looked for by their value, too, if there are at most this many, of at most this length.
_MOST_KEYS, _LONGEST_KEY = 8, 200

#: A text in the parts between which the key stood.
Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it arrived, in the parts between which the key stood; the names of the headers are in lower case.

    ``body`` has the first 64 kB. It is empty for a body that is not text, such as a picture; ``is_text`` is then False.
    ``size`` is the length of the whole body in bytes. ``form`` has the fields of a form with files, and the length of each
    file.
    """

    method: str
    url: Parts
    headers: Mapping[str, Parts]
    body: Parts = ("",)
    size: int = 0
    is_text: bool = True
    form: tuple[tuple[str, Parts | int], ...] = ()

    @property
    def is_complete(self) -> bool:
        """True if the whole body was kept."""
        return self.is_text and self.size <= MAX_KEPT


def raw_request(request: ServerRequest, base_url: str, api_key: str) -> RawRequest:
    """Return a request without its key; ``api_key`` is the sandbox's own."""
    keys = [api_key]
    address = f"{request.path}?{request.query}" if request.query else request.path
    kept = request.body[: MAX_KEPT + _BEYOND]
    is_text = b"\0" not in kept and _is_text(kept)
    text = kept.decode("utf-8", "ignore") if is_text else ""
    for place in (address, text):
        keys += [value for start, end in _key_places(place) for value in _decoded(place[start:end])]
    for name, value in request.headers.items():
        if _SECRET_HEADER.search(name):
            keys.append(_CREDENTIALS.fullmatch(value)[2])  # type: ignore[index]  # it matches every text
    # A real request has one key, in a few forms.
    distinct = [key for key in dict.fromkeys(keys) if len(key) <= _LONGEST_KEY][:_MOST_KEYS]
    known = [found for key in distinct if (found := masker(key)) is not None]
    content_type = request.headers.get("content-type", "")
    form = _form(request.body, content_type, known) if multipart.is_form(content_type) else ()
    return RawRequest(
        method=request.method,
        url=_cut(base_url + address, known),
        headers={name: _cut_header(name, value, known) for name, value in request.headers.items()},
        body=_first(_cut(text, known), MAX_KEPT),
        size=len(request.body),
        is_text=is_text,
        form=form,
    )


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        # The last character may have been cut off.
        return len(body) == MAX_KEPT + _BEYOND and error.start > len(body) - 4
    return True


def _form(body: bytes, content_type: str, maskers: Sequence[KeyMasker]) -> tuple[tuple[str, Parts | int], ...]:
    try:
        parts = multipart.decode(body, content_type, MAX_REQUEST)
    except DecodeError:
        return ()
    return tuple((part.name, len(part.value) if part.filename is not None else _form_value(part, maskers)) for part in parts)


def _form_value(part: multipart.FormPart, maskers: Sequence[KeyMasker]) -> Parts:
    if _KEY_NAME.fullmatch(part.name):
        return "", ""
    return _first(_cut(part.value.decode("utf-8", "replace"), maskers), MAX_KEPT)


# ------------------------------------------------------------------------------------------------ finding keys

_KEY_NAME = re.compile(r"api(?:[_-]|%5F|%2D)?key", re.IGNORECASE)
_LT, _GT = r"(?:<|%3C|&lt;|\\u003c)", r"(?:>|%3E|&gt;|\\u003e)"
#: Behind the name of the key's field: the rest of a tag, an equals sign, a colon in JSON, or the head of a part of a form.
#: Group 1 ends where the key begins.
_BEFORE_KEY = re.compile(
    rf"""([^<>=&"'\\]{{0,100}}?{_GT})((?:(?!{_LT}(?:/|%2F|\\/)).){{0,2000}})"""
    r"""|(=)([^&\s]*)"""
    r"""|(\\?"\s*:\s*\\?")((?:[^"\\]|\\[^"]|\\.)*)"""
    r"""|("[^\r\n]{0,500}\r?\n(?:[^\r\n]{1,500}\r?\n){0,10}\r?\n)([^\r\n]*)""",
    re.IGNORECASE | re.DOTALL,
)
#: Behind the end of a tag there is no key.
_END_TAG = re.compile(r"(?:/|%2F)(?:[\w.-]+:)?$", re.IGNORECASE)
_SECRET_HEADER = re.compile("key|auth|token|secret|cookie|password|signature", re.IGNORECASE)
_CREDENTIALS = re.compile(r"((?:Bearer|Basic|Token)\s+|)(.*)", re.IGNORECASE | re.DOTALL)


def _key_places(text: str) -> Iterator[tuple[int, int]]:
    """Yield where a key begins and ends, by the name of its field."""
    done = 0
    for name in _KEY_NAME.finditer(text):
        # A name within a key is part of it. Looking at it again could take quadratic time.
        if name.start() < done or _END_TAG.search(text, max(0, name.start() - 60), name.start()):
            continue
        if found := _BEFORE_KEY.match(text, name.end()):
            start, done = found.span(int(found.lastindex or 0))
            if start < done:
                yield start, done


def _decoded(value: str) -> Iterator[str]:
    """Yield a key as it was written, and without the escapes of URLs, XML and JSON."""
    inner = re.sub(r"^\s*<!\[CDATA\[|\]\]>\s*$", "", html.unescape(unquote(value)))
    yield from {value.strip(), unquote(value).strip(), unquote_plus(value).strip(), inner.strip()}


def _cut(text: str, maskers: Sequence[KeyMasker]) -> Parts:
    """Return the parts of a text between which a key stood."""
    places = [place for found in maskers for place in found.places(text)]
    places += _key_places(text)
    if not places:
        return (text,)
    parts, done = list[str](), 0
    for start, end in sorted(places):
        # Places overlap if the same key is found in two ways.
        if start >= done:
            parts.append(text[done:start])
        done = max(done, end)
    return (*parts, text[done:])


def _cut_header(name: str, value: str, maskers: Sequence[KeyMasker]) -> Parts:
    if _SECRET_HEADER.search(name):
        scheme = _CREDENTIALS.fullmatch(value)
        return scheme[1] if scheme else "", ""
    return _cut(value, maskers)


def _first(parts: Parts, most: int) -> Parts:
    """Return the first characters of a text in parts."""
    kept = list[str]()
    for part in parts:
        kept.append(part[:most])
        most -= len(part)
        if most <= 0:
            break
    return tuple(kept)


# ------------------------------------------------------------------------------------------------ showing


def show_request(request: RawRequest) -> dict[str, Any]:
    """Return a request for the page, with the key masked: its body as it was sent, and laid out for reading."""
    headers = {name: MASK.join(value) for name, value in request.headers.items()}
    body = MASK.join(request.body)
    note = _note(request.size, request.is_text)
    if request.method == "GET":
        readable = _readable_query(MASK.join(request.url))
    elif request.form:
        readable = "\n".join(
            f"{name}: {f'(a file of {value:,} bytes)' if isinstance(value, int) else MASK.join(value)}"
            for name, value in request.form
        )
    else:
        readable = _readable(body, headers.get("content-type", "")) if request.is_complete else None
    url = MASK.join(request.url)
    return {"method": request.method, "url": url, "headers": headers, "body": body, "readable": readable, "note": note}


def show_response(response: ServerResponse, api_key: str) -> dict[str, Any]:
    """Return a response for the page."""
    is_text = _is_text(response.body)
    body = MASK.join(
        _cut(response.body.decode("utf-8", "replace") if is_text else "", [found] if (found := masker(api_key)) else [])
    )
    return {
        "status": response.status,
        "headers": {"content-type": response.content_type, **response.headers},
        "body": body[:MAX_KEPT],
        "readable": _readable(body, response.content_type) if len(body) <= MAX_KEPT else None,
        "note": _note(len(response.body), is_text),
    }


def _note(size: int, is_text: bool) -> str | None:
    if not is_text:
        return f"The body has {size:,} bytes that are not text in UTF-8. They are not shown."
    return f"The body has {size:,} bytes. The first {MAX_KEPT:,} are shown." if size > MAX_KEPT else None


def _readable_query(url: str) -> str | None:
    query = url.partition("?")[2]
    return _readable_form(query) if query else None


def _readable_form(body: str) -> str | None:
    pairs = [pair.partition("=") for pair in body.split("&") if pair]
    if not pairs or not all(equals for _, equals, _ in pairs):
        return None
    lines: list[str] = []
    for name, _, value in pairs:
        text = unquote_plus(value)
        laid_out = _readable_xml(text) or text
        separator = "\n" if "\n" in laid_out else " "
        lines.append(f"{unquote_plus(name)}:{separator}{laid_out}")
    return "\n".join(lines)


def _readable_xml(text: str) -> str | None:
    from lxml import etree

    if not text.lstrip().startswith("<"):
        return None
    try:
        root = xml_tree.parse(text.encode("utf-8", "replace"), MAX_REQUEST)
    except DecodeError:
        return None
    etree.indent(root, "  ")
    return str(etree.tostring(root, encoding="unicode"))


def _readable(body: str, content_type: str) -> str | None:
    """Return a body laid out for reading; None if it is in no format that has a layout."""
    if body.lstrip().startswith("<"):
        return _readable_xml(body)
    if body.lstrip()[:1] in ("{", "["):
        try:
            return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
        except (ValueError, RecursionError):
            return None
    is_form = content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
    return _readable_form(body) if is_form else None
