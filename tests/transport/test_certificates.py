"""Files of certificates that cannot be used: nothing was sent, and the error names the file and the setting that names it."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from typing import Any

import aiohttp
import pytest
import requests
from client_calls import CANARY, QUICK, SEND
from misbehaving_server import CERTIFICATE, SENT, Faulty, http

from skymms import Account, Client, TransportError
from skymms.aio import AsyncClient

pytestmark = pytest.mark.compat

VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def files(tmp_path) -> dict[str, str]:
    """Files that are not of certificates, by what is wrong with them."""
    (tmp_path / "empty.pem").write_bytes(b"")
    (tmp_path / "garbage.pem").write_bytes(b"\x00\x01 not a certificate")
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return {name: str(tmp_path / f"{name}.pem") for name in ("missing", "empty", "garbage", "broken")}


def refusal(client: Client, url: str) -> str:
    """Return the error of a call and of a download, both of which sent nothing."""
    with pytest.raises(TransportError, match="nothing was sent") as raised:
        client.call(SEND)
    assert not raised.value.sent_maybe
    with pytest.raises(TransportError) as download:
        client.fetch(url)
    assert str(download.value) == str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
class TestRequests:
    @pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
    @pytest.mark.parametrize("wrong", ["missing", "empty", "garbage", "broken"])
    def test_a_file_that_a_variable_names(self, monkeypatch, files, dialect, variable, wrong):
        monkeypatch.setenv(variable, files[wrong])
        with Faulty(http(SENT), tls=True) as server:
            with Client(Account(CANARY, dialect=dialect, url=server.url), retries=QUICK) as client:
                text = refusal(client, server.url)
            assert len(server.requests) == 0
            assert server.connections <= 2, "it is not retried"
        assert text.startswith(f"{variable} names the file {files[wrong]}, which cannot be used (")
        if wrong == "missing":
            assert "(No such file or directory)" in text

    @pytest.mark.parametrize("wrong", ["missing", "empty", "garbage", "broken"])
    def test_a_file_of_the_session(self, files, dialect, wrong):
        with Faulty(http(SENT), tls=True) as server, requests.Session() as session:
            session.verify = files[wrong]
            with Client(Account(CANARY, dialect=dialect, url=server.url), session=session, retries=QUICK) as client:
                text = refusal(client, server.url)
            assert len(server.requests) == 0
        assert text.startswith(f"the session's verify names the file {files[wrong]}, which cannot be used (")

    @pytest.mark.parametrize("wrong", ["missing", "empty", "garbage", "broken"])
    @pytest.mark.parametrize("pair", ["both", "certificate", "key"])
    def test_a_client_certificate(self, files, dialect, wrong, pair):
        with Faulty(http(SENT), tls=True) as server, requests.Session() as session:
            session.verify = str(CERTIFICATE)
            right = str(CERTIFICATE)
            session.cert = {"both": files[wrong], "certificate": (files[wrong], right), "key": (right, files[wrong])}[pair]
            with Client(Account(CANARY, dialect=dialect, url=server.url), session=session, retries=QUICK) as client:
                text = refusal(client, server.url)
            assert len(server.requests) == 0
        assert text.startswith("the session's cert names the file ")
        assert files[wrong] in text

    def test_a_certificate_that_is_not_trusted(self, dialect):
        with Faulty(http(SENT), tls=True) as server:
            with Client(Account(CANARY, dialect=dialect, url=server.url), retries=QUICK) as client:
                text = refusal(client, server.url)
            assert len(server.requests) == 0
        assert text == f"the certificate of {server.url} is not trusted; nothing was sent"

    def test_files_that_can_be_used(self, dialect):
        with Faulty(http(SENT), tls=True) as server, requests.Session() as session:
            session.verify, session.cert = str(CERTIFICATE), str(CERTIFICATE)
            with Client(Account(CANARY, dialect=dialect, url=server.url), session=session) as client:
                client.call(SEND)
        assert len(server.requests) == 1


class TestAiohttp:
    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    @pytest.mark.parametrize("wrong", ["missing", "empty", "garbage", "broken"])
    def test_a_file_that_the_environment_names(self, monkeypatch, files, dialect, wrong):
        # aiohttp reads the variable when it is imported, and OpenSSL ignores a file that it cannot read.
        program = (
            "import sys, asyncio\n"
            "from skymms import *\nfrom skymms.aio import AsyncClient\n"
            "async def job():\n"
            f"    client = AsyncClient(Account('a-key-of-a-test', dialect={dialect!r}, url=sys.argv[1]), retries=3)\n"
            "    try: await client.call(SendMMS(Slideshow('n', subject='s').slide('x'), to='15551234888', sender='60856'))\n"
            "    except TransportError as error: print(error.sent_maybe, error)\n"
            "    await client.close()\n"
            "asyncio.run(job())\n"
        )
        monkeypatch.setenv("SSL_CERT_FILE", files[wrong])
        with Faulty(http(SENT), tls=True) as server:
            ended = subprocess.run(
                [sys.executable, "-c", program, server.url], capture_output=True, text=True, check=True, timeout=60
            )
            assert len(server.requests) == 0
            assert server.connections == 1
        assert ended.stdout.startswith(f"False the certificate of {server.url} is not trusted; nothing was sent: ")
        assert f"SSL_CERT_FILE names the file {files[wrong]}, which cannot be used (" in ended.stdout

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    @pytest.mark.parametrize("trusted", ["nothing", "this file"])
    def test_a_session_that_trusts_another_certificate(self, dialect, trusted):
        settings: dict[str, Any] = {
            "nothing": True,
            "this file": ssl.create_default_context(cafile=requests.utils.DEFAULT_CA_BUNDLE_PATH),
        }

        async def job(url: str) -> TransportError:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=settings[trusted])) as session:
                client = AsyncClient(Account(CANARY, dialect=dialect, url=url), session=session, retries=QUICK)
                with pytest.raises(TransportError, match="is not trusted; nothing was sent") as raised:
                    await client.call(SEND)
            return raised.value

        with Faulty(http(SENT), tls=True) as server:
            assert not asyncio.run(job(server.url)).sent_maybe
            assert len(server.requests) == 0

    @pytest.mark.parametrize("dialect", ["skycore", "skycore-get"])
    def test_a_certificate_with_another_fingerprint(self, dialect):
        async def comparing(request: Any, handler: Any) -> Any:
            raise aiohttp.ServerFingerprintMismatch(b"expected", b"got", request.url.host, request.url.port)

        async def job() -> TransportError:
            async with aiohttp.ClientSession(middlewares=(comparing,)) as session:
                client = AsyncClient(
                    Account(CANARY, dialect=dialect, url="https://127.0.0.1:1/"), session=session, retries=QUICK
                )
                with pytest.raises(TransportError, match="is not trusted; nothing was sent") as raised:
                    await client.call(SEND)
            return raised.value

        assert not asyncio.run(job()).sent_maybe
