"""Values as JSON: every slideshow, operation, reply and notice is restored as it was, and hostile JSON is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import any_slides, notices, replies, right_operations, slides

import skymms
from skymms import (
    Account,
    ConfigurationError,
    DeliveryReport,
    InboundMMS,
    ListMMS,
    MMSList,
    Notice,
    Operation,
    SendMMS,
    SendSavedMMS,
    SendSMS,
    SentMMS,
    Session,
    SkymmsError,
    Slide,
    Slideshow,
    StatisticsLink,
    StoredMMS,
    from_dict,
    to_dict,
)
from skymms import cellcast as cellcast_module
from skymms.cellcast import CellcastMMS, CellcastSend, CellcastSent, Listing, MarkRead, MessageReports, Response
from skymms.model.declarations import CLASSES, known_class
from skymms.model.notices import EncodingReport, InboundSMS, SubscriptionChange, UnknownNotice
from skymms.model.serializable import Serializable
from skymms.slide import FILES
from skymms.wire import table
from skymms.wire.dialects import DIALECTS, DialectName

SHOW = Slideshow("Coupon", subject="Free coupon!").slide("Hi!", image="https://x.example/a.jpg", duration=5)
SEND = SendMMS(SHOW, to="15551234888", sender="60856")


def restored(value: Any) -> Any:
    """The value after a trip through JSON text."""
    return from_dict(json.loads(json.dumps(to_dict(value))))


def same(one: Any, other: Any) -> bool:
    """True for values that are equal and have equal types, fields that take no part in comparisons included."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return (
            list(one) == list(other)
            and all(type(a) is type(b) for a, b in zip(one, other, strict=True))
            and all(same(one[key], other[key]) for key in one)
        )
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one == other and one.utcoffset() == other.utcoffset()
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if is_dataclass(one):
        return all(same(getattr(one, item.name), getattr(other, item.name)) for item in fields(one))
    return bool(one == other)


def paths(data: Any) -> list[str]:
    """The paths of the problems that reading this data reports."""
    with pytest.raises(ConfigurationError) as caught:
        from_dict(data)
    assert all(problem.field in str(caught.value) for problem in caught.value.problems)
    return [problem.field for problem in caught.value.problems]


# ------------------------------------------------------------------------------------------------ restoring


@pytest.mark.compat
@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data())
def test_every_operation_is_restored(dialect: DialectName, data: st.DataObject) -> None:
    kinds = [kind for kind in table.REQUESTS if DIALECTS[dialect].action(kind)]
    kind = data.draw(st.sampled_from(sorted(kinds, key=lambda kind: kind.__name__)))
    operation = data.draw(right_operations(DIALECTS[dialect], kind))
    assert same(restored(operation), operation)
    assert restored(operation) == operation


@pytest.mark.compat
@pytest.mark.parametrize("column", range(2))
@given(data=st.data())
def test_every_reply_is_restored(column: int, data: st.DataObject) -> None:
    for strategy in replies(column).values():
        reply = data.draw(strategy)
        assert same(restored(reply), reply)


_RAW = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3).map(tuple)


@pytest.mark.compat
@pytest.mark.parametrize(
    "kind",
    [DeliveryReport, EncodingReport, InboundMMS, InboundSMS, SubscriptionChange, UnknownNotice],
    ids=lambda it: it.__name__,
)
@given(data=st.data())
def test_every_notice_is_restored(kind: type[Notice], data: st.DataObject) -> None:
    drawn = data.draw(notices(kind))
    notice = kind(**{**{item.name: getattr(drawn, item.name) for item in fields(drawn)}, "raw": data.draw(_RAW)})
    assert same(restored(notice), notice)
    assert restored(notice).raw == notice.raw


