"""Decides the steps of one call, without I/O.

:class:`Exchange` returns the next step (send a request, wait, use the rate limit). A client performs it and reports the
outcome, until there is a reply or an error. All decisions that keep a message from being sent twice are made here, so they can
be tested without sockets, clocks and random numbers:

- A request that cannot have left (the connection was never made) is retried.
- A request that the gateway postponed (E106, E113, E618, HTTP 429) is retried after a wait.
- Any other request may have arrived. It is not sent again, and the error has ``sent_maybe``. Only operations that change
  nothing, such as a listing, are retried.

A call can be several requests, its *parts*: a thousand numbers each, or page after page. The account hands them out one by one,
and the same rules apply to each. If one fails, the replies of the others are in ``error.partial``.

A signal can raise an exception between any two lines. So the state says "may have arrived" before a request is handed out, and
the reply is kept, and the doubt ended, in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, runtime_checkable

from ..errors import (
    GatewayFaultError,
    MMSError,
    NotReadyError,
    ProtocolError,
    QuotaExceededError,
    SkymmsError,
    ThrottledError,
    TransportError,
)
from ..http import HttpRequest, HttpResponse
from ..model.operations import Operation, R_co
from ..rate_limit import RateLimit
from .logging import describe_error, log_retry
from .observer import Reporter
from .retries import LONGEST, Retries, retry_after


@runtime_checkable
class GatewayAccount(Protocol):
    """The interface that the clients need of an account of any gateway. An account does no I/O."""

    @property
    def name(self) -> str:
        """The dialect or generation, for logs."""
        ...

    @property
    def address(self) -> str:
        """The URL of the gateway; every request goes to this host."""
        ...

    @property
    def max_response(self) -> int:
        """The longest accepted response, in bytes."""
        ...

    @property
    def rate_limit(self) -> RateLimit | None:
        """The limit that all clients of the account share, or None."""
        ...

    def encode(self, operation: Operation[Any]) -> HttpRequest:
        """Return the request for one part of a call; raises the error of an invalid one."""
        ...

    def decode(self, operation: Operation[R_co], response: HttpResponse) -> R_co:
        """Return the reply in a response; raises the error of a refusal or an unusable response."""
        ...

    def parts(self, operation: Operation[R_co]) -> Generator[Operation[Any], Any, R_co]:
        """Yield the parts of a call, each as an operation. It is sent their replies and returns the reply to the whole call."""
        ...

    def partial(self, operation: Operation[R_co], replies: Sequence[Any], sent_maybe: bool) -> Any:
        """Return the ``partial`` of an error that ends a call: the reply to the parts that have one, None without any.

        ``replies`` are the replies to the first parts, in order; ``sent_maybe`` is whether the part after them may have been
        sent.
        """
        ...


# ------------------------------------------------------------------------------------------------ steps and outcomes


class Pause(NamedTuple):
    """Wait this many seconds; the outcome is None."""

    seconds: float


class Reserve(NamedTuple):
    """Reserve a turn at the rate limit; the outcome is how many seconds to wait for it."""

    rate_limit: RateLimit


class SlowDown(NamedTuple):
    """Report to the rate limit that the gateway throttled a request and wants a wait of ``seconds``; the outcome is None."""

    rate_limit: RateLimit
    seconds: float


class NoResponse(NamedTuple):
    """The outcome of a request without a response of the gateway.

    ``why`` is an error message without secrets, ``left`` is whether the request may have left this machine, and ``transient``
    whether a retry could help. ``error`` is the class of the error.
    """

    why: str
    left: bool
    transient: bool = True
    error: type[TransportError | ProtocolError] = TransportError


Step: TypeAlias = HttpRequest | Pause | Reserve | SlowDown
Outcome: TypeAlias = HttpResponse | NoResponse | float | None

#: Seconds for which one response can stop all calls that share a rate limit, whatever its Retry-After header says.
LONGEST_SLOW_DOWN = 3600.0

#: Added to an exception from outside, such as a cancellation, that interrupts a request which may have left.
INTERRUPTED = "skymms: the request may have arrived; wait for its delivery report before you send it again"


class Exchange(Generic[R_co]):
    """The steps of one call.

    :meth:`start` and :meth:`advance` return the next step: an :class:`HttpRequest` to send, or a :class:`Pause`,
    :class:`Reserve` or :class:`SlowDown` to perform; None once ``result`` is set. ``random`` returns numbers from 0 to 1, and
    ``clock`` seconds.
    """

    __slots__ = (
        "_account",
        "_began",
        "_clock",
        "_done",
        "_doubtful",
        "_failure",
        "_operation",
        "_paced",
        "_random",
        "_replies",
        "_reporter",
        "_request_began",
        "_retries",
        "_started",
        "_steps",
        "next_step",
        "result",
    )

    def __init__(
        self,
        account: GatewayAccount,
        operation: Operation[R_co],
        retries: Retries,
        random: Callable[[], float],
        clock: Callable[[], float] = lambda: 0.0,
        reporter: Reporter | None = None,
        paced: bool = True,
    ) -> None:
        self.result: R_co
        self._account = account
        self._operation = operation
        self._retries = retries
        self._random = random
        self._clock = clock
        self._reporter = reporter
        #: True if the account's rate limit is used.
        self._paced = paced
        #: When the call and its last request began.
        self._began = self._request_began = clock()
        #: The replies to the first parts.
        self._replies: list[Any] = []
        #: True once the account has handed out the first part.
        self._started = False
        #: True if a part that is not repeatable has its reply.
        self._done = False
        #: The index of the part that may have left this machine without a reply; no part has the index -1. A part with a reply
        #: is not in doubt, so adding its reply ends the doubt.
        self._doubtful = -1
        #: The exception by which the steps ended.
        self._failure: BaseException | None = None
        self.next_step: Step | None = None
        self._steps = self._parts()

    @property
    def sent_maybe(self) -> bool:
        """True if a message was sent, or may have been sent, until now."""
        return self._done or self._doubtful == len(self._replies)

    def start(self) -> Step | None:
        """Return the first step. Raises the error of an invalid operation."""
        return self.advance(None)

    def advance(self, outcome: Outcome) -> Step | None:
        """Take the outcome of the last step and return the next, or None at the end; raise the error that ends the call."""
        try:
            self.next_step = self._steps.send(outcome)
        except StopIteration as end:
            self.next_step = None
            self.result = end.value
        except BaseException as error:
            self._complete(error)
            self._failure = error
            raise
        return self.next_step

    def interrupt(self, error: BaseException, *, left: bool = True) -> None:
        """End the call because of ``error``, which is given ``sent_maybe`` and ``partial`` unless it came from :meth:`advance`.

        ``left`` is False if no byte of the last request can have left.
        """
        if error is self._failure:
            return
        if not left:
            self._doubtful = -1
        self._complete(error)
        # Ctrl-C usually ends the program, and the command line prints its own text then.
        noted = isinstance(error, KeyboardInterrupt) or INTERRUPTED in getattr(error, "__notes__", ())
        if self.sent_maybe and not noted:
            with suppress(AttributeError, TypeError):
                error.add_note(INTERRUPTED)

    def _complete(self, error: BaseException) -> None:
        """Set ``sent_maybe`` and ``partial`` of the exception that ends the call."""
        # Parts before this one were sent, so calling again would send them twice.
        _set_attribute(error, "sent_maybe", self.sent_maybe)
        if self._started:
            in_doubt = self._doubtful == len(self._replies)
            _set_attribute(error, "partial", self._account.partial(self._operation, self._replies, in_doubt))

    # -------------------------------------------------------------------------------------------- the parts

    def _parts(self) -> Generator[Step, Outcome, R_co]:
        parts = self._account.parts(self._operation)
        part = next(parts)
        self._started = True
        reporter = self._reporter
        while True:
            if reporter is not None:
                reporter.operation = part
            reply = yield from self._attempts(part)
            self._done = self._done or not part.repeatable
            self._replies.append(reply)
            if reporter is not None:
                reporter.report("part_finished", reply=reply)
            try:
                part = parts.send(reply)
            except StopIteration as end:
                whole: R_co = end.value
                return whole
            except SkymmsError as error:
                # The account has read all replies, and says itself whether a message was sent.
                self._done = error.sent_maybe
                raise
            if reporter is not None:
                reporter.part += 1

    # -------------------------------------------------------------------------------------------- the attempts of a part

    def _attempts(self, part: Operation[Any]) -> Generator[Step, Outcome, Any]:
        request = self._account.encode(part)
        #: Seconds of the waits for retries, and of those until a stored message is ready.
        waited = waited_until_ready = 0.0
        rate_limit = self._account.rate_limit if self._paced else None
        reporter = self._reporter
        attempt = retries = 0
        while True:
            if rate_limit is not None:
                yield from _wait_for_turn(rate_limit)
            self._request_began = self._clock()
            if reporter is not None:
                reporter.attempt = attempt + 1
                reporter.report("request_started", elapsed=self._request_began - self._began)
            if not part.repeatable:
                self._doubtful = len(self._replies)
            outcome = yield request
            assert isinstance(outcome, (HttpResponse, NoResponse)), "the outcome of a request"
            reply, error = self._decoded(part, outcome)
            if error is None:
                return reply
            wait = self._wait(attempt, outcome)
            if isinstance(error, ThrottledError) and isinstance(outcome, HttpResponse):
                error.retry_after = retry_after(outcome)
            if rate_limit is not None and _is_throttled(error):
                yield SlowDown(rate_limit, min(wait, LONGEST_SLOW_DOWN))
            may_wait = isinstance(error, NotReadyError) and not error.sent_maybe
            if may_wait and waited_until_ready + wait <= self._retries.until_ready:
                waited_until_ready += wait
            else:
                waited += wait
                retries += 1
                if retries > self._retries.count or waited > self._retries.total or not _may_retry(part, error, outcome):
                    raise error
            reason = _reason(error, outcome)
            log_retry(part, reason, wait)
            if reporter is not None:
                reporter.report("retry_scheduled", reason=reason, seconds=wait)
            yield Pause(wait)
            attempt += 1

    def _decoded(self, part: Operation[Any], outcome: HttpResponse | NoResponse) -> tuple[Any, SkymmsError | None]:
        """Return the reply, or the error that the outcome means."""
        reporter = self._reporter
        if isinstance(outcome, NoResponse):
            error: SkymmsError = outcome.error(outcome.why, sent_maybe=outcome.left and not part.repeatable)
        else:
            if reporter is not None:
                seconds = self._clock() - self._request_began
                reporter.report("response_received", status=outcome.status, seconds=seconds)
            try:
                return self._account.decode(part, outcome), None
            except SkymmsError as caught:
                # Raised later, or dropped; in either case outside this handler.
                error = caught.with_traceback(None)
        if not error.sent_maybe:
            # A plain refusal, or no byte of the request has left.
            self._doubtful = -1
        if reporter is not None:
            left = outcome.left if isinstance(outcome, NoResponse) else True
            reporter.report("attempt_failed", left=left, error=error, reason=_reason(error, outcome))
        return None, error

    def _wait(self, attempt: int, outcome: HttpResponse | NoResponse) -> float:
        policy = self._retries
        backoff: float = min(policy.first * 2**attempt, policy.longest) * (1 - self._random() / 2)
        wanted = retry_after(outcome) if isinstance(outcome, HttpResponse) else None
        return min(backoff if wanted is None else max(wanted, backoff), LONGEST)


def _wait_for_turn(rate_limit: RateLimit) -> Generator[Step, Outcome, None]:
    seconds = yield Reserve(rate_limit)
    assert isinstance(seconds, (int, float)), "the outcome of Reserve"
    if seconds > 0:
        yield Pause(min(seconds, LONGEST))


def _is_throttled(error: SkymmsError) -> bool:
    """Whether the gateway was called too often. A used-up quota (E120) does not count: waiting seconds does not help."""
    return isinstance(error, ThrottledError) and not isinstance(error, QuotaExceededError)


def _may_retry(part: Operation[Any], error: SkymmsError, outcome: HttpResponse | NoResponse) -> bool:
    if error.sent_maybe:
        return False
    if isinstance(outcome, NoResponse):
        return outcome.transient
    if isinstance(error, MMSError):
        # The meaning of E618 is "try again later".
        postponed = _is_throttled(error) or error.code == "E618"
        return postponed or (part.repeatable and isinstance(error, GatewayFaultError))
    return part.repeatable and isinstance(error, ProtocolError) and outcome.status >= 500


def _reason(error: SkymmsError, outcome: HttpResponse | NoResponse) -> str:
    return outcome.why if isinstance(outcome, NoResponse) else describe_error(error)


def _set_attribute(error: BaseException, name: str, value: Any) -> None:
    """Set an attribute of an exception of any class; some classes refuse new attributes."""
    with suppress(AttributeError, TypeError):
        setattr(error, name, value)
