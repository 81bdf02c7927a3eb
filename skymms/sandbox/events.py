"""The event log: numbered entries for every request and notice. The page in the browser requests all entries after a number.

Entries are recorded when something happens and formatted only when the page reads them, so recording ten thousand sends is
cheap. docs/reference/sandbox.md describes the format.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, cast

from ..cellcast import CellcastSend, CellcastSent
from ..limits import DOCUMENTED, Limits
from ..model.actions import SendMessageBySubscriberRef, SendSMS
from ..model.notices import DeliveryReport, EncodingReport, InboundMMS, InboundSMS, Notice
from ..model.operations import SendMMS
from ..model.replies import Refusal
from ..model.slideshow import Slideshow
from ..model.stored_operations import SaveMMS
from ..slide import FILES
from ..validation.file_types import file_type
from ..wire.dialects import DIALECTS
from .details import file_reason, request_details
from .faults import FAULTS
from .gateway import RequestRecord
from .listener import ServerResponse
from .state import RecentItems, content_size

#: The number of entries that are kept, and the largest number that is returned at once.
MAX_ENTRIES, MAX_RETURNED = 5_000, 500
#: The largest number of tracking ids in the entry of a request to many numbers.
MAX_IDS = 100

_Entry = dict[str, Any]


class EventLog:
    """The log: numbered entries. It may be used from many threads."""

    def __init__(
        self, now: Callable[[], datetime], api_key: str = "", limits: Limits = DOCUMENTED, *, may_fetch: bool = False
    ) -> None:
        """Mask ``api_key``; ``may_fetch`` allows :meth:`file_reason` to request files, which must keep ``limits``."""
        self._now = now
        self._api_key = api_key
        self._limits = limits
        self._may_fetch = may_fetch
        self._changed = threading.Condition()
        self._closed = False
        self._clear()

    def _clear(self) -> None:
        self._run_id = secrets.token_hex(8)
        self._last_number = 0
        self._entries: RecentItems[tuple[int, datetime, Callable[[], _Entry]]] = RecentItems(MAX_ENTRIES)
        self.counts: Counter[str] = Counter(requests=0, accepted=0, refused=0, lost=0)

    def add_request(self, record: RequestRecord, response: ServerResponse, stored: Slideshow | None = None) -> None:
        """Add a request and its response; ``stored`` is the stored slideshow that it sends."""
        outcome = _outcome(record)
        size = record.size + len(response.body) + content_size(stored)
        self._add(_RequestEvent(record, outcome, response, stored), size, requests=1, **{outcome: 1})

    def details(self, number: int) -> dict[str, Any] | None:
        """Return the request with this number as it arrived; None if it is not kept, or if the entry is another event."""
        event = self._event(number)
        return request_details(event.record, event.response, self._api_key) if isinstance(event, _RequestEvent) else None

    def file_reason(self, number: int, kind: str, url: str) -> str | None:
        """Return why a file of the event with this number cannot be loaded; None if there is no such file."""
        event = self._event(number)
        if event is None:
            return None
        if not self._may_fetch:
            return "the sandbox does not request it, because other machines can reach this sandbox (--fetch-media allows it)"
        return file_reason(event(), kind, url, self._limits)

    def _event(self, number: int) -> Callable[[], _Entry] | None:
        return next((event for n, _, event in self._entries if n == number), None)

    def add_notice(self, notice: Notice, result: str | None) -> None:
        """Add a notice and the result of its postback, None if there is no receiver."""
        self._add(lambda: _notice_entry(notice, result), content_size(notice))

    def after(self, number: int, wait: float) -> dict[str, Any]:
        """Return the entries after a number, waiting up to ``wait`` seconds for one."""
        with self._changed:
            run_id = self._run_id
            self._changed.wait_for(lambda: self._closed or self._last_number != number or self._run_id != run_id, wait)
            # A number above the last one is from before a reset. Return all entries; the changed id makes the page start over.
            new = [one for one in self._entries if one[0] > number] if number <= self._last_number else list(self._entries)
            summary = {"sandbox": self._run_id, "upto": self._last_number, "counts": dict(self.counts)}
        returned = new[:MAX_RETURNED]
        return {**summary, "entries": [{"n": n, "at": _time(at), **entry()} for n, at, entry in returned]}

    def reset(self) -> None:
        """Remove all entries and change the id of the run."""
        with self._changed:
            self._clear()
            self._changed.notify_all()

    def close(self) -> None:
        """End all waiting calls of :meth:`after`."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _add(self, entry: Callable[[], _Entry], size: int = 0, **counts: int) -> None:
        with self._changed:
            self._last_number += 1
            self._entries.append((self._last_number, self._now(), entry), size)
            self.counts.update(counts)
            self._changed.notify_all()


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def join_recipients(value: object) -> str | None:
    """Return a number as text; of several numbers the first three, and how many more there are."""
    if isinstance(value, list | tuple):
        numbers = cast("list[object] | tuple[object, ...]", value)
        return ", ".join(map(str, numbers[:3])) + (f" and {len(numbers) - 3:,} more" if len(numbers) > 3 else "")
    return None if value is None else str(value)


# ------------------------------------------------------------------------------------------------ requests


@dataclass(frozen=True, slots=True)
class _RequestEvent:
    """A request, its outcome, its response, and the stored slideshow that it sends. A call returns the entry."""

    record: RequestRecord
    outcome: str
    response: ServerResponse
    stored: Slideshow | None

    def __call__(self) -> _Entry:
        return _request_entry(self.record, self.outcome, self.stored)


