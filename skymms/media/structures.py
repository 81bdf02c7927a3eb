"""Looks at the structure of contact cards, calendar entries, PDF files and passes, and finds out whether an MP4 is whole.

Libraries that parse the whole file (icalendar, pypdf) are not used. They report what telephones accept: viewers rebuild the
table of a damaged PDF, and calendars accept an event without UID or DTSTAMP, which RFC 5545 requires. What telephones refuse
shows without them: a file of another kind, a file without its end, a PDF with a password, an event without a beginning.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, cast

#: The most bytes of a pass when it is unpacked.
_MOST_UNPACKED = 20_000_000


def find_fault(content: bytes, kind: str) -> str | None:
    """Return what is wrong with the structure of a complete file; None if nothing is, and for kinds that are not looked at."""
    look = _LOOKS.get(kind)
    return look(content) if look else None


def _vcard(content: bytes) -> str | None:
    text = content.decode("utf-8-sig", "replace").strip()
    if not re.match("(?i)BEGIN:VCARD\\s", text):
        return "it does not begin with BEGIN:VCARD"
    if not re.search(r"(?i)[\r\n]END:VCARD$", text):
        return "it does not end with END:VCARD"
    if not re.search(r"(?im)^VERSION:\s*[234]\.\d\s*$", text):
        return "its VERSION is missing"
    return None if re.search(r"(?im)^(?:item\d+\.)?(?:FN|N)[;:]", text) else "it has no name (FN or N)"


def _ical(content: bytes) -> str | None:
    text = content.decode("utf-8-sig", "replace").strip()
    if not re.match("(?i)BEGIN:VCALENDAR\\s", text):
        return "it does not begin with BEGIN:VCALENDAR"
    if not re.search(r"(?i)[\r\n]END:VCALENDAR$", text):
        return "it does not end with END:VCALENDAR"
    begun, ended = (re.findall(rf"(?im)^{word}:(\S+)\s*$", text) for word in ("BEGIN", "END"))
    if sorted(map(str.upper, begun)) != sorted(map(str.upper, ended)):
        return "a section has no end"
    if "VEVENT" not in map(str.upper, begun):
        return "it has no event (VEVENT)"
    # RFC 5545: an event needs a beginning unless the calendar has a METHOD.
    return None if re.search(r"(?im)^METHOD:", text) else _beginnings(text)


def _beginnings(text: str) -> str | None:
    """Return what is wrong with the beginnings of the events; None if nothing is."""
    has_beginning = True
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        name, _, value = line.strip().partition(":")
        name = name.partition(";")[0].upper()
        if (name, value.upper()) == ("BEGIN", "VEVENT"):
            has_beginning = False
        elif (name, value.upper()) == ("END", "VEVENT") and not has_beginning:
            return "an event has no beginning (DTSTART)"
        elif name == "DTSTART":
            has_beginning = True
            if not re.fullmatch(r"\d{8}(?:T\d{6}Z?)?", value):
                return f"the beginning of an event is not a date: DTSTART:{value:.40}"
    return None


def _pdf(content: bytes) -> str | None:
    if not content.startswith(b"%PDF-"):
        return "it does not begin with %PDF-"
    end = content[-2048:]
    if b"%%EOF" not in end or b"startxref" not in end:
        return "its end is missing"
    return "it needs a password" if re.search(rb"/Encrypt\s+\d+\s+\d+\s+R", content) else None


def _pass(content: bytes) -> str | None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            if sum(one.file_size for one in archive.infolist()) > _MOST_UNPACKED:
                return f"it unpacks to more than {_MOST_UNPACKED:,} bytes"
            files = {one.filename: archive.read(one) for one in archive.infolist() if not one.is_dir()}
        if missing := [name for name in ("pass.json", "manifest.json", "signature") if name not in files]:
            return f"it has no {missing[0]}"
        manifest: Any = json.loads(files["manifest.json"])
        if not isinstance(manifest, dict) or not isinstance(json.loads(files["pass.json"]), dict):
            return "its pass.json or manifest.json is not an object"
    # A damaged archive can raise any error in here: zlib and lzma, which unpack it, have classes of their own.
    except Exception as error:
        return f"it is not a complete pass ({type(error).__name__})"
    expected = cast("dict[str, object]", manifest)
    for name, data in files.items():
        if name not in {"manifest.json", "signature"} and expected.get(name) != hashlib.sha1(data).hexdigest():  # noqa: S324
            return f"its manifest has another hash for {name!r:.60}"
    return None


#: The most boxes of an MP4 that are looked through. A file that was recorded in pieces has one for each second.
_MOST_BOXES = 100_000


def _played(content: bytes) -> str | None:
    """Return what is wrong with an MP4, a 3GP or a QuickTime file. A part of one would be played, and then end too early."""
    if content[4:8] != b"ftyp":
        return None
    at, names = 0, set[bytes]()
    for _ in range(_MOST_BOXES):
        if at + 8 > len(content):
            break
        length, name = struct.unpack_from(">I4s", content, at)
        if length == 1 and at + 16 <= len(content):
            (length,) = struct.unpack_from(">Q", content, at + 8)
        names.add(name)
        if not length:  # up to the end of the file
            break
        if length < 8 or at + length > len(content):
            return "its end is missing"
        at += length
    return None if b"moov" in names else "it does not say what it contains (moov)"


_LOOKS: Mapping[str, Callable[[bytes], str | None]] = {
    "vcard": _vcard,
    "ical": _ical,
    "pdf": _pdf,
    "passbook": _pass,
    "audio": _played,
    "video": _played,
}
