"""Projects of others, whose tests are run by a pytest of their own."""

from __future__ import annotations

from importlib.metadata import entry_points


def plugin() -> tuple[str, ...]:
    """What a pytest is told in order to have our plugin: nothing, where the package that is installed brings it."""
    registered = {found.name for found in entry_points(group="pytest11")}
    return () if "skymms" in registered else ("-p", "skymms.pytest_plugin")
