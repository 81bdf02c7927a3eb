"""The client over aiohttp: the same calls, the same decisions, and `await`.

aiohttp comes with the extra ``skymms[async]`` and is imported when the first client is used. It repeats a GET by itself when a
kept connection turns out to be gone, and our GET sends a message: a middleware takes that out of its hands, in sessions of the
caller's too, whose own middlewares stay in place.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

from ._functools import memoize
from .errors import ConfigurationError, SkymmsError
from .http import HttpRequest, HttpResponse
from .model.operations import Operation, R_co
from .redaction import strip_credentials
from .reports import MAX_REPORT
from .transport import guard
from .transport.calls import (
    CLIENT_CLOSED,
    DEFAULT_TIMEOUT,
    check_arguments,
    file_from_response,
    link_request,
    parse_timeout,
    user_agent,
)
from .transport.compression import decompress_if_possible
from .transport.exchange import Exchange, GatewayAccount, NoResponse, Pause
from .transport.logging import describe_error, describe_interruption, log_call, logger
from .transport.retries import Retries

if TYPE_CHECKING:
    from types import TracebackType

    import aiohttp
    from yarl import URL


class AsyncClient:
    """Calls a gateway from a coroutine. Safe with hundreds of tasks of one event loop; an asynchronous context manager.

    The arguments are those of :class:`skymms.Client`; ``session`` is an ``aiohttp.ClientSession`` of yours, for pools, proxies
    and TLS settings, and is left open. The whole answer has to be there within ``connect`` and ``read`` together. A call that
    is cancelled after its request may have left says so: the ``CancelledError`` has ``sent_maybe``, and a note.
    """

    def __init__(
        self,
        account: GatewayAccount,
        *,
        timeout: float | tuple[float, float] = DEFAULT_TIMEOUT,
        retries: Retries | int = Retries(),  # noqa: B008 (a frozen value)
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        check_arguments(account, session, _aiohttp().ClientSession)
        self.account = account
        connect, read = parse_timeout(timeout)
        # The whole of the answer has what connecting leaves of both: aiohttp counts from the beginning.
        self._limits = _aiohttp().ClientTimeout(total=connect + read, sock_connect=connect)
        self._retries = Retries.of(retries)
        self._session = session
        self._own = session is None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._proxy: str | None = None
        self._address: URL | None = None
        #: Whether a body of ours was ever seen to leave: then one that was not seen to has not.
        self._telling = False

    async def call(self, operation: Operation[R_co]) -> R_co:
        """Do what ``operation`` says and return its reply; raises what :meth:`skymms.Client.call` raises."""
        started = time.monotonic()
        exchange = None
        leaving = _Leaving()
        try:
            exchange = Exchange(self.account, operation, retries=self._retries, random=random.random)
            while exchange.next_step is not None:
                exchange.advance(await self._do(exchange.next_step, leaving))
        except SkymmsError as error:
            log_call(operation, describe_error(error), started, error.sent_maybe)
            raise
        except BaseException as error:
            # A cancellation above all. Attributes, no class of our own: asyncio.timeout() knows its own by the exact class.
            if exchange is not None:
                exchange.interrupt(error, left=leaving.maybe)
                if getattr(error, "sent_maybe", False):
                    error.add_note("skymms: the request may have arrived; look for its postbacks before sending again")
                log_call(operation, describe_interruption(error), started, error.sent_maybe)  # type: ignore[attr-defined]
            raise
        log_call(operation, "done", started, not operation.repeatable)
        return exchange.result

    async def fetch(self, url: str, *, limit: int = MAX_REPORT) -> bytes:
        """The file behind a link that the gateway gave, such as a report's; ``limit`` is in bytes.

        It is asked for once, at that very address: no redirect is followed, and neither the key nor the headers, credentials,
        cookies and middlewares of a session of yours go there. Raises what :meth:`skymms.Client.fetch` raises.
        """
        aiohttp = _aiohttp()
        link = link_request(url)
        # A blank, or a letter beyond ASCII, has to be written out; anything else goes out as the gateway spelled it.
        address = _url(url, encoded=url.isascii() and " " not in url)
        if isinstance(session := self._opened(), NoResponse):
            return file_from_response(session, link, limit)
        # A session's headers and credentials cannot be left out of a request, so this one has a session without any.
        bare = aiohttp.ClientSession(connector=session.connector, connector_owner=False, cookie_jar=aiohttp.DummyCookieJar())
        async with bare:
            proxy = _proxy(url) if self._own or session.trust_env else _of_the_caller(session, "_default_proxy", None)
            got = await self._ask(bare, link, address, limit, proxy, _Leaving())
        return file_from_response(got, link, limit)

    async def _do(self, want: HttpRequest | Pause, leaving: _Leaving) -> HttpResponse | NoResponse | None:
        if isinstance(want, Pause):
            if want.again:
                logger.info("waiting %.1f s before trying again", want.seconds)
            await asyncio.sleep(want.seconds)
            return None
        try:
            address = self._placed(want.url)
        except ValueError:
            return NoResponse(f"{want.safe_url} is no address aiohttp can use; nothing was sent", left=False, transient=False)
        if isinstance(session := self._opened(), NoResponse):
            return session
        got = await self._ask(session, want, address, self.account.max_response, self._proxy, leaving)
        self._telling = self._telling or leaving.seen
        return got

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        request: HttpRequest,
        address: URL,
        limit: int,
        proxy: str | None,
        leaving: _Leaving,
    ) -> HttpResponse | NoResponse:
        """The answer, as much of it as shows that it is longer than ``limit``, or why there is none."""
        # A middleware of the caller's may send the body by another way, and then nothing is told by the one that we see.
        plain = bool(request.body) and not _of_the_caller(session, "_middlewares", ())
        leaving.begin(telling=plain and self._telling)
        answer = None
        try:
            answer = await session.request(
                request.method,
                address,
                data=leaving.body(request.body) if request.body else None,
                headers=request.headers,
                allow_redirects=False,
                raise_for_status=False,
                proxy=proxy,
                timeout=self._limits,
                middlewares=_around(session, request.method),
                auto_decompress=False,
            )
            content = answer.content
            # An answer of the usual length is there at once, and then this is all the reading there is.
            body = await content.readany()
            if not content.at_eof():
                body = await _all_of(content, body, limit)
            return HttpResponse(
                answer.status, answer.headers, decompress_if_possible(body, answer.headers.get("Content-Encoding"), limit)
            )
        except (_aiohttp().ClientError, TimeoutError, OSError, ValueError) as error:
            return _lost(error, request, leaving.maybe)
        finally:
            # One that was read to its end is closed, and its connection serves again.
            if answer is not None and not answer.closed:
                answer.close()

    def _placed(self, url: str) -> URL:
        """An address as aiohttp takes it. That of the gateway stays the same from call to call; a GET's has the message."""
        if url != self.account.address:
            return _url(url, encoded=True)
        if self._address is None:
            self._address = _url(url, encoded=True)
        return self._address

    def _opened(self) -> aiohttp.ClientSession | NoResponse:
        """The session, or why there is none; ours is made within the event loop that first needs it."""
        if self._closed:
            return CLIENT_CLOSED
        loop = asyncio.get_running_loop()
        if self._session is None:
            aiohttp = _aiohttp()
            self._session = aiohttp.ClientSession(
                # As many connections as there are tasks that call.
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": user_agent()},
            )
            self._proxy = _proxy(self.account.address)
            self._loop = loop
        elif self._session.closed:
            return NoResponse("the session that was passed in is closed; nothing was sent", left=False, transient=False)
        if self._loop is None:
            self._loop = _of_the_caller(self._session, "_loop", loop)
        if self._loop is not loop:
            raise ConfigurationError("an AsyncClient and its session belong to one event loop: make them in the one that calls")
        return self._session

    async def close(self) -> None:
        """Close the connections; a session that was passed in stays open. What still waits to be repeated is not sent."""
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

    def __repr__(self) -> str:
        return f"<AsyncClient {self.account.name} {strip_credentials(self.account.address)}>"


