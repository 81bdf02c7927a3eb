"""Former names: the names of fields and actions before today's, which some gateways still expect.

The table lists them after today's names. They are always decoded. An account can choose to write them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

from . import table
from .notation import Row, accepted_names


@lru_cache(maxsize=16)
def former_names(column: int) -> frozenset[str]:
    """Return the names, in upper case, that can be written instead of today's in a column of the table of requests."""
    actions = [name for cells, _ in table.REQUESTS.values() for name in action_names(cells[column])[1:]]
    fields = _of_rows([row for _, rows in table.REQUESTS.values() for row in rows], column)
    return fields.union(map(str.upper, actions))


@lru_cache(maxsize=16)
def former_reply_names(column: int) -> frozenset[str]:
    """Return the same for a column of the table of replies."""
    return _of_rows([row for rows in table.REPLIES.values() for row in rows], column)


def _of_rows(rows: Sequence[Row], column: int) -> frozenset[str]:
    # A name with a path is that of another form of the document, which is only read.
    return frozenset(name.upper() for row in rows for name in accepted_names(row, column)[1:] if "/" not in name)


def action_names(cell: str) -> list[str]:
    """Return the names of an action in a cell of the table: today's, then its former names."""
    return cell.replace("-", "").split()


def action_to_write(cell: str, chosen: Collection[str]) -> str:
    """Return the former name of an action that is in ``chosen``, else today's name; empty if the dialect has no such action."""
    names = action_names(cell)
    return next((name for name in names[1:] if name.upper() in chosen), names[0] if names else "")


def rows_to_write(rows: Sequence[Row], column: int, chosen: Collection[str]) -> list[Row]:
    """Return rows with the former names that are in ``chosen``, in upper case, instead of today's in a column."""
    return [_row_to_write(row, column, chosen) for row in rows]


def _row_to_write(row: Row, column: int, chosen: Collection[str]) -> Row:
    former = next((name for name in accepted_names(row, column)[1:] if name.upper() in chosen), None)
    if former is None:
        return row
    mark = "!" if row.names[column].partition(" ")[0].endswith("!") else ""
    return row._replace(names=(*row.names[:column], former + mark, *row.names[column + 1 :]))
