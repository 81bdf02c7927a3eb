"""Makes an animation fit into a number of bytes, as a GIF of the same playing time."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from .decoding import Picture, pillow
from .fitted import damaged_error
from .scaling import Encoded, resize, scale_within, scaled, scales, search

if TYPE_CHECKING:
    from PIL.Image import Image

#: Each size that is tried is this part of the next one.
_STEP = 0.95
#: Below this scale, every second frame is left out before the pictures become smaller still.
_LEAST_SCALE = 0.3
#: As many frames are kept, however small the pictures become.
_LEAST_FRAMES = 8


class _Frames(NamedTuple):
    images: list[Image]
    #: Milliseconds of each frame.
    durations: list[int]
    #: How often the animation repeats; None for once.
    loop: int | None

    def halved(self) -> _Frames:
        """Leave out every second frame; the frame before it takes its time as well."""
        durations = [sum(self.durations[at : at + 2]) for at in range(0, len(self.durations), 2)]
        return _Frames(self.images[::2], durations, self.loop)


def encode_animation(picture: Picture, most: int, within: tuple[int, int]) -> Encoded | None:
    """Return an animation in at most ``most`` bytes and not larger than ``within``; None if it cannot be made that small."""
    frames = _load(picture)
    count = len(frames.images)
    largest = scale_within(picture.size, within)
    while True:

        def encode(scale: float, frames: _Frames = frames) -> bytes:
            picture.check_time()
            return _save(frames, scaled(picture.size, scale))

        is_short = len(frames.images) <= _LEAST_FRAMES
        least = 0.0 if is_short else largest * _LEAST_SCALE
        found = search(encode, scales(picture.size, largest, step=_STEP, least=least), most)
        if found is not None or is_short:
            break
        frames = frames.halved()
    if found is None:
        return None
    how = "GIF" if len(frames.images) == count else f"GIF of {len(frames.images)} of its {count} frames"
    return Encoded(found[1], "image/gif", scaled(picture.size, found[0]), how)


def _load(picture: Picture) -> _Frames:
    images: list[Image] = []
    try:
        animation = picture.open()
        ends: list[float] = [0.0]
        for number in range(picture.frames):
            picture.check_time()
            animation.seek(number)
            animation.load()
            frame = animation.convert("RGBA")
            images.append(frame if frame.getextrema()[3][0] < 255 else frame.convert("RGB"))
            # Pillow would write comments and the like into the new file.
            images[-1].info.clear()
            ends.append(ends[-1] + float(animation.info.get("duration") or 0))
    except (OSError, EOFError, ValueError, SyntaxError, IndexError) as error:
        raise damaged_error(f"frame {len(images) + 1} cannot be decoded ({type(error).__name__})") from None
    # A GIF counts in hundredths of a second; rounding the ends keeps the whole time.
    rounded = [round(end / 10) * 10 for end in ends]
    durations = [end - begin for begin, end in pairwise(rounded)]
    loop: Any = animation.info.get("loop")
    return _Frames(images, durations, loop if isinstance(loop, int) else None)


def _save(frames: _Frames, target: tuple[int, int]) -> bytes:
    image_module = pillow()
    small = [resize(one, target) for one in frames.images]
    is_transparent = any(one.mode == "RGBA" for one in small)
    if is_transparent:
        small = [one.convert("RGBA") for one in small]
    else:
        # One palette for all frames: equal areas stay equal from frame to frame, which GIF does not store again.
        palette = _palette(small)
        small = [one.quantize(palette=palette, dither=image_module.Dither.NONE) for one in small]
    settings: dict[str, Any] = {"disposal": 2} if is_transparent else {"optimize": False}
    if frames.loop is not None:
        settings["loop"] = frames.loop
    saved = BytesIO()
    if len(small) == 1:
        small[0].save(saved, "GIF", **settings)
    else:
        small[0].save(saved, "GIF", save_all=True, append_images=small[1:], duration=frames.durations, **settings)
    return saved.getvalue()


def _palette(images: list[Image]) -> Image:
    """Return a picture whose palette has the colours of up to eight of the frames."""
    image_module = pillow()
    chosen = images[:: max(1, len(images) // 8)][:8]
    width, height = chosen[0].size
    wall: Image = image_module.new("RGB", (width, height * len(chosen)))
    for number, image in enumerate(chosen):
        wall.paste(image, (0, number * height))
    return wall.quantize(256, method=image_module.Quantize.MEDIANCUT)
