"""Requests one file by a plain GET, as a gateway does, and never from this computer or a private network unless allowed.

The host is looked up once. Each of its addresses is checked, and the connection is made to the checked addresses in turn, so
that the name cannot mean another machine a moment later. No redirect is followed, no proxy is used, and neither cookies nor
the passwords of ``~/.netrc`` are sent.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from ..errors import ConfigurationError, TransportError
from ..http import HttpRequest, parse_http_url
from ..redaction import strip_credentials
from ..transport import guard
from ..transport.connections import TimedHTTP, TimedHTTPS, find_addresses
from ..transport.errors import raise_if_not_recorded
from ..transport.fetching import user_agent
from ..transport.recorders import connection_class, is_recording
from .addresses import first_private

#: Seconds to make one connection.
CONNECT_TIMEOUT = 5.0
_PORTS = {"http": 80, "https": 443}
TOO_LATE = "it did not arrive in time"
_CUT_OFF = "the connection ended in the middle of the file"


class PrivateAddressError(ConfigurationError):
    """The host of a file has an address that is not public; ``address`` is the address."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is not a public address, so nothing was requested: allow it with private=True (--private)")
        self.address: str = address


class Cancellation:
    """Ends requests from another thread: :meth:`cancel` closes their connections and lets no other begin."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: set[Any] = set()
        self._callbacks: list[Callable[[], None]] = []
        self.is_cancelled: bool = False

    def cancel(self) -> None:
        """End all requests."""
        with self._lock:
            self.is_cancelled = True
            connections, callbacks = list(self._connections), self._callbacks
        for callback in callbacks:
            callback()
        for connection in connections:
            # A read that waits in another thread ends when the socket is shut down, and not when it is closed.
            with suppress(OSError, AttributeError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call this function when the requests are cancelled."""
        self._callbacks.append(callback)
        if self.is_cancelled:
            callback()

    @contextmanager
    def watch(self, connection: Any) -> Generator[None, None, None]:
        """Close this connection if the requests are cancelled within the block."""
        with self._lock:
            if self.is_cancelled:
                raise TransportError(TOO_LATE)
            self._connections.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._connections.discard(connection)


class FileResponse:
    """A response whose body was not read yet."""

    def __init__(self, response: Any, ends: float) -> None:
        self._response = response
        self._ends = ends
        self.status: int = response.status
        self.headers: Mapping[str, str] = response.headers

    def pieces(self) -> Iterator[bytes]:
        """Yield the body piece by piece, as it arrives. Raises :class:`~skymms.TransportError` if it ends early or late."""
        with _as_transport_errors(self._ends):
            # The responses of VCR.py have a read1 without this parameter.
            read = self._response.read if hasattr(self._response, "recorded_response") else self._response.read1
            while piece := read(65536, decode_content=False):
                yield piece
            # read1 returns nothing at the end of the connection, too.
            if self._response.length_remaining:
                raise TransportError(_CUT_OFF)


@contextmanager
def open_file(
    url: str,
    *,
    ends: float,
    private: bool = False,
    any_port: bool = False,
    cancellation: Cancellation | None = None,
) -> Generator[FileResponse, None, None]:
    """Request a file, and give its response with the body unread.

    ``ends`` is the time, by ``time.monotonic()``, at which the whole response must be there. ``private`` allows hosts that are
    not public, all ports, and a user name in the URL; ``any_port`` allows all ports of public hosts. Raises
    :class:`~skymms.ConfigurationError` for a URL that may not be requested, and :class:`~skymms.TransportError` if there is no
    complete response.
    """
    with ExitStack() as stack:
        with _as_transport_errors(ends):
            parts = _prepare(url)
            connection = _connection(parts, ends, private, any_port)
            stack.enter_context((cancellation or Cancellation()).watch(connection))
            stack.callback(connection.close)
            connection.connect()
            connection.timeout = max(ends - time.monotonic(), 0.001)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers=_headers(parts), preload_content=False, decode_content=False)
            try:
                response = connection.getresponse()
            except Exception as error:
                raise_if_not_recorded(error, HttpRequest("GET", url, {}))
                raise
            stack.callback(response.close)
        yield FileResponse(response, ends)


