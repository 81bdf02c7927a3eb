"""The validator: applies a list of rules to slides and messages, and reports every problem.

It knows how messages are structured (an operation has a ``slideshow``, a slideshow has ``slides``, a slide has files), and
nothing about the rules of a particular gateway.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import fields, replace
from datetime import date
from typing import Any, NamedTuple, Protocol

from .._functools import attribute_getter, memoize
from ..errors import Problem
from ..limits import DOCUMENTED, Limits
from ..slide import FILES, Slide

# The modules of rules register their rules when they are imported; the order here is the order of the list.
from . import action_rules, message_rules, slide_rules  # noqa: F401  # pyright: ignore[reportUnusedImport]  # see above
from .checks import is_sendable, wrong_type_problem
from .rule import RULES, Check, Rule

_Checks = list[tuple[Check, Rule]]


class Requirements(Protocol):
    """Limits of any gateway: the validator passes them to the rules and reads only which fields are required."""

    @property
    def required(self) -> frozenset[str]:
        """The names of fields that must not be None."""
        ...


class _Field(NamedTuple):
    """The checks of one field of a message. They are called only if the field is not None."""

    name: str
    #: True unless the field has contents that are checked by themselves, such as slides or texts by key.
    is_plain: bool
    #: The checks that get the message.
    checks: _Checks
    #: The checks that get each of the field's texts, and which values need not be text.
    text_checks: _Checks
    need_not_be_text: Callable[[Any], bool]


#: Checks what a field contains: slides, a slideshow, texts by key, or the items of a tuple.
_ContentCheck = Callable[[str, Any, Requirements], list[Problem]]


class _Plan(NamedTuple):
    """The checks for messages of one class, prepared for speed. It is computed once per class and set of required fields."""

    #: Returns the values of all fields, in the order of ``fields``.
    get_values: Callable[[Any], tuple[Any, ...]]
    fields: list[_Field]
    #: The checks that are called even if their field is None.
    always: _Checks
    #: The fields with contents: position, name and check.
    contents: list[tuple[int, str, _ContentCheck]]
    #: The position of the field ``slides``, if there is one.
    slides_at: int | None


def _is_whole_number(value: Any) -> bool:
    """True for an int, which may be an id and is sent in digits; False for a bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_not_text(value: Any) -> bool:
    """True for the types that a field may hold if it has a rule for its type: that rule reports a wrong type."""
    return isinstance(value, (int, float, date, bytes))


