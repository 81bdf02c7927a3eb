"""A broadcast, a counting gateway, programs that run it, and what must be true whatever happened to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from broadcast_worker import FIRST, KEY, MESSAGE, recipients
from counting_gateway import Behaviour, CountingGateway

from skymms import Account, Client
from skymms.broadcast import Ledger, Phase, Result
from skymms.broadcast import statements as sql

WORKER = Path(__file__).with_name("broadcast_worker.py")
#: With these constants a worker that was killed is taken for dead soon. A file of SQLite does not need that.
SOON = {"blocks.LEASE": 1.2, "blocks._SWEEP": 0.2, "running._LOOK_EVERY": 0.3}
#: How many requests for a number its state allows. A refused request is not counted.
ALLOWED = {
    "accepted": (1,),
    "unknown": (0, 1),
    "sending": (0, 1),
    "ready": (0,),
    "skipped": (0,),
    "refused": (0,),
}


class Scene:
    """The broadcast ``spring`` of a ledger, with ``count`` recipients from :func:`broadcast_worker.recipients`."""

    def __init__(self, where: str, gateway: CountingGateway, count: int) -> None:
        self.where = where
        self.gateway = gateway
        self.count = count
        self._programs: list[subprocess.Popen[str]] = []

    def create(self, **settings: Any) -> None:
        """Create the broadcast."""
        with Ledger(self.where) as ledger:
            ledger.create("spring", MESSAGE, recipients(self.count), **settings)

    def start(self, *before: str, patch: dict[str, Any] | None = None, **do: Any) -> subprocess.Popen[str]:
        """Start a program that runs the broadcast: see :mod:`broadcast_worker`."""
        constants = SOON | (patch or {})
        argument = json.dumps({"ledger": self.where, "url": self.gateway.url, "name": "spring", "patch": constants, **do})
        # Coverage is measured only in programs that live long enough to write it.
        killed = bool(before) or "crash" in do or "orders" in do
        environment = {name: value for name, value in os.environ.items() if not (killed and name.startswith("COV"))}
        program = subprocess.Popen(
            [*before, sys.executable, str(WORKER), argument],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment,
        )  # fmt: skip
        self._programs.append(program)
        return program

    def end(self) -> None:
        """Kill the programs that still run."""
        for program in self._programs:
            if program.poll() is None:
                program.kill()
            program.communicate()

    def run(self, **options: Any) -> Result:
        """Run the broadcast in this process."""
        with Ledger(self.where) as ledger, Client(Account(KEY, url=self.gateway.url), timeout=(10, 60)) as client:
            return ledger["spring"].run(client, threads=8, **options)

    def resume(self) -> None:
        """Resume the broadcast if a breaker has paused it."""
        with Ledger(self.where) as ledger:
            if ledger["spring"].status().phase is Phase.PAUSED:
                ledger["spring"].resume()

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return the messages by their numbers."""
        with Ledger(self.where) as ledger:
            return {row["number"]: row for row in ledger["spring"].rows()}

    def states(self) -> Counter[str]:
        """Return how many messages are in each state."""
        return Counter(row["state"] for row in self.rows().values())

    def check(self) -> Counter[str]:
        """Assert what must always be true, and return the number of messages in each state."""
        self.gateway.wait_until_idle()
        with Ledger(self.where) as ledger:
            broadcast = ledger["spring"]
            rows = {row["number"]: row for row in broadcast.rows()}
            tally = {state: n for state, n in broadcast.status().counts.items() if n}
            with ledger._store.reading() as transaction:
                counted = {state: n for state, n in transaction.rows(sql.COUNT_STATES, broadcast=broadcast.id) if n}
        assert set(rows) == {str(FIRST + place) for place in range(self.count)}, "somebody is missing"
        assert tally == counted, "the tally differs from the rows"
        requests = self.gateway.requests
        assert max(requests.values(), default=0) <= 1, "somebody was sent to twice"
        lies = {
            number: (row["state"], requests[number])
            for number, row in rows.items()
            if requests[number] not in ALLOWED[row["state"]]
        }
        assert not lies, "states that are not true"
        assert all(row["attempts"] <= 10 for row in rows.values())
        return Counter(row["state"] for row in rows.values())

    def check_done(self) -> Counter[str]:
        """Assert that the broadcast is done as well: nobody is waiting."""
        states = self.check()
        with Ledger(self.where) as ledger:
            assert ledger["spring"].status().phase is Phase.DONE
        assert not states.keys() & {"ready", "sending"}
        return states


@contextmanager
def scene(where: str, count: int, behave: Behaviour | None = None, *, delay: float = 0.0, **settings: Any) -> Generator[Scene]:
    """Set a scene: a gateway and a broadcast."""
    with CountingGateway(delay=delay) as gateway:
        if behave is not None:
            gateway.behave = behave
        found = Scene(where, gateway, count)
        found.create(**settings)
        try:
            yield found
        finally:
            found.end()
