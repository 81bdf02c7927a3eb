"""`skymms broadcast …`: one message to many numbers, through any crash, never twice."""

from __future__ import annotations

import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import click

from ..broadcast import Broadcast, State
from ..broadcast import Status as BroadcastStatus
from ..broadcast.personalisation import Personalisation
from ..cellcast import MAX_MEDIA, CellcastSend
from ..client import Client
from ..errors import refusal
from ..files import FileContent
from . import output
from .broadcast_lists import numbers_in, read_list, requiring_zones
from .broadcast_options import (
    Gateway,
    account_options,
    ledger_options,
    open_ledger,
    parse_hours,
    parse_price,
    parse_time,
)
from .broadcast_output import print_estimate, print_status, print_unknown_hint, status_json
from .broadcast_run import run_broadcast, send_proof
from .calling import RetryPrinter
from .exit_status import Status
from .inputs import read_bytes
from .operations import broadcast_operation, read_content, refuse_missing_action, slideshow_in, with_toml_messages
from .options import file_argument, given, json_option
from .repeated import group

_name = click.argument("name")
_by = click.option("--by", metavar="WHO", help="Who decides, for the audit table. Default: the user's name.")
_proof = click.option(
    "--proof", metavar="NUMBER", help="First send the message of the first recipient to this number, once, to look at it."
)
_number_column = click.option(
    "--number", metavar="COLUMN", help="The column with the numbers. Default: number, mobile, phone …"
)


@group(no_args_is_help=False)
def broadcast() -> None:
    """Send one message to a list of numbers, never twice.

    `create` reads the list into a ledger and checks every message, `run` sends. A run may be interrupted in any way and run
    again. Messages that may have been sent are never sent again by themselves: they are `unknown`.

    `run` ends with 0 if the outcome of all messages is known, 5 if that of some is unknown, and 6 if the broadcast is paused.
    """


# ------------------------------------------------------------------------------------------------ planning and sending


