"""The statements of keys, each with its SQL for SQLite and for PostgreSQL."""

from __future__ import annotations

from ..storage.contract import Statement, same

#: A key that an operator has freed is taken again, also for another message.
ADD_KEY = same(
    "INSERT INTO skymms_once (key, content, state, lease, sent_at, updated_at, number, sender, about) "
    "VALUES (:key, :content, 'sending', :lease, :now, :now, :number, :sender, :about) "
    "ON CONFLICT (key) DO UPDATE SET content = excluded.content, state = 'sending', lease = excluded.lease, "
    "sent_at = excluded.sent_at, updated_at = excluded.updated_at, number = excluded.number, sender = excluded.sender, "
    "about = excluded.about WHERE skymms_once.state = 'free'"
)
FIND_KEY = same("SELECT content, state, reply, sent_at FROM skymms_once WHERE key = :key")
#: What the call that has the key says about it. An operator may have freed the key meanwhile, and another call have it.
FINISH_KEY = same(
    "UPDATE skymms_once SET state = 'done', reply = :reply, updated_at = :now WHERE key = :key AND lease = :lease"
)
#: A report may have said more about it.
LOSE_KEY = same(
    "UPDATE skymms_once SET state = 'unknown', updated_at = :now WHERE key = :key AND lease = :lease AND state = 'sending'"
)
RETURN_KEY = same("DELETE FROM skymms_once WHERE key = :key AND lease = :lease AND state = 'sending'")
#: What an operator says about it.
FREE_KEY = same(
    "UPDATE skymms_once SET state = 'free', lease = NULL, updated_at = :now "
    "WHERE key = :key AND state IN ('sending', 'unknown')"
)
#: The keys of a number about which nothing is known, as rows of messages. One that has been `sending` for so long that its call
#: must have ended is unknown.
KEYS_OF_NUMBER = same(
    "SELECT 0, 0, CASE WHEN state = 'sending' AND sent_at > :working THEN 'sending' ELSE 'unknown' END, number, NULL, sender, "
    "sent_at, NULL, 1, NULL, about, key FROM skymms_once WHERE number = :number AND state <> 'done' ORDER BY sent_at, key"
)
#: What a report says about it.
PROVE_KEY = same(
    "UPDATE skymms_once SET state = 'done', reply = :reply, updated_at = :now WHERE key = :key AND state <> 'done'"
)
#: Whether a message that was sent once for a key has a tracking id, by the text of its reply. In a reply of Cellcast the id is
#: that of a number.
KEY_WITH_TRACKING = Statement(
    "SELECT 1 FROM skymms_once WHERE updated_at >= :since AND instr(reply, :text) > 0 LIMIT 1",
    "SELECT 1 FROM skymms_once WHERE updated_at >= :since AND position(:text IN reply) > 0 LIMIT 1",
)
PRUNE_KEYS = same("DELETE FROM skymms_once WHERE state IN ('done', 'free') AND updated_at < :before")
