"""The sandbox as a Cellcast gateway, v3 and v1: its responses, its state, its webhooks, and what both clients make of them."""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import strategies  # noqa: F401 (loads hypothesis' profile)
from client_calls import CANARY, QUICK
from hypothesis import given
from hypothesis import strategies as st
from misbehaving_server import Faulty, http
from urllib3.filepost import encode_multipart_formdata

from skymms import (
    AuthenticationError,
    BillingError,
    Client,
    ConfigurationError,
    DeliveryReport,
    FieldError,
    GatewayFaultError,
    HttpRequest,
    HttpResponse,
    InboundSMS,
    Limits,
    MalformedRequestError,
    MediaError,
    MediaTooLargeError,
    MediaTypeError,
    MMSError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RecipientError,
    SenderError,
    SendMMS,
    SkymmsError,
    Slide,
    Slideshow,
    ThrottledError,
    TransportError,
)
from skymms.cellcast import (
    Balance,
    CancelScheduled,
    CellcastAccount,
    CellcastMMS,
    CellcastSend,
    CellcastSent,
    Listing,
    MarkRead,
    MessageReports,
    OptOuts,
    Responses,
    read_cellcast_webhook,
)
from skymms.cli import main
from skymms.cli.exit_status import Status
from skymms.codes import ANSWERS
from skymms.sandbox import AT_ONCE, FAULTS, PostbackReceiver, Sandbox
from skymms.sandbox.cellcast_bodies import REFUSALS
from skymms.sandbox.listener import ServerRequest

ADA, BOB, EVE = "+61491570156", "+61491570157", "+61491570158"
PNG, GIF = "http://media.example/welcome.png", "http://media.example/cat.gif"
SMALLEST_GIF = b"GIF89a\1\0\1\0\x80\0\0" + bytes(6) + b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0\x3b"
JPEG = b"\xff\xd8\xff\xe0\r\n--not-a-boundary\r\n\x00\r"
MANY = [f"+6149157{last:04}" for last in range(2500)]
BOTH = ("cellcast-v3", "cellcast-v1")

each_generation = pytest.mark.parametrize("dialect", BOTH)


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


def send(dialect: str, *to: str, **more: Any) -> CellcastSend:
    return CellcastSend(Slide("Hi!", image=PNG if dialect == "cellcast-v3" else GIF), to=to or (ADA,), **more)


def unlimited(sandbox: Any, dialect: str, **options: Any) -> CellcastAccount:
    return sandbox.account(dialect, rate=None, **options)


def client(sandbox: Sandbox, dialect: str, **options: Any) -> Client:
    return Client(unlimited(sandbox, dialect), **options)


# ------------------------------------------------------------------------------------------------ on the wire

V3 = {"mms_text": "Hi!", "mms_file": PNG, "numbers": [ADA]}
V1 = {"message": b"Hi!", "gif": GIF.encode(), "contacts": b'["61491570156"]'}


def request(sandbox: Sandbox, method: str, path: str, content: Any = None, **headers: str) -> tuple[int, Any]:
    """Make a request without this library; return the HTTP status and the document of the response."""
    body, content_type = content, "application/json"
    if isinstance(content, dict) and any(isinstance(value, (bytes, tuple)) for value in content.values()):
        body, content_type = encode_multipart_formdata(content)
    elif content is not None and not isinstance(content, bytes):
        body = json.dumps(content).encode()
    key = {"APPKEY": "sandbox-key"} if "/v3/" in path else {"Authorization": "Bearer sandbox-key"}
    all_headers = {"Content-Type": content_type, **key, **headers}
    with requests.Session() as session:
        session.trust_env = False
        response = session.request(method, sandbox.url + path, data=body, headers=all_headers, timeout=20)
    return response.status_code, response.json()


def without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


#: Requests to send in v3, each with the HTTP status, the status and a part of the text of its response.
RESPONSES_V3 = {
    "a valid message": (V3, 200, "SUCCESS", "Queued"),
    "numbers in every documented form": (
        {**V3, "numbers": [ADA, "0491570157", "491 570 158", "61491570159"]},
        200,
        "SUCCESS",
        "",
    ),
    "two numbers, one of them invalid": ({**V3, "numbers": [ADA, "1300000000"]}, 200, "SUCCESS", ""),
    "not JSON": (b"mms_text=Hi", 400, "BAD_REQUEST", "not what this call expects"),
    "not a JSON object": (b"[1]", 400, "BAD_REQUEST", "not what this call expects"),
    "a list instead of a text": ({**V3, "mms_text": ["Hi!"]}, 400, "BAD_REQUEST", ""),
    "no text": (without(V3, "mms_text"), 400, "FIELD_EMPTY", "a required field is empty"),
    "an empty text": ({**V3, "mms_text": ""}, 400, "FIELD_EMPTY", ""),
    "no picture": (without(V3, "mms_file"), 400, "FIELD_EMPTY", ""),
    "a text of 1,001": ({**V3, "mms_text": "a" * 1001}, 400, "FIELD_INVALID", "text up to 1000 characters"),
    "a subject of 41": ({**V3, "subject": "a" * 41}, 400, "FIELD_INVALID", "subject up to 40 characters"),
    "a video": ({**V3, "mms_file": "http://media.example/a.mp4"}, 400, "FIELD_INVALID", "only PNG, GIF and JPEG"),
    "1,001 numbers": ({**V3, "numbers": MANY[:1001]}, 400, "FIELD_INVALID", "numbers"),
    "no numbers": ({**V3, "numbers": []}, 400, "RECIPIENTS_ERROR", "no recipient is left"),
    "a number that is true": ({**V3, "numbers": [True]}, 400, "RECIPIENTS_ERROR", ""),
    "a number instead of a list": ({**V3, "numbers": ADA}, 400, "RECIPIENTS_ERROR", ""),
    "only invalid numbers": ({**V3, "numbers": ["1300000000", "+610491570156"]}, 400, "RECIPIENTS_ERROR", ""),
}
#: The same in v1: the HTTP status, whether it was accepted (None if the body has no envelope), and a part of the text.
RESPONSES_V1 = {
    "a valid message": (V1, 200, True, "the sandbox has accepted it"),
    "a file": ({**without(V1, "gif"), "media": ("a.jpg", JPEG, "image/jpeg")}, 200, True, ""),
    "a sender": ({**V1, "sender": b"My Shop"}, 200, True, ""),
    "only invalid numbers": ({**V1, "contacts": b'["1300000000"]'}, 200, True, ""),
    "not a form": (json.dumps({"message": "Hi!"}).encode(), 400, None, "Bad Request"),
    "no contacts": (without(V1, "contacts"), 400, None, "contacts must either start"),
    "contacts that are not an array": ({**V1, "contacts": b"61491570156,61491570157"}, 400, None, "contacts must either start"),
    "the contacts that the sample of the v1 page really sends": (
        {**V1, "contacts": b"["},
        400,
        None,
        "contacts must either start",
    ),
    "an empty array": ({**V1, "contacts": b"[]"}, 400, None, "contacts must either start"),
    "1,001 numbers": ({**V1, "contacts": json.dumps(MANY[:1001]).encode()}, 400, None, "1,000"),
    "no text": (without(V1, "message"), 400, None, "text"),
    "no picture": (without(V1, "gif"), 200, True, ""),
    "two pictures": ({**V1, "media": ("a.jpg", JPEG, "image/jpeg")}, 200, True, ""),
    "the country code": ({**V1, "countryCode": b"61"}, 200, True, ""),
    "another country code": ({**V1, "countryCode": b"64"}, 400, None, "country_code"),
    "a file instead of a URL": ({**V1, "gif": ("a.gif", SMALLEST_GIF, "image/gif")}, 400, None, "not a file"),
    "a URL instead of a file": ({**without(V1, "gif"), "media": PNG.encode()}, 400, None, "must be a file"),
    "a file that is not a picture": ({**without(V1, "gif"), "media": ("a.jpg", b"PK", "image/jpeg")}, 400, None, "jpeg"),
    "a file of 230,001 bytes": (
        {**without(V1, "gif"), "media": ("a.jpg", JPEG.ljust(230_001), "image/jpeg")},
        400,
        None,
        "230,000",
    ),
    "a sender of twelve letters": ({**V1, "sender": b"abcdefghijkl"}, 400, False, "not registered"),
    "a text that is not UTF-8": ({**V1, "message": b"\xff"}, 400, None, "UTF-8"),
}


