"""Records whether aiohttp has begun to send the body of a request, and stops a body whose call has ended."""

from __future__ import annotations

from typing import Any

from .._functools import memoize


class Sending:
    """Records whether aiohttp has begun to send the body of a request.

    aiohttp calls the write method of a body once there is a connection, not before, and a request without its body cannot send
    a message. A GET request has no body, so nothing is known about it.
    """

    __slots__ = ("_reports_writes", "allowed", "written")

    def __init__(self) -> None:
        #: The body that may be written. aiohttp writes in a task of its own, perhaps after an interrupt has ended the call.
        self.allowed: Any = None
        #: True once the body is being written.
        self.written: bool = False
        self._reports_writes: bool = False

    def start(self, *, reports_writes: bool) -> None:
        """Begin a request; ``reports_writes`` is True if aiohttp will call the write method of its body."""
        self._reports_writes = reports_writes
        self.written = False

    @property
    def maybe(self) -> bool:
        """True if the request may have left this machine; otherwise it will not leave any more."""
        if self._reports_writes and not self.written:
            self.allowed = None
            return False
        return True

    def may_have_left(self, error: BaseException, started: float) -> bool:
        """Return whether the request may have left before ``error`` interrupted it."""
        return self.maybe

    def body(self, content: bytes) -> Any:
        """Return the body as aiohttp takes it."""
        self.allowed = _body_class()(content, self)
        return self.allowed


@memoize
def _body_class() -> Any:
    from aiohttp import BytesPayload

    class Body(BytesPayload):
        def __init__(self, content: bytes, sending: Sending) -> None:
            super().__init__(content)
            self._sending = sending

        def _started(self) -> None:
            if self._sending.allowed is not self:
                raise OSError("the call has ended")
            self._sending.written = True

        def write(self, writer: Any) -> Any:
            self._started()
            return super().write(writer)

        def write_with_length(self, writer: Any, content_length: int | None) -> Any:
            self._started()
            return super().write_with_length(writer, content_length)

    return Body
