"""The client over aiohttp: the same calls, the same decisions, and `await`.

aiohttp comes with the extra ``skymms[async]`` and is imported when the first client is used. It repeats a GET by itself when a
kept connection turns out to be gone, and our GET sends a message: a middleware takes that out of its hands, in sessions of the
caller's too.
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
from .transport import TIMEOUT, both, failed, log, told, unpacked, user_agent

if TYPE_CHECKING:
    from types import TracebackType

    import aiohttp


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

    async def _do(self, want: HttpRequest | Pause) -> HttpResponse | Lost | None:
        if isinstance(want, Pause):
            if want.again:
                log.info("waiting %.1f s before trying again", want.seconds)
            await asyncio.sleep(want.seconds)
            return None
        return await self._perform(want)

    async def _perform(self, request: HttpRequest) -> HttpResponse | Lost:
        aiohttp = _aiohttp()
        from yarl import URL

        most = self.account.most_answer
        try:
            address = URL(request.url, encoded=True)
        except ValueError:
            return Lost(f"{request.place} is no address aiohttp can use; nothing was sent", left=False, transient=False)
        session = self._opened()
        # Only what aiohttp takes for harmless does it repeat.
        around = (_once,) if request.method == "GET" else None
        try:
            async with session.request(
                request.method,
                address,
                data=request.body or None,
                headers=request.headers,
                allow_redirects=False,
                proxy=self._proxy,
                timeout=self._limits,
                middlewares=_guarded(session, around) if guard.up() else around,
                auto_decompress=False,
            ) as answer:
                body = b""
                async for piece in answer.content.iter_any():
                    body += piece
                    if len(body) > most:
                        answer.close()
                        break
                return HttpResponse(answer.status, answer.headers, unpacked(body, answer.headers.get("Content-Encoding"), most))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return _lost(error, request)

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


async def _once(request: Any, handler: Any) -> Any:
    """Turn the errors after which aiohttp would send a GET again into one after which it does not."""
    aiohttp = _aiohttp()
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientPayloadError(type(error).__name__) from error


def _guarded(session: aiohttp.ClientSession, around: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """What stands around a request in a test: the guard comes last, after the session's own, which naming any here replaces."""
    return (*(getattr(session, "_middlewares", ()) if around is None else around), _on_this_machine)


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
