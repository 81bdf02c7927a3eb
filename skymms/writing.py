"""Writing: from a value to leaves, by a column of the table that is worked out once.

Each row becomes a small function, or a part of one for a group of slides, so that writing a value costs what the fields it has
set cost, and never a look at the table.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from types import ModuleType
from typing import Any

from .codecs import Leaf
from .errors import Problem
from .spelling import Kind, Row, missed, spelled

_Step = Callable[[Any, list[Leaf]], None]

#: What the fields of a slideshow begin with.
_SLIDESHOW = "slideshow."


#: A field of the items of a group, how its value becomes text, and its spelling.
_Part = tuple[str, Callable[[Any], str], Any]


class Writer:
    """One class of values in one dialect, ready to be written."""

    def __init__(self, rows: Sequence[Row], column: int, codec: ModuleType, kind: Mapping[str, Kind], case: str) -> None:
        self._steps: list[_Step] = []
        self._part: Callable[[list[Leaf]], Any] = codec.part
        # The steps again, in runs: whether a run is the slideshow's, and its steps.
        self._runs: list[tuple[bool, list[_Step]]] = []
        self._written: dict[int, tuple[weakref.ref[Any], Any]] = {}
        self._case: Callable[[str], str] = getattr(str, case)
        self.unsayable: list[tuple[str, Callable[[Any], Any]]] = []
        repeated: dict[str, list[_Part]] = {}
        self._unsayable_inside: dict[str, list[tuple[str, Callable[[Any], Any]]]] = {}
        for row in rows:
            step = self._step(row, column, codec, kind, repeated)
            if step is None:
                continue
            self._steps.append(step)
            shown = row.field.startswith(_SLIDESHOW)
            if not self._runs or self._runs[-1][0] != shown:
                self._runs.append((shown, []))
            self._runs[-1][1].append(step)

    def _step(
        self, row: Row, column: int, codec: ModuleType, kind: Mapping[str, Kind], repeated: dict[str, list[_Part]]
    ) -> _Step | None:
        """What a row becomes; None for a part of a group that is there already, and for what has no name here."""
        name = spelled(row, column)
        group, inside, field = row.field.rpartition("[].")
        plain = (group or row.field).rstrip("[]{}")
        get = attrgetter(plain)
        write = kind[row.kind].write
        if not name:
            if missed(row, column):
                if inside:
                    self._unsayable_inside.setdefault(plain, []).append((field, attrgetter(field)))
                else:
                    self.unsayable.append((plain, get))
            return None
        if inside:
            first = plain not in repeated
            repeated.setdefault(plain, []).append((field, write, codec.spell(name)))
            return _items(get, repeated[plain], _group_mark(name, codec)) if first else None
        if row.field.endswith("{}"):
            return self._mapping(get, write, name, codec)
        if row.field.endswith("[]"):
            head, _, last = name.removesuffix("[]").rpartition("/")
            tag = codec.spell(f"{head.removesuffix('[]')}[]/{last}")
            # Either the node is repeated in a group that stands once, or the group is.
            return _texts(get, tag, repeats=not name.endswith("[]"))
        return _single(get, write, codec.spell(name))

    def leaves(self, value: Any) -> list[Leaf]:
        """The leaves of a value, in the order of the rows."""
        out: list[Leaf] = []
        for step in self._steps:
            step(value, out)
        return out

    def parts(self, value: Any, before: list[Leaf]) -> list[Any]:
        """The pieces of its document, behind those leaves. A slideshow's are written once, however many it is sent to."""
        found, leaves = [], before
        for shown, steps in self._runs:
            if shown:
                found += [self._part(leaves), self._slideshow(value, steps)]
                leaves = []
            else:
                for step in steps:
                    step(value, leaves)
        found.append(self._part(leaves))
        return found

    def _slideshow(self, value: Any, steps: list[_Step]) -> Any:
        # By identity, as the judge remembers it: it never changes.
        show = value.slideshow
        key = id(show)
        kept = self._written.get(key)
        if kept is not None and kept[0]() is show:
            return kept[1]
        leaves: list[Leaf] = []
        for step in steps:
            step(value, leaves)
        made = self._part(leaves)
        self._written[key] = weakref.ref(show, lambda gone: self._written.pop(key, None)), made
        return made

    def lost(self, value: Any, dialect: str) -> list[Problem]:
        """What this dialect has no word for, although it is set."""
        found = [
            Problem(None, None, name.rpartition(".")[2], f"{dialect} has no word for it in this request: leave it out")
            for name, get in self.unsayable
            if (held := get(value)) is not None and held not in ((), {})
        ]
        for group, missing in self._unsayable_inside.items():
            for at, item in enumerate(attrgetter(group)(value), 1):
                found += [
                    Problem(None, at, name, f"{dialect} has no word for it: leave it out")
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


def _texts(get: Callable[[Any], Any], tag: Any, *, repeats: bool) -> _Step:
    def step(holder: Any, out: list[Leaf]) -> None:
        out.extend((tag, at if repeats else 0, text) for at, text in enumerate(get(holder)))

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
