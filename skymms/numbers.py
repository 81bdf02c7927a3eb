"""Phone numbers: normalizes and validates them, the same way everywhere."""

from __future__ import annotations

import re

from .errors import Problem, refusal

# The vendor's rule (Skycore 1.3, introduction): international, country code first, without + and 00. Numbering plans are not
# checked, because the vendor's own example, 15551234888, is not a valid number in any.
#: A number that can be a recipient; E.164 allows 15 digits.
E164_NUMBER = re.compile(r"[1-9][0-9]{0,14}")
#: A number or short code that can be a sender.
# Not \d, which matches the digits of every script.
DIGITS_ONLY = re.compile(r"[0-9]+")
#: E.164: the most digits of a number.
MAX_DIGITS = 15

#: A number that a spreadsheet wrote as a decimal number. Without its dot it would be somebody else's.
_DECIMAL = re.compile(r"\s*\+?[0-9]+[.,]0{1,2}\s*")
#: A number that a spreadsheet shortened.
_SHORTENED = re.compile(r"\s*[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+\s*")
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015.()\[\]]")


def normalize(number: str | int) -> str:
    """Return a recipient's phone number as it is sent: ``normalize("+1 (555) 123-4888")`` is ``"15551234888"``.

    Spaces, dashes, dots, brackets and one leading ``+`` are removed. Raises :class:`~skymms.RecipientError` (E110) for anything
    that is then not 1 to 15 digits beginning with a country code. Two texts are the same recipient if they normalize alike.
    """
    if problem := number_problem(number):
        raise refusal([Problem("E110", None, "to", problem)])
    return digits(number)


def digits(number: object) -> str:
    """Remove spaces, dashes, dots, brackets and one leading ``+`` from a number. All other characters stay."""
    text = str(number)
    return text if text.isalnum() else _SEPARATORS.sub("", text).removeprefix("+")


def number_problem(number: object) -> str | None:
    """Return the problem of a recipient's number, or None."""
    # Other types are refused: a column of numbers with a gap is read as floats, and 15551234888.0 without its dot is another
    # number.
    if isinstance(number, str):
        if E164_NUMBER.fullmatch(number):  # nearly always
            return None
        if _DECIMAL.fullmatch(number) or _SHORTENED.fullmatch(number):
            return f"{number!r:.40} was changed by a spreadsheet, which took it for a decimal number: format its column as text"
        bare = digits(number)
    elif isinstance(number, int) and number.bit_length() < 64:  # str() of a very large int raises ValueError
        bare = str(number)
    else:
        return f"must be a text or an int of at most {MAX_DIGITS} digits; got a {type(number).__name__}"
    if E164_NUMBER.fullmatch(bare):
        return None
    if DIGITS_ONLY.fullmatch(bare) and len(bare) > MAX_DIGITS:
        return f"{number!r:.40} has {len(bare)} digits, and a phone number has at most {MAX_DIGITS}: give one number"
    return f"{number!r:.40} is not a phone number: give one number in digits, country code first, without 00"
