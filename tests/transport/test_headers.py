"""No header, status or body of a response makes anything but an error of skymms."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from client_calls import SEND
from hypothesis import example, given
from hypothesis import strategies as st
from misbehaving_server import SENT, Faulty, http, refused

from skymms import Account, HttpResponse, ListMMS, Retries, SkymmsError, Slideshow, ThrottledError
from skymms.cellcast import Balance, CellcastAccount, CellcastSend, Responses
from skymms.rate_limit import SpacedRateLimit
from skymms.transport.compression import response_from
from skymms.transport.exchange import LONGEST_SLOW_DOWN, Exchange, Pause, SlowDown
from skymms.transport.retries import LONGEST, retry_after

DATE = "Fri, 20 Nov 2026 10:00:00 GMT"
#: Values of headers that are, or look like, numbers and dates.
ODD: list[Any] = [
    "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    "Mon, 01 Jan 9999 00:00:00 GMT",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Mon, 01 Jan 2026 99:99:99 GMT",
    "Mon, 01 Jan 2026 00:00:00 +99999999",
    "Mon, 01 Jan 2026 00:00:00",
    "-1",
    "1e999",
    "inf",
    "-inf",
    "nan",
    "9" * 5000,
    "0" * 5000,
    "٣",
    "²",
    "\udcff",
    b"3",
    b"\xff",
    b"Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    "",
    " ",
    ",",
    ":",
    "1:1:1:1:1",
    "()" * 1000,
    "(" * 1000,
    None,
    7,
    float("inf"),
]
values = st.one_of(
    st.sampled_from(ODD), st.text(max_size=60), st.binary(max_size=60), st.dates().map(str), st.integers().map(str)
)
names = st.sampled_from(["Retry-After", "retry-after", "Date", b"Retry-After", "Content-Encoding", "Content-Type"])
headers = st.dictionaries(names, values)
bodies = st.one_of(st.binary(max_size=200), st.sampled_from([SENT, refused("E106"), b"", b"slow down"]))
statuses = st.sampled_from([0, 100, 200, 203, 204, 301, 400, 404, 408, 429, 500, 503, 999])

CELLCAST = CellcastAccount.v3("canary-5fa1c0de-key", rate=None)
CALLS: list[tuple[Any, Any]] = [
    *((Account("canary-5fa1c0de-key", dialect=dialect), SEND) for dialect in ("skycore", "skycore-get", "sinch-json")),  # type: ignore[arg-type]
    (Account("canary-5fa1c0de-key"), ListMMS()),
    (CELLCAST, Balance()),
    (CELLCAST, Responses()),
]


class TestRetryAfter:
    @given(headers)
    @example({"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Date": DATE})
    @example({"Retry-After": "Mon, 01 Jan 9999 00:00:00 -2359", "Date": "Mon, 01 Jan 0001 00:00:00 +2359"})
    def test_any_headers_give_seconds_or_none(self, given_headers):
        seconds = retry_after(HttpResponse(429, given_headers, b""))
        assert seconds is None or 0 <= seconds <= LONGEST

    @pytest.mark.parametrize(("value", "seconds"), [("9" * 30, LONGEST), ("0" * 20 + "7", 7.0), (b"3", 3.0)])
    def test_long_numbers_and_bytes_are_read(self, value, seconds):
        assert retry_after(HttpResponse(429, {"Retry-After": value}, b"")) == seconds

    @pytest.mark.parametrize("value", [one for one in ODD if isinstance(one, str) and one.isprintable() and one.isascii()])
    def test_odd_values_on_the_wire_end_in_the_error_of_the_refusal(self, kind, value):
        odd = http(b"slow down", "429 Slow down", Retry_After=value, Date=DATE)
        with (
            Faulty(odd) as server,
            kind(Account("canary-5fa1c0de-key", url=server.url), retries=0) as client,
            pytest.raises(ThrottledError),
        ):
            client.call(SEND)

    def test_one_response_stops_a_shared_rate_limit_for_an_hour_at_most(self):
        limit = SpacedRateLimit(1000)
        account = Account("canary-5fa1c0de-key", rate=limit)
        exchange = Exchange(account, SEND, retries=Retries(count=0), random=lambda: 0.0)
        exchange.start()
        exchange.advance(0.0)
        step = exchange.advance(HttpResponse(429, {"Retry-After": "9" * 30}, b""))
        assert step == SlowDown(limit, LONGEST_SLOW_DOWN)


@pytest.mark.parametrize("generation", ["v1", "v3"])
def test_the_headers_of_a_request_do_not_depend_on_the_requests_before(kind, generation):
    send = CellcastSend(Slideshow("n").slide("Hi", image="https://a.example/a.gif"), to="61400000000")
    assert not CellcastAccount("canary-5fa1c0de-key", generation=generation).problems(send)

    def headers_of_the_last(*operations: Any) -> dict[str, str]:
        with Faulty(*[http(b"{}")] * len(operations)) as server:
            account = CellcastAccount("canary-5fa1c0de-key", generation=generation, url=f"{server.url}c", rate=None)
            with kind(account, retries=0) as client:
                for operation in operations:
                    with suppress(SkymmsError):
                        client.call(operation)
        head = server.requests[-1].partition(b"\r\n\r\n")[0].decode().split("\r\n")
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:]) if name.lower() != "host"}

    alone = headers_of_the_last(Balance())
    assert headers_of_the_last(send, Balance()) == alone
    assert "content-type" not in alone
    assert headers_of_the_last(Balance(), send).keys() == headers_of_the_last(send).keys()


@given(st.sampled_from(CALLS), statuses, headers, bodies)
def test_only_errors_of_skymms_leave_a_call(call, status, given_headers, body):
    account, operation = call
    exchange = Exchange(account, operation, retries=Retries(count=1), random=lambda: 0.0)
    with suppress(SkymmsError):
        step = exchange.start()
        while step is not None:
            pausing = isinstance(step, Pause)
            step = exchange.advance(None if pausing else response_from(status, given_headers, body, 65536))
