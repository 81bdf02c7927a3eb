"""The pytest plugin: fixtures for projects that send with skymms, and a guard that keeps their tests on this machine.

Installing skymms registers it, so pytest loads this page for every project that has skymms somewhere among what it needs. It
therefore imports nothing until a fixture is used, and works with pytests older than those we test with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .account import Account
    from .client import Client
    from .sandbox import PostbackReceiver, Sandbox


class Guard:
    """Whether tests are kept from sending; `skymms.transport.guard` asks.

    It counts, because a session may run within a test, and a fixture be taken down within another's teardown.
    """

    def __init__(self) -> None:
        self._sessions = 0
        self._lifted = 0
        #: The hosts that were refused since the running test began.
        self.refused: list[str] = []

    def up(self) -> bool:
        """Whether a session is under way, and no test that may send."""
        return self._sessions > 0 and self._lifted == 0

    def begin(self) -> None:
        """A session begins."""
        self._sessions += 1

    def end(self) -> None:
        """A session ends."""
        self._sessions -= 1

    def lift(self) -> None:
        """What comes now may send."""
        self._lifted += 1

    def lower(self) -> None:
        """The end of what :meth:`lift` began."""
        self._lifted -= 1

    @property
    def lifted(self) -> bool:
        """Whether what runs now may send."""
        return self._lifted > 0


guard = Guard()


# ------------------------------------------------------------------------------------------------ fixtures


@pytest.fixture
def skymms_inbox() -> Iterator[PostbackReceiver]:
    """A receiver of postbacks; a test that asks for it has a skymms_sandbox that posts there."""
    from .sandbox import PostbackReceiver

    with PostbackReceiver() as inbox:
        yield inbox


@pytest.fixture
def skymms_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A gateway on a free port of this machine, for this test alone."""
    from .sandbox import Sandbox

    # Whoever wants no postbacks has no receiver started.
    inbox = request.getfixturevalue("skymms_inbox") if "skymms_inbox" in request.fixturenames else None
    with Sandbox(postback_url=inbox.url if inbox else None) as sandbox:
        yield sandbox


@pytest.fixture
def skymms_account(request: pytest.FixtureRequest, skymms_sandbox: Sandbox) -> Account:
    """An account at skymms_sandbox, in the dialect "skycore" or in the one that indirect parametrization names."""
    return skymms_sandbox.account(getattr(request, "param", "skycore"))


@pytest.fixture
def skymms_client(skymms_account: Account) -> Iterator[Client]:
    """A client of skymms_account, closed after the test; it waits less than a client does elsewhere."""
    import requests

    from .client import Client
    from .transport.retries import Retries

    with requests.Session() as session:
        # A proxy that the environment names would not find a sandbox on this machine.
        session.trust_env = False
        # As often as elsewhere, so that a test sees what happens there; sooner, so that nobody waits for it.
        quick = Retries(first=0.01, longest=0.1)
        with Client(skymms_account, session=session, timeout=5.0, retries=quick) as client:
            yield client


@pytest.fixture
def skymms_refused() -> list[str]:
    """The hosts that this test was kept from calling, as they come; a test that asks for them may pass all the same."""
    return guard.refused


# ------------------------------------------------------------------------------------------------ the guard


def pytest_configure(config: pytest.Config) -> None:
    """The guard is up before the first test module is imported, and for fixtures of any scope."""
    config.addinivalue_line("markers", "skymms_live: this test may call a gateway beyond this machine (skymms)")
    guard.begin()
    config.add_cleanup(guard.end)


# Wrappers of the older kind, here and below: with the newer one pytest 7 may not start.
@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A marked test may send: from its setup to its teardown."""
    live = item.get_closest_marker("skymms_live") is not None
    if live:
        guard.lift()
    yield
    if live:
        guard.lower()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A test that wanted to send elsewhere has not passed, although it may have caught the refusal as one of the gateway's."""
    if call.when == "setup":
        guard.refused.clear()
    result = yield
    report = result.get_result()  # type: ignore[attr-defined]
    knows = "skymms_refused" in getattr(item, "fixturenames", ())
    if call.when == "call" and report.passed and guard.refused and not knows:
        report.outcome = "failed"
        report.longrepr = (
            f"This test called {', '.join(dict.fromkeys(guard.refused))} and went on when that was refused: nothing was sent, "
            "and no gateway said anything. Call a sandbox, or mark the test with @pytest.mark.skymms_live."
        )


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(request: pytest.FixtureRequest) -> Iterator[None]:
    """What was set up for a marked test may send when it is taken down, although that may be after another test."""
    live = guard.lifted
    # The last finalizer that is added runs first.
    if live:
        request.addfinalizer(guard.lower)
    yield
    if live:
        request.addfinalizer(guard.lift)
