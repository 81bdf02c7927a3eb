"""The judges: a list of rules, put to slides and whole messages.

They add to what a rule says where it stands and which code it bears, and report everything they find, never only the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import date
from operator import attrgetter
from typing import Any, NamedTuple

from .._functools import attribute_getter, memoize
from ..errors import Problem
from ..limits import Limits
from ..slide import FILES, Slide

# The rule modules register their rules when they are imported; the order below is the order of the list.
from . import action_rules, message_rules, slide_rules  # noqa: F401
from .rule import RULES, Check, Rule
from .warnings import WARNINGS

_Paired = list[tuple[Check, Rule]]


class _Plan(NamedTuple):
    """How a class of messages is judged, worked out once for each class and for what an account insists on."""

    #: What fetches the values of all fields at once.
    fetch: Callable[[Any], tuple[Any, ...]]
    #: The rules, in the order of their codes: the place of the field that has to be set for one to look (None: it always
    #: looks), and the rule. Of a message's many fields few are set.
    rules: list[tuple[int | None, Check, Rule]]
    #: The fields that hold words, with what tells a value that need not be text; those that hold words by key (by slide, or by
    #: name), slides, and a message of their own.
    words: list[tuple[int, str, Callable[[Any], bool]]]
    by_slide: list[tuple[int, str]]
    by_name: list[tuple[int, str]]
    slides: list[int]
    messages: list[int]


_SLIDES, _MESSAGES, _BY_SLIDE, _BY_NAME = {"slides"}, {"slideshow"}, {"custom_text"}, {"data", "pass_data"}


def _whole_number(value: Any) -> bool:
    """An id may be one, and is written as it is meant; a float (35674.0, the nan of a gap in a column) and True are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _no_characters(value: Any) -> bool:
    """What a field may hold that has a rule for its type: that one speaks."""
    return isinstance(value, (int, float, date))


