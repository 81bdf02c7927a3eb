"""Answers whose types drift, read field by field: a number may come in quotes, and nothing may come as "", {} or null.

So an object is taken as its words under their names (``meta/status``), and a value says of each of its fields under which
names the gateway tells it and what the words are made into: the class is the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

Made = TypeVar("Made")
#: Words under their names; what is blank is not there.
Fields = Mapping[str, str]


def read_from(names: str, make: Callable[[str], Any] = str) -> Any:
    """A field that is read: the names it comes under, in order of preference, and what its words are made into."""
    return field(default=None, metadata={"told": (names, make)})


def field_names(kind: type[Any]) -> Iterator[tuple[str, str, Callable[[str], Any]]]:
    """The fields of a class that are read: our name, the gateway's names, and what the words are made into."""
    return ((item.name, *item.metadata["told"]) for item in fields(cast(Any, kind)) if "told" in item.metadata)


def flatten(document: Any) -> Fields:
    """The words of an object, and those of the objects in it (``meta/status``); what lies in lists is not the object's own."""
    outer = list(document.items()) if isinstance(document, dict) else []
    inner = [(f"{name}/{key}", value) for name, held in outer if isinstance(held, dict) for key, value in held.items()]
    words = {path: value for path, value in outer + inner if value is not None and not isinstance(value, (dict, list))}
    return {
        path: str(value).lower() if isinstance(value, bool) else value for path, value in words.items() if str(value).strip()
    }


def first_value(told: Fields, names: str, make: Callable[[str], Any] = str) -> Any:
    """What the first of several names that is told is made into; None where none is."""
    return next((make(told[name]) for name in names.split() if name in told), None)


def build(kind: type[Made], told: Fields, **more: Any) -> Made:
    """A value of the class, by its :func:`columns`."""
    return kind(**{ours: first_value(told, names, make) for ours, names, make in field_names(kind)}, **more)


def parse_datetime(text: str) -> datetime | None:
    """A time, naive where none of its zone is told; None for what is none."""
    try:
        return datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None


def parse_decimal(text: str) -> Decimal | None:
    """A number; None for what is none."""
    return Decimal(text.strip()) if re.fullmatch(r"\s*-?[0-9]+(\.[0-9]+)?\s*", text) else None
