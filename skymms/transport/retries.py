"""The retry policy: when and how often a request is retried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import ConfigurationError
from ..http import HttpResponse

#: The longest wait and the longest time-out, in seconds; no clock can wait much longer.
LONGEST = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """The retry policy of a client: how often a request is retried, and how long to wait in between.

    A request is retried at most ``count`` times. The wait starts at ``first`` seconds and doubles up to ``longest``. Each wait
    is shortened at random by up to a half, so that clients that failed together do not retry together. The wait is never
    shorter than a ``Retry-After`` header says. A call whose waits would add up to more than ``total`` seconds fails instead.

    A stored message with audio or video cannot be sent until it is encoded, which takes minutes. With ``until_ready`` a call
    that the gateway refuses for this reason (E626) is sent again for so many seconds, besides the other retries.

    Only requests that cannot have done anything are retried: see "Sent once" in docs/design.md.
    """

    count: int = 3
    first: float = 1.0
    longest: float = 20.0
    total: float = 60.0
    until_ready: float = 0.0

    def __post_init__(self) -> None:
        if type(self.count) is not int or self.count < 0:
            raise ConfigurationError(f"retries={self.count!r:.40}: give a whole number from 0 up, or Retries(…)")
        for name in ("first", "longest", "total", "until_ready"):
            seconds: Any = getattr(self, name)
            if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < float("inf"):
                raise ConfigurationError(f"Retries({name}={seconds!r:.40}): give seconds from 0 up")

    @classmethod
    def of(cls, retries: Retries | int) -> Retries:
        """Return ``retries`` itself, or the default policy with this ``count``; 0 turns retries off."""
        return retries if isinstance(retries, Retries) else cls(count=retries)


def retry_after(response: HttpResponse) -> float | None:
    """Return the seconds that the Retry-After header asks to wait; None if there is no such header or it cannot be read.

    A date is compared with the response's own Date header, so that a wrong clock on this machine does not matter.
    """
    # The longest date has 40 characters. More is not worth parsing.
    value, date = ((response.header(name) or "").strip()[:64] for name in ("Retry-After", "Date"))
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST)
    from email.utils import parsedate_to_datetime  # a tenth of the time it takes to import a client, and rarely needed

    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(date)
        return min(max(0.0, (until - now).total_seconds()), LONGEST)
    # Not a date, or one with a year that datetime cannot hold, or only one of the two has a time zone.
    except (TypeError, ValueError, OverflowError):
        return None