@pytest.mark.compat
@given(st.lists(any_slides | slides(FILES), max_size=9).map(tuple))
def test_every_slide_is_restored(drawn: tuple[Slide, ...]) -> None:
    show = Slideshow("Coupon", slides=drawn)
    assert same(restored(show), show)


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(categories=None)),
    st.binary(),
    st.dates(),
    st.datetimes(timezones=st.none() | st.just(UTC) | st.just(timezone(timedelta(hours=5, minutes=30)))),
    st.decimals(allow_nan=False),
)


@given(PLAIN, PLAIN, st.dictionaries(PLAIN, PLAIN, max_size=3))
@example("{}", {"$date": "2031-01-02"}.popitem()[1], {"$date": "x"})
@example(True, 1, {1: "a", "1": "b"})
@example(10**300, False, {10**30: "a"})
def test_values_of_a_wrong_type_are_restored_too_so_that_validation_can_report_them(
    one: Any, other: Any, mapping: dict[Any, Any]
) -> None:
    operation = SendSavedMMS(one, to=other, ddm_timeout=one, custom_text=mapping, data=mapping, expires=other)
    assert same(restored(operation), operation)


@pytest.mark.parametrize(
    "value",
    [
        ListMMS(start_date="2031-01-02"),
        ListMMS(start_date=date(2031, 1, 2)),
        ListMMS(start_date=datetime(2031, 1, 2)),
        SendSavedMMS(None),
        SendSavedMMS(35674, to=15551234888, custom_text={1: "Hi!", 2: "Ho!"}, data={"$date": "2031-01-02"}),
        SendMMS(SHOW, to="15551234888", display_to=("15551234889", 15551234890)),
        SentMMS("35674", raw=(("STATUS", "Success"), ("X", ""))),
        Session("secret"),
        StatisticsLink(raw=(("URL", "https://reports.example/7.xml"),)),
        MMSList(templates=(StoredMMS("1", slides=2), StoredMMS())),
        Slide("Hi!", duration=True),
        Slideshow("Coupon"),
        CellcastSend(SHOW, to=["0412345678"], sender="Shop", media=b"\xff\xd8\xff"),
        CellcastSend(Slide("Hi!"), to="0412345678"),
        CellcastSent(queued={"+61412345678": "A1"}, credits=Decimal("1.50")),
        Listing((Response(text="Hi!", received_at=datetime(2031, 1, 2)), skymms.StoredMMS("1")), more=True),
        MarkRead(before=datetime(2031, 1, 2, tzinfo=UTC)),
        MessageReports(since=date(2031, 1, 2)),
        CellcastMMS(text="Hi!", files=("https://x.example/a.jpg",)),
    ],
    ids=lambda it: type(it).__name__,
)
def test_a_value_is_restored_with_the_types_of_its_fields(value: Any) -> None:
    assert same(restored(value), value)


def test_the_form_of_an_operation_is_flat_and_leaves_out_defaults() -> None:
    assert SEND.to_dict() == {
        "skymms": 1,
        "type": "SendMMS",
        "slideshow": {
            "name": "Coupon",
            "subject": "Free coupon!",
            "slides": [{"text": "Hi!", "image": "https://x.example/a.jpg", "duration": 5}],
        },
        "to": "15551234888",
        "sender": "60856",
    }


@pytest.mark.compat
def test_values_of_types_that_json_lacks_have_a_mark() -> None:
    data = SendSavedMMS(1, expires=date(2031, 1, 2), link_expires="2031-01-02", custom_text={2: "Hi!"}).to_dict()
    assert data["expires"] == {"$date": "2031-01-02"}
    assert data["link_expires"] == "2031-01-02"
    assert data["custom_text"] == {"2": "Hi!"}


def test_a_notice_has_derived_values_that_are_ignored_on_reading() -> None:
    report = DeliveryReport("N102", tracking_id="T1", status="Delivered")
    data = report.to_dict()
    assert data["derived"] == {
        "identity": report.identity,
        "meaning": report.meaning,
        "delivered": True,
        "failed": False,
        "final": True,
    }
    assert from_dict({**data, "derived": {"delivered": False, "nonsense": []}}) == report
    assert set(InboundMMS("N401").to_dict()["derived"]) == {"identity", "meaning"}
    assert "derived" not in SEND.to_dict()


