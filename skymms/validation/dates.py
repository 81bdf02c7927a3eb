"""Dates and times in the forms that gateways accept."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Any

from .checks import is_blank, shown

_DAY = re.compile(r"[0-9]{4}(-?)[0-9]{2}\1[0-9]{2}(?:T|$)")


def date_problem(when: Any) -> str | None:
    """Return the problem of a value that is not a date, a datetime or ISO 8601 text, or None."""
    if when is None or isinstance(when, date):
        return None
    # A calendar day, with or without a time. Weeks and incomplete dates of ISO 8601 are in no vendor's document.
    if isinstance(when, str) and _DAY.match(when):
        from dateutil.parser import isoparse  # takes 10 ms to import, and most messages have no date

        try:
            isoparse(when)
        except (ValueError, OverflowError):  # OverflowError: 24:00 on the last day of the year 9999
            pass
        else:
            return None
    return f"{shown(when)} is not a date, a datetime or ISO 8601 text such as 2031-01-02T03:04:05Z"


def calendar_problem(when: Any) -> str | None:
    """Return the problem of a text that looks like a date but is not a day of the calendar, or None."""
    if not _has_form(when) or to_utc(when) is not None:
        return None
    return f"{shown(when)} is not a day of the calendar: correct the date"


def _has_form(when: Any) -> bool:
    return isinstance(when, str) and _DAY.match(when.replace(" ", "T", 1)) is not None


def utc_problem(when: Any) -> str | None:
    """Return the problem of a date or time that cannot be converted to UTC, or None."""
    if is_blank(when) or _has_form(when) or to_utc(when) is not None:
        return None
    return f"{shown(when)} is not a date, a datetime or ISO 8601 text between the years 1 and 9999 in UTC"


def to_utc(when: object) -> datetime | None:
    """Return a date or time in UTC, or None for anything else. A time without a zone is UTC; a date is its midnight."""
    if isinstance(when, str):
        when = when.replace(" ", "T", 1)  # the report's own form has a space instead of the T
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
