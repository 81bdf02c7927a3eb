"""The statements of the inbox, each with its SQL for SQLite and for PostgreSQL."""

from __future__ import annotations

from ..storage.contract import Statement, same

# ------------------------------------------------------------------------------------------------ storing

#: Posts are stored before or after a handler is registered, not at the same time: each notice is in one of the two.
LOCK_HANDLERS = Statement("", "LOCK TABLE skymms_handler IN ROW SHARE MODE")
#: The keys that are new, or may come again. In the order of the keys, so that two sessions do not wait for each other.
ADD_KEYS = Statement(
    "INSERT INTO skymms_identity (key, at, until) SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), "
    "json_extract(value, '$[2]') FROM json_each(:rows) WHERE true ON CONFLICT (key) DO UPDATE SET at = excluded.at, "
    "until = excluded.until WHERE skymms_identity.until <= excluded.at RETURNING key",
    "INSERT INTO skymms_identity (key, at, until) SELECT value->>0, (value->>1)::float8, (value->>2)::float8 "
    "FROM json_array_elements(:rows::json) AS value ORDER BY value->>0 ON CONFLICT (key) DO UPDATE SET at = excluded.at, "
    "until = excluded.until WHERE skymms_identity.until <= excluded.at RETURNING key",
)
#: Ids that no other row of a table has or had.
NEW_IDS = Statement(
    "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :n) SELECT n + coalesce("
    "(SELECT seq FROM sqlite_sequence WHERE name = :table), 0) FROM numbers ORDER BY n",
    "SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :n) ORDER BY 1",
)
ADD_POST = same(
    "INSERT INTO skymms_post (id, at, body, content_type, problem) VALUES (:id, :at, :body, :content_type, :problem)"
)
ADD_NOTICE = same(
    "INSERT INTO skymms_notice (id, post, at, kind, notice, tracking_id, link_id, mms_id, number) "
    "VALUES (:id, :post, :at, :kind, :notice, :tracking_id, :link_id, :mms_id, :number)"
)
#: For each handler of the kinds of some new notices.
ADD_HANDLINGS = Statement(
    "INSERT INTO skymms_handling (notice, handler, tracking_id, due) SELECT n.id, h.name, n.tracking_id, :now "
    "FROM skymms_notice n "
    "JOIN skymms_handler h ON h.kind IN (n.kind, '*') WHERE n.id IN (SELECT value FROM json_each(:ids))",
    "INSERT INTO skymms_handling (notice, handler, tracking_id, due) SELECT n.id, h.name, n.tracking_id, "
    "extract(epoch FROM clock_timestamp()) FROM skymms_notice n "
    "JOIN skymms_handler h ON h.kind IN (n.kind, '*') WHERE n.id IN "
    "(SELECT value::bigint FROM json_array_elements_text(:ids::json) AS value)",
)

# ------------------------------------------------------------------------------------------------ erasure

SECRET = same("SELECT value FROM skymms_inbox_secret WHERE name = 'erased'")
ADD_SECRET = same("INSERT INTO skymms_inbox_secret (name, value) VALUES ('erased', :value) ON CONFLICT (name) DO NOTHING")
#: Those of some hashes that stand for erased numbers.
ERASED = Statement(
    "SELECT number FROM skymms_erased WHERE number IN (SELECT value FROM json_each(:hashes))",
    "SELECT number FROM skymms_erased WHERE number IN (SELECT value FROM json_array_elements_text(:hashes::json) AS value)",
)

# ------------------------------------------------------------------------------------------------ registration

