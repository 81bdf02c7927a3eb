"""Files: how each kind is read, and the errors for files that cannot be read."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

from skymms import (
    Account,
    ConfigurationError,
    DeleteMMS,
    ListMMS,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SendSMS,
    SentMMS,
    Slide,
    Slideshow,
)
from skymms.files import _SLIDE, _SLIDESHOW, FileContent, read_file
from skymms.wire.dialects import DIALECTS, MAX_REQUEST

CANARY = "canary-5fa1c0de-key"

COUPON_TOML = b"""
name = "Membership coupon"
subject = "Welcome"

[[slide]]
image = "http://media.example/welcome.jpg"
text = "Good to have you with us."
duration = 5

[[slide]]
passbook = "http://media.example/coupon.pkpass"
text = '''
The first coffee is ours.
Show this at the till.'''
"""

#: Texts in TOML that look like keys, headers and comments, in each way that TOML quotes a text.
_LOOKS_LIKE_TOML = st.lists(st.sampled_from(["text = 1", "[[slide]]", "#", "x", " ", "''", '""']), max_size=5)
TEXTS = st.one_of(
    _LOOKS_LIKE_TOML.map(lambda parts: json.dumps(" ".join(parts))),
    _LOOKS_LIKE_TOML.map(lambda parts: "'" + " ".join(parts).replace("'", "") + "'"),
    _LOOKS_LIKE_TOML.map(lambda parts: '"""' + "\n".join(parts) + '\\""""'),
    _LOOKS_LIKE_TOML.map(lambda parts: "'''" + "\n".join(parts) + "'''"),
)

COUPON = (
    Slideshow("Membership coupon", subject="Welcome")
    .slide("Good to have you with us.", image="http://media.example/welcome.jpg", duration=5)
    .slide("The first coffee is ours.\nShow this at the till.", passbook="http://media.example/coupon.pkpass")
)
SEND = SendMMS(COUPON, to="15551234888", sender="60856")
OPERATIONS = [
    SEND,
    SaveMMS(COUPON),
    SendSavedMMS("35674", to="15551234888", sender="60856", custom_text={1: "Hello again"}, data={"first": "Ada"}),
    ListMMS(),
    DeleteMMS("35674"),
]


#: The same message without the fields that sinch-json does not have: passbook, duration, and the name of a slideshow that is
#: only sent.
IN_JSON = (
    Slideshow("Membership coupon", subject="Welcome", fallback_text="It waits.")
    .slide("Good to have you with us.", image="http://media.example/welcome.jpg")
    .slide("The first coffee is ours.\nShow this at the till.", pdf="http://media.example/coupon.pdf")
)
SEND_IN_JSON = SendMMS(IN_JSON.replace(name=""), to="15551234888", sender="60856", service_id="1")
ENCODABLE = [
    (name, operation) for name, dialect in DIALECTS.items() for operation in OPERATIONS if not dialect.unsupported(operation)
] + [
    ("sinch-json", SEND_IN_JSON),
    ("sinch-json", SaveMMS(IN_JSON)),
    ("sinch-json", SendSavedMMS("35674", to="15551234888", sender="60856", custom_text={1: "Hello again"})),
]


def error_message(data: bytes) -> str:
    """The error message for a file that cannot be read; it never quotes a key."""
    with pytest.raises(ConfigurationError) as caught:
        read_file(data)
    assert CANARY not in repr(caught.value) + str(caught.value) + repr(caught.value.problems)
    assert caught.value.__cause__ is None
    return str(caught.value)


def slideshow_in(data: bytes) -> Slideshow:
    """The slideshow in a file."""
    slideshow = read_file(data).slideshow
    assert slideshow is not None
    return slideshow


class TestTomlSlideshow:
    def test_a_toml_slideshow_is_read_with_its_slides_in_order(self):
        assert read_file(COUPON_TOML) == FileContent(slideshow=COUPON)

    def test_the_example_slideshow_is_read(self):
        example = Path(__file__).parents[1] / "examples" / "coupon.toml"
        assert slideshow_in(example.read_bytes()).problems() == ()

    def test_a_byte_order_mark_is_accepted(self):
        assert read_file(b"\xef\xbb\xbf" + COUPON_TOML) == read_file(COUPON_TOML)

    def test_windows_line_ends_are_accepted(self):
        assert read_file(COUPON_TOML.replace(b"\n", b"\r\n")) == read_file(COUPON_TOML)

    def test_every_field_of_a_slideshow_has_a_key(self):
        assert set(_SLIDESHOW) | {"slides"} == {item.name for item in fields(Slideshow)}
        assert set(_SLIDE) == {item.name for item in fields(Slide)}

    @pytest.mark.parametrize("kind", ["image", "audio", "video", "vcard", "ical", "pdf", "passbook"])
    def test_the_keys_of_files_are_the_names_in_python(self, kind):
        slideshow = slideshow_in(f'[[slide]]\n{kind} = "http://media.example/file"'.encode())
        expected: dict[str, Any] = {kind: "http://media.example/file"}
        assert slideshow.slides == (Slide(**expected),)

    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("2027-01-31", date(2027, 1, 31)),
            ("2027-01-31T12:00:00Z", datetime(2027, 1, 31, 12, tzinfo=UTC)),
            ('"2027-01-31T12:00+01"', "2027-01-31T12:00+01"),
        ],
    )
    def test_the_link_expiration_may_have_any_type_that_python_accepts(self, written, read):
        assert slideshow_in(f'name = "n"\nlink_expires = {written}'.encode()).link_expires == read

    def test_flags_are_kept(self):
        slideshow = slideshow_in(b"disable_fallback = true\ndisable_fallback_link = false")
        assert (slideshow.disable_fallback, slideshow.disable_fallback_link) == (True, False)

    def test_a_wrong_slideshow_is_read_without_validation(self):
        slideshow = slideshow_in(b'[[slide]]\naudio = "a"\nvideo = "b"\nduration = 0\n[[slide]]')
        assert {problem.code for problem in slideshow.problems()} >= {"E226", "E230", "E311", "E313", "E352", "E353"}

    def test_a_slideshow_without_slides_or_a_name_is_read(self):
        assert [problem.code for problem in slideshow_in(b'subject = "s"').problems()] == ["E311", "E312"]

    @pytest.mark.parametrize(
        ("toml", "slide", "key", "message"),
        [
            ('nmae = "n"', None, "nmae", "did you mean name?"),
            ('[[slides]]\ntext = "t"', None, "slides", "the header of each slide is [[slide]]"),
            ('[[Slide]]\ntext = "t"', None, "Slide", "the header of each slide is [[slide]]"),
            (f'api_key = "{CANARY}"', None, "api_key", "there is no such key"),
            ('to = "15551234888"', None, "to", "there is no such key"),
            ("name = 5", None, "name", "must be a text in quotes"),
            ("subject = ['s']", None, "subject", "must be a text in quotes"),
            ('disable_fallback = "yes"', None, "disable_fallback", "must be true or false"),
            ("link_expires = 12:00:00", None, "link_expires", "must be a date"),
            ("link_expires = 20270131", None, "link_expires", "must be a date"),
            ('slide = "s"', None, "slide", "[[slide]]"),
            ('slide = ["s"]', None, "slide", "[[slide]]"),
            ('[slide]\ntext = "t"', None, "slide", "[[slide]]"),
            ('[[slide]]\n[[slide]]\nimgae = "i"', 2, "imgae", "did you mean image?"),
            ('[[slide]]\nurl = "i"', 1, "url", "there is no such key"),
            ("[[slide]]\ntext = true", 1, "text", "must be a text in quotes"),
            ("[[slide]]\nduration = 2.5", 1, "duration", "must be a whole number"),
            ("[[slide]]\nduration = true", 1, "duration", "must be a whole number"),
            ('[[slide]]\nduration = "5"', 1, "duration", "must be a whole number"),
            ('[[slide]]\nimage.url = "i"', 1, "image", "must be a text in quotes"),
        ],
    )
    def test_an_unknown_key_or_a_value_of_the_wrong_type_is_refused_by_name(self, toml, slide, key, message):
        with pytest.raises(ConfigurationError) as caught:
            read_file(toml.encode())
        (problem,) = caught.value.problems
        assert (problem.code, problem.slide, problem.field) == (None, slide, key)
        assert message in problem.message
        assert CANARY not in str(caught.value)

    def test_all_wrong_keys_are_reported_at_once(self):
        with pytest.raises(ConfigurationError) as caught:
            read_file(b"a = 1\nname = 2\n[[slide]]\nb = 1\n[[slide]]\ntext = 3\nc = 4")
        assert [(problem.slide, problem.field) for problem in caught.value.problems] == [
            (None, "a"),
            (None, "name"),
            (1, "b"),
            (2, "text"),
            (2, "c"),
        ]

    def test_a_wrong_key_is_reported_with_its_line(self):
        toml = """name = 'n'  # text = 1
