"""Cellcast, both generations: numbers in all their forms, what goes out, what every documented body means. No server here."""

from __future__ import annotations

import copy
import json
import pickle
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import cellcast_vectors as said
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skymms import (
    Account,
    AuthenticationError,
    BillingError,
    ConfigurationError,
    FieldError,
    GatewayFaultError,
    HttpResponse,
    ListMMS,
    MalformedRequestError,
    MediaError,
    MediaTooLargeError,
    MediaTypeError,
    MMSError,
    NotFoundError,
    ProtocolError,
    RecipientError,
    Retries,
    SenderError,
    Slide,
    Slideshow,
    ThrottledError,
    TransportError,
)
from skymms.cellcast import (
    GENERATIONS,
    MAX_NUMBERS,
    AccountBalance,
    Balance,
    CancelScheduled,
    CellcastAccount,
    CellcastSend,
    MarkRead,
    MessageReports,
    OptOuts,
    Responses,
    gsm_units,
    mobile,
)
from skymms.cellcast.values import unique_mobiles
from skymms.transport.exchange import Exchange, NoResponse, Pause

CANARY = "canary/5fa1c0de-key"
V3 = CellcastAccount.v3(CANARY)
V1 = CellcastAccount.v1(CANARY)
EACH = pytest.mark.parametrize("account", [V3, V1], ids=["v3", "v1"])

PICTURE = "http://media.example/welcome.png"
MOVING = "http://media.example/cat.gif"
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 40
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 40
ADA, BOB, EVE = "+61491570156", "+61491570157", "+61491570158"
SHOW = Slideshow("coupon", subject="Free").slide("Hi!\nThere", image=PICTURE)
SEND = CellcastSend(SHOW, to=[ADA, BOB])
SEND_V1 = CellcastSend(Slide("Hi!", image=MOVING), to=["0400000001", "400000002", "+61400000003", "61400000004"])


def answer(body: bytes, status: int = 200, **headers: str) -> HttpResponse:
    return HttpResponse(status, headers, body)


def problems(account, operation):
    return [(problem.code, problem.slide, problem.field) for problem in account.problems(operation)]


# ------------------------------------------------------------------------------------------------ numbers

NUMBERS = {
    "+61400000000": "+61400000000",
    "61400000000": "+61400000000",
    "0400000000": "+61400000000",
    "400000000": "+61400000000",
    "0400 000 000": "+61400000000",
    "(04) 0000 0000": "+61400000000",
    "+61 400-000-000": "+61400000000",
    "0400.000.000": "+61400000000",
    "+610400000000": None,
    "0061400000000": None,
    "+400000000": None,
    "+0400000000": None,
    "+6140000001": None,
    "040000001": None,
    "614915701588": None,
    "1234567890": None,
    "62400000001": None,
    "+6140000": None,
    "0299999999": None,
    "1300000000": None,
    "0500000000": None,
    "+64211234567": None,
    "04OO000000": None,
    "٠٤٠٠٠٠٠٠٠٠": None,
    "0400000000,0400000001": None,
    "": None,
    None: None,
    400000000: "+61400000000",
    61400000000: "+61400000000",
    1234567890: None,
    614000000000: None,
    -400000000: None,
    400000001.0: None,
    True: None,
}


class TestANumber:
    @pytest.mark.parametrize(("typed", "meant"), NUMBERS.items())
    def test_is_taken_in_every_documented_form_and_in_no_other(self, typed, meant):
        assert mobile(typed) == meant
        found = problems(V3, CellcastSend(SHOW, to=[typed]))
        assert found == ([] if meant else [("RECIPIENTS_ERROR", None, "to[0]")])

    @EACH
    def test_goes_out_in_one_form_and_once(self, account):
        every = [typed for typed, meant in NUMBERS.items() if meant]
        send = CellcastSend(Slide("Hi", image=MOVING), to=[*every, "0400000001"])
        written = account.encode(send).body
        plus = b"+" if account is V3 else b""
        assert b'["%s61400000000","%s61400000001"]' % (plus, plus) in written

    def test_alone_needs_no_list(self):
        assert CellcastSend(SHOW, to=ADA).to == (ADA,)

    @given(st.text())
    def test_is_never_a_crash(self, text):
        assert mobile(text) is None or mobile(text).startswith("+614")


# ------------------------------------------------------------------------------------------------ what goes out


