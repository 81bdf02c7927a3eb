"""Converts values to dicts that JSON can hold, and back, without loss.

::

    {"skymms": 1, "type": "SendMMS", "to": "15551234888", "slideshow": {"name": "Coupon", "slides": [{"text": "Hi!"}]}}

- The fields of the value are members of the object. Fields that have their default are left out.
- ``skymms`` is the version of the form. ``type`` is the class. A value inside another has a ``type`` only if its class is not
  the only or first one that the field allows.
- Tuples are arrays. Mappings are objects; slide numbers are written in digits: ``"custom_text": {"1": "Hi!"}``. A mapping with
  keys of another type is ``{"$map": [[key, value], …]}``.
- Types that JSON lacks are objects with one member: ``{"$date": "2031-01-02"}``, ``{"$datetime": "2031-01-02T03:04:05Z"}``,
  ``{"$decimal": "1.50"}``, ``{"$bytes": "SGVsbG8="}`` (base64), ``{"$float": "1.5"}``. A date given as text is text.
- ``{"$any": …}`` is a value of a type that the field does not declare, such as the text ``"5"`` as a duration. It is restored
  as it was, so that validation can report it.
- ``derived`` holds computed values: for a notice ``identity``, ``meaning``, ``delivered``, ``failed`` and ``final``, if its
  class has them. It is ignored on reading.

``Session.session_id`` is included, although its holder can act for the account: store it as you would store a key. Accounts
cannot be written. A named time zone is written as its offset from UTC.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field
from typing import Any, TypeVar, cast

from .._functools import FrozenDict
from ..errors import ConfigurationError, Problem
from .declarations import Declared, declarations, known_class
from .plain_values import (
    ANY_PLAIN,
    FAILED,
    described,
    expected,
    is_allowed,
    is_array,
    is_object,
    is_tagged,
    plain_type,
    read_tagged,
    write_plain,
)

V = TypeVar("V")

#: The version of the form.
VERSION = 1
_DERIVED = ("identity", "meaning", "delivered", "failed", "final")
#: Slide numbers as names of members.
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")


def to_dict(value: Any) -> dict[str, Any]:
    """Return a slideshow, an operation, a reply or a notice as a dict that ``json.dumps`` can write.

    :func:`from_dict` restores an equal value. Raises :class:`~skymms.ConfigurationError` for other objects, and for a field
    whose value cannot be written, such as an open file.
    """
    kind: type[Any] = value.__class__
    if known_class(kind.__name__) is not kind:
        raise _refusal([_problem("", f"a {kind.__name__} cannot be written: give a slideshow, operation, reply or notice")])
    writer = _Writer()
    data = {"skymms": VERSION, "type": kind.__name__, **writer.fields(value, "")}
    if writer.problems:
        raise _refusal(writer.problems)
    derived = {name: getattr(value, name) for name in _DERIVED if isinstance(getattr(kind, name, None), property)}
    # Only notices have an identity, and only they have derived values: `failed` of a reply is computed from `results`, for
    # example, which is written.
    return {**data, "derived": derived} if "identity" in derived else data


def from_dict(data: Any) -> Any:
    """Return the value that :func:`to_dict` wrote. Its class is in ``type``.

    Raises :class:`~skymms.ConfigurationError` for anything else. Its ``problems`` give the path of each problem as their
    ``field``, such as ``slideshow.slides[1].txt``; positions in arrays count from 0.
    """
    return from_dict_as(object, data)


def from_dict_as(wanted: type[V], data: Any) -> V:
    """Return the value that :func:`to_dict` wrote, which must be an instance of a class; otherwise as :func:`from_dict`."""
    reader = _Reader()
    try:
        value = reader.document(data, wanted)
    except RecursionError:  # listings can contain listings
        raise _refusal([_problem("", "is nested too deeply")]) from None
    if reader.problems:
        raise _refusal(reader.problems)
    return cast("V", value)


def _problem(path: str, message: str) -> Problem:
    return Problem(None, None, path or "value", message)


def _refusal(problems: list[Problem]) -> ConfigurationError:
    return ConfigurationError("\n".join(map(str, problems)), problems=problems)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


# ------------------------------------------------------------------------------------------------ writing


class _Writer:
    """Writes the fields of one value and collects their problems. ``path`` is the place of a value in the whole."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def fields(self, value: Any, path: str) -> dict[str, Any]:
        """Return the fields of a value without those that have their default."""
        kind: type[Any] = value.__class__
        return {
            name: self.value(inner, declared, _join(path, name))
            for name, (item, declared) in declarations(kind).items()
            if not _is_default(inner := getattr(value, name), item)
        }

    def value(self, value: Any, declared: Declared, path: str) -> Any:
        """Return the value of a field."""
        kind: type[Any] = value.__class__
        # Nearly all values are texts, and the inbox writes thousands a second.
        if kind is str and str in declared.plain:
            return value
        if issubclass(kind, tuple) and declared.items is not None:
            return self.items(value, declared.items, path)
        if issubclass(kind, Mapping) and declared.mapping is not None:
            return self.mapping(value, *declared.mapping, path)
        if known_class(kind.__name__) is kind and not declared.plain - {type(None)}:
            named = {} if kind is declared.default_class else {"type": kind.__name__}
            return {**named, **self.fields(value, path)}
        return self.plain(value, declared, path)

    def items(self, items: tuple[Any, ...], declared: Declared | tuple[Declared, ...], path: str) -> list[Any]:
        """Return the items of a tuple."""
        each = [declared] * len(items) if isinstance(declared, Declared) else declared
        if len(each) != len(items):
            self.problems.append(_problem(path, f"must have {len(each)} items, and has {len(items)}"))
        return [self.value(item, one, f"{path}[{at}]") for at, (item, one) in enumerate(zip(items, each, strict=False))]

    def mapping(self, pairs: Mapping[Any, Any], key_type: type[Any], declared: Declared, path: str) -> dict[str, Any]:
        """Return a mapping as an object, or as pairs if its keys do not have the declared type."""
        values = [(key, self.value(value, declared, f"{path}[{key!r:.40}]")) for key, value in pairs.items()]
        if all(_is_member_name(key, key_type) for key in pairs):
            return {str(key): value for key, value in values}
        return {"$map": [[self.plain(key, ANY_PLAIN, path), value] for key, value in values]}

    def plain(self, value: Any, declared: Declared, path: str) -> Any:
        """Return a plain value."""
        try:
            written = write_plain(value)
        except ValueError as error:
            self.problems.append(_problem(path, str(error)))
            return None
        kind = plain_type(value)
        return written if kind is not None and is_allowed(kind, declared) else {"$any": written}


