"""The validator with another gateway's rules: it knows the structure of messages and nothing about Skycore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from skymms import Limits, Problem, Slide, Slideshow
from skymms._functools import value
from skymms.validation.rule import Rule
from skymms.validation.validator import Validator

pytestmark = pytest.mark.compat


def is_number(number: Any, limits: Any) -> str | None:
    return None if str(number).isdigit() else f"{number!r} is not a number"


def has_text(slide: Any, limits: Any) -> str | None:
    return None if slide.text else "no text"


def is_short(text: Any, limits: Any) -> str | None:
    return "too long" if len(text) > 3 else None


def is_png(url: Any, limits: Any) -> str | None:
    return None if url.endswith(".png") else "not a png"


def has_recipients(message: Any, limits: Any) -> str | None:
    return None if message.to else "no recipients"


def has_name(message: Any, limits: Any) -> str | None:
    return None if message.name else "no name"


def has_media(message: Any, limits: Any) -> str | None:
    return None if "media" not in limits.required or message.media else "no media"


def is_printable(text: Any, limits: Any) -> str | None:
    return "not printable"


@value
class Message:
    slideshow: Slideshow
    to: tuple[Any, ...] = ()
    media: bytes | None = None


@dataclass(frozen=True)
class OtherLimits:
    required: frozenset[str] = frozenset()


RULES = [
    Rule("FIELD_INVALID", "item", "to", is_number),
    Rule("FIELD_EMPTY", "field", "to", has_recipients),
    Rule("FIELD_EMPTY", "field", "name", has_name),
    Rule("FIELD_EMPTY", "field", "media", has_media, only_if_set=True),
    Rule("FIELD_EMPTY", "slide", "text", has_text),
    Rule("FIELD_INVALID", "text", "text", is_short),
    Rule("FIELD_INVALID", "url", "image", is_png),
]


def found(message: Message, rules: list[Rule] = RULES, limits: Any = OtherLimits()) -> list[tuple[Any, ...]]:
    return [problem[:3] for problem in Validator(rules).validate(message, limits)]


def show(*slides: Slide, name: str = "x") -> Slideshow:
    return Slideshow(name, slides=slides)


def test_a_valid_message_has_no_problems() -> None:
    assert found(Message(show(Slide("Hi!", image="https://x.example/a.png")), to=("1", "2"))) == []


def test_problems_are_in_the_order_of_codes_then_of_the_message() -> None:
    wrong = Message(show(Slide("Hello", image="https://x.example/a.gif"), Slide(), name=""), to=("1", "a", "2", "b"))
    assert found(wrong) == [
        ("FIELD_INVALID", None, "to[1]"),
        ("FIELD_INVALID", None, "to[3]"),
        ("FIELD_EMPTY", None, "name"),
        ("FIELD_INVALID", 1, "text"),
        ("FIELD_INVALID", 1, "image"),
        ("FIELD_EMPTY", 2, "text"),
    ]


def test_an_empty_tuple_has_no_item_problems() -> None:
    assert found(Message(show(Slide("Hi!")))) == [("FIELD_EMPTY", None, "to")]


@pytest.mark.parametrize("limits", [OtherLimits(frozenset({"media"})), Limits(required={"media"})])  # type: ignore[arg-type]
def test_any_limits_with_required_fields_can_be_used(limits: Any) -> None:
    assert found(Message(show(Slide("Hi!")), to=("1",)), limits=limits) == [("FIELD_EMPTY", None, "media")]


def test_text_rules_get_only_texts_that_are_not_printable_and_values_that_are_not_text() -> None:
    rules = [Rule("X", "any text", "", is_printable)]
    message = Message(show(Slide("a\nb", image="https://x.example/\x00"), Slide("Hi!")), to=("1", "\n", 2, 1.5))
    assert found(message, rules) == [("X", None, "to"), ("X", None, "to"), ("X", 1, "text"), ("X", 1, "image")]


def test_the_validation_of_one_field_ignores_the_others() -> None:
    validator = Validator(RULES)
    wrong = Message(show(Slide("Hello")))
    assert validator.validate_field(wrong, "to", OtherLimits()) == [Problem("FIELD_EMPTY", None, "to", "no recipients")]
    assert validator.validate_field(wrong, "missing", OtherLimits()) == []


def test_a_slideshow_of_another_type_raises_type_error() -> None:
    with pytest.raises(TypeError, match="slideshow must be a Slideshow; got a NoneType"):
        found(Message(None))  # type: ignore[arg-type]
