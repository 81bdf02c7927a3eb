"""Instances of subclasses of str, int and so on are taken for the characters or the number that they hold, everywhere."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum, IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import right_operations

from skymms import (
    Account,
    Client,
    ConfigurationError,
    ProtocolError,
    SendMMS,
    SendSavedMMS,
    Slide,
    Slideshow,
    from_dict,
    to_dict,
)
from skymms._functools import plain_value
from skymms.aio import AsyncClient
from skymms.cellcast import CellcastAccount, CellcastSend, MarkRead, MessageReports, Responses, mobile
from skymms.numbers import normalize
from skymms.sandbox import Sandbox
from skymms.wire import table
from skymms.wire.dialects import DIALECTS, DialectName

WRONG = "WRONG"


class Text(str):
    """A text that is another text for everything that converts, formats or measures it."""

    def __str__(self) -> str:
        return WRONG

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return WRONG

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Any:
        return iter(WRONG)

    def strip(self, *characters: Any) -> Any:
        return WRONG

    replace = lower = isprintable = partition = strip  # type: ignore[assignment]


class Number(int):
    def __str__(self) -> str:
        return WRONG

    __repr__ = __str__  # type: ignore[assignment]

    def __format__(self, spec: str) -> str:
        return WRONG

    def __index__(self) -> int:
        return 666


class Moment(datetime):
    def isoformat(self, *arguments: Any, **options: Any) -> str:
        return WRONG

    __str__ = isoformat  # type: ignore[assignment]


class Day(date):
    def isoformat(self) -> str:
        return WRONG

    __str__ = isoformat  # type: ignore[assignment]


class Data(bytes):
    def __bytes__(self) -> bytes:
        return b"WRONG"


class Mixed(str, Enum):  # noqa: UP042 (whose str() is not its text)
    HELLO = "Hello!"
    NUMBER = "15551234888"
    NAME = "firstname"
    KEY = "not-a-key"


class Strings(StrEnum):
    HELLO = "Hello!"
    NUMBER = "15551234888"
    NAME = "firstname"
    KEY = "not-a-key"


class Seconds(IntEnum):
    ONE = 1
    FIVE = 5


def disguised(value: Any) -> Any:
    """The same value, made of instances of subclasses."""
    if isinstance(value, str):
        return Text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Number(value)
    if isinstance(value, datetime):
        return Moment(*value.timetuple()[:6], value.microsecond, value.tzinfo, fold=value.fold)
    if isinstance(value, date):
        return Day.fromordinal(value.toordinal())
    if isinstance(value, bytes):
        return Data(value)
    if isinstance(value, Mapping):
        return {disguised(key): disguised(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(map(disguised, value))
    if is_dataclass(value):
        return type(value)(**{item.name: disguised(getattr(value, item.name)) for item in fields(value)})
    return value


def types_in(value: Any) -> set[type]:
    """The types of all values in a value."""
    if isinstance(value, Mapping):
        return {kind for pair in value.items() for part in pair for kind in types_in(part)}
    if isinstance(value, tuple):
        return {kind for part in value for kind in types_in(part)}
    if is_dataclass(value):
        return {kind for item in fields(value) for kind in types_in(getattr(value, item.name))}
    return {type(value)}


# ------------------------------------------------------------------------------------------------ every field


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data())
def test_an_operation_of_subclasses_is_the_plain_operation(dialect: DialectName, data: st.DataObject) -> None:
    account = Account("not-a-key", dialect=dialect)
    kinds = [kind for kind in table.REQUESTS if DIALECTS[dialect].action(kind)]
    kind = data.draw(st.sampled_from(sorted(kinds, key=lambda kind: kind.__name__)))
    plain: Any = data.draw(right_operations(DIALECTS[dialect], kind))
    same: Any = disguised(plain)
    assert types_in(same) <= {str, int, bool, date, datetime, type(None)}
    assert same == plain
    assert repr(same) == repr(plain)
    assert account.problems(same) == ()
    assert account.encode(same) == account.encode(plain)
    assert account.warnings(same) == account.warnings(plain)
    assert json.dumps(to_dict(same)) == json.dumps(to_dict(plain))
    assert types_in(pickle.loads(pickle.dumps(same))) == types_in(plain)
    assert from_dict(to_dict(same)) == plain


GIF = "https://media.example/a.gif"
JPEG = b"\xff\xd8\xff" + b"x" * 9
CELLCAST_OPERATIONS: list[tuple[Callable[..., CellcastAccount], Any]] = [
    (CellcastAccount.v3, CellcastSend(Slide("Hi!", image=GIF), to=("0491570156", 491570157))),
    (CellcastAccount.v1, CellcastSend(Slide("Hi!"), to=("0491570156", 491570157), sender="Shop", media=JPEG)),
    (CellcastAccount.v3, Responses(2)),
    (CellcastAccount.v3, MarkRead(message_id="ABC")),
    (CellcastAccount.v3, MarkRead(before=datetime(2031, 1, 2, tzinfo=UTC))),
    (CellcastAccount.v1, MessageReports(page=1, status="delivered", since=date(2031, 1, 2), until=date(2031, 1, 3))),
    (CellcastAccount.v1, MessageReports("0123456789abcdef01234567")),
]


@pytest.mark.parametrize(("account", "plain"), CELLCAST_OPERATIONS, ids=lambda it: type(it).__name__)
def test_a_cellcast_operation_of_subclasses_is_the_plain_operation(account: Any, plain: Any) -> None:
    same = disguised(plain)
    used = account(Text("not-a-key"))
    assert same == plain
    assert used.problems(same) == ()
    requests = [used.encode(same), account("not-a-key").encode(plain)]
    # The parts of a form are divided by a random text.
    boundaries = [request.headers.get("Content-Type", "").partition("boundary=")[2].encode() for request in requests]
    bodies = [
        (request.body or b"").replace(boundary, b"-") if boundary else request.body
        for request, boundary in zip(requests, boundaries, strict=True)
    ]
    assert bodies[0] == bodies[1]
    assert requests[0].url == requests[1].url
    assert requests[0].headers.get("APPKEY") == requests[1].headers.get("APPKEY")
    assert pickle.loads(pickle.dumps(same)) == plain


def test_an_account_of_subclasses_is_the_plain_account() -> None:
    given = {
        "api_key": "not-a-key",
        "dialect": "sinch-json",
        "url": "https://gateway.example/ep/v2/",
        "sender": "60856",
        "service_id": "1",
        "fallback_text": "See",
        "line_break": "\n",
    }
    plain: Any = Account(**given)  # type: ignore[arg-type]
    same: Any = Account(**{name: Text(value) for name, value in given.items()})  # type: ignore[arg-type]
    send = SendMMS(Slideshow("n", subject="s").slide("Hi!"), to="15551234888")
    assert same == plain
    assert repr(same) == repr(plain)
    assert same.encode(send) == plain.encode(send)
    assert Account(Mixed.KEY).encode(SendMMS(send.slideshow, to="15551234888", sender="1")) == Account("not-a-key").encode(
        SendMMS(send.slideshow, to="15551234888", sender="1")
    )


@pytest.mark.parametrize("texts", [Mixed, Strings])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_members_of_enumerations_are_sent_as_their_values(texts: Any, dialect: DialectName) -> None:
    needs: dict[str, Any] = {"service_id": "1"} if dialect.startswith("sinch") else {}
    with Sandbox() as sandbox, Client(sandbox.account(dialect)) as client:
        show = Slideshow("n", subject=texts.HELLO, fallback_text=texts.HELLO).slide(texts.HELLO)
        send = SendMMS(show, to=texts.NUMBER, sender="60856", **needs)
        client.call(send)
        client.call(sandbox.account(dialect).prepare(send).operation(texts.NUMBER))
        sent: Any
        for sent in sandbox.sent:
            assert (sent.to, sent.slideshow.subject, sent.slideshow.slides) == ("15551234888", "Hello!", (Slide("Hello!"),))


def test_members_of_enumerations_are_keys_and_values_of_a_stored_message() -> None:
    with Sandbox() as sandbox, Client(sandbox.account()) as client:
        saved = client.save_mms(Slideshow("n", subject="s").slide("Hi!"))
        texts: dict[Any, Any] = {Seconds.ONE: Mixed.HELLO}
        client.call(SendSavedMMS(saved.mms_id, to="15551234888", sender="1", custom_text=texts, data={Mixed.NAME: Mixed.HELLO}))
        sent: Any = sandbox.sent[-1]
        assert (dict(sent.custom_text), dict(sent.data)) == ({1: "Hello!"}, {"firstname": "Hello!"})


def test_the_async_client_and_the_sandbox_take_them_as_well() -> None:
    async def send(account: Account) -> None:
        async with AsyncClient(account) as client:
            await client.call(SendMMS(Slideshow("n", subject=Mixed.HELLO).slide(Mixed.HELLO), to=Mixed.NUMBER, sender="60856"))

    with Sandbox() as sandbox:
        asyncio.run(send(sandbox.account()))
        sent: Any = sandbox.sent[-1]
        assert sent.slideshow == Slideshow("n", subject="Hello!").slide("Hello!")
        sandbox.receive_sms(Mixed.NUMBER, Strings.NUMBER, Mixed.HELLO)


# ------------------------------------------------------------------------------------------------ one value


def test_whole_numbers_of_subclasses_are_valid_where_whole_numbers_are() -> None:
    show = Slideshow("n", subject="s").slide("Hi!", duration=Seconds.FIVE)
    assert (type(show.slides[0].duration), show.problems()) == (int, ())
    saved = SendSavedMMS("1", to="15551234888", sender="1", custom_text={Seconds.FIVE: "Hi!"})
    assert Account("not-a-key").problems(saved) == ()
    assert list(saved.custom_text) == [5]


@pytest.mark.parametrize("number", [Text("15551234888"), Number(15551234888), Mixed.NUMBER, Strings.NUMBER])
def test_a_number_of_a_subclass_is_normalized(number: Any) -> None:
    assert normalize(number) == "15551234888"


def test_an_australian_number_of_a_subclass_is_normalized() -> None:
    assert mobile(Text("0491570156")) == mobile(Number(491570156)) == "+61491570156"


@pytest.mark.parametrize(
    "value",
    ["a", 1, True, None, 1.5, b"a", date(2031, 1, 2), datetime(2031, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))), ("a",)],
    ids=repr,
)
def test_a_plain_value_is_taken_as_it_is(value: Any) -> None:
    assert plain_value(value) is value


def test_a_float_of_a_subclass_is_a_float() -> None:
    class Half(float):
        def __repr__(self) -> str:
            return WRONG

    assert (type(plain_value(Half(0.5))), plain_value(Half(0.5))) == (float, 0.5)


def test_the_second_of_two_equal_times_stays_the_second() -> None:
    later = Moment(2031, 10, 26, 2, 30, fold=1)
    plain = plain_value(later)
    assert (type(plain), plain.fold, plain) == (datetime, 1, later)


@pytest.mark.parametrize("field", ["custom_text", "data"])
def test_keys_that_become_the_same_are_refused_and_not_merged(field: str) -> None:
    class ByIdentity(str):
        def __eq__(self, other: object) -> bool:
            return self is other

        __hash__ = object.__hash__

    given: dict[str, Any] = {field: {ByIdentity("a"): "1", ByIdentity("a"): "2"}}
    with pytest.raises(TypeError, match=f"two keys of {field} are the same"):
        SendSavedMMS("1", **given)


def test_a_reply_to_a_disguised_request_is_recognised() -> None:
    account = Account("not-a-key")
    operation = SendMMS(Slideshow("n", subject="s").slide("Hi!"), to=Text("+1 555 123 4888"), sender="60856")
    from skymms import HttpResponse

    body = b"<RESPONSE><STATUS>Success</STATUS><TO>%s</TO><TRACKINGID>MMS_1</TRACKINGID></RESPONSE>"
    assert account.decode(operation, HttpResponse(200, {}, body % b"15551234888")).tracking_id == "MMS_1"
    with pytest.raises(ProtocolError):
        account.decode(operation, HttpResponse(200, {}, body % b"15551234889"))


def test_other_types_are_still_refused() -> None:
    class Shows:
        def __str__(self) -> str:
            return "not-a-key"

    with pytest.raises(ConfigurationError, match="must be text"):
        Account(Shows())  # type: ignore[arg-type]
    assert [problem.code for problem in Slideshow(Shows(), subject="s", slides=(Slide("Hi!"),)).problems()] == ["E108"]  # type: ignore[arg-type]
