"""Writing: from a value to leaves, and to the pieces of a document, by a column of the table that is worked out once.

Rows that are alike become one small function, which fetches all its fields at once, so that writing a value costs what the
fields it has set cost, and never a look at the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from .._functools import attribute_getter
from ..errors import Problem
from ..numbers import digits
from .codecs import Leaf
from .notation import Converter, Row, is_unsupported, wire_name

_Step = Callable[[Any, list[Leaf]], None]

#: The field that differs where a message goes to many.
RECIPIENT = "to"
_SOME_NUMBER = "15551234888"


class _Place(NamedTuple):
    """Where a row's field lies. Neighbours that lie in the same place are written in one step."""

    #: Whether it is the recipient, which is a piece of the document by itself.
    recipient: bool
    #: ``""`` for a field that stands alone, ``[].`` for one of the items of a group, ``[]`` for texts, ``{}`` for a mapping.
    shape: str
    #: The group, the texts or the mapping; empty for a field that stands alone.
    name: str


def _place(row: Row) -> _Place:
    group, inside, _ = row.field.rpartition("[].")
    shape = inside or row.field[-2:]
    if shape not in {"[].", "[]", "{}"}:
        return _Place(row.field == RECIPIENT, "", "")
    return _Place(False, shape, group or row.field.removesuffix(shape))


