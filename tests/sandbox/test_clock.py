"""What the sandbox does later, with a clock that the tests advance: reports, encoding, retries of postbacks. No test waits."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from skymms import (
    BlockedRecipientError,
    CampaignError,
    Client,
    ConfigurationError,
    DeliveryReport,
    EncodingReport,
    GatewayFaultError,
    InboundMMS,
    InboundSMS,
    Limits,
    ListMMS,
    MediaUnreachableError,
    MMSError,
    NotFoundError,
    NotReadyError,
    RecipientError,
    SaveMMS,
    SenderError,
    SendMMS,
    SendSavedMMS,
    Slideshow,
    read_postbacks,
)
from skymms.model.actions import CreateCampaign, SendMMSBarcode, SendPassInMMS, SendSavedMMSCampaign, SendSMS, Subscribe
from skymms.sandbox import AT_ONCE, Delays, PostbackReceiver, Sandbox
from skymms.sandbox.clock import Clock
from skymms.sandbox.listener import Listener, ServerRequest, ServerResponse
from skymms.sandbox.outcomes import OUTCOMES
from skymms.wire.dialects import DIALECTS

A, B = "15551234888", "15551230001"
VIDEO, AUDIO, IMAGE = (f"http://media.example/file.{kind}" for kind in ("mp4", "mp3", "jpg"))
SHOW = Slideshow("coupon", subject="Free", fallback_text="f").slide("Hi!", image=IMAGE)
FILM = Slideshow("film", subject="Look", fallback_text="f").slide("Look!", video=VIDEO)
WALLET = Slideshow("pass", subject="Yours").slide("Here", passbook="http://media.example/a.pkpass")
SEND = SendMMS(SHOW, to=A, sender="60856")
#: Delays so long that they pass only when a test advances the clock.
SLOW = Delays(sent=1000, delivered=2000, encoded=3000)


#: Every outcome in one dialect, and one outcome in the others.
OUTCOMES_AND_DIALECTS = [(code, name) for name in DIALECTS for code in OUTCOMES if name == "skycore" or code == "E202"]


class Receiver:
    """A receiver of postbacks that responses with `status`, and keeps every body."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[bytes] = []
        self.types: list[str] = []
        self._listener = Listener(self._answer)
        self.url = f"{self._listener.url}/postbacks"

    @property
    def notices(self) -> list:
        return [notice for body in self.bodies for notice in read_postbacks(body)]

    @property
    def codes(self) -> list[str | None]:
        return [notice.code for notice in self.notices]

    def _answer(self, request: ServerRequest) -> ServerResponse:
        self.bodies.append(request.body)
        self.types.append(request.headers["content-type"])
        return ServerResponse(self.status, b"", headers={"Location": "/elsewhere"} if self.status == 302 else {})

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def sandbox(receiver):
    with Sandbox(postback_url=receiver.url, delays=SLOW) as running:
        yield running


@pytest.fixture
def client(kind, sandbox):
    with kind(sandbox.account(), retries=0) as made:
        yield made


class TestClock:
    def test_jobs_run_in_the_order_in_which_they_are_due(self):
        clock, done = Clock(), []
        for seconds in (300, 100, 200):
            clock.schedule(seconds, lambda seconds=seconds: done.append(seconds))
        clock.advance(seconds=250)
        assert done == [100, 200]
        clock.advance(minutes=1)
        assert done == [100, 200, 300]
        clock.close()

    def test_a_job_sees_the_time_at_which_it_was_due(self):
        clock, seen = Clock(), []
        started = clock.now()

        def again() -> None:
            seen.append(clock.now() - started)
            clock.schedule(60, again)

        clock.schedule(60, again)
        clock.advance(minutes=3, seconds=30)
        assert [round(after.total_seconds()) for after in seen] == [60, 120, 180]
        assert round((clock.now() - started).total_seconds()) == 210
        clock.close()

    def test_jobs_run_without_advancing_the_clock(self):
        clock, done = Clock(), threading.Event()
        clock.schedule(0.01, done.set)
        assert done.wait(30)
        clock.close()

    def test_a_failing_job_does_not_stop_the_next(self, capsys):
        clock, done = Clock(), []
        clock.schedule(1, lambda: int("not a number"))
        clock.schedule(2, lambda: done.append(2))
        clock.advance(seconds=3)
        assert done == [2]
        assert "ValueError" in capsys.readouterr().err
        clock.close()

    def test_a_job_can_advance_the_clock(self):
        clock, done = Clock(), []
        clock.schedule(1, lambda: clock.advance(seconds=10))
        clock.schedule(5, lambda: done.append(5))
        clock.advance(seconds=1)
        assert done == [5]
        clock.close()

    def test_a_job_can_close_the_clock_while_its_thread_waits_to_run_another(self):
        clock = Clock()

        def close():
            clock.schedule(0, lambda: None)  # wakes the clock's thread, which waits for this job to end
            time.sleep(0.05)
            clock.close()

        clock.schedule(5, close)
        advancing = threading.Thread(target=clock.advance, kwargs={"seconds": 5}, daemon=True)
        advancing.start()
        advancing.join(10)
        assert not advancing.is_alive()

    def test_a_closed_clock_drops_its_jobs(self):
        clock, done = Clock(), []
        clock.schedule(0.001, lambda: clock.close())
        clock.schedule(1000, lambda: done.append(1))
        clock.advance(seconds=0.001)
        clock.advance(seconds=2000)
        clock.schedule(0, lambda: done.append(2))
        clock.advance(seconds=1)
        assert done == []

    @pytest.mark.parametrize("span", [{"seconds": -1}, {"minutes": -1e-9}, {"hours": -1}])
    def test_the_clock_only_moves_forward(self, span):
        with pytest.raises(ConfigurationError, match="only moves forward"):
            Clock().advance(**span)

    @pytest.mark.parametrize("span", [{"minutes": float("inf")}, {"hours": float("nan")}, {"seconds": 10**400}])
    def test_the_clock_moves_by_finite_numbers(self, span):
        with pytest.raises(ConfigurationError, match="give a number"):
            Clock().advance(**span)


