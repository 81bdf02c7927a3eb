"""Reads recipients from a CSV or JSONL file, from a stream, or from any iterable."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeAlias, cast

from ..errors import ConfigurationError

#: Names of the column with the numbers, if none is named. They are compared without case.
NUMBER_COLUMNS = ("number", "mobile", "phone", "msisdn", "to", "cell", "telephone")
#: A line of a file is at most this long. A missing quote would otherwise join all lines that follow.
MAX_LINE = 1_000_000


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of a broadcast.

    ``data`` fills the merge fields of the message, ``reference`` is your own id for the recipient, and ``zone`` the name of the
    time zone, such as ``America/New_York``, by which the hours of the broadcast are kept. ``line`` is the line of the file.
    """

    number: str | int
    data: Mapping[str, str] = field(default_factory=dict[str, str])
    reference: str | None = None
    zone: str | None = None
    line: int = 0


class Unreadable(NamedTuple):
    """A line without a number, or one that cannot be read, and the reason."""

    line: int
    text: str
    reason: str


#: What a list of recipients contains: recipients, and lines that are reported instead of being sent to.
Lines: TypeAlias = "Iterable[Recipient | Unreadable]"


def read_recipients(
    source: str | os.PathLike[str] | IO[str] | IO[bytes],
    *,
    number: str | None = None,
    reference: str | None = None,
    zone: str | None = None,
) -> Iterator[Recipient | Unreadable]:
    """Iterate over the recipients in a file, without holding them all.

    ``source`` is the name of a file or an open file. A name that ends in ``.jsonl`` or ``.ndjson``, and a content that begins
    with ``{``, is one JSON object a line; anything else is CSV with a header, separated by commas, semicolons or tabs, in
    UTF-8 with or without a byte order mark. ``number``, ``reference`` and ``zone`` name columns; without ``number``, the
    column is found by its name (number, mobile, phone …). The other columns fill merge fields.

    Numbers are returned as they are, and judged when the broadcast is created: ``1.5551E+10``, which spreadsheets write, has
    lost its digits and is refused with its line. Raises :class:`~skymms.ConfigurationError` for a file without such a column.
    """
    if isinstance(source, (str, os.PathLike)):
        with _opened(source) as file:
            yield from _read(file, number, reference, zone, named=Path(source).suffix.lower() in (".jsonl", ".ndjson"))
        return
    binary = isinstance(source, (io.RawIOBase, io.BufferedIOBase)) or isinstance(source.read(0), bytes)
    file = io.TextIOWrapper(cast("IO[bytes]", source), encoding="utf-8-sig", newline="") if binary else cast("IO[str]", source)
    try:
        yield from _read(file, number, reference, zone, named=False)
    finally:
        if binary:
            cast(io.TextIOWrapper, file).detach()  # the caller closes its file


def _opened(name: str | os.PathLike[str]) -> IO[str]:
    try:
        return open(name, encoding="utf-8-sig", newline="")
    except OSError as error:
        raise ConfigurationError(f"cannot read {os.fspath(name)}: {error.strerror or error}") from None


def _read(
    file: IO[str], number: str | None, reference: str | None, zone: str | None, *, named: bool
) -> Iterator[Recipient | Unreadable]:
    lines = _Lines(file)
    try:
        first = next(lines, "").removeprefix("\ufeff")
        while first and not first.strip():
            first = next(lines, "")
        if named or first.lstrip().startswith("{"):
            yield from _rows(_json_rows(first, lines), _Columns(number, reference, zone))
        elif first:
            yield from _rows(_csv_rows(first, lines), _Columns(number, reference, zone))
        else:
            raise ConfigurationError("the list of recipients is empty")
    except UnicodeDecodeError:
        raise ConfigurationError(f"the list is not in UTF-8 (after line {lines.number}): save it as CSV UTF-8") from None
    except csv.Error as error:
        raise ConfigurationError(f"line {lines.number}: not CSV: {error}") from None


class _Lines(Iterator[str]):
    """The lines of a file, with the number of the last."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.number = 0

    def __next__(self) -> str:
        line = self._file.readline(MAX_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == MAX_LINE:
            raise ConfigurationError(f"line {self.number} is longer than {MAX_LINE:,} characters: a quote may be missing")
        return line


class _Columns(NamedTuple):
    number: str | None
    reference: str | None
    zone: str | None


_Row: TypeAlias = "tuple[int, Mapping[str, Any] | str]"


def _csv_rows(header: str, lines: _Lines) -> Iterator[_Row]:
    separator = max(",;\t", key=header.count)
    names = [name.strip() for name in next(csv.reader([header], delimiter=separator))]
    if doubled := {name for name in names if name and names.count(name) > 1}:
        raise ConfigurationError(f"line 1: two columns are named {sorted(doubled)[0]!r}: rename one of them")
    reader = csv.reader(lines, delimiter=separator, strict=True)
    for values in reader:
        if not any(map(str.strip, values)):
            continue
        if len(values) > len(names):
            yield (
                lines.number,
                f"it has {len(values)} cells, and the header has {len(names)}: quote a cell that has a {separator!r}",
            )
        else:
            yield lines.number, dict(zip(names, values, strict=False))


def _json_rows(first: str, lines: _Lines) -> Iterator[_Row]:
    line = first
    while line:
        if line.strip():
            try:
                row: Any = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield lines.number, f"it is not JSON: {error}"
            else:
                yield lines.number, cast("Mapping[str, Any]", row) if isinstance(row, dict) else "it is not a JSON object"
        line = next(lines, "")


def _rows(rows: Iterable[_Row], wanted: _Columns) -> Iterator[Recipient | Unreadable]:
    number = wanted.number
    for line, row in rows:
        if isinstance(row, str):
            yield Unreadable(line, "", row)
            continue
        if number is None:
            number = _number_column(row)
        for name in (number, wanted.reference, wanted.zone):
            if name is not None and name not in row and line <= 2:
                raise ConfigurationError(f"there is no column {name!r}; the columns are {', '.join(row)}")
        yield _recipient(line, row, number, wanted)


def _number_column(row: Mapping[str, Any]) -> str:
    found = [name for wanted in NUMBER_COLUMNS for name in row if name.casefold() == wanted]
    if not found:
        raise ConfigurationError(
            f"no column is named {', '.join(NUMBER_COLUMNS)}: name the one with the numbers; the columns are {', '.join(row)}"
        )
    return found[0]


def _recipient(line: int, row: Mapping[str, Any], column: str, wanted: _Columns) -> Recipient | Unreadable:
    given = row.get(column)
    if given is None or given == "":
        return Unreadable(line, "", "there is no number")
    number = given.strip() if isinstance(given, str) else given
    special = {column, wanted.reference, wanted.zone}
    data = {name: _text(value) for name, value in row.items() if name not in special and value is not None}
    return Recipient(number, data, _optional(row, wanted.reference), _optional(row, wanted.zone), line)


def _optional(row: Mapping[str, Any], column: str | None) -> str | None:
    value = None if column is None else row.get(column)
    return _text(value).strip() or None if value is not None else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
