"""The inbox as a WSGI application, for gunicorn, waitress and others, and to be mounted in Flask."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from .intake import LENGTH_REQUIRED, Answer, Request
from .receiver import Receiver

#: The most bytes that are read at once; the time is checked in between.
_PIECE = 16 * 1024


class WsgiApplication:
    """A WSGI application that stores posts. The last segment of the path is the secret; the rest of the path is ignored."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        deadline = self._receiver.deadline()
        request = request_of(environ)
        answer = self._receiver.intake.refuse(request)
        if answer is None:
            body = read_body(environ, self._receiver, deadline)
            answer = body if isinstance(body, Answer) else self._receiver.answer(request, body, deadline)
        text = f"{answer.text}\n".encode()
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text))), *answer.headers]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [] if request.method == "HEAD" else [text]


def request_of(environ: Mapping[str, Any]) -> Request:
    """Return a request as the intake judges it."""
    headers = {name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name.startswith("HTTP_")}
    for name, variable in (("content-type", "CONTENT_TYPE"), ("content-length", "CONTENT_LENGTH")):
        # In these two, not in those that begin with HTTP_, is what the server itself goes by.
        headers.pop(name, None)
        if value := environ.get(variable):
            headers[name] = str(value)
    path = str(environ.get("SCRIPT_NAME", "")) + str(environ.get("PATH_INFO", ""))
    peer = environ.get("REMOTE_ADDR")
    query = str(environ.get("QUERY_STRING") or "")
    return Request(str(environ["REQUEST_METHOD"]), path, query, headers, str(peer) if peer else None)


def read_body(environ: Mapping[str, Any], receiver: Receiver, deadline: float) -> bytes | Answer:
    """Return the body, or the answer to one that is too long, too slow or of unknown length.

    A server reads the bytes of a body when it is asked for them, and then waits for them as long as it likes. The deadline is
    checked between two pieces.
    """
    length = str(environ.get("CONTENT_LENGTH") or "")
    # Without a length, only a server that ends the stream after the body says where the body ends.
    is_terminated = bool(environ.get("wsgi.input_terminated"))
    if not length and not is_terminated:
        return LENGTH_REQUIRED if environ.get("HTTP_TRANSFER_ENCODING") else b""
    limit = int(length) if length.isdecimal() else receiver.intake.max_body + 1
    pieces: list[bytes] = []
    size = 0
    while size < limit:
        try:
            piece = environ["wsgi.input"].read(min(_PIECE, limit - size))
        except Exception:
            # Each server has errors of its own for a connection that was broken and for a malformed body.
            return receiver.intake.broken(size, length)
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
        if size > receiver.intake.max_body:
            return receiver.intake.too_long()
        if time.monotonic() > deadline:
            return receiver.intake.too_slow()
    return b"".join(pieces)
