"""What only the asynchronous client does: many tasks, cancellation, event loops, sessions of aiohttp.

What both clients do is in tests/transport.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import subprocess
import sys
import textwrap
import traceback
from typing import Any

import aiohttp
import pytest
from client_calls import CANARY, QUICK, SOON, cancel_after_request
from misbehaving_server import SENT, Faulty, drop, http, refused, reset, stall

from skymms import (
    Account,
    ConfigurationError,
    ListMMS,
    RecipientError,
    Retries,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SkymmsError,
    Slideshow,
    TransportError,
)
from skymms.aio import AsyncClient
from skymms.sandbox import AT_ONCE, PostbackReceiver, Sandbox

pytestmark = pytest.mark.compat

SHOW = Slideshow("coupon", subject="Free", fallback_text="Free").slide("Hi!")
SEND = SendMMS(SHOW, to="15551234888", sender="60856")


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


def test_hundreds_of_tasks_can_share_an_async_client():
    async def many():
        with Sandbox() as sandbox:
            async with AsyncClient(sandbox.account()) as client:
                sent = await asyncio.gather(*(client.call(SEND) for _ in range(300)))
            return {one.tracking_id for one in sent}, sandbox.sent

    ids, sent = run(many())
    assert len(ids) == len(sent) == 300


@pytest.mark.parametrize(
    ("dialect", "extra"),
    [
        ("skycore", {}),
        ("skycore-get", {}),
        ("sinch", {"service_id": "12345"}),
        ("sinch-json", {"service_id": "12345"}),
    ],
)
def test_an_async_client_sends_saves_and_sends_the_saved_message(dialect, extra):
    async def job():
        plain = SHOW if dialect != "sinch" else SHOW.replace(fallback_text=None)
        with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url, delays=AT_ONCE) as sandbox:
            async with AsyncClient(sandbox.account(dialect)) as client:
                sent = await client.call(SendMMS(SHOW, to="15551234888", sender="60856", **extra))
                await client.call(SaveMMS(plain))
                report: Any = (await asyncio.to_thread(inbox.wait, 3))[-1]
                text = {"fallback_text": "Free"} if extra else {}
                again = await client.call(SendSavedMMS(report.mms_id, to="15551234888", sender="60856", **text, **extra))
            return sent, again, await asyncio.to_thread(inbox.wait, 5)

    sent, again, notices = run(job())
    assert [notice.code for notice in notices] == ["N101", "N102", "N003", "N101", "N102"]
    assert [notices[0].tracking_id, notices[3].tracking_id] == [sent.tracking_id, again.tracking_id]


class TestCancellation:
    @staticmethod
    async def cancelled(server: Faulty, operation) -> Any:
        async with AsyncClient(Account(CANARY, url=server.url), timeout=(2.0, 20.0)) as client:
            return await cancel_after_request(client, server, operation)

    def test_a_cancelled_send_may_have_been_sent(self):
        with Faulty(stall) as server:
            error = run(self.cancelled(server, SEND))
        assert error.sent_maybe is True
        assert "may have arrived" in error.__notes__[0]
        assert len(server.requests) == 1

    def test_a_cancelled_listing_has_sent_maybe_false(self):
        with Faulty(stall) as server:
            error = run(self.cancelled(server, ListMMS()))
        assert error.sent_maybe is False

    def test_a_call_cancelled_by_asyncio_timeout_raises_timeout_error(self):
        async def limited(server):
            async with AsyncClient(Account(CANARY, url=server.url), timeout=(2.0, 20.0)) as client:
                async with asyncio.timeout(0.2):
                    await client.call(SEND)

        with Faulty(stall) as server, pytest.raises(TimeoutError):
            run(limited(server))

    def test_a_send_cancelled_while_it_waits_for_a_retry_was_not_sent(self):
        async def waiting(server):
            async with AsyncClient(Account(CANARY, url=server.url), retries=Retries(first=20.0)) as client:
                task = asyncio.ensure_future(client.call(SEND))
                while not server.requests:
                    await asyncio.sleep(0.001)
                await asyncio.sleep(0.05)
                task.cancel()
                with pytest.raises(asyncio.CancelledError) as raised:
                    await task
                return raised.value

        with Faulty(http(refused("E106"))) as server:
            error = run(waiting(server))
        assert not getattr(error, "sent_maybe", False)

    def test_a_client_works_after_a_cancelled_call(self):
        async def once_more(server):
            async with AsyncClient(Account(CANARY, url=server.url), timeout=(2.0, 20.0)) as client:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(client.call(SEND), 0.2)
                return await client.call(SEND)

        with Faulty(stall, http(SENT)) as server:
            assert run(once_more(server)).tracking_id == "MMS_12345"


class TestRequestThatWaitedForAConnection:
    """aiohttp writes a body only once there is a connection. If it reports that, a body that was not written has not left."""

    @staticmethod
    async def queued(server, ended):
        """Make two calls over one connection, the first without a response; return the error of the second."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
            account = Account(CANARY, url=server.url)
            patient = AsyncClient(account, session=session, timeout=(0.5, 1), retries=QUICK)
            # Its time-out ends long before the first call, which holds the only connection.
            hurried = AsyncClient(account, session=session, timeout=(0.2, 0.2), retries=QUICK)
            await hurried.call(SEND)
            first = asyncio.ensure_future(patient.call(SEND))
            while len(server.requests) < 2:
                await asyncio.sleep(0.001)
            second = asyncio.ensure_future(hurried.call(SEND))
            error = await ended(second)
            lost: Any = (await asyncio.gather(first, return_exceptions=True))[0]
            assert lost.sent_maybe
            return error

    def test_a_call_that_timed_out_waiting_for_a_connection_sent_nothing(self):
        async def ended(task):
            with pytest.raises(TransportError, match="nothing was sent") as raised:
                await task
            return raised.value

        with Faulty(http(SENT), stall) as server:
            error = run(self.queued(server, ended))
        assert not error.sent_maybe
        assert len(server.requests) == 2

    def test_a_call_cancelled_waiting_for_a_connection_sent_nothing(self):
        async def ended(task):
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as raised:
                await task
            return raised.value

        with Faulty(http(SENT), stall) as server:
            error = run(self.queued(server, ended))
        assert error.sent_maybe is False
        assert not getattr(error, "__notes__", [])
        assert len(server.requests) == 2

    def test_a_request_may_have_left_if_a_middleware_could_send_it_in_another_way(self):
        # The middleware sends the body over a session of its own if the first attempt fails.
        async def job(server):
            async with aiohttp.ClientSession() as other:

                async def stubborn(request, handler):
                    if len(server.requests) == 1:
                        await other.post(server.url, data=await request.body.as_bytes())
                        raise aiohttp.ClientConnectionError("the first way was closed")
                    return await handler(request)

                async with aiohttp.ClientSession(middlewares=(stubborn,)) as session:
                    client = AsyncClient(Account(CANARY, url=server.url), session=session, retries=QUICK)
                    await client.call(SEND)
                    with pytest.raises(TransportError) as raised:
                        await client.call(SEND)
            return raised.value

        with Faulty(http(SENT)) as server:
            error = run(job(server))
        assert error.sent_maybe
        assert len(server.requests) == 2

    def test_a_request_may_have_left_if_aiohttp_does_not_report_writes(self, monkeypatch):
        from skymms.transport.aiohttp_body import Sending

        monkeypatch.setattr(Sending, "body", lambda self, content: content)
        with Faulty(http(SENT), stall) as server:

            async def job():
                async with AsyncClient(Account(CANARY, url=server.url), timeout=SOON, retries=QUICK) as client:
                    await client.call(SEND)
                    await client.call(SEND)

            with pytest.raises(TransportError) as raised:
                run(job())
        assert raised.value.sent_maybe
        assert len(server.requests) == 2


