"""The decoder: from leaves to a value, in the wire names of one dialect or of several at once.

A :class:`Decoder` is compiled once from the rows of a class. Each wire name leads to a :class:`_Target`: the field, how its
text is converted, and how several leaves are collected into one field. Names that no row has are returned as unrecognised. A
document in which a name is given twice is refused, because it is not clear which value is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, NamedTuple

from .._functools import constructor_of_plain_values, memoize
from .codecs import DecodeError, Leaf
from .notation import Converter, Row, accepted_names, parse_integer

_DIGITS = "0123456789"
#: The most digits in a slide's number. int() raises for more than 4,300.
_MAX_NUMBER_DIGITS = 9
#: The marks of the table, which are not part of any name in a document.
_MARKS = ("#", "*")


class _Fields:
    """The fields decoded so far. Each method adds a leaf to a field of one shape."""

    def __init__(self, known: dict[str, Any], groups: Iterable[str]) -> None:
        self.values = known
        self.groups: dict[str, dict[Any, dict[str, Any]]] = {group: {} for group in groups}
        self.pairs: dict[str, dict[Any, dict[bool, Any]]] = {}
        self.lists: dict[str, list[Any]] = {}
        self.unrecognised: list[str] = []

    def add_single(self, target: _Target, path: str, index: Any, text: str) -> None:
        """Add a field outside any group."""
        _set(self.values, target.field, target.decode(text), path)

    def add_to_group(self, target: _Target, path: str, index: Any, text: str) -> None:
        """Add a field of one of a group's items."""
        _set(self.groups.setdefault(target.group, {}).setdefault(index, {}), target.field, target.decode(text), path)

    def add_to_list(self, target: _Target, path: str, index: Any, text: str) -> None:
        """Add one of several texts."""
        self.lists.setdefault(target.field, []).append(target.decode(text))

    def add_by_key(self, target: _Target, path: str, index: Any, text: str) -> None:
        """Add an entry of a mapping, whose key is in the name."""
        _set(self.values.setdefault(target.field, {}), index, target.decode(text), path)

    def add_pair_key(self, target: _Target, path: str, index: Any, text: str) -> None:
        """Add the key of a pair of elements."""
        _set(self.pairs.setdefault(target.field, {}).setdefault(index, {}), False, target.decode(text), path)

    def add_pair_value(self, target: _Target, path: str, index: Any, text: str) -> None:
        """Add the value of a pair of elements."""
        _set(self.pairs.setdefault(target.field, {}).setdefault(index, {}), True, target.decode(text), path)


def _set(values: dict[Any, Any], key: Any, value: Any, path: str) -> None:
    if key in values:
        raise DecodeError(f"{path} is given twice")
    values[key] = value


class _Target(NamedTuple):
    """The target of a wire name: the field, the functions that convert and collect its text, and the group it is in."""

    field: str
    decode: Callable[[str], Any]
    add: Callable[[_Fields, _Target, str, Any, str], None]
    group: str = ""


