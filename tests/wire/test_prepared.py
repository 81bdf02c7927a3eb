"""What an account does not do twice: whatever was asked before, a request is the one that a new account makes.

The bytes of a first request are held against lxml's and the vendor's own elsewhere (test_roundtrip.py, test_vectors.py).
"""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from typing import Any

import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

from skymms import (
    Account,
    HttpRequest,
    Limits,
    ListMMS,
    RecipientError,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SkymmsError,
    Slide,
    Slideshow,
)
from skymms.validation.validator import VALIDATOR
from skymms.wire.dialects import DIALECTS

KEY = "canary-5fa1c0de-key"
WAIVING = Limits(waived=frozenset({"service_id"}))
SHOW = Slideshow("coupon & more", subject="Free <b>", fallback_text="Free").slide(
    "Hi!\nYou", image="https://a.example/?a=1&b=2"
)
#: A service id only where there is a word for it.
TO_ALL = {name: {"service_id": "28444mms"} if name.startswith("sinch") else {} for name in DIALECTS}


def account(dialect: str) -> Account:
    return Account(KEY, dialect=dialect)


def asked(by: Account, operation: Any) -> HttpRequest | list[tuple[str | None, int | None, str]]:
    try:
        return by.encode(operation)
    except SkymmsError as error:
        return [problem[:3] for problem in error.problems]


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_one_message_to_many_is_many_requests(dialect: str, bare: bool) -> None:
    kept = Account(KEY, dialect=dialect, bare_body=bare)
    for to in ("15551230001", "+1 (555) 123-0002", 15551230003, "15551230001"):
        operation = SendMMS(SHOW, to=to, sender="60856", **TO_ALL[dialect])
        assert kept.encode(operation) == Account(KEY, dialect=dialect, bare_body=bare).encode(operation)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("wrong", ["", None, "Ada", "1555123000a", "0123", 15551230001.0, b"15551230001", "15551230001\x00"])
def test_a_wrong_number_among_them_is_refused_and_leaves_no_trace(dialect: str, wrong: Any) -> None:
    kept = account(dialect)
    right = SendMMS(SHOW, to="15551230001", sender="60856", **TO_ALL[dialect])
    first = kept.encode(right)
    operation = SendMMS(SHOW, to=wrong, sender="60856", **TO_ALL[dialect])
    with pytest.raises(RecipientError) as raised:
        kept.encode(operation)
    assert raised.value.problems == account(dialect).problems(operation)
    assert kept.encode(right) == first


def test_what_is_equal_and_not_the_same_is_judged_anew() -> None:
    # True equals 1, and only one of them is a number of seconds.
    right, wrong = (Slideshow("n", subject="s", slides=[Slide("x", duration=each)]) for each in (1, True))
    assert right == wrong
    kept = account("skycore")
    kept.encode(SendMMS(right, to="15551230001", sender="60856"))
    assert asked(kept, SendMMS(wrong, to="15551230001", sender="60856")) == [("E230", 1, "duration")]


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
def test_what_was_right_cannot_become_another(change: Any) -> None:
    theirs = {"name": "Ada"}
    operation = SendSavedMMS("7", to="15551230001", sender="60856", data=theirs, custom_text={1: "Hi"})
    written = (kept := account("skycore")).encode(operation)
    theirs["name"] = "Bob"
    with pytest.raises(TypeError, match="never changes"):
        change(operation.data)
    with pytest.raises(TypeError, match="never changes"):
        operation.custom_text[1] = "Bye"  # type: ignore[index]
    assert kept.encode(operation) == written == account("skycore").encode(operation)


def test_what_never_changes_is_a_mapping_in_everything_else() -> None:
    operation = SendSavedMMS("7", to="15551230001", sender="60856", data={"name": "Ada"})
    assert operation.data == {"name": "Ada"}
    assert json.dumps(operation.data) == '{"name": "Ada"}'
    assert "data={'name': 'Ada'}" in repr(operation)
    for other in (pickle.loads(pickle.dumps(operation)), copy.deepcopy(operation), replace(operation, to="15551230001")):
        assert other == operation
        with pytest.raises(TypeError):
            other.data.clear()
    assert {**operation.data, "name": "Bob"} == operation.data | {"name": "Bob"} == {"name": "Bob"}


def test_what_goes_to_many_is_judged_once_whatever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[Any] = []
    real = VALIDATOR.validate
    monkeypatch.setattr(VALIDATOR, "validate", lambda message, limits: judged.append(message) or real(message, limits))
    first = SendSavedMMS("7", to="15551230000", sender="60856", data={"name": "Ada"}, custom_text={1: "Hi"})
    kept = account("skycore")
    kept.encode(first)
    judged.clear()
    for number in range(10):
        kept.encode(replace(first, to=f"1555123000{number}"))
    assert judged == []
    for number in range(10):
        kept.encode(SendSavedMMS("7", to=f"1555123000{number}", sender="60856"))
    assert len(judged) == 1


def test_names_are_written_in_the_case_of_the_dialect() -> None:
    operation = SendSavedMMS("7", to="15551230000", sender="60856", data={"FirstName": "Ada"})
    assert "&data_firstname=Ada" in account("skycore-get").encode(operation).url
    assert b"FIRSTNAME" in account("skycore").encode(operation).body


def test_what_was_wrong_stays_wrong() -> None:
    kept = account("skycore")
    wrong = SendMMS(SHOW, to="15551230001", sender="Shop")
    for _ in range(3):
        assert asked(kept, wrong) == [("E111", None, "sender")]


@pytest.mark.parametrize("dialect", ["skycore", "skycore-get", "sinch"])
def test_what_has_no_recipient_is_the_same_again(dialect: str) -> None:
    kept = account(dialect)
    show = SHOW if dialect != "sinch" else SHOW.replace(fallback_text=None)
    for operation in (SaveMMS(show), ListMMS(), SaveMMS(show), ListMMS(), SaveMMS(show)):
        assert kept.encode(operation) == account(dialect).encode(operation)


def test_an_account_and_its_requests_show_no_key_for_what_they_remember() -> None:
    kept = account("skycore")
    kept.encode(SendMMS(SHOW, to="15551230001", sender="60856"))
    shown = [repr(kept), *(repr(asking) for asking in kept._asked.values())]
    shown += [repr(asking._template) for asking in kept._asked.values()]
    assert not [words for words in shown if KEY in words]


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data())
def test_whatever_was_asked_before_a_request_is_the_same(dialect: str, data: st.DataObject) -> None:
    """Sends that share some of their fields, right ones and wrong ones, in any order."""
    shows = data.draw(st.lists(st.sampled_from([SHOW, SHOW.replace(), SHOW.replace(subject="x" * 81)]), min_size=1, max_size=2))
    pool = st.builds(
        SendMMS,
        st.sampled_from(shows),
        to=st.sampled_from(["15551230001", "15551230002", "Ada"]),
        sender=st.sampled_from(["60856", "60857", "Shop"]),
        sender_mask=st.sampled_from([None, "Shop", "\x0b"]),
        service_id=st.just(TO_ALL[dialect].get("service_id")),
    )
    saved = st.builds(
        SendSavedMMS,
        st.sampled_from(["35674", 35674]),
        to=strategies.numbers,
        sender=st.just("60856"),
        custom_text=st.sampled_from([{}, {1: "Hi!"}]),
        fallback_text=st.just("f"),
        service_id=st.just(TO_ALL[dialect].get("service_id")),
    )
    kept = account(dialect)
    for operation in data.draw(st.lists(pool | saved, min_size=2, max_size=6)):
        assert asked(kept, operation) == asked(account(dialect), operation)
