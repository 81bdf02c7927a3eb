"""The command line: what each command answers, where it says so, and with which exit status. Its key is in no output."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cli_process import ADDRESSED, CANARY, COUPON, INTERRUPTIBLE, PYTHONPATH, process, surroundings
from misbehaving_server import SENT, Faulty, drop, http, refused, stall

import skymms.client
from skymms import (
    Client,
    CreateCampaign,
    CreateSession,
    DeleteMMS,
    GetStatistics,
    ListCampaigns,
    ListMMS,
    RemoveInboxMessage,
    SaveMMS,
    SendMessageBySubscriberRef,
    SendMMS,
    SendMMSBarcode,
    SendPassInMMS,
    SendSavedMMS,
    SendSavedMMSCampaign,
    SendSMS,
    Slide,
    Slideshow,
    Subscribe,
    Unsubscribe,
)
from skymms.cli import entry, main
from skymms.cli import render as answers
from skymms.cli.exit_status import Status
from skymms.codes import ANSWERS, EVENTS
from skymms.model.operations import Operation
from skymms.sandbox import Sandbox
from skymms.wire.dialects import DIALECTS
from skymms.wire.table import REQUESTS

SHOW = Slideshow("Membership coupon", subject="Welcome", fallback_text="Your coupon is waiting.").slide(
    "Good to have you with us.", image="http://media.example/welcome.jpg", duration=5
)
SEND = SendMMS(SHOW, to="15551234888", sender="60856")
#: What is left of it where there is no duration, and no name of what is only sent.
IN_JSON = Slideshow("", subject="Welcome", fallback_text="Your coupon is waiting.").replace(
    slides=(Slide("Good to have you with us.", image="http://media.example/welcome.jpg"),)
)
WRONG = """
name = " "
subject = "Welcome"
[[slide]]
audio = "http://media.example/a.mp3"
video = "video.mp4"
duration = 31
[[slide]]
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(api_key=CANARY) as running:
        yield running


@pytest.fixture
def gateway(sandbox, monkeypatch):
    """The environment points to a sandbox."""
    monkeypatch.setenv("SKYMMS_URL", sandbox.account().address)
    return sandbox


def service(dialect: str) -> dict[str, str]:
    """The service id, where the dialect insists on one."""
    return {"service_id": "1"} if dialect.startswith("sinch") else {}


def written(dialect: str, operation: Any = SEND) -> bytes:
    return DIALECTS[dialect].encode_request(operation, CANARY)


# ------------------------------------------------------------------------------------------------ check


class TestCheck:
    def test_of_a_right_slideshow_says_so(self, skymms_):
        assert skymms_("check", "f", f=COUPON) == (0, "No problem in the slideshow.\n", "")

    def test_needs_no_key(self, skymms_, monkeypatch):
        monkeypatch.delenv("SKYMMS_API_KEY")
        assert skymms_("check", "f", f=COUPON).status == 0
        assert skymms_("check", "f", f=written("sinch")).status == 4

    def test_tells_every_problem_with_code_slide_field_and_remedy(self, skymms_):
        ran = skymms_("check", "f", f=WRONG)
        assert (ran.status, ran.err) == (4, "")
        rows = [re.split(r"\s{2,}", line.strip()) for line in ran.out.splitlines()]
        assert ["E311", "name", "a name is required: the account lists the slideshow under it"] in rows
        assert ["E226", "1", "audio/video"] in [row[:3] for row in rows]
        assert ["E353", "1", "video"] in [row[:3] for row in rows]
        assert ["E313", "2", "text"] in [row[:3] for row in rows]
        assert ["E226", ANSWERS["E226"].remedy] in rows

    def test_tells_advices_apart(self, skymms_):
        out = skymms_("check", "f", f=WRONG).out
        assert out.index("E313") < out.index("Advices") < out.index("31 seconds")

    def test_of_advices_alone_is_done(self, skymms_):
        ran = skymms_("check", "f", f=COUPON.replace("duration = 5", "duration = 31"))
        assert ran.status == 0
        assert "31 seconds" in ran.out
        assert "No problem" in ran.out

    def test_answers_machines_in_one_document(self, skymms_):
        answer = skymms_("check", "f", "--json", f=WRONG).json
        assert set(answer) == {"kind", "operation", "dialect", "problems", "unread", "schema", "warnings"}
        assert {(one["code"], one["slide"], one["field"]) for one in answer["problems"]} >= {("E226", 1, "audio/video")}
        assert all(set(one) == {"code", "slide", "field", "message", "remedy"} for one in answer["problems"])
        assert [one["slide"] for one in answer["warnings"]] == [1, 1]

    def test_reads_stdin(self, skymms_):
        assert skymms_("check", "-", stdin=COUPON.encode()).status == 0
        assert skymms_("check", "-", stdin=WRONG.encode()).status == 4

    def test_counts_a_key_that_no_slideshow_has_as_a_problem(self, skymms_):
        ran = skymms_("check", "f", f=COUPON.replace("image", "imgae"))
        assert ran.status == 4
        assert "did you mean image?" in ran.out
        assert ran.err == ""

    def test_judges_a_slideshow_as_every_gateway_or_as_that_of_a_dialect(self, skymms_, monkeypatch):
        plain = COUPON.replace("fallback_text", "#")
        assert skymms_("check", "f", f=plain).status == 0
        ran = skymms_("check", "f", "--dialect", "sinch", "--json", f=plain)
        # Recipient, sender and service are no business of a slideshow.
        assert (ran.status, [one["code"] for one in ran.json["problems"]]) == (4, ["E622"])
        monkeypatch.setenv("SKYMMS_DIALECT", "sinch")
        assert skymms_("check", "f", f=plain).status == 4

    def test_judges_a_field_that_the_dialect_has_no_word_for(self, skymms_):
        (problem,) = skymms_("check", "f", "--dialect", "skycore", "--json", f="disable_fallback = true" + COUPON).json[
            "problems"
        ]
        assert (problem["code"], problem["field"]) == (None, "disable_fallback")

    @pytest.mark.parametrize(("dialect", "status"), [("skycore", 0), ("skycore-get", 0), ("sinch", 4)])
    def test_judges_a_request_in_its_own_dialect(self, skymms_, dialect, status):
        ran = skymms_("check", "f", "--json", f=written(dialect))
        assert (ran.status, ran.json["dialect"], ran.json["operation"]) == (status, dialect, "SendMMS")
        assert [one["code"] for one in ran.json["problems"]] == ["E627"] * (dialect == "sinch")

    def test_says_what_the_schema_says_with_line_and_path(self, skymms_):
        document = written("skycore").replace(b"<SLIDE>", b"\n<SLIDE/>\n<SLIDE>").replace(b"<NAME>", b"<NMAE/><NAME>")
        ran = skymms_("check", "f", "--json", f=document)
        assert ran.status == 4
        found = {(one["code"], one["line"], one["path"]) for one in ran.json["schema"]}
        assert found == {("E313", 3, "/REQUEST/SLIDE[1]"), (None, 2, "/REQUEST/NMAE")}
        assert ran.json["unread"] == ["NMAE"]
        out = skymms_("check", "f").out
        assert "/REQUEST/SLIDE[1]" in out
        assert "Nodes that nothing was made of" in out

    def test_counts_a_parameter_that_nothing_was_made_of_as_a_problem(self, skymms_):
        ran = skymms_("check", "f", f=written("skycore-get") + b"&slide_txt_value_0=x")
        assert ran.status == 4
        assert "slide_txt_value_0" in ran.out
        assert "No problem" not in ran.out


# ------------------------------------------------------------------------------------------------ show