#: It waits for the ends of transactions that store posts; others wait for its end.
LOCK_REGISTRATION = Statement("", "LOCK TABLE skymms_handler IN EXCLUSIVE MODE")
REGISTERED = same("SELECT name, kind FROM skymms_handler")
REGISTER = same(
    "INSERT INTO skymms_handler (name, kind, registered_at, seen_at) VALUES (:name, :kind, :now, :now) "
    "ON CONFLICT (name, kind) DO UPDATE SET seen_at = excluded.seen_at"
)
UNREGISTER = same("DELETE FROM skymms_handler WHERE name = :name AND kind = :kind")
#: What waits for a handler that does not want its kind any more.
REMOVE_UNWANTED = same(
    "DELETE FROM skymms_handling WHERE handler = :name AND state = 'ready' AND attempts = 0 AND NOT EXISTS (SELECT 1 "
    "FROM skymms_notice n JOIN skymms_handler h ON h.kind IN (n.kind, '*') "
    "WHERE n.id = skymms_handling.notice AND h.name = :name)"
)
#: Notices that no handler ever got, for the handlers that are registered now.
ADD_UNHANDLED = Statement(
    "INSERT INTO skymms_handling (notice, handler, tracking_id, due) SELECT n.id, h.name, n.tracking_id, n.at "
    "FROM skymms_notice n JOIN skymms_handler h ON h.kind IN (n.kind, '*') WHERE h.registered_at = :now AND h.name IN "
    "(SELECT value FROM json_each(:names)) AND NOT EXISTS (SELECT 1 FROM skymms_handling x WHERE x.notice = n.id)",
    "INSERT INTO skymms_handling (notice, handler, tracking_id, due) SELECT n.id, h.name, n.tracking_id, n.at "
    "FROM skymms_notice n JOIN skymms_handler h ON h.kind IN (n.kind, '*') WHERE h.registered_at = :now AND h.name IN "
    "(SELECT value FROM json_array_elements_text(:names::json) AS value) "
    "AND NOT EXISTS (SELECT 1 FROM skymms_handling x WHERE x.notice = n.id)",
)
SEE_HANDLERS = Statement(
    "UPDATE skymms_handler SET seen_at = :now WHERE name IN (SELECT value FROM json_each(:names))",
    "UPDATE skymms_handler SET seen_at = :now WHERE name IN "
    "(SELECT value FROM json_array_elements_text(:names::json) AS value)",
)
REMOVE_HANDLER = same("DELETE FROM skymms_handler WHERE name = :name")
REMOVE_HANDLINGS = same("DELETE FROM skymms_handling WHERE handler = :name AND state IN ('ready', 'dead')")

# ------------------------------------------------------------------------------------------------ handling

