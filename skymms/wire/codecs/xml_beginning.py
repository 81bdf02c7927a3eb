"""Checks the bytes of an XML document before they are parsed: their number, and what stands before the root element."""

from __future__ import annotations

import re

from . import DecodeError
from .xml_plain import USUAL_DECLARATION

#: White space and byte order marks before a document. XML allows no white space before a declaration.
_BEFORE_DOCUMENT = re.compile(rb"(?:[ \t\r\n\v\f]++|\xef\xbb\xbf)*+")
_XML_DECLARATION = re.compile(rb"<\?xml[ \t\r\n][^>]*\?>")
#: How nearly every document begins: at most a declaration that makes no difference, then the start tag of the root. Neither a
#: DOCTYPE nor another encoding than UTF-8 is possible then. The first group begins where the rest of the document does.
USUAL_BEGINNING = re.compile(rb"(?:%b)?([ \t\r\n]*+)(?=<[A-Za-z_])" % USUAL_DECLARATION.encode())
#: The longest XML declaration that is looked at.
_MAX_DECLARATION = 256


def without_harmless_beginning(body: bytes) -> bytes:
    """Return a document without the white space and the marks before it, and without a declaration that makes no difference.

    Text in ASCII is the same in the encodings that gateways name, so its declaration is dropped, whatever encoding that names.
    The line feeds stay, behind the declaration if there is one, so that the lines of problems stay the same.
    """
    found = _BEFORE_DOCUMENT.match(body)
    start = found.end() if found else 0
    document, line_feeds = body[start:], body.count(b"\n", 0, start)
    declaration = _XML_DECLARATION.match(document, 0, _MAX_DECLARATION)
    if declaration is None:
        return b"\n" * line_feeds + document
    rest = document[declaration.end() :]
    if document.isascii():
        return b"\n" * (line_feeds + declaration[0].count(b"\n")) + rest
    return declaration[0] + b"\n" * line_feeds + rest


def _has_doctype(body: bytes) -> bool:
    """Return whether a DOCTYPE stands before the root element.

    Such a document is refused before it is parsed: libxml2 takes quadratic time for the attributes that a DOCTYPE declares.
    """
    at = 0
    while (before := _BEFORE_ROOT.match(body, at)) is not None:
        if before["doctype"]:
            return True
        at = body.find(b"-->" if before["comment"] else b"?>", before.end())
        if at < 0:
            return False
        at += 2
    return False


#: What may stand before the root element. ``>`` is left from the end of a comment or an instruction.
_BEFORE_ROOT = re.compile(rb"(?:\xef\xbb\xbf)?[\s>]*+<(?:(?P<doctype>!DOCTYPE)|(?P<comment>!--)|\?)")


def check_bytes(body: bytes, limit: int) -> None:
    """Raise :class:`DecodeError` for a document that is too long or contains a NUL byte."""
    if len(body) > limit:
        raise DecodeError(f"{len(body):,} bytes, more than the {limit:,} allowed")
    if b"\0" in body:
        # lxml recognises UTF-16 without a declaration, and the check of the encoding below would not see it.
        raise DecodeError("contains a NUL byte; XML has none, and UTF-16 and UTF-32 are not accepted")


def check_beginning(body: bytes) -> bytes:
    """Return a document without a harmless beginning; raise :class:`DecodeError` if it has a DOCTYPE."""
    if body[:1] != b"<" or body[1:2] == b"?":
        body = without_harmless_beginning(body)
    if b"<!DOCTYPE" in body and _has_doctype(body):
        raise DecodeError("a DOCTYPE is not allowed")
    return body