subject = \"""
sub = 1
[[slide]]
\"""
[[slide]]
"image" = "http://media.example/a.jpg#b"
[[ slide ]]

txt = 'a'
"""
        with pytest.raises(ConfigurationError) as caught:
            read_file(toml.encode())
        (problem,) = caught.value.problems
        assert (problem.line, problem.slide, problem.field) == (10, 2, "txt")
        assert str(problem) == "line 10, slide 2, txt: there is no such key; did you mean text?"

    def test_a_misspelled_slideshow_can_be_read_for_further_checks(self):
        toml = """subjcet = "s"
nmae = 5
[[slides]]
txt = "a"
durration = "long"
[[slides]]
text = "b"
tetx = "c"
"""
        content = read_file(toml.encode(), strict=False)
        assert content.slideshow == Slideshow("", subject="s", slides=(Slide("a"), Slide("b")))
        assert [(problem.line, problem.slide, problem.field) for problem in content.problems] == [
            (3, None, "slides"),
            (1, None, "subjcet"),
            (2, None, "nmae"),
            (4, 1, "txt"),
            (5, 1, "durration"),
            (8, 2, "tetx"),
        ]

    @given(
        slides=st.lists(st.dictionaries(st.sampled_from(["text", "image", "audio"]), TEXTS, min_size=1), min_size=1, max_size=4)
    )
    def test_the_line_of_every_key_is_found_however_its_text_is_quoted(self, slides):
        lines, expected = [], {}
        for number, slide in enumerate(slides, 1):
            lines += ["# [[slide]]", "[[slide]]"]
            for key, text in slide.items():
                expected[number, key] = len(lines) + 1
                lines += f"{key} = {text}".split("\n")
        content = read_file("\n".join(lines).encode())
        assert {place: line for place, line in content.lines.items() if place[0] and place[1]} == expected

    @pytest.mark.parametrize(
        ("toml", "line"),
        [(b'name = "n"\nsubject = oops', "line 2"), (b'name = "n"\nname = "m"\n', "line 2"), (b'\n\nname = "n\n', "line 3")],
        ids=["no value", "twice", "open quote"],
    )
    def test_invalid_toml_is_refused_with_its_line(self, toml, line):
        message = error_message(toml)
        assert message.startswith("not a slideshow in TOML")
        assert line in message


