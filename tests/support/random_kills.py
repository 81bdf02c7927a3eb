"""Kills programs at random instants, and counts who was sent to twice: ``random_kills.py SECONDS [DATABASE…]``.

The gateway refuses, drops connections, and asks to slow down now and then. Each run of a broadcast is killed (SIGKILL), stopped
for longer than a message may wait (SIGSTOP), or interrupted, a random time after its first request; then another goes on. The
sessions of a database are ended as well. And
four programs send the same orders once each, and are killed.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

from broadcast_scene import SOON, Scene, scene
from counting_gateway import OK, CountingGateway

from skymms.broadcast import Ledger, Phase

#: Messages of each broadcast, and the largest time after a program's first request at which it is killed.
COUNT, LONGEST = 1500, 1.2


class Figures(NamedTuple):
    """What happened."""

    killed: int
    stopped: int
    interrupted: int
    disconnected: int
    broadcasts: int
    states: Counter[str]
    twice: int

    def plus(self, other: Figures) -> Figures:
        """Return the sum of both."""
        return Figures(
            self.killed + other.killed,
            self.stopped + other.stopped,
            self.interrupted + other.interrupted,
            self.disconnected + other.disconnected,
            self.broadcasts + other.broadcasts,
            self.states + other.states,
            self.twice + other.twice,
        )

    def __str__(self) -> str:
        states = ", ".join(f"{n:,} {state}" for state, n in sorted(self.states.items()))
        return (
            f"{self.killed} SIGKILL, {self.stopped} SIGSTOP, {self.interrupted} SIGINT or SIGTERM, {self.disconnected} times "
            f"all sessions of the database ended, in {self.broadcasts} broadcasts: {states}; {self.twice} sent twice"
        )


NOTHING = Figures(0, 0, 0, 0, 0, Counter(), 0)


class OnceFigures(NamedTuple):
    """What happened to messages that were sent once for each key."""

    killed: int
    keys: int
    twice: int

    def plus(self, other: OnceFigures) -> OnceFigures:
        """Return the sum of both."""
        return OnceFigures(self.killed + other.killed, self.keys + other.keys, self.twice + other.twice)

    def __str__(self) -> str:
        return f"{self.killed} kills of four programs with the same keys: {self.keys:,} keys were sent, {self.twice} twice"


NO_KEYS = OnceFigures(0, 0, 0)


def kill_at_random(where: str, seconds: float, seed: int) -> Figures:
    """Run one broadcast with kills for some seconds, and then to its end. Asserts what must always be true."""
    dice = random.Random(seed)
    happened: Counter[str] = Counter()

    def behave(number: str, count: int) -> str | None:
        roll = dice.random()
        return None if roll < 0.01 else "E106" if roll < 0.015 else "E110" if roll < 0.02 else OK

    # The breaker has tests of its own; here it would pause after each few lost answers. Short waits leave time for kills.
    patch = SOON | {
        "running._UNKNOWN_LIMIT": 50,
        "running._STALE": 0.5,
        "outcomes._RETRY_FIRST": 0.02,
        "turns._MAX_FACTOR": 1.0,
    }
    ends = time.monotonic() + seconds
    with scene(where, COUNT, behave, delay=0.01, rate=400) as broadcast:
        while True:
            arrived = threading.Event()
            broadcast.gateway.arrived = lambda number, arrived=arrived: arrived.set()  # type: ignore[misc]
            program = broadcast.start(how=dice.choice(["threads", "asyncio"]), patch=patch)
            while not arrived.wait(0.05) and program.poll() is None:
                pass
            if time.monotonic() < ends:
                if where.startswith("postgresql:") and dice.random() < 0.2 and _still_runs(program, dice):
                    happened["disconnect"] += _end_sessions(where)
                _disturb(program, dice, happened)
            _, errors = program.communicate(timeout=120)
            assert program.returncode in (0, 130, -signal.SIGKILL), errors
            broadcast.check()
            broadcast.resume()
            with Ledger(where) as ledger:
                if ledger["spring"].status().phase is Phase.DONE:
                    break
        states = broadcast.check_done()
        twice = sum(n - 1 for n in broadcast.gateway.requests.values() if n > 1)
    return Figures(happened["kill"], happened["stop"], happened["interrupt"], happened["disconnect"], 1, states, twice)


def _disturb(program: subprocess.Popen[str], dice: random.Random, happened: Counter[str]) -> None:
    """Kill or interrupt a program; some are stopped for a while before."""
    if dice.random() < 0.1 and _still_runs(program, dice):
        happened["stop"] += 1
        program.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        program.send_signal(signal.SIGCONT)
    if _still_runs(program, dice):
        if dice.random() < 0.15:
            happened["interrupt"] += 1
            program.send_signal(dice.choice([signal.SIGINT, signal.SIGTERM]))
        else:
            happened["kill"] += 1
            program.kill()


def _end_sessions(where: str) -> bool:
    """End all sessions with the ledger's schema, as an administrator or a failing network does; whether there were any."""
    import psycopg

    with psycopg.connect(where, autocommit=True) as session:
        ended = session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()"
        )
        return bool(ended.fetchall())


