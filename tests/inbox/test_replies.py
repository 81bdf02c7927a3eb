"""A handler replies to a notice once, however often it is called."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cellcast_server import AcceptingGateway
from cellcast_server import account as cellcast_account
from cellcast_server import body as body_of
from counting_gateway import CountingGateway
from inbox_rows import NUMBER, change, receive, report, rows, sms, states

from skymms import (
    Account,
    Client,
    ConfigurationError,
    DeliveryReport,
    InboundMMS,
    InboundSMS,
    Notice,
    SendMMS,
    SendSMS,
    Slide,
    Slideshow,
)
from skymms.aio import AsyncClient
from skymms.broadcast import Ledger
from skymms.cellcast import CellcastSend, read_cellcast_webhook
from skymms.inbox import Handling, Message, taking
from skymms.inbox.storing import open_inbox
from skymms.model.operations import Operation, R_co

ALL = datetime.fromtimestamp(0, UTC)


@pytest.fixture
def gateway() -> Iterator[CountingGateway]:
    with CountingGateway() as gateway:
        yield gateway


@pytest.fixture
def account(gateway: CountingGateway) -> Account:
    return Account("k" * 32, url=gateway.url)


@pytest.fixture
def ledger(ledger_where: str) -> Iterator[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


@pytest.fixture
def inbox(ledger: Ledger, account: Account) -> Iterator[Handling]:
    """An inbox that shares its store with the ledger and replies."""
    inbox = Handling(open_inbox(ledger.store))
    with Client(account) as client:
        inbox.reply_with(ledger, client)
        yield inbox


def replay_all(inbox: Handling) -> None:
    inbox.replay(since=ALL)
    inbox.work(until_idle=True)


def test_a_reply_goes_to_the_sender_and_comes_from_the_short_code(
    inbox: Handling, ledger: Ledger, gateway: CountingGateway
) -> None:
    replies: list[Any] = []

    @inbox.on(InboundSMS)
    def told(notice: InboundSMS, message: Message) -> None:
        replies.append(message.reply(SendSMS(f"You are caller {len(replies)}")))

    receive(ledger.store, [sms()])
    inbox.work(until_idle=True)
    assert gateway.requests == {NUMBER: 1}
    for _ in range(3):
        replay_all(inbox)
    assert gateway.requests == {NUMBER: 1}
    assert len(replies) == 4
    assert set(replies) == {replies[0]}


def test_two_replies_in_a_handler_and_those_of_two_handlers_are_different_messages(
    inbox: Handling, ledger: Ledger, gateway: CountingGateway
) -> None:
    def twice(notice: InboundSMS, message: Message) -> None:
        message.reply(SendSMS("one"))
        message.reply(SendMMS(Slideshow("two", subject="two").slide("two")))

    def once(notice: InboundSMS, message: Message) -> None:
        message.reply(SendSMS("one"))

    inbox.on(InboundSMS, name="twice")(twice)
    inbox.on(InboundSMS, name="once")(once)
    receive(ledger.store, [sms("first"), sms("second")])
    inbox.work(until_idle=True)
    replay_all(inbox)
    assert gateway.requests == {NUMBER: 6}
    assert set(states(ledger.store).values()) == {"done"}


def test_a_reply_whose_answer_was_lost_is_not_sent_again_until_somebody_decides(
    inbox: Handling, ledger: Ledger, gateway: CountingGateway
) -> None:
    @inbox.on(InboundSMS, name="told")
    def told(notice: InboundSMS, message: Message) -> None:
        message.reply(SendSMS("Hello"))

    gateway.behave = lambda number, count: None
    receive(ledger.store, [sms()])
    inbox.work(until_idle=True)
    gateway.behave = lambda number, count: "ok"
    # The second attempt finds that the first may have sent it, and is the last.
    replay_all(inbox)
    (dead,) = inbox.dead()
    assert "InDoubtError" in dead.error
    replay_all(inbox)
    assert gateway.requests == {NUMBER: 1}
    ((key,),) = rows(ledger.store, "SELECT key FROM skymms_once")
    # A report may come within an hour, so nothing is sent again before.
    change(ledger.store, "UPDATE skymms_once SET sent_at = 1000")
    ledger.settle_key(key, "resend", why="no report came")
    replay_all(inbox)
    assert gateway.requests == {NUMBER: 2}
    assert states(ledger.store) == {(1, "told"): "done"}


def test_a_refused_reply_is_tried_again(
    inbox: Handling, ledger: Ledger, gateway: CountingGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    @inbox.on(InboundSMS, name="told")
    def told(notice: InboundSMS, message: Message) -> None:
        message.reply(SendSMS("Hello"))

    gateway.behave = lambda number, count: "E110"
    receive(ledger.store, [sms()])
    inbox.work(until_idle=True)
    assert states(ledger.store) == {(1, "told"): "ready"}
    gateway.behave = lambda number, count: "ok"
    replay_all(inbox)
    assert (gateway.requests, states(ledger.store)) == ({NUMBER: 1}, {(1, "told"): "done"})


def test_a_keyword_is_answered(inbox: Handling, ledger: Ledger, gateway: CountingGateway) -> None:
    inbox.reply_to("HELP", SendSMS("Text STOP to end"))
    inbox.reply_to("menu", lambda notice: SendSMS(f"For {notice.sender}") if notice.sender != "15551230009" else None)
    texts = ["help", "Help me!", "HELP!", "helpless", "stop help", "", "MENU"]
    numbers = [f"1555123000{place}" for place in range(len(texts))]
    receive(ledger.store, [sms(text, sender=number) for text, number in zip(texts, numbers, strict=True)])
    receive(ledger.store, [sms("MENU", sender="15551230009"), sms("more", keyword="Help", sender="15551230008")])
    receive(
        ledger.store, [InboundMMS("N401", origin="MMS_MO", tracking_id="1", sender="15551230007", to="60856", subject="help")]
    )
    receive(ledger.store, [report("HELP")])
    inbox.work(until_idle=True)
    replay_all(inbox)
    answered = [*numbers[:3], numbers[6], "15551230008", "15551230007"]
    assert gateway.requests == dict.fromkeys(answered, 1)
    assert set(states(ledger.store).values()) == {"done"}


class ShortLived(AsyncClient):
    """A client that closes its connections after each call, because each run of a worker has an event loop of its own."""

    async def call(self, operation: Operation[R_co], *, once: bool = False) -> R_co:
        async with AsyncClient(self.account) as client:
            return await client.call(operation, once=once)


def test_a_keyword_is_answered_with_an_async_client(ledger: Ledger, account: Account, gateway: CountingGateway) -> None:
    inbox = Handling(open_inbox(ledger.store))
    inbox.reply_with(ledger, ShortLived(account))
    inbox.reply_to("HELP", SendSMS("Text STOP to end"))
    receive(ledger.store, [sms("help"), sms("something else", sender="15551230009")])
    inbox.work(until_idle=True)
    replay_all(inbox)
    assert gateway.requests == {NUMBER: 1}
    assert set(states(ledger.store).values()) == {"done"}


def test_a_reply_through_cellcast_goes_to_the_sender(ledger: Ledger) -> None:
    inbox = Handling(open_inbox(ledger.store))
    body = {"from": "61491570156", "body": "Hello", "received_at": "2031-01-02 03:04:05", "message_id": "7", "type": "SMS"}
    with AcceptingGateway() as gateway, Client(cellcast_account(gateway)) as client:
        inbox.reply_with(ledger, client)
        inbox.reply_to("hello", CellcastSend(Slide("Hi", image="http://www.example.com/a.gif")))
        receive(ledger.store, read_cellcast_webhook(json.dumps(body).encode()))
        inbox.work(until_idle=True)
        replay_all(inbox)
        assert [json.loads(body_of(request))["numbers"] for request in gateway.requests] == [["+61491570156"]]
    assert set(states(ledger.store).values()) == {"done"}


def test_a_keyword_is_one_word(inbox: Handling) -> None:
    for keyword in ("", "  ", "two words"):
        with pytest.raises(ConfigurationError, match="is not a keyword: give one word, such as HELP"):
            inbox.reply_to(keyword, SendSMS("x"))
    inbox.reply_to("HELP", SendSMS("x"))
    with pytest.raises(ConfigurationError, match="'reply to HELP'"):
        inbox.reply_to("help", SendSMS("x"))


def test_a_coroutine_replies_with_an_async_client(ledger: Ledger, account: Account, gateway: CountingGateway) -> None:
    inbox = Handling(open_inbox(ledger.store))
    client: list[AsyncClient] = []

    @inbox.on(InboundSMS, name="told")
    async def told(notice: InboundSMS, message: Message) -> None:
        if not client:
            client.append(AsyncClient(account))
            inbox.reply_with(ledger, client[0])
        try:
            # The message was made before the client was known.
            message = inbox._find(taking.Taken(1, "told", notice, 1))
            await message.reply_async(SendSMS("Hello"))
            with pytest.raises(ConfigurationError, match=r"await message\.reply_async"):
                message.reply(SendSMS("Hello"))
        finally:
            await client.pop().close()

    receive(ledger.store, [sms()])
    inbox.work(until_idle=True)
    replay_all(inbox)
    assert (gateway.requests, states(ledger.store)) == ({NUMBER: 1}, {(1, "told"): "done"})


def test_without_a_ledger_a_reply_says_what_is_missing(ledger: Ledger) -> None:
    inbox = Handling(open_inbox(ledger.store))

    @inbox.on(Notice, name="told")
    def told(notice: Notice, message: Message) -> None:
        message.reply(SendSMS("Hello"))

    receive(ledger.store, [sms()])
    inbox.work(until_idle=True)
    ((error,),) = rows(ledger.store, "SELECT error FROM skymms_handling")
    assert "inbox.reply_with(ledger, client) says what replies are sent with: call it first" in error


def test_one_line_connects_a_ledger_of_broadcasts(ledger: Ledger) -> None:
    inbox = Handling(open_inbox(ledger.store))
    inbox.on(Notice)(ledger.note)
    receive(ledger.store, [report("MMS_1", "N102"), sms()])
    inbox.work(until_idle=True)
    assert rows(ledger.store, "SELECT tracking_id FROM skymms_report") == [("MMS_1",)]
    assert set(states(ledger.store).values()) == {"done"}
    assert issubclass(DeliveryReport, Notice)
