"""A Redis server of a test's own, on a free port, which keeps nothing on the disk and may be restarted in the middle."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import missing


class PrivateRedis:
    """A running server."""

    def __init__(self, program: str, directory: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
        self._start()

    def _start(self) -> None:
        self._server = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ends = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                assert time.monotonic() < ends
                time.sleep(0.02)

    def restart(self) -> None:
        """Kill the server and start it again: what was in its queues is lost."""
        self.stop()
        self._start()

    def stop(self) -> None:
        """Kill the server."""
        self._server.kill()
        self._server.wait()


@pytest.fixture
def private_redis(tmp_path: Path) -> Iterator[PrivateRedis]:
    """A server of the test's own."""
    program = shutil.which("redis-server")
    if program is None:
        missing("redis-server is not installed")
    server = PrivateRedis(program, tmp_path)
    try:
        yield server
    finally:
        server.stop()
