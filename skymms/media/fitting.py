"""Makes one file fit: smaller than a number of bytes, and of a type that gateways accept."""

from __future__ import annotations

from os import PathLike, fspath

from ..errors import ConfigurationError
from ..files import read_bytes
from ..limits import DOCUMENTED, Limits
from ..slide import FILES
from .acceptance import TYPES
from .carriers import FILE_BUDGET
from .decoding import FORMATS, pillow
from .ffmpeg import fit_played
from .fitted import Fitted, damaged_error, removed_metadata, size_error, type_error
from .isolation import fit_in_process
from .options import check_background, check_most, check_within
from .pictures import fit_picture
from .positions import has_position, strip_video_metadata
from .signatures import Content, recognise
from .structures import find_fault

#: Pixels of the longer side of a picture: more than telephones show, and less than the 3,000 that T-Mobile drops.
MAX_SIDE = 2048
#: The most bytes of a file that is read.
MAX_ORIGINAL = 100_000_000
#: The formats whose decoders read untrusted files in a process of their own. Gateways accept neither.
_ISOLATED = frozenset({"image/heic", "image/avif"})


def fit(
    file: str | PathLike[str] | bytes | bytearray | memoryview,
    *,
    most: int = FILE_BUDGET,
    kind: str | None = None,
    within: tuple[int, int] = (MAX_SIDE, MAX_SIDE),
    background: str = "white",
    isolate: bool = False,
    limits: Limits = DOCUMENTED,
) -> Fitted:
    """Return a file in at most ``most`` bytes, of a type that gateways accept.

    Pictures become a JPEG, PNG or GIF: never larger, upright, in the colours of a screen, without metadata (position, camera,
    comments). An animation stays one and plays as long as before. Sounds become an MP3 and videos an MP4, by ffmpeg; a video
    that fits only loses its metadata. A contact card, a calendar entry, a PDF or a pass is returned as it is, and an error if
    it is too large.

    - ``file``: a path, or the bytes of a file.
    - ``most``: bytes; the default is what the only file of a message may have for every carrier. k is 1,000.
    - ``kind``: the slide's field that the file is for, such as ``"image"``; by default that of its content.
    - ``within``: the largest width and height of a picture.
    - ``background``: a colour that replaces transparency if a picture becomes a JPEG.
    - ``isolate``: True decodes every picture in a process of its own, with limits of memory and time. HEIC and AVIF always are.
    - ``limits``: those of the account; for Cellcast they have the types that it accepts.

    Raises :class:`~skymms.MediaCorruptedError` for a damaged file and for one with too many pixels,
    :class:`~skymms.MediaTooLargeError` for one that cannot be made that small, :class:`~skymms.MediaTypeError` for one of
    another kind, and :class:`~skymms.ConfigurationError` if a library or program is missing, and which one.
    """
    check_most(most)
    check_within(within)
    if kind is not None and kind not in FILES:
        raise ConfigurationError(f"kind={kind!r:.40}: give one of {', '.join(FILES)}")
    data = _content_of(file)
    if len(data) > MAX_ORIGINAL:
        raise size_error(len(data), most, kind or "image", f"files of more than {MAX_ORIGINAL:,} bytes are not read")
    content = recognise(data)
    if content is None or not content.kind:
        name = repr(fspath(file))[:80] if isinstance(file, (str, PathLike)) else "the file"
        found = f"is a {content.name}" if content else "is of an unknown type" if data else "is empty"
        raise type_error(f"{name} {found}: give a picture, a sound, a video, a contact card, a calendar entry, a PDF or a pass",
                    kind or "image")  # fmt: skip
    if kind is not None and content.kind != kind and {kind, content.kind} != {"audio", "video"}:
        raise type_error(f"it is a {content.name}, not a file for {kind}", kind)
    if content.kind == "image":
        return _fit_image(data, content, most, within, background, isolate, limits)
    return _fit_other(data, content, kind or content.kind, most)


def _content_of(file: str | PathLike[str] | bytes | bytearray | memoryview) -> bytes:
    if isinstance(file, (bytes, bytearray, memoryview)):
        return bytes(file)
    if not isinstance(file, (str, PathLike)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"file={file!r:.40}: give a path, or the bytes of a file")
    return read_bytes(file, MAX_ORIGINAL)


def _fit_image(
    data: bytes, content: Content, most: int, within: tuple[int, int], background: str, isolate: bool, limits: Limits
) -> Fitted:
    if content.content_type not in FORMATS:
        raise type_error(f"a {content.name} is not converted: export it as JPEG or PNG", "image")
    pillow()  # before its colours are needed: its absence has a sentence
    check_background(background)
    accepted = frozenset(_accepted_images(limits))
    if isolate or content.content_type in _ISOLATED:
        return fit_in_process(data, most, within, background, accepted)
    return fit_picture(data, content, most, within, background, accepted)


def _accepted_images(limits: Limits) -> tuple[str, ...]:
    urls = getattr(limits, "urls", None)
    if urls is None:
        return TYPES["image"]
    from ..validation.file_types import content_types

    return content_types("image", (*urls.get("image", ()), *getattr(limits, "uploads", ())))


def _fit_other(data: bytes, content: Content, kind: str, most: int) -> Fitted:
    if fault := find_fault(data, kind):
        raise damaged_error(fault, kind)
    is_accepted = content.content_type in TYPES[kind]
    if is_accepted and len(data) <= most:
        stripped = strip_video_metadata(data, content.content_type)
        changes = () if stripped == data else (removed_metadata(has_position(data, content.content_type)),)
        return Fitted(data=stripped, content_type=content.content_type, changes=changes, original_size=len(data))
    if kind in ("audio", "video"):
        return fit_played(data, content, kind, most)
    remedy = "remove the photo from it" if kind == "vcard" else "export it with smaller pictures"
    raise size_error(len(data), most, kind, remedy)
