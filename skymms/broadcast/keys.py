"""Messages that were sent once for a key, as reports see them: those whose outcome is unknown can be closed by a report."""

from __future__ import annotations

import json
from typing import Any

from ..cellcast import CellcastSend, CellcastSent
from ..model.replies import SentMMS
from ..model.serialization import to_dict
from ..storage.contract import Transaction
from ..storage.texts import column_text
from . import key_statements as sql
from .matching import Message

#: A call has ended so many seconds after its request, however long its time-outs are.
_LONGEST_CALL = 900.0


def open_keys(transaction: Transaction, number: str) -> list[Message]:
    """Return the messages to a number that were sent for a key, and whose outcome is unknown."""
    working = transaction.now() - _LONGEST_CALL
    return [Message.of_key(row) for row in transaction.rows(sql.KEYS_OF_NUMBER, number=number, working=working)]


def has_key(transaction: Transaction, tracking_id: str | None, since: float) -> bool:
    """Whether a tracking id is that of a message that ``send_once`` sent."""
    text = f": {json.dumps(tracking_id)}"
    return tracking_id is not None and transaction.one(sql.KEY_WITH_TRACKING, text=text, since=since) is not None


def prove_key(transaction: Transaction, message: Message, notice: object) -> None:
    """Finish a key, whose message was accepted. The reply to it is what a report says."""
    assert message.key is not None
    tracking_id, mms_id = (column_text(getattr(notice, name, None)) for name in ("tracking_id", "mms_id"))
    number = None if message.number.startswith("#") else message.number
    if json.loads(message.operation or "{}").get("type") == CellcastSend.__name__:
        reply: Any = CellcastSent(queued={f"+{number or message.number}": tracking_id or ""})
    else:
        reply = SentMMS(mms_id=mms_id, tracking_id=tracking_id, to=number, details="known from a delivery report")
    transaction.run(sql.PROVE_KEY, key=message.key, reply=json.dumps(to_dict(reply)), now=transaction.now())
