"""What only the client over requests does: sessions of the caller, adapters, proxies, threads, signals.

What both clients do is in tests/transport.
"""

from __future__ import annotations

import logging
import pickle
import signal
import socket
import threading
import time
import traceback
from typing import Any

import pytest
import requests
import requests.adapters
import requests.auth
import requests_mock
import responses
import urllib3
from client_calls import CANARY, QUICK, SEND
from misbehaving_server import SENT, Faulty, closed_url, drip_body, drip_head, drop, http, reset, stall

from skymms import (
    Account,
    AuthenticationError,
    Client,
    ConfigurationError,
    DeleteMMS,
    ListMMS,
    MMSError,
    ProtocolError,
    SaveMMS,
    SendMMS,
    SendSavedMMS,
    SkymmsError,
    Slideshow,
    TransportError,
)
from skymms.sandbox import AT_ONCE, PostbackReceiver, Sandbox
from skymms.transport.requests_adapter import DeadlineAdapter
from skymms.wire.dialects import DialectName

pytestmark = pytest.mark.compat

#: Time-outs that are short enough to wait for, and long enough not to be reached by chance.
SOON = (2.0, 0.6)
#: An account whose requests reach a server of the test only through a proxy.
AWAY = Account(CANARY, url="http://gateway.example/x", allow_http=True)


def client(server: Faulty, dialect: DialectName = "skycore", **options) -> Client:
    options = {"timeout": SOON, "retries": QUICK, **options}
    return Client(Account(CANARY, dialect=dialect, url=server.url), **options)


