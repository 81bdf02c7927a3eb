"""A gateway that replaces the sender: the reply and the log show it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest

from skymms import Account, Client, ConfigurationError, SaveMMS, SendMMS, SendPassInMMS, SendSavedMMS, SentMMS, Slideshow
from skymms.aio import AsyncClient
from skymms.http import HttpResponse
from skymms.sandbox import AT_ONCE, PostbackReceiver, Sandbox
from skymms.wire.dialects import DIALECTS, DialectName, get_dialect

pytestmark = pytest.mark.compat

KEY = "not-a-key-at-all"
TO = "61491570156"
EACH_DIALECT = pytest.mark.parametrize("dialect", DIALECTS)


def decoded(dialect: DialectName, operation: Any, used: str | None, **account: Any) -> SentMMS:
    """The reply to an operation whose response has this sender."""
    reply = SentMMS(mms_id="1", tracking_id="MMS_1", to=TO, sender=used, details="queued")
    body = get_dialect(dialect).encode_reply(reply)
    answered: SentMMS = Account(KEY, dialect=dialect, **account).decode(operation, HttpResponse(200, {}, body))
    assert answered == reply
    return answered


@EACH_DIALECT
@pytest.mark.parametrize(
    ("requested", "used", "marked"),
    [
        *(("60856", "60857", "60856"), (60856, "60857", "60856"), ("+1 555 123-4888", "60857", "+1 555 123-4888")),
        *(("60856", "60856", None), (60856, "60856", None)),
        *(("+1 555 123-4888", "15551234888", None), ("15551234888", "+15551234888", None)),
        *(("60856", None, None), ("60856", "", None), (None, "60857", None)),
    ],
)
def test_the_reply_has_the_requested_sender_if_it_was_replaced(dialect, requested, used, marked):
    for operation in (
        SendSavedMMS("1", to=TO, sender=requested),
        SendMMS(Slideshow("n", subject="s").slide("Hi!"), to=TO, sender=requested),
        SendPassInMMS("1", to=TO, sender=requested, pass_data={"title": "x"}),
    ):
        assert decoded(dialect, operation, used).requested_sender == marked
        # The account's sender is used for operations without one.
        assert decoded(dialect, operation, used, sender="60859" if requested else "60857").requested_sender == marked
        if requested:
            assert decoded(dialect, replace(operation, sender=None), used, sender=requested).requested_sender == marked


@EACH_DIALECT
def test_a_senders_name_that_was_requested_does_not_count_as_replaced(dialect):
    operation = SendSavedMMS("1", to=TO, sender="60856", sender_mask="The Shop")
    assert decoded(dialect, operation, "The Shop").requested_sender is None
    assert decoded(dialect, operation, "Store").requested_sender == "60856"


def test_the_mark_is_stored_with_the_reply():
    reply = decoded("sinch", SendSavedMMS("1", to=TO, sender="60856"), "60857")
    stored = SentMMS.from_dict(reply.to_dict())
    assert (stored, stored.requested_sender) == (reply, "60856")


@EACH_DIALECT
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_the_sandbox_replaces_senders_and_the_client_logs_it_without_numbers(dialect, kind, caplog):
    text: Any = {"fallback_text": "f", "service_id": "1"} if "sinch" in dialect else {}
    sandbox = Sandbox(country_senders={"61": "60857", "614": "60858"}, delays=AT_ONCE)
    with sandbox:
        account = sandbox.account(dialect)
        with Client(account) as client:
            client.call(SaveMMS(Slideshow("n", subject="s", fallback_text=None if dialect == "sinch" else "f").slide("Hi!")))
        mms_id = sandbox.saved[0].mms_id

        def call(operation):
            async def run():
                async with AsyncClient(account) as client:
                    return await client.call(operation)

            if kind is AsyncClient:
                return asyncio.run(run())
            with Client(account) as client:
                return client.call(operation)

        for to, used in (("61491570156", "60858"), ("61291570156", "60857"), ("15551234888", "60856")):
            caplog.clear()
            with caplog.at_level(logging.INFO, "skymms"):
                reply = call(SendSavedMMS(mms_id, to=to, sender="60856", **text))
            marked = used != "60856"
            assert (reply.sender, reply.requested_sender) == (used, "60856" if marked else None)
            (record,) = [record for record in caplog.records if record.name == "skymms"]
            assert ("replaced the sender" in record.getMessage()) is marked
            assert record.levelno == (logging.WARNING if marked else logging.INFO)
            assert not any(number in record.getMessage() for number in (to, "60856", "60857", "60858"))
            caplog.clear()
            with caplog.at_level(logging.DEBUG, "skymms"):
                call(SendSavedMMS(mms_id, to=to, sender="60856", **text))
            debug = [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG]
            assert (f"SendSavedMMS from {used}, not from 60856" in debug) is marked


@pytest.mark.parametrize("wrong", [{"61": 60857}, {"au": "60857"}, {"61": ""}, {61: "60857"}, "61", 5, [("61", "60857")]])
def test_country_senders_are_digits(wrong):
    with pytest.raises(ConfigurationError, match="country_senders"):
        Sandbox(country_senders=wrong)


def test_the_reports_of_the_sandbox_have_the_sender_that_was_used():
    with (
        PostbackReceiver() as inbox,
        Sandbox(postback_url=inbox.url, country_senders={"61": "60857"}, delays=AT_ONCE) as sandbox,
        Client(sandbox.account()) as client,
    ):
        client.call(SendMMS(Slideshow("n", subject="s").slide("Hi!"), to=TO, sender="60856"))
        assert {getattr(notice, "sender", None) for notice in inbox.wait(2)} == {"60857"}
