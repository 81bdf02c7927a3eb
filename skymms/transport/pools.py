"""Pools of connections that an interruption cannot block, and that do not use a connection again after it was idle for long."""

from __future__ import annotations

import time
from collections import deque
from queue import Empty, Full
from threading import RLock, local
from typing import Any
from weakref import WeakSet

from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ClosedPoolError, EmptyPoolError

from .connections import TimedHTTP, TimedHTTPS
from .keep_alive import KeepAlive

#: How often a thread looks whether a connection of a pool with ``pool_block=True`` is free.
POLL_SECONDS = 0.005


class Stack:
    """The queue of a pool: the connection that was used last comes first.

    urllib3 uses ``queue.LifoQueue``. If a signal handler raises an exception while that queue takes its lock, the lock is never
    released, and urllib3 waits for it forever when it puts the connection back. The methods of a deque need no lock.
    """

    def __init__(self, maxsize: int) -> None:
        self._connections: deque[Any] = deque()
        self._maxsize = maxsize

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Remove and return the connection that was put here last, without waiting; raise ``queue.Empty`` if there is none."""
        try:
            return self._connections.pop()
        except IndexError:
            raise Empty from None

    def put(self, connection: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add a connection; raise ``queue.Full`` if there are too many."""
        if len(self._connections) >= self._maxsize:
            raise Full
        self._connections.append(connection)


class _Pool:
    """What both pools add to those of urllib3.

    With ``block`` (``pool_block=True`` of an adapter), at most ``maxsize`` connections are in use. urllib3 counts them with
    tokens, and loses one whenever an exception interrupts a thread that holds it, until all calls wait forever. Here a
    connection counts for as long as it exists and was not put back.
    """

    QueueCls: Any = Stack
    pool: Any
    block: bool

    def __init__(self, host: str, *args: Any, keep_alive: KeepAlive, maxsize: int = 1, **kwargs: Any) -> None:
        super().__init__(host, *args, maxsize=maxsize, **kwargs)  # type: ignore[call-arg]
        self._keep_alive = keep_alive
        self._maxsize = maxsize
        self._used: WeakSet[Any] = WeakSet()
        #: ``with`` takes and releases it without a point at which a signal handler can run. A handler that runs while it is
        #: held may use the pool, too.
        self._lock = RLock()
        #: ``connection``: the connection that this thread took last.
        self._taken = local()

    def urlopen(self, *args: Any, pool_timeout: float | None = None, timeout: Any = None, **kwargs: Any) -> Any:
        if self.block and pool_timeout is None:
            # requests passes no limit, and a call has to end at some time.
            pool_timeout = getattr(timeout, "connect_timeout", timeout)
        return super().urlopen(*args, pool_timeout=pool_timeout, timeout=timeout, **kwargs)  # type: ignore[misc]

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = self._wait(timeout) if self.block else super()._get_conn()  # type: ignore[misc]
        if connection.sock is not None and time.monotonic() - connection.idle_since > self._keep_alive.seconds:
            # It connects again when it sends.
            connection.close()
        return connection

    def _put_conn(self, connection: Any) -> None:
        if connection is not None:
            if self._keep_alive.seconds <= 0:
                connection.close()
            connection.idle_since = time.monotonic()
        if self.block:
            self._free(connection)
        else:
            super()._put_conn(connection)  # type: ignore[misc]

    def _wait(self, timeout: float | None) -> Any:
        """Wait until a connection is free, and take it."""
        self._taken.connection = None
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        while (connection := self._take()) is None:
            if time.monotonic() >= deadline:
                raise EmptyPoolError(self, "all connections are in use")  # type: ignore[arg-type]
            time.sleep(POLL_SECONDS)
        return connection

    def _take(self) -> Any:
        with self._lock:
            if (pool := self.pool) is None:
                raise ClosedPoolError(self, "the pool is closed")  # type: ignore[arg-type]
            if len(self._used) >= self._maxsize:
                return None
            try:
                connection = pool.get(block=False) or self._new_conn()  # type: ignore[attr-defined]
            except Empty:
                connection = self._new_conn()  # type: ignore[attr-defined]
            self._used.add(connection)
            self._taken.connection = connection
        if not connection.is_connected:
            connection.close()
        return connection

    def _free(self, connection: Any) -> None:
        """Put a connection back; None is the one that this thread took last, which an error has closed."""
        used = connection or getattr(self._taken, "connection", None)
        self._taken.connection = None
        with self._lock:
            known = used is not None and used in self._used
            if known:
                self._used.discard(used)
            if kept := known and connection is not None and self.pool is not None:
                self.pool.put(connection)
        if connection is not None and not kept:
            connection.close()


class PoolHTTP(_Pool, HTTPConnectionPool):
    """A pool of plain connections."""

    ConnectionCls: Any = TimedHTTP


class PoolHTTPS(_Pool, HTTPSConnectionPool):
    """A pool of TLS connections."""

    ConnectionCls: Any = TimedHTTPS


POOLS: dict[str, Any] = {"http": PoolHTTP, "https": PoolHTTPS}
