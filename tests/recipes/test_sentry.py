"""docs/how-to/sentry.md: no API key and no phone number leaves in an envelope, although local variables do."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from recipe_pages import blocks, run_page
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.stdlib import StdlibIntegration
from sentry_sdk.transport import Transport

from skymms import Account, Client, SendMMS, Slideshow
from skymms.cellcast import CellcastSend
from skymms.sandbox import Sandbox
from skymms.telemetry import redact_event

KEY = "5fa1c0de0123456789abcdef5fa1c0de"
NUMBER = "15551234888"
SHOW = Slideshow("n", subject="s", fallback_text="f").slide("Hi!", image="https://media.example/a.jpg")
MESSAGES: dict[str, Any] = {
    "skycore": SendMMS(SHOW, to=NUMBER, sender="60856"),
    "skycore-get": SendMMS(SHOW, to=NUMBER, sender="60856"),
    "sinch": SendMMS(SHOW, to=NUMBER, sender="60856", service_id="1"),
    "sinch-json": SendMMS(SHOW, to=NUMBER, sender="60856", service_id="1"),
    "cellcast-v1": CellcastSend(Slideshow("n").slide("Hi!"), to=["0491570156", "+61 491 570 157"]),
}
NUMBERS = (NUMBER, "491570156", "491 570 157", "15551230000")


class Recorder(Transport):
    """Keeps the envelopes that would leave."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.envelopes: list[str] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.envelopes.append(envelope.serialize().decode())


@pytest.fixture
def recorder(request: pytest.FixtureRequest) -> Iterator[Recorder]:
    """Sentry as the page sets it up, or without the functions of the page."""
    transport = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        chosen: dict[str, Any] = {}
        patch.setattr(sentry_sdk, "init", lambda **options: chosen.update(options))
        (setup,) = blocks("how-to/sentry.md", "py")
        exec(setup, {})
    assert chosen.pop("dsn")
    assert set(chosen) == {"before_send", "before_send_transaction", "before_breadcrumb"}
    hooks = {} if getattr(request, "param", "") == "without" else chosen
    sentry_sdk.init(
        dsn="http://key@127.0.0.1:9/1",
        transport=transport,
        traces_sample_rate=1.0,
        # Others would stay in the frameworks that this process has imported.
        default_integrations=False,
        integrations=[LoggingIntegration(), StdlibIntegration(), DedupeIntegration()],
        **hooks,
    )
    yield transport
    sentry_sdk.get_client().close(timeout=0)
    sentry_sdk.get_global_scope().set_client(None)


def break_everything(sandbox: Sandbox, dialect: Any) -> int:
    """Cause errors of all kinds in a transaction each, and report them; returns how many."""
    account: Any = sandbox.account(dialect)
    message = MESSAGES[dialect]
    whole_number = 15551230000
    texts = [f"to {NUMBER}", {"number": NUMBER, "at": [whole_number]}]

    class Ledger:
        def request_started(self, event: Any) -> None:
            raise RuntimeError(f"no money for {event.operation}")

    def send(how: str = "", **options: Any) -> None:
        fault = sandbox.fail(how) if how else None
        with sentry_sdk.start_transaction(name="order"), Client(account, retries=0, timeout=0.3, **options) as client:
            client.call(message)
        assert fault is None, texts

    def send_to_nobody() -> None:
        with Client(account) as client:
            client.call(SendMMS(SHOW, to=f"{NUMBER}x", sender="60856"))

    def create_account() -> None:
        Account(f"{KEY} x")

    count = 0
    for cause in (
        *(lambda how=how: send(how) for how in ("drop", "half", "html", "500", "E110", "E106", "stall")),
        lambda: send(observer=Ledger()),
        send_to_nobody,
        create_account,
    ):
        try:
            cause()
        except Exception as error:
            sentry_sdk.capture_exception(error)
            logging.getLogger("shop").error("no message to %s: %s", NUMBER, error)
            count += 2
    return count


@pytest.mark.parametrize("dialect", MESSAGES)
def test_no_key_and_no_number_leaves(recorder: Recorder, dialect: str) -> None:
    with Sandbox(KEY) as sandbox:
        count = break_everything(sandbox, dialect)
    everything = "\n".join(recorder.envelopes)
    events = [json.loads(one.splitlines()[2]) for one in recorder.envelopes if '"type":"event"' in one]
    assert len(events) == count == 20
    assert [secret for secret in (KEY, *NUMBERS) if secret in everything] == []
    # Local variables of the program stay, and what helps to find an error.
    variables = [frame.get("vars", {}) for event in events for one in values_of(event) for frame in frames_of(one)]
    assert any("how" in names for names in variables)
    assert all("event_id" in event and len(event["event_id"]) == 32 for event in events)
    assert any(one["type"] == "TransportError" for event in events for one in values_of(event))


def values_of(event: Any) -> list[Any]:
    return event.get("exception", {}).get("values", [])


def frames_of(value: Any) -> list[Any]:
    return value.get("stacktrace", {}).get("frames", [])


@pytest.mark.parametrize("recorder", ["without"], indirect=True)
def test_without_the_functions_of_the_page_numbers_would_leave(recorder: Recorder) -> None:
    # If nothing leaks here, the test above proves nothing.
    with Sandbox(KEY) as sandbox:
        break_everything(sandbox, "skycore-get")
    everything = "\n".join(recorder.envelopes)
    assert everything.count(NUMBER) > 20
    assert "Hi!" in everything


def test_the_page_tags_what_may_have_been_sent(recorder: Recorder) -> None:
    run_page("how-to/sentry.md")
    (event,) = [json.loads(one.splitlines()[2]) for one in recorder.envelopes if '"type":"event"' in one]
    assert event["tags"] == {"sent_maybe": True, "code": ""}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("call 15551234888 now", "call *** now"),
        ("+1 (555) 123-4888", "***"),
        ("(555) 123-4888", "***"),
        ("555.123.4888", "***"),
        ("0491 570 156", "***"),
        ("+61 491 570 156", "***"),
        ("15551234888x", "***x"),
        # No numbers of phones.
        ("MMS_1234567", "MMS_1234567"),
        ("2026-11-30T14:04:09.123456Z", "2026-11-30T14:04:09.123456Z"),
        ("0x7f1234567890", "0x7f1234567890"),
        ("127.0.0.1:41739", "127.0.0.1:41739"),
        ("E226 at line 4567", "E226 at line 4567"),
        ({"trace_id": "12345678901234567890123456789012"}, {"trace_id": "12345678901234567890123456789012"}),
        ({"vars": {"number": 15551234888, "page": 17, "ok": True}}, {"vars": {"number": "***", "page": 17, "ok": True}}),
        ({"module": "skymms.client", "vars": {"body": "x"}}, {"module": "skymms.client", "vars": {}}),
        ({"module": "skymms_shop", "vars": {"body": "x"}}, {"module": "skymms_shop", "vars": {"body": "x"}}),
        ({"lineno": 1234567}, {"lineno": 1234567}),
        (("15551234888", 1.5, None), ("***", 1.5, None)),
    ],
)
def test_a_value_of_an_event_is_masked_only_if_it_can_be_a_number(value: Any, expected: Any) -> None:
    assert redact_event(value) == expected


def test_the_key_of_an_account_is_masked_before_a_client_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    # Accounts of other tests in this process have keys that are words of this text.
    monkeypatch.setattr("skymms.redaction._KNOWN_KEYS", {})
    account = Account(KEY)
    assert redact_event({"extra": {"tried": f"key {account.api_key}"}}) == {"extra": {"tried": "key ***"}}
