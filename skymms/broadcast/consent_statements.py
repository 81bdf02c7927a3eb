"""The statements about people: opt-outs, what people said, and how many messages they got; each for SQLite and PostgreSQL."""

# ruff: noqa: S608  (the parts that are put together are in this file)

from __future__ import annotations

from ..storage.contract import Statement, same
from .outcome_statements import OTHER_FORM


def _for_both(sql: str) -> Statement:
    """Return a statement in which ``{name}`` stands for the texts of the JSON list ``:name``, as a subquery."""
    names = ("keys", "scopes", "numbers")
    return Statement(
        sql.format(**{name: f"(SELECT value FROM json_each(:{name}))" for name in names}),
        sql.format(**{name: f"(SELECT value FROM json_array_elements_text(:{name}::json) AS value)" for name in names}),
    )


# ------------------------------------------------------------------------------------------------ who gets nothing

#: An opt-out ``s`` that counts for the scopes of a broadcast. ``sender:*`` is the scope of one whose sender is not known.
_COUNTS = "lifted_at IS NULL AND (scope IN {scopes} OR (scope LIKE 'sender:%' AND 'sender:*' IN {scopes}))"
#: Those of some numbers, or of their hashes, that have opted out in the scope of a broadcast.
SUPPRESSED = _for_both(f"SELECT number FROM skymms_suppressed WHERE number IN {{keys}} AND {_COUNTS}")
COUNT_OPTED_OUT = _for_both(
    "SELECT count(*) FROM skymms_message m WHERE broadcast = :broadcast AND state = 'ready' AND EXISTS (SELECT 1 FROM "
    f"skymms_suppressed s WHERE s.number IN (m.number, {OTHER_FORM}) AND {_COUNTS})"
)
#: What somebody else than the person has decided is not taken back by the person's START.
SUPPRESS_FIRMLY = _for_both(
    "UPDATE skymms_suppressed SET revocable = 0 WHERE revocable = 1 AND scope = :scope AND number IN {numbers}"
)
FIRMLY_OF_MESSAGE = same(
    "UPDATE skymms_suppressed SET revocable = 0 WHERE revocable = 1 AND scope = :scope AND number = "
    "(SELECT number FROM skymms_message WHERE id = :id)"
)
#: How many messages some numbers got since a time: of other broadcasts, and of all. A failed message did not arrive.
COUNT_RECENT = _for_both(
    "SELECT number, count(CASE WHEN broadcast <> :broadcast THEN 1 END), count(*) FROM skymms_message "
    "WHERE number IN {numbers} AND sent_at > :since "
    "AND (state IN ('sending', 'accepted', 'delivered', 'unknown') OR (state = 'ready' AND why = 'settled as resend')) "
    "GROUP BY number"
)
#: Messages that are ready to numbers that got so many messages of other broadcasts since a time. The messages to both forms of
#: a US number count together.
COUNT_CAPPED = same(
    "SELECT count(*) FROM skymms_message m WHERE broadcast = :broadcast AND state = 'ready' AND (SELECT count(*) "
    "FROM skymms_message o WHERE o.number IN (m.number, CASE WHEN length(m.number) = 10 AND m.number >= '2' "
    "THEN '1' || m.number WHEN length(m.number) = 11 AND m.number LIKE '1%' AND substr(m.number, 2) >= '2' "
    "THEN substr(m.number, 2) END) AND o.broadcast <> :broadcast AND o.sent_at > :since AND "
    "(o.state IN ('sending', 'accepted', 'delivered', 'unknown') OR (o.state = 'ready' AND o.why = 'settled as resend'))"
    ") >= :most"
)
#: Two transactions that count the messages of one number must not overlap, or neither would see the message of the other. The
#: locks are not waited for, so that no two transactions can wait for each other. A transaction of SQLite is alone. A US number
#: is locked in its longer form.
LOCK_TO_COUNT = Statement(
    "SELECT :numbers",
    "SELECT coalesce(json_agg(value), '[]')::text FROM json_array_elements_text(:numbers::json) AS value "
    "WHERE pg_try_advisory_xact_lock(hashtextextended(value, 7593212))",
)
LOCK_TO_SEND = Statement(
    "SELECT :numbers",
    "SELECT coalesce(json_agg(value), '[]')::text FROM json_array_elements_text(:numbers::json) AS value "
    "WHERE pg_try_advisory_xact_lock_shared(hashtextextended(value, 7593212))",
)
#: Rows of a list that will not be sent to, among those that a chunk has added, and of a whole broadcast by their reason.
COUNT_SKIPPED_AFTER = same(
    "SELECT count(*) FROM skymms_message WHERE id > :after AND broadcast = :broadcast AND state = 'skipped'"
)
COUNT_SKIPPED = same(
    "SELECT why, count(*) FROM skymms_message WHERE broadcast = :broadcast AND state = 'skipped' GROUP BY why ORDER BY why"
)

