"""The operations that only Skycore 1.3 has: encoding, decoding and the sandbox's responses; legacy requests; reports."""

from __future__ import annotations

from dataclasses import MISSING, fields
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, cast

import pytest
import strategies
from action_vectors import ACTION_VECTORS
from hypothesis import given
from hypothesis import strategies as st

from skymms import (
    Account,
    BlockedRecipientError,
    CampaignError,
    ConfigurationError,
    CreateCampaign,
    CreateSession,
    DeliveryReport,
    GetStatistics,
    HttpResponse,
    InboundMMS,
    ListCampaigns,
    MMSError,
    NotFoundError,
    Operation,
    PassError,
    ProtocolError,
    RecipientError,
    RemoveInboxMessage,
    SaveMMS,
    SendMessageBySubscriberRef,
    SendMMS,
    SendMMSBarcode,
    SendPassInMMS,
    SendSavedMMS,
    SendSavedMMSCampaign,
    SendSMS,
    Slide,
    Slideshow,
    StatisticsLink,
    Subscribe,
    SubscriberResult,
    SubscriptionChange,
    SubscriptionError,
    Unsubscribe,
    error_class,
    read_report,
)
from skymms.files import read_file
from skymms.model import actions
from skymms.reports import StatusUpdate
from skymms.sandbox import AT_ONCE, PostbackReceiver, Sandbox
from skymms.wire import table
from skymms.wire.codecs import xml_tree
from skymms.wire.dialects import DIALECTS, Dialect, DialectName

KEY = "0123456789abcdef0123456789abcdef"
SKYCORE_DIALECTS = [DIALECTS["skycore"], DIALECTS["skycore-get"]]
KINDS = [kind for kind in table.REQUESTS if kind.__module__ == actions.__name__]
EACH_SKYCORE_DIALECT = pytest.mark.parametrize("dialect", SKYCORE_DIALECTS, ids=lambda dialect: dialect.name)
EACH_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)

A, B, C = "15551230001", "15551230002", "15551230003"


def decode(operation: Operation[Any], nodes: str, status: int = 200) -> Any:
    """Decode a response in XML that has these elements."""
    return Account(KEY).decode(operation, HttpResponse(status, {}, f"<RESPONSE>{nodes}</RESPONSE>".encode()))


# ------------------------------------------------------------------------------------------------ encoding and decoding


@EACH_SKYCORE_DIALECT
@EACH_KIND
@given(data=st.data())
def test_an_operation_is_decoded_equal(dialect: Dialect, kind: type[Operation[Any]], data: st.DataObject) -> None:
    operation = data.draw(strategies.right_operations(dialect, kind))
    assert Account(KEY, dialect=dialect.name).problems(operation) == ()
    read = dialect.decode_request(dialect.decode_leaves(dialect.encode_request(operation, KEY)))
    assert (read.operation, read.api_key, read.unread) == (operation, KEY, ())


@EACH_KIND
@given(data=st.data())
def test_a_reply_is_decoded_equal(kind: type[Operation[Any]], data: st.DataObject) -> None:
    reply = data.draw(strategies.replies(0)[kind.reply])
    # Without a recipient's number or an id of its own, the operation matches any response.
    operation = kind(**{item.name: "" for item in fields(cast("Any", kind)) if item.default is item.default_factory is MISSING})
    document = DIALECTS["skycore"].encode_reply(reply)
    assert Account(KEY).decode(operation, HttpResponse(200, {}, document)) == reply


def test_every_action_has_a_vector() -> None:
    assert {type(vector.operation) for vector in ACTION_VECTORS} == set(KINDS)


@EACH_KIND
@pytest.mark.parametrize("dialect", ["sinch", "sinch-json"])
def test_sinch_refuses_every_action_that_only_skycore_1_3_has(kind: type[Operation[Any]], dialect: DialectName) -> None:
    operation = next(vector.operation for vector in ACTION_VECTORS if type(vector.operation) is kind)
    with pytest.raises(ConfigurationError, match="is not supported in") as caught:
        Account(KEY, dialect=dialect).encode(operation)
    assert [problem.field for problem in caught.value.problems] == [kind.__name__]


@pytest.mark.parametrize(("kind", "repeatable"), [(ListCampaigns, True), (GetStatistics, True), (CreateSession, False)])
def test_only_listings_are_repeatable(kind: type[Operation[Any]], repeatable: bool) -> None:
    assert kind.repeatable is repeatable
    assert [one for one in KINDS if one.repeatable] == [ListCampaigns, GetStatistics]