class TestRequest:
    def test_operations_with_unsupported_fields(self):
        lost = {
            name: [{problem.field for problem in dialect.unsupported(one)} for one in OPERATIONS]
            for name, dialect in DIALECTS.items()
        }
        of_slides = {"duration", "passbook"}
        assert lost.pop("sinch-json") == [of_slides, of_slides, {"data"}, {"ListMMS"}, {"DeleteMMS"}]
        assert all(not any(of_each) for of_each in lost.values())

    @pytest.mark.parametrize(
        ("dialect", "operation"), ENCODABLE, ids=lambda one: one if isinstance(one, str) else type(one).__name__
    )
    def test_a_request_is_read_in_the_dialect_that_encoded_it(self, operation, dialect):
        content = read_file(DIALECTS[dialect].encode_request(operation, CANARY))
        assert content == FileContent(
            slideshow=getattr(operation, "slideshow", None), operation=operation, dialect=dialect, unread=()
        )

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_the_key_of_a_request_is_dropped(self, dialect):
        assert CANARY not in repr(read_file(DIALECTS[dialect].encode_request(SEND, CANARY)))

    @pytest.mark.parametrize(("dialect", "operation"), [("skycore", SEND), ("sinch", SEND), ("sinch-json", SEND_IN_JSON)])
    def test_a_byte_order_mark_is_accepted(self, dialect, operation):
        assert read_file(b"\xef\xbb\xbf" + DIALECTS[dialect].encode_request(operation, CANARY)).operation == operation

    def test_a_json_request_may_be_indented_and_have_numbers(self):
        document = json.loads(DIALECTS["sinch-json"].encode_request(SEND_IN_JSON, CANARY))
        laid_out = json.dumps(document | {"to": 15551234888}, indent=4)
        assert read_file(f"\n {laid_out}\n".encode()).operation == SEND_IN_JSON

    def test_unrecognised_fields_of_a_json_request_are_reported(self):
        document = json.loads(DIALECTS["sinch-json"].encode_request(SEND_IN_JSON, CANARY))
        document["slide"][0]["duration"] = 5
        content = read_file(json.dumps(document | {"x-api-key": CANARY, "sbuject": "x"}).encode())
        assert content.unread == ("slide/duration", "x-api-key", "sbuject")
        assert CANARY not in repr(content)

    def test_unrecognised_fields_of_an_xml_request_are_reported(self):
        document = DIALECTS["skycore"].encode_request(SEND, CANARY)
        more = document.replace(b"<NAME>", b"<SBUJECT>x</SBUJECT><NAME>").replace(b"<TEXT>", b"<TXET>x</TXET><TEXT>", 1)
        assert read_file(more).unread == ("SBUJECT", "SLIDE/TXET")

    def test_unrecognised_fields_of_a_query_are_reported(self):
        query = DIALECTS["skycore-get"].encode_request(SEND, CANARY) + b"&slide_txt_value_0=x&passwd=y"
        assert read_file(query).unread == ("slide_txt_value_0", "passwd")


