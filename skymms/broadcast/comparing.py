"""Compares the outcomes of the variants of a broadcast, with confidence intervals."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import NamedTuple

from ..storage.contract import Store
from . import statements as sql
from .states import State

#: The quantile of the normal distribution for an interval that is right in 95 of 100 cases.
_Z = 1.959964
#: The states of messages that the gateway has accepted.
_ACCEPTED = (State.ACCEPTED, State.DELIVERED, State.FAILED)


class Share(NamedTuple):
    """How many of some messages have an outcome, and between which shares the true one probably is (95 %, Wilson).

    The shares are from 0 to 1. Without any message they are 0 and 1: nothing is known.
    """

    part: int
    of: int
    low: float
    high: float

    @classmethod
    def among(cls, part: int, of: int) -> Share:
        """Return a share with its interval."""
        if not of:
            return cls(part, of, 0.0, 1.0)
        share, square = part / of, _Z * _Z
        middle = (share + square / (2 * of)) / (1 + square / of)
        width = _Z / (1 + square / of) * sqrt(share * (1 - share) / of + square / (4 * of * of))
        return cls(part, of, max(0.0, middle - width), min(1.0, middle + width))


class VariantOutcome(NamedTuple):
    """What became of one variant.

    ``counts`` are its messages by state. ``delivered`` and ``opted_out`` are shares of the messages that the gateway has
    accepted: those that were delivered, and those whose recipient opted out after the message was sent.
    """

    name: str
    weight: float
    counts: Mapping[str, int]
    delivered: Share
    opted_out: Share


def compare(store: Store, broadcast: int) -> list[VariantOutcome]:
    """Return what became of each variant of a broadcast. It reads all its messages."""
    counts: dict[int, dict[str, int]] = {}
    with store.reading() as transaction:
        variants = transaction.rows(sql.VARIANTS, broadcast=broadcast)
        for variant, state, count in transaction.rows(sql.COUNT_BY_VARIANT, broadcast=broadcast):
            counts.setdefault(variant, {})[state] = count
        opted_out: dict[int, int] = dict(transaction.rows(sql.OPTED_OUT_BY_VARIANT, broadcast=broadcast))
    found: list[VariantOutcome] = []
    for id, name, weight, _ in variants:
        states = counts.get(id, {})
        accepted = sum(states.get(state, 0) for state in _ACCEPTED)
        delivered = Share.among(states.get(State.DELIVERED, 0), accepted)
        found.append(
            VariantOutcome(name, weight, states, delivered, Share.among(min(opted_out.get(id, 0), accepted), accepted))
        )
    return found
