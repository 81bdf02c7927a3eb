"""Simulates both generations of Cellcast: decodes requests, validates them and acts on them.

Requests are decoded with the tables that the library encodes them with, and validated by the library's rules. Recipients are
checked one by one, as the gateway does. docs/how-to/cellcast.md lists the assumptions where the vendor's pages are not clear.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin

from ..cellcast import (
    GENERATIONS,
    MAX_NUMBERS,
    STATES,
    AccountBalance,
    Balance,
    CancelScheduled,
    CellcastAccount,
    CellcastMMS,
    CellcastSend,
    CellcastSent,
    Done,
    MarkRead,
    MessageReports,
    OptOut,
    OptOuts,
    Response,
    Responses,
    SentMessage,
    mobile,
)
from ..cellcast.generations import Call, CellcastLimits, Generation, is_upload, slideshow_of, with_other_files
from ..cellcast.values import normalize_status
from ..cellcast.wire import ORIGIN
from ..model.notices import DeliveryReport, InboundSMS, Notice
from ..model.operations import Operation
from ..model.replies import Refusal
from ..validation.file_types import file_type
from ..wire.codecs import DecodeError, json
from .cellcast_bodies import NOT_VALID, PER_PAGE, SHARED, TOO_SHORT, Page, encode_inbound, encode_reply, encode_report, refusal
from .cellcast_requests import FIELD_READERS, operation_of
from .listener import ServerRequest, ServerResponse
from .state import ActionResult, Message, ReceivedResponse, ScheduledNotice, State


class _RequestedCall(NamedTuple):
    """The call that a request is for, and the part of its path that follows the call's own."""

    kind: type[Operation[Any]]
    call: Call
    tail: str


