"""The state of a message: a function of the set of notices about it, whatever their order and however often they came."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from .notices import DeliveryReport, EncodingReport, Notice, last_part_of_status


class MessageState(StrEnum):
    """The state of a message. If its reports show several states, the last one in this list is its state."""

    ACCEPTED = "accepted"
    SENT = "sent"
    FAILED = "failed"
    #: The phone received an SMS with a link instead of the MMS.
    DELIVERED_AS_LINK = "delivered as link"
    DELIVERED = "delivered"


class KnownState(NamedTuple):
    """The state of a message, and whether its reports contradict each other.

    ``state`` is None if no notice is about a message. ``contradicted`` is True if one report says that the message was
    delivered, and another that it failed. A failed MMS and a delivered link are not a contradiction.
    """

    state: MessageState | None
    contradicted: bool


#: Underway, but not yet sent, or not any more: the last part of a status, and the gateway's own codes of before 2013-11.
_NOT_SENT = frozenset({"queued", "scheduled", "received", "cancelled"})
_NOT_SENT_CODES = frozenset({"0", "9"})
_SMS = "SMS_MT"
_RANK = {state: rank for rank, state in enumerate(MessageState)}


def state_of(notices: Iterable[Notice]) -> KnownState:
    """Return the state of the message that some notices are about. Their order and repeats make no difference.

    Notices that are not about a message that was sent, such as an inbound SMS, are ignored.
    """
    about = [notice for notice in notices if isinstance(notice, (DeliveryReport, EncodingReport))]
    # An SMS that is reported together with an MMS is its link.
    is_mms = any(notice.origin != _SMS for notice in about)
    shown = {(_state_after(notice, is_mms), _is_link(notice, is_mms)) for notice in about}
    delivered = {is_link for state, is_link in shown if state in _DELIVERED}
    failed = {is_link for state, is_link in shown if state is MessageState.FAILED}
    states = [state for state, _ in shown]
    return KnownState(max(states, key=_RANK.__getitem__, default=None), bool(delivered & failed))


_DELIVERED = (MessageState.DELIVERED, MessageState.DELIVERED_AS_LINK)


def _state_after(notice: DeliveryReport | EncodingReport, is_mms: bool) -> MessageState:
    """Return what one notice shows. One that says nothing of the delivery proves that the message was accepted."""
    if isinstance(notice, EncodingReport):
        return MessageState.ACCEPTED if notice.ready else MessageState.FAILED
    if notice.delivered:
        return MessageState.DELIVERED_AS_LINK if _is_link(notice, is_mms) else MessageState.DELIVERED
    if notice.failed:
        return MessageState.FAILED
    if notice.delivered is None or notice.discovery or notice.gateway_status in _NOT_SENT_CODES:
        return MessageState.ACCEPTED
    return MessageState.ACCEPTED if last_part_of_status(notice.status or "") in _NOT_SENT else MessageState.SENT


def _is_link(notice: DeliveryReport | EncodingReport, is_mms: bool) -> bool:
    """Whether a report is about the SMS with a link that was sent instead of the MMS."""
    if isinstance(notice, EncodingReport) or not is_mms:
        return False
    return (notice.sent_as or "").upper() == "SMS" or notice.origin == _SMS or (notice.code or "")[1:2] == "2"
