"""The actions that send. Each takes an operation that is right in form, and answers as far as the documents tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..codes import ANSWERS
from ..model.action_replies import ScheduledMMS, SentSMS, SentToSubscriber, SubscriberResult
from ..model.actions import SendMessageBySubscriberRef, SendMMSBarcode, SendPassInMMS, SendSavedMMSCampaign, SendSMS
from ..model.operations import Operation, SendMMS, SendSavedMMS
from ..model.replies import Refusal
from ..wire.dialects import Dialect
from .gateway_rules import malformed
from .outcomes import ACCEPTED, deliver, text
from .state import SHORT_CODE, Due, Outcome, Saved, State, refuse, told


def _send(state: State, operation: SendMMS, dialect: Dialect) -> Outcome:
    reply, due = _queue(state, operation, lambda: state.next_id(), operation.slideshow.disable_fallback)
    if isinstance(reply, Refusal):
        return reply, due
    # As documented, this action's answer does not tell the sender, nor everywhere the id.
    return replace(reply, sender=None, mms_id=reply.mms_id if dialect.returns_mms_id else None), due


def _send_saved(state: State, operation: SendSavedMMS | SendMMSBarcode | SendPassInMMS, kept: Saved) -> Outcome:
    # What was stored counts where the operation says nothing.
    switch = operation.disable_fallback
    return _queue(state, operation, lambda: kept.mms_id, kept.slideshow.disable_fallback if switch is None else switch)


def _queue(state: State, operation: Any, mms_id: Callable[[], str], no_link: bool | None = None) -> Outcome:
    """Take a message to one number, unless the account may not send it there."""
    if (refused := _barred(state, operation)) is not None:
        return refused, []
    return deliver(
        state,
        operation.to,
        operation.sender,
        mms_id(),
        operator_id=getattr(operation, "operator_id", None),
        client_reference=getattr(operation, "client_reference", None),
        no_link=bool(no_link),
        # 1.3 of 2013-15: whether one goes out is told by its text, without which there is none.
        discovery=bool(getattr(operation, "ddm_text", None)),
    )


def _barred(state: State, operation: Any) -> Refusal | None:
    """Why this account may not send that, if it may not: the sender, the number, the carrier, the campaign."""
    insisted = state.settings
    if insisted.senders is not None and operation.sender not in insisted.senders:
        return refuse(operation, "E111")
    if operation.to in state.blocked:
        return refuse(operation, "E114")
    operator = getattr(operation, "operator_id", None)
    if insisted.operators is not None and operator is not None and operator not in insisted.operators:
        return refuse(operation, "E651")
    if insisted.check_campaigns and hasattr(operation, "campaign_ref"):
        campaign = state.campaign(operation.campaign_ref)
        if campaign is None:
            return refuse(operation, "E721")
        if operation.to not in campaign.numbers:
            return refuse(operation, "E715")
    return None


def _send_barcode(state: State, operation: SendMMSBarcode, kept: Saved) -> Outcome:
    reply, due = _send_saved(state, operation, kept)
    # As documented, this action's answer does not tell the sender and has no details.
    return (reply if isinstance(reply, Refusal) else replace(reply, sender=None, details=None)), due


def _send_pass(state: State, operation: SendPassInMMS, kept: Saved) -> Outcome:
    if not any(slide.passbook for slide in kept.slideshow.slides):
        return refuse(operation, "E822"), []
    if (wrong := malformed(operation.pass_data)) is not None:
        return refuse(operation, *told(wrong)), []
    reply, due = _send_saved(state, operation, kept)
    return (reply if isinstance(reply, Refusal) else replace(reply, details=None)), due


def _send_sms(state: State, operation: SendSMS, dialect: Dialect) -> Outcome:
    if (refused := _barred(state, operation)) is not None:
        return refused, []
    tracking_id, due = text(state, operation.to, operation.sender, operation.text, operation.operator_id)
    return SentSMS(tracking_id, operation.to), due


def _send_to_campaign(state: State, operation: SendSavedMMSCampaign, kept: Saved) -> Outcome:
    campaign = state.campaign(operation.to_campaign)
    if campaign is None:
        return refuse(operation, "E714"), []
    due: list[Due] = []
    for number in campaign.numbers:
        if number not in state.blocked:
            due += deliver(state, number, SHORT_CODE, kept.mms_id)[1]
    return ScheduledMMS(kept.mms_id, state.next_id()), due


def _send_to_subscriber(state: State, operation: SendMessageBySubscriberRef, dialect: Dialect) -> Outcome:
    campaign = state.campaign(operation.campaign_ref)
    if campaign is None:
        return refuse(operation, "E721"), []
    if operation.mms_id and isinstance(kept := state.stored(operation), Refusal):
        return kept, []
    numbers = [number for number, subscriber in campaign.numbers.items() if subscriber == operation.subscriber_ref]
    if not numbers:
        return refuse(operation, "E715"), []
    results, due = [], []
    for number in numbers:
        result, reports = _to_one(state, operation, number)
        results.append(result)
        due += reports
    return SentToSubscriber(operation.subscriber_ref, operation.campaign_ref, tuple(results)), due


def _to_one(state: State, operation: SendMessageBySubscriberRef, to: str) -> tuple[SubscriberResult, list[Due]]:
    if to in state.blocked:
        return SubscriberResult("Failure", to=to, error_code="E114", error_info=ANSWERS["E114"].meaning), []
    if operation.mms_id:
        sent, due = deliver(state, to, SHORT_CODE, str(operation.mms_id))
        return SubscriberResult("Success", sent.tracking_id, to, SHORT_CODE, sent.details), due
    tracking_id, due = text(state, to, SHORT_CODE, operation.text or "")
    return SubscriberResult("Success", tracking_id, to, SHORT_CODE, ACCEPTED), due


def _from_store(act: Callable[[State, Any, Saved], Outcome]) -> Callable[[State, Any, Dialect], Outcome]:
    """An action upon what is stored: refused where that cannot be sent."""

    def acting(state: State, operation: Any, dialect: Dialect) -> Outcome:
        kept = state.stored(operation)
        return (kept, []) if isinstance(kept, Refusal) else act(state, operation, kept)

    return acting


SENDING: Mapping[type[Operation[Any]], Callable[..., Outcome]] = {
    SendMMS: _send,
    SendSavedMMS: _from_store(_send_saved),
    SendSavedMMSCampaign: _from_store(_send_to_campaign),
    SendMMSBarcode: _from_store(_send_barcode),
    SendPassInMMS: _from_store(_send_pass),
    SendSMS: _send_sms,
    SendMessageBySubscriberRef: _send_to_subscriber,
}
