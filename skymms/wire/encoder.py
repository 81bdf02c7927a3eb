"""The encoder: from a value to leaves, and from leaves to a document.

An :class:`Encoder` is compiled once from the rows of a class and a column of the table. Neighbouring rows of the same shape
become one function (a step), so encoding never looks at the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from .._functools import FrozenDict, attribute_getter
from ..errors import Problem
from ..redaction import KeyHolder
from .codecs import Codec, Leaf
from .notation import Converter, Row, is_unsupported, wire_name

#: Adds the leaves of some fields of a value to a list.
_Step = Callable[[Any, list[Leaf]], None]

#: The field that differs between the recipients of one message.
RECIPIENT = "to"


class _Place(NamedTuple):
    """The place of a row's field in Python objects. Neighbouring rows with the same place are encoded in one step."""

    #: True for the recipient, which is encoded in a step of its own.
    is_recipient: bool
    #: ``""`` for a field of its own, ``[].`` for a field of the items of a group, ``[]`` for texts, ``{}`` for a mapping.
    shape: str
    #: The field that has the group, the texts or the mapping; empty for a field of its own.
    name: str


def _place(row: Row) -> _Place:
    group, in_group, _ = row.field.rpartition("[].")
    shape = in_group or row.field[-2:]
    if shape not in {"[].", "[]", "{}"}:
        return _Place(row.field == RECIPIENT, "", "")
    return _Place(False, shape, group or row.field.removesuffix(shape))


class Encoder:
    """Encodes the values of one class in one dialect."""

    def __init__(self, rows: Sequence[Row], column: int, codec: Codec, kinds: Mapping[str, Converter], case: str) -> None:
        self._codec = codec
        compiler = _StepCompiler(column, codec, kinds, getattr(str, case))
        before: list[_Step] = []
        after: list[_Step] = []
        recipient: _Step | None = None
        for place, group in groupby((row for row in rows if wire_name(row, column)), _place):
            step = compiler.step(place, list(group))
            if place.is_recipient:
                recipient = step
            else:
                (before if recipient is None else after).append(step)
        self._steps = [*before, *([recipient] if recipient else ()), *after]
        self._before, self._after = before, after
        self._recipient = recipient
        self.has_fields_before_recipient: bool = bool(before)

    def leaves(self, value: Any) -> list[Leaf]:
        """Return the leaves of a value, in the order of the rows."""
        return _leaves(value, self._steps)

    def part(self, value: Any) -> bytes:
        """Encode all fields."""
        return self._encode(value, self._steps)

    def part_before_recipient(self, value: Any) -> bytes:
        """Encode the fields that the table lists before the recipient."""
        return self._encode(value, self._before)

    def part_after_recipient(self, value: Any) -> bytes:
        """Encode the fields that the table lists after the recipient."""
        return self._encode(value, self._after)

    def markup_around_recipient(self) -> tuple[bytes, bytes]:
        """Return the bytes before and after the recipient's digits, which no format escapes; nothing without a recipient."""
        if self._recipient is None:
            return b"", b""
        number = "15551234888"
        part = self._codec.encode_part(_leaves(_Recipient(number), [self._recipient]))
        before, _, after = part.partition(number.encode())
        return before, after

    def _encode(self, value: Any, steps: list[_Step]) -> bytes:
        leaves = _leaves(value, steps)
        return self._codec.encode_part(leaves) if leaves else b""


class _Recipient(NamedTuple):
    to: str


def _leaves(value: Any, steps: Iterable[_Step]) -> list[Leaf]:
    leaves: list[Leaf] = []
    for step in steps:
        step(value, leaves)
    return leaves


