"""An HTTP server on a free port of this machine, in a thread, with one function that answers.

The standard library's, because it gives the socket to whoever has to break it and needs nothing installed. It listens on
loopback unless told otherwise, no request makes it keep more than the cap, and none takes longer than its patience lasts.
"""

from __future__ import annotations

import io
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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple

from ..wire.dialects import MAX_REQUEST

#: A form is up to three times as long as the document in it.
MOST_BODY = 3 * MAX_REQUEST

#: Seconds from one request on a connection to the last byte of the next.
PATIENCE = 30.0


class Incoming(NamedTuple):
    """A request as it came; ``headers`` in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Outgoing(NamedTuple):
    """An answer; ``headers`` are those beside its type and length.

    ``manner``, a key of :data:`MANNERS`, is how it is spoilt on its way; ``seconds`` how long that takes.
    """

    status: int
    body: bytes
    content_type: str = "text/xml; charset=utf-8"
    headers: Mapping[str, str] = MappingProxyType({})
    manner: str = ""
    seconds: float = 0.0


class Listener:
    """Listens while it is open; ``url`` is its root, without a slash at the end; ``patience`` is in seconds."""

    def __init__(
        self,
        answer: Callable[[Incoming], Outgoing],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        refuse: Callable[[bytes], bool] = lambda beginning: False,
        patience: float = PATIENCE,
    ) -> None:
        """``refuse`` is asked before a request is read, and shown how it begins: whether to close the connection instead."""
        self._server = _Server((host, port), answer, refuse, patience)
        self._thread = threading.Thread(target=self._server.serve, daemon=True)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._server.server_address[1]}"
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and wait until that is so."""
        self._server.stop()
        self._thread.join()
        self._server.server_close()

    def wait(self) -> None:
        """Until the listening ends, or an interrupt comes."""
        while self._thread.is_alive():
            self._thread.join(timeout=1)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Connections kept alive would otherwise be waited for at the end.
    block_on_close = False
    request_queue_size = 128
    # Who knocked and left again is not waited for.
    timeout = 0

    def __init__(
        self,
        address: tuple[str, int],
        answer: Callable[[Incoming], Outgoing],
        refuse: Callable[[bytes], bool],
        patience: float,
    ) -> None:
        self.answer, self.refuse, self.patience = answer, refuse, patience
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        #: Set when the listening ends, so that nobody stalls on.
        self.closing = threading.Event()
        # Before the port is asked for: where it is taken, what is open is closed at once.
        self._woken, self._wake = socket.socketpair()
        super().__init__(address, _Handler)

    def serve(self) -> None:
        """Take connections until :meth:`stop`.

        The standard library's own loop looks twenty times a second whether it is to end, and every test that closes a sandbox
        would wait for that.
        """
        with selectors.DefaultSelector() as waiting:
            waiting.register(self, selectors.EVENT_READ)
            waiting.register(self._woken, selectors.EVENT_READ)
            while not self.closing.is_set():
                if any(key.fileobj is self for key, _ in waiting.select()):
                    self.handle_request()

    def stop(self) -> None:
        """End :meth:`serve`, and whatever stalls; may be called twice."""
        self.closing.set()
        self._wake.close()

    def server_close(self) -> None:
        """Give the port back."""
        super().server_close()
        self._woken.close()
        self._wake.close()

    def server_bind(self) -> None:
        # The standard library's would ask for the machine's name by its number, which takes seconds where nobody knows it.
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no error of ours; anything else is, and is told as the standard library does."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Patient(io.RawIOBase):
    """Reads from a connection until a moment: a time-out of the socket's would start anew with every byte that drips in."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.until = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "skymms-sandbox"
    sys_version = ""
    # What is no HTTP at all is answered in HTTP too, with a status.
    default_request_version = "HTTP/1.1"
    # Head and body leave in one packet: two would wait for each other, 40 ms on a kept connection.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._reads = _Patient(self.connection)
        self.rfile = self._buffered = io.BufferedReader(self._reads)

    def handle_one_request(self) -> None:
        self._reads.until = time.monotonic() + self.server.patience
        # Asked when a request begins to come, not when the connection is made: it may be kept for a second one.
        if (beginning := self._buffered.peek(1)) and self.server.refuse(beginning):
            self.close_connection = True
        else:
            super().handle_one_request()

    def handle_expect_100(self) -> bool:
        # curl waits a second for this before it sends a long body, so it must not wait in our buffer for the answer.
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def do_GET(self) -> None:
        # A body is not read here, and must not be taken for the next request.
        self._answer(b"", close="Content-Length" in self.headers or "Transfer-Encoding" in self.headers)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            self._send(Outgoing(411, b"a Content-Length is required\n", "text/plain"), close=True)
        elif int(length[:12]) > MOST_BODY:
            self._send(Outgoing(413, b"longer than any request\n", "text/plain"), close=True)
        else:
            body = self.rfile.read(int(length))
            # Shorter: the sender hung up, and nobody is there to be answered.
            if len(body) == int(length):
                self._answer(body)

    def _answer(self, body: bytes, *, close: bool = False) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            answered = self.server.answer(Incoming(self.command, path, query, headers, body))
        except Exception:
            # A fault of ours: the caller is told so, and whoever runs it sees where.
            traceback.print_exc()
            answered = Outgoing(500, b"the sandbox itself failed: its stderr says how\n", "text/plain")
        self._send(answered, close=close)

    def _send(self, answered: Outgoing, *, close: bool = False) -> None:
        if answered.manner:
            self.close_connection = True
            MANNERS[answered.manner](self, answered)
            return
        # Whoever does not read its answer has no more time for it than for its request.
        self.connection.settimeout(self.server.patience)
        self.head(answered, close=close)
        self.wfile.write(answered.body)
        self.wfile.flush()
        if close:
            # What still comes is read and forgotten: hanging up on it may take the answer back on its way.
            self.connection.shutdown(socket.SHUT_WR)
            while self.rfile.read1(65536):
                pass

    def head(self, answered: Outgoing, *, close: bool = False) -> None:
        """Status and headers."""
        self.send_response(answered.status)
        self.send_header("Content-Type", answered.content_type)
        self.send_header("Content-Length", str(len(answered.body)))
        for name, value in answered.headers.items():
            self.send_header(name, value)
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the standard library's log shows the request line, and a GET's holds the key."""