def _outcome(record: RequestRecord) -> str:
    """Return ``accepted``, ``refused``, or ``lost`` for a request that was accepted and whose answer did not arrive."""
    fault = FAULTS.get(record.fault or "")
    if isinstance(record.reply, Refusal) or (fault is not None and not fault.accepted):
        return "refused"
    return "lost" if fault is not None and fault.loses_answer else "accepted"


def _request_entry(record: RequestRecord, outcome: str, stored: Slideshow | None) -> _Entry:
    operation, reply = record.operation, record.reply
    refusal = reply if isinstance(reply, Refusal) else None
    titles = {str(name): dialect.title for name, dialect in DIALECTS.items()}
    return {
        "what": "request",
        "dialect": record.dialect,
        "dialect_title": titles.get(record.dialect, record.dialect),
        "action": type(operation).__name__ if operation is not None else None,
        "outcome": outcome,
        "code": refusal.code if refusal else None,
        "info": refusal.info if refusal else None,
        "fault": _fault_entry(record.fault),
        **{name: join_recipients(getattr(operation, name, None)) for name in ("to", "sender")},
        **_ids(reply),
        "message": _message(operation, stored),
    }


def _fault_entry(name: str | None) -> _Entry | None:
    """Return a fault with its label and its effect; a code has neither, because the refusal has its text."""
    fault = FAULTS.get(name or "")
    if name is None or fault is None:
        return None if name is None else {"name": name, "label": None, "description": None}
    return {"name": name, "label": fault.label, "description": fault.description}


def _ids(reply: Any) -> _Entry:
    """Return the ids that link reports to a request; Cellcast has one for each number, and the first hundred are returned."""
    if not isinstance(reply, CellcastSent):
        return {name: join_recipients(getattr(reply, name, None)) for name in ("mms_id", "tracking_id")}
    ids = [*islice(reply.queued.values(), MAX_IDS)]
    return {"mms_id": None, "tracking_id": ids[0] if ids else None, **({"tracking_ids": ids} if len(ids) > 1 else {})}


def _message(operation: Any, stored: Slideshow | None) -> _Entry | None:
    """Return the message as a phone shows it: the subject and the slides, with the texts and merge values of the recipient."""
    if isinstance(operation, SendSMS | SendMessageBySubscriberRef) and operation.text:
        return {"name": None, "subject": None, "fallback_text": None, "slides": [_slide(operation.text, None, [])]}
    slideshow: Any = operation.slideshow if isinstance(operation, SendMMS | SaveMMS | CellcastSend) else stored
    if slideshow is None:
        return None
    texts = getattr(operation, "custom_text", {})
    data = {name.lower(): value for name, value in getattr(operation, "data", {}).items()}
    slides = [
        _slide(_merge(texts.get(number, slide.text), data), slide.duration, _slide_files(slide, operation))
        for number, slide in enumerate(slideshow.slides, 1)
    ]
    return {
        "name": join_recipients(slideshow.name),
        "subject": _merge(getattr(operation, "custom_subject", None) or slideshow.subject, data),
        "fallback_text": join_recipients(getattr(operation, "fallback_text", None) or slideshow.fallback_text),
        "slides": slides,
    }


def _slide(text: str | None, duration: Any, files: list[dict[str, str]]) -> _Entry:
    return {"text": join_recipients(text), "duration": duration if type(duration) is int else None, "files": files}


def _slide_files(slide: Any, operation: Any) -> list[dict[str, str]]:
    files = [{"kind": kind, "url": str(url)} for kind in FILES if (url := getattr(slide, kind))]
    # Pictures without a URL are described instead: one made from a template, and one that is part of the request.
    if template := slide.personalized_image:
        files.append({"kind": "image", "url": f"a picture of template {template}"})
    if media := getattr(operation, "media", None):
        kind = found.kind if (found := file_type(media)) is not None else "image"
        files.append({"kind": kind, "url": f"a {'picture' if kind == 'image' else 'file'} of {len(media):,} bytes"})
    return files


_MERGE_TAG = re.compile(r"\{\$(\w+)\|?([^{}]*)\}")


def _merge(text: str | None, data: Mapping[str, str]) -> str | None:
    """Replace the merge tags in a text: ``{$firstname|Sir}`` in Skycore 1.3, where names are compared in lower case."""
    if text is None:
        return None
    return _MERGE_TAG.sub(lambda tag: str(data.get(tag[1].lower(), tag[2])), str(text))


# ------------------------------------------------------------------------------------------------ notices


def _notice_entry(notice: Notice, result: str | None) -> _Entry:
    common: _Entry = {
        "code": notice.code,
        "posted": result,
        "meaning": notice.meaning,
        "tracking_id": notice.tracking_id,
    }
    if isinstance(notice, InboundMMS | InboundSMS):
        fields = {name: getattr(notice, name, None) for name in ("sender", "to", "subject", "text")}
        return {"what": "inbound", **common, **fields, "files": list(getattr(notice, "files", ()))}
    fields = {name: getattr(notice, name, None) for name in ("status", "mms_id", "to")}
    if not isinstance(notice, DeliveryReport | EncodingReport):
        fields["to"] = getattr(notice, "mobile", None)
    return {"what": "report", **common, **fields}
