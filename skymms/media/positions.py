"""Finds and removes the position (GPS) where a picture or a video was taken, without decoding anything."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

#: The tag of EXIF that points to the data of the position, and the tag in that data that is the latitude.
_GPS, _LATITUDE = 0x8825, 0x0002
#: How videos name a position: in boxes of QuickTime and 3GPP, and among the keys that Apple's telephones write.
_VIDEO_MARKS = (b"\xa9xyz", b"loci", b"com.apple.quicktime.location", b"exif:GPS", b"GPSLatitude")
#: The boxes of an MP4 that contain metadata, and those that contain other boxes.
_METADATA = frozenset({b"udta", b"meta"})
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"moof", b"traf"})
#: The most boxes and entries that are looked through.
_MOST = 10_000
_VIDEO_TYPES = frozenset({"video/mp4", "video/3gpp", "video/quicktime", "audio/mp4"})


def has_position(content: bytes, content_type: str) -> bool:
    """Return whether a JPEG, a PNG, an MP4, a 3GP or a QuickTime file says where it was taken; False for other types."""
    try:
        if content_type == "image/jpeg":
            return any(map(_exif_has_position, _jpeg_exif(content)))
        if content_type == "image/png":
            return any(map(_exif_has_position, _png_exif(content)))
    except struct.error:
        return False
    if content_type in _VIDEO_TYPES:
        metadata = (content[box.begins : box.ends] for box in _metadata_boxes(content))
        return any(mark in part for part in metadata for mark in _VIDEO_MARKS)
    return False


def strip_video_metadata(content: bytes, content_type: str) -> bytes:
    """Return an MP4, a 3GP or a QuickTime file with empty space in the place of its metadata; another file unchanged.

    Nothing is moved, because a video names its frames by their place in the file. Tracks are kept, such as those in which an
    action camera writes its positions.
    """
    if content_type not in _VIDEO_TYPES:
        return content
    stripped = bytearray(content)
    for box in _metadata_boxes(content):
        stripped[box.begins - 4 - box.extra : box.begins - box.extra] = b"free"
        stripped[box.begins : box.ends] = bytes(box.ends - box.begins)
    return bytes(stripped)


# ------------------------------------------------------------------------------------------------ pictures


def _jpeg_exif(content: bytes) -> Iterator[bytes]:
    at = 2
    while content[at : at + 1] == b"\xff" and content[at + 1 : at + 2] != b"\xda":
        (length,) = struct.unpack_from(">H", content, at + 2)
        if content[at + 1] == 0xE1 and content[at + 4 : at + 10] == b"Exif\0\0":
            yield content[at + 10 : at + 2 + length]
        at += 2 + max(length, 2)


def _png_exif(content: bytes) -> Iterator[bytes]:
    at = 8
    while at + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        if name == b"eXIf":
            yield content[at + 8 : at + 8 + length]
        at += 12 + length


def _exif_has_position(exif: bytes) -> bool:
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return False
    (first,) = struct.unpack_from(f"{order}I", exif, 4)
    places = [value for tag, value in _entries(exif, order, first) if tag == _GPS]
    return any(tag == _LATITUDE for place in places for tag, _ in _entries(exif, order, place))


def _entries(exif: bytes, order: str, at: int) -> Iterator[tuple[int, int]]:
    """Yield the tags of a directory, with their values or the places of these."""
    (count,) = struct.unpack_from(f"{order}H", exif, at)
    for number in range(min(count, _MOST)):
        tag, _, _, value = struct.unpack_from(f"{order}HHII", exif, at + 2 + 12 * number)
        yield tag, value


# ------------------------------------------------------------------------------------------------ videos


class _Box(NamedTuple):
    """Where the content of a box begins and ends; ``extra`` bytes are between its name and its content."""

    begins: int
    ends: int
    extra: int


def _metadata_boxes(content: bytes) -> Iterator[_Box]:
    """Yield the boxes of metadata at the top, in the movie and in its tracks. A box may be cut off by the end of the bytes."""
    todo, seen = [(0, len(content))], 0
    while todo and seen < _MOST:
        at, end = todo.pop()
        while at + 8 <= end and seen < _MOST:
            seen += 1
            length, name = struct.unpack_from(">I4s", content, at)
            extra = 8 if length == 1 and at + 16 <= end else 0
            if extra:
                (length,) = struct.unpack_from(">Q", content, at + 8)
            box = _Box(at + 8 + extra, min(at + length if length else end, end), extra)
            if length and length < 8 + extra:
                break
            # Other boxes with the name uuid are needed to play a file.
            if name in _METADATA or (name == b"uuid" and content.startswith(_XMP, box.begins)):
                yield box
            elif name in _CONTAINERS:
                todo.append((box.begins, box.ends))
            at = box.ends
