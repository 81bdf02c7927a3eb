"""Hides recipients' numbers in logs and on pages: the last three digits stay, so that people can tell them apart."""

from __future__ import annotations

import re

#: Digits that can be a phone number, with the usual separators.
_LIKE_A_NUMBER = re.compile(r"\d(?:[ ().\-\u00a0]{0,2}\d){5,}")
#: The id of a carrier, as reasons of a pause name it. It is not a phone number.
_CARRIER = re.compile(r"(\bcarrier )(\d{1,8})\b")
_DIGIT_BEFORE_THREE = re.compile(r"\d(?=(?:\D*\d){3})")
#: The hash that stands for an erased number.
_HASH = re.compile("#[0-9a-f]{64}")


def mask_number(number: str) -> str:
    """Return a number without its digits, except the last three; ``(erased)`` for the hash of an erased number."""
    return "(erased)" if _HASH.fullmatch(number) else _DIGIT_BEFORE_THREE.sub("•", number)


def mask_text(text: str) -> str:
    """Return a text in which everything that can be a phone number is masked. The ids of carriers stay."""
    parts = _CARRIER.split(text)
    # Every third part is the text between two carriers.
    parts[::3] = [_LIKE_A_NUMBER.sub(lambda found: mask_number(found[0]), part) for part in parts[::3]]
    return "".join(parts)


def hide_number(text: str, number: str) -> str:
    """Return a text in which one number is masked. Other digits, such as those of a tracking id, stay."""
    return text.replace(number, mask_number(number)).replace(digits := number.removeprefix("+"), mask_number(digits))
