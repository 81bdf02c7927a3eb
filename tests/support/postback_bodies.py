"""A receiver of postbacks that keeps their bodies as they arrive."""

from __future__ import annotations

from skymms.sandbox.listener import Listener, ServerRequest, ServerResponse


class Bodies:
    """A server at ``url`` that keeps the ``bodies`` of all requests, and responds with 200."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self._listener = Listener(self._respond)
        self.url: str = self._listener.url

    def _respond(self, request: ServerRequest) -> ServerResponse:
        self.bodies.append(request.body)
        return ServerResponse(200, b"")

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()
