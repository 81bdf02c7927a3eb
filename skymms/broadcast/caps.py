"""Frequency caps: how many messages of all broadcasts a number gets in a time."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple, TypeAlias

from ..errors import ConfigurationError

_SPAN = re.compile(r"([0-9]+)\s*([mhd])")
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86400}
#: The longest time, in seconds: messages are pruned.
_LONGEST: Final = 366 * 86400


class Cap(NamedTuple):
    """At most ``most`` messages in any ``seconds``, with the messages of all broadcasts of a ledger."""

    most: int
    seconds: int

    @classmethod
    def of(cls, given: CapLike) -> Cap:
        """Return a cap: ``(3, "24h")`` or ``"3/24h"``. Raises :class:`~skymms.ConfigurationError`."""
        if isinstance(given, str):
            count, span = (part.strip() for part in (*given.split("/", 1), "")[:2])
            return cls._checked(int(count) if count.isascii() and count.isdecimal() and len(count) < 10 else count, span, given)
        if isinstance(given, Cap):
            return given
        try:
            most, span = given
        except (TypeError, ValueError):
            raise _refusal(given) from None
        return cls._checked(most, span, given)

    @classmethod
    def _checked(cls, most: Any, span: Any, given: Any) -> Cap:
        found = _SPAN.fullmatch(span.strip().lower()) if isinstance(span, str) else None
        if type(most) is not int or most < 1 or found is None or len(found[1]) > 9:
            raise _refusal(given)
        seconds = int(found[1]) * _SECONDS[found[2]]
        if not 0 < seconds <= _LONGEST:
            raise _refusal(given)
        return cls(most, seconds)

    @property
    def span(self) -> str:
        """The time, such as ``24h``."""
        unit = next(unit for unit in ("d", "h", "m") if self.seconds % _SECONDS[unit] == 0)
        return "24h" if self.seconds == _SECONDS["d"] else f"{self.seconds // _SECONDS[unit]}{unit}"

    def __str__(self) -> str:
        return f"{self.most}/{self.span}"


#: A cap, or what :meth:`Cap.of` takes.
CapLike: TypeAlias = "Cap | tuple[int, str] | str"


def _refusal(given: Any) -> ConfigurationError:
    return ConfigurationError(
        f"{given!r:.60} is not a frequency cap: give messages and a time of at most a year, such as 3/24h (m, h or d)"
    )
