"""What a notice says that a person wants: the words, the scopes, and which of several words counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skymms import ConfigurationError, DeliveryReport, InboundMMS, InboundSMS, Notice, SubscriptionChange, UnknownNotice
from skymms.broadcast import ENGLISH, Wish, Words, read_wish
from skymms.broadcast.scopes import describe_scope, scope_of, scopes_of
from skymms.broadcast.wishes import Dated, Said, is_stopped
from skymms.cellcast import read_cellcast_webhook

A = "15551230001"
STOP, START, UNCLEAR = Wish.STOP, Wish.START, Wish.UNCLEAR

TEXTS: list[tuple[str, Wish | None]] = [
    *[(word, STOP) for word in ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPT OUT")],
    *[(word, START) for word in ("START", "UNSTOP")],
    # However it is written.
    ("stop", STOP), ("Stop.", STOP), (" STOP!!\n", STOP), ("“Stop”", STOP), ("S.T.O.P", STOP), ("ＳＴＯＰ", STOP),
    ("STOP 🙏", STOP), ("stop ✋\ufe0f", STOP), ("st\u200bop", STOP), ("opt-out", STOP), ("optout", STOP),
    ("Opt\u00a0Out", STOP), ("stop all", STOP), ("STOP STOP", STOP), ("Stop. Unsubscribe!", STOP), ("un-stop", START),
    ("Start!", START),
    # Somebody has to read it.
    ("please stop", UNCLEAR), ("don't stop", UNCLEAR), ("Don’t text me", UNCLEAR), ("Cancel my order", UNCLEAR),
    ("STOP START", UNCLEAR), ("stopp", UNCLEAR), ("unsub", UNCLEAR), ("remove me from this list", UNCLEAR),
    ("wrong number", UNCLEAR), ("STOP 60856", UNCLEAR), ("Please START AGAIN", UNCLEAR),
    # It is about something else.
    ("", None), ("...", None), ("🙏", None), ("hello", None), ("yes", None), ("the end", None), ("nonstop party", None),
    ("weekend", None), ("When does it start?", None), ("ST", None),
]  # fmt: skip


def sms(text: str | None, **fields: Any) -> InboundSMS:
    return InboundSMS("N211", **{"sender": A, "to": "60856", "text": text, **fields})


@pytest.mark.parametrize(("text", "wish"), TEXTS, ids=repr)
def test_a_text(text: str, wish: Wish | None) -> None:
    assert ENGLISH.read(text) is wish
    said = read_wish(sms(text))
    assert said == (None if wish is None else Said(A, "sender:60856", wish, text))


@given(st.sampled_from(sorted(ENGLISH.stop)), st.text("!.,;:-_*()\"' \t\n🙏😡", max_size=5), st.data())
def test_case_and_punctuation_make_no_difference(word: str, around: str, data: st.DataObject) -> None:
    written = "".join(data.draw(st.sampled_from([letter.lower(), letter.upper()])) for letter in word)
    assert ENGLISH.read(f"{around}{written}{around[::-1]}") is STOP


@given(st.text())
def test_no_text_is_refused(text: str) -> None:
    assert ENGLISH.read(text) in (None, *Wish)


LETTERS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
KNOWN = {"".join(word.lower().split()) for word in ENGLISH.stop | ENGLISH.start}


@given(st.lists(LETTERS, min_size=2, max_size=5), st.sampled_from(sorted(ENGLISH.stop)), st.integers(0, 5))
def test_a_word_among_others_never_counts_by_itself(others: list[str], word: str, place: int) -> None:
    tokens = [*others[:place], word, *others[place:]]
    if any(token in KNOWN for token in others) or "".join(tokens).lower().replace(" ", "") in KNOWN:
        return
    assert ENGLISH.read(" ".join(tokens)) in (None, UNCLEAR)


def test_words_of_other_languages_are_added() -> None:
    words = ENGLISH.adding(stop=["ALTO", "توقف", "रोकें"], start=["Iniciar"], hints=["no quiero"])
    assert [words.read(text) for text in ("alto!", "توقف", "रोकें", "INICIAR", "stop")] == [STOP, STOP, STOP, START, STOP]
    assert [words.read(text) for text in ("por favor alto", "No quiero más")] == [UNCLEAR, UNCLEAR]
    assert ENGLISH.read("ALTO") is None
    assert words == ENGLISH.adding(stop=["रोकें", "ALTO", "توقف"], start=["Iniciar"], hints=["no quiero"])


def test_a_word_cannot_mean_both() -> None:
    with pytest.raises(ConfigurationError, match="'stop' is a stop word and a start word"):
        Words(frozenset({"STOP"}), frozenset({"Stop!"}))


CELLCAST = b'[{"type": "receive", "from": "61491570156", "receiver": "61491570157", "body": "STOP", "message_id": "m1"}]'

NOTICES: list[tuple[Notice, Said | None]] = [
    (sms("STOP", to=None), Said(A, "", STOP, "STOP")),
    (sms("STOP", to="+1 (555) 000-1111"), Said(A, "sender:15550001111", STOP, "STOP")),
    (sms("STOP", sender=None), None),
    # The keyword is the first word of the text, so the text decides.
    (sms("stop it, I like that", keyword="STOP"), Said(A, "sender:60856", UNCLEAR, "stop it, I like that")),
    (sms(None, keyword="STOP"), Said(A, "sender:60856", STOP, "STOP")),
    (sms(None, keyword="START"), Said(A, "sender:60856", UNCLEAR, "START")),
    (sms(None), None),
    # The text of an MMS is in a file.
    (InboundMMS("N401", sender=A, to="60856", keyword="Stop"), Said(A, "sender:60856", STOP, "Stop")),
    (InboundMMS("N401", sender=A, to="60856", subject="opt out"), Said(A, "sender:60856", STOP, "opt out")),
    (InboundMMS("N401", sender=A, to="60856", keyword="coupon", subject="please stop"),
     Said(A, "sender:60856", UNCLEAR, "coupon / please stop")),
    (InboundMMS("N401", sender=A, to="60856", keyword="START"), Said(A, "sender:60856", UNCLEAR, "START")),
    (InboundMMS("N401", sender=A, to="60856"), None),
    (SubscriptionChange("N302", mobile=A, campaign_ref="C1"), Said(A, "campaign:C1", STOP, "unsubscribed")),
    (SubscriptionChange("N302", mobile=A), Said(A, "", STOP, "unsubscribed")),
    # Only who subscribes himself takes an opt-out back.
    (SubscriptionChange("N301", mobile=A, campaign_ref="C1", source="MO"), Said(A, "campaign:C1", START, "subscribed by MO")),
    (SubscriptionChange("N301", mobile=A, campaign_ref="C1", source="Web"), Said(A, "campaign:C1", START, "subscribed by Web")),
    (SubscriptionChange("N301", mobile=A, campaign_ref="C", source="API"), Said(A, "campaign:C", UNCLEAR, "subscribed by API")),
    (SubscriptionChange("N301", mobile=A, campaign_ref="C1"), Said(A, "campaign:C1", UNCLEAR, "subscribed")),
    (SubscriptionChange("N301", mobile=A, source="MO"), Said(A, "", UNCLEAR, "subscribed by MO")),
    # An address is not a number.
    (SubscriptionChange("N304", email="a@a.example", campaign_ref="C1"), None),
    (SubscriptionChange("N304", mobile=A, campaign_ref="C1"), None),
    (DeliveryReport("N101", to=A, details="STOP"), None),
    (UnknownNotice("N999"), None),
    (read_cellcast_webhook(CELLCAST)[0], Said("+61491570156", "sender:61491570157", STOP, "STOP")),
]  # fmt: skip


@pytest.mark.parametrize(("notice", "said"), NOTICES, ids=[repr(notice)[:90] for notice, _ in NOTICES])
def test_a_notice(notice: Notice, said: Said | None) -> None:
    assert read_wish(notice) == said


def test_the_scopes_of_messages() -> None:
    class Message:
        campaign_ref = "C1"

    assert scopes_of({1: Message(), 2: object()}, "+1 555 000 1111") == {"campaign:C1", "sender:15550001111"}
    assert scopes_of({1: object()}, None) == {"sender:*"}
    assert [describe_scope(scope_of(*pair)) for pair in ((None, None), ("60856", None), (None, 17))] == [
        "all messages",
        "messages from 60856",
        "messages of campaign 17",
    ]


# ------------------------------------------------------------------------------------------------ which word counts

WISHES = st.lists(st.builds(Dated, st.sampled_from(Wish), st.integers(0, 6).map(float)), max_size=8)


def last_word(wishes: list[Dated]) -> bool:
    """Play the words in the order in which they were said; STOP after START if both were said in one second."""
    stopped = False
    for one in sorted(wishes, key=lambda one: (one.at, one.wish is STOP)):
        if one.wish is not UNCLEAR:
            stopped = one.wish is STOP
    return stopped


@settings(max_examples=2_000)
@given(WISHES, st.randoms())
def test_the_last_word_counts_in_whatever_order_it_arrives(wishes: list[Dated], random: Any) -> None:
    shuffled = list(wishes)
    random.shuffle(shuffled)
    assert is_stopped(shuffled) is is_stopped(shuffled + wishes) is last_word(wishes)


def test_one_second_with_both() -> None:
    at = datetime(2026, 7, 1, tzinfo=UTC).timestamp()
    assert is_stopped([Dated(STOP, at), Dated(START, at)])
    assert not is_stopped([])
