"""The errors: the tree in the docstring is complete, each code has a class, and every error can be pickled and copied."""

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
    BlockedRecipientError,
    CampaignError,
    CarrierError,
    ConfigurationError,
    DeliveryReport,
    DurationError,
    EmptySlideError,
    FallbackError,
    FieldError,
    GatewayFaultError,
    InDoubtError,
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
PROBLEMS = (
    Problem("E226", 2, "audio/video", "use two slides"),
    Problem(None, None, "service_id", "is not supported"),
)


def drawn() -> dict[str, tuple[str | None, str]]:
    """The tree in the docstring: each class with its base class and the text after it."""
    above: list[str] = []
    found: dict[str, tuple[str | None, str]] = {}
    for line in (errors.__doc__ or "").split("\n"):
        if shown := re.fullmatch(r" {4}([│├└─ ]*)([A-Z]\w+Error)\b(.*)", line):
            branches, name, beside = shown.groups()
            depth = len(branches) // 3
            above[depth:] = [name]
            found[name] = (above[depth - 1] if depth else None, beside.strip())
    return found


def test_the_tree_in_the_docstring_has_the_defined_classes() -> None:
    defined = {kind.__name__: kind.__mro__[1].__name__ for kind in DEFINED if kind is not SkymmsError}
    assert {name: parent for name, (parent, _) in drawn().items() if parent} == defined
    assert [name for name, (parent, _) in drawn().items() if parent is None] == ["SkymmsError"]
    assert SkymmsError.__base__ is Exception


def spans() -> list[tuple[str, set[str], bool]]:
    """The codes after each class in the tree, as sets, and whether a code is named alone."""
    named = []
    for name, (_, beside) in drawn().items():
        for first, last in re.findall(r"\b(E\d[\dx]{2})(?:-(E\d{3}))?", beside):
            if last:
                span = {f"E{number}" for number in range(int(first[1:]), int(last[1:]) + 1)}
            else:
                span = {code for code in codes.ANSWERS if re.fullmatch(first.replace("x", r"\d"), code)}
            named.append((name, span & set(codes.ANSWERS), not last and "x" not in first))
    return named


def test_the_codes_in_the_tree_belong_to_their_class() -> None:
    singly = {code for _, span, single in spans() if single for code in span}
    assert len(singly) > 20
    for name, span, single in spans():
        for code in span if single else span - singly:
            assert error_class(code).__name__ == name, code


@pytest.mark.parametrize("code", codes.ANSWERS)
def test_every_code_has_a_class_a_meaning_and_a_remedy(code: str) -> None:
    kind = error_class(code)
    error = kind(code)
    assert issubclass(kind, MMSError)
    assert kind is not MMSError
    assert error.meaning[0].islower() or error.meaning.split()[0].isupper() or error.meaning.startswith("an HTTP")
    assert not error.meaning.endswith(".")
    assert error.remedy.endswith(".")
    assert str(error).startswith(f"{code}: {error.meaning}")
    assert error.summary.endswith(error.remedy)
    assert str(error) == f"{error.summary} `skymms explain {code}` says more."


@pytest.mark.parametrize(
    ("kind", "listed"),
    [
        (AudioWithVideoError, "E226"),
        (TextTooLongError, "E228 E334"),
        (DurationError, "E230"),
        (NoSlidesError, "E302 E312"),
        (EmptySlideError, "E303 E313"),
        (FieldError, "E301 E304 E311 E314 E620 E627"),
        (MediaTooLargeError, "E331 E332 E333 E335 E336 E337 E338"),
        (MediaCorruptedError, "E341 E343"),
        (MediaUnreachableError, "E351 E352 E353 E355 E356 E357 E358"),
        (MediaTypeError, "E229 E629"),
        (AuthenticationError, "E104"),
        (PermissionDeniedError, "E105 E107 E109 E112"),
        (ThrottledError, "E106 E113 429"),
        (QuotaExceededError, "E120"),
        (RecipientError, "E110"),
        (BlockedRecipientError, "E114"),
        (SenderError, "E111"),
        (FallbackError, "E617 E622"),
        (CampaignError, "E715 E718 E721"),
        (CarrierError, "E618 E619 E628 E650 E651"),
        (BillingError, "E713"),
        (NotFoundError, "E241 E200"),
        (NotReadyError, "E626"),
        (GatewayFaultError, "E503"),
    ],
    ids=lambda it: it if isinstance(it, str) else it.__name__,
)
def test_codes_with_the_same_remedy_have_the_same_class(kind: type[MMSError], listed: str) -> None:
    assert {error_class(code) for code in listed.split()} == {kind}


