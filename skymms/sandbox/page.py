"""Serves the sandbox's web page, and the feed that the page reads.

The page is `page.html` with the parts of `skymms.preview`. It receives messages only as JSON, from the feed, and shows them as
text. The browser enforces that: the Content-Security-Policy allows only the one script and the
one style of the page, identified by their hashes, and does not allow strings to become markup.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Protocol
from urllib.parse import parse_qsl

from ..preview.parts import compose
from .listener import ServerRequest, ServerResponse
from .routing import has_trusted_host

#: The path of the feed.
FEED = "/sandbox/feed"

#: The path of one request with its response and its exports.
REQUEST = "/sandbox/request"

#: The path that says why a file of a message was not loaded.
FILE = "/sandbox/file"

#: The path at which browsers look for a page's icon.
ICON = "/favicon.ico"

#: The feed waits at most this many seconds for a new entry: less than the usual time limit of an idle connection.
MAX_WAIT = 25


class EventSource(Protocol):
    """The log of a sandbox's events, as the feed reads it."""

    def after(self, number: int, wait: float, /) -> Mapping[str, Any]:
        """Return the entries after a number, ready for JSON; wait up to ``wait`` seconds while there are none.

        ``sandbox`` identifies the run, ``upto`` is the number of the newest entry, ``counts`` says how many requests there were
        and how they ended, and ``entries`` are the next ones, at most 500, oldest first. A reset ends the wait.
        """
        ...

    def details(self, number: int, /) -> Mapping[str, Any] | None:
        """Return the request with this number, its response and its exports, ready for JSON; None if there is none."""
        ...

    def file_reason(self, number: int, kind: str, url: str, /) -> str | None:
        """Return why a file of the event with this number cannot be loaded; None if the event has no such file."""
        ...


def respond(request: ServerRequest, events: EventSource, *, host: str = "") -> ServerResponse | None:
    """Return the response to a request for the page, its icon or its feed; None for any other request.

    ``/`` is the page only for a client that accepts HTML. ``host`` is the name that the sandbox listens on, if it is a name.
    A request with the Host header of another site is refused with 403.
    """
    if request.method == "POST" and request.path == FILE:
        handler = _file
    elif request.method != "GET":
        return None
    elif request.path == "/" and "text/html" in request.headers.get("accept", ""):
        handler = _page
    elif request.path == FEED:
        handler = _feed
    elif request.path == REQUEST:
        handler = _request
    elif request.path == ICON:
        handler = _icon
    else:
        return None
    if not has_trusted_host(request, host):
        return _text(403, "This host name is not allowed. Open the sandbox at localhost or at the machine's IP address.")
    return handler(request, events)


def _page(request: ServerRequest, events: EventSource) -> ServerResponse:
    document, policy = _document()
    return ServerResponse(200, document, "text/html; charset=utf-8", {**_HEADERS, "Content-Security-Policy": policy})


def _icon(request: ServerRequest, events: EventSource) -> ServerResponse:
    return ServerResponse(200, _ICON_SVG, "image/svg+xml", _HEADERS)


def _feed(request: ServerRequest, events: EventSource) -> ServerResponse:
    parameters = dict(parse_qsl(request.query[:100]))
    after, wait = parameters.get("after", "0"), parameters.get("wait", "0")
    if not re.fullmatch("[0-9]{1,15}", after) or not re.fullmatch("[0-9]{1,15}", wait):
        return _text(400, "after and wait must be whole numbers: the number of the last known entry, and seconds to wait.")
    return _json(200, events.after(int(after), min(int(wait), MAX_WAIT)))


def _request(request: ServerRequest, events: EventSource) -> ServerResponse:
    number = dict(parse_qsl(request.query[:100])).get("n", "")
    if not re.fullmatch("[0-9]{1,15}", number):
        return _text(400, "n must be the number of an entry of the feed.")
    if (details := events.details(int(number))) is None:
        return _text(404, "There is no request with this number, or it is no longer kept.")
    return _json(200, details)


def _file(request: ServerRequest, events: EventSource) -> ServerResponse:
    # Another web page could post a form, but no JSON, and must not make the sandbox request a file.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return _text(405, "POST a JSON object with n, kind and url.")
    try:
        given = json.loads(request.body)
        number, kind, url = int(given["n"]), str(given["kind"]), str(given["url"])
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return _text(400, "give n, the number of an entry, and the kind and url of one of its files.")
    if (reason := events.file_reason(number, kind, url)) is None:
        return _text(404, "This entry has no such file, or it is no longer kept.")
    return _json(200, {"reason": reason})


def _json(status: int, content: Mapping[str, Any]) -> ServerResponse:
    return ServerResponse(status, json.dumps(content).encode(), "application/json", _HEADERS)


def _text(status: int, text: str) -> ServerResponse:
    return ServerResponse(status, f"{text}\n".encode(), "text/plain; charset=utf-8", _HEADERS)


_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # On a kept connection the page would get responses for half a minute after the sandbox is closed.
    "Connection": "close",
}


_ICON_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
    b'<rect x="3" y=".5" width="10" height="15" rx="2.5" fill="#2456b8"/>'
    b'<path d="M5.5 4h5a1 1 0 0 1 1 1v3a1 1 0 0 1-1 1H7.5l-2 2V9a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1z" fill="#fff"/></svg>'
)


@cache
def _document() -> tuple[bytes, str]:
    """Return the page and its Content-Security-Policy."""
    document = compose(files(__package__ or "").joinpath("page.html").read_text(encoding="utf-8")).encode()
    script, style = (_hash(document, tag) for tag in (b"script", b"style"))
    return document, "; ".join(
        [
            "default-src 'none'",
            f"script-src {script}",
            f"style-src {style}",
            "connect-src 'self'",
            # The message's pictures, sound and video, from the addresses where the gateway would fetch them.
            "img-src http: https:",
            "media-src http: https:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            # The browser refuses to turn a string into markup or script, even if the page's code has a bug.
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _hash(document: bytes, tag: bytes) -> str:
    (content,) = re.findall(b"<%b>(.*?)</%b>" % (tag, tag), document, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"
