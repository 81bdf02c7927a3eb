"""What only a SQLite file has: copies, locks of files, file systems, journal modes, permissions."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from storage_worker import ADD, ITEMS, NAMES

from skymms import ConfigurationError, StorageError
from skymms.storage.contract import Store, same
from skymms.storage.file_systems import network_file_system
from skymms.storage.migrations import migrate
from skymms.storage.opening import open_store
from skymms.storage.sqlite import SqliteStore, journal_mode

Worker = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with a table, which is closed."""
    path = tmp_path / "store.db"
    with closing(open_store(path)) as store:
        migrate(store, "items", [ITEMS])
        add(store, "first")
    return path


def add(store: Store, name: str) -> None:
    with store.transaction() as transaction:
        transaction.run(ADD, name=name)


def names(store: SqliteStore) -> list[str]:
    with store.reading() as transaction:
        return [row[0] for row in transaction.rows(NAMES)]


def check_opens(path: Path, *, adopt: bool = False) -> None:
    with closing(SqliteStore(path, adopt=adopt)) as store:
        add(store, f"opened {path.name} {adopt}")


def check_refused(path: Path, reason: str) -> None:
    with pytest.raises(StorageError, match=reason):
        SqliteStore(path)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


# ------------------------------------------------------------------------------------------------ copies


def test_a_copy_is_refused_until_it_is_adopted(file: Path) -> None:
    copy = file.with_name("copy.db")
    shutil.copy(file, copy)
    check_refused(copy, r"is a copy, or its file copy.db.original was deleted.*adopt=True \(--adopt\)")
    shutil.copy(f"{file}.original", f"{copy}.original")
    check_refused(copy, "copy.db is a copy")
    check_opens(copy, adopt=True)
    check_opens(copy)
    check_opens(file)


def test_a_file_that_was_moved_with_the_file_beside_it_is_the_same(file: Path) -> None:
    moved = file.with_name("moved.db")
    file.rename(moved)
    check_refused(moved, "is a copy, or its file moved.db.original was deleted")
    Path(f"{file}.original").rename(f"{moved}.original")
    check_opens(moved)


@pytest.mark.parametrize("how", ["over the old bytes", "as a new file"])
def test_a_restored_backup_is_refused(file: Path, how: str) -> None:
    backup = file.with_name("backup")
    shutil.copy(file, backup)
    check_opens(file)
    if how == "as a new file":
        os.replace(backup, file)
    else:
        shutil.copy(backup, file)
    check_refused(file, "is a copy" if how == "as a new file" else "is older than it was: it has 3 commits and had 5")
    check_opens(file, adopt=True)
    check_opens(file)


@pytest.mark.parametrize("text", ["", "{}", "no JSON", '{"id": 1, "inode": "x", "commits": 1}', "[]", "\xff"])
def test_a_damaged_file_beside_the_database_is_refused(file: Path, text: str) -> None:
    Path(f"{file}.original").write_text(text, encoding="latin-1")
    check_refused(file, "cannot be told from a copy, because store.db.original cannot be read")
    check_opens(file, adopt=True)


def test_a_hard_link_is_refused(file: Path) -> None:
    link = file.with_name("link.db")
    os.link(file, link)
    shutil.copy(f"{file}.original", f"{link}.original")
    for path in (file, link):
        check_refused(path, r"has 2 names \(hard links\): delete all but one")
    link.unlink()
    check_opens(file)


def test_a_symbolic_link_is_the_file_that_it_points_to(file: Path) -> None:
    folder = file.with_name("folder")
    folder.mkdir()
    link = folder / "link.db"
    link.symlink_to(file)
    with closing(SqliteStore(file)) as store, closing(SqliteStore(link)) as linked, store.lock_runner("spring"):
        with pytest.raises(StorageError, match="are being run already"):
            linked.lock_runner("spring").__enter__()
    assert [path.name for path in folder.iterdir()] == ["link.db"]


def test_a_file_that_is_replaced_while_it_is_open_is_noticed_before_the_commit(file: Path) -> None:
    shutil.copy(file, file.with_name("backup"))
    with closing(SqliteStore(file)) as store:
        os.replace(file.with_name("backup"), file)
        for names_to_add in (["lost"], []):
            with pytest.raises(StorageError, match="deleted or replaced while it was open"), store.transaction() as transaction:
                for name in names_to_add:
                    transaction.run(ADD, name=name)
        file.unlink()
        with pytest.raises(StorageError, match=r"deleted or replaced while it was open|SQLITE_IOERR"):
            add(store, "lost")


