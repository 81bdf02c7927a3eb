"""Phone numbers: callers, validation and encoding normalize them alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skymms import Account, Problem, RecipientError, SendMMS, Slideshow
from skymms.numbers import normalize

SHOW = Slideshow("Coupon", subject="Free coupon!").slide("Hi!")


@pytest.mark.parametrize(
    "number", ["15551234888", 15551234888, "+1 (555) 123-4888", "1.555.123.4888", " 1555\u00a01234888\n", "1–555–1234888"]
)
def test_a_number_is_normalized_to_digits(number: Any) -> None:
    assert normalize(number) == "15551234888"


@pytest.mark.parametrize("number", ["1" * 15, int("1" * 15), "1", "60856"])
def test_a_number_has_1_to_15_digits(number: Any) -> None:
    assert normalize(number) == str(number)


@pytest.mark.parametrize(
    "number",
    [
        None,
        "",
        "0",
        "00155",
        "+",
        "Ada",
        "1,2",
        "1" * 16,
        int("1" * 16),
        10**5000,
        -1,
        True,
        1.5,
        b"1",
        ["1"],
        "١٥٥",
        "1\u200b5",
    ],
    ids=lambda it: f"{type(it).__name__} {it if not isinstance(it, int) or it < 10**20 else 'large'}"[:24],
)
def test_text_that_is_not_a_number_is_a_recipient_error_with_its_problem(number: Any) -> None:
    with pytest.raises(RecipientError) as caught:
        normalize(number)
    error = caught.value
    assert (error.code, error.field, error.foreseen, error.sent_maybe) == ("E110", "to", True, False)
    assert error.problems == (Problem("E110", None, "to", error.info),)


def test_the_error_says_how_many_digits_are_too_many() -> None:
    with pytest.raises(RecipientError, match="has 16 digits, and a phone number has at most 15"):
        normalize("1" * 16)


@given(st.text(st.sampled_from("0123456789 +-.()[]\t\n/a")) | st.integers(-(10**16), 10**16))
def test_a_number_is_normalized_exactly_if_it_can_be_sent_and_as_it_is_sent(number: Any) -> None:
    account = Account("not-a-key", bare_body=True)
    try:
        digits = normalize(number)
    except RecipientError:
        with pytest.raises(RecipientError):
            account.encode(SendMMS(SHOW, to=number, sender="60856"))
    else:
        assert f"<TO>{digits}</TO>".encode() in account.encode(SendMMS(SHOW, to=number, sender="60856")).body
        assert normalize(digits) == digits
