"""Fixtures of the recipes: a working directory, and a gateway that the environment names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skymms.sandbox import Sandbox

#: As long as the vendor's keys, and unlike any other text.
KEY = "5fa1c0de0123456789abcdef5fa1c0de"


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox for ``Account.from_env()``, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    with Sandbox(KEY) as sandbox:
        monkeypatch.setenv("SKYMMS_API_KEY", KEY)
        monkeypatch.setenv("SKYMMS_URL", sandbox.account().address)
        yield sandbox
