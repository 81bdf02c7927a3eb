"""Posts are committed in groups: what is reported as stored is on the disk, and one bad post does not harm the others."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from inbox_posts import posts_of, tracking_ids
from inbox_server import report

from skymms import DeliveryReport, StorageError, read_postbacks
from skymms.inbox import writer as module
from skymms.inbox.storing import Post, Stored, open_inbox
from skymms.inbox.writer import Writer
from skymms.storage.contract import Store, Transaction


class GatedStore:
    """A store whose transactions wait for `gate`, and are counted. `spoil` may raise an error at their beginning or end."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        self.transactions = 0
        self.spoil: Callable[[str], None] = lambda place: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        self.begun.set()
        assert self.gate.wait(30)
        self.transactions += 1
        self.spoil("begin")
        with self._store.transaction() as transaction:
            yield transaction
            self.spoil("end")


@pytest.fixture
def gated(ledger_where: str) -> Iterator[GatedStore]:
    store = GatedStore(open_inbox(ledger_where))
    yield store
    store.close()


@pytest.fixture
def writer(gated: GatedStore) -> Iterator[Writer]:
    writer = Writer(gated)  # type: ignore[arg-type]
    yield writer
    gated.gate.set()
    writer.stop()


def post(tracking_id: str) -> Post:
    body = report(tracking_id)
    return Post(body, "text/xml", 1.0, read_postbacks(body))


class WrongNotice(DeliveryReport):
    """A notice that cannot be stored: it is of a class that nobody can read again."""


def wrong_post(tracking_id: str) -> Post:
    first = post(tracking_id)
    return first._replace(notices=(WrongNotice(tracking_id=object()),))  # type: ignore[arg-type]


def write_together(writer: Writer, gated: GatedStore, posts: list[Post]) -> list[Stored | None]:
    """Write one post alone, and the others while it is written, so that they are one group."""
    gated.gate.clear()
    gated.begun.clear()
    with ThreadPoolExecutor(len(posts) + 1) as pool:
        first = pool.submit(writer.write, post("FIRST"), 30)
        assert gated.begun.wait(30)
        results = [pool.submit(writer.write, one, 30) for one in posts]
        while len(writer._entries) < len(posts):
            threading.Event().wait(0.001)
        gated.gate.set()
        assert first.result() is not None
        return [result.result() for result in results]


def test_posts_that_arrive_during_a_commit_share_the_next(writer: Writer, gated: GatedStore, ledger_where: str) -> None:
    results = write_together(writer, gated, [post(f"MMS_{n}") for n in range(20)])
    assert all(result is not None and result[1:] == (1, 0) for result in results)
    assert gated.transactions == 2
    assert sorted(tracking_ids(ledger_where)) == sorted(["FIRST", *[f"MMS_{n}" for n in range(20)]])


def test_a_repeat_is_stored_already(writer: Writer) -> None:
    assert writer.write(post("MMS_1"), 30) is not None
    repeat = writer.write(post("MMS_1"), 30)
    assert repeat is not None
    assert (repeat.new, repeat.repeats) == (0, 1)


def test_coroutines_and_threads_share_a_group(writer: Writer, gated: GatedStore, ledger_where: str) -> None:
    async def write() -> list[Stored | None]:
        return await asyncio.gather(*[writer.write_async(post(f"MMS_{n}"), 30) for n in range(50)])

    assert None not in asyncio.run(write())
    assert writer.write(post("MMS_50"), 30) is not None
    assert gated.transactions <= 4
    assert len(tracking_ids(ledger_where)) == 51


@pytest.mark.parametrize("place", [0, 3, 7])
def test_a_post_whose_notices_cannot_be_stored_is_quarantined_and_harms_no_other(
    writer: Writer, gated: GatedStore, ledger_where: str, place: int
) -> None:
    posts = [post(f"MMS_{n}") for n in range(8)]
    posts[place] = wrong_post(f"MMS_{place}")
    assert None not in write_together(writer, gated, posts)
    stored = {body: (bool(problem), ids) for body, problem, ids in posts_of(ledger_where)}
    assert stored[report(f"MMS_{place}")] == (True, [])
    assert all(stored[report(f"MMS_{n}")] == (False, [f"MMS_{n}"]) for n in range(8) if n != place)


def test_posts_that_no_transaction_takes_are_not_stored_and_can_be_posted_again(
    writer: Writer, gated: GatedStore, ledger_where: str
) -> None:
    for failing in ("begin", "end"):

        def spoil(place: str, failing: str = failing) -> None:
            if place == failing:
                raise StorageError("the disk is full")

        gated.spoil = spoil
        assert writer.write(post("MMS_1"), 30) is None
        gated.spoil = lambda place: None
    assert tracking_ids(ledger_where) == []
    assert writer.write(post("MMS_1"), 30) is not None
    assert tracking_ids(ledger_where) == ["MMS_1"]


def test_a_post_that_the_store_could_not_take_is_not_put_into_quarantine(
    writer: Writer, gated: GatedStore, ledger_where: str
) -> None:
    # On a disk that is nearly full there would be room for the body alone, and its notices would reach no handler.
    failures = iter([True, False, False])

    def spoil(place: str) -> None:
        if place == "end" and next(failures):
            raise StorageError("the disk is full")

    gated.spoil = spoil
    assert writer.write(post("MMS_1"), 30) is None
    assert posts_of(ledger_where) == []
    assert writer.write(post("MMS_1"), 30) is not None
    assert posts_of(ledger_where) == [(report("MMS_1"), None, ["MMS_1"])]


