"""Reads recipients from a CSV or JSONL file, from a stream, or from any iterable."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import IO, Any, NamedTuple, TypeAlias, cast

from ..errors import ConfigurationError, RecipientError
from .columns import Columns, Places, find_column, find_number_column
from .consent import Consent
from .countries import Country, country_of
from .file_formats import csv_header, foreign_format, header_for_plain, not_utf8, open_text

#: A line of a file is at most this long; the rest of it is another line. A cell has at most 131,072 characters.
MAX_LINE = 1_000_000
#: Recipients without a line in a file get their place in the iterable.
NO_LINE = 0


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of a broadcast.

    ``data`` fills the merge fields of the message, ``reference`` is your own id for the recipient, and ``zone`` the name of the
    time zone, such as ``America/New_York``, by which the hours of the broadcast are kept. ``line`` is the line of the file,
    and ``consent`` says how the recipient agreed to get messages.
    """

    number: str | int
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reference: str | None = None
    zone: str | None = None
    line: int = NO_LINE
    consent: Consent | None = None


class Unreadable(NamedTuple):
    """A line without a number, or one that cannot be read, and the reason."""

    line: int
    text: str
    reason: str


#: A recipient as the ledger needs it: number, values of the merge fields (None where there is none), reference, zone, line, and
#: the consent as source, text and time.
# A plain tuple, because there are a million of them.
Entry: TypeAlias = "tuple[Any, tuple[Any, ...], Any, Any, int, tuple[Any, Any, Any] | None]"
#: What a list of recipients contains: recipients, and lines that are reported instead of being sent to.
Lines: TypeAlias = "Iterator[Recipient | Unreadable]"
_Row: TypeAlias = "tuple[int, list[str]]"


def read_recipients(
    source: str | os.PathLike[str] | IO[str] | IO[bytes],
    *,
    number: str | None = None,
    reference: str | None = None,
    zone: str | None = None,
    consent_source: str | None = None,
    consent_text: str | None = None,
    consent_time: str | None = None,
    country: str | int | None = None,
) -> RecipientFile:
    """Iterate over the recipients in a file, without holding them all.

    ``source`` is the name of a file or an open file, such as ``sys.stdin.buffer``. A name that ends in ``.jsonl`` or
    ``.ndjson``, and a content that begins with ``{``, is one JSON object a line; anything else is CSV with a header, separated
    by commas, semicolons or tabs, in UTF-8 with or without a byte order mark. ``number``, ``reference`` and ``zone`` name
    columns; without ``number``, the column is found by its name (number, mobile, phone …). ``consent_source``, ``consent_text``
    and ``consent_time`` name the columns of a :class:`Consent`. All columns but the number fill merge fields. The names of
    columns may differ in their case. ``country`` is the country code of numbers that are written without one.

    Numbers are returned as they are, and judged when the broadcast is created: ``1.5551E+10``, which spreadsheets write, has
    lost its digits and is refused with its line. A line is counted where its record begins. Raises
    :class:`~skymms.ConfigurationError`, when the first recipient is read, for a file that is neither CSV nor JSONL, or without
    such a column.
    """
    if not isinstance(source, (str, os.PathLike)) and not hasattr(source, "read"):
        raise TypeError(f"read_recipients takes the name of a file or an open file, not {type(source).__name__}")
    columns = Columns(number, reference, zone, consent_source, consent_text, consent_time)
    return RecipientFile(source, columns, country=country_of(country))


def read_numbers(
    source: str | os.PathLike[str] | IO[str] | IO[bytes], *, number: str | None = None
) -> Iterator[Recipient | Unreadable]:
    """Iterate over the numbers in a file as :func:`read_recipients` does; it may also have one number a line and no header."""
    return RecipientFile(source, Columns(number), may_be_plain=number is None)


