"""``--dry-run``: what would go out is printed, nothing is sent, and the exit status is that of a check."""

from __future__ import annotations

import json

import pytest
from broadcast_files import LIST, NUMBERS, create
from cellcast_server import JPEG
from cli_messages import JSON_SLIDESHOW, SLIDESHOW, WRONG_SLIDESHOW, encode, service_id
from cli_process import CANARY, COUPON, TO_AND_FROM
from misbehaving_server import SENT, Faulty, http

from skymms import Account, SaveMMS, SendMMS, SendMMSBarcode, SendSavedMMSCampaign, Subscribe
from skymms.cellcast import MAX_NUMBERS
from skymms.sandbox import Sandbox
from skymms.wire.dialects import DIALECTS

DRY = "--dry-run"
CELLCAST = 'name = "coupon"\n[[slide]]\ntext = "Hi!"\nimage = "http://media.example/welcome.png"\n'
BOB = "0491570156"


@pytest.fixture(autouse=True)
def no_key(monkeypatch, environment) -> None:
    """A dry run needs no key."""
    monkeypatch.delenv("SKYMMS_API_KEY")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_printed_request_is_the_one_that_is_sent(run, sandbox, monkeypatch, dialect):
    show = JSON_SLIDESHOW if dialect == "sinch-json" else SLIDESHOW
    file = encode(dialect, SendMMS(show, to="15551234888", sender="60856", service_id=service_id(dialect)))
    before = len(sandbox.requests)
    dry = run("send", "f", DRY, "--json", "--url", sandbox.account(dialect).address, f=file)
    assert (dry.status, dry.err, len(sandbox.requests)) == (0, "", before)
    assert (dry.json["dry_run"], dry.json["messages"]) == (True, 1)
    (request,) = dry.json["requests"]
    shown = run("show", "f", "--json", "--url", sandbox.account(dialect).address).json
    assert request == shown
    with Faulty(http(SENT)) as server:
        monkeypatch.setenv("SKYMMS_API_KEY", CANARY)
        run("send", "f", "--url", server.url)
    sent = server.requests[0]
    assert sent.startswith(request["method"].encode())
    if dialect.startswith("sinch"):
        document = request["document"].replace("***", CANARY).encode()
        assert sent.endswith(document)


def test_text_has_the_method_the_address_the_headers_and_the_document(run):
    result = run("send", "f", *TO_AND_FROM, DRY, f=COUPON)
    assert result.out.startswith(f"POST {DIALECTS['skycore'].url}\n")
    assert "\nContent-Type: application/x-www-form-urlencoded" in result.out
    assert "\n\n<REQUEST>\n  <ACTION>sendMMS</ACTION>\n  <API_KEY>***</API_KEY>\n" in result.out
    assert result.err == "Nothing was sent. Without --dry-run 1 message would go out in 1 request.\n"
    get = run("send", "f", *TO_AND_FROM, DRY, "--dialect", "skycore-get")
    assert get.out.startswith(f"GET {DIALECTS['skycore-get'].url}\n?action=sendmms\n&api_key=***\n&to=15551234888\n")
    key = run("send", "f", *TO_AND_FROM, DRY, "--dialect", "sinch-json", "--service-id", "1", f=COUPON.replace("duration", "#"))
    assert "\nx-api-key: ***\n" in key.out


def test_defaults_of_the_account_are_in_the_request(run, monkeypatch):
    monkeypatch.setenv("SKYMMS_SENDER", "60857")
    monkeypatch.setenv("SKYMMS_SERVICE_ID", "77")
    result = run("send", "f", "--to", "15551234888", DRY, "--dialect", "sinch", f=COUPON)
    assert "<from>60857</from>" in result.out
    assert "<service-id>77</service-id>" in result.out


@pytest.mark.parametrize(
    ("argv", "files", "messages", "summary"),
    [
        (("save", "f"), {"f": COUPON}, 0, "no message would go out, and 1 request."),
        (("save", "f"), {"f": encode("skycore", SaveMMS(SLIDESHOW))}, 0, "no message would go out, and 1 request."),
        (("send-saved", "7", *TO_AND_FROM), {}, 1, "1 message would go out in 1 request."),
        (("call", "f"), {"f": encode("skycore", Subscribe("15551234888", campaign="1"))}, 0, "no message would go out"),
        (
            ("call", "f"),
            {"f": encode("skycore", SendMMSBarcode("1", to="15551234888", sender="60856", barcode_id="2"))},
            1,
            "1 message would go out in 1 request.",
        ),
        (("call", "f"), {"f": encode("skycore", SendSavedMMSCampaign("1", to_campaign="2"))}, None, "only the gateway knows"),
    ],
)  # fmt: skip
def test_how_many_messages_would_go_out(run, gateway, argv, files, messages, summary):
    before = len(gateway.requests)
    result = run(*argv, DRY, **files)
    assert (result.status, len(gateway.requests)) == (0, before), result.err
    assert summary in result.err
    assert run(*argv, DRY, "--json").json["messages"] == messages


