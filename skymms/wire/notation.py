"""The notation of the table: its rows, the wire names in them, and the kinds of values that fields have.

A row has the path of a field in Python (`slideshow.slides[].image`), its kind, and its wire name in each dialect:

====================== ===========================================================================
``TO``                 a field of its own
``SLIDE[]/IMAGE/URL``  a field in a repeated group
``slide_image_url_#``  the same in a query string: ``#`` is the number of the group, from 0
``CONTENT/FILE[]``     a field that is repeated in its group, or ``content[]/file``: a tuple of texts
``CUSTOMTEXT[]/V|K``   a mapping as repeated pairs: the name of the value, the name of the key
``customtext_#``       the same in a query string: ``#`` is the key
``DATA/*``, ``data_*`` a mapping whose keys are used as names
``A/B[]/C``            a field in a repeated group that is inside another element
``OPERATORID SPID``    the first name is written; the others are former names, which are decoded too
``-``                  the dialect has no name for the field: a value is a problem
``.``                  the dialect leaves the field out: a value is not sent, and that is not a problem
``. STATUS/@celly``    the same, and the former names are decoded
``DURATION SLIDE[]/@duration``  ``@`` is the name of an attribute; attributes are decoded and never written
====================== ===========================================================================

A ``!`` after the first name marks a field that the dialect requires. A ``?`` marks a field that the vendor calls required
although its gateway accepts requests without it: if it is missing, that is a warning.

The kinds:

=========== ==============================================================================
``text``    any text
``lines``   text whose line breaks are written as the account wants them
``url``     the URL of a file; its host is written in ASCII
``token``   text without blanks around it, such as an id
``phone``   a phone number in digits
``phones``  several of them, separated by commas
``integer`` a whole number
``flag``    yes or no; true or false in JSON
``boolean`` the texts true or false
``date``    a date, or a date with a time
``utc``     a date with a time, written in UTC without a time zone
``ids``     ids, separated by commas
=========== ==============================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

from ..numbers import digits
from ..validation.dates import to_utc
from ..validation.hosts import ascii_url


class Row(NamedTuple):
    """A field: its path in Python, its kind, and its wire names in the order of the table's columns."""

    field: str
    kind: str
    names: tuple[str, ...]


class Converter(NamedTuple):
    """Converts values of one kind to text and back. Decoding never fails: text that does not fit the kind stays text."""

    encode: Callable[[Any], str]
    decode: Callable[[str], Any]


#: The beginning of a date: a year of four digits, a month and a day. Digits alone are no date: they may be an id, or seconds.
_DAY = re.compile(r"[0-9]{4}(?:([-/])[0-9]{2}\1[0-9]{2}|[0-9]{4}T)")
#: A time zone at the end: its name or its offset. The vendors are in the United States, so EST is five hours behind UTC.
_ZONE = r" ?([A-Z]{1,4}|[+-][0-9]{2}:?[0-9]{2})\Z"
_ZONES: Mapping[str, str] = {
    "UTC": "+00:00", "GMT": "+00:00", "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00", "MST": "-07:00",
    "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00", "AKST": "-09:00", "AKDT": "-08:00", "HST": "-10:00",
}  # fmt: skip
#: A date as in mail, with the name of its month: Sat, 01 Mar 2014 12:00:00 -0500.
_MAIL_DATE = r"(?:[A-Z][a-z]{2}, )?[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}(?::[0-9]{2})? [-+A-Z0-9]{3,5}"


def parse_date(text: str) -> date | datetime | str:
    """Parse a date or date-time in a form that the gateways use; return other text unchanged.

    The forms are ISO 8601, also with slashes, with a blank in place of the T, or with a time zone of the United States by name
    (``2014-03-01 12:00:00 EST``), and dates as in mail. Digits alone are not a date.
    """
    text = text.strip()
    if not _DAY.match(text):
        return _parse_mail_date(text)
    try:
        # The standard library is forty times as fast as dateutil and takes nearly every form in the vendors' documents.
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        from dateutil.parser import isoparse

        return isoparse(_with_offset(text))
    except (ValueError, OverflowError):  # OverflowError: 24:00 on the last day of the year 9999
        return text


def _with_offset(text: str) -> str:
    """Return a date and time with dashes, and with an offset in place of the name of a time zone."""
    if zone := re.search(_ZONE, text):
        text = text[: zone.start()] + _ZONES.get(zone[1], zone[1])
    return text.replace("/", "-")


