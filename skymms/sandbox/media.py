"""The files of a slideshow, fetched and looked at as the gateway does it: by a GET for each, and by what comes back.

A gateway copies every file from the address it is given, and most first messages fail there. `inspect` makes the same GET
and says what the gateway would: E351-E358 for what cannot be had, E331-E338 for what is too big, E629 for a type that is
none of the slide's, E341 for a damaged image. It keeps no state.

**It calls whatever address the slideshow names**, from this machine and with its access: the sandbox does so only if asked
(``fetch_media=True``), and should then listen on loopback, as it does by default. Only http and https are spoken, nothing of
what was read is handed on, and no redirect is followed, so that a server elsewhere cannot point back into this network.

Where the documents are silent, the stricter reading is taken, for a file that passes it passes the other:

- A redirect is a refusal. They ask for "the full path of the file" and a valid status, and do not speak of redirects.
- A Content-Length is needed and chunks are refused. Only the successor's pages say so; 1.3 says nothing.
- application/octet-stream is a refusal (E629), though the gateway may find out the type "by other means".
- A known type of another kind, sound where an image should be, is E629 too: E361-E363 lived for one day.

An image is damaged if its format's own frame is: signature, lengths, checksums, and an end. A library that draws it would
find damage within a JPEG's pixels too, but would be a dependency for every user of skymms, and C code that is fed by
strangers. E343, a video without a codec, is not looked for.
"""

from __future__ import annotations

import re
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import ConfigurationError, Problem
from ..guard import loopback
from ..limits import DOCUMENTED, Limits
from ..slide import FILES
from ..slideshow import Slideshow

if TYPE_CHECKING:
    from requests import Response
    from requests.adapters import HTTPAdapter

#: Seconds for all files of a slideshow together: less than a client waits for the answer that depends on it.
FETCH_WITHIN = 20.0
#: Seconds of them to make a connection.
CONNECT_WITHIN = 5.0

_Refusal = tuple[str, str]  # a code, and what is wrong


# 1.3, saveMMS: GIF, JPG, PNG; MP3, WAV; 3GP, MP4, MPEG, MPG, AVI, WMV; and the objects. The names are those of the successor's
# JSON service, and those that servers have for the same files. Its AMR and MOV no XML page has.
TYPES: Mapping[str, tuple[str, ...]] = {
    "image": ("image/jpeg", "image/png", "image/gif", "image/jpg"),
    "audio": ("audio/mpeg", "audio/wav", "audio/mp3", "audio/x-wav", "audio/wave", "audio/x-wave", "audio/vnd.wave"),
    "video": ("video/mp4", "video/3gpp", "video/mpeg", "video/3gp", "video/x-msvideo", "video/avi", "video/x-ms-wmv"),
    "vcard": ("text/vcard", "text/x-vcard", "text/v-card"),
    "ical": ("text/calendar",),
    "pdf": ("application/pdf", "application/x-pdf"),
    "passbook": ("application/vnd.apple.pkpass",),
}

#: The codes of what is too big, and of what could not be had.
_TOO_BIG = dict(zip(FILES, ("E331", "E332", "E333", "E335", "E336", "E337", "E338"), strict=True))
_NOT_HAD = dict(zip(FILES, ("E351", "E352", "E353", "E355", "E356", "E357", "E358"), strict=True))


def inspect(slideshow: Slideshow, limits: Limits = DOCUMENTED, *, timeout: float = FETCH_WITHIN) -> Iterator[Problem]:
    """What a gateway would find wrong with the files behind a slideshow's addresses, slide after slide.

    A file is fetched when the next problem is asked for, one after the other, the same one once: ``next(inspect(show), None)``
    stops at the first that is wrong. ``timeout`` is in seconds, for all files together; looking up a host's name is the
    system's own business and not counted. The addresses are taken as the rules let them through.
    """
    from ..deadline import DeadlineAdapter

    until = time.monotonic() + timeout
    seen: dict[tuple[str, str], _Refusal | None] = {}
    # The adapter alone: a session follows redirects, or reads all of them, keeps cookies, and gives away what is in ~/.netrc.
    with closing(DeadlineAdapter()) as adapter:
        for at, slide in enumerate(slideshow.slides, 1):
            for kind in FILES:
                address = getattr(slide, kind)
                if address is None:
                    continue
                # 1.3, the note under sendMMS: the server strips the query of audio and video. Of the others it does not say so.
                url = address.partition("?")[0] if kind in {"audio", "video"} else address
                if (kind, url) not in seen:
                    seen[kind, url] = _look(adapter, kind, url, limits, until)
                if refusal := seen[kind, url]:
                    code, message = refusal
                    if url != address:
                        message += " (the part of the address from '?' on is stripped)"
                    yield Problem(code, at, kind, message)


def _look(adapter: HTTPAdapter, kind: str, url: str, limits: Limits, until: float) -> _Refusal | None:
    """One file, fetched and judged."""
    import requests
    from urllib3.exceptions import HTTPError

    left = until - time.monotonic()
    if left <= 0:
        return _NOT_HAD[kind], "no time was left to fetch it: the files before it took too long"
    try:
        asked = requests.Request("GET", url, headers={"User-Agent": "skymms-sandbox", "Accept-Encoding": "identity"}).prepare()
        # What stands on this machine is no business of a proxy's.
        near = loopback(urlsplit(asked.url or "").hostname or "")
        proxies = {} if near else requests.utils.get_environ_proxies(url)
        with adapter.send(asked, stream=True, timeout=(min(CONNECT_WITHIN, left), left), proxies=proxies) as response:
            return _judged(response, kind, limits)
    except ConfigurationError as error:  # pytest's guard: the sandbox runs in a test
        return _NOT_HAD[kind], str(error)
    # ValueError and HTTPError: for some addresses that are none, the libraries do not agree on whose error it is.
    except (OSError, ValueError, HTTPError) as error:
        if time.monotonic() >= until:
            return _NOT_HAD[kind], "it did not come in time"
        return _NOT_HAD[kind], f"its server gives no whole answer ({type(error).__name__})"


