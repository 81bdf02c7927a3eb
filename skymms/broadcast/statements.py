"""The statements of broadcasts, each with its SQL for SQLite and for PostgreSQL."""

from __future__ import annotations

from functools import reduce

from ..storage.contract import Statement, same

# ------------------------------------------------------------------------------------------------ broadcasts and their lists

ADD_BROADCAST = same(
    "INSERT INTO skymms_broadcast (name, state, settings, plan, created_at) "
    "VALUES (:name, 'loading', :settings, :plan, :now) ON CONFLICT (name) DO NOTHING"
)
FIND_BROADCAST = same(
    "SELECT id, name, state, why, settings, plan, created_at, finished_at FROM skymms_broadcast WHERE name = :name"
)
LIST_BROADCASTS = same("SELECT name, state, why, created_at, finished_at FROM skymms_broadcast ORDER BY id")
SET_PHASE = same(
    "UPDATE skymms_broadcast SET state = :to, why = :why, finished_at = :finished WHERE id = :broadcast AND state IN "
    "(:from_1, :from_2, :from_3)"
)
BROADCAST_SETTINGS = same("SELECT settings FROM skymms_broadcast WHERE id = :broadcast")
PHASE = same("SELECT state, why FROM skymms_broadcast WHERE id = :broadcast")
#: Only a broadcast from which nothing can have been sent.
DELETE_LOADING = same("DELETE FROM skymms_broadcast WHERE id = :broadcast AND state = 'loading'")
#: It also keeps another process from deleting it before the transaction ends.
KEEP_LOADING = same("UPDATE skymms_broadcast SET why = NULL WHERE id = :broadcast AND state = 'loading'")
ADD_VARIANT = same(
    "INSERT INTO skymms_variant (broadcast, name, weight, operation) VALUES (:broadcast, :name, :weight, :operation) "
    "ON CONFLICT (broadcast, name) DO NOTHING"
)
VARIANTS = same("SELECT id, name, weight, operation FROM skymms_variant WHERE broadcast = :broadcast ORDER BY id")
# SQLite uses a partial index only if its condition is in the statement word for word, so `state IN ('sending', 'unknown')` is
# written beside `state = 'sending'`.
MESSAGE_COLUMNS = ("broadcast", "number", "line", "variant", "data", "reference", "zone", "consent", "state", "why")
LAST_MESSAGE = same("SELECT max(id) FROM skymms_message")
#: The numbers that a chunk of the list has added.
ADDED_NUMBERS = same("SELECT number FROM skymms_message WHERE id > :after AND broadcast = :broadcast")
#: The lines of the list from which these numbers are.
LINES_OF_NUMBERS = Statement(
    "SELECT number, line FROM skymms_message WHERE broadcast = :broadcast AND number IN "
    "(SELECT value FROM json_each(:numbers))",
    "SELECT number, line FROM skymms_message WHERE broadcast = :broadcast AND number IN "
    "(SELECT value FROM json_array_elements_text(:numbers::json) AS value)",
)
ADD_LEFT_OUT = same(
    "INSERT INTO skymms_left_out (broadcast, line, kind, text, reason) VALUES (:broadcast, :line, :kind, :text, :reason)"
)
LEFT_OUT = same(
    "SELECT line, kind, text, reason FROM skymms_left_out WHERE broadcast = :broadcast ORDER BY line, id LIMIT :most"
)
COUNT_LEFT_OUT = same("SELECT kind, count(*) FROM skymms_left_out WHERE broadcast = :broadcast GROUP BY kind")
COUNT_STATES = same("SELECT state, count(*) FROM skymms_message WHERE broadcast = :broadcast GROUP BY state")
#: It reads all messages of the ledger, because an index would cost each message more.
COUNT_UNREPORTED = same(
    "SELECT count(*) FROM skymms_message WHERE broadcast = :broadcast AND state = 'accepted' AND updated_at < :before"
)
ZONES = same("SELECT DISTINCT zone FROM skymms_message WHERE broadcast = :broadcast")

# ------------------------------------------------------------------------------------------------ tallies

