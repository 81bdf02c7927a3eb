"""docs/how-to/mock-and-record.md: what records and replaces the requests of skymms, and that a recording has no key."""

from __future__ import annotations

import asyncio
import gzip
import io
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import betamax
import pook
import pytest
import requests
import requests_mock
import responses
import vcr
from misbehaving_server import CERTIFICATE, SENT, Faulty, closed_url, drip_body, drop, http, stall
from mocket import Mocketizer
from mocket.mocks.mockhttp import Entry
from PIL import Image
from recipe_pages import run_page
from requests.adapters import HTTPAdapter
from vcr.record_mode import RecordMode

from skymms import Account, Client, ConfigurationError, SendMMS, SkymmsError, Slide, Slideshow, TransportError
from skymms.aio import AsyncClient
from skymms.cellcast import CellcastSend
from skymms.media import preflight
from skymms.sandbox import Sandbox
from skymms.transport import guard, recorders

KEY = "5fa1c0de0123456789abcdef5fa1c0de"
SHOW = Slideshow("welcome", subject="Welcome", fallback_text="Welcome").slide("Hi!")
MESSAGE = SendMMS(SHOW, to="15551234888", sender="60856")
ACCEPTED = SENT.decode()
AWAY = "http://gateway.test/API/wxml/1.3/index.php"
DIALECTS = ("skycore", "skycore-get", "sinch", "sinch-json", "cellcast-v3", "cellcast-v1")
MESSAGES: dict[str, Any] = {
    "skycore": MESSAGE,
    "skycore-get": MESSAGE,
    "sinch": SendMMS(SHOW, to="15551234888", sender="60856", service_id="1"),
    "sinch-json": SendMMS(SHOW, to="15551234888", sender="60856", service_id="1"),
    "cellcast-v3": CellcastSend(
        Slideshow("n", subject="Hi").slide("Hi!", image="https://media.example/a.jpg"), to=["0491570156"]
    ),
    # A file of bytes that are no text.
    "cellcast-v1": CellcastSend(Slide("Hi!"), to=["0491570156"], media=b"\xff\xd8\xff\xe0\0\x10JFIF\0"),
}


def call(account: Any, message: Any = MESSAGE, **options: Any) -> Any:
    with Client(account, **{"retries": 0, "timeout": 5, **options}) as client:
        return client.call(message)


def call_async(account: Any, message: Any = MESSAGE, **options: Any) -> Any:
    async def job() -> Any:
        async with AsyncClient(account, **{"retries": 0, "timeout": 5, **options}) as client:
            return await client.call(message)

    return asyncio.run(job())


Call = Callable[..., Any]
both_clients = pytest.mark.parametrize("send", [call, call_async], ids=["Client", "AsyncClient"])


def cassette(path: Path, mode: str = "once") -> Any:
    """A cassette as the page makes it."""
    recorder = vcr.VCR(filter_sensitive_data={"API-KEY": KEY}, match_on=["method", "uri", "body"], record_mode=RecordMode(mode))
    return recorder.use_cassette(str(path))


# ------------------------------------------------------------------------------------------------ VCR.py


def test_the_page_records_once_and_replays_without_sending(gateway: Sandbox) -> None:
    page = run_page("how-to/mock-and-record.md")
    assert len(page.gateway.sent) == 1
    assert "API-KEY" in Path("welcome.yaml").read_text(encoding="utf-8")
    page.gateway.close()


def test_the_page_can_be_run_again_with_its_cassette(gateway: Sandbox) -> None:
    run_page("how-to/mock-and-record.md").gateway.close()
    page = run_page("how-to/mock-and-record.md")
    assert page.gateway.sent == []
    page.gateway.close()


