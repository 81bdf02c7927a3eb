"""Helpers for tests that run pytest in a project of its own."""

from __future__ import annotations

from importlib.metadata import entry_points


def plugin() -> tuple[str, ...]:
    """The pytest options that load the skymms plugin; none if the installed package registers it."""
    registered = {found.name for found in entry_points(group="pytest11")}
    return () if "skymms" in registered else ("-p", "skymms.pytest_plugin")
