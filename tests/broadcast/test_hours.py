"""Hours: nobody is sent to outside them, in no time zone and on no day, and nobody waits longer than needed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from time_zones import CHANGES, ZONES

from skymms import ConfigurationError, SendMMS, Slideshow
from skymms.broadcast import Hours, Ledger

minutes = st.integers(0, 24 * 60 - 1)
instants = st.one_of(
    st.datetimes(datetime(2025, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    st.tuples(st.sampled_from(CHANGES), st.timedeltas(timedelta(0), timedelta(days=2))).map(lambda pair: pair[0] + pair[1]),
).map(datetime.timestamp)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def minute_of_day(at: float, zone: str) -> float:
    local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
    return local.hour * 60 + local.minute + local.second / 60


def inside(minute: float, begin: int, end: int) -> bool:
    return begin <= minute < end if begin < end else not end <= minute < begin


@settings(max_examples=400, deadline=None)
@given(minutes, minutes, st.sampled_from(ZONES), instants)
def test_open_exactly_while_the_recipients_clock_is_inside(begin: int, end: int, zone: str, at: float) -> None:
    if begin == end:
        return
    at = round(at, 3)
    for hours, own in ((Hours(clock(begin), clock(end), zone), None), (Hours(clock(begin), clock(end), "UTC"), zone)):
        assert hours.is_open(at, own) == inside(minute_of_day(at, zone), begin, end)


@settings(max_examples=150, deadline=None)
@given(minutes, st.integers(1, 24 * 60 - 1), st.sampled_from(ZONES), instants)
def test_the_next_opening_is_inside_and_nothing_before_it_is(begin: int, length: int, zone: str, at: float) -> None:
    end = (begin + length) % (24 * 60)
    hours = Hours(clock(begin), clock(end), zone)
    opening = hours.next_opening(at)
    assert opening >= at
    assert inside(minute_of_day(opening, zone), begin, end)
    if opening > at:
        before = [at + 60 * step for step in range(int((opening - at) // 60) + 1) if at + 60 * step < opening]
        assert not any(inside(minute_of_day(one, zone), begin, end) for one in before)


def local(text: str, zone: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def test_the_hour_that_is_left_out() -> None:
    """Hours that begin in it begin after it, and hours within it do not come on that day."""
    zone = "America/New_York"
    before = local("2026-03-08T01:00", zone)
    assert Hours("02:30", "20:00", zone).next_opening(before) == local("2026-03-08T03:00", zone) == before + 3600
    assert Hours("02:10", "02:50", zone).next_opening(before) == local("2026-03-09T02:10", zone)


def test_the_hour_that_is_repeated_counts_twice() -> None:
    zone = "America/New_York"
    hours = Hours("01:00", "01:30", zone)
    first, second = local("2026-11-01T01:00", zone), local("2026-11-01T01:00", zone, fold=1)
    assert second - first == 3600
    assert [hours.is_open(first + 60 * minute) for minute in (0, 29, 30, 59, 60, 89, 90)] == [
        True,
        True,
        False,
        False,
        True,
        True,
        False,
    ]
    assert hours.next_opening(first + 1800) == second


def test_the_end_is_outside_and_the_begin_inside() -> None:
    hours = Hours("09:00", "20:00", "Australia/Lord_Howe")
    nine, eight = local("2026-07-01T09:00", hours.zone), local("2026-07-01T20:00", hours.zone)
    assert [hours.is_open(at) for at in (nine - 0.001, nine, eight - 0.001, eight)] == [False, True, True, False]


def test_hours_to_midnight_and_across_it() -> None:
    day = local("2026-07-01T00:00", "UTC")
    assert [Hours("22:00", "24:00").is_open(day + 3600 * hour) for hour in (21, 22, 23, 24)] == [False, True, True, False]
    assert [Hours("22:00", "06:00").is_open(day + 3600 * hour) for hour in (5, 6, 21, 22, 24)] == [
        True,
        False,
        False,
        True,
        True,
    ]
    assert Hours("00:00", "24:00").is_open(day)


def test_the_earliest_of_several_zones() -> None:
    hours = Hours("09:00", "20:00", "America/New_York")
    night = local("2026-07-01T03:00", "America/New_York")
    zones = ("America/Los_Angeles", None, "America/Chicago")
    assert hours.next_opening(night, zones) == local("2026-07-01T09:00", "America/New_York")
    assert hours.next_opening(night, ("Australia/Sydney",)) == night  # it is 17:00 there


@pytest.mark.parametrize(
    ("begin", "end", "zone", "problem"),
    [
        ("9:00", "20:00", "UTC", "not a time of the day"),
        ("09:00", "25:00", "UTC", "not a time of the day"),
        ("24:00", "06:00", "UTC", "not a time of the day"),
        ("09:00", "09:00", "UTC", "begin when they end"),
        ("09:00", "20:00", "Mars/Olympus", "is not a time zone"),
        ("09:00", "20:00", "../../etc/passwd", "is not a time zone"),
        ("09:00", "20:00", "", "is not a time zone"),
    ],
)
def test_hours_that_are_refused(begin: str, end: str, zone: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        Hours(begin, end, zone)


def test_parsing() -> None:
    assert (
        Hours.parse("09:00-20:00", "US/Eastern")
        == Hours.parse(" 09:00 - 20:00 ", "US/Eastern")
        == Hours("09:00", "20:00", "US/Eastern")
    )
    with pytest.raises(ConfigurationError, match="09:00-20:00"):
        Hours.parse("09:00")


# ------------------------------------------------------------------------------------------------ the other settings


@pytest.fixture
def ledger(tmp_path) -> Iterable[Ledger]:
    with Ledger(tmp_path / "a.db") as ledger:
        yield ledger


MESSAGE = SendMMS(Slideshow("Spring", subject="Spring").slide("Hi!", image="http://a.example/a.jpg"), sender="60856")
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def test_settings_are_kept_in_the_ledger(ledger: Ledger) -> None:
    hours = Hours("09:00", "24:00", "Australia/Eucla")
    given = {"hours": hours, "start": NOW, "until": NOW + timedelta(days=1), "rate": 14.5, "price": Decimal("0.030")}
    ledger.create("spring", MESSAGE, ["15551234888"], **given)
    kept = ledger["spring"].settings
    assert (kept.hours, kept.rate, str(kept.price)) == (hours, 14.5, "0.030")
    assert (kept.start, kept.until) == (NOW.timestamp(), NOW.timestamp() + 86400)


@pytest.mark.parametrize(
    ("settings", "error", "problem"),
    [
        ({"rate": 0}, ConfigurationError, "rate=0"),
        ({"rate": float("nan")}, ConfigurationError, "rate=nan"),
        ({"rate": True}, ConfigurationError, "rate=True"),
        ({"rate": 1e9}, ConfigurationError, "rate="),
        ({"price": Decimal("NaN")}, ConfigurationError, "price=NaN"),
        ({"price": Decimal(-1)}, ConfigurationError, "price=-1"),
        ({"start": datetime(2026, 7, 1)}, ConfigurationError, "start=2026-07-01T00:00:00 has no time zone"),
        ({"until": date(2026, 7, 1)}, TypeError, "until=.*give a datetime"),
        ({"start": NOW, "until": NOW}, ConfigurationError, "until is not after start"),
        ({"hours": "09:00-20:00"}, TypeError, "give Hours"),
    ],
)
def test_settings_that_are_refused(ledger: Ledger, settings, error, problem: str) -> None:
    with pytest.raises(error, match=problem):
        ledger.create("spring", MESSAGE, ["15551234888"], **settings)
    assert list(ledger) == []
