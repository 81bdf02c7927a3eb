"""Numbers that get nothing more: for all messages, or for those of one sender or campaign; and numbers that are erased.

A run looks a number up at the instant of its intent, so a suppression is obeyed by runs that are under way.
"""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import IO, Any, NamedTuple, TypeAlias, cast

from ..cellcast import OptOut
from ..errors import ConfigurationError, SkymmsError
from ..storage.contract import Store, Transaction
from ..storage.texts import hash_number
from . import statements as sql
from .auditing import write_audit
from .consent_statements import SUPPRESS_FIRMLY
from .countries import Country
from .numbering import normalizer_of_ledger
from .recipients import Recipient, Unreadable, read_numbers
from .states import State
from .tallies import add_to_tally

#: Numbers that are written in one transaction.
_CHUNK = 10_000

#: A file or a stream with numbers, or the reply to Cellcast's OptOuts.
Source: TypeAlias = "str | os.PathLike[str] | IO[str] | IO[bytes] | Iterable[OptOut]"


class Suppressions(NamedTuple):
    """What became of an import: numbers that were added, those that were there, and the lines that have no number."""

    added: int
    known: int
    unreadable: tuple[Unreadable, ...]


class Origin(NamedTuple):
    """For what numbers are suppressed, and how that is known."""

    scope: str
    source: str
    at: datetime | None
    evidence: str | None


def suppress(store: Store, numbers: Iterable[str | int], origin: Origin, by: str | None, country: Country | None = None) -> int:
    """Suppress numbers and return how many were not suppressed before. Raises for a number that is not one; nothing is kept."""
    if isinstance(numbers, (str, int)):
        raise TypeError(f"numbers={numbers!r:.40}: give a list of numbers")
    _check_time(origin.at)
    with store.transaction() as transaction:
        forms = normalizer_of_ledger(transaction, country)
        normal = [forms(number) for number in numbers]
        added = _add(transaction, [(one, origin.evidence) for one in normal], origin)
        _audit(transaction, origin, by, {"numbers": len(normal), "added": added})
    return added


def suppress_from(
    store: Store, source: Source, origin: Origin, column: str | None, by: str | None, country: Country | None = None
) -> Suppressions:
    """Suppress the numbers of a file or of a listing, in chunks. Lines without a number are returned."""
    _check_time(origin.at)
    name = os.fspath(source) if isinstance(source, (str, os.PathLike)) else getattr(source, "name", "the list")
    added = read = 0
    unreadable: list[Unreadable] = []
    with store.reading() as transaction:
        forms = normalizer_of_ledger(transaction, country)
    rows = _rows(source, column, forms, unreadable)
    while chunk := list(islice(rows, _CHUNK)):
        with store.transaction() as transaction:
            evidence = [(number, origin.evidence or f"{name}, line {line}") for number, line in chunk]
            changed = _add(transaction, evidence, origin)
            _audit(transaction, origin, by, {"numbers": len(chunk), "added": changed, "from": str(name)})
        added += changed
        read += len(chunk)
    return Suppressions(added, read - added, tuple(unreadable))


def _rows(
    source: Source, column: str | None, forms: Callable[[str | int], tuple[str, ...]], unreadable: list[Unreadable]
) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield numbers in the forms that the ledger may have, with their lines, and collect the lines that have none."""
    found: Iterable[Recipient | Unreadable]
    if isinstance(source, (str, os.PathLike)) or hasattr(source, "read"):
        found = read_numbers(cast("str | IO[bytes]", source), number=column)
    else:
        rows: Any = source
        found = (Recipient(one.number or "", line=place) for place, one in enumerate(rows, 1))
    for one in found:
        if isinstance(one, Unreadable):
            unreadable.append(one)
            continue
        try:
            yield forms(one.number), one.line
        except SkymmsError as error:
            reason = error.problems[0].message if one.number != "" else "there is no number"
            unreadable.append(Unreadable(one.line, str(one.number), reason))


def _check_time(at: datetime | None) -> None:
    if at is not None and at.tzinfo is None:
        raise ConfigurationError(f"at={at.isoformat()} has no time zone: add one, for example with datetime.astimezone()")


def _add(transaction: Transaction, numbers: Sequence[tuple[tuple[str, ...], str | None]], origin: Origin) -> int:
    """Suppress numbers in all their forms, and return how many were not suppressed in the first one."""
    at = transaction.now() if origin.at is None else origin.at.timestamp()

    def rows(chosen: slice) -> list[dict[str, Any]]:
        return [
            {"number": number, "scope": origin.scope, "source": origin.source, "at": at, "evidence": evidence}
            # In one order, so that two sessions of a database do not wait for each other.
            for forms, evidence in sorted(numbers, key=lambda one: one[0])
            for number in forms[chosen]
        ]

    first, others = rows(slice(1)), rows(slice(1, None))
    if others:
        transaction.run_many(sql.SUPPRESS, others)
    added = transaction.run_many(sql.SUPPRESS, first) if first else 0
    everyone = json.dumps([row["number"] for row in (*first, *others)])
    transaction.run(SUPPRESS_FIRMLY, scope=origin.scope, numbers=everyone)
    return added


def _audit(transaction: Transaction, origin: Origin, by: str | None, detail: Mapping[str, Any]) -> None:
    write_audit(transaction, "suppress", None, by, {**detail, "scope": origin.scope, "source": origin.source})


# ------------------------------------------------------------------------------------------------ erasure


def forget(store: Store, number: str | int, by: str | None, country: Country | None = None) -> None:
    """Erase a number from all tables, and keep it suppressed under its hash."""
    with store.erasing() as transaction:
        for normal in normalizer_of_ledger(transaction, country)(number):
            hashed = hash_number(_secret(transaction), normal)
            _forget(transaction, normal, hashed)
            write_audit(transaction, "forget", None, by, {"number": hashed})


def _forget(transaction: Transaction, number: str, hashed: str) -> None:
    now = transaction.now()
    words = {"number": number, "hashed": hashed}
    transaction.run(sql.SUPPRESS, number=hashed, scope="", source="erasure", at=now, evidence=None)
    for (broadcast,) in transaction.rows(sql.UNKNOWN_AGAIN_OF_NUMBER, number=number, now=now):
        add_to_tally(transaction, broadcast, "operator", Counter({State.READY: -1, State.UNKNOWN: 1}))
    for (broadcast,) in transaction.rows(sql.FORGET_READY, number=number, now=now):
        add_to_tally(transaction, broadcast, "operator", Counter({State.READY: -1, State.SKIPPED: 1}))
    transaction.run(sql.FORGET_MESSAGES, **words)
    # A list that was being read had the number again after it was forgotten.
    for (broadcast,) in transaction.rows(sql.FORGET_REPEATED, number=number):
        add_to_tally(transaction, broadcast, "operator", Counter({State.SKIPPED: -1}))
    for statement in sql.FORGET_ELSEWHERE:
        transaction.run(statement, **words, like=f"%{number}%")


def _secret(transaction: Transaction) -> bytes:
    transaction.run(sql.ADD_SECRET, value=secrets.token_hex(32))
    found = transaction.one(sql.SECRET)
    assert found is not None
    return bytes.fromhex(found[0])
