"""Nothing that was received or written in a file is dropped: attributes, words beside elements, unknown elements."""

from __future__ import annotations

import pytest

from skymms import Account, HttpResponse, SendMMS, Slideshow, UnknownNotice, read_postbacks, read_report
from skymms.files import read_file
from skymms.postbacks import unrecognised_fields
from skymms.wire.schemas import schema_problems

SEND = SendMMS(Slideshow("n", subject="s").slide("t"), to="15551234888", sender="60856")

#: The form of 2013, as the vendor's PHP SDK writes it.
NESTED = b"""<REQUEST><ACTION>saveMMS</ACTION><API_KEY>k</API_KEY><CONTENT><NAME>n</NAME><SUBJECT>s</SUBJECT>
<SEQUENCE><SLIDE DURATION="10"><TEXT>One</TEXT></SLIDE>
<SLIDE duration="5"><TEXT>Two</TEXT></SLIDE></SEQUENCE></CONTENT></REQUEST>"""


def test_the_duration_in_the_form_of_2013_is_read_in_any_case() -> None:
    content = read_file(NESTED)
    assert content.slideshow is not None
    assert [slide.duration for slide in content.slideshow.slides] == [10, 5]
    assert content.unread == ()
    assert schema_problems(NESTED) == ()
    for wrong in (b'DURATION="0"', b'DURATION="x"', b'DURATION=""'):
        (problem,) = schema_problems(NESTED.replace(b'DURATION="10"', wrong))
        assert problem.code == "E230"
    (problem,) = schema_problems(NESTED.replace(b'DURATION="10"', b'DURATION="10" duration="5"'))
    assert problem.code == "E100"


@pytest.mark.parametrize(
    ("of", "instead", "unread"),
    [
        ("<REQUEST>", '<REQUEST version="1">', "@version"),
        ("<REQUEST>", "<REQUEST>words", "#text"),
        ("</ACTION>", "</ACTION>words", "#text"),
        ("<SEQUENCE>", '<SEQUENCE order="up">', "@order"),
        ("<SEQUENCE>", "<SEQUENCE>words", "#text"),
        ("<CONTENT>", '<CONTENT lang="en">', "@lang"),
        ('DURATION="10"', 'DURATION="10" effect="fade"', "SLIDE/@effect"),
        ("<NAME>", '<NAME kind="x">', "NAME/@kind"),
        ("<TEXT>One", '<TEXT style="bold">One', "SLIDE/TEXT/@style"),
        ("<TEXT>One", "<COLOR>red</COLOR><TEXT>One", "SLIDE/COLOR"),
    ],
)
def test_everything_unread_in_a_request_is_reported(of: str, instead: str, unread: str) -> None:
    document = NESTED.decode().replace(of, instead, 1).encode()
    assert read_file(document).unread == (unread,)
    assert read_file(document).slideshow == read_file(NESTED).slideshow
    assert any(problem.code is None for problem in schema_problems(document))


def test_an_attribute_of_data_is_not_a_merge_value() -> None:
    document = b"<REQUEST><ACTION>sendSavedMMS</ACTION><MMSID>1</MMSID><DATA kind='x'><A>1</A></DATA></REQUEST>"
    content = read_file(document)
    assert getattr(content.operation, "data") == {"a": "1"}  # noqa: B009
    assert content.unread == ("DATA/@kind",)


def test_everything_unread_in_a_response_is_in_raw() -> None:
    body = b'<RESPONSE v="1">a<STATUS code="9">Success</STATUS>b<TRACKINGID>T1</TRACKINGID></RESPONSE>'
    reply = Account("some-long-key").decode(SEND, HttpResponse(200, {}, body))
    assert reply.tracking_id == "T1"
    assert set(reply.raw) == {
        ("@v", "1"),
        ("#text", "a b"),
        ("STATUS/@code", "9"),
        ("STATUS", "Success"),
        ("TRACKINGID", "T1"),
    }


def test_everything_unread_in_a_postback_is_in_raw_and_named() -> None:
    body = b"""<POSTBACK kind="batch">words<COUNT>2</COUNT>
        <NOTIFICATION id="521495" created="2012-06-07 07:27:34-04">one<ORIGIN a="b">MMS_MT</ORIGIN><CODE>N102</CODE>
        <BODY c="d">two<TO>15551112222</TO><OS>iOS</OS><STATUS celly="20" provider="1000" text="Retrieved"/></BODY>
        </NOTIFICATION>
        <NOTIFICATION id="521496"><ORIGIN>MMS_MT</ORIGIN><CODE>N101</CODE></NOTIFICATION></POSTBACK>"""
    first, second = read_postbacks(body)
    assert set(unrecognised_fields(first)) == {
        ("@id", "521495"),
        ("@created", "2012-06-07 07:27:34-04"),
        ("#text", "one"),
        ("#text", "two"),
        ("ORIGIN/@a", "b"),
        ("@c", "d"),
        ("OS", "iOS"),
        ("STATUS/@provider", "1000"),
        ("POSTBACK/@kind", "batch"),
        ("POSTBACK/#text", "words"),
        ("POSTBACK/COUNT", "2"),
    }
    assert unrecognised_fields(second) == (("@id", "521496"),)
    assert {("STATUS/@celly", "20"), ("TO", "15551112222")} <= set(first.raw)


def test_an_unknown_notice_has_no_field_that_was_read() -> None:
    (notice,) = read_postbacks(b"<POSTBACK><CODE>X1</CODE><A b='c'>d</A></POSTBACK>")
    assert isinstance(notice, UnknownNotice)
    assert unrecognised_fields(notice) == notice.raw == (("CODE", "X1"), ("A/@b", "c"), ("A", "d"))


def test_words_beside_the_elements_of_an_event_do_not_lose_the_other_events() -> None:
    events = (
        "<NOTIFICATION><CODE>N102</CODE><TO>1555<b/>1234888</TO></NOTIFICATION><NOTIFICATION><CODE>N101</CODE></NOTIFICATION>"
    )
    first, second = read_postbacks(f"<POSTBACK>{events}</POSTBACK>".encode())
    assert isinstance(first, UnknownNotice)
    assert first.raw == (("CODE", "N102"), ("TO/#text", "1555 1234888"), ("TO/b", ""))
    assert second.code == "N101"


def test_everything_unread_in_a_statistics_report_is_in_raw() -> None:
    body = b"""<RESPONSE v="1">a<BATCHES><BATCH id="7" from="60856" color="red">b
        <CONTENT id="1" new="x">c<MSG_STATUS d="e"><DLR gw="20" f="g"/><ACK time="2012-04-24T04:45:18Z">h</ACK></MSG_STATUS>
        <COST>2</COST><MM7_HANDSETID i="j">motol7c</MM7_HANDSETID></CONTENT></BATCH></BATCHES></RESPONSE>"""
    report, batch, message = read_report(body)
    assert (report.kind, report.raw) == ("RESPONSE", (("@v", "1"), ("#text", "a")))
    assert (batch.kind, batch.section, batch.raw) == ("BATCH", "BATCHES", (("@color", "red"), ("#text", "b")))
    assert [(status.name, status.gateway) for status in message.statuses] == [("DLR", "20"), ("ACK", None)]
    assert (message.delivered, message.handset, message.group_id) == (True, "motol7c", "7")
    assert message.raw == (
        ("@id", "1"),
        ("@new", "x"),
        ("CONTENT", "c"),
        ("MSG_STATUS/@d", "e"),
        ("DLR/@f", "g"),
        ("ACK/#text", "h"),
        ("COST/#text", "2"),
        ("MM7_HANDSETID/@i", "j"),
    )
