"""An adapter for requests whose read time-out covers the whole response, not each read.

requests passes its time-out to the socket, where it starts again with every byte: a server that sent its response byte by byte
held a call with a time-out of one second for six seconds. Here each read gets the time that is left. The adapter also never
repeats a request, so a change of urllib3's defaults cannot send a message twice. Proxies, certificates and keep-alive work as
in requests.
"""

from __future__ import annotations

import http
import http.client
import io
import threading
import time
from collections import OrderedDict
from functools import partial
from typing import Any

from requests import PreparedRequest, Session
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import parse_url

from . import guard

#: Connections kept open to one gateway: as many as the threads that a program is likely to send from.
POOL_SIZE = 64


class DeadlineAdapter(HTTPAdapter):
    """An ``HTTPAdapter`` whose read time-out is a deadline for the whole response, and which never repeats a request."""

    #: How many clients have mounted this adapter on a session of the caller.
    users = 0

    def __init__(self, pool_connections: int = 4, pool_maxsize: int = POOL_SIZE, pool_block: bool = False) -> None:
        super().__init__(pool_connections, pool_maxsize, max_retries=0, pool_block=pool_block)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """Return the pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if isinstance(manager.pool_classes_by_scheme.get("http"), type) and "SOCKS" not in type(manager).__name__:
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the pool for a request; the guard is checked here. Mocking libraries replace ``send``, which runs earlier."""
        if guard.is_active():
            proxy = select_proxy(request.url or "", proxies)
            guard.check(parse_url(request.url or "").host or "", parse_url(proxy).host if proxy else None)
        return super().get_connection_with_tls_context(request, verify, proxies, cert)


def mount(session: Session, address: str) -> str | None:
    """Mount our adapter on a caller's session for this URL and return the prefix; None if the session has a special adapter."""
    with _MOUNTING:
        present = session.get_adapter(address)
        if isinstance(present, DeadlineAdapter) and present.users:
            # Mounted by another client. It stays until the last of these clients is closed.
            present.users += 1
            return next(prefix for prefix, adapter in session.adapters.items() if adapter is present)
        if type(present) is not HTTPAdapter:
            return None
        # Keep the pool sizes that the caller chose. __getstate__ is the only public way to read them.
        chosen: Any = present.__getstate__()
        mounted = DeadlineAdapter(chosen["_pool_connections"], chosen["_pool_maxsize"], chosen["_pool_block"])
        mounted.users = 1
        # Sorted as in session.mount, the longest prefix first, but replaced at once: another thread may be choosing an adapter.
        every = [*session.adapters.items(), (address.lower(), mounted)]
        session.adapters = OrderedDict(sorted(every, key=lambda item: -len(item[0])))
        return address.lower()


def unmount(session: Session, prefix: str | None) -> None:
    """Remove our adapter from a caller's session, unless another client still uses it."""
    with _MOUNTING:
        mounted = session.adapters.get(prefix or "")
        if isinstance(mounted, DeadlineAdapter) and mounted.users:
            mounted.users -= 1
            if not mounted.users:
                session.adapters = OrderedDict(item for item in session.adapters.items() if item[0] != prefix)


#: Clients in several threads may share a session.
_MOUNTING = threading.Lock()


class _DeadlineConnection:
    """A connection whose response has to be complete within the time-out, counted from sending the request."""

    timeout: float | None
    response_class: Any

    def connect(self) -> None:
        """Connect, including TLS. An error in here happened before any byte of the request left.

        The error is marked with the time, because the same exception object may end another call later.
        """
        if isinstance(self.timeout, (int, float)):
            # The response of a proxy to CONNECT has a deadline too.
            self.response_class = partial(_TimedResponse, deadline=time.monotonic() + self.timeout)
        try:
            super().connect()  # type: ignore[misc]
        except BaseException as error:
            error.before_sending = time.monotonic()  # type: ignore[attr-defined]
            raise
        finally:
            self.__dict__.pop("response_class", None)

    def getresponse(self) -> Any:
        if not isinstance(self.timeout, (int, float)):
            return super().getresponse()  # type: ignore[misc]
        self.response_class = partial(_TimedResponse, deadline=time.monotonic() + self.timeout)
        try:
            return super().getresponse()  # type: ignore[misc]
        finally:
            # A later reconnection through a tunnel uses this class too, and must not get an old deadline.
            del self.response_class


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, deadline: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_TimedReads(raw, sock, deadline))

    def begin(self) -> None:
        """Read the head of the final response. http.client skips only status 100 of the preliminary responses 1xx."""
        super().begin()
        while 100 <= self.status < 200:
            if self.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
                # We never request an upgrade, and the following bytes are not HTTP.
                raise http.client.HTTPException("switched protocols")
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()


class _TimedReads(io.RawIOBase):
    def __init__(self, raw: Any, sock: Any, deadline: float) -> None:
        self._raw, self._sock, self._deadline = raw, sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the response was not complete in time")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)  # type: ignore[no-any-return]

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _TimedHTTP(_DeadlineConnection, HTTPConnection):
    pass


class _TimedHTTPS(_DeadlineConnection, HTTPSConnection):
    pass


class _PoolHTTP(HTTPConnectionPool):
    ConnectionCls: Any = _TimedHTTP


class _PoolHTTPS(HTTPSConnectionPool):
    ConnectionCls: Any = _TimedHTTPS


_POOLS = {"http": _PoolHTTP, "https": _PoolHTTPS}
