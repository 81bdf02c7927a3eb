"""Refuses connections to other machines, in a whole process and in every library.

Python imports this file by its name when it starts, if its folder is in PYTHONPATH: so it also holds for the programs that the
blocks of a page start. In the process of the tests, :func:`refuse_other_machines` switches it on for a while.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import sys
from collections.abc import Iterator
from typing import Any

_LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_CONNECTIONS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_active = __name__ == "sitecustomize"


def _is_here(host: Any) -> bool:
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if host in (None, "", "localhost"):
        return True
    with contextlib.suppress(ValueError):
        # 0.0.0.0 is this machine, too; a server that listens on all addresses looks it up.
        address = ipaddress.ip_address(host)
        return address.is_loopback or address.is_unspecified
    return False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _active or event not in _LOOKUPS | _CONNECTIONS:
        return
    # A connection to a file (AF_UNIX) has a path instead of a pair.
    address = arguments[1] if event in _CONNECTIONS else (arguments[0],)
    if isinstance(address, tuple) and not _is_here(address[0]):
        raise OSError(f"the blocks of a page connect to this machine only, not to {address[0]}")


@contextlib.contextmanager
def refuse_other_machines() -> Iterator[None]:
    """Refuse connections to other machines, and looking up their names, inside the ``with`` block."""
    global _active
    _add_hook()
    before, _active = _active, True
    try:
        yield
    finally:
        _active = before


@functools.cache
def _add_hook() -> None:
    """Add the hook, once. It cannot be removed: it looks at `_active` instead."""
    sys.addaudithook(_audit)


if _active:
    _add_hook()
