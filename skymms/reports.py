"""Parses statistics reports: the XML file that GetStatistics links to becomes one row for each message.

The file groups messages by how they were sent (campaign batches, autoresponders, subscriptions, all others). The file writes
fields that the messages of a group share only once, at the group; here every row has them. An element that is not a message
becomes a row of its own, with everything in ``raw``. Most of the vendor's samples are not well-formed XML and are refused.
Source: Skycore 1.3 reference, Appendix C.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import MMSError, Nodes, ProtocolError, gateway_refusal
from .http import MAX_REPORT
from .wire.codecs import DecodeError, xml_tree
from .wire.codecs.xml_parser import in_thread
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
    is not in UTF-8, is not a report, or has too many messages, and the :class:`~skymms.MMSError` of a refusal in place
    of a report; never another error.
    """
    if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance] (callers without a type checker)
        raise TypeError(f"body: expected the bytes of the report, got {type(body).__name__}")
    reader = _Reader()
    try:
        in_thread(partial(reader.read, body, limit))
    except DecodeError as error:
        raise ProtocolError(f"not a report: {error}", body=body) from None
    if (refusal := reader.refusal()) is not None:
        raise refusal
    return tuple([row for row in reader.rows if row.section or row.kind != _STATUS])


#: The elements of a response that is not a report; a report has groups instead.
_STATUS, _CODE, _INFO = "STATUS", "ERRORCODE", "ERRORINFO"


class _Group(NamedTuple):
    """An open element that is not in a message: its section, the fields that the messages in it share, and the text in it."""

    section: str
    common: Mapping[str, Any]
    #: The number of rows before it, so that the row for the element itself comes before the rows of the elements in it.
    rows_before: int
    #: The texts behind the elements that were removed from it.
    texts: list[str]


