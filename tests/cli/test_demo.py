"""`skymms demo`: every step runs against a local sandbox, and a wrong result fails the demo."""

from __future__ import annotations

import re
from typing import Any

from cli_process import run_process

from skymms.cli.exit_status import Status
from skymms.codes import EVENTS


class TestDemo:
    def test_the_demo_runs_every_step_without_a_key(self, run, monkeypatch):
        monkeypatch.delenv("SKYMMS_API_KEY")
        # Settings for a real gateway must not be used.
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("SKYMMS_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("SKYMMS_DIALECT", "sinch")
        result = run("demo")
        assert (result.status, result.err) == (0, "")
        steps = re.findall(r"^(\d)\. ", result.out, re.MULTILINE)
        assert steps == [str(at) for at in range(1, len(steps) + 1)]
        assert "AudioWithVideoError: E226 slide 3" in result.out
        assert "<API_KEY>***</API_KEY>" in result.out
        assert "&api_key=***" in result.out
        assert "sandbox-key" not in result.out
        meanings = {"N003": EVENTS["N003"].meaning, "N101": EVENTS["N101"].meaning, "N102": "delivered"}
        for code, times in {"N003": 1, "N101": 4, "N102": 4}.items():
            assert len(re.findall(f"^ {code} +{re.escape(meanings[code])} ", result.out, re.MULTILINE)) == times

    def test_the_demo_fits_80_columns_without_colour(self):
        result = run_process("demo", COLUMNS=None)
        assert result.status == 0, result.err
        assert max(map(len, result.out.splitlines())) <= 80
        assert "\x1b" not in result.out

    def test_the_demo_fails_if_a_step_has_another_result(self, run, monkeypatch):
        monkeypatch.setattr("skymms.cli.demo.POSTBACK_TIMEOUT", 0.0)
        monkeypatch.setattr("skymms.cli.demo.PostbackReceiver.wait", lambda self, count, timeout: self.notices)
        monkeypatch.setattr("skymms.cli.demo.PostbackReceiver.notices", ())
        result = run("demo")
        assert result.status == Status.NO_RESPONSE
        assert "the demo failed: expected that every message is reported" in result.err

    def test_the_demo_fails_if_the_postbacks_do_not_arrive(self, run, monkeypatch):
        def late(self: Any, count: int, timeout: float) -> None:
            raise TimeoutError("0 of 9 notices came")

        monkeypatch.setattr("skymms.cli.demo.PostbackReceiver.wait", late)
        result = run("demo")
        assert result.status == Status.NO_RESPONSE
        assert "the demo failed: 0 of 9 notices came" in result.err
