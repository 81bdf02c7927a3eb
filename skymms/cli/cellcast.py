"""`skymms cellcast …`: the commands for Cellcast, the Australian gateway.

If a call fails after some of its requests succeeded, their results are printed before the error, so that no message id is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar, cast

import click

from ..cellcast import (
    GENERATIONS,
    Balance,
    CellcastAccount,
    CellcastSend,
    CellcastSent,
    MarkRead,
    OptOuts,
    Responses,
)
from ..client import Client
from ..errors import refusal
from ..files import FileContent
from ..model.operations import Operation
from ..redaction import strip_credentials
from ..wire.dialects import MAX_REQUEST
from . import output
from .accounts import cellcast_account, cellcast_settings, masked_cellcast_account
from .calling import RetryPrinter, explaining_failures
from .check import Findings, print_findings, with_files
from .completing import complete_files
from .dialect_options import CellcastOption, refuse_cellcast_options
from .exit_status import Status
from .inputs import read_bytes
from .media_options import look_at_files, private_option, refuse_without_look, whole_option
from .operations import read_content, slideshow_in, with_toml_messages
from .options import allow_http_option, dry_run_option, file_argument, given, json_option
from .repeated import group
from .request_text import print_dry_run

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


_sender_option = click.option(
    "--from",
    "sender",
    cls=CellcastOption,
    operation=CellcastSend,
    metavar="NAME",
    help="A sender that is registered to the account.",
)
_other_files_option = click.option(
    "--allow-other-files",
    cls=CellcastOption,
    operation=CellcastSend,
    on_request=True,
    is_flag=True,
    help="Your account manager allowed files that are not pictures.",
)


def _file_option(*names: str) -> Callable[[F], F]:
    return click.option(
        *names,
        "upload",
        metavar="FILE",
        shell_complete=complete_files,
        help="A picture to upload: a JPEG or PNG file, or a GIF file (v3).",
    )


def _call_options(command: F) -> F:
    return _GENERATION(_URL(allow_http_option(json_option(command))))


@group()
def cellcast() -> None:
    """Send through Cellcast, the Australian gateway.

    The API key comes from SKYMMS_CELLCAST_KEY or the profile. SKYMMS_CELLCAST_GENERATION or --generation says whether it is an
    APPKEY (v3) or an API key from the dashboard (v1).
    """


@cellcast.command("check")
@file_argument
@click.option("--to", metavar="NUMBER", multiple=True, help="A recipient, to check it too. May be repeated.")
@_sender_option
@_file_option("--file")
@_other_files_option
@click.option("--media", "look", is_flag=True, help="Fetch the files as the gateway does, 64 kB of each, and check them.")
@private_option
@whole_option
@_GENERATION
@json_option
def check_(
    file: str,
    to: tuple[str, ...],
    sender: str | None,
    upload: str | None,
    allow_other_files: bool,
    look: bool,
    private: bool,
    whole: bool,
    generation: str | None,
    as_json: bool,
) -> int:
    """Report every problem that Cellcast would have with a slideshow. Nothing is sent, and no API key is needed.

    With --media the picture is looked at as well: the file of --file, and what the slideshow's URL gives.
    """
    if not look:
        refuse_without_look("--media", private=private, whole=whole)
    content = read_content(file)
    account = masked_cellcast_account(cellcast_settings(generation, None), allow_other_files=allow_other_files)
    operation = _send_operation(account, content, to, sender, upload)
    problems = account.problems(operation)
    found = Findings(
        kind="slideshow",
        dialect=account.name,
        problems=tuple(one for one in with_toml_messages(content, problems) if to or one.field != "to"),
        warnings=account.warnings(operation),
    )
    if look:
        found = with_files(found, content, look_at_files(operation, account.limits, file, private, whole=whole))
    return print_findings(found, as_json)


@cellcast.command()
@file_argument
@click.option("--to", metavar="NUMBER", multiple=True, required=True, help="An Australian mobile number. May be repeated.")
@_sender_option
@_file_option("--file", "--media")
@_other_files_option
@dry_run_option
@_call_options
def send(
    file: str,
    to: tuple[str, ...],
    sender: str | None,
    upload: str | None,
    allow_other_files: bool,
    dry_run: bool,
    **options: Any,
) -> int:
    """Send a slideshow with one slide to any number of recipients."""
    content = read_content(file)
    settings = cellcast_settings(options["generation"], options["url"])
    masked = masked_cellcast_account(settings, allow_other_files=allow_other_files)
    operation = _send_operation(masked, content, to, sender, upload)
    return _call_and_print(operation, allow_other_files=allow_other_files, dry_run=dry_run, **options)


def _send_operation(
    account: CellcastAccount, content: FileContent, to: tuple[str, ...], sender: str | None, upload: str | None
) -> CellcastSend:
    """Return the operation of `send` and `check`. Options that the generation does not have are an error."""
    media = None if upload is None else read_bytes(upload, MAX_REQUEST)
    refuse_cellcast_options(account.generation, CellcastSend, given({"sender": sender, "media": media}))
    return CellcastSend(slideshow_in(content), to=to, sender=sender, media=media)


@cellcast.command()
@_PAGE
@click.option(
    "--mark-read",
    cls=CellcastOption,
    operation=Responses,
    is_flag=True,
    help="Then mark the listed messages as read.",
)
@_call_options
def responses(page: int | None, mark_read: bool, **options: Any) -> int:
    """List the messages that people sent back.

    In v3 these are the messages that are not marked as read.
    """
    refuse_cellcast_options(
        cellcast_settings(options["generation"], None).values.get("generation", ""),
        Responses,
        {"mark_read": mark_read} if mark_read else {},
    )
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
    operation: Operation[Any],
    generation: str | None,
    url: str | None,
    as_json: bool,
    allow_other_files: bool = False,
    dry_run: bool = False,
) -> int:
    settings = cellcast_settings(generation, url)
    account = (masked_cellcast_account if dry_run else cellcast_account)(settings, allow_other_files=allow_other_files)
    for warning in account.warnings(operation):
        output.print_message(f"warning: {warning}")
    if dry_run:
        if problems := account.problems(operation):
            raise refusal(problems)
        return print_dry_run(account, operation, as_json)
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
