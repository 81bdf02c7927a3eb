"""Checks a client's arguments, and measures, logs and reports each call."""

from __future__ import annotations

from collections.abc import Callable
from random import random
from time import monotonic
from typing import Any

from ..errors import ConfigurationError
from ..model.operations import Operation, R_co
from ..redaction import strip_credentials
from .exchange import Exchange, GatewayAccount
from .logging import log_end
from .observer import Reporter, check_observer
from .operation_methods import OperationMethods
from .retries import LONGEST, Retries

#: Seconds to connect, and seconds from sending the request to the last byte of the response.
DEFAULT_TIMEOUT = (5.0, 30.0)


_NO_RETRIES = Retries(count=0)


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

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.account.name} {strip_credentials(self.account.address)}>"


class Call(Exchange[R_co]):
    """One call of a client, which performs its steps and then calls :meth:`finish`; after any exception, :meth:`fail`.

    ``once`` is for callers that count and time the requests themselves: there are no retries and no rate limit.

    ``may_have_left`` is called with an exception that interrupts a request and the time at which the request was started. It
    returns whether the request may have left this machine.
    """

    __slots__ = ("_logged", "_may_have_left", "_reported")

    def __init__(
        self,
        account: GatewayAccount,
        operation: Operation[R_co],
        retries: Retries,
        observer: object | None,
        may_have_left: Callable[[BaseException, float], bool],
        *,
        once: bool = False,
    ) -> None:
        reporter = None if observer is None else Reporter(operation, account.name, observer)
        if once:
            retries = _NO_RETRIES
        super().__init__(account, operation, retries, random, monotonic, reporter, not once)
        self._may_have_left = may_have_left
        self._logged = self._reported = False

    def finish(self) -> R_co:
        """Log and report the end of a call that has its reply, and return the reply."""
        self._end(self.result, None)
        return self.result

    def fail(self, error: BaseException) -> None:
        """Give the exception that ended the call ``sent_maybe`` and ``partial``, and log and report it."""
        try:
            # A client raises a ConfigurationError only before it sends the request.
            left = not isinstance(error, ConfigurationError) and self._may_have_left(error, self._request_began)
            self.interrupt(error, left=left)
            self._end(None, error)
        except BaseException as second:  # from a signal, a log handler or an observer; it replaces the error
            self._complete(second)
            raise

    def _end(self, reply: Any, error: BaseException | None) -> None:
        """Log and report the end of the call, each once."""
        seconds = monotonic() - self._began
        if not self._logged:
            self._logged = True
            log_end(self._operation, reply, error, seconds, self.sent_maybe)
        if self._reporter is not None and not self._reported:
            self._reported = True
            self._reporter.operation = self._operation
            self._reporter.report("call_finished", reply=reply, error=error, seconds=seconds, sent_maybe=self.sent_maybe)


def parse_timeout(timeout: float | tuple[float, float]) -> tuple[float, float]:
    """Return (connect, read) in seconds, from such a pair or from one number for both. A call always has a time limit."""
    pair: Any = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    try:
        connect, read = (0.0 if isinstance(one, bool) else float(one) for one in pair)
    except (TypeError, ValueError):  # None for example, which other libraries take for "no limit"
        connect = read = 0.0
    # The operating system's clock cannot wait longer.
    if not (0 < connect <= LONGEST and 0 < read <= LONGEST):
        raise ConfigurationError(f"timeout={timeout!r:.40}: give seconds above 0 and up to {LONGEST:,.0f}, or (connect, read)")
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