# ------------------------------------------------------------------------------------------------ spoilt on the way


def _drop(handler: Any, answered: Outgoing) -> None:
    """Nothing at all: the connection closes."""


def _reset(handler: Any, answered: Outgoing) -> None:
    # Lingering for no time at all makes the close a reset.
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # The files hold the socket open beyond the handler's end otherwise.
    handler.rfile.close()
    handler.connection.close()


def _stall(handler: Any, answered: Outgoing) -> None:
    """Silence, until the caller has left, the time is over, or the listening ends."""
    waited = 0.0
    while waited < answered.seconds and not handler.server.closing.wait(_TICK):
        waited += _TICK
        if select.select([handler.connection], [], [], 0)[0] and not handler.connection.recv(1, socket.MSG_PEEK):
            return


def _slow(handler: Any, answered: Outgoing) -> None:
    """All of it, a piece at a time: no single read waits long, and the whole takes as long as was asked for."""
    handler.head(answered, close=True)
    handler.wfile.flush()
    pieces = min(len(answered.body), max(1, int(answered.seconds / _TICK)))
    size = -(-len(answered.body) // pieces) if pieces else 1
    for start in range(0, len(answered.body), size):
        if handler.server.closing.wait(answered.seconds / pieces):
            return
        handler.wfile.write(answered.body[start : start + size])
        handler.wfile.flush()


def _half(handler: Any, answered: Outgoing) -> None:
    handler.head(answered)
    handler.wfile.write(answered.body[: len(answered.body) // 2])
    handler.wfile.flush()


#: Seconds between looks at whether a stalled caller is still there, and between pieces of a slow answer.
_TICK = 0.05

MANNERS: Mapping[str, Callable[[Any, Outgoing], None]] = {
    "drop": _drop,
    "reset": _reset,
    "stall": _stall,
    "slow": _slow,
    "half": _half,
}
