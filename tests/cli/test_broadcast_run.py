"""`skymms broadcast run`: how it ends, what it shows, and what signals do to it."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from broadcast_files import LIST, NUMBERS, create, many
from cellcast_server import ADA, BOB, AcceptingGateway, body
from cli_messages import encode
from cli_process import COUPON, PYTHONPATH, allow_interrupt, environ
from counting_gateway import CountingGateway

from skymms import SendMMS, Slideshow
from skymms.broadcast import Ledger


@pytest.fixture
def counting(monkeypatch):
    """A gateway that counts requests, named by the environment."""
    with CountingGateway() as gateway:
        monkeypatch.setenv("SKYMMS_URL", gateway.url)
        yield gateway


@pytest.fixture(params=["aiohttp", "threads"])
def library(request, monkeypatch):
    """With aiohttp installed, and without."""
    if request.param == "threads":
        monkeypatch.setitem(sys.modules, "aiohttp", None)
    return request.param


class TestEnd:
    @pytest.mark.usefixtures("library")
    def test_status_0_if_all_is_known(self, run, counting):
        create(run)
        result = run("broadcast", "run", "spring")
        assert result.status == 0
        assert re.search(r"state +done\n", result.out)
        assert re.search(r"accepted +3 *\n", result.out)
        assert "finished; this run requested 3" in result.err
        assert counting.requests == dict.fromkeys(NUMBERS, 1)
        assert run("broadcast", "run", "spring").status == 0
        assert counting.requests == dict.fromkeys(NUMBERS, 1)

    @pytest.mark.usefixtures("library")
    def test_status_5_if_an_outcome_is_unknown(self, run, counting):
        counting.behave = lambda number, count: None if number == NUMBERS[1] else "ok"
        create(run)
        result = run("broadcast", "run", "spring", "--json")
        assert result.status == 5
        assert result.json["counts"] == {"accepted": 2, "unknown": 1}
        assert (result.json["end"], result.json["requested"], result.json["in_flight"]) == ("unknown", 3, [])
        assert "1 message may have been sent, and will not be sent again." in result.err
        assert "`skymms broadcast unknown spring` lists them" in result.err
        assert run("broadcast", "run", "spring").status == 5
        assert sum(counting.requests.values()) == 3
        assert "may have been sent" in run("broadcast", "status", "spring").err

    @pytest.mark.usefixtures("library")
    def test_status_6_if_every_message_would_be_refused_until_it_is_resumed(self, run, counting):
        counting.behave = lambda number, count: "E104"
        create(run)
        result = run("broadcast", "run", "spring")
        assert result.status == 6
        assert re.search(r"spring is paused: E104.*`skymms broadcast resume spring` clears it", result.err)
        assert run("broadcast", "status", "spring", "--json").json["counts"] == {"ready": 3}
        assert run("broadcast", "run", "spring").status == 6
        counting.behave = lambda number, count: "ok"
        assert run("broadcast", "resume", "spring").status == 0
        assert run("broadcast", "run", "spring").status == 0

    def test_a_broadcast_that_is_paused_or_cancelled_elsewhere_ends_the_run(self, run, counting):
        def elsewhere(act: Callable[[Any], Any]) -> Callable[[str, int], str]:
            def behave(number: str, count: int) -> str:
                with Ledger("skymms.db") as ledger:
                    if ledger["spring"].status().phase == "running":
                        act(ledger["spring"])
                return "ok"

            return behave

        create(run, "--rate", "2")
        counting.behave = elsewhere(lambda broadcast: broadcast.pause(why="lunch"))
        paused = run("broadcast", "run", "spring")
        assert paused.status == 6
        assert "spring is paused: lunch" in paused.err
        run("broadcast", "resume", "spring")
        counting.behave = elsewhere(lambda broadcast: broadcast.cancel())
        cancelled = run("broadcast", "run", "spring")
        assert cancelled.status == 0
        assert "cancelled; this run requested" in cancelled.err

    def test_a_slice_ends_after_its_seconds(self, run, counting):
        create(run, "--rate", "1", people=many(50))
        result = run("broadcast", "run", "spring", "--seconds", "0.5")
        assert result.status == 0
        assert re.search(r"the time is over; this run requested \d+; \d+ are left; run it again to go on", result.err)
        assert 0 < run("broadcast", "status", "spring", "--json").json["counts"]["ready"] < 50
        assert run("broadcast", "run", "spring", "--seconds", "0").status == 2

    def test_the_dialect_is_that_of_the_file_at_create(self, run, sandbox, monkeypatch):
        monkeypatch.setenv("SKYMMS_URL", sandbox.account("sinch").address)
        message = encode("sinch", SendMMS(SHOW, to="15551234888", sender="60856", service_id="7"))
        assert run("broadcast", "create", "s", "f", "--recipients", "people", f=message, people=LIST).status == 0
        before = len(sandbox.sent)
        assert run("broadcast", "run", "s").status == 0
        assert len(sandbox.sent) == before + 3
        assert run("broadcast", "run", "s", "--dialect", "klingon").status == 2

    def test_a_wrong_key_pauses(self, run, gateway, monkeypatch):
        create(run)
        monkeypatch.setenv("SKYMMS_API_KEY", "another-key-of-somebody")
        assert run("broadcast", "run", "spring").status == 6

    def test_an_unreachable_gateway_is_named(self, run, monkeypatch, capsys):
        monkeypatch.setenv("SKYMMS_URL", "http://127.0.0.1:1/API/wxml/1.3/index.php")
        create(run, people=many(60))
        result = run("broadcast", "run", "spring")
        assert result.status == 6
        assert "the gateway could not be reached" in result.err

    def test_two_runs_of_a_file_at_once_are_refused(self, run, counting):
        create(run)
        with Ledger("skymms.db") as ledger, ledger._store.lock_runner("spring"):
            result = run("broadcast", "run", "spring")
        assert result.status == 3
        assert "broadcasts of skymms.db are being run already: wait for the end of that run" in result.err


SHOW = Slideshow("n", subject="s", fallback_text="f").slide("t")


def hours_in(first: float, last: float) -> str:
    """Hours of UTC that begin and end so many hours from now."""
    now = datetime.now(UTC)
    return f"{now + timedelta(hours=first):%H:%M}-{now + timedelta(hours=last):%H:%M}"


class TestWaiting:
    def test_outside_its_hours_a_run_waits_and_says_so(self, run, counting):
        create(run, "--hours", hours_in(2, 4), "--zone", "UTC")
        result = run("broadcast", "run", "spring", "--seconds", "1.5")
        assert result.status == 0
        opens = f"{datetime.now(UTC) + timedelta(hours=2):%Y-%m-%d %H:}"
        assert re.search(rf"outside the hours \S+: waiting until {opens}\d\d:00 UTC", result.err)
        assert counting.requests == {}

    def test_before_its_start_a_run_waits_and_says_so(self, run, counting):
        create(run, "--start", f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}+00:00")
        result = run("broadcast", "run", "spring", "--seconds", "1.5")
        assert result.status == 0
        assert "waiting for the start, 2" in result.err
        assert counting.requests == {}

    def test_within_its_hours_it_sends(self, run, counting):
        create(run, "--hours", hours_in(-2, 2), "--zone", "UTC")
        assert run("broadcast", "run", "spring").status == 0


class TestCellcast:
    MESSAGE = 'name = "n"\nsubject = "s"\n[[slide]]\ntext = "Hello"\nimage = "http://media.example/a.jpg"\n'
    PEOPLE = "mobile\n0491 570 156\n+61491570157\n0491570159\n12345\n"

    def test_a_cellcast_broadcast_sends_many_numbers_in_one_request(self, run, monkeypatch):
        monkeypatch.setenv("SKYMMS_CELLCAST_KEY", "0123456789abcdef-key")
        options = ("--cellcast", "--generation", "v3", "--skip-invalid")
        files = {"f": self.MESSAGE, "people": self.PEOPLE}
        result = run("broadcast", "create", "au", "f", "--recipients", "people", *options, **files)
        assert result.status == 0
        assert "line 5" not in result.err
        assert "not an Australian mobile number" in result.out
        with AcceptingGateway() as server:
            url = ("--url", f"http://127.0.0.1:{server.port}/api/v3/")
            # The generation is that of the broadcast.
            assert run("broadcast", "run", "au", *url, "--proof", BOB).status == 0
            proof, everybody = (json.loads(body(request)) for request in server.requests)
        assert [number.lstrip("+") for number in proof["numbers"]] == [BOB.lstrip("+")]
        assert len(everybody["numbers"]) == 3
        assert run("broadcast", "status", "au", "--json").json["counts"] == {"accepted": 3}
        assert "is accepted in the broadcast" in run("broadcast", "settle", "au", ADA, "--as", "sent").err

    def test_a_profile_for_cellcast_makes_a_cellcast_broadcast(self, run, tmp_path, monkeypatch):
        (tmp_path / "c.toml").write_text('[profiles.au]\ngateway = "cellcast"\ngeneration = "v3"\napi_key = "k-0123456789"\n')
        (tmp_path / "c.toml").chmod(0o600)
        monkeypatch.setenv("SKYMMS_CONFIG", str(tmp_path / "c.toml"))
        files = {"f": self.MESSAGE, "people": self.PEOPLE}
        argv = ("broadcast", "create", "au", "f", "--recipients", "people", "--skip-invalid")
        assert run("--profile", "au", *argv, **files).status == 0
        with AcceptingGateway() as server:
            url = f"http://127.0.0.1:{server.port}/api/v3/"
            assert run("--profile", "au", "broadcast", "run", "au", "--url", url).status == 0

    def test_v1_sends_a_picture(self, run, tmp_path):
        (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0jpeg")
        message = 'name = "n"\n[[slide]]\ntext = "Hello"\n'
        options = ("--generation", "v1", "--media", "a.jpg", "--from", "Shop", "--skip-invalid")
        files = {"f": message, "people": self.PEOPLE}
        assert run("broadcast", "create", "au", "f", "--recipients", "people", *options, **files).status == 0


# ------------------------------------------------------------------------------------------------ processes


def start_run(url: str, *options: str, library: str = "aiohttp", terminal: int | None = None) -> subprocess.Popen[bytes]:
    """Start `skymms broadcast run spring` as a process."""
    missing = "sys.modules['aiohttp'] = None; " if library == "threads" else ""
    script = f"import sys; {missing}from skymms.cli import entry; entry()"
    return subprocess.Popen(
        [sys.executable, "-c", script, "broadcast", "run", "spring", *options],
        env=environ(PYTHONPATH=PYTHONPATH, SKYMMS_URL=url),
        preexec_fn=allow_interrupt,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if terminal is None else terminal,
    )


class TestSignals:
    """Each kind of end leaves at most one request for a number."""

    @pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_the_first_signal_waits_for_the_calls_in_flight(self, run, counting, library, sent, status):
        arrived = threading.Event()
        counting.behave = lambda number, count: (arrived.set(), "ok")[1]
        counting.delay = 0.2
        create(run, "--rate", "20", people=many(200))
        process = start_run(counting.url, library=library)
        assert arrived.wait(30)
        process.send_signal(sent)
        _, err = process.communicate(timeout=60)
        assert process.returncode == status
        assert f"stopped by {sent.name}; this run requested" in err.decode()
        assert b"Traceback" not in err
        counts = run("broadcast", "status", "spring", "--json").json["counts"]
        assert set(counts) == {"accepted", "ready"}
        assert counts["accepted"] == sum(counting.requests.values())
        assert set(counting.requests.values()) == {1}

    def test_the_second_signal_ends_at_once_and_names_what_was_in_flight(self, run, counting, library):
        arrived, release = threading.Event(), threading.Event()

        def behave(number: str, count: int) -> str:
            arrived.set()
            release.wait(60)
            return "ok"

        counting.behave = behave
        create(run)
        process = start_run(counting.url, "--json", library=library)
        assert arrived.wait(30)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        seen = read_until(process.stderr.fileno(), b"A second signal ends the run at once")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        release.set()
        assert process.returncode == 130
        assert re.search(rb"SIGINT: no more messages are taken; waiting for [1-3] in flight", seen)
        in_flight = json.loads(out)["in_flight"]
        assert in_flight
        assert f"in flight when the run ended, and unknown now: {', '.join(in_flight)}" in err.decode()
        unknown = run("broadcast", "unknown", "spring", "--json").json["unknown"]
        assert {row["number"] for row in unknown} == set(in_flight)
        assert {row["reason"] for row in unknown} == {"interrupted"}
        # Nothing is sent again by the next run.
        assert run("broadcast", "run", "spring").status == 5
        assert set(counting.requests.values()) == {1}

    def test_an_ignored_signal_stays_ignored(self, run, counting):
        arrived = threading.Event()
        counting.behave = lambda number, count: (arrived.set(), "ok")[1]
        create(run, "--rate", "2")
        ignoring = "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); from skymms.cli import entry; entry()"
        process = subprocess.Popen(
            [sys.executable, "-c", ignoring, "broadcast", "run", "spring"],
            env=environ(PYTHONPATH=PYTHONPATH, SKYMMS_URL=counting.url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert arrived.wait(30)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0

    def test_a_run_goes_on_after_kills(self, run, counting):
        create(run, "--rate", "100", people=many(100))
        for enough in (20, 60):
            arrived = threading.Event()
            counting.behave = lambda number, count, enough=enough, arrived=arrived: (
                "ok" if len(counting.requests) < enough else (arrived.set(), "ok")[1]
            )
            process = start_run(counting.url)
            assert arrived.wait(60)
            process.kill()
            process.communicate()
        assert run("broadcast", "run", "spring").status in (0, 5)
        counts = run("broadcast", "status", "spring", "--json").json["counts"]
        assert sum(counts.values()) == 100
        assert set(counting.requests.values()) == {1}
        assert counts["accepted"] <= len(counting.requests) <= 100


def read_until(descriptor: int, wanted: bytes, seconds: float = 60) -> bytes:
    """Read from a file descriptor until something was seen, and return all."""
    seen = b""
    while wanted not in seen:
        assert select.select([descriptor], [], [], seconds)[0], seen
        data = os.read(descriptor, 65536)
        assert data, seen
        seen += data
    return seen


def test_on_a_terminal_a_bar_shows_the_states_the_rate_and_the_time_left(run, counting):
    counting.delay = 0.05
    create(run, "--rate", "30", people=many(90))
    controller, terminal = os.openpty()
    process = start_run(counting.url, terminal=terminal)
    os.close(terminal)
    seen = read_until(controller, b"finished; this run requested 90").decode()
    process.communicate(timeout=60)
    os.close(controller)
    assert process.returncode == 0
    assert "━" in seen
    assert "90/90" in seen
    assert re.search(r"\d+\.\d/s; \d+ s left; ready \d+, ", seen)
    assert "accepted 90" in seen


def test_elsewhere_there_are_lines(run, counting):
    create(run)
    result = run("broadcast", "run", "spring")
    assert re.search(r"^\d\d:\d\d:\d\d  \d of 3; (ready|sending|accepted) ", result.err, re.MULTILINE)


def test_a_run_outside_the_main_thread_works_without_signals(run, counting):
    create(run)
    results = []
    thread = threading.Thread(target=lambda: results.append(run("broadcast", "run", "spring")))
    thread.start()
    thread.join(60)
    assert results[0].status == 0


def test_the_coupon_is_what_everybody_gets(run, gateway):
    before = len(gateway.sent)
    create(run, f=COUPON.replace("Good to have you with us.", "Hi {first_name|you}!"))
    assert run("broadcast", "run", "spring").status == 0
    assert sorted(one.slideshow.slides[0].text for one in gateway.sent[before:]) == ["Hi Ada!", "Hi Bob!", "Hi you!"]
