"""The gateway's response to sendMMS and sendSavedMMS, and the refusal of any operation, which the clients raise as an error.

Each reply keeps the document that it was read from in ``raw``, as ``(name, text)`` pairs with the gateway's own wire names, so
that undocumented fields are not lost. ``raw`` takes no part in comparisons.
"""

from __future__ import annotations

from dataclasses import field

from .._functools import value
from ..errors import Nodes
from .serializable import Serializable


@value
class SentMMS(Serializable):
    """The gateway accepted a message and queued it. Its delivery is reported in postbacks with the same ``tracking_id``.

    ``mms_id`` is the id under which the message is stored. ``sender`` is the sender that the gateway used, if its response
    contains it. A gateway replaces a sender that does not fit the recipient's country by that country's default short code.
    ``requested_sender`` is then the sender that was requested; it is None otherwise, and takes no part in comparisons.
    ``details`` is the gateway's text.
    """

    mms_id: str | None = None
    tracking_id: str | None = None
    to: str | None = None
    sender: str | None = None
    details: str | None = None
    requested_sender: str | None = field(default=None, compare=False)
    raw: Nodes = field(default=(), compare=False, repr=False)


@value
class Refusal(Serializable):
    """A refusal as it is on the wire. The clients raise it as an error; the sandbox writes it."""

    code: str | None = None
    to: str | None = None
    info: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)
