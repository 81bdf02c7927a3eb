"""Values in JSON whose types drift: the texts of an object, dates, numbers, and classes that declare their sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from skymms.cellcast.values import Texts, parse_datetime, parse_decimal, source, sources


@dataclass(frozen=True)
class Row:
    id: str | None = source("id _id")
    spent: Decimal | None = source("spent", parse_decimal)
    raw: tuple[str, ...] = ()


class TestTexts:
    def test_texts_are_those_of_the_object_and_of_the_objects_in_it(self):
        texts = Texts({"status": True, "meta": {"code": "200", "deep": {"er": "1"}}, "msg": " ", "none": None, "list": ["a"]})
        assert texts == {"status": "true", "meta/code": "200"}

    @pytest.mark.parametrize("document", [None, "", [], ["a"], 7, {}])
    def test_other_documents_have_no_texts(self, document):
        assert Texts(document) == {}

    def test_the_first_name_that_is_there_is_preferred(self):
        assert Texts({"b": "2", "c": "3"}).first("a b c") == "2"
        assert Texts({"b": "2"}).first("a b", int) == 2
        assert Texts({}).first("a b") is None


class TestDeclaredSources:
    def test_sources_are_iterated_in_the_order_of_the_fields(self):
        assert list(sources(Row)) == [("id", "id _id", str), ("spent", "spent", parse_decimal)]

    def test_an_object_is_built_from_texts(self):
        assert Texts({"_id": "7", "spent": "1.50"}).build(Row, raw=("kept",)) == Row("7", Decimal("1.5"), ("kept",))
        assert Texts({}).build(Row) == Row()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026/11/01 02:03:04", datetime(2026, 11, 1, 2, 3, 4)),
        ("2026-11-01T02:03:04.000Z", datetime(2026, 11, 1, 2, 3, 4, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_parsed_or_none(text, expected):
    assert parse_datetime(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [(" 5831.43 ", Decimal("5831.43")), ("-2", Decimal(-2)), ("NaN", None), ("1e9", None), ("", None), ("two", None)],
)
def test_a_number_is_parsed_or_none(text, expected):
    assert parse_decimal(text) == expected
