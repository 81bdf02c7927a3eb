"""What a rule is, and the list that all rules are registered in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..limits import Limits


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its code (None for an advice), what it looks at, and the function that looks.

    ``of`` is the kind of thing judged: ``words`` (any string), ``text`` (the text of a slide), ``address`` (the file named
    by ``field``), ``slide``, or ``field`` (whatever has a field of that name). ``at_build`` marks those the builder enforces at
    the very call that breaks them; ``only_if_set`` those that have nothing to say of a field that is None, unless it is required;
    ``checks_type`` those that say themselves of what type their field may be, where it need not be text.
    """

    code: str | None
    of: str
    field: str
    check: Callable[[Any, Limits], str | None]
    at_build: bool = False
    only_if_set: bool = False
    checks_type: bool = False

    @property
    def description(self) -> str:
        """The rule in a sentence."""
        return (self.check.__doc__ or "").strip().partition("\n")[0]


RULES: list[Rule] = []

#: Looks at a thing and says what is wrong with it, or None.
Check = Callable[[Any, Limits], str | None]


def rule(
    code: str, of: str, field: str = "", *, at_build: bool = False, only_if_set: bool = False, checks_type: bool = False
) -> Callable[[Check], Check]:
    """Register the decorated function as a rule; the parameters are the fields of :class:`Rule`."""

    def add(check: Check) -> Check:
        RULES.append(Rule(code, of, field, check, at_build, only_if_set, checks_type))
        return check

    return add
