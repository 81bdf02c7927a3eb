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

from ..errors import ConfigurationError, TransportError
from ..media.fetching import open_file
from ..media.signatures import recognise
from ..validation.hosts import url_problem
from .thumbnails import has_pillow, thumbnail

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
    """A picture that browsers show: its type, found in its content, and its bytes."""

    content_type: str
    data: bytes


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
    """Return a picture for a page, made smaller if it is large; a text for data that is not a picture."""
    content = recognise(data)
    if content is None or content.content_type not in _TYPES:
        return "the file is not a JPG, PNG or GIF"
    if len(data) <= KEPT_BYTES:
        return Picture(content.content_type, data)
    return _reduced(data) or Picture(content.content_type, data)


def _reduced(data: bytes) -> Picture | None:
    """Return a smaller picture; None without Pillow, and for a picture that it cannot read."""
    image = thumbnail(data, REDUCED_SIZE) if has_pillow() else None
    if image is None:
        return None
    written = BytesIO()
    image.save(written, "JPEG", quality=80)
    return Picture("image/jpeg", written.getvalue())


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


_TOO_BIG = f"the file has more than {MAX_BYTES:,} bytes"


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
