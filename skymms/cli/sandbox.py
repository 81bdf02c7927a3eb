"""`skymms sandbox`: a gateway on this machine, until Ctrl-C."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

import click

from ..cellcast import GENERATIONS
from ..errors import ConfigurationError
from ..sandbox import AT_ONCE, FAULTS, Delays, Sandbox
from ..sandbox.faults import CODES
from ..transport.guard import is_loopback
from ..wire.dialects import DIALECTS
from . import output
from .exit_status import Status
from .options import json_option

#: The only key that is no secret.
_KEY = "sandbox-key"

#: What can follow a fault's name, and how it is read.
_MORE = {"times": int, "every": int, "seconds": float, "to": str}


def _faults(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> list[dict[str, Any]]:
    """``drop``, ``503:every=10``, ``E106:times=3:to=15551234888``: the arguments of :meth:`Sandbox.fail`."""
    return [_fault(one) for one in given]


def _fault(said: str) -> dict[str, Any]:
    how, *more = said.split(":")
    if how not in FAULTS and how.upper() not in CODES:
        raise click.BadParameter(f"{how!r} is no fault: choose one of {', '.join(FAULTS)}, or a code such as E106")
    asked: dict[str, Any] = {"how": how}
    for one in more:
        name, _, value = one.partition("=")
        if name not in _MORE:
            raise click.BadParameter(f"{one!r} is none of {', '.join(f'{name}=…' for name in _MORE)}")
        try:
            asked[name] = _MORE[name](value)
        except ValueError:
            raise click.BadParameter(f"{value!r} is no number for {name}") from None
    return asked


def _tell(line: str) -> None:
    # From the server's threads: a reader who went away is no reason to stop answering. A console would cost more than the
    # answer does, and that is felt under load.
    with suppress(OSError, ValueError):
        sys.stderr.write(output.visible(line) + "\n")


def _codes(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """What no message can name would have every message refused."""
    for one in given:
        if not one.strip() or (option.name == "senders" and not (one.isascii() and one.isdigit())):
            raise click.BadParameter(f"{one!r} is no {'short code in digits' if option.name == 'senders' else 'id'}")
    return given


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen; a free port if not given.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Whom to listen to; 0.0.0.0 lets others in.")
@click.option("--key", default=_KEY, show_default=True, help="The key it takes. It is not secret: do not use a real one.")
@click.option("--postback-url", metavar="URL", help="Where to post what becomes of the messages.")
@click.option("--at-once", is_flag=True, help="Let reports follow at once, not after seconds; nothing is ever locked (E626).")
@click.option(
    "--sender",
    "senders",
    multiple=True,
    callback=_codes,
    metavar="CODE",
    help="A short code of the account; others are refused (E111).",
)
@click.option(
    "--operator",
    "operators",
    multiple=True,
    callback=_codes,
    metavar="ID",
    help="A carrier it knows; others are refused (E651).",
)
@click.option("--check-campaigns", is_flag=True, help="Insist on campaigns, and on numbers in them (E718, E721, E715).")
@click.option(
    "--fetch-media", is_flag=True, help="Fetch every file, and refuse what cannot be had or is not what it should be."
)
@click.option("--strict", is_flag=True, help="Refuse names nobody knows, and what the schema does not allow.")
@click.option(
    "--fail",
    "faults",
    multiple=True,
    callback=_faults,
    metavar="HOW[:every=N][:times=N][:seconds=S][:to=NUMBER]",
    help="Break requests: drop, 503:every=10, E106:times=3, …",
)
@json_option
def sandbox(
    port: int,
    host: str,
    key: str,
    postback_url: str | None,
    at_once: bool,
    senders: tuple[str, ...],
    operators: tuple[str, ...],
    check_campaigns: bool,
    fetch_media: bool,
    strict: bool,
    faults: list[dict[str, Any]],
    as_json: bool,
) -> int:
    """Run a gateway on this machine, for trying things out.

    It takes every dialect, judges by the library's own rules, and sends nothing to anybody. The settings to copy stand on
    stdout; each request and postback as it comes, on stderr. --sender and --fail may be given several times.
    """
    try:
        opened = Sandbox(
            key,
            port=port,
            host=host,
            postback_url=postback_url,
            delays=AT_ONCE if at_once else Delays(),
            senders=senders or None,
            operators=operators or None,
            check_campaigns=check_campaigns,
            fetch_media=fetch_media,
            strict=strict,
            on_event=_tell,
        )
    except OSError as error:
        raise ConfigurationError(f"cannot listen at {host}, port {port}: {error.strerror or error}") from None
    with opened as running:
        for fault in faults:
            running.fail(**fault)
        _introduce(running, key, as_json)
        if not is_loopback(host):
            output.say(f"warning: whoever reaches {host} can send here, see every message, and break what they like")
        output.say("Nothing sent here reaches a phone. Ctrl-C ends it.")
        # Whoever started us in the background waits for the addresses.
        sys.stdout.flush()
        running.serve_forever()
    return Status.DONE


def _introduce(running: Sandbox, key: str, as_json: bool) -> None:
    """The settings to copy; a key of the caller's own is not repeated."""
    addresses = {name: running.account(name).address for name in DIALECTS}
    cellcast = {name: running.account(f"cellcast-{name}").address for name in GENERATIONS}
    if as_json:
        addresses |= {f"cellcast-{name}": address for name, address in cellcast.items()}
        output.document({"url": running.url, "addresses": addresses})
        return
    output.show(f"A sandbox at {running.url}: open it in a browser to see what comes, or copy a line for a program.", "bold")
    shown = f" SKYMMS_API_KEY={key}" if key == _KEY else ""
    for name, address in addresses.items():
        output.show(f"export SKYMMS_URL={address} SKYMMS_DIALECT={name}{shown}")
    for name, address in cellcast.items():
        key_shown = f" SKYMMS_CELLCAST_KEY={key}" if shown else ""
        output.show(f"export SKYMMS_CELLCAST_URL={address} SKYMMS_CELLCAST_GENERATION={name}{key_shown}")
    if not shown:
        output.show("SKYMMS_API_KEY has to be the key given here, and so has SKYMMS_CELLCAST_KEY.")
