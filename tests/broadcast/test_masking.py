"""Recipients' numbers are hidden on the page of broadcasts, except their last three digits."""

from __future__ import annotations

import json

import pytest
from watched_ledger import LOST, PEOPLE, fill

from skymms.broadcast import Ledger
from skymms.broadcast.masking import hide_number, mask_number, mask_text
from skymms.broadcast.surveying import Surveyor, overview
from skymms.storage.texts import hash_number
from skymms.watch.documents import overview_document, survey_document


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("15551230001", "••••••••001"),
        ("+61491570156", "+••••••••156"),
        ("0491 570 156", "•••• ••• 156"),
        ("123", "123"),
        ("", ""),
        ("no number", "no number"),
        (hash_number(b"k" * 32, "15551230001"), "(erased)"),
    ],
)
def test_the_last_three_digits_of_a_number_stay(number: str, masked: str) -> None:
    assert mask_number(number) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("E104 at 15551230001, twice", "E104 at ••••••••001, twice"),
        ("call (555) 123-0001 or +61 491 570 156", "call (•••) •••-•001 or +•• ••• ••• 156"),
        ("85.0 % of 12,345 at carrier 31002, line 40,312", "85.0 % of 12,345 at carrier 31002, line 40,312"),
        ("delivered<85%@30m", "delivered<85%@30m"),
        ("48 failed at carrier 0001570 with E102", "48 failed at carrier 0001570 with E102"),
        ("carrier 0003100: 1 of 50; 49 failed at carrier 0003100", "carrier 0003100: 1 of 50; 49 failed at carrier 0003100"),
        ("carrier 15551230001", "carrier ••••••••001"),  # longer than the id of a carrier
    ],
)
def test_what_can_be_a_number_is_masked_in_a_text(text: str, masked: str) -> None:
    assert mask_text(text) == masked


def test_the_digits_of_an_id_stay_unless_they_are_the_number() -> None:
    assert hide_number("MMS_39481234987", "15551230001") == "MMS_39481234987"
    assert hide_number("MMS_61491570156_1", "+61491570156") == "MMS_••••••••156_1"


def test_a_page_without_numbers_has_none_and_one_with_them_has_all(tmp_path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        fill(ledger)
        ledger.create("later", ledger["spring"].operation, PEOPLE[:1])
        ledger["later"].pause(why=f"{PEOPLE[3]} complained")
        survey = Surveyor(ledger.store, ledger["spring"].id).survey()
        documents = {
            numbers: json.dumps(
                [survey_document(survey, numbers=numbers)]
                + [overview_document(one, numbers=numbers) for one in overview(ledger.store)[1]]
            )
            for numbers in (False, True)
        }
    assert [number for number in PEOPLE if number in documents[False]] == []
    assert [number for number in PEOPLE if number in documents[True]] == [PEOPLE[0], PEOPLE[3], *LOST]
    assert "1555" not in documents[False]
