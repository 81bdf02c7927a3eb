"""The worker: takes notices from the store, calls handlers with them, and writes what became of it."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections.abc import Callable

from .._functools import renew_after_fork
from ..errors import SkymmsError
from ..storage.contract import Store
from ..transport.logging import logger, one_line, warn_visibly
from .calling import WAIT, Calls
from .handlers import Handlers
from .messages import Message, find_message
from .taking import ATTEMPTS, Desk, Outcome, Taken, usual_delay_after

#: Seconds between two looks for posts that another process has stored.
POLL = 1.0
#: Seconds until a lease is renewed, well before it ends.
RENEW_EVERY = 10.0
#: Seconds until a worker goes on after an error of the store: at first, and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
#: A call that takes longer is mentioned in the log.
_LONG = 600.0


class Worker:
    """Hands notices to handlers, at least once each, in a thread.

    Several workers may share a store, in one process or in many. Of one message, a handler gets one notice at a time, in the
    order of their arrival.
    """

    def __init__(self, store: Store, handlers: Handlers, *, find: Callable[[Taken], Message] | None = None) -> None:
        self._store = store
        self._handlers = handlers
        self._find = find or self._find_message
        self._begin()
        renew_after_fork(self)
        _WORKERS.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._run: _Run | None = None

    def renew_after_fork(self) -> None:
        """Forget the thread of the parent process. A child has to start its own."""
        self._begin()

    def start(self) -> None:
        """Start the thread, unless it runs. In a forked child it has to be started again."""
        with self._lock:
            if self.is_running:
                return
            self._run = _Run(self._store, self._handlers, self._find)
            self._run.thread.start()

    @property
    def is_running(self) -> bool:
        """True if the worker was started in this process and was not stopped."""
        return self._run is not None and self._run.thread.is_alive()

    def wake(self) -> None:
        """Look for notices at once."""
        run = self._run
        if run is not None:
            run.wake()

    def stop(self, timeout: float = 10.0) -> bool:
        """Take nothing more, wait for the calls that are running, and return whether all have ended.

        A call that runs for longer than ``timeout`` seconds is repeated by another worker, once this worker's lease has ended.
        """
        run = self._run
        if run is None or not self.is_running:
            return True
        run.stop(timeout)
        run.thread.join()
        return run.all_ended

    def run(self) -> None:
        """Work until :meth:`stop` is called, or Ctrl-C. A second Ctrl-C does not wait for calls that are running."""
        self.start()
        run = self._run
        assert run is not None
        try:
            while run.thread.is_alive():
                run.thread.join(0.2)
        except KeyboardInterrupt:
            run.stop(float("inf"))
            while run.thread.is_alive():
                run.thread.join(0.2)

    def run_until_idle(self) -> None:
        """Work until no notice waits for a handler, and return. What failed waits for another attempt, and is left.

        For tests, and for programs that are run at intervals. Raises :class:`~skymms.StorageError`.
        """
        run = _Run(self._store, self._handlers, self._find)
        run.work_until_idle()

    def _find_message(self, taken: Taken) -> Message:
        return find_message(self._store, taken.notice.tracking_id)


_WORKERS: weakref.WeakSet[Worker] = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    # Their threads are daemons, which the interpreter would end in the middle of a call.
    for worker in list(_WORKERS):
        worker.stop(5.0)


class _Run:
    """The thread of a worker, from its start to its end."""

    def __init__(self, store: Store, handlers: Handlers, find: Callable[[Taken], Message]) -> None:
        self.thread = threading.Thread(target=self._work, name="skymms-inbox", daemon=True)
        self.all_ended = False
        self._handlers = handlers
        self._desk = Desk(store, handlers)
        self._calls = Calls(find, self._finished)
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._outcomes: list[Outcome] = []
        self._deadline: float | None = None
        self._renew_at = 0.0
        #: The end of a transaction was not answered: it may have taken notices.
        self._in_doubt = False
        self._mentioned: set[tuple[int, str]] = set()

    def wake(self) -> None:
        """Look for notices at once."""
        self._wake.set()

    def stop(self, timeout: float) -> None:
        """Take nothing more, and end when all calls have ended, or after some seconds."""
        self._deadline = time.monotonic() + timeout
        self._wake.set()

    # -------------------------------------------------------------------------------------------- the thread

    def _work(self) -> None:
        pause = _FIRST_PAUSE
        while not self._is_over():
            self._wake.clear()
            try:
                self._advance()
                pause = _FIRST_PAUSE
            except Exception as error:
                self._in_doubt = True
                logger.warning("inbox: the worker of the inbox goes on in %g s: %s", pause, one_line(error))
                logger.debug("inbox: the error", exc_info=True)
                if self._is_over():
                    break
                self._wake.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            if not self._is_over():
                self._wake.wait(POLL if self._deadline is None else max(0.0, min(POLL, self._deadline - time.monotonic())))
        self._end()

    def work_until_idle(self) -> None:
        """Work in this thread until nothing is left to do."""
        try:
            while self._advance() or self._calls.open or self._outcomes:
                self._wake.wait(POLL)
                self._wake.clear()
        finally:
            self.stop(0.0)
            self._end()

    def _is_over(self) -> bool:
        if self._deadline is None:
            return False
        is_idle = not self._calls.open and not self._outcomes
        return is_idle or time.monotonic() >= self._deadline

    def _advance(self) -> bool:
        """Write what became of calls, take notices and begin calls; return whether any was taken."""
        desk = self._desk
        if not desk.is_registered:
            self._mention_others(desk.register())
        if time.monotonic() >= self._renew_at:
            if put_back := desk.renew():
                logger.warning("inbox: %d calls of handlers were interrupted, because their worker ended", put_back)
            self._renew_at = time.monotonic() + RENEW_EVERY
            self._mention_long_calls()
        if self._calls.withdraw(WAIT if self._deadline is None else 0.0) or self._in_doubt:
            desk.give_back(self._known())
            self._in_doubt = False
        with self._lock:
            outcomes = list(self._outcomes)
        room = {} if self._deadline is not None else self._calls.room(self._handlers)
        if not outcomes and not (any(room.values()) and desk.any_ready()):
            return False
        taken, unreadable = desk.exchange(outcomes, room)
        with self._lock:
            self._outcomes = self._outcomes[len(outcomes) :] + unreadable
        for one in taken:
            handler = self._handlers.find(one.handler)
            assert handler is not None
            self._calls.begin(handler, one)
        self._mention_failures([*outcomes, *unreadable])
        if unreadable:
            self._wake.set()
        return bool(taken)

    def _finished(self, outcome: Outcome) -> None:
        with self._lock:
            self._outcomes.append(outcome)
        self._wake.set()

    def _known(self) -> set[tuple[int, str]]:
        """Return the calls that are running or whose outcome is not written yet."""
        running = self._calls.open
        with self._lock:
            return {*running, *((one.id, one.handler) for one in self._outcomes)}

    def _end(self) -> None:
        self._calls.end()
        running = self._known()
        try:
            self._desk.give_back(running)
            if not running:
                self._desk.end()
        except SkymmsError as error:
            # Its lease ends by itself.
            logger.warning("inbox: the worker of the inbox ended without giving back what it had taken: %s", one_line(error))
            return
        self.all_ended = not running

    # -------------------------------------------------------------------------------------------- the log

    def _mention_failures(self, outcomes: list[Outcome]) -> None:
        for one in outcomes:
            if one.error is None:
                continue
            is_dead = one.final or one.attempt >= ATTEMPTS
            again = "it is not called with it again: see inbox.dead()"
            if not is_dead:
                again = f"the next attempt is in about {_span(usual_delay_after(one.attempt))}"
            warn_visibly(
                "inbox: handler %s failed with notice %d in attempt %d of %d%s; %s; `skymms inbox show %d` prints the error",
                one.handler, one.id, one.attempt, ATTEMPTS, f": {one_line(one.kind)}" if one.kind else "", again, one.id,
            )  # fmt: skip

    def _mention_others(self, names: list[str]) -> None:
        for name in names:
            logger.info(
                "inbox: handler %s is registered in the inbox, but not in this process; another worker must have it", name
            )

    def _mention_long_calls(self) -> None:
        for key in self._calls.longer_than(_LONG):
            if key not in self._mentioned:
                self._mentioned.add(key)
                logger.warning("inbox: handler %s has been at notice %d for more than %d minutes", key[1], key[0], _LONG // 60)


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
