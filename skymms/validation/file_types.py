"""The types of media files, recognised by their first bytes, and the size of a picture in pixels."""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator
from typing import NamedTuple


class FileType(NamedTuple):
    """A type of media files.

    - ``kind``: the field of a :class:`~skymms.Slide` for files of this type.
    - ``endings``: the endings of their names, the usual one first.
    - ``content_types``: their content types, the registered one first.
    - ``signature``: the first bytes of a file.
    """

    kind: str
    endings: tuple[str, ...]
    content_types: tuple[str, ...]
    signature: re.Pattern[bytes]


FILE_TYPES = (
    FileType("image", ("jpg", "jpeg"), ("image/jpeg", "image/jpg"), re.compile(rb"\xff\xd8\xff")),
    FileType("image", ("png",), ("image/png",), re.compile(rb"\x89PNG\r\n\x1a\n")),
    FileType("image", ("gif",), ("image/gif",), re.compile(rb"GIF8[79]a")),
    # An MP3 begins with a tag, or with a frame: eleven bits that are set, then the layer (01), which an AAC has not (00).
    FileType("audio", ("mp3",), ("audio/mpeg", "audio/mp3"), re.compile(rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")),
    FileType("audio", ("mid", "midi"), ("audio/midi", "audio/mid", "audio/x-midi"), re.compile(rb"MThd")),
    FileType("video", ("mp4", "mpg4"), ("video/mp4",), re.compile(rb".{4}ftyp", re.DOTALL)),
    FileType("vcard", ("vcf",), ("text/vcard", "text/x-vcard"), re.compile(rb"BEGIN:VCARD", re.IGNORECASE)),
    FileType("passbook", ("pkpass",), ("application/vnd.apple.pkpass",), re.compile(rb"PK\x03\x04")),
)


def file_type(content: object) -> FileType | None:
    """Return the type of a file by its first bytes; None for another type, and for anything but bytes."""
    if not isinstance(content, bytes):
        return None
    return next((one for one in FILE_TYPES if one.signature.match(content)), None)


def kind_of_url(url: str) -> str:
    """Return the kind of the file at a URL by the ending of its path; ``image`` for an unknown one."""
    ending = url.partition("?")[0].rpartition(".")[2].lower()
    return next((one.kind for one in FILE_TYPES if ending in one.endings), "image")


def content_types(kind: str, endings: Collection[str]) -> tuple[str, ...]:
    """Return the content types of the files of a kind that may have one of these endings."""
    types = [one.content_types for one in FILE_TYPES if one.kind == kind and not set(endings).isdisjoint(one.endings)]
    return tuple([content_type for several in types for content_type in several])


def pixels(image: bytes) -> tuple[int, int] | None:
    """Return the width and the height of a JPEG, PNG or GIF as it is shown: a JPEG may say that it is to be turned.

    None for other files, and if the size is not found.
    """
    found = file_type(image)
    try:
        if found is None or found.kind != "image":
            return None
        if "png" in found.endings:
            width, height = struct.unpack_from(">II", image, 16)
        elif "gif" in found.endings:
            width, height = struct.unpack_from("<HH", image, 6)
        else:
            height, width = struct.unpack_from(">HH", image, _jpeg_frame(image) + 5)
            if orientation(image) > 4:
                width, height = height, width
    except struct.error:
        return None
    return width, height


def orientation(jpeg: bytes) -> int:
    """Return how a JPEG is to be turned, from 1 (not at all) to 8, by its EXIF data. From 5 on, its sides are exchanged."""
    try:
        for marker, begins, ends in _jpeg_segments(jpeg):
            if marker == 0xE1 and jpeg.startswith(b"Exif\0\0", begins):
                return _exif_orientation(jpeg[begins + 6 : ends])
    except struct.error:
        pass
    return 1


def _exif_orientation(exif: bytes) -> int:
    order = ">" if exif.startswith(b"MM") else "<"
    (at,) = struct.unpack_from(f"{order}I", exif, 4)
    (count,) = struct.unpack_from(f"{order}H", exif, at)
    for number in range(count):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, at + 2 + 12 * number)
        if tag == _ORIENTATION:
            return value if 1 <= value <= 8 else 1
    return 1


_ORIENTATION = 0x0112
#: The markers of a frame, which has the size; C4, C8 and CC mark other segments.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg_frame(image: bytes) -> int:
    """Return the position of the segment that has the size of a JPEG; ``struct.error`` if there is none."""
    return next(begins - 4 for marker, begins, _ in _jpeg_segments(image) if marker in _FRAMES)


def _jpeg_segments(image: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the marker of each segment, and where its content begins and ends; ``struct.error`` at the end of the bytes."""
    at = 2
    while True:
        start, marker, length = struct.unpack_from(">BBH", image, at)
        if start != 0xFF:
            raise struct.error("not a segment")
        # A byte FF may be repeated before a marker.
        if marker == 0xFF:
            at += 1
            continue
        # A length counts its own two bytes.
        yield marker, at + 4, at + 2 + max(length, 2)
        at += 2 + max(length, 2)
