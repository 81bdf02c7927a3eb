"""Numbers without a country code: they are completed, or warned about, and an opt-out holds in both forms of a US number."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from counting_gateway import CountingGateway

from skymms import Account, Client, ConfigurationError, InboundSMS, RecipientError, SendMMS, Slideshow
from skymms.broadcast import Country, Ledger, Recipient, Unreadable, read_recipients
from skymms.broadcast.countries import other_form
from skymms.cellcast import CellcastSend

MESSAGE = SendMMS(Slideshow("Spring", subject="Spring").slide("Hi!", image="http://a.example/a.jpg"), sender="60856")
CELLCAST = CellcastSend(Slideshow("Spring").slide("Hi!"))
LONG, SHORT = "12125550109", "2125550109"


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


@pytest.mark.parametrize(
    ("country", "written", "completed"),
    [
        # The code is put before numbers that are written without it.
        (1, "2125550109", LONG),
        ("1", "(212) 555-0109", LONG),
        ("+1", "212-555-0109", LONG),
        (" 1 ", "212\u00a0555\u20110109", LONG),
        (1, 2125550109, LONG),
        (47, "912 34 567", "4791234567"),
        (47, "47123456", "4747123456"),  # a number of eight digits that begins with 47
        (44, "07700 900123", "447700900123"),  # without the 0 that is dialled in the country
        (44, "7700 900123", "447700900123"),
        (61, "0491 570 156", "61491570156"),
        (65, "81234567", "6581234567"),
        # Numbers that have it stay.
        (1, LONG, LONG),
        (1, "1 (212) 555-0109", LONG),
        (47, "4747123456", "4747123456"),
        (44, "44 7700 900123", "447700900123"),
        (1, "+47 912 34 567", "+47 912 34 567"),
        (47, "+1 212 555 0109", "+1 212 555 0109"),
        # So does what is no number, or begins with 00: the rules for all numbers refuse it and say what to do.
        (1, "2.125550109E+9", "2.125550109E+9"),
        (1, "", ""),
        (1, "0012125550109", "0012125550109"),
    ],
)
def test_a_country_completes_numbers(country, written, completed) -> None:
    found = Country(country).complete(written)
    assert found == completed
    assert Country(country).complete(found) == completed


@pytest.mark.parametrize(
    ("country", "written"),
    [(1, "555-0109"), (1, "447700900123"), (1, "1125550109"), (1, "0125550109"), (47, LONG), (47, "1234")],
)
def test_a_number_that_the_country_does_not_have_is_refused(country, written) -> None:
    with pytest.raises(RecipientError, match="write \\+ before numbers of other countries"):
        Country(country).complete(written)


@pytest.mark.parametrize("code", ["", "us", "0", "1234", "999", 800, -1])
def test_a_code_that_no_country_has_is_refused(code) -> None:
    with pytest.raises(ConfigurationError, match="country="):
        Country(code)


def test_other_countries_than_north_america_need_phonenumbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "phonenumbers", None)
    assert Country(1).complete(SHORT) == LONG
    with pytest.raises(ConfigurationError, match="pip install 'skymms\\[hours\\]'"):
        Country(47)


CSV = f"mobile,name\n(212) 555-0109,Ada\n{LONG},Bob\n+47 912 34 567,Cy\n555-0109,Di\n"
JSONL = '{"mobile": 2125550109, "name": "Ada"}\n{"mobile": "x", "name": "Bob"}\n[]\n'


def test_a_list_is_read_with_a_country() -> None:
    found = list(read_recipients(io.StringIO(CSV), country=1))
    assert [one.number for one in found if isinstance(one, Recipient)] == [LONG, LONG, "+47 912 34 567"]
    assert [(one.line, one.text) for one in found if isinstance(one, Unreadable)] == [(5, "555-0109")]
    found = list(read_recipients(io.StringIO(JSONL), country=1))
    assert [one.number for one in found if isinstance(one, Recipient)] == [LONG, "x"]
    assert [one.line for one in found if isinstance(one, Unreadable)] == [3]


@pytest.mark.parametrize("where", ["list", "broadcast", "both"])
def test_a_broadcast_with_a_country(ledger: Ledger, where: str) -> None:
    of_list, of_broadcast = (1 if where in (name, "both") else None for name in ("list", "broadcast"))
    lines = read_recipients(io.StringIO(CSV), country=of_list)
    spring = ledger.create("spring", MESSAGE, lines, country=of_broadcast, skip_invalid=True)
    assert [row["number"] for row in spring.rows()] == [LONG, "4791234567"]
    estimate = spring.estimate()
    assert (estimate.duplicates, estimate.unreadable) == (1, 1)
    # 4791234567 has ten digits too. Somebody who gave a country is not warned.
    assert estimate.without_country == (1 if where == "list" else 0)
    assert spring.settings.country == ("1" if of_broadcast else None)


def test_the_country_of_a_broadcast_counts_for_its_other_numbers(ledger: Ledger) -> None:
    spring = ledger.create("spring", MESSAGE, [SHORT], country="1")
    assert spring.proof("(212) 555-0110").to == "12125550110"
    with pytest.raises(ConfigurationError, match=f"{LONG} is ready"):
        spring.settle(["212-555-0109"], "sent", why="")


def test_cellcast_takes_a_country_too(ledger: Ledger) -> None:
    spring = ledger.create("spring", CELLCAST, ["0491 570 156", "61491570157"], country=61)
    assert [row["number"] for row in spring.rows()] == ["61491570156", "61491570157"]


@pytest.mark.parametrize(
    ("operation", "numbers", "count"),
    [
        (MESSAGE, [LONG], 0),
        (MESSAGE, [SHORT, "5550160002", LONG], 2),
        (MESSAGE, ["4791234567"], 1),  # may be Norwegian: a warning, and no refusal
        (MESSAGE, ["1555123456"], 0),
        (CELLCAST, ["491570156"], 0),
    ],
)
def test_numbers_of_ten_digits_are_counted(ledger: Ledger, operation, numbers: list[str], count: int) -> None:
    assert ledger.create("spring", operation, numbers).estimate().without_country == count


@pytest.mark.parametrize(
    ("number", "other"),
    [(LONG, SHORT), (SHORT, LONG), ("4791234567", "14791234567"), ("447700900123", None), ("1125550109", None), ("#ab", None)],
)
def test_the_other_form_of_a_us_number(number: str, other: str | None) -> None:
    assert other_form(number) == other


# ------------------------------------------------------------------------------------------------ opt-outs


def stop(ledger: Ledger, number: str, text: str = "STOP", minutes: int = 5) -> None:
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    assert ledger.note(InboundSMS("N211", sender=number, to="60856", text=text, timestamp=at))


OPT_OUTS = {
    "suppress": lambda ledger, number: ledger.suppress([number]),
    "suppress_from": lambda ledger, number: ledger.suppress_from(io.StringIO(f"number\n{number}\n")),
    "STOP": stop,
    "forget": lambda ledger, number: ledger.forget(number),
}


@pytest.mark.parametrize(("opted_out", "listed"), [(LONG, SHORT), (SHORT, LONG)])
@pytest.mark.parametrize("how", OPT_OUTS)
def test_an_opt_out_holds_in_both_forms(ledger: Ledger, how: str, opted_out: str, listed: str) -> None:
    OPT_OUTS[how](ledger, opted_out)
    spring = ledger.create("spring", MESSAGE, [listed, "15551230000"])
    assert spring.estimate().opted_out == 1
    found = ledger.explain_number(listed)
    assert [one["about"] for one in found["opt_outs"]] == ["messages from 60856" if how == "STOP" else "all messages"]
    assert "it will be skipped" in found["messages"][0]["because"]
    with CountingGateway() as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        spring.run(client)
        assert gateway.requests == {"15551230000": 1}
    assert {row["number"]: row["reason"] for row in spring.rows()}[listed] == "opted out"


def test_both_forms_in_one_list_are_skipped(ledger: Ledger) -> None:
    ledger.suppress([LONG])
    spring = ledger.create("spring", MESSAGE, [SHORT, LONG])
    with CountingGateway() as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        spring.run(client)
        assert gateway.requests == {}
    assert spring.status().counts == {"skipped": 2}


@pytest.mark.parametrize(("opted_out", "again"), [(LONG, SHORT), (SHORT, LONG)])
def test_an_opt_in_lifts_both_forms(ledger: Ledger, opted_out: str, again: str) -> None:
    stop(ledger, opted_out)
    stop(ledger, again, "START", minutes=2)
    assert ledger.create("spring", MESSAGE, [LONG, SHORT]).estimate().opted_out == 0


def opted_out(ledger: Ledger) -> int:
    return ledger.create("spring", MESSAGE, [LONG, SHORT]).estimate().opted_out


@pytest.mark.parametrize(("first", "second"), [(LONG, SHORT), (SHORT, LONG)])
def test_the_latest_word_in_either_form_counts(ledger: Ledger, first: str, second: str) -> None:
    stop(ledger, first, minutes=30)
    stop(ledger, first, minutes=10)
    # It comes late. The first of the two opt-outs was before it, and the second was not.
    stop(ledger, second, "START", minutes=20)
    assert opted_out(ledger) == 2


@pytest.mark.parametrize(("first", "second"), [(LONG, SHORT), (SHORT, LONG)])
def test_a_stop_without_a_time_counts_again_after_a_start_in_the_other_form(ledger: Ledger, first: str, second: str) -> None:
    for number, text in ((first, "STOP"), (second, "START"), (first, "STOP")):
        assert ledger.note(InboundSMS("N211", sender=number, to="60856", text=text))
    assert opted_out(ledger) == 2


def test_an_opt_out_after_a_message_in_the_other_form_counts(ledger: Ledger) -> None:
    spring = ledger.create("spring", {"a": MESSAGE, "b": MESSAGE}, [SHORT])
    with CountingGateway() as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        spring.run(client)
    ledger.suppress([LONG], source="letter")
    assert sum(one.opted_out.part for one in spring.compare()) == 1


@pytest.mark.parametrize(
    ("listed", "asked", "country", "hint"),
    [
        (LONG, SHORT, None, f"the ledger also has 1 message to {LONG}"),
        (SHORT, LONG, None, f"the ledger also has 1 message to {SHORT}"),
        (LONG, LONG, None, None),
        (LONG, SHORT, 1, None),
        ("15551230000", SHORT, None, f"look up {LONG}, or pass --country 1"),
        ("15551230000", "447700900123", None, None),
    ],
)
def test_explain_number_hints_at_the_other_form(ledger: Ledger, listed, asked, country, hint) -> None:
    ledger.create("spring", MESSAGE, [listed])
    found = ledger.explain_number(asked, country=country)["hint"]
    assert found is None if hint is None else hint in found


def test_numbers_of_people_may_have_a_country(ledger: Ledger) -> None:
    assert ledger.suppress(["(212) 555-0109"], country=1) == 1
    assert ledger.suppress_from(io.StringIO("(212) 555-0109\n"), country=1)[:2] == (0, 1)
    assert ledger.explain_number(SHORT, country="1")["number"] == LONG
    done = ledger.suppress_from(io.StringIO("number\n447700900123\n"), country=1)
    assert [one.reason for one in done.unreadable] == [
        "'447700900123' is not a number of the country code 1: write + before numbers of other countries"
    ]
    ledger.forget("212 555 0109", country=1)
    assert ledger.explain_number(LONG)["erased"]
