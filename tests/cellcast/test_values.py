"""Answers whose types drift: what is taken for a word, a time, a number, and what a class says of its fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from skymms.cellcast.values import (
    build,
    first_text,
    first_value,
    flatten,
    parse_datetime,
    parse_decimal,
    read_from,
    sources,
)


@dataclass(frozen=True)
class Row:
    id: str | None = field(default=None, metadata=read_from("id _id"))
    spent: Decimal | None = field(default=None, metadata=read_from("spent", parse_decimal))
    raw: tuple[str, ...] = ()


class TestWords:
    def test_are_those_of_the_object_and_of_the_objects_in_it(self):
        told = flatten({"status": True, "meta": {"code": "200", "deep": {"er": "1"}}, "msg": " ", "none": None, "list": ["a"]})
        assert told == {"status": "true", "meta/code": "200"}

    @pytest.mark.parametrize("document", [None, "", [], ["a"], 7, {}])
    def test_are_none_where_there_is_no_object(self, document):
        assert flatten(document) == {}

    def test_are_preferred_in_order(self):
        assert first_text({"b": "2", "c": "3"}, "a b c") == "2"
        assert first_value({"b": "2"}, "a b", int) == 2
        assert first_text({}, "a b") is None


class TestAClass:
    def test_is_the_table_of_its_fields(self):
        assert list(sources(Row)) == [("id", "id _id", str), ("spent", "spent", parse_decimal)]

    def test_is_made_of_what_is_told(self):
        assert build(Row, {"_id": "7", "spent": "1.50"}, raw=("kept",)) == Row("7", Decimal("1.5"), ("kept",))
        assert build(Row, {}) == Row()


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026/11/01 02:03:04", datetime(2026, 11, 1, 2, 3, 4)),
        ("2026-11-01T02:03:04.000Z", datetime(2026, 11, 1, 2, 3, 4, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_time_is_one_or_none(text, when):
    assert parse_datetime(text) == when


@pytest.mark.parametrize(
    ("text", "number"),
    [(" 5831.43 ", Decimal("5831.43")), ("-2", Decimal(-2)), ("NaN", None), ("1e9", None), ("", None), ("two", None)],
)
def test_a_number_is_one_or_none(text, number):
    assert parse_decimal(text) == number