class TestShow:
    def test_lays_out_the_xml_with_the_key_masked(self, skymms_):
        ran = skymms_("show", "f", "--dialect", "skycore", *ADDRESSED, f=COUPON)
        assert (ran.status, ran.err) == (0, "")
        assert ran.out.startswith("<REQUEST>\n  <ACTION>sendMMS</ACTION>\n  <API_KEY>***</API_KEY>\n  <TO>15551234888</TO>\n")

    def test_lays_out_the_get_address_a_parameter_a_line(self, skymms_):
        lines = skymms_("show", "f", "--dialect", "skycore-get", *ADDRESSED, f=COUPON).out.splitlines()
        assert lines[:4] == [DIALECTS["skycore-get"].url, "?action=sendmms", "&api_key=***", "&to=15551234888"]

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_of_a_request_is_read_back_by_check_and_send(self, skymms_, dialect):
        operation = SendMMS(IN_JSON if dialect == "sinch-json" else SHOW, **service(dialect), to="15551234888", sender="60856")
        shown = skymms_("show", "f", f=written(dialect, operation)).out
        assert skymms_("check", "g", "--json", g=shown).json["problems"] == []

    def test_lays_out_json_and_leaves_the_key_to_its_header(self, skymms_):
        there = ("--dialect", "sinch-json", *ADDRESSED, "--service-id", "1")
        ran = skymms_("show", "f", *there, f=COUPON.replace("duration", "#").replace("Welcome", "Grüß dich 🎉"))
        assert (ran.status, ran.err) == (0, "")
        assert ran.out.startswith('{\n  "action": "sendmms",\n  "to": "15551234888",\n')
        assert '"Grüß dich 🎉"' in ran.out
        assert "***" not in ran.out
        assert skymms_("show", "f", "--json", *there).json["headers"]["x-api-key"] == "***"

    def test_of_json_is_read_back_with_what_no_terminal_may_see(self, skymms_):
        show = IN_JSON.replace(subject="a\x7f\x85\u202eb")
        operation = SendMMS(show, to="15551234888", sender="60856", service_id="1")
        out = skymms_("show", "f", f=written("sinch-json", operation)).out
        assert r"a\u007f\u0085\u202eb" in out
        assert json.loads(out)["message-subject"] == show.subject

    def test_names_what_a_dialect_has_no_word_for(self, skymms_):
        ran = skymms_("show", "f", "--dialect", "sinch-json", f=COUPON)
        assert ran.status == 4
        assert ran.err == "slide 1, duration: sinch-json has no word for it: leave it out\n"
        assert "duration" not in ran.out

    @pytest.mark.parametrize(("dialect", "status"), [("skycore", 4), ("sinch", 0), ("sinch-json", 4)])
    def test_raw_is_the_document_to_the_byte(self, skymms_, dialect, status):
        # Each leaves out what it has no word for, and says so: the service in 1.3, the duration in JSON.
        ran = skymms_("show", "f", "--raw", "--dialect", dialect, *ADDRESSED, "--service-id", "1", f=COUPON)
        assert (ran.status, "has no word for it" in ran.err) == (status, status == 4)
        operation = SendMMS(SHOW, to="15551234888", sender="60856", service_id="1")
        assert ran.out.encode() == DIALECTS[dialect].encode_request(operation, "***")

    def test_raw_of_a_get_request_is_its_address(self, skymms_):
        out = skymms_("show", "f", "--raw", "--dialect", "skycore-get", *ADDRESSED, f=COUPON).out
        assert out.startswith(DIALECTS["skycore-get"].url + "?action=sendmms&api_key=%2A%2A%2A&to=15551234888&")

    def test_answers_machines_in_one_document(self, skymms_):
        answer = skymms_("show", "f", "--json", "--url", "http://gateway.example/x", *ADDRESSED, f=COUPON).json
        assert (answer["method"], answer["url"]) == ("POST", "http://gateway.example/x")
        assert answer["document"].endswith("</REQUEST>")
        answer = skymms_("show", "f", "--json", "--dialect", "skycore-get").json
        assert (answer["method"], answer["document"]) == ("GET", None)

    @pytest.mark.parametrize("how", [(), ("--raw",), ("--json",)])
    def test_leaves_out_the_password_of_an_address(self, skymms_, monkeypatch, how):
        monkeypatch.setenv("SKYMMS_URL", f"http://ada:{CANARY}@gateway.example/x")
        assert "http://gateway.example/x" in skymms_("show", "f", "--dialect", "skycore-get", *how, f=COUPON).out

    def test_needs_neither_a_key_nor_a_recipient(self, skymms_, monkeypatch):
        monkeypatch.delenv("SKYMMS_API_KEY")
        ran = skymms_("show", "f", "--dialect", "sinch", f=COUPON)
        assert (ran.status, ran.err) == (0, "")
        assert "<to/>" in ran.out

    def test_tells_problems_on_stderr_and_shows_all_the_same(self, skymms_):
        ran = skymms_("show", "f", *ADDRESSED, f=WRONG)
        assert ran.status == 4
        assert "E226 slide 1, audio/video" in ran.err
        assert "<VIDEO>" in ran.out

    def test_with_a_recipient_and_no_sender_tells_that(self, skymms_):
        ran = skymms_("show", "f", "--to", "15551234888", f=COUPON)
        assert ran.status == 4
        assert "E111 sender" in ran.err

    def test_of_what_cannot_be_written_says_why(self, skymms_):
        ran = skymms_("show", "f", f=COUPON.replace("Good to", r"\u0001Good to"))
        assert ran.status == 4
        assert "E108" in ran.err
        assert ran.out == ""

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    def test_lays_out_whatever_request_a_file_holds_and_it_is_read_back(self, skymms_, dialect):
        for kind, operation in ASKED.items():
            ran = skymms_("show", "f", f=written(dialect, operation))
            assert (kind, ran.status, ran.err) == (kind, 0, "")
            answer = skymms_("check", "g", "--json", g=ran.out).json
            assert (answer["operation"], answer["problems"], answer["schema"]) == (kind.__name__, [], [])

    def test_of_a_request_takes_the_options_that_it_has_a_place_for(self, skymms_):
        sms = written("skycore", ASKED[SendSMS])
        assert "<TO>15551234889</TO>" in skymms_("show", "f", "--to", "15551234889", f=sms).out
        ran = skymms_("show", "f", "--from", "60857", f=written("skycore", ASKED[Subscribe]))
        assert (ran.status, ran.out) == (2, "")
        assert "the file asks for Subscribe, in which --from has no place" in ran.err

    def test_of_a_request_that_saves_shows_that_or_the_send_that_options_make_of_it(self, skymms_):
        saves = written("sinch-json", SaveMMS(IN_JSON.replace(name="n")))
        assert json.loads(skymms_("show", "f", f=saves).out)["action"] == "savemms"
        shown = json.loads(skymms_("show", "f", "--client-reference", "c", f=saves).out)
        assert (shown["action"], shown["client-reference"]) == ("savemms", "c")
        assert json.loads(skymms_("show", "f", *ADDRESSED, "--service-id", "1", f=saves).out)["action"] == "sendmms"

    def test_of_a_request_of_former_times_is_how_it_is_written_today(self, skymms_):
        nested = (
            "<REQUEST><ACTION>saveMMS</ACTION><CONTENT><NAME>n</NAME><SUBJECT>s</SUBJECT><SEQUENCE><SLIDE duration='5'>"
            "<TEXT>t</TEXT></SLIDE></SEQUENCE></CONTENT></REQUEST>"
        )
        assert skymms_("check", "f", f=nested) == (0, "No problem in the SaveMMS in skycore.\n", "")
        out = skymms_("show", "f").out
        assert "<DURATION>5</DURATION>" in out
        assert "CONTENT" not in out

    def test_save_shows_what_save_would_send(self, skymms_):
        assert "<ACTION>saveMMS</ACTION>" in skymms_("show", "f", "--save", f=COUPON).out
        assert "<ACTION>saveMMS</ACTION>" in skymms_("show", "f", "--save", f=written("skycore", SaveMMS(SHOW))).out

    def test_options_take_the_place_of_what_a_request_says(self, skymms_):
        out = skymms_("show", "f", "--to", "+1 (555) 123-4889", "--operator-id", "000189", f=written("skycore")).out
        assert "<TO>15551234889</TO>" in out
        assert "<FROM>60856</FROM>" in out
        assert "<OPERATORID>000189</OPERATORID>" in out