async def _all_of(content: aiohttp.StreamReader, begun: bytes, limit: int) -> bytes:
    """The body that begins so, or as much of it as is longer than ``limit``."""
    body = bytearray(begun)
    while len(body) <= limit and not content.at_eof():
        body += await content.readany()
    return bytes(body)


def _proxy(address: str) -> str | None:
    """The proxy that the environment names for an address, asked once: aiohttp would ask a thread at every call."""
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(address)
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    named = proxies.get(parts.scheme) or proxies.get("all")
    # As requests has it: without a scheme it is one that speaks HTTP.
    return named if not named or "://" in named else f"http://{named}"


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


def _of_the_caller(session: aiohttp.ClientSession, name: str, without: Any) -> Any:
    """What a session was made with. aiohttp tells its middlewares, its proxy and its loop to nobody in public, and takes other
    middlewares for one request as a replacement; leaving out the caller's, which may sign requests, would be worse."""
    return getattr(session, name, without)


async def _once(request: Any, handler: Any) -> Any:
    """Turn the errors after which aiohttp would send a GET again into one after which it does not."""
    aiohttp = _aiohttp()
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientPayloadError(type(error).__name__) from error


def _around(session: aiohttp.ClientSession, method: str) -> tuple[Any, ...] | None:
    """What stands around a request; None for the session's own middlewares, which naming any here replaces."""
    theirs: tuple[Any, ...] = _of_the_caller(session, "_middlewares", ())
    # Only what aiohttp takes for harmless does it repeat. Outermost, so that nothing gets past it.
    around = (_once, *theirs) if method == "GET" else None
    if not guard.is_active():
        return around
    # The guard of tests comes last: whatever stands in for a gateway has answered by then.
    return (*(theirs if around is None else around), _on_this_machine)


