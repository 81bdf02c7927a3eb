"""What commands print: answers on stdout, talk on stderr.

A gateway's words, a file's text and a postback are strangers' words. They pass :func:`visible` on their way to a terminal,
which would obey what they might hold, and rich is told to find no markup in them.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ..codes import ANSWERS
from ..errors import MMSError, Problem, ProtocolError, SkymmsError

#: Control characters (but for tab and line feed), what turns the direction of writing, and halves of characters.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(words: object) -> str:
    """Words with everything escaped that a terminal would obey rather than show."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), str(words))


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # Called while the BrokenPipeError is handled. rich would end the process with 1, which says that a gateway refused.
        raise


def console(*, stderr: bool = False) -> Console:
    """A console on a stream as it is now: tests and callers change them."""
    return _Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def say(words: object, style: str = "") -> None:
    """A line of talk, on stderr; broken between words for a terminal only, since a log is searched by lines."""
    made = console(stderr=True)
    made.print(Text(visible(words), style), soft_wrap=not made.is_terminal)


def show(words: object, style: str = "") -> None:
    """A line of an answer, on stdout, however long."""
    console().print(Text(visible(words), style), soft_wrap=True)


def prose(words: object) -> None:
    """A sentence of an answer, broken between words."""
    console().print(Text(visible(words)))


def heading(words: str) -> None:
    """A line that begins a part of an answer."""
    console().print()
    console().rule(Text(words, "bold"), align="left", style="dim")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, folded: bool = False) -> None:
    """An answer of several lines that are alike.

    Nothing is cut off; for a terminal, or always if ``folded``, what is too long is folded.
    """
    if title:
        # Not as the table's own title, which is folded to its width.
        show(title, "bold")
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(Text("" if cell is None else visible(cell)) for cell in row))
    to = console()
    if not (folded or to.is_terminal):
        # A file is searched by lines, and a number that is folded is not found.
        to.width = max(to.width, Measurement.get(to, to.options.update(max_width=_NO_END), made).maximum)
    to.print(made)


#: Wider than any line.
_NO_END = 1_000_000


def sheet(title: str, pairs: Iterable[tuple[str, object]]) -> None:
    """An answer of one thing: names and values, a line each; those that are None are left out."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        if value is not None:
            made.add_row(Text("  " + visible(name)), Text(visible(value)))
    show(title, "bold")
    console().print(made)


def fields_of(value: object) -> list[tuple[str, object]]:
    """A reply or a notice for a sheet: its fields under names for people, lists a line each, without the raw nodes."""
    said = {name.replace("_", " "): inner for name, inner in plain(value).items() if name != "raw" and inner != []}
    return [(name, "\n".join(inner) if isinstance(inner, list) else inner) for name, inner in said.items()]


def document(value: object) -> None:
    """An answer for machines: one JSON document, in ASCII, so that no encoding and no terminal can harm it."""
    sys.stdout.write(json.dumps(plain(value), indent=2) + "\n")


def plain(value: object) -> Any:
    """A value of the library's as JSON can say it: fields by name, dates as ISO 8601, ``raw`` as pairs."""
    if isinstance(value, Problem):
        return value._asdict() | {"remedy": remedy(value)}
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


# ------------------------------------------------------------------------------------------------ what went wrong


def remedy(problem: Problem) -> str | None:
    """What the catalogue says is to be done about it; None where it has no code."""
    known = ANSWERS.get(problem.code or "")
    return known.remedy if known else None


def tell(error: SkymmsError, *, as_json: bool) -> None:
    """An error, in words on stderr; for machines also as a document on stdout."""
    if as_json:
        document({"error": _described(error)})
    say(error)
    if isinstance(error, ProtocolError) and error.body:
        say(f"the answer begins: {_text(error.body[:200])}")
    for note in getattr(error, "__notes__", ()):
        say(note)


def _described(error: SkymmsError) -> dict[str, Any]:
    told: dict[str, Any] = {"class": type(error).__name__, "message": str(error), "sent_maybe": error.sent_maybe}
    if isinstance(error, MMSError):
        told |= {name: getattr(error, name) for name in ("code", "info", "meaning", "remedy", "slide", "foreseen", "reply")}
    if isinstance(error, ProtocolError):
        told |= {"status": error.status, "body": _text(error.body)}
    if error.partial is not None:
        told["partial"] = error.partial
    return told | {"problems": error.problems}


def _text(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")
