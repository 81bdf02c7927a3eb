"""Cellcast responses of both generations: every documented and recorded body, and the reply or the error that it means."""

from __future__ import annotations

import pickle
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import cellcast_vectors as vectors
import pytest
from cellcast_vectors import ADA, BOB, CANARY, EACH_ACCOUNT, EVE, SEND, SEND_V1, V1, V3, refused, response
from hypothesis import given
from hypothesis import strategies as st

from skymms import (
    AuthenticationError,
    BillingError,
    FieldError,
    GatewayFaultError,
    MalformedRequestError,
    MediaError,
    MediaTooLargeError,
    MediaTypeError,
    MMSError,
    NotFoundError,
    ProtocolError,
    RecipientError,
    SenderError,
    ThrottledError,
)
from skymms.cellcast import (
    AccountBalance,
    Balance,
    CancelScheduled,
    CellcastSent,
    MarkRead,
    MessageReports,
    OptOut,
    OptOuts,
    Responses,
)
from skymms.cellcast.values import unique_mobiles

pytestmark = pytest.mark.compat

# ------------------------------------------------------------------------------------------------ responses


class TestSendReply:
    def test_v3_queues_only_the_numbers_that_it_lists(self):
        sent = V3.decode(SEND, response(vectors.SENT_V3))
        assert sent.queued == {ADA: "A21741CB-9B8E-3956-A1CE-NNNNNNNNNN"}
        assert sent.unaccounted == (BOB,)
        assert sent.credits == Decimal(2)
        assert (sent.total_numbers, sent.success_number, sent.date) == (2, 2, datetime(2019, 6, 24, 21, 24, 32))
        assert ("data/success_number", "2") in sent.raw

    @pytest.mark.parametrize(
        ("counted", "read"), [(2, 2), ("2", 2), (2.0, 2), ("", None), (None, None), ("two", None), ("9" * 4000, None)]
    )
    def test_the_counters_of_v3_may_have_any_type(self, counted, read):
        sent = V3.decode(SEND, response(vectors.v3({"messages": [], "total_numbers": counted, "success_number": counted})))
        assert (sent.total_numbers, sent.success_number, sent.date) == (read, read, None)

    def test_the_counters_of_several_requests_are_added(self):
        one = V3.decode(SEND, response(vectors.SENT_V3))
        other = replace(one, date=datetime(2030, 1, 1), queued={BOB: "2"})
        both = one + other
        assert (both.total_numbers, both.success_number, both.credits) == (4, 4, 4)
        assert (both.date, tuple(both.queued)) == (one.date, (ADA, BOB))
        assert (one + CellcastSent()).total_numbers == (CellcastSent() + one).total_numbers == 2
        assert (CellcastSent() + one).date == one.date

    def test_the_printed_v3_response_lists_no_requested_number(self):
        sent = V3.decode(SEND, response(vectors.SENT_V3.replace(b"+61491570156", b"+614NNNNNNNN")))
        assert (sent.queued, sent.unaccounted) == ({}, (ADA, BOB))

    def test_v1_numbers_are_read_in_spite_of_quotes_and_brackets(self):
        sent = V1.decode(SEND_V1, response(vectors.SENT_V1))
        assert sent.queued == {f"+6140000000{last}": "6752be535000000000000000" for last in (2, 3, 4)}
        assert sent.invalid == {"1234567890": "Number is not valid", "62400000001": "Number is not valid"}
        assert sent.error_types == {"1234567890": "number_not_valid", "62400000001": "number_not_valid"}
        assert sent.unsubscribed == ("+61400000001",)
        assert sent.unaccounted == ()
        assert sent.credits is None

    @pytest.mark.parametrize(
        "echo", ["491570156", "61491570156", "+61491570156", "0491570156", ' "+61491570156"]', "['491570156'"]
    )
    def test_numbers_are_matched_by_their_last_nine_digits(self, echo):
        data = {"queueResponse": [{"Number": echo, "MessageId": "6752be535000000000000000"}]}
        assert V1.decode(SEND, response(vectors.app(data))).queued == {ADA: "6752be535000000000000000"}

    @pytest.mark.parametrize(
        "data",
        [
            {},
            [],
            "",
            None,
            {"queueResponse": ""},
            {"queueResponse": 1, "unsubscribeContacts": 1},
            {"queueResponse": [{"Contact": [ADA], "MessageId": "1"}]},
            {"queueResponse": [{"Contact": ADA}]},
            {"queueResponse": [{"Contact": ADA, "MessageId": ""}]},
            {"queueResponse": [None, 7, "x", {}]},
            {"queueResponse": [{"Contact": EVE, "MessageId": "1"}]},
        ],
    )
    def test_a_response_that_lists_nobody_leaves_all_unaccounted(self, data):
        sent = V1.decode(SEND, response(vectors.app(data)))
        assert (sent.queued, sent.unaccounted) == ({}, (ADA, BOB))

    def test_a_single_row_may_come_without_its_list(self):
        data = {"queueResponse": {"Contact": ADA, "MessageId": "1"}, "bulkId": "2"}
        assert V1.decode(SEND, response(vectors.app(data))).queued == {ADA: "1"}

    @given(
        st.recursive(
            st.none() | st.booleans() | st.text(max_size=5) | st.integers(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["data", "status", "queueResponse", "messages", "Contact", "meta", "error"]), inner
                )
            ),
        )
    )
    def test_any_document_is_read_or_refused(self, document):  # fmt: skip
        with suppress(MMSError, ProtocolError):
            reply = V1.decode(SEND, response(vectors.body(document)))
            # Only requested numbers are queued, and every requested number is reported.
            assert set(reply.queued) <= set(unique_mobiles(SEND.recipients))
            assert set(unique_mobiles(SEND.recipients)) <= {
                *reply.queued,
                *reply.invalid,
                *reply.unsubscribed,
                *reply.unaccounted,
            }


