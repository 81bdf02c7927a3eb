"""The pytest plugin, as the projects of others meet it: each is written here, and a pytest of its own runs its tests."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from importlib.metadata import entry_points

import pytest
from projects import plugin

from skymms.transport import guard

pytest_plugins = ["pytester"]

#: What the projects below have in common: a message, and a gateway that is not on this machine.
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
        with Client(Account(KEY, url=url, dialect=dialect), **options) as client:
            return client.call(SEND)

    def call_async(url=AWAY, dialect="skycore"):
        async def talk():
            async with AsyncClient(Account(KEY, url=url, dialect=dialect)) as client:
                return await client.call(SEND)
        return asyncio.run(talk())

    def proxied(monkeypatch, proxy):
        "Let the environment name a proxy."
        for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy)

    @pytest.fixture(scope="session")
    def elsewhere():
        "A gateway that answers for any address, if it is used as a proxy; and what reached it."
        reached = []
        listener = Listener(lambda request: reached.append(request) or ServerResponse(200, SENT))
        listener.reached = reached
        yield listener
        listener.close()
"""


@pytest.fixture
def project(pytester):
    """Writes a project's test file and runs it."""
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers -p no:cacheprovider\n")

    def run(tests: str, *options: str, common: str = COMMON, plugin: tuple[str, ...] = plugin()) -> pytest.RunResult:
        pytester.makepyfile(test_project=textwrap.dedent(common) + "\n\n" + textwrap.dedent(tests))
        return pytester.runpytest_subprocess(*plugin, *options)

    return run


def all_passed(ran: pytest.RunResult, count: int) -> None:
    assert ran.ret == 0, ran.stdout.str()
    ran.assert_outcomes(passed=count)


def test_installing_the_package_registers_the_plugin():
    (found,) = (point for point in entry_points(group="pytest11") if point.name == "skymms")
    assert found.value == "skymms.pytest_plugin"


class TestItCostsNothing:
    def test_where_it_is_only_imported(self):
        script = "import skymms.pytest_plugin, sys; print(*sorted(name for name in sys.modules if name.startswith('skymms')))"
        ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert ran.stdout.split() == ["skymms", "skymms.pytest_plugin"]

    @pytest.mark.parametrize("options", [("--collect-only",), ()])
    def test_where_no_fixture_of_its_is_used(self, project, pytester, options):
        pytester.makeconftest("""
            import sys

            def pytest_unconfigure():
                heavy = ("requests", "lxml", "aiohttp")
                print("imported:", *sorted(name for name in sys.modules if name.startswith("skymms") or name in heavy))
        """)
        # The plugin of requests-mock imports requests.
        ran = project("def test_something_else(): pass", "-p", "no:requests_mock", *options, common="")
        assert ran.ret == 0
        ran.stdout.fnmatch_lines("imported: skymms skymms.pytest_plugin")

    def test_where_it_is_switched_off(self, project):
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


