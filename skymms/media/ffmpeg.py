"""Makes sounds and videos fit with the program ``ffmpeg``, if it is on the PATH.

ffmpeg reads the local file and nothing else: a playlist could otherwise name files of this computer or call other hosts. So the
format is given and not guessed, and only the protocols for local files are allowed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ..errors import ConfigurationError
from .fitted import Fitted, damaged_error, size_error
from .signatures import Content

#: Seconds that all runs for one file may take together.
MAX_SECONDS = 300.0
#: Bytes of memory that a run may use, and bytes that it may write. A video of 3,840 × 2,160 pixels takes half of the memory.
MAX_MEMORY, MAX_WRITTEN = 2_000_000_000, 200_000_000
#: Sets the limits and then becomes ffmpeg. A function that the child runs before that could deadlock in a program with threads.
_LIMITED = (
    "import os, resource, sys\n"
    "for name, most in zip(('AS', 'FSIZE', 'CPU', 'CORE'), map(int, sys.argv[1:5])):\n"
    "    limit = getattr(resource, 'RLIMIT_' + name)\n"
    "    hard = resource.getrlimit(limit)[1]\n"
    "    most = most if hard == resource.RLIM_INFINITY else min(most, hard)\n"
    "    resource.setrlimit(limit, (most, hard))\n"
    "os.execv(sys.argv[5], sys.argv[5:])\n"
)
#: The name of each format in ffmpeg, by content type.
_DEMUXERS = {
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/amr": "amr",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/aac": "aac",
    "audio/mp4": "mov",
    "video/mp4": "mov",
    "video/3gpp": "mov",
    "video/quicktime": "mov",
    "video/mpeg": "mpeg",
    "video/x-msvideo": "avi",
    "video/x-ms-wmv": "asf",
    "video/webm": "matroska",
}
#: Of the allowed bytes, this part is planned; the container takes some of the rest.
_PLANNED = 0.93
_ATTEMPTS = 4
#: A video that becomes shorter than this part of its length, and by more than a second, is not whole.
_MOST_OF_IT = 0.9
#: Frames a second at most: more take bytes from each picture.
_MAX_RATE = 25


class _Plan(NamedTuple):
    """Bits per second of sound and picture, and the longer side of the picture in pixels."""

    sound: int
    picture: int
    side: int


class _Description(NamedTuple):
    """What ffmpeg says of a file: seconds, size in pixels as it is shown, and frames a second."""

    seconds: float
    pixels: tuple[int, int] | None
    rate: float | None


def fit_played(data: bytes, content: Content, kind: str, most: int) -> Fitted:
    """Return a sound as MP3 or a video as MP4, in at most ``most`` bytes and of the same length.

    Raises :class:`~skymms.ConfigurationError` if there is no ffmpeg, :class:`~skymms.MediaCorruptedError` for a file that it
    cannot read, and :class:`~skymms.MediaTooLargeError` for one that is too long.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise ConfigurationError(
            f"fitting {kind} needs the program ffmpeg on the PATH: install ffmpeg, or make the file smaller"
        )
    demuxer = _DEMUXERS.get(content.content_type)
    if demuxer is None:
        raise damaged_error(f"a {content.name} cannot be converted", kind)
    ends = time.monotonic() + MAX_SECONDS
    with TemporaryDirectory(prefix="skymms-") as directory:
        source = Path(directory, "original")
        source.write_bytes(data)
        before = _describe(program, demuxer, source, kind, ends)
        length = before.seconds
        if not length:
            raise damaged_error("ffmpeg cannot read it", kind)
        bits = most * 8 * _PLANNED / length
        for _ in range(_ATTEMPTS):
            plan = _plan(kind, bits)
            if plan is None:
                raise size_error(len(data), most, kind, f"{length:.0f} seconds are too long for it; shorten it")
            target = _convert(program, demuxer, source, plan, before.rate, kind, most, ends)
            result = target.read_bytes()
            if len(result) <= most:
                ending, content_type = ("mp3", "audio/mpeg") if kind == "audio" else ("mp4", "video/mp4")
                how = f"{content.name} to {ending.upper()} of {round(len(result) * 8 / length / 1000)} kbit/s"
                after = _describe(program, "mp3" if kind == "audio" else "mov", target, kind, ends)
                # Of a sound without a table of its parts, the length is only an estimate.
                if kind == "video" and after.seconds < length * _MOST_OF_IT - 1:
                    raise damaged_error(f"of its {length:.0f} seconds, only {after.seconds:.0f} can be read", kind)
                return Fitted(
                    data=result,
                    content_type=content_type,
                    changes=(how, *_picture_changes(before, after), "metadata removed"),
                    original_size=len(data),
                )
            bits *= most / len(result) * 0.95
    raise size_error(len(data), most, kind, "shorten it")