class TestASendInV3:
    def test_is_json_with_the_key_in_a_header(self):
        request = V3.encode(SEND)
        assert (request.method, request.url) == ("POST", "https://cellcast.com.au/api/v3/send-mms")
        assert request.headers["APPKEY"] == CANARY
        assert request.headers["Content-Type"] == "application/json"
        assert json.loads(request.body) == {
            "subject": "Free",
            "mms_text": "Hi!\r\nThere",
            "mms_file": PICTURE,
            "numbers": [ADA, BOB],
        }

    @pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\rb"])
    def test_breaks_lines_in_one_way(self, text):
        request = V3.encode(CellcastSend(Slide(text, image=PICTURE), to=ADA))
        assert json.loads(request.body)["mms_text"] == "a\r\nb"

    @pytest.mark.parametrize(
        ("wrong", "found"),
        [
            (CellcastSend(SHOW, to=[]), ("RECIPIENTS_ERROR", None, "to")),
            (CellcastSend(Slide("Hi"), to=ADA), ("FIELD_EMPTY", 1, "image")),
            (CellcastSend(Slide(image=PICTURE), to=ADA), ("FIELD_EMPTY", 1, "text")),
            (CellcastSend(Slide(" \n", image=PICTURE), to=ADA), ("FIELD_EMPTY", 1, "text")),
            (CellcastSend(Slide("Hi", image="welcome.png"), to=ADA), ("FIELD_INVALID", 1, "image")),
            (CellcastSend(Slide("Hi", image="http://media.example/a.mp4"), to=ADA), ("FIELD_INVALID", 1, "image")),
            (CellcastSend(Slide("Hi", image="http://[media.example/a.mp4"), to=ADA), ("FIELD_INVALID", 1, "image")),
            (CellcastSend(Slide("Hi", image=PICTURE, duration=0), to=ADA), (None, 1, "duration")),
            (CellcastSend(Slide("Hi", image=PICTURE, duration=5), to=ADA), (None, 1, "duration")),
            (CellcastSend(Slide("Hi", image=PICTURE, vcard="http://media.example/a.vcf"), to=ADA), (None, 1, "vcard")),
            (CellcastSend(Slide("Hi", image=PICTURE, audio="http://media.example/a.mp3"), to=ADA), (None, 1, "audio")),
            (CellcastSend(SHOW.slide("More"), to=ADA), (None, 2, "slides")),
            (CellcastSend(Slideshow("none"), to=ADA), ("FIELD_EMPTY", None, "slides")),
            (CellcastSend(SHOW.replace(fallback_text="See"), to=ADA), (None, None, "fallback_text")),
            (CellcastSend(SHOW.replace(link_expires="2027-01-01"), to=ADA), (None, None, "link_expires")),
            (CellcastSend(SHOW, to=ADA, sender="Shop"), (None, None, "sender")),
            (CellcastSend(SHOW, to=ADA, media=JPEG), (None, None, "media")),
            (CellcastSend(SHOW.replace(subject="x" * 41), to=ADA), ("FIELD_INVALID", None, "subject")),
            (CellcastSend(Slide("x" * 1001, image=PICTURE), to=ADA), ("FIELD_INVALID", 1, "text")),
            (CellcastSend(Slide("a\x1bb", image=PICTURE), to=ADA), ("FIELD_INVALID", 1, "text")),
            (CellcastSend(Slide("a\ud800b", image=PICTURE), to=ADA), ("FIELD_INVALID", 1, "text")),
        ],
    )
    def test_is_refused_before_it_leaves_with_place_and_reason(self, wrong, found):
        assert found in problems(V3, wrong)
        with pytest.raises((MMSError, ConfigurationError)) as raised:
            V3.encode(wrong)
        assert raised.value.problems == V3.problems(wrong)
        assert not raised.value.sent_maybe

    @pytest.mark.parametrize(
        ("text", "fits"),
        [
            ("x" * 1000, True),
            ("€" * 500, True),
            ("€" * 501, False),
            ("\n" * 300 + "x" * 400, True),
            ("\n" * 300 + "x" * 401, False),
            ("😀" * 500, True),
            ("😀" * 501, False),
            ("😀" + "€" * 500, False),
            ("’" * 1000, True),
        ],
    )
    def test_has_a_text_of_a_thousand_by_the_largest_count(self, text, fits):
        assert (problems(V3, CellcastSend(Slide(text, image=PICTURE), to=ADA)) == []) is fits

    def test_takes_an_address_that_does_not_tell_its_kind(self):
        assert problems(V3, CellcastSend(Slide("Hi", image="https://media.example/picture/17?size=2"), to=ADA)) == []

    def test_has_the_class_of_what_is_wrong(self):
        for send, kind in (
            (CellcastSend(SHOW, to="1234567890"), RecipientError),
            (CellcastSend(Slide("Hi"), to=ADA), MediaError),
            (CellcastSend(SHOW.replace(subject="x" * 41), to=ADA), FieldError),
            (CellcastSend(SHOW.slide("More"), to=ADA), ConfigurationError),
        ):
            with pytest.raises(kind):
                V3.encode(send)

    def test_of_something_else_than_a_slideshow_is_a_type_error(self):
        with pytest.raises(TypeError, match="Slideshow"):
            V3.problems(CellcastSend("Hi", to=ADA))