def _parse_mail_date(text: str) -> datetime | str:
    if not re.fullmatch(_MAIL_DATE, text):
        return text
    from email.utils import parsedate_tz

    before, _, zone = text.rpartition(" ")
    offset = _ZONES.get(zone, zone).replace(":", "")
    found = parsedate_tz(f"{before} {offset}")
    # parsedate_tz reads an unknown time zone as UTC.
    if found is None or not offset[1:].isdigit():
        return text
    try:
        return datetime(*found[:6], tzinfo=timezone(timedelta(seconds=found[9] or 0)))
    except ValueError:
        return text


def _format_url(url: Any) -> str:
    text = str(url)
    return text if text.isascii() else ascii_url(text)


def _format_date(when: date | str) -> str:
    if isinstance(when, datetime):
        # PHP's DATE_ATOM, with which a gateway or a receiver may parse it, fails on fractions of a second.
        return when.isoformat(timespec="seconds")
    return when if isinstance(when, str) else when.isoformat()


def _format_utc(when: Any) -> str:
    in_utc = to_utc(when)
    return str(when) if in_utc is None else in_utc.replace(tzinfo=None).isoformat(" ", "seconds")


def _parse_utc(text: str) -> datetime | str:
    in_utc = to_utc(text)
    return text.strip() if in_utc is None else in_utc


def parse_integer(text: str) -> int | str:
    """Parse a whole number; return other text unchanged."""
    plain = text.strip()
    # Longer numbers stay text: int() raises for more than 4,300 digits.
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 19 else text


def _split_list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _join_numbers(numbers: Iterable[Any]) -> str:
    return ",".join(map(digits, numbers))


_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _parse_flag(text: str) -> bool | str:
    return _FLAGS.get(text.strip().lower(), text)


def _parse_json_flag(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text, text)


def _normalize_line_breaks(value: Any) -> str:
    text = str(value)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _flag_converter(true: Any, false: Any) -> Converter:
    def encode(value: Any) -> Any:
        # A value other than True and False is written as text. The rules refuse it before that.
        return {True: true, False: false}.get(value, str(value))

    # In JSON only true and false are flags; the text "yes" is not a flag.
    return Converter(encode, _parse_json_flag if true is True else _parse_flag)


def _lines_converter(line_break: str) -> Converter:
    if line_break == "\n":
        return Converter(_normalize_line_breaks, str)

    def encode(text: Any) -> str:
        return _normalize_line_breaks(text).replace("\n", line_break)

    def decode(text: str) -> str:
        return text.replace(line_break, "\n")

    return Converter(encode, decode)


def converters(line_break: str = "\n", flags: tuple[Any, Any] = ("yes", "no")) -> dict[str, Converter]:
    """Return the converter of every kind. ``line_break`` is written for a line break in a text, ``flags`` for yes and no."""
    return {
        "text": Converter(str, str),
        "lines": _lines_converter(line_break),
        "url": Converter(_format_url, str.strip),
        "token": Converter(str, str.strip),
        "phone": Converter(digits, str.strip),
        "phones": Converter(_join_numbers, _split_list),
        "integer": Converter(str, parse_integer),
        "flag": _flag_converter(*flags),
        "boolean": Converter(_flag_converter("true", "false").encode, _parse_flag),
        "date": Converter(_format_date, parse_date),
        "utc": Converter(_format_utc, _parse_utc),
        "ids": Converter(",".join, _split_list),
    }


def wire_name(row: Row, column: int) -> str:
    """Return the field's name in a column's dialect, without its mark; empty if the dialect has no name for it."""
    name = row.names[column].partition(" ")[0]
    return "" if name in {"-", "."} else name.rstrip("!?")


def accepted_names(row: Row, column: int) -> tuple[str, ...]:
    """Return all names that are decoded as the field: the name that is written, and its former names."""
    name, *former = row.names[column].split()
    return tuple(former) if name in {"-", "."} else (name.rstrip("!?"), *former)


def is_ignored(row: Row, column: int) -> bool:
    """True if the dialect leaves the field out, and a value of it is not a problem."""
    return row.names[column].partition(" ")[0] == "."


def is_unsupported(row: Row, column: int) -> bool:
    """True if the dialect has no name for the field, so that a value of it would be lost."""
    return row.names[column] == "-"


def is_required(row: Row, column: int) -> bool:
    """True if the dialect requires the field."""
    return row.names[column].partition(" ")[0].endswith("!")


def is_advised(row: Row, column: int) -> bool:
    """True if the vendor calls the field required, although its gateway accepts requests without it."""
    return row.names[column].partition(" ")[0].endswith("?")
