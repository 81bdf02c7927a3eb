"""`fit`: what becomes of a file, and what is refused."""

from __future__ import annotations

import math
import shutil
import struct
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from typing import Any

import pytest
import strategies  # noqa: F401 (loads hypothesis' profile)
from hypothesis import given, settings
from hypothesis import strategies as st
from media_files import chunk, gif, jpeg, png
from pictures import (
    HEIC,
    by_default,
    camera_exif,
    corpus,
    flat,
    frames,
    opened,
    photo,
    playing_time,
    saved,
    similarity,
    transparent,
)
from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

from skymms import ConfigurationError, MediaCorruptedError, MediaError, MediaTooLargeError, MediaTypeError
from skymms.cellcast.generations import V1
from skymms.media import FILE_BUDGET, fit, isolation
from skymms.media.images import find_damage
from skymms.media.metadata import strip_metadata

NAMES = list(corpus())
STILL = ("photograph", "turned photograph", "CMYK", "screenshot", "line art", "transparent", "16 bits")
#: Pictures of a few kilobytes, in every format but HEIC.
SMALL = {
    "photograph": saved(photo(120, 90), "JPEG", quality=90, exif=camera_exif()),
    "PNG": saved(photo(96, 72), "PNG"),
    "transparent": saved(transparent(64), "PNG"),
    "palette": saved(photo(96, 72).convert("P"), "PNG"),
    "WebP": saved(photo(96, 72), "WEBP"),
    "CMYK": saved(photo(96, 72).convert("CMYK"), "JPEG"),
    "animated": saved(photo(48, 36), "GIF", save_all=True, append_images=[photo(48, 36).rotate(9 * at) for at in range(1, 5)]),
}
each_picture = pytest.mark.parametrize("name", NAMES)


def upright(data: bytes) -> Image.Image:
    return ImageOps.exif_transpose(opened(data)) if data != HEIC else Image.new("RGB", (640, 480))


def pixel(picture: Image.Image, at: int) -> Any:
    return picture.getpixel((at, at))