class TestASendInV1:
    def test_is_a_form_with_the_contacts_as_one_field(self):
        request = V1.encode(CellcastSend(Slide("Hi\nyou"), to=[ADA, BOB], media=JPEG, sender="+61491570159"))
        assert (request.method, request.url) == ("POST", "https://api.cellcast.com/api/v1/gatewaymms")
        assert request.headers["Authorization"] == f"Bearer {CANARY}"
        boundary = request.headers["Content-Type"].removeprefix("multipart/form-data; boundary=").encode()
        parts = request.body.split(b"--" + boundary)
        assert parts[1:-1] == [
            b'\r\nContent-Disposition: form-data; name="message"\r\n\r\nHi\r\nyou\r\n',
            b'\r\nContent-Disposition: form-data; name="contacts"\r\n\r\n["61491570156","61491570157"]\r\n',
            b'\r\nContent-Disposition: form-data; name="media"; filename="media.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
            + JPEG
            + b"\r\n",
            b'\r\nContent-Disposition: form-data; name="sender"\r\n\r\n61491570159\r\n',
        ]

    def test_is_the_same_bytes_each_time(self):
        assert V1.encode(SEND_V1) == V1.encode(SEND_V1)

    def test_carries_a_gif_by_its_address_and_a_png_as_a_file(self):
        assert b'name="gif"\r\n\r\n' + MOVING.encode() in V1.encode(SEND_V1).body
        assert b'filename="media.png"' in V1.encode(CellcastSend(Slide("Hi"), to=ADA, media=PNG)).body

    @pytest.mark.parametrize(
        ("wrong", "found"),
        [
            (CellcastSend(SHOW, to=ADA), (None, None, "subject")),
            (CellcastSend(Slide("Hi", image=PICTURE), to=ADA), ("FIELD_INVALID", 1, "image")),
            (CellcastSend(Slide("Hi"), to=ADA), ("FIELD_EMPTY", None, "media")),
            (CellcastSend(Slide("Hi", image=MOVING), to=ADA, media=JPEG), ("FIELD_INVALID", None, "media")),
            (CellcastSend(Slide("Hi"), to=ADA, media=b"GIF89a"), ("FIELD_INVALID", None, "media")),
            (CellcastSend(Slide("Hi"), to=ADA, media=JPEG + bytes(230_000)), ("FIELD_INVALID", None, "media")),
            (replace(SEND_V1, sender="x" * 12), ("FIELD_INVALID", None, "sender")),
            (replace(SEND_V1, sender="1" * 17), ("FIELD_INVALID", None, "sender")),
            (replace(SEND_V1, sender="Shop!"), ("FIELD_INVALID", None, "sender")),
            (replace(SEND_V1, sender=" Shop"), ("FIELD_INVALID", None, "sender")),
        ],
    )
    def test_is_refused_before_it_leaves(self, wrong, found):
        assert found in problems(V1, wrong)

    @pytest.mark.parametrize("sender", [None, "Shop 24-7", "1" * 16, "+61491570159", "#SharedNum#", "x" * 11])
    def test_has_a_sender_or_none(self, sender):
        assert problems(V1, replace(SEND_V1, sender=sender)) == []

    def test_has_no_limit_for_its_text_but_the_accounts(self):
        long = CellcastSend(Slide("x" * 1500, image=MOVING), to=ADA)
        assert problems(V1, long) == []
        assert problems(CellcastAccount.v1(CANARY, max_text=1499), long) == [("FIELD_INVALID", 1, "text")]


REQUESTS = [
    (V3, Responses(2), "GET", "https://cellcast.com.au/api/v3/get-responses?type=mms&page=2", None),
    (V3, MarkRead(message_id="dba864ec"), "POST", "https://cellcast.com.au/api/v3/inbound-read", {"message_id": "dba864ec"}),
    (V3, MarkRead(before="2026-11-01"), "POST", "https://cellcast.com.au/api/v3/inbound-read", {"date_before": "2026-11-01"}),
    (V3, MarkRead(before=datetime(2026, 11, 1, tzinfo=UTC)), "POST", "https://cellcast.com.au/api/v3/inbound-read",
     {"date_before": 1793491200}),
    (V3, MarkRead(everything=True), "POST", "https://cellcast.com.au/api/v3/inbound-read", {}),
    (V3, OptOuts(), "GET", "https://cellcast.com.au/api/v3/get-optout", None),
    (V3, Balance(), "GET", "https://cellcast.com.au/api/v3/account", None),
    (V1, Responses(3), "GET", "https://api.cellcast.com/api/v1/apiClient/getResponses?page=3", None),
    (V1, OptOuts(1), "GET", "https://api.cellcast.com/api/v1/apiClient/getOptout?page=1", None),
    (V1, Balance(), "GET", "https://api.cellcast.com/api/v1/apiClient/account", None),
    (V1, MessageReports(said.REPORT_ID), "GET", f"https://api.cellcast.com/api/v2/report/message/{said.REPORT_ID}", None),
    (V1, MessageReports(page=1, status="delivered", since=datetime(2026, 11, 1).date()), "GET",
     "https://api.cellcast.com/api/v2/report/message?campType=mms&page=1&status=delivered&fromDate=2026-11-01", None),
    (V1, MessageReports(said.REPORT_ID, status="failed"), "GET",
     f"https://api.cellcast.com/api/v2/report/message/{said.REPORT_ID}?status=failed", None),
    (V1, CancelScheduled(said.REPORT_ID), "POST", "https://api.cellcast.com/api/v1/gateway/cancelScheduleQuickMessage",
     {"type": "mms", "messageId": said.REPORT_ID}),
]  # fmt: skip


@pytest.mark.parametrize(("account", "operation", "method", "url", "body"), REQUESTS)
def test_every_other_request(account, operation, method, url, body):
    request = account.encode(operation)
    assert (request.method, request.url) == (method, url)
    assert (json.loads(request.body) if request.body else None) == body


def test_every_call_of_both_generations_is_tried_here():
    tried = {(account.generation, type(operation)) for account, operation, *_ in REQUESTS}
    sends = {(generation, CellcastSend) for generation in GENERATIONS}
    assert tried | sends == {(name, kind) for name, spoken in GENERATIONS.items() for kind in spoken.calls}