class TestReports:
    def test_reports_are_posted_when_they_are_due(self, sandbox, receiver, client):
        sent = client.call(SEND)
        sandbox.clock.advance(seconds=999)
        assert receiver.codes == []
        sandbox.clock.advance(seconds=2)
        assert receiver.codes == ["N101"]
        sandbox.clock.advance(seconds=1000)
        first, last = receiver.notices
        assert (first.tracking_id, last.tracking_id, last.delivered) == (sent.tracking_id, sent.tracking_id, True)
        assert abs((last.timestamp - first.timestamp).total_seconds() - 1000) < 10

    def test_reports_are_posted_soon_by_default(self):
        with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url) as sandbox, Client(sandbox.account()) as client:
            client.call(SEND)
            assert [notice.code for notice in inbox.wait(2)] == ["N101", "N102"]

    @pytest.mark.parametrize(("code", "dialect"), OUTCOMES_AND_DIALECTS)
    def test_reports_have_the_arranged_outcome(self, receiver, code, dialect):
        with Sandbox(postback_url=receiver.url, delays=AT_ONCE) as sandbox, Client(sandbox.account(dialect)) as client:
            sandbox.outcome(code, to=A)
            service = "12345" if dialect.startswith("sinch") else None
            client.call(SendMMS(SHOW, to=A, sender="60856", service_id=service))
            sandbox.clock.advance(seconds=1)
            last = receiver.notices[-1]
            assert receiver.codes == [step.code for step in OUTCOMES[code]]
            assert (last.code, last.to, last.failed) == (code, A, code.startswith("E"))
            assert (last.sent_as == "SMS") == code.endswith("202")
            # The outcome of another number is not changed.
            client.call(SendMMS(SHOW, to=B, sender="60856", service_id=service))
            sandbox.clock.advance(seconds=1)
            assert receiver.codes[-1] == "N102"

    def test_the_status_of_the_last_report_can_be_arranged(self, sandbox, receiver, client):
        sandbox.outcome("E102", status="Message Sent/Expired")
        client.call(SEND)
        sandbox.clock.advance(hours=1)
        assert [(one.code, one.status) for one in receiver.notices] == [
            ("N101", "Message Sent"),
            ("E102", "Message Sent/Expired"),
        ]

    #: Sinch MMS reference, 5.2: the JSON service has one word in `status`, and the status of the XML in `status-details`.
    IN_JSON = (
        ("N102", None, "Delivered", "Message Sent/Delivered", (True, False)),
        ("N202", None, "Delivered", "Message Sent/Delivered", (True, False)),
        ("N101", None, "Sent", "Message Sent", (False, False)),
        ("E102", None, "Failed", "Message Sent/Failed: arranged in the sandbox: the message is not delivered", (False, True)),
        ("E101", None, "Failed", "Message Failed: arranged in the sandbox: the message cannot be sent", (False, True)),
        ("E102", "Message Sent/Expired", "Expired", "Message Sent/Expired: ", (False, True)),
        ("E102", "Message Sent/Rejected", "Rejected", "Message Sent/Rejected: ", (False, True)),
    )

    @pytest.mark.parametrize(("code", "arranged", "status", "details", "became"), IN_JSON)
    def test_a_report_in_json_has_the_status_of_the_json_service(
        self, sandbox, receiver, code, arranged, status, details, became
    ):
        sandbox.outcome(code, status=arranged)
        with Client(sandbox.account("sinch-json")) as client:
            client.call(SendMMS(SHOW, to=A, sender="60856", service_id="1"))
        sandbox.clock.advance(hours=1)
        posted, last = json.loads(receiver.bodies[-1]), receiver.notices[-1]
        assert (posted["status"], posted["status-details"]) == (last.status, last.details)
        assert (last.code, last.status, (last.delivered, last.failed)) == (code, status, became)
        assert last.details.startswith(details)

    def test_a_status_that_the_json_service_does_not_have_is_posted_unchanged(self, sandbox, receiver):
        sandbox.outcome("E102", status="Unrecognised")
        with Client(sandbox.account("sinch-json")) as client:
            client.call(SendMMS(SHOW, to=A, sender="60856", service_id="1"))
        sandbox.clock.advance(hours=1)
        last = receiver.notices[-1]
        assert (last.status, last.details, last.failed) == (
            "Unrecognised",
            "arranged in the sandbox: the message is not delivered",
            True,
        )

    def test_a_report_in_xml_has_the_status_of_skycore(self, sandbox, receiver, client):
        client.call(SEND)
        sandbox.clock.advance(hours=1)
        assert [(one.status, one.details) for one in receiver.notices] == [
            ("Message Sent", None),
            ("Message Sent/Delivered", None),
        ]

    def test_the_status_is_that_of_the_dialect_of_the_postback(self, sandbox, receiver, client):
        sandbox.postbacks(dialect="sinch-json")
        client.call(SEND)
        sandbox.clock.advance(hours=1)
        assert [(one.status, one.details) for one in receiver.notices] == [
            ("Sent", "Message Sent"),
            ("Delivered", "Message Sent/Delivered"),
        ]

    SWITCHING_OFF = (
        lambda mms_id, **off: SendSavedMMS(mms_id, to=A, sender="60856", **off),
        lambda mms_id, **off: SendMMSBarcode(mms_id, to=A, sender="60856", barcode_id="2", **off),
        lambda mms_id, **off: SendPassInMMS(mms_id, to=A, sender="60856", pass_data={"a": "b"}, **off),
    )

    @pytest.mark.parametrize("send", SWITCHING_OFF, ids=["saved", "barcode", "pass"])
    @pytest.mark.parametrize(("stored", "said"), [(None, True), (True, None), (False, True), (True, False)])
    def test_a_message_fails_if_the_link_is_disabled(self, sandbox, receiver, client, send, stored, said):
        sandbox.outcome("N202")
        show = SHOW.replace(disable_fallback=stored).slide(passbook="http://media.example/a.pkpass")
        saved = client.call(SaveMMS(show))
        client.call(send(saved.mms_id, disable_fallback=said))
        sandbox.clock.advance(hours=1)
        off = stored if said is None else said
        assert receiver.codes == (["N003", "E101"] if off else ["N003", "N101", "N202"])

    def test_an_sms_has_two_reports(self, sandbox, receiver, client):
        client.call(SendSMS("Hello", to=A, sender="60856"))
        sandbox.clock.advance(hours=1)
        assert receiver.codes == ["N201", "N202"]

    DISCOVERING = (
        lambda mms_id: SendSavedMMS(mms_id, to=A, sender="60856", ddm_text="A picture is on its way"),
        lambda mms_id: SendMMSBarcode(mms_id, to=A, sender="60856", barcode_id="2", ddm_text="On its way", ddm_force=True),
        lambda mms_id: SendPassInMMS(mms_id, to=A, sender="60856", pass_data={"a": "b"}, ddm_text="On its way", ddm_timeout=1),
    )

    @pytest.mark.parametrize("send", DISCOVERING, ids=["saved", "barcode", "pass"])
    def test_device_discovery_is_reported_first(self, sandbox, receiver, client, send):
        """Skycore 1.3 of 2013-2015: a first message finds out which phone it is, with reports like those of the MMS (5.6)."""
        saved = client.call(SaveMMS(WALLET))
        sent = client.call(send(saved.mms_id))
        seen = []
        for _ in range(4):
            sandbox.clock.advance(seconds=1000)
            seen.append(receiver.codes[-1])
        assert seen == ["N501", "N502", "N101", "N102"]
        going, there, *_ = receiver.notices[1:]
        assert (going.status, there.status, there.handset) == ("Message Sent", "Message Sent/Delivered", "sandbox")
        for report in (going, there):
            assert (report.tracking_id, report.mms_id, report.to, report.sent_as) == (sent.tracking_id, saved.mms_id, A, "MMS")

    @pytest.mark.parametrize("code", OUTCOMES)
    def test_an_outcome_does_not_change_the_reports_of_device_discovery(self, receiver, code):
        with Sandbox(postback_url=receiver.url, delays=AT_ONCE) as sandbox, Client(sandbox.account()) as client:
            sandbox.outcome(code, status="Message Sent/Whatever")
            mms_id = client.call(SaveMMS(SHOW)).mms_id
            client.call(SendSavedMMS(mms_id, to=A, sender="60856", ddm_text="Hi"))
            sandbox.clock.advance(seconds=1)
        assert receiver.codes == ["N003", "N501", "N502", *(step.code for step in OUTCOMES[code])]
        assert receiver.notices[2].status == "Message Sent/Delivered"

    def test_an_unknown_outcome_is_refused(self, sandbox):
        with pytest.raises(ConfigurationError, match="N999"):
            sandbox.outcome("N999")

    def test_notices_are_recorded_without_a_receiver(self):
        with Sandbox(delays=AT_ONCE) as sandbox, Client(sandbox.account()) as client:
            client.call(SEND)
            assert [notice.code for notice in sandbox.requests[0].notices] == ["N101", "N102"]

    @pytest.mark.parametrize("delays", [Delays(sent=-1), Delays(delivered=float("inf")), Delays(encoded=float("nan"))])
    def test_invalid_delays_of_reports_are_refused(self, delays):
        with pytest.raises(ConfigurationError, match="delays"):
            Sandbox(delays=delays)


