"""A gateway that keeps its connections open, records the numbers whose request it read completely, and answers with them."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cellcast_vectors as vectors
from lxml import etree
from misbehaving_server import refused


class EchoingGateway:
    """A v3 gateway and a Skycore gateway.

    ``received`` are the numbers of the requests that it read to their end and did not refuse. The first request for a number in
    ``throttled`` is refused, for a number in ``dropped`` the connection is closed, and a number in ``blocked`` is refused.
    """

    def __init__(self) -> None:
        self.received: set[str] = set()
        self.throttled: set[str] = set()
        self.dropped: set[str] = set()
        self.blocked: set[str] = set()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            #: Ends the thread of a connection that an interrupted client has left open.
            timeout = 2
            # A response leaves at once and in one piece.
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) == length:
                    gateway._respond(self, body)

            def do_GET(self) -> None:
                gateway._respond(self, b"")

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = False
            block_on_close = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """An interrupted client closes its connection at any moment."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def __enter__(self) -> EchoingGateway:
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop after all connections were read to their end, so that ``received`` is complete. Close the clients first."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _respond(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        numbers, answer = _cellcast(body) if handler.path.startswith("/api/v3/") else _skycore(handler.path, body)
        if not self.throttled.isdisjoint(numbers):
            self.throttled -= set(numbers)
            status, answer = 429, b"slow down"
        elif not self.blocked.isdisjoint(numbers):
            status, answer = 200, refused("E114")
        else:
            self.received |= set(numbers)
            if not self.dropped.isdisjoint(numbers):
                handler.close_connection = True
                return
            status = 200
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)


def _cellcast(body: bytes) -> tuple[list[str], bytes]:
    numbers: list[str] = json.loads(body)["numbers"]
    rows = [{"message_id": f"ID{number}", "to": number} for number in numbers]
    return numbers, vectors.v3({"messages": rows, "credits_used": len(numbers)})


def _skycore(path: str, body: bytes) -> tuple[list[str], bytes]:
    if body:
        number = str(etree.fromstring(parse_qs(body.decode())["xml"][0].encode()).findtext("TO"))
    else:
        (number,) = parse_qs(urlsplit(path).query)["to"]
    answer = (
        f"<RESPONSE><STATUS>Success</STATUS><TO>{number}</TO><MMSID>{number[-6:]}</MMSID>"
        f"<TRACKINGID>MMS_{number}</TRACKINGID></RESPONSE>"
    )
    return [number], answer.encode()
