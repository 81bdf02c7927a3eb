"""Slices: each slot of a broadcast has one slice that waits or runs, whatever the queue does with its messages."""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest
from broadcast_worker import KEY, MESSAGE, recipients
from counting_gateway import CountingGateway
from hypothesis import given
from hypothesis import strategies as st

from skymms import Account, ConfigurationError, Slideshow, StorageError
from skymms.broadcast import End, Hours, Ledger, Phase, Result
from skymms.broadcast import statements as sql
from skymms.broadcast.blocks import LEASE, Holder
from skymms.broadcast.slice_tasks import SliceTasks, account_from_environment
from skymms.broadcast.slices import Slice
from skymms.cellcast import CellcastAccount, CellcastSend
from skymms.storage.contract import same

STOPPED = Result(End.STOPPED, None, 1)
#: Lets time pass for slots without a run.
PASS_TIME = same("UPDATE skymms_slice SET due = due - 1000")
HOLD = same("INSERT INTO skymms_worker (id, broadcast, host, pid, started_at, lease_until) VALUES (:lease, 0, '', 0, 0, 9e12)")


@pytest.fixture
def ledger(postgres_where: str) -> Iterator[Ledger]:
    with Ledger(postgres_where) as ledger:
        ledger.create("spring", MESSAGE, recipients(20))
        yield ledger


def pass_time(ledger: Ledger) -> None:
    with ledger._store.transaction() as transaction:
        transaction.run(PASS_TIME)


# ------------------------------------------------------------------------------------------------ slots


def test_a_slice_begins_once_and_its_end_gives_the_next(ledger):
    first, second = ledger.slices.start("spring", 2)
    assert (first.slot, second.slot) == (0, 1)
    lease = ledger.slices.begin(first)
    assert lease is not None
    assert ledger.slices.begin(first) is None
    following = ledger.slices.end(first, lease, STOPPED)
    assert following is not None
    assert (following.broadcast, following.slot) == ("spring", 0)
    assert ledger.slices.end(first, lease, STOPPED) is None
    assert ledger.slices.begin(first) is None
    assert ledger.slices.begin(following) is not None
    assert ledger.slices.begin(second) is not None


def test_a_slice_that_was_lost_in_the_queue_or_with_its_worker_is_replaced(ledger):
    in_queue, with_worker = ledger.slices.start("spring", 2)
    assert ledger.slices.begin(with_worker) is not None
    assert ledger.slices.due() == []
    pass_time(ledger)
    replaced = ledger.slices.due()
    assert [one.slot for one in replaced] == [0, 1]
    assert ledger.slices.due() == []
    # The lost one comes after all.
    assert ledger.slices.begin(in_queue) is None
    assert all(ledger.slices.begin(one) is not None for one in replaced)


def test_a_slice_that_runs_longer_than_expected_is_not_replaced(ledger):
    (one,) = ledger.slices.start("spring", 1)
    lease = ledger.slices.begin(one)
    with ledger._store.transaction() as transaction:
        transaction.run(HOLD, lease=lease)
    pass_time(ledger)
    assert ledger.slices.due() == []


def test_starting_again_changes_the_number_of_workers_and_leaves_slices_alone(ledger):
    waiting = ledger.slices.start("spring", 2)
    more = ledger.slices.start("spring", 4)
    assert [one.slot for one in more] == [2, 3]
    assert ledger.slices.start("spring", 1) == []
    assert [ledger.slices.begin(one) is not None for one in [*waiting, *more]] == [True, False, False, False]


def test_a_paused_broadcast_has_no_slices_and_one_that_is_resumed_gets_them(ledger):
    waiting, running = ledger.slices.start("spring", 2)
    lease = ledger.slices.begin(running)
    ledger["spring"].pause()
    assert ledger.slices.begin(waiting) is None
    assert ledger.slices.end(running, lease, Result(End.PAUSED, None, 1)) is None
    assert ledger.slices.due() == []
    ledger["spring"].resume()
    assert [one.slot for one in ledger.slices.due()] == [0, 1]


@pytest.mark.parametrize("end", [End.DONE, End.UNKNOWN, End.CANCELLED])
def test_nothing_follows_the_end_of_a_broadcast(ledger, end):
    (one,) = ledger.slices.start("spring", 1)
    assert ledger.slices.end(one, ledger.slices.begin(one), Result(end, None, 1)) is None


