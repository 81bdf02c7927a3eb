"""The sandbox as Cellcast, both generations: what is sent and what is answered, what is kept, what the clients make of it."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import strategies  # noqa: F401 (loads hypothesis' profile)
from hypothesis import given
from hypothesis import strategies as st
from urllib3.filepost import encode_multipart_formdata

from skymms import (
    AuthenticationError,
    BillingError,
    Client,
    ConfigurationError,
    DeliveryReport,
    GatewayFaultError,
    HttpRequest,
    InboundSMS,
    MediaError,
    MMSError,
    NotFoundError,
    ProtocolError,
    RecipientError,
    Retries,
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
from skymms.sandbox.cellcast_bodies import WORDS
from skymms.sandbox.listener import ServerRequest

CANARY = "canary-5fa1c0de-key"
ADA, BOB, EVE = "+61491570156", "+61491570157", "+61491570158"
PNG, GIF = "http://media.example/welcome.png", "http://media.example/cat.gif"
JPEG = b"\xff\xd8\xff\xe0\r\n--not-a-boundary\r\n\x00\r"
MANY = [f"+6149157{last:04}" for last in range(2500)]
BOTH = ("cellcast-v3", "cellcast-v1")
QUICK = Retries(count=3, first=0.001, longest=0.002)

each_generation = pytest.mark.parametrize("dialect", BOTH)


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


def send(dialect: str, *to: str, **more: Any) -> CellcastSend:
    return CellcastSend(Slide("Hi!", image=PNG if dialect == "cellcast-v3" else GIF), to=to or (ADA,), **more)


def hurried(sandbox: Sandbox, dialect: str, **options: Any) -> CellcastAccount:
    return sandbox.account(dialect, spacing=0, **options)


def client(sandbox: Sandbox, dialect: str, **options: Any) -> Client:
    return Client(hurried(sandbox, dialect), **options)


# ------------------------------------------------------------------------------------------------ on the wire

V3 = {"mms_text": "Hi!", "mms_file": PNG, "numbers": [ADA]}
V1 = {"message": b"Hi!", "gif": GIF.encode(), "contacts": b'["61491570156"]'}


def asked(sandbox: Sandbox, method: str, path: str, said: Any = None, **headers: str) -> tuple[int, Any]:
    """The status and the document of an answer, by a caller who knows nothing of this library."""
    body, content_type = said, "application/json"
    if isinstance(said, dict) and any(isinstance(value, (bytes, tuple)) for value in said.values()):
        body, content_type = encode_multipart_formdata(said)
    elif said is not None and not isinstance(said, bytes):
        body = json.dumps(said).encode()
    key = {"APPKEY": "sandbox-key"} if "/v3/" in path else {"Authorization": "Bearer sandbox-key"}
    told = {"Content-Type": content_type, **key, **headers}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(method, sandbox.url + path, data=body, headers=told, timeout=20)
    return answer.status_code, answer.json()


def without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


#: What is sent in v3, and the HTTP status, the word and some words of what is answered.
ANSWERED_V3 = {
    "a right one": (V3, 200, "SUCCESS", "Queued"),
    "numbers in every documented form": (
        {**V3, "numbers": [ADA, "0491570157", "491 570 158", "61491570159"]},
        200,
        "SUCCESS",
        "",
    ),
    "one of two numbers that is none": ({**V3, "numbers": [ADA, "1300000000"]}, 200, "SUCCESS", ""),
    "no JSON": (b"mms_text=Hi", 400, "BAD_REQUEST", "not what the call takes"),
    "no object": (b"[1]", 400, "BAD_REQUEST", "not what the call takes"),
    "a list for a text": ({**V3, "mms_text": ["Hi!"]}, 400, "BAD_REQUEST", ""),
    "no text": (without(V3, "mms_text"), 400, "FIELD_EMPTY", "a field is wanted and is empty"),
    "an empty text": ({**V3, "mms_text": ""}, 400, "FIELD_EMPTY", ""),
    "no picture": (without(V3, "mms_file"), 400, "FIELD_EMPTY", ""),
    "a text of 1,001": ({**V3, "mms_text": "a" * 1001}, 400, "FIELD_INVALID", "text up to 1000 characters"),
    "a subject of 41": ({**V3, "subject": "a" * 41}, 400, "FIELD_INVALID", "subject up to 40 characters"),
    "a film": ({**V3, "mms_file": "http://media.example/a.mp4"}, 400, "FIELD_INVALID", "only PNG, GIF and JPEG"),
    "1,001 numbers": ({**V3, "numbers": MANY[:1001]}, 400, "FIELD_INVALID", "numbers"),
    "no numbers": ({**V3, "numbers": []}, 400, "RECIPIENTS_ERROR", "nobody is left to send to"),
    "one number that is no list": ({**V3, "numbers": ADA}, 400, "RECIPIENTS_ERROR", ""),
    "numbers of which none is one": ({**V3, "numbers": ["1300000000", "+610491570156"]}, 400, "RECIPIENTS_ERROR", ""),
}
#: The same in v1: the HTTP status, whether it is a yes (None in the three words without an envelope), and some words.
ANSWERED_V1 = {
    "a right one": (V1, 200, True, "the sandbox has taken it"),
    "a file": ({**without(V1, "gif"), "media": ("a.jpg", JPEG, "image/jpeg")}, 200, True, ""),
    "a sender": ({**V1, "sender": b"My Shop"}, 200, True, ""),
    "numbers of which none is one": ({**V1, "contacts": b'["1300000000"]'}, 200, True, ""),
    "no form": (json.dumps({"message": "Hi!"}).encode(), 400, None, "Bad Request"),
    "no contacts": (without(V1, "contacts"), 400, None, "contacts must either start"),
    "contacts that are no array": ({**V1, "contacts": b"61491570156,61491570157"}, 400, None, "contacts must either start"),
    "what is left of the contacts of seed 001": ({**V1, "contacts": b"["}, 400, None, "contacts must either start"),
    "an empty array": ({**V1, "contacts": b"[]"}, 400, None, "contacts must either start"),
    "1,001 numbers": ({**V1, "contacts": json.dumps(MANY[:1001]).encode()}, 400, None, "1,000"),
    "no text": (without(V1, "message"), 400, None, "text"),
    "no picture": (without(V1, "gif"), 400, None, "image"),
    "two pictures": ({**V1, "media": ("a.jpg", JPEG, "image/jpeg")}, 400, None, "media"),
    "a file that is no picture": ({**without(V1, "gif"), "media": ("a.jpg", b"PK", "image/jpeg")}, 400, None, "jpeg"),
    "a file of 230,001 bytes": (
        {**without(V1, "gif"), "media": ("a.jpg", JPEG.ljust(230_001), "image/jpeg")},
        400,
        None,
        "230,000",
    ),
    "a sender of twelve letters": ({**V1, "sender": b"abcdefghijkl"}, 400, False, "not registered"),
    "a text in no UTF-8": ({**V1, "message": b"\xff"}, 400, None, "UTF-8"),
}


#: How a part of a form begins, and one that holds parts.
NAMED = b'--x\r\nContent-Disposition: form-data; name="contacts"\r\n'
NESTED = b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n'


class TestWhatIsAnswered:
    @pytest.mark.parametrize("what", ANSWERED_V3)
    def test_in_v3(self, sandbox, what):
        said, http, word, words = ANSWERED_V3[what]
        status, document = asked(sandbox, "POST", "/api/v3/send-mms", said)
        assert (status, document["meta"]) == (http, {"code": http, "status": word})
        assert words in document["msg"]
        assert document.keys() == {"meta", "msg", "data"}
        assert len(sandbox.sent) == (word == "SUCCESS")

    @pytest.mark.parametrize("what", ANSWERED_V1)
    def test_in_v1(self, sandbox, what):
        said, http, yes, words = ANSWERED_V1[what]
        status, document = asked(sandbox, "POST", "/api/v1/gatewaymms", said)
        assert (status, document.get("status")) == (http, yes)
        assert words in document["message"]
        if yes is None:
            assert (document["code"], document.keys()) == (http, {"code", "message", "stack"})
        assert len(sandbox.sent) == bool(yes and document["data"]["queueResponse"])

    def test_a_v3_answer_has_a_row_for_each_that_was_taken_and_counts_all(self, sandbox):
        _, document = asked(
            sandbox, "POST", "/api/v3/send-mms", {**V3, "subject": "Free", "numbers": [ADA, "0491570157", "nobody"]}
        )
        data = document["data"]
        assert (data["total_numbers"], data["success_number"], data["credits_used"]) == (3, "2", "2")
        assert [row["to"] for row in data["messages"]] == [ADA, BOB]
        first = data["messages"][0]
        assert first.keys() == {"message_id", "to", "subject", "body", "date", "direction"}
        assert (first["subject"], first["body"], first["direction"]) == ("Free", "Hi!", "out")

    def test_a_v1_answer_sorts_numbers_into_three_lists(self, sandbox):
        sandbox.block("0491 570 158")
        numbers = ["491570156", "+61491570157", EVE, "1234567890", "62400000001", "+6140000"]
        status, document = asked(sandbox, "POST", "/api/v1/gatewaymms", {**V1, "contacts": json.dumps(numbers).encode()})
        data = document["data"]
        assert (status, document["status"], document["error"]) == (200, True, {})
        assert [row["Contact"] for row in data["queueResponse"]] == ["491570156", "491570157"]
        assert data["invalidContacts"] == [
            {"Contact": "1234567890", "Error": "no number of a mobile", "ErrorType": "number_not_valid"},
            {"Contact": "62400000001", "Error": "no number of a mobile", "ErrorType": "number_not_valid"},
            {"Contact": "+6140000", "Error": "fewer than nine digits", "ErrorType": "less_nine_digit"},
        ]
        assert data["unsubscribeContacts"] == ["491570158"]
        counts = [data[f"total{name}Contact"] for name in ("Valid", "Invalid", "Unsubscribe")]
        assert counts == [2, 3, 1]

    def test_keys(self, sandbox):
        status, document = asked(sandbox, "GET", "/api/v3/account", APPKEY="")
        assert (status, document["meta"]["status"]) == (401, "AUTH_FAILED_NO_DATA")
        status, document = asked(sandbox, "GET", "/api/v3/account", APPKEY="another")
        assert (status, document["meta"]["status"]) == (401, "AUTH_FAILED")
        for header in ("Bearer another", "sandbox-key", "Basic sandbox-key"):
            status, document = asked(sandbox, "GET", "/api/v1/apiClient/account", Authorization=header)
            assert (status, document["code"], document["message"]) == (401, 401, "Token expired")

    def test_balances_are_words_in_v3_and_numbers_in_v1(self, sandbox):
        sandbox.credits(1006)
        _, v3 = asked(sandbox, "GET", "/api/v3/account")
        _, v1 = asked(sandbox, "GET", "/api/v1/apiClient/account")
        assert (v3["data"]["mms_balance"], v1["data"]["mms_balance"]) == ("1006.00", 1006)

    def test_too_few_credits(self, sandbox):
        sandbox.credits(1)
        status, document = asked(sandbox, "POST", "/api/v3/send-mms", {**V3, "numbers": [ADA, BOB]})
        assert (status, document["meta"]["status"]) == (400, "FIELD_INVALID")
        assert "enough credit" in document["msg"]
        status, document = asked(sandbox, "POST", "/api/v1/gatewaymms", {**V1, "contacts": json.dumps([ADA, BOB]).encode()})
        assert (status, document["status"]) == (422, False)
        assert document["error"] == {"errorMessage": document["message"]}
        assert asked(sandbox, "POST", "/api/v3/send-mms", V3)[0] == 200
        assert asked(sandbox, "POST", "/api/v3/send-mms", V3)[0] == 400

    def test_a_sender_of_somebody_elses(self):
        with Sandbox(senders={"+61491570150", "Shop"}) as sandbox:
            for sender, http in (("Shop", 200), ("61491570150", 200), ("shop", 400), ("61491570151", 400)):
                status, document = asked(sandbox, "POST", "/api/v1/gatewaymms", {**V1, "sender": sender.encode()})
                assert status == http
            assert document["error"] == {"sender": "not_registered"}
            # Without one it is a shared number, which is everybody's.
            assert asked(sandbox, "POST", "/api/v1/gatewaymms", V1)[0] == 200

    @pytest.mark.parametrize(
        ("method", "path", "http", "word"),
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
    def test_to_other_requests(self, sandbox, method, path, http, word):
        status, document = asked(sandbox, method, path, {} if method == "POST" else None)
        assert (status, document["meta"]["status"]) == (http, word)

    def test_a_word_nobody_knows_is_passed_over_unless_the_sandbox_is_strict(self, sandbox):
        assert asked(sandbox, "POST", "/api/v3/send-mms", {**V3, "from": "Shop"})[0] == 200
        with Sandbox(strict=True) as strict:
            status, document = asked(strict, "POST", "/api/v3/send-mms", {**V3, "from": "Shop"})
            assert (status, document["msg"]) == (400, "this is not what the call takes (from is no field of this call)")
            assert asked(strict, "POST", "/api/v3/send-mms", V3)[0] == 200

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
    def test_what_is_no_form_is_refused_and_the_next_one_served(self, sandbox, body):
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        status, document = asked(sandbox, "POST", "/api/v1/gatewaymms", body, **headers)
        assert (status, document["code"]) == (400, 400)
        assert asked(sandbox, "POST", "/api/v1/gatewaymms", V1)[0] == 200


curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")


@curl
class TestTheSampleOfSeed001:
    """Its curl, with our address, a key and a file put in, and nothing else."""

    CONTACTS = 'contacts="["+61400000000", "+61400000001", "+61400000002"]"'

    def run(self, sandbox: Sandbox, path: Any, contacts: str, *more: str) -> Any:
        (path / "media.png").write_bytes(b"\x89PNG\r\n\x1a\n....")
        headers = ["Content-Type: multipart/form-data", "Accept: application/json", "Authorization: Bearer sandbox-key"]
        fields = ['message="Test MMS from API"', contacts, f'media=@"{path / "media.png"}"', *more, 'sender="040000001"']
        flags = [word for header in headers for word in ("--header", header)] + [w for one in fields for w in ("--form", one)]
        command = ["curl", "--silent", "--noproxy", "*", "--location", f"{sandbox.url}/api/v1/gatewaymms", *flags]
        return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)

    def test_sends_no_contacts(self, sandbox, tmp_path):
        told = self.run(sandbox, tmp_path, self.CONTACTS, 'gif="https://media.example/cat.gif"')
        assert (told["code"], told["stack"]) == (400, "APIError: contacts are required")
        assert sandbox.requests[0].operation.to == ()
        assert sandbox.sent == []

    def test_sends_them_where_the_array_is_no_quoted_value(self, sandbox, tmp_path):
        told = self.run(sandbox, tmp_path, 'contacts=["+61400000000", "+61400000001", "+61400000002"]')
        assert [row["Contact"] for row in told["data"]["queueResponse"]] == ["400000000", "400000001", "400000002"]

    def test_is_what_our_client_sends_so_that_it_arrives(self, kind, sandbox):
        with kind(hurried(sandbox, "cellcast-v1")) as caller:
            message = CellcastSend(
                Slide("Test MMS from API"), to=["+61400000000", "+61400000001"], media=JPEG, sender="040000001"
            )
            assert len(caller.call(message).queued) == 2
        assert sandbox.sent[0].media == JPEG


# ------------------------------------------------------------------------------------------------ there and back

DIGITS = st.integers(0, 99_999_999).map(lambda last: f"4{last:08}")
#: Every documented form, and what people put between the digits.
FORMS = st.sampled_from(["+61{}", "61{}", "0{}", "{}", "+61 {}", "(0){}"])
MOBILES = st.builds(lambda form, digits: form.format(digits), FORMS, DIGITS) | st.builds(
    lambda digits: f"0{digits[:3]} {digits[3:6]}-{digits[6:]}", DIGITS
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n€{"), min_size=1, max_size=80)


@pytest.fixture(scope="module")
def running():
    with Sandbox() as sandbox:
        yield sandbox


def put(sandbox: Sandbox, account: CellcastAccount, request: HttpRequest) -> Any:
    """A request answered without a socket between: what is looked at is what was understood."""
    parts = urlsplit(request.url)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return sandbox._dispatcher.respond(ServerRequest(request.method, parts.path, parts.query, headers, request.body))


class TestThereAndBack:
    @given(
        text=TEXTS,
        subject=st.none() | TEXTS.filter(lambda words: "\n" not in words),
        to=st.lists(MOBILES, min_size=1, max_size=5),
        sender=st.none() | st.from_regex(r"[A-Za-z][A-Za-z0-9-]{1,9}", fullmatch=True) | MOBILES.filter(str.isdigit),
        media=st.none() | st.binary(max_size=200).map(lambda more: JPEG + more),
        dialect=st.sampled_from(BOTH),
    )
    def test_what_is_sent_is_what_the_sandbox_holds(self, running, text, subject, to, sender, media, dialect):
        account = hurried(running, dialect)
        if dialect == "cellcast-v3":
            slide, more = Slide(text, image=PNG), {}
        else:
            slide, more, subject = Slide(text, image=None if media else GIF), {"sender": sender, "media": media}, None
        message = CellcastSend(Slideshow("", subject=subject or None, slides=(slide,)), to=to, **more)
        if account.problems(message):
            return
        put(running, account, account.encode(message))
        (held,) = running.sent[-1:]
        canonical = tuple(dict.fromkeys(f"+61{number[-9:]}" for number in ("".join(filter(str.isdigit, one)) for one in to)))
        assert held == CellcastSend(message.slideshow, to=canonical, **more)
        # And what comes from there is held as the same once more.
        put(running, account, account.encode(held))
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
    def test_so_is_everything_else_that_can_be_asked(self, running, dialect, operation):
        account = hurried(running, dialect)
        if account.problems(operation):
            assert type(operation) in {MarkRead, MessageReports, CancelScheduled}
            return
        put(running, account, account.encode(operation))
        assert running.requests[-1].operation == operation

    @each_generation
    def test_what_is_answered_is_what_the_client_gets(self, kind, sandbox, dialect):
        sandbox.block(BOB)
        with kind(hurried(sandbox, dialect)) as caller:
            for operation in (send(dialect, ADA, BOB), Balance()):
                assert caller.call(operation) == sandbox.requests[-1].reply


# ------------------------------------------------------------------------------------------------ refusals


class TestRefusals:
    """Whatever the answers look like, the caller meets the class of error that they mean."""

    @each_generation
    def test_of_another_key(self, kind, sandbox, dialect):
        with kind(hurried(sandbox, dialect, api_key="another-key")) as caller, pytest.raises(AuthenticationError):
            caller.call(send(dialect))
        assert (sandbox.sent, sandbox.requests[0].operation.to) == ([], (ADA,))

    @each_generation
    def test_of_a_number_that_opted_out(self, kind, sandbox, dialect):
        sandbox.block("0491 570 156")
        with kind(hurried(sandbox, dialect)) as caller:
            with pytest.raises(RecipientError) as raised:
                caller.call(send(dialect, ADA))
            assert not raised.value.sent_maybe
            some = caller.call(send(dialect, ADA, BOB))
            assert [row.number for row in caller.call(OptOuts())] == [ADA]
        assert list(some.queued) == [BOB]
        # v3 has no list for them, so nobody can say.
        assert (some.unsubscribed, some.unaccounted) == (((), (ADA,)) if dialect == "cellcast-v3" else ((ADA,), ()))

    @each_generation
    def test_of_what_cannot_be_paid(self, kind, sandbox, dialect):
        sandbox.credits(2)
        with kind(hurried(sandbox, dialect)) as caller:
            with pytest.raises(BillingError):
                caller.call(send(dialect, ADA, BOB, EVE))
            caller.call(send(dialect, ADA))
            assert caller.call(Balance()).mms == 1

    def test_of_a_sender_of_somebody_elses(self, kind):
        with Sandbox(senders=["Shop"]) as sandbox, kind(hurried(sandbox, "cellcast-v1")) as caller:
            assert caller.call(send("cellcast-v1", sender="Shop")).queued
            with pytest.raises(SenderError) as raised:
                caller.call(send("cellcast-v1", sender="Another"))
            assert raised.value.field == "sender"

    @each_generation
    def test_of_more_than_fifteen_calls_a_second(self, kind, sandbox, dialect):
        sandbox.throttle(15)
        with kind(hurried(sandbox, dialect), retries=0) as caller:
            for _ in range(15):
                caller.call(send(dialect))
            with pytest.raises(ThrottledError):
                caller.call(send(dialect))
            sandbox.clock.advance(seconds=1)
            caller.call(send(dialect))
        assert len(sandbox.sent) == 16

    @each_generation
    def test_of_a_file_that_cannot_be_had(self, dialect):
        with Sandbox(fetch_media=True) as sandbox, client(sandbox, dialect) as caller:
            name = "a.png" if dialect == "cellcast-v3" else "a.gif"
            with pytest.raises(MMSError) as raised:
                caller.call(CellcastSend(Slide("Hi!", image=f"{sandbox.url}/nowhere/{name}"), to=ADA))
        assert isinstance(raised.value, MediaError) == (dialect == "cellcast-v3")
        assert sandbox.sent == []

    def test_of_what_cannot_be_arranged(self, sandbox):
        for wrong in (-1, 1.5, True, "3"):
            with pytest.raises(ConfigurationError, match="credits"):
                sandbox.credits(wrong)

    def test_of_a_message_nobody_knows(self, sandbox):
        with client(sandbox, "cellcast-v1") as caller:
            for operation in (CancelScheduled("6752be53500000000000000a"), MessageReports("6752be53500000000000000a")):
                with pytest.raises(NotFoundError):
                    caller.call(operation)


# ------------------------------------------------------------------------------------------------ faults

LASTING = {"stall", "slow"}
#: What the caller of a send meets, whether it says "maybe sent", and how many requests were read.
MET: dict[str, tuple[type[SkymmsError] | None, bool, int]] = {
    "refuse": (TransportError, True, 0),
    "drop": (TransportError, True, 1),
    "reset": (TransportError, True, 1),
    "stall": (TransportError, True, 1),
    "slow": (TransportError, True, 1),
    "half": (TransportError, True, 1),
    "500": (ProtocolError, True, 1),
    "503": (ProtocolError, True, 1),
    # The gateway said "later", so it is sent again, and arrives.
    "429": (None, False, 2),
    "html": (ProtocolError, True, 1),
    "charset": (ProtocolError, True, 1),
    # Somebody else's answer is no error: it only tells nothing of ours.
    "stranger": (None, False, 1),
}


class TestEachFault:
    def test_is_in_the_table_of_what_is_met(self):
        assert MET.keys() == FAULTS.keys()

    @each_generation
    @pytest.mark.parametrize("how", FAULTS)
    def test_leaves_exactly_one_message_a_call_and_a_true_word(self, kind, sandbox, dialect, how):
        fault = sandbox.fail(how, seconds=30 if how in LASTING else 0 if how in {"503", "429"} else None)
        error, maybe, heard = MET[how]
        timeout = (0.3, 0.3) if how in LASTING else (5.0, 20.0)
        with kind(hurried(sandbox, dialect), timeout=timeout, retries=QUICK) as caller:
            if error is None:
                sent = caller.call(send(dialect))
                assert (sent.unaccounted == (ADA,), bool(sent.queued)) == (how == "stranger", how != "stranger")
            else:
                with pytest.raises(error) as raised:
                    caller.call(send(dialect))
                assert raised.value.sent_maybe == maybe
                assert raised.value.partial == CellcastSent(maybe_sent=(ADA,))
            assert (fault.struck, len(sandbox.requests)) == (1, heard)
            assert len(sandbox.sent) == (FAULTS[how].accepted or how == "429")
            # It is over: the next call gets through.
            assert caller.call(send(dialect)).queued

    @each_generation
    @pytest.mark.parametrize("code", [*ANSWERS, *WORDS])
    def test_may_be_any_code_of_either_gateway(self, sandbox, dialect, code):
        sandbox.fail(code)
        with client(sandbox, dialect, retries=0) as caller, pytest.raises(MMSError) as raised:
            caller.call(send(dialect))
        assert not raised.value.foreseen
        assert raised.value.sent_maybe == isinstance(raised.value, GatewayFaultError)
        assert sandbox.sent == []
        assert sandbox.requests[0].fault == code

    #: A code of Skycore's, and what it comes to at Cellcast.
    NEAREST = (
        ("E104", AuthenticationError),
        ("E106", ThrottledError),
        ("E113", ThrottledError),
        ("E114", RecipientError),
        ("E120", ThrottledError),
        ("E241", NotFoundError),
        ("E503", GatewayFaultError),
        ("E713", BillingError),
        ("OVER_LIMIT", ThrottledError),
        ("AUTH_FAILED", AuthenticationError),
        ("RECIPIENTS_ERROR", RecipientError),
        ("recipients_error", RecipientError),
    )

    @each_generation
    @pytest.mark.parametrize(("code", "error"), NEAREST)
    def test_of_a_code_is_of_its_class(self, sandbox, dialect, code, error):
        sandbox.fail(code)
        with client(sandbox, dialect, retries=0) as caller, pytest.raises(error):
            caller.call(send(dialect))

    @pytest.mark.parametrize("code", WORDS)
    def test_of_a_word_of_cellcasts_is_the_nearest_code_to_the_others(self, sandbox, code):
        sandbox.fail(code)
        message = SendMMS(Slideshow("n", subject="s").slide("Hi!"), to="15551234888", sender="60856")
        with Client(sandbox.account(), retries=0) as caller, pytest.raises(MMSError) as raised:
            caller.call(message)
        assert raised.value.code == WORDS[code].alike

    def test_of_a_number_strikes_whatever_its_form(self, sandbox):
        sandbox.fail("OVER_LIMIT", to="0491 570 157")
        with client(sandbox, "cellcast-v1", retries=0) as caller:
            caller.call(send("cellcast-v1", ADA))
            with pytest.raises(ThrottledError):
                caller.call(send("cellcast-v1", ADA, BOB))

    @each_generation
    def test_an_empty_list_may_be_a_refusal(self, kind, sandbox, dialect):
        sandbox.fail("NOT_FOUND")
        with kind(hurried(sandbox, dialect)) as caller:
            assert caller.call(Responses()) == Listing()

    @each_generation
    def test_of_2500_numbers_the_middle_call_fails_and_the_first_is_known(self, kind, sandbox, dialect):
        sandbox.fail("500", to=MANY[1500])
        with kind(hurried(sandbox, dialect)) as caller, pytest.raises(ProtocolError) as raised:
            caller.call(send(dialect, *MANY))
        partial = raised.value.partial
        assert list(partial.queued) == MANY[:1000]
        assert partial.maybe_sent == tuple(MANY[1000:2000])
        assert partial.not_tried == tuple(MANY[2000:])
        # They had been taken, and nobody was asked twice.
        assert [len(one.to) for one in sandbox.sent] == [1000, 1000]
        assert len(sandbox.requests) == 2

    @each_generation
    def test_of_2500_numbers_everybody_is_known_without_one(self, kind, sandbox, dialect):
        with kind(hurried(sandbox, dialect)) as caller:
            sent = caller.call(send(dialect, *MANY))
        assert list(sent.queued) == MANY
        assert len(set(sent.queued.values())) == 2500


# ------------------------------------------------------------------------------------------------ what comes in


class TestResponses:
    @each_generation
    def test_are_paged_by_25_and_all_read_before_any_is_marked(self, kind, sandbox, dialect):
        for at in range(60):
            sandbox.receive_sms(ADA, "Shop", f"answer {at}", dialect=dialect)
        with kind(hurried(sandbox, dialect)) as caller:
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

    def test_stay_until_they_are_marked(self, sandbox):
        ids = [sandbox.receive_sms(number, "Shop", "Yes", dialect="cellcast-v3") for number in (ADA, BOB, EVE)]
        with client(sandbox, "cellcast-v3") as caller:
            assert [row.message_id for row in caller.call(Responses())] == ids[::-1]
            caller.call(MarkRead(message_id=ids[1]))
            caller.call(MarkRead(message_id="nobody-knows-it"))
            assert [row.sender for row in caller.call(Responses())] == [EVE, ADA]
            caller.call(MarkRead(everything=True))
            assert len(caller.call(Responses())) == 0

    def test_before_a_moment_are_marked_together(self, sandbox):
        sandbox.receive_sms(ADA, "Shop", "early", dialect="cellcast-v3")
        sandbox.clock.advance(minutes=1)
        noon = sandbox.clock.now()
        sandbox.clock.advance(minutes=1)
        sandbox.receive_sms(ADA, "Shop", "late", dialect="cellcast-v3")
        with client(sandbox, "cellcast-v3") as caller:
            for before in (noon, f"{noon:%Y-%m-%d %H:%M:%S}"):
                caller.call(MarkRead(before=before))
                assert [row.text for row in caller.call(Responses())] == ["late"]
            with pytest.raises(MMSError, match="no moment"):
                caller.call(MarkRead(before="yesterday"))

    def test_name_what_they_answer_in_v3(self, sandbox):
        with client(sandbox, "cellcast-v3") as caller:
            sent = caller.call(send("cellcast-v3"))
            sandbox.receive_sms("0491 570 156", "Shop", "Yes", dialect="cellcast-v3")
            (row,) = caller.call(Responses())
        assert (row.sender, row.original_message_id, row.original_text) == (ADA, sent.queued[ADA], "Hi!")

    def test_are_empty_in_three_shapes(self, sandbox):
        # As recorded, as documented, and as the other generation has it.
        assert asked(sandbox, "GET", "/api/v3/get-responses")[1]["data"] == {
            "page": {"count": "0", "number": 0}, "total": 0, "responses": ""
        }  # fmt: skip
        assert asked(sandbox, "GET", "/api/v1/apiClient/getResponses")[1]["data"]["items"] == []
        sandbox.fail("NOT_FOUND")
        assert asked(sandbox, "GET", "/api/v3/get-responses")[0] == 400

    def test_and_credits_and_reports_are_forgotten_by_a_reset(self, sandbox):
        sandbox.credits(0)
        sandbox.block(ADA)
        sandbox.receive_sms(ADA, "Shop", "Yes", dialect="cellcast-v1")
        sandbox.reset()
        with client(sandbox, "cellcast-v1") as caller:
            assert len(caller.call(Responses())) == len(caller.call(OptOuts())) == len(caller.call(MessageReports())) == 0
            assert caller.call(send("cellcast-v1")).queued

    def test_and_messages_are_kept_to_a_bound(self, monkeypatch):
        monkeypatch.setattr("skymms.sandbox.state.MAX_REMEMBERED", 20)
        with Sandbox() as sandbox, client(sandbox, "cellcast-v1") as caller:
            for at in range(30):
                sandbox.receive_sms(ADA, "Shop", f"answer {at}", dialect="cellcast-v1")
            caller.call(send("cellcast-v1", *MANY[:30]))
            assert (len(caller.call(Responses())), len(caller.call(MessageReports()))) == (20, 20)


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
            told = inbox.wait(count)
            assert told == tuple(one for one in sandbox.requests[0].notices)
        assert inbox.failures == []
        assert {(one.tracking_id, one.to) for one in told} == {(sent.queued[ADA], ADA)}
        return [(one.status, one.details) for one in told]

    def test_of_v3_tell_the_end(self, inbox):
        assert self.reports(inbox, "cellcast-v3", 1) == [("delivered", "Delivered")]

    def test_of_v1_tell_each_step(self, inbox):
        assert self.reports(inbox, "cellcast-v1", 2) == [("sent", "sent"), ("delivered", "delivered")]

    @pytest.mark.parametrize(
        ("arranged", "word"),
        [
            ({"code": "E102"}, "failed"),
            ({"code": "E101"}, "rejected"),
            ({"code": "E102", "status": "Message Sent/Expired"}, "expired"),
            ({"code": "E102", "status": "Expired", "to": "0491570156"}, "expired"),
            ({"code": "N202"}, "delivered"),
        ],
    )
    @each_generation
    def test_tell_what_a_test_arranged(self, inbox, dialect, arranged, word):
        count = 2 if dialect == "cellcast-v1" and arranged["code"] != "E101" else 1
        assert self.reports(inbox, dialect, count, **arranged)[-1][0] == word

    def test_come_as_late_as_the_clock_says(self, inbox):
        with Sandbox(postback_url=inbox.url) as sandbox, client(sandbox, "cellcast-v1") as caller:
            sent = caller.call(send("cellcast-v1"))
            states = []
            for seconds in (0, 1, 1):
                sandbox.clock.advance(seconds=seconds)
                (row,) = caller.call(MessageReports(sent.queued[ADA]))
                states.append((row.status, len(inbox.notices)))
        assert states == [("queued", 0), ("sent", 1), ("delivered", 2)]

    def test_of_one_that_is_never_heard_of_again(self, inbox):
        with Sandbox(postback_url=inbox.url, delays=AT_ONCE) as sandbox, client(sandbox, "cellcast-v3") as caller:
            sandbox.outcome("N101")
            caller.call(send("cellcast-v3"))
            assert sandbox.requests[0].notices == ()

    @pytest.mark.parametrize("arranged", [{"batch": True}, {"dialect": "sinch"}, {"twice": True}])
    def test_are_in_cellcasts_own_form_always(self, inbox, arranged):
        with Sandbox(postback_url=inbox.url) as sandbox, client(sandbox, "cellcast-v3") as caller:
            sandbox.postbacks(**arranged)
            caller.call(send("cellcast-v3"))
            sandbox.clock.advance(minutes=1)
            (report,) = inbox.wait(1)
        assert (type(report), inbox.failures) == (DeliveryReport, [])

    @each_generation
    @pytest.mark.parametrize("answered", [True, False])
    def test_of_what_comes_in(self, inbox, dialect, answered):
        with Sandbox(postback_url=inbox.url) as sandbox, client(sandbox, dialect) as caller:
            if answered:
                caller.call(send(dialect))
            text_id = sandbox.receive_sms("0491570156", "0491 570 150", "Yes {please}", dialect=dialect)
            mms_id = sandbox.receive_mms(ADA, "Shop", "http://media.example/a.jpg", text="Look", dialect=dialect)
            sandbox.clock.advance(minutes=1)
            told = {type(one): one for one in inbox.wait(2) if not isinstance(one, DeliveryReport)}
        words, picture = told[InboundSMS], told[CellcastMMS]
        assert (words.transaction_id, words.sender, words.text) == (text_id, ADA, "Yes {please}")
        assert (picture.tracking_id, picture.sender, picture.text) == (mms_id, ADA, "Look")
        # v3 has no field for files, and none for whom it was sent to.
        if dialect == "cellcast-v1":
            assert (words.to, picture.to, picture.files) == ("+61491570150", "Shop", ("http://media.example/a.jpg",))
        else:
            assert (words.to, picture.files, bool(words.tracking_id)) == (None, (), answered)


# ------------------------------------------------------------------------------------------------ watched


class TestThoseWhoWatch:
    def feed(self, sandbox: Sandbox) -> list[dict[str, Any]]:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"{sandbox.url}/sandbox/feed?after=0", timeout=20).json()["entries"]

    @each_generation
    def test_see_a_send_as_any_other(self, sandbox, dialect):
        with client(sandbox, dialect) as caller:
            sent = caller.call(send(dialect, *MANY[:5]))
        sandbox.clock.advance(minutes=1)
        first, *reports = self.feed(sandbox)
        told = {name: first[name] for name in ("what", "dialect", "action", "outcome", "to")}
        assert told == {
            "what": "request", "dialect": dialect, "action": "CellcastSend", "outcome": "accepted",
            "to": f"{', '.join(MANY[:3])} and 2 more",
        }  # fmt: skip
        assert first["message"]["slides"][0]["text"] == "Hi!"
        assert first["tracking_ids"] == list(sent.queued.values())
        assert {(one["tracking_id"], one["to"]) for one in reports} == {(id, number) for number, id in sent.queued.items()}
        assert reports[-1]["status"] == "delivered"

    def test_see_that_a_file_came(self, sandbox):
        with client(sandbox, "cellcast-v1") as caller:
            caller.call(CellcastSend(Slide("Hi!"), to=ADA, media=JPEG))
        (file,) = self.feed(sandbox)[0]["message"]["slides"][0]["files"]
        assert file == {"kind": "image", "url": f"a picture of {len(JPEG)} bytes"}

    def test_see_refusals_and_faults(self, sandbox):
        sandbox.fail("drop")
        sandbox.block(ADA)
        with client(sandbox, "cellcast-v3", retries=0) as caller, contextlib.suppress(SkymmsError):
            caller.call(send("cellcast-v3", BOB))
        with client(sandbox, "cellcast-v3") as caller, contextlib.suppress(SkymmsError):
            caller.call(send("cellcast-v3", ADA))
        assert [(one["outcome"], one["code"]) for one in self.feed(sandbox) if one["what"] == "request"] == [
            ("broken", None),
            ("refused", "RECIPIENTS_ERROR"),
        ]
        assert sandbox.counts == {"requests": 2, "accepted": 0, "refused": 1, "broken": 1}

    def test_read_a_line_for_each(self):
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
        said = [line.partition(" ")[2] for line in lines]
        assert said[0] == f"arranged: block {BOB}"
        assert said[1:3] == [
            f"CellcastSend in cellcast-v1 to {ADA}, {BOB} -> accepted, 1 queued, 1 unsubscribed",
            "Responses in cellcast-v1 -> accepted, 0 of 0 listed",
        ]
        assert said[3] == "the clock was advanced by 60 s"
        assert said[4].startswith("postback sent of 6752be53")
        assert said[-1] == "postback InboundSMS to Shop -> answered 200"

    def test_find_its_addresses(self, sandbox):
        with requests.Session() as session:
            session.trust_env = False
            told = session.get(sandbox.url, timeout=20).text
        assert "/api/v3/" in told
        assert "/api/v1/" in told

    def test_never_see_the_key(self, kind, caplog):
        caplog.set_level(logging.DEBUG)
        lines: list[str] = []
        seen: list[Any] = []
        with Sandbox(CANARY, on_event=lines.append) as sandbox:
            for dialect in BOTH:
                with kind(hurried(sandbox, dialect), retries=0) as caller:
                    for how in (None, "500", "OVER_LIMIT", "stranger", "html"):
                        if how:
                            sandbox.fail(how)
                        try:
                            seen.append(caller.call(send(dialect, ADA, BOB)))
                        except SkymmsError as error:
                            seen += [error, vars(error), error.__cause__, error.__context__]
                    seen += [caller.call(operation) for operation in (Balance(), Responses(), OptOuts())]
                with (
                    kind(hurried(sandbox, dialect, api_key=f"{CANARY}-not"), retries=0) as caller,
                    pytest.raises(SkymmsError) as raised,
                ):
                    caller.call(send(dialect))
                seen += [raised.value, hurried(sandbox, dialect), hurried(sandbox, dialect).encode(Balance())]
            with requests.Session() as session:
                session.trust_env = False
                for path in ("/", "/sandbox/feed?after=0", "/api/v3/account", "/api/v1/x"):
                    answer = session.get(
                        sandbox.url + path, headers={"Accept": "text/html", "APPKEY": f"{CANARY}-not"}, timeout=20
                    )
                    seen.append(answer.text)
            seen += [sandbox, sandbox.requests, sandbox.sent, vars(sandbox._state), *sandbox._cellcasts.values()]
        assert CANARY not in caplog.text + "\n".join(lines) + "".join(map(repr, seen)) + "".join(map(str, seen))


# ------------------------------------------------------------------------------------------------ by hand


def test_the_documents_say_what_happens():
    page = (Path(__file__).parents[2] / "docs" / "cellcast.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page.partition("## Testing")[2].partition("\n## ")[0], re.DOTALL)
    exec(compile(block, "cellcast.md", "exec"), {})


class TestTheCommandLine:
    @pytest.fixture
    def run(self, sandbox, capsys, monkeypatch, tmp_path):
        monkeypatch.setenv("SKYMMS_CELLCAST_KEY", "sandbox-key")
        monkeypatch.setenv("COLUMNS", "250")
        monkeypatch.chdir(tmp_path)
        for kind in ("png", "gif"):
            (tmp_path / f"{kind}.toml").write_text(
                f'name = "n"\n[[slide]]\ntext = "Hi!"\nimage = "http://media.example/a.{kind}"\n'
            )

        def ran(dialect: str, *words: str) -> Any:
            account = sandbox.account(dialect)
            monkeypatch.setenv("SKYMMS_CELLCAST_GENERATION", account.generation)
            monkeypatch.setenv("SKYMMS_CELLCAST_URL", account.address)
            status = main(["cellcast", *words, "--json"])
            out, err = capsys.readouterr()
            assert "sandbox-key" not in out + err
            return status, json.loads(out or "null")

        return ran

    @each_generation
    def test_from_the_first_message_to_the_last_answer(self, sandbox, run, dialect):
        file = "png.toml" if dialect == "cellcast-v3" else "gif.toml"
        sandbox.block(BOB)
        sandbox.credits(3)
        status, told = run(dialect, "send", file, "--to", "0491 570 156", "--to", BOB)
        assert (status, list(told["queued"])) == (Status.DONE, [ADA])
        sandbox.receive_sms(ADA, "Shop", "Yes", dialect=dialect)
        status, told = run(dialect, "responses")
        assert (status, [row["text"] for row in told["rows"]]) == (Status.DONE, ["Yes"])
        assert [row["number"] for row in run(dialect, "optouts")[1]["rows"]] == [BOB]
        assert float(run(dialect, "balance")[1]["mms"]) == 2
        status, told = run(dialect, "send", file, "--to", BOB)
        assert status == Status.REFUSED

    def test_marks_what_was_read(self, sandbox, run):
        first, second = [sandbox.receive_sms(ADA, "Shop", "Yes", dialect="cellcast-v3") for _ in range(2)]
        assert run("cellcast-v3", "mark-read", first)[0] == Status.DONE
        assert run("cellcast-v3", "responses", "--mark-read")[1]["marked"] == [second]
        assert run("cellcast-v3", "responses")[1]["rows"] == []

    def test_prints_what_was_done_before_it_failed(self, sandbox, run):
        sandbox.fail("drop", to=MANY[1200])
        numbers = [word for number in MANY[:1300] for word in ("--to", number)]
        status, told = run("cellcast-v3", "send", "png.toml", *numbers)
        assert status == Status.NO_ANSWER
        assert (len(told["error"]["partial"]["queued"]), len(told["error"]["partial"]["maybe_sent"])) == (1000, 300)
        assert len(sandbox.requests) == 2
