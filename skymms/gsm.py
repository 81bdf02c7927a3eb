"""Counts the length of a text as a phone network does, by the GSM 03.38 alphabet.

A character of the basic table counts as one unit, one of the extension table as two. A single character that is in neither
makes the whole text UCS-2, which is counted in UTF-16 units. The tables on gateways' pages are incomplete, and
common regular expressions lack ``¤``: do not copy them.
"""

from __future__ import annotations

from typing import NamedTuple

#: The basic table in the order of the standard. ESC, its 28th entry, is not a character.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: The extension table, whose characters follow an ESC and count as two units. It includes the form feed.
EXTENSION = "\f^{}\\[~]|€"

_UNITS = {**dict.fromkeys(BASIC, 1), **dict.fromkeys(EXTENSION, 2)}


class Units(NamedTuple):
    """The encoding that a text needs (``"gsm"`` or ``"ucs2"``) and its length in units."""

    encoding: str
    units: int


def gsm_units(text: str) -> Units:
    """Return the encoding that a text needs and its length in units: ``gsm_units("€5")`` is ``("gsm", 3)``."""
    if _UNITS.keys() >= set(text):
        return Units("gsm", sum(_UNITS[character] for character in text))
    return Units("ucs2", len(text.encode("utf-16-le", "surrogatepass")) // 2)


def max_units(text: str) -> int:
    """Return the largest length that any gateway can compute: each character that some gateways count as two counts as two."""
    return sum(2 if character in EXTENSION or character > "\uffff" else 1 for character in text)


#: Units of an SMS that is sent in one part, and of each part of a longer one: the parts' numbers take up the difference.
_PART_SIZES = {"gsm": (160, 153), "ucs2": (70, 67)}


def sms_parts(text: str) -> int:
    """Return how many SMS a network needs for a text; at least 1.

    A character of two units is not split between two parts, so parts can be shorter than 153 or 67 units.
    """
    encoding, units = gsm_units(text)
    single, each = _PART_SIZES[encoding]
    if units <= single:
        return 1
    parts, free = 0, 0
    for character in text:
        size = _UNITS[character] if encoding == "gsm" else 1 + (character > "\uffff")
        if size > free:
            parts, free = parts + 1, each
        free -= size
    return parts


def first_outside_gsm(text: str) -> str | None:
    """Return the first character of a text that GSM 03.38 does not have, which makes the text UCS-2; None if there is none."""
    return next((character for character in text if character not in _UNITS), None)
