"""`skymms sandbox` runs a local gateway until Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import click
from click.shell_completion import CompletionItem

from ..cellcast import GENERATIONS
from ..errors import ConfigurationError
from ..limits import Limits
from ..sandbox import AT_ONCE, FAULTS, Delays, Sandbox
from ..sandbox.faults import CODES
from ..transport.guard import is_loopback
from ..wire.dialects import DIALECTS
from . import output
from .completing import complete_fields
from .exit_status import Status
from .options import json_option
from .repeated import command

#: The default key. It is printed because it is not a secret; a key that the user chose is never printed.
_DEFAULT_KEY = "sandbox-key"

#: The options that may follow a fault's name in ``--fail``, and their types.
_FAULT_OPTIONS: dict[str, Callable[[str], Any]] = {"times": int, "every": int, "seconds": float, "to": str}


def _parse_faults(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> list[dict[str, Any]]:
    """Parse ``drop``, ``503:every=10``, ``E106:times=3:to=15551234888`` into the arguments of :meth:`Sandbox.fail`."""
    return [_parse_fault(value) for value in values]


def _parse_fault(text: str) -> dict[str, Any]:
    how, *parts = text.split(":")
    if how not in FAULTS and how.upper() not in CODES:
        raise click.BadParameter(f"{how!r} is not a fault: choose one of {', '.join(FAULTS)}, or a code such as E106")
    fault: dict[str, Any] = {"how": how}
    for part in parts:
        name, _, value = part.partition("=")
        if name not in _FAULT_OPTIONS:
            raise click.BadParameter(f"{part!r} is not one of {', '.join(f'{name}=…' for name in _FAULT_OPTIONS)}")
        try:
            fault[name] = _FAULT_OPTIONS[name](value)
        except ValueError:
            raise click.BadParameter(f"{name} must be a number, not {value!r}") from None
    return fault


def _complete_faults(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Offer the faults of the sandbox and the codes that it can return, and after a colon their options."""
    if ":" in incomplete:
        before, _, begin = incomplete.rpartition(":")
        return [CompletionItem(f"{before}:{name}=") for name in _FAULT_OPTIONS if name.startswith(begin)]
    described = {name: fault.description for name, fault in FAULTS.items()}
    return [
        CompletionItem(name, help=described.get(name))
        for name in (*FAULTS, *sorted(CODES))
        if name.lower().startswith(incomplete.lower())
    ]