class Validator:
    """Applies a list of rules to slides and to whole messages.

    :param rules: the rules, in any order; problems of one object are reported in the order of their codes.
    :param texts_by_slide: fields that hold a mapping of slide number to text.
    :param texts_by_name: fields that hold a mapping of name to text.
    :param wrong_type: the code for a value of an unknown type in a field without rules; None: such values are not reported.
    :param count_valid: returns how many first slides of a slideshow need not be validated with these limits.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        texts_by_slide: Collection[str] = (),
        texts_by_name: Collection[str] = (),
        wrong_type: str | None = None,
        count_valid: Callable[[Any, Any], int] = lambda slideshow, limits: 0,
    ) -> None:
        by_target: dict[str, _Checks] = {target: [] for target in ("any text", "text", "url", "slide", "field", "item")}
        for rule in sorted(rules, key=lambda rule: rule.code or ""):
            by_target[rule.target].append((rule.check, rule))
        self._any_text = by_target["any text"]
        self._slide = by_target["slide"]
        # Rules about several files (their names have a "/" between them) cannot be violated by a slide with one file.
        self._slide_with_one_file = [(check, rule) for check, rule in self._slide if "/" not in rule.field]
        self._slide_text = by_target["text"]
        self._file = [(kind, _for_field(by_target["url"], kind)) for kind in FILES]
        self._field = by_target["field"]
        self._item = by_target["item"]
        self._typed = {rule.field for _, rule in self._field if rule.checks_type}
        self._wrong_type = wrong_type
        self._by_slide = frozenset(texts_by_slide)
        self._by_name = frozenset(texts_by_name)
        self._count_valid = count_valid
        self._plan = memoize(self._make_plan)

    def validate(self, message: Any, limits: Requirements) -> list[Problem]:
        """Return all problems of a slideshow or an operation: of its fields, then of what is inside it."""
        # Nearly all messages are valid, so each field is visited once, and problems are sorted afterwards.
        kind: type[Any] = message.__class__
        get_values, all_fields, always, contents, slides_at = self._plan(kind, limits.required)
        values = get_values(message)
        of_rules: list[Problem] = []
        of_texts: list[Problem] = []
        value: Any
        for value, field in zip(values, all_fields):  # noqa: B905  # both have one entry per field, and strict= takes time
            if value is None:
                continue
            is_text = type(value) is str
            if not is_text and field.is_plain and not is_sendable(value):
                return self._validate_wrong_types(message, limits)
            for check, rule in field.checks:
                if problem := check(message, limits):
                    of_rules.append(Problem(rule.code, None, field.name, problem))
            if field.text_checks and not (is_text and value.isprintable()):
                _validate_texts(field, value, limits, of_texts)
        for check, rule in always:
            if problem := check(message, limits):
                of_rules.append(Problem(rule.code, None, rule.field, problem))
        if len(of_rules) > 1:
            of_rules.sort(key=self._position)
        found = of_rules + of_texts
        for at, name, check_contents in contents:
            found += check_contents(name, values[at], limits)
        if slides_at is not None and values[slides_at]:
            found += self._validate_slides(message, values[slides_at], limits)
        return found

    def _validate_wrong_types(self, message: Any, limits: Requirements) -> list[Problem]:
        """Return the problems of a message with values that no rule can look at: the ``==`` of pandas' NA is not a bool."""
        kind: type[Any] = message.__class__
        get_values, all_fields, *_ = self._plan(kind, limits.required)
        wrong = {
            field.name: value
            for value, field in zip(get_values(message), all_fields, strict=True)
            if field.is_plain and not is_sendable(value)
        }
        # The rules may look at other fields than their own: they see a text there, and what they say about it is dropped.
        found = self.validate(replace(message, **dict.fromkeys(wrong, "?")), limits)
        of_types = [
            Problem(code, None, name, wrong_type_problem(value))
            for name, value in wrong.items()
            if (code := self._code(name)) is not None
        ]
        return of_types + [problem for problem in found if problem.field not in wrong]

    def _code(self, name: str) -> str | None:
        """Return the code for a value of a wrong type in a field."""
        own = [rule.code for _, rule in _for_field(self._field, name) if rule.checks_type]
        return own[0] if own and self._wrong_type else self._wrong_type

    def _validate_slides(self, slideshow: Any, slides: tuple[Slide, ...], limits: Requirements) -> list[Problem]:
        """Return the problems of the slides, except the first ones that are known to be valid with these limits."""
        found: list[Problem] = []
        for number in range(self._count_valid(slideshow, limits), len(slides)):
            found += self.validate_slide(slides[number], number + 1, limits)
        return found

    def validate_slide(self, slide: Slide, number: int, limits: Requirements) -> list[Problem]:
        """Return the problems of one slide; ``number`` counts from 1."""
        found: list[Problem] = []
        of_urls: list[Problem] = []
        count = 0
        # Written out, because this is called for each slide of each message. The order is that of FILES.
        files = (slide.image, slide.audio, slide.video, slide.vcard, slide.ical, slide.pdf, slide.passbook)
        for url, (kind, checks) in zip(files, self._file):  # noqa: B905  # equally long, and strict= takes time
            if url is not None:
                count += 1
                for check, rule in checks:
                    if problem := check(url, limits):
                        of_urls.append(Problem(rule.code, number, kind, problem))
                if not (type(url) is str and url.isprintable()):
                    _apply(self._any_text, kind, url, number, limits, of_urls)
        for check, rule in self._slide if count > 1 else self._slide_with_one_file:
            if problem := check(slide, limits):
                found.append(Problem(rule.code, number, rule.field, problem))
        if (text := slide.text) is not None:
            for check, rule in self._slide_text:
                if problem := check(text, limits):
                    found.append(Problem(rule.code, number, "text", problem))
            if not (type(text) is str and text.isprintable()):
                _apply(self._any_text, "text", text, number, limits, found)
        if (template := slide.personalized_image) is not None:
            _apply_to_text(self._any_text, "personalized_image", template, number, limits, found)
        return found + of_urls if of_urls else found

    def validate_fields(self, message: Any, limits: Requirements) -> list[Problem]:
        """Return the problems of a message that the rules for its own fields find; texts and slides are not checked."""
        found: list[Problem] = []
        for check, rule in self._field:
            if hasattr(message, rule.field) and (problem := check(message, limits)):
                found.append(Problem(rule.code, None, rule.field, problem))
        return found

    def validate_field(self, message: Any, name: str, limits: Requirements) -> list[Problem]:
        """Return the problems of one field that holds text, without looking at the other fields."""
        value = getattr(message, name, None)
        if value is None and not hasattr(message, name):
            return []
        if not is_sendable(value):
            return [Problem(self._code(name), None, name, wrong_type_problem(value))]
        found: list[Problem] = []
        _apply(_for_field(self._field, name), name, message, None, limits, found)
        if value is not None and not self._need_not_be_text(name)(value):
            _apply_to_text(self._any_text, name, value, None, limits, found)
        return found

    def _check_slideshow(self, name: str, slideshow: Any, limits: Requirements) -> list[Problem]:
        if not hasattr(slideshow, "slides"):
            raise TypeError(f"{name} must be a Slideshow; got a {type(slideshow).__name__}")
        return self.validate(slideshow, limits)

    def _check_items(self, name: str, items: Any, limits: Requirements) -> list[Problem]:
        found: list[Problem] = []
        checks = _for_field(self._item, name)
        for index, item in enumerate(items or ()):
            _apply(checks, f"{name}[{index}]", item, None, limits, found)
        return found

    def _check_texts_by_slide(self, name: str, texts: Any, limits: Requirements) -> list[Problem]:
        found: list[Problem] = []
        for number, text in texts.items():
            _apply(self._slide_text, name, text, number, limits, found)
            _apply_to_text(self._any_text, name, text, number, limits, found)
        return found

    def _check_texts_by_name(self, name: str, texts: Any, limits: Requirements) -> list[Problem]:
        found: list[Problem] = []
        for key, text in texts.items():
            _apply_to_text(self._any_text, f"{name}[{key!r}]", text, None, limits, found)
        return found

    def _need_not_be_text(self, name: str) -> Callable[[Any], bool]:
        return _is_not_text if name in self._typed else _is_whole_number

    def _position(self, problem: Problem) -> int:
        """Return the position of a problem's rule in the order of the codes."""
        return next(at for at, (_, rule) in enumerate(self._field) if (rule.code, rule.field) == (problem.code, problem.field))

    def _make_plan(self, kind: type[Any], required: frozenset[str]) -> _Plan:
        names = [item.name for item in fields(kind)]
        own = [(check, rule) for check, rule in self._field if rule.field in names]
        if_set = [(check, rule) for check, rule in own if rule.only_if_set and rule.field not in required]
        structure: dict[str, _ContentCheck] = {
            "slideshow": self._check_slideshow,
            **dict.fromkeys(self._by_slide, self._check_texts_by_slide),
            **dict.fromkeys(self._by_name, self._check_texts_by_name),
        }
        contents = {rule.field: self._check_items for _, rule in self._item} | structure
        return _Plan(
            get_values=attribute_getter(names),
            fields=[
                _Field(
                    name,
                    name not in contents and name not in structure and name != "slides",
                    _for_field(if_set, name),
                    [] if name in structure or name == "slides" else self._any_text,
                    self._need_not_be_text(name),
                )
                for name in names
            ],
            always=[pair for pair in own if pair not in if_set],
            contents=[(names.index(name), name, check) for name, check in contents.items() if name in names],
            slides_at=names.index("slides") if "slides" in names else None,
        )


