"""What a gateway accepts as the files of a message: types, sizes, and the code for each problem."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..limits import DOCUMENTED, Limits
from ..slide import FILES

# Skycore 1.3, saveMMS, lists GIF, JPG, PNG; MP3, WAV; 3GP, MP4, MPEG, MPG, AVI, WMV; and the other files. The type names are
# those of the Sinch MMS JSON service, and others that servers use for the same files. Its AMR and MOV are not listed on any
# XML page.
TYPES: Mapping[str, tuple[str, ...]] = {
    "image": ("image/jpeg", "image/png", "image/gif", "image/jpg"),
    "audio": ("audio/mpeg", "audio/wav", "audio/mp3", "audio/x-wav", "audio/wave", "audio/x-wave", "audio/vnd.wave"),
    "video": ("video/mp4", "video/3gpp", "video/mpeg", "video/3gp", "video/x-msvideo", "video/avi", "video/x-ms-wmv"),
    "vcard": ("text/vcard", "text/x-vcard", "text/v-card"),
    "ical": ("text/calendar",),
    "pdf": ("application/pdf", "application/x-pdf"),
    "passbook": ("application/vnd.apple.pkpass",),
}

#: The codes for a file that is too big, and for a file that cannot be fetched, by kind.
TOO_BIG: Mapping[str, str] = dict(zip(FILES, ("E331", "E332", "E333", "E335", "E336", "E337", "E338"), strict=True))
UNREACHABLE: Mapping[str, str] = dict(zip(FILES, ("E351", "E352", "E353", "E355", "E356", "E357", "E358"), strict=True))
#: The codes for a damaged image, and for a file of a type that the gateway does not accept.
DAMAGED, WRONG_TYPE = "E341", "E629"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What a gateway accepts: the types and sizes of each kind of file, and the uploaded file of a message.

    ``advised_pixels`` are the width and the height that the vendor advises for pictures; None if it advises none.
    ``removes_queries`` is True for a gateway that removes the query from the URLs of audio and video.
    """

    limits: Limits = DOCUMENTED
    types: Mapping[str, Collection[str]]
    removes_queries: bool = True
    advised_pixels: tuple[int, int] | None = None
    upload: bytes | None = None

    def max_size(self, kind: str, content_type: str) -> int:
        """Return how many bytes a file of this kind and type may have."""
        if content_type == "image/gif":
            return self.limits.max_gif
        limits = self.limits
        return {"image": limits.max_image, "audio": limits.max_audio, "video": limits.max_video}.get(kind, limits.max_object)

    def fetched_url(self, kind: str, url: str) -> str:
        """Return the URL that the gateway requests."""
        # Skycore 1.3, note under sendMMS: the server removes the query from the URLs of audio and video, and of these only.
        return url.partition("?")[0] if self.removes_queries and kind in {"audio", "video"} else url


def accepted_files(message: Any, limits: Limits, stricter: Limits | None = None) -> Accepted:
    """Return what the gateway with these limits accepts in a message.

    ``limits`` are those of a Skycore account, or of one of Cellcast's generations (``CellcastAccount.limits``). ``stricter``
    are sizes that apply as well.
    """
    from ..cellcast.generations import ADVISED_PIXELS, CellcastLimits, counted_texts
    from ..cellcast.values import CellcastSend
    from ..validation.file_types import content_types

    if not isinstance(limits, CellcastLimits):
        return Accepted(limits=_smaller(limits, stricter), types=TYPES)
    is_send = isinstance(message, CellcastSend)
    # The page of v1 has no limit for a gif, so that of its other pictures is used.
    most = max(0, limits.max_image - (counted_texts(message, limits) if is_send else 0))
    sizes: Any = dict.fromkeys(_SIZES, most)
    return Accepted(
        limits=_smaller(Limits(**sizes), stricter),
        types={kind: content_types(kind, endings) for kind, endings in limits.urls.items()},
        removes_queries=False,
        advised_pixels=ADVISED_PIXELS[0],
        upload=message.media if is_send and isinstance(message.media, bytes) else None,
    )


def uploaded_types(limits: Limits) -> tuple[str, ...]:
    """Return the types of a picture that a message of Cellcast may upload; empty for other gateways."""
    from ..validation.file_types import content_types

    return content_types("image", getattr(limits, "uploads", ()))


_SIZES = ("max_image", "max_gif", "max_audio", "max_video", "max_object")


def _smaller(limits: Limits, stricter: Limits | None) -> Limits:
    if stricter is None:
        return limits
    sizes: Any = {name: min(getattr(limits, name), getattr(stricter, name)) for name in _SIZES}
    return Limits(**sizes)
