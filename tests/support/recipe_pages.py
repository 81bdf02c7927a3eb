"""Runs the Python blocks of a page of docs/, so that a test can look at what they leave."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str = "python") -> list[str]:
    """Return the code of a page, block by block."""
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def run_page(page: str, **changes: str) -> SimpleNamespace:
    """Run the blocks of a page in order, and return the names that they leave. ``changes`` are names set before."""
    names: dict[str, Any] = {"__name__": "page", **changes}
    for number, block in enumerate(blocks(page), 1):
        exec(compile(block, f"{page}, block {number}", "exec"), names)
    return SimpleNamespace(**names)


def program(page: str, file: str) -> str:
    """Return the block of a page that begins with a comment with the name of its file."""
    return next(block for block in blocks(page) if block.startswith(f"# {file}\n"))