def _for_field(checks: _Checks, name: str) -> _Checks:
    return [(check, rule) for check, rule in checks if rule.field == name]


def _validate_texts(field: _Field, value: Any, limits: Requirements, found: list[Problem]) -> None:
    """Add the problems of a field that is not one printable text: a tuple of texts, an unprintable text, or another type."""
    text: Any
    for text in value if value.__class__ is tuple else (value,):
        if isinstance(text, str) or not field.need_not_be_text(text):
            _apply_to_text(field.text_checks, field.name, text, None, limits, found)


def _apply(checks: _Checks, name: str, value: Any, slide: int | None, limits: Requirements, found: list[Problem]) -> None:
    for check, rule in checks:
        if problem := check(value, limits):
            found.append(Problem(rule.code, slide, name, problem))


def _apply_to_text(
    checks: _Checks, name: str, text: Any, slide: int | None, limits: Requirements, found: list[Problem]
) -> None:
    if not (isinstance(text, str) and text.isprintable()):  # nearly every text is printable
        _apply(checks, name, text, slide, limits, found)


_TEXTS_BY_SLIDE, _TEXTS_BY_NAME = {"custom_text"}, {"data", "pass_data"}


def _count_valid(slideshow: Any, limits: Limits) -> int:
    # Slideshow.slide() validated with the documented limits. Of these only max_text is about slides.
    return getattr(slideshow, "valid_slides", 0) if limits.max_text >= DOCUMENTED.max_text else 0


#: All rules of the Skycore gateways.
VALIDATOR = Validator(
    RULES, texts_by_slide=_TEXTS_BY_SLIDE, texts_by_name=_TEXTS_BY_NAME, wrong_type="E108", count_valid=_count_valid
)
#: The rules that ``Slideshow.slide()`` applies; violations of the others can still be corrected before sending.
BUILDER_VALIDATOR = Validator(rule for rule in RULES if rule.at_build)