class RecipientFile(Iterator["Recipient | Unreadable"]):
    """The recipients in a file, which is read once. Made by :func:`read_recipients`."""

    def __init__(
        self,
        source: str | os.PathLike[str] | IO[str] | IO[bytes],
        columns: Columns,
        *,
        may_be_plain: bool = False,
        country: Country | None = None,
    ) -> None:
        self._source = source
        self._may_be_plain = may_be_plain
        self._columns = columns
        self._country = country
        self._recipients: Lines | None = None

    def __next__(self) -> Recipient | Unreadable:
        if self._recipients is None:
            self._recipients = self._completed(self._read(None))
        return next(self._recipients)

    def entries(self, names: Mapping[str, bool]) -> Iterator[Entry | Unreadable]:
        """Iterate over the recipients as the ledger needs them; ``names`` are the merge fields, True for those with a default.

        Raises :class:`~skymms.ConfigurationError` for a CSV file without the column of a merge field that has no default.
        """
        if self._recipients is not None:
            return (one if isinstance(one, Unreadable) else entry_of(one, names) for one in self._recipients)
        self._recipients = iter(())
        return self._completed(self._read(names))

    def _completed(self, lines: Iterator[Any]) -> Iterator[Any]:
        return lines if self._country is None else complete_numbers(lines, self._country)

    def _read(self, names: Mapping[str, bool] | None) -> Iterator[Any]:
        """Iterate over entries with these merge fields, or over recipients with all columns as their data."""
        with open_text(self._source) as (file, named_json):
            lines = iter(partial(file.readline, MAX_LINE), "")
            counted = _Counted()
            try:
                for first in lines:
                    counted.number += 1
                    first = first.removeprefix("\ufeff") if counted.number == 1 else first
                    if problem := foreign_format(first.encode(errors="replace")):  # a stream that was opened as text
                        raise ConfigurationError(problem)
                    if first.strip():
                        break
                else:
                    raise ConfigurationError("the list of recipients is empty")
                if self._may_be_plain and (header := header_for_plain(first)):
                    lines, first, counted.number = chain([first], lines), header, counted.number - 1
                if named_json or first.lstrip().startswith("{"):
                    yield from _json_recipients(first, lines, counted, self._columns, names)
                elif names is None:
                    yield from _csv_recipients(first, lines, counted, self._columns)
                else:
                    yield from _csv_entries(first, lines, counted, self._columns, names)
            except UnicodeDecodeError as error:
                raise not_utf8(error, counted.number) from None


class _Counted:
    """How many lines were read."""

    number = 0


def complete_numbers(lines: Iterable[Any], country: Country) -> Iterator[Any]:
    """Add the country code to the numbers of recipients, or of entries. Those that the country does not have are unreadable."""
    for one in lines:
        if isinstance(one, Unreadable):
            yield one
            continue
        line, number = (one.line, one.number) if isinstance(one, Recipient) else (one[4], one[0])
        try:
            number = country.complete(number)
        except RecipientError as error:
            yield Unreadable(line, str(number), error.problems[0].message)
        else:
            yield replace(one, number=number) if isinstance(one, Recipient) else (number, *one[1:])


# ------------------------------------------------------------------------------------------------ CSV


def _csv_entries(
    first: str, lines: Iterator[str], counted: _Counted, columns: Columns, names: Mapping[str, bool]
) -> Iterator[Entry | Unreadable]:
    header, rows = _csv_rows(first, lines, counted)
    places = columns.places(header)
    number, reference, zone = places[:3]
    pick, consent = _picker(header, names), _consent_picker(places)
    for row in rows:
        if type(row) is Unreadable:
            yield row
            continue
        line, values = cast("_Row", row)
        yield (
            values[number],
            pick(values),
            None if reference is None else values[reference],
            None if zone is None else values[zone],
            line,
            consent(values),
        )


def _csv_recipients(first: str, lines: Iterator[str], counted: _Counted, columns: Columns) -> Iterator[Recipient | Unreadable]:
    header, rows = _csv_rows(first, lines, counted)
    places = columns.places(header)
    number, reference, zone = places[:3]
    consent = _consent_picker(places)
    others = [(place, name) for place, name in enumerate(header) if name and place != number]
    for row in rows:
        if type(row) is Unreadable:
            yield row
            continue
        line, values = cast("_Row", row)
        yield Recipient(
            values[number].strip(),
            {name: values[place] for place, name in others},
            (None if reference is None else values[reference].strip()) or None,
            (None if zone is None else values[zone].strip()) or None,
            line,
            None if (found := consent(values)) is None else Consent(*found),
        )


def _csv_rows(first: str, lines: Iterator[str], counted: _Counted) -> tuple[list[str], Iterator[_Row | Unreadable]]:
    """Return the header, and an iterator over the lines and the cells of the rows, as many cells as in the header."""
    read = counted.number - 1
    separator, first = csv_header(first)
    if not first:  # the line only named the separator
        read += 1
        first = next(lines, "")
    reader = csv.reader(chain([first], lines), delimiter=separator, strict=True)
    try:
        header = [name.strip() for name in next(reader, list[str]())]
    except csv.Error as error:
        raise ConfigurationError(f"line {read + 1}: not CSV: {error}") from None
    if doubled := sorted({name for name in header if name and header.count(name) > 1}):
        raise ConfigurationError(f"line {read + 1}: two columns are named {doubled[0]!r}: rename one of them")
    return header, _checked_rows(reader, len(header), read, counted, separator)


