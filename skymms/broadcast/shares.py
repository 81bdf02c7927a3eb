"""A share of messages with its confidence interval."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

#: The quantile of the normal distribution for an interval that is right in 95 of 100 cases.
_Z = 1.959964


class Share(NamedTuple):
    """How many of some messages have an outcome, and between which shares the true one probably is (95 %, Wilson).

    The shares are from 0 to 1. Without any message they are 0 and 1: nothing is known.
    """

    part: int
    of: int
    low: float
    high: float

    @classmethod
    def among(cls, part: int, of: int) -> Share:
        """Return a share with its interval."""
        if not of:
            return cls(part, of, 0.0, 1.0)
        share, square = part / of, _Z * _Z
        middle = (share + square / (2 * of)) / (1 + square / of)
        width = _Z / (1 + square / of) * sqrt(share * (1 - share) / of + square / (4 * of * of))
        # Rounding must not put the share itself outside.
        return cls(part, of, min(share, max(0.0, middle - width)), max(share, min(1.0, middle + width)))

    @property
    def share(self) -> float:
        """The share itself; 0 without any message."""
        return self.part / self.of if self.of else 0.0
