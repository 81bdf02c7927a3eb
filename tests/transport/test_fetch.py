"""``client.fetch``: one request for the file behind a link, without the account's key and without the session's secrets."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
import requests
from client_calls import CANARY, SEND, SOON
from misbehaving_server import SENT, Faulty, bomb, closed_url, drip_body, drop, endless, half, http, reset, stall

from skymms import Account, Client, ConfigurationError, ProtocolError, TransportError, read_report
from skymms.aio import AsyncClient
from skymms.sandbox import Sandbox
from skymms.transport.fetching import link_request

pytestmark = pytest.mark.compat


@pytest.fixture
def client(kind: Any) -> Iterator[Any]:
    with kind(Account(CANARY, dialect="sinch-json"), timeout=SOON) as client:
        yield client


class TestFetching:
    def test_fetch_returns_the_file_and_does_not_send_the_key(self, client: Any) -> None:
        with Faulty(http(b"x" * 100)) as server:
            assert client.fetch(f"{server.url}?day=1%2B1&signature=a%2Fb%3D") == b"x" * 100
        (request,) = server.requests
        # The URL is sent as the gateway wrote it, because its signature covers the exact characters.
        assert request.startswith(b"GET /API/wxml/1.3/index.php?day=1%2B1&signature=a%2Fb%3D HTTP/1.1\r\n")
        assert CANARY.encode() not in request
        assert b"x-api-key" not in request.lower()
        assert b"user-agent: skymms/" in request.lower()
        assert b"accept-encoding: identity" in request.lower()

    def test_fetch_escapes_spaces_and_other_letters(self, client: Any) -> None:
        with Faulty(http(b"x")) as server:
            assert client.fetch(f"http://127.0.0.1:{server.port}/März 1.xml") == b"x"
        assert server.requests[0].startswith(b"GET /M%C3%A4rz%201.xml HTTP/1.1\r\n")

    def test_fetch_reads_a_large_file_and_uses_its_connection_again(self, client: Any) -> None:
        long = bytes(range(256)) * 4096
        with Faulty(http(long)) as server:
            assert client.fetch(server.url) == client.fetch(server.url) == long
        assert server.connections == 1

    def test_fetch_stops_at_the_limit(self, client: Any) -> None:
        with Faulty(http(b"x" * 100)) as server:
            assert client.fetch(server.url, limit=100) == b"x" * 100
            with pytest.raises(ProtocolError, match="longer than 99 bytes"):
                client.fetch(server.url, limit=99)

    @pytest.mark.parametrize("act", [bomb(), endless], ids=["decompression bomb", "endless body"])
    def test_fetch_stops_a_hostile_response_at_the_limit(self, client: Any, act: Any) -> None:
        with Faulty(act) as server, pytest.raises(ProtocolError, match="longer than 1,000 bytes"):
            client.fetch(server.url, limit=1000)

    def test_fetch_decompresses_a_file(self, client: Any) -> None:
        with Faulty(http(gzip.compress(b"<RESPONSE/>"), Content_Encoding="gzip")) as server:
            assert read_report(client.fetch(server.url)) == ()

    @pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
    def test_fetch_does_not_follow_redirects(self, client: Any, status: str) -> None:
        with (
            Faulty(http(b"x")) as elsewhere,
            Faulty(http(b"", status, Location=elsewhere.url)) as server,
            pytest.raises(ProtocolError, match=status[:3]) as caught,
        ):
            client.fetch(server.url)
        assert (caught.value.status, len(server.requests), elsewhere.requests) == (int(status[:3]), 1, [])

    def test_fetch_reports_the_status_of_a_missing_file(self, kind: Any) -> None:
        with Sandbox() as sandbox, kind(sandbox.account(), timeout=10) as client, pytest.raises(ProtocolError, match="404"):
            client.fetch(f"{sandbox.url}/reports/none.xml")

    @pytest.mark.parametrize("fault", [drop, reset, stall, half, drip_body])
    def test_fetch_requests_the_file_once_on_a_kept_connection(self, client: Any, fault: Any) -> None:
        with Faulty(http(b"x"), fault) as server:
            client.fetch(server.url)
            with pytest.raises(TransportError) as caught:
                client.fetch(f"{server.url}?token=canary")
        assert len(server.requests) == 2
        assert not caught.value.sent_maybe
        assert "canary" not in str(caught.value)

    def test_fetch_reports_a_refused_connection(self, client: Any) -> None:
        with pytest.raises(TransportError, match="no connection") as caught:
            client.fetch(f"{closed_url()}1.xml")
        assert not caught.value.sent_maybe

    def test_fetch_on_a_closed_client_sends_nothing(self, kind: Any) -> None:
        with Faulty(http(b"x")) as server:
            with kind(Account(CANARY)) as client:
                client.fetch(server.url)
            with pytest.raises(TransportError, match="closed; nothing was sent"):
                client.fetch(server.url)
        assert len(server.requests) == 1

    @pytest.mark.parametrize("link", ["", "file:///etc/passwd", "http://[::1/"])
    def test_fetch_refuses_text_that_is_not_an_http_url(self, client: Any, link: str) -> None:
        with pytest.raises(ConfigurationError, match="not an http or https URL"):
            client.fetch(link)


@pytest.mark.parametrize(
    "link",
    [None, "ftp://a.example/1.xml", "//a.example/1", "https://", "nonsense", "http://a:b/", "http://a b/", "http://a/\n"],
)
def test_a_link_must_be_an_http_url(link: Any) -> None:
    with pytest.raises(ConfigurationError, match="not an http or https URL"):
        link_request(link)


class TestSessionOfTheCaller:
    def test_fetch_does_not_send_headers_credentials_and_cookies_of_a_requests_session(self) -> None:
        with Faulty(http(b"x", Set_Cookie="again=canary")) as server, requests.Session() as session:
            session.headers["X-Secret"] = "canary"
            session.auth = ("ada", "canary")
            session.cookies.set("token", "canary", domain="127.0.0.1")
            with Client(Account(CANARY), session=session) as client:
                assert client.fetch(server.url) == client.fetch(server.url) == b"x"
        assert_bare(server)

    def test_fetch_does_not_send_headers_credentials_and_cookies_of_an_aiohttp_session_or_run_its_middlewares(self) -> None:
        async def sign(request: Any, handler: Any) -> Any:
            request.headers["X-Signed"] = "canary"
            return await handler(request)

        async def job(server: Faulty) -> None:
            jar = aiohttp.CookieJar(unsafe=True)
            secret = {"X-Secret": "canary", "Authorization": "Basic canary"}
            async with aiohttp.ClientSession(headers=secret, cookie_jar=jar, middlewares=(sign,)) as session:
                jar.update_cookies({"token": "canary"})
                async with AsyncClient(Account(CANARY), session=session) as client:
                    assert await client.fetch(server.url) == await client.fetch(server.url) == b"x"
                assert not session.closed
                assert session.connector is not None
                assert not session.connector.closed
                assert [cookie.key for cookie in jar] == ["token"], "cookies of the response are not kept"

        with Faulty(http(b"x", Set_Cookie="again=canary")) as server:
            asyncio.run(asyncio.wait_for(job(server), 30))
        assert_bare(server)
        assert server.connections == 1, "the connections of the session are used"

    @pytest.mark.skymms_live  # the proxy is on this machine, so nothing leaves it
    def test_fetch_uses_the_proxy_of_an_aiohttp_session(self) -> None:
        async def job(server: Faulty) -> bytes:
            async with aiohttp.ClientSession(proxy=f"http://127.0.0.1:{server.port}") as session:
                return await AsyncClient(Account(CANARY), session=session).fetch("http://reports.example/1.xml")

        with Faulty(http(b"x")) as server:
            assert asyncio.run(asyncio.wait_for(job(server), 30)) == b"x"
        assert server.requests[0].startswith(b"GET http://reports.example/1.xml HTTP/1.1\r\n")


@pytest.mark.skymms_live  # the proxy is on this machine, so nothing leaves it
class TestProxyOfTheEnvironment:
    @pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
    @pytest.mark.parametrize("scheme", ["http://", ""])
    def test_the_proxy_of_the_environment_is_used_for_calls(
        self, kind: Any, monkeypatch: pytest.MonkeyPatch, name: str, scheme: str
    ) -> None:
        for other in ("no_proxy", "NO_PROXY", "http_proxy", "HTTP_PROXY"):
            monkeypatch.delenv(other, raising=False)
        with Faulty(http(SENT)) as server:
            monkeypatch.setenv(name, f"{scheme}127.0.0.1:{server.port}")
            account = Account(CANARY, url="http://ada:secret@gateway.example/api", allow_http=True)
            with kind(account, timeout=SOON, retries=0) as client:
                client.call(SEND)
        assert server.requests[0].startswith(b"POST http://gateway.example/api HTTP/1.1")

    @pytest.mark.parametrize("direct", ["gateway.example", "reports.example"])
    def test_the_proxy_of_the_environment_is_not_used_for_hosts_in_no_proxy(
        self, kind: Any, monkeypatch: pytest.MonkeyPatch, direct: str
    ) -> None:
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.setenv("no_proxy", direct)
        with Faulty(http(SENT)) as server:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
            account = Account(CANARY, url="http://gateway.example/api", allow_http=True)
            with kind(account, timeout=(5, 5), retries=0) as client:
                done = {}
                for name, job in (
                    ("gateway.example", lambda: client.call(SEND)),
                    ("reports.example", lambda: client.fetch("http://reports.example/1.xml")),
                ):
                    try:
                        job()
                    except TransportError:  # the host does not exist
                        done[name] = "directly"
                    else:
                        done[name] = "through the proxy"
        assert done.pop(direct) == "directly"
        assert list(done.values()) == ["through the proxy"]
        assert len(server.requests) == 1


def assert_bare(server: Faulty) -> None:
    assert len(server.requests) == 2
    assert not [request for request in server.requests if b"canary" in request]