@pytest.mark.parametrize(("old", "new"), [("E301", "E311"), ("E302", "E312"), ("E303", "E313"), ("E304", "E314")])
def test_an_old_code_means_the_same_as_the_new_one(old: str, new: str) -> None:
    # The vendor renumbered in 2015, and its pages still use the old codes.
    assert error_class(old) is error_class(new)
    assert (MMSError(old).meaning, MMSError(old).remedy) == (MMSError(new).meaning, MMSError(new).remedy)


@pytest.mark.parametrize("code", ["E000", "E354", "E716", "X1", "", "é", "E31", "E3111"])
def test_an_unknown_code_is_kept_and_raised_as_the_base_class(code: str) -> None:
    assert error_class(code) is MMSError
    error = MMSError(code, "Text of the gateway")
    assert (error.code, error.info, error.meaning, error.remedy) == (code, "Text of the gateway", "", "")
    assert "Text of the gateway" in str(error)
    assert code in str(error)


def test_a_code_is_found_regardless_of_case_and_white_space() -> None:
    assert error_class(" e226\n") is AudioWithVideoError


# ------------------------------------------------------------------------------------------------ responses and postbacks


@pytest.mark.parametrize("code", ["E100", "E101", "E102", "E201", "E999"])
def test_a_code_has_different_meanings_in_a_response_and_in_a_postback(code: str) -> None:
    in_response, in_postback = MMSError(code), DeliveryReport(code)
    assert in_response.meaning
    assert in_postback.meaning
    assert in_response.meaning != in_postback.meaning


def test_a_postback_code_has_no_meaning_in_a_response() -> None:
    assert error_class("N102") is MMSError
    assert MMSError("N102").meaning == ""
    assert DeliveryReport("E226").meaning == ""


# ------------------------------------------------------------------------------------------------ texts


def test_the_text_of_a_refusal_has_the_gateways_text_the_meaning_and_the_remedy() -> None:
    said = str(AudioWithVideoError("E226", "Audio and Video not allowed in same slide."))
    error = AudioWithVideoError("E226")
    assert said.startswith("E226: Audio and Video not allowed in same slide.")
    assert error.meaning in said
    assert said.endswith(f"{error.remedy} `skymms explain E226` says more.")


def test_the_text_of_a_refusal_without_a_code_begins_with_its_info() -> None:
    assert str(MMSError("", "No.")).startswith("No")
    assert str(MMSError("")).strip(".").strip()


def test_the_text_of_a_foreseen_error_has_one_line_per_problem() -> None:
    one, two = refusal(PROBLEMS[:1]), refusal(PROBLEMS)
    assert one.summary == str(PROBLEMS[0])
    assert two.summary.split("\n") == [str(problem) for problem in PROBLEMS]


def test_the_text_of_an_error_names_the_command_that_says_more() -> None:
    two = refusal((*PROBLEMS, Problem("E230", 1, "duration", "give whole seconds"), PROBLEMS[0]))
    assert str(two) == f"{two.summary}\n`skymms explain E226 E230` says more."
    assert str(FieldError("FIELD_INVALID", "a subject")).endswith("`skymms explain FIELD_INVALID` says more.")


@pytest.mark.parametrize("error", [MMSError("E000", "No"), MMSError("", "No"), refusal(PROBLEMS[1:]), TransportError("No")])
def test_the_text_of_an_error_that_has_no_page_is_its_summary(error: SkymmsError) -> None:
    assert str(error) == error.summary
    assert "explain" not in str(error)


def test_the_text_of_a_refusal_is_the_gateways_also_with_problems() -> None:
    assert str(MMSError("E226", "Theirs", problems=PROBLEMS)).startswith("E226: Theirs")
    assert str(MMSError("E226", "Ours", foreseen=True)).startswith("E226: Ours")


