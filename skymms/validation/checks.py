"""Checks of a single value that several rules share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .._functools import PLAIN_TYPES
from ..limits import Limits

#: The most bits of a number that is sent. Converting a number of more than 4,300 digits to text raises ValueError.
_MAX_BITS = 10_000


def is_sendable(value: object) -> bool:
    """True for a value of a type that the rules know, except for a number that is too large to be written."""
    return type(value) in PLAIN_TYPES and not (isinstance(value, int) and value.bit_length() > _MAX_BITS)


def shown(value: object) -> str:
    """Return a value for an error message: as ``repr`` does, or its type if that could fail."""
    if is_sendable(value):
        return f"{value!r:.40}"
    return "a very large number" if type(value) is int else f"a {type(value).__name__}"


def wrong_type_problem(value: Any) -> str:
    """Return the problem of a value that is not :func:`is_sendable`."""
    return f"{shown(value)} cannot be sent: pass a text, a whole number or a date, and None for a missing value"


def is_blank(text: object) -> bool:
    """True for None and for text that is empty or only XML white space, which a phone would show as nothing."""
    if isinstance(text, str) and text[:1] > " ":  # nearly always
        return False
    return text is None or (isinstance(text, str) and not text.strip(" \t\n\r"))


def is_whole_number(number: Any, least: int) -> bool:
    """True for None and for an int that is large enough; False for a bool, which is an int to Python."""
    return number is None or (type(number) is int and number >= least and number.bit_length() <= _MAX_BITS)


def positive_problem(number: Any) -> str | None:
    """Return the problem of a value that is not a whole number from 1 up, or None."""
    return None if is_whole_number(number, 1) else f"{shown(number)} is not a whole number from 1 up"


def required_problem(message: Any, name: str, limits: Limits) -> str | None:
    """Return the problem of an empty field that these limits require, or None."""
    if name not in limits.required or not is_blank(getattr(message, name)):
        return None
    return f"this account requires {name}: pass {name}=..."


# The names become element names (Skycore 1.3, sendSavedMMS), and the gateway matches them without regard to case.
_DATA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def value_names_problem(names: Iterable[Any]) -> str | None:
    """Return the problem of the first invalid name of a mapping of values, or None."""
    given = list(names)
    for name in given:
        if not (isinstance(name, str) and _DATA_NAME.fullmatch(name)):
            return f"{shown(name)} cannot be the name of a value: use letters, digits and _"
    if len({name.lower() for name in given}) < len(given):
        return "two names differ by case only, and the gateway ignores case: rename one of them"
    return None