# ------------------------------------------------------------------------------------------------ what people said

ADD_WISH = Statement(
    "INSERT INTO skymms_wish (identity, id, arrived_at, at, number, scope, wish, text, notice) VALUES (:identity, "
    "(SELECT coalesce(max(id), 0) + 1 FROM skymms_wish), :now, :at, :number, :scope, :wish, :text, :notice) "
    "ON CONFLICT (identity) DO NOTHING RETURNING id",
    "INSERT INTO skymms_wish (identity, arrived_at, at, number, scope, wish, text, notice) VALUES (:identity, :now, :at, "
    ":number, :scope, :wish, :text, :notice) ON CONFLICT (identity) DO NOTHING RETURNING id",
)
FIND_WISH = same("SELECT id, number, scope, wish, arrived_at FROM skymms_wish WHERE identity = :identity")
#: Of a number in all its forms. Several may have one time, because times are in whole seconds. STOP counts then. START does not
#: count if it is from the future, because the clock was wrong when it came: it would win over every STOP until then.
LATEST_WISH = _for_both(
    "SELECT id, wish, at FROM skymms_wish WHERE number IN {numbers} AND scope = :scope AND "
    "(wish = 'stop' OR (wish = 'start' AND at <= :now)) "
    "ORDER BY at DESC, CASE wish WHEN 'stop' THEN 0 ELSE 1 END, id LIMIT 1"
)
FLAGGED = same(
    "SELECT id, number, scope, text, at FROM skymms_wish WHERE wish = 'unclear' AND id > :after ORDER BY id LIMIT :size"
)
DECIDE = same(
    "UPDATE skymms_wish SET wish = :wish, decided_by = :who WHERE id = :id AND wish = 'unclear' RETURNING number, scope"
)
#: The first word stays: it says since when nothing was wanted.
SUPPRESS_REVOCABLY = same(
    "INSERT INTO skymms_suppressed (number, scope, source, at, evidence, revocable) "
    "VALUES (:number, :scope, :source, :at, :evidence, 1) ON CONFLICT (number, scope) DO UPDATE SET source = excluded.source, "
    "at = excluded.at, evidence = excluded.evidence, revocable = 1, lifted_at = NULL "
    "WHERE skymms_suppressed.lifted_at IS NOT NULL"
)
LIFT = same(
    "UPDATE skymms_suppressed SET lifted_at = :at WHERE number = :number AND scope = :scope AND revocable = 1 AND "
    "lifted_at IS NULL AND at < :at"
)
EVIDENCE_OF_OPT_OUT = same(
    "SELECT evidence FROM skymms_suppressed WHERE number = :number AND scope = :scope AND lifted_at IS NULL"
)
IS_SUPPRESSED = _for_both(
    "SELECT 1 FROM skymms_suppressed WHERE number IN {numbers} AND scope = :scope AND lifted_at IS NULL LIMIT 1"
)

# ------------------------------------------------------------------------------------------------ everything about a number

SUPPRESSIONS_OF_NUMBER = same(
    "SELECT scope, source, at, evidence, lifted_at FROM skymms_suppressed WHERE number = :number ORDER BY at, scope"
)
WISHES_OF_NUMBER = same(
    "SELECT id, wish, scope, text, at, decided_by, notice FROM skymms_wish WHERE number = :number ORDER BY at, id"
)
HISTORY_OF_NUMBER = same(
    "SELECT b.id, b.name, m.line, m.state, m.why, m.code, m.zone, m.consent, m.sender, m.sent_at, m.updated_at, "
    "m.delivered_at, m.due FROM skymms_message m JOIN skymms_broadcast b ON b.id = m.broadcast "
    "WHERE m.number = :number ORDER BY m.id"
)
#: The `settle` entries of the audit table for a broadcast, since a time: who, when, and the details.
SETTLEMENTS = same(
    "SELECT a.who, a.at, a.detail FROM skymms_audit a JOIN skymms_broadcast b ON b.name = a.broadcast "
    "WHERE b.id = :broadcast AND a.verb = 'settle' AND a.at >= :after ORDER BY a.at, a.id LIMIT 10"
)
LEFT_OUT_OF_NUMBER = _for_both(
    "SELECT b.name, l.line, l.kind, l.reason FROM skymms_left_out l JOIN skymms_broadcast b ON b.id = l.broadcast "
    "WHERE l.text IN {numbers} ORDER BY l.id"
)
