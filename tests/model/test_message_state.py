"""The state of a message is a function of the set of its notices: no order and no repeat makes a difference."""

from __future__ import annotations

from itertools import combinations, permutations
from random import Random
from typing import Any

import pytest
import strategies  # noqa: F401 (settles how hypothesis runs)
from hypothesis import given
from hypothesis import strategies as st

from skymms import DeliveryReport, EncodingReport, InboundSMS, MessageState, Notice, SubscriptionChange, UnknownNotice, state_of

ACCEPTED, SENT, FAILED = MessageState.ACCEPTED, MessageState.SENT, MessageState.FAILED
LINK, DELIVERED = MessageState.DELIVERED_AS_LINK, MessageState.DELIVERED


def report(code: str | None, status: str | None = None, *, sent_as: str | None = None, origin: str = "MMS_MT", **fields: Any):
    return DeliveryReport(code, origin=origin, tracking_id="T", status=status, sent_as=sent_as, **fields)


#: Notices, each with the state that it shows alone.
ALONE: dict[str, tuple[Notice, MessageState | None]] = {
    "sent": (report("N101", "Message Sent", sent_as="MMS"), SENT),
    "sent without a status": (report("N101"), SENT),
    "link sent": (report("N101", "Message Sent", sent_as="SMS"), SENT),
    "link sent, until 2013-11": (report("N102", "Link sent", gateway_status="10"), SENT),
    "queued": (report(None, "queued", origin="CELLCAST"), ACCEPTED),
    "scheduled": (report(None, "scheduled", origin="CELLCAST"), ACCEPTED),
    "delivered": (report("N102", "Message Sent/Delivered", sent_as="MMS"), DELIVERED),
    "delivered without a status": (report("N102"), DELIVERED),
    "link delivered": (report("N202", "Message Sent/Delivered", sent_as="SMS"), LINK),
    "link delivered, told as N102": (report("N102", "Message Sent/Delivered", sent_as="SMS"), LINK),
    "link delivered, without sent_as": (report("N202", "Message Sent/Delivered"), LINK),
    "an SMS that was delivered": (report("N202", "Message Sent/Delivered", origin="SMS_MT"), DELIVERED),
    "failed": (report("E102", "Message Sent/Failed"), FAILED),
    "not sent": (report("E101", "Message Failed"), FAILED),
    "expired": (report("N103", "Expired"), FAILED),
    "failed, until 2014-10": (report("N102", "Message Sent/Rejected"), FAILED),
    "link failed": (report("E202", "Message Sent/Failed"), FAILED),
    "an unknown status": (report("N102", "Deferred"), ACCEPTED),
    "contradicting itself": (report("N102", "Retrieved", gateway_status="30"), ACCEPTED),
    "no status, until 2013-11": (report("N102", "Not reported"), ACCEPTED),
    "device discovery failed": (report("E502", "Message Sent/Failed"), ACCEPTED),
    "encoded": (EncodingReport("N013", origin="MMS_MT", tracking_id="T"), ACCEPTED),
    "could not be encoded": (EncodingReport("E013", origin="MMS_MT", tracking_id="T"), FAILED),
    "an inbound SMS": (InboundSMS("N211", origin="SMS_MO", sender="15551230001", text="Hi"), None),
    "an opt-in": (SubscriptionChange("N301", origin="SUB", mobile="15551230001"), None),
    "unknown": (UnknownNotice("X1"), None),
}


@pytest.mark.parametrize(("notice", "state"), ALONE.values(), ids=ALONE)
def test_what_one_notice_shows(notice: Notice, state: MessageState | None) -> None:
    assert state_of([notice]) == (state, False)


def test_without_notices_nothing_is_known() -> None:
    assert state_of([]) == (None, False)


def notices(*names: str) -> list[Notice]:
    return [ALONE[name][0] for name in names]


@pytest.mark.parametrize(
    ("names", "state", "contradicted"),
    [
        (["sent", "failed", "link sent", "link delivered"], LINK, False),
        (["sent", "delivered"], DELIVERED, False),
        (["failed", "sent"], FAILED, False),
        (["failed", "link sent"], FAILED, False),
        (["delivered", "failed"], DELIVERED, True),
        (["delivered", "link failed"], DELIVERED, False),
        (["link delivered", "link failed"], LINK, True),
        (["link delivered", "failed"], LINK, False),
        (["delivered", "link delivered"], DELIVERED, False),
        (["delivered", "could not be encoded"], DELIVERED, True),
        (["delivered", "device discovery failed"], DELIVERED, False),
        (["delivered", "an unknown status"], DELIVERED, False),
        (["link sent, until 2013-11", "an SMS that was delivered"], LINK, False),
        (["queued", "encoded"], ACCEPTED, False),
        (["an inbound SMS", "sent"], SENT, False),
    ],
)
def test_what_several_notices_show_in_every_order(names: list[str], state: MessageState, contradicted: bool) -> None:
    for order in permutations(notices(*names)):
        assert state_of(order) == (state, contradicted)


def test_every_order_of_every_three_notices_with_a_repeat_is_the_same() -> None:
    for chosen in combinations([notice for notice, _ in ALONE.values()], 3):
        wanted = state_of(chosen)
        assert {state_of(order) for order in permutations([*chosen, chosen[0]])} == {wanted}


@given(st.lists(st.sampled_from([notice for notice, _ in ALONE.values()]), max_size=8), st.randoms())
def test_order_and_repeats_make_no_difference(given: list[Notice], random: Random) -> None:
    mixed = [*given, *(random.choice(given) for _ in range(3) if given)]
    random.shuffle(mixed)
    assert state_of(mixed) == state_of(given)


@given(st.lists(st.sampled_from([notice for notice, _ in ALONE.values()]), max_size=8))
def test_a_message_is_delivered_only_if_a_report_says_so(given: list[Notice]) -> None:
    state = state_of(given).state
    said = any(isinstance(notice, DeliveryReport) and notice.delivered for notice in given)
    assert (state in {LINK, DELIVERED}) is said