def test_the_method_of_a_class_reads_its_own_instances() -> None:
    assert SendMMS.from_dict(SEND.to_dict()) == SEND
    assert Operation[Any].from_dict(SEND.to_dict()) == SEND
    assert Slideshow.from_dict(SHOW.to_dict()) == SHOW
    with pytest.raises(ConfigurationError, match="SendMMS is not a SendSMS"):
        SendSMS.from_dict(SEND.to_dict())


def test_every_value_of_both_gateways_has_a_class_in_the_registry() -> None:
    public = [getattr(module, name) for module in (skymms, cellcast_module) for name in module.__all__]
    written = {kind for kind in public if isinstance(kind, type) and hasattr(kind, "to_dict")} - {Operation}
    assert {kind.__name__ for kind in written} - set(CLASSES) == set()
    for name in CLASSES:
        kind: Any = known_class(name)
        assert kind is not None, name
        assert kind.__name__ == name
        assert {item.name for item in fields(kind)}.isdisjoint({"skymms", "type", "derived"})
        assert issubclass(kind, (Serializable, Slide)), name


# ------------------------------------------------------------------------------------------------ refusing


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({**SEND.to_dict(), "skymms": 2}, ["skymms"]),
        ({**SEND.to_dict(), "skymms": True}, ["skymms"]),
        ({"type": "SendSMS", "text": "Hi!"}, ["skymms"]),
        ({"skymms": 1}, ["type"]),
        ({"skymms": 1, "type": "Account"}, ["type"]),
        ({"skymms": 1, "type": ["SendMMS"]}, ["type"]),
        ({**SEND.to_dict(), "text": "Hi!"}, ["text"]),
        ({**SEND.to_dict(), "to": ["15551234888"]}, ["to"]),
        ({**SEND.to_dict(), "to": {"number": 1}}, ["to"]),
        ({**SEND.to_dict(), "to": True}, ["to"]),
        ({**SEND.to_dict(), "expires": {"$date": "tomorrow"}}, ["expires"]),
        ({**SEND.to_dict(), "expires": {"$date": 5}}, ["expires"]),
        ({**SEND.to_dict(), "slideshow": "Coupon"}, ["slideshow"]),
        ({**SEND.to_dict(), "slideshow": {"slides": []}}, ["slideshow.name"]),
        ({**SEND.to_dict(), "slideshow": {"name": "x", "type": "Slide"}}, ["slideshow"]),
        (
            {**SEND.to_dict(), "slideshow": {"name": "x", "slides": [{"text": "Hi!"}, {"txt": "Hi!"}]}},
            ["slideshow.slides[1].txt"],
        ),
        ({**SEND.to_dict(), "slideshow": {"name": "x", "slides": [{"duration": "5"}]}}, ["slideshow.slides[0].duration"]),
        ({"skymms": 1, "type": "SendSavedMMS", "mms_id": 1, "custom_text": {"one": "Hi!"}}, ["custom_text['one']"]),
        ({"skymms": 1, "type": "SendSavedMMS", "mms_id": 1, "custom_text": {"1": None}}, ["custom_text['1']"]),
        ({"skymms": 1, "type": "SendSavedMMS", "mms_id": 1, "data": {"$map": [["a"]]}}, ["data"]),
        (
            {"skymms": 1, "type": "SendSavedMMS", "mms_id": 1, "data": {"$map": [[{"$decimal": "sNaN"}, "a"]]}},
            ["data"],
        ),
        ({"skymms": 1, "type": "SendSavedMMS", "mms_id": 1, "custom_text": []}, ["custom_text"]),
        ({"skymms": 1, "type": "SentMMS", "raw": [["STATUS"]]}, ["raw[0]"]),
        ({"skymms": 1, "type": "StatisticsLink"}, ["StatisticsLink"]),
        ({"skymms": 1, "type": "CellcastSent", "credits": {"$decimal": "much"}}, ["credits"]),
        ({"skymms": 1, "type": "Listing", "rows": ["Hi!"]}, ["rows[0]"]),
        ({"skymms": 1, "type": "Listing", "rows": [{"text": "Hi!"}]}, ["rows[0]"]),
        ([], ["value"]),
        (None, ["value"]),
        ("SendMMS", ["value"]),
    ],
)
def test_data_in_a_wrong_form_is_refused_with_the_path_of_each_problem(data: Any, expected: list[str]) -> None:
    assert paths(data) == expected


