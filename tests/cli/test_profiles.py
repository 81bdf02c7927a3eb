"""`skymms --profile NAME`: account settings from the configuration file, and where the API key comes from."""

from __future__ import annotations

import getpass
import json
import os
import sys
from pathlib import Path

import cellcast_vectors as vectors
import pytest
from cli_messages import encode
from cli_process import CANARY, COUPON, TO_AND_FROM
from misbehaving_server import Faulty, http

from skymms.cli import profiles
from skymms.cli.exit_status import Status
from skymms.wire.dialects import DIALECTS


@pytest.fixture
def write_config(monkeypatch, tmp_path):
    """Writes the configuration file that SKYMMS_CONFIG names, readable by its owner only."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("SKYMMS_CONFIG", str(path))

    def write(text: str, mode: int = 0o600) -> Path:
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


@pytest.fixture
def without_key(monkeypatch):
    """An environment without an API key."""
    monkeypatch.delenv("SKYMMS_API_KEY")


@pytest.fixture
def terminal(monkeypatch):
    """stdin is a terminal, and the user types CANARY at a prompt. The fixture is the list of prompts."""
    prompts: list[str] = []

    def type_key(prompt: str) -> str:
        prompts.append(prompt)
        return f" {CANARY} "

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", type_key)
    return prompts


class TestSettings:
    @pytest.mark.usefixtures("without_key")
    def test_send_uses_key_url_dialect_and_sender_of_the_profile(self, run, sandbox, write_config):
        address = sandbox.account("skycore-get").address
        write_config(f"""
            [profiles.test]
            api_key = "{CANARY}"
            dialect = "skycore-get"
            url = "{address}"
            sender = "60857"
        """)
        result = run("--profile", "test", "send", "f", "--to", "15551234888", f=COUPON)
        assert (result.status, sandbox.sent[-1].sender) == (0, "60857")
        assert sandbox.requests[-1].dialect == "skycore-get"

    def test_the_profile_may_be_chosen_by_the_environment(self, run, write_config, monkeypatch):
        write_config('[profiles.test]\nurl = "https://profile.example/x"\n')
        monkeypatch.setenv("SKYMMS_PROFILE", "test")
        assert run("show", "f", "--json", f=COUPON).json["url"] == "https://profile.example/x"

    def test_an_option_wins_over_the_environment_which_wins_over_the_profile(self, run, write_config, monkeypatch):
        write_config('[profiles.test]\nurl = "https://profile.example/x"\nsender = "1"\n')
        show = ("--profile", "test", "show", "f", "--json")
        assert run(*show, f=COUPON).json["url"] == "https://profile.example/x"
        assert "<FROM>1</FROM>" in run(*show).json["document"]
        monkeypatch.setenv("SKYMMS_URL", "https://environment.example/x")
        monkeypatch.setenv("SKYMMS_SENDER", "2")
        result = run(*show)
        assert result.json["url"] == "https://environment.example/x"
        assert "<FROM>2</FROM>" in result.json["document"]
        assert "SKYMMS_URL is set and used instead of url from the profile" in result.err
        result = run(*show, "--url", "https://option.example/x", "--from", "3")
        assert result.json["url"] == "https://option.example/x"
        assert "<FROM>3</FROM>" in result.json["document"]
        assert "SKYMMS_URL" not in result.err

    def test_the_profiles_dialect_wins_over_the_dialect_of_a_request_file(self, run, write_config):
        write_config('[profiles.test]\ndialect = "skycore"\n')
        assert "<request>" in run("show", "f", f=encode("sinch")).out
        assert "<REQUEST>" in run("--profile", "test", "show", "f").out

    def test_check_validates_in_the_profiles_dialect(self, run, write_config):
        write_config('[profiles.test]\ndialect = "sinch"\n')
        coupon = COUPON.replace("fallback_text", "#")
        assert run("check", "f", f=coupon).status == 0
        assert run("--profile", "test", "check", "f").status == Status.PROBLEMS

    def test_send_takes_the_sender_from_the_environment(self, run, gateway, monkeypatch):
        monkeypatch.setenv("SKYMMS_SENDER", "60858")
        assert run("send", "f", "--to", "15551234888", f=COUPON).status == 0
        assert gateway.sent[-1].sender == "60858"
        saved = run("save", "f", "--json").json["mms_id"]
        assert run("send-saved", saved, "--to", "15551234888").status == 0
        assert gateway.sent[-1].sender == "60858"

    def test_the_sender_in_a_request_file_wins_over_the_environment(self, run, gateway, monkeypatch):
        shown = run("show", "f", "--raw", *TO_AND_FROM, f=COUPON).out
        monkeypatch.setenv("SKYMMS_SENDER", "60858")
        assert run("send", "g", g=shown).status == 0
        assert gateway.sent[-1].sender == "60856"

    def test_service_id_and_fallback_text_come_from_the_profile(self, run, write_config):
        write_config("[profiles.test]\ndialect = 'sinch'\nsender = '1'\nservice_id = '7'\nfallback_text = 'See:'\n")
        coupon = COUPON.replace("fallback_text", "#")
        result = run("--profile", "test", "show", "f", "--to", "15551234888", f=coupon)
        assert (result.status, result.err) == (0, "")
        assert "<service-id>7</service-id>" in result.out
        assert "<from>1</from>" in result.out
        assert "See:" in result.out
        assert run("--profile", "test", "check", "f").status == 0

    def test_former_names_come_from_the_profile(self, run, write_config):
        write_config("[profiles.test]\nsender = '1'\nformer_names = ['SPID']\n")
        result = run("--profile", "test", "show", "f", "--to", "15551234888", "--operator-id", "000189", f=COUPON)
        assert (result.status, result.err) == (0, "")
        assert "<SPID>000189</SPID>" in result.out
        write_config("[profiles.test]\nformer_names = ['COLOUR']\n")
        assert "'COLOUR' is not a former name in skycore" in run("--profile", "test", "show", "f", f=COUPON).err

    def test_settings_that_the_dialect_does_not_support_are_not_shown(self, run, write_config):
        write_config("[profiles.test]\nsender = '1'\nservice_id = '7'\n")
        result = run("--profile", "test", "show", "f", "--to", "15551234888", f=COUPON)
        assert (result.status, result.err) == (0, "")

    @pytest.mark.usefixtures("gateway")
    def test_a_profile_may_limit_the_rate(self, run, write_config):
        write_config("[profiles.test]\nrate = 1000\n")
        assert run("--profile", "test", "list").status == 0

    def test_empty_values_in_a_profile_are_as_good_as_none(self, run, write_config):
        write_config('[profiles.test]\nurl = ""\ndialect = ""\n')
        assert run("--profile", "test", "show", "f", "--json", f=COUPON).json["url"] == DIALECTS["skycore"].url

    def test_commands_without_an_account_do_not_read_the_profile(self, run):
        assert run("--profile", "missing", "explain", "E226").status == 0


class TestConfigurationFile:
    @pytest.mark.parametrize("name", ["~no-such-user/config.toml", "file/config.toml", "x" * 300])
    def test_a_configuration_path_that_cannot_exist_is_a_usage_error(self, run, monkeypatch, tmp_path, name):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("SKYMMS_CONFIG", name)
        assert run("--profile", "test", "list").status == Status.USAGE

    def test_the_default_configuration_file_is_in_the_users_configuration_directory(self, monkeypatch, tmp_path):
        monkeypatch.setenv("HOME", str(tmp_path))
        assert profiles.config_path() == tmp_path / ".config" / "skymms" / "config.toml"
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
        assert profiles.config_path() == tmp_path / "xdg" / "skymms" / "config.toml"
        monkeypatch.setenv("SKYMMS_CONFIG", "~/mine.toml")
        assert profiles.config_path() == tmp_path / "mine.toml"

    @pytest.mark.parametrize(
        ("config", "message"),
        [
            ("", 'there is no profile "test"; add a section [profiles.test]'),
            ("[profiles.tset]\n[profiles.au]\n", 'no profile "test"; did you mean tset? the file has au, tset'),
            ('[test]\nsender = "1"', "unknown section [test]; a profile is a section [profiles.NAME]"),
            ("profiles = 1", "profiles must be sections: [profiles.test]"),
            ("[profiles]\ntest = 1", "profile test: must be a section with settings"),
            ("[profiles.test]\ndialcet = 'sinch'", "unknown key dialcet; did you mean dialect? the keys are gateway, api_key"),
            ("[profiles.test]\ngeneration = 'v1'", "unknown key generation"),
            ("[profiles.test]\nsender = 60856", "sender must be text in quotes"),
            ("[profiles.test]\napi_key = 12345678", "api_key must be text in quotes"),
            ("[profiles.test]\nformer_names = 'SPID'", 'former_names must be a list of texts, as in ["CAMPAIGNID"]'),
            ("[profiles.test]\nformer_names = [1]", "former_names must be a list of texts"),
            ("[profiles.test]\nrate = '1'", "rate must be a number of requests a second above 0"),
            ("[profiles.test]\nrate = true", "rate must be a number"),
            ("[profiles.test]\nrate = 0", "rate must be a number"),
            ("[profiles.test]\nrate = inf", "rate must be a number"),
            ("[profiles.test]\ngateway = 'twilio'", "gateway must be skycore or cellcast"),
            ("[profiles.test]\napi_key = 'a'\napi_key_file = 'b'", "give api_key or api_key_file, not both"),
            ("[profiles.test]\nsender = ", "is not valid TOML: Invalid value (at end of document)"),
            ("[profiles.test]\ngateway = 'cellcast'", "the profile test is for cellcast: use it with `skymms cellcast …`"),
            ("[profiles.test]\ndialect = 'klingon'", "klingon"),
            ("[profiles.test]\napi_key_file = 'missing.key'", "missing.key cannot be read: No such file or directory"),
        ],
    )
    @pytest.mark.usefixtures("without_key")
    def test_a_mistake_in_the_configuration_file_is_a_usage_error_that_names_it(self, run, write_config, config, message):
        path = write_config(config)
        result = run("--profile", "test", "list")
        assert (result.status, result.out) == (Status.USAGE, "")
        assert message in result.err
        assert str(path) in result.err or "the profile test is for" in result.err or "missing.key" in result.err

    @pytest.mark.usefixtures("without_key")
    def test_all_mistakes_of_a_profile_are_reported_at_once(self, run, write_config):
        write_config("[profiles.test]\nsender = 1\nurl = 2\n")
        assert run("--profile", "test", "list").err.count("must be text in quotes") == 2

    def test_an_error_in_the_configuration_file_never_quotes_a_value_which_may_be_the_key(self, run, write_config):
        write_config(f"[profiles.test]\nkey = '{CANARY}'\nrate = '{CANARY}'\ngateway = 'skycore'\n")
        assert "unknown key key" in run("--profile", "test", "list").err  # `run` fails if the output contains the key
        write_config(f"[profiles.test]\napi_key = {CANARY}\n")
        assert "is not valid TOML" in run("--profile", "test", "list").err

    def test_a_missing_configuration_file_is_a_usage_error_that_says_what_to_create(self, run, monkeypatch):
        monkeypatch.setenv("SKYMMS_CONFIG", "nowhere.toml")
        result = run("--profile", "test", "list")
        assert result.status == Status.USAGE
        assert "there is no configuration file nowhere.toml; create it with a section [profiles.test]" in result.err

    @pytest.mark.parametrize(
        "content", [None, b"\xff\xfe", b"[" * 100_000], ids=["directory", "not UTF-8", "nested too deeply"]
    )
    def test_a_configuration_file_that_cannot_be_read_is_a_usage_error(self, run, monkeypatch, tmp_path, content):
        path = tmp_path / "config"
        path.mkdir() if content is None else path.write_bytes(content)
        monkeypatch.setenv("SKYMMS_CONFIG", str(path))
        result = run("--profile", "test", "list")
        assert (result.status, result.out) == (Status.USAGE, "")
        assert str(path) in result.err

    @pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
    @pytest.mark.parametrize(("mode", "warns"), [(0o644, True), (0o640, False), (0o600, False)])
    def test_a_key_in_a_configuration_file_that_every_user_can_read_prints_a_warning(self, run, write_config, mode, warns):
        path = write_config(f"[profiles.test]\n[profiles.other]\napi_key = '{CANARY}'\n", mode)
        result = run("--profile", "test", "check", "f", f=COUPON)
        assert result.status == 0
        assert (f"warning: {path} holds an API key and every user can read it" in result.err) == warns
        assert "warning" not in run_without_key_in_file(run, write_config)


def run_without_key_in_file(run, write_config) -> str:
    """stderr of a command whose configuration file holds no key and is readable by every user."""
    write_config("[profiles.test]\napi_key_file = 'key'\n", 0o644)
    return run("--profile", "test", "check", "f").err


class TestApiKey:
    """The sandbox accepts CANARY only, so a successful list means that this key was used."""

    @pytest.mark.usefixtures("without_key", "gateway")
    def test_the_key_comes_from_the_file_that_the_environment_names(self, run, monkeypatch, tmp_path):
        (tmp_path / "key").write_text(f"{CANARY}\n")
        monkeypatch.setenv("SKYMMS_API_KEY_FILE", "key")
        assert run("list").status == 0

    @pytest.mark.usefixtures("gateway")
    def test_the_file_wins_over_the_variable(self, run, monkeypatch, tmp_path):
        (tmp_path / "key").write_text(CANARY)
        monkeypatch.setenv("SKYMMS_API_KEY", "wrong-key")
        monkeypatch.setenv("SKYMMS_API_KEY_FILE", "key")
        assert run("list").status == 0

    @pytest.mark.usefixtures("without_key", "gateway")
    def test_the_key_comes_from_a_file_beside_the_configuration_file(self, run, write_config, monkeypatch, tmp_path):
        path = write_config("[profiles.test]\napi_key_file = 'test.key'\n")
        (path.parent / "test.key").write_text(f"  {CANARY}\r\n")
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        assert run("--profile", "test", "list").status == 0

    @pytest.mark.usefixtures("gateway")
    def test_the_key_of_the_environment_wins_over_the_profiles(self, run, write_config):
        write_config("[profiles.test]\napi_key = 'wrong-key'\n")
        result = run("--profile", "test", "list")
        assert result.status == 0
        assert "SKYMMS_API_KEY is set and used instead of the API key from the profile" in result.err

    @pytest.mark.parametrize("content", [b"", b" \n", b"\xff", b"k" * 20_000])
    @pytest.mark.usefixtures("without_key")
    def test_a_key_file_without_a_key_is_a_usage_error(self, run, monkeypatch, content):
        monkeypatch.setenv("SKYMMS_API_KEY_FILE", "key")
        result = run("list", key=content)
        assert result.status == Status.USAGE
        assert "SKYMMS_API_KEY_FILE='key': the file must contain the API key and nothing else" in result.err

    @pytest.mark.usefixtures("without_key", "gateway")
    def test_the_key_is_prompted_for_at_a_terminal(self, run, terminal):
        assert run("list").status == 0
        assert terminal == ["API key (not shown while you type): "]

    @pytest.mark.usefixtures("gateway")
    def test_a_known_key_is_not_prompted_for(self, run, terminal):
        assert run("list").status == 0
        assert terminal == []

    @pytest.mark.usefixtures("without_key", "terminal")
    def test_a_prompt_without_an_answer_is_a_usage_error(self, run, monkeypatch):
        def end_of_file(prompt: str) -> str:
            raise EOFError

        monkeypatch.setattr(getpass, "getpass", end_of_file)
        result = run("list")
        assert result.status == Status.USAGE
        assert "no API key: set SKYMMS_API_KEY or SKYMMS_API_KEY_FILE, or use --profile" in result.err

    @pytest.mark.usefixtures("without_key", "terminal")
    def test_ctrl_c_at_the_key_prompt_has_exit_status_130(self, run, monkeypatch):
        def interrupt(prompt: str) -> str:
            raise KeyboardInterrupt

        monkeypatch.setattr(getpass, "getpass", interrupt)
        assert run("list").status == Status.INTERRUPTED

    @pytest.mark.usefixtures("without_key")
    def test_the_key_is_not_prompted_for_if_another_option_is_missing(self, run, terminal):
        assert run("send", "f", "--to", "1", f=COUPON).status == Status.USAGE
        assert terminal == []


class TestCellcastProfile:
    CONFIG = "[profiles.au]\ngateway = 'cellcast'\ngeneration = 'v3'\napi_key = '{key}'\nurl = '{url}'\n"

    def test_a_cellcast_profile_has_key_generation_and_url(self, run, write_config):
        with Faulty(http(vectors.BALANCE_V3)) as server:
            write_config(self.CONFIG.format(key=CANARY, url=f"http://127.0.0.1:{server.port}/api/v3/"))
            result = run("--profile", "au", "cellcast", "balance", "--json")
        assert result.status == Status.DONE
        assert json.loads(result.out)["mms"] == "1006.00"
        assert CANARY.encode() in server.requests[0]

    def test_the_environment_wins_over_a_cellcast_profile(self, run, write_config, monkeypatch):
        monkeypatch.setenv("SKYMMS_CELLCAST_KEY", CANARY)
        with Faulty(http(vectors.BALANCE_V3)) as server:
            monkeypatch.setenv("SKYMMS_CELLCAST_URL", f"http://127.0.0.1:{server.port}/api/v3/")
            write_config(self.CONFIG.format(key="wrong-key", url="http://profile.example/"))
            assert run("--profile", "au", "cellcast", "balance").status == Status.DONE
        assert CANARY.encode() in server.requests[0]

    def test_a_cellcast_profile_is_for_cellcast_commands_only(self, run, write_config):
        write_config("[profiles.au]\ngateway = 'cellcast'\n[profiles.test]\n")
        result = run("--profile", "test", "cellcast", "balance")
        assert result.status == Status.USAGE
        assert "the profile test is for skycore: use it with commands other than `skymms cellcast …`" in result.err

    def test_a_cellcast_profile_refuses_settings_of_other_gateways(self, run, write_config):
        write_config("[profiles.au]\ngateway = 'cellcast'\ndialect = 'sinch'\n")
        assert "unknown key dialect" in run("--profile", "au", "cellcast", "balance").err

    def test_without_a_cellcast_key_the_message_names_cellcasts_variable(self, run, write_config):
        write_config("[profiles.au]\ngateway = 'cellcast'\ngeneration = 'v3'\n")
        assert "set SKYMMS_CELLCAST_KEY" in run("--profile", "au", "cellcast", "balance").err
