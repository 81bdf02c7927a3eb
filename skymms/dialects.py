"""The dialects: a column of the table put to use, with the envelope and the address that go with it.

A dialect writes and reads requests, answers and postbacks. It judges nothing, sends nothing, and asks nowhere which dialect it
is: what differs is data here or in :mod:`skymms.table`. A new one is a column there and an entry at the end of this page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from types import ModuleType
from typing import Any, NamedTuple

from . import table
from .codecs import FLAT, Leaf, Shape, Unreadable, json, query, xml
from .errors import ConfigurationError, Problem
from .keys import Secretive
from .limits import Limits
from .notices import Notice
from .once import once
from .operations import Operation
from .reading import Reader
from .replies import Refused
from .spelling import Row, does_without, insists, kinds, spelled, understood
from .writing import Writer

#: The longest request that is read back: eight slides of 5,000 characters outside ASCII, escaped, fit twice.
MOST_REQUEST = 1024 * 1024


class UnknownAction(Unreadable):
    """The request asks for something that is no operation of this dialect."""


class ReadRequest(NamedTuple):
    """A request as it was understood: what is asked, with which key, and the names nothing was made of."""

    operation: Operation[Any]
    api_key: str
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Template(Secretive):
    """A request of one kind with everything in it but the message, as bytes that are ready to travel; the key is in it."""

    begins: bytes
    between: bytes
    ends: bytes
    writer: Writer

    def pieces(self, operation: Operation[Any], like: list[bytes] | None = None) -> list[bytes]:
        """What is filled in for an operation; ``like`` is what was for one that went elsewhere and is the same otherwise."""
        return self.writer.pieces(operation) if like is None else self.writer.readdressed(operation, like)

    def joined(self, pieces: list[bytes]) -> bytes:
        """The whole request."""
        return self.between.join([self.begins, *filter(None, pieces)]) + self.ends


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
    answer_codec: ModuleType
    #: How the document travels: in the ``url``, in a ``form`` field, or as the ``bare`` body.
    carried: str
    #: The names of the root elements of request, response and postback.
    roots: tuple[str, str, str]
    #: How the names of merge values are written: ``upper`` or ``lower``.
    case: str
    #: The code that answers a listing when nothing is stored; empty where the list is then empty.
    nothing_stored: str
    #: Whether sendMMS answers with the id that its slideshow is stored under.
    tells_id_of_sent: bool = True
    #: How requests were written in former times, as far as they are still read.
    older: Shape = FLAT
    #: The header that has the key, where no field has it.
    key_header: str = ""
    #: What an answer's status says, done and refused; they are read in any case.
    statuses: tuple[str, str] = ("Success", "Failure")
    #: What a delivery report's status says for the words of 1.3, which then stand in its details; without any, those words.
    report_words: Mapping[str, str] = field(default_factory=dict)

    def action(self, operation: type[Operation[Any]]) -> str:
        """The value of ACTION for an operation; empty where the dialect has no such action."""
        return _action(self, operation)

    def actions(self, operation: type[Operation[Any]]) -> list[str]:
        """The values of ACTION an operation is read by: the one it is written with, and those of former times."""
        return table.REQUESTS[operation][0][self.column].replace("-", "").split()

    def insisting(self, limits: Limits, operation: type[Operation[Any]]) -> Limits:
        """An account's limits, with the fields this dialect insists on for an operation, and those it does without."""
        return _insisting(self, limits, operation)

    def writer(self, operation: type[Operation[Any]], line_break: str = "\n") -> Writer:
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
    ) -> Template:
        """The request for a kind of operation, to be filled in; ``carry`` is what becomes of a piece of it on its way."""
        begins, between, ends = self.codec.frame(self.roots[0])
        said = {"action": self.action(kind), "api_key": api_key}
        envelope = self.codec.part([(tag, None, said[field]) for field, tag in _envelope(self)])
        return Template(carry(begins + envelope), carry(between), carry(ends), _writer(self, kind, line_break, carry))

    def write_request(self, operation: Operation[Any], api_key: str, line_break: str = "\n") -> bytes:
        """The request's document. Fields the dialect has no word for are left out: the account asks before."""
        template = self.template(type(operation), api_key, line_break)
        return template.joined(template.pieces(operation))

    def read_request(self, leaves: Sequence[Leaf], line_break: str = "\n") -> ReadRequest:
        """What a request asks. :class:`UnknownAction`, or :class:`Unreadable` if it has none or says a thing twice."""
        names = {spelled(row, self.column).lower(): row.field for row in table.ENVELOPE if spelled(row, self.column)}
        found: dict[str, str] = {}
        rest: list[Leaf] = []
        for leaf in leaves:
            if (field := names.get(leaf[0].lower())) is None:
                rest.append(leaf)
            elif field in found:
                raise Unreadable(f"{leaf[0]} is there twice")
            else:
                found[field] = leaf[2].strip()
        if not found.get("action"):
            raise Unreadable("it names no action")
        asked = _actions(self).get(found["action"].lower())
        if asked is None:
            raise UnknownAction(f"{found['action']:.40} is no action of this dialect")
        operation, unread = _reader(self, asked, line_break).read(rest)
        return ReadRequest(operation, found.get("api_key", ""), tuple(unread))

    def read_leaves(self, body: bytes) -> list[Leaf]:
        """The leaves of a request's document, with this dialect's root."""
        root, leaves = self.codec.read(body, MOST_REQUEST, self.older)
        if root != self.roots[0]:
            raise Unreadable(f"the root is {root:.40}, not {self.roots[0]}")
        return list(leaves)

    def write_reply(self, reply: object) -> bytes:
        """An answer's document: what the sandbox sends."""
        status = self.statuses[isinstance(reply, Refused)]
        told = () if type(reply) in table.WITHOUT_STATUS else table.STATUS
        leaves: list[Leaf] = [(self.answer_codec.spell(spelled(row, self.answers)), None, status) for row in told]
        leaves += _answer_writer(self, type(reply)).leaves(reply)
        return bytes(self.answer_codec.write(self.roots[1], leaves))

    def write_notice(self, notice: Notice) -> bytes:
        """A postback's document: what the sandbox posts."""
        return bytes(self.answer_codec.write(self.roots[2], _answer_writer(self, type(notice)).leaves(notice)))


