"""Bodies of postbacks for tests of a receiver: a reader finds the notice that was asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from skymms import (
    ConfigurationError,
    DeliveryReport,
    EncodingReport,
    InboundMMS,
    InboundSMS,
    SubscriptionChange,
    UnknownNotice,
    read_postbacks,
)
from skymms.cellcast import CellcastMMS, read_cellcast_webhook
from skymms.sandbox import PostbackBodies
from skymms.wire.dialects import DIALECTS

MAKE = PostbackBodies()
WHEN = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
ALL = [*DIALECTS, "cellcast-v3", "cellcast-v1"]

#: Each method with arguments, the class of its notice, and what the notice says.
ASKED = [
    (lambda d: MAKE.sent("MMS_7", to="15551230001", dialect=d), DeliveryReport, {"code": "N101", "final": False}),
    (lambda d: MAKE.delivered("MMS_7", to=15551230001, sender=60856, dialect=d), DeliveryReport, {"delivered": True}),
    (lambda d: MAKE.failed("MMS_7", details="no coverage", dialect=d), DeliveryReport, {"failed": True, "code": "E102"}),
    (lambda d: MAKE.rejected("MMS_7", dialect=d), DeliveryReport, {"failed": True, "code": "E101"}),
    (lambda d: MAKE.link_sent("MMS_7", dialect=d), DeliveryReport, {"sent_as": "SMS", "delivered": False, "failed": False}),
    (lambda d: MAKE.link_delivered("MMS_7", dialect=d), DeliveryReport, {"sent_as": "SMS", "delivered": True}),
    (lambda d: MAKE.link_failed("MMS_7", dialect=d), DeliveryReport, {"sent_as": "SMS", "failed": True}),
    (lambda d: MAKE.encoding_ready("9", dialect=d), EncodingReport, {"mms_id": "9", "ready": True}),
    (lambda d: MAKE.encoding_failed("9", dialect=d), EncodingReport, {"code": "E003", "ready": False}),
    (lambda d: MAKE.encoding_failed("9", audio="a.mp3", dialect=d), EncodingReport, {"code": "E002", "file": "a.mp3"}),
    (lambda d: MAKE.encoding_failed("9", image="a.jpg", dialect=d), EncodingReport, {"code": "E004", "file": "a.jpg"}),
    (
        lambda d: MAKE.inbound_mms("http://media.example/1.jpg", "http://media.example/2.jpg", subject="Hi", dialect=d),
        InboundMMS,
        {"files": ("http://media.example/1.jpg", "http://media.example/2.jpg"), "subject": "Hi", "sender": "15551234888"},
    ),
    (lambda d: MAKE.inbound_sms("HELP me", timestamp=WHEN, dialect=d), InboundSMS, {"text": "HELP me", "timestamp": WHEN}),
    (lambda d: MAKE.subscribed("15551230002", "autumn", dialect=d), SubscriptionChange, {"subscribed": True}),
    (lambda d: MAKE.unsubscribed(campaign_ref="autumn", dialect=d), SubscriptionChange, {"campaign_ref": "autumn"}),
    (lambda d: MAKE.unknown("N998", dialect=d), UnknownNotice, {"code": "N998", "origin": "NEW"}),
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("make", "kind", "says"), ASKED)
@pytest.mark.parametrize("in_form", [False, True], ids=["body", "form"])
def test_a_reader_finds_the_notice_that_was_asked_for(make, kind, says, dialect, in_form):
    postback = make(dialect)
    if in_form:
        assert list(parse_qs(postback.in_form().body.decode())) == ["xml"]
        postback = postback.in_form()
    assert postback.headers == {"Content-Type": postback.content_type}
    (notice,) = read_postbacks(postback.body, postback.content_type)
    assert notice == postback.notice
    assert notice.identity == postback.notice.identity
    assert type(notice) is kind
    assert {name: getattr(notice, name) for name in says} == says
    if kind is DeliveryReport:
        assert notice.tracking_id == "MMS_7"


def test_the_content_type_is_that_of_the_dialect():
    assert MAKE.delivered().content_type == "text/xml; charset=utf-8"
    assert MAKE.delivered(dialect="sinch-json").content_type == "application/json; charset=utf-8"
    assert MAKE.delivered().in_form("data").content_type == "application/x-www-form-urlencoded"
    assert MAKE.unreadable().notices == ()


@pytest.mark.parametrize("dialect", ["cellcast-v3", "cellcast-v1"])
@pytest.mark.parametrize(
    ("make", "kind", "says"),
    [
        (lambda d: MAKE.sent("A1", dialect=d), DeliveryReport, {"tracking_id": "A1", "final": False}),
        (lambda d: MAKE.delivered("A1", to="+61491570157", dialect=d), DeliveryReport, {"to": "+61491570157"}),
        (lambda d: MAKE.failed("A1", dialect=d), DeliveryReport, {"failed": True}),
        (lambda d: MAKE.rejected("A1", dialect=d), DeliveryReport, {"failed": True}),
        (lambda d: MAKE.inbound_mms(text="look", dialect=d), CellcastMMS, {"text": "look", "sender": "+61491570156"}),
        (lambda d: MAKE.inbound_sms("yes", dialect=d), InboundSMS, {"text": "yes", "transaction_id": "SMS_MO_1"}),
    ],
)
def test_a_reader_of_cellcast_finds_the_notice_that_was_asked_for(make, kind, says, dialect):
    postback = make(dialect)
    (notice,) = read_cellcast_webhook(postback.body)
    assert notice == postback.notice
    assert type(notice) is kind
    assert {name: getattr(notice, name) for name in says} == says


def test_a_batch_has_its_events_in_the_envelope_of_before_2013_11():
    batch = MAKE.batch(MAKE.delivered("MMS_1"), MAKE.inbound_sms("hi"), MAKE.subscribed(), MAKE.encoding_ready())
    assert batch.body.count(b"<NOTIFICATION ") == batch.body.count(b"<BODY>") == 4
    read = read_postbacks(batch.body, batch.content_type)
    assert read == batch.notices
    assert [type(notice) for notice in read] == [DeliveryReport, InboundSMS, SubscriptionChange, EncodingReport]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MAKE.delivered(dialect="morse"), "'morse' is not a dialect: choose one of skycore"),
        (lambda: MAKE.delivered(colour="red"), "DeliveryReport has no field colour"),
        (lambda: MAKE.link_sent(dialect="cellcast-v1"), "cellcast-v1 has no reports of links"),
        (lambda: MAKE.subscribed(dialect="cellcast-v3"), "cellcast-v3 has no SubscriptionChange"),
        (lambda: MAKE.inbound_mms(text="hi"), "has the text of an inbound MMS in a file"),
        (lambda: MAKE.batch(), "give at least one postback"),
        (lambda: MAKE.batch(MAKE.delivered(dialect="sinch")), "give postbacks with one event in the dialect skycore"),
        (lambda: MAKE.delivered(details="\x00"), "the postback cannot be written"),
    ],
)
def test_what_a_dialect_or_a_notice_does_not_have_is_refused(make, message):
    with pytest.raises(ConfigurationError) as raised:
        make()
    assert message in str(raised.value)