class Cellcast:
    """One generation of Cellcast: decodes requests, executes operations, and encodes replies and webhooks."""

    #: Webhooks of both generations are JSON.
    response_codec = json

    def __init__(self, generation: Generation, api_key: str, state: State) -> None:
        self.name: str = f"cellcast-{generation.name}"
        self.generation: str = generation.name
        self.path: str = f"/api/{generation.name}/"
        self._v1: bool = generation.name == "v1"
        if other_files := state.settings.allow_other_files and not self._v1:
            generation = with_other_files(generation)
        self._generation, self._api_key, self._state = generation, api_key, state
        # Used for its rules only: the sandbox refuses what the library would not send.
        self._account = CellcastAccount("no-key", generation=generation.name, allow_other_files=other_files)
        self._calls = {(call.method, urljoin(self.path, call.path)): (kind, call) for kind, call in generation.calls.items()}

    def accepts(self, request: ServerRequest) -> bool:
        """Return whether a request is for this generation: below its path, or at the path of a call that is elsewhere."""
        return request.path.startswith(self.path) or any(request.path.startswith(path) for _, path in self._calls)

    # -------------------------------------------------------------------------------------------- decoding

    def decode(self, request: ServerRequest) -> tuple[Any, Refusal | None]:
        """Return the operation in a request, and the refusal if there is a reason for one."""
        operation, refused = None, None
        if (requested := self._find_call(request)) is None:
            refused = self.refuse(None, "NOT_IMPLEMENTED")
        else:
            try:
                operation = self._read(requested, request)
            except DecodeError as error:
                refused = self.refuse(None, "BAD_REQUEST", str(error))
        return operation, self._check_key(request) or refused or self._validate(operation)

    def _find_call(self, request: ServerRequest) -> _RequestedCall | None:
        path = request.path.rstrip("/")
        if (found := self._calls.get((request.method, path))) is not None:
            return _RequestedCall(*found, "")
        above, _, tail = path.rpartition("/")
        found = self._calls.get((request.method, above))
        return _RequestedCall(*found, unquote(tail)) if found is not None and "/" in found[1].names.values() else None

    def _read(self, requested: _RequestedCall, request: ServerRequest) -> Operation[Any]:
        """Return the operation in a request for a known call; raises :class:`~skymms.wire.codecs.DecodeError`."""
        kind, call, tail = requested
        fields = FIELD_READERS[call.placement](request)
        for name, constant in call.constants.items():
            # The URL on the v3 page ends in "type=mms;". With the semicolon it is not a valid type.
            if fields.get(name, constant) != constant:
                raise DecodeError(f"{name} must be {constant}")
        wire_names = {name: wire_name for name, wire_name in call.names.items() if wire_name}
        if self._state.settings.strict and (unknown := set(fields) - {*wire_names.values(), *call.constants}):
            raise DecodeError(f"{min(unknown):.40} is not a field of this call")
        # The wire name "/" is the end of the path.
        values = {name: tail if wire_name == "/" else fields.get(wire_name) for name, wire_name in wire_names.items()}
        return operation_of(kind, values)

    def _check_key(self, request: ServerRequest) -> Refusal | None:
        given = request.headers.get(self._generation.key_header.lower(), "")
        if not given:
            return self.refuse(None, "AUTH_FAILED_NO_DATA")
        expected = self._generation.key_prefix + self._api_key
        return None if hmac.compare_digest(given.encode(), expected.encode()) else self.refuse(None, "AUTH_FAILED")

    def _validate(self, operation: Any) -> Refusal | None:
        """Return the refusal for the first violated rule. A missing recipient comes before all other problems.

        An invalid number does not refuse the request: numbers are checked one by one.
        """
        problems = self._account.problems(operation) if operation is not None else ()
        if found := [problem for problem in problems if not problem.field.startswith("to[")]:
            first = min(found, key=lambda problem: problem.field != "to")
            code = "NOT_REGISTERED" if first.field == "sender" else first.code or "BAD_REQUEST"
            if isinstance(operation, MessageReports) and first.field == "message_id":
                return self.refuse(operation, "CAST_ERROR")
            field = first.field
            if field == "media" and (media := getattr(operation, "media", None)):
                allowed = is_upload(file_type(media), self._generation.limits)
                field = "MediaTooLargeError" if allowed else "MediaTypeError"
            return self.refuse(operation, code, f"{first.where}: {first.message}", field=field)
        if isinstance(operation, CellcastSend):
            if len(operation.recipients) > MAX_NUMBERS:
                return self.refuse(operation, "FIELD_INVALID", f"at most {MAX_NUMBERS:,} numbers", field="to")
            senders = self._state.settings.senders
            if operation.sender and senders is not None and operation.sender not in {one.removeprefix("+") for one in senders}:
                return self.refuse(operation, "NOT_REGISTERED")
        return None

    def refuse(self, operation: Any, code: str, info: str = "", *, field: str = "") -> Refusal:
        """Return the refusal with one of Cellcast's names, or the one that is most similar to a code of Skycore's."""
        return refusal(self._v1, code, field, info)

    @property
    def limits(self) -> CellcastLimits:
        """The limits of this generation."""
        return self._generation.limits

    # -------------------------------------------------------------------------------------------- operations

    def act(self, operation: Any) -> ActionResult:
        """Execute a valid operation. The caller must hold the gateway's lock."""
        if isinstance(operation, CellcastSend):
            return self._send(operation)
        if isinstance(operation, MarkRead):
            return self._mark(operation), []
        if isinstance(operation, CancelScheduled):
            # The vendor's pages name no way to schedule an MMS, so there is none to cancel.
            return self.refuse(operation, "NOT_FOUND"), []
        if isinstance(operation, Balance):
            credits = Decimal(self._state.credits)
            return AccountBalance(name="sandbox", email="sandbox@example.com", sms=Decimal(0), mms=credits), []
        return self._list(operation), []

    def _send(self, operation: CellcastSend) -> ActionResult:
        state = self._state
        numbers = dict.fromkeys(map(str, operation.recipients))
        invalid = {number: _reason(number) for number in numbers if mobile(number) is None}
        unsubscribed = tuple(number for number in numbers if number in state.blocked and number not in invalid)
        accepted = [number for number in numbers if number not in invalid and number not in unsubscribed]
        if not accepted and not self._v1:
            return self.refuse(operation, "RECIPIENTS_ERROR"), []
        if len(accepted) > state.credits:
            return self.refuse(operation, "LEDGER_ERROR"), []
        state.credits -= len(accepted)
        queued: dict[str, str] = {}
        due: list[ScheduledNotice] = []
        for number in accepted:
            queued[number] = self._next_id()
            due += self._store(operation, number, queued[number], len(accepted))
        if self._v1:
            texts, types = ({number: pair[at] for number, pair in invalid.items()} for at in (0, 1))
            return CellcastSent(queued=queued, invalid=texts, error_types=types, unsubscribed=unsubscribed), due
        # v3 lists only the accepted numbers. The others are only in its counts.
        sent = CellcastSent(
            queued=queued,
            unaccounted=(*invalid, *unsubscribed),
            credits=Decimal(len(queued)),
            date=state.clock.now().replace(tzinfo=None, microsecond=0),
            total_numbers=len(numbers),
            success_number=len(queued),
        )
        return sent, due

    def _store(self, operation: CellcastSend, number: str, message_id: str, recipients: int) -> list[ScheduledNotice]:
        """Store the message to one number, and return its delivery reports."""
        now, text = self._state.clock.now(), slideshow_of(operation).slides[0].text or ""
        sender = None if operation.sender is None else str(operation.sender)
        steps = self._steps(number)
        dated = tuple((now + timedelta(seconds=after), status) for after, status in steps)
        reference = None if operation.client_reference is None else str(operation.client_reference)
        message = Message(
            message_id=message_id, to=number, sender=sender, text=text, at=now, steps=dated, client_reference=reference
        )
        # The messages of one request share their text.
        self._state.messages.append(message, 100 + len(text) // recipients)
        # v3 reports the final state only.
        reported = steps if self._v1 else [step for step in steps if step[1] != "sent"]
        return [
            ScheduledNotice(after, delivery_report(self._v1, message_id, number, status, sender)) for after, status in reported
        ]

    def _steps(self, number: str) -> list[tuple[float, str]]:
        """Return the states of a message to a number, each with the seconds after which it is reached."""
        delays = self._state.settings.delays
        code, status = self._state.outcome_of(number)
        # Skycore writes a status as "Message Sent/Expired".
        last = _FINAL_STATES[code] and ((status or "").rpartition("/")[2].strip().lower() or _FINAL_STATES[code])
        steps = [] if code == "E101" else [(delays.sent, "sent")]
        return [*steps, (delays.delivered if steps else delays.sent, last)] if last else steps

    def _next_id(self) -> str:
        """Return a message id: 24 hexadecimal digits in v1, an upper-case GUID in v3."""
        number = int(self._state.next_id())
        return f"6752be53{number:016x}" if self._v1 else f"A21741CB-9B8E-3956-A1CE-{number:012X}"

    def _mark(self, operation: MarkRead) -> Done | Refusal:
        before = operation.before
        try:
            until = datetime.fromisoformat(before) if isinstance(before, str) else before
        except ValueError:
            return self.refuse(operation, "BAD_REQUEST", "date_before is not a date")
        if until is not None and until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        for stored in self._state.responses:
            received_at = stored.response.received_at
            is_before = until is not None and received_at is not None and received_at < until
            if operation.everything or stored.response.message_id == operation.message_id or is_before:
                stored.read = True
        return Done("marked as read")

    def _list(self, operation: Any) -> Page | Refusal:
        rows = _LISTINGS[type(operation)](self._generation, self._state, operation)
        if not operation.is_list and not rows:
            return self.refuse(operation, "NOT_FOUND")
        page: int = operation.page or 1
        size: int = getattr(operation, "page_size", None) or PER_PAGE
        rows_of_page = tuple(rows[(page - 1) * size : page * size])
        more, single = page * size < len(rows), not operation.is_list
        return Page(rows_of_page, more=more, page=page, size=size, total=len(rows), single=single)

    # -------------------------------------------------------------------------------------------- inbound messages

    def receive(self, sender: str, to: str, text: str, files: tuple[str, ...] | None) -> tuple[str, Notice]:
        """Store an inbound message; return its id and the notice for its webhook. Without ``files`` it is an SMS.

        The caller must hold the gateway's lock.
        """
        state, sender, now = self._state, mobile(sender) or sender, self._state.clock.now()
        number, replied_to = int(state.next_id()), state.latest_to(sender)
        message_id = f"6752be54{number:016x}" if self._v1 else f"dba864ec-e486-4647-82c4-{number:012x}"
        response = Response(
            sender=sender,
            text=text,
            received_at=now,
            message_id=message_id,
            original_message_id=replied_to.message_id if replied_to else None,
            original_text=replied_to.text if replied_to else None,
        )
        state.responses.append(ReceivedResponse(response), 100 + len(text))
        # The notice has only the fields that the library can decode from the webhook. In v3 the time has no zone, and there
        # are no files and no recipient. In v1 there is no time, and no message that this one replies to.
        common: dict[str, Any] = {
            "origin": ORIGIN,
            "sender": sender,
            "text": text,
            "timestamp": None if self._v1 else now.replace(tzinfo=None, microsecond=0),
            "to": (mobile(to) or to) if self._v1 else None,
        }
        original_id = None if self._v1 else response.original_message_id
        if files is None:
            return message_id, InboundSMS(**common, tracking_id=original_id, transaction_id=message_id)
        listed = files if self._v1 else ()
        return message_id, CellcastMMS(**common, tracking_id=message_id, original_message_id=original_id, files=listed)

    # -------------------------------------------------------------------------------------------- encoding

    def encode_reply(self, operation: Any, reply: Any) -> ServerResponse:
        """Return the HTTP response for a reply."""
        return encode_reply(self._v1, operation, reply, self._state.clock.now())

    def encode_notice(self, notice: Notice) -> bytes:
        """Return the body of the webhook for a notice."""
        if isinstance(notice, DeliveryReport):
            return encode_report(self._v1, notice)
        assert isinstance(notice, (InboundSMS, CellcastMMS)), "receive() makes no others"
        return encode_inbound(self._v1, notice, self._state.latest_to(notice.sender or ""))


def generations(api_key: str, state: State) -> dict[str, Cellcast]:
    """Return both generations, by their names in the sandbox."""
    both = [Cellcast(generation, api_key, state) for generation in GENERATIONS.values()]
    return {cellcast.name: cellcast for cellcast in both}


def delivery_report(v1: bool, message_id: str, to: str, status: str, sender: str | None) -> DeliveryReport:
    """Return the report that a message has reached a state, as the library reads it from the webhook."""
    return DeliveryReport(
        origin=ORIGIN,
        tracking_id=message_id,
        status=STATES.get(status, status),
        details=status if v1 else status.capitalize(),
        to=to,
        sender=(mobile(sender) or sender or SHARED) if v1 else None,
    )


#: The final state of a message, by the code that a test arranged; empty for a message that is never reported.
_FINAL_STATES = {"N102": "delivered", "N202": "delivered", "E102": "failed", "E202": "failed", "E101": "rejected", "N101": ""}


def _reason(number: str) -> tuple[str, str]:
    # The v1 page has both reasons, with examples of ten digits and of fewer than nine.
    return TOO_SHORT if len(re.findall("[0-9]", number)) < 9 else NOT_VALID


# ------------------------------------------------------------------------------------------------ listings


def _responses(generation: Generation, state: State, operation: Responses) -> list[Response]:
    """Return the responses, the newest first; v3 leaves out those that are marked as read, as only it can mark them."""
    can_mark = MarkRead in generation.calls
    return [stored.response for stored in reversed(list(state.responses)) if not (can_mark and stored.read)]


def _opt_outs(generation: Generation, state: State, operation: OptOuts) -> list[OptOut]:
    dated = {valid: at for number, at in state.blocked.items() if (valid := mobile(number))}
    return [OptOut(number=number, created_at=dated[number]) for number in sorted(dated)]


def _reports(generation: Generation, state: State, operation: MessageReports) -> list[SentMessage]:
    now = state.clock.now()
    # The messages of the other generation have other ids.
    messages = [one for one in reversed(list(state.messages)) if re.fullmatch(generation.limits.message_id, one.message_id)]
    rows = [_sent_message(message, now) for message in messages]
    return [row for row in rows if _is_requested(operation, row)]


def _sent_message(message: Message, now: datetime) -> SentMessage:
    reached = [step for step in message.steps if step[0] <= now]
    updated_at, status = reached[-1] if reached else (message.at, "queued")
    return SentMessage(
        message_id=message.message_id,
        status=status,
        to=message.to,
        sender=message.sender or SHARED,
        text=message.text,
        created_at=message.at,
        updated_at=updated_at,
        credits=Decimal(1),
        client_reference=message.client_reference,
    )


def _is_requested(operation: MessageReports, row: SentMessage) -> bool:
    day = row.created_at.date() if row.created_at else date.min
    return (
        operation.message_id in (None, row.message_id)
        and operation.client_reference in (None, row.client_reference)
        # The page spells a state as "delievered", and so do programs.
        and (operation.status is None or normalize_status(operation.status) == row.status)
        and (operation.since or day) <= day <= (operation.until or day)
    )


_LISTINGS: Mapping[type[Any], Callable[[Generation, State, Any], list[Any]]] = {
    Responses: _responses,
    OptOuts: _opt_outs,
    MessageReports: _reports,
}