class TestGetRequest:
    ADDRESS = Account(CANARY, dialect="skycore-get").encode(SEND).url

    @pytest.mark.parametrize(
        "written",
        [
            ADDRESS,
            ADDRESS + "\n",
            "\n " + ADDRESS,
            ADDRESS.replace("https", "HTTPS"),
            ADDRESS.partition("?")[2],
            "?" + ADDRESS.partition("?")[2],
            ADDRESS.replace("?", "\n?").replace("&", "\n&"),
            ADDRESS.replace("&", "\r\n    &"),
            ADDRESS.replace("&", "&\n"),
            ADDRESS.partition("?")[2].replace("&", "\n&"),
            "to=15551234888&action=sendmms" + ADDRESS.partition("sendmms")[2].replace("&to=15551234888", ""),
        ],
    )
    def test_a_get_request_is_a_url_or_its_query_with_any_line_breaks(self, written):
        content = read_file(written.encode())
        assert (content.operation, content.dialect, content.unread) == (SEND, "skycore-get", ())

    def test_a_get_request_may_have_unescaped_characters_like_the_vendors_page(self):
        content = read_file(
            b"https://gateway.example/index.php?action=sendmms\n&api_key=abc\n&to=15551234888\n&from=60856\n"
            b"&subject=Hello you!\n&name=n\n&slide_image_url_0=http://media.example/a.jpg\n&slide_text_value_1=It's\\nhere"
        )
        assert isinstance(content.operation, SendMMS)
        assert content.operation.slideshow == Slideshow(
            "n", subject="Hello you!", slides=(Slide(image="http://media.example/a.jpg"), Slide("It's\\nhere"))
        )

    def test_a_get_request_of_another_action_has_no_slideshow(self):
        content = read_file(f"action=sendsms&api_key={CANARY}&to=15551234888&from=60856&text=Hi".encode())
        assert content == FileContent(operation=SendSMS(to="15551234888", sender="60856", text="Hi"), dialect="skycore-get")
        assert CANARY not in repr(content)

    def test_an_unescaped_hash_is_refused(self):
        assert "write %23" in error_message(b"action=sendmms&subject=We're #1&name=n")

    @pytest.mark.parametrize(
        ("written", "message"),
        [
            ("https://gateway.example/index.php", "it has no action"),
            ("https://gateway.example/?to=1", "it has no action"),
            ("to=1&from=2", "it has no action"),
            ("action=sendmms&to=1&to=2", "to is given twice"),
            (f"action=sendfax&api_key={CANARY}", "sendfax is not an action"),
            (f"action=sendmms&api_key={CANARY}&api_key=x", "api_key is given twice"),
            (f"action=sendmms&api_key={CANARY}&name=%ff", "not a query string"),
            (f"action=sendmms&api_key={CANARY}&name=\xfc", "not a query string"),
            ("action=sendmms" + "&a=b" * 1500, "not a query string"),
        ],
    )
    def test_an_invalid_query_is_refused_with_the_reason(self, written, message):
        assert message in error_message(written.encode())


class TestSerializedFile:
    """Files in the form of ``to_dict``."""

    def test_a_json_slideshow_is_read(self):
        assert read_file(json.dumps(SEND.slideshow.to_dict()).encode()) == FileContent(slideshow=SEND.slideshow)

    def test_a_json_operation_is_read_with_its_slideshow(self):
        content = read_file(json.dumps(SEND.to_dict(), indent=2).encode())
        assert content == FileContent(slideshow=SEND.slideshow, operation=SEND)

    def test_another_value_is_refused_by_its_type(self):
        assert "contains a SentMMS: give a file with a slideshow or an operation" in error_message(
            json.dumps(SentMMS("7").to_dict()).encode()
        )

    def test_an_unknown_key_is_refused(self):
        assert "nmae" in error_message(json.dumps({**SEND.slideshow.to_dict(), "nmae": "x"}).encode())


