"""Small valid images, files of every kind, and servers that serve them in ways that a gateway refuses."""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Callable
from typing import Any

from misbehaving_server import drop, reset

from skymms.media.acceptance import TYPES
from skymms.slide import FILES

# ------------------------------------------------------------------------------------------------ images


def chunk(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int = 1, height: int = 1, *more: bytes) -> bytes:
    rows = (b"\0" + bytes(width)) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = b"".join((chunk(b"IHDR", head), *more, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND")))
    return b"\x89PNG\r\n\x1a\n" + body


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


#: The compressed data of one block of eight by eight equal grey pixels.
PIXELS = b"\x3f"


def jpeg(pixels: bytes = PIXELS, *more: bytes) -> bytes:
    frame = (
        segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
        + b"".join(more)
        + segment(0xDB, b"\0" + b"\1" * 64)
        + segment(0xC0, b"\x08\0\x08\0\x08\1\1\x11\0")
        + segment(0xC4, b"\0\1" + bytes(15) + b"\0")
        + segment(0xC4, b"\x10\1" + bytes(15) + b"\0")
    )
    return b"\xff\xd8" + frame + segment(0xDA, b"\1\1\0\0\x3f\0") + pixels + b"\xff\xd9"


def blocks(content: bytes) -> bytes:
    parts = (content[at : at + 255] for at in range(0, len(content), 255))
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def gif(pixels: bytes = b"\x44\x01", *more: bytes, version: bytes = b"89a", tables: bool = True) -> bytes:
    flags, table = (0x80, bytes(6)) if tables else (0, b"")
    screen = struct.pack("<HHBBB", 1, 1, flags, 0, 0) + table
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, flags) + table + b"\2" + blocks(pixels)
    return b"GIF" + version + screen + b"".join(more) + image + b"\x3b"


def extension(content: bytes) -> bytes:
    return b"\x21\xfe" + blocks(content)


# ------------------------------------------------------------------------------------------------ servers

#: A file of each kind as it should be served.
GOOD = {kind: (TYPES[kind][0], png() if kind == "image" else b"a file") for kind in FILES}
Act = bytes | Callable[[socket.socket, Any], None]


def served(kind: str, body: bytes | None = None, status: str = "200 OK", **changes: str | None) -> bytes:
    """A response with a file; ``changes`` are other headers, or None to leave a header out."""
    content_type, good = GOOD[kind]
    body = good if body is None else body
    headers = {"Content_Type": content_type, "Content_Length": str(len(body)), **changes}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items() if value is not None)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


CHUNKS = b"6\r\na file\r\n0\r\n\r\n"

#: Responses that keep the gateway from copying a file.
UNREACHABLE: dict[str, Callable[[str], Act]] = {
    "hangs up": lambda kind: drop,
    "resets the connection": lambda kind: reset,
    "hangs up half way": lambda kind: served(kind, Content_Length="1000", Connection="close"),
    "speaks no HTTP": lambda kind: b"220 ftp.example ready\r\n\r\n" * 3,
    "does not have it": lambda kind: served(kind, status="404 Not Found"),
    "wants a password": lambda kind: served(kind, status="401 Unauthorized", WWW_Authenticate="Basic"),
    "is broken": lambda kind: served(kind, status="500 Internal Server Error"),
    "has nothing to say": lambda kind: b"HTTP/1.1 204 No Content\r\n\r\n",
    "gives a part": lambda kind: served(kind, status="206 Partial Content", Content_Range="bytes 0-5/100"),
    "sends elsewhere": lambda kind: served(kind, status="302 Found", Location="/b.file"),
    "sends elsewhere for good": lambda kind: served(kind, status="301 Moved Permanently", Location="http://[::1"),
    "sends it in chunks": lambda kind: served(kind, CHUNKS, Content_Length=None, Transfer_Encoding="chunked"),
    "sends it in chunks, with a length": lambda kind: served(kind, CHUNKS, Transfer_Encoding="chunked"),
    "tells no length": lambda kind: served(kind, Content_Length=None, Connection="close"),
    "tells no length, in HTTP/1.0": lambda kind: served(kind, Content_Length=None).replace(b"/1.1", b"/1.0"),
    "tells a length that is none": lambda kind: served(kind, Content_Length="six", Connection="close"),
    "tells a length below nothing": lambda kind: served(kind, Content_Length="-6", Connection="close"),
    "tells two lengths": lambda kind: served(kind, Content_Length="6\r\nContent-Length: 7", Connection="close"),
    "tells a length of 5,000 digits": lambda kind: served(kind, Content_Length="x" + "9" * 5_000, Connection="close"),
    "packs it": lambda kind: served(kind, Content_Encoding="gzip"),
    "sends an empty file": lambda kind: served(kind, b""),
    "sends too many headers": lambda kind: served(kind, X="1" + "\r\nX: 1" * 1_000),
    "sends a header that is too long": lambda kind: served(kind, X="1" * 100_000),
}