class TestPictures:
    @each_picture
    @pytest.mark.parametrize("most", [30_000])
    def test_a_picture_fits_and_is_undamaged_and_not_enlarged(self, name, most):
        original = corpus()[name]
        fitted = fit(original, most=most)
        assert len(fitted.data) == fitted.size <= most
        assert find_damage(fitted.data) is None
        assert fitted.content_type in {"image/jpeg", "image/png", "image/gif"}
        size, before = opened(fitted.data).size, upright(original).size
        assert fitted.pixels == size
        assert fitted.original_pixels == before
        assert size[0] <= before[0]
        assert size[1] <= before[1]
        # The proportions are kept, as far as whole pixels allow.
        assert abs(size[0] / size[1] - before[0] / before[1]) < 0.06

    @settings(max_examples=10)
    @given(st.sampled_from(NAMES), st.integers(30_000, 1_000_000))
    def test_a_picture_fits_into_any_number_of_bytes(self, name, most):
        assert fit(corpus()[name], most=most).size <= most

    @settings(max_examples=150)
    @given(st.sampled_from(sorted(SMALL)), st.integers(1, 12_000))
    def test_a_small_picture_fits_into_any_number_of_bytes_or_is_refused(self, name, most):
        # Small pictures are quick, and have all the ways by which large ones fit.
        with suppress(MediaTooLargeError):
            assert fit(SMALL[name], most=most).size <= most

    @each_picture
    def test_metadata_is_removed_and_orientation_applied(self, name):
        fitted = fit(corpus()[name])
        picture = opened(fitted.data)
        assert not picture.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp"} & picture.info.keys()
        assert b"A Camera" not in fitted.data

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_every_orientation_is_applied(self, orientation):
        # A picture whose top left corner is red when it is upright.
        shown = Image.new("RGB", (64, 32), "blue")
        shown.paste((255, 0, 0), (0, 0, 32, 16))
        turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
        backwards = {**turns, 6: 2, 8: 4}
        stored = shown.transpose(Image.Transpose(backwards[orientation])) if orientation > 1 else shown
        data = saved(stored, "JPEG", quality=95, exif=camera_exif(orientation))
        assert pixel(ImageOps.exif_transpose(opened(data)), 5)[0] > 200
        fitted = opened(fit(data).data)
        assert fitted.size == (64, 32)
        red, _, blue = pixel(fitted, 5)
        assert red > 200 > blue

    @pytest.mark.parametrize("name", ["animated GIF", "animated WebP"])
    @pytest.mark.parametrize("most", [30_000, 100_000])
    def test_an_animation_plays_as_long_as_before(self, name, most):
        fitted = fit(corpus()[name], most=most)
        assert fitted.content_type == "image/gif"
        assert opened(fitted.data).info.get("loop") == 0
        assert playing_time(fitted.data) == playing_time(corpus()[name]) == 1200

    def test_the_transparency_of_an_animation_is_kept(self):
        images = [transparent(120).rotate(at * 10) for at in range(6)]
        data = saved(images[0], "WEBP", save_all=True, append_images=images[1:], duration=100, lossless=True)
        picture = opened(fit(data, most=30_000).data)
        assert pixel(picture.convert("RGBA"), 0)[3] == 0

    def test_a_picture_that_fits_keeps_its_pixels(self):
        original = saved(photo(), "JPEG", quality=80, exif=camera_exif(), comment=b"by Ann")
        fitted = fit(original)
        assert fitted.changes == ("metadata removed, with the position (GPS)",)
        assert opened(fitted.data).tobytes() == opened(original).tobytes()

    def test_a_picture_without_metadata_that_fits_is_unchanged(self):
        for original in (png(), jpeg(), gif()):
            if original == jpeg():  # the smallest JPEG of the tests has no valid pixels
                continue
            fitted = fit(original)
            assert (fitted.data, fitted.changes) == (original, ())

    def test_transparency_gets_a_background_in_a_jpeg(self):
        fitted = fit(saved(transparent(), "PNG"), most=30_000, background="#ff0000")
        assert "transparency replaced by #ff0000" in fitted.changes
        red, green, _ = pixel(opened(fitted.data).convert("RGB"), 2)
        assert red > 200 > green

    def test_sixteen_bits_are_not_cut_off(self):
        grey = Image.new("I;16", (64, 64), 40_000)
        values = pixel(opened(fit(saved(grey, "PNG")).data).convert("L"), 3)
        assert abs(values - 40_000 / 257) <= 1

    def test_a_wide_gamut_is_converted(self):
        # Lab stands for any profile that is not sRGB: the colours of a picture must not be taken as they are.
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
        data = saved(photo(), "JPEG", icc_profile=profile)
        assert "colours converted to sRGB" in fit(data).changes

    def test_a_jpeg_is_baseline(self):
        data = fit(corpus()["progressive JPEG"], most=60_000).data
        assert "progressive" not in opened(data).info

    def test_a_picture_is_not_larger_than_telephones_show(self):
        large = saved(Image.new("RGB", (5000, 100), "red"), "PNG")
        assert fit(large).pixels == (2048, 41)
        assert fit(large, within=(300, 450)).pixels == (300, 6)

    def test_cellcast_gets_the_types_that_it_accepts(self):
        assert fit(corpus()["photograph"], most=V1.limits.max_image, limits=V1.limits).size <= 230_000

    @pytest.mark.parametrize(
        "name", ["photograph", "turned photograph", "CMYK", "screenshot", "line art", "transparent", "16 bits"]
    )
    @pytest.mark.parametrize("most", [30_000, 60_000])
    def test_it_looks_at_least_as_good_as_what_pillow_makes_by_default_of_the_same_size(self, name, most):
        original = corpus()[name]
        shown = flat(upright(original))
        fitted = fit(original, most=most)
        ours, theirs = (similarity(shown, data) for data in (fitted.data, by_default(shown, fitted.content_type, fitted.size)))
        assert ours >= theirs