class _Reader:
    """Reads a report element by element. The elements that were read are not kept: they take 30 times their bytes."""

    def __init__(self) -> None:
        self.rows: list[MessageReport] = []
        self._max_rows = MAX_ROWS
        self._statuses = 0
        #: The texts at the top, which a refusal has in place of groups.
        self._texts: dict[str, str] = {}
        self._groups: list[_Group] = []
        #: The number of elements that are open inside a message, and how many there were.
        self._inside = self._elements = 0
        #: The names in ``raw``, each once: most messages have the same.
        self._names: dict[str, str] = {}

    def read(self, body: bytes, limit: int) -> None:
        """Collect the rows; raises :class:`~skymms.wire.codecs.DecodeError`."""
        self._max_rows = min(MAX_ROWS, 1_000 + len(body) // MIN_ROW_BYTES)
        for event, element in xml_tree.walk(body, limit):
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
        tag = xml_tree.name(element).upper()
        if self._inside or (self._groups and tag in _MESSAGES):
            self._inside += 1
            self._elements += 1
            if self._elements > MAX_ELEMENTS:
                raise DecodeError(f"a message of more than {MAX_ELEMENTS:,} elements")
            return
        if not self._groups:
            if tag != "RESPONSE":
                raise DecodeError(f"the root is {xml_tree.name(element):.40}, not RESPONSE")
            self._groups.append(_Group("", {}, 0, []))
            return
        # The outermost group names the section; groups inside it have fields that their messages share.
        section, common, _, _ = self._groups[-1]
        common = {**common, **_attributes(element, _GROUP_FIELDS)}
        self._groups.append(_Group(section or tag, common, len(self.rows), []))

    def _end(self, element: Element) -> None:
        if self._inside > 1:
            self._inside -= 1
            return
        tag = xml_tree.name(element).upper()
        if self._inside:
            self._inside = self._elements = 0
            section, common, _, _ = self._groups[-1]
            self._add(self._message(element, _MESSAGES[tag], section, common))
        else:
            group = self._groups.pop()
            if not self._groups:
                self._outside(element, tag, group)
                return
            section = self._groups[-1].section
            if len(element):
                self._outside(element, tag, group, section, _GROUP_FIELDS)
            else:
                self._leaf(element, tag, section)
        if text := xml_tree.forget_before(element):
            self._groups[-1].texts.append(text)

    def _outside(self, element: Element, tag: str, group: _Group, section: str = "", read: Container[str] = ()) -> None:
        """Add a row for the attributes of a group that have no field, and for text beside its elements."""
        text = xml_tree.own_text(element, group.texts)
        if unread := self._unread(element, read, text):
            self._add(MessageReport(kind=tag, section=section, raw=unread), group.rows_before)

    def _leaf(self, element: Element, tag: str, section: str) -> None:
        if len(self._groups) == 1:
            self._texts[tag] = (element.text or "").strip()
        if element.text or element.attrib:
            self._add(MessageReport(kind=tag, section=section, raw=self._raw(element)))

    def _add(self, row: MessageReport, at: int | None = None) -> None:
        self.rows.insert(len(self.rows) if at is None else at, row)
        self._statuses += len(row.statuses)
        if len(self.rows) > self._max_rows or self._statuses > MAX_STATUSES:
            raise DecodeError(f"more than {self._max_rows:,} messages or {MAX_STATUSES:,} statuses: request a shorter time")

    def _message(self, element: Element, kind: str, section: str, common: Mapping[str, Any]) -> MessageReport:
        statuses: list[StatusUpdate] = []
        handset: str | None = None
        raw = list(self._raw(element))
        for inner in element.iterdescendants():
            tag = xml_tree.name(inner).upper()
            text = xml_tree.own_text(inner)
            time = inner.get("time")
            read: Container[str] = ()
            if tag in _HANDSETS:
                handset = (inner.text or "").strip() or None
                text = "" if text == handset else text
            elif time is not None or tag in _STATUSES:
                when = None if time is None else parse_date(time)
                statuses.append(StatusUpdate(tag, when, inner.get("gw"), inner.get("net"), inner.get("info")))
                read = _STATUS_FIELDS
            raw += [(self._once(f"{tag}/{name}"), value) for name, value in self._unread(inner, read, text)]
        values = {**common, **_attributes(element, _MESSAGE_FIELDS)}
        return MessageReport(kind=kind, section=section, statuses=tuple(statuses), handset=handset, raw=tuple(raw), **values)

    def _raw(self, element: Element) -> Nodes:
        tag = xml_tree.name(element)
        found = self._unread(element, (), xml_tree.own_text(element))
        return tuple([(tag if name == xml_tree.TEXT else name, text) for name, text in found])

    def _unread(self, element: Element, read: Container[str], text: str) -> Nodes:
        """Return the attributes of an element that have no field, and its text."""
        _check_attributes(element)
        attributes = [(self._once(f"@{name}"), str(value)) for name, value in element.items() if name not in read]
        return (*attributes, *([(xml_tree.TEXT, text)] if text else ()))

    def _once(self, name: str) -> str:
        return self._names.setdefault(name, name)


#: The most rows of a report, statuses of its messages, elements in one message, and attributes of one element. A report of
#: the longest length that is read by default has some 130,000 messages; a message has some ten elements with ten attributes.
MAX_ROWS, MAX_STATUSES, MAX_ELEMENTS, MAX_ATTRIBUTES = 250_000, 1_000_000, 1_000, 100
#: Bytes of a report for each row, beyond the first thousand; a message with an id and a number has more. A row takes ten times
#: as much memory.
MIN_ROW_BYTES = 32


def _check_attributes(element: Element) -> None:
    # To look up an attribute, lxml searches all of them, so reading a million takes quadratic time.
    if len(element.keys()) > MAX_ATTRIBUTES:
        raise DecodeError(f"{xml_tree.name(element):.40} has more than {MAX_ATTRIBUTES} attributes")


def _attributes(element: Element, names: Mapping[str, str]) -> dict[str, str]:
    _check_attributes(element)
    return {field: value for name, field in names.items() if (value := element.get(name)) is not None}