ADD_TO_TALLY = same(
    "INSERT INTO skymms_tally (broadcast, worker, state, n) VALUES (:broadcast, :worker, :state, :n) "
    "ON CONFLICT (broadcast, worker, state) DO UPDATE SET n = skymms_tally.n + excluded.n"
)
TALLY = same("SELECT state, CAST(sum(n) AS BIGINT) FROM skymms_tally WHERE broadcast = :broadcast GROUP BY state")

# ------------------------------------------------------------------------------------------------ blocks of a run

#: Ready messages that are due, in one time zone, after the last that this worker took.
_READY = (
    "SELECT id, number, variant, data, attempts, due FROM skymms_message WHERE broadcast = :broadcast AND zone = :zone AND "
    "state = 'ready' AND due <= :now AND (due, id) > (:after_due, :after_id) ORDER BY due, id LIMIT :most"
)
READY = Statement(
    "SELECT json_group_array(json_array(id, number, variant, data, attempts, printf('%!.17g', due))) "  # noqa: S608
    f"FROM ({_READY}) AS ready",
    "SELECT coalesce(json_agg(json_build_array(id, number, variant, data, attempts, due::text)), '[]')::text "  # noqa: S608
    f"FROM ({_READY} FOR UPDATE SKIP LOCKED) AS ready",
)
#: An operator wants it to be sent again. That is kept until there is an outcome: nothing else says that its earlier request
#: may have been accepted.
SET_SENDING = Statement(
    "UPDATE skymms_message SET state = 'sending', why = CASE WHEN why = 'settled as resend' THEN why END, "
    "attempts = attempts + 1, lease = :lease, sender = :sender, sent_at = :now, updated_at = :now "
    "WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'ready'",
    "UPDATE skymms_message SET state = 'sending', why = CASE WHEN why = 'settled as resend' THEN why END, "
    "attempts = attempts + 1, lease = :lease, sender = :sender, sent_at = :now, updated_at = :now "
    "WHERE id IN (SELECT value::bigint FROM json_array_elements_text(:ids::json) AS value) "
    "AND state = 'ready'",
)
SET_SKIPPED = Statement(
    "UPDATE skymms_message SET state = 'skipped', why = :why, updated_at = :now "
    "WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'ready'",
    "UPDATE skymms_message SET state = 'skipped', why = :why, updated_at = :now "
    "WHERE id IN (SELECT value::bigint FROM json_array_elements_text(:ids::json) AS value) AND state = 'ready'",
)
#: Before messages are skipped: one that an operator wanted to be sent again may have been accepted before.
UNKNOWN_AGAIN = same(
    "UPDATE skymms_message SET state = 'unknown', updated_at = :now "
    "WHERE broadcast = :broadcast AND state = 'ready' AND why = 'settled as resend'"
)
UNKNOWN_AGAIN_BY_ID = Statement(
    "UPDATE skymms_message SET state = 'unknown', updated_at = :now "
    "WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'ready' AND why = 'settled as resend'",
    "UPDATE skymms_message SET state = 'unknown', updated_at = :now "
    "WHERE id IN (SELECT value::bigint FROM json_array_elements_text(:ids::json) AS value) AND state = 'ready' "
    "AND why = 'settled as resend'",
)
SKIP_ALL_READY = same(
    "UPDATE skymms_message SET state = 'skipped', why = :why, updated_at = :now "
    "WHERE broadcast = :broadcast AND state = 'ready'"
)
#: What this worker holds without knowing it.
GIVE_BACK = Statement(
    "UPDATE skymms_message SET state = 'ready', attempts = attempts - 1, lease = NULL, updated_at = :now "
    "WHERE lease = :lease AND state = 'sending' AND id NOT IN (SELECT value FROM json_each(:known))",
    "UPDATE skymms_message SET state = 'ready', attempts = attempts - 1, lease = NULL, updated_at = :now "
    "WHERE lease = :lease AND state = 'sending' AND id NOT IN "
    "(SELECT value::bigint FROM json_array_elements_text(:known::json) AS value)",
)
#: What a worker that has ended left behind. Its lease stays in the row, for its late answer.
INTERRUPT_OTHERS = same(
    "UPDATE skymms_message SET state = 'unknown', why = 'interrupted', updated_at = :now "
    "WHERE broadcast = :broadcast "
    "AND state IN ('sending', 'unknown') AND state = 'sending' AND (lease IS NULL OR lease <> :lease)"
)
INTERRUPT_EXPIRED = same(
    "UPDATE skymms_message SET state = 'unknown', why = 'interrupted', updated_at = :now "
    "WHERE broadcast = :broadcast AND state IN ('sending', 'unknown') AND state = 'sending' AND NOT EXISTS "
    "(SELECT 1 FROM skymms_worker WHERE skymms_worker.id = skymms_message.lease AND lease_until > :now)"
)
RENEW_LEASE = same(
    "INSERT INTO skymms_worker (id, broadcast, host, pid, started_at, lease_until) "
    "VALUES (:lease, :broadcast, :host, :pid, :now, :until) ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until"
)
SHORTEN_LEASES = same("UPDATE skymms_worker SET lease_until = :until WHERE lease_until > :latest")
END_LEASE = same("DELETE FROM skymms_worker WHERE id = :lease")
STILL_OPEN = Statement(
    "SELECT EXISTS (SELECT 1 FROM skymms_message WHERE broadcast = :broadcast AND state = 'ready'), "
    "EXISTS (SELECT 1 FROM skymms_message WHERE broadcast = :broadcast "
    "AND state IN ('sending', 'unknown') AND state = 'sending')",
    "SELECT EXISTS (SELECT 1 FROM skymms_message WHERE broadcast = :broadcast AND state = 'ready')::int, "
    "EXISTS (SELECT 1 FROM skymms_message WHERE broadcast = :broadcast "
    "AND state IN ('sending', 'unknown') AND state = 'sending')::int",
)
HELD_BY_OTHERS = same(
    "SELECT id FROM skymms_message WHERE broadcast = :broadcast "
    "AND state IN ('sending', 'unknown') AND state = 'sending' AND lease <> :lease LIMIT 1"
)
#: After the ledger's clock was set back, messages that wait would wait for as long.
SET_DUE = same("UPDATE skymms_message SET due = 0 WHERE broadcast = :broadcast AND state = 'ready' AND due > :latest")
NEXT_DUE = same("SELECT min(due) FROM skymms_message WHERE broadcast = :broadcast AND state = 'ready' AND zone = :zone")

