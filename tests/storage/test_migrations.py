"""Tables of a component: created once, brought forward, never taken back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from storage_worker import ADD, ITEMS, NAMES

from skymms import StorageError
from skymms.storage.contract import Migration, Store, same
from skymms.storage.migrations import migrate

SIZES = Migration(
    sqlite=["ALTER TABLE item ADD COLUMN size BIGINT NOT NULL DEFAULT 7", "CREATE INDEX item_size ON item (size)"],
    postgres=["ALTER TABLE item ADD COLUMN size BIGINT NOT NULL DEFAULT 7", "CREATE INDEX item_size ON item (size)"],
)
BROKEN = Migration(*[["ALTER TABLE item ADD COLUMN half TEXT", "ALTER TABLE nowhere ADD COLUMN other TEXT"]] * 2)
VERSION = same("SELECT version FROM skymms_schema WHERE component = 'items'")


def test_a_component_goes_forward_and_keeps_its_rows(store: Store) -> None:
    migrate(store, "items", [ITEMS])
    with store.transaction() as transaction:
        transaction.run(ADD, name="a")
    migrate(store, "items", [ITEMS])
    migrate(store, "items", [ITEMS, SIZES])
    with store.reading() as transaction:
        assert transaction.rows(same("SELECT name, size FROM item")) == [("a", 7)]
        assert transaction.one(VERSION) == (2,)


def test_a_new_database_gets_all_versions_at_once(store: Store) -> None:
    migrate(store, "items", [ITEMS, SIZES])
    with store.transaction() as transaction:
        transaction.run(ADD, name="a")
        assert transaction.rows(same("SELECT name, size FROM item")) == [("a", 7)]


def test_a_database_of_a_newer_version_is_refused(store: Store) -> None:
    migrate(store, "items", [ITEMS, SIZES])
    with pytest.raises(
        StorageError, match=r"newer version of skymms \(tables of items: version 2, this one knows 1\): upgrade"
    ):
        migrate(store, "items", [ITEMS])
    with store.reading() as transaction:
        assert transaction.one(VERSION) == (2,)


def test_a_migration_that_fails_changes_nothing(store: Store) -> None:
    migrate(store, "items", [ITEMS])
    with pytest.raises(StorageError, match="nowhere"):
        migrate(store, "items", [ITEMS, BROKEN])
    migrate(store, "items", [ITEMS, SIZES])
    with pytest.raises(StorageError, match="half"), store.reading() as transaction:
        transaction.rows(same("SELECT half FROM item"))


def test_components_have_versions_of_their_own(store: Store) -> None:
    migrate(store, "items", [ITEMS, SIZES])
    migrate(store, "others", [Migration(*[["CREATE TABLE other (id BIGINT)"]] * 2)])
    with store.reading() as transaction:
        versions = transaction.rows(same("SELECT component, version FROM skymms_schema ORDER BY component"))
    assert versions == [("items", 2), ("others", 1)]


def test_processes_that_create_the_tables_at_once_wait_for_each_other(
    ledger_where: str, store: Store, worker: Callable[..., subprocess.Popen[str]]
) -> None:
    store.close()
    workers = [worker(ledger_where, "migrate") for _ in range(4)]
    for process in workers:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    outputs = []
    for process in workers:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in workers:
        outputs.append(process.communicate()[0])
    assert outputs == ["migrated\n"] * 4
    with store.transaction() as transaction:
        transaction.run(ADD, name="a")
        assert transaction.rows(NAMES) == [("a",)]
        assert transaction.one(VERSION) == (1,)


def test_processes_that_create_a_new_database_at_once_wait_for_each_other(
    ledger_where: str, worker: Callable[..., subprocess.Popen[str]]
) -> None:
    workers = [worker(ledger_where, "migrate") for _ in range(4)]
    for process in workers:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in workers:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0] for process in workers] == ["migrated\n"] * 4
