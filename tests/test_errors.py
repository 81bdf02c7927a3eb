"""The tree of errors: what is drawn in its docstring is what is defined, and each keeps all it knows wherever it goes."""

from __future__ import annotations

import copy
import inspect
import pickle
import re

import pytest

from skymms import (
    AudioWithVideoError,
    AuthenticationError,
    BillingError,
    CampaignError,
    CarrierError,
    ConfigurationError,
    DeliveryReport,
    DurationError,
    EmptySlideError,
    FallbackError,
    FieldError,
    GatewayFaultError,
    MediaCorruptedError,
    MediaTooLargeError,
    MediaTypeError,
    MediaUnreachableError,
    MMSError,
    NoSlidesError,
    NotFoundError,
    NotReadyError,
    PermissionDeniedError,
    Problem,
    ProtocolError,
    QuotaExceededError,
    RecipientError,
    SenderError,
    SkymmsError,
    TextTooLongError,
    ThrottledError,
    TransportError,
    codes,
    error_class,
    errors,
)
from skymms.errors import refusal

DEFINED = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, SkymmsError)]
PROBLEMS = (Problem("E226", 2, "audio/video", "apart, please"), Problem(None, None, "service_id", "no word for it"))


def drawn() -> dict[str, tuple[str | None, str]]:
    """The tree as the docstring draws it: each class with the one it hangs from and what is written beside it."""
    above: list[str] = []
    found: dict[str, tuple[str | None, str]] = {}
    for line in (errors.__doc__ or "").split("\n"):
        if shown := re.fullmatch(r" {4}([│├└─ ]*)([A-Z]\w+Error)\b(.*)", line):
            branches, name, beside = shown.groups()
            depth = len(branches) // 3
            above[depth:] = [name]
            found[name] = (above[depth - 1] if depth else None, beside.strip())
    return found


def test_the_tree_that_is_drawn_is_the_one_that_is_defined() -> None:
    defined = {kind.__name__: kind.__base__.__name__ for kind in DEFINED if kind is not SkymmsError}
    assert {name: parent for name, (parent, _) in drawn().items() if parent} == defined
    assert [name for name, (parent, _) in drawn().items() if parent is None] == ["SkymmsError"]
    assert SkymmsError.__base__ is Exception


def spans() -> list[tuple[str, set[str], bool]]:
    """The codes named beside each class, as sets, and whether they are named singly."""
    named = []
    for name, (_, beside) in drawn().items():
        for first, last in re.findall(r"\b(E\d[\dx]{2})(?:-(E\d{3}))?", beside):
            if last:
                span = {f"E{number}" for number in range(int(first[1:]), int(last[1:]) + 1)}
            else:
                span = {code for code in codes.ANSWERS if re.fullmatch(first.replace("x", r"\d"), code)}
            named.append((name, span & set(codes.ANSWERS), not last and "x" not in first))
    return named


def test_the_codes_drawn_beside_a_class_are_raised_as_it() -> None:
    singly = {code for _, span, single in spans() if single for code in span}
    assert len(singly) > 20
    for name, span, single in spans():
        for code in span if single else span - singly:
            assert error_class(code).__name__ == name, code


@pytest.mark.parametrize("code", codes.ANSWERS)
def test_every_code_of_the_catalogue_has_a_class_a_meaning_and_a_remedy(code: str) -> None:
    kind = error_class(code)
    error = kind(code)
    assert issubclass(kind, MMSError)
    assert kind is not MMSError
    assert error.meaning[0].islower() or error.meaning.split()[0].isupper() or error.meaning.startswith("an HTTP")
    assert not error.meaning.endswith(".")
    assert error.remedy.endswith(".")
    assert str(error).startswith(f"{code}: {error.meaning}")
    assert str(error).endswith(error.remedy)


@pytest.mark.parametrize(
    ("kind", "listed"),
    [
        (AudioWithVideoError, "E226"),
        (TextTooLongError, "E228 E334"),
        (DurationError, "E230"),
        (NoSlidesError, "E302 E312"),
        (EmptySlideError, "E303 E313"),
        (FieldError, "E301 E304 E311 E314 E620"),
        (MediaTooLargeError, "E331 E332 E333 E335 E336 E337 E338"),
        (MediaCorruptedError, "E341 E343"),
        (MediaUnreachableError, "E351 E352 E353 E355 E356 E357 E358"),
        (MediaTypeError, "E229 E629"),
        (AuthenticationError, "E104"),
        (PermissionDeniedError, "E105 E107 E109 E112"),
        (ThrottledError, "E106 E113 429"),
        (QuotaExceededError, "E120"),
        (RecipientError, "E110 E114"),
        (SenderError, "E111"),
        (FallbackError, "E617 E622"),
        (CampaignError, "E627 E715 E718 E721"),
        (CarrierError, "E618 E619 E628 E650 E651"),
        (BillingError, "E713"),
        (NotFoundError, "E241 E200"),
        (NotReadyError, "E626"),
        (GatewayFaultError, "E503"),
    ],
    ids=lambda it: it if isinstance(it, str) else it.__name__,
)
def test_a_code_is_raised_as_the_remedy_it_needs(kind: type[MMSError], listed: str) -> None:
    assert {error_class(code) for code in listed.split()} == {kind}


