"""Broadcasts through every gateway of the sandbox, and what its postbacks make of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from skymms import Client, SaveMMS, SendMMS, SendSavedMMS, Slideshow, read_postbacks
from skymms.aio import AsyncClient
from skymms.broadcast import Broadcast, End, Ledger, Recipient
from skymms.broadcast.intents import Intent
from skymms.broadcast.messages import CellcastMessages, messages_for
from skymms.broadcast.states import State, Why
from skymms.cellcast import CellcastAccount, CellcastSend, CellcastSent, read_cellcast_webhook
from skymms.errors import BlockedRecipientError, GatewayFaultError, RecipientError, TransportError
from skymms.sandbox import PostbackReceiver, Sandbox

SHOW = Slideshow("coupon", subject="Free").slide("Hi!")
NUMBERS = [f"1555123{number:04}" for number in range(20)]
DELIVERED, FAILED, LINK, SILENT, BLOCKED, LOST = NUMBERS[:6]
MOBILES = [f"61491570{number}" for number in (156, 157, 158, 159)]


@pytest.fixture
def ledger(ledger_where: str) -> Iterator[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


def rows_of(broadcast: Broadcast) -> dict[str, dict[str, Any]]:
    return {row["number"]: row for row in broadcast.rows()}


def states_of(broadcast: Broadcast) -> dict[str, str]:
    rows = rows_of(broadcast)
    assert Counter(row["state"] for row in rows.values()) == Counter(broadcast.status().counts)
    return {number: row["state"] for number, row in rows.items()}


def arrange(sandbox: Sandbox) -> None:
    sandbox.outcome("E102", to=FAILED)
    sandbox.outcome("N202", to=LINK)
    sandbox.outcome("N101", to=SILENT)
    sandbox.block(BLOCKED)
    sandbox.fail("drop", to=LOST)


@pytest.mark.parametrize(
    ("dialect", "how"),
    [("skycore", "requests"), ("skycore-get", "requests"), ("sinch", "aiohttp"), ("sinch-json", "aiohttp")],
)
def test_the_postbacks_of_every_dialect_decide_every_message(ledger: Ledger, dialect: str, how: str) -> None:
    options = {"service_id": "12345", "fallback_text": "See:"} if dialect.startswith("sinch") else {}
    with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url) as sandbox:
        arrange(sandbox)
        sandbox.postbacks(twice=True, disorder=True)
        account = sandbox.account(dialect, **options)
        broadcast = ledger.create("spring", SendMMS(SHOW, sender="60856"), map(Recipient, NUMBERS), account=account)
        if how == "requests":
            with Client(account) as client:
                result = broadcast.run(client, threads=4)
        else:

            async def run() -> Any:
                async with AsyncClient(account) as client:
                    return await broadcast.run_async(client)

            result = asyncio.run(run())
        assert (result.end, result.requested) == (End.UNKNOWN, len(NUMBERS))
        assert Counter(states_of(broadcast).values()) == {"accepted": 18, "refused": 1, "unknown": 1}
        sandbox.clock.advance(minutes=1)
        # Two reports each, but one for the silent, none for the blocked.
        for notice in inbox.wait(2 * 18 + 1):
            assert ledger.note(notice)
        assert Counter(Counter(operation.to for operation in sandbox.sent).values()) == {1: 19}, "nobody got it twice"
    rows = rows_of(broadcast)
    expected = {FAILED: "failed", SILENT: "accepted", BLOCKED: "refused"}
    assert states_of(broadcast) == {number: expected.get(number, "delivered") for number in NUMBERS}
    assert rows[LINK]["sent_as"] == "SMS"
    assert rows[DELIVERED]["sent_as"] == "MMS"
    assert rows[DELIVERED]["delivered_at"] is not None
    assert rows[DELIVERED]["operator_id"] is not None
    assert (rows[FAILED]["code"], bool(rows[FAILED]["reason"])) == ("E102", True)
    assert (rows[BLOCKED]["code"], rows[BLOCKED]["tracking_id"]) == ("E114", None)
    assert rows[LOST]["tracking_id"] is not None, "the lost answer is found by its report"


def test_a_number_that_the_gateway_blocks_is_suppressed(ledger: Ledger) -> None:
    with Sandbox() as sandbox, Client(sandbox.account()) as client:
        sandbox.block(BLOCKED)
        first = ledger.create("first", SendMMS(SHOW, sender="60856"), [Recipient(BLOCKED)])
        first.run(client)
        sandbox.unblock(BLOCKED)
        again = ledger.create("again", SendMMS(SHOW, sender="60856"), [Recipient(BLOCKED)])
        assert again.run(client).requested == 0
    (row,) = again.rows()
    assert (row["state"], row["reason"]) == ("skipped", Why.OPTED_OUT)


def test_a_blocked_number_is_suppressed_for_every_campaign(ledger: Ledger) -> None:
    with Sandbox() as sandbox, Client(sandbox.account()) as client:
        sandbox.block(BLOCKED)
        first, second = (SendMMS(SHOW, sender="60856", campaign_ref=campaign) for campaign in ("1001", "1002"))
        ledger.create("first", first, [Recipient(BLOCKED)]).run(client)
        sandbox.unblock(BLOCKED)
        assert ledger.create("again", second, [Recipient(BLOCKED)]).run(client).requested == 0


def test_a_number_that_is_not_subscribed_is_refused_and_suppressed_in_its_campaign(ledger: Ledger) -> None:
    from skymms import CreateCampaign

    with Sandbox(check_campaigns=True) as sandbox, Client(sandbox.account()) as client:
        campaign = client.call(CreateCampaign("spring", brand_name="Shop"))
        message = SendMMS(SHOW, sender="60856", campaign_ref=campaign.campaign_id)
        first = ledger.create("first", message, [Recipient(DELIVERED)])
        first.run(client)
        again = ledger.create("again", message, [Recipient(DELIVERED)])
        assert again.run(client).requested == 0
    assert [(row["state"], row["code"]) for row in first.rows()] == [("refused", "E715")]
    assert states_of(again) == {DELIVERED: "skipped"}


def test_a_stored_message_is_sent_and_closed_by_its_reports(ledger: Ledger) -> None:
    with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url) as sandbox, Client(sandbox.account()) as client:
        mms_id = client.call(SaveMMS(SHOW)).mms_id
        broadcast = ledger.create("spring", SendSavedMMS(mms_id, sender="60856"), map(Recipient, NUMBERS[:3]))
        sandbox.fail("drop", to=LOST)
        sandbox.fail("drop", to=NUMBERS[0])
        broadcast.run(client)
        sandbox.clock.advance(minutes=1)
        for notice in inbox.wait(7):
            ledger.note(notice)
    assert set(states_of(broadcast).values()) == {"delivered"}
    assert {row["mms_id"] for row in broadcast.rows()} == {mms_id}


def test_the_reference_of_sinch_json_is_exact(ledger: Ledger) -> None:
    """Two broadcasts to one number, both answers lost: each report closes its own message."""
    with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url) as sandbox:
        account = sandbox.account("sinch-json", service_id="12345", fallback_text="See:")
        with Client(account) as client:
            first, second = (
                ledger.create(name, SendMMS(SHOW, sender="60856"), [Recipient(LOST)], account=account) for name in "ab"
            )
            sandbox.fail("drop", times=2)
            first.run(client)
            sandbox.outcome("E102", to=LOST)
            second.run(client)
        assert len({getattr(operation, "client_reference", None) for operation in sandbox.sent}) == 2
        sandbox.clock.advance(minutes=1)
        for notice in inbox.wait(4):
            ledger.note(notice)
    assert (states_of(first), states_of(second)) == ({LOST: "delivered"}, {LOST: "failed"})


def test_a_reference_that_you_give_is_sent_unchanged(ledger: Ledger) -> None:
    with Sandbox() as sandbox:
        account = sandbox.account("sinch-json", service_id="12345", fallback_text="See:")
        message = SendMMS(SHOW, sender="60856", client_reference="order-17")
        with Client(account) as client:
            ledger.create("spring", message, [Recipient(LOST)], account=account).run(client)
        assert [getattr(operation, "client_reference", None) for operation in sandbox.sent] == ["order-17"]


# ---------------------------------------------------------------------------------------------------- Cellcast

PICTURE = Slideshow("coupon", subject="Free").slide("Hi {name|you}!", image="https://media.example/a.png")
TEXT = Slideshow("coupon").slide("Hi {name|you}!")
GENERATIONS = {"cellcast-v3": CellcastSend(PICTURE), "cellcast-v1": CellcastSend(TEXT)}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_webhooks_of_cellcast_decide_every_message(ledger: Ledger, generation: str) -> None:
    delivered, failed, blocked, silent = MOBILES
    with PostbackReceiver(read=read_cellcast_webhook) as inbox, Sandbox(postback_url=inbox.url) as sandbox:
        sandbox.outcome("E102", to=failed)
        sandbox.outcome("N101", to=silent)
        sandbox.block(blocked)
        account = sandbox.account(generation, rate=None)
        people = [Recipient("0491 570 156"), Recipient("+61 491 570 157"), Recipient(blocked), Recipient("491570159")]
        broadcast = ledger.create("spring", GENERATIONS[generation], people, account=account)
        with Client(account) as client:
            result = broadcast.run(client)
        sent: Any = sandbox.sent[0]
        assert len(sandbox.sent) == 1
        assert sent.slideshow.slides[0].text == "Hi you!"
        assert result.requested == 4
        # v3 lists only whom it accepted, so who opted out is not known.
        assert rows_of(broadcast)[blocked]["state"] == ("unknown" if generation.endswith("v3") else "refused")
        sandbox.clock.advance(minutes=1)
        for notice in inbox.wait(2 if generation.endswith("v3") else 5):
            assert ledger.note(notice)
    rows = rows_of(broadcast)
    assert [rows[number]["state"] for number in (delivered, failed, silent)] == ["delivered", "failed", "accepted"]
    assert {row["credits"] for row in rows.values()} == ({"1", None} if generation.endswith("v3") else {None})
    if generation.endswith("v3"):
        assert rows[blocked]["reason"] == Why.UNACCOUNTED
    else:
        assert rows[blocked]["reason"] == "unsubscribed"
        again = ledger.create("again", GENERATIONS[generation], [Recipient(blocked)], account=account)
        with Sandbox() as other, Client(other.account(generation, rate=None)) as client:
            again.run(client)
            assert other.sent == []
        assert states_of(again) == {blocked: "skipped"}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_lost_answer_of_cellcast_leaves_its_whole_request_unknown(ledger: Ledger, generation: str) -> None:
    with PostbackReceiver(read=read_cellcast_webhook) as inbox, Sandbox(postback_url=inbox.url) as sandbox:
        account = sandbox.account(generation, rate=None)
        sandbox.fail("drop")
        broadcast = ledger.create("spring", GENERATIONS[generation], map(Recipient, MOBILES), account=account)
        with Client(account) as client:
            broadcast.run(client)
            assert set(states_of(broadcast).values()) == {"unknown"}
            broadcast.run(client)
        assert len(sandbox.sent) == 1
        sandbox.clock.advance(minutes=1)
        for notice in inbox.wait(4 if generation.endswith("v3") else 8):
            ledger.note(notice)
    assert set(states_of(broadcast).values()) == {"delivered"}


def many(count: int) -> list[str]:
    return [f"614915{number:05}" for number in range(count)]


def test_a_request_of_cellcast_has_at_most_a_hundred_numbers_with_one_text(ledger: Ledger) -> None:
    numbers = many(450)
    names = ["Ann", "Bob", "Cy"]
    people = [Recipient(number, data={"name": names[place % 3]}) for place, number in enumerate(numbers)]
    with Sandbox() as sandbox:
        sandbox.credits(1000)
        account = sandbox.account("cellcast-v1", rate=None)
        broadcast = ledger.create("spring", GENERATIONS["cellcast-v1"], people, account=account)
        with Client(account) as client:
            assert broadcast.run(client).end is End.DONE
        sent: list[Any] = list(sandbox.sent)
    assert Counter(number for one in sent for number in one.to) == {f"+{number}": 1 for number in numbers} or Counter(
        str(number).removeprefix("+") for one in sent for number in one.to
    ) == dict.fromkeys(numbers, 1)
    assert len(sent) <= 7, "a text has 150 people, so it needs two requests, though the texts alternate in the list"
    for one in sent:
        assert len(one.to) <= 100
        name = one.slideshow.slides[0].text.removeprefix("Hi ").removesuffix("!")
        for number in one.to:
            assert names[numbers.index(str(number).removeprefix("+")) % 3] == name


def intents(*numbers: str) -> list[Intent]:
    return [Intent(place, number, 1, None, 1, 0.0) for place, number in enumerate(numbers)]


def test_the_lists_of_a_reply_are_mapped_to_the_numbers() -> None:
    messages = CellcastMessages({1: CellcastSend(TEXT)})
    queued, unnamed, invalid, out, lost = intents("61491570156", "61491570157", "61491570158", "61491570159", "61491570110")
    reply = CellcastSent(
        queued={"+61491570156": "id-1", "+61491570157": ""},
        invalid={"+61491570158": "Number is not valid"}, error_types={"+61491570158": "number_not_valid"},
        unsubscribed=("+61491570159",), unaccounted=("+61491570110",), credits=Decimal("2.5001"),
    )  # fmt: skip
    answers = messages.answers([queued, unnamed, invalid, out, lost], reply)
    assert [(one.state, one.why, one.code, one.tracking_id, one.credits) for one in answers] == [
        (State.ACCEPTED, None, None, "id-1", "1.2501"),
        (State.ACCEPTED, None, None, None, "1.25"),
        (State.REFUSED, "Number is not valid", "number_not_valid", None, None),
        (State.REFUSED, "unsubscribed", None, None, None),
        (State.UNKNOWN, Why.UNACCOUNTED, None, None, None),
    ]
    assert [bool(one.opt_out) for one in answers] == [False, False, False, True, False]


def failed(error: Exception, partial: CellcastSent | None) -> list[tuple[State, str | None]]:
    if partial is not None:
        error.partial = partial  # type: ignore[attr-defined]
    answers = CellcastMessages({1: CellcastSend(TEXT)}).failures(intents("61491570156", "61491570157"), error)
    return [(one.state, one.why and one.why[:11]) for one in answers]


def test_an_error_of_a_whole_request_is_one_of_each_number() -> None:
    both = ("+61491570156", "+61491570157")
    nobody = RecipientError("RECIPIENTS_ERROR", "no number was accepted")
    assert failed(nobody, CellcastSent(invalid={both[0]: "not valid"}, unsubscribed=both[1:])) == [
        (State.REFUSED, "not valid"), (State.REFUSED, "unsubscribe"),
    ]  # fmt: skip
    assert failed(BlockedRecipientError("X", "all"), CellcastSent(unsubscribed=both)) == [(State.REFUSED, "unsubscribe")] * 2
    lost = TransportError("lost", sent_maybe=True)
    # What skymms itself left out does not make the others known.
    assert failed(lost, CellcastSent(invalid={"1": "short"}, maybe_sent=both)) == [(State.UNKNOWN, Why.LOST_ANSWER)] * 2
    assert failed(GatewayFaultError("500", "", sent_maybe=True), None) == [(State.UNKNOWN, Why.FAULT)] * 2
    assert [state for state, _ in failed(TransportError("no"), CellcastSent(not_sent=both))] == [State.READY] * 2


def test_a_broadcast_knows_by_its_message_which_gateway_it_needs() -> None:
    assert isinstance(messages_for({1: CellcastSend(TEXT)}, CellcastAccount.v1("k" * 20), "0"), CellcastMessages)


def test_the_readers_of_both_gateways_give_notices_of_one_kind(ledger: Ledger) -> None:
    body = b"<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><TRACKINGID>MMS_1</TRACKINGID></POSTBACK>"
    webhook = b'[{"message_id": "A1", "status": "delivered", "recipient": "61491570156"}]'
    readers: list[tuple[Callable[[bytes], Any], bytes]] = [(read_postbacks, body), (read_cellcast_webhook, webhook)]
    for read, received in readers:
        assert [ledger.note(notice) for notice in read(received)] == [True]
        assert [ledger.note(notice) for notice in read(received)] == [False]
