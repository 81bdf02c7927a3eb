"""The types of media files by their first bytes, and the size of a picture."""

from __future__ import annotations

import struct

import pytest
import strategies  # noqa: F401 (loads hypothesis' profile)
from hypothesis import given
from hypothesis import strategies as st

from skymms.slide import FILES
from skymms.validation.file_types import FILE_TYPES, content_types, file_type, kind_of_url, pixels


def segment(marker: int, content: bytes = b"") -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


FRAME = struct.pack(">BHHB", 8, 450, 300, 3)
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 300, 450)

#: Pictures of 300 by 450 pixels.
PICTURES = [
    PNG,
    b"GIF89a" + struct.pack("<HH", 300, 450),
    b"GIF87a" + struct.pack("<HH", 300, 450) + b"more",
    b"\xff\xd8" + segment(0xE0, b"JFIF") + segment(0xC0, FRAME),
    b"\xff\xd8" + segment(0xC4, b"table") + segment(0xDB, b"\xff\xc0") + segment(0xC2, FRAME) + b"pixels",
    b"\xff\xd8\xff\xff" + segment(0xE1, b"Exif") + b"\xff\xff" + segment(0xC1, FRAME),
]


@pytest.mark.parametrize("picture", PICTURES)
def test_the_size_of_a_picture_is_found(picture):
    assert pixels(picture) == (300, 450)


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a\1", PNG[:20], b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\0\0", b"\xff\xd8" + segment(0xE0) + b"words", b"MThd"],
)
def test_a_file_without_a_size_has_none(content):
    assert pixels(content) is None


@given(st.binary(max_size=200) | st.sampled_from([picture[:3] for picture in PICTURES]).flatmap(
    lambda start: st.binary(max_size=200).map(lambda rest: start + rest)
))  # fmt: skip
def test_any_bytes_have_a_size_or_none(content):
    assert pixels(content) is None or len(content) >= 10


def test_kinds_are_fields_of_a_slide():
    assert {one.kind for one in FILE_TYPES} <= set(FILES)


@pytest.mark.parametrize("other", [None, "GIF89a", 7, b"", b"%PDF-1.7", b"\xff\xf1aac", b"ftyp"])
def test_other_content_has_no_type(other):
    assert file_type(other) is None


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://media.example/a.MP4", "video"),
        ("http://media.example/a.mid?x=a.png", "audio"),
        ("http://media.example/a", "image"),
        ("http://media.example/a.exe", "image"),
    ],
)
def test_the_ending_of_a_url_shows_the_kind_of_its_file(url, kind):
    assert kind_of_url(url) == kind


def test_content_types_are_those_of_the_endings():
    assert content_types("image", ("gif", "")) == ("image/gif",)
    assert content_types("image", ("png", "gif", "jpeg", "jpg", "")) == ("image/jpeg", "image/jpg", "image/png", "image/gif")
    assert content_types("video", ()) == ()
