"""Sends broadcasts with the workers of procrastinate, a queue in PostgreSQL (the extra ``skymms[procrastinate]``).

In a module that the workers import::

    app = App(connector=PsycopgConnector(conninfo=os.environ["SKYMMS_LEDGER"]))
    slices = Slices(app)

``slices.start("spring", workers=4)`` then lets four workers send at once. Nothing relies on what procrastinate promises: the
ledger decides, see :mod:`skymms.broadcast.slices`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from .slice_tasks import ChooseAccount, SliceTasks
from .slices import Slice

if TYPE_CHECKING:
    from procrastinate import App

__all__ = ["Slices"]

logger: logging.Logger = logging.getLogger(__name__)
#: When workers look for lost slices: each minute.
_LOOK = "* * * * *"


class Slices:
    """Adds the tasks of broadcasts to an app of procrastinate: one that sends, and one that looks for lost slices each minute.

    :param app: the app of your workers.
    :param ledger: the URL of the ledger; by default ``SKYMMS_LEDGER`` in the environment of each worker.
    :param account: a function that returns the account for a broadcast; by default :meth:`skymms.Account.from_env`, or
        Cellcast's, in the environment of each worker.
    :param seconds: the length of a slice. Then the worker is free for other tasks.
    :param queue: the queue of the tasks.
    """

    def __init__(
        self,
        app: App,
        *,
        ledger: str | None = None,
        account: ChooseAccount | None = None,
        seconds: float = 50.0,
        queue: str = "skymms",
    ) -> None:
        try:
            from procrastinate import exceptions
        except ModuleNotFoundError:
            raise ConfigurationError(
                "skymms.broadcast.procrastinate needs procrastinate: pip install 'skymms[procrastinate]'"
            ) from None
        self._app = app
        self._exceptions: Any = exceptions
        self._tasks = SliceTasks(ledger, account, seconds)

        async def send(broadcast: str, slot: int, token: str) -> None:
            # A worker that is asked to end cancels its jobs. The slice has then ended early, and the next one is queued.
            with suppress(asyncio.CancelledError):
                await self._tasks.run_async(Slice(broadcast, slot, token), self._put)

        async def look(timestamp: int) -> None:
            await self._put(await asyncio.to_thread(self._tasks.due))

        self._send: Any = app.task(name="skymms.send_slice", queue=queue)(send)
        # Before slices that wait. A look that waits already is enough.
        looking = app.task(name="skymms.look_for_slices", queue=queue, priority=1, queueing_lock="skymms.look_for_slices")(look)
        app.periodic(cron=_LOOK)(looking)

    def start(self, broadcast: str, *, workers: int) -> None:
        """Let so many workers send a broadcast at once, until it is done, paused or cancelled. Call it again to change that.

        A broadcast that was paused goes on within a minute after :meth:`skymms.broadcast.Broadcast.resume`.
        """
        slices = self._tasks.start(broadcast, workers)
        try:
            try:
                self._defer(slices)
            except self._exceptions.AppNotOpen:
                with self._app.open():
                    self._defer(slices)
        except self._exceptions.ProcrastinateException as error:
            raise ConfigurationError(
                f"procrastinate does not take the slices: {_reason(error)}. If its tables are missing, run "
                f"`procrastinate schema --apply`. The workers begin with {broadcast!r} within three minutes after it works"
            ) from None

    def _defer(self, slices: Sequence[Slice]) -> None:
        for one in slices:
            self._send.defer(**one._asdict())

    async def _put(self, slices: Sequence[Slice]) -> None:
        try:
            for one in slices:
                await self._send.defer_async(**one._asdict())
        except self._exceptions.ProcrastinateException as error:
            logger.warning("a slice could not be queued, and is queued later: %s", _reason(error))


def _reason(error: BaseException) -> str:
    """Return the first line of the database's error."""
    return (str(error.__cause__ or error).splitlines() or [type(error).__name__])[0]
