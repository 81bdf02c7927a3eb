"""Gives out the turns of an account: the times at which its workers may make their requests, at the rate of the broadcast.

The next turn is in the ledger, so that all workers of the account share it. While a transaction takes turns, others wait for
its end.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

from ..storage.contract import Transaction
from . import statements as sql

#: A turn is given out at most so many seconds before it. What may change until then, such as an opt-out, would not be seen.
AHEAD = 1.0
#: A gap between turns grows to at most this many times its length, and is halved after so many seconds without a complaint.
_MAX_FACTOR, _RECOVERY = 8.0, 30.0
#: A next turn further ahead than this, and than one gap, is an effect of a changed clock.
_FARTHEST_TURN = 120.0
#: Seconds that a commit usually takes at most. No turn is granted before that.
_COMMIT = 0.02


class Turns(NamedTuple):
    """How many turns there are, the seconds until the first, the gap between two, and the seconds until there are any."""

    granted: int
    first: float
    gap: float
    wait: float


def take_turns(transaction: Transaction, account: str, rate: float | None, most: int, now: float, begun: float) -> Turns:
    """Reserve up to ``most`` turns. ``begun`` is the monotonic time at which the ledger's clock was ``now``.

    There are fewer turns, or none, if they are far ahead: with a low rate, or because the gateway wants everybody to wait.
    """
    row = transaction.one(sql.PACE, account=account)
    if row is None:  # no rate, and the gateway has not complained
        return Turns(most, 0.0, 0.0, 0.0)
    gap, factor, slowed_at, next_turn = row
    slowed_at = min(slowed_at, now)  # the clock may have been set back
    while factor > 1 and now - slowed_at >= _RECOVERY:
        factor, slowed_at = factor / 2, slowed_at + _RECOVERY
    if rate is not None:
        gap = 1 / rate
    spacing = gap * factor if rate is not None or factor > 1 else 0.0
    if next_turn > now + _FARTHEST_TURN * factor + spacing:
        next_turn = now
    # Other workers may have kept the row locked, and the commit takes some time: a turn that is over then would be late.
    # The ledger's clock is not asked again, because it may have been set meanwhile.
    elapsed = time.monotonic() - begun
    first = max(now + elapsed + _COMMIT, next_turn)
    left = now + elapsed + AHEAD - first
    if left < 0:
        return Turns(0, 0.0, 0.0, -left)
    count = min(most, math.floor(left / spacing) + 1) if spacing else most
    transaction.run(
        sql.SET_PACE, account=account, gap=gap, factor=factor, slowed_at=slowed_at, next_turn=first + count * spacing
    )
    return Turns(count, first - now, spacing, 0.0)


def slow_down(transaction: Transaction, account: str, rate: float | None, seconds: float, now: float) -> None:
    """Widen the gap for all workers of the account, and give no turn within the next ``seconds``."""
    transaction.run(sql.ADD_PACE, account=account, gap=1 / (rate or 15.0))
    row = transaction.one(sql.PACE, account=account)
    assert row is not None
    gap, factor, _, next_turn = row
    transaction.run(
        sql.SET_PACE,
        account=account, gap=gap, factor=min(factor * 2, _MAX_FACTOR), slowed_at=now,
        next_turn=max(next_turn, now + min(seconds, _FARTHEST_TURN)),
    )  # fmt: skip
