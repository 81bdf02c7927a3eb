"""Spans of OpenTelemetry, and the filters that keep API keys out of other tracing tools."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest
from client_calls import CANARY, QUICK, cancel_after_request
from misbehaving_server import SENT, Faulty, drop, http, refused, stall

from skymms import Account, Client, SendMMS, SkymmsError, Slideshow, TransportError
from skymms.aio import AsyncClient
from skymms.telemetry import OpenTelemetryObserver, redact_event, redact_span, redact_url

sdk = pytest.importorskip("opentelemetry.sdk.trace")
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402

pytestmark = pytest.mark.compat

SEND = SendMMS(Slideshow("coupon", subject="Free").slide("Secret text"), to="15551234888", sender="60856")
SECRETS = (CANARY, "15551234888", "60856", "Secret", "coupon")


class Spans:
    """A tracer provider whose finished spans can be read."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = sdk.TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def finished(self) -> list[Any]:
        """The spans, parents before children."""
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time)

    def text(self) -> str:
        return "".join(span.to_json() for span in self.finished())


@pytest.fixture
def spans() -> Spans:
    return Spans()


class TestSpans:
    def call(self, kind: Any, spans: Spans, *acts: Any, **options: Any) -> None:
        observer = OpenTelemetryObserver(spans.provider)
        with Faulty(*acts) as server:
            account = Account(CANARY, dialect="skycore-get", url=server.url)
            with kind(account, **{"retries": QUICK, "observer": observer, **options}) as client:
                client.call(SEND)

    def test_a_call_and_its_request_have_a_span_each(self, kind: Any, spans: Spans) -> None:
        self.call(kind, spans, http(SENT))
        call, request = spans.finished()
        assert (call.name, request.name) == ("SendMMS", "SendMMS request")
        assert request.parent.span_id == call.context.span_id
        assert call.parent is None
        common = {"skymms.operation": "SendMMS", "skymms.dialect": "skycore-get", "skymms.sent_maybe": True}
        assert {**call.attributes, "skymms.call_id": None} == {
            **common,
            "skymms.call_id": None,
            "skymms.tracking_id": "MMS_12345",
        }
        assert {**request.attributes, "skymms.call_id": None} == {
            **common,
            "skymms.call_id": None,
            "skymms.part": 1,
            "skymms.attempt": 1,
            "http.response.status_code": 200,
        }
        assert call.status.is_ok
        assert call.start_time <= request.start_time <= request.end_time <= call.end_time

    def test_a_retry_has_a_span_of_its_own(self, kind: Any, spans: Spans) -> None:
        self.call(kind, spans, http(refused("E106")), http(SENT))
        call, first, second = spans.finished()
        assert [span.attributes["skymms.attempt"] for span in (first, second)] == [1, 2]
        assert (first.attributes["skymms.error_code"], first.attributes["skymms.sent_maybe"]) == ("E106", False)
        assert (first.status.is_ok, second.status.is_ok, call.status.is_ok) == (False, True, True)
        (retry,) = call.events
        assert (retry.name, retry.attributes["skymms.reason"]) == ("retry", "ThrottledError E106")

    def test_the_spans_of_a_lost_response_have_sent_maybe(self, kind: Any, spans: Spans) -> None:
        with pytest.raises(TransportError):
            self.call(kind, spans, drop)
        for span in spans.finished():
            assert (span.attributes["error.type"], span.attributes["skymms.sent_maybe"]) == ("TransportError", True)
            assert not span.status.is_ok

    def test_the_span_of_an_invalid_operation_has_its_error_code(self, spans: Spans) -> None:
        with Client(Account(CANARY), observer=OpenTelemetryObserver(spans.provider)) as client, pytest.raises(SkymmsError):
            client.call(SendMMS(SEND.slideshow, to="", sender="60856"))
        (call,) = spans.finished()
        assert (call.attributes["skymms.error_code"], call.attributes["skymms.sent_maybe"]) == ("E110", False)

    def test_the_spans_of_a_cancelled_call_end(self, spans: Spans) -> None:
        async def job(server: Faulty) -> None:
            observer = OpenTelemetryObserver(spans.provider)
            async with AsyncClient(Account(CANARY, url=server.url), observer=observer) as client:
                await cancel_after_request(client, server, SEND)

        with Faulty(stall) as server:
            asyncio.run(job(server))
        assert [span.attributes["error.type"] for span in spans.finished()] == ["CancelledError"] * 2

    def test_the_requests_of_many_tasks_have_the_spans_of_their_calls_as_parents(self, spans: Spans) -> None:
        async def job(server: Faulty) -> None:
            observer = OpenTelemetryObserver(spans.provider)
            async with AsyncClient(Account(CANARY, url=server.url), observer=observer) as client:
                await asyncio.gather(*(client.call(SEND) for _ in range(20)))

        with Faulty(http(SENT)) as server:
            asyncio.run(job(server))
        finished = spans.finished()
        calls = {span.context.span_id for span in finished if span.parent is None}
        assert len(calls) == 20
        assert {span.parent.span_id for span in finished if span.parent is not None} == calls

    def test_the_span_of_a_call_is_a_child_of_the_callers_span(self, spans: Spans) -> None:
        with spans.provider.get_tracer("app").start_as_current_span("job") as job:
            self.call(Client, spans, http(SENT))
        call = next(span for span in spans.finished() if span.name == "SendMMS")
        assert call.parent.span_id == job.get_span_context().span_id

    @pytest.mark.parametrize("act", [http(SENT), drop, http(refused("E104")), http(b"<html>15551234888 Secret</html>")])
    def test_spans_hold_no_key_recipient_or_text(self, kind: Any, spans: Spans, act: Any) -> None:
        with suppress(SkymmsError):
            self.call(kind, spans, act, retries=0)
        text = spans.text()
        assert "SendMMS" in text
        assert [secret for secret in SECRETS if secret in text] == []


