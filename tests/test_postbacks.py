"""Postbacks: every sample of the 1.3 reference, section 5, in every envelope, and everything that is none."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple
from urllib.parse import quote, urlencode

import pytest
import strategies  # noqa: F401 (settles how hypothesis runs)
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from skymms import (
    DeliveryReport,
    EncodingReport,
    InboundMMS,
    InboundSMS,
    Notice,
    ProtocolError,
    SubscriptionChange,
    UnknownNotice,
    codes,
    read_postbacks,
)
from skymms.codes import EVENTS
from skymms.wire.dialects import DIALECTS

MINUS_FIVE = timezone(timedelta(hours=-5))


def one(body: bytes | str, content_type: str | None = None) -> Notice:
    (notice,) = read_postbacks(body.encode() if isinstance(body, str) else body, content_type)
    return notice


# ------------------------------------------------------------------------------------------------ the samples


class Sample(NamedTuple):
    name: str
    nodes: str
    notice: Notice


def central_time(hour: int, minute: int, second: int) -> datetime:
    return datetime(2012, 6, 7, hour, minute, second, tzinfo=MINUS_FIVE)


SENT = DeliveryReport(
    "N101",
    origin="MMS_MT",
    sent_as="MMS",
    status="Message Sent",
    mms_id="39597",
    sender="60856",
    to="15551112222",
    tracking_id="TU1TXzU5Nzg3OQ==",
    operator_id="0001570",
    timestamp=central_time(7, 27, 29),
)

SAMPLES = (
    Sample(
        "N101, binary",
        """
    <ORIGIN>MMS_MT</ORIGIN>
    <CODE>N101</CODE>
    <SENTAS>MMS</SENTAS>
    <STATUS>Message Sent</STATUS>
    <MMSID>39597</MMSID>
    <FROM>60856</FROM>
    <TO>15551112222</TO>
    <TRACKINGID>TU1TXzU5Nzg3OQ==</TRACKINGID>
    <SPID>0001570</SPID>
    <TIMESTAMP>2012-06-07T07:27:29-05:00</TIMESTAMP>""",
        SENT,
    ),
    Sample(
        "N101, as a link",
        """
    <ORIGIN>MMS_MT</ORIGIN>
    <CODE>N101</CODE>
    <SENTAS>SMS</SENTAS>
    <STATUS>Message Sent</STATUS>
    <MMSID>39597</MMSID>
    <TO>15551112222</TO>
    <TRACKINGID>TU1TXzU5Nzg3OQ==</TRACKINGID>
    <STATUSDETAILS>Handset setting: mms with pass via xHTML</STATUSDETAILS>""",
        DeliveryReport(
            "N101",
            origin="MMS_MT",
            sent_as="SMS",
            status="Message Sent",
            mms_id="39597",
            to="15551112222",
            tracking_id="TU1TXzU5Nzg3OQ==",
            details="Handset setting: mms with pass via xHTML",
        ),
    ),
    Sample(
        "N102, binary",
        """
    <ORIGIN>MMS_MT</ORIGIN>
    <CODE>N102</CODE>
    <SENTAS>MMS</SENTAS>
    <STATUS>Message Sent/Delivered</STATUS>
    <MMSID>39597</MMSID>
    <FROM>60856</FROM>
    <TO>15551112222</TO>
    <TRACKINGID>TU1TXzU5Nzg3OQ==</TRACKINGID>
    <SPID>0001570</SPID>
    <TIMESTAMP>2012-06-07T07:27:34-05:00</TIMESTAMP>
    <HANDSET>motol7c</HANDSET>
    <AGGREGATORID>11529-64807-97508-73852-97658</AGGREGATORID>""",
        DeliveryReport(
            "N102",
            origin="MMS_MT",
            sent_as="MMS",
            status="Message Sent/Delivered",
            mms_id="39597",
            sender="60856",
            to="15551112222",
            tracking_id="TU1TXzU5Nzg3OQ==",
            operator_id="0001570",
            timestamp=central_time(7, 27, 34),
            handset="motol7c",
            aggregator_id="11529-64807-97508-73852-97658",
        ),
    ),
    Sample(
        "N202 of an MMS: its link was delivered",
        """
    <ORIGIN>MMS_MT</ORIGIN>
    <CODE>N202</CODE>
    <SENTAS>SMS</SENTAS>
    <STATUS>Message Sent/Delivered</STATUS>
    <FROM>60856</FROM>
    <TO>15552424956</TO>
    <TRACKINGID>TU1TXzU5Nzg3Nw==</TRACKINGID>
    <SPID>0001140</SPID>
    <TIMESTAMP>2012-06-07T07:28:09-05:00</TIMESTAMP>
    <AGGREGATORID>11529-64807-97508-73852-97658</AGGREGATORID>""",
        DeliveryReport(
            "N202",
            origin="MMS_MT",
            sent_as="SMS",
            status="Message Sent/Delivered",
            sender="60856",
            to="15552424956",
            tracking_id="TU1TXzU5Nzg3Nw==",
            operator_id="0001140",
            timestamp=central_time(7, 28, 9),
            aggregator_id="11529-64807-97508-73852-97658",
        ),
    ),
    Sample(
        "E101: no SENTAS and no TIMESTAMP",
        """
    <ORIGIN>MMS_MT</ORIGIN>
    <CODE>E101</CODE>
    <STATUS>Message Failed</STATUS>
    <MMSID>39755</MMSID>
    <FROM>60856</FROM>
    <TO>15552424956</TO>
    <TRACKINGID>TU1TXzU5Nzg3Nw==</TRACKINGID>
    <SPID>0001140</SPID>
    <STATUSDETAILS>Error fetching dynamic content</STATUSDETAILS>""",
        DeliveryReport(
            "E101",
            origin="MMS_MT",
            status="Message Failed",
            mms_id="39755",
            sender="60856",
            to="15552424956",
            tracking_id="TU1TXzU5Nzg3Nw==",
            operator_id="0001140",
            details="Error fetching dynamic content",
        ),
    ),
    Sample(
        "E102",
        """
    <ORIGIN>MMS_MT</ORIGIN>
    <CODE>E102</CODE>
    <STATUS>Message Sent/Rejected</STATUS>
    <MMSID>39755</MMSID>
    <FROM>60856</FROM>
    <TO>15552424956</TO>
    <TRACKINGID>TU1TXzU5Nzg3Nw==</TRACKINGID>
    <SPID>0001140</SPID>
    <TIMESTAMP>2012-06-07T07:28:09-05:00</TIMESTAMP>
    <AGGREGATORID>11529-64807-97508-73852-97658</AGGREGATORID>
    <STATUSDETAILS>Recipient blocked by mobile operator</STATUSDETAILS>""",
        DeliveryReport(
            "E102",
            origin="MMS_MT",
            status="Message Sent/Rejected",
            mms_id="39755",
            sender="60856",
            to="15552424956",
            tracking_id="TU1TXzU5Nzg3Nw==",
            operator_id="0001140",
            timestamp=central_time(7, 28, 9),
            aggregator_id="11529-64807-97508-73852-97658",
            details="Recipient blocked by mobile operator",
        ),
    ),
    Sample(
        "N003: a slideshow is encoded",
        "<ORIGIN>MMS_MT</ORIGIN><CODE>N003</CODE><MMSID>35674</MMSID>",
        EncodingReport("N003", origin="MMS_MT", mms_id="35674"),
    ),
    Sample(
        "E002: its audio could not be",
        "<ORIGIN>MMS_MT</ORIGIN><CODE>E002</CODE><MMSID>35674</MMSID><AUDIONAME>sample.mp3</AUDIONAME>",
        EncodingReport("E002", origin="MMS_MT", mms_id="35674", audio="sample.mp3"),
    ),
    Sample(
        "E002 again: its video could not be",
        "<ORIGIN>MMS_MT</ORIGIN><CODE>E002</CODE><MMSID>35674</MMSID><VIDEONAME>http://x.example/sample.mp4</VIDEONAME>",
        EncodingReport("E002", origin="MMS_MT", mms_id="35674", video="http://x.example/sample.mp4"),
    ),
    Sample(
        "N202 of an SMS",
        """
    <ORIGIN>SMS_MT</ORIGIN>
    <CODE>N202</CODE>
    <STATUS>Message Sent/Delivered</STATUS>
    <FROM>60856</FROM>
    <FROM_MASK></FROM_MASK>
    <TO>15553333058</TO>
    <TRACKINGID>U01TXzgwNjc4</TRACKINGID>
    <SPID>0001470</SPID>
    <TIMESTAMP>2012-06-07T05:41:15-05:00</TIMESTAMP>
    <AGGREGATORID>11529-64807-97508-73852-97658</AGGREGATORID>""",
        DeliveryReport(
            "N202",
            origin="SMS_MT",
            status="Message Sent/Delivered",
            sender="60856",
            sender_mask="",
            to="15553333058",
            tracking_id="U01TXzgwNjc4",
            operator_id="0001470",
            timestamp=central_time(5, 41, 15),
            aggregator_id="11529-64807-97508-73852-97658",
        ),
    ),
    Sample(
        "E202 of an SMS, with the carrier's text",
        """
    <ORIGIN>SMS_MT</ORIGIN>
    <CODE>E202</CODE>
    <STATUS>Message Sent/Failed</STATUS>
    <TO>15553333058</TO>
    <TRACKINGID>U01TXzgwNjc4</TRACKINGID>
    <STATUSDETAILS>?smpp?deliver_sm=4&amp;</STATUSDETAILS>""",
        DeliveryReport(
            "E202",
            origin="SMS_MT",
            status="Message Sent/Failed",
            to="15553333058",
            tracking_id="U01TXzgwNjc4",
            details="?smpp?deliver_sm=4&",
        ),
    ),
    Sample(
        "N211: an SMS came in",
        """
    <ORIGIN>SMS_MO</ORIGIN>
    <CODE>N211</CODE>
    <FROM>15552312102</FROM>
    <TO>86717</TO>
    <TEXT>STOP</TEXT>
    <RECEIVED>2012-06-07T17:31:02-05:00</RECEIVED>
    <TRANSACTIONID>511XG-02294-192SA-482H8</TRANSACTIONID>""",
        InboundSMS(
            "N211",
            origin="SMS_MO",
            sender="15552312102",
            to="86717",
            text="STOP",
            timestamp=central_time(17, 31, 2),
            transaction_id="511XG-02294-192SA-482H8",
        ),
    ),
    Sample(
        "N211 of 2013: the keyword in place of the text",
        "<ORIGIN>SMS_MO</ORIGIN><CODE>N211</CODE><FROM>15552312102</FROM><KEYWORD>STOP</KEYWORD>",
        InboundSMS("N211", origin="SMS_MO", sender="15552312102", keyword="STOP"),
    ),
    Sample(
        "N401: an MMS came in",
        """
    <ORIGIN>MMS_MO</ORIGIN>
    <CODE>N401</CODE>
    <FROM>15557949521</FROM>
    <TO>74700</TO>
    <KEYWORD>all</KEYWORD>
    <SUBJECT>Hello there</SUBJECT>
    <TRACKINGID>MMS_MO_iLnCRrL6</TRACKINGID>
    <SPID>0001470</SPID>
    <TIMESTAMP>2012-06-07T11:19:49-05:00</TIMESTAMP>
    <CONTENT>
        <FILE>https://files.example/1.jpg</FILE>
        <FILE>https://files.example/1.txt</FILE>
        <FILE>https://files.example/1.smil</FILE>
    </CONTENT>""",
        InboundMMS(
            "N401",
            origin="MMS_MO",
            sender="15557949521",
            to="74700",
            keyword="all",
            subject="Hello there",
            tracking_id="MMS_MO_iLnCRrL6",
            operator_id="0001470",
            timestamp=central_time(11, 19, 49),
            files=("https://files.example/1.jpg", "https://files.example/1.txt", "https://files.example/1.smil"),
        ),
    ),
    Sample(
        "N502: a device discovery message arrived",
        """
    <ORIGIN>MMS_MT</ORIGIN>
    <CODE>N502</CODE>
    <SENTAS>MMS</SENTAS>
    <STATUS>Message Sent/Delivered</STATUS>
    <TO>15551112222</TO>
    <TRACKINGID>TU1TXzU5Nzg3OQ==</TRACKINGID>
    <HANDSET>motol7c</HANDSET>
    <STATUSDETAILS></STATUSDETAILS>""",
        DeliveryReport(
            "N502",
            origin="MMS_MT",
            sent_as="MMS",
            status="Message Sent/Delivered",
            to="15551112222",
            tracking_id="TU1TXzU5Nzg3OQ==",
            handset="motol7c",
            details="",
        ),
    ),
    Sample(
        "N301: a number subscribed",
        """
    <ORIGIN>SUB</ORIGIN>
    <CODE>N301</CODE>
    <MOBILE>15551112222</MOBILE>
    <CAMPAIGNID>1478</CAMPAIGNID>
    <TIMESTAMP>2012-06-07T14:32:23-05</TIMESTAMP>
    <SHORTCODE>123456</SHORTCODE>
    <CAMPAIGNTITLE>My Campaign Name</CAMPAIGNTITLE>
    <BRANDNAME>My Brand Name</BRANDNAME>
    <SOURCE>API</SOURCE>""",
        SubscriptionChange(
            "N301",
            origin="SUB",
            mobile="15551112222",
            campaign_ref="1478",
            timestamp=central_time(14, 32, 23),
            short_code="123456",
            campaign_title="My Campaign Name",
            brand_name="My Brand Name",
            source="API",
        ),
    ),
    Sample(
        "N302 of before 2014-06",
        "<ORIGIN>SUB</ORIGIN><CODE>N302</CODE><MOBILE>15551112222</MOBILE><CAMPAIGNID>1478</CAMPAIGNID><SUBID>9</SUBID>",
        SubscriptionChange("N302", origin="SUB", mobile="15551112222", campaign_ref="1478", subscription_id="9"),
    ),
    Sample(
        "N304: an address unsubscribed, by a campaign's reference",
        "<ORIGIN>EMAIL_SUB</ORIGIN><CODE>N304</CODE><EMAIL>ada@example.com</EMAIL><CAMPAIGNREF>Spring</CAMPAIGNREF>",
        SubscriptionChange("N304", origin="EMAIL_SUB", email="ada@example.com", campaign_ref="Spring"),
    ),
    Sample(
        "N801: a pass was created, reported in an element of its own",
        "<ORIGIN>GENERATE_PASS</ORIGIN><STATUSCODE>N801</STATUSCODE><SERIALNUMBER>17</SERIALNUMBER>",
        UnknownNotice(origin="GENERATE_PASS", status_code="N801"),
    ),
)
EACH = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)

#: The forms of an event's document. POSTBACK had `xsi:…` in 2013-14; SUMO adds one more element to inbound messages.
ENVELOPES = {
    "flat": "<POSTBACK>{}</POSTBACK>",
    "declared": "<?xml version='1.0'?>\n<POSTBACK>{}</POSTBACK>",
    "declared as UTF-8, after a mark": '\ufeff<?xml version="1.0" encoding="UTF-8"?><POSTBACK>{}</POSTBACK>',
    "after blanks": "\r\n <POSTBACK>{}</POSTBACK>\n",
    "with a schema": '<POSTBACK xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:noNamespaceSchemaLocation="http://www.skycore.com/schema/postback.xsd">{}</POSTBACK>',
    "in NOTIFICATION": "<POSTBACK><NOTIFICATION>{}</NOTIFICATION></POSTBACK>",
    "in NOTIFICATION and BODY": '<POSTBACK><NOTIFICATION id="1" created="2012-06-07 07:27:34.398593-04">'
    "<BODY>{}</BODY></NOTIFICATION></POSTBACK>",
    "NOTIFICATION alone": '<NOTIFICATION ID="1"><BODY>{}</BODY></NOTIFICATION>',
}


@EACH
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_each_sample_is_decoded_in_every_form(sample: Sample, envelope: str) -> None:
    notice = one(ENVELOPES[envelope].format(sample.nodes))
    assert notice == sample.notice
    assert type(notice) is type(sample.notice)


@EACH
def test_each_sample_is_decoded_in_lower_case(sample: Sample) -> None:
    nodes = sample.nodes
    for element in etree.fromstring(f"<POSTBACK>{nodes}</POSTBACK>").iterdescendants():
        name = str(element.tag)
        nodes = nodes.replace(f"<{name}>", f"<{name.lower()}>").replace(f"</{name}>", f"</{name.lower()}>")
    assert nodes != sample.nodes
    assert one(f"<postback>{nodes}</postback>") == sample.notice


@EACH
@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded", "text/plain; charset=utf-8"])
@pytest.mark.parametrize("field", ["xml", "data"])
def test_each_sample_is_decoded_in_a_form_field(sample: Sample, content_type: str | None, field: str) -> None:
    document = f"\n<?xml version='1.0'?><POSTBACK>{sample.nodes}</POSTBACK>".strip()
    for body in (urlencode({"id": "7", field: document}), f"{field}={quote(document, safe='')}"):
        assert one(body, content_type) == sample.notice


@EACH
@pytest.mark.parametrize(
    "content_type", ["text/xml", "application/xml; charset=utf-8", "application/x-www-form-urlencoded", ""]
)
def test_the_content_type_header_does_not_matter(sample: Sample, content_type: str) -> None:
    assert one(f"<POSTBACK>{sample.nodes}</POSTBACK>", content_type) == sample.notice


@EACH
def test_raw_has_the_whole_event(sample: Sample) -> None:
    document = f"<POSTBACK>{sample.nodes}</POSTBACK>"
    expected: list[tuple[str, str]] = []
    for parent in etree.fromstring(document).iter():
        for element in parent:
            if len(element) == 0:
                name = str(element.tag)
                expected.append((name if parent.tag == "POSTBACK" else f"{parent.tag}/{name}", element.text or ""))
    assert list(one(document).raw) == expected


@EACH
def test_a_notice_can_be_pickled(sample: Sample) -> None:
    notice = one(f"<POSTBACK>{sample.nodes}</POSTBACK>")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        arrived = pickle.loads(pickle.dumps(notice, protocol))
        assert arrived == notice
        assert (arrived.raw, arrived.identity) == (notice.raw, notice.identity)


def test_hyphenated_sinch_names_are_decoded() -> None:
    document = """<postback>
        <origin>MMS_MT</origin><code>N102</code><sent-as>MMS</sent-as><status>Message Sent/Delivered</status>
        <mms-id>39597</mms-id><from>28444</from><to>15551112222</to><tracking-id>TU1T</tracking-id>
        <operator-id>31002</operator-id><timestamp>2012-06-07T07:27:34-05:00</timestamp>
        <handset>motol7c</handset><status-details></status-details>
    </postback>"""
    assert one(document) == DeliveryReport(
        "N102",
        origin="MMS_MT",
        sent_as="MMS",
        status="Message Sent/Delivered",
        mms_id="39597",
        sender="28444",
        to="15551112222",
        tracking_id="TU1T",
        operator_id="31002",
        timestamp=central_time(7, 27, 34),
        handset="motol7c",
        details="",
    )
    received = """<postback><origin>MMS_MO</origin><code>N401</code><message-subject>Hi</message-subject>
        <content><file>https://files.example/1.jpg</file><file>https://files.example/1.smil</file></content></postback>"""
    assert one(received) == InboundMMS(
        "N401", origin="MMS_MO", subject="Hi", files=("https://files.example/1.jpg", "https://files.example/1.smil")
    )


