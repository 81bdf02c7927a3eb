"""The page at the sandbox's address, and the feed it lives on.

What a message says is never made part of a page here. `page.html` is sent as it lies on the disk, the same to everybody; what
came goes out as JSON, and the page makes text of it. The browser holds it to that: its policy runs the one script and the one
style that are in the file, known by their digests, and lets no string become markup.
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

from .listener import Incoming, Outgoing
from .routing import named_as_ours

#: Where the feed is.
FEED = "/sandbox/feed"

#: Where browsers look for a page's mark unasked.
ICON = "/favicon.ico"

#: The longest that the feed waits for something to happen, in seconds: below what idle connections are commonly given.
LONGEST_WAIT = 25


class Journal(Protocol):
    """What has happened at a sandbox, as the feed tells it."""

    def after(self, n: int, wait: float) -> Mapping[str, Any]:
        """What came after entry ``n``, fit for JSON; waits up to ``wait`` seconds while there is nothing.

        ``sandbox`` names this run, ``upto`` the newest entry, ``counts`` how many requests came and how they ended, and
        ``entries`` are the next ones, at most 500, oldest first. A reset ends the waiting.
        """


def answer(request: Incoming, journal: Journal, *, host: str = "") -> Outgoing | None:
    """The answer to a request for the page, its mark or its feed; None for any other.

    ``/`` is the page to whoever takes HTML, and somebody else's to answer otherwise.
    ``host`` is the name the sandbox was told to listen at, if it is a name: the page is answered under it, under
    ``localhost``, and under any number, and refused with 403 under other names.
    """
    if request.method != "GET":
        return None
    if request.path == "/" and "text/html" in request.headers.get("accept", ""):
        asked = _page
    elif request.path == FEED:
        asked = _feed
    elif request.path == ICON:
        asked = _icon
    else:
        return None
    if not named_as_ours(request, host):
        return _words(403, "The sandbox's page is not shown under this name. Open it at localhost, or by the machine's number.")
    return asked(request, journal)


def _page(request: Incoming, journal: Journal) -> Outgoing:
    document, policy = _document()
    return Outgoing(200, document, "text/html; charset=utf-8", {**_ALWAYS, "Content-Security-Policy": policy})


def _icon(request: Incoming, journal: Journal) -> Outgoing:
    return Outgoing(200, _MARK, "image/svg+xml", _ALWAYS)


def _feed(request: Incoming, journal: Journal) -> Outgoing:
    asked = dict(parse_qsl(request.query[:100]))
    after, wait = asked.get("after", "0"), asked.get("wait", "0")
    if not re.fullmatch("[0-9]{1,15}", after) or not re.fullmatch("[0-9]{1,15}", wait):
        return _words(400, "after and wait are whole numbers: the last entry that is known, and seconds.")
    news = journal.after(int(after), min(int(wait), LONGEST_WAIT))
    return Outgoing(200, json.dumps(news).encode(), "application/json", _ALWAYS)


def _words(status: int, words: str) -> Outgoing:
    return Outgoing(status, f"{words}\n".encode(), "text/plain; charset=utf-8", _ALWAYS)


_ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A kept connection would go on being answered for half a minute after the sandbox is closed, and the page think it lives.
    "Connection": "close",
}


_MARK = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
    b'<rect x="3" y=".5" width="10" height="15" rx="2.5" fill="#2456b8"/>'
    b'<path d="M5.5 4h5a1 1 0 0 1 1 1v3a1 1 0 0 1-1 1H7.5l-2 2V9a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1z" fill="#fff"/></svg>'
)


@cache
def _document() -> tuple[bytes, str]:
    """The page, and the policy that holds it to what is in it."""
    document = files(__package__).joinpath("page.html").read_bytes()
    script, style = (_digest(document, tag) for tag in (b"script", b"style"))
    return document, "; ".join(
        [
            "default-src 'none'",
            f"script-src {script}",
            f"style-src {style}",
            "connect-src 'self'",
            # The message's own pictures, sound and video, from wherever the gateway would fetch them.
            "img-src http: https:",
            "media-src http: https:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            # No string becomes markup or script, whatever the page's own code does.
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _digest(document: bytes, tag: bytes) -> str:
    (inside,) = re.findall(b"<%b>(.*?)</%b>" % (tag, tag), document, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(inside).digest()).decode()}'"