class TestOtherReplies:
    def test_responses_of_v3(self):
        (one,) = V3.decode(Responses(1), response(vectors.RESPONSES_V3))
        assert (one.sender, one.text, one.received_at) == (ADA, "Received ", datetime(2019, 4, 8, 17, 37, 49))
        assert one.message_id == "dba864ec-e486-4647-82c4-d0b94771080b"
        assert one.original_message_id == "A21741CB-9B8E-3956-A1CE-NNNNNNNNNN"
        assert one.original_text == "Please reply Thank You"
        assert one.subaccount is None

    def test_responses_of_v1(self):
        (one,) = V1.decode(Responses(1), response(vectors.RESPONSES_V1))
        assert (one.sender, one.text, one.message_id) == (ADA, "Yes", None)
        assert one.received_at == datetime(2026, 11, 1, 2, 3, 4, 567000, tzinfo=UTC)

    @pytest.mark.parametrize(
        "empty",
        [
            response(vectors.EMPTY_V3),
            response(vectors.v3(status="NOT_FOUND", code=400, msg="No Response are available!"), 400),
            response(vectors.v3({"responses": {}})),
            response(vectors.v3()),
        ],
    )
    def test_an_empty_listing_has_several_shapes(self, empty):
        listing = V3.decode(Responses(1), empty)
        assert (tuple(listing), len(listing), listing.more) == ((), 0, False)

    def test_opt_outs(self):
        (peter,) = V3.decode(OptOuts(1), response(vectors.OPTOUT_V3))
        assert peter == OptOut(
            number=BOB, first_name="Peter", last_name="berg", gender="Male", post_code="6688", dob=date(2010, 11, 12)
        )
        assert peter.created_at is None
        (jo,) = V1.decode(OptOuts(1), response(vectors.OPTOUT_V1))
        assert jo == OptOut(number="+61491570159", first_name="Jo", post_code="3181", dob=date(1980, 2, 29))

    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ('"2026-11-01 02:03:04"', datetime(2026, 11, 1, 2, 3, 4)),
            ('"2026/11/01 02:03:04"', datetime(2026, 11, 1, 2, 3, 4)),
            ('"2026-11-01T02:03:04.000Z"', datetime(2026, 11, 1, 2, 3, 4, tzinfo=UTC)),
            ('"yesterday"', None),
            ('""', None),
        ],
    )
    def test_when_somebody_opted_out_is_read(self, written, read):
        body = vectors.OPTOUT_V3.replace(b"null", written.encode()).replace(b"2010-11-12", b"0000-00-00")
        (peter,) = V3.decode(OptOuts(1), response(body))
        assert (peter.created_at, peter.dob) == (read, None)

    def test_balances_may_come_in_quotes(self):
        assert V3.decode(Balance(), response(vectors.BALANCE_V3)) == AccountBalance(
            name="Ada", email="ada@example.com", sms=Decimal("5831.43"), mms=Decimal("1006.00")
        )
        assert V1.decode(Balance(), response(vectors.BALANCE_V1)).sms == Decimal("9972.2")

    def test_the_report_on_one_message_equals_its_row_in_the_listing(self):
        (one,) = V1.decode(MessageReports(vectors.REPORT_ID), response(vectors.app(vectors.REPORTED)))
        (same,) = V1.decode(MessageReports(page=1), response(vectors.page_v1([vectors.REPORTED])))
        assert one == same
        assert (one.message_id, one.status, one.to, one.credits) == (vectors.REPORT_ID, "delivered", ADA, Decimal(4))
        assert one.client_reference == "order-17"

    def test_marking_and_cancelling(self):
        marked = V3.decode(MarkRead(everything=True), response(vectors.MARKED_V3))
        assert marked.details == "Inbound messages have been marked as read."
        assert (
            V1.decode(CancelScheduled(vectors.REPORT_ID), response(vectors.CANCELLED_V1)).details == "Job Removed successfully"
        )

    def test_both_ways_to_count_pages_are_read(self):
        row = {"from": ADA, "body": "Yes"}
        for number, count, more in ((1, "2", True), ("2", 2, False), (0, "0", False)):
            body = vectors.v3({"page": {"count": count, "number": number}, "responses": [row]})
            assert V3.decode(Responses(1), response(body)).more is more
        assert V1.decode(Responses(1), response(vectors.page_v1([row], 1, 2))).more
        assert not V1.decode(Responses(1), response(vectors.page_v1([row], 2, 2))).more