def _is_default(value: Any, item: Field[Any]) -> bool:
    if item.default_factory is not MISSING:
        return is_object(value) and not value
    # Identity, because False equals 0.
    return item.default is not MISSING and value is item.default


def _is_member_name(key: Any, key_type: type[Any]) -> bool:
    if type(key) is int:
        return key_type is int and abs(key) < 10**18
    return type(key) is str and key_type is str and not key.startswith("$")


# ------------------------------------------------------------------------------------------------ reading


class _Reader:
    """Reads one document and collects its problems. ``path`` is the place of a value in the whole."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def document(self, data: Any, wanted: type[Any]) -> Any:
        """Return the value of a whole document."""
        if not is_object(data):
            return self.fail("", f"must be an object with the members skymms and type; got {described(data)}")
        members = dict(data)
        version, name = members.pop("skymms", None), members.pop("type", None)
        members.pop("derived", None)
        if type(version) is not int or version != VERSION:
            self.fail("skymms", f"must be {VERSION}, the version that this release reads; got {described(version)}")
        kind = known_class(name)
        if kind is None:
            return self.fail("type", f"must be the name of a class, such as SendMMS; got {described(name)}")
        if not issubclass(kind, wanted):
            return self.fail("type", f"{kind.__name__} is not a {wanted.__name__}")
        return self.fields(kind, members, "")

    def fail(self, path: str, message: str) -> Any:
        """Record a problem. After a hundred the rest is left out."""
        if len(self.problems) < 100:
            self.problems.append(_problem(path, message))
        return FAILED

    def fields(self, kind: type[Any], members: dict[Any, Any], path: str) -> Any:
        """Return an object of a class, made of the members of a JSON object."""
        declared = declarations(kind)
        before = len(self.problems)
        for name in [name for name in members if name not in declared]:
            self.fail(_join(path, str(name)[:40]), f"is not a field of {kind.__name__}")
        for name, (item, _) in declared.items():
            if name not in members and item.default is MISSING and item.default_factory is MISSING:
                self.fail(_join(path, name), "is missing")
        found = {
            name: self.value(members[name], allowed, _join(path, name))
            for name, (_, allowed) in declared.items()
            if name in members
        }
        if len(self.problems) > before:
            return FAILED
        try:
            return kind(**found)
        except (TypeError, ValueError, ArithmeticError) as error:  # ArithmeticError: comparisons of signaling NaN
            return self.fail(path or kind.__name__, str(error))

    def value(self, data: Any, declared: Declared, path: str) -> Any:
        """Return the value of a field."""
        if is_array(data):
            return self.items(data, declared, path)
        if is_object(data):
            return self.object(data, declared, path)
        return self.plain(data, declared, path)

    def items(self, data: list[Any], declared: Declared, path: str) -> Any:
        """Return a tuple."""
        if declared.items is None:
            return self.fail(path, expected(declared, data))
        each = [declared.items] * len(data) if isinstance(declared.items, Declared) else declared.items
        if len(each) != len(data):
            return self.fail(path, f"must have {len(each)} items, and has {len(data)}")
        return tuple([self.value(item, one, f"{path}[{at}]") for at, (item, one) in enumerate(zip(data, each, strict=True))])

    def object(self, data: dict[Any, Any], declared: Declared, path: str) -> Any:
        """Return the value of a JSON object: a plain value, a mapping, or a value of a class."""
        if list(data) == ["$any"]:
            return self.value(data["$any"], ANY_PLAIN, path)
        if is_tagged(data):
            try:
                return self.plain(read_tagged(data), declared, path)
            except ValueError as error:
                return self.fail(path, str(error))
        if declared.mapping is not None:
            return self.mapping(data, *declared.mapping, path)
        if declared.plain - {type(None)} or declared.items is not None:
            return self.fail(path, expected(declared, data))
        kind = known_class(data["type"]) if "type" in data else declared.default_class
        if kind is None or (declared.classes and kind not in declared.classes):
            return self.fail(path, expected(declared, data))
        return self.fields(kind, {name: member for name, member in data.items() if name != "type"}, path)

    def mapping(self, data: dict[Any, Any], key_type: type[Any], declared: Declared, path: str) -> Any:
        """Return a mapping."""
        if list(data) == ["$map"]:
            return self.pairs(data["$map"], declared, path)
        found: dict[Any, Any] = {}
        for name, member in data.items():
            place = f"{path}[{described(name)}]"
            if key_type is int and not _WHOLE_NUMBER.fullmatch(str(name)):
                self.fail(place, "the name must be a whole number")
            else:
                found[key_type(name)] = self.value(member, declared, place)
        return FrozenDict(found)

    def pairs(self, data: Any, declared: Declared, path: str) -> Any:
        """Return the mapping of ``{"$map": …}``."""
        found: dict[Any, Any] = {}
        for pair in data if is_array(data) else [None]:
            if not (is_array(pair) and len(pair) == 2):
                return self.fail(path, "$map must be an array of pairs of a key and a value")
            key, member = pair
            try:
                found[self.value(key, ANY_PLAIN, path)] = self.value(member, declared, f"{path}[{described(key)}]")
            except TypeError:  # a signaling NaN cannot be hashed
                self.fail(path, f"{described(key)} cannot be a key")
        return FrozenDict(found)

    def plain(self, value: Any, declared: Declared, path: str) -> Any:
        """Return a plain value if the field allows its type."""
        kind = plain_type(value)
        if kind is None or not is_allowed(kind, declared):
            return self.fail(path, expected(declared, value))
        return value
