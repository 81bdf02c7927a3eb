"""HTTP requests and responses as values, and the addresses they go to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from .errors import ConfigurationError
from .redaction import KeyHolder, strip_credentials

#: How much of an answer is read. The longest documented one is a few hundred bytes; a list of ids may be long.
MAX_RESPONSE = 64 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest(KeyHolder):
    """What to send. The key is in ``url``, in ``body`` or in ``headers``, so its repr shows none of them."""

    method: str
    url: str
    headers: Mapping[str, str] = field(hash=False)
    body: bytes = b""

    @property
    def safe_url(self) -> str:
        """The address without its query and without a user's name, fit for a log."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def __repr__(self) -> str:
        return f"<HttpRequest {self.method} {self.safe_url}, {len(self.url) + len(self.body)} bytes>"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What came back: the status, the headers (any case), and the whole body."""

    status: int
    headers: Mapping[str, str] = field(hash=False)
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's value, its name compared without case."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)


def check_gateway_url(address: Any) -> None:
    """Raise :class:`~skymms.ConfigurationError` for what cannot be the address of a gateway."""
    parts = parse_http_url(address)
    # In a password these signs have to be escaped, for what stands before them is taken for the host.
    if parts is None or "@" in parts.path + parts.query + parts.fragment:
        told = strip_credentials(address) if isinstance(address, str) else address
        raise ConfigurationError(f"{told!r:.80} is no http(s) address of a gateway")
    if parts.query or parts.fragment:
        raise ConfigurationError("the address of a gateway has no query and no fragment")


def parse_http_url(address: Any) -> SplitResult | None:
    """The parts of an absolute http or https address whose host can be; None for anything else."""
    try:
        parts = urlsplit(address if isinstance(address, str) else "")
        usable = parts.scheme in {"http", "https"} and _is_host(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket that is never closed, a port that is no number
        return None
    return parts if usable else None


def _is_host(name: str | None) -> bool:
    """Whether a host can have that name: none of its parts is empty or too long."""
    try:
        # Python's codec for the letters of all the world takes a while to load, and says the same of plain ones.
        plain = name if not name or name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return False
    return bool(plain) and all(0 < len(part) < 64 for part in (plain or "").removesuffix(".").split("."))
