"""The events that an observer receives. This module is imported only if a client has an observer.

An observer is any object. It may have any of these methods, each called with one event:

======================  ======================  ==================================================================
method                  event                   when
======================  ======================  ==================================================================
``request_started``     RequestStarted          before a request is sent; an exception stops the call
``response_received``   ResponseReceived        a response was read completely
``attempt_failed``      AttemptFailed           there was no response, or the response is an error
``retry_scheduled``     RetryScheduled          the request will be sent again after a wait
``part_finished``       PartFinished            a request has its reply
``call_finished``       CallFinished            the call ends, with a reply or an error of any kind
======================  ======================  ==================================================================

Events contain the operation, and so the recipient and the text, but never the API key. Their repr shows none of these.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..errors import SkymmsError
from ..model.operations import Operation

__all__ = [
    "AttemptFailed",
    "CallEvent",
    "CallFinished",
    "PartFinished",
    "RequestStarted",
    "ResponseReceived",
    "RetryScheduled",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """The fields that all events have.

    ``operation`` is the operation of the request. Only Cellcast sends more than one request a call: ``operation`` then has the
    numbers of that request, and ``part`` counts the requests from 1. ``call_id`` is the same for all events of a call.
    ``attempt`` counts from 1 for each part. ``dialect`` is the account's dialect, or its Cellcast generation.
    """

    operation: Operation[Any] = field(repr=False)
    call_id: str
    dialect: str
    part: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStarted(CallEvent):
    """A request is about to be sent, and no byte of it has left. An exception raised here stops the call.

    The call has waited ``elapsed`` seconds until now: for its rate limit, for responses and for retries.
    """

    elapsed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseReceived(CallEvent):
    """A response was read completely, ``seconds`` after the request was started; ``status`` is its HTTP status."""

    status: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed(CallEvent):
    """A request failed: ``left`` is whether it may have left this machine, and ``reason`` is fit for a log.

    ``error.sent_maybe`` is whether the message may have been sent. It is False for most refusals: the request has left this
    machine, but the gateway has not sent the message.
    """

    left: bool
    error: SkymmsError = field(repr=False)
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryScheduled(CallEvent):
    """The request will be sent again in ``seconds``, because of ``reason``."""

    reason: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFinished(CallEvent):
    """A request has its ``reply``."""

    reply: Any = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFinished(CallEvent):
    """The call ends after ``seconds``, with its ``reply`` or with ``error``; the other one is None.

    ``operation`` is the one given to the client. ``error`` can be any exception: a cancellation, Ctrl-C, or one raised by an
    observer. ``sent_maybe`` is whether the message was or may have been sent.
    """

    reply: Any = field(repr=False)
    error: BaseException | None = field(repr=False)
    seconds: float
    sent_maybe: bool


#: The event of each method of an observer.
EVENTS: dict[str, type[CallEvent]] = {
    "request_started": RequestStarted,
    "response_received": ResponseReceived,
    "attempt_failed": AttemptFailed,
    "retry_scheduled": RetryScheduled,
    "part_finished": PartFinished,
    "call_finished": CallFinished,
}