class Encoder:
    """One class of values in one dialect, ready to be written. ``carry`` is what becomes of the bytes on their way."""

    def __init__(
        self,
        rows: Sequence[Row],
        column: int,
        codec: ModuleType,
        kind: Mapping[str, Converter],
        case: str,
        carry: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._part: Callable[[list[Leaf]], bytes] = codec.part
        self._carry = carry
        #: The pieces of a document: whether it is the recipient's, and the steps that write it.
        self._pieces: list[tuple[bool, list[_Step]]] = []
        column_of = _Column(column, codec, kind, getattr(str, case))
        sayable = [row for row in rows if wire_name(row, column)]
        for recipient, places in groupby(groupby(sayable, _place), lambda alike: alike[0].recipient):
            self._pieces.append((recipient, [column_of.step(place, list(alike)) for place, alike in places]))
        self._recipient = self._around_recipient()
        #: The fields that this dialect has no word for, and those of the items of a group, with what fetches the items.
        self._unsayable: list[str] = []
        self._unsayable_inside: list[tuple[Callable[[Any], Iterable[Any]], str]] = []
        for row in rows:
            if is_unsupported(row, column):
                _, shape, name = _place(row)
                if shape == "[].":
                    self._unsayable_inside.append((attrgetter(name), row.field.rpartition(".")[2]))
                else:
                    self._unsayable.append(name or row.field)
        self._fetch_unsayable = attribute_getter(self._unsayable)

    def leaves(self, value: Any) -> list[Leaf]:
        """The leaves of a value, in the order of the rows."""
        out: list[Leaf] = []
        for _, steps in self._pieces:
            for step in steps:
                step(value, out)
        return out

    def pieces(self, value: Any) -> list[bytes]:
        """The pieces of its document, as they travel."""
        return [self._piece(value, steps) for _, steps in self._pieces]

    def replace_recipient(self, value: Any, written: list[bytes]) -> list[bytes]:
        """The pieces of what differs by its recipient only from what was ``written``; the number has been found right."""
        if self._recipient is None:
            return written
        at, before, after = self._recipient
        number = digits(getattr(value, RECIPIENT)).encode()
        return [*written[:at], before + number + after, *written[at + 1 :]]

    def _around_recipient(self) -> tuple[int, bytes, bytes] | None:
        """Which piece the recipient's is, and what stands around the number: digits are written alike everywhere."""
        for at, (recipient, steps) in enumerate(self._pieces):
            if recipient:
                some = self._piece(SimpleNamespace(**{RECIPIENT: _SOME_NUMBER}), steps)
                before, _, after = some.partition(_SOME_NUMBER.encode())
                return at, before, after
        return None

    def _piece(self, value: Any, steps: list[_Step]) -> bytes:
        leaves: list[Leaf] = []
        for step in steps:
            step(value, leaves)
        return self._carry(self._part(leaves)) if leaves else b""

    def lost(self, value: Any, dialect: str) -> list[Problem]:
        """What this dialect has no word for, although it is set."""
        found: list[Problem] = []
        held = self._fetch_unsayable(value)
        if held.count(None) < len(held):
            found += [
                Problem(None, None, name.rpartition(".")[2], f"{dialect} has no word for it in this request: leave it out")
                for name, given in zip(self._unsayable, held, strict=True)
                if given is not None and given not in ((), {})
            ]
        for items, name in self._unsayable_inside:
            inside = [getattr(item, name) for item in items(value)]
            if inside.count(None) < len(inside):
                found += [
                    Problem(None, at, name, f"{dialect} has no word for it: leave it out")
                    for at, given in enumerate(inside, 1)
                    if given is not None
                ]
        return sorted(found, key=lambda problem: problem.slide or 0) if found else found


class _Column(NamedTuple):
    """A column of the table, and what its words mean: what makes steps of rows."""

    number: int
    codec: ModuleType
    kind: Mapping[str, Converter]
    case: Callable[[str], str]

    def step(self, place: _Place, rows: Sequence[Row]) -> _Step:
        """What writes the fields of one place."""
        if place.shape == "" and len(rows) == 1:
            return _single(attrgetter(rows[0].field), *self._written(rows[0]))
        if place.shape == "":
            return _singles([row.field for row in rows], [self._written(row) for row in rows])
        get = attrgetter(place.name)
        if place.shape == "[].":
            mark = _group_mark(wire_name(rows[0], self.number), self.codec)
            return _items(get, [row.field.rpartition(".")[2] for row in rows], [self._written(row) for row in rows], mark)
        (row,) = rows
        name, write = wire_name(row, self.number), self.kind[row.kind].encode
        if place.shape == "{}":
            return self._mapping(get, write, name)
        head, _, last = name.removesuffix("[]").rpartition("/")
        tag = self.codec.spell(f"{head.removesuffix('[]')}[]/{last}")
        # Either the node is repeated in a group that stands once, or the group is.
        return _texts(get, tag, repeats=not name.endswith("[]"))

    def _written(self, row: Row) -> _Written:
        return self.kind[row.kind].encode, self.codec.spell(wire_name(row, self.number))

    def _mapping(self, get: Callable[[Any], Any], write: Callable[[Any], str], name: str) -> _Step:
        codec, case = self.codec, self.case
        if "|" in name:
            values, _, keys = name.partition("|")
            value_tag, key_tag = codec.spell(values), codec.spell(values.rpartition("/")[0] + "/" + keys)

            def pairs(holder: Any, out: list[Leaf]) -> None:
                for at, (key, value) in enumerate(get(holder).items()):
                    out.append((value_tag, at, write(value)))
                    out.append((key_tag, at, str(key)))

            return pairs
        if name.endswith("/*"):
            group = name.removesuffix("/*")

            def named(holder: Any, out: list[Leaf]) -> None:
                for key, value in get(holder).items():
                    out.append((codec.spell(f"{group}[]/{case(key)}"), 0, write(value)))

            return named
        tag = codec.spell(name)

        def flat(holder: Any, out: list[Leaf]) -> None:
            for key, value in get(holder).items():
                out.append((tag, case(str(key)), write(value)))

        return flat


#: How a field's value becomes text, and its spelling.
_Written = tuple[Callable[[Any], str], Any]


def _single(get: Callable[[Any], Any], write: Callable[[Any], str], tag: Any) -> _Step:
    def step(holder: Any, out: list[Leaf]) -> None:
        if (value := get(holder)) is not None:
            out.append((tag, None, write(value)))

    return step


def _singles(names: Sequence[str], written: Sequence[_Written]) -> _Step:
    fetch = attribute_getter(names)

    def step(holder: Any, out: list[Leaf]) -> None:
        for value, (write, tag) in zip(fetch(holder), written):  # noqa: B905 (as long as each other, and hot)
            if value is not None:
                out.append((tag, None, write(value)))

    return step


def _texts(get: Callable[[Any], Any], tag: Any, *, repeats: bool) -> _Step:
    def step(holder: Any, out: list[Leaf]) -> None:
        out.extend((tag, at if repeats else 0, text) for at, text in enumerate(get(holder)))

    return step


def _items(get: Callable[[Any], Iterable[Any]], names: Sequence[str], written: Sequence[_Written], mark: Any) -> _Step:
    fetch = attribute_getter(names)

    def step(holder: Any, out: list[Leaf]) -> None:
        add = out.append
        for at, item in enumerate(get(holder)):
            before = len(out)
            for value, how in zip(fetch(item), written):  # noqa: B905 (as long as each other, and hot)
                if value is not None:
                    add((how[1], at, how[0](value)))
            # An empty item is wrong, and it is there: it must not vanish between here and the sandbox.
            if mark is not None and len(out) == before:
                add((mark, at, ""))

    return step


def _group_mark(name: str, codec: ModuleType) -> Any:
    return codec.spell(name.partition("[]")[0] + "[]") if "[]" in name else None