def _checked_rows(reader: Any, width: int, read: int, counted: _Counted, separator: str) -> Iterator[_Row | Unreadable]:
    """Yield the line and the cells of each row that is not blank; ``read`` lines were read before those of the reader."""
    while True:
        before = reader.line_num
        try:
            values = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError:
            counted.number = read + reader.line_num
            raise
        except csv.Error as error:
            line, last = read + before, read + reader.line_num
            if "field larger" in str(error) or "unexpected end" in str(error):
                raise ConfigurationError(
                    f"line {line + 1}: a quoted cell has no end in the lines up to {last}: add the missing quote"
                ) from None
            through = f" (lines {line + 1} to {last})" if last > line + 1 else ""
            yield Unreadable(line + 1, "", f"it is not CSV{through}: {error}")
            continue
        if len(values) == width:
            if values[0].strip() or any(map(str.strip, values)):
                yield read + before + 1, values
        elif any(map(str.strip, values)):
            if any(map(str.strip, values[width:])):
                yield Unreadable(
                    read + before + 1,
                    "",
                    f"it has {len(values)} cells, and the header has {width}: quote a cell that has a {separator!r}",
                )
            else:
                yield read + before + 1, (values + [""] * width)[:width]


def _consent_picker(places: Places) -> Callable[[list[str]], tuple[Any, Any, Any] | None]:
    """Return a function from the cells of a row to the source, the text and the time of the consent."""
    if places.consent == (None, None, None):
        return lambda values: None
    source, text, time = places.consent
    return lambda values: (
        None if source is None else values[source],
        None if text is None else values[text],
        None if time is None else values[time],
    )


def _picker(header: list[str], names: Mapping[str, bool]) -> Callable[[list[str]], tuple[str | None, ...]]:
    """Return a function from the cells of a row to the values of the merge fields."""
    places = [find_column(header, name) for name in names]
    for place, (name, has_default) in zip(places, names.items(), strict=True):
        if place is None and not has_default:
            raise ConfigurationError(
                f"line 1: there is no column for {{{name}}}, which has no default; the columns are "
                f"{', '.join(filter(None, header))}"
            )
    if len(places) > 1 and None not in places:
        return itemgetter(*cast("list[int]", places))
    return lambda values: tuple([None if place is None else values[place] for place in places])


# ------------------------------------------------------------------------------------------------ JSONL and iterables


def _json_recipients(
    first: str, lines: Iterator[str], counted: _Counted, columns: Columns, names: Mapping[str, bool] | None
) -> Iterator[Recipient | Entry | Unreadable]:
    line, wanted = first, columns.number
    while line:
        at = counted.number
        if line.strip():
            try:
                row: Any = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Unreadable(at, "", f"it is not JSON: {error}")
            else:
                if not isinstance(row, dict):
                    yield Unreadable(at, "", "it is not a JSON object")
                else:
                    found = cast("dict[str, Any]", row)
                    if wanted is None:
                        wanted = find_number_column(list(found))
                    recipient = _json_recipient(at, found, columns, wanted)
                    yield recipient if names is None else entry_of(recipient, names)
        line = next(lines, "")
        counted.number += 1


def _json_recipient(line: int, row: dict[str, Any], columns: Columns, number: str) -> Recipient:
    def value(name: str | None) -> tuple[str | None, Any]:
        place = None if name is None else find_column(keys, name)
        return (None, None) if place is None else (keys[place], row[keys[place]])

    keys = list(row)
    column, found = value(number)
    data = {name: given for name, given in row.items() if name != column and given is not None}
    reference, zone = (None if given is None else as_text(given) for _, given in map(value, (columns.reference, columns.zone)))
    source, text, time = (None if given is None else as_text(given) for _, given in map(value, columns.consent))
    consent = None if source is text is time is None else Consent(source, text, time)
    return Recipient("" if found is None else found, data, reference, zone, line, consent)


def entry_of(recipient: Recipient, names: Mapping[str, bool]) -> Entry:
    """Return a recipient as the ledger needs it, with the values of the merge fields."""
    data = recipient.data
    values = [data.get(name) for name in names]
    if None in values and data:
        # The slow way, for names that differ in their case.
        keys = list(data)
        places = [find_column(keys, name) for name in names]
        values = [None if place is None else data[keys[place]] for place in places]
    return recipient.number, tuple(values), recipient.reference, recipient.zone, recipient.line, recipient.consent


def as_text(value: Any) -> str:
    """Return a value of a merge field as text: numbers and dates as Python writes them, true and lists as JSON does."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (bool, list, dict)) else str(value)


def numbered(
    recipients: Iterable[Recipient | Unreadable | str | int], names: Mapping[str, bool]
) -> Iterator[Entry | Unreadable]:
    """Iterate over any recipients as entries. Those that do not come from a file get their place in the list as a line."""
    if isinstance(recipients, RecipientFile):
        yield from recipients.entries(names)
        return
    for place, one in enumerate(recipients, 1):
        if isinstance(one, Unreadable):
            yield one
        elif isinstance(one, Recipient):
            entry = entry_of(one, names)
            yield entry if entry[4] else (*entry[:4], place, entry[5])
        elif isinstance(cast(Any, one), (str, int)) or hasattr(one, "__index__"):
            yield one, (None,) * len(names), None, None, place, None
        else:
            raise TypeError(
                f"recipient {place} is a {type(one).__name__}: give Recipient(number, data), for example "
                "(Recipient(row['mobile'], row) for row in rows)"
            )