class TestTimeAndConnections:
    def test_the_response_may_use_the_time_that_connecting_did_not_need(self):
        def late(connection, closing):
            closing.wait(0.6)
            connection.sendall(http(SENT))

        async def job(server):
            async with AsyncClient(Account(CANARY, url=server.url), timeout=(10, 0.2)) as client:
                return await client.call(SEND)

        with Faulty(late) as server:
            assert run(job(server)).tracking_id == "MMS_12345"

    def test_each_of_120_tasks_gets_a_connection(self):
        # aiohttp's default limit is a hundred connections.
        async def job(server):
            async with AsyncClient(Account(CANARY, url=server.url)) as client:
                tasks = [asyncio.ensure_future(client.call(SEND)) for _ in range(120)]
                while len(server.requests) < 120:
                    await asyncio.sleep(0.01)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

        with Faulty(stall) as server:
            run(job(server))
        assert len(server.requests) == 120

    def test_an_untrusted_certificate_sent_nothing_and_is_not_retried(self):
        import ssl

        tries = []

        async def distrusting(request, handler):
            tries.append(request.url)
            raise aiohttp.ClientConnectorCertificateError(
                request.connection_key, ssl.SSLCertVerificationError(1, "self-signed")
            )

        async def job():
            async with aiohttp.ClientSession(middlewares=(distrusting,)) as session:
                with pytest.raises(TransportError, match="certificate") as raised:
                    await AsyncClient(Account(CANARY, url="https://127.0.0.1:1/"), session=session, retries=QUICK).call(SEND)
            return raised.value

        assert not run(job()).sent_maybe
        assert len(tries) == 1


