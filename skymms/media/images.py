"""Checks that an image file is complete and undamaged, by the structure of its format; it does not decode the pixels."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Mapping

_NO_END = "the end of the file is missing"


def find_damage(image: bytes, *, is_beginning: bool = False) -> str | None:
    """Return the damage of a PNG, JPEG or GIF file, or None for a complete image. Bytes after its end are ignored.

    With ``is_beginning`` the bytes are the beginning of a file, whose end need not be there.
    """
    for signature, check in _FORMATS.items():
        if image.startswith(signature):
            try:
                damage = check(image)
            except (IndexError, struct.error):
                damage = _NO_END
            return None if is_beginning and damage == _NO_END else damage
    return "it is not a PNG, JPG or GIF"


def _check_png(image: bytes) -> str | None:
    """Check the chunks: each has a length, a name, data, and a checksum of name and data. IHDR is first and IEND last."""
    at = 8
    names: set[bytes] = set()
    while b"IEND" not in names:
        length, name = struct.unpack_from(">I4s", image, at)
        (checksum,) = struct.unpack_from(">I", image, at + 8 + length)
        if checksum != zlib.crc32(memoryview(image)[at + 4 : at + 8 + length]):
            return f"a checksum is wrong (at byte {at:,})"
        if not names and name != b"IHDR":
            return "it does not begin with its dimensions"
        names.add(name)
        at += 12 + length
    return None if b"IDAT" in names else "it has no pixels"


_MARKER = re.compile(rb"\xff++([^\x00\xff])")
# Within a scan, FF 00 is the escape of the byte FF, and FF D0 to FF D7 are restart markers.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def _check_jpeg(image: bytes) -> str | None:
    """Check the segments: each has a marker, a length and data. There is a frame, at least one scan, and an end marker."""
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
            # The pixels of a scan have no length: they end at the next marker.
            end = _END_OF_SCAN.search(image, at)
            at = end.start() if end else len(image)
    # The last byte of a beginning may be the first of a marker.
    return _NO_END if at >= len(image) - 1 else f"a marker is missing (at byte {at:,})"


def _check_gif(image: bytes) -> str | None:
    """Check the blocks after the screen descriptor: extensions and images, then a trailer."""
    at, images = 13 + _colour_table_length(image[10]), 0
    while (block := image[at]) != 0x3B:
        if block == 0x21:
            at += 2
        elif block == 0x2C:
            images += 1
            # The descriptor, the colour table, and a byte with the code size of the pixels.
            at += 11 + _colour_table_length(image[at + 9])
        else:
            return f"a block has an unknown type (at byte {at:,})"
        while size := image[at]:
            at += 1 + size
        at += 1
    return None if images else "it has no pixels"


def _colour_table_length(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_FORMATS: Mapping[bytes, Callable[[bytes], str | None]] = {
    b"\x89PNG\r\n\x1a\n": _check_png,
    b"\xff\xd8\xff": _check_jpeg,
    b"GIF87a": _check_gif,
    b"GIF89a": _check_gif,
}
