"""HTTP requests and responses as values, and checks of URLs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ._functools import value
from .errors import ConfigurationError
from .redaction import KeyHolder, strip_credentials

#: The most bytes of a response that are read. The longest documented response has a few hundred bytes, but a list of ids may
#: be long.
MAX_RESPONSE = 64 * 1024
#: Caches must not keep or answer a request: a GET request may send a message, and an old answer would look like its reply.
#: Some caches obey only one of the two words.
NO_STORE = {"Cache-Control": "no-store, no-cache"}
#: The most bytes of a report. A message takes half a kilobyte; the vendor limits a report's time span, not its size.
MAX_REPORT = 64 * 1024 * 1024


@value
class HttpRequest(KeyHolder):
    """An HTTP request to send. The API key is in ``url``, ``body`` or ``headers``, so the repr shows none of them."""

    method: str
    url: str
    headers: Mapping[str, str] = field(hash=False)
    body: bytes = b""

    @property
    def safe_url(self) -> str:
        """The URL without its query and without a user name, for logs."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def __repr__(self) -> str:
        return f"<HttpRequest {self.method} {self.safe_url}, {len(self.url) + len(self.body)} bytes>"


@value
class HttpResponse:
    """An HTTP response: its status, its headers (in any case), and its whole body."""

    status: int
    headers: Mapping[str, str] = field(hash=False)
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the value of a header, whose name is compared without case; None if it is not there."""
        return next(
            (header_text(value) for key, value in self.headers.items() if header_text(key).lower() == name.lower()), None
        )

    def __repr__(self) -> str:
        # A body can quote the request, with the recipient, the text and the API key.
        return f"<HttpResponse {self.status}, {len(self.body)} bytes>"


def header_text(value: object) -> str:
    """Return the name or the value of a header as text; some libraries give bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def check_gateway_url(address: Any) -> None:
    """Raise :class:`~skymms.ConfigurationError` for a URL that cannot be a gateway's."""
    parts = parse_http_url(address)
    # In a URL whose password has an unescaped "/", "?" or "#", the part before that character is parsed as the host.
    if parts is None or "@" in parts.path + parts.query + parts.fragment:
        safe = strip_credentials(address) if isinstance(address, str) else address
        raise ConfigurationError(f"url={safe!r:.80} is not a gateway's URL: give an absolute http(s) URL")
    if parts.query or parts.fragment:
        raise ConfigurationError("url: a gateway's URL has no query (?…) and no fragment (#…): leave them out")


def parse_http_url(address: Any) -> SplitResult | None:
    """Return the parts of an absolute http or https URL with a possible host; None for anything else."""
    try:
        parts = urlsplit(address if isinstance(address, str) else "")
        usable = parts.scheme in {"http", "https"} and _is_host(parts.hostname) and parts.port != 0
    except ValueError:  # an unclosed bracket, or a port that is not a number
        return None
    return parts if usable else None


def _is_host(name: str | None) -> bool:
    """True if a host can have this name: none of its parts is empty or too long."""
    try:
        # The idna codec takes a while to load, and does not change ASCII names.
        plain = name if not name or name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return False
    return bool(plain) and all(0 < len(part) < 64 for part in (plain or "").removesuffix(".").split("."))
