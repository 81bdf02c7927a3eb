"""One kind of operation, asked for again and again: what an account works out once, and what it need not do twice.

What goes to many differs by its recipient only. So what was right and written for the last one is neither judged nor written
again, and a send costs a look at one number, whatever the message holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from operator import is_
from typing import Any, cast

from .._functools import attribute_getter
from ..errors import Problem, refusal
from ..limits import Limits
from ..model.operations import Operation
from ..validation.validator import VALIDATOR
from .dialects import Dialect
from .encoder import RECIPIENT
from .template import RequestTemplate

#: The fields of an operation but its recipient, and the pieces it was written in.
_Last = tuple[tuple[Any, ...], list[bytes]]


class OperationEncoder:
    """How an account asks for one kind of operation."""

    __slots__ = ("_fetch", "_last", "_limits", "_lost", "_template")

    def __init__(
        self, kind: type[Operation[Any]], spoken: Dialect, limits: Limits, line_break: str, template: RequestTemplate
    ) -> None:
        self._limits = spoken.limits_for(limits, kind)
        self._lost: Callable[[Operation[Any]], list[Problem]] = spoken.missing(kind, line_break)
        self._template = template
        self._fetch = attribute_getter([item.name for item in fields(cast(Any, kind)) if item.name != RECIPIENT])
        self._last: _Last | None = None

    def problems(self, operation: Operation[Any]) -> list[Problem]:
        """Everything that is wrong with an operation, as its gateway sees it."""
        return VALIDATOR.validate(operation, self._limits) + self._lost(operation)

    def document(self, operation: Operation[Any]) -> bytes:
        """The request's document, as it travels; raises the first of its problems, carrying them all."""
        rest, last = self._fetch(operation), self._last
        # By identity: what is the very same was right, and cannot have changed. Equal would not do, for True equals 1.
        if last is not None and all(map(is_, rest, last[0])):
            problems = VALIDATOR.validate_field(operation, RECIPIENT, self._limits)
            like: list[bytes] | None = last[1]
        else:
            problems, like = self.problems(operation), None
        if problems:
            raise refusal(problems)
        pieces = self._template.pieces(operation, like)
        if like is None:
            self._last = rest, pieces
        return self._template.joined(pieces)
