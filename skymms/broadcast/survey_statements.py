"""The statements that read figures for people who watch, each with its SQL for SQLite and for PostgreSQL.

None of them reads more than a window of the messages: while somebody reads a SQLite file, a run cannot commit.
"""

# ruff: noqa: S608  (the parts that are put together are in this package)

from __future__ import annotations

from ..storage.contract import Statement, same
from .outcome_statements import OPTED_OUT

ALL_BROADCASTS = same("SELECT id, name, state, why, settings, created_at, finished_at FROM skymms_broadcast ORDER BY id")
ALL_TALLIES = same("SELECT broadcast, state, CAST(sum(n) AS BIGINT) FROM skymms_tally GROUP BY broadcast, state")
WORKERS = same("SELECT broadcast, host, pid FROM skymms_worker WHERE lease_until > :now")
MESSAGE_IDS = same("SELECT min(id), max(id) FROM skymms_message")
#: When the last state of a message began, never before its request or after now: the clock of a gateway can be wrong.
_ENDED = (
    "CASE WHEN coalesce(delivered_at, updated_at) < sent_at THEN sent_at "
    "WHEN coalesce(delivered_at, updated_at) > :now THEN :now ELSE coalesce(delivered_at, updated_at) END"
)


def _window(bucket: str) -> str:
    """Return the SQL that counts the messages of a window; ``bucket`` makes the number of a time bucket from a time."""
    sent, ended = bucket.format("sent_at"), bucket.format(_ENDED)
    return (
        "SELECT state, variant, operator_id, code, sent, ended, count(*), sum(left_us), min(id), max(id) FROM ("
        "SELECT CASE WHEN state = 'accepted' AND updated_at < :unreported_before THEN 'unreported' ELSE state END AS state, "
        f"variant, operator_id, CASE WHEN state IN ('failed', 'refused') THEN code END AS code, {sent} AS sent, "
        f"CASE WHEN state <> 'ready' THEN {ended} END AS ended, "
        f"CASE WHEN state IN ('accepted', 'delivered', 'failed') AND {OPTED_OUT} THEN 1 ELSE 0 END AS left_us, id "
        "FROM skymms_message m WHERE id > :after AND id <= :upto AND broadcast = :broadcast) AS seen "
        "GROUP BY state, variant, operator_id, code, sent, ended"
    )


#: State, variant, carrier, code of a failure, buckets of request and last state, messages, opt-outs, first and last id.
COUNT_WINDOW = Statement(_window("CAST({} / :width AS INTEGER)"), _window("floor({} / :width)::bigint"))
UNKNOWN_IN_WINDOW = same(
    "SELECT number, why, code, attempts, reference, sent_at FROM skymms_message "
    "WHERE id > :after AND id <= :upto AND broadcast = :broadcast AND state = 'unknown' ORDER BY id LIMIT :most"
)
#: The messages that are being sent, by the run that holds them.
LONG_LEASE = same("SELECT 1 FROM skymms_worker WHERE lease_until > :latest LIMIT 1")
LEASES = same(
    "SELECT count(*), min(m.sent_at), w.host, w.pid, w.lease_until FROM skymms_message m "
    "LEFT JOIN skymms_worker w ON w.id = m.lease WHERE m.broadcast = :broadcast "
    "AND m.state IN ('sending', 'unknown') AND m.state = 'sending' "
    "GROUP BY m.lease, w.host, w.pid, w.lease_until ORDER BY min(m.sent_at)"
)
