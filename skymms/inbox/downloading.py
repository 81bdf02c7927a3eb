"""Downloads a file from a URL that somebody else has chosen, but nothing from this computer or a private network.

Anybody with the inbox's address can post an inbound message with any URL. The host is looked up once, its addresses are
checked, and the connection is made to one of them, so that the name cannot mean another machine a moment later. A redirect is
followed to a checked address only.
"""

from __future__ import annotations

import time
from typing import NamedTuple
from urllib.parse import urljoin

from ..errors import ConfigurationError, ProtocolError, TransportError
from ..media.fetching import TOO_LATE, FileResponse, PrivateAddressError, open_file
from ..transport.fetching import link_request

#: Seconds for the whole file, and the most redirects that are followed.
_TOTAL = 60.0
_REDIRECTS = 3


class Download(NamedTuple):
    """A file that was downloaded."""

    url: str
    content_type: str
    data: bytes


def download(url: str, *, limit: int, allow_private: bool) -> Download:
    """Download a file of at most ``limit`` bytes.

    Raises :class:`~skymms.ConfigurationError` for a URL that is not http or https, or is in a private network unless
    ``allow_private`` is True; :class:`~skymms.TransportError` if there is no response; and :class:`~skymms.ProtocolError` for a
    status other than 200, for more than three redirects, and for a file that is too long.
    """
    ends = time.monotonic() + _TOTAL
    for _ in range(1 + _REDIRECTS):
        shown = link_request(url).safe_url
        try:
            with open_file(url, ends=ends, private=allow_private, any_port=True) as response:
                found = _read(response, url, shown, limit)
        except PrivateAddressError as error:
            reason = f"{error.address} is not a public address, so nothing was requested: allow_private=True allows it"
            raise ConfigurationError(f"{shown}: {reason}") from None
        except (ConfigurationError, TransportError) as error:
            late = f"the file did not arrive within {_TOTAL:.0f} s"
            raise type(error)(f"{shown}: {late if str(error) == TOO_LATE else error}") from None
        if isinstance(found, Download):
            return found
        url = urljoin(url, found)
    raise ProtocolError(f"{link_request(url).safe_url}: more than {_REDIRECTS} redirects")


def _read(response: FileResponse, url: str, shown: str, limit: int) -> Download | str:
    """Return the file, or the URL of a redirect."""
    if response.status in (301, 302, 303, 307, 308) and (target := response.headers.get("Location")):
        return str(target)
    if response.status != 200:
        raise ProtocolError(f"{shown}: HTTP {response.status}", status=response.status)
    data = bytearray()
    for piece in response.pieces():
        data += piece
        if len(data) > limit:
            raise ProtocolError(f"{shown}: the file is longer than {limit:,} bytes: allow more with limit=…")
    kind = str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
    return Download(url, kind or "application/octet-stream", bytes(data))
