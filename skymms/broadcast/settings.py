"""The settings of a broadcast, and their form in the ledger."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..errors import ConfigurationError
from .hours import Hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """When and how fast a broadcast is sent.

    Times are seconds since 1970. ``rate`` is in messages a second, None for no limit; ``price`` is that of one message.
    ``gateway`` is the dialect, or the generation of Cellcast, that the messages were checked for.
    """

    hours: Hours | None = None
    start: float | None = None
    until: float | None = None
    rate: float | None = None
    price: Decimal | None = None
    gateway: str | None = None

    @classmethod
    def of(
        cls,
        *,
        hours: Hours | None,
        start: datetime | None,
        until: datetime | None,
        rate: float | None,
        price: Decimal | None,
        gateway: str | None = None,
    ) -> Settings:
        """Check the settings. Raises :class:`~skymms.ConfigurationError`."""
        if rate is not None and (isinstance(rate, bool) or not 0 < rate < 100_000):
            raise ConfigurationError(f"rate={rate!r:.40}: give messages a second, or None for no limit")
        if hours is not None and not isinstance(hours, Hours):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"hours={hours!r:.60}: give Hours('09:00', '20:00', zone=…)")
        if price is not None and not (price.is_finite() and price >= 0):
            raise ConfigurationError(f"price={price}: give the price of a message")
        begins, ends = _seconds("start", start), _seconds("until", until)
        if begins is not None and ends is not None and ends <= begins:
            raise ConfigurationError("until is not after start")
        return cls(hours=hours, start=begins, until=ends, rate=rate, price=price, gateway=gateway)

    def to_json(self) -> str:
        """Return the settings as text."""
        hours = self.hours and [self.hours.begin, self.hours.end, self.hours.zone]
        price = None if self.price is None else str(self.price)
        return json.dumps({**asdict(self), "hours": hours, "price": price}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Return the settings from text."""
        found: dict[str, Any] = json.loads(text)
        found["hours"] = found["hours"] and Hours(*found["hours"])
        found["price"] = None if found["price"] is None else Decimal(found["price"])
        return cls(**found)


def _seconds(name: str, given: datetime | None) -> float | None:
    if given is None:
        return None
    if not isinstance(given, datetime):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"{name}={given!r:.60}: give a datetime with a time zone")
    if given.tzinfo is None:
        raise ConfigurationError(
            f"{name}={given.isoformat()} has no time zone: add one, for example with datetime.astimezone()"
        )
    return given.timestamp()
