"""A function that does nothing, at the instants at which a crash would be worst. Tests replace it, to crash there."""

from __future__ import annotations

from collections.abc import Callable

_hook: Callable[[str], None] | None = None


def instant(name: str) -> None:
    """Mark an instant in a run."""
    if _hook is not None:
        _hook(name)


def set_hook(hook: Callable[[str], None] | None) -> None:
    """Call ``hook`` with the name of each instant; None ends that."""
    global _hook
    _hook = hook
