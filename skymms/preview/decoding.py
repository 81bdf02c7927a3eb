"""Decodes pictures with Pillow, within limits, for the terminal, the contact sheet, and pictures that are made smaller.

Pillow comes with the extra ``skymms[media]``. A picture can be an attack: a file of 9 kB can contain 81 million pixels. So the
number of pixels is read from the header before anything is decoded, and only the formats that phones show are tried.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from PIL.Image import Image

#: The most pixels of a picture that is decoded: more than the camera of a usual phone has (12 million).
MAX_PIXELS = 25_000_000
#: The formats that are tried. Any other file is not a picture.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")


def has_pillow() -> bool:
    """Return whether Pillow is installed."""
    try:
        import PIL.Image  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ModuleNotFoundError:
        return False
    return True


def require_pillow(purpose: str) -> None:
    """Raise :class:`~skymms.ConfigurationError` if Pillow is not installed; ``purpose`` says what needs it."""
    if not has_pillow():
        raise ConfigurationError(f"{purpose} needs Pillow: pip install 'skymms[media]'")


def decode(data: bytes, size: tuple[int, int]) -> Image | None:
    """Return the first frame of a picture in RGB, turned upright, at most as wide and as high as ``size``; never enlarged.

    Transparent parts are white. The result is None for data that is not a picture, is damaged, or has too many pixels.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(BytesIO(data), formats=FORMATS) as opened:
            width, height = opened.size
            if width * height > MAX_PIXELS:
                return None
            # A JPEG can be decoded at a fraction of its size, which takes a fraction of the time.
            opened.draft("RGB", (size[0] * 2, size[1] * 2))
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail(size)
            coloured = upright.convert("RGBA")
            background = Image.new("RGBA", coloured.size, "white")
            return Image.alpha_composite(background, coloured).convert("RGB")
    # Pillow's decoders raise errors of many classes for damaged files; all of them mean the same here.
    except Exception:
        return None
