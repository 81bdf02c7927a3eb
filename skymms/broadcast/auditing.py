"""Writes down what was done to a ledger: when, by whom, and to which broadcast."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Mapping
from typing import Any

from ..storage.contract import Transaction
from . import statements as sql


def write_audit(transaction: Transaction, verb: str, broadcast: str | None, by: str | None, detail: Mapping[str, Any]) -> None:
    """Write a line of the audit table, in the transaction of what it is about. ``by`` is the user's name by default."""
    transaction.run(
        sql.AUDIT,
        now=transaction.now(), who=who(by), verb=verb, broadcast=broadcast, detail=json.dumps(detail),
    )  # fmt: skip


def who(by: str | None) -> str:
    """Return who does something: ``by``, or the name of the user."""
    if by:
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container in which the user has no name
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
