"""The worker: each handler gets each notice at least once, in order, and no handler keeps another from its work."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import inbox_rows
import pytest
from inbox_rows import change, post, put, receive, report, rows, sms, states

from skymms import DeliveryReport, InboundSMS, Notice, StorageError
from skymms.errors import InDoubtError
from skymms.inbox import calling, taking, working
from skymms.inbox.handlers import Handlers
from skymms.inbox.messages import Message
from skymms.inbox.storing import open_inbox
from skymms.inbox.working import Worker
from skymms.storage.contract import Store


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failed handlers are called again at once."""
    monkeypatch.setattr(taking, "FIRST_DELAY", 0.0)


@pytest.fixture
def worker(inbox_store: Store, handlers: Handlers) -> Iterator[Worker]:
    worker = Worker(inbox_store, handlers)
    yield worker
    worker.stop(5.0)


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for a condition."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.005)


class Log:
    """A handler that keeps what it gets."""

    def __init__(self, fail: Callable[[Notice], BaseException | None] | None = None) -> None:
        self.notices: list[Notice] = []
        self._fail = fail

    def __call__(self, notice: Notice) -> None:
        self.notices.append(notice)
        if self._fail is not None and (error := self._fail(notice)) is not None:
            raise error


# ------------------------------------------------------------------------------------------------ handing over


def test_each_handler_gets_each_notice_of_its_kinds_once(inbox_store: Store, handlers: Handlers, worker: Worker) -> None:
    every, reports, texts = Log(), Log(), Log()
    handlers.on(Notice, name="every")(every)
    handlers.on(DeliveryReport, name="reports")(reports)
    handlers.on(InboundSMS, name="texts")(texts)
    sent = [report(), report(code="N102"), sms("one"), sms("two")]
    receive(inbox_store, sent)
    worker.run_until_idle()
    assert sorted(every.notices, key=sent.index) == sent
    assert reports.notices == sent[:2]
    assert sorted(texts.notices, key=sent.index) == sent[2:]
    assert set(states(inbox_store).values()) == {"done"}
    worker.run_until_idle()
    assert len(every.notices) == 4


def test_a_handler_may_take_the_message_and_may_be_a_coroutine_function(
    inbox_store: Store, handlers: Handlers, worker: Worker
) -> None:
    seen: dict[str, Any] = {}

    @handlers.on(DeliveryReport)
    def with_message(notice: DeliveryReport, message: Message) -> None:
        seen["sync"] = (notice, message.state, message.reports)

    @handlers.on(DeliveryReport)
    async def later(notice: DeliveryReport) -> None:
        await asyncio.sleep(0)
        seen["async"] = notice

    @handlers.on(DeliveryReport)
    async def later_with_message(notice: DeliveryReport, message: Message) -> None:
        await asyncio.sleep(0)
        seen["async message"] = (notice, message.tracking_id)

    async def told(notice: Notice) -> None:
        await asyncio.sleep(0)
        seen["made in a function"] = notice

    handlers.on(DeliveryReport, name="lambda")(lambda notice: told(notice))
    receive(inbox_store, [report()])
    worker.run_until_idle()
    assert seen == {
        "sync": (report(), "sent", (report(),)),
        "async": report(),
        "async message": (report(), "MMS_1"),
        "made in a function": report(),
    }


def test_notices_of_one_message_come_one_at_a_time_in_the_order_of_arrival(
    inbox_store: Store, handlers: Handlers, worker: Worker
) -> None:
    got: dict[str, list[str]] = defaultdict(list)
    at_work: dict[str, int] = defaultdict(int)
    together: list[str] = []

    @handlers.on(DeliveryReport)
    def told(notice: DeliveryReport) -> None:
        id = str(notice.tracking_id)
        at_work[id] += 1
        if at_work[id] > 1:
            together.append(id)
        time.sleep(0.001)
        got[id].append(str(notice.details))
        at_work[id] -= 1

    ids = [f"MMS_{number}" for number in range(6)]
    receive(inbox_store, [report(id, details=str(number), status=str(number)) for number in range(8) for id in ids])
    worker.run_until_idle()
    assert together == []
    assert got == {id: [str(number) for number in range(8)] for id in ids}


