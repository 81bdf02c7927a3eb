"""What a store does, and the SQL of a statement for each kind of store.

The two kinds differ in a few words of SQL. Statements are data: one row each, with one column for each kind of store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from .._functools import memoize
from ..errors import StorageError

Kind: TypeAlias = Literal["sqlite", "postgres"]
Row: TypeAlias = tuple[Any, ...]

#: Text, a quoted name, a comment, a cast (``::text``), or a parameter: only the last one has a group.
_PARAMETER = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|::|:([a-z_][a-z_0-9]*)")


class Statement(NamedTuple):
    """One statement, as SQL for each kind of store. Parameters are written ``:name`` in both.

    A list is passed as JSON: ``id IN (SELECT value FROM json_each(:ids))`` in SQLite, and
    ``json_array_elements_text(:ids::json)`` in PostgreSQL. An empty text does nothing in that kind of store.
    """

    sqlite: str
    postgres: str

    @property
    def for_psycopg(self) -> bytes:
        """The SQL for PostgreSQL with the parameters as psycopg writes them, ``%(name)s``."""
        return _for_psycopg(self.postgres)


@memoize
def _for_psycopg(sql: str) -> bytes:
    return _PARAMETER.sub(lambda found: f"%({found[1]})s" if found[1] else found[0], sql.replace("%", "%%")).encode()


def same(sql: str) -> Statement:
    """Return a statement that is the same in both."""
    return Statement(sql, sql)


class RefusedValueError(StorageError):
    """The database cannot hold a value, or it breaks a constraint: another attempt with the same values would fail too."""


class Migration(NamedTuple):
    """The statements that create the tables of a component, or change them from the version before."""

    sqlite: Sequence[str]
    postgres: Sequence[str]


class Transaction(Protocol):
    """A transaction: all that it writes is kept, or nothing is.

    The methods raise :class:`~skymms.StorageError`. After an error nothing of the transaction is kept, even if the error is
    caught. After its end a transaction cannot be used.
    """

    def run(self, statement: Statement, **values: Any) -> int:
        """Run a statement and return the number of rows that it changed."""
        ...

    def run_many(self, statement: Statement, rows: Sequence[dict[str, Any]]) -> int:
        """Run a statement once for each row of values and return the number of rows that it changed in all."""
        ...

    def rows(self, statement: Statement, **values: Any) -> list[Row]:
        """Run a statement and return its rows."""
        ...

    def one(self, statement: Statement, **values: Any) -> Row | None:
        """Run a statement and return its first row, or None."""
        ...

    def document(self, statement: Statement, **values: Any) -> Any:
        """Run a statement whose result is one JSON text, and return what the text says.

        For many rows this is quicker than :meth:`rows`: the driver of SQLite lets other threads run before each row, and then
        waits for them.
        """
        ...

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        """Insert many rows at once and return how many were inserted.

        Of rows with the same unique key the first is kept, and rows whose key is in the table are left out. An error of the
        iterable itself is raised as it is.
        """
        ...

    def now(self) -> float:
        """Return the time of the store's clock, in seconds since 1970: all processes that share the store agree on it."""
        ...


class Store(Protocol):
    """Durable tables. A store may be used by several threads, and by a child process after a fork.

    The methods raise :class:`~skymms.StorageError` if the database cannot be used; the transaction has then had no effect,
    except that one whose end was not answered (a lost connection) may have been kept. So may one that a signal, such as Ctrl-C,
    interrupts at its end. Threads take turns. A thread cannot begin a transaction within another.
    """

    @property
    def kind(self) -> Kind:
        """Which column of a statement is used."""
        ...

    @property
    def name(self) -> str:
        """The file or the database, without a password, for messages."""
        ...

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction that writes. It is on disk when the context ends, and undone if the context raises."""
        ...

    def erasing(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction that writes, and after which what it deleted cannot be read from a file of the store.

        A PostgreSQL server keeps old rows until it vacuums the table.
        """
        ...

    def reading(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction that only reads: a statement that writes is an error. It sees one state of the tables."""
        ...

    def lock_runner(self, name: str) -> AbstractContextManager[bool]:
        """Hold the right to be the only runner of ``name``, where the kind of store needs it.

        The context's value is True if the store has only one runner at a time, so that nobody else can be at work.
        """
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


def read_pages(store: Store, statement: Statement, *, size: int = 5000, **values: Any) -> Iterator[Row]:
    """Iterate over the rows of a statement that returns at most ``:size`` rows whose first column is above ``:after``.

    Between two pages no transaction is open: one that stayed open would keep others from writing to a SQLite file.
    """
    after = 0
    while True:
        with store.reading() as transaction:
            rows = transaction.rows(statement, after=after, size=size, **values)
        yield from rows
        if len(rows) < size:
            return
        after = rows[-1][0]
