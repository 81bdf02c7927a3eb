"""Adds the country code to numbers that are written without it, and finds the other way to write a US number."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..errors import ConfigurationError, Problem, refusal
from ..numbers import digits, is_written_number

#: The code of the United States, Canada and the Caribbean. Their numbers have ten digits, the first of them 2 to 9.
_NORTH_AMERICA = "1"
_TEN_DIGITS = re.compile("[2-9][0-9]{9}")
_CODE = re.compile("[1-9][0-9]{0,2}")


class Country:
    """The country of numbers that have no country code, by its ``code``, such as ``"1"`` or ``47``.

    Country codes other than 1 need the library phonenumbers (extra ``skymms[hours]``), which knows how long their numbers are.
    Raises :class:`~skymms.ConfigurationError` for a code that no country has, and if the library is missing.
    """

    def __init__(self, code: str | int) -> None:
        self.code: str = str(code).strip().removeprefix("+")
        if not _CODE.fullmatch(self.code):
            raise ConfigurationError(f"country={code!r:.40}: give a country code in digits, such as 1 or 47")
        self._national = _north_american if self.code == _NORTH_AMERICA else _by_plan(self.code)

    def complete(self, number: str | int) -> str | int:
        """Return a number with the country code.

        Unchanged are a number with ``+``, a number that has the code already, and a text that is no number.
        Raises :class:`~skymms.RecipientError` for a number that the country does not have.
        """
        text = str(number).strip()
        if text.startswith("+") or not is_written_number(text):
            return number
        bare = digits(text)
        if bare.startswith("00"):
            return number  # refused by the rules for all numbers, with what to do
        national = self._national(bare)
        if national is None:
            problem = f"{text!r:.40} is not a number of the country code {self.code}: write + before numbers of other countries"
            raise refusal([Problem("E110", None, "to", problem)])
        return self.code + national


def country_of(given: str | int | Country | None) -> Country | None:
    """Return a country by its code."""
    return given if given is None or isinstance(given, Country) else Country(given)


def _north_american(bare: str) -> str | None:
    """Return the ten digits of a number, or None if it is not one of the country code 1."""
    national = bare[1:] if len(bare) == 11 and bare.startswith(_NORTH_AMERICA) else bare
    return national if _TEN_DIGITS.fullmatch(national) else None


def _by_plan(code: str) -> Callable[[str], str | None]:
    """Return the function that finds the national part of a number by the numbering plan of a country."""
    try:
        import phonenumbers
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"the country code {code} needs phonenumbers: pip install 'skymms[hours]', or write the numbers with their "
            "country code"
        ) from None
    region = phonenumbers.region_code_for_country_code(int(code))
    if region in ("ZZ", "001"):
        raise ConfigurationError(f"country={code}: no country has this code")

    def national(bare: str) -> str | None:
        try:
            found = phonenumbers.parse(bare, region)
        except phonenumbers.NumberParseException:
            return None
        if str(found.country_code) != code or not phonenumbers.is_possible_number(found):
            return None
        return phonenumbers.national_significant_number(found)

    return national


# ------------------------------------------------------------------------------------------------ US numbers


def is_without_country(number: str) -> bool:
    """Return whether a number has ten digits, as US numbers have without their country code. Others may have ten, too."""
    return _TEN_DIGITS.fullmatch(number) is not None


def other_form(number: str) -> str | None:
    """Return a US number with the country code for one without it, and the other way round; None for any other number."""
    if len(number) == 11:
        bare = number[1:]
        return bare if number.startswith(_NORTH_AMERICA) and is_without_country(bare) else None
    return _NORTH_AMERICA + number if is_without_country(number) else None


def with_other_forms(numbers: tuple[str, ...]) -> tuple[str, ...]:
    """Return numbers, followed by their other forms: an opt-out of one holds for the other."""
    others = [other for number in numbers if (other := other_form(number)) is not None]
    return tuple(dict.fromkeys((*numbers, *others)))
