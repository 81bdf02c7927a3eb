"""Parses postbacks: the body that a gateway posts becomes notices.

A body may have one event or hundreds, in any form that the vendors have used: flat; wrapped in NOTIFICATION; wrapped in
NOTIFICATION and BODY (until 2013-11, many events in one body); in upper case or hyphenated; as XML or JSON; as the request body
or in a form field. ORIGIN and CODE say what an event means. An event that is not in the catalogue becomes an
:class:`~skymms.UnknownNotice` with everything in ``raw``.

A character that XML or JSON cannot hold becomes U+FFFD, so that it does not lose the event, or the other events of the body.

Respond with 200 within ten seconds and process the notices afterwards. A gateway repeats a postback that got no response, so
check ``identity`` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from .codes import EVENTS, ORIGINS
from .errors import Nodes, ProtocolError
from .model.notices import (
    DeliveryReport,
    EncodingReport,
    InboundMMS,
    InboundSMS,
    Notice,
    SubscriptionChange,
    UnknownNotice,
    event_fingerprint,
    needs_fingerprint,
)
from .wire.codecs import DecodeError, Leaf, as_leaves, json, xml_tree
from .wire.codecs.xml_plain import read_plain
from .wire.dialects import normalize_name, response_decoder
from .wire.forms import begins_a_document, document_in_form
from .wire.legacy_status import NO_STATUS, STATUS_ATTRIBUTES, with_status
from .wire.repair import GROWTH, parse_json, repair_xml

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
    :class:`~skymms.ProtocolError` for a body that is not well-formed, has a DOCTYPE, is declared in another encoding than UTF-8
    and is not ASCII, is not a postback, or is too long; never another error.
    """
    if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance] (callers without a type checker)
        raise TypeError(f"body: expected the bytes of the request's body, got {type(body).__name__}")
    try:
        document = _document(body, max_inbound, content_type)
        events = _events(document, max_inbound)
        alone = len(events) == 1
        notices = tuple([_notice(event, alone=alone) for event in events])
    except DecodeError as error:
        raise ProtocolError(f"not a postback: {error}", body=body) from None
    if len(document) > max_report and len(notices) == 1 and not isinstance(notices[0], (InboundMMS, InboundSMS)):
        reason = f"{len(document):,} bytes for one report, more than the {max_report:,} allowed"
        raise ProtocolError(f"not a postback: {reason}", body=body)
    return notices


def _document(body: bytes, limit: int, content_type: str | None) -> bytes:
    """Return the document, which is the body itself or in a form field of any name."""
    if begins_a_document(body):
        return body
    # Percent-encoding makes a document up to three times as long.
    if len(body) > 3 * limit:
        raise DecodeError(f"{len(body):,} bytes, more than the {limit:,} allowed")
    if not body.strip():
        raise DecodeError(_EMPTY_FORM if "form" in (content_type or "").lower() else _EMPTY)
    document = document_in_form(body)
    if document is None:
        raise DecodeError("neither XML nor JSON, and no form field with either")
    return document


_EMPTY = "the body is empty"
_EMPTY_FORM = (
    "the body of a form is empty. The web framework has probably read the form before you read the body: read the body first "
    '(in Flask, call request.get_data() before you use request.form), or pass the field: read_postbacks(form["xml"].encode())'
)


def unrecognised_fields(notice: Notice) -> Nodes:
    """Return the names and texts in ``raw`` that no field of the notice has; for an unknown notice, all of them."""
    if type(notice) not in _CLASSES.values():
        return notice.raw
    field_of = response_decoder(type(notice)).field_of
    known = STATUS_ATTRIBUTES if isinstance(notice, DeliveryReport) else frozenset[str]()
    return tuple([(path, text) for path, text in notice.raw if field_of(path) is None and normalize_name(path) not in known])


#: The leaves of an event as they are shown; the same with the marks of replaced characters, if there are any; and the names and
#: texts of an event that has only text elements with different names and no attributes. Nearly all events are such, and their
#: list of leaves is empty.
_Event: TypeAlias = "tuple[list[Leaf], list[Leaf] | None, dict[str, str] | None]"


