"""`skymms postback` and `skymms explain`."""

from __future__ import annotations

import re

import pytest

from skymms.codes import ANSWERS, CELLCAST_ANSWERS, EVENTS

POSTBACK = (
    "<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><SENTAS>MMS</SENTAS><STATUS>Message Sent/Delivered</STATUS>"
    "<TRACKINGID>MMS_12345</TRACKINGID><TIMESTAMP>2012-06-07T07:27:34-05:00</TIMESTAMP></POSTBACK>"
)


INBOUND = (
    "<POSTBACK><ORIGIN>MMS_MO</ORIGIN><CODE>N401</CODE><FROM>15551234888</FROM><CONTENT><FILE>http://media.example/a</FILE>"
    "<FILE>http://media.example/b</FILE></CONTENT></POSTBACK>"
)


class TestPostback:
    def test_a_delivery_report_is_printed_with_meaning_and_tracking_id(self, run):
        result = run("postback", "f", f=POSTBACK)
        assert (result.status, result.err) == (0, "")
        assert result.out.startswith("N102: delivered\n")
        assert re.search(r"tracking id +MMS_12345", result.out)

    def test_a_postback_is_read_from_stdin_and_from_a_form(self, run):
        from urllib.parse import urlencode

        assert "MMS_12345" in run("postback", "-", stdin=POSTBACK.encode()).out
        assert "MMS_12345" in run("postback", "-", stdin=urlencode({"xml": POSTBACK}).encode()).out

    def test_the_json_of_a_postback_contains_the_fields_and_the_computed_values(self, run):
        (notice,) = run("postback", "f", "--json", f=POSTBACK).json["notices"]
        assert (notice["kind"], notice["timestamp"]) == ("DeliveryReport", "2012-06-07T07:27:34-05:00")
        assert (notice["delivered"], notice["failed"], notice["final"]) == (True, False, True)
        assert notice["identity"].startswith("MMS_MT/N102/MMS_12345")
        assert ["SENTAS", "MMS"] in notice["raw"]

    def test_the_files_of_an_inbound_message_are_listed(self, run):
        out = run("postback", "f", f=INBOUND).out
        assert "http://media.example/a" in out
        assert "http://media.example/b" in out

    def test_everything_in_a_postback_with_an_unknown_code_is_printed(self, run):
        unknown = POSTBACK.replace("N102", "N777").replace("<SENTAS>", "<A_B>1</A_B><A_B>2</A_B><SENTAS>")
        out = run("postback", "f", f=unknown).out
        assert "N777: unknown code" in out
        assert re.search(r"A_B +1\s+A_B +2\s+SENTAS +MMS", out)

    def test_everything_in_a_postback_with_an_unknown_origin_is_printed(self, run):
        out = run("postback", "f", f=POSTBACK.replace("MMS_MT", "ELSEWHERE")).out
        assert out.startswith(f"N102: {EVENTS['N102'].meaning}\n")
        assert re.search(r"TRACKINGID +MMS_12345", out)

    def test_what_no_field_has_is_printed_with_a_known_postback_too(self, run):
        more = POSTBACK.replace("<POSTBACK>", '<POSTBACK kind="new">words').replace("<SENTAS>", "<OS>iOS</OS><SENTAS>")
        out = run("postback", "f", f=more).out
        assert re.search(r"@kind +new", out)
        assert re.search(r"#text +words", out)
        assert re.search(r"OS +iOS", out)
        assert "fingerprint" not in out

    def test_a_status_of_unknown_meaning_is_not_printed_as_delivered(self, run):
        out = run("postback", "f", f=POSTBACK.replace("Message Sent/Delivered", "Message Sent/Sleeping")).out
        assert out.startswith("N102: sleeping\n")
        assert re.search(r"delivered +not known", out)

    def test_every_event_of_a_batch_is_printed(self, run):
        two = POSTBACK.replace("<POSTBACK>", "<POSTBACK><NOTIFICATION>").replace(
            "</POSTBACK>", "</NOTIFICATION><NOTIFICATION><ORIGIN>SUB</ORIGIN><CODE>N301</CODE></NOTIFICATION></POSTBACK>"
        )
        assert len(run("postback", "f", "--json", f=two).json["notices"]) == 2

    @pytest.mark.parametrize("control", ["&#155;", "&#x202e;", "&#13;", "&#x85;"])
    def test_control_characters_in_a_postback_never_reach_the_terminal(self, run, control):
        hostile = POSTBACK.replace("MMS_12345", f"{control}[31m[bold]")
        out = run("postback", "f", f=hostile).out
        assert "[31m[bold]" in out
        assert not re.search("[\x80-\x9f\u202e\r\x1b]", out)


