"""Reports of what was sent: from the XML file that GetStatistics leads to, to a row for each message.

The file groups messages by how they came to be sent (campaign batches, autoresponders, subscriptions, all others), and what a
group's messages have in common stands at the group only; here every row has it. Nothing in it is relied on: what is no message
is kept as a row of its own, with everything in ``raw``. Most of the vendor's samples are not well-formed; the reader is not
loosened for them (ruling 12). Source: 1.3, Appendix C.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from .errors import MMSError, Nodes, ProtocolError, gateway_refusal
from .wire.codecs import DecodeError, xml
from .wire.notation import parse_date

if TYPE_CHECKING:
    from lxml.etree import _Element

#: The longest report that is read. One message takes half a kilobyte; the vendor limits the span, not the size.
MAX_REPORT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """A step on a message's way: ``INQUE``, ``INIT``, ``ACK``, ``DLR``, ``OPENED``, or ``ERROR``, ``EXPIRED``, ``REJECTED``.

    ``gateway`` and ``network`` are the two sides' own numbers for it, ``info`` their words.
    """

    name: str
    time: date | str | None = None
    gateway: str | None = None
    network: str | None = None
    info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReport:
    """One message and its way. ``kind`` is ``MMS`` or ``SMS``, or the name of a node that is neither.

    ``section`` is the group it is in, such as ``BATCHES``; ``group_id`` the batch's or autoresponder's id. ``delivery`` is
    ``binary`` for an MMS and ``xhtml`` for a link. ``raw`` has the node's attributes and words as they came.
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
    def delivered(self) -> bool:
        """True if a phone has told that it has the message, or the link to it."""
        return any(status.name == "DLR" and status.gateway != _OF_DISCOVERY for status in self.statuses)


#: The gateway's number for the report of a device discovery message, which goes before the message itself.
_OF_DISCOVERY = "81"

_MESSAGES = {"CONTENT": "MMS", "TEXT": "SMS"}
_HANDSETS = {"MM7_HANDSETID", "XHTML_HANDSETID"}

#: The attributes of a message, and those it may have from its group. The words of an SMS go by two names.
_OWN = {
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
_OF_GROUP = {
    **{name: field for name, field in _OWN.items() if name not in {"id", "delivery"}},
    "id": "group_id",
    "campaignid": "campaign_id",
    "campaignname": "campaign_name",
    "scheduled_date": "scheduled",
}


def read_report(body: bytes, *, limit: int = MAX_REPORT) -> tuple[MessageReport, ...]:
    """The messages in a report, in its order.

    ``limit`` is in bytes. Raises :class:`~skymms.ProtocolError` for what is longer, not well-formed, has a DOCTYPE, is not in
    UTF-8, or is no report, and the :class:`~skymms.MMSError` of a refusal that stands in a report's place; never anything else.
    """
    if not isinstance(body, bytes):
        raise TypeError(f"the report is wanted as bytes, not as {type(body).__name__}")
    try:
        root = xml.parse(body, limit)
        if xml.name(root).upper() != "RESPONSE":
            raise DecodeError(f"the root is {xml.name(root):.40}, not RESPONSE")
        refused = _refusal(root)
        rows = tuple(_rows(root, "", {}))
    except DecodeError as error:
        raise ProtocolError(f"no report: {error}", body=body) from None
    if refused is not None:
        raise refused
    return tuple(row for row in rows if row.section or row.kind != _STATUS)


#: What an answer has at its top that is no report; a report has groups there.
_STATUS, _CODE, _INFO = "STATUS", "ERRORCODE", "ERRORINFO"


def _refusal(root: _Element) -> MMSError | None:
    said = {xml.name(child).upper(): (child.text or "").strip() for child in root if not len(child)}
    status, code = said.get(_STATUS, ""), said.get(_CODE, "")
    if not code and status.lower() in {"", "success"}:
        return None
    return gateway_refusal(code, said.get(_INFO), status=status, reply=tuple(said.items()), repeatable=True)


def _rows(parent: _Element, section: str, common: Mapping[str, Any]) -> Iterator[MessageReport]:
    for child in parent:
        tag = xml.name(child).upper()
        if tag in _MESSAGES:
            yield _message(child, _MESSAGES[tag], section, common)
        elif len(child):
            # The outermost group names the section; the ones in it have what their messages share.
            yield from _rows(child, section or tag, {**common, **_named(child, _OF_GROUP)})
        elif child.text or child.attrib:
            yield MessageReport(kind=tag, section=section, raw=_all_of(child))


def _message(node: _Element, kind: str, section: str, common: Mapping[str, Any]) -> MessageReport:
    statuses, handset = [], None
    for inner in node.iter():
        tag = xml.name(inner).upper()
        if tag in _HANDSETS:
            handset = (inner.text or "").strip() or None
        elif inner is not node and (time := inner.get("time")) is not None:
            statuses.append(StatusUpdate(tag, parse_date(time), inner.get("gw"), inner.get("net"), inner.get("info")))
    values = {**common, **_named(node, _OWN)}
    return MessageReport(kind=kind, section=section, statuses=tuple(statuses), handset=handset, raw=_all_of(node), **values)


def _named(node: _Element, names: Mapping[str, str]) -> dict[str, str]:
    # Asked for one by one: a dictionary of all attributes takes quadratic time over many of them.
    return {field: value for name, field in names.items() if (value := node.get(name)) is not None}


def _all_of(node: _Element) -> Nodes:
    words = (node.text or "").strip()
    return (*((f"@{name}", str(value)) for name, value in node.items()), *(((xml.name(node), words),) if words else ()))
