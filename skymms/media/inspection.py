"""Looks at the files of a message as the gateway does, before the message is sent, and reports what the gateway would refuse.

A gateway copies every file from its URL, and most first messages fail there. :func:`preflight` makes the same GETs and reports
problems with the gateway's codes: E351-E358 for a file that cannot be fetched, E331-E338 for a file that is too big, E629 for
a type that the slide does not accept, E341 for a damaged image. The sandbox does the same with ``fetch_media=True``.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ..errors import ConfigurationError, Problem, refusal
from ..limits import DOCUMENTED, Limits
from ..model.slideshow import Slideshow
from ..redaction import strip_credentials
from ..slide import FILES, Slide
from .acceptance import Accepted, accepted_files, uploaded_types
from .carriers import MESSAGE_BUDGET, CarrierVerdict, carrier_names, message_size, number_of, strictest_limits
from .fetching import TOO_LATE, Cancellation
from .judging import find_header_problem, find_problem, find_unread, find_warnings
from .looking import BEGINNING, Seen, look_at_bytes, look_at_path, look_at_url
from .measuring import pixels, seconds
from .options import check_path, check_timeout

#: Seconds for all files of a message together: less than a client waits for the response that depends on them.
FETCH_TIMEOUT = 20.0
#: Requests at a time.
_AT_ONCE = 8
#: Seconds after the deadline in which a thread still reports what it has read.
_GRACE = 0.1
#: Bytes that are kept of a file other than an image, so that a few videos do not fill the memory.
_KEPT = 4_194_304


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What was seen of one file of a message.

    ``slide`` counts from 1 and ``field`` is the slide's field, such as ``image``; ``address`` is its URL without a user name,
    or its path. ``found`` is the type by the content and ``declared`` the type by the server, both empty if unknown. ``bytes``,
    ``pixels`` (as it is shown, upright) and ``seconds`` are None if they were not found in what was read. ``is_whole`` is True
    if all of it was read, and ``not_read`` says why nothing was: ``"too large"``, ``"wrong type"`` or ``"not fetched"``.
    """

    slide: int | None
    field: str
    address: str
    found: str = ""
    declared: str = ""
    bytes: int | None = None
    pixels: tuple[int, int] | None = None
    seconds: float | None = None
    is_whole: bool = False
    not_read: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """What was found: problems, which a gateway would refuse, warnings, and a report of each file.

    ``message_size`` estimates the bytes of the message on its way to the phone; ``carriers`` has a verdict for each carrier of
    the audience. True if there is no problem.
    """

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    files: tuple[FileReport, ...] = ()
    message_size: int = 0
    carriers: tuple[CarrierVerdict, ...] = ()

    def __bool__(self) -> bool:
        return not self.problems

    def raise_problems(self) -> None:
        """Raise the error of the first problem, such as :class:`~skymms.MediaTooLargeError`; do nothing without problems."""
        if self.problems:
            raise refusal(self.problems)


class _File(NamedTuple):
    """A file of a message: where it stands, and where it is looked at."""

    slide: int | None
    field: str
    given: str
    source: str | Path | bytes

    @property
    def key(self) -> tuple[type, str | Path | bytes]:
        return type(self.source), self.source


@dataclass(frozen=True, slots=True)
class _Look:
    """Looks at the files of one message, each once."""

    accepted: Accepted
    whole: bool
    private: bool
    ends: float
    cancellation: Cancellation

    def at(self, file: _File, kinds: Sequence[str]) -> Seen:
        limits = self.accepted.limits
        keep = max(limits.max_image, limits.max_gif, _KEPT) if "image" in kinds else _KEPT
        if isinstance(file.source, bytes):
            return look_at_bytes(file.source)
        if isinstance(file.source, Path):
            return look_at_path(file.source, keep)
        return look_at_url(
            file.source,
            None if self.whole else BEGINNING,
            keep=keep if self.whole else BEGINNING,
            is_refused=lambda seen: all(find_header_problem(seen, kind, self.accepted) for kind in kinds),
            ends=self.ends,
            private=self.private,
            cancellation=self.cancellation,
        )


