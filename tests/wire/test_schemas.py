"""The schemas in `xsd/`: loading them, comparing them with the rules in Python, and the problems that they find."""

from __future__ import annotations

import copy
import re
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import strategies
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from skymms import ConfigurationError, SaveMMS, SendMMS, Slide, Slideshow
from skymms.slide import FILES
from skymms.wire import schemas as schema
from skymms.wire.codecs import xml
from skymms.wire.dialects import DIALECTS, MAX_REQUEST, Dialect, DialectName
from skymms.wire.schemas import MAX_ELEMENTS, MAX_PROBLEMS, SchemaProblem, schema_folder, schema_problems
from skymms.wire.table import REQUESTS

#: The schemas are files here; they may also be inside a zip file.
FOLDER = Path(str(schema_folder()))

CANARY = "canary-5fa1c0de-key"
XML_DIALECTS: list[DialectName] = ["skycore", "sinch"]


def codes(document: bytes | str) -> list[str | None]:
    return [problem.code for problem in schema_problems(document.encode() if isinstance(document, str) else document)]


# ------------------------------------------------------------------------------------------------ the vendors' examples

#: The only complete example on the Skycore 1.3 sendMMS page. The texts are ours, the structure is the vendor's.
SKYCORE_EXAMPLE = r"""<REQUEST>
    <ACTION>sendMMS</ACTION>
    <API_KEY>canary-5fa1c0de-key</API_KEY>
    <TO>15551234888</TO>
    <FROM>60856</FROM>
    <OPERATORID>000189</OPERATORID>
    <SUBJECT>A coupon for you</SUBJECT>
    <CAMPAIGNREF>Campaign123</CAMPAIGNREF>
    <NAME>Membership coupon</NAME>
    <SLIDE>
        <IMAGE>
            <URL>http://media.example/welcome.jpg</URL>
        </IMAGE>
        <TEXT>Good to have you with us.</TEXT>
        <DURATION>5</DURATION>
    </SLIDE>
    <SLIDE>
        <PASSBOOK>
            <URL>http://media.example/coupon.pkpass</URL>
        </PASSBOOK>
        <TEXT>The first coffee is ours.\nShow this at the till.</TEXT>
        <DURATION>5</DURATION>
    </SLIDE>
</REQUEST>
"""

#: The sample on the Sinch sendSavedMMS page, which lacks the fallback text that the list above it requires.
SINCH_EXAMPLE = """<request>
<action>sendSavedMMS</action>
<api-key>canary-5fa1c0de-key</api-key>
<to>15551234888</to>
<from>28444</from>
<service-id>12345</service-id>
<mms-id>35674</mms-id>
<custom-text>
<value>Another text on the first slide</value>
<slide>1</slide>
</custom-text>
<custom-subject>Another subject</custom-subject>
</request>
"""

ANSWERS = [
    "<RESPONSE><STATUS>Success</STATUS><TO>15551234888</TO><MMSID>35674</MMSID><TRACKINGID>MMS_12345</TRACKINGID>"
    "<STATUSDETAILS>queued</STATUSDETAILS></RESPONSE>",
    "<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E111</ERRORCODE><TO>15551234888</TO><ERRORINFO>no</ERRORINFO></RESPONSE>",
    "<RESPONSE><STATUS>Success</STATUS><MMSIDS>1,2,3</MMSIDS><NEWER>element</NEWER></RESPONSE>",
    "<response><status>Success</status><mms-id>35674</mms-id><tracking-id>TU1TXzU5Nzg3OQ==</tracking-id><to>15551234888</to>"
    "<from>28444</from><status-details>queued</status-details></response>",
    "<response><status>Failure</status><error-code>E713</error-code><to>15551234888</to><error-info>no</error-info></response>",
]
POSTBACKS = [
    "<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N003</CODE><MMSID>35674</MMSID></POSTBACK>",
    "<POSTBACK><NOTIFICATION id='1' created='2012'><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><BODY><TO>15551234888</TO>"
    "<STATUS celly='20' provider='1000' text='Retrieved' description=''/></BODY></NOTIFICATION></POSTBACK>",
    "<postback><origin>MMS_MO</origin><code>N401</code><content><file>http://media.example/a</file></content></postback>",
]