#: Decibels by which a picture may look worse by chance: a scale that is a little larger falls differently on the pixels.
BY_CHANCE = 0.1


class TestMoreBytes:
    """More bytes never make a worse picture: the peak signal-to-noise ratio does not fall."""

    @pytest.mark.parametrize("name", [*STILL, "WebP"])
    def test_a_picture_never_looks_worse_with_more_bytes(self, name):
        original = corpus()[name]
        shown = flat(upright(original))
        best = 0.0
        for most in range(4_000, 200_000, 9_800):
            found = noise_ratio(shown, fit(original, most=most).data)
            assert found > best - BY_CHANCE, f"{most:,} bytes: {found:.2f} dB, and {best:.2f} dB with fewer bytes"
            best = max(found, best)

    def test_the_bytes_are_used_up_to_the_best_quality(self):
        noise = saved(Image.effect_noise((800, 600), 90).convert("RGB"), "JPEG", quality=98)
        sizes = [fit(noise, most=most) for most in range(60_000, 460_000, 16_000)]
        best = sizes[-1]
        assert "JPEG of quality 92" in best.changes[0]
        for most, found in zip(range(60_000, 460_000, 16_000), sizes, strict=True):
            # A step of quality adds about 4 % of the bytes, more at the end.
            assert found.size > most * 0.93 or found.size == best.size, f"{found.size:,} of {most:,}: {found.changes[0]}"

    @pytest.mark.parametrize("name", ["animated GIF", "animated WebP"])
    def test_an_animation_never_gets_smaller_with_more_bytes(self, name):
        found = [opened(fit(corpus()[name], most=most).data) for most in range(10_000, 90_000, 10_000)]
        measures = [(picture.n_frames, picture.width) for picture in found]  # type: ignore[attr-defined]
        assert measures == sorted(measures)


def noise_ratio(original: Image.Image, data: bytes) -> float:
    """The peak signal-to-noise ratio in decibels, in the original's size; 100 for equal pictures."""
    shown = opened(data)
    shown = flat(shown.convert("RGBA") if shown.mode == "P" else shown).resize(original.size, Image.Resampling.BICUBIC)
    mean = float(sum(value**2 for value in ImageStat.Stat(ImageChops.difference(original, shown)).rms)) / 3
    return 10 * math.log10(255**2 / mean) if mean else 100.0


# ------------------------------------------------------------------------------------------------ hostile files


def bomb_png(width: int, height: int) -> bytes:
    packing = zlib.compressobj(9)
    row = bytes(1 + width)
    packed = b"".join(packing.compress(row) for _ in range(height)) + packing.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND")


def bomb_gif(count: int) -> bytes:
    small = gif()[19:-1]
    return gif()[:6] + struct.pack("<HH", 2000, 2000) + gif()[10:19] + small * count + b"\x3b"


HOSTILE: dict[str, Any] = {
    "a PNG of 81 million pixels": lambda: bomb_png(9000, 9000),
    "a PNG that promises 4 billion": lambda: png().replace(png()[16:24], struct.pack(">II", 65535, 65535)),
    "a GIF of 300 large frames": lambda: bomb_gif(300),
    "a JPEG without its end": lambda: corpus()["photograph"][:-2000],
    "a PNG without its end": lambda: corpus()["screenshot"][:-2000],
    "a GIF without its end": lambda: corpus()["animated GIF"][:-500],
    "a WebP without its end": lambda: corpus()["WebP"][:1000],
    "a HEIC without its end": lambda: HEIC[:3000],
    "an AVIF without its end": lambda: corpus()["AVIF"][:600],
    "a HEIC of noise": lambda: HEIC[:400] + bytes(range(256)) * 20,
    "a PNG with a wrong checksum": lambda: png().replace(b"IDAT", b"IDAX"),
    "a JPEG that is only a head": lambda: b"\xff\xd8\xff\xe0",
}


