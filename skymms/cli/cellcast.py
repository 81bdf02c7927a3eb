"""The commands of the Australian gateway: skymms cellcast send, responses, mark-read, optouts and balance.

Its key comes from SKYMMS_CELLCAST_KEY. What was done before a failure is printed like an answer: no message id is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import click

from ..cellcast import (
    GENERATIONS,
    MAX_MEDIA,
    Balance,
    CellcastAccount,
    CellcastSend,
    CellcastSent,
    MarkRead,
    OptOuts,
    Responses,
)
from ..client import Client
from ..model.operations import Operation
from ..redaction import strip_credentials
from . import output
from .exit_status import Status
from .options import file_argument, json_option, read_bytes, read_content, slideshow_of
from .send import talking

F = TypeVar("F", bound=Callable[..., Any])

_GENERATION = click.option(
    "--generation", type=click.Choice(list(GENERATIONS)), help="Which of the two; SKYMMS_CELLCAST_GENERATION if not given."
)
_URL = click.option("--url", help="Where the gateway is; SKYMMS_CELLCAST_URL, or the vendor's own host, if not given.")


def _calling(command: F) -> F:
    return _GENERATION(_URL(json_option(command)))


@click.group(no_args_is_help=False)
def cellcast() -> None:
    """Cellcast, the Australian gateway.

    The key comes from SKYMMS_CELLCAST_KEY, and whether that is an APPKEY (v3) or an API key (v1) from
    SKYMMS_CELLCAST_GENERATION.
    """


@cellcast.command()
@file_argument
@click.option("--to", multiple=True, required=True, help="An Australian mobile; give it again for each recipient.")
@click.option("--from", "sender", help="A registered sender (v1).")
@click.option("--media", metavar="FILE", help="A jpeg or png to hand over (v1).")
@_calling
def send(file: str, to: tuple[str, ...], sender: str | None, media: str | None, **options: Any) -> int:
    """Send a slideshow of one slide to any number of recipients."""
    content = read_content(file)
    picture = None if media is None else read_bytes(media, MAX_MEDIA)
    return _answer(CellcastSend(slideshow_of(content), to=to, sender=sender, media=picture), **options)


@cellcast.command()
@click.option("--page", type=int, help="Only this page, from 1.")
@click.option("--mark-read", is_flag=True, help="Mark as read what was listed, after all of it was read (v3).")
@_calling
def responses(page: int | None, mark_read: bool, **options: Any) -> int:
    """List what people answered; in v3 what is not marked as read."""
    return _answer(Responses(page, mark_read=mark_read), **options)


@cellcast.command("mark-read")
@click.argument("message_id", metavar="[ID]", required=False)
@click.option("--before", metavar="TIMESTAMP", help="All that came before, as Cellcast wants it written.")
@click.option("--everything", is_flag=True, help="All there are.")
@_calling
def mark_read(message_id: str | None, before: str | None, everything: bool, **options: Any) -> int:
    """Mark responses as read (v3): one, those before a moment, or everything."""
    return _answer(MarkRead(message_id=message_id, before=before, everything=everything), **options)


@cellcast.command()
@click.option("--page", type=int, help="Only this page, from 1.")
@_calling
def optouts(page: int | None, **options: Any) -> int:
    """List who opted out."""
    return _answer(OptOuts(page), **options)


@cellcast.command()
@_calling
def balance(**options: Any) -> int:
    """Tell what credits are left."""
    return _answer(Balance(), **options)


# ------------------------------------------------------------------------------------------------ calling


def _answer(operation: Operation[Any], generation: str | None, url: str | None, as_json: bool) -> int:
    chosen = {name: value for name, value in (("generation", generation), ("url", url)) if value}
    account = CellcastAccount.from_env(**chosen)
    output.say(f"{type(operation).__name__} in {account.name} to {strip_credentials(account.address)}", "dim")
    try:
        with talking(operation), Client(account) as client:
            reply = client.call(operation)
    except BaseException as error:
        partial = getattr(error, "partial", None)
        # Of a list that failed at once there is nothing to tell.
        if not as_json and partial is not None and getattr(partial, "rows", True):
            _print(partial)
        raise
    if as_json:
        output.document(reply)
    else:
        _print(reply)
    return Status.DONE


def _print(reply: Any) -> None:
    if isinstance(reply, CellcastSent):
        told = [(name, value) for name, value in output.fields_of(reply) if value not in ({}, None)]
        output.sheet("Accepted" if reply.queued else "Not accepted", [(name, _lines(value)) for name, value in told])
    elif isinstance(getattr(reply, "rows", None), tuple):
        columns = [item.name for item in fields(reply.rows[0]) if item.name != "raw"] if reply.rows else []
        if reply.rows:
            names = [name.replace("_", " ").capitalize() for name in columns]
            output.table("", names, [[getattr(row, name) for name in columns] for row in reply.rows])
        output.say(f"{len(reply)} listed" + (f", {len(reply.marked)} marked as read" if reply.marked else ""))
    else:
        output.sheet("Done", output.fields_of(reply))


def _lines(value: Any) -> Any:
    return "\n".join(f"{key}  {one}" for key, one in value.items()) if isinstance(value, dict) else value
