"""Opt-outs are in the ledger before the post that says it is answered 200, and are confirmed once."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from counting_gateway import CountingGateway
from page_blocks import ROOT, blocks_of

from skymms import Account, Client, InboundSMS, Notice, SendSMS, SkymmsError, StorageError
from skymms.aio import AsyncClient
from skymms.broadcast import Ledger
from skymms.inbox import Inbox, Secret
from skymms.inbox import writer as writer_module
from skymms.inbox.intake import Request
from skymms.inbox.opting_out import OptOutWriter, confirming
from skymms.storage.contract import RefusedValueError, same

NUMBER = "15551230001"
SECRET = "0123456789-abcdefghijklmnopqrstuvwxyz_ABCDEF"
GOODBYE = SendSMS("You will get no more messages.")


def body(text: str = "STOP", id: str = "1", number: str = NUMBER) -> bytes:
    return (
        f"<POSTBACK><ORIGIN>SMS_MO</ORIGIN><CODE>N211</CODE><FROM>{number}</FROM><TO>60856</TO><TEXT>{text}</TEXT>"
        f"<RECEIVED>{datetime.now(UTC):%Y-%m-%dT%H:%M:%S+00:00}</RECEIVED><TRANSACTIONID>{id}</TRANSACTIONID></POSTBACK>"
    ).encode()


REPORT = b"<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N101</CODE><TO>15551230002</TO><TRACKINGID>MMS_1</TRACKINGID></POSTBACK>"


def send(inbox: Inbox, content: bytes) -> int:
    headers = {"content-type": "text/xml", "content-length": str(len(content))}
    request = Request("POST", f"/mms/{SECRET}", "", headers, "127.0.0.1")
    assert inbox.receiver.intake.refuse(request) is None
    return inbox.receiver.answer(request, content, inbox.receiver.deadline()).status


def opt_outs(ledger: Ledger) -> list[tuple[Any, ...]]:
    with ledger.store.reading() as transaction:
        return transaction.rows(
            same("SELECT number, scope, evidence FROM skymms_suppressed WHERE lifted_at IS NULL ORDER BY number")
        )


def posts(inbox: Inbox) -> int:
    with inbox._store.reading() as transaction:
        return int(transaction.rows(same("SELECT count(*) FROM skymms_post"))[0][0])


@pytest.fixture
def ledger(ledger_where: str) -> Iterator[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


@pytest.fixture(params=["one store", "two stores"])
def inbox(request: pytest.FixtureRequest, ledger: Ledger, tmp_path: Path) -> Iterator[Inbox]:
    store = ledger.store if request.param == "one store" else tmp_path / "inbox.db"
    with Inbox(store, secret=Secret(SECRET), work=False) as inbox:
        inbox.note_opt_outs(ledger)
        yield inbox


OUT = [(NUMBER, "sender:60856", "notice 1")]


def test_an_opt_out_is_in_the_ledger_when_it_is_answered(inbox: Inbox, ledger: Ledger) -> None:
    assert send(inbox, body()) == 200
    assert opt_outs(ledger) == OUT
    assert send(inbox, body("START", "2")) == 200
    assert send(inbox, body("START", "2")) == 200


def test_repeats_and_other_posts_change_nothing(inbox: Inbox, ledger: Ledger) -> None:
    content = body()
    assert [send(inbox, one) for one in (content, content, REPORT, body("hello", "2"), b"nonsense")] == [200] * 5
    assert opt_outs(ledger) == OUT


def test_many_at_once(inbox: Inbox, ledger: Ledger) -> None:
    numbers = [f"1555000{place:04}" for place in range(60)]
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda at=at, one=one: answers.append(send(inbox, body(id=str(at), number=one))))
        for at, one in enumerate(numbers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 60
    assert [row[0] for row in opt_outs(ledger)] == numbers


def test_one_store_keeps_both_or_neither(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    with Inbox(ledger.store, secret=Secret(SECRET), work=False) as inbox:
        inbox.note_opt_outs(ledger)
        whole = OptOutWriter.write_within

        def fail(self: Any, transaction: Any, posts: Any) -> None:
            whole(self, transaction, posts)
            raise StorageError("the disk is full")

        monkeypatch.setattr(OptOutWriter, "write_within", fail)
        assert send(inbox, body()) == 503
        assert (opt_outs(ledger), posts(inbox)) == ([], 0)
        monkeypatch.undo()
        assert send(inbox, body()) == 200
        assert (len(opt_outs(ledger)), posts(inbox)) == (1, 1)


def test_a_ledger_elsewhere_is_written_first(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Inbox(tmp_path / "inbox.db", secret=Secret(SECRET), work=False) as inbox:
        inbox.note_opt_outs(ledger)
        inbox.note_opt_outs(ledger)

        def fail(*arguments: Any) -> None:
            raise StorageError("the disk is full")

        monkeypatch.setattr(writer_module, "store", fail)
        assert send(inbox, body()) == 503
        assert (opt_outs(ledger), posts(inbox)) == (OUT, 0)
        monkeypatch.undo()
        assert send(inbox, body()) == 200
        assert (opt_outs(ledger), posts(inbox)) == (OUT, 1)


def test_a_ledger_that_cannot_be_written_holds_up_opt_outs_only(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with Inbox(tmp_path / "inbox.db", secret=Secret(SECRET), work=False) as inbox:
        inbox.note_opt_outs(ledger)

        def fail(*arguments: Any) -> None:
            raise StorageError("the server is gone")

        monkeypatch.setattr(ledger, "note_consent", fail)
        with caplog.at_level(logging.ERROR):
            assert [send(inbox, one) for one in (body(), REPORT, body("hello", "2"))] == [503, 200, 200]
        assert "an opt-out could not be written into the ledger: the server is gone" in caplog.text
        assert NUMBER not in caplog.text
        monkeypatch.undo()
        assert send(inbox, body()) == 200
        assert opt_outs(ledger) == OUT


def test_an_opt_out_that_the_ledger_will_never_take_is_kept_by_the_inbox(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Inbox(tmp_path / "inbox.db", secret=Secret(SECRET), work=False) as inbox:
        inbox.note_opt_outs(ledger)

        def refuse(*arguments: Any) -> None:
            raise RefusedValueError("no such value")

        monkeypatch.setattr(ledger, "note_consent", refuse)
        assert send(inbox, body()) == 200
        assert posts(inbox) == 1


# ------------------------------------------------------------------------------------------------ confirmations


@pytest.fixture
def gateway() -> Iterator[CountingGateway]:
    with CountingGateway() as gateway:
        yield gateway


def test_an_opt_out_is_confirmed_once_however_often_it_is_handled(
    inbox: Inbox, ledger: Ledger, gateway: CountingGateway
) -> None:
    with Client(Account("k" * 32, url=gateway.url)) as client:
        inbox.confirm_opt_outs(ledger, client, GOODBYE)
        inbox.work(until_idle=True)
        for content in (body(), body("please stop", "2"), REPORT, body("STOP", "3", "15551230003")):
            assert send(inbox, content) == 200
        inbox.work(until_idle=True)
        inbox.replay(since=datetime.fromtimestamp(0, UTC))
        inbox.work(until_idle=True)
    assert gateway.requests == {NUMBER: 1, "15551230003": 1}
    assert list(inbox.dead()) == []


def test_a_confirmation_in_doubt_is_not_sent_again(inbox: Inbox, ledger: Ledger, gateway: CountingGateway) -> None:
    gateway.behave = lambda number, count: None
    with Client(Account("k" * 32, url=gateway.url)) as client:
        inbox.confirm_opt_outs(ledger, client, GOODBYE)
        inbox.work(until_idle=True)
        send(inbox, body())
        for _ in range(2):
            inbox.work(until_idle=True)
            inbox.replay(since=datetime.fromtimestamp(0, UTC))
        inbox.work(until_idle=True)
    assert gateway.requests == {NUMBER: 1}


def test_a_handler_writes_the_opt_out_of_another_process(ledger: Ledger, gateway: CountingGateway) -> None:
    """The receiving process may not have the ledger."""
    with Client(Account("k" * 32, url=gateway.url)) as client, Inbox(ledger.store, secret=Secret(SECRET), work=False) as inbox:
        inbox.confirm_opt_outs(ledger, client, GOODBYE)
        inbox.work(until_idle=True)
        send(inbox, body())
        assert opt_outs(ledger) == []
        inbox.work(until_idle=True)
    assert gateway.requests == {NUMBER: 1}
    assert opt_outs(ledger) == OUT


def test_an_async_client_confirms_too(ledger: Ledger, gateway: CountingGateway) -> None:
    notice = InboundSMS("N211", sender=NUMBER, to="60856", text="STOP", transaction_id="1", timestamp=datetime.now(UTC))

    async def handle(times: int) -> None:
        async with AsyncClient(Account("k" * 32, url=gateway.url)) as client:
            handler = confirming(ledger, client, GOODBYE, None)
            for _ in range(times):
                await handler(notice)

    asyncio.run(handle(2))
    assert gateway.requests == {NUMBER: 1}
    gateway.behave = lambda number, count: None
    notice = replace(notice, sender="15551230002", transaction_id="2")
    with pytest.raises(SkymmsError):
        asyncio.run(handle(1))
    asyncio.run(handle(1))
    assert gateway.requests == {NUMBER: 1, "15551230002": 1}


def test_the_words_are_those_of_the_ledger(ledger_where: str, tmp_path: Path) -> None:
    from skymms.broadcast import ENGLISH

    with (
        Ledger(ledger_where, words=ENGLISH.adding(stop=["ALTO"])) as ledger,
        Inbox(tmp_path / "inbox.db", secret=Secret(SECRET), work=False) as inbox,
    ):
        inbox.note_opt_outs(ledger)
        send(inbox, body("Alto"))
        assert opt_outs(ledger) == OUT


def test_a_notice_is_read_as_the_ledger_would(ledger: Ledger) -> None:
    said = ledger.read_wish(InboundSMS("N211", sender=NUMBER, to="60856", text="stop"))
    assert said is not None
    assert said.scope == "sender:60856"


def test_opt_outs_without_a_handler_of_reports_are_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Ledger(tmp_path / "spring.db") as ledger, Inbox(ledger.store, secret=Secret(SECRET)) as inbox:
        inbox.note_opt_outs(ledger)
        assert [send(inbox, body()), send(inbox, REPORT)] == [200, 200]
    told = [record.message for record in caplog.records if "no handler gets delivery reports" in record.message]
    assert len(told) == 1
    assert "inbox.on(Notice)(ledger.note)" in told[0]


def test_a_ledger_that_is_connected_is_not_warned_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Ledger(tmp_path / "spring.db") as ledger, Inbox(ledger.store, secret=Secret(SECRET), work=False) as inbox:
        assert inbox.find_unconnected() is None
        ledger.create("spring", SendSMS("Hi", sender="60856"), [NUMBER])
        assert "STOP is not obeyed" in str(inbox.find_unconnected())
        inbox.note_opt_outs(ledger)
        assert "STOP" not in str(inbox.find_unconnected())
        assert "delivery reports do not reach" in str(inbox.find_unconnected())
        inbox.on(Notice)(ledger.note)
        assert inbox.find_unconnected() is None
        assert send(inbox, REPORT) == 200
    assert not caplog.records


def test_the_service_of_the_page_obeys_stop_and_takes_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file in docs/how-to/consent.md, as uvicorn imports it."""
    (source,) = [one.source for one in blocks_of(ROOT / "docs/how-to/consent.md") if one.source.startswith("# stop_service.py")]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKYMMS_INBOX_SECRET", SECRET)
    names: dict[str, Any] = {}
    exec(compile(source, "stop_service.py", "exec"), names)
    ledger, inbox = names["ledger"], names["inbox"]
    assert names["app"] is inbox.asgi
    with ledger, inbox, CountingGateway() as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        spring = ledger.create("spring", SendSMS("Hi", sender="60856"), [NUMBER])
        spring.run(client)
        (row,) = spring.rows()
        report = (
            "<POSTBACK><ORIGIN>SMS_MT</ORIGIN><CODE>N202</CODE><STATUS>Message Sent/Delivered</STATUS>"
            f"<TO>{NUMBER}</TO><TRACKINGID>{row['tracking_id']}</TRACKINGID></POSTBACK>"
        ).encode()
        assert [send(inbox, body()), send(inbox, report)] == [200, 200]
        assert opt_outs(ledger) == [(NUMBER, "sender:60856", "notice 1")]
        # The inbox has a worker of its own, which may be handling the report.
        ends = time.monotonic() + 30
        while spring.status().counts != {"delivered": 1}:
            assert time.monotonic() < ends, spring.status().counts
            inbox.work(until_idle=True)
            time.sleep(0.01)
