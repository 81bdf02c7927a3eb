"""A whole broadcast in a process of its own: loading, running against a client that does not send, and the report.

``broadcast_size.py COUNT`` prints the seconds of each and the peak of the memory as JSON, with the CPU time of a message in the
first and in the last tenth of the run.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from broadcast_load import MESSAGE

from skymms import Account
from skymms.broadcast import Ledger
from skymms.model.replies import SentMMS


class StandIn:
    """A client whose gateway accepts everything at once."""

    account = Account("k" * 32)

    def __init__(self, count: int) -> None:
        self.count = count
        self.calls = 0
        self.marks = [time.process_time()]

    async def call(self, operation: Any, *, once: bool) -> SentMMS:
        assert once
        self.calls += 1
        if self.calls % (self.count // 10) == 0:
            self.marks.append(time.process_time())
        return SentMMS(to=operation.to, mms_id="35674", tracking_id=f"MMS_{self.calls}")


def numbers(count: int) -> Iterator[str]:
    """Yield numbers in no order."""
    return (f"1555{(at * 7_368_787) % 10_000_019:08}" for at in range(count))


def measure(count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as directory, Ledger(Path(directory, "a.db")) as ledger:
        times = [time.perf_counter()]
        broadcast = ledger.create("spring", MESSAGE, numbers(count))
        times.append(time.perf_counter())
        client: Any = StandIn(count)
        asyncio.run(broadcast.run_async(client))
        times.append(time.perf_counter())
        assert broadcast.report(Path(directory, "out.csv")) == count
        times.append(time.perf_counter())
    load, run, report = (after - before for before, after in pairwise(times))
    tenths = [after - before for before, after in pairwise(client.marks)]
    return {
        "load": load,
        "run": run,
        "report": report,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "first": tenths[0] / (count / 10) * 1e6,
        "last": tenths[-1] / (count / 10) * 1e6,
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
