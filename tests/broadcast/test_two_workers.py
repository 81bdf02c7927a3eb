"""What two workers, or a worker and an operator, do to one broadcast at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from ledger_world import A, B, World, report

from skymms import ConfigurationError
from skymms.broadcast import Ledger, statements
from skymms.broadcast import broadcast as broadcasts
from skymms.broadcast.blocks import Block
from skymms.broadcast.outcomes import Answer, unsent
from skymms.broadcast.running import Desk, End, Result
from skymms.broadcast.states import Phase, State, Why
from skymms.storage.contract import Transaction, same

DONE = Result(End.DONE, None, 1)
WAITING = same("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def world(ledger_where: str) -> Iterator[World]:
    created = World(ledger_where)
    yield created
    created.close()


def meanwhile(transaction: Transaction, work: Callable[[], Any]) -> threading.Thread:
    """Let another session do something until it has ended, or waits for this transaction."""
    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 10
    while thread.is_alive() and not transaction.rows(WAITING)[0][0]:
        assert time.monotonic() < deadline, "the other session neither ends nor waits"
        time.sleep(0.01)
    return thread


# ---------------------------------------------------------------------------------------------------- cancelled, and paused


def test_a_message_that_comes_back_after_the_broadcast_was_cancelled_is_skipped(world: World) -> None:
    broadcast = world.broadcast("spring", [A, B])
    first, second = world.request(broadcast)
    assert broadcast.cancel() == 0
    holder = world._holders[broadcast.id]
    holder.exchange([unsent(first.id, first.attempt)], 0)
    assert world.states(broadcast) == {A: "skipped", B: "sending"}
    holder.end([Answer(second.id, second.attempt, State.READY, wait=60.0)])
    assert world.states(broadcast) == {A: "skipped", B: "skipped"}
    assert [row["reason"] for row in broadcast.rows()] == [Why.CANCELLED] * 2


def test_no_message_of_a_cancelled_broadcast_is_settled_to_be_sent_again(world: World) -> None:
    """It would stay ready for ever, because a cancelled broadcast does not run."""
    broadcast = world.broadcast("spring")
    world.answer(broadcast, world.request(broadcast)[0], State.UNKNOWN, why=Why.LOST_ANSWER)
    with world.store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_message SET sent_at = sent_at - 7200"))
    broadcast.cancel()
    with pytest.raises(ConfigurationError, match="was cancelled, so nothing of it is sent again"):
        broadcast.settle([A], "resend", why="asked")
    assert broadcast.settle([A], "sent", why="asked") == 1


class PausedHolder:
    """Stands for the ledger of a broadcast that an operator has paused."""

    def exchange(self, answers: object, most: int, *, known: object = None) -> Block:
        return Block([], Phase.PAUSED, "lunch", 0.0, 0.0)

    def counts(self) -> dict[str, int]:
        return {}

    def end(self, answers: object, *, known: object = None) -> None:
        """Write the answers to the calls that were in flight. Meanwhile the operator has resumed the broadcast."""


def test_a_run_that_ends_late_does_not_pause_again_what_an_operator_paused_and_resumed() -> None:
    paused: list[str] = []
    desk = Desk(cast(Any, PausedHolder()), rate=None, concurrency=10, seconds=None, pause=paused.append)
    desk.exchange()
    assert desk.finish()[:2] == (End.PAUSED, "lunch")
    assert paused == []


# ---------------------------------------------------------------------------------------------------- done


def test_a_broadcast_is_not_called_done_while_an_operator_lets_a_message_be_sent_again(
    postgres_where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, other = World(postgres_where), Ledger(postgres_where)
    broadcast = world.broadcast("spring")
    world.answer(broadcast, world.request(broadcast)[0], State.UNKNOWN, why=Why.LOST_ANSWER)
    with world.store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_message SET sent_at = sent_at - 7200"))
    threads: list[threading.Thread] = []

    def audit(transaction: Transaction, *_: Any) -> None:
        threads.append(meanwhile(transaction, lambda: other["spring"]._ended(DONE)))

    monkeypatch.setattr(broadcasts, "write_audit", audit)
    broadcast.settle([A], "resend", why="asked")
    threads[0].join(10)
    assert broadcast.status().phase is not Phase.DONE
    assert [intent.number for intent in world.request(broadcast)] == [A]
    other.close()
    world.close()


def test_a_broadcast_is_not_called_done_while_a_late_answer_makes_a_message_ready(postgres_where: str) -> None:
    world, other = World(postgres_where), Ledger(postgres_where)
    broadcast = world.broadcast("spring")
    late = world.holder(broadcast, alone=False)
    (intent,) = late.exchange([], 1).intents
    world.holder(broadcast, alone=True)
    assert world.state(broadcast) == "unknown"
    with late._written([unsent(intent.id, intent.attempt)]) as (transaction, _, _):
        thread = meanwhile(transaction, lambda: other["spring"]._ended(DONE))
    thread.join(10)
    assert world.state(broadcast) == "ready"
    assert broadcast.status().phase is Phase.RUNNING
    other.close()
    world.close()


def test_a_message_that_is_taken_while_its_number_is_erased_is_counted_once(postgres_where: str) -> None:
    world, other = World(postgres_where), Ledger(postgres_where)
    broadcast = world.broadcast("spring")
    holder = world.holder(broadcast, alone=False)
    threads: list[threading.Thread] = []
    with world.store.reading() as transaction:
        kind = type(transaction)
    run = kind.run

    def taking(transaction: Any, statement: Any, **values: Any) -> int:
        changed = run(transaction, statement, **values)
        if statement is statements.SET_SENDING:
            threads.append(meanwhile(transaction, lambda: other.forget(A)))
        return changed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "run", taking)
        holder.exchange([], 1)
    threads[0].join(10)
    assert list(world.states(broadcast).values()) == ["sending"]
    other.close()
    world.close()


# ---------------------------------------------------------------------------------------------------- reports


@pytest.mark.parametrize("to", [A[1:], None])
def test_a_report_with_another_form_of_the_number_waits_for_the_answer(postgres_where: str, to: str | None) -> None:
    world, other = World(postgres_where), Ledger(postgres_where)
    broadcast = world.broadcast("spring")
    (intent,) = world.request(broadcast)
    answer = Answer(intent.id, intent.attempt, State.ACCEPTED, tracking_id="T1")
    with world._holders[broadcast.id]._written([answer]) as (transaction, _, _):
        thread = meanwhile(transaction, lambda: other.note(report("T1", to=to)))
    thread.join(10)
    assert world.state(broadcast) == "delivered"
    other.close()
    world.close()
