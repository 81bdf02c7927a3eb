"""Replaces characters that XML or JSON cannot hold, so that one bad character does not lose the other events of a postback.

Only postbacks are repaired, and only after a strict parser refused them. A surrogate pair that is written as two references, or
as six bytes, becomes its character. Every other character that is not allowed becomes U+FFFD.

Two events may differ only in such characters. Each function therefore returns the document twice: as it is shown, and
with a *mark*, an unassigned character of its own for each replaced one, from which the identity of an event is computed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from .codecs import DecodeError, json
from .codecs.xml_beginning import without_harmless_beginning

#: The marks are here, in a range of Unicode that has no characters. XML allows them, even in names.
_FIRST_MARK, _MARKS = 0xE1000, 0xEF00
_MARKED = re.compile(f"[{chr(_FIRST_MARK)}-{chr(_FIRST_MARK + _MARKS - 1)}]")
REPLACEMENT = "\ufffd"
#: A mark has up to four bytes in UTF-8 and stands for one byte.
GROWTH = 4

_SURROGATES = range(0xD800, 0xE000)
_HIGH, _LOW = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
#: The code that marks a byte that is not UTF-8. No forbidden character has one of these codes.
_BYTES = 0xE000


@lru_cache(maxsize=512)
def _mark(code: int) -> str:
    return chr(_FIRST_MARK + code % _MARKS)


#: Bytes that are not UTF-8, as Python's error handler "surrogateescape" decodes them.
_STRAY_BYTES = {0xDC00 + byte: _mark(_BYTES + byte) for byte in range(0x80, 0x100)}
_CONTROLS = {code: _mark(code) for code in range(0x20) if chr(code) not in "\t\n\r"}
_FORBIDDEN_IN_XML = {**_STRAY_BYTES, **_CONTROLS, **{code: _mark(code) for code in (0xFFFE, 0xFFFF)}}
_FORBIDDEN_IN_JSON = {**_STRAY_BYTES, **_CONTROLS}

#: A surrogate pair of three bytes for each half, as Java and old databases write it.
_PAIR_IN_BYTES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
#: Numeric references in a row. What looks like a reference in a CDATA section or a comment is not one.
_REFERENCES = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|((?:&#(?:x[0-9a-fA-F]+|[0-9]+);)+)", re.DOTALL)
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]+)|([0-9]+));")
#: A JSON escape: a surrogate pair, a lone surrogate (in the group), or any other.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u([dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_LAST_CHARACTER = 0x10FFFF


def repair_xml(document: bytes) -> tuple[bytes, bytes]:
    """Return a repaired XML document as it is shown, and with marks."""
    # A document that begins with a NUL is in UTF-16 or UTF-32, which no parser of ours accepts.
    if b"\0" in document[:4]:
        raise DecodeError("contains a NUL byte; XML has none, and UTF-16 and UTF-32 are not accepted")
    # A mark is not ASCII, so a declaration of another encoding would no longer be harmless.
    marked = _decode(without_harmless_beginning(document)).translate(_FORBIDDEN_IN_XML)
    marked = _REFERENCES.sub(_repair_references, marked)
    return _show(marked).encode(), marked.encode()


def parse_json(body: bytes, limit: int) -> tuple[Any, Any]:
    """Parse JSON strictly, and after a repair if that fails; return the document as it is shown, and with marks.

    Raises :class:`~skymms.wire.codecs.DecodeError` for more than ``limit`` bytes and for what is not JSON after the repair.
    """
    try:
        parsed = json.parse(body, limit)
    except DecodeError as error:
        # A duplicate member in a list of events must not lose the others. In a single event there are no others.
        if len(body) > limit or (isinstance(error, json.DuplicateMemberError) and not _is_list(body)):
            raise
    else:
        if not _SURROGATE.search(body) or not _has_lone_surrogate(body):
            return parsed, parsed
    shown, marked = _repair_json(body)
    return json.parse_leniently(shown), json.parse_leniently(marked)


def _repair_json(document: bytes) -> tuple[str, str]:
    marked = _ESCAPE.sub(_repair_escape, _decode(document).translate(_FORBIDDEN_IN_JSON))
    return _show(marked), marked


def _is_list(body: bytes) -> bool:
    return body.lstrip(b" \t\r\n\v\f\xef\xbb\xbf").startswith(b"[")


#: An escaped surrogate, alone or as a part of a pair.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _has_lone_surrogate(body: bytes) -> bool:
    return any(found[1] for found in _ESCAPE.finditer(body.decode()))


def _show(marked: str) -> str:
    return _MARKED.sub(REPLACEMENT, marked)


def _decode(document: bytes) -> str:
    return _PAIR_IN_BYTES.sub(_join_bytes, document).decode("utf-8", "surrogateescape")


def _join_bytes(pair: re.Match[bytes]) -> bytes:
    halves = pair[0].decode("utf-8", "surrogatepass")
    return halves.encode("utf-16", "surrogatepass").decode("utf-16").encode()


def _repair_references(found: re.Match[str]) -> str:
    if not found[1]:
        return found[0]
    written: list[str] = []
    high: int | None = None
    for reference in _REFERENCE.finditer(found[1]):
        code = _code(reference)
        if high is not None and code in _LOW:
            written[-1] = chr(0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00))
            high = None
            continue
        high = code if code in _HIGH else None
        written.append(reference[0] if _is_allowed(code) else _mark(code))
    return "".join(written)


def _code(reference: re.Match[str]) -> int:
    hexadecimal, decimal = reference.groups()
    digits = (hexadecimal or decimal).lstrip("0")
    # int() raises for more than 4,300 digits. Any number that is beyond Unicode will do.
    return int(digits[:20] or "0", 16 if hexadecimal else 10)


def _is_allowed(code: int) -> bool:
    if code < 0x20:
        return code in {0x9, 0xA, 0xD}
    return code <= _LAST_CHARACTER and code not in _SURROGATES and code not in {0xFFFE, 0xFFFF}


def _repair_escape(found: re.Match[str]) -> str:
    return _mark(int(found[1], 16)) if found[1] else found[0]