class TestTheFixtures:
    def test_are_a_sandbox_of_each_tests_own_and_a_client_of_it(self, project):
        ran = project("""
            seen = []

            @pytest.mark.parametrize("time", ["once", "again"])
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

    def test_speak_the_dialect_that_is_asked_for(self, project):
        ran = project("""
            def test_of_themselves(skymms_account):
                assert skymms_account.dialect == "skycore"

            SHOW = Slideshow("Hello", subject="Hi", fallback_text="Hello!").slide("Hello!")
            LATER = SendMMS(SHOW, to="15551234888", sender="60856", service_id="12345")

            @pytest.mark.parametrize(
                ("skymms_account", "send"),
                [("skycore", SEND), ("skycore-get", SEND), ("sinch", LATER), ("sinch-json", LATER)],
                indirect=["skymms_account"],
            )
            def test_one_after_the_other(skymms_client, skymms_sandbox, send, request):
                skymms_client.call(send)
                assert skymms_sandbox.requests[0].dialect == request.node.callspec.params["skymms_account"]

            class TestAWholeClass:
                @pytest.fixture
                def skymms_account(self, skymms_sandbox):
                    return skymms_sandbox.account("skycore-get")

                def test_by_a_fixture_of_its_own(self, skymms_client, skymms_sandbox):
                    skymms_client.call(SEND)
                    assert skymms_sandbox.requests[0].dialect == "skycore-get"

            @pytest.mark.parametrize("skymms_account", ["klingon"], indirect=True)
            def test_there_is_none_of_that_name(skymms_account):
                pass
        """)
        ran.assert_outcomes(passed=6, errors=1)
        ran.stdout.fnmatch_lines("*ConfigurationError*klingon*")

    def test_find_the_sandbox_whatever_proxy_the_environment_names(self, project):
        ran = project("""
            @pytest.fixture(autouse=True)
            def environment(monkeypatch):
                proxied(monkeypatch, "http://proxy.example:3128")

            def test_a_message(skymms_client):
                assert skymms_client.call(SEND).to == "15551234888"
        """)
        all_passed(ran, 1)

    def test_postbacks_arrive_where_a_test_asks_for_them(self, project):
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

    def test_a_client_repeats_what_was_put_off_as_often_as_elsewhere_and_sooner(self, project):
        ran = project("""
            def test_put_off(skymms_client, skymms_sandbox, monkeypatch):
                waits = []
                monkeypatch.setattr("time.sleep", waits.append)
                skymms_sandbox.fail("E106", times=3)
                assert skymms_client.call(SEND).to == "15551234888"
                assert len(waits) == 3 and max(waits) <= 0.1
        """)
        all_passed(ran, 1)


class TestTheGuard:
    def test_keeps_every_way_of_calling_on_this_machine(self, project):
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
                # Whatever is let through all the same arrives there, and no name is looked up.
                proxied(monkeypatch, elsewhere.url)

            @pytest.mark.parametrize(
                "way",
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
            def test_in_every_way(way, elsewhere, monkeypatch, skymms_refused):
                # Nothing is repeated: waiting would be an error of its own.
                monkeypatch.setattr("time.sleep", None)
                monkeypatch.setattr("asyncio.sleep", None)
                with pytest.raises(ConfigurationError, match="example is not this machine.*skymms_live") as refused:
                    way()
                assert not refused.value.sent_maybe
                assert KEY not in str(refused.value)
                assert elsewhere.reached == []

            def test_on_the_command_line(monkeypatch, elsewhere, capsys, tmp_path, skymms_refused):
                monkeypatch.setenv("SKYMMS_API_KEY", KEY)
                show = tmp_path / "show.toml"
                show.write_text('name = "n"\\nsubject = "s"\\n[[slide]]\\ntext = "Hi!"\\n')
                assert cli.main(["send", str(show), "--to", "15551234888", "--from", "60856", "--url", AWAY]) == 2
                assert "gateway.example is not this machine" in capsys.readouterr().err
                assert elsewhere.reached == []

            @pytest.mark.parametrize("way", [call, call_async])
            def test_not_even_by_way_of_a_proxy(way, monkeypatch, skymms_account, skymms_sandbox, skymms_refused):
                proxied(monkeypatch, "http://proxy.example:3128")
                with pytest.raises(ConfigurationError, match="the proxy proxy.example is not this machine"):
                    way(skymms_account.address)
                assert skymms_sandbox.requests == []
        """)
        all_passed(ran, 10)

    def test_is_up_while_modules_are_imported_and_fixtures_of_any_scope_are_made(self, project):
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

    def test_leaves_alone_what_only_looks_like_a_transport(self, project):
        ran = project("""
            import requests_mock
            from aiohttp import ClientSession
            from requests.adapters import BaseAdapter, HTTPAdapter

            VENDOR = "https://secure.skycore.com/API/wxml/1.3/index.php"

            def answered(request):
                answer = requests.Response()
                answer.status_code, answer.url, answer.request = 200, request.url, request
                answer.raw = requests.packages.urllib3.HTTPResponse(io.BytesIO(SENT), preload_content=False)
                return answer

            def test_requests_mock():
                with requests_mock.Mocker() as mock:
                    mock.post(VENDOR, content=SENT)
                    assert call(None).mms_id == "35674"

            def test_those_that_replace_the_sending_of_every_adapter(monkeypatch):
                monkeypatch.setattr(HTTPAdapter, "send", lambda self, request, **options: answered(request))
                assert call(None).mms_id == "35674"

            def test_an_adapter_of_the_callers():
                class Recorded(BaseAdapter):
                    def send(self, request, **options):
                        return answered(request)
                    def close(self):
                        pass

                with requests.Session() as session:
                    session.mount(VENDOR, Recorded())
                    assert call(None, session=session).mms_id == "35674"

            def test_those_that_replace_the_requests_of_aiohttp(monkeypatch):
                class Replaced(Exception):
                    pass

                async def answer(self, *args, **options):
                    raise Replaced

                monkeypatch.setattr(ClientSession, "_request", answer)
                with pytest.raises(Replaced):
                    call_async(None)

            def test_a_middleware_of_the_callers():
                class Replaced(Exception):
                    pass

                async def answer(request, handler):
                    raise Replaced

                async def talk():
                    async with ClientSession(middlewares=[answer]) as session:
                        await AsyncClient(Account(KEY), session=session).call(SEND)

                with pytest.raises(Replaced):
                    asyncio.run(talk())
        """)
        all_passed(ran, 5)

    def test_is_down_before_and_after(self, pytester):
        pytester.makepyfile("from skymms.transport import guard\n\ndef test_within(): assert guard.is_active()")
        script = f"""
            import pytest
            from skymms import pytest_plugin
            from skymms.transport import guard

            before = guard.is_active()
            assert pytest.main(["-q", "-p", "no:cacheprovider", *{plugin()}]) == 0
            print("up:", before, guard.is_active())
        """
        ran = pytester.run(sys.executable, "-c", textwrap.dedent(script))
        assert ran.ret == 0
        ran.stdout.fnmatch_lines(["*1 passed*", "up: False False"])

    def test_stays_up_after_a_session_within_a_test(self, project, pytester):
        (pytester.mkdir("inner") / "inner.py").write_text("def test_anything(): pass\n")
        ran = project(f"""
            from skymms.transport import guard

            def test_outer():
                assert pytest.main(["inner/inner.py", *{plugin()}]) == 0
                assert guard.is_active()
        """)
        all_passed(ran, 1)