def preflight(
    message: Any,
    limits: Limits = DOCUMENTED,
    *,
    audience: Sequence[str] = (),
    route: str | None = None,
    fetch: Literal["headers", "whole"] = "headers",
    private: bool = False,
    base: str | PathLike[str] | None = ".",
    timeout: float = FETCH_TIMEOUT,
    stricter: Limits | None = None,
    on_file: Callable[[FileReport], None] | None = None,
) -> Preflight:
    """Look at the files of a slideshow, a slide or an operation, each distinct address once and all at the same time.

    - ``limits``: those of the account (``account.limits``): the sizes, and for Cellcast the types as well. ``stricter`` are
      sizes that apply in addition.
    - ``audience``: the carriers of the recipients, such as ``("att", "verizon")``. A message that is too large for one of them
      is a warning. ``route`` is the kind of number it is sent from: ``"long code"``, ``"toll-free"`` or ``"short code"``.
      With a route and without an audience, all carriers count.
    - ``fetch``: ``"headers"`` reads the headers and 64 kB of each file at a URL, so a smaller file is seen whole; ``"whole"``
      reads all, and finds damage anywhere in it. Local files are always read whole.
    - ``private``: True allows addresses of this computer and of private networks, all ports, and a user name in the URL.
      Otherwise such a file is a problem (E351-E358) and nothing is requested.
    - ``base``: the directory of local files, which a slide names by their paths. None allows no local files.
    - ``timeout``: seconds for all files together. A file that did not arrive by then is a problem.
    - ``on_file``: called with each file's report as soon as it is there, in the order in which files arrive.

    The URLs are not validated otherwise: that is what ``slideshow.problems()`` and ``account.problems(operation)`` do.
    """
    if fetch not in ("headers", "whole"):
        raise ConfigurationError(f'fetch={fetch!r:.40}: give "headers" or "whole"')
    check_path("base", base)
    check_timeout(timeout)
    carriers, names = strictest_limits(audience, route), carrier_names(audience)
    slideshow = _slideshow_of(message)
    accepted = accepted_files(message, limits, stricter)
    files = list(_files(slideshow, accepted, None if base is None else Path(base)))
    cancellation = _CANCELLATION.get() or Cancellation()
    look = _Look(accepted, fetch == "whole", private, time.monotonic() + timeout, cancellation)
    seen = _look_at_all(look, files, on_file)
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for file in files:
        # An upload has other types than the URL of an image.
        here = accepted if file.slide is not None else _for_upload(accepted, limits)
        if found := find_problem(seen[file.key], file.field, here):
            problems.append(Problem(found[0], file.slide, _name(file), found[1] + _removed_query(file)))
        else:
            texts = find_warnings(seen[file.key], file.field, here, names)
            warnings += [Problem(None, file.slide, _name(file), text) for text in texts]
    # What a server sends instead of a file says nothing about the file.
    file_sizes = [None if seen[file.key].fault else seen[file.key].size for file in files]
    sizes = [size or 0 for size in file_sizes]
    sizes += [len(slide.text.encode("utf-8", "replace")) for slide in slideshow.slides if isinstance(slide.text, str)]
    size = message_size(sizes)
    verdicts = tuple(CarrierVerdict(limit, size, file_sizes.count(None)) for limit in carriers)
    if files:
        # Beside problems too: a file that is replaced may still be too large.
        warnings += _size_warnings(size, verdicts, bool(audience or route))
    return Preflight(
        problems=tuple(problems),
        warnings=tuple(warnings),
        files=tuple(_report(file, seen[file.key], look) for file in files),
        message_size=size,
        carriers=verdicts,
    )


async def preflight_async(
    message: Any,
    limits: Limits = DOCUMENTED,
    *,
    audience: Sequence[str] = (),
    route: str | None = None,
    fetch: Literal["headers", "whole"] = "headers",
    private: bool = False,
    base: str | PathLike[str] | None = ".",
    timeout: float = FETCH_TIMEOUT,
    stricter: Limits | None = None,
    on_file: Callable[[FileReport], None] | None = None,
) -> Preflight:
    """Do what :func:`preflight` does, in threads; ``on_file`` is called in one. A cancelled task ends the requests."""
    cancellation = Cancellation()
    token = _CANCELLATION.set(cancellation)
    try:
        return await asyncio.to_thread(
            preflight,
            message,
            limits,
            audience=audience,
            route=route,
            fetch=fetch,
            private=private,
            base=base,
            timeout=timeout,
            stricter=stricter,
            on_file=on_file,
        )
    except asyncio.CancelledError:
        cancellation.cancel()
        raise
    finally:
        _CANCELLATION.reset(token)


#: The cancellation of the task that called :func:`preflight_async`, in its thread.
_CANCELLATION: ContextVar[Cancellation | None] = ContextVar("skymms-preflight", default=None)


