"""Parses postbacks: the body that a gateway posts becomes notices.

A body may have one event or hundreds, in any form that the vendors have used: flat; wrapped in NOTIFICATION; wrapped in
NOTIFICATION and BODY (until 2013-11, many events in one body); in upper case or hyphenated; as XML or JSON; as the request body
or in a form field. ORIGIN and CODE say what an event means. An event that is not in the catalogue becomes an
:class:`~skymms.UnknownNotice` with everything in ``raw``.

Respond with 200 within ten seconds and process the notices afterwards. A gateway repeats a postback that got no response, so
check ``identity`` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from .codes import EVENTS, ORIGINS
from .errors import ProtocolError
from .model.notices import DeliveryReport, EncodingReport, InboundMMS, InboundSMS, Notice, SubscriptionChange, UnknownNotice
from .wire.codecs import DecodeError, Leaf, json, query, replace_surrogates, xml
from .wire.dialects import normalize_name, response_decoder

if TYPE_CHECKING:
    from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] (lxml has no public name for it)

#: The most bytes of a report of one event.
MAX_REPORT = 64 * 1024
#: The most bytes of anything else: an inbound message with its files, or an old batch of 300 events.
MAX_INBOUND = 512 * 1024

_CLASSES: dict[str, type[Notice]] = {
    "delivery": DeliveryReport,
    "encoding": EncodingReport,
    "inbound-mms": InboundMMS,
    "inbound-sms": InboundSMS,
    "subscription": SubscriptionChange,
}


def read_postbacks(
    body: bytes,
    content_type: str | None = None,
    *,
    max_report: int = MAX_REPORT,
    max_inbound: int = MAX_INBOUND,
) -> tuple[Notice, ...]:
    """Return the notices in the body of a postback, in order.

    ``content_type``, the request's header, may be passed but is not needed: the format is recognised from the body.
    ``max_report`` is the most bytes of a report of one event, ``max_inbound`` of any other body. Raises
    :class:`~skymms.ProtocolError` for a body that is not well-formed, has a DOCTYPE, is not in UTF-8, is not a postback, or is
    too long; never another error.
    """
    if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance] (callers without a type checker)
        raise TypeError(f"body: expected the bytes of the request's body, got {type(body).__name__}")
    try:
        document = _document(body, max_inbound)
        events = list(_events(document, max_inbound))
        notices = tuple([_notice(leaves, alone=len(events) == 1) for leaves in events])
    except DecodeError as error:
        raise ProtocolError(f"not a postback: {error}", body=body) from None
    if len(document) > max_report and len(notices) == 1 and not isinstance(notices[0], (InboundMMS, InboundSMS)):
        reason = f"{len(document):,} bytes for one report, more than the {max_report:,} allowed"
        raise ProtocolError(f"not a postback: {reason}", body=body)
    return notices


#: How a document begins: XML, JSON, or the byte order mark before either.
_BEGINNINGS = (b"<", b"{", b"[", b"\xef\xbb\xbf")


def _document(body: bytes, limit: int) -> bytes:
    """Return the document, which is the body itself or in a form field of any name."""
    if body.startswith(_BEGINNINGS) or body.lstrip().startswith(_BEGINNINGS):
        return body
    # Percent-encoding makes a document up to three times as long.
    if len(body) > 3 * limit:
        raise DecodeError(f"{len(body):,} bytes, more than the {limit:,} allowed")
    if b"=" in body:
        try:
            fields = query.parse_pairs(body, 100)
        except ValueError:
            fields = []
        for _, value in fields:
            if value.encode().lstrip().startswith(_BEGINNINGS):
                return value.encode()
    raise DecodeError("neither XML nor JSON, and no form field with either" if body.strip() else "the body is empty")


def _events(document: bytes, limit: int) -> Iterable[list[Leaf]]:
    """Return the leaves of each event."""
    if document.startswith(b"<") or document.removeprefix(_BEGINNINGS[-1]).lstrip().startswith(b"<"):
        return _events_of_xml(xml.parse(document, limit))
    return _events_of_json(document, limit)


def _events_of_json(document: bytes, limit: int) -> Iterable[list[Leaf]]:
    parsed = json.parse(document, limit)
    # An empty list is refused below: responding with 200 would confirm something that was not received.
    events: list[Any] = cast(Any, parsed) if parsed and isinstance(parsed, list) else [parsed]
    # The root element says that an XML document is a postback; a JSON object must have one of these members.
    if not all(_is_event(event) for event in events):
        raise DecodeError("a JSON document without code and origin")
    leaves = map(json.leaves, events)
    return map(replace_surrogates, leaves) if _SURROGATE.search(document) else leaves


def _is_event(event: Any) -> bool:
    names = cast("dict[str, Any]", event) if isinstance(event, dict) else ()
    return not {"code", "statuscode", "origin"}.isdisjoint(map(normalize_name, names))


#: An escaped surrogate, alone or as a part of a pair.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


# The usual forms; any other form of the name is recognised if the first element has it.
_NOTIFICATION = frozenset({"NOTIFICATION", "notification", "Notification"})


def _events_of_xml(root: Element) -> Iterable[list[Leaf]]:
    kind = normalize_name(xml.name(root))
    if kind == "notification":
        return [_unwrapped(root)]
    if kind != "postback":
        raise DecodeError(f"the root is {xml.name(root):.40}, not POSTBACK")
    flat = xml.flat(root)
    if flat and normalize_name(flat[0][0]) != "notification" and _NOTIFICATION.isdisjoint([path for path, _, _ in flat]):
        return [flat]
    # If one event is in a NOTIFICATION, all events are, even if other elements come before the first.
    if next(root.iterchildren(*_NOTIFICATION), None) is not None or (
        len(root) and normalize_name(xml.name(root[0])) == "notification"
    ):
        return [_unwrapped(child) for child in root if normalize_name(xml.name(child)) == "notification"]
    return [xml.leaves(root)]


def _unwrapped(notification: Element) -> list[Leaf]:
    """Return the leaves of an event in the form used until 2013-11, in which most elements are in BODY."""
    # The status was an attribute: <STATUS celly="20" provider="1000" text="Retrieved" description=""/>.
    for status in notification.iter("STATUS", "Status", "status"):
        if not (status.text or "").strip() and (text := status.get("text")):
            status.text = text
    found: list[Leaf] = []
    for path, index, text in xml.leaves(notification):
        head, is_inside, rest = path.partition("/")
        found.append((rest if is_inside and normalize_name(head) == "body" else path, index, text))
    return found


def _notice(leaves: list[Leaf], *, alone: bool) -> Notice:
    """Return the notice of an event; ``alone`` is True if the postback has no other event."""
    raw = tuple([(path, text) for path, _, text in leaves])
    texts = dict(raw)
    origin, code = _text_of(texts, "origin", "ORIGIN"), _text_of(texts, "code", "CODE")
    kind = _class_of(origin, code)
    try:
        notice, _ = response_decoder(kind).decode(leaves, raw=raw)
    except DecodeError:
        # A field is given twice. A single event of a known kind is refused. An unknown event, and one of several events,
        # becomes an UnknownNotice, because refusing it would refuse the other events of the body too.
        if alone and kind is not UnknownNotice:
            raise
        notice = UnknownNotice(code or None, origin=origin or None, raw=raw)
    when = getattr(notice, "timestamp", None)
    if when is not None and (when.__class__ is not datetime or when.tzinfo is None):
        notice = replace(notice, timestamp=_aware(when))
    return cast(Notice, notice)


def _class_of(origin: str, code: str) -> type[Notice]:
    event = EVENTS.get(code)
    # A code has its meaning together with its origin. If the origin is missing, the code decides.
    if event is None or (origin and event.kind not in ORIGINS.get(origin.upper(), ())):
        return UnknownNotice
    return _CLASSES.get(event.kind, UnknownNotice)


def _text_of(texts: Mapping[str, str], name: str, upper: str) -> str:
    """Return the text of the field with a name, in any form of the name; empty if there is no such field."""
    text = texts.get(upper)
    if text is None:
        text = next((text for path, text in texts.items() if normalize_name(path) == name), "")
    return text.strip()


def _aware(when: Any) -> datetime | None:
    """Return a time without a time zone (a form of 2013) in UTC. Any other value becomes None and is only in ``raw``."""
    return when.replace(tzinfo=UTC) if isinstance(when, datetime) else None
