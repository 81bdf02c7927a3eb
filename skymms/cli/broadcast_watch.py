"""`skymms broadcast watch` serves a page that shows how broadcasts are doing."""

from __future__ import annotations

import sys

import click

from . import output
from .broadcast_options import ledger_options, open_ledger
from .exit_status import Status
from .options import json_option
from .repeated import command


@command()
@click.argument("name", required=False)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="PORT", help="The port to listen on. Default: a free port."
)
@click.option("--numbers", is_flag=True, help="Show recipients' numbers. Otherwise all digits but the last three are hidden.")
@ledger_options
@json_option
def watch(name: str | None, port: int, numbers: bool, as_json: bool) -> int:
    """Serve a page on this machine that shows how broadcasts are doing, and can pause and resume them.

    With NAME, that of one broadcast only. It does not send: `run` does, in another process. Ctrl-C ends it.
    """
    # It imports the sandbox's server, which other commands do not need.
    from ..watch.server import WatchServer

    with open_ledger() as ledger, WatchServer(ledger, only=name, numbers=numbers, port=port) as server:
        if as_json:
            output.print_json({"url": server.url})
        else:
            output.print_line(f"Open {server.url}")
        output.print_message("Only this machine can open it. It sends nothing. Press Ctrl-C to stop.")
        # A program that started this one in the background waits for the address.
        sys.stdout.flush()
        server.wait()
    return Status.DONE
