"""How long a text is to a phone network: the alphabet of GSM 03.38, complete.

A character of the basic table is one unit, one of the extension table two. One character in neither makes the whole text UCS-2,
counted in UTF-16 units. Gateways print the table cut short, and regular expressions miss ``¤``: do not build from those.
"""

from __future__ import annotations

from typing import NamedTuple

#: The basic table, in the order of the standard; ESC, its 28th place, is no character.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: The extension table, reached through ESC: two units each. Form feed is in it too.
EXTENSION = "\f^{}\\[~]|€"

_UNITS = {**dict.fromkeys(BASIC, 1), **dict.fromkeys(EXTENSION, 2)}


class Units(NamedTuple):
    """How a text is written on air, ``"gsm"`` or ``"ucs2"``, and how many units it takes."""

    encoding: str
    units: int


def gsm_units(text: str) -> Units:
    """The encoding a text needs and its length in units: ``gsm_units("€5")`` is ``("gsm", 3)``. Source: GSM 03.38."""
    if _UNITS.keys() >= set(text):
        return Units("gsm", sum(_UNITS[character] for character in text))
    return Units("ucs2", len(text.encode("utf-16-le", "surrogatepass")) // 2)


def most_units(text: str) -> int:
    """The largest count a gateway can plausibly come to: two for whatever any way of counting takes for two."""
    return sum(2 if character in EXTENSION or character > "\uffff" else 1 for character in text)
