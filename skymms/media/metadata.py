"""Removes the metadata of a picture without decoding it: position, camera, comments, and what follows its end."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from itertools import pairwise

from ..validation.file_types import orientation

_MARKER = re.compile(rb"\xff++([^\x00\xff])")
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
#: JFIF and Adobe, without which colours are wrong. All other segments APPn and the comments are metadata.
_KEPT_APPS = frozenset({0xE0, 0xEE})
_APPS = frozenset(range(0xE0, 0xF0)) | {0xFE}
#: The chunks of a PNG that change how it looks. IDAT and IEND are among them.
_PNG_CHUNKS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB", b"cHRM", b"bKGD", b"sBIT"})


def strip_metadata(picture: bytes, *, keep_orientation: bool = False) -> bytes:
    """Return a complete JPEG, PNG or GIF without its metadata. Its pixels are the same, byte for byte.

    With ``keep_orientation`` a JPEG that is to be turned still says so.
    """
    strip = next((strip for signature, strip in _FORMATS.items() if picture.startswith(signature)), None)
    if strip is None:
        return picture
    stripped = strip(picture)
    if keep_orientation and strip is _strip_jpeg and (turn := orientation(picture)) != 1:
        # EXIF data with the orientation as their only entry.
        exif = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHxxI", 8, 1, 0x0112, 3, 1, turn, 0)
        stripped = stripped[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + stripped[2:]
    return stripped


def _strip_jpeg(picture: bytes) -> bytes:
    kept, at = [picture[:2]], 2
    while found := _MARKER.match(picture, at):
        marker, begins = found[1][0], at
        if marker == _END_OF_IMAGE:
            kept.append(b"\xff\xd9")
            break
        (length,) = struct.unpack_from(">H", picture, found.end())
        at = found.end() + max(length, 2)
        if marker == _START_OF_SCAN:
            end = _END_OF_SCAN.search(picture, at)
            at = end.start() if end else len(picture)
        # A segment APP0 can hold a thumbnail (JFXX) as well as JFIF.
        is_kept = marker not in _APPS or (marker in _KEPT_APPS and picture[found.end() + 2 :][:5] in {b"JFIF\0", b"Adobe"})
        if is_kept:
            kept.append(picture[begins:at])
    return b"".join(kept)


def _strip_png(picture: bytes) -> bytes:
    kept, at, name = [picture[:8]], 8, b""
    while name != b"IEND" and at + 12 <= len(picture):
        length, name = struct.unpack_from(">I4s", picture, at)
        if name in _PNG_CHUNKS:
            kept.append(picture[at : at + 12 + length])
        at += 12 + length
    return b"".join(kept)


def _strip_gif(picture: bytes) -> bytes:
    """Keep the pictures, their delays, and how often they repeat; remove comments, texts and other applications."""
    at = 13 + _table_length(picture[10])
    marks = [(0, True)]
    while (block := picture[at]) != 0x3B:
        is_kept = block == 0x2C or picture[at + 1] == 0xF9 or picture[at + 3 : at + 14] == b"NETSCAPE2.0"
        marks.append((at, is_kept))
        at += 11 + _table_length(picture[at + 9]) if block == 0x2C else 2
        while size := picture[at]:
            at += 1 + size
        at += 1
    marks.append((at, True))
    return b"".join(picture[begin:end] for (begin, is_kept), (end, _) in pairwise(marks) if is_kept) + b"\x3b"


def _table_length(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_FORMATS: Mapping[bytes, Callable[[bytes], bytes]] = {
    b"\x89PNG\r\n\x1a\n": _strip_png,
    b"\xff\xd8\xff": _strip_jpeg,
    b"GIF87a": _strip_gif,
    b"GIF89a": _strip_gif,
}