def _check_ids(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a short code or carrier id that no message can have: the sandbox would refuse every message."""
    for value in values:
        if option.name == "senders" and not (value.isascii() and value.isdigit()):
            raise click.BadParameter(f"{value!r} is not a short code: it must be digits")
        if not value.strip():
            raise click.BadParameter(f"{value!r} is not an id: it must not be blank")
    return values


def _parse_country_senders(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Parse ``61=60857`` into the argument of :class:`Sandbox`, which checks the numbers."""
    return {code: sender for code, _, sender in (value.partition("=") for value in values)}


def _print_event(line: str) -> None:
    """Print a line about a request or postback on stderr.

    Called from the server's threads. A closed stderr must not stop the server. rich is not used, because printing with it
    takes longer than handling the request.
    """
    with suppress(OSError, ValueError):
        sys.stderr.write(output.printable(line) + "\n")


@command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="PORT", help="The port to listen on. Default: a free port."
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="The address to listen on; 0.0.0.0 lets other machines connect.",
)
@click.option(
    "--key",
    default=_DEFAULT_KEY,
    show_default=True,
    metavar="KEY",
    help="The API key to accept. It is not secret: do not use a real one.",
)
@click.option("--postback-url", metavar="URL", help="Where to post the reports about messages (postbacks).")
@click.option(
    "--at-once", is_flag=True, help="Send reports at once, not after seconds. A stored slideshow is never locked (E626)."
)
@click.option(
    "--sender",
    "senders",
    multiple=True,
    callback=_check_ids,
    metavar="CODE",
    help="A short code of the account; other senders are refused (E111). May be repeated.",
)
@click.option(
    "--operator",
    "operators",
    multiple=True,
    callback=_check_ids,
    metavar="ID",
    help="A known carrier id; others are refused (E651). May be repeated.",
)
@click.option(
    "--country-sender",
    "country_senders",
    multiple=True,
    callback=_parse_country_senders,
    metavar="CODE=SENDER",
    help="Replace the sender of messages to numbers that begin with CODE, as the gateway does. May be repeated.",
)
@click.option(
    "--check-campaigns",
    is_flag=True,
    help="Require that a campaign exists and the recipient is subscribed (E718, E721, E715).",
)
@click.option("--fetch-media", is_flag=True, help="Download every file, and refuse a message with a missing or wrong one.")
@click.option("--allow-other-files", is_flag=True, help="Cellcast v3 accepts files that are not pictures.")
@click.option(
    "--content-type",
    metavar="TYPE",
    help="The Content-Type of responses in Skycore 1.3, for example text/xml. Default: text/html; charset=UTF-8.",
)
@click.option(
    "--waive",
    "waived",
    metavar="FIELD",
    shell_complete=complete_fields,
    multiple=True,
    help="Accept messages without this field, although their dialect requires it, such as subject. May be repeated.",
)
@click.option("--strict", is_flag=True, help="Refuse unknown fields, and what the XML schema does not allow.")
@click.option(
    "--fail",
    "faults",
    multiple=True,
    callback=_parse_faults,
    shell_complete=_complete_faults,
    metavar="HOW[:every=N][:times=N][:seconds=S][:to=NUMBER]",
    help="Make requests fail: drop, 503:every=10, E106:times=3, … May be repeated.",
)
@click.option(
    "--carrier",
    "carriers",
    multiple=True,
    callback=_check_ids,
    metavar="ID",
    help="Spread the numbers over these carriers, by their last digits. May be repeated.",
)
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    metavar="CODE[:CARRIER]",
    help="What becomes of messages: E102 is not delivered, E102:0003100 for those of one --carrier. May be repeated.",
)
@json_option
def sandbox(
    key: str,
    at_once: bool,
    faults: list[dict[str, Any]],
    carriers: tuple[str, ...],
    outcomes: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> int:
    """Run a local gateway for tests and experiments. It sends nothing to phones.

    It accepts every dialect and applies the library's own rules. The settings to copy are printed on stdout, and a line for
    each request and postback on stderr. Ctrl-C ends it.
    """
    with _open(key, delays=AT_ONCE if at_once else Delays(), **options) as running:
        for fault in faults:
            running.fail(**fault)
        if carriers:
            running.carriers(*carriers)
        for code, _, carrier in (one.partition(":") for one in outcomes):
            running.outcome(code, operator_id=carrier or None)
        if as_json:
            _print_addresses(running)
        else:
            _print_settings(running, key)
        host = options["host"]
        if not is_loopback(host):
            output.print_message(
                f"warning: everybody who can reach {host} can send messages here, read all messages and make requests fail"
            )
        output.print_message("Nothing sent here reaches a phone. Press Ctrl-C to stop.")
        # A program that started this one in the background waits for the addresses.
        sys.stdout.flush()
        running.serve_forever()
    return Status.DONE


def _open(
    key: str,
    *,
    host: str,
    port: int,
    senders: tuple[str, ...],
    operators: tuple[str, ...],
    waived: tuple[str, ...],
    **options: Any,
) -> Sandbox:
    limits = Limits(waived=frozenset(waived))
    try:
        return Sandbox(
            key,
            host=host,
            port=port,
            senders=senders or None,
            operators=operators or None,
            limits=limits,
            on_event=_print_event,
            **options,
        )
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from None


def _addresses(running: Sandbox) -> tuple[dict[str, str], dict[str, str]]:
    """Return the sandbox's address for each dialect, and for each generation of Cellcast."""
    dialects: dict[str, str] = {name: running.account(name).address for name in DIALECTS}
    generations = {name: running.account(f"cellcast-{name}").address for name in GENERATIONS}
    return dialects, generations


def _allow_http(running: Sandbox, variable: str) -> str:
    """The setting that a program needs for a sandbox with a public address."""
    return f" {variable}=1" if running.account().allow_http else ""


def _print_addresses(running: Sandbox) -> None:
    """Print the addresses as one JSON document."""
    dialects, generations = _addresses(running)
    cellcast = {f"cellcast-{name}": address for name, address in generations.items()}
    output.print_json({"url": running.url, "addresses": {**dialects, **cellcast}})


def _print_settings(running: Sandbox, key: str) -> None:
    """Print the environment variables to copy. A key that the user chose is not printed."""
    dialects, generations = _addresses(running)
    show_key = key == _DEFAULT_KEY
    output.print_line(
        f"Sandbox at {running.url}. Open it in a browser to see the messages, or copy one of these lines for a program:", "bold"
    )
    for name, address in dialects.items():
        suffix = _allow_http(running, "SKYMMS_ALLOW_HTTP") + (f" SKYMMS_API_KEY={key}" if show_key else "")
        output.print_line(f"export SKYMMS_URL={address} SKYMMS_DIALECT={name}{suffix}")
    for name, address in generations.items():
        suffix = _allow_http(running, "SKYMMS_CELLCAST_ALLOW_HTTP") + (f" SKYMMS_CELLCAST_KEY={key}" if show_key else "")
        output.print_line(f"export SKYMMS_CELLCAST_URL={address} SKYMMS_CELLCAST_GENERATION={name}{suffix}")
    if not show_key:
        output.print_line("Also set SKYMMS_API_KEY, and SKYMMS_CELLCAST_KEY for Cellcast, to the key given with --key.")
