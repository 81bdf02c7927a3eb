"""Decodes pictures at a small size, for the terminal, the contact sheet, and large pictures in a page. Needs Pillow.

Pillow comes with the extra ``skymms[media]``. ``skymms.media`` decodes within limits, because a picture can be an attack: a
file of 9 kB can contain 81 million pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConfigurationError, SkymmsError
from ..media.decoding import Picture, on_background, open_picture
from ..media.scaling import resize, scale_within, scaled
from ..media.signatures import recognise

if TYPE_CHECKING:
    from PIL.Image import Image

#: The types that are decoded: those that phones show.
TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})


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


def thumbnail(data: bytes, most: tuple[int, int]) -> Image | None:
    """Return the first frame of a picture in RGB, upright, at most as wide and as high as ``most``; never enlarged.

    Transparent parts are white. The result is None for data that is not a picture, is damaged, or has too many pixels.
    """
    content = recognise(data)
    if content is None or content.content_type not in TYPES:
        return None
    try:
        return shown(open_picture(data, content), most)
    except (SkymmsError, MemoryError):
        return None


def shown(picture: Picture, most: tuple[int, int]) -> Image:
    """Return the first frame of an opened picture, as :func:`thumbnail` does. Raises the errors of a damaged one."""
    target = scaled(picture.size, scale_within(picture.size, most))
    return resize(on_background(picture.load(at_least=target), "white").convert("RGB"), target)
