"""Prepared messages, and the last message that an account keeps.

Whatever an account encoded before, a request must be the one of a new account. The bytes of a first request are compared
with those of lxml and of the vendor in test_roundtrip.py and test_vectors.py.
"""

from __future__ import annotations

import copy
import json
import pickle
import threading
from dataclasses import replace
from typing import Any, cast

import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from misbehaving_server import Faulty, http

from skymms import (
    Account,
    Client,
    ConfigurationError,
    HttpRequest,
    ListMMS,
    RecipientError,
    SaveMMS,
    SenderError,
    SendMMS,
    SendSavedMMS,
    SendSMS,
    SkymmsError,
    Slide,
    Slideshow,
)
from skymms.validation.validator import VALIDATOR
from skymms.wire.dialects import DIALECTS

pytestmark = pytest.mark.compat

KEY = "canary-5fa1c0de-key"
SHOW = Slideshow("coupon & more", subject="Free <b>", fallback_text="Free").slide(
    "Hi!\nYou", image="https://a.example/?a=1&b=2"
)
#: The service id, in the dialects that have one.
SERVICE: dict[str, Any] = {name: {"service_id": "28444mms"} if name.startswith("sinch") else {} for name in DIALECTS}
EACH_DIALECT = pytest.mark.parametrize("dialect", DIALECTS)


def account(dialect: Any, **options: Any) -> Account:
    return Account(KEY, dialect=dialect, **options)


def message(dialect: str, to: Any = "15551230001") -> SendMMS:
    return SendMMS(SHOW, to=to, sender="60856", **SERVICE[dialect])


def saved_message(dialect: str, to: Any = "15551230001") -> SendSavedMMS:
    return SendSavedMMS("7", to=to, sender="60856", fallback_text="See", custom_text={1: "Hi & bye"}, **SERVICE[dialect])


def result_of(encoding_account: Account, operation: Any) -> HttpRequest | list[tuple[str | None, int | None, str]]:
    """The request for an operation, or its problems."""
    try:
        return encoding_account.encode(operation)
    except SkymmsError as error:
        return [problem[:3] for problem in error.problems]


# ------------------------------------------------------------------------------------------------ prepare


@EACH_DIALECT
@pytest.mark.parametrize("bare_body", [False, True])
@pytest.mark.parametrize("make", [message, saved_message])
def test_a_prepared_request_is_the_request_of_the_operation(dialect: str, bare_body: bool, make: Any) -> None:
    prepared = account(dialect, bare_body=bare_body).prepare(make(dialect, to=None))
    for to in ("15551230001", "+1 (555) 123-0002", 15551230003):
        expected = account(dialect, bare_body=bare_body).encode(make(dialect, to))
        assert prepared.request(to) == expected
        assert prepared.operation(to) == make(dialect, to)


@EACH_DIALECT
@pytest.mark.parametrize("to", ["", None, "Ada", "1555123000a", "0123", 15551230001.0, b"15551230001", "15551230001\x00"])
def test_a_prepared_message_refuses_a_wrong_recipient(dialect: str, to: Any) -> None:
    sender = account(dialect)
    prepared = sender.prepare(message(dialect))
    for use in (prepared.request, prepared.operation):
        with pytest.raises(RecipientError) as caught:
            use(to)
        assert caught.value.code == "E110"
        assert caught.value.problems == sender.problems(message(dialect, to))


def test_prepare_validates_everything_except_the_recipient() -> None:
    with pytest.raises(SenderError) as caught:
        account("skycore").prepare(SendMMS(SHOW.replace(subject="x" * 81), to="Ada", sender="Shop"))
    assert sorted(problem.field for problem in caught.value.problems) == ["sender", "subject"]


def test_an_operation_without_a_recipient_cannot_be_prepared() -> None:
    for operation in (ListMMS(), SaveMMS(SHOW)):
        with pytest.raises(TypeError, match="has no recipient, so it cannot be prepared"):
            account("skycore").prepare(operation)


def test_an_operation_that_the_dialect_does_not_have_cannot_be_prepared() -> None:
    with pytest.raises(ConfigurationError, match="SendSMS: is not supported in sinch"):
        account("sinch").prepare(SendSMS("Hi!", to="15551230001", sender="60856"))


def test_the_account_encodes_a_prepared_operation_without_validating_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = account("skycore")
    prepared = [sender.prepare(replace(message("skycore"), sender=code)) for code in ("60856", "60857")]
    monkeypatch.setattr(VALIDATOR, "validate", None)
    # Alternating, because the account itself keeps only the last message.
    for to in ("15551230001", "15551230002"):
        for one in prepared:
            assert sender.encode(one.operation(to)) == one.request(to)


