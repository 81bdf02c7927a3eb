"""Merge fields: what is filled in, and where a list or a text is wrong, said before anything is sent."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

import pytest

from skymms import Account, ConfigurationError, SendMMS, SendMMSBarcode, SendPassInMMS, SendSavedMMS, SendSMS, Slide, Slideshow
from skymms.broadcast import Ledger, Recipient, read_recipients
from skymms.broadcast.personalisation import MissingValue, Personalisation
from skymms.cellcast import CellcastSend
from skymms.storage.contract import same

pytestmark = pytest.mark.compat

A, B, C, D = "15551234888", "15551234889", "15551234890", "15551234891"
IMAGE = "http://a.example/a.jpg"


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


def message(text: str) -> SendMMS:
    return SendMMS(Slideshow("Spring", subject="Spring", slides=(Slide(text, image=IMAGE),)), sender="60856")


def filled(text: str, **data: str) -> str:
    return Personalisation(message(text)).fill(data).slideshow.slides[0].text


def messages(ledger: Ledger, name: str = "spring") -> dict[str, str]:
    """The text that each number will get, by the ledger's tables."""
    broadcast = ledger[name]
    store = ledger._store
    with store.reading() as transaction:
        ((operation,),) = transaction.rows(same("SELECT operation FROM skymms_variant WHERE broadcast = :id"), id=broadcast.id)
        rows = transaction.rows(
            same("SELECT number, data FROM skymms_message WHERE broadcast = :id ORDER BY id"), id=broadcast.id
        )
    from skymms.model.serialization import from_dict

    personal = Personalisation(from_dict(json.loads(operation)))
    return {number: personal.fill(json.loads(data) if data else {}).slideshow.slides[0].text for number, data in rows}


# ------------------------------------------------------------------------------------------------ what is filled in


@pytest.mark.parametrize(
    ("text", "data", "wanted"),
    [
        ("Hello {name}!", {"name": "Ada"}, "Hello Ada!"),
        ("{ name }", {"name": "Ada"}, "Ada"),
        ("{first name}", {"first name": "Ada"}, "Ada"),
        ("{name|you}", {"name": "Ada"}, "Ada"),
        ("{name|you}", {}, "you"),
        ("{name|you}", {"name": "  "}, "you"),
        ("{name|}", {}, ""),
        ("{name|a|b}", {}, "a|b"),
        ("{name| dear friend }", {}, " dear friend "),
        ("{a}{b}{a}", {"a": "1", "b": "2"}, "121"),
        ("{name}", {"name": "{city}"}, "{city}"),  # values are not filled again
        ("{name}", {"name": "{{"}, "{{"),
        ("{{name}", {}, "{name}"),
        ("{{{name}", {"name": "Ada"}, "{Ada"),
        ("{{{{", {}, "{{"),
        ("a } b }} c", {}, "a } b }} c"),
        ("{$first_name} {name}", {"name": "Ada"}, "{$first_name} Ada"),
        ("{{$x}", {}, "{$x}"),
        ("nothing", {}, "nothing"),
        ("Größe {größe}", {"größe": "XL"}, "Größe XL"),
    ],
)
def test_filling(text: str, data: dict[str, str], wanted: str) -> None:
    assert filled(text, **data) == wanted


def test_a_missing_value_without_a_default() -> None:
    for data in ({}, {"name": ""}, {"name": " \t"}):
        with pytest.raises(MissingValue, match="name"):
            filled("{name}", **data)


@pytest.mark.parametrize("text", ["{", "{}", "{name", "{ }", "{|you}", "{na{me}", "{name|a{b}", "x {name\n"])
def test_texts_that_are_wrong_are_refused_with_their_place(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"slide 1, text: '.*' is not a merge field: write \{name\}"):
        Personalisation(message(text))


def test_each_text_of_each_operation_is_filled() -> None:
    data = {"n": "Ada"}
    show = Slideshow("{n}", subject="{n}", fallback_text="{n}", slides=(Slide("{n}", image="http://a.example/{n}.jpg"),))
    done = Personalisation(SendMMS(show, sender="60856")).fill(data).slideshow
    assert (done.subject, done.fallback_text, done.slides[0].text) == ("Ada",) * 3
    assert (done.name, done.slides[0].image) == ("{n}", "http://a.example/{n}.jpg")  # not texts for the recipient
    assert Personalisation(SendSMS("{n}")).fill(data).text == "Ada"
    saved = SendSavedMMS(
        "1", custom_text={1: "{n}", 2: "x"}, custom_subject="{n}", data={"tag": "{n}"}, ddm_text="{n}", ddm_subject="{n}"
    )
    done = Personalisation(saved).fill(data)
    assert (dict(done.custom_text), done.custom_subject, dict(done.data)) == ({1: "Ada", 2: "x"}, "Ada", {"tag": "Ada"})
    assert (done.ddm_text, done.ddm_subject) == ("Ada", "Ada")
    assert Personalisation(SendMMSBarcode("1", barcode_id="2", fallback_text="{n}")).fill(data).fallback_text == "Ada"
    assert dict(Personalisation(SendPassInMMS("1", pass_data={"name": "{n}"})).fill(data).pass_data) == {"name": "Ada"}
    sent = Personalisation(CellcastSend(Slide("{n}", image="https://a.example/a.png"))).fill(data)
    assert sent.slideshow.slides[0].text == "Ada"


# ------------------------------------------------------------------------------------------------ lists


def csv(*rows: str) -> io.StringIO:
    return io.StringIO("\n".join([*rows, ""]), newline="")