def test_a_post_that_is_stored_while_the_worker_runs_is_handled_when_it_is_woken(
    inbox_store: Store, handlers: Handlers, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "POLL", 1000.0)
    log = Log()
    handlers.on(Notice, name="log")(log)
    worker.start()
    for number in range(5):
        receive(inbox_store, [report(f"MMS_{number}")])
        worker.wake()
        until(lambda count=number + 1: len(log.notices) == count)  # type: ignore[misc]


def test_a_post_that_another_process_has_stored_is_found(
    inbox_store: Store, ledger_where: str, handlers: Handlers, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "POLL", 0.01)
    log = Log()
    handlers.on(Notice, name="log")(log)
    worker.start()
    other = open_inbox(ledger_where)
    receive(other, [report()])
    other.close()
    until(lambda: len(log.notices) == 1)


def test_a_handler_that_is_added_while_the_worker_runs_gets_notices(
    inbox_store: Store, handlers: Handlers, worker: Worker
) -> None:
    first, second = Log(), Log()
    handlers.on(Notice, name="first")(first)
    worker.start()
    receive(inbox_store, [report()])
    worker.wake()
    until(lambda: len(first.notices) == 1)
    handlers.on(Notice, name="second")(second)
    worker.wake()
    until(lambda: bool(rows(inbox_store, "SELECT 1 FROM skymms_handler WHERE name = 'second'")))
    receive(inbox_store, [report(code="N102")])
    worker.wake()
    until(lambda: len(second.notices) == 1 and len(first.notices) == 2)


# ------------------------------------------------------------------------------------------------ registration


def test_what_came_before_any_worker_goes_to_all_handlers_of_the_first(
    inbox_store: Store, handlers: Handlers, worker: Worker
) -> None:
    receive(inbox_store, [report(), sms()])
    first, second = Log(), Log()
    handlers.on(Notice, name="first")(first)
    handlers.on(DeliveryReport, name="second")(second)
    worker.run_until_idle()
    assert (len(first.notices), second.notices) == (2, [report()])


def test_a_later_handler_gets_what_no_handler_got_and_what_comes_after(inbox_store: Store, handlers: Handlers) -> None:
    handlers.on(DeliveryReport, name="reports")(Log())
    receive(inbox_store, [report(), sms("for nobody")])
    Worker(inbox_store, handlers).run_until_idle()
    log = Log()
    handlers.on(Notice, name="log")(log)
    Worker(inbox_store, handlers).run_until_idle()
    assert log.notices == [sms("for nobody")]
    receive(inbox_store, [report(code="N102")])
    Worker(inbox_store, handlers).run_until_idle()
    assert log.notices == [sms("for nobody"), report(code="N102")]


def test_a_handler_may_get_other_kinds_later(inbox_store: Store) -> None:
    kinds: tuple[tuple[type[Notice], ...], ...] = ((DeliveryReport,), (InboundSMS,), (Notice,))
    got = []
    for place, of_version in enumerate(kinds):
        receive(inbox_store, [report(f"MMS_{place}"), sms(str(place))])
        version, log = Handlers(), Log()
        version.on(*of_version, name="told")(log)
        Worker(inbox_store, version).run_until_idle()
        got.append(sorted(type(notice).__name__ for notice in log.notices))
    # The third version gets the report that came while nobody wanted reports.
    # The third version gets the report that came while the second did not want any.
    assert got == [["DeliveryReport"], ["InboundSMS", "InboundSMS"], ["DeliveryReport", "DeliveryReport", "InboundSMS"]]