BEGINNINGS = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x10\0\0\0WEBP", b"BM" + bytes(8), b"PK\x03\x04", b""]


class TestHostileFiles:
    @pytest.mark.parametrize("sort", HOSTILE)
    def test_a_file_that_cannot_be_decoded_is_a_problem(self, sort):
        began = time.process_time()
        with pytest.raises(MediaCorruptedError) as raised:
            fit(HOSTILE[sort]())
        assert [problem.code for problem in raised.value.problems] == ["E341"]
        assert time.process_time() - began < 15

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows does not count memory in this way")
    def test_a_bomb_takes_little_memory(self, tmp_path):
        (tmp_path / "bomb.png").write_bytes(bomb_png(9000, 9000))
        program = (
            "import resource, sys\n"
            "from skymms import MediaError\n"
            "from skymms.media import fit\n"
            "from PIL import Image\n"
            "def used(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "before = used()\n"
            "try: fit(sys.argv[1])\n"
            "except MediaError: print(used() - before)\n"
        )
        ran = subprocess.run([sys.executable, "-c", program, tmp_path / "bomb.png"], capture_output=True, text=True, check=True)
        # Kilobytes; the pixels would take 81,000.
        assert int(ran.stdout) < 40_000

    def test_what_follows_the_end_of_a_picture_is_removed(self):
        for name in ("photograph", "screenshot", "animated GIF"):
            polyglot = corpus()[name] + b"PK\x03\x04<script>alert(1)</script>"
            assert b"<script>" not in fit(polyglot, most=10_000_000).data

    @given(st.sampled_from(BEGINNINGS), st.binary(max_size=300))
    def test_random_bytes_raise_no_other_error(self, begins, rest):
        with suppress(MediaError, ConfigurationError):  # what ffmpeg would have to read needs ffmpeg
            fit(begins + rest)

    def test_a_process_that_does_not_end_is_a_problem(self, monkeypatch):
        monkeypatch.setattr(isolation, "MAX_SECONDS", 0.001)
        with pytest.raises(MediaCorruptedError, match="seconds"):
            fit(HEIC)

    def test_every_picture_can_be_decoded_in_a_process_of_its_own(self):
        original = corpus()["turned photograph"]
        assert fit(original, most=50_000, isolate=True) == fit(original, most=50_000)
        with pytest.raises(MediaCorruptedError, match="9,000 × 9,000 pixels"):
            fit(bomb_png(9000, 9000), isolate=True)

    def test_the_process_has_a_limit_of_memory(self, monkeypatch):
        program = "from skymms.media import isolation; isolation.MAX_MEMORY = 10**8; isolation.main()"
        monkeypatch.setattr(isolation, "_PROGRAM", program)
        with pytest.raises(MediaCorruptedError, match="within the limits of memory and time"):
            fit(saved(Image.new("RGB", (5000, 5000)), "PNG"), isolate=True)


