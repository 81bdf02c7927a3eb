"""The client for coroutines, which sends with aiohttp. It has the methods of :class:`skymms.Client` and decides like it.

aiohttp comes with ``pip install 'skymms[async]'`` and is imported when the first client is created. By itself aiohttp sends a
GET request again if a kept connection turns out to be closed. A GET request can send a message (dialect ``skycore-get``), so a
middleware prevents that. It is also added to sessions of the caller, whose own middlewares stay in place.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ._functools import memoize
from .errors import ConfigurationError
from .http import MAX_REPORT, HttpRequest, HttpResponse
from .model.operations import Operation, R_co
from .rate_limit import RateLimit, SpacedRateLimit
from .transport import guard
from .transport.calls import DEFAULT_TIMEOUT, BaseClient
from .transport.compression import response_from
from .transport.errors import (
    CLIENT_CLOSED,
    connection_broke,
    not_connected,
    refused_by_proxy,
    timed_out,
    untrusted_certificate,
    unusable_url,
)
from .transport.exchange import GatewayAccount, NoResponse, Pause, Reserve, SlowDown
from .transport.fetching import file_from_response, link_request, user_agent
from .transport.retries import Retries

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType

    import aiohttp
    from yarl import URL


class AsyncClient(BaseClient):
    """A client for coroutines, and an async context manager. Hundreds of tasks of one event loop can share it.

    The arguments are those of :class:`skymms.Client`; ``session`` is an ``aiohttp.ClientSession`` of yours, for connection
    pools, proxies and TLS settings, and is not closed. The response has to be complete within ``connect`` + ``read`` seconds.
    The methods of ``observer`` are plain functions here too. If a call is cancelled after its request may have left, the
    ``CancelledError`` has ``sent_maybe`` and a note.
    """

    def __init__(
        self,
        account: GatewayAccount,
        *,
        timeout: float | tuple[float, float] = DEFAULT_TIMEOUT,
        retries: Retries | int = Retries(),  # noqa: B008 (a frozen value)
        session: aiohttp.ClientSession | None = None,
        observer: object | None = None,
    ) -> None:
        super().__init__(account, timeout, retries, observer, session, _aiohttp().ClientSession)
        connect, read = self._timeout
        # aiohttp counts the total from the beginning, so a response may use the time that connecting did not need.
        self._limits = _aiohttp().ClientTimeout(total=connect + read, sock_connect=connect)
        self._session = session
        self._loop: asyncio.AbstractEventLoop | None = None
        self._proxy: str | None = None
        self._url: URL | None = None
        #: True once aiohttp has called the write method of a body. From then on, a body whose write method was not called has
        #: not been sent.
        self._reports_writes = False

    async def call(self, operation: Operation[R_co]) -> R_co:
        """Send an operation to the gateway and return its reply; raises what :meth:`skymms.Client.call` raises."""
        sending = _Sending()
        with self._begin(operation, sending.may_have_left) as call:
            step = call.start()
            while step is not None:
                if isinstance(step, HttpRequest):
                    step = call.advance(await self._send(step, sending))
                else:
                    step = call.advance(await self._wait(step))
        return call.result

    async def fetch(self, url: str, *, limit: int = MAX_REPORT) -> bytes:
        """Download the file behind a link from the gateway, such as a report; ``limit`` is in bytes.

        The file is requested once. Redirects are not followed, and neither the API key nor the headers, credentials, cookies
        and middlewares of your session are used. Raises what :meth:`skymms.Client.fetch` raises.
        """
        aiohttp = _aiohttp()
        link = link_request(url)
        # Spaces and letters beyond ASCII have to be escaped. Any other URL is sent exactly as the gateway wrote it.
        escaped = _url(url, encoded=url.isascii() and " " not in url)
        if isinstance(session := self._open_session(), NoResponse):
            return file_from_response(session, link, limit)
        # A request cannot leave out the headers and credentials of its session, so this one has a session without any.
        bare = aiohttp.ClientSession(connector=session.connector, connector_owner=False, cookie_jar=aiohttp.DummyCookieJar())
        async with bare:
            use_environment = self._own or session.trust_env
            proxy = _environment_proxy(url) if use_environment else _session_setting(session, "_default_proxy", None)
            outcome = await self._request(bare, link, escaped, limit, proxy, _Sending())
        return file_from_response(outcome, link, limit)

    async def _wait(self, step: Pause | Reserve | SlowDown) -> float | None:
        if isinstance(step, Reserve):
            return await _reserve(step.rate_limit)
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
        else:
            await _without_blocking(step.rate_limit, step.rate_limit.slow_down, step.seconds)
        return None

    async def _send(self, request: HttpRequest, sending: _Sending) -> HttpResponse | NoResponse:
        try:
            url = self._url_of(request)
        except ValueError:
            return unusable_url(request, "aiohttp")
        if isinstance(session := self._open_session(), NoResponse):
            return session
        outcome = await self._request(session, request, url, self.account.max_response, self._proxy, sending)
        self._reports_writes = self._reports_writes or sending.written
        return outcome

    async def _request(
        self,
        session: aiohttp.ClientSession,
        request: HttpRequest,
        url: URL,
        limit: int,
        proxy: str | None,
        sending: _Sending,
    ) -> HttpResponse | NoResponse:
        """Send a request and return its response, read up to just above ``limit`` bytes, or why there is none."""
        # A middleware of the caller's may send the body in another way, so that its write method is not called.
        plain = bool(request.body) and not _session_setting(session, "_middlewares", ())
        sending.start(reports_writes=plain and self._reports_writes)
        response = None
        try:
            response = await session.request(
                request.method,
                url,
                data=sending.body(request.body) if request.body else None,
                headers=request.headers,
                allow_redirects=False,
                raise_for_status=False,
                proxy=proxy,
                timeout=self._limits,
                middlewares=_middlewares(session, request.method),
                auto_decompress=False,
            )
            content = response.content
            # A response of the usual length is complete after one read.
            body = await content.readany()
            if not content.at_eof():
                body = await _read_on(content, body, limit)
            return response_from(response.status, response.headers, body, limit)
        except (_aiohttp().ClientError, TimeoutError, OSError, ValueError) as error:
            return _no_response(error, request, sending.maybe)
        finally:
            # A response that was read to its end is closed already, and its connection is used again.
            if response is not None and not response.closed:
                response.close()

    def _url_of(self, request: HttpRequest) -> URL:
        """Return the URL as aiohttp takes it. A POST always goes to the same URL, which is parsed once."""
        if request.url != self.account.address:
            return _url(request.url, encoded=True)
        if self._url is None:
            self._url = _url(request.url, encoded=True)
        return self._url

    def _open_session(self) -> aiohttp.ClientSession | NoResponse:
        """Return the session, or why it cannot be used; our own session is created in the event loop of the first call."""
        if self._closed:
            return CLIENT_CLOSED
        loop = asyncio.get_running_loop()
        if self._session is None:
            aiohttp = _aiohttp()
            self._session = aiohttp.ClientSession(
                # The tasks of the caller limit the number of connections.
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": user_agent()},
            )
            self._proxy = _environment_proxy(self.account.address)
            self._loop = loop
        elif self._session.closed:
            return NoResponse(
                "the session that was passed in is closed; nothing was sent: pass an open session", left=False, transient=False
            )
        if self._loop is None:
            self._loop = _session_setting(self._session, "_loop", loop)
        if self._loop is not loop:
            raise ConfigurationError(
                "an AsyncClient and its session belong to one event loop: create them in the event loop that calls them"
            )
        return self._session

    async def close(self) -> None:
        """Close the connections. A session that was passed in stays open. Calls that wait for a retry fail without sending."""
        self._closed = True
        self._loop = None
        if self._own and self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def __aenter__(self) -> AsyncClient:
        self._closed = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


# ------------------------------------------------------------------------------------------------ rate limits


async def _reserve(rate_limit: RateLimit) -> float:
    reserve_async: Callable[[int], Coroutine[Any, Any, float]] | None = getattr(rate_limit, "reserve_async", None)
    if reserve_async is not None:
        return await reserve_async(1)
    seconds: float = await _without_blocking(rate_limit, rate_limit.reserve, 1)
    return seconds


async def _without_blocking(rate_limit: RateLimit, method: Callable[[Any], Any], argument: float) -> Any:
    """Call a method of a rate limit in a thread, because it may wait for a database; our own limit never blocks."""
    if isinstance(rate_limit, SpacedRateLimit):
        return method(argument)
    return await asyncio.to_thread(method, argument)


# ------------------------------------------------------------------------------------------------ aiohttp


async def _read_on(content: aiohttp.StreamReader, beginning: bytes, limit: int) -> bytes:
    """Read the rest of a body, or stop just above ``limit`` bytes."""
    body = bytearray(beginning)
    while len(body) <= limit and not content.at_eof():
        body += await content.readany()
    return bytes(body)


def _environment_proxy(address: str) -> str | None:
    """Return the proxy that the environment names for a URL. aiohttp would find it in a thread, again for each call."""
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(address)
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    # A proxy without a scheme is an HTTP proxy, as in requests.
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def _aiohttp() -> Any:
    try:
        import aiohttp
    except ModuleNotFoundError as error:
        if error.name != "aiohttp":
            raise
        raise ConfigurationError("AsyncClient needs aiohttp: pip install 'skymms[async]'") from None
    return aiohttp


def _url(url: str, *, encoded: bool) -> URL:
    from yarl import URL

    return URL(url, encoded=encoded)


def _session_setting(session: aiohttp.ClientSession, name: str, default: Any) -> Any:
    """Return a setting of a session that aiohttp does not publish: its middlewares, its proxy, its loop.

    The middlewares of a request replace those of its session, and leaving out the caller's, which may sign requests, would be
    worse than reading a private attribute.
    """
    return getattr(session, name, default)


def _middlewares(session: aiohttp.ClientSession, method: str) -> tuple[Any, ...] | None:
    """Return the middlewares of a request, which replace those of its session; None keeps the session's."""
    own: tuple[Any, ...] = _session_setting(session, "_middlewares", ())
    # aiohttp repeats GET requests only. The outermost middleware also sees what the caller's middlewares raise.
    middlewares = (_send_once, *own) if method == "GET" else None
    if not guard.is_active():
        return middlewares
    # The guard is the innermost middleware, so that a middleware that replaces the gateway works in tests.
    return (*(own if middlewares is None else middlewares), _guard_tests)


