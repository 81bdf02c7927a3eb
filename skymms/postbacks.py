"""Postbacks: from the bytes a gateway posts to notices.

One event or hundreds, in any of the shapes that were ever in use: flat; wrapped in NOTIFICATION; wrapped in NOTIFICATION and
BODY (before 2013-11, many in one post); upper case or hyphenated; XML or JSON; as the raw body or in a form field. What an
event means is told by ORIGIN and CODE through the catalogue; an event outside it becomes an :class:`~skymms.UnknownNotice` that
keeps all.

Answer 200 within ten seconds and work afterwards: the gateway repeats what it got no answer to, so look at ``identity`` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

from .codes import EVENTS, ORIGINS
from .errors import ProtocolError
from .model.notices import DeliveryReport, EncodingReport, InboundMMS, InboundSMS, Notice, SubscriptionChange, UnknownNotice
from .wire.codecs import DecodeError, Leaf, json, replace_surrogates, xml
from .wire.dialects import normalize_name, response_decoder

if TYPE_CHECKING:
    from lxml.etree import _Element

#: A report of one event, and anything longer: an inbound message with its files, or the old batches of 300 events.
MAX_REPORT = 64 * 1024
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
    """The notices in the body of a postback, in their order.

    ``content_type``, the request's header, may be passed along; the body tells by itself what it is. ``max_report`` and
    ``max_inbound`` are in bytes. Raises :class:`~skymms.ProtocolError` for a body that is not well-formed, has a DOCTYPE, is
    in another encoding than UTF-8, is no postback, or is longer than its kind may be; never anything else.
    """
    if not isinstance(body, bytes):
        raise TypeError(f"the body of the request is wanted as bytes, not as {type(body).__name__}")
    try:
        document = _document(body, max_inbound)
        events = list(_events(document, max_inbound))
        notices = tuple([_notice(leaves, alone=len(events) == 1) for leaves in events])
    except DecodeError as error:
        raise ProtocolError(f"no postback: {error}", body=body) from None
    if len(document) > max_report and len(notices) == 1 and not isinstance(notices[0], (InboundMMS, InboundSMS)):
        raise ProtocolError(f"no postback: {len(document):,} bytes for one report, at most {max_report:,}", body=body)
    return notices


#: What a document begins with: XML, JSON, or the mark that some put before either.
_BEGINS = (b"<", b"{", b"[", b"\xef\xbb\xbf")


def _document(body: bytes, limit: int) -> bytes:
    """The document itself. Nobody says whether it comes as the body or in a form field, so both are looked for."""
    if body.startswith(_BEGINS) or body.lstrip().startswith(_BEGINS):
        return body
    # Percent signs make a form up to three times as long as what is in it.
    if len(body) > 3 * limit:
        raise DecodeError(f"{len(body):,} bytes, more than the {limit:,} allowed")
    if b"=" in body:
        try:
            fields = parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=100)
        except ValueError:
            fields = []
        for _, value in fields:
            if value.encode().lstrip().startswith(_BEGINS):
                return value.encode()
    raise DecodeError("no document, and no form field with one in it" if body.strip() else "the body is empty")


def _events(document: bytes, limit: int) -> Iterable[list[Leaf]]:
    if document.startswith(b"<") or document.removeprefix(_BEGINS[-1]).lstrip().startswith(b"<"):
        return _events_of_xml(xml.parse(document, limit))
    parsed = json.parse(document, limit)
    # A list without events tells nothing, and answering 200 to it would be passing it over in silence.
    events = parsed if parsed and isinstance(parsed, list) else [parsed]
    for event in events:
        # XML says by its root that it is a postback; an object says it by what it has.
        if not isinstance(event, dict) or {"code", "statuscode", "origin"}.isdisjoint(map(normalize_name, event)):
            raise DecodeError("a JSON document without code and origin")
    told = map(json.leaves, events)
    return map(replace_surrogates, told) if _HALF.search(document) else told


#: Half a character, escaped: one with the half that follows, or none.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


# The spellings that were seen; any other is known by the first event.
_NOTIFICATION = frozenset({"NOTIFICATION", "notification", "Notification"})


def _events_of_xml(root: _Element) -> Iterable[list[Leaf]]:
    kind = normalize_name(xml.name(root))
    if kind == "notification":
        return [_unwrapped(root)]
    if kind != "postback":
        raise DecodeError(f"the root is {xml.name(root):.40}, not POSTBACK")
    plain = xml.flat(root)
    if plain and normalize_name(plain[0][0]) != "notification" and _NOTIFICATION.isdisjoint([path for path, _, _ in plain]):
        return [plain]
    # Where events are wrapped, all of them are, whatever stands before the first.
    if next(root.iterchildren(*_NOTIFICATION), None) is not None or (
        len(root) and normalize_name(xml.name(root[0])) == "notification"
    ):
        return [_unwrapped(child) for child in root if normalize_name(xml.name(child)) == "notification"]
    return [xml.leaves(root)]


def _unwrapped(notification: _Element) -> list[Leaf]:
    """The leaves of an event in the envelope of before 2013-11, where most nodes lie in BODY."""
    # That envelope told the status in an attribute: <STATUS celly="20" provider="1000" text="Retrieved" description=""/>.
    for status in notification.iter("STATUS", "Status", "status"):
        if not (status.text or "").strip() and (words := status.get("text")):
            status.text = words
    found = []
    for path, at, text in xml.leaves(notification):
        head, inside, rest = path.partition("/")
        found.append((rest if inside and normalize_name(head) == "body" else path, at, text))
    return found


def _notice(leaves: list[Leaf], *, alone: bool) -> Notice:
    raw = tuple([(path, text) for path, _, text in leaves])
    plain = dict(raw)
    origin, code = _told(plain, "origin"), _told(plain, "code")
    event = EVENTS.get(code)
    kind: type[Notice] = UnknownNotice
    # A code means something only with its origin; where the origin is missing, the code has to do.
    if event is not None and (not origin or event.kind in ORIGINS.get(origin.upper(), ())):
        kind = _CLASSES.get(event.kind, UnknownNotice)
    try:
        notice, _ = response_decoder(kind).read(leaves, raw=raw)
    except DecodeError:
        # A node twice: nobody can say which is meant. Of an event we know that is no postback; one we do not know is kept, and
        # so is one of many, which must not take the others with it.
        if alone and kind is not UnknownNotice:
            raise
        notice = UnknownNotice(code or None, origin=origin or None, raw=raw)
    when = getattr(notice, "timestamp", None)
    if when is not None and (when.__class__ is not datetime or when.tzinfo is None):
        notice = replace(notice, timestamp=_aware(when))
    return cast("Notice", notice)


def _told(plain: Mapping[str, str], name: str) -> str:
    """The words of a node of that name, which the two dialects and all their ages write differently."""
    text = plain.get(name.upper())
    if text is None:
        text = next((words for path, words in plain.items() if normalize_name(path) == name), "")
    return text.strip()


def _aware(when: Any) -> datetime | None:
    """A time without a zone is taken as UTC (one shape of 2013 has none); what is no time is only in ``raw``."""
    return when.replace(tzinfo=UTC) if isinstance(when, datetime) else None
