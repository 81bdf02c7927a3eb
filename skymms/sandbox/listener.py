"""An HTTP server on this machine, in a thread, that passes each request to one function and sends the response it returns.

It uses the standard library's server, because the faults need access to the socket. It listens on loopback by default, and
limits the size of a request and the time that a request may take.
"""

from __future__ import annotations

import errno
import io
import re
import select
import selectors
import socket
import socketserver
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple

from ..wire.dialects import MAX_REQUEST
from .chunks import IncompleteBodyError, UnreadableBodyError, read_chunked_body

#: The largest body in bytes: a document in a form field is up to three times as long as the document itself.
MAX_BODY = 3 * MAX_REQUEST

#: Seconds within which a request must arrive, counted from the end of the previous request on the same connection.
REQUEST_TIMEOUT = 30.0


class ServerRequest(NamedTuple):
    """A request that arrived; the names in ``headers`` are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class ServerResponse(NamedTuple):
    """A response to send; ``headers`` are sent in addition to its type and length.

    ``connection_fault``, a key of :data:`CONNECTION_FAULTS`, breaks the response on its way; ``seconds`` is how long that
    takes.
    """

    status: int
    body: bytes
    content_type: str = "text/xml; charset=utf-8"
    headers: Mapping[str, str] = MappingProxyType({})
    connection_fault: str = ""
    seconds: float = 0.0


Respond = Callable[[ServerRequest], ServerResponse]


def _never(first_bytes: bytes) -> bool:
    return False


class Listener:
    """Listens on a port from its construction until :meth:`close`; ``url`` is its root, without a slash at the end."""

    def __init__(
        self,
        respond: Respond,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        refuse: Callable[[bytes], bool] = _never,
        timeout: float = REQUEST_TIMEOUT,
        name: str = "skymms-sandbox",
    ) -> None:
        """Call ``respond`` with each request and send the response it returns.

        ``refuse`` receives the first bytes of a request before it is parsed; the connection is closed if it returns True.
        ``timeout`` is the number of seconds within which a request must arrive; ``name`` is the value of the header Server.
        """
        self._server = _Server((host, port), respond, refuse, timeout, name)
        self._thread = threading.Thread(target=self._server.serve, daemon=True)
        url_host = f"[{host}]" if ":" in host else host
        self.url: str = f"http://{url_host}:{self._server.server_address[1]}"
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and wait until the server has stopped."""
        self._server.stop()
        self._thread.join()
        self._server.server_close()

    def wait(self) -> None:
        """Block until the listener is closed, or the program is interrupted."""
        while self._thread.is_alive():
            self._thread.join(timeout=1)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Do not wait at the end for connections that callers keep open.
    block_on_close = False
    request_queue_size = 128
    # Do not wait for a connection that the caller has already closed.
    timeout = 0

    def __init__(
        self, address: tuple[str, int], respond: Respond, refuse: Callable[[bytes], bool], request_timeout: float, name: str
    ) -> None:
        self.respond, self.refuse, self.request_timeout, self.name = respond, refuse, request_timeout, name
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        #: Set when the server stops, so that stalled responses end.
        self.closing = threading.Event()
        # Created before the port is bound: if that fails, server_close() is called and closes them.
        self._stop_receiver, self._stop_sender = socket.socketpair()
        super().__init__(address, _Handler)

    def serve(self) -> None:
        """Accept connections until :meth:`stop`.

        The standard library's loop looks only every half second whether it should stop, and each test that closes a sandbox
        would wait for that.
        """
        with selectors.DefaultSelector() as waiting:
            waiting.register(self, selectors.EVENT_READ)
            waiting.register(self._stop_receiver, selectors.EVENT_READ)
            while not self.closing.is_set():
                if any(key.fileobj is self for key, _ in waiting.select()):
                    self.handle_request()

    def stop(self) -> None:
        """End :meth:`serve` and all stalled responses; may be called twice."""
        self.closing.set()
        self._stop_sender.close()

    def server_close(self) -> None:
        """Release the port."""
        super().server_close()
        self._stop_receiver.close()
        self._stop_sender.close()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; wait a moment if this process has no file or memory left for one."""
        try:
            return super().get_request()
        except OSError as error:
            # The connection stays in the queue, so without the wait the loop would accept again at once.
            if error.errno in _EXHAUSTED:
                self.closing.wait(_ACCEPT_PAUSE)
            raise

    def server_bind(self) -> None:
        # HTTPServer.server_bind looks up the machine's name, which takes seconds on a machine without name resolution.
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore connections that the caller closed; print other errors as the standard library does."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


#: The errors of accept() that last until another connection is closed, and the seconds to wait then.
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_ACCEPT_PAUSE = 0.1


class _DeadlineReader(io.RawIOBase):
    """Reads from a connection until a deadline; the socket's own timeout would start again with every byte that arrives."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.deadline = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._connection.settimeout(remaining)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The response to bytes that are not HTTP is HTTP/1.1 too, with a status line.
    default_request_version = "HTTP/1.1"
    # Send headers and body in one packet: on a kept connection the second of two packets is delayed by 40 ms.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]  (as the standard library's own subclasses)

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._reader = _DeadlineReader(self.connection)
        self.rfile = self._buffered = io.BufferedReader(self._reader)

    def version_string(self) -> str:
        return self.server.name

    def handle_one_request(self) -> None:
        self._reader.deadline = time.monotonic() + self.server.request_timeout
        # Checked when a request begins, not when the connection is made: a connection may be used for several requests.
        if (first_bytes := self._buffered.peek(1)) and self.server.refuse(first_bytes):
            self.close_connection = True
        else:
            super().handle_one_request()

    def parse_request(self) -> bool:
        """Parse the head of a request. The length of its body must be clear, or the body could be read as another request."""
        if not super().parse_request():
            return False
        if (problem := _length_problem(self.headers)) is None:
            return True
        self._send(ServerResponse(400, f"{problem}\n".encode(), "text/plain"), close=True)
        return False

    def handle_expect_100(self) -> bool:
        # curl waits a second for this line before it sends a long body, so it must not stay in the buffer.
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def do_GET(self) -> None:
        # The body of a GET is not read, so the connection is closed: the body must not be parsed as the next request.
        self._respond(b"", close="Content-Length" in self.headers or "Transfer-Encoding" in self.headers)

    def do_POST(self) -> None:
        if "Transfer-Encoding" in self.headers:
            self._read_chunked()
            return
        length = _body_length(self.headers)
        if length is None:
            self._send(ServerResponse(411, b"a Content-Length header is required\n", "text/plain"), close=True)
        elif length > MAX_BODY:
            self._send(ServerResponse(413, b"the request body is too long\n", "text/plain"), close=True)
        else:
            body = self.rfile.read(length)
            # A shorter body means that the caller closed the connection, so no response is sent.
            if len(body) == length:
                self._respond(body)

    def _read_chunked(self) -> None:
        """Read a body without a length. Node, Java and Go send one when they write it piece by piece."""
        try:
            body = read_chunked_body(self.headers, self.request_version, self._buffered, MAX_BODY)
        except UnreadableBodyError as error:
            self._send(ServerResponse(error.status, f"{error}\n".encode(), "text/plain"), close=True)
        except IncompleteBodyError:
            # No response is sent, as for a body that is shorter than its Content-Length.
            self.close_connection = True
        else:
            self._respond(body)

    def _respond(self, body: bytes, *, close: bool = False) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            response = self.server.respond(ServerRequest(self.command, path, query, headers, body))
        except Exception:
            # A bug in skymms: the caller gets a 500, and the traceback is printed.
            traceback.print_exc()
            text = f"{self.server.name} has a bug: the traceback is on its stderr\n"
            response = ServerResponse(500, text.encode(), "text/plain")
        self._send(response, close=close)

    def _send(self, response: ServerResponse, *, close: bool = False) -> None:
        if response.connection_fault:
            self.close_connection = True
            CONNECTION_FAULTS[response.connection_fault](self, response)
            return
        # A caller has as much time to read the response as it had to send its request.
        self.connection.settimeout(self.server.request_timeout)
        self.send_head(response, close=close)
        self.wfile.write(response.body)
        self.wfile.flush()
        if close:
            # Read and discard what still arrives: closing the connection with unread bytes could discard the response.
            self.connection.shutdown(socket.SHUT_WR)
            while self._buffered.read1(65536):
                pass

    def send_head(self, response: ServerResponse, *, close: bool = False) -> None:
        """Write the status line and the headers."""
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the standard library logs the request line, and the line of a GET contains the API key."""


# ------------------------------------------------------------------------------------------------ the length of a body

# RFC 9112, 6.2 and 6.3: one or more digits; different lengths, and a length beside Transfer-Encoding, are errors.


def _lengths(headers: Message) -> set[str]:
    """Return the different values of Content-Length; a list of equal values counts as one."""
    return {one.strip() for value in headers.get_all("Content-Length", []) for one in str(value).split(",")}


def _length_problem(headers: Message) -> str | None:
    """Return why it is not clear where a request ends, or None."""
    lengths = _lengths(headers)
    if lengths and "Transfer-Encoding" in headers:
        return "Content-Length and Transfer-Encoding are both given: leave one out"
    if len(lengths) > 1:
        return "Content-Length is given twice, with different values"
    if any(not re.fullmatch("[0-9]+", one) for one in lengths):
        return "Content-Length must be a whole number in digits"
    return None


def _body_length(headers: Message) -> int | None:
    """Return the valid Content-Length of a request; None if it has none."""
    # int() raises for more than 4,300 digits. Leading zeros do not count.
    return next((int((one.lstrip("0") or "0")[:20]) for one in _lengths(headers)), None)


# ------------------------------------------------------------------------------------------------ connection faults


def _drop(handler: _Handler, response: ServerResponse) -> None:
    """Send nothing; the connection closes."""


def _reset(handler: _Handler, response: ServerResponse) -> None:
    """Reset the connection."""
    # With a linger time of zero, closing the socket resets the connection.
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # The reader keeps the socket open otherwise.
    handler.rfile.close()
    handler.connection.close()


def _stall(handler: _Handler, response: ServerResponse) -> None:
    """Send nothing until the caller closes the connection, the time is over, or the server stops."""
    waited = 0.0
    while waited < response.seconds and not handler.server.closing.wait(_INTERVAL):
        waited += _INTERVAL
        if select.select([handler.connection], [], [], 0)[0] and not handler.connection.recv(1, socket.MSG_PEEK):
            return


def _slow(handler: _Handler, response: ServerResponse) -> None:
    """Send the response in small pieces: no single read waits long, but the whole takes ``seconds``."""
    handler.send_head(response, close=True)
    handler.wfile.flush()
    pieces = min(len(response.body), max(1, int(response.seconds / _INTERVAL)))
    size = -(-len(response.body) // pieces) if pieces else 1
    for start in range(0, len(response.body), size):
        if handler.server.closing.wait(response.seconds / pieces):
            return
        handler.wfile.write(response.body[start : start + size])
        handler.wfile.flush()


def _half(handler: _Handler, response: ServerResponse) -> None:
    """Send half of the body, then close the connection."""
    handler.send_head(response)
    handler.wfile.write(response.body[: len(response.body) // 2])
    handler.wfile.flush()


#: Seconds between checks whether a stalled caller is still connected, and between the pieces of a slow response.
_INTERVAL = 0.05

#: The faults that break a response on the connection, by the name of the fault.
CONNECTION_FAULTS: Mapping[str, Callable[[_Handler, ServerResponse], None]] = {
    "drop": _drop,
    "reset": _reset,
    "stall": _stall,
    "slow": _slow,
    "half": _half,
}