NESTED = b"""<REQUEST>
    <ACTION>saveMMS</ACTION>
    <API_KEY>canary-5fa1c0de-key</API_KEY>
    <CONTENT>
        <NAME>fishtank</NAME>
        <SUBJECT>The subject</SUBJECT>
        <SEQUENCE>
            <SLIDE duration="5"><IMAGE><URL>http://media.example/1.jpg</URL></IMAGE><TEXT>One</TEXT></SLIDE>
            <SLIDE><TEXT>Two</TEXT></SLIDE>
        </SEQUENCE>
    </CONTENT>
</REQUEST>
"""


class TestVendorExamples:
    def test_the_skycore_sendmms_page_is_valid(self):
        assert schema_problems(SKYCORE_EXAMPLE.encode()) == ()

    def test_the_sinch_sendsavedmms_page_lacks_the_fallback_text_that_it_requires(self):
        (problem,) = schema_problems(SINCH_EXAMPLE.encode())
        assert problem == SchemaProblem("E622", 1, "/request", problem.message)

    def test_the_sinch_sendsavedmms_page_with_a_fallback_text_is_valid(self):
        text = "<fallback-sms-text>It is here</fallback-sms-text></request>"
        assert schema_problems(SINCH_EXAMPLE.replace("</request>", text).encode()) == ()

    @pytest.mark.parametrize("document", ANSWERS + POSTBACKS)
    def test_responses_and_postbacks_with_unknown_elements_are_valid(self, document):
        assert schema_problems(document.encode()) == ()

    @pytest.mark.parametrize("dialect", XML_DIALECTS)
    @pytest.mark.parametrize("kind", [SendMMS, SaveMMS])
    def test_documents_that_the_library_encodes_are_valid(self, kind, dialect):
        show = Slideshow("n", subject="s", fallback_text="f").slide("t", image="http://media.example/a.jpg", duration=5)
        fields: dict[str, Any] = {"to": "15551234888", "sender": "60856", "service_id": "12345"} if kind is SendMMS else {}
        assert schema_problems(DIALECTS[dialect].encode_request(kind(show, **fields), CANARY)) == ()


class TestLegacyRequest:
    """Until 2014-02 a slideshow was in the element CONTENT and its slides in SEQUENCE; the gateway still accepts that."""

    def test_a_legacy_request_is_valid(self):
        assert schema_problems(NESTED) == ()

    def test_a_legacy_request_is_valid_by_the_structure_schema(self):
        shape = etree.XMLSchema(etree.parse(FOLDER / "skycore-request.xsd"))
        assert shape.validate(etree.fromstring(NESTED))

    @pytest.mark.parametrize(
        ("instead", "of", "code", "path"),
        [
            (" ", "fishtank", "E311", "/REQUEST"),
            ("x" * 81, "The subject", "E314", "/REQUEST"),
            ("", "<SUBJECT>The subject</SUBJECT>", "E622", "/REQUEST"),
            ("<SLIDE/>", "<SLIDE><TEXT>Two</TEXT></SLIDE>", "E313", "/REQUEST/CONTENT/SEQUENCE/SLIDE[2]"),
            ('"0"', '"5"', "E230", "/REQUEST/CONTENT/SEQUENCE/SLIDE[1]"),
            ('"soon"', '"5"', "E230", "/REQUEST/CONTENT/SEQUENCE/SLIDE[1]"),
            ('""', '"5"', "E230", "/REQUEST/CONTENT/SEQUENCE/SLIDE[1]"),
            ("ftp:", "http:", "E351", "/REQUEST/CONTENT/SEQUENCE/SLIDE[1]"),
            # Said once in CONTENT and once beside it, or in both ways: twice.
            ("</CONTENT><NAME>n</NAME>", "</CONTENT>", "E100", "/REQUEST"),
            ("<SLIDE duration='1'><DURATION>1</DURATION><TEXT>", "<SLIDE><TEXT>", "E100", "/REQUEST"),
            ("<NMAE/><SEQUENCE>", "<SEQUENCE>", None, "/REQUEST/CONTENT/NMAE"),
            ("<SEQUENCE><PAGE/>", "<SEQUENCE>", None, "/REQUEST/CONTENT/SEQUENCE/PAGE"),
        ],
    )
    def test_problems_of_a_legacy_request_have_its_own_paths(self, instead, of, code, path):
        (problem,) = schema_problems(NESTED.replace(of.encode(), instead.encode(), 1))
        assert (problem.code, problem.path) == (code, path)

    def test_a_legacy_request_without_slides_or_with_nine_has_the_same_problems(self):
        none = re.sub(b"(?s)<SEQUENCE>.*</SEQUENCE>", b"", NESTED)
        assert (codes(none), codes(none.replace(b"</CONTENT>", b"</CONTENT><SLIDE><TEXT>t</TEXT></SLIDE>"))) == (["E312"], [])
        assert codes(NESTED.replace(b"</SEQUENCE>", b"<SLIDE><TEXT>t</TEXT></SLIDE>" * 7 + b"</SEQUENCE>")) == ["E225"]


