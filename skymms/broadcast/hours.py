"""The hours of the day in which messages are sent, in the recipient's time zone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..errors import ConfigurationError

#: Between the names of several time zones.
SEPARATOR = ","
#: Minutes in which an opening is looked for.
_SEARCHED = 3 * 24 * 60

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours in which messages are sent: from ``begin`` up to, and not at, ``end``, such as ``"09:00"`` and ``"20:00"``.

    ``zone`` is the time zone of recipients that have none of their own. With ``by_number`` each number has the time zones of
    its area or country instead (extra ``skymms[hours]``). A recipient with a zone of his own as well gets messages only while
    the hours are open in all of them, and one without any gets none.

    If ``end`` is before ``begin``, the hours cross midnight. The local clock counts: in the hour that a change to summer time
    leaves out nothing is sent, and the hour that is repeated in autumn counts twice.

    In the methods, ``zone`` may name several zones, with commas: the hours are open while they are open in all.
    """

    begin: str
    end: str
    zone: str = "UTC"
    by_number: bool = False
    _from: time = field(init=False, repr=False, compare=False)
    _to: time | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.begin == self.end:
            raise ConfigurationError("the hours begin when they end: leave them out to send at any time")
        object.__setattr__(self, "_from", _time(self.begin))
        object.__setattr__(self, "_to", None if self.end == "24:00" else _time(self.end))
        zone_info(self.zone)
        if self.by_number and self.zone != "UTC":
            raise ConfigurationError(
                f"hours by_number have no zone for all: leave out zone={self.zone!r:.40}; numbers without a zone get nothing"
            )

    @classmethod
    def parse(cls, text: str, zone: str = "UTC", *, by_number: bool = False) -> Hours:
        """Parse ``"09:00-20:00"``."""
        begin, dash, end = text.partition("-")
        if not dash:
            raise ConfigurationError(f"{text!r:.40} is not of the form 09:00-20:00")
        return cls(begin.strip(), end.strip(), zone, by_number)

    def is_open(self, at: float, zone: str | None = None) -> bool:
        """Return whether messages may be sent at a time (seconds since 1970) to somebody in a time zone."""
        return all(self._is_open(at, one) for one in (zone or self.zone).split(SEPARATOR))

    def _is_open(self, at: float, zone: str) -> bool:
        local = datetime.fromtimestamp(at, zone_info(zone)).time()
        if self._to is None:
            return local >= self._from
        if self._from < self._to:
            return self._from <= local < self._to
        return local >= self._from or local < self._to

    def next_opening(self, at: float, zones: Iterable[str | None] = (None,)) -> float:
        """Return the first minute from ``at`` on at which one of the zones is open, in seconds since 1970.

        If none is within three days, return the end of these days: look again then.
        """
        return min(self._next_opening(at, zone) for zone in zones)

    def _next_opening(self, at: float, zone: str | None) -> float:
        if self.is_open(at, zone):
            return at
        zones = (zone or self.zone).split(SEPARATOR)
        minute = first = int(at // 60) + 1
        while minute < first + _SEARCHED:
            # Before the latest of the openings one of the zones is closed.
            latest = max(_first_open_minute(self, minute, one) for one in zones)
            if latest == minute:
                return minute * 60.0
            minute = latest
        return (first + _SEARCHED) * 60.0

    def begin_after(self, first: int, zone: str) -> int:
        """Return the minute at which the hours begin next, or ``first`` if the local clock is changed before."""
        info = zone_info(zone)
        local = datetime.fromtimestamp(first * 60.0, info)
        begin = first + ((self._from.hour - local.hour) * 60 + self._from.minute - local.minute) % (24 * 60)
        return begin if datetime.fromtimestamp(begin * 60.0, info).utcoffset() == local.utcoffset() else first

    def ever_open(self, at: float, zone: str) -> bool:
        """Return whether the hours are open at some time of the year that begins at ``at``.

        They never are if the clocks of several zones differ too much.
        """
        # Clocks change four times a year at most, and are then the same for more than a month.
        days = [at + 30 * 86400.0 * month for month in range(13)]
        return any(self.is_open(self.next_opening(day, (zone,)), zone) for day in days)


# A run that waits asks again every second, for each zone.
@lru_cache(maxsize=8192)
def _first_open_minute(hours: Hours, first: int, zone: str) -> int:
    """Return the first minute from ``first`` on that is open in one zone, in minutes since 1970."""
    if hours.is_open(first * 60.0, zone):
        return first
    # On a day on which the clock is changed each minute of UTC is tried, so that the change cannot be skipped: the hours may be
    # short, missing, or there twice.
    last = first + _SEARCHED
    begin = hours.begin_after(first, zone)
    return next((minute for minute in range(begin, last) if hours.is_open(minute * 60.0, zone)), last)


def zone_info(name: str) -> ZoneInfo:
    """Return a time zone by its name. Raises :class:`~skymms.ConfigurationError`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(f"{name!r:.40} is not a time zone: use a name such as America/New_York") from None


def _time(text: str) -> time:
    if not _TIME.fullmatch(text) or text == "24:00":
        raise ConfigurationError(f"{text!r:.40} is not a time of the day: write 09:00")
    return time.fromisoformat(text)
