"""`skymms report` prints a statistics report, which a GetStatistics request links to."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import click

from ..account import Account
from ..client import Client
from ..errors import ConfigurationError, ProtocolError
from ..http import MAX_REPORT
from ..redaction import MASK
from ..reports import MessageReport, read_report
from . import output
from .completing import complete_files
from .exit_status import Status
from .inputs import read_bytes
from .options import json_option
from .repeated import command

_LINK = re.compile(r"https?://", re.IGNORECASE)
_COLUMNS = ("Section", "Kind", "Id", "To", "From", "Message", "Status", "Time", "Delivered")


@command()
@click.argument("source", metavar="LINK-OR-FILE", shell_complete=complete_files)
@json_option
def report(source: str, as_json: bool) -> int:
    """Print a statistics report: one row for each message.

    A request for statistics, sent with `skymms call`, prints the link. A link is fetched once and without the API key. Instead
    of a link, give a file that contains the report; - is stdin.
    """
    rows = _fetch(source) if _LINK.match(source) else _read(source)
    if as_json:
        output.print_json({"messages": [{**output.to_json(row), "delivered": row.delivered} for row in rows]})
        return Status.DONE
    if rows:
        output.print_table("", _COLUMNS, [_cells(row) for row in rows])
    output.print_message(f"{len(rows)} listed, {sum(bool(row.delivered) for row in rows)} delivered")
    return Status.DONE


def _fetch(link: str) -> tuple[MessageReport, ...]:
    # A client needs an account, but fetching uses neither its key nor its address.
    with Client(Account(MASK)) as client:
        return read_report(client.fetch(link))


def _read(name: str) -> tuple[MessageReport, ...]:
    try:
        return read_report(read_bytes(name, MAX_REPORT))
    except ProtocolError as error:
        # ProtocolError is for a gateway's response. Here the file is wrong, so the exit status is 2, not 3.
        raise ConfigurationError(str(error)) from None


def _cells(row: MessageReport) -> tuple[Any, ...]:
    """Return the cells of a row, in the order of :data:`_COLUMNS`."""
    last = row.statuses[-1] if row.statuses else None
    # An entry of an unknown kind is shown by its attributes.
    message = row.mms_name or row.text or row.mms_id or ", ".join(f"{name} {value}" for name, value in row.raw)
    status = f"{last.name} {last.info or ''}".strip() if last else None
    time = _to_the_second(last.time) if last else None
    return (row.section, row.kind, row.id, row.to, row.sender, message, status, time, "yes" if row.delivered else None)


def _to_the_second(time: Any) -> Any:
    """Return a time without fractions of a second, so that a row fits into a line."""
    return time.isoformat(" ", "seconds") if isinstance(time, datetime) else time
