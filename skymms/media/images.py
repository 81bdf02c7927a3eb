"""Checks that an image file is complete and undamaged."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Mapping

# ------------------------------------------------------------------------------------------------ images


def damage(image: bytes) -> str | None:
    """What is broken about a PNG, JPEG or GIF; None for a whole one. Bytes after its end are none of its business."""
    for begins, check in _FORMATS.items():
        if image.startswith(begins):
            try:
                return check(image)
            except (IndexError, struct.error):
                return "it ends before its end"
    return "it is no PNG, JPG or GIF"


def _png(image: bytes) -> str | None:
    """Chunks, each a length, a name, bytes, and a checksum over name and bytes; IHDR first, IEND last."""
    at = 8
    names: set[bytes] = set()
    while b"IEND" not in names:
        length, name = struct.unpack_from(">I4s", image, at)
        (checksum,) = struct.unpack_from(">I", image, at + 8 + length)
        if checksum != zlib.crc32(memoryview(image)[at + 4 : at + 8 + length]):
            return f"a checksum is wrong (at byte {at:,})"
        if not names and name != b"IHDR":
            return "it does not begin with its size"
        names.add(name)
        at += 12 + length
    return None if b"IDAT" in names else "it has no pixels"


_MARKER = re.compile(rb"\xff++([^\x00\xff])")
# Within a scan, FF 00 is a byte of it and FF D0 to D7 are places to start over.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def _jpeg(image: bytes) -> str | None:
    """Segments, each a marker, a length and bytes; a frame, scans, and a marker at the end."""
    at = 2
    markers: set[int] = set()
    while found := _MARKER.match(image, at):
        marker, at = found[1][0], found.end()
        if marker == _END_OF_IMAGE:
            return None if markers & _FRAMES and _START_OF_SCAN in markers else "it has no pixels"
        (length,) = struct.unpack_from(">H", image, at)
        if length < 2:
            return f"a length is wrong (at byte {at:,})"
        markers.add(marker)
        at += length
        if marker == _START_OF_SCAN:
            # Its pixels have no length: they go on to the next marker.
            end = _END_OF_SCAN.search(image, at)
            at = end.start() if end else len(image)
    return "it ends before its end" if at >= len(image) else f"a marker is missing (at byte {at:,})"


def _gif(image: bytes) -> str | None:
    """A screen, then blocks: extensions, images, and a trailer."""
    at, images = 13 + _colours(image[10]), 0
    while (block := image[at]) != 0x3B:
        if block == 0x21:
            at += 2
        elif block == 0x2C:
            images += 1
            # Its descriptor, its colours, and a byte that says how its pixels are packed.
            at += 11 + _colours(image[at + 9])
        else:
            return f"a block is of no known kind (at byte {at:,})"
        while size := image[at]:
            at += 1 + size
        at += 1
    return None if images else "it has no pixels"


def _colours(flags: int) -> int:
    """The length of a table of colours."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_FORMATS: Mapping[bytes, Callable[[bytes], str | None]] = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"\xff\xd8\xff": _jpeg,
    b"GIF87a": _gif,
    b"GIF89a": _gif,
}
