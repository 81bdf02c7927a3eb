"""`--allow-http` and `--waive`: on the command line, in the environment, and in profiles."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_messages import encode
from cli_process import CANARY, COUPON, TO_AND_FROM

from skymms import Client, SaveMMS, SendMMS, Slideshow
from skymms.cli.exit_status import Status
from skymms.sandbox import Sandbox

AWAY = "http://gateway.example/x"
BARE = 'name = "n"\n[[slide]]\ntext = "Hi!"\n'


@pytest.fixture
def write_config(monkeypatch, tmp_path):
    path = tmp_path / "config.toml"
    monkeypatch.setenv("SKYMMS_CONFIG", str(path))

    def write(text: str) -> Path:
        path.write_text(text)
        return path

    return write


class TestAllowHTTP:
    def test_plain_http_to_a_public_host_is_refused_with_the_option(self, run):
        result = run("show", "f", "--url", AWAY, f=COUPON)
        assert (result.status, result.out) == (Status.USAGE, "")
        assert "would send the API key unencrypted: use https://" in result.err
        assert "--allow-http" in result.err

    @pytest.mark.parametrize("text", ["1", "yes"])
    def test_the_option_or_the_environment_allows_it(self, run, monkeypatch, text):
        assert run("show", "f", "--json", "--url", AWAY, "--allow-http", f=COUPON).json["url"] == AWAY
        monkeypatch.setenv("SKYMMS_ALLOW_HTTP", text)
        assert run("show", "f", "--json", "--url", AWAY, f=COUPON).json["url"] == AWAY

    def test_a_profile_allows_it_unless_the_environment_forbids_it(self, run, write_config, monkeypatch):
        write_config(f'[profiles.test]\nurl = "{AWAY}"\nallow_http = true\n')
        show = ("--profile", "test", "show", "f", "--json")
        assert run(*show, f=COUPON).json["url"] == AWAY
        monkeypatch.setenv("SKYMMS_ALLOW_HTTP", "0")
        result = run(*show, f=COUPON)
        assert result.status == Status.USAGE
        assert "SKYMMS_ALLOW_HTTP is set and used instead of allow_http from the profile" in result.err
        assert "profile test in" in result.err
        assert run(*show, "--allow-http", f=COUPON).json["url"] == AWAY

    @pytest.mark.parametrize("value", ['"true"', "1", "[]"])
    def test_a_profile_has_true_or_false(self, run, write_config, value):
        write_config(f"[profiles.test]\nallow_http = {value}\n")
        result = run("--profile", "test", "show", "f", f=COUPON)
        assert result.status == Status.USAGE
        assert "allow_http must be true or false, without quotes" in result.err

    def test_another_text_in_the_environment_is_refused(self, run, monkeypatch):
        monkeypatch.setenv("SKYMMS_ALLOW_HTTP", "maybe")
        result = run("show", "f", f=COUPON)
        assert result.status == Status.USAGE
        assert "SKYMMS_ALLOW_HTTP='maybe': give 1 to allow plain HTTP, or 0" in result.err

    def test_cellcast_has_the_same_settings(self, run, write_config, monkeypatch):
        # The address is malformed in another way, so that no attempt is made to connect.
        balance = ("cellcast", "balance", "--generation", "v3", "--url", f"{AWAY}?q=1")
        assert "no query" in run(*balance).err
        balance = (*balance[:-1], AWAY)
        assert "unencrypted" in run(*balance).err
        for allow in (("--allow-http",), ()):
            monkeypatch.setenv("SKYMMS_CELLCAST_ALLOW_HTTP", "" if allow else "on")
            # The next complaint is about the key.
            assert "no API key" in run(*balance, *allow).err
        monkeypatch.delenv("SKYMMS_CELLCAST_ALLOW_HTTP")
        write_config(f'[profiles.au]\ngateway = "cellcast"\ngeneration = "v3"\nurl = "{AWAY}"\nallow_http = true\n')
        assert "no API key" in run("--profile", "au", "cellcast", "balance").err

    def test_a_sandbox_with_a_public_address_prints_the_setting(self, run, monkeypatch):
        def on_a_public_address(sandbox):
            pass

        monkeypatch.setattr(Sandbox, "serve_forever", on_a_public_address)
        assert "ALLOW_HTTP" not in run("sandbox").out
        made = Sandbox.__init__

        def init(self, *arguments, **options):
            made(self, *arguments, **options)
            self.url = self.url.replace("127.0.0.1", "203.0.113.5")

        monkeypatch.setattr(Sandbox, "__init__", init)
        out = run("sandbox").out
        assert out.count("SKYMMS_ALLOW_HTTP=1") == 4
        assert out.count("SKYMMS_CELLCAST_ALLOW_HTTP=1") == 2

    def test_a_bare_address_is_completed(self, run, sandbox):
        for url in (sandbox.url, f"{sandbox.url}/", f"{sandbox.url}/API/wxml/1.3/index.php?"):
            assert run("send", "f", *TO_AND_FROM, "--url", url, f=COUPON).status == 0


class TestWaive:
    def test_check_of_a_slideshow(self, run):
        assert "E622" in run("check", "f", f=BARE).out
        for dialect in ((), ("--dialect", "skycore")):
            assert run("check", "f", "--waive", "subject", *dialect, f=BARE).status == 0
            assert run("check", "f", "--waive", "fallback_text", *dialect, f=BARE).status == 0
        result = run("check", "f", "--dialect", "sinch", "--waive", "subject", f=BARE)
        assert result.status == Status.PROBLEMS
        assert "E622" in result.out
        result = run("check", "f", "--dialect", "sinch", "--waive", "subject", "--waive", "fallback_text", f=BARE)
        assert result.status == 0
        assert "Warnings" not in result.out
        assert "Warnings" in run("check", "f", "--dialect", "sinch", "--waive", "fallback_text", f=BARE).out

    def test_check_of_a_request(self, run):
        saving = encode("sinch", SaveMMS(Slideshow("n").slide("Hi!")))
        assert "E314" in run("check", "f", f=saving).out
        result = run("check", "f", "--waive", "subject", f=saving)
        assert "E314" not in result.out
        assert "E622" not in result.out

    def test_send_save_and_call(self, run, write_config):
        with Sandbox(CANARY) as sandbox:
            url = ("--url", sandbox.url)
            assert run("send", "f", *TO_AND_FROM, *url, f=BARE).status == Status.PROBLEMS
            # The sandbox itself still requires it.
            result = run("send", "f", *TO_AND_FROM, *url, "--waive", "subject", f=BARE)
            assert result.status == Status.REFUSED
            assert "E622" in result.err

    @pytest.mark.parametrize("how", ["option", "profile"])
    def test_a_sandbox_that_waives_too(self, run, write_config, monkeypatch, how):
        found = []

        def use(sandbox):
            url = ("--url", sandbox.url)
            if how == "option":
                before, after = (), ("--waive", "subject", "--waive", "fallback_text", "--waive", "service_id")
            else:
                write_config('[profiles.test]\nwaived = ["subject", "fallback_text", "service_id"]\n')
                before, after = ("--profile", "test"), ()
            for dialect in ("skycore", "sinch", "sinch-json"):
                options = ("--dialect", dialect, *url, *after)
                found.append(run(*before, "send", "f", *TO_AND_FROM, *options, f=BARE).status)
                found.append(run(*before, "save", "f", *options, f=BARE).status)
            found.extend(sandbox.sent)

        monkeypatch.setattr(Sandbox, "serve_forever", use)
        waived = ("--waive", "subject", "--waive", "fallback_text", "--waive", "service_id")
        assert run("sandbox", "--key", CANARY, *waived).status == 0
        assert found[:6] == [0] * 6
        assert [message.slideshow.subject for message in found[6:]] == [None] * 3

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("subjekt", "there is no such field; did you mean subject?"),
            ("to", "an account cannot change whether it is required"),
            ("", "there is no such field"),
        ],
    )
    @pytest.mark.parametrize(
        "command", [("check", "f"), ("check", "f", "--dialect", "sinch"), ("send", "f", *TO_AND_FROM), ("sandbox",)]
    )
    def test_a_name_without_an_effect_is_refused(self, run, command, name, said):
        result = run(*command, "--waive", name, f=COUPON)
        assert (result.status, result.out) == (Status.USAGE, "")
        assert said in result.err

    @pytest.mark.parametrize("value", ['"subject"', "[1]", "true", '{subject = "x"}'])
    def test_a_profile_has_a_list_of_names(self, run, write_config, value):
        write_config(f"[profiles.test]\nwaived = {value}\n")
        result = run("--profile", "test", "check", "f", f=COUPON)
        assert result.status == Status.USAGE
        assert 'waived must be a list of fields, as in ["subject"]' in result.err


def test_the_sandbox_command_replaces_senders(run, monkeypatch):
    replies = []

    def use(sandbox):
        with Client(sandbox.account()) as client:
            show = Slideshow("n", subject="s").slide("Hi!")
            client.call(SendMMS(show, to="61491570156", sender="60856"))
            saved = client.call(SaveMMS(show))
            replies.append(client.send_saved_mms(saved.mms_id, to="61491570156", sender="60856"))

    monkeypatch.setattr(Sandbox, "serve_forever", use)
    assert run("sandbox", "--at-once", "--country-sender", "61=60857", "--country-sender", "44=60858").status == 0
    assert [(reply.sender, reply.requested_sender) for reply in replies] == [("60857", "60856")]
    for wrong in ("61", "=", "au=60857", "61=shop"):
        result = run("sandbox", "--country-sender", wrong)
        assert result.status == Status.USAGE
        assert "country_senders" in result.err
