"""Applies a fault to a response."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..model.replies import Refusal, SentMMS
from .faults import FaultRule
from .listener import CONNECTION_FAULTS, ServerResponse

#: Seconds if the rule has none: how long a stall lasts, how long a slow response takes, and the value of Retry-After.
STALL, SLOW, RETRY_AFTER = 60.0, 5.0, 1.0

_HTML = (
    b"<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>Sign in to this network</h1></body></html>\n",
    "text/html; charset=utf-8",
)
_STATUS_TEXTS = {"500": b"Internal Server Error\n", "503": b"Service Unavailable\n", "429": b"Too Many Requests\n"}

#: A reply to another caller's request.
_STRANGERS_REPLY = SentMMS(
    mms_id="1", tracking_id="MMS_1", to="15550000000", sender="60856", details="the response to another caller's request"
)


def _to_stranger(reply: Any) -> Any:
    """Return a copy of a reply with another number and tracking id."""
    if isinstance(reply, Refusal) or not hasattr(reply, "to"):
        return _STRANGERS_REPLY
    return replace(reply, to=_STRANGERS_REPLY.to, tracking_id=_STRANGERS_REPLY.tracking_id)


def response_with_fault(
    encode: Callable[[Any], ServerResponse],
    reply: Any,
    rule: FaultRule | None,
    to_stranger: Callable[[Any], Any] = _to_stranger,
) -> ServerResponse:
    """Encode a reply with ``encode``, and apply the fault of a rule. ``to_stranger`` changes the reply for ``stranger``."""
    fault = rule.how if rule and not rule.code else ""
    seconds = rule.seconds if rule else None
    if fault in _STATUS_TEXTS:
        retry_after = str(int(RETRY_AFTER if seconds is None else seconds))
        headers = {} if fault == "500" else {"Retry-After": retry_after}
        return ServerResponse(int(fault), _STATUS_TEXTS[fault], "text/plain", headers)
    if fault == "html":
        return ServerResponse(200, *_HTML)
    response = encode(to_stranger(reply) if fault == "stranger" else reply)
    if fault == "charset":
        return response._replace(body=response.body.decode().encode("utf-16"))
    if fault in CONNECTION_FAULTS:
        default = SLOW if fault == "slow" else STALL
        return response._replace(connection_fault=fault, seconds=default if seconds is None else seconds)
    return response
