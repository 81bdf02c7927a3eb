"""Runs the command line: in this process (`run`), or as a separate process (`run_process`)."""

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
from client_calls import CANARY

import skymms.client
from skymms.cli import main

COUPON = """
name = "Membership coupon"
subject = "Welcome"
fallback_text = "Your coupon is waiting."

[[slide]]
image = "http://media.example/welcome.jpg"
text = "Good to have you with us."
duration = 5
"""
TO_AND_FROM = ("--to", "15551234888", "--from", "60856")


class Result(NamedTuple):
    """The exit status of a command and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """An API key and no other settings in the environment, wide lines, and an empty working directory."""
    unwanted = {"NO_COLOR", "FORCE_COLOR", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "XDG_CONFIG_HOME"}
    for name in list(os.environ):
        if name.startswith("SKYMMS_") or name in unwanted:
            monkeypatch.delenv(name)
    monkeypatch.setenv("SKYMMS_API_KEY", CANARY)
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys, monkeypatch):
    """Runs a command in this process.

    ``run("send", "f", f=COUPON)`` writes COUPON to the file f and runs `skymms send f`; ``stdin`` is what the command can read.
    """

    def run_main(*argv: str, stdin: bytes | None = None, **files: str | bytes) -> Result:
        for name, content in files.items():
            with open(name, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = main(argv)
        out, err = capsys.readouterr()
        assert CANARY not in out + err
        assert "Traceback" not in err
        return Result(status, out, err)

    return run_main


# ------------------------------------------------------------------------------------------------ processes


def environ(**changes: str | None) -> Mapping[str, str]:
    """The environment with some variables set, or removed if the value is None."""
    return {name: value for name, value in {**os.environ, **changes}.items() if value is not None}


def run_process(*argv: str, stdin: bytes = b"", **changes: str | None) -> Result:
    """Runs a command as a separate process, with changes to the environment as in :func:`environ`."""
    done = subprocess.run(
        [sys.executable, "-m", "skymms", *argv],
        input=stdin,
        capture_output=True,
        env=environ(**{"PYTHONPATH": PYTHONPATH, "PYTHONIOENCODING": "utf-8", **changes}),
        timeout=60,
    )
    result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert CANARY not in result.out + result.err
    assert "Traceback" not in result.err
    return result


#: Makes a child process import the same skymms as the tests.
PYTHONPATH = os.path.dirname(os.path.dirname(os.path.abspath(skymms.__file__)))


def allow_interrupt() -> None:
    """A ``preexec_fn`` that makes Ctrl-C work in the child, even if the tests were started with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
