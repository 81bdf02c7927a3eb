"""Cellcast through both clients and a real socket: the bytes on the wire, the rate limit, and errors during a call."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from typing import Any, cast

import cellcast_vectors as vectors
import pytest
import requests
from cellcast_server import ADA, BOB, CANARY, JPEG, AcceptingGateway, account, body, form
from misbehaving_server import Faulty, drop, http, stall
from requests.adapters import HTTPAdapter

from skymms import Client, HttpRequest, Retries, SkymmsError, Slide, Slideshow, TransportError
from skymms.aio import AsyncClient
from skymms.cellcast import Balance, CellcastAccount, CellcastSend, MarkRead, MessageReports, OptOuts, Responses
from skymms.rate_limit import SpacedRateLimit
from skymms.transport.exchange import GatewayAccount

pytestmark = pytest.mark.compat

SHOW = Slideshow("coupon", subject="Free").slide("Hi!", image="http://media.example/welcome.png")
MANY = [f"0491 57{last // 1000} {last % 1000:03}" for last in range(2500)]
QUICK = Retries(count=3, first=0.001, longest=0.002)


class TestOnTheWire:
    def test_a_form_with_contacts_and_a_file_arrives_complete(self, kind):
        listed = vectors.app(
            {"queueResponse": [{"Contact": "491570156", "MessageId": "1"}, {"Contact": "491570157", "MessageId": "2"}]}
        )
        with Faulty(http(listed)) as server, kind(account(server, "v1")) as client:
            sent = client.call(CellcastSend(Slide("Hi\nyou"), to=[ADA, BOB], media=JPEG, sender="Shop"))
        assert sent.queued == {ADA: "1", BOB: "2"}
        (request,) = server.requests
        assert request.startswith(b"POST /api/v1/gatewaymms HTTP/1.1\r\n")
        fields = form(request)
        assert fields.keys() == {"message", "contacts", "media", "sender"}
        assert json.loads(fields["contacts"]) == ["61491570156", "61491570157"]
        assert fields["media"] == JPEG
        assert fields["message"] == b"Hi\r\nyou"

    def test_the_sample_of_the_v1_page_sends_no_contacts(self):
        # What curl 7.88 makes of --form 'contacts="["+61400000000", …]"': the quoted value ends at the second quote.
        wire = (
            b'POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n'
            b'Content-Disposition: form-data; name="contacts"\r\n\r\n[\r\n--x--\r\n'
        )  # fmt: skip
        with pytest.raises(ValueError, match="Expecting"):
            json.loads(form(wire)["contacts"])

    def test_one_client_makes_every_kind_of_call(self, kind):
        responses = [vectors.SENT_V3, vectors.BALANCE_V3, vectors.RESPONSES_V3, vectors.MARKED_V3, vectors.OPTOUT_V3]
        with Faulty(*map(http, responses)) as server, kind(account(server)) as client:
            for operation in (CellcastSend(SHOW, to=ADA), Balance(), Responses(), MarkRead(everything=True), OptOuts()):
                client.call(operation)
        lines = [request.split(b"\r\n")[0] for request in server.requests]
        assert lines == [
            b"POST /api/v3/send-mms HTTP/1.1",
            b"GET /api/v3/account HTTP/1.1",
            b"GET /api/v3/get-responses?type=mms&page=1 HTTP/1.1",
            b"POST /api/v3/inbound-read HTTP/1.1",
            b"GET /api/v3/get-optout?page=1 HTTP/1.1",
        ]
        assert body(server.requests[3]) == b"{}"
        assert all(f"\r\nAPPKEY: {CANARY}\r\n".encode() in request for request in server.requests)

    def test_reports_are_requested_beside_the_v1_path(self, kind):
        with Faulty(http(vectors.page_v1([vectors.REPORTED]))) as server, kind(account(server, "v1")) as client:
            assert len(client.call(MessageReports())) == 1
        assert server.requests[0].startswith(b"GET /api/v2/report/message?campType=mms&page=1 ")

    def test_netrc_does_not_replace_the_key(self, tmp_path, monkeypatch):
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login ada password secret\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        with Faulty(http(vectors.BALANCE_V1)) as server, Client(account(server, "v1")) as client:
            client.call(Balance())
            client.call(Balance())
        for request in server.requests:
            assert f"Authorization: Bearer {CANARY}".encode() in request

    def test_a_response_for_1000_numbers_is_read_completely(self, kind):
        rows = [{"message_id": f"ID{n}", "to": f"+6149157{n:04}", "body": "x" * 1000} for n in range(1000)]
        response = http(vectors.v3({"messages": rows}))
        assert len(response) > 1_000_000
        with Faulty(response) as server, kind(account(server)) as client:
            assert len(client.call(CellcastSend(SHOW, to=[row["to"] for row in rows])).queued) == 1000


class TestNeverSentTwice:
    @pytest.mark.parametrize(
        "fault",
        [
            drop,
            stall,
            http(vectors.REDIS_V1, "500 Internal Server Error"),
            http(b"oops", "502 Bad Gateway"),
            http(b"<html>hello</html>"),
            http(b"", "307 Temporary Redirect", Location="/elsewhere"),
        ],
    )
    def test_a_send_that_may_have_arrived_is_not_retried(self, kind, fault):
        options = {"retries": QUICK, "timeout": (0.4, 0.4)}
        with Faulty(fault) as server, kind(account(server), **options) as client, pytest.raises(SkymmsError) as raised:
            client.call(CellcastSend(SHOW, to=[ADA, BOB]))
        assert len(server.requests) == 1
        assert raised.value.sent_maybe
        assert raised.value.partial.maybe_sent == (ADA, BOB)

    def test_a_throttled_send_is_retried_and_a_balance_after_any_failure(self, kind):
        slow = http(vectors.v3(status="OVER_LIMIT", code=429), "429 Too Many Requests")
        with Faulty(slow, http(vectors.SENT_V3)) as server, kind(account(server), retries=QUICK) as client:
            assert client.call(CellcastSend(SHOW, to=ADA)).queued
        with (
            Faulty(drop, http(b"", "500 Oops"), http(vectors.BALANCE_V3)) as server,
            kind(account(server), retries=QUICK) as client,
        ):
            assert client.call(Balance()).mms

    def test_if_the_second_of_three_requests_fails_the_first_is_reported(self, kind):
        with AcceptingGateway(fails={1}) as server, kind(account(server)) as client, pytest.raises(TransportError) as raised:
            client.call(CellcastSend(SHOW, to=MANY))
        partial = raised.value.partial
        assert len(server.requests) == 2
        assert len(partial.queued) == 1000
        assert partial.queued["+61491570000"] == "ID+61491570000"
        assert len(partial.maybe_sent) == 1000
        assert len(partial.not_tried) == 500
        assert raised.value.sent_maybe

    def test_2500_numbers_are_all_queued(self, kind):
        with AcceptingGateway() as server, kind(account(server)) as client:
            sent = client.call(CellcastSend(SHOW, to=MANY))
        assert len(server.requests) == 3
        assert len(sent.queued) == 2500
        assert sent.credits == 2500

    def test_a_cancelled_call_reports_what_was_queued(self):
        async def cancelled(server: Any) -> Any:
            async with AsyncClient(account(server)) as client:
                task = asyncio.ensure_future(client.call(CellcastSend(SHOW, to=MANY)))
                while len(server.requests) < 2:
                    await asyncio.sleep(0.001)
                task.cancel()
                with pytest.raises(asyncio.CancelledError) as raised:
                    await task
                return raised.value

        with AcceptingGateway(fails={1}, how=stall) as server:
            error = asyncio.run(cancelled(server))
        assert error.sent_maybe
        assert len(error.partial.queued) == len(error.partial.maybe_sent) == 1000


class TestRateLimit:
    def test_never_more_than_15_requests_in_any_second(self):
        now = [100.0]
        rate_limit = SpacedRateLimit(1 / 14.5, lambda: now[0])
        turns = []
        for step in range(300):
            # Bursts, pauses, and callers that come one by one.
            now[0] += (0, 0, 0, 0.01, 0.5, 0, 2.0)[step % 7]
            turns.append(now[0] + rate_limit.reserve(1))
        assert turns == sorted(turns)
        assert all(later - earlier > 1 for earlier, later in zip(turns, turns[15:], strict=False))

    def test_threads_share_the_limit(self):
        rate_limit = SpacedRateLimit(0.001, lambda: 0.0)
        turns: list[float] = []
        threads = [threading.Thread(target=lambda: turns.extend(rate_limit.reserve(1) for _ in range(200))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(turns) == pytest.approx([0.001 * at for at in range(1600)])

    def test_requests_on_the_wire_keep_the_limit(self, kind):
        arrived = []

        def act(connection: socket.socket, closing: threading.Event) -> None:
            arrived.append(time.monotonic())
            connection.sendall(http(vectors.BALANCE_V3, Connection="close"))

        with Faulty(act) as server, kind(account(server, rate=20)) as client:
            started = time.monotonic()
            for _ in range(5):
                client.call(Balance())
        assert arrived[-1] - started >= 0.2

    def test_the_default_is_14_5_requests_a_second(self):
        rate_limit = CellcastAccount.v3(CANARY).rate_limit
        assert isinstance(rate_limit, SpacedRateLimit)
        assert rate_limit.gap == pytest.approx(1 / 14.5)
        assert CellcastAccount.v3(CANARY, rate=None).rate_limit is None


class TestKey:
    def test_the_key_is_not_in_logs_and_errors(self, kind, caplog):
        caplog.set_level(logging.DEBUG)
        echo = http(vectors.v3(status="AUTH_FAILED", code=401, msg=f"{CANARY} is invalid"), "401 Unauthorized")
        with Faulty(echo) as server, kind(account(server)) as client, pytest.raises(SkymmsError) as raised:
            client.call(CellcastSend(SHOW, to=ADA))
        assert CANARY not in caplog.text + str(raised.value) + repr(vars(raised.value))

    @pytest.mark.parametrize("client", [Client, AsyncClient])
    def test_the_key_is_not_in_the_repr_of_a_client(self, client):
        assert repr(client(CellcastAccount.v3(CANARY))) == f"<{client.__name__} cellcast v3 https://cellcast.com.au/api/v3/>"

    def test_numbers_are_logged_at_debug_only(self, caplog):
        caplog.set_level(logging.INFO)
        with Faulty(http(vectors.SENT_V3)) as server, Client(account(server)) as client:
            client.call(CellcastSend(SHOW, to=ADA))
        assert "49157" not in caplog.text
        assert "CellcastSend: done" in caplog.text


class TestClientArguments:
    def test_clients_accept_a_cellcast_account_and_refuse_text(self):
        assert isinstance(CellcastAccount.v1(CANARY), GatewayAccount)
        with pytest.raises(TypeError, match="Account"):
            Client(cast("Any", CANARY))

    def test_the_callers_own_session_is_used(self):
        with Faulty(http(vectors.BALANCE_V1)) as server, requests.Session() as session:
            session.auth = ("ada", "secret")
            with Client(account(server, "v1"), session=session) as client:
                client.call(Balance())
        assert f"Bearer {CANARY}".encode() in server.requests[0]

    def test_the_repr_of_a_request_does_not_contain_the_key(self):
        request = CellcastAccount.v1(CANARY).encode(Balance())
        assert isinstance(request, HttpRequest)
        assert CANARY not in repr(request)


class Interrupting(HTTPAdapter):
    """An adapter in which Ctrl-C is pressed at the second request."""

    sent = 0

    def send(self, request, **options):
        self.sent += 1
        if self.sent > 1:
            raise KeyboardInterrupt
        return super().send(request, **options)


def test_ctrl_c_during_the_second_request_reports_the_first():
    with AcceptingGateway() as server, requests.Session() as session:
        session.mount("http://", Interrupting())
        with Client(account(server), session=session) as client, pytest.raises(KeyboardInterrupt) as raised:
            client.call(CellcastSend(SHOW, to=MANY))
    error: Any = raised.value
    assert len(error.partial.queued) == len(error.partial.maybe_sent) == 1000
    assert error.sent_maybe