class TestOtherFiles:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "empty"),
            (b" \n\t", "empty"),
            (b"\xef\xbb\xbf", "empty"),
            (b"\x89PNG\r\n\x1a\n\x00\x00", "neither XML nor text in UTF-8 (line 1)"),
            (b'name = "n"\nsubject = "caf\xe9"', "neither XML nor text in UTF-8 (line 2)"),
            ('name = "n"'.encode("utf-16"), "neither XML nor text in UTF-8"),
            (b"{}", "it has no action"),
            (b'{"action": null}', "it has no action"),
            (b'{"origin": "MMS_MT", "code": "N102"}', "it has no action"),
            (f'{{"action": "listMMS", "x-api-key": "{CANARY}"}}'.encode(), "listMMS is not an action"),
            (f'{{"action": "sendMMS", "x-api-key": "{CANARY}}}'.encode(), "not a request in JSON: not JSON"),
            (b'{"action": "sendMMS", "to": "1", "to": "2"}', "a member is given twice"),
            (b'{"action": "sendMMS", "to": "1", "TO": "2"}', "TO is given twice"),
            (b'{"action": "sendMMS", "name": "caf\xe9"}', "not a request in JSON: not UTF-8"),
            (b'{"action": ' + b"[" * 100_000, "nested too deeply"),
            (b'[{"action": "sendMMS"}]', "not a slideshow in TOML"),
            (b"Dear all,\nplease send this.", "not a slideshow in TOML"),
            (b"x" * (MAX_REQUEST + 1), "longer than the 1,048,576 bytes allowed"),
            (b"name = " + b"9" * 5000, "not a slideshow in TOML"),
            (b"name = " + b"[" * 100_000, "not a slideshow in TOML"),
            (b"name = " + b"{a=" * 100_000, "not a slideshow in TOML"),
            (b"<RESPONSE><STATUS>Success</STATUS></RESPONSE>", "the root is RESPONSE, not REQUEST or request"),
            (b"<POSTBACK/>", "the root is POSTBACK, not REQUEST or request"),
            (b"<html><body>", "not well-formed"),
            (b"<REQUEST/>", "it has no action"),
            (f"<REQUEST><ACTION>sendMMS</ACTION><API_KEY>{CANARY}</API-KEY></REQUEST>".encode(), "not well-formed"),
            (f"<REQUEST><ACTION>x</ACTION><API_KEY>{CANARY}</API_KEY></REQUEST>".encode(), "x is not an action"),
            (b"<REQUEST><ACTION>sendMMS</ACTION><TO>1</TO><TO>2</TO></REQUEST>", "TO is given twice"),
            (b'<!DOCTYPE REQUEST [<!ENTITY k "v">]><REQUEST><ACTION>sendMMS</ACTION></REQUEST>', "DOCTYPE"),
            ('<?xml version="1.0" encoding="ISO-8859-1"?><REQUEST>é</REQUEST>'.encode("latin-1"), "encoding"),
        ],
    )
    def test_another_file_is_refused_with_the_reason(self, data, message):
        assert message in error_message(data)

    def test_invalid_xml_is_refused_with_its_line(self):
        assert "line 3" in error_message(b"<REQUEST>\n<ACTION>sendMMS</ACTION>\n<TO>15551234888</FROM>\n</REQUEST>")

    def test_the_limit_can_be_changed(self):
        with pytest.raises(ConfigurationError, match="longer than the 10 bytes"):
            read_file(COUPON_TOML, limit=10)

    @given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
    def test_any_bytes_raise_only_a_configuration_error(self, data):
        with suppress(ConfigurationError):
            read_file(data)


@given(strategies.words, strategies.words)
def test_a_slideshow_is_never_taken_for_a_query(text, subject):
    # Whatever stands in its texts: TOML comes first.
    quoted = [json.dumps(each, ensure_ascii=False).replace("\x7f", "") for each in (text + "&action=sendmms&to=1", subject)]
    content = read_file(f"subject={quoted[1]}\n[[slide]]\ntext={quoted[0]}".encode())
    assert content.operation is None
