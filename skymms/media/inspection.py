"""Fetches the files of a slideshow as the gateway does, with a GET for each, and reports what the gateway would refuse.

A gateway copies every file from its URL, and most first messages fail there. `inspect` makes the same GETs and reports
problems with the gateway's codes: E351-E358 for a file that cannot be fetched, E331-E338 for a file that is too big, E629 for
a type that the slide does not accept, E341 for a damaged image.

**It calls every URL that the slideshow names**, from this machine and with its access. The sandbox does so only with
``fetch_media=True``, and should then listen on loopback, which is the default. Only http and https URLs are fetched, the
content is not passed on, and no redirect is followed, so that a server elsewhere cannot direct the request into the local
network.

Where the vendor's pages are silent, the stricter reading is used, because a file that passes it also passes the other:

- A redirect is refused. The pages ask for "the full path of the file" and a valid status, and do not mention redirects.
- A Content-Length is required, and chunked transfer is refused. Only the Sinch pages say so; Skycore 1.3 says nothing.
- The type application/octet-stream is refused (E629), although the gateway may detect the type "by other means".
- A known type of another kind, such as a sound where an image should be, is E629 too: the codes E361-E363 existed for one day.

An image counts as damaged if the structure of its format is: signature, lengths, checksums, end. Decoding the pixels would
find more damage in a JPEG, but needs a dependency in C that would read untrusted files. A video without a codec (E343) is not
detected.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import ConfigurationError, Problem
from ..limits import DOCUMENTED, Limits
from ..model.slideshow import Slideshow
from ..slide import FILES
from ..transport.guard import is_loopback
from .images import find_damage

if TYPE_CHECKING:
    from requests import Response
    from requests.adapters import HTTPAdapter


#: Seconds for all files of a slideshow together: less than a client waits for the response that depends on them.
FETCH_TIMEOUT = 20.0
#: Seconds to make one connection.
CONNECT_TIMEOUT = 5.0

#: A code and a message.
_Error = tuple[str, str]


# Skycore 1.3, saveMMS, lists GIF, JPG, PNG; MP3, WAV; 3GP, MP4, MPEG, MPG, AVI, WMV; and the other files. The type names are
# those of the Sinch MMS JSON service, and others that servers use for the same files. Its AMR and MOV are not listed on any
# XML page.
TYPES: Mapping[str, tuple[str, ...]] = {
    "image": ("image/jpeg", "image/png", "image/gif", "image/jpg"),
    "audio": ("audio/mpeg", "audio/wav", "audio/mp3", "audio/x-wav", "audio/wave", "audio/x-wave", "audio/vnd.wave"),
    "video": ("video/mp4", "video/3gpp", "video/mpeg", "video/3gp", "video/x-msvideo", "video/avi", "video/x-ms-wmv"),
    "vcard": ("text/vcard", "text/x-vcard", "text/v-card"),
    "ical": ("text/calendar",),
    "pdf": ("application/pdf", "application/x-pdf"),
    "passbook": ("application/vnd.apple.pkpass",),
}

#: The codes for a file that is too big, and for a file that cannot be fetched, by kind.
_TOO_BIG: Mapping[str, str] = dict(zip(FILES, ("E331", "E332", "E333", "E335", "E336", "E337", "E338"), strict=True))
_UNREACHABLE: Mapping[str, str] = dict(zip(FILES, ("E351", "E352", "E353", "E355", "E356", "E357", "E358"), strict=True))


def inspect(
    slideshow: Slideshow,
    limits: Limits = DOCUMENTED,
    *,
    timeout: float = FETCH_TIMEOUT,
    types: Mapping[str, Collection[str]] = TYPES,
    keep_queries: bool = False,
) -> Generator[Problem, None, None]:
    """Yield the problems that a gateway would find with the files of a slideshow, slide by slide.

    Files are fetched one after the other, each URL once, when the next problem is requested: ``next(inspect(show), None)``
    stops at the first problem. ``timeout`` is in seconds for all files together, without the time for looking up host names.
    ``types`` are the content types of each kind of file. ``keep_queries`` is True for a gateway that does not remove the query
    from the URLs of audio and video. The URLs are not validated here; the validation rules do that.
    """
    from ..transport.requests_adapter import DeadlineAdapter

    deadline = time.monotonic() + timeout
    known: dict[tuple[str, str], _Error | None] = {}
    # The adapter without a session: a session follows redirects, keeps cookies, and sends the passwords in ~/.netrc.
    with closing(DeadlineAdapter()) as adapter:
        for number, slide in enumerate(slideshow.slides, 1):
            for kind in FILES:
                address = getattr(slide, kind)
                if address is None:
                    continue
                url = address if keep_queries else _fetched_url(kind, address)
                if (kind, url) not in known:
                    known[kind, url] = _fetch_error(adapter, kind, url, limits, types.get(kind, ()), deadline)
                if error := known[kind, url]:
                    code, message = error
                    if url != address:
                        message += " (the gateway removes the part of the URL from '?' on)"
                    yield Problem(code, number, kind, message)


def _fetched_url(kind: str, address: str) -> str:
    # Skycore 1.3, note under sendMMS: the server removes the query from the URLs of audio and video. It says so only of these.
    return address.partition("?")[0] if kind in {"audio", "video"} else address


def _fetch_error(
    adapter: HTTPAdapter, kind: str, url: str, limits: Limits, types: Collection[str], deadline: float
) -> _Error | None:
    """Fetch a file, and return its problem as a code and a message, or None."""
    import requests
    from urllib3.exceptions import HTTPError

    remaining = deadline - time.monotonic()
    if remaining <= 0:
        return _UNREACHABLE[kind], "no time was left to fetch it: the files before it took too long"
    try:
        headers = {"User-Agent": "skymms-sandbox", "Accept-Encoding": "identity"}
        request = requests.Request("GET", url, headers=headers).prepare()
        # A proxy is not used for this machine's own files.
        is_local = is_loopback(urlsplit(request.url or "").hostname or "")
        proxies = {} if is_local else requests.utils.get_environ_proxies(url)
        timeout = (min(CONNECT_TIMEOUT, remaining), remaining)
        with adapter.send(request, stream=True, timeout=timeout, proxies=proxies) as response:
            return _response_error(response, kind, limits, types)
    except ConfigurationError as error:  # the guard of the pytest plugin: the sandbox runs in a test
        return _UNREACHABLE[kind], str(error)
    # ValueError and HTTPError: for some invalid URLs, requests lets the errors of other libraries through.
    except (OSError, ValueError, HTTPError) as error:
        if time.monotonic() >= deadline:
            return _UNREACHABLE[kind], "it did not arrive in time"
        return _UNREACHABLE[kind], f"its server sent no complete response ({type(error).__name__})"


def _response_error(response: Response, kind: str, limits: Limits, types: Collection[str]) -> _Error | None:
    """Check a response, reading no more of it than the limits allow."""
    if message := _transfer_error(response):
        return _UNREACHABLE[kind], message
    content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    # Sinch MMS: a file must be served with its real type; application/octet-stream may be rejected.
    if content_type not in types:
        served = f"as {content_type!r:.60}" if content_type else "without a Content-Type"
        return "E629", f"it is served {served}: serve a file for {kind} as {' or '.join(list(types)[:3])}"
    size, max_size = int(response.headers["Content-Length"][:15]), _max_size(content_type, kind, limits)
    if size > max_size:
        return _TOO_BIG[kind], f"{size:,} bytes, {size - max_size:,} more than the {max_size:,} allowed"
    if not size:
        return _UNREACHABLE[kind], "its server sent an empty file"
    # Every file must arrive completely, but only an image is checked. Its format is that of its bytes: a PNG served as JPG
    # passes.
    chunks = [chunk for chunk in response.iter_content(65536) if kind == "image"]
    if kind == "image" and (damage := find_damage(b"".join(chunks))):
        return "E341", f"the image is damaged: {damage}"
    return None


def _transfer_error(response: Response) -> str | None:
    """Return why the gateway could not copy a file, judging by the status and the headers that describe the transfer."""
    headers = response.headers
    if response.status_code != 200:
        hint = ", a redirect: give the URL it leads to" if response.is_redirect else ", not 200"
        return f"its server returned status {response.status_code}{hint}"
    # Sinch MMS: the request fails without a Content-Length, or with chunked transfer.
    if "Transfer-Encoding" in headers:
        return "its server sends it in chunks (Transfer-Encoding): have it sent with a Content-Length"
    length = headers.get("Content-Length", "")
    if not (length.isascii() and length.isdigit()):
        return "its server sends no valid Content-Length"
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        return "its server compresses it (Content-Encoding) although the request does not accept that"
    return None


def _max_size(content_type: str, kind: str, limits: Limits) -> int:
    if content_type == "image/gif":
        return limits.max_gif
    return {"image": limits.max_image, "audio": limits.max_audio, "video": limits.max_video}.get(kind, limits.max_object)
