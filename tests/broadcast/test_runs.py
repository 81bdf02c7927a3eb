"""What a run does: obeys, pauses, waits, and writes each intent before its request."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from broadcast_scene import SOON, scene
from broadcast_worker import FIRST, KEY, MESSAGE, recipients
from cellcast_server import ADA, BOB, EVE, AcceptingGateway, account
from counting_gateway import OK, CountingGateway

from skymms import Account, Client, ConfigurationError, Slideshow
from skymms.aio import AsyncClient
from skymms.broadcast import End, Hours, Ledger, Phase, Recipient
from skymms.broadcast.blocks import Holder
from skymms.broadcast.messages import CellcastMessages
from skymms.broadcast.running import Desk
from skymms.cellcast import CellcastSend
from skymms.storage import sqlite

CARRIERS = pytest.mark.parametrize("how", ["threads", "asyncio"])


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Runs look around often, and wait little."""
    for name, value in {**SOON, "outcomes._RETRY_FIRST": 0.02}.items():
        monkeypatch.setattr(f"skymms.broadcast.{name}", value)


@pytest.fixture
def clock(monkeypatch):
    """A function that sets the clock of SQLite ledgers to a time; it goes on from there."""
    offset = 0.0

    def set_to(at: datetime) -> None:
        nonlocal offset
        offset = at.timestamp() - time.time()

    monkeypatch.setattr(sqlite._Transaction, "now", lambda transaction: time.time() + offset)
    return set_to


def stop_outside_hours(desk):
    """Stop a run that only waits for the hours of its broadcast."""
    if desk.outside_hours:
        desk.stop()


def run(spring, how, **options):
    """Run a broadcast in this process, and return its result."""
    if how == "threads":
        return spring.run(**options)

    async def carry():
        async with AsyncClient(Account(KEY, url=spring.gateway.url), timeout=(10, 60)) as client:
            with Ledger(spring.where) as ledger:
                return await ledger["spring"].run_async(client, concurrency=8, **options)

    return asyncio.run(carry())


# ------------------------------------------------------------------------------------------------ the intent is first


@CARRIERS
def test_an_intent_is_on_disk_before_its_request(ledger_where, how):
    with scene(ledger_where, 60) as spring:
        seen = {}

        def arrived(number):
            with Ledger(spring.where) as ledger:  # another connection sees only what is committed
                rows = [row for row in ledger["spring"].rows() if row["number"] == number]
                seen[number] = rows[0]["state"], rows[0]["attempts"]

        spring.gateway.arrived = arrived
        assert run(spring, how).end is End.DONE
        assert set(seen.values()) == {("sending", 1)}
        assert spring.check_done() == {"accepted": 60}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_an_intent_is_synced_before_its_request(sqlite_where, tmp_path):
    trace = tmp_path / "trace"
    strace = (
        "strace",
        "-qq",
        "-f",
        "-y",
        "-s",
        "2000",
        "-e",
        "trace=fsync,fdatasync,pwrite64,write,sendto,sendmsg",
        "-o",
        str(trace),
    )
    with scene(sqlite_where, 10) as spring:
        program = spring.start(*strace, how="threads", threads=1)
        _, errors = program.communicate(timeout=60)
        assert spring.check_done() == {"accepted": 10}, errors
    unsynced: set[str] = set()
    synced_since_request = 0
    requests = 0
    # A call that another thread interrupts is split in two lines: the end of a sync counts, and the start of the others.
    syncing: dict[str, str] = {}
    for line in trace.read_text().splitlines():
        thread = line.split()[0]
        file = re.search(r"<([^<>]*/store\.db(?:-journal|-wal)?)>", line)
        if file and re.search(r" (pwrite64|write)\(", line):
            unsynced.add(file[1])
        elif file and re.search(r" (fsync|fdatasync)\(", line):
            if "unfinished" in line:
                syncing[thread] = file[1]
            else:
                unsynced.discard(file[1])
                synced_since_request += 1
        elif re.search(r"<\.\.\. (fsync|fdatasync) resumed>", line) and thread in syncing:
            unsynced.discard(syncing.pop(thread))
            synced_since_request += 1
        elif "<TO>" in line or "%3CTO%3E" in line:
            assert not unsynced, line
            assert synced_since_request, line
            requests, synced_since_request = requests + 1, 0
    assert requests == 10


# ------------------------------------------------------------------------------------------------ operators