async def _send_once(request: Any, handler: Any) -> Any:
    """Replace the errors after which aiohttp sends a GET request again by one after which it does not."""
    aiohttp = _aiohttp()
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientPayloadError(type(error).__name__) from error


async def _guard_tests(request: Any, handler: Any) -> Any:
    guard.check(request.url.host or "", request.proxy.host if request.proxy else None)
    return await handler(request)


def _no_response(error: BaseException, request: HttpRequest, maybe: bool) -> NoResponse:
    """Return why a request has no response; ``maybe`` is whether it may have left.

    The text of the error is not used: it contains the URL, and the URL of a GET request contains the API key.
    """
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return untrusted_certificate(request)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return refused_by_proxy(request, error.status)
    if isinstance(error, aiohttp.InvalidURL):
        return unusable_url(request, "aiohttp", proxy=True)
    never_connected = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
    if never_connected or not maybe:
        reason = getattr(error, "strerror", None) or type(error).__name__
        # A call that timed out while it waited for a free connection of the session is not retried: it would wait again.
        return not_connected(request, reason, transient=never_connected or not isinstance(error, TimeoutError))
    return timed_out(request) if isinstance(error, TimeoutError) else connection_broke(request, type(error).__name__)


# ------------------------------------------------------------------------------------------------ whether a request left