@pytest.mark.parametrize("result", [None, Result(End.STOPPED, None, 0, wait=600.0)])
def test_the_next_slice_waits_after_an_error_and_until_messages_are_due(ledger, result):
    (one,) = ledger.slices.start("spring", 1)
    assert ledger.slices.end(one, ledger.slices.begin(one), result) is None
    assert ledger.slices.due() == []
    pass_time(ledger)
    assert [after.slot for after in ledger.slices.due()] == [0]


def test_the_next_slice_does_not_wait_for_a_message_that_is_due_soon(ledger):
    (one,) = ledger.slices.start("spring", 1)
    assert ledger.slices.end(one, ledger.slices.begin(one), Result(End.STOPPED, None, 0, wait=50.0)) is not None


def test_slices_of_a_broadcast_that_was_deleted_do_nothing(ledger):
    (one,) = ledger.slices.start("spring", 1)
    lease = ledger.slices.begin(one)
    with ledger._store.transaction() as transaction:
        transaction.run(same("DELETE FROM skymms_broadcast"))
    assert ledger.slices.end(one, lease, STOPPED) is None
    assert ledger.slices.begin(one) is None


STEP = st.tuples(
    st.sampled_from(
        ["start", "due", "deliver", "deliver", "deliver", "end", "fail", "wait", "kill", "time", "pause", "resume"]
    ),
    st.integers(0, 7),
)


def test_no_history_makes_two_slices_for_one_slot_or_leaves_a_slot_without(postgres_where):
    histories = 0

    @given(st.lists(STEP, max_size=40))
    def check(steps: list[tuple[str, int]]) -> None:
        nonlocal histories
        histories += 1
        name = f"spring {histories}"
        broadcast = ledger.create(name, MESSAGE, recipients(1))
        slices = ledger.slices
        slots = 2
        current: list[int] = []
        waiting: list[int] = []
        queued = slices.start(name, slots)  # all messages that were ever in the queue: each may come again
        running: list[tuple[Slice, str]] = []
        for step, number in [*steps, ("resume", 0), ("time", 0), ("due", 0)]:
            if step == "start" and broadcast.status().phase is not Phase.PAUSED:
                slots = number % 3 + 1
                queued += slices.start(name, slots)
            elif step == "due":
                queued += [one for one in slices.due() if one.broadcast == name]
            elif step == "deliver" and queued:
                one = queued[-1 - number % len(queued)]
                if (lease := slices.begin(one)) is not None:
                    running.append((one, lease))
                    with ledger._store.transaction() as transaction:
                        transaction.run(HOLD, lease=lease)
            elif step in ("end", "fail", "wait", "kill") and running:
                one, lease = running.pop(number % len(running))
                with ledger._store.transaction() as transaction:
                    transaction.run(sql.END_LEASE, lease=lease)
                if step != "kill":
                    result = {"end": STOPPED, "fail": None, "wait": Result(End.STOPPED, None, 0, 99.0)}[step]
                    following = slices.end(one, lease, result)
                    queued += [following] if following else []
            elif step == "time":
                pass_time(ledger)
            elif step == "pause":
                broadcast.pause()
            elif step == "resume" and broadcast.status().phase is Phase.PAUSED:
                broadcast.resume()
            with ledger._store.reading() as transaction:
                rows = transaction.rows(same("SELECT slot, token FROM skymms_slice WHERE broadcast = :id"), id=broadcast.id)
            tokens = dict(rows)
            assert sorted(tokens) == list(range(slots))
            # A run whose slot was removed ends without a successor.
            current = [one.slot for one, lease in running if tokens.get(one.slot) == lease]
            waiting = [one.slot for one in queued if tokens.get(one.slot) == one.token]
            assert len(current + waiting) == len({*current, *waiting}), "two slices for one slot"
        assert sorted(current + waiting) == list(range(slots)), "a slot without a slice"

    with Ledger(postgres_where) as ledger:
        check()
    assert histories >= 25


# ------------------------------------------------------------------------------------------------ what cannot be started


def test_a_ledger_in_a_file_cannot_be_shared(tmp_path):
    with (
        Ledger(tmp_path / "spring.db") as ledger,
        pytest.raises(ConfigurationError, match=r"many workers need a ledger in Post"),
    ):
        ledger.slices.start("spring", 2)


@pytest.mark.parametrize(
    ("name", "workers", "message"),
    [
        ("autumn", 2, "'autumn' cannot be started: it is not in this ledger"),
        ("spring", 0, "workers=0: give a number from 1 to 1000"),
        ("paused", 2, "it is paused: resume it, and it goes on"),
        ("cancelled", 2, "it was cancelled"),
    ],
)
def test_what_cannot_be_started_is_said(ledger, name, workers, message):
    ledger.create("paused", MESSAGE, recipients(1)).pause()
    ledger.create("cancelled", MESSAGE, recipients(1)).cancel()
    with pytest.raises(ConfigurationError, match=message):
        ledger.slices.start(name, workers)


