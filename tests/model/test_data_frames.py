"""Values of a data frame: each is sent as the right text, number or date, or is a problem of its field; nothing else raises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy
import pandas
import pytest

from skymms import (
    Account,
    Client,
    DurationError,
    MediaUnreachableError,
    MMSError,
    Problem,
    RecipientError,
    SendMMS,
    SkymmsError,
    Slide,
    Slideshow,
    to_dict,
)
from skymms._functools import plain_value
from skymms.aio import AsyncClient
from skymms.cellcast import CellcastAccount, CellcastSend
from skymms.cellcast.generations import GENERATIONS
from skymms.model.operations import Operation
from skymms.numbers import normalize
from skymms.sandbox import Sandbox
from skymms.wire import table
from skymms.wire.dialects import DIALECTS, DialectName


class Hostile:
    """An object whose every method raises."""

    def _raise(self, *arguments: object) -> Any:
        raise ValueError("called")

    __eq__ = __bool__ = __len__ = __repr__ = __str__ = __int__ = __index__ = __float__ = _raise
    __hash__ = None  # type: ignore[assignment]


ZONE = timezone(timedelta(hours=2))
#: Values that have a form in Python, and that form.
RIGHT: list[tuple[Any, Any]] = [
    (numpy.int64(15551234888), 15551234888),
    (numpy.uint64(15551234888), 15551234888),
    (numpy.int32(60856), 60856),
    (numpy.str_("15551234888"), "15551234888"),
    (numpy.bool_(True), True),
    (numpy.bytes_(b"a"), b"a"),
    (numpy.float64(1.5), 1.5),
    (numpy.float32(1.5), 1.5),
    (numpy.datetime64("2031-01-02"), date(2031, 1, 2)),
    (numpy.datetime64("2031-01-02T03:04:05"), datetime(2031, 1, 2, 3, 4, 5)),
    (numpy.datetime64("2031-01-02T03:04:05.123456789"), datetime(2031, 1, 2, 3, 4, 5, 123456)),
    (pandas.Timestamp("2031-01-02T03:04:05.123456789"), datetime(2031, 1, 2, 3, 4, 5, 123456)),
    (pandas.Timestamp("2031-01-02T03:04:05+02:00"), datetime(2031, 1, 2, 3, 4, 5, tzinfo=ZONE)),
    (pandas.Timestamp("2031-01-02T03:04:05Z"), datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)),
]
#: Values that have none: most of them fill the gaps of a column.
WRONG: list[Any] = [
    pandas.NA,
    pandas.NaT,
    float("nan"),
    numpy.float64("nan"),
    numpy.datetime64("NaT"),
    numpy.datetime64("20000-01-01"),
    numpy.datetime64("20000-01-01T00:00:00"),
    pandas.Timestamp(numpy.datetime64("20000-01-01", "s")),
    numpy.timedelta64(5, "ns"),
    numpy.longdouble(2),
    numpy.complex128(2),
    numpy.array(["15551234888", "15551234889"]),
    numpy.array(15551234888),
    pandas.Series([15551234888, 15551234889]),
    pandas.DataFrame({"to": [15551234888]}),
    pandas.Timedelta(5, "s"),
    pandas.Period("2031-01", "M"),
    pandas.Interval(0, 1),
    15551234888.0,
    1e300,
    float("inf"),
    10**5000,
    -(10**5000),
    Decimal("15551234888"),
    Decimal("NaN"),
    Decimal("sNaN"),
    timedelta(5),
    Hostile(),
    object(),
]


def name(value: Any) -> str:
    return type(value).__name__


def messages(kind: Any) -> Operation[Any]:
    """An operation of a class, with a text in each field that must be given."""
    wanted = {item.name for item in fields(kind) if item.default is item.default_factory}
    show = Slideshow("n", subject="s", fallback_text="f").slide("Hi!")
    return kind(**{field: show if field == "slideshow" else "1" for field in wanted})


def filled(operation: Any, value: Any) -> Iterator[tuple[str, Any]]:
    """The operation with a value in one field after the other, of its own, its slideshow's and its slide's."""
    for item in fields(operation):
        if item.name in {"slideshow", "custom_text", "data", "pass_data"}:
            continue
        yield item.name, replace(operation, **{item.name: value})
    for mapping in {"custom_text", "data", "pass_data"} & {item.name for item in fields(operation)}:
        yield f"{mapping}[1]", replace(operation, **{mapping: {1 if mapping == "custom_text" else "a": value}})
    if hasattr(operation, "slideshow"):
        show = operation.slideshow
        for item in fields(show):
            if item.name != "slides":
                yield item.name, replace(operation, slideshow=replace(show, **{item.name: value}))
        for item in fields(Slide):
            slide = Slide(**{"text": "Hi!", item.name: value})
            yield item.name, replace(operation, slideshow=replace(show, slides=(slide,)))


# ------------------------------------------------------------------------------------------------ every field


@pytest.mark.unmeasured
@pytest.mark.parametrize("value", WRONG, ids=name)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_value_without_a_form_is_a_problem_in_every_field(dialect: DialectName, value: Any) -> None:
    account = Account("not-a-key", dialect=dialect, sender="60856", service_id="1")
    for kind in table.REQUESTS:
        for field, operation in filled(messages(kind), value):
            if field == "display_to" and isinstance(value, (numpy.ndarray, pandas.Series)) and value.ndim:
                continue  # several numbers, which it may hold
            problems = account.problems(operation)
            # Text without a code: the dialect does not have the field.
            assert [one for one in problems if one.field.partition("[")[0] == field.partition("[")[0]], (kind, field)
            assert all(isinstance(one, Problem) and one.message for one in problems)
            account.warnings(operation)
            with pytest.raises(SkymmsError):
                account.encode(operation)


@pytest.mark.unmeasured
@pytest.mark.parametrize(("value", "plain"), RIGHT, ids=lambda it: f"{name(it)} {it}")
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_value_with_a_form_is_judged_and_encoded_as_it(dialect: DialectName, value: Any, plain: Any) -> None:
    account = Account("not-a-key", dialect=dialect, sender="60856", service_id="1")
    for kind in table.REQUESTS:
        operation = messages(kind)
        for (field, given), (_, expected) in zip(filled(operation, value), filled(operation, plain), strict=True):
            assert given == expected
            assert account.problems(given) == account.problems(expected), field
            if not account.problems(given):
                assert account.encode(given) == account.encode(expected)
                assert json.dumps(to_dict(given)) == json.dumps(to_dict(expected))


@pytest.mark.unmeasured
@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("value", WRONG, ids=name)
def test_cellcast_reports_a_value_without_a_form_too(generation: str, value: Any) -> None:
    account = CellcastAccount("not-a-key", generation=generation)
    for kind in GENERATIONS[generation].calls:
        for field, operation in filled(messages(kind), value):
            # The name of a slideshow is not sent, and a column is several numbers.
            if field == "name" or (field == "to" and isinstance(value, (pandas.Series, numpy.ndarray)) and value.ndim):
                continue
            problems = account.problems(operation)
            assert [one for one in problems if one.field.partition("[")[0] == field], (kind, field)
            account.warnings(operation)
            with pytest.raises(SkymmsError):
                account.encode(operation)


# ------------------------------------------------------------------------------------------------ recipients


@pytest.mark.parametrize("value", WRONG, ids=name)
def test_a_recipient_without_a_form_is_refused_wherever_it_is_given(value: Any) -> None:
    account = Account("not-a-key", sender="60856")
    show = Slideshow("n", subject="s").slide("Hi!")
    prepared = account.prepare(SendMMS(show))
    with Sandbox() as sandbox, Client(sandbox.account(sender="60856")) as client:
        for call in (
            normalize,
            prepared.request,
            prepared.operation,
            lambda to: account.encode(SendMMS(show, to=to)),
            lambda to: client.call(SendMMS(show, to=to)),
            lambda to: client.send_mms(show, to=to),
        ):
            with pytest.raises(RecipientError) as caught:
                call(value)
            assert caught.value.code == "E110"
        assert sandbox.requests == []


def test_a_column_of_numbers_is_sent_to_or_refused_row_by_row() -> None:
    whole = pandas.Series([15551234888, 15551234889])
    with_gap = pandas.Series([15551234888, None])  # pandas reads it as floats
    as_text = pandas.Series(["15551234888", None], dtype="string")
    nullable = pandas.Series([15551234888, None], dtype="Int64")
    show = Slideshow("n", subject="s").slide("Hi!")
    with Sandbox() as sandbox, Client(sandbox.account(sender="60856")) as client:
        refused = []
        for column in (whole, with_gap, as_text, nullable):
            for number in column:
                try:
                    client.call(SendMMS(show, to=number))
                except RecipientError as error:
                    refused.append(error.info)
        assert [sent.to for sent in sandbox.sent] == ["15551234888", "15551234889", "15551234888", "15551234888"]
    assert len(refused) == 4
    assert "read the column as text" in refused[0]


async def _send(account: Account, to: Any) -> None:
    async with AsyncClient(account) as client:
        await client.call(SendMMS(Slideshow("n", subject="s").slide("Hi!"), to=to))


def test_the_async_client_refuses_them_too() -> None:
    import asyncio

    with Sandbox() as sandbox:
        for value in (pandas.NA, pandas.NaT, float("nan")):
            with pytest.raises(RecipientError):
                asyncio.run(_send(sandbox.account(sender="60856"), value))
        asyncio.run(_send(sandbox.account(sender="60856"), numpy.int64(15551234888)))
        assert [sent.to for sent in sandbox.sent] == ["15551234888"]


def test_a_column_of_numbers_is_a_list_for_cellcast() -> None:
    account = CellcastAccount.v3("not-a-key")
    slide = Slide("Hi!", image="https://media.example/a.gif")
    for column in (pandas.Series([61491570156, 491570157]), numpy.array(["0491570156", "0491570157"])):
        send = CellcastSend(slide, to=column)  # type: ignore[arg-type]
        assert account.problems(send) == ()
        assert json.loads(account.encode(send).body or b"")["numbers"] == ["+61491570156", "+61491570157"]
    gaps = CellcastSend(slide, to=pandas.Series(["0491570156", None, pandas.NA, 491570157.0], dtype=object))  # type: ignore[arg-type]
    assert [problem.field for problem in account.problems(gaps)] == ["to[1]", "to[2]", "to[3]"]
    skipping = replace(gaps, skip_invalid=True)
    assert json.loads(account.encode(skipping).body or b"")["numbers"] == ["+61491570156"]


def test_numbers_to_show_may_be_a_column() -> None:
    shown = SendMMS(Slideshow("n").slide("Hi!"), display_to=pandas.Series([15551234888, pandas.NA], dtype=object))  # type: ignore[arg-type]
    assert shown.display_to is not None
    assert shown.display_to[0] == 15551234888
    assert ("E110", None, "display_to") in [one[:3] for one in Account("not-a-key", dialect="sinch-json").problems(shown)]


# ------------------------------------------------------------------------------------------------ the builder and single values


@pytest.mark.parametrize("value", WRONG, ids=name)
def test_the_builder_raises_an_error_with_a_code(value: Any) -> None:
    base = Slideshow("n", subject="s")
    for part, kind in (("duration", DurationError), ("image", MediaUnreachableError), ("passbook", MediaUnreachableError)):
        with pytest.raises(kind):
            base.slide("Hi!", **{part: value})
    try:
        problems = base.slide(value).problems()
    except MMSError as error:
        problems = error.problems
    assert "E108" in [problem.code for problem in problems]


def test_a_message_names_the_field_and_the_type() -> None:
    account = Account("not-a-key", dialect="sinch-json", service_id="1", sender="60856")
    send = SendMMS(Slideshow("n", subject="s", fallback_text="f").slide("Hi!"), to=15551234888, expires=pandas.NaT)  # type: ignore[arg-type]
    assert len(account.problems(send)) == 1
    problem = account.problems(send)[0]
    assert str(problem).startswith("E100 expires: a NaTType cannot be sent")
    assert "None for a missing value" in str(problem)


def test_a_missing_switch_is_one_problem() -> None:
    # The rule for the fallback text looks at the switch, too.
    show = Slideshow("n", subject="s", disable_fallback=pandas.NA, slides=(Slide("Hi!"),))  # type: ignore[arg-type]
    found = Account("not-a-key", dialect="sinch-json", service_id="1").problems(SendMMS(show, to="15551234888", sender="1"))
    assert [problem[:3] for problem in found] == [("E100", None, "disable_fallback")]


@pytest.mark.parametrize(
    "value", [value for value in WRONG if name(value) not in {"float", "float64", "longdouble", "int"}], ids=name
)
def test_a_value_without_a_form_stays_the_object_that_was_given(value: Any) -> None:
    assert plain_value(value) is value
