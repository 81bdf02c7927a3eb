"""A list becomes rows: one for each number, every problem with its line, and through a crash while it is read."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from skymms import Account, ConfigurationError, SendMMS, SendSMS, Slide, Slideshow
from skymms.broadcast import Ledger, Recipient, Unreadable, read_recipients
from skymms.cellcast import CellcastAccount, CellcastSend

A, B, C = "15551234888", "15551234889", "15551234890"
MESSAGE = SendMMS(Slideshow("Spring", subject="Spring").slide("Hi!", image="http://a.example/a.jpg"), sender="60856")
PERSONAL = SendMMS(Slideshow("Spring", subject="Spring").slide("Hi {name}!", image="http://a.example/a.jpg"), sender="60856")


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


def csv(*rows: str, header: str = "mobile,name") -> io.StringIO:
    return io.StringIO("\n".join([header, *rows, ""]), newline="")


def create(ledger: Ledger, recipients: Any, operation: Any = MESSAGE, name: str = "spring", **options):
    return ledger.create(name, operation, recipients, **options)


def numbers(broadcast) -> list[str]:
    return [row["number"] for row in broadcast.rows()]


def left_out(broadcast) -> list[tuple[int, str, str]]:
    return [(one.line, one.kind, one.reason) for one in broadcast.estimate().left_out]


# ------------------------------------------------------------------------------------------------ one row for each number


def test_one_row_for_each_number_however_it_is_written(ledger: Ledger) -> None:
    rows = [f"{A},Ada", "+1 (555) 123-4888,Ada", f"{B},Bob", "1.555.123.4889,x", f"{A},Ada", f"{C},Cem"]
    broadcast = create(ledger, read_recipients(csv(*rows)))
    assert numbers(broadcast) == [A, B, C]
    assert left_out(broadcast) == [
        (3, "duplicate", "the number is in line 2"),
        (5, "duplicate", "the number is in line 4"),
        (6, "duplicate", "the number is in line 2"),
    ]
    status = broadcast.status()
    assert (status.counts, status.left_out) == ({"ready": 3}, {"duplicate": 3})
    assert broadcast.estimate()[:1] == (3,)
    (entry,) = ledger.audit()
    assert (entry["verb"], entry["messages"], entry["duplicates"]) == ("create", 3, 3)


def test_duplicates_in_other_chunks(ledger: Ledger) -> None:
    """10,000 rows are written at once."""
    rows = [f"1555{at:07}" for at in range(10_500)]
    broadcast = create(ledger, read_recipients(csv(*rows, "15550000007", *rows[10_400:10_410], header="mobile")))
    assert broadcast.status().counts == {"ready": 10_500}
    assert left_out(broadcast)[:2] == [
        (10502, "duplicate", "the number is in line 9"),
        (10503, "duplicate", "the number is in line 10402"),
    ]
    assert broadcast.estimate().duplicates == 11


def test_australian_numbers_of_cellcast_are_one_in_all_their_forms(ledger: Ledger) -> None:
    send = CellcastSend(Slide("Hi!", image="https://a.example/a.png"))
    forms = ["0491 570 156", "+61491570156", "61491570156", "491570156", "(04) 9157-0156"]
    broadcast = create(ledger, [*forms, 491570156, Recipient("0491 570 157")], send)
    assert numbers(broadcast) == ["61491570156", "61491570157"]
    assert broadcast.estimate().duplicates == 5
    with pytest.raises(ConfigurationError, match=rf"line 1: '{A}' is not an Australian mobile number"):
        create(ledger, [A], send, name="another")


def test_two_broadcasts_may_have_the_same_numbers(ledger: Ledger) -> None:
    assert [numbers(create(ledger, [A, B], name=name)) for name in ("one", "two")] == [[A, B]] * 2


# ------------------------------------------------------------------------------------------------ lines that are refused

#: What a cell with a number may contain, and what is said about it.
BAD_NUMBERS = {
    "1.5551E+10": "read as a float",
    '"1,5551E+10"': "read as a float",
    "15551234888.0": "read as a float",
    "15551234888.00": "read as a float",
    '"15551234888,0"': "is not a phone number",
    "": "there is no number",
    "  ": "there is no number",
    "n/a": "is not a phone number",
    "0015551234888": "is not a phone number",
    "15551234888 15551234889": "has 22 digits",
    "1555123488a": "is not a phone number",
}


@pytest.mark.parametrize("cell", BAD_NUMBERS)
def test_a_bad_number_is_refused_with_its_line(ledger: Ledger, cell: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        create(ledger, read_recipients(csv(f"{A},Ada", f"{cell},Bob")))
    assert "line 3: " in str(raised.value)
    assert BAD_NUMBERS[cell] in str(raised.value)
    assert list(ledger) == []  # nothing of it is left
    broadcast = create(ledger, read_recipients(csv(f"{A},Ada", f"{cell},Bob")), skip_invalid=True)
    assert numbers(broadcast) == [A]
    ((line, kind, reason),) = left_out(broadcast)
    assert (line, kind) == (3, "unreadable")
    assert BAD_NUMBERS[cell] in reason


class Int64:
    """An integer of numpy or pandas."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


