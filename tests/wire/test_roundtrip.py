"""Every operation, reply and notice is encoded and decoded in every dialect, valid or not, and comes back equal."""

from __future__ import annotations

import json as standard
import pickle
import re
from collections.abc import Iterable
from dataclasses import MISSING, fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, cast
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import strategies
from hypothesis import assume, given
from hypothesis import strategies as st
from lxml import etree

from skymms import (
    Account,
    ConfigurationError,
    DeleteMMS,
    DeliveryReport,
    HttpResponse,
    Limits,
    ListMMS,
    MMSError,
    Notice,
    Operation,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SentMMS,
    Slide,
    Slideshow,
    error_class,
    read_postbacks,
)
from skymms.http import HttpRequest
from skymms.model.replies import Refusal
from skymms.wire import table
from skymms.wire.codecs import DecodeError, as_leaves, json, query, xml
from skymms.wire.dialects import DIALECTS, SKYCORE, SKYCORE_GET, Dialect, DialectName, UnknownActionError
from skymms.wire.notation import is_ignored, is_unsupported, wire_name

KEY = "a-key-with-&-<-and-+"
TO: dict[str, Any] = {"to": "15551234888", "sender": "60856"}

EACH_DIALECT = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
EACH_XML = pytest.mark.parametrize(
    "dialect", [dialect for dialect in DIALECTS.values() if dialect.codec is xml], ids=lambda dialect: dialect.name
)


def each_pair(dialects: Iterable[Dialect]) -> pytest.MarkDecorator:
    """Each operation in each of the dialects that has an action for it."""
    pairs = [(dialect, kind) for dialect in dialects for kind in table.REQUESTS if dialect.action(kind)]
    return pytest.mark.parametrize(("dialect", "kind"), pairs, ids=lambda it: getattr(it, "name", None) or it.__name__)


EACH_PAIR = each_pair(DIALECTS.values())
EACH_PAIR_IN_XML = each_pair(dialect for dialect in DIALECTS.values() if dialect.codec is xml)
EACH_PAIR_IN_JSON = each_pair(dialect for dialect in DIALECTS.values() if dialect.codec is json)
EACH_PAIR_IN_A_QUERY = each_pair([SKYCORE_GET])


def read_back(dialect: Dialect, document: bytes, line_break: str = "\n") -> Any:
    """Decode the operation in a document, which must not have unrecognised fields."""
    read = dialect.decode_request(dialect.decode_leaves(document), line_break)
    # A key that is sent in a header is not in the document.
    assert (read.api_key, read.unread) == ("" if dialect.key_header else KEY, ())
    return read.operation


def decodable(dialect: Dialect, operation: Any) -> Any:
    """Return an operation without the fields that the dialect ignores or does not support."""
    for row in table.REQUESTS[type(operation)][1]:
        group, _, name = row.field.rpartition(".")
        if is_ignored(row, dialect.column):
            assert group == "slideshow"
            operation = replace(operation, slideshow=replace(operation.slideshow, **{name: ""}))
        elif is_unsupported(row, dialect.column) and group == "slideshow.slides[]":
            slides = tuple(replace(slide, **{name: None}) for slide in operation.slideshow.slides)
            operation = replace(operation, slideshow=replace(operation.slideshow, slides=slides))
    return operation


def document_in(request: HttpRequest) -> bytes:
    """The document in a request, wherever the dialect places it."""
    if request.method == "GET":
        return urlsplit(request.url).query.encode("ascii")
    if request.body.startswith(b"xml="):
        return parse_qs(request.body.decode("ascii"), strict_parsing=True)["xml"][0].encode()
    return request.body


# ------------------------------------------------------------------------------------------------ requests


@EACH_PAIR
@given(data=st.data())
def test_a_valid_operation_is_decoded_equal(dialect: Dialect, kind: type[Operation[Any]], data: st.DataObject) -> None:
    operation = data.draw(strategies.right_operations(dialect, kind))
    account = Account(KEY, dialect=dialect.name)
    assert account.problems(operation) == ()
    document = dialect.encode_request(operation, KEY)
    assert read_back(dialect, document) == decodable(dialect, operation)
    for sender in account, Account(KEY, dialect=dialect.name, bare_body=True):
        request = sender.encode(operation)
        assert document_in(request) == document
        if dialect.key_header:
            assert request.headers[dialect.key_header] == KEY
            assert KEY.encode() not in document


