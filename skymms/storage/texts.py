"""Texts of a gateway as columns hold them, and the hashes of numbers that were erased."""

from __future__ import annotations

import hashlib
import hmac

#: The most characters of a gateway's text in a column with an index. A database limits the size of what it indexes.
_LONGEST = 255


def column_text(text: str | None) -> str | None:
    """Return an id or a text of the gateway as both kinds of store can hold it: no zero bytes, nothing that is not Unicode."""
    if text is None or (text.isascii() and text.isprintable() and len(text) <= _LONGEST):
        return text
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")[:_LONGEST]


def hash_number(secret: bytes, number: str) -> str:
    """Return the hash that stands for an erased number."""
    return "#" + hmac.new(secret, number.encode(), hashlib.sha256).hexdigest()
