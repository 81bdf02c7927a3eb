"""Pictures that are generated: a photograph, a screenshot, line art, and others, in the formats that people have."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

#: A HEIC of 640 × 480 pixels with a red corner at the top left, and a position. pi-heif cannot write one.
HEIC = Path(__file__).with_name("picture.heic").read_bytes()
WHITE = (255, 255, 255)


def photo(width: int = 640, height: int = 480) -> Image.Image:
    """Smooth areas, details and fine noise."""
    rng = np.random.default_rng(7)
    noise = [
        Image.fromarray(rng.integers(0, 255, (max(1, height // part), max(1, width // part), 3), dtype=np.uint8)).resize(
            (width, height), Image.Resampling.BICUBIC
        )
        for part in (60, 8, 2)
    ]
    picture = Image.blend(Image.blend(noise[0], noise[1], 0.25), noise[2], 0.12)
    draw = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y, radius = int(rng.integers(width)), int(rng.integers(height)), int(rng.integers(2, max(4, width // 8)))
        color = (int(rng.integers(255)), int(rng.integers(255)), int(rng.integers(255)))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=color, width=4)
    return picture


def screenshot(width: int = 480, height: int = 640) -> Image.Image:
    picture = Image.new("RGB", (width, height), (250, 250, 252))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(16)
    for y in range(0, height, 40):
        draw.rectangle((10, y + 3, width - 10, y + 36), fill=WHITE, outline=(220, 220, 228))
        draw.text((20, y + 8), f"Line {y}: the quick brown fox jumps over the lazy dog", fill=(20, 20, 30), font=font)
    picture.paste(photo(300, 200), (100, 300))
    return picture


def line_art(side: int = 600) -> Image.Image:
    rng = np.random.default_rng(3)
    picture = Image.new("RGB", (side, side), WHITE)
    for _ in range(150):
        points = [(int(x), int(y)) for x, y in rng.integers(0, side, (3, 2))]
        ImageDraw.Draw(picture).line(points, fill="black", width=2)
    return picture


def transparent(side: int = 400) -> Image.Image:
    picture, alpha = photo(side, side), Image.new("L", (side, side), 0)
    ImageDraw.Draw(alpha).ellipse((30, 30, side - 30, side - 30), fill=255)
    picture.putalpha(alpha)
    return picture


def frames(count: int = 12, width: int = 160, height: int = 120) -> list[Image.Image]:
    found = [photo(width, height) for _ in range(count)]
    for at, frame in enumerate(found):
        ImageDraw.Draw(frame).ellipse((at * 12, 40, at * 12 + 40, 80), fill=(255, at * 20, 0))
    return found


def camera_exif(orientation: int = 1) -> Image.Exif:
    """The metadata of a camera: its name, a position, and how the picture is to be turned."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "A Camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 0.0), 3: "E", 4: (2.0, 21.0, 0.0)})
    return exif


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


#: Milliseconds of each frame of the animations.
DURATIONS = [70] * 6 + [130] * 6


@cache
def corpus() -> dict[str, bytes]:
    """One file of each sort, by name."""
    plain, animation = photo(), frames()
    grey = np.asarray(plain.convert("L")).astype(np.uint16) * 257
    moving: dict[str, Any] = {"save_all": True, "append_images": animation[1:], "duration": DURATIONS, "loop": 0}
    return {
        "photograph": saved(plain, "JPEG", quality=95, exif=camera_exif()),
        "photograph as PNG": saved(plain, "PNG"),
        "turned photograph": saved(plain, "JPEG", quality=93, exif=camera_exif(6)),
        "progressive JPEG": saved(plain, "JPEG", quality=93, progressive=True),
        "CMYK": saved(plain.convert("CMYK"), "JPEG", quality=92),
        "grey": saved(plain.convert("L"), "JPEG", quality=95),
        "screenshot": saved(screenshot(), "PNG"),
        "line art": saved(line_art(), "PNG"),
        "transparent": saved(transparent(), "PNG"),
        "16 bits": saved(Image.fromarray(grey), "PNG"),
        "BMP": saved(photo(320, 240), "BMP"),
        "WebP": saved(plain, "WEBP", quality=90),
        "AVIF": saved(photo(320, 240), "AVIF"),
        "HEIC": HEIC,
        "animated GIF": saved(animation[0], "GIF", **moving),
        "animated WebP": saved(animation[0], "WEBP", **moving),
    }


def playing_time(data: bytes) -> int:
    """The milliseconds that an animation takes; 0 for other pictures."""
    picture = Image.open(BytesIO(data))
    total = 0
    for number in range(getattr(picture, "n_frames", 1)):
        picture.seek(number)
        picture.load()
        total += int(picture.info.get("duration") or 0)
    return total


def ssim(one: Image.Image, other: Image.Image) -> float:
    """The structural similarity (SSIM) of two pictures of the same size, in grey and in windows of 8 × 8 pixels."""
    x, y = (np.asarray(picture.convert("L"), dtype=float) for picture in (one, other))

    def mean(values: Any) -> Any:
        sums = np.cumsum(np.cumsum(np.pad(values, ((1, 0), (1, 0))), 0), 1)
        return (sums[8:, 8:] - sums[:-8, 8:] - sums[8:, :-8] + sums[:-8, :-8]) / 64

    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    first, second = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    found = (2 * mx * my + first) * (2 * both + second) / ((mx * mx + my * my + first) * (vx + vy + second))
    return float(found.mean())


def flat(picture: Image.Image) -> Image.Image:
    """A picture in RGB, on white."""
    if picture.mode.startswith("I"):
        picture = picture.convert("I").point(lambda value: value / 257).convert("L")
    if picture.mode == "RGBA":
        below = Image.new("RGBA", picture.size, "white")
        below.alpha_composite(picture)
        picture = below
    return picture.convert("RGB")


def similarity(original: Image.Image, data: bytes) -> float:
    shown = opened(data)
    shown = flat(shown.convert("RGBA") if shown.mode == "P" else shown)
    return ssim(original, shown.resize(original.size, Image.Resampling.BICUBIC))


def by_default(picture: Image.Image, content_type: str, most: int) -> bytes:
    """The largest file of at most ``most`` bytes that `thumbnail` and `save` make with their defaults."""
    low, high, best = 0.02, 1.0, b""
    for _ in range(10):
        scale, small = (low + high) / 2, picture.copy()
        small.thumbnail((round(picture.width * scale), round(picture.height * scale)))
        data = saved(small, content_type.removeprefix("image/").upper())
        low, high, best = (scale, high, data) if len(data) <= most else (low, scale, best)
    return best