@pytest.mark.parametrize(("old", "new"), [("E301", "E311"), ("E302", "E312"), ("E303", "E313"), ("E304", "E314")])
def test_the_old_numbers_mean_what_the_new_ones_do(old: str, new: str) -> None:
    # Ruling 4: the vendor renumbered in 2015, and its pages still cite the old ones.
    assert error_class(old) is error_class(new)
    assert (MMSError(old).meaning, MMSError(old).remedy) == (MMSError(new).meaning, MMSError(new).remedy)


@pytest.mark.parametrize("code", ["E000", "E354", "E716", "X1", "", "é", "E31", "E3111"])
def test_a_code_nobody_knows_is_kept_and_raised_as_the_base_class(code: str) -> None:
    assert error_class(code) is MMSError
    error = MMSError(code, "Some words of theirs")
    assert (error.code, error.info, error.meaning, error.remedy) == (code, "Some words of theirs", "", "")
    assert "Some words of theirs" in str(error)
    assert code in str(error)


def test_a_code_is_found_however_it_is_typed() -> None:
    assert error_class(" e226\n") is AudioWithVideoError


# ------------------------------------------------------------------------------------------------ two catalogues


@pytest.mark.parametrize("code", ["E100", "E101", "E102", "E201", "E999"])
def test_a_code_means_one_thing_in_an_answer_and_another_in_a_postback(code: str) -> None:
    answered, told = MMSError(code), DeliveryReport(code)
    assert answered.meaning
    assert told.meaning
    assert answered.meaning != told.meaning


def test_a_code_of_the_other_channel_says_nothing_in_this_one() -> None:
    assert error_class("N102") is MMSError
    assert MMSError("N102").meaning == ""
    assert DeliveryReport("E226").meaning == ""


# ------------------------------------------------------------------------------------------------ what an error says


def test_a_refusal_keeps_the_gateways_words_and_adds_what_they_mean_and_what_to_do() -> None:
    said = str(AudioWithVideoError("E226", "Audio and Video not allowed in same slide."))
    error = AudioWithVideoError("E226")
    assert said.startswith("E226: Audio and Video not allowed in same slide.")
    assert error.meaning in said
    assert said.endswith(error.remedy)


def test_a_refusal_without_a_code_does_not_begin_with_a_gap() -> None:
    assert str(MMSError("", "No.")).startswith("No")
    assert str(MMSError("")).strip(".").strip()


def test_problems_are_told_one_a_line() -> None:
    one, two = refusal(PROBLEMS[:1]), refusal(PROBLEMS)
    assert str(one) == str(PROBLEMS[0])
    assert str(two).split("\n") == [str(problem) for problem in PROBLEMS]


def test_a_gateways_refusal_is_told_in_its_words_whatever_was_found_here() -> None:
    assert str(MMSError("E226", "Theirs", problems=PROBLEMS)).startswith("E226: Theirs")
    assert str(MMSError("E226", "Ours", foreseen=True)).startswith("E226: Ours")


def test_the_first_problem_chooses_the_class_and_all_are_carried() -> None:
    error = refusal(PROBLEMS)
    assert type(error) is AudioWithVideoError
    assert (error.code, error.info, error.slide, error.foreseen) == ("E226", "apart, please", 2, True)
    assert error.problems == PROBLEMS
    assert not error.sent_maybe


def test_a_field_without_a_spelling_is_a_matter_of_configuration() -> None:
    error = refusal(PROBLEMS[1:])
    assert type(error) is ConfigurationError
    assert error.problems == PROBLEMS[1:]
    assert str(error) == "service_id: no word for it"


def test_an_error_is_neither_foreseen_nor_sent_unless_it_says_so() -> None:
    refused, broken = MMSError("E226"), TransportError("no answer", sent_maybe=True)
    assert (refused.foreseen, refused.sent_maybe, refused.problems, refused.slide) == (False, False, (), None)
    assert broken.sent_maybe
    assert not TransportError("no connection").sent_maybe


def test_of_a_body_only_the_beginning_is_kept() -> None:
    error = ProtocolError("no answer of theirs", body=b"<html>" + b"x" * 10**6, status=502)
    assert error.body.startswith(b"<html>xxx")
    assert len(error.body) < 10_000
    assert error.status == 502


# ------------------------------------------------------------------------------------------------ pickle and copy


def example(kind: type[SkymmsError]) -> SkymmsError:
    """An error of a class with everything set that can be."""
    if issubclass(kind, MMSError):
        return kind(
            "E226",
            "Some words",
            slide=2,
            problems=PROBLEMS,
            foreseen=True,
            reply=(("STATUS", "Failure"), ("ERRORCODE", "E226")),
            sent_maybe=True,
        )
    if issubclass(kind, ProtocolError):
        return kind("Some words", body=b"<html>", status=502, sent_maybe=True)
    return kind("Some words", problems=PROBLEMS, sent_maybe=True)


WAYS = {
    **{
        f"pickle {number}": lambda it, n=number: pickle.loads(pickle.dumps(it, n))
        for number in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", DEFINED)
def test_every_error_arrives_whole(kind: type[SkymmsError], way: str) -> None:
    error = example(kind)
    arrived = WAYS[way](error)
    assert type(arrived) is kind
    assert vars(arrived) == vars(error)
    assert (arrived.args, str(arrived)) == (error.args, str(error))


def test_every_error_says_in_a_sentence_what_it_is() -> None:
    assert all((kind.__doc__ or "").split("\n")[0].endswith((".", ":")) for kind in DEFINED)
