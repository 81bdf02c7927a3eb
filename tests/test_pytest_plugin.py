"""The pytest plugin in the projects that use it: each test writes a project and runs pytest there in a separate process."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from importlib.metadata import entry_points

import pytest
from projects import plugin

from skymms.transport import guard

pytest_plugins = ["pytester"]

#: The beginning of each project's test file: a message, and the address of a gateway on another machine.
COMMON = """
    import asyncio
    import io
    import pytest
    import requests
    from skymms import Account, Client, ConfigurationError, SendMMS, SkymmsError, Slideshow
    from skymms.aio import AsyncClient
    from skymms.sandbox.listener import Listener, ServerResponse

    SEND = SendMMS(Slideshow("Hello", subject="Hi").slide("Hello!"), to="15551234888", sender="60856")
    SENT = (b"<RESPONSE><STATUS>Success</STATUS><TO>15551234888</TO><MMSID>35674</MMSID>"
            b"<TRACKINGID>MMS_12345</TRACKINGID><STATUSDETAILS>queued</STATUSDETAILS></RESPONSE>")
    AWAY = "http://gateway.example/x"
    KEY = "canary-5fa1c0de-key"

    def call(url=AWAY, dialect="skycore", **options):
        with Client(Account(KEY, url=url, dialect=dialect, allow_http=True), **options) as client:
            return client.call(SEND)

    def call_async(url=AWAY, dialect="skycore"):
        async def send():
            async with AsyncClient(Account(KEY, url=url, dialect=dialect, allow_http=True)) as client:
                return await client.call(SEND)
        return asyncio.run(send())

    def proxied(monkeypatch, proxy):
        "Set a proxy in the environment."
        for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy)

    @pytest.fixture(scope="session")
    def elsewhere():
        "A gateway that, used as a proxy, responds for every address. `reached` lists the requests."
        reached = []
        listener = Listener(lambda request: reached.append(request) or ServerResponse(200, SENT))
        listener.reached = reached
        yield listener
        listener.close()
"""


#: Plugins that the projects do not use; importing them takes most of the time of a project's run.
UNUSED_PLUGINS = "-p no:cacheprovider -p no:hypothesispytest -p no:xdist -p no:pytest_cov -p no:pook -p no:pytest-betamax"


@pytest.fixture
def project(pytester):
    """Writes a project's test file and runs pytest on it."""
    pytester.makeini(f"[pytest]\nfilterwarnings = error\naddopts = --strict-markers {UNUSED_PLUGINS}\n")

    def run_project(tests: str, *options: str, common: str = COMMON, plugin: tuple[str, ...] = plugin()) -> pytest.RunResult:
        pytester.makepyfile(test_project=textwrap.dedent(common) + "\n\n" + textwrap.dedent(tests))
        return pytester.runpytest_subprocess(*plugin, *options)

    return run_project


def all_passed(ran: pytest.RunResult, count: int) -> None:
    assert ran.ret == 0, ran.stdout.str()
    ran.assert_outcomes(passed=count)


@pytest.mark.compat
def test_installing_the_package_registers_the_plugin():
    (found,) = (point for point in entry_points(group="pytest11") if point.name == "skymms")
    assert found.value == "skymms.pytest_plugin"


