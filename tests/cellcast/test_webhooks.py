"""Cellcast webhooks of both generations, as documented and as recorded in production."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skymms import DeliveryReport, InboundMMS, InboundSMS, ProtocolError, UnknownNotice
from skymms.cellcast import STATES, CellcastMMS, read_cellcast_webhook

ADA = "+61491570156"

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
NAMES = st.sampled_from(["type", "from", "body", "_id", "status", "message", "media", "message_id", "recipient", "mms"])


def read(document: Any) -> Any:
    return read_cellcast_webhook(json.dumps(document).encode())


INBOUND_V3 = {
    "from": "61491570156",
    "body": "Yes please",
    "received_at": "2026/11/01 02:03:04",
    "message_id": "dba864ec",
    "custom_string": "",
    "type": "SMS",
    "original_message_id": "A21741CB",
    "original_body": "Coming?",
}
REPORT_V3 = {"message_id": "A21741CB", "status": "Delivered", "recipient": "61491570156", "custom_string": "order-17"}
INBOUND_V1 = {
    "_id": "6752be535000000000000000",
    "status": "received",
    "type": "receive",
    "message": "Yes please",
    "sender": "491570156",
    "receiver": "61491570159",
}
REPORT_V1 = {
    "_id": "6752be535000000000000000",
    "status": "delivered",
    "type": "send",
    "sender": "Shop",
    "receiver": "491570156",
}


class TestInboundMessages:
    @pytest.mark.parametrize("posted", [INBOUND_V3, [INBOUND_V3]])
    def test_a_v3_message_may_be_an_object_or_in_an_array(self, posted):
        (notice,) = read(posted)
        assert type(notice) is InboundSMS
        assert (notice.sender, notice.text, notice.transaction_id) == (ADA, "Yes please", "dba864ec")
        assert notice.tracking_id == "A21741CB"
        assert notice.timestamp == datetime(2026, 11, 1, 2, 3, 4)

    def test_a_v1_message(self):
        (notice,) = read(INBOUND_V1)
        assert type(notice) is InboundSMS
        assert (notice.sender, notice.to, notice.text) == (ADA, "+61491570159", "Yes please")

    def test_a_v1_message_as_recorded_has_its_text_in_reply(self):
        (notice,) = read({**INBOUND_V1, "message": "Coming?", "reply": "Yes please"})
        assert notice.text == "Yes please"
        assert ("message", "Coming?") in notice.raw

    @pytest.mark.parametrize("reply", ["", " "])
    def test_a_reply_without_a_text_does_not_have_the_text_of_the_message_that_it_answers(self, reply):
        (notice,) = read({**INBOUND_V1, "message": "Sale! Text STOP to end", "reply": reply})
        assert (notice.sender, notice.text) == (ADA, None)
        inner = json.dumps({"message": "Look", "media": [{"url": "http://media.example/cat.jpg"}]})
        (notice,) = read({**INBOUND_V1, "mms": True, "message": inner, "reply": reply})
        assert (notice.text, notice.files) == ("Look", ("http://media.example/cat.jpg",))

    def test_a_v3_mms(self):
        (notice,) = read({**INBOUND_V3, "type": "MMS"})
        assert isinstance(notice, InboundMMS)
        assert isinstance(notice, CellcastMMS)
        assert (notice.text, notice.tracking_id, notice.original_message_id) == ("Yes please", "dba864ec", "A21741CB")

    def test_a_v1_mms_is_wrapped_in_a_text_of_json(self):
        inner = json.dumps({"message": "Look", "media": [{"url": "http://media.example/cat.jpg"}]})
        (notice,) = read({**INBOUND_V1, "mms": True, "message": inner})
        assert (notice.text, notice.files) == ("Look", ("http://media.example/cat.jpg",))

    @pytest.mark.parametrize("text", ["{", "{}", '{"a": 1}', "{not json}"])
    def test_a_text_that_only_looks_like_json_stays_a_text(self, text):
        (notice,) = read({**INBOUND_V1, "message": text})
        assert notice.text == text

    def test_a_repeated_event_has_the_same_identity(self):
        (one,), (again,), (other,) = read(INBOUND_V3), read(INBOUND_V3), read({**INBOUND_V3, "message_id": "other"})
        assert one.identity == again.identity != other.identity


class TestDeliveryReports:
    def test_v3_reports(self):
        first, second = read([REPORT_V3, {**REPORT_V3, "recipient": "61491570157", "status": "Aborted"}])
        assert type(first) is DeliveryReport
        assert (first.tracking_id, first.to, first.client_reference) == ("A21741CB", ADA, "order-17")
        assert (first.delivered, second.failed) == (True, True)
        assert (second.status, second.details) == ("failed", "Aborted")
        assert first.identity != second.identity

    def test_a_v1_report(self):
        (notice,) = read(REPORT_V1)
        assert (notice.tracking_id, notice.to, notice.sender) == ("6752be535000000000000000", ADA, "Shop")
        assert notice.delivered

    @pytest.mark.parametrize("status", STATES)
    def test_delivered_and_failed_follow_the_status(self, status):
        (notice,) = read({**REPORT_V1, "status": status.upper()})
        assert notice.delivered is (STATES[status] == "delivered")
        assert notice.failed is (STATES[status] in {"failed", "rejected", "expired"})


class TestOtherBodies:
    @pytest.mark.parametrize("event", [{"hello": "world"}, {"type": "send"}, {"type": "other", "_id": "1"}, "words", 7])
    def test_an_unknown_event_is_an_unknown_notice(self, event):
        (notice,) = read([event])
        assert type(notice) is UnknownNotice
        assert notice.raw

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"<a/>", b"[" * 5000, b"\xff", b'{"a": 1, "a": 2}'])
    def test_a_body_without_an_event_is_a_protocol_error(self, body):
        with pytest.raises(ProtocolError):
            read_cellcast_webhook(body)

    def test_a_body_that_is_too_long_is_a_protocol_error(self):
        with pytest.raises(ProtocolError, match="bytes"):
            read_cellcast_webhook(b'{"a": "' + b"x" * 600_000 + b'"}')

    def test_a_body_must_be_bytes(self):
        with pytest.raises(TypeError):
            read_cellcast_webhook(cast("Any", "{}"))

    @given(st.recursive(LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(NAMES, one | st.just("receive"))))
    def test_any_document_gives_notices_or_a_protocol_error(self, document):
        try:
            read(document)
        except ProtocolError:
            assert document in ([], {}, None)


def test_a_timestamp_with_a_time_zone_is_aware():
    (notice,) = read({**INBOUND_V3, "received_at": "2026-11-01T02:03:04.000Z"})
    assert notice.timestamp == datetime(2026, 11, 1, 2, 3, 4, tzinfo=UTC)
