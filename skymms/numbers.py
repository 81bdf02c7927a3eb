"""Recipients' phone numbers."""

from __future__ import annotations

import re

# ------------------------------------------------------------------------------------------------ one field of a message


def digits(number: object) -> str:
    """A number as the wire wants it: what people type between the digits removed, and one leading ``+``.

    Ruling 8: blanks, dashes, dots and brackets are removed; whatever else stands there stays, for the rule to find.
    """
    number = str(number)
    return number if number.isalnum() else _SEPARATORS.sub("", number).removeprefix("+")


_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015.()\[\]]")
# No `\d`, which would take the digits of every script.
DIGITS_ONLY = re.compile(r"[0-9]+")
# E.164 ends at 15 digits; two numbers with a blank between them have more.
E164_NUMBER = re.compile(r"[1-9][0-9]{0,14}")