#: Account, HTTP status, body; the class, the code, the field.
REFUSALS = [
    (
        V3,
        401,
        refused("AUTH_FAILED_NO_DATA", "You have not provided APPKEY", 401),
        AuthenticationError,
        "AUTH_FAILED_NO_DATA",
        None,
    ),
    (V3, 400, refused("AUTH_FAILED", "APPKEY you have provided is invalid", 401), AuthenticationError, "AUTH_FAILED", None),
    (V3, 400, refused("FIELD_EMPTY", "Required field is empty"), FieldError, "FIELD_EMPTY", None),
    (
        V3,
        400,
        refused("RECIPIENTS_ERROR", "No valid recipients left after validation or recipient in unsubscribed list."),
        RecipientError,
        "RECIPIENTS_ERROR",
        "to",
    ),
    (
        V3,
        400,
        refused("FIELD_INVALID", "You can pass 10000 numbers to send an MMS in one API call"),
        FieldError,
        "FIELD_INVALID",
        "to",
    ),
    (V3, 400, refused("FIELD_INVALID", "You do not have enough credit to send MMS."), BillingError, "FIELD_INVALID", None),
    (
        V3,
        400,
        refused("FIELD_INVALID", "You can pass text up to 1000 characters to send an MMS."),
        FieldError,
        "FIELD_INVALID",
        "text",
    ),
    (
        V3,
        400,
        refused("FIELD_INVALID", "You can pass the subject up to 40 characters to send an MMS."),
        FieldError,
        "FIELD_INVALID",
        "subject",
    ),
    (V3, 400, refused("FIELD_INVALID", "Choose image file to upload."), MediaError, "FIELD_INVALID", "image"),
    (
        V3,
        400,
        refused("FIELD_INVALID", "Upload valid image. Only PNG, GIF and JPEG are allowed."),
        MediaTypeError,
        "FIELD_INVALID",
        "image",
    ),
    (V3, 400, refused("FIELD_INVALID", "Image size exceeds 380KB"), MediaTooLargeError, "FIELD_INVALID", "image"),
    (V3, 400, refused("FIELD_INVALID", "Problem in uploading image files."), MediaError, "FIELD_INVALID", "image"),
    (V3, 400, refused("BAD_REQUEST", "Please provide proper data"), MalformedRequestError, "BAD_REQUEST", None),
    (V3, 400, refused("NOT_FOUND", "No Response are available!"), NotFoundError, "NOT_FOUND", None),
    (V3, 200, refused("FIELD_INVALID", "Something else"), FieldError, "FIELD_INVALID", None),
    (V3, 400, refused("WHAT_IS_THIS", "?"), MMSError, "WHAT_IS_THIS", None),
    (V3, 429, refused("OVER_LIMIT", "", 429), ThrottledError, "OVER_LIMIT", None),
    (V3, 200, refused("OVER_LIMIT"), ThrottledError, "OVER_LIMIT", None),
    (V3, 400, vectors.body({"error": {"code": "OVER_LIMIT", "description": "slow down"}}), ThrottledError, "OVER_LIMIT", None),
    (V3, 400, vectors.body({"error": {"code": "LEDGER_ERROR", "description": "no funds"}}), BillingError, "LEDGER_ERROR", None),
    (V1, 400, vectors.SENDER_V1, SenderError, "400", "sender"),
    (
        V1,
        400,
        vectors.app([], status=False, error={"sender": "Your sender id is not registered."}),
        SenderError,
        "400",
        "sender",
    ),
    (V1, 400, vectors.CONTACTS_V1, RecipientError, "400", "to"),
    (V1, 400, vectors.app({}, status=False, message="?", error={"ErrorType": "number_not_valid"}), RecipientError, "400", "to"),
    (V1, 200, vectors.app({}, status=False, message="?", error={"ErrorType": "less_nine_digit"}), RecipientError, "", "to"),
    (V1, 422, vectors.LOW_V1, BillingError, "422", None),
    (V1, 200, vectors.LOW_V1, BillingError, "", None),
    (V1, 401, vectors.EXPIRED_V1, AuthenticationError, "401", None),
    (V1, 200, vectors.EXPIRED_V1, AuthenticationError, "401", None),
    (V1, 200, vectors.app({}, status=False, message="Template refused"), MMSError, "", None),
    (V1, 203, vectors.app({}, status=False, message="Template refused"), MMSError, "", None),
    (V1, 200, vectors.app({}, status="false", message="no"), MMSError, "", None),
    (V1, 200, vectors.UNKNOWN_V1, NotFoundError, "", None),
    (V1, 429, vectors.body({"message": "Too many requests"}), ThrottledError, "429", None),
    (V1, 200, vectors.body({"status": False, "invalid_token": 1, "message": "Session over"}), AuthenticationError, "", None),
]


