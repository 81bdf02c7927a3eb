"""Which connections are used again, and that none stays open: both clients, sessions of the caller, TLS."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import aiohttp
import pytest
import requests
from client_calls import CANARY, SEND, SOON
from misbehaving_server import CERTIFICATE, SENT, Faulty, drip_body, drop, half, http, reset, stall

from skymms import Account, Client, ConfigurationError, TransportError
from skymms.aio import AsyncClient

pytestmark = pytest.mark.compat


class ClosesOnDemand:
    """An act: responds, keeps the connection until ``close`` is called, and closes it."""

    def __init__(self, *, with_goodbye: bool = False) -> None:
        self._may_close = threading.Semaphore(0)
        self._has_closed = threading.Semaphore(0)
        self._with_goodbye = with_goodbye

    def __call__(self, connection: Any, closing: threading.Event) -> None:
        connection.sendall(http(SENT))
        self._may_close.acquire()
        if self._with_goodbye:
            # It sends close_notify, and the client does not respond.
            with suppress(OSError, ValueError):
                connection.unwrap()
        connection.close()
        self._has_closed.release()

    def close(self) -> None:
        """Close the connection, and return once it is closed. The caller's event loop does not run in the meantime."""
        self._may_close.release()
        self._has_closed.acquire()


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


class TestConnectionThatTheServerClosed:
    """An idle connection that the server has closed is not used, even if the event loop has not run since."""

    CALLS = 6

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    @pytest.mark.parametrize(("tls", "with_goodbye"), [(False, False), (True, False), (True, True)])
    @pytest.mark.parametrize("own", [True, False], ids=["own session", "caller's session"])
    def test_an_async_client_does_not_use_it(self, monkeypatch, dialect, tls, with_goodbye, own):
        act = ClosesOnDemand(with_goodbye=with_goodbye)
        if own and tls:
            monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting())

        async def job(server: Faulty) -> None:
            account = Account(CANARY, dialect=dialect, url=server.url)
            async with (
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting() if tls else True)) as session,
                AsyncClient(account, retries=0, session=None if own else session) as client,
            ):
                for _ in range(self.CALLS):
                    await client.call(SEND)
                    act.close()

        with Faulty(act, tls=tls) as server:
            asyncio.run(job(server))
        assert len(server.requests) == self.CALLS

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    @pytest.mark.parametrize(("tls", "with_goodbye"), [(False, False), (True, False), (True, True)])
    @pytest.mark.parametrize("own", [True, False], ids=["own session", "caller's session"])
    def test_a_client_does_not_use_it(self, monkeypatch, dialect, tls, with_goodbye, own):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
        act = ClosesOnDemand(with_goodbye=with_goodbye)
        with Faulty(act, tls=tls) as server, requests.Session() as session:
            account = Account(CANARY, dialect=dialect, url=server.url)
            with Client(account, retries=0, session=None if own else session) as client:
                for _ in range(self.CALLS):
                    client.call(SEND)
                    act.close()
        assert len(server.requests) == self.CALLS

    def test_an_open_connection_is_used_after_closed_ones(self):
        # Two calls at once leave two connections, of which the server closes the first.
        act = ClosesOnDemand()

        async def job(server: Faulty) -> None:
            async with AsyncClient(Account(CANARY, url=server.url), retries=0) as client:
                await asyncio.gather(client.call(SEND), client.call(SEND))
                act.close()
                await client.call(SEND)

        with Faulty(act, http(SENT)) as server:
            asyncio.run(job(server))
            assert server.connections == 2
        assert len(server.requests) == 3


