"""The turns of a rate: granted by the ledger for all workers, and lost if a worker misses them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import Any, cast

import pytest
from ledger_world import MESSAGE, A, B, World, report

from skymms import InboundSMS
from skymms.broadcast import Hours, Recipient, blocks, hooks
from skymms.broadcast.blocks import Block, Holder
from skymms.broadcast.breakers import Breakers
from skymms.broadcast.intents import Intent
from skymms.broadcast.outcomes import Answer, all_unsent
from skymms.broadcast.running import Desk
from skymms.broadcast.settings import Settings
from skymms.broadcast.statements import PACE
from skymms.broadcast.states import Phase, State
from skymms.storage.contract import same

pytestmark = pytest.mark.compat
SET_TURN = same("UPDATE skymms_pace SET next_turn = :next_turn")
ADD_TURN = same("INSERT INTO skymms_pace (account, gap, next_turn) VALUES ('test', 0.1, :next_turn)")


@pytest.fixture
def world(ledger_where: str) -> Iterable[World]:
    world = World(ledger_where)
    yield world
    hooks.set_hook(None)
    world.close()


@pytest.mark.parametrize(
    ("rate", "late", "may"),
    [
        # With few messages a second, a turn lasts until the next one.
        (2, 0.4, True),
        (2, 0.6, False),
        # With many, requests that are late together would be a burst.
        (200, 0.04, True),
        (200, 0.06, False),
        # Without a rate there are no turns.
        (None, 4.9, True),
        (None, 5.1, False),
    ],
)
def test_a_turn_that_was_missed_is_not_caught_up_with(
    monkeypatch: pytest.MonkeyPatch, rate: float | None, late: float, may: bool
) -> None:
    desk = Desk(cast(Any, None), rate=rate, concurrency=10, seconds=None, pause=lambda why: None)
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    assert desk.may_request(Intent(1, A, 1, None, 1, 0.3), taken_at=1000.0 - 0.3 - late) is may


class OneMessage:
    """Stands for a ledger from which each block has one message."""

    def exchange(self, answers: object, most: int, *, known: object = None) -> Block:
        return Block([Intent(1, A, 1, None, 1, 0.0)], Phase.RUNNING, None, 0.0, time.monotonic())

    def counts(self) -> dict[str, int]:
        return {}


@pytest.mark.parametrize(("slept", "may"), [(0.0, True), (3600.0, False), (-86400.0, True)])
def test_a_message_that_was_taken_before_the_computer_slept_is_given_back(
    monkeypatch: pytest.MonkeyPatch, slept: float, may: bool
) -> None:
    """The monotonic clock stands still while a computer sleeps. Afterwards, the hours may have ended."""
    desk = Desk(cast(Any, OneMessage()), rate=None, concurrency=10, seconds=None, pause=lambda why: None)
    block = desk.exchange()
    assert block is not None
    wall = time.time
    monkeypatch.setattr(time, "time", lambda: wall() + slept)
    assert desk.may_request(block.intents[0], block.taken_at) is may
    # What is taken now is new.
    desk.answer(all_unsent(block.intents))
    monkeypatch.setattr(desk, "_next_look", float("-inf"))
    monkeypatch.setattr(desk, "_last_exchange", float("-inf"))
    block = desk.exchange()
    assert block is not None
    assert desk.may_request(block.intents[0], block.taken_at)


def test_a_run_that_awaits_its_last_calls_does_not_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    desk = Desk(cast(Any, OneMessage()), rate=None, concurrency=10, seconds=None, pause=lambda why: None)
    desk.exchange()
    desk.stop()
    monkeypatch.setattr(time, "monotonic", lambda: 1000.5)
    assert not desk.over
    assert desk.pause_seconds() >= 0.2


def begin(world: World, rate: float | None = 10.0, numbers: Sequence[str] = (A, B)) -> Holder:
    """Begin to hold a broadcast of two messages at a rate of 10."""
    broadcast = world.broadcast("spring", numbers)
    settings = Settings.of(hours=None, start=None, until=None, rate=rate, price=None)
    holder = Holder(world.store, broadcast.id, settings, account="test", sender="60856", scopes=())
    holder.begin(alone=True)
    return holder


def take(world: World, wait: float) -> tuple[Any, float, float]:
    """Take two messages at a rate of 10; their commit begins only after ``wait`` seconds. Return the block, and both times."""
    holder = begin(world)
    begun = committed = 0.0

    def hook(instant: str) -> None:
        nonlocal begun, committed
        if instant == "before the block's commit":
            begun = time.monotonic()
            time.sleep(wait)
        elif instant == "after the block's commit":
            committed = time.monotonic()

    hooks.set_hook(hook)
    return holder.exchange([], 2), begun, committed


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_set_within_a_transaction_postpones_no_turn(
    world: World, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """A worker would wait for a turn that is a day away, and hold its messages."""
    with world.store.reading() as transaction:
        kind, now = type(transaction), transaction.now()
    times = chain([now], repeat(now + days * 86400))

    def hook(instant: str) -> None:
        if instant == "before the block":
            monkeypatch.setattr(kind, "now", lambda _: next(times))

    holder = begin(world)
    hooks.set_hook(hook)
    assert all(0 <= intent.turn < 1 for intent in holder.exchange([], 2).intents)


def test_turns_count_from_the_ledgers_clock_and_not_from_the_end_of_the_commit(world: World) -> None:
    with world.store.transaction() as transaction:
        transaction.run(ADD_TURN, next_turn=transaction.now() + 0.6)
    block, begun, _ = take(world, 0.2)
    assert block.taken_at <= begun
    assert [round(intent.turn - block.intents[0].turn, 6) for intent in block.intents] == [0, 0.1]


def test_a_block_whose_commit_takes_long_begins_at_the_end_of_it(world: World) -> None:
    """Otherwise all its turns would be over, and with a slow disk nothing would ever be sent."""
    block, _, committed = take(world, 0.5)
    assert block.taken_at + block.intents[0].turn >= committed


# ------------------------------------------------------------------------------------------------ turns that are far ahead


@pytest.fixture
def freeze(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stop the ledger's clock, at so many seconds after now."""
    with world.store.reading() as transaction:
        kind, now = type(transaction), transaction.now()
    return lambda seconds: monkeypatch.setattr(kind, "now", lambda _: now + seconds)