@CARRIERS
def test_an_opt_out_during_a_run_is_obeyed(ledger_where, how):
    with scene(ledger_where, 200, delay=0.02, rate=200) as spring, Ledger(ledger_where) as ledger:
        last = str(FIRST + 199)
        suppressed = threading.Event()

        def arrived(number):
            if number == str(FIRST + 20):
                ledger.suppress([last], source="a phone call")
                suppressed.set()
            elif int(number) > FIRST + 20:
                suppressed.wait(60)  # on a busy machine, writing takes longer than the rest of the list

        spring.gateway.arrived = arrived
        assert run(spring, how).end is End.DONE
        assert spring.gateway.requests[last] == 0
        assert spring.rows()[last]["reason"] == "opted out"
        assert spring.check_done() == {"accepted": 199, "skipped": 1}


@CARRIERS
@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_another_process_pauses_or_cancels_a_run(ledger_where, verb, how):
    with scene(ledger_where, 600, delay=0.03) as spring:
        program = spring.start(how=how, threads=4)
        spring.gateway.wait_for(20)
        with Ledger(ledger_where) as ledger:
            getattr(ledger["spring"], verb)()
            output, errors = program.communicate(timeout=30)
            assert {"pause": "End.PAUSED", "cancel": "End.CANCELLED"}[verb] in output, errors
            states = spring.check()
            assert states.keys() == {"accepted", "ready" if verb == "pause" else "skipped"}
            if verb == "cancel":
                with pytest.raises(ConfigurationError, match="cannot be cancelled"):
                    ledger["spring"].cancel()
                return
            with pytest.raises(ConfigurationError, match="resume it first"):
                spring.run()
            ledger["spring"].resume()
        spring.gateway.delay = 0
        assert run(spring, how).end is End.DONE
        assert spring.check_done() == {"accepted": 600}


@CARRIERS
def test_a_failing_watch_ends_a_run_and_loses_nothing(ledger_where, how):
    def watch(desk):
        if desk.requested > 10:
            raise BrokenPipeError

    with scene(ledger_where, 300, delay=0.02) as spring:
        with pytest.raises(BrokenPipeError):
            run(spring, how, watch=watch)
        assert spring.check().keys() == {"accepted", "ready"}
        run(spring, how)
        assert spring.check_done() == {"accepted": 300}


@pytest.mark.compat
@CARRIERS
def test_a_slice_ends_in_time_and_the_next_goes_on(ledger_where, how):
    with scene(ledger_where, 200, delay=0.05) as spring:
        assert run(spring, how, seconds=0.3).end is End.STOPPED
        assert spring.check().keys() <= {"accepted", "ready"}
        assert run(spring, how).end is End.DONE
        assert spring.check_done() == {"accepted": 200}


def test_a_run_is_done_when_another_one_has_noticed_the_end(ledger_where):
    with scene(ledger_where, 1), Ledger(ledger_where) as ledger:
        broadcast = ledger["spring"]
        broadcast._begin()
        holder = Holder(ledger._store, broadcast.id, broadcast.settings, account="test", sender="60856", scopes=())
        holder.begin(alone=False)
        desk = Desk(holder, rate=None, concurrency=1, seconds=None, pause=broadcast._pause)
        with ledger._store.transaction() as transaction:
            broadcast._set_phase(transaction, Phase.DONE, None, Phase.RUNNING)
        desk.exchange()
        assert desk.over
        assert desk.finish().end is End.DONE
        assert broadcast.status().phase is Phase.DONE


# ------------------------------------------------------------------------------------------------ the gateway fails


@CARRIERS
def test_a_key_that_is_revoked_pauses_and_nobody_is_lost(ledger_where, how):
    revoked = threading.Event()
    with scene(ledger_where, 100, lambda number, count: "E104" if revoked.is_set() else OK) as spring:
        spring.gateway.arrived = lambda number: revoked.set() if number == str(FIRST + 40) else None
        result = run(spring, how)
        assert (result.end, "E104" in (result.why or "")) == (End.PAUSED, True)
        states = spring.check()
        assert states.keys() == {"accepted", "ready"}
        with Ledger(ledger_where) as ledger:
            assert "E104" in (ledger["spring"].status().why or "")
        revoked.clear()
        spring.gateway.arrived = lambda number: None
        spring.resume()
        assert run(spring, how).end is End.DONE
        assert spring.check_done() == {"accepted": 100}
        assert all(row["attempts"] == 1 for row in spring.rows().values())


@CARRIERS
def test_refusals_that_meet_every_message_pause(ledger_where, how):
    with scene(ledger_where, 200, lambda number, count: "E111") as spring:
        result = run(spring, how)
        assert result.end is End.PAUSED
        assert "in a row were refused, the last because of: E111" in (result.why or "")
        states = spring.check()
        assert 20 <= states["refused"] < 100
        assert states["refused"] + states["ready"] == 200


