"""Reading: from leaves to a value, in the spelling of one dialect, or of several at once.

The same rows lead the other way: a name leads to a slot, which knows the field, how its text is read, and how several leaves
are gathered to one field. What no row names is told as unread; what is there twice is refused, since nobody can say which is
meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, NamedTuple

from .._functools import memoize
from .codecs import DecodeError, Leaf
from .notation import Converter, Row, accepted_names, parse_integer

_ENDS = "0123456789"
#: A slide's number needs one; int() would refuse 4,301 with an error of its own.
_MOST_DIGITS = 9
_MARKS = ("#", "*")


class _Gathered:
    """What has been read so far. A method a shape: how the leaves of a slot come together."""

    def __init__(self, known: dict[str, Any], groups: Iterable[str]) -> None:
        self.found = known
        self.items: dict[str, dict[Any, dict[str, Any]]] = {group: {} for group in groups}
        self.pairs: dict[str, dict[Any, dict[bool, Any]]] = {}
        self.listed: dict[str, list[Any]] = {}
        self.unread: list[str] = []

    def single(self, slot: _Slot, path: str, at: Any, text: str) -> None:
        """A node that stands alone."""
        _set(self.found, slot.field, slot.read(text), path)

    def item(self, slot: _Slot, path: str, at: Any, text: str) -> None:
        """A node in one of a group's repetitions."""
        _set(self.items.setdefault(slot.group, {}).setdefault(at, {}), slot.field, slot.read(text), path)

    def text(self, slot: _Slot, path: str, at: Any, text: str) -> None:
        """One of several texts in a row."""
        self.listed.setdefault(slot.field, []).append(slot.read(text))

    def named(self, slot: _Slot, path: str, at: Any, text: str) -> None:
        """A value whose key is in its name."""
        _set(self.found.setdefault(slot.field, {}), at, slot.read(text), path)

    def key(self, slot: _Slot, path: str, at: Any, text: str) -> None:
        """The key of a pair of nodes."""
        _set(self.pairs.setdefault(slot.field, {}).setdefault(at, {}), False, slot.read(text), path)

    def value(self, slot: _Slot, path: str, at: Any, text: str) -> None:
        """The value of a pair of nodes."""
        _set(self.pairs.setdefault(slot.field, {}).setdefault(at, {}), True, slot.read(text), path)


def _set(where: dict[Any, Any], key: Any, value: Any, path: str) -> None:
    if key in where:
        raise DecodeError(f"{path} is there twice")
    where[key] = value


class _Slot(NamedTuple):
    """Where a name leads: the field, the group it is in, how its text is read, and how it is gathered."""

    field: str
    read: Callable[[str], Any]
    put: Callable[[_Gathered, _Slot, str, Any, str], None]
    group: str = ""


class Decoder:
    """One class of values, ready to be read."""

    def __init__(
        self,
        kind_of_value: type,
        rows: Sequence[Row],
        columns: Sequence[int],
        kind: Mapping[str, Converter],
        shapes: Mapping[str, type],
        fold: Callable[[str], str],
    ) -> None:
        self._type = kind_of_value
        self._shapes = shapes
        self._fold = fold
        self._slots: dict[str, _Slot] = {}
        self._groups: dict[str, str] = {}
        #: What stands alone, by its very spelling: nearly every node of an answer or a postback, found without folding.
        self._exact: dict[str, tuple[str, Callable[[str], Any]]] = {}
        for row in rows:
            for column in columns:
                for name in accepted_names(row, column):
                    self._lead(name, row.field, kind[row.kind].decode)
        places = {slot.group or slot.field for slot in self._slots.values()}
        #: What a value holds that has fields of its own.
        self._inner = {place.partition(".")[0] for place in places if "." in place}

    def _lead(self, name: str, path: str, read: Callable[[str], Any]) -> None:
        """Make a name lead to a field."""
        group, inside, field = path.rpartition("[].")
        plain = (group or path).rstrip("[]{}")
        slots, fold = self._slots, self._fold
        if inside:
            slots[fold(name.replace("[]", ""))] = _Slot(field, read, _Gathered.item, plain)
            if "[]" in name:
                self._groups[fold(name.partition("[]")[0])] = plain
        elif path.endswith("[]"):
            slots[fold(name.replace("[]", ""))] = _Slot(plain, read, _Gathered.text)
        elif "|" in name:
            values, _, keys = name.replace("[]", "").partition("|")
            slots[fold(values)] = _Slot(plain, read, _Gathered.value)
            slots[fold(values.rpartition("/")[0] + "/" + keys)] = _Slot(plain, parse_integer, _Gathered.key)
        elif path.endswith("{}"):
            slots[fold(name)] = _Slot(plain, read, _Gathered.named)
        else:
            slots[fold(name)] = _Slot(plain, read, _Gathered.single)
            self._exact[name] = plain, read

    def read(self, leaves: Iterable[Leaf], **known: Any) -> tuple[Any, list[str]]:
        """The value, and the names that nothing was made of. :class:`Unreadable` if a node is there twice.

        ``known`` are fields that are told apart from the document.
        """
        exact, found = self._exact, known
        # Most documents have nothing but nodes that stand alone, and then nothing has to be gathered.
        gathered = _Gathered(found, self._groups.values()) if self._groups else None
        for path, at, text in leaves:
            if (alone := exact.get(path)) is not None:
                # _Gathered.single, written out here since every postback passes.
                field, read = alone
                if field in found:
                    raise DecodeError(f"{path} is there twice")
                found[field] = read(text)
                continue
            if gathered is None:
                gathered = _Gathered(found, ())
            slot, key = self._slot(path)
            if slot is not None:
                slot.put(gathered, slot, path, at if key is None else key, text)
                continue
            # A group without anything in it is an item all the same: an empty slide is wrong, not absent.
            group = self._groups.get(self._fold(path))
            if group is not None:
                gathered.items[group].setdefault(at, {})
            if group is None or text.strip():
                gathered.unread.append(path)
        if gathered is None:
            return _made(self._type, self._nested(found) if self._inner else found), []
        return self._built(gathered), gathered.unread

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
                    raise DecodeError(f"{head}#: the number has {len(number)} digits")
                return slot, int(number)
        for mark in "/_":
            head, found, key = path.partition(mark)
            slot = self._slots.get(self._fold(head + mark) + "*") if found else None
            if slot is not None:
                return slot, key.lower()
        return None, None

    def _built(self, gathered: _Gathered) -> Any:
        found = gathered.found
        for name, texts in gathered.listed.items():
            found[name] = tuple(texts)
        for name, pairs in gathered.pairs.items():
            found[name] = {pair.get(False): pair.get(True, "") for pair in pairs.values()}
            if len(found[name]) < len(pairs):
                raise DecodeError(f"{name} says a thing twice")
        for group, numbered in gathered.items.items():
            found[group] = tuple(_made(self._shapes[group], numbered[at]) for at in sorted(numbered))
        return _made(self._type, self._nested(found) if self._inner else found)

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
        return top | {name: _made(self._shapes[name], values) for name, values in inner.items()}


def _made(kind: type, values: dict[str, Any]) -> Any:
    for name in _wanted(kind):
        values.setdefault(name, "")
    return kind(**values)


@memoize
def _wanted(kind: type) -> tuple[str, ...]:
    """The fields a class cannot do without: a request that lacks them is wrong, and has to be holdable."""
    return tuple(
        item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING and item.init
    )