def test_the_first_problem_determines_the_class_and_all_are_kept() -> None:
    error = refusal(PROBLEMS)
    assert type(error) is AudioWithVideoError
    assert (error.code, error.info, error.slide, error.foreseen) == ("E226", "use two slides", 2, True)
    assert error.problems == PROBLEMS
    assert not error.sent_maybe


def test_an_unsupported_field_is_a_configuration_error() -> None:
    error = refusal(PROBLEMS[1:])
    assert type(error) is ConfigurationError
    assert error.problems == PROBLEMS[1:]
    assert str(error) == "service_id: is not supported"


def test_an_error_is_neither_foreseen_nor_maybe_sent_by_default() -> None:
    refused, broken = MMSError("E226"), TransportError("no answer", sent_maybe=True)
    assert (refused.foreseen, refused.sent_maybe, refused.problems, refused.slide) == (False, False, (), None)
    assert broken.sent_maybe
    assert not TransportError("no connection").sent_maybe


def test_a_protocol_error_keeps_only_the_beginning_of_the_body() -> None:
    error = ProtocolError("no answer of theirs", body=b"<html>" + b"x" * 10**6, status=502)
    assert error.body.startswith(b"<html>xxx")
    assert len(error.body) < 10_000
    assert error.status == 502


# ------------------------------------------------------------------------------------------------ pickle and copy


def example(kind: type[SkymmsError]) -> SkymmsError:
    """An error of a class with every attribute set."""
    if issubclass(kind, MMSError):
        return kind(
            "E226",
            "Some text",
            slide=2,
            problems=PROBLEMS,
            foreseen=True,
            reply=(("STATUS", "Failure"), ("ERRORCODE", "E226")),
            sent_maybe=True,
        )
    if issubclass(kind, ProtocolError):
        return kind("Some text", body=b"<html>", status=502, sent_maybe=True)
    return kind("Some text", problems=PROBLEMS, sent_maybe=True)


COPIES = {
    **{
        f"pickle {number}": lambda it, n=number: pickle.loads(pickle.dumps(it, n))
        for number in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("kind", DEFINED)
def test_every_error_can_be_pickled_and_copied(kind: type[SkymmsError], how: str) -> None:
    error = example(kind)
    copied = COPIES[how](error)
    assert type(copied) is kind
    assert vars(copied) == vars(error)
    assert (copied.args, str(copied)) == (error.args, str(error))


def test_every_error_is_described_by_a_sentence() -> None:
    assert all((kind.__doc__ or "").split("\n")[0].endswith((".", ":")) for kind in DEFINED)


@pytest.mark.parametrize("kind", [kind for kind in DEFINED if kind is not SkymmsError])
def test_every_error_has_a_remedy(kind: type[SkymmsError]) -> None:
    error = example(kind)
    error.sent_maybe = False
    assert error.remedy.endswith(".")
    error.sent_maybe = True
    assert "delivery report" in error.remedy


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (TransportError("No", sent_maybe=True), "Wait for its delivery report before you send it again"),
        (TransportError("No"), "the account's url"),
        (InDoubtError(key="order-1"), "ledger.note"),
        (InDoubtError(key="order-1"), "ledger.settle_key"),
    ],
)
def test_a_remedy_says_what_to_do(error: SkymmsError, named: str) -> None:
    assert named in error.remedy


# ------------------------------------------------------------------------------------------------ repr


def test_the_repr_of_an_error_names_code_slide_and_field() -> None:
    assert repr(refusal(PROBLEMS)) == "AudioWithVideoError('E226', slide=2, field='audio/video')"
    assert repr(RecipientError("E110", "Text of the gateway", field="to")) == "RecipientError('E110', field='to')"
    assert repr(MMSError("E503", "Text of the gateway")) == "MMSError('E503')"


def test_the_repr_of_a_problem_leaves_out_what_is_none() -> None:
    assert repr(PROBLEMS[0]) == "Problem(code='E226', slide=2, field='audio/video', message='use two slides')"
    assert repr(PROBLEMS[1]) == "Problem(field='service_id', message='is not supported')"


def test_a_missing_service_id_names_the_parameter_to_pass() -> None:
    assert "service_id" in FieldError("E627").remedy


def test_a_blocked_recipient_is_a_recipient_error() -> None:
    with pytest.raises(RecipientError):
        raise error_class("E114")("E114")