#: The head of a form's part, and the head of a part that contains parts.
NAMED = b'--x\r\nContent-Disposition: form-data; name="contacts"\r\n'
NESTED = b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n'


class TestResponsesOnTheWire:
    @pytest.mark.parametrize("case", RESPONSES_V3)
    def test_the_json_of_the_response_to_a_send_in_v3(self, sandbox, case):
        content, http, name, text = RESPONSES_V3[case]
        status, document = request(sandbox, "POST", "/api/v3/send-mms", content)
        assert (status, document["meta"]) == (http, {"code": http, "status": name})
        assert text in document["msg"]
        assert document.keys() == {"meta", "msg", "data"}
        assert len(sandbox.sent) == (name == "SUCCESS")

    @pytest.mark.parametrize("case", RESPONSES_V1)
    def test_the_json_of_the_response_to_a_send_in_v1(self, sandbox, case):
        content, http, accepted, text = RESPONSES_V1[case]
        status, document = request(sandbox, "POST", "/api/v1/gatewaymms", content)
        assert (status, document.get("status")) == (http, accepted)
        assert text in document["message"]
        if accepted is None:
            assert (document["code"], document.keys()) == (http, {"code", "message", "stack"})
        assert len(sandbox.sent) == bool(accepted and document["data"]["queueResponse"])

    def test_v3_lists_accepted_numbers_and_counts_all_numbers(self, sandbox):
        _, document = request(
            sandbox, "POST", "/api/v3/send-mms", {**V3, "subject": "Free", "numbers": [ADA, "0491570157", "nobody"]}
        )
        data = document["data"]
        assert (data["total_numbers"], data["success_number"], data["credits_used"]) == (3, "2", "2")
        assert [row["to"] for row in data["messages"]] == [ADA, BOB]
        first = data["messages"][0]
        assert first.keys() == {"message_id", "to", "subject", "body", "date", "direction"}
        assert (first["subject"], first["body"], first["direction"]) == ("Free", "Hi!", "out")

    def test_v1_sorts_numbers_into_queued_invalid_and_unsubscribed(self, sandbox):
        sandbox.block("0491 570 158")
        numbers = ["491570156", "+61491570157", EVE, "1234567890", "62400000001", "+6140000"]
        status, document = request(sandbox, "POST", "/api/v1/gatewaymms", {**V1, "contacts": json.dumps(numbers).encode()})
        data = document["data"]
        assert (status, document["status"], document["error"]) == (200, True, {})
        assert [row["Contact"] for row in data["queueResponse"]] == ["491570156", "491570157"]
        assert data["invalidContacts"] == [
            {"Contact": "1234567890", "Error": "not a mobile number", "ErrorType": "number_not_valid"},
            {"Contact": "62400000001", "Error": "not a mobile number", "ErrorType": "number_not_valid"},
            {"Contact": "+6140000", "Error": "fewer than nine digits", "ErrorType": "less_nine_digit"},
        ]
        assert data["unsubscribeContacts"] == ["491570158"]
        counts = [data[f"total{name}Contact"] for name in ("Valid", "Invalid", "Unsubscribe")]
        assert counts == [2, 3, 1]

    def test_a_missing_or_wrong_cellcast_key_is_refused(self, sandbox):
        status, document = request(sandbox, "GET", "/api/v3/account", APPKEY="")
        assert (status, document["meta"]["status"]) == (401, "AUTH_FAILED_NO_DATA")
        status, document = request(sandbox, "GET", "/api/v3/account", APPKEY="another")
        assert (status, document["meta"]["status"]) == (401, "AUTH_FAILED")
        for header in ("Bearer another", "sandbox-key", "Basic sandbox-key"):
            status, document = request(sandbox, "GET", "/api/v1/apiClient/account", Authorization=header)
            assert (status, document["code"], document["message"]) == (401, 401, "Token expired")

    def test_balances_are_text_in_v3_and_numbers_in_v1(self, sandbox):
        sandbox.credits(1006)
        _, v3 = request(sandbox, "GET", "/api/v3/account")
        _, v1 = request(sandbox, "GET", "/api/v1/apiClient/account")
        assert (v3["data"]["mms_balance"], v1["data"]["mms_balance"]) == ("1006.00", 1006)

    def test_a_send_without_enough_credits_is_refused(self, sandbox):
        sandbox.credits(1)
        status, document = request(sandbox, "POST", "/api/v3/send-mms", {**V3, "numbers": [ADA, BOB]})
        assert (status, document["meta"]["status"]) == (400, "FIELD_INVALID")
        assert "enough credit" in document["msg"]
        status, document = request(sandbox, "POST", "/api/v1/gatewaymms", {**V1, "contacts": json.dumps([ADA, BOB]).encode()})
        assert (status, document["status"]) == (422, False)
        assert document["error"] == {"errorMessage": document["message"]}
        assert request(sandbox, "POST", "/api/v3/send-mms", V3)[0] == 200
        assert request(sandbox, "POST", "/api/v3/send-mms", V3)[0] == 400

    def test_v1_refuses_a_sender_that_is_not_registered(self):
        with Sandbox(senders={"+61491570150", "Shop"}) as sandbox:
            for sender, http in (("Shop", 200), ("61491570150", 200), ("shop", 400), ("61491570151", 400)):
                status, document = request(sandbox, "POST", "/api/v1/gatewaymms", {**V1, "sender": sender.encode()})
                assert status == http
            assert document["error"] == {"sender": "not_registered"}
            # Without a sender, the gateway uses a shared number.
            assert request(sandbox, "POST", "/api/v1/gatewaymms", V1)[0] == 200

    @pytest.mark.parametrize(
        ("method", "path", "http", "name"),
        [
            ("GET", "/api/v3/get-responses?page=2&type=mms;", 400, "BAD_REQUEST"),
            ("GET", "/api/v3/get-responses?page=first", 400, "BAD_REQUEST"),
            ("GET", "/api/v3/get-responses?page=1&page=2", 400, "BAD_REQUEST"),
            ("GET", "/api/v3/get-responses?page=0", 400, "FIELD_INVALID"),
            ("GET", "/api/v3/send-mms", 404, "NOT_IMPLEMENTED"),
            ("GET", "/api/v3/get-balance", 404, "NOT_IMPLEMENTED"),
            ("GET", "/api/v3/get-responses/1", 404, "NOT_IMPLEMENTED"),
            ("POST", "/api/v3/inbound-read", 200, "SUCCESS"),
        ],
    )
    def test_the_json_of_the_response_to_other_v3_requests(self, sandbox, method, path, http, name):
        status, document = request(sandbox, method, path, {} if method == "POST" else None)
        assert (status, document["meta"]["status"]) == (http, name)

    def test_an_unknown_field_is_refused_only_by_a_strict_sandbox(self, sandbox):
        assert request(sandbox, "POST", "/api/v3/send-mms", {**V3, "from": "Shop"})[0] == 200
        with Sandbox(strict=True) as strict:
            status, document = request(strict, "POST", "/api/v3/send-mms", {**V3, "from": "Shop"})
            assert (status, document["msg"]) == (
                400,
                "the request is not what this call expects (from is not a field of this call)",
            )
            assert request(strict, "POST", "/api/v3/send-mms", V3)[0] == 200

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"--x",
            b"--x\r\n\r\n--x--",
            NAMED + b"Content-Type: multipart/mixed; boundary=y\r\n\r\n--y--x--",
            NAMED + NESTED % b"0" + b"".join(b"--%d\r\n%s" % (at, NESTED % (b"%d" % (at + 1))) for at in range(2000)),
            NAMED + b"\r\n" + b"[" * 100_000 + b"\r\n--x--",
            NAMED + b"Content-Transfer-Encoding: base64\r\n\r\n%%%\r\n--x--",
            b"\n" * 100_000,
        ],
    )
    def test_a_body_that_is_not_a_form_is_refused_and_the_next_request_is_served(self, sandbox, body):
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        status, document = request(sandbox, "POST", "/api/v1/gatewaymms", body, **headers)
        assert (status, document["code"]) == (400, 400)
        assert request(sandbox, "POST", "/api/v1/gatewaymms", V1)[0] == 200


curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")


