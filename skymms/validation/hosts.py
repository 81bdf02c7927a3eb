"""URLs that a gateway on the internet cannot use: their form, and hosts that it cannot reach."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from .._functools import character_name, invisible_characters
from ..http import is_private_address, is_private_host, parse_address

_HOST_NAME = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?"
#: A user name and a password: ASCII without characters that end or divide the part with the host, and without the backslash,
#: which some programs read as a slash.
_USER = r"[!\x22$-.0->A-\[\]-~]*"
_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
#: An absolute URL whose host is in ASCII. The schemas xsd/*-request-rules.xsd have the same pattern: change all together.
# Invisible characters are looked for apart, because Python's patterns have no classes for them.
_URL = re.compile(
    rf"https?://(?:{_USER}@)?(?:{_HOST_NAME}|\[[0-9a-f:.]+\])(?::(?:{_PORT}))?(?:[/?#][^ \t\n\r]*)?",
    re.IGNORECASE | re.ASCII,
)
#: The parts of a URL before, in and after the name of its host.
_PARTS = r"(?is)([a-z]+://(?:[^/?#@]*@)?)([^/?#@:\[\]]+)(.*)"
#: The most characters of a host name (RFC 1035).
_MAX_HOST = 253
#: Results for longer URLs are not kept, because they would take memory.
_LONGEST_KEPT = 1000


def url_problem(url: str) -> str | None:
    """Return the problem of a URL that is not an absolute http or https URL which all programs read alike, or None."""
    return _last_url_problems(url) if len(url) <= _LONGEST_KEPT else _url_problem(url)


def _url_problem(url: str) -> str | None:
    if _URL.fullmatch(url) and not invisible_characters(url):
        return None
    reason = _explain(url)
    return f"{url!r:.80} {reason}" if reason else None


# Messages for many recipients have different texts and the same pictures.
_last_url_problems = lru_cache(maxsize=256)(_url_problem)


def _explain(url: str) -> str | None:
    if not re.match("https?://", url, re.IGNORECASE):
        return "is not an absolute URL: the gateway needs one that begins with http:// or https:// and a host"
    if re.search("[ \t\n\r]", url):
        return "contains a space or a line break: write %20 for a space"
    if invisible := invisible_characters(url):
        from urllib.parse import quote

        return f"contains {character_name(invisible[0])}, which is invisible: remove it, or write {quote(invisible[0])}"
    if _URL.fullmatch(ascii_url(url)):
        return None
    host = re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
    if not host or host.startswith(":"):
        return "is not an absolute URL: its host is missing after http:// or https://"
    if re.fullmatch(r"([^\[]*|\[.*\]):[^\]]*", host):
        return "has a wrong port: write a whole number from 1 to 65535 after the colon, or leave both out"
    return "has a wrong host: write a host name or an IP address (IPv6 in square brackets)"


def ascii_url(url: str) -> str:
    """Return a URL with its host in ASCII, as in ``http://xn--bcher-kva.example/``; unchanged if that is not possible."""
    if url.isascii() or not (parts := re.fullmatch(_PARTS, url)):
        return url
    before, host, after = parts.groups()
    if host.isascii() or len(host) > _MAX_HOST:
        return url
    from idna import IDNAError, encode  # takes 5 ms to import; requests needs it too

    try:
        return f"{before}{encode(host, uts46=True).decode()}{after}"
    except IDNAError:
        return url


def unreachable_host(url: Any) -> str | None:
    """Return why a gateway cannot reach the host of a URL, or None. The host is not looked up."""
    from urllib.parse import urlsplit

    try:
        host = (urlsplit(url).hostname or "").rstrip(".") if isinstance(url, str) else ""
        if not host:
            return None
        if (address := parse_address(host)) is not None:
            return f"{host} is an address of this computer or a private network" if is_private_address(address) else None
        if ":" in host or not is_private_host(host):
            return None
    except ValueError:  # an unclosed bracket, or a name that cannot be encoded
        return None
    if "." in host or host == "localhost":
        return f"{host} is a name for this computer or a local network"
    return f"{host} is a host name without a dot, so it is local"
