"""The figures as values that JSON can hold, for the page. Times are seconds since 1970.

Recipients' numbers are masked, unless the person who watches wants to see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..broadcast import LeftOutLine, Share, VariantOutcome
from ..broadcast.masking import hide_number, mask_number, mask_text
from ..broadcast.status import describe_phase
from ..broadcast.surveying import CarrierOutcome, Overview, Survey


def overview_document(one: Overview, *, numbers: bool) -> dict[str, Any]:
    """Return the state of a broadcast."""
    settings = one.settings
    hours = settings.hours
    return {
        "id": one.id,
        "name": one.name,
        "phase": str(one.phase),
        "state": describe_phase(one.phase, one.counts, one.workers),
        "why": one.why if numbers or one.why is None else mask_text(one.why),
        "counts": dict(one.counts),
        "total": sum(one.counts.values()),
        "created_at": one.created_at,
        "finished_at": one.finished_at,
        "workers": one.workers,
        "canary": None if one.canary is None else one.canary._asdict(),
        "rate": settings.rate,
        "hours": None if hours is None else f"{hours.begin}-{hours.end}, {hours.zone}",
        "start": settings.start,
        "until": settings.until,
        "pause_if": [str(rule) for rule in settings.pause_if],
    }


def survey_document(survey: Survey, *, numbers: bool) -> dict[str, Any]:
    """Return what the messages of a broadcast say."""
    return {
        "at": survey.at,
        "counts": dict(survey.counts),
        "timeline": survey.timeline._asdict(),
        "carriers": [_carrier(one) for one in survey.carriers],
        "variants": [_variant(one) for one in survey.variants],
        "unknown": [_unknown(one, numbers=numbers) for one in survey.unknown],
        "left_out": [_left_out(one, numbers=numbers) for one in survey.left_out],
        "left_out_counts": dict(survey.left_out_counts),
    }


def _share(share: Share) -> dict[str, Any]:
    return {**share._asdict(), "share": share.share}


def _carrier(one: CarrierOutcome) -> dict[str, Any]:
    return {**one._asdict(), "delivered": _share(one.delivered), "total": sum(one.counts.values())}


def _variant(one: VariantOutcome) -> dict[str, Any]:
    shares = {"delivered": _share(one.delivered), "opted_out": _share(one.opted_out)}
    return {**one._asdict(), **shares, "total": sum(one.counts.values())}


def _unknown(row: Mapping[str, Any], *, numbers: bool) -> dict[str, Any]:
    if numbers:
        return dict(row)
    number: str = row["number"]

    def hide(value: Any) -> Any:
        return hide_number(value, number) if isinstance(value, str) else value

    evidence = [
        {"at": one["at"], "tracking_id": hide(one["tracking_id"])}
        | {name: mask_text(text) if isinstance(text := one[name], str) else text for name in ("says", "why")}
        for one in row["evidence"]
    ]
    return {**{name: hide(value) for name, value in row.items()}, "number": mask_number(number), "evidence": evidence}


def _left_out(line: LeftOutLine, *, numbers: bool) -> dict[str, Any]:
    if numbers:
        return line._asdict()
    return {**line._asdict(), "text": mask_text(line.text), "reason": mask_text(line.reason)}
