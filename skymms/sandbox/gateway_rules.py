"""What only a gateway can judge: wallet pass values, and dates that depend on the clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..errors import Problem
from ..validation.dates import to_utc


class _Until(NamedTuple):
    """A field that says until when, how far ahead that may be, and the code of a refusal."""

    field: str
    most: timedelta
    code: str


_UNTIL = (
    # The successor's reference, 2.2: three days are the most for the attempts to deliver. It has no code of its own.
    _Until("expires", timedelta(days=3), "E100"),
    # The same place: a year, or 365 days, for the link. 1.3 says only that 365 days are what is taken without one.
    _Until("link_expires", timedelta(days=365), "E617"),
)


def late_or_far(operation: Any, now: datetime) -> Problem | None:
    """What is past already, or further ahead than the gateway goes; a moment without a zone is taken as UTC."""
    for field, most, code in _UNTIL:
        for holder in (operation, getattr(operation, "slideshow", None)):
            when = getattr(holder, field, None)
            if when is not None and (wrong := _wrong(when, now, most)):
                told = f"{when!s:.40} {wrong}: give a moment that is to come, at most {most.days} days ahead"
                return Problem(code, None, field, told)
    return None


def _wrong(when: object, now: datetime, most: timedelta) -> str | None:
    meant = to_utc(when)
    if meant is None:
        return "is no moment that UTC has"
    if meant <= now:
        return f"is past (here it is {now:%Y-%m-%dT%H:%M:%SZ})"
    return f"is more than {most.days} days ahead" if meant - now > most else None


#: How many places and how many beacons a pass has.
_EACH = 10

_DECIMAL = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]+)?")
_WHOLE = re.compile(r"[0-9]{1,5}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def _degrees(most: int) -> Callable[[str], bool]:
    return lambda words: _DECIMAL.fullmatch(words) is not None and abs(float(words)) <= most


def _sixteen_bits(words: str) -> bool:
    return _WHOLE.fullmatch(words) is not None and int(words) < 1 << 16


class _Form(NamedTuple):
    """A value's name, to be followed by its number from 1; what it has to be; how to say so; and the code for the first."""

    name: str
    right: Callable[[str], bool]
    says: str
    first: int


_FORMS = (
    _Form("rellatitude", _degrees(90), "degrees as a decimal number from -90 to 90", 880),
    _Form("rellongitude", _degrees(180), "degrees as a decimal number from -180 to 180", 890),
    _Form("ibeaconuuid", lambda words: _UUID.fullmatch(words) is not None, "32 hexadecimal digits, grouped 8-4-4-4-12", 960),
    _Form("ibeaconmajor", _sixteen_bits, "a whole number from 0 to 65535", 970),
    _Form("ibeaconminor", _sixteen_bits, "a whole number from 0 to 65535", 980),
)

#: 1.3, E990-E999: a beacon that is told of at all has a UUID.
_BEACON, _OF_A_BEACON, _NO_UUID = "ibeaconuuid", ("ibeaconmajor", "ibeaconminor", "ibeacontext"), 990


def malformed(pass_data: Mapping[str, Any]) -> Problem | None:
    """The first value whose form is wrong. A blank one is none, and a name that nobody knows is left alone."""
    told = {name.lower(): str(value).strip() for name, value in pass_data.items()}
    for at in range(_EACH):
        for name, right, says, first in _FORMS:
            words = told.get(f"{name}{at + 1}")
            if words and not right(words):
                return _problem(first + at, f"{name}{at + 1} is {words!r:.40}: give {says}")
        parts = [f"{name}{at + 1}" for name in _OF_A_BEACON if told.get(f"{name}{at + 1}")]
        if parts and not told.get(f"{_BEACON}{at + 1}"):
            return _problem(
                _NO_UUID + at, f"{parts[0]} is there without {_BEACON}{at + 1}: give that too, or leave the whole beacon out"
            )
    return None


def _problem(code: int, words: str) -> Problem:
    return Problem(f"E{code}", None, "pass_data", words)