def test_an_operation_copies_the_mappings_it_is_given() -> None:
    given_ = {"barcodevalue": "7"}
    operations = (
        SendPassInMMS("1", to=A, sender="60856", pass_data=given_, data=given_),
        SendMMSBarcode("1", to=A, sender="60856", barcode_id="7", data=given_),
        Subscribe(A, campaign="1", data=given_),
    )
    given_.clear()
    assert operations[0].pass_data == operations[0].data == operations[1].data == operations[2].data == {"barcodevalue": "7"}


@pytest.mark.parametrize(
    ("when", "written"),
    [
        (date(2010, 10, 1), "2010-10-01 00:00:00"),
        (datetime(2010, 10, 1, 12), "2010-10-01 12:00:00"),
        (datetime(2010, 10, 1, 12, 0, 0, 999, tzinfo=timezone(timedelta(hours=-4))), "2010-10-01 16:00:00"),
        ("2010-10-01T12:00:00+02:00", "2010-10-01 10:00:00"),
        ("2010-10-01 12:00:00", "2010-10-01 12:00:00"),
        ("2010-10-01", "2010-10-01 00:00:00"),
        (datetime(1, 1, 1), "0001-01-01 00:00:00"),
        ("soon", "soon"),
    ],
)
@EACH_SKYCORE_DIALECT
def test_the_dates_of_a_report_are_in_utc(dialect: Dialect, when: Any, written: str) -> None:
    leaves = dialect.decode_leaves(dialect.encode_request(GetStatistics(when, date(2011, 1, 1)), KEY))
    assert [text for name, _, text in leaves if name.lower() == "start_date"] == [written]


@pytest.mark.parametrize("when", [datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), 20101001, b"2010-10-01"])
def test_a_date_outside_the_range_of_utc_is_refused(when: Any) -> None:
    found = Account(KEY).problems(GetStatistics("2010-10-01", when))
    assert ("E507", None, "end") in [problem[:3] for problem in found]


def test_a_message_by_subscriber_needs_its_reference_and_a_slideshow_or_text() -> None:
    empty = SendMessageBySubscriberRef("ACCT-1", campaign_ref="C1")
    assert [problem[:3] for problem in Account(KEY).problems(empty)] == [("E620", None, "mms_id")]
    unnamed = SendMessageBySubscriberRef("", campaign_ref="", text="Hi!")
    assert sorted(problem[0] or "" for problem in Account(KEY).problems(unnamed)) == ["E100", "E718"]


# ------------------------------------------------------------------------------------------------ replies


def test_a_reply_lists_the_results_that_failed() -> None:
    operation, reply = next((one.operation, one.reply) for one in ACTION_VECTORS if "many" in one.name)
    body = next(one.answer for one in ACTION_VECTORS if "many" in one.name)
    got = Account(KEY).decode(operation, HttpResponse(200, {}, body.encode()))
    assert got == reply
    sent, failed = got.results
    assert sent.error is None
    assert isinstance(failed.error, RecipientError)
    assert (failed.error.code, failed.error.info, failed.error.sent_maybe) == ("E114", "Blocked", False)
    assert got.failed == (failed,)


def test_a_reply_whose_results_all_failed_is_not_an_error() -> None:
    one = "<SUBSCRIBER><STATUS>Failure</STATUS><ERRORCODE>{}</ERRORCODE></SUBSCRIBER>"
    got = decode(SendMessageBySubscriberRef("S", campaign_ref="C", text="Hi!"), one.format("E713") + one.format("E000"))
    assert [type(result.error) for result in got.failed] == [error_class("E713"), MMSError]


def test_a_result_with_a_failure_status_and_no_code_has_an_error() -> None:
    got = decode(
        SendMessageBySubscriberRef("S", campaign_ref="C", text="Hi!"), "<SUBSCRIBER><STATUS>Failed</STATUS></SUBSCRIBER>"
    )
    assert type(got.results[0].error) is MMSError


def test_a_subscriber_that_is_refused_as_a_whole_is_an_error() -> None:
    with pytest.raises(CampaignError):
        decode(
            SendMessageBySubscriberRef("S", campaign_ref="C", text="Hi!"),
            "<STATUS>Failure</STATUS><ERRORCODE>E721</ERRORCODE>",
        )


