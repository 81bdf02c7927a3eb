"""Numbers that opted out: for all messages or for those of a sender or campaign, from anywhere, and obeyed by each run."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from counting_gateway import CountingGateway

from skymms import Account, Client, ConfigurationError, RecipientError, SendMMS, Slide, Slideshow
from skymms.broadcast import Ledger, Unreadable
from skymms.cellcast import CellcastSend, OptOut, OptOuts
from skymms.cellcast.values import Listing
from skymms.sandbox import Sandbox
from skymms.storage.contract import same

A, B, C, D = "15551234888", "15551234889", "15551234890", "15551234891"
SHOW = Slideshow("Spring", subject="Spring").slide("Hi!", image="http://a.example/a.jpg")
MESSAGE = SendMMS(SHOW, sender="60856", campaign_ref="C1")
NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


def suppressed(ledger: Ledger) -> list[tuple]:
    with ledger._store.reading() as transaction:
        return transaction.rows(
            same("SELECT number, scope, source, at, evidence FROM skymms_suppressed ORDER BY number, scope")
        )


def states(ledger: Ledger, message: SendMMS = MESSAGE, numbers: Iterable[str] = (A, B), name: str = "spring") -> dict[str, str]:
    broadcast = ledger.create(name, message, numbers)
    with CountingGateway() as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        broadcast.run(client, threads=2)
        found = {row["number"]: row["reason"] or row["state"] for row in broadcast.rows()}
        assert set(gateway.requests) == {number for number, state in found.items() if state == "accepted"}
    return found


@pytest.mark.parametrize(
    ("scope", "skipped"),
    [
        ({}, True),
        ({"sender": "60856"}, True),
        ({"sender": 60856}, True),
        ({"sender": " 60856 "}, True),
        ({"campaign": "C1"}, True),
        ({"sender": "60857"}, False),
        ({"campaign": "C2"}, False),
        ({"campaign": "60856"}, False),
    ],
)
def test_the_scope_of_a_suppression(ledger: Ledger, scope, skipped: bool) -> None:
    assert ledger.suppress([A], **scope) == 1
    assert states(ledger) == {A: "opted out" if skipped else "accepted", B: "accepted"}


def test_a_long_number_as_a_sender_is_one_however_it_is_written(ledger: Ledger) -> None:
    ledger.suppress([A], sender="+1 (555) 000-1111")
    assert states(ledger, SendMMS(SHOW, sender="15550001111")) == {A: "opted out", B: "accepted"}


def test_numbers_are_one_however_they_are_written(ledger: Ledger) -> None:
    assert ledger.suppress(["+1 (555) 123-4888", int(A), A]) == 1
    assert ledger.suppress([A, B]) == 1
    assert ledger.suppress([]) == 0
    assert [row[0] for row in suppressed(ledger)] == [A, B]


def test_source_time_and_evidence_are_kept_and_the_first_stays(ledger: Ledger) -> None:
    ledger.suppress([A], source="letter", at=NOW, evidence="scan 17", by="ada")
    ledger.suppress([A], source="again")
    assert suppressed(ledger) == [(A, "", "letter", NOW.timestamp(), "scan 17")]
    first, second = ledger.audit()
    assert (first["verb"], first["who"], first["numbers"], first["added"], first["source"]) == (
        "suppress",
        "ada",
        1,
        1,
        "letter",
    )
    assert second["added"] == 0
    assert A not in str(first)


@pytest.mark.parametrize(
    ("numbers", "options", "error"),
    [
        ([A, "no number"], {}, RecipientError),
        ([A], {"sender": "1", "campaign": "2"}, ConfigurationError),
        ([A], {"sender": ""}, ConfigurationError),
        ([A], {"campaign": " "}, ConfigurationError),
        ([A], {"at": datetime(2026, 7, 1)}, ConfigurationError),
        (A, {}, TypeError),
    ],
)
def test_nothing_is_kept_of_a_call_that_is_refused(ledger: Ledger, numbers, options, error) -> None:
    with pytest.raises(error):
        ledger.suppress(numbers, **options)
    assert suppressed(ledger) == []


def test_an_opt_out_during_a_run_is_obeyed(ledger: Ledger) -> None:
    """The first request is answered after the others have opted out."""
    numbers = [f"1555{at:07}" for at in range(40)]
    broadcast = ledger.create("spring", MESSAGE, numbers, rate=20)
    opted_out: list[str] = []

    def behave(number: str, count: int) -> str:
        if not opted_out:
            opted_out.extend(numbers[20:])
            ledger.suppress(opted_out)
        return "ok"

    with CountingGateway(behave) as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        broadcast.run(client, threads=4)
        assert set(gateway.requests) == set(numbers[:20])
    assert {row["reason"] for row in broadcast.rows() if row["state"] == "skipped"} == {"opted out"}
    assert broadcast.status().counts == {"accepted": 20, "skipped": 20}


# ------------------------------------------------------------------------------------------------ imports

#: Files with the numbers A and B, and the lines they are on.
FILES = {
    "plain lines": (f"{A}\n+1 555 123-4889\n", (1, 2)),
    "plain lines with more cells": (f'{A},"STOP, please"\n{B},no\n', (1, 2)),
    "plain lines with a byte order mark": (f"\ufeff{A}\r\n\r\n{B}\r\n", (1, 3)),
    "quoted": (f'"{A}"\n"{B}"\n', (1, 2)),
    "with a header": (f"name;phone\nAda;{A}\nBob;{B}\n", (2, 3)),
    "JSONL": (f'{{"to": "{A}"}}\n{{"to": {B}}}\n', (1, 2)),
}


@pytest.mark.parametrize("name", FILES)
def test_numbers_are_imported_with_their_file_and_line_as_evidence(ledger: Ledger, tmp_path: Path, name: str) -> None:
    content, lines = FILES[name]
    path = tmp_path / "stop.csv"
    path.write_text(content, newline="")
    assert ledger.suppress_from(path, campaign="C1", by="ada") == (2, 0, ())
    wanted = [(number, "campaign:C1", "import", f"{path}, line {line}") for number, line in zip((A, B), lines, strict=True)]
    assert [(*row[:3], row[4]) for row in suppressed(ledger)] == wanted
    assert ledger.suppress_from(io.BytesIO(content.encode()), campaign="C1", evidence="the same") == (0, 2, ())
    verbs = list(ledger.audit())
    assert [(one["verb"], one["who"], one["numbers"], one["added"]) for one in verbs][:1] == [("suppress", "ada", 2, 2)]


def test_lines_without_a_number_are_returned_and_the_others_suppressed(ledger: Ledger) -> None:
    added, known, unreadable = ledger.suppress_from(io.StringIO(f"phone\n{A}\n1.5551E+10\nx,y\n{B}\n"))
    assert (added, known) == (2, 0)
    assert [one.line for one in unreadable] == [3, 4]
    assert unreadable[0].text == "1.5551E+10"
    assert "read as a float" in unreadable[0].reason
    assert isinstance(unreadable[1], Unreadable)


def test_a_large_file_is_imported_in_chunks(ledger: Ledger) -> None:
    content = "\n".join(f"1555{at:07}" for at in range(10_500))
    assert ledger.suppress_from(io.StringIO(content)) == (10_500, 0, ())
    assert [one["numbers"] for one in ledger.audit()] == [10_000, 500]


def test_the_column_can_be_named_and_must_exist(ledger: Ledger) -> None:
    assert ledger.suppress_from(io.StringIO(f"id,handy\n15550000000,{A}\n"), number="Handy")[:2] == (1, 0)
    assert [row[0] for row in suppressed(ledger)] == [A]
    with pytest.raises(ConfigurationError, match="no column"):
        ledger.suppress_from(io.StringIO(f"id,handy\n1,{A}\n"))


def test_cellcasts_opt_outs(ledger: Ledger) -> None:
    listing = Listing((OptOut(number="+61491570156"), OptOut(number=None), OptOut(number="0299999999")))
    added, known, unreadable = ledger.suppress_from(listing, source="Cellcast")
    assert (added, known) == (1, 0)
    assert (unreadable[0].line, unreadable[0].reason) == (2, "there is no number")
    assert [one.line for one in unreadable] == [2, 3]
    assert [(row[0], row[2], row[4]) for row in suppressed(ledger)] == [("61491570156", "Cellcast", "the list, line 1")]


def test_cellcasts_opt_outs_by_the_gateways_answer(ledger: Ledger) -> None:
    with Sandbox() as sandbox, Client(sandbox.account("cellcast-v1", rate=None)) as client:
        sandbox.block("0491 570 156")
        assert ledger.suppress_from(client.call(OptOuts()), source="Cellcast") == (1, 0, ())
    assert suppressed(ledger)[0][0] == "61491570156"


# ------------------------------------------------------------------------------------------------ forms of a number

CELLCAST = CellcastSend(Slide("Hi!", image="https://a.example/a.png"))
LOCAL, AMBIGUOUS, AUSTRALIAN = "0491 570 156", "491570156", "61491570156"


@pytest.mark.parametrize(
    ("messages", "number", "found"),
    [
        # As in a list of Cellcast.
        ((CELLCAST,), LOCAL, [AUSTRALIAN]),
        ((CELLCAST,), AMBIGUOUS, [AUSTRALIAN]),
        ((CELLCAST,), 491570156, [AUSTRALIAN]),
        # Lists of all customers have other numbers, too.
        ((CELLCAST,), A, [A]),
        ((CELLCAST,), "2", "'2' is not an Australian mobile number"),
        # As in a list of another gateway.
        ((MESSAGE,), LOCAL, f"'{LOCAL}' is not a phone number"),
        ((MESSAGE,), AMBIGUOUS, [AMBIGUOUS]),
        # Nobody knows which list has it, or will have it.
        ((MESSAGE, CELLCAST), LOCAL, [AUSTRALIAN]),
        ((MESSAGE, CELLCAST), AMBIGUOUS, [AMBIGUOUS, AUSTRALIAN]),
        ((MESSAGE, CELLCAST), "2", "'2' is not a phone number"),
        ((), LOCAL, [AUSTRALIAN]),
        ((), AMBIGUOUS, [AMBIGUOUS, AUSTRALIAN]),
        ((), "2", "'2' is not a phone number"),
    ],
)
def test_a_number_is_read_as_in_the_lists_of_the_ledger(
    ledger: Ledger, messages: tuple, number: str | int, found: list[str] | str
) -> None:
    for place, message in enumerate(messages):
        ledger.create(str(place), message, [AUSTRALIAN if message is CELLCAST else B])
    if isinstance(found, str):
        for refused in (lambda: ledger.suppress([number]), lambda: ledger.forget(number)):
            with pytest.raises(RecipientError, match=found):
                refused()
        assert ledger.suppress_from(io.StringIO(f"{number}\n")).unreadable[0].reason.startswith(found)
        assert suppressed(ledger) == []
        return
    assert ledger.suppress([number]) == 1
    assert [row[0] for row in suppressed(ledger)] == found
    assert ledger.suppress([number]) == 0
    assert ledger.suppress_from(io.StringIO(f"{number}\n")) == (0, 1, ())
    ledger.forget(number)
    assert [row[0][0] for row in suppressed(ledger)] == ["#"] * len(found)


def test_a_suppressed_local_number_is_skipped_and_a_forgotten_one_erased(ledger: Ledger) -> None:
    first = ledger.create("first", CELLCAST, [LOCAL, "0491 570 157"])
    ledger.suppress([LOCAL])
    assert first.estimate().opted_out == 1
    ledger.forget("0491 570 157")
    assert [row["number"][:1] for row in first.rows()] == ["6", "#"]