class TestSchemaFiles:
    @pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.xsd") if not path.name.endswith("-rules.xsd")))
    def test_the_structure_schemas_load_in_lxml(self, name):
        assert etree.XMLSchema(etree.parse(FOLDER / name)) is not None

    def test_every_schema_file_is_used(self):
        used = {one.file for one in schema._SCHEMAS.values()}
        under_rules = {name.replace("-rules", "") for name in used if "-rules" in name}
        assert {path.name for path in FOLDER.glob("*.xsd")} == used | under_rules

    def test_every_root_of_a_dialect_has_a_schema(self):
        roots = {root for dialect in DIALECTS.values() for root in dialect.roots if root}
        assert set(schema._SCHEMAS) == roots

    def test_the_schemas_are_found_in_a_package_and_in_a_checkout(self, tmp_path, monkeypatch):
        installed, checkout = tmp_path / "site-packages" / "skymms", tmp_path / "checkout" / "skymms"
        for package, folder in ((installed, installed / "xsd"), (checkout, checkout.parent / "xsd")):
            package.mkdir(parents=True)
            folder.mkdir()
            (folder / "skycore-request-rules.xsd").touch()
            monkeypatch.setattr(schema, "files", {"skymms": package}.__getitem__)
            assert schema_folder() == folder

    def test_missing_schemas_are_an_error(self, tmp_path, monkeypatch):
        monkeypatch.setattr(schema, "files", {"skymms": tmp_path / "skymms"}.__getitem__)
        with pytest.raises(ConfigurationError, match="reinstall skymms"):
            schema_folder()

    def test_importing_the_module_imports_neither_xmlschema_nor_lxml(self):
        import subprocess

        code = "import sys, skymms.wire.schemas; print(sorted({'xmlschema', 'lxml'} & set(sys.modules)))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout.strip() == "[]"


# ------------------------------------------------------------------------------------------------ rules and schemas agree

#: The codes of the rules that the schemas have, too: those about the content of a slideshow.
SHARED = {
    *("E223", "E224", "E225", "E226", "E227", "E230", "E311", "E312", "E313", "E314", "E334"),
    *("E351", "E352", "E353", "E355", "E356", "E357", "E358"),
}

# A carriage return is drawn apart: it is sent as a line feed, and the rule counts it before.
_any_texts = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"), max_size=8
)
_blank = st.text(" \t\n\u00a0\u2003", max_size=4)
_texts = _any_texts | _blank | st.sampled_from(["&<>]]>", "👩‍👩‍👧", "1\n2", "\n", " x "])
_long = st.builds(
    lambda piece, count: (piece * count)[:count],
    st.sampled_from(["x", "😀", "&", " ", "é\n"]),
    st.sampled_from([4999, 5000, 5001, 9000]),
)
_subjects = _texts | st.builds(lambda piece, count: piece * count, st.sampled_from(["x", "😀", "<"]), st.integers(79, 82))
_addresses = (
    st.sampled_from(
        [
            "http://media.example/a.jpg",
            "HTTPS://media.example",
            "https://m?a=1&b=<2>",
            "http://[::1]:80/x",
            "http://é/ü#x",
            "http:///no-host",
            "http://?no-host",
            "http://#",
            "http://",
            "https:/one-slash",
            "ftp://media.example/a.jpg",
            "media.example/a.jpg",
            "/a.jpg",
            " http://media.example/a.jpg",
            "http://media.example/a.jpg ",
            "http://media.example/a.jpg\n",
            "http://media.example/a b",
            "http://media.example/a\tb",
            "http://media example/",
            "http://\u00a0/",
            "http://a\u202eb/",
            "http://u:p@m.example:8080/x",
            "http://a\\@m.example/",
            "http://:80/x",
            "http://m:0/",
            "http://m:65535/",
            "http://m:65536/",
            "http://@/",
            "http://m..example/",
            "http://\u2603/",
            "",
        ]
    )
    | st.builds("http://media.example/{}".format, _any_texts)
    | st.builds("{}://x".format, _any_texts)
)
_durations = st.integers(-2, 3) | st.sampled_from([0, 30, 10**17, -(10**17)])
_slides = st.builds(
    Slide,
    st.none() | _texts | _long,
    duration=st.none() | _durations,
    **{kind: st.none() | st.none() | _addresses for kind in FILES},
)
_slideshows = st.builds(
    Slideshow,
    _texts,
    subject=st.none() | _subjects,
    fallback_text=st.none() | _texts,
    slides=st.lists(_slides, max_size=10).map(tuple),
)