# ------------------------------------------------------------------------------------------------ pace

ADD_PACE = same("INSERT INTO skymms_pace (account, gap) VALUES (:account, :gap) ON CONFLICT (account) DO NOTHING")
#: The account's turns; in PostgreSQL the row stays locked until the end of the transaction.
PACE = Statement(
    "SELECT gap, factor, slowed_at, next_turn FROM skymms_pace WHERE account = :account",
    "SELECT gap, factor, slowed_at, next_turn FROM skymms_pace WHERE account = :account FOR UPDATE",
)
SET_PACE = same(
    "UPDATE skymms_pace SET gap = :gap, factor = :factor, slowed_at = :slowed_at, next_turn = :next_turn "
    "WHERE account = :account"
)

# ------------------------------------------------------------------------------------------------ operators

AUDIT = same("INSERT INTO skymms_audit (at, who, verb, broadcast, detail) VALUES (:now, :who, :verb, :broadcast, :detail)")
AUDIT_LOG = same("SELECT id, at, who, verb, broadcast, detail FROM skymms_audit WHERE id > :after ORDER BY id LIMIT :size")
UNKNOWN = same(
    "SELECT id, number, why, code, attempts, reference, sent_at, updated_at FROM skymms_message "
    "WHERE broadcast = :broadcast "
    "AND state IN ('sending', 'unknown') AND state = 'unknown' AND id > :after ORDER BY id LIMIT :size"
)
#: Not of a number that was erased: its values are gone.
FIRST_MESSAGE = same(
    "SELECT variant, data FROM skymms_message WHERE broadcast = :broadcast AND number NOT LIKE '#%' ORDER BY id LIMIT 1"
)
FIND_MESSAGE = same("SELECT id, state, sent_at, attempts FROM skymms_message WHERE broadcast = :broadcast AND number = :number")
SETTLE = same(
    "UPDATE skymms_message SET state = :state, why = :why, due = :due, lease = NULL, updated_at = :now "
    "WHERE id = :id AND state = 'unknown'"
)
ROWS = same(
    "SELECT m.id, number, state, why, code, tracking_id, mms_id, attempts, reference, sent_at, updated_at, sent_as, "
    "operator_id, handset, delivered_at, v.name, credits FROM skymms_message m LEFT JOIN skymms_variant v ON v.id = m.variant "
    "WHERE m.broadcast = :broadcast AND m.id > :after ORDER BY m.id LIMIT :size"
)

