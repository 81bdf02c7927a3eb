"""Compares the outcomes of the variants of a broadcast, with confidence intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..storage.contract import Row, Store
from .outcome_statements import COUNT_BY_VARIANT, OPTED_OUT_BY_VARIANT
from .shares import Share
from .statements import VARIANTS
from .states import State

#: The states of messages that the gateway has accepted.
ACCEPTED = (State.ACCEPTED, State.DELIVERED, State.FAILED)


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
        variants = transaction.rows(VARIANTS, broadcast=broadcast)
        for variant, state, count in transaction.rows(COUNT_BY_VARIANT, broadcast=broadcast):
            counts.setdefault(variant, {})[state] = count
        opted_out: dict[int, int] = dict(transaction.rows(OPTED_OUT_BY_VARIANT, broadcast=broadcast))
    return variant_outcomes(variants, counts, opted_out)


def variant_outcomes(
    variants: Sequence[Row], counts: Mapping[int, Mapping[str, int]], opted_out: Mapping[int, int]
) -> list[VariantOutcome]:
    """Return the outcomes of variants (rows of the ledger), from their messages by state and their opt-outs, by id."""
    found: list[VariantOutcome] = []
    for id, name, weight, _ in variants:
        states = counts.get(id, {})
        accepted = sum(states.get(state, 0) for state in ACCEPTED)
        delivered = Share.among(states.get(State.DELIVERED, 0), accepted)
        left_us = Share.among(min(opted_out.get(id, 0), accepted), accepted)
        found.append(VariantOutcome(name, weight, dict(states), delivered, left_us))
    return found