# ------------------------------------------------------------------------------------------------ send


class TestSend:
    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_sends_a_slideshow_in_every_dialect(self, skymms_, sandbox, dialect):
        options = ("--service-id", "1") if service(dialect) else ()
        there = ("--dialect", dialect, "--url", sandbox.account(dialect).address)
        coupon = COUPON.replace("duration", "#") if dialect == "sinch-json" else COUPON
        ran = skymms_("send", "f", *ADDRESSED, *options, *there, f=coupon)
        assert ran.status == 0
        assert "tracking id" in ran.out
        assert sandbox.sent[-1].slideshow == (IN_JSON if dialect == "sinch-json" else SHOW)

    def test_sends_nothing_that_the_dialect_has_no_word_for(self, skymms_, sandbox):
        there = ("--dialect", "sinch-json", "--url", sandbox.account("sinch-json").address, "--service-id", "1")
        before = len(sandbox.requests)
        ran = skymms_("send", "f", *ADDRESSED, *there, "--json", f=COUPON)
        assert (ran.status, len(sandbox.requests)) == (4, before)
        (problem,) = ran.json["error"]["problems"]
        assert (problem["code"], problem["slide"], problem["field"]) == (None, 1, "duration")
        assert "has no word for it" in problem["message"]

    def test_answers_machines_in_one_document(self, skymms_, gateway):
        answer = skymms_("send", "f", *ADDRESSED, "--json", f=COUPON).json
        assert answer["tracking_id"].startswith("MMS_")
        assert answer["to"] == "15551234888"
        assert ["STATUS", "Success"] in answer["raw"]

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    def test_sends_a_request_to_whom_it_says(self, skymms_, gateway, dialect):
        assert skymms_("send", "f", f=written(dialect)).status == 0
        assert gateway.sent[-1] == SEND

    def test_takes_what_the_options_say_instead(self, skymms_, gateway):
        options = ("--to", "15551234889", "--from", "60857", "--campaign-ref", "c", "--operator-id", "o", "--sender-mask", "m")
        assert skymms_("send", "f", *options, f=written("skycore")).status == 0
        assert gateway.sent[-1] == SendMMS(
            SHOW, to="15551234889", sender="60857", campaign_ref="c", operator_id="o", sender_mask="m"
        )

    def test_says_what_only_the_json_service_takes(self, skymms_, sandbox):
        there = ("--dialect", "sinch-json", "--url", sandbox.account("sinch-json").address, "--service-id", "1")
        members = ("15551230001", "15551230002")
        shown = [part for number in members for part in ("--display-to", number)]
        # The sandbox looks at its clock: three days ahead are the most.
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=6)
        only = ("--client-reference", "c-7", "--expires", until.isoformat(), *shown)
        words = {"client_reference": "c-7", "expires": until, "display_to": members}
        assert skymms_("send", "f", *ADDRESSED, *there, *only, f=COUPON.replace("duration", "#")).status == 0
        assert sandbox.sent[-1] == SendMMS(IN_JSON, to="15551234888", sender="60856", service_id="1", **words)
        saved = skymms_("save", "f", "--json", "--url", sandbox.account().address, f=COUPON).json["mms_id"]
        assert skymms_("send-saved", saved, *ADDRESSED, *there, *only, "--fallback-text", "F").status == 0
        sent = sandbox.sent[-1]
        assert (type(sent), {name: getattr(sent, name) for name in words}) == (SendSavedMMS, words)

    @pytest.mark.parametrize(
        ("only", "said"),
        [
            (("--client-reference", "c"), "client_reference: skycore has no word for it"),
            (("--display-to", "15551230001"), "display_to: skycore has no word for it"),
            (("--expires", "2099-01-01"), "expires: skycore has no word for it"),
        ],
    )
    def test_sends_nothing_that_only_the_json_service_takes_elsewhere(self, skymms_, gateway, only, said):
        before = len(gateway.requests)
        ran = skymms_("send", "f", *ADDRESSED, *only, f=COUPON)
        assert (ran.status, len(gateway.requests)) == (4, before)
        assert said in ran.err

    def test_sends_the_slideshow_of_a_request_that_saves(self, skymms_, gateway):
        assert skymms_("send", "f", *ADDRESSED, f=written("skycore", SaveMMS(SHOW))).status == 0
        assert gateway.sent[-1] == SEND

    def test_sends_a_saved_one_that_a_request_asks_for(self, skymms_, gateway):
        saved = skymms_("save", "f", "--json", f=COUPON).json["mms_id"]
        operation = SendSavedMMS(saved, to="15551234888", sender="60856", custom_text={1: "Hello again"})
        assert skymms_("send", "g", g=written("skycore", operation)).status == 0
        assert gateway.sent[-1] == operation

    def test_prints_advices_and_where_it_goes_on_stderr(self, skymms_, gateway):
        ran = skymms_("send", "f", *ADDRESSED, f=COUPON.replace("duration = 5", "duration = 31"))
        assert "advice: slide 1, duration: 31 seconds" in ran.err
        assert gateway.url in ran.err
        assert "advice" not in ran.out

    def test_never_uses_the_key_of_a_file(self, skymms_, gateway, monkeypatch):
        monkeypatch.setenv("SKYMMS_API_KEY", "another-key-altogether")
        ran = skymms_("send", "f", f=written("skycore"))
        assert ran.status == 1
        assert "E104" in ran.err

    def test_chooses_the_dialect_said_before_the_environments_before_the_files(self, skymms_, monkeypatch):
        asked = ("show", "f", "--raw")
        assert skymms_(*asked, f=written("sinch")).out.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<request>')
        monkeypatch.setenv("SKYMMS_DIALECT", "skycore")
        assert "<REQUEST>" in skymms_(*asked).out
        assert skymms_(*asked, "--dialect", "skycore-get").out.startswith("https://")


