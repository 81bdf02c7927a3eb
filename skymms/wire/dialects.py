"""The dialects: each is a column of the table with its codec, its URL, and the place of the document in a request.

A dialect encodes and decodes requests, responses and postbacks. It validates nothing and sends nothing. Code never compares
dialect names: the differences are data here and in :mod:`skymms.wire.table`. A new dialect is a column there and an entry at
the end of this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast

from .._functools import memoize
from ..errors import ConfigurationError, Problem
from ..limits import CONFIGURABLE, Limits
from ..model.operations import Operation
from ..model.replies import Refusal
from . import gateway_traits, table
from .codecs import FLAT, Codec, DecodeError, Leaf, Shape, as_leaves, json, query, xml
from .decoder import Decoder
from .encoder import Encoder, RequestEncoder, UnsupportedFields
from .former_names import action_names, action_to_write, former_names, former_reply_names, rows_to_write
from .gateway_traits import GatewayTraits
from .notation import Row, accepted_names, converters, is_advised, is_ignored, is_required, wire_name

if TYPE_CHECKING:
    from ..model.notices import Notice

#: The longest request that is decoded, in bytes: twice the size of eight slides of 5,000 escaped characters outside ASCII.
MAX_REQUEST = 1024 * 1024

#: The names of the dialects.
DialectName: TypeAlias = Literal["skycore", "skycore-get", "sinch", "sinch-json"]


class UnknownActionError(DecodeError):
    """The request has an action that the dialect does not have."""


class DecodedRequest(NamedTuple):
    """A decoded request: its operation, its key, and the names of its unrecognised fields."""

    operation: Operation[Any]
    api_key: str
    unread: tuple[str, ...]


# eq=False compares by identity: a dialect is a key of every cache below, and hashing its fields at each call would be slow.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dialect:
    """A way to write requests, responses and postbacks, and the URL of the service that uses it."""

    name: DialectName
    #: The name that is shown to people.
    title: str
    #: The vendor's own URL; ``Account(url=…)`` replaces it for a white-label host.
    url: str
    #: The dialect's column in the table of requests, and in the tables of responses and postbacks.
    column: int
    response_column: int
    #: The format of requests, and the format of responses and postbacks.
    codec: Codec
    response_codec: Codec
    #: Where a request has its document: in the ``url``, in a ``form`` field, or as the ``bare`` body.
    placement: str
    #: The names of the root elements of request, response and postback.
    roots: tuple[str, str, str]
    #: The case in which the names of merge values are written: ``upper`` or ``lower``.
    case: str
    #: The code of the response to a listing when nothing is stored; empty if the response is then an empty list.
    empty_list_code: str
    #: True if the response to sendMMS has the id under which its slideshow is stored.
    returns_mms_id: bool = True
    #: The form of older requests that are still decoded.
    legacy_shape: Shape = FLAT
    #: The header that has the key; empty if a field of the document has it.
    key_header: str = ""
    #: The status of a response to an accepted request, and to a refused one; they are decoded in any case.
    status_values: tuple[str, str] = ("Success", "Failure")
    #: What the dialect's gateway adds to responses and postbacks.
    gateway: GatewayTraits
    #: Maps the status texts of Skycore 1.3 reports to this dialect's, if they differ; the original text moves to the details.
    status_texts: Mapping[str, str] = field(default_factory=dict[str, str])

    def action(self, operation: type[Operation[Any]]) -> str:
        """Return the value of ACTION for an operation; empty if the dialect does not have the operation."""
        return action_to_write(table.REQUESTS[operation][0][self.column], ())

    def accepted_actions(self, operation: type[Operation[Any]]) -> list[str]:
        """Return all values of ACTION that are decoded as an operation: the current one, then its former names."""
        return action_names(table.REQUESTS[operation][0][self.column])

    def limits_for(self, limits: Limits, operation: type[Operation[Any]]) -> Limits:
        """Return an account's limits with the fields that this dialect requires, advises or ignores in an operation.

        A field that the account requires is not required in a request that has no name for it, although other requests have.
        """
        return _limits_for(self, limits, operation)

    def field_path(self, operation: type[Operation[Any]], name: str) -> str | None:
        """Return the path of a field of an operation, or of its slideshow, that has a wire name in this dialect; else None."""
        paths = {row.field for row in table.REQUESTS[operation][1] if wire_name(row, self.column)}
        return next((path for path in (name, f"slideshow.{name}") if path in paths), None)

    def unsupported(self, operation: Operation[Any]) -> list[Problem]:
        """Return a problem for an operation that this dialect does not have, or for each field that it has no name for."""
        return self.unsupported_check(type(operation))(operation)

    def unsupported_check(self, kind: type[Operation[Any]]) -> Callable[[Operation[Any]], list[Problem]]:
        """Return what :meth:`unsupported` calls for the operations of one class."""
        if not self.action(kind):
            return lambda operation: [Problem(None, None, kind.__name__, f"is not supported in {self.name}")]
        return _unsupported_fields(self, kind).problems

    def request_encoder(
        self,
        operation: type[Operation[Any]],
        api_key: str,
        line_break: str = "\n",
        escape: Callable[[bytes], bytes] = bytes,
        former_names: frozenset[str] = frozenset(),
    ) -> RequestEncoder:
        """Return what encodes an operation with this key; ``escape`` is applied to every part of the document.

        ``former_names``, in upper case, are written instead of today's names of the same fields and actions.
        """
        values = {"action": action_to_write(table.REQUESTS[operation][0][self.column], former_names), "api_key": api_key}
        envelope = self.codec.encode_part([(name, None, values[field]) for field, name in _envelope_names(self)])
        encoder = _request_encoder(self, operation, line_break, former_names)
        return RequestEncoder(encoder, self.codec, self.roots[0], envelope, escape)

    def encode_request(
        self,
        operation: Operation[Any],
        api_key: str,
        line_break: str = "\n",
        former_names: frozenset[str] = frozenset(),
    ) -> bytes:
        """Return the document of a request. Unsupported fields are left out; an account refuses them before."""
        return self.request_encoder(type(operation), api_key, line_break, former_names=former_names).encode(operation)

    def decode_request(self, leaves: Sequence[Leaf], line_break: str = "\n") -> DecodedRequest:
        """Decode a request.

        Raises :class:`UnknownActionError` for an unknown action, and :class:`DecodeError` for a request without an action or
        with a field that is given twice.
        """
        names = {wire_name(row, self.column).lower(): row.field for row in table.ENVELOPE if wire_name(row, self.column)}
        envelope: dict[str, str] = {}
        rest: list[Leaf] = []
        for leaf in leaves:
            if (field := names.get(leaf[0].lower())) is None:
                rest.append(leaf)
            elif field in envelope:
                raise DecodeError(f"{leaf[0]} is given twice")
            else:
                envelope[field] = leaf[2].strip()
        action = envelope.get("action")
        if not action:
            raise DecodeError("it has no action")
        kind = _operations_by_action(self).get(action.lower())
        if kind is None:
            raise UnknownActionError(f"{action:.40} is not an action of this dialect")
        operation, unread = _request_decoder(self, kind, line_break).decode(rest)
        return DecodedRequest(operation, envelope.get("api_key", ""), tuple(unread))

    def decode_leaves(self, body: bytes) -> list[Leaf]:
        """Return the leaves of a request's document, after a check of its root."""
        root, content = self.codec.decode(body, MAX_REQUEST, self.legacy_shape)
        if root != self.roots[0]:
            raise DecodeError(f"the root is {root:.40}, not {self.roots[0]}")
        return list(as_leaves(content))

    @property
    def former_names(self) -> frozenset[str]:
        """The names, in upper case, that fields and actions had before today's, and that can be written instead."""
        return former_names(self.column)

    def echoed_names(self, leaves: Sequence[Leaf]) -> frozenset[str]:
        """Return the former names in a request that the response to it has, too."""
        return former_reply_names(self.response_column).intersection([path.upper() for path, _, _ in leaves])

    def encode_reply(self, reply: object, former_names: frozenset[str] = frozenset()) -> bytes:
        """Return the document of a response, as the sandbox sends it; ``former_names`` are written instead of today's."""
        status = self.status_values[isinstance(reply, Refusal)]
        rows = () if type(reply) in table.WITHOUT_STATUS else table.STATUS
        codec = self.response_codec
        leaves: list[Leaf] = [(codec.compile_name(wire_name(row, self.response_column)), None, status) for row in rows]
        leaves += _response_encoder(self, type(reply), former_names).leaves(reply)
        return codec.encode(self.roots[1], leaves)

    def encode_notice(self, notice: Notice) -> bytes:
        """Return the document of a postback, as the sandbox posts it."""
        return self.response_codec.encode(self.roots[2], _response_encoder(self, type(notice)).leaves(notice))


