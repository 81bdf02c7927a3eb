"""The values of a wallet pass, judged by their form: a place on the earth, and a beacon to be near to.

1.3, sendPassInMMS (2.5, and the codes in 4.1): a pass has ten places and ten beacons, and a code for each of the ten. What else
can be wrong with a pass (a label that is not dynamic, a template that is not there) only its template tells, and the sandbox
has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..errors import Problem

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
