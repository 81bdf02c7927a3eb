"""Cellcast, the Australian gateway: many recipients in one call, JSON or a multipart form, partial success.

In reading order:

- ``fields``: answers whose types drift, read field by field: a number may come in quotes, and nothing may come as "", {} or null
- ``listing``: lists that come page by page: what they hold, and how all of it is read
- ``webhooks``: cellcast's webhooks, from the bytes it posts to the library's notices; and what they share with its answers: numbers, states
- ``account``: cellcast, the Australian gateway, in both its generations: another world than Skycore, behind the same clients
"""

from __future__ import annotations

from ..gsm import gsm_units as gsm_units
from .account import GENERATIONS as GENERATIONS
from .account import MAX_NUMBERS as MAX_NUMBERS
from .account import AccountBalance as AccountBalance
from .account import Balance as Balance
from .account import CancelScheduled as CancelScheduled
from .account import CellcastAccount as CellcastAccount
from .account import CellcastSend as CellcastSend
from .account import CellcastSent as CellcastSent
from .account import Done as Done
from .account import MarkRead as MarkRead
from .account import MessageReports as MessageReports
from .account import OptOut as OptOut
from .account import OptOuts as OptOuts
from .account import Response as Response
from .account import Responses as Responses
from .account import SentMessage as SentMessage
from .account import numbers as numbers
from .listing import Listing as Listing
from .webhooks import STATES as STATES
from .webhooks import CellcastMMS as CellcastMMS
from .webhooks import mobile as mobile
from .webhooks import read_cellcast_webhook as read_cellcast_webhook

__all__ = [
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
    "Response",
    "Responses",
    "SentMessage",
    "gsm_units",
    "mobile",
    "read_cellcast_webhook",
]