def _events(document: bytes, limit: int) -> Sequence[_Event]:
    """Return the events of a document, which is parsed strictly first and repaired if that fails."""
    if document.startswith(b"<") or document.lstrip(_BLANKS).startswith(b"<"):
        return _events_of_xml(document, limit)
    shown, marked = map(_leaves_of_json, parse_json(document, limit))
    return _paired(shown, marked)


def _paired(shown: Sequence[list[Leaf]], marked: Sequence[list[Leaf]]) -> list[_Event]:
    return [(leaves, None if leaves == other else other, None) for leaves, other in zip(shown, marked, strict=True)]


def _events_of_xml(document: bytes, limit: int) -> Sequence[_Event]:
    try:
        # Nearly all postbacks are such.
        if (plain := read_plain(document, limit)) is not None and plain[0] == "POSTBACK":
            texts = plain[1]
            first = next(iter(texts))
            if (first == "ORIGIN" or normalize_name(first) != "notification") and _NOTIFICATION.isdisjoint(texts):
                return (([], None, texts),)
        return [(leaves, None, None) for leaves in _leaves_of_root(xml_tree.parse(document, limit))]
    except DecodeError:
        if len(document) > limit or (document.isascii() and not _REPAIRABLE.search(document)):
            raise
    shown, marked = repair_xml(document)
    return _paired(*(_leaves_of_root(xml_tree.parse(repaired, GROWTH * limit)) for repaired in (shown, marked)))


#: What an XML document in ASCII has that can be repaired: a reference or a control character.
_REPAIRABLE = re.compile(rb"&#|[\0-\x08\v\f\x0e-\x1f]")
#: White space, and the bytes of a byte order mark.
_BLANKS = b" \t\r\n\v\f\xef\xbb\xbf"


def _leaves_of_json(parsed: Any) -> list[list[Leaf]]:
    # An empty list is refused below: responding with 200 would confirm something that was not received.
    events: list[Any] = cast(Any, parsed) if parsed and isinstance(parsed, list) else [parsed]
    # The root element says that an XML document is a postback; a JSON object must have one of these members.
    if not all(_is_event(event) for event in events):
        raise DecodeError("a JSON document without code and origin")
    return list(map(json.leaves, events))


def _is_event(event: Any) -> bool:
    names = cast("dict[str, Any]", event) if isinstance(event, dict) else ()
    return not {"code", "statuscode", "origin"}.isdisjoint(map(normalize_name, names))


# The usual forms; any other form of the name is recognised if the first element has it.
_NOTIFICATION = frozenset({"NOTIFICATION", "notification", "Notification"})


def _leaves_of_root(root: Element) -> list[list[Leaf]]:
    """Return the leaves of each event; in a batch, the first event also has what is in no event."""
    kind = normalize_name(xml_tree.name(root))
    if kind == "notification":
        return [_unwrapped(root)]
    if kind != "postback":
        raise DecodeError(f"the root is {xml_tree.name(root):.40}, not POSTBACK")
    # If one event is in a NOTIFICATION, all events are, even if other elements come before the first.
    if next(root.iterchildren(*_NOTIFICATION), None) is None and not (
        len(root) and normalize_name(xml_tree.name(root[0])) == "notification"
    ):
        return [xml_tree.leaves(root, mixed=True)]
    notifications = [child for child in root if normalize_name(xml_tree.name(child)) == "notification"]
    events = list(map(_unwrapped, notifications))
    for child in notifications:
        child.clear(keep_tail=True)
    beside = [leaf for leaf in xml_tree.leaves(root, mixed=True) if normalize_name(leaf[0]) != "notification"]
    events[0] += [(f"{_OUTSIDE}{path}", index, text) for path, index, text in beside]
    return events


#: The prefix of the name, in ``raw``, of what stands beside the events of a batch.
_OUTSIDE = "POSTBACK/"


