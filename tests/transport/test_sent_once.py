"""No message is sent twice: the requests that a server receives from both clients, whatever it does after reading one.

Both clients share every decision, so each test runs with both. Which responses are retried is tested without a server in
test_exchange.py; here each kind of failure of a connection appears once.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
import requests
from client_calls import CANARY, QUICK, SEND, SOON
from misbehaving_server import (
    SENT,
    Faulty,
    bomb,
    closed_url,
    drip_body,
    drip_head,
    drop,
    endless,
    half,
    http,
    refused,
    reset,
    stall,
)

from skymms import (
    Account,
    AudioWithVideoError,
    Client,
    ConfigurationError,
    DeleteMMS,
    ListMMS,
    ProtocolError,
    SaveMMS,
    SendMMS,
    Slide,
    Slideshow,
    ThrottledError,
    TransportError,
)
from skymms.aio import AsyncClient
from skymms.http import MAX_RESPONSE, HttpRequest
from skymms.transport.errors import causes, no_response
from skymms.wire.dialects import DialectName

pytestmark = pytest.mark.compat


@pytest.fixture(params=["skycore", "skycore-get"])
def dialect(request):
    return request.param


@pytest.fixture
def client(kind) -> Callable[..., Any]:
    def made(server: Faulty, dialect: DialectName = "skycore", **options: Any) -> Any:
        return kind(Account(CANARY, dialect=dialect, url=server.url), **{"timeout": SOON, "retries": QUICK, **options})

    return made


class TestRequestThatMayHaveArrived:
    """Each fault happens after the server has read the whole request, which is not sent again; the error has ``sent_maybe``."""

    CONNECTION_FAULTS = (
        pytest.param(drop, TransportError, id="connection closed"),
        pytest.param(reset, TransportError, id="connection reset"),
        pytest.param(stall, TransportError, id="no response"),
        pytest.param(half, TransportError, id="half a response"),
    )
    FAULTS = (
        *CONNECTION_FAULTS,
        pytest.param(drip_body, TransportError, id="slow body"),
        pytest.param(drip_head, TransportError, id="slow head"),
        pytest.param(endless, ProtocolError, id="endless body"),
        pytest.param(b"220 mail.example ESMTP\r\n", TransportError, id="another protocol"),
        pytest.param(http(b"", "503 Service Unavailable", Retry_After="0"), ProtocolError, id="503 with Retry-After"),
        pytest.param(http(b"", "408 Request Timeout"), ProtocolError, id="408"),
        pytest.param(http(b"", "302 Found", Location="/elsewhere"), ProtocolError, id="302"),
        pytest.param(http(b"", "307 Temporary Redirect", Location="/elsewhere"), ProtocolError, id="307"),
        pytest.param(http(b"\x0b\x02\x80", Content_Encoding="br"), ProtocolError, id="unsupported compression"),
    )

    @pytest.mark.parametrize(("fault", "error"), FAULTS)
    def test_a_request_that_may_have_arrived_is_not_sent_again(self, client, fault, error):
        with Faulty(fault) as server, client(server) as calling, pytest.raises(error) as raised:
            calling.call(SEND)
        assert len(server.requests) == 1
        assert raised.value.sent_maybe
        assert CANARY not in "".join(traceback.format_exception(raised.value))

    @pytest.mark.parametrize(
        "fault", [drop, reset, http(b"", "503 Busy", Retry_After="0"), http(b"", "302 Found", Location="/x")]
    )
    def test_a_get_request_that_may_have_arrived_is_not_sent_again(self, client, fault):
        # HTTP libraries repeat a GET by themselves, which they do not with a POST.
        with (
            Faulty(fault) as server,
            client(server, "skycore-get") as calling,
            pytest.raises((TransportError, ProtocolError)) as raised,
        ):
            calling.call(SEND)
        assert len(server.requests) == 1
        assert raised.value.sent_maybe
        assert CANARY not in "".join(traceback.format_exception(raised.value))

    @pytest.mark.parametrize(("fault", "error"), CONNECTION_FAULTS)
    def test_a_request_lost_on_a_connection_that_was_used_before_is_not_sent_again(self, client, fault, error):
        with Faulty(http(SENT), fault) as server, client(server) as calling:
            calling.call(SEND)
            with pytest.raises(error) as raised:
                calling.call(SEND)
        assert len(server.requests) == 2
        assert raised.value.sent_maybe

    @pytest.mark.parametrize("operation", [SaveMMS(SEND.slideshow), DeleteMMS("35674")])
    def test_a_lost_save_or_delete_is_not_sent_again(self, client, operation):
        with Faulty(drop) as server, client(server) as calling, pytest.raises(TransportError):
            calling.call(operation)
        assert len(server.requests) == 1

    def test_a_lost_listing_is_sent_again(self, client):
        listed = http(b"<RESPONSE><STATUS>Success</STATUS><MMSIDS>1,2</MMSIDS></RESPONSE>")
        with Faulty(drop, http(b"", "500 Oops"), listed) as server, client(server) as calling:
            assert calling.call(ListMMS()).mms_ids == ("1", "2")
        assert len(server.requests) == 3


class TestThrottledRequest:
    @pytest.mark.parametrize(
        "postponed", [http(refused("E106")), http(b"slow down", "429 Too Many Requests", Retry_After="0")], ids=["E106", "429"]
    )
    def test_a_throttled_request_is_sent_again(self, client, postponed):
        with Faulty(postponed, http(SENT)) as server, client(server) as calling:
            assert calling.call(SEND).tracking_id == "MMS_12345"
        assert len(server.requests) == 2

    def test_a_throttled_request_is_not_sent_again_with_retries_off(self, client):
        with Faulty(http(refused("E106"))) as server, client(server, retries=0) as calling, pytest.raises(ThrottledError):
            calling.call(SEND)
        assert len(server.requests) == 1


class TestRequestThatNeverLeft:
    def test_a_refused_connection_has_no_sent_maybe(self, kind, dialect):
        account = Account(CANARY, dialect=dialect, url=closed_url())
        with kind(account, retries=QUICK) as calling, pytest.raises(TransportError, match="nothing was sent") as raised:
            calling.call(SEND)
        assert not raised.value.sent_maybe

    def test_a_request_is_sent_once_if_the_second_connection_succeeds(self, client, monkeypatch):
        tries = []
        real = socket.socket.connect

        def refuse_first(self, address):
            tries.append(address)
            if len(tries) == 1:
                raise ConnectionRefusedError(111, "Connection refused")
            return real(self, address)

        with Faulty(http(SENT)) as server, client(server) as calling:
            monkeypatch.setattr(socket.socket, "connect", refuse_first)
            calling.call(SEND)
        assert len(tries) == 2
        assert len(server.requests) == 1

    def test_sent_maybe_does_not_depend_on_an_exception_that_the_caller_is_handling(self, client):
        with Faulty(drop) as server, client(server) as calling:
            try:
                requests.get(closed_url(), timeout=5)
            except requests.ConnectionError:
                # The refused connection is now the __context__ of every exception raised in here.
                with pytest.raises(TransportError) as raised:
                    calling.call(SEND)
        assert raised.value.sent_maybe
        assert len(server.requests) == 1

    @pytest.mark.skymms_live
    def test_a_host_that_does_not_exist_has_no_sent_maybe(self, kind):
        account = Account(CANARY, url="http://gateway.invalid/", allow_http=True)
        with kind(account, retries=0) as calling, pytest.raises(TransportError) as raised:
            calling.call(SEND)
        assert not raised.value.sent_maybe

    @pytest.mark.skymms_live
    def test_an_unusable_url_has_no_sent_maybe(self, kind):
        account = Account(CANARY, url="http://*.example/", allow_http=True)
        with kind(account, retries=QUICK) as calling, pytest.raises(TransportError, match="nothing was sent") as raised:
            calling.call(SEND)
        assert not raised.value.sent_maybe

    @pytest.mark.parametrize(
        ("act", "operation", "maybe"), [(http(SENT), SEND, True), (drop, SEND, True), (drop, ListMMS(), False)]
    )
    def test_an_interruption_while_the_log_is_written_has_sent_maybe(self, client, act, operation, maybe):
        class Slow(logging.Handler):
            def emit(self, record):
                raise KeyboardInterrupt

        log, slow = logging.getLogger("skymms"), Slow()
        before = log.level
        with Faulty(act) as server, client(server, retries=0) as calling:
            log.addHandler(slow)
            log.setLevel(logging.INFO)
            try:
                with pytest.raises(KeyboardInterrupt) as raised:
                    calling.call(operation)
            finally:
                log.removeHandler(slow)
                log.setLevel(before)
        assert vars(raised.value)["sent_maybe"] is maybe

    @pytest.mark.parametrize("fault", [http(b"", "400 Bad Request", Connection="close"), stall])
    def test_a_failed_tls_handshake_has_no_sent_maybe(self, kind, fault):
        # The server answers TLS with plain HTTP. It has read the client's hello, which contains nothing of the message.
        def respond(connection, closing):
            connection.recv(65536)
            if isinstance(fault, bytes):
                connection.sendall(fault)
            else:
                fault(connection, closing)

        with socket.create_server(("127.0.0.1", 0)) as listening:
            closing = threading.Event()

            def accept():
                with listening.accept()[0] as connection:
                    respond(connection, closing)

            serving = threading.Thread(target=accept)
            serving.start()
            account = Account(CANARY, url=f"https://127.0.0.1:{listening.getsockname()[1]}/")
            with kind(account, timeout=SOON, retries=0) as calling, pytest.raises(TransportError) as raised:
                calling.call(SEND)
            closing.set()
            serving.join()
        assert not raised.value.sent_maybe
        assert "nothing was sent" in str(raised.value)


class TestCauses:
    """Why there is no response is found in the causes of an error, which can go round in circles."""

    def test_a_chain_of_causes_that_is_a_circle_ends(self):
        first, second = requests.ConnectionError("a"), OSError("b")
        first.__cause__, second.__cause__ = second, first
        first.__context__, second.__context__ = second, first
        first.args, second.args = (second,), (first, second)
        assert list(causes(first)) == [first, second]
        outcome = no_response(first, HttpRequest("POST", "http://host.example/", {}))
        assert outcome.left

    def test_an_error_that_is_its_own_cause_ends(self):
        error = requests.ConnectionError()
        error.__cause__ = error
        error.args = (error,)
        assert list(causes(error)) == [error]

    @pytest.mark.parametrize("link", ["__cause__", "__context__"])
    def test_a_circle_of_exceptions_that_interrupts_a_call_has_sent_maybe(self, kind, link):
        class Stop(BaseException):
            pass

        first, second = Stop(), Stop()
        setattr(first, link, second)
        setattr(second, link, first)

        class Observer:
            def response_received(self, event: Any) -> None:
                raise first

        with (
            Faulty(http(SENT)) as server,
            kind(Account(CANARY, url=server.url), observer=Observer()) as client,
            pytest.raises(Stop) as raised,
        ):
            client.call(SEND)
        assert vars(raised.value)["sent_maybe"] is True


class TestResponses:
    @pytest.mark.parametrize("preliminary", ["100 Continue", "102 Processing", "103 Early Hints"])
    def test_a_preliminary_response_is_skipped(self, client, preliminary):
        def saved(number):
            return http(SENT.replace(b"35674", str(number).encode()).replace(b"<TO>15551234888</TO>", b""))

        hint = f"HTTP/1.1 {preliminary}\r\nLink: </x>\r\n\r\n".encode()
        with Faulty(hint + hint + saved(1), saved(2), hint + saved(3)) as server, client(server) as calling:
            ids = [calling.call(SaveMMS(SEND.slideshow)).mms_id for _ in range(3)]
        assert ids == ["1", "2", "3"]

    def test_bytes_after_a_protocol_switch_are_not_read_as_the_next_response(self, client):
        switching = http(b"", "101 Switching Protocols", Upgrade="x", Connection="Upgrade")
        with Faulty(switching + http(SENT), http(SENT)) as server, client(server) as calling:
            with pytest.raises((ProtocolError, TransportError)) as raised:
                calling.call(SEND)
            assert raised.value.sent_maybe
            calling.call(SEND)
        assert (len(server.requests), server.connections) == (2, 2)

    def test_the_rest_of_a_too_long_response_is_not_read_as_the_next_response(self, client):
        with Faulty(http(SENT + b" " * 300_000 + SENT), http(SENT)) as server, client(server) as calling:
            with pytest.raises(ProtocolError) as raised:
                calling.call(SEND)
            assert raised.value.sent_maybe
            assert calling.call(SEND).tracking_id == "MMS_12345"
        assert (len(server.requests), server.connections) == (2, 2)

    def test_no_session_asks_for_compression(self, kind):
        async def job(account):
            async with aiohttp.ClientSession() as session:
                await AsyncClient(account, session=session).call(SEND)

        with Faulty(http(SENT)) as server:
            account = Account(CANARY, url=server.url)
            with kind(account) as calling:
                calling.call(SEND)
            if kind is Client:
                with requests.Session() as session:
                    Client(account, session=session).call(SEND)
            else:
                asyncio.run(job(account))
        for request in server.requests:
            asked = [line for line in request.split(b"\r\n") if line.lower().startswith(b"accept-encoding")]
            assert asked == [b"Accept-Encoding: identity"]

    def test_a_message_that_is_wrong_is_not_sent(self, client):
        wrong = SendMMS(
            Slideshow("x", subject="s", slides=(Slide(audio="http://a.example/a.mp3", video="http://a.example/v.mp4"),)),
            to="15551234888",
            sender="60856",
        )
        with Faulty(http(SENT)) as server, client(server) as calling, pytest.raises(AudioWithVideoError) as raised:
            calling.call(wrong)
        assert raised.value.foreseen
        assert server.requests == []


class TestProxyThatRefusesTheTunnel:
    """The proxy refuses to connect to an https gateway, so the request itself never leaves."""

    @pytest.mark.skymms_live
    @pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway"])
    def test_the_error_for_a_proxy_that_refuses_the_tunnel_has_no_sent_maybe(self, kind, status, monkeypatch):
        for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY"):
            monkeypatch.delenv(name, raising=False)
        with Faulty(http(b"", status, Connection="close")) as proxy:
            monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
            account = Account(CANARY, url="https://gateway.invalid/")
            with kind(account, retries=QUICK) as calling, pytest.raises(TransportError, match="nothing was sent") as raised:
                calling.call(SEND)
        assert not raised.value.sent_maybe
        assert [request.partition(b" ")[0] for request in proxy.requests] == [b"CONNECT"]

    @pytest.mark.skymms_live
    def test_a_proxy_that_only_passes_bytes_on_is_not_shown_the_key(self, kind, monkeypatch):
        # The key is in a header in this dialect, and a client may have set the header for all its requests.
        for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY"):
            monkeypatch.delenv(name, raising=False)
        with Faulty(http(b"", "502 Bad Gateway", Connection="close")) as proxy:
            monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
            account = Account(CANARY, dialect="sinch-json", url="https://gateway.invalid/", service_id="7", fallback_text="Hi")
            with kind(account, retries=QUICK) as calling, pytest.raises(TransportError, match="nothing was sent"):
                calling.call(SEND)
        assert proxy.requests
        assert CANARY.encode() not in b"".join(proxy.requests)


class TestClosedClient:
    def test_a_closed_client_sends_nothing(self, client):
        with Faulty(http(SENT)) as server:
            with client(server) as calling:
                calling.call(SEND)
            with pytest.raises(TransportError, match="closed; nothing was sent") as raised:
                calling.call(SEND)
        assert not raised.value.sent_maybe
        assert len(server.requests) == 1

    def test_a_closed_client_works_again_after_it_is_entered_again(self, kind):
        with Faulty(http(SENT)) as server:
            calling = kind(Account(CANARY, url=server.url))
            for _ in range(2):
                with calling:
                    calling.call(SEND)
        assert len(server.requests) == 2


class TestArguments:
    @pytest.mark.parametrize("thing", [None, "key", Account, object()])
    def test_the_account_of_a_client_must_be_an_account(self, kind, thing):
        with pytest.raises(TypeError, match="expected an Account"):
            kind(thing)

    @pytest.mark.parametrize("session", ["x", object()])
    def test_the_session_of_a_client_must_be_one_of_its_library(self, kind, session):
        with pytest.raises(TypeError, match=r"session must be a (requests|aiohttp)"):
            kind(Account(CANARY), session=session)


class TestTimeAndSizeLimits:
    @pytest.mark.parametrize("drip", [drip_body, drip_head, stall])
    def test_the_time_out_covers_the_whole_response(self, client, drip):
        with Faulty(drip) as server, client(server) as calling:
            started = time.monotonic()
            with pytest.raises(TransportError, match="in time"):
                calling.call(SEND)
            # The whole response would take ten seconds; each byte alone arrives well within the time-out.
            assert time.monotonic() - started < 5

    @pytest.mark.parametrize("fault", [bomb(), endless], ids=["decompression bomb", "endless body"])
    def test_a_huge_response_needs_little_memory(self, client, fault):
        with Faulty(fault) as server, client(server, timeout=(2.0, 20.0)) as calling:
            tracemalloc.start()
            try:
                with pytest.raises(ProtocolError, match="more than"):
                    calling.call(SEND)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert peak < 8_000_000

    @pytest.mark.parametrize("limit", [MAX_RESPONSE, len(SENT)])
    def test_a_response_of_exactly_the_limit_is_read(self, kind, limit):
        with Faulty(http(SENT + b" " * (limit - len(SENT)))) as server:
            with kind(Account(CANARY, url=server.url, max_response=limit)) as client:
                assert client.call(SEND).tracking_id == "MMS_12345"
                client.call(SEND)
            assert server.connections == 1

    @pytest.mark.parametrize("limit", [MAX_RESPONSE, len(SENT)])
    def test_a_response_of_one_byte_more_than_the_limit_is_refused(self, kind, limit):
        with Faulty(http(SENT + b" " * (limit + 1 - len(SENT)))) as server:
            with kind(Account(CANARY, url=server.url, max_response=limit)) as client:
                for _ in range(2):
                    with pytest.raises(ProtocolError, match=f"more than {limit:,} bytes") as raised:
                        client.call(SEND)
            assert raised.value.sent_maybe
            assert len(server.requests) == 2

    @pytest.mark.parametrize(("size", "accepted"), [(1000, True), (1001, False)])
    def test_a_downloaded_file_may_have_exactly_the_limit(self, kind, size, accepted):
        with Faulty(http(b"a" * size)) as server, kind(Account(CANARY, url=server.url)) as client:
            if accepted:
                assert len(client.fetch(server.url, limit=1000)) == size
            else:
                with pytest.raises(ProtocolError, match="longer than 1,000 bytes"):
                    client.fetch(server.url, limit=1000)

    def test_the_body_of_a_redirect_is_limited_too(self, client):
        def wander(connection, closing):
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://[bad\r\n\r\n")
            while not closing.is_set():
                connection.sendall(b"a" * 8192)

        with Faulty(wander) as server, client(server, timeout=(2.0, 20.0)) as calling, pytest.raises(ProtocolError) as raised:
            calling.call(SEND)
        assert raised.value.status == 302
        assert raised.value.sent_maybe

    @pytest.mark.parametrize(
        "timeout", [None, True, 0, -1, float("inf"), float("nan"), 1e10, (1, 1e10), "x", (1,), (1, 2, 3), (None, 1)]
    )
    def test_timeout_must_be_positive_seconds(self, kind, timeout):
        with pytest.raises(ConfigurationError, match="timeout="):
            kind(Account(CANARY), timeout=timeout)

    def test_the_longest_timeout_works(self, client):
        with Faulty(http(SENT)) as server, client(server, timeout=1e9) as calling:
            assert calling.call(SEND).tracking_id

    def test_a_kept_connection_is_used_again(self, client):
        with Faulty(http(SENT)) as server, client(server) as calling:
            for _ in range(5):
                calling.call(SEND)
        assert len(server.requests) == 5
        assert server.connections == 1
