"""Fixtures that several files of tests use."""

from __future__ import annotations

import pytest
from callers import Blocking

from skymms import Client


@pytest.fixture(params=[Client, Blocking], ids=["requests", "aiohttp"])
def kind(request):
    """The class of a client: each test runs with both, the asynchronous one called without ``await``."""
    return request.param