def _unwrapped(notification: Element) -> list[Leaf]:
    """Return the leaves of an event in a NOTIFICATION. Until 2013-11, most elements were in BODY."""
    found: list[Leaf] = []
    is_old, has_status = False, False
    for path, index, text in xml_tree.leaves(notification, mixed=True):
        head, is_inside, rest = path.partition("/")
        if is_inside and normalize_name(head) == "body":
            path, is_old = rest, True
        has_status = has_status or normalize_name(path) == "status"
        found.append((path, index, text))
    if is_old and not has_status:
        found.append((NO_STATUS, 0, ""))
    return found


def _is_text_beside(path: str) -> bool:
    """True for the name of text beside elements in an event."""
    return path.endswith(f"/{xml_tree.TEXT}") and not path.startswith(_OUTSIDE)


def _notice(event: _Event, *, alone: bool) -> Notice:
    """Return the notice of an event; ``alone`` is True if the postback has no other event."""
    own_leaves, marked, texts = event
    is_plain = texts is not None
    if texts is not None:
        raw = tuple(texts.items())
    else:
        raw = tuple([(path, text) for path, _, text in own_leaves if path != NO_STATUS])
        texts = dict(raw)
    origin, code = _text_of(texts, "origin", "ORIGIN"), _text_of(texts, "code", "CODE")
    kind = _class_of(origin, code)
    try:
        notice = _decoded_texts(kind, texts, raw) if is_plain else _decoded_leaves(kind, own_leaves, raw)
    except DecodeError:
        # A field is contradictory. A single event of a known kind is refused. An unknown event, and one of several events,
        # becomes an UnknownNotice, because refusing it would refuse the other events of the body too.
        if alone and kind is not UnknownNotice:
            raise
        kind, notice = UnknownNotice, UnknownNotice(code or None, origin=origin or None, raw=raw)
    when = getattr(notice, "timestamp", None)
    is_unparsed = False
    if when is not None and (when.__class__ is not datetime or when.tzinfo is None):
        is_unparsed = not isinstance(when, datetime) and "timestamp" in notice.identity_fields
        notice = cast("Notice", replace(cast("Any", notice), timestamp=_aware(when)))
    if marked is not None or is_unparsed or needs_fingerprint(notice):
        every_leaf = marked or (as_leaves(texts) if is_plain else own_leaves)
        notice = replace(notice, fingerprint=event_fingerprint(_canonical(kind, notice, every_leaf)))
    return notice


def _decoded_texts(kind: type[Notice], texts: dict[str, str], raw: Nodes) -> Notice:
    decoder = response_decoder(kind)
    exact: Notice | None = decoder.decode_exact(texts, raw=raw)
    if exact is not None:
        return exact
    notice: Notice = decoder.decode(as_leaves(texts), raw=raw)[0]
    return notice


def _decoded_leaves(kind: type[Notice], leaves: Sequence[Leaf], raw: Nodes) -> Notice:
    if kind is DeliveryReport and any("@" in path or path == NO_STATUS for path, _, _ in leaves):
        leaves = with_status(leaves)
    notice: Notice
    notice, unread = response_decoder(kind).decode(leaves, raw=raw)
    if beside := next(filter(_is_text_beside, unread), None):
        raise DecodeError(f"{beside.rpartition('/')[0]} has text beside its elements")
    return notice


def _canonical(kind: type[Notice], notice: Notice, leaves: Iterable[Leaf]) -> list[tuple[str, str]]:
    """Return the names and texts of an event so that they are the same in every form of postback."""
    field_of = response_decoder(kind).field_of
    when = getattr(notice, "timestamp", None)
    pairs: list[tuple[str, str]] = []
    for path, _, text in leaves:
        name, text = field_of(path) or normalize_name(path), text.strip()
        # When a postback was created says nothing about the event.
        if not text or name in {"@created", NO_STATUS} or path.startswith(_OUTSIDE):
            continue
        pairs.append((name, str(when) if name == "timestamp" and when is not None else text))
    # The order of different elements has no meaning.
    return sorted(pairs, key=lambda pair: pair[0])


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