def slide_of(path: str) -> int | None:
    """The slide that a path leads to, counted from 1; a slide that is alone has no number."""
    found = re.match(r"/[^/]+(?:/content/sequence)?/slide(?:\[(\d+)\])?(?:/|$)", path, re.IGNORECASE)
    return None if found is None else int(found[1] or 1)


def by_the_rules(slideshow: Slideshow) -> set[tuple[str | None, int | None]]:
    return {(problem.code, problem.slide) for problem in slideshow.problems() if problem.code in SHARED}


def by_the_schema(slideshow: Slideshow, dialect: DialectName, kind: type) -> set[tuple[str | None, int | None]]:
    operation = kind(slideshow, to="15551234888", sender="60856", service_id="1") if kind is SendMMS else kind(slideshow)
    problems = schema_problems(DIALECTS[dialect].encode_request(operation, CANARY))
    assert all(CANARY not in str(problem) for problem in problems)
    return {(problem.code, slide_of(problem.path)) for problem in problems if problem.code in SHARED}


def nested(document: bytes) -> bytes:
    """A request as it was written until 2014-02."""
    root = etree.fromstring(document)
    content = etree.SubElement(root, "CONTENT")
    sequence = etree.SubElement(content, "SEQUENCE")
    for name in ("NAME", "SUBJECT", "FALLBACKSMSTEXT"):
        content[:0] = root.findall(name)
    for slide in root.findall("SLIDE"):
        sequence.append(slide)
        for duration in slide.findall("DURATION"):
            slide.set("duration", duration.text or "")
            slide.remove(duration)
    return etree.tostring(root)


@given(_slideshows, st.sampled_from([SendMMS, SaveMMS]))
@example(Slideshow(""), SaveMMS)
@example(Slideshow("n", subject="s", slides=(Slide(duration=0), Slide("x" * 5001))), SendMMS)
@example(Slideshow("n", subject="x" * 81, slides=(Slide("t"),) * 9), SendMMS)
def test_a_legacy_request_has_the_problems_of_a_current_one(slideshow, kind):
    operation = kind(slideshow, to="15551234888", sender="60856") if kind is SendMMS else kind(slideshow)
    flat = DIALECTS["skycore"].encode_request(operation, CANARY)
    found = [{(one.code, slide_of(one.path)) for one in schema_problems(document)} for document in (flat, nested(flat))]
    assert found[0] == found[1]


@pytest.mark.parametrize("dialect", XML_DIALECTS)
class TestRulesAndSchema:
    @given(_slideshows, st.sampled_from([SendMMS, SaveMMS]))
    @example(Slideshow(""), SendMMS)
    @example(Slideshow("n", slides=(Slide(),)), SaveMMS)
    @example(Slideshow("n", slides=(Slide(duration=0), Slide("x" * 5001))), SendMMS)
    @example(Slideshow("n", subject="x" * 81, slides=(Slide("t"),) * 9), SendMMS)
    @example(Slideshow("n", slides=(Slide("\u00a0"), Slide(" \n"))), SendMMS)
    def test_rules_and_schema_find_the_same_problems(self, dialect, slideshow, kind):
        assert by_the_schema(slideshow, dialect, kind) == by_the_rules(slideshow)

    @pytest.mark.parametrize("code", sorted(SHARED))
    def test_the_schema_has_every_code_of_the_rules(self, dialect, code):
        # So that no code drops out of the property above unseen.
        file = schema_folder() / f"{dialect}-request-rules.xsd"
        assert file.read_text().count(f'id="{code}"') == 1


# ------------------------------------------------------------------------------------------------ problems

