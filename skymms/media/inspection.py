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

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import ConfigurationError, Problem
from ..limits import DOCUMENTED, Limits
from ..model.slideshow import Slideshow
from ..slide import FILES
from ..transport.guard import is_loopback
from .images import damage

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
    from ..transport.requests_adapter import DeadlineAdapter

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
        near = is_loopback(urlsplit(asked.url or "").hostname or "")
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