class TestThreads:
    def test_threads_can_share_a_client(self):
        with Sandbox() as sandbox, Client(sandbox.account()) as calling:
            ids: list[str | None] = []

            def send_some():
                ids.extend(calling.call(SEND).tracking_id for _ in range(20))

            threads = [threading.Thread(target=send_some) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(set(ids)) == len(ids) == len(sandbox.sent) == 160


class TestSecrets:
    @pytest.fixture(params=["skycore", "skycore-get", "sinch"])
    def dialect(self, request):
        return request.param

    def test_the_key_is_not_in_logs_errors_and_reprs(self, dialect, caplog):
        caplog.set_level(logging.DEBUG)
        operation = SendMMS(
            Slideshow("c", subject="s", fallback_text="f").slide("Hi!"),
            to="15551234888",
            sender="60856",
            service_id="12345" if dialect == "sinch" else None,
        )
        echo = f"<html>the request was api_key={CANARY} and {CANARY}</html>".encode()
        with Faulty(http(echo), http(b"", "302 Found", Location="/x"), drop, reset) as server:
            calling = client(server, dialect)
            shown = [repr(calling), repr(calling.account), repr(calling.account.encode(operation))]
            for _ in range(4):
                with pytest.raises(SkymmsError) as raised:
                    calling.call(operation)
                error = raised.value
                shown += [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
                shown.append(repr(pickle.loads(pickle.dumps(error)).__dict__))
            calling.close()
        shown += [record.getMessage() + repr(record.args) for record in caplog.records]
        assert any("urllib3" in record.name for record in caplog.records), "the search must include urllib3's log"
        assert not [line for line in shown if CANARY in line]

    def test_the_key_is_not_in_urllib3s_warning_about_a_malformed_header(self, caplog):
        # urllib3 logs it at WARNING, with the whole URL.
        odd = http(SENT, Connection="close").replace(b"\r\n\r\n", f"\r\nno colon here {CANARY}\r\n\r\n".encode())
        with Faulty(odd) as server, client(server, "skycore-get") as calling:
            calling.call(SEND)
        warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert warnings, "there must be a warning to search"
        assert not [record for record in warnings if CANARY in logging.Formatter().format(record) + repr(record.args)]

    def test_recipients_are_logged_at_debug_only(self, caplog):
        caplog.set_level(logging.DEBUG)
        with Faulty(http(SENT)) as server, client(server) as calling:
            calling.call(SEND)
        ours = [record for record in caplog.records if record.name == "skymms"]
        assert [record.levelname for record in ours if "15551234888" in record.getMessage()] == ["DEBUG"]
        assert [record.levelname for record in ours if "done" in record.getMessage()] == ["INFO"]


class TestInterruptions:
    def test_sent_maybe_is_set_anew_when_the_same_exception_object_is_raised_again(self, monkeypatch):
        # A signal handler may raise the same object again and again.
        signalled = RuntimeError("signal")

        def interrupted(*args):
            raise signalled

        with Faulty(http(SENT), stall) as server, client(server, timeout=(2, 20)) as calling:
            with monkeypatch.context() as patched:
                patched.setattr(socket.socket, "connect", interrupted)
                with pytest.raises(RuntimeError) as first:
                    calling.call(SEND)
            assert (vars(first.value)["sent_maybe"], len(server.requests)) == (False, 0)
            calling.call(SEND)
            before = signal.signal(signal.SIGALRM, interrupted)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.3)
                with pytest.raises(RuntimeError) as second:
                    calling.call(SEND)
            finally:
                signal.signal(signal.SIGALRM, before)
        assert (vars(second.value)["sent_maybe"], len(server.requests)) == (True, 2)


class TestRequestsSession:
    def test_a_session_is_used_with_its_headers_and_left_open(self):
        with Faulty(http(SENT)) as server, requests.Session() as session:
            session.headers["X-Team"] = "coupons"
            with client(server, session=session) as calling:
                calling.call(SEND)
            assert b"X-Team: coupons" in server.requests[0]
            assert type(session.get_adapter(server.url)) is requests.adapters.HTTPAdapter
            assert session.get(server.url).status_code == 200

    def test_a_session_gets_the_deadline_and_sends_once(self):
        with Faulty(drip_head) as server, requests.Session() as session:
            session.mount("http://", requests.adapters.HTTPAdapter(max_retries=3))
            with client(server, session=session) as calling, pytest.raises(TransportError, match="in time"):
                calling.call(SEND)
        assert len(server.requests) == 1

    def test_a_session_keeps_the_deadline_until_its_last_client_is_closed(self):
        with Faulty(http(SENT), drip_head) as server, requests.Session() as session:
            below = Client(Account(CANARY, url=f"{server.url}/below"), session=session, timeout=SOON, retries=0)
            first, second = client(server, session=session), client(server, session=session)
            first.call(SEND)
            first.close()
            first.close()
            started = time.monotonic()
            with pytest.raises(TransportError, match="in time"):
                second.call(SEND)
            assert time.monotonic() - started < 5
            second.close()
            below.close()
            assert type(session.get_adapter(server.url)) is requests.adapters.HTTPAdapter

    def test_a_session_gets_the_deadline_again_when_the_client_is_entered_again(self):
        with Faulty(http(SENT)) as server, requests.Session() as session:
            calling = client(server, session=session)
            for _ in range(2):
                with calling:
                    assert type(session.get_adapter(server.url)) is DeadlineAdapter
                    calling.call(SEND)
                assert type(session.get_adapter(server.url)) is requests.adapters.HTTPAdapter

    def test_a_session_keeps_its_pool_sizes(self):
        with Faulty(http(SENT)) as server, requests.Session() as session:
            session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=2, pool_maxsize=3, pool_block=True))
            with client(server, session=session):
                adapter: Any = session.get_adapter(server.url)
                chosen = adapter.__getstate__()
        assert [chosen[f"_pool_{name}"] for name in ("connections", "maxsize", "block")] == [2, 3, True]

    def test_an_adapter_may_return_responses_that_have_only_read(self):
        class Plain:
            def __init__(self):
                self.left = [SENT, b""]

            def read(self, amount=None):
                return self.left.pop(0) if self.left else b""

            def close(self):
                pass

        class Mine(requests.adapters.BaseAdapter):
            def send(self, request, **kwargs):
                plain: Any = Plain()
                answer = requests.Response()
                answer.status_code, answer.request, answer.url = 200, request, request.url
                answer.raw = urllib3.HTTPResponse(body=plain, status=200, preload_content=False)
                return answer

            def close(self):
                pass

        with requests.Session() as session:
            session.mount("https://", Mine())
            with Client(Account(CANARY), session=session) as calling:
                assert calling.call(SEND).tracking_id == "MMS_12345"

    def test_a_session_with_its_own_adapter_has_a_deadline_for_the_body(self):
        class Mine(requests.adapters.HTTPAdapter):
            pass

        with Faulty(drip_body) as server, requests.Session() as session:
            session.mount("http://", Mine())
            started = time.monotonic()
            with client(server, session=session) as calling, pytest.raises(TransportError, match="in time"):
                calling.call(SEND)
            assert time.monotonic() - started < 5

    def test_a_session_may_change_its_certificates_and_auth_between_calls(self):
        mock = requests_mock.Adapter()
        mock.register_uri("POST", requests_mock.ANY, content=SENT)
        with requests.Session() as session:
            session.trust_env = False
            session.mount("https://", mock)
            with Client(Account(CANARY), session=session) as calling:
                for verify, cert, auth in ((True, None, ("a", "1")), (False, "a.pem", ("a", "2")), ("ca.pem", "b.pem", None)):
                    session.verify, session.cert, session.auth = verify, cert, auth
                    calling.call(SEND)
        history = mock.request_history
        assert [(one.verify, one.cert) for one in history] == [(True, None), (False, "a.pem"), ("ca.pem", "b.pem")]
        assert len({one.headers.get("Authorization") for one in history}) == 3

    def test_a_session_adds_its_parameters_to_each_url(self):
        with Faulty(http(SENT)) as server, requests.Session() as session:
            session.params = {"team": "coupons"}
            with client(server, "skycore-get", session=session) as calling:
                for _ in range(3):
                    calling.call(SEND)
        assert [b"team=coupons" in request.split(b"\r\n")[0] for request in server.requests] == [True] * 3

    def test_a_session_keeps_an_adapter_of_a_class_of_its_own(self):
        class Mine(requests.adapters.HTTPAdapter):
            sent = 0

            def send(self, *args, **kwargs):
                self.sent += 1
                return super().send(*args, **kwargs)

        with Faulty(http(SENT)) as server, requests.Session() as session:
            mine = Mine()
            session.mount("http://", mine)
            with client(server, session=session) as calling:
                calling.call(SEND)
            assert mine.sent == 1

    def test_an_adapter_that_returns_a_preliminary_response_mixes_up_no_calls(self):
        class Mine(requests.adapters.HTTPAdapter):
            pass

        early = b"HTTP/1.1 103 Early Hints\r\n\r\n"
        with Faulty(early + http(SENT), http(SENT)) as server, requests.Session() as session:
            session.mount("http://", Mine())
            with client(server, session=session) as calling:
                with pytest.raises(ProtocolError) as raised:
                    calling.call(SEND)
                assert raised.value.sent_maybe
                calling.call(SEND)
        assert (len(server.requests), server.connections) == (2, 2)

    def test_a_session_whose_adapter_retries_is_refused(self):
        class Mine(requests.adapters.HTTPAdapter):
            pass

        with Faulty(http(SENT)) as server, requests.Session() as session:
            session.mount("http://", Mine(max_retries=2))
            with client(server, session=session) as calling, pytest.raises(ConfigurationError, match="max_retries"):
                calling.call(SEND)
        assert server.requests == []

    def test_a_session_may_sign_each_request(self):
        class Signing(requests.auth.AuthBase):
            def __call__(self, request):
                request.headers["X-Length"] = str(len(request.body or b""))
                return request

        longer = SendMMS(SEND.slideshow.slide("and more"), to="15551234888", sender="60856")
        with Faulty(http(SENT)) as server, requests.Session() as session:
            session.auth = Signing()
            with client(server, session=session) as calling:
                calling.call(SEND)
                calling.call(longer)
        lengths = [line for got in server.requests for line in got.split(b"\r\n") if line.startswith(b"X-Length")]
        assert len(set(lengths)) == 2


