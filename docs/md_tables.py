"""Tables and texts in Markdown, for the programs that write pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

#: Characters that Markdown would take for marks.
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|])")


def escaped(text: str) -> str:
    """Return a text in which nothing is a mark."""
    return _MARKS.sub(r"\\\1", text)


def rows(*cells: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a table."""
    for line in cells:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"


def table_of(head: list[str], body: Iterable[Iterable[str]]) -> str:
    """Return a table with its heading."""
    return "\n".join(rows(head, ["---"] * len(head), *body)) + "\n"
