"""The tables of broadcasts.

Times are seconds since 1970. Every table has the prefix ``skymms_``, because a PostgreSQL database may be shared with other
programs. The columns are fixed by the first release, since ledgers outlive programs; changes are migrations.
"""

from __future__ import annotations

from ..storage.contract import Migration

_TABLES = """
CREATE TABLE skymms_broadcast (
    id {id},
    name TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    why TEXT,                           -- why it is paused
    settings TEXT NOT NULL,             -- JSON: rate, hours, start, until, price …
    plan TEXT NOT NULL,                 -- hash of the message and the settings
    created_at DOUBLE PRECISION NOT NULL,
    finished_at DOUBLE PRECISION
);
CREATE TABLE skymms_variant (
    id {id},
    broadcast BIGINT NOT NULL REFERENCES skymms_broadcast (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    weight DOUBLE PRECISION NOT NULL,
    operation TEXT NOT NULL,            -- JSON, as to_dict writes it, with its merge fields
    UNIQUE (broadcast, name)
);
CREATE TABLE skymms_message (
    id {id},
    broadcast BIGINT NOT NULL REFERENCES skymms_broadcast (id) ON DELETE CASCADE,
    number TEXT NOT NULL,
    line BIGINT NOT NULL,               -- of the list
    variant BIGINT NOT NULL,
    data TEXT,                          -- JSON: the values of merge fields
    reference TEXT,
    zone TEXT NOT NULL DEFAULT '',
    consent TEXT,                       -- JSON: source, text and time
    due DOUBLE PRECISION NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'ready',
    why TEXT,
    code TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    lease TEXT,                         -- the worker that holds it
    sender TEXT,
    sent_at DOUBLE PRECISION,
    updated_at DOUBLE PRECISION,
    delivered_at DOUBLE PRECISION,
    tracking_id TEXT,
    mms_id TEXT,
    sent_as TEXT,
    operator_id TEXT,
    handset TEXT,
    credits TEXT,
    UNIQUE (number, broadcast)
){storage};
CREATE INDEX skymms_message_ready ON skymms_message (broadcast, zone, due, id) WHERE state = 'ready';
CREATE INDEX skymms_message_open ON skymms_message (broadcast, state) WHERE state IN ('sending', 'unknown');
CREATE INDEX skymms_message_tracking ON skymms_message (tracking_id) WHERE tracking_id IS NOT NULL;
CREATE TABLE skymms_left_out (
    id {id},
    broadcast BIGINT NOT NULL REFERENCES skymms_broadcast (id) ON DELETE CASCADE,
    line BIGINT NOT NULL,
    kind TEXT NOT NULL,                 -- duplicate or unreadable
    text TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX skymms_left_out_line ON skymms_left_out (broadcast, line);
CREATE TABLE skymms_suppressed (
    number TEXT NOT NULL,               -- or a hash, for a number that was erased
    scope TEXT NOT NULL,                -- empty for all, or sender:CODE, or campaign:REF
    source TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    evidence TEXT,
    lifted_at DOUBLE PRECISION,
    PRIMARY KEY (number, scope)
);
CREATE TABLE skymms_pace (
    account TEXT PRIMARY KEY,
    gap DOUBLE PRECISION NOT NULL,
    factor DOUBLE PRECISION NOT NULL DEFAULT 1,
    slowed_at DOUBLE PRECISION NOT NULL DEFAULT 0,
    next_turn DOUBLE PRECISION NOT NULL DEFAULT 0
);
CREATE TABLE skymms_worker (
    id TEXT PRIMARY KEY,
    broadcast BIGINT NOT NULL,
    host TEXT NOT NULL,
    pid BIGINT NOT NULL,
    started_at DOUBLE PRECISION NOT NULL,
    lease_until DOUBLE PRECISION NOT NULL
);
CREATE TABLE skymms_tally (
    broadcast BIGINT NOT NULL REFERENCES skymms_broadcast (id) ON DELETE CASCADE,
    worker TEXT NOT NULL,
    state TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (broadcast, worker, state)
);
CREATE TABLE skymms_report (
    identity TEXT PRIMARY KEY,
    id {unique_id},
    at DOUBLE PRECISION NOT NULL,
    notice TEXT NOT NULL,               -- JSON, as to_dict writes it
    tracking_id TEXT,
    mms_id TEXT,
    number TEXT,
    sender TEXT,
    client_reference TEXT,
    message BIGINT,                     -- the message that it is about, once that is known
    evidence TEXT                       -- why it is not known: the candidates
);
CREATE INDEX skymms_report_unmatched ON skymms_report (tracking_id) WHERE message IS NULL;
CREATE INDEX skymms_report_number ON skymms_report (number) WHERE message IS NULL;
CREATE TABLE skymms_once (
    key TEXT PRIMARY KEY,
    content TEXT NOT NULL,              -- hash of the operation
    state TEXT NOT NULL,                -- sending, unknown, free (settled as resend) or done
    lease TEXT,
    reply TEXT,                         -- JSON
    error TEXT,                         -- JSON: class, code, text
    sent_at DOUBLE PRECISION NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL
);
CREATE TABLE skymms_audit (
    id {id},
    at DOUBLE PRECISION NOT NULL,
    who TEXT NOT NULL,
    verb TEXT NOT NULL,
    broadcast TEXT,
    detail TEXT NOT NULL                -- JSON
);
CREATE TABLE skymms_secret (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
)
"""


