"""Rate limits: the spacing of turns, slowing down, and both clients that wait for their turns."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import deque
from typing import Any

import pytest
from client_calls import CANARY, QUICK, SEND
from hypothesis import given
from hypothesis import strategies as st
from misbehaving_server import SENT, Faulty, http, refused

from skymms import Account, Client, ConfigurationError, Retries, ThrottledError
from skymms.aio import AsyncClient
from skymms.rate_limit import MAX_FACTOR, RECOVERY_SECONDS, RateLimit, SpacedRateLimit, rate_limit_from


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limited_account(url: str, rate_limit: RateLimit | None) -> Account:
    """A Skycore account with this rate limit."""
    return Account(CANARY, url=url, rate=rate_limit)


# ------------------------------------------------------------------------------------------------ spacing


class TestSpacing:
    def test_the_first_turn_is_immediate_and_the_next_is_one_gap_later(self, clock: Clock) -> None:
        limit = SpacedRateLimit(0.5, clock)
        assert [limit.reserve(), limit.reserve(), limit.reserve()] == [0.0, 0.5, 1.0]

    def test_an_idle_time_is_not_saved_for_later(self, clock: Clock) -> None:
        limit = SpacedRateLimit(0.5, clock)
        limit.reserve()
        clock.now += 60
        assert [limit.reserve(), limit.reserve()] == [0.0, 0.5]

    def test_several_turns_are_reserved_at_once(self, clock: Clock) -> None:
        limit = SpacedRateLimit(0.5, clock)
        assert limit.reserve(4) == 0.0
        assert limit.reserve() == 2.0

    @given(st.lists(st.tuples(st.just(0.0) | st.floats(0, 2), st.integers(0, 20)), min_size=16, max_size=200))
    def test_no_second_has_more_than_15_starts_at_a_rate_of_14_5(self, calls: list[tuple[float, int]]) -> None:
        clock = Clock()
        limit = SpacedRateLimit(1 / 14.5, clock)
        starts = []
        for pause, chance in calls:
            clock.now += pause
            if chance == 20:
                limit.slow_down(pause)
            starts.append(clock.now + limit.reserve())
        assert starts == sorted(starts)
        assert all(later - earlier > 1 for earlier, later in zip(starts, starts[15:], strict=False))

    def test_threads_never_get_the_same_turn(self) -> None:
        limit = SpacedRateLimit(1.0, Clock())
        turns: list[float] = []

        def reserve_some() -> None:
            turns.extend(limit.reserve() for _ in range(200))

        threads = [threading.Thread(target=reserve_some) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(turns) == [float(turn) for turn in range(1600)]


class TestSlowingDown:
    def test_slow_down_starts_no_turn_within_its_seconds(self, clock: Clock) -> None:
        limit = SpacedRateLimit(0.5, clock)
        limit.slow_down(7)
        assert limit.reserve() == 7

    def test_slow_down_does_not_bring_a_later_turn_forward(self, clock: Clock) -> None:
        limit = SpacedRateLimit(10, clock)
        limit.reserve()
        limit.slow_down(1)
        assert limit.reserve() == 10

    def test_slow_down_doubles_the_gap_up_to_eight_times(self, clock: Clock) -> None:
        limit = SpacedRateLimit(1.0, clock)
        assert [self.gap_after_slow_down(limit, clock) for _ in range(5)] == [2, 4, 8, 8, 8]
        assert MAX_FACTOR == 8

    @staticmethod
    def gap_after_slow_down(limit: SpacedRateLimit, clock: Clock) -> float:
        limit.slow_down(0)
        return TestSlowingDown.gap(limit)

    @staticmethod
    def gap(limit: SpacedRateLimit) -> float:
        first = limit.reserve()
        return limit.reserve() - first

    def test_the_gap_is_halved_after_every_30_seconds(self, clock: Clock) -> None:
        limit = SpacedRateLimit(1.0, clock)
        for _ in range(3):
            limit.slow_down(0)
        gaps = []
        for _ in range(5):
            gaps.append(self.gap(limit))
            clock.now += 30
        assert gaps == [8, 4, 2, 1, 1]
        assert RECOVERY_SECONDS == 30

    def test_the_gap_is_halved_several_times_after_a_long_pause(self, clock: Clock) -> None:
        limit = SpacedRateLimit(1.0, clock)
        for _ in range(3):
            limit.slow_down(0)
        clock.now += 65
        assert self.gap(limit) == 2

    def test_the_30_seconds_count_from_the_last_slow_down(self, clock: Clock) -> None:
        limit = SpacedRateLimit(1.0, clock)
        limit.slow_down(0)
        clock.now += 29
        limit.slow_down(0)
        clock.now += 29
        assert self.gap(limit) == 4
        clock.now += 1
        assert self.gap(limit) == 2


class TestRate:
    def test_a_rate_is_the_number_of_requests_a_second(self) -> None:
        limit = rate_limit_from(14.5)
        assert isinstance(limit, SpacedRateLimit)
        assert limit.gap == pytest.approx(0.069, abs=0.0001)
        assert isinstance(rate_limit_from(2), SpacedRateLimit)

    def test_a_rate_may_be_a_custom_rate_limit_or_none(self) -> None:
        limit = SpacedRateLimit(1)
        assert rate_limit_from(limit) is limit
        assert rate_limit_from(None) is None

    @pytest.mark.parametrize("rate", [0, -1, True, float("inf"), float("nan"), "14.5", object(), SpacedRateLimit])
    def test_a_rate_that_is_not_a_positive_number_or_a_limit_is_refused(self, rate: Any) -> None:
        with pytest.raises(ConfigurationError, match=r"rate=.*give requests a second"):
            rate_limit_from(rate)


# ------------------------------------------------------------------------------------------------ the clients


class Counting:
    """A rate limit that records how it is called, and in which thread."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.calls: list[tuple[str, float]] = []
        self.threads: set[int] = set()

    def reserve(self, n: int, /) -> float:
        self._record("reserve", n)
        return self.seconds

    def slow_down(self, seconds: float, /) -> None:
        self._record("slow_down", seconds)

    def _record(self, name: str, argument: float) -> None:
        self.calls.append((name, argument))
        self.threads.add(threading.get_ident())


