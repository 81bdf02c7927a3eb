"""Gives a child process a connection of its own after a fork.

A connection that a parent and its child both use mixes up their statements, and closing it in the child would disturb the
parent. So the child keeps the parent's connection untouched and opens another. The lock is held during the fork: the parent is
then not in the middle of a transaction.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any


class ForkSafe:
    """Base class of a store with one connection, which its threads use in turn."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._connection: Any = None
        #: Connections of the parent process, which must be neither used nor closed here.
        self._inherited: list[Any] = []
        _stores.add(self)

    def after_fork(self) -> None:
        """Forget what belongs to the parent. Called in the child."""
        self._lock = threading.RLock()
        if self._connection is not None:
            self._inherited.append(self._connection)
            self._connection = None

    def close(self) -> None:
        """Close the connection. The store opens a new one if it is used again."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def acquire(self) -> None:
        """Wait for the end of the transaction of another thread. Called in the parent before a fork."""
        self._lock.acquire()

    def release(self) -> None:
        """Let transactions begin again. Called in the parent after a fork."""
        self._lock.release()


_stores: weakref.WeakSet[ForkSafe] = weakref.WeakSet()
#: The stores whose locks are held during a fork; one that is created by another thread meanwhile is not among them.
_held: list[ForkSafe] = []


def _before() -> None:
    _held[:] = list(_stores)
    for store in _held:
        store.acquire()


def _in_parent() -> None:
    for store in _held:
        store.release()
    _held.clear()


def _in_child() -> None:
    for store in _held:
        store.after_fork()
    _held.clear()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
