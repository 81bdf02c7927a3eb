"""What is done for every account's key and address: they are looked at once, and the key never shows.

A key that a gateway echoes is masked in whatever is kept of its answer; what holds a key is never pickled.
"""

from __future__ import annotations

from typing import Any, NoReturn
from urllib.parse import quote, quote_plus, urlsplit

from .errors import ConfigurationError

#: What stands where a key stood. The documents' keys have 32 characters.
MASK = "***"
SHORTEST_KEY = 6


class Secretive:
    """Holds a key, so it cannot be pickled; a copy of a frozen value is the value."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds an account's key and is not pickled: make it anew where it is needed")

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: object) -> Any:
        return self


def check_key(key: Any, how: str) -> None:
    """Raise :class:`~skymms.ConfigurationError` for what cannot be a key; ``how`` says how to give one."""
    if not key or not str(key).strip():
        raise ConfigurationError(f"the account has no key: {how}")
    if not isinstance(key, str):
        raise ConfigurationError(f"the key is {type(key).__name__}, not text")
    if not key.isprintable() or not key.isascii():
        raise ConfigurationError("the key holds a character that no key has: a line break, a blank, or none of ASCII")


def check_address(address: Any) -> None:
    """Raise :class:`~skymms.ConfigurationError` for what cannot be the address of a gateway."""
    try:
        parts = urlsplit(str(address))
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket that is never closed, a port that is no number
        usable = False
    if not usable:
        raise ConfigurationError(f"{address!r:.80} is no http(s) address of a gateway")
    if parts.query or parts.fragment:
        raise ConfigurationError("the address of a gateway has no query and no fragment")


def without_key(text: str, key: str) -> str:
    """A gateway's words without the key. A key this short is none, and masking it would eat ordinary words."""
    return text.replace(key, MASK) if len(key) >= SHORTEST_KEY else text


def without_key_within(document: Any, key: str) -> Any:
    """A document read from JSON without the key, in its names and its words."""
    if isinstance(document, dict):
        return {without_key(name, key): without_key_within(inner, key) for name, inner in document.items()}
    if isinstance(document, list):
        return [without_key_within(inner, key) for inner in document]
    return without_key(document, key) if isinstance(document, str) else document


def without_key_bytes(body: bytes, key: str) -> bytes:
    """A gateway's body without the key, as it is and as addresses and JSON escape it."""
    if len(key) >= SHORTEST_KEY:
        for form in {key, quote(key, safe=""), quote_plus(key), key.replace("/", "\\/")}:
            body = body.replace(form.encode(), MASK.encode())
    return body
