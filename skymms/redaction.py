"""Checks API keys, and masks them in everything that is shown or kept.

A key that a gateway repeats in a response is masked before any part of the response is kept. Objects with a key cannot be
pickled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NoReturn, cast
from urllib.parse import quote, quote_plus

from .errors import ConfigurationError

#: Replaces a key.
MASK = "***"
#: Shorter texts are not masked: they could be ordinary words. The keys in the vendor's documents have 32 characters.
MIN_KEY_LENGTH = 6
#: A key file is read up to this many characters, so that a wrong path (a device, a log) ends in an error.
MAX_KEY_FILE = 10_000


class KeyHolder:
    """Base class of immutable objects with a key: they cannot be pickled, and copying returns the same object."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} has an account's key, so it cannot be pickled: create it in the process that uses it"
        )

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: object) -> Any:
        return self


def key_from_environment(env: Mapping[str, str], variable: str) -> str:
    """Return the key in the file that ``variable`` + ``_FILE`` names, else the key in ``variable``; empty if neither is set.

    The file wins: it is what a container platform mounts, while the variable may be left from elsewhere. Raises
    :class:`~skymms.ConfigurationError` for a file that cannot be read or is empty.
    """
    path = env.get(f"{variable}_FILE")
    return read_key_file(path, f"{variable}_FILE={path!r:.200}") if path else env.get(variable) or ""


def read_key_file(path: str, name: str) -> str:
    """Return the key in a file, without the white space around it; ``name`` is what an error calls the file.

    Raises :class:`~skymms.ConfigurationError` for a file that cannot be read, is empty, or is too long for a key.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(MAX_KEY_FILE + 1)
    except UnicodeDecodeError:
        text = ""
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise ConfigurationError(f"{name} cannot be read: {reason}") from None
    if not (key := text.strip()) or len(text) > MAX_KEY_FILE:
        raise ConfigurationError(f"{name}: the file must contain the API key and nothing else")
    return key


def check_key(key: Any, how: str) -> None:
    """Raise :class:`~skymms.ConfigurationError` for a value that cannot be a key; ``how`` says how to give one."""
    if not key or not str(key).strip():
        raise ConfigurationError(f"the account has no key: {how}")
    if not isinstance(key, str):
        raise ConfigurationError(f"the account's key must be text, not {type(key).__name__}")
    if not key.isprintable() or not key.isascii() or " " in key:
        raise ConfigurationError("the account's key contains a blank, a line break or a character outside ASCII: remove it")


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/+|")


def strip_credentials(address: str) -> str:
    """Return a URL without a user name and a password, for printing; the URL may be wrong."""
    begins = _SCHEME.match(address)
    return (begins[0] if begins else "") + address.rpartition("@")[2] if "@" in address else address


def account_repr(account: Any) -> str:
    """Return the repr of an account: its fields except the key and those that are None, and its URL without a password."""
    given = {item.name: getattr(account, item.name) for item in fields(account) if item.repr}
    chosen = {name: value for name, value in given.items() if value is not None}
    if chosen.get("url"):
        chosen["url"] = strip_credentials(chosen["url"])
    return f"{type(account).__name__}({', '.join(f'{name}={value!r}' for name, value in chosen.items())})"


def mask_key(text: str, key: str) -> str:
    """Return a text with the key masked; a key of less than six characters is not masked."""
    return text.replace(key, MASK) if len(key) >= MIN_KEY_LENGTH else text


def mask_key_in_json(document: Any, key: str) -> Any:
    """Return a parsed JSON document with the key masked in its names and its texts."""
    if isinstance(document, dict):
        members = cast("dict[str, Any]", document)
        return {mask_key(name, key): mask_key_in_json(inner, key) for name, inner in members.items()}
    if isinstance(document, list):
        items: list[Any] = cast(Any, document)
        return [mask_key_in_json(inner, key) for inner in items]
    return mask_key(document, key) if isinstance(document, str) else document


def mask_key_in_body(body: bytes, key: str) -> bytes:
    """Return a body with the key masked: plain and escaped as in URLs, JSON, XML and HTML, in UTF-8 and in UTF-16."""
    if len(key) < MIN_KEY_LENGTH:
        return body
    import html  # only responses that do not follow the protocol need it

    quoted = {quote(key, safe=""), quote_plus(key)}
    quoted |= {re.sub("%..", lambda escaped: escaped[0].lower(), form) for form in quoted}
    in_json = {key, json.dumps(key)[1:-1]}
    in_json |= {form.replace("/", "\\/") for form in in_json}
    in_html = {html.escape(key), html.escape(key, quote=False), html.escape(key).replace("&#x27;", "&#39;")}
    for form in quoted | in_json | in_html:
        # A key is ASCII, so UTF-16 of either byte order has a zero byte between its characters.
        for between in (b"", b"\0"):
            body = body.replace(_spaced(form, between), _spaced(MASK, between))
    return body


def _spaced(text: str, between: bytes) -> bytes:
    return between.join(bytes([code]) for code in text.encode())
