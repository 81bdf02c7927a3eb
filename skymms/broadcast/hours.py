"""The hours of the day in which messages are sent, in the recipient's time zone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..errors import ConfigurationError

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours in which messages are sent: from ``begin`` up to, and not at, ``end``, such as ``"09:00"`` and ``"20:00"``.

    ``zone`` is the time zone of recipients that have none of their own. If ``end`` is before ``begin``, the hours cross
    midnight. The local clock counts: in the hour that a change to summer time leaves out nothing is sent, and the hour that is
    repeated in autumn counts twice.
    """

    begin: str
    end: str
    zone: str = "UTC"
    _from: time = field(init=False, repr=False, compare=False)
    _to: time | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.begin == self.end:
            raise ConfigurationError("the hours begin when they end: leave them out to send at any time")
        object.__setattr__(self, "_from", _time(self.begin))
        object.__setattr__(self, "_to", None if self.end == "24:00" else _time(self.end))
        zone_info(self.zone)

    @classmethod
    def parse(cls, text: str, zone: str = "UTC") -> Hours:
        """Parse ``"09:00-20:00"``."""
        begin, dash, end = text.partition("-")
        if not dash:
            raise ConfigurationError(f"{text!r:.40} is not of the form 09:00-20:00")
        return cls(begin.strip(), end.strip(), zone)

    def is_open(self, at: float, zone: str | None = None) -> bool:
        """Return whether messages may be sent at a time (seconds since 1970) to somebody in a time zone."""
        local = datetime.fromtimestamp(at, zone_info(zone or self.zone)).time()
        if self._to is None:
            return local >= self._from
        if self._from < self._to:
            return self._from <= local < self._to
        return local >= self._from or local < self._to

    def next_opening(self, at: float, zones: Iterable[str | None] = (None,)) -> float:
        """Return the first minute from ``at`` on at which one of the zones is open, in seconds since 1970."""
        return min(self._next_opening(at, zone) for zone in zones)

    def _next_opening(self, at: float, zone: str | None) -> float:
        return at if self.is_open(at, zone) else _first_open_minute(self, int(at // 60) + 1, zone or self.zone) * 60.0


# A run that waits asks again every second, for each zone.
@lru_cache(maxsize=2048)
def _first_open_minute(hours: Hours, first: int, zone: str) -> int:
    """Return the first open minute from ``first`` on, in minutes since 1970."""
    # Each minute of UTC is tried, so that no change of the local clock can be skipped. Hours open on each day, but on the day
    # of a change to summer time they may be short or missing.
    for minute in range(first, first + 3 * 24 * 60):
        if hours.is_open(minute * 60.0, zone):
            return minute
    raise ConfigurationError(f"the hours {hours.begin}-{hours.end} never come in {zone}")


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
