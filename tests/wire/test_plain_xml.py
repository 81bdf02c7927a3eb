"""Plain documents are read without lxml, and exactly as lxml reads them; whatever else is left to lxml."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from attacks import HARMLESS, NUMBER, REFUSED, Scene
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree
from misbehaving_server import Faulty, http
from vectors import VECTORS

from skymms import Account, ConfigurationError, ListMMS
from skymms.wire.codecs import xml_tree
from skymms.wire.codecs.xml_parser import OPTIONS
from skymms.wire.codecs.xml_plain import read_plain

LIMIT = 64 * 1024
PLAIN = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<RESPONSE>\n\t<STATUS>Success</STATUS> <TO>1555</TO><INFO></INFO>\n</RESPONSE>\n'
)


def read_by_lxml(body: bytes) -> tuple[str, dict[str, str]] | None:
    """The root's name and the texts; None if lxml refuses the document, or if it is more than texts with different names."""
    try:
        root: Any = etree.fromstring(body, etree.XMLParser(**{**OPTIONS, "remove_comments": False, "remove_pis": False}))
    except (etree.XMLSyntaxError, ValueError):
        return None
    children: list[Any] = list(root)
    nothing_else = not (root.text or "").strip(" \t\n") and all(
        isinstance(child.tag, str) and not len(child) and not child.attrib and not (child.tail or "").strip(" \t\n")
        for child in children
    )
    texts = {child.tag: child.text or "" for child in children}
    return (root.tag, texts) if nothing_else and not root.attrib and len(texts) == len(children) else None


def check(body: bytes) -> bool:
    """Whether a document is plain; if it is, both readers agree."""
    plain = read_plain(body, LIMIT)
    if plain is not None:
        assert plain == read_by_lxml(body)
        assert plain == (lambda root: (root.tag, {child.tag: child.text or "" for child in root}))(xml_tree.parse(body, LIMIT))
    return plain is not None


# ------------------------------------------------------------------------------------------------ the same as lxml


def test_a_plain_document() -> None:
    assert read_plain(PLAIN, LIMIT) == ("RESPONSE", {"STATUS": "Success", "TO": "1555", "INFO": ""})
    assert check(PLAIN)


@pytest.mark.parametrize("value", range(256))
def test_any_byte_at_any_place(value: int) -> None:
    """An inserted, and a replaced byte: the document is read as lxml reads it, or left to lxml."""
    for at in range(len(PLAIN) + 1):
        check(PLAIN[:at] + bytes([value]) + PLAIN[at:])
        check(PLAIN[:at] + bytes([value]) + PLAIN[at + 1 :])


def test_any_part_left_out_or_doubled() -> None:
    for at in range(len(PLAIN)):
        for end in range(at + 1, len(PLAIN) + 1):
            check(PLAIN[:at] + PLAIN[end:])
            check(PLAIN[:end] + PLAIN[at:])


PIECES = [
    *("<", ">", "</", "/>", "<A>", "</A>", "<B>", "</B>", "<a>", "</a>", "<A ", "x='1'", "=", "'", '"', ":", "<n:A>", "</n:A>"),
    *("<RESPONSE>", "</RESPONSE>", "<xml>", "</xml>", "<A.-_1>", "</A.-_1>", "<1>", "</1>", "<É>", "</É>", "<A\n>", "</A >"),
    *("<!--", "-->", "<!-- c -->", "<?pi x?>", "<![CDATA[", "]]>", "<!DOCTYPE A>", "&amp;", "&x;", "&#65;", "&", ";"),
    *(
        '<?xml version="1.0"?>',
        '<?xml version="1.0" encoding="utf-8"?>',
        "<?xml version='1.1'?>",
        '<?xml version="1.0" encoding="x"?>',
    ),
    *(
        " ",
        "\n",
        "\t",
        "\r",
        "\r\n",
        "\x0b",
        "\x0c",
        "\x00",
        "\x1f",
        "\x7f",
        "\x85",
        "\xa0",
        "\u2028",
        "\u3000",
        "\ufeff",
        "\ufffe",
    ),
    *("text", "é", "😀", "1", "]]", "\ud800"),
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=14).map("".join))
@example("<A><B>]]></B></A>")
@example("<A><xml>1</xml></A>")
@example("<A><B>\x85</B></A>")
@example("\ufeff<A><B>1</B></A>")
@example("<A><B>1</B>\x0c</A>")
@example("<A><B>1</B><B>2</B></A>")
def test_any_pieces(document: str) -> None:
    check(document.encode("utf-8", "surrogatepass"))