# The gateways are other hosts, but the proxies are on this machine.
@pytest.mark.skymms_live
class TestProxies:
    def test_the_proxy_of_the_environment_is_used(self, monkeypatch):
        with Faulty(http(SENT)) as proxy:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.delenv("no_proxy", raising=False)
            monkeypatch.delenv("NO_PROXY", raising=False)
            with Client(AWAY, timeout=SOON) as calling:
                calling.call(SEND)
        assert proxy.requests[0].startswith(b"POST http://gateway.example/x HTTP/1.1")

    def test_the_proxy_of_a_session_is_used_and_may_change(self):
        with Faulty(http(SENT)) as first, Faulty(http(SENT)) as second, requests.Session() as session:
            session.trust_env = False
            with Client(AWAY, timeout=SOON, session=session) as calling:
                for proxy in (first, second):
                    session.proxies = {"http": f"http://127.0.0.1:{proxy.port}"}
                    calling.call(SEND)
        assert [len(first.requests), len(second.requests)] == [1, 1]

    def test_a_proxy_that_refuses_connections_sent_nothing(self):
        with requests.Session() as session:
            session.proxies = {"http": closed_url()}
            session.trust_env = False
            account = AWAY
            with Client(account, session=session, retries=0) as calling, pytest.raises(TransportError) as raised:
                calling.call(SEND)
        assert not raised.value.sent_maybe

    @pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://", "nonsense://127.0.0.1:1"])
    def test_a_proxy_with_an_unusable_url_sent_nothing(self, proxy):
        with requests.Session() as session:
            session.proxies = {"http": proxy}
            session.trust_env = False
            account = AWAY
            with Client(account, session=session, retries=QUICK) as calling, pytest.raises(TransportError) as raised:
                calling.call(SEND)
        assert not raised.value.sent_maybe
        assert "nothing was sent" in str(raised.value)

    def test_a_proxy_that_responds_slowly_to_connect_has_a_deadline(self):
        with Faulty(drip_head) as proxy, requests.Session() as session:
            session.proxies = {"https": f"http://127.0.0.1:{proxy.port}"}
            session.trust_env = False
            account = Account(CANARY, url="https://gateway.example/x")
            started = time.monotonic()
            with (
                Client(account, session=session, retries=0, timeout=(0.5, 20)) as calling,
                pytest.raises(TransportError) as raised,
            ):
                calling.call(SEND)
            assert time.monotonic() - started < 5
        assert not raised.value.sent_maybe

    def test_the_error_for_a_proxy_that_refuses_the_tunnel_has_no_key(self):
        with Faulty(http(b"", "407 Proxy Authentication Required")) as proxy, requests.Session() as session:
            session.proxies = {"https": f"http://127.0.0.1:{proxy.port}"}
            session.trust_env = False
            account = Account(CANARY, dialect="skycore-get", url="https://gateway.example/x")
            with Client(account, session=session, retries=0, timeout=SOON) as calling, pytest.raises(TransportError) as raised:
                calling.call(SEND)
        assert CANARY not in str(raised.value)
        assert proxy.requests[0].startswith(b"CONNECT gateway.example:443")


