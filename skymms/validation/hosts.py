"""Host names and addresses that a gateway on the internet cannot reach."""

from __future__ import annotations

from typing import Any

from ..http import is_private_address, is_private_host, parse_address


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
