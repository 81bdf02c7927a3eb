"""Cellcast in the sandbox, both generations of it: what they are asked, by the library's own tables, and what comes of it.

A request is read by the rows that write it and judged by the rules that the library judges by; numbers are sorted out one by
one, as the gateway does. What neither document tells is taken as docs/cellcast.md takes it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin

from ..cellcast.account import (
    GENERATIONS,
    MAX_NUMBERS,
    AccountBalance,
    Balance,
    Call,
    CancelScheduled,
    CellcastAccount,
    CellcastSend,
    CellcastSent,
    Done,
    Generation,
    MarkRead,
    MessageReports,
    OptOut,
    OptOuts,
    Response,
    Responses,
    SentMessage,
)
from ..cellcast.webhooks import STATES, CellcastMMS, mobile
from ..model.notices import DeliveryReport, InboundSMS, Notice
from ..model.operations import Operation
from ..model.replies import Refusal
from ..wire.codecs import DecodeError, json
from .cellcast_bodies import INBOUND, NOT_VALID, PER_PAGE, REPORT, SHARED, TOO_SHORT, Page, refuse, spelled, written
from .cellcast_requests import CARRIED, operation_of
from .listener import ServerRequest, ServerResponse
from .state import ActionResult, Message, ReceivedResponse, ScheduledNotice, State


class _Asked(NamedTuple):
    """What a request asks for, and how the tables say it is asked."""

    kind: type[Operation[Any]]
    call: Call
    tail: str


class Cellcast:
    """One generation: a way to read requests, to act on them, and to write what comes of it."""

    #: Postbacks of both are JSON.
    response_codec = json

    def __init__(self, spoken: Generation, api_key: str, kept: State) -> None:
        self.name = f"cellcast-{spoken.name}"
        self.generation = spoken.name
        self.path = f"/api/{spoken.name}/"
        self._spoken, self._api_key, self._state = spoken, api_key, kept
        # For its rules alone: what is refused is what it would not have sent.
        self._account = CellcastAccount("no-key", generation=spoken.name)
        self._v1 = "media" in spoken.calls[CellcastSend].names
        self._calls = {(call.method, urljoin(self.path, call.path)): (kind, call) for kind, call in spoken.calls.items()}

    def hears(self, request: ServerRequest) -> bool:
        """Whether a request is to this generation: anything below its path, or at a path of its own elsewhere."""
        return request.path.startswith(self.path) or any(request.path.startswith(path) for _, path in self._calls)

    # -------------------------------------------------------------------------------------------- reading

    def understood(self, request: ServerRequest) -> tuple[Any, Refusal | None]:
        """The operation, and why it is refused for what it says."""
        asked = self._asked(request)
        operation, refused = None, None
        if asked is None:
            refused = self.refuse(None, "NOT_IMPLEMENTED")
        else:
            try:
                operation = self._read(asked, request)
            except DecodeError as error:
                refused = self.refuse(None, "BAD_REQUEST", str(error))
        return operation, self._stranger(request) or refused or self._wrong(operation)

    def _asked(self, request: ServerRequest) -> _Asked | None:
        path = request.path.rstrip("/")
        if (found := self._calls.get((request.method, path))) is not None:
            return _Asked(*found, "")
        above, _, tail = path.rpartition("/")
        found = self._calls.get((request.method, above))
        return _Asked(*found, unquote(tail)) if found is not None and "/" in found[1].names.values() else None

    def _read(self, asked: _Asked, request: ServerRequest) -> Operation[Any]:
        """The operation, by the names that it is written with; :class:`Unreadable` for what none can be made of."""
        kind, call, tail = asked
        said = CARRIED[call.placement](request)
        for name, always in call.always.items():
            # The address in seed 000 ends with "type=mms;", which lists nothing of ours.
            if said.get(name, always) != always:
                raise DecodeError(f"{name} has to be {always}")
        # What has no name is not sent, and what is called "/" stands at the path's end.
        names = {ours: theirs for ours, theirs in call.names.items() if theirs}
        if self._state.settings.strict and (unknown := set(said) - {*names.values(), *call.always}):
            raise DecodeError(f"{min(unknown):.40} is no field of this call")
        named = {ours: tail if theirs == "/" else said.get(theirs) for ours, theirs in names.items()}
        return operation_of(kind, named, listed=not self._v1)

    def _stranger(self, request: ServerRequest) -> Refusal | None:
        told = request.headers.get(self._spoken.header.lower(), "")
        if not told:
            return self.refuse(None, "AUTH_FAILED_NO_DATA")
        right = self._spoken.scheme + self._api_key
        return None if hmac.compare_digest(told.encode(), right.encode()) else self.refuse(None, "AUTH_FAILED")

    def _wrong(self, operation: Any) -> Refusal | None:
        """The first rule that is broken, and before the others that there is nobody to send to.

        A single number breaks none: they are sorted out one by one.
        """
        if found := [one for one in self._account.problems(operation) if not one.field.startswith("to[")]:
            first = min(found, key=lambda one: one.field != "to")
            known = "NOT_REGISTERED" if first.field == "sender" else first.code or "BAD_REQUEST"
            return self.refuse(operation, known, f"{first.where}: {first.message}", field=first.field)
        if isinstance(operation, CellcastSend):
            if len(operation.to) > MAX_NUMBERS:
                return self.refuse(operation, "FIELD_INVALID", f"at most {MAX_NUMBERS:,} numbers", field="to")
            senders = self._state.settings.senders
            if operation.sender and senders is not None and operation.sender not in {one.removeprefix("+") for one in senders}:
                return self.refuse(operation, "NOT_REGISTERED")
        return None

    def refuse(self, operation: Any, code: str, info: str = "", *, field: str = "") -> Refusal:
        """A refusal by a word of Cellcast's, or by what is nearest to a code of Skycore's."""
        return refuse(self._v1, code, field, info)

    # -------------------------------------------------------------------------------------------- acting

    def act(self, operation: Any) -> ActionResult:
        """What an operation that is right in form comes to. Whoever calls holds the gateway's lock."""
        if isinstance(operation, CellcastSend):
            return self._send(operation)
        if isinstance(operation, MarkRead):
            return self._mark(operation), []
        if isinstance(operation, CancelScheduled):
            # No MMS can be scheduled, as far as the documents go.
            return self.refuse(operation, "NOT_FOUND"), []
        if isinstance(operation, Balance):
            left = Decimal(self._state.credits)
            return AccountBalance(name="sandbox", email="sandbox@example.com", sms=Decimal(0), mms=left), []
        return self._listed(operation), []

    def _send(self, operation: CellcastSend) -> ActionResult:
        kept, now = self._state, self._state.clock.now()
        asked = dict.fromkeys(operation.to)
        invalid = {number: _reason(number) for number in asked if mobile(number) is None}
        out = tuple(number for number in asked if number in kept.blocked and number not in invalid)
        taken = [number for number in asked if number not in invalid and number not in out]
        if not taken and not self._v1:
            return self.refuse(operation, "RECIPIENTS_ERROR"), []
        if len(taken) > kept.credits:
            return self.refuse(operation, "LEDGER_ERROR"), []
        kept.credits -= len(taken)
        queued, due = {}, []
        for number in taken:
            queued[number] = self._next_id()
            steps = self._steps(number)
            kept.messages.append(
                Message(
                    message_id=queued[number],
                    to=number,
                    sender=operation.sender,
                    text=_words(operation),
                    at=now,
                    steps=tuple((now + timedelta(seconds=after), word) for after, word in steps),
                ),
                # All of them hold the same text.
                100 + len(_words(operation)) // len(taken),
            )
            due += [
                ScheduledNotice(after, self._report(queued[number], number, word, operation.sender))
                for after, word in self._told(steps)
            ]
        if self._v1:
            return CellcastSent(queued=queued, invalid=invalid, unsubscribed=out), due
        # v3 has no list for those it does not take, only a smaller count.
        return CellcastSent(queued=queued, unaccounted=(*invalid, *out), credits=Decimal(len(queued))), due

    def _steps(self, number: str) -> list[tuple[float, str]]:
        """What is said of a message, and after how many seconds."""
        outcomes, delays = self._state.outcomes, self._state.settings.delays
        code, status = outcomes.get(number) or outcomes.get(None) or ("N102", None)
        # "Message Sent/Expired" is how Skycore says it.
        last = _LAST[code] and ((status or "").rpartition("/")[2].strip().lower() or _LAST[code])
        steps = [] if code == "E101" else [(delays.sent, "sent")]
        return [*steps, (delays.delivered if steps else delays.sent, last)] if last else steps

    def _told(self, steps: list[tuple[float, str]]) -> list[tuple[float, str]]:
        """The steps that a postback tells of: in v3 only how it ended."""
        return steps if self._v1 else [step for step in steps if step[1] != "sent"]

    def _report(self, message_id: str, to: str, word: str, sender: str | None) -> DeliveryReport:
        said = word if self._v1 else word.capitalize()
        who = (mobile(sender) or sender or SHARED) if self._v1 else None
        return DeliveryReport(
            origin=_ORIGIN, tracking_id=message_id, status=STATES.get(word, word), details=said, to=to, sender=who
        )

    def _next_id(self) -> str:
        """v1's ids are 24 hexadecimal digits, v3's upper-case GUIDs."""
        number = int(self._state.next_id())
        return f"6752be53{number:016x}" if self._v1 else f"A21741CB-9B8E-3956-A1CE-{number:012X}"

    def _mark(self, operation: MarkRead) -> Done | Refusal:
        before = operation.before
        try:
            until = datetime.fromisoformat(before) if isinstance(before, str) else before
        except ValueError:
            return self.refuse(operation, "BAD_REQUEST", "date_before is no moment")
        if until is not None and until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        for one in self._state.responses:
            at = one.response.received_at
            if operation.everything or one.response.message_id == operation.message_id or (until and at and at < until):
                one.read = True
        return Done("marked as read")

    def _listed(self, operation: Any) -> Page | Refusal:
        rows = _ROWS_OF[type(operation)](self, operation)
        if getattr(operation, "message_id", None) and not rows:
            return self.refuse(operation, "NOT_FOUND")
        page = operation.page or 1
        shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
        return Page(tuple(shown), more=page * PER_PAGE < len(rows), page=page, total=len(rows))

    def _responses(self, operation: Responses) -> list[Response]:
        """What came, the newest first; in v3 what is not marked as read."""
        return [one.response for one in reversed(list(self._state.responses)) if self._v1 or not one.read]

    def _opted_out(self, operation: OptOuts) -> list[OptOut]:
        known = {mobile(number) for number in self._state.blocked} - {None}
        return [OptOut(number=number) for number in sorted(map(str, known))]

    def _reports(self, operation: MessageReports) -> list[SentMessage]:
        now = self._state.clock.now()
        found = []
        for one in reversed(list(self._state.messages)):
            if not re.fullmatch(self._spoken.message_id, one.message_id):
                continue  # sent in v3, which has no such report
            reached = [step for step in one.steps if step[0] <= now]
            updated, word = reached[-1] if reached else (one.at, "queued")
            row = SentMessage(
                message_id=one.message_id,
                status=word,
                to=one.to,
                sender=one.sender or SHARED,
                text=one.text,
                created_at=one.at,
                updated_at=updated,
                credits=Decimal(1),
            )
            if _fits(operation, row):
                found.append(row)
        return found

    # -------------------------------------------------------------------------------------------- what comes in

    def receive(self, sender: str, to: str, text: str, files: tuple[str, ...] | None) -> tuple[str, Notice]:
        """Keep what somebody sends: its id, and the notice that tells of it. Without ``files`` it is an SMS.

        Whoever calls holds the gateway's lock.
        """
        kept, sender, now = self._state, mobile(sender) or sender, self._state.clock.now()
        number, answered = int(kept.next_id()), kept.latest_to(sender)
        message_id = f"6752be54{number:016x}" if self._v1 else f"dba864ec-e486-4647-82c4-{number:012x}"
        original, original_text = (answered.message_id, answered.text) if answered else (None, None)
        response = Response(
            sender=sender,
            text=text,
            received_at=now,
            message_id=message_id,
            original_message_id=original,
            original_text=original_text,
        )
        kept.responses.append(ReceivedResponse(response), 100 + len(text))
        # As the webhook will be read: v3's times have no zone, and v1 tells none; v1 does not say what is answered.
        when = None if self._v1 else now.replace(tzinfo=None, microsecond=0)
        original = None if self._v1 else original
        told: dict[str, Any] = {"origin": _ORIGIN, "sender": sender, "text": text, "timestamp": when}
        told["to"] = (mobile(to) or to) if self._v1 else None
        if files is None:
            return message_id, InboundSMS(**told, tracking_id=original, transaction_id=message_id)
        listed = files if self._v1 else ()
        return message_id, CellcastMMS(**told, tracking_id=message_id, original_message_id=original, files=listed)

    # -------------------------------------------------------------------------------------------- writing

    def encode_reply(self, operation: Any, reply: Any) -> ServerResponse:
        """A reply as it goes out."""
        return written(self._v1, operation, reply, self._state.clock.now())

    def encode_notice(self, notice: Notice) -> bytes:
        """A notice as the body of a webhook."""
        if isinstance(notice, DeliveryReport):
            return spelled(REPORT[self._v1](notice))
        return spelled(INBOUND[self._v1](notice, self._state.latest_to(getattr(notice, "sender", None) or "")))


