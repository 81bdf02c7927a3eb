"""The outcomes of accepted messages: the reports that follow, and when.

A message is delivered unless a test has arranged another outcome for its number. :data:`OUTCOMES` lists the outcomes that
Skycore 1.3 documents (postbacks, 5.2): sent and delivered, sent and not delivered, not sent, or sent as a link by SMS.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from ..model.notices import DeliveryReport
from ..model.replies import SentMMS
from .state import Delays, ScheduledNotice, State


class ReportStep(NamedTuple):
    """One report: its code, its status, the kind of message (MMS, or SMS for a link), and whether it is the last report."""

    code: str
    status: str
    sent_as: str | None = "MMS"
    last: bool = False


_SENT = ReportStep("N101", "Message Sent")
_SENT_AS_LINK = ReportStep("N101", "Message Sent", "SMS")

#: The reports of each outcome; the outcome is named by the code of its last report.
OUTCOMES: Mapping[str, tuple[ReportStep, ...]] = {
    "N102": (_SENT, ReportStep("N102", "Message Sent/Delivered", last=True)),
    "E102": (_SENT, ReportStep("E102", "Message Sent/Failed", None, last=True)),
    "E101": (ReportStep("E101", "Message Failed", None, last=True),),
    "N202": (_SENT_AS_LINK, ReportStep("N202", "Message Sent/Delivered", "SMS", last=True)),
    "E202": (_SENT_AS_LINK, ReportStep("E202", "Message Sent/Failed", "SMS", last=True)),
    # Some carriers do not report delivery.
    "N101": (_SENT,),
}

#: Skycore 1.3 of 2013-2015: a device discovery message has reports like those of an MMS (5.6). Tests cannot
#: arrange its outcome.
_DISCOVERY = (ReportStep("N501", "Message Sent"), ReportStep("N502", "Message Sent/Delivered", last=True))

#: The reports that have the phone's model.
_WITH_HANDSET = frozenset({"N102", "N502"})

#: The reports of a carrier, which have the id of the message at the aggregator between gateway and carrier.
_WITH_AGGREGATOR = frozenset({"N102", "N202", "E102", "E202"})

_LINK_DETAILS = "arranged in the sandbox: sent as a link"
_DETAILS = {
    "E101": "arranged in the sandbox: the message cannot be sent",
    "E102": "arranged in the sandbox: the message is not delivered",
    "E202": "arranged in the sandbox: the link is not delivered",
}

#: The details of a response to a message that was accepted.
ACCEPTED = "accepted by the sandbox; no phone receives it"


def send_mms(
    state: State,
    to: str,
    sender: str | None,
    mms_id: str,
    *,
    operator_id: str | None = None,
    client_reference: str | None = None,
    disable_fallback: bool = False,
    discovery: bool = False,
) -> tuple[SentMMS, list[ScheduledNotice]]:
    """Accept an MMS to one number, and return the reply and the reports.

    ``disable_fallback``: do not send a link by SMS instead. ``discovery``: send a device discovery message first.
    """
    tracking_id = f"MMS_{state.next_id()}"
    state.add_statistics("CONTENT", tracking_id, to, sender, contentid=mms_id, delivery="binary")
    aggregator_id = new_aggregator_id()
    scheduled: list[ScheduledNotice] = []
    for after, step in _report_times(state, to, disable_fallback, discovery):
        report = report_of(step, tracking_id, to, sender, mms_id, state.timestamp(after), aggregator_id)
        report = replace(report, operator_id=operator_id or state.carrier_of(to), client_reference=client_reference)
        scheduled.append(ScheduledNotice(after, report))
    return SentMMS(mms_id=mms_id, tracking_id=tracking_id, to=to, sender=sender, details=ACCEPTED), scheduled


def report_of(
    step: ReportStep, tracking_id: str, to: str, sender: str | None, mms_id: str | None, at: datetime, aggregator_id: str | None
) -> DeliveryReport:
    """Return the report of a step of a message, with the fields that Skycore 1.3 gives to reports with its code."""
    return DeliveryReport(
        step.code,
        origin="MMS_MT",
        sent_as=step.sent_as,
        status=step.status,
        # Skycore 1.3: the reports about the delivery of a link do not contain the MMS id.
        mms_id=None if step.code.endswith("202") else mms_id,
        sender=sender,
        to=to,
        tracking_id=tracking_id,
        timestamp=at,
        handset="sandbox" if step.code in _WITH_HANDSET else None,
        aggregator_id=aggregator_id if step.code in _WITH_AGGREGATOR else None,
        details=_LINK_DETAILS if step == _SENT_AS_LINK else _DETAILS.get(step.code),
    )


def _report_times(state: State, to: str, disable_fallback: bool, discovery: bool) -> Iterator[tuple[float, ReportStep]]:
    """Yield the reports of a message to a number, each with its seconds after the response."""
    code, status = state.outcome_of(to)
    if disable_fallback and code in {"N202", "E202"}:
        # Skycore 1.3, DISABLEFALLBACKSMS: a message that would have been sent as an SMS fails instead.
        code, status = "E101", None
    steps = [step._replace(status=status) if step.last and status else step for step in OUTCOMES[code]]
    return _with_delays(state.settings.delays, *([_DISCOVERY] if discovery else []), steps)


def _with_delays(delays: Delays, *messages: Sequence[ReportStep]) -> Iterator[tuple[float, ReportStep]]:
    """Yield the reports of messages that follow each other, each with its seconds after the response."""
    begin = 0.0
    for steps in messages:
        after = begin
        for step in steps:
            after = begin + (delays.delivered if step.last and len(steps) > 1 else delays.sent)
            yield after, step
        begin = after


def new_aggregator_id() -> str:
    """Return an id in the form that the vendor's examples have."""
    return "-".join(f"{secrets.randbelow(100_000):05}" for _ in range(5))


def send_sms(
    state: State, to: str, sender: str, text: str, operator_id: str | None = None
) -> tuple[str, list[ScheduledNotice]]:
    """Accept an SMS, and return its tracking id and the reports: sent and delivered."""
    tracking_id = f"SMS_{state.next_id()}"
    state.add_statistics("TEXT", tracking_id, to, sender, body=text)
    scheduled: list[ScheduledNotice] = []
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
            timestamp=state.timestamp(after),
            aggregator_id=new_aggregator_id() if code in _WITH_AGGREGATOR else None,
        )
        scheduled.append(ScheduledNotice(after, report))
    return tracking_id, scheduled
