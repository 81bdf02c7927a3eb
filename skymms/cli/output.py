"""Prints results on stdout, and messages and errors on stderr.

Replies, files and postbacks can contain any text. All text is escaped by :func:`printable`, because a terminal executes control
characters, and rich's markup is switched off.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from textwrap import indent
from typing import Any, cast

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.style import Style
from rich.table import Table
from rich.text import Text

from ..codes import find_answer
from ..errors import MMSError, Problem, ProtocolError, SkymmsError

#: Control characters except tab and line feed, characters that change the writing direction, and lone surrogates.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

#: A width larger than any line.
_UNLIMITED_WIDTH = 1_000_000
#: The narrowest width that text is laid out for, and the part of it that each column of a table has. In less, rich leaves out
#: what does not fit, and COLUMNS=0 would leave out everything.
_NARROWEST = 40
_NARROWEST_COLUMN = 14


def printable(value: object) -> str:
    """Return a value as text in which control characters, which a terminal would execute, are escaped."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), str(value))


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # Called while the BrokenPipeError is being handled. rich would end the process with status 1, "the gateway refused".
        raise


def _console(*, stderr: bool = False) -> Console:
    """Return a console on the current stream. It is not kept, because tests and callers replace the streams."""
    console = _Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    console.width = max(console.width, _NARROWEST)
    return console


def is_screen(console: Console) -> bool:
    """Return whether somebody looks at a console. FORCE_COLOR asks for colours in a file or a pipe, and for nothing else."""
    return console.is_terminal and bool(getattr(console.file, "isatty", bool)())


#: Blanks at the end of a line, with the codes of colours between them.
_TRAILING = re.compile(r"(?:[ \t]|\x1b\[[0-9;]*m)+$", re.MULTILINE)


def _write(console: Console, *things: Any, wrap: bool = True) -> None:
    """Print on a console. In a file and in a pipe no line ends with blanks, with which rich fills the cells of tables."""
    if is_screen(console):
        console.print(*things, soft_wrap=not wrap)
        return
    with console.capture() as printed:
        console.print(*things, soft_wrap=not wrap)
    console.file.write(_TRAILING.sub(lambda found: found[0].replace(" ", "").replace("\t", ""), printed.get()))
    console.file.flush()


def error_console() -> Console:
    """Return a console on stderr, for progress that is drawn anew."""
    return _console(stderr=True)


def result_console() -> Console:
    """Return a console on stdout, for results that are drawn."""
    return _console()


def print_message(text: object, style: str = "") -> None:
    """Print a message on stderr. Long lines are wrapped only in a terminal, because log files are searched by line."""
    console = _console(stderr=True)
    _write(console, Text(printable(text), style), wrap=is_screen(console))


def print_line(text: object, style: str = "") -> None:
    """Print a line of a result on stdout, without wrapping it."""
    _write(_console(), Text(printable(text), style), wrap=False)


def print_paragraph(text: object) -> None:
    """Print a sentence of a result on stdout, wrapped between words."""
    _write(_console(), Text(printable(text)))


#: The grades of findings are printed below each other.
_LONGEST_GRADE = len("warning")


def print_graded(grade: str, style: Style, name: str, text: str, fix: str | None) -> None:
    """Print a finding on stdout: its grade, its name and text, and in lines of their own what to do.

    In a terminal, long lines are wrapped below their beginning.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(style=style, no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(grade.ljust(_LONGEST_GRADE), Text(printable(f"{name}: {text}")))
    if fix is not None:
        table.add_row("", Text(printable(f"To do: {fix}")))
    _print_whole(table)


def print_heading(text: str) -> None:
    """Print the heading of a part of the output."""
    _console().print()
    _console().rule(Text(text, "bold"), align="left", style="dim")


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, wrap: bool = False, whole: Collection[str] = ()
) -> None:
    """Print a table on stdout.

    Nothing is cut off. Long cells are wrapped in a terminal, or always with ``wrap``, except those of the columns
    ``whole``.
    """
    if title:
        # Not the table's own title, because rich would wrap it to the table's width.
        print_line(title, "bold")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*(Text("" if cell is None else printable(cell)) for cell in row))
    _print_whole(table, wrap=wrap)


def print_list(columns: Sequence[str], rows: Sequence[Sequence[object]], more: str = "") -> None:
    """Print a table of what was found, and on stderr how many rows it has; only the latter if it has none."""
    if rows:
        print_table("", columns, rows)
    print_message(f"{len(rows):,} listed{more}")


def print_fields(title: str, pairs: Iterable[tuple[str, object]]) -> None:
    """Print a title and name-value pairs, one per line. Pairs whose value is None are left out."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", overflow="fold")
    table.add_column(overflow="fold")
    for name, value in pairs:
        if value is not None:
            table.add_row(Text("  " + printable(name)), Text(printable(value)))
    print_line(title, "bold")
    _print_whole(table)