class RequestEncoder(KeyHolder):
    """Encodes the operations of one class for one account; the action and the key are filled in.

    ``escape`` is applied to every part of the document; it is the identity unless the document is sent in a form field.
    """

    __slots__ = ("_after_number", "_begin", "_encoder", "_end", "_escape", "_opening", "_separator", "_whole_opening")

    def __init__(self, encoder: Encoder, codec: Codec, root: str, envelope: bytes, escape: Callable[[bytes], bytes]) -> None:
        begin, separator, end = codec.frame(root)
        self._encoder, self._escape = encoder, escape
        self._begin, self._separator, self._end = escape(begin + envelope), escape(separator), escape(end)
        before_number, self._after_number = map(escape, encoder.markup_around_recipient())
        #: The bytes between the fields before the recipient and its number.
        self._opening = self._separator + before_number
        #: All bytes before the number, if there are no fields before the recipient.
        self._whole_opening = self._begin + self._opening

    def encode(self, operation: Any) -> bytes:
        """Return the document of an operation."""
        return self._add(self._begin, self._encoder.part(operation)) + self._end

    def encode_around(self, operation: Any) -> tuple[bytes, bytes]:
        """Return the bytes before and after the recipient's digits in the document of an operation that has a recipient."""
        before = self._whole_opening
        if self._encoder.has_fields_before_recipient:
            before = self._add(self._begin, self._encoder.part_before_recipient(operation)) + self._opening
        after = self._add(self._after_number, self._encoder.part_after_recipient(operation))
        return before, after + self._end

    def _add(self, document: bytes, part: bytes) -> bytes:
        return document + self._separator + self._escape(part) if part else document


class UnsupportedFields:
    """Finds the fields of one class of operations that are set although a dialect has no wire name for them."""

    def __init__(
        self, rows: Sequence[Row], column: int, operation: str, dialect: str, alternatives: Mapping[tuple[str, str], str]
    ) -> None:
        self._operation, self._dialect, self._alternatives = operation, dialect, alternatives
        self._names: list[str] = []
        #: For a field of the items of a group: the field that has the items, and the field's name.
        self._in_groups: list[tuple[str, str]] = []
        for row in rows:
            if is_unsupported(row, column):
                _, shape, name = _place(row)
                if shape == "[].":
                    self._in_groups.append((name, row.field.rpartition(".")[2]))
                else:
                    self._names.append(name or row.field)
        self._fetch = attribute_getter(self._names)
        self._is_any_set = _search(self._names, self._in_groups)

    def problems(self, operation: Any) -> list[Problem]:
        """Return a problem for each unsupported field that is set."""
        found: list[Problem] = []
        if not self._is_any_set(operation):  # nearly always
            return found
        for name, value in zip(self._names, self._fetch(operation), strict=True):
            if _is_set(value):
                found.append(self._problem(None, name.rpartition(".")[2]))
        for group, name in self._in_groups:
            for number, item in enumerate(attrgetter(group)(operation), 1):
                if getattr(item, name) is not None:
                    found.append(self._problem(number, name))
        return sorted(found, key=lambda problem: problem.slide or 0)

    def _problem(self, slide: int | None, field: str) -> Problem:
        remedy = self._alternatives.get((self._operation, field), "leave it out")
        return Problem(None, slide, field, f"is not supported by {self._operation} in {self._dialect}: {remedy}")


#: The types of the fields whose default is empty, and not None.
_MAY_BE_EMPTY = frozenset({tuple, FrozenDict})


def _is_set(value: Any) -> bool:
    # By identity and by type: the == of pandas' NA and of a numpy array is not a bool.
    return value is not None and (type(value) not in _MAY_BE_EMPTY or bool(value))


def _search(names: Sequence[str], in_groups: Sequence[tuple[str, str]]) -> Callable[[Any], bool]:
    """Compile a function that returns whether an operation has one of these fields, or an item of a group has one.

    It is called for each message. A loop over the fields takes four times as long.
    """
    lines = [
        line
        for name in names
        for line in (f"value = holder.{name}", "if value is not None and is_set(value):", "    return True")
    ]
    for group, pairs in groupby(in_groups, itemgetter(0)):
        condition = " or ".join(f"item.{field} is not None" for _, field in pairs)
        lines += [f"for item in holder.{group}:", f"    if {condition}:", "        return True"]
    source = "\n    ".join(["def search(holder):", *lines, "return False"])
    compiled: dict[str, Any] = {"is_set": _is_set}
    exec(source, compiled)  # noqa: S102 (the source has only names of the table)
    search: Callable[[Any], bool] = compiled["search"]
    return search


