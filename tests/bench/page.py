"""Writes a table to docs/explanation/performance.md, and describes the machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "performance.md"


def put(name: str, table: str) -> None:
    """Replace the text between ``<!-- name -->`` and ``<!-- end of name -->``."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    page = PAGE.read_text()
    before, begun, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not (begun and ended):
        raise SystemExit(f"{PAGE} does not have {begin} and {end}")
    PAGE.write_text(f"{before}{begin}\n{table}{end}{after}")


def machine() -> str:
    """Describe the machine and the interpreter."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}; CPython {platform.python_version()}"