def test_the_status_attribute_of_the_2013_form_is_decoded() -> None:
    document = """<POSTBACK><NOTIFICATION id="521495" created="2012-06-07 07:27:34.398593-04">
        <ORIGIN>MMS_MT</ORIGIN>
        <CODE>N102</CODE>
        <BODY>
            <HISTORYID>455811</HISTORYID>
            <MMSID>39597</MMSID>
            <TO>15551112222</TO>
            <TRACKINGID>MMS_389076</TRACKINGID>
            <SPID>000157</SPID>
            <HANDSET>motol7c</HANDSET>
            <STATUS celly="20" provider="1000" text="Retrieved" description="" />
            <TIMESTAMP>2012-06-07 07:27:34-05</TIMESTAMP>
        </BODY>
    </NOTIFICATION></POSTBACK>"""
    notice = one(document)
    assert notice == DeliveryReport(
        "N102",
        origin="MMS_MT",
        status="Retrieved",
        mms_id="39597",
        to="15551112222",
        tracking_id="MMS_389076",
        operator_id="000157",
        handset="motol7c",
        timestamp=central_time(7, 27, 34),
        gateway_status="20",
    )
    assert ("HISTORYID", "455811") in notice.raw
    assert isinstance(notice, DeliveryReport)
    assert notice.delivered
    failed = one(document.replace("Retrieved", "Expired").replace('celly="20"', 'celly="30"'))
    assert isinstance(failed, DeliveryReport)
    assert failed.failed
    assert not failed.delivered


