"""Dates and times in the forms that gateways accept."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Any

from .checks import is_blank

_DAY = re.compile(r"[0-9]{4}(-?)[0-9]{2}\1[0-9]{2}(?:T|$)")


def date_problem(when: Any) -> str | None:
    """What is wrong with a moment; None for a date, a datetime, or ISO 8601 with a day of the calendar."""
    if when is None or isinstance(when, date):
        return None
    # A day of the calendar, with a time or without: the weeks and half-dates of the standard are in no document.
    if isinstance(when, str) and _DAY.match(when):
        from dateutil.parser import isoparse  # 10 ms that most messages never need

        try:
            isoparse(when)
        except (ValueError, OverflowError):  # OverflowError: 24:00 on the last day there is
            pass
        else:
            return None
    return f"{when!r:.40} is no date, datetime or ISO 8601 string"


def calendar_problem(when: Any) -> str | None:
    """The problem of a text that looks like a date but is not a day of the calendar; None otherwise."""
    if not _has_form(when) or to_utc(when) is not None:
        return None
    return f"{when!r:.40} is no real date"


def _has_form(when: Any) -> bool:
    return isinstance(when, str) and _DAY.match(when.replace(" ", "T", 1)) is not None


def utc_problem(when: Any) -> str | None:
    """What is wrong with a time that must be convertible to UTC; None if nothing is."""
    if is_blank(when) or _has_form(when) or to_utc(when) is not None:
        return None
    return f"{when!r:.40} is no date, datetime or ISO 8601 string that UTC has"


def to_utc(when: object) -> datetime | None:
    """The moment in UTC: what has no zone is taken as UTC, a date as its midnight; None for what is no moment."""
    if isinstance(when, str):
        when = when.replace(" ", "T", 1)  # the report's own form has a blank where the standard has a T
        if date_problem(when):
            return None
        from dateutil.parser import isoparse

        when = isoparse(when)
    elif isinstance(when, date) and not isinstance(when, datetime):
        when = datetime.combine(when, time())
    if not isinstance(when, datetime):
        return None
    try:
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except OverflowError:  # in UTC it would be before the year 1 or after 9999
        return None
