"""A broadcast that is cancelled while a run holds messages, or after a run was killed: no message stays in between."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from ledger_world import A, B, World, report

from skymms import Client, ConfigurationError
from skymms.broadcast.leases import list_leases
from skymms.broadcast.outcomes import all_unsent, unsent
from skymms.broadcast.states import Phase, State
from skymms.sandbox import Sandbox
from skymms.storage.contract import same

pytestmark = pytest.mark.compat
END_ALL_LEASES = same("UPDATE skymms_worker SET lease_until = 1")


@pytest.fixture
def world(ledger_where: str) -> Iterable[World]:
    world = World(ledger_where)
    yield world
    world.close()


def states(broadcast: Any) -> dict[str, str]:
    return {row["number"]: row["reason"] or row["state"] for row in broadcast.rows()}


# ------------------------------------------------------------------------------------------------ while a run holds messages


@pytest.mark.parametrize("gives_back", ["the next block", "the end of the run", "a refusal to be tried again"])
def test_what_a_run_gives_back_after_the_broadcast_was_cancelled_is_cancelled_too(world: World, gives_back: str) -> None:
    spring = world.broadcast("spring", [A, B])
    holder = world.holder(spring)
    intents = holder.exchange([], 2).intents
    assert spring.cancel() == 0
    if gives_back == "the next block":
        assert holder.exchange(all_unsent(intents), 2).phase is Phase.CANCELLED
    elif gives_back == "the end of the run":
        holder.end(all_unsent(intents))
    else:
        holder.end([unsent(intent.id, intent.attempt, wait=30.0) for intent in intents])
    assert states(spring) == {A: "cancelled", B: "cancelled"}
    assert spring.status().counts == {"skipped": 2}


def test_what_was_taken_by_a_transaction_whose_end_was_not_answered_is_cancelled_too(world: World) -> None:
    spring = world.broadcast("spring", [A, B])
    holder = world.holder(spring)
    holder.exchange([], 2)
    spring.cancel()
    holder.end([], known=())
    assert spring.status().counts == {"skipped": 2}


# ------------------------------------------------------------------------------------------------ after a run was killed


def killed(world: World) -> Any:
    """A cancelled broadcast, one of whose two messages a run held when it was killed."""
    spring = world.broadcast("spring", [A, B])
    assert len(world.holder(spring).exchange([], 1).intents) == 1
    with world.store.transaction() as transaction:
        transaction.run(END_ALL_LEASES)
    return spring


@pytest.mark.parametrize("verb", ["cancel", "unknown", "settle", "reconcile", "run"])
def test_what_a_killed_run_held_is_unknown_at_the_next_look(world: World, verb: str) -> None:
    spring = killed(world)
    if verb == "cancel":
        assert spring.cancel() == 1
    else:
        # As the ledger was left by a cancellation while the run was still at work.
        with world.store.transaction() as transaction:
            spring._set_phase(transaction, Phase.CANCELLED, None, Phase.RUNNING)
    if verb == "unknown":
        assert [row["number"] for row in spring.unknown()] == [A]
    elif verb == "settle":
        assert spring.settle([A], "sent", why="the person has it") == 1
        assert states(spring)[A] == "settled as sent"
        return
    elif verb in ("reconcile", "run"):
        with Sandbox() as sandbox, Client(sandbox.account()) as client:
            if verb == "reconcile":
                assert world.ledger.reconcile(client, broadcast="spring").unknown == 1
            else:
                with pytest.raises(ConfigurationError, match="cancelled"):
                    spring.run(client)
    other = "cancelled" if verb == "cancel" else "ready"
    assert states(spring) == {A: "interrupted", B: other}
    assert spring.status().counts == {"unknown": 1, "skipped" if verb == "cancel" else "ready": 1}
    assert list_leases(world.store, spring.id) == []


def test_what_a_run_at_work_holds_stays_its_own(world: World) -> None:
    spring = world.broadcast("spring", [A, B])
    (intent,) = world.holder(spring).exchange([], 1).intents
    spring.cancel()
    assert list(spring.unknown()) == []
    with pytest.raises(ConfigurationError, match="is sending"):
        spring.settle([A], "sent", why="the person has it")
    world.answer(spring, intent, State.ACCEPTED)
    assert states(spring) == {A: "accepted", B: "cancelled"}


def test_a_report_about_what_a_killed_run_held_counts_at_once(world: World) -> None:
    spring = killed(world)
    spring.cancel()
    world.ledger.note(report(A))
    assert states(spring) == {A: "delivered", B: "cancelled"}
