"""Prints what `skymms broadcast …` knows about a broadcast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..broadcast import Broadcast, Estimate, LeftOutLine, Share, State, Status, VariantOutcome
from ..broadcast.broadcast import UNREPORTED_AFTER
from ..broadcast.hours import zone_info
from ..broadcast.leases import Lease
from ..broadcast.settings import Settings
from . import output

#: How many lines of a list are printed. ``--json`` has up to a thousand.
_SHOWN = 20
_STATES = tuple(State)


def print_estimate(broadcast: Broadcast, estimate: Estimate) -> None:
    """Print what a broadcast will do."""
    settings = broadcast.settings
    time = None
    if estimate.seconds is not None:
        time = f"{duration(estimate.seconds)} at {settings.rate:g} requests a second"
        time += ", only within the hours" if settings.hours else ""
    pairs = [
        ("messages", f"{estimate.messages:,}"),
        ("different texts", f"{estimate.texts:,}" if estimate.texts > 1 else None),
        ("requests", f"{estimate.requests:,}" if estimate.requests != estimate.messages else None),
        ("time", time),
        ("cost", None if estimate.cost is None else f"{estimate.cost:,}"),
        ("skipped", counts_text_of(estimate.skipped)),
        ("will be skipped", _will_be_skipped(estimate)),
        *_plan(settings),
    ]
    output.print_fields(broadcast.name, pairs)
    _print_left_out({"duplicate": estimate.duplicates, "unreadable": estimate.unreadable}, estimate.left_out)
    if settings.canary is not None and settings.canary >= estimate.messages > 0:
        output.print_message(
            f"warning: the canary has {settings.canary:,} messages and the broadcast {estimate.messages:,}, so none is held "
            "back: create one with a smaller canary"
        )
    for name in estimate.only_default:
        output.print_message(
            f"warning: no recipient has a value for {{{name}}}, so all get its default: if the list has the values, give their "
            "column this name and create the broadcast again"
        )
    if count := estimate.without_country:
        one = count == 1
        output.print_message(
            f"warning: {count:,} {'number has' if one else 'numbers have'} ten digits and no country code; if "
            f"{'it is a US number' if one else 'they are US numbers'}, cancel this broadcast and create one with --country 1"
        )


def _will_be_skipped(estimate: Estimate) -> str | None:
    parts = (
        f"{estimate.opted_out:,} have opted out" if estimate.opted_out else "",
        f"{estimate.capped:,} are at the frequency cap now" if estimate.capped else "",
    )
    return ", ".join(part for part in parts if part) or None


def _plan(settings: Settings) -> list[tuple[str, str | None]]:
    hours, zone = settings.hours, settings.hours.zone if settings.hours else None
    return [
        ("hours", f"{hours.begin}-{hours.end}, {'by the number' if hours.by_number else hours.zone}" if hours else None),
        ("cap", None if settings.cap is None else f"{settings.cap.most} in {settings.cap.span}, of all broadcasts"),
        ("country", f"{settings.country}, for numbers without a country code" if settings.country else None),
        ("consent", "required" if settings.require_consent else None),
        ("start", None if settings.start is None else local_time(settings.start, zone)),
        ("until", None if settings.until is None else local_time(settings.until, zone)),
        ("canary", None if settings.canary is None else f"{settings.canary:,} messages"),
        ("pauses if", ", ".join(map(str, settings.pause_if)) or None),
    ]


def print_status(status: Status, left_out: Sequence[LeftOutLine] | None = None) -> None:
    """Print the state of a broadcast, how many messages are in each state, and the lines that are left out."""
    pairs: list[tuple[str, object]] = [("state", status.state), ("why", status.why)]
    pairs += [(str(state), f"{status.counts[state]:,}") for state in _STATES if status.counts.get(state)]
    if (waiting := status.waiting) is not None:
        pairs.append(("waiting", f"{waiting.messages:,}, {waiting.why}, until {waiting.until:%Y-%m-%d %H:%M %Z}"))
    output.print_fields(status.name, pairs)
    if left_out is not None:
        _print_left_out(status.left_out, left_out)


def print_variants(outcomes: Sequence[VariantOutcome]) -> None:
    """Print what became of each variant of a broadcast that has several."""
    if len(outcomes) < 2:
        return
    rows = [
        (one.name, f"{sum(one.counts.values()):,}", counts_text(one.counts), _share(one.delivered), _share(one.opted_out))
        for one in outcomes
    ]
    output.print_table("Variants", ("Name", "Messages", "States", "Delivered", "Opted out"), rows)


def _share(share: Share) -> str:
    """Return a share with its 95 % interval: ``93.1 % (91.4-94.5)``."""
    if not share.of:
        return "-"
    return f"{share.share:.1%} ({share.low * 100:.1f}-{share.high * 100:.1f})".replace("%", " %")


def _print_left_out(counts: Mapping[str, int], lines: Sequence[LeftOutLine]) -> None:
    """Print the lines of the list that are not sent to."""
    total = sum(counts.values())
    if not total:
        return
    named = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()) if count)
    rows = [(one.line, one.kind, one.text, one.reason) for one in lines[:_SHOWN]]
    output.print_table(f"Lines left out: {named}", ("Line", "Kind", "Number", "Reason"), rows)
    if total > len(rows):
        output.print_message(f"and {total - len(rows):,} more lines; --json lists up to a thousand")


def status_json(
    status: Status,
    left_out: Sequence[LeftOutLine],
    outcomes: Sequence[VariantOutcome] = (),
    leases: Sequence[Lease] | None = None,
) -> dict[str, Any]:
    """Return the JSON document of a status. Only a broadcast with several variants has them in it.

    ``leases`` are the runs that hold messages; None leaves them out.
    """
    lines = [one._asdict() for one in left_out]
    variants = [
        {**one._asdict(), "delivered": one.delivered._asdict(), "opted_out": one.opted_out._asdict()} for one in outcomes
    ]
    several = {"variants": variants} if len(variants) > 1 else {}
    held = {} if leases is None else {"runs": [one._asdict() for one in leases]}
    waiting = {"waiting": None if status.waiting is None else status.waiting._asdict()}
    return {
        **status._asdict(),
        **waiting,
        "state": status.state,
        "messages": sum(status.counts.values()),
        "lines": lines,
        **several,
        **held,
    }


def print_sending_hint(name: str, leases: Sequence[Lease]) -> None:
    """Say which messages a run holds now, and which were held by a run that has ended without giving them back."""
    for one in leases:
        messages = f"{one.messages:,} {'message' if one.messages == 1 else 'messages'}"
        since = local_time(one.since.timestamp())
        run = f" on {one.host}, process {one.pid}" if one.host is not None else ""
        if one.alive:
            now = "is" if one.messages == 1 else "are"
            output.print_message(f"{messages} {now} being sent by a run{run}, the first since {since}.")
        else:
            was = "was" if one.messages == 1 else "were"
            output.print_message(
                f"{messages} {was} being sent when a run{run} ended without notice, the first at {since}. "
                "They may have been sent, and are not sent again: the next run, and `skymms broadcast unknown "
                f"{name}`, calls them unknown. `skymms broadcast reconcile {name}` asks the gateway about them."
            )


def print_unknown_hint(name: str, counts: Mapping[str, int]) -> None:
    """Say what can be done about messages whose outcome is unknown."""
    unknown = counts.get(State.UNKNOWN, 0)
    if unknown:
        output.print_message(
            f"{unknown:,} {'message' if unknown == 1 else 'messages'} may have been sent, and will not be sent again. Delivery "
            f"reports may still tell. `skymms broadcast unknown {name}` lists them, `skymms broadcast reconcile {name}` asks "
            f"the gateway, and `skymms broadcast settle {name}` decides."
        )


def print_unreported_hint(name: str, counts: Mapping[str, int]) -> None:
    """Say what can be done about messages that were accepted long ago and have no report."""
    unreported = counts.get(State.UNREPORTED, 0)
    if unreported:
        output.print_message(
            f"{unreported:,} {'message was' if unreported == 1 else 'messages were'} accepted more than "
            f"{UNREPORTED_AFTER / 3600:.0f} hours ago, and no final report came. That proves nothing. `skymms broadcast "
            f"reconcile {name}` asks the gateway."
        )


# ------------------------------------------------------------------------------------------------ texts


def duration(seconds: float) -> str:
    """Return a duration in two units: ``3 h 20 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def local_time(at: float, zone: str | None = None) -> str:
    """Return a time in a time zone, or in that of this machine."""
    utc = datetime.fromtimestamp(at, UTC)
    return utc.astimezone(zone_info(zone) if zone else None).strftime("%Y-%m-%d %H:%M:%S %Z")


def counts_text_of(reasons: Mapping[str, int]) -> str | None:
    """Return counts by their reasons as ``12 no consent, 3 no time zone``; None if there are none."""
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons.items()) or None


def counts_text(counts: Mapping[str, int]) -> str:
    """Return counts as ``ready 200, accepted 100``."""
    return ", ".join(f"{state} {counts[state]:,}" for state in _STATES if counts.get(state))
