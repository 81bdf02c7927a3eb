"""The exit status of a command says what happened, and stderr says whether the message may have been sent."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from cli_messages import WRONG_SLIDESHOW
from cli_process import CANARY, COUPON, TO_AND_FROM
from misbehaving_server import Faulty, closed_url, drop, http, refused

from skymms import Client
from skymms.cli import main
from skymms.cli.exit_status import Status

pytestmark = pytest.mark.compat


class TestExitStatus:
    def test_status_2_if_stdin_cannot_be_read(self, tmp_path, monkeypatch, capsys):
        with open(tmp_path / "written", "w") as unreadable:
            monkeypatch.setattr(sys, "stdin", unreadable)
            assert main(["check", "-"]) == Status.USAGE
        assert "cannot read -" in capsys.readouterr().err

    @pytest.mark.parametrize("code", ["E104", "E111", "E503", "E000"])
    def test_status_1_if_the_gateway_refuses(self, run, code):
        with Faulty(http(refused(code))) as server:
            result = run("send", "f", *TO_AND_FROM, "--url", server.url, "--json", f=COUPON)
        assert result.status == Status.REFUSED
        assert (result.json["error"]["code"], result.json["error"]["foreseen"]) == (code, False)
        assert code in result.err
        assert ("may have been sent" in result.err) == result.json["error"]["sent_maybe"] == (code == "E503")

    @pytest.mark.parametrize("body", [refused("E104").replace(b">no<", b">bad key canary-5fa1c0de-key<"), CANARY.encode()])
    def test_a_key_that_the_gateway_echoes_is_masked(self, run, body):
        with Faulty(http(body)) as server:
            result = run("send", "f", *TO_AND_FROM, "--url", server.url, "--json", f=COUPON)
        assert result.status in {Status.REFUSED, Status.NO_RESPONSE}
        assert "***" in result.out
        assert "***" in result.err

    @pytest.mark.parametrize(
        ("argv", "message"),
        [
            ((), "Usage: skymms [OPTIONS] COMMAND [ARGS]..."),
            (("bogus",), "No such command 'bogus'"),
            (("check",), "Missing argument 'FILE'"),
            (("check", "nowhere.toml"), "cannot read nowhere.toml: No such file or directory"),
            (("check", "."), "cannot read .: Is a directory"),
            (("check", "nul\0"), "cannot read"),
            (("check", "f", "--dialect", "klingon"), "'klingon' is not one of"),
            (("send", "f", "--to", "1"), "--from is required: a slideshow file has no sender."),
            (("send", "f", "--from", "1"), "--to is required: a slideshow file has no recipient."),
            (("send", "f", *TO_AND_FROM, "--api-key", "x"), "--api-key"),
            (("send", "f", *TO_AND_FROM, "--url", "gateway.example"), "is not a gateway's URL"),
            (("send", "junk", *TO_AND_FROM), "neither XML nor text in UTF-8"),
            (("send", "listing"), "the file contains a ListMMS request without a slideshow"),
            (("save", "listing"), "the file contains a ListMMS request without a slideshow: use `skymms call`"),
            (("call", "f"), "the file contains a slideshow, not a request"),
            (("call", "nowhere.xml"), "cannot read nowhere.xml"),
            (("report", "nowhere.xml"), "cannot read nowhere.xml"),
            (("check", "postback"), "the root is POSTBACK"),
            (("postback", "f"), "not a postback"),
            (("explain", "E9999"), "skymms does not know E9999"),
        ],
    )
    def test_status_2_for_wrong_usage(self, run, argv, message):
        files = {"f": COUPON, "junk": b"\x89PNG\r\n\x1a\n\x00\xff", "postback": "<POSTBACK/>"}
        listing = b"<REQUEST><ACTION>getMmsIds</ACTION></REQUEST>"
        result = run(*argv, **files, listing=listing)
        assert (result.status, result.out) == (Status.USAGE, "")
        assert message in result.err

    @pytest.mark.parametrize(
        "argv", [("send", "f", *TO_AND_FROM), ("save", "f"), ("list",), ("delete", "1"), ("send-saved", "1"), ("call", "ids")]
    )
    @pytest.mark.parametrize("key", [None, "", " "])
    def test_status_2_without_a_key(self, run, monkeypatch, argv, key):
        monkeypatch.delenv("SKYMMS_API_KEY") if key is None else monkeypatch.setenv("SKYMMS_API_KEY", key)
        result = run(*argv, f=COUPON, ids=b"<REQUEST><ACTION>getMmsIds</ACTION></REQUEST>")
        assert (result.status, result.out) == (Status.USAGE, "")
        assert "SKYMMS_API_KEY" in result.err

    def test_status_3_for_a_lost_response_which_may_have_been_sent(self, run):
        with Faulty(drop) as server:
            result = run("send", "f", *TO_AND_FROM, "--url", server.url, "--json", f=COUPON)
            assert len(server.requests) == 1
        assert result.status == Status.NO_RESPONSE
        assert result.json["error"]["sent_maybe"] is True
        assert "The message may have been sent. Wait for its delivery report" in result.err

    def test_status_3_for_a_response_from_another_server_which_is_printed(self, run):
        with Faulty(http(b"<html>Not here\x9b31m</html>", "404 Not Found")) as server:
            result = run("send", "f", *TO_AND_FROM, "--url", server.url, "--json", f=COUPON)
        assert result.status == Status.NO_RESPONSE
        assert (result.json["error"]["status"], result.json["error"]["sent_maybe"]) == (404, False)
        assert "the response begins: <html>Not here\\x9b31m" in result.err
        assert "Nothing was sent." in result.err

    def test_status_3_for_a_refused_connection_which_sent_nothing(self, run, monkeypatch):
        monkeypatch.setattr("time.sleep", lambda seconds: None)
        result = run("send", "f", *TO_AND_FROM, "--url", closed_url(), f=COUPON)
        assert result.status == Status.NO_RESPONSE
        assert "nothing was sent" in result.err
        assert result.err.count("waiting") == 3
        assert "may have been" not in result.err

    def test_status_3_for_a_lost_response_to_a_deletion_which_may_have_happened(self, run):
        with Faulty(drop) as server:
            result = run("delete", "1", "--url", server.url)
        assert result.status == Status.NO_RESPONSE
        assert "The slideshow may have been deleted. Run `skymms list`" in result.err

    def test_status_4_for_problems_found_before_sending(self, run, gateway):
        before = len(gateway.requests)
        result = run("send", "f", *TO_AND_FROM, "--json", f=WRONG_SLIDESHOW)
        assert (result.status, len(gateway.requests)) == (Status.PROBLEMS, before)
        assert result.json["error"]["foreseen"] is True
        assert {problem["code"] for problem in result.json["error"]["problems"]} == {"E226", "E311", "E313", "E353"}
        assert "E226 slide 1, audio/video" in result.err

    def test_status_4_for_an_unknown_key_in_a_slideshow_file(self, run, gateway):
        result = run("send", "f", *TO_AND_FROM, f=COUPON.replace("image", "imgae"))
        assert result.status == Status.PROBLEMS
        assert "slide 1, imgae" in result.err

    @pytest.mark.parametrize(
        ("argv", "maybe"),
        [
            (("send", "f", *TO_AND_FROM), "The message may have been sent"),
            (("save", "f"), "The slideshow may have been stored"),
            (("list",), None),
        ],
        ids=lambda it: str(it),
    )
    def test_status_130_after_ctrl_c_which_says_what_may_have_happened(self, run, monkeypatch, argv, maybe):
        def interrupted(self: Client, request: Any) -> Any:
            raise KeyboardInterrupt

        monkeypatch.setattr(Client, "_perform", interrupted)
        result = run(*argv, f=COUPON)
        assert (result.status, result.out) == (Status.INTERRUPTED, "")
        assert "interrupted" in result.err
        assert ("may have been" in result.err) == bool(maybe)
        assert maybe is None or maybe in result.err

    @pytest.mark.parametrize(
        "argv", [("explain", "E226"), ("explain", "E226", "--json"), ("check", "f"), ("show", "f", "--raw")]
    )
    def test_status_141_if_the_reader_of_stdout_has_gone(self, monkeypatch, argv, tmp_path):
        class Gone(io.TextIOWrapper):
            def write(self, text: str) -> int:
                raise BrokenPipeError

        class Bytes(io.BytesIO):
            def write(self, data: Any) -> int:
                raise BrokenPipeError

        (tmp_path / "f").write_text(COUPON)
        monkeypatch.setattr(sys, "stdout", Gone(Bytes()))
        assert main(argv) == Status.CLOSED

    def test_status_3_if_the_disk_is_full(self, run, monkeypatch):
        class Full(io.StringIO):
            def write(self, text: str) -> int:
                raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", Full())
            result = run("explain", "E226", "--json")
        assert result.status == Status.NO_RESPONSE
        assert result.err == "cannot write the output: No space left on device\n"