def _statements(**words: str) -> list[str]:
    return [sql for part in _TABLES.split(";\n") if (sql := part.format(**words).strip())]


#: The message of a key, as far as reports are compared with it.
_TRACES_OF_KEYS = [
    "ALTER TABLE skymms_once ADD COLUMN number TEXT",
    "ALTER TABLE skymms_once ADD COLUMN sender TEXT",
    "ALTER TABLE skymms_once ADD COLUMN about TEXT",  # JSON: type, mms_id and client_reference of the operation
    "CREATE INDEX skymms_once_number ON skymms_once (number) WHERE state <> 'done'",
]

#: What people said about getting messages: the notices that are the evidence of opt-outs.
_WISHES = """
CREATE TABLE skymms_wish (
    identity TEXT PRIMARY KEY,
    id {unique_id},
    arrived_at DOUBLE PRECISION NOT NULL,
    at DOUBLE PRECISION NOT NULL,       -- when it was said
    number TEXT NOT NULL,
    scope TEXT NOT NULL,                -- as in skymms_suppressed
    wish TEXT NOT NULL,                 -- stop, start, unclear (flagged for a person), or ignored
    text TEXT NOT NULL,
    notice TEXT NOT NULL,               -- JSON, as to_dict writes it
    decided_by TEXT                     -- the operator who decided what an unclear one means
);
CREATE INDEX skymms_wish_number ON skymms_wish (number, scope);
CREATE INDEX skymms_wish_flagged ON skymms_wish (id) WHERE wish = 'unclear';
ALTER TABLE skymms_suppressed ADD COLUMN revocable INTEGER NOT NULL DEFAULT 0
"""  # revocable: 1 if the person's own START takes it back


def _wishes(unique_id: str) -> list[str]:
    return [sql.strip() for sql in _WISHES.format(unique_id=unique_id).split(";\n")]


MIGRATIONS = (
    Migration(
        sqlite=_statements(id="INTEGER PRIMARY KEY AUTOINCREMENT", unique_id="BIGINT", storage=""),
        postgres=_statements(
            id="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            unique_id="BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE",
            # No update of a message is cheap, because the state is in indexes: old versions of rows are removed early.
            storage=" WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)",
        ),
    ),
    Migration(sqlite=_TRACES_OF_KEYS, postgres=_TRACES_OF_KEYS),
    Migration(sqlite=_wishes("BIGINT"), postgres=_wishes("BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE")),
)
COMPONENT = "broadcast"
