"""Which runs hold messages, in both kinds of store: alive, killed, and unknown to the ledger."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from watched_ledger import message

from skymms.broadcast import Ledger, blocks
from skymms.broadcast.blocks import Holder
from skymms.broadcast.leases import list_leases
from skymms.broadcast.surveying import overview
from skymms.storage.contract import same


@pytest.fixture
def ledger(ledger_where: str) -> Iterator[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


def test_leases_say_how_many_messages_since_when_and_whether_the_run_is_alive(ledger: Ledger) -> None:
    spring = ledger.create("spring", message("spring"), ["15551230001", "15551230002", "15551230003"])
    assert list_leases(ledger.store, spring.id) == []
    spring._begin()
    holder = Holder(ledger.store, spring.id, spring.settings, account="test", sender="60856", scopes=())
    holder.begin(alone=False)
    count = len(holder.exchange([], 2).intents)
    assert count == 2
    (lease,) = list_leases(ledger.store, spring.id)
    assert (lease.messages, lease.host, lease.pid, lease.alive) == (count, socket.gethostname(), os.getpid(), True)
    assert abs(datetime.now(UTC) - lease.since) < timedelta(minutes=1)
    with ledger.store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_worker SET lease_until = 1"))
    assert [one.alive for one in list_leases(ledger.store, spring.id)] == [False]
    with ledger.store.transaction() as transaction:
        transaction.run(same("DELETE FROM skymms_worker"))
    assert [(one.messages, one.host, one.alive) for one in list_leases(ledger.store, spring.id)] == [(count, None, False)]


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal 0")
@pytest.mark.parametrize(
    ("host", "pid", "alive"),
    [
        (socket.gethostname(), os.getpid, True),
        (socket.gethostname(), ended_process, False),
        # Only its own machine knows.
        ("another machine", ended_process, True),
    ],
    ids=["this process", "an ended process", "another machine"],
)
def test_a_process_that_has_ended_is_not_at_work_even_before_its_lease_ends(
    ledger: Ledger, host: str, pid: Callable[[], int], alive: bool
) -> None:
    spring = ledger.create("spring", message("spring"), ["15551230001", "15551230002"])
    spring._begin()
    holder = Holder(ledger.store, spring.id, spring.settings, account="test", sender="60856", scopes=())
    holder.begin(alone=False)
    holder.exchange([], 1)
    with ledger.store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_worker SET host = :host, pid = :pid"), host=host, pid=pid())
    assert [one.alive for one in list_leases(ledger.store, spring.id)] == [alive]
    assert spring.status().workers == overview(ledger.store)[1][0].workers == int(alive)
    assert spring.status().state == ("running" if alive else "stopped")


@pytest.mark.parametrize("lease", [30.0, 1.2])
@pytest.mark.parametrize("step", [0.1, 0.7])
def test_a_run_that_is_at_work_keeps_most_of_its_lease(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, lease: float, step: float
) -> None:
    monkeypatch.setattr(blocks, "LEASE", lease)
    spring = ledger.create("spring", message("spring"), ["15551230001"])
    spring._begin()
    holder = Holder(ledger.store, spring.id, spring.settings, account="test", sender="60856", scopes=())
    holder.begin(alone=False)
    with ledger.store.reading() as transaction:
        kind, now = type(transaction), transaction.now()
    for _ in range(10):
        now += step * lease / 5
        monkeypatch.setattr(kind, "now", lambda _, at=now: at)
        holder.exchange([], 0)
        with ledger.store.reading() as transaction:
            ((until,),) = transaction.rows(same("SELECT lease_until FROM skymms_worker"))
        assert until - now > lease * 0.9


def test_a_look_at_what_is_unknown_does_not_wait_for_another_programs_writing(sqlite_where: str) -> None:
    with Ledger(sqlite_where) as ledger:
        spring = ledger.create("spring", message("spring"), ["15551230001"])
        other = sqlite3.connect(sqlite_where, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            started = time.monotonic()
            assert list(spring.unknown()) == []
            assert time.monotonic() - started < 30, "a transaction that writes waits for a minute"
        finally:
            other.close()
