"""Posts are stored in batches: new notices once, repeats not again, bodies that cannot be read in quarantine."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from inbox_rows import NUMBER, notices, post, put, report, rows

from skymms import InboundSMS, StorageError, SubscriptionChange
from skymms.inbox.schema import COMPONENT, MIGRATIONS
from skymms.inbox.storing import Post, Stored, open_inbox, store
from skymms.storage.contract import Store, same
from skymms.storage.migrations import migrate


def test_a_post_is_kept_as_it_was_received_and_with_its_notices(inbox_store: Store) -> None:
    (stored,) = put(inbox_store, post(report(), body=b"\xff\x00 body", at=17.5))
    assert stored == Stored(1, 1, 0)
    assert rows(inbox_store, "SELECT at, body, content_type, problem FROM skymms_post") == [
        (17.5, b"\xff\x00 body", "text/xml", None)
    ]
    assert notices(inbox_store) == [report()]
    assert rows(inbox_store, "SELECT post, at, kind, tracking_id, number FROM skymms_notice") == [
        (1, 17.5, "DeliveryReport", "MMS_1", NUMBER)
    ]


def test_a_repeat_is_dropped_in_a_later_batch_and_in_the_same(inbox_store: Store) -> None:
    first, second = report(code="N101"), report(code="N102")
    assert put(inbox_store, post(first), post(first), post(second, first)) == [
        Stored(1, 1, 0),
        Stored(None, 0, 1),
        Stored(2, 1, 1),
    ]
    assert put(inbox_store, post(second), post(first, second)) == [Stored(None, 0, 1), Stored(None, 0, 2)]
    assert notices(inbox_store) == [first, second]
    assert len(rows(inbox_store, "SELECT id FROM skymms_post")) == 2


def test_a_repeat_within_one_post_counts_once(inbox_store: Store) -> None:
    assert put(inbox_store, post(report(), report(), report(code="N102"))) == [Stored(1, 2, 1)]


def test_a_body_that_cannot_be_read_is_kept_once_a_day(inbox_store: Store) -> None:
    bad = post(body=b"\0<", problem="not a postback")
    assert put(inbox_store, bad, bad) == [Stored(1, 0, 0), Stored(None, 0, 1)]
    assert put(inbox_store, bad._replace(at=bad.at + 86000)) == [Stored(None, 0, 1)]
    assert put(inbox_store, bad._replace(at=bad.at + 87000)) == [Stored(2, 0, 0)]
    assert rows(inbox_store, "SELECT body, problem FROM skymms_post") == [(b"\0<", "not a postback")] * 2


def test_opting_in_without_a_time_is_a_repeat_within_a_day_only(inbox_store: Store) -> None:
    opted_in = SubscriptionChange("N301", origin="SUB", mobile=NUMBER, campaign_ref="1337")
    assert [put(inbox_store, post(opted_in, at=at))[0].new for at in (0.0, 1500.0, 86399.0, 86400.0, 87900.0)] == [
        1,
        0,
        0,
        1,
        0,
    ]


def test_opting_in_with_a_time_is_a_repeat_for_ever(inbox_store: Store) -> None:
    opted_in = SubscriptionChange("N301", origin="SUB", mobile=NUMBER, timestamp=datetime(2031, 1, 2, tzinfo=UTC))
    assert [put(inbox_store, post(opted_in, at=at))[0].new for at in (0.0, 1e9)] == [1, 0]


def test_no_posts_need_nothing(inbox_store: Store) -> None:
    assert put(inbox_store) == []


def test_texts_that_no_database_can_hold_are_stored_all_the_same(inbox_store: Store) -> None:
    odd = report(tracking_id="a\0b\ud800" + "x" * 5000, details="\0\ud800")
    put(inbox_store, Post(b"x", "text/\0\ud800", 0.0, (odd,), None))
    assert notices(inbox_store) == [odd]
    assert put(inbox_store, post(odd)) == [Stored(None, 0, 1)]


def test_a_message_without_a_number_that_is_one_is_stored_with_its_text(inbox_store: Store) -> None:
    put(inbox_store, post(InboundSMS("N211", origin="SMS_MO", sender="anonymous", text="Hi", transaction_id="1")))
    assert rows(inbox_store, "SELECT number FROM skymms_notice") == [("anonymous",)]


def test_neither_a_key_nor_anything_else_keeps_a_number_when_posts_are_deleted(inbox_store: Store) -> None:
    put(inbox_store, post(report(), InboundSMS("N211", origin="SMS_MO", sender=NUMBER, text="Hi"), body=NUMBER.encode()))
    with inbox_store.transaction() as transaction:
        transaction.run(same("DELETE FROM skymms_post"))
    assert notices(inbox_store) == []
    assert NUMBER not in str(rows(inbox_store, "SELECT key FROM skymms_identity"))
    assert put(inbox_store, post(report())) == [Stored(None, 0, 1)]


def test_a_batch_takes_as_many_statements_as_a_post(inbox_store: Store) -> None:
    class Counted:
        def __init__(self, transaction: Any) -> None:
            self.transaction, self.count = transaction, 0

        def __getattr__(self, name: str) -> Any:
            self.count += 1
            return getattr(self.transaction, name)

    def statements(posts: Sequence[Post]) -> int:
        with inbox_store.transaction() as transaction:
            counted = Counted(transaction)
            store(counted, posts)  # type: ignore[arg-type]
            return counted.count

    many = [post(report(f"MMS_{number}"), report(f"MMS_{number}", "N102")) for number in range(200)]
    assert statements(many) == statements([post(report("MMS_one"))])
    assert len(notices(inbox_store)) == 401


def test_a_transaction_that_fails_leaves_nothing(inbox_store: Store) -> None:
    def fail() -> None:
        with inbox_store.transaction() as transaction:
            store(transaction, [post(report())])
            transaction.run(same("SELECT * FROM no_such_table"))

    with pytest.raises(StorageError):
        fail()
    assert put(inbox_store, post(report())) == [Stored(1 if inbox_store.kind == "sqlite" else 2, 1, 0)]


def test_an_open_store_can_be_shared_and_keeps_its_tables(inbox_store: Store) -> None:
    put(inbox_store, post(report()))
    assert open_inbox(inbox_store) is inbox_store
    migrate(inbox_store, COMPONENT, MIGRATIONS)
    assert notices(inbox_store) == [report()]


def test_two_processes_that_store_the_same_notices_at_once_keep_each_once(ledger_where: str) -> None:
    # Each batch has the notices in another order, which would be a deadlock if keys were not sorted.
    batches = [[post(report(f"MMS_{number}")) for number in range(60)][::step] for step in (1, -1, 1, -1)]
    start = threading.Barrier(len(batches))
    new: list[int] = []
    failures: list[BaseException] = []

    def intake(batch: list[Post]) -> None:
        opened = open_inbox(ledger_where)
        try:
            start.wait()
            new.append(sum(one.new for one in put(opened, *batch)))
        except BaseException as error:
            failures.append(error)
        finally:
            opened.close()

    threads = [threading.Thread(target=intake, args=[batch]) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sum(new) == 60


def test_a_handler_that_is_registered_gets_new_notices_of_its_kinds(inbox_store: Store) -> None:
    with inbox_store.transaction() as transaction:
        for name, kind in [("all", "*"), ("reports", "DeliveryReport"), ("sms", "InboundSMS")]:
            transaction.run(
                same("INSERT INTO skymms_handler (name, kind, registered_at, seen_at) VALUES (:name, :kind, 0, 0)"),
                name=name, kind=kind,
            )  # fmt: skip
    put(inbox_store, post(report(), InboundSMS("N211", origin="SMS_MO", sender=NUMBER, text="Hi")))
    assert rows(inbox_store, "SELECT notice, handler, tracking_id, state FROM skymms_handling ORDER BY notice, handler") == [
        (1, "all", "MMS_1", "ready"),
        (1, "reports", "MMS_1", "ready"),
        (2, "all", None, "ready"),
        (2, "sms", None, "ready"),
    ]
