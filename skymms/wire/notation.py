"""How a table says what is spelled how: its rows, its notation, and the kinds of things that fields hold.

A row says where a field lies in Python (`slideshow.slides[].image`), what kind of thing it is, and how each dialect spells it:

====================== =======================================================================
``TO``                 a node that stands alone
``SLIDE[]/IMAGE/URL``  a node inside a repeated group
``slide_image_url_#``  the same in a flat form: ``#`` is the number of the repetition, from 0
``CONTENT/FILE[]``     a node repeated inside its group, ``content[]/file`` in a repeated group: a tuple of texts
``CUSTOMTEXT[]/V|K``   a mapping as repeated pairs: value node, key node
``customtext_#``       the same in a flat form: ``#`` is the key
``DATA/*``, ``data_*`` a mapping whose keys are the names
``A/B[]/C``            a node inside a repeated group that stands in another node
``OPERATORID SPID``    the first is written, the others were written once: they are understood
``-``                  this dialect has no word for it
``.``                  this dialect does without it: it is left out, and nobody misses it
====================== =======================================================================

A ``!`` after the first name marks what a dialect insists on. A column is compiled once, to two lists of small functions; a
value is then written in time that grows with the fields it has set.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

from ..numbers import digits
from ..validation.dates import to_utc


class Row(NamedTuple):
    """A field, its kind, and its spelling in each dialect, in the order of the table's columns."""

    field: str
    kind: str
    names: tuple[str, ...]


class Converter(NamedTuple):
    """How a value becomes text, and text a value. Reading never fails: what it cannot make sense of stays text."""

    encode: Callable[[Any], str]
    decode: Callable[[str], Any]


def parse_date(text: str) -> date | datetime | str:
    """A date or date-time in any of the forms of ISO 8601 that gateways write, or the text itself."""
    text = text.strip()
    try:
        # The standard library's is forty times as fast and takes every form seen in the documents.
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        from dateutil.parser import isoparse

        return isoparse(text)
    except (ValueError, OverflowError):  # OverflowError: 24:00 on the last day there is
        return text


def _written_moment(when: date | str) -> str:
    return when if isinstance(when, str) else when.isoformat()


def _written_utc(when: Any) -> str:
    meant = to_utc(when)
    return str(when) if meant is None else meant.replace(tzinfo=None).isoformat(" ", "seconds")


def _read_utc(text: str) -> datetime | str:
    meant = to_utc(text)
    return text.strip() if meant is None else meant


def parse_integer(text: str) -> int | str:
    """A whole number, or the text itself."""
    plain = text.strip()
    # No more digits than an honest number has; int() refuses 4,301 of them with an error of its own.
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 19 else text


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _flag(text: str) -> bool | str:
    return _YES_NO.get(text.strip().lower(), text)


def _json_flag(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text, text)


def converters(line_break: str = "\n", flags: tuple[Any, Any] = ("yes", "no")) -> dict[str, Converter]:
    """Every kind of field, with line breaks in texts written as ``line_break``, and yes and no as ``flags``."""

    def lines(text: str) -> str:
        return str(text).replace("\r\n", "\n").replace("\r", "\n").replace("\n", line_break)

    def plain_lines(text: str) -> str:
        text = str(text)
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text

    return {
        "words": Converter(str, str),
        "lines": Converter(plain_lines, str) if line_break == "\n" else Converter(lines, lambda t: t.replace(line_break, "\n")),
        "token": Converter(str, str.strip),
        "number": Converter(digits, str.strip),
        "numbers": Converter(lambda several: ",".join(map(digits, several)), _listed),
        "integer": Converter(str, parse_integer),
        # What is JSON's own is one of its two words, and nothing that sounds like it.
        "yes": Converter(
            lambda on: {True: flags[0], False: flags[1]}.get(on, str(on)), _json_flag if flags[0] is True else _flag
        ),
        "true": Converter(lambda on: {True: "true", False: "false"}.get(on, str(on)), _flag),
        "moment": Converter(_written_moment, parse_date),
        "utc": Converter(_written_utc, _read_utc),
        "ids": Converter(",".join, _listed),
    }


def wire_name(row: Row, column: int) -> str:
    """The name in a dialect, without its mark; empty where it has none."""
    name = row.names[column].partition(" ")[0]
    return "" if name in {"-", "."} else name.rstrip("!")


def accepted_names(row: Row, column: int) -> tuple[str, ...]:
    """The names a field is read by: the one it is written by, and those of former times."""
    name, *older = row.names[column].split()
    return () if name in {"-", "."} else (name.rstrip("!"), *older)


def is_ignored(row: Row, column: int) -> bool:
    """True where this dialect leaves the field out, and nobody misses it."""
    return row.names[column] == "."


def is_unsupported(row: Row, column: int) -> bool:
    """True where something is lost, since this dialect has no word for the field."""
    return row.names[column] == "-"


def is_required(row: Row, column: int) -> bool:
    """True where this dialect must have the field."""
    return row.names[column].partition(" ")[0].endswith("!")
