"""Sends broadcasts with the workers of Celery, over RabbitMQ, Redis or another broker (the extra ``skymms[celery]``).

In the module of your Celery app::

    app = Celery("worker", broker="redis://…")
    slices = Slices(app)

``slices.start("spring", workers=4)`` then lets four worker processes send at once. `celery beat` has to run: it looks for lost
slices each minute. Nothing relies on what Celery or its broker promise: the ledger decides, see :mod:`skymms.broadcast.slices`.
"""

from __future__ import annotations

import logging
import mmap
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from ..errors import ConfigurationError
from .slice_tasks import ChooseAccount, SliceTasks
from .slices import Slice

__all__ = ["Slices"]

logger: logging.Logger = logging.getLogger(__name__)
#: Seconds between two looks for lost slices.
_LOOK_EVERY = 60.0


class Slices:
    """Adds the tasks of broadcasts to a Celery app: one that sends, and one that looks for lost slices each minute.

    The worker pools ``prefork``, ``threads`` and ``solo`` are supported.

    :param app: the ``celery.Celery`` of your workers.
    :param ledger: the URL of the ledger, in PostgreSQL; by default ``SKYMMS_LEDGER`` in the environment of each worker.
    :param account: a function that returns the account for a broadcast; by default :meth:`skymms.Account.from_env`, or
        Cellcast's, in the environment of each worker.
    :param seconds: the length of a slice. Then the worker process is free for other tasks.
    :param queue: the queue of the tasks; by default that of the app.
    """

    def __init__(
        self,
        app: Any,
        *,
        ledger: str | None = None,
        account: ChooseAccount | None = None,
        seconds: float = 50.0,
        queue: str | None = None,
    ) -> None:
        try:
            signals = import_module("celery.signals")
        except ModuleNotFoundError:
            raise ConfigurationError("skymms.broadcast.celery needs Celery: pip install 'skymms[celery]'") from None
        self._tasks = SliceTasks(ledger, account, seconds)
        #: One byte that the processes of a worker share, because only the first one gets the signal. It has no lock, which a
        #: process that is killed would keep.
        self._stopping = mmap.mmap(-1, 1)
        signals.worker_shutting_down.connect(self._note_shutdown)

        def send(broadcast: str, slot: int, token: str) -> None:
            self._tasks.run(Slice(broadcast, slot, token), self._put, lambda: self._stopping[0] == 1)

        def look() -> None:
            self._put(self._tasks.due())

        # A message that is acknowledged late counts as one that its worker works on, so a worker with a prefetch multiplier of
        # 1 does not keep slices that another worker could run. If it comes again, it does nothing. Other apps of the process do
        # not get these tasks.
        options: dict[str, Any] = {"acks_late": True, "ignore_result": True, "shared": False}
        self._route: dict[str, Any] = {} if queue is None else {"queue": queue}
        self._send: Any = app.task(name="skymms.send_slice", **options)(send)
        looking = app.task(name="skymms.look_for_slices", **options)(look)
        app.add_periodic_task(_LOOK_EVERY, looking.s(), name="skymms.look_for_slices", expires=_LOOK_EVERY, **self._route)

    def _note_shutdown(self, **about: Any) -> None:
        self._stopping[0] = 1

    def start(self, broadcast: str, *, workers: int) -> None:
        """Let so many worker processes send a broadcast, until it is done, paused or cancelled. Call it again to change that.

        A broadcast that was paused goes on within a minute after :meth:`skymms.broadcast.Broadcast.resume`.
        """
        slices = self._tasks.start(broadcast, workers)
        if (error := self._queue(slices)) is not None:
            raise ConfigurationError(
                f"the broker of Celery does not take the slices: {error}. If it works again, the workers begin with "
                f"{broadcast!r} within three minutes"
            )

    def _put(self, slices: Sequence[Slice]) -> None:
        if (error := self._queue(slices)) is not None:
            logger.warning("a slice could not be queued, and is queued later: %s", error)

    def _queue(self, slices: Sequence[Slice]) -> Exception | None:
        from kombu.exceptions import OperationalError

        try:
            for one in slices:
                self._send.apply_async(kwargs=one._asdict(), retry_policy={"max_retries": 2}, **self._route)
        except OperationalError as error:
            return error
        return None
