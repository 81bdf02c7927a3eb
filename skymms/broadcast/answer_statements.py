"""The SQL that writes what became of messages."""

from __future__ import annotations

from ..storage.contract import Statement, same

_HELD = "SELECT id FROM skymms_message WHERE id IN ({ids}) AND lease = :lease AND state = '{state}'"
_HELD_IN_SQLITE = f"SELECT json_group_array(id) FROM ({_HELD}) AS held"  # noqa: S608
_HELD_IN_POSTGRES = f"SELECT coalesce(json_agg(id), '[]')::text FROM ({_HELD} FOR UPDATE) AS held"  # noqa: S608
_ANSWERS = (
    "UPDATE skymms_message SET state = answer.state, why = CASE WHEN answer.state = 'ready' AND skymms_message.why = "
    "'settled as resend' THEN skymms_message.why ELSE answer.why END, code = answer.code, due = answer.due, "
    "tracking_id = answer.tracking_id, mms_id = answer.mms_id, credits = answer.credits, updated_at = :now, lease = NULL, "
    "attempts = attempts - answer.returned FROM (SELECT {columns}) AS answer WHERE skymms_message.id = answer.id"
)
_IN_SQLITE = (
    "json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS state, json_extract(value, '$[2]') AS why, "
    "json_extract(value, '$[3]') AS code, json_extract(value, '$[4]') AS due, json_extract(value, '$[5]') AS tracking_id, "
    "json_extract(value, '$[6]') AS mms_id, json_extract(value, '$[7]') AS credits, "
    "json_extract(value, '$[8]') AS returned FROM json_each(:answers)"
)
_IN_POSTGRES = (
    "(value->>0)::bigint AS id, value->>1 AS state, value->>2 AS why, value->>3 AS code, "
    "(value->>4)::double precision AS due, value->>5 AS tracking_id, value->>6 AS mms_id, value->>7 AS credits, "
    "(value->>8)::integer AS returned FROM json_array_elements(:answers::json) AS value"
)
#: Which of some messages are this worker's: those it holds, and those of its own that another worker has called unknown. They
#: stay locked until the transaction ends.
HELD, LATE = (
    Statement(
        _HELD_IN_SQLITE.format(ids="SELECT value FROM json_each(:ids)", state=state),
        _HELD_IN_POSTGRES.format(ids="SELECT value::bigint FROM json_array_elements_text(:ids::json) AS value", state=state),
    )
    for state in ("sending", "unknown")
)
#: The answers to messages that are this worker's. With a statement for each answer, the thread of the ledger would wait for the
#: threads that make the calls a hundred times in a block.
ANSWERS = Statement(_ANSWERS.format(columns=_IN_SQLITE), _ANSWERS.format(columns=_IN_POSTGRES))
#: Messages are ready again.
REOPEN = same(
    "UPDATE skymms_broadcast SET state = 'running', why = NULL, finished_at = NULL WHERE id = :broadcast AND state = 'done'"
)