def test_a_worker_without_a_ledger_says_so(monkeypatch):
    monkeypatch.delenv("SKYMMS_LEDGER", raising=False)
    with pytest.raises(ConfigurationError, match="set SKYMMS_LEDGER to its URL"):
        SliceTasks(None, None, 50).due()


def test_the_length_of_a_slice_is_checked():
    with pytest.raises(ConfigurationError, match="seconds=0: give the length of a slice"):
        SliceTasks(None, None, 0)


@pytest.mark.parametrize("engine", ["procrastinate", "celery"])
def test_an_engine_that_is_not_installed_is_named_with_its_extra(monkeypatch, engine):
    module = importlib.import_module(f"skymms.broadcast.{engine}")
    monkeypatch.setitem(sys.modules, engine, None)
    monkeypatch.setitem(sys.modules, f"{engine}.signals", None)
    with pytest.raises(ConfigurationError, match=rf"pip install 'skymms\[{engine}\]'"):
        module.Slices(None)


# ------------------------------------------------------------------------------------------------ the account of a worker


def test_the_account_comes_from_the_environment_of_the_worker(ledger, monkeypatch):
    for name in ("SKYMMS_DIALECT", "SKYMMS_API_KEY_FILE", "SKYMMS_CELLCAST_GENERATION", "SKYMMS_CELLCAST_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SKYMMS_API_KEY", KEY)
    monkeypatch.setenv("SKYMMS_CELLCAST_KEY", "CELLCAST_KEY_FOR_TESTS")
    found = account_from_environment(ledger["spring"])
    assert isinstance(found, Account)
    assert found.api_key == KEY
    by_query = ledger.create("by query", MESSAGE, recipients(1), account=Account(KEY, dialect="skycore-get"))
    found = account_from_environment(by_query)
    assert isinstance(found, Account)
    assert found.dialect == "skycore-get"
    show = Slideshow("Spring", subject="Spring").slide("Hi", image="https://media.example/a.jpg")
    account = CellcastAccount("k" * 20, generation="v3")
    australian = ledger.create("australian", CellcastSend(show), ["+61491570156"], account=account)
    found = account_from_environment(australian)
    assert isinstance(found, CellcastAccount)
    assert found.generation == "v3"


@pytest.mark.parametrize("lost", ["in the queue", "before its run", "with its run"])
def test_a_slice_that_was_lost_before_the_clock_was_set_back_is_replaced(ledger, monkeypatch, lost):
    (one,) = ledger.slices.start("spring", 1)
    if lost != "in the queue":
        lease = ledger.slices.begin(one)
        if lost == "with its run":
            broadcast = ledger["spring"]
            broadcast._begin()
            Holder(ledger.store, broadcast.id, broadcast.settings, account="a", sender=None, scopes=(), lease=lease).begin(
                alone=False
            )
    with ledger.store.reading() as transaction:
        kind, real = type(transaction), type(transaction).now
    monkeypatch.setattr(kind, "now", lambda self: real(self) - 86400)
    found = ledger.slices.due()
    if lost == "with its run":
        assert found == []
        monkeypatch.setattr(kind, "now", lambda self: real(self) - 86400 + LEASE + 1)
        found = ledger.slices.due()
    assert [(again.broadcast, again.slot) for again in found] == [("spring", 0)]
    assert ledger.slices.due() == []


# ------------------------------------------------------------------------------------------------ running a slice


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest, postgres_where: str) -> Iterator[Any]:
    """Runs a slice as the task of an engine does, and returns what it put into the queue."""
    with CountingGateway() as gateway:
        account = Account(KEY, url=gateway.url)

        def run(one: Slice, *, seconds: float = 5.0, account: Any = lambda broadcast: account, stopping: bool = False) -> Any:
            tasks = SliceTasks(postgres_where, account, seconds)
            put: list[Slice] = []
            if request.param == "sync":
                tasks.run(one, put.extend, lambda: stopping)
                return put

            async def put_async(slices: Any) -> None:
                put.extend(slices)

            async def cancelled_or_not() -> None:
                work = asyncio.create_task(tasks.run_async(one, put_async))
                if stopping:
                    await asyncio.to_thread(gateway.wait_for, 1)
                    work.cancel()
                await work

            asyncio.run(cancelled_or_not())
            return put

        run.gateway = gateway  # type: ignore[attr-defined]
        run.put = []  # type: ignore[attr-defined]
        yield run


