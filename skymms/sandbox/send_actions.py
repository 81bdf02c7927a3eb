"""The actions that send a message. Each receives a validated operation and returns its reply and the notices that follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..codes import ANSWERS
from ..model.action_replies import ScheduledMMS, SentSMS, SentToSubscriber, SubscriberResult
from ..model.actions import SendMessageBySubscriberRef, SendMMSBarcode, SendPassInMMS, SendSavedMMSCampaign, SendSMS
from ..model.operations import Operation, SendMMS
from ..model.replies import Refusal
from ..model.stored_operations import SendSavedMMS
from ..wire.dialects import Dialect
from .gateway_rules import pass_data_problem
from .outcomes import ACCEPTED, send_mms, send_sms
from .state import SHORT_CODE, ActionResult, SavedSlideshow, ScheduledNotice, State, code_and_info, refuse


def _send(state: State, operation: SendMMS, dialect: Dialect) -> ActionResult:
    reply, scheduled = _send_to_one(state, operation, state.next_id, operation.slideshow.disable_fallback)
    if isinstance(reply, Refusal):
        return reply, scheduled
    # As documented, the response to sendMMS does not contain the sender, and contains the MMS id only in some dialects.
    return replace(reply, sender=None, mms_id=reply.mms_id if dialect.returns_mms_id else None), scheduled


def _send_saved(state: State, operation: SendSavedMMS | SendMMSBarcode | SendPassInMMS, saved: SavedSlideshow) -> ActionResult:
    # The value stored with the slideshow applies unless the operation has its own.
    disable_fallback = operation.disable_fallback
    if disable_fallback is None:
        disable_fallback = saved.slideshow.disable_fallback
    return _send_to_one(state, operation, lambda: saved.mms_id, disable_fallback)


def _send_to_one(state: State, operation: Any, mms_id: Callable[[], str], disable_fallback: bool | None = None) -> ActionResult:
    """Accept a message to one number, unless the account may not send it."""
    if (refusal := _account_refusal(state, operation)) is not None:
        return refusal, []
    return send_mms(
        state,
        operation.to,
        state.settings.sender_for(operation.to, operation.sender),
        mms_id(),
        operator_id=getattr(operation, "operator_id", None),
        client_reference=getattr(operation, "client_reference", None),
        disable_fallback=bool(disable_fallback),
        # Skycore 1.3 of 2013-2015: a device discovery message is sent if the operation has a text for it.
        discovery=bool(getattr(operation, "ddm_text", None)),
    )


def _account_refusal(state: State, operation: Any) -> Refusal | None:
    """Return the refusal if this account may not use the sender, the number, the carrier or the campaign."""
    settings = state.settings
    if settings.senders is not None and operation.sender not in settings.senders:
        return refuse(operation, "E111")
    if operation.to in state.blocked:
        return refuse(operation, "E114")
    operator = getattr(operation, "operator_id", None)
    if settings.operators is not None and operator is not None and operator not in settings.operators:
        return refuse(operation, "E651")
    if settings.check_campaigns and hasattr(operation, "campaign_ref"):
        campaign = state.campaign(operation.campaign_ref)
        if campaign is None:
            return refuse(operation, "E721")
        if operation.to not in campaign.numbers:
            return refuse(operation, "E715")
    return None


def _send_barcode(state: State, operation: SendMMSBarcode, saved: SavedSlideshow) -> ActionResult:
    reply, scheduled = _send_saved(state, operation, saved)
    # As documented, the response to this action contains neither the sender nor details.
    return (reply if isinstance(reply, Refusal) else replace(reply, sender=None, details=None)), scheduled


def _send_pass(state: State, operation: SendPassInMMS, saved: SavedSlideshow) -> ActionResult:
    if not any(slide.passbook for slide in saved.slideshow.slides):
        return refuse(operation, "E822"), []
    if (problem := pass_data_problem(operation.pass_data)) is not None:
        return refuse(operation, *code_and_info(problem)), []
    reply, scheduled = _send_saved(state, operation, saved)
    return (reply if isinstance(reply, Refusal) else replace(reply, details=None)), scheduled


def _send_sms(state: State, operation: SendSMS, dialect: Dialect) -> ActionResult:
    if (refusal := _account_refusal(state, operation)) is not None:
        return refusal, []
    to, sender = str(operation.to), str(operation.sender)
    operator_id = None if operation.operator_id is None else str(operation.operator_id)
    tracking_id, scheduled = send_sms(state, to, sender, operation.text, operator_id)
    return SentSMS(tracking_id, to), scheduled


def _send_to_campaign(state: State, operation: SendSavedMMSCampaign, saved: SavedSlideshow) -> ActionResult:
    campaign = state.campaign(operation.to_campaign)
    if campaign is None:
        return refuse(operation, "E714"), []
    scheduled: list[ScheduledNotice] = []
    for number in campaign.numbers:
        if number not in state.blocked:
            scheduled += send_mms(state, number, SHORT_CODE, saved.mms_id)[1]
    return ScheduledMMS(saved.mms_id, state.next_id()), scheduled


def _send_to_subscriber(state: State, operation: SendMessageBySubscriberRef, dialect: Dialect) -> ActionResult:
    campaign = state.campaign(operation.campaign_ref)
    if campaign is None:
        return refuse(operation, "E721"), []
    if operation.mms_id and isinstance(saved := state.sendable(operation), Refusal):
        return saved, []
    numbers = [number for number, subscriber in campaign.numbers.items() if subscriber == operation.subscriber_ref]
    if not numbers:
        return refuse(operation, "E715"), []
    results: list[SubscriberResult] = []
    scheduled: list[ScheduledNotice] = []
    for number in numbers:
        result, reports = _send_to_subscriber_number(state, operation, number)
        results.append(result)
        scheduled += reports
    return SentToSubscriber(str(operation.subscriber_ref), str(operation.campaign_ref), tuple(results)), scheduled


def _send_to_subscriber_number(
    state: State, operation: SendMessageBySubscriberRef, to: str
) -> tuple[SubscriberResult, list[ScheduledNotice]]:
    if to in state.blocked:
        return SubscriberResult("Failure", to=to, error_code="E114", error_info=ANSWERS["E114"].meaning), []
    if operation.mms_id:
        sent, scheduled = send_mms(state, to, SHORT_CODE, str(operation.mms_id))
        return SubscriberResult("Success", sent.tracking_id, to, SHORT_CODE, sent.details), scheduled
    tracking_id, scheduled = send_sms(state, to, SHORT_CODE, operation.text or "")
    return SubscriberResult("Success", tracking_id, to, SHORT_CODE, ACCEPTED), scheduled


def _with_saved(
    action: Callable[[State, Any, SavedSlideshow], ActionResult],
) -> Callable[[State, Any, Dialect], ActionResult]:
    """Return an action that passes the stored slideshow of its operation to ``action``, or refuses if it cannot be sent."""

    def act(state: State, operation: Any, dialect: Dialect) -> ActionResult:
        saved = state.sendable(operation)
        return (saved, []) if isinstance(saved, Refusal) else action(state, operation, saved)

    return act


#: The actions that send, by the class of their operation.
SEND_ACTIONS: Mapping[type[Operation[Any]], Callable[..., ActionResult]] = {
    SendMMS: _send,
    SendSavedMMS: _with_saved(_send_saved),
    SendSavedMMSCampaign: _with_saved(_send_to_campaign),
    SendMMSBarcode: _with_saved(_send_barcode),
    SendPassInMMS: _with_saved(_send_pass),
    SendSMS: _send_sms,
    SendMessageBySubscriberRef: _send_to_subscriber,
}
