"""Gets the pictures of a message, so that a preview contains them.

Nothing here runs unless a preview is made with ``media=True``. All pictures are fetched at the same time, within one deadline.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from os import PathLike
from pathlib import Path

from ..errors import ConfigurationError
from ..validation.hosts import unreachable_host, url_problem
from .decoding import decode

#: Seconds for all pictures together.
TIMEOUT = 20.0
#: The most bytes of a picture: what gateways accept.
MAX_BYTES = 3000 * 1024
#: The most bytes of a picture that is put into a page as it is. A larger one is made smaller, if Pillow is installed.
KEPT_BYTES = 150_000
#: The largest width and height of a picture that was made smaller: twice those on the phone, for screens with fine pixels.
REDUCED_SIZE = (640, 1280)

_SIGNATURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"GIF8": "image/gif"}


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """A picture that browsers show: its type, found in its content, and its bytes."""

    content_type: str
    data: bytes


def get_pictures(addresses: Iterable[str], *, private: bool, folder: str | PathLike[str] | None) -> dict[str, Picture | str]:
    """Return each picture by its address, or a text that says why it is not there.

    ``private`` allows addresses that are not public. Names of files are read from ``folder``, and from nowhere without it.
    """
    each = list(addresses)
    if not each:
        return {}
    get = partial(_get, deadline=time.monotonic() + TIMEOUT, private=private, folder=folder)
    with ThreadPoolExecutor(min(len(each), 8)) as threads:
        return dict(zip(each, threads.map(get, each), strict=True))


def _get(address: str, *, deadline: float, private: bool, folder: str | PathLike[str] | None) -> Picture | str:
    found = _content(address, deadline, private=private, folder=folder)
    return found if isinstance(found, str) else make_picture(found)


def make_picture(data: bytes) -> Picture | str:
    """Return a picture for a page, made smaller if it is large; a text for data that is not a picture."""
    content_type = next((name for signature, name in _SIGNATURES.items() if data.startswith(signature)), None)
    if content_type is None:
        return "the file is not a JPG, PNG or GIF"
    if len(data) <= KEPT_BYTES:
        return Picture(content_type, data)
    return _reduced(data) or Picture(content_type, data)


def _reduced(data: bytes) -> Picture | None:
    """Return a smaller picture; None without Pillow, and for a picture that it cannot read."""
    try:
        image = decode(data, REDUCED_SIZE)
    except ModuleNotFoundError:
        return None
    if image is None:
        return None
    written = BytesIO()
    image.save(written, "JPEG", quality=80)
    return Picture("image/jpeg", written.getvalue())


def _content(address: str, deadline: float, *, private: bool, folder: str | PathLike[str] | None) -> bytes | str:
    if problem := url_problem(address):
        return problem if folder is None else _read(address, folder)
    if not private and (reason := unreachable_host(address)):
        return f"it was not fetched: {reason}"
    return _download(address, deadline)


def _read(name: str, folder: str | PathLike[str]) -> bytes | str:
    try:
        with open(Path(folder, name), "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        return f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
    return data if len(data) <= MAX_BYTES else _TOO_BIG


_TOO_BIG = f"the file has more than {MAX_BYTES:,} bytes"


def _download(url: str, deadline: float) -> bytes | str:
    import requests
    from urllib3.exceptions import HTTPError

    from ..transport.requests_adapter import DeadlineAdapter

    remaining = deadline - time.monotonic()
    if remaining <= 0:
        return "no time was left to fetch it"
    try:
        # The adapter without a session: a session follows redirects, keeps cookies, and sends the passwords in ~/.netrc.
        with closing(DeadlineAdapter()) as adapter:
            request = requests.Request("GET", url, headers={"Accept-Encoding": "identity"}).prepare()
            with adapter.send(request, stream=True, timeout=(min(5.0, remaining), remaining)) as response:
                if response.status_code != 200:
                    return f"its server returned status {response.status_code}"
                data = response.raw.read(MAX_BYTES + 1)
                return data if len(data) <= MAX_BYTES else _TOO_BIG
    except ConfigurationError as error:  # the guard of the pytest plugin
        return str(error)
    except (OSError, ValueError, HTTPError) as error:
        return f"its server sent no complete response ({type(error).__name__})"