@lru_cache(maxsize=512)
def _normalized(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()


def normalize_name(name: str) -> str:
    """Return a name as names of responses and postbacks are compared: in lower case, without ``-`` and ``_``."""
    return _normalized(name) if len(name) < 100 else _normalized.__wrapped__(name)  # hostile long names must not stay


def check_field_names(limits: Limits) -> None:
    """Raise :class:`~skymms.ConfigurationError` if limits require or waive a field for which that has no effect."""
    for option, names in (("required", limits.required), ("waived", limits.waived)):
        for name in sorted(names - CONFIGURABLE):
            problem = "an account cannot change whether it is required" if name in _all_fields() else "there is no such field"
            from difflib import get_close_matches

            similar = get_close_matches(name, CONFIGURABLE, 1)
            hint = f"did you mean {similar[0]}?" if similar else f"choose one of {', '.join(sorted(CONFIGURABLE))}"
            raise ConfigurationError(f"{option}={name!r:.40}: {problem}; {hint}")
    if both := sorted(limits.required & limits.waived):
        raise ConfigurationError(f"{both[0]} is both required and waived: leave it out of one of them")


# ------------------------------------------------------------------------------------------------ compiled once


@memoize
def _all_fields() -> frozenset[str]:
    """The names of the fields of all operations in Python."""
    return frozenset(_field_name(row) for _, rows in table.REQUESTS.values() for row in rows)


@memoize
def _fields_with_names(dialect: Dialect) -> frozenset[str]:
    """The names of the fields in Python that have a wire name in an operation of a dialect."""
    rows = (row for _, rows in table.REQUESTS.values() for row in rows)
    return frozenset(_field_name(row) for row in rows if wire_name(row, dialect.column))


def _field_name(row: Row) -> str:
    return row.field.rpartition(".")[2].rstrip("[]{}")


@memoize
def _envelope_names(dialect: Dialect) -> tuple[tuple[str, Any], ...]:
    names = ((row.field, wire_name(row, dialect.column)) for row in table.ENVELOPE)
    return tuple((field, dialect.codec.compile_name(name)) for field, name in names if name)


@memoize
def _operations_by_action(dialect: Dialect) -> Mapping[str, type[Operation[Any]]]:
    return {action.lower(): operation for operation in table.REQUESTS for action in dialect.accepted_actions(operation)}


@memoize
def _limits_for(dialect: Dialect, limits: Limits, operation: type[Operation[Any]]) -> Limits:
    names = [(row, _field_name(row)) for row in table.REQUESTS[operation][1]]
    if limits.required:
        # Where other operations of the dialect have the field and this one does not, it cannot be given.
        only_elsewhere = _fields_with_names(dialect) - {name for row, name in names if wire_name(row, dialect.column)}
        limits = replace(limits, required=limits.required - only_elsewhere)
    return limits.with_required(
        (name for row, name in names if is_required(row, dialect.column)),
        (name for row, name in names if is_ignored(row, dialect.column)),
        (name for row, name in names if is_advised(row, dialect.column)),
    )


@memoize
def _unsupported_fields(dialect: Dialect, operation: type[Operation[Any]]) -> UnsupportedFields:
    rows = table.REQUESTS[operation][1]
    return UnsupportedFields(rows, dialect.column, operation.__name__, dialect.name, table.ALTERNATIVES)


@memoize
def _request_encoder(
    dialect: Dialect, operation: type[Operation[Any]], line_break: str, former_names: frozenset[str]
) -> Encoder:
    rows = rows_to_write(table.REQUESTS[operation][1], dialect.column, former_names)
    return Encoder(rows, dialect.column, dialect.codec, converters(line_break, dialect.codec.FLAGS), dialect.case)


@memoize
def _request_decoder(dialect: Dialect, operation: type[Operation[Any]], line_break: str) -> Decoder:
    rows, kinds = table.REQUESTS[operation][1], converters(line_break, dialect.codec.FLAGS)
    return Decoder(operation, rows, [dialect.column], kinds, table.GROUP_CLASSES, str.lower)


def _response_rows(kind: type[Any]) -> Sequence[Row]:
    return table.NOTICES[kind] if kind in table.NOTICES else table.REPLIES[kind]


@memoize
def _response_encoder(dialect: Dialect, kind: type[Any], former_names: frozenset[str] = frozenset()) -> Encoder:
    codec, column = dialect.response_codec, dialect.response_column
    rows = rows_to_write(_response_rows(kind), column, former_names)
    return Encoder(rows, column, codec, converters(flags=codec.FLAGS), dialect.case)


@memoize
def response_decoder(kind: type[Any]) -> Decoder:
    """Return what decodes a reply or a notice; it accepts the names of every dialect."""
    rows = _response_rows(kind)
    return Decoder(kind, rows, range(len(rows[0].names)), converters(), table.GROUP_CLASSES, normalize_name)


@memoize
def status_substitutes(reply: type[Any]) -> frozenset[str]:
    """Return the normalized names that a response may have instead of a status; none for most replies."""
    fields = table.STATUS_SUBSTITUTES.get(reply, ())
    rows = [row for row in table.REPLIES[reply] if row.field in fields]
    names = [name for row in rows for column in range(len(row.names)) for name in accepted_names(row, column)]
    return frozenset(normalize_name(name.replace("[]", "")) for name in names)


# ------------------------------------------------------------------------------------------------ the dialects

SKYCORE = Dialect(
    name="skycore",
    title="Skycore 1.3, XML by POST",
    url="https://secure.skycore.com/API/wxml/1.3/index.php",
    column=0,
    response_column=0,
    codec=xml,
    response_codec=xml,
    # The documents describe a form field called xml; a production client posts the document as the body.
    placement="form",
    roots=("REQUEST", "RESPONSE", "POSTBACK"),
    case="upper",
    empty_list_code="E200",
    legacy_shape=table.LEGACY_SHAPE,
    gateway=gateway_traits.SKYCORE,
)

SKYCORE_GET = Dialect(
    name="skycore-get",
    title="Skycore 1.3, GET",
    url=SKYCORE.url,
    column=1,
    response_column=0,
    codec=query,
    response_codec=xml,
    placement="url",
    roots=("", "RESPONSE", "POSTBACK"),
    case="lower",
    empty_list_code="E200",
    legacy_shape=table.LEGACY_SHAPE,
    gateway=gateway_traits.SKYCORE,
)

SINCH = Dialect(
    name="sinch",
    title="Sinch MMS, XML service",
    url="https://api.ci.mblox.com/ep/v1/",
    column=2,
    response_column=1,
    codec=xml,
    response_codec=xml,
    placement="bare",
    roots=("request", "response", "postback"),
    case="lower",
    empty_list_code="",
    gateway=gateway_traits.SINCH,
)

SINCH_JSON = Dialect(
    name="sinch-json",
    title="Sinch MMS, JSON service",
    url="https://api.ci.mblox.com/ep/v2/",
    column=3,
    response_column=2,
    codec=json,
    response_codec=json,
    placement="bare",
    roots=("", "", ""),
    case="lower",
    empty_list_code="",
    gateway=gateway_traits.SINCH_JSON,
    returns_mms_id=False,
    # The key is sent in a header, not in the body or the URL.
    key_header="x-api-key",
    status_values=("success", "failure"),
    # Sinch MMS reference, 5.2: `status` has one word, and `status-details` has the text that XML has in `status`.
    status_texts={
        "Message Sent": "Sent",
        "Message Sent/Delivered": "Delivered",
        "Message Sent/Failed": "Failed",
        "Message Sent/Expired": "Expired",
        "Message Sent/Rejected": "Rejected",
        "Message Failed": "Failed",
    },
)

DIALECTS: Mapping[DialectName, Dialect] = {dialect.name: dialect for dialect in (SKYCORE, SKYCORE_GET, SINCH, SINCH_JSON)}


def get_dialect(name: Any) -> Dialect:
    """Return the dialect of that name. Raises :class:`~skymms.ConfigurationError` for an unknown name."""
    if not isinstance(name, str) or name not in DIALECTS:
        raise ConfigurationError(f"there is no dialect {name!r:.40}: choose one of {', '.join(DIALECTS)}")
    return DIALECTS[cast("DialectName", name)]