def _slideshow_of(message: Any) -> Slideshow:
    if isinstance(message, Slide):
        return Slideshow("", slides=(message,))
    found: Any = message if isinstance(message, Slideshow) else getattr(message, "slideshow", None)
    if not isinstance(found, Slideshow):
        raise ConfigurationError(f"a {type(message).__name__} has no files to look at: pass a slideshow or a message with one")
    return found


def _files(slideshow: Slideshow, accepted: Accepted, base: Path | None) -> Iterator[_File]:
    for number, slide in enumerate(slideshow.slides, 1):
        for kind in FILES:
            given: Any = getattr(slide, kind)
            if given is None:
                continue
            is_path = base is not None and "://" not in str(given)
            source = base / str(given) if base is not None and is_path else accepted.fetched_url(kind, str(given))
            yield _File(number, kind, str(given), source)
    if accepted.upload is not None:
        yield _File(None, "image", "media", accepted.upload)


def _look_at_all(look: _Look, files: Sequence[_File], on_file: Callable[[FileReport], None] | None) -> dict[Any, Seen]:
    """Look at each distinct file in a few threads, until all were seen or the time is over.

    The threads are daemons, because looking up a host can take longer than the time, and cannot be interrupted.
    """
    distinct = {file.key: file for file in reversed(files)}
    kinds = {key: [file.field for file in files if file.key == key] for key in distinct}
    todo: queue.SimpleQueue[_File] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[_File, Seen] | None] = queue.SimpleQueue()
    unseen = set(distinct)
    for file in reversed(distinct.values()):
        todo.put(file)

    def work() -> None:
        with suppress(queue.Empty):
            while True:
                file = todo.get_nowait()
                try:
                    seen = look.at(file, kinds[file.key])
                except Exception as error:  # a thread must not die: the others wait for its result
                    seen = Seen(fault=f"it could not be looked at ({type(error).__name__})")
                done.put((file, seen))

    for _ in range(min(_AT_ONCE, len(distinct))):
        threading.Thread(target=work, name="skymms-preflight", daemon=True).start()
    look.cancellation.on_cancel(lambda: done.put(None))
    seen = dict.fromkeys(distinct, Seen(fault=TOO_LATE))
    try:
        while len(unseen) and (result := done.get(timeout=max(look.ends - time.monotonic(), 0) + _GRACE)):
            file, found = result
            unseen.discard(file.key)
            seen[file.key] = found
            if on_file is not None:
                on_file(_report(file, found, look))
    except queue.Empty:
        pass
    finally:
        look.cancellation.cancel()
    return seen


def _for_upload(accepted: Accepted, limits: Limits) -> Accepted:
    return Accepted(limits=accepted.limits, types={"image": uploaded_types(limits)}, advised_pixels=accepted.advised_pixels)


def _name(file: _File) -> str:
    return file.field if file.slide is not None else "media"


def _removed_query(file: _File) -> str:
    is_shorter = isinstance(file.source, str) and file.source != file.given
    return " (the gateway removes the part of the URL from '?' on)" if is_shorter else ""


def _report(file: _File, seen: Seen, look: _Look) -> FileReport:
    found = seen.found
    content_type = found.content_type if found else ""
    return FileReport(
        slide=file.slide,
        field=_name(file),
        address=strip_credentials(file.given),
        found=content_type,
        declared="" if seen.is_local else seen.declared,
        bytes=seen.size,
        pixels=pixels(seen.content),
        seconds=seconds(seen.content, content_type, seen.size),
        is_whole=seen.is_whole,
        not_read=find_unread(seen, file.field, look.accepted),
    )


def _size_warnings(size: int, verdicts: Sequence[CarrierVerdict], is_chosen: bool) -> Iterator[Problem]:
    for verdict in verdicts:
        limit = verdict.limit
        if verdict.fits is False:
            text = (
                f"the message has about {size:,} bytes with its encoding; {limit.carrier} delivers {limit.max_bytes:,} from a "
                f"{number_of(limit.route)} ({limit.source}, read {limit.read}): make its files smaller (skymms fit)"
            )
            yield Problem(None, None, "slides", text)
    if not is_chosen and size > MESSAGE_BUDGET:
        text = (
            f"the message has about {size:,} bytes with its encoding, and {MESSAGE_BUDGET:,} are what all carriers deliver: "
            "make its files smaller (skymms fit)"
        )
        yield Problem(None, None, "slides", text)
