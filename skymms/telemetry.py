"""Tracing with OpenTelemetry, and filters that keep API keys out of other tracing tools.

:class:`OpenTelemetryObserver` makes spans of calls (``pip install 'skymms[otel]'``)::

    client = Client(account, observer=OpenTelemetryObserver())

The dialect ``skycore-get`` puts the API key, the recipient and the text into the URL, and the instrumentation of requests,
aiohttp and Sentry records URLs. The functions below mask them. The other dialects have nothing secret in their URLs::

    RequestsInstrumentor().instrument(request_hook=redact_span)
    AioHttpClientInstrumentor().instrument(url_filter=redact_url, request_hook=redact_span)
    sentry_sdk.init(before_send=redact_event, before_send_transaction=redact_event, before_breadcrumb=redact_event)
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .errors import ConfigurationError
from .redaction import MASK, mask_known_keys
from .transport.logging import loggable_code, loggable_tracking_id
from .transport.observer import observers as observers

if TYPE_CHECKING:
    from opentelemetry.trace import Span, TracerProvider

    from .transport.events import AttemptFailed, CallEvent, CallFinished, RequestStarted, ResponseReceived, RetryScheduled

__all__ = ["OpenTelemetryObserver", "observers", "redact_event", "redact_span", "redact_url"]

T = TypeVar("T")

# ------------------------------------------------------------------------------------------------ OpenTelemetry


class OpenTelemetryObserver:
    """An observer that makes one span for each call and a child span for each request.

    The spans have the operation, dialect, HTTP status, error code, ``sent_maybe`` and tracking id, and never the API key, the
    sender, the recipient or the text. The span of a call includes the time it waited for its rate limit. A call that is refused
    before sending has a span without children.

    ``tracer_provider`` is the global one by default. Raises :class:`~skymms.ConfigurationError` if OpenTelemetry is not
    installed.
    """

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        try:
            from opentelemetry import trace
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "opentelemetry":
                raise
            raise ConfigurationError("OpenTelemetryObserver needs OpenTelemetry: pip install 'skymms[otel]'") from None
        self._trace = trace
        self._tracer = trace.get_tracer("skymms", tracer_provider=tracer_provider)
        #: The open spans of each call, by call id. A call belongs to one thread, so no lock is needed.
        self._calls: dict[str, Span] = {}
        self._attempts: dict[str, Span] = {}

    def request_started(self, event: RequestStarted) -> None:
        """Start the span of a request, and before the first one the span of its call."""
        call = self._calls.get(event.call_id)
        if call is None:
            call = self._calls[event.call_id] = self._start_call(event, event.elapsed)
        attributes = {**_common(event), "skymms.part": event.part, "skymms.attempt": event.attempt}
        self._attempts[event.call_id] = self._tracer.start_span(
            f"{_operation(event)} request",
            context=self._trace.set_span_in_context(call),
            kind=self._trace.SpanKind.CLIENT,
            attributes=attributes,
        )

    def response_received(self, event: ResponseReceived) -> None:
        """Record the HTTP status."""
        self._attempts[event.call_id].set_attribute("http.response.status_code", event.status)

    def attempt_failed(self, event: AttemptFailed) -> None:
        """End the span of a request with its error."""
        self._end(self._attempts.pop(event.call_id, None), event.error, event.error.sent_maybe)

    def retry_scheduled(self, event: RetryScheduled) -> None:
        """Record the retry in the span of the call."""
        self._calls[event.call_id].add_event("retry", {"skymms.reason": event.reason, "skymms.wait_seconds": event.seconds})

    def part_finished(self, event: CallEvent) -> None:
        """End the span of a request that has its reply."""
        self._end(self._attempts.pop(event.call_id, None), None, not event.operation.repeatable)

    def call_finished(self, event: CallFinished) -> None:
        """End the span of the call, and that of a request that was interrupted."""
        self._end(self._attempts.pop(event.call_id, None), event.error, event.sent_maybe)
        call = self._calls.pop(event.call_id, None) or self._start_call(event, event.seconds)
        if tracking_id := loggable_tracking_id(event.reply, event.operation):
            call.set_attribute("skymms.tracking_id", tracking_id)
        self._end(call, event.error, event.sent_maybe)

    def _start_call(self, event: CallEvent, seconds_ago: float) -> Span:
        began = time.time_ns() - int(seconds_ago * 1e9)
        return self._tracer.start_span(
            _operation(event), kind=self._trace.SpanKind.INTERNAL, attributes=_common(event), start_time=began
        )

    def _end(self, span: Span | None, error: BaseException | None, sent_maybe: bool) -> None:
        if span is None:
            return
        span.set_attribute("skymms.sent_maybe", sent_maybe)
        if error is not None:
            # The text of an error can quote the message, so only its class and code are recorded.
            span.set_attribute("error.type", type(error).__name__)
            if code := loggable_code(error):
                span.set_attribute("skymms.error_code", code)
            span.set_status(self._trace.Status(self._trace.StatusCode.ERROR, type(error).__name__))
        span.end()


def _operation(event: CallEvent) -> str:
    return type(event.operation).__name__


def _common(event: CallEvent) -> dict[str, str | int]:
    return {"skymms.operation": _operation(event), "skymms.dialect": event.dialect, "skymms.call_id": event.call_id}


# ------------------------------------------------------------------------------------------------ filters

#: A piece of text without spaces that contains an API key as a query parameter: a URL or a bare query.
_WITH_KEY = re.compile(r"""(?i)[^\s"'<>]*\bapi[_-]?key=[^\s"'<>]*""")
_PARAMETER = re.compile(r"([?&;]|^)([^=&;?#]+)=[^&;#]*")
#: The only parameter of a gateway's URL that is neither secret nor personal.
_ACTION = "action"


def redact_url(url: object) -> str:
    """Return a URL with the values of its query masked if the query contains an API key; other URLs are returned unchanged.

    The names of the parameters and the value of ``action`` stay.
    """
    text = str(url)
    if _WITH_KEY.search(text) is None:
        return text
    address, mark, query = text.partition("?") if "?" in text else ("", "", text)
    return address + mark + _PARAMETER.sub(_masked, query)


def _masked(parameter: re.Match[str]) -> str:
    before, name = parameter.groups()
    return parameter[0] if name.lower() == _ACTION else f"{before}{name}={MASK}"


def redact_event(event: T, hint: object = None) -> T:
    """Return a copy of an event of Sentry, or of any JSON-like value, without API keys and phone numbers.

    Masked are the keys of all accounts of this process, URLs with an API key, and texts of at least seven digits. Of the frames
    of skymms and of the HTTP libraries below it, the local variables are removed: they hold the request with its text.

    Use it as ``before_send``, ``before_send_transaction`` and ``before_breadcrumb``. ``hint`` is ignored.
    """
    return cast(T, _redacted_event(event))


#: Modules whose local variables are removed from an event.
_OUR_MODULES = re.compile(r"(skymms|requests|urllib3|http|aiohttp)(\.|$)")
#: Ids and times of an event, which may consist of digits.
_KEPT_NAMES = frozenset(
    {
        "event_id",
        "trace_id",
        "span_id",
        "parent_span_id",
        "replay_id",
        "timestamp",
        "start_timestamp",
        "sdk",
        "modules",
        "release",
    }
)
#: A phone number, with or without separators. A tracking id such as MMS_1234567 is none.
_NUMBER = re.compile(
    r"(?<![\w.])(?:\d{7,}|\+\d[\d ().-]{6,}\d|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{3,4}(?!\d)|0\d{3} \d{3} \d{3}(?!\d))"
)


def _redacted_event(value: Any, *, in_variables: bool = False) -> Any:
    if isinstance(value, str):
        return _NUMBER.sub(MASK, _redacted(value))
    if isinstance(value, int) and in_variables:
        return MASK if value > 999_999 else value
    items: Any = value  # after isinstance, pyright would report an unknown type
    if isinstance(value, Mapping):
        ours = _OUR_MODULES.match(str(items.get("module") or "")) is not None
        found: dict[Any, Any] = {}
        for name, item in items.items():
            if name in _KEPT_NAMES:
                found[name] = item
            elif ours and name == "vars":
                found[name] = {}
            else:
                found[name] = _redacted_event(item, in_variables=in_variables or name == "vars")
        return found
    if isinstance(value, (list, tuple)):
        redacted: list[Any] = [_redacted_event(item, in_variables=in_variables) for item in items]
        return redacted if isinstance(value, list) else tuple(redacted)
    return items


def _redacted(value: Any) -> Any:
    """Mask API keys, and URLs with one, in a text or in the texts of a sequence."""
    if isinstance(value, str):
        return mask_known_keys(_WITH_KEY.sub(lambda found: redact_url(found[0]), value))
    items: Any = value
    if isinstance(value, (list, tuple)):
        return [_redacted(item) for item in items] if isinstance(value, list) else tuple(_redacted(item) for item in items)
    return items


def redact_span(span: Any, *details: Any) -> None:
    """Mask URLs with an API key in the attributes of an OpenTelemetry span.

    Use it as ``request_hook`` of the instrumentation of requests or aiohttp. ``details`` are ignored.
    """
    attributes: Mapping[str, Any] | None = getattr(span, "attributes", None)
    for name, value in dict(attributes or {}).items():
        if (safe := _redacted(value)) != value:
            span.set_attribute(name, safe)