START = "<REQUEST><ACTION>sendMMS</ACTION><API_KEY>canary-5fa1c0de-key</API_KEY><TO>15551234888</TO><FROM>60856</FROM>\n"
REST = "<SUBJECT>s</SUBJECT><NAME>n</NAME>\n<SLIDE>\n<TEXT>t</TEXT></SLIDE></REQUEST>"


class TestProblems:
    @pytest.mark.parametrize(
        ("body", "code", "line", "path", "message"),
        [
            ("<FOO>x</FOO>" + REST, None, 2, "/REQUEST/FOO", "is not allowed here"),
            (REST.replace("<TEXT>", "<TEXT>u</TEXT>\n<TEXT>"), None, 5, "/REQUEST/SLIDE/TEXT[2]", "is given twice"),
            (REST.replace("<SLIDE>", "<SLIDE><IMAGE/>"), None, 3, "/REQUEST/SLIDE/IMAGE", "URL is missing"),
            (REST.replace("<SLIDE>", '<SLIDE length="5">'), None, 3, "/REQUEST/SLIDE", "'length' attribute not allowed"),
            (REST.replace("t</TEXT>", "t<B/></TEXT>"), None, 4, "/REQUEST/SLIDE/TEXT", "can't have child elements"),
            (REST.replace("<SLIDE>", "<SLIDE>words"), None, 3, "/REQUEST/SLIDE", "character data between"),
            ("<NAME>n</NAME>" + REST, "E100", 1, "/REQUEST", "only slides and custom texts are given more than once"),
            (
                REST.replace("<SLIDE>", "<SLIDE/>\n<SLIDE>"),
                "E313",
                3,
                "/REQUEST/SLIDE[1]",
                "A slide has a file, or text that is not blank",
            ),
            ("<MMSLINK_EXPIRATION_DATE>soon</MMSLINK_EXPIRATION_DATE>" + REST, "E617", 1, "/REQUEST", "ISO 8601"),
        ],
    )
    def test_a_problem_has_path_line_and_message(self, body, code, line, path, message):
        (problem,) = schema_problems((START + body).encode())
        assert (problem.code, problem.line, problem.path) == (code, line, path)
        assert message in problem.message

    def test_a_duration_that_is_not_a_number_has_two_problems(self):
        problems = schema_problems((START + REST.replace("<TEXT>", "<DURATION>soon</DURATION><TEXT>")).encode())
        assert [(problem.code, problem.path) for problem in problems] == [
            ("E230", "/REQUEST/SLIDE"),
            (None, "/REQUEST/SLIDE/DURATION"),
        ]
        assert all("soon" not in problem.message for problem in problems)

    def test_problems_are_in_the_order_of_lines(self):
        document = "<REQUEST>\n<FOO/>\n<SLIDE/>\n<BAR/>\n</REQUEST>"
        lines = [problem.line or 0 for problem in schema_problems(document.encode())]
        assert lines == sorted(lines)
        assert set(lines) == {1, 2, 3, 4}

    def test_a_problem_prints_in_one_line(self):
        (problem,) = schema_problems((START + "<FOO/>" + REST).encode())
        assert str(problem) == "line 2, /REQUEST/FOO: is not allowed here"
        assert str(SchemaProblem("E313", 3, "/REQUEST/SLIDE", "words")) == "E313 line 3, /REQUEST/SLIDE: words"
        assert str(SchemaProblem(None, None, "/", "words")) == "/: words"

    @pytest.mark.parametrize(
        ("document", "message"),
        [
            ("", "not well-formed"),
            ("/etc/passwd", "not well-formed"),
            ("http://127.0.0.1:9/x.xml", "not well-formed"),
            ("<REQUEST>", "not well-formed"),
            ("<!DOCTYPE REQUEST><REQUEST/>", "DOCTYPE"),
            ("<html/>", "the root html "),
            ("<Request/>", "the root Request "),
            ("<SLIDE><TEXT>t</TEXT></SLIDE>", "the root SLIDE "),
            ("<STATUS>Success</STATUS>", "the root STATUS "),
            ('<REQUEST xmlns="urn:x"/>', "the root {urn:x}REQUEST "),
            ("<REQUEST>" + "<X/>" * MAX_ELEMENTS + "</REQUEST>", "more than 10,000 elements"),
            ("<REQUEST>" + "x" * MAX_REQUEST + "</REQUEST>", "more than the 1,048,576 allowed"),
        ],
        ids=range(12),
    )
    def test_another_document_has_one_problem(self, document, message):
        (problem,) = schema_problems(document.encode())
        assert problem.code is None
        assert message in problem.message

    def test_the_number_of_problems_is_limited(self):
        assert len(schema_problems(b"<REQUEST>" + b"<X/>" * 500 + b"</REQUEST>")) == MAX_PROBLEMS

    @pytest.mark.parametrize(
        "inside",
        [
            f"<API_KEY>{CANARY}</API_KEY><API_KEY>{CANARY}</API_KEY>",
            f"<API_KEY><B>{CANARY}</B></API_KEY>",
            f"<APIKEY>{CANARY}</APIKEY>{CANARY}",
            f"<SLIDE><DURATION>{CANARY}</DURATION><API_KEY>{CANARY}</API_KEY></SLIDE>",
            f'<API_KEY xsi:type="xs:integer">{CANARY}</API_KEY>',
            f'<API_KEY xsi:type="{CANARY}">x</API_KEY>',
            f'<API_KEY xsi:nil="true" key="{CANARY}">{CANARY}</API_KEY>',
            f"<CUSTOMTEXT><VALUE>v</VALUE><SLIDE>{CANARY}</SLIDE></CUSTOMTEXT>",
            f"<MMSLINK_EXPIRATION_DATE>{CANARY}</MMSLINK_EXPIRATION_DATE>",
        ],
    )
    def test_messages_do_not_quote_the_document(self, inside):
        spaces = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        problems = schema_problems(f"<REQUEST {spaces}><ACTION>sendMMS</ACTION>{inside}</REQUEST>".encode())
        assert problems
        assert CANARY not in repr(problems)


