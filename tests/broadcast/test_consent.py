"""Consent that a list records, confirmations of opt-outs, and what the ledger says about one number."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from counting_gateway import CountingGateway

from skymms import (
    Account,
    Client,
    ConfigurationError,
    InboundMMS,
    InboundSMS,
    InDoubtError,
    SendMMS,
    SendSMS,
    SkymmsError,
    Slideshow,
)
from skymms.aio import AsyncClient
from skymms.broadcast import Consent, Hours, Ledger, Recipient, read_recipients
from skymms.storage.contract import same

A, B, C, D = "15551230001", "15551230002", "15551230003", "15551230004"
MESSAGE = SendMMS(Slideshow("Spring", subject="Spring").slide("Hi!"), sender="60856")
GOODBYE = SendSMS("You will get no more messages.")


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


def consents(ledger: Ledger) -> dict[str, dict[str, Any] | None]:
    with ledger.store.reading() as transaction:
        rows = transaction.rows(same("SELECT number, consent FROM skymms_message ORDER BY number"))
    return {number: None if text is None else json.loads(text) for number, text in rows}


def reasons(ledger: Ledger) -> dict[str, str]:
    return {row["number"]: row["reason"] or row["state"] for row in ledger["spring"].rows()}


# ------------------------------------------------------------------------------------------------ the list

CSV = f"""mobile,source,words,since
{A},web form,I agree to get coupons,2026-05-01T09:00:00+02:00
{B},paper, ,2026-05-02
{C},,,2026-05-03
{D},web form,I agree,
"""
JSONL = "".join(
    json.dumps(row) + "\n"
    for row in (
        {"mobile": A, "Source": "web form", "words": "I agree to get coupons", "since": "2026-05-01T09:00:00+02:00"},
        {"mobile": B, "source": "paper", "since": "2026-05-02"},
        {"mobile": C, "since": "2026-05-03"},
        {"mobile": D, "source": "web form", "words": "I agree"},
    )
)
RECIPIENTS = [
    Recipient(A, consent=Consent("web form", "I agree to get coupons", "2026-05-01T09:00:00+02:00")),
    Recipient(B, consent=Consent("paper", time=date(2026, 5, 2))),
    Recipient(C, consent=Consent(time="2026-05-03")),
    Recipient(D, consent=Consent("web form", "I agree")),
]
COLUMNS = {"consent_source": "source", "consent_text": "words", "consent_time": "since"}
LISTS = {
    "CSV": lambda: read_recipients(io.StringIO(CSV), **COLUMNS),
    "CSV as recipients": lambda: iter(list(read_recipients(io.StringIO(CSV), **COLUMNS))),
    "JSONL": lambda: read_recipients(io.StringIO(JSONL), **COLUMNS),
    "recipients": lambda: RECIPIENTS,
}
KEPT = {
    A: {"source": "web form", "text": "I agree to get coupons", "time": "2026-05-01T09:00:00+02:00"},
    B: {"source": "paper", "text": None, "time": "2026-05-02"},
    C: None,
    D: None,
}


@pytest.mark.parametrize("kind", LISTS)
def test_consent_is_kept_with_its_source_text_and_time(ledger: Ledger, kind: str) -> None:
    ledger.create("spring", MESSAGE, LISTS[kind]())
    assert consents(ledger) == KEPT
    assert ledger["spring"].status().counts == {"ready": 4}


@pytest.mark.parametrize("kind", LISTS)
def test_without_consent_nothing_is_sent_if_it_is_required(ledger: Ledger, kind: str) -> None:
    spring = ledger.create("spring", MESSAGE, LISTS[kind](), require_consent=True)
    assert reasons(ledger) == {A: "ready", B: "ready", C: "no consent", D: "no consent"}
    assert spring.status().counts == {"ready": 2, "skipped": 2}
    assert spring.estimate().skipped == {"no consent": 2}
    with CountingGateway() as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        spring.run(client)
        assert set(gateway.requests) == {A, B}
    assert "requires consent" in ledger.explain_number(C)["messages"][0]["because"]


def test_a_list_without_the_columns_has_no_consent(ledger: Ledger) -> None:
    ledger.create("spring", MESSAGE, [A, Recipient(B)], require_consent=True)
    assert set(reasons(ledger).values()) == {"no consent"}


def test_consent_in_a_list_does_not_take_back_an_opt_out(ledger: Ledger) -> None:
    ledger.note(InboundSMS("N211", sender=A, to="60856", text="STOP", timestamp=datetime.now(UTC) - timedelta(days=1)))
    spring = ledger.create("spring", MESSAGE, [Recipient(A, consent=Consent("web", time=datetime.now(UTC)))])
    with CountingGateway() as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        spring.run(client)
        assert not gateway.requests
    assert reasons(ledger) == {A: "opted out"}


def test_a_time_of_consent_that_is_none_refuses_the_list_with_its_line(ledger: Ledger) -> None:
    text = f"mobile,source,words,since\n{A},web,yes,last spring\n"
    with pytest.raises(ConfigurationError, match="line 2: the time of the consent is 'last spring': write it in ISO 8601"):
        ledger.create("spring", MESSAGE, read_recipients(io.StringIO(text), **COLUMNS))


def test_a_column_that_there_is_not_is_named(ledger: Ledger) -> None:
    with pytest.raises(ConfigurationError, match="no column 'when'"):
        ledger.create("spring", MESSAGE, read_recipients(io.StringIO(CSV), consent_time="when"))


# ------------------------------------------------------------------------------------------------ confirmations


def stop(text: str = "STOP", id: str = "1", at: timedelta = timedelta(0)) -> InboundSMS:
    return InboundSMS("N211", sender=A, to="60856", text=text, transaction_id=id, timestamp=datetime.now(UTC) - at)


@pytest.fixture
def gateway() -> Iterator[CountingGateway]:
    with CountingGateway() as gateway:
        yield gateway


@pytest.fixture
def client(gateway: CountingGateway) -> Iterator[Client]:
    with Client(Account("k" * 32, url=gateway.url)) as client:
        yield client


def test_an_opt_out_is_confirmed_once(ledger: Ledger, gateway: CountingGateway, client: Client) -> None:
    notice = stop()
    ledger.note(notice)
    first = ledger.confirm_opt_out(notice, GOODBYE, client)
    assert first is not None
    assert ledger.confirm_opt_out(notice, GOODBYE, client) == first
    # Somebody who repeats STOP is not answered again.
    again = stop(id="2")
    ledger.note(again)
    assert ledger.confirm_opt_out(again, GOODBYE, client) is None
    assert gateway.requests == {A: 1}


async def confirm_async(ledger: Ledger, gateway: CountingGateway, notice: InboundSMS) -> Any:
    async with AsyncClient(Account("k" * 32, url=gateway.url)) as client:
        return await ledger.confirm_opt_out_async(notice, GOODBYE, client)


def test_an_opt_out_is_confirmed_once_with_an_async_client(ledger: Ledger, gateway: CountingGateway) -> None:
    import asyncio

    notice = stop()
    assert asyncio.run(confirm_async(ledger, gateway, notice)) is None
    ledger.note(notice)
    assert asyncio.run(confirm_async(ledger, gateway, notice)) == asyncio.run(confirm_async(ledger, gateway, notice))
    assert gateway.requests == {A: 1}


def test_a_lost_answer_is_not_a_second_confirmation(ledger: Ledger, gateway: CountingGateway, client: Client) -> None:
    gateway.behave = lambda number, count: None
    notice = stop()
    ledger.note(notice)
    for error in (SkymmsError, InDoubtError):
        with pytest.raises(error) as raised:
            ledger.confirm_opt_out(notice, GOODBYE, client)
        assert raised.value.sent_maybe
    assert gateway.requests == {A: 1}


@pytest.mark.parametrize(
    "notice",
    [
        stop("please stop"),
        stop("hello"),
        stop("START"),
        InboundMMS("N401", sender=A, to="60856", keyword="hello", tracking_id="1"),
    ],
    ids=["flagged", "other", "start", "MMS"],
)
def test_only_an_opt_out_is_confirmed(ledger: Ledger, gateway: CountingGateway, client: Client, notice: Any) -> None:
    ledger.note(notice)
    assert ledger.confirm_opt_out(notice, GOODBYE, client) is None
    assert not gateway.requests


def test_an_opt_out_that_was_taken_back_or_is_not_in_the_ledger_is_not_confirmed(ledger: Ledger, client: Client) -> None:
    assert ledger.confirm_opt_out(stop(), GOODBYE, client) is None
    first = stop(at=timedelta(minutes=2))
    ledger.note(first)
    ledger.note(stop("START", "2"))
    assert ledger.confirm_opt_out(first, GOODBYE, client) is None


def test_a_late_confirmation_is_not_sent(ledger: Ledger, client: Client) -> None:
    notice = stop()
    ledger.note(notice)
    with ledger.store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_wish SET arrived_at = arrived_at - 1000"))
    assert ledger.confirm_opt_out(notice, GOODBYE, client) is None


def test_outside_the_hours_no_confirmation_is_sent(ledger: Ledger, gateway: CountingGateway, client: Client) -> None:
    now = datetime.now(UTC)
    closed = Hours(f"{now + timedelta(hours=2):%H:%M}", f"{now + timedelta(hours=3):%H:%M}")
    opened = Hours(f"{now - timedelta(hours=2):%H:%M}", f"{now + timedelta(hours=2):%H:%M}")
    notice = stop()
    ledger.note(notice)
    assert ledger.confirm_opt_out(notice, GOODBYE, client, hours=closed) is None
    # The zone of the number is not known.
    assert ledger.confirm_opt_out(notice, GOODBYE, client, hours=Hours("00:00", "24:00", by_number=True)) is None
    assert not gateway.requests
    assert ledger.confirm_opt_out(notice, GOODBYE, client, hours=opened) is not None


@pytest.mark.parametrize("text", ["Goodbye {first_name|you}", "Goodbye {$name}", "Goodbye {{"])
def test_a_confirmation_has_no_merge_fields(ledger: Ledger, client: Client, text: str) -> None:
    with pytest.raises(ConfigurationError, match="merge fields"):
        ledger.confirm_opt_out(stop(), SendSMS(text), client)


def test_a_confirmation_has_a_recipient(ledger: Ledger, client: Client) -> None:
    from skymms import ListMMS

    with pytest.raises(ConfigurationError, match="ListMMS has no recipient"):
        ledger.confirm_opt_out(stop(), ListMMS(), client)


# ------------------------------------------------------------------------------------------------ one number


def test_everything_about_a_number(ledger: Ledger, client: Client) -> None:
    recipient = Recipient(A, consent=Consent("web form", "I agree", "2026-05-01"), line=7)
    ledger.create("spring", MESSAGE, [recipient]).run(client)
    ledger.note(stop())
    ledger.create("summer", MESSAGE, [A, A])
    waiting = ledger.explain_number("+1 555 123-0001")["messages"][1]
    ledger["summer"].run(client)
    found = ledger.explain_number(A)
    first, second = found["messages"]
    assert (first["broadcast"], first["state"], first["because"], first["line"]) == (
        "spring",
        "accepted",
        "the gateway queued it, and no final report has come",
        7,
    )
    assert first["consent"] == {"source": "web form", "text": "I agree", "time": "2026-05-01"}
    assert (second["state"], second["reason"]) == ("skipped", "opted out")
    assert second["because"].startswith("opted out of messages from 60856: message 'STOP', 20")
    assert second["because"].endswith(", notice 1")
    assert waiting["because"] == f"it will be skipped: {second['because']}"
    (opt_out,) = found["opt_outs"]
    assert (opt_out["scope"], opt_out["evidence"], opt_out["lifted_at"]) == ("sender:60856", "notice 1", None)
    (said,) = found["said"]
    assert (said["notice"], said["wish"], said["text"], said["code"]) == (1, "stop", "STOP", "N211")
    assert found["left_out"] == [{"broadcast": "summer", "line": 2, "kind": "duplicate", "reason": "the number is in line 1"}]
    json.dumps(found)
    ledger.note(stop("START", "2", -timedelta(seconds=0)))
    assert ledger.explain_number(A)["opt_outs"][0]["lifted_at"] is not None


def test_reasons_that_are_not_about_the_person(ledger: Ledger, client: Client) -> None:
    ledger.create("expired", MESSAGE, [A], until=datetime(2026, 1, 1, tzinfo=UTC)).run(client)
    ledger.create("cancelled", MESSAGE, [A]).cancel()
    assert [one["because"] for one in ledger.explain_number(A)["messages"]] == [
        "it was not sent before the end (until) of the broadcast",
        "the broadcast was cancelled",
    ]


def test_a_number_about_which_nothing_is_known(ledger: Ledger) -> None:
    assert ledger.explain_number(B) == {
        "number": B, "erased": False, "opt_outs": [], "said": [], "messages": [], "left_out": [],
        "hint": None,
    }  # fmt: skip


def test_an_erased_number_is_found_by_its_hash(ledger: Ledger, client: Client) -> None:
    ledger.create("spring", MESSAGE, [A]).run(client)
    ledger.forget(A)
    found = ledger.explain_number(A)
    assert found["erased"]
    assert [one["source"] for one in found["opt_outs"]] == ["erasure"]
    assert [one["state"] for one in found["messages"]] == ["accepted"]
