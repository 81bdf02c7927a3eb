"""Servers with an inbox, each in a process of its own: see inbox_applications.py."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("inbox_applications.py")
REPORT = (
    "<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><STATUS>Message Sent/Delivered</STATUS><TO>15551234888</TO>"
    "<TIMESTAMP>2026-11-30T09:00:00+00:00</TIMESTAMP><TRACKINGID>{}</TRACKINGID></POSTBACK>"
)
CANARY = "canary" + "0123456789-abcdefghijklmnopqrstuvwxyz_ABCDEF"


def report(tracking_id: str = "MMS_1") -> bytes:
    """Return the body of a delivery report."""
    return REPORT.format(tracking_id).encode()


class InboxServer:
    """A server in a process of its own, on a port that the system chose. It can be killed and started again."""

    def __init__(self, server: str, app: str, where: str, log: Path, secret: str = CANARY, **options: Any) -> None:
        self.secret = secret
        self._log = log
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._command = [sys.executable, str(PROGRAM), server, app]
        self._env = {**os.environ, "INBOX_STORE": where, "SKYMMS_INBOX_SECRET": secret, "INBOX_OPTIONS": json.dumps(options)}
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server. Requests wait in the queue of its socket until it accepts them."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._command, str(self._socket.fileno())],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[self._socket.fileno()],
                start_new_session=True,
            )
        return self.process

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def renew_socket(self) -> None:
        """Close the socket, so that connections that no server accepted are closed too, and take another port."""
        self._socket.close()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)

    def kill(self) -> None:
        """Kill the server and its workers, and wait for their end."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """Ask the server to stop, and wait for its end."""
        self.process.terminate()
        self.process.wait(90)  # gunicorn gives a worker 30 seconds to end a request

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self._socket.close()

    @property
    def log(self) -> str:
        """Everything that the server has printed."""
        return self._log.read_text(errors="replace")

    @property
    def path(self) -> str:
        return f"/mms/{self.secret}"

    def request(
        self,
        method: str,
        path: str | None = None,
        body: bytes | Iterable[bytes] | None = None,
        **headers: str,
    ) -> tuple[int, str]:
        """Send a request; return the status and the text of the answer. An iterable of bytes is sent in chunks.

        The status is 0 if the server closed the connection before the request was sent.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, self.path if path is None else path, body, named)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (BrokenPipeError, ConnectionResetError):
            return 0, ""
        finally:
            connection.close()

    def post(self, body: bytes | Iterable[bytes], path: str | None = None, **headers: str) -> int:
        """Post a body; return the status."""
        return self.request("POST", path, body, **{"Content_Type": "text/xml", **headers})[0]

    def send_raw(self, *parts: bytes) -> bytes:
        """Send bytes and no more; return everything that arrives until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as raw:
            # Some servers refuse the head, and close the connection before all of it was sent.
            with suppress(ConnectionError):
                for part in parts:
                    raw.sendall(part)
            with suppress(OSError):
                raw.shutdown(socket.SHUT_WR)
            arrived = bytearray()
            with suppress(ConnectionError):
                while more := raw.recv(65536):
                    arrived += more
            return bytes(arrived)


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., InboxServer]]:
    """Starts servers: ``serve("uvicorn", "plain_asgi", where, **options)``."""
    started: list[InboxServer] = []

    def start(server: str, app: str, where: str, **options: Any) -> InboxServer:
        started.append(InboxServer(server, app, where, tmp_path / f"{secrets.token_hex(4)}.log", **options))
        return started[-1]

    yield start
    for server in started:
        server.close()