class TestTheMark:
    def test_lets_a_test_call_any_address_and_no_other_test(self, project):
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

    def test_does_not_let_a_test_pass_that_has_swallowed_its_refusal(self, project):
        ran = project("""
            def careful():
                try:
                    call()
                except SkymmsError:
                    return None

            def test_that_means_nothing():
                assert careful() is None

            def test_that_knows(skymms_refused):
                assert careful() is None
                assert skymms_refused == ["gateway.example"]

            def test_that_calls_nobody(skymms_refused):
                assert skymms_refused == []
        """)
        ran.assert_outcomes(passed=2, failed=1)
        ran.stdout.fnmatch_lines("*This test called gateway.example*skymms_live*")

    def test_leaves_a_failure_as_it_is(self, project):
        ran = project("""
            def test_fails():
                with pytest.raises(ConfigurationError):
                    call()
                assert "this" == "that"
        """)
        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines("*assert 'this' == 'that'*")

    def test_holds_for_connections_that_a_marked_test_has_opened(self, project):
        ran = project("""
            @pytest.fixture(scope="module")
            def client(elsewhere):
                with pytest.MonkeyPatch.context() as patch, Client(Account(KEY, url=AWAY)) as client:
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

    def test_lets_what_was_set_up_for_it_be_taken_down_later(self, project):
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

            # Fixtures are taken down in reverse: after the last test, first `stored` and then `other`.
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

    def test_is_explained_by_pytest(self, project):
        ran = project("", "--markers", common="")
        ran.stdout.fnmatch_lines("@pytest.mark.skymms_live: *")


@pytest.mark.parametrize(
    ("host", "here"),
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
        # Some systems take these for this machine, others do not.
        ("0.0.0.0", False),
        ("127.1", False),
        ("2130706433", False),
    ],
)
def test_what_is_this_machine(host, here):
    assert guard.is_loopback(host) is here
