"""What a fault makes of an answer: the table of faults, put into HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..model.replies import Refusal, SentMMS
from .faults import Rule
from .listener import MANNERS, Outgoing

#: Seconds, where the fault does not say: how long a stall holds, how long a slow answer takes, and what Retry-After asks for.
STALL, SLOW, RETRY_AFTER = 60.0, 5.0, 1.0

_HTML = (
    b"<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>Sign in to this network</h1></body></html>\n",
    "text/html; charset=utf-8",
)
_WORDS = {"500": b"Internal Server Error\n", "503": b"Service Unavailable\n", "429": b"Too Many Requests\n"}

#: Somebody else's, with ids of its own.
_STRANGER = SentMMS(mms_id="1", tracking_id="MMS_1", to="15550000000", sender="60856", details="meant for somebody else")


def _another(reply: Any) -> Any:
    """A reply like this one, to another number."""
    if isinstance(reply, Refusal) or not hasattr(reply, "to"):
        return _STRANGER
    return replace(reply, **{name: getattr(_STRANGER, name) for name in ("to", "tracking_id")})


def outgoing(
    answer: Callable[[Any], Outgoing], reply: Any, rule: Rule | None, another: Callable[[Any], Any] = _another
) -> Outgoing:
    """A reply as it leaves, put into HTTP by ``answer``, with the fault that strikes it; ``another`` makes it a stranger's."""
    how = rule.how if rule and not rule.code else ""
    seconds = rule.seconds if rule else None
    if how in _WORDS:
        after = str(int(RETRY_AFTER if seconds is None else seconds))
        return Outgoing(int(how), _WORDS[how], "text/plain", {} if how == "500" else {"Retry-After": after})
    if how == "html":
        return Outgoing(200, *_HTML)
    clean = answer(another(reply) if how == "stranger" else reply)
    if how == "charset":
        return clean._replace(body=clean.body.decode().encode("utf-16"))
    if how in MANNERS:
        return clean._replace(manner=how, seconds=(SLOW if how == "slow" else STALL) if seconds is None else seconds)
    return clean
