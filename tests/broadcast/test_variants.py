"""Variants: each recipient of a broadcast gets one of several messages, and their outcomes are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skymms import Client, ConfigurationError, DeliveryReport, ListMMS, SendMMS, Slideshow
from skymms.broadcast import Ledger, Recipient, Share, State, Variant
from skymms.broadcast.variants import Assignment
from skymms.cellcast import CellcastSend
from skymms.sandbox import Sandbox

SHORT = SendMMS(Slideshow("Short", subject="Short").slide("Hi {name|you}!"), sender="60856")
LONG = SendMMS(Slideshow("Long", subject="Long").slide("Dear {name|friend}, {greeting|welcome}!"), sender="60856")
WRONG_WEIGHTS: list[Any] = [0, -1, float("nan"), float("inf"), True, "50"]
PEOPLE = [f"1555123{number:04}" for number in range(400)]


@pytest.fixture
def ledger(ledger_where: str) -> Iterable[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


def test_each_recipient_gets_one_variant_by_weight(ledger: Ledger) -> None:
    created = ledger.create("spring", [Variant("short", SHORT, 3), Variant("long", LONG, 1)], PEOPLE)
    counts = Counter(row["variant"] for row in created.rows())
    assert created.variants == ("short", "long")
    assert counts.total() == 400
    # 300 and 100, within four standard deviations.
    assert 265 < counts["short"] < 335


def test_a_number_gets_the_same_variant_in_another_order_and_in_a_list_with_others(ledger: Ledger) -> None:
    variants = {"short": SHORT, "long": LONG}
    first = {row["number"]: row["variant"] for row in ledger.create("spring", variants, PEOPLE).rows()}
    ledger["spring"].cancel()
    with pytest.raises(ConfigurationError, match="already"):
        ledger.create("spring", variants, PEOPLE)
    assign = Assignment("spring", [1.0, 1.0])
    assert first == {number: ("short", "long")[assign(number)] for number in reversed(PEOPLE[:350] + PEOPLE[350:])}
    autumn = {row["number"]: row["variant"] for row in ledger.create("autumn", variants, PEOPLE).rows()}
    assert 100 < sum(first[number] == autumn[number] for number in PEOPLE) < 300, "another broadcast divides them anew"


def test_the_phones_show_the_variant_of_the_ledger(ledger: Ledger) -> None:
    people = [Recipient(number, {"name": "Ada" if number.endswith("1") else ""}) for number in PEOPLE[:40]]
    created = ledger.create("spring", {"short": SHORT, "long": LONG}, people)
    with Sandbox() as sandbox, Client(sandbox.account()) as client:
        created.run(client)
        operations: list[Any] = [record.operation for record in sandbox.requests]
    sent = {operation.to: operation.slideshow for operation in operations}
    for row in created.rows():
        shown, name = sent[row["number"]], "Ada" if row["number"].endswith("1") else None
        expected = f"Hi {name or 'you'}!" if row["variant"] == "short" else f"Dear {name or 'friend'}, welcome!"
        assert shown.slides[0].text == expected
        assert shown.subject == row["variant"].capitalize()


def test_numbers_with_one_variant_share_the_requests_of_cellcast(ledger: Ledger) -> None:
    australians = [f"+6149157{number:04}" for number in range(200)]
    show = Slideshow("s", subject="Offer")
    variants = {name: CellcastSend(show.slide(f"Text {name}", image="http://a.example/a.jpg")) for name in ("a", "b")}
    created = ledger.create("spring", variants, australians)
    with Sandbox() as sandbox, Client(sandbox.account("cellcast-v3", rate=None)) as client:
        estimated = created.estimate().requests
        created.run(client, threads=2)
        requests = list(sandbox.requests)
    assert created.status().counts == {State.ACCEPTED: 200}
    # Not one for each change of the variant in the order of the list.
    assert 2 <= estimated <= len(requests) <= 8


class TestWrongVariants:
    @pytest.mark.parametrize(
        ("variants", "message"),
        [
            ([], "0 variants"),
            ([Variant("a", SHORT), Variant("a", LONG)], "repeat"),
            ([Variant("", SHORT)], "cannot be the name of a variant"),
            ([Variant("a\nb", SHORT)], "cannot be the name of a variant"),
            *[([Variant("a", SHORT, weight)], "weight") for weight in WRONG_WEIGHTS],
            ([Variant("a", SHORT), Variant("b", replace(LONG, sender="12345"))], "different senders"),
            ([Variant("a", SHORT), Variant("b", CellcastSend(SHORT.slideshow))], "different gateways"),
            ({"a": SHORT, "b": replace(LONG, slideshow=Slideshow("empty", subject="x"))}, "variant b cannot be sent"),
            ([Variant(str(number), SHORT) for number in range(21)], "between 1 and 20"),
        ],
    )
    def test_they_are_refused_and_nothing_is_written(self, ledger: Ledger, variants: Any, message: str) -> None:
        with pytest.raises(ConfigurationError, match=message):
            ledger.create("spring", variants, PEOPLE[:3])
        assert list(ledger) == []

    @pytest.mark.parametrize("variants", [[SHORT, LONG], "text", [Variant("a", ListMMS())], {"a": ListMMS()}, None, 5])
    def test_what_is_no_message_is_a_type_error(self, ledger: Ledger, variants: Any) -> None:
        with pytest.raises(TypeError):
            ledger.create("spring", variants, PEOPLE[:3])

    def test_a_list_without_the_column_of_one_variant_is_refused(self, ledger: Ledger) -> None:
        needs = replace(LONG, slideshow=LONG.slideshow.replace(slides=()).slide("Dear {surname}!"))
        people = [Recipient(number, {"name": "Ada"}) for number in PEOPLE[:50]]
        with pytest.raises(ConfigurationError, match="surname"):
            ledger.create("spring", {"short": SHORT, "long": needs}, people)


class TestComparison:
    def test_outcomes_by_variant(self, ledger: Ledger) -> None:
        created = ledger.create("spring", {"short": SHORT, "long": LONG}, PEOPLE[:60])
        with Sandbox() as sandbox, Client(sandbox.account()) as client:
            created.run(client)
        for row in created.rows():
            code, status = ("N102", "Message Sent/Delivered") if int(row["number"]) % 2 else ("E102", "Message Sent/Failed")
            ledger.note(DeliveryReport(code, status=status, tracking_id=row["tracking_id"], to=row["number"]))
        opted_out = [row["number"] for row in created.rows() if row["variant"] == "long"][:5]
        ledger.suppress(opted_out, source="STOP")
        found = {one.name: one for one in created.compare()}
        rows = list(created.rows())
        for name, one in found.items():
            own = [row for row in rows if row["variant"] == name]
            assert one.counts == Counter(row["state"] for row in own)
            assert (one.delivered.part, one.delivered.of) == (sum(row["state"] == "delivered" for row in own), len(own))
            assert one.delivered.low < one.delivered.part / one.delivered.of < one.delivered.high
        assert (found["short"].opted_out.part, found["long"].opted_out.part) == (0, 5)

    def test_what_an_operator_suppressed_and_what_was_suppressed_before_do_not_count(self, ledger: Ledger) -> None:
        ledger.suppress(PEOPLE[:1], source="STOP", sender="99999")
        created = ledger.create("spring", SHORT, PEOPLE[:3])
        with Sandbox() as sandbox, Client(sandbox.account()) as client:
            created.run(client)
        ledger.suppress(PEOPLE[1:2])
        (only,) = created.compare()
        assert (only.name, only.opted_out.part, only.opted_out.of) == ("main", 0, 3)


class TestInterval:
    # From tables of the Wilson interval at 95 %.
    @pytest.mark.parametrize(
        ("part", "of", "low", "high"),
        [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (0, 0, 0.0, 1.0)],
    )
    def test_known_intervals(self, part: int, of: int, low: float, high: float) -> None:
        share = Share.among(part, of)
        assert (share.low, share.high) == pytest.approx((low, high), abs=1e-4)

    @given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
    def test_the_share_is_inside_and_more_messages_say_more(self, counts: tuple[int, int]) -> None:
        part, of = counts
        one, ten = Share.among(part, of), Share.among(10 * part, 10 * of)
        assert 0 <= one.low <= part / of + 1e-12
        assert part / of - 1e-12 <= one.high <= 1
        assert ten.high - ten.low < one.high - one.low


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=6), st.text(min_size=1, max_size=20))
def test_the_shares_of_an_assignment_follow_the_weights(weights: list[float], name: str) -> None:
    assign = Assignment(name, weights)
    counts = Counter(assign(str(15550000000 + number)) for number in range(2000))
    for place, weight in enumerate(weights):
        expected = weight / sum(weights)
        # Six standard deviations.
        assert abs(counts[place] / 2000 - expected) < 6 * (expected * (1 - expected) / 2000) ** 0.5 + 1e-3
