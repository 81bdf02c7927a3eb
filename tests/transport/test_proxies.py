"""Which proxy a request goes through, and what the errors say about it: both clients, environment and sessions, ``fetch``."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
import requests
from client_calls import CANARY, QUICK, SEND, SOON
from misbehaving_server import SENT, Faulty, closed_url, drop, http, stall

from skymms import Account, Client, TransportError
from skymms.aio import AsyncClient
from skymms.cellcast import Balance, CellcastAccount
from skymms.transport.proxies import environment_proxy

pytestmark = pytest.mark.compat

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class TestRules:
    PROXY = "http://proxy.example:3128"

    @pytest.mark.parametrize(
        ("no_proxy", "host", "direct"),
        [
            ("", "gateway.example", False),
            ("*", "gateway.example", True),
            ("gateway.example", "gateway.example", True),
            ("example", "gateway.example", True),
            (".example", "gateway.example", True),
            ("way.example", "gateway.example", False),
            ("other.example, gateway.example", "gateway.example", True),
            ("gateway.example:8080", "gateway.example:8080", True),
            ("gateway.example:8080", "gateway.example:8081", False),
            ("10.0.0.0/8", "10.1.2.3", True),
            ("10.0.0.0/8", "10.1.2.3:8080", True),
            ("10.1.2.3/8", "10.9.9.9", True),
            ("10.0.0.0/8", "11.1.2.3", False),
            ("other.example, 10.0.0.0/8", "10.1.2.3", True),
            ("10.1.2.3", "10.1.2.3", True),
            ("fd00::/8", "[fd00::1]", True),
            ("[fd00::1]", "[fd00::1]:8080", True),
            ("fd00::/8", "[2001:db8::1]", False),
            ("10.0.0.0/8", "[fd00::1]", False),
            ("10.0.0.0/99", "10.1.2.3", False),
            # This machine, whatever no_proxy says.
            ("", "127.0.0.1", True),
            ("", "127.8.9.10:8080", True),
            ("", "localhost:8080", True),
            ("", "LOCALHOST.", True),
            ("", "sandbox.localhost", True),
            ("", "[::1]:8080", True),
            ("", "ada:secret@127.0.0.1", True),
            # Not this machine.
            ("", "localhost.example", False),
            ("", "127.0.0.1.example", False),
            ("", "10.1.2.3", False),
        ],
    )
    @pytest.mark.parametrize("upper", [False, True])
    def test_no_proxy_and_this_machine(self, monkeypatch, no_proxy, host, direct, upper):
        monkeypatch.setenv("HTTP_PROXY", self.PROXY)
        monkeypatch.setenv("NO_PROXY" if upper else "no_proxy", no_proxy)
        expected = None if direct else self.PROXY
        assert environment_proxy(f"http://{host}/x") == expected
        with (
            requests.Session() as session,
            Client(Account(CANARY, allow_http=True, url=f"http://{host}/x"), session=session) as client,
        ):
            assert client._environment()["proxies"].get("http") == expected

    @pytest.mark.parametrize(
        ("variable", "scheme", "used"),
        [
            ("HTTP_PROXY", "http", True),
            ("HTTP_PROXY", "https", False),
            ("HTTPS_PROXY", "https", True),
            ("HTTPS_PROXY", "http", False),
            ("ALL_PROXY", "http", True),
            ("ALL_PROXY", "https", True),
        ],
    )
    def test_the_variable_for_the_scheme_is_used(self, monkeypatch, variable, scheme, used):
        monkeypatch.setenv(variable, self.PROXY)
        assert (environment_proxy(f"{scheme}://gateway.example/") is not None) == used


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
class TestThisMachine:
    """A sandbox on this machine is reached although the environment names a proxy, which could not reach it."""

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
    def test_calls_and_downloads_do_not_go_through_the_proxy(self, kind, monkeypatch, variable, host):
        with Faulty(http(SENT)) as gateway, Faulty(http(SENT)) as proxy:
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
            url = gateway.url.replace("127.0.0.1", host)
            with kind(Account(CANARY, allow_http=True, url=url), timeout=SOON, retries=0) as client:
                client.call(SEND)
                client.fetch(url)
        assert (len(gateway.requests), len(proxy.requests)) == (2, 0)

    def test_cellcast_calls_do_not_go_through_the_proxy(self, kind, monkeypatch, variable):
        with Faulty(stall) as gateway, Faulty(http(SENT)) as proxy:
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
            account = CellcastAccount(CANARY, generation="v3", url=f"http://127.0.0.1:{gateway.port}/api")
            with kind(account, timeout=SOON, retries=0) as client, pytest.raises(TransportError):
                client.call(Balance())
        assert (len(gateway.requests), len(proxy.requests)) == (1, 0)

    @pytest.mark.parametrize("trust_env", [True, False])
    def test_sessions_of_the_caller_do_not_go_through_the_proxy(self, monkeypatch, variable, trust_env):
        async def job(url: str) -> None:
            async with (
                aiohttp.ClientSession(trust_env=trust_env) as session,
                AsyncClient(Account(CANARY, allow_http=True, url=url), timeout=SOON, session=session) as client,
            ):
                await client.call(SEND)
                await client.fetch(url)

        with Faulty(http(SENT)) as gateway, Faulty(http(SENT)) as proxy, requests.Session() as session:
            session.trust_env = trust_env
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
            with Client(Account(CANARY, allow_http=True, url=gateway.url), timeout=SOON, session=session) as client:
                client.call(SEND)
                client.fetch(gateway.url)
            asyncio.run(job(gateway.url))
        assert (len(gateway.requests), len(proxy.requests)) == (4, 0)


class TestProxyOfASession:
    """Nor do requests to this machine go through a proxy of a session, unless it is given for this very host."""

    def test_a_proxy_for_all_hosts_is_not_used(self):
        async def job(url: str, proxy: str) -> None:
            async with (
                aiohttp.ClientSession(proxy=proxy) as session,
                AsyncClient(Account(CANARY, allow_http=True, url=url), timeout=SOON, session=session) as client,
            ):
                await client.call(SEND)

        with Faulty(http(SENT)) as gateway, Faulty(http(SENT)) as proxy, requests.Session() as session:
            session.proxies = {"http": f"http://127.0.0.1:{proxy.port}"}
            with Client(Account(CANARY, allow_http=True, url=gateway.url), timeout=SOON, session=session) as client:
                client.call(SEND)
            asyncio.run(job(gateway.url, f"http://127.0.0.1:{proxy.port}"))
        assert (len(gateway.requests), len(proxy.requests)) == (2, 0)

    def test_a_proxy_for_this_host_is_used(self):
        with Faulty(http(SENT)) as gateway, Faulty(http(SENT)) as proxy, requests.Session() as session:
            session.proxies = {"http://127.0.0.1": f"http://127.0.0.1:{proxy.port}"}
            with Client(Account(CANARY, allow_http=True, url=gateway.url), timeout=SOON, session=session) as client:
                client.call(SEND)
        assert (len(gateway.requests), len(proxy.requests)) == (0, 1)

    @pytest.mark.skymms_live  # the proxy is on this machine, so nothing leaves it
    def test_the_environment_of_an_aiohttp_session_and_networks_in_no_proxy(self, monkeypatch):
        async def job(url: str) -> Any:
            async with (
                aiohttp.ClientSession(trust_env=True) as session,
                AsyncClient(Account(CANARY, allow_http=True, url=url), timeout=SOON, retries=0, session=session) as client,
            ):
                return await client.call(SEND)

        with Faulty(http(SENT)) as proxy:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
            asyncio.run(job("http://gateway.example/"))
            assert len(proxy.requests) == 1
            # A network for documentation: there is no route to it, or nobody responds.
            monkeypatch.setenv("no_proxy", "192.0.2.0/24")
            with pytest.raises(TransportError, match=r"nothing was sent|may have arrived"):
                asyncio.run(job("http://192.0.2.1/"))
        assert len(proxy.requests) == 1


@pytest.mark.skymms_live  # the proxies are on this machine, so nothing leaves it
class TestErrors:
    """Errors name the proxy, without its user name and password."""

    @staticmethod
    def error(kind: Any, scheme: str = "http") -> TransportError:
        account = Account(CANARY, allow_http=True, url=f"{scheme}://gateway.example/x")
        with kind(account, timeout=SOON, retries=QUICK) as client, pytest.raises(TransportError) as raised:
            client.call(SEND)
        assert "secret" not in str(raised.value)
        with kind(account, timeout=SOON, retries=QUICK) as client, pytest.raises(TransportError) as download:
            client.fetch(f"{scheme}://gateway.example/x")
        assert "secret" not in str(download.value)
        assert "through the proxy" not in str(raised.value) or "through the proxy" in str(download.value)
        return raised.value

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_proxy_that_refuses_connections(self, kind, monkeypatch, scheme):
        address = closed_url().removeprefix("http://").rstrip("/")
        monkeypatch.setenv("ALL_PROXY", f"http://ada:secret@{address}")
        error = self.error(kind, scheme)
        assert f"no connection to {scheme}://gateway.example/x through the proxy http://{address}: " in str(error)
        assert "Connection refused" in str(error) or "Connect call failed" in str(error)
        assert not error.sent_maybe

    @pytest.mark.parametrize("act", [drop, stall])
    def test_a_proxy_that_does_not_respond(self, kind, monkeypatch, act):
        with Faulty(act) as proxy:
            monkeypatch.setenv("HTTP_PROXY", f"http://ada:secret@127.0.0.1:{proxy.port}")
            error = self.error(kind)
            assert f"http://gateway.example/x through the proxy http://127.0.0.1:{proxy.port}" in str(error)
        assert error.sent_maybe

    def test_a_proxy_that_refuses_the_tunnel(self, kind, monkeypatch):
        with Faulty(http(b"", "407 Proxy Authentication Required", Connection="close")) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://ada:secret@127.0.0.1:{proxy.port}")
            error = self.error(kind, "https")
            assert f"the proxy http://127.0.0.1:{proxy.port} did not connect to https://gateway.example/x" in str(error)
        assert not error.sent_maybe


@pytest.mark.skymms_live  # the proxies are on this machine, so nothing leaves it
class TestProxyThatCannotBeUsed:
    """The request, with the API key in it, is not written to a proxy that speaks another protocol."""

    @pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "nonsense"])
    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    @pytest.mark.parametrize("variable", ["ALL_PROXY", "HTTP_PROXY"])
    def test_nothing_is_sent_to_it(self, kind, monkeypatch, scheme, dialect, variable):
        with Faulty(http(SENT)) as proxy:
            monkeypatch.setenv(variable, f"{scheme}://ada:secret@127.0.0.1:{proxy.port}")
            account = Account(CANARY, dialect=dialect, allow_http=True, url="http://gateway.example/x")
            with kind(account, timeout=SOON, retries=QUICK) as client:
                for job in (lambda: client.call(SEND), lambda: client.fetch("http://gateway.example/x")):
                    with pytest.raises(TransportError) as raised:
                        job()
                    assert not raised.value.sent_maybe
                    text = str(raised.value)
                    assert f"the proxy {scheme}://127.0.0.1:{proxy.port} cannot be used; nothing was sent" in text
                    assert "requests[socks]" in text
            assert proxy.connections == 0

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    def test_nothing_is_sent_to_that_of_an_aiohttp_session(self, dialect):
        async def job(proxy: str) -> TransportError:
            async with aiohttp.ClientSession(proxy=proxy) as session:
                account = Account(CANARY, dialect=dialect, allow_http=True, url="http://gateway.example/x")
                with pytest.raises(TransportError, match="cannot be used; nothing was sent") as raised:
                    await AsyncClient(account, session=session, timeout=SOON, retries=QUICK).call(SEND)
            return raised.value

        with Faulty(http(SENT)) as proxy:
            assert not asyncio.run(job(f"socks5://127.0.0.1:{proxy.port}")).sent_maybe
            assert proxy.connections == 0

    @pytest.mark.parametrize("address", ["http://", "http://[", "http://127.0.0.1:99999999"])
    def test_an_address_that_is_not_a_url_sent_nothing(self, kind, monkeypatch, address):
        monkeypatch.setenv("HTTP_PROXY", address)
        account = Account(CANARY, dialect="skycore-get", allow_http=True, url="http://gateway.example/x")
        with kind(account, timeout=SOON, retries=QUICK) as client, pytest.raises(TransportError) as raised:
            client.call(SEND)
        assert not raised.value.sent_maybe
        assert "the proxy http://" in str(raised.value)
