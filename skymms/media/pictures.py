"""Makes a picture fit: without decoding it if only its metadata is in the way, and by decoding and encoding it otherwise."""

from __future__ import annotations

from .animations import encode_animation
from .decoding import Picture, open_picture
from .fitted import Fitted, damaged_error, removed_metadata, size_error
from .images import find_damage
from .metadata import strip_metadata
from .scaling import Encoded
from .signatures import Content
from .stills import encode_still

#: The types that gateways accept.
_ACCEPTED = frozenset({"image/jpeg", "image/png", "image/gif"})
_PLAIN_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA"})


def fit_picture(
    data: bytes,
    content: Content,
    most: int,
    within: tuple[int, int],
    background: str,
    accepted: frozenset[str] = _ACCEPTED,
) -> Fitted:
    """Return a picture in at most ``most`` bytes and not larger than ``within``.

    Raises :class:`~skymms.MediaCorruptedError` for a damaged picture and for one with too many pixels, and
    :class:`~skymms.MediaTooLargeError` for one that cannot be made that small.
    """
    if content.content_type in _ACCEPTED and (damage := find_damage(data)):
        raise damaged_error(damage)
    picture = open_picture(data, content)
    if (kept := _unchanged(picture, most, within, accepted)) is not None:
        return kept
    animates = picture.frames > 1 and "image/gif" in accepted
    encoded = encode_animation(picture, most, within) if animates else encode_still(picture, most, within, background)
    if encoded is None:
        raise size_error(len(data), most, "image", "allow more bytes")
    return Fitted(
        data=encoded.data,
        content_type=encoded.content_type,
        changes=tuple(_changes(picture, encoded, background)),
        original_size=len(data),
        pixels=encoded.size,
        original_pixels=picture.size,
    )


def _unchanged(picture: Picture, most: int, within: tuple[int, int], accepted: frozenset[str]) -> Fitted | None:
    """Return the picture without its metadata if nothing else is in the way."""
    if picture.content.content_type not in accepted or picture.mode not in _PLAIN_MODES:
        return None
    if picture.orientation != 1 or picture.is_wide_gamut or picture.size[0] > within[0] or picture.size[1] > within[1]:
        return None
    # An animated PNG is shown as a still picture by telephones.
    if picture.frames > 1 and picture.content.content_type != "image/gif":
        return None
    data = strip_metadata(picture.data)
    if len(data) > most:
        return None
    picture.load()  # a picture whose pixels cannot be decoded is refused
    return Fitted(
        data=data,
        content_type=picture.content.content_type,
        changes=_removed(picture),
        original_size=len(picture.data),
        pixels=picture.size,
        original_pixels=picture.size,
    )


def _removed(picture: Picture) -> tuple[str, ...]:
    is_plain = picture.content.content_type in _ACCEPTED and strip_metadata(picture.data) == picture.data
    return () if is_plain else (removed_metadata(picture.has_position),)


def _changes(picture: Picture, encoded: Encoded, background: str) -> list[str]:
    """Return in words what is different."""
    changes = [f"{picture.content.name} to {encoded.how}"]
    if encoded.size != picture.size:
        before, after = (f"{width:,} × {height:,}" for width, height in (picture.size, encoded.size))
        changes.append(f"{before} to {after} pixels")
    if picture.orientation != 1:
        changes.append("turned upright")
    if picture.is_wide_gamut or picture.mode == "CMYK":
        changes.append("colours converted to sRGB")
    if picture.has_alpha and encoded.content_type == "image/jpeg":
        changes.append(f"transparency replaced by {background}")
    return [*changes, *_removed(picture)]
