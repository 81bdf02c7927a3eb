"""How long a connection may be idle and be used again."""

from __future__ import annotations

from typing import Any

from ..errors import ConfigurationError

#: Many servers close a connection that was idle for five seconds (Apache, Node.js), some after two. A request that is on its
#: way at that moment is lost, and the client cannot tell whether it was read.
KEEP_ALIVE = 4.0


class KeepAlive:
    """How many seconds a connection may be idle and be used again; the pools of one adapter share it."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds: float = seconds


def parse_keep_alive(seconds: Any) -> float:
    """Return ``keep_alive`` as a number; raise :class:`~skymms.ConfigurationError` if it is not seconds of at least 0."""
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 <= seconds < float("inf"):
        return float(seconds)
    raise ConfigurationError(f"keep_alive={seconds!r:.40}: give seconds, or 0 for a new connection each time")