def test_adopting_a_file_does_not_disturb_those_who_have_it_open(file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        check_opens(file, adopt=True)
        add(store, "second")
        check_opens(file)


def test_the_file_beside_the_database_is_there_before_the_database_has_an_id(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    (tmp_path / "store.db.original").mkdir()
    check_refused(path, "store.db.original: Is a directory")
    (tmp_path / "store.db.original").rmdir()
    SqliteStore(path).close()
    SqliteStore(path).close()


def test_losing_the_file_beside_an_open_database_is_noticed_at_the_next_opening(file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        Path(f"{file}.original").unlink()
        add(store, "second")
    assert not Path(f"{file}.original").exists()
    check_refused(file, "was deleted")


# ------------------------------------------------------------------------------------------------ other processes


def test_only_one_run_at_a_time_and_a_killed_one_lets_go(file: Path, worker: Worker) -> None:
    first = worker(str(file), "run")
    assert line(first) == "running True"
    assert line(worker(str(file), "run")).startswith(f"refused broadcasts of {file} are being run already")
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = worker(str(file), "run")
    assert line(second) == "running True"
    second.communicate()
    with closing(SqliteStore(file)) as store:
        with store.lock_runner("spring"):
            for _ in range(2):
                with pytest.raises(StorageError, match="are being run already"):
                    store.lock_runner("summer").__enter__()
        with store.lock_runner("spring"):
            add(store, "second")


def test_running_needs_the_file_beside_the_database(file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        Path(f"{file}.original").unlink()
        with pytest.raises(StorageError, match=r"store.db.original: No such file"):
            store.lock_runner("spring").__enter__()


def test_running_is_refused_where_files_cannot_be_locked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with closing(SqliteStore(file)) as store, pytest.raises(StorageError, match="this system has no file locks"):
        store.lock_runner("spring").__enter__()


def test_a_transaction_waits_for_one_of_another_process(file: Path, worker: Worker) -> None:
    holder, adder = worker(str(file), "hold"), worker(str(file), "add")
    assert line(holder) == "holding"
    with closing(sqlite3.connect(file, timeout=0)) as other, pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    holder.communicate()
    assert line(adder) == "ready"
    adder.communicate("go\n")
    with closing(SqliteStore(file)) as store:
        assert names(store) == ["first", "held", "added 0"]


def test_a_transaction_waits_for_longer_than_thirty_seconds_by_default(file: Path) -> None:
    with closing(SqliteStore(file)) as store, store.reading() as transaction:
        assert transaction.one(same("PRAGMA busy_timeout")) == (60_000,)


def test_a_file_that_stays_locked_is_an_error(file: Path, worker: Worker) -> None:
    with closing(SqliteStore(file, wait=0.1)) as store:
        holder = worker(str(file), "hold")
        assert line(holder) == "holding"
        with pytest.raises(StorageError, match=r"database is locked \(SQLITE_BUSY\): another process has had it locked"):
            add(store, "second")
        holder.communicate()
        add(store, "second")
        assert names(store) == ["first", "held", "second"]


def test_ctrl_c_ends_the_wait_for_another_thread(file: Path, worker: Worker) -> None:
    process = worker(str(file), "interrupted")
    assert line(process) == "waiting"
    process.send_signal(signal.SIGINT)
    assert line(process) == "interrupted [('first',), ('of the thread',)]"


# ------------------------------------------------------------------------------------------------ errors


def test_a_full_database_is_an_error_and_the_store_goes_on(file: Path) -> None:
    with closing(SqliteStore(file)) as store:
        with store.reading() as transaction:
            (pages,) = transaction.one(same("PRAGMA page_count")) or (0,)
            transaction.rows(same(f"PRAGMA max_page_count = {pages}"))
        with pytest.raises(StorageError, match=r"full \(SQLITE_FULL\): the disk is full: make room"):
            add(store, "x" * 100_000)
        with store.reading() as transaction:
            transaction.rows(same("PRAGMA max_page_count = 100000"))
        add(store, "second")
        assert names(store) == ["first", "second"]


def test_a_file_that_cannot_grow_is_an_error(file: Path) -> None:
    script = f"""
        import resource
        from skymms import StorageError
        from skymms.storage.contract import Store, same
        from skymms.storage.opening import open_store
        store = open_store({str(file)!r})
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        try:
            with store.transaction() as transaction:
                transaction.run(same("INSERT INTO item (name) VALUES (:name)"), name="x" * 1_000_000)
        except StorageError as error:
            print(error)
        with store.transaction() as transaction:
            transaction.run(same("INSERT INTO item (name) VALUES (:name)"), name="second")
            print(transaction.rows(same("SELECT name FROM item")))
        store.close()
    """
    ran = subprocess.run([sys.executable, "-W", "error", "-c", dedent(script)], capture_output=True, text=True, check=True)
    error, rows = ran.stdout.splitlines()
    assert error.startswith(f"{file}: ")
    assert "SQLITE_" in error
    assert "disk" in error
    assert rows == "[('first',), ('second',)]"


@pytest.mark.parametrize("damage", ["first page", "no database", "pages"])
def test_a_damaged_file_is_an_error(file: Path, damage: str) -> None:
    content = file.read_bytes()
    if damage == "no database":
        file.write_bytes(b"This is a letter.\n" * 1000)
    elif damage == "first page":
        file.write_bytes(content[:100] + b"\xff" * 3996 + content[4096:])
    else:
        file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(StorageError, match=r"\(SQLITE_(NOTADB|CORRUPT\w*)\): "):
        SqliteStore(file)


def test_a_directory_in_the_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="SQLITE_CANTOPEN"):
        SqliteStore(tmp_path)


def test_a_file_that_cannot_be_written_is_an_error(file: Path) -> None:
    # A database that is marked so: the root user may write to any file.
    with closing(SqliteStore(file)) as store:
        with pytest.raises(StorageError, match=r"readonly database \(SQLITE_READONLY\): make the file"):
            with store.reading() as transaction:
                transaction.run(ADD, name="second")


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("", "'' is not a store: give the name of a file"),
        (":memory:", "':memory:' is not a store"),
        ("sqlite:///store.db", "sqlite:// is not a store: give the name of a file, or a postgresql:// URL"),
        ("mysql://me:secret@host/db", "mysql:// is not a store"),
        ("no/such/directory/store.db", "does not exist: create it first"),
    ],
)
def test_a_place_that_cannot_be_a_store(where: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        open_store(where)
    assert "secret" not in str(caught.value)


def test_a_sqlite_that_is_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    check_refused(tmp_path / "store.db", "is too old: skymms needs 3.35")


def test_a_write_ahead_log_that_another_process_uses_is_refused_with_an_old_sqlite(file: Path) -> None:
    if journal_mode(sqlite3.sqlite_version_info) == "WAL":
        pytest.skip("this SQLite may use a write-ahead log")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match=r"write-ahead log|database is locked"):
            SqliteStore(file, wait=0.1)


# ------------------------------------------------------------------------------------------------ the file


def test_a_new_file_is_only_for_its_owner_and_an_old_one_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(SqliteStore(path)) as store:
        migrate(store, "items", [ITEMS])
        assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}
        path.chmod(0o640)
    check_opens(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 35, 0), "PERSIST"),
        ((3, 40, 1), "PERSIST"),
        ((3, 44, 5), "PERSIST"),
        ((3, 44, 6), "WAL"),
        ((3, 45, 0), "PERSIST"),
        ((3, 50, 6), "PERSIST"),
        ((3, 50, 7), "WAL"),
        ((3, 51, 0), "PERSIST"),
        ((3, 51, 2), "PERSIST"),
        ((3, 51, 3), "WAL"),
        ((3, 52, 0), "WAL"),
        ((4, 0, 0), "WAL"),
    ],
)
def test_the_journal_mode_for_a_version_of_sqlite(version: tuple[int, ...], mode: str) -> None:
    assert journal_mode(version) == mode