class TestHostileDocument:
    def test_a_document_cannot_choose_its_schema(self, monkeypatch):
        # The gateways' own postbacks of 2013 carry such an address; nothing may be fetched from there.
        import urllib.request

        monkeypatch.setattr(urllib.request, "urlopen", lambda *args, **options: pytest.fail(f"opened {args}"))
        spaces = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        document = POSTBACKS[0].replace(
            "<POSTBACK>",
            f'<POSTBACK {spaces} xsi:noNamespaceSchemaLocation="http://127.0.0.1:9/x.xsd" xsi:schemaLocation="u v">',
        )
        assert schema_problems(document.encode()) == ()

    @pytest.mark.parametrize("switch", ['xsi:type="xs:integer"', 'xsi:type="nothing"', 'xsi:type="a:b:c"', 'xsi:nil="true"'])
    def test_a_document_cannot_change_its_validation(self, switch):
        spaces = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        document = SKYCORE_EXAMPLE.replace("<REQUEST>", f"<REQUEST {spaces}>").replace("<SUBJECT>", f"<SUBJECT {switch}>")
        (problem,) = schema_problems(document.encode())
        assert (problem.path, problem.message) == (
            "/REQUEST/SUBJECT",
            f"the attribute {switch.partition('=')[0]} is not allowed",
        )

    @given(
        st.recursive(
            st.text("aé \n5", max_size=3),
            lambda inner: st.lists(
                st.builds(
                    lambda name, extra, parts: f"<{name}{extra}>{''.join(parts)}</{name}>",
                    st.sampled_from(
                        ["ACTION", "SLIDE", "IMAGE", "URL", "TEXT", "DURATION", "DATA", "CUSTOMTEXT", "X", "STATUS"]
                    ),
                    st.sampled_from(["", ' a="b"', ' xmlns="u"', ' xml:space="preserve"', ' xsi:type="t"', ' xsi:nope="t"']),
                    st.lists(inner, max_size=3),
                ),
                max_size=4,
            ).map("".join),
            max_leaves=12,
        ),
        st.sampled_from(sorted(schema._SCHEMAS)),
    )
    def test_a_hostile_document_raises_no_error(self, inside, root):
        document = f'<{root} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{inside}</{root}>'
        assert all(isinstance(problem, SchemaProblem) for problem in schema_problems(document.encode()))

    @given(st.binary(max_size=60))
    def test_any_bytes_raise_no_error(self, data):
        assert len(schema_problems(data)) >= 1


