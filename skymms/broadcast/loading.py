"""Reads the list of a broadcast into the ledger, and checks every message before the first is sent.

A list is read in chunks, each in one transaction. As long as the broadcast is ``loading`` it cannot run. If the program ends
meanwhile, the next `create` with this name deletes what was read and begins anew: nothing was sent, and whoever is not in the
list any more must not be sent to.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from ..errors import ConfigurationError, StorageError
from ..model.serialization import to_dict
from ..storage.contract import Row, Store, Transaction
from ..transport.exchange import GatewayAccount
from . import statements as sql
from .auditing import write_audit
from .broadcast import Broadcast
from .checking import Checker, LeftOut
from .consent_statements import COUNT_SKIPPED_AFTER
from .recipients import Entry, Recipient, Unreadable, numbered
from .settings import Settings
from .states import Phase, State
from .tallies import add_to_tally
from .variants import Messages, Variant, variants_of

#: The place of the reason in a row: rows that have one are skipped.
_WHY = sql.MESSAGE_COLUMNS.index("why")
#: Rows that are written in one transaction.
_CHUNK = 10_000
#: How many left-out lines an error shows. All are kept in the ledger, if the broadcast is.
_SHOWN = 20
#: After more lines than this that cannot be sent to, the rest of a list is not read, because the list is refused anyway.
_MOST_UNREADABLE = 20_000


class _Loaded(NamedTuple):
    """What became of a chunk."""

    messages: int
    duplicates: int
    unreadable: list[LeftOut]


def load(
    store: Store,
    name: str,
    messages: Messages,
    recipients: Iterable[Recipient | Unreadable | str | int],
    settings: Settings,
    *,
    account: GatewayAccount | None,
    skip_invalid: bool,
    by: str | None,
) -> Broadcast:
    """Create a broadcast with its messages."""
    if not name or name != name.strip() or not name.isprintable() or len(name) > 100:
        raise ConfigurationError(f"{name!r:.120} cannot be the name of a broadcast: give printable characters, at most 100")
    variants = variants_of(messages)
    if isinstance(recipients, (str, bytes)) or hasattr(recipients, "__fspath__"):
        raise TypeError(f"recipients={recipients!r:.60} is not a list: pass read_recipients({recipients!r:.60})")
    with store.reading() as transaction:
        now = transaction.now()
    checker = Checker(name, variants, account, settings, now)
    documents = [json.dumps(to_dict(one.operation), sort_keys=True) for one in variants]
    plan = hashlib.sha256("\n".join([settings.to_json(), *documents]).encode()).hexdigest()
    broadcast, ids = _begin(store, name, settings, plan, variants, documents)
    counts: Counter[str] = Counter()
    shown: list[LeftOut] = []
    try:
        for chunk in _chunks(numbered(recipients, checker.names)):
            loaded = _load_chunk(store, name, broadcast, ids, chunk, checker)
            counts.update(messages=loaded.messages, duplicates=loaded.duplicates, unreadable=len(loaded.unreadable))
            shown += loaded.unreadable[: _SHOWN - len(shown)]
            if counts["unreadable"] > _MOST_UNREADABLE and not skip_invalid:
                break
        if counts["unreadable"] and (not skip_invalid or not counts["messages"]):
            raise _refusal(shown, counts["unreadable"], skip_invalid=skip_invalid)
    except Exception:
        with suppress(StorageError), store.transaction() as transaction:
            transaction.run(sql.DELETE_LOADING, broadcast=broadcast)
        raise
    with store.transaction() as transaction:
        if not transaction.run(
            sql.SET_PHASE,
            broadcast=broadcast, to=Phase.PLANNED, why=None, finished=None, from_1=Phase.LOADING, from_2="", from_3="",
        ):  # fmt: skip
            raise _replaced(name)
        write_audit(transaction, "create", name, by, counts)
    return Broadcast.find(store, name)


def _begin(
    store: Store, name: str, settings: Settings, plan: str, variants: Sequence[Variant], documents: Sequence[str]
) -> tuple[int, list[int]]:
    """Write the broadcast and its messages; return its id and theirs."""
    with store.transaction() as transaction:
        found = transaction.one(sql.FIND_BROADCAST, name=name)
        if found is not None and found[2] == Phase.LOADING:
            transaction.run(sql.DELETE_LOADING, broadcast=found[0])
        if not transaction.run(sql.ADD_BROADCAST, name=name, settings=settings.to_json(), plan=plan, now=transaction.now()):
            raise ConfigurationError(f"there is a broadcast {name!r} already: give another name")
        found = transaction.one(sql.FIND_BROADCAST, name=name)
        assert found is not None
        for one, document in zip(variants, documents, strict=True):
            transaction.run(sql.ADD_VARIANT, broadcast=found[0], name=one.name, weight=one.weight, operation=document)
        ids = [row[0] for row in transaction.rows(sql.VARIANTS, broadcast=found[0])]
    return found[0], ids


def _replaced(name: str) -> ConfigurationError:
    return ConfigurationError(f"another process began to create the broadcast {name!r} anew, so this one has stopped")


def _chunks(entries: Iterator[Entry | Unreadable]) -> Iterator[list[Entry | Unreadable]]:
    while chunk := list(islice(entries, _CHUNK)):
        yield chunk


def _load_chunk(
    store: Store, name: str, broadcast: int, variants: Sequence[int], chunk: Sequence[Entry | Unreadable], checker: Checker
) -> _Loaded:
    """Write a chunk of the list in one transaction."""
    rows, unreadable = checker.check(chunk, broadcast, variants)
    with store.transaction() as transaction:
        if not transaction.run(sql.KEEP_LOADING, broadcast=broadcast):
            raise _replaced(name)
        before = transaction.one(sql.LAST_MESSAGE)
        after = 0 if before is None or before[0] is None else int(before[0])
        inserted = transaction.load("skymms_message", sql.MESSAGE_COLUMNS, rows)
        duplicates: list[LeftOut] = []
        if inserted < len(rows):
            duplicates = _duplicates(transaction, broadcast, rows, after)
        if lines := unreadable + duplicates:
            transaction.run_many(sql.ADD_LEFT_OUT, [{"broadcast": broadcast, **line._asdict()} for line in lines])
        skipped = 0
        if any(row[_WHY] is not None for row in rows):
            counted = transaction.one(COUNT_SKIPPED_AFTER, broadcast=broadcast, after=after)
            assert counted is not None
            skipped = counted[0]
        add_to_tally(transaction, broadcast, "load", Counter({State.READY: inserted - skipped, State.SKIPPED: skipped}))
    return _Loaded(inserted, len(duplicates), unreadable)


def _duplicates(transaction: Transaction, broadcast: int, rows: Sequence[Row], after: int) -> list[LeftOut]:
    """Return the rows of a chunk that were not inserted, because their numbers were there."""
    added = {row[0] for row in transaction.rows(sql.ADDED_NUMBERS, broadcast=broadcast, after=after)}
    repeated: list[Row] = []
    for row in rows:
        # The first row with a number was inserted, and those that follow were not.
        if row[1] in added:
            added.remove(row[1])
        else:
            repeated.append(row)
    numbers = json.dumps([row[1] for row in repeated])
    known: dict[str, int] = dict(transaction.rows(sql.LINES_OF_NUMBERS, broadcast=broadcast, numbers=numbers))
    return [LeftOut(row[2], "duplicate", row[1], f"the number is in line {known[row[1]]}") for row in repeated]


def _refusal(shown: Sequence[LeftOut], count: int, *, skip_invalid: bool) -> ConfigurationError:
    lines = [f"line {one.line}: {one.reason}" for one in shown]
    if count > len(shown):
        lines.append(f"and {count - len(shown):,} more lines")
    problem = (
        "no line of the list can be sent to"
        if skip_invalid
        else "the list has lines that cannot be sent to; correct them, or leave them out with skip_invalid (--skip-invalid)"
    )
    return ConfigurationError("\n".join([f"{problem}:", *lines]))