class TestMetadata:
    @pytest.mark.parametrize(
        "name", ["photograph", "progressive JPEG", "grey", "CMYK", "screenshot", "transparent", "animated GIF"]
    )
    def test_removing_it_changes_no_pixel(self, name):
        original = corpus()[name]
        stripped = strip_metadata(original)
        assert find_damage(stripped) is None
        assert opened(stripped).tobytes() == opened(original).tobytes()
        assert opened(stripped).info.get("transparency") == opened(original).info.get("transparency")

    def test_a_gif_keeps_its_repetitions_and_loses_its_comment(self):
        images = frames(3, 40, 30)
        data = saved(images[0], "GIF", save_all=True, append_images=images[1:], loop=5, comment=b"by Ann", duration=50)
        stripped = strip_metadata(data)
        assert opened(stripped).info["loop"] == 5
        assert b"by Ann" not in stripped
        assert playing_time(stripped) == 150

    @pytest.mark.parametrize("name", ["JPEG", "GIF", "animated GIF", "WebP", "PNG"])
    @pytest.mark.parametrize("most", [15_000, 10_000_000])
    def test_comments_and_positions_are_removed_from_a_picture_that_is_encoded_again(self, name, most):
        # Pillow writes some of what it has read into the new file.
        described = {"xmp": b"<x:xmpmeta>GPSLatitude</x:xmpmeta>", "comment": b"by Ann"}
        images = frames(4, 200, 150)
        moving: dict[str, Any] = {"save_all": True, "append_images": images[1:], "duration": 50}
        originals = {
            "JPEG": saved(photo(), "JPEG", quality=95, exif=camera_exif(), **described),
            "GIF": saved(images[0], "GIF", comment=b"by Ann"),
            "animated GIF": saved(images[0], "GIF", comment=b"by Ann", **moving),
            "WebP": saved(photo(), "WEBP", exif=camera_exif(), xmp=described["xmp"]),
            "PNG": saved(photo(), "PNG", exif=camera_exif()),
        }
        data = fit(originals[name], most=most).data
        assert [word for word in (b"by Ann", b"GPS", b"A Camera") if word in data] == []

    def test_the_orientation_can_be_kept(self):
        data = saved(photo(64, 48), "JPEG", exif=camera_exif(6), comment=b"by Ann")
        stripped = strip_metadata(data, keep_orientation=True)
        assert dict(opened(stripped).getexif()) == {0x0112: 6}
        assert b"by Ann" not in stripped
        assert b"A Camera" not in stripped
        assert strip_metadata(saved(photo(64, 48), "JPEG"), keep_orientation=True) == strip_metadata(
            saved(photo(64, 48), "JPEG")
        )

    def test_a_thumbnail_in_the_head_of_a_jpeg_is_removed(self):
        extra = b"\xff\xe0" + struct.pack(">H", 2 + 5 + 20) + b"JFXX\0" + b"thumbnail".ljust(20)
        data = saved(photo(64, 48), "JPEG")
        assert b"thumbnail" not in strip_metadata(data[:20] + extra + data[20:])


# ------------------------------------------------------------------------------------------------ other files

CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nPHOTO:%s\r\nEND:VCARD\r\n"


class TestOtherFiles:
    def test_an_object_that_fits_is_unchanged(self):
        card = CARD % b"x"
        assert (fit(card).data, fit(card).content_type, fit(card).changes) == (card, "text/vcard", ())

    def test_an_object_that_is_too_large_is_refused_with_its_code(self):
        with pytest.raises(MediaTooLargeError, match="remove the photo") as raised:
            fit(CARD % (b"x" * 50_000), most=30_000)
        assert raised.value.code == "E335"

    def test_a_damaged_object_is_refused(self):
        with pytest.raises(MediaCorruptedError, match="END:VCARD"):
            fit((CARD % b"x")[:-12])

    @pytest.mark.parametrize(
        ("data", "options", "message"),
        [
            (b"", {}, "is empty"),
            (b"no file at all", {}, "unknown type"),
            (b"<html>Sorry</html>", {}, "is a web page"),
            (png(), {"kind": "audio"}, "it is a PNG, not a file for audio"),
            (b"II\x2a\0" + bytes(100), {}, "a TIFF is not converted"),
        ],
    )
    def test_a_file_of_another_type_is_refused(self, data, options, message):
        with pytest.raises(MediaTypeError, match=message) as raised:
            fit(data, **options)
        assert raised.value.code == "E629"

    @pytest.mark.parametrize("options", [{"most": 0}, {"most": 1.5}, {"most": True}, {"kind": "film"}])
    def test_a_wrong_option_is_refused(self, options):
        with pytest.raises(ConfigurationError, match=next(iter(options))):
            fit(png(), **options)

    def test_a_path_is_read(self, tmp_path):
        (tmp_path / "a.png").write_bytes(png())
        assert fit(tmp_path / "a.png").data == png()
        with pytest.raises(ConfigurationError, match=r"cannot read .*b\.png"):
            fit(tmp_path / "b.png")

    def test_a_picture_that_cannot_be_made_small_enough_is_refused(self):
        with pytest.raises(MediaTooLargeError, match="allow more bytes"):
            fit(corpus()["photograph"], most=100)


