"""`skymms doctor` says what is wrong with the settings, the network and the stores, and what to do. It sends no message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import click

from ..cellcast import GENERATIONS
from ..errors import ConfigurationError
from ..transport.calls import parse_timeout
from .broadcast_options import Gateway, account_options
from .completing import complete_files
from .doctor_gateway import examine_gateway
from .doctor_network import examine_way
from .doctor_report import Finding, failed, failure, print_report, skipped
from .doctor_settings import examine_key, examine_settings
from .doctor_stores import examine_stores
from .doctor_versions import examine_versions
from .options import json_option
from .repeated import command
from .store_options import INBOX, LEDGER, StoreOption

F = TypeVar("F", bound=Callable[..., Any])


def _store_option(option: StoreOption) -> Callable[[F], F]:
    return click.option(
        option.option,
        envvar=option.variable,
        metavar="WHERE",
        shell_complete=complete_files,
        help=f"The {option.noun} to look at. Default: {option.variable}, or {option.default} if there is one.",
    )


@command()
@account_options
@click.option("--cellcast", is_flag=True, help="Look at the account of Cellcast.")
@click.option("--offline", is_flag=True, help="Connect to nothing.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    metavar="SECONDS",
    help="The longest time for each step. Default: 10.",
)
@_store_option(LEDGER)
@_store_option(INBOX)
@json_option
def doctor(
    offline: bool, timeout: float, cellcast: bool, ledger: str | None, store: str | None, as_json: bool, **options: Any
) -> int:
    """Say what is wrong with the settings, the network and the stores.

    Looks at the API key and where each setting comes from, the proxy, the name, the connection, the certificate and the
    clock of the gateway, makes a request that sends nothing, and looks at the ledger and the inbox. Each finding is ok, a
    warning or a failure, with what to do. Keys and phone numbers are not printed, so the output can be sent to somebody else.

    The exit status is 1 if something has failed. Warnings do not change it.
    """
    # Of a time that is too long, or not a number, the operating system would only say so in the middle.
    timeout, _ = parse_timeout(timeout)
    findings = [
        *examine_versions(),
        *_examine_account(cellcast, options, timeout, offline=offline),
        *examine_stores(ledger, store, offline=offline),
    ]
    return print_report(findings, as_json)


def _examine_account(cellcast: bool, options: dict[str, Any], timeout: float, *, offline: bool) -> Iterator[Finding]:
    """Yield what is known about the account, and the way to its gateway."""
    try:
        gateway = Gateway.chosen(cellcast, options, None)
        if gateway.cellcast and not gateway.settings.values.get("generation"):
            choices = " or ".join(GENERATIONS)
            yield failure("generation", "it is not known", f"set SKYMMS_CELLCAST_GENERATION, or --generation, to {choices}")
            return
        masked = gateway.masked_account()
    except ConfigurationError as error:
        notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
        yield failure("settings", f"{error}{notes}", "correct the setting")
        return
    yield from examine_settings(gateway.settings, masked)
    finding, found = examine_key(gateway.settings, "SKYMMS_CELLCAST_KEY" if gateway.cellcast else "SKYMMS_API_KEY")
    yield finding
    if offline:
        yield skipped("network", "--offline")
        return
    way: list[Finding] = []
    for one in examine_way(masked.address, timeout):
        way.append(one)
        yield one
    if failed(way):
        yield skipped("reach", "the step above has failed")
        return
    account = replace(masked, api_key=found.key) if found else masked
    yield from examine_gateway(account, timeout, has_key=found is not None)
