"""The builder: wrong slides are refused by the call that adds them, and slideshows never change."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, replace
from datetime import date
from typing import Any, cast

import pytest

from skymms import (
    AudioWithVideoError,
    DurationError,
    EmptySlideError,
    Limits,
    MediaUnreachableError,
    MMSError,
    MultipleObjectsError,
    ObjectWithMediaError,
    SendMMS,
    Slide,
    SlideRuleError,
    Slideshow,
    TextTooLongError,
    TooManySlidesError,
    VideoWithImageError,
)
from skymms._functools import value
from skymms.slide import FILES

pytestmark = pytest.mark.compat

BASE = Slideshow("Coupon", subject="Free coupon!")
IMAGE, AUDIO, VIDEO = "https://x.example/a.jpg", "https://x.example/a.mp3", "https://x.example/a.mp4"
VCARD, ICAL, PDF, PASS = (f"https://x.example/a.{ending}" for ending in ("vcf", "ics", "pdf", "pkpass"))

REFUSALS = [
    ({"audio": AUDIO, "video": VIDEO}, AudioWithVideoError, "E226"),
    ({"video": VIDEO, "image": IMAGE}, VideoWithImageError, "E227"),
    ({"vcard": VCARD, "ical": ICAL}, MultipleObjectsError, "E223"),
    ({"pdf": PDF, "passbook": PASS}, MultipleObjectsError, "E223"),
    ({"vcard": VCARD, "image": IMAGE}, ObjectWithMediaError, "E224"),
    ({"passbook": PASS, "video": VIDEO}, ObjectWithMediaError, "E224"),
    ({"text": "x" * 5001}, TextTooLongError, "E334"),
    ({"text": "Hi!", "duration": 0}, DurationError, "E230"),
    ({"text": "Hi!", "duration": True}, DurationError, "E230"),
    ({"text": "Hi!", "duration": 1.0}, DurationError, "E230"),
    ({"text": "Hi!", "duration": "5"}, DurationError, "E230"),
    *(
        ({kind: "/srv/files/a"}, MediaUnreachableError, code)
        for kind, code in zip(FILES, ("E351", "E352", "E353", "E355", "E356", "E357", "E358"), strict=True)
    ),
]


@pytest.mark.parametrize(("parts", "kind", "code"), REFUSALS, ids=lambda it: None if isinstance(it, dict) else str(it))
def test_slide_refuses_a_wrong_slide(parts: dict[str, Any], kind: type[MMSError], code: str) -> None:
    begun = BASE.slide("First")
    with pytest.raises(kind) as caught:
        begun.slide(**parts)
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.slide, error.foreseen, error.sent_maybe, error.reply) == (code, 2, True, False, ())
    assert [problem.code for problem in error.problems] == [code]
    assert begun == BASE.slide("First")


@pytest.mark.parametrize(("parts", "kind", "code"), REFUSALS, ids=lambda it: None if isinstance(it, dict) else str(it))
def test_slide_refuses_a_wrong_slide_object(parts: dict[str, Any], kind: type[MMSError], code: str) -> None:
    with pytest.raises(kind) as caught:
        BASE.slide(Slide(**parts))
    assert (caught.value.code, caught.value.slide) == (code, 1)


def test_all_problems_of_a_slide_are_in_the_error() -> None:
    with pytest.raises(VideoWithImageError) as caught:
        BASE.slide("x" * 5001, image="a.jpg", video=VIDEO, duration=0)
    assert [problem[:3] for problem in caught.value.problems] == [
        ("E227", 1, "video/image"),
        ("E230", 1, "duration"),
        ("E334", 1, "text"),
        ("E351", 1, "image"),
    ]
    assert all(str(problem) in str(caught.value) for problem in caught.value.problems)


def test_a_ninth_slide_is_refused() -> None:
    full = BASE
    for number in range(1, 9):
        full = full.slide(f"Slide {number}")
    assert full.problems() == ()
    with pytest.raises(TooManySlidesError) as caught:
        full.slide("Slide 9")
    assert (caught.value.code, caught.value.slide) == ("E225", None)
    assert [slide.text for slide in full.slides] == [f"Slide {number}" for number in range(1, 9)]


def test_slide_rule_error_catches_every_error_about_slides() -> None:
    with pytest.raises(SlideRuleError):
        BASE.slide(audio=AUDIO, video=VIDEO)


def test_allowed_slides_are_kept_unchanged() -> None:
    built = (
        BASE.slide("Words", image=IMAGE, audio=AUDIO, duration=5)
        .slide(video=VIDEO)
        .slide("A card", vcard=VCARD)
        .slide(ical=ICAL)
        .slide(pdf=PDF)
        .slide(passbook=PASS)
        .slide("x" * 5000)
    )
    assert built.problems() == ()
    assert built.slides == (
        Slide("Words", image=IMAGE, audio=AUDIO, duration=5),
        Slide(video=VIDEO),
        Slide("A card", vcard=VCARD),
        Slide(ical=ICAL),
        Slide(pdf=PDF),
        Slide(passbook=PASS),
        Slide("x" * 5000),
    )


def test_slide_returns_a_new_slideshow_and_leaves_the_old_one() -> None:
    base = BASE.slide("For all")
    ada, eve = base.slide("For Ada"), base.slide("For Eve")
    assert [slide.text for slide in base.slides] == ["For all"]
    assert [slide.text for slide in ada.slides] == ["For all", "For Ada"]
    assert [slide.text for slide in eve.slides] == ["For all", "For Eve"]
    assert (ada.name, ada.subject) == (base.name, base.subject)


def test_a_slide_object_and_its_parts_build_equal_slideshows() -> None:
    ready = Slide("Hi!", image=IMAGE, duration=5)
    assert BASE.slide(ready) == BASE.slide("Hi!", image=IMAGE, duration=5)


@pytest.mark.parametrize("part", [*({kind: IMAGE} for kind in FILES), {"duration": 5}])
def test_a_slide_object_and_parts_cannot_be_combined(part: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="not both"):
        BASE.slide(Slide("Hi!"), **part)


@pytest.mark.parametrize("parts", [{}, {"text": ""}, {"text": " \t\n"}, {"duration": 5}])
def test_an_empty_slide_is_refused_at_once(parts: dict[str, Any]) -> None:
    for add in (lambda: BASE.slide("Hi!").slide(**parts), lambda: BASE.slide("Hi!").slide(Slide(**parts))):
        with pytest.raises(EmptySlideError) as caught:
            add()
        assert (caught.value.code, caught.value.slide, caught.value.field) == ("E313", 2, "text")
    held = BASE.replace(slides=(Slide("Hi!"), Slide(**parts)))
    assert [problem[:3] for problem in held.problems()] == [("E313", 2, "text")]


@pytest.mark.parametrize("parts", [{"personalized_image": "7"}, *({kind: IMAGE} for kind in FILES)])
def test_a_slide_with_a_file_or_a_template_is_not_empty(parts: dict[str, Any]) -> None:
    assert BASE.slide(**parts).problems() == ()


def test_slides_passed_to_the_constructor_are_not_validated() -> None:
    wrong = Slide(audio=AUDIO, video=VIDEO, duration=-1)
    held = Slideshow("", slides=[wrong] * 9)  # type: ignore[arg-type]
    assert held.slides == (wrong,) * 9
    assert {problem.code for problem in held.problems()} == {"E225", "E226", "E230", "E311", "E622"}


def test_slide_validates_only_the_added_slide() -> None:
    held = BASE.replace(slides=(Slide(audio=AUDIO, video=VIDEO),))
    assert held.slide("Fine").slides[1] == Slide("Fine")


def test_replace_changes_fields_without_validation() -> None:
    changed = BASE.slide("Hi!").replace(subject="x" * 81, slides=(Slide(),), link_expires=date(2031, 1, 2))
    assert (changed.name, changed.subject, changed.slides) == ("Coupon", "x" * 81, (Slide(),))
    assert BASE.subject == "Free coupon!"
    with pytest.raises(TypeError):
        BASE.replace(colour="red")


def test_a_list_of_slides_is_copied_to_a_tuple() -> None:
    given = [Slide("Hi!")]
    held = Slideshow("Coupon", slides=given)  # type: ignore[arg-type]
    given.append(Slide("Later"))
    assert held.slides == (Slide("Hi!"),)


def test_a_slideshow_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        BASE.subject = "Other"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        Slide("Hi!").text = "Other"  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        BASE.colour = "red"  # type: ignore[attr-defined]


def test_slideshows_are_compared_and_hashed_by_their_fields() -> None:
    one, same, other = BASE.slide("Hi!"), Slideshow("Coupon", subject="Free coupon!").slide("Hi!"), BASE.slide("Ho!")
    assert one == same
    assert one != other
    assert {one: "kept"}[same] == "kept"
    assert len({one, same, other}) == 2


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_slideshow_can_be_pickled(protocol: int) -> None:
    built = BASE.slide("Hi!", image=IMAGE).replace(link_expires=date(2031, 1, 2), fallback_text="See", disable_fallback=True)
    assert pickle.loads(pickle.dumps(built, protocol)) == built


def test_a_copied_slideshow_is_equal() -> None:
    built = BASE.slide("Hi!", image=IMAGE)
    assert copy.copy(built) == copy.deepcopy(built) == built


def test_only_the_name_of_a_slideshow_and_the_text_of_a_slide_are_positional() -> None:
    with pytest.raises(TypeError):
        Slideshow("Coupon", "Free coupon!")  # type: ignore[misc]
    with pytest.raises(TypeError):
        Slide("Hi!", IMAGE)  # type: ignore[misc]


def test_problems_uses_the_given_limits_and_slide_the_documented_ones() -> None:
    built = BASE.slide("Hello").slide("there")
    found = built.problems(Limits(max_slides=1, max_text=4))
    assert [problem[:3] for problem in found] == [("E225", None, "slides"), ("E334", 1, "text"), ("E334", 2, "text")]


def test_the_warnings_of_a_slideshow_are_not_problems() -> None:
    built = Slideshow("Coupon", subject="Café " * 10).slide(audio=AUDIO + "?id=7", duration=31)
    assert built.problems() == ()
    assert [problem.where for problem in built.warnings()] == [
        "subject",
        "subject",
        "slide 1, duration",
        "slide 1, duration",
        "slide 1, audio",
    ]


@pytest.mark.parametrize("slides", [["Hello"], "Hello", [Slide("x"), None], [{"text": "x"}]])
def test_a_slideshow_refuses_other_objects_in_slides(slides: Any) -> None:
    with pytest.raises(TypeError, match="slides must hold Slide objects"):
        Slideshow("Coupon", slides=slides)
    with pytest.raises(TypeError, match="slides must hold Slide objects"):
        BASE.replace(slides=slides)


def test_the_repr_of_a_slideshow_leaves_out_fields_that_are_none() -> None:
    assert repr(Slideshow("Coupon").slide("Hi!", duration=5)) == (
        "Slideshow(name='Coupon', slides=(Slide(text='Hi!', duration=5),))"
    )


# ------------------------------------------------------------------------------------------------ validated once


def test_slides_that_slide_validated_are_validated_again_for_stricter_limits() -> None:
    built = BASE.slide("Hello").slide("there")
    assert built.problems() == ()
    assert [problem[:3] for problem in built.problems(Limits(max_text=4))] == [("E334", 1, "text"), ("E334", 2, "text")]
    assert built.problems(Limits(max_text=6000)) == ()


def test_slides_from_elsewhere_are_validated_although_valid_slides_follow_or_precede_them() -> None:
    wrong = Slide(audio=AUDIO, video=VIDEO)
    before = BASE.replace(slides=(wrong,)).slide("Fine")
    after = BASE.slide("Fine").replace(slides=(Slide("Fine"), wrong))
    between = BASE.slide("Fine").slide("\x00").slide("Fine")
    assert [(problem.code, problem.slide) for problem in before.problems()] == [("E226", 1)]
    assert [(problem.code, problem.slide) for problem in after.problems()] == [("E226", 2)]
    assert [(problem.code, problem.slide) for problem in between.problems()] == [("E108", 2)]


def test_a_control_character_is_reported_although_slide_accepts_it() -> None:
    assert [problem[:3] for problem in BASE.slide("Fine").slide("\x00").problems()] == [("E108", 2, "text")]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copied_slideshow_can_be_validated_and_extended(duplicate: Any) -> None:
    copied = duplicate(BASE.slide("Hi!")).slide("Ho!")
    assert copied.problems() == ()
    assert copied == BASE.slide("Hi!").slide("Ho!")
    assert copied.problems(Limits(max_text=1)) != ()


def test_a_value_with_a_number_that_python_does_not_write_has_a_repr() -> None:
    assert repr(Slideshow("n", subject=cast(Any, 10**5000))) == "Slideshow(name='n', subject=<a very large number>, slides=())"


@dataclass(frozen=True)
class Tagged(SendMMS):
    """A subclass of a program's own, which has attributes outside the slots."""

    tag: str = "none"


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one)), lambda one: replace(one)]
)
def test_a_copy_of_a_programs_own_subclass_has_all_its_fields(copied: Callable[[Tagged], Tagged]) -> None:
    tagged = Tagged(Slideshow("n", subject="s").slide("Hi"), to="15551234888", sender="60856", tag="spring")
    assert copied(tagged) == tagged
    assert copied(tagged).tag == "spring"
    assert tagged != Tagged(tagged.slideshow, to="15551234888", sender="60856")
    with pytest.raises(FrozenInstanceError):
        tagged.tag = "summer"  # type: ignore[misc]


def test_a_value_keeps_the_methods_of_its_own() -> None:
    @value
    class Caseless:
        text: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Caseless) and self.text.lower() == other.text.lower()

        def __hash__(self) -> int:
            return hash(self.text.lower())

    assert len({Caseless("a"), Caseless("A"), Caseless("b")}) == 2
