"""Searches for the largest scale in which a picture fits into a number of bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from .decoding import pillow

if TYPE_CHECKING:
    from PIL.Image import Image

#: Two scales that are nearer to each other than this give the same picture.
_SAME = 1.02
#: The most attempts while nothing fits: each makes the picture smaller.
_MOST_ATTEMPTS = 60


class Encoded(NamedTuple):
    """A picture as a file; ``how`` says in words what it is."""

    data: bytes
    content_type: str
    size: tuple[int, int]
    how: str


def scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Return a size in another scale, at least one pixel in each direction."""
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def scale_within(size: tuple[int, int], most: tuple[int, int]) -> float:
    """Return the scale, at most 1, in which a picture of this size is not larger than ``most``."""
    return min(1.0, most[0] / size[0], most[1] / size[1])


def resize(image: Image, target: tuple[int, int]) -> Image:
    """Return a picture in another size, with Pillow's best filter."""
    if image.size == target:
        return image
    return image.resize(target, pillow().Resampling.LANCZOS, reducing_gap=3.0)


def search_scale(
    encode: Callable[[float], bytes],
    most: int,
    *,
    largest: float,
    first: float,
    growth: float,
    enough: float,
    attempts: int,
    least: float = 0.0,
) -> tuple[float, bytes] | None:
    """Return the largest scale, at most ``largest``, whose file has at most ``most`` bytes, with the file.

    ``first`` is the first scale to try. Bytes grow with the scale to about the power ``growth``. The search ends when a file
    has the part ``enough`` of the allowed bytes, or after ``attempts`` if something fits. None if nothing down to the scale
    ``least`` fits.
    """
    best: tuple[float, bytes] | None = None
    too_large = float("inf")
    scale = min(first, largest)
    for attempt in range(1, _MOST_ATTEMPTS):
        data = encode(scale)
        if len(data) <= most:
            if best is None or scale > best[0]:
                best = scale, data
            if scale >= largest or len(data) >= most * enough:
                break
        else:
            too_large = min(too_large, scale)
        fits = best[0] if best else 0.0
        if best is not None and (attempt >= attempts or too_large < fits * _SAME):
            break
        # A little less than what is expected to fit.
        scale = min(largest, scale * (most / len(data)) ** (1 / growth) * 0.985)
        if not fits < scale < too_large:
            scale = (fits + too_large) / 2 if best else too_large * 0.7
        if best is None and scale < least:
            return None
    return best
