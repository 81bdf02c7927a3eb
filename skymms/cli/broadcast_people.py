"""`skymms broadcast …`: the commands about people: opt-outs, flagged messages, one number, and erasure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from ..broadcast.scopes import describe_scope
from . import output
from .broadcast_lists import print_unreadable, stdin
from .broadcast_options import by_option, country_option, ledger_options, number_column, open_ledger
from .broadcast_output import local_time
from .exit_status import Status
from .options import file_argument, json_option
from .repeated import command

# ------------------------------------------------------------------------------------------------ opt-outs and erasure


@command()
@file_argument
@number_column
@country_option
@click.option("--from", "sender", metavar="CODE", help="Only for messages from this sender.")
@click.option("--campaign", metavar="REF", help="Only for messages of this campaign.")
@click.option("--source", default="operator", metavar="TEXT", help="How it is known. Default: operator.")
@click.option("--evidence", metavar="TEXT", help="A proof, such as a ticket. Default: the file and the line.")
@by_option
@ledger_options
def suppress(
    file: str,
    number: str | None,
    country: str | None,
    sender: str | None,
    campaign: str | None,
    source: str,
    evidence: str | None,
    by: str | None,
) -> int:
    """Send nothing more to the numbers in a file, a list as for `create`. Runs that are under way obey it.

    Lines without a number are printed, and the others are suppressed all the same; the exit status is then 2.
    """
    with open_ledger(new=True) as ledger:
        done = ledger.suppress_from(
            stdin() if file == "-" else file,
            number=number,
            sender=sender,
            campaign=campaign,
            source=source,
            evidence=evidence,
            country=country,
            by=by,
        )
    output.print_line(f"{done.added:,} suppressed, {done.known:,} were already")
    if not done.unreadable:
        return Status.DONE
    print_unreadable(done.unreadable)
    output.print_message(
        f"{len(done.unreadable):,} lines have no number, and are not suppressed: correct them and run this again"
    )
    return Status.USAGE


@command()
@click.argument("number")
@country_option
@by_option
@ledger_options
def forget(number: str, country: str | None, by: str | None) -> int:
    """Erase a number from the ledger. It stays suppressed, by a hash that cannot be read back."""
    with open_ledger() as ledger:
        ledger.forget(number, country=country, by=by)
    output.print_line("the number is erased")
    return Status.DONE


# ------------------------------------------------------------------------------------------------ what people said


@command()
@ledger_options
@json_option
def flagged(as_json: bool) -> int:
    """List messages that may be an opt-out and that somebody has to read, such as "please stop"."""
    with open_ledger() as ledger:
        found = list(ledger.flagged())
    if as_json:
        output.print_json({"flagged": [{**one._asdict(), "at": datetime.fromtimestamp(one.at, UTC)} for one in found]})
        return Status.DONE
    if found:
        rows = [(one.id, local_time(one.at), one.number, describe_scope(one.scope), one.text) for one in found]
        output.print_table("", ("Id", "Time", "Number", "About", "Text"), rows)
    output.print_message(f"{len(found)} listed")
    if found:
        output.print_message("To decide about one: skymms broadcast decide ID --as stop, start or ignore")
    return Status.DONE


@command()
@click.argument("id", type=int)
@click.option("--as", "outcome", type=click.Choice(["stop", "start", "ignore"]), required=True, help="What the message means.")
@by_option
@click.option("--why", default="", metavar="TEXT", help="The reason, for the audit table.")
@ledger_options
def decide(id: int, outcome: str, by: str | None, why: str) -> int:
    """Decide what a flagged message means. It then counts as if the person had written that word."""
    with open_ledger() as ledger:
        ledger.decide(id, outcome, by=by, why=why)
    output.print_line(f"{id} counts as {outcome}" if outcome != "ignore" else f"{id} is ignored")
    return Status.DONE


@command("explain-number")
@click.argument("number")
@country_option
@ledger_options
@json_option
def explain_number(number: str, country: str | None, as_json: bool) -> int:
    """Show what the ledger knows about a number: consent, messages, opt-outs, and why a message was skipped."""
    with open_ledger() as ledger:
        found = ledger.explain_number(number, country=country)
    if as_json:
        output.print_json(found)
        return Status.DONE
    counts = [(title, len(found[name])) for name, title in _COUNTED]
    output.print_fields(found["number"], [("erased", "yes" if found["erased"] else None), *counts])
    _print_messages(found["messages"])
    _print_opt_outs(found["opt_outs"])
    if found["said"]:
        rows = [(one["notice"], one["at"], one["wish"], one["about"], one["text"], one["decided_by"]) for one in found["said"]]
        output.print_table("What the person said", ("Notice", "Time", "Wish", "About", "Text", "Decided by"), rows)
    if found["left_out"]:
        rows = [tuple(one.values()) for one in found["left_out"]]
        output.print_table("Lines left out", ("Broadcast", "Line", "Kind", "Reason"), rows)
    if found["hint"]:
        output.print_message(found["hint"])
    return Status.DONE


_COUNTED = (("messages", "messages"), ("opt_outs", "opt-outs"), ("said", "said"), ("left_out", "lines left out"))


def _print_messages(messages: list[dict[str, Any]]) -> None:
    if not messages:
        return
    rows = [
        (
            one["broadcast"],
            one["state"],
            one["reason"],
            one["sent_at"] or one["updated_at"],
            _consent(one["consent"]),
            one["because"],
        )
        for one in messages
    ]
    output.print_table(
        "Messages",
        ("Broadcast", "State", "Reason", "Time", "Consent", "Because"),
        rows,
        wrap=True,
        whole=("Broadcast", "State", "Time"),
    )


def _consent(consent: dict[str, Any] | None) -> str:
    return "-" if consent is None else ", ".join(str(part) for part in consent.values() if part)


def _print_opt_outs(opt_outs: list[dict[str, Any]]) -> None:
    if not opt_outs:
        return
    rows = [(one["about"], one["source"], one["at"], one["evidence"], one["lifted_at"]) for one in opt_outs]
    output.print_table("Opt-outs", ("About", "Source", "Since", "Evidence", "Taken back"), rows)


PEOPLE_COMMANDS = (suppress, forget, flagged, decide, explain_number)