class TestWhatCannotBeAsked:
    @pytest.mark.parametrize(
        ("account", "operation", "field"),
        [
            (V3, MarkRead(), "message_id"),
            (V3, MarkRead(message_id="a", everything=True), "message_id"),
            (V3, MarkRead(message_id=""), "message_id"),
            (V3, MarkRead(message_id="", everything=True), "message_id"),
            (V3, MarkRead(before=datetime(2026, 11, 1)), "before"),
            (V3, MarkRead(before=" "), "before"),
            (V3, Responses(0), "page"),
            (V3, Responses(True), "page"),
            (V1, MessageReports("../account"), "message_id"),
            (V1, MessageReports("6752BE535000000000000000"), "message_id"),
            (V1, CancelScheduled(""), "message_id"),
            (V1, CancelScheduled(None), "message_id"),
            (V1, MarkRead(everything=True), "MarkRead"),
            (V1, Responses(mark_read=True), "mark_read"),
            (V3, MessageReports(), "MessageReports"),
            (V3, ListMMS(), "ListMMS"),
        ],
    )
    def test_is_told_before_anything_leaves(self, account, operation, field):
        assert field in [problem.field for problem in account.problems(operation)]
        with pytest.raises((FieldError, ConfigurationError)):
            account.encode(operation)

    def test_a_skycore_account_does_not_know_cellcast(self):
        with pytest.raises(ConfigurationError):
            Account(CANARY).encode(Balance())


# ------------------------------------------------------------------------------------------------ what is answered


class TestASendsAnswer:
    def test_in_v3_is_believed_for_what_it_lists(self):
        sent = V3.decode(SEND, answer(said.SENT_V3))
        assert sent.queued == {ADA: "A21741CB-9B8E-3956-A1CE-NNNNNNNNNN"}
        assert sent.unaccounted == (BOB,)
        assert sent.credits == Decimal(2)
        assert ("data/success_number", "2") in sent.raw

    def test_in_v3_as_it_is_printed_lists_nobody_we_asked_for(self):
        sent = V3.decode(SEND, answer(said.SENT_V3.replace(b"+61491570156", b"+614NNNNNNNN")))
        assert (sent.queued, sent.unaccounted) == ({}, (ADA, BOB))

    def test_in_v1_has_its_buckets_though_echoes_have_quotes_and_brackets(self):
        sent = V1.decode(SEND_V1, answer(said.SENT_V1))
        assert sent.queued == {f"+6140000000{last}": "6752be535000000000000000" for last in (2, 3, 4)}
        assert sent.invalid == {"1234567890": "Number is not valid", "62400000001": "Number is not valid"}
        assert sent.unsubscribed == ("+61400000001",)
        assert sent.unaccounted == ()
        assert sent.credits is None

    @pytest.mark.parametrize(
        "echo", ["491570156", "61491570156", "+61491570156", "0491570156", ' "+61491570156"]', "['491570156'"]
    )
    def test_is_matched_by_the_last_nine_digits(self, echo):
        data = {"queueResponse": [{"Number": echo, "MessageId": "6752be535000000000000000"}]}
        assert V1.decode(SEND, answer(said.app(data))).queued == {ADA: "6752be535000000000000000"}

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
    def test_that_lists_nobody_leaves_everybody_unaccounted_for(self, data):
        sent = V1.decode(SEND, answer(said.app(data)))
        assert (sent.queued, sent.unaccounted) == ({}, (ADA, BOB))

    def test_can_be_one_object(self):
        data = {"queueResponse": {"Contact": ADA, "MessageId": "1"}, "bulkId": "2"}
        assert V1.decode(SEND, answer(said.app(data))).queued == {ADA: "1"}

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
    def test_of_any_shape_is_read_or_refused(self, document):  # fmt: skip
        with suppress(MMSError, ProtocolError):
            reply = V1.decode(SEND, answer(said.body(document)))
            # Whatever it says: nobody is told of as queued who was not asked for, and nobody who was asked for is lost.
            assert set(reply.queued) <= set(unique_mobiles(SEND.recipients))
            assert set(unique_mobiles(SEND.recipients)) <= {
                *reply.queued,
                *reply.invalid,
                *reply.unsubscribed,
                *reply.unaccounted,
            }


