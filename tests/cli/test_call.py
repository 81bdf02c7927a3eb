"""`skymms call`: every operation can be sent from a file, and its reply is printed."""

from __future__ import annotations

import re

import pytest
from cli_messages import JSON_SLIDESHOW, OPERATIONS, SLIDESHOW, encode, response, service_id
from cli_process import COUPON
from misbehaving_server import Faulty, drop, http, refused

import skymms
from skymms import (
    CreateCampaign,
    CreateSession,
    DeleteMMS,
    ListCampaigns,
    ListMMS,
    RemoveInboxMessage,
    SaveMMS,
    SendMessageBySubscriberRef,
    SendMMS,
    SendMMSBarcode,
    SendPassInMMS,
    SendSavedMMSCampaign,
    SendSMS,
    Subscribe,
    Unsubscribe,
)
from skymms.cli import render
from skymms.cli.exit_status import Status
from skymms.sandbox import Sandbox
from skymms.wire.dialects import DIALECTS
from skymms.wire.table import REQUESTS

REPLIES = (
    # Operation, the elements of the response, the first printed line, and a pattern in another line.
    (SendSavedMMSCampaign, "<MMSID>7</MMSID><SCHEDULEDID>9</SCHEDULEDID>", "Accepted", r"scheduled id +9"),
    (SendMMSBarcode, "<TRACKINGID>T9</TRACKINGID>", "Accepted", r"tracking id +T9"),
    (SendPassInMMS, "<TRACKINGID>T9</TRACKINGID>", "Accepted", r"tracking id +T9"),
    (SendSMS, "<TRACKINGID>T9</TRACKINGID><TO>15551234888</TO>", "Accepted", r"tracking id +T9"),
    (CreateCampaign, "<CAMPAIGNID>8</CAMPAIGNID>", "Campaign created", r"campaign id +8"),
    (Subscribe, "<CAMPAIGNREF>8</CAMPAIGNREF><MOBILE>15551234888</MOBILE>", "Subscribed", r"campaign +8"),
    (Unsubscribe, "<CAMPAIGNREF>8</CAMPAIGNREF>", "Unsubscribed", r"campaign +8"),
    (RemoveInboxMessage, "<MMSINBOXID>MMS_MO_1</MMSINBOXID>", "Deleted", r"inbox id +MMS_MO_1"),
    (CreateSession, "<SESSIONID>S9</SESSIONID>", "Session created", r"session id +S9"),
    (ListMMS, "<MMSIDS>1,2</MMSIDS>", "1", r"^2$"),
    (
        ListCampaigns,
        "<MMSCAMPAIGNS><CAMPAIGN><ID>8</ID><NAME>Coffee</NAME></CAMPAIGN></MMSCAMPAIGNS>",
        "Campaigns",
        r"8 +Coffee",
    ),
)