class TestTheStore:
    def test_saves_lists_sends_and_deletes(self, skymms_, gateway):
        saved = skymms_("save", "f", "--json", f=COUPON).json["mms_id"]
        assert saved in skymms_("list").out.splitlines()
        assert skymms_("list", "--json").json["mms_ids"][0] == saved
        words = (
            "--text",
            "1=Hello = again",
            "--subject",
            "Other",
            "--data",
            "first=Ada",
            "--data",
            "last=L",
            "--fallback-text",
            "F",
        )
        assert skymms_("send-saved", saved, *ADDRESSED, *words).status == 0
        assert gateway.sent[-1] == SendSavedMMS(
            saved,
            to="15551234888",
            sender="60856",
            custom_text={1: "Hello = again"},
            custom_subject="Other",
            data={"first": "Ada", "last": "L"},
            fallback_text="F",
        )
        assert skymms_("delete", saved).out.split() == ["Deleted", "mms", "id", saved]
        assert skymms_("delete", saved).status == 1

    def test_lists_what_the_successor_tells_of_each(self, skymms_, sandbox):
        there = ("--dialect", "sinch", "--url", sandbox.account("sinch").address)
        # The successor takes the text of the SMS when a saved one is sent.
        saved = skymms_("save", "f", "--json", *there, f=COUPON.replace("fallback_text", "#")).json["mms_id"]
        ran = skymms_("list", "--page", "1", "--per-page", "5", "--since", "2020-01-01", *there)
        assert ran.status == 0
        (row,) = [line for line in ran.out.splitlines() if line.split()[:1] == [saved]]
        assert "Membership coupon" in row
        assert skymms_("delete", saved, *there).status == 0

    @pytest.mark.parametrize("how", [(), ("--json",)])
    def test_tells_where_the_id_comes_that_the_json_service_does_not_answer(self, skymms_, sandbox, how):
        there = ("--dialect", "sinch-json", "--url", sandbox.account("sinch-json").address)
        coupon = COUPON.replace("duration", "#")
        ran = skymms_("save", "f", "--client-reference", "coupon-7", *there, *how, f=coupon)
        tracking = re.search(r"MMS_\w+", ran.out)[0]
        assert ran.status == 0
        assert f"the N003 postback that has tracking id {tracking} and client reference coupon-7." in ran.err
        assert re.search(r"has tracking id MMS_\w+\.$", skymms_("save", "f", *there, *how).err, re.MULTILINE)

    def test_says_nothing_of_a_postback_where_the_id_is_in_the_answer(self, skymms_, gateway):
        assert "N003" not in skymms_("save", "f", f=COUPON).err

    def test_says_a_field_the_dialect_has_no_word_for_before_asking(self, skymms_, gateway):
        before = len(gateway.requests)
        ran = skymms_("list", "--page", "2")
        assert (ran.status, len(gateway.requests)) == (4, before)
        assert "page: skycore has no word for it" in ran.err

    @pytest.mark.parametrize(
        ("option", "said"),
        [
            (("--text", "words"), "'words' has no =: write N=WORDS"),
            (("--text", "one=words"), "'one' is no slide"),
            (("--text", "1=a", "--text", "1=b"), "1 is given twice"),
            (("--data", "=x"), "write NAME=VALUE"),
        ],
    )
    def test_takes_words_in_pairs(self, skymms_, option, said):
        ran = skymms_("send-saved", "1", *ADDRESSED, *option)
        assert (ran.status, ran.out) == (2, "")
        assert said in ran.err


# ------------------------------------------------------------------------------------------------ call and report

STAYS = Slideshow("n", subject="s", fallback_text="f").slide("t")
#: Every operation there is. The ids are nobody's, save where a test puts in its own.
ASKED: Mapping[type[Operation[Any]], Any] = {
    type(one): one
    for one in (
        SendMMS(STAYS, to="15551234888", sender="60856"),
        SaveMMS(STAYS),
        SendSavedMMS("7", to="15551234888", sender="60856"),
        ListMMS(),
        DeleteMMS("7"),
        SendSavedMMSCampaign("7", "8"),
        SendMMSBarcode("7", to="15551234888", sender="60856", barcode_id="b"),
        SendPassInMMS("7", to="15551234888", sender="60856", pass_data={"barcodevalue": "1"}),
        SendMessageBySubscriberRef("ACCT-1", campaign_ref="8", text="We open at nine."),
        SendSMS("Hi!", to="15551234888", sender="60856"),
        ListCampaigns(),
        CreateCampaign("Coffee", brand_name="Bean"),
        Subscribe("15551234888", campaign="8", subscriber_ref="ACCT-1"),
        Unsubscribe("15551234888", campaign="8"),
        RemoveInboxMessage("MMS_MO_1"),
        GetStatistics("2020-01-01", "2099-01-01"),
        CreateSession(),
    )
}

ANSWERED = (
    # What was asked, what a gateway may answer, and what stands in the first line and in some other.
    (SendSavedMMSCampaign, "<MMSID>7</MMSID><SCHEDULEDID>9</SCHEDULEDID>", "Accepted", r"scheduled id +9"),
    (SendMMSBarcode, "<TRACKINGID>T9</TRACKINGID>", "Accepted", r"tracking id +T9"),
    (SendPassInMMS, "<TRACKINGID>T9</TRACKINGID>", "Accepted", r"tracking id +T9"),
    (SendSMS, "<TRACKINGID>T9</TRACKINGID><TO>15551234888</TO>", "Accepted", r"tracking id +T9"),
    (CreateCampaign, "<CAMPAIGNID>8</CAMPAIGNID>", "Made", r"campaign id +8"),
    (Subscribe, "<CAMPAIGNREF>8</CAMPAIGNREF><MOBILE>15551234888</MOBILE>", "Subscribed", r"campaign +8"),
    (Unsubscribe, "<CAMPAIGNREF>8</CAMPAIGNREF>", "Unsubscribed", r"campaign +8"),
    (RemoveInboxMessage, "<MMSINBOXID>MMS_MO_1</MMSINBOXID>", "Deleted", r"inbox id +MMS_MO_1"),
    (CreateSession, "<SESSIONID>S9</SESSIONID>", "Opened", r"session id +S9"),
    (ListMMS, "<MMSIDS>1,2</MMSIDS>", "1", r"^2$"),
    (
        ListCampaigns,
        "<MMSCAMPAIGNS><CAMPAIGN><ID>8</ID><NAME>Coffee</NAME></CAMPAIGN></MMSCAMPAIGNS>",
        "Campaigns",
        r"8 +Coffee",
    ),
)


def answered(inside: str) -> Any:
    return http(f"<RESPONSE><STATUS>Success</STATUS>{inside}</RESPONSE>".encode())