RENEW_LEASE = same(
    "INSERT INTO skymms_inbox_worker (id, host, pid, started_at, lease_until) VALUES (:lease, :host, :pid, :now, :until) "
    "ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until"
)
END_LEASE = same("DELETE FROM skymms_inbox_worker WHERE id = :lease")
END_EXPIRED = same("DELETE FROM skymms_inbox_worker WHERE lease_until < :before")
#: Whether there is something to take, without writing.
ANY_READY = Statement(
    "SELECT 1 FROM skymms_handling WHERE state = 'ready' AND due <= :now AND handler IN (SELECT value FROM json_each(:names)) "
    "LIMIT 1",
    "SELECT 1 FROM skymms_handling WHERE state = 'ready' AND due <= :now AND handler IN "
    "(SELECT value FROM json_array_elements_text(:names::json) AS value) LIMIT 1",
)
#: Two workers that take notices for one handler take turns: otherwise both could take notices of one message.
LOCK_TAKING = Statement(
    "",
    "SELECT 1 FROM skymms_handler WHERE name IN (SELECT value FROM json_array_elements_text(:names::json) AS value) "
    "ORDER BY name, kind FOR UPDATE",
)
#: Of each message the first notice that is not handled, unless another is being handled.
TAKE = same(
    "UPDATE skymms_handling SET state = 'working', attempts = attempts + 1, lease = :lease WHERE (notice, handler) IN ("
    "SELECT h.notice, h.handler FROM skymms_handling h WHERE h.handler = :handler AND h.state = 'ready' AND h.due <= :now "
    "AND NOT EXISTS (SELECT 1 FROM skymms_handling e WHERE e.handler = h.handler AND e.tracking_id = h.tracking_id "
    "AND e.state IN ('ready', 'working') AND (e.state = 'working' OR e.notice < h.notice)) "
    "ORDER BY h.due, h.notice LIMIT :most) RETURNING notice, attempts"
)
NOTICES = Statement(
    "SELECT id, notice FROM skymms_notice WHERE id IN (SELECT value FROM json_each(:ids))",
    "SELECT id, notice FROM skymms_notice WHERE id IN "
    "(SELECT value::bigint FROM json_array_elements_text(:ids::json) AS value)",
)
SET_DONE = same(
    "UPDATE skymms_handling SET state = 'done', lease = NULL, error = NULL, finished_at = :now "
    "WHERE notice = :notice AND handler = :handler AND lease = :lease AND state = 'working'"
)
SET_FAILED = same(
    "UPDATE skymms_handling SET state = :state, lease = NULL, due = :due, error = :error, finished_at = :finished "
    "WHERE notice = :notice AND handler = :handler AND lease = :lease AND state = 'working'"
)
#: The later notices of a message wait too. They are not looked at again and again meanwhile.
DELAY_LATER = same(
    "UPDATE skymms_handling SET due = :due WHERE handler = :handler AND tracking_id = (SELECT tracking_id FROM skymms_handling "
    "WHERE notice = :notice AND handler = :handler) AND state = 'ready' AND notice > :notice AND due < :due"
)
#: What this worker took and did not begin, or does not know that it took.
GIVE_BACK = Statement(
    "UPDATE skymms_handling SET state = 'ready', lease = NULL, attempts = attempts - 1 WHERE lease = :lease "
    "AND state = 'working' AND NOT EXISTS (SELECT 1 FROM json_each(:known) WHERE json_extract(value, '$[0]') = notice "
    "AND json_extract(value, '$[1]') = handler)",
    "UPDATE skymms_handling SET state = 'ready', lease = NULL, attempts = attempts - 1 WHERE lease = :lease "
    "AND state = 'working' AND NOT EXISTS (SELECT 1 FROM json_array_elements(:known::json) AS value "
    "WHERE (value->>0)::bigint = notice AND value->>1 = handler)",
)
#: What workers that have ended left behind.
ABANDONED = same(
    "SELECT notice, handler, attempts, lease FROM skymms_handling h WHERE state = 'working' AND NOT EXISTS "
    "(SELECT 1 FROM skymms_inbox_worker w WHERE w.id = h.lease AND w.lease_until > :now) LIMIT 1000"
)

# ------------------------------------------------------------------------------------------------ messages

#: A tracking id, those of its links, and that of the message of which it is the link.
RELATED_IDS = Statement(
    "SELECT :tracking_id UNION SELECT link_id FROM skymms_notice WHERE tracking_id = :tracking_id AND link_id IS NOT NULL "
    "UNION SELECT tracking_id FROM skymms_notice WHERE link_id = :tracking_id AND tracking_id IS NOT NULL",
    "SELECT :tracking_id::text UNION "
    "SELECT link_id FROM skymms_notice WHERE tracking_id = :tracking_id AND link_id IS NOT NULL UNION "
    "SELECT tracking_id FROM skymms_notice WHERE link_id = :tracking_id AND tracking_id IS NOT NULL",
)
NOTICES_OF_IDS = Statement(
    "SELECT id, notice FROM skymms_notice WHERE tracking_id IN (SELECT value FROM json_each(:ids)) ORDER BY id",
    "SELECT id, notice FROM skymms_notice WHERE tracking_id IN "
    "(SELECT value FROM json_array_elements_text(:ids::json) AS value) ORDER BY id",
)
SENT_OF_IDS = Statement(
    "SELECT tracking_id, reference, reply FROM skymms_sent WHERE tracking_id IN (SELECT value FROM json_each(:ids))",
    "SELECT tracking_id, reference, reply FROM skymms_sent WHERE tracking_id IN "
    "(SELECT value FROM json_array_elements_text(:ids::json) AS value)",
)
ADD_SENT = same(
    "INSERT INTO skymms_sent (tracking_id, reference, reply, at, number, mms_id) "
    "VALUES (:tracking_id, :reference, :reply, :now, :number, :mms_id) ON CONFLICT (tracking_id) DO UPDATE SET "
    "reference = coalesce(excluded.reference, skymms_sent.reference), reply = excluded.reply"
)

