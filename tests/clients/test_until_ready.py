"""Waiting until a stored message is encoded, and calls that make one request only."""

from __future__ import annotations

from typing import Any

import pytest
from misbehaving_server import SENT, Faulty, http

from skymms import Account, NotReadyError, Retries, SendSavedMMS, ThrottledError

KEY = "k" * 32
SEND = SendSavedMMS("35674", to="15551234888", sender="60856")
NOT_READY = http(b"<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E626</ERRORCODE><ERRORINFO>encoding</ERRORINFO></RESPONSE>")
THROTTLED = http(
    b"<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E106</ERRORCODE><ERRORINFO>too many</ERRORINFO></RESPONSE>",
    Retry_After="7",
)


@pytest.fixture
def client(kind: Any) -> Any:
    def made(server: Faulty, **options: Any) -> Any:
        account = Account(KEY, url=server.url, rate=options.pop("rate", None))
        return kind(account, **{"timeout": 5, **options})

    return made


def test_a_stored_message_is_sent_as_soon_as_it_is_encoded(client):
    with Faulty(NOT_READY, NOT_READY, NOT_READY, NOT_READY, NOT_READY, http(SENT)) as server:
        # More refusals than retries: waiting until it is ready is not a retry.
        with client(server, retries=Retries(count=1, first=0.01, longest=0.02, until_ready=5)) as calling:
            calling.call(SEND)
        assert len(server.requests) == 6


def test_the_wait_ends_after_the_seconds_that_were_given(client):
    with Faulty(*[NOT_READY] * 20) as server:
        retries = Retries(count=0, first=0.01, longest=0.02, until_ready=0.05)
        with client(server, retries=retries) as calling, pytest.raises(NotReadyError) as raised:
            calling.call(SEND)
        assert raised.value.sent_maybe is False
        assert 2 <= len(server.requests) < 20


def test_by_default_a_message_that_is_not_ready_is_an_error_at_once(client):
    with Faulty(NOT_READY, http(SENT)) as server, client(server) as calling:
        with pytest.raises(NotReadyError):
            calling.call(SEND)
        assert len(server.requests) == 1


def test_a_call_that_is_made_once_is_not_retried_and_takes_no_turn(client):
    with Faulty(THROTTLED, http(SENT)) as server, client(server, rate=0.001, retries=5) as calling:
        with pytest.raises(ThrottledError) as raised:
            calling.call(SEND, once=True)
        assert raised.value.retry_after == 7
        assert calling.call(SEND, once=True).tracking_id is not None
        assert len(server.requests) == 2
