"""Writes a table to a page, docs/explanation/performance.md unless told otherwise, and describes the machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "explanation" / "performance.md"


def put(name: str, table: str, path: Path = PAGE) -> None:
    """Replace the text between ``<!-- name -->`` and ``<!-- end of name -->``."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    page = path.read_text()
    before, begun, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not (begun and ended):
        raise SystemExit(f"{path} does not have {begin} and {end}")
    path.write_text(f"{before}{begin}\n{table}{end}{after}")


def machine() -> str:
    """Describe the machine and the interpreter."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}; CPython {platform.python_version()}"