@pytest.mark.parametrize("count", [1, 2, 300])
def test_the_events_of_a_batch_are_returned_in_order(count: int) -> None:
    events = "".join(
        f"<NOTIFICATION id='{at}'><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><BODY><TO>1555{at:07}</TO></BODY></NOTIFICATION>"
        for at in range(count)
    )
    notices = read_postbacks(f"<POSTBACK>{events}</POSTBACK>".encode())
    assert [notice.to for notice in notices if isinstance(notice, DeliveryReport)] == [f"1555{at:07}" for at in range(count)]
    assert len({notice.identity for notice in notices}) == count


def test_a_batch_may_have_events_of_every_kind() -> None:
    events = "".join(f"<NOTIFICATION>{sample.nodes}</NOTIFICATION>" for sample in SAMPLES)
    assert read_postbacks(f"<POSTBACK>{events}</POSTBACK>".encode()) == tuple(sample.notice for sample in SAMPLES)


def test_other_elements_in_a_batch_are_not_events() -> None:
    events = "<NOTIFICATION><CODE>N102</CODE></NOTIFICATION><COUNT>2</COUNT><NOTIFICATION><CODE>N101</CODE></NOTIFICATION>"
    assert read_postbacks(f"<POSTBACK>{events}</POSTBACK>".encode()) == (DeliveryReport("N102"), DeliveryReport("N101"))