# The names of honest documents are few; a stranger's, as many as he likes, push each other out.
@lru_cache(maxsize=512)
def fold(name: str) -> str:
    """Names of answers and postbacks are compared without case, ``-`` and ``_`` (ruling 11)."""
    return name.replace("-", "").replace("_", "").lower()


def check_required(limits: Limits) -> None:
    """Raise :class:`~skymms.ConfigurationError` where limits insist on a field that no operation has: nobody would miss it."""
    if unknown := sorted(limits.required - _fields()):
        from difflib import get_close_matches

        near = get_close_matches(unknown[0], _fields(), 1)
        raise ConfigurationError(
            f"required={unknown[0]!r:.40}: no operation has such a field{f', but one has {near[0]}' if near else ''}"
        )


# ------------------------------------------------------------------------------------------------ compiled once


@once
def _fields() -> frozenset[str]:
    """The fields of all operations, by the names they have in Python."""
    rows = (row for _, asked in table.REQUESTS.values() for row in asked)
    return frozenset(row.field.rpartition(".")[2].rstrip("[]{}") for row in rows)


@once
def _envelope(dialect: Dialect) -> tuple[tuple[str, Any], ...]:
    names = ((row.field, spelled(row, dialect.column)) for row in table.ENVELOPE)
    return tuple((field, dialect.codec.spell(name)) for field, name in names if name)


@once
def _action(dialect: Dialect, operation: type[Operation[Any]]) -> str:
    return next(iter(dialect.actions(operation)), "")


@once
def _actions(dialect: Dialect) -> Mapping[str, type[Operation[Any]]]:
    return {action.lower(): operation for operation in table.REQUESTS for action in dialect.actions(operation)}


@once
def _insisting(dialect: Dialect, limits: Limits, operation: type[Operation[Any]]) -> Limits:
    names = [(row, row.field.rpartition(".")[2]) for row in table.REQUESTS[operation][1]]
    return limits.insisting(
        (name for row, name in names if insists(row, dialect.column)),
        (name for row, name in names if does_without(row, dialect.column)),
    )


