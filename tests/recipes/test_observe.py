"""docs/how-to/observe.md: what its log lines, its observer and its spans contain."""

from __future__ import annotations

import logging

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from recipe_pages import run_page

from skymms.sandbox import Sandbox


def test_the_log_has_one_line_for_a_call_and_no_number(gateway: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "skymms"):
        page = run_page("how-to/observe.md")
    lines = [record.getMessage() for record in caplog.records if record.name == "skymms"]
    assert lines[0].startswith("SendMMS: done, tracking id MMS_")
    assert page.message.to == "15551234888"
    assert not any("1555" in line or "sandbox-key" in line for line in lines)


def test_the_spans_have_the_outcome_and_neither_key_nor_number(monkeypatch: pytest.MonkeyPatch, gateway: Sandbox) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", lambda name, tracer_provider=None: provider.get_tracer(name))
    run_page("how-to/observe.md")
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == ["SendMMS request", "SendMMS"]
    everything = " ".join(span.to_json() for span in spans)
    assert "skymms.tracking_id" in everything
    assert [secret for secret in ("15551234888", "sandbox-key", "Hello!", "60856") if secret in everything] == []
