"""Reconciliation: what the gateways say about messages whose outcome is not known, when they are asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from misbehaving_server import Faulty, http

from skymms import (
    Account,
    AuthenticationError,
    Client,
    ConfigurationError,
    DeliveryReport,
    GetStatistics,
    SendMMS,
    Slideshow,
    TransportError,
)
from skymms.aio import AsyncClient
from skymms.broadcast import Broadcast, Ledger, Recipient, Reconciled
from skymms.cellcast import CellcastAccount, CellcastSend, MessageReports, OptOuts
from skymms.sandbox import Sandbox
from skymms.storage.contract import same
from skymms.transport.exchange import GatewayAccount

SHOW = Slideshow("coupon", subject="Free").slide("Hi!")
MESSAGE = SendMMS(SHOW, sender="60856")
A, B, C = "15551230001", "15551230002", "15551230003"
MOBILES = ["61491570156", "61491570157", "61491570158"]
PICTURE = Slideshow("coupon").slide("Hi {name|you}!", image="https://media.example/a.png")
TEXT = Slideshow("coupon").slide("Hi {name|you}!")

Reconcile = Callable[..., Reconciled]


@pytest.fixture
def ledger(ledger_where: str) -> Iterator[Ledger]:
    with Ledger(ledger_where) as ledger:
        yield ledger


@pytest.fixture(params=["requests", "aiohttp"])
def reconcile(request: pytest.FixtureRequest, ledger: Ledger) -> Reconcile:
    """Reconcile with either client."""

    def blocking(account: Any, **options: Any) -> Reconciled:
        with Client(account, retries=0) as client:
            return ledger.reconcile(client, **options)

    def asynchronous(account: Any, **options: Any) -> Reconciled:
        async def run() -> Reconciled:
            async with AsyncClient(account, retries=0) as client:
                return await ledger.reconcile_async(client, **options)

        return asyncio.run(run())

    return blocking if request.param == "requests" else asynchronous


def send(ledger: Ledger, account: Any, numbers: list[str], name: str = "spring", message: Any = MESSAGE) -> Broadcast:
    broadcast = ledger.create(name, message, map(Recipient, numbers), account=account)
    with Client(account) as client:
        broadcast.run(client)
    return broadcast


def states_of(broadcast: Broadcast) -> dict[str, str]:
    return {row["number"]: row["state"] for row in broadcast.rows()}


def asked(sandbox: Sandbox, kind: type[Any]) -> int:
    return sum(isinstance(record.operation, kind) for record in sandbox.requests)


# ---------------------------------------------------------------------------------------------------- Skycore 1.3


def test_the_statistics_of_skycore_close_unknown_and_unreported_messages(ledger: Ledger, reconcile: Reconcile) -> None:
    with Sandbox() as sandbox:
        sandbox.fail("drop", to=B)
        broadcast = send(ledger, sandbox.account(), [A, B, C])
        assert states_of(broadcast) == {A: "accepted", B: "unknown", C: "accepted"}
        done = reconcile(sandbox.account(), unreported_after=-1, by="ada")
        assert done == Reconciled(asked=2, reports=3, changed=3)
        assert states_of(broadcast) == dict.fromkeys((A, B, C), "delivered")
        # Nothing is open any more, so nothing is asked.
        assert reconcile(sandbox.account(), unreported_after=-1) == Reconciled()
        assert asked(sandbox, GetStatistics) == 1
        assert len(sandbox.sent) == 3, "nothing was sent"
    verbs = [(line["verb"], line["who"], line["changed"]) for line in ledger.audit() if line["verb"] == "reconcile"]
    assert verbs[0] == ("reconcile", "ada", 3)
    assert {row["sent_as"] for row in broadcast.rows()} == {"MMS"}


def test_messages_that_may_still_get_their_report_are_not_asked_about(ledger: Ledger, reconcile: Reconcile) -> None:
    with Sandbox() as sandbox:
        send(ledger, sandbox.account(), [A])
        assert reconcile(sandbox.account()) == Reconciled()
        assert asked(sandbox, GetStatistics) == 0


def test_a_number_that_got_something_else_stays_unknown(ledger: Ledger, reconcile: Reconcile) -> None:
    with Sandbox() as sandbox:
        sandbox.fail("drop", to=B)
        broadcast = send(ledger, sandbox.account(), [B])
        with Client(sandbox.account()) as client:
            client.call(SendMMS(SHOW, to=B, sender="60856"))
        assert reconcile(sandbox.account()) == Reconciled(asked=2, unknown=1)
    assert states_of(broadcast) == {B: "unknown"}


def test_a_message_that_is_not_listed_stays_unknown(ledger: Ledger, reconcile: Reconcile) -> None:
    with Sandbox() as sandbox:
        sandbox.fail("refuse")
        broadcast = send(ledger, sandbox.account(), [B])
        assert reconcile(sandbox.account()) == Reconciled(asked=2, unknown=1)
        assert sandbox.sent == []
    assert states_of(broadcast) == {B: "unknown"}


def test_only_the_named_broadcast_is_asked_about(ledger: Ledger, reconcile: Reconcile) -> None:
    with Sandbox() as sandbox:
        sandbox.fail("drop", times=2)
        first, second = (send(ledger, sandbox.account(), [number], name=number) for number in (A, B))
        assert states_of(first) == {A: "unknown"}
        assert reconcile(sandbox.account(), broadcast=second.name).unknown == 0
        assert states_of(second) == {B: "delivered"}
        with pytest.raises(ConfigurationError, match="no broadcast 'autumn'"):
            reconcile(sandbox.account(), broadcast="autumn")


STATISTICS = """<RESPONSE><SENDING_LIST><CONTENT id="150838" to="{to}" from="{sender}" contentid="{mms_id}"
 delivery="{delivery}"><MSG_STATUS><INQUE time="{time}"/>{status}</MSG_STATUS></CONTENT></SENDING_LIST></RESPONSE>"""


def statistics(status: str = "", **values: str) -> bytes:
    """Return a report with one message; ``NOW`` in it stands for the time of the request."""
    fields = {"to": B, "sender": "60856", "mms_id": "35080", "delivery": "binary", "time": "NOW"} | values
    return STATISTICS.format(status=status, **fields).encode()


@pytest.mark.parametrize(
    ("document", "state"),
    [
        (statistics(), "accepted"),
        (statistics('<DLR gw="20" time="NOW"/>'), "delivered"),
        (statistics('<DLR gw="20" time="NOW"/>', delivery="xhtml"), "delivered"),
        (statistics('<EXPIRED gw="30" time="NOW"/>'), "failed"),
        (statistics('<REJECTED gw="35" time="NOW" info="phone off"/>'), "failed"),
        (statistics('<ERROR time="NOW"/>'), "failed"),
        # A device discovery message, an undocumented code, and a report that contradicts itself.
        (statistics('<DLR gw="81" time="NOW"/>'), "accepted"),
        (statistics('<DLR gw="77" time="NOW"/>'), "accepted"),
        (statistics('<DLR gw="20" time="NOW"/><EXPIRED gw="30" time="NOW"/>'), "accepted"),
        (statistics(sender="60857"), "unknown"),
        (statistics(to=A), "unknown"),
        (statistics(to="nobody"), "unknown"),
        (statistics(time="yesterday"), "unknown"),
        (statistics(time="2010-10-12T06:32:46Z"), "unknown"),
        (b"<RESPONSE/>", "unknown"),
    ],
)
def test_a_statistics_report_says_what_it_says(ledger: Ledger, document: bytes, state: str) -> None:
    with Sandbox() as sandbox:
        sandbox.fail("refuse")
        broadcast = send(ledger, sandbox.account(), [B])
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with Faulty(http(document.replace(b"NOW", now.encode()))) as files:
        answer = f"<RESPONSE><STATUS>Success</STATUS><LINK>{files.url}</LINK></RESPONSE>".encode()
        with Faulty(http(answer)) as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
            done = ledger.reconcile(client)
    assert (done.asked, done.changed) == (2, int(state != "unknown"))
    (row,) = broadcast.rows()
    assert row["state"] == state
    if "xhtml" in document.decode():
        assert row["sent_as"] == "SMS"
    if "phone off" in document.decode():
        assert row["reason"] == "phone off"


def test_a_span_that_is_too_long_is_halved(ledger: Ledger, reconcile: Reconcile) -> None:
    with Sandbox() as sandbox:
        sandbox.fail("drop", to=B)
        broadcast = send(ledger, sandbox.account(), [A, B])
        fault = sandbox.fail("E509", times=3)
        done = reconcile(sandbox.account())
        assert (fault.struck, done.changed, done.refused) == (3, 2, ())
    assert states_of(broadcast)[B] == "delivered"


def test_a_refusal_is_told_and_the_rest_is_done(ledger: Ledger, reconcile: Reconcile) -> None:
    with Sandbox() as sandbox:
        sandbox.fail("drop", to=B)
        send(ledger, sandbox.account(), [B])
        sandbox.fail("E510")
        done = reconcile(sandbox.account())
        assert (done.asked, done.unknown) == (1, 1)
        assert done.refused[0].startswith("E510")


def test_a_wrong_key_or_a_lost_answer_is_raised(ledger: Ledger, reconcile: Reconcile) -> None:
    with Sandbox() as sandbox:
        sandbox.fail("drop", to=B)
        broadcast = send(ledger, sandbox.account(), [B])
        with pytest.raises(AuthenticationError):
            reconcile(sandbox.account(api_key="another-key"))
        sandbox.fail("drop")
        with pytest.raises(TransportError):
            reconcile(sandbox.account())
        assert reconcile(sandbox.account()).changed == 1
    assert states_of(broadcast) == {B: "delivered"}


def test_a_refusal_in_place_of_a_report_is_told(ledger: Ledger) -> None:
    with Sandbox() as sandbox:
        sandbox.fail("refuse")
        send(ledger, sandbox.account(), [B])
    refusal = http(b"<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E510</ERRORCODE></RESPONSE>")
    with Faulty(refusal) as files:
        answer = f"<RESPONSE><STATUS>Success</STATUS><LINK>{files.url}</LINK></RESPONSE>".encode()
        with Faulty(http(answer)) as gateway, Client(Account("k" * 32, url=gateway.url)) as client:
            assert ledger.reconcile(client).refused[0].startswith("E510")


@pytest.mark.parametrize("dialect", ["sinch", "sinch-json"])
def test_sinch_offers_nothing_and_is_not_asked(ledger: Ledger, reconcile: Reconcile, dialect: str) -> None:
    with Sandbox() as sandbox:
        account = sandbox.account(dialect, service_id="12345", fallback_text="See:")
        sandbox.fail("drop", to=B)
        send(ledger, account, [B])
        before = len(sandbox.requests)
        assert reconcile(account) == Reconciled(unknown=1)
        assert len(sandbox.requests) == before


def test_reports_that_found_no_message_are_looked_at_again(ledger: Ledger, reconcile: Reconcile) -> None:
    from ledger_world import report

    from skymms import EncodingReport

    with Sandbox() as sandbox:
        account = sandbox.account("sinch", service_id="12345", fallback_text="See:")
        broadcast = send(ledger, account, [A, B])
        with ledger._store.transaction() as transaction:
            # As if a report had been written while the answer was not there, and nobody had looked since.
            transaction.run(same("UPDATE skymms_message SET state = 'sending', tracking_id = NULL"))
        ledger.note(EncodingReport("E012", tracking_id="T1"))
        ledger.note(report("T2", to=B))
        with ledger._store.transaction() as transaction:
            transaction.run(same("UPDATE skymms_message SET state = 'unknown' WHERE number = :number"), number=B)
            transaction.run(
                same("UPDATE skymms_message SET state = 'accepted', tracking_id = 'T1' WHERE number = :number"), number=A
            )
        assert reconcile(account).changed == 2
    assert states_of(broadcast) == {A: "failed", B: "delivered"}


# ---------------------------------------------------------------------------------------------------- Cellcast


def test_the_reports_of_cellcast_v1_close_messages_and_opt_outs_are_suppressed(ledger: Ledger, reconcile: Reconcile) -> None:
    with Sandbox() as sandbox:
        account = sandbox.account("cellcast-v1", rate=None)
        accepted = send(ledger, account, MOBILES[:1], "accepted", CellcastSend(TEXT))
        sandbox.fail("drop")
        sandbox.outcome("E102", to=MOBILES[2])
        lost = send(ledger, account, MOBILES[1:], "lost", CellcastSend(TEXT))
        sandbox.clock.advance(minutes=1)
        sandbox.block("61491570159")
        done = reconcile(account, unreported_after=-1)
        assert done == Reconciled(asked=2, reports=3, changed=3, opted_out=1)
        assert states_of(accepted) == {MOBILES[0]: "delivered"}
        assert states_of(lost) == {MOBILES[1]: "delivered", MOBILES[2]: "failed"}
        assert {row["credits"] for row in (*accepted.rows(), *lost.rows())} == {"1"}
        # Asked again, nothing is new.
        assert reconcile(account) == Reconciled(asked=1)
        assert (asked(sandbox, MessageReports), asked(sandbox, OptOuts)) == (1, 2)
        again = ledger.create("again", CellcastSend(TEXT), [Recipient("0491570159")], account=account)
        with Client(account) as client:
            assert again.run(client).requested == 0
    assert states_of(again) == {"61491570159": "skipped"}


def test_a_message_with_another_text_is_not_taken_for_it(ledger: Ledger, reconcile: Reconcile) -> None:
    with Sandbox() as sandbox:
        account = sandbox.account("cellcast-v1", rate=None)
        sandbox.fail("refuse")
        broadcast = send(ledger, account, MOBILES[:1], message=CellcastSend(TEXT))
        with Client(account) as client:
            client.call(CellcastSend(Slideshow("other").slide("Something else"), to=MOBILES[0]))
        sandbox.clock.advance(minutes=1)
        assert reconcile(account).unknown == 1
    assert states_of(broadcast) == {MOBILES[0]: "unknown"}


def test_rows_of_cellcast_that_are_not_about_open_messages_are_left_out(ledger: Ledger, reconcile: Reconcile) -> None:
    """Rows without a number, of a message whose fate is known, and from before the request; one without a text fits."""
    with Sandbox() as sandbox:
        account = sandbox.account("cellcast-v1", rate=None)
        known = send(ledger, account, MOBILES[:1], "known", CellcastSend(TEXT))
        (row,) = known.rows()
        ledger.note(DeliveryReport(tracking_id=row["tracking_id"], status="failed", to=MOBILES[0]))
        sandbox.fail("refuse")
        lost = send(ledger, account, MOBILES[1:], "lost", CellcastSend(TEXT))
    now = datetime.now(UTC)
    old = (now - timedelta(hours=2)).isoformat()
    rows = [
        {"_id": "1", "status": "delivered", "receiver": "anonymous", "createdAt": now.isoformat()},
        {"_id": row["tracking_id"], "status": "delivered", "receiver": MOBILES[0], "createdAt": now.isoformat()},
        {"_id": "2", "status": "delivered", "receiver": MOBILES[1], "message": "Hi you!", "createdAt": old},
        {"_id": "3", "status": "delivered", "receiver": MOBILES[2], "createdAt": now.isoformat()},
    ]
    listing = json.dumps({"status": True, "data": {"items": rows, "current": 1, "totalPages": 1}}).encode()
    with Faulty(http(listing, Content_Type="application/json")) as gateway:
        done = reconcile(CellcastAccount.v1("k" * 32, url=gateway.url, rate=None))
    assert (done.reports, done.unknown) == (1, 1)
    assert states_of(known) == {MOBILES[0]: "failed"}
    assert states_of(lost) == {MOBILES[1]: "unknown", MOBILES[2]: "delivered"}


def test_cellcast_v3_tells_only_who_opted_out(ledger: Ledger, reconcile: Reconcile) -> None:
    with Sandbox() as sandbox:
        account = sandbox.account("cellcast-v3", rate=None)
        sandbox.fail("drop")
        send(ledger, account, MOBILES, message=CellcastSend(PICTURE))
        sandbox.block(MOBILES[0])
        assert reconcile(account) == Reconciled(asked=1, opted_out=1, unknown=3)
        assert asked(sandbox, MessageReports) == 0


def test_refusals_of_cellcast_are_told(ledger: Ledger, reconcile: Reconcile) -> None:
    with Sandbox() as sandbox:
        account = sandbox.account("cellcast-v1", rate=None)
        sandbox.fail("drop")
        send(ledger, account, MOBILES, message=CellcastSend(TEXT))
        sandbox.fail("BAD_REQUEST", times=2)
        done = reconcile(account)
        assert (done.asked, len(done.refused), done.unknown) == (2, 2, 3)


def test_broadcasts_of_the_other_gateway_are_not_asked_about(ledger: Ledger, reconcile: Reconcile) -> None:
    with Sandbox() as sandbox:
        sandbox.fail("drop", to=B)
        send(ledger, sandbox.account(), [B])
        assert reconcile(sandbox.account("cellcast-v1", rate=None)) == Reconciled(asked=1)
        assert asked(sandbox, MessageReports) == 0


def test_an_account_that_cannot_say_what_it_offers_is_not_asked(ledger: Ledger) -> None:
    with Sandbox() as sandbox:
        sandbox.fail("drop", to=B)
        send(ledger, sandbox.account(), [B])

        class Silent:
            def __init__(self) -> None:
                account = sandbox.account()
                for name in dir(GatewayAccount):
                    if not name.startswith("_") and name != "problems":
                        setattr(self, name, getattr(account, name))

        with Client(Silent()) as client:  # type: ignore[arg-type]
            assert ledger.reconcile(client) == Reconciled(unknown=1)
