"""A pytest plugin for projects that send with skymms: fixtures with a local gateway, and a guard against real sends.

Installing skymms registers the plugin, so pytest imports this file in every project that has skymms among its dependencies.
It therefore imports nothing until a fixture is used, and works with pytest 7 and later.

The fixtures::

    def test_a_member_is_welcomed(skymms_client, skymms_sandbox):
        skymms_client.call(SendMMS(WELCOME, to="15551234888", sender="60856"))
        assert skymms_sandbox.sent[0].to == "15551234888"

The guard refuses every request that would leave this machine while tests run. A test that is meant to call a real gateway is
marked ``@pytest.mark.skymms_live``. To switch the plugin off, run ``pytest -p no:skymms``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from .account import Account
    from .client import Client
    from .sandbox import PostbackBodies, PostbackReceiver, Sandbox


class Guard:
    """Records whether requests to other machines are refused. ``skymms.transport.guard`` reads it before each request.

    It counts sessions and lifts, because a pytest session can run inside a test, and a fixture can be torn down while another
    fixture is being torn down.
    """

    def __init__(self) -> None:
        self._sessions = 0
        self._lifted = 0
        #: The hosts that were refused since the current test began.
        self.refused: list[str] = []

    def is_active(self) -> bool:
        """Return whether requests to other machines are refused: a pytest session is running, and the guard is not lifted."""
        return self._sessions > 0 and not self.lifted

    def session_started(self) -> None:
        """Count a pytest session that begins."""
        self._sessions += 1

    def session_finished(self) -> None:
        """Count a pytest session that ends."""
        self._sessions -= 1

    def lift(self) -> None:
        """Allow requests to other machines until :meth:`lower` is called."""
        self._lifted += 1

    def lower(self) -> None:
        """Undo one :meth:`lift`."""
        self._lifted -= 1

    @property
    def lifted(self) -> bool:
        """True if the current code may send, because it belongs to a test that is marked ``skymms_live``."""
        return self._lifted > 0


guard: Final = Guard()


# ------------------------------------------------------------------------------------------------ fixtures


@pytest.fixture
def skymms_inbox() -> Iterator[PostbackReceiver]:
    """A local server that receives postbacks. If a test uses it, its skymms_sandbox posts there."""
    from .sandbox import PostbackReceiver

    with PostbackReceiver() as inbox:
        yield inbox


@pytest.fixture
def skymms_postback() -> PostbackBodies:
    """Makes the bodies of postbacks, to post to an endpoint of your own: ``skymms_postback.delivered("MMS_1").body``."""
    from .sandbox import PostbackBodies

    return PostbackBodies()


@pytest.fixture
def skymms_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A local gateway for one test, on a free port. Its ``sent`` lists the messages it has accepted."""
    from .sandbox import Sandbox

    # Without skymms_inbox no receiver is started.
    inbox = request.getfixturevalue("skymms_inbox") if "skymms_inbox" in request.fixturenames else None
    with Sandbox(postback_url=inbox.url if inbox else None) as sandbox:
        yield sandbox


@pytest.fixture
def skymms_account(request: pytest.FixtureRequest, skymms_sandbox: Sandbox) -> Account:
    """An account at skymms_sandbox, in the dialect "skycore".

    For another dialect: ``@pytest.mark.parametrize("skymms_account", ["sinch"], indirect=True)``.
    """
    return skymms_sandbox.account(getattr(request, "param", "skycore"))


@pytest.fixture
def skymms_client(skymms_account: Account) -> Iterator[Client]:
    """A client for skymms_account, closed after the test. It retries as often as usual, but waits only milliseconds."""
    import requests

    from .client import Client
    from .transport.retries import Retries

    with requests.Session() as session:
        # A proxy from the environment could not reach a sandbox on this machine.
        session.trust_env = False
        quick = Retries(first=0.01, longest=0.1)
        with Client(skymms_account, session=session, timeout=5.0, retries=quick) as client:
            yield client


@pytest.fixture
def skymms_refused() -> list[str]:
    """The hosts that this test called and was refused, in order. A test that uses this fixture may pass in spite of them."""
    return guard.refused


# ------------------------------------------------------------------------------------------------ the guard


def pytest_configure(config: pytest.Config) -> None:
    """Activate the guard before the first test module is imported, so that it also covers fixtures of every scope."""
    config.addinivalue_line("markers", "skymms_live: this test may send requests to other machines (skymms)")
    guard.session_started()
    config.add_cleanup(guard.session_finished)


# hookwrapper=True is the older form of a hook wrapper. Some versions of pytest 7 do not support the newer form, wrapper=True.
@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Lift the guard for a marked test, from its setup to its teardown."""
    live = item.get_closest_marker("skymms_live") is not None
    if live:
        guard.lift()
    yield
    if live:
        guard.lower()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Fail a test that called another machine and passed because it caught the guard's error as if it were the gateway's."""
    if call.when == "setup":
        guard.refused.clear()
    result = yield
    report: pytest.TestReport = result.get_result()
    inspects = "skymms_refused" in getattr(item, "fixturenames", ())
    if call.when == "call" and report.passed and guard.refused and not inspects:
        report.outcome = "failed"
        report.longrepr = (
            f"This test called {', '.join(dict.fromkeys(guard.refused))}, which is not this machine. Nothing was sent, and the "
            "test passed because it caught the error. Call a sandbox, or mark the test with @pytest.mark.skymms_live."
        )


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lift the guard during the teardown of a fixture that was set up for a marked test, even if that is after another test."""
    live = guard.lifted
    # Finalizers run in reverse order: lift, then the fixture's own teardown, then lower.
    if live:
        request.addfinalizer(guard.lower)
    yield
    if live:
        request.addfinalizer(guard.lift)
