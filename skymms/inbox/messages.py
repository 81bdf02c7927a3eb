"""One message: what was sent, every notice about it, and the state that follows from them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..cellcast import CellcastSent
from ..errors import ConfigurationError, SkymmsError
from ..model.action_replies import SentToSubscriber
from ..model.message_state import MessageState, state_of
from ..model.notices import Notice
from ..model.operations import Operation, R_co
from ..model.serialization import from_dict, to_dict
from ..numbers import normalize
from ..storage.contract import Store
from ..storage.texts import column_text
from . import statements as sql
from .replying import Replier


class Message:
    """A message that was sent, by the notices about it.

    - ``state`` is a :class:`~skymms.MessageState`, or None if nothing is known about the message. ``contradicted`` is True if
      its reports contradict each other. Both follow from the set of reports: see :func:`skymms.state_of`.
    - ``reports`` are all notices about it, in the order of their arrival.
    - ``sent`` is the gateway's reply to sending, and ``reference`` yours, if :meth:`Inbox.sent` was called.

    A handler gets the message that its notice is about, and can answer the notice with :meth:`reply`.
    """

    def __init__(
        self,
        tracking_id: str | None,
        reports: tuple[Notice, ...] = (),
        sent: Any = None,
        reference: str | None = None,
        replier: Replier | None = None,
        notice_id: int | None = None,
    ) -> None:
        self.tracking_id = tracking_id
        self.reports = reports
        self.sent = sent
        self.reference = reference
        known = state_of(reports)
        self.state: MessageState | None = MessageState.ACCEPTED if known.state is None and sent is not None else known.state
        self.contradicted: bool = known.contradicted
        self._replier = replier
        #: For a handler: the number of its notice in the inbox.
        self.notice_id = notice_id

    def reply(self, operation: Operation[R_co]) -> R_co:
        """Answer the notice of this handler, once, however often the handler is called, and return the gateway's reply.

        ``to`` and ``sender`` are those of the notice, turned round, if the operation has none. The first call in a handler is
        one message, the second another. If the answer to sending was lost, or the process was killed, nobody knows whether the
        reply was sent: :class:`~skymms.InDoubtError` is raised then and whenever the handler is called again, until the key is
        settled (:meth:`skymms.broadcast.Ledger.settle_key`). Call :meth:`Inbox.reply_with` before.
        """
        return self._get_replier().reply(operation)

    async def reply_async(self, operation: Operation[R_co]) -> R_co:
        """Answer the notice of this handler once: :meth:`reply` for an inbox that replies with an AsyncClient."""
        return await self._get_replier().reply_async(operation)

    def _get_replier(self) -> Replier:
        if self._replier is None:
            raise ConfigurationError("only the message that a handler is called with can be replied to")
        return self._replier

    def __repr__(self) -> str:
        # Neither the number nor a text of the message: a repr is soon in a log.
        state = None if self.state is None else str(self.state)
        return f"<Message {self.tracking_id} state={state!r} reports={len(self.reports)}>"


def find_message(
    store: Store, tracking_id: str | None, replier: Replier | None = None, notice_id: int | None = None
) -> Message:
    """Return what is known about the message with a tracking id.

    Until 2013-11 the link that was sent instead of a message had a tracking id of its own. Its reports belong to the message,
    which is found by either id.
    """
    wanted = column_text(tracking_id or None)
    if wanted is None:
        return Message(None, replier=replier, notice_id=notice_id)
    with store.reading() as transaction:
        ids = [row[0] for row in transaction.rows(sql.RELATED_IDS, tracking_id=wanted)]
        rows = transaction.rows(sql.NOTICES_OF_IDS, ids=json.dumps(ids))
        sent = {row[0]: row[1:] for row in transaction.rows(sql.SENT_OF_IDS, ids=json.dumps(ids))}
    found = sent.get(wanted) or next(iter(sent.values()), None)
    reference, reply = found or (None, None)
    return Message(
        tracking_id,
        tuple(from_dict(json.loads(text)) for _, text in rows),
        None if reply is None else from_dict(json.loads(reply)),
        reference,
        replier,
        notice_id,
    )


def note_sent(store: Store, reply: Any, reference: str | int | None) -> None:
    """Write down that a message was sent, before or after its reports."""
    sent = list(_messages_of(reply))
    if not sent:
        raise ConfigurationError(
            f"this {type(reply).__name__} has no tracking id, so no report can be about it: pass the reply to a message that "
            "was sent"
        )
    given = None if reference is None else column_text(str(reference))
    with store.transaction() as transaction:
        now = transaction.now()
        transaction.run_many(sql.ADD_SENT, [{**row, "reference": given, "now": now} for row in sent])


def _messages_of(reply: Any) -> Iterator[dict[str, str | None]]:
    """Yield each message in a reply: its tracking id and number, the id of the stored message, and the part of the reply."""
    parts: list[tuple[Any, Any, Any, Any]]
    if isinstance(reply, CellcastSent):
        parts = [(id, number, None, CellcastSent(queued={number: id}, date=reply.date)) for number, id in reply.queued.items()]
    elif isinstance(reply, SentToSubscriber):
        parts = [(one.tracking_id, one.to, None, replace(reply, results=(one,), raw=())) for one in reply.results]
    else:
        tracking_id, number, mms_id = (getattr(reply, name, None) for name in ("tracking_id", "to", "mms_id"))
        parts = [(tracking_id, number, mms_id, reply)]
    for tracking_id, number, mms_id, part in parts:
        if (id := column_text(tracking_id or None)) is not None:
            text = json.dumps(to_dict(part))
            yield {"tracking_id": id, "number": _number(number), "mms_id": column_text(mms_id), "reply": text}


def _number(text: Any) -> str | None:
    if text is None:
        return None
    try:
        return normalize(text)
    except SkymmsError:
        return column_text(str(text))
