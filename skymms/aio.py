"""The client for coroutines, which sends with aiohttp. It has the methods of :class:`skymms.Client` and decides like it.

aiohttp comes with ``pip install 'skymms[async]'`` and is imported when the first client is created. Middlewares of
:mod:`skymms.transport.aiohttp_route` check each request just before it is sent. They are also added to sessions of the caller,
whose own middlewares stay in place.
"""

from __future__ import annotations

import asyncio
import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ._functools import renew_after_fork
from .errors import ConfigurationError
from .http import MAX_REPORT, HttpRequest, HttpResponse
from .model.operations import Operation, R_co
from .rate_limit import RateLimit, SpacedRateLimit
from .transport import guard
from .transport.aiohttp_body import Sending
from .transport.aiohttp_route import Route, close_unusable, no_response, session_setting
from .transport.calls import DEFAULT_TIMEOUT, BaseClient, Call
from .transport.compression import response_from
from .transport.errors import CLIENT_CLOSED, answered_by_cache, consumed_response, raise_if_not_recorded, unusable_url
from .transport.exchange import GatewayAccount, NoResponse, Pause, Reserve, SlowDown
from .transport.fetching import file_from_response, link_request, user_agent
from .transport.keep_alive import KEEP_ALIVE, parse_keep_alive
from .transport.proxies import environment_proxy
from .transport.retries import Retries

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from types import TracebackType

    import aiohttp
    from yarl import URL

__all__ = ["AsyncClient"]


