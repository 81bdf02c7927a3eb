"""An exception at any line of a call (Ctrl-C, a signal, a cancellation) tells the truth about what was sent.

Each test interrupts a call at one line after the other. ``sent_maybe`` and ``partial`` are then compared with what a server on
this machine has received, the call must not hang, and the next call must get its own answer.

`make test` tries each line of the files that decide, send and report in each kind of call, on a new connection or on a kept
one; every fourth of the lines that run again, or that encode, validate and decode; and some lines of the libraries. The
connection and the fourth differ from one kind of call to the next. `make test-all` tries all of these lines, on both.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
import requests
import urllib3
from client_calls import CANARY
from echoing_gateway import EchoingGateway
from exhaustive import EXHAUSTIVE
from interrupts import Interrupt, Line, apart, interrupted, lines_of, no_hang

import skymms
from skymms import Account, Retries, SendMMS, Slideshow
from skymms.cellcast import CellcastAccount, CellcastSend, CellcastSent

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="uses SIGALRM"),
    pytest.mark.unmeasured,
    # An interrupted library leaves coroutines that nobody awaits and connections that nobody closes.
    pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

RETRIES = Retries(count=2, first=0.0, longest=0.0)
SHOW = Slideshow("coupon", subject="Free").slide("Hi!", image="http://media.example/welcome.png")

OURS = str(Path(skymms.__file__).parent)
#: The files that decide, send and report.
DECIDING = tuple(f"{OURS}/{name}" for name in ("transport/", "client.py", "aio.py", "cellcast/account.py"))
LIBRARIES = tuple(str(Path(str(module.__file__)).parent) for module in (requests, urllib3, aiohttp))
#: Lines of the libraries that are tried, evenly distributed over the call.
SAMPLE = 60 if EXHAUSTIVE else 25
#: One in so many lines is tried, of those that may be left out.
ONE_IN = 1 if EXHAUSTIVE else 4


def is_ours(file: str) -> bool:
    return file.startswith(OURS)


def is_a_library(file: str) -> bool:
    return file.startswith(LIBRARIES)


# ------------------------------------------------------------------------------------------------ what is sent


class Sending(NamedTuple):
    """One kind of call. ``operation`` is made of new numbers; ``prepare`` tells the gateway how to answer them."""

    account: Callable[[EchoingGateway], Any]
    operation: Callable[[list[str]], Any]
    numbers: Callable[[int], list[str]]
    prepare: Callable[[EchoingGateway, list[str]], object]


def cellcast(gateway: EchoingGateway) -> CellcastAccount:
    return CellcastAccount.v3(CANARY, url=f"http://127.0.0.1:{gateway.port}/api/v3/", rate=None)


def skycore(gateway: EchoingGateway) -> Account:
    return Account(CANARY, url=f"http://127.0.0.1:{gateway.port}/index.php")


def skycore_get(gateway: EchoingGateway) -> Account:
    return Account(CANARY, url=f"http://127.0.0.1:{gateway.port}/index.php", dialect="skycore-get")


def send_to_one(numbers: list[str]) -> SendMMS:
    return SendMMS(SHOW, to=numbers[0], sender="60856")


def send_to_many(numbers: list[str]) -> CellcastSend:
    return CellcastSend(SHOW, to=numbers)


def american(run: int) -> list[str]:
    return [f"1555{run:07}"]


def australian(run: int) -> list[str]:
    """Two numbers, each of which gets a request of its own."""
    return [f"+61491{2 * run + at:06}" for at in range(2)]


def throttle_the_last(gateway: EchoingGateway, numbers: list[str]) -> None:
    gateway.throttled.add(numbers[-1])


def drop_the_last(gateway: EchoingGateway, numbers: list[str]) -> None:
    gateway.dropped.add(numbers[-1])


def block(gateway: EchoingGateway, numbers: list[str]) -> None:
    gateway.blocked.add(numbers[0])


SENDINGS = {
    "two requests and a retry": Sending(cellcast, send_to_many, australian, throttle_the_last),
    "two requests, the last answer is lost": Sending(cellcast, send_to_many, australian, drop_the_last),
    "a retry": Sending(skycore, send_to_one, american, throttle_the_last),
    "a GET request, the answer is lost": Sending(skycore_get, send_to_one, american, drop_the_last),
    "a refusal": Sending(skycore, send_to_one, american, block),
}


# ------------------------------------------------------------------------------------------------ the sweep


class Stopped(NamedTuple):
    """An interrupted call: the line, the numbers, and what the exception says. The exception itself would keep sockets open."""

    where: Line
    numbers: list[str]
    sent_maybe: bool
    partial: Any


def stopped_by(error: BaseException, where: Line, numbers: list[str]) -> Stopped:
    # In the last line of a call that fails, an interrupt replaces an error that is complete already.
    while not hasattr(error, "sent_maybe") and error.__context__ is not None:
        error = error.__context__
    return Stopped(where, numbers, getattr(error, "sent_maybe", False), getattr(error, "partial", None))


def sweep(kind: Any, name: str, inside: Callable[[str], bool], sample: int | None) -> tuple[list[Stopped], set[str]]:
    """Interrupt calls at their lines, and return them with the numbers that the gateway received.

    Half of the calls make a connection, the other half use a kept one.
    """
    sending = SENDINGS[name]
    place = [*SENDINGS].index(name)
    runs = itertools.count()
    stopped: list[Stopped] = []

    def interrupt(client: Any, where: Line) -> None:
        numbers, call = prepared(client)
        with no_hang(60):
            try:
                interrupted(call, inside, where)
            except (Interrupt, skymms.SkymmsError) as error:
                stopped.append(stopped_by(error, where, numbers))
            next_number = sending.numbers(next(runs))[:1]
            assert has_own_answer(client.call(sending.operation(next_number)), next_number)

    def prepared(client: Any) -> tuple[list[str], Callable[[], Any]]:
        numbers = sending.numbers(next(runs))
        sending.prepare(gateway, numbers)
        operation = sending.operation(numbers)
        return numbers, lambda: client.call(operation)

    def chosen(lines: list[Line], *, new: bool) -> list[Line]:
        if sample is not None:
            return lines[:: max(1, len(lines) // sample)]
        return [one for one in lines if is_tried(*one, new)]

    def is_tried(file: str, line: int, before: int, new: bool) -> bool:
        if file.startswith(DECIDING) and not before:
            return EXHAUSTIVE or (line + place) % 2 == new
        # Lines that encode, validate and decode know nothing of the call: they are tried when they run for the first time.
        return not new and (file.startswith(DECIDING) or not before) and (line + place) % ONE_IN == 0

    with EchoingGateway() as gateway:
        account = sending.account(gateway)

        def made() -> Any:
            return kind(account, retries=RETRIES, timeout=(20.0, 20.0))

        for _ in range(2):  # The first call fills caches, so the lines of the second are those that all later calls have.
            with made() as client:
                lines = lines_of(prepared(client)[1], inside)
        for where in chosen(lines, new=True):
            with made() as client:
                interrupt(client, where)
        with made() as client:
            for _ in range(2):
                lines = lines_of(prepared(client)[1], inside)
            for where in chosen(lines, new=False):
                interrupt(client, where)
    return stopped, gateway.received


def has_own_answer(reply: Any, numbers: list[str]) -> bool:
    if isinstance(reply, CellcastSent):
        return reply.queued == {number: f"ID{number}" for number in numbers}
    return bool(reply.tracking_id == f"MMS_{numbers[0]}")


def check(stopped: list[Stopped], received: set[str]) -> None:
    """The exceptions tell what the gateway received; they may say "maybe" about what it did not."""
    for one in stopped:
        arrived = received.intersection(one.numbers)
        assert one.sent_maybe or not arrived, f"{one.where}: sent_maybe is False, and the gateway has the message"
        if len(one.numbers) > 1 and one.sent_maybe:
            check_partial(one, arrived)


def check_partial(one: Stopped, arrived: set[str]) -> None:
    partial = one.partial
    assert isinstance(partial, CellcastSent), f"{one.where}: there is no partial"
    groups = [*partial.queued], partial.maybe_sent, partial.not_sent, partial.not_tried
    assert sorted(itertools.chain(*groups)) == one.numbers, f"{one.where}: each number is in one group"
    assert arrived <= {*partial.queued, *partial.maybe_sent}, f"{one.where}: the gateway has a number that is called unsent"
    assert arrived >= {*partial.queued}
    # A request leaves after the answer to the one before it was read.
    assert len(partial.queued) >= len(arrived) - 1, f"{one.where}: an answer is lost"


@pytest.fixture(autouse=True)
def one_number_in_each_request(monkeypatch):
    monkeypatch.setattr("skymms.cellcast.account.MAX_NUMBERS", 1)


@pytest.mark.parametrize("name", SENDINGS)
@apart
def test_an_interrupt_at_any_line_of_skymms_tells_what_was_sent(kind, name):
    stopped, received = sweep(kind, name, is_ours, None)
    check(stopped, received)
    print(figures(stopped, received))
    assert len(stopped) > 100


@pytest.mark.parametrize("name", SENDINGS)
@apart
def test_an_interrupt_at_a_line_of_the_http_libraries_tells_what_was_sent(kind, name):
    stopped, received = sweep(kind, name, is_a_library, SAMPLE)
    check(stopped, received)
    print(figures(stopped, received))
    assert len(stopped) > SAMPLE


def figures(stopped: list[Stopped], received: set[str]) -> str:
    arrived = sum(1 for one in stopped if received.intersection(one.numbers))
    maybe = sum(1 for one in stopped if one.sent_maybe)
    return f"{len(stopped)} interrupts; {arrived} after a request had arrived, {maybe} with sent_maybe"
