"""What a gateway answers when it does as asked. A refusal is an error and stands in :mod:`skymms.errors`.

Each reply keeps the document it was read from in ``raw``, as ``(name, text)`` pairs in the gateway's own spelling, so that
nothing a gateway says beyond the documents is lost. ``raw`` takes no part in comparisons.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from .errors import Nodes


@dataclass(frozen=True, slots=True)
class SentMMS:
    """A message was accepted and queued. What becomes of it arrives in postbacks with the same ``tracking_id``.

    ``mms_id`` is the id the message is stored under; ``sender`` may differ from the one asked for, since a gateway puts
    the default short code of the recipient's country in its place; ``details`` are the gateway's words.
    """

    mms_id: str | None = None
    tracking_id: str | None = None
    to: str | None = None
    sender: str | None = None
    details: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SavedMMS:
    """A slideshow was stored under ``mms_id``; with audio or video it can be sent after its N003 postback (E626 before)."""

    mms_id: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class StoredMMS:
    """A line of the successor's list: one stored slideshow. ``size`` is in a unit the vendor does not name."""

    mms_id: str | None = None
    name: str | None = None
    subject: str | None = None
    created: date | str | None = None
    slides: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class MMSList:
    """The ids of the stored slideshows; in the successor's dialect also what each is, and which page this is.

    ``mms_ids`` is filled in every dialect. The documents leave open whether ``total`` counts the page or the account.
    """

    mms_ids: tuple[str, ...] = ()
    templates: tuple[StoredMMS, ...] = ()
    start_date: date | str | None = None
    page: int | None = None
    per_page: int | None = None
    total: int | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.mms_ids:
            ids = tuple(stored.mms_id for stored in self.templates if stored.mms_id is not None)
            object.__setattr__(self, "mms_ids", ids)


@dataclass(frozen=True, slots=True)
class DeletedMMS:
    """A stored slideshow and its encoded files are gone, at once."""

    mms_id: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal as it stands on the wire. The library raises it as an error; the sandbox writes it."""

    code: str | None = None
    to: str | None = None
    info: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)
