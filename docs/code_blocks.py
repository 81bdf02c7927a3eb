"""Writes the Python code of README.md, docs/ and examples/ into a folder, for a type checker to read.

    python docs/code_blocks.py FOLDER

The blocks of a page follow each other in one file, as a reader meets them. Blocks of doctest style are left out.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

from sybil import Document
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer

ROOT = Path(__file__).resolve().parents[1]
PYTHON = FencedCodeBlockLexer("python")


def code_of(page: Path) -> str:
    """The code of a page, each line at the line number it has in the page."""
    text = page.read_text(encoding="utf-8")
    lines = [""] * text.count("\n")
    for block in PYTHON(Document(text, str(page))):
        first = text.count("\n", 0, block.start) + 1
        code = block.lexemes["source"].splitlines()
        if code[0].startswith(">>>"):
            continue
        # `await` outside a function is how pages show asynchronous code: a checker wants it inside one.
        if any(
            re.match(r"\s*(async (with|for)|.*\bawait\b)", line) and not line.startswith((" ", "async def")) for line in code
        ):
            lines[first - 1] = f"async def _block_{first}() -> None:"
            code = [f"    {line}" for line in code]
        lines[first : first + len(code)] = code
    return "\n".join(lines) + "\n"


def main(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if "_build" not in page.parts and (code := code_of(page)).strip():
            (folder / f"{page.stem.lower().replace('-', '_')}_page.py").write_text(code, encoding="utf-8")
    for example in sorted((ROOT / "examples").glob("*.py")):
        shutil.copy(example, folder / f"example_{example.name}")
    config = {
        "include": ["."],
        "typeCheckingMode": "basic",
        "venvPath": str(ROOT),
        "venv": ".venv",
        # A page shows a value by writing it, and imports again in a later block.
        "reportUnusedExpression": False,
        "reportSelfClsParameterName": False,
        # A page may show several programs.
        "reportRedeclaration": False,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