NO_ACTION = [(dialect, kind) for dialect in DIALECTS.values() for kind in table.REQUESTS if not dialect.action(kind)]


@pytest.mark.parametrize(("dialect", "kind"), NO_ACTION, ids=lambda it: getattr(it, "name", None) or it.__name__)
@given(data=st.data())
def test_an_operation_that_the_dialect_does_not_have_is_refused_by_name(
    dialect: Dialect, kind: type[Operation[Any]], data: st.DataObject
) -> None:
    operation = data.draw(strategies.right_operations(SKYCORE, kind))
    with pytest.raises(ConfigurationError, match="is not supported in") as caught:
        Account(KEY, dialect=dialect.name).encode(operation)
    assert [problem[:3] for problem in caught.value.problems] == [(None, None, kind.__name__)]
    assert dialect.name in str(caught.value)
    # The name of its action in other dialects is unknown, too.
    with pytest.raises(UnknownActionError):
        dialect.decode_request([(wire_name(table.ENVELOPE[0], dialect.column), None, SKYCORE.action(kind))])


def test_each_dialect_has_the_actions_of_its_vendor() -> None:
    only_in_1_3 = {kind for kind in table.REQUESTS if kind.__module__ == "skymms.model.actions"}
    assert len(only_in_1_3) == 12
    lacking = {name: {kind for dialect, kind in NO_ACTION if dialect.name == name} for name in DIALECTS}
    assert lacking == {
        "skycore": set(),
        "skycore-get": set(),
        "sinch": only_in_1_3,
        "sinch-json": only_in_1_3 | {ListMMS, DeleteMMS},
    }


@EACH_PAIR_IN_XML
@given(data=st.data())
def test_xml_is_encoded_as_lxml_writes_the_same_tree(dialect: Dialect, kind: type[Operation[Any]], data: st.DataObject) -> None:
    document = dialect.encode_request(data.draw(strategies.right_operations(dialect, kind)), KEY)
    root = etree.fromstring(document)
    for element in root.iter():
        if len(element) == 0 and element.text is None:
            element.text = ""  # or lxml writes <a/> for it
    assert etree.tostring(root, xml_declaration=True, encoding="UTF-8").replace(b"'", b'"', 4) == document


@EACH_PAIR_IN_JSON
@given(data=st.data())
def test_json_is_encoded_as_the_standard_library_writes_it(
    dialect: Dialect, kind: type[Operation[Any]], data: st.DataObject
) -> None:
    document = dialect.encode_request(data.draw(strategies.right_operations(dialect, kind)), KEY)
    decoded = standard.loads(document)
    assert decoded["action"] == dialect.action(kind)
    assert standard.dumps(decoded, ensure_ascii=False, separators=(",", ":")).encode() == document


