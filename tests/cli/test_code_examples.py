"""Every program that `skymms explain` and the pages of codes show gets the code that it is about."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pytest
import requests

import skymms
from skymms import MMSError
from skymms.cli.code_examples import (
    BEFORE_SENDING,
    FORCED,
    FOREIGN,
    MADE,
    POSTED,
    RAISED,
    REFUSED,
    Example,
    postback_example,
    response_example,
)
from skymms.codes import ANSWERS, CELLCAST_ANSWERS, EVENTS
from skymms.sandbox import Sandbox
from skymms.wire.codecs import xml

RESPONSES = {code: response_example(code) for code in (*ANSWERS, *CELLCAST_ANSWERS)}
POSTBACKS = {code: postback_example(code) for code in EVENTS}


def how(*ways: str) -> list[str]:
    return [code for code, example in RESPONSES.items() if example.how in ways]


def run(example: Example) -> str:
    """Run a program as a reader would, and return what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example.program, "an example", "exec"), {"__name__": "__main__"})
    return printed.getvalue()


def raised_by(code: str) -> tuple[str, str, bool]:
    """The code and the class of the error of a program, and whether skymms found it."""
    try:
        run(RESPONSES[code])
    except MMSError as error:
        return error.code, type(error).__name__, error.foreseen
    return "none", "", False


@pytest.mark.parametrize("ways", [(BEFORE_SENDING,), (REFUSED,), (FORCED, RAISED)])
def test_programs_raise_the_errors_of_their_codes(ways: tuple[str, ...]) -> None:
    families = {code: known.family for code, known in {**ANSWERS, **CELLCAST_ANSWERS}.items()}
    expected = {code: (code, families[code], ways == (BEFORE_SENDING,)) for code in how(*ways)}
    assert {code: raised_by(code) for code in how(*ways)} == expected


def test_programs_without_skymms_get_the_code_in_the_response() -> None:
    assert [code for code in how(FOREIGN) if f"<ERRORCODE>{code}</ERRORCODE>" not in run(RESPONSES[code])] == []


class CalledError(Exception):
    """Ends a program at its last call."""


def called_operation(example: Example, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The account and the operation of a program that skymms would stop before it sends."""

    def called(client: Any, operation: Any) -> None:
        raise CalledError(client.account, operation)

    monkeypatch.setattr(skymms.Client, "call", called)
    with pytest.raises(CalledError) as ended:
        run(example)
    account, operation = ended.value.args
    return account, operation


@pytest.mark.parametrize("code", [code for code in how(BEFORE_SENDING) if code in ANSWERS])
def test_the_sandbox_refuses_what_skymms_would_not_send(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    account, operation = called_operation(RESPONSES[code], monkeypatch)
    try:
        document = account.dialect_spec.encode_request(operation, "sandbox-key")
    except ValueError:
        # lxml does not write a control character; other programs do.
        assert code == "E108"
        document = b"<REQUEST><ACTION>sendMMS</ACTION><SUBJECT>A bell: \a</SUBJECT></REQUEST>"
    with Sandbox() as sandbox:
        address = sandbox.account(account.dialect).address
        refused = requests.post(address, data=document, headers={"Content-Type": xml.CONTENT_TYPE}, timeout=10)
    assert code in refused.text


def test_programs_receive_or_make_their_postbacks() -> None:
    assert {example.how for example in POSTBACKS.values()} == {POSTED, MADE}
    assert [code for code, example in POSTBACKS.items() if code not in run(example).split()] == []


def test_programs_use_a_request_where_one_can_trigger_the_code() -> None:
    """The sandbox is told to answer with a code only if none of its own rules has the code."""
    assert len(how(BEFORE_SENDING, REFUSED, FOREIGN)) >= 126
    assert set(how(RAISED)) == {"CastError", "KEY_EXISTS", "LEDGER_ERROR", "less_nine_digit", "number_not_valid"}


def test_programs_fit_on_a_page() -> None:
    programs = {example.program for example in (*RESPONSES.values(), *POSTBACKS.values())}
    assert [line for program in programs for line in program.splitlines() if len(line) > 100] == []
