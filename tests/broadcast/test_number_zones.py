"""Hours by the number: the time zones of the number and of the list, the stricter counts, and an unknown zone is none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from time_zones import CHANGES, ZONES

from skymms import ConfigurationError, SendMMS, Slideshow
from skymms.broadcast import Hours, Ledger, Recipient
from skymms.broadcast.blocks import Holder
from skymms.broadcast.zones import NumberZones
from skymms.storage import sqlite

#: Numbers of the blocks that are reserved for fiction: 555-0100 to 555-0199 of an area, and the Australian ones.
NEW_YORK, LOS_ANGELES, HONOLULU, ALASKA = "12125550100", "12135550100", "18085550100", "19075550100"
SYDNEY, MOBILE = "61255501234", "61491570156"
TOLL_FREE, UNKNOWN = "18005550100", "15551234888"
MESSAGE = SendMMS(Slideshow("Spring", subject="Spring").slide("Hi!"), sender="60856")
DAY = Hours("09:00", "20:00", by_number=True)

pytestmark = pytest.mark.compat


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


@pytest.mark.parametrize(
    ("number", "own", "zones"),
    [
        (NEW_YORK, "", "America/New_York"),
        (NEW_YORK, "America/New_York", "America/New_York"),
        (NEW_YORK, "America/Los_Angeles", "America/Los_Angeles,America/New_York"),
        (ALASKA, "", "America/Adak,America/Anchorage"),
        (SYDNEY, "", "Australia/Sydney"),
        (UNKNOWN, "", ""),
        (UNKNOWN, "America/Chicago", "America/Chicago"),
        ("12", "", ""),
        ("1", "America/Chicago", "America/Chicago"),
        ("999999999999999", "", ""),
    ],
)
def test_the_zones_of_a_number(number: str, own: str, zones: str) -> None:
    assert NumberZones().zones(number, own) == zones


def test_a_mobile_number_says_only_its_country() -> None:
    zones = NumberZones().zones(MOBILE).split(",")
    assert {"Australia/Sydney", "Australia/Perth", "Australia/Lord_Howe"} <= set(zones)


def rows(ledger: Ledger, recipients: Iterable[Recipient], hours: Hours = DAY) -> dict[str, str | None]:
    created = ledger.create("spring", MESSAGE, recipients, hours=hours)
    return {row["number"]: row["reason"] for row in created.rows()}


def test_a_number_without_a_zone_gets_nothing_and_the_row_says_why(ledger: Ledger) -> None:
    found = rows(ledger, [Recipient(NEW_YORK), Recipient(UNKNOWN), Recipient("15551234889", zone="America/Denver")])
    assert found == {NEW_YORK: None, UNKNOWN: "no time zone", "15551234889": None}
    assert ledger["spring"].status().counts == {"ready": 2, "skipped": 1}
    assert ledger["spring"].estimate().skipped == {"no time zone": 1}
    assert ledger.explain_number(UNKNOWN)["messages"][0]["because"] == (
        "the broadcast keeps hours by the number, and no time zone of the number is known"
    )


def test_hours_that_are_never_open_in_all_zones_are_a_reason_too(ledger: Ledger) -> None:
    recipients = [Recipient(NEW_YORK, zone="Asia/Singapore"), Recipient(HONOLULU, zone="America/New_York")]
    assert rows(ledger, recipients) == {NEW_YORK: "hours never open", HONOLULU: None}
    because = ledger.explain_number(NEW_YORK)["messages"][0]["because"]
    assert because == "the hours of the broadcast are never open in all time zones of the recipient at once"


def test_a_toll_free_number_has_all_zones_of_its_country() -> None:
    zones = NumberZones().zones(TOLL_FREE)
    assert {"America/New_York", "Pacific/Honolulu"} <= set(zones.split(","))
    assert DAY.ever_open(datetime(2026, 7, 1, tzinfo=UTC).timestamp(), zones)
    assert not Hours("09:00", "17:00").ever_open(datetime(2026, 7, 1, tzinfo=UTC).timestamp(), zones)


def test_hours_that_are_open_in_one_season_only_are_no_reason(ledger: Ledger) -> None:
    """New York is 15 hours behind Sydney in June, and 17 in December in part of the year."""
    hours = Hours("09:00", "17:30", by_number=True)
    assert rows(ledger, [Recipient(NEW_YORK, zone="Australia/Sydney")], hours) == {NEW_YORK: None}


def test_duplicates_of_a_skipped_number_do_not_change_the_counts(ledger: Ledger) -> None:
    recipients = [Recipient(UNKNOWN), Recipient(NEW_YORK), Recipient(UNKNOWN), Recipient(NEW_YORK)]
    created = ledger.create("spring", MESSAGE, recipients, hours=DAY)
    status = created.status()
    assert (status.counts, status.left_out) == ({"ready": 1, "skipped": 1}, {"duplicate": 2})


def test_the_hours_are_kept_in_the_ledger(ledger: Ledger) -> None:
    rows(ledger, [Recipient(NEW_YORK)])
    assert ledger["spring"].settings.hours == DAY


def test_hours_by_the_number_have_no_zone_for_all() -> None:
    with pytest.raises(ConfigurationError, match="leave out zone='America/New_York'"):
        Hours("09:00", "20:00", "America/New_York", by_number=True)
    assert Hours.parse("09:00-20:00", by_number=True) == DAY


def test_without_phonenumbers_the_error_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['phonenumbers'] = None\n"
        "from skymms.broadcast.zones import NumberZones\n"
        "try: NumberZones()\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install 'skymms[hours]'" in done.stdout


# ------------------------------------------------------------------------------------------------ the fuzz

minutes = st.integers(0, 24 * 60 - 1)
zone_sets = st.lists(st.sampled_from(ZONES), min_size=1, max_size=4, unique=True)
instants = st.one_of(
    st.datetimes(datetime(2025, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    st.tuples(st.sampled_from(CHANGES), st.timedeltas(timedelta(0), timedelta(days=2))).map(lambda pair: pair[0] + pair[1]),
).map(datetime.timestamp)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def inside(at: float, zone: str, begin: int, end: int) -> bool:
    local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    return begin <= minute < end if begin < end else not end <= minute < begin


@settings(max_examples=300)
@given(minutes, st.integers(1, 24 * 60 - 1), zone_sets, instants)
def test_several_zones_are_open_while_all_are(begin: int, length: int, zones: list[str], at: float) -> None:
    end = (begin + length) % (24 * 60)
    hours = Hours(clock(begin), clock(end))
    assert hours.is_open(at, ",".join(zones)) is all(inside(at, zone, begin, end) for zone in zones)


@settings(max_examples=60)
@given(minutes, st.integers(60, 24 * 60 - 1), zone_sets, instants)
def test_the_next_opening_of_several_zones(begin: int, length: int, zones: list[str], at: float) -> None:
    end = (begin + length) % (24 * 60)
    hours, names = Hours(clock(begin), clock(end)), ",".join(zones)
    opening = hours.next_opening(at, (names,))
    assert opening >= at
    if not hours.is_open(opening, names):
        assert opening - at > 3 * 86400 - 60
        opening = at + 3 * 86400
    steps = [at + 60 * step for step in range(int((opening - at) // 60) + 1) if at + 60 * step < opening]
    if opening > at:
        assert not any(all(inside(one, zone, begin, end) for zone in zones) for one in steps)


@pytest.mark.parametrize("change", CHANGES, ids=[f"{change:%Y-%m-%d}" for change in CHANGES])
def test_no_request_is_outside_hours_in_the_night_of_a_change(
    sqlite_where: str, monkeypatch: pytest.MonkeyPatch, change: datetime
) -> None:
    """A broadcast to numbers of all US and Australian zones, looked at every half hour of two days: 0 outside hours."""
    now = change.timestamp()
    monkeypatch.setattr(sqlite._Transaction, "now", lambda transaction: now)
    ledger = Ledger(sqlite_where)
    recipients = [Recipient(f"1555000{place:04}", zone=zone) for place, zone in enumerate(ZONES)]
    both = [Recipient(f"{NEW_YORK[:-2]}{place:02}", zone=zone) for place, zone in enumerate(ZONES)]
    zones = {str(one.number): [str(one.zone)] for one in recipients}
    zones |= {str(one.number): [str(one.zone), "America/New_York"] for one in both}
    created = ledger.create("spring", MESSAGE, [*recipients, *both], hours=DAY)
    created._begin()
    holder = Holder(ledger.store, created.id, created.settings, account="a", sender="60856", scopes=())
    holder.begin(alone=False)
    sent: dict[str, float] = {}
    for _ in range(48 * 2):
        block = holder.exchange([], 1000)
        for intent in block.intents:
            sent[intent.number] = now + intent.turn
        now += 1800
    outside = {number: at for number, at in sent.items() if not all(inside(at, one, 540, 1200) for one in zones[number])}
    assert outside == {}
    assert {str(one.number) for one in recipients} <= sent.keys()
    assert len(sent.keys() & {str(one.number) for one in both}) > len(both) / 2
    ledger.close()