@EACH_PAIR_IN_A_QUERY
@given(data=st.data())
def test_a_query_is_decoded_by_the_standard_library(dialect: Dialect, kind: type[Operation[Any]], data: st.DataObject) -> None:
    document = SKYCORE_GET.encode_request(data.draw(strategies.right_operations(SKYCORE_GET, kind)), KEY)
    assert re.fullmatch(rb"[A-Za-z0-9_.~+%&=*-]*", document)
    pairs = parse_qsl(document.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    assert [(name, None, value) for name, value in pairs] == SKYCORE_GET.decode_leaves(document)
    assert dict(pairs)["api_key"] == KEY


@EACH_DIALECT
@given(slides=st.lists(strategies.any_slides, max_size=10))
def test_a_wrong_slideshow_is_encoded_and_decoded_equal(dialect: Dialect, slides: list[Slide]) -> None:
    # A query cannot hold an empty slide.
    kept = [slide for slide in slides if dialect.codec is not query or slide != Slide()]
    operation = SendMMS(Slideshow("", slides=tuple(slides)), to="", sender="")
    expected = replace(operation, slideshow=Slideshow("", slides=tuple(kept)))
    assert read_back(dialect, dialect.encode_request(operation, KEY)) == decodable(dialect, expected)


@EACH_DIALECT
@pytest.mark.parametrize(
    "slides",
    [(), (Slide("Hi!"),) * 9, (Slide(""),), (Slide(audio="a", video="b", duration=0),)],
    ids=["no slides", "nine slides", "an empty text", "audio with video"],
)
def test_values_that_the_rules_refuse_are_encoded_and_decoded(dialect: Dialect, slides: tuple[Slide, ...]) -> None:
    operation = SaveMMS(Slideshow("Coupon", subject="Free!", slides=slides))
    read = read_back(dialect, dialect.encode_request(operation, KEY))
    expected = decodable(dialect, operation)
    assert read == expected
    assert [problem[:3] for problem in read.slideshow.problems()] == [problem[:3] for problem in expected.slideshow.problems()]
    assert read.slideshow.problems()


@pytest.mark.parametrize(
    "dialect", [dialect for dialect in DIALECTS.values() if dialect.codec is not query], ids=lambda dialect: dialect.name
)
def test_an_empty_slide_is_encoded_and_decoded(dialect: Dialect) -> None:
    operation = SaveMMS(Slideshow("Coupon", subject="Free!", slides=(Slide(), Slide("Hi!"), Slide())))
    read = read_back(dialect, dialect.encode_request(operation, KEY))
    assert [problem[:3] for problem in read.slideshow.problems()] == [("E313", 1, "text"), ("E313", 3, "text")]


@EACH_PAIR
def test_a_request_with_only_an_action_is_decoded_and_validated(dialect: Dialect, kind: type[Operation[Any]]) -> None:
    leaves = [
        leaf for leaf in dialect.decode_leaves(dialect.encode_request(minimal(kind), KEY)) if leaf[2] == dialect.action(kind)
    ]
    read = dialect.decode_request(leaves)
    assert type(read.operation) is kind
    assert read.api_key == ""
    problems = {problem.field for problem in Account(KEY, dialect=dialect.name).problems(read.operation)}
    demanded = dialect.limits_for(Limits(), kind).required | ({"slides"} if kind in {SendMMS, SaveMMS} else set())
    assert problems >= demanded


def minimal(kind: type[Operation[Any]]) -> Operation[Any]:
    """An operation with only its required fields, all empty, so that it matches any response."""
    required = [
        item.name for item in fields(cast("Any", kind)) if item.init and item.default is item.default_factory is MISSING
    ]
    return kind(**{name: Slideshow("x") if name == "slideshow" else "" for name in required})


# ------------------------------------------------------------------------------------------------ line breaks, texts and dates


@EACH_DIALECT
@pytest.mark.parametrize("line_break", ["\n", r"\n", "\r\n", "<br>", " / "])
def test_a_line_break_is_written_as_the_account_says(dialect: Dialect, line_break: str) -> None:
    saved = SendSavedMMS("1", **TO, custom_text={1: "One\nTwo\n\nFour"}, fallback_text="\nSee\n")
    if dialect.name != "sinch-json":
        saved = replace(saved, ddm_text="Three\nlines\nhere")
    document = dialect.encode_request(saved, KEY, line_break)
    texts = [text for _, _, text in dialect.decode_leaves(document)]
    # The carriage return is escaped, because XML parsers replace a plain one.
    assert f"One{line_break}Two{line_break}{line_break}Four" in texts
    assert f"{line_break}See{line_break}" in texts
    assert read_back(dialect, document, line_break) == saved


@EACH_DIALECT
@pytest.mark.parametrize("typed", ["One\r\nTwo", "One\rTwo", "One\nTwo"])
@pytest.mark.parametrize("line_break", ["\n", r"\n"])
def test_all_kinds_of_line_breaks_are_written_alike(dialect: Dialect, typed: str, line_break: str) -> None:
    operation = SaveMMS(Slideshow("Coupon", subject="Free!", slides=(Slide(typed),)))
    read = read_back(dialect, dialect.encode_request(operation, KEY, line_break), line_break)
    assert read.slideshow.slides == (Slide("One\nTwo"),)


@EACH_DIALECT
@pytest.mark.parametrize(
    "text", ["", " ", " both ends ", "\tTab", "]]>", "&amp;", "&#65;", "<b>", "'\"", "😀", "a\r\nb", "+ %20", "\x85\u2028"]
)
def test_texts_are_decoded_unchanged(dialect: Dialect, text: str) -> None:
    operation = SaveMMS(Slideshow(text, subject=text, slides=(Slide(text.replace("\r\n", "\n")),)))
    assert read_back(dialect, dialect.encode_request(operation, KEY)) == operation


def test_emoji_are_not_escaped() -> None:
    # Sinch MMS breaks numeric references of emoji.
    document = DIALECTS["sinch"].encode_request(SaveMMS(Slideshow("😀")), KEY)
    assert "<name>😀</name>".encode() in document


@EACH_DIALECT
@pytest.mark.parametrize("typed", ["+1 (555) 123-4888", 15551234888])
def test_a_phone_number_is_written_in_digits(dialect: Dialect, typed: Any) -> None:
    operation = SendSavedMMS(35674, to=typed, sender=60856)
    assert read_back(dialect, dialect.encode_request(operation, KEY)) == SendSavedMMS("35674", **TO)


@EACH_DIALECT
@pytest.mark.parametrize(
    "when",
    [
        date(2031, 1, 2),
        date(1, 1, 1),
        datetime(2031, 1, 2),
        datetime(2031, 1, 2, 3, 4, 5),
        datetime(2031, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
    ],
)
def test_dates_and_times_are_decoded_equal(dialect: Dialect, when: date) -> None:
    operation = SendMMS(Slideshow("Coupon", link_expires=when), **TO)
    read = read_back(dialect, dialect.encode_request(operation, KEY))
    assert (type(read.slideshow.link_expires), read.slideshow.link_expires) == (type(when), when)


@EACH_DIALECT
@pytest.mark.parametrize("zone", [None, UTC, timezone(timedelta(hours=-5))])
def test_times_are_written_in_whole_seconds(dialect: Dialect, zone: Any) -> None:
    # PHP's DATE_ATOM fails on fractions.
    when = datetime(2031, 1, 2, 3, 4, 5, 999999, zone)
    document = dialect.encode_request(SendMMS(Slideshow("Coupon", link_expires=when), **TO), KEY)
    assert read_back(dialect, document).slideshow.link_expires == when.replace(microsecond=0)
    assert b"9999" not in document
    report = dialect.encode_notice(DeliveryReport("N101", origin="MMS_MT", timestamp=when.replace(tzinfo=zone or UTC)))
    assert b":05" in report
    assert b"9999" not in report


@given(
    st.lists(
        st.sampled_from(["&", "<", "]]>", "\r", "\n", "\x00", "\x0b", "\ud800", "\ufffe", "\uffff", "😀"]) | st.characters()
    ).map("".join)
)
def test_xml_refuses_only_the_characters_that_it_cannot_hold(text: str) -> None:
    try:
        etree.Element("name").text = text
    except ValueError:
        with pytest.raises(ValueError, match=r"XML|surrogate"):
            xml.encode("root", [(xml.compile_name("name"), None, text)])
    else:
        document = xml.encode("root", [(xml.compile_name("name"), None, text)])
        root, content = xml.decode(document, len(document))
        assert (root, list(as_leaves(content))) == ("root", [("name", 0, text)])


# ------------------------------------------------------------------------------------------------ unsupported fields

_UNSUPPORTED = [
    (dialect, kind, row.field)
    for dialect in DIALECTS.values()
    for kind, (_, rows) in table.REQUESTS.items()
    for row in rows
    if dialect.action(kind) and is_unsupported(row, dialect.column)
]


@pytest.mark.parametrize(
    ("dialect", "kind", "path"), _UNSUPPORTED, ids=lambda it: getattr(it, "name", None) or getattr(it, "__name__", it)
)
def test_an_unsupported_field_is_refused_by_name(dialect: Dialect, kind: type[Operation[Any]], path: str) -> None:
    name = strategies.plain(path).rpartition(".")[2]
    account = Account(KEY, dialect=dialect.name)
    operation = valid_in(dialect.name, kind)
    account.encode(operation)
    changes = {name: _VALUES.get(name, "x")}
    slide = None
    if path.startswith("slideshow.slides[]."):
        slide = 2
        slides = (Slide("Hi!"), replace(Slide("Hi!"), **changes))
        changed = replace(operation, slideshow=operation.slideshow.replace(slides=slides))
        operation = replace(operation, slideshow=operation.slideshow.replace(slides=(Slide("Hi!"),) * 2))
    elif path.startswith("slideshow."):
        changed = replace(operation, slideshow=operation.slideshow.replace(**changes))
    else:
        # The other fields of a device discovery message require its text.
        changes |= {"ddm_text": "x"} if name.startswith("ddm_") else {}
        changed = replace(operation, **changes)
    with pytest.raises(ConfigurationError) as caught:
        account.encode(changed)
    assert {problem[:3] for problem in caught.value.problems} == {(None, slide, changed_field) for changed_field in changes}
    assert len(caught.value.problems) == len(changes)
    assert dialect.name in str(caught.value)
    # The encoder leaves the field out.
    assert read_back(dialect, dialect.encode_request(changed, KEY)) == decodable(dialect, operation)


#: Values for the unsupported fields that are not texts.
_VALUES: dict[str, Any] = {
    **dict.fromkeys(["link_expires", "start_date", "expires"], date(2031, 1, 2)),
    **dict.fromkeys(["page", "per_page", "duration", "ddm_timeout"], 10),
    **dict.fromkeys(["disable_fallback", "disable_fallback_link", "force_pass_as_link", "ddm_force", "cache_content"], True),
    "data": {"name": "Ada"},
    "display_to": ("15551234999",),
    "passbook": "https://media.example/1.pkpass",
}


def valid_in(dialect: DialectName, kind: type[Operation[Any]]) -> Any:
    """A valid operation of this class with every field that the dialect requires."""
    without_fallback = kind is SaveMMS and dialect == "sinch"
    show = Slideshow("Coupon", subject="Free!", fallback_text=None if without_fallback else "See", slides=(Slide("Hi!"),))
    values = {"slideshow": show, **TO, "mms_id": "35674"}
    if dialect in {"sinch", "sinch-json"}:
        values |= {"service_id": "28444mms"}
    if kind is SendSavedMMS:
        values |= {"fallback_text": "See"}
    return kind(**{item.name: values[item.name] for item in fields(cast("Any", kind)) if item.name in values})


def test_every_dialect_has_unsupported_fields() -> None:
    assert {dialect.name for dialect, _, _ in _UNSUPPORTED} == set(DIALECTS)


def test_an_unsupported_field_of_a_slide_is_reported_with_the_number_of_the_slide() -> None:
    dialect = DIALECTS["sinch-json"]
    operation = SaveMMS(
        Slideshow("Coupon", slides=(Slide("Hi!"), Slide("Hi!", duration=5), Slide(passbook="https://x.example/a")))
    )
    assert {problem[:3] for problem in dialect.unsupported(operation)} == {(None, 2, "duration"), (None, 3, "passbook")}
    assert len(dialect.unsupported(operation)) == 2
    assert all("sinch-json" in problem.message for problem in dialect.unsupported(operation))


@pytest.mark.parametrize("name", ["", "Coupon"])
def test_an_ignored_field_is_left_out_without_a_problem(name: str) -> None:
    operation = valid_in("sinch-json", SendMMS)
    operation = replace(operation, slideshow=operation.slideshow.replace(name=name))
    request = Account(KEY, dialect="sinch-json").encode(operation)
    assert "name" not in standard.loads(request.body)
    assert read_back(DIALECTS["sinch-json"], request.body).slideshow.name == ""
    assert read_back(DIALECTS["sinch"], DIALECTS["sinch"].encode_request(operation, KEY)).slideshow.name == name


def test_problems_of_the_rules_are_reported_before_unsupported_fields() -> None:
    operation = SendMMS(Slideshow("Coupon", subject="Free!", disable_fallback=True), **TO)
    with pytest.raises(MMSError) as caught:
        Account(KEY).encode(operation)
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [
        ("E312", "slides"),
        (None, "disable_fallback"),
    ]


# ------------------------------------------------------------------------------------------------ requests of other programs


@EACH_XML
def test_names_and_actions_are_decoded_in_any_case(dialect: Dialect) -> None:
    document = dialect.encode_request(SendSavedMMS("35674", **TO, custom_text={1: "Hi!"}, data={"name": "Ada"}), KEY)
    names = re.compile(rb"(</?)([A-Za-z_-]+)(>)")
    swapped = names.sub(lambda name: name[1] + name[2].swapcase() + name[3], document)
    root = dialect.roots[0].encode()
    swapped = swapped.replace(root.swapcase(), root).replace(b"sendSavedMMS", b" SENDsavedmms ")
    assert swapped != document
    assert read_back(dialect, swapped) == read_back(dialect, document)


@EACH_DIALECT
def test_unrecognised_fields_are_reported(dialect: Dialect) -> None:
    operation = DeleteMMS("35674") if dialect.action(DeleteMMS) else SendSavedMMS("35674", **TO)
    leaves = dialect.decode_leaves(dialect.encode_request(operation, KEY))
    read = dialect.decode_request([*leaves, ("SPID", 0, "1"), ("SLIDE/SHAPE", 0, "round"), ("slide_shape_0", None, "round")])
    assert read.operation == operation
    assert read.unread == ("SPID", "SLIDE/SHAPE", "slide_shape_0")


@pytest.mark.parametrize(
    ("dialect", "document"),
    [
        ("skycore", b"<REQUEST><ACTION>deleteMMSID</ACTION><MMSID>1</MMSID><MMSID>2</MMSID></REQUEST>"),
        ("skycore", b"<REQUEST><ACTION>deleteMMSID</ACTION><ACTION>sendMMS</ACTION></REQUEST>"),
        ("skycore", b"<REQUEST><ACTION>deleteMMSID</ACTION><API_KEY>1</API_KEY><api_key>2</api_key></REQUEST>"),
        ("skycore", b"<REQUEST><ACTION>saveMMS</ACTION><SLIDE><TEXT>1</TEXT><TEXT>2</TEXT></SLIDE></REQUEST>"),
        ("skycore", b"<REQUEST><ACTION>saveMMS</ACTION><SLIDE><PDF><URL>1</URL><URL>2</URL></PDF></SLIDE></REQUEST>"),
        ("skycore", b"<REQUEST><ACTION>sendSavedMMS</ACTION><DATA><A>1</A><a>2</a></DATA></REQUEST>"),
        (
            "skycore",
            b"<REQUEST><ACTION>sendSavedMMS</ACTION><CUSTOMTEXT><VALUE>1</VALUE><VALUE>2</VALUE><SLIDE>1</SLIDE></CUSTOMTEXT></REQUEST>",
        ),
        (
            "skycore",
            b"<REQUEST><ACTION>sendSavedMMS</ACTION><CUSTOMTEXT><VALUE>1</VALUE><SLIDE>1</SLIDE></CUSTOMTEXT>"
            b"<CUSTOMTEXT><VALUE>2</VALUE><SLIDE>1</SLIDE></CUSTOMTEXT></REQUEST>",
        ),
        ("skycore-get", b"action=savemms&slide_text_value_0=1&slide_text_value_00=2"),
        ("skycore-get", b"action=sendsavedmms&customtext_1=1&CustomText_1=2"),
        ("skycore-get", b"action=sendsavedmms&data_a=1&data_A=2"),
    ],
)
def test_a_duplicate_field_is_refused(dialect: DialectName, document: bytes) -> None:
    decoder = DIALECTS[dialect]
    with pytest.raises(DecodeError, match="twice"):
        decoder.decode_request(decoder.decode_leaves(document))


@EACH_DIALECT
def test_an_unknown_action_and_a_missing_action_are_different_errors(dialect: Dialect) -> None:
    name = wire_name(table.ENVELOPE[0], dialect.column)
    with pytest.raises(UnknownActionError):
        dialect.decode_request([(name, None, "sendPigeon")])
    for leaves in [], [(name, None, " ")]:
        with pytest.raises(DecodeError) as caught:
            dialect.decode_request(leaves)
        assert not isinstance(caught.value, UnknownActionError)


@EACH_XML
def test_a_document_of_another_dialect_is_refused(dialect: Dialect) -> None:
    for other in DIALECTS.values():
        if other.codec is xml and other is not dialect:
            with pytest.raises(DecodeError, match="root"):
                dialect.decode_leaves(other.encode_request(ListMMS(), KEY))


@pytest.mark.parametrize(
    "name", ["slide_text_value_#", "slide_text_value_*", "customtext_#", "data_*", "slide_text_value_", "customtext_", "DATA/*"]
)
def test_the_placeholders_of_the_field_table_are_unrecognised_fields(name: str) -> None:
    read = SKYCORE_GET.decode_request([("action", None, "savemms"), (name, None, "x"), ("slide_text_value_0", None, "Hi!")])
    assert read.unread == (name,)
    assert read.operation == SaveMMS(Slideshow("", slides=(Slide("Hi!"),)))


@pytest.mark.parametrize("digits", ["0" * 5000, "9" * 5000])
def test_the_number_of_a_slide_has_at_most_nine_digits(digits: str) -> None:
    with pytest.raises(DecodeError, match="digits"):
        SKYCORE_GET.decode_request([("action", None, "savemms"), (f"slide_text_value_{digits}", None, "Hi!")])


@given(
    st.binary(max_size=200)
    | st.text(max_size=80).map(str.encode)
    | st.from_regex(rb"(action=s[a-z]+&|slide_[a-z]+_[0-9#*]=|%..|[^&]){0,9}")
)
def test_any_query_is_decoded_or_a_decode_error(document: bytes) -> None:
    for action in b"", b"action=sendmms&", b"action=sendsavedmms&":
        try:
            read = SKYCORE_GET.decode_request(SKYCORE_GET.decode_leaves(action + document))
        except DecodeError:
            continue
        # Every decoded operation can be validated and shown.
        Account(KEY, dialect="skycore-get").problems(read.operation)
        assert repr(read.operation)


@given(
    st.lists(
        st.sampled_from(["SLIDE", "TEXT", "CUSTOMTEXT", "VALUE", "DATA", "TO", "MMSID", "x1", "IMAGE", "URL"]), max_size=8
    ),
    st.data(),
)
def test_any_tree_is_decoded_or_a_decode_error(names: list[str], data: st.DataObject) -> None:
    root = etree.Element("REQUEST")
    etree.SubElement(root, "ACTION").text = data.draw(st.sampled_from(["sendMMS", "sendSavedMMS", "getMmsIds"]))
    at = [root]
    for name in names:
        at.append(etree.SubElement(data.draw(st.sampled_from(at)), name))
        at[-1].text = data.draw(st.sampled_from(["", "1", "Hi!", " "]))
    try:
        read = SKYCORE.decode_request(SKYCORE.decode_leaves(etree.tostring(root)))
    except DecodeError:
        return
    Account(KEY).problems(read.operation)
    assert repr(read.operation)


def test_a_query_of_more_than_a_thousand_fields_is_refused() -> None:
    with pytest.raises(DecodeError):
        query.decode(b"&".join(b"a=%d" % at for at in range(1001)), 10**6)
    assert len(query.decode(b"&".join(b"a=%d" % at for at in range(1000)), 10**6)[1]) == 1000


@pytest.mark.parametrize("codec", [xml, query, json])
def test_a_document_longer_than_the_limit_is_refused(codec: Any) -> None:
    document = {xml: b"<a><b>1</b></a>", query: b"b=1", json: b'{"b":"1"}'}[codec]
    assert codec.decode(document, len(document))[1]
    with pytest.raises(DecodeError, match="more than"):
        codec.decode(document, len(document) - 1)


# ------------------------------------------------------------------------------------------------ responses and postbacks

EACH_COLUMN = pytest.mark.parametrize(
    "dialect", {dialect.response_column: dialect for dialect in DIALECTS.values()}.values(), ids=lambda dialect: dialect.name
)


@each_pair({dialect.response_column: dialect for dialect in DIALECTS.values()}.values())
@given(data=st.data())
def test_a_reply_is_decoded_equal(dialect: Dialect, kind: type[Operation[Any]], data: st.DataObject) -> None:
    reply = data.draw(strategies.replies(dialect.response_column)[kind.reply])
    document = dialect.encode_reply(reply)
    assert Account(KEY, dialect=dialect.name).decode(minimal(kind), HttpResponse(200, {}, document)) == reply


@each_pair({dialect.response_column: dialect for dialect in DIALECTS.values()}.values())
@given(data=st.data())
def test_a_reply_is_the_same_however_the_gateway_writes_success(
    dialect: Dialect, kind: type[Operation[Any]], data: st.DataObject
) -> None:
    """A response of the usual form takes a shorter way through the decoder, which must not make a difference."""
    usual = dialect.encode_reply(data.draw(strategies.replies(dialect.response_column)[kind.reply]))
    unusual = re.sub(b"[Ss]uccess", b"SUCCESS", usual)
    assume(usual.lower().count(b"success") <= 1)  # none in a reply without a status
    account = Account(KEY, dialect=dialect.name)
    replies = [account.decode(minimal(kind), HttpResponse(200, {}, document)) for document in (usual, unusual)]
    assert replies[0] == replies[1]
    assert [(name, text.lower()) for name, text in replies[0].raw] == [(name, text.lower()) for name, text in replies[1].raw]


@EACH_COLUMN
@given(data=st.data())
def test_a_refusal_is_decoded_as_the_error_of_its_code(dialect: Dialect, data: st.DataObject) -> None:
    refused = data.draw(strategies.replies(dialect.response_column)[Refusal])
    with pytest.raises(MMSError) as caught:
        Account("long-secret-key", dialect=dialect.name).decode(ListMMS(), HttpResponse(200, {}, dialect.encode_reply(refused)))
    assert type(caught.value) is error_class(refused.code or "")
    assert caught.value.code == (refused.code or "").upper()
    assert caught.value.info == (refused.info or "")


@EACH_COLUMN
@pytest.mark.parametrize("kind", table.NOTICES)
@given(data=st.data())
def test_a_notice_is_decoded_equal_with_the_same_identity(dialect: Dialect, kind: type[Notice], data: st.DataObject) -> None:
    notice = data.draw(strategies.notices(kind, dialect.response_column))
    document = dialect.encode_notice(notice)
    (read,) = read_postbacks(document)
    assert read == notice
    assert type(read) is kind
    (again,) = read_postbacks(document)
    assert again.identity == read.identity
    assert pickle.loads(pickle.dumps(read)) == read


def test_a_response_with_the_names_of_another_dialect_is_decoded() -> None:
    # Names are compared without case, - and _.
    in_xml = b"<Response><Status>SUCCESS</Status><mms_id>35674</mms_id><TrackingId>MMS_1</TrackingId></Response>"
    bodies: dict[Any, bytes] = {xml: in_xml, json: b'{"Status":"SUCCESS","mms_id":"35674","TrackingId":"MMS_1"}'}
    for dialect in DIALECTS.values():
        response = HttpResponse(200, {}, bodies[dialect.response_codec])
        reply = Account(KEY, dialect=dialect.name).decode(SendSavedMMS("35674", **TO), response)
        assert reply == SentMMS(mms_id="35674", tracking_id="MMS_1")


@EACH_DIALECT
def test_equal_slideshows_are_encoded_alike(dialect: Dialect) -> None:
    show = Slideshow("n", subject="s & t", fallback_text="f").slide("one <1>").slide("two", image="http://a.example/i.png")
    copy = Slideshow("n", subject="s & t", fallback_text="f", slides=tuple(show.slides))
    service = "12345" if dialect.name.startswith("sinch") else None
    for to in ("15551230001", "15551230002"):
        one, other = (SendMMS(each, to=to, sender="60856", service_id=service) for each in (show, copy))
        assert dialect.encode_request(one, KEY) == dialect.encode_request(other, KEY)
        operation = read_back(dialect, dialect.encode_request(one, KEY))
        assert (operation.to, operation.slideshow.slides) == (to, show.slides)
