"""Opt-outs that people make: obeyed in their scope, taken back only by the person, and each with its notice as evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from counting_gateway import CountingGateway
from exhaustive import EXHAUSTIVE
from hypothesis import given, settings
from hypothesis import strategies as st

from skymms import (
    Account,
    Client,
    ConfigurationError,
    InboundSMS,
    Notice,
    SendMMS,
    Slideshow,
    SubscriptionChange,
    from_dict,
    to_dict,
)
from skymms.broadcast import ENGLISH, Ledger
from skymms.broadcast.blocks import Holder
from skymms.broadcast.consenting import note_wishes
from skymms.broadcast.eligibility import Eligibility
from skymms.broadcast.outcomes import Answer
from skymms.broadcast.scopes import scopes_of
from skymms.broadcast.states import State
from skymms.storage.contract import Transaction, same

A, B = "15551230001", "15551230002"
SHOW = Slideshow("Spring", subject="Spring").slide("Hi!")
#: An hour ago, so that no notice is from the future.
THEN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
#: The number of random histories, beside those with a real ledger.
HISTORIES = 10_000 if EXHAUSTIVE else 1_000


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


def sms(text: str, at: int | None = 0, number: str = A, to: str | None = "60856", **fields: Any) -> InboundSMS:
    """Return an SMS, ``at`` so many minutes after THEN; None for one without a time."""
    time = None if at is None else THEN + timedelta(minutes=at)
    return InboundSMS("N211", sender=number, to=to, text=text, timestamp=time, **fields)


def subscription(code: str, at: int | None = 0, source: str | None = None, number: str = A) -> SubscriptionChange:
    time = None if at is None else THEN + timedelta(minutes=at)
    return SubscriptionChange(code, mobile=number, campaign_ref="C1", source=source, timestamp=time)


def opted_out(ledger: Ledger, sender: str | None = "60856", campaign: str | None = None, number: str = A) -> bool:
    """Whether a message from a sender, of a campaign, would be skipped."""
    operation = SendMMS(SHOW, sender=sender, campaign_ref=campaign)
    eligibility = Eligibility(0, scopes_of({0: operation}, sender), None)
    with ledger.store.transaction() as transaction:
        return bool(eligibility.decide(transaction, [number], transaction.now()).skipped)


def opt_outs(ledger: Ledger) -> list[tuple[Any, ...]]:
    with ledger.store.reading() as transaction:
        return transaction.rows(
            same("SELECT number, scope, source, at, evidence, lifted_at FROM skymms_suppressed ORDER BY number, scope")
        )


# ------------------------------------------------------------------------------------------------ notices


def test_stop_is_kept_with_its_scope_time_and_notice(ledger: Ledger) -> None:
    notice = sms(" Stop! ", transaction_id="t1")
    assert ledger.note(notice)
    assert not ledger.note(notice)
    assert opt_outs(ledger) == [(A, "sender:60856", "message ' Stop! '", THEN.timestamp(), "notice 1", None)]
    with ledger.store.reading() as transaction:
        ((text,),) = transaction.rows(same("SELECT notice FROM skymms_wish WHERE id = 1"))
    assert from_dict(json.loads(text)) == notice


def test_stop_is_about_the_sender_it_was_written_to(ledger: Ledger) -> None:
    ledger.note(sms("STOP"))
    assert [opted_out(ledger, sender) for sender in ("60856", "60857")] == [True, False]
    assert not opted_out(ledger, number=B)


def test_stop_to_nobody_is_about_everything(ledger: Ledger) -> None:
    ledger.note(sms("STOP", to=None))
    assert opted_out(ledger, "60857")


def test_a_broadcast_whose_sender_is_not_known_is_not_sent_to_who_stopped_any(ledger: Ledger) -> None:
    ledger.note(sms("STOP"))
    assert opted_out(ledger, None)
    ledger.note(sms("START", 1))
    assert not opted_out(ledger, None)


def test_leaving_a_campaign_is_about_that_campaign(ledger: Ledger) -> None:
    ledger.note(subscription("N302"))
    assert [opted_out(ledger, campaign=campaign) for campaign in ("C1", "C2", None)] == [True, False, False]


@pytest.mark.parametrize("source", ["MO", "WEB"])
def test_who_subscribes_himself_takes_it_back(ledger: Ledger, source: str) -> None:
    ledger.note(subscription("N302"))
    assert ledger.note(subscription("N301", 1, source))
    assert not opted_out(ledger, campaign="C1")


@pytest.mark.parametrize("source", ["API", "MANAGER", None])
def test_who_is_subscribed_by_somebody_else_stays_out_and_is_flagged(ledger: Ledger, source: str | None) -> None:
    ledger.note(subscription("N302"))
    assert ledger.note(subscription("N301", 1, source))
    assert opted_out(ledger, campaign="C1")
    (flagged,) = ledger.flagged()
    assert (flagged.number, flagged.scope) == (A, "campaign:C1")


def test_a_subscription_of_somebody_who_has_not_opted_out_is_nothing_to_read(ledger: Ledger) -> None:
    assert not ledger.note(subscription("N301", 0, "API"))
    assert list(ledger.flagged()) == []


def test_start_takes_back_stop_of_the_same_sender_only(ledger: Ledger) -> None:
    ledger.note(sms("STOP"))
    ledger.note(sms("STOP", to="60857"))
    ledger.note(subscription("N302"))
    ledger.note(sms("START", 1))
    assert [opted_out(ledger, "60856"), opted_out(ledger, "60857"), opted_out(ledger, "60856", "C1")] == [False, True, True]
    assert [row[5] for row in opt_outs(ledger)] == [None, (THEN + timedelta(minutes=1)).timestamp(), None]


def test_start_without_stop_changes_nothing_and_consents_to_nothing(ledger: Ledger) -> None:
    ledger.note(sms("START"))
    assert opt_outs(ledger) == []


@pytest.mark.parametrize("first", ["operator", "person"])
def test_start_does_not_take_back_what_an_operator_decided(ledger: Ledger, first: str) -> None:
    if first == "person":
        ledger.note(sms("STOP"))
    ledger.suppress([A], sender="60856", source="complaint")
    ledger.note(sms("STOP"))
    ledger.note(sms("START", 1))
    assert opted_out(ledger)


def test_the_source_of_the_first_word_stays(ledger: Ledger) -> None:
    ledger.note(sms("STOP"))
    ledger.note(sms("QUIT", 1))
    ledger.suppress([A], sender="60856", source="import")
    assert [row[2] for row in opt_outs(ledger)] == ["message 'STOP'"]


def test_a_late_notice_counts_by_its_time(ledger: Ledger) -> None:
    ledger.note(sms("START", 5))
    ledger.note(sms("STOP", 4))
    assert not opted_out(ledger)
    ledger.note(sms("STOP", 6))
    ledger.note(sms("START", 5, transaction_id="another"))
    assert opted_out(ledger)


@pytest.mark.parametrize("words", [("STOP", "START"), ("START", "STOP")])
def test_stop_wins_within_one_second(ledger: Ledger, words: tuple[str, str]) -> None:
    for word in words:
        ledger.note(sms(word))
    assert opted_out(ledger)


def test_a_person_and_somebody_else_subscribe_within_one_second(ledger: Ledger) -> None:
    ledger.note(subscription("N302"))
    assert [ledger.note(subscription("N301", 1, source)) for source in ("API", "MO", "API", "MO")] == [True, True, False, False]
    assert not opted_out(ledger, campaign="C1")


@pytest.mark.parametrize("time", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), datetime(2026, 1, 1)])
def test_a_time_that_cannot_be_right_is_that_of_arrival(ledger: Ledger, time: datetime) -> None:
    ledger.note(sms("START", 30))
    ledger.note(replace(sms("STOP"), timestamp=time))
    assert opted_out(ledger)
    ledger.note(replace(sms("START", transaction_id="2"), timestamp=datetime.now(UTC)))
    assert not opted_out(ledger)


def test_stop_without_a_time_and_an_id_counts_each_time(ledger: Ledger) -> None:
    """Before 2014 an opt-out from a campaign had neither."""
    for stop in (sms("STOP", None), subscription("N302", None)):
        assert ledger.note(stop)
        assert not ledger.note(stop)
    ledger.note(replace(sms("START", transaction_id="1"), timestamp=None))
    assert not opted_out(ledger)
    assert ledger.note(sms("STOP", None))
    assert opted_out(ledger)


def test_start_that_is_repeated_does_not_undo_a_later_stop(ledger: Ledger) -> None:
    start = sms("START", None)
    ledger.note(sms("STOP", None))
    ledger.note(start)
    ledger.note(sms("STOP", None))
    assert not ledger.note(start)
    assert opted_out(ledger)


@pytest.mark.parametrize("sender", ["somebody", "", "0" * 30, "STOP\0"])
def test_nothing_is_kept_of_what_is_not_a_number(ledger: Ledger, sender: str) -> None:
    assert not ledger.note(sms("STOP", number=sender))
    assert opt_outs(ledger) == []


@pytest.mark.parametrize("to", ["a\0b", "\ud800", "x" * 3000, "'; DROP TABLE skymms_wish; --"])
def test_a_strange_sender_is_kept(ledger: Ledger, to: str) -> None:
    assert ledger.note(sms("STOP", to=to))
    assert len(opt_outs(ledger)) == 1


def test_words_of_another_language(ledger_where: str) -> None:
    with Ledger(ledger_where, words=ENGLISH.adding(stop=["ALTO"])) as ledger:
        ledger.note(sms("¡Alto!"))
        assert opted_out(ledger)


def test_an_erased_number_comes_back_in_no_readable_form(ledger: Ledger) -> None:
    ledger.note(sms("STOP"))
    ledger.note(sms("please stop", 1))
    ledger.forget(A)
    assert not ledger.note(sms("STOP", 2))
    assert not ledger.note(sms("START", 3))
    assert list(ledger.flagged()) == []
    with ledger.store.reading() as transaction:
        assert transaction.rows(same("SELECT * FROM skymms_wish")) == []
    assert A not in str(opt_outs(ledger))


# ------------------------------------------------------------------------------------------------ a person decides


def test_a_longer_text_is_flagged_and_changes_nothing(ledger: Ledger) -> None:
    assert ledger.note(sms("please stop texting me"))
    assert not opted_out(ledger)
    (flagged,) = ledger.flagged()
    assert flagged == (1, A, "sender:60856", "please stop texting me", THEN.timestamp())


@pytest.mark.parametrize(("outcome", "is_out"), [("stop", True), ("start", False), ("ignore", False)])
def test_what_a_person_decides_counts_at_the_time_of_the_message(ledger: Ledger, outcome: str, is_out: bool) -> None:
    ledger.note(sms("please stop", 2))
    ledger.decide(1, outcome, why="it is clear", by="ada")
    assert opted_out(ledger) is is_out
    assert list(ledger.flagged()) == []
    assert [(line["verb"], line["who"], line["as"]) for line in ledger.audit()] == [("decide", "ada", outcome)]
    if outcome == "stop":
        assert [(row[1], row[4]) for row in opt_outs(ledger)] == [("sender:60856", "notice 1")]
        ledger.note(sms("START", 1))
        assert opted_out(ledger)
        ledger.note(sms("START", 3))
        assert not opted_out(ledger)


def test_a_decision_for_start_takes_back_an_earlier_stop(ledger: Ledger) -> None:
    ledger.note(sms("STOP"))
    ledger.note(sms("ok, start again please", 1))
    assert opted_out(ledger)
    ledger.decide(2, "start", why="")
    assert not opted_out(ledger)


@pytest.mark.parametrize(
    ("id", "outcome", "problem"), [(7, "stop", "no flagged message 7"), (1, "yes", "'yes' is not an outcome")]
)
def test_decisions_that_are_refused(ledger: Ledger, id: int, outcome: str, problem: str) -> None:
    ledger.note(sms("please stop"))
    with pytest.raises(ConfigurationError, match=problem):
        ledger.decide(id, outcome, why="")
    ledger.decide(1, "ignore", why="")
    with pytest.raises(ConfigurationError, match="was decided about already"):
        ledger.decide(1, "stop", why="")


# ------------------------------------------------------------------------------------------------ what the gateway says


def hold(ledger: Ledger, operation: SendMMS, name: str = "spring", numbers: Sequence[str] = (A,)) -> Holder:
    created = ledger.create(name, operation, numbers)
    created._begin()
    holder = Holder(
        ledger.store, created.id, created.settings,
        account="a", sender="60856", scopes=scopes_of({0: operation}, "60856"),
    )  # fmt: skip
    holder.begin(alone=False)
    return holder


@pytest.mark.parametrize(
    ("code", "campaign", "after_start"),
    [("E114", "C1", [True, True, True]), ("E715", "C1", [True, False, False])],
)
def test_a_refusal_is_an_opt_out_with_the_message_as_evidence(
    ledger: Ledger, code: str, campaign: str, after_start: list[bool]
) -> None:
    """E715 is about the campaign, until the person subscribes again. E114 blocks the number for everything, for good."""
    holder = hold(ledger, SendMMS(SHOW, sender="60856", campaign_ref=campaign))
    (intent,) = holder.exchange([], 10).intents
    holder.end([Answer(intent.id, 1, State.REFUSED, "no", code, opt_out=f"refused ({code})")])
    assert [(row[2], row[4]) for row in opt_outs(ledger)] == [(f"refused ({code})", f"message {intent.id}")]
    ledger.note(replace(sms("START", transaction_id="1"), timestamp=None))
    assert [opted_out(ledger, campaign=one) for one in ("C1", "C2", None)] == after_start
    ledger.note(subscription("N301", None, "MO"))
    assert opted_out(ledger, campaign="C1") is (code == "E114")


def test_a_run_under_way_obeys_stop(ledger: Ledger) -> None:
    numbers = [f"1555{at:07}" for at in range(40)]
    broadcast = ledger.create("spring", SendMMS(SHOW, sender="60856"), numbers, rate=20)
    told: list[str] = []

    def behave(number: str, count: int) -> str:
        if not told:
            told.extend(numbers[20:])
            for one in told:
                ledger.note(sms("STOP", number=one))
        return "ok"

    with CountingGateway(behave) as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        broadcast.run(client, threads=4)
        assert set(gateway.requests) == set(numbers[:20])
    assert broadcast.status().counts == {"accepted": 20, "skipped": 20}


# ------------------------------------------------------------------------------------------------ random histories

SENDERS, CAMPAIGNS = ("60856", "60857"), ("C1", "C2")
STOPS, STARTS = sorted(ENGLISH.stop), sorted(ENGLISH.start)


class Step(NamedTuple):
    """Something that happens in one of two scopes, ``at`` minutes after THEN; None is a notice without a time."""

    what: str
    place: int
    at: int | None
    word: int


class Model:
    """What must be true of one number, by the order in which things were said."""

    def __init__(self) -> None:
        self._words: dict[str, list[tuple[float, int, bool]]] = {}
        self._firm: set[str] = set()

    def say(self, scope: str, at: float, stop: bool) -> None:
        self._words.setdefault(scope, []).append((at, int(stop), stop))

    def suppress(self, scope: str) -> None:
        self._firm.add(scope)

    def is_out(self, scopes: Iterable[str]) -> bool:
        return any(scope in self._firm or self._is_stopped(scope) for scope in scopes)

    def _is_stopped(self, scope: str) -> bool:
        return max(self._words.get(scope, [(0.0, 0, False)]))[2]


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["stop", "stop", "start", "start", "leave", "join", "joined by us", "talk", "operator", "repeat"]),
        st.integers(0, 1),
        st.none() | st.integers(0, 3),
        st.integers(0, 7),
    ),
    max_size=12,
)
_ids = count()


def notice_of(step: Step, number: str) -> Notice:
    time = None if step.at is None else THEN + timedelta(minutes=step.at)
    if step.what in ("leave", "join", "joined by us"):
        source = {"join": "MO", "joined by us": "API"}.get(step.what)
        code = "N302" if step.what == "leave" else "N301"
        return SubscriptionChange(
            code, mobile=number, campaign_ref=CAMPAIGNS[step.place], source=source,
            timestamp=time or datetime.now(UTC),
        )  # fmt: skip
    texts = {"stop": STOPS, "start": STARTS, "talk": ["please stop", "when does it start?", "thanks", "don't cancel"]}
    text = texts[step.what][step.word % len(texts[step.what])]
    return InboundSMS("N211", sender=number, to=SENDERS[step.place], text=text, timestamp=time, transaction_id=f"t{next(_ids)}")


def play(transaction: Transaction, step: Step, number: str, model: Model, noted: list[Notice]) -> None:
    """Let a step happen in the ledger and in the model."""
    scope = f"sender:{SENDERS[step.place]}"
    if step.what == "operator":
        scope = ("", scope)[step.word % 2] if step.word < 2 else scope
        transaction.run(SUPPRESS, number=number, scope=scope, source="operator", at=transaction.now(), evidence=None)
        transaction.run(FIRMLY, number=number, scope=scope)
        model.suppress(scope)
        return
    if step.what == "repeat":
        if noted:
            note_wishes(transaction, [noted[step.word % len(noted)]], ENGLISH)
        return
    notice = notice_of(step, number)
    noted.append(notice)
    before = transaction.now()
    note_wishes(transaction, [notice], ENGLISH)
    named: datetime | None = getattr(notice, "timestamp", None)
    if step.what in ("stop", "start", "leave", "join"):
        campaign = f"campaign:{CAMPAIGNS[step.place]}"
        at = before if named is None else min(before, named.timestamp())
        model.say(campaign if step.what in ("leave", "join") else scope, at, step.what in ("stop", "leave"))


SUPPRESS = same(
    "INSERT INTO skymms_suppressed (number, scope, source, at, evidence) VALUES (:number, :scope, :source, :at, :evidence) "
    "ON CONFLICT (number, scope) DO NOTHING"
)
FIRMLY = same("UPDATE skymms_suppressed SET revocable = 0, lifted_at = NULL WHERE number = :number AND scope = :scope")


def check_evidence(transaction: Transaction, number: str, noted: Sequence[Notice]) -> None:
    """Every opt-out that a person made has the notice that says so."""
    lines = transaction.rows(
        same("SELECT scope, source, at, evidence FROM skymms_suppressed WHERE number = :number AND lifted_at IS NULL"),
        number=number,
    )
    for scope, source, at, evidence in lines:
        if source == "operator":
            continue
        id = int(str(evidence).removeprefix("notice "))
        row = transaction.one(same("SELECT number, scope, wish, at, notice FROM skymms_wish WHERE id = :id"), id=id)
        assert row is not None
        assert row[:4] == (number, scope, "stop", at)
        assert json.loads(row[4]) in [to_dict(one) for one in noted]


@pytest.fixture(scope="module")
def open_transaction(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transaction]:
    """One transaction for all histories, each of which has a number of its own: a commit for each would take minutes."""
    where: Path = tmp_path_factory.mktemp("histories") / "a.db"
    with Ledger(where) as ledger, ledger.store.transaction() as transaction:
        yield transaction


@settings(max_examples=HISTORIES)
@given(steps=STEPS)
def test_nothing_is_sent_after_an_opt_out_and_start_takes_back_that_scope_only(
    open_transaction: Transaction, steps: list[Step]
) -> None:
    """A broadcast sends to a person exactly if he has not opted out of it: one of four after each step, all four at the end.

    A tenth of the 10,000 histories in `make test`, because they take minutes on two processors.
    """
    number, model = f"1555{next(_ids) % 10_000_000:07}", Model()
    noted: list[Notice] = []
    broadcasts = [
        (Eligibility(0, scopes, None), {"", *scopes})
        for scopes in ([f"sender:{sender}", f"campaign:{campaign}"] for sender in SENDERS for campaign in CAMPAIGNS)
    ]

    def check(eligibility: Eligibility, scopes: set[str]) -> None:
        decision = eligibility.decide(open_transaction, [number], 0.0)
        assert (number in decision.skipped) is model.is_out(scopes), scopes

    for step in steps:
        play(open_transaction, step, number, model, noted)
        check(*broadcasts[step.word % 4])
    for one in broadcasts:
        check(*one)
    check_evidence(open_transaction, number, noted)


@settings(max_examples=20)
@given(histories=st.lists(STEPS, min_size=8, max_size=8))
def test_histories_with_broadcasts_in_a_real_ledger(histories: list[list[Step]]) -> None:
    """Eight people at a time, with a commit for each step, and a broadcast from each sender after every third step."""
    import tempfile

    with tempfile.TemporaryDirectory() as directory, Ledger(Path(directory) / "a.db") as ledger:
        numbers = [f"1555000{place:04}" for place in range(len(histories))]
        models = [Model() for _ in numbers]
        noted: list[list[Notice]] = [[] for _ in numbers]
        for turn in range(max(map(len, histories))):
            for place, steps in enumerate(histories):
                if turn < len(steps):
                    with ledger.store.transaction() as transaction:
                        play(transaction, steps[turn], numbers[place], models[place], noted[place])
            if turn % 3 < 2:
                continue
            for sender in SENDERS:
                message = SendMMS(SHOW, sender=sender)
                created = ledger.create(f"{sender} {turn}", message, numbers)
                created._begin()
                scopes = scopes_of({0: message}, sender)
                holder = Holder(ledger.store, created.id, created.settings, account="a", sender=sender, scopes=scopes)
                holder.begin(alone=True)
                sent = {intent.number for intent in holder.exchange([], 100).intents}
                allowed = {one for one, model in zip(numbers, models, strict=True) if not model.is_out({"", *scopes})}
                assert sent == allowed
        with ledger.store.reading() as transaction:
            for number, notices in zip(numbers, noted, strict=True):
                check_evidence(transaction, number, notices)


@pytest.mark.parametrize("at", [None, 0], ids=["without a time", "with a time"])
@pytest.mark.parametrize("before", [["START"], ["STOP", "START"]], ids=" ".join)
def test_a_start_that_came_while_the_clock_was_wrong_does_not_win_over_a_later_stop(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, before: list[str], at: int | None
) -> None:
    with ledger.store.transaction() as transaction:
        kind, real = type(transaction), type(transaction).now
    monkeypatch.setattr(kind, "now", lambda self: real(self) + 86400)
    for text in before:
        ledger.note(sms(text, None))
    monkeypatch.setattr(kind, "now", real)
    assert ledger.note(sms("STOP", at))
    assert opted_out(ledger)
