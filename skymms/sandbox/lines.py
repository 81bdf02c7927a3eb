"""What happens in the sandbox, a line for each thing: fit for a screen, with numbers and without keys."""

from __future__ import annotations

from ..cellcast import CellcastSent
from ..codes import EVENTS
from ..notices import Notice
from ..replies import MMSList, Refused
from .cellcast_bodies import Page
from .faults import FAULTS
from .gateway import Answered
from .journal import people
from .state import printable


def of_request(answered: Answered) -> str:
    """A request and what came of it."""
    operation, reply = answered.operation, answered.reply
    asked = type(operation).__name__ if operation is not None else "something"
    to = printable((people(getattr(operation, "to", None)) or "")[:60])
    outcome = []
    if isinstance(reply, Refused):
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


def of_postback(notice: Notice, posted: str) -> str:
    """A postback, and whether it was taken."""
    named = getattr(notice, "tracking_id", None) or getattr(notice, "mms_id", None)
    to = printable(getattr(notice, "to", None) or "")
    # Cellcast has no codes.
    what = notice.code or getattr(notice, "status", None) or type(notice).__name__
    known = EVENTS.get(notice.code or "")
    meaning = f" ({known.meaning if known else 'unknown'})" if notice.code else ""
    return f"postback {what}{f' of {named}' if named else ''}{f' to {to}' if to else ''} -> {posted}{meaning}"
