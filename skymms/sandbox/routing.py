"""Where each dialect is spoken, as on the real hosts: told apart by path and method, all at one port."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qsl, urlsplit

from ..cellcast import GENERATIONS
from ..wire.codecs import DecodeError
from ..wire.dialects import DIALECTS, Dialect
from .listener import Incoming

#: The methods by which a dialect's documents come, by how they are carried.
_METHODS = {"url": "GET", "form": "POST", "bare": "POST"}


def path(one: Dialect) -> str:
    """The path of a dialect's address."""
    return urlsplit(one.url).path


def _spoken_at() -> dict[tuple[str, str], Dialect]:
    found: dict[tuple[str, str], Dialect] = {}
    for one in DIALECTS.values():
        # The vendor's introduction gives the address without index.php as well.
        for form in {path(one).rstrip("/"), path(one).removesuffix("/index.php")}:
            found[_METHODS[one.placement], form] = one
    return found


_SPOKEN = _spoken_at()

#: What the sandbox says of itself to programs.
ABOUT = (
    "This is a skymms sandbox: a gateway on your own machine. It takes\n\n"
    + "".join(f"  {_METHODS[one.placement]:<5}{path(one):<28}{one.title}\n" for one in DIALECTS.values())
    + "".join(f"       /api/{name}/{'':<20}Cellcast {name}\n" for name in GENERATIONS)
    + "\nNothing sent here reaches a phone.\n"
)


def spoken_at(request: Incoming) -> Dialect | None:
    """The dialect that is spoken at a request's address."""
    return _SPOKEN.get((request.method, request.path.rstrip("/")))


def for_people(beginning: bytes) -> bool:
    """Whether what begins so is for the page, or for the tests' control, rather than for the gateway."""
    asked = beginning.partition(b" ")[2]
    return asked.startswith((b"/sandbox/", b"/ ", b"/?", b"/favicon.ico"))


def document(request: Incoming, dialect: Dialect) -> bytes:
    """The request's document, however it is carried; raises :class:`~skymms.codecs.Unreadable` where there is none."""
    if dialect.placement == "url":
        return request.query.encode()
    # Some editors put a mark before a UTF-8 file, and curl sends it along.
    body = request.body.removeprefix(b"\xef\xbb\xbf")
    # Ruling 2: 1.3 takes its XML in a form field, and very probably bare.
    if dialect.placement == "form" and body.lstrip()[:1] != b"<":
        try:
            fields = dict(parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=100))
        except ValueError:
            fields = {}
        if "xml" not in fields:
            raise DecodeError("neither XML nor a form with XML in its field xml")
        return fields["xml"].encode()
    return body


def named_as_ours(request: Incoming, host: str) -> bool:
    """Whether a request's Host is one that nobody else can have given our address to; ``host`` is the name we listen at.

    A page of a stranger's can have its own name point at 127.0.0.1 and then read us as its own origin (DNS rebinding). The name
    gives it away. A number cannot be bent like that: whoever typed it meant this machine, so any is taken, since a sandbox
    opened to others, or behind a container's port, is reached by numbers that it does not know itself.
    """
    parts = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?", request.headers.get("host", "").lower())
    if parts is None:
        return False
    name = parts[1] or parts[2]
    if name == "localhost" or name.endswith(".localhost") or name == host.lower():
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
