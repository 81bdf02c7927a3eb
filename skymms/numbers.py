"""Phone numbers: parses, normalizes and validates them, the same way everywhere.

A number is written as an optional ``+`` and groups of digits. One blank, dot, dash or slash separates two groups. One group
that is not the last may be in brackets, as in ``+1 (555) 123-4888``, but not ``(0)``. The last group has at least two digits.
Seven or more digits followed by a dot are not a number, because ``15551234888.0`` is a number that a spreadsheet has
converted. All other text is refused, and no character is dropped that could make it another number.
"""

from __future__ import annotations

import re

from ._functools import character_name, invisible_characters, plain_value
from .errors import Problem, refusal

__all__ = ["normalize"]

# The vendor's rule (Skycore 1.3, introduction): international, country code first, without + and 00. Numbering plans are not
# checked, because the vendor's own example, 15551234888, is not a valid number in any.
#: A number that can be a recipient, in digits; E.164 allows 15.
E164_NUMBER = re.compile(r"[1-9][0-9]{1,14}")
#: A number or short code that can be a sender.
# Not \d, which matches the digits of every script.
DIGITS_ONLY = re.compile(r"[0-9]+")
#: E.164: the most digits of a number.
MAX_DIGITS = 15

# The blanks and dashes are those of Unicode: U+00A0 and U+2011, for example, are in numbers that are copied from web pages.
_SEPARATOR = r"[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\-\u2010-\u2015./]"
_GROUPS = f"[0-9]+(?:{_SEPARATOR}[0-9]+)*"
_BRACKETS = r"(?:\((?!0\))[0-9]+\)|\[(?!0\])[0-9]+\])"
# The patterns that most numbers do not need are compiled by `re` when they are first used: it takes a millisecond.
_WRITTEN_NUMBER = rf"(?!.*[0-9]{{7}}\.)\+?(?:(?:{_GROUPS}{_SEPARATOR}?)?{_BRACKETS}{_SEPARATOR}?)?{_GROUPS}(?<=[0-9][0-9])"

#: How a number looks after a spreadsheet or a data frame has read it as a float: ``15551234888.0``, ``1.5551234888E+10``.
_FLOAT = r"\s*[+-]?(?:[0-9]{7,}\.[0-9]*|[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+)\s*"
#: Characters of a number that an error message quotes.
_QUOTED = 40


def normalize(number: str | int) -> str:
    """Return a recipient's phone number as it is sent: ``normalize("+1 (555) 123-4888")`` is ``"15551234888"``.

    The module's page describes the forms that are accepted. Raises :class:`~skymms.RecipientError` (E110) for any other text,
    and for a number that does not have 2 to 15 digits beginning with a country code. Two texts are the same recipient if they
    normalize alike.
    """
    if problem := number_problem(number):
        raise refusal([Problem("E110", None, "to", problem)])
    return digits(number)


def digits(number: object) -> str:
    """Return the digits of a number that is written in an accepted form, and any other text unchanged."""
    text = str(plain_value(number))
    if text.isalnum() or not is_written_number(text):
        return text
    return re.sub("[^0-9]+", "", text)


def is_written_number(text: str) -> bool:
    """True for text that consists of digits and separators in an accepted form; see the module's page."""
    return re.fullmatch(_WRITTEN_NUMBER, text) is not None


def number_problem(number: object) -> str | None:
    """Return the problem of a recipient's number, or None."""
    number = plain_value(number)
    if isinstance(number, str):
        if E164_NUMBER.fullmatch(number):  # nearly always
            return None
        bare = digits(number)
    elif isinstance(number, int) and number.bit_length() < 64:  # str() of a very large int raises ValueError
        bare = str(number)
    else:
        problem = f"must be a text or an int of at most {MAX_DIGITS} digits; got a {type(number).__name__}"
        remedy = float_remedy(number)
        return f"{problem}: {remedy}" if remedy else problem
    return None if E164_NUMBER.fullmatch(bare) else _explain(number, bare)


def _explain(number: str | int, bare: str) -> str:
    if DIGITS_ONLY.fullmatch(bare) and len(bare) > MAX_DIGITS:
        return f"{quote(number)} has {len(bare)} digits, and a phone number has at most {MAX_DIGITS}: give one number"
    remedy = float_remedy(number) or "give one number in digits, country code first, without 00"
    if isinstance(number, str) and "(0)" in number:
        remedy = "leave out (0), which is not dialled after a country code"
    return f"{quote(number)} is not a phone number: {remedy}"


def float_remedy(number: object) -> str | None:
    """Return what to do about a number that was read as a float, and None for any other value."""
    if isinstance(number, float) or (isinstance(number, str) and re.fullmatch(_FLOAT, number)):
        return "it looks like a number that was read as a float; read the column as text"
    return None


def quote(number: object) -> str:
    """Return a number for an error message, as ``repr`` does, with the names of the invisible characters in it."""
    if not isinstance(number, str):
        return f"{number!r:.{_QUOTED}}"
    shown = number[:_QUOTED]
    named = [character_name(character) for character in invisible_characters(shown)]
    return f"{shown!r} (with {', '.join(named)})" if named else repr(shown)