class TestOtherAnswers:
    def test_responses_of_v3(self):
        (one,) = V3.decode(Responses(1), answer(said.RESPONSES_V3))
        assert (one.sender, one.text, one.received_at) == (ADA, "Received ", datetime(2019, 4, 8, 17, 37, 49))
        assert one.message_id == "dba864ec-e486-4647-82c4-d0b94771080b"
        assert one.original_message_id == "A21741CB-9B8E-3956-A1CE-NNNNNNNNNN"
        assert one.original_text == "Please reply Thank You"
        assert one.subaccount is None

    def test_responses_of_v1(self):
        (one,) = V1.decode(Responses(1), answer(said.RESPONSES_V1))
        assert (one.sender, one.text, one.message_id) == (ADA, "Yes", None)
        assert one.received_at == datetime(2026, 11, 1, 2, 3, 4, 567000, tzinfo=UTC)

    @pytest.mark.parametrize(
        "empty",
        [
            answer(said.EMPTY_V3),
            answer(said.v3(status="NOT_FOUND", code=400, msg="No Response are available!"), 400),
            answer(said.v3({"responses": {}})),
            answer(said.v3()),
        ],
    )
    def test_an_empty_list_is_an_empty_list(self, empty):
        listing = V3.decode(Responses(1), empty)
        assert (tuple(listing), len(listing), listing.more) == ((), 0, False)

    def test_opt_outs(self):
        (peter,) = V3.decode(OptOuts(1), answer(said.OPTOUT_V3))
        assert (peter.number, peter.first_name, peter.last_name) == (BOB, "Peter", "berg")
        (jo,) = V1.decode(OptOuts(1), answer(said.OPTOUT_V1))
        assert (jo.number, jo.first_name, jo.last_name) == ("+61491570159", "Jo", None)

    def test_balances_in_quotes_and_out_of_them(self):
        assert V3.decode(Balance(), answer(said.BALANCE_V3)) == AccountBalance(
            name="Ada", email="ada@example.com", sms=Decimal("5831.43"), mms=Decimal("1006.00")
        )
        assert V1.decode(Balance(), answer(said.BALANCE_V1)).sms == Decimal("9972.2")

    def test_a_report_of_one_message_and_of_many(self):
        (one,) = V1.decode(MessageReports(said.REPORT_ID), answer(said.app(said.REPORTED)))
        (same,) = V1.decode(MessageReports(page=1), answer(said.page_v1([said.REPORTED])))
        assert one == same
        assert (one.message_id, one.status, one.to, one.credits) == (said.REPORT_ID, "delivered", ADA, Decimal(4))

    def test_marking_and_cancelling(self):
        assert V3.decode(MarkRead(everything=True), answer(said.MARKED_V3)).details.startswith("Inbound messages")
        assert V1.decode(CancelScheduled(said.REPORT_ID), answer(said.CANCELLED_V1)).details == "Job Removed successfully"

    def test_pages_are_counted_in_either_way(self):
        row = {"from": ADA, "body": "Yes"}
        for number, count, more in ((1, "2", True), ("2", 2, False), (0, "0", False)):
            body = said.v3({"page": {"count": count, "number": number}, "responses": [row]})
            assert V3.decode(Responses(1), answer(body)).more is more
        assert V1.decode(Responses(1), answer(said.page_v1([row], 1, 2))).more
        assert not V1.decode(Responses(1), answer(said.page_v1([row], 2, 2))).more


def no(status: str, msg: str = "", code: int = 400) -> bytes:
    return said.v3(status=status, code=code, msg=msg)


#: Account, HTTP status, body; the class, the code, the field.
REFUSALS = [
    (V3, 401, no("AUTH_FAILED_NO_DATA", "You have not provided APPKEY", 401), AuthenticationError, "AUTH_FAILED_NO_DATA", None),
    (V3, 400, no("AUTH_FAILED", "APPKEY you have provided is invalid", 401), AuthenticationError, "AUTH_FAILED", None),
    (V3, 400, no("FIELD_EMPTY", "Required field is empty"), FieldError, "FIELD_EMPTY", None),
    (V3, 400, no("RECIPIENTS_ERROR", "No valid recipients left after validation or recipient in unsubscribed list."),
     RecipientError, "RECIPIENTS_ERROR", "to"),
    (V3, 400, no("FIELD_INVALID", "You can pass 10000 numbers to send an MMS in one API call"), FieldError,
     "FIELD_INVALID", "to"),
    (V3, 400, no("FIELD_INVALID", "You do not have enough credit to send MMS."), BillingError, "FIELD_INVALID", None),
    (V3, 400, no("FIELD_INVALID", "You can pass text up to 1000 characters to send an MMS."), FieldError,
     "FIELD_INVALID", "text"),
    (V3, 400, no("FIELD_INVALID", "You can pass the subject up to 40 characters to send an MMS."), FieldError, "FIELD_INVALID",
     "subject"),
    (V3, 400, no("FIELD_INVALID", "Choose image file to upload."), MediaError, "FIELD_INVALID", "image"),
    (V3, 400, no("FIELD_INVALID", "Upload valid image. Only PNG, GIF and JPEG are allowed."), MediaTypeError, "FIELD_INVALID",
     "image"),
    (V3, 400, no("FIELD_INVALID", "Image size exceeds 380KB"), MediaTooLargeError, "FIELD_INVALID", "image"),
    (V3, 400, no("FIELD_INVALID", "Problem in uploading image files."), MediaError, "FIELD_INVALID", "image"),
    (V3, 400, no("BAD_REQUEST", "Please provide proper data"), MalformedRequestError, "BAD_REQUEST", None),
    (V3, 400, no("NOT_FOUND", "No Response are available!"), NotFoundError, "NOT_FOUND", None),
    (V3, 200, no("FIELD_INVALID", "Something else"), FieldError, "FIELD_INVALID", None),
    (V3, 400, no("WHAT_IS_THIS", "?"), MMSError, "WHAT_IS_THIS", None),
    (V3, 429, no("OVER_LIMIT", "", 429), ThrottledError, "OVER_LIMIT", None),
    (V3, 200, no("OVER_LIMIT"), ThrottledError, "OVER_LIMIT", None),
    (V3, 400, said.body({"error": {"code": "OVER_LIMIT", "description": "slow down"}}), ThrottledError, "OVER_LIMIT", None),
    (V3, 400, said.body({"error": {"code": "LEDGER_ERROR", "description": "no funds"}}), BillingError, "LEDGER_ERROR", None),
    (V1, 400, said.SENDER_V1, SenderError, "400", "sender"),
    (V1, 400, said.app([], status=False, error={"sender": "Your sender id is not registered."}), SenderError, "400", "sender"),
    (V1, 400, said.CONTACTS_V1, RecipientError, "400", "to"),
    (V1, 422, said.LOW_V1, BillingError, "422", None),
    (V1, 200, said.LOW_V1, BillingError, "", None),
    (V1, 401, said.EXPIRED_V1, AuthenticationError, "401", None),
    (V1, 200, said.EXPIRED_V1, AuthenticationError, "401", None),
    (V1, 200, said.app({}, status=False, message="Template refused"), MMSError, "", None),
    (V1, 203, said.app({}, status=False, message="Template refused"), MMSError, "", None),
    (V1, 200, said.app({}, status="false", message="no"), MMSError, "", None),
    (V1, 200, said.UNKNOWN_V1, NotFoundError, "", None),
    (V1, 429, said.body({"message": "Too many requests"}), ThrottledError, "429", None),
    (V1, 200, said.body({"status": False, "invalid_token": 1, "message": "Session over"}), AuthenticationError, "", None),
]  # fmt: skip


