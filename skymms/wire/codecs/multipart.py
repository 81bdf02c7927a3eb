"""Forms with files (multipart/form-data). Requests are encoded in this format; no response uses it."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

#: A text, or a file: its name, its content type and its bytes.
Part = str | tuple[str, str, bytes]


def encode(parts: Mapping[str, Part]) -> tuple[bytes, str]:
    """Return the body and its content type. The same parts give the same bytes each time."""
    from urllib3.filepost import encode_multipart_formdata

    fields = {name: part if isinstance(part, str) else (part[0], part[2], part[1]) for name, part in parts.items()}
    # The boundary is a hash of all parts, so it cannot occur in any of them.
    return encode_multipart_formdata(fields, sha256(repr(parts).encode()).hexdigest())