def _judged(response: Response, kind: str, limits: Limits) -> _Refusal | None:
    """An answer, of which no more is read than is allowed."""
    headers = response.headers
    if response.status_code != 200:
        hint = ", a redirect: give the address it leads to" if response.is_redirect else ", not 200"
        return _NOT_HAD[kind], f"its server answers {response.status_code}{hint}"
    # Seed 004: without a Content-Length, or in chunks, the request fails.
    if "Transfer-Encoding" in headers:
        return _NOT_HAD[kind], "its server sends it in chunks (Transfer-Encoding): have it sent with a Content-Length"
    length = headers.get("Content-Length", "")
    if not (length.isascii() and length.isdigit()):
        return _NOT_HAD[kind], "its server tells no Content-Length"
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        return _NOT_HAD[kind], "its server packs it (Content-Encoding) without being asked to"
    # Seed 004: a real type; application/octet-stream may be rejected.
    served = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if served not in TYPES[kind]:
        told = f"as {served!r:.60}" if served else "without a Content-Type"
        return "E629", f"its server serves it {told}: a file for {kind} is served as {' or '.join(TYPES[kind][:3])}"
    size, most = int(length[:15]), _most(served, kind, limits)
    if size > most:
        return _TOO_BIG[kind], f"{size:,} bytes, {size - most:,} more than the {most:,} allowed"
    if not size:
        return _NOT_HAD[kind], "its server sends an empty file"
    # All of it has to come; only an image is looked at. Its type is told by its bytes: a PNG that is served as a JPG is one.
    read = [chunk for chunk in response.iter_content(65536) if kind == "image"]
    if kind == "image" and (said := damage(b"".join(read))):
        return "E341", f"the image is damaged: {said}"
    return None


def _most(served: str, kind: str, limits: Limits) -> int:
    if served == "image/gif":
        return limits.max_gif
    return {"image": limits.max_image, "audio": limits.max_audio, "video": limits.max_video}.get(kind, limits.max_object)


# ------------------------------------------------------------------------------------------------ images


def damage(image: bytes) -> str | None:
    """What is broken about a PNG, JPEG or GIF; None for a whole one. Bytes after its end are none of its business."""
    for begins, check in _FORMATS.items():
        if image.startswith(begins):
            try:
                return check(image)
            except (IndexError, struct.error):
                return "it ends before its end"
    return "it is no PNG, JPG or GIF"


def _png(image: bytes) -> str | None:
    """Chunks, each a length, a name, bytes, and a checksum over name and bytes; IHDR first, IEND last."""
    at = 8
    names: set[bytes] = set()
    while b"IEND" not in names:
        length, name = struct.unpack_from(">I4s", image, at)
        (checksum,) = struct.unpack_from(">I", image, at + 8 + length)
        if checksum != zlib.crc32(memoryview(image)[at + 4 : at + 8 + length]):
            return f"a checksum is wrong (at byte {at:,})"
        if not names and name != b"IHDR":
            return "it does not begin with its size"
        names.add(name)
        at += 12 + length
    return None if b"IDAT" in names else "it has no pixels"


_MARKER = re.compile(rb"\xff++([^\x00\xff])")
# Within a scan, FF 00 is a byte of it and FF D0 to D7 are places to start over.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def _jpeg(image: bytes) -> str | None:
    """Segments, each a marker, a length and bytes; a frame, scans, and a marker at the end."""
    at = 2
    markers: set[int] = set()
    while found := _MARKER.match(image, at):
        marker, at = found[1][0], found.end()
        if marker == _END_OF_IMAGE:
            return None if markers & _FRAMES and _START_OF_SCAN in markers else "it has no pixels"
        (length,) = struct.unpack_from(">H", image, at)
        if length < 2:
            return f"a length is wrong (at byte {at:,})"
        markers.add(marker)
        at += length
        if marker == _START_OF_SCAN:
            # Its pixels have no length: they go on to the next marker.
            end = _END_OF_SCAN.search(image, at)
            at = end.start() if end else len(image)
    return "it ends before its end" if at >= len(image) else f"a marker is missing (at byte {at:,})"


def _gif(image: bytes) -> str | None:
    """A screen, then blocks: extensions, images, and a trailer."""
    at, images = 13 + _colours(image[10]), 0
    while (block := image[at]) != 0x3B:
        if block == 0x21:
            at += 2
        elif block == 0x2C:
            images += 1
            # Its descriptor, its colours, and a byte that says how its pixels are packed.
            at += 11 + _colours(image[at + 9])
        else:
            return f"a block is of no known kind (at byte {at:,})"
        while size := image[at]:
            at += 1 + size
        at += 1
    return None if images else "it has no pixels"


def _colours(flags: int) -> int:
    """The length of a table of colours."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_FORMATS: Mapping[bytes, Callable[[bytes], str | None]] = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"\xff\xd8\xff": _jpeg,
    b"GIF87a": _gif,
    b"GIF89a": _gif,
}
