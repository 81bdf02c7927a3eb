"""The settings of a broadcast, and their form in the ledger."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..errors import ConfigurationError
from .caps import Cap, CapLike
from .countries import Country
from .hours import Hours
from .pause_rules import PauseRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """When and how fast a broadcast is sent.

    Times are seconds since 1970. ``rate`` is in messages a second, None for no limit; ``price`` is that of one message.
    ``gateway`` is the dialect, or the generation of Cellcast, that the messages were checked for. ``canary`` is the number of
    messages whose outcomes are awaited before the rest is sent, and ``pause_if`` are the rules that pause the broadcast.
    ``cap`` limits how many messages of all broadcasts a number gets. With ``require_consent`` recipients without a recorded
    consent get none. ``country`` is the country code of numbers that were written without one.
    """

    hours: Hours | None = None
    start: float | None = None
    until: float | None = None
    rate: float | None = None
    price: Decimal | None = None
    gateway: str | None = None
    canary: int | None = None
    pause_if: tuple[PauseRule, ...] = ()
    cap: Cap | None = None
    require_consent: bool = False
    country: str | None = None

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
        canary: int | None = None,
        pause_if: Sequence[str | PauseRule] = (),
        cap: CapLike | None = None,
        require_consent: bool = False,
        country: str | int | None = None,
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
        if canary is not None and (type(canary) is not int or canary < 1):
            raise ConfigurationError(f"canary={canary!r:.40}: give the number of recipients whose outcomes are awaited")
        given = [pause_if] if isinstance(pause_if, str) else pause_if
        rules = tuple([one if isinstance(one, PauseRule) else PauseRule.parse(one) for one in given])
        if canary is not None and not rules:
            raise ConfigurationError(f"canary={canary} needs a rule: give pause_if, such as delivered<85%@30m (--pause-if)")
        return cls(
            hours=hours, start=begins, until=ends, rate=rate, price=price, gateway=gateway, canary=canary, pause_if=rules,
            cap=None if cap is None else Cap.of(cap), require_consent=bool(require_consent),
            country=None if country is None else Country(country).code,
        )  # fmt: skip

    def to_json(self) -> str:
        """Return the settings as text."""
        hours = self.hours and [self.hours.begin, self.hours.end, self.hours.zone, self.hours.by_number]
        price = None if self.price is None else str(self.price)
        rules = [str(rule) for rule in self.pause_if]
        return json.dumps({**asdict(self), "hours": hours, "price": price, "pause_if": rules}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Return the settings from text."""
        found: dict[str, Any] = json.loads(text)
        found["hours"] = found["hours"] and Hours(*found["hours"])
        found["price"] = None if found["price"] is None else Decimal(found["price"])
        found["pause_if"] = tuple(map(PauseRule.parse, found.get("pause_if", ())))
        found["cap"] = Cap(*found["cap"]) if found.get("cap") else None
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
