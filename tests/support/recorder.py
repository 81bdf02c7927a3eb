"""An observer that records the events of calls, and can raise an exception at one of them."""

from __future__ import annotations

from typing import Any

METHODS = ("request_started", "response_received", "attempt_failed", "retry_scheduled", "part_finished", "call_finished")


class Recorder:
    """Records ``(method, event)``. ``raises`` maps a method to the exception that it raises at its ``at``-th call."""

    def __init__(self, raises: dict[str, BaseException] | None = None, at: int = 1) -> None:
        self.events: list[tuple[str, Any]] = []
        self._raises = raises or {}
        self._at = at

    def __getattr__(self, method: str) -> Any:
        if method not in METHODS:
            raise AttributeError(method)

        def record(event: Any) -> None:
            self.events.append((method, event))
            if method in self._raises and self.methods.count(method) == self._at:
                raise self._raises[method]

        return record

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.events]

    def all(self, method: str) -> list[Any]:
        return [event for name, event in self.events if name == method]

    def one(self, method: str) -> Any:
        (event,) = self.all(method)
        return event
