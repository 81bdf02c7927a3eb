"""`skymms cellcast …`: what each command sends, prints and exits with. Its key is in no output."""

from __future__ import annotations

import json

import cellcast_vectors as said
import pytest
from cellcast_server import CANARY, JPEG, AcceptingGateway, body, form
from misbehaving_server import Faulty, drop, http

from skymms.cli import main
from skymms.cli.exit_status import Status

SHOW = """
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
    (tmp_path / "show.toml").write_text(SHOW.format(kind="png"))


@pytest.fixture
def run(capsys):
    def ran(server, *words):
        url = ["--url", f"http://127.0.0.1:{server.port}/api/v3/"] if server else []
        status = main(["cellcast", words[0], *url, *words[1:]])
        out, err = capsys.readouterr()
        assert CANARY not in out + err
        return status, out, err

    return ran


class TestSend:
    def test_prints_what_became_of_each_number(self, run):
        with Faulty(http(said.SENT_V3)) as server:
            status, out, _ = run(server, "send", "show.toml", "--to", "0491 570 156", "--to", "0491570157")
        assert status == Status.DONE
        assert "+61491570156  A21741CB-9B8E-3956-A1CE-NNNNNNNNNN" in out
        assert "unaccounted" in out
        assert json.loads(body(server.requests[0]))["numbers"] == ["+61491570156", "+61491570157"]

    def test_hands_over_a_file_in_v1(self, run, tmp_path):
        (tmp_path / "cat.jpg").write_bytes(JPEG)
        (tmp_path / "words.toml").write_text('name = "coupon"\n[[slide]]\ntext = "Hi!"\n')
        row = {"Contact": "491570156", "MessageId": "1"}
        with Faulty(http(said.app({"queueResponse": [row]}))) as server:
            words = ("words.toml", "--generation", "v1", "--to", "0491570156", "--media", "cat.jpg", "--from", "Shop", "--json")
            status, out, _ = run(server, "send", *words)
        assert status == Status.DONE
        assert json.loads(out)["queued"] == {"+61491570156": "1"}
        assert form(server.requests[0])["media"] == JPEG

    def test_tells_every_problem_and_calls_nobody(self, run, tmp_path):
        (tmp_path / "show.toml").write_text(SHOW.format(kind="mp4") + "duration = 5\n")
        with Faulty(drop) as server:
            status, _, err = run(server, "send", "show.toml", "--to", "1234567890")
        assert status == Status.PROBLEMS
        assert "slide 1, duration" in err
        assert "slide 1, image" in err
        assert "to[0]" in err
        assert server.requests == []

    @pytest.mark.parametrize("as_json", [True, False])
    def test_prints_what_was_done_before_it_failed(self, run, as_json):
        numbers = [word for last in range(1500) for word in ("--to", f"049157{last:04}")]
        with AcceptingGateway(fails={1}) as server:
            status, out, err = run(server, "send", "show.toml", *numbers, *["--json"] * as_json)
        assert status == Status.NO_ANSWER
        assert "look for its postbacks" in err
        assert "ID+61491570999" in out
        if as_json:
            assert len(json.loads(out)["error"]["partial"]["maybe_sent"]) == 500

    def test_wants_a_generation(self, run, monkeypatch):
        monkeypatch.delenv("SKYMMS_CELLCAST_GENERATION")
        status, _, err = run(None, "send", "show.toml", "--to", "0491570156")
        assert status == Status.USAGE
        assert "never guessed" in err


class TestTheOthers:
    def test_responses(self, run):
        with Faulty(http(said.RESPONSES_V3), http(said.MARKED_V3)) as server:
            status, out, err = run(server, "responses", "--mark-read")
        assert status == Status.DONE
        assert "dba864ec-e486-4647-82c4-d0b94771080b" in out
        assert "1 listed, 1 marked as read" in err

    def test_that_failed_at_once_lists_nothing(self, run):
        with Faulty(http(b"<html>", "401 Unauthorized")) as server:
            status, out, err = run(server, "responses")
        assert (status, out) == (Status.NO_ANSWER, "")
        assert "listed" not in err

    def test_mark_read_of_nothing_is_not_of_everything(self, run):
        with Faulty(http(said.MARKED_V3)) as server:
            assert run(server, "mark-read")[0] == Status.PROBLEMS
            assert server.requests == []
            assert run(server, "mark-read", "dba864ec")[0] == Status.DONE
            assert run(server, "mark-read", "--before", "2026-11-01")[0] == Status.DONE
            assert run(server, "mark-read", "--everything")[0] == Status.DONE
        assert [json.loads(body(request)) for request in server.requests] == [
            {"message_id": "dba864ec"},
            {"date_before": "2026-11-01"},
            {},
        ]

    def test_optouts_and_an_empty_list(self, run):
        with Faulty(http(said.OPTOUT_V3)) as server:
            _, out, _ = run(server, "optouts", "--json")
        assert json.loads(out)["rows"][0]["number"] == "+61491570157"
        with Faulty(http(said.EMPTY_V3)) as server:
            status, out, err = run(server, "optouts")
        assert (status, out) == (Status.DONE, "")
        assert "0 listed" in err

    def test_balance(self, run):
        with Faulty(http(said.BALANCE_V3)) as server:
            status, out, _ = run(server, "balance", "--json")
        assert status == Status.DONE
        assert json.loads(out)["mms"] == "1006.00"

    def test_a_refusal(self, run):
        refused = http(said.v3(status="AUTH_FAILED", code=401, msg=f"{CANARY} is invalid"), "401 Unauthorized")
        with Faulty(refused) as server:
            status, _, err = run(server, "balance")
        assert status == Status.REFUSED
        assert "AUTH_FAILED: *** is invalid" in err