class TestCall:
    def test_is_tried_with_every_operation(self):
        assert set(ASKED) == set(REQUESTS)
        replies = {kind: kind.reply for kind in ASKED}
        assert all((kind in answers.HEADS) != (reply in answers.PRINTED) for kind, reply in replies.items())

    @pytest.mark.parametrize(("kind", "inside", "first", "line"), ANSWERED, ids=lambda one: getattr(one, "__name__", ""))
    def test_makes_the_request_and_prints_the_reply(self, skymms_, kind, inside, first, line):
        with Faulty(answered(inside)) as server:
            ran = skymms_("call", "f", "--url", server.url, f=written("skycore", ASKED[kind]))
            assert len(server.requests) == 1
        assert (ran.status, ran.out.splitlines()[0]) == (0, first)
        assert re.search(line, ran.out, re.MULTILINE)

    def test_of_a_send_a_save_and_a_deletion_is_what_those_commands_do(self, skymms_, gateway):
        assert skymms_("call", "f", f=written("skycore", ASKED[SendMMS])).status == 0
        assert gateway.sent[-1] == ASKED[SendMMS]
        saved = skymms_("call", "f", "--json", f=written("skycore", ASKED[SaveMMS])).json["mms_id"]
        assert skymms_("call", "f", f=written("skycore", DeleteMMS(saved))).out.split() == ["Deleted", "mms", "id", saved]

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_reads_a_request_in_every_form(self, skymms_, sandbox, dialect):
        show = IN_JSON if dialect == "sinch-json" else SHOW
        operation = SendMMS(show, to="15551234888", sender="60856", **service(dialect))
        there = ("--url", sandbox.account(dialect).address)
        assert skymms_("call", "-", *there, stdin=written(dialect, operation)).status == 0
        assert sandbox.sent[-1] == operation

    def test_never_uses_the_key_of_the_file(self, skymms_, gateway, monkeypatch):
        monkeypatch.setenv("SKYMMS_API_KEY", "another-key-altogether")
        ran = skymms_("call", "f", f=written("skycore", ASKED[ListCampaigns]))
        assert ran.status == 1
        assert "E104" in ran.err

    def test_of_an_empty_list_is_an_empty_list(self, skymms_):
        for kind, code in ((ListMMS, "E200"), (ListCampaigns, "E405")):
            with Faulty(http(refused(code))) as server:
                there = ("call", "f", "--url", server.url)
                ran = skymms_(*there, f=written("skycore", ASKED[kind]))
                assert (ran.status, ran.out) == (0, "")
                assert skymms_(*there, "--json").status == 0

    def test_tells_of_each_of_a_subscribers_numbers_and_is_no_success_if_one_was_refused(self, skymms_):
        one = "<SUBSCRIBER><STATUS>Success</STATUS><TO>15551234888</TO><TRACKINGID>T9</TRACKINGID></SUBSCRIBER>"
        two = "<SUBSCRIBER><STATUS>Failure</STATUS><TO>15551234889</TO><ERRORCODE>E114</ERRORCODE></SUBSCRIBER>"
        refs = "<SUBSCRIBERREF>ACCT-1</SUBSCRIBERREF>"
        request = written("skycore", ASKED[SendMessageBySubscriberRef])
        for inside, status, said in (
            (one, 0, None),
            (one + two, 1, "1 of 2 refused, the others accepted: the same call again would send to them twice"),
            (two, 1, "1 of 1 refused\n"),
        ):
            with Faulty(http(f"<RESPONSE>{refs}{inside}</RESPONSE>".encode())) as server:
                ran = skymms_("call", "f", "--url", server.url, f=request)
                assert skymms_("call", "f", "--url", server.url, "--json").status == ran.status == status
            assert ("T9" in ran.out, "E114" in ran.out) == (one in inside, two in inside)
            assert "refused" not in ran.err if said is None else said in ran.err

    def test_refuses_a_name_that_nothing_was_made_of(self, skymms_, gateway):
        before = len(gateway.requests)
        ran = skymms_("call", "f", f=written("skycore", ASKED[SendSMS]).replace(b"<TEXT>", b"<TXET>x</TXET><TEXT>"))
        assert (ran.status, len(gateway.requests)) == (4, before)
        assert "TXET: no such name in this dialect" in ran.err

    def test_of_a_slideshow_says_what_to_do_with_it(self, skymms_):
        ran = skymms_("call", "f", f=COUPON)
        assert (ran.status, ran.out) == (2, "")
        assert "the file holds a slideshow and asks for nothing" in ran.err

    @pytest.mark.parametrize(
        ("kind", "said"),
        [
            (SendSMS, "It may have been sent all the same: look for its postbacks"),
            (SendSavedMMSCampaign, "It may have been sent all the same: look for its postbacks"),
            (Subscribe, "It may have been done all the same: look for its postback before"),
            (CreateCampaign, "It may have been done all the same: list the campaigns"),
            (CreateSession, "It may have been done all the same: find out"),
        ],
    )
    def test_says_of_a_lost_answer_what_may_have_happened(self, skymms_, kind, said):
        with Faulty(drop) as server:
            ran = skymms_("call", "f", "--url", server.url, f=written("skycore", ASKED[kind]))
            assert len(server.requests) == 1
        assert ran.status == Status.NO_ANSWER
        assert said in ran.err


REPORT = """<RESPONSE><BATCHES><BATCH id="12" from="60856" contentname="Flowers"><CONTENT id="15" to="15551234888">
<MSG_STATUS><INQUE time="2010-10-12T06:32:46.620197Z"/><DLR time="2010-10-12T06:33:19.5797Z"/></MSG_STATUS></CONTENT></BATCH>
</BATCHES><SENDING_LIST><TEXT id="8" to="15551234889" body="Hi!"><ERROR info="gone" time="later"/></TEXT><FAX id="9"/>
</SENDING_LIST></RESPONSE>"""


