"""Frequency caps: nobody gets more messages in a time than the cap allows, of whatever broadcasts, by however many workers."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skymms import ConfigurationError, SendMMS, Slideshow
from skymms.broadcast import Broadcast, Cap, Ledger
from skymms.broadcast.blocks import Holder
from skymms.broadcast.eligibility import Eligibility
from skymms.broadcast.intents import Intent
from skymms.broadcast.outcomes import Answer
from skymms.broadcast.states import State
from skymms.storage.contract import same

A, B, C = "15551230001", "15551230002", "15551230003"
MESSAGE = SendMMS(Slideshow("Spring", subject="Spring").slide("Hi!"), sender="60856")


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


def hold(ledger: Ledger, name: str, numbers: Iterable[str] = (A, B), **settings: Any) -> tuple[Broadcast, Holder]:
    created = ledger.create(name, MESSAGE, numbers, **settings)
    created._begin()
    holder = Holder(ledger.store, created.id, created.settings, account="a", sender="60856", scopes=())
    holder.begin(alone=False)
    return created, holder


def take(holder: Holder) -> list[Intent]:
    return list(holder.exchange([], 100).intents)


def numbers(intents: Sequence[Intent]) -> list[str]:
    return sorted(intent.number for intent in intents)


def reasons(broadcast: Broadcast) -> dict[str, str]:
    return {row["number"]: row["reason"] or row["state"] for row in broadcast.rows()}


def made_earlier(ledger: Ledger, seconds: float) -> None:
    """Let all requests so far have been made so many seconds earlier."""
    with ledger.store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_message SET sent_at = sent_at - :seconds"), seconds=seconds)


def test_a_renamed_broadcast_does_not_reach_people_again(ledger: Ledger) -> None:
    _, first = hold(ledger, "spring")
    assert numbers(take(first)) == [A, B]
    again, second = hold(ledger, "spring 2", [A, B, C], cap=(1, "24h"))
    assert numbers(take(second)) == [C]
    assert reasons(again) == {A: "frequency cap", B: "frequency cap", C: "sending"}
    assert again.status().counts == {"skipped": 2, "sending": 1}
    told = ledger.explain_number(A)["messages"][1]["because"]
    assert told == "the number had as many messages of other broadcasts as the frequency cap allows (1/24h)"


@pytest.mark.parametrize("first", [A, A[1:]])
def test_both_forms_of_a_us_number_in_one_list_count_together(ledger: Ledger, first: str) -> None:
    second = next(number for number in (A, A[1:]) if number != first)
    again, holder = hold(ledger, "spring", [first, second, C], cap=(1, "24h"))
    assert numbers(take(holder)) == sorted([first, C])
    assert take(holder) == []
    assert reasons(again) == {first: "sending", second: "frequency cap", C: "sending"}
    # A cap of two allows both.
    _, holder = hold(ledger, "summer", [B, B[1:]], cap=(2, "24h"))
    assert sorted(numbers(take(holder)) + numbers(take(holder))) == sorted([B, B[1:]])


def test_both_forms_of_a_us_number_count_together(ledger: Ledger) -> None:
    bare = A.removeprefix("1")
    take(hold(ledger, "1", [A])[1])
    take(hold(ledger, "2", [bare])[1])
    for name, number in (("3", bare), ("4", A)):
        again, holder = hold(ledger, name, [number, C], cap="2/1h")
        assert again.estimate().capped == 1
        assert numbers(take(holder)) == [C]
        assert reasons(again)[number] == "frequency cap"
    with ledger.store.transaction() as transaction:
        transaction.run(same("DELETE FROM skymms_message WHERE state = 'sending'"))
    assert numbers(take(hold(ledger, "5", [bare], cap="2/1h")[1])) == [bare]


def test_the_cap_counts_messages_within_its_time(ledger: Ledger) -> None:
    take(hold(ledger, "1")[1])
    made_earlier(ledger, 3601)
    take(hold(ledger, "2", [A])[1])
    _, third = hold(ledger, "3", cap="2/1h")
    assert numbers(take(third)) == [A, B]
    _, fourth = hold(ledger, "4", cap="2/1h")
    assert numbers(take(fourth)) == [B]


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        (State.ACCEPTED, True),
        (State.UNKNOWN, True),
        (State.REFUSED, False),
        (State.READY, False),
    ],
)
def test_what_may_have_reached_the_person_counts(ledger: Ledger, state: State, counts: bool) -> None:
    _, first = hold(ledger, "1", [A])
    (intent,) = take(first)
    first.end([Answer(intent.id, 1, state)])
    assert numbers(take(hold(ledger, "2", [A], cap=(1, "1d"))[1])) == ([] if counts else [A])


def test_a_message_that_is_sent_again_does_not_count_against_itself(ledger: Ledger) -> None:
    spring, holder = hold(ledger, "spring", [A], cap=(1, "24h"))
    (intent,) = take(holder)
    holder.end([Answer(intent.id, 1, State.UNKNOWN, "lost answer")])
    made_earlier(ledger, 7200)
    spring.settle([A], "resend", why="test")
    spring._begin()
    again = Holder(ledger.store, spring.id, spring.settings, account="a", sender="60856", scopes=())
    again.begin(alone=False)
    assert numbers(take(again)) == [A]


def test_a_message_that_is_settled_as_resend_and_skipped_is_unknown_again(ledger: Ledger) -> None:
    spring, holder = hold(ledger, "spring", [A], cap=(1, "24h"))
    (intent,) = take(holder)
    holder.end([Answer(intent.id, 1, State.UNKNOWN, "lost answer")])
    made_earlier(ledger, 7200)
    take(hold(ledger, "other", [A])[1])
    spring.settle([A], "resend", why="test")
    spring._begin()
    again = Holder(ledger.store, spring.id, spring.settings, account="a", sender="60856", scopes=())
    again.begin(alone=False)
    assert take(again) == []
    assert spring.status().counts == {"unknown": 1}


def test_an_opt_out_is_the_reason_before_the_cap(ledger: Ledger) -> None:
    take(hold(ledger, "1", [A])[1])
    ledger.suppress([A])
    spring, holder = hold(ledger, "2", [A], cap=(1, "24h"))
    take(holder)
    assert reasons(spring) == {A: "opted out"}


def test_workers_at_the_same_time_keep_the_cap(postgres_where: str) -> None:
    """Four broadcasts to the same people, each with connections of its own: everybody gets one message of one of them."""
    people = [f"1555123{place:04}" for place in range(300)]
    ledgers = [Ledger(postgres_where) for _ in range(4)]
    try:
        holders = [hold(ledger, f"broadcast {place}", people, cap=(1, "24h"))[1] for place, ledger in enumerate(ledgers)]
        taken: list[str] = []
        start = threading.Barrier(len(holders))

        def work(holder: Holder) -> None:
            start.wait()
            while True:
                block = holder.exchange([], 20)
                taken.extend(intent.number for intent in block.intents)
                if not block.intents and block.wait is None:
                    return

        threads = [threading.Thread(target=work, args=(holder,)) for holder in holders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(taken) == people
    finally:
        for ledger in ledgers:
            ledger.close()


@pytest.mark.parametrize("other", [None, Cap(1, 60)])
def test_a_number_that_another_transaction_sends_to_waits_for_the_next_block(postgres_where: str, other: Cap | None) -> None:
    """Neither transaction sees what the other one writes."""
    with Ledger(postgres_where) as first, Ledger(postgres_where) as second:
        with first.store.transaction() as sending, second.store.transaction() as counting:
            assert Eligibility(1, (), other).decide(sending, [A], sending.now()) == ({}, frozenset())
            assert Eligibility(2, (), Cap(1, 60)).decide(counting, [A, B], counting.now()) == ({}, {A})
        with first.store.transaction() as one, second.store.transaction() as another:
            # Without a cap nothing is counted, so nobody waits.
            assert Eligibility(1, (), None).decide(one, [A], one.now()) == ({}, frozenset())
            assert Eligibility(2, (), None).decide(another, [A], another.now()) == ({}, frozenset())


# ------------------------------------------------------------------------------------------------ the setting


@pytest.mark.parametrize(
    ("given", "cap", "text"),
    [
        ((3, "24h"), Cap(3, 86400), "3/24h"),
        ("3/24h", Cap(3, 86400), "3/24h"),
        ("1/7d", Cap(1, 7 * 86400), "1/7d"),
        ("10 / 90 m", Cap(10, 5400), "10/90m"),
        (Cap(2, 3600), Cap(2, 3600), "2/1h"),
    ],
)
def test_a_cap(ledger: Ledger, given: Any, cap: Cap, text: str) -> None:
    assert ledger.create("spring", MESSAGE, [A], cap=given).settings.cap == cap
    assert ledger["spring"].settings.cap == cap
    assert str(cap) == text


@given(st.integers(1, 1000), st.integers(1, 8000), st.sampled_from("mhd"))
def test_the_text_of_a_cap_is_the_same_cap(most: int, length: int, unit: str) -> None:
    seconds = length * {"m": 60, "h": 3600, "d": 86400}[unit]
    if seconds <= 366 * 86400:
        assert Cap.of(str(Cap(most, seconds))) == Cap.of((most, f"{length}{unit}")) == Cap(most, seconds)


@pytest.mark.parametrize(
    "given",
    [
        "3",
        "3/",
        "/24h",
        "0/24h",
        "-1/24h",
        "3/24",
        "3/24s",
        "3/0h",
        "3/400d",
        "x/1h",
        (3,),
        (3, 24),
        (True, "1h"),
        (1.5, "1h"),
        7,
    ],
)
def test_a_cap_that_is_refused(ledger: Ledger, given: Any) -> None:
    with pytest.raises(ConfigurationError, match="is not a frequency cap"):
        ledger.create("spring", MESSAGE, [A], cap=given)
