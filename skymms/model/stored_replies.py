"""The gateway's responses to saving, listing and deleting slideshows."""

from __future__ import annotations

from dataclasses import field
from datetime import date

from .._functools import value
from ..errors import Nodes
from .serializable import Serializable


@value
class SavedMMS(Serializable):
    """The gateway stored a slideshow under ``mms_id``.

    A slideshow with audio or video can be sent after its N003 postback (E626 before). The Sinch JSON service does not return
    the id here: it comes in the N003 postback, which has the same ``tracking_id`` and the request's ``client_reference``.
    ``details`` is the gateway's text.
    """

    mms_id: str | None = None
    tracking_id: str | None = None
    details: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@value
class StoredMMS(Serializable):
    """One stored slideshow in a list from Sinch MMS. The vendor does not say in which unit ``size`` is."""

    mms_id: str | None = None
    name: str | None = None
    subject: str | None = None
    created: date | str | None = None
    slides: int | None = None
    size: int | None = None


@value
class MMSList(Serializable):
    """The ids of the stored slideshows; from Sinch MMS also their names, subjects and sizes, and the page number.

    ``mms_ids`` is filled in every dialect. The documents do not say whether ``total`` counts the page or the account.
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


@value
class DeletedMMS(Serializable):
    """The gateway deleted a stored slideshow and its encoded files."""

    mms_id: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)
