"""Reads a request body that arrives in chunks (RFC 9112, 7.1), because the caller did not know its length when it began."""

from __future__ import annotations

import re
from email.message import Message
from typing import Protocol

#: The longest line before a chunk: its size and its extensions, which are ignored. Known clients send no extensions.
MAX_LINE = 4096

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")


class Stream(Protocol):
    """The bytes that arrive on a connection."""

    def read(self, size: int, /) -> bytes:
        """Return ``size`` bytes, or fewer if the caller closed the connection."""
        ...

    def readline(self, size: int, /) -> bytes:
        """Return a line, or ``size`` bytes of it."""
        ...


class UnreadableBodyError(Exception):
    """The end of the body is not known, so the connection cannot be used again; ``status`` is that of the response."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class IncompleteBodyError(Exception):
    """The caller closed the connection before the end of the body."""


def read_chunked_body(headers: Message, version: str, stream: Stream, limit: int) -> bytes:
    """Return the body of a request with a Transfer-Encoding, in this version of HTTP.

    Raises :class:`UnreadableBodyError` or :class:`IncompleteBodyError`.
    """
    encodings = [str(value).strip().lower() for value in headers.get_all("Transfer-Encoding", [])]
    if len(encodings) > 1 or "Content-Length" in headers or version == "HTTP/1.0":
        # Another program on the way may have read the other header, and would see the next request elsewhere.
        raise UnreadableBodyError(400, "the length of the body is given twice, or in a way that HTTP/1.0 does not have")
    if encodings != ["chunked"]:
        raise UnreadableBodyError(501, "the only Transfer-Encoding of a request is chunked")
    return _read_chunks(stream, limit)


def _read_chunks(stream: Stream, limit: int) -> bytes:
    """Return the body, and read its trailers, so that the next request on the connection can be read.

    The body may have ``limit`` bytes, and the lines between its chunks as many together: a body of tiny chunks takes longer to
    read than its size shows.
    """
    body: list[bytes] = []
    left, lines_left = limit, limit
    while True:
        line = _line(stream)
        size = _SIZE.fullmatch(line)
        if size is None:
            raise UnreadableBodyError(400, "malformed chunked body: a chunk does not begin with its size")
        length = int(size[1], 16)
        left, lines_left = left - length, lines_left - len(line)
        if left < 0 or lines_left < 0:
            raise UnreadableBodyError(413, "the request body is too long")
        if length == 0:
            break
        data = stream.read(length + 2)
        if len(data) < length + 2:
            raise IncompleteBodyError
        if data[-2:] != b"\r\n":
            raise UnreadableBodyError(400, "malformed chunked body: a chunk is longer than its size")
        body.append(data[:-2])
    while (line := _line(stream)) != b"\r\n":
        lines_left -= len(line)
        if lines_left < 0:
            raise UnreadableBodyError(413, "the request body is too long")
    return b"".join(body)


def _line(stream: Stream) -> bytes:
    line = stream.readline(MAX_LINE + 1)
    if len(line) > MAX_LINE:
        raise UnreadableBodyError(400, "malformed chunked body: a line between chunks is too long")
    if not line.endswith(b"\n"):
        raise IncompleteBodyError
    return line
