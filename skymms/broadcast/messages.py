"""Makes the operations of a run, and reads their replies: one number at a time, or many numbers in one request (Cellcast)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any, Protocol

from ..cellcast import CellcastSend, CellcastSent
from ..storage.texts import column_text
from .intents import Intent
from .outcomes import Answer, from_error, price_text
from .personalisation import Personalisation
from .references import make_reference
from .states import State, Why

#: How many numbers one request of Cellcast has. A thousand are allowed, but a lost answer leaves all of them unknown.
CELLCAST_NUMBERS = 100


class Messages(Protocol):
    """The messages of a broadcast, for one account."""

    @property
    def group(self) -> int:
        """How many numbers one request has at most."""
        ...

    def operation(self, intents: Sequence[Intent]) -> Any:
        """Return the operation that sends to these numbers. They have the same message and the same data."""
        ...

    def answers(self, intents: Sequence[Intent], reply: Any) -> list[Answer]:
        """Return what a reply says about each number."""
        ...

    def failures(self, intents: Sequence[Intent], error: BaseException) -> list[Answer]:
        """Return what an error says about each number."""
        ...


def messages_for(operations: Mapping[int, Any], account: Any, ledger: str) -> Messages:
    """Return the messages of a broadcast; ``operations`` has them by the id of the variant."""
    if any(isinstance(operation, CellcastSend) for operation in operations.values()):
        return CellcastMessages(operations)
    return SingleMessages(operations, account, ledger)


class SingleMessages:
    """Messages of which each request has one number. A message that differs only by its recipient is encoded once."""

    group = 1

    def __init__(self, operations: Mapping[int, Any], account: Any, ledger: str) -> None:
        self._personal = {id: Personalisation(operation) for id, operation in operations.items()}
        self._ledger = ledger
        self._referenced = {id for id, operation in operations.items() if _takes_reference(operation, account)}
        prepare = getattr(account, "prepare", None)
        self._prepared = {
            id: prepare(personal.fill({}))
            for id, personal in self._personal.items()
            if prepare and not personal.names and id not in self._referenced
        }

    def operation(self, intents: Sequence[Intent]) -> Any:
        """Return the operation for one number."""
        (intent,) = intents
        if (prepared := self._prepared.get(intent.variant)) is not None:
            return prepared.operation(intent.number)
        filled = self._personal[intent.variant].fill(json.loads(intent.data) if intent.data else {})
        if intent.variant in self._referenced:
            return replace(filled, to=intent.number, client_reference=make_reference(self._ledger, intent.id, intent.attempt))
        return replace(filled, to=intent.number)

    def answers(self, intents: Sequence[Intent], reply: Any) -> list[Answer]:
        """Return the answer for one number."""
        (intent,) = intents
        tracking_id = column_text(getattr(reply, "tracking_id", None))
        mms_id = column_text(getattr(reply, "mms_id", None))
        return [Answer(intent.id, intent.attempt, State.ACCEPTED, tracking_id=tracking_id, mms_id=mms_id)]

    def failures(self, intents: Sequence[Intent], error: BaseException) -> list[Answer]:
        """Return the answer for one number."""
        return [from_error(intent.id, intent.attempt, error) for intent in intents]


class CellcastMessages:
    """Messages of which each request has up to a hundred numbers. The reply lists what became of each."""

    group = CELLCAST_NUMBERS

    def __init__(self, operations: Mapping[int, CellcastSend]) -> None:
        self._personal = {id: Personalisation(operation) for id, operation in operations.items()}

    def operation(self, intents: Sequence[Intent]) -> Any:
        """Return the operation for numbers that get the same text."""
        first = intents[0]
        filled = self._personal[first.variant].fill(json.loads(first.data) if first.data else {})
        return replace(filled, to=tuple(f"+{intent.number}" for intent in intents), skip_invalid=True)

    def answers(self, intents: Sequence[Intent], reply: CellcastSent) -> list[Answer]:
        """Return the answer for each number, by the lists of the reply. What is in no list is unknown."""
        prices = _prices(reply.credits, [intent.id for intent in intents if f"+{intent.number}" in reply.queued])
        return [self._answer(intent, reply, prices.get(intent.id)) for intent in intents]

    def failures(self, intents: Sequence[Intent], error: BaseException) -> list[Answer]:
        """Return the answer for each number. A reply in which no number was accepted is an error, and has the lists as well."""
        partial = getattr(error, "partial", None)
        if isinstance(partial, CellcastSent) and not (partial.maybe_sent or partial.not_sent):
            return self.answers(intents, partial)
        return [from_error(intent.id, intent.attempt, error) for intent in intents]

    def _answer(self, intent: Intent, reply: CellcastSent, price: str | None) -> Answer:
        number = f"+{intent.number}"
        if number in reply.queued:
            tracking_id = column_text(reply.queued[number] or None)
            return Answer(intent.id, intent.attempt, State.ACCEPTED, tracking_id=tracking_id, credits=price)
        if number in reply.unsubscribed:
            opt_out = "the gateway has the number as unsubscribed"
            return Answer(intent.id, intent.attempt, State.REFUSED, "unsubscribed", opt_out=opt_out, about_recipient=True)
        if number in reply.invalid:
            code = column_text(reply.error_types.get(number))
            reason = column_text(reply.invalid[number])
            return Answer(intent.id, intent.attempt, State.REFUSED, reason, code, about_recipient=True)
        return Answer(intent.id, intent.attempt, State.UNKNOWN, Why.UNACCOUNTED)


def _prices(credits: Decimal | None, ids: Sequence[int]) -> dict[int, str]:
    """Return the credits of each message. Together they are those of the request, so the first has the rest of a division."""
    if credits is None or not ids:
        return {}
    each = (credits / len(ids)).quantize(Decimal("0.0001"), ROUND_DOWN)
    first = credits - each * (len(ids) - 1)
    return {id: price_text(each if place else first) for place, id in enumerate(ids)}


def _takes_reference(operation: Any, account: Any) -> bool:
    """Whether the dialect repeats a reference in its reports, and the message has none of its own."""
    dialect = getattr(account, "dialect_spec", None)
    if dialect is None or getattr(operation, "client_reference", "") is not None:
        return False
    return not any(one.field == "client_reference" for one in dialect.unsupported(replace(operation, client_reference="x")))
