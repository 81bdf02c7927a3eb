"""Connections of urllib3 with two deadlines: one for connecting, whatever the number of addresses, and one for the response.

requests passes its time-outs to the socket. There, the time to connect starts again with each address of a host, and the time
to read with every byte: a server that sent its response byte by byte held a call with a time-out of one second for six. Here
each address and each read gets a part of the time that is left.
"""

from __future__ import annotations

import http
import http.client
import io
import os
import socket
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from urllib3 import connection as urllib3_connection
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection, HTTPSConnection
else:
    # While a cassette of VCR.py is in use, it replaces the classes in this module, and keeps the original ones in an attribute.
    HTTPConnection, HTTPSConnection = (
        getattr(found, "_baseclass", found) for found in (urllib3_connection.HTTPConnection, urllib3_connection.HTTPSConnection)
    )


#: The connection class of urllib3's pools, unless something has replaced it.
ORIGINAL: Any = HTTPConnection


class _DeadlineConnection:
    """A connection that is made, and whose response is complete, within the time-out of the connection."""

    timeout: float | None
    source_address: Any
    socket_options: Any
    response_class: Any
    _dns_host: str

    #: When the connection was put back into its pool.
    idle_since: float = float("-inf")

    def connect(self) -> None:
        """Connect, including TLS. An error in here happened before any byte of the request left.

        The error is marked with the time, because the same exception object may end another call later.
        """
        if isinstance(self.timeout, (int, float)):
            # The response of a proxy to CONNECT has a deadline too.
            self.response_class = partial(_TimedResponse, deadline=time.monotonic() + self.timeout)
        _CONNECTIONS.add(self)
        try:
            super().connect()  # type: ignore[misc]
        except BaseException as error:
            error.before_sending = time.monotonic()  # type: ignore[attr-defined]
            raise
        finally:
            self.__dict__.pop("response_class", None)

    def _new_conn(self) -> Any:
        if not isinstance(self.timeout, (int, float)):
            return super()._new_conn()  # type: ignore[misc]
        connection: Any = self
        host, port = connection.host, connection.port
        try:
            sock = _connect(self.find_addresses(port), self.timeout, self.source_address, self.socket_options)
        except socket.gaierror as error:
            raise NameResolutionError(host, connection, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"no connection to {host} within {self.timeout} s") from error
        except OSError as error:
            raise NewConnectionError(connection, f"no connection: {error}") from error
        sys.audit("http.client.connect", self, host, port)
        return sock

    def find_addresses(self, port: int) -> list[tuple[int, Any]]:
        """Return the addresses to connect to in turn, each with its family. A subclass may return those that it has checked."""
        return find_addresses(self._dns_host, port)

    def getresponse(self) -> Any:
        if not isinstance(self.timeout, (int, float)):
            return super().getresponse()  # type: ignore[misc]
        self.response_class = partial(_TimedResponse, deadline=time.monotonic() + self.timeout)
        try:
            return super().getresponse()  # type: ignore[misc]
        finally:
            # A later reconnection through a tunnel uses this class too, and must not get an old deadline.
            del self.response_class


class TimedHTTP(_DeadlineConnection, HTTPConnection):
    """A plain connection."""


class TimedHTTPS(_DeadlineConnection, HTTPSConnection):
    """A TLS connection."""


# ------------------------------------------------------------------------------------------------ connecting


def find_addresses(host: str, port: int) -> list[tuple[int, Any]]:
    """Return the addresses of a host, each with its family.

    The operating system decides how long this takes; it cannot be interrupted.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, allowed_gai_family(), socket.SOCK_STREAM)
    except UnicodeError:
        raise LocationParseError(f"{host!r}: a part of the name is empty or too long") from None
    return [(family, address) for family, *_, address in found]


def _connect(addresses: list[tuple[int, Any]], seconds: float, source_address: Any, socket_options: Any) -> socket.socket:
    """Connect to the first address that responds, within ``seconds`` for all of them together."""
    deadline = time.monotonic() + seconds
    failure: OSError = TimeoutError("timed out")
    for at, (family, address) in enumerate(addresses):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            # Without shares, an address that does not respond would use up the time of the others.
            sock = _open(family, address, left / (len(addresses) - at), source_address, socket_options)
        except OSError as error:
            failure = error
        else:
            # The TLS handshake gets the rest.
            sock.settimeout(max(deadline - time.monotonic(), 0.001))
            return sock
    try:
        raise failure
    finally:
        # The traceback of the error refers to this frame.
        del failure


def _open(family: int, address: Any, seconds: float, source_address: Any, socket_options: Any) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        for option in socket_options or ():
            sock.setsockopt(*option)
        sock.settimeout(seconds)
        if source_address:
            sock.bind(source_address)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


# ------------------------------------------------------------------------------------------------ responses


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, deadline: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        try:
            raw = self.fp.detach()
        except io.UnsupportedOperation:
            # The socket of mocket, a library for tests, has its response in memory.
            return
        self.fp = io.BufferedReader(_TimedReads(raw, sock, deadline))

    def begin(self) -> None:
        """Read the head of the final response. http.client skips only status 100 of the preliminary responses 1xx."""
        super().begin()
        while 100 <= self.status < 200:
            if self.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
                # We never request an upgrade, and the following bytes are not HTTP.
                raise http.client.HTTPException("switched protocols")
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()


class _TimedReads(io.RawIOBase):
    def __init__(self, raw: Any, sock: Any, deadline: float) -> None:
        self._raw, self._sock, self._deadline = raw, sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the response was not complete in time")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)  # type: ignore[no-any-return]

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


# ------------------------------------------------------------------------------------------------ after a fork

#: All connections of this process.
_CONNECTIONS: WeakSet[Any] = WeakSet()


def close_inherited() -> None:
    """Close this process's copies of the connections of the process that it was forked from.

    The descriptors are closed and nothing else: the other process still uses the connections. Threads that do not exist here
    may have been using them, so they would stay open as long as this process runs.
    """
    for connection in list(_CONNECTIONS):
        if (sock := connection.sock) is not None and (descriptor := sock.detach()) >= 0:
            os.close(descriptor)
    _CONNECTIONS.clear()
