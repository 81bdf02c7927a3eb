"""Sent once: what a server received, over both clients, whatever it did after it had read the request.

The blocking client and the asynchronous one share every decision, so one set of tests counts for both.
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
from misbehaving_server import SENT, Faulty, bomb, drip_body, drip_head, drop, endless, half, http, refused, reset, stall

from skymms import (
    Account,
    AudioWithVideoError,
    Client,
    ConfigurationError,
    DeleteMMS,
    ListMMS,
    MMSError,
    ProtocolError,
    QuotaExceededError,
    Retries,
    SaveMMS,
    SendMMS,
    Slide,
    Slideshow,
    ThrottledError,
    TransportError,
)
from skymms.aio import AsyncClient

CANARY = "canary-5fa1c0de-key"
SEND = SendMMS(Slideshow("coupon", subject="Free").slide("Hi!"), to="15551234888", sender="60856")
#: Short enough to wait for, long enough not to be reached by chance.
SOON = (0.4, 0.4)
QUICK = Retries(count=3, first=0.001, longest=0.002)


@pytest.fixture(params=["skycore", "skycore-get"])
def dialect(request):
    return request.param


@pytest.fixture
def client(kind) -> Callable[..., Any]:
    def made(server: Faulty, dialect: str = "skycore", **options: Any) -> Any:
        return kind(Account(CANARY, dialect=dialect, url=server.url), **{"timeout": SOON, "retries": QUICK, **options})

    return made


class TestSentOnce:
    """Each fault happens after the server has read the whole request. One request arrives, and the error says maybe."""

    FAULTS = (
        pytest.param(drop, TransportError, id="drops"),
        pytest.param(reset, TransportError, id="resets"),
        pytest.param(stall, TransportError, id="stalls"),
        pytest.param(half, TransportError, id="answers half"),
        pytest.param(drip_body, TransportError, id="drips its body"),
        pytest.param(drip_head, TransportError, id="drips its head"),
        pytest.param(endless, ProtocolError, id="answers without end"),
        pytest.param(b"220 mail.example ESMTP\r\n", TransportError, id="speaks another protocol"),
        pytest.param(http(b"<html>oops</html>", "500 Internal Server Error"), ProtocolError, id="500"),
        pytest.param(http(b"", "503 Service Unavailable", Retry_After="0"), ProtocolError, id="503 with Retry-After"),
        pytest.param(http(b"", "408 Request Timeout"), ProtocolError, id="408"),
        pytest.param(http(b"", "302 Found", Location="/elsewhere"), ProtocolError, id="302"),
        pytest.param(http(b"", "307 Temporary Redirect", Location="/elsewhere"), ProtocolError, id="307"),
        pytest.param(http(b"<html>welcome</html>"), ProtocolError, id="200 with a page"),
        pytest.param(http(SENT.replace(b"15551234888", b"15559999999")), ProtocolError, id="somebody else's answer"),
        pytest.param(http(SENT[:-3]), ProtocolError, id="an answer cut short"),
        pytest.param(http(b"\x0b\x02\x80", Content_Encoding="br"), ProtocolError, id="an unknown compression"),
    )

    @pytest.mark.parametrize(("fault", "error"), FAULTS)
    def test_a_send_that_may_have_arrived_is_not_sent_again(self, client, fault, error, dialect):
        with Faulty(fault) as server, client(server, dialect) as calling, pytest.raises(error) as raised:
            calling.call(SEND)
        assert len(server.requests) == 1
        assert raised.value.sent_maybe
        assert CANARY not in "".join(traceback.format_exception(raised.value))

    @pytest.mark.parametrize(("fault", "error"), FAULTS)
    def test_nor_is_it_on_a_connection_that_served_before(self, client, fault, error):
        with Faulty(http(SENT), fault) as server, client(server) as calling:
            calling.call(SEND)
            with pytest.raises(error) as raised:
                calling.call(SEND)
        assert len(server.requests) == 2
        assert raised.value.sent_maybe

    @pytest.mark.parametrize("operation", [SaveMMS(SEND.slideshow), DeleteMMS("35674")])
    def test_nor_are_saving_and_deleting(self, client, operation):
        with Faulty(drop) as server, client(server) as calling, pytest.raises(TransportError):
            calling.call(operation)
        assert len(server.requests) == 1

    def test_a_listing_is_asked_again(self, client):
        listed = http(b"<RESPONSE><STATUS>Success</STATUS><MMSIDS>1,2</MMSIDS></RESPONSE>")
        with Faulty(drop, http(b"", "500 Oops"), listed) as server, client(server) as calling:
            assert calling.call(ListMMS()).mms_ids == ("1", "2")
        assert len(server.requests) == 3

    @pytest.mark.parametrize("code", ["E106", "E113", "E618"])
    def test_what_the_gateway_put_off_is_sent_again(self, client, code):
        with Faulty(http(refused(code)), http(SENT)) as server, client(server) as calling:
            assert calling.call(SEND).tracking_id == "MMS_12345"
        assert len(server.requests) == 2

    def test_a_429_is_waited_out(self, client):
        slow_down = http(b"slow down", "429 Too Many Requests", Retry_After="0")
        with Faulty(slow_down, http(SENT)) as server, client(server) as calling:
            calling.call(SEND)
        assert len(server.requests) == 2

    @pytest.mark.parametrize("code", ["E106", "E113", "E618"])
    def test_an_answer_that_says_yes_as_well_is_not(self, client, code):
        both = SENT.replace(b"<TO>", f"<ERRORCODE>{code}</ERRORCODE><TO>".encode())
        with Faulty(http(both)) as server, client(server) as calling, pytest.raises(MMSError) as raised:
            calling.call(SEND)
        assert len(server.requests) == 1
        assert (raised.value.code, raised.value.sent_maybe) == (code, True)

    def test_a_spent_quota_is_not(self, client):
        with Faulty(http(refused("E120"))) as server, client(server) as calling, pytest.raises(QuotaExceededError):
            calling.call(SEND)
        assert len(server.requests) == 1

    def test_nothing_is_repeated_with_retries_off(self, client):
        with Faulty(http(refused("E106"))) as server, client(server, retries=0) as calling, pytest.raises(ThrottledError):
            calling.call(SEND)
        assert len(server.requests) == 1

    def test_a_connection_that_was_never_made_sent_nothing(self, kind, dialect):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        account = Account(CANARY, dialect=dialect, url=f"http://127.0.0.1:{port}/")
        with kind(account, retries=QUICK) as calling, pytest.raises(TransportError, match="nothing was sent") as raised:
            calling.call(SEND)
        assert not raised.value.sent_maybe

    def test_a_connection_that_is_made_at_the_second_try_sends_once(self, client, monkeypatch):
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

    def test_what_the_caller_is_handling_is_not_mistaken_for_what_happened(self, client):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        with Faulty(drop) as server, client(server) as calling:
            try:
                requests.get(f"http://127.0.0.1:{port}/", timeout=5)
            except requests.ConnectionError:
                # The refused connection is now the context of whatever is raised in here.
                with pytest.raises(TransportError) as raised:
                    calling.call(SEND)
        assert raised.value.sent_maybe
        assert len(server.requests) == 1

    @pytest.mark.skymms_live
    def test_a_host_without_an_address_sent_nothing(self, kind):
        account = Account(CANARY, url="http://gateway.invalid/")
        with kind(account, retries=0) as calling, pytest.raises(TransportError) as raised:
            calling.call(SEND)
        assert not raised.value.sent_maybe

    @pytest.mark.skymms_live
    def test_an_address_that_is_none_sent_nothing(self, kind):
        account = Account(CANARY, url="http://*.example/")
        with kind(account, retries=QUICK) as calling, pytest.raises(TransportError, match="nothing was sent") as raised:
            calling.call(SEND)
        assert not raised.value.sent_maybe

    @pytest.mark.parametrize(
        ("act", "operation", "maybe"), [(http(SENT), SEND, True), (drop, SEND, True), (drop, ListMMS(), False)]
    )
    def test_who_interrupts_the_last_line_of_the_log_is_told_too(self, client, act, operation, maybe):
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
        assert raised.value.sent_maybe is maybe

    @pytest.mark.parametrize("fault", [http(b"", "400 Bad Request", Connection="close"), stall])
    def test_a_handshake_that_failed_sent_nothing(self, kind, fault):
        # Plain HTTP where TLS is expected: what the server read is the client's hello, which holds nothing of the message.
        def answers(connection, closing):
            connection.recv(65536)
            if isinstance(fault, bytes):
                connection.sendall(fault)
            else:
                fault(connection, closing)

        with socket.create_server(("127.0.0.1", 0)) as listening:
            closing = threading.Event()

            def accept():
                with listening.accept()[0] as connection:
                    answers(connection, closing)

            serving = threading.Thread(target=accept)
            serving.start()
            account = Account(CANARY, url=f"https://127.0.0.1:{listening.getsockname()[1]}/")
            with kind(account, timeout=SOON, retries=0) as calling, pytest.raises(TransportError) as raised:
                calling.call(SEND)
            closing.set()
            serving.join()
        assert not raised.value.sent_maybe
        assert "nothing was sent" in str(raised.value)

    @pytest.mark.parametrize("preliminary", ["100 Continue", "102 Processing", "103 Early Hints"])
    def test_a_preliminary_answer_is_not_the_answer(self, client, preliminary):
        def saved(number):
            return http(SENT.replace(b"35674", str(number).encode()).replace(b"<TO>15551234888</TO>", b""))

        hint = f"HTTP/1.1 {preliminary}\r\nLink: </x>\r\n\r\n".encode()
        with Faulty(hint + hint + saved(1), saved(2), hint + saved(3)) as server, client(server) as calling:
            ids = [calling.call(SaveMMS(SEND.slideshow)).mms_id for _ in range(3)]
        assert ids == ["1", "2", "3"]

    def test_what_comes_after_an_answer_that_was_none_is_nobodys_answer(self, client):
        switching = http(b"", "101 Switching Protocols", Upgrade="x", Connection="Upgrade")
        with Faulty(switching + http(SENT), http(SENT)) as server, client(server) as calling:
            with pytest.raises((ProtocolError, TransportError)) as raised:
                calling.call(SEND)
            assert raised.value.sent_maybe
            calling.call(SEND)
        assert (len(server.requests), server.connections) == (2, 2)

    def test_what_is_left_of_an_answer_that_is_too_long_is_nobodys_answer(self, client):
        with Faulty(http(SENT + b" " * 300_000 + SENT), http(SENT)) as server, client(server) as calling:
            with pytest.raises(ProtocolError) as raised:
                calling.call(SEND)
            assert raised.value.sent_maybe
            assert calling.call(SEND).tracking_id == "MMS_12345"
        assert (len(server.requests), server.connections) == (2, 2)

    def test_no_session_asks_for_what_is_not_unpacked(self, kind):
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

    def test_a_wrong_message_never_reaches_the_server(self, client):
        wrong = SendMMS(
            Slideshow("x", subject="s", slides=[Slide(audio="http://a.example/a.mp3", video="http://a.example/v.mp4")]),
            to="15551234888",
            sender="60856",
        )
        with Faulty(http(SENT)) as server, client(server) as calling, pytest.raises(AudioWithVideoError) as raised:
            calling.call(wrong)
        assert raised.value.foreseen
        assert server.requests == []


class TestAProxyThatDoesNotLeadThere:
    """Asked for a way to an https gateway, it says no: the request itself never left."""

    @pytest.mark.skymms_live
    @pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway"])
    def test_sent_nothing(self, kind, status, monkeypatch):
        for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY"):
            monkeypatch.delenv(name, raising=False)
        with Faulty(http(b"", status, Connection="close")) as proxy:
            monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
            account = Account(CANARY, url="https://gateway.invalid/")
            with kind(account, retries=QUICK) as calling, pytest.raises(TransportError, match="nothing was sent") as raised:
                calling.call(SEND)
        assert not raised.value.sent_maybe
        assert [request.partition(b" ")[0] for request in proxy.requests] == [b"CONNECT"]


class TestAClientThatWasClosed:
    def test_sends_nothing(self, client):
        with Faulty(http(SENT)) as server:
            with client(server) as calling:
                calling.call(SEND)
            with pytest.raises(TransportError, match="closed; nothing was sent") as raised:
                calling.call(SEND)
        assert not raised.value.sent_maybe
        assert len(server.requests) == 1

    def test_and_serves_again_once_it_is_entered_again(self, kind):
        with Faulty(http(SENT)) as server:
            calling = kind(Account(CANARY, url=server.url))
            for _ in range(2):
                with calling:
                    calling.call(SEND)
        assert len(server.requests) == 2


class TestWhatItIsMadeOf:
    @pytest.mark.parametrize("thing", [None, "key", 5, Account, object()])
    def test_is_an_account(self, kind, thing):
        with pytest.raises(TypeError, match="an Account is wanted"):
            kind(thing)

    @pytest.mark.parametrize("session", ["x", object()])
    def test_and_a_session_of_its_own_library(self, kind, session):
        with pytest.raises(TypeError, match="a session of "):
            kind(Account(CANARY), session=session)


class TestTimeAndSize:
    @pytest.mark.parametrize("drip", [drip_body, drip_head, stall])
    def test_the_deadline_holds_for_the_whole_answer(self, client, drip):
        with Faulty(drip) as server, client(server) as calling:
            started = time.monotonic()
            with pytest.raises(TransportError, match="in time"):
                calling.call(SEND)
            # Dripped to its end, the answer would take ten seconds; each byte alone is well within the time-out.
            assert time.monotonic() - started < 5

    @pytest.mark.parametrize("fault", [bomb(), endless], ids=["a compressed bomb", "an endless body"])
    def test_a_huge_answer_ends_in_little_memory(self, client, fault):
        with Faulty(fault) as server, client(server, timeout=(2.0, 20.0)) as calling:
            tracemalloc.start()
            try:
                with pytest.raises(ProtocolError, match="more than"):
                    calling.call(SEND)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert peak < 8_000_000

    def test_the_body_of_a_redirect_is_bounded_too(self, client):
        def wander(connection, closing):
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://[bad\r\n\r\n")
            while not closing.is_set():
                connection.sendall(b"a" * 8192)

        with Faulty(wander) as server, client(server, timeout=(2.0, 20.0)) as calling, pytest.raises(ProtocolError) as raised:
            calling.call(SEND)
        assert raised.value.status == 302
        assert raised.value.sent_maybe

    @pytest.mark.parametrize("timeout", [None, True, 0, -1, float("inf"), float("nan"), "x", (1,), (1, 2, 3), (None, 1)])
    def test_a_call_without_an_end_is_no_choice(self, kind, timeout):
        with pytest.raises((ConfigurationError, ValueError)):
            kind(Account(CANARY), timeout=timeout)

    def test_a_kept_connection_is_used_again(self, client):
        with Faulty(http(SENT)) as server, client(server) as calling:
            for _ in range(5):
                calling.call(SEND)
        assert len(server.requests) == 5
        assert server.connections == 1