def test_no_notice_falls_between_processes_that_store_and_one_that_registers(postgres_where: str) -> None:
    """In a SQLite file, one process writes at a time."""
    count, stop = 0, threading.Event()
    names = [f"handler {number}" for number in range(6)]
    counts: list[int] = []

    def intake(process: int) -> None:
        store = open_inbox(postgres_where)
        number = 0
        while not stop.is_set():
            receive(store, [report(f"MMS_{process}_{number}")])
            number += 1
        counts.append(number)
        store.close()

    open_inbox(postgres_where).close()
    threads = [threading.Thread(target=intake, args=[process]) for process in range(3)]
    for thread in threads:
        thread.start()
    store = open_inbox(postgres_where)
    try:
        for name in names:
            handlers = Handlers()
            handlers.on(Notice, name=name)(Log())
            before = count
            until(lambda before=before: rows(store, "SELECT count(*) FROM skymms_notice")[0][0] > before + 5)  # type: ignore[misc]
            taking.Desk(store, handlers).register()
            count = rows(store, "SELECT count(*) FROM skymms_notice")[0][0]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    total = sum(counts)
    # The first handler has all notices; of each later one, those after some instant, without a gap in what each process stored.
    assert rows(store, "SELECT count(*) FROM skymms_handling WHERE handler = 'handler 0'") == [(total,)]
    for name in names:
        missing = rows(
            store,
            "SELECT n.tracking_id FROM skymms_notice n WHERE NOT EXISTS (SELECT 1 FROM skymms_handling h "
            f"WHERE h.notice = n.id AND h.handler = '{name}')",
        )
        for process in range(3):
            numbers = sorted(int(id.split("_")[2]) for (id,) in missing if id.startswith(f"MMS_{process}_"))
            assert numbers == list(range(len(numbers)))
    store.close()


# ------------------------------------------------------------------------------------------------ failures


def test_of_three_handlers_one_that_raises_is_called_again_and_the_others_are_not(
    inbox_store: Store, handlers: Handlers, worker: Worker, soon: None
) -> None:
    times = 0

    def fail_twice(notice: Notice) -> BaseException | None:
        nonlocal times
        times += 1
        return ValueError("not yet") if times < 3 else None

    logs = [Log(), Log(fail_twice), Log()]
    for place, log in enumerate(logs):
        handlers.on(Notice, name=f"{place}")(log)
    receive(inbox_store, [report()])
    worker.start()
    until(lambda: set(states(inbox_store).values()) == {"done"})
    assert [len(log.notices) for log in logs] == [1, 3, 1]
    assert rows(inbox_store, "SELECT handler, attempts, error FROM skymms_handling ORDER BY handler") == [
        ("0", 1, None),
        ("1", 3, None),
        ("2", 1, None),
    ]


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt, asyncio.CancelledError])
@pytest.mark.parametrize("is_async", [False, True])
def test_whatever_a_handler_raises_is_kept_and_it_is_called_again_later(
    inbox_store: Store, handlers: Handlers, worker: Worker, kind: type[BaseException], is_async: bool
) -> None:
    def told(notice: Notice) -> None:
        raise kind("a text\0\ud800")

    async def told_later(notice: Notice) -> None:
        raise kind("a text\0\ud800")

    log = Log()
    handlers.on(Notice, name="told")(told_later if is_async else told)
    handlers.on(Notice, name="log")(log)
    receive(inbox_store, [report()])
    before = time.time()
    worker.run_until_idle()
    assert states(inbox_store) == {(1, "told"): "ready", (1, "log"): "done"}
    ((due, trace, attempts),) = rows(inbox_store, "SELECT due, error, attempts FROM skymms_handling WHERE handler = 'told'")
    assert 7.0 < due - before < 30.0
    assert attempts == 1
    assert trace.startswith("Traceback")
    assert kind.__name__ in trace
    # It begins in the handler.
    assert "calling.py" not in trace


def test_back_off_grows_to_twelve_hours_in_ten_attempts() -> None:
    for _ in range(100):
        delays = [taking.delay_after(attempt) for attempt in range(1, taking.ATTEMPTS)]
        for delay, expected in zip(delays, [10, 30, 90, 270, 810, 2430, 7290, 21870, 43200], strict=True):
            assert 0.75 * expected <= delay <= 1.25 * expected
    assert len({taking.delay_after(1) for _ in range(10)}) > 1


