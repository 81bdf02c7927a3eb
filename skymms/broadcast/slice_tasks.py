"""What a task of every engine does: opens the ledger and an account, sends for some seconds, and says what to queue next.

The message in the queue has the name of the broadcast, the number of a slot and a token. API keys and the URL of the ledger are
not in it: they come from the environment of the worker.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Sequence

from ..account import Account
from ..aio import AsyncClient
from ..cellcast import CellcastAccount, CellcastSend
from ..client import Client
from ..errors import ConfigurationError
from ..transport.exchange import GatewayAccount
from .broadcast import Broadcast
from .ledger import Ledger
from .masking import mask_text
from .running import Desk, End, Result
from .slices import SOON, Slice

logger: logging.Logger = logging.getLogger(__name__)
#: Returns the account from which a broadcast is sent.
ChooseAccount = Callable[[Broadcast], GatewayAccount]
#: A run that was interrupted: another worker may go on at once.
_INTERRUPTED = Result(End.STOPPED, None, 0)
#: What the log says about the end of a broadcast.
_ENDINGS = {
    End.DONE: "is done",
    End.UNKNOWN: "is done, and the outcome of some messages is unknown",
    End.PAUSED: "is paused",
    End.CANCELLED: "was cancelled",
}


def account_from_environment(broadcast: Broadcast) -> GatewayAccount:
    """Return the account that the environment describes, with the dialect that the broadcast was created for."""
    gateway = broadcast.settings.gateway
    if isinstance(broadcast.operation, CellcastSend):
        chosen = os.environ.get("SKYMMS_CELLCAST_GENERATION") or gateway
        return CellcastAccount.from_env(**({"generation": chosen} if chosen else {}))
    chosen = os.environ.get("SKYMMS_DIALECT") or gateway
    return Account.from_env(**({"dialect": chosen} if chosen else {}))


def _rest(desk: Desk) -> None:
    """End a slice in which nothing is due for long, so that the worker is free for other tasks."""
    progress = desk.progress()
    if progress.wait is not None and progress.wait > SOON and not progress.in_flight:
        desk.stop()


class SliceTasks:
    """The tasks without their engine. ``seconds`` is the length of a slice."""

    def __init__(self, ledger: str | None, account: ChooseAccount | None, seconds: float) -> None:
        if not 0 < seconds <= 3600:
            raise ConfigurationError(f"seconds={seconds}: give the length of a slice, from 1 to 3600 seconds")
        self._where = ledger
        self._choose_account = account or account_from_environment
        self._seconds = seconds

    def open(self) -> Ledger:
        """Open the ledger."""
        where = self._where or os.environ.get("SKYMMS_LEDGER")
        if not where:
            raise ConfigurationError("there is no ledger: set SKYMMS_LEDGER to its URL, postgresql://…")
        return Ledger(where)

    def start(self, broadcast: str, workers: int) -> list[Slice]:
        """Let so many workers send a broadcast, and return the slices to queue."""
        with self.open() as ledger:
            return ledger.slices.start(broadcast, workers)

    def due(self) -> list[Slice]:
        """Return slices to queue in place of lost ones."""
        with self.open() as ledger:
            return ledger.slices.due()

    def run(self, one: Slice, put: Callable[[Sequence[Slice]], None], stopping: Callable[[], bool]) -> None:
        """Run a slice with a Client, and put what is next into the queue. ``stopping`` is True when it should end early."""

        def watch(desk: Desk) -> None:
            if stopping():
                desk.stop()
            _rest(desk)

        with self.open() as ledger:
            if (lease := self._begin(ledger, one)) is None:
                return
            result: Result | None = None
            try:
                broadcast = ledger[one.broadcast]
                with Client(self._choose_account(broadcast)) as client:
                    result = broadcast.run(client, seconds=self._seconds, watch=watch, lease=lease)
            except (KeyboardInterrupt, SystemExit):
                result = _INTERRUPTED
                raise
            finally:
                put(self._end(ledger, one, lease, result))

    async def run_async(self, one: Slice, put: Callable[[Sequence[Slice]], Awaitable[None]]) -> None:
        """Run a slice with an AsyncClient, and put what is next into the queue. It ends early when it is cancelled."""
        ledger = await asyncio.to_thread(self.open)
        try:
            if (lease := await asyncio.to_thread(self._begin, ledger, one)) is None:
                return
            result: Result | None = None
            try:
                broadcast = await asyncio.to_thread(lambda: ledger[one.broadcast])
                async with AsyncClient(self._choose_account(broadcast)) as client:
                    result = await broadcast.run_async(client, seconds=self._seconds, watch=_rest, lease=lease)
            except asyncio.CancelledError:
                result = _INTERRUPTED
                raise
            finally:
                await put(await asyncio.to_thread(self._end, ledger, one, lease, result))
        finally:
            ledger.close()

    @staticmethod
    def _begin(ledger: Ledger, one: Slice) -> str | None:
        lease = ledger.slices.begin(one)
        if lease is None:
            logger.info("a slice of %s was delivered again, or late, or is not needed any more: nothing to do", one.broadcast)
        return lease

    @staticmethod
    def _end(ledger: Ledger, one: Slice, lease: str, result: Result | None) -> list[Slice]:
        """Return the next slice, and those in place of lost ones."""
        following = ledger.slices.end(one, lease, result)
        if result is not None and result.end in _ENDINGS:
            # A refusal may name the number that was refused.
            why = f": {mask_text(result.why)}" if result.why else ""
            logger.info("%s %s%s", one.broadcast, _ENDINGS[result.end], why)
        return [*([following] if following else []), *ledger.slices.due()]
