"""Values that are not composed of others (texts, numbers, dates, bytes) as JSON, and how error messages describe them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Any, TypeGuard

from .declarations import PLAIN_TYPES, Declared

#: A field that allows every plain value.
ANY_PLAIN = Declared(PLAIN_TYPES)
#: Returned for a value that could not be read. Its problem is already reported.
FAILED = object()

#: How each type is written. A subclass comes before its base class: bool before int, datetime before date.
_WRITERS: dict[type[Any], Callable[[Any], Any]] = {
    NoneType: lambda value: None,
    str: str.__str__,
    bool: bool,
    int: int,
    float: lambda value: {"$float": float.__repr__(value)},
    datetime: lambda value: {"$datetime": value.isoformat()},
    date: lambda value: {"$date": value.isoformat()},
    Decimal: lambda value: {"$decimal": str(value)},
    bytes: lambda value: {"$bytes": base64.b64encode(value).decode("ascii")},
}
_READERS: dict[Any, Callable[[str], Any]] = {
    "$float": float,
    "$datetime": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$decimal": Decimal,
    "$bytes": lambda text: base64.b64decode(text, validate=True),
}
#: json.dumps raises ValueError for a number of more than 4,300 digits.
_MAX_BITS = 10_000


def plain_type(value: Any) -> type[Any] | None:
    """Return the plain type of a value, also for an instance of a subclass; None if it has none."""
    return next((kind for kind in _WRITERS if isinstance(value, kind)), None)


def is_allowed(kind: type[Any], declared: Declared) -> bool:
    """True if a field allows a plain type. A whole number is also valid as text, and a datetime as a date."""
    return kind in declared.plain or (kind is int and str in declared.plain) or (kind is datetime and date in declared.plain)


def write_plain(value: Any) -> Any:
    """Return a plain value as JSON; ValueError for a value that JSON cannot hold."""
    kind = plain_type(value)
    if kind is None:
        raise ValueError(f"a {type(value).__name__} cannot be written")
    if kind is int and value.bit_length() > _MAX_BITS:
        raise ValueError("the number is too large to be written")
    return _WRITERS[kind](value)


def is_object(data: Any) -> TypeGuard[dict[Any, Any]]:
    """True for a JSON object."""
    return isinstance(data, dict)


def is_array(data: Any) -> TypeGuard[list[Any]]:
    """True for a JSON array."""
    return isinstance(data, list)


def is_tagged(data: dict[Any, Any]) -> bool:
    """True for an object such as ``{"$date": …}``."""
    return len(data) == 1 and next(iter(data)) in _READERS


def read_tagged(data: dict[Any, Any]) -> Any:
    """Return the value of an object such as ``{"$date": …}``; ValueError if its text does not fit."""
    ((tag, text),) = data.items()
    if not isinstance(text, str):
        raise ValueError(f"{tag} must be text; got {described(text)}")
    try:
        return _READERS[tag](text)
    except (ValueError, ArithmeticError):  # Decimal raises the latter
        raise ValueError(f"{described(text)} is not a valid {tag}") from None


_TYPE_NAMES: dict[type[Any], str] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    float: '{"$float": "…"}',
    date: '{"$date": "…"}',
    datetime: '{"$datetime": "…"}',
    Decimal: '{"$decimal": "…"}',
    bytes: '{"$bytes": "…"}',
    NoneType: "null",
}


def expected(declared: Declared, data: Any) -> str:
    """Return an error message for JSON that a field does not allow."""
    wanted = [text for kind, text in _TYPE_NAMES.items() if kind in declared.plain]
    wanted += ["an array"] if declared.items is not None else []
    wanted += ["an object"] if declared.mapping is not None else []
    wanted += [f"an object ({kind.__name__})" for kind in declared.classes]
    return f"must be {' or '.join(wanted) or 'an object with a type'}; got {described(data)}"


def described(data: Any) -> str:
    """Return a short description of a JSON value. It works for values whose ``repr`` is too long or nested too deeply."""
    if isinstance(data, str):
        return repr(data[:40])
    if isinstance(data, int) and not isinstance(data, bool):
        return str(data) if data.bit_length() < 64 else "a large number"
    names: dict[Any, str] = {NoneType: "null", bool: "true or false", dict: "an object", list: "an array", float: "a fraction"}
    kind: type[Any] = data.__class__
    return names.get(kind, f"a {kind.__name__}")
