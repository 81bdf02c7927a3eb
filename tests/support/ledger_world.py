"""A ledger whose runs are played by a test, one step at a time, without a gateway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from skymms import DeliveryReport, SendMMS, Slideshow
from skymms.broadcast import Broadcast, Ledger, Recipient
from skymms.broadcast.blocks import Holder
from skymms.broadcast.intents import Intent
from skymms.broadcast.outcomes import Answer
from skymms.broadcast.states import Phase, State
from skymms.model.operations import Operation

A, B, C = "15551230001", "15551230002", "15551230003"
SHOW = Slideshow("coupon", subject="Free").slide("Hi!")
MESSAGE = SendMMS(SHOW, sender="60856")


def report(tracking_id: str | None, says: str = "delivered", to: str | None = A, **fields: Any) -> DeliveryReport:
    """Return a report: ``sent``, ``delivered`` or ``failed``."""
    code, status = {
        "sent": ("N101", "Message Sent"),
        "delivered": ("N102", "Message Sent/Delivered"),
        "failed": ("E102", "Message Sent/Failed"),
    }[says]
    values = {"origin": "MMS_MT", "status": status, "sent_as": "MMS", "sender": "60856", **fields}
    return DeliveryReport(code, tracking_id=tracking_id, to=to, **values)


class World:
    """A ledger, and broadcasts of which each step is taken by hand."""

    def __init__(self, where: str) -> None:
        self.ledger = Ledger(where)
        self.store = self.ledger._store
        self._holders: dict[int, Holder] = {}

    def broadcast(self, name: str, numbers: Iterable[str] = (A,), operation: Operation[Any] = MESSAGE) -> Broadcast:
        """Create a broadcast and set it running."""
        created = self.ledger.create(name, operation, [Recipient(number) for number in numbers])
        created._begin()
        return created

    def holder(self, broadcast: Broadcast, *, alone: bool = True) -> Holder:
        """Return a new worker: with ``alone``, what an earlier one left is interrupted."""
        held = Holder(self.store, broadcast.id, broadcast.settings, account="test", sender="60856", scopes=(), group=1)
        held.begin(alone=alone)
        self._holders[broadcast.id] = held
        return held

    def request(self, broadcast: Broadcast, most: int = 100) -> list[Intent]:
        """Take messages, as if they were requested now."""
        held = self._holders.get(broadcast.id) or self.holder(broadcast)
        block = held.exchange([], most)
        assert block.phase is Phase.RUNNING
        return list(block.intents)

    def answer(self, broadcast: Broadcast, intent: Intent, state: State, **fields: Any) -> None:
        """Write the answer to a request."""
        self._holders[broadcast.id].exchange([Answer(intent.id, intent.attempt, state, **fields)], 0)

    def crash(self, broadcast: Broadcast) -> None:
        """Let the worker end without a word, and another one begin."""
        self.holder(broadcast)

    def states(self, broadcast: Broadcast) -> dict[str, str]:
        """Return the state of each number, and check the counts."""
        rows = list(broadcast.rows())
        assert Counter(row["state"] for row in rows) == Counter(broadcast.status().counts)
        return {row["number"]: row["state"] for row in rows}

    def state(self, broadcast: Broadcast, number: str = A) -> str:
        """Return the state of a number."""
        return self.states(broadcast)[number]

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()
