"""Checks a client's arguments, and measures, logs and reports each call."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic

from ..errors import ConfigurationError, SkymmsError
from ..model.operations import Operation, R_co
from ..redaction import strip_credentials
from .exchange import Exchange, GatewayAccount, Outcome, Step, set_attribute
from .logging import log_end
from .observer import Reporter, check_observer
from .operation_methods import OperationMethods
from .retries import Retries

if TYPE_CHECKING:
    from types import TracebackType

#: Seconds to connect, and seconds from sending the request to the last byte of the response.
DEFAULT_TIMEOUT = (5.0, 30.0)


class BaseClient(OperationMethods):
    """Base class of both clients. ``session_class`` is the session class of the client's HTTP library."""

    def __init__(
        self,
        account: GatewayAccount,
        timeout: float | tuple[float, float],
        retries: Retries | int,
        observer: object | None,
        session: object | None,
        session_class: type[Any],
    ) -> None:
        _check_account(account)
        _check_session(session, session_class)
        check_observer(observer)
        self.account = account
        self._timeout = parse_timeout(timeout)
        self._retries = Retries.of(retries)
        self._observer = observer
        self._closed = False
        #: True if the client created its session and closes it.
        self._own = session is None

    def _begin(self, operation: Operation[R_co], may_have_left: Callable[[BaseException, float], bool]) -> Call[R_co]:
        return Call(self.account, operation, self._retries, self._observer, may_have_left)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.account.name} {strip_credentials(self.account.address)}>"


class Call(Generic[R_co]):
    """One call: a context manager around the loop in which a client performs the steps of the call.

    ``may_have_left`` is called with an exception that interrupts a request and the time at which the request was started. It
    returns whether the request may have left this machine.
    """

    __slots__ = ("_account", "_began", "_exchange", "_may_have_left", "_operation", "_reporter", "_retries", "_step_began")

    def __init__(
        self,
        account: GatewayAccount,
        operation: Operation[R_co],
        retries: Retries,
        observer: object | None,
        may_have_left: Callable[[BaseException, float], bool],
    ) -> None:
        self._account = account
        self._operation = operation
        self._retries = retries
        self._reporter = Reporter(operation, account.name, observer)
        self._may_have_left = may_have_left
        self._exchange: Exchange[R_co] | None = None
        self._began = self._step_began = time.monotonic()

    def __enter__(self) -> Call[R_co]:
        return self

    def start(self) -> Step | None:
        """Return the first step. Raises the error of an invalid operation."""
        self._exchange = Exchange(
            self._account, self._operation, retries=self._retries, random=random.random, reporter=self._reporter
        )
        self._step_began = time.monotonic()
        return self._exchange.next_step

    def advance(self, outcome: Outcome) -> Step | None:
        """Take the outcome of the last step and return the next, or None at the end; raise the error that ends the call."""
        assert self._exchange is not None
        self._exchange.advance(outcome, time.monotonic() - self._step_began)
        self._step_began = time.monotonic()
        return self._exchange.next_step

    @property
    def result(self) -> R_co:
        """The reply to the call."""
        assert self._exchange is not None
        return self._exchange.result

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        exchange = self._exchange
        if exchange is not None and error is not None:
            # A client raises a SkymmsError only before it sends the request.
            left = not isinstance(error, SkymmsError) and self._may_have_left(error, self._step_began)
            exchange.interrupt(error, left=left)
        if error is not None:
            sent_maybe, reply = getattr(error, "sent_maybe", False), None
        else:
            assert exchange is not None
            sent_maybe, reply = exchange.sent_maybe, exchange.result
        self._end(reply, error, sent_maybe)

    def _end(self, reply: Any, error: BaseException | None, sent_maybe: bool) -> None:
        """Log and report the end of the call."""
        seconds = time.monotonic() - self._began
        try:
            log_end(self._operation, reply, error, seconds, sent_maybe)
            if self._reporter.observed:
                self._reporter.operation = self._operation
                self._reporter.report("call_finished", reply=reply, error=error, seconds=seconds, sent_maybe=sent_maybe)
        except BaseException as raised:
            set_attribute(raised, "sent_maybe", sent_maybe)
            set_attribute(raised, "partial", reply)
            raise


def parse_timeout(timeout: float | tuple[float, float]) -> tuple[float, float]:
    """Return (connect, read) in seconds, from such a pair or from one number for both. A call always has a time limit."""
    pair: Any = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    try:
        connect, read = (0.0 if isinstance(one, bool) else float(one) for one in pair)
    except (TypeError, ValueError):  # None for example, which other libraries take for "no limit"
        connect = read = 0.0
    if not (0 < connect < float("inf") and 0 < read < float("inf")):
        raise ConfigurationError(f"timeout={timeout!r:.40}: give seconds above 0, or (connect, read)")
    return connect, read


def _check_account(account: Any) -> None:
    if isinstance(account, type) or not isinstance(account, GatewayAccount):
        raise TypeError(f"expected an Account, for example Account.from_env(); got {_kind_of(account)}")


def _check_session(session: object | None, session_class: type[Any]) -> None:
    if session is not None and not isinstance(session, session_class):
        library = session_class.__module__.partition(".")[0]
        raise TypeError(f"session must be a {library}.{session_class.__name__}; got {_kind_of(session)}")


def _kind_of(thing: Any) -> str:
    return f"the class {thing.__name__}" if isinstance(thing, type) else type(thing).__name__