def test_no_message_is_taken_long_before_its_turn(world: World, freeze: Callable[[float], None]) -> None:
    """Its recipient may opt out until then, and the hours may end."""
    freeze(0.0)
    holder = begin(world)
    with world.store.transaction() as transaction:
        transaction.run(SET_TURN, next_turn=transaction.now() + 100)
    block = holder.exchange([], 2)
    assert block.intents == []
    assert 0 < cast(float, block.wait) <= 99
    world.ledger.note(InboundSMS("N211", sender=A, to=None, text="STOP"))
    freeze(100.0)
    assert [intent.number for intent in holder.exchange([], 2).intents] == [B]


@pytest.mark.parametrize("rate", [0.5, 0.005])
def test_a_low_rate_gives_one_turn_after_the_other(world: World, freeze: Callable[[float], None], rate: float) -> None:
    """Also if the next turn is so far away that it could be the effect of a changed clock."""
    freeze(0.0)
    holder = begin(world, rate)
    assert len(holder.exchange([], 2).intents) == 1
    block = holder.exchange([], 2)
    assert block.intents == []
    assert 0 < cast(float, block.wait) < 1 / rate
    freeze(1 / rate)
    assert len(holder.exchange([], 2).intents) == 1


def test_a_gateway_that_slows_a_run_without_a_rate_down_gets_few_messages_at_once(
    world: World, freeze: Callable[[float], None]
) -> None:
    freeze(0.0)
    holder = begin(world, None, [f"1555123{number:04}" for number in range(100)])
    (intent,) = holder.exchange([], 1).intents
    answer = Answer(intent.id, intent.attempt, State.READY, slow_down=0.1)
    holder.exchange([answer], 0)
    freeze(1.0)
    block = holder.exchange([], 90)
    # Within a second, at 7.5 a second.
    assert len(block.intents) == 8
    # The next ones are in the order of the list.
    freeze(9.0)
    assert holder.exchange([], 1).intents[0].id == block.intents[-1].id + 1