@pytest.mark.parametrize(
    "nodes",
    [
        "",
        "<SUBSCRIBERREF>S</SUBSCRIBERREF>",
        "<SUBSCRIBER><TO>15551230001</TO></SUBSCRIBER>",
        "<SUBSCRIBERREF>T</SUBSCRIBERREF>",
    ],
)
def test_after_a_response_without_any_status_the_message_may_have_been_sent(nodes: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(SendMessageBySubscriberRef("S", campaign_ref="C", text="Hi!"), nodes)
    assert caught.value.sent_maybe


def test_a_reply_of_another_operation_needs_its_own_status() -> None:
    with pytest.raises(ProtocolError, match="no status"):
        decode(ListCampaigns(), "<SUBSCRIBER><STATUS>Success</STATUS></SUBSCRIBER>")


@pytest.mark.parametrize(
    "nodes", ["<URL>https://a.example/1.xml</URL>", "<REPORT><FILE> https://a.example/1.xml </FILE></REPORT>"]
)
def test_the_statistics_link_is_found_in_any_element(nodes: str) -> None:
    assert decode(GetStatistics("2010-10-01", "2010-10-02"), f"<STATUS>Success</STATUS>{nodes}") == StatisticsLink(
        "https://a.example/1.xml"
    )


def test_a_statistics_link_needs_no_status_and_no_known_element() -> None:
    operation = GetStatistics("2010-10-01", "2010-10-02")
    assert decode(operation, "<LINK>https://a.example/1.xml</LINK>").link == "https://a.example/1.xml"
    for nodes in ("<STATUS>Success</STATUS>", "<STATUS>Success</STATUS><URL/>", "<FILE>https://a.example/1.xml</FILE>"):
        with pytest.raises(ProtocolError):
            decode(operation, nodes)
    with pytest.raises(ValueError, match="no URL"):
        StatisticsLink()


def test_results_with_error_codes_and_no_status_are_refusals() -> None:
    nodes = f"<SUBSCRIBER><TO>{A}</TO><ERRORCODE>E110</ERRORCODE><ERRORINFO>No.</ERRORINFO></SUBSCRIBER>"
    got = decode(SendMessageBySubscriberRef("S", campaign_ref="C", text="Hi!"), nodes + nodes.replace(A, B))
    assert [(one.to, one.error and one.error.code) for one in got.failed] == [(A, "E110"), (B, "E110")]


@pytest.mark.parametrize(
    ("status", "code", "sent_maybe"),
    [
        ("Failure", "E110", False),
        # The gateway failed, or the status contradicts the code.
        ("Failure", "E503", True),
        ("Success", "E110", True),
    ],
)
def test_the_error_of_one_number_says_whether_its_message_may_have_been_sent(status: str, code: str, sent_maybe: bool) -> None:
    error = SubscriberResult(status=status, error_code=code).error
    assert error is not None
    assert (error.code, error.sent_maybe) == (code, sent_maybe)


@pytest.mark.parametrize("status", ["Success", "success", "SUCCESS"])
def test_a_number_with_the_status_success_has_no_error(status: str) -> None:
    assert SubscriberResult(status=status).error is None


def test_a_response_with_another_number_or_id_is_refused() -> None:
    for operation, nodes in (
        (Subscribe(A, campaign="1"), f"<MOBILE>{B}</MOBILE>"),
        (RemoveInboxMessage("MMS_MO_1"), "<MMSINBOXID>MMS_MO_2</MMSINBOXID>"),
    ):
        with pytest.raises(ProtocolError, match="another request"):
            decode(operation, f"<STATUS>Success</STATUS>{nodes}")


def test_an_id_in_place_of_a_reference_is_decoded() -> None:
    got = decode(Subscribe(A, campaign="1"), f"<STATUS>Success</STATUS><CAMPAIGNID>1</CAMPAIGNID><MOBILE>{A}</MOBILE>")
    assert got.campaign == "1"


@pytest.mark.parametrize("wrong", [["Hello"], "x", None, 5])
def test_a_value_that_is_not_a_mapping_is_refused_by_field(wrong: Any) -> None:
    fields: dict[str, Any] = {"to": A, "sender": "60856"}
    for make, name in (
        (lambda: SendSavedMMS("35674", **fields, custom_text=wrong), "custom_text"),
        (lambda: SendMMSBarcode("35674", **fields, barcode_id="7", data=wrong), "data"),
        (lambda: SendPassInMMS("35674", **fields, pass_data=wrong), "pass_data"),
        (lambda: Subscribe(A, campaign="1", data=wrong), "data"),
    ):
        with pytest.raises(TypeError, match=f"{name} must be a dict"):
            make()


def test_a_report_must_be_bytes() -> None:
    wrong: Any = "<RESPONSE/>"
    with pytest.raises(TypeError, match="expected the bytes of the report"):
        read_report(wrong)


def test_a_sessions_id_is_not_shown() -> None:
    got = decode(CreateSession(), "<STATUS>Success</STATUS><SESSIONID>canary-session</SESSIONID>")
    assert got.session_id == "canary-session"
    assert "canary" not in repr(got)


@pytest.mark.parametrize(("old", "new"), [("E301", "E311"), ("E302", "E312"), ("E303", "E313"), ("E304", "E314")])
def test_a_former_error_code_gives_the_same_error(old: str, new: str) -> None:
    with pytest.raises(error_class(new)) as caught:
        decode(SaveMMS(Slideshow("x")), f"<STATUS>Failure</STATUS><ERRORCODE>{old}</ERRORCODE>")
    assert (caught.value.code, error_class(old)) == (old, error_class(new))


# ------------------------------------------------------------------------------------------------ legacy requests

NESTED = b"""
<REQUEST>
    <ACTION>saveMMS</ACTION>
    <API_KEY>0123456789abcdef0123456789abcdef</API_KEY>
    <CONTENT>
        <NAME>fishtank</NAME>
        <SUBJECT>The subject</SUBJECT>
        <SEQUENCE>
            <SLIDE duration="5">
                <IMAGE><URL>http://www.yoursite.com/images/1.jpg</URL></IMAGE>
                <TEXT>Here is some text</TEXT>
            </SLIDE>
            <SLIDE><TEXT>Two</TEXT></SLIDE>
            <SLIDE duration="7"/>
        </SEQUENCE>
    </CONTENT>
</REQUEST>"""
FISHTANK = Slideshow(
    "fishtank",
    subject="The subject",
    slides=(
        Slide("Here is some text", image="http://www.yoursite.com/images/1.jpg", duration=5),
        Slide("Two"),
        Slide(duration=7),
    ),
)


def test_a_legacy_request_in_a_file_is_read() -> None:
    assert read_file(NESTED).operation == SaveMMS(FISHTANK)


def read(document: bytes, name: DialectName = "skycore") -> Any:
    """Decode a request."""
    dialect = DIALECTS[name]
    return dialect.decode_request(dialect.decode_leaves(document))


@pytest.mark.parametrize("document", [NESTED, NESTED.replace(b"CONTENT", b"Content").replace(b"SEQUENCE", b"sequence")])
def test_a_legacy_request_is_decoded(document: bytes) -> None:
    got = read(document)
    assert (got.operation, got.api_key, got.unread) == (SaveMMS(FISHTANK), KEY, ())


def test_a_legacy_slide_and_a_current_slide_are_two_slides() -> None:
    got = read(NESTED.replace(b"</CONTENT>", b"</CONTENT><SLIDE><TEXT>Four</TEXT></SLIDE>"))
    assert got.operation.slideshow.slides == (*FISHTANK.slides, Slide("Four"))


def test_a_duration_as_attribute_and_element_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        read(NESTED.replace(b"<SLIDE><TEXT>Two</TEXT>", b"<SLIDE duration='1'><DURATION>1</DURATION>"))


def test_legacy_forms_are_not_decoded_in_sinch_requests_and_postbacks() -> None:
    document = b"<request><action>saveMMS</action><content><name>x</name></content><slide duration='5'/></request>"
    got = read(document, "sinch")
    assert got.operation.slideshow == Slideshow("", slides=(Slide(),))
    assert got.unread == ("content/name", "slide/@duration")
    root = xml_tree.parse(b"<POSTBACK><CONTENT duration='5'><FILE>1</FILE><FILE>2</FILE></CONTENT></POSTBACK>", 200)
    assert xml_tree.leaves(root) == [("CONTENT/@duration", 0, "5"), ("CONTENT/FILE", 0, "1"), ("CONTENT/FILE", 0, "2")]


@pytest.mark.parametrize(
    ("dialect", "document", "operation"),
    [
        ("skycore-get", b"action=sendsavedmmscampaign&campaignid=332&mmsid=35674", SendSavedMMSCampaign("35674", "332")),
        (
            "skycore",
            b"<REQUEST><ACTION>removeMMSInboxContent</ACTION><MMSINBOXID>1</MMSINBOXID></REQUEST>",
            RemoveInboxMessage("1"),
        ),
        ("skycore", b"<REQUEST><ACTION>loginUSer</ACTION></REQUEST>", CreateSession()),
        ("skycore-get", b"action=unsubscribe&mobile=15551230001&campaignid=7", Unsubscribe(A, campaign="7")),
        (
            "skycore",
            b"<REQUEST><ACTION>sendSMS</ACTION><SPID>000189</SPID><TO>15551230001</TO><FROM>1</FROM><TEXT>Hi!</TEXT></REQUEST>",
            SendSMS("Hi!", to=A, sender="1", operator_id="000189"),
        ),
    ],
)
def test_former_names_are_decoded_and_encoded_as_current_names(
    dialect: DialectName, document: bytes, operation: Operation[Any]
) -> None:
    got = read(document, dialect)
    assert (got.operation, got.unread) == (operation, ())
    assert read(DIALECTS[dialect].encode_request(operation, KEY), dialect).operation == operation


# ------------------------------------------------------------------------------------------------ reports

REPORT = b"""<RESPONSE>
<BATCHES>
    <BATCH id="12418" from="60856" campaignid="1136" campaignname="MyCampaign" scheduled_date="2010-10-12" contentid="35080"
      contentname="Flowers">
        <CONTENT id="150838" carrier="Sandbox" to="15551230001" delivery="binary">
            <MSG_STATUS>
                <INQUE time="2010-10-12T06:32:46.620197Z"/>
                <DLR gw="20" net="1000" time="2010-10-12T06:33:19.5797Z"/>
            </MSG_STATUS>
            <MM7_HANDSETID>VX8000v1</MM7_HANDSETID>
        </CONTENT>
    </BATCH>
</BATCHES>
<SUBSCRIPTIONS>
    <SUB to="15551230002" from="60856"><TEXT id="7" text="Welcome"><ERROR info="gone" time="later"/></TEXT></SUB>
</SUBSCRIPTIONS>
<SENDING_LIST><TEXT id="8" to="15551230003" body="Hi!"/><FAX id="9"/></SENDING_LIST>
<NOTE>made by night</NOTE>
</RESPONSE>"""


def test_a_report_has_a_row_for_each_message_with_the_fields_of_its_group() -> None:
    mms, sms, other, fax, note = read_report(REPORT)
    assert (mms.kind, mms.section, mms.id, mms.to, mms.sender, mms.carrier) == (
        "MMS",
        "BATCHES",
        "150838",
        A,
        "60856",
        "Sandbox",
    )
    assert (mms.mms_id, mms.mms_name, mms.delivery, mms.handset) == ("35080", "Flowers", "binary", "VX8000v1")
    assert (mms.group_id, mms.campaign_id, mms.campaign_name, mms.scheduled) == ("12418", "1136", "MyCampaign", "2010-10-12")
    assert mms.statuses[0] == StatusUpdate("INQUE", datetime(2010, 10, 12, 6, 32, 46, 620197, tzinfo=UTC))
    assert (mms.statuses[1].gateway, mms.statuses[1].network, mms.delivered) == ("20", "1000", True)
    assert (sms.kind, sms.section, sms.to, sms.text, sms.delivered) == ("SMS", "SUBSCRIPTIONS", B, "Welcome", False)
    assert sms.statuses == (StatusUpdate("ERROR", "later", info="gone"),)
    assert (other.to, other.text, other.sender) == (C, "Hi!", None)
    assert (fax.kind, fax.section, fax.raw) == ("FAX", "SENDING_LIST", (("@id", "9"),))
    assert (note.kind, note.raw) == ("NOTE", (("NOTE", "made by night"),))


@pytest.mark.parametrize(
    ("reports", "delivered"),
    [
        ('<DLR gw="81" time="2012-04-24T04:45:18Z"/><EXPIRED gw="30" time="2012-04-24T05:45:18Z"/>', False),
        ('<DLR gw="81" time="2012-04-24T04:45:18Z"/><DLR gw="20" time="2012-04-24T05:45:18Z"/>', True),
        ('<DLR time="2012-04-24T05:45:18Z"/>', True),
    ],
)
def test_a_device_discovery_report_does_not_mean_that_the_message_was_delivered(reports: str, delivered: bool) -> None:
    body = f'<RESPONSE><SENDING_LIST><CONTENT id="1"><MSG_STATUS>{reports}</MSG_STATUS></CONTENT></SENDING_LIST></RESPONSE>'
    (row,) = read_report(body.encode())
    assert row.delivered is delivered


def test_a_report_without_messages_is_empty() -> None:
    assert read_report(b"<RESPONSE/>") == read_report(b"<RESPONSE><SENDING_LIST/></RESPONSE>") == ()
    assert read_report(b"<RESPONSE><STATUS>Success</STATUS></RESPONSE>") == ()


@pytest.mark.parametrize("status", ["<STATUS>Failure</STATUS>", "", "<STATUS>Success</STATUS>"])
def test_a_refusal_in_place_of_a_report_is_raised(status: str) -> None:
    refusal = f"<RESPONSE>{status}<ERRORCODE>E510</ERRORCODE><ERRORINFO>too often</ERRORINFO></RESPONSE>"
    with pytest.raises(MMSError, match="too often") as caught:
        read_report(refusal.encode())
    assert (caught.value.code, caught.value.sent_maybe) == ("E510", False)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html/>", b"<RESPONSE>", b"<!DOCTYPE a><RESPONSE/>", b"<RESPONSE>" + b"<A>" * 300 + b"</A>" * 300 + b"</RESPONSE>"],
)
def test_a_body_that_is_not_a_report_is_a_protocol_error(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="not a report"):
        read_report(body)


