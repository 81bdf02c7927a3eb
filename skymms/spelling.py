"""From values to leaves and back, by the rows of a table: the one walker for requests, replies and postbacks.

A row says where a field lies in Python (`slideshow.slides[].image`), what kind of thing it is, and how each dialect spells it:

====================== =======================================================================
``TO``                 a node that stands alone
``SLIDE[]/IMAGE/URL``  a node inside a repeated group
``slide_image_url_#``  the same in a flat form: ``#`` is the number of the repetition, from 0
``CONTENT/FILE[]``     a node repeated inside its group: a tuple of texts
``CUSTOMTEXT[]/V|K``   a mapping as repeated pairs: value node, key node
``customtext_#``       the same in a flat form: ``#`` is the key
``DATA/*``, ``data_*`` a mapping whose keys are the names
``-``                  this dialect has no word for it
====================== =======================================================================

A ``!`` at the end marks what a dialect insists on. A column is compiled once, to two lists of small functions; a value is then
written in time that grows with the fields it has set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import date, datetime
from operator import attrgetter
from types import ModuleType
from typing import Any, NamedTuple

from .codecs import Leaf, Unreadable
from .errors import Problem
from .rules import digits


class Row(NamedTuple):
    """A field, its kind, and its spelling in each dialect, in the order of the table's columns."""

    field: str
    kind: str
    spellings: tuple[str, ...]


class Kind(NamedTuple):
    """How a value becomes text, and text a value. Reading never fails: what it cannot make sense of stays text."""

    write: Callable[[Any], str]
    read: Callable[[str], Any]


def moment(text: str) -> date | datetime | str:
    """A date or date-time in any of the forms of ISO 8601 that gateways write, or the text itself."""
    text = text.strip()
    try:
        # The standard library's is forty times as fast and takes every form seen in the documents.
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        from dateutil.parser import isoparse

        return isoparse(text)
    except (ValueError, OverflowError):  # OverflowError: 24:00 on the last day there is
        return text


def _written_moment(when: date | str) -> str:
    return when if isinstance(when, str) else when.isoformat()


def _integer(text: str) -> int | str:
    plain = text.strip()
    # No more digits than an honest number has; int() refuses 4,301 of them with an error of its own.
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 19 else text


_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _flag(text: str) -> bool | str:
    return _YES_NO.get(text.strip().lower(), text)


def kinds(line_break: str = "\n") -> dict[str, Kind]:
    """Every kind of field, with line breaks in texts written as ``line_break``."""

    def lines(text: str) -> str:
        return str(text).replace("\r\n", "\n").replace("\r", "\n").replace("\n", line_break)

    def plain_lines(text: str) -> str:
        text = str(text)
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text

    return {
        "words": Kind(str, str),
        "lines": Kind(plain_lines, str) if line_break == "\n" else Kind(lines, lambda t: t.replace(line_break, "\n")),
        "token": Kind(str, str.strip),
        "number": Kind(digits, str.strip),
        "integer": Kind(str, _integer),
        "yes": Kind(lambda on: {True: "yes", False: "no"}.get(on, str(on)), _flag),
        "true": Kind(lambda on: {True: "true", False: "false"}.get(on, str(on)), _flag),
        "moment": Kind(_written_moment, moment),
        "ids": Kind(",".join, lambda text: tuple(part.strip() for part in text.split(",") if part.strip())),
    }


def spelled(row: Row, column: int) -> str:
    """The name in a dialect, without its mark; empty where it has none."""
    name = row.spellings[column]
    return "" if name == "-" else name.rstrip("!")


def insists(row: Row, column: int) -> bool:
    """Must this dialect have the field?"""
    return row.spellings[column].endswith("!")


# ------------------------------------------------------------------------------------------------ writing

_Step = Callable[[Any, list[Leaf]], None]


#: A field of the items of a group, how its value becomes text, and its spelling.
_Part = tuple[str, Callable[[Any], str], Any]


