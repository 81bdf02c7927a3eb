"""The steps of a call, decided without a server, a clock or a sleep."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from dataclasses import replace
from typing import Any

import pytest
from client_calls import SEND
from misbehaving_server import SENT, refused

from skymms import (
    Account,
    AuthenticationError,
    CarrierError,
    ConfigurationError,
    GatewayFaultError,
    HttpRequest,
    HttpResponse,
    ListMMS,
    MMSError,
    NotReadyError,
    ProtocolError,
    QuotaExceededError,
    Retries,
    SendMMS,
    ThrottledError,
    TransportError,
)
from skymms.transport.compression import decompress
from skymms.transport.exchange import Exchange, NoResponse, Pause, Reserve, SlowDown
from skymms.transport.retries import retry_after

pytestmark = pytest.mark.compat

ACCOUNT = Account("canary-5fa1c0de-key")
LIST = ListMMS()
LISTED = b"<RESPONSE><STATUS>Success</STATUS><MMSIDS>10011,10234</MMSIDS></RESPONSE>"

NEVER_LEFT = NoResponse("no connection", left=False)
MAYBE_LEFT = NoResponse("no whole answer in time", left=True)
HOPELESS = NoResponse("the certificate was not accepted", left=False, transient=False)


def ok(body: bytes, status: int = 200, **headers: str) -> HttpResponse:
    return HttpResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


STANDARD = Retries()


def run(operation, *outcomes, retries=STANDARD, random=lambda: 0.0):
    """Run a call with these outcomes of its requests; return the exchange, the number of requests, and the waits."""
    exchange = Exchange(ACCOUNT, operation, retries=retries, random=random)
    exchange.start()
    sends, waits = 0, []
    for outcome in outcomes:
        while isinstance(exchange.next_step, Pause):
            waits.append(exchange.next_step.seconds)
            exchange.advance(None)
        assert isinstance(exchange.next_step, HttpRequest), "the call has ended"
        sends += 1
        exchange.advance(outcome)
    return exchange, sends, waits


class TestCall:
    def test_a_successful_call_is_one_request(self):
        exchange, sends, waits = run(SEND, ok(SENT))
        assert (exchange.next_step, sends, waits) == (None, 1, [])
        assert exchange.result.tracking_id == "MMS_12345"

    def test_an_invalid_operation_is_refused_before_the_first_step(self):
        with pytest.raises(Exception, match="E110"):
            Exchange(ACCOUNT, SendMMS(SEND.slideshow, to="", sender="60856"), retries=Retries(), random=lambda: 0.0).start()


RETRIED = [
    pytest.param(NEVER_LEFT, id="the connection was never made"),
    pytest.param(ok(refused("E106")), id="E106"),
    pytest.param(ok(refused("E113")), id="E113"),
    pytest.param(ok(refused("E618")), id="E618"),
    pytest.param(ok(b"slow down", 429), id="429"),
    pytest.param(ok(refused("E113"), 429), id="429 with the protocol's own body"),
]

NOT_RETRIED = [
    pytest.param(MAYBE_LEFT, TransportError, True, id="time-out after it left"),
    pytest.param(HOPELESS, TransportError, False, id="a refused certificate"),
    pytest.param(ok(b"<html>oops</html>", 500), ProtocolError, True, id="500"),
    pytest.param(ok(b"", 503, Retry_After="1"), ProtocolError, True, id="503 with Retry-After"),
    pytest.param(ok(b"", 302, Location="http://127.0.0.1/"), ProtocolError, True, id="a redirect"),
    pytest.param(ok(b"", 307, Location="http://127.0.0.1/"), ProtocolError, True, id="a temporary redirect"),
    pytest.param(ok(b"", 408), ProtocolError, True, id="408"),
    pytest.param(ok(b"<html>hello</html>"), ProtocolError, True, id="200 with a web page"),
    pytest.param(
        ok(SENT.replace(b"15551234888", b"15559999999")), ProtocolError, True, id="the response for another recipient"
    ),
    pytest.param(ok(SENT.replace(b"15551234888", b"15559999999"), 429), ProtocolError, True, id="429 with another's response"),
    pytest.param(ok(SENT[:-3]), ProtocolError, True, id="a truncated response"),
    pytest.param(ok(b"\x0b\x02\x80", Content_Encoding="br"), ProtocolError, True, id="an unsupported compression"),
    *(
        pytest.param(
            ok(SENT.replace(b"<TO>", b"<ERRORCODE>%s</ERRORCODE><TO>" % code)), MMSError, True, id=f"success with {code}"
        )
        for code in (b"E106", b"E113", b"E618")
    ),
    pytest.param(ok(b"nothing here", 404), ProtocolError, False, id="404"),
    pytest.param(ok(refused("E503")), GatewayFaultError, True, id="E503"),
    pytest.param(ok(refused("E120")), QuotaExceededError, False, id="E120"),
    pytest.param(ok(refused("E104")), Exception, False, id="E104"),
    pytest.param(ok(refused("E626")), Exception, False, id="E626"),
]


class TestSend:
    @pytest.mark.parametrize("put_off", RETRIED)
    def test_a_send_that_had_no_effect_is_retried(self, put_off):
        exchange, sends, waits = run(SEND, put_off, ok(SENT))
        assert sends == 2
        assert waits == [1.0]
        assert exchange.result.mms_id == "35674"

    @pytest.mark.parametrize(("outcome", "error", "maybe"), NOT_RETRIED)
    def test_any_other_failed_send_is_not_retried_and_has_sent_maybe_if_it_may_have_arrived(self, outcome, error, maybe):
        with pytest.raises(error) as raised:
            run(SEND, outcome)
        assert raised.value.sent_maybe is maybe

    @pytest.mark.parametrize("said", [b"Success", b"queued"])
    def test_a_message_that_is_not_ready_and_may_have_been_sent_is_not_sent_again(self, said):
        contradiction = ok(b"<RESPONSE><STATUS>%s</STATUS><ERRORCODE>E626</ERRORCODE></RESPONSE>" % said)
        with pytest.raises(NotReadyError) as raised:
            run(SEND, contradiction, retries=Retries(until_ready=600))
        assert raised.value.sent_maybe

    @pytest.mark.parametrize("put_off", RETRIED)
    def test_a_send_is_not_retried_with_retries_off(self, put_off):
        with pytest.raises((ThrottledError, CarrierError, TransportError)) as raised:
            run(SEND, put_off, retries=Retries.of(0))
        assert raised.value.sent_maybe is False

    def test_a_send_raises_the_last_error_after_the_last_retry(self):
        busy = ok(refused("E106"))
        with pytest.raises(ThrottledError) as raised:
            run(SEND, busy, busy, busy, busy, retries=Retries(count=3))
        assert raised.value.code == "E106"

    def test_a_send_is_not_retried_again_once_a_retry_may_have_left(self):
        with pytest.raises(TransportError) as raised:
            run(SEND, ok(refused("E113")), MAYBE_LEFT)
        assert raised.value.sent_maybe


class TestListing:
    @pytest.mark.parametrize("lost", [MAYBE_LEFT, NEVER_LEFT, ok(b"oops", 500), ok(b"", 503), ok(refused("E503"))])
    def test_a_listing_is_retried_because_it_changes_nothing(self, lost):
        exchange, sends, _ = run(LIST, lost, ok(LISTED))
        assert sends == 2
        assert exchange.result.mms_ids == ("10011", "10234")

    def test_a_listing_never_has_sent_maybe(self):
        with pytest.raises(TransportError) as raised:
            run(LIST, MAYBE_LEFT, retries=Retries(count=0))
        assert raised.value.sent_maybe is False

    @pytest.mark.parametrize("answer", [ok(b"<html/>"), ok(b"no", 404), ok(refused("E104"))])
    def test_a_listing_is_not_retried_if_the_response_would_stay_the_same(self, answer):
        with pytest.raises((AuthenticationError, ProtocolError)) as raised:
            run(LIST, answer)
        assert raised.value.sent_maybe is False


class TestWaits:
    def test_no_wait_is_longer_than_a_clock_can_wait(self):
        policy = Retries(count=1, first=1e12, longest=1e12, total=1e13)
        assert run(SEND, ok(refused("E106")), ok(SENT), retries=policy)[2] == [1e9]

    def test_waits_double_up_to_the_longest(self):
        busy = ok(refused("E106"))
        policy = Retries(count=6, first=1, longest=5, total=100)
        _, _, waits = run(SEND, *[busy] * 6, ok(SENT), retries=policy)
        assert waits == [1, 2, 4, 5, 5, 5]

    def test_waits_are_shortened_at_random_by_up_to_a_half(self):
        _, _, waits = run(SEND, ok(refused("E106")), ok(SENT), random=lambda: 1.0)
        assert waits == [0.5]

    def test_a_wait_is_as_long_as_retry_after(self):
        _, _, waits = run(SEND, ok(b"", 429, Retry_After="7"), ok(SENT), random=lambda: 1.0)
        assert waits == [7.0]

    def test_retry_after_does_not_shorten_a_wait(self):
        _, _, waits = run(SEND, ok(b"", 429, Retry_After="0"), ok(SENT))
        assert waits == [1.0]

    def test_a_wait_longer_than_the_total_ends_the_call(self):
        with pytest.raises(ThrottledError):
            run(SEND, ok(b"", 429, Retry_After="61"))

    def test_the_sum_of_all_waits_is_limited_by_the_total(self):
        asked = ok(b"", 429, Retry_After="25")
        with pytest.raises(ThrottledError):
            run(SEND, asked, asked, asked)


class Limit:
    """A rate limit that is never asked: the exchange only names the steps."""

    def reserve(self, n, /):
        raise AssertionError

    slow_down = reserve


LIMIT = Limit()
LIMITED_ACCOUNT = replace(ACCOUNT, rate=LIMIT)


class TestRateLimit:
    def steps(self, *outcomes, retries=STANDARD):
        """The steps of a call until it ends; ``outcomes`` are those of its steps."""
        exchange = Exchange(LIMITED_ACCOUNT, SEND, retries=retries, random=lambda: 0.0)
        steps = [exchange.start()]
        for outcome in outcomes:
            exchange.advance(outcome)
            steps.append(exchange.next_step)
        return [step.method if isinstance(step, HttpRequest) else step for step in steps]

    def test_each_request_reserves_a_turn(self):
        reserve, slow_down = Reserve(LIMIT), SlowDown(LIMIT, 1.0)
        steps = self.steps(0.0, ok(refused("E106")), None, None, 0.5, None, ok(SENT))
        assert steps == [reserve, "POST", slow_down, Pause(1.0), reserve, Pause(0.5), "POST", None]

    def test_a_retry_after_a_failed_connection_reserves_a_turn(self):
        reserve = Reserve(LIMIT)
        assert self.steps(0.0, NEVER_LEFT, None) == [reserve, "POST", Pause(1.0), reserve]

    def test_a_throttled_request_that_is_not_retried_slows_the_rate_limit_down(self):
        exchange = Exchange(LIMITED_ACCOUNT, SEND, retries=Retries(count=0), random=lambda: 0.0)
        exchange.start()
        exchange.advance(0.0)
        exchange.advance(ok(b"", 429, Retry_After="9"))
        assert exchange.next_step == SlowDown(LIMIT, 9.0)
        with pytest.raises(ThrottledError):
            exchange.advance(None)


class TestInterruption:
    """``interrupt`` ends a call from outside and sets ``sent_maybe``."""

    def exchange(self, *outcomes, operation=SEND):
        exchange = Exchange(ACCOUNT, operation, retries=STANDARD, random=lambda: 0.0)
        exchange.start()
        for outcome in outcomes:
            exchange.advance(outcome)
        return exchange

    @pytest.mark.parametrize(
        ("outcomes", "operation", "left", "maybe"),
        [
            pytest.param((), SEND, True, True, id="during a request"),
            pytest.param((), SEND, False, False, id="while connecting"),
            pytest.param((), LIST, True, False, id="during a listing"),
            pytest.param((NEVER_LEFT,), SEND, True, False, id="during a wait"),
            pytest.param((ok(refused("E106")),), SEND, True, False, id="during a wait after E106"),
            pytest.param((ok(SENT),), SEND, True, True, id="after the reply"),
            pytest.param((ok(LISTED),), LIST, True, False, id="after the reply to a listing"),
        ],
    )
    def test_an_interruption_has_sent_maybe_if_a_request_may_have_left(self, outcomes, operation, left, maybe):
        error: Any = asyncio.CancelledError()
        error.sent_maybe = not maybe
        self.exchange(*outcomes, operation=operation).interrupt(error, left=left)
        assert error.sent_maybe is maybe
        assert bool(getattr(error, "__notes__", [])) is maybe

    def test_an_exception_that_is_raised_again_gets_the_note_once(self):
        error: Any = asyncio.CancelledError()
        for _ in range(2):
            self.exchange().interrupt(error)
        assert len(error.__notes__) == 1

    def test_ctrl_c_gets_no_note(self):
        error: Any = KeyboardInterrupt()
        self.exchange().interrupt(error)
        assert error.sent_maybe is True
        assert not hasattr(error, "__notes__")

    def test_an_exception_that_refuses_attributes_can_interrupt_a_call(self):
        class Sealed(Exception):
            def __setattr__(self, name, value):
                raise AttributeError(name)

        sealed = Sealed()
        self.exchange().interrupt(sealed)
        assert not hasattr(sealed, "sent_maybe")

    def test_an_interruption_during_decoding_has_sent_maybe(self, monkeypatch):
        def decode(*args):
            raise KeyboardInterrupt

        exchange = self.exchange()
        monkeypatch.setattr(type(ACCOUNT), "decode", decode)
        with pytest.raises(KeyboardInterrupt) as raised:
            exchange.advance(ok(SENT))
        exchange.interrupt(raised.value, left=False)
        assert vars(raised.value)["sent_maybe"] is True


class TestRetryAfter:
    DATE = "Fri, 20 Nov 2026 10:00:00 GMT"

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"Retry-After": "3"}, 3.0),
            ({"retry-after": " 3 "}, 3.0),
            ({"Retry-After": "Fri, 20 Nov 2026 10:00:30 GMT", "Date": DATE}, 30.0),
            ({"Retry-After": "Fri, 20 Nov 2026 09:00:00 GMT", "Date": DATE}, 0.0),
            ({"Retry-After": "Fri, 20 Nov 2026 10:00:30 GMT"}, None),
            ({"Retry-After": "soon", "Date": DATE}, None),
            ({"Retry-After": "-1"}, None),
            ({"Retry-After": "٣"}, None),
            ({}, None),
        ],
    )
    def test_retry_after_is_seconds_or_a_date_compared_with_the_date_header(self, headers, seconds):
        assert retry_after(HttpResponse(429, headers, b"")) == seconds


class TestRetries:
    @pytest.mark.parametrize("wrong", [-1, 1.5, "3", None, True])
    def test_the_count_of_retries_must_be_a_whole_number_from_0_up(self, wrong):
        with pytest.raises(ConfigurationError, match="retries="):
            Retries.of(wrong)
        with pytest.raises(ConfigurationError, match="retries="):
            Retries(count=wrong)

    @pytest.mark.parametrize("name", ["first", "longest", "total"])
    @pytest.mark.parametrize("wrong", [-1, "3", None, True, float("inf"), float("nan")])
    def test_the_waits_of_a_retry_policy_must_be_seconds_from_0_up(self, name, wrong):
        with pytest.raises(ConfigurationError, match=f"{name}="):
            Retries(**{name: wrong})

    def test_retries_may_be_given_as_a_count_or_a_policy(self):
        assert Retries.of(Retries(count=1)) == Retries(count=1)
        assert Retries.of(7) == Retries(count=7)


class TestDecompression:
    def test_decompress_supports_gzip_and_deflate(self):
        assert decompress(gzip.compress(SENT), "gzip", 1000) == SENT
        assert decompress(zlib.compress(SENT), "deflate", 1000) == SENT
        halves = SENT[:50], SENT[50:]
        assert decompress(b"".join(map(gzip.compress, halves)), "gzip", 1000) == SENT
        for junk in (b"\0\0", b"\r\n", b"</RESPONSE>"):
            assert decompress(gzip.compress(SENT) + junk, "gzip", 1000) == SENT
        # Some servers leave out the zlib header of deflate.
        bare = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        assert decompress(bare.compress(SENT) + bare.flush(), "deflate", 1000) == SENT
        assert decompress(SENT, None, 1000) == SENT
        assert decompress(SENT, "identity", 1000) == SENT

    def test_decompress_stops_one_byte_after_the_limit(self):
        packed = zlib.compress(b"x" * 10_000)
        assert len(decompress(packed, "deflate", 100)) == 101
        assert len(decompress(gzip.compress(b"x" * 60) * 2, "gzip", 100)) == 101

    @pytest.mark.parametrize(("body", "encoding"), [(b"plain", "gzip"), (b"\x00", "br"), (gzip.compress(SENT)[:-9], "gzip")])
    def test_decompress_refuses_invalid_data_and_unsupported_encodings(self, body, encoding):
        with pytest.raises(ProtocolError):
            decompress(body, encoding, 1000)