# ------------------------------------------------------------------------------------------------ what failed, and replay

#: The first column orders the pages; a notice may be dead for several handlers.
DEAD = Statement(
    "SELECT h.rowid, h.notice, h.handler, n.notice, h.attempts, h.finished_at, h.error FROM skymms_handling h "
    "JOIN skymms_notice n ON n.id = h.notice WHERE h.state = 'dead' AND h.rowid > :after "
    "AND (:handler IS NULL OR h.handler = :handler) ORDER BY h.rowid LIMIT :size",
    "SELECT * FROM (SELECT row_number() OVER (ORDER BY h.notice, h.handler) AS place, h.notice, h.handler, n.notice AS text, "
    "h.attempts, h.finished_at, h.error FROM skymms_handling h JOIN skymms_notice n ON n.id = h.notice WHERE h.state = 'dead' "
    "AND (:handler::text IS NULL OR h.handler = :handler)) AS dead WHERE place > :after ORDER BY place LIMIT :size",
)
NOTICE_EXISTS = same("SELECT 1 FROM skymms_notice WHERE id = :id")
_WHICH = (
    "(CAST(:since AS DOUBLE PRECISION) IS NULL OR at >= :since) AND (CAST(:until AS DOUBLE PRECISION) IS NULL OR at < :until) "
    "AND (CAST(:id AS BIGINT) IS NULL OR id = :id)"
)
_AGAIN = (
    "UPDATE skymms_handling SET state = 'ready', attempts = 0, due = :now, finished_at = NULL WHERE "
    "(CAST(:handler AS TEXT) IS NULL OR handler = :handler) "
)
REPLAY_DEAD = same(f"{_AGAIN} AND state = 'dead' AND notice IN (SELECT id FROM skymms_notice WHERE {_WHICH})")  # noqa: S608 (our own)
REPLAY = same(f"{_AGAIN} AND state <> 'working' AND notice IN (SELECT id FROM skymms_notice WHERE {_WHICH})")  # noqa: S608
#: Notices that came before their handler was registered.
REPLAY_MISSING = same(
    "INSERT INTO skymms_handling (notice, handler, tracking_id, due) SELECT n.id, h.name, n.tracking_id, :now "  # noqa: S608
    "FROM skymms_notice n JOIN skymms_handler h ON h.kind IN (n.kind, '*') "
    "WHERE (CAST(:handler AS TEXT) IS NULL OR h.name = :handler) "
    f"AND n.id IN (SELECT id FROM skymms_notice WHERE {_WHICH}) "
    "AND NOT EXISTS (SELECT 1 FROM skymms_handling x WHERE x.notice = n.id AND x.handler = h.name)"
)

# ------------------------------------------------------------------------------------------------ retention and erasure

#: Handlers that no worker has had for a long time.
UNSEEN_HANDLERS = same("SELECT name FROM skymms_handler GROUP BY name HAVING max(seen_at) < :before")
PRUNE_SENT = same("DELETE FROM skymms_sent WHERE at < :before")
PRUNE_KEYS = same("DELETE FROM skymms_identity WHERE until <= :now")
PRUNE_POSTS = same(
    "DELETE FROM skymms_post WHERE id IN (SELECT p.id FROM skymms_post p WHERE p.at < :before AND NOT EXISTS (SELECT 1 "
    "FROM skymms_notice n JOIN skymms_handling h ON h.notice = n.id WHERE n.post = p.id AND h.state IN ('ready', 'working')) "
    "ORDER BY p.at LIMIT :most)"
)
ADD_ERASED = same("INSERT INTO skymms_erased (number, at) VALUES (:number, :now) ON CONFLICT (number) DO NOTHING")
NOTICES_WITH_NUMBER = same("SELECT id, post FROM skymms_notice WHERE number = :number OR notice LIKE :like")
POSTS_WITH_NUMBER = Statement(
    "SELECT id FROM skymms_post WHERE instr(body, :bytes) > 0",
    "SELECT id FROM skymms_post WHERE position(:bytes IN body) > 0",
)
_IDS = Statement(
    "(SELECT value FROM json_each(:ids))", "(SELECT value::bigint FROM json_array_elements_text(:ids::json) AS value)"
)


