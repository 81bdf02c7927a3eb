"""The judges: a list of rules, put to slides and whole messages.

They add to what a rule says where it stands and which code it bears, and report everything they find, never only the first.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import date
from operator import attrgetter
from typing import Any, NamedTuple

from .advices import ADVICES
from .errors import Problem
from .limits import Limits
from .once import once
from .rules import RULES, Check, Rule
from .slide import FILES, Slide

_Paired = list[tuple[Check, Rule]]


class _Plan(NamedTuple):
    """What of a class of messages is judged by which rules, worked out once for each class."""

    rules: _Paired
    #: The fields that hold words, and what fetches them all at once.
    words: tuple[str, ...]
    fetch: Callable[[Any], tuple[Any, ...]]
    #: The fields that hold words by key: of them, those keyed by slide.
    mappings: tuple[str, ...]
    by_slide: frozenset[str]
    #: The fields that hold slides, and those that hold a message of their own.
    slides: tuple[str, ...]
    messages: tuple[str, ...]


_SLIDES, _MESSAGES, _BY_SLIDE = {"slides"}, {"slideshow"}, {"custom_text"}
_MAPPINGS = {"custom_text", "data", "pass_data"}


class Judge:
    """A list of rules, sorted by what they look at, ready to be put to slides and whole messages."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        by: dict[str, list[Rule]] = {"words": [], "text": [], "address": [], "slide": [], "field": []}
        for rule in sorted(rules, key=lambda rule: rule.code or ""):
            by[rule.of].append(rule)
        paired = {of: [(rule.check, rule) for rule in rules] for of, rules in by.items()}
        self._words, self._field, self._slide = paired["words"], paired["field"], paired["slide"]
        # Several fields in one name: what may not stand together. A slide with one file, as nearly all are, breaks none.
        self._alone = [(check, rule) for check, rule in self._slide if "/" not in rule.field]
        self._text = paired["text"] + paired["words"]
        self._files = {
            kind: [(check, rule) for check, rule in paired["address"] if rule.field == kind] + paired["words"] for kind in FILES
        }
        self._plan = once(self._planned)
        self._clean: dict[int, tuple[weakref.ref[Any], Limits]] = {}

    def slide(self, slide: Slide, at: int, limits: Limits) -> list[Problem]:
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
        for kind, url in zip(FILES, files):  # noqa: B905 (as long as each other, and hot)
            if not held:
                break
            if url is not None:
                held -= 1
                for check, rule in self._files[kind]:
                    if said := check(url, limits):
                        found.append(Problem(rule.code, at, kind, said))
        return found

    def row(self, message: Any, limits: Limits) -> list[Problem]:
        """What is wrong with the fields of a slideshow or an operation, leaving what is inside them aside."""
        found: list[Problem] = []
        for check, rule in self._plan(type(message)).rules:
            if said := check(message, limits):
                found.append(Problem(rule.code, None, rule.field, said))
        return found

    def message(self, message: Any, limits: Limits) -> list[Problem]:
        """What is wrong with a slideshow or an operation, and with everything inside it."""
        found = self.row(message, limits)
        plan = self._plan(type(message))
        for name, words in zip(plan.words, plan.fetch(message), strict=True):
            # A flag, a number or a date holds no characters. Anything else that is no text (bytes, say) is wrong.
            if words is not None and not isinstance(words, (int, float, date)):
                for one in words if isinstance(words, tuple) else (words,):
                    self._put(self._words, name, one, None, limits, found)
        for name in plan.mappings:
            for key, words in getattr(message, name).items():
                if name in plan.by_slide:
                    self._put(self._text, name, words, key, limits, found)
                else:
                    self._put(self._words, f"{name}[{key!r}]", words, None, limits, found)
        for name in plan.slides:
            for at, slide in enumerate(getattr(message, name), 1):
                found += self.slide(slide, at, limits)
        for name in plan.messages:
            found += self._inside(getattr(message, name), limits)
        return found

    def _inside(self, message: Any, limits: Limits) -> list[Problem]:
        """What is wrong with a slideshow. One without fault is judged once, however many it is sent to: it never changes."""
        if not hasattr(message, "slides"):
            raise TypeError(f"a Slideshow is wanted, not {type(message).__name__}")
        key = id(message)
        clean = self._clean.get(key)
        # By identity, since equal is not the same here: a duration of True equals 1, and only one of them is right.
        if clean is not None and clean[0]() is message and clean[1] is limits:
            return []
        found = self.message(message, limits)
        if not found:
            self._clean[key] = weakref.ref(message, lambda gone: self._clean.pop(key, None)), limits
        return found

    @staticmethod
    def _put(rules: _Paired, name: str, words: Any, at: Any, limits: Limits, found: list[Problem]) -> None:
        for check, rule in rules:
            if said := check(words, limits):
                found.append(Problem(rule.code, at, name, said))

    def _planned(self, kind: type) -> _Plan:
        names = [item.name for item in fields(kind)]
        words = tuple(name for name in names if name not in _SLIDES | _MESSAGES | _MAPPINGS)
        return _Plan(
            rules=[(check, rule) for check, rule in self._field if rule.field in names],
            words=words,
            fetch=_fetching(words),
            mappings=tuple(name for name in names if name in _MAPPINGS),
            by_slide=frozenset(_BY_SLIDE),
            slides=tuple(name for name in names if name in _SLIDES),
            messages=tuple(name for name in names if name in _MESSAGES),
        )


_all_files = attrgetter(*FILES)


def _fetching(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """What fetches these attributes as a tuple, however many there are."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda message: tuple(getattr(message, name) for name in names)


#: Everything a gateway would refuse.
PROBLEMS = Judge(RULES)
#: What the builder refuses at the call itself; the rest can still become right.
AT_ONCE = Judge(rule for rule in RULES if rule.at_once)
#: What the vendors advise against and accept all the same.
ADVISORY = Judge(ADVICES)