# ------------------------------------------------------------------------------------------------ time


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2012-06-07T07:27:34-05:00", central_time(7, 27, 34)),
        ("2012-06-07T07:27:34-05", central_time(7, 27, 34)),
        ("2012-06-07T07:27:34.123456-05:00", central_time(7, 27, 34).replace(microsecond=123456)),
        ("2012-06-07 07:27:34-05", central_time(7, 27, 34)),
        ("2012-06-07 07:27:34", datetime(2012, 6, 7, 7, 27, 34, tzinfo=UTC)),
        ("2012-06-07T07:27:34Z", datetime(2012, 6, 7, 7, 27, 34, tzinfo=UTC)),
        ("  2012-06-07T07:27:34-05:00\n", central_time(7, 27, 34)),
        ("20120607T072734-0500", central_time(7, 27, 34)),
    ],
)
def test_every_form_of_time_is_decoded_with_a_time_zone(written: str, meant: datetime) -> None:
    notice = one(f"<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><TIMESTAMP>{written}</TIMESTAMP></POSTBACK>")
    assert isinstance(notice, DeliveryReport)
    assert notice.timestamp is not None
    assert notice.timestamp == meant
    assert notice.timestamp.utcoffset() == meant.utcoffset()


@pytest.mark.parametrize(
    "written", ["", "yesterday", "07/06/2012", "2012-13-07T07:27:34Z", "9999-12-31T24:00", "1339072054", "0"]
)
def test_an_invalid_time_is_kept_only_in_raw(written: str) -> None:
    notice = one(f"<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><TIMESTAMP>{written}</TIMESTAMP></POSTBACK>")
    assert isinstance(notice, DeliveryReport)
    assert notice.timestamp is None
    assert ("TIMESTAMP", written) in notice.raw


# ------------------------------------------------------------------------------------------------ what became of it

SENT_ON, DELIVERED, FAILED, UNKNOWN = (False, False), (True, False), (False, True), (None, False)