def test_a_report_longer_than_the_limit_is_refused() -> None:
    with pytest.raises(ProtocolError, match="more than"):
        read_report(REPORT, limit=100)


# ------------------------------------------------------------------------------------------------ the sandbox

SHOW = Slideshow("coupon", subject="Free").slide("Hi!")
PASS = Slideshow("pass", subject="Yours").slide("Here", passbook="https://media.example/a.pkpass")


@pytest.fixture(params=["skycore", "skycore-get"])
def sandbox_and_client(request, kind):
    with Sandbox() as sandbox, kind(sandbox.account(request.param)) as client:
        yield sandbox, client


def refused(client: Any, operation: Operation[Any]) -> MMSError:
    """The error of an operation that the sandbox refuses."""
    with pytest.raises(MMSError) as caught:
        client.call(operation)
    assert not caught.value.foreseen
    return caught.value


def test_a_campaign_is_created_and_listed_and_numbers_subscribe_receive_and_unsubscribe(sandbox_and_client) -> None:
    sandbox, client = sandbox_and_client
    assert client.call(ListCampaigns()).campaigns == ()
    made = client.call(CreateCampaign("Winter Sale", brand_name="Shop"))
    other = client.call(CreateCampaign("Summer & Sun", brand_name="Shop"))
    listed = client.call(ListCampaigns()).campaigns
    assert [(one.campaign_id, one.name) for one in listed] == [
        (made.campaign_id, "Winter Sale"),
        (other.campaign_id, "Summer & Sun"),
    ]
    for number in (A, B):
        joined = client.call(Subscribe(number, campaign=made.campaign_id, subscriber_ref="ACCT-1"))
        assert (joined.campaign, joined.mobile, joined.subscriber_ref) == (made.campaign_id, number, "ACCT-1")
    mms_id = client.call(SaveMMS(SHOW)).mms_id
    scheduled = client.call(SendSavedMMSCampaign(mms_id, made.campaign_id))
    assert (scheduled.mms_id, bool(scheduled.scheduled_id)) == (mms_id, True)
    assert [notice.to for notice in sandbox.requests[-1].notices] == [A, B, A, B]
    client.call(Unsubscribe(A, campaign=made.campaign_id))
    assert list(sandbox.campaigns[0].numbers) == [B]
    assert isinstance(sandbox.requests[-1].notices[0], SubscriptionChange)
    assert type(refused(client, Unsubscribe(A, campaign=made.campaign_id))) is SubscriptionError