class TestReport:
    ROWS = (
        ["BATCHES", "MMS", "15", "15551234888", "60856", "Flowers", "DLR", "2010-10-12 06:33:19+00:00", "yes"],
        ["SENDING_LIST", "SMS", "8", "15551234889", "Hi!", "ERROR gone", "later"],
        ["SENDING_LIST", "FAX", "@id 9"],
    )

    @staticmethod
    def cells(out: str) -> list[list[str]]:
        return [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]

    def test_prints_a_row_a_message_of_a_file_or_stdin(self, skymms_):
        for ran in (skymms_("report", "f", f=REPORT), skymms_("report", "-", stdin=REPORT.encode())):
            assert (ran.status, ran.err) == (0, "3 listed, 1 delivered\n")
            assert all(row in self.cells(ran.out) for row in self.ROWS)

    def test_answers_machines_in_one_document(self, skymms_):
        messages = skymms_("report", "f", "--json", f=REPORT).json["messages"]
        assert [(one["kind"], one["to"], one["delivered"]) for one in messages] == [
            ("MMS", "15551234888", True),
            ("SMS", "15551234889", False),
            ("FAX", None, False),
        ]
        assert messages[0]["statuses"][1]["time"] == "2010-10-12T06:33:19.579700+00:00"

    def test_is_searched_by_lines_when_it_goes_to_a_file(self, skymms_, monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        ran = skymms_("report", "f", f=REPORT)
        assert all(row in self.cells(ran.out) for row in self.ROWS)

    def test_of_a_refusal_is_one(self, skymms_):
        refusal = "<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E510</ERRORCODE><ERRORINFO>too often</ERRORINFO></RESPONSE>"
        ran = skymms_("report", "f", f=refusal)
        assert (ran.status, ran.out) == (1, "")
        assert "E510: too often" in ran.err

    def test_of_an_empty_one_lists_nothing(self, skymms_):
        assert skymms_("report", "f", f="<RESPONSE/>") == (0, "", "0 listed, 0 delivered\n")

    def test_fetches_a_link_without_a_key(self, skymms_, monkeypatch):
        monkeypatch.setenv("SKYMMS_DIALECT", "klingon")  # nothing of the account's is asked for
        with Faulty(http(REPORT.encode())) as server:
            assert self.ROWS[0] in self.cells(skymms_("report", server.url).out)
            monkeypatch.delenv("SKYMMS_API_KEY")
            assert skymms_("report", server.url, "--json").status == 0
        assert all(CANARY.encode() not in request and b"***" not in request for request in server.requests)

    def test_reads_what_a_call_for_statistics_prints(self, skymms_, gateway):
        assert skymms_("call", "f", f=written("skycore", ASKED[SendSMS])).status == 0
        ran = skymms_("call", "f", f=written("skycore", ASKED[GetStatistics]))
        (link,) = ran.out.splitlines()
        assert f"read it with: skymms report {link}" in ran.err
        (*_, message) = skymms_("report", link, "--json").json["messages"]
        assert (message["kind"], message["to"], message["text"]) == ("SMS", "15551234888", "Hi!")

    def test_needs_a_link_and_shows_the_answer_that_has_none(self, skymms_):
        with Faulty(answered("<NOTE>ask again tomorrow</NOTE>")) as server:
            ran = skymms_("call", "f", "--url", server.url, f=written("skycore", ASKED[GetStatistics]))
        assert ran.status == Status.NO_ANSWER
        # No document shows this answer: whoever sees it may find in it what we did not.
        assert "no URL of a report" in ran.err
        assert "ask again tomorrow" in ran.err

    @pytest.mark.parametrize(("file", "said"), [(COUPON, "no report: not well-formed"), ("<REPORT/>", "the root is REPORT")])
    def test_of_a_file_that_is_none_is_2(self, skymms_, file, said):
        ran = skymms_("report", "f", f=file)
        assert (ran.status, ran.out) == (Status.USAGE, "")
        assert said in ran.err

    @pytest.mark.parametrize("act", [http(b"<html>", "404 Not Found"), http(b"<html>"), drop])
    def test_of_a_link_that_leads_to_none_is_3(self, skymms_, act):
        with Faulty(act) as server:
            ran = skymms_("report", server.url)
        assert (ran.status, ran.out) == (Status.NO_ANSWER, "")

    def test_of_a_link_that_is_none_is_2(self, skymms_):
        assert skymms_("report", "http://[::1/x.xml").status == Status.USAGE


# ------------------------------------------------------------------------------------------------ exit statuses


class TestTheStatus:
    @pytest.mark.parametrize("code", ["E104", "E111", "E503", "E000"])
    def test_is_1_when_the_gateway_refused(self, skymms_, code):
        with Faulty(http(refused(code))) as server:
            ran = skymms_("send", "f", *ADDRESSED, "--url", server.url, "--json", f=COUPON)
        assert ran.status == Status.REFUSED
        assert (ran.json["error"]["code"], ran.json["error"]["foreseen"]) == (code, False)
        assert code in ran.err
        assert ("It may have been sent" in ran.err) == ran.json["error"]["sent_maybe"] == (code == "E503")

    @pytest.mark.parametrize("answer", [refused("E104").replace(b">no<", b">bad key canary-5fa1c0de-key<"), CANARY.encode()])
    def test_masks_a_key_that_a_gateway_echoes(self, skymms_, answer):
        with Faulty(http(answer)) as server:
            ran = skymms_("send", "f", *ADDRESSED, "--url", server.url, "--json", f=COUPON)
        assert ran.status in {Status.REFUSED, Status.NO_ANSWER}
        assert "***" in ran.out
        assert "***" in ran.err

    @pytest.mark.parametrize(
        ("argv", "said"),
        [
            ((), "Missing command"),
            (("bogus",), "No such command 'bogus'"),
            (("check",), "Missing argument 'FILE'"),
            (("check", "nowhere.toml"), "cannot read nowhere.toml: No such file or directory"),
            (("check", "."), "cannot read .: Is a directory"),
            (("check", "nul\0"), "cannot read"),
            (("check", "f", "--dialect", "klingon"), "'klingon' is not one of"),
            (("send", "f", "--to", "1"), "--from is missing"),
            (("send", "f", "--from", "1"), "--to is missing"),
            (("send", "f", *ADDRESSED, "--api-key", "x"), "--api-key"),
            (("send", "f", *ADDRESSED, "--url", "gateway.example"), "no http(s) address"),
            (("send", "junk", *ADDRESSED), "neither XML nor text in UTF-8"),
            (("send", "listing"), "the file asks for ListMMS, which holds no slideshow"),
            (("save", "listing"), "the file asks for ListMMS, which holds no slideshow: `skymms call` makes it"),
            (("call", "f"), "the file holds a slideshow and asks for nothing"),
            (("call", "nowhere.xml"), "cannot read nowhere.xml"),
            (("report", "nowhere.xml"), "cannot read nowhere.xml"),
            (("check", "postback"), "the root is POSTBACK"),
            (("postback", "f"), "no postback"),
            (("explain", "E9999"), "E9999 is in neither catalogue"),
        ],
    )
    def test_is_2_when_something_was_asked_wrongly(self, skymms_, argv, said):
        files = {"f": COUPON, "junk": b"\x89PNG\r\n\x1a\n\x00\xff", "postback": "<POSTBACK/>"}
        listing = b"<REQUEST><ACTION>getMmsIds</ACTION></REQUEST>"
        ran = skymms_(*argv, **files, listing=listing)
        assert (ran.status, ran.out) == (Status.USAGE, "")
        assert said in ran.err

    @pytest.mark.parametrize(
        "argv", [("send", "f", *ADDRESSED), ("save", "f"), ("list",), ("delete", "1"), ("send-saved", "1"), ("call", "ids")]
    )
    @pytest.mark.parametrize("key", [None, "", " "])
    def test_is_2_without_a_key(self, skymms_, monkeypatch, argv, key):
        monkeypatch.delenv("SKYMMS_API_KEY") if key is None else monkeypatch.setenv("SKYMMS_API_KEY", key)
        ran = skymms_(*argv, f=COUPON, ids=b"<REQUEST><ACTION>getMmsIds</ACTION></REQUEST>")
        assert (ran.status, ran.out) == (Status.USAGE, "")
        assert "SKYMMS_API_KEY" in ran.err

    def test_is_3_when_the_answer_was_lost_and_says_that_it_may_have_been_sent(self, skymms_):
        with Faulty(drop) as server:
            ran = skymms_("send", "f", *ADDRESSED, "--url", server.url, "--json", f=COUPON)
            assert len(server.requests) == 1
        assert ran.status == Status.NO_ANSWER
        assert ran.json["error"]["sent_maybe"] is True
        assert "It may have been sent all the same: look for its postbacks" in ran.err

    def test_is_3_when_somebody_else_answers_and_shows_who(self, skymms_):
        with Faulty(http(b"<html>Not here\x9b31m</html>", "404 Not Found")) as server:
            ran = skymms_("send", "f", *ADDRESSED, "--url", server.url, "--json", f=COUPON)
        assert ran.status == Status.NO_ANSWER
        assert (ran.json["error"]["status"], ran.json["error"]["sent_maybe"]) == (404, False)
        assert "the answer begins: <html>Not here\\x9b31m" in ran.err
        assert "Nothing was sent." in ran.err

    def test_is_3_when_nobody_listens_and_says_that_nothing_was_sent(self, skymms_, monkeypatch):
        monkeypatch.setattr(skymms.client.time, "sleep", lambda seconds: None)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        ran = skymms_("send", "f", *ADDRESSED, "--url", f"http://127.0.0.1:{port}/", f=COUPON)
        assert ran.status == Status.NO_ANSWER
        assert "nothing was sent" in ran.err
        assert ran.err.count("waiting") == 3
        assert "may have been" not in ran.err

    def test_is_3_for_a_lost_deletion_which_may_have_been_done(self, skymms_):
        with Faulty(drop) as server:
            ran = skymms_("delete", "1", "--url", server.url)
        assert ran.status == Status.NO_ANSWER
        assert "It may have been done all the same: look at `skymms list`" in ran.err

    def test_is_4_when_a_problem_was_found_before_anything_left(self, skymms_, gateway):
        before = len(gateway.requests)
        ran = skymms_("send", "f", *ADDRESSED, "--json", f=WRONG)
        assert (ran.status, len(gateway.requests)) == (Status.PROBLEMS, before)
        assert ran.json["error"]["foreseen"] is True
        assert {problem["code"] for problem in ran.json["error"]["problems"]} == {"E226", "E311", "E313", "E353"}
        assert "E226 slide 1, audio/video" in ran.err

    def test_is_4_for_a_file_with_a_key_that_no_slideshow_has(self, skymms_, gateway):
        ran = skymms_("send", "f", *ADDRESSED, f=COUPON.replace("image", "imgae"))
        assert ran.status == Status.PROBLEMS
        assert "slide 1, imgae" in ran.err

    @pytest.mark.parametrize(
        ("argv", "maybe"),
        [(("send", "f", *ADDRESSED), "sent"), (("save", "f"), "done"), (("list",), None)],
        ids=lambda it: str(it),
    )
    def test_is_130_after_ctrl_c_and_says_what_may_have_happened(self, skymms_, monkeypatch, argv, maybe):
        def interrupted(self: Client, request: Any) -> Any:
            raise KeyboardInterrupt

        monkeypatch.setattr(Client, "_perform", interrupted)
        ran = skymms_(*argv, f=COUPON)
        assert (ran.status, ran.out) == (Status.INTERRUPTED, "")
        assert "interrupted" in ran.err
        assert ("may have been" in ran.err) == bool(maybe)
        assert maybe is None or f"It may have been {maybe}" in ran.err

    @pytest.mark.parametrize(
        "argv", [("explain", "E226"), ("explain", "E226", "--json"), ("check", "f"), ("show", "f", "--raw")]
    )
    def test_is_141_when_the_reader_has_gone(self, monkeypatch, argv, tmp_path):
        class Gone(io.TextIOWrapper):
            def write(self, words: str) -> int:
                raise BrokenPipeError

        class Bytes(io.BytesIO):
            def write(self, data: Any) -> int:
                raise BrokenPipeError

        (tmp_path / "f").write_text(COUPON)
        monkeypatch.setattr(sys, "stdout", Gone(Bytes()))
        assert main(argv) == Status.CLOSED

    def test_is_3_when_there_is_no_room_for_the_answer(self, skymms_, monkeypatch):
        class Full(io.StringIO):
            def write(self, words: str) -> int:
                raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", Full())
            ran = skymms_("explain", "E226", "--json")
        assert ran.status == Status.NO_ANSWER
        assert ran.err == "the answer could not be written: No space left on device\n"


# ------------------------------------------------------------------------------------------------ postback and explain


POSTBACK = (
    "<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><SENTAS>MMS</SENTAS><STATUS>Message Sent/Delivered</STATUS>"
    "<TRACKINGID>MMS_12345</TRACKINGID><TIMESTAMP>2012-06-07T07:27:34-05:00</TIMESTAMP></POSTBACK>"
)
INBOUND = (
    "<POSTBACK><ORIGIN>MMS_MO</ORIGIN><CODE>N401</CODE><FROM>15551234888</FROM><CONTENT><FILE>http://media.example/a</FILE>"
    "<FILE>http://media.example/b</FILE></CONTENT></POSTBACK>"
)


class TestPostback:
    def test_tells_what_happened_to_which_message(self, skymms_):
        ran = skymms_("postback", "f", f=POSTBACK)
        assert (ran.status, ran.err) == (0, "")
        assert ran.out.startswith(f"N102: {EVENTS['N102'].meaning}\n")
        assert re.search(r"tracking id +MMS_12345", ran.out)

    def test_reads_stdin_and_a_form(self, skymms_):
        from urllib.parse import urlencode

        assert "MMS_12345" in skymms_("postback", "-", stdin=POSTBACK.encode()).out
        assert "MMS_12345" in skymms_("postback", "-", stdin=urlencode({"xml": POSTBACK}).encode()).out

    def test_answers_machines_with_dates_in_iso_8601(self, skymms_):
        (notice,) = skymms_("postback", "f", "--json", f=POSTBACK).json["notices"]
        assert (notice["kind"], notice["timestamp"]) == ("DeliveryReport", "2012-06-07T07:27:34-05:00")
        assert (notice["delivered"], notice["failed"], notice["final"]) == (True, False, True)
        assert notice["identity"].startswith("MMS_MT/N102/MMS_12345")
        assert ["SENTAS", "MMS"] in notice["raw"]

    def test_lists_the_files_of_an_inbound_message(self, skymms_):
        out = skymms_("postback", "f", f=INBOUND).out
        assert "http://media.example/a" in out
        assert "http://media.example/b" in out

    def test_shows_everything_of_an_event_nobody_knows(self, skymms_):
        unknown = POSTBACK.replace("N102", "N777").replace("<SENTAS>", "<A_B>1</A_B><A_B>2</A_B><SENTAS>")
        out = skymms_("postback", "f", f=unknown).out
        assert "N777: not in the catalogue" in out
        assert re.search(r"A_B +1\s+A_B +2\s+SENTAS +MMS", out)

    def test_shows_everything_of_an_event_that_is_known_and_not_interpreted(self, skymms_):
        out = skymms_("postback", "f", f=POSTBACK.replace("MMS_MT", "ELSEWHERE")).out
        assert out.startswith(f"N102: {EVENTS['N102'].meaning}\n")
        assert re.search(r"TRACKINGID +MMS_12345", out)

    def test_tells_each_event_of_many(self, skymms_):
        two = POSTBACK.replace("<POSTBACK>", "<POSTBACK><NOTIFICATION>").replace(
            "</POSTBACK>", "</NOTIFICATION><NOTIFICATION><ORIGIN>SUB</ORIGIN><CODE>N301</CODE></NOTIFICATION></POSTBACK>"
        )
        assert len(skymms_("postback", "f", "--json", f=two).json["notices"]) == 2

    @pytest.mark.parametrize("control", ["&#155;", "&#x202e;", "&#13;", "&#x85;"])
    def test_never_lets_a_stranger_steer_the_terminal(self, skymms_, control):
        hostile = POSTBACK.replace("MMS_12345", f"{control}[31m[bold]")
        out = skymms_("postback", "f", f=hostile).out
        assert "[31m[bold]" in out
        assert not re.search("[\x80-\x9f\u202e\r\x1b]", out)


class TestExplain:
    @pytest.mark.parametrize("code", ["E227", "e227", " E227 "])
    def test_tells_meaning_class_and_remedy(self, skymms_, code):
        ran = skymms_("explain", code)
        assert (ran.status, ran.err) == (0, "")
        assert ran.out.startswith(f"E227 in an answer: {ANSWERS['E227'].meaning}\n")
        assert "VideoWithImageError" in ran.out
        assert ANSWERS["E227"].remedy in ran.out

    def test_tells_both_channels_where_a_code_stands_in_both(self, skymms_):
        out = skymms_("explain", "E101").out
        assert f"E101 in an answer: {ANSWERS['E101'].meaning}" in out
        assert ANSWERS["E101"].note in out
        assert f"E101 in a postback: {EVENTS['E101'].meaning}" in out

    def test_tells_what_comes_by_postback_only(self, skymms_):
        out = skymms_("explain", "N102").out
        assert "answer" not in out
        assert "N102 in a postback" in out

    def test_knows_every_code(self, skymms_):
        for code in {*ANSWERS, *EVENTS}:
            answer = skymms_("explain", code, "--json").json
            assert (answer["answer"] is not None, answer["event"] is not None) == (code in ANSWERS, code in EVENTS)


# ------------------------------------------------------------------------------------------------ demo


class TestDemo:
    def test_does_everything_without_a_key(self, skymms_, monkeypatch):
        monkeypatch.delenv("SKYMMS_API_KEY")
        # What the environment names is for real gateways.
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("SKYMMS_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("SKYMMS_DIALECT", "sinch")
        ran = skymms_("demo")
        assert (ran.status, ran.err) == (0, "")
        steps = re.findall(r"^(\d)\. ", ran.out, re.MULTILINE)
        assert steps == [str(at) for at in range(1, len(steps) + 1)]
        assert "AudioWithVideoError: E226 slide 3" in ran.out
        assert "<API_KEY>***</API_KEY>" in ran.out
        assert "&api_key=***" in ran.out
        assert "sandbox-key" not in ran.out
        for code, times in {"N003": 1, "N101": 4, "N102": 4}.items():
            assert len(re.findall(f"^ {code} +{re.escape(EVENTS[code].meaning)} ", ran.out, re.MULTILINE)) == times

    def test_fits_80_columns_without_colour(self):
        ran = process("demo", COLUMNS=None)
        assert ran.status == 0, ran.err
        assert max(map(len, ran.out.splitlines())) <= 80
        assert "\x1b" not in ran.out

    def test_fails_if_anything_is_not_as_it_says(self, skymms_, monkeypatch):
        monkeypatch.setattr("skymms.cli.demo.PATIENCE", 0.0)
        monkeypatch.setattr("skymms.cli.demo.PostbackReceiver.wait", lambda self, count, timeout: self.notices)
        monkeypatch.setattr("skymms.cli.demo.PostbackReceiver.notices", ())
        ran = skymms_("demo")
        assert ran.status == Status.NO_ANSWER
        assert "the demo stopped: it is not so that every message was reported" in ran.err

    def test_fails_if_the_postbacks_do_not_come(self, skymms_, monkeypatch):
        def late(self: Any, count: int, timeout: float) -> None:
            raise TimeoutError("0 of 9 notices came")

        monkeypatch.setattr("skymms.cli.demo.PostbackReceiver.wait", late)
        ran = skymms_("demo")
        assert ran.status == Status.NO_ANSWER
        assert "the demo stopped: 0 of 9 notices came" in ran.err


class TestAsAProcess:
    def test_answers_on_stdout_and_ends_with_the_status(self):
        ran = process("check", "-", stdin=COUPON.encode())
        assert ran == (0, "No problem in the slideshow.\n", "")
        assert process("check", "-", stdin=WRONG.encode()).status == 4
        assert process("explain", "E9999").status == 2

    def test_says_its_version_and_how_it_is_used(self):
        assert re.fullmatch(r"skymms \d+\.\d+\.\d+\n", process("--version").out)
        told = process("--help").out
        assert "SKYMMS_API_KEY" in told
        for command in (
            "call",
            "check",
            "delete",
            "demo",
            "explain",
            "list",
            "postback",
            "report",
            "sandbox",
            "save",
            "send",
            "send-saved",
            "show",
        ):
            assert re.search(f"^  {command} ", told, re.MULTILINE)
            assert process(command, "--help").status == 0

    def test_prints_what_the_terminals_encoding_lacks(self):
        emoji = COUPON.replace("Good to", "👋 Good to")
        ran = process("show", "-", stdin=emoji.encode(), PYTHONIOENCODING="ascii")
        assert ran.status == 0
        assert "\\U0001f44b Good to" in ran.out
        assert process("check", "-", stdin=WRONG.encode(), PYTHONIOENCODING="ascii").status == 4

    def test_ends_quietly_when_the_reader_has_gone(self):
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write) as pipe:
            done = subprocess.run(
                [sys.executable, "-m", "skymms", "explain", "E226"],
                stdout=pipe,
                stderr=subprocess.PIPE,
                env=surroundings(PYTHONPATH=PYTHONPATH),
                timeout=60,
            )
        assert (done.returncode, done.stderr) == (Status.CLOSED, b"")

    @pytest.mark.parametrize("closed", ["0", "1", "2"])
    def test_survives_streams_that_are_closed(self, closed):
        opened = "import os, sys; os.close(int(sys.argv[1])); os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
        done = subprocess.run(
            [sys.executable, "-c", opened, closed, "-m", "skymms", "check", "-"],
            input=COUPON.encode(),
            capture_output=True,
            env=surroundings(PYTHONPATH=PYTHONPATH),
            timeout=60,
        )
        assert done.returncode == (2 if closed == "0" else 0)
        assert b"Traceback" not in done.stdout + done.stderr

    @pytest.mark.parametrize("missing", ["click", "rich"])
    def test_without_its_extra_says_how_to_get_it(self, missing):
        asked = f"import sys; sys.modules[{missing!r}] = None; from skymms.cli import main; sys.exit(main(['--help']))"
        done = subprocess.run(
            [sys.executable, "-c", asked], capture_output=True, text=True, env=surroundings(PYTHONPATH=PYTHONPATH), timeout=60
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "the command line needs click and rich: pip install 'skymms[cli]'\n"

    def test_imports_its_extra_only_to_run_a_command(self):
        asked = "import sys, skymms.cli; print(sorted({'click', 'rich', 'requests', 'lxml'} & set(sys.modules)))"
        done = subprocess.run(
            [sys.executable, "-c", asked], capture_output=True, text=True, env=surroundings(PYTHONPATH=PYTHONPATH), timeout=60
        )
        assert done.stdout.strip() == "[]"

    def test_tells_after_ctrl_c_that_it_may_have_been_sent(self, tmp_path):
        (tmp_path / "f").write_text(COUPON)
        arrived = threading.Event()

        def silent(connection: socket.socket, closing: threading.Event) -> None:
            arrived.set()
            stall(connection, closing)

        with Faulty(silent) as server:
            running = subprocess.Popen(
                [sys.executable, "-m", "skymms", "send", "f", *ADDRESSED, "--url", server.url],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=surroundings(PYTHONPATH=PYTHONPATH),
                **INTERRUPTIBLE,
            )
            assert arrived.wait(30)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=60)
        assert (running.returncode, out) == (Status.INTERRUPTED, b"")
        assert b"interrupted\nIt may have been sent all the same" in err
        assert b"Traceback" not in err


def test_a_console_script_ends_with_what_main_returns(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["skymms", "explain", "E9999"])
    with pytest.raises(SystemExit) as ended:
        entry()
    assert ended.value.code == Status.USAGE


def test_the_answers_of_a_gateway_are_sent_once(skymms_):
    with Faulty(http(SENT)) as server:
        assert skymms_("send", "f", *ADDRESSED, "--url", server.url, f=COUPON).status == 0
        assert len(server.requests) == 1


def test_an_empty_store_is_an_empty_list_in_every_dialect_that_lists(monkeypatch, capsys):
    with Sandbox() as sandbox:
        for dialect in ("skycore", "skycore-get", "sinch"):
            monkeypatch.setenv("SKYMMS_API_KEY", "sandbox-key")
            monkeypatch.setenv("SKYMMS_URL", sandbox.account(dialect).address)
            assert main(["list", "--dialect", dialect, "--json"]) == 0
            assert json.loads(capsys.readouterr().out)["mms_ids"] == []


@pytest.mark.parametrize(
    ("dialect", "command", "named"),
    [
        ("sinch-json", ["list"], "ListMMS"),
        ("sinch-json", ["delete", "35674"], "DeleteMMS"),
        # A missing id is a problem of the message; that there is no such action comes before it.
        ("sinch-json", ["delete", ""], "DeleteMMS"),
        ("sinch-json", ["call", "-"], "Subscribe"),
        ("sinch", ["call", "-"], "Subscribe"),
        ("sinch", ["show", "-"], "Subscribe"),
    ],
)
def test_an_action_that_the_dialect_has_not_is_a_matter_of_configuration(skymms_, monkeypatch, dialect, command, named):
    assert not DIALECTS[dialect].action(getattr(skymms, named))
    with Sandbox() as sandbox:
        monkeypatch.setenv("SKYMMS_URL", sandbox.account(dialect).address)
        ran = skymms_(*command, "--dialect", dialect, "--json", stdin=written("skycore", ASKED[Subscribe]))
        assert (ran.status, sandbox.requests) == (Status.USAGE, [])
    error = ran.json["error"]
    assert (error["class"], error["sent_maybe"]) == ("ConfigurationError", False)
    assert error["message"] == f"{named}: the dialect {dialect} has no such action"
