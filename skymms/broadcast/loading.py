"""Reads the list of a broadcast into the ledger, and checks every message before the first is sent."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from ..errors import ConfigurationError, Problem, SkymmsError
from ..model.operations import Operation
from ..model.serialization import to_dict
from ..storage.contract import Row, Store, Transaction
from ..transport.exchange import GatewayAccount
from . import statements as sql
from .auditing import write_audit
from .broadcast import Broadcast
from .hours import zone_info
from .messages import normalizer
from .personalisation import MissingValue, Personalisation
from .recipients import Recipient, Unreadable
from .settings import Settings
from .states import Phase, State
from .tallies import add_to_tally

#: Rows that are written in one transaction.
_CHUNK = 10_000
#: How many left-out lines an error shows. All are kept in the ledger, if the broadcast is.
_SHOWN = 20
#: How many checked messages are remembered. Lists that are sorted by a merge field profit from it.
_REMEMBERED = 1024


class LeftOut(NamedTuple):
    """A line of the list that is not sent to: a duplicate, or one that cannot be sent to."""

    line: int
    kind: str
    text: str
    reason: str


def load(
    store: Store,
    name: str,
    operation: Operation[Any],
    recipients: Iterable[Recipient | Unreadable],
    settings: Settings,
    *,
    account: GatewayAccount | None,
    skip_invalid: bool,
    by: str | None,
) -> Broadcast:
    """Create a broadcast with its messages. Called again after a crash, it goes on where it ended."""
    if not name or name != name.strip() or not name.isprintable() or len(name) > 100:
        raise ConfigurationError(f"{name!r:.120} cannot be the name of a broadcast: give printable characters, at most 100")
    if not hasattr(operation, "to"):
        raise TypeError(f"{type(operation).__name__} has no recipient, so it cannot be sent to a list")
    judge = _Judge(operation, account)
    document = json.dumps(to_dict(operation), sort_keys=True)
    plan = hashlib.sha256(f"{settings.to_json()}\n{document}".encode()).hexdigest()
    variant = _begin(store, name, settings, plan, document)
    broadcast = Broadcast.find(store, name)
    unreadable: list[LeftOut] = []
    for chunk in _chunks(_numbered(recipients)):
        unreadable += _load_chunk(store, broadcast.id, variant, chunk, judge)
        if len(unreadable) > 100_000:
            break  # not a list of numbers at all
    if unreadable and not skip_invalid:
        with store.transaction() as transaction:
            transaction.run(sql.DELETE_BROADCAST, broadcast=broadcast.id)
        raise _refusal(unreadable)
    with store.transaction() as transaction:
        transaction.run(
            sql.SET_PHASE,
            broadcast=broadcast.id, to=Phase.PLANNED, why=None, finished=None, from_1=Phase.LOADING, from_2="", from_3="",
        )  # fmt: skip
        counted: dict[str, int] = dict(transaction.rows(sql.TALLY, broadcast=broadcast.id))
        write_audit(transaction, "create", name, by, {"messages": counted.get(State.READY, 0)})
    return broadcast


def _begin(store: Store, name: str, settings: Settings, plan: str, document: str) -> int:
    """Write the broadcast and its message; return the id of the variant."""
    with store.transaction() as transaction:
        transaction.run(sql.ADD_BROADCAST, name=name, settings=settings.to_json(), plan=plan, now=transaction.now())
        found = transaction.one(sql.FIND_BROADCAST, name=name)
        assert found is not None
        if found[2] != Phase.LOADING:
            raise ConfigurationError(f"there is a broadcast {name!r} already: give another name")
        if found[5] != plan:
            raise ConfigurationError(
                f"the broadcast {name!r} was begun with another message or settings, and its list was not read to the end: "
                "create it with those again, or give another name"
            )
        transaction.run(sql.ADD_VARIANT, broadcast=found[0], name="main", weight=1.0, operation=document)
        (variant,) = transaction.rows(sql.VARIANTS, broadcast=found[0])
    return int(variant[0])


def _chunks(recipients: Iterable[Recipient | Unreadable]) -> Iterator[list[Recipient | Unreadable]]:
    source = iter(recipients)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk


def _numbered(recipients: Iterable[Recipient | Unreadable]) -> Iterator[Recipient | Unreadable]:
    """Give recipients that do not come from a file their place in the list as a line."""
    for place, one in enumerate(recipients, 1):
        if isinstance(one, Unreadable) or one.line:
            yield one
        else:
            yield Recipient(one.number, one.data, one.reference, one.zone, place)


def _load_chunk(
    store: Store, broadcast: int, variant: int, chunk: Sequence[Recipient | Unreadable], judge: _Judge
) -> list[LeftOut]:
    """Write a chunk of the list, in one transaction, and return the lines that cannot be sent to."""
    rows: list[Row] = []
    left_out: list[LeftOut] = []
    for one in chunk:
        if isinstance(one, Unreadable):
            left_out.append(LeftOut(one.line, "unreadable", one.text, one.reason))
            continue
        try:
            rows.append(judge.row(broadcast, variant, one))
        except SkymmsError as error:
            left_out.append(LeftOut(one.line, "unreadable", str(one.number), _reason(error)))
    with store.transaction() as transaction:
        inserted = transaction.load("skymms_message", sql.MESSAGE_COLUMNS, rows)
        duplicates = [] if inserted == len(rows) else _duplicates(transaction, broadcast, rows)
        if lines := left_out + duplicates:
            transaction.run_many(sql.ADD_LEFT_OUT, [{"broadcast": broadcast, **line._asdict()} for line in lines])
        add_to_tally(transaction, broadcast, "load", Counter({State.READY: inserted}))
    return left_out


def _duplicates(transaction: Transaction, broadcast: int, rows: Sequence[Row]) -> list[LeftOut]:
    numbers = json.dumps([row[1] for row in rows])
    known: dict[str, int] = {
        row[0]: row[1] for row in transaction.rows(sql.LINES_OF_NUMBERS, broadcast=broadcast, numbers=numbers)
    }
    return [
        LeftOut(line, "duplicate", number, f"the number is in line {known[number]}")
        for _, number, line, *_ in rows
        if known[number] != line
    ]


class _Judge:
    """Checks each message by the rules, with its merge fields filled in."""

    def __init__(self, operation: Operation[Any], account: GatewayAccount | None) -> None:
        self._account = account
        self._personal = Personalisation(operation)
        self._normalize = normalizer(operation)
        self._judged: dict[tuple[str | None, ...], str | None] = {}
        if not self._personal.names and (reason := self._problem({})) is not None:
            raise ConfigurationError(f"the message cannot be sent: {reason}")

    def row(self, broadcast: int, variant: int, one: Recipient) -> Row:
        """Return the row of a recipient. Raises the error of a message that cannot be sent."""
        number = self._normalize(one.number)
        data = self._personal.used(one.data) if self._personal.names else {}
        if self._personal.names and (reason := self._judge(data)) is not None:
            raise ConfigurationError(reason)
        if one.zone:
            zone_info(one.zone)
        text = json.dumps(data, ensure_ascii=False) if data else None
        return (broadcast, number, one.line, variant, text, one.reference, one.zone or "", 0.0)

    def _judge(self, data: dict[str, str]) -> str | None:
        key = tuple(data.get(name) for name in self._personal.names)
        if key not in self._judged:
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            self._judged[key] = self._problem(data)
        return self._judged[key]

    def _problem(self, data: dict[str, str]) -> str | None:
        try:
            filled = self._personal.fill(data)
        except MissingValue as missing:
            return f"there is no value for {{{missing}}}, which has no default"
        problems = [one for one in self._problems(filled) if one.field != "to"]
        return str(problems[0]) if problems else None

    def _problems(self, filled: Any) -> Sequence[Problem]:
        judge = getattr(self._account, "problems", None)
        if judge is not None:
            return judge(filled)  # type: ignore[no-any-return]
        slideshow = getattr(filled, "slideshow", None)
        return slideshow.problems() if slideshow is not None else ()


def _reason(error: SkymmsError) -> str:
    return error.problems[0].message if error.problems else str(error)


def _refusal(left_out: Sequence[LeftOut]) -> ConfigurationError:
    lines = [f"line {one.line}: {one.reason}" for one in left_out[:_SHOWN]]
    if len(left_out) > _SHOWN:
        lines.append(f"and {len(left_out) - _SHOWN:,} more lines")
    return ConfigurationError(
        "the list has lines that cannot be sent to; correct them, or leave them out with skip_invalid (--skip-invalid):\n"
        + "\n".join(lines)
    )
