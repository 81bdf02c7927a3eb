"""Finds the columns of a list of recipients by their names, which may differ in their case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..errors import ConfigurationError

#: Names of the column with the numbers, if none is named. They are compared without case.
NUMBER_COLUMNS = ("number", "mobile", "phone", "msisdn", "to", "cell", "telephone")


class Columns(NamedTuple):
    """The names of the special columns; None for those that are not used, and for numbers in a column with a usual name."""

    number: str | None
    reference: str | None = None
    zone: str | None = None
    consent_source: str | None = None
    consent_text: str | None = None
    consent_time: str | None = None

    def places(self, header: Sequence[str]) -> Places:
        """Return where the special columns are. Raises :class:`~skymms.ConfigurationError` for one that there is not."""
        number = _place(header, find_number_column(header) if self.number is None else self.number)
        others = [None if name is None else _place(header, name) for name in self[1:]]
        return Places(number, others[0], others[1], (others[2], others[3], others[4]))

    @property
    def consent(self) -> tuple[str | None, str | None, str | None]:
        """The columns of the source, the text and the time of the consent."""
        return self[3:]


class Places(NamedTuple):
    """The places of the special columns; None for those that are not used."""

    number: int
    reference: int | None
    zone: int | None
    consent: tuple[int | None, int | None, int | None]


def find_column(header: Sequence[str], name: str) -> int | None:
    """Return the place of a column: that of its exact name, or of the only one that differs in its case."""
    if name in header:
        return header.index(name)
    alike = [place for place, one in enumerate(header) if one.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def find_number_column(header: Sequence[str]) -> str:
    """Return the column with the numbers by its usual names. Raises :class:`~skymms.ConfigurationError`."""
    for wanted in NUMBER_COLUMNS:
        for name in header:
            if name.casefold() == wanted:
                return name
    raise ConfigurationError(
        f"no column is named {', '.join(NUMBER_COLUMNS)}: name the one with the numbers; the first line has to be a header, "
        f"and its columns are {_listed(header)}"
    )


def _place(header: Sequence[str], name: str) -> int:
    place = find_column(header, name)
    if place is None:
        raise ConfigurationError(f"there is no column {name!r}; the columns are {_listed(header)}")
    return place


def _listed(header: Sequence[str]) -> str:
    return f"{', '.join(filter(None, header)):.300}"
