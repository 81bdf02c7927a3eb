"""Workers are killed at random instants, and near the sending of replies: nothing is lost, and no reply is sent twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from counting_gateway import CountingGateway
from inbox_rows import receive, report, rows, states

from skymms.broadcast import Ledger
from skymms.inbox.storing import open_inbox

WORKER = Path(__file__).parents[1] / "support" / "inbox_worker.py"
HANDLERS = ["steady", "unsteady", "coroutine"]
#: A fork of a process with threads is fine here, but newer versions of Python warn about it.
COMMAND = [sys.executable, "-W", "ignore::DeprecationWarning", str(WORKER)]


def run(do: dict[str, Any]) -> int:
    """Run `inbox_worker.py` and return how many workers it has killed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    ran = subprocess.run([*COMMAND, json.dumps(do)], capture_output=True, text=True, env=environment, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr, ran.stderr
    return int(ran.stdout)


def test_every_handler_gets_every_notice_when_workers_are_killed_at_random_instants(ledger_where: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    store = open_inbox(ledger_where)
    ids = [f"MMS_{number}" for number in range(80)]
    receive(store, [report(id, status=status) for status in ("first", "second", "third") for id in ids])
    killed = run({"where": ledger_where, "log": str(log), "handlers": HANDLERS, "kills": 12})
    assert killed == 12
    assert Counter(states(store).values()) == {"done": 3 * 3 * len(ids)}
    calls = [tuple(line.split()) for line in log.read_text().splitlines()]
    wanted = {(name, id, status) for name in HANDLERS for id in ids for status in ("first", "second", "third")}
    assert set(calls) == wanted
    interrupted = rows(store, "SELECT count(*) FROM skymms_handling WHERE handler = 'steady' AND attempts > 1")
    assert interrupted > [(0,)], "no kill interrupted a call"
    # A later notice of a message comes never before an earlier one.
    began: dict[tuple[str, str], list[str]] = {}
    for name, id, status in calls:
        seen = began.setdefault((name, id), [])
        if status not in seen:
            seen.append(status)
    assert {tuple(seen) for seen in began.values()} == {("first", "second", "third")}
    store.close()


def test_no_reply_is_sent_twice_when_workers_are_killed_between_sending_and_its_note(ledger_where: str) -> None:
    Ledger(ledger_where).close()
    with CountingGateway() as gateway:
        killed = run({"where": ledger_where, "url": gateway.url, "replies": 50})
        gateway.wait_until_idle()
        requests = gateway.requests
    assert killed == 50
    assert max(requests.values()) == 1
    store = open_inbox(ledger_where)
    found = rows(store, "SELECT n.number, h.state, h.error FROM skymms_handling h JOIN skymms_notice n ON n.id = h.notice")
    assert len(found) == 50
    assert Counter(state for _, state, _ in found).keys() == {"done", "dead"}
    for number, state, error in found:
        if state == "done":
            assert requests[number] == 1
        else:
            # Killed when the request was about to leave, or had been answered: nobody knows, and somebody has to decide.
            assert "InDoubtError" in error
            assert "settle the key" in error
    store.close()


@pytest.fixture(autouse=True)
def _needs_fork() -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
