"""Reads the files that commands are given, and stdin."""

from __future__ import annotations

import sys

from ..errors import ConfigurationError


def read_bytes(name: str, limit: int) -> bytes:
    """Read a file, or stdin for ``-``.

    At most ``limit + 1`` bytes are read, because a device has no end. The caller refuses content longer than ``limit``.
    """
    try:
        if name == "-":
            if sys.stdin is None:
                raise ConfigurationError("standard input is closed: give the name of a file")
            return sys.stdin.buffer.read(limit + 1)
        with open(name, "rb") as file:
            return file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot read {name}: {getattr(error, 'strerror', None) or error}") from None
