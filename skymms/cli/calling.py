"""Calls the gateway, and says after a failure whether the message may have been sent."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..cellcast import CellcastSend
from ..client import Client
from ..errors import ProtocolError, SkymmsError, refusal
from ..files import FileContent
from ..model.actions import (
    CreateCampaign,
    SendMessageBySubscriberRef,
    SendMMSBarcode,
    SendPassInMMS,
    SendSavedMMSCampaign,
    SendSMS,
    Subscribe,
    Unsubscribe,
)
from ..model.operations import Operation, SendMMS
from ..model.stored_operations import DeleteMMS, SaveMMS, SendSavedMMS
from ..transport.events import RetryScheduled
from . import output
from .accounts import Settings, account_from_settings, masked_account
from .dialect_options import refuse_options
from .operations import refuse_missing_action, refuse_problems
from .render import print_reply
from .request_text import print_dry_run


class Outcome(NamedTuple):
    """The sentence to print after a failed call, if it may have had an effect (``maybe``) and if it had none (``nothing``)."""

    maybe: str
    nothing: str


_SENT = Outcome(
    "The message may have been sent. Wait for its delivery report before you send it again.",
    "Nothing was sent.",
)
_DONE = Outcome(
    "The gateway may have executed the request. Check that before you send it again.",
    "Nothing was changed.",
)
_OUTCOMES: Mapping[type[Operation[Any]], Outcome] = {
    **dict.fromkeys(
        (
            SendMMS,
            SendSavedMMS,
            SendSavedMMSCampaign,
            SendMMSBarcode,
            SendPassInMMS,
            SendMessageBySubscriberRef,
            SendSMS,
            CellcastSend,
        ),
        _SENT,
    ),
    SaveMMS: Outcome(
        "The slideshow may have been stored. Run `skymms list` before you store it again.",
        "Nothing was stored.",
    ),
    DeleteMMS: Outcome(
        "The slideshow may have been deleted. Run `skymms list` before you delete it again.",
        "Nothing was deleted.",
    ),
    CreateCampaign: Outcome(
        "The campaign may have been created. List the campaigns before you create it again.",
        "Nothing was created.",
    ),
    Subscribe: Outcome(
        "The number may have been subscribed. Wait for the postback before you subscribe it again.",
        "Nothing was changed.",
    ),
    Unsubscribe: Outcome(
        "The number may have been unsubscribed. Wait for the postback before you unsubscribe it again.",
        "Nothing was changed.",
    ),
}


def call_and_print(
    settings: Settings,
    operation: Operation[Any],
    as_json: bool,
    content: FileContent | None = None,
    *,
    dry_run: bool = False,
    options: Collection[str] | None = None,
) -> int:
    """Call the gateway once and print the reply, or with ``dry_run`` print the request.

    ``content`` is the file that the operation was read from. ``options`` are the fields that come from options of the command;
    by default, all.
    """
    # Problems are reported first, so that finding them needs no API key.
    masked = masked_account(settings)
    refuse_missing_action(masked, operation)
    refuse_options(masked, operation, options)
    if content is not None:
        refuse_problems(masked, operation, content)
    elif dry_run and (problems := masked.problems(operation)):
        raise refusal(problems)
    account = masked if dry_run else account_from_settings(settings)
    for warning in account.warnings(operation):
        output.print_message(f"warning: {warning}")
    if dry_run:
        return print_dry_run(account, operation, as_json)
    output.print_message(f"{type(operation).__name__} in {account.dialect} to {account.wrap(b'').safe_url}", "dim")
    with explaining_failures(operation), Client(account, observer=RetryPrinter()) as client:
        reply = client.call(operation)
    return print_reply(operation, reply, as_json)


@contextmanager
def explaining_failures(operation: Operation[Any]) -> Generator[None, None, None]:
    """Add to an error whether the message may have been sent."""
    outcome = _OUTCOMES.get(type(operation), _DONE)
    try:
        yield
    except SkymmsError as error:
        if error.sent_maybe:
            error.add_note(outcome.maybe)
        elif isinstance(error, ProtocolError) and not operation.repeatable:
            error.add_note(outcome.nothing)
        raise
    except KeyboardInterrupt as interrupt:
        if getattr(interrupt, "sent_maybe", False):
            interrupt.add_note(outcome.maybe)
        raise


class RetryPrinter:
    """An observer for clients that prints why the client waits before a retry."""

    def retry_scheduled(self, event: RetryScheduled) -> None:
        """Print the reason and the time to wait."""
        output.print_message(f"waiting {event.seconds:.1f} s before sending again: {event.reason}", "dim")
