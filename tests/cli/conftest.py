"""Fixtures for the tests of the command line."""

from __future__ import annotations

from cli_process import environment, skymms_

__all__ = ["environment", "skymms_"]
