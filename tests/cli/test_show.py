"""`skymms show`: the request is printed as it would be sent, with the key masked."""

from __future__ import annotations

import json

import pytest
from cli_messages import JSON_SLIDESHOW, OPERATIONS, SLIDESHOW, WRONG_SLIDESHOW, encode, service_id
from cli_process import CANARY, COUPON, TO_AND_FROM

from skymms import SaveMMS, SendMMS, SendSMS, Subscribe
from skymms.wire.dialects import DIALECTS


class TestShow:
    def test_an_xml_request_is_shown_indented_with_the_key_masked(self, run):
        result = run("show", "f", "--dialect", "skycore", *TO_AND_FROM, f=COUPON)
        assert (result.status, result.err) == (0, "")
        assert result.out.startswith(
            "<REQUEST>\n  <ACTION>sendMMS</ACTION>\n  <API_KEY>***</API_KEY>\n  <TO>15551234888</TO>\n"
        )

    def test_a_get_address_is_printed_with_one_parameter_per_line(self, run):
        lines = run("show", "f", "--dialect", "skycore-get", *TO_AND_FROM, f=COUPON).out.splitlines()
        assert lines[:4] == [DIALECTS["skycore-get"].url, "?action=sendmms", "&api_key=***", "&to=15551234888"]

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_check_reads_what_show_prints(self, run, dialect):
        slideshow = JSON_SLIDESHOW if dialect == "sinch-json" else SLIDESHOW
        operation = SendMMS(slideshow, to="15551234888", sender="60856", service_id=service_id(dialect))
        shown = run("show", "f", f=encode(dialect, operation)).out
        assert run("check", "g", "--json", g=shown).json["problems"] == []

    def test_a_json_request_is_shown_indented_with_the_masked_key_in_the_header(self, run):
        gateway_options = ("--dialect", "sinch-json", *TO_AND_FROM, "--service-id", "1")
        result = run("show", "f", *gateway_options, f=COUPON.replace("duration", "#").replace("Welcome", "Grüß dich 🎉"))
        assert (result.status, result.err) == (0, "")
        assert result.out.startswith('{\n  "action": "sendmms",\n  "to": "15551234888",\n')
        assert '"Grüß dich 🎉"' in result.out
        assert "***" not in result.out
        assert run("show", "f", "--json", *gateway_options).json["headers"]["x-api-key"] == "***"

    def test_control_characters_in_json_are_printed_as_json_escapes(self, run):
        show = JSON_SLIDESHOW.replace(subject="a\x7f\x85\u202eb")
        operation = SendMMS(show, to="15551234888", sender="60856", service_id="1")
        out = run("show", "f", f=encode("sinch-json", operation)).out
        assert r"a\u007f\u0085\u202eb" in out
        assert json.loads(out)["message-subject"] == show.subject

    def test_a_field_that_the_dialect_does_not_support_is_reported_and_left_out(self, run):
        result = run("show", "f", "--dialect", "sinch-json", f=COUPON)
        assert result.status == 4
        assert result.err == "slide 1, duration: is not supported by SendMMS in sinch-json: leave it out\n"
        assert "duration" not in result.out

    @pytest.mark.parametrize(("dialect", "status"), [("skycore", 4), ("sinch", 0), ("sinch-json", 4)])
    def test_show_raw_prints_the_exact_bytes(self, run, dialect, status):
        # Unsupported fields are left out and reported: the service id in skycore, the duration in sinch-json.
        result = run("show", "f", "--raw", "--dialect", dialect, *TO_AND_FROM, "--service-id", "1", f=COUPON)
        assert (result.status, "is not supported by SendMMS" in result.err) == (status, status == 4)
        operation = SendMMS(SLIDESHOW, to="15551234888", sender="60856", service_id="1")
        assert result.out.encode() == DIALECTS[dialect].encode_request(operation, "***")

    def test_show_raw_ends_with_a_new_line_in_a_terminal_only(self, run, monkeypatch):
        arguments = ("show", "f", "--raw", *TO_AND_FROM)
        piped = run(*arguments, f=COUPON).out
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        assert run(*arguments, f=COUPON).out == piped + "\n"
        assert not piped.endswith("\n")

    def test_show_raw_prints_the_address_of_a_get_request(self, run):
        out = run("show", "f", "--raw", "--dialect", "skycore-get", *TO_AND_FROM, f=COUPON).out
        assert out.startswith(DIALECTS["skycore-get"].url + "?action=sendmms&api_key=%2A%2A%2A&to=15551234888&")

    def test_the_json_of_show_is_one_document(self, run):
        document = run("show", "f", "--json", "--url", "https://gateway.example/x", *TO_AND_FROM, f=COUPON).json
        assert (document["method"], document["url"]) == ("POST", "https://gateway.example/x")
        assert document["document"].endswith("</REQUEST>")
        document = run("show", "f", "--json", "--dialect", "skycore-get").json
        assert (document["method"], document["document"]) == ("GET", None)

    @pytest.mark.parametrize("how", [(), ("--raw",), ("--json",)])
    def test_the_password_in_an_address_is_not_printed(self, run, monkeypatch, how):
        monkeypatch.setenv("SKYMMS_URL", f"https://ada:{CANARY}@gateway.example/x")
        assert "https://gateway.example/x" in run("show", "f", "--dialect", "skycore-get", *how, f=COUPON).out

    def test_show_needs_neither_a_key_nor_a_recipient(self, run, monkeypatch):
        monkeypatch.delenv("SKYMMS_API_KEY")
        result = run("show", "f", "--dialect", "sinch", f=COUPON)
        assert (result.status, result.err) == (0, "")
        assert "<to>" not in result.out

    def test_problems_are_printed_on_stderr_and_the_request_on_stdout(self, run):
        result = run("show", "f", *TO_AND_FROM, f=WRONG_SLIDESHOW)
        assert result.status == 4
        assert "E226 slide 1, audio/video" in result.err
        assert "<VIDEO>" in result.out

    def test_a_missing_sender_is_a_problem_if_a_recipient_is_given(self, run):
        result = run("show", "f", "--to", "15551234888", f=COUPON)
        assert result.status == 4
        assert "E111 sender" in result.err

    def test_a_request_that_cannot_be_encoded_prints_the_reason_only(self, run):
        result = run("show", "f", f=COUPON.replace("Good to", r"\u0001Good to"))
        assert result.status == 4
        assert "E108" in result.err
        assert result.out == ""

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    def test_every_operation_can_be_shown_and_is_read_back_by_check(self, run, dialect):
        for kind, operation in OPERATIONS.items():
            result = run("show", "f", f=encode(dialect, operation))
            assert (kind, result.status, result.err) == (kind, 0, "")
            document = run("check", "g", "--json", g=result.out).json
            assert (document["operation"], document["problems"], document["schema"]) == (kind.__name__, [], [])

    def test_an_option_that_the_request_does_not_support_is_a_usage_error(self, run):
        sms = encode("skycore", OPERATIONS[SendSMS])
        assert "<TO>15551234889</TO>" in run("show", "f", "--to", "15551234889", f=sms).out
        result = run("show", "f", "--from", "60857", f=encode("skycore", OPERATIONS[Subscribe]))
        assert (result.status, result.out) == (2, "")
        assert "the file contains a Subscribe request, which does not support --from" in result.err

    def test_a_save_request_is_shown_as_a_send_if_a_recipient_is_given(self, run):
        saves = encode("sinch-json", SaveMMS(JSON_SLIDESHOW.replace(name="n")))
        assert json.loads(run("show", "f", f=saves).out)["action"] == "savemms"
        shown = json.loads(run("show", "f", "--client-reference", "c", f=saves).out)
        assert (shown["action"], shown["client-reference"]) == ("savemms", "c")
        assert json.loads(run("show", "f", *TO_AND_FROM, "--service-id", "1", f=saves).out)["action"] == "sendmms"

    def test_a_request_in_the_old_nested_form_is_shown_in_the_current_form(self, run):
        nested = (
            "<REQUEST><ACTION>saveMMS</ACTION><CONTENT><NAME>n</NAME><SUBJECT>s</SUBJECT><SEQUENCE><SLIDE duration='5'>"
            "<TEXT>t</TEXT></SLIDE></SEQUENCE></CONTENT></REQUEST>"
        )
        assert run("check", "f", f=nested) == (0, "No problems in the SaveMMS request (skycore).\n", "")
        out = run("show", "f").out
        assert "<DURATION>5</DURATION>" in out
        assert "CONTENT" not in out

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get", "sinch", "sinch-json"])
    def test_a_request_that_is_longer_than_its_file_is_shown_whole(self, run, dialect):
        result = run("show", "f", "--dialect", dialect, f='name = "n"\n' + '[[slide]]\ntext = "&"\n' * 45_000)
        assert result.status == 4
        assert "45000 slides, but at most 8" in result.err
        assert len(result.out) > 1_100_000

    def test_the_option_save_shows_the_request_of_the_save_command(self, run):
        assert "<ACTION>saveMMS</ACTION>" in run("show", "f", "--save", f=COUPON).out
        assert "<ACTION>saveMMS</ACTION>" in run("show", "f", "--save", f=encode("skycore", SaveMMS(SLIDESHOW))).out

    @pytest.mark.parametrize(
        "option", [("--to", "15551234888"), ("--from", "60856"), ("--operator-id", "1"), ("--display-to", "15551234889")]
    )
    def test_the_option_save_refuses_options_for_sending(self, run, option):
        result = run("show", "f", "--save", *option, f=COUPON)
        assert (result.status, result.out) == (2, "")
        assert f"{option[0]} is for sending: leave it out with --save" in result.err

    def test_options_of_show_replace_fields_of_the_request(self, run):
        out = run("show", "f", "--to", "+1 (555) 123-4889", "--operator-id", "000189", f=encode("skycore")).out
        assert "<TO>15551234889</TO>" in out
        assert "<FROM>60856</FROM>" in out
        assert "<OPERATORID>000189</OPERATORID>" in out