class TestRateLimitOfClient:
    def test_a_client_reserves_one_turn_for_each_request(self, kind: Any) -> None:
        limit = Counting()
        with Faulty(http(SENT)) as server, kind(limited_account(server.url, limit)) as client:
            for _ in range(3):
                client.call(SEND)
        assert limit.calls == [("reserve", 1)] * 3

    def test_a_client_waits_for_its_turn(self, kind: Any) -> None:
        with Faulty(http(SENT)) as server, kind(limited_account(server.url, Counting(0.2))) as client:
            started = time.monotonic()
            client.call(SEND)
        assert 0.2 <= time.monotonic() - started < 5

    @pytest.mark.parametrize(
        "throttled", [http(refused("E106")), http(refused("E113")), http(b"", "429 Too Many Requests", Retry_After="0")]
    )
    def test_a_client_reports_a_throttled_request_and_reserves_a_turn_for_its_retry(self, kind: Any, throttled: bytes) -> None:
        limit = Counting()
        with Faulty(throttled, http(SENT)) as server, kind(limited_account(server.url, limit), retries=QUICK) as client:
            client.call(SEND)
        assert [name for name, _ in limit.calls] == ["reserve", "slow_down", "reserve"]
        assert 0 < limit.calls[1][1] < 1

    def test_a_client_reports_the_seconds_of_retry_after_to_the_rate_limit(self, kind: Any) -> None:
        limit = Counting()
        busy = http(b"", "429 Too Many Requests", Retry_After="17")
        with (
            Faulty(busy) as server,
            kind(limited_account(server.url, limit), retries=0) as client,
            pytest.raises(ThrottledError),
        ):
            client.call(SEND)
        assert limit.calls == [("reserve", 1), ("slow_down", 17.0)]

    @pytest.mark.parametrize("code", ["E120", "E618", "E104"])
    def test_a_client_does_not_report_other_refusals_to_the_rate_limit(self, kind: Any, code: str) -> None:
        limit = Counting()
        with (
            Faulty(http(refused(code))) as server,
            kind(limited_account(server.url, limit), retries=0) as client,
            pytest.raises(Exception, match=code),
        ):
            client.call(SEND)
        assert limit.calls == [("reserve", 1)]

    def test_an_error_of_the_rate_limit_is_raised_and_nothing_was_sent(self, kind: Any) -> None:
        class Broken(Counting):
            def reserve(self, n: int, /) -> float:
                raise OSError("no database")

        with (
            Faulty(http(SENT)) as server,
            kind(limited_account(server.url, Broken())) as client,
            pytest.raises(OSError, match="no database") as raised,
        ):
            client.call(SEND)
        assert raised.value.sent_maybe is False  # type: ignore[attr-defined]
        assert server.requests == []


