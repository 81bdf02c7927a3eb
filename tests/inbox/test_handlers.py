"""Handlers: which functions can be registered, for what, and under which name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from skymms import ConfigurationError, DeliveryReport, InboundMMS, InboundSMS, Notice, UnknownNotice
from skymms.broadcast import Ledger
from skymms.cellcast import CellcastMMS
from skymms.inbox.handlers import Handler, Handlers


def one(notice: Notice) -> None: ...


def two(notice: Notice, message: object) -> None: ...


async def later(notice: Notice) -> None: ...


def optional_message(notice: Notice, message: object = None) -> None: ...


def optional_other(notice: Notice, verbose: bool = False) -> None: ...


class Desk:
    def told(self, notice: Notice) -> None: ...

    async def told_later(self, notice: Notice, message: object) -> None: ...

    def __call__(self, notice: Notice, message: object) -> None: ...


class LaterDesk:
    async def __call__(self, notice: Notice) -> None: ...


def no_arguments() -> None: ...


def three(notice: Notice, message: object, more: object) -> None: ...


def keyword_only(notice: Notice, *, count: int) -> None: ...


def registered(function: Callable[..., Any], name: str | None = None) -> Handler:
    handlers = Handlers()
    assert handlers.on(Notice, name=name)(function) is function
    (handler,) = handlers
    return handler


@pytest.mark.parametrize(
    ("function", "takes_message", "is_async"),
    [
        (one, False, False),
        (two, True, False),
        (later, False, True),
        (optional_message, True, False),
        (optional_other, False, False),
        (Desk().told, False, False),
        (Desk().told_later, True, True),
        (Desk(), True, False),
        (LaterDesk(), False, True),
        (partial(two, message=None), False, False),
        (partial(three, more=1), True, False),
        (partial(later), False, True),
        (lambda notice: None, False, False),
        (lambda notice, message: None, True, False),
        (lambda *both: None, False, False),
        ([].append, False, False),
        (print, False, False),
        (Mock(), False, False),
        (Ledger.note, True, False),
    ],
)
def test_whether_a_function_takes_the_message_is_decided_at_registration(
    function: Any, takes_message: bool, is_async: bool
) -> None:
    handler = registered(function, name="name")
    assert (handler.takes_message, handler.is_async) == (takes_message, is_async)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (no_arguments, "no_arguments takes 0 arguments: a handler takes a notice, or a notice and its message"),
        (three, "three takes 3 arguments"),
        (keyword_only, "keyword_only requires the argument count, .* functools.partial"),
        (Desk, "Desk cannot be a handler"),
        ("told", "str cannot be a handler: give a function that takes a notice"),
        (None, "NoneType cannot be a handler"),
    ],
)
def test_a_function_that_cannot_be_called_so_is_refused(function: Any, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        Handlers().on(Notice, name="x")(function)


def test_kinds_must_be_classes_of_notices() -> None:
    handlers: Any = Handlers()
    for kinds in [(), (one,), ("DeliveryReport",), (DeliveryReport("N101"),), (dict,)]:
        with pytest.raises(ConfigurationError, match=r"@inbox\.on\(DeliveryReport\)"):
            handlers.on(*kinds)


def test_a_handler_wants_notices_of_its_kinds_and_of_classes_made_from_them() -> None:
    handlers = Handlers()
    handlers.on(DeliveryReport, InboundMMS)(one)
    handlers.on(DeliveryReport, Notice)(two)
    some, every = handlers
    notices = [DeliveryReport("N101"), InboundMMS("N401"), CellcastMMS(), InboundSMS("N211"), UnknownNotice()]
    assert [some.wants(notice) for notice in notices] == [True, True, True, False, False]
    assert [every.wants(notice) for notice in notices] == [True] * 5


def test_a_name_is_the_module_and_the_function() -> None:
    here = __name__
    assert registered(one).name == f"{here}.one"
    assert registered(Desk().told).name == f"{here}.Desk.told"
    assert registered(Desk()).name == f"{here}.Desk"
    assert registered(one, name="told").name == "told"


def test_the_program_that_is_run_has_the_name_under_which_others_import_it(tmp_path: Path) -> None:
    program = tmp_path / "shop.py"
    program.write_text(
        "from skymms.inbox.handlers import Handlers\nfrom skymms import Notice\nhandlers = Handlers()\n"
        "@handlers.on(Notice)\ndef told(notice): ...\nprint(next(iter(handlers)).name)\n"
    )
    commands = ([str(program)], ["-m", "shop"], ["-c", "import shop"])
    names = [
        subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env={"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for command in commands
    ]
    assert names == ["shop.told\n"] * 3


@pytest.mark.parametrize(
    ("function", "name", "reason"),
    [
        (lambda notice: None, None, r"a lambda has no name: give it one, on\(…, name=…\)"),
        (partial(one), None, "a partial function has no name"),
        (one, "", "cannot be the name of a handler"),
        (one, "a\nb", "cannot be the name of a handler"),
        (one, "x" * 201, "cannot be the name of a handler"),
        (one, 17, "cannot be the name of a handler"),
    ],
)
def test_a_name_must_be_the_same_in_every_process(function: Any, name: Any, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        Handlers().on(Notice, name=name)(function)


def test_two_handlers_cannot_have_one_name() -> None:
    handlers = Handlers()
    handlers.on(Notice)(one)
    with pytest.raises(ConfigurationError, match=r"handler named .*one' already: give this one a name of its own, on"):
        handlers.on(DeliveryReport)(one)
    handlers.on(DeliveryReport, name="again")(one)
    assert len(handlers) == 2


def test_a_handler_is_found_by_its_name_or_its_function() -> None:
    handlers = Handlers()
    desk = Desk()
    handlers.on(Notice)(desk.told)
    name = f"{__name__}.Desk.told"
    assert handlers.name_of(desk.told) == handlers.name_of(name) == name
    with pytest.raises(ConfigurationError, match="one is not a handler of this inbox"):
        handlers.name_of(one)


def test_a_function_that_does_not_say_what_it_takes_gets_the_notice_alone() -> None:
    class Silent:
        __signature__ = "none"

        def __call__(self, notice: Notice) -> None:
            raise NotImplementedError

    handlers = Handlers()
    handlers.on(Notice, name="silent")(Silent())
    found = handlers.find("silent")
    assert found is not None
    assert not found.takes_message