class TestRefusals:
    @pytest.mark.parametrize(("account", "status", "body", "kind", "code", "field"), REFUSALS)
    def test_a_refusal_is_an_error_of_its_class_whatever_the_http_status(self, account, status, body, kind, code, field):
        send = SEND if account is V3 else SEND_V1
        with pytest.raises(kind) as raised:
            account.decode(send, response(body, status))
        error = raised.value
        assert type(error) is kind
        assert (error.code, error.field, error.foreseen, error.sent_maybe) == (code, field, False, False)
        assert error.reply
        assert pickle.loads(pickle.dumps(error)).field == field

    def test_the_message_has_the_gateways_text_but_not_its_stack_trace(self):
        with pytest.raises(RecipientError) as raised:
            V1.decode(SEND_V1, response(vectors.CONTACTS_V1, 400))
        assert "must either start" in str(raised.value)
        assert "APIError" not in str(raised.value)
        assert ("stack", "APIError: Contacts are required.") in raised.value.reply

    @pytest.mark.parametrize("status", [500, 502, 408])
    def test_a_5xx_response_to_a_send_may_have_sent_it(self, status):
        with pytest.raises(GatewayFaultError) as raised:
            V1.decode(SEND_V1, response(vectors.REDIS_V1, status))
        assert raised.value.sent_maybe

    @pytest.mark.parametrize(
        ("account", "status", "body"),
        [
            (V3, 429, vectors.SENT_V3),
            (V1, 429, vectors.SENT_V1),
            (V3, 400, vectors.SENT_V3),
            (V1, 404, vectors.SENT_V1),
            (V3, 200, vectors.SENT_V3.replace(b'"msg"', b'"error": {"code": "OVER_LIMIT"}, "msg"')),
            (V3, 200, vectors.SENT_V3.replace(b'"SUCCESS"', b'"OVER_LIMIT"')),
            (V1, 200, vectors.body({"status": True, "code": 429, "message": "Too many requests"})),
            (V1, 200, vectors.SENT_V1.replace(b'"status": true', b'"status": false, "code": 429')),
        ],
    )
    def test_a_refusal_that_also_reports_success_or_has_a_message_id_may_have_sent(self, account, status, body):
        with pytest.raises(MMSError) as raised:
            account.decode(SEND if account is V3 else SEND_V1, response(body, status))
        assert raised.value.sent_maybe
        with pytest.raises(MMSError) as raised:
            account.decode(Balance(), response(body, status))
        assert not raised.value.sent_maybe, "reading sends nothing"

    def test_http_429_without_json_is_throttling(self):
        with pytest.raises(ThrottledError) as raised:
            V3.decode(SEND, response(b"<html>slow down</html>", 429))
        assert not raised.value.sent_maybe

    def test_a_5xx_response_is_never_throttling(self):
        with pytest.raises(GatewayFaultError):
            V3.decode(SEND, response(refused("OVER_LIMIT"), 503))

    def test_an_error_of_a_reading_operation_is_never_maybe_sent(self):
        with pytest.raises(GatewayFaultError) as raised:
            V1.decode(Balance(), response(vectors.REDIS_V1, 500))
        assert not raised.value.sent_maybe

    def test_http_203_with_success_may_have_sent_it(self):
        with pytest.raises(MMSError) as raised:
            V1.decode(SEND_V1, response(vectors.SENT_V1, 203))
        assert raised.value.sent_maybe

    def test_a_malformed_id_is_not_found(self):
        cast = vectors.app(
            {}, status=False, message="internal server error", error={"name": "CastError", "message": "Cast failed"}
        )
        for status in (200, 500):
            with pytest.raises(NotFoundError):
                V1.decode(MessageReports(vectors.REPORT_ID), response(cast, status))

    @pytest.mark.parametrize(
        ("status", "body", "maybe"),
        [
            (200, b"<html>hello</html>", True),
            (200, b"", True),
            (200, b"[]", True),
            (200, b"{}", True),
            (200, b'{"data": []}', True),
            (200, b'{"data": ' * 200 + b"1" + b"}" * 200, True),
            (200, b'{"data": ' + b"[" * 400 + b"]" * 400 + b"}", True),
            (302, vectors.SENT_V3, True),
            (500, b"oops", True),
            (403, b"<html>no</html>", False),
        ],
    )
    def test_a_body_that_is_not_a_response_is_a_protocol_error(self, status, body, maybe):
        with pytest.raises(ProtocolError) as raised:
            V3.decode(SEND, response(body, status))
        assert raised.value.sent_maybe is maybe

    @EACH_ACCOUNT
    @pytest.mark.parametrize("echo", [CANARY, CANARY.replace("/", "\\/")])
    def test_a_key_that_the_gateway_echoes_is_masked(self, account, echo):
        for body in (b'{"message": "bad key %s", "code": 400}', b"<html>%s</html>", b'{"%s": 1}', b'{"a": %s}'):
            for status in (200, 400, 500):
                with pytest.raises((MMSError, ProtocolError)) as raised:
                    account.decode(SEND, response(body % echo.encode(), status))
                shown = f"{raised.value!r} {raised.value} {vars(raised.value)}"
                assert "canary" not in shown
                assert b"canary" not in pickle.dumps(raised.value)
