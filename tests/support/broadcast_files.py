"""A message and a list for tests of broadcasts on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cli_process import COUPON, Result

NUMBERS = ("15551230001", "15551230002", "15551230003")
LIST = f"mobile,first_name,id\n{NUMBERS[0]},Ada,a\n{NUMBERS[1]},Bob,b\n{NUMBERS[2]},,c\n"
#: A slideshow with a merge field.
MERGED = COUPON.replace("Good to have you with us.", "Hi {first_name|you}!")


def create(run: Callable[..., Result], *options: str, **files: Any) -> Result:
    """Run `skymms broadcast create spring` with a message and a list of three numbers."""
    given = {"f": COUPON, "people": LIST, **files}
    return run("broadcast", "create", "spring", "f", "--recipients", "people", "--from", "60856", *options, **given)


def many(count: int) -> str:
    """A list of so many numbers."""
    return "mobile\n" + "".join(f"1555123{at:04}\n" for at in range(count))