def test_a_campaign_is_known_by_its_name_and_by_its_id(sandbox_and_client) -> None:
    sandbox, client = sandbox_and_client
    campaign_id = client.call(CreateCampaign("Campaign123", brand_name="Shop")).campaign_id
    mms_id = client.call(SaveMMS(SHOW)).mms_id
    for reference in ("Campaign123", campaign_id):
        assert client.call(Subscribe(A, campaign=reference, subscriber_ref="ACCT-1")).campaign == reference
        reply = client.call(SendMessageBySubscriberRef("ACCT-1", campaign_ref=reference, text="Hi!"))
        assert (reply.campaign_ref, [result.to for result in reply.results]) == (reference, [A])
        client.call(SendSavedMMSCampaign(mms_id, reference))
        assert [notice.to for notice in sandbox.requests[-1].notices] == [A, A]
        assert client.call(Unsubscribe(A, campaign=reference)).campaign == reference
        assert sandbox.campaigns[0].numbers == {}


def test_a_name_of_two_campaigns_means_the_newest(sandbox_and_client) -> None:
    sandbox, client = sandbox_and_client
    for _ in range(2):
        client.call(CreateCampaign("Campaign123", brand_name="Shop"))
    client.call(Subscribe(A, campaign="Campaign123"))
    assert [list(one.numbers) for one in sandbox.campaigns] == [[], [A]]


