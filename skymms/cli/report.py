"""`skymms report`: the statistics that GetStatistics leads to, a row a message."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import click

from ..account import Account
from ..client import Client
from ..errors import ConfigurationError, ProtocolError
from ..redaction import MASK
from ..reports import MAX_REPORT, MessageReport, read_report
from . import output
from .exit_status import Status
from .options import json_option, read_bytes

_LINK = re.compile(r"https?://", re.IGNORECASE)


@click.command()
@click.argument("source", metavar="LINK-OR-FILE")
@json_option
def report(source: str, as_json: bool) -> int:
    """Read a report of what was sent: from its link, a file, or - for stdin.

    The link is asked once, without the key. `skymms call` of a request for statistics prints it.
    """
    rows = _fetched(source) if _LINK.match(source) else _from_file(source)
    if as_json:
        output.document({"messages": [{**output.plain(row), "delivered": row.delivered} for row in rows]})
        return Status.DONE
    if rows:
        columns = ("Section", "Kind", "Id", "To", "From", "Message", "Status", "At", "Delivered")
        output.table("", columns, [_cells(row) for row in rows])
    output.say(f"{len(rows)} listed, {sum(row.delivered for row in rows)} delivered")
    return Status.DONE


def _fetched(link: str) -> tuple[MessageReport, ...]:
    # A client wants an account, and fetching uses nothing of it: neither key nor environment is asked for.
    with Client(Account(MASK)) as client:
        return read_report(client.fetch(link))


def _from_file(name: str) -> tuple[MessageReport, ...]:
    try:
        return read_report(read_bytes(name, MAX_REPORT))
    except ProtocolError as error:
        # No answer of a gateway to us, but a file that is none.
        raise ConfigurationError(str(error)) from None


def _cells(row: MessageReport) -> tuple[Any, ...]:
    last = row.statuses[-1] if row.statuses else None
    # What is no message has nothing but what stood there.
    words = row.mms_name or row.text or row.mms_id or ", ".join(f"{name} {value}" for name, value in row.raw)
    return (
        *(row.section, row.kind, row.id, row.to, row.sender, words),
        *((f"{last.name} {last.info or ''}".strip(), _plain_time(last.time)) if last else (None, None)),
        "yes" if row.delivered else None,
    )


def _plain_time(time: Any) -> Any:
    """To the second: nobody compares the rest by eye, and a row has to fit a line."""
    return time.isoformat(" ", "seconds") if isinstance(time, datetime) else time
