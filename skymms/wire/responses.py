"""Errors for responses that do not follow the protocol, or that answer another request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import codes
from .._functools import memoize
from ..errors import CHECK_POSTBACKS, ProtocolError, SkymmsError, error_class
from ..http import HttpResponse
from ..model.operations import Operation
from ..numbers import digits
from ..redaction import mask_key_in_body


def protocol_error(operation: Operation[Any], response: HttpResponse, trouble: str | None, key: str) -> SkymmsError:
    """The error for an answer that is none of the protocol's, whatever the protocol; ``trouble`` says why."""
    http = response.status
    if http == 429:
        # The HTTP layer said no before the protocol could.
        return error_class("429")("429", codes.ANSWERS["429"].meaning)
    if 300 <= http < 400:
        trouble = "a redirect, which is not followed"
    # A 4xx is a plain no; anything else may have come after the message was taken.
    maybe = not operation.repeatable and not (400 <= http < 500 and http != 408)
    remedy = CHECK_POSTBACKS if maybe else "Check the account's address." if 300 <= http < 500 else ""
    return ProtocolError(
        f"HTTP {http} with an answer outside the protocol: {trouble}. {remedy}".rstrip(),
        body=mask_key_in_body(response.body, key),
        status=http,
        sent_maybe=maybe,
    )


def answers_other_request(operation: Operation[Any], reply: Any) -> str | None:
    """An answer that names another number or another id is the answer to another request, and tells nothing of ours."""
    for name, plain in _shared_fields(type(operation), type(reply)):
        asked, told = getattr(operation, name), getattr(reply, name)
        if asked and told and plain(asked) != plain(told):
            return f"it answers another request (its {name} is not ours)"
    return None


@memoize
def _shared_fields(operation: type[Any], reply: type[Any]) -> list[tuple[str, Callable[[object], str]]]:
    return [(name, plain) for name, plain in _ECHOED_FIELDS if hasattr(operation, name) and hasattr(reply, name)]


def _bare(written: object) -> str:
    return str(written).strip()


#: The fields that an answer repeats from its request, and how they are compared.
_ECHOED_FIELDS = (("to", digits), ("mobile", digits), ("mms_id", _bare), ("inbox_id", _bare), ("subscriber_ref", _bare))
