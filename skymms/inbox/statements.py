"""The statements of the inbox, each with its SQL for SQLite and for PostgreSQL."""

from __future__ import annotations

from ..storage.contract import Statement, same

# ------------------------------------------------------------------------------------------------ storing

#: Posts are stored before or after a handler is registered, not at the same time: each notice is in one of the two.
LOCK_HANDLERS = Statement("SELECT 1", "LOCK TABLE skymms_handler IN ROW SHARE MODE")
#: The keys that are new, or may come again. In the order of the keys, so that two sessions do not wait for each other.
ADD_KEYS = Statement(
    "INSERT INTO skymms_identity (key, at, until) SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), "
    "json_extract(value, '$[2]') FROM json_each(:rows) WHERE true ON CONFLICT (key) DO UPDATE SET at = excluded.at, "
    "until = excluded.until WHERE skymms_identity.until <= excluded.at RETURNING key",
    "INSERT INTO skymms_identity (key, at, until) SELECT value->>0, (value->>1)::float8, (value->>2)::float8 "
    "FROM json_array_elements(:rows::json) AS value ORDER BY value->>0 ON CONFLICT (key) DO UPDATE SET at = excluded.at, "
    "until = excluded.until WHERE skymms_identity.until <= excluded.at RETURNING key",
)


def _new_ids(table: str) -> Statement:
    """Return the statement that reserves ``:n`` ids of a table, which no other row has or had."""
    return Statement(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :n) SELECT n + coalesce("
        f"(SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0) FROM numbers ORDER BY n",
        f"SELECT nextval(pg_get_serial_sequence('{table}', 'id')) FROM generate_series(1, :n) ORDER BY 1",  # noqa: S608
    )


NEW_POST_IDS = _new_ids("skymms_post")
NEW_NOTICE_IDS = _new_ids("skymms_notice")
ADD_POST = same(
    "INSERT INTO skymms_post (id, at, body, content_type, problem) VALUES (:id, :at, :body, :content_type, :problem)"
)
ADD_NOTICE = same(
    "INSERT INTO skymms_notice (id, post, at, kind, notice, tracking_id, link_id, mms_id, number) "
    "VALUES (:id, :post, :at, :kind, :notice, :tracking_id, :link_id, :mms_id, :number)"
)
#: For each handler of the kinds of some new notices.
ADD_HANDLINGS = Statement(
    "INSERT INTO skymms_handling (notice, handler, tracking_id) SELECT n.id, h.name, n.tracking_id FROM skymms_notice n "
    "JOIN skymms_handler h ON h.kind IN (n.kind, '*') WHERE n.id IN (SELECT value FROM json_each(:ids))",
    "INSERT INTO skymms_handling (notice, handler, tracking_id) SELECT n.id, h.name, n.tracking_id FROM skymms_notice n "
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
