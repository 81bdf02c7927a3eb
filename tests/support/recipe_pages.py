"""Runs the Python blocks of a page of docs/, so that a test can look at what they leave."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str = "python") -> list[str]:
    """Return the code of a page, block by block."""
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def run_page(page: str, replaced: Mapping[str, str] = {}) -> SimpleNamespace:
    """Run the blocks of a page in order, and return the names that they leave. ``replaced`` are changes of the code."""
    names: dict[str, Any] = {"__name__": "page"}
    for number, block in enumerate(blocks(page), 1):
        code = block
        for old, new in replaced.items():
            code = code.replace(old, new)
        exec(compile(code, f"{page}, block {number}", "exec"), names)
    return SimpleNamespace(**names)