# ------------------------------------------------------------------------------------------------ suppression

SUPPRESS = same(
    "INSERT INTO skymms_suppressed (number, scope, source, at, evidence) VALUES (:number, :scope, :source, :at, :evidence) "
    "ON CONFLICT (number, scope) DO UPDATE SET source = excluded.source, at = excluded.at, evidence = excluded.evidence, "
    "lifted_at = NULL, revocable = 0 WHERE skymms_suppressed.lifted_at IS NOT NULL"
)
#: How many messages the broadcasts have, and how many of these are Cellcast's.
COUNT_CELLCAST = same("SELECT count(*), count(CASE WHEN operation LIKE :like THEN 1 END) FROM skymms_variant")
LEDGER_ID = same("SELECT value FROM skymms_secret WHERE name = 'ledger'")
ADD_LEDGER_ID = same("INSERT INTO skymms_secret (name, value) VALUES ('ledger', :value) ON CONFLICT DO NOTHING")
SECRET = same("SELECT value FROM skymms_secret WHERE name = 'numbers'")
ADD_SECRET = same("INSERT INTO skymms_secret (name, value) VALUES ('numbers', :value) ON CONFLICT DO NOTHING")
#: The number of a message, in its own broadcast.
SUPPRESS_OF_MESSAGE = same(
    "INSERT INTO skymms_suppressed (number, scope, source, at, evidence, revocable) "
    "SELECT number, :scope, :source, :at, 'message ' || id, :revocable FROM skymms_message WHERE id = :id "
    "ON CONFLICT (number, scope) DO UPDATE SET source = excluded.source, at = excluded.at, evidence = excluded.evidence, "
    "revocable = excluded.revocable, lifted_at = NULL WHERE skymms_suppressed.lifted_at IS NOT NULL"
)

# ------------------------------------------------------------------------------------------------ erasure

UNKNOWN_AGAIN_OF_NUMBER = same(
    "UPDATE skymms_message SET state = 'unknown', updated_at = :now "
    "WHERE number = :number AND state = 'ready' AND why = 'settled as resend' RETURNING broadcast"
)
FORGET_READY = same(
    "UPDATE skymms_message SET state = 'skipped', why = 'opted out', updated_at = :now "
    "WHERE number = :number AND state = 'ready' RETURNING broadcast"
)
FORGET_MESSAGES = same(
    "UPDATE skymms_message SET number = :hashed, data = NULL, reference = NULL, consent = NULL, "
    "why = replace(why, :number, :hashed), tracking_id = replace(tracking_id, :number, :hashed) "
    "WHERE number = :number AND NOT EXISTS (SELECT 1 FROM skymms_message twin WHERE twin.number = :hashed "
    "AND twin.broadcast = skymms_message.broadcast)"
)
FORGET_REPEATED = same("DELETE FROM skymms_message WHERE number = :number RETURNING broadcast")
_DIGITS = reduce(lambda sql, separator: f"replace({sql}, '{separator}', '')", " -.()+[]", "text")
#: Tables with texts in which the number may be. A lost report is harmless, and so is a reply without its number.
FORGET_ELSEWHERE = (
    same("DELETE FROM skymms_suppressed WHERE number = :number"),
    same("DELETE FROM skymms_wish WHERE number = :number"),
    same("DELETE FROM skymms_report WHERE number = :number OR (number IS NULL AND notice LIKE :like)"),
    same("UPDATE skymms_report SET evidence = replace(evidence, :number, :hashed) WHERE evidence LIKE :like"),
    same(f"UPDATE skymms_left_out SET text = '', reason = 'erased' WHERE {_DIGITS} LIKE :like OR reason LIKE :like"),  # noqa: S608
    same("UPDATE skymms_once SET reply = replace(reply, :number, :hashed) WHERE reply LIKE :like"),
    same("UPDATE skymms_once SET number = :hashed WHERE number = :number"),
    same("UPDATE skymms_once SET about = replace(about, :number, :hashed) WHERE about LIKE :like"),
    same("UPDATE skymms_once SET error = replace(error, :number, :hashed) WHERE error LIKE :like"),
    same("UPDATE skymms_broadcast SET why = replace(why, :number, :hashed) WHERE why LIKE :like"),
    same("UPDATE skymms_suppressed SET evidence = replace(evidence, :number, :hashed) WHERE evidence LIKE :like"),
    same("UPDATE skymms_audit SET detail = replace(detail, :number, :hashed) WHERE detail LIKE :like"),
)