class Missing:
    """pandas.NA, which cannot be compared."""

    def __eq__(self, other: object) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return "<NA>"


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        (15551234888.0, "float"),
        (float("nan"), "no number"),
        (None, "no number"),
        (Missing(), "no number"),
        (True, "True"),
        ([A], "list"),
    ],
)
def test_rows_of_a_data_frame(ledger: Ledger, number, problem: str) -> None:
    """Integers of numpy are numbers. A column of floats has lost what was written."""
    rows = [Recipient(Int64(int(A)), {"name": "Ada"}), Recipient(int(B)), Recipient(number), Recipient(C)]  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=rf"line 3: .*{problem}"):
        create(ledger, rows)
    broadcast = create(ledger, rows, skip_invalid=True)
    assert numbers(broadcast) == [A, B, C]
    assert [line for line, *_ in left_out(broadcast)] == [3]


def test_plain_numbers_and_generators_are_lists_too(ledger: Ledger) -> None:
    assert numbers(create(ledger, (number for number in [A, int(B), Int64(int(C))]))) == [A, B, C]


@pytest.mark.parametrize("wrong", ["people.csv", b"people.csv", Path("people.csv")])
def test_the_name_of_a_file_is_not_a_list(ledger: Ledger, wrong) -> None:
    with pytest.raises(TypeError, match="pass read_recipients"):
        create(ledger, wrong)


def test_a_row_that_is_not_a_recipient_is_a_type_error(ledger: Ledger) -> None:
    with pytest.raises(TypeError, match="recipient 2 is a dict: give Recipient"):
        create(ledger, [A, {"mobile": B}])
    assert list(ledger) == []


def test_zones_and_references_are_checked(ledger: Ledger) -> None:
    rows = [f"{A},America/New_York,7", f"{B},America/Springfield,8", f'{C},,"a\x07"']
    with pytest.raises(ConfigurationError) as raised:
        create(ledger, read_recipients(csv(*rows, header="mobile,zone,id"), zone="zone", reference="id"))
    assert "line 3: 'America/Springfield' is not a time zone" in str(raised.value)
    assert "line 4: the reference 'a\\x07' has a character" in str(raised.value)


def test_texts_that_databases_cannot_store_are_reported_all_the_same(ledger: Ledger) -> None:
    rows = ['{"mobile": "1\\u0000\\ud800", "name": "x"}', f'{{"mobile": "{A}", "name": "y\\u0000\\ud800"}}']
    with pytest.raises(ConfigurationError, match="line 1"):
        create(ledger, read_recipients(io.StringIO("\n".join(rows))))
    broadcast = create(ledger, read_recipients(io.StringIO("\n".join(rows))), skip_invalid=True)
    assert numbers(broadcast) == [A]


def test_twenty_lines_are_shown_and_the_others_counted(ledger: Ledger) -> None:
    with pytest.raises(ConfigurationError, match=r"line 21: .*\nand 10,005 more lines$"):
        create(ledger, read_recipients(csv(*["x,y"] * 10_025)))


def test_more_bad_lines_than_anybody_corrects_do_not_end_a_list_that_leaves_them_out(ledger: Ledger) -> None:
    many: list[Unreadable | str] = [Unreadable(1, "", "bad")] * 30_000
    broadcast = create(ledger, [*many, A], skip_invalid=True)
    assert numbers(broadcast) == [A]
    assert broadcast.status().left_out == {"unreadable": 30_000}
    source = iter([*many, A])
    with pytest.raises(ConfigurationError, match="and 29,980 more lines"):
        create(ledger, source, name="another")
    assert list(source) == [A]  # it was not read to its end


def test_a_list_of_which_no_line_can_be_sent_to(ledger: Ledger) -> None:
    with pytest.raises(ConfigurationError, match="no line of the list can be sent to:\nline 2"):
        create(ledger, read_recipients(csv("x,y")), skip_invalid=True)


def test_an_error_in_the_middle_of_the_list_leaves_nothing_behind(ledger: Ledger) -> None:
    def recipients():
        yield from (f"1555{at:07}" for at in range(12_000))
        raise RuntimeError("the source failed")

    with pytest.raises(RuntimeError):
        create(ledger, recipients())
    assert list(ledger) == []


