"""Cellcast, the Australian gateway, in both its generations: another world than Skycore, behind the same clients.

Many numbers a call, JSON or a form with a file, partial success. What is sent is the library's own
:class:`~skymms.Slideshow`; what Cellcast cannot carry is refused here and never dropped. Nothing is reported as sent that the
gateway did not list, and nothing is asked again that may have been sent: a recorded 500 of this gateway had delivered.

Values, tables, the account that puts them to use, and webhooks are a page each. No row of Skycore's table knows of them.
"""

from ..gsm import gsm_units as gsm_units
from .account import CellcastAccount as CellcastAccount
from .values import AccountBalance as AccountBalance
from .values import Balance as Balance
from .values import CancelScheduled as CancelScheduled
from .values import CellcastSend as CellcastSend
from .values import CellcastSent as CellcastSent
from .values import Done as Done
from .values import Listing as Listing
from .values import MarkRead as MarkRead
from .values import MessageReports as MessageReports
from .values import OptOut as OptOut
from .values import OptOuts as OptOuts
from .values import Response as Response
from .values import Responses as Responses
from .values import SentMessage as SentMessage
from .values import mobile as mobile
from .webhooks import CellcastMMS as CellcastMMS
from .webhooks import read_cellcast_webhook as read_cellcast_webhook