class TestKeepAlive:
    @pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
    @pytest.mark.parametrize(("keep_alive", "connections"), [(60, 1), (0.01, 3), (0, 3)])
    @pytest.mark.parametrize("own", [True, False], ids=["own session", "caller's session"])
    def test_a_client_does_not_use_a_connection_that_was_idle_for_longer(self, monkeypatch, tls, keep_alive, connections, own):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
        with Faulty(http(SENT), tls=tls) as server, requests.Session() as session:
            account = Account(CANARY, url=server.url)
            with Client(account, retries=0, session=None if own else session, keep_alive=keep_alive) as client:
                for _ in range(3):
                    client.call(SEND)
                    time.sleep(0.02)
        assert server.connections == connections

    @pytest.mark.parametrize(("keep_alive", "connections"), [(60, 1), (0.01, 3), (0, 3)])
    @pytest.mark.parametrize("own", [True, False], ids=["own session", "caller's session"])
    def test_an_async_client_does_not_use_a_connection_that_was_idle_for_longer(self, keep_alive, connections, own):
        async def job(server: Faulty) -> None:
            async with aiohttp.ClientSession() as session:
                account = Account(CANARY, url=server.url)
                async with AsyncClient(account, session=None if own else session, keep_alive=keep_alive) as client:
                    for _ in range(3):
                        await client.call(SEND)
                        await asyncio.sleep(0.02)

        with Faulty(http(SENT)) as server:
            asyncio.run(job(server))
        assert server.connections == connections

    def test_the_shortest_time_of_the_clients_of_a_session_counts(self):
        with Faulty(http(SENT)) as server, requests.Session() as session:
            account = Account(CANARY, url=server.url)
            with Client(account, session=session) as patient, Client(account, session=session, keep_alive=0):
                patient.call(SEND)
                patient.call(SEND)
        assert server.connections == 2

    @pytest.mark.parametrize("wrong", [-1, float("inf"), float("nan"), None, "4", True])
    def test_a_time_must_be_a_number_of_seconds(self, kind, wrong):
        with pytest.raises(ConfigurationError, match="keep_alive="):
            kind(Account(CANARY), keep_alive=wrong)


