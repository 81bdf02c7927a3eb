"""The dialects: a column of the table put to use, with the envelope and the address that go with it.

A dialect writes and reads requests, answers and postbacks. It judges nothing, sends nothing, and asks nowhere which dialect it
is: what differs is data here or in :mod:`skymms.table`. A new one is a column there and an entry at the end of this page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

from . import table
from .codecs import Leaf, Unreadable, query, xml
from .errors import ConfigurationError
from .notices import Notice
from .once import once
from .operations import Operation
from .reading import Reader
from .replies import Refused
from .spelling import Row, insists, kinds, spelled
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
    codec: ModuleType
    #: How the document travels: in the ``url``, in a ``form`` field, or as the ``bare`` body.
    carried: str
    #: The names of the root elements of request, response and postback.
    roots: tuple[str, str, str]
    #: How the names of merge values are written: ``upper`` or ``lower``.
    case: str
    #: The code that answers a listing when nothing is stored; empty where the list is then empty.
    nothing_stored: str

    def action(self, operation: type[Operation[Any]]) -> str:
        """The value of ACTION for an operation."""
        return table.REQUESTS[operation][0][self.column]

    def required(self, operation: type[Operation[Any]]) -> frozenset[str]:
        """The fields this dialect insists on for an operation."""
        return _required(self, operation)

    def writer(self, operation: type[Operation[Any]], line_break: str = "\n") -> Writer:
        """What writes an operation, worked out once."""
        return _writer(self, operation, line_break)

    def write_request(self, operation: Operation[Any], api_key: str, line_break: str = "\n") -> bytes:
        """The request's document. Fields the dialect has no word for are left out: the account asks before."""
        kind = type(operation)
        action, key = _envelope(self)
        leaves: list[Leaf] = [(action, None, self.action(kind)), (key, None, api_key)]
        leaves += _writer(self, kind, line_break).leaves(operation)
        return bytes(self.codec.write(self.roots[0], leaves))

    def read_request(self, leaves: Sequence[Leaf], line_break: str = "\n") -> ReadRequest:
        """What a request asks. :class:`UnknownAction`, or :class:`Unreadable` if it has none or says a thing twice."""
        names = {spelled(row, self.column).lower(): row.field for row in table.ENVELOPE}
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
        root, leaves = self.codec.read(body, MOST_REQUEST)
        if root != self.roots[0]:
            raise Unreadable(f"the root is {root:.40}, not {self.roots[0]}")
        return list(leaves)

    def write_reply(self, reply: object) -> bytes:
        """An answer's document: what the sandbox sends."""
        status = "Failure" if isinstance(reply, Refused) else "Success"
        leaves: list[Leaf] = [(xml.spell(spelled(table.STATUS[0], self.answers)), None, status)]
        leaves += _answer_writer(self, type(reply)).leaves(reply)
        return xml.write(self.roots[1], leaves)

    def write_notice(self, notice: Notice) -> bytes:
        """A postback's document: what the sandbox posts."""
        return xml.write(self.roots[2], _answer_writer(self, type(notice)).leaves(notice))


def fold(name: str) -> str:
    """Names of answers and postbacks are compared without case, ``-`` and ``_`` (ruling 11)."""
    return name.replace("-", "").replace("_", "").lower()


# ------------------------------------------------------------------------------------------------ compiled once


@once
def _envelope(dialect: Dialect) -> tuple[Any, Any]:
    action, key = (dialect.codec.spell(spelled(row, dialect.column)) for row in table.ENVELOPE)
    return action, key


@once
def _actions(dialect: Dialect) -> Mapping[str, type[Operation[Any]]]:
    return {dialect.action(operation).lower(): operation for operation in table.REQUESTS}


@once
def _required(dialect: Dialect, operation: type[Operation[Any]]) -> frozenset[str]:
    rows = table.REQUESTS[operation][1]
    return frozenset(row.field.rpartition(".")[2] for row in rows if insists(row, dialect.column))


@once
def _writer(dialect: Dialect, operation: type[Operation[Any]], line_break: str) -> Writer:
    rows = table.REQUESTS[operation][1]
    return Writer(rows, dialect.column, dialect.codec, kinds(line_break), dialect.case)


@once
def _reader(dialect: Dialect, operation: type[Operation[Any]], line_break: str) -> Reader:
    rows = table.REQUESTS[operation][1]
    return Reader(operation, rows, [dialect.column], kinds(line_break), table.SHAPES, str.lower)


def _answer_rows(kind: type[Any]) -> Sequence[Row]:
    return table.NOTICES[kind] if issubclass(kind, Notice) else table.REPLIES[kind]


@once
def _answer_writer(dialect: Dialect, kind: type[Any]) -> Writer:
    return Writer(_answer_rows(kind), dialect.answers, xml, kinds(), dialect.case)


@once
def answer_reader(kind: type[Any]) -> Reader:
    """What reads a reply or a notice, in the spelling of every dialect at once."""
    rows = _answer_rows(kind)
    return Reader(kind, rows, range(len(rows[0].spellings)), kinds(), table.SHAPES, fold)


# ------------------------------------------------------------------------------------------------ the dialects

SKYCORE = Dialect(
    name="skycore",
    title="Skycore 1.3, XML by POST",
    url="https://secure.skycore.com/API/wxml/1.3/index.php",
    column=0,
    answers=0,
    codec=xml,
    # Ruling 2: the documents ask for a form field called xml; a production client posts the bare document.
    carried="form",
    roots=("REQUEST", "RESPONSE", "POSTBACK"),
    case="upper",
    nothing_stored="E200",
)

SKYCORE_GET = Dialect(
    name="skycore-get",
    title="Skycore 1.3, GET",
    url=SKYCORE.url,
    column=1,
    answers=0,
    codec=query,
    carried="url",
    roots=("", "RESPONSE", "POSTBACK"),
    case="lower",
    nothing_stored="E200",
)

SINCH = Dialect(
    name="sinch",
    title="Sinch MMS, XML service",
    url="https://api.ci.mblox.com/ep/v1/",
    column=2,
    answers=1,
    codec=xml,
    # Ruling 2: always the bare body.
    carried="bare",
    roots=("request", "response", "postback"),
    case="lower",
    nothing_stored="",
)

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (SKYCORE, SKYCORE_GET, SINCH)}


def dialect(name: str) -> Dialect:
    """The dialect of that name, or a :class:`~skymms.ConfigurationError` that lists them."""
    if name not in DIALECTS:
        raise ConfigurationError(f"there is no dialect {name!r:.40}: choose one of {', '.join(DIALECTS)}")
    return DIALECTS[name]