OTHER_PROCESS = (
    "no event loop of this process is running, or the AsyncClient was used before a fork: "
    "create it, its session and its event loop in the process that calls it"
)


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
        keep_alive: float = KEEP_ALIVE,
    ) -> None:
        super().__init__(account, timeout, retries, observer, session, _aiohttp().ClientSession)
        self._keep_alive = parse_keep_alive(keep_alive)
        connect, read = self._timeout
        # aiohttp counts the total from the beginning, so a response may use the time that connecting did not need. `connect`
        # is for all addresses together, the lookup of the name included, and `sock_connect` for each. With a session that
        # limits connections, `connect` would also count the time in which a call waits for one.
        for_all = connect if self._own else None
        self._limits = _aiohttp().ClientTimeout(total=connect + read, connect=for_all, sock_connect=connect)
        self._session = session
        self._loop: asyncio.AbstractEventLoop | None = None
        #: The process that the session belongs to, and the event loop of the process that this one was forked from.
        self._process = os.getpid()
        self._inherited_loop: asyncio.AbstractEventLoop | None = None
        renew_after_fork(self)
        self._proxy: str | None = None
        self._url: URL | None = None
        #: The headers of which our own session sends all but the Content-Type with each request. An account's requests have the
        #: same ones, as a rule, and aiohttp need not merge them again each time.
        self._headers: Mapping[str, str] | None = None
        self._content_type: dict[str, str] = {}
        #: True once aiohttp has called the write method of a body. From then on, a body whose write method was not called has
        #: not been sent.
        self._reports_writes = False

    async def call(self, operation: Operation[R_co], *, once: bool = False) -> R_co:
        """Send an operation to the gateway and return its reply; raises what :meth:`skymms.Client.call` raises."""
        sending = Sending()
        call = Call(self.account, operation, self._retries, self._observer, sending.may_have_left, once=once)
        try:
            step = call.start()
            while step is not None:
                if isinstance(step, HttpRequest):
                    step = call.advance(await self._send(step, sending))
                else:
                    step = call.advance(await self._wait(step))
            return call.finish()
        except BaseException as error:
            call.fail(error)
            raise

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
            proxy = environment_proxy(url) if use_environment else session_setting(session, "_default_proxy", None)
            outcome = await self._request(bare, link, escaped, limit, proxy, Sending())
        return file_from_response(outcome, link, limit)

    async def _wait(self, step: Pause | Reserve | SlowDown) -> float | None:
        if isinstance(step, Reserve):
            return await _reserve(step.rate_limit)
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
        else:
            await _without_blocking(step.rate_limit, step.rate_limit.slow_down, step.seconds)
        return None

    async def _send(self, request: HttpRequest, sending: Sending) -> HttpResponse | NoResponse:
        try:
            url = self._url_of(request)
        except ValueError:
            return unusable_url(request, "aiohttp")
        if isinstance(session := self._open_session(request.headers), NoResponse):
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
        sending: Sending,
    ) -> HttpResponse | NoResponse:
        """Send a request and return its response, read up to just above ``limit`` bytes, or why there is none."""
        # A middleware of the caller's may send the body in another way, so that its write method is not called.
        plain = bool(request.body) and (self._own or not session_setting(session, "_middlewares", ()))
        # VCR.py replaces this method. It can filter a key out of bytes only, and compare and store nothing else.
        session_class: Any = type(session)
        recorded = hasattr(session_class._request, "__wrapped__")
        sending.start(reports_writes=plain and not recorded and self._reports_writes)
        response = None
        # Nothing can change a POST request in a session of its own: without a middleware of ours it takes 10 µs less.
        changeable = not self._own or request.method != "POST" or proxy is not None or guard.is_active()
        route = Route(session, self._keep_alive) if changeable else None
        if route is None:
            close_unusable(session, self._keep_alive)
        try:
            response = await session.request(
                request.method,
                url,
                data=(request.body if recorded else sending.body(request.body)) if request.body else None,
                headers=self._content_type if request.headers is self._headers else request.headers,
                allow_redirects=False,
                raise_for_status=False,
                proxy=proxy,
                timeout=self._limits,
                middlewares=route.middlewares(request.method) if route else (),
                auto_decompress=False,
            )
            if (cached := answered_by_cache(response, request)) is not None:
                return cached
            content = response.content
            # A response of the usual length is complete after one read.
            body = await content.readany()
            if not content.at_eof():
                body = await _read_on(content, body, limit)
            elif len(body) < content.total_bytes:
                # A middleware or a trace of the session has read it before.
                body = await response.read()
                if len(body) < content.total_bytes:
                    return consumed_response(request, "response.read() or response.text()")
            return response_from(response.status, response.headers, body, limit)
        except (_aiohttp().ClientError, TimeoutError, OSError, ValueError) as error:
            return no_response(error, request, sending.maybe, (route and route.proxy) or proxy)
        except Exception as error:
            raise_if_not_recorded(error, request)
            raise
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

    def _open_session(self, headers: Mapping[str, str] = MappingProxyType({})) -> aiohttp.ClientSession | NoResponse:
        """Return the session, or why it cannot be used; our own session is created in the event loop of the first call.

        Without a proxy, our own session has ``headers``, those of the first request, except for the Content-Type.
        """
        if self._closed:
            return CLIENT_CLOSED
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # for example in a process that a coroutine has forked
            raise ConfigurationError(OTHER_PROCESS) from None
        if self._process != os.getpid() or loop is self._inherited_loop:
            raise ConfigurationError(OTHER_PROCESS)
        if self._session is None:
            aiohttp = _aiohttp()
            keep = {"keepalive_timeout": self._keep_alive} if self._keep_alive else {"force_close": True}
            self._proxy = environment_proxy(self.account.address)
            # aiohttp would send them, and with them the key, to a proxy, too.
            self._headers = headers if self._proxy is None else None
            shared = dict(self._headers or {})
            content_type = shared.pop("Content-Type", None)
            self._content_type = {} if content_type is None else {"Content-Type": content_type}
            self._session = aiohttp.ClientSession(
                # The tasks of the caller limit the number of connections.
                connector=aiohttp.TCPConnector(limit=0, **keep),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": user_agent(), **shared},
            )
            self._loop = loop
        elif self._session.closed:
            return NoResponse(
                "the session that was passed in is closed; nothing was sent: pass an open session", left=False, transient=False
            )
        if self._loop is None:
            self._loop = session_setting(self._session, "_loop", loop)
        if self._loop is not loop:
            raise ConfigurationError(
                "an AsyncClient and its session belong to one event loop: create them in the event loop that calls them"
            )
        return self._session

    def renew_after_fork(self) -> None:
        """Give up its own session in a process that was just forked. It is called by itself."""
        if not self._own:
            return
        self._process = os.getpid()
        if self._session is not None:
            # Closing the connections would also remove them from the event loop of the other process: the two share what the
            # loop waits on. So they are left as they are, and that loop is not used here.
            connector: Any = self._session.connector
            connector._closed = True
            self._inherited_loop = self._loop
            self._session = self._loop = None

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
