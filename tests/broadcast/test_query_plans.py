"""Statements that a run repeats do not read the whole list: a million messages would take a second each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from skymms.broadcast import Ledger
from skymms.broadcast import answer_statements as answers
from skymms.broadcast import statements as sql
from skymms.storage.contract import Statement, same


@pytest.mark.parametrize("name", ["STILL_OPEN", "HELD_BY_OTHERS", "UNKNOWN", "INTERRUPT_OTHERS", "INTERRUPT_EXPIRED", "READY"])
def test_messages_that_are_open_are_found_by_an_index(tmp_path: Path, name: str) -> None:
    statement: Statement = getattr(sql, name)
    with Ledger(tmp_path / "ledger.db") as ledger, ledger.store.reading() as transaction:
        values = dict.fromkeys(("broadcast", "after", "size", "now", "after_due", "after_id", "most"), 1)
        rows = transaction.rows(same(f"EXPLAIN QUERY PLAN {statement.sqlite}"), **values, lease="a", zone="")
    plan = [row[3] for row in rows if "skymms_message" in row[3]]
    assert plan
    assert [line for line in plan if "skymms_message_open" not in line and "skymms_message_ready" not in line] == []


@pytest.mark.parametrize("statement", [answers.HELD, answers.LATE, answers.ANSWERS], ids=["held", "late", "answers"])
def test_answers_find_their_messages_by_id(tmp_path: Path, statement: Statement) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger, ledger.store.reading() as transaction:
        rows = transaction.rows(same(f"EXPLAIN QUERY PLAN {statement.sqlite}"), ids="[]", answers="[]", lease="a", now=0.0)
    plan = [row[3] for row in rows if "skymms_message" in row[3]]
    assert plan == ["SEARCH skymms_message USING INTEGER PRIMARY KEY (rowid=?)"]
