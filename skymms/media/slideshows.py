"""Makes the files of a slideshow fit into one message, and puts them where a gateway can fetch them."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

from ..errors import ConfigurationError, MMSError, Problem, TransportError, refusal
from ..files import read_bytes
from ..limits import DOCUMENTED, Limits
from ..model.slideshow import Slideshow
from ..slide import FILES
from ..validation.hosts import url_problem
from .acceptance import UNREACHABLE, Accepted, accepted_files
from .carriers import MESSAGE_BUDGET, files_budget
from .fetching import open_file
from .fitted import Fitted
from .fitting import MAX_ORIGINAL, fit
from .inspection import FETCH_TIMEOUT
from .options import check_most, check_path
from .signatures import recognise


class Put(Protocol):
    """Stores a file where gateways can fetch it, and returns its URL.

    ``name`` is the suggested name: a hash of the content and an ending. Files with equal names are equal.
    """

    def __call__(self, name: str, data: bytes, content_type: str) -> str:
        """Store a file and return its public URL."""
        ...


def fit_slideshow(
    slideshow: Slideshow,
    *,
    put: Put,
    most: int = MESSAGE_BUDGET,
    limits: Limits = DOCUMENTED,
    base: str | PathLike[str] | None = ".",
    private: bool = False,
    on_file: Callable[[str, Fitted], None] | None = None,
) -> Slideshow:
    """Return a slideshow whose files fit into one message, with the URLs of those that had to change.

    - ``put``: stores a file and returns its URL; see :class:`Put`. It is called for each local file, and for each file that was
      made smaller. Other URLs stay as they are.
    - ``most``: the bytes of the whole message on its way to the phone, encoding included.
    - ``limits``: those of the account. A file never gets larger than they allow.
    - ``base``: the directory of local files; None allows none. ``private``: as in :func:`skymms.media.preflight`.
    - ``on_file``: called with each address and what became of it.

    All files are made to fit before the first one is stored. Raises the errors of :func:`skymms.media.fit`, with the number of
    the slide, and :class:`~skymms.MediaUnreachableError` for a file that cannot be read.
    """
    if not isinstance(slideshow, Slideshow):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"pass a slideshow, not a {type(slideshow).__name__}")
    check_most(most)
    check_path("base", base)
    if not callable(put):
        raise ConfigurationError(f"put={put!r:.40}: give a function that stores a file and returns its URL")
    accepted = accepted_files(slideshow, limits)
    places = [
        (number, kind, address)
        for number, slide in enumerate(slideshow.slides, 1)
        for kind in FILES
        if (address := getattr(slide, kind)) is not None
    ]
    for number, kind, address in places:
        if not isinstance(address, str):
            raise ConfigurationError(f"slide {number}, {kind}: give a URL or a path, not {address!r:.40}")
    originals = {
        (kind, address): _read(number, kind, address, accepted, base, private) for number, kind, address in reversed(places)
    }
    texts = [len(slide.text.encode("utf-8", "replace")) for slide in slideshow.slides if isinstance(slide.text, str)]
    uses = Counter((kind, address) for _, kind, address in places)
    share = _share({key: len(data) for key, data in originals.items()}, uses, files_budget(most, len(places), texts))
    # All files are made to fit before the first one is stored: a damaged file on the last slide stores nothing.
    ready = {
        (kind, address): (number, _fit(number, kind, originals[kind, address], share[kind, address], accepted, limits))
        for number, kind, address in _first_places(places)
    }
    urls: dict[tuple[str, str], str] = {}
    for (kind, address), (number, fitted) in ready.items():
        is_same = fitted.data == originals[kind, address] and "://" in address
        urls[kind, address] = address if is_same else _stored(put, number, kind, fitted)
        if on_file is not None:
            on_file(address, fitted)
    return slideshow.replace(slides=tuple(_with_urls(slide, urls) for slide in slideshow.slides))


def _first_places(places: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """Return the first place of each file."""
    first = {(kind, address): (number, kind, address) for number, kind, address in reversed(places)}
    return [place for place in places if first[place[1:]] == place]


def _stored(put: Put, number: int, kind: str, fitted: Fitted) -> str:
    name = f"{hashlib.sha256(fitted.data).hexdigest()[:32]}{fitted.ending}"
    try:
        url: Any = put(name, fitted.data, fitted.content_type)
    except MMSError as error:
        raise refusal([problem._replace(slide=number, field=kind) for problem in error.problems]) from None
    if not isinstance(url, str) or url_problem(url):
        raise ConfigurationError(f"put returned {url!r:.80}: return the public URL of the file")
    return url


def _with_urls(slide: Any, urls: Mapping[tuple[str, str], str]) -> Any:
    from dataclasses import replace

    changed = {kind: urls[kind, address] for kind in FILES if (address := getattr(slide, kind)) is not None}
    return replace(slide, **changed) if changed else slide


def _fit(number: int, kind: str, data: bytes, most: int, accepted: Accepted, limits: Limits) -> Fitted:
    """Fit one file, with the number of its slide in the error."""
    content = recognise(data)
    allowed = accepted.max_size(kind, content.content_type if content else "")
    try:
        return fit(data, most=max(1, min(most, allowed)), kind=kind, limits=limits)
    except MMSError as error:
        raise refusal([problem._replace(slide=number, field=kind) for problem in error.problems]) from None


def _read(number: int, kind: str, address: str, accepted: Accepted, base: str | PathLike[str] | None, private: bool) -> bytes:
    try:
        if "://" not in address and base is not None:
            return read_bytes(Path(base, address), MAX_ORIGINAL)
        return download(accepted.fetched_url(kind, address), private=private)
    except (ConfigurationError, TransportError) as error:
        raise refusal([Problem(UNREACHABLE[kind], number, kind, str(error))]) from None


def download(url: str, *, private: bool, timeout: float = FETCH_TIMEOUT) -> bytes:
    """Return the file at a URL; :class:`~skymms.TransportError` if it cannot be fetched."""
    with open_file(url, ends=time.monotonic() + timeout, private=private) as response:
        if response.status != 200:
            raise TransportError(f"its server returned status {response.status}, not 200")
        data = bytearray()
        for piece in response.pieces():
            data += piece
            if len(data) > MAX_ORIGINAL:
                raise TransportError(f"it has more than {MAX_ORIGINAL:,} bytes")
        return bytes(data)


def _share(sizes: Mapping[Any, int], uses: Mapping[Any, int], budget: int) -> dict[Any, int]:
    """Divide the bytes of a message: a file that is smaller than its share leaves the rest to the others.

    A contact card and its like cannot be made smaller, so they get what they need first.
    """
    share: dict[Any, int] = {}
    # The files that cannot change come first, then the smallest.
    left, rest = budget, sorted(sizes, key=lambda key: (key[0] in ("image", "audio", "video"), sizes[key]))
    for at, key in enumerate(rest):
        fixed = key[0] not in ("image", "audio", "video")
        part = left // uses[key] if fixed else left // sum(uses[one] for one in rest[at:])
        share[key] = part
        left -= min(sizes[key], part) * uses[key]
    # A file that is small enough may still grow when its format changes.
    return {key: max(part, 1) for key, part in share.items()}