class TestResponses:
    """The library responses replaces ``HTTPAdapter.send``, which our adapter and those of the caller inherit."""

    @pytest.mark.parametrize("own", [True, False], ids=["own session", "caller's session"])
    def test_responses_answers_calls_and_downloads(self, own):
        with responses.RequestsMock() as mock, requests.Session() as session:
            mock.add("POST", "https://secure.skycore.com/API/wxml/1.3/index.php", body=SENT)
            mock.add("GET", "https://reports.example/1.xml", body=b"report")
            with Client(Account(CANARY), session=None if own else session) as calling:
                assert calling.call(SEND).mms_id == "35674"
                assert calling.fetch("https://reports.example/1.xml") == b"report"
            assert [call.request.method for call in mock.calls] == ["POST", "GET"]

    def test_errors_that_responses_raises_become_transport_errors(self):
        with responses.RequestsMock() as mock:
            mock.add("POST", "https://secure.skycore.com/API/wxml/1.3/index.php", body=requests.ReadTimeout("x"))
            with Client(Account(CANARY), retries=QUICK) as calling, pytest.raises(TransportError) as raised:
                calling.call(SEND)
            assert raised.value.sent_maybe
            assert len(mock.calls) == 1


class TestRequestsMock:
    @pytest.mark.parametrize("own", [True, False], ids=["own session", "caller's session"])
    def test_requests_mock_answers_calls_and_downloads(self, own):
        with requests_mock.Mocker() as mock, requests.Session() as session:
            mock.post("https://secure.skycore.com/API/wxml/1.3/index.php", content=SENT)
            mock.get("https://reports.example/1.xml", content=b"report")
            with Client(Account(CANARY), session=None if own else session) as calling:
                assert calling.call(SEND).mms_id == "35674"
                assert calling.fetch("https://reports.example/1.xml") == b"report"
            assert [request.method for request in mock.request_history] == ["POST", "GET"]

    def test_requests_mock_answers_calls_and_sees_their_headers(self):
        with requests_mock.Mocker() as mock:
            mock.post("https://secure.skycore.com/API/wxml/1.3/index.php", content=SENT)
            with Client(Account(CANARY)) as calling:
                assert calling.call(SEND).mms_id == "35674"
            assert mock.request_history[0].headers["Content-Type"] == "application/x-www-form-urlencoded"
            assert mock.request_history[0].headers["Content-Length"] == str(len(mock.request_history[0].body))
            assert mock.request_history[0].headers["User-Agent"].startswith("skymms/")

    def test_requests_mock_sees_a_content_length_for_each_request(self):
        # A request is a copy of the one before, which another thread may still be sending.
        with requests_mock.Mocker() as mock:
            mock.post(requests_mock.ANY, content=SENT)
            with Client(Account(CANARY)) as calling:
                for text in ("short", "a bit longer", "x" * 1000):
                    calling.call(SendMMS(SEND.slideshow.slide(text), to="15551234888", sender="60856"))
        lengths = [(int(one.headers["Content-Length"]), len(one.body)) for one in mock.request_history]
        assert len(set(lengths)) == 3
        assert all(declared == actual for declared, actual in lengths)

    def test_requests_mock_sees_a_get_request_without_a_body(self):
        with requests_mock.Mocker() as mock:
            mock.get("https://secure.skycore.com/API/wxml/1.3/index.php", content=SENT)
            with Client(Account(CANARY, dialect="skycore-get")) as calling:
                calling.call(SEND)
                calling.call(SEND)
            assert mock.request_history[1].qs["slide_text_value_0"] == ["hi!"]
            assert mock.request_history[1].body is None

    @pytest.mark.parametrize(
        ("thrown", "maybe"),
        [
            (requests.exceptions.ReadTimeout("x"), True),
            (requests.exceptions.ConnectionError("aborted"), True),
            (requests.exceptions.ChunkedEncodingError("x"), True),
            (requests.exceptions.ContentDecodingError("x"), True),
            # requests also raises it for the target of a redirect, so the request may have left.
            (requests.exceptions.InvalidURL("x"), True),
        ],
    )
    def test_errors_that_requests_mock_raises_become_transport_errors(self, thrown, maybe):
        with requests_mock.Mocker() as mock:
            mock.post(requests_mock.ANY, exc=thrown)
            with Client(Account(CANARY), retries=0) as calling, pytest.raises(TransportError) as raised:
                calling.call(SEND)
            assert raised.value.sent_maybe is maybe
            assert mock.call_count == 1

    def test_a_certificate_that_is_not_trusted_sent_nothing(self):
        import ssl

        refusal = requests.exceptions.SSLError(ssl.SSLCertVerificationError(1, "self-signed"))
        with requests_mock.Mocker() as mock:
            mock.post(requests_mock.ANY, exc=refusal)
            with Client(Account(CANARY), retries=QUICK) as calling, pytest.raises(TransportError) as raised:
                calling.call(SEND)
            assert not raised.value.sent_maybe
            assert mock.call_count == 1

    def test_the_deadline_adapter_can_be_pickled_as_requests_promises(self):
        assert isinstance(pickle.loads(pickle.dumps(DeadlineAdapter())), DeadlineAdapter)