def test_turns_begin_after_the_wait_for_other_workers(
    world: World, freeze: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They keep the turns of the account locked until their transactions end."""
    freeze(0.0)
    holder = begin(world)
    with world.store.reading() as transaction:
        kind, one, now = type(transaction), type(transaction).one, transaction.now()
    monotonic = time.monotonic

    def waiting(self: Any, statement: Any, **values: Any) -> Any:
        if statement is PACE:
            monkeypatch.setattr(time, "monotonic", lambda: monotonic() + 5)
        return one(self, statement, **values)

    monkeypatch.setattr(kind, "one", waiting)
    assert all(intent.turn > 5 for intent in holder.exchange([], 2).intents)
    with world.store.reading() as transaction:
        assert transaction.rows(same("SELECT next_turn FROM skymms_pace"))[0][0] > now + 5


@pytest.mark.parametrize("waits", ["for reports", "for turns"])
@pytest.mark.parametrize("limit", ["hours", "until"])
def test_nothing_is_taken_if_the_time_ended_while_the_transaction_waited_for_a_lock(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: str, waits: str
) -> None:
    evening = datetime(2026, 11, 30, 20, 0, tzinfo=UTC)
    broadcast = world.broadcast("spring", [A, B])
    given: dict[str, Any] = {"hours": None, "until": None} | {limit: Hours("09:00", "20:00") if limit == "hours" else evening}
    settings = Settings.of(start=None, rate=None, price=None, **given)
    holder = Holder(world.store, broadcast.id, settings, account="test", sender="60856", scopes=())
    with world.store.reading() as transaction:
        kind, one = type(transaction), type(transaction).one
    monkeypatch.setattr(kind, "now", lambda _: evening.timestamp() - 30)
    holder.begin(alone=True)
    assert len(holder.exchange([], 1).intents) == 1
    monotonic = time.monotonic

    def wait(*_: Any) -> None:
        monkeypatch.setattr(time, "monotonic", lambda: monotonic() + 40)

    def waiting(self: Any, statement: Any, **values: Any) -> Any:
        if statement is PACE:
            wait()
        return one(self, statement, **values)

    if waits == "for reports":
        monkeypatch.setattr(holder, "_write", wait)
    else:
        monkeypatch.setattr(kind, "one", waiting)
    assert holder.exchange([], 1).intents == []


# ------------------------------------------------------------------------------------------------ a clock that is set back


@pytest.fixture
def set_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the ledger's clock by so many seconds."""
    with world.store.reading() as transaction:
        kind, real = type(transaction), type(transaction).now
    return lambda seconds: monkeypatch.setattr(kind, "now", lambda self: real(self) + seconds)


def test_a_message_that_waits_when_the_clock_is_set_back_does_not_wait_for_a_day(
    world: World, set_clock: Callable[[float], None]
) -> None:
    broadcast = world.broadcast("spring")
    world.answer(broadcast, world.request(broadcast)[0], State.READY, wait=60.0)
    assert world.request(broadcast) == []
    set_clock(-86400.0)
    world.request(broadcast)
    assert [intent.number for intent in world.request(broadcast)] == [A]


def test_a_worker_that_ended_before_the_clock_was_set_back_is_not_awaited_for_a_day(
    world: World, set_clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast = world.broadcast("spring")
    world.holder(broadcast, alone=False)
    world.request(broadcast)
    set_clock(-86400.0)
    monkeypatch.setattr(blocks, "_SWEEP", 0.0)
    other = world.holder(broadcast, alone=False)
    other.exchange([], 1)
    assert world.state(broadcast) == "sending"
    set_clock(-86400.0 + blocks.LEASE + 1)
    other.exchange([], 1)
    assert world.state(broadcast) == "unknown"


def test_an_operator_need_not_wait_for_a_day_for_a_worker_that_ended_before_the_clock_was_set_back(
    world: World, set_clock: Callable[[float], None]
) -> None:
    broadcast = world.broadcast("spring")
    world.holder(broadcast, alone=False)
    world.request(broadcast)
    with world.store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_worker SET host = 'another'"))
    set_clock(-86400.0)
    assert list(broadcast.unknown()) == []
    set_clock(-86400.0 + blocks.LEASE + 1)
    assert [one["number"] for one in broadcast.unknown()] == [A]


def test_a_canary_that_was_sent_before_the_clock_was_set_back_is_judged_when_all_outcomes_are_known(
    world: World, set_clock: Callable[[float], None]
) -> None:
    broadcast = world.ledger.create("spring", MESSAGE, [Recipient(A), Recipient(B)], canary=1, pause_if=["delivered<85%@30m"])
    broadcast._begin()
    breakers = Breakers(broadcast.id, "spring", broadcast.settings.pause_if, 1)
    holder = Holder(world.store, broadcast.id, broadcast.settings, account="test", sender="60856", scopes=(), breakers=breakers)
    holder.begin(alone=True)
    (intent,) = holder.exchange([], 2).intents
    set_clock(-86400.0)
    holder.exchange([Answer(intent.id, 1, State.ACCEPTED, tracking_id="T1")], 0)
    world.ledger.note(report("T1"))
    holder._judged_at = float("-inf")
    assert [one.number for one in holder.exchange([], 2).intents] == [B]
