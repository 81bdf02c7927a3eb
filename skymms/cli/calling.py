"""Calls the gateway, and says after a failure whether the message may have been sent."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..cellcast import CellcastSend
from ..client import Client
from ..errors import NotFoundError, ProtocolError, SkymmsError
from ..files import FileContent
from ..model.actions import (
    CreateCampaign,
    ListCampaigns,
    SendMessageBySubscriberRef,
    SendMMSBarcode,
    SendPassInMMS,
    SendSavedMMSCampaign,
    SendSMS,
    Subscribe,
    Unsubscribe,
)
from ..model.operations import DeleteMMS, ListMMS, Operation, SaveMMS, SendMMS, SendSavedMMS
from . import output
from .accounts import Settings, account_from_settings, masked_account
from .operations import refuse_missing_action, refuse_problems
from .render import print_reply


class Outcome(NamedTuple):
    """How to describe a call whose response was lost or refused."""

    maybe: str
    nothing: str


_SENT = Outcome(
    "The message may have been sent. Wait for its delivery report before you send it again.",
    "Nothing was sent.",
)
_DONE = Outcome(
    "The request may have been carried out. Find out before you repeat it.",
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

#: For these, Skycore 1.3 responds with E200 or E405 instead of an empty list.
_LISTS = (ListMMS, ListCampaigns)


def call_and_print(settings: Settings, operation: Operation[Any], as_json: bool, content: FileContent | None = None) -> int:
    """Call the gateway once and print the reply. ``content`` is the file that the operation was read from."""
    # A mistake in the file is reported before the API key is needed.
    refuse_missing_action(masked_account(settings), operation)
    if content is not None:
        refuse_problems(masked_account(settings), operation, content)
    account = account_from_settings(settings)
    for warning in account.warnings(operation):
        output.print_message(f"warning: {warning}")
    output.print_message(f"{type(operation).__name__} in {account.dialect} to {account.wrap(b'').safe_url}", "dim")
    with explaining_failures(operation), Client(account) as client:
        try:
            reply = client.call(operation)
        except NotFoundError:
            if not isinstance(operation, _LISTS):
                raise
            reply = operation.reply()
    return print_reply(operation, reply, as_json)


@contextmanager
def explaining_failures(operation: Operation[Any]) -> Generator[None, None, None]:
    """Add to an error whether the message may have been sent. Meanwhile print why the client waits."""
    outcome = _OUTCOMES.get(type(operation), _DONE)
    with _printing_waits():
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


@contextmanager
def _printing_waits() -> Generator[None, None, None]:
    """Print the client's log messages about waiting."""
    handler = _WaitHandler()
    logger = logging.getLogger("skymms")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class _WaitHandler(logging.Handler):
    """Prints the log messages that say how long the client waits and why. The result of a call is printed anyway."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("waiting"):
            output.print_message(record.getMessage(), "dim")
