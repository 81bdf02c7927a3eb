"""Characters that XML and JSON cannot hold: the event that has them is read, and so are the other events of the body."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
import strategies  # noqa: F401 (settles how hypothesis runs)
from hypothesis import given
from hypothesis import strategies as st

from skymms import Account, HttpResponse, InboundSMS, ProtocolError, SendMMS, Slideshow, read_postbacks, read_report
from skymms.cellcast import read_cellcast_webhook
from skymms.wire.schemas import schema_problems

#: What is written in the text of an event, and how it is read.
WRITTEN: dict[bytes, str] = {
    b"&#55357;&#56832;": "\U0001f600",
    b"&#xD83D;&#xDE00;": "\U0001f600",
    b"&#xd83d;&#56832;": "\U0001f600",
    b"a&#55357;&#56832;&#55357;&#56832;z": "a\U0001f600\U0001f600z",
    b"\xed\xa0\xbd\xed\xb8\x80": "\U0001f600",  # a surrogate pair in six bytes
    b"&#55357;": "\ufffd",
    b"&#56832;&#55357;": "\ufffd\ufffd",
    b"&#55357;a&#56832;": "\ufffda\ufffd",
    b"&#x1A;": "\ufffd",
    b"&#0;": "\ufffd",
    b"&#xFFFE;": "\ufffd",
    b"&#x110000;": "\ufffd",
    b"&#" + b"9" * 5000 + b";": "\ufffd",
    b"\x1a": "\ufffd",
    b"a\x00b": "a\ufffdb",
    b"\xff": "\ufffd",
    b"caf\xe9": "caf\ufffd",
    b"\xef\xbf\xbf": "\ufffd",
    # Characters that are allowed beside one that is not.
    b"&#65;&amp;&#10;\t\xc3\xa9\x7f\x1b": "A&\n\t\xe9\x7f\ufffd",
    # In a CDATA section, nothing is a reference.
    b"\x1b<![CDATA[&#55357;&#56832;]]>": "\ufffd&#55357;&#56832;",
    b"\x1b<!-- &#x1A; -->": "\ufffd",
}
EACH = pytest.mark.parametrize("written", WRITTEN, ids=range(len(WRITTEN)))


def sms(text: bytes, number: int = 1) -> bytes:
    return b"<ORIGIN>SMS_MO</ORIGIN><CODE>N211</CODE><TEXT>%b</TEXT><TRANSACTIONID>%d</TRANSACTIONID>" % (text, number)


def texts(body: bytes) -> list[str | None]:
    notices = read_postbacks(body)
    assert all(isinstance(notice, InboundSMS) for notice in notices)
    return [notice.text for notice in notices if isinstance(notice, InboundSMS)]


@EACH
@pytest.mark.parametrize(
    "before", [b"", b"<?xml version='1.0'?>", b"\n<?xml version='1.0' encoding='UTF-8'?>", b"\xef\xbb\xbf"]
)
def test_a_single_event_is_read(written: bytes, before: bytes) -> None:
    assert texts(before + b"<POSTBACK>" + sms(written) + b"</POSTBACK>") == [WRITTEN[written]]


@EACH
@pytest.mark.parametrize("inside", [b"%b", b"<BODY>%b</BODY>"])
def test_the_other_events_of_a_batch_survive(written: bytes, inside: bytes) -> None:
    events = [sms(b"first", 1), sms(written, 2), sms(b"last", 3)]
    body = b"".join(b"<NOTIFICATION>" + inside % event + b"</NOTIFICATION>" for event in events)
    assert texts(b"<POSTBACK>" + body + b"</POSTBACK>") == ["first", WRITTEN[written], "last"]


@EACH
def test_a_document_in_a_form_field_is_repaired(written: bytes) -> None:
    document = b"<POSTBACK>" + sms(written) + b"</POSTBACK>"
    assert texts(b"xml=" + quote(document, safe="").encode()) == [WRITTEN[written]]


JSON_WRITTEN: dict[bytes, str] = {
    b"\\ud83d\\ude00": "\U0001f600",
    b"\\ud83d": "\ufffd",
    b"\\ude00\\ud83d": "\ufffd\ufffd",
    b"\\\\ud83d \\ud83d": "\\ud83d \ufffd",
    b"\x1a": "\ufffd",
    b"a\nb\tc": "a\nb\tc",
    b"\xff": "\ufffd",
    b"\xed\xa0\xbd\xed\xb8\x80": "\U0001f600",
    b"\\ud83d\xff": "\ufffd\ufffd",
}


@pytest.mark.parametrize("written", JSON_WRITTEN, ids=range(len(JSON_WRITTEN)))
def test_events_in_json_are_repaired_in_both_readers(written: bytes) -> None:
    event = b'{"origin": "SMS_MO", "code": "N211", "from": "61491570156", "%b": "%b", "transaction-id": "%d"}'
    for name, read in ((b"message-text", read_postbacks), (b"body", read_cellcast_webhook)):
        events = [event % (name, text, at) for at, text in enumerate([b"first", written, b"last"])]
        notices = read(b"[" + b",".join(events) + b"]")
        found = [notice.text for notice in notices if isinstance(notice, InboundSMS)]
        assert found == ["first", JSON_WRITTEN[written], "last"]
        assert len({notice.identity for notice in notices}) == 3
        assert all(repr((notice, notice.raw)).encode() and notice.identity.encode() for notice in notices)


def test_a_contradictory_event_in_json_does_not_lose_the_others() -> None:
    good = '{"origin": "SMS_MO", "code": "N211", "message-text": "%d"}'
    bad = '{"origin": "SMS_MO", "code": "N211", "message-text": "1", "message-text": "2", "x": [1, 2]}'
    first, contradictory, last = read_postbacks(f"[{good % 1},{bad},{good % 3}]".encode())
    assert [type(notice).__name__ for notice in (first, contradictory, last)] == ["InboundSMS", "UnknownNotice", "InboundSMS"]
    assert [text for name, text in contradictory.raw if name == "message-text"] == ["1", "2"]
    with pytest.raises(ProtocolError, match="twice"):
        read_postbacks(bad.encode())


FORBIDDEN = st.sampled_from(
    [
        *(b"&#%d;" % code for code in (0, 26, 0xD800, 0xDFFF, 0xFFFE, 0x110000, 0x110001)),
        *(bytes((code,)) for code in (0, 1, 0x1F, 0x80, 0xFF)),
    ]
)


@given(st.lists(FORBIDDEN, min_size=1, max_size=3), st.lists(FORBIDDEN, min_size=1, max_size=3))
def test_events_that_differ_only_in_replaced_characters_are_different(first: list[bytes], second: list[bytes]) -> None:
    # Characters between them keep two from becoming one.
    one, other = b"-".join(first), b"-".join(second)
    identities = [read_postbacks(b"<POSTBACK>" + sms(text) + b"</POSTBACK>")[0].identity for text in (one, other, one)]
    assert (identities[0] == identities[1]) is (_codes(one) == _codes(other))
    assert identities[0] == identities[2]


def _codes(text: bytes) -> bytes:
    """A character and the reference to it are the same."""
    return text.replace(b"&#0;", b"\0")


def test_a_repaired_event_has_the_same_identity_alone_and_in_a_batch() -> None:
    alone = read_postbacks(b"<POSTBACK>" + sms(b"\x1a") + b"</POSTBACK>")[0]
    batch = read_postbacks(b"<POSTBACK>" + b"<NOTIFICATION>" + sms(b"\x1a") + b"</NOTIFICATION>" + b"</POSTBACK>")[0]
    assert alone.identity == batch.identity
    assert alone.identity != read_postbacks(b"<POSTBACK>" + sms("\ufffd".encode()) + b"</POSTBACK>")[0].identity


@pytest.mark.parametrize("written", [b"&#55357;&#56832;", b"&#x1A;", b"\x1a", b"\xff"])
def test_the_other_readers_stay_strict(written: bytes) -> None:
    send = SendMMS(Slideshow("n", subject="s").slide("t"), to="15551234888", sender="60856")
    response = b"<RESPONSE><STATUS>Success</STATUS><STATUSDETAILS>" + written + b"</STATUSDETAILS></RESPONSE>"
    with pytest.raises(ProtocolError):
        Account("some-long-key").decode(send, HttpResponse(200, {}, response))
    with pytest.raises(ProtocolError):
        read_report(b"<RESPONSE><A>" + written + b"</A></RESPONSE>")
    (problem,) = schema_problems(b"<RESPONSE><STATUS>" + written + b"</STATUS></RESPONSE>")
    assert problem.path == "/"


BEGINNINGS = [b"\n", b" \r\n\t", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", b"\n\xef\xbb\xbf\r\n", b"\x0c"]
DECLARATIONS = [
    b"",
    b"<?xml version='1.0'?>",
    *(b"<?xml version='1.0' encoding='%b'?>" % name for name in (b"UTF-8", b"ISO-8859-1", b"UTF-16", b"x")),
]


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("declaration", DECLARATIONS)
def test_white_space_marks_and_the_declared_encoding_of_ascii_are_harmless_in_every_reader(
    beginning: bytes, declaration: bytes
) -> None:
    before = beginning + declaration
    assert texts(before + b"<POSTBACK>" + sms(b"Hi") + b"</POSTBACK>") == ["Hi"]
    send = SendMMS(Slideshow("n", subject="s").slide("t"), to="15551234888", sender="60856", service_id="1")
    for dialect, document in (
        ("skycore", before + b"<RESPONSE><STATUS>Success</STATUS><TRACKINGID>T1</TRACKINGID></RESPONSE>"),
        ("skycore-get", before + b"<RESPONSE><STATUS>Success</STATUS><TRACKINGID>T1</TRACKINGID></RESPONSE>"),
        ("sinch", before + b"<response><status>Success</status><tracking-id>T1</tracking-id></response>"),
        ("sinch-json", beginning + b'{"status": "success", "tracking-id": "T1"}'),
    ):
        account = Account("some-long-key", dialect=dialect)  # type: ignore[arg-type]
        assert account.decode(send, HttpResponse(200, {}, document)).tracking_id == "T1"
    assert read_report(before + b'<RESPONSE><L><CONTENT id="1"/></L></RESPONSE>')[0].id == "1"
    lines = beginning.count(b"\n")
    (problem,) = schema_problems(before + b"<RESPONSE>\n<STATUS>Success</STATUS>\nwords</RESPONSE>")
    assert problem.line == 1 + lines
    (report,) = read_cellcast_webhook(
        beginning + json.dumps({"message_id": "1", "status": "sent", "recipient": "61491570156"}).encode()
    )
    assert report.tracking_id == "1"


def test_an_encoding_that_makes_a_difference_is_refused() -> None:
    for name in ("ISO-8859-1", "windows-1252"):
        with pytest.raises(ProtocolError, match="encoding"):
            read_postbacks(f"<?xml version='1.0' encoding='{name}'?><POSTBACK><TEXT>é</TEXT></POSTBACK>".encode(name))
