"""Truncated and changed files of every kind: nothing but an error of skymms leaves the public functions."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from contextlib import suppress
from functools import cache
from hashlib import sha1
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import strategies  # noqa: F401 (loads hypothesis' profile)
from hypothesis import given, settings
from hypothesis import strategies as st
from media_files import gif, png
from pictures import HEIC, camera_exif, photo, saved

from skymms import SkymmsError, Slide, Slideshow
from skymms.media import fit, preflight
from skymms.media.images import find_damage
from skymms.media.measuring import pixels, seconds
from skymms.media.positions import has_position, strip_video_metadata
from skymms.media.signatures import recognise
from skymms.media.structures import find_fault

VCF = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nEND:VCARD\r\n"
ICS = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20310102T030405Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
#: Small sounds and videos that ffmpeg makes, by ending.
PLAYED = {
    "mp3": ["-c:a", "libmp3lame", "-id3v2_version", "3", "-metadata", "title=A"],
    "wav": [],
    "ogg": ["-c:a", "libvorbis"],
    "mp4": ["-c:v", "libx264", "-metadata", "location=+48.8577+002.295/"],
    "3gp": ["-c:v", "h263"],
}


def pkpass() -> bytes:
    files = {"pass.json": b"{}", "icon.png": png()}
    files["manifest.json"] = json.dumps({name: sha1(data).hexdigest() for name, data in files.items()}).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**files, "signature": b"s"}.items():
            archive.writestr(name, data)
    return packed.getvalue()


@cache
def samples() -> dict[str, bytes]:
    """A small file of each kind."""
    found = {
        "jpeg": saved(photo(32, 24), "JPEG", exif=camera_exif()),
        "png": saved(photo(16, 12), "PNG", exif=camera_exif()),
        "gif": gif(),
        "webp": saved(photo(32, 24), "WEBP"),
        "heic": HEIC,
        "amr": b"#!AMR\n" + (b"\x3c" + bytes(31)) * 5,
        "vcf": VCF,
        "ics": ICS,
        "pdf": PDF,
        "pkpass": pkpass(),
    }
    if shutil.which("ffmpeg") is None:
        return found
    with TemporaryDirectory() as home:
        for ending, options in PLAYED.items():
            path = Path(home, f"a.{ending}")
            source = "testsrc=size=176x144:rate=5:duration=1" if ending in {"mp4", "3gp"} else "sine=frequency=440:duration=0.3"
            subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, *options, path], check=True)
            found[ending] = path.read_bytes()
    return found


KINDS = sorted({"jpeg", "png", "gif", "webp", "heic", "amr", "vcf", "ics", "pdf", "pkpass", *PLAYED})
FIELDS = {"vcf": "vcard", "ics": "ical", "pdf": "pdf", "pkpass": "passbook", "mp3": "audio", "wav": "audio", "ogg": "audio",
          "amr": "audio", "mp4": "video", "3gp": "video"}  # fmt: skip
#: Where files keep lengths, counts and places: at the beginning, and anywhere.
places = st.one_of(st.integers(0, 64), st.integers(0, 100_000))
changes = st.lists(st.tuples(places, st.sampled_from([0, 1, 0x7F, 0x80, 0xFE, 0xFF]) | st.integers(0, 255)), max_size=6)


def damaged(kind: str, keep: float, changed: list[tuple[int, int]]) -> bytes:
    data = bytearray(samples()[kind])
    del data[int(len(data) * keep) :]
    for at, value in changed:
        if data:
            data[at % len(data)] = value
    return bytes(data)


def look(data: bytes, kind: str) -> None:
    """Call all functions that read a file without decoding it. None may raise anything."""
    found = recognise(data)
    content_type = found.content_type if found else ""
    pixels(data)
    seconds(data, content_type)
    find_damage(data)
    find_damage(data, is_beginning=True)
    find_fault(data, FIELDS.get(kind, "image"))
    has_position(data, content_type)
    assert len(strip_video_metadata(data, content_type)) == len(data)


@pytest.mark.parametrize("kind", KINDS)
class TestDamagedFiles:
    @pytest.fixture(autouse=True)
    def sample(self, kind):
        if kind not in samples():
            pytest.skip("ffmpeg is not on the PATH")

    def test_the_sample_is_a_file_of_its_kind(self, kind):
        found = recognise(samples()[kind])
        assert found is not None
        assert found.kind == FIELDS.get(kind, "image")

    def test_every_truncation_is_looked_at(self, kind):
        data = samples()[kind]
        for length in {*range(min(len(data), 400)), *range(max(0, len(data) - 100), len(data))}:
            look(data[:length], kind)

    @settings(max_examples=150)
    @given(keep=st.floats(0, 1), changed=changes)
    def test_damage_is_looked_at(self, kind, keep, changed):
        look(damaged(kind, keep, changed), kind)

    @settings(max_examples=15)
    @given(keep=st.floats(0.3, 1), changed=changes)
    def test_damage_is_reported_or_fitted(self, kind, keep, changed):
        data = damaged(kind, keep, changed)
        with TemporaryDirectory() as home:
            path = Path(home, f"a.{kind}")
            path.write_bytes(data)
            fields: dict[str, Any] = {FIELDS.get(kind, "image"): path.name}
            slide = Slide(**fields)
            found = preflight(Slideshow("n", slides=(slide,)), base=home, fetch="whole")
            assert not any("could not be looked at" in problem.message for problem in found.problems)
            content = recognise(data)
            # A process for each example is slow, and has tests of its own.
            if content is not None and content.content_type not in {"image/heic", "audio/ogg"}:
                with suppress(SkymmsError):
                    fit(path, most=1_000_000)


def test_a_beginning_of_an_mp3_has_no_length():
    for size in range(12):
        assert seconds(b"ID3\x04\0\0\0\0\0\x7f"[:size], "audio/mpeg") is None