def _plan(kind: str, bits: float) -> _Plan | None:
    """Divide the bits per second; None if they are too few to be heard and seen."""
    if kind == "audio":
        rates = [rate for rate in (16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128) if rate * 1000 <= bits]
        return _Plan(rates[-1] * 1000, 0, 0) if rates else None
    sound = 24_000 if bits < 150_000 else 48_000 if bits < 500_000 else 64_000
    picture = int(bits - sound)
    if picture < 40_000:
        return None
    return _Plan(sound, picture, 240 if picture < 120_000 else 320 if picture < 250_000 else 480 if picture < 700_000 else 640)


def _describe(program: str, demuxer: str, source: Path, kind: str, ends: float) -> _Description:
    # Without an output ffmpeg prints what it knows of the file, and ends with an error.
    told = _run([program, *_input(demuxer, source)], kind, ends).stderr.decode("utf-8", "replace")
    found = re.search(r"Duration: (\d+):(\d+):(\d+(?:\.\d+)?)", told)
    length = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else 0.0
    video = next((line for line in told.splitlines() if " Video: " in line and "attached pic" not in line), "")
    size, rate = re.search(r"[ ,](\d{1,6})x(\d{1,6})[ ,]", video), re.search(r"(\d+(?:\.\d+)?) fps", video)
    # ffmpeg turns a video upright when it converts it.
    is_turned = re.search(r"rotation of -?(?:90|270)\.", told) is not None
    sides = None if size is None else (int(size[2]), int(size[1])) if is_turned else (int(size[1]), int(size[2]))
    return _Description(length, sides, float(rate[1]) if rate else None)


def _picture_changes(before: _Description, after: _Description) -> list[str]:
    changes: list[str] = []
    if before.pixels and after.pixels and before.pixels != after.pixels:
        sizes = (f"{width:,} × {height:,}" for width, height in (before.pixels, after.pixels))
        changes.append(f"{' to '.join(sizes)} pixels")
    if before.rate and after.rate and before.rate != after.rate:
        changes.append(f"{before.rate:g} to {after.rate:g} frames a second")
    return changes


def _convert(
    program: str, demuxer: str, source: Path, plan: _Plan, rate_before: float | None, kind: str, most: int, ends: float
) -> Path:
    target = source.with_name("fitted.mp3" if kind == "audio" else "fitted.mp4")
    sound = ["-ac", "1", "-b:a", str(plan.sound)]
    if kind == "audio":
        # MPEG-1 has no rate below 32 kbit/s; MPEG-2 has, at half the sampling rate.
        rate = "44100" if plan.sound >= 64_000 else "22050"
        coding = ["-vn", "-c:a", "libmp3lame", "-ar", rate, *sound, "-f", "mp3"]
    else:
        side = plan.side
        # Smaller, never larger, and even, which the encoder needs.
        size = f"scale='min({side},iw)':'min({side},ih)':force_original_aspect_ratio=decrease:force_divisible_by=2"
        video = ["-c:v", "libx264", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-vf", size]
        if rate_before is None or rate_before > _MAX_RATE:
            video += ["-r", str(_MAX_RATE)]
        video += ["-b:v", str(plan.picture), "-maxrate", str(plan.picture), "-bufsize", str(plan.picture)]
        coding = [*video, "-c:a", "aac", *sound, "-movflags", "+faststart", "-f", "mp4"]
    # Twice the size is enough to see that it is too large.
    limits = ["-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn", "-threads", "2", "-fs", str(most * 2)]
    ended = _run([program, "-y", *_input(demuxer, source), *limits, *coding, str(target)], kind, ends)
    if ended.returncode or not target.exists() or not target.stat().st_size:
        raise damaged_error("ffmpeg cannot convert it within its limits of memory and time", kind)
    return target


def _input(demuxer: str, source: Path) -> list[str]:
    return ["-hide_banner", "-nostdin", "-protocol_whitelist", "file,pipe", "-f", demuxer, "-i", f"file:{source}"]


def _run(command: list[str], kind: str, ends: float) -> subprocess.CompletedProcess[bytes]:
    left = max(ends - time.monotonic(), 0.001)
    try:
        return subprocess.run(  # noqa: S603
            _with_limits(command, left), capture_output=True, timeout=left, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise damaged_error(f"ffmpeg took more than {MAX_SECONDS:.0f} seconds", kind) from None
    except OSError as error:
        raise ConfigurationError(f"ffmpeg cannot be started: {error.strerror}") from None


def _with_limits(command: list[str], seconds: float) -> list[str]:
    """Return the command that runs another one with limits; the same command on Windows, which has no such limits."""
    if find_spec("resource") is None:
        return command
    # ffmpeg uses two threads and a few helpers, so it has more processor time than time by the clock.
    most = (MAX_MEMORY, MAX_WRITTEN, int(seconds * 8) + 1, 0)
    return [sys.executable, "-I", "-S", "-c", _LIMITED, *map(str, most), *command]
