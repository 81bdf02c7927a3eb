"""Prepared messages: validated and encoded once, sent to many recipients.

A message to many people is the same except for the recipient. :class:`PreparedMessage` has everything before and after the
recipient's number as bytes, so each further request costs a check of one number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from operator import is_
from typing import Any, Generic, NamedTuple, TypeVar, cast

from .._functools import attribute_getter, plain_value
from ..errors import Problem, refusal
from ..http import HttpRequest
from ..limits import Limits
from ..model.operations import Operation
from ..numbers import E164_NUMBER, digits
from ..redaction import KeyHolder
from ..validation.validator import VALIDATOR
from .dialects import Dialect
from .encoder import RECIPIENT
from .placement import Placement

OperationT = TypeVar("OperationT", bound=Operation[Any])


class _RecipientOnly(NamedTuple):
    """A stand-in for an operation, for the rules that check only the recipient."""

    to: Any


class PreparedMessage(KeyHolder, Generic[OperationT]):
    """A message that is validated and encoded except for its recipient. Made by :meth:`skymms.Account.prepare`.

    Several prepared messages may be in use at once, and each by several threads. It contains the account's key, so its repr
    shows only the class of the operation, and it cannot be pickled.
    """

    __slots__ = ("_after", "_before", "_limits", "_operation", "_placement")

    def __init__(self, operation: OperationT, before: bytes, after: bytes, placement: Placement, limits: Limits) -> None:
        self._operation = operation
        self._before, self._after = before, after
        self._placement = placement
        self._limits = limits

    def request(self, to: str | int) -> HttpRequest:
        """Return the HTTP request that sends the message to one number. Raises :class:`~skymms.RecipientError` (E110)."""
        to = plain_value(to)
        self._check_recipient(to)
        return self.unchecked_request(to)

    def operation(self, to: str | int) -> OperationT:
        """Return the operation that sends the message to one number, for ``client.call``.

        The account that prepared the message encodes it without validating it again. In every other way it is an ordinary
        operation: it compares, prints, copies and pickles like one. Raises :class:`~skymms.RecipientError` (E110).
        """
        to = plain_value(to)
        self._check_recipient(to)
        operation = replace(cast(Any, self._operation), to=to)
        object.__setattr__(operation, "_prepared", self)
        return cast(OperationT, operation)

    def _check_recipient(self, to: object) -> None:
        # The rules accept every number in this form, and this check takes a quarter of the validator's time.
        if type(to) is str and E164_NUMBER.fullmatch(to):
            return
        if problems := VALIDATOR.validate_field(_RecipientOnly(to), RECIPIENT, self._limits):
            raise refusal(problems)

    def unchecked_request(self, to: object) -> HttpRequest:
        """Return the request for a number that is known to be valid."""
        return self._placement.request(self._before + digits(to).encode() + self._after)

    def is_from(self, placement: Placement) -> bool:
        """True if the account with this placement prepared the message."""
        return self._placement is placement

    def __repr__(self) -> str:
        return f"<PreparedMessage {type(self._operation).__name__}>"


class OperationEncoder(KeyHolder, Generic[OperationT]):
    """Validates and encodes the operations of one class for one account.

    It keeps the last message with a recipient. If the next operation has the same field values (compared by identity, so
    mappings in operations must be immutable), only its recipient is validated and encoded.
    """

    __slots__ = ("_defaults", "_encoder", "_fetch", "_last", "_limits", "_placement", "_unsupported", "has_recipient")

    def __init__(
        self,
        kind: type[OperationT],
        dialect: Dialect,
        placement: Placement,
        limits: Limits,
        defaults: Mapping[str, Any],
        api_key: str,
        line_break: str,
        former_names: frozenset[str],
    ) -> None:
        self._unsupported = dialect.unsupported_check(kind)
        self._placement = placement
        self._limits = dialect.limits_for(limits, kind)
        self._encoder = dialect.request_encoder(kind, api_key, line_break, placement.escape, former_names)
        self._defaults = _Defaults.for_operation(kind, dialect, defaults)
        names = [item.name for item in fields(cast(Any, kind))]
        self.has_recipient: bool = RECIPIENT in names
        self._fetch = attribute_getter([name for name in names if name != RECIPIENT])
        #: The field values of the last operation, before defaults were filled in, and its prepared message.
        self._last: tuple[tuple[Any, ...], PreparedMessage[OperationT]] | None = None

    def fill(self, operation: OperationT) -> OperationT:
        """Return the operation with the account's defaults in the fields that are None."""
        return operation if self._defaults is None else self._defaults.fill(operation)

    def problems(self, operation: OperationT) -> list[Problem]:
        """Return all problems of an operation that is filled."""
        return VALIDATOR.validate(operation, self._limits) + self._unsupported(operation)

    def prepare(self, operation: OperationT) -> PreparedMessage[OperationT]:
        """Validate and encode everything except the recipient. Raises the first problem, which has all of them."""
        filled = self.fill(operation)
        problems = [one for one in self.problems(filled) if one.field != RECIPIENT]
        if problems:
            raise refusal(problems)
        return self._prepared(filled)

    def encode(self, operation: OperationT) -> HttpRequest:
        """Return the request for an operation. Raises the first problem, which has all of them."""
        if not self.has_recipient:
            return self._placement.request(self._encoder.encode(self._checked(operation)))
        values, last = self._fetch(operation), self._last
        # By identity: equal values are not enough, because True equals 1 and only one of them is a valid duration.
        if last is not None and all(map(is_, values, last[0])):
            return last[1].request(cast(Any, operation).to)
        prepared = self._prepared(self._checked(operation))
        self._last = values, prepared
        return prepared.unchecked_request(cast(Any, operation).to)

    def _checked(self, operation: OperationT) -> OperationT:
        filled = operation if self._defaults is None else self._defaults.fill(operation)
        if problems := VALIDATOR.validate(filled, self._limits) + self._unsupported(filled):
            raise refusal(problems)
        return filled

    def _prepared(self, filled: OperationT) -> PreparedMessage[OperationT]:
        before, after = self._encoder.encode_around(filled)
        return PreparedMessage(filled, before, after, self._placement, self._limits)


class _Defaults(NamedTuple):
    """An account's defaults that one class of operations has a field for: in the operation, and in its slideshow."""

    in_operation: Mapping[str, Any]
    in_slideshow: Mapping[str, Any]

    @classmethod
    def for_operation(cls, kind: type[Operation[Any]], dialect: Dialect, defaults: Mapping[str, Any]) -> _Defaults | None:
        """Return the defaults with a wire name in this operation and dialect; None if there are none."""
        paths = {dialect.field_path(kind, name): (name, value) for name, value in defaults.items()}
        own = {name: value for path, (name, value) in paths.items() if path == name}
        inner = {name: value for path, (name, value) in paths.items() if path == f"slideshow.{name}"}
        return cls(own, inner) if own or inner else None

    def fill(self, operation: OperationT) -> OperationT:
        """Return the operation with these values in the fields that are None."""
        changes = _missing(operation, self.in_operation)
        slideshow = getattr(operation, "slideshow", None)
        if slideshow is not None and (inner := _missing(slideshow, self.in_slideshow)):
            changes["slideshow"] = replace(slideshow, **inner)
        return replace(cast(Any, operation), **changes) if changes else operation


def _missing(holder: object, defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in defaults.items() if getattr(holder, name, value) is None}