class TestARefusal:
    @pytest.mark.parametrize(("account", "status", "body", "kind", "code", "field"), REFUSALS)
    def test_is_an_error_of_its_kind_whatever_the_http_status(self, account, status, body, kind, code, field):
        send = SEND if account is V3 else SEND_V1
        with pytest.raises(kind) as raised:
            account.decode(send, answer(body, status))
        error = raised.value
        assert type(error) is kind
        assert (error.code, error.field, error.foreseen, error.sent_maybe) == (code, field, False, False)
        assert error.reply
        assert pickle.loads(pickle.dumps(error)).field == field

    def test_keeps_the_gateways_words_and_not_its_stack(self):
        with pytest.raises(RecipientError) as raised:
            V1.decode(SEND_V1, answer(said.CONTACTS_V1, 400))
        assert "must either start" in str(raised.value)
        assert "APIError" not in str(raised.value)
        assert ("stack", "APIError: Contacts are required.") in raised.value.reply

    @pytest.mark.parametrize("status", [500, 502, 408])
    def test_with_a_5xx_may_have_sent_all_the_same(self, status):
        with pytest.raises(GatewayFaultError) as raised:
            V1.decode(SEND_V1, answer(said.REDIS_V1, status))
        assert raised.value.sent_maybe

    def test_429_without_the_gateways_words_is_throttling_too(self):
        with pytest.raises(ThrottledError) as raised:
            V3.decode(SEND, answer(b"<html>slow down</html>", 429))
        assert not raised.value.sent_maybe

    def test_with_a_5xx_is_no_throttling_whatever_it_says(self):
        with pytest.raises(GatewayFaultError):
            V3.decode(SEND, answer(no("OVER_LIMIT"), 503))

    def test_of_a_read_is_never_maybe_sent(self):
        with pytest.raises(GatewayFaultError) as raised:
            V1.decode(Balance(), answer(said.REDIS_V1, 500))
        assert not raised.value.sent_maybe

    def test_203_that_says_yes_is_not_believed_and_not_disbelieved(self):
        with pytest.raises(MMSError) as raised:
            V1.decode(SEND_V1, answer(said.SENT_V1, 203))
        assert raised.value.sent_maybe

    def test_for_a_malformed_id_is_not_found(self):
        cast = said.app(
            {}, status=False, message="internal server error", error={"name": "CastError", "message": "Cast failed"}
        )
        for status in (200, 500):
            with pytest.raises(NotFoundError):
                V1.decode(MessageReports(said.REPORT_ID), answer(cast, status))

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
            (302, said.SENT_V3, True),
            (500, b"oops", True),
            (403, b"<html>no</html>", False),
        ],
    )
    def test_is_a_protocol_error_where_the_answer_is_none(self, status, body, maybe):
        with pytest.raises(ProtocolError) as raised:
            V3.decode(SEND, answer(body, status))
        assert raised.value.sent_maybe is maybe

    @EACH
    @pytest.mark.parametrize("echo", [CANARY, CANARY.replace("/", "\\/")])
    def test_never_shows_a_key_that_the_gateway_echoes(self, account, echo):
        for body in (b'{"message": "bad key %s", "code": 400}', b"<html>%s</html>", b'{"%s": 1}', b'{"a": %s}'):
            for status in (200, 400, 500):
                with pytest.raises((MMSError, ProtocolError)) as raised:
                    account.decode(SEND, answer(body % echo.encode(), status))
                shown = f"{raised.value!r} {raised.value} {vars(raised.value)}"
                assert "canary" not in shown
                assert b"canary" not in pickle.dumps(raised.value)


# ------------------------------------------------------------------------------------------------ several requests


def queued(request_body: bytes) -> bytes:
    """What v3 answers when it takes everybody."""
    numbers = json.loads(request_body)["numbers"]
    rows = [{"message_id": f"ID-{number[-4:]}", "to": number} for number in numbers]
    return said.v3({"messages": rows, "total_numbers": len(numbers), "success_number": str(len(numbers)), "credits_used": "3"})


