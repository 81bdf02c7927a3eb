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
Told = Mapping[str, str]


def told_as(names: str, make: Callable[[str], Any] = str) -> Any:
    """A field that is read: the names it comes under, in order of preference, and what its words are made into."""
    return field(default=None, metadata={"told": (names, make)})


def columns(kind: type[Any]) -> Iterator[tuple[str, str, Callable[[str], Any]]]:
    """The fields of a class that are read: our name, the gateway's names, and what the words are made into."""
    return ((item.name, *item.metadata["told"]) for item in fields(cast(Any, kind)) if "told" in item.metadata)


def told_in(document: Any) -> Told:
    """The words of an object, and those of the objects in it (``meta/status``); what lies in lists is not the object's own."""
    outer = list(document.items()) if isinstance(document, dict) else []
    inner = [(f"{name}/{key}", value) for name, held in outer if isinstance(held, dict) for key, value in held.items()]
    words = {path: value for path, value in outer + inner if value is not None and not isinstance(value, (dict, list))}
    return {
        path: str(value).lower() if isinstance(value, bool) else value for path, value in words.items() if str(value).strip()
    }


def first(told: Told, names: str, make: Callable[[str], Any] = str) -> Any:
    """What the first of several names that is told is made into; None where none is."""
    return next((make(told[name]) for name in names.split() if name in told), None)


def made(kind: type[Made], told: Told, **more: Any) -> Made:
    """A value of the class, by its :func:`columns`."""
    return kind(**{ours: first(told, names, make) for ours, names, make in columns(kind)}, **more)


def moment(text: str) -> datetime | None:
    """A time, naive where none of its zone is told; None for what is none."""
    try:
        return datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None


def amount(text: str) -> Decimal | None:
    """A number; None for what is none."""
    return Decimal(text.strip()) if re.fullmatch(r"\s*-?[0-9]+(\.[0-9]+)?\s*", text) else None
