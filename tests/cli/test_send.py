"""`skymms send`: a slideshow or a request file is sent once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cli_messages import JSON_SLIDESHOW, SEND, SLIDESHOW, encode, service_id
from cli_process import COUPON, TO_AND_FROM
from misbehaving_server import SENT, Faulty, http

from skymms import SaveMMS, SendMMS, SendSavedMMS
from skymms.wire.dialects import DIALECTS

pytestmark = pytest.mark.compat


class TestSend:
    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_a_slideshow_is_sent_in_every_dialect(self, run, sandbox, dialect):
        options = ("--service-id", "1") if service_id(dialect) else ()
        gateway_options = ("--dialect", dialect, "--url", sandbox.account(dialect).address)
        coupon = COUPON.replace("duration", "#") if dialect == "sinch-json" else COUPON
        result = run("send", "f", *TO_AND_FROM, *options, *gateway_options, f=coupon)
        assert result.status == 0
        assert "tracking id" in result.out
        assert sandbox.sent[-1].slideshow == (JSON_SLIDESHOW if dialect == "sinch-json" else SLIDESHOW)

    def test_nothing_is_sent_if_the_dialect_does_not_support_a_field(self, run, sandbox):
        gateway_options = ("--dialect", "sinch-json", "--url", sandbox.account("sinch-json").address, "--service-id", "1")
        before = len(sandbox.requests)
        result = run("send", "f", *TO_AND_FROM, *gateway_options, "--json", f=COUPON)
        assert (result.status, len(sandbox.requests)) == (4, before)
        (problem,) = result.json["error"]["problems"]
        assert (problem["code"], problem["slide"], problem["field"]) == (None, 1, "duration")
        assert "is not supported by SendMMS in sinch-json" in problem["message"]

    def test_the_json_of_send_is_one_document(self, run, gateway):
        reply = run("send", "f", *TO_AND_FROM, "--json", f=COUPON).json
        assert reply["tracking_id"].startswith("MMS_")
        assert reply["to"] == "15551234888"
        assert ["STATUS", "Success"] in reply["raw"]

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    def test_a_request_file_is_sent_to_its_own_recipient(self, run, gateway, dialect):
        assert run("send", "f", f=encode(dialect)).status == 0
        assert gateway.sent[-1] == SEND

    def test_options_replace_recipient_and_sender_of_a_request_file(self, run, gateway):
        options = ("--to", "15551234889", "--from", "60857", "--campaign-ref", "c", "--operator-id", "o", "--sender-mask", "m")
        assert run("send", "f", *options, f=encode("skycore")).status == 0
        assert gateway.sent[-1] == SendMMS(
            SLIDESHOW, to="15551234889", sender="60857", campaign_ref="c", operator_id="o", sender_mask="m"
        )

    @pytest.mark.parametrize("number", ["15551234888.0", "+44 (0)7911 123456", "15551234888 (2)", "1555\u200b1234888"])
    def test_a_number_that_could_become_another_is_not_sent_to(self, run, gateway, number):
        before = len(gateway.requests)
        results = [
            run("send", "f", "--to", number, "--from", "60856", f=COUPON),
            run("send", "f", "--to", number, f=encode("skycore")),
            run("send", "f", f=encode("skycore").replace(b"15551234888", number.encode())),
            run("call", "f", f=encode("skycore").replace(b"15551234888", number.encode())),
            run("send-saved", "35674", "--to", number, "--from", "60856"),
        ]
        assert [result.status for result in results] == [4] * 5
        assert all("E110" in result.err and "is not a phone number" in result.err.replace("\n", " ") for result in results)
        assert len(gateway.requests) == before

    def test_options_for_sinch_json_are_sent(self, run, sandbox):
        gateway_options = ("--dialect", "sinch-json", "--url", sandbox.account("sinch-json").address, "--service-id", "1")
        members = ("15551230001", "15551230002")
        shown = [part for number in members for part in ("--display-to", number)]
        # The sandbox accepts at most three days from now.
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=6)
        options = ("--client-reference", "c-7", "--expires", until.isoformat(), *shown)
        fields = {"client_reference": "c-7", "expires": until, "display_to": members}
        assert run("send", "f", *TO_AND_FROM, *gateway_options, *options, f=COUPON.replace("duration", "#")).status == 0
        assert sandbox.sent[-1] == SendMMS(JSON_SLIDESHOW, to="15551234888", sender="60856", service_id="1", **fields)
        saved = run("save", "f", "--json", "--url", sandbox.account().address, f=COUPON).json["mms_id"]
        assert run("send-saved", saved, *TO_AND_FROM, *gateway_options, *options, "--fallback-text", "F").status == 0
        sent = sandbox.sent[-1]
        assert (type(sent), {name: getattr(sent, name) for name in fields}) == (SendSavedMMS, fields)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (
                ("--client-reference", "c"),
                "--client-reference is not supported by SendMMS in skycore: leave it out; sinch-json has it",
            ),
            (
                ("--display-to", "15551230001"),
                "--display-to is not supported by SendMMS in skycore: leave it out; sinch-json has it",
            ),
            (("--expires", "2099-01-01"), "--expires is not supported by SendMMS in skycore: leave it out; sinch-json has it"),
        ],
    )
    def test_nothing_is_sent_if_an_option_is_for_sinch_json_only(self, run, gateway, options, message):
        before = len(gateway.requests)
        result = run("send", "f", *TO_AND_FROM, *options, f=COUPON)
        assert (result.status, len(gateway.requests), result.err) == (2, before, f"{message}\n")

    def test_the_slideshow_of_a_save_request_is_sent(self, run, gateway):
        assert run("send", "f", *TO_AND_FROM, f=encode("skycore", SaveMMS(SLIDESHOW))).status == 0
        assert gateway.sent[-1] == SEND

    def test_a_request_file_can_send_a_stored_slideshow(self, run, gateway):
        saved = run("save", "f", "--json", f=COUPON).json["mms_id"]
        operation = SendSavedMMS(saved, to="15551234888", sender="60856", custom_text={1: "Hello again"})
        assert run("send", "g", g=encode("skycore", operation)).status == 0
        assert gateway.sent[-1] == operation

    def test_warnings_and_the_gateways_address_are_printed_on_stderr(self, run, gateway):
        result = run("send", "f", *TO_AND_FROM, f=COUPON.replace("duration = 5", "duration = 31"))
        assert "warning: slide 1, duration: 31 seconds" in result.err
        assert gateway.url in result.err
        assert "warning" not in result.out

    def test_send_does_not_use_the_key_in_a_request_file(self, run, gateway, monkeypatch):
        monkeypatch.setenv("SKYMMS_API_KEY", "another-key-altogether")
        result = run("send", "f", f=encode("skycore"))
        assert result.status == 1
        assert "E104" in result.err

    def test_the_dialect_comes_from_the_option_then_the_environment_then_the_file(self, run, monkeypatch):
        command = ("show", "f", "--raw")
        assert run(*command, f=encode("sinch")).out.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<request>')
        monkeypatch.setenv("SKYMMS_DIALECT", "skycore")
        assert "<REQUEST>" in run(*command).out
        assert run(*command, "--dialect", "skycore-get").out.startswith("https://")


def test_send_makes_exactly_one_request(run):
    with Faulty(http(SENT)) as server:
        assert run("send", "f", *TO_AND_FROM, "--url", server.url, f=COUPON).status == 0
        assert len(server.requests) == 1


@pytest.mark.parametrize("command", [("send", "f", *TO_AND_FROM), ("save", "f")])
def test_problems_in_the_file_are_reported_before_the_key_is_needed(run, monkeypatch, command):
    monkeypatch.delenv("SKYMMS_API_KEY")
    result = run(*command, f=COUPON.replace("image", "imgae"))
    assert result.status == 4
    result = run(*command, f=COUPON.replace("http://media.example/", ""))
    assert result.status == 4
    assert "E351" in result.err
