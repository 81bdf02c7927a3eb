"""Reads the lists of `skymms broadcast …`: CSV or JSONL, or a number on each line."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from ..broadcast import Recipient, Unreadable, read_recipients
from ..errors import ConfigurationError
from ..numbers import digits
from . import output

#: Bytes that are enough for a number.
_FIRST = 64
#: How many wrong lines an error shows.
_SHOWN = 20


def read_list(name: str, *, number: str | None, **columns: str | None) -> Iterable[Recipient | Unreadable]:
    """Read a list from a file, or from stdin for ``-``. If its first line is a number, it is a list without a header.

    ``columns`` are the other columns of :func:`~skymms.broadcast.read_recipients`.
    """
    source = stdin() if name == "-" else name
    if not digits(_first_line(source).strip()).isdigit():
        return read_recipients(source, number=number, **columns)
    if number or any(columns.values()):
        raise ConfigurationError(f"{name} has a number in its first line, so it has no columns to choose from")
    return _plain(source)


def stdin() -> io.BufferedReader:
    """Return stdin as a stream of bytes, of which the beginning can be looked at."""
    if sys.stdin is None:
        raise ConfigurationError("standard input is closed: give the name of a file")
    stream: Any = sys.stdin.buffer
    return cast(io.BufferedReader, stream if hasattr(stream, "peek") else io.BufferedReader(stream))


def _first_line(source: str | io.BufferedReader) -> str:
    """Return the beginning of the first line, without reading past it on stdin."""
    if not isinstance(source, str):
        return _decode(source.peek(_FIRST)[:_FIRST].partition(b"\n")[0])
    try:
        with open(source, "rb") as file:
            return _decode(file.readline(_FIRST))
    except OSError as error:
        raise ConfigurationError(f"cannot read {source}: {error.strerror or error}") from None


def _plain(source: str | io.BufferedReader) -> Iterator[Recipient | Unreadable]:
    with open(source, "rb") if isinstance(source, str) else source as file:
        for line, text in enumerate(file, 1):
            if number := _decode(text).strip():
                yield Recipient(number, line=line)


def _decode(text: bytes) -> str:
    return text.decode("utf-8-sig", "replace")


def print_unreadable(lines: Sequence[Unreadable]) -> None:
    """Print the lines of a list that have no number."""
    for one in lines[:_SHOWN]:
        output.print_message(f"line {one.line}: {one.reason}")
    if len(lines) > _SHOWN:
        output.print_message(f"and {len(lines) - _SHOWN:,} more lines")


def requiring_zones(recipients: Iterable[Recipient | Unreadable]) -> Iterator[Recipient | Unreadable]:
    """Report recipients without a time zone, for hours that have no zone of their own."""
    for one in recipients:
        if isinstance(one, Recipient) and not one.zone:
            yield Unreadable(one.line, str(one.number), "there is no time zone; fill the column, or add --zone for such lines")
        else:
            yield one
