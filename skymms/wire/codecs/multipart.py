"""Forms with files (multipart/form-data), as browsers post them. Written only: nobody answers in one."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

#: A text, or a file: its name, its content type and its bytes.
Part = str | tuple[str, str, bytes]


def write(parts: Mapping[str, Part]) -> tuple[bytes, str]:
    """The body and its content type. The same parts are the same bytes each time."""
    from urllib3.filepost import encode_multipart_formdata

    fields = {name: part if isinstance(part, str) else (part[0], part[2], part[1]) for name, part in parts.items()}
    # Made of all the parts, so that it is in none of them.
    return encode_multipart_formdata(fields, sha256(repr(parts).encode()).hexdigest())
