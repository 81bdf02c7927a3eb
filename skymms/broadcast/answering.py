"""Writes what became of messages into the ledger."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from ..storage.contract import Statement, Transaction
from ..storage.texts import column_text
from . import answer_statements as sql
from .noting import lock_answered, match_answers
from .outcome_statements import LOCK_BROADCAST
from .outcomes import Answer
from .statements import PHASE, SKIP_ALL_READY, UNKNOWN_AGAIN
from .states import Phase, State, Why


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
    if State.READY in (*held.values(), *late.values()):
        check_phase(transaction, broadcast, now, changed)
    match_answers(transaction, answers, lease)


def check_phase(transaction: Transaction, broadcast: int, now: float, changed: Counter[str]) -> None:
    """Do what the phase of the broadcast demands for messages that this transaction has made ready again.

    Nobody else would: an operator may have cancelled the broadcast while they were being sent, and another worker, which called
    them unknown, may have called it done.
    """
    # Cancelling the broadcast, and calling it done, wait for the end of this transaction, or this one for theirs.
    transaction.rows(LOCK_BROADCAST, broadcast=broadcast)
    transaction.run(sql.REOPEN, broadcast=broadcast)
    found = transaction.one(PHASE, broadcast=broadcast)
    if found is not None and found[0] == Phase.CANCELLED:
        skip_all(transaction, broadcast, Why.CANCELLED, now, changed)


def skip_all(transaction: Transaction, broadcast: int, why: Why, now: float, changed: Counter[str]) -> int:
    """Skip all messages that are ready, and return how many were.

    Those that an operator wanted to be sent again are unknown as before.
    """
    again = transaction.run(UNKNOWN_AGAIN, broadcast=broadcast, now=now)
    skipped = transaction.run(SKIP_ALL_READY, broadcast=broadcast, why=why, now=now)
    changed.update({State.READY: -skipped - again, State.SKIPPED: skipped, State.UNKNOWN: again})
    return skipped


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
