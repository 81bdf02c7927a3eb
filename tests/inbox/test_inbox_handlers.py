"""An inbox hands over what it receives: from the request to the handler, in one process."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from inbox_rows import receive, report, states
from inbox_server import report as body_of_report

from skymms import ConfigurationError, DeliveryReport, Notice
from skymms.inbox import Inbox, Message, Secret, working
from skymms.inbox.storing import open_inbox

SECRET = "canary" + "0123456789-abcdefghijklmnopqrstuvwxyz_ABCDEF"


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for a condition."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.005)


def post(inbox: Inbox, body: bytes) -> str:
    """Post a body through WSGI, and return the status."""
    statuses: list[str] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/{SECRET}",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "REMOTE_ADDR": "127.0.0.1",
    }
    for _ in inbox.wsgi(environ, lambda status, headers: statuses.append(status)):  # type: ignore[arg-type,return-value,func-returns-value]
        pass
    return statuses[0]


@pytest.fixture
def make(ledger_where: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Inbox]]:
    """Make inboxes of one store. Nothing is found by looking now and then: they must be woken."""
    monkeypatch.setattr(working, "POLL", 1000.0)
    made: list[Inbox] = []

    def make(**options: Any) -> Inbox:
        made.append(Inbox(ledger_where, secret=Secret(SECRET), **options))
        return made[-1]

    yield make
    for inbox in made:
        inbox.close()


def test_a_post_reaches_its_handler_at_once(make: Callable[..., Inbox]) -> None:
    inbox = make()
    got: list[Any] = []

    @inbox.on(DeliveryReport)
    def told(notice: DeliveryReport, message: Message) -> None:
        got.append((notice.tracking_id, message.state))

    for number in range(5):
        assert post(inbox, body_of_report(f"MMS_{number}")) == "200 OK"
        assert post(inbox, body_of_report(f"MMS_{number}")) == "200 OK"
        until(lambda count=number + 1: len(got) == count)  # type: ignore[misc]
    assert got == [(f"MMS_{number}", "delivered") for number in range(5)]


def test_a_new_handler_misses_no_post_after_a_restart(make: Callable[..., Inbox]) -> None:
    got: list[tuple[str, str | None]] = []

    def start(*names: str) -> Inbox:
        inbox = make()
        for name in names:
            inbox.on(DeliveryReport, name=name)(lambda notice, name=name: got.append((name, notice.tracking_id)))
        return inbox

    before = start("old")
    assert post(before, body_of_report("MMS_1")) == "200 OK"
    until(lambda: len(got) == 1)
    before.close()
    after = start("old", "new")
    assert post(after, body_of_report("MMS_2")) == "200 OK"
    until(lambda: len(got) == 3)
    assert got[0] == ("old", "MMS_1")
    assert sorted(got[1:]) == [("new", "MMS_2"), ("old", "MMS_2")]


def test_an_asgi_application_begins_with_what_is_left_and_ends_with_the_calls(make: Callable[..., Inbox]) -> None:
    inbox = make()
    got: list[Any] = []

    @inbox.on(Notice)
    async def told(notice: Notice) -> None:
        await asyncio.sleep(0.01)
        got.append(notice)

    receive(inbox._store, [report()])

    async def live() -> None:
        messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
        sent: list[Any] = []

        async def next_message() -> Any:
            if sent:
                await asyncio.to_thread(until, lambda: len(got) == 1)
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await inbox.asgi({"type": "lifespan"}, next_message, send)
        assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

    asyncio.run(live())
    assert set(states(inbox._store).values()) == {"done"}
    assert not inbox._worker.is_running


def test_a_process_that_only_receives_calls_no_handler(make: Callable[..., Inbox], ledger_where: str) -> None:
    web = make(work=False)
    got: list[Any] = []
    web.on(Notice, name="told")(got.append)
    assert post(web, body_of_report()) == "200 OK"
    assert not web._worker.is_running
    other = make()
    other.on(Notice, name="told")(got.append)
    other.work()
    until(lambda: len(got) == 1)


def test_an_inbox_without_handlers_starts_no_thread(make: Callable[..., Inbox]) -> None:
    inbox = make()
    assert post(inbox, body_of_report()) == "200 OK"
    assert not inbox._worker.is_running


def test_an_inbox_that_was_stopped_stores_and_calls_nothing_until_it_is_started(make: Callable[..., Inbox]) -> None:
    inbox = make()
    got: list[Any] = []
    inbox.on(Notice, name="told")(got.append)
    inbox.work()
    assert inbox.stop()
    assert post(inbox, body_of_report()) == "200 OK"
    assert not inbox._worker.is_running
    inbox.work()
    until(lambda: len(got) == 1)


def test_blocking_work_ends_when_the_inbox_is_stopped(make: Callable[..., Inbox]) -> None:
    inbox = make()
    stopped: list[bool] = []

    @inbox.on(Notice, name="told")
    async def told(notice: Notice) -> None:
        asyncio.get_running_loop().run_in_executor(None, lambda: stopped.append(inbox.stop()))

    receive(inbox._store, [report()])
    inbox.work(block=True)
    until(lambda: stopped == [True])
    with pytest.raises(ConfigurationError, match="not both"):
        inbox.work(block=True, until_idle=True)


def test_a_handler_that_replays_wakes_the_worker(make: Callable[..., Inbox]) -> None:
    inbox = make()
    got: list[Any] = []
    inbox.on(Notice, name="told")(got.append)
    assert post(inbox, body_of_report()) == "200 OK"
    until(lambda: set(states(inbox._store).values()) == {"done"})
    assert inbox.replay(id=1) == 1
    until(lambda: len(got) == 2)


def test_two_inboxes_may_share_an_open_store(ledger_where: str) -> None:
    store = open_inbox(ledger_where)
    with Inbox(store, secret=Secret(SECRET)) as first, Inbox(store, secret=Secret(SECRET)) as second:
        got: list[Notice] = []
        first.on(Notice, name="told")(got.append)
        assert post(second, body_of_report()) == "200 OK"
        first.work(until_idle=True)
        assert len(got) == 1
    store.close()
