"""Describes each request and each postback in one line of text."""

from __future__ import annotations

from typing import Any

from ..cellcast import CellcastSent
from ..model.notices import Notice
from ..model.replies import Refusal
from ..model.stored_replies import MMSList
from .cellcast_bodies import Page
from .events import join_recipients
from .faults import FAULTS
from .gateway import RequestRecord
from .state import printable


def request_line(record: RequestRecord) -> str:
    """Describe a request and its result in one line."""
    name = type(record.operation).__name__ if record.operation is not None else "invalid request"
    to = printable((join_recipients(getattr(record.operation, "to", None)) or "")[:60])
    results = [_reply_text(record.reply)] if record.reply is not None else []
    if record.fault:
        results.append(_fault_text(record.fault))
    return f"{name} in {record.dialect}{f' to {to}' if to else ''} -> {'; '.join(results)}"


def _reply_text(reply: Any) -> str:
    if isinstance(reply, Refusal):
        return f"refused, {reply.code}: {reply.info}"
    counts: list[str] = []
    if isinstance(reply, MMSList):
        counts = [f"{len(reply.mms_ids)} stored"]
    elif isinstance(reply, CellcastSent):
        sizes = {name: len(getattr(reply, name)) for name in ("queued", "invalid", "unsubscribed", "unaccounted")}
        counts = [f"{size:,} {name}" for name, size in sizes.items() if size]
    elif isinstance(reply, Page):
        counts = [f"{len(reply)} of {reply.total:,} listed"]
    ids = [f"{name}={value}" for name in ("mms_id", "tracking_id") if (value := getattr(reply, name, None))]
    return ", ".join(["accepted", *counts, *ids])


def _fault_text(name: str) -> str:
    """Describe the fault that was applied. A code needs no description, because the refusal has its text."""
    fault = FAULTS.get(name)
    if fault is None:
        return f"fault {name}"
    return f"fault {name}: {fault.description}{'' if fault.accepted else ', the message was not accepted'}"


def postback_line(notice: Notice, result: str) -> str:
    """Describe a postback and its result in one line."""
    id = getattr(notice, "tracking_id", None) or getattr(notice, "mms_id", None)
    to = printable(getattr(notice, "to", None) or "")
    # Cellcast has no codes.
    label = notice.code or getattr(notice, "status", None) or type(notice).__name__
    meaning = f" ({notice.meaning or 'unknown code'})" if notice.code else ""
    return f"postback {label}{f' of {id}' if id else ''}{f' to {to}' if to else ''} -> {result}{meaning}"
