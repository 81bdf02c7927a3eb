"""Writes posts in groups: one thread takes whatever waits and commits it in one transaction.

A commit takes milliseconds, so one for each post limits an inbox to a few hundred posts a second. SQLite makes threads that
want to write wait in no order, some of them for seconds. One thread that commits for all of them takes as many posts as arrived
during the commit before.

A request waits until its post is on the disk. If that takes too long, it gets no answer from here, and the post may still be
written later: the gateway then repeats it, and the repeat is recognised.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from enum import Enum, auto
from typing import Any, Final, TypeAlias

from .._functools import renew_after_fork
from ..errors import StorageError
from ..storage.contract import RefusedValueError, Store
from ..transport.logging import logger, one_line
from .opting_out import OptOutWriter
from .storing import Post, Stored, store

#: The most posts in a transaction: a long one keeps the others waiting.
LARGEST_GROUP: Final = 256
#: How long a group may wait, in seconds, for the callers of the group before. Otherwise every other group would be small.
LINGER: Final = 0.02
#: A group of this size does not wait: the event loop parses the next posts while it is written.
LARGE_GROUP: Final = 64
#: The most posts that wait, and their bytes; the next one is refused.
MAX_WAITING: Final = 2_000
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
#: After this many seconds no request waits for its post any more.
FUTILE_AFTER: Final = 8.0
#: How long the end of the program waits for the posts that are still to be written.
STOP_WITHIN: Final = 8.0

#: What a request waits for. The result is None if the post could not be stored.
Waiting: TypeAlias = "Future[Stored | None] | asyncio.Future[Stored | None]"


class _Entry:
    """A post that waits to be written, and who waits for it."""

    __slots__ = ("loop", "post", "waiting")

    def __init__(self, post: Post, waiting: Waiting, loop: asyncio.AbstractEventLoop | None) -> None:
        self.post = post
        self.waiting = waiting
        self.loop = loop


class Writer:
    """Writes posts to a store. Its thread starts with the first post, in each process that uses it.

    ``before`` is called, in this thread, before posts are stored, and ``stored`` when new notices are on the disk. ``opt_outs``
    are written into the ledgers that want them, before or with the posts.
    """

    def __init__(
        self,
        store: Store,
        *,
        before: Callable[[], None] = lambda: None,
        stored: Callable[[], None] = lambda: None,
        opt_outs: OptOutWriter | None = None,
    ) -> None:
        self._store = store
        self._before_storing = before
        self._stored = stored
        self._opt_outs = opt_outs or OptOutWriter(store)
        self._begin()
        renew_after_fork(self)
        _WRITERS.add(self)

    def _begin(self) -> None:
        self._entries: deque[_Entry] = deque()
        self._bytes = 0
        self._changed = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None
        self._stopping = False
        # What a group waits for: how many posts there will be, how many were in the group before, and how long it took.
        self._expected, self._before, self._took = 1, 0, 0.0

    def renew_after_fork(self) -> None:
        """Forget the thread and the posts of the parent process, which writes them itself."""
        self._begin()

    def write(self, post: Post, seconds: float) -> Stored | None:
        """Write a post and wait for it; None if it is not on the disk within some seconds, or cannot be written."""
        waiting: Future[Stored | None] = Future()
        if not self._submit(_Entry(post, waiting, None)):
            return None
        try:
            return waiting.result(max(0.0, seconds))
        except TimeoutError:
            logger.error("inbox: a post was not on the disk in time (503)")
            return None

    async def write_async(self, post: Post, seconds: float) -> Stored | None:
        """Write a post and wait for it, in a coroutine."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Stored | None] = loop.create_future()
        if not self._submit(_Entry(post, waiting, loop)):
            return None
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                return await waiting
        except TimeoutError:
            logger.error("inbox: a post was not on the disk in time (503)")
            return None

    def stop(self, seconds: float = STOP_WITHIN) -> None:
        """Write what waits, and end the thread; wait for that at most some seconds. A later post starts it again."""
        with self._changed:
            thread, self._stopping = self._thread, True
            self._changed.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join(seconds)

    # -------------------------------------------------------------------------------------------- the queue

    def _submit(self, entry: _Entry) -> bool:
        size = len(entry.post.body)
        with self._changed:
            if len(self._entries) >= MAX_WAITING or self._bytes + size > MAX_WAITING_BYTES:
                logger.error("inbox: refused a post (503): %s posts wait to be written", f"{len(self._entries):,}")
                return False
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="skymms inbox writer", daemon=True)
                # At the end of the interpreter no thread can be started.
                try:
                    thread.start()
                except RuntimeError as error:
                    logger.error("inbox: refused a post (503): %s", one_line(error))
                    return False
                self._thread = thread
                self._stopping = False
            self._entries.append(entry)
            self._bytes += size
            # Waking the thread for each post takes longer than all else that is done for it here.
            if len(self._entries) in (1, self._expected):
                self._changed.notify()
        return True

    def _take(self) -> list[_Entry]:
        """Wait for posts and return them; an empty list ends the thread."""
        with self._changed:
            # The callers of the group before have their answers, and may post again at once.
            is_large = len(self._entries) >= LARGE_GROUP
            self._expected = 1 if is_large else len(self._entries) + self._before
            while not self._entries and not self._stopping:
                self._changed.wait()
            # Waiting for as long as a commit takes costs at most as much as the commit that it saves.
            until = time.monotonic() + min(self._took, LINGER)
            while len(self._entries) < self._expected and not self._stopping and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            group = [self._entries.popleft() for _ in range(min(len(self._entries), LARGEST_GROUP))]
            self._bytes -= sum(len(entry.post.body) for entry in group)
            self._before = len(group)
            if not group:
                self._thread = None
            return group

    def _run(self) -> None:
        while group := self._take():
            began = time.monotonic()
            try:
                stored = self._write_allowed([entry.post for entry in group])
            except BaseException as error:
                # The thread must not end: requests would wait for it for ever.
                logger.error("inbox: writing posts raised %s", type(error).__name__)
                logger.debug("inbox: the error", exc_info=True)
                stored = [None] * len(group)
            self._took = time.monotonic() - began
            _resolve(group, stored)
            if any(one.new for one in stored if one is not None):
                self._stored()

    # -------------------------------------------------------------------------------------------- transactions

    def _write_allowed(self, posts: list[Post]) -> list[Stored | None]:
        """Write opt-outs into ledgers that are stored elsewhere, and then the posts that these have taken."""
        allowed = self._opt_outs.write_first(posts)
        written = iter(
            self._write_group([post for post, may in zip(posts, allowed, strict=True) if may]) if any(allowed) else ()
        )
        return [next(written) if may else None for may in allowed]

    def _write_group(self, posts: list[Post]) -> list[Stored | None]:
        """Write posts in one transaction; if that fails because of one of them, each in its own."""
        stored, failure = self._attempt(posts)
        if stored is not None:
            return [*stored]
        written: list[Stored | None] = []
        for post in posts:
            alone: Sequence[Stored] | None = None
            if len(posts) > 1 and failure is not _Failure.FUTILE:
                alone, failure = self._attempt([post])
            if failure is _Failure.VALUES and post.notices:
                # Its notices will never be stored. The body can be, and whoever looks at the quarantine sees why.
                problem = "its notices could not be stored: the log says why"
                alone, failure = self._attempt([post._replace(notices=(), problem=problem)])
            written.append(alone[0] if alone else None)
        return written

    def _attempt(self, posts: list[Post]) -> tuple[Sequence[Stored] | None, _Failure]:
        """Write posts in one transaction. Return what was stored, or None and the kind of failure."""
        began, start = False, time.monotonic()
        try:
            self._before_storing()
            with self._store.transaction() as transaction:
                began = True
                stored = store(transaction, posts)
                self._opt_outs.write_within(transaction, posts)
            return stored, _Failure.NONE
        except Exception as error:
            is_storage = isinstance(error, StorageError)
            reason = one_line(error) if is_storage else type(error).__name__
            logger.error("inbox: %s not stored: %s", "a post was" if len(posts) == 1 else f"{len(posts)} posts were", reason)
            logger.debug("inbox: the error", exc_info=True)
            if not began or time.monotonic() - start > FUTILE_AFTER:
                return None, _Failure.FUTILE
            # Any other error than one of the store is due to what was to be stored.
            refused = isinstance(error, RefusedValueError) or not is_storage
            return None, _Failure.VALUES if refused else _Failure.STORE


class _Failure(Enum):
    """Why a transaction failed."""

    NONE = auto()
    #: The values: they would fail again.
    VALUES = auto()
    #: The store: full, or a connection was lost. The same posts may succeed.
    STORE = auto()
    #: No transaction can begin, or one took so long that nobody waits any more: another attempt now is futile.
    FUTILE = auto()


def _resolve(group: list[_Entry], stored: Sequence[Stored | None]) -> None:
    """Hand out the results; the coroutines of one event loop are woken together."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[Any, Stored | None]]] = {}
    for entry, result in zip(group, stored, strict=True):
        if entry.loop is not None:
            loops.setdefault(entry.loop, []).append((entry.waiting, result))
        else:
            entry.waiting.set_result(result)
    for loop, results in loops.items():
        try:
            loop.call_soon_threadsafe(_set_results, results)
        except RuntimeError:
            # The event loop was closed, so nobody waits.
            continue


def _set_results(results: list[tuple[Any, Stored | None]]) -> None:
    for waiting, result in results:
        if not waiting.done():
            waiting.set_result(result)


_WRITERS: weakref.WeakSet[Writer] = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    # Their threads are daemons, which the interpreter would end in the middle of a group.
    for writer in list(_WRITERS):
        writer.stop()
