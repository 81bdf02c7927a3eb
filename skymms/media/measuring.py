"""Measures pictures in pixels, and pictures, sounds and videos in seconds, by what their headers say; nothing is decoded."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from ..validation.file_types import pixels as _pixels

#: The most boxes of an MP4 and chunks of a WAV that are looked through.
_MOST_BOXES = 1000


def pixels(content: bytes) -> tuple[int, int] | None:
    """Return the width and the height of a JPEG, PNG or GIF as it is shown, that is upright.

    None for other files, and if the size is not in these bytes.
    """
    return _pixels(content)


def seconds(content: bytes, content_type: str, size: int | None = None) -> float | None:
    """Return the playing time of a GIF, WAV, MP3, AMR, MP4 or 3GP; None for another type, and if these bytes do not tell it.

    ``content`` may be the beginning of the file, and ``size`` its length in bytes.
    """
    measure = _MEASURES.get(content_type)
    try:
        return measure(content, len(content) if size is None else size) if measure else None
    except (struct.error, IndexError, ZeroDivisionError):
        return None


def _gif(content: bytes, size: int) -> float | None:
    """Add up the delays of the frames. None if the bytes end before the last frame, or if there is only one."""
    at, frames, hundredths, delay = 13 + _table_length(content[10]), 0, 0, 0
    while (block := content[at]) != 0x3B:
        if block == 0x21 and content[at + 1] == 0xF9:
            (delay,) = struct.unpack_from("<H", content, at + 4)
        if block == 0x21:
            at += 2
        elif block == 0x2C:
            frames, hundredths, delay = frames + 1, hundredths + delay, 0
            at += 11 + _table_length(content[at + 9])
        else:
            return None
        while length := content[at]:
            at += 1 + length
        at += 1
    return hundredths / 100 if frames > 1 else None


def _table_length(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _wav(content: bytes, size: int) -> float | None:
    at, per_second = 12, 0
    for _ in range(_MOST_BOXES):
        name, length = struct.unpack_from("<4sI", content, at)
        if name == b"fmt ":
            (per_second,) = struct.unpack_from("<I", content, at + 16)
        if name == b"data":
            return float(min(length, size - at - 8)) / per_second
        at += 8 + length + length % 2
    return None


def _mp4(content: bytes, size: int) -> float | None:
    movie = _box(content, b"moov", 0, len(content))
    header = _box(content, b"mvhd", *movie) if movie else None
    if header is None:
        return None
    at = header[0]
    scale, length = (
        struct.unpack_from(">IQ", content, at + 20) if content[at] == 1 else struct.unpack_from(">II", content, at + 12)
    )
    return float(length / scale)


def _box(content: bytes, wanted: bytes, at: int, end: int) -> tuple[int, int] | None:
    """Return where the content of a box begins and ends."""
    for _ in range(_MOST_BOXES):
        if at + 8 > end:
            return None
        length, name = struct.unpack_from(">I4s", content, at)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", content, at + 8)
            head = 16
        if name == wanted:
            return at + head, at + length if length else end
        if length < head:
            return None
        at += length
    return None


_BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_SAMPLING_RATES = (44_100, 48_000, 32_000, 0)
_LOW_BITRATES = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def _mp3(content: bytes, size: int) -> float | None:
    """Return the length by the number of frames, or estimate it from the bit rate of the first frame."""
    at = 0
    if content.startswith(b"ID3"):
        at = 10 + sum((content[6 + place] & 0x7F) << 7 * (3 - place) for place in range(4))
    if content[at] != 0xFF or content[at + 1] & 0xE6 != 0xE2:
        return None
    # A frame without sound tells how many follow (Xing and LAME).
    mark = max(content.find(b"Xing", at, at + 200), content.find(b"Info", at, at + 200))
    if mark >= 0 and content[mark + 7] & 1:
        (frames,) = struct.unpack_from(">I", content, mark + 8)
        version = content[at + 1] >> 3 & 3
        sampling = _SAMPLING_RATES[content[at + 2] >> 2 & 3] >> (0 if version == 3 else 1 if version == 2 else 2)
        return float(frames * (1152 if version == 3 else 576) / sampling)
    rates = _BITRATES if content[at + 1] & 0x18 == 0x18 else _LOW_BITRATES
    return (size - at) * 8 / (rates[content[at + 2] >> 4] * 1000)


#: Bytes of a frame of 20 ms, by the mode of the first frame (RFC 4867), its header included.
_AMR_FRAMES = (13, 14, 16, 18, 20, 21, 27, 32)


def _amr(content: bytes, size: int) -> float | None:
    return (size - 6) / _AMR_FRAMES[content[6] >> 3 & 7] / 50 if content.startswith(b"#!AMR\n") else None


_MEASURES: Mapping[str, Callable[[bytes, int], float | None]] = {
    "image/gif": _gif,
    "audio/wav": _wav,
    "audio/mpeg": _mp3,
    "audio/amr": _amr,
    "audio/mp4": _mp4,
    "video/mp4": _mp4,
    "video/3gpp": _mp4,
    "video/quicktime": _mp4,
}