@broadcast.command()
@_name
@file_argument
@click.option("--recipients", required=True, metavar="LIST", help="The list: CSV, JSONL, or a number on each line; - is stdin.")
@_number_column
@click.option("--reference", metavar="COLUMN", help="The column with your own id of a recipient, for the report.")
@click.option("--from", "sender", metavar="CODE", help="The sender. Default: SKYMMS_SENDER.")
@click.option("--service-id", metavar="ID", help="The service id; required by sinch and sinch-json.")
@click.option("--campaign-ref", metavar="REF", help="The campaign that the recipients are subscribed to.")
@click.option("--cellcast", is_flag=True, help="Send through Cellcast.")
@click.option("--media", metavar="FILE", help="A JPEG or PNG file to send (Cellcast v1).")
@click.option("--rate", type=float, metavar="R", help="Requests a second, for all broadcasts of the account.")
@click.option("--hours", metavar="09:00-20:00", help="The hours in which messages are sent, in the recipient's time zone.")
@click.option("--zone", metavar="ZONE", help="The time zone of the hours, such as America/New_York.")
@click.option("--zone-column", metavar="COLUMN", help="The column with a recipient's time zone.")
@click.option("--start", metavar="TIME", help="Send nothing before (ISO 8601).")
@click.option("--until", metavar="TIME", help="Skip what is not sent by then (ISO 8601).")
@click.option("--price", metavar="P", callback=parse_price, help="The price of one message, for the estimate.")
@click.option("--skip-invalid", is_flag=True, help="Leave out lines that cannot be sent to, instead of refusing the list.")
@_proof
@account_options
@ledger_options
@json_option
def create(
    name: str,
    file: str,
    recipients: str,
    number: str | None,
    reference: str | None,
    cellcast: bool,
    media: str | None,
    rate: float | None,
    hours: str | None,
    zone: str | None,
    zone_column: str | None,
    start: str | None,
    until: str | None,
    price: Decimal | None,
    skip_invalid: bool,
    proof: str | None,
    as_json: bool,
    dialect: str | None,
    url: str | None,
    generation: str | None,
    **message: Any,
) -> int:
    """Plan a broadcast: read the list, fill the merge fields and check every message. Nothing is sent, except a proof.

    FILE is a slideshow or a request. Its texts may have merge fields, such as {first_name|you}: the column of the list, or the
    default. If the command is interrupted, run it again.
    """
    if file == recipients == "-":
        raise click.UsageError("FILE and --recipients cannot both be stdin")
    content = read_content(file)
    options = {"dialect": dialect, "url": url, "generation": generation}
    gateway = Gateway.chosen(cellcast, options, content.dialect)
    account: Any = gateway.masked_account()
    if gateway.cellcast:
        operation: Any = _cellcast_operation(content, media, message)
    else:
        if media is not None:
            raise click.UsageError("--media is for Cellcast")
        operation = broadcast_operation(content, message, gateway.settings.sender)
        refuse_missing_action(account, operation)
    _refuse_problems(account, operation, content)
    for warning in account.warnings(operation):
        output.print_message(f"warning: {warning}")
    lines = read_list(recipients, number=number, reference=reference, zone=zone_column)
    planned_hours = parse_hours(hours, zone, zone_column)
    with open_ledger(new=True) as ledger:
        try:
            planned = ledger.create(
                name,
                operation,
                requiring_zones(lines) if planned_hours and zone is None else lines,
                account=account,
                hours=planned_hours,
                start=parse_time(start, zone, "--start"),
                until=parse_time(until, zone, "--until"),
                rate=rate if rate is not None else _rate_of(account),
                price=price,
                skip_invalid=skip_invalid,
            )
        except KeyboardInterrupt as interrupt:
            interrupt.add_note("The list was not read to its end. Run the same command again: it goes on there.")
            raise
        _print_estimate(planned, as_json)
        if proof is not None:
            send_proof(ledger, planned, gateway.account(), proof)
    output.print_message(f"Nothing has been sent{' to the list' if proof else ''}. To send: skymms broadcast run {name}")
    return Status.DONE


def _cellcast_operation(content: FileContent, media: str | None, message: dict[str, Any]) -> CellcastSend:
    for option in ("service_id", "campaign_ref"):
        if message.pop(option) is not None:
            raise click.UsageError(f"Cellcast does not support --{option.replace('_', '-')}")
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


@broadcast.command()
@_name
@ledger_options
@json_option
def estimate(name: str, as_json: bool) -> int:
    """Say what a broadcast will do: messages, time, cost, and the lines of the list that are left out. Nothing is sent."""
    with open_ledger() as ledger:
        _print_estimate(ledger[name], as_json)
    return Status.DONE


def _print_estimate(planned: Broadcast, as_json: bool) -> None:
    found = planned.estimate()
    if as_json:
        output.print_json({"name": planned.name, **found._asdict(), "left_out": [one._asdict() for one in found.left_out]})
    else:
        print_estimate(planned, found)


@broadcast.command()
@_name
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), metavar="N", help="Stop after this time, for cron.")
@_proof
@account_options
@ledger_options
@json_option
def run(
    name: str,
    seconds: float | None,
    proof: str | None,
    as_json: bool,
    dialect: str | None,
    url: str | None,
    generation: str | None,
) -> int:
    """Send to everybody who is ready, and show the progress.

    Ctrl-C or SIGTERM waits for the calls in flight; a second one does not, and leaves their messages unknown. Run it again to
    go on. The broadcast is paused by itself if a problem would hit every message, such as a wrong key.
    """
    with open_ledger() as ledger:
        found = ledger[name]
        gateway = Gateway.of(found, {"dialect": dialect, "url": url, "generation": generation})
        return run_broadcast(ledger, found, gateway, seconds=seconds, proof=proof, as_json=as_json)


# ------------------------------------------------------------------------------------------------ looking