@pytest.mark.parametrize(
    ("code", "status", "outcome"),
    [
        ("N101", "Message Sent", SENT_ON),
        ("N101", None, SENT_ON),
        ("N102", "Message Sent/Delivered", DELIVERED),
        ("N102", "MESSAGE SENT/DELIVERED", DELIVERED),
        ("N102", None, DELIVERED),
        ("N102", "", DELIVERED),
        ("N102", "Retrieved", DELIVERED),
        # Before 2014-10-21 a failure was N102, too, with another status.
        ("N102", "Message Sent/Expired", FAILED),
        ("N102", "Message Sent/Rejected", FAILED),
        ("N102", "Message Sent/Failed", FAILED),
        ("N102", "Message Sent/NotSupported", FAILED),
        ("N102", "Message Sent/Not Supported", FAILED),
        ("N102", "Message Failed", FAILED),
        ("N102", "Message Sent", SENT_ON),
        ("N102", "Message Sent/Sleeping", UNKNOWN),
        ("N102", "Deferred", UNKNOWN),
        ("N202", "Message Sent/Delivered to the network", UNKNOWN),
        ("N101", "Message Sent/Sleeping", UNKNOWN),
        ("N103", None, FAILED),
        ("N103", "Expired", FAILED),
        ("E101", "Message Failed", FAILED),
        ("E101", None, FAILED),
        ("E102", "Message Sent/Rejected", FAILED),
        ("E102", "Message Sent/Delivered", FAILED),
        ("N102", "Message Sent/Unrecognized", FAILED),
        ("N102", "Message Sent/Unrecognised", FAILED),
        ("N201", "Message Sent", SENT_ON),
        ("N202", "Message Sent/Delivered", DELIVERED),
        ("N202", "Message Sent/Failed", FAILED),
        ("N202", None, DELIVERED),
        ("E201", None, FAILED),
        ("E202", "Message Sent/Failed", FAILED),
        # A device discovery message goes ahead of the message, which is sent whatever became of that.
        ("N501", "Message Sent", SENT_ON),
        ("N502", "Message Sent/Delivered", SENT_ON),
        ("N502", None, SENT_ON),
        ("E501", "Message Failed", SENT_ON),
        ("E502", "Message Sent/Failed", SENT_ON),
        ("E502", None, SENT_ON),
        (None, "Message Sent/Delivered", DELIVERED),
        (None, None, UNKNOWN),
    ],
)
def test_code_and_status_decide_whether_a_message_was_delivered(
    code: str | None, status: str | None, outcome: tuple[bool | None, bool]
) -> None:
    report = DeliveryReport(code, status=status)
    assert (report.delivered, report.failed) == outcome
    assert report.final is any(outcome)
    assert report.discovery is ((code or "")[1:3] == "50")


@pytest.mark.parametrize("code", [code for code, event in codes.EVENTS.items() if event.kind == "delivery"])
@pytest.mark.parametrize("status", [None, "", "Message Sent", "Message Sent/Delivered", "Message Sent/Failed", "Anything"])
def test_nothing_is_delivered_and_failed_at_once(code: str, status: str | None) -> None:
    report = DeliveryReport(code, status=status)
    assert not (report.delivered and report.failed)


def test_a_delivered_link_counts_as_delivered() -> None:
    report = one("<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N202</CODE><SENTAS>SMS</SENTAS><TO>15551112222</TO></POSTBACK>")
    assert isinstance(report, DeliveryReport)
    assert (report.delivered, report.sent_as, report.mms_id) == (True, "SMS", None)


def test_an_encoding_report_says_whether_the_slideshow_can_be_sent_and_which_file_could_not_be_read() -> None:
    reports = [sample.notice for sample in SAMPLES if isinstance(sample.notice, EncodingReport)]
    assert [(report.ready, report.file) for report in reports] == [
        (True, None),
        (False, "sample.mp3"),
        (False, "http://x.example/sample.mp4"),
    ]


def test_a_subscription_change_says_whether_it_is_active() -> None:
    changes = [sample.notice for sample in SAMPLES if isinstance(sample.notice, SubscriptionChange)]
    assert [(change.code, change.subscribed) for change in changes] == [("N301", True), ("N302", False), ("N304", False)]
    subscribed = {code: SubscriptionChange(code).subscribed for code in ("N301", "N302", "N303", "N304")}
    assert subscribed == {"N301": True, "N302": False, "N303": True, "N304": False}


def test_a_notice_has_the_meaning_of_its_code() -> None:
    assert DeliveryReport("N102").meaning == "delivered"
    assert DeliveryReport("N102", status="Message Sent/Expired").meaning == "expired"
    assert DeliveryReport("N202", status="Message Sent/Not Supported").meaning == "not supported"
    assert DeliveryReport("N103").meaning == EVENTS["N103"].meaning
    assert UnknownNotice("N999").meaning == ""
    assert UnknownNotice().meaning == ""


# ------------------------------------------------------------------------------------------------ identity


@EACH
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_repeat_has_the_identity_of_the_first(sample: Sample, envelope: str) -> None:
    first, again = (one(ENVELOPES[envelope].format(sample.nodes)).identity for _ in range(2))
    assert first == again
    assert isinstance(first, str)


def test_the_files_of_an_inbound_message_are_in_one_element() -> None:
    written = DIALECTS["skycore"].encode_notice(
        InboundMMS("N401", origin="MMS_MO", files=("https://a.example/1", "https://a.example/2"))
    )
    assert (written.count(b"<CONTENT>"), written.count(b"<FILE>")) == (1, 2)
    notice = one(written)
    assert isinstance(notice, InboundMMS)
    assert notice.files == ("https://a.example/1", "https://a.example/2")


def test_different_events_have_different_identities() -> None:
    notices = [one(f"<POSTBACK>{sample.nodes}</POSTBACK>") for sample in SAMPLES]
    assert len({notice.identity for notice in notices}) == len(notices)


