"""Calls that are several requests: a thousand numbers at a time, and page after page.

Whatever ends such a call, an error or Ctrl-C, carries what was done before as its ``partial``.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from ..errors import Nodes, ProtocolError, RecipientError
from ..operations import Operation
from .spoken import numbers
from .tables import MOST_NUMBERS, MOST_PAGES
from .values import CellcastSend, CellcastSent, Listing, MarkRead, Responses


def by_the_thousand(send: CellcastSend) -> Generator[Operation[Any], Any, CellcastSent]:
    """One request for each thousand numbers, and one reply. What was answered is never lost, whichever request fails."""
    everybody, done = numbers(send), []
    for at in range(0, len(everybody), MOST_NUMBERS):
        these, later = everybody[at : at + MOST_NUMBERS], everybody[at + MOST_NUMBERS :]
        try:
            done.append((yield replace(send, to=these)))
        except BaseException as error:
            failed = {"maybe_sent" if getattr(error, "sent_maybe", True) else "not_sent": these}
            error.partial = _joined([*done, CellcastSent(**failed, not_tried=later)])  # type: ignore[attr-defined, arg-type]
            raise
    whole = _joined(done)
    if not whole.queued and not whole.unaccounted:
        refused = RecipientError("RECIPIENTS_ERROR", "every number is invalid or unsubscribed", field="to", reply=whole.raw)
        refused.partial = whole
        raise refused
    return whole


def _joined(replies: list[CellcastSent]) -> CellcastSent:
    told = [reply.credits for reply in replies if reply.credits is not None]
    joined: dict[str, Any] = {"credits": sum(told, Decimal()) if told else None}
    for name in [item.name for item in fields(CellcastSent) if item.name not in joined]:
        values = [getattr(reply, name) for reply in replies]
        if isinstance(values[0], tuple):
            joined[name] = tuple([one for value in values for one in value])
        else:
            joined[name] = {key: one for value in values for key, one in value.items()}
    return CellcastSent(**joined)


def all_pages(listing: Any) -> Generator[Operation[Any], Any, Listing[Any]]:
    """Page after page, and only then the marking: marking in between would move the pages."""
    rows: dict[Any, None] = {}
    raw: Nodes = ()
    marked: list[str] = []
    before: tuple[Any, ...] = ()
    try:
        for page in range(1, MOST_PAGES + 1):
            reply = yield replace(listing, page=page)
            # A gateway that knows no pages gives the first one for ever.
            repeated, before = reply.rows == before, reply.rows
            if not repeated:
                # A row that has moved to the next page meanwhile is the same row.
                rows.update(dict.fromkeys(reply.rows))
                raw += reply.raw
            if repeated or not reply.more:
                break
        else:
            raise ProtocolError(f"the list does not end within {MOST_PAGES:,} pages")
        if isinstance(listing, Responses) and listing.mark_read:
            for message_id in [row.message_id for row in rows if row.message_id]:
                yield MarkRead(message_id=message_id)
                marked.append(message_id)
    except BaseException as error:
        error.partial = Listing(tuple(rows), more=True, marked=tuple(marked), raw=raw)  # type: ignore[attr-defined]
        raise
    return Listing(tuple(rows), marked=tuple(marked), raw=raw)
