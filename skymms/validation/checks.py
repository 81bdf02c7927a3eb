"""Questions about a single value that several rules ask."""

from __future__ import annotations

import re
from typing import Any

from ..limits import Limits


def is_blank(words: object) -> bool:
    """Nothing, or nothing but what XML calls white space: a phone, and a gateway, would find nothing there."""
    if isinstance(words, str) and words[:1] > " ":  # nearly always
        return False
    return words is None or not str(words).strip(" \t\n\r")


def is_whole_number(number: Any, least: int) -> bool:
    """Nothing, or a whole number that is large enough."""
    # `type is`, since True is an int too.
    return number is None or (type(number) is int and number >= least)


def is_text_or_int(number: object) -> bool:
    """True for text and whole numbers, the types a phone number may have."""
    # A column of numbers with a gap in it comes as floats, and 15551234888.0 without its dot is another number.
    return isinstance(number, (str, int))


def positive_problem(number: Any) -> str | None:
    """What is wrong with a value that must be a whole number from 1 up; None if nothing is."""
    return None if is_whole_number(number, 1) else f"{number!r:.40} is no whole number from 1 up"


def required_problem(message: Any, name: str, limits: Limits) -> str | None:
    """The problem of a field that these limits require and that is empty; None otherwise."""
    if name not in limits.required or not is_blank(getattr(message, name)):
        return None
    return f"this account requires {name}"


# The names become element names (1.3, sendSavedMMS), and the gateway matches them without regard to case.
_DATA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def value_names_problem(named: Any) -> str | None:
    """What is wrong with the names of a mapping of values; None if nothing is."""
    wrong = [name for name in named if not (isinstance(name, str) and _DATA_NAME.fullmatch(name))]
    if wrong:
        return f"{wrong[0]!r:.40} is no name for a value: use letters, digits and _"
    if len({name.lower() for name in named}) < len(named):
        return "two names differ by case only, which the gateway does not see"
    return None