@pytest.mark.parametrize(
    ("one_event", "another"),
    [
        (DeliveryReport("N101", tracking_id="1"), DeliveryReport("N102", tracking_id="1")),
        (DeliveryReport("N102", tracking_id="1"), DeliveryReport("N102", tracking_id="2")),
        (DeliveryReport("N102", mms_id="1"), DeliveryReport("N102", mms_id="2")),
        (DeliveryReport("N102", to="15550000001"), DeliveryReport("N102", to="15550000002")),
        (DeliveryReport("N102", tracking_id="1", status="Sent"), DeliveryReport("N102", tracking_id="1", status="Expired")),
        (DeliveryReport("N202", origin="SMS_MT", to="1"), DeliveryReport("N202", origin="MMS_MT", to="1")),
        (DeliveryReport("N102", tracking_id="a/b"), DeliveryReport("N102", tracking_id="a", mms_id="b")),
        (DeliveryReport("N102", tracking_id="a/b", mms_id="c"), DeliveryReport("N102", tracking_id="a", mms_id="b/c")),
        (EncodingReport("E002", mms_id="1", audio="a"), EncodingReport("E002", mms_id="1", audio="b")),
        # The JSON service's tell no id until there is one.
        (EncodingReport("E003", tracking_id="1"), EncodingReport("E003", tracking_id="2")),
        (
            InboundMMS("N401", sender="1", timestamp=central_time(1, 2, 3)),
            InboundMMS("N401", sender="1", timestamp=central_time(1, 2, 4)),
        ),
        (InboundSMS("N211", sender="1", to="2", text="STOP"), InboundSMS("N211", sender="1", to="3", text="STOP")),
        (InboundMMS("N401", tracking_id="1"), InboundMMS("N401", tracking_id="2")),
        (InboundSMS("N211", sender="1", text="STOP"), InboundSMS("N211", sender="1", text="START")),
        (
            SubscriptionChange("N301", mobile="1", timestamp=central_time(1, 2, 3)),
            SubscriptionChange("N301", mobile="1", timestamp=central_time(1, 2, 4)),
        ),
        # Without any of the fields that identify an event, the whole event is compared.
        (DeliveryReport("N101", raw=(("A", "1"),)), DeliveryReport("N101", raw=(("A", "2"),))),
        (UnknownNotice("N999", raw=(("A", "1"),)), UnknownNotice("N999", raw=(("A", "2"),))),
        (UnknownNotice("N999", raw=(("A", "1"), ("B", "2"))), UnknownNotice("N999", raw=(("A", "1', 'B"), ("2", "")))),
    ],
)
def test_the_identity_has_the_fields_that_distinguish_events(one_event: Notice, another: Notice) -> None:
    assert one_event.identity != another.identity


def test_identities_are_stable_between_versions() -> None:
    # It is kept in databases, so what it is made of is not changed lightly.
    report = DeliveryReport("N102", origin="MMS_MT", tracking_id="MMS/1", mms_id="35674", to="15551234888", status="Sent")
    assert report.identity == "MMS_MT/N102/MMS%2F1/35674/15551234888/Sent/"


def test_texts_that_may_differ_between_repeats_are_not_in_an_identity() -> None:
    first = DeliveryReport("N102", tracking_id="1", details="at the first try", raw=(("TRY", "1"),))
    again = DeliveryReport("N102", tracking_id="1", handset="motol7c", raw=(("TRY", "2"),))
    assert first.identity == again.identity


# ------------------------------------------------------------------------------------------------ unknown events


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        ("MMS_MT", "N999"),
        ("MMS_MT", "X1"),
        ("MMS_MT", ""),
        ("PIGEON", "N102"),
        ("MMS_MO", "N102"),  # a code means something only with its origin
        ("SMS_MT", "N003"),
        ("", ""),
        ("GENERATE_PASS", "N801"),
    ],
)
def test_an_unknown_event_is_kept_in_raw(origin: str, code: str) -> None:
    notice = one(
        f"<POSTBACK><ORIGIN>{origin}</ORIGIN><CODE>{code}</CODE><A><B>1</B><B>2</B></A><TO>15551112222</TO></POSTBACK>"
    )
    assert type(notice) is UnknownNotice
    assert (notice.origin, notice.code) == (origin, code)
    assert notice.raw == (("ORIGIN", origin), ("CODE", code), ("A/B", "1"), ("A/B", "2"), ("TO", "15551112222"))


def test_without_an_origin_the_code_decides() -> None:
    assert one("<POSTBACK><CODE>N102</CODE></POSTBACK>") == DeliveryReport("N102")
    assert one("<POSTBACK><CODE>N401</CODE></POSTBACK>") == InboundMMS("N401")


def test_an_empty_postback_is_an_unknown_notice() -> None:
    for body in "<POSTBACK/>", "<postback> </postback>", "<POSTBACK><NOTIFICATION/></POSTBACK>", "<NOTIFICATION/>":
        assert one(body) == UnknownNotice()


def test_unknown_elements_are_ignored() -> None:
    notice = one("<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><OS>iOS</OS><COST><EUR>1</EUR></COST></POSTBACK>")
    assert notice == DeliveryReport("N102", origin="MMS_MT")
    assert notice.raw[2:] == (("OS", "iOS"), ("COST/EUR", "1"))


@pytest.mark.parametrize("twice", ["TO", "STATUS", "CODE", "TRACKINGID"])
def test_a_single_event_with_a_duplicate_field_is_refused(twice: str) -> None:
    with pytest.raises(ProtocolError, match="twice"):
        one(
            f"<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><{twice}>N102</{twice}><{twice.lower()}>2</{twice.lower()}></POSTBACK>"
        )


def test_a_duplicate_field_in_a_batch_does_not_affect_the_other_events() -> None:
    good = "<NOTIFICATION><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><TO>1</TO><TRACKINGID>T{}</TRACKINGID></NOTIFICATION>"
    bad = good.format(2).replace("<TO>1</TO>", "<TO>1</TO><TO>2</TO>")
    first, second, third = read_postbacks(f"<POSTBACK>{good.format(1)}{bad}{good.format(3)}</POSTBACK>".encode())
    assert [one.tracking_id for one in (first, third)] == ["T1", "T3"]
    assert (type(first), type(second)) == (DeliveryReport, UnknownNotice)
    assert (second.code, second.origin) == ("N102", "MMS_MT")
    assert [text for name, text in second.raw if name == "TO"] == ["1", "2"]


@pytest.mark.parametrize("half", ["\\ud83d", "\\uDE00", "\\ude00\\ud83d"])
def test_a_lone_surrogate_in_a_postback_is_replaced(half: str) -> None:
    whole = f'{{"origin": "MMS_MT", "code": "N102", "tracking-id": "T\\ud83d\\ude00{half}", "{half}": "x"}}'
    (report,) = read_postbacks(whole.encode())
    assert report.tracking_id is not None
    assert report.tracking_id.rstrip("\ufffd") == "T😀"
    assert report.tracking_id.endswith("\ufffd")
    assert f"{report.identity} {report.raw}".encode()


