"""Mistakes that newcomers made in their first hour. Each gets an error that says what to do."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from misbehaving_server import Faulty, http

from skymms import (
    Account,
    AuthenticationError,
    Client,
    HttpResponse,
    ProtocolError,
    Retries,
    SendMMS,
    Slideshow,
    read_postbacks,
)
from skymms.cli import main
from skymms.sandbox import Sandbox

#: Text where another type is required. Any, so that type checkers do not object.
WRONG: Any = "0123456789abcdef"
SLIDESHOW = Slideshow("coupon", subject="Free").slide("Hi!")
SEND = SendMMS(SLIDESHOW, to="15551234888", sender="60856")

MISSPELLED = (
    "<REQUEST><ACTION>sendMMS</ACTION><API_KEY>x</API_KEY><TO>15551234888</TO><FROM>60856</FROM><SUBJECT>s</SUBJECT>"
    "<NAME>n</NAME><SLIDE><IMGE><URL>http://a.example/a.jpg</URL></IMGE><TEXT>look at this</TEXT></SLIDE></REQUEST>"
)


@pytest.mark.parametrize("command", [["send"], ["save"], ["show"]])
def test_a_request_file_with_a_misspelled_element_is_refused(command, tmp_path, monkeypatch, capsys):
    file = tmp_path / "picture.xml"
    file.write_text(MISSPELLED)
    with Sandbox() as sandbox:
        monkeypatch.setenv("SKYMMS_API_KEY", "sandbox-key")
        monkeypatch.setenv("SKYMMS_URL", sandbox.account().address)
        assert main([*command, str(file)]) == 4
        assert sandbox.requests == []
    assert "SLIDE/IMGE/URL" in capsys.readouterr().err


def test_calling_with_a_slideshow_instead_of_an_operation_is_a_type_error():
    with Client(Account("0123456789abcdef")) as client, pytest.raises(TypeError, match="such as SendMMS"):
        client.call(SLIDESHOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mistake", "expected"),
    [
        (lambda: Client(WRONG), "expected an Account"),
        (lambda: Account("0123456789abcdef").encode(SendMMS(WRONG, to="15551234888", sender="60856")), "must be a Slideshow"),
        (lambda: read_postbacks(WRONG), "bytes"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_type_error_that_names_the_right_one(mistake, expected):
    with pytest.raises(TypeError, match=expected):
        mistake()


def test_replacing_the_dialect_of_an_account_changes_its_default_address():
    account = Account("0123456789abcdef")
    other = dataclasses.replace(account, dialect="sinch")
    assert account.address != other.address
    assert other.address == Account("0123456789abcdef", dialect="sinch").address
    assert dataclasses.replace(account, url="http://127.0.0.1:1/a").address == "http://127.0.0.1:1/a"


def test_an_account_with_another_key_is_refused_by_the_sandbox():
    with Sandbox() as sandbox, Client(sandbox.account(api_key="another-key")) as client, pytest.raises(AuthenticationError):
        client.call(SEND)


def test_the_error_for_a_redirect_says_that_it_is_a_redirect():
    with pytest.raises(ProtocolError, match=r"302.*redirect"):
        Account("0123456789abcdef").decode(SEND, HttpResponse(302, {"Location": "/x"}, b""))


def test_a_throttling_response_about_another_recipient_is_not_retried():
    other = b"<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E106</ERRORCODE><TO>15559999999</TO></RESPONSE>"
    with Faulty(http(other)) as server:
        account = Account("0123456789abcdef", url=server.url)
        with Client(account, retries=Retries(first=0.001)) as client, pytest.raises(ProtocolError) as raised:
            client.call(SEND)
    assert len(server.requests) == 1
    assert raised.value.sent_maybe


def test_a_batch_of_postbacks_is_read_although_another_element_comes_first():
    event = "<NOTIFICATION><ORIGIN>MMS_MT</ORIGIN><CODE>N003</CODE><BODY><MMSID>{}</MMSID></BODY></NOTIFICATION>"
    batch = f"<POSTBACK><COUNT>2</COUNT>{event.format(1)}{event.format(2)}</POSTBACK>"
    assert [getattr(notice, "mms_id", None) for notice in read_postbacks(batch.encode())] == ["1", "2"]