def _still_runs(program: subprocess.Popen[str], dice: random.Random) -> bool:
    """Wait a random time; whether the program has not ended by itself meanwhile."""
    try:
        program.wait(dice.uniform(0, LONGEST))
    except subprocess.TimeoutExpired:
        return True
    return False


def kill_once_at_random(where: str, seconds: float, seed: int) -> OnceFigures:
    """Let four programs send the same orders, kill them for some seconds, and count."""
    dice = random.Random(seed)

    def behave(number: str, count: int) -> str | None:
        roll = dice.random()
        return None if roll < 0.02 else "E106" if roll < 0.05 else OK

    ends, killed = time.monotonic() + seconds, 0
    with CountingGateway(behave, delay=0.01) as gateway:
        shop = Scene(where, gateway, 0)

        def start() -> subprocess.Popen[str]:
            return shop.start(orders=max(0, len(gateway.requests) - 30))

        Ledger(where).close()
        programs = [start() for _ in range(4)]
        try:
            while time.monotonic() < ends or killed < 4:
                place = dice.randrange(4)
                program = programs[place]
                assert program.stdout is not None
                working = program.stdout.readline() == "working\n"
                time.sleep(dice.uniform(0, 0.4))
                program.kill()
                _, errors = program.communicate()
                assert working, errors
                assert program.returncode == -signal.SIGKILL, errors
                killed += 1
                programs[place] = start()
        finally:
            shop.end()
        gateway.wait_until_idle()
        twice = sum(n - 1 for n in gateway.requests.values() if n > 1)
        return OnceFigures(killed, sum(1 for n in gateway.requests.values() if n), twice)


def main(seconds: float, urls: list[str]) -> None:
    """Kill for some seconds, in turn with a file and with each database, and print the figures."""
    ends = time.monotonic() + seconds
    runs, keys = NOTHING, NO_KEYS
    with tempfile.TemporaryDirectory() as directory:
        while time.monotonic() < ends:
            for kind in ("sqlite", *urls):
                seed = secrets.randbits(32)
                with nullcontext(f"{directory}/{seed}.db") if kind == "sqlite" else fresh_schema(kind) as where:
                    runs = runs.plus(kill_at_random(where, 20, seed))
                with nullcontext(f"{directory}/{seed}-once.db") if kind == "sqlite" else fresh_schema(kind) as where:
                    keys = keys.plus(kill_once_at_random(where, 10, seed))
                print(f"{kind.partition(':')[0]}, seed {seed}", runs, keys, sep="\n  ", flush=True)


@contextmanager
def fresh_schema(url: str) -> Generator[str]:
    """The URL of a schema that is dropped afterwards."""
    import psycopg
    from stores import in_schema

    schema = f"skymms_kills_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE SCHEMA {schema}".encode())
        try:
            yield in_schema(url, schema)
        finally:
            server.execute(f"DROP SCHEMA {schema} CASCADE".encode())


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
