"""Decompresses responses, up to a size limit.

Clients ask for uncompressed responses, but some servers compress anyway. Decompression stops at the limit, because a response
of 194 kB can unpack to 385 MB.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from .._functools import constructor_of_plain_values
from ..errors import ProtocolError
from ..http import MAX_RESPONSE, HttpResponse, header_text


def response_from(status: int, headers: Mapping[str, str], body: bytes, limit: int) -> HttpResponse:
    """Return the response with its body decompressed, cut just above ``limit`` bytes."""
    body = decompress_if_possible(body, headers.get("Content-Encoding"), limit)
    return _new_response(status=status, headers=headers, body=body)


_new_response = constructor_of_plain_values(HttpResponse)


def decompress_if_possible(body: bytes, encoding: str | None, limit: int = MAX_RESPONSE) -> bytes:
    """Decompress a body, or return it unchanged if that fails; decoding it then reports what is wrong."""
    if not encoding:  # nearly always
        return body
    with suppress(ProtocolError):
        return decompress(body, encoding, limit)
    return body


def decompress(body: bytes, encoding: str | None, limit: int) -> bytes:
    """Decompress a body with the given Content-Encoding; a longer result is cut at ``limit`` + 1 bytes.

    Raises :class:`~skymms.ProtocolError` for an unsupported encoding and for a body that cannot be decompressed.
    """
    name = header_text(encoding or "identity").strip().lower()
    if name in {"identity", ""}:
        return body
    if name not in {"gzip", "x-gzip", "deflate"}:
        raise ProtocolError(f"the response is compressed with {name:.20}, which is not supported", sent_maybe=True)
    import zlib

    # 32 + the largest window accepts a gzip or a zlib header. Some servers say deflate and send no header at all.
    for window in (32 + zlib.MAX_WBITS, -zlib.MAX_WBITS):
        with suppress(zlib.error):
            return _decompress_members(body, window, limit)
    raise ProtocolError(f"the response is labelled {name} but is not valid {name} data", body=body, sent_maybe=True)


def _decompress_members(body: bytes, window: int, limit: int) -> bytes:
    """Decompress all members of a gzip body; bytes after the last member are ignored."""
    import zlib

    found = bytearray()
    member = zlib.decompressobj(window)
    at = 0
    while True:
        piece = body[at : at + _PIECE]
        found += member.decompress(piece, limit + 1 - len(found))
        if len(found) > limit:
            return bytes(found)
        # What follows a member is copied, so it must not be the whole rest of a body of many small members.
        at += len(piece) - len(member.unused_data)
        if member.eof:
            if not body.startswith(_GZIP_MAGIC, at):
                return bytes(found)
            member = zlib.decompressobj(window)
        elif at == len(body):
            raise zlib.error("the data ends too early")


#: The first two bytes of every gzip member.
_GZIP_MAGIC = b"\x1f\x8b"
#: Bytes that are decompressed at once.
_PIECE = 4096