def test_the_status_of_a_pass_is_decoded() -> None:
    event = b"<POSTBACK><ORIGIN>GENERATE_PASS</ORIGIN><STATUSCODE>N802</STATUSCODE></POSTBACK>"
    (notice,) = read_postbacks(event)
    assert "could not be generated" in notice.meaning


@pytest.mark.parametrize("named", ["UTF-8", "utf-8", "utf8", "UTF8", "us-ascii"])
def test_every_way_to_declare_utf_8_is_accepted(named: str) -> None:
    declared = f'<?xml version="1.0" encoding="{named}"?><POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE></POSTBACK>'
    assert len(read_postbacks(declared.encode())) == 1


def test_an_unknown_event_with_a_duplicate_field_is_kept() -> None:
    notice = one(
        "<POSTBACK><ORIGIN>PIGEON</ORIGIN><CODE>X1</CODE><TRACKINGID>1</TRACKINGID><TRACKINGID>2</TRACKINGID></POSTBACK>"
    )
    assert type(notice) is UnknownNotice
    assert (notice.origin, notice.code, notice.tracking_id) == ("PIGEON", "X1", None)
    assert notice.raw[2:] == (("TRACKINGID", "1"), ("TRACKINGID", "2"))


# ------------------------------------------------------------------------------------------------ what is no postback

GOOD = "<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><TO>15551112222</TO></POSTBACK>"
MADE_UP = b"\xff\xfe\x00\x01junk\x80"

NOT_POSTBACKS: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \r\n\t",
    "JSON without code and origin": b'{"status": "Success", "to": "15551112222"}',
    "an empty object in JSON": b"{}",
    "a list without events in JSON": b"[]",
    "a list of strings in JSON": b'["code", "origin"]',
    "a list in JSON with one that is no event": b'[{"origin": "MMS_MT", "code": "N102"}, {"to": "1"}]',
    "a list of lists in JSON": b'[[{"origin": "MMS_MT", "code": "N102"}]]',
    "code and origin within another object in JSON": b'{"event": {"origin": "MMS_MT", "code": "N102"}}',
    "JSON that is never closed": b'{"origin": "MMS_MT", "code": "N102"',
    "JSON that says a thing twice": b'{"origin": "MMS_MT", "code": "N102", "code": "N101"}',
    "text after JSON": b'{"origin": "MMS_MT", "code": "N102"}!',
    "JSON in UTF-16": '{"origin": "MMS_MT", "code": "N102"}'.encode("utf-16"),
    "a number that JSON has not": b'{"origin": "MMS_MT", "code": "N102", "to": NaN}',
    "JSON nested beyond the parser": b'{"code": "N102", "a": ' + b"[" * 200_000,
    "JSON nested beyond the reader": b'{"code": "N102", "a": ' + b"[" * 900 + b"1" + b"]" * 900 + b"}",
    "JSON of nameless members": b'{"code": "N102", "": ' + b'{"": ' * 900 + b"1" + b"}" * 901,
    "JSON of one long name around many": b'{"code": "N102", "' + b"n" * 1000 + b'": {"a": 1, "b": 2}}',
    "JSON with an equals sign": b'{"a": "x=<POSTBACK/>"}',
    "junk": MADE_UP,
    "a picture": b"\x89PNG\r\n\x1a\n\x00\x00",
    "gzip": b"\x1f\x8b\x08\x00\x00",
    "plain text": b"Message Sent/Delivered",
    "a form without XML": b"a=1&b=2&xml=",
    "a form of broken percent signs": b"xml=%3CPOSTBACK%3E%FF%FE",
    "a form with broken XML": b"xml=%3CPOSTBACK%3E",
    "a tag that is never closed": GOOD.encode()[:-4],
    "two roots": GOOD.encode() * 2,
    "text after the end": GOOD.encode() + b"!",
    "another document": b"<RESPONSE><STATUS>Success</STATUS></RESPONSE>",
    "a web page": b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
    "a harmless DOCTYPE": b"<!DOCTYPE POSTBACK>" + GOOD.encode(),
    "an entity": b'<!DOCTYPE POSTBACK [<!ENTITY x "5">]>' + GOOD.replace("1112222", "111&x;222").encode(),
    "an undeclared entity": GOOD.replace("1112222", "111&x;222").encode(),
    "UTF-16": GOOD.encode("utf-16"),
    "UTF-16 without a mark": GOOD.encode("utf-16-le"),
    "UTF-16 with a declaration": ("<?xml version='1.0' encoding='UTF-16'?>" + GOOD).encode("utf-16"),
    "UTF-16 that calls itself UTF-8": ("<?xml version='1.0' encoding='UTF-8'?>" + GOOD).encode("utf-16"),
    "UTF-32": GOOD.encode("utf-32"),
    "declared latin-1": "<?xml version='1.0' encoding='ISO-8859-1'?><POSTBACK><TEXT>é</TEXT></POSTBACK>".encode("latin-1"),
    "an unknown encoding": "<?xml version='1.0' encoding='klingon'?><POSTBACK><TEXT>é</TEXT></POSTBACK>".encode(),
    "a multipart form without a document": b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n',
    "a multipart form without an end": b'--b\r\nContent-Disposition: form-data; name="xml"\r\n\r\n<POSTBACK/>',
    "a multipart form without a boundary": b"--\r\n\r\n<POSTBACK/>\r\n--",
    "the vendor's slip": b"<POSTBACK><FROM_MASK><FROM_MASK><TO>15551112222</TO></POSTBACK>",
}


@pytest.mark.parametrize("body", NOT_POSTBACKS.values(), ids=NOT_POSTBACKS)
@pytest.mark.parametrize("content_type", [None, "text/xml", "application/x-www-form-urlencoded", "application/json"])
def test_a_body_that_is_not_a_postback_is_a_protocol_error(body: bytes, content_type: str | None) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_postbacks(body, content_type)
    assert body.startswith(caught.value.body)
    assert not caught.value.sent_maybe
    assert caught.value.status is None


JSON_GOOD = b'{"origin": "MMS_MT", "code": "N102", "to": 15551112222}'