class Validator:
    """A list of rules, sorted by what they look at, ready to be put to slides and whole messages."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        by: dict[str, list[Rule]] = {"words": [], "text": [], "address": [], "slide": [], "field": []}
        for rule in sorted(rules, key=lambda rule: rule.code or ""):
            by[rule.of].append(rule)
        paired = {of: [(rule.check, rule) for rule in rules] for of, rules in by.items()}
        self._words, self._field, self._slide = paired["words"], paired["field"], paired["slide"]
        # Several fields in one name: what may not stand together. A slide with one file, as nearly all are, breaks none.
        self._alone = [(check, rule) for check, rule in self._slide if "/" not in rule.field]
        self._of_field = {
            name: [(check, rule) for check, rule in self._field if rule.field == name]
            for name in {rule.field for _, rule in self._field}
        }
        self._typed = {rule.field for _, rule in self._field if rule.checks_type}
        self._text = paired["text"] + paired["words"]
        self._files = {
            kind: [(check, rule) for check, rule in paired["address"] if rule.field == kind] + paired["words"] for kind in FILES
        }
        self._plan = memoize(self._planned)

    def validate_slide(self, slide: Slide, at: int, limits: Limits) -> list[Problem]:
        """What is wrong with slide number ``at``, counted from 1."""
        found: list[Problem] = []
        files = _all_files(slide)
        held = len(FILES) - files.count(None)
        for check, rule in self._slide if held > 1 else self._alone:
            if said := check(slide, limits):
                found.append(Problem(rule.code, at, rule.field, said))
        if (text := slide.text) is not None:
            for check, rule in self._text:
                if said := check(text, limits):
                    found.append(Problem(rule.code, at, "text", said))
        if (template := slide.personalized_image) is not None:
            self._put(self._words, "personalized_image", template, at, limits, found)
        for kind, url in zip(FILES, files):  # noqa: B905 (as long as each other, and hot)
            if not held:
                break
            if url is not None:
                held -= 1
                for check, rule in self._files[kind]:
                    if said := check(url, limits):
                        found.append(Problem(rule.code, at, kind, said))
        return found

    def validate_fields(self, message: Any, limits: Limits) -> list[Problem]:
        """What is wrong with the fields of a slideshow or an operation, leaving what is inside them aside."""
        plan = self._plan(type(message), limits.required)
        return self._validate_fields(message, plan, plan.fetch(message), limits)

    @staticmethod
    def _validate_fields(message: Any, plan: _Plan, held: tuple[Any, ...], limits: Limits) -> list[Problem]:
        found: list[Problem] = []
        for at, check, rule in plan.rules:
            if (at is None or held[at] is not None) and (said := check(message, limits)):
                found.append(Problem(rule.code, None, rule.field, said))
        return found

    def validate_field(self, message: Any, name: str, limits: Limits) -> list[Problem]:
        """What is wrong with one field of words, where all the others are known to be right."""
        if (words := getattr(message, name, None)) is None and not hasattr(message, name):
            return []
        found: list[Problem] = []
        for check, rule in self._of_field.get(name, ()):
            if said := check(message, limits):
                found.append(Problem(rule.code, None, name, said))
        if words is not None and not self._excuse(name)(words):
            self._put(self._words, name, words, None, limits, found)
        return found

    def validate(self, message: Any, limits: Limits) -> list[Problem]:
        """What is wrong with a slideshow or an operation, and with everything inside it."""
        plan = self._plan(type(message), limits.required)
        held = plan.fetch(message)
        found = self._validate_fields(message, plan, held, limits)
        for at, name, excused in plan.words:
            if (words := held[at]) is not None:
                for one in words if isinstance(words, tuple) else (words,):
                    if isinstance(one, str) or not excused(one):
                        self._put(self._words, name, one, None, limits, found)
        for at, name in plan.by_slide:
            for number, words in held[at].items():
                self._put(self._text, name, words, number, limits, found)
        for at, name in plan.by_name:
            for key, words in held[at].items():
                self._put(self._words, f"{name}[{key!r}]", words, None, limits, found)
        for at in plan.slides:
            for number, slide in enumerate(held[at], 1):
                found += self.validate_slide(slide, number, limits)
        for at in plan.messages:
            if not hasattr(held[at], "slides"):
                raise TypeError(f"a Slideshow is wanted, not {type(held[at]).__name__}")
            found += self.validate(held[at], limits)
        return found

    def _excuse(self, name: str) -> Callable[[Any], bool]:
        """What tells a value of a field that need not be text."""
        return _no_characters if name in self._typed else _whole_number

    @staticmethod
    def _put(rules: _Paired, name: str, words: Any, at: Any, limits: Limits, found: list[Problem]) -> None:
        for check, rule in rules:
            if said := check(words, limits):
                found.append(Problem(rule.code, at, name, said))

    def _planned(self, kind: type, required: frozenset[str]) -> _Plan:
        places = {item.name: at for at, item in enumerate(fields(kind))}

        def holding(names: Iterable[str]) -> list[tuple[int, str]]:
            return [(at, name) for name, at in places.items() if name in names]

        return _Plan(
            fetch=attribute_getter(tuple(places)),
            rules=[
                (places[rule.field] if rule.only_if_set and rule.field not in required else None, check, rule)
                for check, rule in self._field
                if rule.field in places
            ],
            words=[
                (at, name, self._excuse(name))
                for at, name in holding(places.keys() - _SLIDES - _MESSAGES - _BY_SLIDE - _BY_NAME)
            ],
            by_slide=holding(_BY_SLIDE),
            by_name=holding(_BY_NAME),
            slides=[at for at, _ in holding(_SLIDES)],
            messages=[at for at, _ in holding(_MESSAGES)],
        )


_all_files = attrgetter(*FILES)

#: Everything a gateway would refuse.
VALIDATOR = Validator(RULES)
#: What the builder refuses at the call itself; the rest can still become right.
BUILDER_VALIDATOR = Validator(rule for rule in RULES if rule.at_build)
#: What the vendors advise against and accept all the same.
WARNINGS_VALIDATOR = Validator(WARNINGS)
