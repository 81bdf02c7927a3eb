"""`skymms cellcast …`: the commands for Cellcast, the Australian gateway.

If a call fails after some of its requests succeeded, their results are printed before the error, so that no message id is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar, cast

import click

from ..cellcast import GENERATIONS, Balance, CellcastSend, CellcastSent, MarkRead, OptOuts, Responses
from ..client import Client
from ..model.operations import Operation
from ..redaction import strip_credentials
from ..wire.dialects import MAX_REQUEST
from . import output
from .accounts import cellcast_account, cellcast_settings
from .calling import RetryPrinter, explaining_failures
from .exit_status import Status
from .inputs import read_bytes
from .operations import read_content, slideshow_in
from .options import allow_http_option, file_argument, json_option
from .repeated import group

F = TypeVar("F", bound=Callable[..., Any])

_GENERATION = click.option(
    "--generation",
    type=click.Choice(list(GENERATIONS)),
    help="The version of Cellcast's API that your key is for. Default: SKYMMS_CELLCAST_GENERATION, or the profile's.",
)
_URL = click.option(
    "--url",
    metavar="URL",
    help="The gateway's address. Default: SKYMMS_CELLCAST_URL, or the profile's, or the vendor's own address.",
)
_PAGE = click.option("--page", type=int, metavar="N", help="Only this page; the first is 1.")


def _call_options(command: F) -> F:
    return _GENERATION(_URL(allow_http_option(json_option(command))))


@group(no_args_is_help=False)
def cellcast() -> None:
    """Send through Cellcast, the Australian gateway.

    The API key comes from SKYMMS_CELLCAST_KEY or the profile. SKYMMS_CELLCAST_GENERATION or --generation says whether it is an
    APPKEY (v3) or an API key from the dashboard (v1).
    """


@cellcast.command()
@file_argument
@click.option("--to", metavar="NUMBER", multiple=True, required=True, help="An Australian mobile number. May be repeated.")
@click.option("--from", "sender", metavar="NAME", help="A sender that is registered to the account (v1).")
@click.option("--file", "--media", "media", metavar="FILE", help="A picture to upload: a JPEG or PNG file, or a GIF file (v3).")
@click.option("--allow-other-files", is_flag=True, help="Your account manager allowed files that are not pictures (v3).")
@_call_options
def send(file: str, to: tuple[str, ...], sender: str | None, media: str | None, allow_other_files: bool, **options: Any) -> int:
    """Send a slideshow with one slide to any number of recipients."""
    content = read_content(file)
    upload = None if media is None else read_bytes(media, MAX_REQUEST)
    operation = CellcastSend(slideshow_in(content), to=to, sender=sender, media=upload)
    return _call_and_print(operation, allow_other_files=allow_other_files, **options)


@cellcast.command()
@_PAGE
@click.option("--mark-read", is_flag=True, help="Then mark the listed messages as read (v3).")
@_call_options
def responses(page: int | None, mark_read: bool, **options: Any) -> int:
    """List the messages that people sent back.

    In v3 these are the messages that are not marked as read.
    """
    return _call_and_print(Responses(page, mark_read=mark_read), **options)


@cellcast.command("mark-read")
@click.argument("message_id", metavar="[ID]", required=False)
@click.option("--before", metavar="TIMESTAMP", help="All messages before this time, in Cellcast's own format.")
@click.option("--everything", is_flag=True, help="All messages.")
@_call_options
def mark_read(message_id: str | None, before: str | None, everything: bool, **options: Any) -> int:
    """Mark received messages as read (v3).

    Give the ID of one message, --before for all that are older, or --everything.
    """
    return _call_and_print(MarkRead(message_id=message_id, before=before, everything=everything), **options)


@cellcast.command()
@_PAGE
@_call_options
def optouts(page: int | None, **options: Any) -> int:
    """List the numbers that have opted out."""
    return _call_and_print(OptOuts(page), **options)


@cellcast.command()
@_call_options
def balance(**options: Any) -> int:
    """Show the remaining credits."""
    return _call_and_print(Balance(), **options)


# ------------------------------------------------------------------------------------------------ calling


def _call_and_print(
    operation: Operation[Any], generation: str | None, url: str | None, as_json: bool, allow_other_files: bool = False
) -> int:
    account = cellcast_account(cellcast_settings(generation, url), allow_other_files=allow_other_files)
    for warning in account.warnings(operation):
        output.print_message(f"warning: {warning}")
    output.print_message(f"{type(operation).__name__} in {account.name} to {strip_credentials(account.address)}", "dim")
    try:
        with explaining_failures(operation), Client(account, observer=RetryPrinter()) as client:
            reply = client.call(operation)
    except BaseException as error:
        partial = getattr(error, "partial", None)
        # A list that failed at its first page has no rows to print.
        if not as_json and partial is not None and getattr(partial, "rows", True):
            _print(partial)
        raise
    if as_json:
        output.print_json(reply)
    else:
        _print(reply)
    return Status.DONE


def _print(reply: Any) -> None:
    if isinstance(reply, CellcastSent):
        pairs = [(name, _lines(value)) for name, value in output.labelled_fields(reply) if value not in ({}, None)]
        output.print_fields("Accepted" if reply.queued else "Not accepted", pairs)
    elif isinstance(getattr(reply, "rows", None), tuple):
        _print_list(reply)
    else:
        output.print_fields("Done", output.labelled_fields(reply))


def _print_list(reply: Any) -> None:
    if reply.rows:
        columns = [item.name for item in fields(reply.rows[0]) if item.name != "raw"]
        titles = [name.replace("_", " ").capitalize() for name in columns]
        output.print_table("", titles, [[getattr(row, name) for name in columns] for row in reply.rows])
    output.print_message(f"{len(reply)} listed" + (f", {len(reply.marked)} marked as read" if reply.marked else ""))


def _lines(value: Any) -> Any:
    """A dict as lines of key and value; anything else unchanged."""
    if not isinstance(value, dict):
        return value
    items = cast(dict[str, Any], value).items()
    return "\n".join(f"{key}  {inner}" for key, inner in items)


COMMANDS = (cellcast,)
