"""A store in a PostgreSQL database, through psycopg 3 (the extra ``skymms[postgres]``).

A commit is on the server's disk when it returns: every session sets ``synchronous_commit``, and a server with ``fsync=off`` is
refused. After a failover to another server, commits that it never received are lost, and messages that were sent look unsent.
Such a server has a new timeline, which is compared with the one that the store saw before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg

from ..errors import StorageError
from .contract import Kind, Row, Statement, same
from .forks import ForkSafe

#: The first eight digits of the name of the current log segment are the timeline.
_TIMELINE = same("SELECT substring(pg_walfile_name(pg_current_wal_lsn()) FROM 1 FOR 8)")
_CREATE = same("CREATE TABLE IF NOT EXISTS skymms_timeline (timeline TEXT NOT NULL)")
_LOCK = same("SELECT pg_advisory_xact_lock(7593211)")
_SEEN = same("SELECT timeline FROM skymms_timeline")
_SEE = same("INSERT INTO skymms_timeline (timeline) VALUES (:timeline)")
_FORGET = same("DELETE FROM skymms_timeline")
_NOW = same("SELECT extract(epoch FROM clock_timestamp())::float8")


class PostgresStore(ForkSafe):
    """A store in a database that several processes and machines may use at once.

    ``adopt`` accepts a server with another timeline, as after a failover: see the module.
    """

    kind: Final[Kind] = "postgres"

    def __init__(self, url: str, *, adopt: bool = False) -> None:
        super().__init__()
        self._url = url
        parts = urlsplit(url)
        self.name = f"postgresql://{parts.hostname or ''}{parts.path}"
        with self.transaction() as transaction:
            self._check_timeline(transaction, adopt=adopt)

    @contextmanager
    def transaction(self) -> Iterator[_Transaction]:
        """Begin a transaction that writes."""
        with self._lock, self._translated():
            connection = self._open()
            with connection.transaction():
                yield _Transaction(connection)

    def erasing(self) -> AbstractContextManager[_Transaction]:
        """Begin a transaction that writes. The server removes old rows when it vacuums the tables."""
        return self.transaction()

    @contextmanager
    def reading(self) -> Iterator[_Transaction]:
        """Begin a transaction that only reads and sees one state of the tables."""
        with self._lock, self._translated():
            connection = self._open()
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                yield _Transaction(connection)

    @contextmanager
    def lock_runner(self, name: str) -> Iterator[bool]:
        """Return False: several runners share the database, and leases keep them apart."""
        yield False

    def _open(self) -> psycopg.Connection[Row]:
        connection: psycopg.Connection[Row] | None = self._connection
        if connection is not None and not connection.closed and not connection.broken:
            return connection
        # An error of a connection can contain the URL, and with it the password.
        try:
            connection = psycopg.connect(self._url, autocommit=True, connect_timeout=10, fallback_application_name="skymms")
        except psycopg.Error as error:
            raise StorageError(f"{self.name}: {_first_line(error).replace(self._url, self.name)}") from None
        try:
            connection.execute("SET synchronous_commit = on")
            fsync = connection.execute("SHOW fsync").fetchone()
            if fsync != ("on",):
                raise StorageError(f"{self.name}: the server runs with fsync=off and may forget what was sent: turn it on")
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _check_timeline(self, transaction: _Transaction, *, adopt: bool) -> None:
        transaction.rows(_LOCK)
        transaction.run(_CREATE)
        found = transaction.one(_TIMELINE)
        timeline = str(found and found[0])
        seen = [row[0] for row in transaction.rows(_SEEN)]
        if seen and timeline not in seen and not adopt:
            raise StorageError(
                f"{self.name} is on timeline {timeline} and was on {seen[-1]}: after a failover or a restored backup, messages "
                "that were sent may look unsent. Settle them, then open it with adopt=True (--adopt)"
            )
        if timeline not in seen:
            transaction.run(_FORGET)
            transaction.run(_SEE, timeline=timeline)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise StorageError(f"{self.name}: {_first_line(error)}") from error


class _Transaction:
    """A transaction on a connection."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self.connection = connection

    def run(self, statement: Statement, **values: Any) -> int:
        return self._execute(statement, values).rowcount

    def run_many(self, statement: Statement, rows: Sequence[dict[str, Any]]) -> int:
        with self.connection.cursor() as cursor:
            cursor.executemany(statement.for_psycopg, rows)
            return cursor.rowcount

    def rows(self, statement: Statement, **values: Any) -> list[Row]:
        return self._execute(statement, values).fetchall()

    def one(self, statement: Statement, **values: Any) -> Row | None:
        return self._execute(statement, values).fetchone()

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        from psycopg import sql

        names = {"table": sql.Identifier(table), "columns": sql.SQL(", ").join(map(sql.Identifier, columns))}
        run = self.connection.execute
        empty = "CREATE TEMP TABLE skymms_staging ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"
        run(sql.SQL(empty).format(**names))
        into = sql.SQL("COPY skymms_staging ({columns}) FROM STDIN").format(**names)
        with self.connection.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)
        insert = "INSERT INTO {table} ({columns}) SELECT {columns} FROM skymms_staging ON CONFLICT DO NOTHING"
        inserted = run(sql.SQL(insert).format(**names)).rowcount
        run("DROP TABLE skymms_staging")
        return inserted

    def now(self) -> float:
        found = self.one(_NOW)
        assert found is not None
        return float(found[0])

    def _execute(self, statement: Statement, values: dict[str, Any]) -> psycopg.Cursor[Row]:
        return self.connection.execute(statement.for_psycopg, values)


def _first_line(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