@CARRIERS
def test_refusals_that_are_about_recipients_do_not_pause(ledger_where, how):
    with scene(ledger_where, 60, lambda number, count: "E110" if int(number) % 2 else "E114") as spring:
        assert run(spring, how).end is End.DONE
        assert spring.check_done() == {"refused": 60}


@CARRIERS
def test_many_unknown_outcomes_pause(ledger_where, how):
    with scene(ledger_where, 100, lambda number, count: None) as spring:
        result = run(spring, how)
        assert result.end is End.PAUSED
        assert "outcomes are unknown" in (result.why or "")
        states = spring.check()
        assert 6 <= states["unknown"] <= 30
        assert states["unknown"] + states["ready"] == 100
        # The window is empty again after `resume`.
        spring.gateway.behave = lambda number, count: OK
        spring.resume()
        assert run(spring, how).end is End.UNKNOWN
        assert spring.check_done()["unknown"] == states["unknown"]


@CARRIERS
def test_a_gateway_that_cannot_be_reached_pauses_and_nobody_is_lost(ledger_where, how):
    with scene(ledger_where, 60) as spring:
        url, spring.gateway.url = spring.gateway.url, "http://127.0.0.1:9/API/wxml/1.3/index.php"
        result = run(spring, how)
        assert (result.end, result.requested) == (End.PAUSED, 0)
        assert "could not be reached" in (result.why or "")
        assert spring.check() == {"ready": 60}
        spring.gateway.url = url
        spring.resume()
        assert run(spring, how).end is End.DONE
        assert spring.check_done() == {"accepted": 60}


@CARRIERS
def test_a_lost_answer_of_cellcast_leaves_the_numbers_of_its_request_unknown(ledger_where, how, monkeypatch):
    monkeypatch.setattr(CellcastMessages, "group", 2)
    people = [Recipient(ADA), Recipient(BOB), Recipient(EVE), Recipient("+61491570159")]
    coupon = CellcastSend(Slideshow("spring", subject="Spring").slide("Hello", image="https://a.example/a.jpg"))
    with AcceptingGateway(fails={0}) as server, Ledger(ledger_where) as ledger:
        spring = ledger.create("spring", coupon, people)

        async def carry():
            async with AsyncClient(account(server)) as client:
                return await spring.run_async(client, concurrency=1)

        def run_again():
            if how == "asyncio":
                return asyncio.run(carry())
            with Client(account(server)) as client:
                return spring.run(client, threads=1)

        assert run_again().end is End.UNKNOWN
        assert spring.status().counts == {"accepted": 2, "unknown": 2}
        assert {row["number"] for row in spring.unknown()} == {ADA[1:], BOB[1:]}
        assert len(server.requests) == 2
        assert run_again().end is End.UNKNOWN
        assert len(server.requests) == 2


def test_a_gateway_that_wants_less_slows_everybody(ledger_where, monkeypatch):
    monkeypatch.setattr("skymms.broadcast.outcomes._RETRY_FIRST", 1.0)
    complained = str(FIRST + 30)

    def behave(number, count):
        return "E106" if number == complained and not spring.gateway.refused[number] else OK

    with scene(ledger_where, 100, rate=100) as spring:
        spring.gateway.behave = behave
        assert spring.run().end is End.DONE
        assert spring.check_done() == {"accepted": 100}
        assert spring.rows()[complained]["attempts"] == 2
        times = spring.gateway.times
        gaps = sorted((later - earlier for earlier, later in pairwise(times)), reverse=True)
        assert gaps[0] > 0.5, "nobody has a turn while the gateway wants none"
        # Half as fast afterwards: the last 40 messages took more than 0.02 s each, less those taken before the complaint.
        assert times[-1] - times[-30] > 29 * 0.015


def test_ten_attempts_are_the_most(ledger_where, monkeypatch):
    monkeypatch.setattr("skymms.broadcast.outcomes._RETRY_FIRST", 0.001)
    with scene(ledger_where, 3, lambda number, count: "E106" if number == str(FIRST) else OK) as spring:
        assert spring.run().end is End.DONE
        assert spring.check_done() == {"accepted": 2, "refused": 1}
        assert spring.gateway.refused[str(FIRST)] == 10
        row = spring.rows()[str(FIRST)]
        assert (row["attempts"], row["code"], row["reason"]) == (10, "E106", "10 attempts")


