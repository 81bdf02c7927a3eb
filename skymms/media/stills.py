"""Makes a picture that does not move fit into a number of bytes: as PNG if it has few colours, and as JPEG otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from .decoding import Picture, on_background, pillow
from .scaling import Encoded, resize, scale_within, scaled, search_scale

if TYPE_CHECKING:
    from PIL.Image import Image

    _Load = Callable[[tuple[int, int]], Image]

#: The quality of a JPEG while its size in pixels is searched, and the highest that is worth its bytes.
QUALITY, MAX_QUALITY = 65, 92
#: Qualities that are tried before a picture is made a little smaller, to this part of its size or more.
_LOWER_QUALITIES = (60, 55, 50)
_NEARLY = 0.8
#: Bytes grow with the scale of a picture to about this power: less than a square, because a small picture has finer details.
_GROWTH = 1.7
#: A PNG of 256 colours that is so many times too large would become much smaller than a JPEG.
_HOPELESS = 2.5
#: The formats of drawings and screenshots. The others are for photographs, for which a palette is never enough.
_DRAWN = frozenset({"image/png", "image/gif", "image/bmp"})
#: A picture that uses this part of the allowed bytes is good enough.
_ENOUGH = 0.95


def encode_still(picture: Picture, most: int, within: tuple[int, int], background: str) -> Encoded | None:
    """Return a picture in at most ``most`` bytes and not larger than ``within``; None if it cannot be made that small."""
    largest = scale_within(picture.size, within)
    if picture.content.content_type == "image/jpeg":
        return _jpeg(picture.load, picture.size, most, _snapped(largest))
    image = picture.load()
    flat = on_background(image, background)
    if picture.content.content_type == "image/heic":
        return _jpeg(lambda _: flat, picture.size, most, largest)
    exact = _exact_png(resize(image, scaled(picture.size, largest)))
    if exact is not None and len(exact.data) <= most:
        return exact
    found = [_jpeg(lambda _: flat, picture.size, most, largest)]
    # A photograph has nearly as many colours as pixels.
    if picture.content.content_type in _DRAWN and image.getcolors(image.width * image.height // 8):
        found.append(_palette_png(image, most, largest))
    # Of two that fit, the one that looks more like the original.
    fitting = [one for one in found if one is not None]
    return min(fitting, key=lambda one: _difference(flat, one, background), default=None)


# ------------------------------------------------------------------------------------------------ JPEG


def _snapped(largest: float) -> float:
    """Return a half, a quarter or an eighth if it is a little less than this scale: a JPEG is decoded to these quickly."""
    return next((part for part in (0.5, 0.25, 0.125) if 0.85 * largest <= part <= largest), largest)


def _jpeg(load: _Load, size: tuple[int, int], most: int, largest: float) -> Encoded | None:
    """Find the largest JPEG of the usual quality that fits, then the best quality in that size."""
    # A small copy, which is decoded quickly, tells how many bytes the picture needs.
    first = min(largest, 0.25)
    image = load(scaled(size, first))

    def encode(scale: float) -> bytes:
        nonlocal image
        target = scaled(size, scale)
        if image.width < target[0] or image.height < target[1]:
            image = load(target)
        return _save(resize(image, target), QUALITY)

    found = search_scale(encode, most, largest=largest, first=first, growth=_GROWTH, enough=_ENOUGH, attempts=5)
    if found is None:
        return None
    target = scaled(size, found[0])
    quality, data = _raise_quality(resize(image, target), found[1], most)
    smaller = Encoded(data, "image/jpeg", target, f"JPEG of quality {quality}")
    if not _NEARLY * largest < found[0] < largest:
        return smaller
    # Sometimes a little less quality is seen less than the blur of a picture that is made a little smaller.
    whole = resize(load(scaled(size, largest)), scaled(size, largest))
    for quality in _LOWER_QUALITIES:
        if len(data := _save(whole, quality)) <= most:
            coarser = Encoded(data, "image/jpeg", whole.size, f"JPEG of quality {quality}")
            return min((smaller, coarser), key=lambda one: _difference(whole, one, "white"))
    return smaller


def _raise_quality(image: Image, data: bytes, most: int) -> tuple[int, bytes]:
    low, high = QUALITY, MAX_QUALITY + 1
    for _ in range(3):
        if high - low <= 1 or len(data) >= most * _ENOUGH:
            break
        # From 65 up, each step of quality adds about 4 % of the bytes.
        quality = min(max(low + round(math.log(most / len(data)) / 0.04), low + 1), high - 1)
        tried = _save(image, quality)
        if len(tried) <= most:
            low, data = quality, tried
        else:
            high = quality
    return low, data


def _save(image: Image, quality: int) -> bytes:
    # Not progressive: some telephones show only baseline JPEG.
    saved = BytesIO()
    image.save(saved, "JPEG", quality=quality, optimize=True)
    return saved.getvalue()


# ------------------------------------------------------------------------------------------------ PNG


def _exact_png(image: Image) -> Encoded | None:
    """Return a PNG with exactly the colours of a picture; None if it has more colours than a palette."""
    colors: Any = image.getcolors(256)
    if colors is None:
        return None
    if image.mode == "L":
        return _encoded_png(image, "PNG with its own colours")
    indexed = pillow().new("P", image.size)
    numbers = {color: number for number, (_, color) in enumerate(colors)}
    indexed.putpalette([part for color in numbers for part in color], image.mode)
    getdata: Any = getattr(image, "get_flattened_data", image.getdata)
    indexed.putdata([numbers[color] for color in getdata()])
    return _encoded_png(indexed, "PNG with its own colours")


def _palette_png(image: Image, most: int, largest: float) -> Encoded | None:
    """Return the largest PNG of 256 colours that fits; None if it is much smaller than the picture."""
    quantize = pillow().Quantize
    method = quantize.FASTOCTREE if image.mode == "RGBA" else quantize.MEDIANCUT
    # Lines of a few colours get hundreds of mixed colours when they are resized, which take bytes and are not missed.
    colors = 8 if image.getcolors(8) else 256

    def encode(scale: float) -> bytes:
        small = resize(image, scaled(image.size, scale)).quantize(colors, method=method)
        return _encoded_png(small, "", optimize=False).data

    whole = encode(largest)
    if len(whole) > most * _HOPELESS:
        return None

    # The first scale to try is the one that the whole picture tells.
    first = largest * min(1.0, (most / len(whole)) ** (1 / _GROWTH) * 0.985)
    found = search_scale(encode, most, largest=largest, first=first, growth=_GROWTH, enough=0.9, attempts=3, least=largest / 4)
    return found and Encoded(found[1], "image/png", scaled(image.size, found[0]), f"PNG of {colors} colours")


def _encoded_png(image: Image, how: str, *, optimize: bool = True) -> Encoded:
    saved = BytesIO()
    image.save(saved, "PNG", optimize=optimize)
    return Encoded(saved.getvalue(), "image/png", image.size, how)


def _difference(original: Image, encoded: Encoded, background: str) -> float:
    """Return how much a file differs from the original: the mean square of the difference, in the original's size."""
    from PIL import ImageChops, ImageStat

    image = pillow().open(BytesIO(encoded.data))
    image.load()
    shown = on_background(image.convert("RGBA") if encoded.content_type == "image/png" else image, background)
    shown = shown.convert(original.mode).resize(original.size, pillow().Resampling.BICUBIC)
    return float(sum(value * value for value in ImageStat.Stat(ImageChops.difference(original, shown)).rms))
