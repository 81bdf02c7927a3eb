"""A canary and rules: a broadcast pauses by itself if outcomes are bad, and does not if they are late, shuffled or repeated."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skymms import Client, ConfigurationError, DeliveryReport, SendMMS, Slideshow
from skymms.broadcast import Broadcast, End, Ledger, PauseRule, Share, State
from skymms.broadcast.pause_rules import Counts
from skymms.broadcast.running import Desk
from skymms.sandbox import Sandbox

MESSAGE = SendMMS(Slideshow("Spring", subject="Spring").slide("Hi!"), sender="60856")
PEOPLE = [f"1555123{number:04}" for number in range(400)]
CARRIERS = ("0001570", "0002240", "0003330")

#: Says what becomes of a number at a carrier: a code and a status.
Outcome = Callable[[str, str], tuple[str, str]]
DELIVERED, FAILED = ("N102", "Message Sent/Delivered"), ("E102", "Message Sent/Failed")


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


def carrier_of(number: str) -> str:
    return CARRIERS[int(number) % 3]


class Phones(threading.Thread):
    """Reports what became of messages, as a receiver of postbacks does: in any order, late and more than once."""

    def __init__(self, ledger: Ledger, broadcast: Broadcast, outcome: Outcome, *, late: float = 0.0) -> None:
        super().__init__(daemon=True)
        self._ledger, self._broadcast, self._outcome, self._late = ledger, broadcast, outcome, late
        self._random = random.Random(7)
        self._ended = threading.Event()

    def __enter__(self) -> Phones:
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        due: dict[str, float] = {}
        reported: set[str] = set()
        while not self._ended.is_set():
            rows = [row for row in self._broadcast.rows() if row["tracking_id"] and row["number"] not in reported]
            self._random.shuffle(rows)
            for row in rows:
                number = row["number"]
                at = due.setdefault(number, time.monotonic() + self._random.uniform(0, self._late))
                if time.monotonic() >= at:
                    reported.add(number)
                    for notice in self.notices(row):
                        self._ledger.note(notice)
            self._ended.wait(0.05)

    def notices(self, row: dict[str, Any]) -> list[DeliveryReport]:
        code, status = self._outcome(row["number"], carrier_of(row["number"]))
        final, sent = (
            DeliveryReport(
                one, status=text, tracking_id=row["tracking_id"], to=row["number"], operator_id=carrier_of(row["number"])
            )
            for one, text in ((code, status), ("N101", "Message Sent"))
        )
        notices = [final, sent, final]
        self._random.shuffle(notices)
        return notices


def run(ledger: Ledger, broadcast: Broadcast, outcome: Outcome, *, late: float = 0.0, seconds: float = 60.0) -> Any:
    with Sandbox() as sandbox, Client(sandbox.account()) as client, Phones(ledger, broadcast, outcome, late=late):
        return broadcast.run(client, threads=4, seconds=seconds)


class TestCanary:
    def test_one_failing_carrier_pauses_before_the_next_recipient(self, ledger: Ledger) -> None:
        spring = ledger.create("spring", MESSAGE, PEOPLE, canary=200, pause_if=["delivered<85%@30m"])
        result = run(ledger, spring, lambda number, carrier: FAILED if carrier == CARRIERS[1] else DELIVERED)
        assert (result.end, result.requested) == (End.PAUSED, 200)
        assert spring.status().counts[State.READY] == 200
        assert CARRIERS[1] in result.why
        assert "E102" in result.why
        assert "delivered<85%@30m" in result.why

    def test_a_healthy_run_with_late_shuffled_and_repeated_reports_goes_on(self, ledger: Ledger) -> None:
        rules = ["delivered<85%@20s", "failed>10%", "optout>2%", "refused>5%"]
        spring = ledger.create("spring", MESSAGE, PEOPLE, canary=100, pause_if=rules)
        result = run(ledger, spring, lambda number, carrier: FAILED if int(number) % 29 == 0 else DELIVERED, late=3.0)
        assert (result.end, result.why, result.requested) == (End.DONE, None, 400)

    def test_without_outcomes_the_rest_is_not_sent_until_the_time_of_the_rule(self, ledger: Ledger) -> None:
        spring = ledger.create("spring", MESSAGE, PEOPLE[:60], canary=30, pause_if=["delivered<50%@1h"])
        known: list[int | None] = []

        def watch(desk: Desk) -> None:
            known.append(desk.progress().canary_known)

        with Sandbox() as sandbox, Client(sandbox.account()) as client:
            result = spring.run(client, seconds=4.0, watch=watch)
        assert (result.end, result.requested) == (End.STOPPED, 30)
        assert known[-1] == 0

    def test_who_gets_no_report_in_time_was_not_delivered_to(self, ledger: Ledger) -> None:
        spring = ledger.create("spring", MESSAGE, PEOPLE[:60], canary=30, pause_if=["delivered<50%@1s"])
        with Sandbox() as sandbox, Client(sandbox.account()) as client:
            result = spring.run(client, seconds=30.0)
        assert (result.end, result.requested) == (End.PAUSED, 30)
        assert "no delivery report has arrived for any of 30 messages" in (result.why or "")

    def test_resuming_sends_to_the_rest(self, ledger: Ledger) -> None:
        spring = ledger.create("spring", MESSAGE, PEOPLE[:60], canary=30, pause_if=["delivered<50%@1s"])
        with Sandbox() as sandbox, Client(sandbox.account()) as client:
            assert spring.run(client, seconds=30.0).end is End.PAUSED
            spring.resume()
            result = spring.run(client, seconds=30.0)
        assert (result.end, result.requested) == (End.DONE, 30)

    def test_a_canary_that_was_passed_is_not_awaited_again(self, ledger: Ledger) -> None:
        spring = ledger.create("spring", MESSAGE, PEOPLE[:80], canary=20, pause_if=["failed>50%"], rate=20.0)
        with Sandbox() as sandbox, Client(sandbox.account()) as client, Phones(ledger, spring, lambda *_: DELIVERED):
            first = spring.run(client, seconds=3.0)
            second = spring.run(client, seconds=60.0)
        assert (first.end, second.end) == (End.STOPPED, End.DONE)
        assert first.requested + second.requested == 80
        assert [line["verb"] for line in ledger.audit() if line["verb"] == "canary passed"] == ["canary passed"]

    def test_opt_outs_pause(self, ledger: Ledger) -> None:
        spring = ledger.create("spring", MESSAGE, PEOPLE[:100], canary=50, pause_if=["optout>2%@1s"])

        def outcome(number: str, carrier: str) -> tuple[str, str]:
            if int(number) % 10 == 0:
                ledger.suppress([number], source="STOP")
            return DELIVERED

        result = run(ledger, spring, outcome)
        assert (result.end, result.requested) == (End.PAUSED, 50)
        assert "opted out" in result.why

    def test_a_canary_as_large_as_the_list_ends(self, ledger: Ledger) -> None:
        spring = ledger.create("spring", MESSAGE, PEOPLE[:10], canary=500, pause_if=["failed>50%"])
        assert run(ledger, spring, lambda *_: DELIVERED).end is End.DONE


def test_a_carrier_that_begins_to_fail_later_pauses_the_rest(ledger: Ledger) -> None:
    spring = ledger.create("spring", MESSAGE, PEOPLE, canary=60, pause_if=["failed>20%"], rate=20.0)
    late = set(PEOPLE[100:])
    result = run(ledger, spring, lambda number, _: FAILED if number in late and int(number) % 3 == 0 else DELIVERED)
    assert result.end is End.PAUSED
    assert 60 < result.requested < 400


class TestRules:
    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            ("delivered<85%@30m", PauseRule("delivered", True, 0.85, 1800.0)),
            (" Delivered < 85 % @ 30 m ", PauseRule("delivered", True, 0.85, 1800.0)),
            ("optout>2%", PauseRule("optout", False, 0.02)),
            ("failed>0.5%@90s", PauseRule("failed", False, 0.005, 90.0)),
            ("refused>10%@2h", PauseRule("refused", False, 0.1, 7200.0)),
            ("unknown>1%", PauseRule("unknown", False, 0.01)),
        ],
    )
    def test_they_are_written_in_both_directions(self, text: str, rule: PauseRule) -> None:
        assert PauseRule.parse(text) == rule
        assert PauseRule.parse(str(rule)) == rule

    @pytest.mark.parametrize(
        "text",
        ["", "delivered", "delivered<85", "delivered<85%", "delivered=85%@1m", "sent<85%@1m", "failed>0%", "failed>100%",
         "failed>120%", "failed>1%@1d", "failed>1%@169h", "failed>1%@", "failed>-1%", "failed>1e3%", "delivered<85%@0s"],
    )  # fmt: skip
    def test_others_are_refused(self, text: str) -> None:
        with pytest.raises(ConfigurationError):
            PauseRule.parse(text)

    @pytest.mark.parametrize("canary", [0, -1, True, 1.5, "200"])
    def test_a_wrong_canary_is_refused(self, ledger: Ledger, canary: Any) -> None:
        with pytest.raises(ConfigurationError, match="canary"):
            ledger.create("spring", MESSAGE, PEOPLE[:3], canary=canary, pause_if=["failed>5%"])

    def test_a_canary_needs_a_rule(self, ledger: Ledger) -> None:
        with pytest.raises(ConfigurationError, match="pause_if"):
            ledger.create("spring", MESSAGE, PEOPLE[:3], canary=3)

    @given(st.integers(20, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))), st.floats(0.01, 0.99))
    def test_a_rule_is_broken_only_beyond_doubt(self, counts: tuple[int, int], limit: float) -> None:
        part, of = counts
        share = Share.among(part, of)
        below, above = PauseRule("delivered", True, limit, 1.0), PauseRule("failed", False, limit)
        assert not (below.is_broken(share) and above.is_broken(share))
        if below.is_broken(share):
            assert part / of < limit
        if above.is_broken(share):
            assert part / of > limit

    def test_what_is_measured(self) -> None:
        counts = Counts({"accepted": 5, "delivered": 70, "failed": 25, "refused": 30, "unknown": 20, "ready": 1000}, 4)
        measured = {name: PauseRule(name, False, 0.5).share(counts)[:2] for name in ("delivered", "failed", "optout")}
        assert measured == {"delivered": (70, 100), "failed": (25, 100), "optout": (4, 100)}
        assert PauseRule("refused", False, 0.5).share(counts)[:2] == (30, 150)
        assert PauseRule("unknown", False, 0.5).share(counts)[:2] == (20, 150)
