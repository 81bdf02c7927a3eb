"""Prints what an inbox has. Lists mask phone numbers; `skymms inbox show` and ``--json`` do not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..inbox import Dead, Handled, Message, Received, SavedFile, StoredPost
from ..inbox.storing import number_of
from ..model.notices import Notice
from . import output
from .broadcast_output import local_time
from .decode import notice_fields, print_notice

#: The digits of a number that are shown.
_SHOWN_DIGITS = 4
_NUMBER = re.compile(r"[0-9]{7,}")


def mask_number(text: str | None) -> str | None:
    """Return the end of a phone number, or of nothing else: an e-mail address is masked as a whole."""
    if not text:
        return None
    digits = "".join(filter(str.isdigit, text))
    return f"***{digits[-_SHOWN_DIGITS:] if len(digits) > _SHOWN_DIGITS and '@' not in text else ''}"


def mask_numbers(text: str) -> str:
    """Return a text in which long numbers are masked."""
    return _NUMBER.sub(lambda found: str(mask_number(found[0])), text)


def counted(count: int, noun: str) -> str:
    """Return a number of things: ``1 post``, ``1,204 posts``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def time_text(at: datetime) -> str:
    """Return a time for people, in the time zone of this machine."""
    return local_time(at.timestamp())


def describe(notice: Notice) -> str:
    """Return in a few words what a notice says: its code and the code's meaning, or its kind."""
    if notice.code:
        return f"{notice.code} {notice.meaning or 'unknown code'}"
    return str(getattr(notice, "status", None) or type(notice).__name__)


# ------------------------------------------------------------------------------------------------ notices


def print_received(listed: Iterable[Received]) -> int:
    """Print notices as a table, with masked numbers, and return how many."""
    rows = [
        (
            one.id,
            time_text(one.at),
            describe(one.notice),
            one.notice.tracking_id or getattr(one.notice, "mms_id", None),
            mask_number(number_of(one.notice)),
            _handled_text(one.handled),
        )
        for one in listed
    ]
    if rows:
        output.print_table("", ("Id", "Received", "Event", "Message", "Number", "Handlers"), rows)
    return len(rows)


def _handled_text(handled: Iterable[Handled]) -> str:
    counts = Counter(one.state for one in handled)
    return ", ".join(f"{count} {state}" for state in ("ready", "working", "done", "dead") if (count := counts[state]))


def received_json(one: Received) -> dict[str, Any]:
    """Return the JSON document of a notice."""
    handled = [each._asdict() for each in one.handled]
    return {"id": one.id, "post": one.post_id, "received": one.at, **notice_fields(one.notice), "handlers": handled}


def print_one(one: Received, files: Iterable[SavedFile]) -> None:
    """Print everything about a notice."""
    output.print_line(f"Notice {one.id}, received {time_text(one.at)} in post {one.post_id}")
    print_notice(one.notice)
    if one.handled:
        rows = [(each.handler, each.state, each.attempts, each.due and time_text(each.due)) for each in one.handled]
        output.print_table("", ("Handler", "State", "Attempts", "Next attempt"), rows)
    if saved := [(file.location, file.content_type, f"{file.size:,}") for file in files]:
        output.print_table("", ("File", "Type", "Bytes"), saved)
    for each in one.handled:
        if each.error is not None:
            output.print_heading(f"the last failure of {each.handler}")
            output.print_line(each.error.rstrip())


def print_dead(listed: Iterable[Dead]) -> int:
    """Print what handlers failed with as a table, with masked numbers, and return how many."""
    rows = [
        (one.id, describe(one.notice), one.handler, one.attempts, time_text(one.failed_at), mask_numbers(last_line(one.error)))
        for one in listed
    ]
    if rows:
        output.print_table("", ("Id", "Event", "Handler", "Attempts", "Failed", "Error"), rows)
    return len(rows)


def dead_json(one: Dead) -> dict[str, Any]:
    """Return the JSON document of a notice that a handler failed with."""
    named = {"id": one.id, "handler": one.handler, "attempts": one.attempts, "failed": one.failed_at, "error": one.error}
    return {**named, "notice": notice_fields(one.notice)}


def last_line(traceback: str) -> str:
    """Return the line of a traceback that names the error."""
    return next((line.strip() for line in reversed(traceback.splitlines()) if line.strip()), "")


# ------------------------------------------------------------------------------------------------ posts and messages


def print_quarantine(listed: Iterable[StoredPost]) -> int:
    """Print the posts that could not be read as a table, and return how many."""
    rows = [
        (one.id, time_text(one.at), one.content_type, None if one.body is None else f"{len(one.body):,}", one.problem)
        for one in listed
    ]
    if rows:
        output.print_table("", ("Post", "Received", "Type", "Bytes", "Problem"), rows)
    return len(rows)


def post_json(one: StoredPost) -> dict[str, Any]:
    """Return the JSON document of a post."""
    body = None if one.body is None else one.body.decode("utf-8", "backslashreplace")
    named = {"post": one.id, "received": one.at, "content_type": one.content_type, "problem": one.problem}
    return {**named, "body": body}


def print_known(message: Message) -> None:
    """Print what is known about a message."""
    pairs = (
        ("state", message.state or "not known"),
        ("contradicted", "yes: its reports contradict each other" if message.contradicted else None),
        ("reference", message.reference),
        ("sent", "yes" if message.sent is not None else None),
    )
    output.print_fields(message.tracking_id or "", pairs)
    for report in message.reports:
        print_notice(report)


def message_json(message: Message) -> dict[str, Any]:
    """Return the JSON document of a message."""
    return {
        "tracking_id": message.tracking_id,
        "state": message.state,
        "contradicted": message.contradicted,
        "reference": message.reference,
        "sent": message.sent,
        "reports": [notice_fields(report) for report in message.reports],
    }
