"""What more than one page of tests asks for."""

from __future__ import annotations

import pytest
from callers import Blocking

from skymms import Client


@pytest.fixture(params=[Client, Blocking], ids=["requests", "aiohttp"])
def kind(request):
    """Both clients, the asynchronous one called as the other is."""
    return request.param