def generations(api_key: str, kept: State) -> dict[str, Cellcast]:
    """Both of them, by the names that the sandbox has for them."""
    spoken = [Cellcast(each, api_key, kept) for each in GENERATIONS.values()]
    return {one.name: one for one in spoken}


_ORIGIN = "CELLCAST"

#: How a message ends, by the code that a test arranges; nothing where it is never heard of again.
_LAST = {"N102": "delivered", "N202": "delivered", "E102": "failed", "E202": "failed", "E101": "rejected", "N101": ""}

_ROWS_OF: Mapping[type[Any], Callable[[Cellcast, Any], list[Any]]] = {
    Responses: Cellcast._responses,
    OptOuts: Cellcast._opted_out,
    MessageReports: Cellcast._reports,
}


def _reason(number: str) -> str:
    # Seed 001 has both words, and examples of ten and of fewer digits.
    return TOO_SHORT[0] if len(re.findall("[0-9]", number)) < 9 else NOT_VALID[0]


def _words(operation: CellcastSend) -> str:
    show: Any = operation.slideshow
    return show.slides[0].text or ""


def _fits(asked: MessageReports, row: SentMessage) -> bool:
    """Whether a report is asked for: by its id, its state, its day."""
    day = row.created_at.date() if row.created_at else date.min
    return (
        asked.message_id in (None, row.message_id)
        and asked.status in (None, row.status)
        and (asked.since or day) <= day <= (asked.until or day)
    )