class TestCall:
    def test_the_tests_of_call_cover_every_operation(self):
        assert set(OPERATIONS) == set(REQUESTS)
        replies = {kind: kind.reply for kind in OPERATIONS}
        assert all((kind in render.TITLES) != (reply in render.PRINTERS) for kind, reply in replies.items())

    @pytest.mark.parametrize(("kind", "inside", "first", "line"), REPLIES, ids=lambda one: getattr(one, "__name__", ""))
    def test_call_sends_the_request_once_and_prints_the_reply(self, run, kind, inside, first, line):
        with Faulty(response(inside)) as server:
            result = run("call", "f", "--url", server.url, f=encode("skycore", OPERATIONS[kind]))
            assert len(server.requests) == 1
        assert (result.status, result.out.splitlines()[0]) == (0, first)
        assert re.search(line, result.out, re.MULTILINE)

    def test_call_sends_saves_and_deletes_like_the_commands_of_that_name(self, run, gateway):
        assert run("call", "f", f=encode("skycore", OPERATIONS[SendMMS])).status == 0
        assert gateway.sent[-1] == OPERATIONS[SendMMS]
        saved = run("call", "f", "--json", f=encode("skycore", OPERATIONS[SaveMMS])).json["mms_id"]
        assert run("call", "f", f=encode("skycore", DeleteMMS(saved))).out.split() == ["Deleted", "mms", "id", saved]

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_call_reads_a_request_file_in_any_dialect(self, run, sandbox, dialect):
        show = JSON_SLIDESHOW if dialect == "sinch-json" else SLIDESHOW
        operation = SendMMS(show, to="15551234888", sender="60856", service_id=service_id(dialect))
        gateway_options = ("--url", sandbox.account(dialect).address)
        assert run("call", "-", *gateway_options, stdin=encode(dialect, operation)).status == 0
        assert sandbox.sent[-1] == operation

    def test_call_does_not_use_the_key_in_the_request_file(self, run, gateway, monkeypatch):
        monkeypatch.setenv("SKYMMS_API_KEY", "another-key-altogether")
        result = run("call", "f", f=encode("skycore", OPERATIONS[ListCampaigns]))
        assert result.status == 1
        assert "E104" in result.err

    def test_the_codes_for_nothing_found_are_an_empty_list(self, run):
        for kind, code in ((ListMMS, "E200"), (ListCampaigns, "E405")):
            with Faulty(http(refused(code))) as server:
                gateway_options = ("call", "f", "--url", server.url)
                result = run(*gateway_options, f=encode("skycore", OPERATIONS[kind]))
                assert (result.status, result.out) == (0, "")
                assert run(*gateway_options, "--json").status == 0

    def test_one_refused_number_of_a_subscriber_makes_the_exit_status_1(self, run):
        one = "<SUBSCRIBER><STATUS>Success</STATUS><TO>15551234888</TO><TRACKINGID>T9</TRACKINGID></SUBSCRIBER>"
        two = "<SUBSCRIBER><STATUS>Failure</STATUS><TO>15551234889</TO><ERRORCODE>E114</ERRORCODE></SUBSCRIBER>"
        refs = "<SUBSCRIBERREF>ACCT-1</SUBSCRIBERREF>"
        request = encode("skycore", OPERATIONS[SendMessageBySubscriberRef])
        for inside, status, message in (
            (one, 0, None),
            (one + two, 1, "1 of 2 numbers refused; sending again would send a second message to the other 1\n"),
            (two, 1, "1 of 1 numbers refused\n"),
        ):
            with Faulty(http(f"<RESPONSE>{refs}{inside}</RESPONSE>".encode())) as server:
                result = run("call", "f", "--url", server.url, f=request)
                assert run("call", "f", "--url", server.url, "--json").status == result.status == status
            assert ("T9" in result.out, "E114" in result.out) == (one in inside, two in inside)
            assert "refused" not in result.err if message is None else message in result.err

    def test_call_refuses_an_unrecognised_field_before_sending(self, run, gateway):
        before = len(gateway.requests)
        result = run("call", "f", f=encode("skycore", OPERATIONS[SendSMS]).replace(b"<TEXT>", b"<TXET>x</TXET><TEXT>"))
        assert (result.status, len(gateway.requests)) == (4, before)
        assert "TXET: unknown field in this dialect" in result.err

    def test_a_slideshow_file_is_a_usage_error_that_names_the_right_commands(self, run):
        result = run("call", "f", f=COUPON)
        assert (result.status, result.out) == (2, "")
        assert "the file contains a slideshow, not a request: use `skymms send`" in result.err

    @pytest.mark.parametrize(
        ("kind", "message"),
        [
            (SendSMS, "The message may have been sent. Wait for its delivery report"),
            (SendSavedMMSCampaign, "The message may have been sent. Wait for its delivery report"),
            (Subscribe, "The number may have been subscribed. Wait for the postback"),
            (CreateCampaign, "The campaign may have been created. List the campaigns"),
            (CreateSession, "The gateway may have executed the request. Check"),
        ],
    )
    def test_a_call_whose_response_is_lost_says_what_may_have_happened(self, run, kind, message):
        with Faulty(drop) as server:
            result = run("call", "f", "--url", server.url, f=encode("skycore", OPERATIONS[kind]))
            assert len(server.requests) == 1
        assert result.status == Status.NO_RESPONSE
        assert message in result.err


@pytest.mark.parametrize(
    ("dialect", "command", "operation"),
    [
        ("sinch-json", ["list"], "ListMMS"),
        ("sinch-json", ["delete", "35674"], "DeleteMMS"),
        # The id is missing too, which is a problem of the message. The missing operation is reported first.
        ("sinch-json", ["delete", ""], "DeleteMMS"),
        ("sinch-json", ["call", "-"], "Subscribe"),
        ("sinch", ["call", "-"], "Subscribe"),
        ("sinch", ["show", "-"], "Subscribe"),
    ],
)
def test_an_operation_that_the_dialect_does_not_have_is_a_configuration_error(run, monkeypatch, dialect, command, operation):
    assert not DIALECTS[dialect].action(getattr(skymms, operation))
    with Sandbox() as sandbox:
        monkeypatch.setenv("SKYMMS_URL", sandbox.account(dialect).address)
        result = run(*command, "--dialect", dialect, "--json", stdin=encode("skycore", OPERATIONS[Subscribe]))
        assert (result.status, sandbox.requests) == (Status.USAGE, [])
    error = result.json["error"]
    assert (error["class"], error["sent_maybe"]) == ("ConfigurationError", False)
    assert error["message"] == f"{operation}: is not supported in {dialect}"
