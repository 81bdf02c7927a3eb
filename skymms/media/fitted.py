"""The result of fitting a file, and the errors of files that cannot be fitted."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import Problem, SkymmsError, refusal
from .acceptance import DAMAGED, TOO_BIG, WRONG_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A file that fits.

    ``changes`` says in words what is different from the original; it is empty if the file is unchanged. ``original_size`` is in
    bytes. ``pixels`` and ``original_pixels`` are the width and the height of a picture, and None for other files.
    """

    data: bytes = field(repr=False)
    content_type: str
    changes: tuple[str, ...] = ()
    original_size: int
    pixels: tuple[int, int] | None = None
    original_pixels: tuple[int, int] | None = None

    @property
    def size(self) -> int:
        """The length in bytes."""
        return len(self.data)

    @property
    def ending(self) -> str:
        """The ending for the file's name, with its dot, such as ``.jpg``."""
        return _ENDINGS.get(self.content_type, "")


_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "video/mpeg": ".mpg",
    "video/x-msvideo": ".avi",
    "video/x-ms-wmv": ".wmv",
    "text/vcard": ".vcf",
    "text/calendar": ".ics",
    "application/pdf": ".pdf",
    "application/vnd.apple.pkpass": ".pkpass",
}


def damaged_error(reason: str, kind: str = "image") -> SkymmsError:
    """Return :class:`~skymms.MediaCorruptedError` (E341)."""
    return refusal([Problem(DAMAGED, None, kind, reason)])


def size_error(size: int, most: int, kind: str, remedy: str) -> SkymmsError:
    """Return :class:`~skymms.MediaTooLargeError` (E331-E338) for a file that cannot be made small enough."""
    message = f"{size:,} bytes, {size - most:,} more than the {most:,} allowed, and it cannot be made smaller: {remedy}"
    return refusal([Problem(TOO_BIG[kind], None, kind, message)])


def type_error(reason: str, kind: str) -> SkymmsError:
    """Return :class:`~skymms.MediaTypeError` (E629)."""
    return refusal([Problem(WRONG_TYPE, None, kind, reason)])


def removed_metadata(with_position: bool) -> str:
    """Return the change of a file whose metadata was removed."""
    return "metadata removed, with the position (GPS)" if with_position else "metadata removed"
