"""Fills the merge fields of a message: ``Hello {first_name|you}!`` with the columns of a recipient.

``skymms.model.merge_fields`` describes how they are written. They are filled in every text of a message: of slides, the
subject, the fallback text, the texts of stored messages and the data of passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeAlias, cast

from ..model.merge_fields import MergeField, Template
from ..model.merge_fields import MissingValue as MissingValue

#: The fields of operations, slideshows and slides whose texts are written for the recipient.
TEXT_FIELDS = frozenset(
    {"text", "data", "subject", "fallback_text", "custom_subject", "custom_text", "ddm_subject", "ddm_text", "pass_data"}
)

Place: TypeAlias = "tuple[str | int, ...]"


class Personalisation:
    """The merge fields of one operation."""

    def __init__(self, operation: Any) -> None:
        self._operation = operation
        self._templates = {place: Template.parse(text, _described(place)) for place, text in _texts(operation, ())}
        parts = [part for one in self._templates.values() for part in one.parts if isinstance(part, MergeField)]
        #: The names of all merge fields, in alphabetical order.
        self.names: tuple[str, ...] = tuple(sorted({part.name for part in parts}))
        required = {part.name for part in parts if part.default is None}
        #: The names of all merge fields; True for those that have a default wherever they are used.
        self.defaults: dict[str, bool] = {name: name not in required for name in self.names}

    def fill(self, data: Mapping[str, str]) -> Any:
        """Return the operation for a recipient. Raises :class:`MissingValue`."""
        return _replaced(self._operation, (), lambda place: self._templates[place].fill(data))


def has_braces(operation: Any) -> bool:
    """Whether a text of an operation has a merge field, ours or the gateway's, or any other brace."""
    return any(True for _ in _texts(operation, ()))


def _described(place: Place) -> str:
    if "slides" in place:
        number = place[place.index("slides") + 1]
        return f"slide {cast(int, number) + 1}, {place[-1]}"
    return ".".join(map(str, place))


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """Yield each text with merge fields, or with doubled braces, and its place."""
    if isinstance(value, str):
        if "{" in value:
            yield place, value
    elif isinstance(value, Mapping):
        for key, inner in cast("Mapping[str | int, Any]", value).items():
            yield from _texts(inner, (*place, key))
    elif isinstance(value, tuple):
        members = cast(Any, value)
        for number, inner in enumerate(members):
            yield from _texts(inner, (*place, number))
    elif is_dataclass(value):
        for item in fields(value):
            if item.name in TEXT_FIELDS or item.name in ("slideshow", "slides"):
                yield from _texts(getattr(value, item.name), (*place, item.name))


def _replaced(value: Any, place: Place, fill: Callable[[Place], str]) -> Any:
    if isinstance(value, str):
        return fill(place) if "{" in value else value
    if isinstance(value, Mapping):
        items = cast("Mapping[str | int, Any]", value).items()
        return {key: _replaced(inner, (*place, key), fill) for key, inner in items}
    if isinstance(value, tuple):
        members = cast(Any, value)
        return tuple(_replaced(inner, (*place, at), fill) for at, inner in enumerate(members))
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            item.name: _replaced(getattr(value, item.name), (*place, item.name), fill)
            for item in fields(value)
            if item.name in TEXT_FIELDS or item.name in ("slideshow", "slides")
        }
        return replace(value, **changed)
    return value