class TestAiohttpSession:
    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    def test_an_aiohttp_session_may_raise_for_status(self, dialect):
        async def job(server):
            async with aiohttp.ClientSession(raise_for_status=True) as session:
                client = AsyncClient(Account(CANARY, dialect=dialect, url=server.url), session=session, retries=QUICK)
                with pytest.raises(RecipientError) as refusal:
                    await client.call(SEND)
                assert not refusal.value.sent_maybe
                return await client.call(SEND)

        slow_down = http(b"slow down", "429 Too Many Requests", Retry_After="0")
        with Faulty(http(refused("E110"), "400 Bad Request"), slow_down, http(SENT)) as server:
            assert run(job(server)).tracking_id == "MMS_12345"

    def test_an_aiohttp_session_is_used_with_its_headers_and_left_open(self):
        async def job(server):
            async with aiohttp.ClientSession(headers={"X-Team": "coupons"}) as session:
                async with AsyncClient(Account(CANARY, url=server.url), session=session) as client:
                    await client.call(SEND)
                assert not session.closed

        with Faulty(http(SENT)) as server:
            run(job(server))
        assert b"X-Team: coupons" in server.requests[0]

    @pytest.mark.parametrize("fault", [drop, reset, stall])
    def test_an_aiohttp_session_sends_a_get_once(self, fault):
        async def job(server):
            async with aiohttp.ClientSession() as session:
                account = Account(CANARY, dialect="skycore-get", url=server.url)
                client = AsyncClient(account, session=session, timeout=(0.3, 0.3))
                await client.call(SEND)
                await client.call(SEND)

        with Faulty(http(SENT), fault) as server, pytest.raises(TransportError) as raised:
            run(job(server))
        assert len(server.requests) == 2
        assert raised.value.sent_maybe

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    def test_the_middlewares_of_an_aiohttp_session_run_in_its_order(self, dialect):
        # The middlewares of a request replace those of its session, which aiohttp does not publish.
        passed = []

        async def first(request, handler):
            passed.append("first")
            return await handler(request)

        async def second(request, handler):
            passed.append("second")
            request.headers["X-Signed"] = "yes"
            return await handler(request)

        async def job(server):
            async with aiohttp.ClientSession(middlewares=(first, second)) as session:
                await AsyncClient(Account(CANARY, dialect=dialect, url=server.url), session=session).call(SEND)

        with Faulty(http(SENT)) as server:
            run(job(server))
        assert passed == ["first", "second"]
        assert b"X-Signed: yes" in server.requests[0]

    @pytest.mark.parametrize("fault", [drop, reset])
    def test_an_aiohttp_session_sends_a_get_once_even_if_its_middlewares_raise_other_errors(self, fault):
        seen = []

        async def watching(request, handler):
            try:
                return await handler(request)
            except aiohttp.ClientError as error:
                seen.append(error)
                raise aiohttp.ClientOSError(104, "as it was") from error

        async def job(server):
            async with aiohttp.ClientSession(middlewares=(watching,)) as session:
                account = Account(CANARY, dialect="skycore-get", url=server.url)
                client = AsyncClient(account, session=session, timeout=(0.3, 0.3))
                await client.call(SEND)
                await client.call(SEND)

        with Faulty(http(SENT), fault) as server, pytest.raises(TransportError) as raised:
            run(job(server))
        assert len(server.requests) == 2
        assert raised.value.sent_maybe
        assert isinstance(seen[0], (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)), (
            "the middlewares see the original error"
        )


