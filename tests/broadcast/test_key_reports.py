"""Reports about messages that were sent once for a key: they close a key in doubt, and are not taken for another message."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from counting_gateway import CountingGateway
from ledger_world import MESSAGE, A, B, World, report

from skymms import Account, Client, ConfigurationError, SendSavedMMS, SentMMS, Slide
from skymms.broadcast.states import State, Why
from skymms.cellcast import CellcastSend, CellcastSent
from skymms.errors import InDoubtError, SkymmsError
from skymms.model.operations import Operation
from skymms.sandbox import Sandbox
from skymms.storage.contract import same

pytestmark = pytest.mark.compat
ORDER = replace(MESSAGE, to=A)


@pytest.fixture
def world(ledger_where: str) -> Iterable[World]:
    world = World(ledger_where)
    yield world
    world.close()


def lose(world: World, key: str = "order-17", operation: Operation[Any] = ORDER) -> None:
    """Send a message for a key, and lose its answer."""
    with CountingGateway(lambda number, count: None) as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        with pytest.raises(SkymmsError) as lost:
            world.ledger.send_once(key, operation, client)
        assert lost.value.sent_maybe


def send(world: World, key: str = "order-17", operation: Operation[Any] = ORDER) -> tuple[Any, int]:
    """Send a message for a key; return the reply and the number of requests."""
    with CountingGateway() as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        reply = world.ledger.send_once(key, operation, client)
        return reply, sum(gateway.requests.values())


def make_older(world: World, seconds: float) -> None:
    with world.store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_once SET sent_at = sent_at - :seconds"), seconds=seconds)


def lose_broadcast(world: World, name: str = "spring") -> Any:
    broadcast = world.broadcast(name)
    world.answer(broadcast, world.request(broadcast)[0], State.UNKNOWN, why=Why.LOST_ANSWER)
    return broadcast


@pytest.mark.parametrize("says", ["sent", "delivered", "failed"])
def test_a_report_closes_a_key_in_doubt_and_later_calls_return_a_reply(world: World, says: str) -> None:
    lose(world)
    assert world.ledger.note(report("T1", says))
    reply, requests = send(world)
    assert reply == SentMMS(tracking_id="T1", to=A, details="known from a delivery report")
    assert requests == 0
    # A second report of it is about nothing else.
    other = lose_broadcast(world)
    world.ledger.note(report("T1", "delivered"))
    assert world.state(other) == "unknown"


def test_a_report_that_comes_before_the_answer_is_lost_closes_it_as_well(world: World) -> None:
    def behave(number: str, count: int) -> None:
        world.ledger.note(report("T1"))

    with CountingGateway(behave) as gateway, Client(Account("k" * 32, url=gateway.url)) as client, pytest.raises(SkymmsError):
        world.ledger.send_once("order-17", ORDER, client)
    assert send(world)[0].tracking_id == "T1"


def test_a_killed_call_is_closed_by_its_report_when_the_key_is_used_again(world: World) -> None:
    lose(world)
    with world.store.transaction() as transaction:
        transaction.run(same("UPDATE skymms_once SET state = 'sending'"))
    world.ledger.note(report("T1"))
    with pytest.raises(InDoubtError):  # the call may still be at work
        send(world)
    make_older(world, 901)
    assert send(world)[0].tracking_id == "T1"


@pytest.mark.parametrize("fields", [{"to": B}, {"sender": "60857"}, {"mms_id": "222"}])
def test_a_report_about_something_else_leaves_the_key_in_doubt(world: World, fields: dict[str, Any]) -> None:
    operation = SendSavedMMS("111", to=A, sender="60856")
    lose(world, operation=operation)
    world.ledger.note(report("T1", **fields))
    with pytest.raises(InDoubtError):
        send(world, operation=operation)
    world.ledger.note(report("T2", mms_id="111"))
    assert send(world, operation=operation)[0].mms_id == "111"


def test_one_report_for_a_key_and_a_message_of_a_broadcast_closes_neither_and_two_close_both(world: World) -> None:
    broadcast = lose_broadcast(world)
    lose(world)
    world.ledger.note(report("T1"))
    assert world.state(broadcast) == "unknown"
    with pytest.raises(InDoubtError):
        send(world)
    (row,) = broadcast.unknown()
    assert row["evidence"][0]["why"] == "1 tracking id for 2 messages to this number"
    world.ledger.note(report("T2"))
    assert world.state(broadcast) == "delivered"
    assert send(world)[1] == 0


def test_the_answer_about_a_key_leaves_a_report_to_the_other_message(world: World) -> None:
    broadcast = lose_broadcast(world)
    seen: list[str] = []

    def behave(number: str, count: int) -> str:
        world.ledger.note(report("T1"))
        seen.append(world.state(broadcast))
        return "ok"

    with CountingGateway(behave) as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
        world.ledger.send_once("order-17", ORDER, client)
    assert seen == ["unknown"]
    assert world.state(broadcast) == "delivered"


def test_a_report_that_comes_before_a_key_is_sent_again_takes_the_resend_back(world: World) -> None:
    lose(world)
    make_older(world, 3600)
    world.ledger.settle_key("order-17", "resend", why="the customer does not have it")
    world.ledger.note(report("T1"))
    reply, requests = send(world)
    assert (reply.tracking_id, requests) == ("T1", 0)
    with pytest.raises(ConfigurationError, match="is done"):
        world.ledger.settle_key("order-17", "resend", why="again")


def test_a_key_that_is_free_again_may_have_another_message(world: World) -> None:
    lose(world)
    make_older(world, 3600)
    world.ledger.settle_key("order-17", "resend", why="a wrong number")
    reply, requests = send(world, operation=replace(MESSAGE, to=B))
    assert (reply.to, requests) == (B, 1)


def test_a_key_of_cellcast(world: World) -> None:
    operation = CellcastSend(Slide("Hi!", image="https://a.example/a.png"), to="0491 570 156")
    with Sandbox() as sandbox, Client(sandbox.account("cellcast-v3", rate=None)) as client:
        sandbox.fail("drop")
        with pytest.raises(SkymmsError):
            world.ledger.send_once("order-17", operation, client)
        world.ledger.note(report("T1", to="+61491570156", sender=None))
        reply = world.ledger.send_once("order-17", operation, client)
        assert reply == CellcastSent(queued={"+61491570156": "T1"})
        assert len(sandbox.sent) == 1


def test_a_message_to_several_numbers_is_not_compared_with_reports(world: World) -> None:
    operation = CellcastSend(Slide("Hi!", image="https://a.example/a.png"), to=("0491 570 156", "0491 570 157"))
    with Sandbox() as sandbox, Client(sandbox.account("cellcast-v3", rate=None)) as client:
        sandbox.fail("drop")
        with pytest.raises(SkymmsError):
            world.ledger.send_once("order-17", operation, client)
        world.ledger.note(report("T1", to="+61491570156", sender=None))
        with pytest.raises(InDoubtError):
            world.ledger.send_once("order-17", operation, client)


def test_a_forgotten_number_leaves_the_key_and_its_report_still_closes_it(world: World) -> None:
    lose(world)
    world.ledger.forget(A)
    with world.store.reading() as transaction:
        assert A not in json.dumps(transaction.rows(same("SELECT * FROM skymms_once")))
    world.ledger.note(report("T1"))
    reply, requests = send(world)
    assert (reply.tracking_id, reply.to, requests) == ("T1", None, 0)
