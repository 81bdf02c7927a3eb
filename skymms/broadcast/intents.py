"""One message that may now be requested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple


class Intent(NamedTuple):
    """One message that may now be requested, ``turn`` seconds after its block was taken."""

    id: int
    number: str
    variant: int
    data: str | None
    attempt: int
    turn: float


def groups(intents: Sequence[Intent], size: int) -> Iterator[Sequence[Intent]]:
    """Yield intents in groups of at most ``size`` with the same message, data and turn."""
    if size == 1:
        yield from ([intent] for intent in intents)
        return
    for _, alike in groupby(intents, lambda intent: (intent.turn, intent.variant, intent.data)):
        members = list(alike)
        yield from (members[at : at + size] for at in range(0, len(members), size))