MANY = tuple(f"+6149157{last:04}" for last in range(2500))


def hold(account, operation, *outcomes, retries=Retries(count=0)):  # noqa: B008
    """Hold a call by hand. An outcome is an answer, or makes one of the request's body."""
    exchange = Exchange(account, operation, retries=retries, random=lambda: 0.0)
    requests = []
    for outcome in outcomes:
        while isinstance(exchange.next_step, Pause):
            exchange.advance(None)
        requests.append(exchange.next_step)
        exchange.advance(outcome(exchange.next_step.body) if callable(outcome) else outcome)
    return exchange, requests


def taken(request_body: bytes) -> HttpResponse:
    return answer(queued(request_body))


class TestManyNumbers:
    def test_go_out_by_the_thousand_and_are_answered_as_one(self):
        exchange, requests = hold(V3, CellcastSend(SHOW, to=MANY), taken, taken, taken)
        assert [len(json.loads(request.body)["numbers"]) for request in requests] == [1000, 1000, 500]
        assert exchange.next_step is None
        assert tuple(exchange.result.queued) == MANY
        assert exchange.result.credits == Decimal(9)

    @pytest.mark.parametrize(
        ("failure", "kind", "maybe"),
        [
            (NoResponse("no whole answer in time", left=True), TransportError, True),
            (NoResponse("no connection", left=False), TransportError, False),
            (answer(b"oops", 500), ProtocolError, True),
            (answer(said.REDIS_V1, 500), GatewayFaultError, True),
            (answer(no("FIELD_INVALID", "You do not have enough credit to send MMS."), 400), BillingError, False),
        ],
    )
    def test_are_not_lost_when_the_call_in_the_middle_fails(self, failure, kind, maybe):
        with pytest.raises(kind) as raised:
            hold(V3, CellcastSend(SHOW, to=MANY), taken, failure)
        error = pickle.loads(pickle.dumps(raised.value))
        assert tuple(error.partial.queued) == MANY[:1000]
        assert (error.partial.maybe_sent if maybe else error.partial.not_sent) == MANY[1000:2000]
        assert (error.partial.not_sent if maybe else error.partial.maybe_sent) == ()
        assert error.partial.not_tried == MANY[2000:]
        # Sending all of it again would send to the first thousand again.
        assert error.sent_maybe

    def test_are_told_apart_when_the_first_call_fails(self):
        with pytest.raises(TransportError) as raised:
            hold(V3, CellcastSend(SHOW, to=MANY), NoResponse("no connection", left=False))
        assert not raised.value.sent_maybe
        assert raised.value.partial.not_sent == MANY[:1000]
        assert raised.value.partial.not_tried == MANY[1000:]

    def test_are_not_lost_when_somebody_interrupts(self):
        exchange, _ = hold(V3, CellcastSend(SHOW, to=MANY), taken)
        stop = KeyboardInterrupt()
        exchange.interrupt(stop)
        assert len(stop.partial.queued) == 1000
        assert stop.sent_maybe

    def test_are_judged_all_of_them_before_the_first_leaves(self):
        with pytest.raises(RecipientError) as raised:
            hold(V3, CellcastSend(SHOW, to=[*MANY, "1234567890"]))
        assert [problem.field for problem in raised.value.problems] == ["to[2500]"]

    def test_are_too_many_for_one_request(self):
        with pytest.raises(ConfigurationError, match="1,000"):
            V3.encode(CellcastSend(SHOW, to=MANY))
        V3.encode(CellcastSend(SHOW, to=MANY[:MAX_NUMBERS]))

    def test_are_repeated_after_a_429_and_only_those(self):
        slow = answer(no("OVER_LIMIT", "", 429), 429)
        exchange, requests = hold(V3, CellcastSend(SHOW, to=MANY), taken, slow, taken, taken, retries=Retries(count=1))
        assert requests[1] == requests[2]
        assert len(exchange.result.queued) == 2500

    def test_of_whom_nobody_was_taken_are_an_error_that_says_why(self):
        rows = [{"Contact": "491570156", "Error": "Number is not valid", "ErrorType": "number_not_valid"}]
        nobody = answer(said.app({"queueResponse": [], "invalidContacts": rows, "unsubscribeContacts": ["491570157"]}))
        with pytest.raises(RecipientError) as raised:
            hold(V1, CellcastSend(Slide("Hi", image=MOVING), to=[ADA, BOB]), nobody)
        assert raised.value.partial.invalid == {ADA: "Number is not valid"}
        assert raised.value.partial.unsubscribed == (BOB,)


def page(*ids: str, at: int = 1, of: int = 1) -> HttpResponse:
    rows = [{"from": ADA, "body": f"about {one}", "message_id": one} for one in ids]
    return answer(said.v3({"page": {"count": of, "number": at}, "total": "9", "responses": rows}))


