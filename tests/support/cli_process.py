"""Runs the command line, in this process and as a process of its own."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

import skymms.client
from skymms.cli import main

CANARY = "canary-5fa1c0de-key"

COUPON = """
name = "Membership coupon"
subject = "Welcome"
fallback_text = "Your coupon is waiting."

[[slide]]
image = "http://media.example/welcome.jpg"
text = "Good to have you with us."
duration = 5
"""
ADDRESSED = ("--to", "15551234888", "--from", "60856")


class Ran(NamedTuple):
    """What became of a command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """A key, no other settings, wide lines, and a folder of its own."""
    for name in (
        "SKYMMS_DIALECT",
        "SKYMMS_URL",
        "NO_COLOR",
        "FORCE_COLOR",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SKYMMS_API_KEY", CANARY)
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def skymms_(capsys, monkeypatch):
    """Runs a command in this process; ``files`` are written first, ``stdin`` is there to be read."""

    def run(*argv: str, stdin: bytes | None = None, **files: str | bytes) -> Ran:
        for name, words in files.items():
            with open(name, "wb") as file:
                file.write(words.encode() if isinstance(words, str) else words)
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = main(argv)
        out, err = capsys.readouterr()
        assert CANARY not in out + err
        assert "Traceback" not in err
        return Ran(status, out, err)

    return run


# ------------------------------------------------------------------------------------------------ as a process


def surroundings(**changes: str | None) -> Mapping[str, str]:
    return {name: value for name, value in {**os.environ, **changes}.items() if value is not None}


def process(*argv: str, stdin: bytes = b"", **changes: str | None) -> Ran:
    """Runs a command as a process of its own, somewhere else; ``changes`` are to the environment, None takes away."""
    done = subprocess.run(
        [sys.executable, "-m", "skymms", *argv],
        input=stdin,
        capture_output=True,
        env=surroundings(**{"PYTHONPATH": PYTHONPATH, "PYTHONIOENCODING": "utf-8", **changes}),
        timeout=60,
    )
    ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert CANARY not in ran.out + ran.err
    assert "Traceback" not in ran.err
    return ran


#: The skymms that is tested here is the one that is run there.
PYTHONPATH = os.path.dirname(os.path.dirname(os.path.abspath(skymms.__file__)))

#: Ctrl-C works in a child even where whoever runs the tests has switched it off.
INTERRUPTIBLE = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