def _print_whole(table: Table, *, wrap: bool = False) -> None:
    """Print a table in which long cells are wrapped in a terminal, or always with ``wrap``, but nothing is left out."""
    console = _console()
    needed = Measurement.get(console, console.options.update(max_width=_UNLIMITED_WIDTH), table).maximum
    if wrap or is_screen(console):
        needed = min(needed, _NARROWEST_COLUMN * len(table.columns))
    # Elsewhere lines are not wrapped: a file is searched by line, and a wrapped number would not be found.
    console.width = max(console.width, needed)
    _write(console, table)


def labelled_fields(value: object) -> list[tuple[str, object]]:
    """Return the fields of a reply or notice for :func:`print_fields`, without empty lists. Lists become lines.

    ``raw`` and ``fingerprint`` are left out.
    """
    labelled: list[tuple[str, object]] = []
    for name, inner in to_json(value).items():
        if name not in {"raw", "fingerprint"} and inner != []:
            lines = "\n".join(cast(list[str], inner)) if isinstance(inner, list) else inner
            labelled.append((name.replace("_", " "), lines))
    return labelled


def print_json(value: object) -> None:
    """Print a result as one JSON document, in ASCII so that no encoding and no terminal can change it."""
    sys.stdout.write(json.dumps(to_json(value), indent=2) + "\n")


def print_json_list(name: str, items: Iterable[object]) -> None:
    """Print a list of any length as one JSON document, ``{name: […]}``, without keeping it in memory."""
    sys.stdout.write(f'{{\n  "{name}": [')
    before = "\n"
    for item in items:
        sys.stdout.write(before + indent(json.dumps(to_json(item), indent=2), "    "))
        before = ",\n"
    sys.stdout.write("]\n}\n" if before == "\n" else "\n  ]\n}\n")


def to_json(value: object) -> Any:
    """Convert a value of the library to JSON types: fields by name, dates in ISO 8601, ``raw`` as pairs."""
    if isinstance(value, Problem):
        return value._asdict() | {"remedy": remedy(value)}
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_json(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): to_json(inner) for key, inner in cast(Mapping[object, object], value).items()}
    if isinstance(value, (list, tuple)):
        return [to_json(inner) for inner in cast(Sequence[object], value)]
    return value


# ------------------------------------------------------------------------------------------------ errors


def remedy(problem: Problem) -> str | None:
    """Return the remedy for a problem's code, or None if the problem has no code."""
    entry = find_answer(problem.code or "")
    return entry.remedy if entry else None


def report_error(error: SkymmsError, *, as_json: bool) -> None:
    """Print an error on stderr, and with ``as_json`` also as a JSON document on stdout."""
    if as_json:
        print_json({"error": _error_fields(error)})
    print_message(error)
    if isinstance(error, ProtocolError) and error.body:
        print_message(f"the response begins: {_decode(error.body[:200])}")
    for note in getattr(error, "__notes__", ()):
        print_message(note)


def _error_fields(error: SkymmsError) -> dict[str, Any]:
    found: dict[str, Any] = {"class": type(error).__name__, "message": str(error), "sent_maybe": error.sent_maybe}
    found["remedy"] = error.remedy
    if isinstance(error, MMSError):
        found |= {name: getattr(error, name) for name in ("code", "info", "meaning", "slide", "foreseen", "reply")}
    if isinstance(error, ProtocolError):
        found |= {"status": error.status, "body": _decode(error.body)}
    if error.partial is not None:
        found["partial"] = error.partial
    return found | {"problems": error.problems}


def _decode(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")
