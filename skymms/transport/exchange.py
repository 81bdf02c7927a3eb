"""One call as a conversation: what has to be done next, decided without doing it.

:class:`Exchange` says what it *wants* (send this, or wait that long), a client does it and *tells* what happened, until there
is a reply or an error. Everything about "sent once" is decided on this page, and no socket, clock or random number is
needed to test it:

- what surely did not leave (the connection was never made) may be sent again;
- what the gateway itself put off (E106, E113, E618, HTTP 429) may be sent again, after a wait;
- anything else may have arrived. A message is then not sent again, and the error says ``sent_maybe``. A listing is.

A call may be several requests, which the account hands out one after the other: its *parts* (a thousand numbers at a time, page
after page). Each is repeated by the same rules. When one fails, what the others did is not lost: see ``error.partial``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, Generic, NamedTuple, Protocol, runtime_checkable

from ..errors import GatewayFaultError, MMSError, ProtocolError, QuotaExceededError, SkymmsError, ThrottledError, TransportError
from ..http import HttpRequest, HttpResponse
from ..model.operations import Operation, R_co
from ..rate_limit import RateLimit
from .retries import Retries, retry_after


@runtime_checkable
class GatewayAccount(Protocol):
    """What an exchange and the clients ask of an account, whatever its gateway: no I/O, no clock, and a key that never shows.

    ``name`` and ``address`` are for printing; ``max_response`` is how many bytes of an answer are read; ``rate_limit``
    keeps the requests apart, where the gateway limits them.
    """

    @property
    def name(self) -> str:
        """The dialect or generation it speaks."""

    @property
    def address(self) -> str:
        """Where the gateway is; every request goes to that host."""

    @property
    def max_response(self) -> int:
        """How many bytes an answer may have."""

    @property
    def rate_limit(self) -> RateLimit | None:
        """Who hands out the turns of its calls, if somebody does."""

    def encode(self, operation: Operation[Any]) -> HttpRequest:
        """The request for one part of a call; raises what is wrong with it."""

    def decode(self, operation: Operation[R_co], response: HttpResponse) -> R_co:
        """The reply in an answer; raises the refusal in it."""

    def parts(self, operation: Operation[R_co]) -> Generator[Operation[Any], Any, R_co]:
        """The requests of a call, each as an operation; it is sent their replies and returns the reply to the whole.

        An error that ends the call is thrown in, with the ``sent_maybe`` of the part it ended, to be given its ``partial``.
        """


class Pause(NamedTuple):
    """Wait that many seconds: before trying ``again``, or for one's turn."""

    seconds: float
    again: bool = True


class NoResponse(NamedTuple):
    """There was no answer: why, whether the request may have left, and whether trying again could help."""

    why: str
    left: bool
    transient: bool = True


class Exchange(Generic[R_co]):
    """A call under way. Made from an operation that is right: it raises what :meth:`AnyAccount.encode` raises.

    ``wants`` is an :class:`HttpRequest` to send, a :class:`Pause` to wait, or None when ``result`` is there. ``tell`` takes the
    :class:`HttpResponse`, the :class:`Lost`, or None after a pause, and raises the error that ends the call. ``stop`` tells an
    error from outside (a cancellation, Ctrl-C) what it interrupted. ``random`` gives numbers from 0 to 1.
    """

    def __init__(
        self, account: GatewayAccount, operation: Operation[R_co], *, retries: Retries, random: Callable[[], float]
    ) -> None:
        self._account = account
        self._whole = operation
        self._retries = retries
        self._random = random
        self.result: R_co
        self._script = self._written()
        self.next_step: HttpRequest | Pause | None = next(self._script)

    def advance(self, outcome: HttpResponse | NoResponse | None) -> None:
        """What became of the last want."""
        try:
            self.next_step = self._script.send(outcome)
        except StopIteration as end:
            self.next_step = None
            self.result = end.value

    def interrupt(self, error: BaseException, *, left: bool = True) -> None:
        """End the call from outside: ``error`` is given ``sent_maybe``, and ``partial`` where other parts were answered.

        ``left`` is False where no byte of the last request can have left.
        """
        asking = left and isinstance(self.next_step, HttpRequest)
        error.sent_maybe = asking and not self._operation.repeatable  # type: ignore[attr-defined]
        with suppress(type(error)):
            self._script.throw(error)

    def _written(self) -> Generator[HttpRequest | Pause, HttpResponse | NoResponse | None, R_co]:
        parts = self._account.parts(self._whole)
        self._operation = next(parts)
        done = False
        while True:
            try:
                reply = yield from self._asked(self._account.encode(self._operation))
            except BaseException as error:
                with suppress(type(error)):
                    parts.throw(error)
                # Whoever makes the whole call again would also do again what is done.
                if done:
                    error.sent_maybe = True  # type: ignore[attr-defined]
                raise
            done = done or not self._operation.repeatable
            try:
                self._operation = parts.send(reply)
            except StopIteration as end:
                whole: R_co = end.value
                return whole

    def _asked(self, request: HttpRequest) -> Generator[HttpRequest | Pause, HttpResponse | NoResponse | None, Any]:
        waited = 0.0
        rate_limit = self._account.rate_limit
        for attempt in range(self._retries.count + 1):
            if rate_limit is not None and (turn := rate_limit.reserve(1)) > 0:
                yield Pause(turn, again=False)
            outcome = yield request
            assert outcome is not None, "a request wants an answer"
            error = self._judged(outcome)
            if error is None:
                break
            again = attempt < self._retries.count and self._may_repeat(error, outcome)
            wait = self._wait(attempt, outcome)
            waited += wait
            if not again or waited > self._retries.total:
                raise error
            yield Pause(wait)
        return self._reply

    def _judged(self, outcome: HttpResponse | NoResponse) -> SkymmsError | None:
        if isinstance(outcome, NoResponse):
            return TransportError(outcome.why, sent_maybe=outcome.left and not self._operation.repeatable)
        try:
            self._reply = self._account.decode(self._operation, outcome)
        except SkymmsError as error:
            # Raised further down, or forgotten; either way not from within this handler.
            return error.with_traceback(None)
        return None

    def _may_repeat(self, error: SkymmsError, outcome: HttpResponse | NoResponse) -> bool:
        # Whatever else is said of it.
        if error.sent_maybe:
            return False
        if isinstance(outcome, NoResponse):
            return outcome.transient
        if isinstance(error, MMSError):
            # E618 says of itself that it may be tried again. A spent quota (E120) does not come back within seconds.
            if isinstance(error, ThrottledError) or error.code == "E618":
                return not isinstance(error, QuotaExceededError)
            return self._operation.repeatable and isinstance(error, GatewayFaultError)
        return self._operation.repeatable and isinstance(error, ProtocolError) and outcome.status >= 500

    def _wait(self, attempt: int, outcome: HttpResponse | NoResponse) -> float:
        grown: float = min(self._retries.first * 2**attempt, self._retries.longest) * (1 - self._random() / 2)
        asked = retry_after(outcome) if isinstance(outcome, HttpResponse) else None
        return grown if asked is None else max(asked, grown)
