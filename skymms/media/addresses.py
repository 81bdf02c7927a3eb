"""Tells addresses of the Internet from those that lead to this computer or into a private network."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

#: IPv6 addresses of the Internet. All others stand for other addresses (64:ff9b::/96, ::/96), or belong to one network.
_GLOBAL = ip_network("2000::/3")
#: Addresses that ``is_global`` calls global. The first two blocks have an IPv4 address inside (Teredo, 6to4), the third is of
#: documents. 192.0.0.192 and 168.63.129.16 answer inside of clouds, and the last block is a relay of 6to4.
_NOT_PUBLIC = tuple(
    map(ip_network, ("2001::/23", "2002::/16", "3fff::/20", "192.0.0.0/24", "168.63.129.16/32", "192.88.99.0/24"))
)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address is one of the Internet, and does not stand for another that may not be."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in _GLOBAL:
            return False
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not address.is_multicast


def first_private(addresses: list[tuple[int, Any]]) -> str | None:
    """Return the first address that is not public, of those that a resolver gave for a host, each with its family."""
    for _, address in addresses:
        text = str(address[0])
        if not is_public(ip_address(text.partition("%")[0])):
            return text
    return None
