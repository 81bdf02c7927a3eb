"""Runs that are killed, stopped and interrupted at random instants. `make kill-test SECONDS=600` does that for longer."""

from __future__ import annotations

import os
import secrets

import pytest
from random_kills import kill_at_random, kill_once_at_random

pytestmark = pytest.mark.unmeasured

#: For how long, in all tests together.
SECONDS = float(os.environ.get("SKYMMS_KILL_SECONDS", "20"))


def test_nobody_is_sent_to_twice_and_nobody_is_lost(ledger_where, record_property):
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # shown if the test fails
    figures = kill_at_random(ledger_where, SECONDS * 3 / 8, seed)
    record_property("figures", str(figures))
    assert figures.killed > 0
    assert figures.twice == 0


def test_four_programs_with_the_same_keys_send_each_once(ledger_where, record_property):
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # shown if the test fails
    figures = kill_once_at_random(ledger_where, SECONDS / 8, seed)
    record_property("figures", str(figures))
    assert figures.killed >= 4
    assert figures.keys > 0
    assert figures.twice == 0
