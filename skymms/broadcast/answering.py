"""Writes what became of messages into the ledger."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from ..storage.contract import Statement, Transaction
from ..storage.texts import column_text
from . import answer_statements as sql
from .noting import lock_answered, match_answers
from .outcomes import Answer
from .states import State


def write_answers(
    transaction: Transaction, broadcast: int, answers: Sequence[Answer], lease: str, now: float, changed: Counter[str]
) -> None:
    """Write the answers of the worker with a lease, and add to ``changed`` how the number of messages in each state changes."""
    lock_answered(transaction, answers)
    held = _update(transaction, sql.HELD, answers, lease, now)
    others = [answer for answer in answers if answer.id not in held and answer.state is not State.UNKNOWN]
    # Another worker has called these unknown. The lease is still this worker's, so the answers are right. What is not late
    # either was written before, by a transaction whose end was not answered.
    late = _update(transaction, sql.LATE, others, lease, now) if others else {}
    for before, written in ((State.SENDING, held), (State.UNKNOWN, late)):
        for state in written.values():
            changed[before] -= 1
            changed[state] += 1
    if State.READY in late.values():  # the other worker may have called the broadcast done
        transaction.run(sql.REOPEN, broadcast=broadcast)
    match_answers(transaction, answers, lease)


def _update(transaction: Transaction, which: Statement, answers: Sequence[Answer], lease: str, now: float) -> dict[int, State]:
    """Write the answers to those messages that are this worker's, and return their new states."""
    mine = set(transaction.document(which, ids=json.dumps([answer.id for answer in answers]), lease=lease))
    written = [answer for answer in answers if answer.id in mine]
    rows = [
        # Without a wait it is due now by any clock, also after the clock was set back.
        (one.id, one.state, column_text(one.why), column_text(one.code), now + one.wait if one.wait else 0.0,
         one.tracking_id, one.mms_id, one.credits, one.returned)
        for one in written
    ]  # fmt: skip
    if rows:
        transaction.run(sql.ANSWERS, answers=json.dumps(rows), now=now)
    return {answer.id: answer.state for answer in written}