class _StepCompiler(NamedTuple):
    """Compiles rows to steps, for one column of the table."""

    column: int
    codec: Codec
    kinds: Mapping[str, Converter]
    case: Callable[[str], str]

    def step(self, place: _Place, rows: Sequence[Row]) -> _Step:
        """Return the step that encodes the rows of one place."""
        if place.shape == "":
            return _fields_step([row.field for row in rows], [self._encoding(row) for row in rows])
        if place.shape == "[].":
            group = wire_name(rows[0], self.column).partition("[]")
            marker = self.codec.compile_name(group[0] + "[]") if group[1] else None
            fields = [row.field.rpartition(".")[2] for row in rows]
            return _items_step(place.name, fields, [self._encoding(row) for row in rows], marker)
        get = attrgetter(place.name)
        (row,) = rows
        name, encode = wire_name(row, self.column), self.kinds[row.kind].encode
        if place.shape == "{}":
            return self._mapping_step(get, encode, name)
        parent, _, last = name.removesuffix("[]").rpartition("/")
        compiled = self.codec.compile_name(f"{parent.removesuffix('[]')}[]/{last}")
        # Either the field is repeated in one group (`CONTENT/FILE[]`), or the group is (`content[]/file`).
        return _texts_step(get, compiled, in_one_group=name.endswith("[]"))

    def _encoding(self, row: Row) -> _Encoding:
        return self.kinds[row.kind].encode, self.codec.compile_name(wire_name(row, self.column))

    def _mapping_step(self, get: Callable[[Any], Any], encode: Callable[[Any], str], name: str) -> _Step:
        codec, case = self.codec, self.case
        if "|" in name:
            value_path, _, key_name = name.partition("|")
            value_name = codec.compile_name(value_path)
            key_path = codec.compile_name(f"{value_path.rpartition('/')[0]}/{key_name}")

            def pairs(holder: Any, out: list[Leaf]) -> None:
                for index, (key, value) in enumerate(get(holder).items()):
                    out.append((value_name, index, encode(value)))
                    out.append((key_path, index, str(key)))

            return pairs
        if name.endswith("/*"):
            group = name.removesuffix("/*")

            def by_name(holder: Any, out: list[Leaf]) -> None:
                for key, value in get(holder).items():
                    out.append((codec.compile_name(f"{group}[]/{case(key)}"), 0, encode(value)))

            return by_name
        compiled = codec.compile_name(name)

        def by_suffix(holder: Any, out: list[Leaf]) -> None:
            for key, value in get(holder).items():
                out.append((compiled, case(str(key)), encode(value)))

        return by_suffix


#: How a field's value becomes text, and its compiled name.
_Encoding = tuple[Callable[[Any], str], Any]


def _texts_step(get: Callable[[Any], Any], name: Any, *, in_one_group: bool) -> _Step:
    def step(holder: Any, out: list[Leaf]) -> None:
        out.extend((name, 0 if in_one_group else index, text) for index, text in enumerate(get(holder)))

    return step


def _fields_step(fields: Sequence[str], encodings: Sequence[_Encoding]) -> _Step:
    """Return the step for fields outside groups."""
    lines = [line for at, field in enumerate(fields) for line in _encode_field(f"holder.{field}", "None", at)]
    return _compile(lines, encodings)


def _items_step(group: str, fields: Sequence[str], encodings: Sequence[_Encoding], marker: Any) -> _Step:
    """Return the step for fields of the items of a group. ``marker`` is the name of an item without any field."""
    lines = [f"for index, item in enumerate(holder.{group}):", "    length = len(out)"]
    lines += [f"    {line}" for at, field in enumerate(fields) for line in _encode_field(f"item.{field}", "index", at)]
    if marker is not None:
        # An empty slide is invalid, but its element is written: without it the sandbox could not refuse the slide.
        lines += ["    if len(out) == length:", '        add((marker, index, ""))']
    return _compile(lines, encodings, marker)


def _encode_field(field: str, index: str, at: int) -> list[str]:
    return [f"value = {field}", "if value is not None:", f"    add((name_{at}, {index}, encode_{at}(value)))"]


def _compile(lines: Sequence[str], encodings: Sequence[_Encoding], marker: Any = None) -> _Step:
    """Compile a step from its statements. A loop over the fields would take twice as long, because few fields are set."""
    names: dict[str, Any] = {"marker": marker}
    for at, (encode, name) in enumerate(encodings):
        names |= {f"encode_{at}": encode, f"name_{at}": name}
    source = "\n    ".join(["def step(holder, out):", "add = out.append", *lines])
    exec(source, names)  # noqa: S102 (the source has only names of the table)
    step: _Step = names["step"]
    return step