def test_messages_are_filled_from_columns_whose_names_may_differ_in_case(ledger: Ledger) -> None:
    rows = ["Mobile,First_Name,City", f"{A},Ada,Rome", f"{B},,Oslo", f'{C},"O\'Neil, ""Bo""",']
    ledger.create("spring", message("Hi {first_name|you} in {CITY|town}"), read_recipients(csv(*rows)))
    assert messages(ledger) == {A: "Hi Ada in Rome", B: "Hi you in Oslo", C: 'Hi O\'Neil, "Bo" in town'}
    assert ledger["spring"].estimate().texts == 3


def test_the_exact_name_of_two_that_differ_in_case(ledger: Ledger) -> None:
    ledger.create("spring", message("{name}"), read_recipients(csv("mobile,Name,name", f"{A},wrong,right")))
    assert messages(ledger) == {A: "right"}
    with pytest.raises(ConfigurationError, match=r"no column for {NAME}"):
        ledger.create("two", message("{NAME}"), read_recipients(csv("mobile,Name,name", f"{A},x,y")))


def test_all_kinds_of_lists_fill_alike(ledger: Ledger) -> None:
    text = "{name|you} {n|0} {ok|?}"
    lists = {
        "csv": read_recipients(csv("mobile,Name,n,ok", f"{A},Ada,7,true", f"{B},,,")),
        "jsonl": read_recipients(csv(f'{{"mobile":"{A}","Name":"Ada","n":7,"ok":true}}', f'{{"mobile":"{B}","name":null}}')),
        "recipients": [Recipient(A, {"Name": "Ada", "n": 7, "ok": True}), Recipient(B, {"n": float("nan"), "ok": None})],
        "wrapped": (one for one in read_recipients(csv("mobile,Name,n,ok", f"{A},Ada,7,true", f"{B},,,"))),
    }
    for name, recipients in lists.items():
        ledger.create(name, message(text), recipients)
        assert messages(ledger, name) == {A: "Ada 7 true", B: "you 0 ?"}, name


def test_special_columns_can_be_merge_fields(ledger: Ledger) -> None:
    for name, wrap in (("a", lambda rows: rows), ("b", lambda rows: (row for row in rows))):
        rows = read_recipients(csv("mobile,order", f"{A},17"), reference="order")
        ledger.create(name, message("Your order {order}"), wrap(rows))
        assert messages(ledger, name) == {A: "Your order 17"}


def test_a_list_that_was_begun_elsewhere_can_be_finished_here(ledger: Ledger) -> None:
    rows: Any = read_recipients(csv("mobile,name", f"{A},Ada", "x,y,z", f"{B},Bob"))
    assert next(rows).number == A
    ledger.create("spring", message("{name}"), rows, skip_invalid=True)
    assert messages(ledger) == {B: "Bob"}


def test_a_column_that_there_is_not_is_found_at_once(ledger: Ledger) -> None:
    rows = read_recipients(csv("mobile,name", f"{A},Ada"))
    with pytest.raises(
        ConfigurationError, match=r"line 1: there is no column for {nmae}, which has no default; the columns are mobile"
    ):
        ledger.create("spring", message("{nmae}"), rows, skip_invalid=True)
    assert list(ledger) == []
    ledger.create("spring", message("{nmae|you}"), read_recipients(csv("mobile,name", f"{A},Ada")))
    assert messages(ledger) == {A: "you"}


def test_a_field_with_and_without_a_default(ledger: Ledger) -> None:
    with pytest.raises(ConfigurationError, match=r"no column for {x}"):
        ledger.create("spring", message("{x|you} {x}"), read_recipients(csv("mobile", A)))


@pytest.mark.parametrize(
    "recipients",
    [
        lambda: read_recipients(csv("mobile,name", f"{A},Ada", f"{B},Bob", f"{C},", f"{D},Dan", f"{D[:-1]}2")),
        lambda: read_recipients(csv("", f'{{"to":"{A}","name":"Ada"}}', f'{{"to":"{B}","name":"x"}}', f'{{"to":"{C}"}}')),
        lambda: [Recipient(A, {"name": "Ada"}), Recipient(B, {"name": "Bob"}), Recipient(D, {"name": "x"}), Recipient(C)],
        lambda: [Recipient(A, {"name": "Ada"}), Recipient(B, {"name": "Bob"}), Recipient(D, {"name": "x"}), C],
    ],
)
def test_a_missing_value_is_found_with_its_line(ledger: Ledger, recipients) -> None:
    with pytest.raises(ConfigurationError, match=r"line 4: there is no value for {name}, which has no default"):
        ledger.create("spring", message("Hi {name}"), recipients())
    ledger.create("spring", message("Hi {name}"), recipients(), skip_invalid=True)
    assert C not in messages(ledger)
    assert messages(ledger)[A] == "Hi Ada"


def test_a_text_that_becomes_too_long_is_found_with_its_line_and_code(ledger: Ledger) -> None:
    """5,000 characters are allowed: one more is not."""
    rows = ["mobile,story", f"{A},short", f'{B},"{"x" * 4997}"', f'{C},"{"y" * 4998}"']
    for account in (None, Account("k" * 32)):
        with pytest.raises(ConfigurationError) as raised:
            ledger.create("spring", message("Hi {story}"), read_recipients(csv(*rows)), account=account)
        assert "line 4: E334 slide 1, text: 5,001 characters, 1 more than the 5,000 allowed" in str(raised.value)
        assert "line 3" not in str(raised.value)


def test_many_different_messages_are_each_checked(ledger: Ledger) -> None:
    """More than are remembered."""
    rows = [f"1555{at:07},name {at}" for at in range(1500)] + [f"{A},", f"{B},name 3"]
    with pytest.raises(ConfigurationError, match="line 1502: there is no value"):
        ledger.create("spring", message("Hi {name}"), read_recipients(csv("mobile,name", *rows)))
