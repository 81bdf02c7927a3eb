"""Cellcast's webhooks: from the bytes it posts to the notices the library has for every gateway.

v3 posts arrays, v1 single objects; in production v1 puts the customer's words into ``reply`` and the copy of what was sent to
them into ``message``, where the documents have them in ``message``. An event is known by what it has. Nothing is signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..codecs import Unreadable, json
from ..errors import Nodes, ProtocolError
from ..notices import DeliveryReport, InboundMMS, InboundSMS, Notice, UnknownNotice
from .tables import moment, number, state, words

#: Longer than any documented body: a few hundred events of a long text.
MOST_WEBHOOK = 512 * 1024
ORIGIN = "CELLCAST"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellcastMMS(InboundMMS):
    """An MMS that somebody sent: its words stand in the event itself, and so does the id of what it answers."""

    text: str | None = None
    original_message_id: str | None = None


def read_cellcast_webhook(body: bytes, *, most: int = MOST_WEBHOOK) -> tuple[Notice, ...]:
    """The notices in the body of a webhook of either generation, in their order.

    Times are naive in v3, whose documents name no zone. A report's ``status`` is the word of
    :data:`~skymms.cellcast.tables.STATES`, the gateway's own in ``details``. An event of no known shape is an
    :class:`~skymms.UnknownNotice`. Raises :class:`~skymms.ProtocolError` for what is no JSON, holds no event, or is longer than
    ``most`` bytes; never anything else.
    """
    if not isinstance(body, bytes):
        raise TypeError(f"the body of the request is wanted as bytes, not as {type(body).__name__}")
    try:
        document = json.parse(body, most)
        events = document if isinstance(document, list) and document else [document]
        if document in ([], {}, None):
            raise Unreadable("it holds no event")
        return tuple([_notice(event if isinstance(event, dict) else {"event": event}) for event in events])
    except Unreadable as error:
        raise ProtocolError(f"no webhook: {error}", body=body) from None


def _notice(event: dict[str, Any]) -> Notice:
    raw: Nodes = tuple([(path, text) for path, _, text in json.leaves(event)])
    kind = (words(event.get("type")) or "").lower()
    if kind == "receive" or _has(event, "from", "body"):
        return _inbound(event, kind, raw)
    if (kind == "send" and _has(event, "_id", "status")) or _has(event, "message_id", "status", "recipient"):
        said = words(event.get("status"))
        return DeliveryReport(
            origin=ORIGIN,
            tracking_id=words(event.get("message_id")) or words(event.get("_id")),
            status=state(said),
            details=words(event.get("reason")) or said,
            to=number(event.get("recipient") or event.get("receiver")),
            sender=number(event.get("sender")),
            client_reference=words(event.get("custom_string")),
            raw=raw,
        )
    return UnknownNotice(origin=ORIGIN, raw=raw)


def _has(event: dict[str, Any], *names: str) -> bool:
    return all(name in event for name in names)


def _inbound(event: dict[str, Any], kind: str, raw: Nodes) -> Notice:
    text = words(event.get("reply")) or words(event.get("message")) or words(event.get("body"))
    media = event.get("media")
    if text and text.lstrip().startswith("{"):
        # The sibling gateway wraps the words and the files of an MMS in a text of JSON.
        try:
            wrapped = json.parse(text.encode("utf-8", "replace"), MOST_WEBHOOK)
        except Unreadable:
            wrapped = {}
        if {"message", "media"} & set(wrapped):
            text, media = words(wrapped.get("message")), wrapped.get("media") or media
    listed = media if isinstance(media, list) else []
    files = tuple([url for one in listed if (url := words(one.get("url") if isinstance(one, dict) else one))])
    sender, to = number(event.get("from") or event.get("sender")), number(event.get("receiver"))
    message_id, original = words(event.get("message_id")) or words(event.get("_id")), words(event.get("original_message_id"))
    when = moment(event.get("received_at"))
    if kind == "mms" or files or (words(event.get("mms")) or "").lower() in {"true", "1"}:
        return CellcastMMS(
            origin=ORIGIN,
            tracking_id=message_id,
            original_message_id=original,
            sender=sender,
            to=to,
            text=text,
            files=files,
            timestamp=when,
            raw=raw,
        )
    return InboundSMS(
        origin=ORIGIN,
        tracking_id=original,
        transaction_id=message_id,
        sender=sender,
        to=to,
        text=text,
        timestamp=when,
        raw=raw,
    )
