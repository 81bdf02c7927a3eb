"""Cellcast's webhooks, from the bytes it posts to the library's notices; and what they share with its answers: numbers, states.

v3 posts arrays, v1 single objects; in production v1 puts the customer's words into ``reply`` and the copy of what was sent to
them into ``message``, where the documents have them in ``message``. An event is known by what it has. Nothing is signed.
:mod:`skymms.cellcast` has all of these names too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..errors import ProtocolError
from ..model.notices import DeliveryReport, InboundMMS, InboundSMS, Notice, UnknownNotice
from ..wire.codecs import DecodeError, json
from .fields import first_value, flatten, parse_datetime

#: The gateway's words for what became of a message (v3's reports, v1's list, webhooks), and the one that skymms says for them.
STATES = {
    "queued": "queued", "pending": "queued", "scheduled": "scheduled", "dispatched": "sent", "sent": "sent",
    "delivered": "delivered", "delievered": "delivered", "received": "received",
    "failed": "failed", "aborted": "failed", "blocked": "failed", "dead": "failed",
    "rejected": "rejected", "expired": "expired", "canceled": "cancelled", "cancelled": "cancelled",
}  # fmt: skip
#: Longer than any documented body: a few hundred events of a long text.
MAX_WEBHOOK = 512 * 1024
ORIGIN = "CELLCAST"


def mobile(number: object) -> str | None:
    """An Australian mobile number as ``+614NNNNNNNN``, from any form that Cellcast documents; None for everything else."""
    bare = re.sub(r"[\s\-\u2010-\u2015.()]", "", number) if isinstance(number, str) else ""
    # Seed 000: "+614NNNNNNNN" and "04NNNNNNNN"; seed 001 also without plus, and without zero. A plus needs the country code.
    found = re.fullmatch(r"(?:\+?61|0)?(4[0-9]{8})", bare)
    return found and f"+61{found[1]}"


def normalize_mobile(text: str) -> str:
    """A mobile as ``+614NNNNNNNN``; anything else as it stands."""
    return mobile(text.strip()) or text


def normalize_status(text: str) -> str:
    """The word of :data:`STATES` for one of the gateway's; another as it stands."""
    return STATES.get(text.strip().lower(), text)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellcastMMS(InboundMMS):
    """An MMS that somebody sent: its words stand in the event itself, and so does the id of what it answers."""

    text: str | None = None
    original_message_id: str | None = None


def read_cellcast_webhook(body: bytes, *, most: int = MAX_WEBHOOK) -> tuple[Notice, ...]:
    """The notices in the body of a webhook of either generation, in their order.

    Times are naive in v3, whose documents name no zone. A report's ``status`` is the word of :data:`STATES`, the gateway's own
    in ``details``. An event of no known shape is an :class:`~skymms.UnknownNotice`. Raises :class:`~skymms.ProtocolError` for
    what is no JSON, holds no event, or is longer than ``most`` bytes; never anything else.
    """
    if not isinstance(body, bytes):
        raise TypeError(f"the body of the request is wanted as bytes, not as {type(body).__name__}")
    try:
        document = json.parse(body, most)
        if document in ([], {}, None):
            raise DecodeError("it holds no event")
        events = document if isinstance(document, list) else [document]
        return tuple([_notice(event if isinstance(event, dict) else {"event": event}) for event in events])
    except DecodeError as error:
        raise ProtocolError(f"no webhook: {error}", body=body) from None


def _notice(event: dict[str, Any]) -> Notice:
    told, names = flatten(event), event.keys()
    kind = told.get("type", "").lower()
    about: dict[str, Any] = {"origin": ORIGIN, "raw": tuple([(path, text) for path, _, text in json.leaves(event)])}
    if kind == "receive" or {"from", "body"} <= names:
        return _inbound(event, kind, about)
    if (kind == "send" and {"_id", "status"} <= names) or {"message_id", "status", "recipient"} <= names:
        return DeliveryReport(
            **about,
            tracking_id=first_value(told, "message_id _id"),
            status=first_value(told, "status", normalize_status),
            details=first_value(told, "reason status"),
            to=first_value(told, "recipient receiver", normalize_mobile),
            sender=first_value(told, "sender", normalize_mobile),
            client_reference=first_value(told, "custom_string"),
        )
    return UnknownNotice(**about)


def _inbound(event: dict[str, Any], kind: str, about: dict[str, Any]) -> Notice:
    told, media = flatten(event), event.get("media")
    text = first_value(told, "reply message body")
    if text and text.lstrip().startswith("{"):
        # The sibling gateway wraps the words and the files of an MMS in a text of JSON.
        try:
            wrapped = json.parse(text.encode("utf-8", "replace"), MAX_WEBHOOK)
            if {"message", "media"} & wrapped.keys():
                text, media = first_value(flatten(wrapped), "message"), wrapped.get("media") or media
        except DecodeError:
            pass
    addresses = [one if isinstance(one, dict) else {"url": one} for one in media] if isinstance(media, list) else []
    files = tuple([url for one in addresses if (url := first_value(flatten(one), "url"))])
    message_id, original = first_value(told, "message_id _id"), first_value(told, "original_message_id")
    about |= {
        "sender": first_value(told, "from sender", normalize_mobile),
        "to": first_value(told, "receiver", normalize_mobile),
        "text": text,
    }
    about["timestamp"] = first_value(told, "received_at", parse_datetime)
    if kind == "mms" or files or told.get("mms", "").lower() in {"true", "1"}:
        return CellcastMMS(**about, tracking_id=message_id, original_message_id=original, files=files)
    return InboundSMS(**about, tracking_id=original, transaction_id=message_id)