@pytest.mark.parametrize("name", ["", " spring", "spring\n", "x" * 101])
def test_names_that_are_refused(ledger: Ledger, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be the name"):
        create(ledger, [A], name=name)


def test_a_name_that_is_taken_and_an_operation_without_a_recipient(ledger: Ledger) -> None:
    create(ledger, [A])
    with pytest.raises(ConfigurationError, match="there is a broadcast 'spring' already"):
        create(ledger, [B])
    assert numbers(ledger["spring"]) == [A]
    with pytest.raises(TypeError, match="has no recipient"):
        create(ledger, [A], Slideshow("x"), name="another")


# ------------------------------------------------------------------------------------------------ the message itself


def test_a_message_that_can_be_sent_to_nobody_is_refused_before_the_list_is_read(ledger: Ledger) -> None:
    unread = iter([A])
    long = SendMMS(Slideshow("x", subject="x", slides=(Slide("x" * 6000, image="http://a.example/a.jpg"),)), sender="60856")
    with pytest.raises(ConfigurationError, match="the message cannot be sent: E334 slide 1, text"):
        create(ledger, unread, long)
    assert list(unread) == [A]


def test_rules_of_the_account_are_applied(ledger: Ledger) -> None:
    sms = SendSMS("Hi {name}!", sender="60856")
    with pytest.raises(ConfigurationError, match=r"the message cannot be sent: .*not supported"):
        create(ledger, [A], sms, account=Account("k" * 32, dialect="sinch"))
    assert numbers(create(ledger, [Recipient(A, {"name": "Ada"})], sms)) == [A]
    no_sender = SendMMS(MESSAGE.slideshow)
    with pytest.raises(ConfigurationError, match="E111"):
        create(ledger, [A], no_sender, account=Account("k" * 32), name="b")
    assert numbers(create(ledger, [A], no_sender, account=Account("k" * 32, sender="60856"), name="b")) == [A]
    assert numbers(create(ledger, [A], no_sender, name="c")) == [A]  # the account may have one


def test_rules_of_cellcast_are_applied_with_and_without_an_account(ledger: Ledger) -> None:
    two = CellcastSend(Slideshow("", slides=(Slide("1", image="https://a.example/a.png"), Slide("2"))))
    with pytest.raises(ConfigurationError, match="slide 2"):
        create(ledger, ["0491570156"], two)
    good = CellcastSend(Slide("Hi {name|you}!", image="https://a.example/a.png"))
    for name, account in (("a", None), ("b", CellcastAccount("k" * 32, generation="v3"))):
        assert numbers(create(ledger, ["0491570156"], good, account=account, name=name)) == ["61491570156"]


# ------------------------------------------------------------------------------------------------ crashes

CRASH = """
    import os, signal, sys
    from skymms import SendMMS, Slideshow
    from skymms.broadcast import Ledger

    def recipients(crash_after):
        for at in range(crash_after):
            yield f"1555{at:07}"
        os.kill(os.getpid(), signal.SIGKILL)

    message = SendMMS(Slideshow("Spring", subject="Spring").slide("Hi!", image="http://a.example/a.jpg"), sender="60856")
    Ledger(sys.argv[1]).create("spring", message, recipients(int(sys.argv[2])))
"""


@pytest.mark.parametrize("after", [0, 1, 9_999, 10_000, 10_001, 25_000])
def test_a_crash_while_the_list_is_read(ledger_where: str, after: int) -> None:
    """Killed before, in and after chunks; the same call makes the broadcast complete."""
    command = [sys.executable, "-c", textwrap.dedent(CRASH), ledger_where, str(after)]
    assert subprocess.run(command, check=False).returncode == -9
    rows = [f"1555{at:07}" for at in range(25_500)]
    with Ledger(ledger_where) as ledger:
        loading = ledger["spring"]
        assert loading.status().phase == "loading"
        assert sum(loading.status().counts.values()) == after // 10_000 * 10_000
        broadcast = create(ledger, [*rows, rows[3]])
        assert [row["number"] for row in broadcast.rows()] == rows
        assert broadcast.status().counts == {"ready": 25_500}
        assert broadcast.status().phase == "planned"
        assert left_out(broadcast) == [(25_501, "duplicate", "the number is in line 4")]


def test_after_a_crash_nobody_of_another_list_is_left(ledger_where: str) -> None:
    """The list was the wrong one, and is corrected: whoever is not in it any more must not be sent to."""
    command = [sys.executable, "-c", textwrap.dedent(CRASH), ledger_where, "15000"]
    assert subprocess.run(command, check=False).returncode == -9
    with Ledger(ledger_where) as ledger:
        rows = [Recipient(B, {"name": "Bob"}), Recipient("15550000003", {"name": "Cem"})]
        assert numbers(create(ledger, rows, PERSONAL)) == [B, "15550000003"]


def test_of_two_processes_that_create_the_same_broadcast_one_stops(ledger: Ledger, ledger_where: str) -> None:
    def slow():
        yield from (f"1555{at:07}" for at in range(10_000))
        with Ledger(ledger_where) as other:
            create(other, [A])
        yield B

    with pytest.raises(ConfigurationError, match="another process began to create the broadcast 'spring' anew"):
        create(ledger, slow())
    assert numbers(ledger["spring"]) == [A]
    assert ledger["spring"].status().phase == "planned"

    def slower():
        yield B
        with Ledger(ledger_where) as other:
            create(other, [A], name="winter")

    with pytest.raises(ConfigurationError, match="anew"):
        create(ledger, slower(), name="winter")
    assert numbers(ledger["winter"]) == [A]


def test_an_error_of_one_creator_does_not_delete_the_broadcast_of_another(ledger: Ledger, ledger_where: str) -> None:
    def bad():
        with Ledger(ledger_where) as other:
            create(other, [A])
        yield "not a number"

    with pytest.raises(ConfigurationError):
        create(ledger, bad())
    assert numbers(ledger["spring"]) == [A]
