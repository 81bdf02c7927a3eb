"""What only PostgreSQL has: restarts, failovers, copies, settings of the server, passwords. With a server of the test's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from storage_worker import ADD, ITEMS, NAMES
from stores import missing

from skymms import ConfigurationError, StorageError
from skymms.storage.contract import same
from skymms.storage.migrations import migrate
from skymms.storage.opening import open_store
from skymms.storage.postgres import PostgresStore

TERMINATE_OTHERS = same(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
)
PASSWORD = "s3cret%@word"


def programs() -> Path:
    """The directory of the newest server programs."""
    found = shutil.which("initdb")
    candidates = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not candidates:
        missing("the programs of a PostgreSQL server (initdb) are not installed")
    return candidates[-1]


class Cluster:
    """A PostgreSQL server in a directory, on a free port of the loopback address."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory, self.port = directory, port
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs, as another user where this is root: the server refuses root."""
        user = "postgres" if os.geteuid() == 0 else None
        command = [str(programs() / program), *arguments]
        ran = subprocess.run(
            command, user=user, group=user, extra_groups=[] if user else None, cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr

    def control(self, action: str, *arguments: str) -> None:
        log = f"{self.directory}.log"
        self.run("pg_ctl", "-D", str(self.directory), "-w", "-t", "50", "-l", log, *arguments, action)

    def start(self, **settings: str) -> None:
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", **settings}
        self.control("start", "-o", " ".join(f"-c {name}={value!r}" for name, value in options.items()))

    def stop(self) -> None:
        self.control("stop", "-m", "immediate")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A running server."""
    # Not in a directory of pytest's, which the user postgres cannot enter.
    directory = Path(tempfile.mkdtemp(prefix="skymms-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(directory, "postgres", "postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cluster = Cluster(directory / "data", port)
    cluster.run("initdb", "-D", str(cluster.directory), "-U", "postgres", "-A", "trust", "--no-sync")
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def where(cluster: Cluster) -> Iterator[str]:
    """A new database of the server."""
    import psycopg

    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE test")
    yield cluster.url.removesuffix("postgres") + "test"
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("DROP DATABASE test WITH (FORCE)")


@pytest.fixture
def store(where: str) -> Iterator[PostgresStore]:
    store = open_store(where)
    assert isinstance(store, PostgresStore)
    migrate(store, "items", [ITEMS])
    add(store, "first")
    yield store
    store.close()


def add(store: PostgresStore, name: str) -> None:
    with store.transaction() as transaction:
        transaction.run(ADD, name=name)


def names(store: PostgresStore) -> list[str]:
    with store.reading() as transaction:
        return [row[0] for row in transaction.rows(NAMES)]


def test_a_restarted_server_is_used_again_without_an_error(cluster: Cluster, store: PostgresStore) -> None:
    cluster.stop()
    cluster.start()
    add(store, "second")
    assert names(store) == ["first", "second"]


def test_a_server_that_stops_in_a_transaction_is_an_error_and_nothing_is_kept(cluster: Cluster, store: PostgresStore) -> None:
    with pytest.raises(StorageError, match=f"^{store.name}: "), store.transaction() as transaction:
        transaction.run(ADD, name="lost")
        cluster.stop()
        transaction.run(ADD, name="lost as well")
    with pytest.raises(StorageError, match="check that the server runs and can be reached"):
        add(store, "lost")
    cluster.start()
    add(store, "second")
    assert names(store) == ["first", "second"]


def test_a_commit_that_is_not_answered_may_have_been_kept(cluster: Cluster, store: PostgresStore) -> None:
    with pytest.raises(StorageError, match="the transaction may have been kept"), store.transaction() as transaction:
        transaction.run(ADD, name="maybe")
        cluster.stop()
    cluster.start()
    assert names(store) == ["first"]


def test_a_server_that_does_not_sync_is_refused(cluster: Cluster, where: str, store: PostgresStore) -> None:
    cluster.stop()
    cluster.start(fsync="off")
    with pytest.raises(StorageError, match="the server runs with fsync=off and may forget what was sent"):
        PostgresStore(where)
    with pytest.raises(StorageError, match="fsync=off"):
        add(store, "second")
    cluster.stop()
    cluster.start()
    assert names(store) == ["first"]


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [("off", "on"), ("local", "on"), ("remote_write", "on"), ("on", "on"), ("remote_apply", "remote_apply")],
)
def test_commits_are_synchronous_whatever_the_default(where: str, setting: str, wanted: str) -> None:
    with closing(PostgresStore(f"{where}?options=-csynchronous_commit%3D{setting}")) as store:
        with store.transaction() as transaction:
            assert transaction.one(same("SHOW synchronous_commit")) == (wanted,)
            assert transaction.one(same("SHOW idle_in_transaction_session_timeout")) == ("1min",)
            assert transaction.one(same("SHOW lock_timeout")) == ("1min",)
            assert transaction.one(same("SHOW transaction_isolation")) == ("read committed",)


def test_a_changed_timeline_is_refused_until_it_is_adopted(cluster: Cluster, where: str, store: PostgresStore) -> None:
    cluster.stop()
    # A server that is promoted begins a new timeline.
    (cluster.directory / "standby.signal").touch()
    if os.geteuid() == 0:
        shutil.chown(cluster.directory / "standby.signal", "postgres", "postgres")
    cluster.start()
    for use in (lambda: add(store, "second"), lambda: PostgresStore(where)):
        with pytest.raises(StorageError, match="is a standby, which can only be read"):
            use()
    cluster.control("promote")
    for use in (lambda: add(store, "second"), lambda: names(store), lambda: PostgresStore(where)):
        with pytest.raises(StorageError, match=r"is on timeline 0000000\d and was on 0000000\d, .*adopt=True \(--adopt\)"):
            use()
    PostgresStore(where, adopt=True).close()
    with closing(PostgresStore(where)) as again:
        assert names(again) == ["first"]


def test_a_copy_of_a_database_is_refused_until_it_is_adopted(cluster: Cluster, where: str, store: PostgresStore) -> None:
    import psycopg

    store.close()
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE copy TEMPLATE test")
    copy = where.replace("/test", "/copy")
    with pytest.raises(StorageError, match="was copied from another server or database: messages that were"):
        PostgresStore(copy)
    PostgresStore(copy, adopt=True).close()
    PostgresStore(copy).close()
    PostgresStore(where).close()
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("DROP DATABASE copy WITH (FORCE)")


def test_a_session_that_is_left_in_a_transaction_is_undone(store: PostgresStore, where: str) -> None:
    with pytest.raises(StorageError), store.transaction() as transaction:
        transaction.run(ADD, name="lost")
        with closing(PostgresStore(where)) as other, other.transaction() as theirs:
            theirs.rows(TERMINATE_OTHERS)
        transaction.run(ADD, name="lost as well")
    assert names(store) == ["first"]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:{password}@127.0.0.1:1/test",
        "postgresql://me@127.0.0.1:1/test?password={password}",
        "postgresql://me:{password}@127.0.0.1:{port}/nowhere",
        "postgres://me:{password}@127.0.0.1:{port}/test",
    ],
)
def test_a_password_is_never_printed(cluster: Cluster, url: str) -> None:
    full = url.format(password="s3cret%25%40word", port=cluster.port)
    with pytest.raises(StorageError, match=r"^postgresql://127\.0\.0\.1:") as caught:
        open_store(full)
    for text in (str(caught.value), repr(caught.value)):
        assert PASSWORD not in text
        assert "s3cret" not in text


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret@[::1/test",
        "postgresql://me:s3cret@host:port:x/test?what=s3cret",
        "postgresql://me:s3cret%zz@host/test",
        "postgresql://me:s3cret@host/test?passwrd=s3cret",
    ],
)
def test_a_url_that_cannot_be_read(url: str) -> None:
    with pytest.raises(ConfigurationError, match="the PostgreSQL URL cannot be read") as caught:
        open_store(url)
    assert "s3cret" not in str(caught.value)


def test_the_settings_of_the_url_are_kept(where: str) -> None:
    with closing(PostgresStore(f"{where}?application_name=mine&connect_timeout=3")) as store, store.reading() as transaction:
        assert transaction.one(same("SHOW application_name")) == ("mine",)
    with closing(PostgresStore(where)) as store, store.reading() as transaction:
        assert transaction.one(same("SHOW application_name")) == ("skymms",)


def test_runs_share_a_database(store: PostgresStore) -> None:
    with store.lock_runner("spring") as alone:
        assert not alone


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "skymms.storage.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'skymms\[postgres\]'"):
        open_store("postgresql://me@127.0.0.1:1/test")