@contextmanager
def _as_transport_errors(ends: float) -> Generator[None, None, None]:
    from urllib3.exceptions import HTTPError

    try:
        yield
    # ValueError: for some invalid URLs and headers, the libraries let the errors of others through.
    except (OSError, ValueError, HTTPError, http.client.HTTPException) as error:
        if time.monotonic() >= ends:
            raise TransportError(TOO_LATE) from None
        # urllib3 wraps the error of http.client in one of its own.
        if "IncompleteRead" in repr(error):
            raise TransportError(_CUT_OFF) from None
        if isinstance(error, ConnectionRefusedError) or isinstance(error.__cause__, ConnectionRefusedError):
            raise TransportError("its server refused the connection") from None
        if "certificate verify failed" in str(error).lower():
            raise TransportError("its server has a certificate that is not trusted") from None
        raise TransportError(f"its server sent no complete response ({type(error).__name__})") from None


def _prepare(url: str) -> SplitResult:
    """Return the parts of a URL as they are sent: escaped, and with the host in ASCII."""
    import requests

    if parse_http_url(url) is None:
        raise ConfigurationError(f"{strip_credentials(url)!r:.80} is not an absolute http or https URL")
    return urlsplit(requests.Request("GET", url).prepare().url or "")


def _headers(parts: SplitResult) -> dict[str, str]:
    from urllib3.util import make_headers

    headers = {"User-Agent": user_agent(), "Accept": "*/*", "Accept-Encoding": "identity"}
    if parts.username is None:
        return headers
    return headers | make_headers(basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}")


def _connection(parts: SplitResult, ends: float, private: bool, any_port: bool) -> Any:
    """Return a connection to the checked addresses of a host, which is not connected yet."""
    host, port = (parts.hostname or "").rstrip("."), parts.port or _PORTS[parts.scheme]
    if guard.is_active() and not is_recording():
        guard.check(host)
    if not private and (parts.username is not None or parts.password is not None):
        raise ConfigurationError("its URL has a user name, which can hide the host: remove what is before the @")
    if not private and not any_port and port not in _PORTS.values():
        raise ConfigurationError(f"port {port} is not requested, only 80 and 443: allow it with private=True (--private)")
    # A recorded response needs no address, and perhaps there is no network.
    found = None if is_recording() else _checked_addresses(host, port, private)
    timeout = min(CONNECT_TIMEOUT, ends - time.monotonic())
    if timeout <= 0:
        raise TransportError(TOO_LATE)
    connection: Any
    if parts.scheme == "https":
        from certifi import where

        checked = connection_class("https", _CheckedHTTPS)
        connection = checked(host, port, timeout=timeout, cert_reqs="CERT_REQUIRED", ca_certs=where())
    else:
        connection = connection_class("http", _CheckedHTTP)(host, port, timeout=timeout)
    connection.checked = found
    connection.private = private
    return connection


def _checked_addresses(host: str, port: int, private: bool) -> list[tuple[int, Any]]:
    """Return the addresses of a host. Raises an error if one of them is not public and ``private`` is False."""
    try:
        found = find_addresses(host, port)
    except OSError:
        raise TransportError("its host was not found") from None
    if not private and (address := first_private(found)) is not None:
        raise PrivateAddressError(address)
    return found


class _Checked:
    #: None while a request may be answered by a cassette of VCR.py: then the host is looked up when it is really sent.
    checked: list[tuple[int, Any]] | None
    private: bool

    def find_addresses(self, port: int) -> list[tuple[int, Any]]:
        connection: Any = self
        return _checked_addresses(connection.host, port, self.private) if self.checked is None else self.checked


class _CheckedHTTP(_Checked, TimedHTTP):
    pass


class _CheckedHTTPS(_Checked, TimedHTTPS):
    pass
