"""Prepares each request of aiohttp, and turns the errors of aiohttp into the reason why there is no response.

By itself aiohttp sends a GET request again if a kept connection turns out to be closed. A GET request can send a message
(dialect ``skycore-get``), so a middleware prevents that. It also uses connections that the server has closed while the event
loop was busy with something else.
"""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Any

from ..http import HttpRequest
from . import guard
from .certificates import unusable_default_files
from .errors import (
    connection_broke,
    not_connected,
    refused_by_proxy,
    timed_out,
    untrusted_certificate,
    unusable_proxy,
    unusable_url,
)
from .exchange import NoResponse
from .proxies import bypasses_environment

if TYPE_CHECKING:
    import aiohttp


UNUSABLE_PROXY = "AsyncClient needs an http:// or https:// URL; for SOCKS use Client, with pip install 'requests[socks]'"


def session_setting(session: aiohttp.ClientSession, name: str, default: Any) -> Any:
    """Return a setting of a session that aiohttp does not publish: its middlewares, its proxy, its loop.

    The middlewares of a request replace those of its session, and leaving out the caller's, which may sign requests, would be
    worse than reading a private attribute.
    """
    return getattr(session, name, default)


class UnusableProxyError(ValueError):
    """aiohttp would write the request, with the API key, to a proxy that speaks another protocol."""


class Route:
    """The way of one request: its proxy and its connection. It is the innermost middleware, so it runs just before connecting.

    ``proxy`` is the proxy that was used, once the request has come this far.
    """

    __slots__ = ("_keep_alive", "_session", "proxy")

    def __init__(self, session: aiohttp.ClientSession, keep_alive: float) -> None:
        self._session = session
        self._keep_alive = keep_alive
        self.proxy: str | None = None

    def middlewares(self, method: str) -> tuple[Any, ...]:
        """Return the middlewares of the request, which replace those of its session."""
        own: tuple[Any, ...] = session_setting(self._session, "_middlewares", ())
        # aiohttp repeats GET requests only. The outermost middleware also sees what the caller's middlewares raise.
        return (_send_once, *own, self) if method == "GET" else (*own, self)

    async def __call__(self, request: Any, handler: Any) -> Any:
        """Choose the proxy, close the kept connections that cannot be used, and go on."""
        if request.proxy is not None:
            self._check_proxy(request)
        if guard.is_active():
            guard.check(request.url.host or "", request.proxy.host if request.proxy else None)
        close_unusable(self._session, self._keep_alive, request.connection_key)
        return await handler(request)

    def _check_proxy(self, request: Any) -> None:
        host = request.url.host or ""
        from_environment = self._session.trust_env and session_setting(self._session, "_default_proxy", None) is None
        if guard.is_loopback(host) or (from_environment and bypasses_environment(str(request.url))):
            request.update_proxy(None, None, None)
            return
        self.proxy = str(request.proxy)
        if request.proxy.scheme not in {"http", "https"} or not request.proxy.host:
            raise UnusableProxyError


def close_unusable(session: aiohttp.ClientSession, keep_alive: float, key: Any = None) -> None:
    """Close the kept connections that were idle for too long, or that have something to read: the end, usually.

    aiohttp takes the first connection that is open, and learns of its end only when the event loop runs. ``key`` is aiohttp's
    key of a host; without it the connections to all hosts are looked at.
    """
    kept: dict[Any, Any] = getattr(session.connector, "_conns", {})
    oldest = time.monotonic() - keep_alive
    for idle in kept.values() if key is None else [kept.get(key, ())]:
        for connection, since in idle:
            if not connection.is_connected():
                continue
            sock = connection.transport.get_extra_info("socket")
            if since >= oldest and not (sock and _has_something_to_read(sock)):
                break
            connection.close()


def _has_something_to_read(sock: Any) -> bool:
    if _new_poll is None:  # on Windows
        return bool(select.select([sock], [], [], 0)[0])
    poll = _new_poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


_new_poll = getattr(select, "poll", None)


async def _send_once(request: Any, handler: Any) -> Any:
    """Replace the errors after which aiohttp sends a GET request again by one after which it does not."""
    import aiohttp

    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientPayloadError(type(error).__name__) from error


# ------------------------------------------------------------------------------------------------ errors


def no_response(error: BaseException, request: HttpRequest, maybe: bool, proxy: str | None) -> NoResponse:
    """Return why a request has no response; ``maybe`` is whether it may have left.

    The text of the error is not used: it contains the URL, and the URL of a GET request contains the API key.
    """
    import aiohttp

    if isinstance(error, UnusableProxyError):
        return unusable_proxy(proxy or "", UNUSABLE_PROXY)
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, aiohttp.ServerFingerprintMismatch)):
        return untrusted_certificate(request, unusable_default_files())
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return refused_by_proxy(request, proxy, error.status)
    if isinstance(error, aiohttp.InvalidURL):
        from_url = isinstance(error, aiohttp.InvalidUrlClientError) or proxy is None
        return unusable_url(request, "aiohttp") if from_url else unusable_proxy(proxy or "", UNUSABLE_PROXY)
    never_connected = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
    if never_connected or not maybe:
        reason = getattr(error, "strerror", None) or type(error).__name__
        # A call that timed out while it waited for a free connection of the session is not retried: it would wait again.
        transient = never_connected or not isinstance(error, TimeoutError)
        return not_connected(request, reason, proxy, transient=transient)
    if isinstance(error, TimeoutError):
        return timed_out(request, proxy)
    return connection_broke(request, type(error).__name__, proxy)
