"""One message for each key, however often it is asked for, and whatever is killed."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest
from broadcast_scene import Scene
from broadcast_worker import FIRST, KEY, MESSAGE
from counting_gateway import OK, CountingGateway

from skymms import Account, Client, ConfigurationError, MMSError, TransportError
from skymms.aio import AsyncClient
from skymms.broadcast import Ledger
from skymms.errors import InDoubtError, StorageError
from skymms.storage.contract import same

ORDER = replace(MESSAGE, to=FIRST)


@pytest.fixture(params=["requests", "aiohttp"])
def send_once(request, ledger_where, gateway):
    """``send_once(key, operation)`` with each client."""
    account = Account(KEY, url=gateway.url)

    def blocking(key, operation=ORDER):
        with Ledger(ledger_where) as ledger, Client(account, timeout=(2, 5)) as client:
            return ledger.send_once(key, operation, client)

    async def asynchronous(key, operation):
        async with AsyncClient(account, timeout=(2, 5)) as client:
            with Ledger(ledger_where) as ledger:
                return await ledger.send_once_async(key, operation, client)

    if request.param == "requests":
        return blocking
    return lambda key, operation=ORDER: asyncio.run(asynchronous(key, operation))


def make_older(ledger, seconds=3600):
    """Let all keys have been used some time ago."""
    with ledger._store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_once SET sent_at = sent_at - :seconds"), seconds=seconds)


@pytest.fixture
def gateway():
    """A gateway that counts."""
    with CountingGateway() as gateway:
        yield gateway


def test_the_same_key_returns_the_same_reply_and_sends_once(send_once, gateway):
    first = send_once("order-17")
    assert send_once("order-17") == first
    assert type(send_once("order-17")) is type(first)
    assert gateway.requests == {str(FIRST): 1}


def test_another_key_sends_again(send_once, gateway):
    assert send_once("order-17") != send_once("order-18")
    assert gateway.requests == {str(FIRST): 2}


def test_the_same_key_with_another_message_is_refused(send_once, gateway):
    send_once("order-17")
    with pytest.raises(ConfigurationError, match="used for another message"):
        send_once("order-17", replace(ORDER, to=FIRST + 1))
    with pytest.raises(ConfigurationError, match="used for another message"):
        send_once("order-17", replace(ORDER, sender="60857"))
    assert gateway.requests == {str(FIRST): 1}


@pytest.mark.parametrize("key", ["", "two\nlines", "x" * 256])
def test_what_cannot_be_a_key_is_refused(send_once, gateway, key):
    with pytest.raises(ConfigurationError, match="cannot be a key"):
        send_once(key)
    assert not gateway.requests


@pytest.mark.parametrize("code", ["E110", "E104", "E106"])
def test_a_key_is_free_again_after_a_plain_refusal(send_once, gateway, code):
    gateway.behave = lambda number, count: code
    for _ in range(2):
        with pytest.raises(MMSError) as refused:
            send_once("order-17")
        assert refused.value.code == code
    gateway.behave = lambda number, count: OK
    send_once("order-17")
    assert (gateway.requests, gateway.refused) == ({str(FIRST): 1}, {str(FIRST): 2})


def test_a_key_whose_answer_was_lost_is_in_doubt_and_never_sent_again(send_once, gateway, ledger_where):
    gateway.behave = lambda number, count: None
    with pytest.raises(TransportError) as lost:
        send_once("order-17")
    assert lost.value.sent_maybe
    gateway.behave = lambda number, count: OK
    for _ in range(2):
        with pytest.raises(InDoubtError, match="order-17") as doubt:
            send_once("order-17")
        assert doubt.value.sent_maybe
    assert gateway.requests == {str(FIRST): 1}
    # An operator decides.
    with Ledger(ledger_where) as ledger:
        ledger.settle_key("order-17", "sent", why="the customer has it")
        with pytest.raises(InDoubtError):
            send_once("order-17")
        with pytest.raises(ConfigurationError, match="requested 0 minutes ago: wait an hour for its report"):
            ledger.settle_key("order-17", "resend", why="too early")
        make_older(ledger)
        ledger.settle_key("order-17", "resend", why="the customer does not have it", by="ada")
        with pytest.raises(ConfigurationError, match="free to be sent again"):
            ledger.settle_key("order-17", "resend", why="again")
        with pytest.raises(ConfigurationError, match="not known"):
            ledger.settle_key("order-18", "resend", why="again")
        assert [row["verb"] for row in ledger.audit()] == ["settle key", "settle key"]
    send_once("order-17")
    with Ledger(ledger_where) as ledger, pytest.raises(ConfigurationError, match="is done"):
        ledger.settle_key("order-17", "resend", why="again")


def test_an_unreachable_gateway_leaves_the_key_free(ledger_where, gateway):
    with Ledger(ledger_where) as ledger:
        with Client(Account(KEY, url="http://127.0.0.1:9/"), timeout=(2, 5)) as client:
            with pytest.raises(TransportError) as failed:
                ledger.send_once("order-17", ORDER, client)
            assert not failed.value.sent_maybe
        with Client(Account(KEY, url=gateway.url), timeout=(2, 5)) as client:
            ledger.send_once("order-17", ORDER, client)
    assert gateway.requests == {str(FIRST): 1}


def test_a_call_under_way_keeps_its_key(send_once, gateway):
    arrived, release = threading.Event(), threading.Event()

    def hold(number):
        arrived.set()
        release.wait(20)

    gateway.arrived = hold
    replies = []
    first = threading.Thread(target=lambda: replies.append(send_once("order-17")))
    first.start()
    assert arrived.wait(20)
    with pytest.raises(InDoubtError):
        send_once("order-17")
    release.set()
    first.join()
    assert [send_once("order-17")] == replies
    assert gateway.requests == {str(FIRST): 1}


def test_a_call_that_lost_its_key_to_an_operator_does_not_free_that_of_another(send_once, gateway, ledger_where):
    """The first call is slow, an operator frees its key, and another call takes it. Then the first is refused."""
    arrived, release = threading.Event(), threading.Event()

    def behave(number, count):
        if not arrived.is_set():
            arrived.set()
            release.wait(20)
            return "E106"
        return None  # the answer of the second call is lost

    gateway.behave = behave

    def slow():
        with pytest.raises(MMSError):
            send_once("order-17")

    first = threading.Thread(target=slow)
    first.start()
    assert arrived.wait(20)
    with Ledger(ledger_where) as ledger:
        make_older(ledger)
        ledger.settle_key("order-17", "resend", why="it takes too long")
    with pytest.raises(TransportError):
        send_once("order-17")
    release.set()
    first.join()
    with pytest.raises(InDoubtError):
        send_once("order-17")
    assert gateway.requests == {str(FIRST): 1}


def test_a_reply_that_cannot_be_written_is_in_doubt(send_once, gateway, monkeypatch):
    def failing(*arguments, **values):
        raise StorageError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("skymms.broadcast.once._answer", failing)
        with pytest.raises(InDoubtError) as doubt:
            send_once("order-17")
        assert doubt.value.sent_maybe
    with pytest.raises(InDoubtError):
        send_once("order-17")
    assert gateway.requests == {str(FIRST): 1}


@pytest.mark.parametrize(("instant", "requests"), [("key synced", 0), ("key answered", 1)])
def test_a_kill_leaves_the_key_in_doubt(ledger_where, gateway, instant, requests):
    shop = Scene(ledger_where, gateway, 0)
    shop.start(key="order-17", to=FIRST, crash=instant).communicate(timeout=30)
    assert gateway.requests[str(FIRST)] == requests
    output, _ = shop.start(key="order-17", to=FIRST).communicate(timeout=30)
    assert output.startswith("InDoubtError")
    assert gateway.requests[str(FIRST)] == requests
