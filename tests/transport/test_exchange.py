"""The conversation of a call, held by hand: no server, no clock, no sleep."""

from __future__ import annotations

import gzip
import zlib

import pytest
from misbehaving_server import SENT, refused

from skymms import (
    Account,
    CarrierError,
    ConfigurationError,
    GatewayFaultError,
    HttpRequest,
    HttpResponse,
    ListMMS,
    ProtocolError,
    QuotaExceededError,
    Retries,
    SendMMS,
    Slideshow,
    ThrottledError,
    TransportError,
)
from skymms.cellcast import Balance, CellcastAccount
from skymms.transport.compression import decompress
from skymms.transport.exchange import Exchange, NoResponse, Pause
from skymms.transport.retries import retry_after

ACCOUNT = Account("canary-5fa1c0de-key")
SEND = SendMMS(Slideshow("coupon", subject="Free").slide("Hi!"), to="15551234888", sender="60856")
LIST = ListMMS()
LISTED = b"<RESPONSE><STATUS>Success</STATUS><MMSIDS>10011,10234</MMSIDS></RESPONSE>"

NEVER_LEFT = NoResponse("no connection", left=False)
MAYBE_LEFT = NoResponse("no whole answer in time", left=True)
HOPELESS = NoResponse("the certificate was not accepted", left=False, transient=False)


def ok(body: bytes, status: int = 200, **headers: str) -> HttpResponse:
    return HttpResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


STANDARD = Retries()


def hold(operation, *outcomes, retries=STANDARD, random=lambda: 0.0):
    """Tell the outcomes one after the other; what was sent, and how long was waited before each."""
    exchange = Exchange(ACCOUNT, operation, retries=retries, random=random)
    sends, waits = 0, []
    for outcome in outcomes:
        while isinstance(exchange.next_step, Pause):
            waits.append(exchange.next_step.seconds)
            exchange.advance(None)
        assert isinstance(exchange.next_step, HttpRequest), "nothing more was wanted"
        sends += 1
        exchange.advance(outcome)
    return exchange, sends, waits


class TestAConversationThatGoesWell:
    def test_wants_one_request_and_then_nothing(self):
        exchange, sends, waits = hold(SEND, ok(SENT))
        assert (exchange.next_step, sends, waits) == (None, 1, [])
        assert exchange.result.tracking_id == "MMS_12345"

    def test_raises_before_it_begins_when_the_operation_is_wrong(self):
        with pytest.raises(Exception, match="E110"):
            Exchange(ACCOUNT, SendMMS(SEND.slideshow, to="", sender="60856"), retries=Retries(), random=lambda: 0.0)


AGAIN = [
    pytest.param(NEVER_LEFT, id="the connection was never made"),
    pytest.param(ok(refused("E106")), id="E106"),
    pytest.param(ok(refused("E113")), id="E113"),
    pytest.param(ok(refused("E618")), id="E618"),
    pytest.param(ok(b"slow down", 429), id="429"),
    pytest.param(ok(refused("E113"), 429), id="429 with the protocol's own body"),
]

NOT_AGAIN = [
    pytest.param(MAYBE_LEFT, TransportError, True, id="time-out after it left"),
    pytest.param(HOPELESS, TransportError, False, id="a refused certificate"),
    pytest.param(ok(b"<html>oops</html>", 500), ProtocolError, True, id="500"),
    pytest.param(ok(b"", 503, Retry_After="1"), ProtocolError, True, id="503 with Retry-After"),
    pytest.param(ok(b"", 302, Location="http://127.0.0.1/"), ProtocolError, True, id="a redirect"),
    pytest.param(ok(b"<html>hello</html>"), ProtocolError, True, id="200 that is no answer"),
    pytest.param(ok(b"nothing here", 404), ProtocolError, False, id="404"),
    pytest.param(ok(refused("E503")), GatewayFaultError, True, id="E503"),
    pytest.param(ok(refused("E120")), QuotaExceededError, False, id="E120"),
    pytest.param(ok(refused("E104")), Exception, False, id="E104"),
    pytest.param(ok(refused("E626")), Exception, False, id="E626"),
]


class TestASend:
    @pytest.mark.parametrize("put_off", AGAIN)
    def test_is_repeated_when_it_surely_did_nothing(self, put_off):
        exchange, sends, waits = hold(SEND, put_off, ok(SENT))
        assert sends == 2
        assert waits == [1.0]
        assert exchange.result.mms_id == "35674"

    @pytest.mark.parametrize(("outcome", "error", "maybe"), NOT_AGAIN)
    def test_is_never_repeated_otherwise_and_says_whether_it_may_have_arrived(self, outcome, error, maybe):
        with pytest.raises(error) as raised:
            hold(SEND, outcome)
        assert raised.value.sent_maybe is maybe

    @pytest.mark.parametrize("put_off", AGAIN)
    def test_is_not_repeated_at_all_with_retries_off(self, put_off):
        with pytest.raises((ThrottledError, CarrierError, TransportError)) as raised:
            hold(SEND, put_off, retries=Retries.of(0))
        assert raised.value.sent_maybe is False

    def test_stops_after_the_count_and_raises_the_last_error(self):
        busy = ok(refused("E106"))
        with pytest.raises(ThrottledError) as raised:
            hold(SEND, busy, busy, busy, busy, retries=Retries(count=3))
        assert raised.value.code == "E106"

    def test_after_being_put_off_is_not_repeated_once_it_may_have_left(self):
        with pytest.raises(TransportError) as raised:
            hold(SEND, ok(refused("E113")), MAYBE_LEFT)
        assert raised.value.sent_maybe


