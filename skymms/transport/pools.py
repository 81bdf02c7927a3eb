"""Pools of connections that an interruption cannot block, and that do not use a connection again after it was idle for long."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from queue import Empty
from threading import RLock, local
from typing import Any
from weakref import WeakSet

from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ClosedPoolError, EmptyPoolError

from .connections import ORIGINAL, TimedHTTP, TimedHTTPS
from .keep_alive import KeepAlive
from .recorders import connection_class

#: How often a thread looks whether a connection of a pool with ``pool_block=True`` is free.
POLL_SECONDS = 0.005


class Stack:
    """The queue of a pool: the connection that was used last comes first.

    urllib3 uses ``queue.LifoQueue``. If a signal handler raises an exception while that queue takes its lock, the lock is never
    released, and urllib3 waits for it forever when it puts the connection back. The methods of a deque need no lock.
    """

    def __init__(self, maxsize: int) -> None:
        self._connections: deque[Any] = deque(maxlen=maxsize)

    def put(self, connection: Any, block: bool = True) -> None:
        """Add a connection."""
        self._connections.append(connection)

    def get(self, block: bool = True) -> Any:
        """Remove and return the connection that was put here last; raise ``queue.Empty`` if there is none."""
        try:
            return self._connections.pop()
        except IndexError:
            raise Empty from None

    def qsize(self) -> int:
        """Return the number of connections. VCR.py removes its own when a cassette ends."""
        return len(self._connections)

    def last(self) -> Any:
        """Return the connection that ``get`` would return, or None."""
        return self._connections[-1] if self._connections else None

    def is_full(self) -> bool:
        """Return whether one more connection would replace another."""
        return len(self._connections) == self._connections.maxlen


class _Taken(local):
    """The connection that this thread took last and did not put back, and its pool."""

    connection: Any = None
    pool: Any = None


_TAKEN = _Taken()


def close_taken() -> None:
    """Close the connection that this thread took last and did not put back: an exception has interrupted its call.

    Nobody else would close it before the next garbage collection, because the traceback refers to it.
    """
    if (connection := _TAKEN.connection) is not None:
        connection.close()
        _TAKEN.pool.forget(connection)


class _Pool:
    """What both pools add to those of urllib3.

    With ``block`` (``pool_block=True`` of an adapter), at most ``maxsize`` connections are in use. urllib3 counts them with
    tokens, and loses one whenever an exception interrupts a thread that holds it, until all calls wait forever. Here a
    connection counts while it exists and was not put back.
    """

    QueueCls: Any = Stack
    pool: Any
    block: bool
    #: The class of connections, while no cassette of VCR.py is in use.
    timed: Any

    def __init__(self, host: str, *args: Any, keep_alive: KeepAlive, maxsize: int = 1, **kwargs: Any) -> None:
        super().__init__(host, *args, maxsize=maxsize, **kwargs)  # type: ignore[call-arg]
        self._keep_alive = keep_alive
        self._maxsize = maxsize
        self._used: WeakSet[Any] = WeakSet()
        #: ``with`` takes and releases it without a point at which a signal handler can run. A handler that runs while it is
        #: held may use the pool, too.
        self._lock = RLock()

    def urlopen(self, *args: Any, pool_timeout: float | None = None, timeout: Any = None, **kwargs: Any) -> Any:
        if pool_timeout is None:
            # requests passes no limit, and a call has to end at some time.
            pool_timeout = getattr(timeout, "connect_timeout", timeout)
        try:
            return super().urlopen(*args, pool_timeout=pool_timeout, timeout=timeout, **kwargs)  # type: ignore[misc]
        except BaseException:
            close_taken()
            raise

    def _get_conn(self, timeout: float | None = None) -> Any:
        _TAKEN.connection = None
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        while (connection := self._take()) is None:
            if time.monotonic() >= deadline:
                raise EmptyPoolError(self, "all connections are in use")  # type: ignore[arg-type]
            time.sleep(POLL_SECONDS)
        idle = time.monotonic() - connection.idle_since
        if connection.sock is not None and (idle > self._keep_alive.seconds or not connection.is_connected):
            # It connects again when it sends.
            connection.close()
        return connection

    def _take(self) -> Any:
        """Take a connection, or return None if as many as allowed are in use."""
        this: Any = self
        with self._lock:
            if (pool := this.pool) is None:
                raise ClosedPoolError(this, "the pool is closed")
            if self.block and len(self._used) >= self._maxsize:
                return None
            connection = pool.last() or this._new_conn()
            # The first two conditions are quick, and nearly always False.
            if (HTTPConnectionPool.ConnectionCls is not ORIGINAL or type(connection) is not self.timed) and not isinstance(
                connection, this.ConnectionCls
            ):
                # It was made before a cassette of VCR.py was in use, or for another one.
                connection.close()
                connection = this._new_conn()
            # In this order, each connection is known somewhere at any time.
            _TAKEN.pool = self
            _TAKEN.connection = connection
            self._used.add(connection)
            with suppress(Empty):
                pool.get()
        return connection

    def _put_conn(self, conn: Any) -> None:
        """Put a connection back; None is the one that this thread took last, which urllib3 has closed after an error."""
        if conn is None:
            close_taken()
            return
        conn.idle_since = time.monotonic()
        this: Any = self
        with self._lock:
            pool = this.pool
            kept = pool is not None and not pool.is_full() and self._keep_alive.seconds > 0
            if kept and pool is not None:
                pool.put(conn)
        if not kept:
            conn.close()
        self.forget(conn)

    def forget(self, connection: Any) -> None:
        """No longer count a connection as used."""
        self._used.discard(connection)
        if _TAKEN.connection is connection:
            _TAKEN.connection = _TAKEN.pool = None


class PoolHTTP(_Pool, HTTPConnectionPool):
    """A pool of plain connections."""

    timed: Any = TimedHTTP

    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]
        """The class of new connections."""
        return connection_class("http", TimedHTTP)


class PoolHTTPS(_Pool, HTTPSConnectionPool):
    """A pool of TLS connections."""

    timed: Any = TimedHTTPS

    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]
        """The class of new connections."""
        return connection_class("https", TimedHTTPS)


POOLS: dict[str, Any] = {"http": PoolHTTP, "https": PoolHTTPS}
