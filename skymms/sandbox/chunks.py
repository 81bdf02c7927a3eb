"""Reads a request body that arrives in chunks (RFC 9112, 7.1), because the caller did not know its length when it began."""

from __future__ import annotations

import re
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


class MalformedChunksError(ValueError):
    """The body does not follow the format, so it is not known where the next request begins."""


class BodyTooLongError(ValueError):
    """The body has more bytes than allowed."""


class IncompleteBodyError(ValueError):
    """The caller closed the connection before the end of the body."""


def read_chunks(stream: Stream, limit: int) -> bytes:
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
            raise MalformedChunksError("a chunk does not begin with its size")
        length = int(size[1], 16)
        left, lines_left = left - length, lines_left - len(line)
        if left < 0 or lines_left < 0:
            raise BodyTooLongError
        if length == 0:
            break
        data = stream.read(length + 2)
        if len(data) < length + 2:
            raise IncompleteBodyError
        if data[-2:] != b"\r\n":
            raise MalformedChunksError("a chunk is longer than its size")
        body.append(data[:-2])
    while (line := _line(stream)) != b"\r\n":
        lines_left -= len(line)
        if lines_left < 0:
            raise BodyTooLongError
    return b"".join(body)


def _line(stream: Stream) -> bytes:
    line = stream.readline(MAX_LINE + 1)
    if len(line) > MAX_LINE:
        raise MalformedChunksError("a line between chunks is too long")
    if not line.endswith(b"\n"):
        raise IncompleteBodyError
    return line
