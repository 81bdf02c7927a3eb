"""Decides which ready messages may be sent now: not to people who opted out, and not more than the frequency cap allows.

It is asked in the transaction that writes the intents, so that an opt-out, or a message of another broadcast, that was written
before is obeyed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..storage.contract import Transaction
from ..storage.texts import hash_number
from .caps import Cap
from .consent_statements import COUNT_RECENT, LOCK_TO_COUNT, LOCK_TO_SEND, SUPPRESSED
from .countries import other_form
from .scopes import EVERYTHING
from .states import Why


class Decision(NamedTuple):
    """The numbers that are skipped, by the reason, and those about which it cannot be decided before the next block."""

    skipped: Mapping[str, Why]
    later: frozenset[str]


class Eligibility:
    """Decides for one broadcast. ``scopes`` are those of its messages, and ``cap`` is its frequency cap."""

    def __init__(self, broadcast: int, scopes: Iterable[str], cap: Cap | None) -> None:
        self._broadcast = broadcast
        self._cap = cap
        self.scopes: Sequence[str] = sorted({EVERYTHING, *scopes})
        #: The secret of the hashes under which erased numbers are suppressed.
        self.secret: bytes | None = None

    def decide(self, transaction: Transaction, numbers: Sequence[str], now: float) -> Decision:
        """Decide about numbers that are ready."""
        # US numbers, with their other form.
        others = {number: other for number in numbers if (other := other_form(number)) is not None}
        names = {number: max(number, others.get(number, ""), key=len) for number in numbers}
        lock = LOCK_TO_SEND if self._cap is None else LOCK_TO_COUNT
        locked = set(transaction.document(lock, numbers=json.dumps(sorted(set(names.values())))))
        skipped = dict.fromkeys(self._opted_out(transaction, numbers, others), Why.OPTED_OUT)
        if self._cap is not None:
            counted = [number for number in numbers if names[number] in locked and number not in skipped]
            over = self._over_cap(transaction, counted, others, now - self._cap.seconds, self._cap.most)
            skipped |= dict.fromkeys(over, Why.CAPPED)
        later: set[str] = set()
        taken: set[str] = set()
        for number in numbers:
            if number not in skipped:
                # A list may have both forms of a US number: with a cap, the second is decided about after the first is taken.
                if names[number] not in locked or (self._cap is not None and names[number] in taken):
                    later.add(number)
                taken.add(names[number])
        return Decision(skipped, frozenset(later))

    def _opted_out(self, transaction: Transaction, numbers: Sequence[str], others: Mapping[str, str]) -> set[str]:
        # The numbers that are skipped if a key is suppressed: a US number may have opted out in its other form.
        keys: dict[str, list[str]] = {number: [number] for number in numbers}
        for number, other in others.items():
            keys.setdefault(other, []).append(number)
        if self.secret is not None:
            keys |= {hash_number(self.secret, form): skipped for form, skipped in keys.items()}
        found = transaction.rows(SUPPRESSED, keys=json.dumps(list(keys)), scopes=json.dumps(self.scopes))
        return {number for row in found for number in keys[row[0]]}

    def _over_cap(
        self, transaction: Transaction, numbers: Sequence[str], others: Mapping[str, str], since: float, most: int
    ) -> list[str]:
        keys = {*numbers, *(others[number] for number in numbers if number in others)}
        rows = transaction.rows(COUNT_RECENT, numbers=json.dumps(sorted(keys)), broadcast=self._broadcast, since=since)
        # The message that is ready is not counted, and one to the other form of its number is, also of this broadcast.
        of_others = {row[0]: row[1] for row in rows}
        of_all = {row[0]: row[2] for row in rows}
        return [number for number in numbers if of_others.get(number, 0) + of_all.get(others.get(number, ""), 0) >= most]
