"""Forms with files (multipart/form-data, RFC 7578). Requests use this format; no response does.

Decoding does not use the standard library's parser for mail: it also reads nested parts, decodes transfer encodings, which
forms do not have, and repairs what it does not understand. The text of a form must arrive as it was sent, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from . import DecodeError

#: A text, or a file: its name, its content type and its bytes.
Part = str | tuple[str, str, bytes]


def encode(parts: Mapping[str, Part]) -> tuple[bytes, str]:
    """Return the body and its content type. The same parts give the same bytes each time."""
    from urllib3.filepost import encode_multipart_formdata

    fields = {name: part if isinstance(part, str) else (part[0], part[2], part[1]) for name, part in parts.items()}
    # The boundary is a hash of all parts, so it cannot occur in any of them.
    return encode_multipart_formdata(fields, sha256(repr(parts).encode()).hexdigest())


class FormPart(NamedTuple):
    """One part of a decoded form; ``filename`` is None for a field that is not a file."""

    name: str
    filename: str | None
    value: bytes


#: More parts than any request has, and the longest headers of a part in bytes.
MAX_PARTS, MAX_HEADERS = 1000, 8192

_DISPOSITION = re.compile(r"(?im)^content-disposition[ \t]*:[ \t]*form-data[ \t]*(;.*)$")
#: A parameter of a header: its name, and its value in quotes or without.
_PARAMETER = re.compile(r';[ \t]*([^=;"\s]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;"\s]*))')


def is_form(content_type: str) -> bool:
    """Return whether a Content-Type header is that of a form with files."""
    return content_type.partition(";")[0].strip().lower() == "multipart/form-data"


def decode(body: bytes, content_type: str, limit: int) -> list[FormPart]:
    """Return the parts of a form with their names in order; parts without a name are left out.

    Raises :class:`DecodeError` for a form without its boundary or its end, with too many parts, or with more than ``limit``
    bytes.
    """
    if len(body) > limit:
        raise DecodeError(f"{len(body):,} bytes, more than the {limit:,} allowed")
    boundary = _parameters(content_type).get("boundary", "").rstrip()
    if not boundary:
        raise DecodeError("a form without a boundary in its Content-Type")
    delimiter = re.compile(rb"\r\n--%b(?:(--)|[ \t]*(?=\r\n))" % re.escape(boundary.encode("latin-1", "replace")))
    found: list[FormPart] = []
    body = b"\r\n" + body
    begin: int | None = None
    for count, match in enumerate(delimiter.finditer(body)):
        if count > MAX_PARTS:
            raise DecodeError(f"a form of more than {MAX_PARTS:,} parts")
        if begin is not None:
            found += _part(body[begin : match.start()])
        if match[1]:
            return found
        begin = match.end()
    raise DecodeError("a form without its last boundary")


def _part(part: bytes) -> list[FormPart]:
    headers, end, value = part.partition(b"\r\n\r\n")
    if not end or len(headers) > MAX_HEADERS:
        raise DecodeError("a part of the form has headers that do not end")
    disposition = _DISPOSITION.search(headers.decode("utf-8", "replace"))
    parameters = _parameters(disposition[1]) if disposition else {}
    filename = parameters.get("filename", parameters.get("filename*"))
    return [FormPart(parameters["name"], filename, value)] if "name" in parameters else []


def _parameters(header: str) -> dict[str, str]:
    """Return the parameters of a header, with their names in lower case."""
    return {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(header[:MAX_HEADERS])}
