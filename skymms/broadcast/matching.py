"""Decides which messages the reports about one number are about. It reads and writes nothing.

A message whose answer was lost has no tracking id, so a report is compared with it by number, sender and time, by the stored
message that it sends, and by your own reference. All messages of the number that could be meant, and all tracking ids that
could be theirs, are looked at together: a report belongs to a message only if there is no other way to assign them. A message
that is being sent counts as well, because its answer is still to come. A missing report proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..storage.contract import Row
from .references import is_reference
from .states import RESENT, State

#: A report is about a message that was requested at most so long before it, or up to a minute after it, as clocks differ.
WINDOW, CLOCKS = 7 * 86400.0, 60.0
#: Messages of one number that are told apart. More than this are never, which needs as many broadcasts with lost answers.
_MOST = 6


class Message(NamedTuple):
    """A message in the ledger. ``stored_id`` is the id of the stored message that it sends, ``own_reference`` your own."""

    id: int
    broadcast: int
    state: State
    number: str
    tracking_id: str | None
    sender: str | None
    #: 0 if it was never requested.
    sent_at: float
    stored_id: str | None
    own_reference: str | None
    #: Cellcast does not say whether it repeats a reference.
    repeats_reference: bool
    attempts: int
    #: The values of merge fields, and the message with them, in JSON.
    data: str | None
    operation: str | None
    #: True if an operator wants it to be sent again, and it was not requested again yet.
    resent: bool = False
    #: The key, for a message that was sent for one and is in no broadcast.
    key: str | None = None

    @classmethod
    def of(cls, row: Row) -> Message:
        """Return the message of a row."""
        id, broadcast, state, number, tracking_id, sender, sent_at, mms_id, attempts, data, text, why = row
        operation: dict[str, Any] = json.loads(text) if text else {}
        stored = mms_id or operation.get("mms_id")
        own = operation.get("client_reference")
        return cls(
            id, broadcast, State(state), number, tracking_id, sender, sent_at or 0.0, None if stored is None else str(stored),
            None if own is None else str(own), operation.get("type") != "CellcastSend", attempts, data, text,
            resent=state == State.READY and why == RESENT,
        )  # fmt: skip

    @classmethod
    def of_key(cls, row: Row) -> Message:
        """Return the message that was sent for a key."""
        return cls.of((*row[:-1], None))._replace(key=row[-1])

    @property
    def is_open(self) -> bool:
        """True if a report could be about it, and nothing but the report can say so."""
        waiting = self.resent or self.state in (State.SENDING, State.ACCEPTED, State.UNKNOWN)
        return waiting and self.tracking_id is None


class Trace(NamedTuple):
    """What the reports with one tracking id say together. ``outcome`` is that of the first final one, or accepted."""

    tracking_id: str | None
    first_at: float
    sender: str | None
    mms_id: str | None
    reference: str | None
    outcome: State


class Group(NamedTuple):
    """Messages and traces that could belong together, by their places in the two lists, and what follows from them.

    ``bound`` are pairs of a trace and its message. ``proven``: there is a trace for each message, so all of them were accepted,
    but which is whose is not known. ``why`` is the reason if the group is not bound.
    """

    messages: Sequence[int]
    traces: Sequence[int]
    bound: Sequence[tuple[int, int]]
    proven: bool
    why: str | None


def match(messages: Sequence[Message], traces: Sequence[Trace]) -> list[Group]:
    """Return the groups of open messages of one number and its traces. Traces that fit no message are left out."""
    fits = [_fitting(messages, trace) for trace in traces]
    groups: list[Group] = []
    left = {place for place, found in enumerate(fits) if found}
    while left:
        chosen, around = {min(left)}, set[int]()
        while True:
            around = {message for trace in chosen for message in fits[trace]}
            more = {trace for trace in left if fits[trace] & around}
            if more == chosen:
                break
            chosen = more
        left -= chosen
        groups.append(_conclude(messages, traces, fits, sorted(around), sorted(chosen)))
    return groups


def _fitting(messages: Sequence[Message], trace: Trace) -> set[int]:
    """Return the places of the messages that a trace could be about; only those of its stored message if there are any."""
    if is_reference(trace.reference):  # of a message that is not open, or of another ledger
        return set()
    found = {place for place, message in enumerate(messages) if _could_be(message, trace)}
    exact = {place for place in found if trace.mms_id is not None and messages[place].stored_id == trace.mms_id}
    return exact or found


def _could_be(message: Message, trace: Trace) -> bool:
    if not message.sent_at - CLOCKS <= trace.first_at <= message.sent_at + WINDOW:
        return False
    if message.own_reference != trace.reference and (trace.reference is not None or message.repeats_reference):
        return False
    if message.stored_id is not None and trace.mms_id is not None:
        return message.stored_id == trace.mms_id
    return message.sender is None or trace.sender is None or _digits(message.sender) == _digits(trace.sender)


def _digits(sender: str) -> str:
    return sender.strip().removeprefix("+").casefold()


def _conclude(
    messages: Sequence[Message], traces: Sequence[Trace], fits: Sequence[set[int]], around: list[int], chosen: list[int]
) -> Group:
    if any(messages[place].state is State.SENDING for place in around):
        return Group(around, chosen, (), False, "the answer about a message to this number is still to come")
    if len(around) != len(chosen):
        why = f"{_count(len(chosen), 'tracking id')} for {_count(len(around), 'message')} to this number"
        return Group(around, chosen, (), False, why)
    if len(around) > _MOST:
        return Group(around, chosen, (), False, f"more than {_MOST} messages to this number have no answer")
    ways = _ways(fits, chosen)
    first = next(ways, None)
    if first is None:
        return Group(around, chosen, (), False, "some tracking id is that of another message to this number")
    outcomes = {traces[place].outcome for place in chosen}
    if next(ways, None) is None or (len(outcomes) == 1 and outcomes <= {State.DELIVERED, State.FAILED}):
        # If all have the same outcome, it does not matter which is whose.
        return Group(around, chosen, list(zip(chosen, first, strict=True)), True, None)
    why = f"{_count(len(chosen), 'tracking id')} for as many messages: all were accepted, but which is whose is not known"
    return Group(around, chosen, (), True, why)


def _ways(fits: Sequence[set[int]], chosen: Sequence[int], taken: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Yield each way to give the traces a message of their own: the places of the messages."""
    if len(taken) == len(chosen):
        yield taken
        return
    for message in sorted(fits[chosen[len(taken)]] - set(taken)):
        yield from _ways(fits, chosen, (*taken, message))


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