def test_a_number_that_the_gateway_blocks_is_suppressed_for_later_broadcasts(ledger_where):
    blocked = str(FIRST + 1)
    with scene(ledger_where, 5, lambda number, count: "E114" if number == blocked else OK) as spring:
        spring.run()
        assert spring.check_done() == {"accepted": 4, "refused": 1}
        assert spring.rows()[blocked]["code"] == "E114"
        with Ledger(ledger_where) as ledger, Client(Account(KEY, url=spring.gateway.url)) as client:
            summer = ledger.create("summer", MESSAGE, recipients(5))
            summer.run(client)
            assert summer.status().counts == {"accepted": 4, "skipped": 1}
        assert spring.gateway.refused[blocked] == 1


# ------------------------------------------------------------------------------------------------ times


def test_nothing_is_sent_before_the_start_and_what_is_late_expires(sqlite_where, clock):
    start = datetime(2027, 3, 1, 9, tzinfo=UTC)
    clock(start - timedelta(hours=1))
    with scene(sqlite_where, 20, start=start, until=start + timedelta(hours=2)) as spring:
        assert spring.run(seconds=0.3).end is End.STOPPED
        assert spring.check() == {"ready": 20}
        clock(start + timedelta(hours=2))
        assert spring.run().end is End.DONE
        assert spring.check_done() == {"skipped": 20}
        assert {row["reason"] for row in spring.rows().values()} == {"expired"}


def test_messages_are_sent_inside_the_hours_of_each_time_zone(sqlite_where, clock):
    clock(datetime(2027, 1, 15, 15, 30, tzinfo=UTC))  # 10:30 in New York, 07:30 in Los Angeles
    people = [Recipient(FIRST, zone="America/New_York"), Recipient(FIRST + 1, zone="America/Los_Angeles"), Recipient(FIRST + 2)]
    with CountingGateway() as gateway, Ledger(sqlite_where) as ledger, Client(Account(KEY, url=gateway.url)) as client:
        hours = Hours("09:00", "20:00", zone="America/Chicago")
        spring = ledger.create("spring", MESSAGE, people, hours=hours)
        assert spring.run(client, watch=stop_outside_hours).end is End.STOPPED
        assert gateway.requests == {str(FIRST): 1, str(FIRST + 2): 1}
        clock(datetime(2027, 1, 15, 17, 0, tzinfo=UTC))
        assert spring.run(client).end is End.DONE
        assert max(gateway.requests.values()) == 1


def test_nothing_is_requested_in_the_last_seconds_before_the_hours_end(sqlite_where, clock):
    # A request may leave some seconds after its block was taken.
    clock(datetime(2027, 1, 15, 19, 59, 56, tzinfo=UTC))
    with scene(sqlite_where, 5, hours=Hours("09:00", "20:00")) as spring:
        assert spring.run(seconds=1).end is End.STOPPED
        assert spring.check() == {"ready": 5}


@pytest.mark.parametrize(
    ("closed", "opened"),
    [
        # Summer time begins: 02:00 is followed by 03:00, so hours that begin at 02:30 begin half an hour late.
        (datetime(2027, 3, 14, 6, 59, 30, tzinfo=UTC), datetime(2027, 3, 14, 7, 0, tzinfo=UTC)),
        # It ends: 01:59 comes twice, and neither is inside.
        (datetime(2027, 11, 7, 6, 59, tzinfo=UTC), datetime(2027, 11, 7, 7, 30, tzinfo=UTC)),
    ],
    ids=["spring", "autumn"],
)
def test_hours_follow_the_local_clock_when_it_is_changed(sqlite_where, clock, closed, opened):
    clock(closed)
    with scene(sqlite_where, 5, hours=Hours("02:30", "04:00", zone="America/New_York")) as spring:
        assert spring.run(watch=stop_outside_hours).end is End.STOPPED
        assert spring.check() == {"ready": 5}
        clock(opened)
        assert spring.run().end is End.DONE
        assert spring.check_done() == {"accepted": 5}


def test_a_crash_is_seen_by_somebody_who_reads_the_file_meanwhile(sqlite_where):
    """A reader of the file needs no skymms: the states are words in a table."""
    with scene(sqlite_where, 10) as spring:
        spring.start(how="threads", threads=1, crash="before the request", nth=3).communicate(timeout=30)
        with closing(sqlite3.connect(sqlite_where)) as file:
            states = dict(file.execute("SELECT state, count(*) FROM skymms_message GROUP BY state"))
        assert states["sending"] == 1
        with Ledger(sqlite_where) as ledger:
            assert ledger["spring"].status().phase is Phase.RUNNING