class TestRateLimitOfAsyncClient:
    def call(self, limit: RateLimit, *acts: bytes) -> int:
        """Call once and return the thread of the event loop."""

        async def job(server: Faulty) -> int:
            async with AsyncClient(limited_account(server.url, limit), retries=QUICK) as client:
                await client.call(SEND)
            return threading.get_ident()

        with Faulty(*acts) as server:
            return asyncio.run(job(server))

    def test_an_async_client_calls_a_custom_rate_limit_in_a_thread(self) -> None:
        limit = Counting()
        assert self.call(limit, http(refused("E106")), http(SENT)) not in limit.threads
        assert [name for name, _ in limit.calls] == ["reserve", "slow_down", "reserve"]

    def test_an_async_client_awaits_reserve_async_if_there_is_one(self) -> None:
        class Asynchronous(Counting):
            async def reserve_async(self, n: int) -> float:
                self._record("reserve_async", n)
                return 0.0

        limit = Asynchronous()
        assert self.call(limit, http(SENT)) in limit.threads
        assert limit.calls == [("reserve_async", 1)]

    def test_an_async_client_starts_no_thread_for_the_built_in_rate_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def fail(*args: Any) -> None:
            raise AssertionError("no thread is needed")

        monkeypatch.setattr(asyncio, "to_thread", fail)
        self.call(SpacedRateLimit(0.001), http(refused("E106")), http(SENT))


class LimitedGateway(Faulty):
    """Refuses with E106 each request after the first ``limit`` within any second."""

    def __init__(self, limit: int) -> None:
        self.refused = 0
        self._limit = limit
        self._recent: deque[float] = deque()
        self._guard = threading.Lock()
        super().__init__(self._answer)

    def _answer(self, connection: Any, closing: threading.Event) -> None:
        with self._guard:
            now = time.monotonic()
            while self._recent and now - self._recent[0] >= 1:
                self._recent.popleft()
            allowed = len(self._recent) < self._limit
            if allowed:
                self._recent.append(now)
            else:
                self.refused += 1
        connection.sendall(http(SENT if allowed else refused("E106"), Connection="close"))


@pytest.mark.parametrize("rate", [145.0, 600.0], ids=["below the limit", "far above the limit"])
def test_ten_threads_lose_none_of_200_messages_to_a_limit_of_150_a_second(rate: float) -> None:
    server = LimitedGateway(150)
    with server:
        account = limited_account(server.url, rate_limit_from(rate))
        with Client(account, retries=Retries(first=0.2, longest=1)) as client:
            numbers = itertools.count()
            sent: list[str | None] = []

            def send_some() -> None:
                while next(numbers) < 200:
                    sent.append(client.call(SEND).tracking_id)

            threads = [threading.Thread(target=send_some) for _ in range(10)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert len(sent) == 200
    # Below the limit, a slow machine can still delay one request into the next.
    assert server.refused > 0 or rate < 150
