"""A store in a SQLite file, through the standard library.

Every transaction is synced to the disk before it ends (``synchronous=FULL``). The write-ahead log is used if the linked SQLite
is free of the WAL-reset fault (https://sqlite.org/wal.html), which can damage a file that several connections write to; older
versions use a rollback journal.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import StorageError
from .connections import SharedConnection
from .contract import Kind, RefusedValueError, Row, Statement
from .file_systems import network_file_system, read_mounts
from .original import Original

#: The first version without the fault, and the versions to which its correction was carried back.
_WAL_IS_SAFE = (3, 51, 3)
_WAL_CORRECTED = ((3, 50, 7), (3, 44, 6))
#: RETURNING is needed.
_OLDEST = (3, 35, 0)
#: What to do, by SQLite's result code, extended or primary (https://sqlite.org/rescode.html).
_REMEDIES = {
    sqlite3.SQLITE_BUSY: "another process has had it locked for too long: end its transaction, then try again",
    sqlite3.SQLITE_READONLY: "make the file and its directory writable for this user",
    sqlite3.SQLITE_READONLY_DBMOVED: "it was deleted or replaced while it was open: stop what uses it, and look at it",
    sqlite3.SQLITE_IOERR: "check the disk: it may be full or failing",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: restore a backup, and open it with adopt=True (--adopt) after settling",
    sqlite3.SQLITE_FULL: "the disk is full: make room, then try again",
    sqlite3.SQLITE_CANTOPEN: "check that its directory exists and is writable for this user",
    sqlite3.SQLITE_NOTADB: "it is not a SQLite file, or damaged: check the name, or restore a backup",
}
#: Errors of a statement. Text with lone surrogates and integers above 64 bits cannot be stored.
_ERRORS = (sqlite3.Error, UnicodeEncodeError, OverflowError)
#: Those that are due to the values: constraints, texts that are too long.
_REFUSALS = (UnicodeEncodeError, OverflowError, sqlite3.IntegrityError, sqlite3.DataError)


class SqliteStore(SharedConnection["_Transaction"]):
    """A store in one file. Only one process at a time may run broadcasts on it; others may read, note reports and settle.

    ``wait`` is how many seconds a transaction waits for one of another process. ``adopt`` accepts a file that is a copy: see
    :mod:`skymms.storage.original`. A new file can be read and written only by its owner, because it holds phone numbers.
    """

    kind: Kind = "sqlite"

    def __init__(self, path: str | os.PathLike[str], *, wait: float = 60.0, adopt: bool = False) -> None:
        super().__init__()
        # Without symbolic links: the files beside it belong to the file, not to one of its names.
        self._path = Path(os.path.realpath(path))
        self.name: str = str(path)
        self._wait = wait
        self._original = Original(self._path)
        self._runner: int | None = None
        #: Whether the connection refuses to write; None if Ctrl-C came while that was changed.
        self._query_only: bool | None = False
        if sqlite3.sqlite_version_info < _OLDEST:
            raise StorageError(f"SQLite {sqlite3.sqlite_version} is too old: skymms needs 3.35 or newer")
        if shared := network_file_system(self._path, read_mounts()):
            raise StorageError(
                f"{self.name} is on a network file system ({shared}), whose locks do not keep two machines apart: use a local "
                "disk, or PostgreSQL for several machines"
            )
        try:
            with self.transaction() as transaction:
                self._original.check(transaction, adopt=adopt)
        except OSError as error:
            self.close()
            raise StorageError(f"{self.name}: {error.filename}: {error.strerror}") from error
        except BaseException:
            self.close()
            raise

    def transaction(self) -> AbstractContextManager[_Transaction]:
        """Begin a transaction that writes."""
        return self._transaction(True)

    @contextmanager
    def erasing(self) -> Generator[_Transaction, None, None]:
        """Begin a transaction that writes; neither the file nor the journal beside it keeps what it deletes."""
        with self._lock:
            mode = self._journal("PRAGMA journal_mode")
            if mode != "wal":
                # The pages before the change are in the journal, which is usually kept.
                self._journal("PRAGMA journal_mode = TRUNCATE")
            try:
                with self.transaction() as transaction:
                    yield transaction
            finally:
                self._journal("PRAGMA wal_checkpoint(TRUNCATE)" if mode == "wal" else f"PRAGMA journal_mode = {mode}")

    def _journal(self, sql: str) -> str:
        try:
            return str(self._open().execute(sql).fetchone()[0])
        except sqlite3.Error as error:
            raise _storage_error(self.name, error) from error

    def reading(self) -> AbstractContextManager[_Transaction]:
        """Begin a transaction that only reads."""
        return self._transaction(False)

    @contextmanager
    def lock_runner(self, name: str) -> Generator[bool, None, None]:
        """Hold the right to run broadcasts of this file; :class:`~skymms.StorageError` if another run holds it.

        The lock is on ``NAME.original``, which nobody deletes by mistake, and ends with the process.
        """
        try:
            import fcntl
        except ModuleNotFoundError:
            raise StorageError("this system has no file locks (fcntl): use PostgreSQL to run broadcasts") from None
        # During a fork this lock is held, so that a child knows of the file and closes it.
        with self._lock:
            try:
                runner = os.open(self._original.path, os.O_RDWR)
                try:
                    fcntl.flock(runner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BaseException:
                    os.close(runner)
                    raise
            except BlockingIOError:
                raise StorageError(
                    f"broadcasts of {self.name} are being run already: wait for the end of that run, or use PostgreSQL, which "
                    "several runs can share"
                ) from None
            except OSError as error:
                raise StorageError(f"{self.name}: {self._original.path}: {error.strerror}") from error
            self._runner = runner
        try:
            yield True
        finally:
            with self._lock:
                self._let_go()

    def _let_go(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            os.close(runner)

    def after_fork_in_child(self) -> None:
        """Forget what belongs to the parent."""
        super().after_fork_in_child()
        # Otherwise the child would keep the lock of a parent that has ended.
        self._let_go()

    def _begin(self, writing: bool) -> _Transaction:
        try:
            connection = self._open()
            # A statement that writes is an error in a transaction that reads, as in PostgreSQL.
            if self._query_only is not (not writing):
                self._query_only = None
                connection.execute(f"PRAGMA query_only = {'OFF' if writing else 'ON'}")
                self._query_only = not writing
            connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        except sqlite3.Error as error:
            raise _storage_error(self.name, error) from error
        return _Transaction(connection, self.name)

    def _commit(self, transaction: _Transaction, writing: bool) -> None:
        if not writing:
            self._abandon()
            return
        counted = self._original.count(transaction)
        try:
            transaction.connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _storage_error(self.name, error) from error
        self._original.committed(*counted)

    def _abandon(self) -> None:
        connection: sqlite3.Connection | None = self._connection
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.rollback()
            if connection.in_transaction:
                self.close()

    def _open(self) -> sqlite3.Connection:
        existing: sqlite3.Connection | None = self._connection
        if existing is not None:
            return existing
        is_new = not self._path.exists()
        connection = sqlite3.connect(self._path, timeout=self._wait, isolation_level=None, check_same_thread=False)
        try:
            wanted = journal_mode(sqlite3.sqlite_version_info)
            (mode,) = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
            if mode == "wal" and wanted != "WAL":
                raise StorageError(
                    f"{self.name} has a write-ahead log, which SQLite {sqlite3.sqlite_version} of this process must not use, "
                    "and another process has it open: stop that process, or use SQLite 3.51.3 or newer in both"
                )
            connection.execute("PRAGMA synchronous = FULL")
            # On macOS an ordinary sync does not reach the disk.
            connection.execute("PRAGMA fullfsync = ON")
            connection.execute("PRAGMA checkpoint_fullfsync = ON")
            connection.execute("PRAGMA foreign_keys = ON")
            # SQLite overwrites deleted rows with zeros, so that an erased phone number cannot be read in the file.
            connection.execute("PRAGMA secure_delete = ON")
            if is_new:
                # It is empty still. SQLite gives its journal the same permissions.
                with suppress(OSError):
                    os.chmod(self._path, 0o600)
        except BaseException:
            connection.close()
            raise
        self._connection, self._query_only = connection, False
        return connection


class _Transaction:
    """A transaction on a connection."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self.connection = connection
        self.failed = False
        self._name = name

    def run(self, statement: Statement, **values: Any) -> int:
        if not statement.sqlite:
            return 0
        return max(0, self._execute(statement, values).rowcount)

    def run_many(self, statement: Statement, rows: Sequence[dict[str, Any]]) -> int:
        return self._execute_many(statement.sqlite, rows)

    def rows(self, statement: Statement, **values: Any) -> list[Row]:
        if not statement.sqlite:
            return []
        cursor = self._execute(statement, values)
        try:
            return cursor.fetchall()
        except sqlite3.Error as error:
            raise self._error(error) from error

    def one(self, statement: Statement, **values: Any) -> Row | None:
        rows = self.rows(statement, **values)
        return rows[0] if rows else None

    def document(self, statement: Statement, **values: Any) -> Any:
        ((text,),) = self.rows(statement, **values)
        return json.loads(text)

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        values = ", ".join("?" for _ in columns)
        # The names come from this package.
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values}) ON CONFLICT DO NOTHING"  # noqa: S608
        return self._execute_many(sql, rows)

    def now(self) -> float:
        return time.time()

    def _execute(self, statement: Statement, values: dict[str, Any]) -> sqlite3.Cursor:
        try:
            return self.connection.execute(statement.sqlite, values)
        except _ERRORS as error:
            raise self._error(error) from error

    def _execute_many(self, sql: str, rows: Iterable[Any]) -> int:
        try:
            return max(0, self.connection.executemany(sql, rows).rowcount)
        except _ERRORS as error:
            raise self._error(error) from error
        except BaseException:
            # Of the iterable: some of its rows are written.
            self.failed = True
            raise

    def _error(self, error: Exception) -> StorageError:
        self.failed = True
        return _storage_error(self._name, error)


def _storage_error(name: str, error: Exception) -> StorageError:
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, _REFUSALS):
        return RefusedValueError(f"{name}: {error}")
    if code is None:
        return StorageError(f"{name}: {error}")
    remedy = _REMEDIES.get(code) or _REMEDIES.get(code & 0xFF)
    return StorageError(f"{name}: {error} ({getattr(error, 'sqlite_errorname', code)}){f': {remedy}' if remedy else ''}")


def journal_mode(version: tuple[int, ...]) -> str:
    """Return the journal mode for a version of SQLite."""
    corrected = any(version[:2] == first[:2] and version >= first for first in _WAL_CORRECTED)
    return "WAL" if corrected or version >= _WAL_IS_SAFE else "PERSIST"
