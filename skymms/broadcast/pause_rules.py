"""Rules that pause a broadcast, such as ``delivered<85%@30m``, and what they say about counts of messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from ..errors import ConfigurationError
from .shares import Share
from .states import State

_RULE = re.compile(r"([a-z]+)\s*([<>])\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*(?:@\s*([0-9]+(?:\.[0-9]+)?)\s*([smh]))?")
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}
_ACCEPTED: Final = (State.ACCEPTED, State.DELIVERED, State.FAILED)
_REQUESTED: Final = (*_ACCEPTED, State.REFUSED, State.UNKNOWN)
#: What can be measured: the states that count, and of which messages they are a share.
_MEASURES: Final[Mapping[str, tuple[tuple[State, ...], tuple[State, ...]]]] = {
    "delivered": ((State.DELIVERED,), _ACCEPTED),
    "failed": ((State.FAILED,), _ACCEPTED),
    "refused": ((State.REFUSED,), _REQUESTED),
    "unknown": ((State.UNKNOWN,), _REQUESTED),
    "optout": ((), _ACCEPTED),
}
#: The longest wait for outcomes, in seconds.
_LONGEST = 7 * 86400.0
#: Fewer messages than this say nothing, except those of a canary.
_FEWEST = 20


class Counts(NamedTuple):
    """How many of some messages are in each state, and how many of their recipients opted out afterwards."""

    states: Mapping[str, int]
    opted_out: int = 0


class PauseRule(NamedTuple):
    """A broadcast pauses if the share of messages with an outcome is below, or above, a limit.

    ``delivered``, ``failed`` and ``optout`` (recipients who opted out) are shares of the messages that the gateway accepted;
    ``refused`` and ``unknown`` of those that were requested. ``limit`` is between 0 and 1. The rule looks at messages that were
    requested at least ``after`` seconds ago: reports need time.
    """

    measure: str
    below: bool
    limit: float
    after: float = 0.0

    @classmethod
    def parse(cls, text: str) -> PauseRule:
        """Parse a rule, such as ``delivered<85%@30m`` or ``optout>2%``. Raises :class:`~skymms.ConfigurationError`."""
        found = _RULE.fullmatch(text.strip().lower())
        if found is None or found[1] not in _MEASURES:
            raise ConfigurationError(
                f"{text!r:.60} is not a pause rule: write delivered<85%@30m or optout>2%; "
                f"the measures are {', '.join(_MEASURES)}"
            )
        limit, after = float(found[3]) / 100, float(found[4] or 0) * _SECONDS[found[5] or "s"]
        if not 0 < limit < 1:
            raise ConfigurationError(f"{text!r:.60}: the limit must be between 0 % and 100 %, and neither of them")
        if after > _LONGEST:
            raise ConfigurationError(f"{text!r:.60} waits too long: at most 7 days (168h)")
        below = found[2] == "<"
        if below and not after:
            raise ConfigurationError(f"{text!r:.60}: reports need time, so say after how long: {text.strip()}@30m")
        return cls(found[1], below, limit, after)

    def __str__(self) -> str:
        unit = next(unit for unit in "hms" if unit == "s" or not self.after % _SECONDS[unit])
        wait = f"@{self.after / _SECONDS[unit]:g}{unit}" if self.after else ""
        return f"{self.measure}{'<' if self.below else '>'}{self.limit * 100:g}%{wait}"

    def share(self, counts: Counts) -> Share:
        """Return the measured share."""
        states, of = _MEASURES[self.measure]
        total = sum(counts.states.get(state, 0) for state in of)
        part = counts.opted_out if self.measure == "optout" else sum(counts.states.get(state, 0) for state in states)
        return Share.among(min(part, total), total)

    def is_broken(self, share: Share) -> bool:
        """Whether a share is on the wrong side of the limit beyond doubt: all of its interval is."""
        if share.of < _FEWEST:
            return False
        return share.high < self.limit if self.below else share.low > self.limit

    def is_broken_by_all(self, share: Share) -> bool:
        """Whether the share itself is on the wrong side, for a group whose every message counts."""
        if not share.of:
            return False
        return share.share < self.limit if self.below else share.share > self.limit

    def describe(self, share: Share) -> str:
        """Say what was measured, and what the limit is."""
        what = "opted out" if self.measure == "optout" else f"are {self.measure}"
        comparison = "fewer than" if self.below else "more than"
        return f"{share.part} of {share.of} {what} ({share.share:.1%}), {comparison} {self.limit * 100:g}%"
