"""Which proxy a request goes through: the same rules for both clients.

Requests to this machine (``localhost``, 127.0.0.0/8, ::1) never go through a proxy, which could not reach them. ``no_proxy``
may name networks, such as ``10.0.0.0/8``. Everything else is as in the standard library and in requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from .guard import is_loopback


def environment_proxy(url: str) -> str | None:
    """Return the proxy that the environment names for a URL, or None."""
    from urllib.request import getproxies

    if bypasses_environment(url):
        return None
    proxies = getproxies()
    proxy = proxies.get(urlsplit(url).scheme) or proxies.get("all")
    # A proxy without a scheme is an HTTP proxy, as in requests.
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def bypasses_environment(url: str) -> bool:
    """Return whether requests to this URL must not use a proxy of the environment."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or _is_in_networks(host, getproxies().get("no", "")):
        return True
    return bool(proxy_bypass(parts.netloc.rpartition("@")[2]))


def session_proxies(url: str, given: Mapping[str, str], *, use_environment: bool) -> dict[str, str]:
    """Return the ``proxies`` of requests for a URL: those ``given`` by a session, and those of the environment."""
    parts = urlsplit(url)
    if is_loopback(parts.hostname or ""):
        # A proxy that is given for this very host ("http://127.0.0.1") is meant.
        return {name: proxy for name, proxy in given.items() if "://" in name}
    proxy = environment_proxy(url) if use_environment else None
    return {**({parts.scheme: proxy} if proxy else {}), **given}


def _is_in_networks(host: str, networks: str) -> bool:
    """Whether the address ``host`` is in one of these networks or addresses, which commas separate."""
    from ipaddress import ip_address, ip_network

    try:
        address = ip_address(host)
    except ValueError:  # a host name
        return False
    for name in networks.split(","):
        try:
            if address in ip_network(name.strip().strip("[]"), strict=False):
                return True
        except ValueError:  # a host name
            continue
    return False
