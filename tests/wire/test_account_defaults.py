"""The defaults of an account: sender, service_id and fallback_text for operations that leave them out."""

from __future__ import annotations

from typing import Any

import pytest

from skymms import Account, ConfigurationError, SaveMMS, SendMMS, SendSavedMMS, SendSMS, Slideshow
from skymms.rate_limit import SpacedRateLimit
from skymms.validation.validator import VALIDATOR
from skymms.wire.dialects import DIALECTS

KEY = "canary-5fa1c0de-key"
DEFAULTS: dict[str, Any] = {"sender": "60856", "service_id": "28444mms", "fallback_text": "See https://a.example"}
BARE = Slideshow("coupon").slide("Hi!")
WITH_TEXT = Slideshow("coupon", fallback_text=DEFAULTS["fallback_text"]).slide("Hi!")


def account(dialect: Any = "skycore", **options: Any) -> Account:
    return Account(KEY, dialect=dialect, **options)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_defaults_fill_the_fields_that_the_dialect_has(dialect: str) -> None:
    service: dict[str, Any] = {"service_id": DEFAULTS["service_id"]} if dialect.startswith("sinch") else {}
    sender = account(dialect, **DEFAULTS)
    for short, full in (
        (SendMMS(BARE, to="15551230001"), SendMMS(WITH_TEXT, to="15551230001", sender="60856", **service)),
        (
            SendSavedMMS("7", to="15551230001"),
            SendSavedMMS("7", to="15551230001", sender="60856", fallback_text=DEFAULTS["fallback_text"], **service),
        ),
    ):
        assert sender.problems(short) == ()
        for _ in range(2):
            assert sender.encode(short) == account(dialect).encode(full)
        assert sender.prepare(short).request("15551230001") == account(dialect).encode(full)


def test_a_value_in_the_operation_wins_over_the_accounts_default() -> None:
    operation = SendMMS(Slideshow("coupon", fallback_text="Mine").slide("Hi!"), to="15551230001", sender="60857")
    assert account(**DEFAULTS).encode(operation) == account().encode(operation)


def test_a_default_without_a_wire_name_is_not_sent_and_is_not_a_problem() -> None:
    show = Slideshow("coupon", subject="Free").slide("Hi!")
    assert account("sinch", **DEFAULTS).encode(SaveMMS(show)) == account("sinch").encode(SaveMMS(show))
    assert account("skycore", service_id="28444mms").problems(SendSMS("Hi", to="15551230001", sender="1")) == ()


def test_the_fallback_text_of_a_saved_message_is_filled_where_the_dialect_has_it() -> None:
    assert account("skycore", **DEFAULTS).encode(SaveMMS(BARE)) == account("skycore").encode(SaveMMS(WITH_TEXT))


def test_warnings_consider_the_accounts_defaults() -> None:
    operation = SendMMS(BARE, to="15551230001", sender="60856")
    fields = {problem.field for problem in account(fallback_text="x" * 161).warnings(operation)}
    assert "fallback_text" in fields


def test_a_wrong_default_is_a_problem_of_the_operation() -> None:
    assert [problem.field for problem in account(sender="Shop").problems(SendSMS("Hi", to="15551230001"))] == ["sender"]


def test_a_repeated_message_is_validated_once_with_defaults_too(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = account(**DEFAULTS)
    first = sender.encode(SendMMS(BARE, to="15551230001"))
    monkeypatch.setattr(VALIDATOR, "validate", None)
    assert sender.encode(SendMMS(BARE, to="15551230001")) == first


@pytest.mark.parametrize(
    "wrong", [{"sender": 1.5}, {"service_id": 5}, {"fallback_text": b"See"}, {"rate": "fast"}, {"rate": 0}]
)
def test_a_default_of_the_wrong_type_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        account(**wrong)


def test_the_rate_becomes_a_rate_limit() -> None:
    assert account().rate_limit is None
    limited = account(rate=10)
    assert isinstance(limited.rate_limit, SpacedRateLimit)
    assert limited.rate_limit.gap == pytest.approx(0.1)
    shared = SpacedRateLimit(1.0)
    assert account(rate=shared).rate_limit is shared


# ------------------------------------------------------------------------------------------------ the environment


def test_the_environment_sets_the_sender_and_the_service_id() -> None:
    env = {"SKYMMS_API_KEY": KEY, "SKYMMS_SENDER": "60856", "SKYMMS_SERVICE_ID": "28444mms"}
    assert Account.from_env(env) == Account(KEY, sender="60856", service_id="28444mms")
    assert Account.from_env(env, sender="1") == Account(KEY, sender="1", service_id="28444mms")


def test_the_key_is_read_from_a_file(tmp_path: Any) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    env = {"SKYMMS_API_KEY_FILE": str(file)}
    assert Account.from_env(env) == Account(KEY)
    assert Account.from_env({**env, "SKYMMS_API_KEY": "another-key"}) == Account(KEY), "the file wins over the variable"
    assert Account.from_env({"SKYMMS_API_KEY_FILE": "/nowhere"}, api_key=KEY) == Account(KEY)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_key_file_without_a_key_is_refused(tmp_path: Any, content: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="SKYMMS_API_KEY_FILE"):
        Account.from_env({"SKYMMS_API_KEY_FILE": str(file)})


def test_a_key_file_is_not_read_to_an_end_that_it_does_not_have() -> None:
    with pytest.raises(ConfigurationError, match="must contain the API key and nothing else"):
        Account.from_env({"SKYMMS_API_KEY_FILE": "/dev/zero"})


def test_a_key_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"SKYMMS_API_KEY_FILE=.*cannot be read: No such file"):
        Account.from_env({"SKYMMS_API_KEY_FILE": str(tmp_path / "none")})
