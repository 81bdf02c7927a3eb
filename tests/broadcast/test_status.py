"""The state of a broadcast, for what its messages wait, and why each message is in its state."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from counting_gateway import CountingGateway

from skymms import Account, Client, ConfigurationError, DeliveryReport, SendMMS, Slideshow
from skymms.broadcast import Consent, Hours, Ledger, Recipient, read_recipients
from skymms.broadcast.breakers import _describe
from skymms.broadcast.pause_rules import Counts, PauseRule
from skymms.broadcast.status import describe_phase
from skymms.storage.contract import same

A, B, C = "15551230001", "15551230002", "15551230003"
MESSAGE = SendMMS(Slideshow("Spring", subject="Spring").slide("Hi!"), sender="60856")


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


@pytest.mark.parametrize(
    ("phase", "counts", "workers", "state"),
    [
        ("planned", {"ready": 3}, 0, "planned"),
        ("planned", {"ready": 3, "skipped": 1}, 0, "planned"),
        ("planned", {"ready": 3, "accepted": 1}, 0, "stopped"),
        ("planned", {"ready": 3, "accepted": 1}, 1, "planned"),
        ("running", {"ready": 3}, 0, "stopped"),
        ("running", {"ready": 3}, 2, "running"),
        ("paused", {"ready": 3, "accepted": 1}, 0, "paused"),
        ("done", {"accepted": 1}, 0, "done"),
    ],
)
def test_a_broadcast_without_a_run_is_stopped(phase: str, counts: dict[str, int], workers: int, state: str) -> None:
    assert describe_phase(phase, counts, workers) == state


def closed_hours() -> Hours:
    """Hours that are closed now and for the next two hours at least."""
    now = datetime.now(UTC)
    return Hours(f"{now + timedelta(hours=3):%H:%M}", f"{now + timedelta(hours=5):%H:%M}", zone="UTC")


def put_off(ledger: Ledger) -> None:
    with ledger.store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_message SET due = :due"), due=datetime.now(UTC).timestamp() + 900)


def test_the_status_says_for_what_messages_wait(ledger: Ledger) -> None:
    assert ledger.create("now", MESSAGE, [A]).status().waiting is None
    start = datetime.now(UTC) + timedelta(days=1)
    hours = closed_hours()
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("start", {"start": start}, "before the start"),
        ("hours", {"hours": hours}, f"outside the hours {hours.begin}-{hours.end}"),
    ]
    for name, settings, why in cases:
        waiting = ledger.create(name, MESSAGE, [A, B], **settings).status().waiting
        assert waiting is not None
        assert (waiting.messages, waiting.why) == (2, why)
        assert waiting.until > datetime.now(UTC)
    assert ledger["hours"].status().waiting.until.strftime("%H:%M") == hours.begin  # type: ignore[union-attr]
    mixed = ledger.create("mixed", MESSAGE, [Recipient(A), Recipient(B, zone="Asia/Tokyo")], hours=Hours("00:00", "24:00"))
    assert mixed.status().waiting is None
    put_off(ledger)
    waiting = ledger["now"].status().waiting
    assert waiting is not None
    assert waiting.why == "the gateway put them off"
    ledger["now"].pause()
    assert ledger["now"].status().waiting is None


def test_a_broadcast_that_was_resumed_is_stopped_until_it_runs(ledger: Ledger) -> None:
    spring = ledger.create("spring", MESSAGE, [A, B], canary=1, pause_if=["failed>5%@1h"])
    with CountingGateway() as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        spring.run(client, seconds=1)
    spring.pause()
    spring.resume()
    assert (spring.status().phase, spring.status().state) == ("planned", "stopped")


# ------------------------------------------------------------------------------------------------ one message


def because(ledger: Ledger, number: str = A) -> str:
    return ledger.explain_number(number)["messages"][0]["because"]


def test_a_message_that_is_ready_says_for_what_it_waits(ledger: Ledger) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("now", {}, "it waits for a run of the broadcast"),
        ("later", {"start": datetime.now(UTC) + timedelta(days=1)}, "it waits for the start of the broadcast, 20"),
        ("hours", {"hours": closed_hours()}, " in UTC, which begin 20"),
    ]
    for name, settings, text in cases:
        ledger.create(name, MESSAGE, [A], **settings)
        found = {one["broadcast"]: one["because"] for one in ledger.explain_number(A)["messages"]}
        assert text in found[name]
    put_off(ledger)
    assert "the gateway put it off until 20" in because(ledger)


@pytest.mark.parametrize(
    ("state", "why", "code", "text"),
    [
        ("unknown", "lost answer", None, "the request was sent and its answer was lost: it may have arrived"),
        ("unknown", "fault", "E001", "the gateway answered with a fault of its own"),
        ("unknown", "unaccounted", None, "does not mention the number"),
        ("unknown", "interrupted", None, "the run ended while the message was being sent"),
        ("unknown", "settled as resend", None, "it was settled as resend"),
        ("unknown", None, None, "its outcome is not known"),
        ("accepted", None, None, "the gateway queued it, and no final report has come"),
        ("accepted", "settled as sent", None, "somebody settled it as sent"),
        ("delivered", None, None, "a delivery report says that it arrived"),
        ("failed", "expired", "E102", "it did not arrive: E102 (expired)"),
        ("refused", None, "E110", "the gateway refused it: E110"),
        ("refused", None, None, "the gateway refused it: without a reason"),
        ("sending", None, None, "a run is sending it"),
    ],
)
def test_every_state_has_an_explanation(ledger: Ledger, state: str, why: Any, code: Any, text: str) -> None:
    ledger.create("spring", MESSAGE, [A])
    with ledger.store.transaction() as transaction:
        change = same("UPDATE skymms_message SET state = :state, why = :why, code = :code, sent_at = 1e9, updated_at = 1e9")
        transaction.run(change, state=state, why=why, code=code)
    assert text in because(ledger)


def test_a_settled_message_says_who_settled_it_when_and_why(ledger: Ledger) -> None:
    ledger.create("spring", MESSAGE, [A])
    with ledger.store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_message SET state = 'unknown', why = 'fault', sent_at = 1e9, updated_at = 1e9"))
    ledger["spring"].settle([A], "sent", by="ada", why="their support found it")
    assert because(ledger).startswith("ada settled it as sent, 20")
    assert because(ledger).endswith(": their support found it")


# ------------------------------------------------------------------------------------------------ rules, consent, caps


def test_a_rule_says_that_no_report_came_at_all() -> None:
    rule = PauseRule.parse("delivered<85%@30m")
    assert "no delivery report has arrived for any of 30 messages: is the inbox connected" in _describe(
        rule, Counts({"accepted": 30})
    )
    assert _describe(rule, Counts({"accepted": 29, "failed": 1})).startswith("0 of 30 are delivered")
    assert _describe(PauseRule.parse("failed>5%"), Counts({"accepted": 30})).startswith("0 of 30 are failed")


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("time", "accepted"),
    [
        (NOW - timedelta(days=1), True),
        (NOW + timedelta(seconds=30), True),  # clocks differ
        (NOW + timedelta(hours=1), False),
        ((NOW + timedelta(hours=13)).replace(tzinfo=None), True),  # may be in a zone that is ahead of UTC
        ((NOW + timedelta(hours=15)).replace(tzinfo=None), False),
        (NOW.date(), True),
        (NOW.date() + timedelta(days=2), False),
        ("2026-05-01", True),
        ("2099-05-01", False),
        ("2099-05-01T09:00:00Z", False),
    ],
)
def test_a_consent_in_the_future_is_refused(ledger: Ledger, time: Any, accepted: bool) -> None:
    people = [Recipient(A, consent=Consent("form", None, time))]
    if accepted:
        assert ledger.create("spring", MESSAGE, people, require_consent=True).status().counts == {"ready": 1}
        return
    with pytest.raises(ConfigurationError, match=r"line 1: the time of the consent, .*, is in the future: correct it"):
        ledger.create("spring", MESSAGE, people)


def test_a_consent_in_the_future_is_named_with_its_line(ledger: Ledger) -> None:
    lines = io.StringIO(f"number,source,at\n{A},form,2026-05-01\n{B},form,2062-05-01\n")
    people = read_recipients(lines, consent_source="source", consent_time="at")
    with pytest.raises(ConfigurationError, match=r"line 3: the time of the consent, 2062-05-01, is in the future"):
        ledger.create("spring", MESSAGE, people)


def test_an_estimate_predicts_who_is_at_the_cap(ledger: Ledger) -> None:
    spring = ledger.create("spring", MESSAGE, [A, B])
    with CountingGateway() as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        spring.run(client)
    assert ledger.create("autumn", MESSAGE, [A, B, C], cap="1/24h").estimate().capped == 2
    assert ledger.create("winter", MESSAGE, [A, B, C], cap="2/24h").estimate().capped == 0
    assert ledger["spring"].estimate().capped == 0
    for row in spring.rows():
        ledger.note(DeliveryReport("E102", tracking_id=row["tracking_id"], to=row["number"]))
    assert ledger["autumn"].estimate().capped == 0
