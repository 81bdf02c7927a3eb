"""Fixtures for the tests of the command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cli_process import CANARY, environment, run

from skymms.sandbox import Sandbox

__all__ = ["environment", "run"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A local gateway that accepts the tests' key."""
    with Sandbox(api_key=CANARY) as running:
        yield running


@pytest.fixture
def gateway(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, with the environment set to use it in the dialect skycore."""
    monkeypatch.setenv("SKYMMS_URL", sandbox.account().address)
    return sandbox
