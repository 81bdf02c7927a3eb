"""Decodes pictures with Pillow, within limits of pixels, and as a phone shows them: upright, and in the colours of a screen."""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, MediaError
from .fitted import damaged_error
from .measuring import pixels
from .signatures import Content

if TYPE_CHECKING:
    from PIL.Image import Image

#: Pixels of a picture that is decoded. A PNG of 9 kB can have 81 million, which take 400 MB.
MAX_PIXELS = 25_000_000
#: Pixels of a JPEG or HEIC, which telephones make with up to 50 million. A JPEG is decoded at half its size or less.
MAX_PHOTO_PIXELS = 64_000_000
#: Pixels of all frames of an animation together, and seconds to decode and encode them.
MAX_ANIMATION_PIXELS = 200_000_000
MAX_SECONDS = 60.0

#: The formats that are decoded, by their content type, and their names in Pillow.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/gif": ("GIF",),
    "image/webp": ("WEBP",),
    "image/bmp": ("BMP",),
    "image/avif": ("AVIF",),
    "image/heic": ("HEIF",),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was opened and is decoded when needed.

    ``size`` is its width and height as it is shown, ``orientation`` the number in its metadata, ``frames`` how many it has.
    """

    data: bytes = field(repr=False)
    content: Content
    size: tuple[int, int]
    frames: int
    orientation: int
    mode: str
    has_alpha: bool
    is_wide_gamut: bool
    has_position: bool
    ends: float

    def check_time(self) -> None:
        """Raise the error of a picture that takes too long."""
        if time.monotonic() > self.ends:
            raise damaged_error(f"it takes more than {MAX_SECONDS:.0f} seconds to decode")

    def open(self) -> Any:
        """Return the picture as Pillow opens it, without its pixels."""
        return _open(self.data, self.content)

    def load(self, at_least: tuple[int, int] | None = None) -> Image:
        """Return the decoded picture, upright, as RGB, RGBA or L.

        With ``at_least`` a JPEG may be decoded at a half, a quarter or an eighth of its size, but not below this size.
        """
        self.check_time()
        image = self.open()
        if at_least is not None and self.content.content_type == "image/jpeg":
            width, height = at_least if self.orientation < 5 else at_least[::-1]
            image.draft("RGB" if image.mode != "L" else "L", (width, height))
        try:
            # A damaged file can raise any error in here.
            image.load()
            return _plain(image, self.orientation)
        except MemoryError:
            raise
        except Exception as error:
            raise damaged_error(f"it cannot be decoded ({type(error).__name__})") from None


def pillow() -> Any:
    """Return Pillow's module Image. Raises :class:`~skymms.ConfigurationError` if Pillow is not installed."""
    return _module("PIL.Image", "fitting pictures needs Pillow: pip install 'skymms[media]'")


def _module(name: str, remedy: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ConfigurationError(remedy) from None


def open_picture(data: bytes, content: Content) -> Picture:
    """Open a picture. Raises :class:`~skymms.MediaCorruptedError` for one that is damaged, or that has too many pixels."""
    image_module = pillow()
    if (size := pixels(data)) is not None:
        # Before Pillow sees it: it prints a warning for some of them.
        _check_pixels(size, 1, content)
    try:
        image = _open(data, content)
        frames = int(getattr(image, "n_frames", 1)) if content.content_type != "image/jpeg" else 1
        _check_pixels(image.size, frames, content)
        # libheif has turned the picture already.
        exif = image.getexif() if content.content_type != "image/heic" else image_module.Exif()
        turn = exif.get(0x0112)
        orientation = turn if isinstance(turn, int) and 1 <= turn <= 8 else 1
        width, height = image.size if orientation < 5 else image.size[::-1]
        return Picture(
            data,
            content,
            (width, height),
            frames,
            orientation,
            image.mode,
            image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info,
            _is_wide_gamut(image),
            0x8825 in image.getexif(),
            time.monotonic() + MAX_SECONDS,
        )
    except (MediaError, ConfigurationError, MemoryError):
        raise
    except Exception as error:
        raise damaged_error(f"it cannot be decoded ({type(error).__name__})") from None


def _check_pixels(size: tuple[int, int], frames: int, content: Content) -> None:
    is_photo = content.content_type in ("image/jpeg", "image/heic")
    count, most = size[0] * size[1], MAX_PHOTO_PIXELS if is_photo else MAX_PIXELS
    if not count:
        raise damaged_error("it has no pixels")
    if count > most:
        raise damaged_error(f"{size[0]:,} × {size[1]:,} pixels, more than the {most:,} that are decoded: make it smaller first")
    if frames > 1 and count * frames > MAX_ANIMATION_PIXELS:
        raise damaged_error(
            f"{frames:,} frames of {size[0]:,} × {size[1]:,} pixels, more than the {MAX_ANIMATION_PIXELS:,} that are decoded"
        )


def _open(data: bytes, content: Content) -> Any:
    if content.content_type == "image/heic":
        heif = _module("pi_heif", "HEIC needs pi-heif: pip install 'skymms[media]'")
        heif.register_heif_opener()
    return pillow().open(BytesIO(data), formats=FORMATS[content.content_type])


def _is_wide_gamut(image: Any) -> bool:
    """Return whether a picture has a colour profile other than sRGB."""
    profile = image.info.get("icc_profile")
    if not profile:
        return False
    cms = importlib.import_module("PIL.ImageCms")
    try:
        return "srgb" not in str(cms.getProfileDescription(cms.ImageCmsProfile(BytesIO(profile)))).lower()
    except (cms.PyCMSError, OSError, ValueError):
        return False


def _plain(image: Any, orientation: int) -> Image:
    """Return a picture upright, in sRGB, and in one of the modes RGB, RGBA and L."""
    if image.mode.startswith("I") or image.mode == "F":
        # 16 bits of grey. Pillow would cut off what is above 255.
        image = image.convert("I").point(_in_eight_bits).convert("L")
    profile, transparency = image.info.get("icc_profile"), image.info.get("transparency")
    if _is_wide_gamut(image) and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        cms = importlib.import_module("PIL.ImageCms")
        try:
            source = cms.ImageCmsProfile(BytesIO(profile))
            mode = "RGBA" if image.mode == "RGBA" else "RGB"
            image = cms.profileToProfile(image, source, cms.createProfile("sRGB"), outputMode=mode)
        except (cms.PyCMSError, OSError, ValueError):
            pass  # a profile that does not fit the picture is ignored, as browsers do
    if image.mode in ("RGBA", "LA", "PA") or transparency is not None:
        image = image.convert("RGBA")
        if image.getextrema()[3][0] == 255:  # transparent in name only
            image = image.convert("RGB")
    elif image.mode != "L":
        image = image.convert("RGB")
    turn = _TURNS.get(orientation)
    upright: Image = image.transpose(getattr(pillow().Transpose, turn)) if turn else image
    # Pillow would write comments and the like into the new file.
    upright.info.clear()
    return upright


def _in_eight_bits(value: Any) -> Any:
    return value / 257


_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


def on_background(image: Image, background: str) -> Image:
    """Return a picture without transparency, on a background of this colour."""
    if image.mode != "RGBA":
        return image
    below: Image = pillow().new("RGBA", image.size, background)
    below.alpha_composite(image)
    return below.convert("RGB")
