"""The inbox as an ASGI application, for uvicorn and hypercorn (with asyncio), and to be mounted in FastAPI and Starlette."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from .intake import TOO_LONG, TOO_SLOW, Answer, Request
from .receiver import Receiver

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class DisconnectedError(Exception):
    """The caller closed the connection before the end of its request."""


class AsgiApplication:
    """An ASGI application that stores posts. The last segment of the path is the secret; the rest of the path is ignored."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        kind = scope["type"]
        if kind == "lifespan":
            await self._live(receive, send)
        elif kind == "websocket":
            # Before the connection is accepted: the server answers 403.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "lifespan.shutdown":
            await asyncio.to_thread(self._receiver.start)
            await send({"type": "lifespan.startup.complete"})
        await asyncio.to_thread(self._receiver.stop)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        deadline = self._receiver.deadline()
        request = _request(scope)
        answer = self._receiver.intake.refuse(request)
        if answer is None:
            try:
                body = await self._read(receive, deadline)
            except DisconnectedError:
                return
            answer = body if isinstance(body, Answer) else await self._receiver.answer_async(request, body, deadline)
        # The rest of the body is not read, so the connection cannot be used again. HTTP/2 has no such header.
        closes = answer in (TOO_LONG, TOO_SLOW) and str(scope.get("http_version")).startswith("1")
        text = f"{answer.text}\n".encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(text)).encode()),
            *[(name.lower().encode(), value.encode()) for name, value in answer.headers],
            *([(b"connection", b"close")] if closes else []),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else text})

    async def _read(self, receive: Receive, deadline: float) -> bytes | Answer:
        """Return the body, or the answer to one that is too long or too slow."""
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise DisconnectedError
                    piece: bytes = message.get("body", b"")
                    size += len(piece)
                    if size > self._receiver.intake.max_body:
                        return self._receiver.intake.too_long()
                    if piece:
                        pieces.append(piece)
                    if not message.get("more_body", False):
                        return b"".join(pieces)
        except TimeoutError:
            return self._receiver.intake.too_slow()


def _request(scope: Message) -> Request:
    headers: dict[str, str] = {}
    pairs: Iterable[tuple[bytes, bytes]] = scope["headers"]
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    client = scope.get("client")
    # A server behind a Unix socket gives an empty address, or none.
    peer = str(client[0]) or None if client else None
    return Request(scope["method"], scope["path"], bytes(scope.get("query_string", b"")).decode("latin-1"), headers, peer)
