"""Host names and addresses that a gateway on the internet cannot reach."""

from __future__ import annotations

from typing import Any

#: Endings of names that exist only on this computer or in a local network (RFC 6761, RFC 6762, and ICANN for "internal").
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal")
_PRIVATE_NETWORKS = (
    *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
    *("::1/128", "fc00::/7", "fe80::/10"),
)


def unreachable_host(url: Any) -> str | None:
    """Return why a gateway cannot reach the host of a URL, or None. The host is not looked up."""
    from urllib.parse import urlsplit

    try:
        host = (urlsplit(url).hostname or "").rstrip(".") if isinstance(url, str) else ""
    except ValueError:
        return None
    if not host:
        return None
    if host == "localhost" or host.endswith(_LOCAL_SUFFIXES):
        return f"{host} is a name for this computer or a local network"
    address = _address(host)
    if address is None:
        return None if "." in host or ":" in host else f"{host} is a host name without a dot, so it is local"
    return f"{host} is an address of this computer or a private network" if _is_private(address) else None


def _address(host: str) -> Any:
    from ipaddress import ip_address

    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_private(address: Any) -> bool:
    from ipaddress import ip_network

    return any(address in ip_network(network) for network in _PRIVATE_NETWORKS)