class TestImports:
    def test_importing_the_plugin_imports_nothing_else_of_skymms(self):
        script = "import skymms.pytest_plugin, sys; print(*sorted(name for name in sys.modules if name.startswith('skymms')))"
        ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert ran.stdout.split() == ["skymms", "skymms.pytest_plugin"]

    @pytest.mark.parametrize("options", [("--collect-only",), ()])
    def test_a_project_that_uses_no_fixture_imports_nothing_else_of_skymms(self, project, pytester, options):
        pytester.makeconftest("""
            import sys

            def pytest_unconfigure():
                heavy = ("requests", "lxml", "aiohttp")
                print("imported:", *sorted(name for name in sys.modules if name.startswith("skymms") or name in heavy))
        """)
        # The plugin of requests-mock is switched off because it imports requests.
        ran = project("def test_something_else(): pass", "-p", "no:requests_mock", *options, common="")
        assert ran.ret == 0
        ran.stdout.fnmatch_lines("imported: skymms skymms.pytest_plugin")

    def test_the_fixture_for_postbacks_makes_bodies_for_an_endpoint(self, project):
        ran = project(
            """
            from skymms import DeliveryReport, read_postbacks

            def test_a_receiver(skymms_postback):
                postback = skymms_postback.delivered("MMS_1", dialect="sinch")
                (notice,) = read_postbacks(postback.body, postback.content_type)
                assert isinstance(notice, DeliveryReport) and notice.delivered and notice == postback.notice
            """,
            common="",
        )
        all_passed(ran, 1)

    def test_without_the_plugin_there_is_neither_guard_nor_fixture(self, project):
        ran = project(
            """
            def test_there_is_no_guard(monkeypatch, elsewhere):
                proxied(monkeypatch, elsewhere.url)
                assert call().mms_id == "35674"

            def test_there_is_no_fixture(request):
                with pytest.raises(pytest.FixtureLookupError):
                    request.getfixturevalue("skymms_sandbox")
            """,
            plugin=("-p", "no:skymms"),
        )
        all_passed(ran, 2)


class TestFixtures:
    @pytest.mark.compat
    def test_each_test_has_its_own_sandbox_and_a_client_for_it(self, project):
        ran = project("""
            seen = []

            @pytest.mark.parametrize("time", ["first", "second"])
            def test_a_message(skymms_client, skymms_account, skymms_sandbox, time):
                assert skymms_client.account is skymms_account
                assert skymms_sandbox.requests == []
                assert skymms_client.call(SEND).to == "15551234888"
                assert [sent.to for sent in skymms_sandbox.sent] == ["15551234888"]
                seen.append(skymms_sandbox)

            def test_is_gone_afterwards():
                assert len(set(map(id, seen))) == 2
                for sandbox in seen:
                    with pytest.raises(requests.ConnectionError):
                        requests.get(sandbox.url, timeout=5)
        """)
        all_passed(ran, 3)

    def test_the_account_has_the_dialect_that_a_test_chooses(self, project):
        ran = project("""
            def test_the_default(skymms_account):
                assert skymms_account.dialect == "skycore"

            SHOW = Slideshow("Hello", subject="Hi", fallback_text="Hello!").slide("Hello!")
            LATER = SendMMS(SHOW, to="15551234888", sender="60856", service_id="12345")

            @pytest.mark.parametrize(
                ("skymms_account", "send"),
                [("skycore", SEND), ("skycore-get", SEND), ("sinch", LATER), ("sinch-json", LATER)],
                indirect=["skymms_account"],
            )
            def test_each_dialect(skymms_client, skymms_sandbox, send, request):
                skymms_client.call(send)
                assert skymms_sandbox.requests[0].dialect == request.node.callspec.params["skymms_account"]

            class TestWithItsOwnAccount:
                @pytest.fixture
                def skymms_account(self, skymms_sandbox):
                    return skymms_sandbox.account("skycore-get")

                def test_the_dialect_of_its_own_fixture(self, skymms_client, skymms_sandbox):
                    skymms_client.call(SEND)
                    assert skymms_sandbox.requests[0].dialect == "skycore-get"

            @pytest.mark.parametrize("skymms_account", ["klingon"], indirect=True)
            def test_an_unknown_dialect(skymms_account):
                pass
        """)
        ran.assert_outcomes(passed=6, errors=1)
        ran.stdout.fnmatch_lines("*ConfigurationError*klingon*")

    def test_the_client_ignores_proxies_from_the_environment(self, project):
        ran = project("""
            @pytest.fixture(autouse=True)
            def environment(monkeypatch):
                proxied(monkeypatch, "http://proxy.example:3128")

            def test_a_message(skymms_client):
                assert skymms_client.call(SEND).to == "15551234888"
        """)
        all_passed(ran, 1)

    def test_postbacks_are_sent_only_if_a_test_uses_the_inbox(self, project):
        ran = project("""
            def test_reports(skymms_client, skymms_inbox, skymms_sandbox):
                skymms_client.call(SEND)
                skymms_sandbox.clock.advance(minutes=1)
                assert [notice.code for notice in skymms_inbox.notices] == ["N101", "N102"]
                skymms_inbox.clear()
                assert skymms_inbox.notices == ()

            def test_none(skymms_client, skymms_sandbox, request):
                skymms_client.call(SEND)
                skymms_sandbox.clock.advance(minutes=1)
                assert "skymms_inbox" not in request.fixturenames
        """)
        all_passed(ran, 2)

    def test_the_client_retries_as_often_as_usual_but_sooner(self, project):
        ran = project("""
            def test_put_off(skymms_client, skymms_sandbox, monkeypatch):
                waits = []
                monkeypatch.setattr("time.sleep", waits.append)
                skymms_sandbox.fail("E106", times=3)
                assert skymms_client.call(SEND).to == "15551234888"
                assert len(waits) == 3 and max(waits) <= 0.1
        """)
        all_passed(ran, 1)


