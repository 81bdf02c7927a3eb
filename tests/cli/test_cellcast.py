"""`skymms cellcast …`: the requests, the output and the exit status of each command."""

from __future__ import annotations

import json

import cellcast_vectors as vectors
import pytest
from cellcast_server import CANARY, JPEG, AcceptingGateway, body, form
from media_files import served
from misbehaving_server import Faulty, drop, http

from skymms.cli import main
from skymms.cli.exit_status import Status

pytestmark = pytest.mark.compat

SLIDESHOW = """
name = "coupon"
[[slide]]
text = "Hi!"
image = "http://media.example/welcome.{kind}"
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for name in ("SKYMMS_CELLCAST_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SKYMMS_CELLCAST_KEY", CANARY)
    monkeypatch.setenv("SKYMMS_CELLCAST_GENERATION", "v3")
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slideshow.toml").write_text(SLIDESHOW.format(kind="png"))


@pytest.fixture
def run_cellcast(capsys):
    """Runs `skymms cellcast …` against a server and returns the exit status, stdout and stderr."""

    def run_main(server, *arguments):
        url = ["--url", f"http://127.0.0.1:{server.port}/api/v3/"] if server else []
        status = main(["cellcast", arguments[0], *url, *arguments[1:]])
        out, err = capsys.readouterr()
        assert CANARY not in out + err
        return status, out, err

    return run_main


class TestSend:
    def test_cellcast_send_prints_the_result_for_each_number(self, run_cellcast):
        with Faulty(http(vectors.SENT_V3)) as server:
            status, out, _ = run_cellcast(server, "send", "slideshow.toml", "--to", "0491 570 156", "--to", "0491570157")
        assert status == Status.DONE
        assert "+61491570156  A21741CB-9B8E-3956-A1CE-NNNNNNNNNN" in out
        assert "unaccounted" in out
        assert json.loads(body(server.requests[0]))["numbers"] == ["+61491570156", "+61491570157"]

    def test_cellcast_send_uploads_a_file_in_v1(self, run_cellcast, tmp_path):
        (tmp_path / "cat.jpg").write_bytes(JPEG)
        (tmp_path / "text.toml").write_text('name = "coupon"\n[[slide]]\ntext = "Hi!"\n')
        row = {"Contact": "491570156", "MessageId": "1"}
        with Faulty(http(vectors.app({"queueResponse": [row]}))) as server:
            options = (
                "text.toml",
                "--generation",
                "v1",
                "--to",
                "0491570156",
                "--media",
                "cat.jpg",
                "--from",
                "Shop",
                "--json",
            )
            status, out, _ = run_cellcast(server, "send", *options)
        assert status == Status.DONE
        assert json.loads(out)["queued"] == {"+61491570156": "1"}
        assert form(server.requests[0])["media"] == JPEG

    @pytest.mark.parametrize("option", ["--file", "--media"])
    def test_cellcast_send_uploads_a_file_in_v3(self, run_cellcast, tmp_path, option):
        (tmp_path / "cat.jpg").write_bytes(JPEG)
        (tmp_path / "text.toml").write_text('name = "coupon"\n[[slide]]\ntext = "Hi!"\n')
        with Faulty(http(vectors.SENT_V3)) as server:
            status, _, err = run_cellcast(server, "send", "text.toml", "--to", "0491570156", option, "cat.jpg")
        assert (status, "warning" in err) == (Status.DONE, False)
        assert form(server.requests[0])["mms_file"] == JPEG
        assert json.loads(form(server.requests[0])["numbers"]) == ["+61491570156"]

    def test_cellcast_send_refuses_a_file_that_is_too_large(self, run_cellcast, tmp_path):
        (tmp_path / "cat.jpg").write_bytes(JPEG.ljust(400_000))
        (tmp_path / "text.toml").write_text('name = "coupon"\n[[slide]]\ntext = "Hi!"\n')
        with Faulty(drop) as server:
            status, _, err = run_cellcast(server, "send", "text.toml", "--to", "0491570156", "--file", "cat.jpg")
            assert run_cellcast(server, "send", "text.toml", "--to", "0491570156", "--file", "dog.jpg")[0] == Status.USAGE
        assert (status, server.requests) == (Status.PROBLEMS, [])
        assert "media: 400,003 bytes with the texts, more than the 380,000 allowed" in err

    def test_cellcast_send_prints_warnings_and_sends(self, run_cellcast, tmp_path):
        (tmp_path / "slideshow.toml").write_text(SLIDESHOW.format(kind="png").replace("media.example", "192.168.0.7"))
        with Faulty(http(vectors.SENT_V3)) as server:
            status, _, err = run_cellcast(server, "send", "slideshow.toml", "--to", "0491570156")
        assert status == Status.DONE
        assert "warning: slide 1, image: the gateway cannot fetch it" in err

    def test_cellcast_send_sends_other_files_if_they_are_allowed(self, run_cellcast, tmp_path):
        (tmp_path / "slideshow.toml").write_text(SLIDESHOW.format(kind="mp4").replace("image", "video"))
        with Faulty(http(vectors.SENT_V3)) as server:
            status, _, err = run_cellcast(server, "send", "slideshow.toml", "--to", "0491570156")
            assert (status, "and give --allow-other-files\n" in err) == (Status.PROBLEMS, True)
            status, _, _ = run_cellcast(server, "send", "slideshow.toml", "--to", "0491570156", "--allow-other-files")
        assert status == Status.DONE
        assert json.loads(body(server.requests[0]))["mms_file"] == "http://media.example/welcome.mp4"

    def test_cellcast_send_prints_every_problem_and_sends_nothing(self, run_cellcast, tmp_path):
        (tmp_path / "slideshow.toml").write_text(SLIDESHOW.format(kind="mp4") + "duration = 5\n")
        with Faulty(drop) as server:
            status, _, err = run_cellcast(server, "send", "slideshow.toml", "--to", "1234567890")
        assert status == Status.PROBLEMS
        assert "slide 1, duration" in err
        assert "slide 1, image" in err
        assert "to[0]" in err
        assert server.requests == []

    @pytest.mark.parametrize("number", ["0491570156.0", "+61 (0)491 570 156", "0491570156 (2)", "0491570156/9"])
    def test_cellcast_send_refuses_a_number_that_could_become_another(self, run_cellcast, number):
        with Faulty(drop) as server:
            status, _, err = run_cellcast(server, "send", "slideshow.toml", "--to", number)
        assert (status, server.requests) == (Status.PROBLEMS, [])
        assert "is not an Australian mobile number" in err

    @pytest.mark.parametrize("as_json", [True, False])
    def test_cellcast_send_prints_the_partial_result_before_a_failure(self, run_cellcast, as_json):
        numbers = [argument for last in range(1500) for argument in ("--to", f"049157{last:04}")]
        with AcceptingGateway(fails={1}) as server:
            status, out, err = run_cellcast(server, "send", "slideshow.toml", *numbers, *["--json"] * as_json)
        assert status == Status.NO_RESPONSE
        assert "Wait for its delivery report" in err
        assert "ID+61491570999" in out
        if as_json:
            assert len(json.loads(out)["error"]["partial"]["maybe_sent"]) == 500

    def test_cellcast_send_requires_a_generation(self, run_cellcast, monkeypatch):
        monkeypatch.delenv("SKYMMS_CELLCAST_GENERATION")
        status, _, err = run_cellcast(None, "send", "slideshow.toml", "--to", "0491570156")
        assert status == Status.USAGE
        assert "never guessed" in err


class TestOtherCommands:
    def test_cellcast_responses_are_listed_and_marked_as_read(self, run_cellcast):
        with Faulty(http(vectors.RESPONSES_V3), http(vectors.MARKED_V3)) as server:
            status, out, err = run_cellcast(server, "responses", "--mark-read")
        assert status == Status.DONE
        assert "dba864ec-e486-4647-82c4-d0b94771080b" in out
        assert "1 listed, 1 marked as read" in err

    def test_a_cellcast_list_whose_first_page_fails_prints_nothing(self, run_cellcast):
        with Faulty(http(b"<html>", "401 Unauthorized")) as server:
            status, out, err = run_cellcast(server, "responses")
        assert (status, out) == (Status.NO_RESPONSE, "")
        assert "listed" not in err

    def test_cellcast_mark_read_without_arguments_is_refused(self, run_cellcast):
        with Faulty(http(vectors.MARKED_V3)) as server:
            assert run_cellcast(server, "mark-read")[0] == Status.PROBLEMS
            assert server.requests == []
            assert run_cellcast(server, "mark-read", "dba864ec")[0] == Status.DONE
            assert run_cellcast(server, "mark-read", "--before", "2026-11-01")[0] == Status.DONE
            assert run_cellcast(server, "mark-read", "--everything")[0] == Status.DONE
        assert [json.loads(body(request)) for request in server.requests] == [
            {"message_id": "dba864ec"},
            {"date_before": "2026-11-01"},
            {},
        ]

    def test_cellcast_optouts_are_listed_also_if_there_are_none(self, run_cellcast):
        with Faulty(http(vectors.OPTOUT_V3)) as server:
            _, out, _ = run_cellcast(server, "optouts", "--json")
        assert json.loads(out)["rows"][0]["number"] == "+61491570157"
        with Faulty(http(vectors.EMPTY_V3)) as server:
            status, out, err = run_cellcast(server, "optouts")
        assert (status, out) == (Status.DONE, "")
        assert "0 listed" in err

    def test_the_cellcast_balance_is_printed_as_json(self, run_cellcast):
        with Faulty(http(vectors.BALANCE_V3)) as server:
            status, out, _ = run_cellcast(server, "balance", "--json")
        assert status == Status.DONE
        assert json.loads(out)["mms"] == "1006.00"

    def test_a_refusal_by_cellcast_has_exit_status_1_and_masks_the_key(self, run_cellcast):
        refused = http(vectors.v3(status="AUTH_FAILED", code=401, msg=f"{CANARY} is invalid"), "401 Unauthorized")
        with Faulty(refused) as server:
            status, _, err = run_cellcast(server, "balance")
        assert status == Status.REFUSED
        assert "AUTH_FAILED: *** is invalid" in err


class TestCheck:
    @pytest.mark.parametrize(
        ("argv", "kind", "status", "message"),
        [
            ((), "png", Status.DONE, "No problems in the slideshow."),
            (("--generation", "v1"), "png", Status.PROBLEMS, "does not end in .gif"),
            (("--to", "15551234888"), "png", Status.PROBLEMS, "is not an Australian mobile number"),
            (("--file", "cat.jpg"), "png", Status.PROBLEMS, "Cellcast sends one file in a message"),
            (("--private",), "png", Status.USAGE, "--private needs --media"),
            (("--from", "x"), "png", Status.USAGE, "--from is not supported in Cellcast v3"),
        ],
    )
    def test_problems_are_found_without_a_key(self, run_cellcast, monkeypatch, tmp_path, argv, kind, status, message):
        monkeypatch.delenv("SKYMMS_CELLCAST_KEY")
        (tmp_path / "slideshow.toml").write_text(SLIDESHOW.format(kind=kind))
        (tmp_path / "cat.jpg").write_bytes(JPEG)
        found, out, err = run_cellcast(None, "check", "slideshow.toml", *argv)
        assert found == status
        assert message in out + err

    def test_media_looks_at_the_files_as_the_gateway_does(self, run_cellcast, tmp_path):
        with Faulty(served("image"), http(b"", "404 Not Found")) as server:
            url = f"http://127.0.0.1:{server.port}/welcome.png"
            (tmp_path / "slideshow.toml").write_text(SLIDESHOW.replace("http://media.example/welcome.{kind}", url))
            status, out, _ = run_cellcast(None, "check", "slideshow.toml", "--media", "--private")
            assert (status, "image/png" in out) == (Status.DONE, True)
            status, out, _ = run_cellcast(None, "check", "slideshow.toml", "--media", "--private", "--json")
            assert status == Status.PROBLEMS
            assert json.loads(out)["problems"][0]["field"] == "image"
            # Without the option nothing is fetched.
            assert run_cellcast(None, "check", "slideshow.toml")[0] == Status.DONE
        assert len(server.requests) == 2
