"""Checks links and downloaded files for ``client.fetch``."""

from __future__ import annotations

from typing import Any

from .._version import __version__
from ..errors import ConfigurationError, ProtocolError
from ..http import NO_STORE, HttpRequest, HttpResponse, parse_http_url
from .exchange import NoResponse

NOT_A_LINK = "the link is not an http or https URL: pass the link as the gateway returned it"


def user_agent() -> str:
    """Return the User-Agent of all requests."""
    return f"skymms/{__version__}"


def link_request(url: Any) -> HttpRequest:
    """Return the request for a link; raise :class:`~skymms.ConfigurationError` if it is not an http or https URL."""
    link = url if isinstance(url, str) else ""
    # A space in the path is escaped. A space in the host and a line break anywhere are mistakes.
    parts = parse_http_url(link) if link.isprintable() else None
    if parts is None or " " in parts.netloc:
        raise ConfigurationError(NOT_A_LINK)
    return HttpRequest("GET", link, {"User-Agent": user_agent(), "Accept-Encoding": "identity", **NO_STORE})


def file_from_response(outcome: HttpResponse | NoResponse, link: HttpRequest, limit: int) -> bytes:
    """Return the downloaded file. Raises an error for no response, for a status other than 200, and for too long a file."""
    if isinstance(outcome, NoResponse):
        raise outcome.error(outcome.why)
    if outcome.status != 200:
        raise ProtocolError(f"{link.safe_url}: HTTP {outcome.status}", body=outcome.body, status=outcome.status)
    if len(outcome.body) > limit:
        problem = f"the file is longer than {limit:,} bytes: pass fetch(…, limit=…) to allow more"
        raise ProtocolError(f"{link.safe_url}: {problem}", body=outcome.body, status=outcome.status)
    return outcome.body
