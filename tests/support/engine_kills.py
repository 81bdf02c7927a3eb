"""Kills the workers of engines at random instants, and counts who was sent to twice: ``engine_kills.py SECONDS DATABASE``.

The workers send slices of a broadcast by procrastinate, and by Celery over Redis and RabbitMQ. All processes of a worker are
killed, or only its first, or only the one that sends; some are asked to end with SIGTERM. Now and then the gateway refuses,
drops connections, or asks to slow down.
"""

from __future__ import annotations

import random
import secrets
import signal
import sys
import time
from collections import Counter
from typing import NamedTuple

from counting_gateway import OK
from engine_scene import ENGINES, EngineScene, engine_scene
from random_kills import fresh_schema

from skymms.broadcast import Ledger, Phase


class Figures(NamedTuple):
    """What happened."""

    killed: int
    stopped: int
    broadcasts: int
    states: Counter[str]
    twice: int

    def plus(self, other: Figures) -> Figures:
        """Return the sum of both."""
        return Figures(
            self.killed + other.killed,
            self.stopped + other.stopped,
            self.broadcasts + other.broadcasts,
            self.states + other.states,
            self.twice + other.twice,
        )

    def __str__(self) -> str:
        states = ", ".join(f"{n:,} {state}" for state, n in sorted(self.states.items()))
        return (
            f"{self.killed} SIGKILL and {self.stopped} SIGTERM of workers in {self.broadcasts} broadcasts: {states}; "
            f"{self.twice} sent twice"
        )


NOTHING = Figures(0, 0, 0, Counter(), 0)


def kill_workers(where: str, engine: str, seconds: float, seed: int, *, workers: int = 3, count: int = 600) -> Figures:
    """Let workers send a broadcast, kill them for some seconds, and let it end. Asserts what must always be true."""
    dice = random.Random(seed)
    happened: Counter[str] = Counter()

    def behave(number: str, count: int) -> str | None:
        roll = dice.random()
        return None if roll < 0.01 else "E106" if roll < 0.015 else "E110" if roll < 0.02 else OK

    # The breaker has tests of its own. Short waits leave time for kills.
    patch = {"running._UNKNOWN_LIMIT": 50, "running._STALE": 0.5, "outcomes._RETRY_FIRST": 0.02, "turns._MAX_FACTOR": 1.0}
    rate = max(20.0, count / (seconds + 2))
    with engine_scene(where, engine, count, behave, seconds=1.0, patch=patch, rate=rate) as work:
        work.add_clock()
        for _ in range(workers):
            work.add_worker()
        work.start(workers=workers + 1)
        work.scene.gateway.wait_for(10)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            time.sleep(dice.uniform(0, 1.5))
            _disturb(work, dice, happened)
            while sum(worker.poll() is None for worker in work.workers) < workers + (engine != "procrastinate"):
                work.add_worker()
        _finish(work)
        states = work.scene.check_done()
        twice = sum(n - 1 for n in work.scene.gateway.requests.values() if n > 1)
    return Figures(happened["kill"], happened["stop"], 1, states, twice)


def _disturb(work: EngineScene, dice: random.Random, happened: Counter[str]) -> None:
    # The first is Celery's clock.
    worker = dice.choice([one for one in work.workers if one.poll() is None][work.engine != "procrastinate" :])
    if dice.random() < 0.15:
        happened["stop"] += 1
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)
        work.workers.remove(worker)
    else:
        happened["kill"] += 1
        work.kill(worker, dice)


def _finish(work: EngineScene) -> None:
    """Wait for the end of the broadcast, and resume it if a breaker pauses it."""
    ends = time.monotonic() + 90
    with Ledger(work.scene.where) as ledger:
        while (status := ledger["spring"].status()).phase is not Phase.DONE:
            assert time.monotonic() < ends, f"{status}\n{work.output()[-6000:]}"
            work.scene.resume()
            time.sleep(0.2)


def main(seconds: float, url: str) -> None:
    """Kill for some seconds, in turn with each engine, and print the figures."""
    ends = time.monotonic() + seconds
    sums = dict.fromkeys(ENGINES, NOTHING)
    while time.monotonic() < ends:
        for engine in ENGINES:
            seed = secrets.randbits(32)
            with fresh_schema(url) as where:
                sums[engine] = sums[engine].plus(kill_workers(where, engine, 15, seed, workers=4, count=1500))
            print(f"{engine}, seed {seed}\n  {sums[engine]}", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])
