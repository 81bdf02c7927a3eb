"""What failed is listed, and notices are handed over again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from inbox_rows import post, put, receive, report, rows, sms, states

from skymms import ConfigurationError, DeliveryReport, InboundSMS, Notice
from skymms.inbox import Handling, taking
from skymms.storage.contract import Store


@pytest.fixture
def inbox(inbox_store: Store) -> Handling:
    return Handling(inbox_store)


def handler(inbox: Handling, name: str, *kinds: type[Notice], fail: list[bool] | None = None) -> list[Notice]:
    """Add a handler that keeps what it gets, and raises an error while ``fail`` has something."""
    got: list[Notice] = []

    @inbox.on(*(kinds or (Notice,)), name=name)
    def told(notice: Notice) -> None:
        got.append(notice)
        if fail:
            raise ValueError("not today")

    return got


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice is dead after its first failure."""
    monkeypatch.setattr(taking, "ATTEMPTS", 1)


def test_the_dead_are_listed_with_their_tracebacks_and_replayed(inbox: Handling, inbox_store: Store, at_once: None) -> None:
    fail = [True]
    failing, other = handler(inbox, "failing", fail=fail), handler(inbox, "other")
    receive(inbox_store, [report("MMS_1"), report("MMS_2")])
    inbox.work(until_idle=True)
    dead = list(inbox.dead())
    assert [(one.id, one.handler, one.notice, one.attempts) for one in dead] == [
        (1, "failing", report("MMS_1"), 1),
        (2, "failing", report("MMS_2"), 1),
    ]
    assert dead[0].error.endswith("ValueError: not today\n")
    assert (datetime.now(UTC) - dead[0].failed_at).total_seconds() < 60
    assert "15551230001" not in repr(dead)
    assert list(inbox.dead(handler="other")) == []
    assert len(list(inbox.dead(handler="failing"))) == 2
    fail.clear()
    assert inbox.replay(dead=True) == 2
    inbox.work(until_idle=True)
    assert (len(failing), len(other)) == (4, 2)
    assert list(inbox.dead()) == []
    assert inbox.replay(dead=True) == 0


def test_many_dead_are_listed_in_pages(
    inbox: Handling, inbox_store: Store, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skymms.storage import contract

    monkeypatch.setitem(contract.read_pages.__kwdefaults__, "size", 3)  # type: ignore[arg-type]
    for name in ("first", "second"):
        handler(inbox, name, fail=[True])
    receive(inbox_store, [report(f"MMS_{number}") for number in range(10)])
    inbox.work(until_idle=True)
    assert sorted((one.id, one.handler) for one in inbox.dead()) == [
        (id, name) for id in range(1, 11) for name in ("first", "second")
    ]


def at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


@pytest.mark.parametrize(
    ("which", "calls"),
    [
        ({"since": at(0)}, {("all", "1"), ("all", "2"), ("all", "3"), ("texts", "2")}),
        ({"since": at(2000)}, {("all", "2"), ("all", "3"), ("texts", "2")}),
        ({"since": at(2000), "until": at(3000)}, {("all", "2"), ("texts", "2")}),
        ({"until": at(2000)}, {("all", "1")}),
        ({"since": at(0), "handler": "texts"}, {("texts", "2")}),
        ({"id": 2}, {("all", "2"), ("texts", "2")}),
        ({"id": 2, "handler": "all"}, {("all", "2")}),
        ({"since": at(2000), "dead": True}, set()),
    ],
)
def test_notices_are_chosen_by_time_handler_and_id(
    inbox: Handling, inbox_store: Store, which: dict[str, Any], calls: set[tuple[str, str]]
) -> None:
    every, texts = handler(inbox, "all"), handler(inbox, "texts", InboundSMS)
    put(inbox_store, post(report("1"), at=1000.0), post(sms("2"), at=2000.0), post(report("3"), at=3000.0))
    inbox.work(until_idle=True)
    every.clear()
    texts.clear()
    assert inbox.replay(**which) == len(calls)
    inbox.work(until_idle=True)
    got = {
        (name, str(getattr(notice, "text", None) or notice.tracking_id))
        for name, log in (("all", every), ("texts", texts))
        for notice in log
    }
    assert got == calls


def test_a_later_handler_gets_older_notices_by_replay(inbox: Handling, inbox_store: Store) -> None:
    handler(inbox, "first")
    receive(inbox_store, [report(), sms()])
    inbox.work(until_idle=True)
    later = handler(inbox, "later", DeliveryReport)
    inbox.work(until_idle=True)
    assert later == []
    assert inbox.replay(handler="later", since=at(0)) == 1
    inbox.work(until_idle=True)
    assert later == [report()]
    assert set(states(inbox_store).values()) == {"done"}


def test_replay_says_what_it_needs(inbox: Handling, inbox_store: Store) -> None:
    problems: list[tuple[dict[str, Any], str]] = [
        ({}, "give since=, until=, id= or dead=True"),
        ({"handler": "x"}, "give since=, until=, id= or dead=True"),
        ({"since": datetime(2031, 1, 2)}, "has no time zone"),
        ({"id": 7}, "the inbox has no notice 7"),
        ({"dead": True, "handler": "x"}, "'x' is not a handler that the inbox knows; it has none: start a worker first"),
        ({"dead": True, "handler": print}, "print is not a handler of this inbox"),
    ]
    for which, problem in problems:
        with pytest.raises(ConfigurationError, match=problem):
            inbox.replay(**which)
    handler(inbox, "told")
    inbox.work(until_idle=True)
    with pytest.raises(ConfigurationError, match="it has told"):
        inbox.replay(dead=True, handler="x")


def test_what_is_being_handled_is_left_alone(inbox: Handling, inbox_store: Store) -> None:
    @inbox.on(Notice, name="told")
    def told(notice: Notice) -> None:
        assert inbox.replay(id=1) == 0

    receive(inbox_store, [report()])
    inbox.work(until_idle=True)
    assert states(inbox_store) == {(1, "told"): "done"}


def test_a_handler_that_is_gone_is_removed_with_what_waits_for_it(inbox: Handling, inbox_store: Store) -> None:
    handler(inbox, "gone", fail=[True])
    receive(inbox_store, [report()])
    inbox.work(until_idle=True)
    assert inbox.remove_handler("gone") == 1
    receive(inbox_store, [report(code="N102")])
    assert rows(inbox_store, "SELECT * FROM skymms_handling") == []
    with pytest.raises(ConfigurationError, match="'gone' is not a handler"):
        inbox.remove_handler("gone")