@curl
class TestVendorSample:
    """The curl command of the v1 page, with nothing but our URL, a key and a file put in."""

    CONTACTS = 'contacts="["+61400000000", "+61400000001", "+61400000002"]"'

    def run(self, sandbox: Sandbox, path: Any, contacts: str, *more: str) -> Any:
        (path / "media.png").write_bytes(b"\x89PNG\r\n\x1a\n....")
        headers = ["Content-Type: multipart/form-data", "Accept: application/json", "Authorization: Bearer sandbox-key"]
        fields = ['message="Test MMS from API"', contacts, f'media=@"{path / "media.png"}"', *more, 'sender="040000001"']
        flags = [flag for header in headers for flag in ("--header", header)] + [
            flag for field in fields for flag in ("--form", field)
        ]
        command = ["curl", "--silent", "--noproxy", "*", "--location", f"{sandbox.url}/api/v1/gatewaymms", *flags]
        return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)

    def test_the_sample_sends_no_contacts(self, sandbox, tmp_path):
        document = self.run(sandbox, tmp_path, self.CONTACTS, 'gif="https://media.example/cat.gif"')
        assert (document["code"], document["stack"]) == (400, "APIError: contacts are required")
        assert sandbox.requests[0].operation.to == ()
        assert sandbox.sent == []

    def test_the_sample_sends_contacts_if_the_array_is_not_quoted(self, sandbox, tmp_path):
        document = self.run(sandbox, tmp_path, 'contacts=["+61400000000", "+61400000001", "+61400000002"]')
        assert [row["Contact"] for row in document["data"]["queueResponse"]] == ["400000000", "400000001", "400000002"]

    def test_the_sample_sends_a_file_and_the_url_of_a_gif(self, sandbox, tmp_path):
        contacts = 'contacts=["+61400000000", "+61400000001", "+61400000002"]'
        document = self.run(sandbox, tmp_path, contacts, f'gif="{GIF}"', 'countryCode="61"')
        assert (document["status"], document["data"]["totalValidContact"]) == (True, 3)
        (held,) = sandbox.sent
        assert (held.media, held.slideshow.slides[0].image) == (b"\x89PNG\r\n\x1a\n....", GIF)
        assert (held.sender, held.country_code) == ("040000001", "61")

    def test_our_client_sends_the_samples_message_with_its_contacts(self, kind, sandbox):
        with kind(unlimited(sandbox, "cellcast-v1")) as caller:
            message = CellcastSend(
                Slide("Test MMS from API", image=GIF),
                to=["+61400000000", "+61400000001"],
                media=JPEG,
                sender="040000001",
                country_code=61,
            )
            assert len(caller.call(message).queued) == 2
        assert sandbox.sent[0].media == JPEG


# ------------------------------------------------------------------------------------------------ encoding and decoding