async def _on_this_machine(request: Any, handler: Any) -> Any:
    guard.check(request.url.host or "", request.proxy.host if request.proxy else None)
    return await handler(request)


def _lost(error: BaseException, request: HttpRequest, maybe: bool) -> NoResponse:
    """Why there is no answer, without the error's own words: they quote the address, and a GET's holds the key."""
    aiohttp = _aiohttp()
    place = request.safe_url
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return NoResponse(f"the certificate of {place} was not accepted; nothing was sent", left=False, transient=False)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return NoResponse(
            f"the proxy does not lead to {place} (HTTP {error.status}); nothing was sent", left=False, transient=False
        )
    if isinstance(error, aiohttp.InvalidURL):
        return NoResponse(
            f"{place}, or the proxy to it, is no address aiohttp can use; nothing was sent", left=False, transient=False
        )
    never = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
    if never or not maybe:
        reason = getattr(error, "strerror", None) or type(error).__name__
        # Who waited in vain for one of the session's connections would only wait again.
        again = never or not isinstance(error, TimeoutError)
        return NoResponse(f"no connection to {place}: {reason}; nothing was sent", left=False, transient=again)
    if isinstance(error, TimeoutError):
        return NoResponse(f"no whole answer from {place} in time; the request may have arrived", left=True)
    return NoResponse(f"the connection to {place} broke ({type(error).__name__}); the request may have arrived", left=True)


# ------------------------------------------------------------------------------------------------ what has left


class _Leaving:
    """Whether the body of a request began to leave. aiohttp has it write itself once there is a connection, and not before.

    A gateway can make nothing of a request without its body. A GET has none, and tells nothing.
    """

    __slots__ = ("_telling", "seen")

    def __init__(self) -> None:
        self.begin(telling=False)

    def begin(self, *, telling: bool) -> None:
        """Before a request; ``telling`` where its body would be seen."""
        self._telling = telling
        self.seen = False

    @property
    def maybe(self) -> bool:
        """Whether the request may have left."""
        return self.seen or not self._telling

    def body(self, content: bytes) -> Any:
        """The content, as aiohttp takes it."""
        return _body_class()(content, self)


@memoize
def _body_class() -> Any:
    class Body(_aiohttp().BytesPayload):  # type: ignore[misc]  # aiohttp is imported when it is needed
        def __init__(self, content: bytes, leaving: _Leaving) -> None:
            super().__init__(content)
            self._leaving = leaving

        def write(self, writer: Any) -> Any:
            self._leaving.seen = True
            return super().write(writer)

        def write_with_length(self, writer: Any, content_length: int | None) -> Any:
            self._leaving.seen = True
            return super().write_with_length(writer, content_length)

    return Body
