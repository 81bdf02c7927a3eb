"""`skymms broadcast …`: one message to many numbers, through any crash, never twice."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from ..broadcast import State
from ..broadcast import Status as BroadcastStatus
from ..broadcast.leases import list_leases
from ..client import Client
from . import output
from .broadcast_create import create, print_plan
from .broadcast_options import (
    Gateway,
    account_options,
    by_option,
    ledger_options,
    name_argument,
    open_ledger,
    proof_option,
)
from .broadcast_output import (
    print_sending_hint,
    print_status,
    print_unknown_hint,
    print_unreported_hint,
    print_variants,
    status_json,
)
from .broadcast_people import PEOPLE_COMMANDS
from .broadcast_run import run_broadcast, show_run
from .broadcast_watch import watch
from .calling import RetryPrinter
from .completing import complete_files
from .exit_status import Status
from .options import dry_run_option, json_option, older_than_option
from .repeated import group


@group()
def broadcast() -> None:
    """Send one message to a list of numbers, never twice.

    `create` reads the list into a ledger and checks every message, `run` sends. A run may be interrupted in any way and run
    again. Messages that may have been sent are never sent again by themselves: they are `unknown`.

    `run` ends with 0 if the outcome of all messages is known, 5 if that of some is unknown, and 6 if the broadcast is paused.
    """


for _one in (create, watch, *PEOPLE_COMMANDS):
    broadcast.add_command(_one)

# ------------------------------------------------------------------------------------------------ sending


@broadcast.command()
@name_argument
@ledger_options
@json_option
def estimate(name: str, as_json: bool) -> int:
    """Say what a broadcast will do: messages, time, cost, and the lines of the list that are left out. Nothing is sent."""
    with open_ledger() as ledger:
        print_plan(ledger[name], as_json)
    return Status.DONE


@broadcast.command()
@name_argument
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), metavar="N", help="Stop after this time, for cron.")
@proof_option
@account_options
@ledger_options
@dry_run_option
@json_option
def run(
    name: str,
    seconds: float | None,
    proof: str | None,
    dry_run: bool,
    as_json: bool,
    dialect: str | None,
    url: str | None,
    generation: str | None,
) -> int:
    """Send to everybody who is ready, and show the progress.

    Ctrl-C or SIGTERM waits for the calls in flight; a second one does not, and leaves their messages unknown. Run it again to
    go on. The broadcast is paused by itself if a problem would hit every message, such as a wrong key.

    With --dry-run, the request for the first recipient and the number of messages that are ready are printed.
    """
    with open_ledger() as ledger:
        found = ledger[name]
        gateway = Gateway.of(found, {"dialect": dialect, "url": url, "generation": generation})
        if dry_run:
            return show_run(found, gateway, as_json)
        return run_broadcast(ledger, found, gateway, seconds=seconds, proof=proof, as_json=as_json)


# ------------------------------------------------------------------------------------------------ looking


@broadcast.command()
@name_argument
@ledger_options
@json_option
def status(name: str, as_json: bool) -> int:
    """Show the state of a broadcast, how many messages are in each state, and the lines that are left out."""
    with open_ledger() as ledger:
        found = ledger[name]
        current, lines = found.status(), found.left_out()
        outcomes, leases = found.compare() if len(found.variants) > 1 else [], list_leases(ledger.store, found.id)
    if as_json:
        output.print_json(status_json(current, lines, outcomes, leases))
    else:
        print_status(current, lines)
        print_variants(outcomes)
        print_sending_hint(name, leases)
        print_unknown_hint(name, current.counts)
        print_unreported_hint(name, current.counts)
    return Status.DONE


@broadcast.command("list")
@ledger_options
@json_option
def list_(as_json: bool) -> int:
    """List the broadcasts of the ledger. `status` also counts the messages that are unreported, which takes longer."""
    with open_ledger() as ledger:
        found = [one.status(unreported_after=None) for one in ledger]
    if as_json:
        output.print_json({"broadcasts": [status_json(one, ()) for one in found]})
        return Status.DONE
    output.print_list(("Name", "State", "Messages", "Ready", "Unknown", "Why"), [_list_row(one) for one in found])
    return Status.DONE


def _list_row(one: BroadcastStatus) -> tuple[object, ...]:
    figures = (sum(one.counts.values()), one.counts.get(State.READY, 0), one.counts.get(State.UNKNOWN, 0))
    return (one.name, one.state, *(f"{figure:,}" for figure in figures), one.why)


@broadcast.command()
@name_argument
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
    titles = [column.replace("_", " ").capitalize() for column in columns]
    output.print_list(titles, [[*(row[column] for column in columns[:-1]), _evidence(row)] for row in rows])
    return Status.DONE


def _evidence(row: dict[str, Any]) -> str:
    """The reports that may be about a message: their tracking ids, and what they say."""
    return "\n".join(f"{one['tracking_id']} {one['says']}" for one in row.get("evidence", ()))


@broadcast.command()
@name_argument
@click.option(
    "-o",
    "--output",
    "target",
    metavar="FILE",
    shell_complete=complete_files,
    help="The file; JSONL if its name ends in .jsonl. Default: stdout.",
)
@click.option(
    "--plot",
    metavar="FILE",
    shell_complete=complete_files,
    help="Draw states over time and outcomes by carrier instead: a file in .png, .svg or .pdf.",
)
@ledger_options
def report(name: str, target: str | None, plot: str | None) -> int:
    """Write one row for each message: number, state, reason, tracking id and times, as CSV.

    With --plot, a picture is drawn (it needs `pip install 'skymms[plot]'`), and rows are written only with -o.
    """
    with open_ledger() as ledger:
        found = ledger[name]
        if plot is not None:
            from ..watch.plot import save_plot

            save_plot(ledger, name, plot)
            output.print_message(f"the plot is in {plot}")
            if target is None:
                return Status.DONE
        count = found.report(sys.stdout if target in (None, "-") else target)
    output.print_message(f"{count:,} messages" + (f" in {target}" if target not in (None, "-") else ""))
    return Status.DONE


# ------------------------------------------------------------------------------------------------ deciding


@broadcast.command()
@name_argument
@click.option("--why", metavar="TEXT", help="The reason, which `status` and `run` show.")
@ledger_options
def pause(name: str, why: str | None) -> int:
    """Pause a broadcast. A run in another process takes no more messages within a second."""
    with open_ledger() as ledger:
        ledger[name].pause(why=why)
    output.print_line(f"{name} is paused")
    return Status.DONE


@broadcast.command()
@name_argument
@ledger_options
def resume(name: str) -> int:
    """Allow a paused broadcast to run again. It does not send: `run` does, and workers of a queue."""
    with open_ledger() as ledger:
        ledger[name].resume()
    output.print_line(f"{name} may run again")
    output.print_message(f"To send: skymms broadcast run {name}. Workers of a queue go on by themselves within a minute.")
    return Status.DONE


@broadcast.command()
@name_argument
@ledger_options
def cancel(name: str) -> int:
    """Cancel a broadcast for good. What was not sent is skipped."""
    with open_ledger() as ledger:
        skipped = ledger[name].cancel()
    output.print_line(f"{name} is cancelled; {skipped:,} messages will not be sent")
    return Status.DONE


@broadcast.command()
@name_argument
@click.argument("numbers", metavar="NUMBER...", nargs=-1, required=True)
@click.option("--as", "outcome", type=click.Choice(["sent", "resend"]), required=True, help="What to do about the messages.")
@by_option
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


#: The figures of a reconciliation, and their titles.
_RECONCILED = {
    "asked": "requests",
    "reports": "new reports",
    "changed": "messages changed",
    "opted_out": "new opt-outs",
    "unknown": "still unknown",
    "unreported": "still unreported",
}


@broadcast.command()
@name_argument
@account_options
@ledger_options
@json_option
def reconcile(name: str, as_json: bool, dialect: str | None, url: str | None, generation: str | None) -> int:
    """Ask the gateway what it knows about the messages: its reports, and numbers that have opted out."""
    with open_ledger() as ledger:
        found = ledger[name]
        gateway = Gateway.of(found, {"dialect": dialect, "url": url, "generation": generation})
        with Client(gateway.account(), observer=RetryPrinter()) as client:
            reconciled = ledger.reconcile(client, broadcast=name)
        current = found.status()
    figures: dict[str, Any] = reconciled._asdict()
    if as_json:
        output.print_json({**status_json(current, ()), "reconciled": figures})
        return Status.DONE
    output.print_fields("reconciled", [(title, figures[name]) for name, title in _RECONCILED.items()])
    for refusal in reconciled.refused:
        output.print_message(f"the gateway refused to answer: {refusal}")
    print_status(current)
    print_unknown_hint(name, current.counts)
    return Status.DONE


@broadcast.command()
@click.argument("name", required=False)
@ledger_options
@json_option
def audit(name: str | None, as_json: bool) -> int:
    """List what was done to the ledger, or to one broadcast: when, by whom, and the reason. The oldest first."""
    with open_ledger() as ledger:
        if name is not None:
            ledger[name]
        found = [one for one in ledger.audit() if name in (None, one["broadcast"])]
    for one in found:
        one["at"] = datetime.fromtimestamp(one["at"], UTC).isoformat(timespec="seconds")
    if as_json:
        output.print_json({"audit": found})
        return Status.DONE
    fixed = ("at", "who", "verb", "broadcast")
    details = [", ".join(f"{key} {value}" for key, value in one.items() if key not in fixed) for one in found]
    output.print_list(
        ("Time", "Who", "What", "Broadcast", "Details"),
        [[*(one[key] for key in fixed), detail] for one, detail in zip(found, details, strict=True)],
    )
    return Status.DONE


# ------------------------------------------------------------------------------------------------ retention


@broadcast.command()
@older_than_option("ended")
@by_option
@ledger_options
def prune(older_than: timedelta, by: str | None) -> int:
    """Delete broadcasts that ended long ago, if no message is unknown, and old reports and keys."""
    with open_ledger() as ledger:
        pruned = ledger.prune(older_than=older_than, by=by)
    output.print_line(f"{pruned:,} broadcasts deleted")
    return Status.DONE