def test_after_ten_attempts_a_notice_is_dead_for_its_handler_and_the_next_of_the_message_comes(
    inbox_store: Store, handlers: Handlers, worker: Worker, soon: None
) -> None:
    log = Log(lambda notice: ValueError("no") if notice.code == "N101" else None)
    handlers.on(Notice, name="log")(log)
    receive(inbox_store, [report(code="N101"), report(code="N102")])
    worker.start()
    until(lambda: states(inbox_store) == {(1, "log"): "dead", (2, "log"): "done"})
    assert [notice.code for notice in log.notices] == ["N101"] * 10 + ["N102"]


def test_while_a_notice_waits_for_another_attempt_the_next_of_its_message_waits_too(
    inbox_store: Store, handlers: Handlers, worker: Worker
) -> None:
    log = Log(lambda notice: ValueError("no") if notice.code == "N101" else None)
    handlers.on(Notice, name="log")(log)
    receive(inbox_store, [report(code="N101"), report(code="N102"), report("MMS_2", code="N102")])
    worker.run_until_idle()
    worker.run_until_idle()
    assert states(inbox_store) == {(1, "log"): "ready", (2, "log"): "ready", (3, "log"): "done"}
    change(inbox_store, "UPDATE skymms_handling SET due = 0 WHERE notice = 2")
    worker.run_until_idle()
    assert states(inbox_store)[2, "log"] == "ready"


def test_a_message_in_doubt_is_not_tried_again(inbox_store: Store, handlers: Handlers, worker: Worker) -> None:
    handlers.on(Notice, name="log")(Log(lambda notice: InDoubtError(key="reply")))
    receive(inbox_store, [report()])
    worker.run_until_idle()
    assert states(inbox_store) == {(1, "log"): "dead"}


@pytest.mark.parametrize("is_async", [False, True])
def test_a_handler_that_hangs_in_one_of_three_keeps_no_other_from_its_work(
    inbox_store: Store, handlers: Handlers, worker: Worker, monkeypatch: pytest.MonkeyPatch, is_async: bool
) -> None:
    monkeypatch.setattr(calling, "THREADS", 2)
    monkeypatch.setattr(calling, "TASKS", 2)
    end = threading.Event()
    began: list[Notice] = []

    def hang(notice: Notice) -> None:
        began.append(notice)
        end.wait()

    async def hang_later(notice: Notice) -> None:
        began.append(notice)
        while not end.is_set():
            await asyncio.sleep(0.01)

    logs = [Log(), Log()]
    handlers.on(Notice, name="0")(logs[0])
    handlers.on(Notice, name="hang")(hang_later if is_async else hang)
    handlers.on(Notice, name="1")(logs[1])
    receive(inbox_store, [report(f"MMS_{number}") for number in range(20)])
    worker.start()
    until(lambda: all(len(log.notices) == 20 for log in logs) and len(began) == 2)
    assert not worker.stop(0.05)
    assert sorted(states(inbox_store)[id, "hang"] for id in range(1, 21)) == ["ready"] * 18 + ["working"] * 2
    end.set()


def test_the_lease_of_a_long_call_is_renewed_and_nobody_else_makes_it(
    ledger_where: str, inbox_store: Store, handlers: Handlers, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "LEASE", 0.4)
    monkeypatch.setattr(working, "RENEW_EVERY", 0.1)
    monkeypatch.setattr(working, "POLL", 0.02)
    end, calls = threading.Event(), []

    def long(notice: Notice) -> None:
        calls.append(notice)
        end.wait()

    handlers.on(Notice, name="long")(long)
    receive(inbox_store, [report()])
    worker.start()
    until(lambda: len(calls) == 1)
    other_store = open_inbox(ledger_where)
    other = Worker(other_store, handlers)
    other.start()
    until(lambda: rows(inbox_store, "SELECT count(*) FROM skymms_inbox_worker") == [(2,)])
    first = rows(inbox_store, "SELECT min(lease_until) FROM skymms_inbox_worker")[0][0]
    until(lambda: rows(inbox_store, "SELECT min(lease_until) FROM skymms_inbox_worker")[0][0] > first + 1.0)
    assert len(calls) == 1
    end.set()
    until(lambda: states(inbox_store) == {(1, "long"): "done"})
    other.stop()
    other_store.close()


