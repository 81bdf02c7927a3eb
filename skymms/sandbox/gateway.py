"""The gateway in the sandbox, without its sockets: what it knows, and what it answers.

It reads requests with the table that writes them and judges them by the rules that the library judges by, so what the
sandbox refuses is what the builder would have refused. It keeps what it accepts as the library's own values. It never keeps
the key it was sent.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..codecs import Leaf, Unreadable
from ..codes import ANSWERS
from ..dialects import Dialect, UnknownAction
from ..judge import PROBLEMS
from ..limits import DOCUMENTED, Limits
from ..notices import DeliveryReport, EncodingReport, InboundMMS, Notice
from ..operations import DeleteMMS, ListMMS, Operation, SaveMMS, SendMMS, SendSavedMMS
from ..replies import DeletedMMS, MMSList, Refused, SavedMMS, SentMMS, StoredMMS
from ..slideshow import Slideshow
from . import desk

#: How much is remembered: the oldest is dropped first, so that a long run keeps its size.
REMEMBERED = 10_000

#: What the successor's list answers with when it is not told (its reference, 2.7).
PER_PAGE = 100


class Answered(NamedTuple):
    """One request and what came of it: ``operation`` is None where it could not be understood."""

    dialect: str
    operation: Operation[Any] | None
    reply: Any
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """A stored slideshow, its id, and when it was stored."""

    mms_id: str
    slideshow: Slideshow
    created: datetime


class Gateway:
    """State and judgement. One at a time may ask: ``answer`` is safe to call from many threads."""

    def __init__(
        self,
        api_key: str,
        *,
        limits: Limits = DOCUMENTED,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._api_key = api_key
        self._limits = limits
        self._now = now
        self._lock = threading.Lock()
        self._last_id = 35673  # the vendor's first example is 35674
        self.saved: dict[str, Saved] = {}
        self.sent: deque[Operation[Any]] = deque(maxlen=REMEMBERED)
        self.desk = desk.Desk(REMEMBERED)
        self.answered: deque[Answered] = deque(maxlen=REMEMBERED)

    def answer(self, dialect: Dialect, leaves: Sequence[Leaf], key: str = "") -> Answered:
        """What a request in that dialect is answered, and the postbacks that follow; ``key`` is what a header has told."""
        with self._lock:
            answered = self._answer(dialect, leaves, key)
            self.answered.append(answered)
        return answered

    def receive(self, sender: str, to: str, files: tuple[str, ...]) -> InboundMMS:
        """Put a message into the inbox."""
        with self._lock:
            return self.desk.receive(sender, to, files, self._now())

    def unreadable(self, dialect: Dialect, why: str) -> Answered:
        """The answer to what is no document at all."""
        answered = Answered(dialect.name, None, _refused("E108", why))
        self.answered.append(answered)
        return answered

    def _answer(self, dialect: Dialect, leaves: Sequence[Leaf], told: str) -> Answered:
        try:
            operation, written, _ = dialect.read_request(leaves)
        except UnknownAction as error:
            return Answered(dialect.name, None, _refused("E107", str(error)))
        except Unreadable as error:
            return Answered(dialect.name, None, _refused("E100", str(error)))
        if (told if dialect.key_header else written) != self._api_key:
            return Answered(dialect.name, operation, self.refuse(operation, "E104"))
        problems = PROBLEMS.message(operation, dialect.insisting(self._limits, type(operation)))
        if problems:
            first = problems[0]
            return Answered(
                dialect.name,
                operation,
                self.refuse(operation, first.code or "E100", f"{first.where}: {first.message}"),
            )
        reply, notices = _ACTIONS[type(operation)](self, operation, dialect)
        return Answered(dialect.name, operation, reply, tuple(notices))

    def now(self) -> datetime:
        """What time it is here."""
        return self._now()

    def refuse(self, operation: Operation[Any], code: str, info: str = "") -> Refused:
        """A refusal of this operation; without words of its own it has the catalogue's."""
        return _refused(code, info, getattr(operation, "to", None) or None)

    # -------------------------------------------------------------------------------------------- the actions

    def _send(self, operation: SendMMS, dialect: Dialect) -> tuple[Any, list[Notice]]:
        return self.queue(operation, self.next_id())

    def _send_saved(self, operation: SendSavedMMS, dialect: Dialect) -> tuple[Any, list[Notice]]:
        mms_id = str(operation.mms_id)
        if mms_id not in self.saved:
            return self.refuse(operation, "E241"), []
        return self.queue(operation, mms_id)

    def queue(self, operation: Any, mms_id: str) -> tuple[Any, list[Notice]]:
        """Take a message to one number: the answer, and the two reports that follow."""
        if operation.to in self.desk.blocked:
            return self.refuse(operation, "E114"), []
        self.sent.append(operation)
        return self.deliver(operation.to, operation.sender, mms_id, getattr(operation, "operator_id", None), operation)

    def deliver(
        self, to: str, sender: str | None, mms_id: str, operator_id: str | None = None, operation: object = None
    ) -> tuple[SentMMS, list[Notice]]:
        """An MMS to one number goes out, and arrives."""
        tracking_id = f"MMS_{self.next_id()}"
        self.desk.note("CONTENT", tracking_id, to, sender, self._now(), contentid=mms_id, delivery="binary")
        reply = SentMMS(
            mms_id=mms_id,
            tracking_id=tracking_id,
            to=to,
            sender=sender,
            details="accepted by the sandbox, no phone will ring",
        )
        report = DeliveryReport(
            "N101",
            origin="MMS_MT",
            sent_as="MMS",
            status="Message Sent",
            mms_id=mms_id,
            sender=sender,
            to=to,
            tracking_id=tracking_id,
            operator_id=operator_id,
            timestamp=self._now(),
            client_reference=getattr(operation, "client_reference", None),
        )
        delivered = replace(report, code="N102", status="Message Sent/Delivered", handset="sandbox", timestamp=self._now())
        return reply, [report, delivered]

    def _save(self, operation: SaveMMS, dialect: Dialect) -> tuple[Any, list[Notice]]:
        mms_id = self.next_id()
        self.saved[mms_id] = Saved(mms_id, operation.slideshow, self._now())
        tracking_id = f"MMS_{self.next_id()}"
        # The JSON service tells what joins the report to the request; the others say the id alone, as they did in the answer.
        ready = EncodingReport(
            "N003",
            origin="MMS_MT",
            mms_id=mms_id,
            tracking_id=tracking_id,
            client_reference=operation.client_reference,
        )
        return SavedMMS(mms_id, tracking_id, "accepted by the sandbox, to be encoded"), [ready]

    def _delete(self, operation: DeleteMMS, dialect: Dialect) -> tuple[Any, list[Notice]]:
        if self.saved.pop(str(operation.mms_id), None) is None:
            return self.refuse(operation, "E241"), []
        return DeletedMMS(str(operation.mms_id)), []

    def _list(self, operation: ListMMS, dialect: Dialect) -> tuple[Any, list[Notice]]:
        newest_first = list(reversed(self.saved.values()))
        if not newest_first and dialect.nothing_stored:
            return _refused(dialect.nothing_stored), []
        since = operation.start_date
        if isinstance(since, datetime) and since.tzinfo is not None:
            newest_first = [one for one in newest_first if one.created > since]
        page, per_page = operation.page or 1, operation.per_page or PER_PAGE
        shown = newest_first[(page - 1) * per_page : page * per_page]
        reply = MMSList(
            mms_ids=tuple(one.mms_id for one in shown),
            templates=tuple(
                StoredMMS(
                    mms_id=one.mms_id,
                    name=one.slideshow.name,
                    subject=one.slideshow.subject,
                    created=one.created,
                    slides=len(one.slideshow.slides),
                )
                for one in shown
            ),
            start_date=since,
            page=page,
            per_page=per_page,
            total=len(newest_first),
        )
        return reply, []

    def next_id(self) -> str:
        """An id that nothing here has yet."""
        self._last_id += 1
        return str(self._last_id)


def _refused(code: str, info: str = "", to: str | None = None) -> Refused:
    """A refusal; without words of its own it has the catalogue's. What it echoes has to be fit for an XML document."""
    return Refused(code=code, to=_printable(to) if to else None, info=_printable(info or ANSWERS[code].meaning))


def _printable(words: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in words)


_ACTIONS: dict[type[Operation[Any]], Callable[..., tuple[Any, list[Notice]]]] = {
    SendMMS: Gateway._send,
    SendSavedMMS: Gateway._send_saved,
    SaveMMS: Gateway._save,
    DeleteMMS: Gateway._delete,
    ListMMS: Gateway._list,
    **desk.ACTIONS,
}
