"""`skymms broadcast create`: plans a broadcast."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from ..broadcast import Broadcast, Ledger, Variant
from ..broadcast.personalisation import Personalisation
from ..broadcast.variants import ONLY
from ..cellcast import MAX_MEDIA, CellcastSend
from ..errors import refusal
from ..files import FileContent
from . import output
from .broadcast_lists import read_list, requiring_zones
from .broadcast_options import (
    Gateway,
    account_options,
    country_option,
    ledger_options,
    name_argument,
    number_column,
    open_ledger,
    parse_hours,
    parse_price,
    parse_time,
    proof_option,
)
from .broadcast_output import print_estimate
from .broadcast_run import send_proof
from .completing import complete_files
from .dialect_options import refuse_cellcast_options, refuse_options
from .exit_status import Status
from .inputs import read_bytes
from .operations import broadcast_operation, read_content, refuse_missing_action, slideshow_in, with_toml_messages
from .options import campaign_ref_option, given, json_option, service_id_option
from .repeated import command


@command()
@name_argument
@click.argument("file", metavar="[FILE]", required=False, shell_complete=complete_files)
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="FILE[:WEIGHT]",
    shell_complete=complete_files,
    help="One of several messages: each recipient gets one of them. Give it once for each; the weights are their shares.",
)
@click.option(
    "--recipients",
    required=True,
    metavar="LIST",
    shell_complete=complete_files,
    help="The list: CSV, JSONL, or a number on each line; - is stdin.",
)
@number_column
@country_option
@click.option("--reference", metavar="COLUMN", help="The column with your own id of a recipient, for the report.")
@click.option("--from", "sender", metavar="CODE", help="The sender. Default: SKYMMS_SENDER.")
@service_id_option
@campaign_ref_option
@click.option("--cellcast", is_flag=True, help="Send through Cellcast.")
@click.option("--media", metavar="FILE", shell_complete=complete_files, help="A JPEG or PNG file to send (Cellcast v1).")
@click.option("--rate", type=float, metavar="R", help="Requests a second, for all broadcasts of the account.")
@click.option("--hours", metavar="09:00-20:00", help="The hours in which messages are sent, in the recipient's time zone.")
@click.option("--zone", metavar="ZONE", help="The time zone of the hours, such as America/New_York.")
@click.option("--zone-column", metavar="COLUMN", help="The column with a recipient's time zone.")
@click.option(
    "--zone-by-number", is_flag=True, help="Also use the time zones of the number's area or country; the stricter counts."
)
@click.option("--cap", metavar="N/TIME", help="Skip people who had N messages within a time, such as 3/24h, of any broadcast.")
@click.option("--consent-source", metavar="COLUMN", help="The column that says where the recipient agreed to get messages.")
@click.option("--consent-text", metavar="COLUMN", help="The column with what the recipient agreed to.")
@click.option("--consent-time", metavar="COLUMN", help="The column that says when.")
@click.option("--require-consent", is_flag=True, help="Skip recipients of whom the list has no consent.")
@click.option("--start", metavar="TIME", help="Send nothing before (ISO 8601).")
@click.option("--until", metavar="TIME", help="Skip what is not sent by then (ISO 8601).")
@click.option("--price", metavar="P", callback=parse_price, help="The price of one message, for the estimate.")
@click.option(
    "--canary", type=click.IntRange(min=1), metavar="N", help="Send to N recipients first, and wait for their outcomes."
)
@click.option(
    "--pause-if",
    multiple=True,
    metavar="RULE",
    help="Pause if outcomes break this rule, such as 'delivered<85%@30m' or 'optout>2%'; may be given several times.",
)
@click.option("--skip-invalid", is_flag=True, help="Leave out lines that cannot be sent to, instead of refusing the list.")
@proof_option
@account_options
@ledger_options
@click.option(
    "--dry-run",
    is_flag=True,
    help="Read the list and check every message, and keep nothing. Opt-outs in the ledger are not compared.",
)
@json_option
def create(
    name: str,
    file: str | None,
    variants: tuple[str, ...],
    recipients: str,
    number: str | None,
    country: str | None,
    reference: str | None,
    cellcast: bool,
    media: str | None,
    rate: float | None,
    hours: str | None,
    zone: str | None,
    zone_column: str | None,
    zone_by_number: bool,
    cap: str | None,
    consent_source: str | None,
    consent_text: str | None,
    consent_time: str | None,
    require_consent: bool,
    start: str | None,
    until: str | None,
    price: Decimal | None,
    canary: int | None,
    pause_if: tuple[str, ...],
    skip_invalid: bool,
    proof: str | None,
    dry_run: bool,
    as_json: bool,
    dialect: str | None,
    url: str | None,
    generation: str | None,
    **message: Any,
) -> int:
    """Plan a broadcast: read the list, fill the merge fields and check every message. Nothing is sent, except a proof.

    FILE is a slideshow or a request. Its texts may have merge fields, such as {first_name|you}: the column of the list, or the
    default. With --variant each recipient gets one of several messages, and `status` compares what became of them. If the
    command is interrupted, run it again.
    """
    if dry_run and proof is not None:
        raise click.UsageError("--proof sends a message, and --dry-run sends none: leave one of them out")
    files = _files(file, variants)
    if recipients == "-" and any(path == "-" for path, _ in files):
        raise click.UsageError("FILE and --recipients cannot both be stdin")
    contents = [read_content(path) for path, _ in files]
    options = {"dialect": dialect, "url": url, "generation": generation}
    gateway = Gateway.chosen(cellcast, options, contents[0].dialect)
    account: Any = gateway.masked_account()
    read = [(path, weight, content) for (path, weight), content in zip(files, contents, strict=True)]
    planned_variants = [
        Variant(Path(path).stem if variants else ONLY, operation, weight)
        for path, weight, operation in _checked(read, gateway, account, media, message)
    ]
    if require_consent and consent_time is None:
        raise click.UsageError(
            "--require-consent needs the columns: add --consent-time, and --consent-source or --consent-text"
        )
    lines = read_list(
        recipients,
        number=number,
        reference=reference,
        zone=zone_column,
        consent_source=consent_source,
        consent_text=consent_text,
        consent_time=consent_time,
    )
    planned_hours = parse_hours(hours, zone, zone_column, zone_by_number)
    with _temporary_ledger() if dry_run else open_ledger(new=True) as ledger:
        try:
            planned = ledger.create(
                name,
                planned_variants,
                requiring_zones(lines) if planned_hours and zone is None and not zone_by_number else lines,
                account=account,
                hours=planned_hours,
                start=parse_time(start, zone, "--start"),
                until=parse_time(until, zone, "--until"),
                rate=rate if rate is not None else _rate_of(account),
                price=price,
                canary=canary,
                pause_if=pause_if,
                cap=cap,
                require_consent=require_consent,
                country=country,
                skip_invalid=skip_invalid,
            )
        except KeyboardInterrupt as interrupt:
            interrupt.add_note("The list was not read to its end. Run the same command again: it goes on there.")
            raise
        print_plan(planned, as_json)
        if proof is not None:
            send_proof(ledger, planned, gateway.account(), proof)
    if dry_run:
        output.print_message("Nothing has been sent, and nothing is kept. Without --dry-run the broadcast is planned.")
        return Status.DONE
    output.print_message(f"Nothing has been sent{' to the list' if proof else ''}. To send: skymms broadcast run {name}")
    return Status.DONE


@contextmanager
def _temporary_ledger() -> Generator[Ledger, None, None]:
    with TemporaryDirectory(prefix="skymms-") as directory, Ledger(Path(directory) / "dry-run.db") as ledger:
        yield ledger


def _files(file: str | None, variants: Sequence[str]) -> list[tuple[str, float]]:
    """Return the files of the messages, each with its weight."""
    if file is None and not variants:
        raise click.UsageError("the message is missing: give it as FILE, or several with --variant FILE:WEIGHT")
    if file is not None and variants:
        raise click.UsageError("give the message as FILE or with --variant, not both")
    if file is not None:
        return [(file, 1.0)]
    if len(variants) == 1:
        raise click.UsageError("--variant is given once: give it for each of the messages, or give one message as FILE")
    return [_file_and_weight(one) for one in variants]


def _file_and_weight(given: str) -> tuple[str, float]:
    path, colon, text = given.rpartition(":")
    # Without a weight the colon, if there is one, belongs to the path, as in C:\texts\a.toml.
    if not colon or not path or not _WEIGHT.fullmatch(text):
        return given, 1.0
    return path, float(text)


_WEIGHT = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def _checked(
    read: Sequence[tuple[str, float, FileContent]], gateway: Gateway, account: Any, media: str | None, message: dict[str, Any]
) -> Generator[tuple[str, float, Any]]:
    """Yield the operation of each file, after refusing its problems and printing its warnings."""
    first_path, _, first = read[0]
    for path, weight, content in read:
        if content.dialect != first.dialect:
            raise click.UsageError(f"{path} is for another dialect than {first_path}: a broadcast is sent from one account")
        operation = _operation(gateway, account, content, media, message)
        _refuse_problems(account, operation, content)
        for warning in account.warnings(operation):
            output.print_message(f"warning: {f'{path}: ' if len(read) > 1 else ''}{warning}")
        yield path, weight, operation


def _operation(gateway: Gateway, account: Any, content: FileContent, media: str | None, message: dict[str, Any]) -> Any:
    if gateway.cellcast:
        return _cellcast_operation(account, content, media, message)
    if media is not None:
        raise click.UsageError("--media is for Cellcast")
    operation = broadcast_operation(content, message, gateway.settings.sender)
    refuse_missing_action(account, operation)
    refuse_options(account, operation, given(message))
    return operation


def _cellcast_operation(account: Any, content: FileContent, media: str | None, message: dict[str, Any]) -> CellcastSend:
    refuse_cellcast_options(account.generation, CellcastSend, given(message))
    picture = None if media is None else read_bytes(media, MAX_MEDIA)
    return CellcastSend(slideshow_in(content), media=picture, **given(message))


def _refuse_problems(account: Any, operation: Any, content: FileContent) -> None:
    """Report all problems of a message that is the same for everybody. The others are found line by line."""
    if Personalisation(operation).names:
        return
    problems = tuple(problem for problem in account.problems(operation) if problem.field != "to")
    if problems:
        raise refusal(with_toml_messages(content, problems))


def _rate_of(account: Any) -> float | None:
    """The rate of the profile or the gateway. A limit that several processes share is the ledger's own."""
    return float(account.rate) if isinstance(account.rate, (int, float)) else None


def print_plan(planned: Broadcast, as_json: bool) -> None:
    """Print what a broadcast will do."""
    found = planned.estimate()
    if as_json:
        output.print_json({"name": planned.name, **found._asdict(), "left_out": [one._asdict() for one in found.left_out]})
    else:
        print_estimate(planned, found)