@broadcast.command()
@_name
@ledger_options
@json_option
def status(name: str, as_json: bool) -> int:
    """Show the state of a broadcast, how many messages are in each state, and the lines that are left out."""
    with open_ledger() as ledger:
        found = ledger[name]
        current, lines = found.status(), found.left_out()
    if as_json:
        output.print_json(status_json(current, lines))
    else:
        print_status(current, lines)
        print_unknown_hint(name, current.counts)
    return Status.DONE


@broadcast.command("list")
@ledger_options
@json_option
def list_(as_json: bool) -> int:
    """List the broadcasts of the ledger."""
    with open_ledger() as ledger:
        found = [one.status() for one in ledger]
    if as_json:
        output.print_json({"broadcasts": [status_json(one, ()) for one in found]})
        return Status.DONE
    if found:
        output.print_table("", ("Name", "State", "Messages", "Ready", "Unknown", "Why"), map(_list_row, found))
    output.print_message(f"{len(found)} listed")
    return Status.DONE


def _list_row(one: BroadcastStatus) -> tuple[object, ...]:
    figures = (sum(one.counts.values()), one.counts.get(State.READY, 0), one.counts.get(State.UNKNOWN, 0))
    return (one.name, one.phase, *(f"{figure:,}" for figure in figures), one.why)


@broadcast.command()
@_name
@ledger_options
@json_option
def unknown(name: str, as_json: bool) -> int:
    """List the messages that may have been sent: number, reason and time of the request."""
    columns = ("number", "reason", "code", "reference", "sent_at", "evidence")
    with open_ledger() as ledger:
        rows = list(ledger[name].unknown())
    if as_json:
        output.print_json({"unknown": rows})
        return Status.DONE
    if rows:
        titles = [column.replace("_", " ").capitalize() for column in columns]
        output.print_table("", titles, [[row[column] for column in columns[:-1]] + [_evidence(row)] for row in rows])
    output.print_message(f"{len(rows)} listed")
    return Status.DONE


def _evidence(row: dict[str, Any]) -> str:
    """The reports that may be about a message: their tracking ids, and what they say."""
    return "\n".join(f"{one['tracking_id']} {one['says']}" for one in row.get("evidence", ()))


@broadcast.command()
@_name
@click.option("-o", "--output", "target", metavar="FILE", help="The file; JSONL if its name ends in .jsonl. Default: stdout.")
@ledger_options
def report(name: str, target: str | None) -> int:
    """Write one row for each message: number, state, reason, tracking id and times, as CSV."""
    with open_ledger() as ledger:
        found = ledger[name]
        count = found.report(sys.stdout if target in (None, "-") else target)
    output.print_message(f"{count:,} messages" + (f" in {target}" if target not in (None, "-") else ""))
    return Status.DONE


# ------------------------------------------------------------------------------------------------ deciding


@broadcast.command()
@_name
@click.option("--why", metavar="TEXT", help="The reason, which `status` and `run` show.")
@ledger_options
def pause(name: str, why: str | None) -> int:
    """Pause a broadcast. A run in another process takes no more messages within a second."""
    with open_ledger() as ledger:
        ledger[name].pause(why=why)
    output.print_line(f"{name} is paused")
    return Status.DONE


@broadcast.command()
@_name
@ledger_options
def resume(name: str) -> int:
    """Allow a paused broadcast to run again. It does not send: `run` does."""
    with open_ledger() as ledger:
        ledger[name].resume()
    output.print_line(f"{name} may run again")
    output.print_message(f"To send: skymms broadcast run {name}")
    return Status.DONE


@broadcast.command()
@_name
@ledger_options
def cancel(name: str) -> int:
    """Cancel a broadcast for good. What was not sent is skipped."""
    with open_ledger() as ledger:
        skipped = ledger[name].cancel()
    output.print_line(f"{name} is cancelled; {skipped:,} messages will not be sent")
    return Status.DONE