def sockets() -> set[str]:
    """The sockets that this process has open."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:  # the descriptor of the directory itself
            continue
    return {name for name in found if name.startswith("socket:")}


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    gc.collect()


FAULTS: list[Any] = [http(SENT), http(b"", "500 Internal Server Error"), drop, reset, half, stall, drip_body]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
@pytest.mark.usefixtures("without_collector")
class TestNothingStaysOpen:
    """After ``close`` no socket is open, without the help of the garbage collector, whatever ended the calls."""

    @staticmethod
    def attempt(call: Callable[[], Any], errors: list[Any]) -> None:
        try:
            call()
        except Exception as error:
            # A program may keep the error: its traceback refers to everything that was in use.
            errors.append(error)

    @pytest.mark.parametrize("own", [True, False], ids=["own session", "caller's session"])
    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_closed_client_has_no_socket(self, fault, own):
        errors: list[Any] = []
        with Faulty(http(SENT), fault) as server, requests.Session() as session:
            before = sockets()
            client = Client(Account(CANARY, url=server.url), timeout=SOON, retries=0, session=None if own else session)
            for _ in range(3):
                self.attempt(lambda: client.call(SEND), errors)
            self.attempt(lambda: client.fetch(server.url), errors)
            if not own:
                # fetch uses the caller's own adapter, whose connections belong to the caller.
                session.close()
            client.close()
            mine = self.left_open(server, before)
        assert mine == set()

    def left_open(self, server: Faulty, before: set[str]) -> set[str]:
        """The sockets of the client. The server opens and closes its own meanwhile, so an unknown one is looked for again."""
        for _ in range(100):
            mine = sockets() - before - self.of(server)
            if not mine:
                break
            time.sleep(0.02)
        return mine

    @staticmethod
    def of(server: Faulty) -> set[str]:
        """The sockets of the server, which runs in this process."""
        return {os.readlink(f"/proc/self/fd/{one.fileno()}") for one in server.open_connections() if one.fileno() >= 0}

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_closed_async_client_has_no_socket(self, fault):
        errors: list[Any] = []

        async def attempt(coroutine: Any) -> None:
            try:
                await coroutine
            except Exception as error:
                errors.append(error)

        async def job(server: Faulty) -> set[str]:
            before = sockets()
            client = AsyncClient(Account(CANARY, url=server.url), timeout=SOON, retries=0)
            for _ in range(3):
                await attempt(client.call(SEND))
            await attempt(client.fetch(server.url))
            await client.close()
            return self.left_open(server, before)

        with Faulty(http(SENT), fault) as server:
            assert asyncio.run(job(server)) == set()

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    def test_a_certificate_that_is_not_trusted_leaves_no_socket(self, dialect):
        async def job(server: Faulty) -> set[str]:
            before = sockets()
            account = Account(CANARY, dialect=dialect, url=server.url)
            for client in (AsyncClient(account, retries=0), AsyncClient(account, retries=0)):
                with pytest.raises(TransportError, match="not trusted"):
                    await client.call(SEND)
                await client.close()
            with Client(account, retries=0) as blocking, pytest.raises(TransportError, match="not trusted"):
                await asyncio.to_thread(blocking.call, SEND)
            return self.left_open(server, before)

        with Faulty(http(SENT), tls=True) as server:
            assert asyncio.run(job(server)) == set()

    def test_a_call_that_ends_after_close_leaves_no_socket(self):
        arrived, respond = threading.Event(), threading.Event()

        def late(connection: Any, closing: threading.Event) -> bool:
            arrived.set()
            respond.wait()
            connection.sendall(http(SENT))
            return True

        with Faulty(late) as server:
            before = sockets()
            client = Client(Account(CANARY, url=server.url), retries=0)
            calling = threading.Thread(target=client.call, args=(SEND,))
            calling.start()
            arrived.wait()
            client.close()
            respond.set()
            calling.join()
            assert self.left_open(server, before) == set()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="fills a queue as Linux does")
class TestOneDeadlineForAllAddresses:
    """A host with eight addresses that do not respond takes as long as a host with one."""

    CONNECT = 1.0

    @pytest.fixture
    def silent(self) -> Iterator[list[tuple[str, int]]]:
        """Eight addresses of this machine that neither accept nor refuse connections."""
        with ExitStack() as opened:
            found: list[tuple[str, int]] = []
            for at in range(1, 9):
                listening = opened.enter_context(socket.create_server((f"127.0.0.{at}", 0), backlog=0))
                found.append(listening.getsockname())
                for _ in range(3):
                    # The queue is full with one connection. Further ones wait.
                    filling = opened.enter_context(socket.socket())
                    filling.setblocking(False)
                    filling.connect_ex(found[-1])
            yield found

    @pytest.fixture
    def resolve(self, monkeypatch) -> Callable[[list[tuple[str, int]]], None]:
        """Return a function that sets the addresses of ``many.localhost``."""
        real = socket.getaddrinfo
        found: list[tuple[str, int]] = []

        def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
            if host != "many.localhost":
                return real(host, *args, **kwargs)
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for address in found]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return found.extend

    def seconds(self, kind: Any) -> float:
        started = time.monotonic()
        account = Account(CANARY, url="http://many.localhost/")
        with kind(account, timeout=(self.CONNECT, 20), retries=0) as client, pytest.raises(TransportError) as raised:
            client.call(SEND)
        assert not raised.value.sent_maybe
        return time.monotonic() - started

    def test_eight_silent_addresses_take_as_long_as_one(self, kind, silent, resolve):
        resolve(silent[:1])
        one = self.seconds(kind)
        resolve(silent[1:])
        assert self.seconds(kind) < 4 * one

    def test_an_address_that_responds_is_used_after_silent_ones(self, kind, silent, resolve):
        with Faulty(http(SENT)) as server:
            resolve([*silent[:3], ("127.0.0.1", server.port)])
            with kind(Account(CANARY, url="http://many.localhost/"), timeout=(2, 5), retries=0) as client:
                client.call(SEND)
        assert len(server.requests) == 1