def test_one_call_sends_to_all_numbers_of_a_subscriber(sandbox_and_client) -> None:
    sandbox, client = sandbox_and_client
    campaign = client.call(CreateCampaign("Winter Sale", brand_name="Shop")).campaign_id
    for number in (A, B, C):
        client.call(Subscribe(number, campaign=campaign, subscriber_ref="ACCT-1" if number != C else "ACCT-2"))
    sandbox.block(B)
    mms_id = client.call(SaveMMS(SHOW)).mms_id
    contents: list[dict[str, Any]] = [{"mms_id": mms_id}, {"text": "Hi!"}]
    for content in contents:
        reply = client.call(SendMessageBySubscriberRef("ACCT-1", campaign_ref=campaign, **content))
        assert [(result.to, result.error_code) for result in reply.results] == [(A, None), (B, "E114")]
        assert [type(result.error) for result in reply.failed] == [BlockedRecipientError]
        assert [notice.to for notice in sandbox.requests[-1].notices] == [A, A]
    sandbox.block(A)
    assert len(client.call(SendMessageBySubscriberRef("ACCT-1", campaign_ref=campaign, text="Hi!")).failed) == 2
    assert refused(client, SendMessageBySubscriberRef("ACCT-9", campaign_ref=campaign, text="Hi!")).code == "E715"
    assert refused(client, SendMessageBySubscriberRef("ACCT-1", campaign_ref="none", text="Hi!")).code == "E721"
    assert refused(client, SendMessageBySubscriberRef("ACCT-1", campaign_ref=campaign, mms_id="1")).code == "E241"


