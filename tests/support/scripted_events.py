"""A journal that says what a test tells it to, and a place that serves the page over it."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from skymms.sandbox.listener import ServerRequest, Listener, ServerResponse
from skymms.sandbox.page import respond

_RUNS = itertools.count(1)


class ScriptedJournal:
    """The contract of `skymms.sandbox.page.Journal`, kept by hand."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.reset()

    def reset(self) -> None:
        with self._changed:
            self.sandbox = f"run-{next(_RUNS)}"
            self.entries: list[dict[str, Any]] = []
            self.counts = {"requests": 0, "accepted": 0, "refused": 0, "broken": 0}
            self.closed = False
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def after(self, n: int, wait: float) -> dict[str, Any]:
        with self._changed:
            run = self.sandbox
            self._changed.wait_for(lambda: self.closed or self.sandbox != run or len(self.entries) > n, wait)
            return {
                "sandbox": self.sandbox,
                "upto": len(self.entries),
                "counts": dict(self.counts),
                "entries": self.entries[n : n + 500],
            }

    def _add(self, what: str, **told: Any) -> int:
        with self._changed:
            n = len(self.entries) + 1
            at = f"2026-11-20T10:{n // 60 % 60:02}:{n % 60:02}.120Z"
            self.entries.append({"n": n, "at": at, "what": what, **told})
            if what == "request":
                self.counts["requests"] += 1
                self.counts[told["outcome"]] += 1
            self._changed.notify_all()
        return n

    def request(self, message: dict[str, Any] | None = None, **told: Any) -> int:
        given = {
            "dialect": "skycore",
            "action": "SendMMS",
            "outcome": "accepted",
            "code": None,
            "info": None,
            "to": "15551234888",
            "sender": "60856",
            "mms_id": None,
            "tracking_id": None,
            "message": message,
            **told,
        }
        return self._add("request", **given)

    def report(self, code: str, **told: Any) -> int:
        given = {
            "meaning": "",
            "status": None,
            "tracking_id": None,
            "mms_id": None,
            "to": "15551234888",
            "posted": None,
            **told,
        }
        return self._add("report", code=code, **given)

    def inbound(self, **told: Any) -> int:
        given = {"sender": "15551234888", "to": "60856", "subject": None, "text": None, "files": [], "posted": None, **told}
        return self._add("inbound", code="N401", **given)


def message(*slides: dict[str, Any], **told: Any) -> dict[str, Any]:
    each = [{"text": None, "duration": None, "files": [], **slide} for slide in slides]
    return {"name": "coupon", "subject": "Free coupon!", "fallback_text": None, "slides": each, **told}


class Served:
    """The page over a journal, at a port of this machine; `files` are served beside it, by path."""

    def __init__(self, journal: ScriptedJournal, port: int = 0, host: str = "") -> None:
        self.journal = journal
        self._host = host
        self.files: dict[str, tuple[str, bytes]] = {}
        self.asked: list[ServerRequest] = []
        self._listener = Listener(self._answer, port=port)
        self.url = self._listener.url
        self.port = int(self.url.rpartition(":")[2])

    def _answer(self, request: ServerRequest) -> ServerResponse:
        self.asked.append(request)
        if request.path in self.files:
            kind, body = self.files[request.path]
            return ServerResponse(200, body, kind)
        return respond(request, self.journal, host=self._host) or ServerResponse(404, b"the core answers this\n", "text/plain")

    def close(self) -> None:
        self._listener.close()
        # As when a process ends: the questions that wait are not kept waiting.
        self.journal.close()

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