@given(
    st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,5}", fullmatch=True), st.text(max_size=8), min_size=1, max_size=5)
)
def test_any_texts(texts: dict[str, str]) -> None:
    elements = "".join(f"<{name}>{text}</{name}>" for name, text in texts.items())
    is_plain = check(f"<R>{elements}</R>".encode("utf-8", "surrogatepass"))
    assert is_plain is not bool(re.search("[<&>\\x00-\\x08\\x0b-\\x1f\ud800-\udfff\ufffe\uffff]", "".join(texts.values())))


@pytest.mark.parametrize("attack", [*REFUSED, *HARMLESS])
def test_an_attack_is_left_to_lxml_or_read_like_lxml(attack: str, tmp_path: Path) -> None:
    def make(*, before: str = "", to: str = NUMBER, more: str = "", attributes: str = "") -> bytes:
        inside = f"<STATUS>Success</STATUS><TO>{to}</TO><TRACKINGID>T1</TRACKINGID>{more}"
        return f"{before}<RESPONSE{attributes}>{inside}</RESPONSE>".encode()

    body = {**REFUSED, **HARMLESS}[attack]
    check(body(make, Scene(tmp_path / "secret", "http://127.0.0.1:9/")))


# ------------------------------------------------------------------------------------------------ what is plain


def test_the_responses_of_the_documents_are_plain_unless_they_have_groups() -> None:
    answers = [vector.answer.encode() for vector in VECTORS if vector.answer.lstrip().startswith("<")]
    assert sum(map(check, answers)) > len(answers) / 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<R></R>",
        b"<R>text</R>",
        b"<R><A>1</A>text</R>",
        b"<R><A/></R>",
        b"<R x='1'><A>1</A></R>",
        b"<R><A x='1'>1</A></R>",
        b"<R><A><B>1</B></A></R>",
        b"<R><A>1</A><A>2</A></R>",
        b"<R><A>1</A></S>",
        b"<R><A>1</B></R>",
        b"<R><A>1 &amp; 2</A></R>",
        b"<R><!-- --><A>1</A></R>",
        b"<R><A>1<!-- --></A></R>",
        b"<R><A><![CDATA[1]]></A></R>",
        b"<!DOCTYPE R><R><A>1</A></R>",
        b'<?xml version="1.0" encoding="latin-1"?><R><A>\xe9</A></R>',
        b"<R><A>\xe9</A></R>",
        b"<R><n:A xmlns:n='n'>1</n:A></R>",
        b"<R><A>1\r\n</A></R>",
        b"<R><" + b"A" * 101 + b">1</" + b"A" * 101 + b"></R>",
        b"<R><A>" + b"1" * LIMIT + b"</A></R>",
    ],
)
def test_other_documents_are_not_plain(body: bytes) -> None:
    assert read_plain(body, LIMIT) is None


# ------------------------------------------------------------------------------------------------ without lxml


def test_a_program_that_gets_plain_documents_does_not_import_lxml() -> None:
    program = """
import sys
from skymms import Account, Client, SendMMS, Slideshow, read_postbacks
with Client(Account("some-long-key", url=sys.argv[1])) as client:
    print(client.send_mms(Slideshow("n", subject="s").slide("Hi"), to="15551234888", sender="60856").tracking_id)
print(read_postbacks(b"<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N101</CODE><TRACKINGID>T1</TRACKINGID></POSTBACK>")[0].tracking_id)
print("lxml" in sys.modules)
"""
    answer = b"<RESPONSE><STATUS>Success</STATUS><TRACKINGID>T1</TRACKINGID></RESPONSE>"
    with Faulty(http(answer)) as server:
        ran = subprocess.run([sys.executable, "-c", program, server.url], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["T1", "T1", "False"]


def test_a_missing_lxml_is_reported_before_a_request_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "lxml")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="pip install lxml"):
        Account("some-long-key").encode(ListMMS())


def test_an_lxml_that_cannot_be_imported_loses_no_plain_response_and_no_doubt() -> None:
    """For example, it was built for another system; that shows only at the first response that is not plain."""
    program = """
import sys
sys.modules["lxml.etree"] = None
from skymms import Account, HttpResponse, ListMMS, ProtocolError, SendMMS, Slideshow
account, send = Account("some-long-key"), SendMMS(Slideshow("n", subject="s").slide("Hi"), to="15551234888", sender="60856")
account.encode(send)
plain = b"<RESPONSE><STATUS>Success</STATUS><TRACKINGID>T1</TRACKINGID></RESPONSE>"
print(account.decode(send, HttpResponse(200, {}, plain)).tracking_id)
for operation in (send, ListMMS()):
    try:
        account.decode(operation, HttpResponse(200, {}, plain.replace(b"T1", b"T&amp;1")))
    except ProtocolError as error:
        print(error.sent_maybe, "cannot be imported" in str(error))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["T1", "True True", "False True"]
