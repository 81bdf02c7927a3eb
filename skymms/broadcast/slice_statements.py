"""The table of slices and its statements, for PostgreSQL: a ledger in a file has one runner."""

from __future__ import annotations

from ..storage.contract import Migration, same

_TABLE = """
CREATE TABLE skymms_slice (
    broadcast BIGINT NOT NULL REFERENCES skymms_broadcast (id) ON DELETE CASCADE,
    slot INTEGER NOT NULL,
    token TEXT NOT NULL,                -- of the slice that waits in a queue, or the lease of the run
    due DOUBLE PRECISION NOT NULL,      -- when another slice is queued, unless one runs then
    PRIMARY KEY (broadcast, slot)
)
"""
MIGRATIONS = (Migration(sqlite=[_TABLE], postgres=[_TABLE]),)
COMPONENT = "slices"

ADD_SLOT = same(
    "INSERT INTO skymms_slice (broadcast, slot, token, due) VALUES (:broadcast, :slot, '', 0) "
    "ON CONFLICT (broadcast, slot) DO NOTHING"
)
REMOVE_SLOTS = same("DELETE FROM skymms_slice WHERE broadcast = :broadcast AND slot >= :slots")
#: The slots without a slice that waits or runs. A run has a lease, and one that was killed loses it. A time that is too far
#: ahead is from before the ledger's clock was set back.
DUE_SLOTS = same(
    "SELECT b.id, b.name, s.slot, s.token FROM skymms_slice s JOIN skymms_broadcast b ON b.id = s.broadcast "
    "WHERE b.state IN ('planned', 'running') AND (s.due <= :now OR s.due > :latest) AND NOT EXISTS "
    "(SELECT 1 FROM skymms_worker w WHERE w.id = s.token AND w.lease_until > :now) ORDER BY b.id, s.slot"
)
#: Of several processes that want the same slot, one changes its token.
SET_TOKEN = same(
    "UPDATE skymms_slice SET token = :token, due = :due WHERE broadcast = :broadcast AND slot = :slot AND token = :before"
)
