"""Parses statistics reports: the XML file that GetStatistics links to becomes one row for each message.

The file groups messages by how they were sent (campaign batches, autoresponders, subscriptions, all others). The file writes
fields that the messages of a group share only once, at the group; here every row has them. An element that is not a message
becomes a row of its own, with everything in ``raw``. Most of the vendor's samples are not well-formed XML and are refused.
Source: Skycore 1.3 reference, Appendix C.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

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
    def delivered(self) -> bool:
        """True if a phone confirmed that it received the message, or the link to it."""
        return any(status.name == "DLR" and status.gateway != _DISCOVERY_CODE for status in self.statuses)


#: The gateway's code in the delivery report of a device discovery message, which is sent before the message itself.
_DISCOVERY_CODE = "81"

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
    is not in UTF-8, is not a report, or has too many messages, and the :class:`~skymms.MMSError` of a refusal in place
    of a report; never another error.
    """
    if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance] (callers without a type checker)
        raise TypeError(f"body: expected the bytes of the report, got {type(body).__name__}")
    reader = _Reader()
    try:
        xml.in_thread(partial(reader.read, body, limit))
    except DecodeError as error:
        raise ProtocolError(f"not a report: {error}", body=body) from None
    if (refusal := reader.refusal()) is not None:
        raise refusal
    return tuple([row for row in reader.rows if row.section or row.kind != _STATUS])


#: The elements of a response that is not a report; a report has groups instead.
_STATUS, _CODE, _INFO = "STATUS", "ERRORCODE", "ERRORINFO"


class _Group(NamedTuple):
    """An element that is not in a message: the section that it is in, and the fields that the messages in it share."""

    section: str
    common: Mapping[str, Any]


class _Reader:
    """Reads a report element by element. The elements that were read are not kept: they take 30 times their bytes."""

    def __init__(self) -> None:
        self.rows: list[MessageReport] = []
        self._max_rows = MAX_ROWS
        self._statuses = 0
        #: The texts at the top, which a refusal has in place of groups.
        self._texts: dict[str, str] = {}
        self._groups: list[_Group] = []
        #: True for the last element that ended if it was inside its parent: that is then not a leaf.
        self._after_child = False
        #: The number of elements that are open inside a message, and how many there were.
        self._inside = self._elements = 0
        #: The texts ``@name``, which most messages have in ``raw``.
        self._names: dict[str, str] = {}

    def read(self, body: bytes, limit: int) -> None:
        """Collect the rows; raises :class:`~skymms.wire.codecs.DecodeError`."""
        self._max_rows = min(MAX_ROWS, 1_000 + len(body) // MIN_ROW_BYTES)
        for event, element in xml.walk(body, limit):
            if event == "start":
                self._start(element)
            else:
                self._end(element)

    def refusal(self) -> MMSError | None:
        """Return the error if the document is a refusal."""
        texts = self._texts
        status, code = texts.get(_STATUS, ""), texts.get(_CODE, "")
        if not code and status.lower() in {"", "success"}:
            return None
        return gateway_refusal(code, texts.get(_INFO), status=status, reply=tuple(texts.items()), repeatable=True)

    def _start(self, element: Element) -> None:
        tag = xml.name(element).upper()
        self._after_child = False
        if self._inside or (self._groups and tag in _MESSAGES):
            self._inside += 1
            self._elements += 1
            if self._elements > MAX_ELEMENTS:
                raise DecodeError(f"a message of more than {MAX_ELEMENTS:,} elements")
            return
        if not self._groups:
            if tag != "RESPONSE":
                raise DecodeError(f"the root is {xml.name(element):.40}, not RESPONSE")
            self._groups.append(_Group("", {}))
            return
        # The outermost group names the section; groups inside it have fields that their messages share.
        section, common = self._groups[-1]
        self._groups.append(_Group(section or tag, {**common, **_attributes(element, _GROUP_FIELDS)}))

    def _end(self, element: Element) -> None:
        if self._inside > 1:
            self._inside -= 1
            return
        tag = xml.name(element).upper()
        if self._inside:
            self._inside = self._elements = 0
            section, common = self._groups[-1]
            self._add(self._message(element, _MESSAGES[tag], section, common))
        else:
            self._groups.pop()
            if not self._after_child and self._groups:
                self._leaf(element, tag)
        self._after_child = True
        xml.forget_before(element)

    def _leaf(self, element: Element, tag: str) -> None:
        if len(self._groups) == 1:
            self._texts[tag] = (element.text or "").strip()
        if element.text or element.attrib:
            self._add(MessageReport(kind=tag, section=self._groups[-1].section, raw=self._raw(element)))

    def _add(self, row: MessageReport) -> None:
        self.rows.append(row)
        self._statuses += len(row.statuses)
        if len(self.rows) > self._max_rows or self._statuses > MAX_STATUSES:
            raise DecodeError(f"more than {self._max_rows:,} messages or {MAX_STATUSES:,} statuses: request a shorter time")

    def _message(self, element: Element, kind: str, section: str, common: Mapping[str, Any]) -> MessageReport:
        statuses: list[StatusUpdate] = []
        handset: str | None = None
        for inner in element.iter():
            tag = xml.name(inner).upper()
            if tag in _HANDSETS:
                handset = (inner.text or "").strip() or None
            elif inner is not element and (time := inner.get("time")) is not None:
                statuses.append(StatusUpdate(tag, parse_date(time), inner.get("gw"), inner.get("net"), inner.get("info")))
        raw = self._raw(element)
        values = {**common, **_attributes(element, _MESSAGE_FIELDS)}
        return MessageReport(kind=kind, section=section, statuses=tuple(statuses), handset=handset, raw=raw, **values)

    def _raw(self, element: Element) -> Nodes:
        text = (element.text or "").strip()
        _check_attributes(element)
        attributes = [(self._names.setdefault(name, f"@{name}"), str(value)) for name, value in element.items()]
        return (*attributes, *(((xml.name(element), text),) if text else ()))


#: The most rows of a report, statuses of its messages, elements in one message, and attributes of one element. A report of
#: the longest length that is read by default has some 130,000 messages; a message has some ten elements with ten attributes.
MAX_ROWS, MAX_STATUSES, MAX_ELEMENTS, MAX_ATTRIBUTES = 250_000, 1_000_000, 1_000, 100
#: Bytes of a report for each row, beyond the first thousand; a message with an id and a number has more. A row takes ten times
#: as much memory.
MIN_ROW_BYTES = 32


def _check_attributes(element: Element) -> None:
    # To look up an attribute, lxml searches all of them, so reading a million takes quadratic time.
    if len(element.keys()) > MAX_ATTRIBUTES:
        raise DecodeError(f"{xml.name(element):.40} has more than {MAX_ATTRIBUTES} attributes")


def _attributes(element: Element, names: Mapping[str, str]) -> dict[str, str]:
    _check_attributes(element)
    return {field: value for name, field in names.items() if (value := element.get(name)) is not None}
