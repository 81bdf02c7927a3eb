"""An estimate says what a broadcast will do: messages, requests, time and cost, and the lines that are left out."""

from __future__ import annotations

import io
from collections.abc import Iterable
from decimal import Decimal

import pytest

from skymms import SendMMS, Slide, Slideshow
from skymms.broadcast import Consent, Ledger, LeftOutLine, Recipient, read_recipients
from skymms.cellcast import CellcastSend

A, B, C, D = "15551234888", "15551234889", "15551234890", "15551234891"
SHOW = Slideshow("Spring", subject="Spring").slide("Hi {name|you}!", image="http://a.example/a.jpg")
MESSAGE = SendMMS(SHOW, sender="60856", campaign_ref="C1")


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


def test_an_estimate(ledger: Ledger) -> None:
    rows = f"mobile,name\n{A},Ada\n{B},\n{A},again\nx,y\n{C},Ada\n{D},z,z\n"
    broadcast = ledger.create(
        "spring", MESSAGE, read_recipients(io.StringIO(rows)), rate=2.0, price=Decimal("0.03"), skip_invalid=True
    )
    estimate = broadcast.estimate()
    assert estimate[:6] == (3, 2, 3, 1.5, Decimal("0.09"), 0)
    assert (estimate.duplicates, estimate.unreadable) == (1, 2)
    assert estimate.left_out == (
        LeftOutLine(4, "duplicate", A, "the number is in line 2"),
        LeftOutLine(
            5, "unreadable", "x", "'x' is not a phone number: give one number in digits, country code first, without 00"
        ),
        LeftOutLine(7, "unreadable", "", "it has 3 cells, and the header has 2: quote a cell that has a ','"),
    )
    assert ledger.create("winter", MESSAGE, [A]).estimate()[:6] == (1, 1, 1, None, None, 0)


def test_who_opted_out_is_neither_requested_nor_paid(ledger: Ledger) -> None:
    broadcast = ledger.create("spring", MESSAGE, [A, B, C, D], rate=1.0, price=Decimal(1))
    ledger.suppress([A], sender="60856")
    ledger.suppress([B], campaign="C1")
    ledger.suppress([C], campaign="another")
    ledger.suppress([A])
    ledger.forget("15550000000")
    estimate = broadcast.estimate()
    assert (estimate.messages, estimate.opted_out, estimate.requests, estimate.cost) == (4, 2, 2, Decimal(2))


def test_a_thousand_left_out_lines_are_listed_and_all_counted(ledger: Ledger) -> None:
    estimate = ledger.create("spring", MESSAGE, [A] * 1500).estimate()
    assert (estimate.duplicates, len(estimate.left_out)) == (1499, 1000)
    assert [one.line for one in estimate.left_out[:2]] == [2, 3]


def test_requests_of_cellcast_have_a_hundred_numbers_with_one_message(ledger: Ledger) -> None:
    send = CellcastSend(Slide("Hi {name|you}!", image="https://a.example/a.png"))
    numbers = [f"0491{at:06}" for at in range(250)]
    assert ledger.create("one", send, numbers).estimate().requests == 3
    named = [Recipient(number, {"name": f"name {at // 5}"}) for at, number in enumerate(numbers)]
    assert ledger.create("five", send, named, rate=10.0).estimate()[1:4] == (50, 50, 5.0)


@pytest.mark.parametrize(
    ("data", "only_default"),
    [
        ([{"name": "Ada"}, {}], ()),
        ([{}, {}], ("name",)),
        ([{"name": ""}, {"name": ""}], ("name",)),
        ([{"surname": "name"}, {"names": "Ada"}], ("name",)),
        ([{"Name": "Ada"}], ()),
        ([{"name": " "}, {"name": "\n"}], ("name",)),
        ([{"city": '"name": "Ada"'}, {"city": "\\"}], ("name",)),
        ([{'x"name': "Ada"}], ("name",)),
        ([{"name": '"'}], ()),
        ([{"name": '""'}, {}], ()),
    ],
)
def test_merge_fields_without_any_value(ledger: Ledger, data: list[dict[str, str]], only_default: tuple[str, ...]) -> None:
    message = SendMMS(SHOW.slide('{city|here} {surname|you} {x"name|me}'), sender="60856")
    people = [Recipient(number, data=one) for number, one in zip((A, B), data, strict=False)]
    estimate = ledger.create("spring", message, people).estimate()
    assert tuple(name for name in estimate.only_default if name == "name") == only_default
    assert ledger.create("winter", MESSAGE, []).estimate().only_default == ()


def test_values_of_those_who_get_no_message_do_not_count(ledger: Ledger) -> None:
    people = [Recipient(A, consent=Consent("web form", time="2026-05-01")), Recipient(B, data={"name": "Ada"})]
    estimate = ledger.create("spring", MESSAGE, people, require_consent=True).estimate()
    assert (estimate.messages, estimate.only_default) == (1, ("name",))
