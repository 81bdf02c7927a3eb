"""A place for postbacks to arrive: for demos and tests. A service of yours calls `read_postbacks` in its own web framework."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..errors import ProtocolError
from ..model.notices import Notice
from ..postbacks import read_postbacks
from .listener import Incoming, Listener, Outgoing


class PostbackReceiver:
    """Listens on ``url`` while it is open, and keeps the notices that come, repeats left out.

    ``notices`` are those that came, in their order, since it was made or since :meth:`clear`. What is no postback is answered
    with 400 and kept in ``failures``. ``read`` makes notices of a body: :func:`~skymms.cellcast.read_cellcast_webhook` for
    Cellcast's; without it they are Skycore's.
    """

    def __init__(self, *, port: int = 0, read: Callable[[bytes], tuple[Notice, ...]] | None = None) -> None:
        self._read = read
        self._arrived = threading.Condition()
        self._notices: dict[str, Notice] = {}
        self.failures: list[ProtocolError] = []
        self._listener = Listener(self._answer, port=port)
        self.url = f"{self._listener.url}/postbacks"

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What has come so far, in the order it came."""
        with self._arrived:
            return tuple(self._notices.values())

    def wait(self, count: int, timeout: float = 10.0) -> tuple[Notice, ...]:
        """All notices, as soon as there are ``count`` of them; :class:`TimeoutError` after ``timeout`` seconds."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._notices) >= count, timeout):
                came = ", ".join(str(notice.code) for notice in self._notices.values())
                raise TimeoutError(
                    f"{len(self._notices)} of {count} notices came within {timeout:g} s{f': {came}' if came else ''}. "
                    "Is this the postback_url, and has sandbox.clock been turned far enough?"
                )
            return tuple(self._notices.values())

    def clear(self) -> None:
        """Forget what came; what comes again counts anew."""
        with self._arrived:
            self._notices.clear()
            self.failures.clear()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def __enter__(self) -> PostbackReceiver:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _answer(self, request: Incoming) -> Outgoing:
        try:
            read = self._read
            notices = read(request.body) if read else read_postbacks(request.body, request.headers.get("content-type"))
        except ProtocolError as error:
            self.failures.append(error)
            return Outgoing(400, b"no postback\n", "text/plain")
        with self._arrived:
            for notice in notices:
                self._notices.setdefault(notice.identity, notice)
            self._arrived.notify_all()
        return Outgoing(200, b"", "text/plain")