class Decoder:
    """Decodes the values of one class.

    ``columns`` are the columns whose names are accepted, ``group_classes`` are the classes of the items of groups, and
    ``normalize`` is called with each name before it is compared.
    """

    def __init__(
        self,
        value_class: type,
        rows: Sequence[Row],
        columns: Sequence[int],
        kinds: Mapping[str, Converter],
        group_classes: Mapping[str, type],
        normalize: Callable[[str], str],
    ) -> None:
        self._create: Callable[..., Any] = constructor_of_plain_values(value_class)
        self._group_classes = group_classes
        self._normalize = normalize
        self._targets: dict[str, _Target] = {}
        self._groups: dict[str, str] = {}
        #: The fields outside any group, by their exact wire name. Nearly every name in a response or a postback is one of
        #: these, and is found without normalizing it.
        self._exact: dict[str, tuple[str, Callable[[str], Any]]] = {}
        for row in rows:
            for column in columns:
                for name in accepted_names(row, column):
                    self._add_target(name, row.field, kinds[row.kind].decode)
        places = {target.group or target.field for target in self._targets.values()}
        #: The fields whose value has fields of its own, such as ``slideshow``.
        self._nested = {place.partition(".")[0] for place in places if "." in place}
        self._required = _required_fields(value_class)
        #: True if a value can be created from single fields, and from any of them.
        self._is_flat = not (self._groups or self._nested or self._required)

    def _add_target(self, name: str, path: str, decode: Callable[[str], Any]) -> None:
        """Make a wire name lead to the field at a path."""
        group, in_group, field = path.rpartition("[].")
        plain = (group or path).rstrip("[]{}")
        targets, normalize = self._targets, self._normalize
        if in_group:
            targets[normalize(name.replace("[]", ""))] = _Target(field, decode, _Fields.add_to_group, plain)
            if "[]" in name:
                self._groups[normalize(name.partition("[]")[0])] = plain
        elif path.endswith("[]"):
            targets[normalize(name.replace("[]", ""))] = _Target(plain, decode, _Fields.add_to_list)
        elif "|" in name:
            value_name, _, key_name = name.replace("[]", "").partition("|")
            targets[normalize(value_name)] = _Target(plain, decode, _Fields.add_pair_value)
            key_path = f"{value_name.rpartition('/')[0]}/{key_name}"
            targets[normalize(key_path)] = _Target(plain, parse_integer, _Fields.add_pair_key)
        elif path.endswith("{}"):
            targets[normalize(name)] = _Target(plain, decode, _Fields.add_by_key)
        else:
            targets[normalize(name)] = _Target(plain, decode, _Fields.add_single)
            self._exact[name] = plain, decode

    def decode(self, leaves: Iterable[Leaf], **known: Any) -> tuple[Any, list[str]]:
        """Return the value and the unrecognised names. Raises :class:`DecodeError` for a name that is given twice.

        ``known`` are fields that do not come from the document.
        """
        exact = self._exact
        # Most documents have only fields outside groups, and then nothing is collected.
        collected = _Fields(known, self._groups.values()) if self._groups else None
        for path, index, text in leaves:
            target = exact.get(path)
            if target is None:
                if collected is None:
                    collected = _Fields(known, ())
                self._collect(collected, path, index, text)
                continue
            # The same as _Fields.add_single. It is repeated here, because a call for each field would slow down every postback.
            field, convert = target
            if field in known:
                raise DecodeError(f"{path} is given twice")
            known[field] = convert(text)
        if collected is None:
            return self._build(known), []
        self._finish(collected)
        return self._build(known), collected.unrecognised

    def decode_exact(self, texts: Mapping[str, str], ignored: str = "", **known: Any) -> Any:
        """Return the value of a document in which all names are exact and lead to different fields; None for any other.

        The name ``ignored`` is left out. It takes half the time of :meth:`decode`, which decodes any document.
        """
        if not self._is_flat:
            return None
        exact = self._exact
        for path, text in texts.items():
            target = exact.get(path)
            if target is not None and target[0] not in known:
                known[target[0]] = target[1](text)
            elif path != ignored:
                return None
        return self._create(**known)

    def field_of(self, path: str) -> str | None:
        """Return the field that a name is decoded as, or None if the name is not recognised."""
        target, _ = self._find(path)
        return None if target is None else target.field

    def _collect(self, collected: _Fields, path: str, index: Any, text: str) -> None:
        """Add a leaf whose name is in a group, belongs to a mapping, is not exact, or is not known."""
        target, key = self._find(path)
        if target is not None:
            target.add(collected, target, path, index if key is None else key, text)
            return
        # An empty element of a group is an item: an empty slide is invalid, and must be reported.
        group = self._groups.get(self._normalize(path))
        if group is not None:
            collected.groups[group].setdefault(index, {})
        if group is None or text.strip():
            collected.unrecognised.append(path)

    def _find(self, path: str) -> tuple[_Target | None, str | int | None]:
        """Return the target of a name, and the number or key at the end of the name."""
        # A document could have a mark of the table as a name: slide_text_value_# is not the text of a slide.
        target = self._targets.get(self._normalize(path)) if path[-1:] not in _MARKS else None
        # An attribute of DATA, or text beside its elements, is not an entry of a mapping.
        if target is not None or "/@" in path or path.endswith("/#text"):
            return target, None
        # Not a regular expression: searching for digits at the end takes quadratic time.
        name = path.rstrip(_DIGITS)
        if number := path[len(name) :]:
            target = self._targets.get(self._normalize(name) + "#")
            if target is not None:
                if len(number) > _MAX_NUMBER_DIGITS:
                    raise DecodeError(f"{name}#: the number has {len(number)} digits")
                return target, int(number)
        for mark in "/_":
            name, found, key = path.partition(mark)
            target = self._targets.get(self._normalize(name + mark) + "*") if found else None
            if target is not None:
                return target, key.lower()
        return None, None

    def _finish(self, collected: _Fields) -> None:
        """Make fields of what was collected from several leaves."""
        values = collected.values
        for name, texts in collected.lists.items():
            values[name] = tuple(texts)
        for name, pairs in collected.pairs.items():
            values[name] = {pair.get(False): pair.get(True, "") for pair in pairs.values()}
            if len(values[name]) < len(pairs):
                raise DecodeError(f"{name} has the same key twice")
        for group, items in collected.groups.items():
            values[group] = tuple(self._build_group(group, items[index]) for index in sorted(items))

    def _build(self, values: dict[str, Any]) -> Any:
        if self._nested:
            values = self._nest(values)
        for name in self._required:
            values.setdefault(name, "")
        return self._create(**values)

    def _build_group(self, group: str, values: dict[str, Any]) -> Any:
        kind = self._group_classes[group]
        for name in _required_fields(kind):
            values.setdefault(name, "")
        return kind(**values)

    def _nest(self, values: dict[str, Any]) -> dict[str, Any]:
        """Turn ``{"slideshow.name": …}`` into ``{"slideshow": Slideshow(…)}``."""
        top: dict[str, Any] = {}
        # A request without any slideshow field has an empty slideshow.
        nested: dict[str, dict[str, Any]] = {name: {} for name in self._nested}
        for path, value in values.items():
            name, is_nested, field = path.partition(".")
            if is_nested:
                nested.setdefault(name, {})[field] = value
            else:
                top[name] = value
        return top | {name: self._build_group(name, fields_of_it) for name, fields_of_it in nested.items()}


@memoize
def _required_fields(kind: Any) -> tuple[str, ...]:
    """Return the fields without a default. A request without them is invalid, but is decoded so that it can be reported."""
    return tuple(
        item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING and item.init
    )