class TestGuard:
    def test_every_way_to_send_is_refused(self, project):
        ran = project("""
            from skymms import cli

            def fetch(**options):
                with Client(Account(KEY), **options) as client:
                    client.fetch("http://files.example/report.xml?token=canary-5fa1c0de-key")

            def with_a_session(what):
                with requests.Session() as session:
                    what(session=session)

            @pytest.fixture(autouse=True)
            def environment(monkeypatch, elsewhere):
                # A request that is not refused arrives at this proxy. No name is looked up.
                proxied(monkeypatch, elsewhere.url)

            @pytest.mark.parametrize(
                "send",
                [
                    call,
                    lambda: call(dialect="skycore-get"),
                    call_async,
                    lambda: call_async(dialect="skycore-get"),
                    fetch,
                    lambda: with_a_session(call),
                    lambda: with_a_session(fetch),
                ],
            )
            def test_each_way_to_send(send, elsewhere, monkeypatch, skymms_refused):
                # A retry would fail the test, because waiting is impossible.
                monkeypatch.setattr("time.sleep", None)
                monkeypatch.setattr("asyncio.sleep", None)
                with pytest.raises(ConfigurationError, match="example is not this machine.*skymms_live") as refused:
                    send()
                assert not refused.value.sent_maybe
                assert KEY not in str(refused.value)
                assert elsewhere.reached == []

            def test_on_the_command_line(monkeypatch, elsewhere, capsys, tmp_path, skymms_refused):
                monkeypatch.setenv("SKYMMS_API_KEY", KEY)
                show = tmp_path / "show.toml"
                show.write_text('name = "n"\\nsubject = "s"\\n[[slide]]\\ntext = "Hi!"\\n')
                away = ("--url", AWAY, "--allow-http")
                assert cli.main(["send", str(show), "--to", "15551234888", "--from", "60856", *away]) == 2
                assert "gateway.example is not this machine" in capsys.readouterr().err
                assert elsewhere.reached == []

            @pytest.mark.parametrize("send", [call, call_async])
            def test_a_proxy_is_not_used_for_this_machine(send, monkeypatch, skymms_account, skymms_sandbox, skymms_refused):
                proxied(monkeypatch, "http://proxy.example:3128")
                with pytest.raises(SkymmsError, match="E104"):  # the sandbox has another key
                    send(skymms_account.address)
                assert len(skymms_sandbox.requests) == 1

            def test_not_even_through_a_proxy_that_a_session_names_for_it(skymms_account, skymms_sandbox, skymms_refused):
                with requests.Session() as session:
                    session.proxies["http://127.0.0.1"] = "http://proxy.example:3128"
                    with Client(skymms_account, session=session) as client:
                        with pytest.raises(ConfigurationError, match="the proxy proxy.example is not this machine"):
                            client.call(SEND)
                assert skymms_sandbox.requests == []
        """)
        all_passed(ran, 11)

    def test_the_guard_covers_imports_of_test_modules_and_session_fixtures(self, project):
        ran = project("""
            with pytest.raises(ConfigurationError, match="gateway.example"):
                call()

            @pytest.fixture(scope="session")
            def stored():
                return call()

            def test_a_session_fixture(stored):
                pass
        """)
        ran.assert_outcomes(errors=1)
        ran.stdout.fnmatch_lines("*ConfigurationError: gateway.example is not this machine*")

    def test_mocks_and_custom_adapters_are_not_refused(self, project):
        ran = project("""
            import requests_mock
            from aiohttp import ClientSession
            from requests.adapters import BaseAdapter, HTTPAdapter

            VENDOR = "https://secure.skycore.com/API/wxml/1.3/index.php"

            def fake_response(request):
                response = requests.Response()
                response.status_code, response.url, response.request = 200, request.url, request
                response.raw = requests.packages.urllib3.HTTPResponse(io.BytesIO(SENT), preload_content=False)
                return response

            def test_requests_mock():
                with requests_mock.Mocker() as mock:
                    mock.post(VENDOR, content=SENT)
                    assert call(None).mms_id == "35674"

            def test_those_that_replace_the_sending_of_every_adapter(monkeypatch):
                monkeypatch.setattr(HTTPAdapter, "send", lambda self, request, **options: fake_response(request))
                assert call(None).mms_id == "35674"

            def test_an_adapter_of_the_callers():
                class Recorded(BaseAdapter):
                    def send(self, request, **options):
                        return fake_response(request)
                    def close(self):
                        pass

                with requests.Session() as session:
                    session.mount(VENDOR, Recorded())
                    assert call(None, session=session).mms_id == "35674"

            def test_those_that_replace_the_requests_of_aiohttp(monkeypatch):
                class Replaced(Exception):
                    pass

                async def response(self, *args, **options):
                    raise Replaced

                monkeypatch.setattr(ClientSession, "_request", response)
                with pytest.raises(Replaced):
                    call_async(None)

            def test_a_middleware_of_the_callers():
                class Replaced(Exception):
                    pass

                async def response(request, handler):
                    raise Replaced

                async def send():
                    async with ClientSession(middlewares=[response]) as session:
                        await AsyncClient(Account(KEY), session=session).call(SEND)

                with pytest.raises(Replaced):
                    asyncio.run(send())
        """)
        all_passed(ran, 5)

    def test_the_guard_is_inactive_before_and_after_a_session(self, pytester):
        pytester.makepyfile("from skymms.transport import guard\n\ndef test_within(): assert guard.is_active()")
        script = f"""
            import pytest
            from skymms import pytest_plugin
            from skymms.transport import guard

            before = guard.is_active()
            assert pytest.main(["-q", "-p", "no:cacheprovider", *{plugin()}]) == 0
            print("active:", before, guard.is_active())
        """
        ran = pytester.run(sys.executable, "-c", textwrap.dedent(script))
        assert ran.ret == 0
        ran.stdout.fnmatch_lines(["*1 passed*", "active: False False"])

    def test_the_guard_stays_active_after_a_session_inside_a_test(self, project, pytester):
        (pytester.mkdir("inner") / "inner.py").write_text("def test_anything(): pass\n")
        ran = project(f"""
            from skymms.transport import guard

            def test_outer():
                assert pytest.main(["inner/inner.py", *{plugin()}]) == 0
                assert guard.is_active()
        """)
        all_passed(ran, 1)


