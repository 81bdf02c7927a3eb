"""Fixtures that several files of tests use."""

from __future__ import annotations

import pytest
from callers import Blocking
from inbox_rows import inbox_store
from private_postgres import private_postgres
from stores import ledger_where, postgres_where, sqlite_where, store

from skymms import Client

__all__ = ["inbox_store", "kind", "ledger_where", "postgres_where", "private_postgres", "sqlite_where", "store"]


@pytest.fixture(params=[Client, Blocking], ids=["requests", "aiohttp"])
def kind(request):
    """The class of a client: each test runs with both, the asynchronous one called without ``await``."""
    return request.param