def _of_ids(sql: str) -> Statement:
    """Return a statement about the ids in a list."""
    return Statement(f"{sql} IN {_IDS.sqlite}", f"{sql} IN {_IDS.postgres}")


FILES_OF_NOTICES = _of_ids("SELECT location FROM skymms_saved_file WHERE location IS NOT NULL AND notice")
DELETE_NOTICES = _of_ids("DELETE FROM skymms_notice WHERE id")
ERASE_POSTS = _of_ids("UPDATE skymms_post SET body = NULL, problem = NULL WHERE id")
#: Posts in quarantine have no notices, so they are deleted too.
DELETE_EMPTY_POSTS = _of_ids(
    "DELETE FROM skymms_post WHERE NOT EXISTS (SELECT 1 FROM skymms_notice WHERE post = skymms_post.id) AND id"
)
ERASE_SENT = same("DELETE FROM skymms_sent WHERE number = :number OR reply LIKE :like OR reference LIKE :like")
ERASE_ERRORS = same("UPDATE skymms_handling SET error = 'erased, because it contained a number' WHERE error LIKE :like")

# ------------------------------------------------------------------------------------------------ saved files

SAVED_FILES = same("SELECT place, location, content_type, size FROM skymms_saved_file WHERE notice = :notice ORDER BY place")
ADD_SAVED_FILE = same(
    "INSERT INTO skymms_saved_file (notice, place, at, location, content_type, size) "
    "VALUES (:notice, :place, :now, :location, :content_type, :size) ON CONFLICT (notice, place) DO NOTHING"
)

# ------------------------------------------------------------------------------------------------ lists

_LISTED = (
    "(CAST(:since AS DOUBLE PRECISION) IS NULL OR at >= :since) "
    "AND (CAST(:tracking_id AS TEXT) IS NULL OR tracking_id = :tracking_id)"
)
FIRST_OF_NEWEST = same(f"SELECT id FROM skymms_notice WHERE {_LISTED} ORDER BY id DESC LIMIT 1 OFFSET :skip")  # noqa: S608
LISTED_NOTICES = same(
    f"SELECT id, post, at, notice FROM skymms_notice WHERE id > :after AND {_LISTED} ORDER BY id LIMIT :size"  # noqa: S608
)
ONE_NOTICE = same("SELECT id, post, at, notice FROM skymms_notice WHERE id = :id")
HANDLED = Statement(
    "SELECT notice, handler, state, attempts, error, due FROM skymms_handling WHERE notice IN "
    "(SELECT value FROM json_each(:ids)) ORDER BY notice, handler",
    "SELECT notice, handler, state, attempts, error, due FROM skymms_handling WHERE notice IN "
    "(SELECT value::bigint FROM json_array_elements_text(:ids::json) AS value) ORDER BY notice, handler",
)
ONE_POST = same("SELECT id, at, body, content_type, problem FROM skymms_post WHERE id = :id")
QUARANTINE = same(
    "SELECT id, at, body, content_type, problem FROM skymms_post WHERE problem IS NOT NULL AND id > :after "
    "ORDER BY id LIMIT :size"
)
LEAVE_QUARANTINE = same("DELETE FROM skymms_post WHERE id = :id AND problem IS NOT NULL")
QUARANTINE_SIZE = same("SELECT count(*) FROM skymms_post WHERE problem IS NOT NULL")
LISTED_HANDLERS = same("SELECT name, kind, seen_at FROM skymms_handler ORDER BY name, kind")
HANDLING_COUNTS = same("SELECT handler, state, count(*) FROM skymms_handling GROUP BY handler, state")