def test_several_workers_share_the_notices_and_keep_the_order_of_each_message(ledger_where: str) -> None:
    got: dict[str, list[str]] = defaultdict(list)

    def told(notice: DeliveryReport) -> None:
        got[str(notice.tracking_id)].append(str(notice.status))

    handlers = Handlers()
    handlers.on(DeliveryReport, name="told")(told)
    store = open_inbox(ledger_where)
    ids = [f"MMS_{number}" for number in range(10)]
    receive(store, [report(id, status=str(number)) for number in range(10) for id in ids])
    stores = [open_inbox(ledger_where) for _ in range(3)]
    workers = [Worker(one, handlers) for one in stores]
    for worker in workers:
        worker.start()
    until(lambda: rows(store, "SELECT count(*) FROM skymms_handling WHERE state = 'done'") == [(100,)])
    for worker in workers:
        assert worker.stop()
    assert got == {id: [str(number) for number in range(10)] for id in ids}
    for one in [store, *stores]:
        one.close()


# ------------------------------------------------------------------------------------------------ the end


def test_stopping_waits_for_calls_and_gives_the_rest_back(inbox_store: Store, handlers: Handlers, worker: Worker) -> None:
    began, end = threading.Event(), threading.Event()

    def told(notice: Notice) -> None:
        began.set()
        end.wait()

    handlers.on(Notice, name="told")(told)
    receive(inbox_store, [report(), report(code="N102")])
    worker.start()
    began.wait()
    threading.Timer(0.1, end.set).start()
    assert worker.stop(30.0)
    assert states(inbox_store) == {(1, "told"): "done", (2, "told"): "ready"}
    assert rows(inbox_store, "SELECT * FROM skymms_inbox_worker") == []
    assert not worker.is_running
    worker.start()
    until(lambda: states(inbox_store)[2, "told"] == "done")


def test_a_worker_that_was_not_started_can_be_stopped_and_woken(worker: Worker) -> None:
    assert worker.stop()
    worker.wake()


def test_what_a_lost_worker_held_is_taken_again_and_counts_as_an_attempt(
    inbox_store: Store, handlers: Handlers, soon: None
) -> None:
    log = Log()
    handlers.on(Notice, name="log")(log)
    receive(inbox_store, [report()])
    lost = taking.Desk(inbox_store, handlers)
    lost.register()
    assert [one.notice for one in lost.exchange([], {"log": 5})[0]] == [report()]
    Worker(inbox_store, handlers).run_until_idle()
    assert log.notices == []
    change(inbox_store, "UPDATE skymms_inbox_worker SET lease_until = 0")
    Worker(inbox_store, handlers).run_until_idle()
    assert log.notices == [report()]
    assert rows(inbox_store, "SELECT attempts FROM skymms_handling") == [(2,)]
    # Its late answer changes nothing.
    lost.exchange([taking.Outcome(1, "log", 1, "late")], {})
    assert states(inbox_store) == {(1, "log"): "done"}


def test_a_notice_whose_handler_ends_the_process_each_time_is_dead_at_last(
    inbox_store: Store, handlers: Handlers, soon: None
) -> None:
    handlers.on(Notice, name="log")(Log())
    receive(inbox_store, [report()])
    for _ in range(taking.ATTEMPTS):
        desk = taking.Desk(inbox_store, handlers)
        desk.register()
        assert len(desk.exchange([], {"log": 5})[0]) == 1
        change(inbox_store, "UPDATE skymms_inbox_worker SET lease_until = 0")
        taking.Desk(inbox_store, handlers).renew()
    assert states(inbox_store) == {(1, "log"): "dead"}
    ((error,),) = rows(inbox_store, "SELECT error FROM skymms_handling")
    assert error == "The worker ended while it handled this, in attempt 10."