class _Sending:
    """Records whether aiohttp has begun to send the body of a request.

    aiohttp calls the write method of a body once there is a connection, not before, and a request without its body cannot send
    a message. A GET request has no body, so nothing is known about it.
    """

    __slots__ = ("_reports_writes", "written")

    def __init__(self) -> None:
        self.start(reports_writes=False)

    def start(self, *, reports_writes: bool) -> None:
        """Begin a request; ``reports_writes`` is True if aiohttp will call the write method of its body."""
        self._reports_writes = reports_writes
        self.written = False

    @property
    def maybe(self) -> bool:
        """True if the request may have left this machine."""
        return self.written or not self._reports_writes

    def may_have_left(self, error: BaseException, started: float) -> bool:
        """Return whether the request may have left before ``error`` interrupted it."""
        return self.maybe

    def body(self, content: bytes) -> Any:
        """Return the body as aiohttp takes it."""
        return _body_class()(content, self)


@memoize
def _body_class() -> Any:
    from aiohttp import BytesPayload

    class Body(BytesPayload):
        def __init__(self, content: bytes, sending: _Sending) -> None:
            super().__init__(content)
            self._sending = sending

        def write(self, writer: Any) -> Any:
            self._sending.written = True
            return super().write(writer)

        def write_with_length(self, writer: Any, content_length: int | None) -> Any:
            self._sending.written = True
            return super().write_with_length(writer, content_length)

    return Body
