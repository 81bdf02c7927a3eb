"""A PostgreSQL server of a test's own, which may be restarted in the middle: made with initdb, on a free port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import missing


class PrivateServer:
    """A running server. ``url`` is its database."""

    def __init__(self, programs: Path, directory: Path) -> None:
        self._programs = programs
        self._data = directory / "data"
        self._log = directory / "log"
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self._run("initdb", "-U", "postgres", "--auth=trust", "--no-sync", "-D", self._data)
        self._control("start", "-o", f"-p {port} -k {directory} -c listen_addresses=127.0.0.1")

    def restart(self) -> None:
        """Restart the server as after a crash: connections break, and it recovers from its log."""
        self._control("restart", "-m", "immediate")

    def stop(self) -> None:
        """Stop the server."""
        self._control("stop", "-m", "immediate")

    def _control(self, verb: str, *options: str) -> None:
        self._run("pg_ctl", verb, "-w", "-D", self._data, "-l", self._log, *options)

    def _run(self, program: str, *arguments: str | Path) -> None:
        # A server refuses to run as root.
        user = "postgres" if os.getuid() == 0 else None
        done = subprocess.run(
            [self._programs / program, *arguments],
            user=user, group=user, extra_groups=[] if user else None, cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


@pytest.fixture
def private_postgres() -> Iterator[PrivateServer]:
    """A server of the test's own."""
    found = [*sorted(Path("/usr/lib/postgresql").glob("*/bin")), Path(shutil.which("initdb") or "/none/initdb").parent]
    programs = next((one for one in found if (one / "initdb").exists() and (one / "postgres").exists()), None)
    if programs is None:
        missing("the programs of a PostgreSQL server are not installed")
    with tempfile.TemporaryDirectory() as directory:
        if os.getuid() == 0:
            shutil.chown(directory, "postgres", "postgres")
        server = PrivateServer(programs, Path(directory))
        try:
            yield server
        finally:
            server.stop()
