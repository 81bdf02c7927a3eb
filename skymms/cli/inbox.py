"""`skymms inbox …`: receives postbacks, and shows and handles what was received."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from datetime import timedelta

import click

from ..cellcast import read_cellcast_webhook
from ..errors import ConfigurationError
from ..inbox import Inbox, Secret
from ..inbox.access import Networks
from ..postbacks import read_postbacks
from . import output
from .broadcast_options import parse_time
from .completing import complete_files
from .exit_status import Status
from .inbox_handling import HANDLING_COMMANDS
from .inbox_options import (
    Address,
    address_options,
    basic_auth_option,
    connect_ledger,
    open_chosen_ledger,
    open_chosen_store,
    open_store_beside,
    open_stored,
    read_secret,
    since_option,
    store_options,
)
from .inbox_output import (
    counted,
    message_json,
    post_json,
    print_known,
    print_one,
    print_quarantine,
    print_received,
    received_json,
)
from .inbox_run import import_uvicorn, serve
from .options import ROW_ID, json_option, older_than_option
from .repeated import group

#: How many notices `list` prints without ``--json`` and ``--limit``.
_LISTED = 100
#: More than any inbox has, and few enough for a database.
_MOST_LISTED = 10**12


@group()
def inbox() -> None:
    """Receive what gateways post, and look at it.

    `serve` stores every postback before it answers. `work` hands them to the functions of your program. The other commands
    show what is stored, also while the server runs.
    """


for _one in HANDLING_COMMANDS:
    inbox.add_command(_one)

# ------------------------------------------------------------------------------------------------ receiving


@inbox.command("serve")
@store_options
@address_options
@click.option(
    "--cellcast", is_flag=True, help="Receive the webhooks of Cellcast instead of the postbacks of Skycore and Sinch."
)
@click.option(
    "--network",
    "networks",
    multiple=True,
    metavar="NETWORK",
    help="Only this address or network may post, such as 192.0.2.0/24. May be repeated.",
)
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    help="The address of a proxy in front, whose X-Forwarded-For is believed. May be repeated.",
)
@basic_auth_option
@click.option(
    "--ledger",
    envvar="SKYMMS_INBOX_LEDGER",
    metavar="WHERE",
    shell_complete=complete_files,
    help="A ledger of broadcasts: reports are matched to its messages, and opt-outs are written into it before their post is "
    "answered. Put a URL with a password into SKYMMS_INBOX_LEDGER.",
)
def serve_(
    cellcast: bool,
    networks: tuple[str, ...],
    proxies: tuple[str, ...],
    basic: tuple[tuple[str, str], ...],
    ledger: str | None,
) -> int:
    """Receive postbacks until Ctrl-C or SIGTERM.

    The address to register at the gateway is printed on stdout, and a line for each request on stderr. The last segment of the
    address is the secret, so keep it to yourself: lines on stderr do not have it. One process serves one file.
    """
    uvicorn = import_uvicorn()
    address, secret = Address.chosen(), read_secret()
    read = read_cellcast_webhook if cellcast else read_postbacks
    # Checked before a file is created.
    Networks(networks, proxies)
    with ExitStack() as opened:
        books = None if ledger is None else opened.enter_context(open_chosen_ledger(ledger))
        store = open_chosen_store(new=True) if books is None else open_store_beside(books, ledger or "")
        opened.callback(store.close)
        receiving = Inbox(store, secret=secret, read=read, networks=networks, proxies=proxies, basic=basic)
        about = f"Stores postbacks in {store.name}."
        if books is not None:
            connect_ledger(receiving, books)
            about += f" Reports and opt-outs go to the ledger {books.store.name} too."
        elif receiving.find_unconnected() is not None:
            output.print_message(
                f"warning: {store.name} is also a ledger with broadcasts, and this server does not tell it what it receives: "
                "STOP is not obeyed, and delivery reports do not reach the broadcasts. Add --ledger with the same name."
            )
        if address.url is None:
            about += " Gateways need a public https address: put a proxy in front, and add --url."
        return serve(uvicorn, receiving, address, secret, about, basic)


@inbox.command("address")
@store_options
@address_options
@basic_auth_option
def address_(basic: tuple[tuple[str, str], ...]) -> int:
    """Print the address to register at the gateway, which `serve` prints with the same options. It contains the secret."""
    address = Address.chosen()
    if address.url is None and address.port == 0:
        raise click.UsageError(
            "--port 0 is a port that only `skymms inbox serve` knows, which prints it: name a port, or --url"
        )
    output.print_line(address.with_secret(read_secret(), basic))
    return Status.DONE


@inbox.command("secret")
@click.option(
    "-o",
    "--output",
    "target",
    metavar="FILE",
    shell_complete=complete_files,
    help="A new file, which only you can read. Default: stdout.",
)
def secret_(target: str | None) -> int:
    """Create a secret for the address, of 256 random bits.

    To replace a secret, write the new one and the former one into the file, in two lines: both are accepted.
    """
    token = Secret.generate().reveal()
    if target is None or target == "-":
        output.print_line(token)
        return Status.DONE
    try:
        with open(target, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(f"{token}\n")
    except FileExistsError:
        raise ConfigurationError(f"{target} exists, and is not overwritten: the gateway may use its secret") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot write {target}: {getattr(error, 'strerror', None) or error}") from None
    output.print_message(f"{target} has a new secret. To receive: skymms inbox serve --secret-file {target}")
    return Status.DONE


# ------------------------------------------------------------------------------------------------ looking


@inbox.command("list")
@store_options
@click.option("--tracking-id", metavar="ID", help="Only the notices about this message.")
@since_option
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Only the newest N. Default: {_LISTED}, and with --json all.",
)
@json_option
def list_(tracking_id: str | None, since: str | None, limit: int | None, as_json: bool) -> int:
    """List the notices, the oldest first. Phone numbers are masked; --json prints everything."""
    begin = parse_time(since, None, "--since")
    limit = None if limit is None else min(limit, _MOST_LISTED)
    with open_stored() as stored:
        if as_json:
            found = stored.notices(since=begin, tracking_id=tracking_id, limit=limit)
            output.print_json_list("notices", map(received_json, found))
            return Status.DONE
        most = limit or _LISTED
        # One more, to know whether there are more.
        newest = list(stored.notices(since=begin, tracking_id=tracking_id, limit=most + 1))
        count = print_received(newest[-most:])
        unread = stored.quarantine_size
    more = ", the newest; --limit lists more" if len(newest) > most and limit is None else ""
    output.print_message(f"{count} listed{more}")
    if unread:
        output.print_message(f"{counted(unread, 'post')} could not be read: `skymms inbox quarantine` lists them")
    return Status.DONE


@inbox.command()
@click.argument("id", type=ROW_ID)
@click.option("--raw", is_flag=True, help="Print the exact bytes of the post.")
@store_options
@json_option
def show(id: int, raw: bool, as_json: bool) -> int:
    """Show everything about a notice: its fields, its handlers, and how the last call failed. Numbers are not masked."""
    with open_stored() as stored:
        found = stored.notice(id)
        if raw:
            return _print_body(stored.post(found.post_id).body, found.post_id)
        files = stored.files(id)
        if as_json:
            output.print_json({**received_json(found), "files": [one._asdict() for one in files]})
        else:
            print_one(found, files)
    return Status.DONE


@inbox.command()
@click.argument("post", required=False, type=ROW_ID)
@store_options
@json_option
def quarantine(post: int | None, as_json: bool) -> int:
    """List the posts that could not be read, or print the exact bytes of one.

    A post stays here so that it is not lost: the gateway does not send it again.
    """
    with open_stored() as stored:
        if post is not None:
            found = stored.post(post)
            if not as_json:
                return _print_body(found.body, post)
            output.print_json(post_json(found))
            return Status.DONE
        if as_json:
            output.print_json_list("quarantine", map(post_json, stored.quarantine()))
            return Status.DONE
        count = print_quarantine(stored.quarantine())
    output.print_message(f"{count} listed" + ("; `skymms inbox quarantine POST` prints one" if count else ""))
    return Status.DONE


def _print_body(body: bytes | None, post: int) -> int:
    if body is None:
        raise ConfigurationError(f"the body of post {post} was erased, because it contained a number")
    sys.stdout.buffer.write(body)
    if sys.stdout.isatty():
        sys.stdout.buffer.write(b"\n")
    return Status.DONE


@inbox.command()
@click.argument("tracking_id", metavar="TRACKING-ID")
@store_options
@json_option
def message(tracking_id: str, as_json: bool) -> int:
    """Show the state of a message, and its reports. Numbers are not masked."""
    with open_stored() as stored:
        found = stored.message(tracking_id)
    if as_json:
        output.print_json(message_json(found))
    else:
        print_known(found)
    return Status.DONE


# ------------------------------------------------------------------------------------------------ deleting


@inbox.command()
@older_than_option("came")
@store_options
def prune(older_than: timedelta) -> int:
    """Delete old posts and their notices. What waits for a handler stays, and repeats are still recognised."""
    with open_stored() as stored:
        count = stored.prune(older_than=older_than)
    output.print_line(f"{counted(count, 'post')} deleted")
    return Status.DONE


@inbox.command()
@click.argument("number")
@store_options
@json_option
def forget(number: str, as_json: bool) -> int:
    """Erase a number: what it sent, and every report and reply that contains it."""
    with open_stored() as stored:
        forgotten = stored.forget(number)
    if as_json:
        output.print_json(forgotten._asdict())
        return Status.DONE
    output.print_line(f"the number is erased: {counted(forgotten.notices, 'notice')} in {counted(forgotten.posts, 'post')}")
    for file in forgotten.files:
        output.print_line(file)
    if forgotten.files:
        output.print_message("your program stored the files above: delete them too")
    return Status.DONE
