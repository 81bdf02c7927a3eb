"""Rate limits: how far apart the requests of an account are sent.

Requests are spaced, not counted. A bucket that holds fifteen requests a second lets fifteen leave at the end of one second and
fourteen at the beginning of the next, and the gateway sees 29 within one second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

from .errors import ConfigurationError

#: The gap grows to at most this many times its usual length.
MAX_FACTOR = 8
#: After this many seconds without another throttling answer, a grown gap is halved.
RECOVERY_SECONDS = 30.0


@runtime_checkable
class RateLimit(Protocol):
    """What an account asks before each request. Implement it to share one limit among processes, in a database row for example.

    An implementation that is also used by :class:`skymms.aio.AsyncClient` may add ``async def reserve_async(self, n: int) ->
    float``; otherwise ``reserve`` is called in a thread.
    """

    def reserve(self, n: int, /) -> float:
        """Reserve ``n`` turns and return how many seconds to wait before the first."""
        ...

    def slow_down(self, seconds: float, /) -> None:
        """The gateway answered that requests come too fast: send nothing for ``seconds``, and less often afterwards."""
        ...


#: How a rate limit is given: requests a second, an object of your own, or None for no limit.
Rate: TypeAlias = "float | RateLimit | None"


class SpacedRateLimit:
    """A :class:`RateLimit` for one process: turns are at least ``gap`` seconds apart, for all threads and event loops.

    :meth:`slow_down` doubles the gap, up to eight times its usual length; every 30 seconds without another call halve it again.
    """

    __slots__ = ("_clock", "_factor", "_lock", "_next", "_slowed_at", "gap")

    def __init__(self, gap: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.gap = gap
        self._clock = clock
        self._factor = 1
        self._slowed_at = float("-inf")
        self._next = float("-inf")
        self._lock = threading.Lock()

    def reserve(self, n: int = 1, /) -> float:
        """Reserve ``n`` turns and return how many seconds to wait before the first."""
        with self._lock:
            now = self._clock()
            self._recover(now)
            start = max(now, self._next)
            self._next = start + n * self.gap * self._factor
        return start - now

    def slow_down(self, seconds: float, /) -> None:
        """Start no turn within the next ``seconds``, and double the gap."""
        with self._lock:
            now = self._clock()
            self._recover(now)
            self._factor = min(self._factor * 2, MAX_FACTOR)
            self._slowed_at = now
            self._next = max(self._next, now + seconds)

    def _recover(self, now: float) -> None:
        while self._factor > 1 and now - self._slowed_at >= RECOVERY_SECONDS:
            self._factor //= 2
            self._slowed_at += RECOVERY_SECONDS


def rate_limit_from(rate: Rate) -> RateLimit | None:
    """The limit for ``rate``: requests a second, a :class:`RateLimit`, or None for no limit.

    Raises :class:`~skymms.ConfigurationError` for anything else.
    """
    if rate is None:
        return None
    if isinstance(rate, (int, float)) and not isinstance(rate, bool):
        if 0 < rate < float("inf"):
            return SpacedRateLimit(1 / rate)
    elif isinstance(rate, RateLimit) and not isinstance(rate, type):
        return rate
    raise ConfigurationError(f"rate={rate!r:.40}: give requests a second (14.5), a RateLimit object, or None for no limit")
