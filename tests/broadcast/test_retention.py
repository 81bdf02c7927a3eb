"""What a ledger forgets: a number on request, so that it can be read nowhere, and what ended long ago."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from counting_gateway import CountingGateway

from skymms import (
    Account,
    Client,
    ConfigurationError,
    DeliveryReport,
    RecipientError,
    SendMMS,
    Slideshow,
    TransportError,
)
from skymms.broadcast import Ledger, Recipient
from skymms.storage.contract import same

A, B, C, ERASED = "15551234888", "15551234889", "15551234890", "15559876543"
MESSAGE = SendMMS(Slideshow("Spring", subject="Spring").slide("Hi {name|you}!", image="http://a.example/a.jpg"), sender="60856")


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


def query(ledger: Ledger, sql: str, **values) -> list[tuple]:
    with ledger._store.reading() as transaction:
        return transaction.rows(same(sql), **values)


def everything(ledger: Ledger) -> str:
    """All tables of the ledger, as text."""
    if ledger._store.kind == "sqlite":
        tables = query(ledger, "SELECT name FROM sqlite_master WHERE type = 'table'")
    else:
        tables = query(ledger, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return json.dumps({name: query(ledger, f"SELECT * FROM {name}") for (name,) in tables}, default=str)


def run(ledger: Ledger, name: str, behave=lambda number, count: "ok") -> None:
    with CountingGateway(behave) as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        ledger[name].run(client, threads=2)


def states(ledger: Ledger, name: str) -> dict[str, str]:
    return {row["number"]: row["reason"] or row["state"] for row in ledger[name].rows()}


# ------------------------------------------------------------------------------------------------ forget


def fill(ledger: Ledger) -> None:
    """Write the number into every table in which it can be."""
    recipients = [
        Recipient(A, {"name": "Ada"}),
        Recipient(ERASED, {"name": "Erika Secret"}, "customer-secret"),
        "+1 (555) 987-6543",
        f"{ERASED} or {B}",
        f"1 555 987-6543 / {B}",
        B,
    ]
    ledger.create("sent", MESSAGE, recipients, skip_invalid=True)
    run(ledger, "sent")
    ledger.create("waiting", MESSAGE, recipients, skip_invalid=True)
    ledger.create("refused", MESSAGE, recipients, skip_invalid=True)
    run(ledger, "refused", lambda number, count: "E110")
    ledger.note(DeliveryReport("N102", status="Message Sent", tracking_id=f"MMS_{ERASED}_1", to=ERASED, sender="60856"))
    ledger.note(DeliveryReport("N102", status="Message Sent", tracking_id="another", to=f"+{ERASED}", sender="60856"))
    ledger.suppress([ERASED], sender="60856", evidence=f"STOP from {ERASED}")
    ledger.suppress([B], evidence=f"the same household as {ERASED}")
    ledger["waiting"].pause(why=f"{ERASED} complained")
    with CountingGateway() as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        ledger.send_once("order-17", SendMMS(MESSAGE.slideshow, to=ERASED, sender="60856"), client)


def test_a_forgotten_number_can_be_read_in_no_table(ledger: Ledger) -> None:
    fill(ledger)
    before = everything(ledger)
    assert ERASED in before
    ledger.forget("+1 (555) 987-6543", by="ada")
    after = everything(ledger)
    assert ERASED not in after
    for trace in ("987-6543", "Erika Secret", "customer-secret"):
        assert trace in before
        assert trace not in after
    assert A in after
    assert "Ada" in after
    entry = list(ledger.audit())[-1]
    assert (entry["verb"], entry["who"]) == ("forget", "ada")
    assert entry["number"].startswith("#")


def test_the_bytes_of_a_sqlite_file_and_its_neighbours_do_not_have_it(sqlite_where: str) -> None:
    """Freed pages, cells that moved when pages were split, and the journal included."""
    with Ledger(sqlite_where) as ledger:
        fill(ledger)
        numbers = [f"1555{(at * 7_919) % 1_000_003:07}" for at in range(20_000)]
        ledger.create("large", MESSAGE, [Recipient(one, {"name": f"Secret {one}"}) for one in numbers])
        erased = [ERASED, *numbers[3::2_000]]
        for number in erased:
            ledger.forget(number)
        files = list(Path(sqlite_where).parent.glob(f"{Path(sqlite_where).name}*"))
        assert len(files) >= 2
        for file in files:
            content = file.read_bytes()
            assert [number for number in erased if number.encode() in content] == [], file.name
        ledger.create("later", MESSAGE, [A])  # the journal is used as before
        assert Path(sqlite_where).read_bytes().count(numbers[4].encode()) >= 1


def test_a_forgotten_number_is_skipped_counted_and_stays_suppressed(ledger: Ledger) -> None:
    fill(ledger)
    ledger.forget(ERASED)
    ledger["waiting"].resume()
    assert ledger["waiting"].status().counts == {"ready": 2, "skipped": 1}
    ledger.create("new", MESSAGE, [A, ERASED, C])
    estimate = ledger["new"].estimate()
    assert (estimate.messages, estimate.opted_out, estimate.requests) == (3, 1, 2)
    run(ledger, "new")
    assert states(ledger, "new") == {A: "accepted", ERASED: "opted out", C: "accepted"}
    sent = ledger["sent"].status().counts
    assert sent == {"accepted": 3} or sent == {"accepted": 2, "delivered": 1}
    assert len(states(ledger, "sent")) == 3  # the message keeps its row


def test_forgetting_twice_and_a_number_that_is_not_known(ledger: Ledger) -> None:
    ledger.create("one", MESSAGE, [ERASED, A])
    ledger.forget(ERASED)
    ledger.forget(ERASED)
    ledger.forget(C)
    assert ledger["one"].status().counts == {"ready": 1, "skipped": 1}
    assert ERASED not in everything(ledger)
    with pytest.raises(RecipientError):
        ledger.forget("not a number")


def test_a_number_that_is_forgotten_while_its_list_is_read(ledger: Ledger, ledger_where: str) -> None:
    """The list has it again after it was forgotten: it is skipped, and can be forgotten again."""

    def recipients() -> Iterable[str]:
        yield ERASED
        yield from (f"1555{at:07}" for at in range(9_999))
        with Ledger(ledger_where) as other:
            other.forget(ERASED)
        yield ERASED

    broadcast = ledger.create("one", MESSAGE, recipients())
    assert broadcast.status().counts == {"ready": 10_000, "skipped": 1}
    ledger.forget(ERASED)
    assert broadcast.status().counts == {"ready": 9_999, "skipped": 1}
    assert ERASED not in everything(ledger)


def test_a_reply_to_a_key_can_still_be_read(ledger: Ledger) -> None:
    send = SendMMS(MESSAGE.slideshow, to=ERASED, sender="60856")
    with CountingGateway() as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        ledger.send_once("order-17", send, client)
        ledger.forget(ERASED)
        assert ERASED not in str(ledger.send_once("order-17", send, client))
        assert gateway.requests[ERASED] == 1


def test_only_the_number_itself_is_forgotten(ledger: Ledger) -> None:
    """Not one that contains it, or is contained in it."""
    ledger.create("one", MESSAGE, [ERASED, f"{ERASED}1", ERASED[:-1]])
    ledger.forget(ERASED)
    assert {f"{ERASED}1", ERASED[:-1]} < set(states(ledger, "one"))


# ------------------------------------------------------------------------------------------------ prune


def age(ledger: Ledger, table: str, column: str, seconds: float) -> None:
    with ledger._store.transaction() as transaction:
        transaction.run(same(f"UPDATE {table} SET {column} = {column} - :seconds"), seconds=seconds)


def count(ledger: Ledger, table: str) -> int:
    return query(ledger, f"SELECT count(*) FROM {table}")[0][0]


def test_what_ended_long_ago_is_deleted_and_the_rest_kept(ledger: Ledger) -> None:
    for name in ("done", "cancelled", "waiting", "unknown"):
        ledger.create(name, MESSAGE, [A, A, B])
    run(ledger, "done")
    ledger["cancelled"].cancel()
    run(ledger, "unknown", lambda number, count: None)
    assert ledger["unknown"].status().counts == {"unknown": 2}
    assert ledger.prune(older_than=timedelta(days=1)) == 0
    age(ledger, "skymms_broadcast", "finished_at", 86_401)
    ledger.suppress([C])
    assert ledger.prune(older_than=timedelta(days=1), by="ada") == 2
    assert [one.name for one in ledger] == ["waiting", "unknown"]
    assert count(ledger, "skymms_message") == 4
    assert count(ledger, "skymms_variant") == count(ledger, "skymms_left_out") == 2
    assert query(ledger, "SELECT DISTINCT broadcast FROM skymms_tally ORDER BY 1") == [
        (ledger["waiting"].id,),
        (ledger["unknown"].id,),
    ]
    assert count(ledger, "skymms_suppressed") == 1
    verbs = [(one["verb"], one["who"], one.get("broadcasts")) for one in ledger.audit()]
    assert verbs[-1] == ("prune", "ada", 2)
    assert ledger.create("done", MESSAGE, [A]).status().counts == {"ready": 1}  # the name is free


def test_reports_of_kept_messages_are_kept(ledger: Ledger) -> None:
    ledger.create("done", MESSAGE, [A])
    run(ledger, "done")
    ledger.note(DeliveryReport("N102", status="Message Sent", tracking_id=f"MMS_{A}_1", to=A, sender="60856"))
    ledger.note(DeliveryReport("N102", status="Message Sent", tracking_id="of another program", to=B, sender="60856"))
    age(ledger, "skymms_report", "at", 86_401)
    ledger.prune(older_than=timedelta(days=1))
    assert query(ledger, "SELECT tracking_id FROM skymms_report") == [(f"MMS_{A}_1",)]
    age(ledger, "skymms_broadcast", "finished_at", 86_401)
    assert ledger.prune(older_than=timedelta(days=1)) == 1
    ledger.prune(older_than=timedelta(days=1))
    assert count(ledger, "skymms_report") == 0


def test_finished_keys_are_deleted_and_those_in_doubt_kept(ledger: Ledger) -> None:
    send = SendMMS(MESSAGE.slideshow, to=A, sender="60856")
    gateway = CountingGateway(lambda number, count: "ok" if number == A else None)
    with gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        ledger.send_once("a", send, client)
        with pytest.raises(TransportError):
            ledger.send_once("b", SendMMS(MESSAGE.slideshow, to=B, sender="60856"), client)
    age(ledger, "skymms_once", "updated_at", 86_401)
    ledger.prune(older_than=timedelta(days=1))
    assert query(ledger, "SELECT key FROM skymms_once") == [("b",)]


def test_a_list_that_was_never_read_to_its_end(ledger: Ledger, ledger_where: str) -> None:
    def recipients() -> Iterable[str]:
        yield A
        with Ledger(ledger_where) as other:
            assert [one.status().phase for one in other] == ["loading"]
            assert other.prune(older_than=timedelta(days=1)) == 0
            age(other, "skymms_broadcast", "created_at", 86_401)
            assert other.prune(older_than=timedelta(days=1)) == 1

    with pytest.raises(ConfigurationError, match="anew"):
        ledger.create("one", MESSAGE, recipients())


def test_a_negative_age(ledger: Ledger) -> None:
    with pytest.raises(ConfigurationError, match="negative"):
        ledger.prune(older_than=timedelta(days=-1))


def test_each_verb_is_in_the_audit_table_with_who_and_when(ledger: Ledger) -> None:
    broadcast = ledger.create("spring", MESSAGE, [A, B], by="ada")
    broadcast.pause(why="lunch", by="bob")
    broadcast.resume(by="cem")
    ledger.suppress([A], by="dan")
    ledger.forget(A, by="eve")
    broadcast.cancel(by="fay")
    ledger.prune(older_than=timedelta(0), by="gil")
    with ledger._store.reading() as transaction:
        now = transaction.now()
    found = list(ledger.audit())
    assert [(one["verb"], one["who"]) for one in found] == [
        ("create", "ada"), ("pause", "bob"), ("resume", "cem"), ("suppress", "dan"), ("forget", "eve"), ("cancel", "fay"),
        ("prune", "gil"),
    ]  # fmt: skip
    assert [one["broadcast"] for one in found] == ["spring"] * 3 + [None] * 2 + ["spring", None]
    assert all(now - 60 < one["at"] <= now for one in found)
    ledger.suppress([C])
    assert list(ledger.audit())[-1]["who"]  # the user's name, if none is given