class TestPages:
    def test_are_all_read_and_then_marked_one_by_one(self):
        marked = answer(said.MARKED_V3)
        exchange, requests = hold(
            V3, Responses(mark_read=True), page("a", "b", at=1, of=2), page("c", at=2, of=2), marked, marked, marked
        )
        assert [request.url.rpartition("/")[2] for request in requests] == [
            "get-responses?type=mms&page=1",
            "get-responses?type=mms&page=2",
            *["inbound-read"] * 3,
        ]
        assert [json.loads(request.body) for request in requests[2:]] == [{"message_id": one} for one in "abc"]
        assert [one.message_id for one in exchange.result] == ["a", "b", "c"]
        assert exchange.result.marked == ("a", "b", "c")

    def test_are_not_lost_when_marking_fails(self):
        with pytest.raises(TransportError) as raised:
            hold(V3, Responses(mark_read=True), page("a", "b"), answer(said.MARKED_V3), NoResponse("reset", left=True))
        assert [one.message_id for one in raised.value.partial] == ["a", "b"]
        assert raised.value.partial.marked == ("a",)

    def test_end_where_they_repeat(self):
        exchange, requests = hold(V3, OptOuts(), *[answer(said.OPTOUT_V3.replace(b'"count": 1', b'"count": 9'))] * 2)
        assert (len(requests), len(exchange.result)) == (2, 1)

    def test_end_where_they_are_empty(self):
        exchange, _ = hold(V3, Responses(), page("a", of=9), page(of=9))
        assert len(exchange.result) == 1

    def test_that_shift_meanwhile_tell_nothing_twice(self):
        exchange, _ = hold(V3, Responses(), page("a", "b", at=1, of=2), page("b", "c", at=2, of=2))
        assert [one.message_id for one in exchange.result] == ["a", "b", "c"]

    def test_without_an_end_are_given_up_and_what_was_read_is_kept(self, monkeypatch):
        monkeypatch.setattr("skymms.cellcast.account.MAX_PAGES", 2)
        with pytest.raises(ProtocolError, match="does not end") as raised:
            hold(V3, Responses(), page("a", at=1, of=9), page("b", at=2, of=9))
        assert len(raised.value.partial) == 2

    def test_can_be_read_one_at_a_time(self):
        exchange, requests = hold(V3, Responses(1), page("a", at=1, of=2))
        assert exchange.result.more
        assert len(requests) == 1


# ------------------------------------------------------------------------------------------------ the account


class TestAnAccount:
    @EACH
    def test_never_shows_its_key(self, account):
        request = account.encode(SEND_V1)
        for shown in (repr(account), repr(request), request.safe_url, repr(SEND_V1)):
            assert "canary" not in shown
        for secret in (account, request):
            with pytest.raises(TypeError, match="key"):
                pickle.dumps(secret)
        assert copy.deepcopy(account) is account

    def test_comes_from_the_environment_with_its_generation(self):
        env = {
            "SKYMMS_CELLCAST_KEY": CANARY,
            "SKYMMS_CELLCAST_GENERATION": "v1",
            "SKYMMS_CELLCAST_URL": "http://127.0.0.1:1/api/v1",
        }
        account = CellcastAccount.from_env(env)
        assert account == CellcastAccount.v1(CANARY, url="http://127.0.0.1:1/api/v1")
        assert account.encode(Balance()).url == "http://127.0.0.1:1/api/v1/apiClient/account"
        assert account.encode(MessageReports()).url == "http://127.0.0.1:1/api/v2/report/message?campType=mms"

    @pytest.mark.parametrize(
        ("env", "words"),
        [
            ({"SKYMMS_CELLCAST_KEY": CANARY}, "never guessed"),
            ({"SKYMMS_CELLCAST_GENERATION": "v3"}, "no key"),
            ({"SKYMMS_CELLCAST_KEY": CANARY, "SKYMMS_CELLCAST_GENERATION": "v4"}, "v3 or v1"),
            ({"SKYMMS_CELLCAST_KEY": CANARY, "SKYMMS_CELLCAST_GENERATION": "v3", "SKYMMS_CELLCAST_URL": "ftp://a"}, "address"),
        ],
    )
    def test_that_cannot_be_one_is_refused(self, env, words):
        with pytest.raises(ConfigurationError, match=words) as raised:
            CellcastAccount.from_env(env)
        assert "canary" not in str(raised.value)

    def test_asks_for_an_operation(self):
        with pytest.raises(TypeError, match="operation"):
            V3.problems("send")


# ------------------------------------------------------------------------------------------------ units


class TestUnits:
    @pytest.mark.parametrize(
        ("text", "units"),
        [
            ("", ("gsm", 0)),
            ("€5", ("gsm", 3)),
            ("it’s", ("ucs2", 4)),
            ("Hi {x}", ("gsm", 8)),
            ("😀", ("ucs2", 2)),
            ("\r\n", ("gsm", 2)),
            ("\f", ("gsm", 2)),
            ("¤ßÉÅåÑñÜü§àéèìòùÇ", ("gsm", 17)),
            ("ç", ("ucs2", 1)),
            ("`", ("ucs2", 1)),
            ("\t", ("ucs2", 1)),
            ("\x1b", ("ucs2", 1)),
        ],
    )
    def test_are_those_of_the_standard(self, text, units):
        assert gsm_units(text) == units

    def test_the_basic_table_has_its_127_characters_and_the_extension_ten(self):
        every = map(chr, range(0x10000))
        sizes = [gsm_units(one).units for one in every if gsm_units(one).encoding == "gsm"]
        assert (sizes.count(1), sizes.count(2)) == (127, 10)

    @given(st.text())
    def test_no_count_is_above_the_largest(self, text):
        from skymms.gsm import most_units

        assert most_units(text) >= gsm_units(text).units >= len(text)
