"""Stores for tests: a fresh SQLite file, and a fresh schema of a PostgreSQL server that is dropped afterwards.

The server is ``SKYMMS_TEST_POSTGRES``, a URL, by default ``postgresql://postgres@127.0.0.1/test``. Where none answers, tests
that need it are skipped; with ``SKYMMS_REQUIRE_SERVERS=1``, as in `.ci/run`, they fail instead.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import pytest

from skymms.storage.contract import Store
from skymms.storage.opening import open_store

SERVER = os.environ.get("SKYMMS_TEST_POSTGRES", "postgresql://postgres@127.0.0.1/test")


def missing(reason: str) -> NoReturn:
    """Skip the test, because a server that it needs is missing; fail it where servers are required."""
    if os.environ.get("SKYMMS_REQUIRE_SERVERS") == "1":
        pytest.fail(f"{reason}, and SKYMMS_REQUIRE_SERVERS=1 requires it", pytrace=False)
    pytest.skip(reason)


def in_schema(url: str, schema: str) -> str:
    """Return the URL with a schema, which is also the connections' application name."""
    return f"{url}{'&' if '?' in url else '?'}options={quote(f'-csearch_path={schema}', safe='')}&application_name={schema}"


@pytest.fixture
def sqlite_where(tmp_path: Path) -> str:
    """The name of a SQLite file that does not exist yet."""
    return str(tmp_path / "store.db")


@pytest.fixture
def postgres_where() -> Iterator[str]:
    """The URL of a fresh schema, which is dropped after the test."""
    try:
        import psycopg
    except ModuleNotFoundError:
        missing("psycopg is not installed")
    schema = f"skymms_test_{secrets.token_hex(8)}"
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError:
        missing(f"no PostgreSQL server answers at {SERVER}")
    with server:
        server.execute(f"CREATE SCHEMA {schema}".encode())
        try:
            yield in_schema(SERVER, schema)
        finally:
            # A connection that a test left open would keep the schema locked.
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [schema])
            server.execute(f"DROP SCHEMA {schema} CASCADE".encode())


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_where(request: pytest.FixtureRequest) -> str:
    """A file name or a URL where nothing was stored yet: each test runs with both kinds of store."""
    where: str = request.getfixturevalue(f"{request.param}_where")
    return where


@pytest.fixture
def store(ledger_where: str) -> Iterator[Store]:
    """An open store without tables: each test runs with both kinds."""
    store = open_store(ledger_where)
    try:
        yield store
    finally:
        store.close()
