"""Old posts are deleted, and numbers are erased, but repeats are still recognised."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from inbox_rows import NUMBER, change, notices, post, put, receive, report, rows, sms, states

from skymms import ConfigurationError, InboundMMS, Notice, RecipientError, SentMMS, SubscriptionChange
from skymms.broadcast import Ledger
from skymms.inbox import Handling, retention, taking
from skymms.inbox.storing import Stored, open_inbox
from skymms.storage.contract import Store

DAY = timedelta(days=1)
OTHER = "15551239999"


@pytest.fixture
def inbox(inbox_store: Store) -> Handling:
    return Handling(inbox_store)


def now(store: Store) -> float:
    with store.reading() as transaction:
        return transaction.now()


# ------------------------------------------------------------------------------------------------ prune


def test_old_posts_are_deleted_and_their_repeats_are_still_recognised(
    inbox: Handling, inbox_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_CHUNK", 2)
    old = [post(report(f"MMS_{number}"), at=1000.0 + number) for number in range(5)]
    put(inbox_store, *old, post(sms("today"), at=now(inbox_store)), post(body=b"?", at=1.0, problem="no"))
    inbox.sent(SentMMS("1", "MMS_1"))
    change(inbox_store, "UPDATE skymms_sent SET at = 1000")
    assert inbox.prune(older_than=DAY) == 6
    assert notices(inbox_store) == [sms("today")]
    assert inbox.message("MMS_1").state is None
    assert put(inbox_store, old[0]) == [Stored(None, 0, 1)]
    assert inbox.prune(older_than=DAY) == 0


def test_what_waits_for_a_handler_is_kept_and_what_is_dead_is_not(
    inbox: Handling, inbox_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    @inbox.on(Notice, name="told")
    def told(notice: Notice) -> None:
        if notice.tracking_id != "MMS_done":
            raise ValueError

    receive(inbox_store, [report("MMS_done"), report("MMS_waiting")])
    inbox.work(until_idle=True)
    monkeypatch.setattr(taking, "ATTEMPTS", 1)
    receive(inbox_store, [report("MMS_dead")])
    inbox.work(until_idle=True)
    assert states(inbox_store) == {(1, "told"): "done", (2, "told"): "ready", (3, "told"): "dead"}
    assert inbox.prune(older_than=DAY) == 2
    assert states(inbox_store) == {(2, "told"): "ready"}


def test_a_handler_that_no_worker_has_had_for_as_long_keeps_nothing(inbox: Handling, inbox_store: Store) -> None:
    @inbox.on(Notice, name="gone")
    def told(notice: Notice) -> None:
        raise ValueError

    receive(inbox_store, [report()])
    inbox.work(until_idle=True)
    change(inbox_store, "UPDATE skymms_handler SET seen_at = 1000")
    assert inbox.prune(older_than=DAY) == 1
    assert rows(inbox_store, "SELECT * FROM skymms_handler") == []
    # A worker that has it after all registers it again.
    inbox.work(until_idle=True)
    assert rows(inbox_store, "SELECT name FROM skymms_handler") == [("gone",)]


def test_the_age_must_not_be_negative(inbox: Handling) -> None:
    with pytest.raises(ConfigurationError, match="older_than=-1 day, 0:00:00 is negative"):
        inbox.prune(older_than=-DAY)


# ------------------------------------------------------------------------------------------------ forget


def everything(store: Store) -> str:
    """Every value in every table of the inbox."""
    names = [table for table in re.findall(r"CREATE TABLE (\w+)", _schema()) if table != "skymms_inbox_secret"]
    return "\n".join(
        repr([bytes(x) if isinstance(x, memoryview) else x for x in row])
        for name in names
        for row in rows(store, f"SELECT * FROM {name}")
    )


def _schema() -> str:
    from skymms.inbox import schema

    return schema._TABLES


def fill(inbox: Handling, store: Store) -> None:
    """Put a number into every table that can have it."""

    @inbox.on(Notice, name="told")
    def told(notice: Notice) -> None:
        raise ValueError(f"cannot handle {notice}")

    put(
        store,
        post(report("MMS_1"), body=f"<TO>{NUMBER}</TO>".encode()),
        post(sms("hello"), body=f"from={NUMBER}&text=hello".encode()),
        post(sms(f"call {NUMBER[1:]}", sender=OTHER), report("MMS_2", to=OTHER), body=b"a batch"),
        post(InboundMMS("N401", origin="MMS_MO", tracking_id="IN_1", sender=OTHER, to="60856", copy_to=(NUMBER,))),
        post(SubscriptionChange("N301", origin="SUB", mobile=NUMBER)),
        post(body=f"<broken>+{NUMBER}".encode(), problem=f"not XML: {NUMBER}"),
        post(body=b"<broken>", problem="not XML"),
    )
    inbox.sent(SentMMS("35674", "MMS_1", to=NUMBER), reference="order 17")
    inbox.sent(SentMMS("35674", "MMS_2", to=OTHER), reference=f"for {NUMBER}")
    inbox.sent(SentMMS("35674", "MMS_3", to=OTHER), reference="order 18")
    inbox.work(until_idle=True)
    change(store, "INSERT INTO skymms_saved_file (notice, place, at, location, size) VALUES (2, 0, 0, '/files/1.jpg', 7)")


def test_a_number_is_erased_from_every_table(inbox: Handling, inbox_store: Store) -> None:
    fill(inbox, inbox_store)
    assert everything(inbox_store).count(NUMBER[1:]) > 10
    forgotten = inbox.forget("+1 555 123 0001")
    assert (forgotten.notices, forgotten.posts, forgotten.files) == (5, 6, ("/files/1.jpg",))
    left = everything(inbox_store)
    assert NUMBER[1:] not in left
    assert notices(inbox_store) == [report("MMS_2", to=OTHER)]
    assert rows(inbox_store, "SELECT problem FROM skymms_post ORDER BY id") == [(None,), ("not XML",)]
    assert inbox.message("MMS_1").sent is None
    assert inbox.message("MMS_3").reference == "order 18"
    assert inbox.forget(NUMBER) == (0, 0, ())


def test_a_late_report_is_stored_without_the_number_and_still_counts(inbox: Handling, inbox_store: Store) -> None:
    got: list[Notice] = []
    inbox.on(Notice, name="log")(got.append)
    receive(inbox_store, [report("MMS_1", "N101")])
    inbox.work(until_idle=True)
    inbox.forget(NUMBER)
    late = report("MMS_1", "N102", status="Message Sent/Delivered", raw=(("TO", NUMBER),))
    body = f"<TO>{NUMBER}</TO>".encode()
    assert put(inbox_store, post(late, body=body), post(report("MMS_1", "N101"), body=body)) == [
        Stored(2, 1, 0),
        Stored(None, 0, 1),
    ]
    inbox.work(until_idle=True)
    assert NUMBER not in everything(inbox_store)
    assert inbox.message("MMS_1").state == "delivered"
    assert [getattr(notice, "to", None) for notice in got] == [NUMBER, None]
    assert put(inbox_store, post(late)) == [Stored(None, 0, 1)]


def test_what_an_erased_number_sends_afterwards_is_new(inbox: Handling, inbox_store: Store) -> None:
    receive(inbox_store, [sms("before")])
    inbox.forget(NUMBER)
    receive(inbox_store, [sms("before"), sms("again")])
    assert notices(inbox_store) == [sms("again")]


def test_nothing_readable_is_left_in_a_sqlite_file(sqlite_where: str) -> None:
    store = open_inbox(sqlite_where)
    inbox = Handling(store)
    fill(inbox, store)
    files = [Path(sqlite_where), *Path(sqlite_where).parent.glob("store.db-*")]
    assert any(NUMBER[1:].encode() in file.read_bytes() for file in files if file.exists())
    inbox.forget(NUMBER)
    for file in Path(sqlite_where).parent.glob("store.db*"):
        assert NUMBER[1:].encode() not in file.read_bytes(), file.name
    store.close()


def test_only_a_whole_number_can_be_erased(inbox: Handling) -> None:
    with pytest.raises(RecipientError):
        inbox.forget("Ada")
    with pytest.raises(ConfigurationError, match="60856 is too short to be erased"):
        inbox.forget("60856")


def test_an_inbox_and_a_ledger_forget_each_their_own(ledger_where: str) -> None:
    with Ledger(ledger_where) as ledger:
        inbox = Handling(open_inbox(ledger.store))
        inbox.on(Notice)(ledger.note)
        receive(ledger.store, [report()])
        inbox.work(until_idle=True)
        assert rows(ledger.store, "SELECT number FROM skymms_report") == [(NUMBER,)]
        inbox.forget(NUMBER)
        ledger.forget(NUMBER)
        assert rows(ledger.store, "SELECT number FROM skymms_report") == []
        assert NUMBER not in everything(ledger.store)
