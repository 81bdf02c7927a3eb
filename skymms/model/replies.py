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

    ``mms_id`` is the id under which the message is stored. ``sender`` may differ from the requested sender, because a gateway
    replaces it by the default short code of the recipient's country. ``details`` is the gateway's text.
    """

    mms_id: str | None = None
    tracking_id: str | None = None
    to: str | None = None
    sender: str | None = None
    details: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)


@value
class Refusal(Serializable):
    """A refusal as it is on the wire. The clients raise it as an error; the sandbox writes it."""

    code: str | None = None
    to: str | None = None
    info: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)