DIGITS = st.integers(0, 99_999_999).map(lambda last: f"4{last:08}")
#: Every documented form of a number, with what people put between the digits.
FORMS = st.sampled_from(["+61{}", "61{}", "0{}", "{}", "+61 {}", "(0){}"])
MOBILES = st.builds(lambda form, digits: form.format(digits), FORMS, DIGITS) | st.builds(
    lambda digits: f"0{digits[:3]} {digits[3:6]}-{digits[6:]}", DIGITS
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n€{"), min_size=1, max_size=80)


@pytest.fixture(scope="module")
def running():
    with Sandbox() as sandbox:
        yield sandbox


def handle(sandbox: Sandbox, account: CellcastAccount, request: HttpRequest) -> Any:
    """Give a request to the sandbox without a socket."""
    parts = urlsplit(request.url)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return sandbox._dispatcher.respond(ServerRequest(request.method, parts.path, parts.query, headers, request.body))


class TestRoundTrip:
    @given(
        text=TEXTS,
        subject=st.none() | TEXTS.filter(lambda subject: "\n" not in subject),
        to=st.lists(MOBILES, min_size=1, max_size=5),
        country_code=st.sampled_from([None, "61"]),
        reference=st.none() | st.from_regex(r"[a-z0-9 ö&=-]{1,20}", fullmatch=True),
        gif=st.booleans(),
        sender=st.none() | st.from_regex(r"[A-Za-z][A-Za-z0-9-]{1,9}", fullmatch=True) | MOBILES.filter(str.isdigit),
        media=st.none() | st.binary(max_size=200).map(lambda more: JPEG + more),
        dialect=st.sampled_from(BOTH),
    )
    def test_the_sandbox_decodes_the_message_that_was_encoded(
        self, running, text, subject, to, sender, media, country_code, reference, gif, dialect
    ):
        account = unlimited(running, dialect)
        if dialect == "cellcast-v3":
            slide, more = Slide(text, image=None if media else PNG), {"media": media}
        else:
            slide, subject = Slide(text, image=GIF if gif else None), None
            more = {"sender": sender, "media": media, "country_code": country_code, "client_reference": reference}
        message = CellcastSend(Slideshow("", subject=subject or None, slides=(slide,)), to=to, **more)
        if account.problems(message):
            return
        handle(running, account, account.encode(message))
        (held,) = running.sent[-1:]
        canonical = tuple(dict.fromkeys(f"+61{number[-9:]}" for number in ("".join(filter(str.isdigit, one)) for one in to)))
        assert held == CellcastSend(message.slideshow, to=canonical, **more)
        # The decoded message makes the same round trip.
        handle(running, account, account.encode(held))
        assert running.sent[-1] == held

    @each_generation
    @pytest.mark.parametrize(
        "operation",
        [
            Balance(),
            Responses(3),
            OptOuts(7),
            MarkRead(message_id="dba864ec"),
            MarkRead(before=datetime(2026, 11, 1, 2, 3, 4, tzinfo=UTC)),
            MarkRead(before="2026-11-01"),
            MarkRead(everything=True),
            MessageReports("6752be53500000000000000a"),
            MessageReports(page=2, status="delivered", since=datetime(2026, 1, 2).date(), until=datetime(2026, 1, 3).date()),
            CancelScheduled("6752be53500000000000000a"),
        ],
        ids=repr,
    )
    def test_the_sandbox_decodes_every_other_operation_that_was_encoded(self, running, dialect, operation):
        account = unlimited(running, dialect)
        if account.problems(operation):
            assert type(operation) in {MarkRead, MessageReports, CancelScheduled}
            return
        handle(running, account, account.encode(operation))
        assert running.requests[-1].operation == operation

    @each_generation
    def test_the_client_decodes_the_reply_that_the_sandbox_encoded(self, kind, sandbox, dialect):
        sandbox.block(BOB)
        with kind(unlimited(sandbox, dialect)) as caller:
            for operation in (send(dialect, ADA, BOB), Balance()):
                assert caller.call(operation) == sandbox.requests[-1].reply


# ------------------------------------------------------------------------------------------------ refusals


class TestRefusals:
    """The caller gets the same error class, whatever the response looks like."""

    @each_generation
    def test_another_cellcast_key_is_an_authentication_error(self, kind, sandbox, dialect):
        with kind(unlimited(sandbox, dialect, api_key="another-key")) as caller, pytest.raises(AuthenticationError):
            caller.call(send(dialect))
        assert (sandbox.sent, sandbox.requests[0].operation.to) == ([], (ADA,))

    @each_generation
    def test_a_number_that_opted_out_is_not_sent_to(self, kind, sandbox, dialect):
        sandbox.block("0491 570 156")
        with kind(unlimited(sandbox, dialect)) as caller:
            with pytest.raises(RecipientError) as raised:
                caller.call(send(dialect, ADA))
            assert not raised.value.sent_maybe
            some = caller.call(send(dialect, ADA, BOB))
            assert [row.number for row in caller.call(OptOuts())] == [ADA]
        assert list(some.queued) == [BOB]
        # v3 has no list of numbers that opted out.
        assert (some.unsubscribed, some.unaccounted) == (((), (ADA,)) if dialect == "cellcast-v3" else ((ADA,), ()))

    @each_generation
    def test_a_send_without_enough_credits_is_a_billing_error(self, kind, sandbox, dialect):
        sandbox.credits(2)
        with kind(unlimited(sandbox, dialect)) as caller:
            with pytest.raises(BillingError):
                caller.call(send(dialect, ADA, BOB, EVE))
            caller.call(send(dialect, ADA))
            assert caller.call(Balance()).mms == 1

    def test_an_unregistered_sender_is_a_sender_error(self, kind):
        with Sandbox(senders=["Shop"]) as sandbox, kind(unlimited(sandbox, "cellcast-v1")) as caller:
            assert caller.call(send("cellcast-v1", sender="Shop")).queued
            with pytest.raises(SenderError) as raised:
                caller.call(send("cellcast-v1", sender="Another"))
            assert raised.value.field == "sender"

    @each_generation
    def test_more_than_fifteen_calls_a_second_are_throttled(self, kind, sandbox, dialect):
        sandbox.throttle(15)
        with kind(unlimited(sandbox, dialect), retries=0) as caller:
            for _ in range(15):
                caller.call(send(dialect))
            with pytest.raises(ThrottledError):
                caller.call(send(dialect))
            sandbox.clock.advance(seconds=1)
            caller.call(send(dialect))
        assert len(sandbox.sent) == 16

    @pytest.mark.parametrize(
        ("dialect", "size", "accepted"),
        [
            ("cellcast-v3", 380_000 - 3, True),  # the text has 3 bytes
            ("cellcast-v3", 380_000 - 2, False),
            ("cellcast-v3", 460_000, False),
            ("cellcast-v1", 230_000, True),
            ("cellcast-v1", 230_001, False),
        ],
    )
    def test_a_file_that_is_too_large_is_refused_if_files_are_fetched(self, kind, dialect, size, accepted):
        picture = http(SMALLEST_GIF.ljust(size, b"x"), **{"Content-Type": "image/gif"})
        with Faulty(picture) as media, Sandbox(fetch_media=True) as sandbox:
            message = CellcastSend(Slide("Hi!", image=f"http://127.0.0.1:{media.port}/a.gif"), to=ADA)
            with kind(unlimited(sandbox, dialect)) as caller:
                if accepted:
                    assert caller.call(message).queued
                else:
                    with pytest.raises(MediaTooLargeError if dialect == "cellcast-v3" else MMSError) as raised:
                        caller.call(message)
                    assert not raised.value.sent_maybe
        assert len(sandbox.sent) == accepted

    def test_a_sandbox_may_have_stricter_limits(self):
        with (
            Faulty(http(SMALLEST_GIF.ljust(1001), **{"Content-Type": "image/gif"})) as media,
            Sandbox(fetch_media=True, limits=Limits(max_gif=1000)) as sandbox,
            client(sandbox, "cellcast-v3") as caller,
            pytest.raises(MediaTooLargeError),
        ):
            caller.call(CellcastSend(Slide("Hi!", image=f"http://127.0.0.1:{media.port}/a.gif"), to=ADA))

    @pytest.mark.parametrize(
        ("dialect", "content_type", "accepted"),
        [
            ("cellcast-v3", "image/png", True),
            ("cellcast-v3", "video/mp4", False),
            ("cellcast-v1", "image/gif", True),
            ("cellcast-v1", "image/png", False),
        ],
    )
    def test_a_file_of_another_type_is_refused_if_files_are_fetched(self, dialect, content_type, accepted):
        with (
            Faulty(http(SMALLEST_GIF, **{"Content-Type": content_type})) as media,
            Sandbox(fetch_media=True) as sandbox,
            client(sandbox, dialect) as caller,
            contextlib.suppress(MMSError),
        ):
            caller.call(CellcastSend(Slide("Hi!", image=f"http://127.0.0.1:{media.port}/a.gif"), to=ADA))
        assert len(sandbox.sent) == accepted

    @each_generation
    def test_a_file_that_cannot_be_fetched_is_refused(self, dialect):
        with Sandbox(fetch_media=True) as sandbox, client(sandbox, dialect) as caller:
            name = "a.png" if dialect == "cellcast-v3" else "a.gif"
            with pytest.raises(MMSError) as raised:
                caller.call(CellcastSend(Slide("Hi!", image=f"{sandbox.url}/nowhere/{name}"), to=ADA))
        assert isinstance(raised.value, MediaError) == (dialect == "cellcast-v3")
        assert sandbox.sent == []

    def test_the_sandboxs_credits_must_be_a_whole_number(self, sandbox):
        for wrong in (-1, 1.5, True, "3"):
            with pytest.raises(ConfigurationError, match="credits"):
                sandbox.credits(wrong)

    def test_an_unknown_message_id_is_not_found(self, sandbox):
        with client(sandbox, "cellcast-v1") as caller:
            for operation in (CancelScheduled("6752be53500000000000000a"), MessageReports("6752be53500000000000000a")):
                with pytest.raises(NotFoundError):
                    caller.call(operation)


# ------------------------------------------------------------------------------------------------ faults

LASTING = {"stall", "slow"}
#: For each fault: the error that a send raises, its `sent_maybe`, and how many requests the sandbox read.
FAULT_EFFECTS: dict[str, tuple[type[SkymmsError] | None, bool, int]] = {
    "refuse": (TransportError, True, 0),
    "drop": (TransportError, True, 1),
    "reset": (TransportError, True, 1),
    "stall": (TransportError, True, 1),
    "slow": (TransportError, True, 1),
    "half": (TransportError, True, 1),
    "500": (ProtocolError, True, 1),
    "503": (ProtocolError, True, 1),
    # The gateway asked to retry later: the client sends again, and the message arrives.
    "429": (None, False, 2),
    "html": (ProtocolError, True, 1),
    "charset": (ProtocolError, True, 1),
    # A response to another request is not an error: it only says nothing about our numbers.
    "stranger": (None, False, 1),
}


#: A refusal code of either gateway for each error class that a send can raise in a generation.
ERROR_FAMILIES = [
    ("cellcast-v3", "AUTH_FAILED", AuthenticationError),
    ("cellcast-v3", "E104", AuthenticationError),
    ("cellcast-v3", "NO_ACCESS", PermissionDeniedError),
    ("cellcast-v3", "OVER_LIMIT", ThrottledError),
    ("cellcast-v3", "E106", ThrottledError),
    ("cellcast-v3", "E113", ThrottledError),
    ("cellcast-v3", "E120", ThrottledError),
    ("cellcast-v3", "recipients_error", RecipientError),
    ("cellcast-v3", "E114", RecipientError),
    ("cellcast-v3", "BAD_REQUEST", MalformedRequestError),
    ("cellcast-v3", "E241", NotFoundError),
    ("cellcast-v3", "FIELD_EMPTY", FieldError),
    ("cellcast-v3", "NOT_REGISTERED", FieldError),
    ("cellcast-v3", "E503", GatewayFaultError),
    ("cellcast-v3", "E713", BillingError),
    ("cellcast-v3", "E331", MediaTooLargeError),
    ("cellcast-v3", "E351", MediaError),
    ("cellcast-v3", "E361", MediaTypeError),
    ("cellcast-v1", "AUTH_FAILED", AuthenticationError),
    ("cellcast-v1", "E106", ThrottledError),
    ("cellcast-v1", "RECIPIENTS_ERROR", RecipientError),
    ("cellcast-v1", "FIELD_EMPTY", MMSError),
    ("cellcast-v1", "E241", NotFoundError),
    ("cellcast-v1", "SERVER_ERROR", GatewayFaultError),
    ("cellcast-v1", "LEDGER_ERROR", BillingError),
    ("cellcast-v1", "E111", SenderError),
]


class TestFaults:
    def test_every_fault_has_a_row_in_the_table_of_effects(self):
        assert FAULT_EFFECTS.keys() == FAULTS.keys()

    #: Every fault in v3, and in v1 those that change the response itself.
    FAULTS_AND_GENERATIONS = (
        *((how, "cellcast-v3") for how in FAULTS),
        *((how, "cellcast-v1") for how in ("half", "html", "charset", "stranger")),
    )

    @pytest.mark.parametrize(("how", "dialect"), FAULTS_AND_GENERATIONS)
    def test_a_fault_never_duplicates_a_message_and_sent_maybe_is_true_to_it(self, kind, sandbox, dialect, how):
        fault = sandbox.fail(how, seconds=30 if how in LASTING else 0 if how in {"503", "429"} else None)
        error, maybe, read = FAULT_EFFECTS[how]
        timeout = (0.3, 0.3) if how in LASTING else (5.0, 20.0)
        with kind(unlimited(sandbox, dialect), timeout=timeout, retries=QUICK) as caller:
            if error is None:
                sent = caller.call(send(dialect))
                assert (sent.unaccounted == (ADA,), bool(sent.queued)) == (how == "stranger", how != "stranger")
            else:
                with pytest.raises(error) as raised:
                    caller.call(send(dialect))
                assert raised.value.sent_maybe == maybe
                assert raised.value.partial == CellcastSent(maybe_sent=(ADA,))
            assert (fault.struck, len(sandbox.requests)) == (1, read)
            assert len(sandbox.sent) == (FAULTS[how].accepted or how == "429")
            # The fault is over, so the next call succeeds.
            assert caller.call(send(dialect)).queued

    @pytest.mark.parametrize(("dialect", "code", "error"), ERROR_FAMILIES)
    def test_a_refusal_code_raises_the_class_of_its_family(self, sandbox, dialect, code, error):
        sandbox.fail(code)
        with client(sandbox, dialect, retries=0) as caller, pytest.raises(MMSError) as raised:
            caller.call(send(dialect))
        assert type(raised.value) is error
        assert not raised.value.foreseen
        assert raised.value.sent_maybe == (error is GatewayFaultError)
        assert sandbox.sent == []
        assert sandbox.requests[0].fault == code.upper()

    @each_generation
    def test_every_refusal_code_of_either_gateway_is_decoded_as_a_refusal(self, running, dialect):
        account, generation, operation = unlimited(running, dialect), running._cellcasts[dialect], send(dialect)
        classes = {}
        for code in [*ANSWERS, *REFUSALS]:
            written = generation.encode_reply(operation, generation.refuse(operation, code))
            with pytest.raises(MMSError) as raised:
                account.decode(operation, HttpResponse(written.status, {}, written.body))
            assert not raised.value.foreseen
            assert raised.value.sent_maybe == isinstance(raised.value, GatewayFaultError)
            classes[code] = type(raised.value)
        known = {code.upper(): error for family, code, error in ERROR_FAMILIES if family == dialect}
        assert {code: classes[code] for code in known} == known
        assert set(classes.values()) == set(known.values())

    @pytest.mark.parametrize("code", REFUSALS)
    def test_a_cellcast_refusal_becomes_the_nearest_skycore_code(self, sandbox, code):
        sandbox.fail(code)
        message = SendMMS(Slideshow("n", subject="s").slide("Hi!"), to="15551234888", sender="60856")
        with Client(sandbox.account(), retries=0) as caller, pytest.raises(MMSError) as raised:
            caller.call(message)
        assert raised.value.code == REFUSALS[code].skycore_code

    def test_a_fault_for_a_number_applies_whatever_the_form_of_the_number(self, sandbox):
        sandbox.fail("OVER_LIMIT", to="0491 570 157")
        with client(sandbox, "cellcast-v1", retries=0) as caller:
            caller.call(send("cellcast-v1", ADA))
            with pytest.raises(ThrottledError):
                caller.call(send("cellcast-v1", ADA, BOB))

    @each_generation
    def test_a_not_found_refusal_of_a_listing_is_an_empty_listing(self, kind, sandbox, dialect):
        sandbox.fail("NOT_FOUND")
        with kind(unlimited(sandbox, dialect)) as caller:
            assert caller.call(Responses()) == Listing()

    @each_generation
    def test_if_the_second_of_three_requests_fails_the_first_is_reported(self, kind, sandbox, dialect):
        sandbox.fail("500", to=MANY[1500])
        with kind(unlimited(sandbox, dialect)) as caller, pytest.raises(ProtocolError) as raised:
            caller.call(send(dialect, *MANY))
        partial = raised.value.partial
        assert list(partial.queued) == MANY[:1000]
        assert partial.maybe_sent == tuple(MANY[1000:2000])
        assert partial.not_tried == tuple(MANY[2000:])
        # The second thousand had been accepted, and no request was repeated.
        assert [len(one.to) for one in sandbox.sent] == [1000, 1000]
        assert len(sandbox.requests) == 2

    @each_generation
    def test_2500_numbers_without_a_fault_are_all_queued(self, kind, sandbox, dialect):
        with kind(unlimited(sandbox, dialect)) as caller:
            sent = caller.call(send(dialect, *MANY))
        assert list(sent.queued) == MANY
        assert len(set(sent.queued.values())) == 2500


# ------------------------------------------------------------------------------------------------ responses and webhooks


class TestResponses:
    @each_generation
    def test_responses_are_paged_by_25_and_marked_after_all_pages_were_read(self, kind, sandbox, dialect):
        for at in range(60):
            sandbox.receive_sms(ADA, "Shop", f"answer {at}", dialect=dialect)
        with kind(unlimited(sandbox, dialect)) as caller:
            assert len(caller.call(Responses(1))) == 25
            assert caller.call(Responses(2)).more
            assert len(caller.call(Responses(3))) == 10
            if dialect == "cellcast-v1":
                assert [row.text for row in caller.call(Responses())] == [f"answer {at}" for at in reversed(range(60))]
                return
            listed = caller.call(Responses(mark_read=True))
            assert (len(listed), len(set(listed.marked))) == (60, 60)
            order = [type(one.operation) for one in sandbox.requests[3:]]
            assert order == [Responses] * 3 + [MarkRead] * 60
            assert caller.call(Responses()) == Listing()

    def test_responses_are_listed_until_they_are_marked(self, sandbox):
        ids = [sandbox.receive_sms(number, "Shop", "Yes", dialect="cellcast-v3") for number in (ADA, BOB, EVE)]
        with client(sandbox, "cellcast-v3") as caller:
            assert [row.message_id for row in caller.call(Responses())] == ids[::-1]
            caller.call(MarkRead(message_id=ids[1]))
            caller.call(MarkRead(message_id="nobody-knows-it"))
            assert [row.sender for row in caller.call(Responses())] == [EVE, ADA]
            caller.call(MarkRead(everything=True))
            assert len(caller.call(Responses())) == 0

    def test_responses_before_a_time_are_marked_together(self, sandbox):
        sandbox.receive_sms(ADA, "Shop", "early", dialect="cellcast-v3")
        sandbox.clock.advance(minutes=1)
        noon = sandbox.clock.now()
        sandbox.clock.advance(minutes=1)
        sandbox.receive_sms(ADA, "Shop", "late", dialect="cellcast-v3")
        with client(sandbox, "cellcast-v3") as caller:
            for before in (noon, f"{noon:%Y-%m-%d %H:%M:%S}"):
                caller.call(MarkRead(before=before))
                assert [row.text for row in caller.call(Responses())] == ["late"]
            with pytest.raises(MMSError, match="not a date"):
                caller.call(MarkRead(before="yesterday"))

    def test_v3_responses_name_the_message_they_reply_to(self, sandbox):
        with client(sandbox, "cellcast-v3") as caller:
            sent = caller.call(send("cellcast-v3"))
            sandbox.receive_sms("0491 570 156", "Shop", "Yes", dialect="cellcast-v3")
            (row,) = caller.call(Responses())
        assert (row.sender, row.original_message_id, row.original_text) == (ADA, sent.queued[ADA], "Hi!")

    def test_an_empty_listing_has_three_shapes(self, sandbox):
        # As recorded for v3, as documented for v1, and as a refusal.
        assert request(sandbox, "GET", "/api/v3/get-responses")[1]["data"] == {
            "page": {"count": "0", "number": 0}, "total": 0, "responses": ""
        }  # fmt: skip
        assert request(sandbox, "GET", "/api/v1/apiClient/getResponses")[1]["data"]["items"] == []
        sandbox.fail("NOT_FOUND")
        assert request(sandbox, "GET", "/api/v3/get-responses")[0] == 400

    def test_a_reset_forgets_responses_credits_and_reports(self, sandbox):
        sandbox.credits(0)
        sandbox.block(ADA)
        sandbox.receive_sms(ADA, "Shop", "Yes", dialect="cellcast-v1")
        sandbox.reset()
        with client(sandbox, "cellcast-v1") as caller:
            assert len(caller.call(Responses())) == len(caller.call(OptOuts())) == len(caller.call(MessageReports())) == 0
            assert caller.call(send("cellcast-v1")).queued

    def test_only_the_newest_responses_and_messages_are_kept(self, monkeypatch):
        monkeypatch.setattr("skymms.sandbox.state.MAX_REMEMBERED", 20)
        with Sandbox() as sandbox, client(sandbox, "cellcast-v1") as caller:
            for at in range(30):
                sandbox.receive_sms(ADA, "Shop", f"answer {at}", dialect="cellcast-v1")
            caller.call(send("cellcast-v1", *MANY[:30]))
            assert (len(caller.call(Responses())), len(caller.call(MessageReports()))) == (20, 20)


REPORT_ID = "6752be53500000000000000a"


class TestReportOfV1:
    """The developer pages and recorded responses: /api/v2/report/message, and one message below it."""

    def report(self, sandbox: Sandbox, path: str = "") -> Any:
        status, document = request(sandbox, "GET", f"/api/v2/report/message{path}", Authorization="Bearer sandbox-key")
        assert status == 200
        return document

    def test_the_data_of_one_message_is_the_message_itself(self, kind, sandbox):
        with kind(unlimited(sandbox, "cellcast-v1")) as caller:
            sent = caller.call(send("cellcast-v1", client_reference="order-17"))
            sandbox.clock.advance(seconds=2)
            document = self.report(sandbox, f"/{sent.queued[ADA]}")
            data = document["data"]
            assert (data["_id"], data["status"], data["receiver"]) == (sent.queued[ADA], "delivered", "491570156")
            assert (data["customString"], document["status"]) == ("order-17", True)
            (row,) = caller.call(MessageReports(sent.queued[ADA]))
            assert (row.status, row.client_reference) == ("delivered", "order-17")

    def test_an_unknown_id_is_not_found_and_a_malformed_id_is_a_cast_error(self, sandbox):
        unknown = self.report(sandbox, f"/{REPORT_ID}")
        assert (unknown["status"], unknown["message"]) == (False, "message not found")
        for malformed in ("7", "6752BE53500000000000000A", "quick-api-credit-usage"):
            document = self.report(sandbox, f"/{malformed}")
            assert (document["status"], document["message"]) == (False, "internal server error")
            assert document["error"]["name"] == "CastError"
            with pytest.raises(NotFoundError):
                unlimited(sandbox, "cellcast-v1").decode(
                    MessageReports(REPORT_ID), HttpResponse(200, {}, json.dumps(document).encode())
                )

    def test_limit_and_page_are_obeyed(self, sandbox):
        with client(sandbox, "cellcast-v1") as caller:
            caller.call(send("cellcast-v1", *MANY[:30]))
            assert len(caller.call(MessageReports(page_size=7))) == 30
            assert len(caller.call(MessageReports(page=1, page_size=100))) == 30
        data = self.report(sandbox, "?limit=10&page=3")["data"]
        assert (len(data["items"]), data["limit"], data["totalPages"], data["nextPage"]) == (10, 10, 3, None)
        assert len(self.report(sandbox)["data"]["items"]) == 25
        status, document = request(sandbox, "GET", "/api/v2/report/message?limit=0", Authorization="Bearer sandbox-key")
        assert (status, document["code"]) == (400, 400)

    def test_the_size_of_a_page_of_opt_outs_is_obeyed(self, sandbox):
        sandbox.block(*MANY[:30])
        _, document = request(sandbox, "GET", "/api/v1/apiClient/getOptout?size=20&page=2")
        assert (len(document["data"]["items"]), document["data"]["limit"]) == (10, 20)
        with client(sandbox, "cellcast-v1") as caller:
            assert len(caller.call(OptOuts(page_size=7))) == len(caller.call(OptOuts())) == 30

    def test_messages_are_selected_by_their_custom_string(self, sandbox):
        with client(sandbox, "cellcast-v1") as caller:
            sent = [caller.call(send("cellcast-v1", client_reference=one)) for one in ("order 17", "order 18", None)]
            ids = [one.queued[ADA] for one in sent]
            assert [row["_id"] for row in self.report(sandbox, "?customString=order%2017")["data"]["items"]] == [ids[0]]
            assert [row.message_id for row in caller.call(MessageReports(client_reference="order 18"))] == [ids[1]]
            assert self.report(sandbox, "?customString=other")["data"]["items"] == []
            assert len(self.report(sandbox, "?customString=")["data"]["items"]) == 3

    def test_a_strict_sandbox_accepts_every_documented_field(self):
        with Sandbox(strict=True) as sandbox:
            self.report(sandbox, "?campType=mms&page=1&limit=5&status=sent&fromDate=2026-01-01&customString=a")

    @pytest.mark.parametrize("status", ["delivered", "delievered", "DELIVERED"])
    def test_messages_are_selected_by_their_state_in_every_spelling(self, sandbox, status):
        with client(sandbox, "cellcast-v1") as caller:
            caller.call(send("cellcast-v1"))
            assert len(caller.call(MessageReports(status=status))) == 0
            sandbox.clock.advance(seconds=2)
            assert len(caller.call(MessageReports(status=status))) == 1


class TestOptOuts:
    def test_v3_says_when_somebody_opted_out(self, kind, sandbox):
        sandbox.block(BOB)
        at = sandbox.clock.now()
        _, document = request(sandbox, "GET", "/api/v3/get-optout")
        (row,) = document["data"]["responses"]
        assert row.keys() == {"number", "first_name", "last_name", "gender", "post_code", "dob", "created_at"}
        with kind(unlimited(sandbox, "cellcast-v3")) as caller:
            (read,) = caller.call(OptOuts())
        assert read.number == BOB
        assert abs(read.created_at.replace(tzinfo=UTC) - at).total_seconds() < 60

    def test_v1_names_the_birthday_differently_and_has_no_date(self, sandbox):
        sandbox.block(BOB)
        _, document = request(sandbox, "GET", "/api/v1/apiClient/getOptout")
        (row,) = document["data"]["items"]
        assert row.keys() == {"number", "first_name", "last_name", "gender", "post_code", "date_of_birth"}
        sandbox.unblock(BOB)
        assert request(sandbox, "GET", "/api/v1/apiClient/getOptout")[1]["data"]["items"] == []


UPLOAD = {"mms_text": b"Hi!", "subject": b"Free", "numbers": b'["+61491570156"]'}


class TestUploads:
    """v3: the page has "POST (Form data)" and errors about uploads beside a sample in JSON with a URL."""

    @pytest.mark.parametrize("strict", [False, True])
    def test_a_form_may_have_a_file_or_its_url(self, strict):
        with Sandbox(strict=strict) as sandbox:
            for content in (("a.jpg", JPEG, "image/jpeg"), PNG.encode()):
                status, document = request(sandbox, "POST", "/api/v3/send-mms", {**UPLOAD, "mms_file": content})
                assert (status, [row["to"] for row in document["data"]["messages"]]) == (200, [ADA])
            sent: list[Any] = list(sandbox.sent)
        uploaded, named = sent
        assert (uploaded.media, uploaded.slideshow.slides[0].image) == (JPEG, None)
        assert (named.media, named.slideshow.slides[0].image) == (None, PNG)
        assert uploaded.slideshow.subject == named.slideshow.subject == "Free"

    @pytest.mark.parametrize(
        ("file", "text"),
        [
            (("a.jpg", b"", "image/jpeg"), "a required field is empty"),
            (("a.pdf", b"%PDF-1.7", "application/pdf"), "only PNG, GIF and JPEG are allowed"),
            (("a.mp4", b"....ftypmp42", "video/mp4"), "only PNG, GIF and JPEG are allowed"),
            (("a.jpg", JPEG.ljust(380_000), "image/jpeg"), "the image size exceeds the limit"),
            (b"\xff", "UTF-8"),
        ],
    )
    def test_a_wrong_file_is_refused(self, sandbox, file, text):
        status, document = request(sandbox, "POST", "/api/v3/send-mms", {**UPLOAD, "mms_file": file})
        assert (status, sandbox.sent) == (400, [])
        assert text in document["msg"]

    @each_generation
    def test_both_clients_upload_a_file_by_its_path(self, kind, sandbox, dialect, tmp_path):
        (tmp_path / "cat.jpg").write_bytes(JPEG)
        with kind(unlimited(sandbox, dialect)) as caller:
            assert caller.call(CellcastSend(Slide("Hi!"), to=[ADA, BOB], media=tmp_path / "cat.jpg")).queued
        assert sandbox.sent[0].media == JPEG

    def test_a_file_that_is_too_large_leaves_no_request(self, kind, sandbox):
        with kind(unlimited(sandbox, "cellcast-v3")) as caller, pytest.raises(MediaError) as raised:
            caller.call(CellcastSend(Slide("Hi!"), to=ADA, media=JPEG.ljust(380_000)))
        assert (sandbox.requests, raised.value.sent_maybe) == ([], False)


#: The URL of a file for each field of a slide that v3 can send.
URLS = {
    "audio": "http://media.example/a.mp3",
    "video": "http://media.example/a.mp4",
    "vcard": "http://media.example/a.vcf",
    "passbook": "http://media.example/a.pkpass",
    "image": "http://media.example/a.png",
}


class TestOtherFiles:
    @pytest.mark.parametrize("field", URLS)
    def test_v3_accepts_them_if_a_test_allows_them(self, sandbox, field):
        slide = replace(Slide("Hi!"), **{field: URLS[field]})
        with Sandbox(allow_other_files=True) as allowing:
            account = unlimited(allowing, "cellcast-v3", allow_other_files=True)
            with Client(account) as caller:
                assert caller.call(CellcastSend(slide, to=ADA)).queued
        (held,) = allowing.sent
        assert isinstance(held, CellcastSend)
        assert held == CellcastSend(slide, to=[ADA])
        with Client(unlimited(sandbox, "cellcast-v3", allow_other_files=True)) as caller:
            if field == "image":
                assert caller.call(CellcastSend(slide, to=ADA)).queued
            else:
                with pytest.raises(MediaTypeError):
                    caller.call(CellcastSend(slide, to=ADA))

    def test_the_feed_shows_the_kind_of_an_upload(self):
        with Sandbox(allow_other_files=True) as sandbox:
            with Client(unlimited(sandbox, "cellcast-v3", allow_other_files=True)) as caller:
                caller.call(CellcastSend(Slide("Hi!"), to=ADA, media=b"....ftypmp42"))
            with requests.Session() as session:
                session.trust_env = False
                (entry,) = session.get(f"{sandbox.url}/sandbox/feed?after=0", timeout=20).json()["entries"]
        assert entry["message"]["slides"][0]["files"] == [{"kind": "video", "url": "a file of 12 bytes"}]

    @pytest.mark.parametrize(("content_type", "accepted"), [("video/mp4", True), ("video/3gpp", False)])
    def test_they_are_fetched_with_the_query_of_their_url(self, content_type, accepted):
        with Faulty(http(b"....ftypmp42", **{"Content-Type": content_type})) as media:
            slide = Slide("Hi!", video=f"http://127.0.0.1:{media.port}/a.mp4?sign=1")
            with Sandbox(allow_other_files=True, fetch_media=True) as sandbox:
                account = unlimited(sandbox, "cellcast-v3", allow_other_files=True)
                with Client(account) as caller, contextlib.suppress(MediaTypeError):
                    caller.call(CellcastSend(slide, to=ADA))
        assert len(sandbox.sent) == accepted
        assert media.requests[0].startswith(b"GET /a.mp4?sign=1 ")


class TestWebhooks:
    @pytest.fixture
    def inbox(self):
        with PostbackReceiver(read=read_cellcast_webhook) as receiver:
            yield receiver

    def reports(self, inbox: PostbackReceiver, dialect: str, count: int, **arranged: Any) -> list[tuple[str, str]]:
        with Sandbox(postback_url=inbox.url) as sandbox, client(sandbox, dialect) as caller:
            if arranged:
                sandbox.outcome(**arranged)
            sent = caller.call(send(dialect))
            sandbox.clock.advance(minutes=1)
            notices: Any = inbox.wait(count)
            assert notices == tuple(one for one in sandbox.requests[0].notices)
        assert inbox.failures == []
        assert {(one.tracking_id, one.to) for one in notices} == {(sent.queued[ADA], ADA)}
        return [(one.status, one.details) for one in notices]

    def test_v3_reports_the_final_state_only(self, inbox):
        assert self.reports(inbox, "cellcast-v3", 1) == [("delivered", "Delivered")]

    def test_v1_reports_every_state(self, inbox):
        assert self.reports(inbox, "cellcast-v1", 2) == [("sent", "sent"), ("delivered", "delivered")]

    @pytest.mark.parametrize(
        ("arranged", "status"),
        [
            ({"code": "E102"}, "failed"),
            ({"code": "E101"}, "rejected"),
            ({"code": "E102", "status": "Message Sent/Expired"}, "expired"),
            ({"code": "E102", "status": "Expired", "to": "0491570156"}, "expired"),
            ({"code": "N202"}, "delivered"),
        ],
    )
    @each_generation
    def test_the_outcome_that_a_test_arranged_is_reported(self, inbox, dialect, arranged, status):
        count = 2 if dialect == "cellcast-v1" and arranged["code"] != "E101" else 1
        assert self.reports(inbox, dialect, count, **arranged)[-1][0] == status

    def test_reports_follow_the_sandboxs_clock(self, inbox):
        with Sandbox(postback_url=inbox.url) as sandbox, client(sandbox, "cellcast-v1") as caller:
            sent = caller.call(send("cellcast-v1"))
            states = []
            for seconds in (0, 1, 1):
                sandbox.clock.advance(seconds=seconds)
                (row,) = caller.call(MessageReports(sent.queued[ADA]))
                states.append((row.status, len(inbox.notices)))
        assert states == [("queued", 0), ("sent", 1), ("delivered", 2)]

    @each_generation
    def test_the_numbers_in_webhooks_have_a_plus_in_v1_only(self, inbox, dialect):
        with Sandbox(postback_url=inbox.url, delays=AT_ONCE) as sandbox, client(sandbox, dialect) as caller:
            caller.call(send(dialect))
            sandbox.receive_sms("0491570157", "0491 570 159", "Yes", dialect=dialect)
            notices = inbox.wait(3 if dialect == "cellcast-v1" else 2)
        names = {"sender", "receiver", "recipient", "from"}
        numbers = {text for one in notices for name, text in one.raw if name in names and text != "#SharedNum#"}
        plus = "+" if dialect == "cellcast-v1" else ""
        assert numbers == {f"{plus}61491570156", f"{plus}61491570157"} | ({"+61491570159"} if plus else set())

    def test_a_message_without_an_outcome_is_not_reported(self, inbox):
        with Sandbox(postback_url=inbox.url, delays=AT_ONCE) as sandbox, client(sandbox, "cellcast-v3") as caller:
            sandbox.outcome("N101")
            caller.call(send("cellcast-v3"))
            assert sandbox.requests[0].notices == ()

    @pytest.mark.parametrize("arranged", [{"batch": True}, {"dialect": "sinch"}, {"twice": True}])
    def test_cellcast_webhooks_ignore_settings_for_skycore_postbacks(self, inbox, arranged):
        with Sandbox(postback_url=inbox.url) as sandbox, client(sandbox, "cellcast-v3") as caller:
            sandbox.postbacks(**arranged)
            caller.call(send("cellcast-v3"))
            sandbox.clock.advance(minutes=1)
            (report,) = inbox.wait(1)
        assert (type(report), inbox.failures) == (DeliveryReport, [])

    @each_generation
    @pytest.mark.parametrize("answered", [True, False])
    def test_inbound_messages_are_posted(self, inbox, dialect, answered):
        with Sandbox(postback_url=inbox.url) as sandbox, client(sandbox, dialect) as caller:
            if answered:
                caller.call(send(dialect))
            text_id = sandbox.receive_sms("0491570156", "0491 570 150", "Yes {please}", dialect=dialect)
            mms_id = sandbox.receive_mms(ADA, "Shop", "http://media.example/a.jpg", text="Look", dialect=dialect)
            sandbox.clock.advance(minutes=1)
            notices = {type(one): one for one in inbox.wait(2) if not isinstance(one, DeliveryReport)}
        sms, mms = notices[InboundSMS], notices[CellcastMMS]
        assert (sms.transaction_id, sms.sender, sms.text) == (text_id, ADA, "Yes {please}")
        assert (mms.tracking_id, mms.sender, mms.text) == (mms_id, ADA, "Look")
        # v3 has no field for files, and none for the receiver.
        if dialect == "cellcast-v1":
            assert (sms.to, mms.to, mms.files) == ("+61491570150", "Shop", ("http://media.example/a.jpg",))
        else:
            assert (sms.to, mms.files, bool(sms.tracking_id)) == (None, (), answered)


# ------------------------------------------------------------------------------------------------ events, logs and the page


class TestEvents:
    def feed(self, sandbox: Sandbox) -> list[dict[str, Any]]:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"{sandbox.url}/sandbox/feed?after=0", timeout=20).json()["entries"]

    @each_generation
    def test_the_feed_contains_sends_and_reports(self, sandbox, dialect):
        with client(sandbox, dialect) as caller:
            sent = caller.call(send(dialect, *MANY[:5]))
        sandbox.clock.advance(minutes=1)
        first, *reports = self.feed(sandbox)
        shown = {name: first[name] for name in ("what", "dialect", "action", "outcome", "to")}
        assert shown == {
            "what": "request", "dialect": dialect, "action": "CellcastSend", "outcome": "accepted",
            "to": f"{', '.join(MANY[:3])} and 2 more",
        }  # fmt: skip
        assert first["message"]["slides"][0]["text"] == "Hi!"
        assert first["tracking_ids"] == list(sent.queued.values())
        assert {(one["tracking_id"], one["to"]) for one in reports} == {(id, number) for number, id in sent.queued.items()}
        assert reports[-1]["status"] == "delivered"

    def test_the_feed_shows_the_size_of_a_file(self, sandbox):
        with client(sandbox, "cellcast-v1") as caller:
            caller.call(CellcastSend(Slide("Hi!"), to=ADA, media=JPEG))
        (file,) = self.feed(sandbox)[0]["message"]["slides"][0]["files"]
        assert file == {"kind": "image", "url": f"a picture of {len(JPEG)} bytes"}

    def test_the_feed_contains_refusals_and_faults(self, sandbox):
        sandbox.fail("drop")
        sandbox.block(ADA)
        with client(sandbox, "cellcast-v3", retries=0) as caller, contextlib.suppress(SkymmsError):
            caller.call(send("cellcast-v3", BOB))
        with client(sandbox, "cellcast-v3") as caller, contextlib.suppress(SkymmsError):
            caller.call(send("cellcast-v3", ADA))
        assert [(one["outcome"], one["code"]) for one in self.feed(sandbox) if one["what"] == "request"] == [
            ("lost", None),
            ("refused", "RECIPIENTS_ERROR"),
        ]
        assert sandbox.counts == {"requests": 2, "accepted": 0, "refused": 1, "lost": 1}

    def test_every_event_of_cellcast_is_one_line_of_text(self):
        lines: list[str] = []
        with (
            PostbackReceiver(read=read_cellcast_webhook) as inbox,
            Sandbox(postback_url=inbox.url, on_event=lines.append) as sandbox,
        ):
            sandbox.block(BOB)
            with client(sandbox, "cellcast-v1") as caller:
                caller.call(send("cellcast-v1", ADA, BOB))
                caller.call(Responses())
            sandbox.clock.advance(minutes=1)
            sandbox.receive_sms(ADA, "Shop", "Yes", dialect="cellcast-v1")
            inbox.wait(3)
            sandbox.clock.advance()
        texts = [line.partition(" ")[2] for line in lines]
        assert texts[0] == f"arranged: block {BOB}"
        assert texts[1:3] == [
            f"CellcastSend in cellcast-v1 to {ADA}, {BOB} -> accepted, 1 queued, 1 unsubscribed",
            "Responses in cellcast-v1 -> accepted, 0 of 0 listed",
        ]
        assert texts[3] == "the clock was advanced by 60 s"
        assert texts[4].startswith("postback sent of 6752be53")
        assert texts[-1] == "postback InboundSMS to Shop -> answered 200"

    def test_the_page_shows_the_urls_of_both_generations(self, sandbox):
        with requests.Session() as session:
            session.trust_env = False
            page = session.get(sandbox.url, timeout=20).text
        assert "/api/v3/" in page
        assert "/api/v1/" in page

    def test_the_events_of_cellcast_never_show_the_key(self, kind, caplog):
        caplog.set_level(logging.DEBUG)
        lines: list[str] = []
        seen: list[Any] = []
        with Sandbox(CANARY, on_event=lines.append) as sandbox:
            for dialect in BOTH:
                with kind(unlimited(sandbox, dialect), retries=0) as caller:
                    for how in (None, "500", "OVER_LIMIT", "stranger", "html"):
                        if how:
                            sandbox.fail(how)
                        try:
                            seen.append(caller.call(send(dialect, ADA, BOB)))
                        except SkymmsError as error:
                            seen += [error, vars(error), error.__cause__, error.__context__]
                    seen += [caller.call(operation) for operation in (Balance(), Responses(), OptOuts())]
                with (
                    kind(unlimited(sandbox, dialect, api_key=f"{CANARY}-not"), retries=0) as caller,
                    pytest.raises(SkymmsError) as raised,
                ):
                    caller.call(send(dialect))
                seen += [raised.value, unlimited(sandbox, dialect), unlimited(sandbox, dialect).encode(Balance())]
            with requests.Session() as session:
                session.trust_env = False
                for path in ("/", "/sandbox/feed?after=0", "/api/v3/account", "/api/v1/x"):
                    answer = session.get(
                        sandbox.url + path, headers={"Accept": "text/html", "APPKEY": f"{CANARY}-not"}, timeout=20
                    )
                    seen.append(answer.text)
            seen += [sandbox, sandbox.requests, sandbox.sent, vars(sandbox._state), *sandbox._cellcasts.values()]
        assert CANARY not in caplog.text + "\n".join(lines) + "".join(map(repr, seen)) + "".join(map(str, seen))


# ------------------------------------------------------------------------------------------------ command line


class TestCommandLine:
    @pytest.fixture
    def run(self, sandbox, capsys, monkeypatch, tmp_path):
        monkeypatch.setenv("SKYMMS_CELLCAST_KEY", "sandbox-key")
        monkeypatch.setenv("COLUMNS", "250")
        monkeypatch.chdir(tmp_path)
        for kind in ("png", "gif"):
            (tmp_path / f"{kind}.toml").write_text(
                f'name = "n"\n[[slide]]\ntext = "Hi!"\nimage = "http://media.example/a.{kind}"\n'
            )

        def run_command(dialect: str, *arguments: str) -> Any:
            account = sandbox.account(dialect)
            monkeypatch.setenv("SKYMMS_CELLCAST_GENERATION", account.generation)
            monkeypatch.setenv("SKYMMS_CELLCAST_URL", account.address)
            status = main(["cellcast", *arguments, "--json"])
            out, err = capsys.readouterr()
            assert "sandbox-key" not in out + err
            return status, json.loads(out or "null")

        return run_command

    @each_generation
    def test_the_cellcast_commands_send_responses_optouts_and_balance(self, sandbox, run, dialect):
        file = "png.toml" if dialect == "cellcast-v3" else "gif.toml"
        sandbox.block(BOB)
        sandbox.credits(3)
        status, output = run(dialect, "send", file, "--to", "0491 570 156", "--to", BOB)
        assert (status, list(output["queued"])) == (Status.DONE, [ADA])
        sandbox.receive_sms(ADA, "Shop", "Yes", dialect=dialect)
        status, output = run(dialect, "responses")
        assert (status, [row["text"] for row in output["rows"]]) == (Status.DONE, ["Yes"])
        assert [row["number"] for row in run(dialect, "optouts")[1]["rows"]] == [BOB]
        assert float(run(dialect, "balance")[1]["mms"]) == 2
        status, output = run(dialect, "send", file, "--to", BOB)
        assert status == Status.REFUSED

    def test_the_cellcast_command_mark_read_marks_responses(self, sandbox, run):
        first, second = [sandbox.receive_sms(ADA, "Shop", "Yes", dialect="cellcast-v3") for _ in range(2)]
        assert run("cellcast-v3", "mark-read", first)[0] == Status.DONE
        assert run("cellcast-v3", "responses", "--mark-read")[1]["marked"] == [second]
        assert run("cellcast-v3", "responses")[1]["rows"] == []

    def test_a_failed_send_prints_the_numbers_that_were_queued(self, sandbox, run):
        sandbox.fail("drop", to=MANY[1200])
        numbers = [argument for number in MANY[:1300] for argument in ("--to", number)]
        status, output = run("cellcast-v3", "send", "png.toml", *numbers)
        assert status == Status.NO_RESPONSE
        assert (len(output["error"]["partial"]["queued"]), len(output["error"]["partial"]["maybe_sent"])) == (1000, 300)
        assert len(sandbox.requests) == 2
