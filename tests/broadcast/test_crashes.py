"""Crashes: after each of them, and a new run, nobody was sent to twice, no state is untrue, and nobody is missing."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import shutil
import signal
import sqlite3
import threading
import time
from contextlib import closing, suppress

import pytest
from broadcast_scene import SOON, Scene, scene
from broadcast_worker import MESSAGE, recipients
from counting_gateway import OK, CountingGateway

from skymms import Account, ConfigurationError
from skymms.aio import AsyncClient
from skymms.broadcast import End, Ledger, Phase
from skymms.errors import StorageError

CARRIERS = ("threads", "asyncio")
#: Both carriers with a file, and one with a database: the carriers do not know the store.
BOTH = pytest.mark.parametrize(
    ("ledger_where", "how"),
    [("sqlite", "threads"), ("sqlite", "asyncio"), ("postgres", "asyncio")],
    indirect=["ledger_where"],
    ids=str,
)


@pytest.fixture(autouse=True)
def short_leases(monkeypatch):
    """A worker that was killed is taken for dead soon."""
    for name, value in SOON.items():
        monkeypatch.setattr(f"skymms.broadcast.{name}", value)


# ------------------------------------------------------------------------------------------------ the crash matrix

#: With one call at a time: the instant, and how many requests were made for the message that is unknown afterwards.
MATRIX = {
    "before the block": 1,  # the last answer was not written
    "before the block's commit": 1,
    "after the block's commit": 0,  # falsely unknown: the price of never sending twice
    "before the request": 0,
    "after the answer": 1,
    "before the answers' commit": 1,
    "after the answers' commit": 0,
}


@BOTH
@pytest.mark.parametrize("instant", MATRIX)
def test_a_kill_at_an_instant_leaves_one_message_unknown(ledger_where, instant, how):
    with scene(ledger_where, 8) as spring:
        program = spring.start(how=how, threads=1, crash=instant, nth=4)
        program.communicate(timeout=30)
        assert program.returncode == -signal.SIGKILL
        spring.check()
        assert spring.run().end is End.UNKNOWN
        assert spring.check_done() == {"accepted": 7, "unknown": 1}
        (unknown,) = [row for row in spring.rows().values() if row["state"] == "unknown"]
        assert unknown["reason"] == "interrupted"
        assert spring.gateway.requests[unknown["number"]] == MATRIX[instant]


@BOTH
def test_a_kill_while_the_gateway_works_on_a_request_leaves_it_unknown(ledger_where, how):
    with scene(ledger_where, 8) as spring:
        programs = []

        def arrived(number):
            if len(spring.gateway.times) == 4 and not programs[0].poll():
                programs[0].kill()

        spring.gateway.arrived = arrived
        programs.append(spring.start(how=how, threads=1))
        programs[0].communicate(timeout=30)
        spring.gateway.arrived = lambda number: None
        spring.check()
        assert spring.run().end is End.UNKNOWN
        assert spring.check_done() == {"accepted": 7, "unknown": 1}
        assert len(spring.gateway.times) == 8


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("nth", [3, 8, 13])
def test_a_kill_in_the_middle_of_a_commit_leaves_the_old_state_or_the_new(sqlite_where, nth):
    with scene(sqlite_where, 8) as spring:
        kill = ("strace", "-qq", "-f", "-o", os.devnull, "-e", f"inject=fsync,fdatasync:signal=SIGKILL:when={nth}")
        program = spring.start(*kill, how="threads", threads=1)
        program.communicate(timeout=60)
        assert program.returncode == -signal.SIGKILL
        assert spring.check()["unknown"] == 0
        spring.run()
        assert spring.check_done()["unknown"] <= 1


@pytest.mark.parametrize("nth", [1, 150, 350])
def test_a_list_whose_loading_was_killed_is_loaded_again_and_whole(ledger_where, nth):
    with CountingGateway() as gateway:
        spring = Scene(ledger_where, gateway, 400)
        spring.start(create=400, nth=nth, patch={"loading._CHUNK": 100}).communicate(timeout=30)
        with Ledger(ledger_where) as ledger:
            assert ledger["spring"].status().phase is Phase.LOADING
            assert ledger["spring"].status().counts.get("ready", 0) == (nth - 1) // 100 * 100
        with pytest.raises(ConfigurationError, match="not read to the end"):
            spring.run()
        spring.create()
        assert spring.check() == {"ready": 400}


def test_duplicates_are_counted_once_when_a_list_is_loaded_again(ledger_where, monkeypatch):
    people = recipients(30) + recipients(10)

    def dying():
        yield from people[:35]
        raise OSError("the disk of the list is gone")

    monkeypatch.setattr("skymms.broadcast.loading._CHUNK", 10)
    with Ledger(ledger_where) as ledger:
        with pytest.raises(OSError, match="gone"):
            ledger.create("spring", MESSAGE, dying())
        status = ledger.create("spring", MESSAGE, people).status()
    assert (status.counts, status.left_out) == ({"ready": 30}, {"duplicate": 10})


# ------------------------------------------------------------------------------------------------ signals


@BOTH
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_the_first_signal_leaves_nothing_unknown(ledger_where, number, how):
    with scene(ledger_where, 400, delay=0.1) as spring:
        program = spring.start(how=how)
        spring.gateway.wait_for(20)
        program.send_signal(number)
        output, errors = program.communicate(timeout=30)
        assert (output, program.returncode) == ("interrupted\n", 130), errors
        states = spring.check()
        assert states.keys() == {"accepted", "ready"}
        spring.gateway.delay = 0
        assert spring.run().end is End.DONE
        assert spring.check_done() == {"accepted": 400}


@BOTH
def test_the_second_signal_ends_at_once_and_names_what_is_unknown(ledger_where, how):
    with scene(ledger_where, 100) as spring:
        release = threading.Event()
        spring.gateway.arrived = lambda number: release.wait(60)
        program = spring.start(how=how, threads=8)
        spring.gateway.wait_for_open(8)
        program.send_signal(signal.SIGINT)
        with pytest.raises(TimeoutError):
            _ended_within(program, 0.5)
        program.send_signal(signal.SIGINT)
        output, errors = program.communicate(timeout=15)
        release.set()
        assert (output, program.returncode) == ("interrupted\n", 130), errors
        with Ledger(ledger_where) as ledger:
            assert {row["reason"] for row in ledger["spring"].unknown()} == {"interrupted"}
        assert spring.check() == {"unknown": 8, "ready": 92}


def test_ctrl_c_in_the_line_of_a_call_is_not_an_outcome(sqlite_where):
    """A signal hits any line, also one of a worker, where it must end the run and not only that call."""

    class Interrupted(AsyncClient):
        async def call(self, operation, *, once=False):
            if spring.gateway.times:
                raise KeyboardInterrupt
            return await super().call(operation, once=once)

    async def run():
        async with Interrupted(Account("k" * 32, url=spring.gateway.url)) as client:
            with Ledger(sqlite_where) as ledger:
                await ledger["spring"].run_async(client, concurrency=1)

    with scene(sqlite_where, 20) as spring:
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(run())
        assert spring.check() == {"accepted": 1, "unknown": 1, "ready": 18}


def test_more_signals_do_not_wait_for_a_ledger_that_is_locked(sqlite_where):
    with scene(sqlite_where, 100, delay=0.05) as spring:
        program = spring.start(how="threads")
        spring.gateway.wait_for(20)
        with closing(sqlite3.connect(sqlite_where, isolation_level=None, timeout=10)) as other:
            other.execute("BEGIN IMMEDIATE")
            # The third ends the run, and the next the closing of the ledger.
            for _ in range(20):
                program.send_signal(signal.SIGINT)
                with suppress(TimeoutError):
                    _ended_within(program, 0.5)
                    break
            output, errors = program.communicate(timeout=1)
            other.execute("ROLLBACK")
        assert (output, program.returncode) == ("interrupted\n", 130), errors
        spring.run()
        assert spring.check_done().keys() == {"accepted", "unknown"}


def _ended_within(program, seconds):
    ends = time.monotonic() + seconds
    while program.poll() is None:
        if time.monotonic() > ends:
            raise TimeoutError
        time.sleep(0.02)


# ------------------------------------------------------------------------------------------------ stopped, and two at once


@pytest.mark.parametrize("how", CARRIERS)
def test_a_holder_that_was_stopped_past_its_lease_sends_nothing_twice(postgres_where, how):
    with scene(postgres_where, 200) as spring:
        release = threading.Event()
        spring.gateway.arrived = lambda number: len(spring.gateway.times) < 40 or release.wait(20)
        program = spring.start(how=how, patch={"running._STALE": 0.5})
        spring.gateway.wait_for_open(8)
        _stop_between_transactions(program, postgres_where)
        release.set()
        assert spring.run().end is End.UNKNOWN
        assert spring.check_done()["unknown"] >= 8
        program.send_signal(signal.SIGCONT)
        program.communicate(timeout=30)
        # Late answers of the holder count, because the lease in the row is still its own. It goes on with what it had taken and
        # not yet requested.
        assert spring.check_done()["accepted"] > 190


@pytest.mark.parametrize("how", CARRIERS)
def test_a_runner_of_a_file_that_was_stopped_goes_on(sqlite_where, how):
    with scene(sqlite_where, 100, delay=0.05) as spring:
        program = spring.start(how=how, patch={"running._STALE": 0.3})
        spring.gateway.wait_for(20)
        _stop_between_transactions(program, sqlite_where)
        with pytest.raises(StorageError, match="are being run already"):
            spring.run()
        time.sleep(0.6)  # longer than a message may wait after its turn
        program.send_signal(signal.SIGCONT)
        program.communicate(timeout=30)
        assert spring.check_done() == {"accepted": 100}


def _stop_between_transactions(program, where):
    """Stop a process, but not in a transaction: it would keep rows, or the whole file, locked."""
    while True:
        program.send_signal(signal.SIGSTOP)
        # Its threads go on until the signal has reached them.
        os.waitid(os.P_PID, program.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if not _is_in_transaction(where):
            return
        program.send_signal(signal.SIGCONT)
        time.sleep(0.01)


def _is_in_transaction(where):
    if "://" in where:
        import psycopg

        with psycopg.connect(where) as looking:
            others = "application_name = current_setting('application_name') AND pid <> pg_backend_pid()"
            busy = f"SELECT 1 FROM pg_stat_activity WHERE {others} AND state <> 'idle' LIMIT 1"
            return looking.execute(busy).fetchone() is not None
    try:
        with closing(sqlite3.connect(where, isolation_level=None, timeout=0.1)) as other:
            other.execute("BEGIN IMMEDIATE")
        return False
    except sqlite3.OperationalError:
        return True


def test_two_workers_share_a_database(postgres_where):
    with scene(postgres_where, 300) as spring:
        both = threading.Event()
        spring.gateway.arrived = lambda number: both.wait(20)
        programs = [spring.start(how=how, threads=4) for how in CARRIERS]
        spring.gateway.wait_for_open(8)
        both.set()
        outputs = [program.communicate(timeout=60)[0] for program in programs]
        requested = [int(number) for output in outputs for number in re.findall(r"requested=(\d+)", output)]
        assert len(requested) == len(programs)
        assert min(requested) >= 4
        assert sum(requested) == 300
        assert spring.check_done() == {"accepted": 300}


def test_a_slice_that_a_queue_runs_twice_sends_nothing_twice(ledger_where):
    with scene(ledger_where, 200, delay=0.02) as spring:
        programs = [spring.start(how="threads", threads=2, seconds=0.7) for _ in range(2)]
        outputs = [program.communicate(timeout=30)[0] for program in programs]
        refused = sum("another process is running" in output for output in outputs)
        assert refused == (1 if ledger_where.endswith(".db") else 0) or refused == 0  # they may run one after the other
        states = spring.check()
        assert states.keys() <= {"accepted", "ready"}
        spring.gateway.delay = 0
        spring.run()
        assert spring.check_done() == {"accepted": 200}


# ------------------------------------------------------------------------------------------------ the ledger fails


def test_a_full_disk_is_waited_for(sqlite_where):
    with scene(sqlite_where, 300, delay=0.08) as spring:
        program = spring.start(how="threads", patch={"running._LOOK_EVERY": 0.2})
        spring.gateway.wait_for(50)
        before = resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        time.sleep(1.5)
        came = len(spring.gateway.times)
        resource.prlimit(program.pid, resource.RLIMIT_FSIZE, before)
        assert came < 300  # it stopped taking messages
        output, errors = program.communicate(timeout=60)
        assert "End.DONE" in output, errors
        assert spring.check_done() == {"accepted": 300}


def test_a_locked_database_is_waited_for(sqlite_where):
    with scene(sqlite_where, 300, delay=0.02) as spring:
        program = spring.start(how="asyncio", wait=0.2, patch={"running._LOOK_EVERY": 0.2})
        spring.gateway.wait_for(50)
        with closing(sqlite3.connect(sqlite_where, isolation_level=None, timeout=10)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(1.5)
            other.execute("ROLLBACK")
        output, errors = program.communicate(timeout=60)
        assert "End.DONE" in output, errors
        assert spring.check_done() == {"accepted": 300}


@pytest.mark.parametrize("how", CARRIERS)
def test_a_run_ends_if_the_ledger_stays_away_and_the_next_goes_on(sqlite_where, how):
    with scene(sqlite_where, 300, delay=0.02) as spring:
        patch = {"running._LOOK_EVERY": 0.1, "running._STORAGE_PATIENCE": 0.5}
        program = spring.start(how=how, wait=0.1, patch=patch)
        spring.gateway.wait_for(50)
        with closing(sqlite3.connect(sqlite_where, isolation_level=None, timeout=10)) as other:
            other.execute("BEGIN IMMEDIATE")
            output, errors = program.communicate(timeout=30)
            other.execute("ROLLBACK")
        assert output.startswith("StorageError"), errors
        spring.run()
        states = spring.check_done()
        assert states["accepted"] + states["unknown"] == 300


@pytest.mark.parametrize("how", CARRIERS)
def test_a_restart_of_the_database_loses_nothing(private_postgres, how):
    with scene(private_postgres.url, 300, delay=0.02) as spring:
        program = spring.start(how=how, patch={"running._LOOK_EVERY": 0.2, "blocks.LEASE": 30.0})
        spring.gateway.wait_for(50)
        private_postgres.restart()
        output, errors = program.communicate(timeout=60)
        assert "End.DONE" in output, errors
        assert spring.check_done() == {"accepted": 300}


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_set_by_a_day_loses_nothing(sqlite_where, tmp_path, days):
    clock = tmp_path / "clock"
    clock.write_text("0")
    with scene(sqlite_where, 300, delay=0.02, rate=200) as spring:
        program = spring.start(how="threads", clock=str(clock))
        spring.gateway.wait_for(50)
        clock.write_text(str(days * 86400))
        output, errors = program.communicate(timeout=100)
        assert "End.DONE" in output, errors
        assert spring.check_done() == {"accepted": 300}


def test_a_copy_of_a_ledger_does_not_send(sqlite_where, tmp_path):
    with scene(sqlite_where, 20, lambda number, count: OK) as spring:
        program = spring.start(how="threads", threads=1, crash="after the answer", nth=5)
        program.communicate(timeout=30)
        (tmp_path / "backup").mkdir()
        copies = [shutil.copy(file, tmp_path / "backup") for file in tmp_path.glob("store.db*")]
        with pytest.raises(StorageError, match="is a copy"):
            Ledger(tmp_path / "backup" / "store.db")
        spring.run()
        # An older state of the file, in the place of the file.
        for copy in copies:
            if not copy.endswith((".original", ".lock")):
                with open(copy, "rb") as old, open(tmp_path / os.path.basename(copy), "r+b") as file:
                    file.write(old.read())
        with pytest.raises(StorageError, match="older than it was"):
            Ledger(sqlite_where)
