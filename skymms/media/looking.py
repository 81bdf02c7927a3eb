"""Looks at one file: what its server says of it, and its beginning or all of it."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike, fspath, stat
from stat import S_ISREG

from ..errors import SkymmsError
from .fetching import Cancellation, FileResponse, open_file
from .signatures import Content, recognise

#: Bytes that are read of a file unless it is looked at whole.
BEGINNING = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a file.

    - ``fault``: why a gateway could not fetch it, as far as status and headers tell; None if it could.
    - ``body_fault``: why its content did not arrive; None if it did.
    - ``declared``: the type that the server gives, or that the name of a local file has; empty if there is none.
    - ``size``: its length in bytes; None if it is not known.
    - ``content``: its first bytes; ``is_whole`` is True if that is the whole file.
    - ``is_local``: True for a local file and for bytes, whose type nobody declares.
    """

    fault: str | None = None
    body_fault: str | None = None
    declared: str = ""
    size: int | None = None
    content: bytes = b""
    is_whole: bool = False
    is_local: bool = False

    @property
    def found(self) -> Content | None:
        """The type of the content; None if it is unknown or was not read."""
        return recognise(self.content)


def look_at_bytes(content: bytes) -> Seen:
    """Return what is seen of a file that is held as bytes."""
    found = recognise(content)
    return Seen(declared=found.content_type if found else "", size=len(content), content=content, is_whole=True, is_local=True)


def look_at_path(path: str | PathLike[str], amount: int) -> Seen:
    """Return what is seen of a local file, of which ``amount`` bytes are read."""
    try:
        about = stat(path)
        if not S_ISREG(about.st_mode):
            return Seen(fault=f"{fspath(path)!r:.80} is not a file", is_local=True)
        with open(path, "rb") as file:
            content = file.read(amount)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        return Seen(fault=f"{fspath(path)!r:.80} cannot be read: {reason}", is_local=True)
    found = recognise(content)
    declared = found.content_type if found else mimetypes.guess_type(fspath(path))[0] or ""
    return Seen(declared=declared, size=about.st_size, content=content, is_whole=len(content) == about.st_size, is_local=True)


def look_at_url(
    url: str,
    amount: int | None,
    *,
    keep: int,
    is_refused: Callable[[Seen], bool],
    ends: float,
    private: bool,
    cancellation: Cancellation | None = None,
) -> Seen:
    """Request a file, and return what is seen of it.

    ``amount`` bytes of the body are read, or the whole body for None, of which ``keep`` bytes are kept. The body is not read if
    ``is_refused`` is true for what the headers say.
    """
    try:
        with open_file(url, ends=ends, private=private, cancellation=cancellation) as response:
            seen = _look_at_headers(response)
            if seen.fault or is_refused(seen):
                return seen
            content, body_fault = _read(response, amount, keep)
    except SkymmsError as error:
        return Seen(fault=str(error))
    return Seen(
        declared=seen.declared, size=seen.size, content=content, is_whole=len(content) == seen.size, body_fault=body_fault
    )


def _read(response: FileResponse, amount: int | None, keep: int) -> tuple[bytes, str | None]:
    kept, arrived = bytearray(), 0
    try:
        for piece in response.pieces():
            kept += piece[: keep - len(kept)]
            arrived += len(piece)
            if amount is not None and arrived >= amount:
                break
    except SkymmsError as error:
        return bytes(kept), str(error)
    return bytes(kept), None


def _look_at_headers(response: FileResponse) -> Seen:
    headers = response.headers
    declared = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    length = headers.get("Content-Length", "")
    is_length = length.isascii() and length.isdigit()
    # Of a number of thousands of digits, fifteen are enough to see that it is too large.
    size = int(length[:15]) if is_length else None
    return Seen(fault=_transfer_fault(response, is_length), declared=declared, size=size)


def _transfer_fault(response: FileResponse, has_length: bool) -> str | None:
    """Return why the gateway could not copy a file, judging by the status and the headers that describe the transfer."""
    headers = response.headers
    if response.status != 200:
        is_redirect = 300 <= response.status < 400 and "Location" in headers
        hint = ", a redirect: give the URL it leads to" if is_redirect else ", not 200"
        return f"its server returned status {response.status}{hint}"
    # Sinch MMS: the request fails without a Content-Length, or with chunked transfer.
    if "Transfer-Encoding" in headers:
        return "its server sends it in chunks (Transfer-Encoding): have it sent with a Content-Length"
    if not has_length:
        return "its server sends no valid Content-Length"
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        return "its server compresses it (Content-Encoding) although the request does not accept that"
    return None
