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
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, runtime_checkable

from .account import HttpRequest, HttpResponse
from .errors import (
    ConfigurationError,
    GatewayFaultError,
    MMSError,
    ProtocolError,
    QuotaExceededError,
    SkymmsError,
    ThrottledError,
    TransportError,
)
from .operations import Operation, R_co
from .pace import Pacer


@runtime_checkable
class AnyAccount(Protocol):
    """What an exchange and the clients ask of an account, whatever its gateway: no I/O, no clock, and a key that never shows.

    ``name`` and ``address`` are for those who print it; ``most_answer`` is how many bytes of an answer are read; ``pacer``
    keeps the requests apart, where the gateway limits them.
    """

    @property
    def name(self) -> str:
        """The dialect or generation it speaks."""

    @property
    def address(self) -> str:
        """Where the gateway is; every request goes to that host."""

    @property
    def most_answer(self) -> int:
        """How many bytes an answer may have."""

    @property
    def pacer(self) -> Pacer | None:
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


class Lost(NamedTuple):
    """There was no answer: why, whether the request may have left, and whether trying again could help."""

    why: str
    left: bool
    transient: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How a call that may be repeated is repeated: ``count`` times at most, with waits that grow from ``first`` to ``longest``.

    Seconds throughout. Each wait is shortened at random by up to a half, so that callers who were put off together do not
    come back together; a ``Retry-After`` is waited for in full. A call whose waits would exceed ``total`` is given up.
    """

    count: int = 3
    first: float = 1.0
    longest: float = 20.0
    total: float = 60.0

    def __post_init__(self) -> None:
        if type(self.count) is not int or self.count < 0:
            raise ConfigurationError(f"retries={self.count!r:.40}: give a whole number from 0 up, or Retries(…)")
        for name in ("first", "longest", "total"):
            seconds = getattr(self, name)
            if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < float("inf"):
                raise ConfigurationError(f"Retries({name}={seconds!r:.40}): give seconds from 0 up")

    @classmethod
    def of(cls, retries: Retries | int) -> Retries:
        """The policy itself, or the standard one with another count; 0 switches repeating off."""
        return retries if isinstance(retries, Retries) else cls(count=retries)


class Exchange(Generic[R_co]):
    """A call under way. Made from an operation that is right: it raises what :meth:`AnyAccount.encode` raises.

    ``wants`` is an :class:`HttpRequest` to send, a :class:`Pause` to wait, or None when ``result`` is there. ``tell`` takes the
    :class:`HttpResponse`, the :class:`Lost`, or None after a pause, and raises the error that ends the call. ``stop`` tells an
    error from outside (a cancellation, Ctrl-C) what it interrupted. ``random`` gives numbers from 0 to 1.
    """

    def __init__(
        self, account: AnyAccount, operation: Operation[R_co], *, retries: Retries, random: Callable[[], float]
    ) -> None:
        self._account = account
        self._whole = operation
        self._retries = retries
        self._random = random
        self.result: R_co
        self._script = self._written()
        self.wants: HttpRequest | Pause | None = next(self._script)

    def tell(self, outcome: HttpResponse | Lost | None) -> None:
        """What became of the last want."""
        try:
            self.wants = self._script.send(outcome)
        except StopIteration as end:
            self.wants = None
            self.result = end.value

    def stop(self, error: BaseException, *, left: bool = True) -> None:
        """End the call from outside: ``error`` is given ``sent_maybe``, and ``partial`` where other parts were answered.

        ``left`` is False where no byte of the last request can have left.
        """
        asking = left and isinstance(self.wants, HttpRequest)
        error.sent_maybe = asking and not self._operation.repeatable  # type: ignore[attr-defined]
        with suppress(type(error)):
            self._script.throw(error)

    def _written(self) -> Generator[HttpRequest | Pause, HttpResponse | Lost | None, R_co]:
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

    def _asked(self, request: HttpRequest) -> Generator[HttpRequest | Pause, HttpResponse | Lost | None, Any]:
        waited = 0.0
        pacer = self._account.pacer
        for attempt in range(self._retries.count + 1):
            if pacer is not None and (turn := pacer.turn()) > 0:
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

    def _judged(self, outcome: HttpResponse | Lost) -> SkymmsError | None:
        if isinstance(outcome, Lost):
            return TransportError(outcome.why, sent_maybe=outcome.left and not self._operation.repeatable)
        try:
            self._reply = self._account.decode(self._operation, outcome)
        except SkymmsError as error:
            # Raised further down, or forgotten; either way not from within this handler.
            return error.with_traceback(None)
        return None

    def _may_repeat(self, error: SkymmsError, outcome: HttpResponse | Lost) -> bool:
        # Whatever else is said of it.
        if error.sent_maybe:
            return False
        if isinstance(outcome, Lost):
            return outcome.transient
        if isinstance(error, MMSError):
            # E618 says of itself that it may be tried again. A spent quota (E120) does not come back within seconds.
            if isinstance(error, ThrottledError) or error.code == "E618":
                return not isinstance(error, QuotaExceededError)
            return self._operation.repeatable and isinstance(error, GatewayFaultError)
        return self._operation.repeatable and isinstance(error, ProtocolError) and outcome.status >= 500

    def _wait(self, attempt: int, outcome: HttpResponse | Lost) -> float:
        grown: float = min(self._retries.first * 2**attempt, self._retries.longest) * (1 - self._random() / 2)
        asked = retry_after(outcome) if isinstance(outcome, HttpResponse) else None
        return grown if asked is None else max(asked, grown)


def retry_after(response: HttpResponse) -> float | None:
    """The seconds a gateway asks to wait, if it does.

    A date is compared with the answer's own Date header: its clock and the gateway's are then the same one.
    """
    asked = (response.header("Retry-After") or "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    from email.utils import parsedate_to_datetime  # a tenth of what importing a client costs, and hardly ever needed

    try:
        until, now = parsedate_to_datetime(asked), parsedate_to_datetime(response.header("Date") or "")
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):  # no date, or one with a zone and one without
        return None


def decompressed(body: bytes, encoding: str | None, limit: int) -> bytes:
    """An answer as it was before compression, or as much of it as shows that it is over ``limit``.

    We ask for no compression. Who compresses all the same is understood, but 194 kB that unpack to 385 MB stop at the limit.
    """
    named = (encoding or "identity").strip().lower()
    if named in {"identity", ""}:
        return body
    if named not in {"gzip", "x-gzip", "deflate"}:
        raise ProtocolError(f"the answer is compressed by {named:.20}, which was not asked for", sent_maybe=True)
    import zlib

    # 32 + the largest window: a gzip or zlib header, whichever is there. Some say deflate and leave the header out.
    for window in (32 + zlib.MAX_WBITS, -zlib.MAX_WBITS):
        with suppress(zlib.error):
            return _unpacked(body, window, limit)
    raise ProtocolError("the answer says it is compressed and is not", body=body, sent_maybe=True)


def _unpacked(body: bytes, window: int, limit: int) -> bytes:
    """What is packed, member after member, as gzip may have it; whatever else follows is not looked at."""
    import zlib

    found = b""
    while True:
        member = zlib.decompressobj(window)
        found += member.decompress(body, limit + 1 - len(found))
        if len(found) > limit:
            return found
        if not member.eof:
            raise zlib.error("cut short")
        body = member.unused_data
        if not body.startswith(_MEMBER):
            return found


#: What a member of gzip begins with.
_MEMBER = b"\x1f\x8b"
