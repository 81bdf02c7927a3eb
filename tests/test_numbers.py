"""Phone numbers: callers, validation and encoding parse them alike, and never send to a number that was not written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import strategies  # noqa: F401 (loads hypothesis' profile)
from hypothesis import given
from hypothesis import strategies as st

from skymms import (
    Account,
    ConfigurationError,
    Problem,
    RecipientError,
    SenderError,
    SendMMS,
    SendSavedMMS,
    Slideshow,
    Subscribe,
    from_dict,
    to_dict,
)
from skymms.cellcast import CellcastAccount, CellcastSend, mobile
from skymms.files import read_file
from skymms.model.operations import Operation
from skymms.numbers import normalize
from skymms.sandbox import Sandbox
from skymms.slide import Slide
from skymms.wire.dialects import DIALECTS

SHOW = Slideshow("Coupon", subject="Free coupon!", fallback_text="Coupon").slide("Hi!")
GIF = Slide("Hi!", image="https://media.example/a.gif")
GATEWAYS = {name: Account("not-a-key", dialect=name, service_id="1", bare_body=name == "skycore") for name in DIALECTS}
CELLCAST = CellcastAccount.v3("not-a-key")

#: Forms in which people write one number.
WRITTEN = [
    "15551234888",
    "+15551234888",
    "+1 555 123 4888",
    "1-555-123-4888",
    "1.555.123.4888",
    "+1.55.51.23.48.88",
    "1555/1234888",
    "+1 (555) 123-4888",
    "+1(555)123-4888",
    "(1555) 1234888",
    "+1 [555] 123\u20104888",
    "1555\u00a01234888",
    "1\u2013555\u20131234888",
]
#: Text that looks as if it named the number 15551234888, and would name another if characters of it were dropped.
AMBIGUOUS = {
    "15551234888.0": "read the column as text",
    "15551234888.": "read the column as text",
    "15551234888.00": "read the column as text",
    "1.5551234888E10": "read the column as text",
    "1.5551234888e+10": "read the column as text",
    "1,5551234888E+10": "read the column as text",
    " 15551234888.0": "read the column as text",
    "+44 (0)7911 123456": "leave out (0)",
    "+44(0)7911123456": "leave out (0)",
    "+44 [0] 7911 123456": "one number in digits",
    "15551234888 15551234999": "give one number",
    "15551234888/15551234999": "give one number",
    "15551234888\n15551234999": "one number in digits",
    "15551234888, 15551234999": "one number in digits",
    "15551234888;15551234999": "one number in digits",
    "15551234888 (2)": "one number in digits",
    "15551234888 (12)": "one number in digits",
    "15551234888 (home)": "one number in digits",
    "15551234888/9": "one number in digits",
    "15551234888 x5": "one number in digits",
    "1555 123 4888 1": "one number in digits",
    "(1) (555) 1234888": "one number in digits",
    "1 ((555)) 1234888": "one number in digits",
    "1  555 1234888": "one number in digits",
    "1 - 555 1234888": "one number in digits",
    "(1 555) 1234888": "one number in digits",
    "1 (555 1234888": "one number in digits",
    "1 (555] 1234888": "one number in digits",
    "1555)1234888": "one number in digits",
    "++15551234888": "one number in digits",
    "+ 15551234888": "one number in digits",
    "(+1) 5551234888": "one number in digits",
    "1+5551234888": "one number in digits",
    "0015551234888": "without 00",
    "+015551234888": "country code first",
    " 15551234888": "one number in digits",
    "15551234888\n": "U+000A",
    "1555\t1234888": "U+0009",
    "1555\u200b1234888": "U+200B ZERO WIDTH SPACE",
    "\u202a15551234888\u202c": "U+202A LEFT-TO-RIGHT EMBEDDING, U+202C POP DIRECTIONAL FORMATTING",
    "\ufeff15551234888": "U+FEFF ZERO WIDTH NO-BREAK SPACE",
    "1555\u30641234888": "one number in digits",
    "\u0661\u0665\u0665\u0665": "one number in digits",
    "-15551234888": "one number in digits",
    "15551234888-": "one number in digits",
    "1": "one number in digits",
    "+": "one number in digits",
    "0": "one number in digits",
    "Ada": "one number in digits",
    "": "one number in digits",
    "1" * 16: "has 16 digits",
}  # fmt: skip


def without(*skipped: str) -> dict[str, str]:
    return {text: reason for text, reason in AMBIGUOUS.items() if text not in skipped}


# ------------------------------------------------------------------------------------------------ what is accepted


@pytest.mark.parametrize("number", [*WRITTEN, 15551234888])
def test_a_number_is_normalized_to_digits(number: Any) -> None:
    assert normalize(number) == "15551234888"


@pytest.mark.parametrize("number", ["1" * 15, int("1" * 15), "10", "60856", 60856])
def test_a_number_has_2_to_15_digits(number: Any) -> None:
    assert normalize(number) == str(number)


@pytest.mark.parametrize(("number", "digits"), [("+33.6.12.34.56.78", "33612345678"), ("+39 (06) 698 1234", "39066981234")])
def test_national_ways_to_write_a_number_are_accepted(number: str, digits: str) -> None:
    assert normalize(number) == digits


_ANY_TEXT = st.text(st.sampled_from("0123456789 +-./()[]\t\neE,\u00a0\u200b\u2011a")) | st.text()
_WRITTEN = st.from_regex(
    r"\+?[1-9][0-9]{0,3}[ ./\u2011-]?(\([0-9]{2,3}\))?[ /-]?[0-9]{2,4}([ ./-][0-9]{2,3}){0,2}", fullmatch=True
)


@given(_ANY_TEXT | _WRITTEN)
def test_parsing_never_changes_the_sequence_of_digits(text: str) -> None:
    try:
        digits = normalize(text)
    except RecipientError:
        return
    assert digits == "".join(re.findall("[0-9]", text))
    assert not re.search(r"[0-9]{7}\.", text)
    assert not re.search(r"[^0-9 +\-./()\[\]\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2010-\u2015]", text)


@given(_ANY_TEXT | _WRITTEN | st.integers(-(10**16), 10**16))
def test_a_number_is_normalized_exactly_if_it_can_be_sent_and_as_it_is_sent(number: Any) -> None:
    account = GATEWAYS["skycore"]
    try:
        digits = normalize(number)
    except RecipientError:
        with pytest.raises(RecipientError):
            account.encode(SendMMS(SHOW, to=number, sender="60856"))
    else:
        assert f"<TO>{digits}</TO>".encode() in account.encode(SendMMS(SHOW, to=number, sender="60856")).body
        assert normalize(digits) == digits


@given(_ANY_TEXT | _WRITTEN | st.from_regex(r"(\+?61|0)?[ .]?4[0-9]{2}[ .(-]?[0-9]{3}[ .)-]?[0-9]{3}(\.0)?", fullmatch=True))
def test_cellcast_never_changes_the_sequence_of_digits(text: str) -> None:
    number = mobile(text)
    assert number is None or "".join(re.findall("[0-9]", text)).removeprefix("0").removeprefix("61") == number[3:]


# ------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(("text", "reason"), AMBIGUOUS.items())
def test_text_that_could_become_another_number_is_refused_and_quoted(text: str, reason: str) -> None:
    with pytest.raises(RecipientError) as caught:
        normalize(text)
    error = caught.value
    assert (error.code, error.field, error.foreseen, error.sent_maybe) == ("E110", "to", True, False)
    assert error.problems == (Problem("E110", None, "to", error.info),)
    assert reason in error.info
    assert repr(text[:40]) in error.info


@pytest.mark.parametrize(
    "number",
    [None, int("1" * 16), 10**5000, 0, 5, -1, True, 1.5, 15551234888.0, float("nan"), 1e300, b"15551234888", ["15551234888"]],
    ids=lambda it: f"{type(it).__name__} {it if not isinstance(it, int) or it < 10**20 else 'large'}"[:24],
)
def test_a_value_that_is_neither_text_nor_a_whole_number_of_a_phone_is_refused(number: Any) -> None:
    with pytest.raises(RecipientError) as caught:
        normalize(number)
    assert caught.value.code == "E110"
    if isinstance(number, float):
        assert "read as a float; read the column as text" in caught.value.info


@pytest.mark.parametrize("text", without("", "0"))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_way_of_sending_accepts_such_text(text: str, dialect: str) -> None:
    account = GATEWAYS[dialect]
    send = SendMMS(SHOW, to=text, sender="60856")
    saved = SendSavedMMS("35674", to=text, sender="60856")
    assert [problem[:3] for operation in (send, saved) for problem in account.problems(operation) if problem.field == "to"] == [
        ("E110", None, "to"),
        ("E110", None, "to"),
    ]
    prepared = account.prepare(SendMMS(SHOW, sender="60856"))
    for call in (prepared.request, prepared.operation, lambda to: account.encode(SendMMS(SHOW, to=to, sender="60856"))):
        with pytest.raises(RecipientError) as caught:
            call(text)
        assert caught.value.code == "E110"


@pytest.mark.parametrize("text", without("", "0"))
def test_no_other_field_with_a_number_accepts_such_text(text: str) -> None:
    account = GATEWAYS["skycore"]
    assert ("E901", None, "mobile") in [problem[:3] for problem in account.problems(Subscribe(text, campaign="1"))]
    shown = SendMMS(SHOW, to="15551234888", sender="60856", display_to=("15551234889", text))
    assert [problem[:3] for problem in GATEWAYS["sinch-json"].problems(shown)] == [("E110", None, "display_to")]


def test_the_sandbox_refuses_it_in_every_arrangement_with_a_number() -> None:
    with Sandbox() as sandbox:
        for text in AMBIGUOUS:
            arrangements: list[Callable[[], object]] = [
                partial(sandbox.receive_sms, text, "60856", "Hi!"),
                partial(sandbox.receive_mms, text, "60856", text="Hi!"),
                partial(sandbox.block, text),
                partial(sandbox.fail, "E106", to=text),
                partial(sandbox.outcome, "N102", to=text),
            ]
            for arrange in arrangements:
                with pytest.raises(ConfigurationError):
                    arrange()


NOT_IN_CELLCAST = [
    *("0491570156.0", "61491570156.0", "4.91570156E8", "+61 (0)491 570 156", "0491570156 0491570157", "0491 570 156 (2)"),
    *("0491570156/9", " 0491570156", "0491  570 156", "0491\u200b570156", "+0491570156", "+491570156", "(0)491570156"),
]


@pytest.mark.parametrize("text", [*NOT_IN_CELLCAST, 491570156.0, float("nan")])
def test_cellcast_refuses_it_too_and_quotes_it(text: Any) -> None:
    (problem,) = CELLCAST.problems(CellcastSend(GIF, to=["0491570157", text]))
    assert problem[:3] == ("RECIPIENTS_ERROR", None, "to[1]")
    assert repr(text) in problem.message
    assert mobile(text) is None
    skipped = CellcastSend(GIF, to=["0491570157", text], skip_invalid=True)
    assert json.loads(CELLCAST.encode(skipped).body)["numbers"] == ["+61491570157"]


@pytest.mark.parametrize(
    "text",
    ["0491570156", "0491 570 156", "+61 491 570 156", "61-491-570-156", "491570156", "+61.491.570.156", "(0491) 570 156"],
)
def test_cellcast_accepts_its_national_forms(text: str) -> None:
    assert mobile(text) == "+61491570156"


# ------------------------------------------------------------------------------------------------ files


@pytest.mark.parametrize("written", ["15551234888.0", "1.5551234888E10", "+44 (0)7911 123456"])
def test_a_number_in_a_request_file_is_judged_as_it_is_written(written: str) -> None:
    documents = [
        f"<REQUEST><ACTION>sendMMS</ACTION><TO>{written}</TO><FROM>60856</FROM><NAME>n</NAME></REQUEST>",
        f"<request><action>sendMMS</action><to>{written}</to><from>60856</from><name>n</name></request>",
        f"action=sendmms&to={written.replace(' ', '+').replace('+44', '%2B44')}&from=60856&name=n",
        f'{{"action": "sendMMS", "to": "{written}", "from": "60856"}}',
        json.dumps(to_dict(SendMMS(SHOW, to=written, sender="60856"))),
    ]
    if " " not in written:
        documents.append(f'{{"action": "sendMMS", "to": {written}, "from": "60856"}}')  # a JSON number
    for document in documents:
        content = read_file(document.encode())
        operation: Operation[Any] | None = content.operation
        assert operation is not None
        account = GATEWAYS[content.dialect or "skycore"]
        assert ("E110", "to") in [(problem.code, problem.field) for problem in account.problems(operation)], document


def test_a_stored_operation_with_a_float_is_refused_when_it_is_read() -> None:
    stored = to_dict(SendMMS(SHOW, to="15551234888", sender="60856"))
    with pytest.raises(ConfigurationError, match="to: must be text or a whole number"):
        from_dict({**stored, "to": 15551234888.0})


# ------------------------------------------------------------------------------------------------ senders


@pytest.mark.parametrize("sender", ["60856", 60856, "15551234888", "+1 (555) 123-4888", "466-453", "0"])
def test_a_sender_is_a_short_code_or_a_number(sender: Any) -> None:
    request = GATEWAYS["skycore"].encode(SendMMS(SHOW, to="15551234888", sender=sender))
    digits = "".join(re.findall("[0-9]", str(sender)))
    assert f"<FROM>{digits}</FROM>".encode() in request.body


@pytest.mark.parametrize(
    "sender", ["60856.0", "60856.00", "15551234888.0", "6 0856 1", "60856\n", "60\u200b856", 60856.0, -1, True]
)
def test_a_sender_never_becomes_another_one(sender: Any) -> None:
    with pytest.raises(SenderError) as caught:
        GATEWAYS["skycore"].encode(SendMMS(SHOW, to="15551234888", sender=sender))
    assert caught.value.code == "E111"
    assert repr(sender) in caught.value.info
