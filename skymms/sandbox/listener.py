"""An HTTP server on a free port of this machine, in a thread, with one function that answers.

The standard library's, because it gives the socket to whoever has to break it and needs nothing installed. It listens on
loopback unless told otherwise, and no request makes it keep more than the cap.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from ..dialects import MOST_REQUEST

#: A form is up to three times as long as the document in it.
MOST_BODY = 3 * MOST_REQUEST

#: Seconds a sender may take for its next bytes, and a kept connection may idle.
PATIENCE = 30


class Incoming(NamedTuple):
    """A request as it came; ``headers`` in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Outgoing(NamedTuple):
    """An answer."""

    status: int
    body: bytes
    content_type: str = "text/xml; charset=utf-8"


class Listener:
    """Listens while it is open; ``url`` is its root, without a slash at the end."""

    def __init__(self, answer: Callable[[Incoming], Outgoing], *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._server = _Server((host, port), _handler(answer))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._server.server_address[1]}"
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and wait until that is so."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self) -> None:
        """Until the listening ends, or an interrupt comes."""
        while self._thread.is_alive():
            self._thread.join(timeout=1)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Connections kept alive would otherwise be waited for at the end.
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no error of ours; anything else is, and is told as the standard library does."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _handler(answer: Callable[[Incoming], Outgoing]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "skymms-sandbox"
        sys_version = ""
        timeout = PATIENCE
        # Head and body leave in one packet: two would wait for each other, 40 ms on a kept connection.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(b"")

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

        def _answer(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(answer(Incoming(self.command, path, query, headers, body)))

        def _send(self, answered: Outgoing, *, close: bool = False) -> None:
            self.send_response(answered.status)
            self.send_header("Content-Type", answered.content_type)
            self.send_header("Content-Length", str(len(answered.body)))
            if close:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            self.wfile.write(answered.body)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Silence: the standard library's log shows the request line, and a GET's holds the key."""

    return Handler
