"""Downloads a file from a URL that somebody else has chosen, but nothing from this computer or a private network.

Whoever knows the inbox's address can post an inbound message with any URL. The host is looked up once, its addresses are
checked, and the connection is made to one of them, so that the name cannot mean another machine a moment later. A redirect is
followed to a checked address only.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urljoin

from ..errors import ConfigurationError, ProtocolError, TransportError
from ..http import HttpRequest, parse_address
from ..transport import guard
from ..transport.fetching import link_request

#: Seconds to connect, to wait for more of the file, and for the whole file.
_CONNECT, _READ, _TOTAL = 5.0, 10.0, 60.0
_REDIRECTS = 3
#: Addresses that stand for others: an IPv4 address is inside.
_TRANSLATED = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))


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
        request = link_request(url)
        found = _get(request, _parts(url), limit, allow_private, ends)
        if isinstance(found, Download):
            return found
        url = urljoin(url, found)
    raise ProtocolError(f"{link_request(url).safe_url}: more than {_REDIRECTS} redirects")


def _parts(url: str) -> SplitResult:
    from ..http import parse_http_url

    parts = parse_http_url(url)
    assert parts is not None
    return parts


def _get(request: HttpRequest, parts: SplitResult, limit: int, allow_private: bool, ends: float) -> Download | str:
    """Send one request, and return the file or the URL of a redirect."""
    import urllib3
    from certifi import where

    host = (parts.hostname or "").rstrip(".")
    if guard.is_active():
        guard.check(host)
    address = _address(request, host, parts.port or (443 if parts.scheme == "https" else 80), allow_private)
    timeout = urllib3.Timeout(connect=_CONNECT, read=_READ)
    pool: urllib3.HTTPConnectionPool
    if parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address, parts.port or 443, timeout=timeout, server_hostname=host, assert_hostname=host, ca_certs=where()
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, parts.port or 80, timeout=timeout)
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}".replace(" ", "%20")
    headers = {**request.headers, "Host": parts.netloc.rpartition("@")[2]}
    try:
        with pool:
            response = pool.urlopen(
                "GET", target, headers=headers, retries=False, redirect=False, preload_content=False, decode_content=False
            )
            try:
                return _read(request, response, limit, ends)
            finally:
                response.close()
    except urllib3.exceptions.HTTPError as error:
        raise TransportError(f"{request.safe_url}: {type(error).__name__}") from None
    except OSError as error:
        raise TransportError(f"{request.safe_url}: {error.strerror or type(error).__name__}") from None


def _read(request: HttpRequest, response: Any, limit: int, ends: float) -> Download | str:
    if response.status in (301, 302, 303, 307, 308) and (target := response.headers.get("Location")):
        return str(target)
    if response.status != 200:
        raise ProtocolError(f"{request.safe_url}: HTTP {response.status}", status=response.status)
    pieces: list[bytes] = []
    size = 0
    for piece in _pieces(response):
        size += len(piece)
        if size > limit:
            raise ProtocolError(f"{request.safe_url}: the file is longer than {limit:,} bytes: allow more with limit=…")
        if time.monotonic() > ends:
            raise TransportError(f"{request.safe_url}: the file did not arrive within {_TOTAL:.0f} s")
        pieces.append(piece)
    expected = response.headers.get("Content-Length", "")
    if expected.isdecimal() and int(expected) != size:
        raise TransportError(f"{request.safe_url}: the connection ended in the middle of the file")
    kind = str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
    return Download(request.url, kind or "application/octet-stream", b"".join(pieces))


def _pieces(response: Any) -> Iterator[bytes]:
    # One read of the socket at a time: a server that sends a byte a second must not hold one read for ever.
    while piece := response.read1(65536):
        yield piece


def _address(request: HttpRequest, host: str, port: int, allow_private: bool) -> str:
    """Return the address of a host; ConfigurationError if any of its addresses is not public."""
    literal = parse_address(host)
    if literal is not None:
        found: list[IPv4Address | IPv6Address] = [literal]
    else:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise TransportError(f"{request.safe_url}: the host was not found ({error.strerror})") from None
        found = [ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers]
    if not allow_private and (private := next((one for one in found if not is_public(one)), None)) is not None:
        raise ConfigurationError(
            f"{request.safe_url}: {private} is not a public address, so nothing was requested: allow_private=True allows it"
        )
    return str(found[0])


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the Internet, and does not stand for another that may not be."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast
