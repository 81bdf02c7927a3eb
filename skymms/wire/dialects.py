"""The dialects: a column of the table put to use, with the envelope and the address that go with it.

A dialect writes and reads requests, answers and postbacks. It judges nothing, sends nothing, and asks nowhere which dialect it
is: what differs is data here or in :mod:`skymms.wire.table`. A new one is a column there and an entry at the end of this page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from types import ModuleType
from typing import Any, NamedTuple

from .._functools import memoize
from ..errors import ConfigurationError, Problem
from ..limits import Limits
from ..model.notices import Notice
from ..model.operations import Operation
from ..model.replies import Refusal
from . import table
from .codecs import FLAT, DecodeError, Leaf, Shape, json, query, xml
from .decoder import Decoder
from .encoder import Encoder
from .notation import Row, accepted_names, converters, is_ignored, is_required, wire_name
from .template import RequestTemplate

#: The longest request that is read back: eight slides of 5,000 characters outside ASCII, escaped, fit twice.
MAX_REQUEST = 1024 * 1024


class UnknownActionError(DecodeError):
    """The request asks for something that is no operation of this dialect."""


class DecodedRequest(NamedTuple):
    """A request as it was understood: what is asked, with which key, and the names nothing was made of."""

    operation: Operation[Any]
    api_key: str
    unread: tuple[str, ...]


# Compared by identity: it is a key of every cache below, and hashing ten fields at each call would be felt.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dialect:
    """A way to speak to a gateway: its columns, its codec, its envelope, and where it is spoken."""

    name: str
    #: What people call it.
    title: str
    #: Where the vendor serves it; a white-label host goes into ``Account(url=…)``.
    url: str
    #: Which column of the request table, and which of the answers and postbacks.
    column: int
    answers: int
    #: How requests are written, and how answers and postbacks are.
    codec: ModuleType
    response_codec: ModuleType
    #: How the document travels: in the ``url``, in a ``form`` field, or as the ``bare`` body.
    placement: str
    #: The names of the root elements of request, response and postback.
    roots: tuple[str, str, str]
    #: How the names of merge values are written: ``upper`` or ``lower``.
    case: str
    #: The code that answers a listing when nothing is stored; empty where the list is then empty.
    empty_list_code: str
    #: Whether sendMMS answers with the id that its slideshow is stored under.
    returns_mms_id: bool = True
    #: How requests were written in former times, as far as they are still read.
    older: Shape = FLAT
    #: The header that has the key, where no field has it.
    key_header: str = ""
    #: What an answer's status says, done and refused; they are read in any case.
    statuses: tuple[str, str] = ("Success", "Failure")
    #: What a delivery report's status says for the words of 1.3, which then stand in its details; without any, those words.
    status_texts: Mapping[str, str] = field(default_factory=dict)

    def action(self, operation: type[Operation[Any]]) -> str:
        """The value of ACTION for an operation; empty where the dialect has no such action."""
        return _action(self, operation)

    def actions(self, operation: type[Operation[Any]]) -> list[str]:
        """The values of ACTION an operation is read by: the one it is written with, and those of former times."""
        return table.REQUESTS[operation][0][self.column].replace("-", "").split()

    def limits_for(self, limits: Limits, operation: type[Operation[Any]]) -> Limits:
        """An account's limits, with the fields this dialect insists on for an operation, and those it does without."""
        return _insisting(self, limits, operation)

    def writer(self, operation: type[Operation[Any]], line_break: str = "\n") -> Encoder:
        """What writes an operation, worked out once."""
        return _writer(self, operation, line_break)

    def lost(self, operation: Operation[Any], line_break: str = "\n") -> list[Problem]:
        """What this dialect has no word for, although it is asked: the whole operation, or some of its fields."""
        return self.missing(type(operation), line_break)(operation)

    def missing(self, kind: type[Operation[Any]], line_break: str = "\n") -> Callable[[Operation[Any]], list[Problem]]:
        """What finds the same for operations of one kind, worked out once."""
        if not self.action(kind):
            return lambda operation: [Problem(None, None, kind.__name__, f"the dialect {self.name} has no such action")]
        return partial(self.writer(kind, line_break).lost, dialect=self.name)

    def template(
        self,
        kind: type[Operation[Any]],
        api_key: str,
        line_break: str = "\n",
        carry: Callable[[bytes], bytes] = bytes,
    ) -> RequestTemplate:
        """The request for a kind of operation, to be filled in; ``carry`` is what becomes of a piece of it on its way."""
        begins, between, ends = self.codec.frame(self.roots[0])
        said = {"action": self.action(kind), "api_key": api_key}
        envelope = self.codec.part([(tag, None, said[field]) for field, tag in _envelope(self)])
        return RequestTemplate(carry(begins + envelope), carry(between), carry(ends), _writer(self, kind, line_break, carry))

    def encode_request(self, operation: Operation[Any], api_key: str, line_break: str = "\n") -> bytes:
        """The request's document. Fields the dialect has no word for are left out: the account asks before."""
        template = self.template(type(operation), api_key, line_break)
        return template.joined(template.pieces(operation))

    def decode_request(self, leaves: Sequence[Leaf], line_break: str = "\n") -> DecodedRequest:
        """What a request asks. :class:`UnknownAction`, or :class:`Unreadable` if it has none or says a thing twice."""
        names = {wire_name(row, self.column).lower(): row.field for row in table.ENVELOPE if wire_name(row, self.column)}
        found: dict[str, str] = {}
        rest: list[Leaf] = []
        for leaf in leaves:
            if (field := names.get(leaf[0].lower())) is None:
                rest.append(leaf)
            elif field in found:
                raise DecodeError(f"{leaf[0]} is there twice")
            else:
                found[field] = leaf[2].strip()
        if not found.get("action"):
            raise DecodeError("it names no action")
        asked = _actions(self).get(found["action"].lower())
        if asked is None:
            raise UnknownActionError(f"{found['action']:.40} is no action of this dialect")
        operation, unread = _reader(self, asked, line_break).read(rest)
        return DecodedRequest(operation, found.get("api_key", ""), tuple(unread))

    def decode_leaves(self, body: bytes) -> list[Leaf]:
        """The leaves of a request's document, with this dialect's root."""
        root, leaves = self.codec.read(body, MAX_REQUEST, self.older)
        if root != self.roots[0]:
            raise DecodeError(f"the root is {root:.40}, not {self.roots[0]}")
        return list(leaves)

    def encode_reply(self, reply: object) -> bytes:
        """An answer's document: what the sandbox sends."""
        status = self.statuses[isinstance(reply, Refusal)]
        told = () if type(reply) in table.WITHOUT_STATUS else table.STATUS
        leaves: list[Leaf] = [(self.response_codec.spell(wire_name(row, self.answers)), None, status) for row in told]
        leaves += _answer_writer(self, type(reply)).leaves(reply)
        return bytes(self.response_codec.write(self.roots[1], leaves))

    def encode_notice(self, notice: Notice) -> bytes:
        """A postback's document: what the sandbox posts."""
        return bytes(self.response_codec.write(self.roots[2], _answer_writer(self, type(notice)).leaves(notice)))


# The names of honest documents are few; a stranger's, as many as he likes, push each other out.
@lru_cache(maxsize=512)
def normalize_name(name: str) -> str:
    """Names of answers and postbacks are compared without case, ``-`` and ``_`` (ruling 11)."""
    return name.replace("-", "").replace("_", "").lower()


def check_required_fields(limits: Limits) -> None:
    """Raise :class:`~skymms.ConfigurationError` where limits insist on a field that no operation has: nobody would miss it."""
    if unknown := sorted(limits.required - _fields()):
        from difflib import get_close_matches

        near = get_close_matches(unknown[0], _fields(), 1)
        raise ConfigurationError(
            f"required={unknown[0]!r:.40}: no operation has such a field{f', but one has {near[0]}' if near else ''}"
        )


# ------------------------------------------------------------------------------------------------ compiled once


@memoize
def _fields() -> frozenset[str]:
    """The fields of all operations, by the names they have in Python."""
    rows = (row for _, asked in table.REQUESTS.values() for row in asked)
    return frozenset(row.field.rpartition(".")[2].rstrip("[]{}") for row in rows)


@memoize
def _envelope(dialect: Dialect) -> tuple[tuple[str, Any], ...]:
    names = ((row.field, wire_name(row, dialect.column)) for row in table.ENVELOPE)
    return tuple((field, dialect.codec.spell(name)) for field, name in names if name)


@memoize
def _action(dialect: Dialect, operation: type[Operation[Any]]) -> str:
    return next(iter(dialect.actions(operation)), "")


@memoize
def _actions(dialect: Dialect) -> Mapping[str, type[Operation[Any]]]:
    return {action.lower(): operation for operation in table.REQUESTS for action in dialect.actions(operation)}


@memoize
def _insisting(dialect: Dialect, limits: Limits, operation: type[Operation[Any]]) -> Limits:
    names = [(row, row.field.rpartition(".")[2]) for row in table.REQUESTS[operation][1]]
    return limits.with_required(
        (name for row, name in names if is_required(row, dialect.column)),
        (name for row, name in names if is_ignored(row, dialect.column)),
    )


@memoize
def _writer(
    dialect: Dialect, operation: type[Operation[Any]], line_break: str, carry: Callable[[bytes], bytes] = bytes
) -> Encoder:
    rows = table.REQUESTS[operation][1]
    return Encoder(rows, dialect.column, dialect.codec, converters(line_break, dialect.codec.FLAGS), dialect.case, carry)


@memoize
def _reader(dialect: Dialect, operation: type[Operation[Any]], line_break: str) -> Decoder:
    rows = table.REQUESTS[operation][1]
    return Decoder(
        operation, rows, [dialect.column], converters(line_break, dialect.codec.FLAGS), table.GROUP_CLASSES, str.lower
    )


def _answer_rows(kind: type[Any]) -> Sequence[Row]:
    return table.NOTICES[kind] if issubclass(kind, Notice) else table.REPLIES[kind]


@memoize
def _answer_writer(dialect: Dialect, kind: type[Any]) -> Encoder:
    codec = dialect.response_codec
    return Encoder(_answer_rows(kind), dialect.answers, codec, converters(flags=codec.FLAGS), dialect.case)


@memoize
def response_decoder(kind: type[Any]) -> Decoder:
    """What reads a reply or a notice, in the spelling of every dialect at once."""
    rows = _answer_rows(kind)
    return Decoder(kind, rows, range(len(rows[0].names)), converters(), table.GROUP_CLASSES, normalize_name)


@memoize
def status_substitutes(reply: type[Any]) -> frozenset[str]:
    """The folded names of the nodes that stand in for the status of this reply; none for one with a status of its own."""
    instead = table.STATUS_SUBSTITUTES.get(reply, ())
    rows = [row for row in table.REPLIES[reply] if row.field in instead]
    names = [name for row in rows for at in range(len(row.names)) for name in accepted_names(row, at)]
    return frozenset(normalize_name(name.replace("[]", "")) for name in names)


# ------------------------------------------------------------------------------------------------ the dialects

SKYCORE = Dialect(
    name="skycore",
    title="Skycore 1.3, XML by POST",
    url="https://secure.skycore.com/API/wxml/1.3/index.php",
    column=0,
    answers=0,
    codec=xml,
    response_codec=xml,
    # Ruling 2: the documents ask for a form field called xml; a production client posts the bare document.
    placement="form",
    roots=("REQUEST", "RESPONSE", "POSTBACK"),
    case="upper",
    empty_list_code="E200",
    older=table.LEGACY_SHAPE,
)

SKYCORE_GET = Dialect(
    name="skycore-get",
    title="Skycore 1.3, GET",
    url=SKYCORE.url,
    column=1,
    answers=0,
    codec=query,
    response_codec=xml,
    placement="url",
    roots=("", "RESPONSE", "POSTBACK"),
    case="lower",
    empty_list_code="E200",
    older=table.LEGACY_SHAPE,
)

SINCH = Dialect(
    name="sinch",
    title="Sinch MMS, XML service",
    url="https://api.ci.mblox.com/ep/v1/",
    column=2,
    answers=1,
    codec=xml,
    response_codec=xml,
    # Ruling 2: always the bare body.
    placement="bare",
    roots=("request", "response", "postback"),
    case="lower",
    empty_list_code="",
)

SINCH_JSON = Dialect(
    name="sinch-json",
    title="Sinch MMS, JSON service",
    url="https://api.ci.mblox.com/ep/v2/",
    column=3,
    answers=2,
    codec=json,
    response_codec=json,
    placement="bare",
    roots=("", "", ""),
    case="lower",
    empty_list_code="",
    returns_mms_id=False,
    # The key belongs into a header, neither into the body nor into the address.
    key_header="x-api-key",
    statuses=("success", "failure"),
    # The successor's reference, 5.2: one word in `status`, and what XML says there in `status-details`.
    status_texts={
        "Message Sent": "Sent",
        "Message Sent/Delivered": "Delivered",
        "Message Sent/Failed": "Failed",
        "Message Sent/Expired": "Expired",
        "Message Sent/Rejected": "Rejected",
        "Message Failed": "Failed",
    },
)

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (SKYCORE, SKYCORE_GET, SINCH, SINCH_JSON)}


def get_dialect(name: Any) -> Dialect:
    """The dialect of that name, or a :class:`~skymms.ConfigurationError` that lists them."""
    if not isinstance(name, str) or name not in DIALECTS:
        raise ConfigurationError(f"there is no dialect {name!r:.40}: choose one of {', '.join(DIALECTS)}")
    return DIALECTS[name]