def test_passes_barcodes_and_sms_are_sent(sandbox_and_client) -> None:
    sandbox, client = sandbox_and_client
    to: dict[str, Any] = {"to": A, "sender": "60856"}
    show, wallet = (client.call(SaveMMS(one)).mms_id for one in (SHOW, PASS))
    sent = client.call(SendPassInMMS(wallet, **to, pass_data={"barcodevalue": "7"}))
    assert (sent.to, sent.mms_id, sandbox.sent[-1].pass_data) == (A, wallet, {"barcodevalue": "7"})
    assert type(refused(client, SendPassInMMS(show, **to, pass_data={"barcodevalue": "7"}))) is PassError
    assert client.call(SendMMSBarcode(show, **to, barcode_id="Ticket")).tracking_id
    sms = client.call(SendSMS("Hi!\nyou", **to))
    assert sandbox.sent[-1].text == "Hi!\nyou"
    reports = sandbox.requests[-1].notices
    assert [(type(one), one.code, one.origin, one.tracking_id) for one in reports] == [
        (DeliveryReport, "N201", "SMS_MT", sms.tracking_id),
        (DeliveryReport, "N202", "SMS_MT", sms.tracking_id),
    ]
    sandbox.block(A)
    for operation in (
        SendSMS("Hi!", **to),
        SendMMSBarcode(show, **to, barcode_id="7"),
        SendMMS(SHOW, **to),
        SendSavedMMS(show, **to),
    ):
        assert refused(client, operation).code == "E114"
    for missing in (SendPassInMMS("1", **to, pass_data={"a": "b"}), SendMMSBarcode("1", **to, barcode_id="7")):
        assert type(refused(client, missing)) is NotFoundError


UUID = "2f234454-cf6d-4a0f-adf2-f4911ba9ffa6"
#: The codes of sendPassInMMS in Skycore 1.3: ten for each kind of value, because a pass has up to ten places and ten beacons.
WRONG_VALUES = (
    *(({"rellatitude1": wrong}, "E880") for wrong in ("999", "90.1", "-91", "north", "40,7", "1e1", "4٠", "nan")),
    ({"rellatitude10": "90.5"}, "E889"),
    *(({"rellongitude1": wrong}, "E890") for wrong in ("180.5", "-181", "west", "1 2")),
    ({"rellongitude10": "999"}, "E899"),
    *(({"ibeaconuuid1": wrong}, "E960") for wrong in ("zz", UUID.replace("-", ""), UUID[:-1], f"{{{UUID}}}")),
    ({"ibeaconuuid10": "zz"}, "E969"),
    *(({"ibeaconuuid1": UUID, "ibeaconmajor1": wrong}, "E970") for wrong in ("70000", "65536", "-1", "1.0", "one")),
    ({"ibeaconuuid10": UUID, "ibeaconmajor10": "65536"}, "E979"),
    ({"ibeaconuuid1": UUID, "ibeaconminor1": "65536"}, "E980"),
    ({"ibeaconuuid10": UUID, "ibeaconminor10": "x"}, "E989"),
    ({"ibeaconmajor1": "1"}, "E990"),
    ({"ibeaconuuid1": " ", "ibeaconminor1": "1"}, "E990"),
    ({"ibeacontext10": "You are near", "ibeaconuuid9": UUID}, "E999"),
)
RIGHT_VALUES = (
    {"rellatitude1": "90", "rellongitude1": "-180.0", "reltext1": "Here"},
    {"rellatitude1": "+41.8781", "rellongitude1": " -87.6298 ", "rellatitude2": "-90.000"},
    {"ibeaconuuid1": UUID.upper(), "ibeaconmajor1": "0", "ibeaconminor1": "65535", "ibeacontext1": "You are near"},
    {"ibeaconuuid10": UUID},
    # A blank value counts as missing, and an unknown name is not validated.
    {"rellatitude1": " ", "ibeaconmajor1": "", "barcodevalue": "7"},
    {"rellatitude11": "999", "rellatitude": "999", "colour": "zz"},
)


