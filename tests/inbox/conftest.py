"""Fixtures of the tests of the inbox."""

from __future__ import annotations

from inbox_server import serve

__all__ = ["serve"]
