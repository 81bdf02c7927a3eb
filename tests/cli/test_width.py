"""Nothing is left out of the output, however narrow the terminal or the value of COLUMNS."""

from __future__ import annotations

import io
import re

import pytest
from cli_process import COUPON, TO_AND_FROM
from hypothesis import given
from hypothesis import strategies as st

from skymms.cli import output

WIDTHS = ("0", "1", "5", "20", "79")
CELLS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=30)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(width: int, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, write) -> str:
    with monkeypatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        patch.setenv("TERM", "dumb")
        patch.setattr("sys.stdout", stream)
        write()
    return stream.getvalue()


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_tracking_id_is_printed_at_every_width(run, gateway, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    result = run("send", "f", *TO_AND_FROM, f=COUPON)
    assert result.status == 0
    assert re.search(r"tracking id  MMS_[0-9]{9} *\n", result.out)


@given(width=st.integers(0, 120), pairs=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4))
def test_fields_that_are_piped_are_on_one_line_each_and_whole(width, pairs):
    with pytest.MonkeyPatch.context() as monkeypatch:
        text = printed(width, io.StringIO(), monkeypatch, lambda: output.print_fields("Title", pairs))
    assert [tuple(line.split()) for line in text.splitlines()[1:]] == pairs


@given(
    width=st.integers(0, 120),
    rows=st.integers(1, 9).flatmap(lambda n: st.lists(st.tuples(*[CELLS] * n), min_size=1, max_size=3)),
)
def test_a_table_that_is_piped_has_a_line_for_each_row_with_whole_cells(width, rows):
    columns = [f"C{number}" for number in range(len(rows[0]))]
    with pytest.MonkeyPatch.context() as monkeypatch:
        text = printed(width, io.StringIO(), monkeypatch, lambda: output.print_table("", columns, rows))
    lines = [tuple(line.split()) for line in text.splitlines() if line.strip()]
    assert lines[0] == tuple(columns)
    assert lines[2:] == rows


@given(
    width=st.integers(0, 120),
    rows=st.integers(1, 9).flatmap(lambda n: st.lists(st.tuples(*[CELLS] * n), min_size=1, max_size=3)),
)
def test_a_table_in_a_terminal_is_wrapped_but_has_every_character(width, rows):
    columns = [f"C{number}" for number in range(len(rows[0]))]
    with pytest.MonkeyPatch.context() as monkeypatch:
        text = printed(width, Terminal(), monkeypatch, lambda: output.print_table("", columns, rows))
    wanted = sorted("".join(columns) + "".join(cell for row in rows for cell in row))
    assert sorted(character for character in text if character.isascii() and character.isalnum()) == wanted
    assert "…" not in text