class TestLiveMark:
    def test_only_a_test_with_the_live_mark_may_call_other_machines(self, project):
        ran = project("""
            @pytest.fixture(autouse=True)
            def environment(monkeypatch, elsewhere):
                proxied(monkeypatch, elsewhere.url)

            @pytest.fixture
            def stored():
                assert call().mms_id == "35674"
                yield
                assert call().mms_id == "35674"

            @pytest.mark.skymms_live
            def test_marked(stored):
                assert call().mms_id == "35674"
                assert call_async().mms_id == "35674"

            @pytest.mark.skymms_live
            class TestMarked:
                def test_by_its_class(self):
                    assert call().mms_id == "35674"

            @pytest.mark.skymms_live
            @pytest.mark.skip
            def test_skipped():
                pass

            def test_not_marked(elsewhere, skymms_refused):
                with pytest.raises(ConfigurationError, match="skymms_live"):
                    call()
                with pytest.raises(ConfigurationError, match="skymms_live"):
                    call_async()
                assert len(elsewhere.reached) == 5
        """)
        ran.assert_outcomes(passed=3, skipped=1)

    def test_a_test_that_catches_the_guards_error_fails(self, project):
        ran = project("""
            def send_and_ignore_errors():
                try:
                    call()
                except SkymmsError:
                    return None

            def test_that_proves_nothing():
                assert send_and_ignore_errors() is None

            def test_that_inspects_the_refusals(skymms_refused):
                assert send_and_ignore_errors() is None
                assert skymms_refused == ["gateway.example"]

            def test_that_sends_nothing(skymms_refused):
                assert skymms_refused == []
        """)
        ran.assert_outcomes(passed=2, failed=1)
        ran.stdout.fnmatch_lines("*This test called gateway.example*skymms_live*")

    def test_a_failing_test_that_the_guard_stopped_keeps_its_own_message(self, project):
        ran = project("""
            def test_fails():
                with pytest.raises(ConfigurationError):
                    call()
                assert "this" == "that"
        """)
        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines("*assert 'this' == 'that'*")

    def test_connections_opened_by_a_marked_test_are_refused_to_others(self, project):
        ran = project("""
            @pytest.fixture(scope="module")
            def client(elsewhere):
                with pytest.MonkeyPatch.context() as patch, Client(Account(KEY, url=AWAY, allow_http=True)) as client:
                    proxied(patch, elsewhere.url)
                    yield client

            @pytest.mark.skymms_live
            def test_marked(client):
                assert client.call(SEND).mms_id == "35674"

            def test_not_marked(client, elsewhere, skymms_refused):
                with pytest.raises(ConfigurationError):
                    client.call(SEND)
                assert len(elsewhere.reached) == 1
        """)
        all_passed(ran, 2)

    def test_a_fixture_set_up_for_a_marked_test_may_send_in_its_teardown(self, project):
        ran = project(
            """
            @pytest.fixture(scope="session")
            def stored(elsewhere):
                with pytest.MonkeyPatch.context() as patch:
                    proxied(patch, elsewhere.url)
                    call()
                    yield
                    call()
                print("reached:", len(elsewhere.reached))

            @pytest.fixture(scope="session")
            def other():
                yield
                with pytest.raises(ConfigurationError):
                    call()

            # Fixtures are torn down in reverse order: after the last test, first `stored` and then `other`.
            def test_not_marked(other):
                pass

            @pytest.mark.skymms_live
            def test_marked(stored):
                pass

            def test_not_marked_either(skymms_refused):
                with pytest.raises(ConfigurationError):
                    call()
        """,
            "-s",
        )
        all_passed(ran, 3)
        ran.stdout.fnmatch_lines("*reached: 2")

    def test_the_live_mark_is_listed_by_pytest(self, project):
        ran = project("", "--markers", common="")
        assert ran.ret == pytest.ExitCode.OK
        ran.stdout.fnmatch_lines("@pytest.mark.skymms_live: *")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LocalHost", True),
        ("localhost.", True),
        ("gateway.localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("[::1]", True),
        ("", False),
        ("gateway.example", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("notlocalhost", False),
        ("128.0.0.1", False),
        ("192.168.0.1", False),
        ("10.0.0.1", False),
        ("[fe80::1]", False),
        # Some systems treat these as this machine, others do not.
        ("0.0.0.0", False),
        ("127.1", False),
        ("2130706433", False),
    ],
)
def test_only_loopback_names_and_addresses_are_this_machine(host, loopback):
    assert guard.is_loopback(host) is loopback
