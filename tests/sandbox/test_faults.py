"""The sandbox's faults with both clients: whether the message is accepted, how often, and what the caller sees."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

import pytest
from client_calls import QUICK

from skymms import (
    Client,
    ConfigurationError,
    GatewayFaultError,
    ListMMS,
    MMSError,
    ProtocolError,
    QuotaExceededError,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SentMMS,
    SkymmsError,
    Slideshow,
    ThrottledError,
    TransportError,
    error_class,
)
from skymms.codes import ANSWERS
from skymms.sandbox import FAULTS, Sandbox
from skymms.wire.dialects import DIALECTS

A, B = "15551234888", "15551230001"
SHOW = Slideshow("coupon", subject="Free", fallback_text="f").slide("Hi!")
SEND = SendMMS(SHOW, to=A, sender="60856")
#: These last until the caller's timeout, so the timeout is short in their tests.
SLOW_FAULTS = {"stall", "slow"}

#: What the caller of a send gets: the class of the error (None: a reply), and its `sent_maybe`.
CALLER_SEES: dict[str, tuple[type[SkymmsError] | None, bool]] = {
    # The request was not read, but the client cannot know that.
    "refuse": (TransportError, True),
    "drop": (TransportError, True),
    "reset": (TransportError, True),
    "stall": (TransportError, True),
    "slow": (TransportError, True),
    "half": (TransportError, True),
    "500": (ProtocolError, True),
    "503": (ProtocolError, True),
    # The gateway said "later", so the client sends again, and succeeds.
    "429": (None, False),
    "html": (ProtocolError, True),
    "charset": (ProtocolError, True),
    "stranger": (ProtocolError, True),
}


#: Every fault in one dialect, and in the others those faults that change the response itself.
FAULTS_AND_DIALECTS = [
    (how, dialect)
    for dialect in DIALECTS
    for how in FAULTS
    if dialect == "skycore" or how in {"half", "html", "charset", "stranger"}
]
#: For each class of error, the first of its codes.
ONE_CODE_OF_EACH_CLASS = sorted({error_class(code): code for code in reversed(ANSWERS)}.values())


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


def timeout_for(how: str) -> tuple[float, float]:
    return (0.3, 0.3) if how in SLOW_FAULTS else (5.0, 20.0)


def send_in(dialect: str) -> SendMMS:
    service = "12345" if dialect.startswith("sinch") else None
    return SendMMS(SHOW, to=A, sender="60856", service_id=service)


def test_the_table_of_effects_has_every_fault():
    assert CALLER_SEES.keys() == FAULTS.keys()


class TestFault:
    @pytest.mark.parametrize(("how", "dialect"), FAULTS_AND_DIALECTS)
    def test_a_send_with_a_fault_sends_at_most_one_message_and_reports_it_truthfully(self, kind, sandbox, dialect, how):
        sandbox.fail(how, seconds=30 if how in SLOW_FAULTS else 0 if how in {"503", "429"} else None)
        error, maybe = CALLER_SEES[how]
        with kind(sandbox.account(dialect), timeout=timeout_for(how), retries=QUICK) as client:
            if error is None:
                assert isinstance(client.call(send_in(dialect)), SentMMS)
            else:
                with pytest.raises(error) as raised:
                    client.call(send_in(dialect))
                assert (type(raised.value), raised.value.sent_maybe) == (error, maybe)
            assert len(sandbox.sent) == (FAULTS[how].accepted or error is None)
            # The fault applies once: the next call succeeds.
            assert isinstance(client.call(send_in(dialect)), SentMMS)

    # A list in Skycore 1.3 contains no number, so somebody else's list cannot be detected.
    @pytest.mark.parametrize("how", [how for how in FAULTS if how != "stranger"])
    def test_a_list_succeeds_after_a_fault(self, kind, sandbox, how):
        with kind(sandbox.account(), timeout=timeout_for(how), retries=QUICK) as client:
            saved = client.call(SaveMMS(SHOW))
            sandbox.fail(how, seconds=30 if how in SLOW_FAULTS else 0 if how in {"503", "429"} else None)
            if how in {"html", "charset"}:
                with pytest.raises(ProtocolError) as raised:
                    client.call(ListMMS())
                assert not raised.value.sent_maybe
            assert client.call(ListMMS()).mms_ids == (saved.mms_id,)

    # tests/test_errors.py has the table of all codes and their classes; here is one code of each class.
    @pytest.mark.parametrize("code", ONE_CODE_OF_EACH_CLASS)
    def test_a_fault_with_a_code_raises_the_class_of_the_code(self, sandbox, code):
        sandbox.fail(code)
        with Client(sandbox.account(), retries=0) as client, pytest.raises(MMSError) as raised:
            client.call(SEND)
        assert (type(raised.value), raised.value.code, raised.value.foreseen) == (error_class(code), code, False)
        assert sandbox.sent == []

    def test_every_code_can_be_a_fault(self, sandbox):
        for code in ANSWERS.keys() - FAULTS.keys():
            assert sandbox.fail(code, to=A).code == code

    @pytest.mark.parametrize("code", ["E106", "E113"])
    def test_a_throttled_send_is_retried_and_sends_one_message(self, kind, sandbox, code):
        fault = sandbox.fail(code, times=2)
        with kind(sandbox.account(), retries=QUICK) as client:
            client.call(SEND)
        assert (fault.struck, fault.over, len(sandbox.sent), len(sandbox.requests)) == (2, True, 1, 3)

    def test_a_fault_may_be_a_number_or_in_lower_case(self, sandbox):
        sandbox.fail(429)
        sandbox.fail("e106")
        with Client(sandbox.account(), retries=QUICK) as client:
            client.call(SEND)
        assert [one.fault for one in sandbox.requests] == ["429", "E106", None]


class TestFaultRules:
    def failed_calls(self, sandbox: Sandbox, calls: int, to: str = A) -> list[int]:
        """Make calls, and return the numbers of those that failed, counted from 1."""
        failed = []
        with Client(sandbox.account(), retries=0) as client:
            for number in range(1, calls + 1):
                try:
                    client.call(SendMMS(SHOW, to=to, sender="60856"))
                except MMSError:
                    failed.append(number)
        return failed

    def test_a_fault_applies_to_the_next_request(self, sandbox):
        sandbox.fail("E120")
        assert self.failed_calls(sandbox, 3) == [1]

    def test_the_argument_times_limits_how_often_a_fault_applies(self, sandbox):
        sandbox.fail("E120", times=3)
        assert self.failed_calls(sandbox, 5) == [1, 2, 3]

    def test_the_argument_every_has_no_end_by_itself(self, sandbox):
        sandbox.fail("E120", every=3)
        assert self.failed_calls(sandbox, 10) == [3, 6, 9]

    def test_the_argument_every_can_be_limited_by_times(self, sandbox):
        sandbox.fail("E120", every=3, times=2)
        assert self.failed_calls(sandbox, 10) == [3, 6]

    def test_a_fault_can_apply_to_one_number(self, sandbox):
        sandbox.fail("E120", to=B, times=2)
        assert self.failed_calls(sandbox, 3) == []
        assert self.failed_calls(sandbox, 3, to=B) == [1, 2]

    def test_a_fault_can_apply_to_several_numbers(self, sandbox):
        sandbox.fail("E120", to=[A, B], times=2)
        assert self.failed_calls(sandbox, 1) + self.failed_calls(sandbox, 1, to=B) == [1, 1]

    def test_a_fault_rule_shows_what_it_does_and_how_often_it_was_applied(self, sandbox):
        rule = sandbox.fail("E106", to=A, times=2)
        with Client(sandbox.account(), retries=QUICK) as client:
            client.call(SEND)
        assert repr(rule) == f"<FaultRule E106, 2 times, to {A}; applied 2 times>"

    def test_the_fault_stranger_replies_to_a_save_with_the_reply_to_a_send(self, sandbox):
        sandbox.fail("stranger")
        with Client(sandbox.account(), retries=0) as client:
            saved = client.call(SaveMMS(SHOW))
        assert ("TO", "15550000000") in saved.raw

    def test_faults_apply_in_the_order_in_which_they_were_arranged(self, sandbox):
        sandbox.fail("E106")
        sandbox.fail("E113", times=2)
        assert self.failed_calls(sandbox, 5) == [1, 2, 3]
        assert [one.fault for one in sandbox.requests] == ["E106", "E113", "E113", None, None]

    def test_the_fault_refuse_also_closes_a_connection_that_was_used_before(self, sandbox):
        connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
        connection.request("GET", "/elsewhere")
        assert connection.getresponse().read()
        sandbox.fail("refuse")
        connection.request("GET", "/elsewhere")
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            connection.getresponse()
        connection.close()

    def test_a_fault_applies_to_an_invalid_request_too(self, sandbox):
        sandbox.fail("E503")
        with Client(sandbox.account(api_key="another-key"), retries=0) as client, pytest.raises(GatewayFaultError):
            client.call(SEND)

    INVALID_FAULTS = (
        ({"how": "explode"}, "no fault 'explode'"),
        ({"how": "E9999"}, "no fault 'E9999'"),
        ({"how": "drop", "times": 0}, "times=0"),
        ({"how": "drop", "every": -1}, "every=-1"),
        ({"how": "drop", "every": 1.5}, "every=1.5"),
        ({"how": "drop", "seconds": -1}, "seconds=-1"),
        ({"how": "refuse", "to": A}, "before the recipient is read"),
    )

    @pytest.mark.parametrize(("arguments", "message"), INVALID_FAULTS)
    def test_an_invalid_fault_is_refused(self, sandbox, arguments, message):
        with pytest.raises(ConfigurationError, match=message):
            sandbox.fail(**arguments)


class TestThrottle:
    def test_a_throttle_refuses_more_calls_than_allowed_in_a_second(self, sandbox):
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

    def test_a_throttle_can_be_a_daily_quota(self, sandbox):
        sandbox.throttle(1, seconds=86_400, code="E120")
        with Client(sandbox.account(), retries=QUICK) as client:
            client.call(SEND)
            sandbox.clock.advance(hours=23)
            with pytest.raises(QuotaExceededError):
                client.call(SEND)
            sandbox.clock.advance(hours=1)
            client.call(SEND)

    @pytest.mark.parametrize("wrong", [(-1, 1.0, "E113"), (1, 0.0, "E113"), (1.5, 1.0, "E113"), (1, 1.0, "E9999")])
    def test_an_invalid_throttle_is_refused(self, sandbox, wrong):
        with pytest.raises(ConfigurationError):
            sandbox.throttle(*wrong)


class TestSlowAndCountedFaults:
    def test_close_does_not_wait_for_a_stalled_response(self):
        with Sandbox() as sandbox:
            sandbox.fail("stall")
            with Client(sandbox.account(), timeout=(5, 0.1), retries=0) as client, pytest.raises(TransportError):
                client.call(SEND)
            started = time.monotonic()
        # A stall lasts a minute.
        assert time.monotonic() - started < 30

    def test_a_slow_response_arrives_within_a_longer_timeout(self, kind, sandbox):
        sandbox.fail("slow", seconds=0.5)
        with kind(sandbox.account(), timeout=(5, 20)) as client:
            assert client.call(SEND).to == A

    def test_seconds_of_a_429_is_its_retry_after(self, sandbox):
        sandbox.fail("429", seconds=7)
        parts = urlsplit(sandbox.account().encode(SEND).url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        connection.request("POST", parts.path, sandbox.account().encode(SEND).body)
        response = connection.getresponse()
        assert (response.status, response.headers["Retry-After"]) == (429, "7")
        connection.close()

    def test_faults_are_counted_and_logged(self):
        lines: list[str] = []
        with Sandbox(on_event=lines.append) as sandbox:
            sandbox.fail("drop")
            with Client(sandbox.account(), retries=0) as client:
                with pytest.raises(TransportError):
                    client.call(SEND)
                client.call(SEND)
                with pytest.raises(MMSError):
                    client.call(SendSavedMMS("1", to=A, sender="60856"))
            assert sandbox.counts == {"requests": 3, "accepted": 1, "refused": 1, "lost": 1}
        assert "drop" in lines[0]
