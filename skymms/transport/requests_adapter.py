"""An adapter for requests that keeps one promise: the read time-out holds for the whole answer, not for each read.

requests hands its time-out to the socket, where it starts anew with every byte: a server that drips held a call with a
time-out of one second for six. Here every read is given what is left of the time. It also never repeats a request, whatever
urllib3's defaults become. Everything else (proxies, certificates, keep-alive) is requests' own.
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

#: Connections kept to one gateway: as many as threads that a program is likely to send from.
POOL_SIZE = 64


class DeadlineAdapter(HTTPAdapter):
    """`requests.adapters.HTTPAdapter` whose read time-out is a deadline, and which sends once."""

    #: How many clients have it mounted on a session that is not theirs.
    users = 0

    def __init__(self, pool_connections: int = 4, pool_maxsize: int = POOL_SIZE, pool_block: bool = False) -> None:
        super().__init__(pool_connections, pool_maxsize, max_retries=0, pool_block=pool_block)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """The pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """The pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if isinstance(manager.pool_classes_by_scheme.get("http"), type) and "SOCKS" not in type(manager).__name__:
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """The pool a request goes to, and the last step before it goes: `send` is what stand-ins for requests replace."""
        if guard.is_active():
            proxy = select_proxy(request.url or "", proxies)
            guard.check(parse_url(request.url or "").host or "", parse_url(proxy).host if proxy else None)
        return super().get_connection_with_tls_context(request, verify, proxies, cert)


def mount(session: Session, address: str) -> str | None:
    """Give a caller's session our adapter for this address, and tell where; None where it has one of its own there."""
    with _MOUNTING:
        present = session.get_adapter(address)
        if isinstance(present, DeadlineAdapter) and present.users:
            # Another client's, which stays until the last of them is closed.
            present.users += 1
            return next(prefix for prefix, adapter in session.adapters.items() if adapter is present)
        if type(present) is not HTTPAdapter:
            return None
        # What the caller chose for the pools is kept; requests names it in what it pickles of an adapter.
        chosen: Any = present.__getstate__()
        mounted = DeadlineAdapter(chosen["_pool_connections"], chosen["_pool_maxsize"], chosen["_pool_block"])
        mounted.users = 1
        # As session.mount does, the longest first, but in one step: another thread may be looking for its adapter.
        every = [*session.adapters.items(), (address.lower(), mounted)]
        session.adapters = OrderedDict(sorted(every, key=lambda item: -len(item[0])))
        return address.lower()


def unmount(session: Session, prefix: str | None) -> None:
    """Take our adapter away where nobody else's client needs it."""
    with _MOUNTING:
        mounted = session.adapters.get(prefix or "")
        if isinstance(mounted, DeadlineAdapter) and mounted.users:
            mounted.users -= 1
            if not mounted.users:
                session.adapters = OrderedDict(item for item in session.adapters.items() if item[0] != prefix)


#: Clients of several threads may share a session.
_MOUNTING = threading.Lock()


class _DeadlineConnection:
    """A connection whose answers have until the time-out, counted from when the request has left."""

    timeout: float | None
    response_class: Any

    def connect(self) -> None:
        """Make the connection, TLS and all. What goes wrong here went wrong before a byte of the request had left.

        The error says when, for one that is raised again may end another call later.
        """
        if isinstance(self.timeout, (int, float)):
            # A proxy's answer to CONNECT has its deadline too.
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
            # The tunnel of a later reconnection reads with this class too, and must not meet an old deadline.
            del self.response_class


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, deadline: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_TimedReads(raw, sock, deadline))

    def begin(self) -> None:
        """Read the head of the answer itself: a preliminary one, of which http.client knows only 100, is passed over."""
        super().begin()
        while 100 <= self.status < 200:
            if self.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
                # Nobody asked for it, and what follows is no HTTP.
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
            raise TimeoutError("the whole answer took too long")
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
    ConnectionCls = _TimedHTTP


class _PoolHTTPS(HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPS


_POOLS = {"http": _PoolHTTP, "https": _PoolHTTPS}
