"""The sandbox breaks on demand, and both clients live with it: what was taken, how often, and what the caller is told."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

import pytest

from skymms import (
    Client,
    ConfigurationError,
    GatewayFaultError,
    ListMMS,
    MMSError,
    ProtocolError,
    QuotaExceededError,
    Retries,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SentMMS,
    SkymmsError,
    Slideshow,
    ThrottledError,
    TransportError,
)
from skymms.codes import ANSWERS
from skymms.sandbox import FAULTS, Sandbox
from skymms.wire.dialects import DIALECTS

A, B = "15551234888", "15551230001"
SHOW = Slideshow("coupon", subject="Free", fallback_text="f").slide("Hi!")
SEND = SendMMS(SHOW, to=A, sender="60856")
QUICK = Retries(count=3, first=0.001, longest=0.002)
#: These last until the caller gives up, so the caller gives up soon; nothing else here is a matter of time.
LASTING = {"stall", "slow"}

#: What the caller of a send meets: the error, and whether it says "maybe sent".
MET: dict[str, tuple[type[SkymmsError] | None, bool]] = {
    # Nothing was read, which nobody on this side can know.
    "refuse": (TransportError, True),
    "drop": (TransportError, True),
    "reset": (TransportError, True),
    "stall": (TransportError, True),
    "slow": (TransportError, True),
    "half": (TransportError, True),
    "500": (ProtocolError, True),
    "503": (ProtocolError, True),
    # The gateway said "later", so it is sent again, and arrives.
    "429": (None, False),
    "html": (ProtocolError, True),
    "charset": (ProtocolError, True),
    "stranger": (ProtocolError, True),
}


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


def patience(how: str) -> tuple[float, float]:
    return (0.3, 0.3) if how in LASTING else (5.0, 20.0)


def sending(dialect: str) -> SendMMS:
    service = "12345" if dialect.startswith("sinch") else None
    return SendMMS(SHOW, to=A, sender="60856", service_id=service)


def test_every_fault_is_in_the_table_of_what_is_met():
    assert MET.keys() == FAULTS.keys()


class TestEachFault:
    @pytest.mark.parametrize("dialect", DIALECTS)
    @pytest.mark.parametrize("how", FAULTS)
    def test_leaves_at_most_one_message_and_a_true_word(self, kind, sandbox, dialect, how):
        sandbox.fail(how, seconds=30 if how in LASTING else 0 if how in {"503", "429"} else None)
        error, maybe = MET[how]
        with kind(sandbox.account(dialect), timeout=patience(how), retries=QUICK) as client:
            if error is None:
                assert isinstance(client.call(sending(dialect)), SentMMS)
            else:
                with pytest.raises(error) as raised:
                    client.call(sending(dialect))
                assert (type(raised.value), raised.value.sent_maybe) == (error, maybe)
            assert len(sandbox.sent) == (FAULTS[how].accepted or error is None)
            # It is over: the next call gets through.
            assert isinstance(client.call(sending(dialect)), SentMMS)

    # A listing of 1.3 names nobody, so somebody else's cannot be told from ours.
    @pytest.mark.parametrize("how", [how for how in FAULTS if how != "stranger"])
    def test_does_not_keep_a_listing_from_its_answer(self, kind, sandbox, how):
        with kind(sandbox.account(), timeout=patience(how), retries=QUICK) as client:
            saved = client.call(SaveMMS(SHOW))
            sandbox.fail(how, seconds=30 if how in LASTING else 0 if how in {"503", "429"} else None)
            if how in {"html", "charset"}:
                with pytest.raises(ProtocolError) as raised:
                    client.call(ListMMS())
                assert not raised.value.sent_maybe
            assert client.call(ListMMS()).mms_ids == (saved.mms_id,)

    @pytest.mark.parametrize("code", ANSWERS)
    def test_may_be_any_code_there_is(self, sandbox, code):
        sandbox.fail(code)
        with Client(sandbox.account(), retries=0) as client, pytest.raises(MMSError) as raised:
            client.call(SEND)
        assert (raised.value.code, raised.value.foreseen) == (code, False)
        assert sandbox.sent == []

    @pytest.mark.parametrize(
        ("code", "error"), [("E106", ThrottledError), ("E120", QuotaExceededError), ("E503", GatewayFaultError)]
    )
    def test_of_a_code_is_of_its_class(self, kind, sandbox, code, error):
        sandbox.fail(code)
        with kind(sandbox.account(), retries=0) as client, pytest.raises(error):
            client.call(SEND)

    @pytest.mark.parametrize("code", ["E106", "E113"])
    def test_that_puts_off_is_tried_again_and_sends_one_message(self, kind, sandbox, code):
        fault = sandbox.fail(code, times=2)
        with kind(sandbox.account(), retries=QUICK) as client:
            client.call(SEND)
        assert (fault.struck, fault.over, len(sandbox.sent), len(sandbox.requests)) == (2, True, 1, 3)

    def test_may_be_written_as_a_number_or_small(self, sandbox):
        sandbox.fail(429)
        sandbox.fail("e106")
        with Client(sandbox.account(), retries=QUICK) as client:
            client.call(SEND)
        assert [one.fault for one in sandbox.requests] == ["429", "E106", None]


class TestWhichRequests:
    def struck(self, sandbox: Sandbox, calls: int, to: str = A) -> list[int]:
        """The numbers of the calls that met an error, counted from 1."""
        met = []
        with Client(sandbox.account(), retries=0) as client:
            for number in range(1, calls + 1):
                try:
                    client.call(SendMMS(SHOW, to=to, sender="60856"))
                except MMSError:
                    met.append(number)
        return met

    def test_the_next_one(self, sandbox):
        sandbox.fail("E120")
        assert self.struck(sandbox, 3) == [1]

    def test_so_many(self, sandbox):
        sandbox.fail("E120", times=3)
        assert self.struck(sandbox, 5) == [1, 2, 3]

    def test_every_third_without_end(self, sandbox):
        sandbox.fail("E120", every=3)
        assert self.struck(sandbox, 10) == [3, 6, 9]

    def test_every_third_twice(self, sandbox):
        sandbox.fail("E120", every=3, times=2)
        assert self.struck(sandbox, 10) == [3, 6]

    def test_those_to_a_number(self, sandbox):
        sandbox.fail("E120", to=B, times=2)
        assert self.struck(sandbox, 3) == []
        assert self.struck(sandbox, 3, to=B) == [1, 2]

    def test_those_to_some_numbers(self, sandbox):
        sandbox.fail("E120", to=[A, B], times=2)
        assert self.struck(sandbox, 1) + self.struck(sandbox, 1, to=B) == [1, 1]

    def test_one_fault_after_the_other(self, sandbox):
        sandbox.fail("E106")
        sandbox.fail("E113", times=2)
        assert self.struck(sandbox, 5) == [1, 2, 3]
        assert [one.fault for one in sandbox.requests] == ["E106", "E113", "E113", None, None]

    def test_a_request_of_a_kept_connection_may_be_refused_unread(self, sandbox):
        connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
        connection.request("GET", "/elsewhere")
        assert connection.getresponse().read()
        sandbox.fail("refuse")
        connection.request("GET", "/elsewhere")
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            connection.getresponse()
        connection.close()

    def test_one_that_is_wrong_is_struck_too(self, sandbox):
        sandbox.fail("E503")
        with Client(sandbox.account(api_key="another-key"), retries=0) as client, pytest.raises(GatewayFaultError):
            client.call(SEND)

    WRONG = (
        ({"how": "explode"}, "no fault 'explode'"),
        ({"how": "E9999"}, "no fault 'E9999'"),
        ({"how": "drop", "times": 0}, "times=0"),
        ({"how": "drop", "every": -1}, "every=-1"),
        ({"how": "drop", "every": 1.5}, "every=1.5"),
        ({"how": "drop", "seconds": -1}, "seconds=-1"),
        ({"how": "refuse", "to": A}, "before the recipient is read"),
    )

    @pytest.mark.parametrize(("arguments", "said"), WRONG)
    def test_what_cannot_be_asked_for_is_told(self, sandbox, arguments, said):
        with pytest.raises(ConfigurationError, match=said):
            sandbox.fail(**arguments)


class TestAPace:
    def test_more_calls_than_a_second_allows_are_put_off(self, sandbox):
        sandbox.throttle(2)
        with Client(sandbox.account(), retries=0) as client:
            for _ in range(2):
                client.call(SEND)
            with pytest.raises(ThrottledError) as raised:
                client.call(SEND)
            assert raised.value.code == "E113"
            sandbox.clock.advance(seconds=1)
            client.call(SEND)
        assert len(sandbox.sent) == 3

    def test_a_days_quota_is_a_pace_too(self, sandbox):
        sandbox.throttle(1, seconds=86_400, code="E120")
        with Client(sandbox.account(), retries=QUICK) as client:
            client.call(SEND)
            sandbox.clock.advance(hours=23)
            with pytest.raises(QuotaExceededError):
                client.call(SEND)
            sandbox.clock.advance(hours=1)
            client.call(SEND)

    @pytest.mark.parametrize("wrong", [(-1, 1.0, "E113"), (1, 0.0, "E113"), (1.5, 1.0, "E113"), (1, 1.0, "E9999")])
    def test_what_is_no_pace_is_told(self, sandbox, wrong):
        with pytest.raises(ConfigurationError):
            sandbox.throttle(*wrong)


class TestTheWayOut:
    def test_closing_does_not_wait_for_a_stalled_caller(self):
        with Sandbox() as sandbox:
            sandbox.fail("stall")
            with Client(sandbox.account(), timeout=(5, 0.1), retries=0) as client, pytest.raises(TransportError):
                client.call(SEND)
            started = time.monotonic()
        # It would have stalled for a minute.
        assert time.monotonic() - started < 30

    def test_a_slow_answer_arrives_for_who_waits(self, kind, sandbox):
        sandbox.fail("slow", seconds=0.5)
        with kind(sandbox.account(), timeout=(5, 20)) as client:
            assert client.call(SEND).to == A

    def test_retry_after_is_what_was_asked_for(self, sandbox):
        sandbox.fail("429", seconds=7)
        parts = urlsplit(sandbox.account().encode(SEND).url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        connection.request("POST", parts.path, sandbox.account().encode(SEND).body)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
        connection.close()

    def test_what_was_broken_is_counted_and_told(self):
        lines: list[str] = []
        with Sandbox(on_event=lines.append) as sandbox:
            sandbox.fail("drop")
            with Client(sandbox.account(), retries=0) as client:
                with pytest.raises(TransportError):
                    client.call(SEND)
                client.call(SEND)
                with pytest.raises(MMSError):
                    client.call(SendSavedMMS("1", to=A, sender="60856"))
            assert sandbox.counts == {"requests": 3, "accepted": 1, "refused": 1, "broken": 1}
        assert "drop" in lines[0]