class Writer:
    """One class of values in one dialect, ready to be written."""

    def __init__(self, rows: Sequence[Row], column: int, codec: ModuleType, kind: Mapping[str, Kind], case: str) -> None:
        self._steps: list[_Step] = []
        self._case: Callable[[str], str] = getattr(str, case)
        self.unsayable: list[tuple[str, Callable[[Any], Any]]] = []
        repeated: dict[str, list[_Part]] = {}
        self._unsayable_inside: dict[str, list[tuple[str, Callable[[Any], Any]]]] = {}
        for row in rows:
            name = spelled(row, column)
            group, inside, field = row.field.rpartition("[].")
            plain = (group or row.field).rstrip("[]{}")
            get = attrgetter(plain)
            if inside:
                if not name:
                    self._unsayable_inside.setdefault(plain, []).append((field, attrgetter(field)))
                    continue
                if plain not in repeated:
                    repeated[plain] = []
                    self._steps.append(_items(get, repeated[plain], _group_mark(name, codec)))
                repeated[plain].append((field, kind[row.kind].write, codec.spell(name)))
            elif not name:
                self.unsayable.append((plain, get))
            elif row.field.endswith("{}"):
                self._steps.append(self._mapping(get, kind[row.kind].write, name, codec))
            elif row.field.endswith("[]"):
                # The group stands once, so every text of the list is in its repetition 0.
                head, _, last = name.removesuffix("[]").rpartition("/")
                self._steps.append(_texts(get, codec.spell(f"{head}[]/{last}")))
            else:
                self._steps.append(_single(get, kind[row.kind].write, codec.spell(name)))

    def leaves(self, value: Any) -> list[Leaf]:
        """The leaves of a value, in the order of the rows."""
        out: list[Leaf] = []
        for step in self._steps:
            step(value, out)
        return out

    def lost(self, value: Any, dialect: str) -> list[Problem]:
        """What this dialect has no word for, although it is set."""
        found = [
            Problem(None, None, name.rpartition(".")[2], f"the dialect {dialect} cannot say it in this request")
            for name, get in self.unsayable
            if get(value) not in (None, (), {})
        ]
        for group, missing in self._unsayable_inside.items():
            for at, item in enumerate(attrgetter(group)(value), 1):
                found += [
                    Problem(None, at, name, f"the dialect {dialect} cannot say it")
                    for name, get in missing
                    if get(item) is not None
                ]
        return found

    def _mapping(self, get: Callable[[Any], Any], write: Callable[[Any], str], name: str, codec: ModuleType) -> _Step:
        if "|" in name:
            values, _, keys = name.partition("|")
            value_tag, key_tag = codec.spell(values), codec.spell(values.rpartition("/")[0] + "/" + keys)

            def pairs(holder: Any, out: list[Leaf]) -> None:
                for at, (key, value) in enumerate(get(holder).items()):
                    out.append((value_tag, at, write(value)))
                    out.append((key_tag, at, str(key)))

            return pairs
        if name.endswith("/*"):
            group, case = name.removesuffix("/*"), self._case

            def named(holder: Any, out: list[Leaf]) -> None:
                for key, value in get(holder).items():
                    out.append((codec.spell(f"{group}[]/{case(key)}"), 0, write(value)))

            return named
        tag, case = codec.spell(name), self._case

        def flat(holder: Any, out: list[Leaf]) -> None:
            for key, value in get(holder).items():
                out.append((tag, case(str(key)), write(value)))

        return flat


def _single(get: Callable[[Any], Any], write: Callable[[Any], str], tag: Any) -> _Step:
    def step(holder: Any, out: list[Leaf]) -> None:
        value = get(holder)
        if value is not None:
            out.append((tag, None, write(value)))

    return step


def _texts(get: Callable[[Any], Any], tag: Any) -> _Step:
    def step(holder: Any, out: list[Leaf]) -> None:
        out.extend((tag, 0, text) for text in get(holder))

    return step