class TestClosing:
    def test_an_unused_client_may_be_closed_twice(self):
        async def job():
            client = AsyncClient(Account(CANARY))
            await client.close()
            await client.close()
            with pytest.raises(TransportError, match="closed; nothing was sent"):
                await client.call(SEND)

        run(job())

    def test_closing_a_client_ends_calls_that_wait_for_a_retry(self):
        async def job(server):
            async with AsyncClient(Account(CANARY, url=server.url), retries=Retries(first=0.2)) as client:
                task = asyncio.ensure_future(client.call(SEND))
                while not server.requests:
                    await asyncio.sleep(0.001)
                await asyncio.sleep(0.02)
            with pytest.raises(TransportError, match="closed; nothing was sent") as raised:
                await task
            return raised.value

        with Faulty(http(refused("E106")), http(SENT)) as server:
            error = run(job(server))
        assert not error.sent_maybe
        assert len(server.requests) == 1

    def test_a_client_with_a_closed_aiohttp_session_sends_nothing(self):
        async def job(server):
            session = aiohttp.ClientSession()
            await session.close()
            with pytest.raises(TransportError, match="session that was passed in is closed; nothing was sent") as raised:
                await AsyncClient(Account(CANARY, url=server.url), session=session).call(SEND)
            return raised.value

        with Faulty(http(SENT)) as server:
            error = run(job(server))
        assert not error.sent_maybe
        assert server.requests == []


def test_an_aiohttp_session_belongs_to_one_event_loop():
    async def opened():
        return aiohttp.ClientSession()

    async def call(server, session):
        with pytest.raises(ConfigurationError, match="belong to one event loop") as raised:
            await AsyncClient(Account(CANARY, url=server.url), session=session).call(SEND)
        return raised.value

    with Faulty(http(SENT)) as server, asyncio.Runner() as first:
        session = first.run(opened())
        assert not run(call(server, session)).sent_maybe
        first.run(session.close())
    assert server.requests == []


def test_an_async_client_belongs_to_one_event_loop():
    async def call(client):
        return await client.call(SEND)

    with Faulty(http(SENT)) as server:
        client = AsyncClient(Account(CANARY, url=server.url))
        with asyncio.Runner() as first, asyncio.Runner() as second:
            first.run(call(client))
            with pytest.raises(ConfigurationError, match="belong to one event loop"):
                second.run(call(client))
            first.run(client.close())
            assert len(server.requests) == 1
            # Closed where it was opened, it may be opened elsewhere.
            second.run(client.__aenter__())
            assert second.run(call(client)).tracking_id == "MMS_12345"
            second.run(client.close())


@pytest.mark.parametrize("dialect", ["skycore", "skycore-get", "sinch", "sinch-json"])
def test_the_key_is_not_in_logs_errors_and_reprs(dialect, caplog):
    caplog.set_level(logging.DEBUG)
    service_id = "12345" if dialect.startswith("sinch") else None
    operation = SendMMS(SHOW, to="15551234888", sender="60856", service_id=service_id)
    shown = []

    async def job(server):
        client = AsyncClient(Account(CANARY, dialect=dialect, url=server.url), timeout=SOON, retries=QUICK)
        shown.extend([repr(client), repr(client.account.encode(operation))])
        for _ in range(4):
            with pytest.raises(SkymmsError) as raised:
                await client.call(operation)
            error = raised.value
            shown.extend([str(error), repr(vars(error)), *traceback.format_exception(error)])
            shown.append(repr(pickle.loads(pickle.dumps(error)).__dict__))
        await client.close()

    echo = f"<html>the request was api_key={CANARY}</html>".encode()
    with Faulty(http(echo), http(b"", "302 Found", Location="/x"), drop, reset) as server:
        run(job(server))
    shown += [record.getMessage() + repr(record.args) for record in caplog.records]
    assert not [line for line in shown if CANARY in line]


def test_without_aiohttp_the_error_says_what_to_install():
    script = """
        import sys
        sys.modules["aiohttp"] = None
        from skymms import Account, ConfigurationError
        from skymms.aio import AsyncClient
        try:
            AsyncClient(Account("canary-5fa1c0de-key"))
        except ConfigurationError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True)
    assert "skymms[async]" in done.stdout
