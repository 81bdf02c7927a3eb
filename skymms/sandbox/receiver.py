"""A receiver of postbacks for demos and tests. In your service, call `read_postbacks` in your web framework instead."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..errors import ProtocolError
from ..model.notices import Notice
from ..postbacks import read_postbacks
from .listener import Listener, ServerRequest, ServerResponse


class PostbackReceiver:
    """A server that listens on ``url`` and keeps the notices that arrive, without repeats; a context manager.

    The response to a body that is not a postback is 400, and its error is added to ``failures``. ``read`` parses a body: pass
    :func:`~skymms.cellcast.read_cellcast_webhook` to receive Cellcast's webhooks; the default reads Skycore's postbacks.
    """

    def __init__(self, *, port: int = 0, read: Callable[[bytes], tuple[Notice, ...]] | None = None) -> None:
        self._read = read
        self._arrived = threading.Condition()
        self._notices: dict[str, Notice] = {}
        self.failures: list[ProtocolError] = []
        self._listener = Listener(self._respond, port=port)
        self.url: str = f"{self._listener.url}/postbacks"

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The notices that have arrived since the construction or the last :meth:`clear`, in their order."""
        with self._arrived:
            return tuple(self._notices.values())

    def wait(self, count: int, timeout: float = 10.0) -> tuple[Notice, ...]:
        """Wait until ``count`` notices have arrived, and return all; :class:`TimeoutError` after ``timeout`` seconds."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._notices) >= count, timeout):
                codes = ", ".join(str(notice.code) for notice in self._notices.values())
                raise TimeoutError(
                    f"{len(self._notices)} of {count} notices arrived within {timeout:g} s{f': {codes}' if codes else ''}. "
                    "Is this the sandbox's postback_url, and has sandbox.clock been advanced far enough?"
                )
            return tuple(self._notices.values())

    def clear(self) -> None:
        """Forget all notices and failures; a notice that arrives again is then new."""
        with self._arrived:
            self._notices.clear()
            self.failures.clear()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def __enter__(self) -> PostbackReceiver:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _respond(self, request: ServerRequest) -> ServerResponse:
        try:
            read = self._read
            notices = read(request.body) if read else read_postbacks(request.body, request.headers.get("content-type"))
        except ProtocolError as error:
            self.failures.append(error)
            return ServerResponse(400, b"this is not a postback\n", "text/plain")
        with self._arrived:
            for notice in notices:
                self._notices.setdefault(notice.identity, notice)
            self._arrived.notify_all()
        return ServerResponse(200, b"", "text/plain")
