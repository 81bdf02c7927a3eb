"""Publishes the local files of a slideshow: makes them fit, stores them, and fetches each one as the gateway will."""

from __future__ import annotations

import time
from collections.abc import Callable
from os import PathLike
from typing import Any

from ..errors import ConfigurationError, Problem, refusal
from ..limits import DOCUMENTED, Limits
from ..model.slideshow import Slideshow
from ..validation.hosts import url_problem
from .acceptance import TOO_BIG, UNREACHABLE, Accepted, accepted_files
from .carriers import MESSAGE_BUDGET
from .fitted import Fitted
from .inspection import FETCH_TIMEOUT
from .judging import find_problem
from .looking import look_at_url
from .signatures import recognise
from .slideshows import Put, fit_slideshow


def publish(
    slideshow: Slideshow,
    put: Put,
    *,
    most: int = MESSAGE_BUDGET,
    limits: Limits = DOCUMENTED,
    base: str | PathLike[str] = ".",
    private: bool = False,
    on_file: Callable[[str, Fitted], None] | None = None,
) -> Slideshow:
    """Return a slideshow whose local files are public, with their URLs; the parameters are those of ``fit_slideshow``.

    Each file is fetched after it was stored, with the gateway's own GET. Raises the error that the gateway would report, with
    the number of the slide, such as :class:`~skymms.MediaUnreachableError` for a server that sends the file in chunks,
    compresses it, redirects or asks for a password, and for one that sends another content.

    Nothing is stored if a file cannot be made to fit. If a stored file cannot be fetched, the files before it stay where they
    are. Publish again after you have solved the problem: a file that is stored already gets the same name.
    """
    if not callable(put):
        raise ConfigurationError(f"put={put!r:.40}: give a function that stores a file and returns its URL")
    accepted = accepted_files(slideshow, limits)

    def put_and_check(name: str, data: bytes, content_type: str) -> Any:
        url: Any = put(name, data, content_type)
        # Anything but a URL is refused by the caller.
        if isinstance(url, str) and not url_problem(url):
            check_published(url, data, accepted, private=private)
        return url

    return fit_slideshow(slideshow, put=put_and_check, most=most, limits=limits, base=base, private=private, on_file=on_file)


def check_published(url: str, data: bytes, accepted: Accepted, *, private: bool, timeout: float = FETCH_TIMEOUT) -> None:
    """Fetch a published file as the gateway will, and raise the error that it would report."""
    content = recognise(data)
    kind = content.kind if content and content.kind in TOO_BIG else "image"
    seen = look_at_url(
        accepted.fetched_url(kind, url),
        None,
        keep=len(data) + 1,
        is_refused=lambda _: False,
        ends=time.monotonic() + timeout,
        private=private,
    )
    found = find_problem(seen, kind, accepted)
    if found is None and seen.content != data:
        found = UNREACHABLE[kind], "its server sends another content than was stored: an older file, or one that it changed"
    if found is not None:
        code, message = found
        raise refusal([Problem(code, None, kind, f"{url.partition('?')[0]} was stored, but {message}")])
