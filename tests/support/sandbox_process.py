"""A sandbox in a process of its own, which a test asks for its use of memory or time."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest


@contextlib.contextmanager
def sandbox_process(program: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """Run a program that prints the URL of its sandbox, and then a line for each line that it reads.

    Yields the URL, and a function that returns the next line of the program.
    """
    pytest.importorskip("resource")
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        stdin, stdout = running.stdin, running.stdout
        assert stdin
        assert stdout

        def ask() -> str:
            stdin.write("\n")
            stdin.flush()
            return stdout.readline()

        yield stdout.readline().strip(), ask
        stdin.close()