def test_of_a_group_on_a_disk_that_is_nearly_full_those_that_fit_are_stored(
    writer: Writer, gated: GatedStore, ledger_where: str
) -> None:
    # The first post alone, then the group of four, then each of the four.
    failures = iter([False, True, False, True, False, False])

    def spoil(place: str) -> None:
        if place == "end" and next(failures):
            raise StorageError("the disk is full")

    gated.spoil = spoil
    results = write_together(writer, gated, [post(f"MMS_{n}") for n in range(4)])
    assert results.count(None) == 1
    assert len(tracking_ids(ledger_where)) == 4
    assert [problem for _, problem, _ in posts_of(ledger_where)] == [None] * 4


def test_a_group_is_not_tried_one_by_one_if_no_transaction_can_begin(writer: Writer, gated: GatedStore) -> None:
    failures = iter([False, True])

    def spoil(place: str) -> None:
        if place == "begin" and next(failures):
            raise StorageError("the database is locked")

    gated.spoil = spoil
    assert write_together(writer, gated, [post(f"MMS_{n}") for n in range(9)]) == [None] * 9
    assert gated.transactions == 2


def test_an_unexpected_error_does_not_end_the_thread(writer: Writer, gated: GatedStore) -> None:
    def spoil(place: str) -> None:
        raise SystemExit

    gated.spoil = spoil
    assert writer.write(post("MMS_1"), 30) is None
    gated.spoil = lambda place: None
    assert writer.write(post("MMS_1"), 30) is not None


def test_a_post_that_takes_too_long_may_be_stored_later_and_is_then_a_repeat(
    writer: Writer, gated: GatedStore, ledger_where: str
) -> None:
    gated.gate.clear()
    assert writer.write(post("MMS_1"), 0.01) is None
    assert asyncio.run(writer.write_async(post("MMS_2"), 0.01)) is None
    gated.gate.set()
    writer.stop()
    assert sorted(tracking_ids(ledger_where)) == ["MMS_1", "MMS_2"]
    repeat = writer.write(post("MMS_1"), 30)
    assert repeat is not None
    assert (repeat.new, repeat.repeats) == (0, 1)


def test_a_full_queue_refuses_posts(writer: Writer, gated: GatedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    gated.gate.clear()
    gated.begun.clear()
    assert writer.write(post("FIRST"), 0) is None  # waits for the gate
    assert gated.begun.wait(30)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(writer.write, post(f"MMS_{n}"), 30) for n in range(3)]
        while len(writer._entries) < 3:
            threading.Event().wait(0.001)
        assert writer.write(post("MMS_3"), 30) is None
        assert len(writer._entries) == 3
        gated.gate.set()
        assert all(result.result() is not None for result in waiting)
    assert writer.write(post("MMS_3"), 30) is not None


def test_many_large_posts_do_not_fill_the_memory(writer: Writer, gated: GatedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 1000)
    assert writer.write(Post(b" " * 1001, None, 1.0, (), "too long"), 30) is None
    assert writer.write(Post(b" " * 1000, None, 1.0, (), "not too long"), 30) is not None


def test_a_stopped_writer_has_written_everything_and_starts_again(writer: Writer, gated: GatedStore, ledger_where: str) -> None:
    for n in range(3):
        gated.gate.clear()
        assert writer.write(post(f"MMS_{n}"), 0) is None
        gated.gate.set()
        writer.stop()
        assert writer._thread is None
    assert tracking_ids(ledger_where) == ["MMS_0", "MMS_1", "MMS_2"]


def test_coroutines_whose_event_loop_was_closed_do_not_stop_the_writer(writer: Writer, gated: GatedStore) -> None:
    gated.gate.clear()
    assert asyncio.run(writer.write_async(post("MMS_1"), 0)) is None
    gated.gate.set()
    assert writer.write(post("MMS_2"), 30) is not None


def test_the_end_of_a_program_waits_for_posts_that_nobody_waits_for(sqlite_where: str) -> None:
    script = f"""
from inbox_server import report
from skymms import read_postbacks
from skymms.inbox.storing import Post, open_inbox
from skymms.inbox.writer import Writer
writer = Writer(open_inbox({sqlite_where!r}))
for n in range(50):
    body = report(f"MMS_{{n}}")
    writer.write(Post(body, None, 1.0, read_postbacks(body)), 0)
"""
    env = {**os.environ, "PYTHONPATH": os.path.dirname(sys.modules["inbox_server"].__file__ or "")}
    subprocess.run([sys.executable, "-c", script], env=env, check=True, timeout=60)
    assert len(tracking_ids(sqlite_where)) == 50


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_writes_with_a_thread_of_its_own(ledger_where: str) -> None:
    script = f"""
import os
from inbox_server import report
from skymms import read_postbacks
from skymms.inbox.storing import Post, open_inbox
from skymms.inbox.writer import Writer
writer = Writer(open_inbox({ledger_where!r}))
def write(name):
    body = report(name)
    assert writer.write(Post(body, None, 1.0, read_postbacks(body)), 30) is not None
write("BEFORE")
child = os.fork()
write("CHILD" if child == 0 else "PARENT")
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    env = {**os.environ, "PYTHONPATH": os.path.dirname(sys.modules["inbox_server"].__file__ or "")}
    subprocess.run([sys.executable, "-c", script], env=env, check=True, timeout=60)
    assert sorted(tracking_ids(ledger_where)) == ["BEFORE", "CHILD", "PARENT"]


def test_a_post_without_notices_is_stored_with_its_problem(writer: Writer, ledger_where: str) -> None:
    assert writer.write(post("MMS_1")._replace(notices=(), problem="unreadable"), 30) is not None
    assert posts_of(ledger_where) == [(report("MMS_1"), "unreadable", [])]