@pytest.mark.parametrize(
    "content_type", [None, "text/xml", "application/x-www-form-urlencoded", "application/json; charset=utf-8"]
)
@pytest.mark.parametrize(
    "body",
    [
        GOOD.encode(),
        urlencode({"xml": GOOD}).encode(),
        JSON_GOOD,
        b"\xef\xbb\xbf" + JSON_GOOD,
        b" \r\n" + JSON_GOOD,
        b"[" + JSON_GOOD + b"]",
        urlencode({"json": JSON_GOOD}).encode(),
    ],
    ids=["XML", "XML in a form", "JSON", "JSON with a mark", "JSON after blanks", "a list in JSON", "JSON in a form"],
)
def test_the_format_is_recognised_from_the_body(body: bytes, content_type: str | None) -> None:
    notice = one(body, content_type)
    assert isinstance(notice, DeliveryReport)
    assert (notice.origin, notice.code, notice.to) == ("MMS_MT", "N102", "15551112222")


def test_a_list_in_json_is_read_in_its_order() -> None:
    body = b"[" + b", ".join(b'{"origin": "MMS_MT", "code": "N102", "tracking-id": "%d"}' % at for at in range(300)) + b"]"
    assert [notice.tracking_id for notice in read_postbacks(body)] == [str(at) for at in range(300)]


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_a_protocol_error(body: bytes) -> None:
    for sent in (
        body,
        b"<" + body,
        b"<POSTBACK>" + body + b"</POSTBACK>",
        b"xml=" + body,
        b"\xef\xbb\xbf" + body,
        b'{"code":' + body,
        b'{"code":' + body + b"}",
        b"[" + body,
    ):
        try:
            notices = read_postbacks(sent)
        except ProtocolError:
            continue
        assert all(isinstance(notice, Notice) and notice.identity for notice in notices)


PIECES = """
<POSTBACK> </POSTBACK> <NOTIFICATION> </NOTIFICATION> <BODY> </BODY> <CONTENT> </CONTENT> <FILE>a</FILE>
<ORIGIN>MMS_MT</ORIGIN> <CODE>N102</CODE> <ORIGIN>MMS_MO</ORIGIN> <CODE>N401</CODE> <TO>1</TO> <STATUS/>
<TIMESTAMP>9999-12-31T24:00</TIMESTAMP> <TIMESTAMP>2012</TIMESTAMP> <TIMESTAMP>0001-01-01T00:00+23:59</TIMESTAMP>
<MMSID>1</MMSID> <mms-id>2</mms-id> <data_/> <x1/> <![CDATA[ ]]> <!-- --> <?x ?> &lt; &#0; &x; é = &
"""


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES.split()), max_size=12).map("".join), st.integers(0, len(GOOD)))
def test_pieces_of_postbacks_raise_nothing_but_a_protocol_error(pieces: str, at: int) -> None:
    for body in pieces, f"<POSTBACK>{pieces}</POSTBACK>", GOOD[:at] + pieces + GOOD[at:]:
        try:
            notices = read_postbacks(body.encode())
        except ProtocolError:
            continue
        assert all(isinstance(notice, Notice) and notice.identity and pickle.dumps(notice) for notice in notices)


# ------------------------------------------------------------------------------------------------ how long it may be


def padded(size: int, origin: str, code: str, inside: str = "") -> bytes:
    """A flat postback of exactly so many bytes."""
    head = f"<POSTBACK><ORIGIN>{origin}</ORIGIN><CODE>{code}</CODE>{inside}<PAD>".encode()
    tail = b"</PAD></POSTBACK>"
    return head + b"x" * (size - len(head) - len(tail)) + tail


KB = 1024
REPORTS = [("MMS_MT", "N102"), ("MMS_MT", "N003"), ("SUB", "N301"), ("PIGEON", "N1")]
RECEIVED = [("MMS_MO", "N401"), ("SMS_MO", "N211")]


@pytest.mark.parametrize(("origin", "code"), REPORTS)
def test_a_report_may_have_64_kb(origin: str, code: str) -> None:
    assert len(read_postbacks(padded(64 * KB, origin, code))) == 1
    with pytest.raises(ProtocolError, match="65,537"):
        read_postbacks(padded(64 * KB + 1, origin, code))


@pytest.mark.parametrize(("origin", "code"), RECEIVED)
def test_an_inbound_message_may_have_512_kb(origin: str, code: str) -> None:
    assert len(read_postbacks(padded(512 * KB, origin, code))) == 1
    with pytest.raises(ProtocolError, match="524,289"):
        read_postbacks(padded(512 * KB + 1, origin, code))


def test_an_old_batch_may_have_512_kb() -> None:
    inside = f"<TO>15551112222</TO><PAD>{'x' * KB}</PAD>"
    event = f"<NOTIFICATION><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><BODY>{inside}</BODY></NOTIFICATION>"
    assert len(read_postbacks(f"<POSTBACK>{event * 300}</POSTBACK>".encode())) == 300
    with pytest.raises(ProtocolError):
        read_postbacks(f"<POSTBACK>{event * 600}</POSTBACK>".encode())


def test_both_limits_can_be_changed() -> None:
    assert read_postbacks(padded(65 * KB, "MMS_MT", "N102"), max_report=65 * KB)
    assert read_postbacks(padded(600 * KB, "MMS_MO", "N401"), max_inbound=600 * KB)
    with pytest.raises(ProtocolError):
        read_postbacks(padded(2 * KB, "MMS_MT", "N102"), max_report=KB)
    with pytest.raises(ProtocolError):
        read_postbacks(padded(2 * KB, "MMS_MO", "N401"), max_inbound=KB)


def test_the_limit_of_a_form_is_that_of_its_document() -> None:
    def form(size: int) -> bytes:
        return ("xml=" + "".join(f"%{byte:02X}" for byte in padded(size, "MMS_MO", "N401"))).encode()

    assert read_postbacks(form(511 * KB))
    with pytest.raises(ProtocolError, match="allowed"):
        read_postbacks(form(513 * KB))
    # A form whose other fields are long is not even taken apart.
    with pytest.raises(ProtocolError, match="allowed"):
        read_postbacks(b"a=" + b"x" * 3 * 512 * KB + b"&" + form(KB))
