"""Shows slideshows and operations in notebooks."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class NotebookView:
    """Base class of values that a notebook shows as a phone does."""

    __slots__ = ()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """Return what a notebook shows; nothing is fetched for it. Empty for an operation without a message."""
        # Loaded by name, because the preview is built on the values, and values must not depend on it.
        shown: dict[str, Any] = import_module("skymms.preview.previewing").notebook_view(self)
        return shown
