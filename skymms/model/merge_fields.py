"""Parses the merge fields of a text: ``Hello {first_name|you}!``.

``{name}`` is the recipient's value for ``name``, and ``{name|default}`` the default where the value is missing or blank. ``{{``
is a brace. ``{$…}`` is left as it is, because it is a merge tag of the gateway, for stored messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ..errors import ConfigurationError

#: A brace that is written twice, or a merge field.
_FIELD = re.compile(r"\{\{|\{(?!\$)(?P<name>[^{}|]*)(?:\|(?P<default>[^{}]*))?(?P<end>\}?)")


class MergeField(NamedTuple):
    """A merge field: its name, and the default or None."""

    name: str
    default: str | None


class Template(NamedTuple):
    """A text in parts: literal texts and merge fields, in their order."""

    parts: tuple[str | MergeField, ...]

    @classmethod
    def parse(cls, text: str, place: str) -> Template:
        """Parse a text. Raises :class:`~skymms.ConfigurationError` for a field without a name or a closing brace."""
        parts: list[str | MergeField] = []
        end = 0
        for found in _FIELD.finditer(text):
            parts.append(text[end : found.start()])
            end = found.end()
            if found[0] == "{{":
                parts.append("{")
                continue
            name = found["name"].strip()
            if not name or not found["end"]:
                raise ConfigurationError(
                    f"{place}: {found[0]!r:.40} is not a merge field: write {{name}} or {{name|default}}, and {{{{ for a brace"
                )
            parts.append(MergeField(name, found["default"]))
        parts.append(text[end:])
        return cls(tuple(part for part in parts if part != ""))

    def fill(self, data: Mapping[str, str]) -> str:
        """Return the text for a recipient. Raises :class:`MissingValue`."""
        return "".join(part if isinstance(part, str) else _value(part, data) for part in self.parts)


class MissingValue(LookupError):
    """A recipient has no value for a merge field that has no default."""


def _value(part: MergeField, data: Mapping[str, str]) -> str:
    value = data.get(part.name, "")
    if value.strip():
        return value
    if part.default is None:
        raise MissingValue(part.name)
    return part.default
