"""Cellcast, the Australian gateway: many recipients in one request, JSON or a multipart form, and partial success.

In reading order:

- ``values``: the operations and what they return, and how their values are read from JSON
- ``generations``: v3 and v1: the tables of their calls, their limits, their rules and their warnings
- ``wire``: operations to HTTP requests, responses to replies or errors, webhooks to notices
- ``account``: the account, which validates operations and splits them into requests
"""

from __future__ import annotations

from ..gsm import gsm_units
from .account import CellcastAccount, PreparedSend
from .generations import GENERATIONS, MAX_MEDIA, MAX_MESSAGE, MAX_NUMBERS
from .values import (
    STATES,
    AccountBalance,
    Balance,
    CancelScheduled,
    CellcastSend,
    CellcastSent,
    Done,
    Listing,
    MarkRead,
    MessageReports,
    OptOut,
    OptOuts,
    Response,
    Responses,
    SentMessage,
    mobile,
)
from .wire import CellcastMMS, read_cellcast_webhook

__all__ = [
    "GENERATIONS",
    "MAX_MEDIA",
    "MAX_MESSAGE",
    "MAX_NUMBERS",
    "STATES",
    "AccountBalance",
    "Balance",
    "CancelScheduled",
    "CellcastAccount",
    "CellcastMMS",
    "CellcastSend",
    "CellcastSent",
    "Done",
    "Listing",
    "MarkRead",
    "MessageReports",
    "OptOut",
    "OptOuts",
    "PreparedSend",
    "Response",
    "Responses",
    "SentMessage",
    "gsm_units",
    "mobile",
    "read_cellcast_webhook",
]
