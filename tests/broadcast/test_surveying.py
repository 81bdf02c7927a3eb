"""Figures for people who watch: they equal what the ledger says, and are read in short windows."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from watched_ledger import LOST, PEOPLE, fill, message, report

from skymms import Client
from skymms.broadcast import Ledger, Phase, State, surveying
from skymms.broadcast.surveying import Canary, Survey, Surveyor, overview
from skymms.sandbox import AT_ONCE, Sandbox
from skymms.storage.contract import same

DAY = 86400.0


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


def set_messages(ledger: Ledger, rows: dict[str, dict[str, Any]]) -> None:
    """Set columns of messages, by their numbers, in one transaction: each waits for the disk."""
    with ledger.store.transaction() as transaction:
        for number, values in rows.items():
            columns = ", ".join(f"{name} = :{name}" for name in values)
            transaction.run(same(f"UPDATE skymms_message SET {columns} WHERE number = :number"), number=number, **values)


def accepted(at: float) -> dict[str, Any]:
    return {"state": "accepted", "sent_at": at, "updated_at": at}


def now(ledger: Ledger) -> float:
    with ledger.store.reading() as transaction:
        return transaction.now()


def survey(ledger: Ledger, name: str = "spring") -> Survey:
    return Surveyor(ledger.store, ledger[name].id).survey()


def test_a_survey_agrees_with_the_status_the_comparison_the_unknown_messages_and_the_reports(ledger: Ledger) -> None:
    fill(ledger)
    spring, found = ledger["spring"], survey(ledger)
    assert found.counts == spring.status().counts == {"delivered": 30, "failed": 4, "accepted": 3, "unknown": 2, "refused": 1}
    assert found.variants == spring.compare()
    assert (found.left_out, found.left_out_counts) == (spring.left_out(), spring.status().left_out)
    expected = {row["number"]: [one["why"] for one in row["evidence"]] for row in spring.unknown()}
    assert expected == {LOST[0]: ["1 tracking id for 2 messages to this number"], LOST[1]: []}
    assert {row["number"]: [one["why"] for one in row["evidence"]] for row in found.unknown} == expected
    # Carriers: those with most messages first, with the code of most failures.
    carriers = {one.carrier: one for one in found.carriers}
    assert {name: (one.delivered.part, one.delivered.of, one.code, one.code_count) for name, one in carriers.items()} == {
        "0": (9, 9, None, 0),
        "1": (8, 8, None, 0),
        "2": (9, 9, None, 0),
        "3": (4, 8, "E102", 4),
        None: (0, 3, "E330", 1),
    }
    assert list(carriers)[-1] is None
    assert carriers["3"].delivered.low < 0.5 < carriers["3"].delivered.high


@pytest.mark.parametrize("seed", range(4))
def test_windows_of_any_size_count_every_message_once(ledger: Ledger, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    for name in ("first", "spring", "last"):
        ledger.create(name, {"a": message("a"), "b": message("b")}, chance.sample(PEOPLE, 25))
    began = now(ledger) - DAY
    rows: dict[str, dict[str, Any]] = {}
    for number in PEOPLE:
        state = chance.choice([*State][:-1])
        sent = None if state in (State.READY, State.SKIPPED) else began + chance.random() * 3000
        ended = None if state is State.READY else (sent or began) + chance.random() * 3000
        delivered = ended if state is State.DELIVERED else None
        carrier = chance.choice([None, "0", "1"])
        times = {"sent_at": sent, "updated_at": ended, "delivered_at": delivered}
        rows[number] = {"state": str(state), "operator_id": carrier, **times}
    set_messages(ledger, rows)
    windows: list[float] = []
    monkeypatch.setattr(surveying, "_SMALLEST", chance.randrange(1, 9))
    monkeypatch.setattr(surveying, "_LARGEST", 9)
    surveyor = Surveyor(ledger.store, ledger["spring"].id)
    for _ in range(2):  # the second time it knows where the messages are
        found = surveyor.survey(windows.append)
        listed = list(ledger["spring"].rows())
        assert found.counts == Counter(row["state"] for row in listed)
        assert found.variants == ledger["spring"].compare()
        requested = Counter(row["operator_id"] for row in listed if row["state"] not in ("ready", "sending", "skipped"))
        assert {one.carrier: sum(one.counts.values()) for one in found.carriers} == requested
        assert sum(len(found.timeline.states[state]) for state in found.timeline.states) == 6 * len(found.timeline.times)
        last = {state: values[-1] for state, values in found.timeline.states.items()}
        waiting = found.counts.get("accepted", 0) + found.counts.get("sending", 0)
        assert last == {**{state: found.counts.get(state, 0) for state in last}, "accepted": waiting}
        assert all(list(values) == sorted(values) for state, values in found.timeline.states.items() if state != "accepted")
    assert len(windows) > 10


def test_a_plot_of_weeks_has_few_points_and_one_of_seconds_has_each_second(ledger: Ledger) -> None:
    ledger.create("spring", message("spring"), PEOPLE)
    at = now(ledger)
    set_messages(ledger, {number: accepted(at - place) for place, number in enumerate(PEOPLE)})
    assert survey(ledger).timeline.states["accepted"][-1] == 40
    assert 40 <= len(survey(ledger).timeline.times) <= 42
    set_messages(ledger, {number: accepted(at - place * DAY) for place, number in enumerate(PEOPLE)})
    timeline = survey(ledger).timeline
    assert 120 <= len(timeline.times) <= 242
    assert timeline.states["accepted"][-1] == 40
    assert at - 40 * DAY <= timeline.times[0]
    assert timeline.times[-1] <= now(ledger)


def test_a_wrong_clock_of_the_gateway_does_not_stretch_the_plot(ledger: Ledger) -> None:
    ledger.create("spring", message("spring"), PEOPLE[:2])
    at = now(ledger)
    delivered = {"state": "delivered", "sent_at": at - 10, "updated_at": at - 5}
    wrong = {PEOPLE[0]: at - 20 * DAY, PEOPLE[1]: at + 20 * DAY}
    set_messages(ledger, {number: {**delivered, "delivered_at": time} for number, time in wrong.items()})
    timeline = survey(ledger).timeline
    assert timeline.times[0] >= at - 12
    assert timeline.times[-1] <= now(ledger)
    assert timeline.states["delivered"][-1] == 2


def test_accepted_messages_without_a_report_are_unreported_after_three_days(ledger: Ledger) -> None:
    ledger.create("spring", message("spring"), PEOPLE[:2])
    at = now(ledger)
    set_messages(ledger, {PEOPLE[0]: accepted(at - 2 * DAY), PEOPLE[1]: accepted(at - 4 * DAY)})
    found = survey(ledger)
    assert found.counts == {"accepted": 1, "unreported": 1}
    assert found.timeline.states["accepted"][-1] == 2


def test_unknown_messages_are_listed_up_to_a_hundred(ledger: Ledger) -> None:
    people = [str(15551230000 + place) for place in range(150)]
    ledger.create("spring", message("spring"), people)
    lost = {"state": "unknown", "why": "lost answer", "sent_at": 1.0, "updated_at": 1.0}
    set_messages(ledger, dict.fromkeys(people, lost))
    assert [row["number"] for row in survey(ledger).unknown] == people[:100]


def test_a_list_that_is_being_read_is_looked_for_anew(ledger: Ledger) -> None:
    ledger.create("spring", message("spring"), PEOPLE[:3])
    surveyor = Surveyor(ledger.store, ledger["spring"].id)
    assert surveyor.survey(complete=False).counts == {"ready": 3}
    with ledger.store.transaction() as transaction:
        row = transaction.one(same("SELECT broadcast, variant FROM skymms_message"))
        assert row is not None
        transaction.load("skymms_message", ["broadcast", "variant", "number", "line"], [(*row, PEOPLE[7], 4)])
    assert surveyor.survey().counts == {"ready": 4}


def test_an_empty_broadcast_has_an_empty_survey(ledger: Ledger) -> None:
    ledger.create("spring", message("spring"), [])
    found = survey(ledger)
    assert (found.counts, found.timeline.times, found.carriers, found.unknown) == ({}, [], [], [])


# ------------------------------------------------------------------------------------------------ the overview


def test_the_overview_has_all_broadcasts_with_their_states(ledger: Ledger) -> None:
    assert overview(ledger.store)[1] == []
    ledger.create("winter", message("winter"), PEOPLE[:1]).cancel()
    ledger.create("spring", message("spring"), PEOPLE, rate=500.0).pause(why="lunch")
    at, (winter, spring) = overview(ledger.store)
    assert abs(at - now(ledger)) < 60
    assert (winter.name, winter.phase, winter.counts) == ("winter", Phase.CANCELLED, {"skipped": 1})
    assert winter.finished_at is not None
    assert winter.created_at <= winter.finished_at <= at
    assert (spring.phase, spring.why, spring.counts, spring.workers) == (Phase.PAUSED, "lunch", {"ready": 40}, 0)
    assert (spring.settings.rate, spring.finished_at) == (500.0, None)


def test_the_overview_counts_the_runs_that_are_at_work(ledger: Ledger) -> None:
    ledger.create("spring", message("spring"), PEOPLE, rate=40.0)
    seen: list[int] = []
    with Sandbox() as sandbox, Client(sandbox.account()) as client:
        ledger["spring"].run(client, watch=lambda desk: seen.append(overview(ledger.store)[1][0].workers))
    assert max(seen) == 1
    assert overview(ledger.store)[1][0].workers == 0


def test_the_overview_says_how_far_the_canary_is(ledger: Ledger) -> None:
    spring = ledger.create("spring", message("spring"), PEOPLE, canary=4, pause_if=["delivered<50%@1h"])
    seen = [overview(ledger.store)[1][0].canary]

    def watch(desk: object) -> None:
        (one,) = overview(ledger.store)[1]
        assert one.canary is not None
        seen.append(one.canary)
        if one.canary.sent == 4 and one.canary.known < 4:  # an answer may come later than the first look
            for row in spring.rows():
                if row["state"] == "accepted":
                    ledger.note(report(row["tracking_id"], row["number"], "N102", "Message Sent/Delivered"))

    with Sandbox(delays=AT_ONCE) as sandbox, Client(sandbox.account()) as client:
        spring.run(client, watch=watch, seconds=60)
    seen.append(overview(ledger.store)[1][0].canary)
    assert seen[0] == Canary(4, 0, 0, passed=False)
    assert Canary(4, 4, 0, passed=False) in seen
    assert seen[-1] == Canary(4, 40, 4, passed=True)
