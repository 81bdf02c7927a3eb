"""Processes that are forked from one that has called, as gunicorn and Celery do: each gets its own answers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from client_calls import CANARY, SEND
from misbehaving_server import Echo

from skymms import Account
from skymms._functools import renew_after_fork
from skymms.rate_limit import SpacedRateLimit

pytestmark = [pytest.mark.compat, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]

PROGRAM = Path(__file__).parents[1] / "support" / "forking.py"


@pytest.mark.parametrize(
    ("case", "rounds"),
    [
        ("own session", 25),
        ("session of the caller", 25),
        ("special adapter", 25),
        ("limited pool", 25),
        ("threads", 25),
        ("async", 25),
        ("async session of the caller", 25),
        ("coroutine", 3),
        ("unused", 10),
    ],
)
def test_each_process_gets_its_own_answers(case, rounds):
    with Echo() as server:
        ended = subprocess.run(
            [sys.executable, str(PROGRAM), case, server.url, str(rounds)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (ended.returncode, ended.stderr[-2000:]) == (0, "")
        sent = [request.split(b"\r\n\r\n", 1)[1] for request in server.requests]
    assert len(sent) >= rounds * 2


def test_what_a_process_inherits_is_forgotten_with_its_owner():
    class Thing:
        renewed = 0

        def renew_after_fork(self) -> None:
            type(self).renewed += 1

    thing = Thing()
    renew_after_fork(thing)
    renew_after_fork(thing)
    from skymms import _functools

    _functools._renew_all()
    assert Thing.renewed == 1
    del thing
    _functools._renew_all()
    assert Thing.renewed == 1


def test_a_lock_that_a_lost_thread_held_does_not_block_a_rate_limit():
    limit = SpacedRateLimit(0.001)
    limit._lock.acquire()
    limit.renew_after_fork()
    assert limit.reserve() == 0


def test_processes_draw_different_waits():
    # Python seeds its generator anew in a forked process, so processes do not retry in step.
    program = (
        "import os, random, warnings; warnings.simplefilter('ignore'); import skymms\n"
        "random.seed(1)\n"
        "if os.fork() == 0: print(random.random(), flush=True); os._exit(0)\n"
        "os.wait(); print(random.random())"
    )
    drawn = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60).stdout
    assert len(set(drawn.split())) == 2


def test_a_client_that_was_renewed_before_its_first_call_sends(kind):
    with Echo() as echo, kind(Account(CANARY, url=echo.url)) as client:
        renewed = getattr(client, "_client", client)  # the tests' wrapper has the AsyncClient inside
        renewed.renew_after_fork()
        assert client.call(SEND).mms_id == SEND.to
