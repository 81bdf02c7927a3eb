"""One connection to a database, which the threads of a process use in turn, and which a forked child never shares.

A connection that a parent and its child both use mixes up their statements; SQLite's locks belong to a process, and closing a
file in the child would confuse them. So the connection is closed before a fork, and both open their own when they next need it.
A fork waits for the transactions of other threads. A fork by a thread that is itself in a transaction leaves the connection to
the parent: the transaction goes on there, and the child cannot use the store.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

from ..errors import StorageError


class Ended:
    """Stands for the connection of a transaction that has ended."""

    def __getattr__(self, name: str) -> Any:
        raise StorageError("this transaction has ended, so nothing can be read or written in it: begin another")


class Bound(Protocol):
    """A transaction on a connection. ``failed`` is set by a statement that raised an error."""

    connection: Any
    failed: bool


TransactionT = TypeVar("TransactionT", bound=Bound)


class SharedConnection(Generic[TransactionT]):
    """Base class of a store with one connection. Subclasses say how to begin and to end a transaction on it."""

    name: str

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._connection: Any = None
        self._current: TransactionT | None = None
        self._forked = False
        _stores.add(self)

    def _begin(self, writing: bool) -> TransactionT:
        """Open the connection if there is none, and begin a transaction."""
        raise NotImplementedError

    def _commit(self, transaction: TransactionT, writing: bool) -> None:
        """End a transaction, and keep what it wrote."""
        raise NotImplementedError

    def _abandon(self) -> None:
        """Undo the transaction, and close the connection if that is not possible. Raises nothing."""
        raise NotImplementedError

    @contextmanager
    def _transaction(self, writing: bool) -> Generator[TransactionT, None, None]:
        with self._lock:
            if self._forked:
                raise StorageError(
                    f"this process was forked in the middle of a transaction of {self.name}: open it again in another process"
                )
            if self._current is not None:
                raise StorageError(f"a transaction of {self.name} is open in this thread: end it before another begins")
            transaction: TransactionT | None = None
            try:
                self._current = transaction = self._begin(writing)
                yield transaction
                if transaction.failed:
                    raise StorageError(f"{self.name}: a statement failed, so nothing of its transaction is kept")
                if isinstance(transaction.connection, Ended):
                    raise StorageError(f"this process was forked in the middle of a transaction of {self.name}")
                self._commit(transaction, writing)
            except BaseException:
                if not self._forked:
                    self._abandon()
                raise
            finally:
                self._current = None
                if transaction is not None:
                    transaction.connection = Ended()

    def close(self) -> None:
        """Close the connection. The store opens a new one if it is used again."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def before_fork(self) -> None:
        """Wait for the transactions of other threads, and close the connection unless it is in use by this thread."""
        self._lock.acquire()
        if self._current is None:
            self.close()

    def after_fork_in_parent(self) -> None:
        """Let transactions begin again."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Forget what belongs to the parent."""
        self._lock = threading.RLock()
        if self._current is not None:
            self._forked = True
            self._current.connection = Ended()
            # Neither used nor closed here.
            _inherited.append(self._connection)
            self._connection = None


_stores: weakref.WeakSet[SharedConnection[Any]] = weakref.WeakSet()
#: The stores whose locks are held during a fork; one that is created by another thread meanwhile is not among them.
_held: list[SharedConnection[Any]] = []
#: Connections of the parent process.
_inherited: list[Any] = []


def _before() -> None:
    _held.clear()
    for store in list(_stores):
        store.before_fork()
        _held.append(store)


def _in_parent() -> None:
    for store in _held:
        store.after_fork_in_parent()
    _held.clear()


def _in_child() -> None:
    for store in _held:
        store.after_fork_in_child()
    _held.clear()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