class TestEncoding:
    """Skycore 1.3: a slideshow with audio or video is locked until it is encoded."""

    SENDS = (
        lambda mms_id: SendSavedMMS(mms_id, to=A, sender="60856"),
        lambda mms_id: SendSavedMMSCampaign(mms_id, "1"),
        lambda mms_id: SendMMSBarcode(mms_id, to=A, sender="60856", database_id="1", barcode_id="2"),
        lambda mms_id: SendPassInMMS(mms_id, to=A, sender="60856", pass_data={"barcodevalue": "7"}),
    )

    @pytest.mark.parametrize("send", SENDS, ids=["saved", "campaign", "barcode", "pass"])
    def test_a_slideshow_cannot_be_sent_while_it_is_encoded(self, client, send):
        saved = client.call(SaveMMS(FILM))
        with pytest.raises(NotReadyError) as raised:
            client.call(send(saved.mms_id))
        assert (raised.value.code, raised.value.foreseen) == ("E626", False)

    def test_a_slideshow_can_be_sent_after_its_encoding_report(self, sandbox, receiver, client):
        saved = client.call(SaveMMS(FILM))
        sandbox.clock.advance(seconds=2999)
        assert receiver.codes == []
        sandbox.clock.advance(seconds=1)
        assert (receiver.codes, receiver.notices[0].mms_id) == (["N003"], saved.mms_id)
        assert client.call(SendSavedMMS(saved.mms_id, to=A, sender="60856")).mms_id == saved.mms_id

    def test_a_slideshow_without_audio_and_video_is_ready_at_once(self, sandbox, receiver, client):
        saved = client.call(SaveMMS(SHOW))
        sandbox.clock.advance(seconds=0)
        assert receiver.codes == ["N003"]
        client.call(SendSavedMMS(saved.mms_id, to=A, sender="60856"))

    def test_a_slideshow_is_listed_while_it_is_encoded(self, sandbox, client):
        saved = client.call(SaveMMS(FILM))
        assert client.call(ListMMS()).mms_ids == (saved.mms_id,)
        assert sandbox.saved[0].ready > sandbox.saved[0].created

    @pytest.mark.parametrize(
        ("code", "field", "url"), [("E002", "audio", AUDIO), ("E003", "video", VIDEO), ("E002", "image", IMAGE)]
    )
    def test_the_encoding_of_a_spoiled_file_fails(self, sandbox, receiver, client, code, field, url):
        sandbox.spoil(url, code)
        saved = client.call(SaveMMS(Slideshow("film", subject="x").slide("y", **{field: url})))
        sandbox.clock.advance(hours=1)
        (report,) = receiver.notices
        assert isinstance(report, EncodingReport)
        assert (report.code, report.ready, report.file, report.mms_id) == (code, False, url, saved.mms_id)
        # "Should be considered corrupted": it cannot be sent.
        with pytest.raises(NotFoundError):
            client.call(SendSavedMMS(saved.mms_id, to=A, sender="60856"))

    def test_an_encoding_fails_with_one_of_two_codes(self, sandbox):
        with pytest.raises(ConfigurationError, match="E004"):
            sandbox.spoil(VIDEO, "E004")


