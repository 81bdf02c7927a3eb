"""Fixtures that several files of tests use."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import pytest
from callers import Blocking
from hypothesis import settings
from inbox_rows import inbox_store
from private_postgres import private_postgres
from private_redis import private_redis
from stores import ledger_where, postgres_where, sqlite_where, store
from unmeasured import coverage_paused

from skymms import Client

__all__ = [
    "inbox_store", "kind", "ledger_where", "postgres_where", "private_postgres", "private_redis", "sqlite_where", "store",
]  # fmt: skip

# The same examples each time, so that a run that fails here fails everywhere; HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("skymms", deadline=None, derandomize=True, max_examples=25)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "skymms"))


# A shell gives SIGINT to what it starts in the background as "ignored", and every program that a test starts would inherit it:
# tests that interrupt a program would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=[Client, Blocking], ids=["requests", "aiohttp"])
def kind(request):
    """The class of a client: each test runs with both, the asynchronous one called without ``await``."""
    return request.param


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Pause the measurement of coverage for tests that are marked so, and for properties: they repeat what examples run."""
    if item.get_closest_marker("unmeasured") is None and item.get_closest_marker("hypothesis") is None:
        return (yield)
    with coverage_paused():
        return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run three processes on two processors with ``-n auto``: many tests wait, for a program, a server or a time-out."""
    return (os.cpu_count() or 1) * 3 // 2 or 1
