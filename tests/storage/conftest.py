"""Programs that use a store at the same time as a test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

WORKER = Path(__file__).parents[1] / "support" / "storage_worker.py"


@pytest.fixture
def worker() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `storage_worker.py` with a store and an action."""
    started: list[subprocess.Popen[str]] = []

    def start(where: str, action: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "error", str(WORKER), where, action]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()
