"""Decompresses responses, up to a size limit."""

from __future__ import annotations

from contextlib import suppress

from ..errors import ProtocolError
from ..http import MAX_RESPONSE


def decompress_if_possible(body: bytes, encoding: str | None, limit: int = MAX_RESPONSE) -> bytes:
    """An answer as it was before compression; one that cannot be unpacked is handed on as it came, and reading it says how."""
    if not encoding:  # nearly always
        return body
    with suppress(ProtocolError):
        return decompress(body, encoding, limit)
    return body


def decompress(body: bytes, encoding: str | None, limit: int) -> bytes:
    """An answer as it was before compression, or as much of it as shows that it is over ``limit``.

    We ask for no compression. Who compresses all the same is understood, but 194 kB that unpack to 385 MB stop at the limit.
    """
    named = (encoding or "identity").strip().lower()
    if named in {"identity", ""}:
        return body
    if named not in {"gzip", "x-gzip", "deflate"}:
        raise ProtocolError(f"the answer is compressed by {named:.20}, which was not asked for", sent_maybe=True)
    import zlib

    # 32 + the largest window: a gzip or zlib header, whichever is there. Some say deflate and leave the header out.
    for window in (32 + zlib.MAX_WBITS, -zlib.MAX_WBITS):
        with suppress(zlib.error):
            return _unpacked(body, window, limit)
    raise ProtocolError("the answer says it is compressed and is not", body=body, sent_maybe=True)


def _unpacked(body: bytes, window: int, limit: int) -> bytes:
    """What is packed, member after member, as gzip may have it; whatever else follows is not looked at."""
    import zlib

    found = b""
    while True:
        member = zlib.decompressobj(window)
        found += member.decompress(body, limit + 1 - len(found))
        if len(found) > limit:
            return found
        if not member.eof:
            raise zlib.error("cut short")
        body = member.unused_data
        if not body.startswith(_MEMBER):
            return found


#: What a member of gzip begins with.
_MEMBER = b"\x1f\x8b"
