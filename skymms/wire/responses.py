"""Decodes an HTTP response to the reply of an operation, or to an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from .. import codes
from .._functools import memoize
from ..errors import CHECK_POSTBACKS, MMSError, Nodes, ProtocolError, SkymmsError, error_class, gateway_refusal
from ..http import HttpResponse
from ..model.operations import Operation
from ..model.replies import Refusal, SentMMS
from ..numbers import digits
from ..redaction import KeyHolder, mask_key, mask_key_in_body, masker
from . import table
from .codecs import DecodeError, Leaf, as_leaves, replace_surrogates
from .dialects import Dialect, normalize_name, response_decoder, status_substitutes
from .notation import wire_name

#: A field that a response repeats from its request, and how its values are normalized before they are compared.
SharedField: TypeAlias = tuple[str, Callable[[object], str]]

# The normalized names of the two fields that say whether a request was accepted.
_STATUS, _CODE = (normalize_name(wire_name(row, 0)) for row in (table.STATUS[0], table.REFUSAL[0]))


class ResponseDecoder(KeyHolder):
    """Decodes the responses to the operations of one class for one account.

    ``default_sender`` is the sender of an operation that does not name one.
    """

    __slots__ = ("_api_key", "_codec", "_decoder", "_dialect", "_limit", "_mask", "_sender", "_shared", "_status")

    def __init__(
        self,
        kind: type[Operation[Any]],
        dialect: Dialect,
        api_key: str,
        max_response: int,
        default_sender: str | int | None = None,
    ) -> None:
        self._dialect, self._codec = dialect, dialect.response_codec
        self._api_key, self._mask = api_key, masker(api_key)
        self._limit = max_response
        self._sender = default_sender
        self._decoder = response_decoder(kind.reply)
        self._shared = _shared_fields(kind, kind.reply)
        #: The exact name of the status.
        self._status = wire_name(table.STATUS[0], dialect.response_column)

    def decode(self, operation: Operation[Any], response: HttpResponse) -> Any:
        """Return the reply to an operation.

        Raises the :class:`~skymms.MMSError` of a refusal, or :class:`~skymms.ProtocolError` for a response that does not follow
        the protocol or belongs to another request. The key is masked in the reply and in the errors.
        """
        body = response.body
        try:
            if len(body) > self._limit:
                # A client stops reading soon after the limit, so the real length is not known.
                limit = f"{self._limit:,} bytes"
                raise DecodeError(f"more than {limit}; set Account(max_response=…) if such responses are expected")
            root, content = self._codec.decode(body, self._limit, table.RESPONSE_SHAPE)
            if root != self._dialect.roots[1]:
                self._check_root(root)
            reply = self._usual_reply(content) if type(content) is dict else None
            if reply is None:
                reply = _reply(operation, _document(list(as_leaves(content)), self._api_key))
            if (reason := _different(self._shared, operation, reply)) is not None:
                raise _OtherRequestError(reason)
            return _with_requested_sender(operation, reply, self._sender) if type(reply) is SentMMS and reply.sender else reply
        except _OtherRequestError as error:
            raise _other_request(operation, response, str(error), self._api_key) from None
        except ValueError as error:  # DecodeError, or a reply that lacks a required field
            reason = mask_key(str(error), self._api_key)  # the parser's messages quote names
            if _is_of_other_dialect(self._dialect, body):
                reason = f"{reason}; it has the format of another dialect, so check that the account's dialect fits its url"
        raise protocol_error(operation, response, reason, self._api_key)

    def _check_root(self, root: str) -> None:
        expected = self._dialect.roots[1]
        if normalize_name(root) != normalize_name(expected):
            raise DecodeError(f"the root is {mask_key(root, self._api_key):.40}, not {expected}")

    def _usual_reply(self, content: dict[str, str]) -> Any:
        """Return the reply in a response of the usual form, a success without anything unexpected; None for any other.

        Nearly all responses are such. :func:`_reply` would return the same and takes twice as long.
        """
        if content.get(self._status) not in _SUCCESS:
            return None
        raw: Nodes = tuple(content.items())
        together = "\n".join(chain.from_iterable(raw))
        if not together.isascii() or (self._mask is not None and self._mask.is_in(together)):
            return None
        return self._decoder.decode_exact(content, self._status, raw=raw)


#: The status of a success, as gateways write it.
_SUCCESS = frozenset({"Success", "success"})


class _OtherRequestError(DecodeError):
    """The response follows the protocol, and belongs to another request."""


def _is_of_other_dialect(dialect: Dialect, body: bytes) -> bool:
    """True if a response that could not be decoded looks like one of a dialect with another format (XML or JSON)."""
    start = body[:1000].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if dialect.roots[1]:
        return start.startswith(b"{")
    return start.startswith(b"<") and b"<response>" in start


class _Document(NamedTuple):
    """A parsed response."""

    #: Its fields without the status, and all of them as they came.
    leaves: list[Leaf]
    raw: Nodes
    #: The status in lower case; None if there is none.
    status: str | None
    #: True if it has a field for an error code, even an empty one.
    has_code: bool


def _document(leaves: list[Leaf], api_key: str) -> _Document:
    leaves, raw = _masked(leaves, api_key)
    status, has_code = None, False
    for at, (path, text) in enumerate(raw):
        name = normalize_name(path)
        if name == _CODE:
            has_code = True
        elif name == _STATUS:
            if status is not None:
                raise DecodeError("the status is given twice")
            status = text.strip().lower()
            # The status is not a field of any reply.
            del leaves[at]
    return _Document(leaves, raw, status, has_code)


def _masked(leaves: list[Leaf], api_key: str) -> tuple[list[Leaf], Nodes]:
    """Mask the key, and replace lone surrogates. Nearly all responses have neither."""
    raw: Nodes = tuple([(path, text) for path, _, text in leaves])
    together = "\n".join(chain.from_iterable(raw))
    mask = masker(api_key)
    if together.isascii() and (mask is None or not mask.is_in(together)):
        return leaves, raw
    leaves = [(mask_key(path, api_key), index, mask_key(text, api_key)) for path, index, text in replace_surrogates(leaves)]
    return leaves, tuple([(path, text) for path, _, text in leaves])


def _reply(operation: Operation[Any], document: _Document) -> Any:
    status = document.status
    # A response is a refusal if its status is not success or if it has an error code. The HTTP status does not matter.
    if document.has_code or (status and status != "success"):
        refused, _ = response_decoder(Refusal).decode(document.leaves)
        if (error := _refusal_error(operation, document, refused)) is not None:
            # Some gateways refuse a list request with this code if nothing is stored. The reply is then an empty list.
            if (refused.code or "").upper() == table.EMPTY_LIST_CODES.get(operation.reply):
                return operation.reply(raw=document.raw)
            raise error
    if not status and status_substitutes(operation.reply).isdisjoint([normalize_name(path) for path, _ in document.raw]):
        raise DecodeError("it has no status")
    reply, _ = response_decoder(operation.reply).decode(document.leaves, raw=document.raw)
    return reply


def _refusal_error(operation: Operation[Any], document: _Document, refused: Refusal) -> MMSError | None:
    """Return the error for a refusal; None for a successful response whose error code is empty."""
    # If "try again later" is the response to another request, a retry of this one would send its message twice.
    if (reason := _different(_shared_fields(type(operation), Refusal), operation, refused)) is not None:
        raise _OtherRequestError(reason)
    if not refused.code and document.status in {None, "", "success"}:
        return None
    repeatable = operation.repeatable
    return gateway_refusal(refused.code, refused.info, status=document.status, reply=document.raw, repeatable=repeatable)


def _other_request(operation: Operation[Any], response: HttpResponse, reason: str, key: str) -> ProtocolError:
    """Return the error for the response to another request.

    The gateway executes requests, whatever the HTTP status says about the other one, so this one may have been executed too.
    """
    return _protocol_error(operation, response, f"the response does not follow the protocol: {reason}.", key, True)


def protocol_error(operation: Operation[Any], response: HttpResponse, reason: str, key: str) -> SkymmsError:
    """Return the error for a response that does not follow the protocol; ``reason`` says why. Cellcast uses it too."""
    http = response.status
    if http == 429:
        # The HTTP server throttled the request before the gateway read it.
        return error_class("429")("429", codes.ANSWERS["429"].meaning)
    # A 4xx says that the request was not processed; with any other status the message may have been accepted.
    executed = not (400 <= http < 500 and http != 408)
    return _protocol_error(operation, response, _explain(http, reason), key, executed)


def _protocol_error(
    operation: Operation[Any], response: HttpResponse, explanation: str, key: str, executed: bool
) -> ProtocolError:
    http, maybe = response.status, executed and not operation.repeatable
    return ProtocolError(
        f"HTTP {http}: {explanation} {_remedy(http, maybe)}".rstrip(),
        body=mask_key_in_body(response.body, key),
        status=http,
        sent_maybe=maybe,
    )


def _explain(http: int, reason: str) -> str:
    if 300 <= http < 400:
        return "a redirect, which is not followed."
    if http == 404:
        return f"there is no gateway at this URL ({reason})."
    return f"the response does not follow the protocol: {reason}."


def _remedy(http: int, maybe: bool) -> str:
    if maybe:
        return CHECK_POSTBACKS
    return "Check the account's url: the gateway's full endpoint is required." if 300 <= http < 500 else ""


def _different(shared: Sequence[SharedField], operation: Any, reply: Any) -> str | None:
    """Return the problem if a response has another number or id than the request, or None."""
    for name, normalize in shared:
        requested, returned = getattr(operation, name), getattr(reply, name)
        if requested and returned and requested != returned and normalize(requested) != normalize(returned):
            return f"it belongs to another request: its {name} is not the {name} of this request"
    return None


def _with_requested_sender(operation: Any, reply: SentMMS, default: str | int | None) -> SentMMS:
    """Return the reply, with the requested sender if the gateway used another one."""
    # Sinch MMS and Skycore 1.3, sendSavedMMS: the default short code of the recipient's country replaces the sender.
    requested = default if operation.sender is None else operation.sender
    if requested is None or reply.sender in (requested, operation.sender_mask) or digits(reply.sender) == digits(requested):
        return reply
    return replace(reply, requested_sender=str(requested))


@memoize
def _shared_fields(operation: type[Any], reply: type[Any]) -> list[SharedField]:
    return [(name, normalize) for name, normalize in _ECHOED_FIELDS if hasattr(operation, name) and hasattr(reply, name)]


def _stripped(value: object) -> str:
    return str(value).strip()


_ECHOED_FIELDS: tuple[SharedField, ...] = (
    ("to", digits),
    ("mobile", digits),
    ("mms_id", _stripped),
    ("inbox_id", _stripped),
    ("subscriber_ref", _stripped),
)
