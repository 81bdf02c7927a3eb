"""What is shown of a run: the figures, and for what it waits."""

from __future__ import annotations

import pytest

from skymms.broadcast import Hours
from skymms.broadcast.running import Progress
from skymms.broadcast.settings import Settings
from skymms.cli.broadcast_output import counts_text, duration
from skymms.cli.broadcast_progress import Figures, Lines, Pace

IDLE = Progress({"ready": 5, "accepted": 5}, 5, 0, None, False, None, False, None)
FIVE_TO_NINE = Settings(hours=Hours("05:00", "09:00", "UTC"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (12_000, "3 h 20 min"), (200_000, "2 d 7 h")],
)
def test_a_duration_has_two_units(seconds, text):
    assert duration(seconds) == text


def test_counts_are_in_the_order_of_the_states_without_zeros():
    assert counts_text({"unknown": 1, "ready": 2000, "failed": 0}) == "ready 2,000, unknown 1"


def test_the_rate_is_that_of_the_last_half_minute():
    pace = Pace()
    assert pace.rate(0, 100.0) == 0
    assert pace.rate(50, 110.0) == 5
    assert pace.rate(350, 140.0) == 10


@pytest.mark.parametrize(
    ("settings", "changes", "text"),
    [
        (Settings(), {}, ""),
        (Settings(), {"wait": 1.0}, ""),
        (Settings(), {"wait": 90.0, "in_flight": 1}, ""),
        (Settings(), {"wait": 90.0}, "waiting for a turn, for messages that the gateway put off, or for another worker"),
        (Settings(start=4e9), {"wait": 90.0}, "waiting for the start, 2096-10-02"),
        (FIVE_TO_NINE, {"wait": 90.0, "outside_hours": True}, "outside the hours 05:00-09:00: waiting until "),
        (Settings(), {"stopping": True, "in_flight": 2}, "stopping, 2 in flight"),
        (Settings(), {"trouble": "the ledger cannot be used: it is locked"}, "it is locked; trying again"),
    ],
)
def test_a_run_says_for_what_it_waits(settings, changes, text):
    waiting = Figures(settings).waiting(IDLE._replace(**changes))
    assert text in waiting
    assert bool(text) == bool(waiting)


def test_lines_are_written_when_something_changes_and_not_for_each_look(capsys):
    lines = Lines(Settings())
    for progress in (IDLE, IDLE, IDLE._replace(wait=90.0), IDLE._replace(wait=89.0), IDLE):
        lines.show(progress)
    lines.close()
    assert [line[10:] for line in capsys.readouterr().err.splitlines()] == [
        "5 of 10; ready 5, accepted 5",
        "5 of 10; ready 5, accepted 5; waiting for a turn, for messages that the gateway put off, or for another worker",
        "5 of 10; ready 5, accepted 5",
    ]


def test_a_run_that_waits_says_neither_its_rate_nor_that_seconds_are_left(capsys, monkeypatch):
    lines = Lines(FIVE_TO_NINE)
    monkeypatch.setattr(Pace, "rate", lambda self, done, now: 2.9)
    lines.show(IDLE)
    lines.show(IDLE._replace(wait=90.0, outside_hours=True))
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("; 2.9/s; 2 s left")
    assert "left" not in second
    assert "/s" not in second
    assert "waiting until" in second
