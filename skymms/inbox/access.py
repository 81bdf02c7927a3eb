"""Checks passwords (Basic authentication) and the networks of callers, in addition to the secret.

Both are optional. Passwords stand in the address that is registered at the gateway (``https://user:password@…``). A list of
networks needs to know the caller's address, which a proxy in front of the server hides: it appends the address to the header
``X-Forwarded-For``. Anybody can send that header, so it is read from the right, and only past proxies that are named.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from ..errors import ConfigurationError
from ..redaction import MASK
from .secrets import SecretHashes

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

#: Names, in the list of proxies, a caller without an address: a proxy that connects through a Unix socket.
UNIX: Final = "unix"

#: An address with a port: ``192.0.2.1:8080``, ``[2001:db8::1]`` or ``[2001:db8::1]:8080``. Some proxies write one.
_WITH_PORT = re.compile(r"(?P<v4>[0-9.]+):[0-9]{1,5}|\[(?P<v6>[0-9a-fA-F:.]+)\](?::[0-9]{1,5})?")
#: IPv4 addresses as a server that listens on IPv6 sees them.
_MAPPED = IPv6Network("::ffff:0:0/96")


class Passwords:
    """Checks Basic authentication against several pairs of user and password, so that one can be replaced. None: not needed."""

    __slots__ = ("_count", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        texts = tuple(f"{user}:{password}" for user, password in map(_checked_pair, pairs))
        self._count = len(texts)
        self._pairs = SecretHashes(texts)

    def allow(self, authorization: str | None) -> bool:
        """Return whether a request with this Authorization header may post."""
        if not self._count:
            return True
        scheme, _, credentials = (authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            decoded = b64decode(credentials.strip(), validate=True).decode("utf-8")
        except (Base64Error, ValueError):
            return False
        return self._pairs.matches(decoded)

    def __repr__(self) -> str:
        return f"Passwords({MASK} × {self._count})"


def _checked_pair(pair: object) -> tuple[str, str]:
    match pair:
        case (str(user), str(password)) if user and password and ":" not in user:
            return user, password
        case _:
            # The pair is not shown: it has a password.
            raise ConfigurationError(
                'basic: expected pairs of user and password, such as [("gateway", "password")]; neither may be empty, and '
                "the user must not contain a colon"
            )


class Networks:
    """Checks the caller's address against a list of networks. An empty list allows every address.

    ``networks`` and ``proxies`` are addresses (``192.0.2.1``) or networks (``192.0.2.0/24``). ``proxies`` are your own: their
    ``X-Forwarded-For`` is believed. ``unix`` among them stands for a proxy that connects through a Unix socket.
    """

    __slots__ = ("_networks", "_proxies", "_unix_proxy")

    def __init__(self, networks: Sequence[str], proxies: Sequence[str]) -> None:
        self._networks = _parse_networks(networks, "networks")
        self._proxies = _parse_networks([one for one in _sequence(proxies, "proxies") if one != UNIX], "proxies")
        self._unix_proxy = UNIX in proxies

    def allow(self, peer: str | None, forwarded_for: str | None) -> bool:
        """Return whether a request may post; ``peer`` is the other end of its connection, None for a Unix socket."""
        if not self._networks:
            return True
        address = self.caller(peer, forwarded_for)
        return address is not None and _is_in(address, self._networks)

    def caller(self, peer: str | None, forwarded_for: str | None) -> Address | None:
        """Return the address of the caller, as far as it is known: the first from the right that is not a named proxy."""
        address = _parse_address(peer) if peer else None
        if address is None and (peer or not self._unix_proxy):
            return None
        hops = (forwarded_for or "").split(",") if forwarded_for else []
        # Each proxy appends the address that it was called from. What stands left of a stranger, the stranger may have written.
        while hops and (address is None or _is_in(address, self._proxies)):
            address = _parse_address(hops.pop())
            if address is None:
                return None
        return address


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _parse_address(text: str) -> Address | None:
    """Return an address, which may have a port, or None for anything else."""
    text = text.strip()
    if found := _WITH_PORT.fullmatch(text):
        text = found["v4"] or found["v6"]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _sequence(texts: object, name: str) -> Sequence[str]:
    # A single text is a sequence of characters, and would be read as many addresses.
    if isinstance(texts, str) or not isinstance(texts, Sequence):
        raise ConfigurationError(f'{name}: expected a list, such as ["192.0.2.0/24"]')
    return texts  # pyright: ignore[reportUnknownVariableType]


def _parse_networks(texts: object, name: str) -> tuple[Network, ...]:
    networks: list[Network] = []
    for text in _sequence(texts, name):
        try:
            network = ip_network(text)
        except ValueError as error:
            raise ConfigurationError(f"{name}: {text!r:.100} is not an address or a network: {error}") from None
        if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
            mapped = network.network_address.ipv4_mapped
            network = IPv4Network((int(mapped or 0), network.prefixlen - 96))
        networks.append(network)
    return tuple(networks)
