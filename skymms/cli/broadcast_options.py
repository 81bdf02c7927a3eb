"""The options of `skymms broadcast …`: the ledger, the account, and when messages are sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

import click

from ..account import Account
from ..broadcast import Broadcast, Hours, Ledger
from ..broadcast.hours import zone_info
from ..cellcast import GENERATIONS, CellcastAccount, CellcastSend
from .accounts import (
    Settings,
    account_from_settings,
    cellcast_account,
    cellcast_settings,
    masked_account,
    masked_cellcast_account,
    profile_gateway,
    skycore_settings,
)
from .options import combine, gateway_options
from .store_options import LEDGER, adopts

#: ``--ledger`` and ``--adopt``.
ledger_options: Final = LEDGER.options
_generation = click.option(
    "--generation",
    type=click.Choice(list(GENERATIONS)),
    help="Of a Cellcast account. Default: SKYMMS_CELLCAST_GENERATION, or the profile's.",
)
#: The options of the account: those of other commands, and ``--generation``.
account_options: Final = combine(gateway_options, _generation)


by_option: Final = click.option("--by", metavar="WHO", help="Who decides, for the audit table. Default: the user's name.")
name_argument: Final = click.argument("name")
proof_option: Final = click.option(
    "--proof", metavar="NUMBER", help="First send the message of the first recipient to this number, once, to look at it."
)
country_option: Final = click.option(
    "--country",
    metavar="CODE",
    envvar="SKYMMS_COUNTRY",
    help="The country code of numbers that are written without one, such as 1 for the US. Default: SKYMMS_COUNTRY.",
)
number_column: Final = click.option(
    "--number", metavar="COLUMN", help="The column with the numbers. Default: number, mobile, phone …"
)


def open_ledger(*, new: bool = False) -> Ledger:
    """Open the ledger of the command. Without ``new``, one that does not exist is an error and is not created."""
    return Ledger(LEDGER.chosen(new=new), adopt=adopts())


# ------------------------------------------------------------------------------------------------ the account


class Gateway(NamedTuple):
    """The settings of the account that a broadcast is sent from."""

    cellcast: bool
    settings: Settings

    @classmethod
    def chosen(cls, cellcast: bool, options: dict[str, Any], file_dialect: str | None) -> Gateway:
        """Return the gateway for a new broadcast: Cellcast by its flag, its generation or its profile."""
        generation = options.get("generation")
        if cellcast or generation or profile_gateway() == "cellcast":
            return cls._cellcast(generation, options["url"], None)
        return cls(False, skycore_settings(options["dialect"], options["url"], file_dialect))

    @classmethod
    def of(cls, broadcast: Broadcast, options: dict[str, Any]) -> Gateway:
        """Return the gateway for a broadcast. Its dialect is the one it was created for, unless another is chosen."""
        recorded = broadcast.settings.gateway
        if isinstance(broadcast.operation, CellcastSend):
            return cls._cellcast(options["generation"], options["url"], recorded)
        return cls(False, skycore_settings(options["dialect"], options["url"], recorded))

    @classmethod
    def _cellcast(cls, generation: str | None, url: str | None, recorded: str | None) -> Gateway:
        settings = cellcast_settings(generation, url)
        return cls(True, replace(settings, values={"generation": recorded, **settings.values}))

    def masked_account(self) -> Account | CellcastAccount:
        """Return the account without its API key, to check messages."""
        return masked_cellcast_account(self.settings) if self.cellcast else masked_account(self.settings)

    def account(self) -> Account | CellcastAccount:
        """Return the account, to send messages."""
        return cellcast_account(self.settings) if self.cellcast else account_from_settings(self.settings)


# ------------------------------------------------------------------------------------------------ times and prices


def parse_price(context: click.Context, option: click.Parameter, value: str | None) -> Decimal | None:
    """Parse ``--price``."""
    if value is None:
        return None
    try:
        price = Decimal(value)
    except InvalidOperation:
        raise click.BadParameter(f"{value!r} is not a price; write 0.03") from None
    if not price.is_finite() or price < 0:
        raise click.BadParameter(f"{value!r} is not a price; write 0.03")
    return price


def parse_time(value: str | None, zone: str | None, option: str) -> datetime | None:
    """Parse a time in ISO 8601. Without an offset it is in ``zone``, or in the time zone of this machine."""
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
        if time.tzinfo is not None:
            return time
        return time.replace(tzinfo=zone_info(zone)) if zone else time.astimezone()
    # Of a time at either end of the calendar, nothing can say where it is in the time zone of this machine.
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{option}: {value!r} is not a time; write 2026-11-30T09:00 or 2026-11-30T09:00-05:00"
        ) from None


def parse_hours(hours: str | None, zone: str | None, zone_column: str | None, by_number: bool = False) -> Hours | None:
    """Return the hours. They need a time zone, because hours by another clock wake people up."""
    if hours is None:
        if by_number:
            raise click.UsageError("--zone-by-number needs the hours: add --hours 09:00-20:00")
        return None
    if by_number:
        if zone is not None:
            raise click.UsageError(
                "--zone-by-number and --zone exclude each other: numbers of which no zone is known get nothing"
            )
        return Hours.parse(hours, by_number=True)
    if zone is None and zone_column is None:
        raise click.UsageError(
            "--hours needs a time zone: add --zone America/New_York, --zone-column with the column of the list that has "
            "it, or --zone-by-number"
        )
    return Hours.parse(hours, zone or "UTC")
