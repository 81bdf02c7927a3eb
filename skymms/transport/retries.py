"""When and how often a call is repeated."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ConfigurationError
from ..http import HttpResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How a call that may be repeated is repeated: ``count`` times at most, with waits that grow from ``first`` to ``longest``.

    Seconds throughout. Each wait is shortened at random by up to a half, so that callers who were put off together do not
    come back together; a ``Retry-After`` is waited for in full. A call whose waits would exceed ``total`` is given up.
    """

    count: int = 3
    first: float = 1.0
    longest: float = 20.0
    total: float = 60.0

    def __post_init__(self) -> None:
        if type(self.count) is not int or self.count < 0:
            raise ConfigurationError(f"retries={self.count!r:.40}: give a whole number from 0 up, or Retries(…)")
        for name in ("first", "longest", "total"):
            seconds = getattr(self, name)
            if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < float("inf"):
                raise ConfigurationError(f"Retries({name}={seconds!r:.40}): give seconds from 0 up")

    @classmethod
    def of(cls, retries: Retries | int) -> Retries:
        """The policy itself, or the standard one with another count; 0 switches repeating off."""
        return retries if isinstance(retries, Retries) else cls(count=retries)


def retry_after(response: HttpResponse) -> float | None:
    """The seconds a gateway asks to wait, if it does.

    A date is compared with the answer's own Date header: its clock and the gateway's are then the same one.
    """
    asked = (response.header("Retry-After") or "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    from email.utils import parsedate_to_datetime  # a tenth of what importing a client costs, and hardly ever needed

    try:
        until, now = parsedate_to_datetime(asked), parsedate_to_datetime(response.header("Date") or "")
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):  # no date, or one with a zone and one without
        return None
