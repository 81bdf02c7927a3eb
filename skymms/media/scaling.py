"""Searches for the largest scale, or the best quality, in which a picture fits into a number of bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from .decoding import pillow

if TYPE_CHECKING:
    from PIL.Image import Image

Choice = TypeVar("Choice")


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


def scales(size: tuple[int, int], largest: float, *, step: float, least: float = 0.0) -> tuple[float, ...]:
    """Return the scales to choose from, smallest first: ``largest``, and each time ``step`` times it, down to ``least``.

    Two scales that give the same size in pixels are listed once. The least scale of all gives one pixel.
    """
    found = {scaled(size, largest): largest}
    scale = largest
    while (scale := scale * step) >= max(least, 0.5 / max(size)):
        found.setdefault(scaled(size, scale), scale)
    return tuple(reversed(found.values()))


def search(
    encode: Callable[[Choice], bytes],
    choices: Sequence[Choice],
    most: int,
    estimate: Callable[[Choice], float] | None = None,
) -> tuple[Choice, bytes] | None:
    """Return a choice whose file has at most ``most`` bytes while the next one's has more; None if no choice fits.

    ``choices`` begin with the worst. With more bytes the result is never a worse choice, even if a better choice sometimes has
    a smaller file. Halving the choices finds where to begin, which is never at a worse choice if there are more bytes. From
    there the search goes up while the files fit, or down until one fits. ``estimate`` returns about how many bytes a file would
    have, and is quicker than making it.
    """
    encoded: dict[int, bytes] = {}

    def fits(number: int) -> bool:
        if number not in encoded:
            encoded[number] = encode(choices[number])
        return len(encoded[number]) <= most

    low, high = 0, len(choices)
    while low < high:
        middle = (low + high) // 2
        if fits(middle) if estimate is None else estimate(choices[middle]) <= most:
            low = middle + 1
        else:
            high = middle
    best = low - 1
    while best >= 0 and not fits(best):
        best -= 1
    while best + 1 < len(choices) and fits(best + 1):
        best += 1
    return None if best < 0 else (choices[best], encoded[best])