@once
def _writer(
    dialect: Dialect, operation: type[Operation[Any]], line_break: str, carry: Callable[[bytes], bytes] = bytes
) -> Writer:
    rows = table.REQUESTS[operation][1]
    return Writer(rows, dialect.column, dialect.codec, kinds(line_break, dialect.codec.FLAGS), dialect.case, carry)


@once
def _reader(dialect: Dialect, operation: type[Operation[Any]], line_break: str) -> Reader:
    rows = table.REQUESTS[operation][1]
    return Reader(operation, rows, [dialect.column], kinds(line_break, dialect.codec.FLAGS), table.SHAPES, str.lower)


def _answer_rows(kind: type[Any]) -> Sequence[Row]:
    return table.NOTICES[kind] if issubclass(kind, Notice) else table.REPLIES[kind]


@once
def _answer_writer(dialect: Dialect, kind: type[Any]) -> Writer:
    codec = dialect.answer_codec
    return Writer(_answer_rows(kind), dialect.answers, codec, kinds(flags=codec.FLAGS), dialect.case)


@once
def answer_reader(kind: type[Any]) -> Reader:
    """What reads a reply or a notice, in the spelling of every dialect at once."""
    rows = _answer_rows(kind)
    return Reader(kind, rows, range(len(rows[0].spellings)), kinds(), table.SHAPES, fold)


@once
def status_instead(reply: type[Any]) -> frozenset[str]:
    """The folded names of the nodes that stand in for the status of this reply; none for one with a status of its own."""
    instead = table.STATUS_INSTEAD.get(reply, ())
    rows = [row for row in table.REPLIES[reply] if row.field in instead]
    names = [name for row in rows for at in range(len(row.spellings)) for name in understood(row, at)]
    return frozenset(fold(name.replace("[]", "")) for name in names)


# ------------------------------------------------------------------------------------------------ the dialects

SKYCORE = Dialect(
    name="skycore",
    title="Skycore 1.3, XML by POST",
    url="https://secure.skycore.com/API/wxml/1.3/index.php",
    column=0,
    answers=0,
    codec=xml,
    answer_codec=xml,
    # Ruling 2: the documents ask for a form field called xml; a production client posts the bare document.
    carried="form",
    roots=("REQUEST", "RESPONSE", "POSTBACK"),
    case="upper",
    nothing_stored="E200",
    older=table.OLDER,
)

SKYCORE_GET = Dialect(
    name="skycore-get",
    title="Skycore 1.3, GET",
    url=SKYCORE.url,
    column=1,
    answers=0,
    codec=query,
    answer_codec=xml,
    carried="url",
    roots=("", "RESPONSE", "POSTBACK"),
    case="lower",
    nothing_stored="E200",
    older=table.OLDER,
)

SINCH = Dialect(
    name="sinch",
    title="Sinch MMS, XML service",
    url="https://api.ci.mblox.com/ep/v1/",
    column=2,
    answers=1,
    codec=xml,
    answer_codec=xml,
    # Ruling 2: always the bare body.
    carried="bare",
    roots=("request", "response", "postback"),
    case="lower",
    nothing_stored="",
)

SINCH_JSON = Dialect(
    name="sinch-json",
    title="Sinch MMS, JSON service",
    url="https://api.ci.mblox.com/ep/v2/",
    column=3,
    answers=2,
    codec=json,
    answer_codec=json,
    carried="bare",
    roots=("", "", ""),
    case="lower",
    nothing_stored="",
    tells_id_of_sent=False,
    # The key belongs into a header, neither into the body nor into the address.
    key_header="x-api-key",
    statuses=("success", "failure"),
    # The successor's reference, 5.2: one word in `status`, and what XML says there in `status-details`.
    report_words={
        "Message Sent": "Sent",
        "Message Sent/Delivered": "Delivered",
        "Message Sent/Failed": "Failed",
        "Message Sent/Expired": "Expired",
        "Message Sent/Rejected": "Rejected",
        "Message Failed": "Failed",
    },
)

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (SKYCORE, SKYCORE_GET, SINCH, SINCH_JSON)}


def dialect(name: Any) -> Dialect:
    """The dialect of that name, or a :class:`~skymms.ConfigurationError` that lists them."""
    if not isinstance(name, str) or name not in DIALECTS:
        raise ConfigurationError(f"there is no dialect {name!r:.40}: choose one of {', '.join(DIALECTS)}")
    return DIALECTS[name]
