"""A store in a SQLite file, through the standard library.

Every transaction is synced to the disk before it ends (``synchronous=FULL``). The write-ahead log is used if the linked SQLite
is free of the WAL-reset fault (https://sqlite.org/wal.html), which can damage a file that several connections write to; older
versions use a rollback journal.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from ..errors import StorageError
from .contract import Kind, Row, Statement
from .forks import ForkSafe
from .original import Original

#: The first version without the fault, and the versions to which its correction was carried back.
_WAL_IS_SAFE = ((3, 51, 3),)
_WAL_CORRECTED = ((3, 50, 7), (3, 44, 6))
#: RETURNING is needed.
_OLDEST = (3, 35, 0)
#: File systems over a network. Their locks do not keep two machines apart reliably.
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs", "fuse.glusterfs"}
)


class SqliteStore(ForkSafe):
    """A store in one file. Only one process at a time may run broadcasts on it; others may read, note reports and settle.

    ``wait`` is how many seconds a transaction waits for one of another process. ``adopt`` accepts a file that is a copy: see
    :mod:`skymms.storage.original`.
    """

    kind: Final[Kind] = "sqlite"

    def __init__(self, path: str | os.PathLike[str], *, wait: float = 60.0, adopt: bool = False) -> None:
        super().__init__()
        self._path = Path(path).absolute()
        self.name = str(path)
        self._wait = wait
        self._original = Original(self._path)
        self._runner: int | None = None
        if sqlite3.sqlite_version_info < _OLDEST:
            raise StorageError(f"SQLite {sqlite3.sqlite_version} is too old: skymms needs 3.35 or newer")
        _refuse_network(self._path)
        with self._translated():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._original.check(_Transaction(connection), adopt=adopt)
                commits = self._original.count(_Transaction(connection))
                connection.execute("COMMIT")
            except BaseException:
                self.close()
                raise
        self._original.committed(commits)

    @contextmanager
    def transaction(self) -> Iterator[_Transaction]:
        """Begin a transaction that writes."""
        with self._lock, self._translated():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                transaction = _Transaction(connection)
                yield transaction
                commits = self._original.count(transaction)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.rollback()
                raise
            self._original.committed(commits)

    @contextmanager
    def erasing(self) -> Iterator[_Transaction]:
        """Begin a transaction that writes; neither the file nor the journal beside it keeps what it deletes."""
        with self._lock:
            with self._translated():
                connection = self._open()
                mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
                if mode != "wal":
                    # The pages before the change are in the journal, which is usually kept.
                    connection.execute("PRAGMA journal_mode = TRUNCATE")
            try:
                with self.transaction() as transaction:
                    yield transaction
            finally:
                with self._translated():
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)" if mode == "wal" else f"PRAGMA journal_mode = {mode}")

    @contextmanager
    def reading(self) -> Iterator[_Transaction]:
        """Begin a transaction that only reads."""
        with self._lock, self._translated():
            connection = self._open()
            connection.execute("BEGIN")
            try:
                yield _Transaction(connection)
            finally:
                with suppress(sqlite3.Error):
                    connection.rollback()

    @contextmanager
    def lock_runner(self, name: str) -> Iterator[bool]:
        """Hold the file's lock for runners; :class:`~skymms.StorageError` if another process holds it."""
        import fcntl

        self._runner = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(self._runner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StorageError(
                    f"another process is running broadcasts of {self.name}: wait for it, or use PostgreSQL, which several share"
                ) from None
            yield True
        finally:
            if self._runner is not None:
                os.close(self._runner)
                self._runner = None

    def _open(self) -> sqlite3.Connection:
        existing: sqlite3.Connection | None = self._connection
        if existing is not None:
            return existing
        connection = sqlite3.connect(self._path, timeout=self._wait, isolation_level=None, check_same_thread=False)
        try:
            connection.execute(f"PRAGMA journal_mode = {_journal_mode(sqlite3.sqlite_version_info)}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            # What is deleted is overwritten, because numbers are erased on request.
            connection.execute("PRAGMA secure_delete = ON")
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(f"{self.name}: {error}") from error
        except OSError as error:
            raise StorageError(f"{self.name}: {error.strerror or error}") from error

    def after_fork(self) -> None:
        """Forget what belongs to the parent. Called in the child."""
        super().after_fork()
        if self._runner is not None:
            # Otherwise the child would keep the lock of a parent that has ended.
            os.close(self._runner)
            self._runner = None


class _Transaction:
    """A transaction on a connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def run(self, statement: Statement, **values: Any) -> int:
        return self.connection.execute(statement.sqlite, values).rowcount

    def run_many(self, statement: Statement, rows: Sequence[dict[str, Any]]) -> int:
        return self.connection.executemany(statement.sqlite, rows).rowcount

    def rows(self, statement: Statement, **values: Any) -> list[Row]:
        return self.connection.execute(statement.sqlite, values).fetchall()

    def one(self, statement: Statement, **values: Any) -> Row | None:
        rows = self.rows(statement, **values)
        return rows[0] if rows else None

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        values = ", ".join("?" for _ in columns)
        # The names come from this package.
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values}) ON CONFLICT DO NOTHING"  # noqa: S608
        return self.connection.executemany(sql, rows).rowcount

    def now(self) -> float:
        return time.time()


def _journal_mode(version: tuple[int, ...]) -> str:
    corrected = any(version[:2] == first[:2] and version >= first for first in _WAL_CORRECTED)
    return "WAL" if corrected or version >= _WAL_IS_SAFE[0] else "PERSIST"


def _refuse_network(path: Path) -> None:
    """Raise an error for a file on a file system over a network, where the system tells."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return
    # Fields: id, parent, device, root, mount point, …, "-", type, source, options. A blank in a path is \040.
    fields = [line.split() for line in mounts]
    kinds = {Path(one[4].replace("\\040", " ")): one[one.index("-") + 1] for one in fields if "-" in one}
    nearest = next((kinds[parent] for parent in path.parents if parent in kinds), "")
    if nearest in _NETWORK:
        raise StorageError(
            f"{path} is on a network file system ({nearest}), whose locks do not keep two machines apart: use a local disk, or "
            "PostgreSQL for several machines"
        )