class TestSandboxCalls:
    @pytest.mark.parametrize(("dialect", "extra"), [("skycore", {}), ("skycore-get", {}), ("sinch", {"service_id": "12345"})])
    def test_a_client_sends_saves_lists_and_deletes(self, dialect, extra):
        show = (
            Slideshow("Membership coupon", subject="Free coupon!")
            .slide("Hi! Thank you for joining us!", image="http://www.yoursite.com/images/welcome.jpg", duration=5)
            .slide("Here's a coupon.\nPlease enjoy!", passbook="http://www.yoursite.com/pass/coupon.pkpass", duration=5)
        )
        text = {"fallback_text": "Your coupon"} if extra else {}
        with PostbackReceiver() as inbox, Sandbox(postback_url=inbox.url, delays=AT_ONCE) as sandbox:
            with Client(sandbox.account(dialect)) as calling:
                send = SendMMS(show.replace(**text), to="15551234888", sender="60856", **extra)
                sent = calling.call(send)
                saved = calling.call(SaveMMS(show))
                again = calling.call(
                    SendSavedMMS(
                        saved.mms_id, to="15551234888", sender="60856", custom_text={1: "Hello again"}, **text, **extra
                    )
                )
                assert calling.call(ListMMS()).mms_ids == (saved.mms_id,)
                assert calling.call(DeleteMMS(saved.mms_id)).mms_id == saved.mms_id
            notices = inbox.wait(5)
            assert sandbox.sent[0] == send
        assert [notice.code for notice in notices] == ["N101", "N102", "N003", "N101", "N102"]
        assert {notice.tracking_id for notice in notices} == {sent.tracking_id, again.tracking_id, None}

    def test_the_sandbox_refuses_a_wrong_key(self):
        with Sandbox() as sandbox:
            account = Account("another-key", url=sandbox.account().url)
            with Client(account) as calling, pytest.raises(AuthenticationError) as raised:
                calling.call(SEND)
        assert not raised.value.foreseen
        assert raised.value.code == "E104"

    def test_the_sandbox_reads_a_bare_body(self):
        with Sandbox() as sandbox, Client(sandbox.account(bare_body=True)) as calling:
            calling.call(SEND)
            assert sandbox.sent == [SEND]

    def test_the_error_for_a_refusal_has_the_whole_response(self):
        with Sandbox() as sandbox, Client(sandbox.account()) as calling, pytest.raises(MMSError) as raised:
            calling.call(DeleteMMS("999"))
        assert dict(raised.value.reply)["ERRORCODE"] == "E241"
