"""Says in advance what a broadcast will do: how many messages, how long it takes and what it costs. Nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from ..cellcast import CellcastSend
from ..storage.contract import Store, Transaction, read_pages
from ..storage.texts import hash_number
from . import statements as sql
from .consent_statements import COUNT_CAPPED, COUNT_OPTED_OUT, COUNT_SKIPPED
from .countries import with_other_forms
from .messages import CELLCAST_NUMBERS
from .personalisation import Personalisation
from .scopes import scopes_of
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

    ``messages`` are ready, and ``opted_out`` of them will be skipped, by what is known now. ``texts`` is the number of
    different sets of merge values, and ``requests`` about the number of HTTP requests. ``seconds`` is the time at the
    broadcast's rate, without the hours in which nothing is sent (None without a rate). ``cost`` is in the unit of the price
    (None without a price). ``skipped`` counts the recipients of the list that are left out by their reason, such as
    ``no consent``. ``left_out`` lists at most a thousand lines; ``duplicates`` and ``unreadable`` count all.
    ``without_country`` counts numbers of ten digits, which may be US numbers without their country code.
    ``capped`` of the messages will be skipped because their numbers are at the frequency cap now. ``only_default`` names the
    merge fields for which none of the messages has a value, so that all would have their defaults.
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
    skipped: Mapping[str, int]
    without_country: int = 0
    capped: int = 0
    only_default: tuple[str, ...] = ()


def estimate(store: Store, broadcast: int, settings: Settings, operations: Sequence[Any]) -> Estimate:
    """Return the estimate of the messages that are ready; ``operations`` are their variants."""
    operation = operations[0]
    sender = getattr(operation, "sender", None)
    scopes = json.dumps(["", *scopes_of({0: operation}, None if sender is None else str(sender))])
    with store.reading() as transaction:
        found = transaction.one(sql.COUNT_READY, broadcast=broadcast)
        suppressed = transaction.one(COUNT_OPTED_OUT, broadcast=broadcast, scopes=scopes)
        skipped: dict[str, int] = dict(transaction.rows(COUNT_SKIPPED, broadcast=broadcast))
        counts: dict[str, int] = dict(transaction.rows(sql.COUNT_LEFT_OUT, broadcast=broadcast))
        left_out = tuple(LeftOutLine(*row) for row in transaction.rows(sql.LEFT_OUT, broadcast=broadcast, most=MOST_LINES))
        capped = 0
        if settings.cap is not None:
            since = transaction.now() - settings.cap.seconds
            counted = transaction.one(COUNT_CAPPED, broadcast=broadcast, since=since, most=settings.cap.most)
            assert counted is not None
            capped = counted[0]
        ten_digits = transaction.one(sql.COUNT_TEN_DIGITS, broadcast=broadcast)
        assert found is not None
        assert ten_digits is not None
        assert suppressed is not None
        messages, texts = found
        only_default = tuple(name for name in _fields(operations) if messages and not _has_value(transaction, broadcast, name))
        changes = 1
        if isinstance(operation, CellcastSend) and texts > 1:
            counted = transaction.one(sql.COUNT_CHANGES, broadcast=broadcast)
            assert counted is not None
            changes = counted[0]
    opted_out = suppressed[0] + _erased(store, broadcast)
    to_send = max(0, messages - opted_out - capped)
    group = CELLCAST_NUMBERS if isinstance(operation, CellcastSend) else 1
    requests = min(to_send, max(-(-to_send // group), changes))
    return Estimate(
        messages=messages,
        texts=texts,
        requests=requests,
        seconds=None if settings.rate is None else requests / settings.rate,
        cost=None if settings.price is None else settings.price * to_send,
        opted_out=opted_out,
        duplicates=counts.get("duplicate", 0),
        unreadable=counts.get("unreadable", 0),
        left_out=left_out,
        skipped=skipped,
        without_country=0 if settings.country or isinstance(operation, CellcastSend) else ten_digits[0],
        capped=capped,
        only_default=only_default,
    )


def _fields(operations: Sequence[Any]) -> list[str]:
    """Return the names of the merge fields of all variants."""
    return sorted({name for operation in operations for name in Personalisation(operation).names})


def _has_value(transaction: Transaction, broadcast: int, name: str) -> bool:
    # As they stand in the stored JSON. In a value, the quotes would be escaped.
    key = f"{json.dumps(name)}: "
    return transaction.one(sql.HAS_VALUE, broadcast=broadcast, first=f"{{{key}", later=f", {key}") is not None


def _erased(store: Store, broadcast: int) -> int:
    """Count the numbers that were erased, which are only known by their hashes."""
    with store.reading() as transaction:
        hashes = {row[0] for row in transaction.rows(sql.ERASED)}
        secret = transaction.one(sql.SECRET)
    if not hashes or secret is None:
        return 0
    key = bytes.fromhex(secret[0])
    return sum(
        any(hash_number(key, form) in hashes for form in with_other_forms((number,)))
        for _, number in read_pages(store, sql.READY_NUMBERS, broadcast=broadcast)
    )