class TestPostbackRetries:
    """Skycore 1.3: a receiver answers 200 within ten seconds; otherwise there are five retries, five minutes apart."""

    @pytest.mark.parametrize("status", [500, 404, 204, 302])
    def test_a_postback_is_attempted_six_times(self, sandbox, receiver, client, status):
        receiver.status = status
        client.call(SendSMS("Hello", to=A, sender="60856"))
        sandbox.clock.advance(hours=12)
        assert receiver.codes.count("N201") == receiver.codes.count("N202") == 6
        assert len({notice.identity for notice in receiver.notices}) == 2

    def test_the_attempts_to_deliver_a_postback_are_five_minutes_apart(self, sandbox, receiver, client):
        receiver.status = 500
        client.call(SaveMMS(SHOW))
        sandbox.clock.advance(seconds=1)
        tries = [len(receiver.bodies)]
        for _ in range(7):
            sandbox.clock.advance(minutes=5)
            tries.append(len(receiver.bodies))
        assert tries == [1, 2, 3, 4, 5, 6, 6, 6]

    def test_postback_retries_end_when_the_receiver_answers_200(self, sandbox, receiver, client):
        receiver.status = 500
        client.call(SaveMMS(SHOW))
        sandbox.clock.advance(minutes=1)
        receiver.status = 200
        sandbox.clock.advance(hours=1)
        assert receiver.codes == ["N003", "N003"]

    def test_a_postback_to_an_unreachable_receiver_is_retried(self, receiver):
        lines: list[str] = []
        receiver.close()
        with (
            Sandbox(postback_url=receiver.url, delays=AT_ONCE, on_event=lines.append) as sandbox,
            Client(sandbox.account()) as client,
        ):
            client.call(SaveMMS(SHOW))
            sandbox.clock.advance(hours=1)
        assert len([line for line in lines if "N003" in line and "failed (" in line]) == 6

    def test_the_postback_url_may_have_a_path_and_a_query(self):
        paths: list[str] = []
        listener = Listener(lambda request: paths.append(f"{request.path}?{request.query}") or ServerResponse(200, b""))
        with (
            Sandbox(postback_url=f"{listener.url}/a/b?token=1", delays=AT_ONCE) as sandbox,
            Client(sandbox.account()) as client,
        ):
            client.call(SaveMMS(SHOW))
            sandbox.clock.advance(seconds=1)
        listener.close()
        assert paths == ["/a/b?token=1"]


