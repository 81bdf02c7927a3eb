"""Rules that only a gateway can check: dates that depend on the clock, and the values of a wallet pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..errors import Problem
from ..validation.dates import to_utc

# ------------------------------------------------------------------------------------------------ dates


class _ExpiryRule(NamedTuple):
    """A field with an expiry date, how far ahead the date may be, and the code of the refusal."""

    field: str
    max_ahead: timedelta
    code: str


_EXPIRY_RULES = (
    # Sinch MMS reference, 2.2: delivery is attempted for at most three days. The vendor has no code for this.
    _ExpiryRule("expires", timedelta(days=3), "E100"),
    # The same section: the link is valid for a year (365 days). Skycore 1.3 says only that 365 days are the default.
    _ExpiryRule("link_expires", timedelta(days=365), "E617"),
)


def expiry_problem(operation: Any, now: datetime) -> Problem | None:
    """Return the problem if an expiry date is past or too far ahead; a date without a zone is UTC."""
    for field, max_ahead, code in _EXPIRY_RULES:
        for owner in (operation, getattr(operation, "slideshow", None)):
            value = getattr(owner, field, None)
            if value is not None and (error := _date_error(value, now, max_ahead)):
                message = f"{value!s:.40} {error}: give a date in the future, at most {max_ahead.days} days ahead"
                return Problem(code, None, field, message)
    return None


def _date_error(value: object, now: datetime, max_ahead: timedelta) -> str | None:
    date = to_utc(value)
    if date is None:
        return "cannot be converted to UTC"
    if date <= now:
        return f"is past (the sandbox's clock is at {now:%Y-%m-%dT%H:%M:%SZ})"
    return f"is more than {max_ahead.days} days ahead" if date - now > max_ahead else None


# ------------------------------------------------------------------------------------------------ wallet passes

#: A pass has at most ten locations and ten beacons.
_MAX_NUMBER = 10

_DECIMAL = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]+)?")
_WHOLE = re.compile(r"[0-9]{1,5}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def _is_degrees(max_degrees: int) -> Callable[[str], bool]:
    return lambda text: _DECIMAL.fullmatch(text) is not None and abs(float(text)) <= max_degrees


def _is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def _is_sixteen_bits(text: str) -> bool:
    return _WHOLE.fullmatch(text) is not None and int(text) < 1 << 16


class _PassValueRule(NamedTuple):
    """The name of a pass value without its number, the check, the expected form, and the code for number 1."""

    name: str
    is_valid: Callable[[str], bool]
    expected: str
    first_code: int


_PASS_VALUE_RULES = (
    _PassValueRule("rellatitude", _is_degrees(90), "degrees as a decimal number from -90 to 90", 880),
    _PassValueRule("rellongitude", _is_degrees(180), "degrees as a decimal number from -180 to 180", 890),
    _PassValueRule("ibeaconuuid", _is_uuid, "32 hexadecimal digits, grouped 8-4-4-4-12", 960),
    _PassValueRule("ibeaconmajor", _is_sixteen_bits, "a whole number from 0 to 65535", 970),
    _PassValueRule("ibeaconminor", _is_sixteen_bits, "a whole number from 0 to 65535", 980),
)

#: Skycore 1.3, E990-E999: a beacon with any of these values must have a UUID.
_BEACON_UUID, _BEACON_VALUES, _NO_UUID_CODE = "ibeaconuuid", ("ibeaconmajor", "ibeaconminor", "ibeacontext"), 990


def pass_data_problem(pass_data: Mapping[str, Any]) -> Problem | None:
    """Return the first invalid value of a wallet pass; blank values and unknown names are ignored."""
    values = {name.lower(): str(value).strip() for name, value in pass_data.items()}
    for number in range(1, _MAX_NUMBER + 1):
        if problem := _value_problem(values, number) or _beacon_problem(values, number):
            return problem
    return None


def _value_problem(values: Mapping[str, str], number: int) -> Problem | None:
    for name, is_valid, expected, first_code in _PASS_VALUE_RULES:
        text = values.get(f"{name}{number}")
        if text and not is_valid(text):
            return _pass_problem(first_code + number - 1, f"{name}{number} is {text!r:.40}: give {expected}")
    return None


def _beacon_problem(values: Mapping[str, str], number: int) -> Problem | None:
    given = [f"{name}{number}" for name in _BEACON_VALUES if values.get(f"{name}{number}")]
    if not given or values.get(f"{_BEACON_UUID}{number}"):
        return None
    message = f"{given[0]} is given without {_BEACON_UUID}{number}: give both, or leave the whole beacon out"
    return _pass_problem(_NO_UUID_CODE + number - 1, message)


def _pass_problem(code: int, message: str) -> Problem:
    return Problem(f"E{code}", None, "pass_data", message)
