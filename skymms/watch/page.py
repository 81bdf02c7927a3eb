"""Composes the page from page.html, with the colours of the preview, and its Content-Security-Policy.

The page receives figures only as JSON, and shows them as text. The browser enforces that: the policy allows only the one script
and the one style of the page, identified by their hashes, and does not allow strings to become markup.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Final

from ..preview.parts import compose

#: The headers of all responses.
HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # On a kept connection the page would get responses for half a minute after the server is closed.
    "Connection": "close",
}
#: The icon of the browser's tab.
ICON_SVG: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3.5" fill="#2456b8"/>'
    b'<path d="M3.5 12V9.5M8 12V6.5M12.500 12V4" stroke="#fff" stroke-width="2.4" stroke-linecap="round"/></svg>'
)
_TOKEN: Final = b"TOKEN-OF-THE-PAGE"


def page(token: str) -> bytes:
    """Return the page, with its token."""
    return _document()[0].replace(_TOKEN, token.encode())


def policy() -> str:
    """Return the page's Content-Security-Policy."""
    return _document()[1]


@cache
def _document() -> tuple[bytes, str]:
    """Return the page without a token, and its policy. The token is outside the script, whose hash is in the policy."""
    document = compose(files(__package__ or "").joinpath("page.html").read_text(encoding="utf-8")).encode()
    script, style = (_hash(document, tag) for tag in (b"script", b"style"))
    return document, "; ".join(
        [
            "default-src 'none'",
            f"script-src {script}",
            f"style-src {style}",
            "connect-src 'self'",
            "img-src 'self'",
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
