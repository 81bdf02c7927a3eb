"""A gateway that counts the requests for each number and can misbehave.

It lives in the test's process, so it survives when a run is killed.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_plus

ACCEPTED = (
    "<RESPONSE><STATUS>Success</STATUS><TO>{to}</TO><MMSID>35674</MMSID><TRACKINGID>MMS_{to}_{n}</TRACKINGID>"
    "<FROM>60856</FROM></RESPONSE>"
)
REFUSED = (
    "<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>{code}</ERRORCODE><TO>{to}</TO><ERRORINFO>refused</ERRORINFO></RESPONSE>"
)

#: What `behave` returns for a request: an answer, a code to refuse with, or None to close the connection without an answer.
Behaviour = Callable[[str, int], "str | None"]
OK = "ok"


class CountingGateway:
    """``requests`` counts the requests for each number; ``behave(number, count)`` decides what becomes of each.

    ``behave`` returns ``"ok"``, a code such as ``"E114"``, or None to close the connection after the request was counted. A
    request that was refused with a code is not counted in ``requests``, because it sends nothing. ``arrived(number)`` is called
    as soon as a request is there.
    """

    def __init__(
        self,
        behave: Behaviour = lambda number, count: OK,
        *,
        delay: float = 0.0,
        arrived: Callable[[str], object] = lambda number: None,
    ) -> None:
        self.requests: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.arrived = arrived
        self._handling = 0
        self.accepted: Counter[str] = Counter()
        self.times: list[float] = []
        self.behave = behave
        self.delay = delay
        self._lock = threading.Condition()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = unquote_plus(self.rfile.read(int(self.headers["Content-Length"])).decode())
                found = re.search(r"<TO>(\d+)</TO>", body)
                assert found is not None, body
                answer = gateway.answer(found[1])
                if answer is None:
                    self.close_connection = True
                    return
                data = answer.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # the client was killed

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/API/wxml/1.3/index.php"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, number: str) -> str | None:
        """Count a request and return the answer, or None for no answer."""
        with self._lock:
            self._handling += 1
            self._lock.notify_all()
        try:
            return self._answer(number)
        finally:
            with self._lock:
                self._handling -= 1
                self._lock.notify_all()

    def wait_for(self, requests: int, seconds: float = 30.0) -> None:
        """Wait until so many requests have come."""
        with self._lock:
            assert self._lock.wait_for(lambda: len(self.times) >= requests, seconds), f"only {len(self.times)} requests came"

    def wait_for_open(self, requests: int, seconds: float = 30.0) -> None:
        """Wait until so many requests are being answered."""
        with self._lock:
            assert self._lock.wait_for(lambda: self._handling >= requests, seconds), f"only {self._handling} requests came"

    def wait_until_idle(self, seconds: float = 30.0) -> None:
        """Wait for the end of all requests that have come."""
        with self._lock:
            assert self._lock.wait_for(lambda: self._handling == 0, seconds)

    def _answer(self, number: str) -> str | None:
        self.arrived(number)
        with self._lock:
            self.requests[number] += 1
            count = self.requests[number]
            self.times.append(time.monotonic())
            self._lock.notify_all()
        if self.delay:
            time.sleep(self.delay)
        outcome = self.behave(number, count)
        if outcome is not None and outcome != OK:
            with self._lock:
                self.requests[number] -= 1
                self.refused[number] += 1
            return REFUSED.format(code=outcome, to=number)
        with self._lock:
            self.accepted[number] += 1
        return None if outcome is None else ACCEPTED.format(to=number, n=count)

    def __enter__(self) -> CountingGateway:
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
