"""`skymms broadcast …` about people: consent, hours by the number, caps, flagged messages, and one number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from broadcast_files import MERGED, create
from counting_gateway import CountingGateway

from skymms import InboundSMS
from skymms.broadcast import Ledger

A, B, C = "15551230001", "15551230002", "15551230003"
NEW_YORK = "12125550100"  # one of the numbers that are reserved for fiction
LIST = f"mobile,first_name,source,since\n{A},Ada,web form,2026-05-01\n{B},Bob,,\n"
CONSENT = ("--consent-source", "source", "--consent-time", "since")


@pytest.fixture(autouse=True)
def counting(monkeypatch):
    with CountingGateway() as gateway:
        monkeypatch.setenv("SKYMMS_URL", gateway.url)
        yield gateway


def note(text, number=A, **fields):
    with Ledger("skymms.db") as ledger:
        ledger.note(
            InboundSMS(
                "N211", sender=number, to="60856", text=text, timestamp=datetime.now(UTC) - timedelta(minutes=5), **fields
            )
        )


def test_without_consent_nothing_is_sent(run, counting):
    result = create(run, *CONSENT, "--require-consent", people=LIST)
    assert result.status == 0
    assert "1 no consent" in result.out
    assert "required" in result.out
    assert run("broadcast", "run", "spring").status == 0
    assert counting.requests == {A: 1}
    out = run("broadcast", "explain-number", B).out
    assert "no consent" in out
    assert "requires consent" in " ".join(out.split())
    assert "web form, 2026-05-01" in " ".join(run("broadcast", "explain-number", A).out.split())


def test_hours_by_the_number(run):
    people = f"mobile,first_name,tz\n{NEW_YORK},Ada,\n{A},Bob,\n{B},Cy,America/Denver\n"
    result = create(run, "--hours", "09:00-20:00", "--zone-by-number", "--zone-column", "tz", people=people)
    assert result.status == 0
    assert "09:00-20:00, by the number" in result.out
    assert "1 no time zone" in result.out
    assert run("broadcast", "status", "spring", "--json").json["counts"] == {"ready": 2, "skipped": 1}


def test_a_cap(run, counting):
    assert create(run, people=LIST).status == 0
    assert run("broadcast", "run", "spring").status == 0
    result = run("broadcast", "create", "again", "f", "--recipients", "people", "--from", "60856", "--cap", "1/24h")
    assert "1 in 24h, of all broadcasts" in result.out
    assert run("broadcast", "run", "again").status == 0
    assert counting.requests == {A: 1, B: 1}
    messages = run("broadcast", "explain-number", A, "--json").json["messages"]
    assert [one["reason"] for one in messages] == [None, "frequency cap"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--zone-by-number",), "--zone-by-number needs the hours"),
        (("--hours", "09:00-20:00", "--zone-by-number", "--zone", "UTC"), "--zone-by-number and --zone exclude each other"),
        (("--require-consent",), "--require-consent needs the columns"),
        (("--cap", "often"), "'often' is not a frequency cap"),
        (("--consent-time", "nowhere"), "there is no column 'nowhere'"),
        (("--consent-time", "first_name"), "line 2: the time of the consent is 'Ada'"),
    ],
)
def test_wrong_options_are_refused_with_a_remedy(run, argv, message):
    result = create(run, *argv, people=LIST)
    assert (result.status, result.out) == (2, "")
    assert message in " ".join(result.err.split())


def test_flagged_messages_are_listed_and_decided(run):
    create(run, people=LIST)
    assert run("broadcast", "flagged").err.startswith("0 listed")
    note("please stop", transaction_id="1")
    listed = run("broadcast", "flagged")
    assert "please stop" in listed.out
    assert "messages from 60856" in " ".join(listed.out.split())
    assert "skymms broadcast decide ID" in listed.err
    (one,) = run("broadcast", "flagged", "--json").json["flagged"]
    assert one["number"] == A
    assert datetime.fromisoformat(one["at"]).tzinfo is not None
    assert run("broadcast", "decide", "1", "--as", "stop", "--by", "ada", "--why", "clear").out == "1 counts as stop\n"
    again = run("broadcast", "decide", "1", "--as", "ignore")
    assert again.status == 2
    assert "no flagged message 1" in again.err
    note("don't stop", transaction_id="2")
    assert run("broadcast", "decide", "2", "--as", "ignore").out == "2 is ignored\n"
    assert run("broadcast", "run", "spring").status == 0
    assert run("broadcast", "status", "spring", "--json").json["counts"] == {"accepted": 1, "skipped": 1}


def test_one_number(run):
    create(run, people=LIST + f"{A},Twin,,\n")
    note("STOP", transaction_id="1")
    run("broadcast", "run", "spring")
    result = run("broadcast", "explain-number", "+1 555 123-0001")
    text = " ".join(result.out.split())
    for part in ("opted out of", "messages from 60856", "message 'STOP'", "notice 1", "duplicate", "line 2"):
        assert part in text
    document = run("broadcast", "explain-number", A, "--json").json
    assert document["messages"][0]["because"].startswith("opted out of messages from 60856: message 'STOP'")
    assert run("broadcast", "forget", A).status == 0
    assert "erased" in run("broadcast", "explain-number", A).out
    assert run("broadcast", "explain-number", "nobody").status == 4


US = "mobile,first_name\n(212) 555-0109,Ada\n212-555-0110,Bob\n"


def test_numbers_without_a_country_code_are_warned_about(run):
    result = create(run, people=US)
    assert result.status == 0
    assert "warning: 2 numbers have ten digits and no country code; if they are US numbers" in result.err
    assert "--country 1" in result.err
    assert "warning: 2 numbers" in run("broadcast", "estimate", "spring").err
    assert run("broadcast", "estimate", "spring", "--json").json["without_country"] == 2
    assert "look up 12125550111, or pass --country 1" in run("broadcast", "explain-number", "2125550111").err


@pytest.mark.parametrize(
    ("people", "warned"),
    [
        ("mobile,first_name\n15551234888,Ada\n15551234889,\n", False),
        ("mobile,name\n15551234888,Ada\n15551234889,Bob\n", True),
        ("mobile,first_name\n15551234888,\n", True),
        ('mobile,first_name,note\n15551234888,,"""first_name"": ""Ada"""\n', True),
    ],
    ids=["some have one", "another column", "all are empty", "the name in another column"],
)
def test_a_merge_field_without_any_value_is_warned_about(run, people, warned):
    """A wrong name of a column would otherwise be seen only by the recipients."""
    result = create(run, f=MERGED, people=people)
    assert result.status == 0
    assert ("warning: no recipient has a value for {first_name}, so all get its default" in result.err) is warned
    assert run("broadcast", "estimate", "spring", "--json").json["only_default"] == (["first_name"] if warned else [])


def test_a_country_of_numbers_without_one(run, counting, monkeypatch):
    result = create(run, "--country", "1", people=US)
    assert (result.status, "warning" in result.err) == (0, False)
    assert "1, for numbers without a country code" in result.out
    suppressed = run("broadcast", "suppress", "-", "--country", "1", stdin=b"212 555 0109\n")
    assert "1 suppressed" in suppressed.out
    assert run("broadcast", "run", "spring").status == 0
    assert counting.requests == {"12125550110": 1}
    monkeypatch.setenv("SKYMMS_COUNTRY", "1")
    assert run("broadcast", "explain-number", "2125550110", "--json").json["number"] == "12125550110"
    assert run("broadcast", "forget", "2125550110").status == 0
    assert run("broadcast", "explain-number", "12125550110", "--json").json["erased"] is True
    assert run("broadcast", "explain-number", "2125550110", "--country", "us").status == 2


def test_the_audit_lists_what_was_done(run):
    assert create(run, people=LIST).status == 0
    run("broadcast", "pause", "spring", "--why", "too early")
    run("broadcast", "suppress", "-", "--by", "ada", stdin=A.encode())
    listed = run("broadcast", "audit")
    assert (listed.status, listed.err) == (0, "3 listed\n")
    assert [word in listed.out for word in ("create", "why too early", "ada", "suppress")] == [True] * 4
    assert [one["verb"] for one in run("broadcast", "audit", "spring", "--json").json["audit"]] == ["create", "pause"]
    assert run("broadcast", "audit", "autumn").status == 2


def test_times_of_an_explanation_are_not_broken_over_lines(run, counting):
    assert create(run, people=LIST).status == 0
    run("broadcast", "run", "spring")
    found = run("broadcast", "explain-number", A, "--json").json["messages"][0]
    assert found["sent_at"] in run("broadcast", "explain-number", A).out
    assert found["because"] == "the gateway queued it, and no final report has come"


def test_status_says_for_what_messages_wait_and_list_has_the_state(run, counting):
    assert create(run, "--start", "2099-01-01T09:00:00+00:00", people=LIST).status == 0
    assert "2, before the start, until 2099-01-01 09:00 UTC" in run("broadcast", "status", "spring").out
    document = run("broadcast", "status", "spring", "--json").json
    assert document["waiting"]["until"] == "2099-01-01T09:00:00+00:00"
    assert document["state"] == "planned"
    assert run("broadcast", "run", "spring", "--seconds", "0.2").status == 0
    assert "stopped" in run("broadcast", "list").out


def test_recipients_at_the_cap_are_predicted(run):
    assert create(run, people=LIST).status == 0
    run("broadcast", "run", "spring")
    with Ledger("skymms.db") as ledger:
        ledger.create("autumn", ledger["spring"].operation, [A, B, C], cap="1/24h")
    assert "2 are at the frequency cap now" in run("broadcast", "estimate", "autumn").out
