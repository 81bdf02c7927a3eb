"""Downloads a file from a URL that somebody else has chosen, but nothing from this computer or a private network.

Whoever knows the inbox's address can post an inbound message with any URL. The host is looked up once, its addresses are
checked, and the connection is made to one of them, so that the name cannot mean another machine a moment later. A redirect is
followed to a checked address only.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urljoin

from ..errors import ConfigurationError, ProtocolError, TransportError
from ..http import HttpRequest, parse_address, parse_http_url
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
        found = _get(request, url, limit, allow_private, ends)
        if isinstance(found, Download):
            return found
        url = urljoin(url, found)
    raise ProtocolError(f"{link_request(url).safe_url}: more than {_REDIRECTS} redirects")


def _get(request: HttpRequest, url: str, limit: int, allow_private: bool, ends: float) -> Download | str:
    """Send one request, and return the file or the URL of a redirect."""
    parts = parse_http_url(url)
    assert parts is not None
    host = (parts.hostname or "").rstrip(".")
    if guard.is_active():
        guard.check(host)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _address(request, host, port, allow_private)
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}".replace(" ", "%20")
    headers = {**request.headers, "Host": parts.netloc.rpartition("@")[2], "Connection": "close"}
    late = threading.Event()
    try:
        with socket.create_connection((address, port), _CONNECT) as plain, _until(ends, plain, late):
            plain.settimeout(_READ)
            connection = http.client.HTTPConnection(host, port)
            connection.sock = _encrypted(plain, host) if parts.scheme == "https" else plain
            with closing(connection):
                connection.request("GET", target, headers=headers)
                with connection.getresponse() as response:
                    found = _read(request, response, limit)
        # A file without a length ends where the connection was broken.
        if not late.is_set():
            return found
        raise TimeoutError
    except (OSError, http.client.HTTPException, UnicodeError, TransportError) as error:
        if late.is_set():
            raise TransportError(f"{request.safe_url}: the file did not arrive within {_TOTAL:.0f} s") from None
        if isinstance(error, TransportError):
            raise
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise TransportError(f"{request.safe_url}: {reason}") from None


def _encrypted(plain: socket.socket, host: str) -> socket.socket:
    import ssl

    from certifi import where

    return ssl.create_default_context(cafile=where()).wrap_socket(plain, server_hostname=host)


@contextmanager
def _until(ends: float, connection: socket.socket, late: threading.Event) -> Generator[None, None, None]:
    """Break a connection at a time: a server that sends a byte a second would keep it for hours."""

    def shut() -> None:
        late.set()
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, ends - time.monotonic()), shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _read(request: HttpRequest, response: http.client.HTTPResponse, limit: int) -> Download | str:
    if response.status in (301, 302, 303, 307, 308) and (target := response.getheader("Location")):
        return target
    if response.status != 200:
        raise ProtocolError(f"{request.safe_url}: HTTP {response.status}", status=response.status)
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(65536):
        size += len(piece)
        if size > limit:
            raise ProtocolError(f"{request.safe_url}: the file is longer than {limit:,} bytes: allow more with limit=…")
        pieces.append(piece)
    expected = response.getheader("Content-Length", "")
    if expected.isdecimal() and int(expected) != size:
        raise TransportError(f"{request.safe_url}: the connection ended in the middle of the file")
    kind = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
    return Download(request.url, kind or "application/octet-stream", b"".join(pieces))


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