@both_clients
def test_the_error_says_what_differs_from_the_recording(send: Call, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with Sandbox(KEY) as sandbox, cassette(path):
        send(sandbox.account())
    host = urlsplit(sandbox.url).netloc

    def differs(account: Any, message: Any) -> str:
        with cassette(path, "none"), pytest.raises(ConfigurationError, match="delete the file to record it again") as raised:
            send(account, message)
        return str(raised.value)

    with Sandbox(KEY) as other:
        assert f"in the address (recorded from {host});" in differs(other.account(), MESSAGE)
        assert "in the body;" in differs(sandbox.account(), replace(MESSAGE, to="15551234999"))
        assert other.counts["requests"] == 0


@both_clients
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_recording_has_no_key_and_replays_when_the_gateway_is_gone(send: Call, dialect: Any, tmp_path: Path) -> None:
    path = tmp_path / "cassette.yaml"
    with Sandbox(KEY) as sandbox:
        account: Any = sandbox.account(dialect)
        with cassette(path):
            recorded = send(account, MESSAGES[dialect])
        assert len(sandbox.sent) == 1
        with cassette(path, "none"):
            assert send(account, MESSAGES[dialect]) == recorded
        assert len(sandbox.sent) == 1
    with cassette(path, "none"):
        assert send(account, MESSAGES[dialect]) == recorded
    text = path.read_text(encoding="utf-8")
    assert KEY not in text
    assert "API-KEY" in text


@both_clients
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_request_that_is_not_in_the_cassette_is_refused_and_not_sent(send: Call, dialect: Any, tmp_path: Path) -> None:
    with Sandbox(KEY) as sandbox, cassette(tmp_path / "none.yaml", "none"):
        with pytest.raises(ConfigurationError, match=r"no response left for (POST|GET) http://") as raised:
            send(sandbox.account(dialect), MESSAGES[dialect], retries=3)
        assert sandbox.counts["requests"] == 0
    assert not raised.value.sent_maybe
    assert KEY not in str(raised.value)
    assert raised.value.__suppress_context__


@both_clients
@pytest.mark.parametrize("mode", ["none", "once"])
def test_a_second_request_is_refused_after_the_recorded_one_was_replayed(send: Call, mode: str, tmp_path: Path) -> None:
    with Sandbox(KEY) as sandbox:
        with cassette(tmp_path / "one.yaml"):
            send(sandbox.account())
        with cassette(tmp_path / "one.yaml", mode):
            send(sandbox.account())
            with pytest.raises(ConfigurationError, match="record it again"):
                send(sandbox.account())
        assert len(sandbox.sent) == 1


def test_one_client_sends_before_records_within_replays_within_and_sends_after(tmp_path: Path) -> None:
    with Sandbox(KEY) as sandbox, Client(sandbox.account()) as client:
        client.call(MESSAGE)
        with cassette(tmp_path / "a.yaml"):
            recorded = client.call(MESSAGE)
            with cassette(tmp_path / "inner.yaml"):
                client.call(MESSAGE)
        client.call(MESSAGE)
        with cassette(tmp_path / "a.yaml", "none"):
            assert client.call(MESSAGE) == recorded
        client.call(MESSAGE)
        assert len(sandbox.sent) == 5
        # One connection for all that was sent outside, and no class of a cassette left behind.
        assert recorders.connection_class("http", dict) is dict
        assert client.call(MESSAGE).tracking_id != recorded.tracking_id


def test_a_client_that_is_imported_within_a_cassette_is_not_tied_to_it(tmp_path: Path) -> None:
    script = f"""
import vcr
from skymms import *

message = SendMMS(Slideshow("n", subject="s").slide("Hi!"), to="15551234888", sender="60856")
from skymms.sandbox import Sandbox

with Sandbox("{KEY}") as sandbox:
    with vcr.use_cassette({str(tmp_path / "a.yaml")!r}) as cassette:
        with Client(sandbox.account()) as client:
            client.call(message)
        assert len(cassette) == 1
    with Client(sandbox.account()) as client:
        client.call(message)
        client.call(message)
    assert (len(cassette), len(sandbox.sent)) == (1, 3)
    from skymms.transport.connections import TimedHTTP, TimedHTTPS
    assert not hasattr(TimedHTTP, "cassette") and not hasattr(TimedHTTPS, "cassette")
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_session_of_the_caller_is_recorded_too(tmp_path: Path) -> None:
    with Sandbox(KEY) as sandbox, requests.Session() as session:
        session.trust_env = False
        with cassette(tmp_path / "a.yaml"):
            recorded = call(sandbox.account(), session=session)
        with cassette(tmp_path / "a.yaml", "none"):
            assert call(sandbox.account(), session=session) == recorded
        assert len(sandbox.sent) == 1


@both_clients
def test_a_compressed_response_is_replayed(send: Call, tmp_path: Path) -> None:
    body = gzip.compress(SENT)
    with Faulty(http(body, Content_Encoding="gzip")) as server:
        account = Account(KEY, url=server.url)
        with cassette(tmp_path / "a.yaml"):
            recorded = send(account)
        with cassette(tmp_path / "a.yaml", "none"):
            assert send(account) == recorded
        assert len(server.requests) == 1
    assert recorded.tracking_id == "MMS_12345"


def test_https_is_recorded_with_the_certificate_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Faulty(http(SENT), tls=True) as server:
        account = Account(KEY, url=server.url)
        with cassette(tmp_path / "untrusted.yaml"), pytest.raises(TransportError, match="not trusted") as raised:
            call(account)
        assert not raised.value.sent_maybe
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
        with cassette(tmp_path / "a.yaml"):
            recorded = call(account)
        assert len(server.requests) == 1
    with cassette(tmp_path / "a.yaml", "none"):
        assert call(account) == recorded


def test_time_limits_hold_while_recording(tmp_path: Path) -> None:
    with Faulty(drip_body) as server, cassette(tmp_path / "a.yaml"):
        began = time.monotonic()
        with pytest.raises(TransportError, match="in time") as raised:
            call(Account(KEY, url=server.url), timeout=(5, 0.4), retries=3)
        assert time.monotonic() - began < 15
        assert raised.value.sent_maybe
        assert len(server.requests) == 1


@both_clients
@pytest.mark.parametrize("act", [stall, drop])
def test_a_lost_response_is_not_sent_again_while_recording(send: Call, act: Any, tmp_path: Path) -> None:
    with Faulty(act) as server, cassette(tmp_path / "a.yaml"):
        with pytest.raises(TransportError) as raised:
            send(Account(KEY, url=server.url), timeout=0.4, retries=3)
        assert raised.value.sent_maybe
        assert len(server.requests) == 1


def test_a_connection_that_is_not_made_is_known_not_to_have_sent_while_recording(tmp_path: Path) -> None:
    with cassette(tmp_path / "a.yaml"), pytest.raises(TransportError, match="nothing was sent") as raised:
        call(Account(KEY, url=closed_url()))
    assert not raised.value.sent_maybe


@both_clients
def test_the_guard_lets_a_replay_pass_and_stops_a_recording(
    send: Call, tmp_path: Path, skymms_refused: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(KEY, url=AWAY)
    assert guard.is_active()
    with cassette(tmp_path / "a.yaml"), pytest.raises(ConfigurationError, match="this is a test"):
        send(account)
    assert skymms_refused == ["gateway.test"]
    with Sandbox(KEY) as sandbox:
        local = sandbox.account()
        with cassette(tmp_path / "b.yaml"):
            recorded = send(local)
    written = (tmp_path / "b.yaml").read_text(encoding="utf-8").replace(local.address, AWAY)
    (tmp_path / "b.yaml").write_text(written, encoding="utf-8")
    with cassette(tmp_path / "b.yaml", "none"):
        assert send(account) == recorded
    assert skymms_refused == ["gateway.test"]


def test_the_guard_sees_the_host_behind_a_proxy_while_recording(tmp_path: Path, skymms_refused: list[str]) -> None:
    with Sandbox(KEY) as proxy, requests.Session() as session, cassette(tmp_path / "a.yaml"):
        session.proxies["http"] = proxy.url
        with pytest.raises(ConfigurationError, match="this is a test"):
            call(Account(KEY, url=AWAY), session=session)
        assert proxy.counts["requests"] == 0
    assert skymms_refused == ["gateway.test"]


# ------------------------------------------------------------------------------------------------ files


@pytest.fixture
def picture() -> Iterator[tuple[str, list[str], Callable[[], None]]]:
    """The URL of a picture on a server, the requests for it, and a function that stops the server."""
    content = io.BytesIO()
    Image.new("RGB", (50, 50)).save(content, "PNG")
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(content.getvalue())))
            self.end_headers()
            self.wfile.write(content.getvalue())

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    stopped: list[bool] = []

    def stop() -> None:
        if not stopped:
            stopped.append(True)
            server.shutdown()
            thread.join()
            server.server_close()

    yield f"http://127.0.0.1:{server.server_port}/a.png", asked, stop
    stop()


def test_the_files_of_a_message_are_recorded_and_replayed(picture: Any, tmp_path: Path) -> None:
    url, asked, stop = picture
    show = Slideshow("n", subject="s").slide("Hi", image=url)
    with cassette(tmp_path / "a.yaml"):
        seen = preflight(show, private=True)
    assert seen
    assert seen.files[0].pixels == (50, 50)
    stop()
    # The name of a host is not looked up either.
    written = (tmp_path / "a.yaml").read_text(encoding="utf-8").replace(url, "http://media.test/a.png")
    (tmp_path / "a.yaml").write_text(written, encoding="utf-8")
    with cassette(tmp_path / "a.yaml", "none"):
        again = preflight(Slideshow("n", subject="s").slide("Hi", image="http://media.test/a.png"))
    assert again.files[0].pixels == (50, 50)
    with cassette(tmp_path / "b.yaml", "none"):
        (problem,) = preflight(show, private=True).problems
    assert "no response left for GET" in problem.message
    assert asked == ["/a.png"]


def test_private_addresses_are_refused_while_recording(picture: Any, tmp_path: Path) -> None:
    url, asked, _ = picture
    with cassette(tmp_path / "a.yaml"):
        (problem,) = preflight(Slideshow("n", subject="s").slide("Hi", image=url.replace("127.0.0.1", "localhost"))).problems
    assert asked == []
    assert "port" in problem.message or "public" in problem.message


@both_clients
def test_a_fetched_link_is_recorded_and_replayed(send: Call, picture: Any, tmp_path: Path) -> None:
    url, asked, stop = picture

    def fetch() -> bytes:
        if send is call:
            with Client(Account(KEY)) as client:
                return client.fetch(url)

        async def job() -> bytes:
            async with AsyncClient(Account(KEY)) as client:
                return await client.fetch(url)

        return asyncio.run(job())

    with cassette(tmp_path / "a.yaml"):
        recorded = fetch()
    stop()
    with cassette(tmp_path / "a.yaml", "none"):
        assert fetch() == recorded
        with pytest.raises(ConfigurationError, match="record it again"):
            fetch()
    assert asked == ["/a.png"]


# ------------------------------------------------------------------------------------------------ other libraries


def with_responses(account: Account) -> Any:
    with responses.RequestsMock() as mock:
        mock.post(account.address, body=ACCEPTED)
        return call(account)


def with_requests_mock(account: Account) -> Any:
    with requests_mock.Mocker() as mocker:
        mocker.post(account.address, text=ACCEPTED)
        return call(account)


def with_pook(account: Account) -> Any:
    with pook.use():
        cast(Any, pook).post(account.address, reply=200, response_body=ACCEPTED)
        return call(account)


def with_mocket(account: Account) -> Any:
    with Mocketizer(strict_mode=True):
        Entry.single_register(Entry.POST, account.address, body=ACCEPTED)
        return call(account)


def with_mocket_async(account: Account) -> Any:
    with Mocketizer(strict_mode=True):
        Entry.single_register(Entry.POST, account.address, body=ACCEPTED)
        return call_async(account)


HTTPS = AWAY.replace("http:", "https:")
live = pytest.mark.skymms_live


@pytest.mark.parametrize(
    ("answer", "url"),
    [
        (with_responses, AWAY),
        (with_responses, HTTPS),
        (with_requests_mock, AWAY),
        (with_requests_mock, HTTPS),
        pytest.param(with_pook, AWAY, marks=live),
        pytest.param(with_pook, HTTPS, marks=live),
        # After a TLS connection of this process was real, mocket does not replace the next one.
        pytest.param(with_mocket, AWAY, marks=live),
        pytest.param(with_mocket_async, AWAY, marks=live),
    ],
)
def test_a_library_answers_for_a_gateway_that_does_not_exist(answer: Any, url: str) -> None:
    assert answer(Account(KEY, url=url)).tracking_id == "MMS_12345"


@pytest.mark.parametrize("first", ["recorder", "client"])
def test_betamax_records_the_session_of_a_client(first: str, tmp_path: Path) -> None:
    def record(sandbox: Sandbox, mode: str) -> Any:
        with requests.Session() as session:
            session.trust_env = False
            recorder = betamax.Betamax(session, cassette_library_dir=str(tmp_path))
            if first == "recorder":
                with recorder.use_cassette("a", record=mode), Client(sandbox.account(), session=session) as client:
                    return client.call(MESSAGE)
            with Client(sandbox.account(), session=session) as client, recorder.use_cassette("a", record=mode):
                return client.call(MESSAGE)

    with Sandbox(KEY) as sandbox:
        recorded = record(sandbox, "once")
        assert record(sandbox, "none") == recorded
        assert len(sandbox.sent) == 1


def test_a_session_gets_our_adapter_back_after_a_recorder(tmp_path: Path) -> None:
    with requests.Session() as session, Sandbox(KEY) as sandbox:
        session.trust_env = False
        account = sandbox.account()
        recorder = betamax.Betamax(session, cassette_library_dir=str(tmp_path))
        with Client(account, session=session) as client, Client(account, session=session) as second:
            ours = session.get_adapter(account.address)
            with recorder.use_cassette("a", record="once"):
                client.call(MESSAGE)
                second.call(MESSAGE)
                assert "Betamax" in type(session.get_adapter(account.address)).__name__
            for one in (client, second, client):
                one.call(MESSAGE)
                assert type(session.get_adapter(account.address)) is type(ours)
        assert type(session.get_adapter(account.address)) is HTTPAdapter


def test_an_error_that_is_not_of_a_recorder_is_not_changed() -> None:
    class Odd(Exception):
        pass

    def raise_odd(*arguments: Any, **options: Any) -> None:
        raise Odd

    with requests.Session() as session:
        session.hooks["response"].append(raise_odd)
        with Faulty(http(SENT)) as server, pytest.raises(Odd) as raised:
            call(Account(KEY, url=server.url), session=session)
    assert not isinstance(raised.value, SkymmsError)
    assert cast(Any, raised.value).sent_maybe
