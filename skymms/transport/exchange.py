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
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, runtime_checkable

from ..errors import GatewayFaultError, MMSError, ProtocolError, QuotaExceededError, SkymmsError, ThrottledError, TransportError
from ..http import HttpRequest, HttpResponse
from ..model.operations import Operation, R_co
from ..rate_limit import RateLimit
from .logging import describe_error, log_retry
from .observer import Reporter
from .retries import Retries, retry_after


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
        """Yield the parts of a call, each as an operation. It is sent their replies and returns the reply to the whole call.

        An error that ends the call is thrown in, with the ``sent_maybe`` of the part that failed, so that the account can set
        its ``partial``.
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
    """The outcome of a request without a response.

    ``why`` is an error message without secrets, ``left`` is whether the request may have left this machine, and ``transient``
    whether a retry could help.
    """

    why: str
    left: bool
    transient: bool = True


Step: TypeAlias = HttpRequest | Pause | Reserve | SlowDown
Outcome: TypeAlias = HttpResponse | NoResponse | float | None

#: Added to an exception from outside, such as a cancellation, that interrupts a request which may have left.
INTERRUPTED = "skymms: the request may have arrived; wait for its delivery report before you send it again"


class Exchange(Generic[R_co]):
    """The steps of one call.

    ``next_step`` is an :class:`HttpRequest` to send, or a :class:`Pause`, :class:`Reserve` or :class:`SlowDown` to perform; it
    is None once ``result`` is set. The constructor raises the error of an invalid operation. ``random`` returns numbers from
    0 to 1.
    """

    def __init__(
        self,
        account: GatewayAccount,
        operation: Operation[R_co],
        *,
        retries: Retries,
        random: Callable[[], float],
        reporter: Reporter | None = None,
    ) -> None:
        self.result: R_co
        self._account = account
        self._retries = retries
        self._random = random
        self._reporter = reporter or Reporter(operation)
        #: Seconds that the last step took, and that all steps took together.
        self._seconds = self._elapsed = 0.0
        #: True if a part that is not repeatable has its reply.
        self._done = False
        #: True if the current request, and its message with it, may have left this machine.
        self._in_doubt = False
        #: The error of the last response, or of the missing response.
        self._last_error: SkymmsError | None = None
        #: The exception by which the steps ended.
        self._failure: BaseException | None = None
        self.next_step: Step | None = None
        self._steps = self._parts(operation)
        self.advance(None)

    @property
    def sent_maybe(self) -> bool:
        """True if a message was sent, or may have been sent, until now."""
        return self._done or self._in_doubt

    def advance(self, outcome: Outcome, seconds: float = 0.0) -> None:
        """Take the outcome of the last step, which took ``seconds``, and decide the next; raise the error that ends a call."""
        self._seconds = seconds
        self._elapsed += seconds
        try:
            self.next_step = self._steps.send(outcome)
        except StopIteration as end:
            self.next_step = None
            self.result = end.value
        except BaseException as error:
            self._failure = error
            # A SkymmsError has the right value already. Other exceptions come from an observer, a signal or a bug.
            if not isinstance(error, SkymmsError):
                _set_sent_maybe(error, self.sent_maybe)
            raise

    def interrupt(self, error: BaseException, *, left: bool = True) -> None:
        """End the call because of ``error``, which is given ``sent_maybe`` and ``partial`` unless it came from :meth:`advance`.

        ``left`` is False if no byte of the last request can have left.
        """
        if error is self._failure:
            return
        if not left:
            self._in_doubt = False
        _set_sent_maybe(error, self.sent_maybe)
        with suppress(type(error)):
            self._steps.throw(error)
        # Ctrl-C usually ends the program, and the command line prints its own text then.
        noted = isinstance(error, KeyboardInterrupt) or INTERRUPTED in getattr(error, "__notes__", ())
        if self.sent_maybe and not noted:
            with suppress(AttributeError, TypeError):
                error.add_note(INTERRUPTED)

    # -------------------------------------------------------------------------------------------- the parts

    def _parts(self, operation: Operation[R_co]) -> Generator[Step, Outcome, R_co]:
        parts = self._account.parts(operation)
        part = next(parts)
        while True:
            self._reporter.operation = part
            try:
                reply = yield from self._attempts(part, self._account.encode(part))
            except BaseException as error:
                if error is not self._last_error:
                    _set_sent_maybe(error, self._in_doubt)
                with suppress(type(error)):
                    parts.throw(error)
                # Parts before this one were sent, so calling again would send them twice.
                if self._done:
                    _set_sent_maybe(error, True)
                raise
            self._done = self._done or not part.repeatable
            self._in_doubt = False
            try:
                self._report("part_finished", reply=reply)
            except BaseException as error:
                _add_reply(error, parts, reply)
                _set_sent_maybe(error, self.sent_maybe)
                raise
            try:
                part = parts.send(reply)
            except StopIteration as end:
                whole: R_co = end.value
                return whole
            self._reporter.part += 1

    # -------------------------------------------------------------------------------------------- the attempts of a part

    def _attempts(self, part: Operation[Any], request: HttpRequest) -> Generator[Step, Outcome, Any]:
        waited = 0.0
        rate_limit = self._account.rate_limit
        attempt = 0
        while True:
            if rate_limit is not None:
                yield from _wait_for_turn(rate_limit)
            self._reporter.attempt = attempt + 1
            self._report("request_started", elapsed=self._elapsed)
            self._in_doubt = not part.repeatable
            outcome = yield request
            assert isinstance(outcome, (HttpResponse, NoResponse)), "the outcome of a request"
            reply, error = self._decoded(part, outcome)
            if error is None:
                return reply
            wait = self._wait(attempt, outcome)
            waited += wait
            if rate_limit is not None and _is_throttled(error):
                yield SlowDown(rate_limit, wait)
            if attempt == self._retries.count or waited > self._retries.total or not _may_retry(part, error, outcome):
                raise error
            reason = _reason(error, outcome)
            log_retry(part, reason, wait)
            self._report("retry_scheduled", reason=reason, seconds=wait)
            yield Pause(wait)
            attempt += 1

    def _decoded(self, part: Operation[Any], outcome: HttpResponse | NoResponse) -> tuple[Any, SkymmsError | None]:
        """Return the reply, or the error that the outcome means."""
        if isinstance(outcome, NoResponse):
            error: SkymmsError = TransportError(outcome.why, sent_maybe=outcome.left and not part.repeatable)
        else:
            self._report("response_received", status=outcome.status, seconds=self._seconds)
            try:
                return self._account.decode(part, outcome), None
            except SkymmsError as caught:
                # Raised later, or dropped; in either case outside this handler.
                error = caught.with_traceback(None)
        self._last_error = error
        self._in_doubt = error.sent_maybe
        left = outcome.left if isinstance(outcome, NoResponse) else True
        self._report("attempt_failed", left=left, error=error, reason=_reason(error, outcome))
        return None, error

    def _wait(self, attempt: int, outcome: HttpResponse | NoResponse) -> float:
        policy = self._retries
        backoff: float = min(policy.first * 2**attempt, policy.longest) * (1 - self._random() / 2)
        wanted = retry_after(outcome) if isinstance(outcome, HttpResponse) else None
        return backoff if wanted is None else max(wanted, backoff)

    def _report(self, method: str, **details: Any) -> None:
        if not self._reporter.observed:
            return
        try:
            self._reporter.report(method, **details)
        except BaseException as error:
            _set_sent_maybe(error, self.sent_maybe)
            raise


def _wait_for_turn(rate_limit: RateLimit) -> Generator[Step, Outcome, None]:
    seconds = yield Reserve(rate_limit)
    assert isinstance(seconds, (int, float)), "the outcome of Reserve"
    if seconds > 0:
        yield Pause(seconds)


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


def set_attribute(error: BaseException, name: str, value: Any) -> None:
    """Set an attribute of an exception of any class; some classes refuse new attributes."""
    with suppress(AttributeError, TypeError):
        setattr(error, name, value)


def _set_sent_maybe(error: BaseException, sent_maybe: bool) -> None:
    set_attribute(error, "sent_maybe", sent_maybe)


def _add_reply(error: BaseException, parts: Generator[Operation[Any], Any, Any], reply: Any) -> None:
    """Keep the replies of a call that an observer ends: they become ``partial`` of its exception."""
    try:
        parts.send(reply)
    except StopIteration as end:
        set_attribute(error, "partial", end.value)
    except SkymmsError:
        pass
    else:
        # The account reads `sent_maybe` of the next part, which was not sent.
        _set_sent_maybe(error, False)
        with suppress(type(error)):
            parts.throw(error)
