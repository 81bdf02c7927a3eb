"""Refuses requests that other web pages make.

Any page that is open in a browser can send requests to a port of this machine. Such a request is recognised by what the browser
says about it: the ``Host`` header names the page's own domain if that was pointed at this machine (DNS rebinding), ``Origin``
and ``Sec-Fetch-Site`` name the page it comes from. A change needs the page's token too, which no other page can read.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import NamedTuple

from ..sandbox.listener import ServerRequest
from ..sandbox.routing import has_trusted_host

#: The header with the page's token.
TOKEN_HEADER = "x-skymms-token"  # noqa: S105  (its name)


class Refusal(NamedTuple):
    """The status and the text of a response that refuses a request."""

    status: int
    text: str


_FOREIGN_HOST = Refusal(403, "This host name is not allowed. Open the page at the address that the command printed.")
_FOREIGN_PAGE = Refusal(403, "Only the page itself may do this.")
_NO_TOKEN = Refusal(403, "The token is missing or wrong. Reload the page: the command was started again.")
_NO_JSON = Refusal(415, "Send JSON.")


def refuse_reading(request: ServerRequest, *, is_page: bool) -> Refusal | None:
    """Return why a request may not read, or None. A link may lead to the page itself, and to nothing else."""
    if not has_trusted_host(request, ""):
        return _FOREIGN_HOST
    site = request.headers.get("sec-fetch-site", "none")
    return None if is_page or site in ("same-origin", "none") else _FOREIGN_PAGE


def refuse_change(request: ServerRequest, token: str) -> Refusal | None:
    """Return why a request may not pause or resume a broadcast, or None."""
    headers = request.headers
    if not has_trusted_host(request, ""):
        return _FOREIGN_HOST
    # Browsers send Origin with every POST. A page in a sandboxed frame has the origin "null".
    if headers.get("origin", "").lower() != f"http://{headers['host'].lower()}":
        return _FOREIGN_PAGE
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return _FOREIGN_PAGE
    if not is_same(headers.get(TOKEN_HEADER, ""), token):
        return _NO_TOKEN
    # A form of another page cannot send this type.
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return _NO_JSON
    return None


def is_same(given: str, secret: str) -> bool:
    """Compare a text with a secret, in a time that does not depend on how much of it is right."""
    return compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode())
