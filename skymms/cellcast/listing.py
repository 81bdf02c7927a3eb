"""Lists that come page by page: what they hold, and how all of it is read."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, Generic, TypeVar

from ..errors import Nodes, ProtocolError
from ..model.operations import Operation

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """What a list holds: iterate over it. ``more`` tells that a page has pages after it; ``marked`` are ids marked as read."""

    rows: tuple[Row, ...] = ()
    _: KW_ONLY
    more: bool = False
    marked: tuple[str, ...] = ()
    raw: Nodes = field(default=(), compare=False, repr=False)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def all_pages(
    operation: Any, most: int, mark: Callable[[str], Operation[Any]] | None = None
) -> Generator[Operation[Any], Any, Listing[Any]]:
    """The parts of a call for a whole list: page after page, ``most`` of them, and only then the marking.

    Marking in between would move the pages. ``mark`` makes the operation that marks the id of a row. What ends the call, an
    error or Ctrl-C, carries as its ``partial`` what was read, and the ids that were marked.
    """
    rows: dict[Any, None] = {}
    raw: Nodes = ()
    marked: list[str] = []
    before = None
    try:
        for page in range(1, most + 1):
            reply = yield replace(operation, page=page)
            # A gateway that knows no pages gives the first one for ever.
            if reply.rows == before:
                break
            # A row that has moved to the next page meanwhile is the same row.
            rows.update(dict.fromkeys(reply.rows))
            raw, before = raw + reply.raw, reply.rows
            if not reply.more:
                break
        else:
            raise ProtocolError(f"the list does not end within {most:,} pages")
        if mark is not None:
            for message_id in [row.message_id for row in rows if row.message_id]:
                yield mark(message_id)
                marked.append(message_id)
    except BaseException as error:
        error.partial = Listing(tuple(rows), more=True, marked=tuple(marked), raw=raw)  # type: ignore[attr-defined]
        raise
    return Listing(tuple(rows), marked=tuple(marked), raw=raw)
