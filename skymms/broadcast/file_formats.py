"""Recognises how the cells of a CSV file are separated, and files that are not CSV."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from ..errors import ConfigurationError

_QUOTED = re.compile(r'"[^"]*"?')
#: A line that begins with a number instead of the names of columns.
_NUMBER = re.compile(r'[\s"+().\-]*[0-9][\s"+().\-0-9]*([,;\t].*)?', re.DOTALL)
_JSON_ARRAY = re.compile(rb"\s*\[\s*(\{|$)")
_UTF_16 = "the list is in UTF-16 (which Excel calls Unicode Text): save it as CSV UTF-8"
#: How files begin that people take for lists, and what to do.
_FOREIGN = (
    (b"\xff\xfe", _UTF_16),
    (b"\xfe\xff", _UTF_16),
    (b"PK\x03\x04", "the list is an Excel workbook: save it as CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0", "the list is an old Excel workbook: save it as CSV UTF-8"),
    (b"\x1f\x8b", "the list is compressed: unpack it, or pass gzip.open(name)"),
)


def foreign_format(start: bytes) -> str | None:
    """Return what is wrong with a file that begins with these bytes, if it is neither CSV nor JSONL."""
    for beginning, problem in _FOREIGN:
        if start.startswith(beginning):
            return problem
    if _JSON_ARRAY.match(start):
        return "the list is a JSON array: write one JSON object a line (JSONL)"
    return _UTF_16 if b"\0" in start else None


def csv_header(line: str) -> tuple[str, str]:
    """Return the separator of a CSV file by its first line, and that line; Excel may write ``sep=;`` as a line of its own."""
    if found := re.fullmatch(r'"?sep=(.)"?\s*', line):
        return found[1], ""
    bare = _QUOTED.sub("", line)
    return max(",;\t", key=bare.count), line


def header_for_plain(line: str) -> str | None:
    """Return a header for a file that has none, and whose first line begins with a number; None for any other."""
    if not _NUMBER.fullmatch(line):
        return None
    separator, _ = csv_header(line)
    return f"number{separator * _QUOTED.sub('', line).count(separator)}\n"


def not_utf8(error: UnicodeDecodeError, lines: int) -> ConfigurationError:
    """Return the error of a file that is not in UTF-8, of which some complete lines were read."""
    if lines == 0 and (problem := foreign_format(bytes(error.object[:16]))):
        return ConfigurationError(problem)
    # All complete lines before the bytes that were decoded last have been read.
    line = lines + 1 + bytes(error.object[: error.start]).count(b"\n")
    return ConfigurationError(f"line {line}: not in UTF-8 (byte {error.object[error.start]:#04x}): save the list as CSV UTF-8")


@contextmanager
def open_text(source: str | os.PathLike[str] | IO[str] | IO[bytes]) -> Generator[tuple[IO[str], bool]]:
    """Open a source as text; also return whether its name says that it is JSONL."""
    if isinstance(source, (str, os.PathLike)):
        try:
            file = open(source, encoding="utf-8-sig", newline="")  # noqa: SIM115 (an error of opening is not one of reading)
        except OSError as error:
            raise ConfigurationError(f"cannot read {os.fspath(source)}: {error.strerror or error}") from None
        with file:
            yield file, Path(source).suffix.lower() in (".jsonl", ".ndjson")
    elif isinstance(source.read(0), bytes):
        wrapped = io.TextIOWrapper(cast("IO[bytes]", source), encoding="utf-8-sig", newline="")
        try:
            yield wrapped, False
        finally:
            # The caller closes its file, and may have done so.
            with suppress(ValueError):
                wrapped.detach()
    else:
        yield cast("IO[str]", source), False