@broadcast.command()
@_name
@click.argument("numbers", metavar="NUMBER...", nargs=-1, required=True)
@click.option("--as", "outcome", type=click.Choice(["sent", "resend"]), required=True, help="What to do about the messages.")
@_by
@click.option("--why", default="", metavar="TEXT", help="The reason, for the audit table.")
@click.option("--may-send-twice", is_flag=True, help="Required by `--as resend`: people may get the message twice.")
@ledger_options
def settle(name: str, numbers: tuple[str, ...], outcome: str, by: str | None, why: str, may_send_twice: bool) -> int:
    """Decide about messages that may have been sent.

    `sent` counts them as accepted. `resend` makes them ready again, an hour after their request at the earliest.
    """
    if outcome == "resend" and not may_send_twice:
        raise click.UsageError(
            "the messages may have been sent, so these people may get them twice: add --may-send-twice if that is acceptable"
        )
    with open_ledger() as ledger:
        settled = ledger[name].settle(numbers, outcome, by=by, why=why)
    output.print_line(f"{settled:,} settled as {outcome}")
    if outcome == "resend":
        output.print_message(f"To send: skymms broadcast run {name}")
    return Status.DONE


@broadcast.command()
@_name
@account_options
@ledger_options
@json_option
def reconcile(name: str, as_json: bool, dialect: str | None, url: str | None, generation: str | None) -> int:
    """Ask the gateway what it knows about the messages: its reports, and numbers that have opted out."""
    with open_ledger() as ledger:
        found = ledger[name]
        gateway = Gateway.of(found, {"dialect": dialect, "url": url, "generation": generation})
        with Client(gateway.account(), observer=RetryPrinter()) as client:
            reconciled = cast(Any, ledger).reconcile(client, broadcast=name)
        current = found.status()
    figures: dict[str, Any] = reconciled._asdict()
    if as_json:
        output.print_json({**status_json(current, ()), "reconciled": figures})
        return Status.DONE
    output.print_fields("reconciled", [(title.replace("_", " "), value) for title, value in figures.items()])
    print_status(current)
    print_unknown_hint(name, current.counts)
    return Status.DONE


# ------------------------------------------------------------------------------------------------ numbers and retention


@broadcast.command()
@file_argument
@_number_column
@click.option("--from", "sender", metavar="CODE", help="Only for messages from this sender.")
@click.option("--campaign", metavar="REF", help="Only for messages of this campaign.")
@click.option("--source", default="operator", metavar="TEXT", help="How it is known. Default: operator.")
@click.option("--evidence", metavar="TEXT", help="A proof, such as a ticket.")
@_by
@ledger_options
def suppress(
    file: str,
    number: str | None,
    sender: str | None,
    campaign: str | None,
    source: str,
    evidence: str | None,
    by: str | None,
) -> int:
    """Send nothing more to the numbers in a file, a list as for `create`. Runs that are under way obey it."""
    numbers = numbers_in(read_list(file, number=number))
    with open_ledger(new=True) as ledger:
        added = ledger.suppress(numbers, sender=sender, campaign=campaign, source=source, evidence=evidence, by=by)
    output.print_line(f"{added:,} suppressed, {len(numbers) - added:,} were already")
    return Status.DONE


@broadcast.command()
@click.argument("number")
@_by
@ledger_options
def forget(number: str, by: str | None) -> int:
    """Erase a number from the ledger. It stays suppressed, by a hash that cannot be read back."""
    with open_ledger() as ledger:
        ledger.forget(number, by=by)
    output.print_line("the number is erased")
    return Status.DONE


@broadcast.command()
@click.option(
    "--older-than", type=click.IntRange(min=0), default=90, metavar="DAYS", help="How long ago they ended. Default: 90."
)
@_by
@ledger_options
def prune(older_than: int, by: str | None) -> int:
    """Delete broadcasts that ended long ago, if no message is unknown, and old reports and keys."""
    with open_ledger() as ledger:
        pruned = ledger.prune(older_than=timedelta(days=older_than), by=by)
    output.print_line(f"{pruned:,} broadcasts deleted")
    return Status.DONE


COMMANDS = (broadcast,)
