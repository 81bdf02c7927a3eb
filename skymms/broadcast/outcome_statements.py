"""The statements that count outcomes, each with its SQL for SQLite and for PostgreSQL."""

# ruff: noqa: S608  (the parts that are put together are in this file)

from __future__ import annotations

from ..storage.contract import Statement, same

#: The other form of the number of a message ``m`` to a US number, with or without its country code; NULL for other numbers.
OTHER_FORM = (
    "CASE WHEN length(m.number) = 11 AND m.number >= '12' AND m.number < '2' THEN substr(m.number, 2) "
    "WHEN length(m.number) = 10 AND m.number >= '2' THEN '1' || m.number END"
)
#: The recipient of a message ``m`` opted out of anything after it was sent. What an operator did says nothing.
OPTED_OUT = (
    f"EXISTS (SELECT 1 FROM skymms_suppressed s WHERE s.number IN (m.number, {OTHER_FORM}) AND s.at >= m.sent_at "
    "AND s.lifted_at IS NULL AND s.source NOT IN ('operator', 'import'))"
)
#: The last messages ``m`` that were requested in a time and have an answer.
_LAST = (
    "(SELECT id, number, state, operator_id, code, why, sent_at FROM skymms_message WHERE broadcast = :broadcast AND "
    "state IN ('accepted', 'delivered', 'failed', 'refused', 'unknown') AND sent_at > :since AND sent_at <= :before "
    "ORDER BY id DESC LIMIT :most) m"
)
COUNT_BY_VARIANT = same(
    "SELECT variant, state, count(*) FROM skymms_message WHERE broadcast = :broadcast GROUP BY variant, state"
)
OPTED_OUT_BY_VARIANT = same(
    "SELECT variant, count(*) FROM skymms_message m WHERE broadcast = :broadcast AND state IN "
    f"('accepted', 'delivered', 'failed') AND {OPTED_OUT} GROUP BY variant"
)
#: State, carrier, number of messages, and how many of their recipients opted out.
LAST_OUTCOMES = same(
    f"SELECT state, operator_id, count(*), count(CASE WHEN {OPTED_OUT} THEN 1 END) FROM {_LAST} GROUP BY state, operator_id"
)
#: Carrier, code, reason and number of failures, the most frequent first; of one carrier if it is given.
LAST_FAILURES = same(
    f"SELECT operator_id, code, max(why), count(*) FROM {_LAST} WHERE state IN ('failed', 'refused') AND "
    "(:carrier = '' OR operator_id = :carrier) GROUP BY operator_id, code ORDER BY count(*) DESC, code LIMIT 1"
)
LAST_SENT = same("SELECT max(sent_at) FROM skymms_message WHERE broadcast = :broadcast")
#: When an operator resumed a broadcast, or its canary was passed. An earlier broadcast may have had its name.
LAST_DECISIONS = same(
    "SELECT a.verb, max(a.at) FROM skymms_audit a JOIN skymms_broadcast b ON b.name = a.broadcast AND a.at >= b.created_at "
    "WHERE b.id = :broadcast AND a.verb IN ('resume', 'canary passed') GROUP BY a.verb"
)
#: Until the transaction ends, no other session of a database looks at the canary, changes the phase of the broadcast, or makes
#: messages ready again. A transaction of SQLite that writes is alone.
LOCK_BROADCAST = Statement("", "SELECT id FROM skymms_broadcast WHERE id = :broadcast FOR NO KEY UPDATE")
