"""What is done for every account's key and address: they are looked at once, and the key never shows.

A key that a gateway echoes is masked in whatever is kept of its answer; what holds a key is never pickled.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

from .errors import ConfigurationError

#: What stands where a key stood. The documents' keys have 32 characters.
MASK = "***"
MIN_KEY_LENGTH = 6


class KeyHolder:
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
    if not key.isprintable() or not key.isascii() or " " in key:
        raise ConfigurationError("the key holds a character that no key has: a line break, a blank, or none of ASCII")


_SCHEME = re.compile(r"[A-Za-z]+:/+|")


def strip_credentials(address: str) -> str:
    """An address without the name and the password of a user, fit to be shown; a wrong one too."""
    begins = _SCHEME.match(address)
    return (begins[0] if begins else "") + address.rpartition("@")[2] if "@" in address else address


def account_repr(account: Any) -> str:
    """An account as its repr: what was chosen but the key, and the address without a user's password."""
    chosen = {item.name: getattr(account, item.name) for item in fields(account) if item.repr}
    if chosen.get("url"):
        chosen["url"] = strip_credentials(chosen["url"])
    return f"{type(account).__name__}({', '.join(f'{name}={value!r}' for name, value in chosen.items())})"


def mask_key(text: str, key: str) -> str:
    """A gateway's words without the key. A key this short is none, and masking it would eat ordinary words."""
    return text.replace(key, MASK) if len(key) >= MIN_KEY_LENGTH else text


def mask_key_in_json(document: Any, key: str) -> Any:
    """A document read from JSON without the key, in its names and its words."""
    if isinstance(document, dict):
        return {mask_key(name, key): mask_key_in_json(inner, key) for name, inner in document.items()}
    if isinstance(document, list):
        return [mask_key_in_json(inner, key) for inner in document]
    return mask_key(document, key) if isinstance(document, str) else document


def mask_key_in_body(body: bytes, key: str) -> bytes:
    """A gateway's body without the key: as it is, as addresses, JSON, XML and HTML escape it, in UTF-8 and in UTF-16."""
    if len(key) < MIN_KEY_LENGTH:
        return body
    import html  # for an answer outside the protocol only

    quoted = {quote(key, safe=""), quote_plus(key)}
    quoted |= {re.sub("%..", lambda escaped: escaped[0].lower(), form) for form in quoted}
    in_json = {key, json.dumps(key)[1:-1]}
    in_json |= {form.replace("/", "\\/") for form in in_json}
    in_html = {html.escape(key), html.escape(key, quote=False), html.escape(key).replace("&#x27;", "&#39;")}
    for form in quoted | in_json | in_html:
        # A key is ASCII, and UTF-16 of either order has a zero between its characters.
        for between in (b"", b"\0"):
            body = body.replace(_spaced(form, between), _spaced(MASK, between))
    return body


def _spaced(text: str, between: bytes) -> bytes:
    return between.join(bytes([code]) for code in text.encode())
