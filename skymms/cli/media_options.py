"""Options of commands that look at files or make them fit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, Literal

import click

from ..errors import refusal
from ..limits import Limits
from ..media import CARRIER_LIMITS, FileReport, Preflight, preflight
from ..media.carriers import ROUTES
from . import output


def _route_of(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Return the name of a route as the library writes it: an option is easier to type without a space."""
    return value and value.replace("-code", " code")


private_option: Final = click.option(
    "--private",
    is_flag=True,
    help="Allow files at addresses of this computer and of private networks, and all ports.",
)
carrier_option: Final = click.option(
    "--carrier",
    "carriers",
    multiple=True,
    type=click.Choice(list(dict.fromkeys(one.carrier for one in CARRIER_LIMITS))),
    help="Warn if the message is too large for this carrier. May be repeated. Needs --media.",
)
route_option: Final = click.option(
    "--route",
    type=click.Choice([route.replace(" ", "-") for route in ROUTES]),
    callback=_route_of,
    help="The kind of number that the message is sent from, for the limits of the carriers. Needs --media.",
)
whole_option: Final = click.option(
    "--whole",
    is_flag=True,
    help="Read all of each file, and not only 64 kB, to find damage anywhere in it.",
)

_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(?:\s*([kKmM]?)B?)?", re.ASCII)
_FACTORS = {"": 1, "k": 1000, "m": 1_000_000}


def parse_size(context: click.Context, option: click.Parameter, value: str) -> int:
    """Return the bytes of a size such as ``300k``. k is 1,000 and M is 1,000,000."""
    found = _SIZE.fullmatch(value.strip())
    size = round(float(found[1]) * _FACTORS[(found[2] or "").lower()]) if found else 0
    if size < 1:
        raise click.BadParameter(f"{value!r} is not a size: give bytes, such as 300000, or 300k or 1.5M (k is 1,000)")
    return size


def refuse_without_look(needed: str, **options: object) -> None:
    """Raise the error of an option that has no effect because the files are not looked at; ``needed`` is the missing option."""
    if given := [f"--{name}" for name, value in options.items() if value]:
        raise click.UsageError(f"{given[0]} needs {needed}: without it, nothing is fetched")


def look_at_files(
    message: Any,
    limits: Limits,
    file: str,
    private: bool,
    carriers: tuple[str, ...] = (),
    route: str | None = None,
    *,
    whole: bool = False,
) -> Preflight:
    """Look at the files of a message; those that are paths are relative to the directory of ``file``."""
    console = output.error_console()

    def look() -> Preflight:
        base = Path(file).parent if file != "-" else Path()
        fetch: Literal["headers", "whole"] = "whole" if whole else "headers"
        return preflight(message, limits, audience=carriers, route=route, fetch=fetch, private=private, base=base)

    if not output.is_screen(console):
        return look()
    with console.status("Looking at the files …"):
        return look()


def refuse_files(found: Preflight) -> None:
    """Print the warnings about files, and raise the error of their problems."""
    for warning in found.warnings:
        output.print_message(f"warning: {warning}")
    if found.problems:
        raise refusal(found.problems)


def print_files(files: tuple[FileReport, ...]) -> None:
    """Print a table of the files that were looked at."""
    rows = [
        (
            one.slide,
            one.field,
            one.found or (f"not read: {one.not_read}" if one.not_read else "not known"),
            one.declared,
            None if one.bytes is None else f"{one.bytes:,}",
            None if one.pixels is None else f"{one.pixels[0]:,} × {one.pixels[1]:,}",
            None if one.seconds is None else f"{one.seconds:.1f}",
            one.address,
        )
        for one in files
    ]
    columns = ("Slide", "Field", "Type found", "Type declared", "Bytes", "Pixels", "Seconds", "Address")
    output.print_table("Files", columns, rows)
