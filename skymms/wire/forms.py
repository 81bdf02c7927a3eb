"""Finds the document of a postback in a form: URL-encoded, or multipart/form-data.

The document is in the field `xml` or `json`, in any case, or else in the first field that begins like a document. Forms are
taken apart as bytes, because a document may contain bytes that are not UTF-8. The standard library's parser for mail could
read a multipart form, but it takes quadratic time for long headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .codecs import DecodeError
from .codecs.query import unquote_bytes

#: How a document begins: XML or JSON.
_BEGINNINGS = (b"<", b"{", b"[")
#: White space and byte order marks, which may come before a document.
_BLANKS = re.compile(rb"(?:[ \t\r\n\v\f]++|\xef\xbb\xbf)*+")
#: The most fields of a form; a gateway sends one or two. Fields after these are not looked at.
MAX_FIELDS = 10_000
#: The most bytes of a field or of a part's headers that show whether it is wanted.
_LONGEST_HEAD = 4096
_PREFERRED = frozenset({b"xml", b"json"})

#: An entity of XML whose ``&`` was not escaped in the form: the field does not end there.
_ENTITY = re.compile(rb"&(?:amp|lt|gt|quot|apos|#[0-9]{1,8}|#x[0-9a-fA-F]{1,8});")
_NAME = re.compile(rb"""[ ;]name="?([^";\r\n]*)""", re.IGNORECASE)


class _Field(NamedTuple):
    """A field that begins like a document: its name, where it is, and whether it is URL-encoded."""

    name: bytes
    start: int
    end: int
    encoded: bool = False


def begins_a_document(body: bytes) -> bool:
    """True if a body begins like XML or JSON."""
    return body.startswith(_BEGINNINGS) or body.startswith(_BEGINNINGS, _skip_blanks(body))


def document_in_form(body: bytes) -> bytes | None:
    """Return the document in a form, or None if no field begins like a document."""
    start = _skip_blanks(body)
    found = _parts(body, start) if body.startswith(b"--", start) else _fields(body)
    first: _Field | None = None
    for field in found:
        if field.name.strip().lower() in _PREFERRED:
            first = field
            break
        first = first or field
    if first is None:
        return None
    document = body[first.start : first.end]
    return unquote_bytes(document) if first.encoded else document


def _skip_blanks(body: bytes, start: int = 0, end: int | None = None) -> int:
    found = _BLANKS.match(body, start, len(body) if end is None else end)
    return found.end() if found else start


def _fields(body: bytes) -> Iterator[_Field]:
    """Yield the fields of a URL-encoded form that begin like documents."""
    end = -1
    for _ in range(MAX_FIELDS):
        start = end + 1
        end = _find(body, b"&", start)
        value = body.find(b"=", start, end) + 1
        if value:
            name = body[start : value - 1]
            if begins_a_document(body[value : min(end, value + _LONGEST_HEAD)]):
                # A document that is not URL-encoded at all: every "&" after its beginning belongs to it.
                yield _Field(name, value, _end_of_document(body, value))
                return
            if begins_a_document(unquote_bytes(body[value : min(end, value + _LONGEST_HEAD)])):
                while _ENTITY.match(body, end):
                    end = _find(body, b"&", end + 1)
                yield _Field(name, value, end, encoded=True)
        if end == len(body):
            return


def _find(body: bytes, what: bytes, start: int) -> int:
    found = body.find(what, start)
    return len(body) if found < 0 else found


def _end_of_document(body: bytes, start: int) -> int:
    """Return where a document ends that is not URL-encoded: before the form's next field, if there is one."""
    ends = b">" if body.startswith(b"<", _skip_blanks(body, start)) else b"}]"
    last = max(body.rfind(ends[at : at + 1], start) for at in range(len(ends)))
    return last + 1 if body.startswith(b"&", last + 1) else len(body)


def _parts(body: bytes, start: int) -> Iterator[_Field]:
    """Yield the parts of a multipart form that begin like documents. The first line is the boundary."""
    line_end = _find(body, b"\n", start)
    boundary = body[start:line_end].rstrip()
    line_break = b"\r\n" if body.startswith(b"\r\n", line_end - 1) else b"\n"
    # RFC 2046: a boundary has at most 70 characters, without the two dashes.
    if not 2 < len(boundary) <= 72:
        raise DecodeError("a multipart form without a boundary in its first line")
    for _ in range(MAX_FIELDS):
        end = body.find(line_break + boundary, line_end)
        if end < 0:
            return
        head_end = body.find(line_break * 2, line_end, min(end, line_end + _LONGEST_HEAD))
        if head_end >= 0:
            value = head_end + 2 * len(line_break)
            if begins_a_document(body[value : min(end, value + _LONGEST_HEAD)]):
                name = _NAME.search(body, line_end, head_end)
                yield _Field(name[1] if name else b"", value, end)
        line_end = _find(body, b"\n", end + len(line_break) + len(boundary))
