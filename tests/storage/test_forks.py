"""Forks: a child has its own connection, and the parent's transactions and locks are not disturbed."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Callable

import pytest
from storage_worker import ADD, ITEMS, NAMES

from skymms import StorageError
from skymms.storage.contract import Store
from skymms.storage.migrations import migrate
from skymms.storage.opening import open_store

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    # Since 3.12 Python warns of a fork of a process with threads.
    pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning"),
]


@pytest.fixture
def items(store: Store) -> Store:
    migrate(store, "items", [ITEMS])
    return store


def in_child(work: Callable[[], None]) -> int:
    """Run a function in a forked child that ends without cleaning up; return the child's process id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def wait_for(*children: int) -> None:
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * len(children)


def add(store: Store, name: str) -> None:
    with store.transaction() as transaction:
        transaction.run(ADD, name=name)


def names(store: Store) -> list[str]:
    with store.reading() as transaction:
        return sorted(row[0] for row in transaction.rows(NAMES))


def test_a_child_and_its_parent_both_write(items: Store) -> None:
    add(items, "before")
    child = in_child(lambda: add(items, "child"))
    add(items, "parent")
    wait_for(child)
    assert names(items) == ["before", "child", "parent"]


def test_a_child_of_a_child_writes(items: Store) -> None:
    def work() -> None:
        grandchild = in_child(lambda: add(items, "grandchild"))
        add(items, "child")
        wait_for(grandchild)

    wait_for(in_child(work))
    assert names(items) == ["child", "grandchild"]


def test_a_child_that_closes_the_store_leaves_the_parent_alone(items: Store) -> None:
    wait_for(in_child(items.close))
    add(items, "parent")
    assert names(items) == ["parent"]


def test_a_fork_in_a_transaction_leaves_it_to_the_parent(items: Store) -> None:
    def refused(use: Callable[[], object]) -> None:
        with pytest.raises(StorageError, match="forked in the middle of a transaction"):
            use()

    with items.transaction() as transaction:
        transaction.run(ADD, name="first")

        def work() -> None:
            with pytest.raises(StorageError, match="this transaction has ended"):
                transaction.run(ADD, name="child")
            refused(lambda: add(items, "child"))
            refused(lambda: names(items))
            items.close()

        child = in_child(work)
        wait_for(child)
        transaction.run(ADD, name="second")
    assert names(items) == ["first", "second"]


def test_a_child_that_ends_the_transaction_of_its_parent_writes_nothing(items: Store) -> None:
    parent = os.getpid()
    child = 0
    try:
        with items.transaction() as transaction:
            transaction.run(ADD, name="parent")
            child = os.fork()
    except StorageError as error:
        os._exit(0 if os.getpid() != parent and "forked in the middle of a transaction" in str(error) else 1)
    finally:
        if os.getpid() != parent:
            os._exit(1)
    wait_for(child)
    assert names(items) == ["parent"]
    add(items, "again")


def test_a_fork_waits_for_the_transactions_of_other_threads(items: Store) -> None:
    began, forking, end = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        with items.transaction() as transaction:
            transaction.run(ADD, name="thread")
            began.set()
            end.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    began.wait()
    threading.Timer(0.2, end.set).start()
    forking.set()
    child = in_child(lambda: add(items, "child"))
    assert end.is_set()
    thread.join()
    wait_for(child)
    assert names(items) == ["child", "thread"]


def test_fifty_rounds_of_forks_while_threads_write(items: Store) -> None:
    wanted = [f"child {n}" for n in range(50)]
    for n in range(50):

        def write(thread: int) -> None:
            for place in range(3):
                add(items, f"thread {n} {thread} {place}")  # noqa: B023

        threads = [threading.Thread(target=write, args=[thread]) for thread in range(4)]
        for thread in threads:
            thread.start()
        child = in_child(lambda: add(items, f"child {n}"))  # noqa: B023
        for thread in threads:
            thread.join()
        wait_for(child)
        wanted += [f"thread {n} {thread} {place}" for thread in range(4) for place in range(3)]
    assert names(items) == sorted(wanted)


def test_the_right_to_run_is_not_inherited(sqlite_where: str) -> None:
    store, other = open_store(sqlite_where), open_store(sqlite_where)
    reading, writing = os.pipe()

    def live() -> None:
        os.write(writing, b"alive")
        signal.pause()

    with store.lock_runner("spring"):
        child = in_child(live)
        assert os.read(reading, 5) == b"alive"
    try:
        # The parent has let go, and the child still lives.
        with other.lock_runner("spring") as alone:
            assert alone
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)
    store.close()
    other.close()


def test_a_child_cannot_run_what_its_parent_runs(sqlite_where: str) -> None:
    store = open_store(sqlite_where)

    def work() -> None:
        with pytest.raises(StorageError, match="are being run already"):
            store.lock_runner("spring").__enter__()

    with store.lock_runner("spring"):
        wait_for(in_child(work))
    store.close()