def test_without_opentelemetry_the_observer_says_what_is_missing() -> None:
    script = """
import sys
sys.modules["opentelemetry"] = None
from skymms import ConfigurationError
from skymms.telemetry import OpenTelemetryObserver
try:
    OpenTelemetryObserver()
except ConfigurationError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "pip install 'skymms[otel]'" in done.stdout


def test_importing_telemetry_does_not_import_opentelemetry() -> None:
    script = "import skymms.telemetry, sys; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# ------------------------------------------------------------------------------------------------ filters


def get_url() -> str:
    """The URL of a GET request: it holds the key, both numbers and the text."""
    url = Account(CANARY, dialect="skycore-get").encode(SEND).url
    assert all(secret in url for secret in SECRETS)
    return url


def secrets_in(value: object) -> list[str]:
    return [secret for secret in SECRETS if secret in str(value)]


def get_account(server: Faulty) -> Account:
    return Account(CANARY, dialect="skycore-get", url=server.url)


class TestRedactUrl:
    def test_a_redacted_url_keeps_the_names_and_the_action(self) -> None:
        assert redact_url("https://a.example/x?action=sendmms&api_key=abc&to=1#top") == (
            "https://a.example/x?action=sendmms&api_key=***&to=***#top"
        )

    def test_a_redacted_url_has_no_secrets(self) -> None:
        url = redact_url(get_url())
        assert url.startswith("https://secure.skycore.com/API/wxml/1.3/index.php?action=sendmms&api_key=***&to=***&from=***&")
        assert secrets_in(url) == []

    @pytest.mark.parametrize("query", ["api_key=abc&to=1", "to=1&API_KEY=abc", "to=1;apikey=abc", "to=a?b&api-key=a%26b"])
    def test_a_bare_query_is_redacted(self, query: str) -> None:
        assert "abc" not in redact_url(query)
        assert "=1" not in redact_url(query)

    @pytest.mark.parametrize("url", ["https://a.example/x?to=1", "https://a.example/api_key", "", "api_keys=1 and text"])
    def test_a_url_without_a_key_is_unchanged(self, url: str) -> None:
        assert redact_url(url) == url

    def test_a_yarl_url_is_redacted(self) -> None:
        from yarl import URL

        assert secrets_in(redact_url(URL(get_url(), encoded=True))) == []


class TestRedactEvent:
    def test_a_redacted_sentry_event_has_no_secrets(self) -> None:
        url = get_url()
        event = {
            "request": {"url": url, "query_string": url.partition("?")[2]},
            "exception": {"values": [{"value": f"Max retries exceeded with url: {url} (caused by x)"}]},
            "breadcrumbs": {"values": ({"data": {"url": url, "status": 200}},)},
            "level": "error",
        }
        before = json.dumps(event)
        redacted = redact_event(event, {"exc_info": None})
        assert secrets_in(redacted) == []
        assert redacted["level"] == "error"
        assert "(caused by x)" in redacted["exception"]["values"][0]["value"]
        assert redacted["breadcrumbs"]["values"][0]["data"]["status"] == 200
        assert json.dumps(event) == before, "the event itself is unchanged"


def test_redact_span_masks_the_urls_of_a_span(spans: Spans) -> None:
    with spans.provider.get_tracer("app").start_as_current_span("GET") as span:
        span.set_attributes({"url.full": get_url(), "http.request.method": "GET"})
        redact_span(span, "a request")
    (finished,) = spans.finished()
    assert finished.attributes["http.request.method"] == "GET"
    assert "api_key=***" in finished.attributes["url.full"]
    assert secrets_in(spans.text()) == []


class TestInstrumentation:
    """With the instrumentation of other projects, where it is installed."""

    def test_the_instrumentation_of_requests_records_no_key(self, spans: Spans) -> None:
        instrumentation = pytest.importorskip("opentelemetry.instrumentation.requests")
        instrumentor = instrumentation.RequestsInstrumentor()
        instrumentor.instrument(tracer_provider=spans.provider, request_hook=redact_span)
        try:
            with Faulty(http(SENT)) as server, Client(get_account(server)) as client:
                client.call(SEND)
        finally:
            instrumentor.uninstrument()
        assert "api_key=***" in spans.text()
        assert secrets_in(spans.text()) == []

    def test_the_instrumentation_of_aiohttp_records_no_key(self, spans: Spans) -> None:
        instrumentation = pytest.importorskip("opentelemetry.instrumentation.aiohttp_client")
        instrumentor = instrumentation.AioHttpClientInstrumentor()
        instrumentor.instrument(tracer_provider=spans.provider, request_hook=redact_span, url_filter=redact_url)

        async def job(server: Faulty) -> None:
            async with AsyncClient(get_account(server)) as client:
                await client.call(SEND)

        try:
            with Faulty(http(SENT)) as server:
                asyncio.run(job(server))
        finally:
            instrumentor.uninstrument()
        assert "api_key=***" in spans.text()
        assert secrets_in(spans.text()) == []