def test_a_notice_that_cannot_be_read_fails_and_the_others_are_handled(
    inbox_store: Store, handlers: Handlers, worker: Worker
) -> None:
    log = Log()
    handlers.on(Notice, name="log")(log)
    receive(inbox_store, [report("MMS_1"), report("MMS_2")])
    change(inbox_store, """UPDATE skymms_notice SET notice = '{"skymms": 99, "type": "Telegram"}' WHERE id = 1""")
    worker.run_until_idle()
    assert log.notices == [report("MMS_2")]
    assert states(inbox_store) == {(1, "log"): "ready", (2, "log"): "done"}
    assert "The notice cannot be read" in rows(inbox_store, "SELECT error FROM skymms_handling WHERE notice = 1")[0][0]


def test_a_worker_goes_on_after_errors_of_the_store(
    inbox_store: Store, handlers: Handlers, worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The end of a transaction is not answered: nobody knows whether its notices were taken, and its outcomes written."""
    monkeypatch.setattr(working, "_FIRST_PAUSE", 0.01)
    exchange, failures = taking.Desk.exchange, iter([True, False, True, True] + [False] * 1000)

    def fail_sometimes(desk: taking.Desk, *args: Any) -> Any:
        answer = exchange(desk, *args)
        if next(failures):
            raise StorageError("the connection was lost")
        return answer

    monkeypatch.setattr(taking.Desk, "exchange", fail_sometimes)
    log = Log()
    handlers.on(Notice, name="log")(log)
    receive(inbox_store, [report(f"MMS_{number}") for number in range(30)])
    worker.start()
    until(lambda: len(states(inbox_store)) == 30 and set(states(inbox_store).values()) == {"done"})
    assert {notice.tracking_id for notice in log.notices} == {f"MMS_{number}" for number in range(30)}
    assert "the connection was lost" in caplog.text


def test_no_number_is_in_the_log(
    inbox_store: Store, handlers: Handlers, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    handlers.on(Notice, name="log")(Log(lambda notice: ValueError(f"no {notice}")))
    receive(inbox_store, [report(timestamp=datetime.now(UTC))])
    with caplog.at_level("INFO"):
        worker.run_until_idle()
    assert "handler log failed with notice 1 in attempt 1 of 10: ValueError; the next attempt is in about" in caplog.text
    assert "15551230001" not in caplog.text


FAILING = """
import sys
from inbox_rows import post, put, report
from skymms import Notice
from skymms.inbox.handlers import Handlers
from skymms.inbox.storing import open_inbox
from skymms.inbox.working import Worker

{first}
store, handlers = open_inbox(sys.argv[1]), Handlers()

@handlers.on(Notice, name="log")
def fail(notice):
    raise LookupError("no order")

worker = Worker(store, handlers)
worker.run_until_idle()
put(store, post(report()))
worker.run_until_idle()
"""


@pytest.mark.parametrize(
    ("first", "lines"),
    [("", 1), ("import logging; logging.basicConfig()", 1), ("import logging; logging.getLogger('skymms').disabled = True", 0)],
    ids=["no logging", "logging", "disabled"],
)
def test_a_program_without_logging_still_says_that_a_handler_failed(tmp_path: Path, first: str, lines: int) -> None:
    program = FAILING.format(first=first)
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "inbox.db")],
        env=os.environ | {"PYTHONPATH": str(Path(inbox_rows.__file__).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.count("failed with notice 1 in attempt 1 of 10: LookupError") == lines


def test_partial_functions_and_bound_methods_are_handlers(inbox_store: Store, handlers: Handlers, worker: Worker) -> None:
    got: list[Any] = []
    handlers.on(Notice, name="partial")(partial(lambda more, notice: got.append((more, notice)), 17))
    handlers.on(Notice, name="method")(got.append)
    put(inbox_store, post(report()))
    worker.run_until_idle()
    assert sorted(got, key=str) == sorted([(17, report()), report()], key=str)


@pytest.mark.parametrize(("attempt", "text"), [(1, "10 s"), (4, "4 min"), (8, "6 h")])
def test_the_log_says_about_when_the_next_attempt_is(attempt: int, text: str) -> None:
    assert working._span(taking.usual_delay_after(attempt)) == text