class TestPostbackPolicy:
    def test_postbacks_can_be_sent_twice(self, sandbox, receiver, client):
        sandbox.postbacks(twice=True)
        client.call(SEND)
        sandbox.clock.advance(hours=1)
        assert receiver.codes == ["N101", "N101", "N102", "N102"]
        assert len({notice.identity for notice in receiver.notices}) == 2

    def test_postbacks_can_be_in_disorder(self, sandbox, receiver, client):
        sandbox.postbacks(disorder=True)
        client.call(SEND)
        sandbox.clock.advance(hours=1)
        assert receiver.codes == ["N102", "N101"]

    def test_postbacks_can_be_in_a_batch(self, sandbox, receiver, client):
        sandbox.postbacks(batch=True)
        for _ in range(3):
            client.call(SEND)
        sandbox.clock.advance(seconds=1000 + 59)
        assert receiver.bodies == []
        sandbox.clock.advance(minutes=1)
        (body,) = receiver.bodies
        assert body.count(b"<NOTIFICATION ") == body.count(b"<BODY>") == 3
        assert receiver.codes == ["N101"] * 3
        assert all(isinstance(notice, DeliveryReport) and notice.to == A for notice in receiver.notices)

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_postbacks_can_be_in_one_dialect(self, sandbox, receiver, client, dialect):
        sandbox.postbacks(dialect=dialect)
        client.call(SEND)
        sandbox.clock.advance(hours=1)
        assert receiver.codes == ["N101", "N102"]
        assert set(receiver.types) == {DIALECTS[dialect].response_codec.CONTENT_TYPE}

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_postbacks_are_in_the_dialect_of_the_request_by_default(self, sandbox, receiver, dialect):
        with Client(sandbox.account(dialect)) as client:
            client.call(SaveMMS(SHOW.replace(fallback_text="f" if dialect == "sinch-json" else None)))
        sandbox.clock.advance(seconds=0)
        assert receiver.types == [DIALECTS[dialect].response_codec.CONTENT_TYPE]

    def test_an_unknown_postback_dialect_is_refused(self, sandbox):
        with pytest.raises(ConfigurationError, match="telegraph"):
            sandbox.postbacks(dialect="telegraph")


class TestInbound:
    def test_the_text_of_an_inbound_mms_is_a_file(self, sandbox, receiver):
        inbox_id = sandbox.receive_mms(A, "60856", IMAGE, text="Grüße!", subject="Hello")
        sandbox.clock.advance(seconds=0)
        (notice,) = receiver.notices
        assert isinstance(notice, InboundMMS)
        assert (notice.tracking_id, notice.sender, notice.to, notice.subject) == (inbox_id, A, "60856", "Hello")
        assert notice.files[0] == IMAGE
        with urllib.request.urlopen(notice.files[1], timeout=10) as file:
            assert file.read().decode() == "Grüße!"

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_an_inbound_sms_is_posted_in_every_dialect(self, sandbox, receiver, dialect):
        transaction_id = sandbox.receive_sms(A, "60856", "STOP", dialect=dialect)
        sandbox.clock.advance(seconds=0)
        (notice,) = receiver.notices
        assert isinstance(notice, InboundSMS)
        assert (notice.transaction_id, notice.sender, notice.to, notice.text) == (transaction_id, A, "60856", "STOP")

    def test_an_inbound_message_with_a_value_that_is_not_text_is_refused(self, sandbox):
        for call in (lambda: sandbox.receive_sms(15551234888, "60856", "x"), lambda: sandbox.receive_mms(A, "60856", None)):
            with pytest.raises(ConfigurationError, match="must be text, not"):
                call()


