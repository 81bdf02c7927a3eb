"""The reference under which a message is sent, where the dialect repeats it in reports (Sinch JSON).

It contains the id of the ledger, so that the reports of two ledgers of one account are not mixed up.
"""

from __future__ import annotations

import re
import secrets

from ..storage.contract import Transaction
from . import statements as sql

_REFERENCE = re.compile(r"skymms-([0-9a-f]{8})-([0-9]{1,18})")


def ledger_id(transaction: Transaction) -> str:
    """Return the id of the ledger; the first call makes one."""
    found = transaction.one(sql.LEDGER_ID)
    if found is None:
        transaction.run(sql.ADD_LEDGER_ID, value=secrets.token_hex(4))
        found = transaction.one(sql.LEDGER_ID)
        assert found is not None
    return str(found[0])


def make_reference(ledger: str, id: int) -> str:
    """Return the reference of a message."""
    return f"skymms-{ledger}-{id}"


def parse_reference(transaction: Transaction, text: str | None) -> int | None:
    """Return the id of the message with this reference; None for a reference that is not this ledger's."""
    found = _REFERENCE.fullmatch(text or "")
    return int(found[2]) if found and found[1] == ledger_id(transaction) else None
