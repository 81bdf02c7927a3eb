"""Moments of a request that only a clock can judge: the rules have none, a gateway has."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..errors import Problem
from ..rules import in_utc


class _Until(NamedTuple):
    """A field that says until when, how far ahead that may be, and the code of a refusal."""

    field: str
    most: timedelta
    code: str


_UNTIL = (
    # The successor's reference, 2.2: three days are the most for the attempts to deliver. It has no code of its own.
    _Until("expires", timedelta(days=3), "E100"),
    # The same place: a year, or 365 days, for the link. 1.3 says only that 365 days are what is taken without one.
    _Until("link_expires", timedelta(days=365), "E617"),
)


def late_or_far(operation: Any, now: datetime) -> Problem | None:
    """What is past already, or further ahead than the gateway goes; a moment without a zone is taken as UTC."""
    for field, most, code in _UNTIL:
        for holder in (operation, getattr(operation, "slideshow", None)):
            when = getattr(holder, field, None)
            if when is not None and (wrong := _wrong(when, now, most)):
                told = f"{when!s:.40} {wrong}: give a moment that is to come, at most {most.days} days ahead"
                return Problem(code, None, field, told)
    return None


def _wrong(when: object, now: datetime, most: timedelta) -> str | None:
    meant = in_utc(when)
    if meant is None:
        return "is no moment that UTC has"
    if meant <= now:
        return f"is past (here it is {now:%Y-%m-%dT%H:%M:%SZ})"
    return f"is more than {most.days} days ahead" if meant - now > most else None