def test_several_threads_may_check_at_once():
    answers: list[tuple[str | None, ...]] = []
    wrong = START + REST.replace("<SLIDE>", "<SLIDE/>\n<SLIDE>")
    threads = [threading.Thread(target=lambda: answers.append(tuple(codes(wrong)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [("E313",)] * 8


def test_the_hypothesis_profile_is_used_here():
    from hypothesis import settings

    assert settings().deadline is None, strategies.__doc__


def test_the_schemas_are_in_the_folder_that_the_wheel_includes():
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"xsd": "skymms/xsd"}


ENCODABLE = [
    (dialect, kind) for dialect in DIALECTS.values() if dialect.codec is xml for kind in REQUESTS if dialect.action(kind)
]


@pytest.mark.parametrize(("dialect", "kind"), ENCODABLE, ids=lambda it: getattr(it, "name", None) or it.__name__)
@settings(max_examples=5)
@given(data=st.data())
def test_every_wire_name_of_the_table_is_in_the_schema(dialect: Dialect, kind: type[Any], data: st.DataObject) -> None:
    document = dialect.encode_request(data.draw(strategies.right_operations(dialect, kind)), "0123456789abcdef")
    assert [problem for problem in schema_problems(document) if problem.code is None] == []


# ------------------------------------------------------------------------------------------------ compared with libxml2

STRUCTURES = {
    "REQUEST": "skycore-request.xsd",
    "RESPONSE": "skycore-response.xsd",
    "POSTBACK": "skycore-postback.xsd",
    "request": "sinch-request.xsd",
    "response": "sinch-response.xsd",
    "postback": "sinch-postback.xsd",
}
LIBXML2 = {root: etree.XMLSchema(etree.parse(FOLDER / file)) for root, file in STRUCTURES.items()}
TO_CHANGE = [SKYCORE_EXAMPLE, SINCH_EXAMPLE, NESTED.decode(), *ANSWERS, *POSTBACKS]

#: The ways to change one element of a document.
CHANGES: dict[str, Any] = {
    "words in it": lambda element: setattr(element, "text", "words"),
    "words after it": lambda element: element.getparent() is not None and setattr(element, "tail", "words"),
    "a no-break space in it": lambda element: setattr(element, "text", "\u00a0"),
    "blanks in it": lambda element: setattr(element, "text", " \n"),
    "an attribute": lambda element: element.set("new", "1"),
    "an attribute of another namespace": lambda element: element.set("{urn:new}new", "1"),
    "a language": lambda element: element.set("{http://www.w3.org/XML/1998/namespace}lang", "en"),
    "a duration": lambda element: element.set("DURATION", "1"),
    "the address of a schema": lambda element: element.set(
        "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation", "x.xsd"
    ),
    "an unknown element in it": lambda element: etree.SubElement(element, "NEW"),
    "a known element in it": lambda element: etree.SubElement(element, "TO"),
    "a slide in it": lambda element: etree.SubElement(element, "SLIDE"),
    "another name": lambda element: element.getparent() is not None and setattr(element, "tag", "NEW"),
    "another namespace": lambda element: element.getparent() is not None and setattr(element, "tag", "{urn:new}TO"),
    "a comment in it": lambda element: element.append(etree.Comment("words")),
    "twice": lambda element: element.getparent() is not None and element.addnext(copy.deepcopy(element)),
    "left out": lambda element: element.getparent() is not None and element.getparent().remove(element),
}


@pytest.mark.unmeasured
@pytest.mark.parametrize("document", TO_CHANGE, ids=range(len(TO_CHANGE)))
@pytest.mark.parametrize("change", CHANGES)
def test_the_problems_in_the_structure_agree_with_libxml2(change, document):
    tree = etree.fromstring(document.encode())
    for at in range(sum(1 for _ in tree.iter(etree.Element))):
        changed = copy.deepcopy(tree)
        CHANGES[change]([*changed.iter(etree.Element)][at])
        found = [problem for problem in schema_problems(etree.tostring(changed)) if problem.code is None]
        assert bool(found) is not LIBXML2[str(changed.tag)].validate(changed), etree.tostring(changed)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"<REQUEST>" + b"".join(b"<a xmlns:n%d='u'/>" % at for at in range(30)) + b"</REQUEST>", "namespaces"),
        (b"<REQUEST " + b" ".join(b"a%d=''" % at for at in range(120)) + b"/>", "attributes"),
        (b"<REQUEST>" + b"<SLIDE/>" * 20_000 + b"</REQUEST>", "elements"),
    ],
)
def test_a_document_that_would_take_minutes_is_a_problem(document: bytes, words: str) -> None:
    (problem,) = schema_problems(document)
    assert words in str(problem)
