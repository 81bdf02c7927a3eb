"""Everything that happened, numbered, for those who watch: the page in the browser asks what came after the number it knows.

Entries are made when something happens and written out when somebody looks, so that ten thousand sends that nobody watches cost
next to nothing. The shapes are described in docs/sandbox.md.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from ..cellcast import CellcastSend, CellcastSent
from ..model.actions import SendMessageBySubscriberRef, SendSMS
from ..model.notices import DeliveryReport, EncodingReport, InboundMMS, InboundSMS, Notice
from ..model.operations import SaveMMS, SendMMS
from ..model.replies import Refusal
from ..model.slideshow import Slideshow
from ..slide import FILES
from .gateway import Answered
from .state import Kept

#: How many entries are kept, and how many are handed out at once.
KEPT, AT_ONCE = 5_000, 500
#: How many ids of a request to many are told.
MOST_IDS = 100

_Written = dict[str, Any]


class EventLog:
    """The entries; ``after`` waits for new ones. Safe to use from many threads."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._watched = 0
        self._closed = False
        self._clear()

    def _clear(self) -> None:
        self._name = secrets.token_hex(8)
        self._number = 0
        self._entries: Kept[tuple[int, datetime, Callable[[], _Written]]] = Kept(KEPT)
        self.counts: Counter[str] = Counter(requests=0, accepted=0, refused=0, broken=0)

    def request(self, answered: Answered, stored: Slideshow | None = None) -> None:
        """A request; ``stored`` is the slideshow that it sends from the store."""
        outcome = "broken" if answered.fault else "refused" if isinstance(answered.reply, Refusal) else "accepted"
        self._add(lambda: _request(answered, outcome, stored), answered.size, requests=1, **{outcome: 1})

    def notice(self, notice: Notice, posted: str | None) -> None:
        """A notice that went out, or would have if there were a receiver."""
        self._add(lambda: _notice(notice, posted))

    def after(self, number: int, wait: float) -> dict[str, Any]:
        """What came after that number, as soon as there is something; an empty list when ``wait`` seconds brought nothing."""
        with self._changed:
            name = self._name
            self._changed.wait_for(lambda: self._closed or self._number != number or self._name != name, wait)
            # A number from before a reset: the page sees the other name and starts over.
            new = [one for one in self._entries if one[0] > number] if number <= self._number else list(self._entries)
            told = {"sandbox": self._name, "upto": self._number, "counts": dict(self.counts)}
        shown = new[:AT_ONCE]
        return {**told, "entries": [{"n": n, "at": _time(at), **write()} for n, at, write in shown]}

    def reset(self) -> None:
        """As at the beginning, under another name."""
        with self._changed:
            self._clear()
            self._changed.notify_all()

    def close(self) -> None:
        """Let everybody go who waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _add(self, write: Callable[[], _Written], size: int = 0, **counted: int) -> None:
        with self._changed:
            self._number += 1
            self._entries.append((self._number, self._now(), write), size)
            self.counts.update(counted)
            self._changed.notify_all()


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _request(answered: Answered, outcome: str, stored: Slideshow | None) -> _Written:
    operation, reply = answered.operation, answered.reply
    refused = reply if isinstance(reply, Refusal) else None
    return {
        "what": "request",
        "dialect": answered.dialect,
        "action": type(operation).__name__ if operation is not None else None,
        "outcome": outcome,
        "code": refused.code if refused else None,
        "info": answered.fault or (refused.info if refused else None),
        **{name: recipients(getattr(operation, name, None)) for name in ("to", "sender")},
        **_ids(reply),
        "message": _message(operation, stored),
    }


def _ids(reply: Any) -> _Written:
    """By what reports are joined to it: Cellcast has an id for each number, of which a hundred are told."""
    if not isinstance(reply, CellcastSent):
        return {name: recipients(getattr(reply, name, None)) for name in ("mms_id", "tracking_id")}
    ids = [*islice(reply.queued.values(), MOST_IDS)]
    return {"mms_id": None, "tracking_id": ids[0] if ids else None, **({"tracking_ids": ids} if len(ids) > 1 else {})}


def recipients(value: object) -> str | None:
    """To whom, or from whom: the first three of many."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value[:3])) + (f" and {len(value) - 3:,} more" if len(value) > 3 else "")
    return None if value is None else str(value)


def _message(operation: Any, stored: Slideshow | None) -> _Written | None:
    """What a phone would show."""
    if isinstance(operation, (SendSMS, SendMessageBySubscriberRef)) and operation.text:
        return {"name": None, "subject": None, "fallback_text": None, "slides": [_slide(operation.text, None, [])]}
    show: Any = operation.slideshow if isinstance(operation, (SendMMS, SaveMMS, CellcastSend)) else stored
    if show is None:
        return None
    texts, data = getattr(operation, "custom_text", {}), getattr(operation, "data", {})
    slides = []
    for number, slide in enumerate(show.slides, 1):
        files = [{"kind": kind, "url": str(url)} for kind in FILES if (url := getattr(slide, kind))]
        # What lies nowhere leaves its name: a template's picture is made for each recipient, and one may come with the request.
        if template := slide.personalized_image:
            files.append({"kind": "image", "url": f"a picture of template {template}"})
        if media := getattr(operation, "media", None):
            files.append({"kind": "image", "url": f"a picture of {len(media):,} bytes"})
        slides.append(_slide(_merged(texts.get(number, slide.text), data), slide.duration, files))
    return {
        "name": recipients(show.name),
        "subject": _merged(getattr(operation, "custom_subject", None) or show.subject, data),
        "fallback_text": recipients(getattr(operation, "fallback_text", None) or show.fallback_text),
        "slides": slides,
    }


def _slide(text: str | None, duration: Any, files: list[dict[str, str]]) -> _Written:
    return {"text": recipients(text), "duration": duration if type(duration) is int else None, "files": files}


_TAG = re.compile(r"\{\$(\w+)\|?([^{}]*)\}")


def _merged(words: str | None, data: Mapping[str, str]) -> str | None:
    """A text with its merge tags filled: 1.3, ``{$firstname|Sir}``, the names compared without case."""
    if words is None:
        return None
    named = {name.lower(): value for name, value in data.items()}
    return _TAG.sub(lambda tag: str(named.get(tag[1].lower(), tag[2])), str(words))


def _notice(notice: Notice, posted: str | None) -> _Written:
    told: _Written = {"code": notice.code, "posted": posted, "meaning": notice.meaning, "tracking_id": notice.tracking_id}
    if isinstance(notice, (InboundMMS, InboundSMS)):
        words = {name: getattr(notice, name, None) for name in ("sender", "to", "subject", "text")}
        return {"what": "inbound", **told, **words, "files": list(getattr(notice, "files", ()))}
    words = {name: getattr(notice, name, None) for name in ("status", "mms_id", "to")}
    if not isinstance(notice, (DeliveryReport, EncodingReport)):
        words["to"] = getattr(notice, "mobile", None)
    return {"what": "report", **told, **words}
