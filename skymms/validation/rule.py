"""Defines rules, and the list in which Skycore's rules are registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

#: A function that receives an object and the account's limits, and returns the problem of the object as text, or None.
Check = Callable[[Any, Any], str | None]


class Rule(NamedTuple):
    """A rule: a check, the object that it applies to, and the code of a violation.

    :param code: the gateway's code for a violation; None for a warning.
    :param target: the argument of the check: ``slide`` (a slide), ``text`` (a slide's text), ``url`` (the URL of the file named
        by ``field``), ``field`` (the slideshow or operation that has this field), ``item`` (each item of the tuple in this
        field), or ``any text`` (each text in any field of a message that is not printable or not a ``str``).
    :param field: the field that a problem is reported for. Two names with ``/`` between them are files of one slide: the rule
        is then applied only to slides with more than one file.
    :param check: the function.
    :param at_build: True if ``Slideshow.slide()`` itself raises the problem.
    :param only_if_set: True if the check returns None for a field that is None, so that it need not be called.
    :param checks_type: True if the check also refuses values of a wrong type in this field.
    """

    code: str | None
    target: str
    field: str
    check: Check
    at_build: bool = False
    only_if_set: bool = False
    checks_type: bool = False

    @property
    def description(self) -> str:
        """The rule as a sentence."""
        return (self.check.__doc__ or "").strip().partition("\n")[0]


#: The rules of the Skycore gateways.
RULES: list[Rule] = []


def rule(
    code: str, target: str, field: str = "", *, at_build: bool = False, only_if_set: bool = False, checks_type: bool = False
) -> Callable[[Check], Check]:
    """Register the decorated function as a rule of the Skycore gateways; see :class:`Rule` for the parameters."""

    def add(check: Check) -> Check:
        RULES.append(Rule(code, target, field, check, at_build, only_if_set, checks_type))
        return check

    return add