def test_another_account_validates_and_encodes_a_prepared_operation_itself() -> None:
    operation = account("skycore").prepare(message("skycore")).operation("15551230001")
    assert account("skycore-get").encode(operation) == account("skycore-get").encode(message("skycore-get"))
    with pytest.raises(SkymmsError, match="service_id"):
        account("sinch").encode(operation)


def test_the_mark_of_a_prepared_operation_is_not_one_of_its_fields() -> None:
    sender = account("skycore")
    operation = sender.prepare(saved_message("skycore")).operation("15551230001")
    assert operation == saved_message("skycore")
    assert repr(operation) == repr(saved_message("skycore"))
    changed = replace(operation, sender="Shop")
    copies = [pickle.loads(pickle.dumps(operation)), copy.copy(operation), copy.deepcopy(operation), changed]
    assert copies[:3] == [operation] * 3
    with pytest.raises(SenderError):
        sender.encode(changed)


def test_a_prepared_message_does_not_show_the_key_and_is_not_pickled() -> None:
    prepared = account("skycore").prepare(message("skycore"))
    assert repr(prepared) == "<PreparedMessage SendMMS>"
    assert copy.copy(prepared) is prepared
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(prepared)


def test_several_threads_use_one_prepared_message() -> None:
    sender = account("skycore")
    prepared = sender.prepare(message("skycore"))
    numbers = [f"1555123{number:04}" for number in range(400)]
    requests: dict[str, HttpRequest] = {}

    def encode(some: list[str]) -> None:
        for number in some:
            requests[number] = sender.encode(prepared.operation(number))

    threads = [threading.Thread(target=encode, args=(numbers[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(number.encode() in requests[number].body for number in numbers)


def test_a_client_sends_a_prepared_operation() -> None:
    body = b"<RESPONSE><STATUS>Success</STATUS><TO>15551230001</TO><TRACKINGID>T1</TRACKINGID></RESPONSE>"
    with Faulty(http(body)) as server:
        sender = account("skycore", url=server.url)
        operation = sender.prepare(message("skycore")).operation("15551230001")
        with Client(sender) as client:
            assert client.call(operation).tracking_id == "T1"
    (request,) = server.requests
    assert b"15551230001" in request


# ------------------------------------------------------------------------------------------------ the last message


@pytest.mark.parametrize("bare_body", [False, True])
@EACH_DIALECT
def test_one_message_to_many_recipients_gives_the_requests_of_new_accounts(dialect: str, bare_body: bool) -> None:
    sender = account(dialect, bare_body=bare_body)
    for to in ("15551230001", "+1 (555) 123-0002", 15551230003, "15551230001"):
        assert sender.encode(message(dialect, to)) == account(dialect, bare_body=bare_body).encode(message(dialect, to))


@EACH_DIALECT
@pytest.mark.parametrize("wrong", ["", None, "Ada", "1555123000a", "0123", 15551230001.0, b"15551230001", "15551230001\x00"])
def test_a_wrong_recipient_is_refused_and_does_not_change_later_requests(dialect: str, wrong: Any) -> None:
    sender = account(dialect)
    first = sender.encode(message(dialect))
    with pytest.raises(RecipientError) as caught:
        sender.encode(message(dialect, wrong))
    assert caught.value.problems == account(dialect).problems(message(dialect, wrong))
    assert sender.encode(message(dialect)) == first


def test_a_message_that_is_equal_but_not_identical_is_validated() -> None:
    # True equals 1, and only 1 is a number of seconds.
    right, wrong = (Slideshow("n", subject="s", slides=(Slide("x", duration=each),)) for each in (1, True))
    assert right == wrong
    sender = account("skycore")
    sender.encode(SendMMS(right, to="15551230001", sender="60856"))
    assert result_of(sender, SendMMS(wrong, to="15551230001", sender="60856")) == [("E230", 1, "duration")]


CHANGES = {
    "set": lambda held: held.__setitem__("name", "Bob"),
    "update": lambda held: held.update(name="Bob"),
    "merge": lambda held: held.__ior__({"name": "Bob"}),
    "setdefault": lambda held: held.setdefault("other", "x"),
    "delete": lambda held: held.__delitem__("name"),
    "pop": lambda held: held.pop("name"),
    "popitem": lambda held: held.popitem(),
    "clear": lambda held: held.clear(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_mappings_of_an_operation_cannot_be_changed(change: Any) -> None:
    data = {"name": "Ada"}
    operation = SendSavedMMS("7", to="15551230001", sender="60856", data=data, custom_text={1: "Hi"})
    sender = account("skycore")
    request = sender.encode(operation)
    data["name"] = "Bob"
    with pytest.raises(TypeError, match="cannot be changed"):
        change(operation.data)
    with pytest.raises(TypeError, match="cannot be changed"):
        operation.custom_text[1] = "Bye"  # type: ignore[index]
    assert sender.encode(operation) == request == account("skycore").encode(operation)


def test_the_mappings_of_an_operation_are_dicts_in_every_other_way() -> None:
    operation = SendSavedMMS("7", to="15551230001", sender="60856", data={"name": "Ada"})
    assert operation.data == {"name": "Ada"}
    assert json.dumps(operation.data) == '{"name": "Ada"}'
    assert "data={'name': 'Ada'}" in repr(operation)
    for other in (pickle.loads(pickle.dumps(operation)), copy.deepcopy(operation), replace(operation, to="15551230001")):
        assert other == operation
        with pytest.raises(TypeError):
            cast("dict[str, str]", other.data).clear()
    assert {**operation.data, "name": "Bob"} == dict(operation.data) | {"name": "Bob"} == {"name": "Bob"}


def test_a_repeated_message_is_validated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    validated: list[Any] = []
    real = VALIDATOR.validate

    def validate(operation: Any, limits: Any) -> Any:
        validated.append(operation)
        return real(operation, limits)

    first = SendSavedMMS("7", to="15551230000", sender="60856", data={"name": "Ada"}, custom_text={1: "Hi"})
    sender = account("skycore")
    sender.encode(first)
    monkeypatch.setattr(VALIDATOR, "validate", validate)
    for number in range(10):
        sender.encode(replace(first, to=f"1555123000{number}"))
    assert validated == []
    for number in range(10):
        sender.encode(SendSavedMMS("7", to=f"1555123000{number}", sender="60856"))
    assert len(validated) == 1


def test_names_of_merge_values_are_written_in_the_case_of_the_dialect() -> None:
    operation = SendSavedMMS("7", to="15551230000", sender="60856", data={"FirstName": "Ada"})
    assert "&data_firstname=Ada" in account("skycore-get").encode(operation).url
    assert b"FIRSTNAME" in account("skycore").encode(operation).body


def test_an_invalid_message_is_refused_each_time() -> None:
    sender = account("skycore")
    for _ in range(3):
        assert result_of(sender, SendMMS(SHOW, to="15551230001", sender="Shop")) == [("E111", None, "sender")]


@pytest.mark.parametrize("dialect", ["skycore", "skycore-get", "sinch"])
def test_operations_without_a_recipient_are_encoded_anew(dialect: str) -> None:
    sender = account(dialect)
    show = SHOW if dialect != "sinch" else SHOW.replace(fallback_text=None)
    for operation in (SaveMMS(show), ListMMS(), SaveMMS(show), ListMMS(), SaveMMS(show)):
        assert sender.encode(operation) == account(dialect).encode(operation)


def test_the_repr_of_an_account_that_cached_requests_does_not_show_the_key() -> None:
    sender = account("skycore")
    sender.encode(message("skycore"))
    shown = repr([sender, *sender._encoders.values()])
    assert KEY not in shown


@EACH_DIALECT
@given(data=st.data())
def test_an_encoded_request_does_not_depend_on_earlier_requests(dialect: str, data: st.DataObject) -> None:
    """Messages that share some of their fields, right ones and wrong ones, in any order."""
    shows = data.draw(st.lists(st.sampled_from([SHOW, SHOW.replace(), SHOW.replace(subject="x" * 81)]), min_size=1, max_size=2))
    pool = st.builds(
        SendMMS,
        st.sampled_from(shows),
        to=st.sampled_from(["15551230001", "15551230002", "Ada"]),
        sender=st.sampled_from(["60856", "60857", "Shop"]),
        sender_mask=st.sampled_from([None, "Shop", "\x0b"]),
        service_id=st.just(SERVICE[dialect].get("service_id")),
    )
    saved = st.builds(
        SendSavedMMS,
        st.sampled_from(["35674", 35674]),
        to=strategies.numbers,
        sender=st.just("60856"),
        custom_text=st.sampled_from([{}, {1: "Hi!"}]),
        fallback_text=st.just("f"),
        service_id=st.just(SERVICE[dialect].get("service_id")),
    )
    sender = account(dialect)
    for operation in data.draw(st.lists(pool | saved, min_size=2, max_size=6)):
        assert result_of(sender, operation) == result_of(account(dialect), operation)
