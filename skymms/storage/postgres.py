"""A store in a PostgreSQL database, through psycopg 3 (the extra ``skymms[postgres]``).

A commit is on the server's disk when it returns: every transaction sets ``synchronous_commit``, and a server with
``fsync=off`` is refused. After a failover to another server, commits that it never received are lost, and messages that were
sent look unsent. Such a server has another timeline, and a database that was copied to another server has another system
identifier. Both are compared with what the database says about itself, whenever a connection is opened.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from ..errors import ConfigurationError, StorageError
from .connections import SharedConnection
from .contract import Kind, RefusedValueError, Row, Statement, same

#: Settings of a connection that the URL does not give. Without them, a server that has vanished is waited for endlessly.
_DEFAULTS = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
    "fallback_application_name": "skymms",
}
#: A process that is stopped in the middle of a transaction would keep its locks for ever; the server ends its session instead.
_BEGIN = (
    b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; "
    b"SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') <> 'remote_apply'; "
    b"SET LOCAL lock_timeout = '60s'; SET LOCAL idle_in_transaction_session_timeout = '60s'"
)
_BEGIN_READING = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = '60s'"
#: The first eight digits of the name of the current log segment are the timeline.
_SERVER = same(
    "SELECT system_identifier::text, (SELECT oid::text FROM pg_database WHERE datname = current_database()), "
    "substring(pg_walfile_name(pg_current_wal_lsn()) FROM 1 FOR 8) FROM pg_control_system()"
)
_LOCK = same("SELECT pg_advisory_xact_lock(7593211)")
_CREATE = same(
    "CREATE TABLE IF NOT EXISTS skymms_server (system TEXT NOT NULL, database TEXT NOT NULL, timeline TEXT NOT NULL)"
)
_SEEN = same("SELECT system, database, timeline FROM skymms_server")
_FORGET = same("DELETE FROM skymms_server")
_SEE = same("INSERT INTO skymms_server (system, database, timeline) VALUES (:system, :database, :timeline)")
_NOW = same("SELECT extract(epoch FROM clock_timestamp())::float8")
#: What to do, by the SQLSTATE of an error or its first two characters.
_REMEDIES = {
    "08": "check that the server runs and can be reached",
    "28": "check the user and the password in the URL",
    "3D000": "create the database, or correct its name in the URL",
    "42501": "give the user the right to it",
    "53100": "the server's disk is full: make room",
    "53": "the server is out of connections or memory",
    "55P03": "another process has had it locked for too long",
    "57": "the server is being stopped or restarted: try again",
    "25006": "the server only reads: connect to the primary",
    "25P03": "the process was stopped for too long in the middle of a transaction, which was undone",
    "XX001": "the database is damaged: restore a backup",
}
#: Errors of a statement. Text with lone surrogates cannot be stored.
_ERRORS = (psycopg.Error, UnicodeEncodeError)
#: Those that are due to the values: constraints, characters and numbers that no column holds.
_REFUSALS = (UnicodeEncodeError, psycopg.IntegrityError, psycopg.DataError)


class _Server(NamedTuple):
    """Which server and database a connection is to."""

    system: str
    database: str
    timeline: str


class PostgresStore(SharedConnection["_Transaction"]):
    """A store in a database that several processes and machines may use at once.

    ``adopt`` accepts another server or timeline, as after a failover or a restored backup: see the module.
    """

    kind: Kind = "postgres"

    def __init__(self, url: str, *, adopt: bool = False) -> None:
        super().__init__()
        try:
            parts = urlsplit(url)
            settings: dict[str, Any] = conninfo_to_dict(url)
            self._conninfo = make_conninfo("", **{**_DEFAULTS, **settings})
        except (ValueError, psycopg.Error):
            # The original error contains parts of the URL, which can be the password.
            raise ConfigurationError(
                "the PostgreSQL URL cannot be read: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, and special "
                "characters as %40 and so on"
            ) from None
        self.name: str = f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"
        self._secrets = sorted({url, self._conninfo, str(settings.get("password") or ""), parts.password or ""} - {""}, key=len)
        self._server: _Server | None = None
        try:
            with self.transaction() as transaction:
                self._server = self._check_server(transaction, adopt=adopt)
        except BaseException:
            self.close()
            raise

    def transaction(self) -> AbstractContextManager[_Transaction]:
        """Begin a transaction that writes."""
        return self._transaction(True)

    def erasing(self) -> AbstractContextManager[_Transaction]:
        """Begin a transaction that writes. The server removes old rows when it vacuums the tables."""
        return self._transaction(True)

    def reading(self) -> AbstractContextManager[_Transaction]:
        """Begin a transaction that only reads and sees one state of the tables."""
        return self._transaction(False)

    @contextmanager
    def lock_runner(self, name: str) -> Generator[bool, None, None]:
        """Return False: several runners share the database, and leases keep them apart."""
        yield False

    def _begin(self, writing: bool) -> _Transaction:
        begin = _BEGIN if writing else _BEGIN_READING
        connection: psycopg.Connection[Row] | None = self._connection
        if connection is not None:
            # The server may have been restarted since. Nothing of this transaction has been run, so it may begin again.
            with suppress(psycopg.Error):
                connection.execute(begin, prepare=False)
                return _Transaction(connection, self)
            self.close()
        connection = self._connection = self._connect()
        try:
            connection.execute(begin, prepare=False)
        except psycopg.Error as error:
            raise self.error(error) from None
        return _Transaction(connection, self)

    def _commit(self, transaction: _Transaction, writing: bool) -> None:
        try:
            transaction.connection.execute("COMMIT")
        except psycopg.Error as error:
            lost = "; the transaction may have been kept, because its end was not answered"
            raise StorageError(f"{self.error(error)}{lost if transaction.connection.broken else ''}") from None

    def _abandon(self) -> None:
        connection: psycopg.Connection[Row] | None = self._connection
        if connection is not None:
            with suppress(psycopg.Error):
                connection.rollback()
            if connection.info.transaction_status is not TransactionStatus.IDLE:
                self.close()

    def _connect(self) -> psycopg.Connection[Row]:
        try:
            connection: psycopg.Connection[Row] = psycopg.connect(self._conninfo, autocommit=True)
        except psycopg.Error as error:
            raise self.error(error) from None
        try:
            self._judge(connection)
        except psycopg.Error as error:
            connection.close()
            raise self.error(error) from None
        except BaseException:
            connection.close()
            raise
        return connection

    def _judge(self, connection: psycopg.Connection[Row]) -> None:
        """Raise an error for a server that may forget what was sent."""
        found = connection.execute("SELECT current_setting('fsync'), pg_is_in_recovery()").fetchone()
        fsync, standby = found or ("off", True)
        if fsync != "on":
            raise StorageError(f"{self.name}: the server runs with fsync=off and may forget what was sent: turn it on")
        if standby:
            raise StorageError(f"{self.name} is a standby, which can only be read: connect to the primary")
        if self._server is not None:
            row = connection.execute(_SERVER.for_psycopg).fetchone()
            assert row is not None
            self._compare(_Server(*row), self._server)

    def _check_server(self, transaction: _Transaction, *, adopt: bool) -> _Server:
        transaction.rows(_LOCK)
        transaction.run(_CREATE)
        row = transaction.one(_SERVER)
        assert row is not None
        server = _Server(*row)
        seen = transaction.one(_SEEN)
        if seen is not None and not adopt:
            self._compare(server, _Server(*seen))
        if seen != server:
            transaction.run(_FORGET)
            transaction.run(_SEE, **server._asdict())
        return server

    def _compare(self, server: _Server, seen: _Server) -> None:
        if server[:2] != seen[:2]:
            difference = "was copied from another server or database"
        elif server.timeline != seen.timeline:
            difference = f"is on timeline {server.timeline} and was on {seen.timeline}, as after a failover or a restore"
        else:
            return
        raise StorageError(
            f"{self.name} {difference}: messages that were sent may look unsent. Settle them, make sure that the other "
            "database sends nothing any more, then open this one with adopt=True (--adopt)"
        )

    def error(self, error: Exception) -> StorageError:
        """Return the error to raise for an error of psycopg, without the values of rows and without the password."""
        lines = str(error).strip().splitlines()
        text = lines[0] if lines else type(error).__name__
        for secret in reversed(self._secrets):
            text = text.replace(secret, "…")
        state = getattr(error, "sqlstate", None) or ("08" if isinstance(error, psycopg.OperationalError) else "")
        remedy = _REMEDIES.get(state) or _REMEDIES.get(state[:2])
        code = f" ({state})" if len(state) == 5 else ""
        # 54: a limit of the server, such as the size of an index entry.
        refused = isinstance(error, _REFUSALS) or state.startswith("54")
        kind = RefusedValueError if refused else StorageError
        return kind(f"{self.name}: {text}{code}{f': {remedy}' if remedy else ''}")


class _Transaction:
    """A transaction on a connection."""

    def __init__(self, connection: psycopg.Connection[Row], store: PostgresStore) -> None:
        self.connection = connection
        self.failed = False
        self._store = store

    def run(self, statement: Statement, **values: Any) -> int:
        return max(0, self._execute(statement, values).rowcount)

    def run_many(self, statement: Statement, rows: Sequence[dict[str, Any]]) -> int:
        with self._translated(), self.connection.cursor() as cursor:
            cursor.executemany(statement.for_psycopg, rows)
            return max(0, cursor.rowcount)

    def rows(self, statement: Statement, **values: Any) -> list[Row]:
        cursor = self._execute(statement, values)
        return cursor.fetchall() if cursor.description else []

    def one(self, statement: Statement, **values: Any) -> Row | None:
        cursor = self._execute(statement, values)
        return cursor.fetchone() if cursor.description else None

    def document(self, statement: Statement, **values: Any) -> Any:
        ((text,),) = self.rows(statement, **values)
        return json.loads(text)

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        from psycopg import sql

        names = {"table": sql.Identifier(table), "columns": sql.SQL(", ").join(map(sql.Identifier, columns))}
        run = self.connection.execute
        with self._translated():
            empty = "CREATE TEMP TABLE skymms_staging ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"
            run(sql.SQL(empty).format(**names))
            into = sql.SQL("COPY skymms_staging ({columns}) FROM STDIN").format(**names)
            with self.connection.cursor() as cursor, cursor.copy(into) as copy:
                for row in rows:
                    copy.write_row(row)
            # In the order of the rows: of two with the same key, the first is kept.
            insert = (
                "INSERT INTO {table} ({columns}) SELECT {columns} FROM skymms_staging ORDER BY skymms_staging.ctid "
                "ON CONFLICT DO NOTHING"
            )
            inserted = run(sql.SQL(insert).format(**names)).rowcount
            run("DROP TABLE skymms_staging")
        return inserted

    def now(self) -> float:
        found = self.one(_NOW)
        assert found is not None
        return float(found[0])

    def _execute(self, statement: Statement, values: dict[str, Any]) -> psycopg.Cursor[Row]:
        try:
            return self.connection.execute(statement.for_psycopg, values)
        except _ERRORS as error:
            self.failed = True
            # Not chained: the details of an error contain the values of a row.
            raise self._store.error(error) from None

    @contextmanager
    def _translated(self) -> Generator[None, None, None]:
        try:
            yield
        except _ERRORS as error:
            self.failed = True
            raise self._store.error(error) from None
        except BaseException:
            self.failed = True
            raise
