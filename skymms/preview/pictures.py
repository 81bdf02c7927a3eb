"""Gets the pictures of a message, so that a preview contains them.

Nothing here runs unless a preview is made with ``media=True``. All pictures are fetched at the same time, within one deadline.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from os import PathLike
from pathlib import Path

from ..errors import ConfigurationError, SkymmsError, TransportError
from ..media.decoding import open_picture
from ..media.fetching import open_file
from ..media.images import find_damage
from ..media.metadata import strip_metadata
from ..media.signatures import Content, recognise
from ..validation.hosts import url_problem
from .thumbnails import has_pillow, shown

#: Seconds for all pictures together.
TIMEOUT = 20.0
#: The most bytes of a picture: what gateways accept.
MAX_BYTES = 3000 * 1024
#: The most bytes of a picture that is put into a page as it is. A larger one is made smaller, if Pillow is installed.
KEPT_BYTES = 150_000
#: The largest width and height of a picture that was made smaller: twice those on the phone, for screens with fine pixels.
REDUCED_SIZE = (640, 1280)

#: The types that gateways accept and every browser shows.
_TYPES = frozenset({"image/jpeg", "image/png", "image/gif"})


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """A picture that browsers show, without metadata: its type, found in its content, and its bytes.

    ``note`` says how it differs from the picture on a phone, if it does.
    """

    content_type: str
    data: bytes
    note: str = ""

    def __repr__(self) -> str:
        return f"<Picture {self.content_type}, {len(self.data):,} bytes>"


def get_pictures(addresses: Iterable[str], *, private: bool, base: str | PathLike[str] | None) -> dict[str, Picture | str]:
    """Return each picture by its address, or a text that says why it is not there.

    ``private`` allows addresses that are not public. Names of files are read from ``base``, and from nowhere without it.
    """
    each = list(addresses)
    if not each:
        return {}
    get = partial(_get, ends=time.monotonic() + TIMEOUT, private=private, base=base)
    with ThreadPoolExecutor(min(len(each), 8)) as threads:
        return dict(zip(each, threads.map(get, each), strict=True))


def _get(address: str, *, ends: float, private: bool, base: str | PathLike[str] | None) -> Picture | str:
    found = _content(address, ends, private=private, base=base)
    return found if isinstance(found, str) else make_picture(found)


def make_picture(data: bytes) -> Picture | str:
    """Return a picture for a page, without metadata and made smaller if it is large.

    The result is a text for data that is not a picture, and for a damaged one.
    """
    content = recognise(data)
    if content is None or content.content_type not in _TYPES:
        return "the file is not a JPG, PNG or GIF"
    if damage := find_damage(data):
        return f"the picture is damaged: {damage}"
    # A position or a name would be in every copy of the page.
    plain = strip_metadata(data, keep_orientation=True)
    if len(plain) > KEPT_BYTES and has_pillow():
        return _reduced(data, content)
    return Picture(content.content_type, plain)


def _reduced(data: bytes, content: Content) -> Picture | str:
    """Return the first frame of a picture, smaller; a text if it cannot be decoded."""
    try:
        picture = open_picture(data, content)
        image = shown(picture, REDUCED_SIZE)
    except SkymmsError as error:
        return f"the picture is damaged: {error.problems[0].message if error.problems else error}"
    except MemoryError:
        return "the picture takes too much memory"
    written = BytesIO()
    image.save(written, "JPEG", quality=80)
    note = f"an animation of {picture.frames} frames, of which the preview shows the first" if picture.frames > 1 else ""
    return Picture("image/jpeg", written.getvalue(), note)


def _content(address: str, ends: float, *, private: bool, base: str | PathLike[str] | None) -> bytes | str:
    if problem := url_problem(address):
        return f"{problem}. A file on this machine is read only with base=…" if base is None else _read(address, base)
    return _download(address, ends, private=private)


def _read(name: str, base: str | PathLike[str]) -> bytes | str:
    try:
        # Not a pipe or a device, which may have no end.
        if not Path(base, name).is_file():
            return "there is no such file"
        with open(Path(base, name), "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        return f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
    return data if len(data) <= MAX_BYTES else _TOO_BIG


_TOO_BIG = f"the file has more than {MAX_BYTES:,} bytes: make it smaller with `skymms fit`"


def _download(url: str, ends: float, *, private: bool) -> bytes | str:
    try:
        with open_file(url, ends=ends, private=private) as response:
            if response.status != 200:
                return f"its server returned status {response.status}"
            data = b""
            for piece in response.pieces():
                data += piece
                if len(data) > MAX_BYTES:
                    return _TOO_BIG
            return data
    # ConfigurationError: an address that may not be requested, or the guard of the pytest plugin.
    except (ConfigurationError, TransportError) as error:
        return str(error)
