"""What becomes of a message after it was taken: the reports that follow, and when.

A message is delivered unless a test has arranged something else for its number. The rows of :data:`OUTCOMES` are the ways that
1.3 documents (postbacks, 5.2): sent and delivered, sent and not delivered, not sendable, or gone out as a link by SMS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from ..model.notices import DeliveryReport
from ..model.replies import SentMMS
from .state import Delays, Due, State


class _Step(NamedTuple):
    """One report: its code, its status, whether it tells of the message itself or of a link, and whether it is the last."""

    code: str
    status: str
    sent_as: str | None = "MMS"
    last: bool = False


_SENT = _Step("N101", "Message Sent")
_SENT_AS_LINK = _Step("N101", "Message Sent", "SMS")

#: By the code of the last report.
OUTCOMES: Mapping[str, tuple[_Step, ...]] = {
    "N102": (_SENT, _Step("N102", "Message Sent/Delivered", last=True)),
    "E102": (_SENT, _Step("E102", "Message Sent/Failed", None, last=True)),
    "E101": (_Step("E101", "Message Failed", None, last=True),),
    "N202": (_SENT_AS_LINK, _Step("N202", "Message Sent/Delivered", "SMS", last=True)),
    "E202": (_SENT_AS_LINK, _Step("E202", "Message Sent/Failed", "SMS", last=True)),
    # Not every carrier reports delivery.
    "N101": (_SENT,),
}

#: 1.3 of 2013-15: a message goes ahead to learn the handset, reported as the MMS is (5.6). How it ends cannot be arranged.
_DISCOVERY = (_Step("N501", "Message Sent"), _Step("N502", "Message Sent/Delivered", last=True))

#: The reports that name the handset.
_WITH_HANDSET = frozenset({"N102", "N502"})

_DETAILS = {
    "E101": "the sandbox was told that this cannot be sent",
    "E102": "the sandbox was told that this does not arrive",
    "E202": "the sandbox was told that the link does not arrive",
}

#: What an answer says of it.
ACCEPTED = "accepted by the sandbox, no phone will ring"


def deliver(
    state: State,
    to: str,
    sender: str | None,
    mms_id: str,
    *,
    operator_id: str | None = None,
    client_reference: str | None = None,
    no_link: bool = False,
    discovery: bool = False,
) -> tuple[SentMMS, list[Due]]:
    """An MMS to one number goes out: the answer, and the reports.

    ``no_link``: the fallback by SMS is switched off. ``discovery``: a device discovery message goes first.
    """
    tracking_id = f"MMS_{state.next_id()}"
    state.note("CONTENT", tracking_id, to, sender, contentid=mms_id, delivery="binary")
    code, status = state.outcomes.get(to) or state.outcomes.get(None) or ("N102", None)
    if no_link and code in {"N202", "E202"}:
        # 1.3, DISABLEFALLBACKSMS: what would have gone as an SMS fails instead.
        code, status = "E101", None
    steps = [step._replace(status=status) if step.last and status else step for step in OUTCOMES[code]]
    timed = _timed(state.settings.delays, *([_DISCOVERY] if discovery else []), steps)
    due = []
    for after, step in timed:
        report = DeliveryReport(
            step.code,
            origin="MMS_MT",
            sent_as=step.sent_as,
            status=step.status,
            # 1.3: the reports of a link's delivery do not name the MMS.
            mms_id=None if step.code.endswith("202") else mms_id,
            sender=sender,
            to=to,
            tracking_id=tracking_id,
            operator_id=operator_id,
            timestamp=state.clock.now() + timedelta(seconds=after),
            handset="sandbox" if step.code in _WITH_HANDSET else None,
            details=_DETAILS.get(step.code),
            client_reference=client_reference,
        )
        due.append(Due(after, report))
    return SentMMS(mms_id=mms_id, tracking_id=tracking_id, to=to, sender=sender, details=ACCEPTED), due


def _timed(delays: Delays, *messages: Sequence[_Step]) -> Iterator[tuple[float, _Step]]:
    """The reports of messages that wait for one another, each with its seconds after the answer."""
    begins = 0.0
    for steps in messages:
        for step in steps:
            after = begins + (delays.delivered if step.last and len(steps) > 1 else delays.sent)
            yield after, step
        begins = after


def text(state: State, to: str, sender: str, words: str, operator_id: str | None = None) -> tuple[str, list[Due]]:
    """An SMS goes out, and arrives: its tracking id, and the reports."""
    tracking_id = f"SMS_{state.next_id()}"
    state.note("TEXT", tracking_id, to, sender, body=words)
    due = []
    for code, status, after in (
        ("N201", "Message Sent", state.settings.delays.sent),
        ("N202", "Message Sent/Delivered", state.settings.delays.delivered),
    ):
        report = DeliveryReport(
            code,
            origin="SMS_MT",
            status=status,
            sender=sender,
            to=to,
            tracking_id=tracking_id,
            operator_id=operator_id,
            timestamp=state.clock.now() + timedelta(seconds=after),
        )
        due.append(Due(after, report))
    return tracking_id, due