class TestSettings:
    def refused(self, sandbox: Sandbox, operation=SEND) -> str:
        with Client(sandbox.account(), retries=0) as client, pytest.raises(MMSError) as raised:
            client.call(operation)
        assert not raised.value.foreseen
        return f"{type(raised.value).__name__} {raised.value.code}"

    def test_senders_are_the_only_accepted_senders(self):
        with Sandbox(senders=["60857"]) as sandbox:
            assert self.refused(sandbox) == f"{SenderError.__name__} E111"
            with Client(sandbox.account()) as client:
                client.call(SendMMS(SHOW, to=A, sender="60857"))

    def test_a_blocked_number_is_refused(self, sandbox):
        sandbox.block(A)
        assert self.refused(sandbox) == f"{BlockedRecipientError.__name__} E114"

    def test_operators_are_the_only_accepted_carriers(self):
        with Sandbox(operators=["31002"]) as sandbox:
            assert self.refused(sandbox, SendMMS(SHOW, to=A, sender="60856", operator_id="1")).endswith("E651")
            with Client(sandbox.account()) as client:
                client.call(SendMMS(SHOW, to=A, sender="60856", operator_id="31002"))
                client.call(SEND)

    def test_limits_can_require_the_carrier(self):
        with Sandbox(limits=Limits(required=frozenset({"operator_id"}))) as sandbox:
            assert self.refused(sandbox).endswith("E650")

    def test_check_campaigns_requires_a_campaign_with_the_number(self):
        with Sandbox(check_campaigns=True) as sandbox, Client(sandbox.account()) as client:
            assert self.refused(sandbox) == f"{CampaignError.__name__} E718"
            assert self.refused(sandbox, SendMMS(SHOW, to=A, sender="60856", campaign_ref="9")).endswith("E721")
            made = client.call(CreateCampaign("Winter", brand_name="Shop"))
            with_id = SendMMS(SHOW, to=A, sender="60856", campaign_ref=made.campaign_id)
            assert self.refused(sandbox, with_id).endswith("E715")
            client.call(Subscribe(A, campaign=str(made.campaign_id)))
            by_name = SendMMS(SHOW, to=A, sender="60856", campaign_ref="Winter")
            client.call(with_id)
            client.call(by_name)
            assert sandbox.sent == [with_id, by_name]

    def test_fetch_media_refuses_a_file_that_cannot_be_fetched(self):
        served = Listener(lambda request: ServerResponse(404, b"", "text/plain"))
        show = Slideshow("coupon", subject="Free").slide("Hi!").slide(image=f"{served.url}/a.jpg")
        for operation in (SendMMS(show, to=A, sender="60856"), SaveMMS(show)):
            with Sandbox(fetch_media=True) as sandbox, Client(sandbox.account()) as client:
                with pytest.raises(MediaUnreachableError, match="slide 2, image: its server returned status 404") as raised:
                    client.call(operation)
                assert (raised.value.code, sandbox.sent, sandbox.saved) == ("E351", [], [])
        with Sandbox() as sandbox, Client(sandbox.account()) as client:
            client.call(SaveMMS(show))
        served.close()

    def test_strict_refuses_an_unknown_xml_field(self):
        request = (
            b"<REQUEST><ACTION>sendMMS</ACTION><API_KEY>sandbox-key</API_KEY><TO>15551234888</TO><FROM>60856</FROM>"
            b"<SUBJECT>s</SUBJECT><NAME>n</NAME>%s<SLIDE><TEXT>x</TEXT></SLIDE></REQUEST>"
        )
        for unknown, strict, code in ((b"<SUBJEKT/>", True, b"E100"), (b"<SUBJEKT/>", False, b""), (b"", True, b"")):
            with Sandbox(strict=strict) as sandbox:
                response = urllib.request.urlopen(sandbox.account().address, request % unknown, timeout=10).read()
            assert (b"<ERRORCODE>" + code in response) == bool(code), response

    def test_strict_refuses_a_request_that_violates_the_schema(self):
        request = (
            b"<REQUEST><ACTION>sendMMS</ACTION><API_KEY>sandbox-key</API_KEY><TO>15551234888</TO><FROM>60856</FROM>"
            b"<SUBJECT kind='x'>s</SUBJECT><NAME>n</NAME><SLIDE><TEXT>x</TEXT></SLIDE></REQUEST>"
        )
        for strict in (True, False):
            with Sandbox(strict=strict) as sandbox:
                response = urllib.request.urlopen(sandbox.account().address, request, timeout=10).read()
            assert (b"<ERRORCODE>E100" in response) == strict, response

    def test_strict_accepts_the_old_form_of_a_request(self):
        request = (
            b"<REQUEST><ACTION>saveMMS</ACTION><API_KEY>sandbox-key</API_KEY><CONTENT><NAME>%s</NAME><SUBJECT>s</SUBJECT>"
            b"<SEQUENCE><SLIDE duration='5'><TEXT>x</TEXT></SLIDE></SEQUENCE></CONTENT></REQUEST>"
        )
        with Sandbox(strict=True) as sandbox:
            responses = [
                urllib.request.urlopen(sandbox.account().address, request % name, timeout=10).read() for name in (b"n", b" ")
            ]
            assert [(b"Success" in response, b"E311" in response) for response in responses] == [(True, False), (False, True)]

    def test_strict_accepts_valid_requests_in_every_dialect(self):
        for dialect in DIALECTS:
            service = "12345" if dialect.startswith("sinch") else None
            send = SendMMS(SHOW, to=A, sender="60856", service_id=service)
            with Sandbox(strict=True) as sandbox, Client(sandbox.account(dialect)) as client:
                client.call(send)
                assert len(sandbox.sent) == 1

    def test_strict_refuses_an_unknown_query_parameter(self):
        with Sandbox(strict=True) as sandbox:
            request = sandbox.account("skycore-get").encode(SEND)
            response = urllib.request.urlopen(request.url + "&subjekt=x", timeout=10).read()
        assert b"E100" in response
        assert b"subjekt" in response