def test_from_dict_reports_all_problems_at_once() -> None:
    assert paths({"skymms": 0, "type": "SendMMS", "slideshow": {"name": 1.5, "slides": [{"txt": "x"}, {"image": 5.5}]}}) == [
        "skymms",
        "slideshow.name",
        "slideshow.slides[0].txt",
        "slideshow.slides[1].image",
    ]


MEMBERS = ["type", "skymms", "slides", "rows", "raw", "$any", "$map", "$date", "$datetime", "$decimal", "$bytes", "$float"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(sorted(CLASSES)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=3)
            | st.sampled_from(
                ["type", "skymms", "slides", "rows", "raw", "$any", "$map", "$date", "$datetime", "$decimal", "$bytes"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_FIELD_NAMES = sorted({item.name for name in CLASSES for item in fields(known_class(name) or Slide)})


@settings(max_examples=150)
@given(st.sampled_from(sorted(CLASSES)), st.dictionaries(st.sampled_from(_FIELD_NAMES), JSON, max_size=5), JSON)
def test_from_dict_reads_or_refuses_any_json(name: str, members: dict[str, Any], anything: Any) -> None:
    own = {item.name for item in fields(known_class(name) or Slide)}
    held = {key: member for key, member in members.items() if key in own}
    for data in (anything, {"skymms": 1, "type": name, **members}, {"skymms": 1, "type": name, **held}):
        try:
            value = from_dict(data)
        except SkymmsError:
            continue
        assert same(restored(value), value) or "nan" in repr(value).lower()


@pytest.mark.parametrize("tag", ["$any", "rows"])
def test_json_that_is_nested_too_deeply_is_refused(tag: str) -> None:
    deep: Any = "Hi!"
    for _ in range(5_000):
        deep = {"$any": deep} if tag == "$any" else {"type": "Listing", "rows": [deep]}
    assert paths({"skymms": 1, "type": "Listing", "rows": [deep]}) == ["value"]


def test_from_dict_cuts_a_long_list_of_problems() -> None:
    assert len(paths({"skymms": 1, "type": "MMSList", "mms_ids": [{}] * 5_000})) == 100


def test_from_dict_describes_wrong_numbers_of_any_size() -> None:
    assert paths({"skymms": 10**5000, "type": "SentMMS", "to": 10**5000}) == ["skymms"]
    assert paths({"skymms": 1, "type": "InboundMMS", "files": 10**5000}) == ["files"]


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (SendMMS(SHOW, to=object()), "to"),  # type: ignore[arg-type]
        (SendMMS(SHOW, to=10**5000), "to"),
        (SendMMS(SHOW, to=["15551234888"]), "to"),  # type: ignore[arg-type]
        (Slideshow("x", slides=(Slide({"a": 1}),)), "slides[0].text"),  # type: ignore[arg-type]
        (SentMMS(raw=(("a", "b", "c"),)), "raw[0]"),  # type: ignore[arg-type]
    ],
)
def test_to_dict_refuses_a_field_that_json_cannot_hold(value: Any, field: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        to_dict(value)
    assert [problem.field for problem in caught.value.problems] == [field]


@pytest.mark.parametrize("value", [Account("not-a-key"), None, {}, object(), "SendMMS", SendMMS])
def test_to_dict_refuses_other_objects(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        to_dict(value)
