"""The turns of a rate: granted by the ledger for all workers, and lost if a worker misses them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import chain, repeat
from typing import Any, cast

import pytest
from ledger_world import A, B, World

from skymms.broadcast import hooks
from skymms.broadcast.blocks import Holder
from skymms.broadcast.intents import Intent
from skymms.broadcast.running import Desk
from skymms.broadcast.settings import Settings
from skymms.storage.contract import same

pytestmark = pytest.mark.compat
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


def begin(world: World) -> Holder:
    """Begin to hold a broadcast of two messages at a rate of 10."""
    broadcast = world.broadcast("spring", [A, B])
    settings = Settings.of(hours=None, start=None, until=None, rate=10.0, price=None)
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
        transaction.run(ADD_TURN, next_turn=transaction.now() + 20)
    block, begun, _ = take(world, 0.2)
    assert block.taken_at <= begun
    assert [round(intent.turn - block.intents[0].turn, 6) for intent in block.intents] == [0, 0.1]


def test_a_block_whose_commit_takes_long_begins_at_the_end_of_it(world: World) -> None:
    """Otherwise all its turns would be over, and with a slow disk nothing would ever be sent."""
    block, _, committed = take(world, 0.5)
    assert block.taken_at + block.intents[0].turn >= committed