class TestExpiryDates:
    """Compared with the sandbox's clock. Sinch MMS reference, 2.2: at most three days for an MMS and a year for a link."""

    #: The field, its code, and the most days ahead.
    FIELDS = (("expires", "E100", 3), ("link_expires", "E617", 365))

    def sends(self, field: str, when: Any):
        """The operations with this field, for the JSON service, the only dialect in which all of them have it."""
        if field == "link_expires":
            show = SHOW.replace(link_expires=when)
            return [SaveMMS(show), SendMMS(show, to=A, sender="60856", service_id="1")]
        return [SendMMS(SHOW, to=A, sender="60856", service_id="1", expires=when)]

    def saved_send(self, sandbox: Sandbox, field: str, when: Any) -> SendSavedMMS:
        # Saved by Skycore 1.3, because the response of the JSON service does not contain the id.
        with Client(sandbox.account()) as client:
            mms_id = client.call(SaveMMS(SHOW)).mms_id
        return SendSavedMMS(mms_id, to=A, sender="60856", service_id="1", fallback_text="f", **{field: when})

    @pytest.fixture
    def json_client(self, sandbox):
        with Client(sandbox.account("sinch-json"), retries=0) as made:
            yield made

    @pytest.fixture
    def refused(self, sandbox, json_client):
        def refused(operation) -> MMSError:
            with pytest.raises(MMSError) as raised:
                json_client.call(operation)
            assert not raised.value.foreseen
            return raised.value

        return refused

    @pytest.mark.parametrize(("field", "code", "days"), FIELDS)
    def test_an_expiry_date_that_is_past_or_too_far_ahead_is_refused(self, sandbox, refused, field, code, days):
        now = sandbox.clock.now()
        for when, why in ((now - timedelta(minutes=1), "is past"), (now + timedelta(days=days, minutes=5), "ahead: give")):
            for operation in (*self.sends(field, when), self.saved_send(sandbox, field, when)):
                error = refused(operation)
                assert (error.code, f"{field}: " in error.info, why in error.info) == (code, True, True)
                assert f"at most {days} days ahead" in error.info
        assert sandbox.sent == []

    @pytest.mark.parametrize(("field", "code", "days"), FIELDS)
    def test_an_expiry_date_between_the_limits_is_accepted(self, sandbox, json_client, field, code, days):
        now = sandbox.clock.now()
        for when in (now + timedelta(minutes=5), now + timedelta(days=days)):
            operations = (*self.sends(field, when), self.saved_send(sandbox, field, when))
            before = sandbox.counts["accepted"]
            for operation in operations:
                json_client.call(operation)
            assert sandbox.counts["accepted"] == before + len(operations)

    @pytest.mark.parametrize(("field", "code", "days"), FIELDS)
    def test_expiry_dates_are_compared_with_the_advanced_clock(self, sandbox, json_client, refused, field, code, days):
        soon, far = sandbox.clock.now() + timedelta(hours=1), sandbox.clock.now() + timedelta(days=days, hours=1)
        sandbox.clock.advance(hours=2)
        assert "is past" in refused(self.sends(field, soon)[0]).info
        json_client.call(self.sends(field, far)[0])

    @pytest.mark.parametrize(("field", "code", "days"), FIELDS)
    def test_an_expiry_date_without_a_zone_is_utc(self, sandbox, json_client, refused, field, code, days):
        now = sandbox.clock.now().replace(tzinfo=None)
        json_client.call(self.sends(field, now + timedelta(minutes=5))[0])
        assert refused(self.sends(field, now - timedelta(minutes=5))[0]).code == code
        # The same time in a zone ahead of UTC is past already.
        ahead = timezone(timedelta(hours=5))
        assert refused(self.sends(field, (now + timedelta(minutes=5)).replace(tzinfo=ahead))[0]).code == code

    @pytest.mark.parametrize(("field", "code", "days"), FIELDS)
    def test_an_expiry_date_without_a_time_is_its_midnight(self, sandbox, json_client, refused, field, code, days):
        today = sandbox.clock.now().date()
        json_client.call(self.sends(field, today + timedelta(days=2))[0])
        assert refused(self.sends(field, today)[0]).code == code

    @pytest.mark.parametrize(("field", "code", "days"), FIELDS)
    def test_an_expiry_date_outside_the_range_of_utc_is_refused(self, refused, field, code, days):
        for when in ("9999-12-31T23:00:00-05:00", "0001-01-01T00:00:00+05:00"):
            assert "cannot be converted to UTC" in refused(self.sends(field, when)[0]).info

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_the_expiry_of_the_link_is_checked_in_every_dialect(self, sandbox, dialect):
        service = "1" if dialect.startswith("sinch") else None
        show = SHOW.replace(link_expires="2020-01-01T00:00:00Z")
        with Client(sandbox.account(dialect)) as client, pytest.raises(MMSError) as raised:
            client.call(SendMMS(show, to=A, sender="60856", service_id=service))
        assert raised.value.code == "E617"