def test_a_slice_sends_and_a_second_delivery_of_it_does_nothing(ledger, run, caplog):
    caplog.set_level(logging.INFO, "skymms")
    (one,) = ledger.slices.start("spring", 1)
    assert run(one) == []
    assert ledger["spring"].status().phase is Phase.DONE
    assert run.gateway.requests.total() == 20
    assert run(one) == []
    assert run.gateway.requests.total() == 20
    assert "spring is done" in caplog.text
    assert "was delivered again" in caplog.text


def test_the_reason_of_a_pause_is_logged_without_numbers(ledger, run, caplog, monkeypatch):
    caplog.set_level(logging.INFO, "skymms")
    (one,) = ledger.slices.start("spring", 1)
    why = "20 messages in a row were refused, the last because of: E111: +1 (555) 123-0001 is not allowed"
    monkeypatch.setattr("skymms.broadcast.broadcast.Broadcast.run", lambda *_, **__: Result(End.PAUSED, why, 20))
    monkeypatch.setattr("skymms.broadcast.broadcast.Broadcast.run_async", paused := AsyncMock())
    paused.return_value = Result(End.PAUSED, why, 20)
    run(one)
    assert "in a row were refused, the last because of: E111" in caplog.text
    assert "123" not in caplog.text


def test_a_slice_that_ends_is_followed_by_the_next_and_by_lost_ones(ledger, run):
    broadcast = ledger.create("slow", MESSAGE, recipients(20), rate=5)
    one, lost = ledger.slices.start("slow", 2)
    pass_time(ledger)
    following = run(one, seconds=0.3)
    assert [after.slot for after in following] == [0, 1]
    assert lost not in following
    assert 0 < broadcast.status().counts["ready"] < 20


def test_a_slice_that_is_due_much_later_ends_at_once(ledger, run):
    ledger.create("later", MESSAGE, recipients(3), start=datetime.now(UTC) + timedelta(hours=1))
    (one,) = ledger.slices.start("later", 1)
    started = time.monotonic()
    assert run(one, seconds=3000) == []
    assert time.monotonic() - started < 100
    assert run.gateway.requests.total() == 0


def test_a_slice_outside_the_hours_of_the_broadcast_says_when_they_begin(ledger, run):
    now = datetime.now(UTC)
    hours = Hours(f"{(now + timedelta(hours=2)):%H}:00", f"{(now + timedelta(hours=4)):%H}:00", zone="UTC")
    ledger.create("hours", MESSAGE, recipients(3), hours=hours)
    assert run(ledger.slices.start("hours", 1)[0], seconds=3000) == []
    with ledger._store.reading() as transaction:
        now_there = transaction.now()
        ((due,),) = transaction.rows(same("SELECT due FROM skymms_slice"))
    assert 3600 <= due - now_there <= 2 * 3600


def test_an_error_of_one_worker_leaves_the_slice_to_be_tried_again(ledger, run):
    def broken(broadcast: Any) -> Any:
        raise ConfigurationError("no API key")

    (one,) = ledger.slices.start("spring", 1)
    with pytest.raises(ConfigurationError, match="no API key"):
        run(one, account=broken)
    assert ledger.slices.due() == []
    pass_time(ledger)
    (again,) = ledger.slices.due()
    assert run(again) == []
    assert ledger["spring"].status().phase is Phase.DONE


def test_a_worker_that_stops_ends_its_slice_and_queues_the_next(ledger, run, request, postgres_where):
    ledger.create("slow", MESSAGE, recipients(40), rate=10)
    (one,) = ledger.slices.start("slow", 1)
    asynchronous = "async" in request.node.name
    if asynchronous:
        with pytest.raises(asyncio.CancelledError):
            run(one, seconds=3000, stopping=True)
        following = ledger.slices.due()
        assert following == []  # the next one waits in the queue
    else:
        assert [after.slot for after in run(one, seconds=3000, stopping=True)] == [0]
    counts = ledger["slow"].status().counts
    assert counts["ready"] > 0
    assert not counts.get("unknown")
    assert not counts.get("sending")


def test_a_ledger_that_cannot_be_reached_is_an_error(run):
    with pytest.raises(StorageError):
        SliceTasks("postgresql://postgres@127.0.0.1:1/none", None, 5).due()
