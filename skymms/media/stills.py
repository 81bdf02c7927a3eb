"""Makes a picture that does not move fit into a number of bytes: as PNG if it has few colours, and as JPEG otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from .decoding import Picture, on_background, pillow
from .scaling import Encoded, resize, scale_within, scaled, scales, search

if TYPE_CHECKING:
    from PIL.Image import Image

    _Load = Callable[[tuple[int, int]], Image]

#: The quality of a JPEG that is smaller than the picture. In full size it is used up to the best one that is worth its bytes.
QUALITY, MAX_QUALITY = 65, 92
#: The bands of a picture whose size as JPEG tells the size of the whole; JPEG encodes blocks of so many pixels.
_BANDS, _BLOCK = 8, 16
#: A picture of fewer pixels is encoded as quickly as its bands.
_SMALL = 400_000
#: What precedes the pixels in a JPEG.
_START_OF_SCAN = b"\xff\xda"
#: Qualities that are tried before a picture is made a little smaller, to this part of its size or more.
_LOWER_QUALITIES = (50, 55, 60)
_NEARLY = 0.8
#: Each size that is tried is this part of the next one: as many bytes are unused as a step of quality would take.
_STEP, _PNG_STEP = 0.98, 0.96
#: A PNG of 256 colours that is so many times too large would become much smaller than a JPEG.
_HOPELESS = 2.5
#: The formats of drawings and screenshots. The others are for photographs, for which a palette is never enough.
_DRAWN = frozenset({"image/png", "image/gif", "image/bmp"})


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


class _Attempt(NamedTuple):
    """A size in proportion to the original, and the quality of a JPEG."""

    scale: float
    quality: int


def _jpeg(load: _Load, size: tuple[int, int], most: int, largest: float) -> Encoded | None:
    """Find the largest JPEG of the usual quality that fits, and the best quality if that is the full size."""
    whole = load(scaled(size, largest))
    whole = resize(whole, scaled(size, largest))
    sample = _sample(whole)
    is_whole = sample is whole

    def encode(attempt: _Attempt) -> bytes:
        return _save(resize(whole, scaled(size, attempt.scale)), attempt.quality)

    def estimate(attempt: _Attempt) -> float:
        width, height = scaled(sample.size, attempt.scale / largest)
        # JPEG fills up the last blocks.
        shown = resize(sample, (width, max(1, round(height / _BLOCK)) * _BLOCK))
        saved = _save(shown, attempt.quality)
        head = saved.index(_START_OF_SCAN)
        pixels = math.prod(scaled(size, attempt.scale))
        return head + (len(saved) - head) * pixels / math.prod(shown.size)

    sizes = [_Attempt(scale, QUALITY) for scale in scales(size, largest, step=_STEP)]
    attempts = [*sizes, *(_Attempt(largest, quality) for quality in range(QUALITY + 1, MAX_QUALITY + 1))]
    found = search(encode, attempts, most, None if is_whole else estimate)
    if found is None:
        return None
    best = _encoded(found, size)
    if not _NEARLY * largest <= found[0].scale < largest:
        return best
    # Sometimes a little less quality is seen less than the blur of a picture that is made a little smaller.
    lower = search(encode, [_Attempt(largest, quality) for quality in _LOWER_QUALITIES], most)
    if lower is None:
        return best
    return min((best, _encoded(lower, size)), key=lambda one: _difference(whole, one, "white"))


def _encoded(found: tuple[_Attempt, bytes], size: tuple[int, int]) -> Encoded:
    attempt, data = found
    return Encoded(data, "image/jpeg", scaled(size, attempt.scale), f"JPEG of quality {attempt.quality}")


def _sample(image: Image) -> Image:
    """Return bands of a picture, left and right in turn, that together are an eighth of it; a small picture itself."""
    width, band = image.width // (2 * _BLOCK) * _BLOCK, image.height // (4 * _BANDS) // _BLOCK * _BLOCK
    if min(width, band) < _BLOCK or image.width * image.height < _SMALL:
        return image
    sample: Image = pillow().new(image.mode, (width, band * _BANDS))
    for number in range(_BANDS):
        # Whole blocks of a JPEG, from the middle of each part.
        top = (image.height * (2 * number + 1) // (2 * _BANDS) - band // 2) // _BLOCK * _BLOCK
        left = number % 2 * width
        sample.paste(image.crop((left, top, left + width, top + band)), (0, number * band))
    return sample


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
    if len(whole) <= most:
        return Encoded(whole, "image/png", scaled(image.size, largest), f"PNG of {colors} colours")
    found = search(encode, scales(image.size, largest, step=_PNG_STEP, least=largest / 4), most)
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
