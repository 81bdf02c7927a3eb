"""The reference under which a message is sent, where the dialect repeats it in reports (Sinch JSON).

It contains the id of the ledger, so that the reports of two ledgers of one account are not mixed up, and the attempt, so that a
late report of a message that was sent again is not taken for one of the second.
"""

from __future__ import annotations

import re
import secrets

from ..storage.contract import Transaction
from . import statements as sql

_PREFIX = "skymms-"
_REFERENCE = re.compile(r"skymms-([0-9a-f]{8})-([0-9]{1,18})-([0-9]{1,4})")


def ledger_id(transaction: Transaction) -> str:
    """Return the id of the ledger; the first call makes one."""
    found = transaction.one(sql.LEDGER_ID)
    if found is None:
        transaction.run(sql.ADD_LEDGER_ID, value=secrets.token_hex(4))
        found = transaction.one(sql.LEDGER_ID)
        assert found is not None
    return str(found[0])


def make_reference(ledger: str, id: int, attempt: int) -> str:
    """Return the reference of an attempt to send a message."""
    return f"{_PREFIX}{ledger}-{id}-{attempt}"


def is_reference(text: str | None) -> bool:
    """True for the reference of a message of any ledger."""
    return text is not None and text.startswith(_PREFIX)


def parse_reference(transaction: Transaction, text: str | None) -> tuple[int, int] | None:
    """Return the id of the message with this reference, and the attempt; None for a reference that is not this ledger's."""
    found = _REFERENCE.fullmatch(text or "")
    return (int(found[2]), int(found[3])) if found and found[1] == ledger_id(transaction) else None