class TestAListing:
    @pytest.mark.parametrize("lost", [MAYBE_LEFT, NEVER_LEFT, ok(b"oops", 500), ok(b"", 503), ok(refused("E503"))])
    def test_is_repeated_for_it_changes_nothing(self, lost):
        exchange, sends, _ = hold(LIST, lost, ok(LISTED))
        assert sends == 2
        assert exchange.result.mms_ids == ("10011", "10234")

    def test_is_never_maybe_sent(self):
        with pytest.raises(TransportError) as raised:
            hold(LIST, MAYBE_LEFT, retries=Retries(count=0))
        assert raised.value.sent_maybe is False

    @pytest.mark.parametrize("answer", [ok(b"<html/>"), ok(b"no", 404), ok(refused("E104"))])
    def test_is_not_repeated_when_the_answer_will_stay_the_same(self, answer):
        with pytest.raises(Exception, match=r"E104|outside the protocol"):
            hold(LIST, answer)


class TestWaiting:
    def test_grows_and_is_bounded(self):
        busy = ok(refused("E106"))
        policy = Retries(count=6, first=1, longest=5, total=100)
        _, _, waits = hold(SEND, *[busy] * 6, ok(SENT), retries=policy)
        assert waits == [1, 2, 4, 5, 5, 5]

    def test_is_shortened_at_random_by_up_to_a_half(self):
        _, _, waits = hold(SEND, ok(refused("E106")), ok(SENT), random=lambda: 1.0)
        assert waits == [0.5]

    def test_lasts_as_long_as_the_gateway_asks(self):
        _, _, waits = hold(SEND, ok(b"", 429, Retry_After="7"), ok(SENT), random=lambda: 1.0)
        assert waits == [7.0]

    def test_is_never_shorter_than_it_would_have_been(self):
        _, _, waits = hold(SEND, ok(b"", 429, Retry_After="0"), ok(SENT))
        assert waits == [1.0]

    def test_for_a_turn_is_done_at_every_try(self):
        account = CellcastAccount.v1("canary-5fa1c0de-key", rate=1 / 30)
        exchange = Exchange(account, Balance(), retries=Retries(count=1), random=lambda: 0.0)
        assert isinstance(exchange.next_step, HttpRequest)
        exchange.advance(NEVER_LEFT)
        assert exchange.next_step == Pause(1.0)
        exchange.advance(None)
        assert isinstance(exchange.next_step, Pause)
        assert (exchange.next_step.again, exchange.next_step.seconds > 20) == (False, True)
        exchange.advance(None)
        assert isinstance(exchange.next_step, HttpRequest)

    def test_is_given_up_when_it_would_exceed_the_total(self):
        with pytest.raises(ThrottledError):
            hold(SEND, ok(b"", 429, Retry_After="61"))

    def test_counts_all_waits_towards_the_total(self):
        asked = ok(b"", 429, Retry_After="25")
        with pytest.raises(ThrottledError):
            hold(SEND, asked, asked, asked)


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
    def test_is_read_as_seconds_or_against_the_answers_own_date(self, headers, seconds):
        assert retry_after(HttpResponse(429, headers, b"")) == seconds


class TestRetries:
    @pytest.mark.parametrize("wrong", [-1, 1.5, "3", None, True])
    def test_are_a_count_from_zero_up(self, wrong):
        with pytest.raises(ConfigurationError, match="retries="):
            Retries.of(wrong)
        with pytest.raises(ConfigurationError, match="retries="):
            Retries(count=wrong)

    @pytest.mark.parametrize("name", ["first", "longest", "total"])
    @pytest.mark.parametrize("wrong", [-1, "3", None, True, float("inf"), float("nan")])
    def test_wait_for_seconds_from_zero_up(self, name, wrong):
        with pytest.raises(ConfigurationError, match=f"{name}="):
            Retries(**{name: wrong})

    def test_are_taken_as_they_are(self):
        assert Retries.of(Retries(count=1)) == Retries(count=1)
        assert Retries.of(7) == Retries(count=7)


class TestDecompression:
    def test_understands_what_was_not_asked_for(self):
        assert decompress(gzip.compress(SENT), "gzip", 1000) == SENT
        assert decompress(zlib.compress(SENT), "deflate", 1000) == SENT
        halves = SENT[:50], SENT[50:]
        assert decompress(b"".join(map(gzip.compress, halves)), "gzip", 1000) == SENT
        for junk in (b"\0\0", b"\r\n", b"</RESPONSE>"):
            assert decompress(gzip.compress(SENT) + junk, "gzip", 1000) == SENT
        # Many a server takes deflate for what the standard calls zlib's without its header.
        bare = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        assert decompress(bare.compress(SENT) + bare.flush(), "deflate", 1000) == SENT
        assert decompress(SENT, None, 1000) == SENT
        assert decompress(SENT, "identity", 1000) == SENT

    def test_stops_one_byte_after_the_limit(self):
        packed = zlib.compress(b"x" * 10_000)
        assert len(decompress(packed, "deflate", 100)) == 101
        assert len(decompress(gzip.compress(b"x" * 60) * 2, "gzip", 100)) == 101

    @pytest.mark.parametrize(("body", "encoding"), [(b"plain", "gzip"), (b"\x00", "br"), (gzip.compress(SENT)[:-9], "gzip")])
    def test_refuses_what_it_cannot_unpack(self, body, encoding):
        with pytest.raises(ProtocolError):
            decompress(body, encoding, 1000)
