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

from . import guard
from .account import HttpRequest, HttpResponse
from .errors import ConfigurationError, SkymmsError
from .exchange import AnyAccount, Exchange, Lost, Pause, Retries
from .operations import Operation, R_co
from .reports import MOST_REPORT
from .transport import TIMEOUT, both, failed, file_in, log, told, unpacked, user_agent

if TYPE_CHECKING:
    from types import TracebackType

    import aiohttp
    from yarl import URL


class AsyncClient:
    """Calls a gateway from a coroutine. Safe with hundreds of tasks; an asynchronous context manager.

    The arguments are those of :class:`skymms.Client`; ``session`` is an ``aiohttp.ClientSession`` of yours, for pools, proxies
    and TLS settings, and is left open. The whole answer has to be there within ``connect`` and ``read`` together. A call that
    is cancelled after its request may have left says so: the ``CancelledError`` has ``sent_maybe``, and a note.
    """

    def __init__(
        self,
        account: AnyAccount,
        *,
        timeout: float | tuple[float, float] = TIMEOUT,
        retries: Retries | int = Retries(),  # noqa: B008 (a frozen value)
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self.account = account
        connect, read = both(timeout)
        # The whole of the answer has what connecting leaves of both: aiohttp counts from the beginning.
        self._limits = _aiohttp().ClientTimeout(total=connect + read, sock_connect=connect)
        self._retries = Retries.of(retries)
        self._session = session
        self._own = session is None
        self._proxy: str | None = None
        self._address: URL | None = None

    async def call(self, operation: Operation[R_co]) -> R_co:
        """Do what ``operation`` says and return its reply; raises what :meth:`skymms.Client.call` raises."""
        started = time.monotonic()
        try:
            exchange = Exchange(self.account, operation, retries=self._retries, random=random.random)
            while exchange.wants is not None:
                exchange.tell(await self._do(exchange.wants))
        except SkymmsError as error:
            told(operation, failed(error), started)
            raise
        except asyncio.CancelledError as cancelled:
            # Attributes, no class of our own: asyncio.timeout() knows its cancellation by the exact class.
            exchange.stop(cancelled)
            if getattr(cancelled, "sent_maybe", False):
                cancelled.add_note("skymms: the request may have arrived; look for its postbacks before sending again")
            raise
        told(operation, "done", started)
        return exchange.result

    async def fetch(self, url: str, *, limit: int = MOST_REPORT) -> bytes:
        """The file behind a link that the gateway gave, such as a report's; ``limit`` is in bytes.

        It is asked for once, at that very address: no redirect is followed, and neither the key nor the headers, credentials,
        cookies and middlewares of a session of yours go there. Raises what :meth:`skymms.Client.fetch` raises.
        """
        aiohttp = _aiohttp()
        link = HttpRequest("GET", url, {"User-Agent": user_agent(), "Accept-Encoding": "identity"})
        try:
            # A blank, or a letter beyond ASCII, has to be written out; anything else goes out as the gateway spelled it.
            address = _url(url, encoded=url.isascii() and " " not in url)
            usable = address.scheme in {"http", "https"} and bool(address.host)
        except ValueError:  # a bracket that is never closed, a port that is no number
            usable = False
        if not usable:
            raise ConfigurationError("the link is no http(s) address")
        session = self._opened()
        # A session's headers and credentials cannot be left out of a request, so this one has a session without any.
        bare = aiohttp.ClientSession(connector=session.connector, connector_owner=False, cookie_jar=aiohttp.DummyCookieJar())
        async with bare:
            proxy = _proxy(url) if self._own or session.trust_env else _of_the_caller(session, "_default_proxy", None)
            got = await self._ask(bare, link, address, limit, proxy)
        return file_in(got, link, limit)

    async def _do(self, want: HttpRequest | Pause) -> HttpResponse | Lost | None:
        if isinstance(want, Pause):
            if want.again:
                log.info("waiting %.1f s before trying again", want.seconds)
            await asyncio.sleep(want.seconds)
            return None
        return await self._perform(want)

    async def _perform(self, request: HttpRequest) -> HttpResponse | Lost:
        try:
            address = self._placed(request.url)
        except ValueError:
            return Lost(f"{request.place} is no address aiohttp can use; nothing was sent", left=False, transient=False)
        return await self._ask(self._opened(), request, address, self.account.most_answer, self._proxy)

    async def _ask(
        self, session: aiohttp.ClientSession, request: HttpRequest, address: URL, limit: int, proxy: str | None
    ) -> HttpResponse | Lost:
        """The answer, as much of it as shows that it is longer than ``limit``, or why there is none."""
        try:
            async with session.request(
                request.method,
                address,
                data=request.body or None,
                headers=request.headers,
                allow_redirects=False,
                proxy=proxy,
                timeout=self._limits,
                middlewares=_around(session, request.method),
                auto_decompress=False,
            ) as answer:
                content = answer.content
                # An answer of the usual length is there at once, and then this is all the reading there is.
                body = bytearray(await content.readany())
                while len(body) <= limit and not content.at_eof():
                    body += await content.readany()
                if len(body) > limit:
                    answer.close()
                packed = answer.headers.get("Content-Encoding")
                return HttpResponse(answer.status, answer.headers, unpacked(bytes(body), packed, limit))
        except (_aiohttp().ClientError, TimeoutError, OSError, ValueError) as error:
            return _lost(error, request)

    def _placed(self, url: str) -> URL:
        """An address as aiohttp takes it. That of the gateway stays the same from call to call; a GET's has the message."""
        if url != self.account.address:
            return _url(url, encoded=True)
        if self._address is None:
            self._address = _url(url, encoded=True)
        return self._address

    def _opened(self) -> aiohttp.ClientSession:
        """The session; ours is made within the event loop that first needs it."""
        if self._session is None:
            aiohttp = _aiohttp()
            self._session = aiohttp.ClientSession(
                # As many connections as there are tasks that call.
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": user_agent(), "Accept-Encoding": "identity"},
            )
            self._proxy = _proxy(self.account.address)
        return self._session

    async def close(self) -> None:
        """Close the connections; a session that was passed in stays open."""
        if self._own and self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<AsyncClient {self.account.name} {self.account.address}>"


def _proxy(address: str) -> str | None:
    """The proxy that the environment names for an address, asked once: aiohttp would ask a thread at every call."""
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(address)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


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
    """What a session was made with. aiohttp tells neither its middlewares nor its proxy in public, and takes other
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
    if not guard.up():
        return around
    # The guard of tests comes last: whatever stands in for a gateway has answered by then.
    return (*(theirs if around is None else around), _on_this_machine)


async def _on_this_machine(request: Any, handler: Any) -> Any:
    guard.check(request.url.host or "", request.proxy.host if request.proxy else None)
    return await handler(request)


def _lost(error: BaseException, request: HttpRequest) -> Lost:
    """Why there is no answer, without the error's own words: they quote the address, and a GET's holds the key."""
    aiohttp = _aiohttp()
    place = request.place
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Lost(f"the certificate of {place} was not accepted; nothing was sent", left=False, transient=False)
    # Only these mean that no byte of the request left.
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
        reason = getattr(error, "strerror", None) or type(error).__name__
        return Lost(f"no connection to {place}: {reason}; nothing was sent", left=False)
    if isinstance(error, TimeoutError):
        return Lost(f"no whole answer from {place} in time; the request may have arrived", left=True)
    return Lost(f"the connection to {place} broke ({type(error).__name__}); the request may have arrived", left=True)