class TestExplain:
    @pytest.mark.parametrize("code", ["E227", "e227", " E227 ", "227", "`E227`", "E227:"])
    def test_a_code_is_explained_with_meaning_error_class_and_remedy(self, run, code):
        result = run("explain", code)
        assert (result.status, result.err) == (0, "")
        assert result.out.startswith(f"E227 found before sending, or in a response: {ANSWERS['E227'].meaning}\n")
        assert "VideoWithImageError" in result.out
        assert ANSWERS["E227"].remedy in result.out

    def test_the_place_the_rule_and_a_program_are_printed(self, run):
        out = run("explain", "E227").out
        assert re.search(r"where +a response of Skycore 1.3 or Sinch MMS to a request that sends or saves a slideshow", out)
        assert re.search(r"rule +Video and image are on different slides.", out)
        assert "\n    from skymms import Client, SendMMS, Slide, Slideshow\n" in out

    @pytest.mark.parametrize(
        ("code", "occasion"),
        [
            ("E226", "found before sending, or in a response"),
            ("E503", "in a response"),
            ("N102", "in a postback"),
            ("CastError", "in Cellcast's response"),
        ],
    )
    def test_the_heading_says_when_the_code_is_met(self, run, code, occasion):
        assert run("explain", code).out.startswith(f"{code} {occasion}: ")

    def test_a_code_with_two_meanings_is_explained_for_responses_and_postbacks(self, run):
        out = run("explain", "E101").out
        assert f"E101 in a response: {ANSWERS['E101'].meaning}" in out
        assert ANSWERS["E101"].note[1:] in out
        assert f"E101 in a postback: {EVENTS['E101'].meaning}" in out

    def test_a_number_that_two_codes_have_explains_both(self, run):
        out = run("explain", "102").out
        assert "E102 in a response" in out
        assert "N102 in a postback" in out
        assert run("explain", "429").out.startswith("429 in a response")

    def test_a_postback_code_is_not_explained_as_a_response(self, run):
        out = run("explain", "N102").out
        assert "N102 in a response" not in out
        assert "N102 in a postback" in out

    def test_every_code_is_explained(self, run):
        codes = sorted({*ANSWERS, *CELLCAST_ANSWERS, *EVENTS})
        explained = run("explain", *codes, "--json").json["codes"]
        assert [one["code"] for one in explained] == codes
        for one in explained:
            assert (one["response"] is not None) == (one["code"] in {*ANSWERS, *CELLCAST_ANSWERS})
            assert (one["postback"] is not None) == (one["code"] in EVENTS)
            for meaning in one["meanings"]:
                assert {"class", "what to do", "where"} <= meaning["facts"].keys()
                assert meaning["example"].endswith("\n")

    def test_several_codes_are_explained_in_their_order_and_once(self, run):
        out = run("explain", "e227", "N102", "227").out
        assert out.index("E227 found before sending") < out.index("N102 in a postback")
        assert out.count("E227 found before sending") == 1

    @pytest.mark.parametrize("typed", ["FIELD_INVALID", "field_invalid", " CastError", "number_not_valid"])
    def test_codes_of_cellcast_are_explained(self, run, typed):
        code = next(code for code in CELLCAST_ANSWERS if code.upper() == typed.strip().upper())
        out = run("explain", typed).out
        assert re.match(rf"{code} (found before sending, or )?in Cellcast's response: ", out)
        assert CELLCAST_ANSWERS[code].meaning in out.partition("\n")[0]
        assert CELLCAST_ANSWERS[code].remedy.split(".")[0] in out

    @pytest.mark.parametrize("typed", ["AudioWithVideoError", "audiowithvideoerror"])
    def test_an_error_class_is_explained_with_its_code(self, run, typed):
        out = run("explain", typed).out
        assert out.startswith("AudioWithVideoError: E226: audio and video on one slide.\n")
        assert "E226 found before sending, or in a response" in out

    def test_a_class_of_many_codes_lists_them(self, run):
        out = run("explain", "SubscriptionError").out
        assert re.search(r"^  E903 +the campaign id is invalid$", out, re.MULTILINE)
        assert "in a response" not in out

    def test_a_class_without_codes_is_described(self, run):
        assert run("explain", "TransportError").out.startswith("TransportError: There is no usable HTTP response")

    def test_classes_are_in_the_json(self, run):
        explained = run("explain", "AudioWithVideoError", "--json").json
        assert explained["classes"][0]["codes"] == ["E226"]
        assert explained["codes"][0]["code"] == "E226"

    def test_unknown_codes_are_all_named_and_nothing_is_explained(self, run):
        result = run("explain", "E227", "E9999", "Pigeon")
        assert (result.status, result.out) == (2, "")
        assert "skymms does not know E9999" in result.err
        assert "skymms does not know Pigeon: read the text that came with the code" in result.err

    @pytest.mark.parametrize(
        ("typed", "similar"),
        [("FIELD_INVALD", "FIELD_INVALID"), ("AudioWithVideo", "AudioWithVideoError"), ("X227", "E227"), ("E22", "E227")],
    )
    def test_an_unknown_code_is_answered_with_similar_ones(self, run, typed, similar):
        result = run("explain", typed)
        assert result.status == 2
        assert re.search(rf"skymms does not know {typed}: similar names: .*\b{similar}\b", result.err)
