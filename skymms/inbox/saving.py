"""Saves the files of inbound messages before the gateway deletes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from ..errors import MMSError, ProtocolError, SkymmsError
from ..model.actions import RemoveInboxMessage
from ..model.notices import InboundMMS
from ..storage.contract import Store
from ..storage.texts import column_text
from . import statements as sql
from .downloading import Download, download

if TYPE_CHECKING:
    from ..client import Client

#: The most bytes of a file.
MAX_FILE = 10 * 1024 * 1024
#: The types of files that phones send. Pages and drawings that can contain programs are not among them.
TYPES = (
    "image/",
    "audio/",
    "video/",
    "text/plain",
    "text/vcard",
    "text/x-vcard",
    "text/calendar",
    "text/x-vcalendar",
    "application/smil",
    "application/pdf",
    "application/octet-stream",
)
_PROGRAMS = ("image/svg",)
_UNSAFE = re.compile(r"[^\w.-]+")
#: The gateway has deleted the files of the message already, or does not have it any more.
_REMOVED = frozenset({"E641", "E642"})


class ReceivedFile(NamedTuple):
    """A file of an inbound message. ``name`` is the last part of its URL, without characters that a path gives a meaning.

    ``content_type`` is what the server said; a sender may have lied.
    """

    name: str
    content_type: str
    data: bytes
    url: str
    notice: InboundMMS


class SavedFile(NamedTuple):
    """A file that was saved. ``location`` is what your function returned."""

    location: str | None
    content_type: str
    size: int


class FileSaver:
    """Downloads the files of a message, and gives each to ``put``, once."""

    def __init__(
        self,
        store: Store,
        put: Callable[[ReceivedFile], str | None],
        *,
        limit: int,
        types: Sequence[str],
        allow_private: bool,
        remove_with: Client | None,
    ) -> None:
        self._store = store
        self._put = put
        self._limit = limit
        self._types = tuple(kind.lower() for kind in types)
        self._allow_private = allow_private
        self._remove_with = remove_with

    def save(self, notice: InboundMMS, id: int) -> None:
        """Save the files of a notice that are not saved yet. Raises the first error after the other files are saved."""
        saved = {row[0] for row in self._rows(id)}
        errors: list[SkymmsError] = []
        for place, url in enumerate(notice.files):
            if place in saved:
                continue
            try:
                found = download(url, limit=self._limit, allow_private=self._allow_private)
                self._check(found)
            except SkymmsError as error:
                errors.append(error)
                continue
            location = self._put(ReceivedFile(_name(found.url, place), found.content_type, found.data, url, notice))
            self._note(id, place, found, location)
        if errors:
            raise errors[0]
        if self._remove_with is not None and notice.tracking_id is not None:
            _remove(self._remove_with, notice.tracking_id)

    def _check(self, found: Download) -> None:
        kind = found.content_type
        if kind.startswith(_PROGRAMS) or not any(
            kind == one or (one.endswith("/") and kind.startswith(one)) for one in self._types
        ):
            raise ProtocolError(f"the file is of the type {kind:.60}, which is not among the types that are saved: see types=…")

    def _rows(self, id: int) -> list[Any]:
        with self._store.reading() as transaction:
            return transaction.rows(sql.SAVED_FILES, notice=id)

    def _note(self, id: int, place: int, found: Download, location: str | None) -> None:
        with self._store.transaction() as transaction:
            transaction.run(
                sql.ADD_SAVED_FILE, notice=id, place=place, now=transaction.now(),
                location=None if location is None else str(location), content_type=column_text(found.content_type),
                size=len(found.data),
            )  # fmt: skip


def saved_files(store: Store, id: int) -> tuple[SavedFile, ...]:
    """Return the files of a notice that were saved, in their order."""
    with store.reading() as transaction:
        return tuple(SavedFile(*row[1:]) for row in transaction.rows(sql.SAVED_FILES, notice=id))


def _remove(client: Client, tracking_id: str) -> None:
    try:
        client.call(RemoveInboxMessage(tracking_id))
    except MMSError as error:
        if error.code not in _REMOVED:
            raise


def _name(url: str, place: int) -> str:
    """Return a name for a file: the last part of its URL, in characters that are safe in a path."""
    name = _UNSAFE.sub("_", PurePosixPath(unquote(urlsplit(url).path)).name)[-100:].lstrip(".")
    return name or f"file-{place}"
