"""`skymms broadcast run`: sends, shows the progress, and stops when a signal asks for it.

The first SIGINT (Ctrl-C) or SIGTERM gives back the messages that were not requested and waits for the calls in flight. The
second ends the run at once; the messages of those calls are then unknown, and their numbers are printed.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

from ..broadcast import Broadcast, End, Ledger, Phase, Result, State, Status
from ..broadcast.running import Desk, Progress
from ..cellcast import CellcastSend
from ..client import Client
from ..errors import ConfigurationError, InDoubtError, SkymmsError, refusal
from ..transport.events import RequestStarted
from . import output
from .broadcast_options import Gateway
from .broadcast_output import print_status, print_unknown_hint, status_json
from .broadcast_progress import open_display
from .exit_status import Status as ExitStatus
from .request_text import print_dry_run
from .signals import Signals

#: How many numbers of calls in flight are printed.
_SHOWN = 20


class _RunSignals(Signals):
    """Stops a run by SIGINT and SIGTERM. A third signal does what it did before."""

    def __init__(self) -> None:
        super().__init__()
        self.desk: Desk | None = None
        self._count = 0
        self._announced = False

    def _act(self) -> None:
        self._count += 1
        if self._count > 1:
            self._restore()
        self._apply()

    def _apply(self) -> None:
        if self.desk is not None and self._count:
            (self.desk.abandon if self._count > 1 else self.desk.stop)()

    def watch(self, desk: Desk) -> None:
        """Pass on the signals that have come, and say once what the run does now."""
        self.desk = desk
        self._apply()
        if self.first is not None and not self._announced:
            self._announced = True
            in_flight = desk.progress().in_flight
            output.print_message(
                f"{self.first.name}: no more messages are taken; waiting for {in_flight} in flight. A second signal ends the "
                "run at once, and leaves those unknown."
            )


def run_broadcast(
    ledger: Ledger, broadcast: Broadcast, gateway: Gateway, *, seconds: float | None, proof: str | None, as_json: bool
) -> int:
    """Run a broadcast to its end, and return the exit status."""
    status = broadcast.status()
    if status.phase is Phase.PAUSED:
        return _paused(broadcast, status.why)
    account = gateway.account()
    if proof is not None:
        send_proof(ledger, broadcast, account, proof)
    output.print_message(f"{broadcast.name}: {type(broadcast.operation).__name__} to {account.address}", "dim")
    display = open_display(broadcast.settings)
    try:
        with _RunSignals() as signals:

            def watch(desk: Desk) -> None:
                signals.watch(desk)
                display.show(desk.progress())

            result = _carry(broadcast, account, seconds, watch)
        status = broadcast.status()
    except BaseException:
        display.close()
        raise
    display.close(Progress(status.counts, result.requested, 0, None, False, None, False, None))
    return _ended(broadcast, result, status, signals, as_json)


def show_run(broadcast: Broadcast, gateway: Gateway, as_json: bool) -> int:
    """Print the request for the first recipient, and how many messages a run would send; return the exit status of a check."""
    status = broadcast.status(unreported_after=None)
    if status.phase is Phase.PAUSED:
        return _paused(broadcast, status.why)
    first = next((row["number"] for row in broadcast.rows()), None)
    if first is None:
        raise ConfigurationError(f"the broadcast {broadcast.name!r} has no recipients")
    operation, account, ready = broadcast.proof(first), gateway.masked_account(), _left(status.counts)
    if problems := account.problems(operation):
        raise refusal(problems)
    print_dry_run(account, operation, as_json, messages=ready)
    if ready:
        output.print_message("The request above is that of the first recipient.")
    return ExitStatus.DONE


def _carry(broadcast: Broadcast, account: Any, seconds: float | None, watch: Callable[[Desk], None]) -> Result:
    """Run with asyncio if aiohttp is installed, and in threads otherwise."""
    if find_spec("aiohttp") is None:
        with Client(account) as client:
            return broadcast.run(client, seconds=seconds, watch=watch)

    from ..aio import AsyncClient

    async def run() -> Result:
        async with AsyncClient(account) as client:
            return await broadcast.run_async(client, seconds=seconds, watch=watch)

    return asyncio.run(run())


class _Requests:
    """An observer that notes whether a request was sent."""

    made = False

    def request_started(self, event: RequestStarted) -> None:
        self.made = True


def send_proof(ledger: Ledger, broadcast: Broadcast, account: Any, number: str) -> None:
    """Send the message of the first recipient to another number, once for each broadcast and number."""
    operation = broadcast.proof(number)
    recipients = operation.recipients if isinstance(operation, CellcastSend) else (operation.to,)
    key = f"proof of broadcast {broadcast.id} to {recipients[0]}"
    requests = _Requests()
    try:
        with Client(account, observer=requests) as client:
            reply = ledger.send_once(key, operation, client)
    except SkymmsError as error:
        note = "The proof was not sent, and nothing else was."
        if isinstance(error, InDoubtError) or error.sent_maybe:
            note = "Only the proof may have been sent. Look at the phone, then run the broadcast without --proof."
        error.add_note(note)
        raise
    tracking_id = getattr(reply, "tracking_id", None)
    before = "" if requests.made else " before, and is not sent again"
    output.print_message(f"the proof was sent to {number}{before}" + (f", tracking id {tracking_id}" if tracking_id else ""))


def _paused(broadcast: Broadcast, why: str | None) -> int:
    output.print_message(
        f"{broadcast.name} is paused{f': {why}' if why else ''}. `skymms broadcast resume {broadcast.name}` clears it."
    )
    return ExitStatus.PAUSED


class _Ending(NamedTuple):
    """How a run ended, for people."""

    text: str
    status: int


def _ended(broadcast: Broadcast, result: Result, status: Status, signals: _RunSignals, as_json: bool) -> int:
    """Print how a run ended, and return the exit status."""
    interrupted = signals.desk.interrupted if signals.desk is not None else []
    ending = _ending(result, status, signals.first)
    if as_json:
        output.print_json(
            {**status_json(status, ()), "end": result.end, "requested": result.requested, "in_flight": interrupted}
        )
    else:
        print_status(status)
    output.print_message(ending.text)
    if interrupted:
        more = f" and {len(interrupted) - _SHOWN:,} more" if len(interrupted) > _SHOWN else ""
        shown = ", ".join(interrupted[:_SHOWN])
        output.print_message(f"in flight when the run ended, and unknown now: {shown}{more}")
    print_unknown_hint(broadcast.name, status.counts)
    if result.end is End.PAUSED:
        return _paused(broadcast, status.why or result.why)
    return ending.status


def _ending(result: Result, status: Status, stopped_by: signal.Signals | None) -> _Ending:
    requested = f"this run requested {result.requested:,}"
    known = ExitStatus.UNKNOWN if status.counts.get(State.UNKNOWN) else ExitStatus.DONE
    match result.end:
        case End.DONE | End.UNKNOWN:
            return _Ending(f"finished; {requested}", known)
        case End.CANCELLED:
            return _Ending(f"cancelled; {requested}", known)
        case End.PAUSED:
            return _Ending(requested, ExitStatus.PAUSED)
        case End.STOPPED:
            left = _left(status.counts)
            again = f"{left:,} are left; run it again to go on" if left else "none are left"
            if stopped_by is None:
                return _Ending(f"the time is over; {requested}; {again}", ExitStatus.DONE)
            return _Ending(f"stopped by {stopped_by.name}; {requested}; {again}", 128 + stopped_by)


def _left(counts: Mapping[str, int]) -> int:
    return counts.get(State.READY, 0)