def test_every_commit_is_synced(file: Path) -> None:
    with closing(SqliteStore(file)) as store, store.reading() as transaction:
        assert transaction.one(same("PRAGMA synchronous")) == (2,)
        assert transaction.one(same("PRAGMA journal_mode")) == (journal_mode(sqlite3.sqlite_version_info).lower(),)
        assert transaction.one(same("PRAGMA foreign_keys")) == (1,)


def test_a_commit_is_synced_before_it_returns(file: Path, tmp_path: Path, worker: Worker) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    adder, trace = worker(str(file), "add"), tmp_path / "trace"
    assert line(adder) == "ready"
    command = [strace, "-p", str(adder.pid), "-e", "trace=fsync,fdatasync,pwrite64,write", "-s", "20", "-o", str(trace)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        if "attached" not in tracer.stderr.readline():
            pytest.skip("strace may not attach here")
        adder.communicate("go\n")
    calls = [call.partition("(")[0] for call in trace.read_text().splitlines() if "(" in call]
    said = next(n for n, call in enumerate(trace.read_text().splitlines()) if '"added 0' in call)
    before = calls[:said]
    assert "pwrite64" in before
    last_write = max(n for n, call in enumerate(before) if call == "pwrite64")
    assert {"fsync", "fdatasync"} & set(before)
    # After the last write of a page only the journal is ended, which is synced as well, or the file beside it noted.
    assert max(n for n, call in enumerate(before) if call in ("fsync", "fdatasync")) >= last_write - 1


LOCAL = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw"


@pytest.mark.parametrize(
    ("mount", "kind"),
    [
        ("", None),
        ("30 22 0:50 / /data rw - nfs4 server:/export rw", "nfs4"),
        ("30 22 0:50 / /data rw shared:5 master:6 - nfs server:/export rw", "nfs"),
        ("30 22 0:50 / /data rw - cifs //server/share rw", "cifs"),
        ("30 22 0:50 / /data rw - fuse.sshfs me@server: rw", "fuse.sshfs"),
        ("30 22 0:50 / /data rw - fuse.rclone remote: rw", "fuse.rclone"),
        ("30 22 0:50 / /data rw - ceph server:/ rw", "ceph"),
        ("30 22 0:50 / /data/my\\040files rw - nfs server:/export rw", "nfs"),
        ("30 22 0:50 / /data/my\\040files/store.db rw - nfs server:/export rw", "nfs"),
        ("30 22 0:50 / /data rw - nfs server:/export rw\n31 30 8:2 / /data/my\\040files rw - xfs /dev/sdb1 rw", None),
        ("30 22 8:2 / /data rw - xfs /dev/sdb1 rw\n31 30 0:50 / /data rw - nfs server:/export rw", "nfs"),
        ("30 22 0:50 / /database rw - nfs server:/export rw", None),
        ("30 22 0:50 / /data rw - fuse.gocryptfs /cipher rw", None),
        ("30 22 0:50 / /data rw - overlay overlay rw", None),
        ("30 22 0:50 / /data rw - tmpfs tmpfs rw", None),
        ("nonsense - nfs", None),
        ("30 22 0:50 / /data rw -", None),
        ("30 22 0:50 / /da\\134ta rw - nfs server:/export rw", None),
    ],
)
def test_network_file_systems(mount: str, kind: str | None) -> None:
    assert network_file_system(Path("/data/my files/store.db"), f"{LOCAL}\n{mount}\n") == kind


def test_a_file_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = f"{LOCAL}\n30 22 0:50 / {tmp_path} rw - nfs4 server:/export rw\n"
    monkeypatch.setattr("skymms.storage.sqlite.read_mounts", lambda: mounts)
    check_refused(tmp_path / "store.db", r"network file system \(nfs4\)")


class Interrupted:
    """A connection of which Ctrl-C interrupts each change of ``query_only``, once it was made."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *values: Any) -> Any:
        cursor = self._connection.execute(sql, *values)
        if sql.startswith("PRAGMA query_only"):
            raise KeyboardInterrupt
        return cursor


def test_ctrl_c_at_the_beginning_of_a_reading_keeps_nobody_from_writing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "ledger.db")
    table, add = same("CREATE TABLE item (name TEXT)"), same("INSERT INTO item (name) VALUES ('a')")
    with store.transaction() as transaction:
        transaction.run(table)
    for begin in (store.reading, store.transaction):
        connection = store._connection
        store._connection = Interrupted(connection)
        with pytest.raises(KeyboardInterrupt), begin():
            raise AssertionError("it was not interrupted")
        store._connection = connection
        with store.transaction() as transaction:
            transaction.run(add)
        with pytest.raises(StorageError), store.reading() as transaction:
            transaction.run(add)
    store.close()
