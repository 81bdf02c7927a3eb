"""Decodes an HTTP response to the reply of an operation, or to an error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple, cast

from .. import codes
from .._functools import memoize
from ..errors import CHECK_POSTBACKS, MMSError, Nodes, ProtocolError, SkymmsError, error_class, gateway_refusal
from ..http import HttpResponse
from ..model.operations import Operation
from ..model.replies import Refusal, SentMMS
from ..numbers import digits
from ..redaction import mask_key, mask_key_in_body, masker
from . import table
from .codecs import DecodeError, Leaf, replace_surrogates
from .dialects import Dialect, normalize_name, response_decoder, status_substitutes
from .notation import wire_name

# The normalized names of the two fields that say whether a request was accepted.
_STATUS, _CODE = (normalize_name(wire_name(row, 0)) for row in (table.STATUS[0], table.REFUSAL[0]))


def decode_response(
    dialect: Dialect,
    operation: Operation[Any],
    response: HttpResponse,
    api_key: str,
    max_response: int,
    default_sender: str | int | None = None,
) -> Any:
    """Return the reply to an operation.

    Raises the :class:`~skymms.MMSError` of a refusal, or :class:`~skymms.ProtocolError` for a response that does not follow the
    protocol or belongs to another request. The key is masked in the reply and in the errors. ``default_sender`` is the sender
    of an operation that does not name one.
    """
    try:
        document = _parse(dialect, response.body, api_key, max_response)
        reply = _reply(operation, document)
        if (reason := answers_other_request(operation, reply)) is not None:
            raise _OtherRequestError(reason)
        return _with_requested_sender(operation, reply, default_sender)
    except _OtherRequestError as error:
        raise _other_request(operation, response, str(error), api_key) from None
    except ValueError as error:  # DecodeError, or a reply that lacks a required field
        reason = mask_key(str(error), api_key)  # the parser's messages quote names
        if _is_of_other_dialect(dialect, response.body):
            reason = f"{reason}; it has the format of another dialect, so check that the account's dialect fits its url"
    raise protocol_error(operation, response, reason, api_key)


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


def _parse(dialect: Dialect, body: bytes, api_key: str, max_response: int) -> _Document:
    if len(body) > max_response:
        # A client stops reading soon after the limit, so the real length is not known.
        raise DecodeError(f"more than {max_response:,} bytes; set Account(max_response=…) if such responses are expected")
    root, leaves = dialect.response_codec.decode(body, max_response, table.RESPONSE_SHAPE)
    if normalize_name(root) != normalize_name(dialect.roots[1]):
        raise DecodeError(f"the root is {mask_key(root, api_key):.40}, not {dialect.roots[1]}")
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
    if (reason := answers_other_request(operation, refused)) is not None:
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


def answers_other_request(operation: Operation[Any], reply: Any) -> str | None:
    """Return the problem if a response has another number or id than the request, or None."""
    reply_class: type[Any] = cast(Any, type(reply))
    for name, normalize in _shared_fields(type(operation), reply_class):
        requested, returned = getattr(operation, name), getattr(reply, name)
        if requested and returned and requested != returned and normalize(requested) != normalize(returned):
            return f"it belongs to another request: its {name} is not the {name} of this request"
    return None


def _with_requested_sender(operation: Any, reply: Any, default: str | int | None) -> Any:
    """Return the reply, with the requested sender if the gateway used another one."""
    # Sinch MMS and Skycore 1.3, sendSavedMMS: the default short code of the recipient's country replaces the sender.
    if type(reply) is not SentMMS or not reply.sender:
        return reply
    requested = default if operation.sender is None else operation.sender
    if requested is None or reply.sender in (requested, operation.sender_mask) or digits(reply.sender) == digits(requested):
        return reply
    return replace(reply, requested_sender=str(requested))


@memoize
def _shared_fields(operation: type[Any], reply: type[Any]) -> list[tuple[str, Callable[[object], str]]]:
    return [(name, normalize) for name, normalize in _ECHOED_FIELDS if hasattr(operation, name) and hasattr(reply, name)]


def _stripped(value: object) -> str:
    return str(value).strip()


#: The fields that a response repeats from its request, and how their values are normalized before they are compared.
_ECHOED_FIELDS: tuple[tuple[str, Callable[[object], str]], ...] = (
    ("to", digits),
    ("mobile", digits),
    ("mms_id", _stripped),
    ("inbox_id", _stripped),
    ("subscriber_ref", _stripped),
)
