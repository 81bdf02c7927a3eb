"""An event log whose entries a test writes itself, and a server of the sandbox's page that shows them."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from skymms.sandbox.listener import Listener, ServerRequest, ServerResponse
from skymms.sandbox.page import respond

_RUN_NUMBERS = itertools.count(1)


class ScriptedEvents:
    """An implementation of `skymms.sandbox.page.EventSource`; a test adds the entries."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.reset()

    def reset(self) -> None:
        with self._changed:
            self.sandbox = f"run-{next(_RUN_NUMBERS)}"
            self.entries: list[dict[str, Any]] = []
            self.counts = {"requests": 0, "accepted": 0, "refused": 0, "lost": 0}
            self.closed = False
            #: The details of entries by their number, and why files were not loaded by their URL.
            self.shown: dict[int, dict[str, Any]] = {}
            self.reasons: dict[str, str] = {}
            self._changed.notify_all()

    def details(self, number: int, /) -> dict[str, Any] | None:
        return self.shown.get(number)

    def file_reason(self, number: int, kind: str, url: str, /) -> str | None:
        return self.reasons.get(url)

    def close(self) -> None:
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def after(self, number: int, wait: float, /) -> dict[str, Any]:
        with self._changed:
            run = self.sandbox
            self._changed.wait_for(lambda: self.closed or self.sandbox != run or len(self.entries) > number, wait)
            return {
                "sandbox": self.sandbox,
                "upto": len(self.entries),
                "counts": dict(self.counts),
                "entries": self.entries[number : number + 500],
            }

    def _add(self, what: str, **fields: Any) -> int:
        with self._changed:
            n = len(self.entries) + 1
            at = f"2026-11-20T10:{n // 60 % 60:02}:{n % 60:02}.120Z"
            self.entries.append({"n": n, "at": at, "what": what, **fields})
            if what == "request":
                self.counts["requests"] += 1
                self.counts[fields["outcome"]] += 1
            self._changed.notify_all()
        return n

    def request(self, message: dict[str, Any] | None = None, **fields: Any) -> int:
        defaults = {
            "dialect": "skycore",
            "dialect_title": "Skycore 1.3, XML by POST",
            "action": "SendMMS",
            "outcome": "accepted",
            "code": None,
            "info": None,
            "fault": None,
            "to": "15551234888",
            "sender": "60856",
            "mms_id": None,
            "tracking_id": None,
            "message": message,
        }
        return self._add("request", **{**defaults, **fields})

    def report(self, code: str | None, **fields: Any) -> int:
        defaults = {
            "meaning": "",
            "status": None,
            "tracking_id": None,
            "mms_id": None,
            "to": "15551234888",
            "posted": None,
        }
        return self._add("report", code=code, **{**defaults, **fields})

    def inbound(self, **fields: Any) -> int:
        defaults = {"sender": "15551234888", "to": "60856", "subject": None, "text": None, "files": [], "posted": None}
        return self._add("inbound", code="N401", **{**defaults, **fields})


def message(*slides: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A message as an entry contains it."""
    complete = [{"text": None, "duration": None, "files": [], **slide} for slide in slides]
    return {"name": "coupon", "subject": "Free coupon!", "fallback_text": None, "slides": complete, **fields}


class PageServer:
    """Serves the page over an event log; `files` are served too, by path; `requests` are those that arrived."""

    def __init__(self, events: ScriptedEvents, port: int = 0, host: str = "") -> None:
        self.events = events
        self._host = host
        self.files: dict[str, tuple[str, bytes]] = {}
        self.requests: list[ServerRequest] = []
        self._listener = Listener(self._respond, port=port)
        self.url = self._listener.url
        self.port = int(self.url.rpartition(":")[2])

    def _respond(self, request: ServerRequest) -> ServerResponse:
        self.requests.append(request)
        if request.path in self.files:
            content_type, body = self.files[request.path]
            return ServerResponse(200, body, content_type)
        response = respond(request, self.events, host=self._host)
        return response or ServerResponse(404, b"the sandbox itself responds to this\n", "text/plain")

    def close(self) -> None:
        self._listener.close()
        # As when a process ends: waiting requests to the feed end too.
        self.events.close()

    def __enter__(self) -> PageServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
