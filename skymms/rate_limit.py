"""Rate limits: the least time between two requests of an account.

Requests are spaced, not counted. A counter of 15 requests a second allows 15 at the end of one second and 14 at the beginning
of the next, and the gateway then receives 29 within one second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

from ._functools import renew_after_fork
from .errors import ConfigurationError

__all__ = ["RateLimit", "SpacedRateLimit"]

#: The gap grows to at most this many times its usual length.
MAX_FACTOR = 8
#: After this many seconds without another throttling response, a grown gap is halved.
RECOVERY_SECONDS = 30.0


@runtime_checkable
class RateLimit(Protocol):
    """The rate limit of an account. Implement it to share one limit among processes, for example in a database row.

    The clients reserve one turn for each request that they send, retries included. An implementation may add ``async def
    reserve_async(self, n: int) -> float`` for :class:`skymms.aio.AsyncClient`, which otherwise calls ``reserve`` in a thread.
    ``slow_down`` is always called in a thread there.
    """

    def reserve(self, n: int, /) -> float:
        """Reserve ``n`` turns and return how many seconds to wait before the first."""
        ...

    def slow_down(self, seconds: float, /) -> None:
        """Reserve no turn within the next ``seconds``, and space later turns further apart: the gateway throttled a request."""
        ...


#: How a rate limit is given: requests a second, an object of your own, or None for no limit.
Rate: TypeAlias = "float | RateLimit | None"


class SpacedRateLimit:
    """A rate limit for one process: turns are at least ``gap`` seconds apart, for all threads and event loops together.

    :meth:`slow_down` doubles the gap, up to eight times its usual length. It is halved again after every 30 seconds without
    another call of :meth:`slow_down`.
    """

    __slots__ = ("__weakref__", "_clock", "_factor", "_lock", "_next", "_slowed_at", "gap")

    def __init__(self, gap: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.gap: float = gap
        self._clock = clock
        self._factor = 1
        self._slowed_at = float("-inf")
        self._next = float("-inf")
        self._lock = threading.Lock()
        renew_after_fork(self)

    def renew_after_fork(self) -> None:
        """Make a lock of this process: a thread that does not exist here may have held the old one."""
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
        """Reserve no turn within the next ``seconds``, and double the gap."""
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
    """Return the limit for ``rate``: requests a second, a :class:`RateLimit`, or None for no limit.

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