# ------------------------------------------------------------------------------------------------ reports

ADD_REPORT = Statement(
    "INSERT INTO skymms_report (identity, id, at, notice, tracking_id, mms_id, number, sender, client_reference) "
    "VALUES (:identity, (SELECT coalesce(max(id), 0) + 1 FROM skymms_report), :at, :notice, :tracking_id, :mms_id, :number, "
    ":sender, :client_reference) ON CONFLICT (identity) DO NOTHING RETURNING id",
    "INSERT INTO skymms_report (identity, at, notice, tracking_id, mms_id, number, sender, client_reference) "
    "VALUES (:identity, :at, :notice, :tracking_id, :mms_id, :number, :sender, :client_reference) "
    "ON CONFLICT (identity) DO NOTHING RETURNING id",
)
SET_REPORT = same("UPDATE skymms_report SET message = :message, evidence = :evidence WHERE id = :id")
MESSAGE_OF_REPORT = same("SELECT message FROM skymms_report WHERE id = :id AND message IS NOT NULL")
SET_CREDITS = same("UPDATE skymms_message SET credits = coalesce(credits, :credits) WHERE id = :id")
#: Reports and answers about one number wait for each other, so that one of them sees the other. A transaction of SQLite that
#: writes is alone anyway. The forms of a number, with and without a country code, have the same last digits. A report without a
#: number waits for the answers with its tracking id.
LOCK_NUMBER = Statement("", "SELECT pg_advisory_xact_lock(hashtextextended(right(:number, 8), 7593211))")
LOCK_TRACKING = Statement("", "SELECT pg_advisory_xact_lock(hashtextextended('id ' || :tracking_id, 7593211))")
LOCK_NUMBERS = Statement(
    "",
    "SELECT pg_advisory_xact_lock(hash) FROM (SELECT DISTINCT hashtextextended(right(value, 8), 7593211) AS hash "
    "FROM json_array_elements_text(:numbers::json) AS value ORDER BY hash) AS hashes",
)
LOCK_ANSWERED = Statement(
    "",
    "SELECT pg_advisory_xact_lock_shared(hash) FROM (SELECT hashtextextended(right(number, 8), 7593211) AS hash "
    "FROM skymms_message WHERE id IN (SELECT value::bigint FROM json_array_elements_text(:ids::json) AS value) "
    "UNION SELECT hashtextextended('id ' || value, 7593211) FROM json_array_elements_text(:tracking_ids::json) AS value "
    "ORDER BY hash) AS hashes",
)
LOCK_INTERRUPTED = Statement(
    "",
    "SELECT pg_advisory_xact_lock_shared(hash) FROM (SELECT DISTINCT hashtextextended(right(number, 8), 7593211) AS hash "
    "FROM skymms_message WHERE broadcast = :broadcast AND state IN ('sending', 'unknown') AND state = 'unknown' "
    "AND updated_at = :now ORDER BY hash) AS hashes",
)
ANY_UNMATCHED = same("SELECT 1 FROM skymms_report WHERE message IS NULL LIMIT 1")
REPORTS_OF_ANSWERS = Statement(
    "SELECT id, notice, at FROM skymms_report WHERE message IS NULL AND tracking_id IN (SELECT value FROM json_each(:ids)) "
    "ORDER BY id",
    "SELECT id, notice, at FROM skymms_report WHERE message IS NULL AND tracking_id IN "
    "(SELECT value FROM json_array_elements_text(:ids::json) AS value) ORDER BY id",
)
#: The numbers of some messages about which there are reports without a message.
NUMBERS_OF_ANSWERS = Statement(
    "SELECT DISTINCT number FROM skymms_message m WHERE id IN (SELECT value FROM json_each(:ids)) AND EXISTS "
    "(SELECT 1 FROM skymms_report r WHERE r.number = m.number AND r.message IS NULL) ORDER BY number",
    "SELECT DISTINCT number FROM skymms_message m WHERE id IN "
    "(SELECT value::bigint FROM json_array_elements_text(:ids::json) AS value) AND EXISTS "
    "(SELECT 1 FROM skymms_report r WHERE r.number = m.number AND r.message IS NULL) ORDER BY number",
)
NUMBERS_OF_UNKNOWN = same(
    "SELECT DISTINCT number FROM skymms_message m WHERE broadcast = :broadcast "
    "AND state IN ('sending', 'unknown') AND state = 'unknown' AND EXISTS "
    "(SELECT 1 FROM skymms_report r WHERE r.number = m.number AND r.message IS NULL) ORDER BY number"
)
UNMATCHED_OF_NUMBER = same(
    "SELECT id, notice, at FROM skymms_report WHERE number = :number AND message IS NULL AND at >= :since ORDER BY id"
)
#: For `Broadcast.unknown`: what may be about the messages of a page.
EVIDENCE = Statement(
    "SELECT number, at, notice, evidence FROM skymms_report WHERE message IS NULL AND number IN "
    "(SELECT value FROM json_each(:numbers)) ORDER BY id",
    "SELECT number, at, notice, evidence FROM skymms_report WHERE message IS NULL AND number IN "
    "(SELECT value FROM json_array_elements_text(:numbers::json) AS value) ORDER BY id",
)
#: Reports without a number are found by their tracking id only.
UNMATCHED_WITH_MESSAGE = same(
    "SELECT r.id, r.notice, r.at FROM skymms_report r JOIN skymms_message m ON m.tracking_id = r.tracking_id "
    "WHERE r.message IS NULL AND r.id > :after ORDER BY r.id LIMIT :size"
)
_REQUESTED = (
    "(state IN ('sending', 'accepted', 'unknown', 'delivered', 'failed') OR (state = 'ready' AND why = 'settled as resend')) "
    "AND sent_at IS NOT NULL"
)
_MESSAGE = (
    "SELECT m.id, m.broadcast, state, number, m.tracking_id, sender, sent_at, m.mms_id, attempts, data, v.operation, why "
    "FROM skymms_message m LEFT JOIN skymms_variant v ON v.id = m.variant "
)
MESSAGES_BY_TRACKING = same(f"{_MESSAGE} WHERE m.tracking_id = :tracking_id ORDER BY m.id DESC LIMIT 10")
MESSAGE_BY_ID = same(f"{_MESSAGE} WHERE m.id = :id")
MESSAGES_OF_NUMBER = same(f"{_MESSAGE} WHERE number = :number AND {_REQUESTED} ORDER BY sent_at, m.id")
APPLY_REPORT = same(
    "UPDATE skymms_message SET updated_at = CASE WHEN state = :state THEN updated_at ELSE :now END, "
    "why = CASE WHEN state = :state THEN why ELSE :why END, code = CASE WHEN state = :state THEN code ELSE :code END, "
    "state = :state, tracking_id = coalesce(tracking_id, :tracking_id), mms_id = coalesce(mms_id, :mms_id), "
    "sent_as = coalesce(:sent_as, sent_as), operator_id = coalesce(:operator_id, operator_id), "
    "handset = coalesce(:handset, handset), delivered_at = coalesce(:delivered_at, delivered_at), "
    "credits = coalesce(:credits, credits) WHERE id = :id AND state = :before"
)
#: What a report adds to a message in a state in which it stays.
COMPLETE = same(
    "UPDATE skymms_message SET tracking_id = coalesce(tracking_id, :tracking_id), mms_id = coalesce(mms_id, :mms_id), "
    "sent_as = coalesce(sent_as, :sent_as), operator_id = coalesce(operator_id, :operator_id), "
    "handset = coalesce(handset, :handset), credits = coalesce(credits, :credits) WHERE id = :id"
)