class TestArrangements:
    """Numbers may be written in any form, and an arrangement that could never apply is refused."""

    FORMS = ("15551234888", "+1 (555) 123-4888", "1.555.123.4888")

    @pytest.mark.parametrize("number", FORMS)
    def test_an_arrangement_takes_a_number_in_any_form(self, sandbox, receiver, client, number):
        sandbox.outcome("E102", to=number)
        client.call(SEND)
        sandbox.clock.advance(hours=1)
        assert receiver.codes == ["N101", "E102"]
        fault = sandbox.fail("E503", to=number)
        with pytest.raises(GatewayFaultError):
            client.call(SEND)
        assert fault.struck == 1
        sandbox.block(number)
        with pytest.raises(RecipientError):
            client.call(SEND)
        sandbox.unblock(number)
        client.call(SEND)

    WRONG = (
        lambda sandbox: sandbox.block(),
        lambda sandbox: sandbox.block("bob"),
        lambda sandbox: sandbox.block(15551234888),
        lambda sandbox: sandbox.block(["15551234888"]),
        lambda sandbox: sandbox.fail("drop", to="bob"),
        lambda sandbox: sandbox.fail("drop", to=[15551234888]),
        lambda sandbox: sandbox.fail("drop", seconds=5),
        lambda sandbox: sandbox.fail("stall", seconds="5"),
        lambda sandbox: sandbox.outcome("E102", to=""),
        lambda sandbox: sandbox.throttle(5, 1, "E114"),
        lambda sandbox: sandbox.throttle(5, "1"),
        lambda sandbox: sandbox.spoil("film.mp4"),
        lambda sandbox: sandbox.receive_sms("", "60856", "x"),
        lambda sandbox: sandbox.clock.advance(seconds="5"),
        lambda sandbox: sandbox.clock.advance(minutes=True),
    )

    @pytest.mark.parametrize("arrange", WRONG)
    def test_an_invalid_arrangement_is_refused(self, sandbox, arrange):
        with pytest.raises(ConfigurationError):
            arrange(sandbox)

    SETTINGS = (
        {"limits": {"max_image": 5}},
        {"delays": 0},
        {"delays": Delays()._replace(sent="x")},
        {"senders": 60856},
        {"senders": [60856]},
        {"operators": [1]},
        {"content_type": "xml"},
        {"content_type": b"text/xml"},
        {"content_type": ""},
        {"content_type": "text/xml\r\nX: 1"},
        {"content_type": "text/xml; charset=\u00fctf"},
    )

    @pytest.mark.parametrize("settings", SETTINGS, ids=str)
    def test_an_invalid_setting_is_refused(self, settings):
        with pytest.raises(ConfigurationError):
            Sandbox(**settings)

    def test_a_single_text_as_senders_is_one_sender(self):
        with Sandbox(senders="60856", operators="31002") as sandbox, Client(sandbox.account()) as client:
            client.call(SendMMS(SHOW, to=A, sender="60856", operator_id="31002"))
            with pytest.raises(SenderError):
                client.call(SendMMS(SHOW, to=A, sender="6", operator_id="31002"))
            assert sandbox.sent == [SendMMS(SHOW, to=A, sender="60856", operator_id="31002")]

    def test_arrangements_are_logged(self):
        lines: list[str] = []
        with Sandbox(on_event=lines.append) as sandbox:
            sandbox.fail("503", every=10)
            sandbox.block(A)
            sandbox.clock.advance(minutes=5)
            sandbox.reset()
        seen = [line.partition(" ")[2] for line in lines]
        assert seen == [
            "arranged: fail 503, every 10, without end",
            f"arranged: block {A}",
            "the clock was advanced by 300 s",
            "reset: the sandbox starts over",
        ]


class TestReset:
    def test_a_reset_forgets_requests_messages_and_arrangements(self, sandbox, receiver, client):
        sandbox.block(A)
        sandbox.fail("drop", to=B)
        sandbox.throttle(0)
        sandbox.outcome("E102")
        sandbox.spoil(VIDEO)
        sandbox.postbacks(batch=True)
        sandbox.receive_mms(A, "60856", IMAGE)
        sandbox.clock.advance(hours=5)
        with pytest.raises(MMSError):
            client.call(SEND)
        sandbox.reset()
        receiver.bodies.clear()
        assert (sandbox.sent, sandbox.saved, sandbox.requests, sandbox.campaigns) == ([], [], [], [])
        assert sandbox.counts == {"requests": 0, "accepted": 0, "refused": 0, "lost": 0}
        assert abs(sandbox.clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
        client.call(SEND)
        client.call(SendMMS(SHOW, to=B, sender="60856"))
        sandbox.clock.advance(hours=1)
        assert receiver.codes == ["N101", "N101", "N102", "N102"]
        saved = client.call(SaveMMS(FILM))
        assert client.call(ListMMS()).mms_ids == (saved.mms_id,)

    def test_ids_are_not_used_again_after_a_reset(self, sandbox, client):
        given = []
        for _ in range(3):
            saved, sent = client.call(SaveMMS(SHOW)), client.call(SEND)
            given += [saved.mms_id, sent.mms_id, sent.tracking_id]
            sandbox.reset()
        assert len(set(given)) == len(given)

    def test_a_reset_drops_due_notices(self, sandbox, receiver, client):
        client.call(SEND)
        sandbox.reset()
        sandbox.clock.advance(hours=1)
        assert receiver.codes == []


def test_numbers_are_spread_over_carriers_and_one_of_them_fails():
    with PostbackReceiver() as receiver, Sandbox(postback_url=receiver.url, delays=AT_ONCE) as sandbox:
        sandbox.carriers("0001570", "0002240")
        sandbox.outcome("E102", operator_id="0001570")
        sandbox.outcome("N202", to="15551230002")
        with Client(sandbox.account()) as client:
            for number in range(4):
                client.call(SendMMS(SHOW, to=f"1555123000{number}", sender="60856"))
            client.call(SendMMS(SHOW, to="15551230000", sender="60856", operator_id="0003330"))
        sandbox.clock.advance(seconds=1)
        last = [one for one in receiver.notices if isinstance(one, DeliveryReport) and one.code != "N101"]
        assert sorted((str(one.to), one.code, one.operator_id) for one in last) == [
            ("15551230000", "E102", "0001570"),
            ("15551230000", "E102", "0003330"),
            ("15551230001", "N102", "0002240"),
            ("15551230002", "N202", "0001570"),
            ("15551230003", "N102", "0002240"),
        ]
        with pytest.raises(ConfigurationError, match="give it to carriers"):
            sandbox.outcome("E102", operator_id="0009990")
        with pytest.raises(ConfigurationError, match="leave out to="):
            sandbox.outcome("E102", operator_id="0001570", to="15551230000")
        sandbox.carriers()
        assert sandbox._state.carrier_of("15551230000") is None
