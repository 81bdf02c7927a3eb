"""Lists of recipients: CSV as people export it, JSONL, streams and iterables, with the line of everything that is wrong."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from skymms import ConfigurationError
from skymms.broadcast import Recipient, Unreadable, read_recipients

A, B = "15551234888", "15551234889"


def read(content: str | bytes, **columns: str) -> list[Any]:
    """Read a content as a stream: text or bytes."""
    stream = io.StringIO(content, newline="") if isinstance(content, str) else io.BytesIO(content)
    return list(read_recipients(stream, **columns))


def lines_of(content: str | bytes, **columns) -> list[tuple[object, int]]:
    return [(one.number if isinstance(one, Recipient) else "unreadable", one.line) for one in read(content, **columns)]


#: The same list, as programs write it.
SPELLINGS = {
    "commas": f"mobile,name\n{A},Ada\n{B},Bob\n",
    "semicolons": f"mobile;name\n{A};Ada\n{B};Bob\n",
    "tabs": f"mobile\tname\n{A}\tAda\n{B}\tBob\n",
    "byte order mark": f"\ufeffmobile,name\n{A},Ada\n{B},Bob\n",
    "Windows line ends": f"mobile,name\r\n{A},Ada\r\n{B},Bob\r\n",
    "old Mac line ends": f"mobile,name\r{A},Ada\r{B},Bob\r",
    "no line end at the end": f"mobile,name\n{A},Ada\n{B},Bob",
    "all quoted": f'"mobile","name"\n"{A}","Ada"\n"{B}","Bob"\n',
    "byte order mark before a quote": f'\ufeff"mobile","name"\n"{A}","Ada"\n"{B}","Bob"\n',
    "spaces around names and numbers": f" mobile , name \n {A} ,Ada\n{B},Bob\n",
    "more cells, all empty": f"mobile,name\n{A},Ada,,\n{B},Bob,,\n",
    "a column without a name": f"mobile,,name,\n{A},x,Ada,\n{B},y,Bob,\n",
    "a comma in a quoted name of a column": f'mobile;"name"\n{A};Ada\n{B};Bob\n',
    "another order": f"name,mobile\nAda,{A}\nBob,{B}\n",
    "JSONL": f'{{"mobile": "{A}", "name": "Ada"}}\n{{"mobile": "{B}", "name": "Bob"}}\n',
    "JSONL with a byte order mark": f'\ufeff{{"mobile": "{A}", "name": "Ada"}}\n{{"mobile": "{B}", "name": "Bob"}}\n',
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_same_list_in_each_spelling_from_a_file_and_from_streams(spelling: str, tmp_path: Path) -> None:
    content = SPELLINGS[spelling]
    path = tmp_path / "people.csv"
    path.write_bytes(content.encode())
    wanted = [Recipient(A, {"name": "Ada"}, line=2), Recipient(B, {"name": "Bob"}, line=3)]
    if spelling.startswith("JSONL"):
        wanted = [Recipient(A, {"name": "Ada"}, line=1), Recipient(B, {"name": "Bob"}, line=2)]
    with path.open("rb") as binary, path.open(newline="", encoding="utf-8") as text:
        given = [path, str(path), binary, text]
        assert [list(read_recipients(one)) for one in given] == [wanted] * 4
        assert not binary.closed
        assert not text.closed


def test_a_pipe_is_read_as_it_comes_and_left_open() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:

        def write() -> None:
            with os.fdopen(writing, "wb") as file:
                file.write(f"mobile\n{A}\n".encode())

        thread = threading.Thread(target=write)
        thread.start()
        assert list(read_recipients(pipe)) == [Recipient(A, {}, line=2)]
        thread.join()
        assert not pipe.closed


def test_excels_line_that_names_the_separator() -> None:
    assert lines_of(f"sep=;\nmobile;name\n{A};Ada, B.\n") == [(A, 3)]
    assert lines_of(f'\ufeff"sep=,"\r\nmobile,name\r\n{A},Ada\r\n') == [(A, 3)]


def test_lines_are_counted_where_a_record_begins() -> None:
    """Quoted line breaks, blank lines before the header and between rows, and rows of blanks."""
    content = f'\n\nmobile,note\n{A},"two\nlines"\n\n , \n{B},"a\r\nb\rc"\n{A},x\n'
    assert lines_of(content) == [(A, 4), (B, 8), (A, 11)]
    assert lines_of(f'"mobile\nnumber",note\n{A},x\n', number="mobile\nnumber") == [(A, 3)]
    assert lines_of(f'\n{{"mobile": "{A}"}}\n\n{{"mobile": "{B}"}}\n') == [(A, 2), (B, 4)]


def test_the_column_with_the_numbers() -> None:
    for name in ("number", "Mobile", "PHONE", "msisdn", "to", "Cell", "telephone"):
        assert lines_of(f"id,{name}\n7,{A}\n") == [(A, 2)]
    assert lines_of(f"phone,mobile\n1,{A}\n") == [(A, 2)]  # in the order of the names that are known
    assert lines_of(f"Handy,x\n{A},1\n", number="handy") == [(A, 2)]  # without case
    assert lines_of(f"handy,Handy\n1,{A}\n", number="Handy") == [(A, 2)]  # the exact one of two


def test_special_columns_fill_merge_fields_too() -> None:
    (one,) = read(f"mobile,order,tz,name\n{A}, 17 , America/New_York ,Ada\n", reference="order", zone="TZ")
    assert (one.reference, one.zone) == ("17", "America/New_York")
    assert one.data["order"].strip() == "17"
    assert one.data["name"] == "Ada"
    (one,) = read(f'{{"mobile": {A}, "order": 17, "name": null}}\n', reference="order", zone="tz")
    assert one == Recipient(int(A), {"order": 17}, "17", None, 1)
    (one,) = read(f"mobile,order,tz\n{A},,\n", reference="order", zone="tz")
    assert (one.reference, one.zone) == (None, None)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        (f"name,city\n{A},x\n", "no column is named number, mobile"),
        (f"{A}\n{B}\n", "the first line has to be a header"),
        (f"mobile,name,name\n{A},x,y\n", "line 1: two columns are named 'name'"),
        (f"mobile,x\n{A},y\n".encode("utf-16"), "UTF-16"),
        (f"mobile,x\n{A},y\n".encode("utf-16-be"), "UTF-16"),
        (f"mobile,x\n{A},y\n".encode("utf-16-le"), "UTF-16"),
        (f"mobile,name\n{A},Zoë\n".encode("latin-1"), "line 2: not in UTF-8 (byte 0xeb)"),
        (f'mobile,name\n{A},"a\nb"\n{A},Zoë\n'.encode("latin-1"), "line 4: not in UTF-8"),
        (("mobile,name\n" + f"{A},Ada\n" * 40_000 + f"{A},Zoë\n").encode("latin-1"), "line 40002: not in UTF-8"),
        (b"PK\x03\x04\x14\x00\x06\x00\xff", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel workbook"),
        (b"\x1f\x8b\x08\x00\x00\xff", "compressed"),
        (f'[{{"mobile": "{A}"}}]', "JSON array"),
        (f'[\n{{"mobile": "{A}"}}]', "JSON array"),
        (f'mobile,name\n{A},"Ada\n' + f"{B},Bob\n" * 20_000, "line"),
        (f'mobile,name\n{A},"Ada\n{B},Bob\n', "line 2: a quoted cell has no end in the lines up to 3"),
        ('"mobile"x,name\n1,2\n', "line 1: not CSV"),
        ('{"name": "Ada"}\n', "no column is named"),
    ],
)
def test_files_that_are_no_lists(content: str | bytes, problem: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read(content)
    assert problem in str(raised.value)


def test_columns_that_there_are_not() -> None:
    for columns in ({"number": "handy"}, {"reference": "id"}, {"zone": "tz"}):
        with pytest.raises(ConfigurationError, match=r"there is no column '(handy|id|tz)'; the columns are mobile, name"):
            read(f"mobile,name\n{A},x\n", **columns)


def test_lines_that_cannot_be_read_are_named_and_the_others_read() -> None:
    content = f'mobile,name\n{A},a,b\n{A},"Ada"x\n{A},"Ada\nLovelace"x\n{B},Bob\n'
    assert read(content) == [
        Unreadable(2, "", "it has 3 cells, and the header has 2: quote a cell that has a ','"),
        Unreadable(3, "", "it is not CSV: ',' expected after '\"'"),
        Unreadable(4, "", "it is not CSV (lines 4 to 5): ',' expected after '\"'"),
        Recipient(B, {"name": "Bob"}, line=6),
    ]
    found = read(f'{{"mobile": "{A}"}}\nnothing\n[1]\n{"[" * 100_000}\n{{"mobile": "{B}"}}\n')
    assert [one.line for one in found if isinstance(one, Unreadable)] == [2, 3, 4]
    assert [one.number for one in found if isinstance(one, Recipient)] == [A, B]


def test_a_missing_file_and_a_wrong_type(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot read .*No such file"):
        next(read_recipients(tmp_path / "none.csv"))
    with pytest.raises(TypeError, match="not list"):
        read_recipients([A])  # type: ignore[arg-type]


def test_a_name_can_say_that_a_file_is_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "people.ndjson"
    path.write_text(f'[{{"mobile": "{A}"}}]\n')
    with pytest.raises(ConfigurationError, match="JSON array"):
        list(read_recipients(path))
    path.write_text(f'1\n{{"mobile": "{A}"}}\n')
    assert [one.line for one in read_recipients(path)] == [1, 2]


def test_a_file_is_not_held_in_memory() -> None:
    """A stream that has no end can be read."""

    class Endless(io.RawIOBase):
        left = b"mobile\n"

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            data = self.left[: len(buffer)]
            self.left = f"{A}\n".encode() * 100
            buffer[: len(data)] = data
            return len(data)

    reader = read_recipients(io.BufferedReader(Endless()))
    assert [next(reader).line for _ in range(5000)] == list(range(2, 5002))
