"""A dialect that does not fit the gateway's URL: the error says so, whatever the combination."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from skymms import Account, Client, ProtocolError, SendMMS, SkymmsError, Slideshow
from skymms.aio import AsyncClient
from skymms.codes import ANSWERS
from skymms.errors import MMSError
from skymms.http import HttpResponse
from skymms.sandbox import Sandbox
from skymms.wire.dialects import DIALECTS, DialectName

pytestmark = pytest.mark.compat

SEND = SendMMS(Slideshow("n", subject="s", fallback_text="f").slide("Hi!"), to="15551234888", sender="60856")
SKYCORE = {"skycore", "skycore-get"}

#: Skycore 1.3 has one URL for both of its dialects.
PAIRS = [(one, other) for one in DIALECTS for other in DIALECTS if one != other and not {one, other} <= SKYCORE]


def advice(error: SkymmsError) -> str:
    return f"{error} {getattr(error, 'remedy', '')}"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(("dialect", "other"), PAIRS)
def test_the_error_says_that_dialect_and_url_do_not_fit(dialect, other, kind):
    with Sandbox() as sandbox:
        service = "1" if "sinch" in dialect else None
        account = sandbox.account(dialect, url=sandbox.account(other).address, service_id=service)

        async def call():
            async with AsyncClient(account) as client:
                await client.call(SEND)

        def send():
            if kind is AsyncClient:
                asyncio.run(call())
            else:
                with Client(account) as client:
                    client.call(SEND)

        with pytest.raises(SkymmsError) as raised:
            send()
    assert sandbox.sent == []
    error = raised.value
    if isinstance(error, MMSError):
        assert error.code == "E108"
        assert "check that the account's dialect fits its url" in advice(error)
    elif isinstance(error, ProtocolError) and error.status == 404:
        # Sinch MMS has no GET: there is nothing at this URL for the request.
        assert "Check the account's url" in advice(error)
    else:
        assert "check that the account's dialect fits its url" in advice(error)


def test_the_remedy_of_e108_is_not_only_about_bodies():
    assert "dialect fits its url" in ANSWERS["E108"].remedy


@pytest.mark.parametrize(
    ("dialect", "body", "other"),
    [
        ("skycore", b'{"status": "success"}', True),
        ("skycore-get", b'\xef\xbb\xbf {"status": "failure"}', True),
        ("sinch", b'\n{"status": "success"}', True),
        ("sinch-json", b"<RESPONSE><STATUS>Success</STATUS></RESPONSE>", True),
        ("sinch-json", b'<?xml version="1.0"?>\n<response><status>Success</status></response>', True),
        ("sinch-json", b"<!DOCTYPE html><html></html>", False),
        ("sinch-json", b"oops", False),
        ("sinch-json", b'{"status": ', False),
        ("skycore", b"<html></html>", False),
        ("skycore", b"", False),
        ("skycore", b"<RESPONSE><STATUS>", False),
    ],
)
def test_only_a_response_in_another_format_is_blamed_on_the_dialect(dialect: DialectName, body: bytes, other: bool) -> None:
    account: Any = Account("not-a-key-at-all", dialect=dialect)
    with pytest.raises(ProtocolError) as raised:
        account.decode(SEND, HttpResponse(200, {}, body))
    assert ("format of another dialect" in str(raised.value)) is other
    assert raised.value.sent_maybe