class TestMissingParts:
    """Each missing library or program is named in one sentence."""

    @pytest.mark.parametrize(
        ("module", "data", "sentence"),
        [
            ("PIL.Image", png(), "fitting pictures needs Pillow: pip install 'skymms[media]'"),
        ],
    )
    def test_a_missing_library_is_named(self, module, data, sentence, monkeypatch):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(ConfigurationError) as raised:
            fit(data)
        assert str(raised.value) == sentence

    def test_missing_pi_heif_is_named_by_the_process_that_needs_it(self, monkeypatch):
        program = "import sys; sys.modules['pi_heif'] = None; from skymms.media.isolation import main; main()"
        monkeypatch.setattr(isolation, "_PROGRAM", program)
        with pytest.raises(ConfigurationError, match=r"^HEIC needs pi-heif: pip install 'skymms\[media\]'$"):
            fit(HEIC)

    def test_missing_ffmpeg_is_named(self, monkeypatch):
        monkeypatch.setenv("PATH", "")
        with pytest.raises(ConfigurationError, match="fitting audio needs the program ffmpeg on the PATH: install ffmpeg"):
            fit(b"OggS" + bytes(100))

    def test_importing_media_imports_neither_pillow_nor_boto3(self):
        script = "import skymms.media, sys; print(*sorted({'PIL', 'pi_heif', 'boto3', 'requests'} & set(sys.modules)))"
        ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert ran.stdout.split() == []


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A video and a sound of ten seconds."""
    home = tmp_path_factory.mktemp("played")
    ffmpeg = ["ffmpeg", "-y", "-v", "error"]
    picture = ["-f", "lavfi", "-i", "testsrc=size=640x360:rate=30:duration=10"]
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=10"]
    subprocess.run([*ffmpeg, *picture, *tone, "-c:v", "libx264", "-b:v", "2M", "-c:a", "aac", home / "v.mp4"], check=True)
    subprocess.run([*ffmpeg, *tone, "-metadata", "comment=by Ann", home / "a.wav"], check=True)
    return {"video": (home / "v.mp4").read_bytes(), "audio": (home / "a.wav").read_bytes()}


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not on the PATH")
class TestFfmpeg:
    @pytest.mark.parametrize(
        ("kind", "most", "content_type"), [("video", 200_000, "video/mp4"), ("audio", 60_000, "audio/mpeg")]
    )
    def test_sounds_and_videos_fit_and_play_as_long(self, made, kind, most, content_type):
        from skymms.media.measuring import seconds

        fitted = fit(made[kind], most=most)
        assert (fitted.size <= most, fitted.content_type) == (True, content_type)
        assert b"by Ann" not in fitted.data
        assert abs((seconds(fitted.data, content_type) or 0) - 10) < 0.5

    def test_a_smaller_size_and_fewer_frames_are_named(self, made):
        assert fit(made["video"], most=200_000).changes[1:-1] == ("640 × 360 to 320 × 180 pixels", "30 to 25 frames a second")
        assert fit(made["audio"], most=60_000).changes[1:] == ("metadata removed",)

    def test_a_turned_video_is_measured_as_it_is_shown_and_gets_no_frames(self, tmp_path):
        command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=640x360:rate=12:duration=2"]
        subprocess.run([*command, "-c:v", "libx264", "-b:v", "3M", tmp_path / "v.mp4"], check=True)
        before, track, after = (tmp_path / "v.mp4").read_bytes().partition(b"tkhd")
        # The matrix by which a video is turned, in 16 bits before and 16 after the point.
        one = 1 << 16
        upright = struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, 1 << 30)
        turned = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
        assert upright in after
        assert fit(before + track + after.replace(upright, turned, 1), most=40_000).changes[1:-1] == (
            "360 × 640 to 180 × 320 pixels",
        )

    def test_what_is_too_long_is_refused(self, made):
        with pytest.raises(MediaTooLargeError, match="10 seconds are too long"):
            fit(made["video"], most=30_000)

    def test_a_damaged_video_is_refused(self):
        with pytest.raises(MediaCorruptedError, match="ffmpeg cannot read it"):
            fit(b"\0\0\0\x0cftypqt  \0\0\0\x08moov" + bytes(500_000))

    def test_a_video_of_4k_can_be_converted_within_the_limits(self, tmp_path):
        picture = ["-f", "lavfi", "-i", "testsrc=size=3840x2160:rate=4:duration=1"]
        command = [
            "ffmpeg",
            "-v",
            "error",
            *picture,
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-b:v",
            "8M",
            tmp_path / "v.mp4",
        ]
        subprocess.run(command, check=True)
        assert fit(tmp_path / "v.mp4", most=100_000).size <= 100_000

    def test_ffmpeg_has_a_limit_of_memory(self, made, monkeypatch):
        from skymms.media import ffmpeg

        monkeypatch.setattr(ffmpeg, "MAX_MEMORY", 150_000_000)
        with pytest.raises(MediaCorruptedError, match="ffmpeg cannot"):
            fit(made["video"], most=200_000)

    def test_all_runs_of_ffmpeg_have_one_deadline(self, made, monkeypatch):
        from skymms.media import ffmpeg

        monkeypatch.setattr(ffmpeg, "MAX_SECONDS", 0.3)
        started = time.monotonic()
        with pytest.raises(MediaCorruptedError, match="ffmpeg took more than 0 seconds"):
            fit(made["video"], most=200_000)
        assert time.monotonic() - started < 20

    @pytest.mark.parametrize("most", [10_000_000, 100_000], ids=["that fits", "that does not fit"])
    def test_a_part_of_a_video_is_damaged_and_not_a_shorter_video(self, made, tmp_path, most):
        (tmp_path / "v.mp4").write_bytes(made["video"])
        # As files are made for the web: what the video contains is said first.
        command = ["ffmpeg", "-v", "error", "-i", tmp_path / "v.mp4", "-c", "copy", "-movflags", "+faststart"]
        subprocess.run([*command, tmp_path / "web.mp4"], check=True)
        whole = (tmp_path / "web.mp4").read_bytes()
        assert fit(whole, most=most).size <= most
        with pytest.raises(MediaCorruptedError, match="its end is missing"):
            fit(whole[: len(whole) // 2], most=most)

    def test_a_part_of_a_webm_is_damaged_and_not_a_shorter_video(self, made, tmp_path):
        (tmp_path / "v.mp4").write_bytes(made["video"])
        # The length of the whole is at the beginning of the file.
        command = ["ffmpeg", "-v", "error", "-i", tmp_path / "v.mp4", "-c:v", "libvpx", "-b:v", "1M", "-an"]
        subprocess.run([*command, tmp_path / "v.webm"], check=True)
        whole = (tmp_path / "v.webm").read_bytes()
        assert fit(whole, most=200_000).size <= 200_000
        with pytest.raises(MediaCorruptedError, match=r"of its 10 seconds, only [3-6] can be read"):
            fit(whole[: len(whole) // 2], most=200_000)

    def test_a_playlist_is_not_given_to_ffmpeg(self):
        with pytest.raises(MediaTypeError, match="is a playlist"):
            fit(b"#EXTM3U\nfile:///etc/passwd\n")


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not on the PATH")
class TestPositionsOfVideos:
    """The files are made by ffmpeg: it writes a position where telephones write it."""

    @pytest.fixture(scope="class", params=["mp4", "3gp"])
    @staticmethod
    def video(request, tmp_path_factory):
        path = tmp_path_factory.mktemp("positions") / f"v.{request.param}"
        picture = ["-f", "lavfi", "-i", "testsrc=size=176x144:rate=10:duration=1"]
        place = "+48.8577+002.295/"
        metadata = ["-metadata", f"location={place}", "-metadata", f"com.apple.quicktime.location.ISO6709={place}"]
        flags = [] if request.param == "3gp" else ["-movflags", "use_metadata_tags+faststart"]
        coding = ["-c:v", "h263" if request.param == "3gp" else "libx264"]
        subprocess.run(["ffmpeg", "-v", "error", *picture, *coding, *metadata, *flags, path], check=True)
        return path

    def test_a_video_that_fits_loses_its_position_and_no_frame(self, video):
        original = video.read_bytes()
        fitted = fit(video)
        assert len(fitted.data) == len(original)
        assert fitted.changes == ("metadata removed, with the position (GPS)",)
        assert b"48.8577" not in fitted.data
        assert b"loci" not in fitted.data
        stripped = video.with_name(f"stripped{video.suffix}")
        stripped.write_bytes(fitted.data)
        hashes = [
            subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "framemd5", "-"], check=True, capture_output=True).stdout
            for path in (video, stripped)
        ]
        assert hashes[0] == hashes[1]
        shown = subprocess.run(["ffmpeg", "-hide_banner", "-i", stripped], check=False, capture_output=True).stderr
        assert b"location" not in shown
        assert fit(fitted.data).changes == ()
        assert original != fitted.data

    def test_the_position_in_the_keys_of_quicktime_is_found_and_removed(self, tmp_path):
        from skymms.media.positions import has_position, strip_video_metadata

        picture = ["-f", "lavfi", "-i", "testsrc=size=176x144:rate=10:duration=1"]
        place = "com.apple.quicktime.location.ISO6709=+48.8577+002.295/"
        options = ["-c:v", "libx264", "-movflags", "use_metadata_tags", "-metadata", place]
        subprocess.run(["ffmpeg", "-v", "error", *picture, *options, tmp_path / "v.mov"], check=True)
        original = tmp_path.joinpath("v.mov").read_bytes()
        assert has_position(original, "video/quicktime")
        assert not has_position(strip_video_metadata(original, "video/quicktime"), "video/quicktime")
        assert b"48.8577" in original
        # Gateways do not accept the type, so the whole video is converted.
        assert b"48.8577" not in fit(original).data

    def test_a_position_is_a_warning(self, video):
        from skymms import Slide
        from skymms.media import preflight

        found = preflight(Slide(video=str(video)), fetch="whole")
        assert any("where it was taken (GPS)" in warning.message for warning in found.warnings)
        video.with_name("stripped.mp4").write_bytes(fit(video).data)
        found = preflight(Slide(video=str(video.with_name("stripped.mp4"))), fetch="whole")
        assert not any("GPS" in warning.message for warning in found.warnings)


class TestPositionsOfPictures:
    @pytest.mark.parametrize("form", ["JPEG", "PNG"])
    @pytest.mark.parametrize("where", [True, False])
    def test_a_position_is_a_warning(self, form, where, tmp_path):
        from skymms import Slide
        from skymms.media import preflight

        exif = camera_exif()
        if not where:
            plain = Image.Exif()
            plain[0x010F] = "A Camera"
            exif = plain.tobytes()
        path = tmp_path / f"a.{form.lower()}"
        path.write_bytes(saved(photo(64, 48), form, exif=exif))
        found = preflight(Slide(image=str(path)))
        assert any("where it was taken (GPS)" in warning.message for warning in found.warnings) is where
        path.write_bytes(fit(path).data)
        assert not any("GPS" in warning.message for warning in preflight(Slide(image=str(path))).warnings)


def test_the_default_size_is_that_of_the_only_file_of_a_message():
    assert fit(saved(photo(1600, 1200), "JPEG", quality=98)).size <= FILE_BUDGET
