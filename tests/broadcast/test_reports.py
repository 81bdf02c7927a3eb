"""What became of messages: reports in any order, before and after answers, more than once, and about several messages."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_world import MESSAGE, A, B, C, World, report

from skymms import Client, DeliveryReport, EncodingReport, InboundSMS, SendSavedMMS, SubscriptionChange, UnknownNotice
from skymms.broadcast import Broadcast, Ledger
from skymms.broadcast.intents import Intent
from skymms.broadcast.matching import CLOCKS, WINDOW
from skymms.broadcast.references import ledger_id, make_reference
from skymms.broadcast.states import State, Why
from skymms.sandbox import Sandbox
from skymms.storage.contract import same


@pytest.fixture
def world(ledger_where: str) -> Iterator[World]:
    created = World(ledger_where)
    yield created
    created.close()


def accepted(world: World, name: str = "spring", tracking_id: str | None = "T1", **fields: Any) -> Broadcast:
    """A broadcast to one number, of which the answer came."""
    broadcast = world.broadcast(name)
    world.answer(broadcast, world.request(broadcast)[0], State.ACCEPTED, tracking_id=tracking_id, **fields)
    return broadcast


def unknown(world: World, name: str = "spring", why: str = Why.LOST_ANSWER, **options: Any) -> Broadcast:
    """A broadcast to one number, of which the answer was lost."""
    broadcast = world.broadcast(name, **options)
    world.answer(broadcast, world.request(broadcast)[0], State.UNKNOWN, why=why)
    return broadcast


def row_of(broadcast: Broadcast) -> dict[str, Any]:
    (row,) = broadcast.rows()
    return row


def set_times(world: World, name: str, seconds_ago: float) -> None:
    """Let the messages of a broadcast have been requested some time ago."""
    with world.store.transaction() as transaction:
        transaction.run(
            same(
                "UPDATE skymms_message SET sent_at = sent_at - :ago, updated_at = updated_at - :ago "
                "WHERE broadcast = (SELECT id FROM skymms_broadcast WHERE name = :name)"
            ),
            ago=seconds_ago, name=name,
        )  # fmt: skip


# ---------------------------------------------------------------------------------------------------- one message


@pytest.mark.parametrize(
    ("says", "state"),
    [(("sent",), "accepted"), (("delivered",), "delivered"), (("failed",), "failed"), (("sent", "delivered"), "delivered"),
     (("delivered", "sent"), "delivered"), (("delivered", "failed"), "delivered"), (("failed", "delivered"), "failed")],
)  # fmt: skip
def test_the_first_final_report_decides_before_and_after_the_answer(world: World, says: tuple[str, ...], state: str) -> None:
    for number, before in enumerate((False, True)):
        broadcast = world.broadcast(f"b{number}")
        (intent,) = world.request(broadcast)
        tracking_id = f"T{number}"
        if not before:
            world.answer(broadcast, intent, State.ACCEPTED, tracking_id=tracking_id)
        for one in says:
            assert world.ledger.note(report(tracking_id, one))
            assert not world.ledger.note(report(tracking_id, one)), "a repeated report changes nothing"
        if before:
            assert world.state(broadcast) == "sending"
            world.answer(broadcast, intent, State.ACCEPTED, tracking_id=tracking_id)
        assert world.state(broadcast) == state


def test_a_report_with_an_unknown_status_proves_only_that_the_message_was_accepted(world: World) -> None:
    broadcast = unknown(world)
    odd = report("T1", status="Message Sent/Teleported")
    assert odd.delivered is None
    assert world.ledger.note(odd)
    assert (row_of(broadcast)["state"], row_of(broadcast)["reason"]) == ("accepted", None)


def test_a_report_about_device_discovery_is_not_one_about_the_message(world: World) -> None:
    broadcast = accepted(world)
    assert world.ledger.note(replace(report("T1"), code="N502"))
    assert world.ledger.note(replace(report("T1"), code="E502"))
    assert world.state(broadcast) == "accepted"


def test_a_report_fills_the_columns_of_the_list(world: World) -> None:
    broadcast = unknown(world)
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5)
    world.ledger.note(report("T1", operator_id="31003", handset="VX8000", mms_id="35674", timestamp=at, sent_as="SMS"))
    row = row_of(broadcast)
    assert {name: row[name] for name in ("state", "reason", "tracking_id", "mms_id", "sent_as", "operator_id", "handset")} == {
        "state": "delivered", "reason": None, "tracking_id": "T1", "mms_id": "35674", "sent_as": "SMS", "operator_id": "31003",
        "handset": "VX8000",
    }  # fmt: skip
    assert datetime.fromisoformat(row["delivered_at"]) == at
    # What came first stays, and a late report completes it.
    world.ledger.note(report("T1", "failed", handset="other", sent_as="MMS", details="no"))
    assert row_of(broadcast) == row


def test_a_failure_says_why(world: World) -> None:
    broadcast = accepted(world)
    world.ledger.note(report("T1", "failed", details="phone off"))
    world.ledger.note(report("T1", "sent"))
    row = row_of(broadcast)
    assert (row["state"], row["reason"], row["code"], row["delivered_at"]) == ("failed", "phone off", "E102", None)


@pytest.mark.parametrize("moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), datetime(2026, 1, 1)])
def test_a_time_that_cannot_be_right_is_replaced_by_that_of_arrival(world: World, moment: datetime) -> None:
    broadcast = accepted(world)
    world.ledger.note(report("T1", timestamp=moment))
    delivered = datetime.fromisoformat(row_of(broadcast)["delivered_at"])
    assert abs((datetime.now(UTC) - delivered).total_seconds()) < 60


@pytest.mark.parametrize(
    "notice",
    [
        SubscriptionChange("N301", mobile=A), InboundSMS("N211", sender=A, text="Hi"), UnknownNotice("N999"),
        EncodingReport("N003", mms_id="35674"),
    ],
)  # fmt: skip
def test_other_notices_change_nothing(world: World, notice: Any) -> None:
    broadcast = accepted(world)
    assert world.ledger.note(notice) is isinstance(notice, EncodingReport)
    assert world.state(broadcast) == "accepted"


def test_a_message_that_cannot_be_encoded_failed(world: World) -> None:
    broadcast = accepted(world)
    assert world.ledger.note(EncodingReport("E012", tracking_id="T1", audio="a.mp3"))
    assert row_of(broadcast)["state"] == "failed"


HOSTILE = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["\0", "a\0b", "\ud800", "x" * 5000, "é" * 3000, "'; DROP TABLE skymms_message", ":name", "%s"]
)


def test_texts_of_any_kind_are_stored(world: World) -> None:
    broadcast = accepted(world)

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(HOSTILE, HOSTILE, HOSTILE)
    def check(first: str, second: str, third: str) -> None:
        texts: Any = {"client_reference": first, "mms_id": first, "sender": third, "handset": third, "details": third}
        world.ledger.note(DeliveryReport("N102", tracking_id=first, to=second, status=second, operator_id=second, **texts))

    check()
    assert world.state(broadcast) == "accepted"
    world.ledger.note(report("T1", "failed", details="\0" + "y" * 5000, handset="\ud800"))
    assert row_of(broadcast)["state"] == "failed"


# ---------------------------------------------------------------------------------------------------- interruptions


def test_an_interrupted_message_is_closed_by_its_report_whenever_that_comes(world: World) -> None:
    after, before = world.broadcast("after"), world.broadcast("before", [B])
    world.request(after)
    world.request(before)
    world.ledger.note(report("T2", to=B))
    assert world.state(before, B) == "sending"
    world.crash(after)
    world.crash(before)
    assert world.state(before, B) == "delivered"
    assert row_of(after)["reason"] == Why.INTERRUPTED
    world.ledger.note(report("T1"))
    assert world.state(after) == "delivered"


def test_that_there_is_no_report_proves_nothing(world: World) -> None:
    broadcast = unknown(world)
    world.ledger.note(report("T9", to=B))
    set_times(world, "spring", 30 * 86400)
    world.crash(broadcast)
    assert world.state(broadcast) == "unknown"


def test_a_message_settled_as_sent_gets_its_report(world: World) -> None:
    broadcast = unknown(world)
    broadcast.settle([A], "sent", why="seen on the phone")
    assert world.state(broadcast) == "accepted"
    world.ledger.note(report("T1"))
    assert world.state(broadcast) == "delivered"


def test_a_message_that_was_refused_or_skipped_stays_so(world: World) -> None:
    broadcast = world.broadcast("spring")
    world.answer(broadcast, world.request(broadcast)[0], State.REFUSED, why="blocked", code="E114")
    skipped = world.broadcast("other")
    skipped.cancel()
    world.ledger.note(report("T1"))
    assert (world.state(broadcast), world.state(skipped)) == ("refused", "skipped")
    assert row_of(broadcast)["code"] == "E114"


def test_an_accepted_message_without_a_final_report_is_unreported_after_some_days(world: World, tmp_path: Any) -> None:
    broadcast = accepted(world)
    world.ledger.note(report("T1", "sent"))
    set_times(world, "spring", 71 * 3600)
    assert row_of(broadcast)["state"] == "accepted"
    assert [row["state"] for row in broadcast.rows(unreported_after=70 * 3600)] == ["unreported"]
    set_times(world, "spring", 2 * 3600)
    assert row_of(broadcast)["state"] == "unreported"
    broadcast.report(tmp_path / "r.jsonl")
    assert json.loads((tmp_path / "r.jsonl").read_text())["state"] == "unreported"
    broadcast.report(tmp_path / "r.csv", unreported_after=80 * 3600)
    assert f"{A},accepted," in (tmp_path / "r.csv").read_text()
    world.ledger.note(report("T1"))
    assert row_of(broadcast)["state"] == "delivered"


def test_the_status_counts_unreported_messages_as_the_list_does(world: World) -> None:
    broadcast = world.broadcast("spring", [A, B, C])
    for intent in world.request(broadcast):
        world.answer(broadcast, intent, State.ACCEPTED, tracking_id=f"T{intent.number}")
    world.ledger.note(report(f"T{A}"))
    world.ledger.note(report(f"T{B}", "sent", to=B))
    set_times(world, "spring", 71 * 3600)
    with world.store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_broadcast SET created_at = created_at - :ago"), ago=100 * 3600)
    assert broadcast.status().counts == {"delivered": 1, "accepted": 2}
    assert broadcast.status(unreported_after=70 * 3600).counts == {"delivered": 1, "unreported": 2}
    set_times(world, "spring", 2 * 3600)
    world.broadcast("other")  # its messages are not counted
    assert broadcast.status().counts == {"delivered": 1, "unreported": 2}
    assert broadcast.status(unreported_after=None).counts == {"delivered": 1, "accepted": 2}
    world.ledger.note(report(f"T{B}", "failed", to=B))
    assert world.states(broadcast) == {A: "delivered", B: "failed", C: "unreported"}  # compares them with the counts


def test_an_erased_number_does_not_come_back_with_a_late_report(world: World) -> None:
    broadcast = accepted(world)
    lost = unknown(world, "lost")
    world.ledger.forget(A)
    assert world.ledger.note(report("T1", timestamp=datetime.now(UTC)))
    assert not world.ledger.note(report("T1", timestamp=datetime.now(UTC)))
    assert world.ledger.note(report("T2", "failed"))
    assert (row_of(broadcast)["state"], row_of(lost)["state"]) == ("delivered", "failed")
    with world.store.reading() as transaction:
        stored = transaction.rows(same("SELECT identity, notice, number, evidence FROM skymms_report"))
        stored += transaction.rows(same("SELECT number, data, reference FROM skymms_message"))
    assert A not in repr(stored)


# ---------------------------------------------------------------------------------------------------- which message?


def test_two_messages_and_one_report_stay_unknown_with_the_evidence(world: World) -> None:
    first, second = unknown(world, "first"), unknown(world, "second")
    world.ledger.note(report("T1"))
    for broadcast in (first, second):
        (row,) = broadcast.unknown()
        (evidence,) = row["evidence"]
        assert evidence["why"] == "1 tracking id for 2 messages to this number"
        assert (evidence["tracking_id"], evidence["says"]) == ("T1", "Message Sent/Delivered")
        assert datetime.fromisoformat(evidence["at"]).tzinfo is not None
    # A second tracking id proves both.
    world.ledger.note(report("T2"))
    assert (world.state(first), world.state(second)) == ("delivered", "delivered")
    assert {row_of(first)["tracking_id"], row_of(second)["tracking_id"]} == {"T1", "T2"}


def test_two_tracking_ids_with_different_outcomes_prove_only_that_both_were_accepted(world: World) -> None:
    first, second = unknown(world, "first"), unknown(world, "second")
    world.ledger.note(report("T1", "delivered"))
    world.ledger.note(report("T2", "sent"))
    assert (world.state(first), world.state(second)) == ("accepted", "accepted")
    world.ledger.note(report("T2", "failed"))
    assert (world.state(first), world.state(second)) == ("accepted", "accepted"), "which is whose is not known"


def test_two_tracking_ids_that_are_delivered_in_the_end_deliver_both(world: World) -> None:
    first, second = unknown(world, "first"), unknown(world, "second")
    for says in ("sent", "delivered"):
        for tracking_id in ("T1", "T2"):
            world.ledger.note(report(tracking_id, says))
    assert (world.state(first), world.state(second)) == ("delivered", "delivered")


def test_an_answer_makes_clear_which_message_a_report_is_about(world: World) -> None:
    first = unknown(world, "first")
    second = world.broadcast("second")
    (intent,) = world.request(second)
    # It may be about the message that is being sent, whose answer is not there yet.
    world.ledger.note(report("T2"))
    assert (world.state(first), world.state(second)) == ("unknown", "sending")
    (row,) = first.unknown()
    assert "still to come" in row["evidence"][0]["why"]
    world.answer(second, intent, State.ACCEPTED, tracking_id="T2")
    assert (world.state(first), world.state(second)) == ("unknown", "delivered")


def test_the_answer_about_one_message_leaves_a_report_to_the_other(world: World) -> None:
    first = unknown(world, "first")
    second = world.broadcast("second")
    (intent,) = world.request(second)
    world.ledger.note(report("T1"))
    world.answer(second, intent, State.ACCEPTED, tracking_id="T2")
    assert (world.state(first), world.state(second)) == ("delivered", "accepted")


def test_more_tracking_ids_than_messages_prove_nothing(world: World) -> None:
    broadcast = world.broadcast("spring")
    world.request(broadcast)
    world.ledger.note(report("T1", "delivered"))
    world.ledger.note(report("T2", "failed"))
    world.crash(broadcast)
    (row,) = broadcast.unknown()
    assert [one["why"] for one in row["evidence"]] == ["2 tracking ids for 1 message to this number"] * 2


@pytest.mark.parametrize(
    ("fields", "ago"),
    [
        ({"sender": "60857"}, 0.0), ({"to": B}, 0.0), ({"to": None}, 0.0), ({"to": "no number"}, 0.0),
        ({"client_reference": "order-17"}, 0.0), ({}, WINDOW + 60), ({}, -CLOCKS - 60),
        ({"timestamp": datetime.now(UTC) - timedelta(hours=1)}, 0.0),
        ({"client_reference": "skymms-00000000-1-1"}, 0.0), ({"client_reference": "skymms-nonsense"}, 0.0),
    ],
)  # fmt: skip
def test_a_report_about_something_else_closes_nothing(world: World, fields: dict[str, Any], ago: float) -> None:
    broadcast = unknown(world)
    set_times(world, "spring", ago)
    world.ledger.note(replace(report("T1"), **fields))
    assert world.state(broadcast) == "unknown"


def test_a_message_sent_long_before_is_told_apart_by_its_first_report(world: World) -> None:
    # Something else was sent to the number an hour ago, and is delivered only now.
    world.ledger.note(report("T0", "sent", timestamp=datetime.now(UTC) - timedelta(hours=1)))
    broadcast = unknown(world)
    world.ledger.note(report("T0", "delivered"))
    assert world.state(broadcast) == "unknown"
    world.ledger.note(report("T1", "delivered"))
    assert world.state(broadcast) == "delivered"


def reference(world: World, intent: Intent, attempt: int = 1) -> str:
    with world.store.transaction() as transaction:
        return make_reference(ledger_id(transaction), intent.id, attempt)


def test_the_reference_of_the_ledger_is_exact_before_and_after_the_answer_is_lost(world: World) -> None:
    first, second = world.broadcast("first"), world.broadcast("second")
    (one,), (other,) = world.request(first), world.request(second)
    world.ledger.note(report("T1", client_reference=reference(world, one)))
    assert world.state(first) == "sending"
    world.answer(first, one, State.UNKNOWN, why=Why.LOST_ANSWER)
    world.answer(second, other, State.UNKNOWN, why=Why.LOST_ANSWER)
    assert (world.state(first), world.state(second)) == ("delivered", "unknown")
    world.ledger.note(report("T2", "failed", client_reference=reference(world, other)))
    assert (world.state(first), world.state(second)) == ("delivered", "failed")


def test_a_late_report_of_the_first_attempt_is_not_one_of_the_second(world: World) -> None:
    broadcast = unknown(world)
    set_times(world, "spring", 7200)
    broadcast.settle([A], "resend", why="test")
    (intent,) = world.request(broadcast)
    world.answer(broadcast, intent, State.UNKNOWN, why=Why.LOST_ANSWER)
    world.ledger.note(report("T1", "failed", client_reference=reference(world, intent, 1)))
    assert world.state(broadcast) == "unknown"
    world.ledger.note(report("T2", client_reference=reference(world, intent, 2)))
    assert world.state(broadcast) == "delivered"


def test_a_report_of_another_gateway_that_waits_is_not_taken_with_the_answer(world: World) -> None:
    broadcast = world.broadcast("spring")
    (intent,) = world.request(broadcast)
    world.ledger.note(report("T1", "failed", to=B))
    world.answer(broadcast, intent, State.ACCEPTED, tracking_id="T1")
    assert world.state(broadcast) == "accepted"


def test_a_message_that_was_sent_for_a_key_is_not_taken_for_another(world: World) -> None:
    broadcast = unknown(world)
    with Sandbox() as sandbox, Client(sandbox.account()) as client:
        sent = world.ledger.send_once("order-17", replace(MESSAGE, to=A), client)
    world.ledger.note(report(sent.tracking_id))
    assert world.state(broadcast) == "unknown"
    world.ledger.note(report("T1"))
    assert world.state(broadcast) == "delivered"


def test_messages_of_different_days_are_told_apart(world: World) -> None:
    first = unknown(world, "first")
    set_times(world, "first", 2 * 86400)
    # The older one was reported as sent before the newer was requested.
    world.ledger.note(report("T1", "sent", timestamp=datetime.now(UTC) - timedelta(days=2)))
    second = unknown(world, "second")
    world.ledger.note(report("T2", "failed"))
    world.ledger.note(report("T1", "delivered"))
    assert (world.state(first), world.state(second)) == ("delivered", "failed")


def test_the_stored_message_tells_messages_apart(world: World) -> None:
    first = unknown(world, "first", operation=SendSavedMMS("111", sender="60856"))
    second = unknown(world, "second", operation=SendSavedMMS("222", sender="60856"))
    third = unknown(world, "third")
    world.ledger.note(report("T2", "failed", mms_id="222", sender="other"))
    assert [world.state(one) for one in (first, second, third)] == ["unknown", "failed", "unknown"]
    world.ledger.note(report("T1", mms_id="111"))
    assert [world.state(one) for one in (first, second, third)] == ["delivered", "failed", "unknown"]
    # A message that was not stored before has an id of its own.
    world.ledger.note(report("T3", mms_id="333"))
    assert world.state(third) == "delivered"


def test_a_link_has_no_stored_message_and_is_told_apart_by_number_and_time(world: World) -> None:
    broadcast = unknown(world, operation=SendSavedMMS("111", sender="60856"))
    world.ledger.note(report("T1", sent_as="SMS", mms_id=None))
    assert world.state(broadcast) == "delivered"


def test_your_own_reference_stays_yours_and_tells_messages_apart(world: World) -> None:
    mine = unknown(world, "mine", operation=replace(MESSAGE, client_reference="spring-sale"))
    other = unknown(world, "other", operation=replace(MESSAGE, client_reference="summer-sale"))
    world.ledger.note(report("T1", client_reference="summer-sale"))
    world.ledger.note(report("T2"))
    assert (world.state(mine), world.state(other)) == ("unknown", "delivered")


def test_one_tracking_id_at_two_gateways_is_two_messages(world: World) -> None:
    first, second = accepted(world, "first"), world.broadcast("second", [B])
    world.answer(second, world.request(second)[0], State.ACCEPTED, tracking_id="T1")
    world.ledger.note(report("T1", to=B))
    assert (world.state(first), world.state(second, B)) == ("accepted", "delivered")
    world.ledger.note(report("T1", "failed", to="55512300099"))
    assert world.state(first) == "accepted"


def test_seven_lost_answers_to_one_number_are_not_told_apart(world: World) -> None:
    broadcasts = [unknown(world, f"b{number}") for number in range(7)]
    for number in range(7):
        world.ledger.note(report(f"T{number}"))
    assert {world.state(one) for one in broadcasts} == {"unknown"}


def test_tracking_ids_that_do_not_fit_the_messages_prove_nothing(world: World) -> None:
    broadcasts = [
        world.broadcast(stored_id, operation=SendSavedMMS(stored_id, sender="60856")) for stored_id in ("111", "222", "333")
    ]
    for one in broadcasts:
        world.request(one)
    # Two are of the first message. One of them is not the ledger's, so the third may be of any message, or of none.
    for tracking_id in ("T1", "T2"):
        world.ledger.note(report(tracking_id, mms_id="111"))
    world.ledger.note(report("T3", sent_as="SMS"))
    for one in broadcasts:
        world.crash(one)
    assert [world.state(one) for one in broadcasts] == ["unknown"] * 3
    assert {evidence["why"] for row in broadcasts[0].unknown() for evidence in row["evidence"]} == {
        "some tracking id is that of another message to this number"
    }


# ---------------------------------------------------------------------------------------------------- random histories

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["request", "answer", "lose", "crash", "report", "repeat", "foreign", "settle"]),
        st.integers(0, 2),
        st.sampled_from(["sent", "delivered", "failed"]),
    ),
    max_size=25,
)


class Truth:
    """What really happened to the message of one broadcast."""

    def __init__(self, broadcast: Broadcast, number: int) -> None:
        self.broadcast = broadcast
        self.tracking_id = f"T{number}"
        self.intent: Any = None
        self.answered = False
        self.said: set[str] = set()


def play(world: World, steps: list[tuple[str, int, str]], prefix: str, *, foreign: bool) -> None:
    """Play a history of three messages to one number, and check after each step what is promised."""
    truths = [Truth(world.broadcast(f"{prefix}{number}", [A]), number) for number in range(3)]
    for number, truth in enumerate(truths):
        truth.tracking_id = f"{prefix}T{number}"
    finals: dict[int, str] = {}
    noted: list[Any] = []
    foreign_said: set[str] = set()
    for verb, which, says in steps:
        truth = truths[which]
        if verb == "request" and truth.intent is None:
            (truth.intent,) = world.request(truth.broadcast)
        elif verb in ("answer", "lose") and truth.intent is not None and not truth.answered:
            truth.answered = True
            state, fields = (
                (State.ACCEPTED, {"tracking_id": truth.tracking_id})
                if verb == "answer"
                else (State.UNKNOWN, {"why": Why.LOST_ANSWER})
            )
            world.answer(truth.broadcast, truth.intent, state, **fields)
        elif verb == "crash" and truth.intent is not None and not truth.answered:
            truth.answered = True
            world.crash(truth.broadcast)
        elif verb == "report" and truth.intent is not None:
            noted.append(report(truth.tracking_id, says))
            truth.said.add(says)
            world.ledger.note(noted[-1])
        elif verb == "repeat" and noted:
            assert not world.ledger.note(noted[which % len(noted)])
        elif verb == "foreign" and foreign:
            foreign_said.add(says)
            world.ledger.note(report(f"{prefix}F{which}", says))
        elif verb == "settle" and world.state(truth.broadcast) == "unknown":
            truth.broadcast.settle([A], "sent", why="test")
        for place, one in enumerate(truths):
            state = world.state(one.broadcast)
            if one.intent is None:
                assert state == "ready"
            if state in ("delivered", "failed"):
                assert state in one.said | foreign_said, "only a report says that"
                assert finals.setdefault(place, state) == state, "a final state stays"
            else:
                assert place not in finals
            if state == "unknown":
                assert one.answered
            if one.answered and not foreign and row_of(one.broadcast)["tracking_id"] not in (None, one.tracking_id):
                # Only where it makes no difference.
                assert state in ("delivered", "failed")
                assert all(state in other.said for other in truths if other.intent is not None and other.answered is True
                           and row_of(other.broadcast)["tracking_id"] not in (None, other.tracking_id))  # fmt: skip


@pytest.mark.parametrize("foreign", [False, True], ids=["own", "with foreign messages"])
def test_a_random_history_keeps_every_promise(world: World, foreign: bool) -> None:
    played = 0

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(STEPS)
    def check(steps: list[tuple[str, int, str]]) -> None:
        nonlocal played
        played += 1
        with world.store.transaction() as transaction:
            transaction.run(same("DELETE FROM skymms_broadcast"))
            transaction.run(same("DELETE FROM skymms_report"))
        play(world, steps, f"h{played}-", foreign=foreign)

    check()


def test_the_order_of_reports_and_answer_does_not_matter(world: World) -> None:
    """For one message: sent, one final report, the answer (or its loss), in every order, with repeats."""
    from itertools import permutations

    for loss in (False, True):
        for number, order in enumerate(permutations(("sent", "failed", "answer", "failed"))):
            name = f"{loss}{number}"
            broadcast = world.broadcast(name, [B])
            (intent,) = world.request(broadcast)
            for step in order:
                if step != "answer":
                    world.ledger.note(report(name, step, to=B))
                elif loss:
                    world.answer(broadcast, intent, State.UNKNOWN, why=Why.LOST_ANSWER)
                else:
                    world.answer(broadcast, intent, State.ACCEPTED, tracking_id=name)
            assert world.state(broadcast, B) == "failed", order


# ---------------------------------------------------------------------------------------------------- sent again


def resend(world: World) -> Broadcast:
    """A broadcast with one message that an operator wants to be sent again."""
    broadcast = unknown(world)
    set_times(world, "spring", 7200)
    broadcast.settle([A], "resend", why="test")
    return broadcast


@pytest.mark.parametrize(("says", "state"), [("sent", "accepted"), ("delivered", "delivered"), ("failed", "failed")])
def test_a_report_of_the_first_request_takes_the_resend_back(world: World, says: str, state: str) -> None:
    broadcast = resend(world)
    world.ledger.note(report("T1", says))
    assert world.state(broadcast) == state
    assert world.request(broadcast) == []


def test_a_report_with_the_reference_of_the_first_request_takes_the_resend_back(world: World) -> None:
    broadcast = world.broadcast("spring")
    (intent,) = world.request(broadcast)
    world.crash(broadcast)
    set_times(world, "spring", 7200)
    broadcast.settle([A], "resend", why="test")
    world.ledger.note(report("T1", client_reference=reference(world, intent, 1)))
    assert world.state(broadcast) == "delivered"


def test_two_reports_for_two_messages_take_the_resend_back(world: World) -> None:
    broadcast, other = resend(world), unknown(world, "other")
    world.ledger.note(report("T1"))
    assert world.state(broadcast) == "ready"
    world.ledger.note(report("T2", "failed"))
    assert (world.state(broadcast), world.state(other)) == ("accepted", "accepted")


def test_a_report_is_not_about_a_message_that_certainly_was_not_sent(world: World) -> None:
    """It is ready again because nothing was sent, not because an operator wants it."""
    broadcast = world.broadcast("spring")
    world.answer(broadcast, world.request(broadcast)[0], State.READY, code="E106")
    world.ledger.note(report("T1"))
    assert world.state(broadcast) == "ready"


def test_a_resend_that_was_put_off_can_still_be_taken_back(world: World) -> None:
    broadcast = resend(world)
    world.answer(broadcast, world.request(broadcast)[0], State.READY, code="E106")
    world.ledger.note(report("T1"))
    assert world.state(broadcast) == "delivered"


def test_a_resend_that_is_under_way_waits_for_its_answer(world: World) -> None:
    broadcast = resend(world)
    (intent,) = world.request(broadcast)
    world.ledger.note(report("T1"))
    assert world.state(broadcast) == "sending"
    world.answer(broadcast, intent, State.ACCEPTED, tracking_id="T2")
    assert world.state(broadcast) == "accepted"


@pytest.mark.parametrize("how", ["cancel", "opt-out", "forget"])
def test_a_resend_that_is_not_sent_after_all_is_unknown_again(world: World, how: str) -> None:
    broadcast = resend(world)
    if how == "cancel":
        assert broadcast.cancel() == 0
    elif how == "forget":
        world.ledger.forget(A)
    else:
        world.ledger.suppress([A])
        assert world.request(broadcast) == []
    assert list(world.states(broadcast).values()) == ["unknown"]
    world.ledger.note(report("T1"))
    assert list(world.states(broadcast).values()) == ["delivered"]


# ---------------------------------------------------------------------------------------------------- two sessions


def test_a_report_that_comes_while_the_message_is_taken_again_waits(postgres_where: str) -> None:
    """In PostgreSQL, a block and a report may be written at the same time."""
    world, other = World(postgres_where), Ledger(postgres_where)
    broadcast = resend(world)
    thread = threading.Thread(target=other.note, args=[report("T1")])
    with world.store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_message SET state = 'sending', attempts = attempts + 1"))
        thread.start()
        deadline = time.monotonic() + 10
        while not transaction.rows(same("SELECT count(*) FROM pg_locks WHERE NOT granted"))[0][0]:
            assert time.monotonic() < deadline, "the report does not wait"
            time.sleep(0.01)
    thread.join(10)
    with world.store.reading() as transaction:
        assert transaction.rows(same("SELECT state FROM skymms_message")) == [("sending",)]
        assert transaction.rows(same("SELECT message FROM skymms_report")) == [(None,)]
    assert broadcast.status().counts == {"ready": 1}  # as counted: this test changed the state itself
    other.close()
    world.close()


def test_a_report_and_its_answer_at_the_same_time_find_each_other(ledger_where: str) -> None:
    """Each in a session of its own, many times: whichever is written later sees the other."""
    world, other = World(ledger_where), Ledger(ledger_where)
    numbers = [f"1555123{number:04}" for number in range(40)]
    broadcast = world.broadcast("spring", numbers)
    intents = world.request(broadcast)
    barrier = threading.Barrier(2)
    errors: list[BaseException] = []

    def note() -> None:
        try:
            for number in numbers:
                barrier.wait(10)
                other.note(report(f"T{number}", to=number))
        except BaseException as error:
            errors.append(error)
            barrier.abort()

    thread = threading.Thread(target=note)
    thread.start()
    try:
        for place, intent in enumerate(intents):
            barrier.wait(10)
            if place % 3:
                world.answer(broadcast, intent, State.ACCEPTED, tracking_id=f"T{intent.number}")
            else:
                world.answer(broadcast, intent, State.UNKNOWN, why=Why.LOST_ANSWER)
    finally:
        thread.join(30)
    assert errors == []
    assert set(world.states(broadcast).values()) == {"delivered"}
    other.close()
    world.close()


def test_a_report_waits_for_the_answer_about_its_number(postgres_where: str) -> None:
    """In PostgreSQL, a report that comes while an answer is being written sees it, although it is not committed yet."""
    from skymms.broadcast.noting import lock_answered, match_answers
    from skymms.broadcast.outcomes import Answer

    world, other = World(postgres_where), Ledger(postgres_where)
    broadcast = world.broadcast("spring")
    (intent,) = world.request(broadcast)
    answer = Answer(intent.id, 1, State.ACCEPTED, tracking_id="T1")
    thread = threading.Thread(target=other.note, args=[report("T1")])
    with world.store.transaction() as transaction:
        lock_answered(transaction, [answer])
        thread.start()
        transaction.run(same("UPDATE skymms_message SET state = 'accepted', tracking_id = 'T1'"))
        match_answers(transaction, [answer], "test")
        deadline = time.monotonic() + 10
        waiting = same("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while not transaction.rows(waiting)[0][0]:
            assert time.monotonic() < deadline, "the report does not wait"
            time.sleep(0.01)
    thread.join(10)
    assert row_of(broadcast)["state"] == "delivered"
    other.close()
    world.close()
