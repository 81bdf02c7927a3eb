"""`skymms save`, `list`, `send-saved` and `delete`: slideshows that are stored at the gateway."""

from __future__ import annotations

import json
import re

import pytest
from cli_process import COUPON, TO_AND_FROM

from skymms import SendSavedMMS
from skymms.cli import main
from skymms.sandbox import Sandbox


class TestStore:
    def test_a_slideshow_is_saved_listed_sent_and_deleted(self, run, gateway):
        saved = run("save", "f", "--json", f=COUPON).json["mms_id"]
        assert saved in run("list").out.splitlines()
        assert run("list", "--json").json["mms_ids"][0] == saved
        options = (
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
        assert run("send-saved", saved, *TO_AND_FROM, *options).status == 0
        assert gateway.sent[-1] == SendSavedMMS(
            saved,
            to="15551234888",
            sender="60856",
            custom_text={1: "Hello = again"},
            custom_subject="Other",
            data={"first": "Ada", "last": "L"},
            fallback_text="F",
        )
        assert run("delete", saved).out.split() == ["Deleted", "mms", "id", saved]
        assert run("delete", saved).status == 1

    def test_sinch_lists_name_and_subject_of_each_slideshow(self, run, sandbox):
        gateway_options = ("--dialect", "sinch", "--url", sandbox.account("sinch").address)
        # Sinch MMS takes the fallback text when a stored slideshow is sent, not when it is stored.
        saved = run("save", "f", "--json", *gateway_options, f=COUPON.replace("fallback_text", "#")).json["mms_id"]
        result = run("list", "--page", "1", "--per-page", "5", "--since", "2020-01-01", *gateway_options)
        assert result.status == 0
        (row,) = [line for line in result.out.splitlines() if line.split()[:1] == [saved]]
        assert "Membership coupon" in row
        assert run("delete", saved, *gateway_options).status == 0

    @pytest.mark.parametrize("options", [(), ("--json",)])
    def test_save_with_sinch_json_says_which_postback_contains_the_id(self, run, sandbox, options):
        gateway_options = ("--dialect", "sinch-json", "--url", sandbox.account("sinch-json").address)
        coupon = COUPON.replace("duration", "#")
        result = run("save", "f", "--client-reference", "coupon-7", *gateway_options, *options, f=coupon)
        (tracking, *_) = re.findall(r"MMS_\w+", result.out)
        assert result.status == 0
        assert f"the N003 postback with tracking id {tracking} and client reference coupon-7." in result.err
        assert re.search(r"with tracking id MMS_\w+\.$", run("save", "f", *gateway_options, *options).err, re.MULTILINE)

    def test_save_mentions_no_postback_if_the_response_contains_the_id(self, run, gateway):
        assert "N003" not in run("save", "f", f=COUPON).err

    def test_list_refuses_an_option_that_the_dialect_does_not_support_before_sending(self, run, gateway):
        before = len(gateway.requests)
        result = run("list", "--page", "2", "--since", "2026-01-01")
        assert (result.status, len(gateway.requests)) == (2, before)
        assert result.err == "".join(
            f"{option} is not supported by ListMMS in skycore: leave it out; sinch has it\n" for option in ("--since", "--page")
        )

    @pytest.mark.parametrize(
        ("option", "message"),
        [
            (("--text", "hello"), "'hello' is not of the form N=TEXT"),
            (("--text", "one=hello"), "'one' is not a slide number"),
            (("--text", "1=a", "--text", "1=b"), "1 is given twice"),
            (("--text", "1=a", "--text", "01=b"), "slide 1 is given twice"),
            (("--data", "a=1", "--data", "a=2"), "a is given twice"),
            (("--data", "=x"), "is not of the form NAME=VALUE"),
        ],
    )
    def test_send_saved_refuses_malformed_name_value_pairs(self, run, option, message):
        result = run("send-saved", "1", *TO_AND_FROM, *option)
        assert (result.status, result.out) == (2, "")
        assert message in result.err


def test_an_empty_store_is_listed_as_an_empty_list_in_every_dialect(monkeypatch, capsys):
    with Sandbox() as sandbox:
        for dialect in ("skycore", "skycore-get", "sinch"):
            monkeypatch.setenv("SKYMMS_API_KEY", "sandbox-key")
            monkeypatch.setenv("SKYMMS_URL", sandbox.account(dialect).address)
            assert main(["list", "--dialect", dialect, "--json"]) == 0
            assert json.loads(capsys.readouterr().out)["mms_ids"] == []