@pytest.mark.parametrize(
    ("argv", "files", "status", "message"),
    [
        (("send", "f", *TO_AND_FROM), {"f": WRONG_SLIDESHOW}, 4, "E22"),
        (("send", "f"), {"f": COUPON}, 2, "--to is required"),
        (("send-saved", "7", "--to", "nobody", "--from", "60856"), {}, 4, "E110"),
        (("send-saved", "7", *TO_AND_FROM, "--data", "a=b", "--dialect", "sinch-json"), {}, 2, "--data is not supported"),
        (("call", "f", "--dialect", "sinch"), {"f": encode("skycore", Subscribe("15551234888", campaign="1"))}, 2, "Subscribe"),
    ],
)
def test_the_exit_status_is_that_of_a_check(run, gateway, argv, files, status, message):
    result = run(*argv, DRY, **files)
    assert (result.status, result.out) == (status, "")
    assert message in result.err


class TestCellcast:
    def test_a_request_for_each_thousand_numbers(self, run):
        numbers = [f"04915{at:05}" for at in range(MAX_NUMBERS + 1)]
        to = [part for number in numbers for part in ("--to", number)]
        dry = run("cellcast", "send", "f", *to, DRY, "--generation", "v3", "--json", f=CELLCAST).json
        assert dry["messages"] == MAX_NUMBERS + 1
        assert [len(json.loads(one["document"])["numbers"]) for one in dry["requests"]] == [MAX_NUMBERS, 1]
        assert [one["headers"]["APPKEY"] for one in dry["requests"]] == ["***", "***"]
        text = run("cellcast", "send", "f", *to, DRY, "--generation", "v3")
        assert text.out.count("POST https://cellcast.com.au/api/v3/send-mms\n") == 2
        assert text.err.endswith("Without --dry-run 1,001 messages would go out in 2 requests.\n")

    def test_of_an_uploaded_file_its_name_and_size_are_printed(self, run, tmp_path):
        (tmp_path / "cat.jpg").write_bytes(JPEG)
        result = run(
            "cellcast",
            "send",
            "f",
            "--to",
            BOB,
            DRY,
            "--generation",
            "v1",
            "--file",
            "cat.jpg",
            f=CELLCAST.replace("image", "#"),
        )
        assert result.status == 0
        assert "\nAuthorization: Bearer ***\n" in result.out
        assert f"\nmedia: the file media.jpg, {len(JPEG):,} bytes\n" in result.out
        assert '\ncontacts: ["' in result.out

    def test_problems_are_found_before(self, run):
        result = run("cellcast", "send", "f", "--to", "15551234888", DRY, "--generation", "v3", f=CELLCAST)
        assert (result.status, result.out) == (4, "")
        assert "is not an Australian mobile number" in result.err


class TestBroadcast:
    def test_a_run_shows_the_first_request_and_how_many_are_ready(self, run, sandbox: Sandbox):
        account: Account = sandbox.account()
        create(run)
        before = len(sandbox.requests)
        result = run("broadcast", "run", "spring", DRY, "--url", account.address)
        assert (result.status, len(sandbox.requests)) == (0, before)
        assert f"POST {account.address}\n" in result.out
        assert NUMBERS[0] in result.out
        assert "3 messages would go out." in result.err
        assert "that of the first recipient" in result.err
        document = run("broadcast", "run", "spring", DRY, "--json").json
        assert (document["messages"], len(document["requests"])) == (3, 1)
        assert run("broadcast", "status", "spring", "--json").json["counts"] == {"ready": 3}

    def test_a_run_that_would_not_send_says_so(self, run):
        create(run)
        run("broadcast", "pause", "spring")
        assert run("broadcast", "run", "spring", DRY).status == 6
        run("broadcast", "resume", "spring")
        assert run("broadcast", "run", "spring", DRY, "--dialect", "sinch").status == 4
        run("broadcast", "cancel", "spring")
        assert "no message would go out" in run("broadcast", "run", "spring", DRY).err

    def test_a_run_without_recipients_is_an_error(self, run):
        create(run, people="mobile\n")
        result = run("broadcast", "run", "spring", DRY)
        assert result.status in (2, 3)
        assert "no recipients" in result.err or "there is no broadcast" in result.err or "no ledger" in result.err

    def test_a_plan_is_checked_and_not_kept(self, run, tmp_path):
        result = create(run, DRY, people=LIST + f"{NUMBERS[0]},Twin,d\n")
        assert result.status == 0
        assert "Lines left out: 1 duplicate" in result.out
        assert "Nothing has been sent, and nothing is kept." in result.err
        assert not (tmp_path / "skymms.db").exists()
        wrong = create(run, DRY, people=LIST + "nobody,x,y\n")
        assert (wrong.status, "nobody" in wrong.err) == (2, True)
        assert create(run, DRY, "--proof", NUMBERS[0]).status == 2
