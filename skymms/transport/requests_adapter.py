"""An adapter for requests with deadlines and with pools of our own, which never repeats a request.

Its deadlines are those of :mod:`skymms.transport.connections`, its pools those of :mod:`skymms.transport.pools`. A change of
urllib3's defaults cannot make it send a message twice. Proxies and certificates work as in requests.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from contextlib import suppress
from functools import partial
from typing import Any

from requests import PreparedRequest, Session
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.util import parse_url

from .._functools import renew_after_fork
from . import guard, recorders
from .connections import close_inherited
from .keep_alive import KEEP_ALIVE, KeepAlive
from .pools import POOLS

#: Connections kept open to one gateway: as many as the threads that a program is likely to send from.
POOL_SIZE = 64


class DeadlineAdapter(HTTPAdapter):
    """An ``HTTPAdapter`` whose read time-out is a deadline for the whole response, and which never repeats a request.

    ``keep_alive`` is how many seconds a connection may be idle and be used again. A process that is forked gets connections of
    its own: two processes that share one read each other's responses.
    """

    _pool_connections: int
    _pool_maxsize: int
    _pool_block: bool

    #: How many clients have mounted this adapter on a session of the caller.
    users: int = 0

    def __init__(
        self,
        pool_connections: int = 4,
        pool_maxsize: int = POOL_SIZE,
        pool_block: bool = False,
        keep_alive: float = KEEP_ALIVE,
    ) -> None:
        self.keep_alive: float = keep_alive
        super().__init__(pool_connections, pool_maxsize, max_retries=0, pool_block=pool_block)

    def __getstate__(self) -> Any:
        """Return what requests pickles, and how long connections are kept."""
        state: Any = super().__getstate__()
        return {"keep_alive": self.keep_alive, **state}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        renew_after_fork(self)
        self._kept = KeepAlive(self.keep_alive)
        self._use_our_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """Return the pools of connections through a proxy."""
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not known and "SOCKS" not in type(manager).__name__:
            self._use_our_pools(manager)
        return manager

    def _use_our_pools(self, manager: Any) -> None:
        manager.pool_classes_by_scheme = {scheme: partial(pool, keep_alive=self._kept) for scheme, pool in POOLS.items()}

    def share(self, keep_alive: float) -> None:
        """Serve one more client, which keeps idle connections for this many seconds; the shortest time counts for all."""
        self.users += 1
        self.keep_alive = self._kept.seconds = min(self.keep_alive, keep_alive)

    def renew_after_fork(self) -> None:
        """Give up the connections of the process that this one was forked from, without using them or their locks."""
        close_inherited()
        self.proxy_manager.clear()
        self.init_poolmanager(self._pool_connections, self._pool_maxsize, block=self._pool_block)

    def close(self) -> None:
        """Close the connections at once. urllib3 leaves that to the garbage collector."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 (not a mapping that can be iterated)
                # Another thread may have removed the pool, because a new one took its place.
                with suppress(KeyError):
                    manager.pools[key].close()
        super().close()

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the pool for a request; the guard is checked here. Mocking libraries replace ``send``, which runs earlier.

        With a cassette of VCR.py, the guard is checked before a request is really sent.
        """
        if guard.is_active() and not recorders.is_recording():
            proxy = select_proxy(request.url or "", proxies)
            guard.check(parse_url(request.url or "").host or "", parse_url(proxy).host if proxy else None)
        return super().get_connection_with_tls_context(request, verify, proxies, cert)


def mount(session: Session, address: str, keep_alive: float) -> str | None:
    """Mount our adapter on a caller's session for this URL and return the prefix; None if the session has a special adapter."""
    with _MOUNTING:
        present = session.get_adapter(address)
        if isinstance(present, DeadlineAdapter) and present.users:
            # Mounted by another client. It stays until the last of these clients is closed.
            present.share(keep_alive)
            return next(prefix for prefix, adapter in session.adapters.items() if adapter is present)
        if type(present) is not HTTPAdapter:
            return None
        # Keep the pool sizes that the caller chose. __getstate__ is the only public way to read them.
        chosen: Any = present.__getstate__()
        sizes = (chosen["_pool_connections"], chosen["_pool_maxsize"], chosen["_pool_block"])
        mounted = DeadlineAdapter(*sizes, keep_alive=keep_alive)
        mounted.users = 1
        # Sorted as in session.mount, the longest prefix first, but replaced at once: another thread may be choosing an adapter.
        every = [*session.adapters.items(), (address.lower(), mounted)]
        session.adapters = OrderedDict(sorted(every, key=lambda item: -len(item[0])))
        return address.lower()


def remount(session: Session, address: str, keep_alive: float, prefix: str | None) -> str | None:
    """Let an adapter take part that the caller has mounted since :func:`mount`; return the prefix of ours, or None.

    A recorder such as betamax mounts its adapter for ``http://`` and ``https://``. Ours has a longer prefix, so the recorder
    would see nothing. Ours is removed while there is such an adapter, and mounted again afterwards.
    """
    below = next(
        (one for other, one in session.adapters.items() if other != prefix and address.lower().startswith(other)), None
    )
    if prefix is not None and prefix in session.adapters:
        if type(below) is HTTPAdapter:
            return prefix
        with _MOUNTING:
            session.adapters = OrderedDict(item for item in session.adapters.items() if item[0] != prefix)
    return mount(session, address, keep_alive)


def unmount(session: Session, prefix: str | None) -> None:
    """Remove our adapter from a caller's session and close it, unless another client still uses it."""
    with _MOUNTING:
        mounted = session.adapters.get(prefix or "")
        if isinstance(mounted, DeadlineAdapter) and mounted.users:
            mounted.users -= 1
            if not mounted.users:
                session.adapters = OrderedDict(item for item in session.adapters.items() if item[0] != prefix)
                mounted.close()


def renew_session(session: Session) -> None:
    """Make a session usable in a process that was just forked: with connections and locks of its own."""
    cookies: Any = session.cookies
    # As RequestsCookieJar does after unpickling. A thread that does not exist here may have held the lock.
    cookies._cookies_lock = threading.RLock()
    for adapter in session.adapters.values():
        # Our own adapters are told by themselves. Others make new pools when they are unpickled.
        if isinstance(adapter, HTTPAdapter) and not isinstance(adapter, DeadlineAdapter):
            plain: Any = adapter
            plain.__setstate__(plain.__getstate__())


#: Clients in several threads may share a session.
_MOUNTING = threading.Lock()
if hasattr(os, "register_at_fork"):
    # Nobody holds it at a fork, so it is free in the new process.
    os.register_at_fork(before=_MOUNTING.acquire, after_in_parent=_MOUNTING.release, after_in_child=_MOUNTING.release)