def _items(get: Callable[[Any], Any], parts: list[_Part], mark: Any) -> _Step:
    fetch: Callable[[Any], Any] | None = None

    def step(holder: Any, out: list[Leaf]) -> None:
        nonlocal fetch
        if fetch is None:  # the rows of the group are all known by now
            names = [name for name, _, _ in parts]
            fetch = attrgetter(*names) if len(names) > 1 else lambda item: (getattr(item, names[0]),)
        add = out.append
        for at, item in enumerate(get(holder)):
            before = len(out)
            for value, (_, write, tag) in zip(fetch(item), parts):  # noqa: B905 (as long as each other, and hot)
                if value is not None:
                    add((tag, at, write(value)))
            # An empty item is wrong, and it is there: it must not vanish between here and the sandbox.
            if mark is not None and len(out) == before:
                add((mark, at, ""))

    return step


def _group_mark(name: str, codec: ModuleType) -> Any:
    return codec.spell(name.partition("[]")[0] + "[]") if "[]" in name else None


# ------------------------------------------------------------------------------------------------ reading


class _Slot(NamedTuple):
    """Where a name leads: the field, the group it is in, what shape, and how its text is read."""

    field: str
    shape: str  # "single", "item", "texts", "value", "key", "named"
    group: str
    read: Callable[[str], Any]


_ENDS = "0123456789"
#: A slide's number needs one; int() would refuse 4,301 with an error of its own.
_MOST_DIGITS = 9
_MARKS = ("#", "*")