@pytest.mark.parametrize(("values", "code"), WRONG_VALUES)
def test_a_pass_with_a_value_of_the_wrong_form_is_refused(sandbox_and_client, values: dict[str, str], code: str) -> None:
    sandbox, client = sandbox_and_client
    wallet = client.call(SaveMMS(PASS)).mms_id
    for change_case in (str.lower, str.upper):
        named = {change_case(name): value for name, value in values.items()}
        error = refused(client, SendPassInMMS(wallet, to=A, sender="60856", pass_data=named))
        assert (type(error), error.code) == (PassError, code)
        assert any(f"pass_data: {name} " in error.info for name in values)
    assert sandbox.sent == []


@pytest.mark.parametrize("values", RIGHT_VALUES)
def test_a_pass_with_values_of_the_right_form_is_accepted(sandbox_and_client, values: dict[str, str]) -> None:
    sandbox, client = sandbox_and_client
    wallet = client.call(SaveMMS(PASS)).mms_id
    client.call(SendPassInMMS(wallet, to=A, sender="60856", pass_data=values))
    assert len(sandbox.sent) == 1


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (SendSavedMMSCampaign("1", "2"), "E241"),
        (Subscribe(A, campaign="2"), "E903"),
        (Unsubscribe(A, campaign="2"), "E903"),
        (RemoveInboxMessage("MMS_MO_1"), "E641"),
    ],
)
def test_an_unknown_id_is_refused(sandbox_and_client, operation: Operation[Any], code: str) -> None:
    assert refused(sandbox_and_client[1], operation).code == code


def test_a_saved_mms_to_an_unknown_campaign_is_refused(sandbox_and_client) -> None:
    _, client = sandbox_and_client
    assert refused(client, SendSavedMMSCampaign(client.call(SaveMMS(SHOW)).mms_id, "2")).code == "E714"


def test_a_received_message_is_reported_and_can_be_removed_once(kind) -> None:
    with (
        PostbackReceiver() as inbox,
        Sandbox(postback_url=inbox.url, delays=AT_ONCE) as sandbox,
        kind(sandbox.account()) as client,
    ):
        inbox_id = sandbox.receive_mms(A, "60856", "https://media.example/1.jpg")
        (notice,) = inbox.wait(1)
        assert isinstance(notice, InboundMMS)
        assert (notice.tracking_id, notice.sender, notice.files) == (inbox_id, A, ("https://media.example/1.jpg",))
        assert client.call(RemoveInboxMessage(notice.tracking_id)).inbox_id == inbox_id
        assert refused(client, RemoveInboxMessage(inbox_id)).code == "E642"


def test_each_session_has_its_own_id(sandbox_and_client) -> None:
    _, client = sandbox_and_client
    assert client.call(CreateSession()).session_id != client.call(CreateSession()).session_id


def test_statistics_are_requested_fetched_and_read(sandbox_and_client) -> None:
    _, client = sandbox_and_client
    sent = client.call(SendMMS(SHOW, to=A, sender="60856"))
    sms = client.call(SendSMS("Hi & bye", to=B, sender="60856"))
    now = datetime.now(UTC)
    link = client.call(GetStatistics(now - timedelta(hours=1), now + timedelta(hours=1))).link
    mms_row, sms_row = read_report(client.fetch(link))
    assert (mms_row.kind, mms_row.id, mms_row.to, mms_row.mms_id) == ("MMS", sent.tracking_id, A, sent.mms_id)
    assert (sms_row.kind, sms_row.id, sms_row.to, sms_row.text, sms_row.delivered) == (
        "SMS",
        sms.tracking_id,
        B,
        "Hi & bye",
        True,
    )
    assert mms_row.delivered
    empty = client.call(GetStatistics(now - timedelta(days=2), now - timedelta(days=1))).link
    assert read_report(client.fetch(empty)) == ()
