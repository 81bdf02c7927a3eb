"""Sends each HTTP request to the part of the sandbox that handles it: a gateway, the page, the control API or a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ..model.notices import Notice
from ..transport.guard import is_loopback
from ..wire.dialects import Dialect
from . import control, page
from .cellcast import Cellcast
from .cellcast_bodies import OTHER_REPLY
from .clock import Clock
from .event_text import postback_line, request_line
from .events import EventLog
from .fault_responses import response_with_fault
from .faults import Faults
from .gateway import Gateway, RequestRecord
from .listener import ServerRequest, ServerResponse
from .postback_sender import NoticeEncoder, PostbackPolicy, PostbackSender
from .routing import ABOUT, FOREIGN_HOST, dialect_at, is_gateway_host, is_page_or_control
from .state import State, printable

if TYPE_CHECKING:
    from ..inbox import Inbox


class Dispatcher:
    """Handles HTTP requests, records them, and schedules the notices that follow."""

    def __init__(
        self,
        *,
        api_key: str,
        state: State,
        cellcasts: Mapping[str, Cellcast],
        host: str,
        postback_url: str | None,
        postbacks_to: Inbox | None,
        methods: Mapping[str, Callable[..., object]],
        log: Callable[[str], None],
    ) -> None:
        """``methods`` are those of the control API; ``log`` is called with a line of text for each event."""
        self._state = state
        self._cellcasts = cellcasts
        self._host = host
        self._methods = methods
        self._log = log
        self._clock: Clock = state.clock
        self.faults: Faults = Faults(self._clock.seconds)
        self.gateway: Gateway = Gateway(api_key, state, self.faults)
        # On a host that other machines reach, a stranger could learn which addresses answer this machine.
        may_fetch = state.settings.fetch_media or is_loopback(host)
        self.events: EventLog = EventLog(self._clock.now, api_key, state.settings.limits, may_fetch=may_fetch)
        self.postbacks: PostbackSender = PostbackSender(postback_url, postbacks_to, self._clock, self._record_postback)

    def reset(self) -> None:
        """Forget all requests, events, faults and notices."""
        with self.gateway.lock:
            self._state.clear()
            self.gateway.records.clear()
        self.faults.reset()
        self.postbacks.reset()
        self.events.reset()

    def refuse_connection(self, first_bytes: bytes) -> bool:
        """Return whether the fault ``refuse`` closes the connection of a request that begins with these bytes."""
        # The fault never applies to the page and the control API: a test needs them to see the fault and to end it.
        if is_page_or_control(first_bytes) or self.faults.before_reading() is None:
            return False
        self._log("fault refuse: a connection was closed before its request was read")
        return True

    def respond(self, request: ServerRequest) -> ServerResponse:
        """Handle a request and return its response."""
        if not is_gateway_host(request, self._host):
            return ServerResponse(403, FOREIGN_HOST.encode(), "text/plain; charset=utf-8")
        cellcast = next((one for one in self._cellcasts.values() if one.accepts(request)), None)
        if cellcast is not None:
            record, rule = self.gateway.handle_cellcast(cellcast, request)
            encode = partial(cellcast.encode_reply, record.operation)
            response = response_with_fault(encode, record.reply, rule, lambda reply: OTHER_REPLY)
            self._record(record, response, cellcast)
            return response
        dialect = dialect_at(request)
        if dialect is not None:
            record, rule = self.gateway.handle(dialect, request)
            response = response_with_fault(partial(self._encode_reply, dialect, record.former_names), record.reply, rule)
            self._record(record, response, dialect)
            return response
        return self._respond_elsewhere(request)

    def _encode_reply(self, dialect: Dialect, former_names: frozenset[str], reply: Any) -> ServerResponse:
        usual = dialect.gateway.content_type
        content_type = usual and (self._state.settings.content_type or usual)
        return ServerResponse(
            200, dialect.encode_reply(reply, former_names), content_type or dialect.response_codec.CONTENT_TYPE
        )

    def _respond_elsewhere(self, request: ServerRequest) -> ServerResponse:
        """Respond to a request that is not at the address of a gateway."""
        if (response := page.respond(request, self.events, host=self._host)) is not None:
            return response
        if (response := control.respond(request, self._methods, host=self._host)) is not None:
            return response
        if request.path == "/" and request.method == "GET":
            return ServerResponse(200, ABOUT.encode(), "text/plain; charset=utf-8")
        if request.method == "GET" and (file := self._state.files.get(request.path)) is not None:
            return ServerResponse(200, file[1], file[0])
        self._log(f"{request.method} {printable(request.path)[:60]} -> 404, no gateway at this address")
        return ServerResponse(404, f"There is no gateway at this address. {ABOUT}".encode(), "text/plain; charset=utf-8")

    def _record(self, record: RequestRecord, response: ServerResponse, encoder: NoticeEncoder) -> None:
        """Add a request and its response to the events, and schedule its notices."""
        stored = self._state.saved.get(str(getattr(record.operation, "mms_id", None)))
        self.events.add_request(record, response, stored.slideshow if stored else None)
        self._log(request_line(record))
        for after, notice in _notice_times(record, self.postbacks.policy):
            self.schedule(after, notice, encoder)

    def schedule(self, after: float, notice: Notice, encoder: NoticeEncoder) -> None:
        """Post a notice in this many seconds."""
        self._clock.schedule(after, lambda: self.postbacks.send(notice, encoder))

    def _record_postback(self, notice: Notice, result: str | None) -> None:
        self.events.add_notice(notice, result)
        if result is not None:
            self._log(postback_line(notice, result))


def _notice_times(record: RequestRecord, policy: PostbackPolicy) -> list[tuple[float, Notice]]:
    """Return the notices of a request, each with its seconds after the response; the policy may reverse their order."""
    due = sorted(record.due, key=lambda one: one.after)
    notices = [one.notice for one in due]
    return list(zip((one.after for one in due), reversed(notices) if policy.disorder else notices, strict=True))