class Reader:
    """One class of values, ready to be read from leaves in the spelling of one dialect, or of several at once."""

    def __init__(
        self,
        kind_of_value: type,
        rows: Sequence[Row],
        columns: Iterable[int],
        kind: Mapping[str, Kind],
        shapes: Mapping[str, type],
        fold: Callable[[str], str],
    ) -> None:
        self._type = kind_of_value
        self._shapes = shapes
        self._fold = fold
        self._slots: dict[str, _Slot] = {}
        self._groups: dict[str, str] = {}
        for row in rows:
            group, inside, field = row.field.rpartition("[].")
            plain = (group or row.field).rstrip("[]{}")
            read = kind[row.kind].read
            for column in columns:
                if not (name := spelled(row, column)):
                    continue
                if inside:
                    self._slots[fold(name.replace("[]", ""))] = _Slot(field, "item", plain, read)
                    if "[]" in name:
                        self._groups[fold(name.partition("[]")[0])] = plain
                elif row.field.endswith("[]"):
                    self._slots[fold(name.removesuffix("[]"))] = _Slot(plain, "texts", "", read)
                elif "|" in name:
                    values, _, keys = name.replace("[]", "").partition("|")
                    self._slots[fold(values)] = _Slot(plain, "value", "", read)
                    self._slots[fold(values.rpartition("/")[0] + "/" + keys)] = _Slot(plain, "key", "", _integer)
                else:
                    shape = "named" if row.field.endswith("{}") else "single"
                    self._slots[fold(name)] = _Slot(plain, shape, "", read)
        places = {slot.group or slot.field for slot in self._slots.values()}
        #: What a value holds that has fields of its own.
        self._inner = {place.partition(".")[0] for place in places if "." in place}
        #: What stands alone, by its very spelling: nearly every node of an answer or a postback, found without folding.
        self._exact = {
            name: (row.field, kind[row.kind].read)
            for row in rows
            for name in (spelled(row, column) for column in columns)
            if name and not set("[]{}#*|") & set(name + row.field)
        }

    def read(self, leaves: Iterable[Leaf], **known: Any) -> tuple[Any, list[str]]:
        """The value, and the names that nothing was made of. :class:`Unreadable` if a node is there twice.

        ``known`` are fields that are told apart from the document.
        """
        found: dict[str, Any] = known
        items: dict[str, dict[Any, dict[str, Any]]] = {group: {} for group in self._groups.values()}
        texts: dict[str, list[Any]] = {}
        values: dict[str, dict[Any, dict[str, Any]]] = {}
        unread: list[str] = []
        for path, at, text in leaves:
            if (alone := self._exact.get(path)) is not None:
                field, read = alone
                if field in found:
                    raise Unreadable(f"{path} is there twice")
                found[field] = read(text)
                continue
            slot, key = self._slot(path)
            if slot is None:
                # A group without anything in it is an item all the same: an empty slide is wrong, not absent.
                group = self._groups.get(self._fold(path))
                if group is not None:
                    items[group].setdefault(at, {})
                if group is None or text.strip():
                    unread.append(path)
                continue
            if slot.shape == "single":
                if slot.field in found:
                    raise Unreadable(f"{path} is there twice")
                found[slot.field] = slot.read(text)
            elif slot.shape == "item":
                item = items.setdefault(slot.group, {}).setdefault(at if key is None else key, {})
                if slot.field in item:
                    raise Unreadable(f"{path} is there twice")
                item[slot.field] = slot.read(text)
            elif slot.shape == "texts":
                texts.setdefault(slot.field, []).append(slot.read(text))
            elif slot.shape == "named":
                mapping = found.setdefault(slot.field, {})
                if key in mapping:
                    raise Unreadable(f"{path} is there twice")
                mapping[key] = slot.read(text)
            else:
                pair = values.setdefault(slot.field, {}).setdefault(at, {})
                if slot.shape in pair:
                    raise Unreadable(f"{path} is there twice")
                pair[slot.shape] = slot.read(text)
        for name, listed in texts.items():
            found[name] = tuple(listed)
        for name, pairs in values.items():
            found[name] = {pair.get("key"): pair.get("value", "") for pair in pairs.values()}
            if len(found[name]) < len(pairs):
                raise Unreadable(f"{name} says a thing twice")
        for group, numbered in items.items():
            found[group] = tuple(self._build(self._shapes[group], numbered[at]) for at in sorted(numbered))
        return self._build(self._type, self._nested(found) if self._inner else found), unread

    def _slot(self, path: str) -> tuple[_Slot | None, str | int | None]:
        # The table's own marks are no names: a literal slide_text_value_# is the text of no slide.
        slot = self._slots.get(self._fold(path)) if path[-1:] not in _MARKS else None
        if slot is not None:
            return slot, None
        # No pattern: one that looks for the digits at the end takes quadratic time over digits that stand before it.
        head = path.rstrip(_ENDS)
        if number := path[len(head) :]:
            slot = self._slots.get(self._fold(head) + "#")
            if slot is not None:
                if len(number) > _MOST_DIGITS:
                    raise Unreadable(f"{head}#: the number has {len(number)} digits")
                return slot, int(number)
        for mark in "/_":
            head, found, key = path.partition(mark)
            slot = self._slots.get(self._fold(head + mark) + "*") if found else None
            if slot is not None:
                return slot, key.lower()
        return None, None

    def _nested(self, found: dict[str, Any]) -> dict[str, Any]:
        """``{"slideshow.name": …}`` as ``{"slideshow": Slideshow(…)}``."""
        top: dict[str, Any] = {}
        # It is there even if nothing of it was said: a request without a slideshow is one with an empty slideshow.
        inner: dict[str, dict[str, Any]] = {name: {} for name in self._inner}
        for path, value in found.items():
            head, inside, rest = path.partition(".")
            if inside:
                inner.setdefault(head, {})[rest] = value
            else:
                top[head] = value
        return top | {name: self._build(self._shapes[name], values) for name, values in inner.items()}

    @staticmethod
    def _build(kind: type, values: dict[str, Any]) -> Any:
        for name in _wanted(kind):
            values.setdefault(name, "")
        return kind(**values)


_WANTED: dict[type, tuple[str, ...]] = {}


def _wanted(kind: type) -> tuple[str, ...]:
    """The fields a class cannot do without: a request that lacks them is wrong, and has to be holdable."""
    if kind not in _WANTED:
        _WANTED[kind] = tuple(
            item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING and item.init
        )
    return _WANTED[kind]
