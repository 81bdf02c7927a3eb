"""Parses statistics reports: the XML file that GetStatistics links to becomes one row for each message.

The file groups messages by how they were sent (campaign batches, autoresponders, subscriptions, all others). The file writes
fields that the messages of a group share only once, at the group; here every row has them. An element that is not a message
becomes a row of its own, with everything in ``raw``. Most of the vendor's samples are not well-formed XML and are refused.
Source: Skycore 1.3 reference, Appendix C.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from .errors import MMSError, Nodes, ProtocolError, gateway_refusal
from .http import MAX_REPORT
from .wire.codecs import DecodeError, xml
from .wire.notation import parse_date

if TYPE_CHECKING:
    from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] (lxml has no public name for it)


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """A status of a message: ``INQUE``, ``INIT``, ``ACK``, ``DLR``, ``OPENED``, ``ERROR``, ``EXPIRED`` or ``REJECTED``.

    ``gateway`` and ``network`` are the status codes of the gateway and of the phone network, ``info`` their text.
    """

    name: str
    time: date | str | None = None
    gateway: str | None = None
    network: str | None = None
    info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReport:
    """One message of a report. ``kind`` is ``MMS`` or ``SMS``, or the name of an element that is neither.

    ``section`` is the message's group, such as ``BATCHES``, and ``group_id`` the id of its batch or autoresponder. ``delivery``
    is ``binary`` for an MMS and ``xhtml`` for a link. ``raw`` has the element's attributes and text unchanged.
    """

    kind: str
    section: str = ""
    id: str | None = None
    to: str | None = None
    sender: str | None = None
    carrier: str | None = None
    mms_id: str | None = None
    mms_name: str | None = None
    text: str | None = None
    delivery: str | None = None
    handset: str | None = None
    group_id: str | None = None
    campaign_id: str | None = None
    campaign_name: str | None = None
    scheduled: str | None = None
    statuses: tuple[StatusUpdate, ...] = ()
    raw: Nodes = field(default=(), compare=False, repr=False)

    @property
    def delivered(self) -> bool | None:
        """True if a phone confirmed that it received the message, or the link to it; False if none did.

        None if the confirmation has a code that is not documented for it.
        """
        codes = {status.gateway for status in self.statuses if status.name == "DLR"} - {_DISCOVERY_CODE}
        if not codes:
            return False
        return True if codes <= _DELIVERY_CODES else None


#: The gateway's code in the delivery report of a device discovery message, which is sent before the message itself.
_DISCOVERY_CODE = "81"
#: The code in the delivery report of a message, which may be left out.
_DELIVERY_CODES = frozenset({"20", None})

#: The statuses that a message can have. Any other element with a time is a status too.
_STATUSES = frozenset({"INQUE", "INIT", "ACK", "DLR", "OPENED", "ERROR", "EXPIRED", "REJECTED"})
_STATUS_FIELDS = frozenset({"time", "gw", "net", "info"})
_MESSAGES = {"CONTENT": "MMS", "TEXT": "SMS"}
_HANDSETS = {"MM7_HANDSETID", "XHTML_HANDSETID"}

#: The attributes of a message, and the attributes of a group that its messages share. The text of an SMS has two names.
_MESSAGE_FIELDS = {
    "id": "id",
    "to": "to",
    "from": "sender",
    "carrier": "carrier",
    "contentid": "mms_id",
    "contentname": "mms_name",
    "body": "text",
    "text": "text",
    "delivery": "delivery",
}
_GROUP_FIELDS = {
    **{name: field for name, field in _MESSAGE_FIELDS.items() if name not in {"id", "delivery"}},
    "id": "group_id",
    "campaignid": "campaign_id",
    "campaignname": "campaign_name",
    "scheduled_date": "scheduled",
}


def read_report(body: bytes, *, limit: int = MAX_REPORT) -> tuple[MessageReport, ...]:
    """Return the messages in a report, in order.

    ``limit`` is in bytes. Raises :class:`~skymms.ProtocolError` for a body that is longer, is not well-formed, has a DOCTYPE,
    is not in UTF-8, or is not a report, and the :class:`~skymms.MMSError` of a refusal in place of a report; never another
    error.
    """
    if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance] (callers without a type checker)
        raise TypeError(f"body: expected the bytes of the report, got {type(body).__name__}")
    try:
        root = xml.parse(body, limit)
        if xml.name(root).upper() != "RESPONSE":
            raise DecodeError(f"the root is {xml.name(root):.40}, not RESPONSE")
        refusal = _refusal(root)
        rows = (*_outside(root), *_rows(root, "", {}))
    except DecodeError as error:
        raise ProtocolError(f"not a report: {error}", body=body) from None
    if refusal is not None:
        raise refusal
    return tuple(row for row in rows if row.section or row.kind != _STATUS)


#: The elements of a response that is not a report; a report has groups instead.
_STATUS, _CODE, _INFO = "STATUS", "ERRORCODE", "ERRORINFO"


def _refusal(root: Element) -> MMSError | None:
    texts = {xml.name(child).upper(): (child.text or "").strip() for child in root if not len(child)}
    status, code = texts.get(_STATUS, ""), texts.get(_CODE, "")
    if not code and status.lower() in {"", "success"}:
        return None
    return gateway_refusal(code, texts.get(_INFO), status=status, reply=tuple(texts.items()), repeatable=True)


def _outside(root: Element) -> Iterator[MessageReport]:
    """Yield a row for the attributes of the report and for text beside its groups."""
    if unread := _unread(root):
        yield MessageReport(kind=xml.name(root).upper(), section="", raw=unread)


def _rows(parent: Element, section: str, common: Mapping[str, Any]) -> Iterator[MessageReport]:
    for child in parent:
        tag = xml.name(child).upper()
        if tag in _MESSAGES:
            yield _message(child, _MESSAGES[tag], section, common)
        elif len(child):
            if unread := _unread(child, _GROUP_FIELDS):
                yield MessageReport(kind=tag, section=section, raw=unread)
            # The outermost group names the section; groups inside it have fields that their messages share.
            yield from _rows(child, section or tag, {**common, **_attributes(child, _GROUP_FIELDS)})
        elif child.text or child.attrib:
            yield MessageReport(kind=tag, section=section, raw=_raw(child))


def _unread(element: Element, read: Container[str] = ()) -> Nodes:
    """Return the attributes of an element that have no field, and its text."""
    attributes = [(f"@{name}", str(text)) for name, text in element.items() if name not in read]
    return (*attributes, *([(xml.TEXT, text)] if (text := xml.own_text(element)) else ()))


def _message(element: Element, kind: str, section: str, common: Mapping[str, Any]) -> MessageReport:
    statuses: list[StatusUpdate] = []
    handset: str | None = None
    raw = list(_raw(element))
    for inner in element.iterdescendants():
        tag = xml.name(inner).upper()
        unread = _unread(inner)
        time = inner.get("time")
        if tag in _HANDSETS:
            handset = (inner.text or "").strip() or None
            unread = tuple(pair for pair in unread if pair != (xml.TEXT, handset))
        elif time is not None or tag in _STATUSES:
            when = None if time is None else parse_date(time)
            statuses.append(StatusUpdate(tag, when, inner.get("gw"), inner.get("net"), inner.get("info")))
            unread = _unread(inner, _STATUS_FIELDS)
        raw += [(f"{tag}/{name}", text) for name, text in unread]
    values = {**common, **_attributes(element, _MESSAGE_FIELDS)}
    return MessageReport(kind=kind, section=section, statuses=tuple(statuses), handset=handset, raw=tuple(raw), **values)


def _attributes(element: Element, names: Mapping[str, str]) -> dict[str, str]:
    # Look up each name: building a dict of an element's attributes takes quadratic time if it has many.
    return {field: value for name, field in names.items() if (value := element.get(name)) is not None}


def _raw(element: Element) -> Nodes:
    tag = xml.name(element)
    return tuple((tag if name == xml.TEXT else name, text) for name, text in _unread(element))