# ------------------------------------------------------------------------------------------------ reconciliation

#: The messages that a gateway is asked about, of one broadcast: how many, and when the first and the last was requested.
OPEN_SPAN = same(
    "SELECT count(*), min(sent_at), max(sent_at), count(CASE WHEN state = 'unknown' THEN 1 END) FROM skymms_message "
    "WHERE broadcast = :broadcast AND (state = 'unknown' OR (state = 'accepted' AND updated_at < :before))"
)
FIRST_VARIANTS = same(
    "SELECT b.id, b.name, (SELECT operation FROM skymms_variant v WHERE v.broadcast = b.id ORDER BY v.id LIMIT 1) "
    "FROM skymms_broadcast b WHERE b.id > :after ORDER BY b.id LIMIT :size"
)

# ------------------------------------------------------------------------------------------------ estimates and retention

COUNT_READY = same(
    "SELECT count(*), count(DISTINCT variant || ' ' || coalesce(data, '')) FROM skymms_message "
    "WHERE broadcast = :broadcast AND state = 'ready'"
)
#: Rows that do not have the message of the row before. A request of Cellcast has one message for all its numbers.
COUNT_CHANGES = same(
    "SELECT count(*) FROM (SELECT coalesce(data, '') AS now, "
    "lag(coalesce(data, '')) OVER (PARTITION BY variant ORDER BY zone, id) AS before "
    "FROM skymms_message WHERE broadcast = :broadcast AND state = 'ready') rows_in_order WHERE before IS NULL OR before <> now"
)
#: The hashes of erased numbers.
ERASED = same("SELECT number FROM skymms_suppressed WHERE number LIKE '#%' AND lifted_at IS NULL")
READY_BY_ZONE = same(
    "SELECT zone, min(due), count(*) FROM skymms_message WHERE broadcast = :broadcast AND state = 'ready' GROUP BY zone"
)
#: Whether a recipient has a value for a merge field, whose name as JSON is :first or :later in the data.
HAS_VALUE = same(
    "SELECT 1 FROM skymms_message WHERE broadcast = :broadcast AND state = 'ready' "
    "AND length(replace(replace(data, :first, ''), :later, '')) < length(data) LIMIT 1"
)
#: Numbers of ten digits, as US numbers have without their country code.
COUNT_TEN_DIGITS = same(
    "SELECT count(*) FROM skymms_message WHERE broadcast = :broadcast AND state IN ('ready', 'skipped') "
    "AND length(number) = 10 AND number >= '2'"
)
READY_NUMBERS = same(
    "SELECT id, number FROM skymms_message WHERE broadcast = :broadcast AND state = 'ready' AND id > :after "
    "ORDER BY id LIMIT :size"
)
PRUNE_BROADCASTS = same(
    "DELETE FROM skymms_broadcast WHERE state IN ('done', 'cancelled') AND finished_at < :before AND NOT EXISTS "
    "(SELECT 1 FROM skymms_message m WHERE m.broadcast = skymms_broadcast.id AND m.state IN ('sending', 'unknown'))"
)
#: Lists that were not read to the end.
PRUNE_LOADING = same("DELETE FROM skymms_broadcast WHERE state = 'loading' AND created_at < :before")
#: Those of messages that are kept are kept too.
PRUNE_REPORTS = same(
    "DELETE FROM skymms_report WHERE at < :before AND "
    "NOT EXISTS (SELECT 1 FROM skymms_message m WHERE m.id = skymms_report.message)"
)
PRUNE_WORKERS = same("DELETE FROM skymms_worker WHERE lease_until < :before")
