"""Says in advance what a broadcast will do: how many messages, how long it takes and what it costs. Nothing is sent."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NamedTuple

from ..storage.contract import Store
from . import statements as sql
from .messages import CELLCAST_NUMBERS
from .settings import Settings

#: How many left-out lines an estimate lists.
MOST_LINES = 1000


class LeftOutLine(NamedTuple):
    """A line of the list that is not sent to: a ``duplicate``, or ``unreadable``; and the reason."""

    line: int
    kind: str
    text: str
    reason: str


class Estimate(NamedTuple):
    """What a broadcast will do.

    ``texts`` is the number of different sets of merge values, and ``requests`` the number of HTTP requests. ``seconds`` is the
    time at the broadcast's rate, without the hours in which nothing is sent (None without a rate). ``cost`` is in the unit of
    the price (None without a price). ``opted_out`` numbers will be skipped. ``left_out`` lists at most a thousand lines;
    ``duplicates`` and ``unreadable`` count all.
    """

    messages: int
    texts: int
    requests: int
    seconds: float | None
    cost: Decimal | None
    opted_out: int
    duplicates: int
    unreadable: int
    left_out: tuple[LeftOutLine, ...]


def estimate(store: Store, broadcast: int, settings: Settings, operation: Any) -> Estimate:
    """Return the estimate of the messages that are ready."""
    with store.reading() as transaction:
        found = transaction.one(sql.COUNT_READY, broadcast=broadcast)
        opted_out = transaction.one(sql.COUNT_OPTED_OUT, broadcast=broadcast, scopes=json.dumps([""]))
        counts: dict[str, int] = dict(transaction.rows(sql.COUNT_LEFT_OUT, broadcast=broadcast))
        left_out = tuple(LeftOutLine(*row) for row in transaction.rows(sql.LEFT_OUT, broadcast=broadcast, most=MOST_LINES))
    assert found is not None
    assert opted_out is not None
    messages, texts = found
    group = CELLCAST_NUMBERS if type(operation).__name__ == "CellcastSend" else 1
    requests = -(-messages // group)
    return Estimate(
        messages=messages,
        texts=texts,
        requests=requests,
        seconds=None if settings.rate is None else requests / settings.rate,
        cost=None if settings.price is None else settings.price * messages,
        opted_out=opted_out[0],
        duplicates=counts.get("duplicate", 0),
        unreadable=counts.get("unreadable", 0),
        left_out=left_out,
    )
