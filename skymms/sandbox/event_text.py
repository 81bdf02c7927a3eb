"""One line of text for each thing that happens in the sandbox."""

from __future__ import annotations

from dataclasses import replace

from ..cellcast import CellcastSent
from ..codes import EVENTS
from ..model.notices import DeliveryReport, Notice
from ..model.replies import MMSList, Refusal
from ..wire.dialects import Dialect
from .cellcast_bodies import Page
from .events import recipients
from .faults import FAULTS
from .gateway import Answered
from .state import printable


def request_line(answered: Answered) -> str:
    """A request and what came of it."""
    operation, reply = answered.operation, answered.reply
    asked = type(operation).__name__ if operation is not None else "something"
    to = printable((recipients(getattr(operation, "to", None)) or "")[:60])
    outcome = []
    if isinstance(reply, Refusal):
        outcome.append(f"refused, {reply.code}: {reply.info}")
    elif reply is not None:
        stored = [f"{len(reply.mms_ids)} stored"] if isinstance(reply, MMSList) else []
        if isinstance(reply, CellcastSent):
            buckets = {name: len(getattr(reply, name)) for name in ("queued", "invalid", "unsubscribed", "unaccounted")}
            stored = [f"{count:,} {name}" for name, count in buckets.items() if count]
        elif isinstance(reply, Page):
            stored = [f"{len(reply)} of {reply.total:,} listed"]
        named = [f"{name}={value}" for name in ("mms_id", "tracking_id") if (value := getattr(reply, name, None))]
        outcome.append(", ".join(["accepted", *stored, *named]))
    if answered.fault:
        fault = FAULTS.get(answered.fault)
        seen = f": {answered.fault}, {fault.seen}{'' if fault.taken else ', nothing was taken'}" if fault else ""
        outcome.append(f"broken on demand{seen}")
    return f"{asked} in {answered.dialect}{f' to {to}' if to else ''} -> {'; '.join(outcome)}"


def postback_line(notice: Notice, posted: str) -> str:
    """A postback, and whether it was taken."""
    named = getattr(notice, "tracking_id", None) or getattr(notice, "mms_id", None)
    to = printable(getattr(notice, "to", None) or "")
    # Cellcast has no codes.
    what = notice.code or getattr(notice, "status", None) or type(notice).__name__
    known = EVENTS.get(notice.code or "")
    meaning = f" ({known.meaning if known else 'unknown'})" if notice.code else ""
    return f"postback {what}{f' of {named}' if named else ''}{f' to {to}' if to else ''} -> {posted}{meaning}"


def in_dialect_words(notice: Notice, dialect: Dialect) -> Notice:
    """A notice in the dialect's vocabulary; a status that it has no word for, such as one a test made up, stays as it is."""
    if not isinstance(notice, DeliveryReport) or (word := dialect.status_texts.get(notice.status or "")) is None:
        return notice
    # What else was to be told is not lost: it follows the words that had to make room.
    details = notice.status if notice.details is None else f"{notice.status}: {notice.details}"
    return replace(notice, status=word, details=details)
