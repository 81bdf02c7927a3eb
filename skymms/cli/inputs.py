"""Reads the files that commands are given, and stdin."""

from __future__ import annotations

import sys

from .. import files
from ..errors import ConfigurationError


def read_bytes(name: str, limit: int) -> bytes:
    """Read a file, or stdin for ``-``.

    At most ``limit + 1`` bytes are read, because a device has no end. The caller refuses content longer than ``limit``.
    """
    if name != "-":
        return files.read_bytes(name, limit)
    if sys.stdin is None:
        raise ConfigurationError("standard input is closed: give the name of a file")
    try:
        return sys.stdin.buffer.read(limit + 1)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot read -: {getattr(error, 'strerror', None) or error}") from None
