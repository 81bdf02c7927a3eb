"""docs/how-to/retry.md: what may be sent again, for every fault of the sandbox; and the page's example with tenacity."""

from __future__ import annotations

from typing import Any

import pytest
from recipe_pages import DOCS, run_page

from skymms import Client, SendMMS, SkymmsError, Slideshow
from skymms.sandbox import Sandbox
from skymms.sandbox.faults import FAULTS

HELLO = SendMMS(Slideshow("hello", subject="Hi").slide("Hello!"), to="15551234888", sender="60856")


@pytest.fixture(scope="module")
def page() -> Any:
    return run_page("how-to/retry.md")


@pytest.mark.parametrize("how", [*(name for name in FAULTS if name != "slow"), "E106", "E113", "E120", "E626", "E503", "E110"])
def test_what_may_be_sent_again_was_not_sent(page: Any, how: str) -> None:
    with Sandbox() as sandbox, Client(sandbox.account(), retries=0, timeout=0.3) as client:
        sandbox.fail(how)
        with pytest.raises(SkymmsError) as raised:
            client.call(HELLO)
        if page.may_send_again(raised.value):
            assert not sandbox.sent
            client.call(HELLO)
        else:
            # Sent, or of no use to repeat.
            assert raised.value.sent_maybe or how in {"E110", "E503"}


def test_no_connection_may_be_tried_again(page: Any) -> None:
    sandbox = Sandbox()
    account = sandbox.account()
    sandbox.close()
    with Client(account, retries=0) as client, pytest.raises(SkymmsError) as raised:
        client.call(HELLO)
    assert page.may_send_again(raised.value)


@pytest.mark.parametrize(
    ("how", "error", "sent_maybe"),
    [
        ("drop", "TransportError", True),
        ("stall", "TransportError", True),
        ("500", "ProtocolError", True),
        ("html", "ProtocolError", True),
        ("E106", "ThrottledError", False),
        ("E113", "ThrottledError", False),
        ("429", "ThrottledError", False),
        ("E120", "QuotaExceededError", False),
        ("E626", "NotReadyError", False),
        ("E503", "GatewayFaultError", True),
    ],
)
def test_the_table_of_the_page_is_true(how: str, error: str, sent_maybe: bool) -> None:
    with Sandbox() as sandbox, Client(sandbox.account(), retries=0, timeout=0.3) as client:
        sandbox.fail(how)
        with pytest.raises(SkymmsError) as raised:
            client.call(HELLO)
    assert (type(raised.value).__name__, raised.value.sent_maybe) == (error, sent_maybe)
    rows = [
        row for row in (DOCS / "how-to/retry.md").read_text(encoding="utf-8").splitlines() if row.startswith(f"| `{error}`")
    ]
    assert any(row.split(" | ")[1] == str(sent_maybe) for row in rows)


def test_the_wait_is_as_long_as_the_gateway_asks(page: Any) -> None:
    class State:
        attempt_number = 1

        class outcome:
            @staticmethod
            def exception() -> Exception:
                error = Exception()
                error.retry_after = 90.0  # type: ignore[attr-defined]
                return error

    state: Any = State()
    assert page.wait(state) == 90.0
    state.outcome = None
    assert 0 < page.wait(state) <= 3
